//! Run control: independent replications, warm-up, and pre-declared rounds until every target is
//! decided. Never by wall time or cores: the same program, options and seed give the same bytes.

use super::decision::Decision;
use super::overload::{Overload, overloads, single_stations};
use super::pilot::{expected_per_s, pilot};
use super::settled::{Observed, Steady, steady};
use super::transient;
use super::worlds::Worlds;
use crate::program::{During, Measure, Program, Quantity};
use crate::results::Replication;
use crate::stats::{self, Statistic};

/// Replications when none are asked for. The warm-up is paid in each, so few; but Student's t with
/// 15 degrees of freedom is within 9 % of the normal at 95 %, with 7 it would be 21 % wider, with 31 only 4 %
/// narrower. An even number, and a power of two, shares out evenly over cores.
pub const REPLICATIONS: u32 = 16;
/// Confidence of reported intervals, and of the verdicts of all looks together.
pub const CONFIDENCE: f64 = 0.95;
/// The looks: shares of the measured budget, each twice the one before.
const LOOKS: [f64; 4] = [0.125, 0.25, 0.5, 1.0];

/// What a run is to find out.
#[derive(Clone, Debug)]
pub struct Target {
    /// The metric.
    pub measure: Measure,
    /// Its statistic.
    pub statistic: Option<Statistic>,
    /// Only of this part of the measured time.
    pub during: Option<During>,
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
    /// Level of reported intervals.
    pub confidence: f64,
    /// Level of the intervals that decide verdicts, widened for the repeated looks (0.95 over all looks).
    pub verdict_confidence: f64,
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

/// Observations of the series in the measured time, for the tests of steadiness.
const OBSERVATIONS: f64 = 1000.0;

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
    let judged = |replications, observed: &Observed| {
        Judged::new(program, replications, observed, confidence)
    };
    let (judged, stop) = match warm_up(program, options, &mut worlds) {
        Ok(observed) => {
            let rounds = Rounds::new(program, options, looks, &observed, &worlds);
            let decision = Decision::new(options, confidence);
            rounds.run(&mut worlds, decision, |replications| judged(replications, &observed))
        }
        Err(stop) => (judged(worlds.results(), &Observed::default()), stop),
    };
    Run {
        confidence: CONFIDENCE,
        verdict_confidence: confidence,
        warmup_s: judged.replications[0].warmup_s,
        horizon_s: judged.replications[0].time_s,
        requests: worlds.requests(),
        events: judged.replications.iter().map(|r| r.events).sum(),
        rounds: worlds.round,
        steady: judged.steady,
        overloads: judged.overloads,
        stop,
        partial: stop == Stop::Interrupted,
        replications: judged.replications,
    }
}

/// Brings the worlds into their steady state and resets them: by the pilot, or for the time asked.
fn warm_up(
    program: &Program,
    options: &RunOptions,
    worlds: &mut Worlds<'_>,
) -> Result<Observed, Stop> {
    let Some(warmup_s) = options.warmup_s else {
        return pilot(program, options.seed, options.max_requests.max(1), worlds);
    };
    if warmup_s > 0.0 {
        let rate = expected_per_s(program, options.seed, 1000.0);
        worlds.run_until(warmup_s, rate * warmup_s * worlds.len())?;
        worlds.reset();
    }
    let rate_per_s = if warmup_s > 0.0 { worlds.requests() as f64 / warmup_s } else { 0.0 };
    Ok(Observed { settled: true, rate_per_s })
}

/// What the worlds have measured so far, and whether it is a steady state.
struct Judged {
    replications: Vec<Replication>,
    overloads: Vec<Overload>,
    steady: Steady,
}

impl Judged {
    fn new(
        program: &Program,
        replications: Vec<Replication>,
        observed: &Observed,
        confidence: f64,
    ) -> Self {
        let overloads = overloads(program, &single_stations(program), &replications, confidence);
        let steady = steady(program, observed, &replications, &overloads, confidence);
        Self { replications, overloads, steady }
    }
}

/// The measured rounds, planned before the first of them.
struct Rounds<'a> {
    looks: &'a [f64],
    start_s: f64,
    horizon_s: f64,
    /// Requests per second of all worlds.
    rate_per_s: f64,
}

impl<'a> Rounds<'a> {
    fn new(
        program: &Program,
        options: &RunOptions,
        looks: &'a [f64],
        observed: &Observed,
        worlds: &Worlds<'_>,
    ) -> Self {
        let (used, start_s) = (worlds.requests() as f64, worlds.now_s());
        let budget = options.max_requests as f64;
        let rate_per_s = if observed.rate_per_s > 0.0 {
            observed.rate_per_s
        } else {
            expected_per_s(program, options.seed, 1000.0) * worlds.len()
        };
        let left = (budget - used).max(0.25 * budget);
        let horizon_s = options.duration_s.unwrap_or(left / rate_per_s);
        Self { looks, start_s, horizon_s, rate_per_s }
    }

    /// Runs round after round until the targets are decided on a steady state.
    fn run(
        &self,
        worlds: &mut Worlds<'_>,
        mut decision: Decision<'_>,
        judge: impl Fn(Vec<Replication>) -> Judged,
    ) -> (Judged, Stop) {
        worlds.observe(self.horizon_s / OBSERVATIONS);
        let mut done = 0.0;
        loop {
            let look = self.looks[worlds.round as usize];
            worlds.round += 1;
            let expected = (look - done) * self.horizon_s * self.rate_per_s;
            let stopped = worlds.run_until(look.mul_add(self.horizon_s, self.start_s), expected);
            let judged = judge(worlds.results());
            if let Err(stop) = stopped {
                return (judged, stop);
            }
            done = look;
            let last = worlds.round as usize == self.looks.len();
            let decided = decision.is_made(&judged.replications);
            if decided && judged.steady == Steady::Yes {
                return (judged, Stop::Decided);
            }
            // A backlog that grows tells all it has to tell at the first look.
            if !last && judged.overloads.iter().any(|o| o.grows) {
                return (judged, Stop::Backlog);
            }
            if last {
                return (judged, Stop::Budget);
            }
        }
    }
}
