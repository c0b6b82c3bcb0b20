//! The rows as text for a terminal, or as Markdown for VALIDATION.md.

use std::fmt::Write as _;

use crate::constants::Constant;
use crate::point::Point;
use crate::score::{Row, Summary, has_known_demands, summary};

const HEAD: [&str; 7] = ["point", "figure", "measured", "predicted", "error", "noise", "verdict"];

fn cells(row: &Row) -> [String; 7] {
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let mut verdict = match (row.within, row.by_interval) {
        (false, _) => "OUTSIDE",
        (true, true) => "in its interval",
        (true, false) => "within",
    }
    .to_owned();
    if !row.remark.is_empty() {
        let _ = write!(verdict, " ({})", row.remark);
    }
    [
        row.id.clone(),
        row.figure.to_owned(),
        row.measured.clone(),
        row.predicted.clone(),
        row.error.map_or(String::new(), |e| format!("{:+.1} %", 100.0 * e)),
        row.noise.map_or(String::new(), percent),
        verdict,
    ]
}

/// A table in columns.
fn columns(head: &[&str], lines: &[Vec<String>], markdown: bool) -> String {
    let mut text = String::new();
    if markdown {
        let _ = writeln!(text, "| {} |", head.join(" | "));
        let _ = writeln!(text, "|{}", " --- |".repeat(head.len()));
        for line in lines {
            let _ = writeln!(text, "| {} |", line.join(" | "));
        }
        return text;
    }
    let width = |i: usize| {
        let cells = lines.iter().map(|line| line[i].chars().count());
        cells.chain([head[i].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut put = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    };
    put(head.to_vec());
    for line in lines {
        put(line.iter().map(String::as_str).collect());
    }
    text
}

/// The title of a table: in Markdown the tables of one output need names.
pub(crate) fn title(of: &str, markdown: bool) -> String {
    if markdown { format!("**{of}**\n\n") } else { String::new() }
}

/// Every comparison.
pub(crate) fn rows(rows: &[Row], markdown: bool) -> String {
    let lines: Vec<Vec<String>> = rows.iter().map(|row| cells(row).to_vec()).collect();
    columns(&HEAD, &lines, markdown)
}

const LATENCIES: [&str; 4] = ["mean", "p50", "p95", "p99"];

/// Median and worst error per group and in all; qualitative verdicts.
pub(crate) fn summaries(rows: &[Row], markdown: bool) -> String {
    let mut groups: Vec<&str> = rows.iter().map(|row| row.group.as_str()).collect();
    groups.dedup();
    let mut lines = Vec::new();
    let mut put = |name: &str, figure: &str, found: Option<Summary>| {
        let Some(Summary { rows, median, worst, within, held }) = found else { return };
        let percent = |x: f64| format!("{:.1} %", 100.0 * x);
        lines.push(vec![
            name.to_owned(),
            figure.to_owned(),
            rows.to_string(),
            percent(median),
            percent(worst),
            format!("{:.0} %", 100.0 * within),
            format!("{:.0} %", 100.0 * held),
        ]);
    };
    let of = |keep: &dyn Fn(&Row) -> bool, figure: &str| {
        summary(rows.iter().filter(|row| keep(row) && row.figure == figure))
    };
    for group in &groups {
        put(group, "p95", of(&|row| row.group == *group, "p95"));
    }
    for figure in LATENCIES {
        put("known demands", figure, of(&|row| has_known_demands(&row.group), figure));
    }
    for figure in LATENCIES {
        put("drawn CPU", figure, of(&|row| !has_known_demands(&row.group), figure));
    }
    for figure in LATENCIES {
        put("all", figure, of(&|_| true, figure));
    }
    put("all", "latencies", summary(rows.iter().filter(|row| LATENCIES.contains(&row.figure))));
    let head =
        ["points", "figure", "rows", "median error", "worst error", "within", "or in its interval"];
    let mut text = columns(&head, &lines, markdown);
    let right = |figures: &[&str]| {
        let of: Vec<bool> =
            rows.iter().filter(|r| figures.contains(&r.figure)).map(|r| r.within).collect();
        (of.iter().filter(|yes| **yes).count(), of.len())
    };
    let (yes, all) = right(&["what binds", "recovers", "recovery"]);
    let (shares, of_shares) = right(&["error share", "hit ratio"]);
    let _ = writeln!(
        text,
        "\nQualitative verdicts right: {yes} of {all}. Shares (errors, hits) within: {shares} of {of_shares}."
    );
    text
}

/// The constants, with their sources.
pub(crate) fn constants(markdown: bool) -> String {
    let lines: Vec<Vec<String>> = Constant::ALL
        .iter()
        .map(|constant| {
            let (what, source) = constant.says();
            vec![constant.name().to_owned(), what.to_owned(), source.to_owned()]
        })
        .collect();
    columns(&["constant", "what", "source"], &lines, markdown)
}

/// The error when each constant is left out, over the points that use it.
pub(crate) fn ablation(lines: &[(Constant, usize, Summary, Summary)], markdown: bool) -> String {
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let lines: Vec<Vec<String>> = lines
        .iter()
        .map(|(constant, points, with, without)| {
            vec![
                constant.name().to_owned(),
                points.to_string(),
                percent(with.median),
                percent(without.median),
                percent(with.worst),
                percent(without.worst),
                format!("{:.0} %", 100.0 * with.held),
                format!("{:.0} %", 100.0 * without.held),
            ]
        })
        .collect();
    let head = [
        "constant",
        "points",
        "median with",
        "median without",
        "worst with",
        "worst without",
        "right with",
        "right without",
    ];
    columns(&head, &lines, markdown)
}

/// What the files themselves say must be known before a point is scored.
pub(crate) fn caveats(points: &[Point], markdown: bool) -> String {
    let mut text = String::new();
    for point in points {
        let Some(caveat) = &point.caveat else { continue };
        if text.is_empty() {
            let _ = writeln!(text, "\nCaveats that stand in the files:\n");
        }
        let id = if markdown { format!("- `{}`", point.id) } else { point.id.clone() };
        let _ = writeln!(text, "{id}: {caveat}");
    }
    text
}
