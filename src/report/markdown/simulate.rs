//! The report on one profile as a comment.

use super::{Comment, Table, code, escaped};
use crate::program::Quantity;
use crate::report::figure::{bare, dollars};
use crate::report::formats::Document;
use crate::report::simulate::cell;
use crate::report::{Report, table};
use crate::verdict::Verdict;

/// A sign that is seen before it is read; the word stands beside it.
pub(in crate::report) const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✅ holds",
        Verdict::Undecided => "❔ undecided",
        Verdict::Fails => "❌ **fails**",
    }
}

/// Headline, what must hold, what limits; the rest unfolds.
pub(in crate::report) fn report(comment: &mut Comment, report: &Report) {
    comment.text(format!("### {}", escaped(&report.headline())));
    let mut conditions = Table::new(&["", "condition", "says", "measured>", "why"]);
    for o in &report.objectives {
        let why: Vec<String> =
            [&o.reason, &o.remedy].into_iter().flatten().map(|text| escaped(text)).collect();
        conditions.row([
            sign(o.verdict).to_owned(),
            format!("{} {}", o.kind.word(), code(&o.name)),
            code(&o.expression),
            cell(&o.measured),
            why.join("; "),
        ]);
    }
    comment.table(&conditions);
    if !report.overloads.is_empty() {
        let overloads: Vec<String> =
            report.overloads.iter().map(table::overload_sentence).collect();
        comment.text(format!("⚠️ **Overloaded:** {}.", escaped(&overloads.join(". "))));
    }
    comment.text(format!("**Next:** {}", escaped(&report.next_step)));
    cost(comment, report);
    bottlenecks(comment, report);
    traffic(comment, report);
    let about = |a: &crate::report::Assumption| {
        format!("{} [{}]: {}", code(&a.name), escaped(&a.about.join(", ")), escaped(&a.says))
    };
    comment.folded_list("Assumptions", report.assumptions.iter().map(about));
    comment.folded_list("Warnings", report.warnings.iter().map(|w| escaped(w)));
    comment.text(format!("<sub>capplan {} · {}</sub>", report.capplan, code(&report.run.repeat)));
}

fn cost(comment: &mut Comment, report: &Report) {
    let cost = &report.cost;
    if cost.lines.is_empty() {
        return;
    }
    let mut lines = Table::new(&["part", "", "per month>", "how"]);
    for line in &cost.lines {
        let amount = line.amount.map_or_else(|| "-".to_owned(), dollars);
        lines.row([code(&line.name), line.kind.to_owned(), escaped(&amount), escaped(&line.basis)]);
    }
    let budget = cost.budget.map_or_else(String::new, |b| format!(", budget {}", dollars(b)));
    comment.folded_table(format!("Cost: {} per month{budget}", dollars(cost.total)), &lines);
}

fn bottlenecks(comment: &mut Comment, report: &Report) {
    let percent = |x: f64| bare(x, Quantity::Ratio);
    let mut rows =
        Table::new(&["resource", "busy>", "of all wait>", "full at load>", "more of it"]);
    for b in &report.bottlenecks {
        rows.row([
            code(&b.resource),
            percent(b.utilization),
            percent(b.wait_share),
            b.headroom.map_or_else(|| "-".to_owned(), table::times),
            escaped(&table::effect_text(b)),
        ]);
    }
    let headroom = report.headroom.as_ref().map(table::headroom_sentence);
    let summary =
        headroom.map_or_else(|| "Bottlenecks".to_owned(), |h| format!("Bottlenecks. {h}"));
    comment.folded_table(summary, &rows);
}

fn traffic(comment: &mut Comment, report: &Report) {
    let mut rows = Table::new(&["", "offered>", "ok>", "p50>", "p95>", "p99>", "errors>"]);
    for t in &report.traffic {
        let name = code(&t.name);
        rows.row([
            if t.kind == "endpoint" { format!("– {name}") } else { name },
            t.offered.value(),
            t.throughput.value(),
            t.p50.value(),
            cell(&t.p95),
            t.p99.value(),
            t.error_rate.value(),
        ]);
    }
    comment.folded_table("Traffic", &rows);
}
