//! What a report says, as plain data: a renderer prints it and computes nothing.
//!
//! The order of the fields is the order of the keys in the JSON document, which is a contract with
//! scripts: keys are added, never renamed or removed, unless [`SCHEMA_VERSION`] goes up. Times are in
//! seconds, sizes in bytes, ratios in 0..1, money in dollars per month. Wall time is never in it.

use serde::Serialize;

use super::figure::{Figure, Money};
use crate::verdict::Verdict;

/// Version of the JSON document.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that is said about one profile.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Version of this document's keys.
    pub schema_version: u32,
    /// Version of capplan that wrote it.
    pub capplan: String,
    /// What was asked about.
    pub profile: Subject,
    /// The line that repeats it.
    pub run: RunLine,
    /// Interrupted: what follows rests on less data than was asked for.
    pub partial: bool,
    /// The worst of what must hold: `objectives` without gates and without what people decide.
    #[serde(serialize_with = "super::json::word")]
    pub verdict: Verdict,
    /// What must hold, first.
    pub objectives: Vec<Objective>,
    /// Resources that are offered more than they can serve.
    pub overloads: Vec<Overload>,
    /// Where more capacity would help, the most first.
    pub bottlenecks: Vec<Bottleneck>,
    /// How much load it bears; `None` without an objective or a limit.
    pub headroom: Option<Headroom>,
    /// How bottlenecks and headroom were found.
    pub diagnosis: Diagnosis,
    /// Wait and service per component; `None` when nothing was sampled.
    pub time: Option<TimeSpent>,
    /// One row per traffic, then one per endpoint.
    pub traffic: Vec<TrafficRow>,
    /// One row per resource of a component.
    pub resources: Vec<ResourceRow>,
    /// Failures of requests by kind, the most frequent first.
    pub failures: Vec<FailureRow>,
    /// What it costs.
    pub cost: Cost,
    /// Alerts that the profile names.
    pub alerts: Vec<Alert>,
    /// Every metric of the catalogue that has a value.
    #[serde(serialize_with = "super::json::map")]
    pub metrics: Vec<(String, Figure)>,
    /// Requests accounted for, over all replications.
    pub balance: Balance,
    /// What the run checked about itself.
    pub checks: Vec<Check>,
    /// What the profile states without a source.
    pub assumptions: Vec<Assumption>,
    /// Defaults of the language that were used and change the answer.
    pub defaults: Vec<String>,
    /// What the model leaves out.
    pub limits: Vec<String>,
    /// What looks wrong without being an error.
    pub warnings: Vec<String>,
    /// One sentence: what to do next.
    pub next_step: String,
}

/// The profile of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// Its title.
    pub name: String,
    /// Where it was read from.
    pub file: String,
    /// Populations.
    #[serde(serialize_with = "super::json::map")]
    pub users: Vec<(String, f64)>,
    /// Overrides of the command line, as they were written.
    pub set: Vec<String>,
    /// Factor on all load.
    pub scale: f64,
}

/// How the numbers were made.
#[derive(Clone, Debug, Serialize)]
pub struct RunLine {
    /// Seed of all draws.
    pub seed: u64,
    /// Independent replications.
    pub replications: u32,
    /// Removed at the beginning of each, seconds.
    pub warmup_s: f64,
    /// Measured time of each, seconds.
    pub horizon_s: f64,
    /// Requests over all replications, warm-up included.
    pub requests: u64,
    /// Events executed in the measured time.
    pub events: u64,
    /// Rounds until it stopped.
    pub rounds: u32,
    /// Why it stopped: `decided`, `budget`, `backlog` or `interrupted`.
    pub stopped: &'static str,
    /// `steady`, `growing` (a backlog without bound), `unsettled` (it still moves), `unclear` (it
    /// moves too slowly to tell) or `transient` (the load follows the clock).
    pub state: &'static str,
    /// Level of the intervals of metrics.
    pub confidence: f64,
    /// Level of the intervals of objectives, alerts and money, widened for the repeated looks at the data:
    /// they decide verdicts.
    pub verdict_confidence: f64,
    /// The command that prints the same bytes.
    pub repeat: String,
}

/// Where a condition stands in the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Under `slo`.
    Slo,
    /// Under `claims`.
    Claim,
    /// Under `gate`: a state, not a failure.
    Gate,
    /// `--assert` on the command line.
    Assert,
    /// `cost.budget`.
    Budget,
}

impl Origin {
    /// The word that every format prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Slo => "slo",
            Self::Claim => "claim",
            Self::Gate => "gate",
            Self::Assert => "assert",
            Self::Budget => "budget",
        }
    }
}

/// Where something is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1, in characters.
    pub column: u32,
}

/// A condition and what is said of it.
#[derive(Clone, Debug, Serialize)]
pub struct Objective {
    /// Name in the profile.
    pub name: String,
    /// Where it comes from.
    pub kind: Origin,
    /// As it was written.
    pub expression: String,
    /// What is said of it.
    #[serde(serialize_with = "super::json::word")]
    pub verdict: Verdict,
    /// The measured value of its first metric (the one that decides, when there are several).
    #[serde(flatten)]
    pub measured: Figure,
    /// Why, when the interval does not say it.
    pub reason: Option<String>,
    /// What decides it, when it is undecided.
    pub remedy: Option<String>,
    /// When a condition with `for` first came true (of an objective: its violation), seconds.
    pub at_s: Option<f64>,
    /// Where it is written; `None` for one of the command line.
    pub place: Option<Location>,
}

/// A resource that is offered more than it serves.
#[derive(Clone, Debug, Serialize)]
pub struct Overload {
    /// The component.
    pub component: String,
    /// Full name of the resource (`db.pool`).
    pub resource: String,
    /// Whether its queue grows without end (else it is kept short by losing work).
    pub grows: bool,
    /// Growth of its queue, per second.
    pub growth: Figure,
    /// Asked for, per second.
    pub offered_per_s: f64,
    /// Served, per second.
    pub served_per_s: f64,
    /// Refused or timed out, per second.
    pub lost_per_s: f64,
    /// Busy share of its units.
    pub utilization: f64,
    /// The key of the profile that sizes it.
    pub sized_by: Option<String>,
}

/// A resource whose capacity decides the answer.
#[derive(Clone, Debug, Serialize)]
pub struct Bottleneck {
    /// The component.
    pub component: String,
    /// Full name of the resource.
    pub resource: String,
    /// Busy share of its units.
    pub utilization: f64,
    /// Its share of all that is waited, in 0..1.
    pub wait_share: f64,
    /// Seconds waited for it per request.
    pub waited_s: f64,
    /// Factor on the load at which it alone is saturated, by arithmetic (1.3: 30 % more; below 1 it
    /// is overloaded); `None` when nothing asks for it.
    pub headroom: Option<f64>,
    /// What more of it changes; `None` when it was not tried.
    pub effect: Option<Effect>,
    /// How this was found: `paired` runs or `observed`.
    pub method: &'static str,
    /// The key of the profile that sizes it.
    pub sized_by: Option<String>,
}

/// What more of a resource does, from two runs with the same random numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    /// Factor on its capacity.
    pub factor: f64,
    /// What the key was set to, where that is no multiple (`never`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_to: Option<&'static str>,
    /// The metric that was watched.
    pub metric: String,
    /// Its value without the change, in a run of the same length.
    pub before: Figure,
    /// And with it.
    pub after: Figure,
    /// Improvement as a share of the value before; below zero it is worse.
    pub gain: Option<f64>,
    /// Whether that is more than chance.
    pub is_significant: bool,
}

/// The load that the system bears, as factors on the load of the profile.
#[derive(Clone, Debug, Serialize)]
pub struct Headroom {
    /// Every objective holds up to this; 0 when none held at any load that was tried.
    pub holds: f64,
    /// An objective breaks at this; `None` when none broke at any load that was tried.
    pub breaks: Option<f64>,
    /// The first that breaks; `None` when this comes from arithmetic alone.
    pub objective: Option<String>,
    /// Runs that were made to find it.
    pub probes: u32,
}

/// How bottlenecks and headroom were found.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// In words.
    pub method: &'static str,
    /// The metrics that more capacity should move: those of the objectives that fail, else of the
    /// undecided, else of the tightest.
    pub metrics: Vec<String>,
    /// Requests that were spent on it, besides `run.requests`.
    pub requests: u64,
}

/// Where the time of requests goes.
#[derive(Clone, Debug, Serialize)]
pub struct TimeSpent {
    /// Requests sampled.
    pub requests: u64,
    /// Mean latency of all, seconds.
    pub mean_s: f64,
    /// Mean latency of the slowest 5 %, seconds.
    pub slowest_mean_s: f64,
    /// One row per component with a share, the largest first.
    pub components: Vec<TimeRow>,
}

/// Mean seconds per request in one component.
#[derive(Clone, Debug, Serialize)]
pub struct TimeRow {
    /// The component; `None` is what passes outside of all (delays of steps).
    pub component: Option<String>,
    /// Waited, all requests.
    pub wait_s: f64,
    /// Served, all requests.
    pub service_s: f64,
    /// Waited, slowest 5 %.
    pub slowest_wait_s: f64,
    /// Served, slowest 5 %.
    pub slowest_service_s: f64,
}

/// What one traffic or endpoint saw.
#[derive(Clone, Debug, Serialize)]
pub struct TrafficRow {
    /// Its name.
    pub name: String,
    /// `traffic` or `endpoint`.
    pub kind: &'static str,
    /// Requests offered, per second.
    pub offered: Figure,
    /// Requests that ended ok, per second.
    pub throughput: Figure,
    /// Latency of those.
    pub p50: Figure,
    #[expect(missing_docs, reason = "a quantile, as its name says")]
    pub p95: Figure,
    #[expect(missing_docs, reason = "a quantile, as its name says")]
    pub p99: Figure,
    /// Share of requests that failed.
    pub error_rate: Figure,
    /// Latencies of those that ended ok, requests by octave.
    pub latency_bins: Vec<LatencyBin>,
}

/// One bin of a distribution of latency.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LatencyBin {
    /// Upper end, seconds.
    pub up_to_s: f64,
    /// Share of the requests, in 0..1.
    pub share: f64,
}

/// What one resource went through.
#[derive(Clone, Debug, Serialize)]
pub struct ResourceRow {
    /// The component.
    pub component: String,
    /// Type of the component (`service`, `database`, …).
    pub kind: &'static str,
    /// Full name of the resource.
    pub resource: String,
    /// What one unit is called.
    pub unit: &'static str,
    /// Units there are, over all; `None` is unlimited.
    pub size: Option<f64>,
    /// Busy share of the units.
    pub utilization: Figure,
    /// Mean number waiting.
    pub queue: Figure,
    /// 95th percentile of the wait of those served.
    pub wait_p95: Figure,
    /// Sent away, over all replications.
    pub refused: u64,
    /// Gave up waiting.
    pub timeouts: u64,
}

/// One kind of failure at one traffic.
#[derive(Clone, Debug, Serialize)]
pub struct FailureRow {
    /// The traffic.
    pub traffic: String,
    /// The kind.
    pub kind: String,
    /// Requests, over all replications.
    pub count: u64,
    /// Share of that traffic's requests.
    pub share: Figure,
}

/// What it costs per month.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// One line per price.
    pub lines: Vec<CostLine>,
    /// Sum of the lines.
    pub total: Money,
    /// Ends of its interval (usage is measured).
    pub total_low: Money,
    /// `None` when too little was seen to give one.
    pub total_high: Option<Money>,
    /// Total over the users of `per`.
    pub per_user: Option<Money>,
    /// The population it is divided by.
    pub per: Option<String>,
    /// Total over thousands of requests.
    pub per_1000_requests: Option<Money>,
    /// What the profile allows.
    pub budget: Option<Money>,
    /// Share of the month with this load.
    pub load_share: f64,
    /// Components without any price: they cost nothing here, whatever they cost in truth.
    pub unpriced: Vec<String>,
}

/// One price times its quantity.
#[derive(Clone, Debug, Serialize)]
pub struct CostLine {
    /// The component, or the row under `cost.other`.
    pub name: String,
    /// `provisioned`, `usage` or `other`.
    pub kind: &'static str,
    /// How it comes about (`4 instances at $40/mo`).
    pub basis: String,
    /// Per month; `None` for usage of which nothing was seen.
    pub amount: Option<Money>,
    /// Ends of its interval; equal to it where it is stated.
    pub amount_low: Option<Money>,
    #[expect(missing_docs, reason = "the other end of the interval")]
    pub amount_high: Option<Money>,
}

/// An alert rule over the run.
#[derive(Clone, Debug, Serialize)]
pub struct Alert {
    /// Name in the profile.
    pub name: String,
    /// The worst level that fires: `quiet`, `undecided`, `warning` or `critical`.
    pub state: &'static str,
    /// The expression of that level.
    pub expression: String,
    /// First time it fired, seconds from the start of the measured time.
    pub at_s: Option<f64>,
    /// Why it is undecided.
    pub reason: Option<String>,
    /// Measured value of its first metric.
    #[serde(flatten)]
    pub measured: Figure,
}

/// Requests accounted for: inside at start + arrivals = completed + failed + inside.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Balance {
    #[expect(missing_docs, reason = "named in the equation")]
    pub inside_at_start: u64,
    #[expect(missing_docs, reason = "named in the equation")]
    pub arrivals: u64,
    #[expect(missing_docs, reason = "named in the equation")]
    pub completed: u64,
    /// By kind; kinds that did not occur are left out.
    #[serde(serialize_with = "super::json::map")]
    pub failed: Vec<(String, u64)>,
    #[expect(missing_docs, reason = "named in the equation")]
    pub inside: u64,
}

/// One thing that a run checked about itself.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it is so.
    pub ok: bool,
    /// A broken identity ends with exit code 70; others are warnings.
    pub fatal: bool,
    /// The two sides.
    pub detail: String,
    /// Of a comparison with theory: the law.
    pub law: Option<String>,
    /// Measured.
    pub simulated: Option<f64>,
    /// By the law.
    pub analytic: Option<f64>,
    /// Their difference in standard errors.
    pub z: Option<f64>,
}

/// Something the profile states without a source.
#[derive(Clone, Debug, Serialize)]
pub struct Assumption {
    /// Name in the profile.
    pub name: String,
    /// What is assumed, and why.
    pub says: String,
    /// Names or paths it influences.
    pub about: Vec<String>,
}
