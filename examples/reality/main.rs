//! Measurements of a real web stack against predictions: the reality harness.
//!
//! ```text
//! cargo run --release --example reality -- DIR [--only ID] [--emit DIR] [--markdown] [--ablate] [--constants]
//! ```
//!
//! Each file of the folder has a configuration, a workload, demands that were measured in separate
//! calibration runs, and the measured answer. The first three are translated into a profile, the path
//! that users run; it is simulated as the measurement was made (same warm-up, same length, from an
//! empty system, many runs), and the medians over runs are set against the medians over repeats.
//!
//! The constants of the profiles, each with its source outside of the answers, are in `constants.rs` and
//! printed by `--constants`; `--ablate` prints the error with each of them left out.

mod bind;
mod constants;
mod point;
mod predict;
mod score;
mod table;
mod translate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rayon::prelude::*;

use constants::Constant;
use point::Point;
use predict::Effort;
use score::Row;

/// Predicts measured points of a real stack and prints measured against predicted.
#[derive(Debug, Parser)]
struct Arguments {
    /// Folder with the points and noise.json
    folder: PathBuf,
    /// Only points whose name contains this
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Writes each point's profile into this folder
    #[arg(long, value_name = "DIR")]
    emit: Option<PathBuf>,
    /// Tables in Markdown
    #[arg(long)]
    markdown: bool,
    /// The error with each constant left out
    #[arg(long)]
    ablate: bool,
    /// The constants and their sources
    #[arg(long)]
    constants: bool,
    /// Seed of all draws
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Simulated runs of each point
    #[arg(long, default_value_t = 200)]
    runs: u32,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            complain("error", &error);
            ExitCode::from(2)
        }
    }
}

/// 0, or 2 when a point could not be read or predicted.
fn run(arguments: &Arguments) -> Result<ExitCode> {
    let markdown = arguments.markdown;
    if arguments.constants {
        let title = table::title("What a profile assumes, and where it comes from", markdown);
        show(&format!("{title}{}\n", table::constants(markdown)));
    }
    let (mut points, mut all_read) = (Vec::new(), true);
    for point in point::read_all(&arguments.folder)? {
        match point {
            Ok(point) => points.push(point),
            Err(error) => {
                all_read = false;
                complain("error", &error);
            }
        }
    }
    ensure!(!points.is_empty() || !all_read, "{}: no point (*.yaml)", arguments.folder.display());
    if let Some(only) = &arguments.only {
        points.retain(|point| point.id.contains(only.as_str()));
    }
    if let Some(folder) = &arguments.emit {
        emit(folder, &points)?;
    }
    let effort = Effort { seed: arguments.seed, runs: arguments.runs.max(1) };
    let rows = compare(&points, None, effort);
    show(&table::title("Median and worst error", markdown));
    show(&table::summaries(&rows, markdown));
    if arguments.ablate {
        let title = table::title("With each constant, and with it left out", markdown);
        show(&format!("\n{title}{}", ablate(&points, &rows, effort, markdown)));
    }
    show(&format!("\n{}", table::title("Every comparison", markdown)));
    show(&table::rows(&rows, markdown));
    show(&table::caveats(&points, markdown));
    let predicted = points.iter().all(|point| rows.iter().any(|row| row.id == point.id));
    Ok(if all_read && predicted { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

#[expect(clippy::print_stdout, reason = "an example prints its result")]
fn show(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "an example says what it cannot do")]
fn complain(about: &str, what: &impl std::fmt::Display) {
    eprintln!("{about}: {what:#}");
}

/// The profiles of all points.
fn emit(folder: &Path, points: &[Point]) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for point in points {
        match translate::translate(&point.id, &point.known, translate::Choice::default()) {
            Ok(translated) => {
                let path = folder.join(format!("{}.yaml", point.id));
                std::fs::write(&path, translated.yaml)
                    .with_context(|| path.display().to_string())?;
            }
            Err(error) => complain(&point.id, &format!("UNSUPPORTED: {error:#}")),
        }
    }
    Ok(())
}

/// Rows of all points, in their order.
fn compare(points: &[Point], without: Option<Constant>, effort: Effort) -> Vec<Row> {
    let rows: Vec<Vec<Row>> = points
        .par_iter()
        .map(|point| match predict::predict(&point.id, &point.known, without, effort) {
            Ok(prediction) => {
                for field in prediction.translated.ignored.iter().filter(|_| without.is_none()) {
                    complain(&point.id, &format!("ignored, no part in the prediction: {field}"));
                }
                score::rows(point, &prediction)
            }
            Err(error) => {
                complain(&point.id, &format!("UNSUPPORTED: {error:#}"));
                Vec::new()
            }
        })
        .collect();
    rows.into_iter().flatten().collect()
}

/// Per constant: the errors of the latencies of the points that use it, with it and without.
fn ablate(points: &[Point], rows: &[Row], effort: Effort, markdown: bool) -> String {
    let is_latency = |row: &&Row| ["mean", "p50", "p95", "p99"].contains(&row.figure);
    let mut lines = Vec::new();
    for constant in Constant::ALL {
        let uses = |point: &&Point| {
            translate::translate(&point.id, &point.known, translate::Choice::default())
                .is_ok_and(|translated| translated.uses(constant))
        };
        let using: Vec<Point> = points.iter().filter(uses).cloned().collect();
        let with = rows.iter().filter(|row| using.iter().any(|point| point.id == row.id));
        let with = score::summary(with.filter(is_latency));
        let left_out = compare(&using, Some(constant), effort);
        let without = score::summary(left_out.iter().filter(is_latency));
        if let (Some(with), Some(without)) = (with, without) {
            lines.push((constant, using.len(), with, without));
        }
    }
    table::ablation(&lines, markdown)
}
