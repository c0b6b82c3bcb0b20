//! `C for D`: conditions over windows of the measured time.
//!
//! A window is true, false or, without data, neither; what is neither ends a streak. Every
//! replication is one possible course of events: what is so in all of them holds, what is so in
//! none fails, what is so in some is undecided.

use super::judge::{Bench, Outcome, Sense, brief_s};
use super::kleene::Verdict;
use crate::expr::{Condition, Limit, Need, Operand, Question, Trial};
use crate::program::Program;
use crate::results::Replication;

/// Where the windows of a need lie in a replication's results.
pub(super) fn row(program: &Program, need: &Need) -> Option<usize> {
    let tracked = need.tracked();
    program.tracked.iter().position(|t| *t == tracked)
}

/// Judges `inner for span_s`; `whole` is what is said of `inner` over the whole measured time, the
/// answer where there is no window.
pub(super) fn judge(bench: &Bench<'_>, inner: &Condition, span_s: f64, whole: &Outcome) -> Outcome {
    let evidence = bench.evidence;
    let all: Vec<Vec<Option<bool>>> = evidence
        .replications
        .iter()
        .map(|replication| Course { bench, replication }.windows(inner))
        .collect();
    let count = all.iter().map(Vec::len).min().unwrap_or(0);
    if count == 0 {
        let note = "judged over the whole run: it holds no whole window";
        return Outcome { reason: Some(joined(whole.reason.clone(), note)), ..whole.clone() };
    }
    if all.iter().flatten().all(Option::is_none) {
        let reason = Some("no data in any window".to_owned());
        return Outcome { verdict: Verdict::Undecided, reason, ..whole.clone() };
    }
    // An objective is looked at from its bad side: violated for so long on end.
    let violation = bench.sense == Sense::Objective;
    let asked = windows_in(span_s, evidence.window_s());
    let first = |windows: &Vec<Option<bool>>| {
        streak(windows, asked.min(count), |window| window == Some(!violation))
    };
    let mut ends: Vec<usize> = all.iter().filter_map(first).collect();
    ends.sort_unstable();
    let verdict = match ends.len() {
        n if n == all.len() => Verdict::of(!violation),
        0 => Verdict::of(violation),
        _ => Verdict::Undecided,
    };
    let mut reason = if ends.is_empty() || ends.len() == all.len() {
        whole.reason.clone().filter(|_| whole.verdict == verdict)
    } else {
        let so = if violation { "violated" } else { "so" };
        let span = brief_s(span_s.min(count as f64 * evidence.window_s()));
        Some(format!("{so} for {span} on end in {} of {} runs", ends.len(), all.len()))
    };
    if asked > count {
        let (asked, have) = (brief_s(span_s), brief_s(count as f64 * evidence.window_s()));
        let note = format!("judged over the whole run of {have}, not {asked}");
        reason = Some(joined(reason, &note));
    }
    let at_s = ends.get(ends.len().saturating_sub(1) / 2);
    let at_s = at_s.map(|end| (end + 1) as f64 * evidence.window_s());
    Outcome { verdict, reason, at_s, decisive: whole.decisive }
}

fn joined(reason: Option<String>, note: &str) -> String {
    reason.map_or_else(|| note.to_owned(), |reason| format!("{reason}; {note}"))
}

/// Whole windows that cover a span: at least one.
fn windows_in(span_s: f64, window_s: f64) -> usize {
    ((span_s / window_s - 1e-9).ceil() as usize).max(1)
}

/// Index of the window that completes the first streak of `length` windows.
fn streak(
    windows: &[Option<bool>],
    length: usize,
    counts: impl Fn(Option<bool>) -> bool,
) -> Option<usize> {
    let mut run = 0;
    for (i, window) in windows.iter().enumerate() {
        run = if counts(*window) { run + 1 } else { 0 };
        if run == length {
            return Some(i);
        }
    }
    None
}

/// A condition in one replication, window by window.
struct Course<'b> {
    bench: &'b Bench<'b>,
    replication: &'b Replication,
}

impl Course<'_> {
    fn windows(&self, condition: &Condition) -> Vec<Option<bool>> {
        match condition {
            Condition::All(parts) => self.join(parts, false),
            Condition::Any(parts) => self.join(parts, true),
            Condition::Trial(trial) => self.trial(trial),
            Condition::Lasting { inner, span_s } => {
                let inner = self.windows(inner);
                let length = windows_in(*span_s, self.bench.evidence.window_s());
                let mut run = 0;
                let lasts = inner.iter().map(|window| {
                    run = if *window == Some(true) { run + 1 } else { 0 };
                    window.map(|_| run >= length)
                });
                lasts.collect()
            }
            Condition::Manual(_) | Condition::Slo => Vec::new(),
        }
    }

    /// Kleene's tables per window: `decisive` is the value that decides alone.
    fn join(&self, parts: &[Condition], decisive: bool) -> Vec<Option<bool>> {
        let parts: Vec<_> = parts.iter().map(|part| self.windows(part)).collect();
        let length = parts.iter().map(Vec::len).min().unwrap_or(0);
        let at = |i: usize| {
            let values = || parts.iter().map(move |part| part[i]);
            if values().any(|value| value == Some(decisive)) {
                Some(decisive)
            } else if values().any(|value| value.is_none()) {
                None
            } else {
                Some(!decisive)
            }
        };
        (0..length).map(at).collect()
    }

    fn trial(&self, trial: &Trial) -> Vec<Option<bool>> {
        let length = self.replication.windows.iter().map(Vec::len).min().unwrap_or(0);
        if let Some(spoiled) = self.bench.spoiled(trial) {
            let value = match spoiled.verdict {
                Verdict::Holds => Some(true),
                Verdict::Fails => Some(false),
                Verdict::Undecided => None,
            };
            return vec![value; length];
        }
        let values = self.values(&trial.operand, length);
        let limits = match &trial.question {
            Question::Within(low, high) => {
                let inside = |value: f64| *low <= value && value <= *high;
                return values.into_iter().map(|value| value.map(inside)).collect();
            }
            Question::Against(_, Limit::Value(bound)) => vec![Some(*bound); length],
            Question::Against(_, Limit::Metric { factor, operand, .. }) => {
                let others = self.values(operand, length).into_iter();
                others.map(|value| value.map(|value| value * factor)).collect()
            }
            Question::Against(_, Limit::Relative { .. }) => vec![None; length],
        };
        let Question::Against(comparator, _) = trial.question else { return Vec::new() };
        let holds =
            |(value, limit): (Option<f64>, Option<f64>)| Some(comparator.holds(value?, limit?));
        values.into_iter().zip(limits).map(holds).collect()
    }

    /// A value per window; money is the same in all of them.
    fn values(&self, operand: &Operand, length: usize) -> Vec<Option<f64>> {
        let Operand::Measured(need) = operand else {
            return vec![self.bench.value(operand).value; length];
        };
        let row = row(self.bench.evidence.program, &self.bench.condition.needs[*need]);
        let windows = row.and_then(|row| self.replication.windows.get(row));
        windows.cloned().unwrap_or_else(|| vec![None; length])
    }
}
