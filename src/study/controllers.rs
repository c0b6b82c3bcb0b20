//! Whether the controllers of a program have come to rest.

use crate::program::{Program, Scaling};
use crate::results::{GroupRecord, Replication};
use crate::stats;

/// Level of the test for drift of the number of members.
const CONFIDENCE: f64 = 0.999;
/// Drift over the time looked at, as a share of the mean number, that is material.
const MATERIAL: f64 = 0.05;

/// Seconds within which the controllers of a warm start settle when the load does not change. What
/// aims at connections begins there.
pub(super) fn settle_s(program: &Program) -> f64 {
    let of = |s: &Scaling| f64::from(s.settle_windows()) * s.interval_ns as f64 * 1e-9;
    let begins = |s: &&Scaling| program.warm_start && s.aims_at_connections(program);
    program.scalings.iter().filter(|s| !begins(s)).map(of).fold(0.0, f64::max)
}

/// Whether the number of members of every group that a controller changes shows no drift, over
/// replications of the same length.
pub(super) fn at_rest(program: &Program, replications: &[Replication]) -> bool {
    program.scalings.iter().all(|scaling| {
        let records = || replications.iter().map(|r| (r.groups[scaling.group.index()], r.time_s));
        let drift = |(g, _): (GroupRecord, f64)| g.provisioned.at_end - g.provisioned.at_start;
        let drifts: Vec<f64> = records().map(drift).collect();
        let time_s: f64 = records().map(|r| r.1).sum();
        let mean = records().map(|r| r.0.provisioned.integral).sum::<f64>() / time_s.max(1e-9);
        stats::mean(&drifts, CONFIDENCE).is_none_or(|drift| {
            let material = drift.value.abs() > MATERIAL * mean;
            !material || (drift.low <= 0.0 && drift.high >= 0.0)
        })
    })
}
