//! Distributions of durations, sizes and counts: sampling, moments, and nothing of their spelling.

mod curve;
mod growth;
mod moments;
mod rounding;
pub mod spec;

pub use curve::{Curve, Piece};
pub use growth::Growth;

use rand_distr::{Distribution as _, Exp1, Gamma, Poisson, StandardNormal};

use crate::rng::Stream;

/// A distribution of a quantity that is never negative. Parameters are in the base unit of what is
/// drawn (seconds, bytes, a count); constructors guarantee a finite mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(f64),
    /// Exponential of this mean.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Uniform on [low, high].
    Uniform {
        /// Least value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// exp(normal(mu, sigma)).
    LogNormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Gamma; `shape` > 0. Erlang is a whole shape.
    Gamma {
        /// Shape (1 / cv²).
        shape: f64,
        /// Mean / shape.
        scale: f64,
    },
    /// Weibull.
    Weibull {
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Pareto on [low, high], `high` may be infinite when `alpha` > 1.
    Pareto {
        /// Tail exponent.
        alpha: f64,
        /// Least value, > 0.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Exponential of `mean1` with probability `p1`, else of `mean2`.
    Hyperexponential {
        /// Probability of the first phase.
        p1: f64,
        /// Mean of the first phase.
        mean1: f64,
        /// Mean of the second.
        mean2: f64,
    },
    /// One of several: cumulative probability and distribution; the last bound is 1.
    Mix(Vec<(f64, Distribution)>),
    /// One of the values: cumulative probability and value, in order; the last bound is 1.
    Empirical(Vec<(f64, f64)>),
    /// Geometric on 0, 1, 2, … of this mean.
    Geometric {
        /// Mean.
        mean: f64,
    },
    /// Poisson of this mean.
    Poisson {
        /// Mean.
        mean: f64,
    },
    /// A draw outside the bounds becomes the bound.
    Clipped {
        /// What is clipped.
        inner: Box<Distribution>,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// A draw becomes a whole number of steps: what a clock of that resolution does.
    Rounded {
        /// What is rounded.
        inner: Box<Distribution>,
        /// The step, > 0.
        step: f64,
        /// Up to the next step, else down to the last.
        up: bool,
    },
    /// A draw and a constant.
    Shifted {
        /// What varies.
        inner: Box<Distribution>,
        /// What is added, ≥ 0.
        by: f64,
    },
}

impl Distribution {
    /// Log-normal by mean and coefficient of variation.
    pub fn lognormal(mean: f64, cv: f64) -> Self {
        let sigma2 = (1.0 + cv * cv).ln();
        Self::LogNormal { mu: mean.ln() - 0.5 * sigma2, sigma: sigma2.sqrt() }
    }

    /// Two exponential phases with balanced means (p1·m1 = p2·m2), cv ≥ 1 (Morse 1958).
    pub fn hyperexponential(mean: f64, cv: f64) -> Self {
        let c2 = cv * cv;
        let p1 = 0.5 * (1.0 + ((c2 - 1.0) / (c2 + 1.0)).max(0.0).sqrt());
        Self::Hyperexponential { p1, mean1: mean / (2.0 * p1), mean2: mean / (2.0 * (1.0 - p1)) }
    }

    /// Erlang of a whole number of stages.
    pub fn erlang(mean: f64, stages: u32) -> Self {
        Self::Gamma { shape: f64::from(stages), scale: mean / f64::from(stages) }
    }

    /// One draw.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Exponential { mean } => {
                let e: f64 = Exp1.sample(stream);
                mean * e
            }
            Self::LogNormal { mu, sigma } => {
                let z: f64 = StandardNormal.sample(stream);
                (mu + sigma * z).exp()
            }
            Self::Uniform { low, high } => low + (high - low) * stream.unit(),
            Self::Hyperexponential { p1, mean1, mean2 } => {
                let mean = if stream.unit() < *p1 { mean1 } else { mean2 };
                let e: f64 = Exp1.sample(stream);
                mean * e
            }
            _ => self.sample_rare(stream),
        }
    }

    #[inline(never)]
    fn sample_rare(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Gamma { shape, scale } => {
                Gamma::new(*shape, *scale).map_or(0.0, |gamma| gamma.sample(stream))
            }
            Self::Weibull { shape, scale } => {
                let e: f64 = Exp1.sample(stream);
                scale * e.powf(1.0 / shape)
            }
            Self::Pareto { alpha, low, high } => {
                let u = stream.unit();
                let kept = if high.is_finite() { 1.0 - (low / high).powf(*alpha) } else { 1.0 };
                low * (1.0 - u * kept).powf(-1.0 / alpha)
            }
            Self::Mix(parts) => {
                let u = stream.unit();
                let i = parts.partition_point(|part| part.0 <= u).min(parts.len() - 1);
                parts[i].1.sample(stream)
            }
            Self::Empirical(values) => {
                let u = stream.unit();
                values[values.partition_point(|v| v.0 <= u).min(values.len() - 1)].1
            }
            Self::Geometric { mean } => {
                if *mean <= 0.0 {
                    return 0.0;
                }
                // Failures before a success of probability 1/(1+mean), by inversion.
                let e: f64 = Exp1.sample(stream);
                (e / (1.0 + 1.0 / mean).ln()).floor()
            }
            Self::Poisson { mean } => {
                Poisson::new(*mean).map_or(0.0, |poisson| poisson.sample(stream))
            }
            Self::Clipped { inner, low, high } => inner.sample(stream).clamp(*low, *high),
            Self::Rounded { inner, step, up } => {
                rounding::rounded(inner.sample(stream), *step, *up)
            }
            Self::Shifted { inner, by } => inner.sample(stream) + by,
            _ => self.sample(stream),
        }
    }
}
