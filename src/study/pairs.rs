//! Two programs under the same randomness: the same seed, replications, warm-up and measured time, so
//! that what differs between the runs is what differs between the programs (common random numbers;
//! Law, *Simulation Modeling and Analysis*, section 11.2).

use super::pilot::pilot;
use super::replicate::{REPLICATIONS, Run, RunOptions, Watch, run};
use super::transient::{FEWEST, natural_duration_s};
use super::worlds::Worlds;
use crate::program::Program;
use crate::study::offered_per_s;

/// Least part of the budget that is measured, whatever the warm-up takes.
const LEAST_MEASURED: f64 = 0.25;

/// Two runs that may be compared replication by replication.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The run of the first program.
    pub base: Run,
    /// The run of the second.
    pub head: Run,
}

/// Runs two programs as a pair; `options.max_requests` is the budget of each. What is not stated in
/// the options is found for both together: the longer warm-up, the time that the busier one can
/// afford. The targets of the options are not used: both runs have the same length, known beforehand.
pub fn pair(base: &Program, head: &Program, options: &RunOptions, watch: &dyn Watch) -> Pair {
    let options = RunOptions { targets: Vec::new(), ..options.clone() };
    let shared = if base.transient || head.transient {
        whole(base, head, &options)
    } else {
        settled(base, head, &options, watch)
    };
    Pair { base: run(base, &shared, watch), head: run(head, &shared, watch) }
}

/// Runs whose load follows the clock are as long as the longer story, from time 0.
fn whole(base: &Program, head: &Program, options: &RunOptions) -> RunOptions {
    let duration_s = options
        .duration_s
        .unwrap_or_else(|| natural_duration_s(base).max(natural_duration_s(head)));
    let rate_per_s = offered_per_s(base).max(offered_per_s(head));
    let affordable = options.max_requests as f64 / (rate_per_s * duration_s).max(1.0);
    let n = (affordable as u32).clamp(FEWEST, REPLICATIONS);
    RunOptions {
        replications: Some(options.replications.unwrap_or(n)),
        duration_s: Some(duration_s),
        warmup_s: Some(options.warmup_s.unwrap_or(0.0)),
        ..options.clone()
    }
}

fn settled(base: &Program, head: &Program, options: &RunOptions, watch: &dyn Watch) -> RunOptions {
    let n = options.replications.unwrap_or(REPLICATIONS).max(1);
    let budget = options.max_requests.max(1);
    let scout = |program: &Program| {
        let mut worlds = Worlds::new(program, options.seed, n, budget, watch);
        let found = pilot(program, options.seed, budget, &mut worlds);
        let measured = worlds.requests() as f64 / worlds.now_s().max(1e-9);
        let rate_per_s = found.map_or(0.0, |observed| observed.rate_per_s).max(measured);
        (worlds.now_s(), rate_per_s.max(1e-9))
    };
    let (one, other) = (scout(base), scout(head));
    let rate_per_s = one.1.max(other.1);
    let warmup_s = options.warmup_s.unwrap_or(one.0.max(other.0));
    let budget = budget as f64;
    let left = warmup_s.mul_add(-rate_per_s, budget).max(LEAST_MEASURED * budget);
    RunOptions {
        replications: Some(n),
        warmup_s: Some(warmup_s),
        duration_s: Some(options.duration_s.unwrap_or(left / rate_per_s)),
        ..options.clone()
    }
}
