//! A quantity that changes over time, integrated as it changes.

use super::calendar::Time;
use crate::results::Level;

/// A level with its time integral since the last reset.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauge {
    value: f64,
    since: Time,
    integral: f64,
    square: f64,
    max: f64,
    at_start: f64,
}

impl Gauge {
    /// A level that begins at `value`.
    pub(crate) const fn starting_at(value: f64) -> Self {
        Self { value, since: 0, integral: 0.0, square: 0.0, max: value, at_start: value }
    }

    /// The current value.
    #[inline]
    pub(crate) const fn value(&self) -> f64 {
        self.value
    }

    /// Changes the level at `now`.
    #[inline]
    pub(crate) fn set(&mut self, now: Time, value: f64) {
        // Spans of time fit 63 bits; the signed conversion is one instruction.
        let area = self.value * (now - self.since).cast_signed() as f64;
        self.integral += area;
        self.square += self.value * area;
        self.since = now;
        self.value = value;
        if value > self.max {
            self.max = value;
        }
    }

    /// Changes the level by `by`.
    #[inline]
    pub(crate) fn add(&mut self, now: Time, by: f64) {
        self.set(now, self.value + by);
    }

    /// Forgets the past.
    pub(crate) fn reset(&mut self, now: Time) {
        *self = Self { since: now, ..Self::starting_at(self.value) };
    }

    /// The level's record up to `now`, in value · seconds.
    pub(crate) fn record(&self, now: Time) -> Level {
        let mut closed = *self;
        closed.set(now, self.value);
        Level {
            integral: closed.integral * 1e-9,
            square: closed.square * 1e-9,
            max: closed.max,
            at_start: closed.at_start,
            at_end: closed.value,
        }
    }
}
