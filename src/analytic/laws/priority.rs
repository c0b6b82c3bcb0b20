//! One server and classes of priority.

use super::{Answer, Case, Feed, Order, QUANTILES, Shape};
use crate::analytic::priority::{Class, preemptive_responses_s, waits_s};
use crate::analytic::single_server::Moments;
use crate::analytic::solution::{Law, What};
use crate::analytic::{Load, erlang};

const WAITS: Law =
    Law { name: "M/G/1 with priorities (Cobham)", source: "Cobham 1954, Operations Research 2" };
const INTERRUPTS: Law = Law {
    name: "M/G/1 with preemptive priorities",
    source: "White and Christie 1958; Jaiswal 1968, Priority Queues",
};

/// Poisson arrivals of several priorities, one server, services with a second moment, no limit,
/// ρ < 1.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Queue { places: None, patience: None, order } = case.shape else { return None };
    if order == Order::Arrival || case.has_one_priority() {
        return None;
    }
    if case.whole_servers()? != 1 || !matches!(case.feed, Feed::Poisson) {
        return None;
    }
    // Classes of equal priority are one class of mixed service.
    let mut levels: Vec<u8> = case.jobs.iter().map(|job| job.priority).collect();
    levels.sort_unstable();
    levels.dedup();
    let mut classes = Vec::new();
    for level in &levels {
        let of_level: Vec<_> = case.jobs.iter().filter(|j| j.priority == *level).cloned().collect();
        let part = Case { jobs: of_level, ..case.clone() };
        let square_s2 = part.moment(2).filter(|square| square.is_finite())?;
        let service = Moments { mean_s: part.mean_s(), square_s2 };
        classes.push(Class { arrivals_per_s: part.rate_per_s(), service });
    }
    let rho = case.rate_per_s() * case.mean_s();
    let interrupts = order == Order::Preemptive;
    let (law, times) = if interrupts {
        (INTERRUPTS, preemptive_responses_s(&classes))
    } else {
        (WAITS, waits_s(&classes))
    };
    let mut answer = Answer::exact(law).with(What::Utilization, rho);
    if !interrupts {
        answer = answer.with(What::Waits, rho);
    }
    let (mut wait_s, mut inside) = (0.0, 0.0);
    for job in &case.jobs {
        let level = levels.binary_search(&job.priority).ok()?;
        let time_s = times[level]?;
        // A response of a level is its own service stretched, and the wait that all of it share.
        let share = job.rate_per_s / case.rate_per_s();
        let (wait, response) = if interrupts {
            let above: f64 =
                classes[..level].iter().map(|c| c.arrivals_per_s * c.service.mean_s).sum();
            let stretched = (job.service.mean_s - classes[level].service.mean_s) / (1.0 - above);
            let response = time_s + stretched;
            (response - job.service.mean_s, response)
        } else {
            (time_s, time_s + job.service.mean_s)
        };
        wait_s += share * wait;
        inside += job.rate_per_s * response;
        if !interrupts {
            answer.values.push((What::Wait, job.class, wait));
        }
        answer.values.push((What::Response, job.class, response));
        answer.values.push((What::InSystem, job.class, job.rate_per_s * response));
    }
    answer = answer.with(What::InSystem, inside);
    if interrupts {
        undisturbed(case, levels[0], &mut answer);
    }
    if !interrupts {
        answer = answer.with(What::Wait, wait_s);
    }
    Some(answer)
}

/// Whom nobody interrupts, and who are of one exponential law, have a server of their own: M/M/1.
fn undisturbed(case: &Case<'_>, highest: u8, answer: &mut Answer) {
    let jobs = case.jobs.iter().filter(|job| job.priority == highest).cloned().collect();
    let own = Case { jobs, ..case.clone() };
    let Some(service_s) = own.exponential_s() else { return };
    let load = Load { arrivals_per_s: own.rate_per_s(), service_s };
    for job in &own.jobs {
        for q in QUANTILES {
            if let Some(value) = erlang::response_quantile_s(load, 1, q) {
                answer.values.push((What::ResponseQuantile(q), job.class, value));
            }
        }
    }
}
