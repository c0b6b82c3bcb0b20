//! What goes with the numbers: alerts, assumptions, warnings, checks, the next step, the run.

use crate::program::Quantity;
use crate::report::Report;
use crate::report::figure;
use crate::report::layout::{Column, Grid, INDENT, Page, Tone, toned};

/// Alerts that fire; of the others their number.
pub(super) fn alerts(page: &mut Page, report: &Report) {
    if report.alerts.is_empty() {
        return;
    }
    let quiet = report.alerts.iter().filter(|a| a.state == "quiet").count();
    let remark = match quiet {
        0 => String::new(),
        n if n == report.alerts.len() => format!("none of {n} fires"),
        n => format!("{n} of {} are quiet", report.alerts.len()),
    };
    page.heading("Alerts", &remark);
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::right(""),
        Column::left("").close(),
        Column::left(""),
    ];
    let mut grid = Grid::new(columns);
    for alert in &report.alerts {
        let tone = match alert.state {
            "quiet" if !page.look().verbose => continue,
            "quiet" => Tone::Plain,
            "critical" => Tone::Bad,
            _ => Tone::Warn,
        };
        let at = alert
            .at_s
            .filter(|x| *x > 0.0)
            .map_or(String::new(), |x| format!("after {}", figure::bare(x, Quantity::Duration)));
        grid.row([
            toned(tone, alert.state),
            alert.name.as_str().into(),
            alert.expression.as_str().into(),
            alert.measured.value().into(),
            toned(Tone::Faint, alert.measured.interval()),
            toned(Tone::Faint, at),
        ]);
        if let Some(reason) = &alert.reason {
            grid.note(toned(Tone::Faint, format!("└ {reason}")));
        }
    }
    page.grid(&grid);
}

/// What was assumed with what it influences; whole sentences only where asked for.
pub(super) fn assumptions(page: &mut Page, report: &Report) {
    let verbose = page.look().verbose;
    if !report.assumptions.is_empty() {
        let remark = if verbose { "" } else { "-v shows them whole" };
        page.heading("Assumptions", remark);
        for a in &report.assumptions {
            let about = about(&a.about, if verbose { usize::MAX } else { 3 });
            let says = format!("{}{about}: {}", a.name, one_line(&a.says));
            if verbose {
                page.paragraph(&says.into(), 2);
            } else {
                let room = page.look().width.saturating_sub(2 * INDENT);
                page.paragraph(&cut(&says, room).into(), 2);
            }
        }
    }
    list(page, "Defaults used", &report.defaults, Tone::Plain);
    if verbose {
        list(page, "Limits of the model", &report.limits, Tone::Plain);
    }
}

/// What an assumption influences, at most so many names of it.
fn about(names: &[String], most: usize) -> String {
    match names.len() {
        0 => String::new(),
        n if n <= most => format!(" [{}]", names.join(", ")),
        n => format!(" [{} +{}]", names[..most].join(", "), n - most),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `room` characters, the last one an ellipsis where something is left out.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// What looks wrong.
pub(super) fn warnings(page: &mut Page, report: &Report) {
    list(page, "Warnings", &report.warnings, Tone::Warn);
}

fn list(page: &mut Page, title: &str, items: &[String], tone: Tone) {
    if items.is_empty() {
        return;
    }
    page.heading(title, "");
    for item in items {
        page.paragraph(&toned(tone, item.as_str()), 2);
    }
}

/// Self-checks that failed; all of them where asked for.
pub(super) fn checks(page: &mut Page, report: &Report) {
    let mut grid = Grid::new([Column::left(""), Column::left(""), Column::left("").wrapping()]);
    for check in report.checks.iter().filter(|c| page.look().verbose || !c.ok) {
        let word = match (check.ok, check.fatal) {
            (true, _) => toned(Tone::Good, "ok"),
            (false, true) => toned(Tone::Bad, "VIOLATED"),
            (false, false) => toned(Tone::Warn, "unlikely"),
        };
        grid.row([word, check.name.as_str().into(), toned(Tone::Faint, check.detail.as_str())]);
    }
    if !grid.is_empty() {
        page.heading("Checks of the run itself", "");
        page.grid(&grid);
    }
}

/// One sentence.
pub(super) fn next_step(page: &mut Page, report: &Report) {
    if !report.next_step.is_empty() {
        page.heading("Next", "");
        page.paragraph(&report.next_step.as_str().into(), 0);
    }
}

/// The line that repeats it.
pub(super) fn run_line(page: &mut Page, report: &Report) {
    let run = &report.run;
    let seconds = |x: f64| figure::bare(x, Quantity::Duration);
    let warmup = if run.warmup_s > 0.0 {
        format!(" after {} of warm-up", seconds(run.warmup_s))
    } else {
        String::new()
    };
    let line = format!(
        "capplan {}, seed {}: {} {} of {}{warmup}; {} requests, {} events; intervals at {}, verdicts at {}",
        report.capplan,
        run.seed,
        run.replications,
        if run.replications == 1 { "replication" } else { "replications" },
        seconds(run.horizon_s),
        figure::about(run.requests),
        figure::about(run.events),
        figure::bare(run.confidence, Quantity::Ratio),
        figure::bare(run.verdict_confidence, Quantity::Ratio),
    );
    page.heading("Run", "");
    page.paragraph(&toned(Tone::Faint, line), 0);
    page.paragraph(&toned(Tone::Faint, run.repeat.as_str()), 2);
}
