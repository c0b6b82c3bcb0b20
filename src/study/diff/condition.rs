//! `--fail-on EXPR`: expressions over the difference of two results.
//!
//! They are those of the profile language, with two additions: a bound with a sign is relative to the
//! base (`cost.total > +10%`), and the bare word `slo` is true when an objective newly fails.

use std::collections::BTreeSet;

use super::contrast::contrast;
use super::{CHANCE, Facts, Part, PartChange, Stated};
use crate::expr::{
    Bound, Clause, Comparator, Comparison, ExprError, Expression, MetricRef, Mistake, Test, Unit,
    Value, fits, parse,
};
use crate::program::Quantity;
use crate::source::nearest;
use crate::verdict::{Span, Verdict, compare, within};

/// A condition that must not come true.
#[derive(Clone, Debug)]
pub struct FailOn {
    expression: Expression,
}

/// What is said of a condition in one part.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// It holds when the condition is true, so that the comparison fails.
    pub verdict: Verdict,
    /// The figures that decide it, in words.
    pub reason: String,
    /// The objective that newly fails, of those that do the first.
    pub objective: Option<Stated>,
}

impl FailOn {
    /// Reads it.
    ///
    /// # Errors
    /// It is no expression, or asks for what two results do not hold.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        let expression = parse(text)?;
        possible(&expression.clause)?;
        Ok(Self { expression })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.expression.text
    }

    /// Whether it asks only how the head differs from the base: of equal sides it is known beforehand.
    pub fn is_relative(&self) -> bool {
        let relative = |c: &&Comparison| matches!(c.test, Test::Against(_, Bound::Relative(_)));
        comparisons(&self.expression.clause).iter().all(relative)
    }

    /// The metrics that it speaks of.
    pub fn metrics(&self) -> Vec<String> {
        self.expression.metrics().iter().map(ToString::to_string).collect()
    }

    /// Finds its metrics in the results, and checks its units.
    ///
    /// # Errors
    /// A metric that no part has, or a bound of another unit.
    pub fn check(&self, parts: &[Part]) -> Result<(), ExprError> {
        let all: Vec<&Facts> =
            parts.iter().flat_map(|part| part.after.iter().chain(&part.before)).collect();
        let quantity = |metric: &MetricRef| {
            let found = all.iter().find_map(|facts| candidates(facts, metric).first().copied());
            found.map(|fact| fact.estimate.quantity).ok_or_else(|| unknown(metric, &all))
        };
        for comparison in comparisons(&self.expression.clause) {
            let metric = &comparison.metric;
            let of = quantity(metric)?;
            let per_request = metric.name == "cost.per_request";
            let must_fit = |value: &Value| fits(metric, of, per_request, value);
            match &comparison.test {
                Test::Within(low, high) => {
                    must_fit(low)?;
                    must_fit(high)?;
                }
                Test::Against(_, Bound::Value(value)) => must_fit(value)?,
                Test::Against(_, Bound::Relative(value)) if value.unit != Unit::Ratio => {
                    must_fit(value)?;
                }
                Test::Against(_, Bound::Relative(_)) => {}
                Test::Against(_, Bound::Scaled(_, other) | Bound::Metric(other)) => {
                    if quantity(other)? != of {
                        let message = format!("`{metric}` and `{other}` are of different kinds");
                        return Err(
                            ExprError::new(other.offset, other.width, message).is(Mistake::Unit)
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether it is true of a part; `None` when the part is gone. `show` writes a value.
    pub fn judge(
        &self,
        part: &Part,
        change: &PartChange,
        show: &dyn Fn(f64, Quantity) -> String,
    ) -> Option<Outcome> {
        let after = part.after.as_ref()?;
        let judge = Judge { before: part.before.as_ref(), after, change, show };
        Some(judge.clause(&self.expression.clause))
    }
}

/// Conditions that two results can answer.
fn possible(clause: &Clause) -> Result<(), ExprError> {
    let refused = |offset, width, what: &str| {
        Err(ExprError::new(offset, width, format!("results do not keep {what}"))
            .is(Mistake::Place)
            .hint("state it as an objective of the profile, and `--fail-on slo`"))
    };
    match clause {
        Clause::Any(parts) | Clause::All(parts) => parts.iter().try_for_each(possible),
        Clause::Lasting { span, .. } => refused(span.offset, span.width(), "windows of time"),
        Clause::Comparison(comparison) => match &comparison.during {
            Some((from, _)) => refused(from.offset, from.width(), "parts of the time"),
            None => Ok(()),
        },
        Clause::Manual(_) => refused(0, 6, "what people decide"),
        Clause::Slo { .. } => Ok(()),
    }
}

fn comparisons(clause: &Clause) -> Vec<&Comparison> {
    match clause {
        Clause::Any(parts) | Clause::All(parts) => parts.iter().flat_map(comparisons).collect(),
        Clause::Lasting { inner, .. } => comparisons(inner),
        Clause::Comparison(comparison) => vec![comparison],
        Clause::Manual(_) | Clause::Slo { .. } => Vec::new(),
    }
}

/// The facts that a metric names: itself, or both of its ends where users are a range.
fn candidates<'f>(facts: &'f Facts, metric: &MetricRef) -> Vec<&'f super::Fact> {
    let name = metric.to_string();
    if let Some(fact) = facts.fact(&name) {
        return vec![fact];
    }
    ["low", "high"].iter().filter_map(|end| facts.fact(&format!("{name}@{end}"))).collect()
}

fn unknown(metric: &MetricRef, all: &[&Facts]) -> ExprError {
    let message = format!("the results have no metric `{metric}`");
    let error = ExprError::new(metric.offset, metric.width, message).is(Mistake::Name);
    let known = || all.iter().flat_map(|facts| &facts.metrics).map(|fact| fact.name.as_str());
    let of_it = |name: &&str| {
        let rest = name.strip_prefix(metric.name.as_str());
        rest.is_some_and(|rest| rest.starts_with('.') && !rest[1..].contains('.'))
    };
    let held: BTreeSet<&str> = known().filter(of_it).collect();
    if metric.statistic.is_some() && !held.is_empty() {
        let held: Vec<String> = held.iter().map(|name| format!("`{name}`")).collect();
        return error.expected(held.join(", ")).hint(
            "results hold further quantiles where a condition of the profile speaks of them; two \
             profiles are simulated with whatever is asked",
        );
    }
    match nearest(&metric.to_string(), known()) {
        Some(name) => error.hint(format!("did you mean `{name}`?")),
        None => error.hint("of distributions they hold mean, p50, p95, p99 and max"),
    }
}

struct Judge<'a> {
    before: Option<&'a Facts>,
    after: &'a Facts,
    change: &'a PartChange,
    show: &'a dyn Fn(f64, Quantity) -> String,
}

impl Judge<'_> {
    fn clause(&self, clause: &Clause) -> Outcome {
        match clause {
            Clause::Any(parts) => self.joined(parts, Verdict::or),
            Clause::All(parts) => self.joined(parts, Verdict::and),
            Clause::Comparison(comparison) => self.comparison(comparison),
            Clause::Slo { .. } => self.newly_failing(),
            Clause::Lasting { .. } | Clause::Manual(_) => {
                unreachable!("refused when the condition was read")
            }
        }
    }

    fn joined(&self, parts: &[Clause], join: fn(Verdict, Verdict) -> Verdict) -> Outcome {
        let outcomes: Vec<Outcome> = parts.iter().map(|part| self.clause(part)).collect();
        let verdict = outcomes.iter().map(|o| o.verdict).reduce(join).unwrap_or(Verdict::Undecided);
        let deciding = || outcomes.iter().filter(|o| o.verdict == verdict);
        let reasons: Vec<&str> = deciding().map(|o| o.reason.as_str()).collect();
        let objective = deciding().find_map(|o| o.objective.clone());
        Outcome { verdict, reason: reasons.join("; "), objective }
    }

    fn newly_failing(&self) -> Outcome {
        let failing: Vec<_> = self.change.objectives.iter().filter(|o| o.newly_fails).collect();
        let says = |o: &&super::ObjectiveChange| {
            let Stated { kind, name, expression, .. } = &o.stated;
            format!("{kind} `{name}` newly fails: {expression}{}", self.measured(expression))
        };
        Outcome {
            verdict: Verdict::of(!failing.is_empty()),
            reason: if failing.is_empty() {
                "no objective newly fails".to_owned()
            } else {
                failing.iter().map(says).collect::<Vec<_>>().join("; ")
            },
            objective: failing.first().map(|o| o.stated.clone()),
        }
    }

    /// ` (1.2 s, was 0.4 s)`: what the first metric of an expression is; empty when it has no value.
    fn measured(&self, expression: &str) -> String {
        let Ok(parsed) = parse(expression) else { return String::new() };
        let metrics = parsed.metrics();
        let Some(metric) = metrics.first() else { return String::new() };
        let value = |facts: &Facts| {
            let fact = candidates(facts, metric).last().copied()?;
            Some((self.show)(fact.estimate.value?, fact.estimate.quantity))
        };
        match (value(self.after), self.before.and_then(value)) {
            (Some(now), Some(old)) => format!(" ({now}, was {old})"),
            (Some(now), None) => format!(" ({now})"),
            _ => String::new(),
        }
    }

    /// True when it is of any end of a range.
    fn comparison(&self, comparison: &Comparison) -> Outcome {
        let facts = candidates(self.after, &comparison.metric);
        let outcomes = facts.into_iter().map(|fact| self.of_fact(comparison, fact));
        outcomes.reduce(|a, b| if b.verdict > a.verdict { b } else { a }).unwrap_or_else(|| {
            let reason = format!("`{}` is not measured here", comparison.metric);
            Outcome { verdict: Verdict::Fails, reason, objective: None }
        })
    }

    fn of_fact(&self, comparison: &Comparison, fact: &super::Fact) -> Outcome {
        let quantity = fact.estimate.quantity;
        let shown = |x: Option<f64>, quantity: Quantity| {
            x.map_or_else(|| "no value".to_owned(), |x| (self.show)(x, quantity))
        };
        if fact.grows() {
            return self.without_bound(comparison, fact);
        }
        let now = shown(fact.estimate.value, quantity);
        let span = Span::of(&fact.estimate);
        let said = |verdict, more: String| Outcome {
            verdict,
            reason: format!("{} is {now}{more}", fact.name),
            objective: None,
        };
        let missing = fact.estimate.value.is_none();
        match &comparison.test {
            _ if missing => said(Verdict::Undecided, String::new()),
            Test::Within(low, high) => said(
                within(span, low.base, high.base),
                format!("; fails when within {low}..{high}"),
            ),
            Test::Against(comparator, Bound::Value(value)) => said(
                compare(span, *comparator, Span::exact(value.base)),
                format!("; fails when {} {value}", comparator.sign()),
            ),
            Test::Against(comparator, Bound::Relative(by)) => {
                let Some((base, old)) =
                    self.before.and_then(|base| Some((base, base.fact(&fact.name)?)))
                else {
                    return said(Verdict::Fails, ", with nothing to compare with".to_owned());
                };
                let verdict = self.relative((base, old), fact, *comparator, by);
                if old.grows() {
                    // Whatever it is now, it is less than what had no bound.
                    let verdict =
                        Verdict::of(matches!(comparator, Comparator::Less | Comparator::AtMost));
                    return said(verdict, ", and grew without bound before".to_owned());
                }
                let before = shown(old.estimate.value, quantity);
                let share = change_of(old.estimate.value, fact.estimate.value);
                said(
                    verdict,
                    format!(", was {before}{share}; fails when {} {by}", comparator.sign()),
                )
            }
            Test::Against(comparator, bound @ (Bound::Scaled(_, other) | Bound::Metric(other))) => {
                let factor = if let Bound::Scaled(value, _) = bound { value.base } else { 1.0 };
                let Some(limit) = candidates(self.after, other).last().copied() else {
                    return said(Verdict::Fails, format!(", and {other} is not stated"));
                };
                let verdict = compare(span, *comparator, Span::of(&limit.estimate).times(factor));
                let value = shown(limit.estimate.value, quantity);
                said(verdict, format!("; fails when {} {bound} ({value})", comparator.sign()))
            }
        }
    }

    /// What a queue that grows without bound makes of a condition: more than any bound. What grew
    /// before too is no worse, and nobody knows by how much.
    fn without_bound(&self, comparison: &Comparison, fact: &super::Fact) -> Outcome {
        let before = self.before.and_then(|base| base.fact(&fact.name));
        let grew = before.is_some_and(super::Fact::grows);
        let more = |comparator: &Comparator| {
            Verdict::of(matches!(comparator, Comparator::Greater | Comparator::AtLeast))
        };
        let (verdict, was) = match &comparison.test {
            Test::Against(_, Bound::Relative(_)) if grew => (Verdict::Undecided, ", as before"),
            Test::Against(comparator, Bound::Relative(_) | Bound::Value(_)) => {
                (more(comparator), "")
            }
            Test::Against(..) => (Verdict::Undecided, ""),
            Test::Within(..) => (Verdict::Fails, ""),
        };
        let reason = format!("{} grows without bound{was}: the system is overloaded", fact.name);
        Outcome { verdict, reason, objective: None }
    }

    /// Compares a difference with nothing: `after − (1 + share) · before`, or less an amount.
    fn relative(
        &self,
        before: (&Facts, &super::Fact),
        fact: &super::Fact,
        comparator: Comparator,
        by: &Value,
    ) -> Verdict {
        let (factor, amount) =
            if by.unit == Unit::Ratio { (1.0 + by.base, 0.0) } else { (1.0, by.base) };
        let Some(contrast) = contrast(before, (self.after, fact), factor) else {
            return Verdict::Undecided;
        };
        let (low, high) = contrast.interval(1.0 - CHANCE);
        compare(Span { low, high }, comparator, Span::exact(amount))
    }
}

/// ` (+15.6 %)`.
fn change_of(before: Option<f64>, after: Option<f64>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if before != 0.0 => {
            format!(" ({:+.1} %)", 100.0 * (after - before) / before.abs())
        }
        _ => String::new(),
    }
}
