//! The report for a terminal: the verdict first, the next step last, where the eye is.

mod load;
mod money;
mod notes;
mod objectives;
mod parts;

pub(super) use objectives::verdict as verdict_cell;
pub(super) use parts::{effect_text, headroom_sentence, overload_sentence, times};

use super::figure::bare;
use super::layout::{Page, Tone, toned};
use super::simulate::{NOTHING_STATED, word};
use super::{Origin, Report};
use crate::program::Quantity;
use crate::verdict::Verdict;

/// Everything that is said about one profile; what is left out for width is in the JSON document.
pub(super) fn report(page: &mut Page, report: &Report) {
    head(page, report);
    objectives::print(page, report);
    parts::overloads(page, report);
    parts::bottlenecks(page, report);
    load::time(page, report);
    load::traffic(page, report);
    parts::resources(page, report);
    load::failures(page, report);
    money::print(page, report);
    notes::alerts(page, report);
    notes::assumptions(page, report);
    notes::warnings(page, report);
    notes::checks(page, report);
    notes::run_line(page, report);
    notes::next_step(page, report);
}

/// Title, what it is about, and the sentence that counts the verdicts.
fn head(page: &mut Page, report: &Report) {
    page.line(&[toned(Tone::Strong, &*report.profile.name), toned(Tone::Faint, subject(report))]);
    let tone = match report.verdict {
        Verdict::Holds => Tone::Good,
        Verdict::Undecided => Tone::Warn,
        Verdict::Fails => Tone::Bad,
    };
    match tally(report) {
        None => page.line(&[NOTHING_STATED.into()]),
        Some(tally) => page.line(&[toned(tone, word(report.verdict)), tally.into()]),
    }
    if report.partial {
        let text = "PARTIAL: interrupted; what follows rests on less data than was asked for";
        page.line(&[toned(Tone::Bad, text)]);
    }
}

/// `(profiles/mina/peak.yaml; active 50,000; --scale 1.5)`.
fn subject(report: &Report) -> String {
    let profile = &report.profile;
    let mut parts = vec![profile.file.clone()];
    let users =
        profile.users.iter().map(|(name, n)| format!("{name} {}", bare(*n, Quantity::Count)));
    parts.extend(users);
    parts.extend((profile.scale != 1.0).then(|| format!("load times {}", profile.scale)));
    parts.extend(profile.set.iter().cloned());
    format!("({})", parts.join("; "))
}

/// `1 of 3 objectives fails, 1 undecided; all 9 claims hold`; `None` without any.
pub(super) fn tally(report: &Report) -> Option<String> {
    let of = |claims: bool| {
        let these = report
            .objectives
            .iter()
            .filter(move |o| o.kind != Origin::Gate && (o.kind == Origin::Claim) == claims);
        let count = |v| these.clone().filter(|o| o.verdict == v).count();
        (these.clone().count(), count(Verdict::Fails), count(Verdict::Undecided))
    };
    let noun = |n: usize, word: &str| if n == 1 { word.to_owned() } else { format!("{word}s") };
    let mut sentences = Vec::new();
    for (word, (n, fails, undecided)) in [("objective", of(false)), ("claim", of(true))] {
        let sentence = match (n, fails, undecided) {
            (0, _, _) => continue,
            (1, 0, 0) => format!("the {word} holds"),
            (1, 1, _) => format!("the {word} fails"),
            (1, _, _) => format!("the {word} is undecided"),
            (_, 0, 0) => format!("all {n} {word}s hold"),
            (_, 0, u) => format!("{u} of {n} {} undecided, none fails", noun(n, word)),
            (_, f, u) => {
                let verb = if f == 1 { "fails" } else { "fail" };
                let rest = if u == 0 { String::new() } else { format!(", {u} undecided") };
                format!("{f} of {n} {} {verb}{rest}", noun(n, word))
            }
        };
        sentences.push((fails == 0, sentence));
    }
    // What fails goes first, beside the word that says so.
    sentences.sort_by_key(|(is_fine, _)| *is_fine);
    let sentences: Vec<String> = sentences.into_iter().map(|(_, sentence)| sentence).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}
