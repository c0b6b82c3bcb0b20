//! The one language of judgements: objectives, alerts, claims, gates, scaling rules and `--assert`.
//!
//! ```text
//! api.latency.p95 < 800ms and (error_rate < 0.1% or db.pool.utilization <= 80%) for 5m
//! ```
//!
//! A text is parsed to an [`Expression`] (which knows no name), then compiled against the names of
//! a program to a [`Compiled`] condition: what must be measured, and how it is compared. Nothing
//! here knows a result.

mod ast;
mod compile;
mod lex;
mod metric;
mod names;
mod parse;
mod test;
#[cfg(test)]
mod tests;
mod value;

pub use crate::program::Comparator;
pub use ast::{Bound, Clause, Comparison, Expression, MetricRef, Test};
pub(crate) use compile::fits;
pub use compile::{Compiled, Condition, Limit, Need, Operand, Purpose, Question, Trial, track};
pub use names::{CostMetric, Names};
pub use parse::parse;
pub use test::Readings;
pub(crate) use value::value;
pub use value::{Unit, Value};

/// What sort of mistake an [`ExprError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// The text makes no sense.
    Syntax,
    /// A name that nothing has, or that says too little.
    Name,
    /// A missing, unknown or wrong unit.
    Unit,
    /// A range that ends before it begins.
    Range,
    /// Something that cannot be said in this place (`manual(…)` as an objective).
    Place,
    /// In the language, not built.
    NotYet,
}

/// One mistake in an expression. Offsets and widths count characters of the expression's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// What sort of mistake it is.
    pub mistake: Mistake,
    /// Where it begins, from 0.
    pub offset: usize,
    /// How many characters it covers, at least 1.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What could stand there.
    pub expected: Option<String>,
    /// What to write instead.
    pub hint: Option<String>,
}

impl ExprError {
    /// A mistake at a place.
    pub(crate) fn new(offset: usize, width: usize, message: impl Into<String>) -> Self {
        let (mistake, width) = (Mistake::Syntax, width.max(1));
        Self { mistake, offset, width, message: message.into(), expected: None, hint: None }
    }

    /// Of another sort than a slip of syntax.
    pub(crate) fn is(mut self, mistake: Mistake) -> Self {
        self.mistake = mistake;
        self
    }

    /// With what could stand there.
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// With what to write instead.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
