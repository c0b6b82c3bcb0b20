//! The interpreter: a task executes operations until one makes it wait.

use super::cache::LEASE;
use super::shares::Note;
use super::task::{NOBODY, State};
use super::tokens::Answer;
use super::world::{Moving, World};
use crate::program::{Fork, Kind, NONE, Op, Slot, StationKind};
use crate::rng::{Stream, combine};

/// What becomes of branches that nobody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Losers {
    /// They finish unobserved.
    Finish,
    /// Their caller has gone: what runs at the other side of a call works on, the rest stops.
    Abandon,
    /// They are told to stop, at the other side of a call too (a hedge that cancels).
    Stop,
}

impl Fork {
    pub(crate) const fn losers(&self) -> Losers {
        if self.cancel_losers { Losers::Stop } else { Losers::Finish }
    }
}

impl World<'_> {
    /// Notes what a slot holds.
    #[inline]
    pub(crate) fn hold(&mut self, id: u32, slot: u8, what: u64) {
        self.tasks.set_local(id, slot, what);
        self.tasks[id].held |= 1 << slot;
    }

    /// Gives back what a slot holds.
    pub(crate) fn release(&mut self, id: u32, slot: u8) {
        self.release_now(id, slot);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "half of what a release costs would be the call")]
    fn release_now(&mut self, id: u32, slot: u8) {
        let task = &mut self.tasks[id];
        if task.held & (1 << slot) == 0 {
            return;
        }
        task.held &= !(1 << slot);
        let what = self.tasks.local(id, slot);
        if what & LEASE != 0 {
            return self.end_lease(what);
        }
        let station = what as u32;
        let place = &mut self.places[station as usize];
        match &mut place.moving {
            Moving::Tokens(_) => self.give_back(station, id),
            Moving::Crew(_) => {
                place.stats.given.end(self.now);
                self.note(station, id, Note::Ends);
                self.crew_release(station, (what >> 32) as u32);
            }
            Moving::Memory(_) => {
                let bytes = f64::from_bits(self.tasks.local(id, slot + 1));
                self.free_memory(station, bytes);
            }
            _ => unreachable!("only units, workers and memory are held"),
        }
    }

    /// Executes a task until it waits or ends.
    pub(crate) fn step(&mut self, id: u32) {
        let program = self.program;
        debug_assert!(self.tasks[id].state == State::Ready);
        // The counter is kept here while operations follow each other, and stored in the task before
        // anything that may look at it or that may end by waiting.
        let mut pc = self.tasks[id].pc;
        loop {
            match program.ops[pc as usize] {
                Op::Serve { at, time } => {
                    self.tasks[id].pc = pc;
                    let station = self.station_of(id, at);
                    match self.arrive_and_serve(station, id, time) {
                        Answer::Granted(_) | Answer::Waits => return,
                        Answer::Fails(kind) => {
                            let owner = self.places[station as usize].owner;
                            if !self.raise(id, kind, owner) {
                                return;
                            }
                            pc = self.tasks[id].pc;
                        }
                    }
                }
                Op::Delay { time, owner } => {
                    let length = self.draw_ns(id, time);
                    if length == 0 {
                        pc += 1;
                        continue;
                    }
                    let task = &mut self.tasks[id];
                    task.pc = pc;
                    task.station = u32::from(owner.0);
                    return self.sleep(id, State::Delay, self.now + length);
                }
                Op::Seize { at, slot, once } => {
                    self.tasks[id].pc = pc;
                    if once && self.tasks[id].held & (1 << slot.0) != 0 {
                        pc += 1;
                        continue;
                    }
                    let station = self.station_of(id, at);
                    match self.arrive_and_hold(station, id, slot) {
                        Answer::Granted(delay) => {
                            pc += 1;
                            if delay > 0 {
                                self.tasks[id].pc = pc;
                                return self.sleep(id, State::Connecting, self.now + delay);
                            }
                        }
                        Answer::Waits => return,
                        Answer::Fails(kind) => {
                            let owner = self.places[station as usize].owner;
                            if !self.raise(id, kind, owner) {
                                return;
                            }
                            pc = self.tasks[id].pc;
                        }
                    }
                }
                Op::Release { slot } => {
                    pc += 1;
                    self.tasks[id].pc = pc;
                    self.release_now(id, slot.0);
                }
                Op::Route { group, into } => {
                    self.tasks[id].pc = pc;
                    if let Some(member) = self.choose(group.0, id) {
                        self.tasks.set_local(id, into.0, u64::from(member));
                        pc += 1;
                    } else {
                        let owner = program.groups[group.index()].owner.0;
                        if !self.raise(id, Kind::Unavailable.id(), owner) {
                            return;
                        }
                        pc = self.tasks[id].pc;
                    }
                }
                Op::Accept { at, worker, slot } => {
                    self.tasks[id].pc = pc;
                    let station = self.station_of(id, at);
                    match self.accept(station, id, worker, slot) {
                        Answer::Granted(_) => pc += 1,
                        Answer::Waits => return,
                        Answer::Fails(kind) => {
                            let owner = self.places[station as usize].owner;
                            if !self.raise(id, kind, owner) {
                                return;
                            }
                            pc = self.tasks[id].pc;
                        }
                    }
                }
                Op::Process { at, work, group } => {
                    let amount = self.draw(id, work);
                    if amount <= 0.0 {
                        pc += 1;
                        continue;
                    }
                    self.tasks[id].pc = pc;
                    let station = self.station_of(id, at);
                    let group = group.map_or(0, |local| self.tasks.local(id, local.0) as usize);
                    return self.process(station, id, amount, group);
                }
                Op::Class(class) => {
                    pc += 1;
                    self.arrived(id, class.0);
                }
                Op::Switch(switch) => {
                    let switch = &program.switches[switch as usize];
                    let u = Stream::at(self.tasks[id].key, switch.site).unit();
                    let arm = switch.arms.iter().find(|arm| u < arm.0);
                    pc = arm.or(switch.arms.last()).map_or(pc + 1, |arm| arm.1);
                }
                Op::Chance { chance, otherwise } => {
                    let (share, site) = program.chances[chance as usize];
                    let on = Stream::at(self.tasks[id].key, site).unit() < share;
                    pc = if on { pc + 1 } else { otherwise };
                }
                Op::Jump(to) => pc = to,
                Op::Enter { component, mark } => {
                    self.components[component.index()].calls += 1;
                    self.tasks.set_local(id, mark.0, self.now);
                    pc += 1;
                }
                Op::Exit { component, mark, amount } => {
                    let began = self.tasks.local(id, mark.0);
                    let amount = amount.map_or(0.0, |draw| self.draw(id, draw));
                    let record = &mut self.components[component.index()];
                    record.response.record((self.now - began).cast_signed() as f64 * 1e-9);
                    record.amount += amount;
                    pc += 1;
                }
                Op::Done => {
                    self.tasks[id].pc = pc;
                    self.ended(id, None);
                    return self.end_task(id);
                }
                other => {
                    self.tasks[id].pc = pc;
                    if !self.step_rare(id, other) {
                        return;
                    }
                    pc = self.tasks[id].pc;
                }
            }
        }
    }

    /// The operations that few requests execute. Returns whether the task goes on, at its own
    /// program counter.
    #[inline(never)]
    fn step_rare(&mut self, id: u32, op: Op) -> bool {
        let program = self.program;
        let pc = self.tasks[id].pc;
        match op {
            Op::Admit { at } => {
                let station = self.station_of(id, at);
                match self.admit(station, id) {
                    Answer::Granted(_) => self.tasks[id].pc += 1,
                    Answer::Waits => return false,
                    Answer::Fails(kind) => {
                        let owner = self.places[station as usize].owner;
                        if !self.raise(id, kind, owner) {
                            return false;
                        }
                    }
                }
            }
            Op::Lookup { family, key, miss } => {
                if !self.look_up(family, id, key.0, miss) {
                    return false;
                }
            }
            Op::Fill { family, key } => {
                let number = u64::from(self.tasks.local(id, key.0) as u32);
                let task = &mut self.tasks[id];
                task.held &= !(1 << key.0);
                task.pc += 1;
                if let Err(kind) = self.fill(family, number)
                    && !self.raise_here(id, kind, program.families[family.index()].owner.0)
                {
                    return false;
                }
            }
            Op::Put { family } => {
                let number = self.key_of(family, id);
                self.tasks[id].pc += 1;
                if let Err(kind) = self.fill(family, number)
                    && !self.raise_here(id, kind, program.families[family.index()].owner.0)
                {
                    return false;
                }
            }
            Op::Delete { family, whole } => {
                let number = self.key_of(family, id);
                self.delete(family, if whole { None } else { Some(number) });
                self.tasks[id].pc += 1;
            }
            Op::Allocate { at, bytes, slot } => {
                let station = self.station_of(id, at);
                let amount = self.draw(id, bytes);
                if !self.allocate(station, id, slot, amount) {
                    return false;
                }
            }
            Op::Repeat { times, state, exit } => {
                let rounds = self.draw(id, times).round().clamp(0.0, 1e9) as u64;
                if rounds == 0 {
                    self.tasks[id].pc = exit;
                    return true;
                }
                let key = self.tasks[id].key;
                self.tasks.set_local(id, state.0, rounds - 1);
                self.tasks.set_local(id, state.0 + 1, key);
                self.tasks[id].key = combine(key, combine(u64::from(pc), rounds));
                self.tasks[id].pc = pc + 1;
            }
            Op::Again { state, body } => {
                let left = self.tasks.local(id, state.0);
                let key = self.tasks.local(id, state.0 + 1);
                if left == 0 {
                    self.tasks[id].key = key;
                    self.tasks[id].pc = pc + 1;
                } else {
                    self.tasks.set_local(id, state.0, left - 1);
                    self.tasks[id].key = combine(key, combine(u64::from(body - 1), left));
                    self.tasks[id].pc = body;
                }
            }
            Op::Try(frame) => {
                if !self.enter_frame(id, frame) {
                    return false;
                }
            }
            Op::Leave(frame) => self.leave_frame(id, frame),
            Op::Return(boundary) => {
                if self.tasks[id].orphan == boundary.0 {
                    self.end_orphan(id);
                    return false;
                }
                self.tasks[id].pc += 1;
            }
            Op::Fork(fork) => {
                self.fork(id, fork);
                return false;
            }
            Op::Join => {
                self.branch_ends(id);
                return false;
            }
            Op::Spawn { at } => {
                let key = combine(self.tasks[id].key, combine(u64::from(pc), 0x7370_6177_6e00));
                let mut child = super::task::Task::new(key, self.now, at);
                child.root = self.tasks[id].root;
                child.class = self.tasks[id].class;
                let child = self.tasks.insert(child);
                self.tasks.copy_locals(id, child);
                self.ready.push_back(child);
                self.tasks[id].pc += 1;
            }
            Op::Reply => {
                self.ended(id, None);
                self.tasks[id].pc += 1;
                self.after_reply(id);
            }
            Op::Gate { fault } => {
                if self.faults.is_down(fault) {
                    let owner = program.faults[fault.index()].owner.0;
                    if !self.raise(id, Kind::Unavailable.id(), owner) {
                        return false;
                    }
                } else {
                    self.tasks[id].pc += 1;
                }
            }
            Op::EnterTold { component, mark } => {
                self.components[component.index()].calls += 1;
                self.note_call(component.0, id, None);
                self.tasks.set_local(id, mark.0, self.now);
                self.tasks[id].pc += 1;
            }
            Op::ExitTold { component, mark, amount } => {
                let began = self.tasks.local(id, mark.0);
                let amount = amount.map_or(0.0, |draw| self.draw(id, draw));
                let took_s = (self.now - began) as f64 * 1e-9;
                let record = &mut self.components[component.index()];
                record.response.record(took_s);
                record.amount += amount;
                self.note_call(component.0, id, Some(took_s));
                self.tasks[id].pc += 1;
            }
            Op::Door(door) => {
                if self.is_shut(door) {
                    let owner = program.admissions[door.index()].owner.0;
                    return self.raise(id, Kind::Overloaded.id(), owner);
                }
                self.tasks[id].pc += 1;
            }
            Op::Fail { kind, owner } => {
                let owner = owner.map_or(NONE, |o| o.0);
                if !self.raise(id, kind, owner) {
                    return false;
                }
            }
            _ => unreachable!("the common operations are executed by `step`"),
        }
        true
    }

    /// Raises a failure of an operation whose program counter has moved on already.
    fn raise_here(&mut self, id: u32, kind: crate::program::KindId, owner: u16) -> bool {
        self.raise(id, kind, owner)
    }

    /// Adds bytes to a memory. Returns whether the task goes on.
    fn allocate(&mut self, station: u32, id: u32, slot: Slot, bytes: f64) -> bool {
        let now = self.now;
        let StationKind::Memory(spec) = &self.program.stations[station as usize].kind else {
            unreachable!("lowering addresses a memory")
        };
        self.places[station as usize].stats.arrivals += 1;
        let Moving::Memory(level) = &mut self.places[station as usize].moving else {
            unreachable!("lowering addresses a memory")
        };
        if level.value() + bytes <= spec.limit {
            level.add(now, bytes);
            self.hold(id, slot.0, u64::from(station));
            self.tasks.set_local(id, slot.0 + 1, bytes.to_bits());
            self.tasks[id].pc += 1;
            return true;
        }
        let owner = self.places[station as usize].owner;
        self.places[station as usize].stats.refused += 1;
        if spec.refuse {
            return self.raise(id, Kind::OutOfMemory.id(), owner);
        }
        let instance = self.program.stations[station as usize].instance;
        if let Some(instance) = instance
            && self.down_since[instance.index()].is_none()
        {
            // The kernel kills the process that asked: everything in it ends, this task too when it
            // holds a worker there (it then already has its failure).
            self.instances[instance.index()].memory_kills += 1;
            let generation = self.tasks[id].held;
            self.kill_instance(instance, Kind::OutOfMemory);
            let task = &self.tasks[id];
            if task.state != State::Ready || task.held != generation {
                return false;
            }
        }
        self.raise(id, Kind::OutOfMemory.id(), owner)
    }

    /// Gives bytes back.
    pub(crate) fn free_memory(&mut self, station: u32, bytes: f64) {
        let now = self.now;
        if let Moving::Memory(level) = &mut self.places[station as usize].moving {
            level.add(now, -bytes);
        }
    }

    /// Starts the branches of a fork; the parent waits.
    fn fork(&mut self, id: u32, fork: u32) {
        let spec = &self.program.forks[fork as usize];
        self.tasks.set_local(id, spec.needed.0, u64::from(spec.join));
        self.tasks[id].state = State::Joining;
        self.tasks[id].since = self.now;
        for (branch, at) in spec.branches.iter().enumerate().rev() {
            let parent = self.tasks[id];
            let key = combine(parent.key ^ spec.site, branch as u64);
            let mut child = super::task::Task::new(key, parent.started, *at);
            child.root = parent.root;
            child.class = parent.class;
            child.parent = id;
            child.sibling = parent.child;
            child.sample = parent.sample;
            let child = self.tasks.insert(child);
            self.tasks.copy_locals(id, child);
            self.tasks[id].child = child;
        }
        let mut child = self.tasks[id].child;
        while child != NOBODY {
            self.ready.push_back(child);
            child = self.tasks[child].sibling;
        }
    }

    /// A branch reached its end.
    fn branch_ends(&mut self, id: u32) {
        let parent = self.tasks[id].parent;
        self.detach_child(id);
        self.tasks[id].sample = NOBODY;
        self.end_task(id);
        if parent == NOBODY {
            return;
        }
        let Op::Fork(fork) = self.program.ops[self.tasks[parent].pc as usize] else {
            unreachable!("a parent waits at its fork")
        };
        let spec = &self.program.forks[fork as usize];
        let needed = self.tasks.local(parent, spec.needed.0) - 1;
        self.tasks.set_local(parent, spec.needed.0, needed);
        if needed == 0 {
            self.drop_children(parent, spec.losers());
            self.tasks[parent].pc = spec.after;
            self.tasks[parent].state = State::Ready;
            self.ready.push_back(parent);
        }
    }

    /// Takes a branch out of its parent's chain.
    pub(crate) fn detach_child(&mut self, id: u32) {
        let Some(parent) = Some(self.tasks[id].parent).filter(|p| *p != NOBODY) else { return };
        let next = self.tasks[id].sibling;
        if self.tasks[parent].child == id {
            self.tasks[parent].child = next;
        } else {
            let mut at = self.tasks[parent].child;
            while at != NOBODY && self.tasks[at].sibling != id {
                at = self.tasks[at].sibling;
            }
            if at != NOBODY {
                self.tasks[at].sibling = next;
            }
        }
        self.tasks[id].parent = NOBODY;
        self.tasks[id].sibling = NOBODY;
    }

    /// What becomes of the branches that are left.
    pub(crate) fn drop_children(&mut self, parent: u32, losers: Losers) {
        let needed = match self.program.ops[self.tasks[parent].pc as usize] {
            Op::Fork(fork) => self.program.forks[fork as usize].needed.0,
            _ => 0,
        };
        loop {
            let child = self.tasks[parent].child;
            if child == NOBODY {
                return;
            }
            self.detach_child(child);
            self.tasks[child].sample = NOBODY;
            match losers {
                Losers::Finish => {}
                Losers::Abandon => self.abandon(child, needed),
                Losers::Stop => self.stop_branch(child),
            }
        }
    }
}
