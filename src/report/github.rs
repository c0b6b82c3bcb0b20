//! Workflow commands of GitHub Actions: an annotation at the place of each condition that fails (an
//! error) or is undecided (a warning), and a notice that says what holds.
//!
//! Escaping follows the runner: `%`, CR and LF everywhere, `:` and `,` in properties too
//! (actions/toolkit, `packages/core/src/command.ts`).

use std::fmt::Write;

use super::formats::{Case, Document};
use crate::verdict::Verdict;

/// One line per annotation.
pub(super) fn render<D: Document>(documents: &[D]) -> String {
    let mut out = String::new();
    for document in documents {
        for case in document.cases() {
            match case.verdict {
                Verdict::Fails => annotation(&mut out, "error", &case),
                Verdict::Undecided => annotation(&mut out, "warning", &case),
                Verdict::Holds => {}
            }
        }
        let title = property(&format!("capplan {}: {}", D::KIND, document.subject()));
        let _ = writeln!(out, "::notice title={title}::{}", data(&document.headline()));
    }
    out
}

fn annotation(out: &mut String, level: &str, case: &Case) {
    let mut properties = Vec::new();
    if let Some(place) = &case.place {
        properties.push(format!("file={}", property(&place.file)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
    }
    let title = format!("{}: {}", case.suite, case.name);
    properties.push(format!("title={}", property(&title)));
    let _ = writeln!(out, "::{level} {}::{}", properties.join(","), data(&case.message));
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_runner_would_read_as_its_own_is_escaped() {
        assert_eq!(data("50 %\r\nof: a, b"), "50 %25%0D%0Aof: a, b");
        assert_eq!(property("a:b,c%"), "a%3Ab%2Cc%25");
        assert_eq!(data("%0A"), "%250A", "an escape that was there is no escape");
    }
}
