//! A server for everyone (M/G/∞): sessions, sockets, calls in flight.

use statrs::function::gamma::gamma_ur;

use super::Load;

/// Probability that at most `count` are present in M/G/∞.
///
/// ```text
/// N is Poisson of mean a = λ·S, whatever the law of service
/// ```
///
/// Source: Takács, *Introduction to the Theory of Queues* (1962), ch. 3.
pub fn at_most(load: Load, count: u64) -> f64 {
    if load.offered() <= 0.0 { 1.0 } else { gamma_ur(count as f64 + 1.0, load.offered()) }
}

/// Least n such that at most n are present with probability `quantile` (in (0, 1)) in M/G/∞.
/// O(log n) time.
pub fn number_quantile(load: Load, quantile: f64) -> u64 {
    let mut high = 1;
    while at_most(load, high) < quantile {
        high *= 2;
    }
    let mut low = 0;
    while low < high {
        let middle = u64::midpoint(low, high);
        if at_most(load, middle) >= quantile {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}

/// Mean number present t seconds after an empty start, exponential stay.
///
/// ```text
/// m(t) = a·(1 − exp(−t/S))
/// ```
///
/// Source: Eick, Massey, Whitt, *The physics of the* `M_t/G/∞` *queue* (1993), Operations Research 41.
pub fn mean_after_s(load: Load, time_s: f64) -> f64 {
    load.offered() * -(-time_s / load.service_s).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    const SESSIONS: Load = Load { arrivals_per_s: 50.0, service_s: 2.0 };

    #[test]
    fn a_hundred_sessions_need_a_hundred_and_twenty_four_places_at_p99() {
        assert_eq!(number_quantile(SESSIONS, 0.99), 124);
        assert_eq!(number_quantile(Load { arrivals_per_s: 0.0, service_s: 1.0 }, 0.99), 0);
    }

    #[test]
    fn the_law_is_that_of_erlang_b_with_so_many_servers_that_none_is_lost() {
        let lost = crate::analytic::erlang::loss_probability(100.0, 124);
        let (just, below) = (at_most(SESSIONS, 124), at_most(SESSIONS, 123));
        assert_close((just - below) / just, lost, 1e-9);
    }

    #[test]
    fn the_start_is_forgotten() {
        assert_close(mean_after_s(SESSIONS, 100.0), 100.0, 1e-12);
        assert_close(mean_after_s(SESSIONS, 2.0), 100.0 * (1.0 - (-1.0_f64).exp()), 1e-12);
    }
}
