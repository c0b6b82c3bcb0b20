//! Objectives, claims and gates with what is said of them.

use crate::report::layout::{Cell, Column, Grid, Page, Tone, toned};
use crate::report::{Objective, Origin, Report};
use crate::verdict::Verdict;

/// What must hold, then what the plan claims, then what opens the next phase.
pub(super) fn print(page: &mut Page, report: &Report) {
    let is_objective = |o: &Objective| !matches!(o.kind, Origin::Claim | Origin::Gate);
    section(page, report, "Objectives", is_objective);
    section(page, report, "Claims of the plan", |o| o.kind == Origin::Claim);
    section(page, report, "Gates", |o| o.kind == Origin::Gate);
}

fn section(page: &mut Page, report: &Report, title: &str, belongs: impl Fn(&Objective) -> bool) {
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::right(""),
        Column::left("").close(),
    ];
    let mut grid = Grid::new(columns);
    let these: Vec<&Objective> = report.objectives.iter().filter(|o| belongs(o)).collect();
    for (i, objective) in these.iter().enumerate() {
        grid.row([
            verdict(objective.verdict),
            objective.name.as_str().into(),
            objective.expression.as_str().into(),
            objective.measured.value().into(),
            toned(Tone::Faint, objective.measured.interval()),
        ]);
        // What is true of several in a row is said once, after the last of them.
        let said_later = these
            .get(i + 1)
            .is_some_and(|o| o.verdict == objective.verdict && note(o) == note(objective));
        if let Some(text) = note(objective).filter(|_| !said_later) {
            let tone = match objective.verdict {
                Verdict::Undecided => Tone::Warn,
                Verdict::Holds | Verdict::Fails => Tone::Faint,
            };
            grid.note(toned(tone, text));
        }
    }
    if !grid.is_empty() {
        page.heading(title, "");
        page.grid(&grid);
    }
}

/// Why, and what decides it.
fn note(objective: &Objective) -> Option<String> {
    let straddles =
        (objective.verdict == Verdict::Undecided).then_some("the interval straddles the limit");
    let reason = objective.reason.as_deref().or(straddles);
    let remedy = objective.remedy.as_deref().map(|remedy| {
        if remedy.starts_with("--") {
            format!("decide it with {remedy}")
        } else {
            remedy.to_owned()
        }
    });
    let parts: Vec<&str> = [reason, remedy.as_deref()].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("└ {}", parts.join("; ")))
}

/// The word for a verdict, in its colour; what fails is loud without colour too.
pub(in crate::report) fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Holds => toned(Tone::Good, "holds"),
        Verdict::Undecided => toned(Tone::Warn, "undecided"),
        Verdict::Fails => toned(Tone::Bad, "FAILS"),
    }
}
