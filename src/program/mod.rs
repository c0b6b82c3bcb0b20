//! The one intermediate representation: stations, sources and a flat array of operations.
//!
//! A profile is lowered to a [`Program`]; the simulator executes it and the analytic solver reads
//! it. It holds no string and no map on any path that runs: names live in the [`Catalogue`] beside
//! it. All calls between endpoints are inlined by lowering (endpoint calls cannot be cyclic), so a
//! request is one task with a program counter, a few local words and a mask of what it holds.

mod asked;
mod builder;
mod caching;
mod catalogue;
mod condition;
mod control;
mod ids;
mod kinds;
mod members;
mod operations;
mod sources;
mod stations;

pub use crate::dist::{Curve, Piece};
pub use asked::{Asked, During};
pub use builder::{Builder, Label, MAX_OPS, Scope, site};
pub use caching::{Eviction, Family, Node};
pub use catalogue::{
    Catalogue, ComponentNames, Counter, Gauge, Measure, Metric, Quantity, ResourceView,
};
pub use condition::{Comparator, Reading, Test, Watch};
pub use control::{Admission, Health, Rule, Scaling};
pub use ids::{
    AdmissionId, BoundaryId, BreakerId, BudgetId, ClassId, ComponentId, DistId, DrawId, FamilyId,
    FaultId, FrameId, GroupId, InstanceId, KindId, Local, NONE, NodeId, Pc, Slot, SourceId,
    StationId,
};
pub use kinds::{Kind, MAX_KINDS};
pub use members::{Group, Instance, Policy};
pub use operations::{
    Backoff, Boundary, Breaker, Budget, Draw, Fork, Frame, MAX_SLOTS, Op, Switch, Target,
};
pub use sources::{Class, Sessions, Source, SourceKind, Stream, Supply};
pub use stations::{
    Accept, Algorithm, Bucket, Crew, Fault, Memory, Overflow, Polling, Processor, Setup, Station,
    StationKind, Tokens,
};

use crate::dist::Distribution;
use crate::stats::Statistic;

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
