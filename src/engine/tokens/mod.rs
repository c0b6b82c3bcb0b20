//! Units with a queue: servers, semaphores, pools.

mod pool;
mod waiting;

use super::breakdown::Breaks;
use super::calendar::Time;
use super::fault::Fault;
use super::polling::Polls;
use super::record::Stats;
use super::setup::Sets;
use super::shares::Note;
use super::task::{NOBODY, Queue, State};
use super::world::{Moving, World, event};
use crate::program::{DrawId, KindId, Op, Slot, StationKind, Tokens};

/// The moving part of a [`Tokens`] station.
#[derive(Debug)]
pub(crate) struct TokensState {
    pub(crate) capacity: u32,
    pub(crate) busy: u32,
    pub(crate) queue: Queue,
    /// Connections that are open (pools only).
    open: u32,
    /// When each open connection was opened, visited in turn (only with `recycle`).
    opened: Vec<Time>,
    turn: usize,
    /// The task that an idle event loop is kept for.
    pub(crate) reserved: u32,
    /// Tasks in service (only preemptive stations).
    serving: Vec<u32>,
    /// What a plain queue has not, kept beside the state that every event touches.
    kind: Extras,
    /// The same, where `kind` is [`Extras::Slow`]: what it is besides.
    role: Extras,
    /// Somebody asks about single classes or slowdowns here.
    told: bool,
    /// What few stations have.
    pub(crate) beyond: Option<Box<Beyond>>,
    /// The crew whose backlog this event loop also serves, with the number of its worker.
    feeds: (u32, u32),
    /// When it became idle (only with `wake`).
    idle_since: Time,
}

/// The state of what few stations have.
#[derive(Debug)]
pub(crate) enum Beyond {
    Breaks(Breaks),
    Sets(Sets),
    Polls(Polls),
}

impl Beyond {
    fn new(spec: &Tokens) -> Option<Box<Self>> {
        if spec.breaks {
            Some(Box::new(Self::Breaks(Breaks::new(spec.capacity))))
        } else if spec.setup.is_some() {
            Some(Box::new(Self::Sets(Sets::default())))
        } else if spec.polling.is_some() {
            Some(Box::new(Self::Polls(Polls::default())))
        } else {
            None
        }
    }
}

/// What makes a station more than a plain queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extras {
    None,
    /// It is an event loop that takes work from a backlog.
    Feeds,
    /// It is an event loop that pays for waking up.
    Wakes,
    /// It is a pool of connections.
    Opens,
    Preempts,
    /// Its servers break.
    Breaks,
    /// Its servers are set up and go off.
    Sets,
    /// Its server goes round several queues.
    Polls,
    /// No fast path: look at the role.
    Slow,
}

impl TokensState {
    /// A unit is in use from now on.
    #[inline]
    fn take(&mut self, stats: &mut Stats, now: Time) {
        self.busy += 1;
        stats.busy.add(now, 1.0);
        if self.busy == self.capacity {
            stats.full_since = now;
        }
    }

    /// A unit is free from now on.
    #[inline]
    fn give(&mut self, stats: &mut Stats, now: Time) {
        if self.busy == self.capacity {
            stats.leave_full(now);
        }
        self.busy -= 1;
        stats.busy.add(now, -1.0);
    }

    /// Connections that are open.
    pub(crate) const fn open(&self) -> u32 {
        self.open
    }

    pub(crate) fn new(spec: &Tokens, levels: usize, told: bool) -> Self {
        let role = if spec.preemptive {
            Extras::Preempts
        } else if spec.overflow.is_some() {
            Extras::Opens
        } else if spec.wake.is_some() {
            Extras::Wakes
        } else if spec.feeds.is_some() {
            Extras::Feeds
        } else if spec.breaks {
            Extras::Breaks
        } else if spec.setup.is_some() {
            Extras::Sets
        } else if spec.polling.is_some() {
            Extras::Polls
        } else {
            Extras::None
        };
        Self {
            // None is on before the first is wanted; one that polls gives its unit itself.
            capacity: match role {
                Extras::Sets | Extras::Polls => 0,
                _ => spec.capacity,
            },
            busy: 0,
            queue: Queue::new(match &spec.polling {
                Some(polling) => polling.queues.len(),
                None if spec.priority || spec.preemptive => levels,
                None => 1,
            }),
            open: 0,
            opened: Vec::new(),
            turn: 0,
            reserved: NOBODY,
            serving: Vec::new(),
            kind: if told { Extras::Slow } else { role },
            role,
            told,
            beyond: Beyond::new(spec),
            feeds: spec.feeds.map_or((NOBODY, 0), |(crew, worker)| (crew.0, worker)),
            idle_since: 0,
        }
    }
}

/// What an arrival is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has a unit; the second part is a delay before it can use it.
    Granted(Time),
    Waits,
    Fails(KindId),
}

impl<'p> World<'p> {
    #[inline]
    pub(crate) fn tokens_spec(&self, station: u32) -> &'p Tokens {
        match &self.program.stations[station as usize].kind {
            StationKind::Tokens(tokens) => tokens,
            _ => unreachable!("lowering addresses a tokens station"),
        }
    }

    #[inline]
    pub(crate) fn tokens(&mut self, station: u32) -> &mut TokensState {
        match &mut self.places[station as usize].moving {
            Moving::Tokens(tokens) => tokens,
            _ => unreachable!("lowering addresses a tokens station"),
        }
    }

    /// A task asks for a unit.
    #[inline(never)]
    pub(crate) fn tokens_arrive(&mut self, station: u32, id: u32) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        place.stats.arrivals += 1;
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        // The one a loop is kept for goes before those that wait for the loop itself.
        let free = state.busy < state.capacity
            && ((state.queue.len == 0 && state.reserved == NOBODY) || state.reserved == id);
        if free {
            state.reserved = NOBODY;
            state.take(&mut place.stats, now);
            place.stats.served += 1;
            place.stats.wait.record(0.0);
            let role = state.role;
            if state.told {
                self.note_arrival(station, id);
                self.note(station, id, Note::Served { waited: 0, queued: false });
            }
            return match role {
                Extras::Opens => self.connect(station, id),
                Extras::Wakes => Answer::Granted(self.wake_up(station, id)),
                Extras::Sets => {
                    self.idle_server_used(station);
                    self.settle_full(station);
                    Answer::Granted(0)
                }
                Extras::Breaks => {
                    self.settle_full(station);
                    Answer::Granted(0)
                }
                _ => Answer::Granted(0),
            };
        }
        if state.told {
            self.note_arrival(station, id);
        }
        self.tokens_wait(station, id)
    }

    /// `Serve`: asks for a unit and starts service as soon as it is there. In the usual case, a free
    /// unit of a queue without extras, the station is touched once.
    #[inline]
    pub(crate) fn arrive_and_serve(&mut self, station: u32, id: u32, time: DrawId) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        if let Moving::Tokens(state) = &mut place.moving
            && state.busy < state.capacity
            && state.queue.len == 0
            && state.reserved == NOBODY
            && matches!(state.kind, Extras::None | Extras::Feeds)
        {
            state.take(&mut place.stats, now);
            place.stats.arrivals += 1;
            place.stats.served += 1;
            place.stats.wait.record(0.0);
            place.stats.given.begin(now);
            let length = self.draw_ns(id, time);
            self.start_service(station, id, length);
            return Answer::Granted(0);
        }
        let answer = self.tokens_arrive(station, id);
        match answer {
            Answer::Granted(wake) => self.serve(station, id, time, wake),
            // Drawn while there is time: at its turn everything waits for it.
            Answer::Waits => self.tasks[id].drawn = self.draw_ns(id, time) + 1,
            Answer::Fails(_) => {}
        }
        answer
    }

    /// Schedules the end of service of a task that has its unit.
    #[inline]
    fn start_service(&mut self, station: u32, id: u32, length: Time) {
        let now = self.now;
        let lasts = if self.strikes(Fault::StretchesService) { 2 * length } else { length };
        let wake = self.calendar.push(now + lasts, event::SERVED | id);
        self.places[station as usize].stats.asked += length.cast_signed() as f64;
        let task = &mut self.tasks[id];
        task.wake = wake;
        task.remaining = length;
        task.state = State::Serving;
        task.since = now;
        task.station = station;
    }

    /// Service of a task ends; its unit goes to the next in line. In the usual case, somebody waits
    /// at a queue without extras, it changes hands: the number of busy units does not change, and
    /// what is given begins when the other ends.
    #[inline]
    pub(crate) fn end_service(&mut self, station: u32, id: u32) {
        let forgets = self.strikes(Fault::ForgetsWait);
        let now = self.now;
        let place = &mut self.places[station as usize];
        if let Moving::Tokens(state) = &mut place.moving
            && state.queue.len > 0
            && state.kind == Extras::None
            && state.reserved == NOBODY
            && state.busy <= state.capacity
            && let Some((next, _)) = state.queue.front()
            && self.tasks[next].drawn > 0
        {
            state.queue.pop_front(&mut self.tasks);
            place.stats.queue.add(now, -1.0);
            let task = &mut self.tasks[next];
            let length = std::mem::take(&mut task.drawn) - 1;
            let waited = now - task.since;
            place.stats.served += 1;
            if !forgets {
                place.stats.wait.record(waited.cast_signed() as f64 * 1e-9);
            }
            let (timer, sampled, owner) = (task.timer, task.sample != NOBODY, place.owner);
            if timer != NOBODY {
                task.timer = NOBODY;
                self.timers.cancel(timer);
            }
            if sampled {
                self.spend(next, owner, waited, 0);
            }
            return self.start_service(station, next, length);
        }
        if let Moving::Tokens(state) = &place.moving
            && state.told
        {
            self.note_visit(station, id);
        }
        self.give_back(station, id);
    }

    /// A unit comes back. In the usual case, nobody waits at a queue without extras, that is all.
    #[inline]
    pub(crate) fn give_back(&mut self, station: u32, by: u32) {
        let keeps = self.strikes(Fault::LosesRelease);
        let now = self.now;
        let place = &mut self.places[station as usize];
        place.stats.given.end(now);
        if keeps {
            return;
        }
        if let Moving::Tokens(state) = &mut place.moving
            && state.queue.len == 0
            && state.kind == Extras::None
        {
            state.give(&mut place.stats, now);
            return;
        }
        self.tokens_release(station, by);
    }

    /// `Seize`: asks for a unit. In the usual case, a free unit of a queue without extras, the
    /// station is touched once.
    #[inline]
    pub(crate) fn arrive_and_hold(&mut self, station: u32, id: u32, slot: Slot) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        if let Moving::Tokens(state) = &mut place.moving
            && state.busy < state.capacity
            && state.queue.len == 0
            && state.kind == Extras::None
            && state.reserved == NOBODY
        {
            state.take(&mut place.stats, now);
            place.stats.arrivals += 1;
            place.stats.served += 1;
            place.stats.wait.record(0.0);
            place.stats.given.begin(now);
            self.hold(id, slot.0, u64::from(station));
            return Answer::Granted(0);
        }
        let answer = self.tokens_arrive(station, id);
        if let Answer::Granted(_) = answer {
            self.hold(id, slot.0, u64::from(station));
            self.places[station as usize].stats.given.begin(now);
        }
        answer
    }

    /// What waking up costs a loop that has a task now: nothing when it has just ended another slice.
    fn wake_up(&mut self, station: u32, id: u32) -> Time {
        let was_idle = self.tokens(station).idle_since < self.now;
        self.tokens_spec(station).wake.filter(|_| was_idle).map_or(0, |wake| self.draw_ns(id, wake))
    }

    /// The task that the station is reserved for takes its unit, whoever waits.
    pub(crate) fn tokens_arrive_reserved(&mut self, station: u32, id: u32) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        debug_assert!(state.reserved == id && state.busy < state.capacity);
        state.reserved = NOBODY;
        state.take(&mut place.stats, now);
        let told = state.told;
        place.stats.arrivals += 1;
        place.stats.served += 1;
        place.stats.wait.record(0.0);
        if told {
            self.note_arrival(station, id);
            self.note(station, id, Note::Served { waited: 0, queued: false });
        }
        Answer::Granted(0)
    }

    /// Gives a unit back without looking at the queue.
    pub(crate) fn unit_back(&mut self, station: u32) {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.give(&mut place.stats, now);
    }

    /// `by` gives a unit back; the next in line gets it.
    #[inline(never)]
    pub(crate) fn tokens_release(&mut self, station: u32, by: u32) {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.give(&mut place.stats, now);
        let (role, feeds, waiting) = (state.role, state.feeds.0, state.queue.len);
        if state.told {
            self.note(station, by, Note::Ends);
        }
        match role {
            Extras::None | Extras::Slow => {}
            Extras::Breaks => {
                self.server_given_back(station, by);
                self.tokens_dispatch(station);
                return self.settle_full(station);
            }
            Extras::Sets => {
                if waiting > 0 {
                    self.tokens_dispatch(station);
                    self.cancel_setups(station);
                } else {
                    self.server_idles(station);
                }
                return self.settle_full(station);
            }
            Extras::Polls => {
                self.settle_full(station);
                return self.poll_next(station);
            }
            Extras::Feeds | Extras::Wakes => {
                let state = self.tokens(station);
                if state.busy == 0 {
                    state.idle_since = now;
                }
                if feeds != NOBODY && self.backlog(feeds) > 0 {
                    self.feed(station);
                }
            }
            Extras::Preempts => self.tokens(station).serving.retain(|id| *id != by),
            Extras::Opens => {
                if waiting > 0 {
                    self.tokens_dispatch(station);
                }
                let spec = self.tokens_spec(station);
                if let Some(overflow) = spec.overflow {
                    self.close_surplus(station, overflow.size, overflow.server.map(|s| s.0));
                }
                return;
            }
        }
        if waiting > 0 {
            self.tokens_dispatch(station);
        }
    }

    /// Gives free units to those that wait.
    #[inline]
    pub(crate) fn tokens_dispatch(&mut self, station: u32) {
        loop {
            let forgets = self.strikes(Fault::ForgetsWait);
            let now = self.now;
            let place = &mut self.places[station as usize];
            let Moving::Tokens(state) = &mut place.moving else {
                unreachable!("lowering addresses a tokens station")
            };
            if state.busy >= state.capacity || state.queue.len == 0 || state.reserved != NOBODY {
                return;
            }
            let Some(id) = state.queue.pop_front(&mut self.tasks) else { return };
            state.take(&mut place.stats, now);
            place.stats.queue.add(now, -1.0);
            let task = &mut self.tasks[id];
            let waited = now - task.since;
            let resumed = task.remaining > 0;
            if resumed {
                place.stats.resumed_ns += waited as f64;
            } else {
                place.stats.served += 1;
                if !forgets {
                    place.stats.wait.record(waited as f64 * 1e-9);
                }
            }
            let (timer, sampled, told) = (task.timer, task.sample != NOBODY, state.told);
            if timer != NOBODY {
                task.timer = NOBODY;
                self.timers.cancel(timer);
            }
            if sampled {
                self.spend(id, self.places[station as usize].owner, waited, 0);
            }
            if told {
                let served = Note::Served { waited, queued: true };
                self.note(station, id, if resumed { Note::Resumes } else { served });
            }
            self.granted(station, id);
        }
    }

    /// Whether all servers are in use, where not all of them are always there.
    pub(crate) fn settle_full(&mut self, station: u32) {
        let now = self.now;
        let size = self.tokens_spec(station).capacity;
        let is_full = self.tokens(station).busy >= size;
        let stats = &mut self.places[station as usize].stats;
        if !is_full {
            stats.leave_full(now);
        } else if stats.full_since == Time::MAX {
            stats.full_since = now;
        }
    }

    /// A waiting task has a unit now.
    #[inline]
    pub(crate) fn granted(&mut self, station: u32, id: u32) {
        self.tasks[id].state = State::Ready;
        match self.program.ops[self.tasks[id].pc as usize] {
            Op::Serve { time, .. } => self.serve(station, id, time, 0),
            Op::Seize { slot, .. } => {
                let answer = if self.tokens(station).role == Extras::Opens {
                    self.connect(station, id)
                } else {
                    Answer::Granted(0)
                };
                self.seized(station, id, slot.0, answer);
            }
            _ => unreachable!("a task waits at the operation that asked"),
        }
    }

    /// After a wait: what a seize does with its answer (on the spot it goes on in `step`).
    fn seized(&mut self, station: u32, id: u32, slot: u8, answer: Answer) {
        match answer {
            Answer::Granted(delay) => {
                self.hold(id, slot, u64::from(station));
                self.places[station as usize].stats.given.begin(self.now);
                self.tasks[id].pc += 1;
                if delay == 0 {
                    self.ready.push_back(id);
                } else {
                    self.sleep(id, State::Connecting, self.now + delay);
                }
            }
            Answer::Fails(kind) => {
                let owner = self.places[station as usize].owner;
                if self.raise(id, kind, owner) {
                    self.ready.push_back(id);
                }
            }
            Answer::Waits => unreachable!("the answer of a grant"),
        }
    }

    /// Starts (or resumes) service of a task that has a unit, after `wake`.
    #[inline]
    pub(crate) fn serve(&mut self, station: u32, id: u32, time: DrawId, wake: Time) {
        let task = &mut self.tasks[id];
        let (left, drawn) = (task.remaining, std::mem::take(&mut task.drawn));
        let length = match (left, drawn) {
            (0, 0) => self.draw_ns(id, time),
            (0, drawn) => drawn - 1,
            (left, _) => left,
        } + wake;
        let place = &mut self.places[station as usize];
        place.stats.given.begin(self.now);
        if let Moving::Tokens(state) = &mut place.moving
            && matches!(state.role, Extras::Preempts | Extras::Breaks)
        {
            if state.role == Extras::Breaks {
                self.server_taken(station, id);
            } else {
                state.serving.push(id);
            }
        }
        self.start_service(station, id, length);
    }
}
