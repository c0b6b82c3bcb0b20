//! What the runs of a model show: coverage per quantity.

use super::measure::Outcome;
use super::models::Model;
use super::truth::Value;

/// Coverage of one quantity.
pub(crate) struct Row {
    pub(crate) model: &'static str,
    pub(crate) quantity: String,
    pub(crate) truth: Value,
    pub(crate) runs: usize,
    /// Runs that give an interval.
    pub(crate) given: usize,
    /// Of them, those whose interval lies below the truth, and above it.
    pub(crate) below: usize,
    pub(crate) above: usize,
    /// Mean of (estimate / truth − 1) over the intervals given.
    pub(crate) error: f64,
    /// Mean of the half-width over the truth.
    pub(crate) half: f64,
}

/// What is asked for: 93 to 97 % of the intervals hold the truth.
const LEAST: f64 = 0.93;
const MOST: f64 = 0.97;

impl Row {
    pub(crate) fn covered(&self) -> f64 {
        1.0 - (self.below + self.above) as f64 / self.given.max(1) as f64
    }

    /// Standard error of the coverage.
    fn error_of_coverage(&self) -> f64 {
        (0.95 * 0.05 / self.given.max(1) as f64).sqrt()
    }

    /// Whether the coverage is as promised; with fewer than 2000 runs, within two standard errors.
    pub(crate) fn is_right(&self) -> bool {
        let slack = if self.runs < 2000 { 2.0 * self.error_of_coverage() } else { 0.0 };
        self.given == 0 || (LEAST - slack..=MOST + slack).contains(&self.covered())
    }

    pub(crate) fn cells(&self) -> Vec<String> {
        let percent = |x: f64| format!("{:.1} %", 100.0 * x);
        let all = self.given.max(1) as f64;
        vec![
            self.model.to_owned(),
            self.quantity.clone(),
            format!("{:.5}", self.truth.value()),
            self.truth.source().to_owned(),
            percent(self.given as f64 / self.runs as f64),
            percent(self.covered()),
            format!("±{:.1}", 100.0 * self.error_of_coverage()),
            percent(self.below as f64 / all),
            percent(self.above as f64 / all),
            format!("{:+.2} %", 100.0 * self.error),
            percent(self.half),
            if self.is_right() { "ok" } else { "WRONG" }.to_owned(),
        ]
    }
}

/// Heads of the columns.
pub(crate) const HEADS: [&str; 12] = [
    "model",
    "quantity",
    "truth",
    "source",
    "given",
    "covered",
    "error",
    "too low",
    "too high",
    "bias",
    "half-width",
    "",
];

/// The rows of a model. An interval of a run that does not call itself steady is not given.
pub(crate) fn rows(model: &Model, outcomes: &[Outcome]) -> Vec<Row> {
    let rows = model.quantities().into_iter().zip(model.truths()).enumerate();
    rows.map(|(i, (quantity, truth))| {
        let exact = truth.value();
        let given: Vec<_> = outcomes
            .iter()
            .filter(|outcome| outcome.steady)
            .map(|outcome| outcome.estimates[i])
            .filter(|estimate| estimate.note.is_none())
            .collect();
        let mean = |of: &dyn Fn(f64, f64, f64) -> f64| {
            let sum: f64 =
                given.iter().map(|e| of(e.value.unwrap_or(f64::NAN), e.low, e.high)).sum();
            sum / given.len().max(1) as f64
        };
        Row {
            model: model.name,
            quantity,
            truth,
            runs: outcomes.len(),
            given: given.len(),
            below: given.iter().filter(|e| e.high < exact).count(),
            above: given.iter().filter(|e| e.low > exact).count(),
            error: mean(&|value, _, _| value / exact - 1.0),
            half: mean(&|_, low, high| 0.5 * (high - low) / exact),
        }
    })
    .collect()
}

/// One line of a table, for terminals or Markdown.
pub(crate) fn line(cells: &[String], markdown: bool) -> String {
    if markdown {
        return format!("| {} |", cells.join(" | "));
    }
    let widths = [12, 20, 9, 9, 8, 8, 6, 8, 8, 9, 10, 5];
    let padded = cells.iter().zip(widths).enumerate().map(|(i, (cell, width))| {
        if i < 2 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
    });
    padded.collect::<Vec<_>>().join(" ").trim_end().to_owned()
}
