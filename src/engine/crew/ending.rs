//! What becomes of requests and messages whose worker is gone.

use crate::engine::cache::LEASE;
use crate::engine::task::{NOBODY, State};
use crate::engine::world::World;
use crate::program::{Kind, KindId, NONE};

impl World<'_> {
    /// Fails everything that holds or awaits a worker of an instance (or one worker of it).
    pub(crate) fn end_inside(&mut self, station: u32, worker: Option<u32>, kind: Kind) {
        if worker.is_none() {
            while let Some((id, _)) = self.crew(station).queue.front() {
                self.leave_queue(id, false);
                let owner = self.places[station as usize].owner;
                if self.raise(id, kind.id(), owner) {
                    self.ready.push_back(id);
                }
            }
        }
        for id in 0..self.tasks.all.len() as u32 {
            let owner = self.places[station as usize].owner;
            if let Some(slot) = self.slot_on(id, station, worker) {
                self.end_in_boundary(id, slot, kind.id(), owner);
            } else if let Some(boundary) = self.message_on(id, station, worker) {
                self.end_at_boundary(id, boundary, kind.id(), owner);
            }
        }
    }

    /// The boundary inside which a task is a message of a session at this crew (at one worker of it).
    /// Branches end with the task that waits for them.
    fn message_on(&self, id: u32, station: u32, worker: Option<u32>) -> Option<u16> {
        let task = &self.tasks[id];
        if task.state == State::Free || task.parent != NOBODY {
            return None;
        }
        let mut boundary = self.boundary_at(id);
        while boundary != NONE {
            let spec = &self.program.boundaries[usize::from(boundary)];
            if let Some((group, instance, number)) = spec.session {
                let first = self.program.groups[group.index()].first.0;
                let member = first + self.tasks.local(id, instance.0) as u32;
                let crew = self.program.instances[member as usize].crew.0;
                let number = self.tasks.local(id, number.0) as u32;
                let here = crew == station
                    && worker.is_none_or(|w| number == self.crew_spec(crew).first_worker + w);
                return here.then_some(boundary);
            }
            if task.orphan == boundary {
                return None; // its caller is gone, and the worker was the caller's
            }
            boundary = spec.parent.map_or(NONE, |b| b.0);
        }
        None
    }

    /// The slot in which a task holds a worker of this crew.
    fn slot_on(&self, id: u32, station: u32, worker: Option<u32>) -> Option<u8> {
        let task = &self.tasks[id];
        if task.state == State::Free {
            return None;
        }
        let mut held = task.held;
        while held != 0 {
            let slot = held.trailing_zeros() as u8;
            held &= held - 1;
            let what = self.tasks.local(id, slot);
            if what & LEASE == 0
                && what as u32 == station
                && worker.is_none_or(|w| (what >> 32) as u32 == w)
            {
                return Some(slot);
            }
        }
        None
    }

    /// Fails the callee's part of a task that holds something of a dead worker in `slot`.
    fn end_in_boundary(&mut self, id: u32, slot: u8, kind: KindId, owner: u16) {
        let mut boundary = self.boundary_at(id);
        while boundary != NONE {
            let spec = &self.program.boundaries[usize::from(boundary)];
            if spec.slot_base.0 <= slot {
                break;
            }
            boundary = spec.parent.map_or(NONE, |b| b.0);
        }
        self.end_at_boundary(id, boundary, kind, owner);
    }

    /// Fails the callee's part of a task at a boundary (the whole task at [`NONE`]).
    pub(crate) fn end_at_boundary(&mut self, id: u32, boundary: u16, kind: KindId, owner: u16) {
        self.interrupt(id);
        let orphan = self.tasks[id].orphan;
        let frame = if boundary == NONE {
            NONE
        } else {
            self.program.boundaries[usize::from(boundary)].frame.map_or(NONE, |f| f.0)
        };
        let base = if boundary == NONE {
            0
        } else {
            self.program.boundaries[usize::from(boundary)].slot_base.0
        };
        if orphan != NONE && (boundary == NONE || !self.inside_boundary(boundary, orphan)) {
            self.end_orphan(id);
            return;
        }
        self.unwind_to(id, frame, base);
        if self.raise(id, kind, owner) {
            self.ready.push_back(id);
        }
    }
}
