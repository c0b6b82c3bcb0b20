//! The report on one profile as a document: what each format takes from it.

use super::csv::{figure, number};
use super::figure::{Figure, Money};
use super::formats::{Case, Document};
use super::layout::Page;
use super::markdown::Comment;
use super::{Objective, Origin, Report, markdown, table};
use crate::verdict::Verdict;

impl Document for Report {
    const KIND: &'static str = "simulate";

    fn subject(&self) -> String {
        self.profile.file.clone()
    }

    fn page(&self, page: &mut Page) {
        table::report(page, self);
    }

    fn comment(&self, comment: &mut Comment) {
        markdown::simulate::report(comment, self);
    }

    fn titles() -> &'static [&'static str] {
        &["profile", "kind", "name", "value", "unit", "low", "high", "verdict", "note"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |kind: &str, name: &str, figure: [String; 4], verdict: &str, note: &str| {
            let head = [self.profile.file.clone(), kind.to_owned(), name.to_owned()];
            let tail = [verdict.to_owned(), note.to_owned()];
            head.into_iter().chain(figure).chain(tail).collect()
        };
        let money = |value: Option<Money>, low: Option<Money>, high: Option<Money>| {
            [text(value), "$/mo".to_owned(), text(low), text(high)]
        };
        let cost = &self.cost;
        let mut rows: Vec<Vec<String>> = Vec::new();
        for o in &self.objectives {
            let (kind, value) = (o.kind.word(), figure(&o.measured));
            rows.push(row(kind, &o.name, value, o.verdict.word(), &o.expression));
        }
        for line in &cost.lines {
            let amount = money(line.amount, line.amount_low, line.amount_high);
            rows.push(row("cost", &format!("cost.{}", line.name), amount, "", &line.basis));
        }
        let total = money(Some(cost.total), Some(cost.total_low), cost.total_high);
        rows.push(row("cost", "cost.total", total, "", ""));
        for (name, amount) in [("cost.per_user", cost.per_user), ("cost.budget", cost.budget)] {
            if amount.is_some() {
                rows.push(row("cost", name, money(amount, None, None), "", ""));
            }
        }
        if let Some(headroom) = &self.headroom {
            let figure = [
                number(Some(headroom.holds)),
                "ratio".to_owned(),
                number(Some(headroom.holds)),
                number(headroom.breaks),
            ];
            rows.push(row("headroom", "headroom", figure, "", ""));
        }
        for (name, value) in &self.metrics {
            rows.push(row("metric", name, figure(value), "", value.0.note.unwrap_or_default()));
        }
        rows
    }

    fn cases(&self) -> Vec<Case> {
        let suite = format!("{} ({})", self.profile.name, self.profile.file);
        self.objectives.iter().filter(|o| o.kind != Origin::Gate).map(|o| case(&suite, o)).collect()
    }

    fn headline(&self) -> String {
        let word = word(self.verdict);
        match table::tally(self) {
            None => format!("{}: {NOTHING_STATED}", self.profile.name),
            Some(tally) => format!("{}: {word}: {tally}", self.profile.name),
        }
    }
}

/// What is said of a profile without conditions.
pub(super) const NOTHING_STATED: &str =
    "No objectives: nothing in the profile must hold (slo, claims, cost.budget).";

/// The word of a verdict in headlines; what fails is loud without colour too.
pub(super) const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "HOLDS",
        Verdict::Undecided => "UNDECIDED",
        Verdict::Fails => "FAILS",
    }
}

/// An objective as a case of a suite.
pub(super) fn case(suite: &str, o: &Objective) -> Case {
    let value = match o.measured.0.value {
        Some(_) => format!("{} at {}", o.verdict.word(), o.measured.with_interval()),
        None => o.verdict.word().to_owned(),
    };
    let parts = [Some(value), o.reason.clone(), o.remedy.clone()];
    Case {
        suite: suite.to_owned(),
        name: format!("{} {}: {}", o.kind.word(), o.name, o.expression),
        verdict: o.verdict,
        message: parts.into_iter().flatten().collect::<Vec<_>>().join("; "),
        place: o.place.clone(),
    }
}

fn text(amount: Option<Money>) -> String {
    amount.map_or_else(String::new, |amount| amount.to_string())
}

/// Value and interval of a figure as a cell of a comment.
pub(super) fn cell(figure: &Figure) -> String {
    markdown::escaped(&figure.with_interval())
}
