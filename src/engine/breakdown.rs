//! Random failures: servers of a station that break each by itself, and components that go down as a
//! whole.
//!
//! A unit is up for a drawn time and down for a drawn time, whether it works or not; repairs go on in
//! parallel. What a broken server was doing goes back to the head of the queue and resumes, or fails.

use super::level::Gauge;
use super::shares::Note;
use super::task::{NOBODY, State};
use super::tokens::Beyond;
use super::world::{Moving, World, event};
use crate::dist::Distribution;
use crate::program::{DrawId, FaultId, Kind, NONE, Program, StationId};
use crate::results::FaultRecord;
use crate::rng::{Stream, combine};

/// Which server serves whom, where servers break.
#[derive(Debug)]
pub(crate) struct Breaks {
    /// By server: its task, or [`NOBODY`].
    tasks: Vec<u32>,
    down: Vec<bool>,
}

impl Breaks {
    pub(crate) fn new(servers: u32) -> Self {
        Self { tasks: vec![NOBODY; servers as usize], down: vec![false; servers as usize] }
    }
}

/// The units that break, of all faults.
#[derive(Debug)]
pub(crate) struct Faults {
    all: Vec<FaultState>,
    /// (fault, unit) by the index that events carry.
    units: Vec<(u16, u32)>,
}

#[derive(Debug)]
struct FaultState {
    up: Vec<bool>,
    turns: Vec<u64>,
    /// Units that are up.
    available: Gauge,
    /// 1 while all are down.
    broken: Gauge,
    count: u64,
}

impl Faults {
    pub(crate) fn new(program: &Program) -> Self {
        let state = |units: u32| FaultState {
            up: vec![true; units as usize],
            turns: vec![0; units as usize],
            available: Gauge::starting_at(f64::from(units)),
            broken: Gauge::default(),
            count: 0,
        };
        let units = |(i, fault): (usize, &crate::program::Fault)| {
            (0..fault.units(program)).map(move |unit| (i as u16, unit))
        };
        Self {
            all: program.faults.iter().map(|fault| state(fault.units(program))).collect(),
            units: program.faults.iter().enumerate().flat_map(units).collect(),
        }
    }

    pub(crate) fn reset(&mut self, now: super::calendar::Time) {
        for fault in &mut self.all {
            fault.available.reset(now);
            fault.broken.reset(now);
            fault.count = 0;
        }
    }

    pub(crate) fn records(&self, now: super::calendar::Time) -> Vec<FaultRecord> {
        let record = |fault: &FaultState| FaultRecord {
            count: fault.count,
            available: fault.available.record(now),
            broken: fault.broken.record(now),
        };
        self.all.iter().map(record).collect()
    }

    /// Units that are up, and 1 when none is.
    pub(crate) fn levels(&self, fault: FaultId) -> (f64, f64) {
        let state = &self.all[fault.index()];
        (state.available.value(), state.broken.value())
    }

    /// Whether all units are down.
    pub(crate) fn is_down(&self, fault: FaultId) -> bool {
        self.all[fault.index()].broken.value() > 0.0
    }
}

impl World<'_> {
    /// Everything that can break is up, somewhere in its life.
    pub(crate) fn start_faults(&mut self) {
        for index in 0..self.faults.units.len() as u32 {
            let (fault, _) = self.faults.units[index as usize];
            let up = self.program.faults[usize::from(fault)].up;
            let draw = self.program.draws[up.index()];
            let life = self.life_ns(index, up, 0);
            // An exponential life has no age.
            let ages =
                !matches!(self.program.dists[draw.dist.index()], Distribution::Exponential { .. });
            let key = combine(self.key, combine(u64::from(index), 0x6167_6500));
            let left = if ages { Stream::new(key).unit() } else { 1.0 };
            let time = self.now + ((life as f64 * left) as u64).max(1);
            self.calendar.push(time, event::OTHER | event::FAULT | index);
        }
    }

    fn life_ns(&self, index: u32, draw: DrawId, turn: u64) -> u64 {
        self.entity_ns(draw, combine(u64::from(index), turn)).max(1)
    }

    /// A unit breaks, or is repaired.
    pub(crate) fn fault_event(&mut self, index: u32) {
        let now = self.now;
        let (id, unit) = self.faults.units[index as usize];
        let spec = self.program.faults[usize::from(id)];
        let state = &mut self.faults.all[usize::from(id)];
        let breaks = state.up[unit as usize];
        state.up[unit as usize] = !breaks;
        state.turns[unit as usize] += 1;
        let turn = state.turns[unit as usize];
        state.available.add(now, if breaks { -1.0 } else { 1.0 });
        state.count += u64::from(breaks);
        let none_up = state.available.value() < 0.5;
        state.broken.set(now, f64::from(u8::from(none_up)));
        let next = now + self.life_ns(index, if breaks { spec.down } else { spec.up }, turn);
        self.calendar.push(next, event::OTHER | event::FAULT | index);
        if let Some(station) = spec.station {
            let servers = self.tokens_spec(station.0).capacity;
            let whose = if spec.each_server { unit..unit + 1 } else { 0..servers };
            for server in whose {
                if breaks {
                    self.server_breaks(station, server, spec.resumes);
                } else {
                    self.breaks(station.0).down[server as usize] = false;
                    self.tokens(station.0).capacity += 1;
                }
            }
            self.tokens_dispatch(station.0);
            self.settle_full(station.0);
        }
        if breaks && spec.station.is_none() {
            self.end_inside_component(spec.owner.0);
        }
    }

    fn breaks(&mut self, station: u32) -> &mut Breaks {
        match self.tokens(station).beyond.as_deref_mut() {
            Some(Beyond::Breaks(breaks)) => breaks,
            _ => unreachable!("the role says so"),
        }
    }

    /// A free server takes a task.
    pub(crate) fn server_taken(&mut self, station: u32, id: u32) {
        let breaks = self.breaks(station);
        let free =
            breaks.tasks.iter().zip(&breaks.down).position(|(t, down)| *t == NOBODY && !down);
        breaks.tasks[free.expect("the capacity counts the servers that are up")] = id;
    }

    /// The server of a task is free again.
    pub(crate) fn server_given_back(&mut self, station: u32, id: u32) {
        let breaks = self.breaks(station);
        if let Some(server) = breaks.tasks.iter().position(|task| *task == id) {
            breaks.tasks[server] = NOBODY;
        }
    }

    fn server_breaks(&mut self, station: StationId, server: u32, resumes: bool) {
        let now = self.now;
        let station = station.0;
        let breaks = self.breaks(station);
        breaks.down[server as usize] = true;
        let id = std::mem::replace(&mut breaks.tasks[server as usize], NOBODY);
        self.tokens(station).capacity -= 1;
        if id == NOBODY {
            return;
        }
        let level = self.level(id);
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.busy -= 1;
        place.stats.busy.add(now, -1.0);
        place.stats.given.end(now);
        let owner = place.owner;
        let task = &mut self.tasks[id];
        let served = now - task.since;
        task.remaining = task.remaining.saturating_sub(served).max(u64::from(resumes));
        place.stats.asked -= task.remaining as f64;
        task.wake = 0;
        task.since = now;
        self.spend(id, owner, 0, served);
        if resumes {
            self.tasks[id].state = State::Queued;
            let place = &mut self.places[station as usize];
            place.stats.queue.add(now, 1.0);
            if let Moving::Tokens(state) = &mut place.moving {
                state.queue.push_front(&mut self.tasks, level, id);
            }
            self.note(station, id, Note::Interrupted);
            return;
        }
        self.note(station, id, Note::Ends);
        self.tasks[id].remaining = 0;
        self.tasks[id].state = State::Ready;
        if self.raise(id, Kind::Unavailable.id(), owner) {
            self.ready.push_back(id);
        }
    }

    /// Everything inside a component fails.
    fn end_inside_component(&mut self, owner: u16) {
        for id in 0..self.tasks.all.len() as u32 {
            if self.tasks[id].state == State::Free {
                continue;
            }
            let mut boundary = self.boundary_at(id);
            while boundary != NONE {
                let spec = &self.program.boundaries[usize::from(boundary)];
                if spec.owner.is_some_and(|o| o.0 == owner) {
                    break;
                }
                boundary = spec.parent.map_or(NONE, |b| b.0);
            }
            if boundary != NONE {
                self.end_at_boundary(id, boundary, Kind::Unavailable.id(), owner);
            }
        }
    }
}
