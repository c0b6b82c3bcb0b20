//! Arrivals in batches, and arrivals whose rate flips between levels, at one exponential server.

use super::{Answer, Case, Feed};
use crate::analytic::levels::{self, Level};
use crate::analytic::solution::{Law, What};
use crate::analytic::stages::Stages;
use crate::analytic::{Load, arrivals};
use crate::dist::{Curve, Distribution};

const BATCHES: Law =
    Law { name: "M^X/M/1", source: "Gross et al., Fundamentals of Queueing Theory, ch. 3" };
const FLIPPING: Law = Law {
    name: "MMPP/M/c (Markov chain)",
    source: "Neuts 1981, Matrix-Geometric Solutions in Stochastic Models",
};

/// Exponential service of one mean, no limit, in order of arrival, ρ < 1; batches of a constant size
/// at one server, or a flipping rate at any number of servers.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    let (service_s, servers) = (case.exponential_s()?, case.whole_servers()?);
    let load = Load { arrivals_per_s: case.rate_per_s(), service_s };
    if !case.is_plain_queue() || load.utilization(servers) >= 1.0 {
        return None;
    }
    match case.feed {
        Feed::Batches(size) if servers == 1 => batches(load, size),
        Feed::Flipping(levels) => flipping(load, levels, servers),
        _ => None,
    }
}

/// Everything that arrives waits for those before it in its own batch too.
fn batches(load: Load, size: &Distribution) -> Option<Answer> {
    let (mean, square) = (size.mean(), size.second_moment());
    let response_s = arrivals::batch_response_s(load, mean, square)?;
    let service_s = load.service_s;
    let mut answer = Answer::exact(BATCHES)
        .with(What::Utilization, load.offered())
        .with(What::InSystem, load.arrivals_per_s * response_s)
        .with(What::Wait, response_s - service_s)
        .with(What::Response, response_s);
    if let Distribution::Constant(x) = size
        && x.fract() == 0.0
        && (1.0..=1000.0).contains(x)
    {
        let found = behind(load, *x as usize)?;
        let wait = Stages::wait(&found, 1, 1.0 / service_s);
        let response = wait.with_service(1);
        answer = answer
            .quantiles(What::WaitQuantile, |q| wait.quantile_s(q))
            .quantiles(What::ResponseQuantile, |q| response.quantile_s(q));
    }
    Some(answer)
}

/// Jobs ahead of a random member of a batch of `size`: those that the batch found and those before
/// it in the batch.
///
/// ```text
/// cut between n−1 and n:   p(n)·μ = λ_b·Σ_{n−size ≤ k < n} p(k)
/// ```
fn behind(load: Load, size: usize) -> Option<Vec<f64>> {
    let batches = load.offered() / size as f64;
    let mut p: Vec<f64> = vec![1.0 - load.offered()];
    loop {
        // Summed anew each time: a running sum would keep its rounding for ever.
        let window: f64 = p.iter().rev().take(size).sum();
        if window < 1e-18 && p.len() > size {
            break;
        }
        p.push(batches * window);
        if p.len() > MOST_STATES {
            return None;
        }
    }
    let mut found = vec![0.0; p.len() + size];
    for (n, p) in p.iter().enumerate() {
        for ahead in 0..size {
            found[n + ahead] += p / size as f64;
        }
    }
    Some(found)
}

/// Most numbers inside that are followed.
const MOST_STATES: usize = 100_000;

fn flipping(load: Load, stays: &[(f64, f64)], servers: u32) -> Option<Answer> {
    let n = stays.len();
    let mean = load.arrivals_per_s;
    // The station may get a share of the stream: the levels are scaled to what it gets.
    let whole = Curve::Mmpp(stays.to_vec()).mean_rate();
    let rate = |level: usize| stays[level].0 / whole * mean;
    let level = |k: u32| {
        let mut chain = Level::new(n);
        for (phase, (_, stay_s)) in stays.iter().enumerate() {
            chain.inside(phase, (phase + 1) % n, 1.0 / stay_s);
            chain.up(phase, phase, rate(phase));
            if k > 0 {
                chain.down(phase, phase, f64::from(k.min(servers)) / load.service_s);
            }
        }
        chain
    };
    let p = levels::solve(level, load.utilization(servers), servers)?;
    let found: Vec<f64> = p
        .iter()
        .map(|states| states.iter().enumerate().map(|(i, p)| p * rate(i) / mean).sum())
        .collect();
    let wait = Stages::wait(&found, servers as usize, f64::from(servers) / load.service_s);
    let response = wait.with_service(servers as usize);
    let wait_s = wait.mean_s();
    let waits: f64 = found.iter().skip(servers as usize).sum();
    let answer = Answer::exact(FLIPPING)
        .with(What::Utilization, load.utilization(servers))
        .with(What::InSystem, mean * (wait_s + load.service_s))
        .with(What::Waits, waits)
        .with(What::Wait, wait_s)
        .quantiles(What::WaitQuantile, |q| wait.quantile_s(q))
        .with(What::Response, wait_s + load.service_s)
        .quantiles(What::ResponseQuantile, |q| response.quantile_s(q));
    Some(answer)
}
