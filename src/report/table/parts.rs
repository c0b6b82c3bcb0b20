//! What the parts of the system went through: overloads, bottlenecks, resources.

use crate::program::Quantity;
use crate::report::figure::{self, Figure};
use crate::report::layout::{Cell, Column, Grid, Page, Tone, bar, toned};
use crate::report::{Bottleneck, Headroom, Overload, Report, ResourceRow};

/// Most resources that are printed unless asked for all.
const ROWS: usize = 12;

/// Parts that are offered more than they can serve: one sentence each.
pub(super) fn overloads(page: &mut Page, report: &Report) {
    if report.overloads.is_empty() {
        return;
    }
    page.heading("Overloaded", "");
    for overload in &report.overloads {
        page.paragraph(&toned(Tone::Bad, overload_sentence(overload)), 2);
    }
    if report.run.state == "growing" {
        let text = "What waits there has no steady state: its latency grows with the length of the run \
                    and is no figure of the system (`grows` below).";
        page.paragraph(&text.into(), 2);
    }
}

/// `app.workers: offered 301/s, serves 202/s; its backlog grows by 100/s ± 8`.
pub(in crate::report) fn overload_sentence(o: &Overload) -> String {
    let rate = |x| figure::bare(x, Quantity::Rate);
    let offered = format!(
        "{}: offered {}, serves {}",
        o.resource,
        rate(o.offered_per_s),
        rate(o.served_per_s)
    );
    if o.grows {
        format!("{offered}; its backlog grows by {}", o.growth.with_interval())
    } else {
        format!("{offered}; it sends away or loses {}", rate(o.lost_per_s))
    }
}

/// The resources whose capacity decides, and how much load the whole bears.
pub(super) fn bottlenecks(page: &mut Page, report: &Report) {
    let verbose = page.look().verbose;
    if !report.bottlenecks.is_empty() {
        let remark = match report.diagnosis.metrics.as_slice() {
            [] => String::new(),
            [one] => format!("what helps {one} most, first"),
            _ => "what helps most, first".to_owned(),
        };
        page.heading("Bottlenecks", &remark);
        let columns = [
            Column::left(""),
            Column::right("busy"),
            Column::right("of all wait"),
            Column::right("full at load"),
            Column::left("what more of it does").wrapping(),
        ];
        let mut grid = Grid::new(columns);
        let percent = |x: f64| figure::bare(x, Quantity::Ratio);
        for b in report.bottlenecks.iter().take(if verbose { usize::MAX } else { MOST_BOTTLENECKS })
        {
            grid.row([
                b.resource.as_str().into(),
                level(b.utilization),
                percent(b.wait_share).into(),
                b.headroom.map_or("-".to_owned(), times).into(),
                effect(b),
            ]);
        }
        page.grid(&grid);
    }
    let found = |h: &&Headroom| h.breaks.is_some() || h.probes > 0;
    if let Some(headroom) = report.headroom.as_ref().filter(found) {
        if report.bottlenecks.is_empty() {
            page.heading("Headroom", "");
        }
        page.paragraph(&headroom_sentence(headroom).into(), 2);
    }
}

/// Most bottlenecks that are printed unless asked for all.
const MOST_BOTTLENECKS: usize = 5;

/// A factor with two or three digits: `0.012 x`, `1.25 x`, `46 x`.
pub(in crate::report) fn times(factor: f64) -> String {
    let places = if factor > 0.0 { (1 - factor.log10().floor() as i32).clamp(0, 4) } else { 0 };
    let places = if (1.0..10.0).contains(&factor) { 2 } else { places as usize };
    format!("{factor:.places$} x")
}

/// How much load it bears, in one sentence.
pub(in crate::report) fn headroom_sentence(headroom: &Headroom) -> String {
    let Headroom { holds, breaks, objective, .. } = headroom;
    let what = match objective {
        Some(name) => format!("`{name}` breaks"),
        None if headroom.probes > 0 => "a queue grows without bound".to_owned(),
        None => "the first resource is full".to_owned(),
    };
    let holds_at = times(*holds);
    match breaks.map(times) {
        None => {
            format!("Headroom: every objective holds up to {holds_at} this load, and maybe beyond.")
        }
        Some(breaks) if *holds == 0.0 => {
            format!(
                "Headroom: none. {what} at every load that was tried, down to {breaks} this one."
            )
        }
        Some(breaks) => {
            format!("Headroom: every objective holds at {holds_at} this load; at {breaks} {what}.")
        }
    }
}

fn effect(b: &Bottleneck) -> Cell {
    let tone = match gain(b) {
        gain if gain > 0.0 => Tone::Strong,
        gain if gain < 0.0 => Tone::Warn,
        _ => Tone::Faint,
    };
    toned(tone, effect_text(b))
}

/// What is gained beyond chance and a hair, as a share; below zero it is worse.
fn gain(b: &Bottleneck) -> f64 {
    let gain = b.effect.as_ref().filter(|e| e.is_significant).and_then(|e| e.gain);
    gain.filter(|gain| gain.abs() >= NOTHING).unwrap_or(0.0)
}

/// What more of a resource does: `1.25 x db.pool.size: api.latency.p95 1.21 s -> 412 ms`.
pub(in crate::report) fn effect_text(b: &Bottleneck) -> String {
    let Some(e) = &b.effect else { return "not tried".to_owned() };
    let key = b.sized_by.as_deref().unwrap_or(&b.resource);
    let key = key.strip_prefix("components.").unwrap_or(key);
    let change = match e.set_to {
        Some(value) => format!("{key}: {value}"),
        None => format!("{} {key}", times(e.factor)),
    };
    let shown = |figure: &Figure| match figure.0.value {
        Some(_) => figure.value(),
        None => "growing".to_owned(),
    };
    let (before, after) = (shown(&e.before), shown(&e.after));
    match gain(b) {
        0.0 => format!("{change}: nothing"),
        gain => {
            let worse = if gain > 0.0 { "" } else { ", worse" };
            format!("{change}: {} {before} -> {after}{worse}", e.metric)
        }
    }
}

/// A smaller change is none.
const NOTHING: f64 = 0.01;

/// Utilization in words' colour: above 90 % bad, above 75 % a warning.
fn level(utilization: f64) -> Cell {
    let tone = match utilization {
        u if u > 0.9 => Tone::Bad,
        u if u > 0.75 => Tone::Warn,
        _ => Tone::Plain,
    };
    toned(tone, figure::bare(utilization, Quantity::Ratio))
}

/// Resources, the busiest first.
pub(super) fn resources(page: &mut Page, report: &Report) {
    let busy = |r: &ResourceRow| r.utilization.0.value.unwrap_or(-1.0);
    let troubled = |r: &ResourceRow| r.refused + r.timeouts > 0;
    let mut rows: Vec<&ResourceRow> = report.resources.iter().collect();
    // Stable: equal ones stay in the order of the profile.
    rows.sort_by(|a, b| troubled(b).cmp(&troubled(a)).then(busy(b).total_cmp(&busy(a))));
    let hidden = if page.look().verbose { 0 } else { rows.len().saturating_sub(ROWS) };
    rows.truncate(rows.len() - hidden);
    if rows.is_empty() {
        return;
    }
    page.heading("Resources", "what turns away first, then the busiest; wait of those served");
    let columns = [
        Column::left(""),
        Column::right("size"),
        Column::left("").close().from(100),
        Column::right("busy"),
        Column::left("").close().from(100),
        Column::right("waiting"),
        Column::right("wait p95"),
        Column::right("refused"),
        Column::right("timed out"),
    ];
    let mut grid = Grid::new(columns);
    for r in rows {
        let losses = |n: u64| match n {
            0 => toned(Tone::Faint, "0"),
            n => toned(Tone::Bad, figure::about(n)),
        };
        let (size, unit) = r.size.map_or(("-".to_owned(), ""), |n| size(n, r.unit));
        grid.row([
            r.resource.as_str().into(),
            size.into(),
            toned(Tone::Faint, unit),
            r.utilization.0.value.map_or_else(|| "-".into(), level),
            bar(r.utilization.0.value.unwrap_or(0.0), 10).into(),
            r.queue.value().into(),
            quiet(&r.wait_p95),
            losses(r.refused),
            losses(r.timeouts),
        ]);
    }
    page.grid(&grid);
    if hidden > 0 {
        page.paragraph(
            &toned(Tone::Faint, format!("and {hidden} less busy ones (-v shows all)")),
            2,
        );
    }
}

/// A number of units; of what has a unit of its own, with that.
fn size(n: f64, unit: &str) -> (String, &str) {
    match unit {
        "byte" => (figure::bare(n, Quantity::Bytes), ""),
        "byte/s" => (figure::bare(n, Quantity::Bandwidth), ""),
        "request/s" | "call/s" => (figure::bare(n, Quantity::Rate), ""),
        _ => (figure::bare(n, Quantity::Count), unit),
    }
}

/// A wait, faint where there is none.
fn quiet(wait: &Figure) -> Cell {
    match wait.0.value {
        Some(x) if x > 0.0 => wait.value().into(),
        _ => toned(Tone::Faint, wait.value()),
    }
}
