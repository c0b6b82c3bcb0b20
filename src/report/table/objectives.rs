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
    for objective in report.objectives.iter().filter(|o| belongs(o)) {
        grid.row([
            verdict(objective.verdict),
            objective.name.as_str().into(),
            objective.expression.as_str().into(),
            objective.measured.value().into(),
            toned(Tone::Faint, objective.measured.interval()),
        ]);
        for (text, tone) in [(&objective.reason, Tone::Plain), (&objective.remedy, Tone::Warn)] {
            if let Some(text) = text {
                grid.note(toned(tone, text.as_str()));
            }
        }
    }
    if !grid.is_empty() {
        page.heading(title, "");
        page.grid(&grid);
    }
}

/// The word for a verdict, in its colour; what fails is loud without colour too.
fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Holds => toned(Tone::Good, "holds"),
        Verdict::Undecided => toned(Tone::Warn, "undecided"),
        Verdict::Fails => toned(Tone::Bad, "FAILS"),
    }
}
