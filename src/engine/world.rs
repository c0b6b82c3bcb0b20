//! The state of one replication and its main loop.

use std::collections::VecDeque;

use super::breakdown::Faults;
use super::breakers::BreakerState;
use super::bucket::BucketState;
use super::cache::CacheState;
use super::calendar::{Calendar, END_OF_TIME, Time};
use super::control::Acts;
use super::crew::CrewState;
use super::fleet::Fleet;
use super::level::Gauge;
use super::observed::Observed;
use super::processor::ProcessorState;
use super::record::{Classes, Samples, Stats};
use super::scaling::Scaler;
use super::sessions::SessionState;
use super::shares::{Note, Shares};
use super::sources::SourceState;
use super::task::{NOBODY, State, Task, Tasks};
use super::timers::Timers;
use super::tokens::TokensState;
use super::windows::Windows;
use crate::dist::Distribution;
use crate::program::{NONE, Op, Program, Station, StationId, StationKind};
use crate::results::{Batch, ComponentRecord, FamilyRecord, InstanceRecord, Level};
use crate::rng::{Stream, combine};

/// Kinds of events, in the upper four bits of a payload; the rest is an index.
pub(crate) mod event {
    pub(crate) const WAKE: u32 = 0;
    pub(crate) const PROCESSOR: u32 = 1 << 28;
    pub(crate) const LANE: u32 = 2 << 28;
    pub(crate) const TIMER: u32 = 3 << 28;
    pub(crate) const SOURCE: u32 = 4 << 28;
    pub(crate) const CLIENT: u32 = 5 << 28;
    pub(crate) const BUCKET: u32 = 6 << 28;
    pub(crate) const WINDOW: u32 = 7 << 28;
    pub(crate) const BATCH: u32 = 8 << 28;
    pub(crate) const WORKER: u32 = 9 << 28;
    pub(crate) const SESSION: u32 = 10 << 28;
    pub(crate) const STREAM: u32 = 11 << 28;
    pub(crate) const CHURN: u32 = 12 << 28;
    /// The wake event of a task in service, the most frequent one.
    pub(crate) const SERVED: u32 = 13 << 28;
    /// What is rare: the next four bits say what.
    pub(crate) const OTHER: u32 = 14 << 28;
    pub(crate) const MARK: u32 = 0;
    pub(crate) const CONTROL: u32 = 1 << 24;
    pub(crate) const SETUP: u32 = 2 << 24;
    pub(crate) const IDLE: u32 = 3 << 24;
    pub(crate) const POLL: u32 = 4 << 24;
    pub(crate) const FAULT: u32 = 5 << 24;
    pub(crate) const SUB_INDEX: u32 = (1 << 24) - 1;
    pub(crate) const INDEX: u32 = (1 << 28) - 1;
}

/// The moving part of a station.
#[derive(Debug)]
pub(crate) enum Moving {
    Tokens(TokensState),
    Processor(ProcessorState),
    Crew(CrewState),
    Bucket(BucketState),
    Memory(Gauge),
}

/// A station at run time.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) moving: Moving,
    pub(crate) stats: Stats,
    pub(crate) owner: u16,
    /// Units are taken for services of drawn length only, never held.
    pub(crate) serves_only: bool,
}

impl Place {
    /// Units in use, or bytes.
    pub(crate) fn busy(&self, now: Time) -> Level {
        match &self.moving {
            Moving::Memory(level) => level.record(now),
            _ => self.stats.busy.record(now),
        }
    }
}

/// A draw of the program with what it refers to.
#[derive(Clone, Copy, Debug)]
struct Sampler<'p> {
    dist: &'p Distribution,
    site: u64,
    factor: f64,
    /// What is drawn when it is a duration.
    duration: Duration,
}

/// The usual durations, in nanoseconds already.
#[derive(Clone, Copy, Debug)]
enum Duration {
    Constant(Time),
    /// Exponential of this mean.
    Exponential(f64),
    /// By the distribution.
    Drawn,
}

impl<'p> Sampler<'p> {
    fn new(program: &'p Program, draw: &crate::program::Draw) -> Self {
        let dist = &program.dists[draw.dist.index()];
        let duration = match dist {
            Distribution::Constant(value) => Duration::Constant(nanoseconds(draw.factor * value)),
            Distribution::Exponential { mean } => Duration::Exponential(draw.factor * mean * 1e9),
            _ => Duration::Drawn,
        };
        Self { dist, site: draw.site, factor: draw.factor, duration }
    }
}

/// Number of tasks from which their records are read ahead: beyond it they leave the cache.
const MANY_TASKS: usize = 4096;

/// One replication of a program.
#[derive(Debug)]
pub struct World<'p> {
    pub(crate) program: &'p Program,
    /// By draw: its distribution, its site and its factor.
    samplers: Vec<Sampler<'p>>,
    pub(crate) key: u64,
    pub(crate) now: Time,
    pub(crate) calendar: Calendar,
    pub(crate) tasks: Tasks,
    pub(crate) ready: VecDeque<u32>,
    /// Loops kept free for a task that was just accepted on them: (task, station).
    pub(crate) reserved: Vec<(u32, u32)>,
    pub(crate) places: Vec<Place>,
    pub(crate) timers: Timers,
    pub(crate) breakers: Vec<BreakerState>,
    pub(crate) budgets: Vec<(u64, u64)>,
    pub(crate) cache: CacheState,
    pub(crate) sources: Vec<SourceState>,
    pub(crate) clients: Vec<u32>,
    pub(crate) sessions: SessionState,
    /// Next member per group (round robin), and a counter for its random choices.
    pub(crate) turns: Vec<u64>,
    /// Instances that are down.
    pub(crate) down_since: Vec<Option<Time>>,
    /// Members of the groups that change.
    pub(crate) fleets: Vec<Option<Fleet>>,
    pub(crate) scalers: Vec<Scaler<'p>>,
    pub(crate) acts: Acts,
    pub(crate) classes: Classes,
    pub(crate) components: Vec<ComponentRecord>,
    pub(crate) families: Vec<FamilyRecord>,
    pub(crate) instances: Vec<InstanceRecord>,
    pub(crate) samples: Samples,
    pub(crate) windows: Windows,
    pub(crate) observed: Observed,
    pub(crate) shares: Shares,
    pub(crate) faults: Faults,
    pub(crate) batches: Vec<Batch>,
    pub(crate) batch_ns: Time,
    /// How often observation began: events of an earlier one are stale.
    pub(crate) batch_turn: u32,
    pub(crate) batch: (u64, f64, f64),
    pub(crate) measured_from: Time,
    pub(crate) inside_at_start: u64,
    pub(crate) events: u64,
    pub(crate) requests: u64,
    #[cfg(test)]
    pub(crate) planted: super::fault::Planted,
    /// Of no meaning: what keeps the reading ahead from being left out.
    touched: u64,
}

impl<'p> World<'p> {
    /// The world of one replication at time 0, in the state that the program asks for (warm or
    /// empty). Everything random in it is a function of `seed` and `replication`.
    pub fn new(program: &'p Program, seed: u64, replication: u64) -> Self {
        let key = combine(combine(seed, 0x6361_7070_6c61_6e31), replication);
        let levels = usize::from(program.priorities.max(1));
        let shares = Shares::new(program);
        let places = program
            .stations
            .iter()
            .enumerate()
            .map(|(i, station)| (station, shares.asks(i as u32)))
            .map(|(station, told)| Place {
                moving: match &station.kind {
                    StationKind::Tokens(t) => Moving::Tokens(TokensState::new(t, levels, told)),
                    StationKind::Processor(p) => Moving::Processor(ProcessorState::new(p, told)),
                    StationKind::Crew(c) => Moving::Crew(CrewState::new(c, levels, told)),
                    StationKind::Bucket(b) => Moving::Bucket(BucketState::new(b)),
                    StationKind::Memory(m) => Moving::Memory(Gauge::starting_at(m.base)),
                },
                stats: Stats::new(match &station.kind {
                    StationKind::Memory(m) => m.base,
                    _ => 0.0,
                }),
                owner: station.owner.0,
                serves_only: serves_only(program, station),
            })
            .collect();
        let components = usize::from(program.components);
        let mut world = Self {
            program,
            samplers: program.draws.iter().map(|draw| Sampler::new(program, draw)).collect(),
            key,
            now: 0,
            calendar: Calendar::new(),
            tasks: Tasks::new(usize::from(program.locals)),
            ready: VecDeque::new(),
            reserved: Vec::new(),
            places,
            timers: Timers::new(program),
            breakers: vec![BreakerState::default(); program.breakers.len()],
            budgets: vec![(0, 0); program.budgets.len()],
            cache: CacheState::new(program, key),
            sources: Vec::new(),
            clients: Vec::new(),
            sessions: SessionState::new(program),
            turns: vec![0; program.groups.len()],
            down_since: vec![None; program.instances.len()],
            fleets: program.groups.iter().map(|group| Fleet::new(program, group)).collect(),
            scalers: Scaler::all(program),
            acts: Acts::default(),
            classes: Classes::new(program),
            components: vec![
                ComponentRecord {
                    failures: vec![0; usize::from(program.kinds)],
                    ..ComponentRecord::default()
                };
                components
            ],
            families: vec![FamilyRecord::default(); program.families.len()],
            instances: vec![InstanceRecord::default(); program.instances.len()],
            samples: Samples::new(components),
            windows: Windows::new(program),
            observed: Observed::new(program),
            shares,
            faults: Faults::new(program),
            batches: Vec::new(),
            batch_ns: 0,
            batch_turn: 0,
            batch: (0, 0.0, 0.0),
            measured_from: 0,
            inside_at_start: 0,
            events: 0,
            requests: 0,
            touched: 0,
            #[cfg(test)]
            planted: super::fault::Planted::here(),
        };
        world.open_pools();
        world.hire_workers();
        world.start_fleets();
        world.start_checks();
        world.start_faults();
        world.start_polling();
        world.start_sources();
        // Those that are there from the start have not started in it.
        world.sessions.reset_records(0);
        world.begin_observed();
        world.start_scalers();
        world
    }

    /// Runs until simulated time `time_s` (seconds since the start of the world).
    pub fn run_until(&mut self, time_s: f64) {
        let end = nanoseconds(time_s);
        self.run(end, u64::MAX);
        self.now = self.now.max(end);
    }

    /// Runs until `n` more requests have arrived, at most until `time_limit_s`.
    pub fn run_requests(&mut self, n: u64, time_limit_s: f64) {
        self.run(nanoseconds(time_limit_s), self.requests.saturating_add(n));
    }

    /// Time since the start, seconds.
    pub fn now_s(&self) -> f64 {
        self.now as f64 * 1e-9
    }

    /// Requests that arrived since the start.
    pub const fn requests(&self) -> u64 {
        self.requests
    }

    /// Tasks in the system: requests in flight, and work that goes on for callers that left.
    pub const fn inside(&self) -> u64 {
        self.tasks.live as u64
    }

    fn run(&mut self, end: Time, requests: u64) {
        self.drain_ready();
        while self.requests < requests {
            let Some(due) = self.calendar.pop(end) else {
                break;
            };
            assert!(due.time >= self.now, "events leave in order of time");
            if self.calendar.take_refilled() && self.tasks.all.len() > MANY_TASKS {
                self.touch_upcoming();
            }
            self.now = due.time;
            self.events += 1;
            let index = due.payload & event::INDEX;
            match due.payload & !event::INDEX {
                event::SERVED => self.served(index, due.seq),
                event::WAKE => self.wake(index, due.seq),
                event::SOURCE => self.source_event(index as usize),
                event::PROCESSOR => self.processor_event(index, due.seq),
                event::LANE => self.lane_event(index as usize),
                event::TIMER => self.timer_event(index, due.seq),
                event::CLIENT => self.client_event(index),
                event::BUCKET => self.bucket_event(index, due.seq),
                event::WORKER => self.worker_event(index as usize),
                event::SESSION => self.session_event(index),
                event::STREAM => self.stream_event(index as usize, due.seq),
                event::CHURN => self.churn_event(index as usize, due.seq),
                event::WINDOW => self.window_event(index),
                event::OTHER => self.other_event(index, due.seq),
                _ => self.batch_event(index),
            }
            if !self.ready.is_empty() {
                self.drain_ready();
            }
            if self.observed.watches {
                self.watch_levels();
            }
        }
    }

    /// What is rare.
    #[inline(never)]
    fn other_event(&mut self, index: u32, seq: u64) {
        let sub = index & event::SUB_INDEX;
        match index & !event::SUB_INDEX {
            event::CONTROL => self.control_event(sub),
            event::SETUP => self.setup_event(sub, seq),
            event::IDLE => self.idle_server_event(sub, seq),
            event::POLL => self.poll_event(sub),
            event::FAULT => self.fault_event(sub),
            _ => self.mark_event(sub),
        }
    }

    /// Reads the records that the next events will need. Among very many tasks each is a miss of
    /// the cache; asked for together, they are waited for together.
    #[inline(never)]
    fn touch_upcoming(&mut self) {
        let tasks = &self.tasks;
        let wakes = || {
            let payloads = self.calendar.upcoming();
            payloads.filter_map(|payload| match payload & !event::INDEX {
                event::WAKE | event::SERVED => Some(payload & event::INDEX),
                _ => None,
            })
        };
        let mut sum = wakes().fold(0, |sum, id| sum ^ tasks.touch(id));
        if !self.program.frames.is_empty() {
            for id in wakes() {
                if let Some(frame) = self.program.frames.get(usize::from(tasks[id].frame)) {
                    sum ^= self.timers.touch(tasks.local(id, frame.state.0 + 2));
                }
            }
        }
        self.touched = sum;
    }

    pub(crate) fn drain_ready(&mut self) {
        if !self.ready.is_empty() || !self.reserved.is_empty() {
            self.drain_all();
        }
    }

    fn drain_all(&mut self) {
        while let Some(task) = self.ready.pop_front() {
            // A task that was stopped while it was ready left its entry here.
            if self.tasks[task].state == State::Ready {
                self.step(task);
            }
            if !self.reserved.is_empty() {
                self.settle_reserved();
            }
        }
    }

    /// Service of a task ends.
    #[inline]
    fn served(&mut self, id: u32, seq: u64) {
        let task = &mut self.tasks[id];
        if task.wake != seq {
            return;
        }
        debug_assert!(task.state == State::Serving, "only service has this event");
        task.wake = 0;
        task.state = State::Ready;
        let station = task.station;
        task.pc += 1;
        task.remaining = 0;
        if task.sample != NOBODY {
            let served = self.now - task.since;
            self.spend(id, self.places[station as usize].owner, 0, served);
        }
        self.end_service(station, id);
        self.step(id);
    }

    /// The wake event of a task that waits for time to pass.
    #[inline]
    fn wake(&mut self, id: u32, seq: u64) {
        let task = &mut self.tasks[id];
        if task.wake != seq {
            return;
        }
        task.wake = 0;
        let state = task.state;
        task.state = State::Ready;
        match state {
            State::Delay => {
                let (owner, since) = (task.station as u16, task.since);
                task.pc += 1;
                if task.sample != NOBODY {
                    let passed = self.now - since;
                    self.spend(id, owner, 0, passed);
                }
                self.step(id);
            }
            State::Admitted => {
                let (station, since) = (task.station, task.since);
                task.pc += 1;
                let waited = self.now - since;
                let place = &mut self.places[station as usize];
                place.stats.queue.add(self.now, -1.0);
                place.stats.wait.record(waited as f64 * 1e-9);
                place.stats.served += 1;
                self.note(station, id, Note::Passed { waited, queued: true });
                self.spend(id, self.places[station as usize].owner, waited, 0);
                self.step(id);
            }
            State::Connecting => self.step(id),
            State::Backoff => {
                self.end_pause(id);
                if self.begin_attempt(id) {
                    self.step(id);
                }
            }
            _ => unreachable!("only timed states have wake events"),
        }
    }

    /// Puts a task to sleep until `time`.
    #[inline]
    pub(crate) fn sleep(&mut self, id: u32, state: State, time: Time) {
        let seq = self.calendar.push(time, event::WAKE | id);
        let task = &mut self.tasks[id];
        task.wake = seq;
        task.state = state;
        task.since = self.now;
    }

    /// A draw of the program for this task, in the draw's own unit.
    #[inline]
    pub(crate) fn draw(&self, id: u32, draw: crate::program::DrawId) -> f64 {
        let Sampler { dist, site, factor, .. } = self.samplers[draw.index()];
        factor * dist.sample(&mut Stream::at(self.tasks[id].key, site))
    }

    /// A drawn duration in nanoseconds.
    #[inline]
    pub(crate) fn draw_ns(&self, id: u32, draw: crate::program::DrawId) -> Time {
        let Sampler { site, duration, .. } = &self.samplers[draw.index()];
        match duration {
            Duration::Constant(length) => *length,
            Duration::Exponential(mean_ns) => {
                exponential(&mut Stream::at(self.tasks[id].key, *site), *mean_ns)
            }
            Duration::Drawn => self.draw_any_ns(id, draw),
        }
    }

    #[inline(never)]
    fn draw_any_ns(&self, id: u32, draw: crate::program::DrawId) -> Time {
        nanoseconds(self.draw(id, draw))
    }

    /// A duration drawn for something that is no request: a setup, a failure, a way between queues.
    pub(crate) fn entity_ns(&self, draw: crate::program::DrawId, key: u64) -> Time {
        let Sampler { dist, site, factor, .. } = self.samplers[draw.index()];
        nanoseconds(factor * dist.sample(&mut Stream::at(combine(self.key, key), site)))
    }

    /// A new request: one task that counts.
    #[inline]
    pub(crate) fn begin_request(
        &mut self,
        source: u16,
        ordinal: u64,
        entry: u32,
        client: u32,
    ) -> u32 {
        let key = combine(self.sources[usize::from(source)].key, ordinal);
        self.requests += 1;
        let task = Task { counts: true, client, ..Task::new(key, self.now, entry) };
        let id = self.tasks.insert(task);
        if key.trailing_zeros() >= 3 {
            self.tasks[id].sample = self.samples.open();
        }
        id
    }

    /// The priority level of a task.
    #[inline]
    pub(crate) fn level(&self, id: u32) -> usize {
        let class = self.tasks[id].class;
        if class == NONE {
            0
        } else {
            usize::from(self.program.classes[usize::from(class)].priority)
        }
    }

    /// Observes the series for warm-up detection: one [`Batch`] every `width_s` from now on,
    /// instead of what was observed before.
    pub fn observe_batches(&mut self, width_s: f64) {
        self.batch_ns = nanoseconds(width_s).max(1);
        self.batches.clear();
        self.batch_turn = (self.batch_turn + 1) & event::INDEX;
        self.batch =
            (self.classes.ended, self.classes.latency_s, self.classes.inside_integral(self.now));
        self.calendar.push(self.now + self.batch_ns, event::BATCH | self.batch_turn);
    }

    fn batch_event(&mut self, turn: u32) {
        if turn != self.batch_turn {
            return;
        }
        let at =
            (self.classes.ended, self.classes.latency_s, self.classes.inside_integral(self.now));
        self.batches.push(Batch {
            ended: at.0 - self.batch.0,
            latency_s: at.1 - self.batch.1,
            in_flight: (at.2 - self.batch.2) / (self.batch_ns as f64 * 1e-9),
        });
        self.batch = at;
        self.calendar.push(self.now + self.batch_ns, event::BATCH | self.batch_turn);
    }
}

/// Whether units of the station are taken by services only: no operation holds one of it (or of another one
/// of its component, which may be of the same row), and no pool opens connections there.
fn serves_only(program: &Program, station: &Station) -> bool {
    let owns = |id: StationId| program.stations[id.index()].owner == station.owner;
    let holds = |op: &Op| matches!(op, Op::Seize { at, .. } if owns(at.base));
    let serves = |op: &Op| matches!(op, Op::Serve { at, .. } if owns(at.base));
    let connects = |other: &Station| match &other.kind {
        StationKind::Tokens(t) => t.overflow.and_then(|o| o.server).is_some_and(owns),
        _ => false,
    };
    matches!(station.kind, StationKind::Tokens(_))
        && program.ops.iter().any(serves)
        && !program.ops.iter().any(holds)
        && !program.stations.iter().any(connects)
}

/// Seconds to nanoseconds, rounded; beyond the end of time it stays there.
#[inline]
pub(crate) fn nanoseconds(seconds: f64) -> Time {
    ((seconds * 1e9 + 0.5) as i64).cast_unsigned().min(END_OF_TIME / 2)
}

/// Exponential of this mean, rounded to nanoseconds.
#[inline]
fn exponential(stream: &mut Stream, mean_ns: f64) -> Time {
    let e: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, stream);
    ((e * mean_ns + 0.5) as i64).cast_unsigned().min(END_OF_TIME / 2)
}
