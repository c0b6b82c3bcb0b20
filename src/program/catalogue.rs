//! The names of everything that can be measured, and where its value lies in the results.
//!
//! Each component registers its metrics while it is lowered; the nearest-name hints, the JSON
//! document and the reports read them from here, so no list of metrics exists twice.

use super::{
    BreakerId, ClassId, ComponentId, FamilyId, FaultId, GroupId, InstanceId, KindId, NodeId,
    SourceId, StationId,
};

/// A count of events in the results.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the metric's own word")]
pub enum Counter {
    Arrivals(ClassId),
    Ok(ClassId),
    Failed(ClassId),
    FailedAs(ClassId, KindId),
    /// Attempts of requests, the first included.
    Attempts(ClassId),
    StationArrivals(StationId),
    StationWaited(StationId),
    StationRefused(StationId),
    StationTimeouts(StationId),
    StationServed(StationId),
    Calls(ComponentId),
    CallsFailed(ComponentId),
    CallsFailedAs(ComponentId, KindId),
    Lookups(FamilyId),
    Hits(FamilyId),
    Evictions(NodeId),
    /// Breakdowns of what breaks at random.
    Breakdowns(FaultId),
    MemoryKills(InstanceId),
    Recycles(InstanceId),
    SessionsStarted(SourceId),
    SessionsDropped(SourceId),
    SessionsRefused(SourceId),
    /// Times that members were added to a group.
    ScaledUp(GroupId),
    /// Times that members were removed.
    ScaledDown(GroupId),
}

/// A level over time in the results.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the metric's own word")]
pub enum Gauge {
    InFlight(ClassId),
    /// Requests that pause before their client's next attempt.
    Retrying(ClassId),
    /// Units in use, or work rate of a processor, or bytes of a memory, or occupied places of a crew.
    Busy(StationId),
    /// Units there are (cores, limit in bytes, workers · places of a crew).
    Size(StationId),
    /// Tasks waiting.
    Queue(StationId),
    /// Waiting and in service.
    InSystem(StationId),
    /// 1 while all units are in use.
    Full(StationId),
    CacheBytes(NodeId),
    Keys(NodeId),
    Sessions(SourceId),
    /// Servers being set up.
    Setup(StationId),
    /// Units of a fault that are up.
    UnitsUp(FaultId),
    /// 1 while all units of a fault are down.
    Broken(FaultId),
    /// 1 while the breaker lets nothing through.
    BreakerOpen(BreakerId),
    /// 1 while the instance is down.
    Down(InstanceId),
    /// Workers of the instance that take work.
    Available(InstanceId),
    /// Members of a group that are paid for (booting, up or draining), times what each has.
    Provisioned {
        group: GroupId,
        each: f64,
    },
    Constant(f64),
}

/// What a metric's value is computed from.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    /// Latency of requests: of those that ended ok, or of all.
    Latency {
        /// Classes pooled.
        classes: Vec<ClassId>,
        /// Failures too, with the time until they failed.
        all: bool,
    },
    /// Response time of a component as its callers see it.
    Response(ComponentId),
    /// Time in queue of those served, or of all that arrived.
    Wait {
        /// Stations pooled.
        stations: Vec<StationId>,
        /// Those that gave up too.
        all: bool,
    },
    /// Response of a visit over its own demand (the service it would get alone).
    Slowdown(Vec<StationId>),
    /// What requests of some classes alone add to another measure (`metric@endpoint`).
    Part {
        /// The classes.
        classes: Vec<ClassId>,
        /// Of what.
        of: Box<Measure>,
    },
    /// Sum of counters.
    Count(Vec<Counter>),
    /// Sum of counters per second.
    Rate(Vec<Counter>),
    /// Sum of usage amounts of a component per second (bytes, or seconds of a call's `amount`).
    Usage(ComponentId),
    /// Ratio of two sums of counters; undefined without data.
    Share(Vec<Counter>, Vec<Counter>),
    /// Sum of levels, over the sum of `per` when that is not empty.
    Level {
        /// Levels added up.
        of: Vec<Gauge>,
        /// What they are a share of.
        per: Vec<Gauge>,
    },
}

impl Measure {
    /// Whether a statistic (`mean`, `p95`, …) must follow the name.
    pub fn is_distribution(&self) -> bool {
        match self {
            Self::Latency { .. } | Self::Response(_) | Self::Wait { .. } | Self::Slowdown(_) => {
                true
            }
            Self::Part { of, .. } => of.is_distribution(),
            _ => false,
        }
    }
}

/// What a value is, which decides how it is written and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Seconds.
    Duration,
    /// Per second.
    Rate,
    /// A pure share or ratio.
    Ratio,
    /// A number of things.
    Count,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Bandwidth,
    /// Money (per month).
    Money,
}

/// A named metric, without its statistic.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Full name without statistic: `api.latency`, `db.pool.utilization`.
    pub name: String,
    /// Where the value lies.
    pub measure: Measure,
    /// What the value is.
    pub quantity: Quantity,
}

/// A resource as bottleneck reports see it: a row of like stations under one name.
#[derive(Clone, Debug)]
pub struct ResourceView {
    /// `db.pool`, `app.cpu`, `jobs`.
    pub name: String,
    /// The component.
    pub component: ComponentId,
    /// All stations of the row.
    pub stations: Vec<StationId>,
    /// The path in the profile that sizes it (`components.db.pool.size`), for advice.
    pub sized_by: Option<String>,
    /// What one unit is called (`connection`, `core`, `worker`, `call/s`).
    pub unit: &'static str,
}

/// Names of a component and what it was lowered to.
#[derive(Clone, Debug)]
pub struct ComponentNames {
    /// Name in the profile.
    pub name: String,
    /// Its type word (`service`, `database`, …).
    pub kind: &'static str,
}

/// All names of a program.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is the table of names of the ids of that kind")]
pub struct Catalogue {
    pub metrics: Vec<Metric>,
    pub resources: Vec<ResourceView>,
    pub components: Vec<ComponentNames>,
    pub traffic: Vec<String>,
    pub endpoints: Vec<String>,
    pub kinds: Vec<String>,
    pub sources: Vec<String>,
    /// Classes with the positions of their traffic and of their endpoint.
    pub classes: Vec<(ClassId, usize, usize)>,
}

impl Catalogue {
    /// The metric of exactly this name (without statistic).
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.name == name)
    }
}
