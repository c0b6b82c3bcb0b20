//! Processor sharing on one or several cores: means are insensitive to the law of service.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, sharing};

const ONE: Law = Law {
    name: "M/G/1-PS",
    source: "Sakata, Noguchi, Oizumi 1971; Kleinrock, Queueing Systems II, ch. 4",
};
const SEVERAL: Law = Law { name: "M/G/c-PS", source: "Cohen 1979, Acta Informatica 12" };

/// Poisson arrivals, any law of service, whole cores shared equally, ρ < 1.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    if !matches!((&case.shape, &case.feed), (Shape::Shared, Feed::Poisson)) {
        return None;
    }
    let cores = case.whole_servers()?;
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s: case.mean_s() };
    let response_s = sharing::mean_response_on_cores_s(load, cores)?;
    let mut answer = Answer::exact(if cores == 1 { ONE } else { SEVERAL })
        .with(What::Utilization, load.utilization(cores))
        .with(What::InSystem, load.arrivals_per_s * response_s)
        .with(What::Response, response_s);
    if cores == 1 && case.exponential_s().is_some() {
        let variance_s2 = sharing::response_variance_s2(load)?;
        answer = answer.with(What::ResponseDeviation, variance_s2.sqrt());
    }
    if case.exponential_s().is_some()
        && let Some(response) = sharing::exponential_response(load, cores)
    {
        if cores > 1 {
            answer = answer.with(What::ResponseDeviation, response.deviation_s());
        }
        answer = answer.quantiles(What::ResponseQuantile, |q| response.quantile_s(q));
    }
    Some(answer)
}
