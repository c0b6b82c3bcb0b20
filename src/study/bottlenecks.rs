//! Causal bottlenecks: not the busiest resource, but the one whose extra capacity moves the objective.
//!
//! Arithmetic and the measured waits screen; at most three resources are then tried, each in a run
//! that differs from a reference run by that resource's capacity only and draws the same random
//! numbers. Headroom, the load at which the first objective breaks, is bracketed by scaled runs. All
//! of it costs a stated number of requests. The outcome is a function of program, run and seed.

use super::advice;
use super::headroom::{Headroom, More, headroom};
use super::judged::{evidence, growing};
use super::replicate::{Run, RunOptions, Watch, run as run_program};
use super::restarts::restarts;
use super::screen::{Suspect, suspects};
use super::variants::{with_capacity, without_restarts};
use crate::expr::{Need, Operand};
use crate::profile::{Profile, Role};
use crate::program::{Catalogue, Program, Quantity};
use crate::results::Replication;
use crate::stats::{self, Statistic};
use crate::verdict::{Costs, Estimate, Verdict, Verdicts, estimate_during};

/// Most resources that are tried.
const TRIES: usize = 3;
/// Capacity of a tried resource, as a factor.
const MORE: f64 = 1.25;
/// Of an overloaded one: this much above what it is asked for.
const ABOVE: f64 = 1.2;
/// Replications of each run of the study.
const REPLICATIONS: u32 = 8;
/// Runs among which the budget is shared: the reference, the tries and four scaled ones.
const RUNS: u64 = 8;

/// What is known, and what the study may cost.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Its program.
    pub program: &'a Program,
    /// Its names.
    pub catalogue: &'a Catalogue,
    /// The run that is to be explained.
    pub run: &'a Run,
    /// What was said of it.
    pub verdicts: &'a Verdicts,
    /// What it costs.
    pub costs: &'a Costs,
    /// Seed of the run.
    pub seed: u64,
    /// Requests that the study may spend.
    pub max_requests: u64,
    /// What headroom is a factor on.
    pub more: More<'a>,
}

/// The metric that extra capacity should move.
#[derive(Clone, Debug)]
pub struct Watched {
    /// As written: `api.latency.p95`.
    pub metric: String,
    /// Name of the objective it was taken from; `None` when the profile states none.
    pub objective: Option<String>,
    /// What is said of that objective.
    pub verdict: Option<Verdict>,
    /// Whether more of it is better.
    pub more_is_better: bool,
    pub(super) need: Need,
}

/// One resource and what more of it does.
#[derive(Clone, Debug)]
pub struct Bottleneck {
    /// Name of the resource (`db.pool`).
    pub resource: String,
    /// Its component.
    pub component: String,
    /// What one unit is called.
    pub unit: &'static str,
    /// The key of the profile that sizes it.
    pub sized_by: Option<String>,
    /// Busy share of its units.
    pub utilization: f64,
    /// Its part of all that is waited, in 0..1.
    pub wait_share: f64,
    /// Seconds waited for it per request.
    pub waited_s: f64,
    /// Factor on the load at which it alone is saturated; `None` when nothing asks for it. Below 1 it
    /// is overloaded.
    pub headroom: Option<f64>,
    /// Offered and served per second, where it is offered more than it can serve.
    pub overload: Option<(f64, f64)>,
    /// What more of it does to the watched metric; `None` when it was not tried.
    pub effect: Option<Effect>,
}

/// What a paired run showed.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Factor on the capacity.
    pub factor: f64,
    /// What the key was set to instead of a multiple.
    pub set_to: Option<&'static str>,
    /// The metric as written.
    pub metric: String,
    /// Its value without the change, in a run of the same length; none without a steady state.
    pub before: Estimate,
    /// And with it.
    pub after: Estimate,
    /// Improvement as a share of the value before (0.3: 30 % better; below zero: worse). `None` when
    /// neither has a value.
    pub gain: Option<f64>,
    /// Whether the paired difference over the replications excludes zero.
    pub is_significant: bool,
}

impl Effect {
    /// Whether it helps, beyond chance and by more than a hair.
    pub fn helps(&self) -> bool {
        self.is_significant && self.gain.is_some_and(|gain| gain > 0.01)
    }
}

/// What holds a system back, and what to do next.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Resources, the one that helps most first; untried ones follow by suspicion.
    pub bottlenecks: Vec<Bottleneck>,
    /// The metrics that the tries were judged by: those of all failing objectives, else of the
    /// undecided ones, else of the tightest.
    pub watched: Vec<Watched>,
    /// Where the first objective breaks; `None` without an objective or a limit.
    pub headroom: Option<Headroom>,
    /// What to do next, in one sentence.
    pub next_step: String,
    /// Requests that the study spent.
    pub requests: u64,
    /// How it was found.
    pub method: &'static str,
}

/// Finds out what holds a system back.
pub fn diagnose(case: &Case<'_>, watch: &dyn Watch) -> Diagnosis {
    let suspects = suspects(case.program, case.catalogue, case.run);
    let watched = watched(case);
    let mut study = Study { case, watch, requests: 0 };
    let mut bottlenecks: Vec<Bottleneck> =
        suspects.iter().map(|suspect| bottleneck(case.catalogue, suspect)).collect();
    study.try_more(&watched, &suspects, &mut bottlenecks);
    bottlenecks.extend(study.try_without_restarts(&watched));
    // The effect decides; what was not tried, or does nothing, stays in the order of suspicion.
    let gain = |b: &Bottleneck| {
        b.effect.as_ref().filter(|e| e.helps()).and_then(|e| e.gain).unwrap_or(0.0)
    };
    bottlenecks.sort_by(|a, b| gain(b).total_cmp(&gain(a)));
    let headroom = headroom(&mut study, &suspects);
    let next_step = advice::next_step(case, &bottlenecks, watched.first(), headroom.as_ref());
    Diagnosis {
        bottlenecks,
        watched,
        headroom,
        next_step,
        requests: study.requests,
        method: "analytic screen, then paired runs with common random numbers",
    }
}

fn bottleneck(catalogue: &Catalogue, suspect: &Suspect) -> Bottleneck {
    let view = &catalogue.resources[suspect.resource];
    let component = catalogue.components.get(view.component.index());
    Bottleneck {
        resource: view.name.clone(),
        component: component.map_or_else(String::new, |component| component.name.clone()),
        unit: view.unit,
        sized_by: view.sized_by.clone(),
        utilization: suspect.utilization,
        wait_share: suspect.wait_share,
        waited_s: suspect.waited_s,
        headroom: (suspect.asked > 0.0).then(|| 1.0 / suspect.asked),
        overload: suspect.overload,
        effect: None,
    }
}

/// The runs of the study and what they spent.
pub(super) struct Study<'a> {
    pub(super) case: &'a Case<'a>,
    watch: &'a dyn Watch,
    requests: u64,
}

impl Study<'_> {
    /// Runs a variant of the program as long as one share of the budget allows, with the seed of the
    /// run; `load` is its load as a factor.
    pub(super) fn run(&mut self, program: &Program, load: f64) -> Run {
        let Case { run, seed, max_requests, .. } = *self.case;
        let worlds = f64::from(REPLICATIONS).min(run.replications.len().max(1) as f64);
        let share = (max_requests / RUNS).max(1000) as f64;
        let spent_s = (run.warmup_s + run.horizon_s) * run.replications.len().max(1) as f64;
        let rate_per_s = run.requests.max(1) as f64 / spent_s.max(1e-9);
        let affordable_s = share / (worlds * rate_per_s * load);
        let transient = self.case.program.transient;
        // A transient run is run whole, whatever it costs; else half of the time is kept for measuring.
        let (warmup_s, duration_s) = if transient {
            (run.warmup_s, run.horizon_s)
        } else {
            let warmup_s = run.warmup_s.min(0.5 * affordable_s);
            (warmup_s, (affordable_s - warmup_s).min(run.horizon_s))
        };
        let options = RunOptions {
            seed,
            replications: Some(worlds as u32),
            max_requests: (4.0 * share) as u64,
            warmup_s: Some(warmup_s),
            duration_s: Some(duration_s),
            ..RunOptions::default()
        };
        let result = run_program(program, &options, &Quiet(self.watch));
        self.requests += result.requests;
        result
    }

    /// Whether somebody wants it to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.watch.interrupted()
    }

    fn try_more(
        &mut self,
        watched: &[Watched],
        suspects: &[Suspect],
        bottlenecks: &mut [Bottleneck],
    ) {
        let tried: Vec<usize> =
            (0..suspects.len()).filter(|i| suspects[*i].is_worth_a_try()).take(TRIES).collect();
        if watched.is_empty() || tried.is_empty() || self.is_interrupted() {
            return;
        }
        let program = self.case.program;
        let reference = self.run(program, 1.0);
        for i in tried {
            if self.is_interrupted() {
                return;
            }
            let factor = MORE.max(ABOVE * suspects[i].excess());
            let stations = &self.case.catalogue.resources[suspects[i].resource].stations;
            let changed = with_capacity(program, stations, factor);
            let run = self.run(&changed, 1.0);
            bottlenecks[i].effect = self.best_effect(watched, factor, &reference, &changed, &run);
        }
    }

    /// Restarts come at intervals that the short runs of the other tries would not see: this one is
    /// as long as the run that is explained, which is its reference.
    fn try_without_restarts(&mut self, watched: &[Watched]) -> Option<Bottleneck> {
        let Case { program, catalogue, run, seed, .. } = *self.case;
        let restarts = restarts(program, catalogue, run)?;
        if watched.is_empty() || self.is_interrupted() {
            return None;
        }
        let options = RunOptions {
            seed,
            replications: Some(REPLICATIONS.min(run.replications.len() as u32)),
            max_requests: u64::MAX,
            warmup_s: Some(run.warmup_s),
            duration_s: Some(run.horizon_s),
            ..RunOptions::default()
        };
        let changed = without_restarts(program, restarts.component);
        let without = run_program(&changed, &options, &Quiet(self.watch));
        self.requests += without.requests;
        let effect = self.best_effect(watched, 1.0, run, &changed, &without);
        Some(Bottleneck {
            resource: format!("{}.restarts", restarts.name),
            component: restarts.name.clone(),
            unit: "worker",
            sized_by: Some(format!("components.{}.recycle", restarts.name)),
            utilization: restarts.away,
            wait_share: 0.0,
            waited_s: 0.0,
            headroom: None,
            overload: None,
            effect: effect.map(|effect| Effect { set_to: Some("never"), ..effect }),
        })
    }

    /// What a change does to the objective that it helps most; to the first when it helps none.
    fn best_effect(
        &self,
        watched: &[Watched],
        factor: f64,
        reference: &Run,
        changed: &Program,
        run: &Run,
    ) -> Option<Effect> {
        let effects = watched.iter().map(|w| self.effect(w, factor, reference, changed, run));
        effects.reduce(|best, next| {
            let gain = |e: &Effect| if e.helps() { e.gain.unwrap_or(0.0) } else { 0.0 };
            if gain(&next) > gain(&best) { next } else { best }
        })
    }

    fn effect(
        &self,
        watched: &Watched,
        factor: f64,
        reference: &Run,
        changed: &Program,
        run: &Run,
    ) -> Effect {
        let before = self.value(watched, self.case.program, reference);
        let after = self.value(watched, changed, run);
        let sign = if watched.more_is_better { -1.0 } else { 1.0 };
        let pairs = reference.replications.iter().zip(&run.replications);
        let differences: Vec<f64> =
            pairs.filter_map(|(a, b)| Some(single(watched, a)? - single(watched, b)?)).collect();
        let interval = stats::mean(&differences, 0.95);
        let gain = match (before.value, after.value) {
            (Some(before), Some(after)) if before > 0.0 => Some(sign * (before - after) / before),
            // A queue that grew and grows no more.
            (None, Some(_)) => Some(1.0),
            (Some(_), None) => Some(-1.0),
            _ => None,
        };
        Effect {
            factor,
            set_to: None,
            metric: watched.metric.clone(),
            before,
            after,
            gain,
            is_significant: before.value.is_none() != after.value.is_none()
                || interval.is_some_and(|i| i.low > 0.0 || i.high < 0.0),
        }
    }

    fn value(&self, watched: &Watched, program: &Program, run: &Run) -> Estimate {
        let Case { catalogue, costs, .. } = *self.case;
        let growing = growing(program, catalogue, run);
        evidence(program, catalogue, run, &growing, costs).steady_value(&watched.need)
    }
}

/// The watched value of one replication.
fn single(watched: &Watched, replication: &Replication) -> Option<f64> {
    let Need { measure, statistic, during, quantity, .. } = &watched.need;
    let alone = std::slice::from_ref(replication);
    estimate_during(measure, *statistic, *during, *quantity, alone, 0.95).value
}

/// The runs of a study interrupt like any other, but their progress is not that of the main run.
struct Quiet<'a>(&'a dyn Watch);

impl Watch for Quiet<'_> {
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

/// The objectives that fail, else those that are undecided, else the tightest; without any, the 95th
/// percentile of all latency.
fn watched(case: &Case<'_>) -> Vec<Watched> {
    let mut candidates: Vec<(Verdict, f64, Watched)> = Vec::new();
    for judged in &case.verdicts.conditions {
        if !matches!(judged.role, Role::Objective | Role::Assertion | Role::Claim) {
            continue;
        }
        let Some(finding) = judged.ruling.deciding().filter(|finding| !finding.is_untested) else {
            continue;
        };
        let found = case.profile.judgements().filter(|j| j.text == judged.text).find_map(|j| {
            let trial = j.compiled.trials().into_iter().find(|trial| trial.text == finding.text)?;
            let Operand::Measured(need) = trial.operand else { return None };
            Some((trial.asks_for_more(), j.compiled.needs[need].clone()))
        });
        let Some((more_is_better, need)) = found else { continue };
        let margin = match (finding.value.value, finding.limit) {
            (Some(value), Some(limit)) => (limit - value).abs() / limit.abs().max(1e-12),
            _ => 0.0,
        };
        let verdict = judged.ruling.verdict;
        candidates.push((
            verdict,
            if verdict == Verdict::Holds { margin } else { 0.0 },
            Watched {
                metric: finding.metric.clone(),
                objective: Some(judged.name.clone()),
                verdict: Some(verdict),
                more_is_better,
                need,
            },
        ));
    }
    let worst = candidates.iter().map(|c| c.0).min();
    candidates.retain(|c| Some(c.0) == worst);
    if worst == Some(Verdict::Holds) {
        candidates.sort_by(|a, b| a.1.total_cmp(&b.1));
        candidates.truncate(1);
    }
    if candidates.is_empty() {
        return latency(case.catalogue).into_iter().collect();
    }
    candidates.into_iter().map(|(_, _, watched)| watched).collect()
}

fn latency(catalogue: &Catalogue) -> Option<Watched> {
    let measure = catalogue.metric("latency")?.measure.clone();
    let name = "latency.p95".to_owned();
    Some(Watched {
        metric: name.clone(),
        objective: None,
        verdict: None,
        more_is_better: false,
        need: Need {
            name,
            measure,
            statistic: Some(Statistic::Quantile(0.95)),
            during: None,
            quantity: Quantity::Duration,
            windows: false,
        },
    })
}
