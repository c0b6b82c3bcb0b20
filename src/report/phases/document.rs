//! What is said about the phases of a plan, as plain data: the cost table, and what the plan promised.
//!
//! The order of the fields is the order of the keys in the JSON document. As in [`Report`], keys are
//! added, never renamed or removed, unless the schema version goes up; money is in dollars per month,
//! times in seconds, ratios in 0..1. Wall time is never in it.

use serde::Serialize;

use crate::report::{Figure, Money, Objective, Report};
use crate::verdict::Verdict;

/// The phases of one plan, or several profiles side by side.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseTable {
    /// Version of this document's keys.
    pub schema_version: u32,
    /// Version of capplan that wrote it.
    pub capplan: String,
    /// `phases`: tells this document from a report.
    pub document: &'static str,
    /// What was asked about.
    pub scenario: Plan,
    /// The line that repeats it.
    pub run: PhaseRun,
    /// Interrupted: what follows rests on less data than was asked for.
    pub partial: bool,
    /// The worst of all phases: objectives, claims, promises, budgets; gates are states.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// In the order of the plan.
    pub phases: Vec<PhaseRow>,
    /// What holds for the whole table: how it was made, and what is left out.
    pub notes: Vec<String>,
}

/// The scenario of a table.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Its title.
    pub name: String,
    /// Where it was read from: the scenario, or all profiles.
    pub files: Vec<String>,
    /// Overrides of the command line, as they were written.
    pub set: Vec<String>,
    /// Factor on all load.
    pub scale: f64,
}

/// How the table was made.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseRun {
    /// Seed of all draws (that of the first phase; each report has its own).
    pub seed: u64,
    /// The budget of requests for the whole table; every end of every phase has an equal share.
    pub max_requests: u64,
    /// Requests that were simulated, those of bottlenecks and headroom included.
    pub requests: u64,
    /// The command that prints the same bytes.
    pub repeat: String,
}

/// One phase.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseRow {
    /// Its name in the scenario, or the profile's title.
    pub name: String,
    /// The population that users are counted of; `None` when the profile has none.
    pub per: Option<String>,
    /// Both ends together: objectives, claims, promises, budget.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// The lower end, where users are a range.
    pub low: Option<PhaseEnd>,
    /// The upper end, or the only one.
    pub high: PhaseEnd,
    /// How many users it bears; `None` without an objective or a limit.
    pub headroom: Option<PhaseHeadroom>,
    /// What is different from the phase before, upper end against upper end.
    pub change: Option<PhaseChange>,
    /// Rows of the plan, beside what was simulated.
    pub promises: Vec<PromiseRow>,
    /// Claims of the plan, judged at both ends (`@low`, `@high` where there are two).
    pub claims: Vec<Objective>,
    /// When the next phase may begin; `None` when the plan does not say.
    pub gate: Option<Gate>,
    /// What this phase needs from decision to service, seconds: at least and at most.
    pub lead_time_s: Option<(f64, f64)>,
    /// When the plan has it, seconds from the start of the plan: from and to.
    pub planned_s: Option<(f64, f64)>,
}

/// One phase with one number of users.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseEnd {
    /// Users of the population of `per`.
    pub users: Option<f64>,
    /// Its objectives, claims and budget.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// The traffic whose latency and errors these are: that of the first latency objective, else the
    /// first traffic.
    pub of: Option<String>,
    /// Latency of its requests that ended ok.
    pub p95: Figure,
    #[expect(missing_docs, reason = "a quantile, as its name says")]
    pub p99: Figure,
    /// Share of its requests that failed.
    pub error_rate: Figure,
    /// What holds it back most.
    pub bottleneck: Option<TopBottleneck>,
    /// What it costs per month.
    pub cost: PhaseCost,
    /// Everything else that is known about it.
    pub report: Report,
}

/// The resource that holds a phase back most.
#[derive(Clone, Debug, Serialize)]
pub struct TopBottleneck {
    /// Full name of the resource (`db.pool`).
    pub resource: String,
    /// Busy share of its units.
    pub utilization: f64,
    /// The key of the profile that sizes it.
    pub sized_by: Option<String>,
}

/// What one end of a phase costs per month.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseCost {
    /// All that is not paid to external services: units, their traffic and storage, other rows.
    pub infrastructure: Amount,
    /// All that is paid to components of type `external`.
    pub api: Amount,
    /// The sum.
    pub total: Amount,
    /// Total over the users of `per`.
    pub per_user: Option<Amount>,
    /// Total over the population `active`, where users are counted of another one.
    pub per_active_user: Option<Amount>,
    /// Total over the sessions that began in a month.
    pub per_session: Option<Amount>,
    /// Total over thousands of requests.
    pub per_1000_requests: Option<Amount>,
    /// What the profile allows.
    pub budget: Option<Money>,
    /// What the next 1000 users would cost; `None` without users.
    pub next_1000_users: Option<Marginal>,
    /// Components without any price: they cost nothing here, whatever they cost in truth.
    pub unpriced: Vec<String>,
}

/// An amount of money with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Dollars.
    pub value: Money,
    /// Lower end; equal to `value` where it is stated.
    pub low: Money,
    /// Upper end; `None` when too little was seen to give one.
    pub high: Option<Money>,
    /// Whether simulated usage is part of it.
    pub simulated: bool,
}

/// The difference that more users make.
#[derive(Clone, Debug, Serialize)]
pub struct Marginal {
    /// Dollars per month more.
    pub amount: Amount,
    /// How it was found.
    pub method: &'static str,
}

/// The number of users at which the first objective breaks.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseHeadroom {
    /// Users up to whom every objective holds; `None` when users move no load (then `factor_*` say it).
    pub holds: Option<f64>,
    /// Users at whom one breaks; `None` when none broke at any number that was tried.
    pub breaks: Option<f64>,
    /// The same as factors on the upper end.
    pub factor_holds: f64,
    #[expect(missing_docs, reason = "the other end of the bracket")]
    pub factor_breaks: Option<f64>,
    /// The objective that breaks first; `None` when this comes from arithmetic alone.
    pub objective: Option<String>,
    /// Runs that were made to find it.
    pub probes: u32,
}

/// What is different from the phase before.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseChange {
    /// The phase before.
    pub since: String,
    /// Factor on the users; `None` without users in both.
    pub users: Option<f64>,
    /// Change of the 95th percentile as a share of it (0.1: 10 % slower).
    pub p95: Option<f64>,
    /// Change of the error rate, in absolute terms.
    pub error_rate: Option<f64>,
    /// Change of the total, dollars per month.
    pub total: Money,
    /// The same as a share of the total before; `None` when that was nothing.
    pub total_share: Option<f64>,
    /// Change of the cost per user, dollars per month.
    pub per_user: Option<Money>,
}

/// A row of the plan, beside what was simulated.
#[derive(Clone, Debug, Serialize)]
pub struct PromiseRow {
    /// Its name in the scenario.
    pub id: String,
    /// Whether what was simulated costs no more than promised, at both ends.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// One entry per amount of the row.
    pub items: Vec<PromisedItem>,
    /// Whether the numbers of the row fit each other.
    pub arithmetic: Vec<Arithmetic>,
}

/// An amount that a plan promised.
#[derive(Clone, Debug, Serialize)]
pub struct PromisedItem {
    /// `infrastructure`, `api`, `total`, `per_user`, or the name of a part.
    pub what: String,
    /// The range that the plan gives, dollars per month.
    pub plan_low: Money,
    #[expect(missing_docs, reason = "the other end of the range")]
    pub plan_high: Money,
    /// Simulated at the lower end of the users, where they are a range.
    pub low: Option<Amount>,
    /// Simulated at the upper end; `None` when the profile has no such part.
    pub high: Option<Amount>,
    /// Where `low` lies: `below`, `within`, `above`, `undecided`; `unknown` when it is not measured.
    pub low_lies: Option<&'static str>,
    /// Where `high` lies.
    pub high_lies: &'static str,
    /// Above is a broken promise; below and within are kept ones.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
}

/// A check of the plan's own numbers against each other; nothing is simulated for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arithmetic {
    /// What was checked: `total = infrastructure + api`, `per_user = total / users`.
    pub what: String,
    /// `reproduced` or `contradicted`.
    pub result: &'static str,
    /// The numbers, in one sentence.
    pub says: String,
}

/// When the next phase may begin, judged at the upper end.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    /// Of the criteria that can be simulated: all of them hold, one does not, or one is undecided.
    /// It is a state, not a failure.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// Criteria that were judged.
    pub criteria: Vec<Objective>,
    /// What people have to decide.
    pub checklist: Vec<ChecklistItem>,
}

/// A criterion that no simulation can judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChecklistItem {
    /// Its name in the scenario.
    pub name: String,
    /// What is to be decided.
    pub says: String,
}
