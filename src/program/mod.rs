//! The one intermediate representation: stations, sources and a flat array of operations.
//!
//! A profile is lowered to a [`Program`]; the simulator executes it and the analytic solver reads
//! it. It holds no string and no map on any path that runs: names live in the [`Catalogue`] beside
//! it. All calls between endpoints are inlined by lowering (endpoint calls cannot be cyclic), so a
//! request is one task with a program counter, a few local words and a mask of what it holds.

mod asked;
mod builder;
mod catalogue;
mod condition;
mod control;

pub use crate::dist::{Curve, Piece};
pub use asked::{Asked, During};
pub use builder::{Builder, Label, MAX_OPS, Scope, site};
pub use catalogue::{
    Catalogue, ComponentNames, Counter, Gauge, Measure, Metric, Quantity, ResourceView,
};
pub use condition::{Comparator, Reading, Test, Watch};
pub use control::{Admission, Health, Rule, Scaling};

use crate::dist::Distribution;
use crate::stats::Statistic;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);
        impl $name {
            /// The id as an index into its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// Index of a [`Station`].
    StationId(u32);
    /// Index of a [`Distribution`] in the program's table.
    DistId(u32);
    /// Index of a [`Draw`].
    DrawId(u32);
    /// Index of a component of the profile (its name is in the catalogue).
    ComponentId(u16);
    /// Index of a traffic-and-endpoint pair: the unit in which requests are counted.
    ClassId(u16);
    /// A kind of failure; [`Kind`] lists the ones that the language names.
    KindId(u8);
    /// Index of a [`Frame`].
    FrameId(u16);
    /// Index of a [`Boundary`].
    BoundaryId(u16);
    /// Index of a [`Group`] of replicated members.
    GroupId(u16);
    /// Index of an [`Admission`].
    AdmissionId(u16);
    /// Index of a [`Family`] of cache keys.
    FamilyId(u16);
    /// Index of a [`Node`] (the memory of one cache node).
    NodeId(u16);
    /// Index of a [`Breaker`].
    BreakerId(u16);
    /// Index of a [`Budget`] of retries.
    BudgetId(u16);
    /// Index of a [`Fault`].
    FaultId(u16);
    /// Index of a [`Source`].
    SourceId(u16);
    /// Index of an [`Instance`]: one copy of a service, the unit that dies and boots.
    InstanceId(u32);
    /// Index of a word of a task's local memory.
    Local(u8);
    /// Index of something a task may hold (bit of its mask; the local of the same number stores the
    /// station). At most 48.
    Slot(u8);
}

/// Address of an operation in [`Program::ops`].
pub type Pc = u32;

/// "None" for optional 16-bit ids.
pub const NONE: u16 = u16::MAX;

/// The kinds of failure that the language names (LANGUAGE, section 7); a profile's own follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the word that reports print")]
pub enum Kind {
    ClientTimeout,
    RateLimited,
    Overloaded,
    Refused,
    GatewayTimeout,
    Unavailable,
    ServerTimeout,
    OutOfMemory,
    PoolTimeout,
    TooManyConnections,
    Timeout,
    QuotaExceeded,
    BreakerOpen,
    WaitTimeout,
    JobTimeout,
    Full,
    ClientQueueFull,
}

impl Kind {
    /// Names in the order of the variants, as profiles and reports write them.
    pub const NAMES: [&'static str; 17] = [
        "client_timeout",
        "rate_limited",
        "overloaded",
        "refused",
        "gateway_timeout",
        "unavailable",
        "server_timeout",
        "out_of_memory",
        "pool_timeout",
        "too_many_connections",
        "timeout",
        "quota_exceeded",
        "breaker_open",
        "wait_timeout",
        "job_timeout",
        "full",
        "client_queue_full",
    ];

    /// The dense id of this kind.
    pub const fn id(self) -> KindId {
        KindId(self as u8)
    }
}

/// Most kinds of failure in one program: they are bits of a 64-bit mask.
pub const MAX_KINDS: usize = 64;
/// Most things one task may hold at once.
pub const MAX_SLOTS: u8 = 48;

/// A station, fixed or a member of a replicated row: `base + local[by]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// First station of the row.
    pub base: StationId,
    /// The local that holds the member's index, or `None` for a station of its own.
    pub by: Option<Local>,
}

impl Target {
    /// A station that is not replicated.
    pub const fn fixed(station: StationId) -> Self {
        Self { base: station, by: None }
    }
    /// Member of a row of stations, chosen by a local.
    pub const fn member(base: StationId, by: Local) -> Self {
        Self { base, by: Some(by) }
    }
}

/// A random quantity at one place of the program. The draw is a function of the request's key and
/// `site` only, so two operations with the same site draw the same value.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The distribution: seconds, bytes or a count, as the operation that uses it says.
    pub dist: DistId,
    /// Hash of the step's name by path.
    pub site: u64,
    /// The drawn value is multiplied by this (1 by default).
    pub factor: f64,
}

/// One operation. A task executes operations until one makes it wait.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the comment of each operation says what its operands are")]
pub enum Op {
    /// Sets the class of the request and counts its arrival. The first operation after the mix.
    Class(ClassId),
    /// Take one unit of a [`Tokens`] station, hold it for a drawn time, give it back.
    Serve { at: Target, time: DrawId },
    /// Work on a [`Processor`]; `group` is the local with the group's index (an interpreter lock).
    Process { at: Target, work: DrawId, group: Option<Local> },
    /// Time passes; it is accounted to `owner` as service.
    Delay { time: DrawId, owner: ComponentId },
    /// Take one unit of a [`Tokens`] station and keep it in `slot`. With `once`, nothing happens when
    /// `slot` is held already.
    Seize { at: Target, slot: Slot, once: bool },
    /// Give back what `slot` holds; nothing happens when it holds nothing.
    Release { slot: Slot },
    /// Add a drawn number of bytes to a [`Memory`] until `slot` is released (the amount is kept in
    /// the local after the slot's: lowering reserves two). Full: refused or the instance dies.
    Allocate { at: Target, bytes: DrawId, slot: Slot },
    /// Wait in the backlog of an instance for a worker; its index in the service goes to `worker`.
    /// The place on that worker is held in `slot`.
    Accept { at: Target, worker: Local, slot: Slot },
    /// Choose a member of a group; its index goes to `into`. Without one that is known to be alive:
    /// `unavailable`.
    Route { group: GroupId, into: Local },
    /// Pass a door, or fail as `overloaded`.
    Door(AdmissionId),
    /// Pass a [`Bucket`], or wait for it, or fail.
    Admit { at: Target },
    /// Look up the request's key of a family; on a miss go to `miss`. `key` keeps the key's number.
    Lookup { family: FamilyId, key: Local, miss: Pc },
    /// Store the key found missing by `Lookup` (ends a single flight).
    Fill { family: FamilyId, key: Local },
    /// Store the request's key whatever was there.
    Put { family: FamilyId },
    /// Remove the request's key, or the whole family.
    Delete { family: FamilyId, whole: bool },
    /// With probability `chances[chance].0` go on, else jump to `otherwise`.
    Chance { chance: u32, otherwise: Pc },
    /// Jump to one of the targets of a [`Switch`].
    Switch(u32),
    /// Jump.
    Jump(Pc),
    /// Draw a number of rounds; with zero jump to `exit`. Locals `state` (rounds left) and
    /// `state + 1` (the key to restore) belong to the loop.
    Repeat { times: DrawId, state: Local, exit: Pc },
    /// End of a loop's body: back to `body` while rounds are left.
    Again { state: Local, body: Pc },
    /// Enter a [`Frame`]: start its first attempt.
    Try(FrameId),
    /// Leave the innermost frame with success and go to its `after`.
    Leave(FrameId),
    /// End of the callee's part of a [`Boundary`]: an abandoned task ends here.
    Return(BoundaryId),
    /// Start the branches of a [`Fork`] and wait for enough of them.
    Fork(u32),
    /// End of a branch.
    Join,
    /// Start a task of its own at `at` that shares nothing with the request but its key.
    Spawn { at: Pc },
    /// The caller has its answer; the rest of the program is work after the reply.
    Reply,
    /// A call to a component begins: `mark` keeps the time.
    Enter { component: ComponentId, mark: Local },
    /// A call to a component ends well: its response time is recorded, `amount` (if any) is added to
    /// the component's usage.
    Exit { component: ComponentId, mark: Local, amount: Option<DrawId> },
    /// Fails as `unavailable` while all that a [`Fault`] breaks is down.
    Gate { fault: FaultId },
    /// As `Enter`, of a component whose calls are told apart by class.
    EnterTold { component: ComponentId, mark: Local },
    /// As `Exit`, of a component whose calls are told apart by class.
    ExitTold { component: ComponentId, mark: Local, amount: Option<DrawId> },
    /// Raise a failure; it is counted for `owner` when there is one.
    Fail { kind: KindId, owner: Option<ComponentId> },
    /// The request is complete.
    Done,
}

/// A multi-way choice: cumulative probabilities and where each leads. The last bound is 1.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Hash of the choice's name by path.
    pub site: u64,
    /// (cumulative probability, target), in order.
    pub arms: Vec<(f64, Pc)>,
}

/// Parallel branches.
#[derive(Clone, Debug)]
pub struct Fork {
    /// Where each branch begins.
    pub branches: Vec<Pc>,
    /// How many must end before the parent goes on; at least 1.
    pub join: u32,
    /// Whether the others are stopped then (a hedge), or finish unobserved.
    pub cancel_losers: bool,
    /// Local of the parent that counts the branches still needed.
    pub needed: Local,
    /// Where the parent goes on.
    pub after: Pc,
    /// Hash that separates the branches' keys.
    pub site: u64,
}

/// Policies around a part of the program: fallback ( retry ( breaker ( timeout ( body ) ) ) ).
#[derive(Clone, Debug)]
pub struct Frame {
    /// The frame around this one, or `None` at the outermost (of the request or of a branch).
    pub parent: Option<FrameId>,
    /// What is held in this slot or above was taken inside and is given back by unwinding.
    pub slot_base: Slot,
    /// Patience for one attempt.
    pub timeout: Option<DrawId>,
    /// The failure that the timeout raises.
    pub timeout_kind: KindId,
    /// What a timeout does to the work inside a [`Boundary`]: `false` lets the callee work on,
    /// `true` stops it.
    pub stops_work: bool,
    /// Attempts, the first included; `u32::MAX` is unlimited.
    pub attempts: u32,
    /// Bit mask of the kinds that are repeated.
    pub retry_on: u64,
    /// Pause before each repeat.
    pub backoff: Backoff,
    /// Cap on repeats as a share of first attempts.
    pub budget: Option<BudgetId>,
    /// Circuit breaker.
    pub breaker: Option<BreakerId>,
    /// Steps that replace the failed ones; they end by a jump to `after`.
    pub fallback: Option<Pc>,
    /// First operation of the body.
    pub body: Pc,
    /// Where the program goes on after success.
    pub after: Pc,
    /// Three locals from here: attempts so far, the key to restore, the timer.
    pub state: Local,
    /// Hash that separates the attempts' keys.
    pub site: u64,
    /// The component whose failures this frame's timeout is counted under.
    pub owner: Option<ComponentId>,
    /// The timeout ends the worker too, which then starts anew: the slot that holds it.
    pub kills: Option<Slot>,
}

/// Pause before a repeat.
#[derive(Clone, Copy, Debug)]
pub enum Backoff {
    /// Drawn anew before each repeat (seconds).
    Drawn(DrawId),
    #[expect(missing_docs, reason = "named in the formula")]
    /// `first · 2^(k−1)`, at most `max`, times uniform(1−jitter, 1+jitter), or uniform(0, 1) where
    /// `jitter` is `None` ("full").
    Doubling { first_s: f64, max_s: f64, jitter: Option<f64>, site: u64 },
}

/// The part of the program that runs at the other side of a call. A caller that gives up leaves it
/// running; a dying instance fails everything of it.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The boundary around this one.
    pub parent: Option<BoundaryId>,
    /// The innermost frame at the caller's side.
    pub frame: Option<FrameId>,
    /// First slot that belongs to the callee.
    pub slot_base: Slot,
    /// The owner (a service), when the callee is one.
    pub owner: Option<ComponentId>,
    /// The callee runs on the connection of a session: its group of instances, and the locals with
    /// the instance and the worker.
    pub session: Option<(GroupId, Local, Local)>,
}

/// Shares of first attempts that may be repeated.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Repeats ≤ `share` · first attempts (with an allowance of ten to start).
    pub share: f64,
}

/// A circuit breaker (Nygard, *Release It!*, 2nd ed. 2018, ch. 5).
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Failures that open it: in a row, or within `within_ns`.
    pub failures: u32,
    /// Sliding span for the failures; `None` counts them in a row.
    pub within_ns: Option<u64>,
    /// How long it stays open.
    pub open_ns: u64,
    /// Calls let through when half open.
    pub probes: u32,
    /// The component it protects.
    pub owner: ComponentId,
}

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
    /// Most tasks per visit; `None` until the queue is empty.
    pub limited: Option<u32>,
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

/// One copy of a service: what a kill ends and a boot brings back.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The service.
    pub owner: ComponentId,
    /// Its workers.
    pub crew: StationId,
    /// Its memory.
    pub memory: Option<StationId>,
    /// Bytes that a session holds on it.
    pub session_bytes: f64,
    /// Boot time after a death.
    pub boot: Option<DrawId>,
}

/// Replicated members and how one is chosen.
#[derive(Clone, Debug)]
pub struct Group {
    /// The service.
    pub owner: ComponentId,
    /// First instance.
    pub first: InstanceId,
    /// Members.
    pub count: u32,
    /// Policy.
    pub policy: Policy,
    /// Keeps a client where it was first sent.
    pub sticky: bool,
    /// Index in [`Program::scalings`] of what changes the number of members.
    pub scaling: Option<u16>,
    /// How dead members are found.
    pub health: Option<Health>,
    /// The door of sessions (that of requests is an operation).
    pub admission: Option<AdmissionId>,
}

impl Group {
    /// Whether not all members take work at all times.
    #[inline]
    pub const fn changes(&self) -> bool {
        self.scaling.is_some() || self.health.is_some()
    }
}

/// How a balancer chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// In turn.
    RoundRobin,
    /// The one with the fewest requests waiting and in service, ties at random.
    LeastConnections,
    /// Uniformly.
    Random,
    /// The less occupied of two distinct ones (Mitzenmacher 2001), ties at random.
    TwoChoices,
}

/// A family of cache keys.
#[derive(Clone, Debug)]
pub struct Family {
    /// The cache.
    pub owner: ComponentId,
    /// The node whose memory it shares.
    pub node: NodeId,
    /// Number of keys, at least 1.
    pub population: u64,
    /// Zipf exponent of popularity; 0 is uniform.
    pub zipf: f64,
    /// Bytes per entry, drawn once per key.
    pub size: DrawId,
    /// Time to live.
    pub ttl_ns: Option<u64>,
    /// The life starts anew at each access, not only at a write.
    pub renew_on_access: bool,
    /// Others that miss the same key wait for the first one's fill.
    pub single_flight: bool,
    /// A stated hit ratio replaces the mechanism.
    pub stated: Option<f64>,
    /// Hash of the family's name: the same key for every look-up of a request.
    pub site: u64,
    /// Expected look-ups, 1/s: a warm start holds the keys that this rate would have left there.
    pub lookup_rate_per_s: f64,
}

/// The memory of one cache node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The cache.
    pub owner: ComponentId,
    /// Bytes.
    pub limit_bytes: f64,
    /// Keys.
    pub max_keys: u64,
    /// Eviction begins at this share of the limit.
    pub evict_at: f64,
    /// What goes.
    pub eviction: Eviction,
}

/// What a full cache node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The least recently used key goes.
    Lru,
    /// A random key goes.
    Random,
    /// The new key is refused: `full`.
    Refuse,
}

/// Where requests come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// How.
    pub kind: SourceKind,
    /// Hash of the traffic's name: the source part of every key.
    pub site: u64,
}

/// Kinds of sources.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// Open: requests whatever the system does.
    Open {
        /// Rate of arrival *events* over time, 1/s.
        curve: Curve,
        /// Shape of the gaps, with mean 1; `None` is exponential (Poisson).
        gaps: Option<DistId>,
        /// Requests per event; `None` is one.
        batch: Option<DistId>,
        /// First operation of a request.
        entry: Pc,
    },
    /// Closed: clients that wait for their answer, then think.
    Closed {
        /// How many.
        clients: u32,
        /// Pause after an answer (seconds); `None` is none.
        think: Option<DistId>,
        /// First operation of a request.
        entry: Pc,
    },
    /// Sessions that hold a connection and send messages.
    Sessions(Sessions),
}

/// Session traffic.
#[derive(Clone, Debug)]
pub struct Sessions {
    /// Constant number (one that ends is replaced at once), or arrivals.
    pub supply: Supply,
    /// Duration in seconds; `None` never ends.
    pub length: Option<DistId>,
    /// The service where each holds a connection.
    pub connects_to: Option<GroupId>,
    /// Messages sent by the clock.
    pub streams: Vec<Stream>,
    /// Request, answer, think, again: (think time, first operation).
    pub dialogue: Option<(DistId, Pc)>,
    /// Most sessions at once; beyond: `refused`.
    pub cap: Option<u32>,
    /// Pause before a dropped session comes back; `None` is never (a constant number is replaced).
    pub reconnect: Option<DistId>,
    /// Local in which a message finds the instance, and the worker, of its session.
    pub place: Option<(Local, Local)>,
}

/// Where sessions come from.
#[derive(Clone, Debug)]
pub enum Supply {
    /// That many, always.
    Constant(u32),
    /// They arrive.
    Arrivals(Curve),
}

/// One stream of messages of a session.
#[derive(Clone, Debug)]
pub struct Stream {
    /// Gap between two messages of one session, seconds.
    pub every: DistId,
    /// The gap, when it is a constant (each session then keeps its phase).
    pub constant_ns: Option<u64>,
    /// First operation of a message; `None` for a push, which only counts bytes.
    pub entry: Option<Pc>,
    /// Bytes of a push.
    pub push: Option<DistId>,
    /// Hash of the stream's name.
    pub site: u64,
}

/// What a class of requests is.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Position of the traffic in the profile.
    pub traffic: u16,
    /// Position of the endpoint in the profile.
    pub endpoint: u16,
    /// Dense priority level, 0 goes first.
    pub priority: u8,
}

/// A whole system, ready to run.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each is the table of the type it holds, indexed by its id")]
pub struct Program {
    pub ops: Vec<Op>,
    pub dists: Vec<Distribution>,
    pub draws: Vec<Draw>,
    pub stations: Vec<Station>,
    pub instances: Vec<Instance>,
    pub groups: Vec<Group>,
    pub families: Vec<Family>,
    pub nodes: Vec<Node>,
    pub frames: Vec<Frame>,
    pub boundaries: Vec<Boundary>,
    pub breakers: Vec<Breaker>,
    pub budgets: Vec<Budget>,
    pub faults: Vec<Fault>,
    /// (probability to go on, hash of the place).
    pub chances: Vec<(f64, u64)>,
    pub switches: Vec<Switch>,
    pub forks: Vec<Fork>,
    pub sources: Vec<Source>,
    pub classes: Vec<Class>,
    /// Controllers of groups.
    pub scalings: Vec<Scaling>,
    pub admissions: Vec<Admission>,
    /// Per operation: the innermost boundary it runs in, or [`NONE`].
    pub boundary_of: Vec<u16>,
    /// Number of components (the catalogue has their names).
    pub components: u16,
    /// Number of kinds of failure.
    pub kinds: u8,
    /// Number of dense priority levels, at least 1.
    pub priorities: u8,
    /// Words of local memory per task.
    pub locals: u8,
    /// The load changes over time: no warm-up is removed.
    pub transient: bool,
    /// Window for `for` conditions.
    pub window_ns: u64,
    /// Measures whose value per window is kept, in this order.
    pub tracked: Vec<(Measure, Statistic)>,
    /// What is measured because a condition asks for it.
    pub asked: Asked,
    /// Caches and sessions start near their steady state.
    pub warm_start: bool,
}
