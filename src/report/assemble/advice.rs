//! One sentence: what to do next.

use crate::program::Quantity;
use crate::report::figure::bare;
use crate::report::{Bottleneck, Check, Objective, Origin, Overload};
use crate::verdict::Verdict;

/// The most pressing thing, and the key or flag that acts on it.
pub(super) fn next_step(
    checks: &[Check],
    objectives: &[Objective],
    overloads: &[Overload],
    bottlenecks: &[Bottleneck],
) -> String {
    if let Some(check) = checks.iter().find(|check| check.fatal && !check.ok) {
        return format!("Do not use these numbers: capplan violated its own {} check.", check.name);
    }
    let must_hold = |o: &&Objective| o.kind != Origin::Gate;
    let first = |verdict| objectives.iter().filter(must_hold).find(|o| o.verdict == verdict);
    let fails = first(Verdict::Fails);
    if let Some(sentence) = overloads.iter().max_by(excess).and_then(relieve) {
        return sentence;
    }
    if let Some(objective) = fails {
        return repair(objective, bottlenecks);
    }
    if let Some(objective) = first(Verdict::Undecided) {
        return match &objective.remedy {
            Some(remedy) => format!("{} is undecided: {remedy}.", objective.name),
            None => format!("{} is undecided.", objective.name),
        };
    }
    let headroom = bottlenecks.iter().filter_map(|b| Some((b.headroom?, b))).next();
    match headroom {
        Some((factor, b)) => format!(
            "Nothing fails. The first objective breaks at about {factor:.1} times this load, at {}: \
             see it with --scale {:.1}.",
            b.resource,
            factor * 1.1
        ),
        None if objectives.is_empty() => {
            "State what must hold under slo, as api.latency.p95 < 500ms, or with --assert."
                .to_owned()
        }
        None => "Nothing fails; try more load with --scale 1.5.".to_owned(),
    }
}

/// The one that is short of the most, as a share; growth before loss.
fn excess(a: &&Overload, b: &&Overload) -> std::cmp::Ordering {
    let short = |o: &Overload| o.offered_per_s / o.served_per_s.max(f64::MIN_POSITIVE);
    a.grows.cmp(&b.grows).then(short(a).total_cmp(&short(b)))
}

fn relieve(overload: &Overload) -> Option<String> {
    if overload.served_per_s <= 0.0 {
        return None;
    }
    let factor = overload.offered_per_s / overload.served_per_s;
    let what = match &overload.sized_by {
        Some(path) => format!("{path} has to be"),
        None => format!("{} needs", overload.resource),
    };
    let rate = |x| bare(x, Quantity::Rate);
    Some(format!(
        "{what} about {} times what it is ({} are offered, {} are served), or that load has to shrink \
         as much; until then nothing else matters.",
        if factor < 10.0 { format!("{factor:.1}") } else { format!("{factor:.0}") },
        rate(overload.offered_per_s),
        rate(overload.served_per_s),
    ))
}

fn repair(objective: &Objective, bottlenecks: &[Bottleneck]) -> String {
    let name = &objective.name;
    match bottlenecks.iter().find_map(|b| Some((b, b.effect.as_ref()?))) {
        Some((_, e)) => format!(
            "{name} fails. What helps most: {}, which brings {} from {} to {}.",
            e.change,
            e.metric,
            e.before.value(),
            e.after.value()
        ),
        None => match bottlenecks.first() {
            Some(b) => {
                let key = b.sized_by.as_deref().unwrap_or(&b.resource);
                format!("{name} fails. Look at {} first: try more with --set {key}=…", b.resource)
            }
            None => format!("{name} fails, and no resource is short: look at where the time goes."),
        },
    }
}
