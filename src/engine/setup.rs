//! Servers that must be set up before they serve, and go off when idle: a cold start.
//!
//! At most as many servers are being set up as tasks wait; a setup that a freed server makes needless
//! is cancelled, the latest first. Of idle servers the one idle for the shortest time serves next.

use super::calendar::Time;
use super::level::Gauge;
use super::tokens::Beyond;
use super::world::{Moving, World, event};
use crate::program::Setup;
use crate::results::Level;
use crate::rng::combine;

/// The state of a station whose servers are set up.
#[derive(Debug, Default)]
pub(crate) struct Sets {
    /// Events of the setups under way, in order of their beginning.
    under_way: Vec<u64>,
    /// Events at which idle servers go off, in order of their becoming idle.
    idle: Vec<u64>,
    turn: u64,
    /// Servers being set up.
    pub(crate) level: Gauge,
}

impl<'p> World<'p> {
    fn sets(&mut self, station: u32) -> (&mut Sets, &'p Setup) {
        let spec = self.tokens_spec(station).setup.as_ref().expect("it is set up");
        match self.tokens(station).beyond.as_deref_mut() {
            Some(Beyond::Sets(sets)) => (sets, spec),
            _ => unreachable!("the role says so"),
        }
    }

    /// Servers of a station that are being set up, over time.
    pub(crate) fn setup_level(&self, station: u32, now: Time) -> Level {
        match &self.places[station as usize].moving {
            Moving::Tokens(state) => match state.beyond.as_deref() {
                Some(Beyond::Sets(sets)) => sets.level.record(now),
                _ => Level::default(),
            },
            _ => Level::default(),
        }
    }

    /// Servers that are wanted but off: one for each task that waits.
    fn wanted(&mut self, station: u32) -> usize {
        let size = self.tokens_spec(station).capacity;
        let state = self.tokens(station);
        state.queue.len.min(size - state.capacity) as usize
    }

    /// Another task waits: one more server may be set up.
    pub(crate) fn begin_setups(&mut self, station: u32) {
        let now = self.now;
        let wanted = self.wanted(station);
        while self.sets(station).0.under_way.len() < wanted {
            let (sets, spec) = self.sets(station);
            let time = spec.time;
            sets.turn += 1;
            let key = combine(u64::from(station), sets.turn);
            let length = self.entity_ns(time, key);
            let seq = self.calendar.push(now + length, event::OTHER | event::SETUP | station);
            let sets = self.sets(station).0;
            sets.under_way.push(seq);
            sets.level.add(now, 1.0);
        }
    }

    /// Fewer tasks wait than servers are set up: the latest setups are cancelled.
    pub(crate) fn cancel_setups(&mut self, station: u32) {
        let now = self.now;
        let wanted = self.wanted(station);
        let sets = self.sets(station).0;
        while sets.under_way.len() > wanted {
            sets.under_way.pop();
            sets.level.add(now, -1.0);
        }
    }

    /// A server is ready.
    pub(crate) fn setup_event(&mut self, station: u32, seq: u64) {
        let now = self.now;
        let sets = self.sets(station).0;
        let Some(index) = sets.under_way.iter().position(|event| *event == seq) else { return };
        sets.under_way.remove(index);
        sets.level.add(now, -1.0);
        self.tokens(station).capacity += 1;
        if self.tokens(station).queue.len > 0 {
            self.tokens_dispatch(station);
        } else {
            self.server_idles(station);
        }
        self.settle_full(station);
    }

    /// A server has nothing to do.
    pub(crate) fn server_idles(&mut self, station: u32) {
        let now = self.now;
        let (sets, spec) = self.sets(station);
        let Some(idle_off) = spec.idle_off else {
            self.tokens(station).capacity -= 1;
            return;
        };
        sets.turn += 1;
        let key = combine(u64::from(station), sets.turn);
        let length = self.entity_ns(idle_off, key);
        let seq = self.calendar.push(now + length, event::OTHER | event::IDLE | station);
        self.sets(station).0.idle.push(seq);
    }

    /// An idle server is put to work.
    pub(crate) fn idle_server_used(&mut self, station: u32) {
        self.sets(station).0.idle.pop();
    }

    /// A server was idle for long enough.
    pub(crate) fn idle_server_event(&mut self, station: u32, seq: u64) {
        let sets = self.sets(station).0;
        let Some(index) = sets.idle.iter().position(|event| *event == seq) else { return };
        sets.idle.remove(index);
        self.tokens(station).capacity -= 1;
        self.settle_full(station);
    }
}
