//! `C for D`: conditions over windows of the measured time.
//!
//! A window is true, false or, without data, neither; what is neither ends a streak. Every
//! replication is one possible course of events: what is so in all of them holds, what is so in
//! none fails, what is so in some is undecided.

use super::judge::{Bench, Outcome, Sense, brief_s};
use super::kleene::Verdict;
use crate::expr::{Condition, Need, Operand, Readings, Trial};
use crate::program::{Program, Reading, Test};
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
    let asked = Test::readings_in(span_s, evidence.window_s()) as usize;
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
        let evidence = self.bench.evidence;
        let windows = &self.replication.windows;
        let length = windows.iter().map(Vec::len).min().unwrap_or(0);
        let Some(test) = condition.test(evidence.window_s(), &mut Rows(self.bench)) else {
            return Vec::new();
        };
        let mut watch = test.watch();
        (0..length).map(|at| watch.read(&|row| windows[row as usize][at])).collect()
    }
}

/// What a comparison reads: a row of the windows, or money, which is the same in all of them.
struct Rows<'b>(&'b Bench<'b>);

impl Readings for Rows<'_> {
    fn reading(&mut self, operand: &Operand) -> Reading {
        let Operand::Measured(need) = operand else {
            return Reading::Fixed(self.0.value(operand).value);
        };
        let row = row(self.0.evidence.program, &self.0.condition.needs[*need]);
        row.map_or(Reading::Fixed(None), |row| Reading::Value(row as u32))
    }

    fn known(&self, trial: &Trial) -> Option<Option<bool>> {
        self.0.spoiled(trial).map(|spoiled| match spoiled.verdict {
            Verdict::Holds => Some(true),
            Verdict::Fails => Some(false),
            Verdict::Undecided => None,
        })
    }
}
