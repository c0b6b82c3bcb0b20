//! Sessions: counted where they are alike, kept one by one only where each has its own clock.
//!
//! A constant number of sessions whose messages come at random is a count per worker and one
//! superposed stream. A session gets a record of its own when it has a length, a dialogue, or a
//! message every so often by the clock (then a ring of phases with one timer serves them all).
//! What is simplified: the gaps of a random stream are superposed as a Poisson process (exact for
//! exponential gaps); a constant number with lengths replaces a random session at the rate of
//! number / mean length (exact for exponential lengths).

use std::collections::VecDeque;

use super::accept::WorkerEvent;
use super::calendar::{END_OF_TIME, Time};
use super::fault::Fault;
use super::level::Gauge;
use super::task::NOBODY;
use super::world::{World, event, nanoseconds};
use crate::program::{DistId, Program, Sessions, SourceKind, Supply};
use crate::results::SessionRecord;
use crate::rng::{Stream, combine};

/// Marks a client number that is a session's dialogue.
pub(crate) const DIALOGUE: u32 = 1 << 31;

const LENGTH: u64 = 0x6c65_6e67_7468;
const PLACE: u64 = 0x706c_6163_6500;
const PHASE: u64 = 0x7068_6173_6500;
const MESSAGE: u64 = 0x6d65_7373_6100;
const CHURN: u64 = 0x6368_7572_6e00;
const RETURN: u64 = 0x7265_7475_726e;
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

    /// The initial ring: phases uniform over the period, in order.
    fn align_ring(&mut self, stream: usize) {
        let StreamState { source, index, .. } = self.sessions.streams[stream];
        let spec = &self.session_spec(source).streams[index];
        let Some(every) = spec.constant_ns else { return };
        let key = self.sources[source].key;
        let ring = &mut self.sessions.streams[stream].ring;
        for entry in ring.iter_mut() {
            let u = Stream::at(combine(key, entry.2), PHASE ^ spec.site).unit();
            entry.0 = (u * every as f64) as Time;
        }
        ring.make_contiguous().sort_unstable();
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

    fn session_think(&self, think: DistId, key: u64, cycle: u32) -> Time {
        let mut stream = Stream::at(combine(key, u64::from(cycle)), MESSAGE);
        nanoseconds(self.program.dists[think.index()].sample(&mut stream)).max(1)
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
        let crate::program::StationKind::Memory(spec) =
            &self.program.stations[station as usize].kind
        else {
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
            self.kill_instance(
                crate::program::InstanceId(instance),
                crate::program::Kind::OutOfMemory,
            );
        }
        false
    }

    /// A session that was dropped or refused: it comes back, or not.
    fn session_away(&mut self, source: usize, known: Option<u32>, capped: bool) {
        let spec = self.session_spec(source);
        let constant = matches!(spec.supply, Supply::Constant(_)) && !capped;
        let key = combine(self.sources[source].key, combine(self.supply(source).ordinal, RETURN));
        let pause = match spec.reconnect {
            Some(dist) => {
                nanoseconds(self.program.dists[dist.index()].sample(&mut Stream::new(key)))
            }
            None if constant => TRY_AGAIN_NS,
            None => {
                if let Some(id) = known {
                    self.sessions.all[id as usize].state = Life::Free;
                    self.sessions.free.push(id);
                }
                return;
            }
        };
        if let Some(id) = known {
            self.sessions.all[id as usize].state = Life::Away;
            self.calendar.push(self.now + pause, event::SESSION | id);
        } else {
            // Of a counted session only its source comes back.
            let id = self.sessions.sources as u32;
            debug_assert!(source < self.sessions.sources);
            let _ = id;
            self.calendar.push(self.now + pause, event::SESSION | COUNTED | source as u32);
        }
    }

    /// A session ends, or comes back.
    pub(crate) fn session_event(&mut self, id: u32) {
        if id & COUNTED != 0 {
            self.open_session((id & !COUNTED) as usize, None, false);
            return;
        }
        let session = self.sessions.all[id as usize];
        match session.state {
            Life::Free => {}
            Life::Away => self.open_session(usize::from(session.source), Some(id), false),
            Life::Open => {
                self.close_session(id);
                let counted = u64::from(!self.strikes(Fault::ForgetsSession));
                self.supply(usize::from(session.source)).record.ended += counted;
                self.sessions.all[id as usize].state = Life::Free;
                self.sessions.free.push(id);
            }
        }
    }

    /// Gives back what an open session holds.
    fn close_session(&mut self, id: u32) {
        let session = self.sessions.all[id as usize];
        let source = usize::from(session.source);
        let now = self.now;
        let at = self.sessions.position[id as usize] as usize;
        let supply = self.supply(source);
        supply.active.add(now, -1.0);
        supply.open.swap_remove(at);
        if let Some(moved) = supply.open.get(at).copied() {
            self.sessions.position[moved as usize] = at as u32;
        }
        self.sessions.position[id as usize] = NOBODY;
        self.leave_place(source, u32::from(session.instance), session.worker);
    }

    fn leave_place(&mut self, source: usize, member: u32, worker: u32) {
        let Some(group) = self.session_spec(source).connects_to else { return };
        let id = self.program.groups[group.index()].first.0 + member;
        let instance = &self.program.instances[id as usize];
        let (crew, memory, bytes) = (instance.crew.0, instance.memory, instance.session_bytes);
        if let Some(memory) = memory {
            self.free_memory(memory.0, bytes);
        }
        self.disconnect_session(crew, worker);
    }

    /// Next arrival of a session.
    fn next_session(&mut self, source: usize) {
        let Supply::Arrivals(curve) = &self.session_spec(source).supply else { return };
        let key = self.sources[source].key;
        let supply = self.supply(source);
        let mut stream = Stream::at(combine(key, supply.arrivals), CHURN);
        let gap: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut stream);
        supply.arrivals += 1;
        let next = match curve {
            crate::program::Curve::Times(times) => times.get(supply.arrivals as usize - 1).copied(),
            other => other.advance(supply.at_s, gap),
        };
        let Some(at) = next else { return };
        supply.at_s = at;
        let seq = self.calendar.push(nanoseconds(at).max(self.now), event::CHURN | source as u32);
        self.supply(source).churn_event = seq;
    }

    /// Replacement of a constant number of sessions that have lengths.
    fn arm_churn(&mut self, source: usize) {
        let spec = self.session_spec(source);
        let Some(length) = spec.length else { return };
        let active = self.supply(source).active.value();
        let mean = self.mean(length);
        if active <= 0.0 || mean <= 0.0 {
            // Nobody is there now: look again later.
            let seq = self.calendar.push(self.now + TRY_AGAIN_NS, event::CHURN | source as u32);
            self.supply(source).churn_event = seq;
            return;
        }
        let key = self.sources[source].key;
        let supply = self.supply(source);
        let mut stream = Stream::at(combine(key, supply.churned), CHURN);
        supply.churned += 1;
        let e: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut stream);
        let at = self.now + nanoseconds(e * mean / active);
        let seq = self.calendar.push(at.min(END_OF_TIME), event::CHURN | source as u32);
        self.supply(source).churn_event = seq;
    }

    pub(crate) fn churn_event(&mut self, source: usize, seq: u64) {
        if self.supply(source).churn_event != seq {
            return;
        }
        let spec = self.session_spec(source);
        if matches!(spec.supply, Supply::Arrivals(_)) {
            self.next_session(source);
            self.open_session(source, None, false);
            return;
        }
        // One at random ends and another takes its place.
        let key = combine(self.sources[source].key, self.supply(source).churned ^ PHASE);
        let mut stream = Stream::new(key);
        let supply = self.supply(source);
        if supply.own {
            let n = supply.open.len() as u64;
            if n > 0 {
                let id = supply.open[stream.below(n) as usize];
                self.close_session(id);
                let counted = u64::from(!self.strikes(Fault::ForgetsSession));
                self.supply(source).record.ended += counted;
                self.replace_session(source, id);
            }
        } else if supply.active.value() > 0.0 {
            let (instance, worker) = self.pick_counted(source, &mut stream);
            self.uncount(source, instance, worker);
            let counted = u64::from(!self.strikes(Fault::ForgetsSession));
            self.supply(source).record.ended += counted;
            self.open_session(source, None, false);
        }
        self.arm_churn(source);
    }

    /// A replaced session keeps its phase: phases are uniform anyway.
    fn replace_session(&mut self, source: usize, id: u32) {
        let ordinal = self.sessions.all[id as usize].ordinal;
        let key = combine(self.sources[source].key, combine(self.supply(source).ordinal, PLACE));
        self.supply(source).ordinal += 1;
        let now = self.now;
        let Some((instance, worker)) = self.place_session(source, key) else {
            self.supply(source).record.refused += 1;
            self.session_away(source, Some(id), false);
            return;
        };
        let at = self.supply(source).open.len() as u32;
        let supply = self.supply(source);
        supply.record.started += 1;
        supply.active.add(now, 1.0);
        supply.open.push(id);
        self.sessions.position[id as usize] = at;
        let session = &mut self.sessions.all[id as usize];
        session.instance = instance as u16;
        session.worker = worker;
        session.ordinal = ordinal;
        session.state = Life::Open;
    }

    fn pick_counted(&mut self, source: usize, stream: &mut Stream) -> (u32, u32) {
        let supply = self.supply(source);
        let total: u64 = supply.places.iter().map(|p| u64::from(p.2)).sum();
        let mut at = stream.below(total.max(1));
        for (instance, worker, n) in &supply.places {
            if at < u64::from(*n) {
                return (*instance, *worker);
            }
            at -= u64::from(*n);
        }
        (0, 0)
    }

    fn uncount(&mut self, source: usize, instance: u32, worker: u32) {
        let now = self.now;
        let supply = self.supply(source);
        if let Some(place) =
            supply.places.iter_mut().find(|p| p.0 == instance && p.1 == worker && p.2 > 0)
        {
            place.2 -= 1;
            supply.active.add(now, -1.0);
            self.leave_place(source, instance, worker);
        }
    }

    /// A worker (or all of an instance) is gone: its sessions are dropped.
    pub(crate) fn drop_sessions(&mut self, station: u32, worker: Option<u32>) {
        let program = self.program;
        for source in 0..program.sources.len() {
            let SourceKind::Sessions(spec) = &program.sources[source].kind else { continue };
            let Some(group) = spec.connects_to else { continue };
            let group = &program.groups[group.index()];
            if self.sessions.supplies[source].is_none() {
                continue;
            }
            let here = |member: u32| {
                program.instances[(group.first.0 + member) as usize].crew.0 == station
            };
            if self.supply(source).own {
                let mut i = 0;
                while i < self.supply(source).open.len() {
                    let id = self.supply(source).open[i];
                    let session = self.sessions.all[id as usize];
                    let gone = here(u32::from(session.instance))
                        && worker.is_none_or(|w| w == session.worker);
                    if !gone {
                        i += 1;
                        continue;
                    }
                    self.close_session(id);
                    self.supply(source).record.dropped += 1;
                    self.session_away(source, Some(id), false);
                }
            } else {
                for i in 0..self.supply(source).places.len() {
                    let (member, w, n) = self.supply(source).places[i];
                    if !here(member) || worker.is_some_and(|x| x != w) {
                        continue;
                    }
                    for _ in 0..n {
                        self.uncount(source, member, w);
                        self.supply(source).record.dropped += 1;
                        self.session_away(source, None, false);
                    }
                }
            }
        }
    }

    /// Schedules the next message of a stream.
    fn arm_stream(&mut self, stream: usize) {
        let StreamState { source, index, event, .. } = self.sessions.streams[stream];
        if event != 0 {
            return;
        }
        let spec = &self.session_spec(source).streams[index];
        let time = if spec.constant_ns.is_some() {
            let Some(first) = self.sessions.streams[stream].ring.front() else { return };
            first.0
        } else {
            let mean = self.mean(spec.every);
            let active = self.supply(source).active.value();
            let key = combine(self.sources[source].key, spec.site);
            let state = &mut self.sessions.streams[stream];
            let mut random = Stream::at(combine(key, state.sent), MESSAGE);
            state.sent += 1;
            if active <= 0.0 {
                self.now + TRY_AGAIN_NS
            } else {
                let e: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut random);
                self.now + nanoseconds(e * mean / active)
            }
        };
        let seq = self.calendar.push(time.max(self.now), event::STREAM | stream as u32);
        self.sessions.streams[stream].event = seq;
    }

    /// The next message of a stream is due.
    pub(crate) fn stream_event(&mut self, stream: usize, seq: u64) {
        if self.sessions.streams[stream].event != seq {
            return;
        }
        self.sessions.streams[stream].event = 0;
        let StreamState { source, index, sent, .. } = self.sessions.streams[stream];
        let spec = &self.session_spec(source).streams[index];
        if let Some(every) = spec.constant_ns {
            while let Some((time, id, ordinal)) =
                self.sessions.streams[stream].ring.front().copied()
            {
                if time > self.now {
                    break;
                }
                self.sessions.streams[stream].ring.pop_front();
                let session = self.sessions.all[id as usize];
                if session.state != Life::Open || session.ordinal != ordinal {
                    continue;
                }
                self.sessions.streams[stream].ring.push_back((time + every, id, ordinal));
                self.send(source, stream, u32::from(session.instance), session.worker);
            }
        } else if self.supply(source).active.value() > 0.0 {
            let key = combine(self.sources[source].key, combine(spec.site, sent));
            let mut random = Stream::at(key, PLACE);
            let (instance, worker) = if self.supply(source).own {
                let open = &self.supply(source).open;
                let id = open[random.below(open.len() as u64) as usize];
                let session = self.sessions.all[id as usize];
                (u32::from(session.instance), session.worker)
            } else {
                self.pick_counted(source, &mut random)
            };
            self.send(source, stream, instance, worker);
        }
        self.arm_stream(stream);
    }

    /// Sends one message of a stream from a session at this place.
    fn send(&mut self, source: usize, stream: usize, instance: u32, worker: u32) {
        let spec = self.session_spec(source);
        let index = self.sessions.streams[stream].index;
        if let Some(push) = spec.streams[index].push {
            let key = combine(self.sources[source].key, self.sessions.streams[stream].sent);
            let bytes = self.program.dists[push.index()].sample(&mut Stream::at(key, MESSAGE));
            self.sessions.streams[stream].sent += 1;
            self.supply(source).record.pushed_bytes += bytes;
        }
        if let Some(entry) = spec.streams[index].entry {
            self.message(source, entry, NOBODY, instance, worker);
        }
    }

    /// Starts a request of a session; it finds its place in the two locals.
    fn message(&mut self, source: usize, entry: u32, client: u32, instance: u32, worker: u32) {
        let ordinal = self.sources[source].ordinal;
        self.sources[source].ordinal += 1;
        let id = self.begin_request(source as u16, ordinal, entry, client);
        let spec = self.session_spec(source);
        if let Some((at_instance, at_worker)) = spec.place {
            let first = spec.connects_to.map_or(0, |group| {
                let group = &self.program.groups[group.index()];
                let crew = self.program.instances[(group.first.0 + instance) as usize].crew;
                self.crew_spec(crew.0).first_worker
            });
            self.tasks.set_local(id, at_instance.0, u64::from(instance));
            self.tasks.set_local(id, at_worker.0, u64::from(first + worker));
        }
        self.ready.push_back(id);
    }

    /// A session of a dialogue sends its next request.
    pub(crate) fn dialogue_event(&mut self, id: u32) {
        let session = self.sessions.all[id as usize];
        if session.state != Life::Open {
            return;
        }
        let source = usize::from(session.source);
        let Some((_, entry)) = self.session_spec(source).dialogue else { return };
        self.message(source, entry, DIALOGUE | id, u32::from(session.instance), session.worker);
    }

    /// A session of a dialogue has its answer and thinks.
    pub(crate) fn dialogue_answered(&mut self, id: u32) {
        let session = &mut self.sessions.all[id as usize];
        if session.state != Life::Open {
            return;
        }
        session.cycle = session.cycle.wrapping_add(1);
        let (source, ordinal, cycle) =
            (usize::from(session.source), session.ordinal, session.cycle);
        let Some((think, _)) = self.session_spec(source).dialogue else { return };
        let key = combine(self.sources[source].key, ordinal);
        let pause = self.session_think(think, key, cycle);
        self.calendar.push(self.now + pause, event::CLIENT | DIALOGUE_EVENT | id);
    }
}

/// In the index of a client's event: the rest is a session.
pub(crate) const DIALOGUE_EVENT: u32 = 1 << 27;
/// In the index of a session's event: the rest is a source of counted sessions.
const COUNTED: u32 = 1 << 27;
