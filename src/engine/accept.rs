//! The workers of an instance: how requests and sessions find one, restarts, and the death of all.

use super::calendar::{END_OF_TIME, Time};
use super::level::Gauge;
use super::shares::Note;
use super::task::{NOBODY, Queue, State, Tasks};
use super::tokens::Answer;
use super::world::{Moving, World, event, nanoseconds};
use crate::program::{Accept, Crew, InstanceId, Kind, Local, NONE, Op, Policy, Slot, StationKind};
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

    /// At the start every worker is somewhere in its life: what is left until its restart is
    /// uniform, so that they do not all restart together.
    pub(crate) fn hire_workers(&mut self) {
        for station in 0..self.places.len() as u32 {
            let StationKind::Crew(spec) = &self.program.stations[station as usize].kind else {
                continue;
            };
            for worker in 0..spec.workers {
                let life = self.worker_life(station, worker, 0);
                let warm = self.program.warm_start && life != u64::MAX;
                let key = combine(self.key, combine(u64::from(station), u64::from(worker)));
                let left = if warm { 1 + Stream::new(key).below(life.max(1)) } else { life };
                self.crew(station).workers[worker as usize].left = left;
            }
        }
    }

    fn worker_life(&self, station: u32, worker: u32, start: u64) -> u64 {
        let Some(draw) = self.crew_spec(station).recycle else { return u64::MAX };
        let draw = self.program.draws[draw.index()];
        let key = combine(combine(self.key, combine(u64::from(station), u64::from(worker))), start);
        let life = self.program.dists[draw.dist.index()].sample(&mut Stream::at(key, draw.site));
        (life * draw.factor).max(1.0) as u64
    }

    /// A member of a group, by its policy; `None` when none is known to be alive.
    #[inline]
    pub(crate) fn choose(&mut self, group: u16, id: u32) -> Option<u32> {
        let spec = &self.program.groups[usize::from(group)];
        if spec.policy == Policy::RoundRobin && !spec.changes() {
            return Some(self.next_turn(group, spec.count));
        }
        let key = combine(self.tasks[id].key, u64::from(self.tasks[id].pc));
        self.choose_by(group, key)
    }

    pub(crate) fn choose_by(&mut self, group: u16, key: u64) -> Option<u32> {
        let spec = &self.program.groups[usize::from(group)];
        if spec.changes() {
            return self.choose_among(group, key);
        }
        Some(self.pick(group, key, spec.count, |i| i))
    }

    #[inline]
    fn next_turn(&mut self, group: u16, count: u32) -> u32 {
        let turn = &mut self.turns[usize::from(group)];
        let at = if *turn >= u64::from(count) { 0 } else { *turn };
        *turn = if at + 1 >= u64::from(count) { 0 } else { at + 1 };
        at as u32
    }

    /// One of `count` members by the group's policy; `member` says which of the group's they are.
    pub(crate) fn pick(
        &mut self,
        group: u16,
        key: u64,
        count: u32,
        member: impl Fn(u32) -> u32,
    ) -> u32 {
        if count <= 1 {
            return 0;
        }
        let spec = &self.program.groups[usize::from(group)];
        let mut stream = Stream::new(combine(key, 0x726f_7574_6500 + u64::from(group)));
        let mut load = |i: u32| self.load(spec.first.0 + member(i));
        match spec.policy {
            Policy::RoundRobin => self.next_turn(group, count),
            Policy::Random => stream.below(u64::from(count)) as u32,
            Policy::TwoChoices => {
                let a = stream.below(u64::from(count)) as u32;
                let b = (a + 1 + stream.below(u64::from(count) - 1) as u32) % count;
                let (la, lb) = (load(a), load(b));
                let a_wins = la < lb || (la == lb && stream.word() & 1 == 0);
                if a_wins { a } else { b }
            }
            Policy::LeastConnections => {
                let (mut best, mut least, mut ties) = (0, u32::MAX, 0_u64);
                for i in 0..count {
                    let load = load(i);
                    if load < least {
                        (best, least, ties) = (i, load, 1);
                    } else if load == least {
                        ties += 1;
                        if stream.below(ties) == 0 {
                            best = i;
                        }
                    }
                }
                best
            }
        }
    }

    /// Requests waiting and in service at an instance, and its sessions.
    fn load(&mut self, instance: u32) -> u32 {
        let crew = self.program.instances[instance as usize].crew.0;
        let crew = self.crew(crew);
        crew.occupied + crew.queue.len
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

    /// A worker has served its last request before a restart.
    fn retire(&mut self, station: u32, worker: u32) {
        if let Some(instance) = self.program.stations[station as usize].instance {
            self.instances[instance.index()].recycles += 1;
        }
        let deadline = self.now + self.crew_spec(station).drain_ns;
        let now = self.now;
        let crew = self.crew(station);
        crew.set_mode(now, worker, Mode::Draining);
        let start = crew.workers[worker as usize].starts;
        self.worker_at(deadline, WorkerEvent { station, worker, start });
    }

    fn worker_at(&mut self, time: Time, what: WorkerEvent) {
        let index = self.sessions.note_worker(what);
        self.calendar.push(time.min(END_OF_TIME), event::WORKER | index);
    }

    /// The end of a drain, or of a boot.
    pub(crate) fn worker_event(&mut self, index: usize) {
        let WorkerEvent { station, worker, start } = self.sessions.take_worker(index);
        let w = &self.crew(station).workers[worker as usize];
        if w.starts != start {
            return;
        }
        match w.mode {
            Mode::Draining => self.restart(station, worker),
            Mode::Booting => {
                let now = self.now;
                let crew = self.crew(station);
                crew.set_mode(now, worker, crew.working);
                if let Some(instance) = self.program.stations[station as usize].instance {
                    self.instance_up(instance);
                }
                self.crew_dispatch(station);
                self.worker_empty(station, worker);
            }
            Mode::Up | Mode::Watched | Mode::Off => {}
        }
    }

    /// All workers of an instance begin anew in a mode: it starts, is there, or is not.
    pub(crate) fn restart_workers(&mut self, station: u32, mode: Mode) {
        for worker in 0..self.crew(station).workers.len() as u32 {
            let now = self.now;
            self.crew(station).set_mode(now, worker, mode);
            let w = &mut self.crew(station).workers[worker as usize];
            w.starts += 1;
            let start = w.starts;
            let life = self.worker_life(station, worker, start);
            self.crew(station).workers[worker as usize].left = life;
        }
        if matches!(mode, Mode::Up | Mode::Watched) {
            self.crew(station).working = mode;
        }
    }

    /// Somebody wants to know when an instance is empty.
    pub(crate) fn crew_watched(&mut self, station: u32) {
        let crew = self.crew(station);
        crew.working = Mode::Watched;
        for worker in crew.workers.iter_mut().filter(|w| w.mode == Mode::Up) {
            worker.mode = Mode::Watched;
        }
    }

    /// Whether an instance answers a question.
    pub(crate) fn answers(&mut self, station: u32) -> bool {
        let instance = self.program.stations[station as usize].instance;
        let down = instance.is_some_and(|i| self.down_since[i.index()].is_some());
        !down && self.crew(station).workers.iter().any(Worker::works)
    }

    /// Ends what is left on a worker and boots it.
    fn restart(&mut self, station: u32, worker: u32) {
        let now = self.now;
        self.crew(station).set_mode(now, worker, Mode::Booting);
        let w = &mut self.crew(station).workers[worker as usize];
        w.starts += 1;
        let start = w.starts;
        let life = self.worker_life(station, worker, start);
        self.crew(station).workers[worker as usize].left = life;
        let boot = self.crew_spec(station).boot;
        let time = self.now + self.boot_time(boot, station, start);
        self.worker_at(time, WorkerEvent { station, worker, start });
        self.end_inside(station, Some(worker), Kind::Unavailable);
        self.drop_sessions(station, Some(worker));
    }

    pub(crate) fn boot_time(
        &self,
        boot: Option<crate::program::DrawId>,
        station: u32,
        start: u64,
    ) -> Time {
        let Some(boot) = boot else { return 0 };
        let draw = self.program.draws[boot.index()];
        let key = combine(combine(self.key, u64::from(station) << 32), start);
        let seconds = self.program.dists[draw.dist.index()].sample(&mut Stream::at(key, draw.site));
        nanoseconds(seconds * draw.factor)
    }

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

    /// A request of a worker process took too long: the process dies with it, and starts anew when
    /// the request has left.
    pub(crate) fn doom_worker(&mut self, id: u32, slot: Slot) {
        if self.tasks[id].held & (1 << slot.0) == 0 {
            return;
        }
        let what = self.tasks.local(id, slot.0);
        let (now, worker) = (self.now, (what >> 32) as u32);
        let crew = self.crew(what as u32);
        if crew.workers[worker as usize].works() {
            crew.set_mode(now, worker, Mode::Draining);
        }
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
            if what & super::cache::LEASE == 0
                && what as u32 == station
                && worker.is_none_or(|w| (what >> 32) as u32 == w)
            {
                return Some(slot);
            }
        }
        None
    }

    /// An instance dies with all inside, and boots.
    pub(crate) fn kill_instance(&mut self, instance: InstanceId, kind: Kind) {
        if self.down_since[instance.index()].is_some() {
            return;
        }
        self.down_since[instance.index()] = Some(self.now);
        let spec = &self.program.instances[instance.index()];
        let station = spec.crew.0;
        let starts =
            self.crew(station).workers.len() as u64 + self.instances[instance.index()].memory_kills;
        let boot = self.now + self.boot_time(spec.boot, station, starts).max(1);
        for worker in 0..self.crew(station).workers.len() as u32 {
            let now = self.now;
            self.crew(station).set_mode(now, worker, Mode::Booting);
            let w = &mut self.crew(station).workers[worker as usize];
            w.starts += 1;
            let start = w.starts;
            let life = self.worker_life(station, worker, start);
            self.crew(station).workers[worker as usize].left = life;
            self.worker_at(boot, WorkerEvent { station, worker, start });
        }
        self.end_inside(station, None, kind);
        self.drop_sessions(station, None);
        self.gone_for_good(instance);
    }

    pub(crate) fn instance_up(&mut self, instance: InstanceId) {
        if let Some(since) = self.down_since[instance.index()].take() {
            let from = since.max(self.measured_from);
            self.instances[instance.index()].down_s += (self.now - from) as f64 * 1e-9;
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

    /// The local's value as an index, for targets.
    #[inline]
    pub(crate) fn station_of(&self, id: u32, at: crate::program::Target) -> u32 {
        match at.by {
            None => at.base.0,
            Some(Local(local)) => at.base.0 + self.tasks.local(id, local) as u32,
        }
    }

    /// Fails the callee's part of a task that holds something of a dead worker in `slot`.
    fn end_in_boundary(&mut self, id: u32, slot: u8, kind: crate::program::KindId, owner: u16) {
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
    pub(crate) fn end_at_boundary(
        &mut self,
        id: u32,
        boundary: u16,
        kind: crate::program::KindId,
        owner: u16,
    ) {
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
