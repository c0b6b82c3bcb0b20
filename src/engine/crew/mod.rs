//! The workers of an instance: how requests and sessions find one.

mod ending;
mod restarts;
mod routing;

use super::calendar::Time;
use super::level::Gauge;
use super::shares::Note;
use super::task::{NOBODY, Queue, State, Tasks};
use super::tokens::Answer;
use super::world::{Moving, World};
use crate::program::{Accept, Crew, Kind, Local, Op, Slot, StationKind};
use crate::rng::{Stream, combine};

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Up,
    /// As if up, and somebody wants to know when its instance is empty.
    Watched,
    /// Takes nothing new; restarts at the end of its drain or when it is empty.
    Draining,
    Booting,
    /// Its instance is not there.
    Off,
}

#[derive(Debug)]
struct Worker {
    mode: Mode,
    requests: u32,
    sessions: u32,
    /// Requests until it restarts.
    left: u64,
    starts: u64,
}

impl Worker {
    /// Takes work when it has room.
    const fn works(&self) -> bool {
        matches!(self.mode, Mode::Up | Mode::Watched)
    }

    const fn has_room(&self, per_worker: u32) -> bool {
        self.works() && self.requests.saturating_add(self.sessions) < per_worker
    }
}

/// The moving part of a [`Crew`].
#[derive(Debug)]
pub(crate) struct CrewState {
    workers: Vec<Worker>,
    pub(crate) queue: Queue,
    turn: usize,
    pub(crate) occupied: u32,
    /// Places of all workers.
    places: u64,
    /// There is one worker, which takes requests whatever its loop does.
    is_single: bool,
    per_worker: u32,
    first_worker: u32,
    /// What its workers do when they have booted.
    working: Mode,
    /// Workers that take work.
    pub(crate) available: Gauge,
}

impl CrewState {
    pub(crate) fn new(spec: &Crew, levels: usize, told: bool) -> Self {
        let worker =
            || Worker { mode: Mode::Up, requests: 0, sessions: 0, left: u64::MAX, starts: 0 };
        Self {
            workers: (0..spec.workers).map(|_| worker()).collect(),
            queue: Queue::new(if spec.priority { levels } else { 1 }),
            turn: 0,
            occupied: 0,
            places: u64::from(spec.per_worker) * u64::from(spec.workers),
            is_single: !told && spec.workers == 1 && !matches!(spec.accept, Accept::Idle { .. }),
            per_worker: spec.per_worker,
            first_worker: spec.first_worker,
            working: Mode::Up,
            available: Gauge::starting_at(f64::from(spec.workers)),
        }
    }

    fn set_mode(&mut self, now: Time, worker: u32, mode: Mode) {
        let w = &mut self.workers[worker as usize];
        let before = w.works();
        w.mode = mode;
        match (before, w.works()) {
            (false, true) => self.available.add(now, 1.0),
            (true, false) => self.available.add(now, -1.0),
            _ => {}
        }
    }

    pub(crate) fn unlink(&mut self, tasks: &mut Tasks, level: usize, id: u32) {
        self.queue.unlink(tasks, level, id);
    }
}

/// What a worker's event is about: (station, worker, number of its start).
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerEvent {
    station: u32,
    worker: u32,
    start: u64,
}

impl<'p> World<'p> {
    pub(crate) fn crew_spec(&self, station: u32) -> &'p Crew {
        match &self.program.stations[station as usize].kind {
            StationKind::Crew(crew) => crew,
            _ => unreachable!("lowering addresses a crew"),
        }
    }

    pub(crate) fn crew(&mut self, station: u32) -> &mut CrewState {
        match &mut self.places[station as usize].moving {
            Moving::Crew(crew) => crew,
            _ => unreachable!("lowering addresses a crew"),
        }
    }

    /// A request asks an instance for a worker.
    #[inline]
    pub(crate) fn accept(&mut self, station: u32, id: u32, local: Local, slot: Slot) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Crew(crew) = &mut place.moving else {
            unreachable!("lowering addresses a crew")
        };
        // One worker that lives on and has room: no choice to make. While its instance is down it
        // boots.
        if crew.is_single
            && crew.queue.len == 0
            && let [worker] = crew.workers.as_mut_slice()
            && worker.mode == Mode::Up
            && worker.left == u64::MAX
            && worker.requests.saturating_add(worker.sessions) < crew.per_worker
        {
            worker.requests += 1;
            crew.occupied += 1;
            place.stats.arrivals += 1;
            place.stats.served += 1;
            place.stats.wait.record(0.0);
            place.stats.busy.add(now, 1.0);
            if u64::from(crew.occupied) == crew.places {
                place.stats.full_since = now;
            }
            place.stats.given.begin(now);
            let first = crew.first_worker;
            self.tasks.set_local(id, local.0, u64::from(first));
            self.hold(id, slot.0, u64::from(station));
            return Answer::Granted(0);
        }
        self.accept_by_choice(station, id)
    }

    /// The place that a request has on a worker, in its slot and its local.
    fn note_worker_of(&mut self, station: u32, id: u32, worker: u32) {
        let Op::Accept { worker: local, slot, .. } = self.program.ops[self.tasks[id].pc as usize]
        else {
            unreachable!("a task waits at the operation that asked")
        };
        let first = self.crew_spec(station).first_worker;
        self.tasks.set_local(id, local.0, u64::from(first + worker));
        self.hold(id, slot.0, u64::from(station) | u64::from(worker) << 32);
    }

    #[inline(never)]
    fn accept_by_choice(&mut self, station: u32, id: u32) -> Answer {
        self.places[station as usize].stats.arrivals += 1;
        self.note(station, id, Note::Arrives);
        let program = self.program;
        if let Some(instance) = program.stations[station as usize].instance
            && self.down_since[instance.index()].is_some()
        {
            self.places[station as usize].stats.refused += 1;
            self.note(station, id, Note::Refused);
            return Answer::Fails(Kind::Unavailable.id());
        }
        if self.backlog(station) == 0
            && let Some(worker) = self.free_worker(station, self.tasks[id].key)
        {
            self.places[station as usize].stats.wait.record(0.0);
            self.note(station, id, Note::Served { waited: 0, queued: false });
            self.assign(station, id, worker);
            return Answer::Granted(0);
        }
        let spec = self.crew_spec(station);
        let level = self.level(id);
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Crew(crew) = &mut place.moving else {
            unreachable!("lowering addresses a crew")
        };
        if crew.queue.len >= spec.backlog {
            place.stats.refused += 1;
            self.note(station, id, Note::Refused);
            return Answer::Fails(Kind::Refused.id());
        }
        place.stats.waited += 1;
        place.stats.queue.add(now, 1.0);
        crew.queue.push_back(&mut self.tasks, level, id);
        let task = &mut self.tasks[id];
        task.state = State::Queued;
        task.station = station;
        task.since = now;
        self.note(station, id, Note::Waits);
        Answer::Waits
    }

    /// A worker that may take a request or a session now.
    fn free_worker(&mut self, station: u32, key: u64) -> Option<u32> {
        let spec = self.crew_spec(station);
        let per_worker = spec.per_worker;
        let open = |w: &Worker| w.has_room(per_worker);
        match spec.accept {
            Accept::Free => {
                let crew = self.crew(station);
                let n = crew.workers.len();
                if n == 1 {
                    return open(&crew.workers[0]).then_some(0);
                }
                let turn = crew.turn;
                let best = (0..n)
                    .map(|i| (turn + i) % n)
                    .filter(|i| open(&crew.workers[*i]))
                    .min_by_key(|i| crew.workers[*i].requests + crew.workers[*i].sessions)?;
                crew.turn = (best + 1) % n;
                Some(best as u32)
            }
            Accept::Idle { loops } => {
                let n = spec.workers;
                let turn = self.crew(station).turn as u32;
                for i in 0..n {
                    let worker = if n == 1 { 0 } else { (turn + i) % n };
                    let state = self.tokens(loops.0 + worker);
                    let idle = state.busy == 0 && state.queue.len == 0 && state.reserved == NOBODY;
                    if idle && open(&self.crew(station).workers[worker as usize]) {
                        self.crew(station).turn = (worker as usize + 1) % n as usize;
                        return Some(worker);
                    }
                }
                None
            }
            Accept::Hashed => {
                // Bound by a hash over the workers that are up; one without a free place keeps the
                // request out (it waits in the backlog until any has one).
                let crew = self.crew(station);
                let up = crew.workers.iter().filter(|w| w.works()).count() as u64;
                if up == 0 {
                    return None;
                }
                let pick = Stream::new(combine(key, 0x68_6173_6800)).below(up) as usize;
                let worker = crew
                    .workers
                    .iter()
                    .enumerate()
                    .filter(|(_, w)| w.works())
                    .nth(pick)
                    .map(|(i, _)| i)?;
                open(&crew.workers[worker]).then_some(worker as u32)
            }
        }
    }

    /// Gives a worker's place to a request.
    fn assign(&mut self, station: u32, id: u32, worker: u32) {
        let now = self.now;
        let place = &mut self.places[station as usize];
        place.stats.served += 1;
        place.stats.busy.add(now, 1.0);
        let Moving::Crew(crew) = &mut place.moving else {
            unreachable!("lowering addresses a crew")
        };
        crew.occupied += 1;
        if u64::from(crew.occupied) == crew.places {
            place.stats.full_since = now;
        }
        let w = &mut crew.workers[worker as usize];
        w.requests += 1;
        if w.left != u64::MAX {
            w.left = w.left.saturating_sub(1);
            if w.left == 0 {
                self.retire(station, worker);
            }
        }
        self.note_worker_of(station, id, worker);
        self.places[station as usize].stats.given.begin(now);
    }

    /// A request leaves its worker.
    pub(crate) fn crew_release(&mut self, station: u32, worker: u32) {
        let now = self.now;
        self.leave_worker(station, worker, now, true);
        if self.backlog(station) > 0 {
            self.crew_dispatch(station);
        }
    }

    #[inline]
    fn leave_worker(&mut self, station: u32, worker: u32, now: Time, request: bool) {
        let place = &mut self.places[station as usize];
        let Moving::Crew(crew) = &mut place.moving else {
            unreachable!("lowering addresses a crew")
        };
        if u64::from(crew.occupied) == crew.places {
            place.stats.leave_full(now);
        }
        crew.occupied -= 1;
        place.stats.busy.add(now, -1.0);
        let w = &mut crew.workers[worker as usize];
        if request {
            w.requests -= 1;
        } else {
            w.sessions -= 1;
        }
        if w.mode != Mode::Up && w.requests == 0 && w.sessions == 0 {
            self.worker_empty(station, worker);
        }
    }

    /// Nothing is left on a worker that is not simply up.
    #[inline(never)]
    fn worker_empty(&mut self, station: u32, worker: u32) {
        let crew = self.crew(station);
        match crew.workers[worker as usize].mode {
            Mode::Draining => self.restart(station, worker),
            Mode::Watched if crew.occupied == 0 && crew.queue.len == 0 => {
                self.instance_empty(station);
            }
            _ => {}
        }
    }

    /// Gives free places to the backlog.
    pub(crate) fn crew_dispatch(&mut self, station: u32) {
        while let Some((id, level)) = self.crew(station).queue.front() {
            let key = self.tasks[id].key;
            let Some(worker) = self.free_worker(station, key) else { return };
            self.take_from_backlog(station, id, level, worker);
            self.ready.push_back(id);
            if let Accept::Idle { loops } = self.crew_spec(station).accept {
                // The loop stays free for it until it has run.
                let idle = loops.0 + worker;
                self.tokens(idle).reserved = id;
                self.reserved.push((id, idle));
            }
        }
    }

    fn take_from_backlog(&mut self, station: u32, id: u32, level: usize, worker: u32) {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Crew(crew) = &mut place.moving else {
            unreachable!("lowering addresses a crew")
        };
        crew.queue.unlink(&mut self.tasks, level, id);
        place.stats.queue.add(now, -1.0);
        let waited = now - self.tasks[id].since;
        place.stats.wait.record(waited as f64 * 1e-9);
        let owner = place.owner;
        self.spend(id, owner, waited, 0);
        self.note(station, id, Note::Served { waited, queued: true });
        self.assign(station, id, worker);
        let task = &mut self.tasks[id];
        task.state = State::Ready;
        task.pc += 1;
    }

    /// Tasks in the backlog of a crew.
    #[inline]
    pub(crate) fn backlog(&self, crew: u32) -> u32 {
        match &self.places[crew as usize].moving {
            Moving::Crew(crew) => crew.queue.len,
            _ => 0,
        }
    }

    /// An event loop has become free: what became ready earlier goes first, its own queue's head or
    /// the backlog's.
    #[inline(never)]
    pub(crate) fn feed(&mut self, looping: u32) {
        let Some((crew, worker)) = self.tokens_spec(looping).feeds else { return };
        let crew = crew.0;
        let Some((waiting, level)) = self.crew(crew).queue.front() else { return };
        let state = self.tokens(looping);
        if state.reserved != NOBODY || state.busy > 0 {
            return;
        }
        if let Some((own, _)) = state.queue.front()
            && self.tasks[own].since <= self.tasks[waiting].since
        {
            return;
        }
        let per_worker = self.crew_spec(crew).per_worker;
        let w = &self.crew(crew).workers[worker as usize];
        if !w.has_room(per_worker) {
            return;
        }
        self.take_from_backlog(crew, waiting, level, worker);
        self.tokens(looping).reserved = waiting;
        if let Op::Serve { at, time } = self.program.ops[self.tasks[waiting].pc as usize]
            && self.station_of(waiting, at) == looping
        {
            // It begins with a slice of this very loop: no detour through the ready queue.
            let answer = self.tokens_arrive_reserved(looping, waiting);
            debug_assert!(answer == Answer::Granted(0));
            return self.serve(looping, waiting, time, 0);
        }
        self.ready.push_back(waiting);
        self.reserved.push((waiting, looping));
    }

    /// A task for which a loop was kept has run: if it did not take the loop, others may.
    pub(crate) fn settle_reserved(&mut self) {
        let mut i = 0;
        while i < self.reserved.len() {
            let (id, looping) = self.reserved[i];
            let kept = self.tokens(looping).reserved == id;
            if kept && self.ready.contains(&id) {
                i += 1;
                continue;
            }
            self.reserved.swap_remove(i);
            if kept {
                self.tokens(looping).reserved = NOBODY;
                self.feed(looping);
                self.tokens_dispatch(looping);
            }
        }
    }

    /// A session connects to a worker of an instance; `None` when none takes it.
    pub(crate) fn connect_session(&mut self, station: u32) -> Option<u32> {
        let instance = self.program.stations[station as usize].instance;
        if instance.is_some_and(|i| self.down_since[i.index()].is_some()) {
            return None;
        }
        let spec = self.crew_spec(station);
        let per_worker = spec.per_worker;
        let crew = self.crew(station);
        // Sockets are spread over workers whatever these do at the moment: the least occupied first.
        let n = crew.workers.len();
        let turn = crew.turn;
        let worker = (0..n)
            .map(|i| (turn + i) % n)
            .filter(|i| crew.workers[*i].has_room(per_worker))
            .min_by_key(|i| crew.workers[*i].sessions)?;
        crew.workers[worker].sessions += 1;
        crew.occupied += 1;
        let full = u64::from(crew.occupied) == u64::from(per_worker) * n as u64;
        let now = self.now;
        let stats = &mut self.places[station as usize].stats;
        stats.busy.add(now, 1.0);
        stats.given.begin(now);
        if full {
            stats.full_since = now;
        }
        Some(worker as u32)
    }

    /// A session leaves its worker.
    pub(crate) fn disconnect_session(&mut self, station: u32, worker: u32) {
        let now = self.now;
        self.places[station as usize].stats.given.end(now);
        self.leave_worker(station, worker, now, false);
        if self.crew(station).queue.len > 0 {
            self.crew_dispatch(station);
        }
    }
}
