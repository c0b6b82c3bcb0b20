//! Run control: independent replications, warm-up, and pre-declared rounds until every target is
//! decided. Never by wall time or cores: the same program, options and seed give the same bytes.

use super::overload::{Overload, overloads, single_stations};
use super::pilot::{Pilot, expected_per_s, pilot};
use super::transient;
use super::worlds::{Worlds, series};
use crate::program::{Measure, Program, Quantity};
use crate::results::Replication;
use crate::stats::{self, Statistic};
use crate::verdict::{Estimate, estimate};

/// Replications when none are asked for. The warm-up is paid in each, so few; but Student's t with
/// 15 degrees of freedom is within 9 % of the normal at 95 %, with 7 it would be 21 % wider, with 31 only 4 %
/// narrower. An even number, and a power of two, shares out evenly over cores.
pub const REPLICATIONS: u32 = 16;
/// Confidence of all looks together.
pub const CONFIDENCE: f64 = 0.95;
/// The looks: shares of the measured budget, each twice the one before.
const LOOKS: [f64; 4] = [0.125, 0.25, 0.5, 1.0];
/// Level of the test for drift of the number inside.
const DRIFT_CONFIDENCE: f64 = 0.999;
/// Drift over the measured time, as a share of the mean number inside, that is material.
const MATERIAL_DRIFT: f64 = 0.1;

/// What a run is to find out.
#[derive(Clone, Debug)]
pub struct Target {
    /// The metric.
    pub measure: Measure,
    /// Its statistic.
    pub statistic: Option<Statistic>,
    /// What it is.
    pub quantity: Quantity,
    /// The limit it is judged against: decided when the interval lies on one side of it. `None`
    /// asks for the precision only.
    pub bound: Option<f64>,
}

/// How long to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Seed of all draws.
    pub seed: u64,
    /// Number of independent replications; `None` chooses.
    pub replications: Option<u32>,
    /// Most requests over all replications, warm-up included.
    pub max_requests: u64,
    /// Half-width asked for as a share of the value (0.05 is 5 %).
    pub precision: f64,
    /// Time removed at the beginning; `None` finds it.
    pub warmup_s: Option<f64>,
    /// Measured time per replication; `None` chooses.
    pub duration_s: Option<f64>,
    /// What must be decided before the run ends early; with none the whole budget is used.
    pub targets: Vec<Target>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            seed: 42,
            replications: None,
            max_requests: 1_500_000,
            precision: 0.05,
            warmup_s: None,
            duration_s: None,
            targets: Vec::new(),
        }
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Requests that have arrived, over all replications.
    pub requests: u64,
    /// Most that will.
    pub budget: u64,
    /// Round, from 1; 0 is the pilot.
    pub round: u32,
}

/// Somebody who looks on, and may interrupt. May be called from any thread.
pub trait Watch: Sync {
    /// The run went on a little.
    fn advanced(&self, progress: Progress) {
        let _ = progress;
    }
    /// Whether to stop at the next slice, with a partial result.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Nobody looks on.
impl Watch for () {}

/// Whether what was measured is a steady state.
#[derive(Clone, Debug, PartialEq)]
pub enum Steady {
    /// The number inside does not grow.
    Yes,
    /// It does (or falls), by so many requests per second.
    No {
        /// Growth of the number of requests inside, per replication.
        inside_per_s: Estimate,
    },
    /// Not asked for: the load changes with the clock.
    Transient,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Every target is decided and within the precision.
    Decided,
    /// The budget of requests (or the duration asked for) is used.
    Budget,
    /// The backlog grows: more of it would tell nothing new, or not fit into memory.
    Backlog,
    /// Interrupted from outside.
    Interrupted,
}

/// What the replications measured, in order, and how.
#[derive(Clone, Debug)]
pub struct Run {
    /// One per replication, in order of their number.
    pub replications: Vec<Replication>,
    /// Level for intervals, widened for the repeated looks (0.95 over all looks).
    pub confidence: f64,
    /// Removed at the beginning of each replication, seconds.
    pub warmup_s: f64,
    /// Measured time of each replication, seconds.
    pub horizon_s: f64,
    /// Requests that arrived, over all replications, warm-up included.
    pub requests: u64,
    /// Events executed in the measured time, over all replications.
    pub events: u64,
    /// Rounds used.
    pub rounds: u32,
    /// Whether this is a steady state.
    pub steady: Steady,
    /// Stations offered more than they can serve; rows are single stations, by `StationId`.
    pub overloads: Vec<Overload>,
    /// Why it ended.
    pub stop: Stop,
    /// Interrupted: fewer or shorter replications than planned.
    pub partial: bool,
}

/// Runs independent replications until every target is decided and within the precision, in rounds
/// that are fixed beforehand by numbers of requests.
///
/// A program whose load changes with the clock is run whole, from time 0, in every replication;
/// further rounds add replications. Any other is warmed up first (see the pilot), then all
/// replications are continued from round to round.
pub fn run(program: &Program, options: &RunOptions, watch: &dyn Watch) -> Run {
    if program.transient {
        transient::run(program, options, watch)
    } else {
        steady_run(program, options, watch)
    }
}

fn steady_run(program: &Program, options: &RunOptions, watch: &dyn Watch) -> Run {
    let n = options.replications.unwrap_or(REPLICATIONS).max(1);
    let budget = options.max_requests.max(1);
    let mut worlds = Worlds::new(program, options.seed, n, budget, watch);
    let looks: &[f64] = if options.duration_s.is_some() { &[1.0] } else { &LOOKS };
    let confidence = stats::level_per_look(CONFIDENCE, looks);
    let mut warm = Ok(Pilot { settled: true, batch_s: 0.0 });
    if let Some(warmup_s) = options.warmup_s {
        if warmup_s > 0.0 {
            let rate = expected_per_s(program, options.seed, 1000.0);
            let stop = worlds.run_until(warmup_s, rate * warmup_s * worlds.len());
            worlds.reset();
            warm = stop.map(|()| Pilot { settled: true, batch_s: 0.0 });
        }
    } else {
        warm = pilot(program, options.seed, budget, &mut worlds);
    }
    let (pilot, stopped) = match warm {
        Ok(pilot) => (pilot, None),
        Err(stop) => (Pilot { settled: false, batch_s: 0.0 }, Some(stop)),
    };
    let (mut stop, mut replications) = match stopped {
        None => rounds(program, options, looks, confidence, &mut worlds),
        Some(stop) => (stop, Vec::new()),
    };
    if replications.is_empty() {
        replications = worlds.results();
    }
    let found = overloads(program, &single_stations(program), &replications, confidence);
    let steady = steady(&pilot, &replications, &found, confidence);
    if stop == Stop::Decided && steady != Steady::Yes {
        stop = Stop::Budget;
    }
    Run {
        confidence,
        warmup_s: replications[0].warmup_s,
        horizon_s: replications[0].time_s,
        requests: worlds.requests(),
        events: replications.iter().map(|r| r.events).sum(),
        rounds: worlds.round,
        steady,
        overloads: found,
        stop,
        partial: stop == Stop::Interrupted,
        replications,
    }
}

/// The measured rounds: why they ended, and the results unless they were cut short.
fn rounds(
    program: &Program,
    options: &RunOptions,
    looks: &[f64],
    confidence: f64,
    worlds: &mut Worlds<'_>,
) -> (Stop, Vec<Replication>) {
    let used = worlds.requests() as f64;
    let left = (options.max_requests as f64 - used).max(0.25 * options.max_requests as f64);
    let start_s = worlds.now_s();
    let rate = if used > 0.0 && start_s > 0.0 {
        used / start_s
    } else {
        expected_per_s(program, options.seed, 1000.0) * worlds.len()
    };
    let horizon_s = options.duration_s.unwrap_or(left / rate);
    let rows = single_stations(program);
    let (mut results, mut done) = (Vec::new(), 0.0);
    for look in looks {
        worlds.round += 1;
        let expected = (look - done) * horizon_s * rate;
        if let Err(stop) = worlds.run_until(look.mul_add(horizon_s, start_s), expected) {
            return (stop, Vec::new());
        }
        done = *look;
        results = worlds.results();
        if options.duration_s.is_none() {
            if overloads(program, &rows, &results, confidence).iter().any(|o| o.grows) {
                return (Stop::Backlog, results);
            }
            if decided(options, &results, confidence) {
                return (Stop::Decided, results);
            }
        }
    }
    let stop = if decided(options, &results, confidence) { Stop::Decided } else { Stop::Budget };
    (stop, results)
}

/// Whether every target is on one side of its bound, and known well enough.
pub(super) fn decided(options: &RunOptions, replications: &[Replication], confidence: f64) -> bool {
    !options.targets.is_empty()
        && options.targets.iter().all(|target| {
            let Target { measure, statistic, quantity, bound } = target;
            let e = estimate(measure, *statistic, *quantity, replications, confidence);
            is_decided(&e, *bound, options.precision)
        })
}

/// The half-width must be within the precision of the value, or of the bound where that is larger:
/// an error share of nearly nothing need not be known to 5 % of itself. What more data cannot tell
/// is decided.
fn is_decided(e: &Estimate, bound: Option<f64>, precision: f64) -> bool {
    if e.note == Some(crate::verdict::estimate::NOT_MEASURED) || e.high == e.low {
        return true;
    }
    let beside = bound.is_none_or(|bound| e.low > bound || e.high < bound);
    let scale = e.value.unwrap_or(0.0).abs().max(bound.unwrap_or(0.0).abs());
    let never_seen = bound.is_none() && e.value == Some(0.0);
    beside && e.has_interval() && (never_seen || 0.5 * (e.high - e.low) <= precision * scale)
}

/// Whether the measured time is a steady state: nothing overloaded, no significant and material
/// drift of the number of requests inside, and a series that settled (in the pilot, or, judged
/// again with all of it, before measurement began).
fn steady(
    pilot: &Pilot,
    replications: &[Replication],
    overloads: &[Overload],
    confidence: f64,
) -> Steady {
    let drifts: Vec<f64> = replications
        .iter()
        .filter(|r| r.time_s > 0.0)
        .map(|r| (r.balance.inside as f64 - r.balance.inside_at_start as f64) / r.time_s)
        .collect();
    let time_s: f64 = replications.iter().map(|r| r.time_s).sum();
    let classes = replications.iter().flat_map(|r| &r.classes);
    let inside = classes.map(|class| class.in_flight.integral).sum::<f64>() / time_s.max(1e-300);
    let drifting = stats::mean(&drifts, DRIFT_CONFIDENCE).is_some_and(|drift| {
        let material = drift.value.abs() * time_s / drifts.len() as f64 > MATERIAL_DRIFT * inside;
        material && (drift.low > 0.0 || drift.high < 0.0)
    });
    let settled = pilot.settled
        || stats::mser5(&series(replications)).is_some_and(|cut| {
            replications.iter().all(|r| cut as f64 * pilot.batch_s <= r.warmup_s)
        });
    if settled && !drifting && overloads.iter().all(|o| !o.grows) {
        return Steady::Yes;
    }
    let inside_per_s = match stats::mean(&drifts, confidence) {
        Some(i) => {
            Estimate { low: i.low, high: i.high, ..Estimate::exact(i.value, Quantity::Rate) }
        }
        None => Estimate::unknown(
            drifts.first().copied(),
            Quantity::Rate,
            crate::verdict::estimate::TOO_FEW,
        ),
    };
    Steady::No { inside_per_s }
}
