//! Those that wait for a unit: who may, who interrupts whom, who gives up.

use super::{Answer, Extras};
use crate::engine::shares::Note;
use crate::engine::task::{NOBODY, State};
use crate::engine::timers::PATIENCE;
use crate::engine::world::{Moving, World};

impl World<'_> {
    #[inline(never)]
    pub(super) fn tokens_wait(&mut self, station: u32, id: u32) -> Answer {
        let spec = self.tokens_spec(station);
        let level = if spec.polling.is_some() {
            self.polled_queue(station, id)
        } else if spec.priority || spec.preemptive {
            self.level(id)
        } else {
            0
        };
        if spec.preemptive && self.preempt(station, level) {
            return self.take_interrupted(station, id);
        }
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        let told = state.told;
        if state.queue.len >= spec.places {
            place.stats.refused += 1;
            if told {
                self.note(station, id, Note::Refused);
            }
            return Answer::Fails(spec.full_kind);
        }
        place.stats.waited += 1;
        place.stats.queue.add(now, 1.0);
        state.queue.push_back(&mut self.tasks, level, id);
        let task = &mut self.tasks[id];
        task.state = State::Queued;
        task.station = station;
        task.since = now;
        let role = state.role;
        if told {
            self.note(station, id, Note::Waits);
        }
        if role == Extras::Sets {
            self.begin_setups(station);
        }
        if let Some(patience) = spec.patience {
            let timer = self.start_timer(id, patience, PATIENCE);
            self.tasks[id].timer = timer;
        }
        Answer::Waits
    }

    /// A task has a unit at once that a less important one was interrupted for: that one stands first in
    /// its own level, below this one's.
    fn take_interrupted(&mut self, station: u32, id: u32) -> Answer {
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.take(&mut place.stats, now);
        place.stats.served += 1;
        place.stats.wait.record(0.0);
        self.note(station, id, Note::Served { waited: 0, queued: false });
        Answer::Granted(0)
    }

    /// Interrupts the least important task in service when it is less important than `level`.
    fn preempt(&mut self, station: u32, level: usize) -> bool {
        let state = self.tokens(station);
        let serving = std::mem::take(&mut state.serving);
        // The last one started among the least important: its work is resumed first.
        let victim = serving
            .iter()
            .enumerate()
            .max_by_key(|(i, id)| (self.level(**id), *i))
            .map(|(i, id)| (i, *id))
            .filter(|(_, id)| self.level(*id) > level);
        let now = self.now;
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.serving = serving;
        let Some((index, victim)) = victim else { return false };
        state.serving.remove(index);
        state.give(&mut place.stats, now);
        place.stats.queue.add(now, 1.0);
        let task = &mut self.tasks[victim];
        place.stats.given.end(now);
        task.remaining = task.remaining.saturating_sub(now - task.since).max(1);
        place.stats.asked -= task.remaining as f64;
        task.wake = 0;
        let (since, owner) = (task.since, place.owner);
        task.since = now;
        task.state = State::Queued;
        self.spend(victim, owner, 0, now - since);
        let victim_level = self.level(victim);
        let place = &mut self.places[station as usize];
        let Moving::Tokens(state) = &mut place.moving else {
            unreachable!("lowering addresses a tokens station")
        };
        state.queue.push_front(&mut self.tasks, victim_level, victim);
        self.note(station, victim, Note::Interrupted);
        true
    }

    /// The patience of a waiting task ends.
    pub(crate) fn impatient(&mut self, id: u32) {
        let station = self.tasks[id].station;
        let spec = self.tokens_spec(station);
        self.leave_queue(id, true);
        let owner = self.places[station as usize].owner;
        if self.raise(id, spec.patience_kind, owner) {
            self.ready.push_back(id);
        }
    }

    /// Takes a waiting task out of its tokens queue.
    pub(crate) fn leave_queue(&mut self, id: u32, timed_out: bool) {
        let now = self.now;
        let task = self.tasks[id];
        let mut role = Extras::None;
        if let Moving::Tokens(state) = &self.places[task.station as usize].moving {
            role = state.role;
        }
        let level = if role == Extras::Polls {
            self.polled_queue(task.station, id)
        } else {
            self.level(id)
        };
        let place = &mut self.places[task.station as usize];
        match &mut place.moving {
            Moving::Tokens(state) => state.queue.unlink(&mut self.tasks, level, id),
            Moving::Crew(crew) => crew.unlink(&mut self.tasks, level, id),
            Moving::Bucket(bucket) => bucket.queue.unlink(&mut self.tasks, 0, id),
            _ => unreachable!("only these have queues"),
        }
        place.stats.queue.add(now, -1.0);
        let waited = now - task.since;
        place.stats.abandoned.record(waited as f64 * 1e-9);
        if timed_out {
            place.stats.timeouts += 1;
        }
        let owner = place.owner;
        self.timers.cancel(task.timer);
        self.tasks[id].drawn = 0;
        self.tasks[id].remaining = 0;
        self.tasks[id].timer = NOBODY;
        self.tasks[id].state = State::Ready;
        self.spend(id, owner, waited, 0);
        self.note(task.station, id, Note::Leaves { waited, timed_out });
        if role == Extras::Sets {
            self.cancel_setups(task.station);
        }
    }
}
