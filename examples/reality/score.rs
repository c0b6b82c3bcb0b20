//! Measured against predicted: one row per figure, with the measurement's own noise.

use crate::bind;
use crate::point::{Point, median};
use crate::predict::{Prediction, Spread};

/// An error up to this is within the aim, whatever the noise.
pub(crate) const WITHIN: f64 = 0.10;
/// Shares: a difference of half a percentage point is none.
const POINTS: f64 = 0.005;
/// What stands in place of an answer that a file has not.
const NOT_MEASURED: &str = "-";
/// Groups whose demands are known (no CPU is drawn).
const KNOWN_DEMANDS: [&str; 6] = ["E1", "E3", "E4", "E5", "E7", "E8"];

/// A comparison.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The point.
    pub(crate) id: String,
    /// Its series.
    pub(crate) group: String,
    /// What is compared.
    pub(crate) figure: &'static str,
    /// Measured, as it is printed.
    pub(crate) measured: String,
    /// Predicted, as it is printed.
    pub(crate) predicted: String,
    /// Predicted over measured, less 1; of shares the difference.
    pub(crate) error: Option<f64>,
    /// Noise of the measurement, in the unit of the error.
    pub(crate) noise: Option<f64>,
    /// Whether it is right: by its error, or because its interval holds the answer.
    pub(crate) within: bool,
    /// Only its interval makes it right.
    pub(crate) by_interval: bool,
    /// What must be said beside it.
    pub(crate) remark: String,
}

/// A summary of many rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// Rows.
    pub(crate) rows: usize,
    /// Median of the absolute errors.
    pub(crate) median: f64,
    /// Largest absolute error.
    pub(crate) worst: f64,
    /// Rows within the larger of 10 % and the noise, as a share.
    pub(crate) within: f64,
    /// The same, with those that are right only by their interval.
    pub(crate) held: f64,
}

/// Whether a group's demands were measured without drawing CPU.
pub(crate) fn has_known_demands(group: &str) -> bool {
    KNOWN_DEMANDS.contains(&group)
}

/// Absolute errors of the rows that `keep`, in short.
pub(crate) fn summary<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<Summary> {
    let rows: Vec<(f64, &Row)> = rows.filter_map(|row| Some((row.error?.abs(), row))).collect();
    let n = rows.len();
    let share = |of: &dyn Fn(&Row) -> bool| {
        rows.iter().filter(|(_, row)| of(row)).count() as f64 / n as f64
    };
    Some(Summary {
        rows: n,
        median: median(rows.iter().map(|row| row.0).collect())?,
        worst: rows.iter().map(|row| row.0).fold(0.0, f64::max),
        within: share(&|row| row.within && !row.by_interval),
        held: share(&|row| row.within),
    })
}

/// All rows of a point.
pub(crate) fn rows(point: &Point, prediction: &Prediction) -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("mean", prediction.mean),
        ("p50", prediction.p50),
        ("p95", prediction.p95),
        ("p99", prediction.p99),
    ]
    .into_iter()
    .filter_map(|(figure, predicted)| time(point, prediction, figure, predicted))
    .collect();
    let mut shares = vec![("error share", "error_share", Some(prediction.error_share))];
    shares.push(("hit ratio", "cache_hit_ratio", prediction.hit_ratio));
    for (figure, key, predicted) in shares {
        rows.extend(predicted.and_then(|predicted| share(point, figure, key, predicted)));
    }
    rows.push(binding(point, prediction));
    rows.extend(recovery(point, prediction));
    rows
}

fn row(point: &Point, figure: &'static str, measured: String, predicted: String) -> Row {
    let (id, group) = (point.id.clone(), point.group.clone());
    let (error, noise, remark) = (None, None, String::new());
    let (within, by_interval) = (true, false);
    Row { id, group, figure, measured, predicted, error, noise, within, by_interval, remark }
}

fn milliseconds(x: f64) -> String {
    if x < 100.0 { format!("{x:.1} ms") } else { format!("{x:.0} ms") }
}

fn percent(x: f64) -> String {
    format!("{:.1} %", 100.0 * x)
}

/// A latency.
fn time(
    point: &Point,
    prediction: &Prediction,
    figure: &'static str,
    predicted: Spread,
) -> Option<Row> {
    let measured = point.measured.summary(figure).map(|summary| summary.0);
    if measured.is_none() && point.measured.is_some() {
        return None;
    }
    let said = measured.map_or_else(|| NOT_MEASURED.to_owned(), milliseconds);
    let error = measured.map(|measured| predicted.median / measured - 1.0);
    let noise = point.noise.of(figure);
    let mut row = row(point, figure, said, milliseconds(predicted.median));
    row.error = error;
    row.noise = noise.filter(|_| measured.is_some());
    row.within = error.is_none_or(|error| error.abs() <= noise.unwrap_or(0.0).max(WITHIN));
    if let Some(interval) = &prediction.interval {
        let (low, high) = match figure {
            "mean" => interval.mean,
            "p50" => interval.p50,
            "p99" => interval.p99,
            _ => interval.p95,
        };
        let is_near = row.within;
        row.within = measured.is_none_or(|measured| (low..=high).contains(&measured));
        row.by_interval = row.within && !is_near;
        row.remark =
            format!("uncertain: {} to {}; {}", milliseconds(low), milliseconds(high), interval.why);
    }
    if !point.scores(figure) {
        row.error = None;
        (row.within, row.by_interval) = (true, false);
        "not scored: see the caveat".clone_into(&mut row.remark);
    }
    Some(row)
}

/// A share of requests. Its noise is half the range over the repeats.
fn share(point: &Point, figure: &'static str, key: &str, predicted: Spread) -> Option<Row> {
    if !point.measured.is_some() {
        return Some(row(point, figure, NOT_MEASURED.to_owned(), percent(predicted.median)));
    }
    let (measured, low, high) = point.measured.summary(key)?;
    let difference = predicted.median - measured;
    let noise = 0.5 * (high - low);
    let mut row = row(point, figure, percent(measured), percent(predicted.median));
    row.noise = Some(noise);
    row.within = difference.abs() <= (WITHIN * measured).max(noise).max(POINTS);
    // Shares of nearly nothing say nothing about relative errors.
    row.error = (measured > 0.01).then_some(difference / measured);
    row.noise = (measured > 0.01).then_some(noise / measured);
    Some(row)
}

/// The resource that binds.
fn binding(point: &Point, prediction: &Prediction) -> Row {
    let measured = bind::measured(&point.known, &point.measured);
    let named = |(name, used): (&str, f64)| {
        if used > 0.0 { format!("{name} {:.0} %", 100.0 * used) } else { name.to_owned() }
    };
    let (found, expected) = (prediction.loads.most(), measured.most());
    if !point.measured.is_some() {
        return self::row(point, "what binds", NOT_MEASURED.to_owned(), named(found));
    }
    let mut row = row(point, "what binds", named(expected), named(found));
    row.within = measured.binds(found.0) || prediction.loads.binds(expected.0);
    row
}

/// Whether the system recovers after a burst, and when.
fn recovery(point: &Point, prediction: &Prediction) -> Vec<Row> {
    let Some(burst) = prediction.burst else { return Vec::new() };
    let word = |share: f64| if share >= 0.5 { "yes" } else { "no" };
    if !point.measured.is_some() {
        let said =
            format!("{} (in {:.0} % of runs)", word(burst.recovered), 100.0 * burst.recovered);
        return vec![row(point, "recovers", NOT_MEASURED.to_owned(), said)];
    }
    let Some(measured) = median(point.measured.repeats("/recovered")) else { return Vec::new() };
    let mut yes = row(
        point,
        "recovers",
        word(measured).to_owned(),
        format!("{} (in {:.0} % of runs)", word(burst.recovered), 100.0 * burst.recovered),
    );
    yes.within = word(measured) == word(burst.recovered);
    let mut rows = vec![yes];
    if let Some((seconds, low, high)) = point.measured.summary("recovery_s_after_burst_end") {
        let mut row =
            row(point, "recovery", format!("{seconds:.0} s"), format!("{:.0} s", burst.recovery_s));
        let difference = (burst.recovery_s - seconds).abs();
        row.within = difference <= (0.5 * (high - low)).max(WITHIN * seconds);
        row.remark = format!("repeats {low:.0} to {high:.0} s");
        rows.push(row);
    }
    rows
}
