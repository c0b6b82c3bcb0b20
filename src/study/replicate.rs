//! Run control: independent replications, warm-up, and pre-declared rounds until every target is
//! decided. Never by wall time or cores: the same program, options and seed give the same bytes.

use super::Overload;
use crate::program::{Measure, Quantity};
use crate::results::Replication;
use crate::stats::Statistic;
use crate::verdict::Estimate;

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

/// Somebody who looks on, and may interrupt. Called from the thread that runs the study.
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
