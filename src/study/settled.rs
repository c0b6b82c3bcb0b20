//! Whether what was measured is a steady state, or still a beginning.
//!
//! Measured over forty seeds of M/M/1 with 1.5 million requests: steady in 40, 40 and 35 cases at
//! utilization 0.9, 0.95 and 0.98, in 4 at 0.99 (where a replication is shorter than the memory of the
//! queue), in none from 1.0 on; the overload was named in all of them from 1.01 on.

use super::controllers::at_rest;
use super::overload::Overload;
use crate::program::{Program, Quantity};
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
/// Share of the measured time that MSER-5 may cut off when the pilot had not settled.
const LATE_CUT: f64 = 0.05;
/// Largest relative difference between the mean number inside and what Little's law makes of the
/// requests that ended.
const LITTLE: f64 = 0.1;
/// Replications whose means differ by less than this (standard deviation over mean) agree, however
/// slowly each of them moves.
const AGREEMENT: f64 = 0.2;

/// Whether what was measured is a steady state.
#[derive(Clone, Debug, PartialEq)]
pub enum Steady {
    /// The number inside has settled and does not grow.
    Yes,
    /// It grows or falls, did not settle within the budget, or hardly a request ended.
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

/// What is known when measurement begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    /// The system settled (or the user says so).
    pub(super) settled: bool,
    /// Requests per second of all worlds at last; 0 when unknown.
    pub(super) rate_per_s: f64,
}

/// The warm-up series: requests in flight per batch of time, averaged over the replications (which
/// takes out the noise, but not the bias: Welch 1981).
pub(super) fn series(replications: &[Replication]) -> Vec<f64> {
    let length = replications.iter().map(|r| r.batches.len()).min().unwrap_or(0);
    let n = replications.len() as f64;
    let at = |i: usize| replications.iter().map(|r| r.batches[i].in_flight).sum::<f64>() / n;
    (0..length).map(at).collect()
}

/// Whether the requests that ended explain the number inside: L = X·R, to a tenth. Where they do
/// not, the time is short compared with what one request takes, whatever the number inside does (a
/// closed system has all its clients inside from the start, and their answers come much later).
pub(super) fn little_holds(replications: &[Replication]) -> bool {
    let classes = || replications.iter().flat_map(|r| &r.classes);
    let inside: f64 = classes().map(|class| class.in_flight.integral).sum();
    let ended: f64 = classes().map(|class| class.ok.sum + class.failed.sum).sum();
    (inside - ended).abs() <= LITTLE * inside
}

/// Steady are: nothing overloaded, no significant and material drift of the number of requests
/// inside, a series that settled before measurement began (in the pilot, or judged again by the
/// measured time), Little's law, and replications that are long compared with the series' correlation.
pub(super) fn steady(
    program: &Program,
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
    let settled = observed.settled || settled_at_last(replications);
    if !settled
        || drifting(&drifts, replications)
        || !at_rest(program, replications)
        || overloads.iter().any(|o| o.grows)
        || !little_holds(replications)
    {
        let inside_per_s = match stats::mean(&drifts, confidence) {
            Some(i) => {
                Estimate { low: i.low, high: i.high, ..Estimate::exact(i.value, Quantity::Rate) }
            }
            None => Estimate::unknown(drifts.first().copied(), Quantity::Rate, TOO_FEW),
        };
        return Steady::No { inside_per_s };
    }
    match independent(replications) {
        Some(independent) if independent < LEAST_INDEPENDENT => Steady::Unclear { independent },
        _ => Steady::Yes,
    }
}

/// Whether the series of the measured time itself asks for hardly any truncation.
fn settled_at_last(replications: &[Replication]) -> bool {
    let series = series(replications);
    stats::mser5(&series).is_some_and(|cut| cut as f64 <= LATE_CUT * series.len() as f64)
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
fn independent(replications: &[Replication]) -> Option<f64> {
    if replications.len() < 4 || replications.iter().any(|r| r.batches.is_empty()) {
        return None;
    }
    let mean = |r: &Replication| {
        r.batches.iter().map(|b| b.in_flight).sum::<f64>() / r.batches.len() as f64
    };
    let means: Vec<f64> = replications.iter().map(mean).collect();
    let n = means.len() as f64;
    let centre = means.iter().sum::<f64>() / n;
    let between = means.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / (n - 1.0);
    if between.sqrt() <= AGREEMENT * centre {
        return None;
    }
    let batches = || replications.iter().flat_map(|r| &r.batches);
    let squares: f64 = batches().map(|b| (b.in_flight - centre).powi(2)).sum();
    Some(squares / batches().count() as f64 / between)
}
