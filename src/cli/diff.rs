//! `capplan diff`: what really differs between two results, or between two profiles.

use clap::Args;

use super::defect::quoted;
use super::options::{Changes, Running, Showing, input};
use super::progress::Spectator;
use super::show::show;
use super::sides::{self, Simulated};
use super::terminal::complain;
use super::{Exit, interrupt};
use crate::expr::ExprError;
use crate::report::diff::{self, Asked, Diff, DiffRun, Results, Side};
use crate::source::{Input, Revision};
use crate::study::diff::{CHANCE, Comparison, FailOn, Part, compare};
use crate::verdict::Verdict;

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "BASE and HEAD are two results (--format json of simulate or phases; nothing is \
    simulated), or two profiles or scenarios, each a file or REVISION:FILE as git names it. They are \
    simulated with the same random numbers, so that only real differences show; --set, --scale \
    and --assert are for both.\n\n\
    Without --fail-on the exit code is 0 whatever changed. --fail-on takes expressions of the \
    profile language; a bound with a sign is relative to BASE (cost.total > +10%, \
    api.latency.p95 > +20ms), and the bare word slo is true when an objective, claim or budget \
    newly fails. Of phases each condition is evaluated in every phase."
)]
pub(super) struct Arguments {
    /// What was before: FILE.json, FILE.yaml or REVISION:FILE.yaml
    #[arg(value_name = "BASE")]
    base: String,
    /// What is now
    #[arg(value_name = "HEAD")]
    head: String,
    /// End with code 1 when this is true (repeatable)
    #[arg(long = "fail-on", value_name = "EXPR")]
    fail_on: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
    /// End with code 3 when a condition of --fail-on is undecided
    #[arg(long)]
    strict: bool,
}

/// One side as it was given.
enum Given {
    /// A result that was read.
    Results(Results),
    /// A profile or scenario, and the commit it is read at.
    Profile(Input, Option<String>),
}

/// Compares, shows, and decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut conditions = Vec::new();
    for text in &arguments.fail_on {
        match FailOn::parse(text) {
            Ok(condition) => conditions.push(condition),
            Err(error) => return Ok(misread(text, &error)),
        }
    }
    arguments.running.use_threads()?;
    interrupt::listen();
    let (base, head) = (given(&arguments.base)?, given(&arguments.head)?);
    let document = match (base, head) {
        (Given::Results(base), Given::Results(head)) => {
            read_results(arguments, base, head, &conditions)?
        }
        (Given::Profile(base, old), Given::Profile(head, new)) => {
            simulated(arguments, (&base, old), (&head, new), &conditions)?
        }
        _ => anyhow::bail!(
            "one side is a result, the other a profile: compare two results, or two profiles"
        ),
    };
    let document = match document {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let exit = match document.verdict {
        Verdict::Fails => Exit::Fails,
        Verdict::Undecided if arguments.strict => Exit::Undecided,
        Verdict::Undecided | Verdict::Holds => Exit::Fine,
    };
    show(&arguments.showing, &[document], 1, exit)?;
    Ok(exit)
}

/// What an argument names: a file of this name if there is one, else a file at a revision.
fn given(text: &str) -> anyhow::Result<Given> {
    let path = std::path::Path::new(text);
    let is_result = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"));
    if is_result && (path.exists() || !text.contains(':')) {
        let text = std::fs::read_to_string(path)
            .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", path.display()))?;
        let read = diff::read(&text).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        return Ok(Given::Results(read));
    }
    match text.split_once(':') {
        Some((revision, file)) if !path.exists() && !file.is_empty() => {
            let wrong = |why: String| anyhow::anyhow!("{text}: {why}");
            let revision = Revision::resolve(revision).map_err(wrong)?;
            let path = revision.path(file).map_err(wrong)?;
            let commit = Some(revision.commit().to_owned());
            Ok(Given::Profile(Input::Revision { revision, path }, commit))
        }
        _ => Ok(Given::Profile(input(text)?, None)),
    }
}

/// Says where a condition stops making sense.
fn misread(text: &str, error: &ExprError) -> Exit {
    let mark = format!("{}{}", " ".repeat(error.offset), "^".repeat(error.width));
    let mut said = format!("--fail-on: {error}\n    {text}\n    {mark}");
    for more in [&error.expected, &error.hint].into_iter().flatten() {
        said.push_str("\n    ");
        said.push_str(more);
    }
    complain(&said);
    Exit::Usage
}

/// Compares results that were read; nothing of how they were made can be changed any more.
fn read_results(
    arguments: &Arguments,
    base: Results,
    head: Results,
    conditions: &[FailOn],
) -> anyhow::Result<Result<Diff, Exit>> {
    if base.kind != head.kind {
        anyhow::bail!(
            "{} is a result of `{}`, {} of `{}`: they cannot be compared",
            arguments.base,
            base.kind.word(),
            arguments.head,
            head.kind.word()
        );
    }
    let words = [arguments.changes.words(), arguments.running.words()].concat();
    if let Some(word) = words.first() {
        anyhow::bail!("{word}: results are compared as they are; give two profiles to simulate");
    }
    let names = (base.name, head.name);
    let parts = matched(base.parts, head.parts);
    for condition in conditions {
        if let Err(error) = condition.check(&parts) {
            return Ok(Err(misread(condition.text(), &error)));
        }
    }
    let comparison = compare(&parts);
    let asked = Asked {
        base: Side { name: names.0, file: arguments.base.clone(), commit: None },
        head: Side { name: names.1, file: arguments.head.clone(), commit: None },
        run: DiffRun {
            method: "intervals",
            says: format!(
                "Two results were compared by combining their intervals (Zou and Donner 2008, \
                 degrees of freedom after Welch). {}",
                level(&comparison)
            ),
            chance: CHANCE,
            compared: 0,
            seed: None,
            requests: 0,
            repeat: repeat(arguments),
        },
        inputs: Vec::new(),
        notes: Vec::new(),
    };
    Ok(Ok(Diff::new(asked, &parts, &comparison, conditions)))
}

type Sides = Vec<(Option<String>, Option<&'static str>, crate::study::diff::Facts)>;

/// Parts with the same name belong together: in the order of the head, then what is gone.
fn matched(base: Sides, head: Sides) -> Vec<Part> {
    let mut base: Vec<Option<_>> = base.into_iter().map(Some).collect();
    let mut parts: Vec<Part> = Vec::new();
    for (phase, end, facts) in head {
        let same = |old: &&mut Option<(Option<String>, Option<&'static str>, _)>| {
            old.as_ref().is_some_and(|old| old.0 == phase && old.1 == end)
        };
        let before = base.iter_mut().find(same).and_then(Option::take).map(|old| old.2);
        parts.push(Part { phase, end, before, after: Some(facts) });
    }
    for (phase, end, facts) in base.into_iter().flatten() {
        parts.push(Part { phase, end, before: Some(facts), after: None });
    }
    parts
}

/// Simulates both sides with the same random numbers and compares them.
fn simulated(
    arguments: &Arguments,
    base: (&Input, Option<String>),
    head: (&Input, Option<String>),
    conditions: &[FailOn],
) -> anyhow::Result<Result<Diff, Exit>> {
    let files = (arguments.base.as_str(), arguments.head.as_str());
    let look = (&arguments.changes, &arguments.running, arguments.showing.color);
    let (Some(base_side), Some(head_side)) =
        (sides::load(base.0, files.0, look), sides::load(head.0, files.1, look))
    else {
        return Ok(Err(Exit::Usage));
    };
    if base_side.is_plan != head_side.is_plan {
        anyhow::bail!(
            "one side has phases, the other is a single profile: they cannot be compared"
        );
    }
    let sides = sides::matched(base_side, head_side);
    // A slip in a condition is said before minutes of simulation.
    let named = sides.skeleton();
    for condition in conditions {
        if let Err(error) = condition.check(&named) {
            return Ok(Err(misread(condition.text(), &error)));
        }
    }
    let must_run = conditions.iter().any(|condition| !condition.is_relative());
    let spectator = Spectator::new(&arguments.head, arguments.showing.quiet);
    let asked = (&arguments.running, arguments.changes.scale);
    let found = sides.simulate(asked, must_run, &spectator);
    spectator.finish();
    if interrupt::requested() {
        complain("interrupted: nothing was compared");
        return Ok(Err(Exit::Interrupted));
    }
    let Simulated { parts, requests, seed, is_same, says, is_defect } = found?;
    if is_defect {
        return Ok(Err(Exit::Defect));
    }
    let comparison = compare(&parts);
    let side = |name: &str, file: &str, commit: Option<String>| Side {
        name: name.to_owned(),
        file: file.to_owned(),
        commit,
    };
    let asked = Asked {
        base: side(&sides.names.0, &arguments.base, base.1),
        head: side(&sides.names.1, &arguments.head, head.1),
        run: DiffRun {
            method: if is_same { "identical" } else { "paired" },
            says: if is_same { says } else { format!("{says} {}", level(&comparison)) },
            chance: CHANCE,
            compared: 0,
            seed: Some(seed),
            requests,
            repeat: repeat(arguments),
        },
        inputs: sides.inputs(),
        notes: sides.notes(),
    };
    Ok(Ok(Diff::new(asked, &parts, &comparison, conditions)))
}

fn level(comparison: &Comparison) -> String {
    format!(
        "Holm over {} figures: of comparisons of equal sides {} % show any change. A measured change \
         below 0.1 % is none.",
        comparison.compared,
        CHANCE * 100.0
    )
}

/// The command that prints the same bytes.
fn repeat(arguments: &Arguments) -> String {
    let mut words = vec!["capplan".to_owned(), "diff".to_owned()];
    words.extend([quoted(&arguments.base), quoted(&arguments.head)]);
    words.extend(arguments.changes.words());
    words.extend(arguments.running.words());
    words.extend(arguments.fail_on.iter().map(|text| format!("--fail-on {}", quoted(text))));
    words.join(" ")
}
