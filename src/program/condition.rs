//! Conditions over values that are read again and again: one per window, or current ones.
//!
//! What is read is a number; where it comes from belongs to whoever asks. A reading without data is
//! neither true nor false, and parts join by Kleene's tables (1952, *Introduction to Metamathematics*,
//! § 64).

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its sign")]
pub enum Comparator {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
}

impl Comparator {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal => "=",
        }
    }

    /// The comparator with its sides exchanged: `a < b` is `b > a`.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
            Self::Equal => Self::Equal,
        }
    }

    /// Whether it bounds a value from above.
    pub const fn is_upper(self) -> bool {
        matches!(self, Self::Less | Self::AtMost)
    }

    /// Whether two exact numbers satisfy it.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => left == right,
        }
    }
}

/// A number that a test compares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// The value of this number among those that are read.
    Value(u32),
    /// The same at all times; `None` is not known.
    Fixed(Option<f64>),
}

impl Reading {
    fn read(self, values: &dyn Fn(u32) -> Option<f64>) -> Option<f64> {
        match self {
            Self::Value(index) => values(index),
            Self::Fixed(value) => value,
        }
    }
}

/// A condition on readings.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Any part holds.
    Any(Vec<Test>),
    /// All parts hold.
    All(Vec<Test>),
    /// The inner test held in that many readings on end, this one included.
    Lasting {
        /// What must last.
        inner: Box<Test>,
        /// Readings, at least 1.
        readings: u32,
    },
    /// One number against another, times a factor.
    Compare {
        /// The left side.
        value: Reading,
        /// How.
        comparator: Comparator,
        /// The right side.
        limit: Reading,
        /// What the right side is multiplied by.
        factor: f64,
    },
    /// A number inside a range, both ends included.
    Within {
        /// The number.
        value: Reading,
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
    /// Decided elsewhere.
    Known(Option<bool>),
}

/// A test in use: what it remembers from reading to reading.
#[derive(Clone, Debug)]
pub struct Watch<'t> {
    test: &'t Test,
    /// Per `Lasting`, in the order in which they are met: readings on end in which it held.
    runs: Vec<u32>,
}

impl Test {
    /// Whole readings, one every `window_s` seconds, that cover a span of `span_s`: at least one.
    pub fn readings_in(span_s: f64, window_s: f64) -> u32 {
        // The tolerance is that of 5 m over 15 s computed in doubles.
        ((span_s / window_s - 1e-9).ceil() as u32).max(1)
    }

    /// Starts to watch it.
    pub fn watch(&self) -> Watch<'_> {
        Watch { test: self, runs: vec![0; self.lasting()] }
    }

    /// Most readings on end that any part of it asks for, at least 1.
    pub fn longest(&self) -> u32 {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                parts.iter().map(Self::longest).max().unwrap_or(1)
            }
            Self::Lasting { inner, readings } => inner.longest().max(*readings),
            Self::Compare { .. } | Self::Within { .. } | Self::Known(_) => 1,
        }
    }

    fn lasting(&self) -> usize {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().map(Self::lasting).sum(),
            Self::Lasting { inner, .. } => 1 + inner.lasting(),
            Self::Compare { .. } | Self::Within { .. } | Self::Known(_) => 0,
        }
    }

    /// Every part is asked, as each may remember something.
    fn holds(
        &self,
        values: &dyn Fn(u32) -> Option<f64>,
        runs: &mut std::slice::IterMut<'_, u32>,
    ) -> Option<bool> {
        match self {
            Self::Any(parts) => join(parts.iter().map(|part| part.holds(values, runs)), true),
            Self::All(parts) => join(parts.iter().map(|part| part.holds(values, runs)), false),
            Self::Lasting { inner, readings } => {
                let run = runs.next().expect("there is one for each");
                let now = inner.holds(values, runs);
                *run = if now == Some(true) { run.saturating_add(1) } else { 0 };
                now.map(|_| *run >= *readings)
            }
            Self::Compare { value, comparator, limit, factor } => {
                let limit = limit.read(values)? * factor;
                Some(comparator.holds(value.read(values)?, limit))
            }
            Self::Within { value, low, high } => {
                value.read(values).map(|value| *low <= value && value <= *high)
            }
            Self::Known(known) => *known,
        }
    }
}

impl Watch<'_> {
    /// Whether the test holds at this reading; `None` without data.
    pub fn read(&mut self, values: &dyn Fn(u32) -> Option<f64>) -> Option<bool> {
        self.test.holds(values, &mut self.runs.iter_mut())
    }
}

/// `decisive` is the value that decides alone.
fn join(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut known = Some(!decisive);
    for part in parts {
        if part == Some(decisive) {
            known = part;
        } else if part.is_none() && known != Some(decisive) {
            known = None;
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn above(limit: f64) -> Test {
        Test::Compare {
            value: Reading::Value(0),
            comparator: Comparator::Greater,
            limit: Reading::Fixed(Some(limit)),
            factor: 1.0,
        }
    }

    fn course(test: &Test, values: &[Option<f64>]) -> Vec<Option<bool>> {
        let mut watch = test.watch();
        values.iter().map(|value| watch.read(&|_| *value)).collect()
    }

    #[test]
    fn what_lasts_needs_that_many_readings_on_end() {
        let test = Test::Lasting { inner: Box::new(above(1.0)), readings: 2 };
        let values = [Some(2.0), Some(2.0), None, Some(2.0), Some(0.0), Some(2.0), Some(3.0)];
        assert_eq!(
            course(&test, &values),
            [Some(false), Some(true), None, Some(false), Some(false), Some(false), Some(true)]
        );
    }

    #[test]
    fn parts_join_by_kleenes_tables_and_all_of_them_remember() {
        let lasting = |limit| Test::Lasting { inner: Box::new(above(limit)), readings: 2 };
        let any = Test::Any(vec![above(5.0), lasting(1.0)]);
        assert_eq!(course(&any, &[Some(6.0), Some(2.0)]), [Some(true), Some(true)]);
        for (parts, any, all) in [
            ([Some(true), None], Some(true), None),
            ([Some(false), None], None, Some(false)),
            ([Some(false), Some(true)], Some(true), Some(false)),
        ] {
            assert_eq!(join(parts.into_iter(), true), any);
            assert_eq!(join(parts.into_iter(), false), all);
        }
    }

    #[test]
    fn a_span_is_covered_by_whole_windows() {
        assert_eq!(Test::readings_in(300.0, 15.0), 20);
        assert_eq!(Test::readings_in(20.0, 15.0), 2);
        assert_eq!(Test::readings_in(1.0, 15.0), 1);
    }
}
