//! M/G/c/c, Erlang's loss system: nobody waits.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::erlang;
use crate::analytic::solution::{Law, What};

const LAW: Law = Law {
    name: "M/G/c/c (Erlang B)",
    source: "Erlang 1917; Cooper, Introduction to Queueing Theory, ch. 3",
};

/// Poisson arrivals, any law of service, no place to wait. Any load.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Queue { places: Some(0), .. } = case.shape else { return None };
    let servers = case.whole_servers()?;
    if !matches!(case.feed, Feed::Poisson) {
        return None;
    }
    let (rate, mean_s) = (case.rate_per_s(), case.mean_s());
    let lost = erlang::loss_probability(rate * mean_s, servers);
    let busy = rate * mean_s * (1.0 - lost);
    let answer = Answer::exact(LAW)
        .with(What::Utilization, busy / f64::from(servers))
        .with(What::Throughput, rate * (1.0 - lost))
        .with(What::Refused, lost)
        .with(What::InSystem, busy)
        .with(What::Wait, 0.0)
        .with(What::Response, mean_s);
    Some(answer)
}
