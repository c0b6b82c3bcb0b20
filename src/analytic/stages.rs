//! Times made of exponential stages of one rate: what an arrival goes through that finds so many
//! before it.

use statrs::function::gamma::ln_gamma;

use super::invert;

/// A random number of exponential stages, one after another.
///
/// ```text
/// P(T > t) = Σ_j e^{−x}·x^j/j! · P(stages > j)        x = rate·t
/// ```
///
/// Every term is positive. Behind n − c + 1 departures of c busy exponential servers a job waits so
/// many stages of rate c·μ; its own service is a geometric number of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    rate_per_s: f64,
    /// P(that many stages), by their number.
    weights: Vec<f64>,
    /// P(more stages than that), by their number.
    beyond: Vec<f64>,
}

/// Weight below which what is left of a distribution no longer counts.
const NEGLIGIBLE: f64 = 1e-17;

impl Stages {
    /// From the probabilities of 0, 1, 2, … stages, each of mean 1/`rate_per_s` > 0; they should sum
    /// to 1.
    pub fn new(rate_per_s: f64, weights: Vec<f64>) -> Self {
        let mut left = 0.0;
        let mut beyond: Vec<f64> = weights
            .iter()
            .rev()
            .map(|weight| {
                let more = left;
                left += weight;
                more
            })
            .collect();
        beyond.reverse();
        Self { rate_per_s, weights, beyond }
    }

    /// From the probabilities of more than 0, 1, 2, … stages, each of mean 1/`rate_per_s` > 0: what is
    /// left after so many steps of a chain whose time is made uniform.
    ///
    /// Source: Jensen (1953), *Markoff chains as an aid in the study of Markoff processes*.
    pub fn surviving(rate_per_s: f64, beyond: Vec<f64>) -> Self {
        let mut before = 1.0;
        let weights = beyond
            .iter()
            .map(|left| {
                let weight = before - left;
                before = *left;
                weight
            })
            .collect();
        Self { rate_per_s, weights, beyond }
    }

    /// The wait at `servers` exponential servers, first come first served, of an arrival that finds
    /// n inside with probability `found[n]`; the servers together do `rate_per_s`.
    pub fn wait(found: &[f64], servers: usize, rate_per_s: f64) -> Self {
        let free: f64 = found.iter().take(servers).sum();
        let mut weights = vec![free];
        weights.extend(found.iter().skip(servers));
        Self::new(rate_per_s, weights)
    }

    /// The same, and then the service by one of `servers`, a c-th as fast as all together.
    #[must_use]
    pub fn with_service(&self, servers: usize) -> Self {
        let ends = 1.0 / servers as f64;
        let mut weights = vec![0.0];
        let (mut serving, mut n) = (0.0, 0);
        loop {
            serving += self.weights.get(n).copied().unwrap_or(0.0);
            weights.push(serving * ends);
            serving *= 1.0 - ends;
            n += 1;
            if n >= self.weights.len() && serving < NEGLIGIBLE {
                return Self::new(self.rate_per_s, weights);
            }
        }
    }

    /// Mean, seconds.
    pub fn mean_s(&self) -> f64 {
        self.beyond.iter().sum::<f64>() / self.rate_per_s
    }

    /// Standard deviation, seconds.
    pub fn deviation_s(&self) -> f64 {
        // Var T = (E[N] + Var N) / rate².
        let mean: f64 = self.beyond.iter().sum();
        let square: f64 = self.weights.iter().enumerate().map(|(n, w)| w * (n * n) as f64).sum();
        (mean + square - mean * mean).max(0.0).sqrt() / self.rate_per_s
    }

    /// P(T > t).
    pub fn tail(&self, time_s: f64) -> f64 {
        let x = self.rate_per_s * time_s;
        if x <= 0.0 {
            return self.beyond.first().copied().unwrap_or(0.0);
        }
        let mode = (x.floor() as usize).min(self.beyond.len().saturating_sub(1));
        let at = |j: usize| (j as f64 * x.ln() - x - ln_gamma(j as f64 + 1.0)).exp();
        let (mut sum, mut p) = (0.0, at(mode));
        let start = p;
        for (j, beyond) in self.beyond.iter().enumerate().skip(mode) {
            sum += p * beyond;
            p *= x / (j as f64 + 1.0);
            if p < 1e-18 * start && j as f64 > x {
                break;
            }
        }
        p = start;
        for j in (0..mode).rev() {
            p *= (j as f64 + 1.0) / x;
            if p < 1e-18 * sum {
                break;
            }
            sum += p * self.beyond[j];
        }
        sum
    }

    /// Quantile, seconds; exactly 0 where no stage has at least that probability.
    pub fn quantile_s(&self, quantile: f64) -> f64 {
        invert(|t| 1.0 - self.tail(t), quantile, 1.0 / self.rate_per_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::birth_death::stationary_unbounded;
    use crate::analytic::{Load, assert_close, erlang};

    #[test]
    fn two_servers_agree_with_the_closed_form() {
        let found = stationary_unbounded(|_| 1.6, |k| f64::from(k.min(2)), 2);
        let wait = Stages::wait(&found, 2, 2.0);
        let load = Load { arrivals_per_s: 1.6, service_s: 1.0 };
        for q in [0.5, 0.95, 0.999] {
            let exact = erlang::wait_quantile_s(load, 2, q).expect("ρ < 1");
            assert_close(wait.quantile_s(q), exact, 1e-9);
            let exact = erlang::response_quantile_s(load, 2, q).expect("ρ < 1");
            assert_close(wait.with_service(2).quantile_s(q), exact, 1e-9);
        }
        assert_close(wait.mean_s(), 1.777_777_778, 1e-9);
        assert_eq!(wait.quantile_s(0.2), 0.0);
    }

    /// One stage is exponential: mean and deviation are the same.
    #[test]
    fn one_stage_is_exponential() {
        let one = Stages::new(0.5, vec![0.0, 1.0]);
        assert_close(one.mean_s(), 2.0, 1e-12);
        assert_close(one.deviation_s(), 2.0, 1e-12);
        assert_close(one.tail(2.0), (-1.0_f64).exp(), 1e-12);
    }
}
