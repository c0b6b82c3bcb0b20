//! M/M/c/K: room for so many, the others are sent away.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::birth_death::stationary;
use crate::analytic::solution::{Law, What};
use crate::analytic::stages::Stages;
use crate::analytic::{Load, erlang};

const LAW: Law =
    Law { name: "M/M/c/K", source: "Gross et al., Fundamentals of Queueing Theory, ch. 2" };

/// Poisson arrivals, exponential service of one mean, a limited queue in order of arrival. Any load.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Queue { places: Some(places), patience: None, .. } = case.shape else { return None };
    let (service_s, servers) = (case.exponential_s()?, case.whole_servers()?);
    if !matches!(case.feed, Feed::Poisson) || !case.has_one_priority() || places > 100_000 {
        return None;
    }
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s };
    let room = servers + places;
    let system = erlang::finite_room(load, servers, room);
    // Arrivals that are let in find n < K inside, in proportion to the stationary law.
    let births = vec![load.offered(); room as usize];
    let deaths: Vec<f64> = (1..=room).map(|k| f64::from(k.min(servers))).collect();
    let mut found = stationary(&births, &deaths);
    found.pop();
    let let_in: f64 = found.iter().sum();
    for p in &mut found {
        *p /= let_in;
    }
    let wait = Stages::wait(&found, servers as usize, f64::from(servers) / service_s);
    let response = wait.with_service(servers as usize);
    let answer = Answer::exact(LAW)
        .with(What::Utilization, system.utilization)
        .with(What::Throughput, system.throughput_per_s)
        .with(What::Refused, system.blocking)
        .with(What::InSystem, system.number)
        .with(What::Wait, system.wait_s)
        .quantiles(What::WaitQuantile, |q| wait.quantile_s(q))
        .with(What::Response, system.response_s)
        .quantiles(What::ResponseQuantile, |q| response.quantile_s(q));
    Some(answer)
}
