//! What is said about a plan under growth, as plain data: when each phase breaks, and what it costs.

use serde::Serialize;

use crate::report::phases::{Amount, PhaseRun, Plan};

/// A plan under its growth.
#[derive(Clone, Debug, Serialize)]
pub struct Forecast {
    /// Version of this document's keys.
    pub schema_version: u32,
    /// Version of capplan that wrote it.
    pub capplan: String,
    /// `forecast`: tells this document from others.
    pub document: &'static str,
    /// What was asked about.
    pub scenario: Plan,
    /// The line that repeats it.
    pub run: PhaseRun,
    /// Interrupted: what follows rests on less data than was asked for.
    pub partial: bool,
    /// How the populations grow.
    pub growth: Vec<GrowthRow>,
    /// In the order of the plan.
    pub phases: Vec<ForecastPhase>,
    /// From month 0 to the end of the forecast.
    pub months: Vec<ForecastMonth>,
    /// How it was found, and what is left out.
    pub notes: Vec<String>,
}

/// The growth of one population.
#[derive(Clone, Debug, Serialize)]
pub struct GrowthRow {
    /// Its name.
    pub population: String,
    /// As it is written.
    pub law: String,
    /// Whether something in it is uncertain, so that months come with intervals.
    pub is_uncertain: bool,
}

/// One phase under growth.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastPhase {
    /// Its name in the scenario.
    pub name: String,
    /// The users that the plan has it for; `None` without users.
    pub up_to_users: Option<f64>,
    /// When that number is passed.
    pub outgrown: Moment,
    /// When its first objective breaks.
    pub breaks: Breaks,
    /// When it first costs more than its budget; `None` without a budget.
    pub over_budget: Option<Breaks>,
    /// When the next phase is needed: the first of the three.
    pub next_needed: Moment,
    /// When to start with the next phase, given its lead time; `None` for the last phase, or when the
    /// next one states no lead time.
    pub start_next: Option<Moment>,
    /// What the next phase needs, seconds: at least and at most.
    pub next_lead_time_s: Option<(f64, f64)>,
    /// When the plan has this phase, seconds: from and to.
    pub planned_s: Option<(f64, f64)>,
}

/// A time in months from the start; what does not come within the forecast has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Moment {
    /// Months from the start; below zero it is past. `None`: not within the forecast.
    pub month: Option<f64>,
    /// Earliest, where growth or the number of users is uncertain.
    pub earliest: Option<f64>,
    /// Latest; `None` beside a `month`: perhaps not within the forecast.
    pub latest: Option<f64>,
}

/// Where something breaks.
#[derive(Clone, Debug, Serialize)]
pub struct Breaks {
    /// The objective, or `cost.budget`; `None` when nothing broke at any number of users tried.
    pub what: Option<String>,
    /// Users up to whom it holds (0: at no number that was tried).
    pub holds_users: f64,
    /// Users at whom it breaks; `None` when it did not at any number tried.
    pub breaks_users: Option<f64>,
    /// When that is.
    pub when: Moment,
}

/// One month.
#[derive(Clone, Debug, Serialize)]
pub struct ForecastMonth {
    /// Months from the start.
    pub month: u32,
    /// Users of the grown population.
    pub users: f64,
    /// Lower and upper end, where growth is uncertain; equal to `users` where it is not.
    pub users_low: f64,
    #[expect(missing_docs, reason = "the other end of the range")]
    pub users_high: f64,
    /// The phase that serves them.
    pub phase: String,
    /// What it costs; `None` beyond what was simulated.
    pub cost: Option<Amount>,
    /// `holds` or what is broken: `objective`, `budget`, `both`.
    pub state: &'static str,
}
