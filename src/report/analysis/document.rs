//! What an analysis says, as plain data: a renderer prints it and computes nothing.
//!
//! The order of the fields is the order of the keys in the JSON document; keys are added, never
//! renamed or removed, unless the version of the documents goes up.

use serde::Serialize;

use crate::report::{Assumption, Subject};

/// Everything that theory says about one profile.
#[derive(Clone, Debug, Serialize)]
pub struct Analysis {
    /// Version of this document's keys.
    pub schema_version: u32,
    /// Version of capplan that wrote it.
    pub capplan: String,
    /// What was asked about.
    pub profile: Subject,
    /// The command that prints the same bytes.
    pub repeat: String,
    /// One sentence: what saturates first, and when.
    pub headline: String,
    /// Where the open load saturates something first; `None` without open load or limits.
    pub knee: Option<KneeRow>,
    /// One row per resource that some request visits.
    pub resources: Vec<AnalysisRow>,
    /// One row per traffic and endpoint.
    pub traffic: Vec<LatencyRow>,
    /// One row per population of clients.
    pub clients: Vec<ClientsRow>,
    /// Hit ratios per family of keys.
    pub caches: Vec<CacheRow>,
    /// The laws that were used, with their sources.
    pub laws: Vec<LawRow>,
    /// What no law here knows, and why.
    pub cannot_say: Vec<String>,
    /// What the profile states without a source.
    pub assumptions: Vec<Assumption>,
    /// Defaults of the language that were used and change the answer.
    pub defaults: Vec<String>,
    /// What looks wrong without being an error.
    pub warnings: Vec<String>,
}

/// Where something is saturated first.
#[derive(Clone, Debug, Serialize)]
pub struct KneeRow {
    /// Full name of the resource.
    pub resource: String,
    /// Factor on the open load.
    pub factor: f64,
    /// Requests per second there.
    pub requests_per_s: f64,
    /// A population at which it happens, when the profile's load follows one: its name.
    pub population: Option<String>,
    /// How many of them.
    pub users: Option<f64>,
    /// The key of the profile that sizes the resource.
    pub sized_by: Option<String>,
}

/// A number with its law.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ValueRow {
    /// Of what: `wait.mean`, `response.p95`.
    pub name: String,
    /// Endpoint that it is of; `None` is all.
    pub of: Option<String>,
    /// The number.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// `exact`, `bound` or `approximation`.
    pub status: &'static str,
    /// Name of its law.
    pub law: &'static str,
}

/// One resource.
#[derive(Clone, Debug, Serialize)]
pub struct AnalysisRow {
    /// The component.
    pub component: String,
    /// Type of the component.
    pub kind: &'static str,
    /// Full name of the resource.
    pub resource: String,
    /// What one unit is called.
    pub unit: &'static str,
    /// Units there are, over all; `None` is unlimited.
    pub size: Option<f64>,
    /// Uses per second, of open traffic.
    pub arrivals_per_s: f64,
    /// Mean time that one use needs a unit when nothing else is waited for, seconds.
    pub service_s: f64,
    /// Units' worth of work that is asked for by open traffic; `null` for rate limits.
    pub offered: f64,
    /// That over the units; above 1 is overload. `None` without limit.
    pub utilization: Option<f64>,
    /// Factor on the open load at which it is saturated.
    pub saturation: Option<f64>,
    /// `exact`, `approximation`, or `None` where no law says anything of its queue.
    pub status: Option<&'static str>,
    /// The law of its queue.
    pub law: Option<&'static str>,
    /// What the law says.
    pub values: Vec<ValueRow>,
    /// Why there is nothing exact.
    pub because: Option<String>,
}

/// Latency of one kind of requests.
#[derive(Clone, Debug, Serialize)]
pub struct LatencyRow {
    /// The traffic.
    pub traffic: String,
    /// The endpoint.
    pub endpoint: String,
    /// Requests per second offered; `None` of clients, whose rate follows their answers.
    pub offered_per_s: Option<f64>,
    /// Mean latency when nobody waits, seconds: a lower bound.
    pub alone_s: f64,
    /// What laws say of the latency.
    pub values: Vec<ValueRow>,
}

/// One population of clients.
#[derive(Clone, Debug, Serialize)]
pub struct ClientsRow {
    /// The traffic.
    pub traffic: String,
    /// How many.
    pub clients: u32,
    /// Mean pause, seconds.
    pub think_s: f64,
    /// Mean work of a cycle, seconds.
    pub demand_s: f64,
    /// Population beyond which some wait is certain; `None` when nothing can be saturated.
    pub saturation_clients: Option<f64>,
    /// The resource that they saturate first.
    pub bottleneck: Option<String>,
    /// Cycles per second, at least.
    pub throughput_low_per_s: f64,
    /// And at most.
    pub throughput_high_per_s: Option<f64>,
    /// Mean response, at least, seconds.
    pub response_low_s: f64,
    /// And at most; `None` without a bound.
    pub response_high_s: Option<f64>,
    /// The law of these bounds.
    pub bounds: &'static str,
    /// What laws say.
    pub values: Vec<ValueRow>,
}

/// One family of keys.
#[derive(Clone, Debug, Serialize)]
pub struct CacheRow {
    /// Its metric: `redis.meetings.hit_ratio`.
    pub name: String,
    /// Share of look-ups that hit.
    pub hit_ratio: f64,
    /// `exact` or `approximation`.
    pub status: &'static str,
    /// Name of its law.
    pub law: &'static str,
}

/// A law that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LawRow {
    /// Its name.
    pub name: &'static str,
    /// Where it stands.
    pub source: &'static str,
    /// What it is used for: resources, endpoints, traffic, families of keys.
    pub of: Vec<String>,
}
