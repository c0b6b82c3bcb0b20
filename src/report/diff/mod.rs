//! Comparisons of two results: the document, what is read from results, and what each format takes.

mod assemble;
mod document;
mod read;
#[cfg(test)]
pub(super) mod sample;
pub(super) mod table;

pub use assemble::{Asked, named, with_samples};
pub(super) use assemble::{percent, signed};
pub use document::{
    Diff, DiffRun, FailedOn, InputRow, MetricRow, Moved, MovedBracket, ObjectiveRow, PartRow, Side,
    Sign,
};
pub use read::{Kind, Results, facts_of, read, with_promises};

use crate::report::csv::number;
use crate::report::formats::{Case, Document};
use crate::report::layout::Page;
use crate::report::markdown::{self, Comment};
use crate::verdict::Verdict;

impl Document for Diff {
    const KIND: &'static str = "diff";

    fn subject(&self) -> String {
        self.head.file.clone()
    }

    fn page(&self, page: &mut Page) {
        table::print(page, self);
    }

    fn comment(&self, comment: &mut Comment) {
        markdown::diff::diff(comment, self);
    }

    fn titles() -> &'static [&'static str] {
        &[
            "phase",
            "end",
            "kind",
            "name",
            "unit",
            "before",
            "after",
            "change",
            "change_low",
            "change_high",
            "share",
            "is_change",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for part in &self.parts {
            let head = [part.phase.clone().unwrap_or_default(), part.end.unwrap_or("").to_owned()];
            let mut row = |cells: [String; 10]| {
                rows.push(head.iter().cloned().chain(cells).collect::<Vec<_>>());
            };
            let word = |word: Option<&'static str>| word.unwrap_or_default().to_owned();
            let none = String::new;
            for o in &part.objectives {
                let is_change = (o.sign != Sign::Same).to_string();
                let (before, after) = (word(o.before), word(o.after));
                row([
                    o.kind.clone(),
                    o.name.clone(),
                    none(),
                    before,
                    after,
                    none(),
                    none(),
                    none(),
                    none(),
                    is_change,
                ]);
            }
            for overload in &part.overloads {
                let name = overload.clone();
                row([
                    "overload".to_owned(),
                    name,
                    none(),
                    none(),
                    "grows".to_owned(),
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                ]);
            }
            for m in &part.metrics {
                let value = |f: &Option<crate::report::Figure>| number(f.and_then(|f| f.0.value));
                let any = m.after.or(m.before).map(|f| f.0.quantity);
                row([
                    "metric".to_owned(),
                    m.name.clone(),
                    any.map_or_else(none, |q| crate::report::figure::unit_word(q).to_owned()),
                    value(&m.before),
                    value(&m.after),
                    value(&m.change),
                    number(m.change.map(|f| f.0.low)),
                    number(m.change.map(|f| f.0.high)),
                    number(m.share),
                    (m.sign != Sign::Same).to_string(),
                ]);
            }
        }
        rows
    }

    fn cases(&self) -> Vec<Case> {
        let suite = |part: &PartRow| match part.title() {
            title if title.is_empty() => self.head.name.clone(),
            title => format!("{}: {title}", self.head.name),
        };
        let mut cases = Vec::new();
        for part in &self.parts {
            for o in part.objectives.iter().filter(|o| o.kind != "gate") {
                let Some(after) = o.after else { continue };
                let verdict = match after {
                    "fails" if o.newly_fails => Verdict::Fails,
                    "undecided" if o.sign != Sign::Same => Verdict::Undecided,
                    _ => Verdict::Holds,
                };
                cases.push(Case {
                    suite: suite(part),
                    name: format!("{} {}: {}", o.kind, o.name, o.expression),
                    verdict,
                    message: match o.before {
                        None => format!("new: {after}"),
                        Some(before) if before == after => format!("{after}, as before"),
                        Some(before) => format!("{before} before, {after} now"),
                    },
                    place: o.place.clone(),
                });
            }
            let told = self.fail_on.iter().filter(|f| f.phase == part.phase && f.end == part.end);
            // What newly fails is a case of its own already.
            for f in told.filter(|f| f.expression != "slo") {
                cases.push(Case {
                    suite: suite(part),
                    name: format!("--fail-on {}", f.expression),
                    verdict: match f.is_true {
                        "true" => Verdict::Fails,
                        "false" => Verdict::Holds,
                        _ => Verdict::Undecided,
                    },
                    message: f.reason.clone(),
                    place: f.place.clone(),
                });
            }
        }
        cases
    }

    fn headline(&self) -> String {
        self.headline.clone()
    }
}
