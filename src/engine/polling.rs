//! One server that goes round the queues of the endpoints, with a switch-over before each.
//!
//! It keeps going round when all are empty. Between two tasks of one visit no time passes.

use super::calendar::Time;
use super::shares::Note;
use super::task::{NOBODY, State};
use super::tokens::Beyond;
use super::world::{Moving, World, event};
use crate::program::Polling;
use crate::rng::combine;

/// Where the server is.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    /// The queue it is at, or on its way to.
    at: usize,
    /// Tasks it has served there in this visit.
    served: u32,
    /// When this visit began.
    since: Time,
    turn: u64,
}

impl<'p> World<'p> {
    fn polls(&mut self, station: u32) -> (&mut Polls, &'p Polling) {
        let spec = self.tokens_spec(station).polling.as_ref().expect("it polls");
        match self.tokens(station).beyond.as_deref_mut() {
            Some(Beyond::Polls(polls)) => (polls, spec),
            _ => unreachable!("the role says so"),
        }
    }

    /// All polling servers set out for their first queue.
    pub(crate) fn start_polling(&mut self) {
        for station in 0..self.places.len() as u32 {
            if let Moving::Tokens(state) = &self.places[station as usize].moving
                && matches!(state.beyond.as_deref(), Some(Beyond::Polls(_)))
            {
                self.switch_over(station);
            }
        }
    }

    /// The queue that a task joins.
    pub(crate) fn polled_queue(&self, station: u32, id: u32) -> usize {
        let Some(polling) = &self.tokens_spec(station).polling else { return 0 };
        let class = usize::from(self.tasks[id].class);
        let endpoint = self.program.classes.get(class).map(|class| class.endpoint);
        polling.queues.iter().position(|queue| Some(*queue) == endpoint).unwrap_or(0)
    }

    fn switch_over(&mut self, station: u32) {
        let (polls, spec) = self.polls(station);
        polls.turn += 1;
        let key = combine(u64::from(station), polls.turn);
        // At least a nanosecond: the clock must go on.
        let length = self.entity_ns(spec.switchover, key).max(1);
        self.calendar.push(self.now + length, event::OTHER | event::POLL | station);
    }

    /// The server arrives at a queue.
    pub(crate) fn poll_event(&mut self, station: u32) {
        let now = self.now;
        let polls = self.polls(station).0;
        (polls.served, polls.since) = (0, now);
        self.poll_next(station);
    }

    /// The server is free: the next task of this queue, or the way to the next queue.
    pub(crate) fn poll_next(&mut self, station: u32) {
        let now = self.now;
        let (polls, spec) = self.polls(station);
        let (at, since) = (polls.at, polls.since);
        let visited = polls.served >= spec.limited.unwrap_or(u32::MAX);
        let first = self.tokens(station).queue.front_of(at);
        let gone = first == NOBODY || (spec.gated && self.tasks[first].since > since);
        if visited || gone {
            let polls = self.polls(station).0;
            polls.at = (at + 1) % spec.queues.len().max(1);
            return self.switch_over(station);
        }
        self.polls(station).0.served += 1;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.queue.unlink(&mut self.tasks, at, first);
        state.busy += 1;
        place.stats.busy.add(now, 1.0);
        place.stats.full_since = now;
        place.stats.queue.add(now, -1.0);
        place.stats.served += 1;
        let task = &mut self.tasks[first];
        let waited = now - task.since;
        place.stats.wait.record(waited.cast_signed() as f64 * 1e-9);
        let owner = place.owner;
        self.timers.cancel(task.timer);
        task.timer = NOBODY;
        task.state = State::Ready;
        self.spend(first, owner, waited, 0);
        self.note(station, first, Note::Served { waited, queued: true });
        self.granted(station, first);
    }
}
