//! Mean and second moment of each distribution, exact where a formula exists.

use statrs::function::gamma::gamma;

use super::Distribution;

impl Distribution {
    /// Mean, in the unit of what is drawn.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential { mean } | Self::Geometric { mean } | Self::Poisson { mean } => *mean,
            Self::Uniform { low, high } => 0.5 * (low + high),
            Self::LogNormal { mu, sigma } => (mu + 0.5 * sigma * sigma).exp(),
            Self::Gamma { shape, scale } => shape * scale,
            Self::Weibull { shape, scale } => scale * gamma(1.0 + 1.0 / shape),
            Self::Pareto { alpha, low, high } => pareto_moment(*alpha, *low, *high, 1.0),
            Self::Hyperexponential { p1, mean1, mean2 } => p1 * mean1 + (1.0 - p1) * mean2,
            Self::Mix(parts) => weighted(parts, Distribution::mean),
            Self::Empirical(values) => weighted(values, |value| *value),
            Self::Clipped { inner, low, high } => clipped_moment(inner, *low, *high, 1),
        }
    }

    /// Mean of the square.
    pub fn second_moment(&self) -> f64 {
        match self {
            Self::Constant(value) => value * value,
            Self::Exponential { mean } => 2.0 * mean * mean,
            Self::Geometric { mean } => mean * (1.0 + 2.0 * mean),
            Self::Poisson { mean } => mean * (1.0 + mean),
            Self::Uniform { low, high } => (low * low + low * high + high * high) / 3.0,
            Self::LogNormal { mu, sigma } => (2.0 * mu + 2.0 * sigma * sigma).exp(),
            Self::Gamma { shape, scale } => shape * (shape + 1.0) * scale * scale,
            Self::Weibull { shape, scale } => scale * scale * gamma(1.0 + 2.0 / shape),
            Self::Pareto { alpha, low, high } => pareto_moment(*alpha, *low, *high, 2.0),
            Self::Hyperexponential { p1, mean1, mean2 } => {
                2.0 * (p1 * mean1 * mean1 + (1.0 - p1) * mean2 * mean2)
            }
            Self::Mix(parts) => weighted(parts, Distribution::second_moment),
            Self::Empirical(values) => weighted(values, |value| value * value),
            Self::Clipped { inner, low, high } => clipped_moment(inner, *low, *high, 2),
        }
    }

    /// Variance / mean²; 0 for a mean of zero, infinite without a second moment.
    pub fn scv(&self) -> f64 {
        let mean = self.mean();
        if mean == 0.0 { 0.0 } else { (self.second_moment() / (mean * mean) - 1.0).max(0.0) }
    }

    /// The law of `by` times a draw, `by` > 0 (laws of counts stay as they are).
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        use Distribution as D;
        match self {
            D::Constant(x) => D::Constant(x * by),
            D::Exponential { mean } => D::Exponential { mean: mean * by },
            D::Uniform { low, high } => D::Uniform { low: low * by, high: high * by },
            D::LogNormal { mu, sigma } => D::LogNormal { mu: mu + by.ln(), sigma },
            D::Gamma { shape, scale } => D::Gamma { shape, scale: scale * by },
            D::Weibull { shape, scale } => D::Weibull { shape, scale: scale * by },
            D::Pareto { alpha, low, high } => D::Pareto { alpha, low: low * by, high: high * by },
            D::Hyperexponential { p1, mean1, mean2 } => {
                D::Hyperexponential { p1, mean1: mean1 * by, mean2: mean2 * by }
            }
            D::Mix(parts) => D::Mix(parts.into_iter().map(|(p, d)| (p, d.scaled(by))).collect()),
            D::Empirical(values) => {
                D::Empirical(values.into_iter().map(|(p, x)| (p, x * by)).collect())
            }
            D::Clipped { inner, low, high } => {
                D::Clipped { inner: Box::new(inner.scaled(by)), low: low * by, high: high * by }
            }
            counts @ (D::Geometric { .. } | D::Poisson { .. }) => counts,
        }
    }
}

/// Σ weight · f over cumulative weights.
fn weighted<T>(parts: &[(f64, T)], f: impl Fn(&T) -> f64) -> f64 {
    let mut before = 0.0;
    let mut sum = 0.0;
    for (cumulative, part) in parts {
        sum += (cumulative - before) * f(part);
        before = *cumulative;
    }
    sum
}

/// E[X^k] of a Pareto law on [low, high].
fn pareto_moment(alpha: f64, low: f64, high: f64, k: f64) -> f64 {
    let kept = if high.is_finite() { 1.0 - (low / high).powf(alpha) } else { 1.0 };
    if (alpha - k).abs() < 1e-12 {
        return alpha * low.powf(alpha) * (high / low).ln() / kept;
    }
    if high.is_infinite() {
        return if alpha > k { alpha * low.powf(k) / (alpha - k) } else { f64::INFINITY };
    }
    alpha * low.powf(alpha) / (alpha - k) * (low.powf(k - alpha) - high.powf(k - alpha)) / kept
}

/// Moment of a clipped law, by a fixed sample of 2^16 draws: closed forms exist for few laws, and
/// what this feeds (bounds, prices of a call, warm starts) needs no more than a percent.
fn clipped_moment(inner: &Distribution, low: f64, high: f64, k: i32) -> f64 {
    if let Distribution::Constant(value) = inner {
        return value.clamp(low, high).powi(k);
    }
    let n = 1_u32 << 16;
    let sum: f64 = (0..n)
        .map(|i| {
            let key = crate::rng::combine(0x636c_6970, u64::from(i));
            inner.sample(&mut crate::rng::Stream::new(key)).clamp(low, high).powi(k)
        })
        .sum();
    sum / f64::from(n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, combine};

    /// Sample means of 200 000 draws within four standard errors of the formula.
    #[test]
    fn draws_have_the_stated_moments() {
        let all = [
            Distribution::Constant(2.0),
            Distribution::Exponential { mean: 3.0 },
            Distribution::Uniform { low: 1.0, high: 5.0 },
            Distribution::lognormal(2.0, 0.7),
            Distribution::Gamma { shape: 0.5, scale: 2.0 },
            Distribution::erlang(2.0, 3),
            Distribution::Weibull { shape: 1.5, scale: 2.0 },
            Distribution::Pareto { alpha: 5.0, low: 1.0, high: f64::INFINITY },
            Distribution::Pareto { alpha: 1.2, low: 1.0, high: 100.0 },
            Distribution::hyperexponential(2.0, 2.0),
            Distribution::Mix(vec![
                (0.9, Distribution::Exponential { mean: 1.0 }),
                (1.0, Distribution::Constant(10.0)),
            ]),
            Distribution::Empirical(vec![(0.25, 1.0), (1.0, 3.0)]),
            Distribution::Geometric { mean: 1.5 },
            Distribution::Poisson { mean: 4.0 },
            Distribution::Clipped {
                inner: Box::new(Distribution::Exponential { mean: 1.0 }),
                low: 0.0,
                high: 2.0,
            },
        ];
        let n = 200_000_u32;
        for dist in all {
            let sum: f64 =
                (0..n).map(|i| dist.sample(&mut Stream::new(combine(9, u64::from(i))))).sum();
            let mean = dist.mean();
            let se = (dist.scv().sqrt() * mean / f64::from(n).sqrt()).max(1e-12);
            let measured = sum / f64::from(n);
            assert!((measured - mean).abs() < 4.5 * se, "{dist:?}: {measured} for {mean}");
        }
    }
}
