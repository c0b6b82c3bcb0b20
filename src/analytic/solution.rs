//! What the analytic solver says: values with their laws, and what it cannot say.

use super::bounds::Between;
use crate::program::{ClassId, ComponentId, Quantity, StationId};

/// How far a value is to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The law holds for this program as it is.
    Exact,
    /// The truth is on one side of it, or between its two ends.
    Bound,
    /// A named approximation.
    Approximation,
}

impl Status {
    /// The word that every format prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Bound => "bound",
            Self::Approximation => "approximation",
        }
    }
}

/// A result of queueing theory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Law {
    /// Its name in the field.
    pub name: &'static str,
    /// Where it stands.
    pub source: &'static str,
}

/// What a value is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// Busy share of the units.
    Utilization,
    /// Completions per second.
    Throughput,
    /// Mean number waiting and in service.
    InSystem,
    /// Standard deviation of that number over time.
    InSystemDeviation,
    /// A quantile of that number.
    InSystemQuantile(f64),
    /// Mean number waiting.
    Queue,
    /// Share of arrivals that wait.
    Waits,
    /// Mean wait of those served, seconds.
    Wait,
    /// Standard deviation of the wait of those served, seconds.
    WaitDeviation,
    /// A quantile of the wait of those served, seconds.
    WaitQuantile(f64),
    /// Mean wait of all that arrive, seconds.
    WaitAll,
    /// Mean wait and service, seconds (of the whole: latency).
    Response,
    /// Standard deviation of wait and service, seconds.
    ResponseDeviation,
    /// A quantile of wait and service, seconds.
    ResponseQuantile(f64),
    /// Share of arrivals that are sent away.
    Refused,
    /// Share of arrivals that give up waiting.
    GivesUp,
    /// Share of look-ups that hit.
    HitRatio,
    /// Mean number of servers being set up.
    SettingUp,
    /// Share of the units that are up.
    Available,
    /// Share of the time at which none is up.
    Down,
}

impl What {
    /// What kind of number it is.
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Utilization
            | Self::Waits
            | Self::Refused
            | Self::GivesUp
            | Self::HitRatio
            | Self::Available
            | Self::Down => Quantity::Ratio,
            Self::Throughput => Quantity::Rate,
            Self::InSystem
            | Self::InSystemDeviation
            | Self::InSystemQuantile(_)
            | Self::Queue
            | Self::SettingUp => Quantity::Count,
            _ => Quantity::Duration,
        }
    }

    /// The words of the reports: `wait.mean`, `response.p95`.
    pub fn name(self) -> String {
        let digits = |q: f64| format!("{}", (q * 1e6).round() / 1e6).replace("0.", "");
        let quantile = |q: f64| match digits(q) {
            text if text.len() == 1 => format!("p{text}0"),
            text => format!("p{text}"),
        };
        match self {
            Self::Utilization => "utilization".to_owned(),
            Self::Throughput => "throughput".to_owned(),
            Self::InSystem => "in_system".to_owned(),
            Self::InSystemDeviation => "in_system.sd".to_owned(),
            Self::InSystemQuantile(q) => format!("in_system.{}", quantile(q)),
            Self::Queue => "queue.length".to_owned(),
            Self::Waits => "waited.share".to_owned(),
            Self::Wait => "wait.mean".to_owned(),
            Self::WaitDeviation => "wait.sd".to_owned(),
            Self::WaitQuantile(q) => format!("wait.{}", quantile(q)),
            Self::WaitAll => "wait_all.mean".to_owned(),
            Self::Response => "response.mean".to_owned(),
            Self::ResponseDeviation => "response.sd".to_owned(),
            Self::ResponseQuantile(q) => format!("response.{}", quantile(q)),
            Self::Refused => "refused.share".to_owned(),
            Self::GivesUp => "timeouts.share".to_owned(),
            Self::HitRatio => "hit_ratio".to_owned(),
            Self::SettingUp => "setup.busy".to_owned(),
            Self::Available => "available".to_owned(),
            Self::Down => "downtime".to_owned(),
        }
    }
}

/// A number with its law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Value {
    /// Of what.
    pub what: What,
    /// Of these requests only; `None`: of all.
    pub class: Option<ClassId>,
    /// The number, in the base unit of its quantity.
    pub value: f64,
    /// How far to believe it.
    pub status: Status,
    /// Why.
    pub law: Law,
}

/// Why a law does not apply, or what a number leaves out. Ids, not names: the report knows those.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each names the part of the program that is meant")]
pub enum Obstacle {
    /// The load follows the clock: there is no steady state.
    Varying { source: usize },
    /// Many clocks, or sessions that come and go: no Poisson stream.
    Clocks { source: usize },
    /// Somebody gives up, and may come again.
    Timeout { source: usize, owner: Option<ComponentId> },
    /// A breaker fails calls by what it saw.
    Breaker { owner: Option<ComponentId> },
    /// Branches side by side.
    Parallel { source: usize },
    /// Hits depend on what was asked for before.
    Cache { owner: ComponentId },
    /// Connections above the pool's size are opened on demand.
    Overflow { station: StationId },
    /// Workers restart.
    Recycle { station: StationId },
    /// A full memory refuses, or ends everything inside.
    Memory { station: StationId },
    /// The balancer looks at the members.
    Balancer { station: StationId },
    /// Its servers break, are set up first, or go round several queues.
    Absent { station: StationId },
    /// All of it is down at times.
    Breaks { owner: ComponentId },
    /// Members come and go.
    Changing { station: StationId },
    /// A door refuses by what it reads.
    Door { source: usize },
    /// Its units are held while their holders wait for something else.
    Holder { station: StationId },
    /// Arrivals are not Poisson, and not as a law here needs them.
    Input { station: StationId },
    /// No law here knows this law of service with so many servers.
    Service { station: StationId },
    /// Offered more than it can serve: no steady state.
    Overload { station: StationId },
    /// Arrivals are sent away or give up in a network: what follows sees less.
    Loses { station: StationId },
    /// A discipline or a feature that no law here knows.
    Discipline { station: StationId },
    /// Too many clients for the exact recursion.
    Clients { source: usize },
}

/// One row of like stations.
#[derive(Clone, Debug)]
pub struct StationSolution {
    /// The first of the row.
    pub station: StationId,
    /// Members.
    pub members: u32,
    /// Arrivals per second over all members, of open streams.
    pub arrivals_per_s: f64,
    /// Mean time that one use needs a unit when its holder waits for nothing else, seconds.
    pub service_s: f64,
    /// Offered load of the open streams over all members, in units.
    pub offered: f64,
    /// Units of all members; infinite when unlimited.
    pub units: f64,
    /// Offered load over units, of open streams; ρ ≥ 1 is overload.
    pub rho: f64,
    /// Factor on the load at which it is saturated, by arithmetic; `None` when nothing open asks for
    /// it or it has no limit.
    pub saturation: Option<f64>,
    /// What laws say.
    pub values: Vec<Value>,
    /// Why not more.
    pub obstacles: Vec<Obstacle>,
}

/// One class of requests.
#[derive(Clone, Debug)]
pub struct ClassSolution {
    /// The class.
    pub class: ClassId,
    /// Requests per second offered; 0 of clients.
    pub offered_per_s: f64,
    /// Mean latency when nobody waits, seconds: no request is faster on average.
    pub alone_s: f64,
    /// What laws say: latency (`Response…`) and throughput.
    pub values: Vec<Value>,
}

/// One population of clients.
#[derive(Clone, Debug)]
pub struct ClosedSolution {
    /// The source.
    pub source: usize,
    /// How many.
    pub clients: u32,
    /// Mean pause, seconds.
    pub think_s: f64,
    /// Sum of the demands of a cycle, seconds.
    pub demand_s: f64,
    /// Population at which its asymptotes cross; infinite when it can saturate nothing.
    pub saturation: f64,
    /// The row that it saturates first.
    pub bottleneck: Option<StationId>,
    /// Cycles per second.
    pub throughput_per_s: Between,
    /// Mean response of a cycle, seconds.
    pub response_s: Between,
    /// The law of these bounds.
    pub law: Law,
    /// What laws say.
    pub values: Vec<Value>,
}

/// Where the whole saturates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knee {
    /// The first of the row that saturates first.
    pub station: StationId,
    /// Factor on the open load at which it does.
    pub factor: f64,
    /// Requests per second of all open streams there.
    pub requests_per_s: f64,
}

/// Everything that the solver says about a program.
#[derive(Clone, Debug, Default)]
pub struct Solution {
    /// Rows of stations that some request visits, in the order of the program.
    pub stations: Vec<StationSolution>,
    /// Classes of requests, by id.
    pub classes: Vec<ClassSolution>,
    /// Clients.
    pub closed: Vec<ClosedSolution>,
    /// Hit ratios of families of keys, by id.
    pub families: Vec<Option<Value>>,
    /// Look-ups per second of families of keys, by id.
    pub lookups: Vec<Option<Value>>,
    /// Calls per second of components, by id.
    pub calls: Vec<Option<Value>>,
    /// What breaks at random, by id: the share of its units that are up, and of the time at which none
    /// is.
    pub faults: Vec<(Value, Value)>,
    /// Where the open load saturates something first.
    pub knee: Option<Knee>,
    /// Requests per second of all open streams.
    pub offered_per_s: f64,
    /// What in the program no law here knows.
    pub obstacles: Vec<Obstacle>,
}
