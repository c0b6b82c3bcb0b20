//! Pools of connections: opened at the start or on demand, reopened when old, closed above the size.

use super::Answer;
use crate::engine::shares::Note;
use crate::engine::world::{Moving, World};
use crate::program::{Kind, StationKind};

impl World<'_> {
    /// At the start the pools have their connections open, as far as the servers allow.
    pub(crate) fn open_pools(&mut self) {
        if !self.program.warm_start {
            return;
        }
        for station in 0..self.places.len() as u32 {
            let StationKind::Tokens(spec) = &self.program.stations[station as usize].kind else {
                continue;
            };
            let Some(overflow) = spec.overflow else { continue };
            let instance = self.program.stations[station as usize].instance;
            if instance.is_some_and(|i| self.is_off(i)) {
                continue;
            }
            for _ in 0..overflow.size {
                if !self.open_connection(station) {
                    break;
                }
            }
        }
    }

    /// Opens one more connection of a pool, if its server has one.
    fn open_connection(&mut self, station: u32) -> bool {
        let spec = self.tokens_spec(station);
        let Some(overflow) = spec.overflow else { return true };
        let now = self.now;
        if let Some(server) = overflow.server {
            let place = &mut self.places[server.index()];
            let Moving::Tokens(limits) = &mut place.moving else {
                unreachable!("lowering addresses a tokens station")
            };
            place.stats.arrivals += 1;
            if limits.busy >= limits.capacity {
                place.stats.refused += 1;
                return false;
            }
            limits.take(&mut place.stats, now);
            place.stats.served += 1;
            place.stats.given.begin(now);
        }
        let pool = self.tokens(station);
        pool.open += 1;
        if overflow.recycle_ns.is_some() {
            pool.opened.push(now);
        }
        true
    }

    /// The pool side of a grant: a connection is there, or is opened, or cannot be.
    #[inline(never)]
    pub(super) fn connect(&mut self, station: u32, id: u32) -> Answer {
        let spec = self.tokens_spec(station);
        let Some(overflow) = spec.overflow else { return Answer::Granted(0) };
        let now = self.now;
        let pool = self.tokens(station);
        let mut opens = false;
        if pool.busy > pool.open {
            if !self.open_connection(station) {
                self.unit_back(station);
                let stats = &mut self.places[station as usize].stats;
                stats.served -= 1;
                stats.refused += 1;
                self.note(station, id, Note::Undone);
                return Answer::Fails(Kind::TooManyConnections.id());
            }
            opens = true;
        } else if let Some(recycle) = overflow.recycle_ns
            && !pool.opened.is_empty()
        {
            let i = pool.turn % pool.opened.len();
            pool.turn = i + 1;
            if now - pool.opened[i] > recycle {
                pool.opened[i] = now;
                opens = true;
            }
        }
        let delay =
            if opens { overflow.connect.map_or(0, |draw| self.draw_ns(id, draw)) } else { 0 };
        Answer::Granted(delay)
    }

    /// The client of a pool is gone: connections that nobody uses are closed.
    pub(crate) fn close_pool(&mut self, station: u32) {
        let spec = self.tokens_spec(station);
        let Some(overflow) = spec.overflow else { return };
        let server = overflow.server.map(|s| s.0);
        let pool = self.tokens(station);
        for _ in 0..pool.open.saturating_sub(pool.busy) {
            self.close_surplus(station, 0, server);
        }
    }

    /// A connection above the pool's size that nobody uses is closed.
    pub(super) fn close_surplus(&mut self, station: u32, size: u32, server: Option<u32>) {
        let pool = self.tokens(station);
        if pool.open <= size || pool.busy >= pool.open {
            return;
        }
        pool.open -= 1;
        pool.opened.pop();
        if let Some(server) = server {
            let now = self.now;
            self.places[server as usize].stats.given.end(now);
            self.unit_back(server);
        }
    }
}
