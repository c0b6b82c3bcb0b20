//! From the reports on the ends of phases to their table.

use super::{
    Amount, Arithmetic, ChecklistItem, Gate, Marginal, PhaseChange, PhaseCost, PhaseEnd,
    PhaseHeadroom, PhaseRow, PromiseRow, PromisedItem, TopBottleneck,
};
use crate::expr::Condition;
use crate::profile::{Profile, Promise};
use crate::program::Quantity;
use crate::report::{Figure, Objective, Origin, Report, TrafficRow};
use crate::verdict::{self, Costs, Lies, Money, Verdict};

/// What was found about one end of a phase.
#[derive(Clone, Debug)]
pub struct EndFindings<'a> {
    /// The profile with this number of users.
    pub profile: &'a Profile,
    /// What a simulation says of it.
    pub report: Report,
    /// What it costs.
    pub costs: &'a Costs,
    /// What more users would cost.
    pub next_1000_users: Option<(Money, &'static str)>,
}

/// The row of a phase; `low` where its users are a range.
pub fn row(
    name: &str,
    low: Option<EndFindings<'_>>,
    high: EndFindings<'_>,
    before: Option<&PhaseRow>,
) -> PhaseRow {
    let profile = high.profile;
    let promises = promises(profile, low.as_ref(), &high);
    let both = low.is_some();
    let of_end = |end: &EndFindings<'_>, tag: &str| -> Vec<Objective> {
        let these = end.report.objectives.iter().filter(|o| o.kind == Origin::Claim);
        let named = |o: &Objective| Objective {
            name: if both { format!("{}@{tag}", o.name) } else { o.name.clone() },
            ..o.clone()
        };
        these.map(named).collect()
    };
    let mut claims: Vec<Objective> = low.iter().flat_map(|low| of_end(low, "low")).collect();
    claims.extend(of_end(&high, "high"));
    let gate = gate(profile, &high.report);
    let per = profile.cost.per.as_ref().map(|per| per.0.clone());
    let (lead_time_s, planned_s) = (profile.lead_time_s, profile.planned_s);
    let headroom = headroom(profile, &high.report);
    let (low, high) = (low.map(end), end(high));
    let ends = low.iter().chain([&high]).map(|end| end.verdict);
    let kept = promises.iter().map(|promise| promise.verdict);
    let verdict = ends.chain(kept).fold(Verdict::Holds, Verdict::and);
    let change = before.map(|before| change(before, &high));
    let name = name.to_owned();
    PhaseRow {
        name,
        per,
        verdict,
        low,
        high,
        headroom,
        change,
        promises,
        claims,
        gate,
        lead_time_s,
        planned_s,
    }
}

fn end(findings: EndFindings<'_>) -> PhaseEnd {
    let EndFindings { profile, report, costs, next_1000_users } = findings;
    let traffic = subject(profile, &report);
    let nothing = Figure::nothing(Quantity::Duration);
    let figure = |of: fn(&TrafficRow) -> Figure| traffic.map_or(nothing, of);
    let bottleneck = report.bottlenecks.first().map(|b| TopBottleneck {
        resource: b.resource.clone(),
        utilization: b.utilization,
        sized_by: b.sized_by.clone(),
    });
    let next_1000_users = next_1000_users
        .map(|(money, method)| Marginal { amount: amount(money, costs.is_simulated()), method });
    PhaseEnd {
        users: profile.cost.per.as_ref().map(|per| per.1),
        verdict: report.verdict,
        of: traffic.map(|row| row.name.clone()),
        p95: figure(|row| row.p95),
        p99: figure(|row| row.p99),
        error_rate: figure(|row| row.error_rate),
        bottleneck,
        cost: PhaseCost { next_1000_users, ..cost(costs) },
        report,
    }
}

/// The traffic that the latency objectives are about: of the first `X.latency.…`, else the first.
fn subject<'r>(profile: &Profile, report: &'r Report) -> Option<&'r TrafficRow> {
    let needs = profile.slo.iter().chain(&profile.claims).flat_map(|j| &j.compiled.needs);
    let mut names = needs.filter_map(|need| need.name.split_once(".latency.").map(|parts| parts.0));
    let row = |name: &str| report.traffic.iter().find(|row| row.name == name);
    names.find_map(row).or_else(|| report.traffic.first())
}

fn amount(money: Money, has_usage: bool) -> Amount {
    let Money { value, low, high } = money;
    Amount { value, low, high, simulated: has_usage && !money.is_exact() }
}

fn cost(costs: &Costs) -> PhaseCost {
    let amount = |money: Money| amount(money, costs.is_simulated());
    PhaseCost {
        infrastructure: amount(costs.infrastructure),
        api: amount(costs.api),
        total: amount(costs.total),
        per_user: costs.per_user.map(amount),
        per_active_user: costs.per_active_user.map(amount),
        per_session: costs.per_session.map(amount),
        per_1000_requests: costs.per_1000_requests.map(amount),
        budget: costs.budget,
        next_1000_users: None,
        unpriced: costs.unpriced.clone(),
    }
}

fn headroom(profile: &Profile, report: &Report) -> Option<PhaseHeadroom> {
    let headroom = report.headroom.as_ref()?;
    let users = profile.cost.per.as_ref().filter(|per| !profile.idle_users.contains(&per.0));
    Some(PhaseHeadroom {
        holds: users.map(|per| (per.1 * headroom.holds).floor()),
        breaks: users.and_then(|per| Some((per.1 * headroom.breaks?).ceil())),
        factor_holds: headroom.holds,
        factor_breaks: headroom.breaks,
        objective: headroom.objective.clone(),
        probes: headroom.probes,
    })
}

fn change(before: &PhaseRow, now: &PhaseEnd) -> PhaseChange {
    let then = &before.high;
    let value = |figure: &Figure| figure.0.value;
    let float = |x: rust_decimal::Decimal| x.to_string().parse::<f64>().unwrap_or(f64::NAN);
    let difference = |a: &Amount, b: &Amount| b.value.checked_sub(a.value).unwrap_or_default();
    let total = difference(&then.cost.total, &now.cost.total);
    let was = float(then.cost.total.value);
    PhaseChange {
        since: before.name.clone(),
        users: now.users.zip(then.users).filter(|u| u.1 > 0.0).map(|(now, then)| now / then),
        p95: value(&now.p95)
            .zip(value(&then.p95))
            .filter(|p| p.1 > 0.0)
            .map(|(now, then)| now / then - 1.0),
        error_rate: value(&now.error_rate).zip(value(&then.error_rate)).map(|(a, b)| a - b),
        total,
        total_share: (was > 0.0).then(|| float(total) / was),
        per_user: then.cost.per_user.zip(now.cost.per_user).map(|(a, b)| difference(&a, &b)),
    }
}

fn gate(profile: &Profile, report: &Report) -> Option<Gate> {
    if profile.gate.is_empty() {
        return None;
    }
    let manual = profile.gate.iter().filter_map(|judgement| match &judgement.compiled.condition {
        Condition::Manual(says) => {
            Some(ChecklistItem { name: judgement.name.clone(), says: says.clone() })
        }
        _ => None,
    });
    let checklist: Vec<ChecklistItem> = manual.collect();
    let is_manual = |name: &str| checklist.iter().any(|item| item.name == name);
    let gates = report.objectives.iter().filter(|o| o.kind == Origin::Gate && !is_manual(&o.name));
    let criteria: Vec<Objective> = gates.cloned().collect();
    let verdict = criteria.iter().map(|o| o.verdict).fold(Verdict::Holds, Verdict::and);
    Some(Gate { verdict, criteria, checklist })
}

fn promises(
    profile: &Profile,
    low: Option<&EndFindings<'_>>,
    high: &EndFindings<'_>,
) -> Vec<PromiseRow> {
    let of = |end: &EndFindings<'_>| end.profile.cost.per.as_ref().map(|per| per.1);
    let users = of(high).map(|most| (low.and_then(of).unwrap_or(most), most));
    let row = |promise: &Promise| {
        let items = items(promise, low, high);
        let arithmetic = verdict::sums(promise, users, &profile.claims).into_iter();
        PromiseRow {
            id: promise.name.clone(),
            verdict: items.iter().map(|item| item.verdict).fold(Verdict::Holds, Verdict::and),
            arithmetic: arithmetic
                .map(|sum| Arithmetic { what: sum.what, result: sum.fit.word(), says: sum.says })
                .collect(),
            items,
        }
    };
    profile.promises.iter().map(row).collect()
}

fn items(
    promise: &Promise,
    low: Option<&EndFindings<'_>>,
    high: &EndFindings<'_>,
) -> Vec<PromisedItem> {
    let named = [
        ("infrastructure", promise.infrastructure),
        ("api", promise.api),
        ("total", promise.total),
        ("per_user", promise.per_user),
    ];
    let measured = |end: &EndFindings<'_>, what: &str| -> Option<Money> {
        match what {
            "infrastructure" => Some(end.costs.infrastructure),
            "api" => Some(end.costs.api),
            "total" => Some(end.costs.total),
            "per_user" => end.costs.per_user,
            _ => end.costs.named(what),
        }
    };
    let parts = promise.parts.iter().map(|(name, range)| (name.as_str(), Some(*range)));
    let all = named[..2].iter().copied().chain(parts).chain(named[2..].iter().copied());
    all.filter_map(|(what, plan)| {
        let plan = plan?;
        let (at_low, at_high) = (low.and_then(|end| measured(end, what)), measured(high, what));
        let lies_high = Lies::of(at_high, plan);
        let lies_low = low.map(|_| Lies::of(at_low, plan));
        let known = at_high.is_some();
        let mut verdict = lies_high.verdict(at_high, plan);
        if let Some(lies) = lies_low {
            verdict = verdict.and(lies.verdict(at_low, plan));
        }
        let shown = |money: Option<Money>, end: &EndFindings<'_>| {
            money.map(|money| amount(money, end.costs.is_simulated()))
        };
        Some(PromisedItem {
            what: what.to_owned(),
            plan_low: plan.0,
            plan_high: plan.1,
            low: low.and_then(|end| shown(at_low, end)),
            high: shown(at_high, high),
            low_lies: lies_low.map(Lies::word),
            high_lies: lies_high.word(),
            // What nothing in the profile is called like is no broken promise.
            verdict: if known { verdict } else { Verdict::Holds },
        })
    })
    .collect()
}
