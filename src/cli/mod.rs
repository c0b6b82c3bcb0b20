//! The command line: arguments, one file per subcommand, exit codes, the terminal.
//!
//! The result goes to standard output and nothing else does; diagnostics and progress go to
//! standard error.

mod analyze;
mod args;
mod batch;
mod completions;
mod defect;
mod diff;
mod exit;
mod forecast;
mod given;
mod goals;
mod interrupt;
mod options;
mod output;
mod phases;
mod progress;
mod schema;
mod show;
mod sides;
mod simulate;
mod terminal;
mod validate;

use clap::{Parser, Subcommand};

pub use defect::guard;
pub use exit::Exit;
pub use terminal::complain;

/// Capacity planning you can trust: a YAML profile of a system in; verdicts on its objectives, its
/// bottlenecks and its cost out.
#[derive(Debug, Parser)]
#[command(name = "capplan", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 no objective fails; 1 an objective, claim or budget fails; \
    2 bad usage, profile or file; 3 undecided, with --strict; 70 a defect of capplan; \
    130 interrupted.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate profiles and judge their objectives
    Simulate(simulate::Arguments),
    /// Simulate the phases of a plan, or several profiles, side by side, with what they cost
    #[command(alias = "compare")]
    Phases(phases::Arguments),
    /// Compare two results, or two profiles or git revisions of them, and show what really differs
    Diff(diff::Arguments),
    /// Forecast when growth breaks each phase of a plan, and what every month costs
    Forecast(forecast::Arguments),
    /// Say what queueing theory says of profiles: utilizations, the knee, exact laws and bounds
    Analyze(analyze::Arguments),
    /// Check profiles without running them
    Validate(validate::Arguments),
    /// Print the JSON Schema of profiles
    Schema(schema::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

/// Parses the arguments and runs the command. Bad usage and `--help` end the process here.
///
/// # Errors
/// Failures of the world, with their context.
pub fn run() -> anyhow::Result<Exit> {
    match Cli::parse().command {
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Phases(arguments) => phases::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Forecast(arguments) => forecast::run(&arguments),
        Command::Analyze(arguments) => analyze::run(&arguments),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
