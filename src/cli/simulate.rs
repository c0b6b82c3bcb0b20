//! `capplan simulate`: the whole program on one page, in [`plan`].

use clap::Args;

use super::defect::{notice, quoted};
use super::options::{Changes, Running, Showing, input};
use super::progress::Spectator;
use super::show::show;
use super::terminal::{complain, note};
use super::{Exit, goals, interrupt};
use crate::profile::{Options, Profile};
use crate::program::{Catalogue, Program};
use crate::report::{self, Asked, Findings, Report};
use crate::source::{self, End, Faults, Files, Input};
use crate::study::{self, Case, More, Run, Watch};
use crate::verdict::{Costs, Verdict};

/// Arguments of `simulate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
    /// End with code 3 when something is undecided
    #[arg(long)]
    strict: bool,
}

/// Reads a profile, simulates it and judges it.
fn plan(
    input: &Input,
    options: &Options,
    running: &Running,
    asked: &Asked,
    watch: &dyn Watch,
) -> Result<Report, (Files, Faults)> {
    let profile = Profile::load(input, options)?; // every fault at once, with its place
    Ok(simulated(&running.over(profile), running, asked, More::Load, watch)?.report)
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
    interrupt::listen();
    let mut exit = Exit::Fine;
    let mut reports = Vec::new();
    for file in &arguments.files {
        match both_ends(arguments, file) {
            Ok(report) => {
                exit = exit.max(judged(&report, arguments.strict));
                reports.push(report);
            }
            Err(error) => {
                complain(&format!("{error:#}"));
                exit = exit.max(Exit::Usage);
            }
        }
        if interrupt::requested() {
            exit = exit.max(Exit::Interrupted);
            break;
        }
    }
    show(&arguments.showing, &reports, arguments.files.len(), exit)?;
    Ok(exit)
}

/// The report on a profile; on both ends when one of its populations is a range.
fn both_ends(arguments: &Arguments, file: &str) -> anyhow::Result<Report> {
    let input = input(file)?;
    let Changes { sets, scale, asserts } = arguments.changes.clone();
    let asked = Asked {
        file: if file == "-" { "standard input".to_owned() } else { file.to_owned() },
        sets: sets.clone(),
        scale,
        repeat: repeat(arguments, file),
    };
    let spectator = Spectator::new(file, arguments.showing.quiet);
    let at = |end: End| {
        let (sets, asserts) = (sets.clone(), asserts.clone());
        let options = Options { sets, asserts, scale, end, ..Options::default() };
        plan(&input, &options, &arguments.running, &asked, &spectator).map_err(|(files, faults)| {
            note(&source::render(&files, &faults, arguments.showing.color.on_stderr()));
            anyhow::anyhow!("{}: not simulated", asked.file)
        })
    };
    let high = at(End::High)?;
    let (sets, asserts) = (sets.clone(), asserts.clone());
    let low = Options { sets, asserts, scale, end: End::Low, ..Options::default() };
    let is_range = Profile::load(&input, &low).is_ok_and(|low| low.users != high.profile.users);
    let report = if is_range { report::both_ends(at(End::Low)?, high) } else { high };
    spectator.finish();
    Ok(report)
}

/// What a report means for the exit code; a broken identity is said here.
pub(super) fn judged(report: &Report, strict: bool) -> Exit {
    if let Some(check) = report.checks.iter().find(|check| check.fatal && !check.ok) {
        complain(&format!("{}: {} is violated: {}", report.profile.file, check.name, check.detail));
        complain(&notice());
        return Exit::Defect;
    }
    match report.verdict {
        _ if report.partial => Exit::Interrupted,
        Verdict::Fails => Exit::Fails,
        Verdict::Undecided if strict => Exit::Undecided,
        Verdict::Undecided | Verdict::Holds => Exit::Fine,
    }
}

/// The command that prints the same bytes: whatever does not change the result is left out.
fn repeat(arguments: &Arguments, file: &str) -> String {
    let Arguments { changes, running, .. } = arguments;
    let mut words = vec!["capplan".to_owned(), "simulate".to_owned(), quoted(file)];
    words.extend(changes.words());
    words.extend(running.words());
    words.join(" ")
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
        let report = pool.install(|| both_ends(&arguments, &path)).expect("a valid profile");
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
