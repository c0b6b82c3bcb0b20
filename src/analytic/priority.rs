//! One server and classes of priority, the first class going first.

use super::single_server::Moments;

/// Poisson arrivals of one class with their service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Arrival rate, 1/s.
    pub arrivals_per_s: f64,
    /// Service time.
    pub service: Moments,
}

/// Load of the classes up to and including each.
fn cumulated(classes: &[Class]) -> Vec<f64> {
    let mut sum = 0.0;
    let add = |class: &Class| {
        sum += class.arrivals_per_s * class.service.mean_s;
        sum
    };
    classes.iter().map(add).collect()
}

/// Mean time in queue per class where a job in service is never interrupted, seconds; one entry
/// per class, in order of priority.
///
/// ```text
/// W(k) = ½·Σ_all λ(i)·E[S(i)²] / ((1 − σ(k−1))·(1 − σ(k)))      σ(k) = Σ_{i≤k} ρ(i)
/// ```
///
/// `None` for the classes from which on σ ≥ 1; at overload the residual service is that of the
/// classes that are served, which this formula does not know, so then all entries are `None`.
///
/// Source: Cobham, *Priority assignment in waiting line problems* (1954), Operations Research 2.
pub fn waits_s(classes: &[Class]) -> Vec<Option<f64>> {
    let sigma = cumulated(classes);
    let stable = sigma.last().is_none_or(|sigma| *sigma < 1.0);
    let residual: f64 =
        classes.iter().map(|class| class.arrivals_per_s * class.service.square_s2 / 2.0).sum();
    let wait = |k: usize| {
        let before = if k == 0 { 0.0 } else { sigma[k - 1] };
        stable.then(|| residual / ((1.0 - before) * (1.0 - sigma[k])))
    };
    (0..classes.len()).map(wait).collect()
}

/// Mean response time per class where a higher class interrupts, and the interrupted job resumes
/// where it stopped, seconds; one entry per class, in order of priority.
///
/// ```text
/// R(k) = S(k) / (1 − σ(k−1)) + ½·Σ_{i≤k} λ(i)·E[S(i)²] / ((1 − σ(k−1))·(1 − σ(k)))
/// ```
///
/// `None` for the classes with σ(k) ≥ 1; the ones above them do not feel it.
///
/// Source: White and Christie (1958), Operations Research 6; Jaiswal, *Priority Queues* (1968).
pub fn preemptive_responses_s(classes: &[Class]) -> Vec<Option<f64>> {
    let sigma = cumulated(classes);
    let mut residual = 0.0;
    let mut response = |(k, class): (usize, &Class)| {
        residual += class.arrivals_per_s * class.service.square_s2 / 2.0;
        let free = 1.0 - if k == 0 { 0.0 } else { sigma[k - 1] };
        (sigma[k] < 1.0).then(|| class.service.mean_s / free + residual / (free * (1.0 - sigma[k])))
    };
    classes.iter().enumerate().map(&mut response).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;
    use crate::analytic::single_server::mean_wait_s;

    fn exponential(arrivals_per_s: f64) -> Class {
        Class { arrivals_per_s, service: Moments::new(1.0, 1.0) }
    }

    #[test]
    fn two_exponential_classes_have_known_means() {
        let waits = waits_s(&[exponential(0.3), exponential(0.5)]);
        assert_close(waits[0].expect("σ < 1"), 1.142_857_143, 1e-9);
        assert_close(waits[1].expect("σ < 1"), 5.714_285_714, 1e-9);
        let responses = preemptive_responses_s(&[exponential(0.3), exponential(0.4)]);
        assert_close(responses[0].expect("σ < 1"), 1.428_571_429, 1e-9);
        assert_close(responses[1].expect("σ < 1"), 4.761_904_762, 1e-9);
    }

    /// Kleinrock's conservation law: Σ ρ(k)·W(k) does not depend on the order.
    #[test]
    fn the_load_weighted_mean_wait_is_that_of_no_priorities() {
        let classes = [
            Class { arrivals_per_s: 0.2, service: Moments::new(1.5, 3.0) },
            Class { arrivals_per_s: 0.5, service: Moments::new(0.6, 0.0) },
        ];
        let waits = waits_s(&classes);
        let weighted = 0.3 * waits[0].expect("σ < 1") + 0.3 * waits[1].expect("σ < 1");
        let rate = 0.7;
        let square =
            (0.2 * classes[0].service.square_s2 + 0.5 * classes[1].service.square_s2) / rate;
        let all = mean_wait_s(rate, Moments { mean_s: 0.6 / rate, square_s2: square });
        assert_close(weighted, 0.6 * all.expect("σ < 1"), 1e-12);
    }

    #[test]
    fn a_class_above_an_overload_does_not_feel_it_when_it_interrupts() {
        let responses = preemptive_responses_s(&[exponential(0.5), exponential(0.6)]);
        assert_close(responses[0].expect("σ < 1"), 2.0, 1e-12);
        assert_eq!(responses[1], None);
    }
}
