//! What a request does: operations, and what they refer to besides stations.

use super::{
    AdmissionId, BoundaryId, BreakerId, BudgetId, ClassId, ComponentId, DistId, DrawId, FamilyId,
    FaultId, FrameId, GroupId, KindId, Local, Pc, Slot, StationId,
};

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
    /// Take one unit of a [`Tokens`](super::Tokens) station, hold it for a drawn time, give it back.
    Serve { at: Target, time: DrawId },
    /// Work on a [`Processor`](super::Processor); `group` is the local with the group's index (an interpreter lock).
    Process { at: Target, work: DrawId, group: Option<Local> },
    /// Time passes; it is accounted to `owner` as service.
    Delay { time: DrawId, owner: ComponentId },
    /// Take one unit of a [`Tokens`](super::Tokens) station and keep it in `slot`. With `once`, nothing happens when
    /// `slot` is held already.
    Seize { at: Target, slot: Slot, once: bool },
    /// Give back what `slot` holds; nothing happens when it holds nothing.
    Release { slot: Slot },
    /// Add a drawn number of bytes to a [`Memory`](super::Memory) until `slot` is released (the amount is kept in
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
    /// Pass a [`Bucket`](super::Bucket), or wait for it, or fail.
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
    /// Fails as `unavailable` while all that a [`Fault`](super::Fault) breaks is down.
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
