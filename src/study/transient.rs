//! Runs of programs whose load changes with the clock: whole runs from time 0, no warm-up removed.
//! Precision comes from more replications, not from longer ones.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::decision::Decision;
use super::offered::offered_per_s;
use super::overload::{overloads, single_stations};
use super::replicate::{CONFIDENCE, Progress, Run, RunOptions, Stop, Watch};
use super::settled::Steady;
use super::worlds::{MOST_INSIDE, world};
use crate::program::{Curve, Program, SourceKind, Supply};
use crate::results::Replication;
use crate::stats;

/// Fewest replications, even beyond the budget: with two, Student's t is 12.7.
pub(super) const FEWEST: u32 = 3;
/// Most replications.
const MOST: u32 = 128;
/// Most where something is asked about an instant: a replication then holds a single view of it.
const MOST_FOR_INSTANTS: u32 = 1024;
/// Requests between two looks at the watch and the backlog.
const SLICE: f64 = 20_000.0;
/// Tasks in one world at which it ends.
const MOST_INSIDE_ONE: u64 = MOST_INSIDE / 3;

/// Runs a transient program; see [`super::replicate::run`].
pub(super) fn run(program: &Program, options: &RunOptions, watch: &dyn Watch) -> Run {
    let duration_s = options
        .duration_s
        .unwrap_or_else(|| natural_duration_s(program).max(program.asked_until_s()));
    let warmup_s = options.warmup_s.unwrap_or(0.0);
    let requests_each = (offered_per_s(program) * (warmup_s + duration_s)).clamp(1.0, 1e15);
    let most = if program.asked.instants.is_empty() { MOST } else { MOST_FOR_INSTANTS };
    let rounds = plan(options, requests_each, most);
    let information: Vec<f64> = rounds.iter().map(|&n| f64::from(n)).collect();
    let confidence = stats::level_per_look(CONFIDENCE, &information);
    let one = One { program, options, warmup_s, duration_s, requests_each, watch };
    let requests = AtomicU64::new(0);
    let mut decision = Decision::new(options, confidence);
    let (mut replications, mut stop, mut used) = (Vec::new(), Stop::Budget, 0);
    for (round, &end) in (1..).zip(&rounds) {
        used = round;
        let from = replications.len() as u32;
        let more: Vec<_> =
            (from..end).into_par_iter().map(|r| one.run(r, round, &requests)).collect();
        for (replication, stopped) in more {
            match stopped {
                // What was cut short by hand is not a run of the same length.
                Some(Stop::Interrupted) => stop = Stop::Interrupted,
                Some(other) => {
                    stop = other;
                    replications.push(replication);
                }
                None => replications.push(replication),
            }
        }
        if stop == Stop::Interrupted || stop == Stop::Backlog {
            break;
        }
        if decision.is_made(&replications) {
            stop = Stop::Decided;
            break;
        }
    }
    Run {
        confidence: CONFIDENCE,
        verdict_confidence: confidence,
        warmup_s,
        horizon_s: duration_s,
        requests: requests.into_inner(),
        events: replications.iter().map(|r| r.events).sum(),
        rounds: used,
        steady: Steady::Transient,
        overloads: overloads(program, &single_stations(program), &replications, confidence),
        stop,
        partial: stop == Stop::Interrupted,
        replications,
    }
}

/// Numbers of replications after each round: an eighth, a quarter, half and all that the budget
/// allows, or the number asked for at once.
fn plan(options: &RunOptions, requests_each: f64, most_of_all: u32) -> Vec<u32> {
    if let Some(n) = options.replications {
        return vec![n.max(1)];
    }
    let most = (options.max_requests as f64 / requests_each) as u32;
    let most = most.clamp(FEWEST, most_of_all);
    let mut rounds: Vec<u32> = [8, 4, 2, 1].iter().map(|part| (most / part).max(FEWEST)).collect();
    rounds.dedup();
    rounds
}

/// One replication to run.
struct One<'a> {
    program: &'a Program,
    options: &'a RunOptions,
    warmup_s: f64,
    duration_s: f64,
    requests_each: f64,
    watch: &'a dyn Watch,
}

impl One<'_> {
    fn run(
        &self,
        replication: u32,
        round: u32,
        requests: &AtomicU64,
    ) -> (Replication, Option<Stop>) {
        let mut world = world(self.program, self.options.seed, replication);
        let slices = (self.requests_each / SLICE).clamp(1.0, 100_000.0).ceil();
        let mut stop = None;
        if self.warmup_s > 0.0 {
            world.run_until(self.warmup_s);
            world.reset();
        }
        for slice in 1..=slices as u32 {
            let before = world.requests();
            let part = f64::from(slice) / slices;
            world.run_until(part.mul_add(self.duration_s, self.warmup_s));
            let arrived = world.requests() - before;
            let requests = requests.fetch_add(arrived, Ordering::Relaxed) + arrived;
            let budget = self.options.max_requests;
            self.watch.advanced(Progress { requests, budget, round });
            if self.watch.interrupted() {
                stop = Some(Stop::Interrupted);
                break;
            }
            if world.inside() > MOST_INSIDE_ONE {
                stop = Some(Stop::Backlog);
                break;
            }
        }
        (world.results(), stop)
    }
}

/// How long a changing load is worth watching: a whole period of a sine, a trace to its end, the
/// pieces and as much of the last as of the longest before it. An hour when nothing tells.
pub(super) fn natural_duration_s(program: &Program) -> f64 {
    let curves = program.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Open { curve, .. } => Some(curve),
        SourceKind::Sessions(sessions) => match &sessions.supply {
            Supply::Arrivals(curve) => Some(curve),
            Supply::Constant(_) => None,
        },
        SourceKind::Closed { .. } => None,
    });
    let longest = curves
        .map(|curve| match curve {
            Curve::Sine { period_s, .. } => *period_s,
            Curve::Times(times) => times.last().copied().unwrap_or(0.0),
            Curve::Pieces(pieces) => {
                let lengths = pieces.windows(2).map(|w| w[1].start_s - w[0].start_s);
                pieces.last().map_or(0.0, |last| last.start_s) + lengths.fold(0.0, f64::max)
            }
            Curve::Constant(_) | Curve::Mmpp(_) => 0.0,
        })
        .fold(0.0, f64::max);
    if longest > 0.0 { longest } else { 3600.0 }
}
