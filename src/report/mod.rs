//! From results and verdicts to text: one document of plain data, and one file per format.
//!
//! A renderer is a function from the document to a string; it reads no clock and no terminal (width
//! and colour are given), so the same document is the same bytes.

pub mod analysis;
mod assemble;
mod csv;
pub mod diff;
mod document;
mod figure;
pub mod forecast;
mod formats;
mod github;
mod json;
mod junit;
mod layout;
mod markdown;
pub mod phases;
mod range;
#[cfg(test)]
mod sample;
mod simulate;
mod table;
mod validation;

pub use assemble::{Asked, Findings};
pub use document::{
    Alert, Assumption, Balance, Bottleneck, Check, Cost, CostLine, Diagnosis, Effect, FailureRow,
    Headroom, LatencyBin, Location, Objective, Origin, Overload, Report, ResourceRow, RunLine,
    SCHEMA_VERSION, Subject, TimeRow, TimeSpent, TrafficRow,
};
pub use figure::{Figure, Money};
pub use formats::Format;
pub(crate) use formats::{Document, render};
pub use layout::Look;
pub use range::both_ends;
pub use validation::{FaultRow, Validation};

#[cfg(test)]
mod tests {
    use super::diff::{self, Diff};
    use super::{Document, Format, Look, Report, render, sample};

    const PLAIN: Look = Look { width: 80, color: false, verbose: false };

    fn table(reports: &[Report], look: Look) -> String {
        render(reports, reports.len(), Format::Table, look)
    }

    #[test]
    fn the_table_fits_its_terminal() {
        for width in [80, 120] {
            let text = table(&[sample::sample()], Look { width, ..PLAIN });
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            insta::assert_snapshot!(format!("table_{width}"), text);
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let plain = Look { width: 100, color: false, verbose: true };
        let colored = table(&[sample::sample()], Look { color: true, ..plain });
        assert!(colored.contains("\x1b[1;31mFAILS\x1b[0m"));
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            stripped.push_str(before);
            rest = after.split_once('m').expect("every code ends").1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, table(&[sample::sample()], plain));
    }

    #[test]
    fn one_report_is_a_document_and_several_are_an_array() {
        let one = render(&[sample::sample()], 1, Format::Json, PLAIN);
        insta::assert_snapshot!("json", one);
        let two = render(&[sample::sample(), sample::sample()], 2, Format::Json, PLAIN);
        let two: serde_json::Value = serde_json::from_str(&two).expect("is JSON");
        assert_eq!(two.as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn each_format_has_its_form() {
        for (name, format) in [
            ("markdown", Format::Markdown),
            ("csv", Format::Csv),
            ("junit", Format::Junit),
            ("github", Format::Github),
        ] {
            let text = render(&[sample::sample()], 1, format, PLAIN);
            insta::assert_snapshot!(format!("{}_{name}", Report::KIND), text);
            let text = render(&[diff::sample::sample()], 1, format, PLAIN);
            insta::assert_snapshot!(format!("{}_{name}", Diff::KIND), text);
        }
        for (name, format) in [("table_80", Format::Table), ("json", Format::Json)] {
            let text = render(&[diff::sample::sample()], 1, format, PLAIN);
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(format == Format::Json || longest <= Some(80), "{text}");
            insta::assert_snapshot!(format!("{}_{name}", Diff::KIND), text);
        }
    }
}
