//! Erlang's systems with exponential service: loss (B), delay (C) and a finite waiting room.

use super::birth_death::{mean, stationary};
use super::{Load, invert};

/// Probability that an arrival is lost in M/G/c/c (Erlang B); insensitive to the service law.
///
/// ```text
/// B(0) = 1        B(k) = a·B(k−1) / (k + a·B(k−1))
/// ```
///
/// `offered_load` a ≥ 0 is in erlangs and may exceed `servers`; with 0 servers all is lost. O(c)
/// time; the recurrence does not overflow for large c.
///
/// Source: Erlang (1917); Cooper, *Introduction to Queueing Theory*, 2nd ed. (1981), ch. 3.
pub fn loss_probability(offered_load: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |b, k| {
        let ab = offered_load * b;
        ab / (f64::from(k) + ab)
    })
}

/// Probability that an arrival must wait in M/M/c (Erlang C).
///
/// ```text
/// a = λ·S          offered load [erlang]
/// ρ = a / c        utilization, ρ < 1
/// C = B(c) / (1 − ρ·(1 − B(c)))
/// ```
///
/// Returns `None` at ρ ≥ 1, where the queue has no steady state. O(c) time.
///
/// Source: Erlang (1917); Cooper, *Introduction to Queueing Theory*, 2nd ed. (1981), ch. 3.
pub fn wait_probability(offered_load: f64, servers: u32) -> Option<f64> {
    let rho = offered_load / f64::from(servers);
    let b = loss_probability(offered_load, servers);
    (rho < 1.0).then(|| b / (1.0 - rho * (1.0 - b)))
}

/// Mean time in queue of M/M/c, over all arrivals, seconds.
///
/// ```text
/// W = C·S / (c − a)
/// ```
///
/// Returns `None` at ρ ≥ 1.
///
/// Source: Gross et al., *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 2.
pub fn mean_wait_s(load: Load, servers: u32) -> Option<f64> {
    let c = wait_probability(load.offered(), servers)?;
    Some(c * load.service_s / (f64::from(servers) - load.offered()))
}

/// Quantile of the time in queue of M/M/c, first come first served, seconds.
///
/// ```text
/// P(W > t) = C·exp(−(c − a)·t / S)
/// ```
///
/// `quantile` is in (0, 1). Exactly 0 where 1 − C ≥ `quantile`; `None` at ρ ≥ 1.
///
/// Source: Gross et al., *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 2.
pub fn wait_quantile_s(load: Load, servers: u32, quantile: f64) -> Option<f64> {
    let c = wait_probability(load.offered(), servers)?;
    let spread_s = load.service_s / (f64::from(servers) - load.offered());
    Some((c / (1.0 - quantile)).ln().max(0.0) * spread_s)
}

/// Quantile of the response time (wait and service) of M/M/c, first come first served, seconds.
///
/// ```text
/// μ = 1/S, δ = (c − a)/S
/// P(R > t) = (1 − C)·exp(−μt) + C·(μ·exp(−δt) − δ·exp(−μt)) / (μ − δ)
///          = exp(−μt)·(1 + C·μt)                                       where μ = δ
/// ```
///
/// `quantile` is in (0, 1); `None` at ρ ≥ 1.
///
/// Source: Gross et al., *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 2.
pub fn response_quantile_s(load: Load, servers: u32, quantile: f64) -> Option<f64> {
    let c = wait_probability(load.offered(), servers)?;
    let mu = 1.0 / load.service_s;
    let delta = (f64::from(servers) - load.offered()) * mu;
    let tail = |t: f64| {
        if (mu - delta).abs() < 1e-9 * mu {
            (-mu * t).exp() * (1.0 + c * mu * t)
        } else {
            let both = mu * (-delta * t).exp() - delta * (-mu * t).exp();
            (1.0 - c) * (-mu * t).exp() + c * both / (mu - delta)
        }
    };
    Some(invert(|t| 1.0 - tail(t), quantile, load.service_s))
}

/// What M/M/c/K does in steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FiniteRoom {
    /// Fraction of arrivals that find K inside and are lost.
    pub blocking: f64,
    /// Completions per second, λ·(1 − blocking).
    pub throughput_per_s: f64,
    /// Mean number inside, waiting and in service.
    pub number: f64,
    /// Mean response time of those let in, seconds.
    pub response_s: f64,
    /// Mean time in queue of those let in, seconds.
    pub wait_s: f64,
    /// Busy fraction of the servers.
    pub utilization: f64,
}

/// M/M/c/K: `servers` (≥ 1) servers and room for `room` (≥ `servers`) in all; arrivals that find it
/// full are lost. Any load has a steady state.
///
/// ```text
/// p(k+1) = p(k) · λS / min(k+1, c)     blocking = p(K)     R = L / (λ·(1 − p(K)))
/// ```
///
/// Source: Gross et al., *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 2.
pub fn finite_room(load: Load, servers: u32, room: u32) -> FiniteRoom {
    let births = vec![load.offered(); room as usize];
    let deaths: Vec<f64> = (1..=room).map(|k| f64::from(k.min(servers))).collect();
    let p = stationary(&births, &deaths);
    let blocking = p[room as usize];
    let throughput_per_s = load.arrivals_per_s * (1.0 - blocking);
    let number = mean(&p);
    let response_s = number / throughput_per_s;
    FiniteRoom {
        blocking,
        throughput_per_s,
        number,
        response_s,
        wait_s: response_s - load.service_s,
        utilization: throughput_per_s * load.service_s / f64::from(servers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;
    use crate::analytic::birth_death::stationary_unbounded;

    const fn load(arrivals_per_s: f64, service_s: f64) -> Load {
        Load { arrivals_per_s, service_s }
    }

    /// Published traffic tables: the load that c trunks carry at 1 % loss, in erlangs.
    #[test]
    fn loss_agrees_with_published_traffic_tables() {
        for (servers, erlangs) in [(1, 0.0101), (5, 1.361), (10, 4.461), (20, 12.03), (100, 84.06)]
        {
            assert_close(loss_probability(erlangs, servers), 0.01, 0.005);
        }
    }

    #[test]
    fn loss_of_twenty_servers_at_fifteen_erlangs() {
        assert_close(loss_probability(15.0, 20), 0.045_593_215_59, 1e-9);
        assert_close(loss_probability(8.0, 10), 0.121_661_064_3, 1e-9);
        assert_eq!(loss_probability(3.0, 0), 1.0);
    }

    #[test]
    fn one_server_waits_with_probability_rho() {
        for rho in [0.0, 0.3, 0.95] {
            assert!((wait_probability(rho, 1).expect("ρ < 1") - rho).abs() < 1e-12);
        }
        assert_eq!(wait_probability(1.0, 1), None);
    }

    #[test]
    fn waiting_agrees_with_known_values_of_two_ten_and_a_hundred_servers() {
        let cases = [
            (load(1.6, 1.0), 2, 0.711_111_111_1, 1.777_777_778),
            (load(9.0, 1.0), 10, 0.668_731_524_1, 0.668_731_524_1),
            (load(95.0, 1.0), 100, 0.506_456_853_9, 0.101_291_370_8),
        ];
        for (load, servers, waits, wait_s) in cases {
            assert_close(wait_probability(load.offered(), servers).expect("ρ < 1"), waits, 1e-9);
            assert_close(mean_wait_s(load, servers).expect("ρ < 1"), wait_s, 1e-9);
        }
    }

    #[test]
    fn waiting_agrees_with_the_birth_death_chain() {
        let (a, c) = (6.3, 7_u32);
        let p = stationary_unbounded(|_| a, |k| f64::from(k.min(c)), c);
        let waits: f64 = p[c as usize..].iter().sum();
        let queue: f64 = p.iter().enumerate().map(|(k, p)| p * (k as f64 - 7.0).max(0.0)).sum();
        assert_close(wait_probability(a, c).expect("ρ < 1"), waits, 1e-10);
        assert_close(mean_wait_s(load(a, 1.0), c).expect("ρ < 1"), queue / a, 1e-10);
    }

    #[test]
    fn quantiles_agree_with_known_values() {
        let two = load(1.6, 1.0);
        assert_close(wait_quantile_s(two, 2, 0.5).expect("ρ < 1"), 0.880_551_484, 1e-8);
        assert_close(wait_quantile_s(two, 2, 0.99).expect("ρ < 1"), 10.660_609, 1e-8);
        assert_close(response_quantile_s(two, 2, 0.99).expect("ρ < 1"), 11.937_370_24, 1e-8);
        let one = load(80.0, 0.01);
        assert_close(response_quantile_s(one, 1, 0.99).expect("ρ < 1"), 0.230_258_509_3, 1e-8);
        assert_eq!(wait_quantile_s(load(0.5, 1.0), 1, 0.5), Some(0.0));
    }

    #[test]
    fn a_finite_room_agrees_with_known_values() {
        let overload = finite_room(load(1.2, 1.0), 1, 5);
        assert_close(overload.blocking, 0.250_588_121_6, 1e-9);
        assert_close(overload.number, 3.021_172_376, 1e-9);
        assert_close(overload.wait_s, 2.359_492_582, 1e-9);
        let four = finite_room(load(4.8, 1.0), 4, 10);
        assert_close(four.blocking, 0.205_472_283_6, 1e-9);
        assert_close(four.throughput_per_s, 3.813_733_039, 1e-9);
        assert_close(four.response_s, 1.864_560_059, 1e-9);
    }

    #[test]
    fn a_room_as_large_as_the_servers_is_erlang_b_and_an_endless_one_erlang_c() {
        assert_close(
            finite_room(load(15.0, 1.0), 20, 20).blocking,
            loss_probability(15.0, 20),
            1e-12,
        );
        let endless = finite_room(load(9.0, 1.0), 10, 2000);
        let wait_s = mean_wait_s(load(9.0, 1.0), 10).expect("ρ < 1");
        assert_close(endless.wait_s, wait_s, 1e-9);
    }
}
