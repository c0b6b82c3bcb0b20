//! What requests saw: where their time goes, latency by traffic and endpoint, failures.

use crate::program::Quantity;
use crate::report::figure;
use crate::report::layout::{Column, Grid, Page, Tone, bar, sparkline, toned};
use crate::report::{Report, TrafficRow};

/// Seconds waited and served per component, for all and for the slowest.
pub(super) fn time(page: &mut Page, report: &Report) {
    let Some(time) = &report.time else { return };
    let seconds = |x: f64| figure::bare(x, Quantity::Duration);
    // Of what grows only the shares mean something.
    let of = match report.run.state {
        "growing" => "no steady state; of what ended in this run",
        _ => "of all requests",
    };
    let (mean, slowest) = (seconds(time.mean_s), seconds(time.slowest_mean_s));
    page.heading("Where the time goes", &format!("{of}: mean {mean}, slowest 5 % {slowest}"));
    let columns = [
        Column::left(""),
        Column::right("wait"),
        Column::right("service"),
        Column::left("share"),
        Column::right("slowest: wait"),
        Column::right("service"),
        Column::left("share").from(90),
    ];
    let mut grid = Grid::new(columns);
    let share = |part: f64, whole: f64| {
        let share = if whole > 0.0 { part / whole } else { 0.0 };
        format!("{:<10} {:>3.0} %", bar(share, 10), 100.0 * share)
    };
    for row in &time.components {
        let all = row.wait_s + row.service_s;
        let slowest = row.slowest_wait_s + row.slowest_service_s;
        grid.row([
            row.component.as_deref().unwrap_or("elsewhere").into(),
            seconds(row.wait_s).into(),
            seconds(row.service_s).into(),
            share(all, time.mean_s).into(),
            seconds(row.slowest_wait_s).into(),
            seconds(row.slowest_service_s).into(),
            share(slowest, time.slowest_mean_s).into(),
        ]);
    }
    page.grid(&grid);
}

/// Rates, latencies and errors per traffic, with its endpoints below it.
pub(super) fn traffic(page: &mut Page, report: &Report) {
    if report.traffic.is_empty() {
        return;
    }
    page.heading("Traffic", "latency of what ended ok");
    let columns = [
        Column::left(""),
        Column::right("offered"),
        Column::right("ok"),
        Column::right("p50"),
        Column::right("p95"),
        Column::left("").close(),
        Column::right("p99"),
        Column::left("").close().from(100),
        Column::right("errors"),
        Column::left("latency").from(110),
    ];
    let mut grid = Grid::new(columns);
    for row in &report.traffic {
        let indent = if row.kind == "endpoint" { "  " } else { "" };
        let errors = match row.error_rate.0.value {
            Some(x) if x > 0.0 => toned(Tone::Warn, row.error_rate.value()),
            _ => row.error_rate.value().into(),
        };
        grid.row([
            format!("{indent}{}", row.name).into(),
            row.offered.value().into(),
            row.throughput.value().into(),
            row.p50.value().into(),
            row.p95.value().into(),
            toned(Tone::Faint, row.p95.interval()),
            row.p99.value().into(),
            toned(Tone::Faint, row.p99.interval()),
            errors,
            distribution(row).into(),
        ]);
    }
    page.grid(&grid);
}

/// The shape of a latency, one column per octave, with the ends of its axis.
fn distribution(row: &TrafficRow) -> String {
    let (Some(first), Some(last)) = (row.latency_bins.first(), row.latency_bins.last()) else {
        return String::new();
    };
    let shares: Vec<f64> = row.latency_bins.iter().map(|bin| bin.share).collect();
    let short = |x| figure::bare(x, Quantity::Duration).replace(' ', "");
    format!("{} {} {}", short(first.up_to_s / 2.0), sparkline(&shares), short(last.up_to_s))
}

/// Failures by traffic and kind.
pub(super) fn failures(page: &mut Page, report: &Report) {
    if report.failures.is_empty() {
        return;
    }
    page.heading("Failures", "");
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::right("requests"),
        Column::right("share"),
        Column::left("").close(),
    ];
    let mut grid = Grid::new(columns);
    for row in &report.failures {
        grid.row([
            row.traffic.as_str().into(),
            row.kind.as_str().into(),
            figure::count(row.count).into(),
            row.share.value().into(),
            toned(Tone::Faint, row.share.interval()),
        ]);
    }
    page.grid(&grid);
}
