//! M/G/∞: a unit for everyone.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, infinite};

const LAW: Law =
    Law { name: "M/G/∞", source: "Takács 1962, Introduction to the Theory of Queues" };

/// Poisson arrivals, any law of service, no limit of units.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let unlimited =
        case.servers.is_infinite() && matches!(case.shape, Shape::Queue { .. } | Shape::Shared);
    if !unlimited || !matches!(case.feed, Feed::Poisson) {
        return None;
    }
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s: case.mean_s() };
    let answer = Answer::exact(LAW)
        .with(What::InSystem, load.offered())
        .with(What::InSystemDeviation, load.offered().sqrt())
        .with(What::InSystemQuantile(0.99), infinite::number_quantile(load, 0.99) as f64)
        .with(What::Waits, 0.0)
        .with(What::Wait, 0.0)
        .with(What::Response, load.service_s);
    Some(answer)
}
