//! `capplan analyze`: what queueing theory says of a profile, at once and without a run.

use clap::Args;

use super::Exit;
use super::args;
use super::defect::quoted;
use super::options::{Changes, Showing, input};
use super::show::show;
use super::terminal::{complain, note};
use crate::analytic;
use crate::profile::{Options, Profile};
use crate::report::Asked;
use crate::report::analysis::{Analysis, Solved};
use crate::source::{self, Input};

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Set one leaf: db.pool.size=60, users.active=5000 (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Multiply all load
    #[arg(long, value_name = "FACTOR", value_parser = args::factor, default_value = "1")]
    scale: f64,
    #[command(flatten)]
    showing: Showing,
}

/// Analyses every profile; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut exit = Exit::Fine;
    let mut documents = Vec::new();
    for file in &arguments.files {
        match one(arguments, file) {
            Ok(analysis) => documents.push(analysis),
            Err(error) => {
                complain(&format!("{error:#}"));
                exit = exit.max(Exit::Usage);
            }
        }
    }
    show(&arguments.showing, &documents, arguments.files.len(), exit)?;
    Ok(exit)
}

/// Reads a profile and solves it; of a range of users the upper end.
fn one(arguments: &Arguments, file: &str) -> anyhow::Result<Analysis> {
    let input = input(file)?;
    let (sets, scale) = (arguments.sets.clone(), arguments.scale);
    let changes = Changes { sets: sets.clone(), scale, asserts: Vec::new() };
    let mut words = vec!["capplan".to_owned(), "analyze".to_owned(), quoted(file)];
    words.extend(changes.words());
    let asked = Asked {
        file: if file == "-" { "standard input".to_owned() } else { file.to_owned() },
        sets: sets.clone(),
        scale,
        repeat: words.join(" "),
    };
    let options = Options { sets, scale, ..Options::default() };
    let profile = Profile::load(&input, &options).map_err(|(files, faults)| {
        note(&source::render(&files, &faults, arguments.showing.color.on_stderr()));
        anyhow::anyhow!("{}: not analysed", asked.file)
    })?;
    let (program, catalogue) = profile.lower();
    let solution = analytic::solve(&program);
    let users = saturating_users(&input, &options, &profile, &solution);
    let users = users.as_ref().map(|(name, n)| (name.as_str(), *n));
    let solved = Solved {
        profile: &profile,
        program: &program,
        catalogue: &catalogue,
        solution: &solution,
        users,
    };
    Ok(Analysis::new(&solved, &asked))
}

/// Steps of the search for a number of users.
const STEPS: u32 = 6;
/// A number of users is near enough where the load there is this near to saturation.
const NEAR: f64 = 1e-3;

/// The number of users at which something saturates first. Users bring keys, sessions and clients
/// besides load, so the profile itself is read again with other numbers of them; `None` when it has
/// none, or its load does not follow them.
fn saturating_users(
    input: &Input,
    options: &Options,
    profile: &Profile,
    solution: &analytic::Solution,
) -> Option<(String, f64)> {
    let (name, now) = profile.cost.per.clone().filter(|per| per.1 > 0.0)?;
    let at = |users: f64| {
        let mut options = options.clone();
        options.sets.push(format!("users.{name}={users:.0}"));
        let (program, _) = Profile::load(input, &options).ok()?.lower();
        Some(analytic::solve(&program).knee?.factor)
    };
    let mut factor = solution.knee?.factor;
    let mut users = now;
    for _ in 0..STEPS {
        let next = (users * factor).round().max(1.0);
        if next > MOST_USERS {
            return None;
        }
        let there = at(next)?;
        // Where more users do not bring it nearer, the load does not follow them.
        if next != users && (there - 1.0).abs() > 0.9 * (factor - 1.0).abs() {
            return None;
        }
        (users, factor) = (next, there);
        if (factor - 1.0).abs() < NEAR {
            return Some((name, users));
        }
    }
    None
}

/// Nobody plans for more.
const MOST_USERS: f64 = 1e10;
