//! A comparison as a comment.

use super::{Comment, Table, code, escaped};
use crate::report::diff::{Diff, MetricRow, PartRow, Sign, percent, signed, table as show};
use crate::report::simulate::cell;
use crate::verdict::Verdict;

/// Headline, one row per part, what changed; the rest unfolds.
pub(in crate::report) fn diff(comment: &mut Comment, diff: &Diff) {
    let mark = match (diff.verdict, diff.is_changed) {
        (Verdict::Fails, _) => "❌",
        (Verdict::Undecided, _) => "❔",
        (Verdict::Holds, true) => "🔶",
        (Verdict::Holds, false) => "✅",
    };
    comment.text(format!("### {mark} {}: {}", escaped(&diff.head.name), escaped(&diff.headline)));
    comment.text(format!("{} → {}", code(&diff.base.file), code(&diff.head.file)));
    conditions(comment, diff);
    overloads(comment, diff);
    summary(comment, diff);
    for part in diff.parts.iter().filter(|part| part.sign != Sign::Same) {
        changes(comment, part, diff.parts.len() > 1);
    }
    inputs(comment, diff);
    for part in &diff.parts {
        figures(comment, part);
    }
    let notes = std::iter::once(&diff.run.says).chain(&diff.notes);
    comment.folded_list("How this was compared", notes.map(|note| escaped(note)));
    comment.text(format!("<sub>capplan {} · {}</sub>", diff.capplan, code(&diff.run.repeat)));
}

fn conditions(comment: &mut Comment, diff: &Diff) {
    let mut table = Table::new(&["", "phase", "`--fail-on`", "why"]);
    for f in diff.fail_on.iter().filter(|f| f.is_true != "false") {
        let mark = if f.is_true == "true" { "❌ **fails**" } else { "❔ undecided" };
        let phase = f.phase.as_deref().map_or_else(String::new, code);
        table.row([mark.to_owned(), phase, code(&f.expression), escaped(&f.reason)]);
    }
    comment.table(&table);
}

/// What is overloaded now, whether that is new or not.
fn overloads(comment: &mut Comment, diff: &Diff) {
    for part in diff.parts.iter().filter(|part| !part.overloads.is_empty()) {
        let title = part.title();
        let title = if title.is_empty() { title } else { format!(" in {}", code(&title)) };
        comment.text(format!(
            "⚠️ **Overloaded**{title}: {}. What waits there has no steady state, and so no latency.",
            escaped(&part.overloads.join("; "))
        ));
    }
}

fn summary(comment: &mut Comment, diff: &Diff) {
    if diff.parts.len() < 2 {
        return;
    }
    let mut table = Table::new(&["", "phase", "verdict", "p95>", "cost per month>"]);
    for part in &diff.parts {
        let p95 = part.metrics.iter().find(|m| m.name.ends_with("latency.p95"));
        let total = part.metrics.iter().find(|m| m.name == "cost.total");
        let text = |m: Option<&MetricRow>| m.map_or_else(|| "-".to_owned(), moved);
        table.row([
            code(part.sign.text()),
            code(&part.title()),
            verdicts(part.before, part.after),
            text(p95),
            text(total),
        ]);
    }
    comment.table(&table);
}

/// `412 ms → 840 ms (**+104 %**)`.
fn moved(m: &MetricRow) -> String {
    let text = escaped(&show::before_and_after(m)).replace("-&gt;", "→");
    match show::share(m) {
        share if share.is_empty() => text,
        share => format!("{text} (**{share}**)"),
    }
}

fn verdicts(before: Option<&str>, after: Option<&str>) -> String {
    let text = show::moved(before, after).replace("->", "→");
    if text.ends_with("FAILS") { format!("❌ {text}") } else { text }
}

/// What changed in a part, in sight.
fn changes(comment: &mut Comment, part: &PartRow, several: bool) {
    if several {
        comment.text(format!("**{}**", escaped(&part.title())));
    }
    let mut table = Table::new(&["", "what", "before → after", "change>", ">"]);
    let sign = |sign: Sign| code(sign.text());
    for o in part.objectives.iter().filter(|o| o.sign != Sign::Same) {
        let was = o.expression_before.as_deref();
        let was = was.map_or_else(String::new, |was| format!(" (was {})", code(was)));
        table.row([
            sign(o.sign),
            format!("{} {}: {}{was}", o.kind, code(&o.name), code(&o.expression)),
            verdicts(o.before, o.after),
            String::new(),
            String::new(),
        ]);
    }
    for m in part.metrics.iter().filter(|m| m.sign != Sign::Same) {
        table.row([
            sign(m.sign),
            code(&m.name),
            escaped(&show::before_and_after(m)).replace("-&gt;", "→"),
            m.change.as_ref().map_or_else(String::new, |change| escaped(&signed(change))),
            m.share.map_or_else(String::new, percent),
        ]);
    }
    let words = [("bottleneck", &part.bottleneck), ("state", &part.state)];
    for (what, moved) in words.into_iter().filter_map(|(what, m)| Some((what, m.as_ref()?))) {
        let text = |side: &Option<String>| side.as_deref().map_or_else(|| "none".into(), code);
        let arrow = format!("{} → {}", text(&moved.before), text(&moved.after));
        table.row([sign(Sign::Changed), what.to_owned(), arrow, String::new(), String::new()]);
    }
    if let Some(moved) = &part.headroom {
        let text = escaped(&show::headroom(moved)).replace("-&gt;", "→");
        let what = "headroom".to_owned();
        table.row([sign(Sign::Changed), what, text, String::new(), String::new()]);
    }
    comment.table(&table);
}

fn inputs(comment: &mut Comment, diff: &Diff) {
    let mut table = Table::new(&["", "input", "before → after"]);
    for input in &diff.inputs {
        let leaf = match (&input.before, &input.after) {
            (Some(before), Some(after)) => format!("{} → {}", code(before), code(after)),
            (before, after) => {
                after.as_ref().or(before.as_ref()).map_or(String::new(), |x| code(x))
            }
        };
        table.row([code(input.sign.text()), code(&show::path(input)), leaf]);
    }
    let n = diff.inputs.len();
    comment.folded_table(format!("Inputs that changed: {n}"), &table);
}

/// All figures of a part.
fn figures(comment: &mut Comment, part: &PartRow) {
    let mut table = Table::new(&["", "figure", "before>", "after>", "difference>"]);
    let text = |f: &Option<crate::report::Figure>| f.as_ref().map_or_else(|| "-".into(), cell);
    for m in &part.metrics {
        let difference = m.change.as_ref().map_or_else(String::new, |c| escaped(&signed(c)));
        table.row([
            code(m.sign.text()),
            code(&m.name),
            text(&m.before),
            text(&m.after),
            difference,
        ]);
    }
    let title = part.title();
    let title = if title.is_empty() { String::new() } else { format!(" of {title}") };
    comment.folded_table(format!("All figures{title}"), &table);
}
