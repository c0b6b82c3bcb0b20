//! One server that goes round several queues.

use super::{Answer, Case, Feed, Shape};
use crate::analytic::interruptions::{Round, exhaustive_wait_s};
use crate::analytic::single_server::Moments;
use crate::analytic::solution::{Law, What};

const EMPTIES: Law = Law {
    name: "polling, exhaustive (pseudo-conservation)",
    source: "Boxma and Groenendijk 1987, J. Appl. Prob. 24; Takagi 1986, Analysis of Polling Systems",
};
const ONE_EACH: Law = Law {
    name: "polling, one per visit, alike queues",
    source: "Takagi 1986, Analysis of Polling Systems",
};

/// Poisson arrivals at every queue, one server, no limit, ρ < 1, and services of one mean: until the
/// queue is empty, or one per visit of queues that are all alike.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Rounds { switchover, limited, queues } = case.shape else { return None };
    let way = Moments { mean_s: switchover.mean(), square_s2: switchover.second_moment() };
    if case.whole_servers()? != 1 || !matches!(case.feed, Feed::Poisson) || way.mean_s <= 0.0 {
        return None;
    }
    let (rate, mean_s) = (case.rate_per_s(), case.mean_s());
    let same_mean = |s: f64| (s - mean_s).abs() < 1e-12 * mean_s;
    if !case.jobs.iter().all(|job| same_mean(job.service.mean_s)) {
        return None;
    }
    let square_s2 = case.moment(2).filter(|square| square.is_finite())?;
    let mut loads = vec![0.0; queues];
    for job in &case.jobs {
        *loads.get_mut(job.queue)? += job.rate_per_s * mean_s;
    }
    let even = loads.iter().all(|load| (load - loads[0]).abs() < 1e-12);
    let alike = even && (queues == 1 || case.law().is_some());
    let service = Moments { mean_s, square_s2 };
    let (law, wait_s) = match limited {
        None => (EMPTIES, exhaustive_wait_s(&loads, rate, service, way)?),
        Some(1) if alike => {
            let round = Round {
                queues: queues as u32,
                arrivals_per_s: rate / queues as f64,
                service_s: mean_s,
                service_square: square_s2,
                switchover_s: way.mean_s,
                switchover_variance: way.square_s2 - way.mean_s * way.mean_s,
            };
            (ONE_EACH, round.limited_wait_s()?)
        }
        Some(_) => return None,
    };
    if !wait_s.is_finite() {
        return None;
    }
    let mut answer = Answer::exact(law)
        .with(What::Utilization, rate * mean_s)
        .with(What::InSystem, rate * (wait_s + mean_s))
        .with(What::Queue, rate * wait_s)
        // An idle server is on its way.
        .with(What::Waits, 1.0)
        .with(What::Wait, wait_s)
        .with(What::Response, wait_s + mean_s);
    // Else the mean of all says nothing of one queue.
    if alike || case.jobs.len() == 1 {
        for job in &case.jobs {
            answer.values.push((What::Wait, job.class, wait_s));
            answer.values.push((What::Response, job.class, wait_s + mean_s));
        }
    }
    Some(answer)
}
