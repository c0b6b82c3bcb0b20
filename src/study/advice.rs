//! What to do next, in one sentence made of the data.

use super::bottlenecks::{Bottleneck, Case, Watched};
use super::headroom::Headroom;
use super::kills::kills;
use crate::profile::Basis;
use crate::program::Quantity;
use crate::verdict::{Estimate, Verdict, brief, brief_s};

/// Utilization below which nothing binds.
const IDLE: f64 = 0.3;

/// The one sentence.
pub(super) fn next_step(
    case: &Case<'_>,
    bottlenecks: &[Bottleneck],
    watched: Option<&Watched>,
    headroom: Option<&Headroom>,
) -> String {
    let verdict = watched.and_then(|watched| watched.verdict);
    // What dies serves nobody: no capacity of anything else mends that.
    if verdict != Some(Verdict::Holds)
        && let Some(worst) = kills(case.program, case.catalogue, case.run).first()
    {
        return format!(
            "{}, with all that is inside: raise {}.memory.limit, or let less into an instance (fewer \
             sessions and requests at once, or more instances)",
            worst.says(),
            worst.service
        );
    }
    // Restarts that cost more than any resource lacks.
    if let Some(restarts) = bottlenecks.first().filter(|b| is_no_resource(b))
        && verdict != Some(Verdict::Holds)
        && restarts.effect.as_ref().is_some_and(super::Effect::helps)
    {
        return helped(restarts);
    }
    let resources: Vec<Bottleneck> =
        bottlenecks.iter().filter(|b| !is_no_resource(b)).cloned().collect();
    let bottlenecks = resources.as_slice();
    // The first that is overloaded in the order of the findings: what helps most is first.
    if let Some(worst) = bottlenecks.iter().find(|b| b.overload.is_some()) {
        return overloaded(worst);
    }
    let best = bottlenecks.iter().find(|b| b.effect.as_ref().is_some_and(super::Effect::helps));
    match (verdict, best, watched) {
        (Some(Verdict::Fails), Some(best), _) => helped(best),
        (Some(Verdict::Fails), None, Some(watched)) => format!(
            "{} fails, and more of no resource helps it: shorten the work itself{}",
            watched.metric,
            where_time_goes(case)
        ),
        (Some(Verdict::Undecided), _, Some(watched)) => undecided(case, watched),
        (_, best, _) => fine(case, bottlenecks, best, headroom),
    }
}

fn overloaded(worst: &Bottleneck) -> String {
    let (offered, served) = worst.overload.unwrap_or_default();
    let name = &worst.resource;
    let gets = if worst.unit.ends_with("/s") { "allowed" } else { "served" };
    let times = brief(offered / served.max(1e-9));
    let remedy = match &worst.sized_by {
        Some(key) => format!("raise {} to {times} times as much, or send it less", short(key)),
        None => format!("send it less, or get {times} times the limit"),
    };
    let outcome = worst.effect.as_ref().map_or_else(String::new, |effect| {
        let (before, after) = (shown(&effect.before), shown(&effect.after));
        if effect.helps() {
            format!(" (that brings {} from {before} to {after})", effect.metric)
        } else {
            format!(" (alone that does not yet mend {})", effect.metric)
        }
    });
    let (offered, served) = (brief(offered), brief(served));
    format!("{name} is overloaded: {offered}/s offered, {served}/s {gets}; {remedy}{outcome}")
}

/// Something that was changed otherwise than by its capacity.
fn is_no_resource(bottleneck: &Bottleneck) -> bool {
    bottleneck.effect.as_ref().is_some_and(|effect| effect.set_to.is_some())
}

fn helped(best: &Bottleneck) -> String {
    let effect = best.effect.as_ref().expect("it helped");
    let key = best.sized_by.as_deref().map_or(best.resource.as_str(), short);
    if effect.set_to.is_some() {
        let away = brief(100.0 * best.utilization);
        let (before, after) = (shown(&effect.before), shown(&effect.after));
        return format!(
            "let the workers of {} restart less often ({key}): they are away {away} % of the time; \
             without restarts {} goes from {before} to {after}",
            best.component, effect.metric
        );
    }
    let by = if effect.factor > 1.3 {
        format!("{} times as much", brief(effect.factor))
    } else {
        "a quarter more".to_owned()
    };
    let (before, after) = (shown(&effect.before), shown(&effect.after));
    format!("raise {key}: {by} brings {} from {before} to {after}", effect.metric)
}

fn undecided(case: &Case<'_>, watched: &Watched) -> String {
    let name = watched.objective.as_deref().unwrap_or(&watched.metric);
    let judged = case.verdicts.conditions.iter().find(|judged| judged.name == name);
    let remedy = judged.and_then(|judged| judged.ruling.remedy());
    let reason = judged.and_then(|judged| judged.ruling.reason.as_deref());
    match (remedy, reason) {
        (Some(remedy), _) if remedy.starts_with("--") => {
            format!("{name} is undecided; {remedy} should decide it")
        }
        (Some(why), _) | (None, Some(why)) => format!("{name} is undecided: {why}"),
        (None, None) => format!("{name} is undecided"),
    }
}

/// Nothing fails.
fn fine(
    case: &Case<'_>,
    bottlenecks: &[Bottleneck],
    best: Option<&Bottleneck>,
    headroom: Option<&Headroom>,
) -> String {
    let busiest = bottlenecks.iter().max_by(|a, b| a.utilization.total_cmp(&b.utilization));
    let idle = busiest.is_none_or(|busiest| busiest.utilization < IDLE);
    if idle && let Some((name, units)) = dearest(case) {
        return format!("nothing binds: cut {name} (there are {units})");
    }
    let Some(headroom) = headroom else {
        return busiest.map_or_else(
            || "nothing binds".to_owned(),
            |busiest| {
                let used = brief(100.0 * busiest.utilization);
                format!("nothing fails; {} is the busiest at {used} %", busiest.resource)
            },
        );
    };
    let first = best.or(busiest).map_or("", |bottleneck| bottleneck.resource.as_str());
    let holds = brief(headroom.holds);
    match headroom.breaks {
        Some(_) if first.is_empty() => format!("nothing to do up to {holds} times this load"),
        Some(_) => format!("nothing to do up to {holds} times this load; then {first} is next"),
        None => format!("nothing breaks up to {holds} times this load"),
    }
}

/// The component with the dearest units of which there is more than one.
fn dearest(case: &Case<'_>) -> Option<(String, u64)> {
    let priced = case.profile.prices.iter().filter_map(|item| match item.basis {
        Basis::Provisioned { units } if units > 1 => Some((
            item.price.price.per_month()?,
            format!("{}.{}", item.component, item.item),
            units,
        )),
        _ => None,
    });
    let dearest = priced.reduce(|a, b| if b.0 > a.0 { b } else { a });
    dearest.map(|(_, name, units)| (name, units))
}

/// ` (most of it passes in db)`.
fn where_time_goes(case: &Case<'_>) -> String {
    let components = case.catalogue.components.len();
    let mut spent = vec![0.0; components];
    for replication in &case.run.replications {
        for (i, (waited, served)) in replication.attribution.spent_s.iter().enumerate() {
            // One more column than components stands for what passes outside of all.
            let columns = replication.attribution.spent_s.len()
                / replication.attribution.requests.len().max(1);
            if let Some(spent) = spent.get_mut(i % columns.max(1)) {
                *spent += waited + served;
            }
        }
    }
    let most = (0..components).reduce(|a, b| if spent[b] > spent[a] { b } else { a });
    most.filter(|most| spent[*most] > 0.0).map_or_else(String::new, |most| {
        format!(" (most of it passes in {})", case.catalogue.components[most].name)
    })
}

/// `components.db.pool.size` is `db.pool.size` on the command line.
fn short(key: &str) -> &str {
    key.strip_prefix("components.").unwrap_or(key)
}

fn shown(estimate: &Estimate) -> String {
    match (estimate.value, estimate.quantity) {
        (None, _) => "no steady state".to_owned(),
        (Some(value), Quantity::Duration) => brief_s(value),
        (Some(value), Quantity::Ratio) => format!("{} %", brief(100.0 * value)),
        (Some(value), Quantity::Rate) => format!("{}/s", brief(value)),
        (Some(value), _) => brief(value),
    }
}
