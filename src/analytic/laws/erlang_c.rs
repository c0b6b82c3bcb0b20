//! M/M/c, Erlang's delay system.

use super::{Answer, Case, Feed};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, erlang};

const LAW: Law = Law {
    name: "M/M/c (Erlang C)",
    source: "Erlang 1917; Gross et al., Fundamentals of Queueing Theory, ch. 2",
};
const ONE: Law = Law { name: "M/M/1", source: "Kleinrock, Queueing Systems I, ch. 3" };

/// Poisson arrivals, exponential service of one mean, no limit, in order of arrival, ρ < 1.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let (service_s, servers) = (case.exponential_s()?, case.whole_servers()?);
    if !matches!(case.feed, Feed::Poisson) || !case.is_plain_queue() {
        return None;
    }
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s };
    let waits = erlang::wait_probability(load.offered(), servers)?;
    let wait_s = erlang::mean_wait_s(load, servers)?;
    // The wait of those who wait is exponential of this mean.
    let spread_s = service_s / (f64::from(servers) - load.offered());
    let variance_s2 = waits * (2.0 - waits) * spread_s * spread_s;
    let response = |q| erlang::response_quantile_s(load, servers, q).unwrap_or(f64::NAN);
    let wait = |q| erlang::wait_quantile_s(load, servers, q).unwrap_or(f64::NAN);
    let answer = Answer::exact(if servers == 1 { ONE } else { LAW })
        .with(What::Utilization, load.utilization(servers))
        .with(What::InSystem, load.arrivals_per_s * (wait_s + service_s))
        .with(What::Queue, load.arrivals_per_s * wait_s)
        .with(What::Waits, waits)
        .with(What::Wait, wait_s)
        .with(What::WaitDeviation, variance_s2.sqrt())
        .quantiles(What::WaitQuantile, wait)
        .with(What::Response, wait_s + service_s)
        .with(What::ResponseDeviation, (variance_s2 + service_s * service_s).sqrt())
        .quantiles(What::ResponseQuantile, response);
    Some(answer)
}
