//! Mean, variance and distribution function of each distribution.

use super::Distribution;

impl Distribution {
    /// Mean.
    pub fn mean(&self) -> f64 {
        self.moments().0
    }

    /// E[X²].
    pub fn second_moment(&self) -> f64 {
        self.moments().1
    }

    /// Squared coefficient of variation; 0 when the mean is 0. Infinite where the variance is.
    pub fn scv(&self) -> f64 {
        let (mean, second) = self.moments();
        if mean > 0.0 { (second / (mean * mean) - 1.0).max(0.0) } else { 0.0 }
    }

    /// The distribution of `by` times a draw; `by` ≥ 0.
    #[must_use]
    pub fn scaled(self, by: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * by),
            Self::Exponential { mean } => Self::Exponential { mean: mean * by },
            Self::Uniform { low, high } => Self::Uniform { low: low * by, high: high * by },
            other => other,
        }
    }

    fn moments(&self) -> (f64, f64) {
        match self {
            Self::Constant(value) => (*value, value * value),
            Self::Exponential { mean } => (*mean, 2.0 * mean * mean),
            _ => (0.0, 0.0),
        }
    }
}
