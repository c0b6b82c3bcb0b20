//! A comparison for a terminal: what fails, then what changed, then what did not.

use super::assemble::{percent, signed};
use super::document::{
    Diff, InputRow, MetricRow, MovedBracket, ObjectiveRow, PartRow, Sign, title,
};
use crate::report::layout::{Cell, Column, Grid, Page, Tone, toned};
use crate::report::simulate::word;
use crate::report::{Figure, table};
use crate::verdict::Verdict;

/// Everything a reviewer needs in ten seconds first.
pub(super) fn print(page: &mut Page, diff: &Diff) {
    head(page, diff);
    fail_on(page, diff);
    overloads(page, diff);
    summary(page, diff);
    for part in &diff.parts {
        changes(page, part);
    }
    inputs(page, &diff.inputs);
    notes(page, diff);
}

fn head(page: &mut Page, diff: &Diff) {
    let title = format!("{} -> {}", side(&diff.base), side(&diff.head));
    page.line(&[toned(Tone::Strong, &*diff.head.name), toned(Tone::Faint, title)]);
    let (mark, tone) = match (diff.verdict, diff.is_changed) {
        (Verdict::Fails, _) => (word(Verdict::Fails), Tone::Bad),
        (Verdict::Undecided, _) => (word(Verdict::Undecided), Tone::Warn),
        (Verdict::Holds, true) => ("CHANGED", Tone::Strong),
        (Verdict::Holds, false) => ("SAME", Tone::Good),
    };
    page.line(&[toned(tone, mark)]);
    page.paragraph(&diff.headline.as_str().into(), 0);
}

/// `HEAD~1:a.yaml`, without a path that says nothing.
fn side(side: &super::Side) -> String {
    match &side.commit {
        Some(commit) if !side.file.starts_with(&commit[..commit.len().min(7)]) => {
            format!("{} ({})", side.file, &commit[..commit.len().min(10)])
        }
        _ => side.file.clone(),
    }
}

/// Conditions of the command line in each part.
fn fail_on(page: &mut Page, diff: &Diff) {
    let mut grid = Grid::new([
        Column::left(""),
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
    ]);
    let shown = diff.fail_on.iter().filter(|f| f.is_true != "false" || page.look().verbose);
    for f in shown {
        let (word, tone) = match f.is_true {
            "true" => ("FAILS", Tone::Bad),
            "false" => ("not so", Tone::Good),
            _ => ("undecided", Tone::Warn),
        };
        grid.row([
            toned(tone, word),
            title(f.phase.as_deref(), f.end).into(),
            f.expression.as_str().into(),
            f.reason.as_str().into(),
        ]);
    }
    if !grid.is_empty() {
        page.heading("--fail-on", "");
        page.grid(&grid);
    }
}

/// One line per part, where there are several.
fn summary(page: &mut Page, diff: &Diff) {
    if diff.parts.len() < 2 {
        return;
    }
    let columns = [
        Column::left(""),
        Column::left("").close(),
        Column::left("verdict"),
        Column::left("p95"),
        Column::right("").close().from(90),
        Column::left("cost per month"),
        Column::right("").close(),
    ];
    let mut grid = Grid::new(columns);
    for part in &diff.parts {
        let p95 = part.metrics.iter().find(|m| m.name.ends_with("latency.p95"));
        let total = part.metrics.iter().find(|m| m.name == "cost.total");
        let tone = match part.after {
            Some("fails") => Tone::Bad,
            _ => Tone::Plain,
        };
        grid.row([
            sign(part.sign),
            part.title().into(),
            toned(tone, moved(part.before, part.after)),
            p95.map_or_else(|| "-".to_owned(), before_and_after).into(),
            p95.map_or_else(String::new, share).into(),
            total.map_or_else(|| "-".to_owned(), before_and_after).into(),
            total.map_or_else(String::new, share).into(),
        ]);
    }
    let of = diff.parts.iter().flat_map(|part| &part.metrics);
    let of = of.map(|m| m.name.as_str()).find_map(|name| name.strip_suffix(".latency.p95"));
    let of = of.map_or_else(String::new, |traffic| format!("; p95 of {traffic}"));
    page.heading("Phases", &format!("~ changed, + new, - gone, = the same{of}"));
    page.grid(&grid);
}

/// What is overloaded now, whether that is new or not.
fn overloads(page: &mut Page, diff: &Diff) {
    let overloaded = |part: &&PartRow| !part.overloads.is_empty();
    let parts: Vec<&PartRow> = diff.parts.iter().filter(overloaded).collect();
    if parts.is_empty() {
        return;
    }
    page.heading("Overloaded", "what waits there has no steady state, and so no latency");
    for part in parts {
        let title = part.title();
        let title = if title.is_empty() { title } else { format!("{title}: ") };
        for overload in &part.overloads {
            page.paragraph(&toned(Tone::Bad, format!("{title}{overload}")), 2);
        }
    }
}

/// What changed in one part.
fn changes(page: &mut Page, part: &PartRow) {
    if part.sign == Sign::Same && !page.look().verbose {
        return;
    }
    let columns = [
        Column::left(""),
        Column::left("").close(),
        Column::left("").wrapping(),
        Column::right(""),
        Column::right(""),
    ];
    let mut grid = Grid::new(columns);
    let all = page.look().verbose;
    for o in part.objectives.iter().filter(|o| all || o.sign != Sign::Same) {
        let tone = if o.newly_fails { Tone::Bad } else { Tone::Plain };
        grid.row([
            sign(o.sign),
            format!("{} {}", o.kind, o.name).into(),
            toned(tone, moved(o.before, o.after)),
            "".into(),
            "".into(),
        ]);
        grid.note(toned(Tone::Faint, says(o)));
    }
    for m in part.metrics.iter().filter(|m| all || m.sign != Sign::Same) {
        grid.row([
            sign(m.sign),
            m.name.as_str().into(),
            before_and_after(m).into(),
            m.change.as_ref().map_or_else(String::new, signed).into(),
            share(m).into(),
        ]);
    }
    let words = [("bottleneck", &part.bottleneck), ("state", &part.state)];
    for (what, moved) in words.into_iter().filter_map(|(what, m)| Some((what, m.as_ref()?))) {
        let text = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_owned());
        let arrow = format!("{} -> {}", text(&moved.before), text(&moved.after));
        grid.row([sign(Sign::Changed), what.into(), arrow.into(), "".into(), "".into()]);
    }
    if let Some(moved) = &part.headroom {
        let text = headroom(moved).into();
        grid.row([sign(Sign::Changed), "headroom".into(), text, "".into(), "".into()]);
    }
    if !grid.is_empty() {
        let title = part.title();
        let title = if title.is_empty() { "Changes".to_owned() } else { title };
        page.heading(&title, if part.sign == Sign::Same { "the same" } else { "" });
        page.grid(&grid);
    }
}

/// Expression of a condition, and what it was.
fn says(o: &ObjectiveRow) -> String {
    match &o.expression_before {
        Some(before) => format!("{} (was {before})", o.expression),
        None => o.expression.clone(),
    }
}

fn sign(sign: Sign) -> Cell {
    let tone = match sign {
        Sign::Same => Tone::Faint,
        Sign::Changed => Tone::Warn,
        Sign::Added => Tone::Good,
        Sign::Removed => Tone::Bad,
    };
    toned(tone, sign.text())
}

/// `holds -> FAILS`, or the one word that stays.
pub(in crate::report) fn moved(before: Option<&str>, after: Option<&str>) -> String {
    let loud = |word: Option<&str>| match word {
        None => "-".to_owned(),
        Some("fails") => "FAILS".to_owned(),
        Some(word) => word.to_owned(),
    };
    if before == after { loud(after) } else { format!("{} -> {}", loud(before), loud(after)) }
}

/// `412 ms -> 840 ms`; of what did not change the value now.
pub(in crate::report) fn before_and_after(m: &MetricRow) -> String {
    let value = |f: &Option<Figure>| f.as_ref().map_or_else(|| "-".to_owned(), Figure::value);
    if m.sign == Sign::Same && m.before.is_some() {
        return value(&m.after);
    }
    format!("{} -> {}", value(&m.before), value(&m.after))
}

/// Percent of a change; empty when there is none.
pub(in crate::report) fn share(m: &MetricRow) -> String {
    m.share.filter(|_| m.sign != Sign::Same).map_or_else(String::new, percent)
}

/// `1.40..1.45 x -> 1.05..1.10 x`: factors on the load between which the first objective breaks.
pub(in crate::report) fn headroom(moved: &MovedBracket) -> String {
    let bracket = |holds: Option<f64>, breaks: Option<f64>| match (holds, breaks) {
        (None, _) => "none stated".to_owned(),
        (Some(holds), None) => format!("beyond {}", table::times(holds)),
        (Some(holds), Some(breaks)) => {
            format!("{}..{}", table::times(holds).trim_end_matches(" x"), table::times(breaks))
        }
    };
    format!(
        "{} -> {}",
        bracket(moved.before_holds, moved.before_breaks),
        bracket(moved.after_holds, moved.after_breaks)
    )
}

/// Leaves of the profile that differ.
fn inputs(page: &mut Page, inputs: &[InputRow]) {
    if inputs.is_empty() {
        return;
    }
    page.heading("Inputs that changed", "");
    let columns = [Column::left(""), Column::left("").close(), Column::left("").wrapping()];
    let mut grid = Grid::new(columns);
    let most = if page.look().verbose { usize::MAX } else { MOST_INPUTS };
    for input in inputs.iter().take(most) {
        grid.row([sign(input.sign), path(input).into(), leaf(input).into()]);
    }
    page.grid(&grid);
    if inputs.len() > most {
        let text = format!("and {} more (-v shows all)", inputs.len() - most);
        page.paragraph(&toned(Tone::Faint, text), 2);
    }
}

/// Most leaves that are printed unless asked for all.
const MOST_INPUTS: usize = 20;

/// The path with its phase.
pub(in crate::report) fn path(input: &InputRow) -> String {
    match &input.phase {
        Some(phase) => format!("{phase}: {}", input.path),
        None => input.path.clone(),
    }
}

/// `30 -> 20`, `-> 20` of what is new.
pub(in crate::report) fn leaf(input: &InputRow) -> String {
    match (&input.before, &input.after) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (None, Some(after)) => after.clone(),
        (before, None) => before.clone().unwrap_or_default(),
    }
}

fn notes(page: &mut Page, diff: &Diff) {
    page.heading("How", "");
    page.paragraph(&toned(Tone::Faint, diff.run.says.as_str()), 0);
    for note in &diff.notes {
        page.paragraph(&toned(Tone::Faint, note.as_str()), 0);
    }
    page.paragraph(&toned(Tone::Faint, diff.run.repeat.as_str()), 2);
}
