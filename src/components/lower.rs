//! The state of lowering: the program so far, and the place of the step that is being written.
//!
//! Components know blocks of steps and endpoints only by their handles; the profile, which owns
//! them, writes them through [`System`].

use crate::dist::Distribution;
use crate::program::{
    Boundary, BoundaryId, BudgetId, Builder, Catalogue, ComponentId, DrawId, Kind, Local, Op,
    Scope, Slot, Station, StationId, StationKind, Target, site,
};
use crate::source::Place;

use super::client::ClientRow;
use super::{Built, CostItem, Part};

/// Handle of a list of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block(pub(crate) u32);

/// What components ask of the rest of the profile while they are lowered.
pub(crate) trait System {
    /// Writes a list of steps.
    fn block(&self, lower: &mut Lower<'_>, at: &At, block: Block);
    /// The services whose endpoints use a component, `None` for endpoints without a service.
    fn clients_of(&self, component: usize) -> &[Option<usize>];
    /// What the endpoints of a service do that its stations depend on.
    fn uses(&self, service: usize) -> Uses;
    /// Whether queues are ordered by priority: some endpoint states one.
    fn has_priorities(&self) -> bool;
    /// Bytes of an endpoint's answer.
    fn response_bytes(&self, endpoint: usize) -> Option<&Distribution>;
}

/// What the endpoints of a service do that its stations depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Uses {
    /// Work beside the worker: `exec`.
    pub(crate) exec: bool,
    /// Several activities of one request at once: `spawn`, `parallel`.
    pub(crate) concurrent: bool,
}

/// The worker a step runs in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worker {
    /// The service.
    pub(crate) service: usize,
    /// Local with the instance's index, when there is more than one.
    pub(crate) instance: Option<Local>,
    /// Local with the worker's number in the service, when there is more than one.
    pub(crate) number: Option<Local>,
    /// Whether an enclosing blocking step holds the event loop.
    pub(crate) loop_held: bool,
}

/// Something that an enclosing step holds, or that a slot was reserved for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// Of which component.
    pub(crate) component: usize,
    /// Where.
    pub(crate) slot: Slot,
    /// Since when.
    pub(crate) since: Since,
}

/// How a [`Held`] thing came to be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// An enclosing `hold` block took it.
    Block,
    /// The first query of the request takes it (`hold: request`).
    FirstUse,
    /// A `take` step somewhere in the endpoint takes it.
    Take,
}

/// The place of a step in the program.
#[derive(Clone, Debug)]
pub(crate) struct At {
    /// Slots, locals, frame, boundary and path.
    pub(crate) scope: Scope,
    /// The worker, unless the endpoint needs no service.
    pub(crate) worker: Option<Worker>,
    /// What is held here, innermost last.
    pub(crate) held: Vec<Held>,
    /// The endpoint.
    pub(crate) endpoint: usize,
}

impl At {
    /// The place of a step with this name inside.
    pub(crate) fn step(&self, name: &str) -> Self {
        Self { scope: self.scope.step(name), ..self.clone() }
    }

    /// The service it runs in.
    pub(crate) fn service(&self) -> Option<usize> {
        self.worker.map(|w| w.service)
    }

    /// The innermost thing of a component that is held here for that reason.
    pub(crate) fn held(&self, component: usize, since: Since) -> Option<Slot> {
        let same = |h: &&Held| h.component == component && h.since == since;
        self.held.iter().rev().find(same).map(|h| h.slot)
    }
}

/// Which copies of a thing there are: one for the service, one per instance, one per worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// One per worker process.
    Worker,
    /// One per instance.
    Instance,
    /// One for all.
    Service,
}

impl Per {
    /// The words of the language.
    pub(crate) const WORDS: &'static [&'static str] = &["worker", "instance", "service"];

    /// By its word.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "instance" => Self::Instance,
            "service" => Self::Service,
            _ => Self::Worker,
        }
    }
}

/// A row of like stations, indexed by what they are [`Per`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// The first.
    pub(crate) base: StationId,
    /// How many.
    pub(crate) count: u32,
    /// What chooses one.
    pub(crate) per: Per,
}

impl Row {
    /// The member that a step at this worker uses.
    pub(crate) fn target(self, worker: Option<Worker>) -> Target {
        let by = worker.and_then(|w| match self.per {
            Per::Worker => w.number,
            Per::Instance => w.instance,
            Per::Service => None,
        });
        Target { base: self.base, by }
    }

    /// All its stations.
    pub(crate) fn stations(self) -> Vec<StationId> {
        (self.base.0..self.base.0 + self.count).map(StationId).collect()
    }
}

/// A component while it is lowered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own<'p> {
    /// Its position in the profile.
    pub(crate) index: usize,
    /// Its name.
    pub(crate) name: &'p str,
    /// Root of the sites of its own draws.
    pub(crate) path: u64,
}

impl Own<'_> {
    /// Its id.
    pub(crate) const fn id(&self) -> ComponentId {
        ComponentId(self.index as u16)
    }

    /// The place of one of its values in the profile.
    pub(crate) fn at(&self, key: &str) -> String {
        format!("components.{}.{key}", self.name)
    }
}

/// The lowering of one profile.
pub(crate) struct Lower<'p> {
    /// The program so far.
    pub(crate) builder: Builder,
    /// The names so far.
    pub(crate) catalogue: Catalogue,
    /// The rest of the profile.
    pub(crate) system: &'p dyn System,
    /// All components, in the order of the profile.
    pub(crate) parts: &'p [Part],
    /// What each component was lowered to (`None` while it is not).
    pub(crate) built: Vec<Option<Built>>,
    /// Per component: the callers' side, one per client service.
    pub(crate) clients: Vec<Vec<ClientRow>>,
    /// Retry budgets, by where they are written and the service that spends them.
    pub(crate) budgets: Vec<((Place, Option<usize>), BudgetId)>,
    /// What costs money.
    pub(crate) prices: Vec<CostItem>,
    /// Simplifications and defaults that were used and are not neutral.
    pub(crate) notes: Vec<String>,
}

impl<'p> Lower<'p> {
    /// Nothing is lowered yet.
    pub(crate) fn new(system: &'p dyn System, parts: &'p [Part]) -> Self {
        Self {
            builder: Builder::new(),
            catalogue: Catalogue::default(),
            system,
            parts,
            built: parts.iter().map(|_| None).collect(),
            clients: parts.iter().map(|_| Vec::new()).collect(),
            budgets: Vec::new(),
            prices: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A component as it lowers itself.
    pub(crate) fn own(&self, index: usize) -> Own<'p> {
        let name = self.parts[index].name.as_str();
        Own { index, name, path: site(site(0, "components"), name) }
    }

    /// What a component was lowered to.
    pub(crate) fn built(&self, index: usize) -> &Built {
        self.built[index].as_ref().expect("components are lowered before the steps that use them")
    }

    /// Writes an operation.
    pub(crate) fn op(&mut self, at: &At, op: Op) {
        self.builder.op(&at.scope, op);
    }

    /// A draw of the step itself: two uses of the same name at the same step draw the same value.
    pub(crate) fn draw(&mut self, at: &At, name: &str, dist: &Distribution, factor: f64) -> DrawId {
        self.builder.draw(dist.clone(), site(at.scope.path, name), factor)
    }

    /// A draw of a component's own.
    pub(crate) fn own_draw(&mut self, own: &Own<'_>, name: &str, dist: &Distribution) -> DrawId {
        self.builder.draw(dist.clone(), site(own.path, name), 1.0)
    }

    /// Time passes, unless it is none.
    pub(crate) fn delay(&mut self, at: &At, name: &str, time: Option<&Distribution>, owner: usize) {
        if let Some(time) = time {
            let time = self.draw(at, name, time, 1.0);
            self.op(at, Op::Delay { time, owner: ComponentId(owner as u16) });
        }
    }

    /// A station of a component.
    pub(crate) fn station(&mut self, own: &Own<'_>, kind: StationKind) -> StationId {
        self.builder.station(Station { kind, owner: own.id(), instance: None })
    }

    /// A row of stations, one for each worker, instance or all of a client service.
    pub(crate) fn row(
        &mut self,
        own: &Own<'_>,
        per: Per,
        service: Option<usize>,
        kind: &StationKind,
    ) -> Row {
        let shape = service.map_or((1, 1), |s| self.parts[s].spec.copies());
        let (count, each) = match per {
            Per::Worker => (shape.0 * shape.1, shape.1),
            Per::Instance => (shape.0, 1),
            Per::Service => (1, 0),
        };
        let base = StationId(self.builder.program().stations.len() as u32);
        for i in 0..count {
            let instance = match service {
                Some(service) if each > 0 => self.instance_of(service, i / each),
                _ => None,
            };
            self.builder.station(Station { kind: kind.clone(), owner: own.id(), instance });
        }
        Row { base, count, per }
    }

    fn instance_of(&self, service: usize, i: u32) -> Option<crate::program::InstanceId> {
        match self.built(service) {
            Built::Service(built) => Some(crate::program::InstanceId(built.first_instance.0 + i)),
            _ => None,
        }
    }

    /// Writes what runs at the other side of a call.
    pub(crate) fn boundary(
        &mut self,
        at: &At,
        owner: Option<usize>,
        callee: &mut dyn FnMut(&mut Self, &At),
    ) {
        let id = self.builder.boundary(Boundary {
            parent: at.scope.boundary,
            frame: at.scope.frame,
            slot_base: Slot(at.scope.next),
            owner: owner.map(|o| ComponentId(o as u16)),
            session: None,
        });
        let inner = At { scope: Scope { boundary: Some(id), ..at.scope }, ..at.clone() };
        if let Some(fault) = owner.and_then(|owner| self.gate_of(owner)) {
            self.op(&inner, Op::Gate { fault });
        }
        callee(self, &inner);
        self.end_boundary(&inner, id);
    }

    fn end_boundary(&mut self, inner: &At, id: BoundaryId) {
        if inner.scope.in_timeout {
            self.op(inner, Op::Return(id));
        }
    }

    /// Runs `steps` with a probability, else goes on behind them.
    pub(crate) fn chance(
        &mut self,
        at: &At,
        name: &str,
        share: f64,
        steps: &mut dyn FnMut(&mut Self, &At),
    ) {
        if share >= 1.0 {
            return steps(self, at);
        }
        if share <= 0.0 {
            return;
        }
        let chance = self.builder.chance(share, site(at.scope.path, name));
        let end = self.builder.label();
        self.op(at, Op::Chance { chance, otherwise: end.pc() });
        steps(self, at);
        self.builder.place(end);
    }

    /// Seizes a unit for the duration of `steps`.
    pub(crate) fn holding(
        &mut self,
        at: &At,
        target: Option<Target>,
        steps: &mut dyn FnMut(&mut Self, &At),
    ) {
        let Some(target) = target else { return steps(self, at) };
        let mut inner = at.clone();
        let slot = inner.scope.slot();
        self.op(&inner, Op::Seize { at: target, slot, once: false });
        steps(self, &inner);
        self.op(&inner, Op::Release { slot });
    }

    /// Raises a failure that belongs to a component.
    pub(crate) fn fail(&mut self, at: &At, kind: Kind, owner: usize) {
        self.op(at, Op::Fail { kind: kind.id(), owner: Some(ComponentId(owner as u16)) });
    }
}
