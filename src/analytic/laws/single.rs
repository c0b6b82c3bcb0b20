//! M/G/1, first come first served: Pollaczek and Khinchine.

use super::{Answer, Case, Feed, phases};
use crate::analytic::single_server::{self, Moments};
use crate::analytic::solution::{Law, What};

const LAW: Law = Law {
    name: "M/G/1 (Pollaczek–Khinchine)",
    source: "Pollaczek 1930, Khinchine 1932; Kleinrock, Queueing Systems I, ch. 5",
};

/// Poisson arrivals, one server, any law of service with a second moment, no limit, in order of
/// arrival, ρ < 1.
///
/// Services of few exponential phases have their quantiles by the chain of those before an arrival.
///
/// ```text
/// E[W²] = 2·E[W]² + λ·E[S³] / (3·(1 − ρ))
/// ```
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let square_s2 = case.moment(2).filter(|square| square.is_finite())?;
    if case.whole_servers()? != 1 || !matches!(case.feed, Feed::Poisson) || !case.is_plain_queue() {
        return None;
    }
    let (rate, mean_s) = (case.rate_per_s(), case.mean_s());
    let rho = rate * mean_s;
    let wait_s = single_server::mean_wait_s(rate, Moments { mean_s, square_s2 })?;
    let mut answer = Answer::exact(LAW)
        .with(What::Utilization, rho)
        .with(What::InSystem, rate * (wait_s + mean_s))
        .with(What::Queue, rate * wait_s)
        .with(What::Waits, rho)
        .with(What::Wait, wait_s)
        .with(What::Response, wait_s + mean_s);
    if let Some(cube) = case.moment(3) {
        let variance = wait_s * wait_s + rate * cube / (3.0 * (1.0 - rho));
        answer = answer
            .with(What::WaitDeviation, variance.sqrt())
            .with(What::ResponseDeviation, (variance + square_s2 - mean_s * mean_s).sqrt());
    }
    if let Some(wait) = case.law().and_then(|law| phases::wait_at_one(rate, law)) {
        answer = answer.quantiles(What::WaitQuantile, |q| wait.quantile_s(q));
    }
    Some(answer)
}
