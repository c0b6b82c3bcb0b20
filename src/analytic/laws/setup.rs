//! Servers that go off when idle and must be set up: M/G/1, and M/M/k as a chain.

use super::{Answer, Case, Feed, Shape, is_exponential};
use crate::analytic::interruptions::setup_share;
use crate::analytic::levels::{self, Level};
use crate::analytic::single_server::{Moments, mean_wait_with_setup_s};
use crate::analytic::solution::{Law, What};

const ONE: Law = Law {
    name: "M/G/1 with setup",
    source: "Welch 1964, Operations Research 12; Gandhi et al. 2010",
};
const SEVERAL: Law = Law {
    name: "M/M/k with setup (Markov chain)",
    source: "Gandhi, Doroudi, Harchol-Balter, Scheller-Wolf 2014, Queueing Systems 77",
};

/// Most servers whose chain is followed.
const MOST_SERVERS: u32 = 64;

/// Poisson arrivals, in order of arrival, no limit, ρ < 1, servers that go off at once: one with any
/// laws of service and setup that have a variance, or several with exponential ones.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let Shape::SetUp { time } = case.shape else { return None };
    let servers = case.whole_servers()?;
    let (rate, mean_s) = (case.rate_per_s(), case.mean_s());
    if !matches!(case.feed, Feed::Poisson) || time.mean() <= 0.0 {
        return None;
    }
    let rho = rate * mean_s / f64::from(servers);
    let (law, wait_s, setting_up) = if servers == 1 {
        let square_s2 = case.moment(2).filter(|square| square.is_finite())?;
        let setup = Moments { mean_s: time.mean(), square_s2: time.second_moment() };
        let wait_s = mean_wait_with_setup_s(rate, Moments { mean_s, square_s2 }, setup)?;
        (ONE, Some(wait_s).filter(|w| w.is_finite())?, setup_share(rate, mean_s, setup.mean_s)?)
    } else {
        let service_s = case.exponential_s()?;
        if !is_exponential(Some(time)) || servers > MOST_SERVERS {
            return None;
        }
        let (number, setting_up) = several(rate, service_s, time.mean(), servers)?;
        (SEVERAL, number / rate - service_s, setting_up)
    };
    // Whoever comes finds no server that is on and idle.
    Some(
        Answer::exact(law)
            .with(What::Utilization, rho)
            .with(What::SettingUp, setting_up)
            .with(What::InSystem, rate * (wait_s + mean_s))
            .with(What::Queue, rate * wait_s)
            .with(What::Waits, 1.0)
            .with(What::Wait, wait_s)
            .with(What::Response, wait_s + mean_s),
    )
}

/// Mean number inside and mean number of servers being set up.
///
/// ```text
/// n inside, i ≤ min(n, k) on, min(n − i, k − i) being set up; a server that ends takes the next in
/// line, and goes off when none waits
/// ```
fn several(rate: f64, service_s: f64, setup_s: f64, servers: u32) -> Option<(f64, f64)> {
    let k = servers as usize;
    let level = |n: u32| {
        let n = n as usize;
        let mut level = Level::new(n.min(k) + 1);
        for on in 0..=n.min(k) {
            level.up(on, on, rate);
            let ends = on as f64 / service_s;
            if on > 0 {
                level.down(on, if n > on { on.min(n - 1) } else { on - 1 }, ends);
            }
            if on < n.min(k) {
                level.inside(on, on + 1, (n.min(k) - on) as f64 / setup_s);
            }
        }
        level
    };
    let p = levels::solve(level, rate * service_s / f64::from(servers), servers)?;
    let (mut number, mut setting_up) = (0.0, 0.0);
    for (n, states) in p.iter().enumerate() {
        for (on, p) in states.iter().enumerate() {
            number += p * n as f64;
            setting_up += p * (n.min(k) - on) as f64;
        }
    }
    Some((number, setting_up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    /// One server of the chain is Welch's queue: an exponential setup adds its mean to the response.
    #[test]
    fn the_chain_of_one_server_is_the_closed_form() {
        let (number, setting_up) = several(0.5, 1.0, 3.0, 1).expect("ρ < 1");
        assert_close(number, 2.5, 1e-10);
        assert_close(setting_up, 0.3, 1e-10);
    }

    /// With hardly any setup it is M/M/k; the mean number on is λ·S whatever the setup.
    #[test]
    fn the_chain_has_its_limits() {
        let (number, _) = several(1.6, 1.0, 1e-9, 2).expect("ρ < 1");
        assert_close(number, 1.6 + 1.6 * 1.777_777_777_8, 1e-6);
        let (number, setting_up) = several(4.0, 1.0, 10.0, 8).expect("ρ < 1");
        assert_close(number / 4.0, 2.982_902_926, 1e-9);
        assert_close(setting_up, 3.001_917_265, 1e-9);
        assert_eq!(several(8.0, 1.0, 10.0, 8), None);
        // Millions come during one setup: more than the chain follows.
        assert_eq!(several(1.0, 1e-3, 3.6e6, 2), None);
    }
}
