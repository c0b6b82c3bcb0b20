//! What one replication measured: plain data, one record per id of the program, with merge.
//!
//! Nothing here knows what a name or a verdict is. Times are in seconds of simulated time.

use crate::stats::{Spread, Tally};

/// A level over time: its integral, its largest value and its square's integral.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// ∫ level dt over the measured time.
    pub integral: f64,
    /// ∫ level² dt.
    pub square: f64,
    /// Largest value.
    pub max: f64,
    /// Value when measurement began.
    pub at_start: f64,
    /// Value when it ended.
    pub at_end: f64,
}

/// One class of requests (traffic and endpoint).
#[derive(Clone, Debug, Default)]
pub struct ClassRecord {
    /// Requests that arrived.
    pub arrivals: u64,
    /// Attempts, the first of each request included.
    pub attempts: u64,
    /// Latency of those that ended ok, seconds.
    pub ok: Tally,
    /// Time until failure of the others, seconds.
    pub failed: Tally,
    /// Failures by kind.
    pub failures: Vec<u64>,
    /// Requests in flight.
    pub in_flight: Level,
    /// Requests that pause before their client's next attempt.
    pub retrying: Level,
    /// Σ residence inside the measured time, seconds: equals the integral of `in_flight`, measured
    /// by its own path.
    pub residence_s: f64,
}

/// One station.
#[derive(Clone, Debug, Default)]
pub struct StationRecord {
    /// Tasks that asked for it.
    pub arrivals: u64,
    /// Those that had to wait.
    pub waited: u64,
    /// Those sent away because the queue was full (or the limit was spent).
    pub refused: u64,
    /// Those whose patience ended.
    pub timeouts: u64,
    /// Those that got a unit.
    pub served: u64,
    /// Units in use (processor: cores at work; memory: bytes).
    pub busy: Level,
    /// Units there are (cores, limit in bytes, workers · places); infinite when unlimited.
    pub size: Level,
    /// Tasks waiting.
    pub queue: Level,
    /// Seconds with all units in use.
    pub full_s: f64,
    /// Wait of those served, seconds.
    pub wait: Tally,
    /// Wait of those that gave up or were cancelled, seconds.
    pub abandoned: Tally,
    /// Servers being set up.
    pub setup: Level,
    /// Response over own demand, of stations where that is asked for.
    pub slowdown: Tally,
    /// Σ of service given to each task within the measured time (units · seconds; a processor's in
    /// its unit of work), measured where services begin and end: equals the integral of `busy`,
    /// which is measured where units are taken and given back. Zero for limits and memories.
    pub given_s: f64,
    /// Σ of waits within the measured time, of those that still wait too: equals the integral of
    /// `queue`. `None` where the queue is no list of tasks.
    pub waited_s: Option<f64>,
    /// Σ of service as it was drawn, without what was not given (yet): equals the integral of `busy`.
    /// `None` where units are held for as long as it takes.
    pub asked_s: Option<f64>,
    /// What rounding to whole nanoseconds may make of `asked_s`.
    pub rounding_s: f64,
    /// Units in use at the end, counted at those who hold them: equals the end of `busy`. `None` where
    /// nothing is held.
    pub held: Option<u64>,
}

/// One component.
#[derive(Clone, Debug, Default)]
pub struct ComponentRecord {
    /// Calls that began.
    pub calls: u64,
    /// Response time of those that ended ok, seconds.
    pub response: Tally,
    /// Failures raised here, by kind.
    pub failures: Vec<u64>,
    /// Σ of the calls' amounts (seconds or bytes).
    pub amount: f64,
}

/// One family of cache keys.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct FamilyRecord {
    pub lookups: u64,
    pub hits: u64,
}

/// One cache node.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct NodeRecord {
    pub evictions: u64,
    pub fills: u64,
    pub expiries: u64,
    pub deletes: u64,
    pub bytes: Level,
    pub keys: Level,
}

/// One instance of a service.
#[derive(Clone, Copy, Debug, Default)]
pub struct InstanceRecord {
    /// Deaths by a full memory.
    pub memory_kills: u64,
    /// Worker restarts by request count.
    pub recycles: u64,
    /// Seconds down.
    pub down_s: f64,
    /// Workers that take work: neither draining nor booting.
    pub available: Level,
}

/// One group of instances.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupRecord {
    /// Members that are paid for: booting, up or draining.
    pub provisioned: Level,
    /// Times that members were added.
    pub ups: u64,
    /// Times that members were removed.
    pub downs: u64,
}

/// One source of sessions.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each is what its name says")]
pub struct SessionRecord {
    pub started: u64,
    pub ended: u64,
    pub dropped: u64,
    pub refused: u64,
    pub active: Level,
    /// Bytes pushed to clients.
    pub pushed_bytes: f64,
}

/// Where the time of requests goes: per coarse bin of latency, mean seconds waited and served per
/// component, from a fixed sample of requests.
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    /// Per latency bin (see [`Attribution::bin`]): requests sampled.
    pub requests: Vec<u64>,
    /// Per bin, Σ latency, seconds.
    pub latency_s: Vec<f64>,
    /// Per bin and component: Σ (waited, served) seconds; index `bin · components + component`.
    pub spent_s: Vec<(f64, f64)>,
}

impl Level {
    /// The level times a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            integral: self.integral * factor,
            square: self.square * factor * factor,
            max: self.max * factor,
            at_start: self.at_start * factor,
            at_end: self.at_end * factor,
        }
    }

    /// A level that kept its value over `time_s` seconds.
    pub const fn constant(value: f64, time_s: f64) -> Self {
        Self {
            integral: value * time_s,
            square: value * value * time_s,
            max: value,
            at_start: value,
            at_end: value,
        }
    }
}

impl Attribution {
    /// Bins per doubling of latency.
    pub const PER_OCTAVE: f64 = 8.0;
    /// Number of bins: from 1 µs up, 40 doublings.
    pub const BINS: usize = 320;

    /// The bin of a latency in seconds.
    pub fn bin(latency_s: f64) -> usize {
        let octaves = (latency_s.max(1e-6) / 1e-6).log2() * Self::PER_OCTAVE;
        (octaves as usize).min(Self::BINS - 1)
    }
}

/// Requests accounted for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// In flight when measurement began.
    pub inside_at_start: u64,
    /// Arrived since.
    pub arrivals: u64,
    /// Ended ok.
    pub completed: u64,
    /// Ended by each kind of failure.
    pub failed: Vec<u64>,
    /// In flight at the end, counted one by one.
    pub inside: u64,
}

impl Balance {
    /// Inside at start + arrivals = completed + failed + inside at end.
    pub fn holds(&self) -> bool {
        self.inside_at_start + self.arrivals
            == self.completed + self.failed.iter().sum::<u64>() + self.inside
    }
}

/// Everything one replication measured.
#[derive(Clone, Debug, Default)]
pub struct Replication {
    /// Measured time, seconds.
    pub time_s: f64,
    /// Removed before it, seconds.
    pub warmup_s: f64,
    /// Events executed in the measured time.
    pub events: u64,
    /// By `ClassId`.
    pub classes: Vec<ClassRecord>,
    /// By `StationId`.
    pub stations: Vec<StationRecord>,
    /// By `ComponentId`.
    pub components: Vec<ComponentRecord>,
    /// By `FamilyId`.
    pub families: Vec<FamilyRecord>,
    /// By `NodeId`.
    pub nodes: Vec<NodeRecord>,
    /// By `InstanceId`.
    pub instances: Vec<InstanceRecord>,
    /// By `GroupId`.
    pub groups: Vec<GroupRecord>,
    /// By `SourceId` (zero for sources that have no sessions).
    pub sessions: Vec<SessionRecord>,
    /// By `BreakerId`: seconds open.
    pub breakers_open_s: Vec<f64>,
    /// Where the time goes.
    pub attribution: Attribution,
    /// Requests accounted for.
    pub balance: Balance,
    /// Per tracked measure: its value in each complete window, `None` without data. For a
    /// distribution the values are those of the statistic asked for.
    pub windows: Vec<Vec<Option<f64>>>,
    /// Levels whose spread over time was asked for, by the number that stands for the measure.
    pub spreads: Vec<(u64, Spread)>,
    /// Levels at moments that were asked for and reached.
    pub instants: Vec<Moment>,
    /// Parts of the measured time that were asked for and reached.
    pub parts: Vec<Part>,
    /// Classes that are told apart at a station.
    pub shares: Vec<StationShare>,
    /// Classes whose calls of a component are told apart.
    pub calls: Vec<CallShare>,
    /// By `FaultId`.
    pub faults: Vec<FaultRecord>,
    /// Per observed batch of time (for warm-up detection): requests ended, Σ latency of them, mean in
    /// flight.
    pub batches: Vec<Batch>,
}

/// What breaks by itself: the servers of a station, or a component as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct FaultRecord {
    /// Breakdowns.
    pub count: u64,
    /// Units that are up.
    pub available: Level,
    /// 1 while all are down.
    pub broken: Level,
}

/// A level at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The number that stands for the measure.
    pub key: u64,
    /// When, ns from the beginning of the measured time.
    pub at_ns: u64,
    /// The level.
    pub value: f64,
}

/// A part of the measured time.
#[derive(Clone, Debug)]
pub struct Part {
    /// From when, ns from the beginning of the measured time.
    pub from_ns: u64,
    /// Until when.
    pub to_ns: u64,
    /// What was measured in it.
    pub measured: Replication,
}

/// What the requests of one class did at a station.
#[derive(Clone, Debug)]
pub struct StationShare {
    /// Index of the station.
    pub station: u32,
    /// Index of the class.
    pub class: u16,
    /// What was measured; its size is the station's.
    pub record: StationRecord,
}

/// The calls of a component by requests of one class.
#[derive(Clone, Debug)]
pub struct CallShare {
    /// Index of the component.
    pub component: u16,
    /// Index of the class.
    pub class: u16,
    /// Calls that began.
    pub calls: u64,
    /// Response time of those that ended ok, seconds.
    pub response: Tally,
}

/// One batch of the warm-up series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Batch {
    /// Requests that ended in it, ok or not.
    pub ended: u64,
    /// Σ of their latencies, seconds.
    pub latency_s: f64,
    /// Mean number of requests in flight.
    pub in_flight: f64,
}

impl Level {
    /// What happened after `earlier`, a snapshot of the same level. The maximum is that of the whole
    /// time: a part's own is not kept.
    fn since(&self, earlier: &Self) -> Self {
        Self {
            integral: self.integral - earlier.integral,
            square: self.square - earlier.square,
            max: self.max,
            at_start: earlier.at_end,
            at_end: self.at_end,
        }
    }
}

fn tally_since(now: &Tally, earlier: &Tally) -> Tally {
    let mut part = now.clone();
    part.subtract(earlier);
    part
}

fn counts_since(now: &[u64], earlier: &[u64]) -> Vec<u64> {
    now.iter().zip(earlier).map(|(a, b)| a - b).collect()
}

impl StationRecord {
    fn since(&self, earlier: &Self) -> Self {
        let (a, b) = (self, earlier);
        Self {
            arrivals: a.arrivals - b.arrivals,
            waited: a.waited - b.waited,
            refused: a.refused - b.refused,
            timeouts: a.timeouts - b.timeouts,
            served: a.served - b.served,
            busy: a.busy.since(&b.busy),
            size: a.size.since(&b.size),
            queue: a.queue.since(&b.queue),
            full_s: a.full_s - b.full_s,
            wait: tally_since(&a.wait, &b.wait),
            abandoned: tally_since(&a.abandoned, &b.abandoned),
            setup: a.setup.since(&b.setup),
            slowdown: tally_since(&a.slowdown, &b.slowdown),
            given_s: a.given_s - b.given_s,
            // The accounts of the self-checks are those of the whole time.
            waited_s: None,
            asked_s: None,
            rounding_s: 0.0,
            held: None,
        }
    }
}

impl Replication {
    /// What was measured after `earlier`, a snapshot of the same replication since the same reset.
    /// Attribution, balance, windows, batches, instants and parts are left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            time_s: self.time_s - earlier.time_s,
            warmup_s: earlier.warmup_s + earlier.time_s,
            events: self.events - earlier.events,
            classes: self
                .classes
                .iter()
                .zip(&earlier.classes)
                .map(|(a, b)| ClassRecord {
                    arrivals: a.arrivals - b.arrivals,
                    attempts: a.attempts - b.attempts,
                    ok: tally_since(&a.ok, &b.ok),
                    failed: tally_since(&a.failed, &b.failed),
                    failures: counts_since(&a.failures, &b.failures),
                    in_flight: a.in_flight.since(&b.in_flight),
                    retrying: a.retrying.since(&b.retrying),
                    residence_s: a.residence_s - b.residence_s,
                })
                .collect(),
            stations: self
                .stations
                .iter()
                .zip(&earlier.stations)
                .map(|(a, b)| a.since(b))
                .collect(),
            components: self
                .components
                .iter()
                .zip(&earlier.components)
                .map(|(a, b)| ComponentRecord {
                    calls: a.calls - b.calls,
                    response: tally_since(&a.response, &b.response),
                    failures: counts_since(&a.failures, &b.failures),
                    amount: a.amount - b.amount,
                })
                .collect(),
            families: self
                .families
                .iter()
                .zip(&earlier.families)
                .map(|(a, b)| FamilyRecord {
                    lookups: a.lookups - b.lookups,
                    hits: a.hits - b.hits,
                })
                .collect(),
            nodes: self
                .nodes
                .iter()
                .zip(&earlier.nodes)
                .map(|(a, b)| NodeRecord {
                    evictions: a.evictions - b.evictions,
                    fills: a.fills - b.fills,
                    expiries: a.expiries - b.expiries,
                    deletes: a.deletes - b.deletes,
                    bytes: a.bytes.since(&b.bytes),
                    keys: a.keys.since(&b.keys),
                })
                .collect(),
            instances: self
                .instances
                .iter()
                .zip(&earlier.instances)
                .map(|(a, b)| InstanceRecord {
                    memory_kills: a.memory_kills - b.memory_kills,
                    recycles: a.recycles - b.recycles,
                    down_s: a.down_s - b.down_s,
                    available: a.available.since(&b.available),
                })
                .collect(),
            groups: self
                .groups
                .iter()
                .zip(&earlier.groups)
                .map(|(a, b)| GroupRecord {
                    provisioned: a.provisioned.since(&b.provisioned),
                    ups: a.ups - b.ups,
                    downs: a.downs - b.downs,
                })
                .collect(),
            sessions: self
                .sessions
                .iter()
                .zip(&earlier.sessions)
                .map(|(a, b)| SessionRecord {
                    started: a.started - b.started,
                    ended: a.ended - b.ended,
                    dropped: a.dropped - b.dropped,
                    refused: a.refused - b.refused,
                    active: a.active.since(&b.active),
                    pushed_bytes: a.pushed_bytes - b.pushed_bytes,
                })
                .collect(),
            breakers_open_s: self
                .breakers_open_s
                .iter()
                .zip(&earlier.breakers_open_s)
                .map(|(a, b)| a - b)
                .collect(),
            spreads: self
                .spreads
                .iter()
                .zip(&earlier.spreads)
                .map(|(a, b)| {
                    let mut part = a.clone();
                    part.1.subtract(&b.1);
                    part
                })
                .collect(),
            faults: self
                .faults
                .iter()
                .zip(&earlier.faults)
                .map(|(a, b)| FaultRecord {
                    count: a.count - b.count,
                    available: a.available.since(&b.available),
                    broken: a.broken.since(&b.broken),
                })
                .collect(),
            shares: self
                .shares
                .iter()
                .zip(&earlier.shares)
                .map(|(a, b)| StationShare { record: a.record.since(&b.record), ..*a })
                .collect(),
            calls: self
                .calls
                .iter()
                .zip(&earlier.calls)
                .map(|(a, b)| CallShare {
                    calls: a.calls - b.calls,
                    response: tally_since(&a.response, &b.response),
                    ..*a
                })
                .collect(),
            ..Self::default()
        }
    }
}
