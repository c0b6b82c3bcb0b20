//! The profile of a case as a file that runs by itself.

use std::fmt::Write;

use capplan::program::Quantity;

use super::case::{Case, Expect};
use super::law::number;
use super::probe::Probe;
use super::run::Budget;
use super::translate::{Form, Kind, Setup, probe};

/// A file to write: its name and its text.
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The profiles of a case, each with the command that repeats its rows.
pub(crate) fn written(case: &Case, form: &Form, budget: Budget) -> Vec<Written> {
    form.runs.iter().enumerate().map(|(i, setup)| one(case, form, budget, i, setup)).collect()
}

fn one(case: &Case, form: &Form, budget: Budget, i: usize, setup: &Setup) -> Written {
    let suffix = if setup.what.is_empty() { String::new() } else { format!("-{}", setup.what) };
    let name = format!("{}{suffix}.yaml", case.id);
    let mut text = String::new();
    let mut comment = |line: &str| {
        let _ = writeln!(text, "# {}", line.replace('\n', " "));
    };
    comment(&format!("{}: {}", case.id, case.title));
    comment(&format!("source: {} ({})", case.source.reference, case.source.kind));
    comment(&command(&name, budget, setup));
    for expect in case.expect.iter().filter(|expect| !expect.is_context()) {
        if let Ok(probe) = probe(form, expect)
            && probe.run == i
        {
            comment(&format!("{}@{} = {}: {}", expect.name, expect.at, expect.value, said(&probe)));
        }
    }
    let mut draft = setup.draft.clone();
    for (j, expect) in case.expect.iter().enumerate().filter(|(_, e)| !e.is_context()) {
        if let Some(claim) = claim(form, expect, i) {
            draft.claims.push((format!("{}_{j}", expect.name.replace('.', "_")), claim));
        }
    }
    let _ = write!(text, "\n{}", draft.text());
    Written { name, text }
}

/// What repeats the row.
fn command(name: &str, budget: Budget, setup: &Setup) -> String {
    let start = format!("capplan simulate {name} --seed {}", budget.seed);
    match setup.kind {
        Kind::Steady => format!(
            "{start} --replications {} --duration {}s --max-requests {}",
            budget.replications(),
            number(budget.duration_s(setup)),
            number(budget.jobs)
        ),
        Kind::Ensemble { warmup_s, duration_s } => {
            let (batches, each) = budget.batches(setup, duration_s);
            format!(
                "{start} --replications {each} --warmup {}s --duration {}s   (the row pools {batches} seeds from here)",
                number(warmup_s),
                number(duration_s)
            )
        }
    }
}

fn said(probe: &Probe) -> String {
    let metrics = probe.metrics.join(", ");
    let how = format!("{:?}", probe.how);
    if how == "Is" { metrics } else { format!("{how} of {metrics}") }
}

/// The reference with its tolerance as a condition, where one metric says it.
fn claim(form: &Form, expect: &Expect, run: usize) -> Option<String> {
    let probe = probe(form, expect).ok().filter(|probe| probe.run == run)?;
    let [metric] = probe.metrics.as_slice() else { return None };
    let share = expect.sim_rel_tol.unwrap_or(0.01) + expect.ref_rel_error;
    let off = (share * expect.value.abs()).max(1e-6);
    let (low, high) = probe.how.bounds((expect.value - off).max(0.0), expect.value + off)?;
    let unit = unit(metric);
    let written = |x: f64| match unit {
        "%" => format!("{:.8}%", 100.0 * x),
        unit => format!("{x:.8}{unit}"),
    };
    Some(format!("{metric} within {}..{}", written(low), written(high)))
}

/// The unit in which conditions write a metric.
fn unit(metric: &str) -> &'static str {
    let name = metric.split([' ', '@']).next().unwrap_or(metric);
    let last = |n: usize| name.rsplit('.').nth(n).unwrap_or("");
    let of = |word: &str| match word {
        "wait" | "wait_all" | "latency" | "latency_all" | "response" => Some(Quantity::Duration),
        "rate" | "throughput" | "offered" => Some(Quantity::Rate),
        "utilization" | "share" | "full" | "hit_ratio" | "downtime" | "available" => {
            Some(Quantity::Ratio)
        }
        _ => None,
    };
    match of(last(0)).or_else(|| of(last(1))) {
        Some(Quantity::Duration) => "s",
        Some(Quantity::Rate) => "/s",
        Some(Quantity::Ratio) => "%",
        _ => "",
    }
}
