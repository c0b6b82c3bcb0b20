//! `capplan diff`: what really differs between two results, or between two profiles.

use clap::Args;

use super::batch::{self, Refusal, name_of};
use super::defect::quoted;
use super::given::{Given, given};
use super::options::{Conditions, Running, Showing};
use super::progress::Spectator;
use super::show::show;
use super::sides::{self, Simulated};
use super::simulate::UNDONE;
use super::terminal::complain;
use super::{Exit, interrupt};
use crate::expr::ExprError;
use crate::report::diff::{Asked, Diff, DiffRun, Results, Side};
use crate::source::Input;
use crate::study::diff::{CHANCE, Comparison, FailOn, Part, compare};

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(
    after_help = "BASE and HEAD are two results (--format json of simulate or phases; nothing is \
    simulated), or two profiles or scenarios; each is a file, or REVISION:FILE as git names it. \
    Profiles are simulated with the same random numbers, so that only real differences show; --set, \
    --scale and --assert are for both.\n\n\
    Without --fail-on the exit code is 0 whatever changed. --fail-on takes expressions of the \
    profile language; a bound with a sign is relative to BASE (cost.total > +10%, \
    api.latency.p95 > +20ms), and the bare word slo is true when an objective, claim or budget \
    newly fails. Of phases each condition is evaluated in every phase."
)]
pub(super) struct Arguments {
    /// What was before: a result or a profile, as FILE or REVISION:FILE; - reads standard input
    #[arg(value_name = "BASE")]
    base: String,
    /// What is now
    #[arg(value_name = "HEAD")]
    head: String,
    /// End with code 1 when this is true (repeatable)
    #[arg(long = "fail-on", value_name = "EXPR")]
    fail_on: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
    /// End with code 3 when a condition of --fail-on is undecided
    #[arg(long)]
    strict: bool,
}

/// Compares, shows, and decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let condition = |text: &String| FailOn::parse(text).map_err(|error| misread(text, &error));
    let conditions: Vec<FailOn> =
        arguments.fail_on.iter().map(condition).collect::<anyhow::Result<_>>()?;
    arguments.running.use_threads()?;
    arguments.showing.to.check()?;
    interrupt::listen();
    anyhow::ensure!(
        arguments.base != "-" || arguments.head != "-",
        "standard input can be one side only"
    );
    let ((base, old), (head, new)) = (given(&arguments.base)?, given(&arguments.head)?);
    let side = |name: String, file: &str, commit| Side { name, file: file.to_owned(), commit };
    let sides = |names: (String, String)| {
        let base = side(names.0, name_of(&arguments.base), old.clone());
        (base, side(names.1, name_of(&arguments.head), new.clone()))
    };
    let document = match (base, head) {
        (Given::Results(base), Given::Results(head)) => {
            read_results(arguments, base, head, sides, &conditions)?
        }
        (Given::Profile(base), Given::Profile(head)) => {
            match simulated(arguments, &base, &head, sides, &conditions)? {
                Ok(document) => document,
                Err(exit) => return Ok(exit),
            }
        }
        (Given::Results(_), Given::Profile(_)) => {
            return Err(unlike(&arguments.base, &arguments.head));
        }
        (Given::Profile(_), Given::Results(_)) => {
            return Err(unlike(&arguments.head, &arguments.base));
        }
    };
    let exit = Exit::of(document.verdict, arguments.strict);
    show(&arguments.showing, &[document], 1, exit)?;
    Ok(exit)
}

fn unlike(result: &str, profile: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is a result and {} a profile: compare two results, or two profiles",
        name_of(result),
        name_of(profile)
    )
}

/// Says where a condition stops making sense.
fn misread(text: &str, error: &ExprError) -> anyhow::Error {
    let mark = format!("{}{}", " ".repeat(error.offset), "^".repeat(error.width));
    let mut said = format!("--fail-on: {error}\n    {text}\n    {mark}");
    for more in [&error.expected, &error.hint].into_iter().flatten() {
        said.push_str("\n    ");
        said.push_str(more);
    }
    anyhow::anyhow!(said)
}

/// Compares results that were read; nothing of how they were made can be changed any more.
fn read_results(
    arguments: &Arguments,
    base: Results,
    head: Results,
    sides: impl FnOnce((String, String)) -> (Side, Side),
    conditions: &[FailOn],
) -> anyhow::Result<Diff> {
    if base.kind != head.kind {
        anyhow::bail!(
            "{} is a result of `{}`, {} of `{}`: they cannot be compared",
            arguments.base,
            base.kind.word(),
            arguments.head,
            head.kind.word()
        );
    }
    let words = [arguments.conditions.words(), arguments.running.words()].concat();
    if let Some(word) = words.first() {
        anyhow::bail!("{word}: results are compared as they are; give two profiles to simulate");
    }
    let (before, after) = sides((base.name, head.name));
    let parts = matched(base.parts, head.parts);
    check(conditions, &parts)?;
    let comparison = compare(&parts);
    let asked = Asked {
        base: before,
        head: after,
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
    Ok(Diff::new(asked, &parts, &comparison, conditions))
}

/// Whether every condition speaks of what is there.
fn check(conditions: &[FailOn], parts: &[Part]) -> anyhow::Result<()> {
    conditions.iter().try_for_each(|condition| {
        condition.check(parts).map_err(|error| misread(condition.text(), &error))
    })
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

/// Simulates both sides with the same random numbers and compares them; or the exit code, when there
/// is nothing to show.
fn simulated(
    arguments: &Arguments,
    base: &Input,
    head: &Input,
    sides: impl FnOnce((String, String)) -> (Side, Side),
    conditions: &[FailOn],
) -> anyhow::Result<Result<Diff, Exit>> {
    let refuse = |refusal: Refusal, file: &str| {
        refusal.say(name_of(file), UNDONE, arguments.showing.to.color);
        Exit::Usage
    };
    let load = |input, file: &str| {
        let asked = (&arguments.conditions, &arguments.running);
        let loaded = sides::load(input, file, asked, conditions);
        loaded.map_err(|refusal| refuse(refusal, file))
    };
    let (base, head) = match (load(base, &arguments.base), load(head, &arguments.head)) {
        (Ok(base), Ok(head)) => (base, head),
        (Err(exit), _) | (_, Err(exit)) => return Ok(Err(exit)),
    };
    anyhow::ensure!(
        base.is_plan == head.is_plan,
        "one side has phases, the other is a single profile: they cannot be compared"
    );
    let both = sides::matched(base, head);
    // A slip in a condition is said before minutes of simulation.
    check(conditions, &both.skeleton())?;
    let must_run = conditions.iter().any(|condition| !condition.is_relative());
    let spectator = Spectator::new(name_of(&arguments.head), arguments.showing.quiet);
    let asked = (&arguments.running, arguments.conditions.changes.scale);
    let found = both.simulate(asked, must_run, &spectator);
    spectator.finish();
    if interrupt::requested() {
        complain("interrupted: nothing was compared");
        return Ok(Err(Exit::Interrupted));
    }
    let Simulated { parts, requests, seed, is_same, says, is_defect } = match found {
        Ok(found) => found,
        Err(refusal) => return Ok(Err(refuse(refusal, &arguments.head))),
    };
    if is_defect {
        return Ok(Err(Exit::Defect));
    }
    let comparison = compare(&parts);
    let (before, after) = sides(both.names.clone());
    let asked = Asked {
        base: before,
        head: after,
        run: DiffRun {
            method: if is_same { "identical" } else { "paired" },
            says: if is_same { says } else { format!("{says} {}", level(&comparison)) },
            chance: CHANCE,
            compared: 0,
            seed: Some(seed),
            requests,
            repeat: repeat(arguments),
        },
        inputs: both.inputs(),
        notes: both.notes(),
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
    let Arguments { base, head, conditions, running, fail_on, .. } = arguments;
    let fail_on = fail_on.iter().map(|text| format!("--fail-on {}", quoted(text)));
    let flags = conditions.words().into_iter().chain(running.words()).chain(fail_on);
    batch::repeat("diff", &[base, head], flags)
}
