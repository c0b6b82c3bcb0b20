//! The JSON document: a document's own fields, in their order, with numbers that repeat on every
//! platform.

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;

use crate::verdict::Verdict;

/// Digits that are the same on every platform (`ln` and `exp` may differ in the last ones).
const DIGITS: usize = 9;

/// Pairs as a map, in their order.
pub(crate) fn map<V: Serialize, S: Serializer>(
    pairs: &[(String, V)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (key, value) in pairs {
        map.serialize_entry(key, value)?;
    }
    map.end()
}

/// A verdict as its word.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(crate) fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word())
}

/// The document of a single input, or an array of those of several; ends with a line break.
pub(super) fn render<D: Serialize>(documents: &[D], inputs: usize) -> String {
    let mut value = match (documents, inputs) {
        ([one], 1) => serde_json::to_value(one),
        (several, _) => serde_json::to_value(several),
    }
    .expect("a document is plain data with text for keys");
    settle(&mut value);
    let mut text = serde_json::to_string_pretty(&value).expect("a value is plain data");
    text.push('\n');
    text
}

/// Rounds every number to the digits that all platforms share.
fn settle(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let x = number.as_f64().expect("asked for just now");
            *value = Value::from(rounded(x));
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(fields) => fields.values_mut().for_each(settle),
        _ => {}
    }
}

/// A number with the digits that all platforms share.
pub(super) fn rounded(x: f64) -> f64 {
    format!("{x:.*e}", DIGITS - 1).parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digits_that_platforms_do_not_share_are_cut() {
        assert_eq!(rounded(0.1 + 0.2), 0.3);
        assert_eq!(rounded(123_456_789.12), 123_456_789.0);
        assert_eq!(rounded(0.0), 0.0);
    }
}
