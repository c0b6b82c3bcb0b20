//! M/D/c: constant service.

use super::{Answer, Case, Feed};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, constant_service};
use crate::dist::Distribution;

const LAW: Law = Law {
    name: "M/D/c (Crommelin)",
    source: "Crommelin 1932; Tijms, A First Course in Stochastic Models, ch. 9",
};
const ONE: Law =
    Law { name: "M/D/1", source: "Crommelin 1932; Franx 2001, Operations Research Letters 29" };

/// Poisson arrivals, the same constant service for all, no limit, in order of arrival, ρ < 1.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let (Some(Distribution::Constant(service_s)), Some(servers)) =
        (case.law(), case.whole_servers())
    else {
        return None;
    };
    if !matches!(case.feed, Feed::Poisson) || !case.is_plain_queue() || *service_s <= 0.0 {
        return None;
    }
    let service_s = *service_s;
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s };
    // The series needs about 40/(1 − ρ)² terms: beyond, the answer is not worth its time.
    if load.utilization(servers) > 0.995 {
        return None;
    }
    let wait_s = constant_service::mean_wait_s(load, servers)?;
    let mut answer = Answer::exact(if servers == 1 { ONE } else { LAW })
        .with(What::Utilization, load.utilization(servers))
        .with(What::InSystem, load.arrivals_per_s * (wait_s + service_s))
        .with(What::Queue, load.arrivals_per_s * wait_s)
        .with(What::Waits, constant_service::wait_probability(load, servers)?)
        .with(What::Wait, wait_s)
        .with(What::Response, wait_s + service_s);
    if servers == 1 {
        let wait = |q| constant_service::wait_quantile_s(load, q).unwrap_or(f64::NAN);
        answer = answer
            .quantiles(What::WaitQuantile, wait)
            .quantiles(What::ResponseQuantile, |q| wait(q) + service_s);
    }
    Some(answer)
}
