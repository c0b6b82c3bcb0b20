//! Rate limits under Poisson requests.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, constant_service, limiter};
use crate::program::Algorithm;

const REJECTS: Law = Law {
    name: "token bucket that rejects (M/D/1 with bounded work)",
    source: "Berger 1991, IEEE JSAC 9; Cohen, The Single Server Queue, III.6",
};
const WAITS: Law =
    Law { name: "token bucket that waits (M/D/1)", source: "Berger 1991, IEEE JSAC 9" };
const WINDOW: Law = Law { name: "fixed window (Poisson counts)", source: "by definition" };

/// Poisson requests, one bucket for all of them, or one for each of many clients drawn at random;
/// whole tokens.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Limit(bucket) = case.shape else { return None };
    let burst = bucket.burst.round();
    let whole = (burst - bucket.burst).abs() < 1e-9 && (1.0..=100_000.0).contains(&burst);
    if !whole || !matches!(case.feed, Feed::Poisson) {
        return None;
    }
    // Requests of random clients are split into as many independent Poisson processes.
    let rate = case.rate_per_s() / bucket.clients.unwrap_or(1) as f64;
    let burst = burst as u32;
    let answer = match (bucket.algorithm, bucket.excess) {
        (Algorithm::TokenBucket, Some(_)) => {
            let refused = limiter::bucket_rejects(rate, bucket.rate_per_s, burst);
            Answer::exact(REJECTS)
                .with(What::Refused, refused)
                .with(What::Throughput, case.rate_per_s() * (1.0 - refused))
        }
        (Algorithm::TokenBucket, None) if bucket.places == u32::MAX => {
            let delay = limiter::bucket_delay(rate, bucket.rate_per_s, burst)?;
            // The work that an arrival of M/D/1 finds, less what the bucket holds.
            let one = Load { arrivals_per_s: rate, service_s: 1.0 / bucket.rate_per_s };
            let held_s = f64::from(burst - 1) / bucket.rate_per_s;
            let work = |q| constant_service::wait_quantile_s(one, q).unwrap_or(f64::NAN);
            let mut answer =
                Answer::exact(WAITS).with(What::Waits, delay.waits).with(What::Wait, delay.wait_s);
            if one.offered() <= 0.995 {
                answer = answer.quantiles(What::WaitQuantile, |q| (work(q) - held_s).max(0.0));
            }
            answer
        }
        (Algorithm::FixedWindow, Some(_)) => {
            let window_s = bucket.burst / bucket.rate_per_s;
            let refused = limiter::window_rejects(rate, window_s, burst);
            Answer::exact(WINDOW)
                .with(What::Refused, refused)
                .with(What::Throughput, case.rate_per_s() * (1.0 - refused))
        }
        _ => return None,
    };
    Some(answer)
}
