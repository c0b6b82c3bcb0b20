//! Measures how often the nominal 95 % intervals hold the truth, at the run length that capplan itself
//! chooses.
//!
//! ```text
//! cargo run --release --example coverage -- [--runs N] [--model NAME]… [--seed N] [--markdown]
//! ```
//!
//! Every model is a profile, read and run as `capplan simulate` does, with each quantity of the table as
//! a target at the default precision. The seeds are `--seed` (1000) and the numbers that follow it.
//! An interval that a run does not give (too few data, or no steady state, by the rules in
//! `docs/statistics.md`) is not counted as covering or missing; at most 5 % may be missing so.
//! `--truth` prints the long runs behind the true values that no formula gives; `--max-requests N`
//! measures at another budget.

#![expect(clippy::print_stdout, reason = "a table is what this program is for")]
#![expect(clippy::print_stderr, reason = "how far it is")]

mod measure;
mod models;
mod table;
mod truth;

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use clap::Parser;
use measure::Prepared;
use models::Model;

/// Largest share of intervals that may not be given.
const MOST_MISSING: f64 = 0.05;

#[derive(Debug, Parser)]
struct Arguments {
    /// Runs of each model
    #[arg(long, default_value_t = 2000)]
    runs: u64,
    /// Only this model (repeatable)
    #[arg(long = "model")]
    models: Vec<String>,
    /// Seed of the first run
    #[arg(long, default_value_t = 1000)]
    seed: u64,
    /// Most requests of a run [default: that of capplan simulate]
    #[arg(long)]
    max_requests: Option<u64>,
    /// A Markdown table
    #[arg(long)]
    markdown: bool,
    /// Print the values of one very long run of each model instead
    #[arg(long)]
    truth: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut models = models::all();
    if !arguments.models.is_empty() {
        let known: Vec<&str> = models.iter().map(|model| model.name).collect();
        if let Some(name) = arguments.models.iter().find(|name| !known.contains(&name.as_str())) {
            anyhow::bail!("no model {name} among {}", known.join(", "));
        }
        models.retain(|model| arguments.models.iter().any(|name| name == model.name));
    }
    if arguments.truth {
        return long_runs(&models);
    }
    let heads = table::HEADS.map(str::to_owned);
    say(&table::line(&heads, arguments.markdown))?;
    if arguments.markdown {
        say(&table::line(&heads.map(|_| "---".to_owned()), true))?;
    }
    let (mut wrong, mut given, mut asked) = (0, 0, 0);
    let mut covered = Vec::new();
    let mut notes = Vec::new();
    for model in &models {
        let (rows, note) = measured(model, &arguments)?;
        notes.push(note);
        for row in rows {
            wrong += usize::from(!row.is_right());
            given += row.given;
            asked += row.runs;
            covered.extend((row.given > 0).then(|| 100.0 * row.covered()));
            say(&table::line(&row.cells(), arguments.markdown))?;
        }
    }
    say("")?;
    for note in notes {
        say(&note)?;
    }
    if !covered.is_empty() {
        let (n, sum) = (covered.len(), covered.iter().sum::<f64>());
        let [least, most] = [f64::min, f64::max].map(|of| covered.iter().copied().reduce(of));
        say(&format!(
            "\n{n} quantities are covered in {:.1} to {:.1} % of the runs, {:.1} % on average.",
            least.unwrap_or(0.0),
            most.unwrap_or(0.0),
            sum / n as f64
        ))?;
    }
    let missing = 1.0 - given as f64 / asked.max(1) as f64;
    say(&format!(
        "{wrong} of the quantities are not covered as promised; {:.2} % of the intervals are not given.",
        100.0 * missing
    ))?;
    let right = wrong == 0 && missing <= MOST_MISSING;
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs a model; its rows, and how the runs ended.
fn measured(model: &Model, arguments: &Arguments) -> anyhow::Result<(Vec<table::Row>, String)> {
    let prepared = Prepared::new(model, arguments.max_requests)?;
    let done = AtomicU64::new(0);
    let every = (arguments.runs / 20).max(1);
    let outcomes = prepared.runs(arguments.seed, arguments.runs, || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(every) {
            eprintln!("{}: {done} of {} runs", model.name, arguments.runs);
        }
    });
    let n = outcomes.len().max(1) as f64;
    let share = |count: usize| 100.0 * count as f64 / n;
    let note = format!(
        "- {} ({}): {:.0} % steady, {:.0} % ended by precision, {:.1} rounds and {:.0} requests on average",
        model.name,
        model.title,
        share(outcomes.iter().filter(|o| o.steady).count()),
        share(outcomes.iter().filter(|o| o.decided).count()),
        outcomes.iter().map(|o| f64::from(o.rounds)).sum::<f64>() / n,
        outcomes.iter().map(|o| o.requests as f64).sum::<f64>() / n,
    );
    Ok((table::rows(model, &outcomes), note))
}

/// Prints the values of one very long run of each model, beside what is exact.
fn long_runs(models: &[Model]) -> anyhow::Result<ExitCode> {
    for model in models {
        let values = Prepared::new(model, None)?.long(truth::LONG_SEED, truth::LONG_REQUESTS);
        for ((name, truth), value) in model.quantities().iter().zip(model.truths()).zip(values) {
            let half = value.relative_half_width();
            let seen = value.value.context("a long run has data")?;
            say(&format!(
                "{:<12} {name:<20} {seen:.7} ±{:.2} %  {} {:.7}",
                model.name,
                100.0 * half,
                truth.source(),
                truth.value(),
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of the result, at once: a measurement takes hours.
fn say(line: &str) -> anyhow::Result<()> {
    println!("{line}");
    std::io::stdout().flush().context("the table is lost")
}
