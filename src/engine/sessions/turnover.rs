//! Sessions come and go: arrivals, ends, replacement of a constant number, drops and returns.

use super::{COUNTED, Life, PHASE, PLACE, TRY_AGAIN_NS};
use crate::engine::calendar::END_OF_TIME;
use crate::engine::fault::Fault;
use crate::engine::task::NOBODY;
use crate::engine::world::{World, event, nanoseconds};
use crate::program::{Curve, SourceKind, Supply};
use crate::rng::{Stream, combine};

const CHURN: u64 = 0x6368_7572_6e00;
const RETURN: u64 = 0x7265_7475_726e;

impl World<'_> {
    /// A session that was dropped or refused: it comes back, or not.
    pub(super) fn session_away(&mut self, source: usize, known: Option<u32>, capped: bool) {
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
    pub(super) fn next_session(&mut self, source: usize) {
        let Supply::Arrivals(curve) = &self.session_spec(source).supply else { return };
        let key = self.sources[source].key;
        let supply = self.supply(source);
        let mut stream = Stream::at(combine(key, supply.arrivals), CHURN);
        let gap: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut stream);
        supply.arrivals += 1;
        let next = match curve {
            Curve::Times(times) => times.get(supply.arrivals as usize - 1).copied(),
            other => other.advance(supply.at_s, gap),
        };
        let Some(at) = next else { return };
        supply.at_s = at;
        let seq = self.calendar.push(nanoseconds(at).max(self.now), event::CHURN | source as u32);
        self.supply(source).churn_event = seq;
    }

    /// Replacement of a constant number of sessions that have lengths.
    pub(super) fn arm_churn(&mut self, source: usize) {
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

    pub(super) fn pick_counted(&mut self, source: usize, stream: &mut Stream) -> (u32, u32) {
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
}
