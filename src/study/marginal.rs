//! What more users would cost: the same months with the same random numbers, once with more users.

use super::replicate::{Run, RunOptions, Watch, run};
use crate::profile::Profile;
use crate::program::{Catalogue, Program};
use crate::stats;
use crate::verdict::{Money, costs};

/// Replications of each run.
const REPLICATIONS: u32 = 8;

/// The difference in the bill of a month between `more` and `base`, by paired runs of about
/// `max_requests` each, of which the first `like` tells the length of the warm-up; with the requests
/// that were spent. `None` when one of them could not be priced.
pub fn difference(
    base: &Profile,
    more: &Profile,
    like: &Run,
    max_requests: u64,
    watch: &dyn Watch,
) -> (Option<Money>, u64) {
    let seed = base.run.seed;
    let spent_s = (like.warmup_s + like.horizon_s) * like.replications.len().max(1) as f64;
    let rate_per_s = like.requests.max(1) as f64 / spent_s.max(1e-9);
    let affordable_s = max_requests as f64 / (f64::from(REPLICATIONS) * rate_per_s);
    let warmup_s = like.warmup_s.min(0.5 * affordable_s);
    let options = RunOptions {
        seed,
        replications: Some(REPLICATIONS),
        max_requests: 4 * max_requests,
        warmup_s: Some(warmup_s),
        duration_s: Some((affordable_s - warmup_s).min(like.horizon_s)),
        ..RunOptions::default()
    };
    let (before, after) = (base.lower(), more.lower());
    let ran = |of: &(Program, Catalogue)| run(&of.0, &options, watch);
    let (first, second) = (ran(&before), ran(&after));
    let requests = first.requests + second.requests;
    let bill = |profile: &Profile, catalogue: &Catalogue, run: &Run, i: usize| {
        costs(profile, catalogue, &run.replications[i..=i], run.confidence).total.estimate().value
    };
    let n = first.replications.len().min(second.replications.len());
    let differences: Option<Vec<f64>> = (0..n)
        .map(|i| Some(bill(more, &after.1, &second, i)? - bill(base, &before.1, &first, i)?))
        .collect();
    let money = differences.and_then(|all| {
        let interval = stats::mean(&all, first.confidence)?;
        Money::between(interval.value, interval.low, interval.high)
    });
    (money, requests)
}
