//! M/M/c with customers that give up waiting: Erlang A, and a constant patience.

use super::{Answer, Case, Feed, Shape, is_exponential};
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, impatience};
use crate::dist::Distribution;

const ERLANG_A: Law = Law {
    name: "M/M/c+M (Erlang A)",
    source: "Palm 1957; Garnett, Mandelbaum, Reiman 2002, M&SOM 4",
};
const CONSTANT: Law =
    Law { name: "M/M/c+D", source: "Baccelli and Hébuterne 1981; Zeltyn and Mandelbaum 2005" };

/// Poisson arrivals, exponential service of one mean, patience exponential or constant, no other
/// limit, in order of arrival. Any load.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Queue { places: None, patience: Some(patience), .. } = case.shape else {
        return None;
    };
    let (service_s, servers) = (case.exponential_s()?, case.whole_servers()?);
    if !matches!(case.feed, Feed::Poisson) || !case.has_one_priority() || patience.mean() <= 0.0 {
        return None;
    }
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s };
    let (law, system) = match patience {
        Distribution::Constant(patience_s) => {
            (CONSTANT, impatience::constant_patience(load, servers, *patience_s))
        }
        other if is_exponential(Some(other)) => {
            (ERLANG_A, impatience::exponential_patience(load, servers, other.mean()))
        }
        _ => return None,
    };
    let answer = Answer::exact(law)
        .with(What::Utilization, system.throughput_per_s * service_s / f64::from(servers))
        .with(What::Throughput, system.throughput_per_s)
        .with(What::GivesUp, system.abandons)
        .with(What::Waits, system.waits)
        .with(What::Wait, system.wait_served_s)
        .with(What::WaitAll, system.wait_all_s);
    Some(answer)
}
