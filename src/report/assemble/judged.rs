//! What was said of conditions and what it costs, as rows.

use crate::profile::{Profile, Role};
use crate::report::{
    Alert, Bottleneck, Cost, CostLine, Diagnosis, Effect, Figure, Headroom, Location, Objective,
    Origin,
};
use crate::source::{Files, Place};
use crate::study;
use crate::verdict::{self, Costs, Judged, Ruling, Verdict, Verdicts};

/// Objectives, assertions, claims, gates and the budget.
pub(super) fn objectives(profile: &Profile, verdicts: &Verdicts) -> Vec<Objective> {
    let conditions = verdicts.conditions.iter();
    let mut rows: Vec<Objective> = conditions.map(|c| condition(c, &profile.files)).collect();
    if let Some(ruling) = &verdicts.budget {
        let budget = row("budget", Origin::Budget, "cost.total <= cost.budget", ruling);
        rows.push(Objective {
            place: location(profile.cost.budget_place, &profile.files),
            ..budget
        });
    }
    rows
}

/// Where something is written; nowhere for what the command line says.
fn location(place: Place, files: &Files) -> Option<Location> {
    let file = files.name(place.file).to_owned();
    let is_file = place.line > 0 && !file.starts_with("--");
    is_file.then_some(Location { file, line: place.line, column: place.column })
}

fn condition(judged: &Judged, files: &Files) -> Objective {
    let origin = match judged.role {
        Role::Claim => Origin::Claim,
        Role::Gate => Origin::Gate,
        Role::Assertion => Origin::Assert,
        Role::Objective | Role::Warning | Role::Critical => Origin::Slo,
    };
    let name = if origin == Origin::Assert { "--assert" } else { &judged.name };
    Objective {
        place: location(judged.place, files),
        ..row(name, origin, &judged.text, &judged.ruling)
    }
}

fn row(name: &str, kind: Origin, expression: &str, ruling: &Ruling) -> Objective {
    Objective {
        name: name.to_owned(),
        kind,
        expression: expression.to_owned(),
        verdict: ruling.verdict,
        measured: measured(ruling),
        reason: ruling.reason.clone(),
        remedy: ruling.remedy().map(str::to_owned),
        at_s: ruling.at_s,
        place: None,
    }
}

fn measured(ruling: &Ruling) -> Figure {
    let nothing = Figure::nothing(crate::program::Quantity::Count);
    ruling.deciding().map_or(nothing, |finding| finding.value.into())
}

/// Alerts with the level that tells most.
pub(super) fn alerts(verdicts: &Verdicts) -> Vec<Alert> {
    let alert = |alert: &verdict::Alert| Alert {
        name: alert.name.clone(),
        state: alert.state.word(),
        expression: alert.text.clone(),
        at_s: alert.ruling.at_s.filter(|_| alert.ruling.verdict == Verdict::Holds),
        reason: alert.ruling.reason.clone().filter(|_| alert.ruling.verdict == Verdict::Undecided),
        measured: measured(&alert.ruling),
    };
    verdicts.alerts.iter().map(alert).collect()
}

/// The bill.
pub(super) fn cost(costs: &Costs) -> Cost {
    let line = |line: &verdict::CostLine| CostLine {
        name: line.name.clone(),
        kind: line.kind.word(),
        basis: line.basis.clone(),
        amount: line.amount.map(|amount| amount.value),
        amount_low: line.amount.map(|amount| amount.low),
        amount_high: line.amount.and_then(|amount| amount.high),
    };
    Cost {
        lines: costs.lines.iter().map(line).collect(),
        total: costs.total.value,
        total_low: costs.total.low,
        total_high: costs.total.high,
        per_user: costs.per_user.map(|amount| amount.value),
        per: costs.per.as_ref().map(|(name, _)| name.clone()),
        per_1000_requests: costs.per_1000_requests.map(|amount| amount.value),
        budget: costs.budget,
        load_share: costs.load_share,
        unpriced: costs.unpriced.clone(),
    }
}

/// What limits the system, found by paired runs.
pub(super) fn bottlenecks(diagnosis: &study::Diagnosis) -> Vec<Bottleneck> {
    let bottleneck = |b: &study::Bottleneck| Bottleneck {
        component: b.component.clone(),
        resource: b.resource.clone(),
        utilization: b.utilization,
        wait_share: b.wait_share,
        waited_s: b.waited_s,
        headroom: b.headroom,
        effect: b.effect.as_ref().map(|effect| Effect {
            factor: effect.factor,
            set_to: effect.set_to,
            metric: effect.metric.clone(),
            before: effect.before.into(),
            after: effect.after.into(),
            gain: effect.gain,
            is_significant: effect.is_significant,
        }),
        method: if b.effect.is_some() { "paired" } else { "observed" },
        sized_by: b.sized_by.clone(),
    };
    diagnosis.bottlenecks.iter().map(bottleneck).collect()
}

/// How much load the system bears.
pub(super) fn headroom(diagnosis: &study::Diagnosis) -> Option<Headroom> {
    diagnosis.headroom.as_ref().map(|headroom| Headroom {
        holds: headroom.holds,
        breaks: headroom.breaks,
        objective: headroom.objective.clone(),
        probes: headroom.probes,
    })
}

/// How both were found.
pub(super) fn diagnosis(diagnosis: &study::Diagnosis) -> Diagnosis {
    Diagnosis {
        method: diagnosis.method,
        metrics: diagnosis.watched.iter().map(|watched| watched.metric.clone()).collect(),
        requests: diagnosis.requests,
    }
}
