//! From results and verdicts to text: one document of plain data, and one file per format.
//!
//! A renderer is a function from the document to a string; it reads no clock and no terminal (width
//! and colour are given), so the same document is the same bytes.

mod assemble;
mod document;
mod figure;
pub mod json;
mod layout;
pub mod phases;
mod range;
#[cfg(test)]
mod sample;
pub mod table;

pub use assemble::{Asked, Findings};
pub use document::{
    Alert, Assumption, Balance, Bottleneck, Check, Cost, CostLine, Diagnosis, Effect, FailureRow,
    Headroom, LatencyBin, Objective, Origin, Overload, Report, ResourceRow, RunLine,
    SCHEMA_VERSION, Subject, TimeRow, TimeSpent, TrafficRow,
};
pub use figure::{Figure, Money};
pub use layout::Look;
pub use range::both_ends;

#[cfg(test)]
mod tests {
    use super::layout::Look;
    use super::{json, sample, table};

    #[test]
    fn the_table_fits_its_terminal() {
        for width in [80, 120] {
            let look = Look { width, color: false, verbose: false };
            let text = table::render(&[sample::sample()], look);
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            insta::assert_snapshot!(format!("table_{width}"), text);
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let plain = Look { width: 100, color: false, verbose: true };
        let colored = table::render(&[sample::sample()], Look { color: true, ..plain });
        assert!(colored.contains("\x1b[1;31mFAILS\x1b[0m"));
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\x1b[") {
            stripped.push_str(before);
            rest = after.split_once('m').expect("every code ends").1;
        }
        stripped.push_str(rest);
        assert_eq!(stripped, table::render(&[sample::sample()], plain));
    }

    #[test]
    fn one_report_is_a_document_and_several_are_an_array() {
        let one = json::render(&[sample::sample()], 1);
        insta::assert_snapshot!("json", one);
        let two = json::render(&[sample::sample(), sample::sample()], 2);
        let two: serde_json::Value = serde_json::from_str(&two).expect("is JSON");
        assert_eq!(two.as_array().map(Vec::len), Some(2));
    }
}
