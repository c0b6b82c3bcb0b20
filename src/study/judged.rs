//! From a profile to what its run must find out, and from the run to verdicts.

use super::overload::overloads;
use super::replicate::{Run, Target};
use super::settled::Steady;
use crate::expr::Compiled;
use crate::profile::Profile;
use crate::program::{Catalogue, Program};
use crate::verdict::{Costs, Evidence, Growth, Verdicts, costs, judge_profile};

/// What the objectives, assertions, claims and gates of a profile ask of a run, each question once.
/// Money and per-window conditions ask for nothing here: they are judged on whatever was run.
pub fn targets(profile: &Profile) -> Vec<Target> {
    let groups = [&profile.slo, &profile.asserts, &profile.claims, &profile.gate];
    let conditions = groups.into_iter().flatten().map(|judgement| &judgement.compiled);
    let mut targets: Vec<Target> = Vec::new();
    for (need, bound) in conditions.flat_map(Compiled::bounds) {
        let (measure, statistic, during) = (&need.measure, need.statistic, need.during);
        let same = |t: &Target| {
            t.measure == *measure && (t.statistic, t.during, t.bound) == (statistic, during, bound)
        };
        if (bound.is_some() || !need.windows) && !targets.iter().any(same) {
            let (measure, quantity) = (measure.clone(), need.quantity);
            targets.push(Target { measure, statistic, during, quantity, bound });
        }
    }
    targets
}

/// Queues that grow without bound, one entry per resource of the catalogue; none in a transient run,
/// where a backlog belongs to the story.
pub fn growing(program: &Program, catalogue: &Catalogue, run: &Run) -> Vec<Growth> {
    if run.steady == Steady::Transient {
        return Vec::new();
    }
    let rows: Vec<_> = catalogue.resources.iter().map(|r| r.stations.clone()).collect();
    let rows = overloads(program, &rows, &run.replications, run.confidence).into_iter();
    // A single station may grow in a row that as a whole does not, or belong to no resource.
    let single = run.overloads.iter().cloned();
    let mut all: Vec<Growth> = Vec::new();
    for overload in rows.chain(single).filter(|overload| overload.grows) {
        let known = |s| all.iter().any(|growth| growth.stations.contains(s));
        if !overload.stations.iter().any(known) {
            all.push(Growth {
                per_s: overload.growth_per_s.value.unwrap_or(0.0),
                offered_per_s: overload.offered_per_s,
                served_per_s: overload.served_per_s,
                stations: overload.stations,
            });
        }
    }
    all
}

/// Judges a run of a profile.
pub fn judge_run(
    profile: &Profile,
    program: &Program,
    catalogue: &Catalogue,
    run: &Run,
) -> (Verdicts, Costs) {
    let growing = growing(program, catalogue, run);
    let costs = costs(profile, catalogue, &run.replications, run.verdict_confidence);
    let evidence = evidence(program, catalogue, run, &growing, &costs);
    (judge_profile(profile, &evidence), costs)
}

/// What a run gives a judge.
pub fn evidence<'a>(
    program: &'a Program,
    catalogue: &'a Catalogue,
    run: &'a Run,
    growing: &'a [Growth],
    costs: &'a Costs,
) -> Evidence<'a> {
    Evidence {
        program,
        catalogue,
        replications: &run.replications,
        confidence: run.verdict_confidence,
        growing,
        bias: bias(run, growing),
        requests: run.requests,
        costs,
        by_points: false,
    }
}

/// How much the start may still show in every value, as a share of it. Where a named queue grows, it
/// is the reason that nothing settles, and what does not touch it is as settled as anything.
fn bias(run: &Run, growing: &[Growth]) -> f64 {
    match &run.steady {
        // Begun empty, the mean of n independent observations is too low by at most 1/(2n).
        Steady::Unclear { independent } => 0.5 / independent.max(0.5),
        // It moved, and no queue says how far it will: a verdict must survive a factor of two.
        Steady::No { .. } if growing.is_empty() => 1.0,
        Steady::Yes | Steady::Transient | Steady::No { .. } => 0.0,
    }
}
