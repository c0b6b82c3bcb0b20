//! What tasks, sessions and pools hold and wait for at one moment, counted one by one: the other side of
//! the accounts that stations keep, for the self-checks.

use super::cache::LEASE;
use super::calendar::Time;
use super::task::State;
use super::world::{Moving, World};
use crate::program::{NONE, StationKind};

/// What is seen of a station.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// Σ of the waits so far of those that wait, ns.
    pub(crate) waiting_ns: f64,
    /// Σ of what is left of the services under way as they were drawn, ns (of a processor: work).
    pub(crate) left: f64,
    /// Units that are held or serve.
    pub(crate) units: u64,
}

/// What is seen of a world.
#[derive(Debug)]
pub(crate) struct Census {
    /// By `StationId`.
    pub(crate) stations: Vec<Seen>,
    /// Requests inside.
    pub(crate) inside: u64,
}

impl World<'_> {
    /// Counts; O(tasks, sessions and their slots).
    pub(crate) fn census(&self) -> Census {
        let now = self.now;
        let mut census = Census { stations: vec![Seen::default(); self.places.len()], inside: 0 };
        for (id, task) in (0..).zip(&self.tasks.all) {
            if task.state == State::Free {
                continue;
            }
            census.inside += u64::from(task.counts && task.class != NONE);
            match task.state {
                State::Queued | State::Admitted => {
                    census.stations[task.station as usize].waiting_ns += span(task.since, now);
                }
                State::Serving => {
                    let seen = &mut census.stations[task.station as usize];
                    seen.units += 1;
                    seen.left += task.remaining as f64 - span(task.since, now);
                }
                _ => {}
            }
            self.count_held(id, task.held, &mut census.stations);
        }
        for (station, place) in self.places.iter().enumerate() {
            match &place.moving {
                Moving::Processor(state) => {
                    census.stations[station].left = state.left(now, &self.tasks, station as u32);
                }
                Moving::Tokens(state) => {
                    // The connections of a pool are units of its server.
                    if let StationKind::Tokens(spec) = &self.program.stations[station].kind
                        && let Some(server) = spec.overflow.and_then(|overflow| overflow.server)
                    {
                        census.stations[server.index()].units += u64::from(state.open());
                    }
                }
                _ => {}
            }
        }
        self.count_sessions(|crew| census.stations[crew].units += 1);
        census
    }

    /// Units in the slots of a task.
    fn count_held(&self, id: u32, held: u64, stations: &mut [Seen]) {
        let mut left = held;
        while left != 0 {
            let slot = left.trailing_zeros() as u8;
            left &= left - 1;
            let what = self.tasks.local(id, slot);
            if what & LEASE == 0 {
                stations[what as u32 as usize].units += 1;
            }
        }
    }
}

fn span(since: Time, now: Time) -> f64 {
    now.saturating_sub(since) as f64
}
