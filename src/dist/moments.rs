//! Moments and distribution functions, exact.
//!
//! Everything follows from the partial moments E[Xⁿ; X ≤ a], n = 0, 1, 2: the distribution function is
//! n = 0, the moments are their limits, and clipping needs them at its two bounds.

use statrs::function::erf::erfc;
use statrs::function::gamma::{checked_gamma_lr, ln_gamma};

use super::{Distribution, rounding};

/// Most values of a table that stands for a scaled whole-number distribution.
const MAX_TABLE: usize = 4096;

impl Distribution {
    /// Mean, in the unit of what is drawn.
    pub fn mean(&self) -> f64 {
        self.moment(1)
    }

    /// E\[X²\]; infinite for a Pareto distribution with `alpha` ≤ 2 and no upper bound.
    pub fn second_moment(&self) -> f64 {
        self.moment(2)
    }

    /// Squared coefficient of variation, variance over squared mean; 0 when the mean is 0.
    pub fn scv(&self) -> f64 {
        let (mean, second) = (self.moment(1), self.moment(2));
        if mean > 0.0 { (second / (mean * mean) - 1.0).max(0.0) } else { 0.0 }
    }

    /// Probability of a draw of at most `x`.
    pub fn cdf(&self, x: f64) -> f64 {
        self.below(0, x).clamp(0.0, 1.0)
    }

    /// The distribution of `by` times a draw; `by` ≥ 0.
    ///
    /// Every family is closed under it but the two of whole numbers: they become a table of their
    /// values (cut where less than 10⁻¹² is left), or with more than 4096 of them a gamma distribution
    /// of the same mean and variance.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        if by == 1.0 {
            return self;
        }
        if by <= 0.0 {
            return Self::Constant(0.0);
        }
        match self {
            Self::Constant(value) => Self::Constant(value * by),
            Self::Exponential { mean } => Self::Exponential { mean: mean * by },
            Self::Uniform { low, high } => Self::Uniform { low: low * by, high: high * by },
            Self::LogNormal { mu, sigma } => Self::LogNormal { mu: mu + by.ln(), sigma },
            Self::Gamma { shape, scale } => Self::Gamma { shape, scale: scale * by },
            Self::Weibull { shape, scale } => Self::Weibull { shape, scale: scale * by },
            Self::Pareto { alpha, low, high } => {
                Self::Pareto { alpha, low: low * by, high: high * by }
            }
            Self::Hyperexponential { p1, mean1, mean2 } => {
                Self::Hyperexponential { p1, mean1: mean1 * by, mean2: mean2 * by }
            }
            Self::Mix(parts) => {
                Self::Mix(parts.into_iter().map(|(bound, part)| (bound, part.scaled(by))).collect())
            }
            Self::Empirical(values) => {
                Self::Empirical(values.into_iter().map(|(bound, v)| (bound, v * by)).collect())
            }
            Self::Clipped { inner, low, high } => {
                Self::Clipped { inner: Box::new(inner.scaled(by)), low: low * by, high: high * by }
            }
            Self::Rounded { inner, step, up } => {
                Self::Rounded { inner: Box::new(inner.scaled(by)), step: step * by, up }
            }
            Self::Shifted { inner, by: plus } => {
                Self::Shifted { inner: Box::new(inner.scaled(by)), by: plus * by }
            }
            Self::Geometric { .. } | Self::Poisson { .. } => self.tabled(by),
        }
    }

    fn tabled(&self, by: f64) -> Self {
        let (mean, scv) = (self.mean(), self.scv());
        if mean <= 0.0 {
            return Self::Constant(0.0);
        }
        let mut values = Vec::new();
        for k in 0..MAX_TABLE {
            let bound = self.cdf(k as f64);
            let is_last = bound > 1.0 - 1e-12;
            values.push((if is_last { 1.0 } else { bound }, k as f64 * by));
            if is_last {
                return Self::Empirical(values);
            }
        }
        Self::Gamma { shape: 1.0 / scv, scale: mean * scv * by }
    }

    /// E\[Xⁿ\], n = 1 or 2.
    fn moment(&self, n: i32) -> f64 {
        let power = f64::from(n);
        match self {
            Self::Constant(value) => value.powi(n),
            Self::Exponential { mean } => factorial(n) * mean.powi(n),
            Self::Uniform { low, high } => {
                // (high^(n+1) − low^(n+1)) / ((n+1)(high − low)), without the cancellation.
                (0..=n).map(|i| high.powi(i) * low.powi(n - i)).sum::<f64>() / (power + 1.0)
            }
            Self::LogNormal { mu, sigma } => {
                (power * mu + 0.5 * power * power * sigma * sigma).exp()
            }
            Self::Gamma { shape, scale } => {
                (0..n).map(|i| scale * (shape + f64::from(i))).product()
            }
            Self::Weibull { shape, scale } => scale.powi(n) * ln_gamma(1.0 + power / shape).exp(),
            Self::Pareto { alpha, low, high } if high.is_infinite() => {
                if *alpha > power {
                    alpha * low.powi(n) / (alpha - power)
                } else {
                    f64::INFINITY
                }
            }
            Self::Hyperexponential { p1, mean1, mean2 } => {
                factorial(n) * (p1 * mean1.powi(n) + (1.0 - p1) * mean2.powi(n))
            }
            Self::Mix(parts) => weighted(parts).map(|(weight, part)| weight * part.moment(n)).sum(),
            Self::Geometric { mean } if n == 2 => mean + 2.0 * mean * mean,
            Self::Poisson { mean } if n == 2 => mean + mean * mean,
            Self::Geometric { mean } | Self::Poisson { mean } => *mean,
            Self::Pareto { .. } | Self::Empirical(_) => self.below(n, f64::INFINITY),
            Self::Clipped { inner, low, high } => {
                let up_to_high = if high.is_finite() {
                    high.powi(n) * (1.0 - inner.cdf(*high)) + inner.below(n, *high)
                } else {
                    inner.moment(n)
                };
                low.powi(n) * inner.cdf(*low) + up_to_high - inner.below(n, *low)
            }
            Self::Rounded { inner, step, up } => {
                rounding::below(inner, *step, *up, n, f64::INFINITY)
            }
            Self::Shifted { inner, by } => shifted(*by, n, |k| inner.weight(k)),
        }
    }

    /// E\[Xⁿ; X ≤ a\], n = 0, 1 or 2.
    pub(super) fn below(&self, n: i32, a: f64) -> f64 {
        let power = f64::from(n);
        if a < 0.0 {
            return 0.0;
        }
        if a.is_infinite() && !matches!(self, Self::Pareto { .. } | Self::Empirical(_)) {
            return if n == 0 { 1.0 } else { self.moment(n) };
        }
        match self {
            Self::Constant(value) => f64::from(*value <= a) * value.powi(n),
            Self::Exponential { mean } => exponential_below(*mean, n, a),
            Self::Uniform { low, high } => {
                let top = a.min(*high);
                if top < *low {
                    0.0
                } else {
                    (top.powi(n + 1) - low.powi(n + 1)) / ((power + 1.0) * (high - low))
                }
            }
            Self::LogNormal { mu, sigma } => {
                // The log-normal weighted by xⁿ is log-normal again, with μ + nσ².
                let z = (a.ln() - mu - power * sigma * sigma) / sigma;
                self.weight(n) * 0.5 * erfc(-z / std::f64::consts::SQRT_2)
            }
            Self::Gamma { shape, scale } => {
                self.weight(n) * incomplete_gamma(shape + power, a / scale)
            }
            Self::Weibull { shape, scale } => {
                self.weight(n) * incomplete_gamma(1.0 + power / shape, (a / scale).powf(*shape))
            }
            Self::Pareto { alpha, low, high } => {
                let top = a.min(*high);
                if top <= *low {
                    return 0.0;
                }
                let kept = 1.0 - (low / high).powf(*alpha);
                let by = power - alpha;
                let integral = if by.abs() < 1e-9 {
                    (top / low).ln()
                } else {
                    ((top / low).powf(by) - 1.0) / by
                };
                alpha * low.powi(n) * integral / kept
            }
            Self::Hyperexponential { p1, mean1, mean2 } => {
                p1 * exponential_below(*mean1, n, a) + (1.0 - p1) * exponential_below(*mean2, n, a)
            }
            Self::Mix(parts) => {
                weighted(parts).map(|(weight, part)| weight * part.below(n, a)).sum()
            }
            Self::Empirical(values) => weighted(values)
                .filter(|(_, value)| **value <= a)
                .map(|(weight, value)| weight * value.powi(n))
                .sum(),
            Self::Geometric { mean } => self.weight(n) - geometric_above(*mean, n, a.floor() + 1.0),
            Self::Poisson { mean } => {
                // P(N ≤ k) = Q(k + 1, m); E[N; N ≤ k] = m·P(N ≤ k−1), and so on.
                let up_to = |k: f64| {
                    if k < 0.0 { 0.0 } else { 1.0 - incomplete_gamma(k + 1.0, *mean) }
                };
                let k = a.floor();
                match n {
                    0 => up_to(k),
                    1 => mean * up_to(k - 1.0),
                    _ => mean * mean * up_to(k - 2.0) + mean * up_to(k - 1.0),
                }
            }
            Self::Clipped { low, .. } if a < *low => 0.0,
            Self::Clipped { high, .. } if a >= *high => self.weight(n),
            Self::Clipped { inner, low, .. } => {
                low.powi(n) * inner.cdf(*low) + inner.below(n, a) - inner.below(n, *low)
            }
            Self::Rounded { inner, step, up } => rounding::below(inner, *step, *up, n, a),
            Self::Shifted { by, .. } if a < *by => 0.0,
            Self::Shifted { inner, by } => shifted(*by, n, |k| inner.below(k, a - by)),
        }
    }

    /// E\[Xⁿ\], n = 0, 1 or 2.
    pub(super) fn weight(&self, n: i32) -> f64 {
        if n == 0 { 1.0 } else { self.moment(n) }
    }
}

/// E[(X + by)ⁿ] over some event, from the partial moments of X over it.
fn shifted(by: f64, n: i32, moment: impl Fn(i32) -> f64) -> f64 {
    match n {
        0 => moment(0),
        1 => moment(1) + by * moment(0),
        _ => moment(2) + 2.0 * by * moment(1) + by * by * moment(0),
    }
}

/// n! for n ≤ 2.
fn factorial(n: i32) -> f64 {
    if n == 2 { 2.0 } else { 1.0 }
}

/// E[Xⁿ; X ≤ a] of an exponential.
fn exponential_below(mean: f64, n: i32, a: f64) -> f64 {
    let t = a / mean;
    let left = (-t).exp();
    if left <= 0.0 {
        return factorial(n) * mean.powi(n);
    }
    match n {
        0 => -(-t).exp_m1(),
        1 => mean * (1.0 - left * (1.0 + t)),
        _ => mean * mean * (2.0 - left * (t * t + 2.0 * t + 2.0)),
    }
}

/// E[Xⁿ; X ≥ k] of a geometric distribution, k whole: there it begins anew, X given X ≥ k is k + X.
fn geometric_above(mean: f64, n: i32, k: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let left = (-k * (1.0 / mean).ln_1p()).exp();
    let beyond = match n {
        0 => 1.0,
        1 => k + mean,
        _ => k * k + 2.0 * k * mean + mean + 2.0 * mean * mean,
    };
    if left > 0.0 { left * beyond } else { 0.0 }
}

/// Lower regularised incomplete gamma function P(a, x).
fn incomplete_gamma(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    checked_gamma_lr(a, x).unwrap_or(1.0)
}

/// Probabilities and items of a cumulative table.
fn weighted<T>(parts: &[(f64, T)]) -> impl Iterator<Item = (f64, &T)> {
    let mut before = 0.0;
    parts.iter().map(move |(bound, item)| {
        let weight = bound - before;
        before = *bound;
        (weight, item)
    })
}

#[cfg(test)]
mod tests {
    use super::Distribution as D;
    use crate::rng::{Stream, combine};

    fn clipped(inner: D, low: f64, high: f64) -> D {
        D::Clipped { inner: Box::new(inner), low, high }
    }

    fn rounded(inner: D, step: f64, up: bool) -> D {
        D::Rounded { inner: Box::new(inner), step, up }
    }

    fn shifted_by(inner: D, by: f64) -> D {
        D::Shifted { inner: Box::new(inner), by }
    }

    fn all() -> Vec<D> {
        let values = || D::Empirical(vec![(0.25, 1.0), (0.75, 2.0), (1.0, 7.0)]);
        vec![
            D::Constant(3.0),
            D::Exponential { mean: 2.0 },
            D::Uniform { low: 1.0, high: 4.0 },
            D::lognormal(2.0, 0.8),
            D::Gamma { shape: 0.5, scale: 3.0 },
            D::erlang(2.0, 4),
            D::Weibull { shape: 0.7, scale: 2.0 },
            D::Weibull { shape: 3.0, scale: 2.0 },
            D::Pareto { alpha: 6.0, low: 1.0, high: f64::INFINITY },
            D::Pareto { alpha: 1.0, low: 1.0, high: 30.0 },
            D::Pareto { alpha: 2.0, low: 1.0, high: 30.0 },
            D::Pareto { alpha: 0.5, low: 1.0, high: 30.0 },
            D::hyperexponential(2.0, 2.0),
            D::Mix(vec![(0.9, D::Exponential { mean: 1.0 }), (1.0, D::Constant(8.0))]),
            values(),
            D::Geometric { mean: 1.5 },
            D::Geometric { mean: 0.0 },
            D::Poisson { mean: 0.0 },
            D::Poisson { mean: 3.5 },
            D::Poisson { mean: 40.0 },
            clipped(D::Exponential { mean: 2.0 }, 1.0, 5.0),
            clipped(D::Exponential { mean: 2.0 }, 0.0, 3.0),
            clipped(D::Uniform { low: 1.0, high: 4.0 }, 2.0, 9.0),
            clipped(D::lognormal(2.0, 2.0), 0.5, f64::INFINITY),
            clipped(D::lognormal(2.0, 2.0), 0.5, 9.0),
            clipped(D::Gamma { shape: 2.0, scale: 1.0 }, 1.0, 3.0),
            clipped(D::Weibull { shape: 0.7, scale: 2.0 }, 1.0, 6.0),
            clipped(D::Pareto { alpha: 1.5, low: 1.0, high: f64::INFINITY }, 2.0, 20.0),
            clipped(D::hyperexponential(2.0, 2.0), 1.0, 6.0),
            clipped(D::Geometric { mean: 4.0 }, 1.0, 6.0),
            clipped(D::Poisson { mean: 4.0 }, 2.0, 6.0),
            clipped(values(), 2.0, 5.0),
            clipped(D::Constant(3.0), 4.0, 5.0),
            clipped(clipped(D::Exponential { mean: 2.0 }, 1.0, 5.0), 2.0, 4.0),
            D::Poisson { mean: 2.0 }.scaled(0.5),
            D::Geometric { mean: 2.0 }.scaled(3.0),
            clipped(D::Exponential { mean: 2.0 }, 1.0, 5.0).scaled(2.0),
            rounded(D::Exponential { mean: 2.0 }, 0.5, true),
            rounded(D::lognormal(2.0, 0.8), 1.5, false),
            rounded(values(), 2.0, true).scaled(1.5),
            shifted_by(D::Exponential { mean: 2.0 }, 1.0).scaled(2.0),
            shifted_by(rounded(clipped(D::lognormal(2.0, 0.8), 0.5, 4.0), 1.0, false), 0.5),
        ]
    }

    /// Mean, second moment and P(X ≤ x) of 10⁵ draws within four standard errors, each estimated from
    /// the draws themselves.
    #[test]
    fn draws_have_the_moments_that_are_stated() {
        let n = 100_000_u32;
        for (i, distribution) in (1_u64..).zip(all()) {
            let mean = distribution.mean();
            let draws: Vec<f64> = (0..n)
                .map(|j| distribution.sample(&mut Stream::at(combine(i, u64::from(j)), 5)))
                .collect();
            let check = |what: &str, expected: f64, value: &dyn Fn(f64) -> f64| {
                let n = f64::from(n);
                let average = draws.iter().map(|x| value(*x)).sum::<f64>() / n;
                let variance = draws.iter().map(|x| (value(*x) - average).powi(2)).sum::<f64>() / n;
                // Of a share that no draw happened to show, the stated variance.
                let stated = if what == "cdf" { expected * (1.0 - expected) } else { 0.0 };
                let error = 4.0 * (variance.max(stated) / n).sqrt() + 1e-9 * expected.abs();
                let off = (average - expected).abs();
                assert!(off <= error, "{distribution:?}: {what} {average}, not {expected}");
            };
            check("mean", mean, &|x| x);
            check("second moment", distribution.second_moment(), &|x| x * x);
            for at in [0.5 * mean, 1.01 * mean, 2.0 * mean] {
                check("cdf", distribution.cdf(at), &|x| f64::from(x <= at));
            }
        }
    }

    #[test]
    fn scaling_scales_mean_and_keeps_cv() {
        for distribution in all() {
            let scaled = distribution.clone().scaled(2.5);
            let expected = 2.5 * distribution.mean();
            assert!((scaled.mean() - expected).abs() <= 1e-8 * expected, "{distribution:?}");
            assert!((scaled.scv() - distribution.scv()).abs() < 1e-7, "{distribution:?}");
        }
        let many = D::Poisson { mean: 1e6 }.scaled(0.5);
        assert!((many.mean() - 5e5).abs() < 1e-3 && (many.scv() - 1e-6).abs() < 1e-12, "{many:?}");
    }

    #[test]
    fn a_heavy_tail_has_no_second_moment() {
        let heavy = D::Pareto { alpha: 1.5, low: 1.0, high: f64::INFINITY };
        assert_eq!(heavy.mean(), 3.0);
        assert!(heavy.second_moment().is_infinite() && heavy.scv().is_infinite());
        assert_eq!(heavy.cdf(f64::INFINITY), 1.0);
    }
}
