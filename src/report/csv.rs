//! Rows for spreadsheets (RFC 4180): numbers plain and in base units, as in the JSON document.

use csv::{Terminator, WriterBuilder};

use super::figure::Figure;
use super::formats::Document;
use super::json::rounded;

/// The rows of all documents under one line of titles.
pub(super) fn render<D: Document>(documents: &[D]) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let written = std::iter::once(D::titles().iter().map(|t| (*t).to_owned()).collect())
        .chain(documents.iter().flat_map(Document::rows))
        .try_for_each(|row: Vec<String>| writer.write_record(&row));
    written.expect("every row has a field per title, and memory takes it");
    let bytes = writer.into_inner().expect("memory takes it");
    String::from_utf8(bytes).expect("it was made of texts")
}

/// A number as in the JSON document; empty where there is none.
pub(super) fn number(x: Option<f64>) -> String {
    x.filter(|x| x.is_finite()).map_or_else(String::new, |x| rounded(x).to_string())
}

/// Value, unit, low and high.
pub(super) fn figure(figure: &Figure) -> [String; 4] {
    let estimate = figure.0;
    [
        number(estimate.value),
        // What has no value, such as a condition that people decide, has no unit either.
        estimate.value.map_or("", |_| super::figure::unit_word(estimate.quantity)).to_owned(),
        number(Some(estimate.low)),
        number(Some(estimate.high)),
    ]
}
