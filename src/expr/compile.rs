//! An expression against the names of a program: what must be measured, and how it is compared.

use super::ast::{Bound, Clause, Comparison, Expression, MetricRef, Test};
use super::names::{CostMetric, Found, Names};
use super::value::{Unit, Value};
use super::{ExprError, Mistake};
use crate::program::{Comparator, During, Measure, Program, Quantity};
use crate::stats::Statistic;

/// What an expression is for, which decides what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An objective, an alert or `--assert`.
    Objective,
    /// A claim of a plan or the gate of a phase: may be `manual(…)`.
    Claim,
    /// A scaling rule or admission: sees windows or current values, never money.
    Trigger,
    /// An autoscaling target: `metric = value` of anything.
    Target,
}

/// A value that a condition needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// The metric as written: `api.latency.p95`.
    pub name: String,
    /// Where it lies.
    pub measure: Measure,
    /// Which statistic of it; `None` where the measure has but one.
    pub statistic: Option<Statistic>,
    /// Only of this part of the measured time.
    pub during: Option<During>,
    /// What it is.
    pub quantity: Quantity,
    /// Whether its value per window is needed too (`for`).
    pub windows: bool,
}

impl Need {
    /// A metric on its own, as an expression would name it: `q.wait.p99@bulk`, `q.in_system` (with
    /// `during`, in seconds, of that part of the time).
    ///
    /// # Errors
    /// The name is unknown, or such a metric is not measured; money is not.
    pub fn of(
        metric: &str,
        during_s: Option<(f64, f64)>,
        names: &Names<'_>,
    ) -> Result<Self, ExprError> {
        let metric = super::metric::metric(metric, 0);
        let Found::Measured { measure, statistic, quantity } = names.find(&metric)? else {
            return Err(ExprError::new(0, metric.width, "money is no measurement"));
        };
        let during = during_s.map(|(from_s, to_s)| During::new(from_s, to_s));
        if let Some(during) = during
            && let Some(why) = unanswerable(&measure, statistic, during)
        {
            return Err(ExprError::new(0, metric.width, why).is(Mistake::Place));
        }
        Ok(Self { name: metric.to_string(), measure, statistic, during, quantity, windows: false })
    }

    /// Makes a program measure it.
    pub fn ask(&self, program: &mut Program) {
        program.ask(&self.measure, self.statistic, self.during);
        let tracked = self.tracked();
        if self.windows && !program.tracked.contains(&tracked) {
            program.tracked.push(tracked);
        }
    }

    /// As the engine tracks it: measures without a choice of statistic are tracked as their mean.
    pub fn tracked(&self) -> (Measure, Statistic) {
        (self.measure.clone(), self.statistic.unwrap_or(Statistic::Mean))
    }
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A measured value: index into [`Compiled::needs`].
    Measured(usize),
    /// Money.
    Cost(CostMetric),
}

/// A condition ready to be judged.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Any part holds.
    Any(Vec<Condition>),
    /// All parts hold.
    All(Vec<Condition>),
    /// The inner condition in every window for so long.
    Lasting {
        /// What must last.
        inner: Box<Condition>,
        /// Seconds, above zero.
        span_s: f64,
    },
    /// A comparison.
    Trial(Trial),
    /// No simulation can judge it.
    Manual(String),
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Canonical spelling.
    pub text: String,
    /// The metric as written.
    pub metric: String,
    /// Where its value comes from.
    pub operand: Operand,
    /// What it is.
    pub quantity: Quantity,
    /// The question.
    pub question: Question,
}

impl Trial {
    /// Whether more of the value is better for it: it bounds from below.
    pub const fn asks_for_more(&self) -> bool {
        matches!(self.question, Question::Against(Comparator::Greater | Comparator::AtLeast, _))
    }
}

/// What is asked of a value.
#[derive(Clone, Debug)]
pub enum Question {
    /// Compared with a limit.
    Against(Comparator, Limit),
    /// Inside a range, both ends included, in the base unit.
    Within(f64, f64),
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub enum Limit {
    /// A fixed value in the base unit.
    Value(f64),
    /// Another metric times a factor.
    Metric {
        /// The factor (1 without one).
        factor: f64,
        /// The metric as written.
        metric: String,
        /// Where its value comes from.
        operand: Operand,
    },
}

/// An expression whose names are known.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Canonical spelling.
    pub text: String,
    /// What it says.
    pub condition: Condition,
    /// What must be measured, each once, in the order written.
    pub needs: Vec<Need>,
    /// The longest `for`, seconds; zero without one.
    pub longest_s: f64,
}

impl Compiled {
    /// Finds the names of an expression and checks its units.
    ///
    /// # Errors
    /// Every name that is unknown, ambiguous or not supported, and every bound whose unit does not
    /// fit its metric.
    pub fn new(
        expression: &Expression,
        names: &Names<'_>,
        purpose: Purpose,
    ) -> Result<Self, Vec<ExprError>> {
        let mut compiler =
            Compiler { names, purpose, needs: Vec::new(), errors: Vec::new(), longest_s: 0.0 };
        let condition = compiler.clause(&expression.clause, false);
        if !compiler.errors.is_empty() {
            return Err(compiler.errors);
        }
        Ok(Self {
            text: expression.to_string(),
            condition: condition.expect("without an error every part was compiled"),
            needs: compiler.needs,
            longest_s: compiler.longest_s,
        })
    }

    /// The fixed bounds that each need is compared with over the whole run: what a runner must
    /// decide. A need compared with another metric only, or per window only, has `None`.
    pub fn bounds(&self) -> Vec<(&Need, Option<f64>)> {
        let mut fixed: Vec<(usize, f64)> = Vec::new();
        self.condition.bounds(&mut fixed);
        let mut all = Vec::new();
        for (i, need) in self.needs.iter().enumerate() {
            let before = all.len();
            all.extend(fixed.iter().filter(|(of, _)| *of == i).map(|(_, b)| (need, Some(*b))));
            if all.len() == before {
                all.push((need, None));
            }
        }
        all
    }
}

impl Compiled {
    /// Every comparison, in the order written.
    pub fn trials(&self) -> Vec<&Trial> {
        let mut found = Vec::new();
        self.condition.trials(&mut found);
        found
    }
}

impl Condition {
    fn trials<'a>(&'a self, found: &mut Vec<&'a Trial>) {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                for part in parts {
                    part.trials(found);
                }
            }
            Self::Lasting { inner, .. } => inner.trials(found),
            Self::Trial(trial) => found.push(trial),
            Self::Manual(_) => {}
        }
    }

    fn bounds(&self, found: &mut Vec<(usize, f64)>) {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                for part in parts {
                    part.bounds(found);
                }
            }
            Self::Trial(Trial { operand: Operand::Measured(i), question, .. }) => match question {
                Question::Against(_, Limit::Value(bound)) => found.push((*i, *bound)),
                Question::Within(low, high) => found.extend([(*i, *low), (*i, *high)]),
                Question::Against(..) => {}
            },
            Self::Trial(_) | Self::Lasting { .. } | Self::Manual(_) => {}
        }
    }
}

/// Makes a program measure all that the conditions need beyond what it always does, each once: values
/// per window, instants, parts of the time, spreads of levels, single classes.
pub fn track<'c>(program: &mut Program, conditions: impl IntoIterator<Item = &'c Compiled>) {
    for need in conditions.into_iter().flat_map(|c| &c.needs) {
        need.ask(program);
    }
}

struct Compiler<'n> {
    names: &'n Names<'n>,
    purpose: Purpose,
    needs: Vec<Need>,
    errors: Vec<ExprError>,
    longest_s: f64,
}

impl Compiler<'_> {
    /// `None` after an error, which was noted; the rest is still looked at.
    fn clause(&mut self, clause: &Clause, windows: bool) -> Option<Condition> {
        match clause {
            Clause::Any(parts) => self.parts(parts, windows).map(Condition::Any),
            Clause::All(parts) => self.parts(parts, windows).map(Condition::All),
            Clause::Lasting { inner, span } => {
                self.longest_s = self.longest_s.max(span.base);
                let inner = self.clause(inner, true)?;
                Some(Condition::Lasting { inner: Box::new(inner), span_s: span.base })
            }
            Clause::Comparison(comparison) => {
                self.comparison(comparison, windows).map(Condition::Trial)
            }
            Clause::Manual(text) => {
                if self.purpose == Purpose::Claim {
                    return Some(Condition::Manual(text.clone()));
                }
                let width = clause.to_string().chars().count();
                self.errors.push(
                    ExprError::new(0, width, "only a claim or a gate can be `manual(…)`")
                        .is(Mistake::Place)
                        .hint("state a metric and its bound"),
                );
                None
            }
            Clause::Slo { offset } => {
                self.errors.push(
                    ExprError::new(*offset, 3, "the bare word `slo` is for `diff` only")
                        .is(Mistake::Place)
                        .hint("state a metric and its bound"),
                );
                None
            }
        }
    }

    fn parts(&mut self, parts: &[Clause], windows: bool) -> Option<Vec<Condition>> {
        let compiled: Vec<_> = parts.iter().map(|part| self.clause(part, windows)).collect();
        compiled.into_iter().collect()
    }

    fn comparison(&mut self, comparison: &Comparison, windows: bool) -> Option<Trial> {
        let metric = &comparison.metric;
        let found = self.found(metric)?;
        if self.purpose == Purpose::Trigger && matches!(found, Found::Cost(_)) {
            self.errors.push(
                ExprError::new(metric.offset, metric.width, "money triggers nothing in a run")
                    .is(Mistake::Place)
                    .hint("state it as an objective or a claim"),
            );
            return None;
        }
        let during = match &comparison.during {
            Some((from, to)) => Some(self.during(metric, &found, from, to)?),
            None => None,
        };
        let question = match &comparison.test {
            Test::Within(low, high) => {
                self.fits(metric, &found, low)?;
                self.fits(metric, &found, high)?;
                Question::Within(low.base, high.base)
            }
            Test::Against(comparator, bound) => {
                let counts = found.quantity() == Quantity::Count;
                if *comparator == Comparator::Equal && !counts && self.purpose != Purpose::Target {
                    self.errors.push(
                        ExprError::new(metric.offset, metric.width, "`=` compares counts only")
                            .is(Mistake::Unit)
                            .hint("write `within low..high`, `<` or `>`"),
                    );
                    return None;
                }
                Question::Against(*comparator, self.limit(metric, &found, bound, windows)?)
            }
        };
        let quantity = found.quantity();
        let operand = self.operand(metric, found, windows, during);
        Some(Trial {
            text: comparison.to_string(),
            metric: metric.to_string(),
            operand,
            quantity,
            question,
        })
    }

    fn found(&mut self, metric: &MetricRef) -> Option<Found> {
        self.names.find(metric).map_err(|error| self.errors.push(error)).ok()
    }

    /// The part of the time, when it can be asked for.
    fn during(
        &mut self,
        metric: &MetricRef,
        found: &Found,
        from: &Value,
        to: &Value,
    ) -> Option<During> {
        let Found::Measured { measure, statistic, .. } = found else {
            self.errors.push(
                ExprError::new(metric.offset, metric.width, "money is per month, not of a while")
                    .is(Mistake::Place)
                    .hint("leave `during` out"),
            );
            return None;
        };
        let during = During::new(from.base, to.base);
        let Some(why) = unanswerable(measure, *statistic, during) else { return Some(during) };
        let width = format!("{from}..{to}").chars().count();
        self.errors.push(ExprError::new(from.offset, width, why).is(Mistake::Place).hint(
            "levels can be asked for at an instant, all but maxima during a span: `5m..10m`",
        ));
        None
    }

    fn limit(
        &mut self,
        metric: &MetricRef,
        found: &Found,
        bound: &Bound,
        windows: bool,
    ) -> Option<Limit> {
        match bound {
            Bound::Value(value) => {
                self.fits(metric, found, value)?;
                Some(Limit::Value(value.base))
            }
            Bound::Relative(value) => {
                let number = value.text.trim_start_matches(['+', '-']);
                let message = format!("`{value}` is relative to a base: `diff` only");
                self.errors.push(
                    ExprError::new(value.offset, value.width(), message)
                        .is(Mistake::Place)
                        .hint(format!("an absolute bound has no sign: `{number}`")),
                );
                None
            }
            Bound::Scaled(_, other) | Bound::Metric(other) => {
                let second = self.found(other)?;
                if second.quantity() != found.quantity() {
                    self.errors.push(
                        ExprError::new(
                            other.offset,
                            other.width,
                            format!(
                                "`{metric}` is {}, `{other}` {}",
                                noun(found.quantity()),
                                noun(second.quantity())
                            ),
                        )
                        .is(Mistake::Unit)
                        .expected(format!("{} or another metric of it", noun(found.quantity()))),
                    );
                    return None;
                }
                let factor = if let Bound::Scaled(value, _) = bound { value.base } else { 1.0 };
                let operand = self.operand(other, second, windows, None);
                Some(Limit::Metric { factor, metric: other.to_string(), operand })
            }
        }
    }

    fn operand(
        &mut self,
        metric: &MetricRef,
        found: Found,
        windows: bool,
        during: Option<During>,
    ) -> Operand {
        let (measure, statistic, quantity) = match found {
            Found::Cost(cost) => return Operand::Cost(cost),
            Found::Measured { measure, statistic, quantity } => (measure, statistic, quantity),
        };
        let same = |need: &Need| {
            need.measure == measure && need.statistic == statistic && need.during == during
        };
        if let Some(i) = self.needs.iter().position(same) {
            self.needs[i].windows |= windows;
            return Operand::Measured(i);
        }
        let name = metric.to_string();
        self.needs.push(Need { name, measure, statistic, during, quantity, windows });
        Operand::Measured(self.needs.len() - 1)
    }

    /// Whether a value's unit is of the metric's quantity.
    fn fits(&mut self, metric: &MetricRef, found: &Found, value: &Value) -> Option<()> {
        let per_request = matches!(found, Found::Cost(CostMetric::PerRequest));
        fits(metric, found.quantity(), per_request, value).map_err(|e| self.errors.push(e)).ok()
    }
}

/// Why a part of the time cannot be asked for; `None` when it can.
fn unanswerable(
    measure: &Measure,
    statistic: Option<Statistic>,
    during: During,
) -> Option<&'static str> {
    let whole = if let Measure::Part { of, .. } = measure { of } else { measure };
    let is_level = matches!(whole, Measure::Level { .. });
    if during.is_instant() {
        if !is_level {
            return Some("an instant has no requests: only levels have a value then");
        }
        let is_mean = matches!(statistic, None | Some(Statistic::Mean));
        return (!is_mean).then_some("an instant has no spread: its value is the mean over runs");
    }
    (statistic == Some(Statistic::Max) && !is_level)
        .then_some("the largest of a part of the time is not kept")
}

/// Whether a value's unit is of a metric's quantity; money is per month, or `per_request`.
///
/// # Errors
/// It is not; with what could stand there.
pub(crate) fn fits(
    metric: &MetricRef,
    quantity: Quantity,
    per_request: bool,
    value: &Value,
) -> Result<(), ExprError> {
    let wanted = if per_request { Unit::PerRequest } else { unit_of(quantity) };
    if value.unit == wanted {
        return Ok(());
    }
    let width = value.width();
    Err(if value.unit == Unit::Count {
        let advice = with_unit(value, wanted);
        ExprError::new(value.offset, width, format!("needs a unit: {advice}?")).is(Mistake::Unit)
    } else {
        let (is, has) = (wanted.noun(), value.unit.noun());
        ExprError::new(value.offset, width, format!("`{metric}` is {is}, `{value}` is {has}"))
            .is(Mistake::Unit)
            .expected(format!("{is} such as `{}`", example(wanted)))
    })
}

const fn unit_of(quantity: Quantity) -> Unit {
    match quantity {
        Quantity::Duration => Unit::Duration,
        Quantity::Rate => Unit::Rate,
        Quantity::Ratio => Unit::Ratio,
        Quantity::Count => Unit::Count,
        Quantity::Bytes => Unit::Bytes,
        Quantity::Bandwidth => Unit::Bandwidth,
        Quantity::Money => Unit::PerMonth,
    }
}

const fn noun(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Money => "money",
        Quantity::Count => "a count",
        other => unit_of(other).noun(),
    }
}

const fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "40",
        Unit::Ratio => "80%",
        Unit::Duration => "800ms",
        Unit::Bytes => "512MiB",
        Unit::Bandwidth => "20MB/s",
        Unit::Rate => "400/s",
        Unit::PerMonth => "$450/mo",
        Unit::PerRequest => "$0.0004/request",
    }
}

/// A bare number with the units that may be meant.
fn with_unit(value: &Value, wanted: Unit) -> String {
    let n = value.digits();
    match wanted {
        Unit::Duration => format!("{n}ms or {n}s"),
        Unit::Rate => format!("{n}/s or {n}/min"),
        Unit::Bytes => format!("{n}MB or {n}MiB"),
        Unit::Bandwidth => format!("{n}MB/s or {n}Mbit/s"),
        Unit::PerMonth => format!("${n}/mo"),
        Unit::PerRequest => format!("${n}/request"),
        Unit::Ratio if value.base > 0.0 && value.base < 1.0 => {
            let percent = value.exact * rust_decimal::Decimal::ONE_HUNDRED;
            format!("{}% or {n}%", percent.normalize())
        }
        Unit::Ratio | Unit::Count => format!("{n}%"),
    }
}
