//! Processor sharing: everyone inside is served at once, each at an equal part of the speed.

use super::{Load, erlang};

/// Mean response time of M/G/1 under processor sharing, seconds; insensitive to the service law.
///
/// ```text
/// R = S / (1 − ρ)         R(x) = x / (1 − ρ) for a job of length x
/// ```
///
/// Returns `None` at ρ ≥ 1. With `service_s` = x instead of the mean, but ρ from all jobs, use
/// [`slowdown`].
///
/// Source: Sakata, Noguchi, Oizumi (1971); Kleinrock, *Queueing Systems II* (1976), ch. 4.
pub fn mean_response_s(load: Load) -> Option<f64> {
    slowdown(load).map(|slowdown| slowdown * load.service_s)
}

/// Mean response over length, 1/(1 − ρ): the same for jobs of every length. `None` at ρ ≥ 1.
pub fn slowdown(load: Load) -> Option<f64> {
    let rho = load.offered();
    (rho < 1.0).then(|| 1.0 / (1.0 - rho))
}

/// Variance of the response time of M/M/1 under processor sharing, seconds².
///
/// ```text
/// Var R = (S / (1 − ρ))² · (2 + ρ) / (2 − ρ)
/// ```
///
/// Returns `None` at ρ ≥ 1.
///
/// Source: Coffman, Muntz, Trotter (1970), Journal of the ACM 17.
pub fn response_variance_s2(load: Load) -> Option<f64> {
    let rho = load.offered();
    mean_response_s(load).map(|mean_s| mean_s * mean_s * (2.0 + rho) / (2.0 - rho))
}

/// Mean response time of `cores` shared equally, each job on at most one core, seconds.
///
/// ```text
/// n inside: each runs at min(1, c/n)       R = S + W of M/M/c
/// ```
///
/// The number inside is that of M/M/c whatever the service law (the rate of service depends on n
/// only), hence the mean is insensitive too. Returns `None` at ρ ≥ 1.
///
/// Source: Cohen, *The multiple phase service network with generalized processor sharing* (1979),
/// Acta Informatica 12.
pub fn mean_response_on_cores_s(load: Load, cores: u32) -> Option<f64> {
    erlang::mean_wait_s(load, cores).map(|wait_s| wait_s + load.service_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn known_values_at_eighty_percent() {
        let load = Load { arrivals_per_s: 0.8, service_s: 1.0 };
        assert_close(mean_response_s(load).expect("ρ < 1"), 5.0, 1e-12);
        assert_close(response_variance_s2(load).expect("ρ < 1"), 58.333_333_33, 1e-9);
        assert_eq!(mean_response_s(Load { arrivals_per_s: 1.0, service_s: 1.0 }), None);
    }

    #[test]
    fn four_cores_at_eighty_five_percent() {
        let load = Load { arrivals_per_s: 3.4, service_s: 1.0 };
        assert_close(mean_response_on_cores_s(load, 4).expect("ρ < 1"), 2.148_860_369, 1e-9);
    }

    #[test]
    fn one_core_is_the_single_processor() {
        let load = Load { arrivals_per_s: 6.0, service_s: 0.1 };
        assert_close(
            mean_response_on_cores_s(load, 1).expect("ρ < 1"),
            mean_response_s(load).expect("ρ < 1"),
            1e-12,
        );
    }
}
