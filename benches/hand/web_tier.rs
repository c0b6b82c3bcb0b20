//! The web tier by hand: event loops, a connection pool with patience, a database that shares its
//! cores among queries, Redis, and optionally a client that gives up and repeats.

use std::collections::VecDeque;

use capplan::stats::Tally;

use super::heap::{Heap, key, payload, time};
use super::{Draws, NS_PER_S};

/// The figures of a web tier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebTier {
    /// Poisson arrivals, 1/s.
    pub(crate) rate_per_s: f64,
    /// Event loops, taken by round robin.
    pub(crate) loops: usize,
    /// Mean of the exponential slice before the pool, seconds.
    pub(crate) first_slice_s: f64,
    /// Mean of the exponential slice after it, seconds.
    pub(crate) second_slice_s: f64,
    /// Connections.
    pub(crate) pool: u32,
    /// Longest wait for one, seconds.
    pub(crate) patience_s: f64,
    /// Probability of a query (else Redis).
    pub(crate) query_share: f64,
    /// Lognormal query: mean in seconds, coefficient of variation.
    pub(crate) query_s: (f64, f64),
    /// Database cores, shared by the queries that run; each uses one at most.
    pub(crate) cores: u32,
    /// Time of a Redis command, seconds.
    pub(crate) redis_s: f64,
    /// The client gives up after this time and repeats once; what it left is served to its end.
    pub(crate) client_timeout_s: Option<f64>,
}

impl Default for WebTier {
    fn default() -> Self {
        Self {
            rate_per_s: 400.0,
            loops: 4,
            first_slice_s: 0.004,
            second_slice_s: 0.002,
            pool: 120,
            patience_s: 30.0,
            query_share: 0.4,
            query_s: (0.020, 1.0),
            cores: 16,
            redis_s: 0.001,
            client_timeout_s: None,
        }
    }
}

/// An attempt in flight.
#[derive(Clone, Copy, Default)]
struct Attempt {
    /// When its request arrived.
    arrived: u64,
    /// Changes when the slot is used again.
    epoch: u32,
    /// Its event loop.
    on: u16,
    /// The client has left.
    abandoned: bool,
    /// The first of its request (the second is the last).
    first: bool,
}

/// An event loop: the slice that runs is at the front. The top bit marks a second slice.
struct Loop {
    slices: VecDeque<u32>,
}

const SECOND: u32 = 1 << 31;
/// Payloads of the heap from here on are loops; below, attempts whose Redis command ends.
const LOOPS: u32 = 1 << 24;

/// Processor sharing in virtual time: every query inside attains `virtual_ns` of work in step.
struct Database {
    cores: u32,
    virtual_ns: u64,
    seen: u64,
    /// Virtual time of the end, and the attempt.
    ends: Heap,
    /// Real time of the first end.
    next: u64,
}

impl Database {
    #[inline]
    fn advance(&mut self, now: u64) {
        let (passed, inside) = (now - self.seen, self.ends.len() as u32);
        self.virtual_ns += if inside <= self.cores {
            passed
        } else {
            (passed as f64 * f64::from(self.cores) / f64::from(inside)) as u64
        };
        self.seen = now;
    }

    #[inline]
    fn schedule(&mut self) {
        let Some(top) = self.ends.top() else {
            self.next = u64::MAX;
            return;
        };
        let (left, inside) = (time(top).saturating_sub(self.virtual_ns), self.ends.len() as u32);
        self.next = self.seen
            + if inside <= self.cores {
                left
            } else {
                (left as f64 * f64::from(inside) / f64::from(self.cores)).ceil() as u64
            };
    }

    #[inline]
    fn enter(&mut self, now: u64, work: u64, sequence: u32, attempt: u32) {
        self.advance(now);
        self.ends.push(key(self.virtual_ns + work, sequence, attempt));
        self.schedule();
    }

    #[inline]
    fn leave(&mut self, now: u64) -> u32 {
        self.advance(now);
        let attempt = self.ends.pop().map_or(0, payload);
        self.schedule();
        attempt
    }
}

/// The whole state.
struct World<'c> {
    config: &'c WebTier,
    draws: Draws,
    latencies: Tally,
    attempts: Vec<Attempt>,
    free: Vec<u32>,
    loops: Vec<Loop>,
    turn: usize,
    heap: Heap,
    sequence: u32,
    connections: u32,
    waiting: VecDeque<(u64, u32)>,
    database: Database,
    /// Client timeouts are constant, so they end in the order in which they began.
    timers: VecDeque<(u64, u32, u32)>,
    mu: f64,
    sigma: f64,
}

impl WebTier {
    /// Latencies of `requests` requests that were answered.
    pub(crate) fn run(&self, requests: u64, seed: u64) -> Tally {
        if self.client_timeout_s.is_some() {
            self.simulate::<true>(requests, seed)
        } else {
            self.simulate::<false>(requests, seed)
        }
    }

    fn simulate<const CLIENT: bool>(&self, requests: u64, seed: u64) -> Tally {
        let sigma2 = (1.0 + self.query_s.1 * self.query_s.1).ln();
        let mut world = World {
            config: self,
            draws: Draws::new(seed),
            latencies: Tally::default(),
            attempts: Vec::with_capacity(4096),
            free: Vec::with_capacity(4096),
            loops: (0..self.loops)
                .map(|_| Loop { slices: VecDeque::with_capacity(1024) })
                .collect(),
            turn: 0,
            heap: Heap::with_capacity(1024),
            sequence: 0,
            connections: self.pool,
            waiting: VecDeque::with_capacity(1024),
            database: Database {
                cores: self.cores,
                virtual_ns: 0,
                seen: 0,
                ends: Heap::with_capacity(1024),
                next: u64::MAX,
            },
            timers: VecDeque::with_capacity(4096),
            mu: (self.query_s.0 * NS_PER_S).ln() - 0.5 * sigma2,
            sigma: sigma2.sqrt(),
        };
        world.run::<CLIENT>(requests);
        world.latencies
    }
}

impl World<'_> {
    fn run<const CLIENT: bool>(&mut self, requests: u64) {
        let gap_ns = NS_PER_S / self.config.rate_per_s;
        let mut left = requests;
        let mut next_arrival = self.draws.exponential(gap_ns);
        loop {
            let top = self.heap.top().unwrap_or(u128::MAX);
            let soonest = time(top).min(self.database.next);
            let now = soonest.min(next_arrival);
            if CLIENT && self.timers.front().is_some_and(|timer| timer.0 <= now) {
                self.give_up::<CLIENT>();
            } else if next_arrival < soonest {
                self.begin::<CLIENT>(next_arrival, next_arrival, true);
                left -= 1;
                next_arrival =
                    if left > 0 { next_arrival + self.draws.exponential(gap_ns) } else { u64::MAX };
            } else if self.database.next <= time(top) {
                if now == u64::MAX {
                    return;
                }
                let attempt = self.database.leave(now);
                self.give_back(now);
                self.compute(now, attempt | SECOND);
            } else if payload(top) >= LOOPS {
                self.slice_ends(now, payload(top) - LOOPS);
            } else {
                self.heap.pop();
                self.give_back(now);
                self.compute(now, payload(top) | SECOND);
            }
        }
    }

    /// A client sends an attempt.
    #[inline]
    fn begin<const CLIENT: bool>(&mut self, now: u64, arrived: u64, first: bool) {
        let id = self.free.pop().unwrap_or_else(|| {
            self.attempts.push(Attempt::default());
            self.attempts.len() as u32 - 1
        });
        let on = self.turn;
        self.turn = if on + 1 == self.loops.len() { 0 } else { on + 1 };
        let attempt = &mut self.attempts[id as usize];
        attempt.arrived = arrived;
        attempt.on = on as u16;
        attempt.abandoned = false;
        attempt.first = first;
        if CLIENT && let Some(timeout_s) = self.config.client_timeout_s {
            self.timers.push_back((now + (timeout_s * NS_PER_S) as u64, id, attempt.epoch));
        }
        self.compute(now, id);
    }

    /// The first of the client's timers ends.
    fn give_up<const CLIENT: bool>(&mut self) {
        let Some((now, id, epoch)) = self.timers.pop_front() else { return };
        let attempt = &mut self.attempts[id as usize];
        if attempt.epoch == epoch {
            attempt.abandoned = true;
            if attempt.first {
                let arrived = attempt.arrived;
                self.begin::<CLIENT>(now, arrived, false);
            }
        }
    }

    /// A slice of CPU becomes ready on its loop.
    #[inline]
    fn compute(&mut self, now: u64, slice: u32) {
        let on = self.attempts[(slice & !SECOND) as usize].on;
        let slices = &mut self.loops[usize::from(on)].slices;
        slices.push_back(slice);
        if slices.len() == 1 {
            let end = self.slice_end(now, slice, u32::from(on));
            self.heap.push(end);
        }
    }

    #[inline]
    fn slice_end(&mut self, now: u64, slice: u32, on: u32) -> u128 {
        let mean_s = if slice & SECOND == 0 {
            self.config.first_slice_s
        } else {
            self.config.second_slice_s
        };
        self.sequence = self.sequence.wrapping_add(1);
        key(now + self.draws.exponential(mean_s * NS_PER_S), self.sequence, LOOPS + on)
    }

    /// The slice that runs on a loop ends; the event is still the top of the heap.
    #[inline]
    fn slice_ends(&mut self, now: u64, on: u32) {
        let slices = &mut self.loops[on as usize].slices;
        let Some(slice) = slices.pop_front() else { return };
        if let Some(&next) = slices.front() {
            let end = self.slice_end(now, next, on);
            self.heap.replace_top(end);
        } else {
            self.heap.pop();
        }
        if slice & SECOND == 0 {
            if self.connections > 0 {
                self.connections -= 1;
                self.use_connection(now, slice);
            } else {
                self.waiting.push_back((now, slice));
            }
        } else {
            let id = slice & !SECOND;
            let attempt = self.attempts[id as usize];
            if !attempt.abandoned {
                self.latencies.record((now - attempt.arrived) as f64 / NS_PER_S);
            }
            self.end(id);
        }
    }

    #[inline]
    fn end(&mut self, id: u32) {
        let attempt = &mut self.attempts[id as usize];
        attempt.epoch = attempt.epoch.wrapping_add(1);
        self.free.push(id);
    }

    #[inline]
    fn use_connection(&mut self, now: u64, id: u32) {
        self.sequence = self.sequence.wrapping_add(1);
        if self.draws.chance(self.config.query_share) {
            let work = self.draws.lognormal(self.mu, self.sigma);
            self.database.enter(now, work, self.sequence, id);
        } else {
            let redis_ns = (self.config.redis_s * NS_PER_S) as u64;
            self.heap.push(key(now + redis_ns, self.sequence, id));
        }
    }

    /// A connection comes back. Whoever waited too long failed at the end of its patience; as nobody
    /// sees a failure here, it is enough to notice that now.
    #[inline]
    fn give_back(&mut self, now: u64) {
        while let Some((since, id)) = self.waiting.pop_front() {
            if (now - since) as f64 <= self.config.patience_s * NS_PER_S {
                self.use_connection(now, id);
                return;
            }
            self.end(id);
        }
        self.connections += 1;
    }
}
