//! Servers that break, also while idle, and go on with what they were doing when they are repaired.

use super::{Answer, Case, Feed, Shape, is_exponential};
use crate::analytic::interruptions::Interrupted;
use crate::analytic::levels::{self, Level};
use crate::analytic::single_server::Moments;
use crate::analytic::solution::{Law, What};

const ONE: Law = Law {
    name: "M/G/1 with breakdowns",
    source: "White and Christie 1958; Avi-Itzhak and Naor 1963, Operations Research 11",
};
const SEVERAL: Law = Law {
    name: "M/M/c with breakdowns (Markov chain)",
    source: "Mitrany and Avi-Itzhak 1968, Operations Research 16; Neuts 1981",
};

/// Most servers whose chain is followed.
const MOST_SERVERS: u32 = 64;

/// Poisson arrivals, in order of arrival, no limit, exponential times up, less work than the servers
/// that are up can do: one server with any laws of service and repair that have a variance, or several
/// with exponential ones.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::Breaks { up, down, each } = case.shape else { return None };
    let servers = case.whole_servers()?;
    let (rate, mean_s) = (case.rate_per_s(), case.mean_s());
    let poisson = matches!(case.feed, Feed::Poisson);
    if !poisson || !is_exponential(Some(up)) || up.mean() <= 0.0 || down.mean() <= 0.0 {
        return None;
    }
    let rho = rate * mean_s / f64::from(servers);
    // A class that asks for two services has no one response.
    let mut classes: Vec<_> = case.jobs.iter().map(|job| job.class).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() < case.jobs.len() {
        return None;
    }
    if servers == 1 {
        let square_s2 = case.moment(2).filter(|square| square.is_finite())?;
        let repair = Moments { mean_s: down.mean(), square_s2: down.second_moment() };
        let queue = Interrupted {
            arrivals_per_s: rate,
            service: Moments { mean_s, square_s2 },
            up_s: up.mean(),
            repair,
        };
        let number = queue.mean_number().filter(|number| number.is_finite())?;
        let response_s = number / rate;
        let completion_s = queue.completion().mean_s;
        // Until its service begins for the first time; what follows is longer than the service.
        let wait_s = response_s - completion_s;
        let mut answer = Answer::exact(ONE)
            .with(What::Utilization, rho)
            .with(What::InSystem, number)
            .with(What::Wait, wait_s)
            .with(What::Response, response_s);
        let stretch = completion_s / mean_s;
        for job in &case.jobs {
            answer.values.push((What::Response, job.class, wait_s + job.service.mean_s * stretch));
        }
        return Some(answer);
    }
    let service_s = case.exponential_s()?;
    if !is_exponential(Some(down)) || servers > MOST_SERVERS {
        return None;
    }
    let number = several(rate, service_s, (up.mean(), down.mean()), servers, each)?;
    let mut answer = Answer::exact(SEVERAL)
        .with(What::Utilization, rho)
        .with(What::InSystem, number)
        .with(What::Response, number / rate);
    for class in classes {
        answer.values.push((What::Response, class, number / rate));
    }
    Some(answer)
}

/// Mean number inside, where each server breaks by itself and all repairs go on at once, or all
/// servers break together.
fn several(rate: f64, service_s: f64, lives: (f64, f64), servers: u32, each: bool) -> Option<f64> {
    let (up_s, down_s) = lives;
    let available = up_s / (up_s + down_s);
    let units = if each { servers } else { 1 };
    let level = |n: u32| {
        let mut level = Level::new(units as usize + 1);
        for up in 0..=units {
            let state = up as usize;
            level.up(state, state, rate);
            let working = if each { up } else { up * servers };
            if n > 0 && up > 0 {
                level.down(state, state, f64::from(working.min(n)) / service_s);
            }
            if up > 0 {
                level.inside(state, state - 1, f64::from(up) / up_s);
            }
            if up < units {
                level.inside(state, state + 1, f64::from(units - up) / down_s);
            }
        }
        level
    };
    let p = levels::solve(level, rate * service_s / (available * f64::from(servers)), servers)?;
    Some(p.iter().zip(0_u32..).map(|(p, n)| f64::from(n) * p.iter().sum::<f64>()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::{Load, assert_close, erlang};

    #[test]
    fn one_server_of_the_chain_is_the_closed_form() {
        for each in [true, false] {
            let number = several(0.5, 1.0, (20.0, 10.0 / 3.0), 1, each).expect("steady");
            assert_close(number, 69.0 / 35.0, 1e-9);
        }
        assert_eq!(several(0.9, 1.0, (20.0, 10.0 / 3.0), 1, true), None);
    }

    #[test]
    fn servers_that_hardly_break_are_plain_ones() {
        let load = Load { arrivals_per_s: 1.6, service_s: 1.0 };
        let plain = 1.6 * (1.0 + erlang::mean_wait_s(load, 2).expect("ρ < 1"));
        for each in [true, false] {
            let number = several(1.6, 1.0, (1e9, 1e-3), 2, each).expect("steady");
            assert_close(number, plain, 1e-6);
        }
        // To break together is worse.
        let [apart, together] =
            [true, false].map(|each| several(1.0, 1.0, (20.0, 5.0), 2, each).expect("steady"));
        assert!(together > apart, "{together} {apart}");
    }
}
