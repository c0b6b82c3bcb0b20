//! Customers that give up: M/M/c with a patience, exponential (Erlang A) or constant (a pool's
//! timeout).

use super::Load;
use super::birth_death::stationary_unbounded;
use super::erlang::loss_probability;

/// What M/M/c with impatient customers does in steady state. Any load has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impatient {
    /// Fraction of arrivals that give up before service begins.
    pub abandons: f64,
    /// Fraction of arrivals that find all servers busy.
    pub waits: f64,
    /// Mean time in queue over all arrivals, those that give up included, seconds.
    pub wait_all_s: f64,
    /// Mean time in queue of those served, seconds.
    pub wait_served_s: f64,
    /// Completions per second.
    pub throughput_per_s: f64,
}

/// M/M/c whose customers wait at most an exponential time of mean `patience_s` > 0 (Erlang A).
///
/// ```text
/// deaths(k) = min(k, c)·μ + (k − c)⁺·θ      θ = 1 / patience
/// abandons = θ·Lq / λ                        W(all) = Lq / λ
/// ```
///
/// `servers` ≥ 1. The wait of those served follows from the path of an arrival that finds j ahead:
/// with all rates known it is a product of probabilities and a sum of means.
///
/// Source: Palm (1957); Garnett, Mandelbaum, Reiman, *Designing a call center with impatient
/// customers* (2002), M&SOM 4.
pub fn exponential_patience(load: Load, servers: u32, patience_s: f64) -> Impatient {
    let (mu, theta) = (1.0 / load.service_s, 1.0 / patience_s);
    let death =
        |k: u32| f64::from(k.min(servers)) * mu + f64::from(k.saturating_sub(servers)) * theta;
    let p = stationary_unbounded(|_| load.arrivals_per_s, death, servers);
    let all_busy = &p[servers as usize..];
    let queue: f64 = all_busy.iter().enumerate().map(|(j, p)| j as f64 * p).sum();
    let wait_all_s = queue / load.arrivals_per_s;
    // With j waiting ahead, the front of the queue moves at c·μ + j·θ and oneself leaves at θ.
    let (mut served, mut wait, mut survives, mut after_s) = (0.0, 0.0, 1.0, 0.0);
    for (j, p) in all_busy.iter().enumerate() {
        let forward = f64::from(servers) * mu + j as f64 * theta;
        survives *= forward / (forward + theta);
        after_s += 1.0 / (forward + theta);
        served += p * survives;
        wait += p * survives * after_s;
    }
    let waits: f64 = all_busy.iter().sum();
    let kept = 1.0 - waits + served;
    Impatient {
        abandons: theta * wait_all_s,
        waits,
        wait_all_s,
        wait_served_s: wait / kept,
        throughput_per_s: load.arrivals_per_s * kept,
    }
}

/// M/M/c whose customers wait exactly `patience_s` > 0, then give up.
///
/// ```text
/// δ = cμ − λ        density of the offered wait: f(x) = λ·p(c−1)·e^{−δx}                x ≤ τ
///                                                     = λ·p(c−1)·e^{−δτ}·e^{−cμ(x−τ)}   x > τ
/// 1/p(c−1) = 1/B(c−1, a) + λ·∫e…      abandons = ∫_τ^∞ f
/// ```
///
/// `servers` ≥ 1, any load.
///
/// Source: Baccelli and Hébuterne, *On queues with impatient customers* (1981), Performance '81;
/// Zeltyn and Mandelbaum (2005), Queueing Systems 51.
pub fn constant_patience(load: Load, servers: u32, patience_s: f64) -> Impatient {
    let (lambda, tau) = (load.arrivals_per_s, patience_s);
    let c_mu = f64::from(servers) / load.service_s;
    let delta_tau = (c_mu - lambda) * tau;
    // ∫₀^τ e^{−δx} dx and ∫₀^τ x·e^{−δx} dx, by their limits where δτ is small.
    let (within, first) = if delta_tau.abs() < 1e-5 {
        (tau * (1.0 - delta_tau / 2.0), tau * tau * (0.5 - delta_tau / 3.0))
    } else {
        let delta = c_mu - lambda;
        let end = (-delta_tau).exp();
        let within = -(-delta_tau).exp_m1() / delta;
        (within, (within - tau * end) / delta)
    };
    let beyond = (-delta_tau).exp() / c_mu;
    let idle = 1.0 / loss_probability(load.offered(), servers - 1);
    let norm = idle + lambda * (within + beyond);
    let abandons = lambda * beyond / norm;
    let (served, wait_served) = (1.0 - abandons, lambda * first / norm);
    Impatient {
        abandons,
        waits: lambda * (within + beyond) / norm,
        wait_all_s: wait_served + abandons * tau,
        wait_served_s: wait_served / served,
        throughput_per_s: lambda * served,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::{assert_close, erlang};

    #[test]
    fn erlang_a_of_twenty_servers_at_full_load() {
        let load = Load { arrivals_per_s: 20.0, service_s: 1.0 };
        let result = exponential_patience(load, 20, 2.0);
        assert_close(result.abandons, 0.073_687_394_31, 1e-8);
        assert_close(result.waits, 0.609_929_545_3, 1e-8);
        assert_close(result.wait_all_s, 0.147_374_788_6, 1e-8);
        assert_close(result.wait_served_s, 0.143_370_234, 1e-8);
        assert_close(result.throughput_per_s, 18.526_252_11, 1e-8);
    }

    #[test]
    fn a_pool_of_twenty_with_a_timeout_of_one_service() {
        let load = Load { arrivals_per_s: 220.0, service_s: 0.1 };
        let result = constant_patience(load, 20, 0.1);
        assert_close(result.abandons, 0.098_437_727_8, 1e-8);
        assert_close(result.waits, 0.949_594_028_1, 1e-8);
        assert_close(result.wait_served_s, 0.061_981_201_42, 1e-8);
        assert_close(result.wait_all_s, 0.065_723_685_57, 1e-8);
    }

    #[test]
    fn no_patience_is_a_loss_system_and_endless_patience_erlang_c() {
        let load = Load { arrivals_per_s: 8.0, service_s: 1.0 };
        let loss = erlang::loss_probability(8.0, 10);
        assert_close(constant_patience(load, 10, 1e-9).abandons, loss, 1e-6);
        assert_close(exponential_patience(load, 10, 1e-9).abandons, loss, 1e-6);
        let wait_s = erlang::mean_wait_s(load, 10).expect("ρ < 1");
        assert_close(constant_patience(load, 10, 1e3).wait_served_s, wait_s, 1e-9);
        assert_close(exponential_patience(load, 10, 1e9).wait_served_s, wait_s, 1e-6);
    }

    #[test]
    fn constant_patience_is_continuous_where_load_meets_capacity() {
        let at =
            |lambda| constant_patience(Load { arrivals_per_s: lambda, service_s: 1.0 }, 5, 1.0);
        assert_close(at(5.0).wait_served_s, at(5.000_02).wait_served_s, 1e-4);
        assert_close(at(5.0).abandons, at(5.000_02).abandons, 1e-4);
    }
}
