//! What is wrong with a profile, for whoever reads it: a pipeline, a spreadsheet, an annotation.
//!
//! On a terminal the faults themselves, with their excerpts, go to standard error; this is the line
//! that remains.

use serde::Serialize;

use super::formats::{Case, Document};
use super::layout::{Page, Tone, toned};
use super::markdown::{Comment, Table, code, escaped};
use super::{Location, csv};
use crate::source::{Fault, Faults, Files, Severity};
use crate::verdict::Verdict;

/// Everything that is wrong with one profile.
#[derive(Clone, Debug, Serialize)]
pub struct Validation {
    /// The file that was asked about.
    pub file: String,
    /// Whether it can be used: there may be warnings.
    pub valid: bool,
    /// Faults by place.
    pub faults: Vec<FaultRow>,
    /// Whether nothing is printed of it on a terminal.
    #[serde(skip)]
    pub is_silent: bool,
}

/// One fault.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRow {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What kind of mistake, in one word.
    pub kind: &'static str,
    /// Where it stands; a layer of the profile maybe.
    pub file: Option<String>,
    /// From 1.
    pub line: Option<u32>,
    /// From 1.
    pub column: Option<u32>,
    /// Characters that are wrong.
    pub width: Option<u32>,
    /// Path in the profile.
    pub path: String,
    /// The mistake in words.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// Nearest name or remedy.
    pub hint: Option<String>,
}

impl Validation {
    /// What was found in a file; `is_silent` prints nothing on a terminal.
    pub fn new(file: &str, files: &Files, faults: &Faults, is_silent: bool) -> Self {
        Self {
            file: file.to_owned(),
            valid: !faults.has_errors(),
            faults: faults.iter().map(|fault| row(files, fault)).collect(),
            is_silent,
        }
    }

    /// `2 errors, 1 warning`, `valid`.
    fn says(&self) -> String {
        let warnings = self.faults.iter().filter(|fault| fault.severity == "warning").count();
        let counted = |n: usize, what: &str| match n {
            0 => None,
            1 => Some(format!("1 {what}")),
            n => Some(format!("{n} {what}s")),
        };
        let errors = counted(self.faults.len() - warnings, "error");
        let words =
            [Some(errors.unwrap_or_else(|| "valid".to_owned())), counted(warnings, "warning")];
        words.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn row(files: &Files, fault: &Fault) -> FaultRow {
    FaultRow {
        severity: match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        kind: fault.kind.word(),
        file: fault.place.map(|place| files.name(place.file).to_owned()),
        line: fault.place.map(|place| place.line),
        column: fault.place.map(|place| place.column),
        width: fault.place.map(|place| place.width),
        path: fault.path.clone(),
        message: fault.message.clone(),
        expected: fault.expected.clone(),
        hint: fault.hint.clone(),
    }
}

impl FaultRow {
    /// `peak.yaml:12:16`; empty when it is nowhere.
    fn at(&self) -> String {
        match (&self.file, self.line, self.column) {
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => String::new(),
        }
    }

    /// Message, remedy and what is expected, as one sentence.
    fn says(&self) -> String {
        let expected = self.expected.as_ref().map(|expected| format!("expected: {expected}"));
        let parts = [Some(self.message.clone()), self.hint.clone(), expected];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl Document for Validation {
    const KIND: &'static str = "validate";
    const RULED: bool = false;

    fn subject(&self) -> String {
        self.file.clone()
    }

    fn page(&self, page: &mut Page) {
        if self.is_silent {
            return;
        }
        let tone = if self.valid { Tone::Good } else { Tone::Bad };
        page.line(&[toned(tone, format!("{}: {}", self.file, self.says()))]);
    }

    fn comment(&self, comment: &mut Comment) {
        let mark = if self.valid { "✅" } else { "❌" };
        comment.text(format!("### {mark} {}: {}", escaped(&self.file), self.says()));
        let mut table = Table::new(&["", "where", "what"]);
        for fault in &self.faults {
            let path = if fault.path.is_empty() { String::new() } else { code(&fault.path) + ": " };
            let at = if fault.at().is_empty() { String::new() } else { code(&fault.at()) };
            let what = format!("{path}{}", escaped(&fault.says()));
            table.row([fault.severity.to_owned(), at, what]);
        }
        comment.table(&table);
    }

    fn titles() -> &'static [&'static str] {
        &[
            "profile", "severity", "kind", "file", "line", "column", "path", "message", "expected",
            "hint",
        ]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let number = |n: Option<u32>| csv::number(n.map(f64::from));
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let row = |fault: &FaultRow| {
            vec![
                self.file.clone(),
                fault.severity.to_owned(),
                fault.kind.to_owned(),
                text(&fault.file),
                number(fault.line),
                number(fault.column),
                fault.path.clone(),
                fault.message.clone(),
                text(&fault.expected),
                text(&fault.hint),
            ]
        };
        self.faults.iter().map(row).collect()
    }

    fn cases(&self) -> Vec<Case> {
        let whole = self.valid.then(|| Case {
            suite: self.file.clone(),
            name: "profile".to_owned(),
            verdict: Verdict::Holds,
            message: self.says(),
            place: None,
        });
        // The suite says the file already.
        let at = |fault: &FaultRow| match fault.at().strip_prefix(&format!("{}:", self.file)) {
            Some(inside) => inside.to_owned(),
            None => fault.at(),
        };
        let case = |fault: &FaultRow| Case {
            suite: self.file.clone(),
            name: [at(fault), fault.path.clone()].join(" ").trim().to_owned(),
            verdict: if fault.severity == "error" { Verdict::Fails } else { Verdict::Undecided },
            message: fault.says(),
            place: fault.file.clone().zip(fault.line).map(|(file, line)| Location {
                file,
                line,
                column: fault.column.unwrap_or(1),
            }),
        };
        whole.into_iter().chain(self.faults.iter().map(case)).collect()
    }

    fn headline(&self) -> String {
        self.says()
    }
}
