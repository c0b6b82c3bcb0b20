//! `capplan validate`: every fault and warning of profiles, without running them.

use clap::Args;

use super::batch::{Batch, Origin, Refusal};
use super::options::{Conditions, Destination, Showing};
use super::terminal::note;
use super::{Exit, output};
use crate::profile::Scenario;
use crate::report::{Format, Validation};
use crate::source::{self, Faults, Files};

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    /// Print each profile as its layers merged, with where each value comes from
    #[arg(long, conflicts_with_all = ["format", "output", "exports"])]
    merged: bool,
    #[command(flatten)]
    to: Destination,
    /// Print nothing about profiles without faults
    #[arg(long, short)]
    quiet: bool,
}

/// Checks every file; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { to, quiet, merged, .. } = arguments;
    let showing = Showing { to: to.clone(), quiet: *quiet, verbose: false };
    let one = |origin: &Origin| check(arguments, origin);
    Batch::read(&arguments.files, &showing, "not checked", one)?.run(|(name, files, faults)| {
        if to.format == Format::Table {
            note(&source::render(files, faults, to.color.on_stderr()));
        }
        let is_silent = *merged || (*quiet && faults.is_empty());
        let exit = if faults.has_errors() { Exit::Usage } else { Exit::Fine };
        Ok((Validation::new(name, files, faults, is_silent), exit))
    })
}

/// All faults and warnings of one profile.
fn check(arguments: &Arguments, origin: &Origin) -> Result<(String, Files, Faults), Refusal> {
    let name = origin.name.clone();
    let options = arguments.conditions.options();
    if arguments.merged {
        match source::load(&origin.input, &options.sets) {
            Ok((tree, _)) => output::print(&source::merged(&tree))?,
            Err((files, faults)) => return Ok((name, files, faults)),
        }
    }
    Ok(match Scenario::load(&origin.input, &options) {
        Ok(scenario) => (name, scenario.files, scenario.warnings),
        Err((files, faults)) => (name, files, faults),
    })
}
