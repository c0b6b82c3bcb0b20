//! All figures of two results side by side: which of them changed, at one level for all.

use std::collections::BTreeSet;

use super::contrast::contrast;
use super::{Fact, Facts, Part, Stated};
use crate::expr::parse;
use crate::program::Quantity;
use crate::stats::{Contrast, holm};
use crate::verdict::{Estimate, Verdict};

/// Probability that a comparison of equal results shows any change.
pub const CHANCE: f64 = 0.01;
/// A measured change that is a smaller share of the value than this is none: no reader would act.
const HAIR: f64 = 1e-3;

/// What a comparison found.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// One entry per part, in the order given.
    pub parts: Vec<PartChange>,
    /// Figures that were compared.
    pub compared: usize,
}

/// What changed in one part.
#[derive(Clone, Debug)]
pub struct PartChange {
    /// Every figure that was compared.
    pub metrics: Vec<MetricChange>,
    /// Every condition of either side.
    pub objectives: Vec<ObjectiveChange>,
    /// The first bottleneck before and after, where it changed.
    pub bottleneck: Option<(Option<String>, Option<String>)>,
    /// The bracket of the headroom before and after, where it changed.
    pub headroom: Option<(Bracket, Bracket)>,
    /// The state of the run before and after, where it changed.
    pub state: Option<(String, String)>,
    /// Whether anything of that is a change beyond chance.
    pub is_changed: bool,
}

/// Holds up to, breaks at: factors on the load.
pub type Bracket = Option<(f64, Option<f64>)>;

/// One figure before and after.
#[derive(Clone, Debug)]
pub struct MetricChange {
    /// Its name.
    pub name: String,
    /// Before; `None` when it is new.
    pub before: Option<Estimate>,
    /// After; `None` when it is gone.
    pub after: Option<Estimate>,
    /// The difference with its interval, at 99 % for each figure by itself; `None` without both, or
    /// without intervals.
    pub change: Option<Estimate>,
    /// The difference as a share of the value before; `None` when that is zero.
    pub share: Option<f64>,
    /// Whether it is more than chance, at the level of all figures together, and more than a hair.
    pub is_significant: bool,
}

/// One condition before and after.
#[derive(Clone, Debug)]
pub struct ObjectiveChange {
    /// As it is now (as it was, when it is gone).
    pub stated: Stated,
    /// What was said; `None` when it is new.
    pub before: Option<Verdict>,
    /// What is said; `None` when it is gone.
    pub after: Option<Verdict>,
    /// How it was written before, where it was written differently.
    pub rewritten: Option<String>,
    /// Whether the difference is more than chance.
    pub is_changed: bool,
    /// Whether it fails, and did not before.
    pub newly_fails: bool,
}

/// Compares all parts of two results at one level.
pub fn compare(parts: &[Part]) -> Comparison {
    let mut compared: Vec<Vec<(MetricChange, Option<Contrast>)>> =
        parts.iter().map(figures).collect();
    let tested = compared.iter().flatten().filter_map(|(_, contrast)| contrast.as_ref());
    let p_values: Vec<f64> = tested.map(Contrast::p_value).collect();
    let mut rejected = holm(&p_values, CHANCE).into_iter();
    for (change, contrast) in compared.iter_mut().flatten() {
        let Some(contrast) = contrast else { continue };
        let is_rejected = rejected.next().expect("one per contrast");
        let (low, high) = contrast.interval(1.0 - CHANCE);
        let quantity = change.after.map_or(Quantity::Count, |after| after.quantity);
        let value = Some(contrast.difference);
        change.change = Some(Estimate { value, low, high, quantity, note: None });
        // Of a price every cent is meant.
        let is_stated = quantity == Quantity::Money && contrast.error == 0.0;
        let is_a_hair = change.share.is_some_and(|share| share.abs() < HAIR) && !is_stated;
        change.is_significant = is_rejected && !is_a_hair;
    }
    let count = p_values.len();
    let parts = parts
        .iter()
        .zip(compared)
        .map(|(part, changes)| part_change(part, changes.into_iter().map(|c| c.0).collect()))
        .collect();
    Comparison { parts, compared: count }
}

/// The figures of a part that a reader compares, each with its contrast where both sides have it.
fn figures(part: &Part) -> Vec<(MetricChange, Option<Contrast>)> {
    let sides: Vec<&Facts> = part.before.iter().chain(&part.after).collect();
    let names = names(&sides);
    let fact =
        |facts: &Option<Facts>, name: &str| -> Option<Fact> { facts.as_ref()?.fact(name).cloned() };
    let mut all = Vec::new();
    for name in names {
        let (before, after) = (fact(&part.before, &name), fact(&part.after, &name));
        let contrast = match (&part.before, &part.after, &before, &after) {
            (Some(old), Some(new), Some(b), Some(a)) => contrast((old, b), (new, a), 1.0),
            _ => None,
        };
        let value = |fact: &Option<Fact>| fact.as_ref().map(|fact| fact.estimate);
        let share = match (&contrast, value(&before).and_then(|b| b.value)) {
            (Some(contrast), Some(old)) if old != 0.0 => Some(contrast.difference / old.abs()),
            _ => None,
        };
        // A price that is new or gone is a change by itself; a figure without a value is nothing.
        let has_value = |side: &Option<Fact>| value(side).is_some_and(|e| e.value.is_some());
        let appears = has_value(&before) != has_value(&after);
        let both = part.before.is_some() && part.after.is_some();
        // What grows on one side only is the largest change there is.
        let grows = |side: &Option<Fact>| side.as_ref().is_some_and(Fact::grows);
        let overload = grows(&before) != grows(&after);
        let change = MetricChange {
            is_significant: both && (overload || appears && name.starts_with("cost.")),
            name,
            before: value(&before),
            after: value(&after),
            change: None,
            share,
        };
        all.push((change, contrast));
    }
    all
}

/// Latency, errors and throughput of every traffic, what objectives speak of, the utilization of
/// first bottlenecks, and money: what a reviewer asks for, not every number there is.
fn names(sides: &[&Facts]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names = Vec::new();
    let mut add = |name: &str| {
        for end in ["", "@low", "@high"] {
            let name = format!("{name}{end}");
            let known = sides.iter().any(|facts| facts.fact(&name).is_some());
            if known && seen.insert(name.clone()) {
                names.push(name);
            }
        }
    };
    for facts in sides {
        for traffic in &facts.traffic {
            for metric in ["latency.p95", "latency.p99", "error_rate", "throughput"] {
                add(&format!("{traffic}.{metric}"));
            }
        }
        for stated in &facts.objectives {
            let Ok(expression) = parse(&stated.expression) else { continue };
            for metric in expression.metrics() {
                add(&metric.to_string());
            }
        }
        if let Some(resource) = &facts.bottleneck {
            add(&format!("{resource}.utilization"));
        }
    }
    let costs = sides.iter().flat_map(|facts| &facts.metrics);
    let shown = |name: &&str| name.starts_with("cost.") && !SUMS.contains(name);
    costs.map(|fact| fact.name.as_str()).filter(shown).for_each(&mut add);
    names
}

/// Money that says again what the lines say, or is too small to read.
const SUMS: [&str; 3] = ["cost.provisioned", "cost.usage", "cost.per_request"];

fn part_change(part: &Part, metrics: Vec<MetricChange>) -> PartChange {
    let moved = metrics.iter().any(|m| m.is_significant);
    let nothing = Facts::default();
    let (before, after) = match (&part.before, &part.after) {
        (Some(before), Some(after)) => (before, after),
        (before, after) => {
            // Everything in it is new, or gone.
            let (before, after) =
                (before.as_ref().unwrap_or(&nothing), after.as_ref().unwrap_or(&nothing));
            let objectives = objectives(before, after, &metrics);
            return PartChange {
                metrics,
                objectives,
                bottleneck: None,
                headroom: None,
                state: None,
                is_changed: true,
            };
        }
    };
    let objectives = objectives(before, after, &metrics);
    let states =
        before.state != after.state && (before.state == "growing" || after.state == "growing");
    // A ranking and a bracket have no interval: they are a change only beside one that has.
    let beside = moved || states;
    let ranks = beside && before.bottleneck != after.bottleneck;
    let headroom = beside && apart(before.headroom, after.headroom);
    let is_changed = beside || objectives.iter().any(|o| o.is_changed);
    PartChange {
        metrics,
        objectives,
        bottleneck: ranks.then(|| (before.bottleneck.clone(), after.bottleneck.clone())),
        headroom: headroom.then_some((before.headroom, after.headroom)),
        state: states.then(|| (before.state.clone(), after.state.clone())),
        is_changed,
    }
}

/// Whether two brackets share no load.
fn apart(before: Bracket, after: Bracket) -> bool {
    let below = |a: (f64, Option<f64>), b: (f64, Option<f64>)| a.1.is_some_and(|end| end < b.0);
    match (before, after) {
        (Some(before), Some(after)) => below(before, after) || below(after, before),
        (before, after) => before.is_some() != after.is_some(),
    }
}

fn objectives(before: &Facts, after: &Facts, metrics: &[MetricChange]) -> Vec<ObjectiveChange> {
    let same = |a: &Stated, b: &Stated| a.kind == b.kind && a.name == b.name;
    let mut all: Vec<ObjectiveChange> = Vec::new();
    for now in &after.objectives {
        let old = before.objectives.iter().find(|o| same(o, now));
        let rewritten = old.filter(|o| o.expression != now.expression);
        let verdicts = (old.map(|o| o.verdict), Some(now.verdict));
        let differs = verdicts.0 != verdicts.1;
        // A verdict that changed although nothing it speaks of did was near its limit.
        let moved = || {
            let speaks = |m: &MetricChange| m.is_significant && speaks_of(&now.expression, &m.name);
            metrics.iter().any(speaks) || rewritten.is_some() || old.is_none()
        };
        let is_certain = verdicts.0 == Some(Verdict::Holds) && now.verdict == Verdict::Fails;
        let is_real = differs && (is_certain || moved());
        all.push(ObjectiveChange {
            stated: now.clone(),
            before: verdicts.0,
            after: verdicts.1,
            rewritten: rewritten.map(|o| o.expression.clone()),
            is_changed: is_real || rewritten.is_some(),
            newly_fails: is_real && now.verdict == Verdict::Fails && now.kind != "gate",
        });
    }
    for gone in before.objectives.iter().filter(|o| !after.objectives.iter().any(|n| same(o, n))) {
        all.push(ObjectiveChange {
            stated: gone.clone(),
            before: Some(gone.verdict),
            after: None,
            rewritten: None,
            is_changed: true,
            newly_fails: false,
        });
    }
    all
}

/// Whether an expression names a metric, at whatever end of a range.
fn speaks_of(expression: &str, metric: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches("@low").trim_end_matches("@high").to_owned();
    parse(expression).is_ok_and(|parsed| {
        parsed.metrics().iter().any(|m| m.to_string() == metric || plain(metric) == m.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One traffic with a p95 and a total, known to ± 2 % and exactly.
    fn facts(p95: f64, verdict: Verdict) -> Facts {
        let fact = |name: &str, value: f64, half: f64, quantity| Fact {
            name: name.to_owned(),
            estimate: Estimate {
                value: Some(value),
                low: value - half,
                high: value + half,
                quantity,
                note: None,
            },
            samples: Vec::new(),
        };
        Facts {
            verdict: Some(verdict),
            traffic: vec!["web".to_owned()],
            metrics: vec![
                fact("web.latency.p95", p95, 0.02 * p95, Quantity::Duration),
                fact("cost.total", 100.0, 0.0, Quantity::Money),
            ],
            objectives: vec![Stated {
                name: "fast".to_owned(),
                kind: "slo".to_owned(),
                expression: "web.latency.p95 < 1s".to_owned(),
                verdict,
                place: None,
            }],
            bottleneck: Some("app.cpu".to_owned()),
            headroom: Some((1.2, Some(1.25))),
            overloads: Vec::new(),
            state: "steady".to_owned(),
            replications: 16,
            confidence: 0.95,
        }
    }

    fn compared(before: Option<Facts>, after: Option<Facts>) -> PartChange {
        let part = Part { phase: None, end: None, before, after };
        compare(&[part]).parts.remove(0)
    }

    #[test]
    fn a_verdict_near_its_limit_is_no_change_by_itself() {
        let (before, after) = (facts(0.99, Verdict::Undecided), facts(1.01, Verdict::Fails));
        let near = compared(Some(before), Some(after));
        assert!(!near.is_changed && !near.objectives[0].newly_fails);
        let clear = compared(Some(facts(0.5, Verdict::Holds)), Some(facts(1.5, Verdict::Fails)));
        assert!(clear.is_changed && clear.objectives[0].newly_fails);
        let worse =
            compared(Some(facts(0.9, Verdict::Undecided)), Some(facts(1.5, Verdict::Fails)));
        assert!(worse.objectives[0].newly_fails, "its metric changed");
        let still = compared(Some(facts(1.5, Verdict::Fails)), Some(facts(3.0, Verdict::Fails)));
        assert!(still.is_changed && !still.objectives[0].newly_fails, "it failed before");
    }

    #[test]
    fn a_ranking_and_a_bracket_are_changes_only_beside_a_figure() {
        let before = facts(0.5, Verdict::Holds);
        let other = Facts {
            bottleneck: Some("db.pool".to_owned()),
            headroom: Some((2.0, Some(2.1))),
            ..before.clone()
        };
        let alone = compared(Some(before.clone()), Some(other.clone()));
        assert!(!alone.is_changed && alone.bottleneck.is_none() && alone.headroom.is_none());
        let slower = Facts { metrics: facts(0.6, Verdict::Holds).metrics, ..other };
        let beside = compared(Some(before), Some(slower));
        assert!(beside.bottleneck.is_some() && beside.headroom.is_some());
    }

    #[test]
    fn a_price_counts_to_the_cent_and_a_new_one_is_a_change() {
        let before = facts(0.5, Verdict::Holds);
        let mut after = before.clone();
        let total = &mut after.metrics[1].estimate;
        (total.value, total.low, total.high) = (Some(100.01), 100.01, 100.01);
        assert!(compared(Some(before.clone()), Some(after.clone())).is_changed);
        after.metrics[1].name = "cost.queue".to_owned();
        let change = compared(Some(before), Some(after));
        let signs: Vec<(bool, bool)> =
            change.metrics.iter().map(|m| (m.before.is_some(), m.is_significant)).collect();
        assert_eq!(signs, [(true, false), (true, true), (false, true)]);
    }

    #[test]
    fn what_is_new_or_gone_is_a_change() {
        let facts = facts(1.5, Verdict::Fails);
        let new = compared(None, Some(facts.clone()));
        assert!(new.is_changed && new.objectives[0].newly_fails);
        let gone = compared(Some(facts), None);
        assert!(gone.is_changed && !gone.objectives[0].newly_fails);
    }
}
