//! `capplan analyze`: what queueing theory says of a profile, at once and without a run.

use clap::Args;

use super::Exit;
use super::batch::{self, Batch, Origin};
use super::options::{Changes, Showing};
use crate::analytic;
use crate::profile::{Options, Profile};
use crate::report::Asked;
use crate::report::analysis::{Analysis, Solved};
use crate::source::Input;

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    showing: Showing,
}

/// Analyses every profile; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let options = arguments.changes.options();
    let one = |origin: &Origin| Ok((origin.clone(), Profile::load(&origin.input, &options)?));
    let profiles = Batch::read(&arguments.files, &arguments.showing, "not analysed", one)?;
    profiles.run(|(origin, profile)| {
        let repeat = batch::repeat("analyze", &[&origin.name], arguments.changes.words());
        let asked = arguments.changes.asked(origin.name.clone(), repeat);
        Ok((solved(origin, &options, profile, &asked), Exit::Fine))
    })
}

/// Solves a profile; of a range of users the upper end.
fn solved(origin: &Origin, options: &Options, profile: &Profile, asked: &Asked) -> Analysis {
    let (program, catalogue) = profile.lower();
    let solution = analytic::solve(&program);
    let users = saturating_users(&origin.input, options, profile, &solution);
    let users = users.as_ref().map(|(name, n)| (name.as_str(), *n));
    let solved =
        Solved { profile, program: &program, catalogue: &catalogue, solution: &solution, users };
    Analysis::new(&solved, asked)
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
