//! Rate limits under Poisson arrivals: token bucket that rejects or waits, fixed window.

use statrs::function::gamma::gamma_lr;

use super::Load;
use super::constant_service::number_weights;

/// Fraction of Poisson requests that a token bucket rejects.
///
/// ```text
/// ρ = λ/r        G = Σ_{n=0..b−1} P(N = n)/P(N = 0) of M/D/1 with service 1/r
/// reject = 1 − G / (1 + ρ·G)
/// ```
///
/// Missing tokens are the work of M/D/1 that refuses who finds more than b−1 services of it.
/// `arrivals_per_s` ≥ 0, `rate_per_s` > 0, `burst` ≥ 1 whole tokens; any load (far above the rate
/// it tends to 1 − 1/ρ). O(b) time.
///
/// Source: Berger (1991), *Performance analysis of a rate-control throttle where tokens and jobs
/// queue*, IEEE JSAC 9; the bounded work of M/G/1: Cohen, *The Single Server Queue* (1982), III.6.
pub fn bucket_rejects(arrivals_per_s: f64, rate_per_s: f64, burst: u32) -> f64 {
    let rho = arrivals_per_s / rate_per_s;
    let g: f64 = number_weights(rho, burst as usize - 1).iter().sum();
    if g.is_finite() { (1.0 - g / (1.0 + rho * g)).max(0.0) } else { 1.0 - 1.0 / rho }
}

/// How a token bucket that makes requests wait, in order, delays them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    /// Fraction of requests that wait.
    pub waits: f64,
    /// Mean wait over all requests, seconds.
    pub wait_s: f64,
}

/// Delay of Poisson requests in a token bucket where they wait for their token.
///
/// ```text
/// N inside M/D/1 with service 1/r
/// P(wait > 0) = P(N ≥ b)        E[wait] = E[(N − b)⁺] / λ
/// ```
///
/// The wait is what of the M/D/1 work exceeds b−1 services, hence those who wait are the ones
/// behind the first b inside. `burst` ≥ 1 whole tokens. `None` at λ ≥ r. O(b) time.
///
/// Source: as [`bucket_rejects`].
pub fn bucket_delay(arrivals_per_s: f64, rate_per_s: f64, burst: u32) -> Option<Delay> {
    let load = Load { arrivals_per_s, service_s: 1.0 / rate_per_s };
    let rho = load.offered();
    if rho >= 1.0 {
        return None;
    }
    if rho <= 0.0 {
        return Some(Delay { waits: 0.0, wait_s: 0.0 });
    }
    // E[N] of M/D/1, less what the first b places hold: Σ_{n<b} P(N > n).
    let mut beyond = rho + rho * rho / (2.0 * (1.0 - rho));
    let mut at_most = 0.0;
    for weight in number_weights(rho, burst as usize - 1) {
        at_most += weight * (1.0 - rho);
        beyond -= 1.0 - at_most;
    }
    Some(Delay { waits: (1.0 - at_most).max(0.0), wait_s: beyond.max(0.0) / arrivals_per_s })
}

/// Fraction of Poisson requests rejected where the first `limit` of each window of the clock pass.
///
/// ```text
/// reject = E[(N − L)⁺] / E[N] = P(N ≥ L) − (L/m)·P(N ≥ L+1)        N Poisson of mean m = λ·window
/// ```
///
/// Zero without requests.
pub fn window_rejects(arrivals_per_s: f64, window_s: f64, limit: u32) -> f64 {
    let mean = arrivals_per_s * window_s;
    if mean <= 0.0 {
        return 0.0;
    }
    let limit = f64::from(limit);
    let at_least = |k: f64| if k <= 0.0 { 1.0 } else { gamma_lr(k, mean) };
    (at_least(limit) - at_least(limit + 1.0) * limit / mean).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn a_bucket_of_five_at_ninety_percent() {
        assert_close(bucket_rejects(0.9, 1.0, 5), 0.064_361_897_19, 1e-8);
        let delay = bucket_delay(0.9, 1.0, 5).expect("λ < r");
        assert_close(delay.waits, 0.407_545_409_9, 1e-8);
        assert_close(delay.wait_s, 1.967_406_581, 1e-8);
    }

    /// A bucket of one token admits a request only when the last admitted is 1/r old: M/D/1/1.
    #[test]
    fn a_bucket_of_one_is_the_loss_system_of_one_server() {
        for rho in [0.1, 1.0, 3.0] {
            assert_close(bucket_rejects(rho, 1.0, 1), rho / (1.0 + rho), 1e-12);
        }
    }

    #[test]
    fn far_above_its_rate_a_bucket_passes_its_rate() {
        assert_close(bucket_rejects(500.0, 100.0, 20), 0.8, 1e-9);
        assert_close(bucket_rejects(500.0, 100.0, 5000), 0.8, 1e-9);
        assert!(bucket_rejects(50.0, 100.0, 1000) < 1e-12);
    }

    /// `E[wait]` of a bucket with one token is the wait of M/D/1.
    #[test]
    fn waiting_at_a_bucket_of_one_is_m_d_1() {
        let delay = bucket_delay(0.8, 1.0, 1).expect("λ < r");
        assert_close(delay.wait_s, 2.0, 1e-12);
        assert_close(delay.waits, 0.8, 1e-12);
        assert_eq!(bucket_delay(1.0, 1.0, 3), None);
    }

    #[test]
    fn twelve_of_ten_per_window() {
        assert_close(window_rejects(10.0, 1.0, 12), 0.053_091_625_37, 1e-9);
        assert_close(window_rejects(10.0, 1.0, 0), 1.0, 1e-12);
    }
}
