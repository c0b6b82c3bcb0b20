//! Sessions: counted where they are alike, kept one by one only where each has its own clock.
//!
//! A constant number of sessions whose messages come at random is a count per worker and one
//! superposed stream. A session gets a record of its own when it has a length, a dialogue, or a
//! message every so often by the clock (then a ring of phases with one timer serves them all).
//! What is simplified: the gaps of a random stream are superposed as a Poisson process (exact for
//! exponential gaps); a constant number with lengths replaces a random session at the rate of
//! number / mean length (exact for exponential lengths).

mod messages;
mod turnover;

use std::collections::VecDeque;

use super::calendar::Time;
use super::crew::WorkerEvent;
use super::level::Gauge;
use super::task::NOBODY;
use super::world::{World, event, nanoseconds};
use crate::program::{
    DistId, InstanceId, Kind, Program, Sessions, SourceKind, StationKind, Supply,
};
use crate::results::SessionRecord;
use crate::rng::{Stream, combine};

/// Marks a client number that is a session's dialogue.
pub(crate) const DIALOGUE: u32 = 1 << 31;
/// In the index of a client's event: the rest is a session.
pub(crate) const DIALOGUE_EVENT: u32 = 1 << 27;
/// In the index of a session's event: the rest is a source of counted sessions.
const COUNTED: u32 = 1 << 27;

const LENGTH: u64 = 0x6c65_6e67_7468;
const PLACE: u64 = 0x706c_6163_6500;
const PHASE: u64 = 0x7068_6173_6500;
/// A session that finds no place tries again after this when its number is constant and the profile
/// gives no reconnect delay.
const TRY_AGAIN_NS: Time = 1_000_000_000;

/// A session with a record of its own: 24 bytes.
#[derive(Clone, Copy, Debug)]
struct Session {
    ordinal: u64,
    source: u16,
    /// Instance and worker (number in the instance).
    instance: u16,
    worker: u32,
    state: Life,
    cycle: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Free,
    Open,
    /// Dropped or refused, comes back.
    Away,
}

#[derive(Debug)]
struct StreamState {
    source: usize,
    index: usize,
    /// Ring of phases: (next time, session, its ordinal).
    ring: VecDeque<(Time, u32, u64)>,
    event: u64,
    sent: u64,
}

#[derive(Debug)]
struct SupplyState {
    record: SessionRecord,
    active: Gauge,
    ordinal: u64,
    arrivals: u64,
    at_s: f64,
    /// Sessions of their own, by ordinal in the list; else only counts.
    own: bool,
    /// Counts per worker: (instance, worker, sessions).
    places: Vec<(u32, u32, u32)>,
    /// Open sessions with records, for random picks.
    open: Vec<u32>,
    churn_event: u64,
    churned: u64,
    streams: Vec<usize>,
}

/// All sessions of a world.
#[derive(Debug)]
pub(crate) struct SessionState {
    all: Vec<Session>,
    free: Vec<u32>,
    /// Position of a session in its source's `open` list.
    position: Vec<u32>,
    supplies: Vec<Option<SupplyState>>,
    streams: Vec<StreamState>,
    worker_events: Vec<Option<WorkerEvent>>,
    /// Counted sessions that are away and try again: one event each carries only its source.
    sources: usize,
}

impl World<'_> {
    /// Names the crew (an index of a station) of every open session.
    pub(crate) fn count_sessions(&self, mut holds: impl FnMut(usize)) {
        for (source, supply) in self.sessions.supplies.iter().enumerate() {
            let SourceKind::Sessions(spec) = &self.program.sources[source].kind else { continue };
            let (Some(supply), Some(group)) = (supply, spec.connects_to) else { continue };
            let first = self.program.groups[group.index()].first.index();
            let crew = |member: u32| self.program.instances[first + member as usize].crew.index();
            for id in &supply.open {
                holds(crew(u32::from(self.sessions.all[*id as usize].instance)));
            }
            for (member, _, n) in &supply.places {
                (0..*n).for_each(|_| holds(crew(*member)));
            }
        }
    }
}

impl SessionState {
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            all: Vec::new(),
            free: Vec::new(),
            position: Vec::new(),
            supplies: program.sources.iter().map(|_| None).collect(),
            streams: Vec::new(),
            worker_events: Vec::new(),
            sources: program.sources.len(),
        }
    }

    pub(crate) fn note_worker(&mut self, what: WorkerEvent) -> u32 {
        if let Some(at) = self.worker_events.iter().position(Option::is_none) {
            self.worker_events[at] = Some(what);
            return at as u32;
        }
        self.worker_events.push(Some(what));
        self.worker_events.len() as u32 - 1
    }

    pub(crate) fn take_worker(&mut self, index: usize) -> WorkerEvent {
        self.worker_events[index].take().expect("a worker's event fires once")
    }

    pub(crate) fn reset_records(&mut self, now: Time) {
        for supply in self.supplies.iter_mut().flatten() {
            supply.record = SessionRecord::default();
            supply.active.reset(now);
        }
    }

    /// Sessions of a source that are open now.
    pub(crate) fn active(&self, source: usize) -> f64 {
        self.supplies[source].as_ref().map_or(0.0, |supply| supply.active.value())
    }

    pub(crate) fn records(&self, now: Time) -> Vec<SessionRecord> {
        (0..self.supplies.len()).map(|source| self.record(source, now)).collect()
    }

    pub(crate) fn record(&self, source: usize, now: Time) -> SessionRecord {
        self.supplies[source].as_ref().map_or_else(SessionRecord::default, |s| SessionRecord {
            active: s.active.record(now),
            ..s.record
        })
    }
}

impl<'p> World<'p> {
    fn session_spec(&self, source: usize) -> &'p Sessions {
        match &self.program.sources[source].kind {
            SourceKind::Sessions(sessions) => sessions,
            _ => unreachable!("only session sources have sessions"),
        }
    }

    fn supply(&mut self, source: usize) -> &mut SupplyState {
        self.sessions.supplies[source].as_mut().expect("a session source was started")
    }

    fn mean(&self, dist: DistId) -> f64 {
        self.program.dists[dist.index()].mean()
    }

    pub(crate) fn start_sessions(&mut self, source: usize) {
        let spec = self.session_spec(source);
        let arrivals = matches!(spec.supply, Supply::Arrivals(_));
        let clocked = spec.streams.iter().any(|s| s.constant_ns.is_some());
        let own = arrivals || clocked || spec.dialogue.is_some();
        let mut streams = Vec::new();
        for index in 0..spec.streams.len() {
            streams.push(self.sessions.streams.len());
            self.sessions.streams.push(StreamState {
                source,
                index,
                ring: VecDeque::new(),
                event: 0,
                sent: 0,
            });
        }
        self.sessions.supplies[source] = Some(SupplyState {
            record: SessionRecord::default(),
            active: Gauge::default(),
            ordinal: 0,
            arrivals: 0,
            at_s: 0.0,
            own,
            places: Vec::new(),
            open: Vec::new(),
            churn_event: 0,
            churned: 0,
            streams,
        });
        let key = self.sources[source].key;
        let there = match &spec.supply {
            Supply::Constant(n) => u64::from(*n),
            Supply::Arrivals(curve) if self.program.warm_start => {
                // M/G/∞: Poisson of mean rate · length.
                let mean = curve.mean_rate() * spec.length.map_or(0.0, |l| self.mean(l));
                let mut stream = Stream::at(key, PLACE);
                let poisson = crate::dist::Distribution::Poisson { mean };
                if mean > 0.0 { poisson.sample(&mut stream) as u64 } else { 0 }
            }
            Supply::Arrivals(_) => 0,
        };
        for _ in 0..there {
            self.open_session(source, None, true);
        }
        for stream in self.supply(source).streams.clone() {
            self.align_ring(stream);
            self.arm_stream(stream);
        }
        if arrivals {
            self.next_session(source);
        } else {
            self.arm_churn(source);
        }
        // What was there at the start did not start during the run.
        self.supply(source).record = SessionRecord::default();
    }

    /// A session connects: `known` is one that comes back.
    fn open_session(&mut self, source: usize, known: Option<u32>, at_start: bool) {
        let spec = self.session_spec(source);
        let now = self.now;
        let source_key = self.sources[source].key;
        let supply = self.supply(source);
        let ordinal = known.map_or(supply.ordinal, |_| supply.ordinal);
        supply.ordinal += 1;
        let key = combine(source_key, combine(ordinal, PLACE));
        let full = spec.cap.is_some_and(|cap| supply.active.value() as u32 >= cap);
        let place = if full { None } else { self.place_session(source, key) };
        if place.is_none()
            && !full
            && let Some(ready) = spec.connects_to.and_then(|group| self.cold_until(group.0))
        {
            return self.wait_for_boot(source, known, ready);
        }
        let Some((instance, worker)) = place else {
            self.supply(source).record.refused += 1;
            self.session_away(source, known, spec.cap.is_some());
            return;
        };
        let supply = self.supply(source);
        supply.record.started += 1;
        supply.active.add(now, 1.0);
        let own = supply.own;
        if !own {
            let at = supply.places.iter().position(|p| p.0 == instance && p.1 == worker);
            match at {
                Some(at) => supply.places[at].2 += 1,
                None => supply.places.push((instance, worker, 1)),
            }
            return;
        }
        let session = Session {
            ordinal,
            source: source as u16,
            instance: instance as u16,
            worker,
            state: Life::Open,
            cycle: 0,
        };
        let id = match known {
            Some(id) => {
                self.sessions.all[id as usize] = session;
                id
            }
            None => {
                if let Some(id) = self.sessions.free.pop() {
                    self.sessions.all[id as usize] = session;
                    id
                } else {
                    self.sessions.all.push(session);
                    self.sessions.position.push(NOBODY);
                    self.sessions.all.len() as u32 - 1
                }
            }
        };
        let at = self.supply(source).open.len() as u32;
        self.sessions.position[id as usize] = at;
        self.supply(source).open.push(id);
        if matches!(spec.supply, Supply::Arrivals(_))
            && let Some(length) = spec.length
        {
            let left = self.session_length(length, combine(source_key, ordinal), at_start);
            self.calendar.push(now + nanoseconds(left), event::SESSION | id);
        }
        for stream in self.supply(source).streams.clone() {
            let index = self.sessions.streams[stream].index;
            if let Some(every) = spec.streams[index].constant_ns {
                self.sessions.streams[stream].ring.push_back((now + every, id, ordinal));
                if !at_start {
                    self.arm_stream(stream);
                }
            }
        }
        if let Some((think, _)) = spec.dialogue {
            let pause = self.session_think(think, combine(source_key, ordinal), 0);
            self.calendar.push(now + pause, event::CLIENT | DIALOGUE_EVENT | id);
        }
    }

    /// A session finds nobody up yet, and connects when somebody is.
    fn wait_for_boot(&mut self, source: usize, known: Option<u32>, ready: Time) {
        let index = known.unwrap_or(COUNTED | source as u32);
        if let Some(id) = known {
            self.sessions.all[id as usize].state = Life::Away;
        }
        self.calendar.push(ready, event::SESSION | index);
    }

    /// A length, or at the start what is left of one: length-biased, then cut uniformly.
    fn session_length(&self, length: DistId, key: u64, residual: bool) -> f64 {
        let dist = &self.program.dists[length.index()];
        if !residual {
            return dist.sample(&mut Stream::at(key, LENGTH));
        }
        let mut stream = Stream::at(key, LENGTH);
        // One of many draws, each with a weight of its length: the law of the length in progress.
        let draws: Vec<f64> = (0..64).map(|_| dist.sample(&mut stream)).collect();
        let mut u = stream.unit() * draws.iter().sum::<f64>();
        let chosen = draws
            .iter()
            .find(|draw| {
                u -= **draw;
                u < 0.0
            })
            .copied()
            .unwrap_or(draws[63]);
        chosen * stream.unit()
    }

    /// Finds a place for a session: (instance, worker); (0, 0) when it connects to nothing.
    fn place_session(&mut self, source: usize, key: u64) -> Option<(u32, u32)> {
        let Some(group) = self.session_spec(source).connects_to else { return Some((0, 0)) };
        if self.program.groups[group.index()].admission.is_some_and(|door| self.is_shut(door)) {
            return None;
        }
        let member = self.choose_by(group.0, key)?;
        let id = self.program.groups[group.index()].first.0 + member;
        let instance = &self.program.instances[id as usize];
        let (crew, memory, bytes) = (instance.crew.0, instance.memory, instance.session_bytes);
        if let Some(memory) = memory
            && bytes > 0.0
            && !self.session_memory(memory.0, id, bytes)
        {
            return None;
        }
        let worker = self.connect_session(crew);
        if worker.is_none()
            && let Some(memory) = memory
        {
            self.free_memory(memory.0, bytes);
        }
        worker.map(|worker| (member, worker))
    }

    /// Memory of one more session; a full one refuses, or the instance dies.
    fn session_memory(&mut self, station: u32, instance: u32, bytes: f64) -> bool {
        let StationKind::Memory(spec) = &self.program.stations[station as usize].kind else {
            unreachable!("lowering addresses a memory")
        };
        let now = self.now;
        let super::world::Moving::Memory(level) = &mut self.places[station as usize].moving else {
            unreachable!("lowering addresses a memory")
        };
        if level.value() + bytes <= spec.limit {
            level.add(now, bytes);
            return true;
        }
        if !spec.refuse && self.down_since[instance as usize].is_none() {
            self.instances[instance as usize].memory_kills += 1;
            self.kill_instance(InstanceId(instance), Kind::OutOfMemory);
        }
        false
    }
}
