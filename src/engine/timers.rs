//! Timeouts and patience. Those of one constant length expire in the order in which they began, so
//! they share a lane: a linked list with one event for its head. Cancelling one costs an unlink.

use std::collections::HashMap;

use super::calendar::Time;
use super::task::NOBODY;
use super::world::{World, event, nanoseconds};
use crate::dist::Distribution;
use crate::program::{DrawId, Program, StationKind};

/// What a timer ends, when not a frame's attempt: the patience of a waiting task.
pub(crate) const PATIENCE: u16 = u16::MAX;

#[derive(Clone, Copy, Debug)]
struct Timer {
    task: u32,
    frame: u16,
    lane: u32,
    prev: u32,
    next: u32,
    /// When it fires; of a timer with an event of its own: the event's insertion number.
    due: u64,
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    length: Time,
    head: u32,
    tail: u32,
    armed: bool,
}

/// All timers of a world.
#[derive(Debug)]
pub(crate) struct Timers {
    all: Vec<Timer>,
    free: u32,
    lanes: Vec<Lane>,
    /// By draw: the lane of a constant duration, or [`NOBODY`].
    lane_of: Vec<u32>,
}

impl Timers {
    pub(crate) fn new(program: &Program) -> Self {
        let mut timers = Self {
            all: Vec::new(),
            free: NOBODY,
            lanes: Vec::new(),
            lane_of: vec![NOBODY; program.draws.len()],
        };
        let mut known: HashMap<Time, u32> = HashMap::new();
        let patience = program.stations.iter().filter_map(|s| match &s.kind {
            StationKind::Tokens(tokens) => tokens.patience,
            _ => None,
        });
        for id in program.frames.iter().filter_map(|f| f.timeout).chain(patience) {
            let draw = &program.draws[id.index()];
            if let Distribution::Constant(value) = program.dists[draw.dist.index()] {
                let length = nanoseconds(value * draw.factor);
                let lane = *known.entry(length).or_insert_with(|| {
                    timers.lanes.push(Lane { length, head: NOBODY, tail: NOBODY, armed: false });
                    timers.lanes.len() as u32 - 1
                });
                timers.lane_of[id.index()] = lane;
            }
        }
        timers
    }

    fn insert(&mut self, timer: Timer) -> u32 {
        if self.free == NOBODY {
            self.all.push(timer);
            return self.all.len() as u32 - 1;
        }
        let id = self.free;
        self.free = self.all[id as usize].next;
        self.all[id as usize] = timer;
        id
    }

    /// Something of a timer and of its neighbours.
    pub(crate) fn touch(&self, id: u64) -> u64 {
        let due = |id: u32| self.all.get(id as usize).map_or(0, |timer| timer.due);
        self.all.get(id as usize).map_or(0, |timer| timer.due ^ due(timer.prev) ^ due(timer.next))
    }

    /// Removes a timer (it neither fires nor fired).
    pub(crate) fn cancel(&mut self, id: u32) {
        if id == NOBODY {
            return;
        }
        let Timer { lane, prev, next, .. } = self.all[id as usize];
        if lane != NOBODY {
            if prev == NOBODY {
                self.lanes[lane as usize].head = next;
            } else {
                self.all[prev as usize].next = next;
            }
            if next == NOBODY {
                self.lanes[lane as usize].tail = prev;
            } else {
                self.all[next as usize].prev = prev;
            }
        }
        let timer = &mut self.all[id as usize];
        timer.due = 0;
        timer.task = NOBODY;
        timer.next = self.free;
        self.free = id;
    }

    /// Hands a timer to another task.
    pub(crate) fn reassign(&mut self, id: u32, task: u32) {
        if id != NOBODY {
            self.all[id as usize].task = task;
        }
    }
}

impl World<'_> {
    /// Starts a timer of a drawn length for a task: of `frame`, or [`PATIENCE`].
    pub(crate) fn start_timer(&mut self, task: u32, draw: DrawId, frame: u16) -> u32 {
        let lane = self.timers.lane_of[draw.index()];
        if lane == NOBODY {
            let length = self.draw_ns(task, draw);
            let timer = Timer { task, frame, lane, prev: NOBODY, next: NOBODY, due: 0 };
            let id = self.timers.insert(timer);
            self.timers.all[id as usize].due =
                self.calendar.push(self.now + length, event::TIMER | id);
            return id;
        }
        let Lane { length, tail, armed, .. } = self.timers.lanes[lane as usize];
        let due = self.now + length;
        let id = self.timers.insert(Timer { task, frame, lane, prev: tail, next: NOBODY, due });
        if tail == NOBODY {
            self.timers.lanes[lane as usize].head = id;
        } else {
            self.timers.all[tail as usize].next = id;
        }
        let entry = &mut self.timers.lanes[lane as usize];
        entry.tail = id;
        if !armed {
            entry.armed = true;
            self.calendar.push(due, event::LANE | lane);
        }
        id
    }

    pub(crate) fn lane_event(&mut self, lane: usize) {
        loop {
            let head = self.timers.lanes[lane].head;
            if head == NOBODY {
                self.timers.lanes[lane].armed = false;
                return;
            }
            let Timer { task, frame, due, .. } = self.timers.all[head as usize];
            if due > self.now {
                self.calendar.push(due, event::LANE | lane as u32);
                return;
            }
            self.timers.cancel(head);
            self.expire(task, frame);
            self.drain_ready();
        }
    }

    pub(crate) fn timer_event(&mut self, id: u32, seq: u64) {
        let Timer { task, frame, due, lane, .. } = self.timers.all[id as usize];
        if due != seq || lane != NOBODY || task == NOBODY {
            return;
        }
        self.timers.cancel(id);
        self.expire(task, frame);
    }

    fn expire(&mut self, task: u32, frame: u16) {
        if frame == PATIENCE {
            self.tasks[task].timer = NOBODY;
            self.impatient(task);
        } else {
            self.attempt_timed_out(task, crate::program::FrameId(frame));
        }
    }
}
