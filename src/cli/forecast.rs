//! `capplan forecast`: when growth breaks each phase of a plan, and what every month costs.

use clap::Args;

use super::batch::{self, Batch, Origin, Refusal};
use super::options::{Conditions, Running, Showing};
use super::progress::Spectator;
use super::{Exit, interrupt};
use crate::profile::{Phase, Scenario, UserGrowth};
use crate::report::SCHEMA_VERSION;
use crate::report::forecast::{self, Course, Forecast, GrowthRow, PhaseCourse};
use crate::report::phases::{PhaseRun, Plan};
use crate::rng::combine;
use crate::source::FaultKind;
use crate::study::breakpoints::{Bracket, Probe, bracket, passes, probe};

/// Arguments of `forecast`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenarios or profiles that state a growth; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Months to look ahead [default: to the last point of a stated growth, else 12]
    #[arg(long, value_name = "N", value_parser = super::args::positive, allow_hyphen_values = true)]
    months: Option<u64>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
}

/// Requests for a whole forecast, unless others are allowed by `--max-requests`: some seconds.
const MAX_REQUESTS: u64 = 3_000_000;
/// Runs of one phase at most: those that bracket its first break, and those for its cost.
const PROBES: u32 = 10;
/// Of these, at most so many enclose the break.
const BREAK_PROBES: u32 = 7;
/// Draws of an uncertain growth.
const DRAWS: u64 = 400;
/// Months without a word of anybody.
const MONTHS: u32 = 12;
/// Further than anybody plans.
const MOST_MONTHS: u64 = 120;

/// Forecasts every scenario.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    arguments.running.use_threads()?;
    let one = |origin: &Origin| {
        let scenario = Scenario::load(&origin.input, &arguments.conditions.options())?;
        if scenario.growth.is_empty() {
            let message = "it does not say how users grow".to_owned();
            let hint = "add `growth: { active: compound(50 50%/mo) }`".to_owned();
            return Err(Refusal::whole(FaultKind::MissingKey, "growth", message, hint));
        }
        Ok((origin.name.clone(), scenario))
    };
    let scenarios = Batch::read(&arguments.files, &arguments.showing, "no forecast", one)?;
    scenarios.run(|(file, scenario)| Ok((forecast(arguments, file, scenario), Exit::Fine)))
}

fn forecast(arguments: &Arguments, file: &str, scenario: &Scenario) -> Forecast {
    let growth = &scenario.growth;
    let budget = arguments.running.max_requests.unwrap_or(MAX_REQUESTS);
    let share = budget / (scenario.phases.len().max(1) as u64 * u64::from(PROBES));
    let months = months(arguments, growth);
    let seed = arguments.running.seed.unwrap_or(scenario.phases[0].profile.run.seed);
    let mut phases: Vec<PhaseCourse> = Vec::new();
    let mut requests = 0;
    for (i, phase) in scenario.phases.iter().enumerate() {
        let spectator = Spectator::new(&phase.name, arguments.showing.quiet);
        let from = phases.last().and_then(|before: &PhaseCourse| before.up_to).unwrap_or(0.0);
        let is_last = i + 1 == scenario.phases.len();
        let study = Study { arguments, growth, phase, share, watch: &spectator };
        let (course, spent) = study.course(from, is_last, f64::from(months));
        requests += spent;
        phases.push(course);
        spectator.finish();
        if interrupt::requested() {
            break;
        }
    }
    let is_uncertain = growth.iter().any(|growth| growth.is_uncertain);
    let worlds = if is_uncertain { DRAWS } else { 0 };
    let drawn = |world| scenario.growth_of_world(combine(seed, world)).into_iter().next();
    let draws = (0..worlds).filter_map(|world| Some(drawn(world)?.law)).collect();
    let flags = arguments.months.map(|n| format!("--months {n}")).into_iter();
    let flags = flags.chain(arguments.conditions.words()).chain(arguments.running.words());
    let repeat = batch::repeat("forecast", &[file], flags);
    let course = Course {
        law: growth[0].law.clone(),
        draws,
        months,
        phases,
        names: growth
            .iter()
            .map(|growth| GrowthRow {
                population: growth.population.clone(),
                law: growth.text.clone(),
                is_uncertain: growth.is_uncertain,
            })
            .collect(),
    };
    let (phases, months) = forecast::rows(&course);
    Forecast {
        schema_version: SCHEMA_VERSION,
        capplan: env!("CARGO_PKG_VERSION").to_owned(),
        document: "forecast",
        scenario: Plan {
            name: scenario.name.clone(),
            files: vec![file.to_owned()],
            set: arguments.conditions.changes.sets.clone(),
            scale: arguments.conditions.changes.scale,
        },
        run: PhaseRun { seed, max_requests: budget, requests, repeat },
        partial: interrupt::requested(),
        growth: course.names,
        phases,
        months,
        notes: notes(share, worlds),
    }
}

/// How far to look: as asked, to the last stated point, or a year.
fn months(arguments: &Arguments, growth: &[UserGrowth]) -> u32 {
    use crate::dist::Growth;
    if let Some(months) = arguments.months {
        return months.min(MOST_MONTHS) as u32;
    }
    match &growth[0].law {
        Growth::Points { points, .. } => {
            let last = points.last().map_or(0.0, |point| point.0).ceil();
            last.clamp(1.0, MOST_MONTHS as f64) as u32
        }
        Growth::Compound { .. } => MONTHS,
    }
}

fn notes(share: u64, draws: u64) -> Vec<String> {
    let mut notes = vec![
        format!(
            "at most {PROBES} short runs per phase ({share} requests each, or a stated duration) with the \
             same random numbers: users are doubled or halved until the first break is enclosed, then \
             halved on a logarithmic scale; a phase that bears N users is taken to bear fewer. Objectives \
             are judged by the points of their estimates"
        ),
        "the cost between two runs is a straight line; beyond the users that were simulated there is \
         none"
            .to_owned(),
        "a phase serves up to its stated users, the last one for ever; the next is needed when these \
         are passed, an objective breaks or the budget is passed"
            .to_owned(),
    ];
    if draws > 0 {
        notes.push(format!(
            "growth is uncertain: ranges are from the 5th to the 95th percentile of {draws} draws"
        ));
    }
    notes
}

/// What is needed to study one phase.
struct Study<'a> {
    arguments: &'a Arguments,
    growth: &'a [UserGrowth],
    phase: &'a Phase,
    share: u64,
    watch: &'a Spectator,
}

impl Study<'_> {
    /// What the phase bears and costs, and the requests that it took to find out.
    fn course(&self, from: f64, is_last: bool, months: f64) -> (PhaseCourse, u64) {
        let phase = self.phase;
        let stated = &phase.profile.users;
        let axis = &self.growth[0];
        let up_to = stated.iter().find(|user| user.0 == axis.population).map(|user| user.1);
        let most_ahead = (0..=months as u32).map(|m| axis.law.at(f64::from(m))).fold(0.0, f64::max);
        let first = axis.law.at(0.0).max(1.0);
        let start = up_to.unwrap_or(most_ahead).max(1.0);
        let reach = if is_last { most_ahead.max(start) } else { start.max(1.0) };
        let (mut probes, mut requests): (Vec<Probe>, u64) = (Vec::new(), 0);
        let mut at = |users: f64| -> Option<Probe> {
            let known = probes.iter().find(|probe| probe.users == users).cloned();
            if known.is_some() || interrupt::requested() {
                return known;
            }
            let month = axis.law.reaches(users).unwrap_or(0.0);
            let others = self.growth[1..].iter().map(|g| (g.population.clone(), g.law.at(month)));
            let all: Vec<(String, f64)> =
                std::iter::once((axis.population.clone(), users)).chain(others).collect();
            let profile = self.arguments.running.over(phase.with_users(&all)?);
            let probe = probe(&profile, users, self.share, self.watch);
            requests += probe.requests;
            probes.push(probe.clone());
            Some(probe)
        };
        // The cost of the months that the phase serves needs its ends.
        let lowest = from.max(first).min(start).round().max(1.0);
        at(lowest);
        // Up to twice its users, so that what it bears beyond the plan is seen too.
        let most = reach.max(2.0 * start).min(most_ahead.max(start));
        let breaks = bracket(start, (1.0, most), BREAK_PROBES, |users| match at(users) {
            Some(probe) => probe.broken,
            None => Some("no such profile".to_owned()),
        });
        probes.sort_by(|a, b| a.users.total_cmp(&b.users));
        let over_budget: Option<Bracket> =
            phase.profile.cost.budget.map(|budget| passes(&probes, budget));
        let course = PhaseCourse {
            name: phase.name.clone(),
            up_to,
            breaks,
            over_budget,
            lead_time_s: phase.profile.lead_time_s,
            planned_s: phase.profile.planned_s,
            probes,
        };
        (course, requests)
    }
}
