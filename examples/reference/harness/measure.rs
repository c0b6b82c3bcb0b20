//! Values of quantities from the replications of a run, each with its standard error.

use std::borrow::Borrow;

use capplan::expr::{Names, Need};
use capplan::results::Replication;
use capplan::stats::{Statistic, student_t};
use capplan::verdict::{Estimate, estimate_during};

use super::probe::{How, Probe};

/// A quantity as a run gives it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    /// The value; `None` without data.
    pub(crate) value: Option<f64>,
    /// Its standard error; `None` where the data are too few for one.
    pub(crate) error: Option<f64>,
    /// The interval that reports give.
    pub(crate) interval: Option<(f64, f64)>,
    /// Jobs that it rests on.
    pub(crate) jobs: f64,
    /// Independent runs that it rests on.
    pub(crate) runs: usize,
    /// Reports give no interval: the data are too few for one that holds what it promises.
    pub(crate) too_few: bool,
}

/// Confidence of the intervals shown.
const CONFIDENCE: f64 = 0.95;

/// The metric of a name as conditions write it, also at an instant: `q.in_system during 5s..5s`.
///
/// # Errors
/// There is no such metric.
pub(crate) fn need(metric: &str, names: &Names<'_>) -> Result<Need, String> {
    let (name, span) = match metric.split_once(" during ") {
        None => (metric, None),
        Some((name, span)) => {
            let second = |text: &str| text.trim_end_matches('s').parse::<f64>().ok();
            let ends = span.split_once("..").and_then(|(a, b)| Some((second(a)?, second(b)?)));
            (name, Some(ends.ok_or_else(|| format!("`{span}` is no span of seconds"))?))
        }
    };
    Need::of(name, span, names).map_err(|error| format!("`{metric}`: {error}"))
}

fn estimated<R: Borrow<Replication>>(need: &Need, replications: &[R]) -> Estimate {
    let Need { measure, statistic, during, quantity, .. } = need;
    estimate_during(measure, *statistic, *during, *quantity, replications, CONFIDENCE)
}

/// Its value alone.
pub(crate) fn value<R: Borrow<Replication>>(need: &Need, replications: &[R]) -> f64 {
    estimated(need, replications).value.unwrap_or(f64::NAN)
}

/// The value of a probe over independent replications.
///
/// The standard error is that of the jackknife over replications; of a quantile with an interval, half
/// of the interval's width over Student's t.
pub(crate) fn measured(probe: &Probe, needs: &[Need], replications: &[Replication]) -> Measured {
    let runs = replications.len();
    let jobs = replications.iter().map(|r| r.balance.arrivals as f64).sum();
    let t = student_t(CONFIDENCE, runs.saturating_sub(1));
    let reported = match (probe.how, needs) {
        (How::Is, [need]) => Some(estimated(need, replications)),
        _ => None,
    };
    let given = reported.as_ref().filter(|found| found.has_interval());
    let given = given.map(|found| (found.low, found.high));
    let too_few = reported.is_some() && given.is_none();
    let is_quantile = |need: &Need| matches!(need.statistic, Some(Statistic::Quantile(_)));
    if let (Some(found), Some((low, high))) = (&reported, given)
        && needs.iter().any(is_quantile)
    {
        let error = Some(0.5 * (high - low) / t);
        return Measured { value: found.value, error, interval: given, jobs, runs, too_few };
    }
    let whole = |kept: &[&Replication]| {
        let values: Vec<f64> = needs.iter().map(|need| value(need, kept)).collect();
        probe.how.value(&values)
    };
    let mut kept: Vec<&Replication> = replications.iter().collect();
    let all = whole(&kept);
    let without = (0..runs).map(|left_out| {
        let removed = kept.remove(left_out);
        let value = whole(&kept);
        kept.insert(left_out, removed);
        value
    });
    let error = jackknife(&without.collect::<Vec<f64>>());
    let around = error.map(|error| (t.mul_add(-error, all), t.mul_add(error, all)));
    let interval = if reported.is_some() { given } else { around };
    Measured { value: all.is_finite().then_some(all), error, interval, jobs, runs, too_few }
}

/// The value of a probe over batches of runs: per batch one value of each metric.
pub(crate) fn pooled(probe: &Probe, batches: &[Vec<f64>], jobs: f64) -> Measured {
    let runs = batches.len();
    let mean = |left_out: Option<usize>| {
        let kept = || batches.iter().enumerate().filter(move |(i, _)| Some(*i) != left_out);
        let n = kept().count() as f64;
        let metric = |j: usize| kept().map(|(_, batch)| batch[j]).sum::<f64>() / n;
        let values: Vec<f64> = (0..probe.metrics.len()).map(metric).collect();
        values
    };
    let value = probe.how.value(&mean(None));
    let without: Vec<f64> = (0..runs).map(|i| probe.how.value(&mean(Some(i)))).collect();
    // A state that every run was in, or none, says that it is likely or rare, not how much.
    let error = jackknife(&without).filter(|error| *error > 0.0);
    let t = student_t(CONFIDENCE, runs.saturating_sub(1));
    let interval = error.map(|error| (t.mul_add(-error, value), t.mul_add(error, value)));
    let value = value.is_finite().then_some(value);
    Measured { value, error, interval, jobs, runs, too_few: false }
}

/// Standard error from the estimates that leave out one run each.
fn jackknife(without: &[f64]) -> Option<f64> {
    let n = without.len() as f64;
    let mean = without.iter().sum::<f64>() / n;
    let squares: f64 = without.iter().map(|x| (x - mean).powi(2)).sum();
    let error = ((n - 1.0) / n * squares).sqrt();
    (without.len() > 1 && error.is_finite()).then_some(error)
}
