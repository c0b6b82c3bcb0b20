//! The spelling of metrics and their statistics.

use super::ast::MetricRef;
use crate::stats::Statistic;

/// The statistic that a word names: `mean`, `sd`, `max`, `min`, or `p` and the digits of a quantile.
///
/// ```text
/// p50 → 0.5   p95 → 0.95   p999 → 0.999
/// ```
///
/// One digit is no quantile (`p5` would be read as p05 by some), and neither is `p100` (`max`).
pub(crate) fn statistic(word: &str) -> Option<Statistic> {
    match word {
        "mean" => Some(Statistic::Mean),
        "sd" => Some(Statistic::Sd),
        "max" => Some(Statistic::Max),
        "min" => Some(Statistic::Min),
        _ => {
            let digits = word.strip_prefix('p')?;
            let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
            if !(2..=9).contains(&digits.len()) || !all_digits || digits == "100" {
                return None;
            }
            let q: f64 = format!("0.{digits}").parse().ok()?;
            (q > 0.0).then_some(Statistic::Quantile(q))
        }
    }
}

/// Reads `name.name@part`.
pub(crate) fn metric(word: &str, offset: usize) -> MetricRef {
    let width = word.chars().count();
    let (written, at) = match word.split_once('@') {
        Some((name, at)) => (name, Some(at.to_owned())),
        None => (word, None),
    };
    let (name, statistic) = written
        .rsplit_once('.')
        .and_then(|(name, last)| Some((name, Some(statistic(last)?))))
        .unwrap_or((written, None));
    MetricRef { written: written.to_owned(), name: name.to_owned(), statistic, at, offset, width }
}
