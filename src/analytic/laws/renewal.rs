//! GI/M/1: independent gaps between arrivals, exponential service.

use super::{Answer, Case, Feed};
use crate::analytic::arrivals::{self, erlang_transform};
use crate::analytic::solution::{Law, What};
use crate::dist::Distribution;

const LAW: Law = Law { name: "GI/M/1", source: "Kleinrock, Queueing Systems I, ch. 6" };
const TURNS: Law = Law {
    name: "E_k/M/1 (every k-th of a Poisson process)",
    source: "Kleinrock, Queueing Systems I, ch. 6",
};

/// Independent gaps with a known transform, one exponential server, no limit, in order of arrival,
/// ρ < 1.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let service_s = case.exponential_s()?;
    let rate = case.rate_per_s();
    if case.whole_servers()? != 1 || !case.is_plain_queue() || rate * service_s >= 1.0 {
        return None;
    }
    let gap_s = 1.0 / rate;
    let (law, queue) = match case.feed {
        Feed::Turns(k) => (TURNS, arrivals::renewal(erlang_transform(gap_s, k), service_s)?),
        Feed::Renewal(gaps) => {
            let transform = transform(gaps)?;
            (LAW, arrivals::renewal(|s| transform(s * gap_s), service_s)?)
        }
        _ => return None,
    };
    let response_s = service_s / (1.0 - queue.waits);
    let tail = |q: f64| -(1.0 - q).ln() * response_s;
    let wait = |q: f64| ((queue.waits / (1.0 - q)).ln() * response_s).max(0.0);
    let answer = Answer::exact(law)
        .with(What::Utilization, rate * service_s)
        .with(What::InSystem, rate * response_s)
        .with(What::Waits, queue.waits)
        .with(What::Wait, queue.wait_s)
        .quantiles(What::WaitQuantile, wait)
        .with(What::Response, response_s)
        .quantiles(What::ResponseQuantile, tail);
    Some(answer)
}

/// E[e^{−s·X}], for the families that have a short one.
fn transform(law: &Distribution) -> Option<Box<dyn Fn(f64) -> f64>> {
    Some(match law.clone() {
        Distribution::Constant(x) => Box::new(move |s| (-s * x).exp()),
        Distribution::Exponential { mean } => Box::new(move |s| 1.0 / (1.0 + s * mean)),
        Distribution::Gamma { shape, scale } => {
            Box::new(move |s| (-(s * scale).ln_1p() * shape).exp())
        }
        Distribution::Hyperexponential { p1, mean1, mean2 } => {
            Box::new(move |s| p1 / (1.0 + s * mean1) + (1.0 - p1) / (1.0 + s * mean2))
        }
        Distribution::Uniform { low, high } => Box::new(move |s| {
            let width = s * (high - low);
            if width < 1e-9 {
                return (-s * 0.5 * (low + high)).exp();
            }
            (-s * low).exp() * -(-width).exp_m1() / width
        }),
        _ => return None,
    })
}
