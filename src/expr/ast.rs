//! What an expression says, before any name is known, and its canonical spelling.

use std::fmt;

use super::value::Value;
use crate::program::Comparator;
use crate::stats::Statistic;

/// A parsed judgement. `Display` is the canonical spelling; parsing that gives an equal meaning.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As the user wrote it, without blanks around.
    pub text: String,
    /// What it says.
    pub clause: Clause,
}

impl Expression {
    /// Whether it compares with a base (`+10%`, `slo`): only `diff` can judge it.
    pub fn is_relative(&self) -> bool {
        self.clause.any(&|clause| match clause {
            Clause::Slo { .. } => true,
            Clause::Comparison(c) => {
                matches!(&c.test, Test::Against(_, Bound::Relative(_)))
            }
            _ => false,
        })
    }

    /// The text of a condition that no simulation can judge.
    pub fn manual(&self) -> Option<&str> {
        match &self.clause {
            Clause::Manual(text) => Some(text),
            _ => None,
        }
    }

    /// Every metric it names, in the order written.
    pub fn metrics(&self) -> Vec<&MetricRef> {
        let mut found = Vec::new();
        self.clause.metrics(&mut found);
        found
    }
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub enum Clause {
    /// Holds when any part holds (`or`); at least two.
    Any(Vec<Clause>),
    /// Holds when all parts hold (`and`); at least two.
    All(Vec<Clause>),
    /// `… for 5m`.
    Lasting {
        /// What must last.
        inner: Box<Clause>,
        /// How long: a duration.
        span: Value,
    },
    /// A metric against a bound.
    Comparison(Box<Comparison>),
    /// `manual(text)`: listed, never judged.
    Manual(String),
    /// The bare word `slo`: any objective that newly fails (`diff` only).
    Slo {
        /// Where it stands.
        offset: usize,
    },
}

impl Clause {
    fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::Any(parts) | Self::All(parts) => parts.iter().any(|part| part.any(test)),
                Self::Lasting { inner, .. } => inner.any(test),
                _ => false,
            }
    }

    fn metrics<'a>(&'a self, found: &mut Vec<&'a MetricRef>) {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                for part in parts {
                    part.metrics(found);
                }
            }
            Self::Lasting { inner, .. } => inner.metrics(found),
            Self::Comparison(comparison) => {
                found.push(&comparison.metric);
                if let Test::Against(_, Bound::Scaled(_, other) | Bound::Metric(other)) =
                    &comparison.test
                {
                    found.push(other);
                }
            }
            Self::Manual(_) | Self::Slo { .. } => {}
        }
    }
}

/// A metric, what part of the time it is taken from, and the test it must pass.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is compared.
    pub metric: MetricRef,
    /// `during a..b`: both durations; equal ends are an instant.
    pub during: Option<(Value, Value)>,
    /// The test.
    pub test: Test,
}

/// A test of a value.
#[derive(Clone, Debug)]
pub enum Test {
    /// `< bound`.
    Against(Comparator, Bound),
    /// `within lo..hi`, both ends included.
    Within(Value, Value),
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub enum Bound {
    /// `800ms`.
    Value(Value),
    /// `120% * cost.budget`.
    Scaled(Value, MetricRef),
    /// `cost.budget`.
    Metric(MetricRef),
    /// `+10%`, `-20ms`: relative to the base of a `diff`.
    Relative(Value),
}

/// A metric by the name written.
#[derive(Clone, Debug)]
pub struct MetricRef {
    /// Whole name as written, without `@…`: `api.latency.p95`.
    pub written: String,
    /// The name without its statistic: `api.latency`. Equal to `written` where there is none.
    pub name: String,
    /// The statistic that ends it, by its spelling.
    pub statistic: Option<Statistic>,
    /// What follows `@`.
    pub at: Option<String>,
    /// Where it begins in the expression.
    pub offset: usize,
    /// Characters it covers, `@…` included.
    pub width: usize,
}

impl fmt::Display for MetricRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)?;
        self.at.iter().try_for_each(|at| write!(f, "@{at}"))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) | Self::Relative(value) => write!(f, "{value}"),
            Self::Scaled(value, metric) => write!(f, "{value} * {metric}"),
            Self::Metric(metric) => write!(f, "{metric}"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        if let Some((from, to)) = &self.during {
            write!(f, " during {from}..{to}")?;
        }
        match &self.test {
            Test::Against(comparator, bound) => write!(f, " {} {bound}", comparator.sign()),
            Test::Within(low, high) => write!(f, " within {low}..{high}"),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                // `and` binds tighter than `or`, so only an `or` inside an `and` needs brackets.
                match part {
                    Self::Any(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Any(parts) => list(f, parts, "or"),
            Self::All(parts) => list(f, parts, "and"),
            Self::Lasting { inner, span } => match **inner {
                Self::Comparison(_) => write!(f, "{inner} for {span}"),
                _ => write!(f, "({inner}) for {span}"),
            },
            Self::Comparison(comparison) => write!(f, "{comparison}"),
            Self::Manual(text) => write!(f, "manual({text})"),
            Self::Slo { .. } => f.write_str("slo"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.clause)
    }
}
