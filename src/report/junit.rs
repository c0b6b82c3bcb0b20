//! `JUnit` XML: one test case per condition, so that whatever shows test results shows verdicts.
//!
//! What is undecided is skipped: it neither passed nor failed.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::formats::{Case, Document};
use crate::verdict::Verdict;

/// One suite per profile or phase, in their order.
pub(super) fn render<D: Document>(documents: &[D]) -> String {
    let mut report = Report::new(format!("capplan {}", D::KIND));
    let cases: Vec<Case> = documents.iter().flat_map(Document::cases).collect();
    for suite in cases.chunk_by(|a, b| a.suite == b.suite) {
        let mut written = TestSuite::new(suite[0].suite.as_str());
        written.add_test_cases(suite.iter().map(test_case));
        report.add_test_suite(written);
    }
    let mut text = report.to_string().expect("texts make XML");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn test_case(case: &Case) -> TestCase {
    let mut status = match case.verdict {
        Verdict::Holds => TestCaseStatus::success(),
        Verdict::Undecided => TestCaseStatus::skipped(),
        Verdict::Fails => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    if case.verdict != Verdict::Holds {
        status.set_message(case.message.as_str());
    }
    let mut written = TestCase::new(case.name.as_str(), status);
    written.set_classname(case.suite.as_str());
    if let Some(place) = &case.place {
        written.extra.insert("file".into(), place.file.as_str().into());
        written.extra.insert("line".into(), place.line.to_string().into());
    }
    if case.verdict == Verdict::Holds {
        written.set_system_out(case.message.as_str());
    }
    written
}
