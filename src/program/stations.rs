//! Places where tasks wait or are served, and what breaks them.

use super::{ComponentId, DrawId, InstanceId, Kind, KindId, Program, StationId};

/// A place where tasks wait or are served.
#[derive(Clone, Debug)]
pub struct Station {
    /// What it is.
    pub kind: StationKind,
    /// The component it belongs to.
    pub owner: ComponentId,
    /// The instance it dies with.
    pub instance: Option<InstanceId>,
}

impl Station {
    /// Units there are: of a rate limit its tokens per second; infinite when unlimited.
    pub fn size(&self) -> f64 {
        match &self.kind {
            StationKind::Tokens(t) if t.capacity == u32::MAX => f64::INFINITY,
            StationKind::Tokens(t) => f64::from(t.capacity),
            StationKind::Processor(p) => p.cores,
            StationKind::Crew(c) => f64::from(c.workers) * f64::from(c.per_worker),
            StationKind::Bucket(b) => b.rate_per_s,
            StationKind::Memory(m) => m.limit,
        }
    }
}

/// The primitives with state of their own.
#[derive(Clone, Debug)]
pub enum StationKind {
    /// Servers with a queue, or a semaphore.
    Tokens(Tokens),
    /// Processor sharing.
    Processor(Processor),
    /// The workers of one instance, with its backlog.
    Crew(Crew),
    /// A rate limit.
    Bucket(Bucket),
    /// A level of bytes with a limit.
    Memory(Memory),
}

/// `capacity` identical units and one queue. M/M/c, M/G/1, M/M/c/K, Erlang B and A, Cobham.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties of one queue")]
pub struct Tokens {
    /// Units; `u32::MAX` is unlimited (M/G/∞).
    pub capacity: u32,
    /// Places in the queue; `u32::MAX` is unlimited.
    pub places: u32,
    /// What an arrival is told when the queue is full.
    pub full_kind: KindId,
    /// How long a task waits.
    pub patience: Option<DrawId>,
    /// What an impatient task is told.
    pub patience_kind: KindId,
    /// Priority decides the order of the queue (else the order of arrival).
    pub priority: bool,
    /// A higher priority interrupts service, which resumes later (only with `Serve`).
    pub preemptive: bool,
    /// The queue stands at the caller's side: a caller that gives up leaves it.
    pub caller_side: bool,
    /// How units above a base are opened on demand.
    pub overflow: Option<Overflow>,
    /// The crew whose accept queue this event loop also serves (`accept: idle`), with its worker
    /// number in the instance.
    pub feeds: Option<(StationId, u32)>,
    /// Its servers break (a [`Fault`] says how).
    pub breaks: bool,
    /// Its servers are off until they are wanted.
    pub setup: Option<Setup>,
    /// Its server goes round several queues.
    pub polling: Option<Polling>,
    /// An event loop that was idle works this long before it serves the first in line.
    pub wake: Option<DrawId>,
}

impl Tokens {
    /// Whether its units are always there, and go to whoever comes first (or before).
    pub const fn is_constant(&self) -> bool {
        !self.breaks && self.setup.is_none() && self.polling.is_none()
    }

    /// A plain queue: `capacity` servers, unlimited places, first come first served.
    pub const fn fifo(capacity: u32) -> Self {
        Self {
            capacity,
            places: u32::MAX,
            full_kind: Kind::Refused.id(),
            patience: None,
            patience_kind: Kind::WaitTimeout.id(),
            priority: false,
            preemptive: false,
            caller_side: false,
            overflow: None,
            feeds: None,
            breaks: false,
            setup: None,
            polling: None,
            wake: None,
        }
    }
}

/// Servers that are off until they are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Time to set one up.
    pub time: DrawId,
    /// Idle time after which it goes off; `None` is at once.
    pub idle_off: Option<DrawId>,
}

/// One server that goes round several queues.
#[derive(Clone, Debug)]
pub struct Polling {
    /// Time of the way to the next queue.
    pub switchover: DrawId,
    /// Most tasks per visit; `None` is no limit.
    pub limited: Option<u32>,
    /// A visit serves only those who were there when it began; else it lasts until the queue is empty.
    pub gated: bool,
    /// Positions in the profile of the endpoints that have a queue, in order.
    pub queues: Vec<u16>,
}

/// What breaks at random: each unit is up for a drawn time, then down for a drawn time.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The component.
    pub owner: ComponentId,
    /// The station whose servers stop; without one everything inside the component fails.
    pub station: Option<StationId>,
    /// Each of its servers breaks by itself; else all of them together.
    pub each_server: bool,
    /// Time up, drawn per unit and turn.
    pub up: DrawId,
    /// Time down.
    pub down: DrawId,
    /// What a server was doing resumes when it is up again (else it fails as `unavailable`).
    pub resumes: bool,
}

impl Fault {
    /// Units that break each by itself.
    pub fn units(&self, program: &Program) -> u32 {
        match self.station.map(|id| &program.stations[id.index()].kind) {
            Some(StationKind::Tokens(tokens)) if self.each_server => tokens.capacity,
            _ => 1,
        }
    }
}

/// Connections of a pool above its size are opened for one use and closed after it.
#[derive(Clone, Copy, Debug)]
pub struct Overflow {
    /// Units that stay open.
    pub size: u32,
    /// Time to open one (charged to the task that gets it, while it holds it).
    pub connect: Option<DrawId>,
    /// Open units are reopened at check-out when older than this.
    pub recycle_ns: Option<u64>,
    /// The server's connections (a [`Tokens`] of `max_connections`), one per open unit. When none is
    /// free, opening fails as `too_many_connections`.
    pub server: Option<StationId>,
}

/// Processor sharing: `n` jobs share `cores`. Group `g` with `n_g` jobs demands
/// `min(n_g · job_cap, group_cap)`; if all demands exceed `cores`, each is scaled alike.
#[derive(Clone, Copy, Debug)]
pub struct Processor {
    /// Work done per second when saturated (cores; bytes per second of a link).
    pub cores: f64,
    /// Most a single job gets (1 core; infinite for a link).
    pub job_cap: f64,
    /// Most a group gets (1 with an interpreter lock; infinite without).
    pub group_cap: f64,
    /// Number of groups, at least 1.
    pub groups: u32,
}

/// The workers of an instance and what waits for them.
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    /// Workers.
    pub workers: u32,
    /// The service's number of this crew's first worker (worker locals are numbers in the service).
    pub first_worker: u32,
    /// Requests and sessions one worker takes at once.
    pub per_worker: u32,
    /// Requests that may wait; beyond: `refused`.
    pub backlog: u32,
    /// How a worker is found.
    pub accept: Accept,
    /// Requests until a worker restarts.
    pub recycle: Option<DrawId>,
    /// How long a recycled worker lets its requests end.
    pub drain_ns: u64,
    /// Time of any start.
    pub boot: Option<DrawId>,
    /// The backlog is ordered by priority.
    pub priority: bool,
}

/// How a request finds its worker.
#[derive(Clone, Copy, Debug)]
pub enum Accept {
    /// Any worker with a free place, the least occupied first (process, thread).
    Free,
    /// A worker whose event loop runs nothing; `loops` is the row of its loops' stations, indexed
    /// by worker number in the instance.
    Idle {
        /// First loop of this instance.
        loops: StationId,
    },
    /// Bound to a worker at random on arrival (separate accept queues).
    Hashed,
}

/// A rate limit.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Tokens per second.
    pub rate_per_s: f64,
    /// Most tokens at once (token bucket), or the count per window.
    pub burst: f64,
    /// How they come back.
    pub algorithm: Algorithm,
    /// `None`: what exceeds waits in order; else it fails so.
    pub excess: Option<KindId>,
    /// One bucket for each of that many clients, chosen at random per request.
    pub clients: Option<u64>,
    /// Most that may wait (`None` excess), `u32::MAX` unlimited; beyond: `client_queue_full`.
    pub places: u32,
    /// The queue stands at the caller's side.
    pub caller_side: bool,
}

/// How a [`Bucket`] refills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Continuously.
    TokenBucket,
    /// All at once at multiples of the window, `burst / rate` long.
    FixedWindow,
    /// So that no span of the window's length passes more than `burst`.
    SlidingWindow,
}

/// A level of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Limit; infinite when none is stated.
    pub limit: f64,
    /// In use when nothing runs.
    pub base: f64,
    /// A full memory refuses (`out_of_memory` for the request) instead of killing the instance.
    pub refuse: bool,
}
