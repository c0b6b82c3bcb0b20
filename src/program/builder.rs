//! Writes a [`Program`]: labels, scopes of slots and locals, and the tables behind the ids.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{
    Admission, AdmissionId, Boundary, BoundaryId, Breaker, BreakerId, Budget, BudgetId, DistId,
    Draw, DrawId, Family, FamilyId, Fork, Frame, FrameId, Group, GroupId, Instance, InstanceId,
    Local, MAX_SLOTS, NONE, Node, NodeId, Op, Pc, Program, Slot, Source, Station, StationId,
    Switch,
};
use crate::dist::Distribution;

/// Most operations of a program: calls are inlined, so a few mutually calling endpoints could
/// otherwise grow without bound.
pub const MAX_OPS: usize = 200_000;

/// A jump target that is not placed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

/// What is visible at one place of the program while it is written. Copied into nested scopes;
/// what a nested scope takes is free again after it.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Innermost frame.
    pub frame: Option<FrameId>,
    /// Innermost boundary.
    pub boundary: Option<BoundaryId>,
    /// Next free slot (and local: both count in one sequence).
    pub next: u8,
    /// Hash of the path of steps so far.
    pub path: u64,
    /// Whether an enclosing frame has a timeout (only then a boundary needs its `Return`).
    pub in_timeout: bool,
}

impl Scope {
    /// The outermost scope of a traffic source.
    pub fn root(name: &str) -> Self {
        Self { frame: None, boundary: None, next: 0, path: site(0, name), in_timeout: false }
    }

    /// The scope of a step with this name inside.
    #[must_use]
    pub fn step(self, name: &str) -> Self {
        Self { path: site(self.path, name), ..self }
    }

    /// A slot, with the local of the same number.
    pub fn slot(&mut self) -> Slot {
        let slot = Slot(self.next);
        self.next = self.next.saturating_add(1);
        slot
    }

    /// `n` locals in a row; the first is returned.
    pub fn locals(&mut self, n: u8) -> Local {
        let local = Local(self.next);
        self.next = self.next.saturating_add(n);
        local
    }
}

/// Hash of a name below a path: stable over platforms, used for keys of random draws only.
pub fn site(path: u64, name: &str) -> u64 {
    // FNV-1a, then a finaliser: names are short and few; what matters is that it never changes.
    let mut h = path ^ 0xcbf2_9ce4_8422_2325;
    for byte in name.bytes() {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    crate::rng::mix(h)
}

/// Writes a program.
#[derive(Debug, Default)]
pub struct Builder {
    program: Program,
    labels: Vec<Option<Pc>>,
    boundary: Option<BoundaryId>,
    deepest: u8,
    known: std::collections::HashMap<u64, Vec<DistId>>,
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident($field:ident: $item:ty) -> $id:ident as $raw:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&mut self, item: $item) -> $id {
            self.program.$field.push(item);
            $id((self.program.$field.len() - 1) as $raw)
        }
    )*};
}

impl Builder {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    table! {
        /// Adds a station.
        station(stations: Station) -> StationId as u32;
        /// Adds an instance.
        instance(instances: Instance) -> InstanceId as u32;
        /// Adds a group.
        group(groups: Group) -> GroupId as u16;
        /// Adds a family of keys.
        family(families: Family) -> FamilyId as u16;
        /// Adds a cache node.
        node(nodes: Node) -> NodeId as u16;
        /// Adds a frame; its labels are placed later with [`Builder::frame_mut`].
        frame(frames: Frame) -> FrameId as u16;
        /// Adds a door.
        admission(admissions: Admission) -> AdmissionId as u16;
        /// Adds a breaker.
        breaker(breakers: Breaker) -> BreakerId as u16;
        /// Adds a retry budget.
        budget(budgets: Budget) -> BudgetId as u16;
        /// Adds a boundary.
        boundary(boundaries: Boundary) -> BoundaryId as u16;
    }

    /// The program so far, to look at.
    pub const fn so_far(&self) -> &Program {
        &self.program
    }

    /// The program so far, for tables that are filled by hand (classes, sources, settings).
    pub const fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Adds a distribution (equal ones are shared).
    pub fn dist(&mut self, dist: Distribution) -> DistId {
        let mut hasher = DefaultHasher::new();
        format!("{dist:?}").hash(&mut hasher);
        let same = self.known.entry(hasher.finish()).or_default();
        if let Some(id) = same.iter().find(|id| self.program.dists[id.index()] == dist) {
            return *id;
        }
        let id = DistId(self.program.dists.len() as u32);
        same.push(id);
        self.program.dists.push(dist);
        id
    }

    /// Adds a draw of `dist` for the step at `site`, times `factor`.
    pub fn draw(&mut self, dist: Distribution, site: u64, factor: f64) -> DrawId {
        let dist = self.dist(dist);
        self.program.draws.push(Draw { dist, site, factor });
        DrawId(self.program.draws.len() as u32 - 1)
    }

    /// Adds a source.
    pub fn source(&mut self, source: Source) {
        self.program.sources.push(source);
    }

    /// A frame that was added, to complete its addresses.
    pub fn frame_mut(&mut self, frame: FrameId) -> &mut Frame {
        &mut self.program.frames[frame.index()]
    }

    /// Address of the next operation.
    pub fn here(&self) -> Pc {
        self.program.ops.len() as Pc
    }

    /// Whether the program grew beyond [`MAX_OPS`], its tables or [`MAX_SLOTS`]; lowering then stops
    /// with a fault.
    pub fn too_large(&self) -> bool {
        self.program.ops.len() > MAX_OPS
            || self.deepest > MAX_SLOTS
            || self.program.frames.len() >= usize::from(NONE)
            || self.program.boundaries.len() >= usize::from(NONE)
    }

    /// Writes an operation at the place of `scope`.
    pub fn op(&mut self, scope: &Scope, op: Op) -> Pc {
        self.deepest = self.deepest.max(scope.next);
        self.boundary = scope.boundary;
        self.program.ops.push(op);
        self.program.boundary_of.push(scope.boundary.map_or(NONE, |b| b.0));
        self.program.ops.len() as Pc - 1
    }

    /// A label to jump to before its place is known; use it in operations as `label.pc()`.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// Places a label at the next operation.
    pub fn place(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.here());
    }

    /// Adds a switch whose arms lead to labels.
    pub fn switch(&mut self, site: u64, arms: Vec<(f64, Label)>) -> u32 {
        let arms = arms.into_iter().map(|(p, label)| (p, label.pc())).collect();
        self.program.switches.push(Switch { site, arms });
        self.program.switches.len() as u32 - 1
    }

    /// Adds a chance.
    pub fn chance(&mut self, share: f64, site: u64) -> u32 {
        self.program.chances.push((share, site));
        self.program.chances.len() as u32 - 1
    }

    /// Adds a fork; its addresses may be labels.
    pub fn fork(&mut self, fork: Fork) -> u32 {
        self.program.forks.push(fork);
        self.program.forks.len() as u32 - 1
    }

    /// Resolves all labels. Every label used must have been placed.
    pub fn finish(mut self) -> Program {
        let labels = self.labels;
        let resolve = |pc: &mut Pc| {
            if *pc & LABEL != 0 {
                *pc = labels[(*pc & !LABEL) as usize].expect("every label is placed by its writer");
            }
        };
        let program = &mut self.program;
        for op in &mut program.ops {
            match op {
                Op::Lookup { miss: pc, .. }
                | Op::Chance { otherwise: pc, .. }
                | Op::Jump(pc)
                | Op::Repeat { exit: pc, .. }
                | Op::Again { body: pc, .. }
                | Op::Spawn { at: pc } => resolve(pc),
                _ => {}
            }
        }
        for switch in &mut program.switches {
            switch.arms.iter_mut().for_each(|arm| resolve(&mut arm.1));
        }
        for fork in &mut program.forks {
            fork.branches.iter_mut().for_each(&resolve);
            resolve(&mut fork.after);
        }
        for frame in &mut program.frames {
            resolve(&mut frame.body);
            resolve(&mut frame.after);
            if let Some(pc) = &mut frame.fallback {
                resolve(pc);
            }
        }
        program.locals = self.deepest;
        self.program
    }
}

const LABEL: Pc = 1 << 31;

impl Label {
    /// Stands for the label's address in operations and tables until [`Builder::finish`].
    pub const fn pc(self) -> Pc {
        self.0 | LABEL
    }
}
