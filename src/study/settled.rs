//! Whether what was measured is a steady state, or still a beginning.

use super::overload::Overload;
use crate::program::Quantity;
use crate::results::Replication;
use crate::stats;
use crate::verdict::Estimate;
use crate::verdict::estimate::TOO_FEW;

/// Level of the test for drift of the number inside.
const CONFIDENCE: f64 = 0.999;
/// Drift over the measured time, as a share of the mean number inside, that is material.
const MATERIAL_DRIFT: f64 = 0.1;
/// Fewest independent observations of the number inside that a replication must hold. Begun empty,
/// the mean of n of them is too low by at most 1/(2n): with five a tenth, a third of the half-width
/// of their interval over sixteen replications.
const LEAST_INDEPENDENT: f64 = 5.0;
/// Replications whose means differ by less than this (standard deviation over mean) agree, however
/// slowly each of them moves.
const AGREEMENT: f64 = 0.2;

/// Whether what was measured is a steady state.
#[derive(Clone, Debug, PartialEq)]
pub enum Steady {
    /// The number inside has settled and does not grow.
    Yes,
    /// It grows or falls, or did not settle within the budget.
    No {
        /// Growth of the number of requests inside, per replication.
        inside_per_s: Estimate,
    },
    /// It moves so slowly, compared with the length of a replication, that nobody can tell: longer
    /// or fewer replications are needed. The start may still show in every value.
    Unclear {
        /// Independent observations of the number inside that one replication holds.
        independent: f64,
    },
    /// Not asked for: the load changes with the clock.
    Transient,
}

/// What is known of the series of batches that the worlds record.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    /// It settled before measurement began (or the user says so).
    pub(super) settled: bool,
    /// Width of a batch from time 0, seconds; 0 when none are recorded.
    pub(super) batch_s: f64,
}

/// The warm-up series: requests in flight per batch of time, averaged over the replications (which
/// takes out the noise, but not the bias: Welch 1981).
pub(super) fn series(replications: &[Replication]) -> Vec<f64> {
    let length = replications.iter().map(|r| r.batches.len()).min().unwrap_or(0);
    let n = replications.len() as f64;
    let at = |i: usize| replications.iter().map(|r| r.batches[i].in_flight).sum::<f64>() / n;
    (0..length).map(at).collect()
}

/// Steady are: nothing overloaded, no significant and material drift of the number of requests
/// inside, a series that settled before measurement began (in the pilot, or judged again with all
/// of it), and replications that are long compared with its correlation.
pub(super) fn steady(
    observed: &Observed,
    replications: &[Replication],
    overloads: &[Overload],
    confidence: f64,
) -> Steady {
    let drifts: Vec<f64> = replications
        .iter()
        .filter(|r| r.time_s > 0.0)
        .map(|r| (r.balance.inside as f64 - r.balance.inside_at_start as f64) / r.time_s)
        .collect();
    let settled = observed.settled || settled_at_last(observed, replications);
    if !settled || drifting(&drifts, replications) || overloads.iter().any(|o| o.grows) {
        let inside_per_s = match stats::mean(&drifts, confidence) {
            Some(i) => {
                Estimate { low: i.low, high: i.high, ..Estimate::exact(i.value, Quantity::Rate) }
            }
            None => Estimate::unknown(drifts.first().copied(), Quantity::Rate, TOO_FEW),
        };
        return Steady::No { inside_per_s };
    }
    match independent(observed, replications) {
        Some(independent) if independent < LEAST_INDEPENDENT => Steady::Unclear { independent },
        _ => Steady::Yes,
    }
}

/// Whether the whole series, the measured time included, shows that the warm-up was long enough.
fn settled_at_last(observed: &Observed, replications: &[Replication]) -> bool {
    let cut = stats::mser5(&series(replications));
    observed.batch_s > 0.0
        && cut.is_some_and(|cut| {
            replications.iter().all(|r| cut as f64 * observed.batch_s <= r.warmup_s)
        })
}

fn drifting(drifts: &[f64], replications: &[Replication]) -> bool {
    let time_s: f64 = replications.iter().map(|r| r.time_s).sum();
    let classes = replications.iter().flat_map(|r| &r.classes);
    let inside = classes.map(|class| class.in_flight.integral).sum::<f64>() / time_s;
    stats::mean(drifts, CONFIDENCE).is_some_and(|drift| {
        let material = drift.value.abs() * time_s / drifts.len() as f64 > MATERIAL_DRIFT * inside;
        material && (drift.low > 0.0 || drift.high < 0.0)
    })
}

/// Independent observations of the number inside that one replication holds: its variance over time
/// against the variance of the replications' means. `None` when it was not observed, when there are
/// fewer than four replications, or when their means agree anyway.
fn independent(observed: &Observed, replications: &[Replication]) -> Option<f64> {
    if observed.batch_s <= 0.0 || replications.len() < 4 {
        return None;
    }
    let measured: Vec<&[crate::results::Batch]> = replications
        .iter()
        .map(|r| {
            let from = (r.warmup_s / observed.batch_s).round() as usize;
            &r.batches[from.min(r.batches.len())..]
        })
        .collect();
    if measured.iter().any(|batches| batches.is_empty()) {
        return None;
    }
    let mean = |batches: &[crate::results::Batch]| {
        batches.iter().map(|b| b.in_flight).sum::<f64>() / batches.len() as f64
    };
    let means: Vec<f64> = measured.iter().map(|batches| mean(batches)).collect();
    let n = means.len() as f64;
    let centre = means.iter().sum::<f64>() / n;
    let between = means.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / (n - 1.0);
    if between.sqrt() <= AGREEMENT * centre {
        return None;
    }
    let count: usize = measured.iter().map(|batches| batches.len()).sum();
    let squares: f64 =
        measured.iter().flat_map(|b| b.iter()).map(|b| (b.in_flight - centre).powi(2)).sum();
    Some(squares / count as f64 / between)
}
