//! Steps and endpoints as operations.

use crate::components::{
    Around, At, Block, Call, Entry, Held, Lower, Policies, Since, Spec, System, Uses,
};
use crate::dist::Distribution;
use crate::program::{Fork, Local, Op, Scope, Slot, site};

use super::model::{Model, Step, Verb, Work};

impl System for Model {
    fn block(&self, lower: &mut Lower<'_>, at: &At, block: Block) {
        for step in &self.blocks[block.0 as usize] {
            if lower.builder.too_large() {
                return;
            }
            let at = at.step(&step.name);
            lower.chance(&at, "share", step.share, &mut |lower, at| {
                if step.blocking {
                    lower.blocking(at, &mut |lower, at| self.step(lower, at, step));
                } else {
                    self.step(lower, at, step);
                }
            });
        }
    }

    fn clients_of(&self, component: usize) -> &[Option<usize>] {
        &self.clients[component]
    }

    fn uses(&self, service: usize) -> Uses {
        let mut uses = Uses::default();
        for endpoint in self.endpoints.iter().filter(|e| e.service == Some(service)) {
            self.visit(endpoint.body, &mut |step| match step.verb {
                Verb::Exec(_) => uses.exec = true,
                Verb::Spawn(_) | Verb::Parallel { .. } => uses.concurrent = true,
                _ => {}
            });
        }
        uses
    }

    fn has_priorities(&self) -> bool {
        self.priorities().len() > 1
    }

    fn response_bytes(&self, endpoint: usize) -> Option<&Distribution> {
        self.endpoints[endpoint].response.as_ref()
    }
}

impl Model {
    /// The priorities that endpoints state, the first to go first: their positions are dense levels.
    pub(crate) fn priorities(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.endpoints.iter().map(|e| e.priority).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Writes a call of an endpoint, with the policies of the step that calls it; without a step it is
    /// the client of a traffic source that calls.
    pub(crate) fn request(
        &self,
        lower: &mut Lower<'_>,
        at: &At,
        endpoint: usize,
        session: Option<(Local, Local)>,
        policies: Option<&Policies>,
    ) {
        let outside = policies.is_none();
        let none = Policies::default();
        let policies = policies.unwrap_or(&none);
        let target = &self.endpoints[endpoint];
        let Some(service) = target.service else {
            return lower.framed(at, policies, Around::step(None), &mut |lower, at| {
                lower.boundary(at, None, &mut |lower, at| {
                    let mut at = at.clone();
                    (at.worker, at.held) = (None, Vec::new());
                    self.body(lower, &at, endpoint);
                });
            });
        };
        let Spec::Service(spec) = &self.parts[service].spec else {
            unreachable!("an endpoint's service is one: checked when it was decoded")
        };
        let call = Call { stops_work: spec.notices_disconnect, outside, ..Call::default() };
        lower.call(at, service, policies, call, &mut |lower, at| {
            let entry = Entry { service, session, memory: target.memory.as_ref() };
            spec.enter(lower, at, entry, &mut |lower, at| self.body(lower, at, endpoint));
        });
    }

    fn body(&self, lower: &mut Lower<'_>, at: &At, endpoint: usize) {
        let at = At { endpoint, ..at.clone() };
        self.reserving(lower, &at, self.endpoints[endpoint].body);
    }

    /// Writes a block whose connections with `hold: request`, and whatever it takes, are given back at
    /// its end: the steps of an endpoint, of a branch, of what is spawned.
    fn reserving(&self, lower: &mut Lower<'_>, at: &At, block: Block) {
        let mut at = at.clone();
        let mut wanted: Vec<(usize, Since)> = Vec::new();
        self.wanted(at.service(), block, &mut wanted);
        let mut slots: Vec<Slot> = Vec::new();
        for (component, since) in wanted {
            let slot = at.scope.slot();
            at.held.push(Held { component, slot, since });
            slots.push(slot);
        }
        self.block(lower, &at, block);
        for slot in slots.into_iter().rev() {
            lower.op(&at, Op::Release { slot });
        }
    }

    fn wanted(&self, service: Option<usize>, block: Block, into: &mut Vec<(usize, Since)>) {
        for step in &self.blocks[block.0 as usize] {
            let want = match &step.verb {
                Verb::Take(component) => Some((*component, Since::Take)),
                Verb::Component(action) => Some(action.component())
                    .filter(|db| self.holds_for_request(service, *db))
                    .map(|db| (db, Since::FirstUse)),
                _ => None,
            };
            into.extend(want.filter(|want| !into.contains(want)));
            if !matches!(step.verb, Verb::Spawn(_) | Verb::Parallel { .. }) {
                self.blocks_of(step)
                    .into_iter()
                    .for_each(|inner| self.wanted(service, inner, into));
            }
        }
    }

    fn holds_for_request(&self, service: Option<usize>, component: usize) -> bool {
        let Some(pool) = self.parts[component].spec.pool() else { return false };
        let pool = match service {
            Some(service) => self.parts[service].spec.pool_over(pool, component),
            None => pool.clone(),
        };
        pool.holds_for_request()
    }

    fn step(&self, lower: &mut Lower<'_>, at: &At, step: &Step) {
        match &step.verb {
            Verb::Component(action) => action.lower(lower, at, &step.policies),
            Verb::Call(endpoint) => self.request(lower, at, *endpoint, None, Some(&step.policies)),
            Verb::Hold { component, steps } => {
                let unit = self.parts[*component].spec.unit(lower, at, *component);
                let call = Call::default();
                lower.call(at, *component, &step.policies, call, &mut |lower, at| {
                    let mut at = at.clone();
                    let slot = at.scope.slot();
                    if let Some(target) = unit {
                        lower.op(&at, Op::Seize { at: target, slot, once: false });
                    }
                    at.held.push(Held { component: *component, slot, since: Since::Block });
                    self.block(lower, &at, *steps);
                    lower.op(&at, Op::Release { slot });
                });
            }
            _ => {
                let around = Around::step(None);
                lower.framed(at, &step.policies, around, &mut |lower, at| {
                    self.generic(lower, at, &step.verb);
                });
            }
        }
    }

    fn generic(&self, lower: &mut Lower<'_>, at: &At, verb: &Verb) {
        match verb {
            Verb::Cpu(Work { time, memory }) => {
                lower.with_memory(at, memory.as_ref(), &mut |lower, at| lower.cpu(at, time));
            }
            Verb::Exec(Work { time, memory }) => {
                lower.with_memory(at, memory.as_ref(), &mut |lower, at| lower.exec(at, time));
            }
            Verb::Delay(Work { time, memory }) => {
                let owner = at.service().unwrap_or(self.nobody());
                lower.with_memory(at, memory.as_ref(), &mut |lower, at| {
                    lower.delay(at, "time", Some(time), owner);
                });
            }
            Verb::Take(component) => {
                let unit = self.parts[*component].spec.unit(lower, at, *component);
                if let (Some(target), Some(slot)) = (unit, at.held(*component, Since::Take)) {
                    // A query before it may have taken the connection already.
                    lower.op(at, Op::Seize { at: target, slot, once: true });
                }
            }
            Verb::Release(component) => {
                if let Some(slot) = at.held(*component, Since::Take) {
                    lower.op(at, Op::Release { slot });
                }
            }
            Verb::Parallel { branches, join, cancel } => {
                self.parallel(lower, at, branches, *join, *cancel);
            }
            Verb::Choose(arms) => self.choose(lower, at, arms),
            Verb::Repeat { times, steps } => {
                let mut inner = at.clone();
                let state = inner.scope.locals(2);
                let times = lower.draw(at, "times", times, 1.0);
                let exit = lower.builder.label();
                lower.op(&inner, Op::Repeat { times, state, exit: exit.pc() });
                let body = lower.builder.here();
                self.block(lower, &inner, *steps);
                lower.op(&inner, Op::Again { state, body });
                lower.builder.place(exit);
            }
            Verb::Spawn(steps) => {
                let (begin, after) = (lower.builder.label(), lower.builder.label());
                lower.op(at, Op::Spawn { at: begin.pc() });
                lower.op(at, Op::Jump(after.pc()));
                lower.builder.place(begin);
                let scope = Scope { frame: None, boundary: None, in_timeout: false, ..at.scope };
                let inner = At { scope, held: Vec::new(), ..at.clone() };
                self.reserving(lower, &inner, *steps);
                lower.op(&inner, Op::Done);
                lower.builder.place(after);
            }
            Verb::Try(steps) => self.block(lower, at, *steps),
            Verb::Reply => lower.op(at, Op::Reply),
            Verb::Fail(kind) => lower.op(at, Op::Fail { kind: *kind, owner: None }),
            Verb::Component(_) | Verb::Call(_) | Verb::Hold { .. } => {
                unreachable!("written with policies of their own")
            }
        }
    }

    fn parallel(
        &self,
        lower: &mut Lower<'_>,
        at: &At,
        branches: &[Block],
        join: u32,
        cancel: bool,
    ) {
        if branches.is_empty() {
            return;
        }
        let mut outer = at.clone();
        let needed = outer.scope.locals(1);
        let after = lower.builder.label();
        let labels: Vec<_> = branches.iter().map(|_| lower.builder.label()).collect();
        let fork = lower.builder.fork(Fork {
            branches: labels.iter().map(|label| label.pc()).collect(),
            join,
            cancel_losers: cancel,
            needed,
            after: after.pc(),
            site: site(at.scope.path, "branch"),
        });
        lower.op(&outer, Op::Fork(fork));
        for (i, (label, block)) in labels.into_iter().zip(branches).enumerate() {
            lower.builder.place(label);
            let inner = outer.step(&format!("branch{i}"));
            let scope = Scope { frame: None, ..inner.scope };
            let inner = At { scope, ..inner };
            self.reserving(lower, &inner, *block);
            lower.op(&inner, Op::Join);
        }
        lower.builder.place(after);
    }

    fn choose(&self, lower: &mut Lower<'_>, at: &At, arms: &[(f64, Block)]) {
        let after = lower.builder.label();
        let mut sum = 0.0;
        let mut bounds = Vec::new();
        for (share, _) in arms {
            sum += share;
            bounds.push((sum.min(1.0), lower.builder.label()));
        }
        let labels: Vec<_> = bounds.iter().map(|b| b.1).collect();
        if sum < 1.0 - 1e-9 {
            bounds.push((1.0, after));
        } else if let Some(last) = bounds.last_mut() {
            last.0 = 1.0;
        }
        let switch = lower.builder.switch(site(at.scope.path, "choose"), bounds);
        lower.op(at, Op::Switch(switch));
        for (i, (label, (_, block))) in labels.into_iter().zip(arms).enumerate() {
            lower.builder.place(label);
            self.block(lower, &at.step(&format!("arm{i}")), *block);
            lower.op(at, Op::Jump(after.pc()));
        }
        lower.builder.place(after);
    }
}
