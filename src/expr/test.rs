//! A compiled condition as a test over numbers: one reading per window, or current values.

use super::compile::{Condition, Limit, Operand, Question, Trial};
use crate::program::{Reading, Test};

/// What an operand is read from, and what is known of a comparison without reading anything.
pub trait Readings {
    /// Where the value of an operand comes from.
    fn reading(&mut self, operand: &Operand) -> Reading;
    /// The outcome of a comparison, where that does not depend on its values.
    fn known(&self, trial: &Trial) -> Option<Option<bool>> {
        let _ = trial;
        None
    }
}

impl Condition {
    /// The test, read once every `window_s` seconds; `None` when some part of it can never be read
    /// (`manual(…)`, `slo`).
    pub fn test(&self, window_s: f64, readings: &mut impl Readings) -> Option<Test> {
        let mut all = |parts: &[Self]| {
            let tests: Vec<_> = parts.iter().map(|part| part.test(window_s, readings)).collect();
            tests.into_iter().collect::<Option<Vec<Test>>>()
        };
        match self {
            Self::Any(parts) => all(parts).map(Test::Any),
            Self::All(parts) => all(parts).map(Test::All),
            Self::Lasting { inner, span_s } => Some(Test::Lasting {
                inner: Box::new(inner.test(window_s, readings)?),
                readings: Test::readings_in(*span_s, window_s),
            }),
            Self::Trial(trial) => Some(trial.test(readings)),
            Self::Manual(_) => None,
        }
    }
}

impl Trial {
    fn test(&self, readings: &mut impl Readings) -> Test {
        if let Some(known) = readings.known(self) {
            return Test::Known(known);
        }
        let value = readings.reading(&self.operand);
        let (comparator, limit, factor) = match &self.question {
            Question::Within(low, high) => {
                return Test::Within { value, low: *low, high: *high };
            }
            Question::Against(comparator, limit) => match limit {
                Limit::Value(bound) => (*comparator, Reading::Fixed(Some(*bound)), 1.0),
                Limit::Metric { factor, operand, .. } => {
                    (*comparator, readings.reading(operand), *factor)
                }
            },
        };
        Test::Compare { value, comparator, limit, factor }
    }
}
