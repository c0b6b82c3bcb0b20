//! Constant service: M/D/c by Crommelin's series, and the whole law of M/D/1, on which rate limits
//! rest.

use statrs::function::gamma::gamma_lr;

use super::{Load, invert};

/// Mean time in queue of M/D/c, seconds; `service_s` is the constant D.
///
/// ```text
/// W/D = Σ_{i≥1} [ P(N(ia) ≥ ic) − (c/a)·P(N(ia) ≥ ic+1) ]      N(m) Poisson of mean m
/// ```
///
/// The terms fall geometrically; the sum ends where they no longer count, after about
/// 40/(1 − ρ)² of them. Zero without arrivals, `None` at ρ ≥ 1.
///
/// Source: Crommelin, *Delay probability formulae when the holding times are constant* (1932),
/// P.O.E.E. Journal 25; Tijms, *A First Course in Stochastic Models* (2003), ch. 9.
pub fn mean_wait_s(load: Load, servers: u32) -> Option<f64> {
    let (a, c) = (load.offered(), f64::from(servers));
    if a >= c {
        return None;
    }
    if a <= 0.0 {
        return Some(0.0);
    }
    let mut sum = 0.0;
    for i in 1..20_000_000_u32 {
        let i = f64::from(i);
        let term = gamma_lr(i * c, i * a) - gamma_lr(i * c + 1.0, i * a) * c / a;
        sum += term;
        if term <= 1e-15 * sum {
            break;
        }
    }
    Some(sum * load.service_s)
}

/// Probability that an arrival at M/D/c waits.
///
/// ```text
/// P(N < c) = P(A(ia) < ic for all i ≥ 1) = exp(−Σ_{i≥1} P(A(ia) ≥ ic) / i)      A(m) Poisson of mean m
/// ```
///
/// The number inside after D is what then waits and what has come, so its excess over c is the largest
/// value of a random walk. `None` at ρ ≥ 1.
///
/// Source: Spitzer, *The Wiener–Hopf equation whose kernel is a probability density* (1957), Duke
/// Mathematical Journal 24, for the walk; Crommelin (1932) for the queue.
pub fn wait_probability(load: Load, servers: u32) -> Option<f64> {
    let (a, c) = (load.offered(), f64::from(servers));
    if a >= c {
        return None;
    }
    let mut sum = 0.0;
    for i in 1..20_000_000_u32 {
        let i = f64::from(i);
        let term = gamma_lr(i * c, i * a) / i;
        sum += term;
        if term <= 1e-17 * sum {
            break;
        }
    }
    Some(-(-sum).exp_m1())
}

/// Weights of the number inside M/D/1 relative to an empty system, for any load: entry k is
/// P(N = k) / P(N = 0) for k = 0..=`most`.
///
/// ```text
/// w(n+1)·P(A=0) = w(0)·P(A ≥ n+1) + Σ_{i=1..n} w(i)·P(A ≥ n+2−i)      A Poisson of mean ρ
/// ```
///
/// Cuts between n and n+1 of the chain at departures; all terms are positive, so nothing cancels.
/// At ρ < 1 the weights sum to 1/(1 − ρ); at ρ ≥ 1 they describe a system that is cut off at some
/// level, and may reach infinity for large `most`.
///
/// Source: Ramaswami (1988), *A stable recursion for the steady state vector in Markov chains of
/// M/G/1 type*, Stochastic Models 4.
pub fn number_weights(rho: f64, most: usize) -> Vec<f64> {
    // P(A ≥ k) until it is negligible: one service rarely sees more than this many arrivals.
    let reach = (rho + 12.0 * rho.sqrt() + 40.0) as usize;
    let tail: Vec<f64> =
        (0..=reach).map(|k| if k == 0 { 1.0 } else { gamma_lr(k as f64, rho) }).collect();
    let mut weights = vec![1.0];
    for n in 0..most {
        let first = tail.get(n + 1).copied().unwrap_or(0.0);
        let from = (n + 2).saturating_sub(reach).max(1);
        let inner: f64 = (from..=n).map(|i| weights[i] * tail[n + 2 - i]).sum();
        weights.push((first + inner) * rho.exp());
    }
    weights
}

/// P(W ≤ t) of M/D/1, first come first served; also the law of the work found by an arrival.
///
/// ```text
/// k = ⌊t/D⌋ + 1, u = λ·(k·D − t)
/// P(W ≤ t) = Σ_{j=0..k−1} Q(k−1−j) · u^j·e^{−u} / j!       Q(m) = P(at most m wait)
/// ```
///
/// `wait_s` ≥ 0. Every term is positive (the older alternating series loses all digits at some
/// twenty services). O(t/D) time after O(t/D) for Q. `None` at ρ ≥ 1.
///
/// Source: Franx, *A simple solution for the M/D/c waiting time distribution* (2001), Operations
/// Research Letters 29.
pub fn wait_at_most(load: Load, wait_s: f64) -> Option<f64> {
    let rho = load.offered();
    if rho >= 1.0 {
        return None;
    }
    if rho <= 0.0 {
        return Some(1.0);
    }
    let k = (wait_s / load.service_s).floor() as usize + 1;
    let mut inside = 0.0;
    let at_most: Vec<f64> = number_weights(rho, k + 1)
        .iter()
        .map(|weight| {
            inside += weight * (1.0 - rho);
            inside
        })
        .collect();
    let u = load.arrivals_per_s * (k as f64 * load.service_s - wait_s);
    let (mut poisson, mut sum) = ((-u).exp(), 0.0);
    for j in 0..k {
        // At most m wait when at most m + 1 are inside.
        sum += at_most[k - j] * poisson;
        poisson *= u / (j + 1) as f64;
    }
    Some(sum.min(1.0))
}

/// Quantile of the time in queue of M/D/1, seconds; exactly 0 where 1 − ρ ≥ `quantile`. `None` at
/// ρ ≥ 1.
pub fn wait_quantile_s(load: Load, quantile: f64) -> Option<f64> {
    wait_at_most(load, 0.0)?;
    let cdf = |t| wait_at_most(load, t).expect("ρ < 1 was checked");
    Some(invert(cdf, quantile, load.service_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;
    use crate::analytic::single_server::{self, Moments};

    const fn load(arrivals_per_s: f64) -> Load {
        Load { arrivals_per_s, service_s: 1.0 }
    }

    /// One server is busy a share ρ of the time; the tables have 0.7754 for four at 90 %.
    #[test]
    fn arrivals_wait_when_all_servers_are_busy() {
        let one = Load { arrivals_per_s: 0.8, service_s: 1.0 };
        assert_close(wait_probability(one, 1).expect("ρ < 1"), 0.8, 1e-12);
        let four = Load { arrivals_per_s: 3.6, service_s: 1.0 };
        assert_close(wait_probability(four, 4).expect("ρ < 1"), 0.775_436_586_3, 1e-9);
        assert_eq!(wait_probability(four, 3), None);
    }

    #[test]
    fn one_server_is_half_the_wait_of_exponential_service() {
        for rho in [0.1, 0.5, 0.8, 0.98] {
            let exact = single_server::mean_wait_s(rho, Moments::new(1.0, 0.0)).expect("ρ < 1");
            assert_close(mean_wait_s(load(rho), 1).expect("ρ < 1"), exact, 1e-9);
        }
    }

    #[test]
    fn four_servers_at_ninety_percent() {
        assert_close(mean_wait_s(load(3.6), 4).expect("ρ < 1"), 0.999_965_885_6, 1e-9);
        assert_eq!(mean_wait_s(load(4.0), 4), None);
    }

    #[test]
    fn weights_are_a_distribution_with_the_mean_of_littles_law() {
        let weights = number_weights(0.8, 400);
        assert_close(weights.iter().sum::<f64>(), 5.0, 1e-10);
        let number: f64 = weights.iter().enumerate().map(|(k, w)| 0.2 * w * k as f64).sum();
        assert_close(number, 0.8 * 3.0, 1e-10);
    }

    #[test]
    fn quantiles_agree_with_known_values() {
        for (quantile, wait_s) in
            [(0.5, 1.275_939_873), (0.99, 10.355_886_79), (0.999, 15.700_268_19), (0.15, 0.0)]
        {
            let measured = wait_quantile_s(load(0.8), quantile).expect("ρ < 1");
            assert!((measured - wait_s).abs() < 1e-8 * wait_s.max(1.0), "{measured} {wait_s}");
        }
    }

    /// ∫ P(W > t) dt by Simpson's rule on each unit is the mean.
    #[test]
    fn the_law_integrates_to_the_mean() {
        let steps = 4000;
        let h = 40.0 / f64::from(steps);
        let tail = |i: i32| 1.0 - wait_at_most(load(0.5), f64::from(i) * h).expect("ρ < 1");
        let weight = |i: i32| match i {
            i if i == 0 || i == steps => 1.0,
            i if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let integral: f64 = (0..=steps).map(|i| weight(i) * tail(i)).sum::<f64>() * h / 3.0;
        assert_close(integral, 0.5, 1e-4);
    }
}
