//! An analysis for a terminal: the knee first, then what each part is asked for, then what theory
//! makes of it, then what it cannot say.

use super::{Analysis, AnalysisRow, ValueRow, factor, mean_response, mean_wait};
use crate::program::Quantity;
use crate::report::figure::bare;
use crate::report::layout::{Column, Grid, Page, Tone, toned};

/// Columns from which laws stand beside their values; else they stand below, with what they are of.
const WIDE: usize = 100;

/// Prints one analysis.
pub(super) fn analysis(page: &mut Page, analysis: &Analysis) {
    head(page, analysis);
    resources(page, analysis);
    clients(page, analysis);
    latencies(page, analysis);
    caches(page, analysis);
    if page.look().verbose {
        values(page, analysis);
    }
    laws(page, analysis);
    list(page, "What this cannot say", &analysis.cannot_say, Tone::Plain);
    list(page, "Warnings", &analysis.warnings, Tone::Warn);
    assumptions(page, analysis);
    page.heading("Repeat", "");
    page.paragraph(&toned(Tone::Faint, analysis.repeat.as_str()), 2);
}

fn head(page: &mut Page, analysis: &Analysis) {
    let profile = &analysis.profile;
    let mut parts = vec![profile.file.clone()];
    let users =
        profile.users.iter().map(|(name, n)| format!("{name} {}", bare(*n, Quantity::Count)));
    parts.extend(users);
    parts.extend((profile.scale != 1.0).then(|| format!("load times {}", profile.scale)));
    parts.extend(profile.set.iter().cloned());
    let subject = format!("({})", parts.join("; "));
    page.line(&[toned(Tone::Strong, &*profile.name), toned(Tone::Faint, subject)]);
    let overloaded = analysis.knee.as_ref().is_some_and(|knee| knee.factor < 1.0);
    let tone = if overloaded { Tone::Bad } else { Tone::Strong };
    page.paragraph(&toned(tone, format!("{}.", analysis.headline)), 0);
}

/// Offered load: `3.2`, or a rate for a rate limit.
pub(super) fn offered(row: &AnalysisRow) -> String {
    if is_rate(row) { per_second(row.offered) } else { bare(row.offered, Quantity::Count) }
}

/// Size with its unit: `4 cores`, `8.33/s`.
pub(super) fn size(row: &AnalysisRow) -> String {
    match row.size {
        None => "unlimited".to_owned(),
        Some(x) if is_rate(row) => per_second(x),
        Some(x) if row.unit.is_empty() => bare(x, Quantity::Count),
        Some(x) => {
            format!("{} {}{}", bare(x, Quantity::Count), row.unit, if x == 1.0 { "" } else { "s" })
        }
    }
}

/// A rate per second, whatever its size: two rates in one line have the same unit.
pub(super) fn per_second(x: f64) -> String {
    format!("{}/s", bare(x, Quantity::Count))
}

fn is_rate(row: &AnalysisRow) -> bool {
    row.unit.contains("/s")
}

/// How a value is marked: `=` exact, `~` approximate.
fn marked(value: &ValueRow, quantity: Quantity) -> String {
    let mark = if value.status == "exact" { "" } else { "~" };
    format!("{mark}{}", bare(value.value, quantity))
}

fn resources(page: &mut Page, analysis: &Analysis) {
    if analysis.resources.is_empty() {
        return;
    }
    page.heading("Resources", "full at: times this load; ~ marks an approximation");
    let mut grid = Grid::new([
        Column::left(""),
        Column::right("asked for"),
        Column::left("of").close(),
        Column::right("busy"),
        Column::right("full at"),
        Column::right("mean wait"),
        Column::left("law").wrapping().from(WIDE),
    ]);
    for row in &analysis.resources {
        let tone = match row.utilization {
            Some(rho) if rho >= 1.0 => Tone::Bad,
            Some(rho) if rho >= 0.8 => Tone::Warn,
            _ => Tone::Plain,
        };
        let closed = row.values.iter().find(|v| v.of.is_none() && v.name == "utilization");
        let busy = match (row.arrivals_per_s > 0.0, closed) {
            (_, Some(value)) => bare(value.value, Quantity::Ratio),
            (true, None) => row.utilization.map_or_else(String::new, |x| bare(x, Quantity::Ratio)),
            (false, None) => String::new(),
        };
        let wait = mean_wait(&row.values).map(|v| marked(v, Quantity::Duration));
        let asked = if row.arrivals_per_s > 0.0 { offered(row) } else { "-".to_owned() };
        grid.row([
            row.resource.as_str().into(),
            asked.into(),
            toned(Tone::Faint, format!("of {}", size(row))),
            toned(tone, busy),
            row.saturation.map_or_else(String::new, |x| factor(x).replace(" times", "x")).into(),
            wait.unwrap_or_default().into(),
            toned(Tone::Faint, row.law.unwrap_or("")),
        ]);
    }
    page.grid(&grid);
}

fn clients(page: &mut Page, analysis: &Analysis) {
    if analysis.clients.is_empty() {
        return;
    }
    page.heading("Clients", "");
    for row in &analysis.clients {
        let rate = |x: f64| bare(x, Quantity::Rate);
        let time = |x: f64| bare(x, Quantity::Duration);
        let mut text = format!(
            "{}: {} {} for {}; a cycle is {} of work",
            row.traffic,
            bare(f64::from(row.clients), Quantity::Count),
            if row.clients == 1 { "client thinks" } else { "clients think" },
            time(row.think_s),
            time(row.demand_s)
        );
        if let (Some(n), Some(resource)) = (row.saturation_clients, &row.bottleneck) {
            let n = bare(n, Quantity::Count);
            text = format!("{text}; from {n} on some wait for {resource} is certain");
        }
        page.paragraph(&text.into(), 2);
        let between = |low: f64, high: Option<f64>, of: &dyn Fn(f64) -> String| match high {
            Some(high) if low > 0.0 => format!("{} to {}", of(low), of(high)),
            Some(high) => format!("at most {}", of(high)),
            None => format!("at least {}", of(low)),
        };
        let text = format!(
            "throughput {}, mean response {} ({})",
            between(row.throughput_low_per_s, row.throughput_high_per_s, &rate),
            between(row.response_low_s, row.response_high_s, &time),
            row.bounds
        );
        page.paragraph(&text.into(), 2);
        let find = |name: &str| row.values.iter().find(|v| v.name == name);
        if let (Some(x), Some(r)) = (find("throughput"), find("response.mean")) {
            let how = if x.status == "exact" { "exactly" } else { "about" };
            let text =
                format!("{how} {}, mean response {} ({})", rate(x.value), time(r.value), r.law);
            page.paragraph(&toned(Tone::Strong, text), 2);
        }
    }
}

fn latencies(page: &mut Page, analysis: &Analysis) {
    if analysis.traffic.is_empty() {
        return;
    }
    page.heading("Mean latency", "at least: when nobody waits");
    let mut grid = Grid::new([
        Column::left(""),
        Column::right("offered"),
        Column::right("at least"),
        Column::right("mean"),
        Column::right("p95"),
        Column::left("law").wrapping().from(WIDE),
    ]);
    for row in &analysis.traffic {
        let mean = mean_response(&row.values);
        let p95 = row.values.iter().find(|v| v.name == "response.p95");
        let law = mean.or(p95).map_or("", |v| v.law);
        grid.row([
            format!("{} / {}", row.traffic, row.endpoint).into(),
            row.offered_per_s.map_or_else(String::new, |x| bare(x, Quantity::Rate)).into(),
            bare(row.alone_s, Quantity::Duration).into(),
            mean.map_or_else(|| "-".to_owned(), |v| marked(v, Quantity::Duration)).into(),
            p95.map_or_else(|| "-".to_owned(), |v| marked(v, Quantity::Duration)).into(),
            toned(Tone::Faint, law),
        ]);
    }
    page.grid(&grid);
}

fn caches(page: &mut Page, analysis: &Analysis) {
    if analysis.caches.is_empty() {
        return;
    }
    page.heading("Caches", "");
    let columns = [Column::left(""), Column::right(""), Column::left("").wrapping()];
    let mut grid = Grid::new(columns);
    for row in &analysis.caches {
        let mark = if row.status == "exact" { "" } else { "~" };
        grid.row([
            row.name.as_str().into(),
            format!("{mark}{}", bare(row.hit_ratio, Quantity::Ratio)).into(),
            toned(Tone::Faint, row.law),
        ]);
    }
    page.grid(&grid);
}

/// Every value, where asked for.
fn values(page: &mut Page, analysis: &Analysis) {
    let mut grid = Grid::new([
        Column::left(""),
        Column::left(""),
        Column::right(""),
        Column::left("").wrapping(),
    ]);
    let mut add = |name: &str, v: &ValueRow| {
        let name = match &v.of {
            Some(class) => format!("{name} ({class})"),
            None => name.to_owned(),
        };
        grid.row([
            name.into(),
            v.name.as_str().into(),
            marked(v, quantity(v.unit)).into(),
            toned(Tone::Faint, v.law),
        ]);
    };
    for row in &analysis.resources {
        row.values.iter().for_each(|v| add(&row.resource, v));
    }
    for row in &analysis.traffic {
        row.values.iter().for_each(|v| add(&row.endpoint, v));
    }
    for row in &analysis.clients {
        row.values.iter().for_each(|v| add(&row.traffic, v));
    }
    if !grid.is_empty() {
        page.heading("Values", "");
        page.grid(&grid);
    }
}

fn quantity(unit: &str) -> Quantity {
    match unit {
        "s" => Quantity::Duration,
        "1/s" => Quantity::Rate,
        "ratio" => Quantity::Ratio,
        _ => Quantity::Count,
    }
}

fn laws(page: &mut Page, analysis: &Analysis) {
    if analysis.laws.is_empty() {
        return;
    }
    page.heading("Laws", "");
    for law in &analysis.laws {
        let of = about(&law.of, if page.look().verbose { usize::MAX } else { 3 });
        page.paragraph(&format!("{}{of}: {}", law.name, law.source).into(), 2);
    }
}

/// What a law is used for, at most so many names of it.
fn about(names: &[String], most: usize) -> String {
    match names.len() {
        0 => String::new(),
        n if n <= most => format!(" [{}]", names.join(", ")),
        n => format!(" [{} +{}]", names[..most].join(", "), n - most),
    }
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

/// Assumptions by name; whole with `-v`.
fn assumptions(page: &mut Page, analysis: &Analysis) {
    if page.look().verbose {
        let whole: Vec<String> =
            analysis.assumptions.iter().map(|a| format!("{}: {}", a.name, a.says)).collect();
        list(page, "Assumptions", &whole, Tone::Plain);
        list(page, "Defaults used", &analysis.defaults, Tone::Plain);
    } else if !analysis.assumptions.is_empty() {
        let names: Vec<&str> = analysis.assumptions.iter().map(|a| a.name.as_str()).collect();
        page.heading("Assumptions", "-v shows them whole");
        page.paragraph(&names.join(", ").into(), 0);
    }
}
