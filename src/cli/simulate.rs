//! `capplan simulate`: the whole program on one page, in [`plan`].

use clap::Args;

use super::batch::{self, Batch, Origin, Refusal};
use super::defect::notice;
use super::options::{Conditions, Running, Showing};
use super::progress::Spectator;
use super::terminal::complain;
use super::{Exit, goals};
use crate::profile::{Options, Profile};
use crate::program::{Catalogue, Program};
use crate::report::{self, Asked, Findings, Report};
use crate::source::{End, Faults, Files};
use crate::study::{self, Case, More, Run, Watch};
use crate::verdict::Costs;

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
    /// End with code 3 when something is undecided
    #[arg(long)]
    strict: bool,
}

/// A profile, at both ends where one of its populations is a range.
struct Ends {
    high: Profile,
    low: Option<Profile>,
    asked: Asked,
}

/// Reads a profile: every fault at once, with its place.
fn read(arguments: &Arguments, origin: &Origin) -> Result<Ends, Refusal> {
    let options = arguments.conditions.options();
    let high = Profile::load(&origin.input, &options)?;
    let low = || Profile::load(&origin.input, &Options { end: End::Low, ..options.clone() });
    let low = high.has_range.then(low).transpose()?.filter(|low| low.users != high.users);
    let Arguments { conditions, running, .. } = arguments;
    let flags = conditions.words().into_iter().chain(running.words());
    let repeat = batch::repeat("simulate", &[&origin.name], flags);
    Ok(Ends { high, low, asked: conditions.changes.asked(origin.name.clone(), repeat) })
}

/// Simulates a profile and judges it, at both of its ends.
fn plan(arguments: &Arguments, ends: &Ends, watch: &dyn Watch) -> Result<Report, Refusal> {
    let running = &arguments.running;
    let at = |profile: &Profile| -> Result<Report, Refusal> {
        let profile = running.over(profile.clone());
        Ok(simulated(&profile, running, &ends.asked, More::Load, watch)?.report)
    };
    let high = at(&ends.high)?;
    Ok(match &ends.low {
        Some(low) => report::both_ends(at(low)?, high),
        None => high,
    })
}

/// What a simulation of a profile finds.
pub(super) struct Simulated {
    /// Everything that is said about it.
    pub(super) report: Report,
    /// What it costs.
    pub(super) costs: Costs,
    /// What was measured.
    pub(super) run: Run,
}

/// Simulates a profile and judges it; `more` is what its headroom is a factor on.
pub(super) fn simulated(
    profile: &Profile,
    running: &Running,
    asked: &Asked,
    more: More<'_>,
    watch: &dyn Watch,
) -> Result<Simulated, (Files, Faults)> {
    let (program, catalogue) = profile.lower(); // names become dense ids; cannot fail
    let options = goals::options(profile, &catalogue, running.max_requests); // what must be decided
    goals::affordable(profile, &program, &options, running)?; // a stated length may take for ever
    let run = study::run(&program, &options, watch); // until it is decided, or the budget is used
    let budget = options.max_requests / DIAGNOSIS;
    Ok(explained((profile, &program, &catalogue), run, budget, asked, more, watch))
}

/// Judges a run and finds out what holds the system back, for at most `max_requests` more.
pub(super) fn explained(
    (profile, program, catalogue): (&Profile, &Program, &Catalogue),
    run: Run,
    max_requests: u64,
    asked: &Asked,
    more: More<'_>,
    watch: &dyn Watch,
) -> Simulated {
    let (verdicts, costs) = study::judge_run(profile, program, catalogue, &run); // pure
    let case = Case {
        profile,
        program,
        catalogue,
        run: &run,
        verdicts: &verdicts,
        costs: &costs,
        seed: profile.run.seed,
        max_requests,
        more,
    };
    let diagnosis = study::diagnose(&case, watch); // paired runs: what more of each resource does
    let partial = run.partial || watch.interrupted(); // what was not tried is no finding
    let run = Run { partial, ..run };
    let findings = Findings {
        profile,
        program,
        catalogue,
        run: &run,
        costs: &costs,
        verdicts: &verdicts,
        diagnosis: &diagnosis,
    };
    let report = Report::new(&findings, asked);
    Simulated { report, costs, run }
}

/// Part of the budget that finding the bottlenecks may spend besides.
pub(super) const DIAGNOSIS: u64 = 2;

/// Runs every profile; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    arguments.running.use_threads()?;
    let one = |origin: &Origin| read(arguments, origin);
    Batch::read(&arguments.files, &arguments.showing, UNDONE, one)?.run(|ends| {
        let spectator = Spectator::new(&ends.asked.file, arguments.showing.quiet);
        let report = plan(arguments, ends, &spectator);
        spectator.finish();
        let report = report?;
        let exit = judged(&report, arguments.strict);
        Ok((report, exit))
    })
}

/// What does not happen to a faulty profile.
pub(super) const UNDONE: &str = "not simulated";

/// What a report means for the exit code; a broken identity is said here.
pub(super) fn judged(report: &Report, strict: bool) -> Exit {
    if let Some(check) = report.checks.iter().find(|check| check.fatal && !check.ok) {
        complain(&format!("{}: {} is violated: {}", report.profile.file, check.name, check.detail));
        complain(&notice());
        return Exit::Defect;
    }
    if report.partial { Exit::Interrupted } else { Exit::of(report.verdict, strict) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use clap::Parser;

    use super::*;
    use crate::engine::{Fault, plant};
    use crate::study::planted::EVERYTHING;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// The whole way from a file to the exit code, on one thread, with a defect in the engine.
    fn end_of(fault: Option<Fault>) -> (Exit, Report) {
        let mut file = tempfile::NamedTempFile::with_suffix(".yaml").expect("a temporary file");
        file.write_all(EVERYTHING.as_bytes()).expect("it can be written");
        let path = file.path().to_string_lossy().into_owned();
        let words = ["simulate", &path, "--duration=20s", "--warmup=5s", "--replications=2", "-q"];
        let arguments = Line::parse_from(words).arguments;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .start_handler(move |_| plant(fault))
            .build()
            .expect("a thread");
        let origin = Origin { name: path.clone(), input: crate::source::Input::Path(path.into()) };
        let report = pool.install(|| {
            let ends = read(&arguments, &origin).ok().expect("a valid profile");
            plan(&arguments, &ends, &()).ok().expect("an affordable run")
        });
        (judged(&report, false), report)
    }

    #[test]
    fn a_violated_identity_ends_with_70_and_says_so() {
        let (exit, report) = end_of(Some(Fault::LosesRequest));
        assert_eq!((exit, exit.code()), (Exit::Defect, 70));
        assert!(report.next_step.contains("do not use these numbers"), "{}", report.next_step);
        let violated = report.checks.iter().find(|check| !check.ok).expect("it is in the report");
        assert!(violated.detail.contains("replication 0"), "{violated:?}");
    }

    #[test]
    fn without_a_defect_it_does_not() {
        let (exit, report) = end_of(None);
        assert_ne!(exit, Exit::Defect);
        assert!(report.checks.iter().all(|check| check.ok));
    }
}
