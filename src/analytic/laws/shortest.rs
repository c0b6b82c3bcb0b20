//! Two servers with a queue each, where arrivals join the shorter one.

use super::{Answer, Case, Feed};
use crate::analytic::levels::{self, Level};
use crate::analytic::solution::{Law, What};
use crate::analytic::stages::Stages;

const LAW: Law = Law {
    name: "shorter of two queues (Markov chain)",
    source: "Flatto and McKean 1977; Adan, Wessels, Zijm 1990, Stochastic Models 6; Neuts 1981",
};

/// Largest difference of the two queues that is followed: at most about 3⁻⁴⁰ of the time it is larger.
const MOST_APART: usize = 40;

/// Poisson arrivals at two single exponential servers of one mean, in order of arrival, no limit,
/// ρ < 1; each joins the shorter queue, ties at random, and stays.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let service_s = case.exponential_s()?;
    let rate = case.rate_per_s();
    let fits = matches!(case.feed, Feed::Shorter) && case.is_plain_queue();
    if !fits || case.whole_servers()? != 1 || rate * service_s >= 1.0 {
        return None;
    }
    let shorter = shorter(2.0 * rate, 1.0 / service_s)?;
    let response_s = shorter.number / (2.0 * rate);
    let wait = Stages::new(1.0 / service_s, shorter.ahead.clone());
    let response = wait.with_service(1);
    Some(
        Answer::exact(LAW)
            .with(What::Utilization, rate * service_s)
            // Of one of the two.
            .with(What::InSystem, 0.5 * shorter.number)
            .with(What::Waits, 1.0 - shorter.ahead[0])
            .with(What::Wait, response_s - service_s)
            .with(What::WaitDeviation, wait.deviation_s())
            .quantiles(What::WaitQuantile, |q| wait.quantile_s(q))
            .with(What::Response, response_s)
            .with(What::ResponseDeviation, response.deviation_s())
            .quantiles(What::ResponseQuantile, |q| response.quantile_s(q)),
    )
}

struct Shorter {
    /// Mean number inside, at both.
    number: f64,
    /// Probability that the shorter queue has so many.
    ahead: Vec<f64>,
}

/// The chain of the shorter queue's number (its levels) and of how many more the other one has.
fn shorter(rate: f64, mu: f64) -> Option<Shorter> {
    let level = |least: u32| {
        let mut level = Level::new(MOST_APART + 1);
        level.inside(0, 1, rate);
        if least > 0 {
            level.down(0, 1, 2.0 * mu);
        }
        for apart in 1..=MOST_APART {
            level.up(apart, apart - 1, rate);
            level.inside(apart, apart - 1, mu);
            if least > 0 {
                level.down(apart, (apart + 1).min(MOST_APART), mu);
            }
        }
        level
    };
    let p = levels::solve(level, 0.5 * rate / mu, 1)?;
    let mut number = 0.0;
    for (least, states) in p.iter().enumerate() {
        for (apart, p) in states.iter().enumerate() {
            number += p * (2 * least + apart) as f64;
        }
    }
    Some(Shorter { number, ahead: p.iter().map(|states| states.iter().sum()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    /// Adan, Wessels and Zijm's chain at ρ = 0.8; far from it, two lone M/M/1 (nobody ever waits).
    #[test]
    fn two_servers_agree_with_the_published_chain() {
        let at = shorter(1.6, 1.0).expect("ρ < 1");
        assert_close(at.number / 1.6, 2.955_736_618, 1e-9);
        assert_close(1.0 - at.ahead[0], 0.694_164_775_2, 1e-9);
        assert_close(shorter(1e-6, 1.0).expect("ρ < 1").number, 1e-6, 1e-6);
        assert!(shorter(2.0, 1.0).is_none());
    }
}
