//! From compared facts to the document.

use std::collections::BTreeMap;

use super::document::{
    Diff, DiffRun, FailedOn, InputRow, MetricRow, Moved, MovedBracket, ObjectiveRow, PartRow, Side,
    Sign, title,
};
use crate::expr::Need;
use crate::profile::Profile;
use crate::program::{Catalogue, Quantity};
use crate::report::assemble::{named_metrics, sampled};
use crate::report::figure::bare;
use crate::report::{Figure, Location, SCHEMA_VERSION};
use crate::source::Place;
use crate::study::Run;
use crate::study::diff::{
    Comparison, Fact, Facts, FailOn, MetricChange, ObjectiveChange, Part, PartChange, Stated,
};
use crate::verdict::estimate::NO_DATA;
use crate::verdict::{Estimate, Verdict, costs};

/// What was asked, as the reader knows it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What was before.
    pub base: Side,
    /// What is now.
    pub head: Side,
    /// How the two were compared; the number of figures is filled in.
    pub run: DiffRun,
    /// Leaves of the profiles that differ.
    pub inputs: Vec<InputRow>,
    /// What holds for the whole comparison.
    pub notes: Vec<String>,
}

/// The facts with the value of each in every replication of its run; `also` is what was asked for
/// besides the usual metrics.
#[must_use]
pub fn with_samples(
    mut facts: Facts,
    (profile, catalogue): (&Profile, &Catalogue),
    also: &[Need],
    run: &Run,
) -> Facts {
    let mut samples: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (i, replication) in run.replications.iter().enumerate() {
        let one = std::slice::from_ref(replication);
        let bill = costs(profile, catalogue, one, run.confidence);
        let mut add = |name: String, value: f64| {
            let of = samples.entry(name).or_default();
            of.resize(i, f64::NAN);
            of.push(value);
        };
        for (name, value) in sampled((profile, catalogue), also, one) {
            add(name, value);
        }
        let amount = |money: &crate::verdict::Money| money.estimate().value.unwrap_or(f64::NAN);
        add("cost.total".to_owned(), amount(&bill.total));
        let shares = [("per_user", &bill.per_user), ("per_request", &bill.per_request)];
        for (name, share) in shares {
            if let Some(share) = share {
                add(format!("cost.{name}"), amount(share));
            }
        }
        add("cost.provisioned".to_owned(), amount(&bill.provisioned));
        add("cost.usage".to_owned(), amount(&bill.usage));
        let mut lines: BTreeMap<String, f64> = BTreeMap::new();
        for line in &bill.lines {
            let value = line.amount.as_ref().map_or(f64::NAN, amount);
            *lines.entry(format!("cost.{}", line.name)).or_default() += value;
        }
        for (name, value) in lines {
            add(name, value);
        }
    }
    let n = run.replications.len();
    for fact in &mut facts.metrics {
        if let Some(of) = samples.remove(&fact.name) {
            fact.samples = of;
            fact.samples.resize(n, f64::NAN);
        }
    }
    facts
}

/// The names of all figures of a profile, without values: what conditions may speak of.
pub fn named(profile: &Profile, catalogue: &Catalogue, also: &[Need]) -> Facts {
    let fact = |name: String, quantity| Fact {
        name,
        estimate: Estimate::unknown(None, quantity, NO_DATA),
        samples: Vec::new(),
    };
    let names = named_metrics(profile, catalogue, also).into_iter();
    let mut metrics: Vec<Fact> = names.map(|(name, quantity)| fact(name, quantity)).collect();
    let cost = &profile.cost;
    let words = ["total", "provisioned", "usage", "per_request"].map(str::to_owned);
    let optional = [("per_user", cost.per.is_some()), ("budget", cost.budget.is_some())];
    let optional = optional.into_iter().filter(|o| o.1).map(|o| o.0.to_owned());
    let priced = profile.prices.iter().map(|item| item.component.clone());
    let other = cost.other.iter().map(|row| row.0.clone());
    let rows = words.into_iter().chain(optional).chain(priced).chain(other);
    metrics.extend(rows.map(|row| fact(format!("cost.{row}"), Quantity::Money)));
    Facts { metrics, ..Facts::default() }
}

impl Diff {
    /// The document on two results.
    pub fn new(asked: Asked, parts: &[Part], comparison: &Comparison, fail_on: &[FailOn]) -> Self {
        let rows: Vec<PartRow> =
            parts.iter().zip(&comparison.parts).map(|(part, change)| row(part, change)).collect();
        let fail_on = judged(parts, comparison, fail_on);
        let verdicts = fail_on.iter().map(|f| match f.is_true {
            "true" => Verdict::Fails,
            "false" => Verdict::Holds,
            _ => Verdict::Undecided,
        });
        let verdict = verdicts.fold(Verdict::Holds, Verdict::and);
        let is_changed = rows.iter().any(|row| row.sign != Sign::Same);
        let compared = comparison.compared;
        let run = DiffRun { compared, ..asked.run };
        let headline = headline(&rows, &fail_on, &run, asked.inputs.len());
        Self {
            schema_version: SCHEMA_VERSION,
            capplan: env!("CARGO_PKG_VERSION").to_owned(),
            document: "diff",
            base: asked.base,
            head: asked.head,
            run,
            is_changed,
            headline,
            verdict,
            fail_on,
            parts: rows,
            inputs: asked.inputs,
            notes: asked.notes,
        }
    }
}

/// Every condition in every part that is still there.
fn judged(parts: &[Part], comparison: &Comparison, fail_on: &[FailOn]) -> Vec<FailedOn> {
    let mut all = Vec::new();
    for condition in fail_on {
        for (part, change) in parts.iter().zip(&comparison.parts) {
            let Some(outcome) = condition.judge(part, change, &bare) else { continue };
            all.push(FailedOn {
                expression: condition.text().to_owned(),
                phase: part.phase.clone(),
                end: part.end,
                is_true: match outcome.verdict {
                    Verdict::Holds => "true",
                    Verdict::Undecided => "undecided",
                    Verdict::Fails => "false",
                },
                reason: outcome.reason,
                place: outcome.objective.as_ref().and_then(location),
            });
        }
    }
    all
}

fn location(stated: &Stated) -> Option<Location> {
    let (file, Place { line, column, .. }) = stated.place.clone()?;
    Some(Location { file, line, column })
}

fn row(part: &Part, change: &PartChange) -> PartRow {
    let said = |facts: &Option<Facts>| facts.as_ref()?.verdict.map(Verdict::word);
    PartRow {
        phase: part.phase.clone(),
        end: part.end,
        sign: match (&part.before, &part.after) {
            (None, _) => Sign::Added,
            (_, None) => Sign::Removed,
            _ if change.is_changed => Sign::Changed,
            _ => Sign::Same,
        },
        before: said(&part.before),
        after: said(&part.after),
        objectives: change.objectives.iter().map(objective).collect(),
        metrics: change.metrics.iter().map(metric).collect(),
        bottleneck: change.bottleneck.clone().map(|(before, after)| Moved { before, after }),
        headroom: change.headroom.map(|(before, after)| MovedBracket {
            before_holds: before.map(|b| b.0),
            before_breaks: before.and_then(|b| b.1),
            after_holds: after.map(|b| b.0),
            after_breaks: after.and_then(|b| b.1),
        }),
        state: change
            .state
            .clone()
            .map(|(before, after)| Moved { before: Some(before), after: Some(after) }),
        overloads: part.after.iter().flat_map(|facts| &facts.overloads).map(overload).collect(),
    }
}

/// `app.workers: offered 301/s, serves 202/s`.
fn overload((resource, offered_per_s, served_per_s): &(String, f64, f64)) -> String {
    let rate = |per_s: f64| bare(per_s, Quantity::Rate);
    format!("{resource}: offered {}, serves {}", rate(*offered_per_s), rate(*served_per_s))
}

fn objective(change: &ObjectiveChange) -> ObjectiveRow {
    ObjectiveRow {
        name: change.stated.name.clone(),
        kind: change.stated.kind.clone(),
        expression: change.stated.expression.clone(),
        expression_before: change.rewritten.clone(),
        before: change.before.map(Verdict::word),
        after: change.after.map(Verdict::word),
        sign: match (change.before, change.after) {
            (None, _) => Sign::Added,
            (_, None) => Sign::Removed,
            _ if change.is_changed => Sign::Changed,
            _ => Sign::Same,
        },
        newly_fails: change.newly_fails,
        place: location(&change.stated),
    }
}

fn metric(change: &MetricChange) -> MetricRow {
    let said = |figure: &Figure| figure.0.value.is_some() || figure.grows();
    let figure = |side: Option<Estimate>| side.map(Figure).filter(said);
    let (before, after) = (figure(change.before), figure(change.after));
    MetricRow {
        name: change.name.clone(),
        before,
        after,
        change: change.change.map(Figure),
        share: change.share,
        sign: match (before, after) {
            _ if !change.is_significant => Sign::Same,
            (None, _) => Sign::Added,
            (_, None) => Sign::Removed,
            _ => Sign::Changed,
        },
    }
}

/// The most important thing first: what fails, what changed, that nothing did.
fn headline(rows: &[PartRow], fail_on: &[FailedOn], run: &DiffRun, inputs: usize) -> String {
    let failing: Vec<&FailedOn> = fail_on.iter().filter(|f| f.is_true == "true").collect();
    if let Some(first) = failing.first() {
        let place = match title(first.phase.as_deref(), first.end) {
            whole if whole.is_empty() => whole,
            part if first.phase.is_some() => format!(" in phase {part}"),
            end => format!(" at the {end}"),
        };
        let more = match failing.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more)"),
        };
        return format!("fails on `{}`{place}: {}{more}", first.expression, first.reason);
    }
    let several = rows.len() > 1;
    let changed: Vec<&PartRow> = rows.iter().filter(|row| row.sign != Sign::Same).collect();
    if changed.is_empty() {
        let inputs = match (run.method, inputs) {
            ("identical", _) => {
                return "no change: both sides are the same once merged, so nothing was simulated"
                    .to_owned();
            }
            (_, 0) => String::new(),
            (_, 1) => "; 1 input changed".to_owned(),
            (_, n) => format!("; {n} inputs changed"),
        };
        return format!(
            "no change: none of {} figures and no verdict differs beyond chance{inputs}",
            run.compared
        );
    }
    let newly: usize =
        rows.iter().map(|row| row.objectives.iter().filter(|o| o.newly_fails).count()).sum();
    let fails = match newly {
        0 => String::new(),
        1 => "; 1 objective newly fails".to_owned(),
        n => format!("; {n} objectives newly fail"),
    };
    let cost = rows.iter().rev().find_map(|row| {
        let total = row.metrics.iter().find(|m| m.name == "cost.total" && m.sign != Sign::Same)?;
        let share = total.share.map_or(String::new(), |s| format!(" ({})", percent(s)));
        let place = if several { format!(" in {}", row.title()) } else { String::new() };
        Some(format!("; cost.total {}{share}{place}", signed(total.change.as_ref()?)))
    });
    let what = if several {
        let titles: Vec<String> = changed.iter().map(|row| row.title()).collect();
        let parts = if rows[0].phase.is_some() { "phases" } else { "ends" };
        format!("{} of {} {parts} changed: {}", changed.len(), rows.len(), titles.join(", "))
    } else {
        let moved = changed[0].metrics.iter().filter(|m| m.sign != Sign::Same).count();
        format!("{moved} of {} figures changed", run.compared)
    };
    format!("{what}{fails}{}", cost.unwrap_or_default())
}

/// A difference with its sign: `+428 ms ± 5`, `-$12.00/mo`, `+0.3 pp` (percentage points).
pub(in crate::report) fn signed(change: &Figure) -> String {
    let Some(value) = change.0.value else { return "-".to_owned() };
    if value == 0.0 {
        return "0".to_owned();
    }
    let turned = if value < 0.0 {
        let e = change.0;
        Figure(Estimate { value: Some(-value), low: -e.high, high: -e.low, ..e })
    } else {
        *change
    };
    let text = turned.with_interval();
    // The difference of two percentages is in points, not a percentage of one of them.
    let text = if change.0.quantity == Quantity::Ratio { text.replace(" %", " pp") } else { text };
    format!("{}{text}", if value < 0.0 { "-" } else { "+" })
}

/// A share with its sign: `+15.6 %`; a factor where a share is hard to read: `385 x`.
pub(in crate::report) fn percent(share: f64) -> String {
    if share >= MANY {
        return crate::report::table::times(1.0 + share);
    }
    let text = bare(share.abs(), Quantity::Ratio);
    format!("{}{text}", if share < 0.0 { "-" } else { "+" })
}

/// Growth from which on a factor is printed: ten times as much and more.
const MANY: f64 = 9.0;
