//! Queues that no exact law here knows: the two-moment approximation of Allen and Cunneen.

use super::solution::Law;
use super::{Load, erlang};

/// Its name.
pub(super) const LAW: Law = Law {
    name: "Allen–Cunneen",
    source: "Allen 1990, Probability, Statistics, and Queueing Theory, ch. 5",
};

/// Mean time in queue of GI/G/c, seconds, by the squared coefficients of variation of gaps and
/// services.
///
/// ```text
/// W ≈ W(M/M/c) · (c²(gaps) + c²(services)) / 2
/// ```
///
/// Exact for M/M/c and M/G/1. `None` at ρ ≥ 1.
pub(super) fn wait_s(load: Load, servers: u32, gaps_scv: f64, service_scv: f64) -> Option<f64> {
    Some(erlang::mean_wait_s(load, servers)? * 0.5 * (gaps_scv + service_scv))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;
    use crate::analytic::single_server::{Moments, mean_wait_s};

    #[test]
    fn it_is_exact_for_one_server_of_any_law() {
        let load = Load { arrivals_per_s: 0.8, service_s: 1.0 };
        let exact = mean_wait_s(0.8, Moments::new(1.0, 10.0)).expect("ρ < 1");
        assert_close(wait_s(load, 1, 1.0, 10.0).expect("ρ < 1"), exact, 1e-12);
    }
}
