//! The load at which the first objective breaks, bracketed by scaled runs.
//!
//! Arithmetic gives the first guess: the load at which the busiest resource is saturated. Scaled runs
//! then halve the bracket (on a logarithmic scale). They are short, so objectives are judged by the
//! points of their estimates: the bracket is where the answer is expected, not a confidence interval. A
//! load at which a queue must grow without bound breaks, even if the short run ends before it shows.
//! Objectives on money and the budget are judged on what each scaled run costs with the units as they
//! are stated: more load buys no more of them.

use super::bottlenecks::Study;
use super::judged::{evidence, growing};
use super::replicate::Run;
use super::screen::{Suspect, suspects};
use super::settled::Steady;
use super::variants::with_load;
use crate::expr::Compiled;
use crate::profile::{Judgement, Profile};
use crate::program::{Catalogue, Program};
use crate::verdict::{Evidence, Sense, Verdict, costs, judge, judge_budget};

/// Scaled runs at most.
const PROBES: u32 = 4;
/// A bracket this narrow is narrow enough.
const NARROW: f64 = 1.05;
/// Loads beyond which nobody asks.
const MOST: f64 = 64.0;
/// Loads below which a short run sees too few requests to say anything.
const LEAST: f64 = 0.05;

/// What is multiplied to find out how much more a system bears.
#[derive(Clone, Copy)]
pub enum More<'a> {
    /// All traffic, and nothing else.
    Load,
    /// The users, with everything that scales with them (traffic, populations of caches, sizes): the
    /// profile at a factor; `None` where there cannot be so many.
    Users(&'a dyn Fn(f64) -> Option<Profile>),
}

impl std::fmt::Debug for More<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Load => "Load",
            Self::Users(_) => "Users",
        })
    }
}

/// Factors on the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Headroom {
    /// Every objective holds up to this (0: at no load that was tried).
    pub holds: f64,
    /// Some objective breaks at this; `None` when none broke at any load that was tried.
    pub breaks: Option<f64>,
    /// The objective that breaks there first, by the order of the profile; `None` when the end comes
    /// from arithmetic alone (a queue must grow).
    pub objective: Option<String>,
    /// Scaled runs that were made.
    pub probes: u32,
}

/// Brackets the load at which the first objective breaks.
pub(super) fn headroom(study: &mut Study<'_>, suspects: &[Suspect]) -> Option<Headroom> {
    let case = study.case;
    let objectives: Vec<&Judgement> =
        case.profile.slo.iter().chain(&case.profile.asserts).collect();
    let measured = objectives.iter().any(|judgement| !judgement.compiled.needs.is_empty());
    let knee = suspects.iter().map(|s| s.asked).fold(0.0, f64::max);
    let knee = (knee > 0.0).then(|| 1.0 / knee);
    if !measured {
        let breaks = knee?;
        let holds = breaks.min(1.0);
        return Some(Headroom { holds, breaks: Some(breaks), objective: None, probes: 0 });
    }
    let failing = case.verdicts.conditions.iter().find(|judged| {
        judged.ruling.verdict == Verdict::Fails
            && objectives.iter().any(|objective| objective.name == judged.name)
    });
    let over_budget =
        case.verdicts.budget.as_ref().is_some_and(|ruling| ruling.verdict == Verdict::Fails);
    let mut bracket = Headroom { holds: 0.0, breaks: None, objective: None, probes: 0 };
    match failing.map(|judged| judged.name.clone()).or(over_budget.then(|| BUDGET.to_owned())) {
        Some(name) => (bracket.breaks, bracket.objective) = (Some(1.0), Some(name)),
        None => bracket.holds = 1.0,
    }
    while bracket.probes < PROBES && !study.is_interrupted() {
        let Some(load) = bracket.next(knee) else { break };
        bracket.probes += 1;
        match broken(study, &objectives, load) {
            Some(name) => (bracket.breaks, bracket.objective) = (Some(load), name),
            None => bracket.holds = load,
        }
    }
    Some(bracket)
}

/// What the budget is called among objectives.
const BUDGET: &str = "budget";

impl Headroom {
    /// The load to try next; `None` when the bracket is narrow or open beyond all asking.
    fn next(&self, knee: Option<f64>) -> Option<f64> {
        match (self.holds, self.breaks) {
            (holds, Some(breaks)) if holds > 0.0 => {
                (breaks / holds > NARROW).then(|| (breaks * holds).sqrt())
            }
            (_, Some(breaks)) => {
                // Something breaks already: just below the knee if that is lower, else at half.
                let guess = knee.map_or(0.0, |knee| 0.9 * knee);
                let below = guess > 0.0 && guess < 0.95 * breaks;
                let load = if below { guess } else { 0.5 * breaks };
                (load >= LEAST).then_some(load)
            }
            (holds, None) => {
                let guess = knee.filter(|knee| *knee > holds * NARROW);
                let load = guess.unwrap_or(2.0 * holds);
                (load <= MOST).then_some(load)
            }
        }
    }
}

/// Whether something breaks at a load: the first objective, or nothing that has a name when there
/// cannot be such a load.
#[expect(clippy::option_option, reason = "whether it breaks, and what of it has a name")]
fn broken(study: &mut Study<'_>, objectives: &[&Judgement], load: f64) -> Option<Option<String>> {
    let case = study.case;
    let scaled;
    let (program, profile) = match case.more {
        More::Load => (with_load(case.program, load), case.profile),
        More::Users(users) => match users(load) {
            Some(profile) => {
                scaled = profile;
                (scaled.lower().0, &scaled)
            }
            None => return Some(None),
        },
    };
    let run = study.run(&program, load);
    let growing = growing(&program, case.catalogue, &run);
    let costs = costs(profile, case.catalogue, &run.replications, run.confidence);
    let evidence = Evidence {
        bias: 0.0,
        by_points: true,
        ..evidence(&program, case.catalogue, &run, &growing, &costs)
    };
    let broken = |judgement: &&&Judgement| breaks(&judgement.compiled, &evidence);
    let over_budget = || {
        let ruling = judge_budget(profile, &evidence)?;
        (ruling.verdict == Verdict::Fails).then(|| Some(BUDGET.to_owned()))
    };
    let objective = objectives.iter().find(broken);
    let named = objective.map(|judgement| Some(judgement.name.clone())).or_else(over_budget);
    named.or_else(|| has_no_steady_state(&program, case.catalogue, &run).then_some(None))
}

/// Whether more is asked of a queue than it can serve, and nothing leaves it unserved. A short run may be
/// over before its backlog breaks an objective; with time it breaks any.
fn has_no_steady_state(program: &Program, catalogue: &Catalogue, run: &Run) -> bool {
    run.steady != Steady::Transient
        && suspects(program, catalogue, run).iter().any(Suspect::must_grow)
}

fn breaks(condition: &Compiled, evidence: &Evidence<'_>) -> bool {
    judge(condition, Sense::Objective, evidence).verdict == Verdict::Fails
}
