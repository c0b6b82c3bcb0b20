//! The formats that a document can be printed in: one file each, over the same document types.

use serde::Serialize;

use super::layout::{Look, Page, Tone, toned};
use super::markdown::Comment;
use super::{Location, csv, github, json, junit, markdown};
use crate::verdict::Verdict;

/// How a document is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people, on a terminal or in a log.
    #[default]
    Table,
    /// For programs: everything.
    Json,
    /// For a comment on a pull request or the summary of a pipeline.
    Markdown,
    /// For spreadsheets.
    Csv,
    /// For what shows test results: one case per condition.
    Junit,
    /// For GitHub: annotations at the conditions' places.
    Github,
}

/// A document: what each format asks of it.
pub(crate) trait Document: Serialize {
    /// What this kind of document is called: `simulate`.
    const KIND: &'static str;

    /// Whether a rule stands between two of them on a terminal.
    const RULED: bool = true;

    /// What it is about, in few words that stay the same from run to run: the file.
    fn subject(&self) -> String;

    /// Prints it for a terminal.
    fn page(&self, page: &mut Page);

    /// Adds it to a comment.
    fn comment(&self, comment: &mut Comment);

    /// Titles of its columns as data.
    fn titles() -> &'static [&'static str];

    /// Its rows as data, one field per column.
    fn rows(&self) -> Vec<Vec<String>>;

    /// Everything that holds, fails or is undecided in it.
    fn cases(&self) -> Vec<Case>;

    /// One sentence: what is said of it as a whole.
    fn headline(&self) -> String;
}

/// One condition, for formats that are lists of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// What it is judged on: a profile, a phase of a scenario.
    pub(crate) suite: String,
    /// Its name and what it says: `slo latency: api.latency.p95 < 800ms`.
    pub(crate) name: String,
    /// What is said of it.
    pub(crate) verdict: Verdict,
    /// Value and reason.
    pub(crate) message: String,
    /// Where it stands in the profile; `None` for conditions of the command line.
    pub(crate) place: Option<Location>,
}

/// All documents in one format. `inputs` is how many were asked for: a single document of several
/// inputs is still an array in JSON.
pub(crate) fn render<D: Document>(
    documents: &[D],
    inputs: usize,
    format: Format,
    look: Look,
) -> String {
    match format {
        Format::Table => table(documents, look),
        Format::Json => json::render(documents, inputs),
        Format::Markdown => markdown::render(documents),
        Format::Csv => csv::render(documents),
        Format::Junit => junit::render(documents),
        Format::Github => github::render(documents),
    }
}

/// Widest rule between two documents.
const WIDEST_RULE: usize = 120;

fn table<D: Document>(documents: &[D], look: Look) -> String {
    let mut page = Page::new(look);
    for (i, document) in documents.iter().enumerate() {
        if i > 0 && D::RULED {
            let rule = "─".repeat(look.width.min(WIDEST_RULE));
            page.line(&[]);
            page.line(&[toned(Tone::Faint, rule)]);
        }
        document.page(&mut page);
    }
    page.finish()
}
