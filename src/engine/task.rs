//! In-flight tasks: a slab of small records, each with a program counter and a few local words.

use super::calendar::Time;
use crate::program::{NONE, Pc};

/// "No task", "no timer", "no client".
pub(crate) const NOBODY: u32 = u32::MAX;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not in use (on the free list).
    Free,
    /// Executing, or in the ready queue.
    Ready,
    /// Its wake event is a plain passing of time, accounted to a component.
    Delay,
    /// Holds a unit of `station` until its wake event (`Serve`).
    Serving,
    /// Pays for opening a connection it already holds.
    Connecting,
    /// Pauses before the next attempt of its frame.
    Backoff,
    /// In the queue of `station`.
    Queued,
    /// On the processor `station`.
    Processing,
    /// Waits for branches.
    Joining,
    /// Waits for another task's fill of the same key.
    Filling,
    /// Has a reserved time to pass a rate limit.
    Admitted,
}

/// One thread of control, on two cache lines.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Task {
    pub(crate) key: u64,
    /// The request's key: the same for all branches and attempts.
    pub(crate) root: u64,
    /// Bits of the slots in use.
    pub(crate) held: u64,
    /// Intended arrival of the request.
    pub(crate) started: Time,
    /// When the present wait or service began.
    pub(crate) since: Time,
    /// Insertion number of the event that wakes it; 0 is none.
    pub(crate) wake: u64,
    /// Service left of a preempted task, ns; else 0.
    pub(crate) remaining: u64,
    /// One more than the length of the service that it waits for, ns, when that is drawn already.
    pub(crate) drawn: u64,
    /// On a processor: its group's clock when it came.
    pub(crate) clock: f64,
    pub(crate) pc: Pc,
    /// Links of the queue it waits in.
    pub(crate) next: u32,
    pub(crate) prev: u32,
    pub(crate) station: u32,
    /// Timer of its patience.
    pub(crate) timer: u32,
    pub(crate) client: u32,
    /// Parent that joins it; children and their chain.
    pub(crate) parent: u32,
    pub(crate) child: u32,
    pub(crate) sibling: u32,
    /// Slot of the attribution sample, or [`NOBODY`].
    pub(crate) sample: u32,
    pub(crate) frame: u16,
    pub(crate) class: u16,
    /// The boundary at which it was abandoned, or [`NONE`].
    pub(crate) orphan: u16,
    pub(crate) state: State,
    /// Its end is the end of a request.
    pub(crate) counts: bool,
}

impl Task {
    #[inline]
    pub(crate) const fn new(key: u64, started: Time, pc: Pc) -> Self {
        Self {
            key,
            root: key,
            held: 0,
            started,
            since: started,
            wake: 0,
            remaining: 0,
            drawn: 0,
            clock: 0.0,
            pc,
            next: NOBODY,
            prev: NOBODY,
            station: NOBODY,
            timer: NOBODY,
            client: NOBODY,
            parent: NOBODY,
            child: NOBODY,
            sibling: NOBODY,
            sample: NOBODY,
            frame: NONE,
            class: NONE,
            orphan: NONE,
            state: State::Ready,
            counts: false,
        }
    }
}

/// The slab.
#[derive(Debug)]
pub(crate) struct Tasks {
    pub(crate) all: Vec<Task>,
    locals: Vec<u64>,
    stride: usize,
    free: u32,
    pub(crate) live: usize,
}

impl Tasks {
    pub(crate) const fn new(stride: usize) -> Self {
        Self { all: Vec::new(), locals: Vec::new(), stride, free: NOBODY, live: 0 }
    }

    #[inline]
    pub(crate) fn insert(&mut self, task: Task) -> u32 {
        if self.free == NOBODY {
            self.grow();
        }
        self.live += 1;
        let id = self.free;
        let place = &mut self.all[id as usize];
        self.free = place.next;
        *place = task;
        id
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.free = self.all.len() as u32;
        self.all.push(Task { state: State::Free, ..Task::new(0, 0, 0) });
        self.locals.resize(self.all.len() * self.stride, 0);
    }

    #[inline]
    pub(crate) fn remove(&mut self, id: u32) {
        let task = &mut self.all[id as usize];
        debug_assert!(task.state != State::Free);
        task.state = State::Free;
        task.wake = 0;
        task.next = self.free;
        self.free = id;
        self.live -= 1;
    }

    #[inline]
    pub(crate) fn local(&self, id: u32, local: u8) -> u64 {
        self.locals[id as usize * self.stride + usize::from(local)]
    }

    #[inline]
    pub(crate) fn set_local(&mut self, id: u32, local: u8, value: u64) {
        self.locals[id as usize * self.stride + usize::from(local)] = value;
    }

    /// Something of every cache line of a task.
    #[inline]
    pub(crate) fn touch(&self, id: u32) -> u64 {
        let task = &self.all[id as usize];
        let local = self.locals.get(id as usize * self.stride).copied().unwrap_or(0);
        task.key ^ task.wake ^ u64::from(task.pc) ^ u64::from(task.class) ^ local
    }

    pub(crate) fn copy_locals(&mut self, from: u32, to: u32) {
        let from = from as usize * self.stride;
        self.locals.copy_within(from..from + self.stride, to as usize * self.stride);
    }
}

impl std::ops::Index<u32> for Tasks {
    type Output = Task;
    #[inline]
    fn index(&self, id: u32) -> &Task {
        &self.all[id as usize]
    }
}

impl std::ops::IndexMut<u32> for Tasks {
    #[inline]
    fn index_mut(&mut self, id: u32) -> &mut Task {
        &mut self.all[id as usize]
    }
}

/// A queue of tasks, linked through their records: first come first served within each level.
#[derive(Debug)]
pub(crate) struct Queue {
    levels: Vec<(u32, u32)>,
    pub(crate) len: u32,
}

impl Queue {
    pub(crate) fn new(levels: usize) -> Self {
        Self { levels: vec![(NOBODY, NOBODY); levels.max(1)], len: 0 }
    }

    #[inline]
    pub(crate) fn push_back(&mut self, tasks: &mut Tasks, level: usize, id: u32) {
        let level = level.min(self.levels.len() - 1);
        let (head, tail) = self.levels[level];
        tasks[id].next = NOBODY;
        tasks[id].prev = tail;
        if tail == NOBODY {
            self.levels[level] = (id, id);
        } else {
            tasks[tail].next = id;
            self.levels[level] = (head, id);
        }
        self.len += 1;
    }

    pub(crate) fn push_front(&mut self, tasks: &mut Tasks, level: usize, id: u32) {
        let level = level.min(self.levels.len() - 1);
        let (head, tail) = self.levels[level];
        tasks[id].prev = NOBODY;
        tasks[id].next = head;
        if head == NOBODY {
            self.levels[level] = (id, id);
        } else {
            tasks[head].prev = id;
            self.levels[level] = (id, tail);
        }
        self.len += 1;
    }

    /// The first task of a level, or [`NOBODY`].
    pub(crate) fn front_of(&self, level: usize) -> u32 {
        self.levels[level.min(self.levels.len() - 1)].0
    }

    /// The first task and its level.
    #[inline]
    pub(crate) fn front(&self) -> Option<(u32, usize)> {
        if self.len == 0 {
            return None;
        }
        self.levels.iter().enumerate().find(|(_, l)| l.0 != NOBODY).map(|(i, l)| (l.0, i))
    }

    #[inline]
    pub(crate) fn pop_front(&mut self, tasks: &mut Tasks) -> Option<u32> {
        let (id, level) = self.front()?;
        self.unlink(tasks, level, id);
        Some(id)
    }

    #[inline]
    pub(crate) fn unlink(&mut self, tasks: &mut Tasks, level: usize, id: u32) {
        let level = level.min(self.levels.len() - 1);
        let Task { prev, next, .. } = tasks[id];
        if prev == NOBODY {
            self.levels[level].0 = next;
        } else {
            tasks[prev].next = next;
        }
        if next == NOBODY {
            self.levels[level].1 = prev;
        } else {
            tasks[next].prev = prev;
        }
        tasks[id].next = NOBODY;
        tasks[id].prev = NOBODY;
        self.len -= 1;
    }
}
