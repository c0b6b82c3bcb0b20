//! Processor sharing: everyone inside is served at once, each at an equal part of the speed.

use super::birth_death::stationary_unbounded;
use super::stages::Stages;
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

/// Law of the response time of M/M/c under processor sharing, each job on at most one core: the chain
/// of what a job shares the cores with until its own work is done.
///
/// ```text
/// n others: +1 with rate λ, −1 with rate μ·min(n+1, c)·n/(n+1), done with rate μ·min(n+1, c)/(n+1)
/// ```
///
/// An arrival finds n others with their stationary probability. `None` at ρ ≥ 1, and where the chain
/// would be too long to be worth its time (ρ beyond about 0.87 on one core).
///
/// Source: Coffman, Muntz, Trotter (1970), Journal of the ACM 17, whose transform it inverts; Jensen
/// (1953) for the uniform time.
pub fn exponential_response(load: Load, cores: u32) -> Option<Stages> {
    if load.utilization(cores) >= 1.0 || load.offered() <= 0.0 {
        return None;
    }
    let (mu, c) = (1.0 / load.service_s, f64::from(cores));
    let rate = load.arrivals_per_s + c * mu;
    let found = stationary_unbounded(|_| load.offered(), |k| f64::from(k).min(c), cores);
    // Who finds few may share with many later: as many again as anybody finds.
    let most = 2 * found.len() + 50;
    let speed = |n: usize| mu * c.min(n as f64 + 1.0) / (n as f64 + 1.0);
    let (join, mut here) = (load.arrivals_per_s / rate, found);
    here.resize(most, 0.0);
    let mut left = Vec::new();
    for _ in 0..MOST_CELLS / most {
        let total: f64 = here.iter().sum();
        left.push(total);
        if total < NEGLIGIBLE {
            return Some(Stages::surviving(rate, left));
        }
        let mut next = vec![0.0; most];
        for (n, p) in here.iter().enumerate().filter(|(_, p)| **p > 0.0) {
            let others = speed(n) * n as f64 / rate;
            let done = speed(n) / rate;
            if n > 0 {
                next[n - 1] += p * others;
            }
            next[(n + 1).min(most - 1)] += p * join;
            next[n] += p * (1.0 - join - others - done);
        }
        here = next;
    }
    None
}

/// Share of the jobs that is still there when the chain ends: no quantile that is asked for feels it.
const NEGLIGIBLE: f64 = 1e-12;
/// Most states times steps that are followed.
const MOST_CELLS: usize = 8_000_000;

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

    /// Quantiles of the reference's own chains, and the deviation by Coffman's closed form.
    #[test]
    fn exponential_work_has_its_whole_law() {
        let load = Load { arrivals_per_s: 0.8, service_s: 1.0 };
        let response = exponential_response(load, 1).expect("ρ < 1");
        assert_close(response.mean_s(), 5.0, 1e-8);
        assert_close(response.deviation_s(), 58.333_333_33_f64.sqrt(), 1e-6);
        assert_close(response.quantile_s(0.5), 2.351_687_048, 1e-8);
        assert_close(response.quantile_s(0.95), 18.748_111_31, 1e-8);
        let cores = Load { arrivals_per_s: 3.4, service_s: 1.0 };
        let response = exponential_response(cores, 4).expect("ρ < 1");
        assert_close(response.quantile_s(0.5), 1.203_625_999, 1e-8);
        assert_close(response.quantile_s(0.99), 13.987_498_59, 1e-8);
        assert!(exponential_response(Load { arrivals_per_s: 0.97, service_s: 1.0 }, 1).is_none());
        assert!(exponential_response(Load { arrivals_per_s: 1.0, service_s: 1.0 }, 1).is_none());
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
