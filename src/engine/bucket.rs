//! Rate limits: token bucket, fixed window, sliding window; pass, wait or reject.

use std::collections::{HashMap, VecDeque};

use super::calendar::Time;
use super::shares::Note;
use super::task::{Queue, State};
use super::tokens::Answer;
use super::world::{Moving, World, event};
use crate::program::{Algorithm, Bucket, Kind, StationKind};
use crate::rng::{Stream, combine};

/// State of one limit.
#[derive(Debug, Default)]
struct Limit {
    /// Token bucket: tokens at `at`. Fixed window: passed in the window that began at `at`.
    level: f64,
    at: Time,
    /// Sliding window: when the last `burst` passed.
    passed: VecDeque<Time>,
}

impl Limit {
    fn full(spec: &Bucket) -> Self {
        let level = if spec.algorithm == Algorithm::TokenBucket { spec.burst } else { 0.0 };
        Self { level, ..Self::default() }
    }

    fn window_ns(spec: &Bucket) -> Time {
        ((spec.burst / spec.rate_per_s * 1e9).round() as Time).max(1)
    }

    /// The earliest time at `now` or later at which one more may pass.
    fn opens(&mut self, spec: &Bucket, now: Time) -> Time {
        match spec.algorithm {
            Algorithm::TokenBucket => {
                let refilled = self.level + (now - self.at) as f64 * 1e-9 * spec.rate_per_s;
                self.level = refilled.min(spec.burst.max(1.0));
                self.at = now;
                // A rounding error of a billionth of a token is no reason to wait.
                if self.level >= 1.0 - 1e-9 {
                    now
                } else {
                    now + ((1.0 - self.level) / spec.rate_per_s * 1e9).ceil() as Time
                }
            }
            Algorithm::FixedWindow => {
                let window = Self::window_ns(spec);
                let start = now / window * window;
                if start > self.at || self.at == 0 && self.level == 0.0 {
                    self.at = start;
                    self.level = 0.0;
                }
                if self.level + 1.0 <= spec.burst { now } else { start + window }
            }
            Algorithm::SlidingWindow => {
                let window = Self::window_ns(spec);
                while self.passed.front().is_some_and(|t| t + window <= now) {
                    self.passed.pop_front();
                }
                if (self.passed.len() as f64) + 1.0 <= spec.burst {
                    now
                } else {
                    self.passed.front().map_or(now, |t| t + window)
                }
            }
        }
    }

    fn pass(&mut self, spec: &Bucket, now: Time) {
        match spec.algorithm {
            Algorithm::TokenBucket => self.level -= 1.0,
            Algorithm::FixedWindow => self.level += 1.0,
            Algorithm::SlidingWindow => self.passed.push_back(now),
        }
    }
}

/// The moving part of a [`Bucket`].
#[derive(Debug)]
pub(crate) struct BucketState {
    limit: Limit,
    clients: HashMap<u64, Limit>,
    pub(crate) queue: Queue,
    event: u64,
}

impl BucketState {
    pub(crate) fn new(spec: &Bucket) -> Self {
        Self { limit: Limit::full(spec), clients: HashMap::new(), queue: Queue::new(1), event: 0 }
    }
}

impl<'p> World<'p> {
    fn bucket(&mut self, station: u32) -> (&mut BucketState, &'p Bucket) {
        let StationKind::Bucket(spec) = &self.program.stations[station as usize].kind else {
            unreachable!("lowering addresses a bucket")
        };
        match &mut self.places[station as usize].moving {
            Moving::Bucket(state) => (state, spec),
            _ => unreachable!("lowering addresses a bucket"),
        }
    }

    /// A task wants to pass.
    pub(crate) fn admit(&mut self, station: u32, id: u32) -> Answer {
        let now = self.now;
        let root = self.tasks[id].root;
        self.places[station as usize].stats.arrivals += 1;
        self.note(station, id, Note::Arrives);
        let (state, spec) = self.bucket(station);
        let alone = spec.clients.is_none();
        let queued = state.queue.len;
        let limit = match spec.clients {
            None => &mut state.limit,
            Some(clients) => {
                let client = Stream::new(combine(root, 0x636c_6965_6e74)).below(clients.max(1));
                state.clients.entry(client).or_insert_with(|| Limit::full(spec))
            }
        };
        let opens = limit.opens(spec, now);
        if queued == 0 && opens <= now {
            limit.pass(spec, now);
            let stats = &mut self.places[station as usize].stats;
            stats.served += 1;
            stats.wait.record(0.0);
            self.note(station, id, Note::Passed { waited: 0, queued: false });
            return Answer::Granted(0);
        }
        if let Some(kind) = spec.excess {
            self.places[station as usize].stats.refused += 1;
            self.note(station, id, Note::Refused);
            return Answer::Fails(kind);
        }
        if queued >= spec.places {
            self.places[station as usize].stats.refused += 1;
            self.note(station, id, Note::Refused);
            return Answer::Fails(Kind::ClientQueueFull.id());
        }
        let stats = &mut self.places[station as usize].stats;
        stats.waited += 1;
        stats.queue.add(now, 1.0);
        self.note(station, id, Note::Waits);
        if !alone {
            // Each client's turn is reserved at once; there is no queue between clients.
            let (state, spec) = self.bucket(station);
            let client = Stream::new(combine(root, 0x636c_6965_6e74))
                .below(spec.clients.unwrap_or(1).max(1));
            if let Some(limit) = state.clients.get_mut(&client) {
                limit.pass(spec, opens);
            }
            self.tasks[id].station = station;
            self.sleep(id, State::Admitted, opens);
            return Answer::Waits;
        }
        let Moving::Bucket(state) = &mut self.places[station as usize].moving else {
            unreachable!("lowering addresses a bucket")
        };
        state.queue.push_back(&mut self.tasks, 0, id);
        let first = state.event == 0;
        let task = &mut self.tasks[id];
        task.state = State::Queued;
        task.station = station;
        task.since = now;
        if first {
            let seq = self.calendar.push(opens.max(now + 1), event::BUCKET | station);
            self.bucket(station).0.event = seq;
        }
        Answer::Waits
    }

    /// The next in line may pass.
    pub(crate) fn bucket_event(&mut self, station: u32, seq: u64) {
        let now = self.now;
        if self.bucket(station).0.event != seq {
            return;
        }
        self.bucket(station).0.event = 0;
        loop {
            let (state, spec) = self.bucket(station);
            if state.queue.len == 0 {
                return;
            }
            let opens = state.limit.opens(spec, now);
            if opens > now {
                let seq = self.calendar.push(opens, event::BUCKET | station);
                self.bucket(station).0.event = seq;
                return;
            }
            state.limit.pass(spec, now);
            let place = &mut self.places[station as usize];
            let Moving::Bucket(state) = &mut place.moving else {
                unreachable!("lowering addresses a bucket")
            };
            let Some(id) = state.queue.pop_front(&mut self.tasks) else { return };
            let waited = now - self.tasks[id].since;
            place.stats.queue.add(now, -1.0);
            place.stats.served += 1;
            place.stats.wait.record(waited as f64 * 1e-9);
            let owner = place.owner;
            self.spend(id, owner, waited, 0);
            self.note(station, id, Note::Passed { waited, queued: true });
            let task = &mut self.tasks[id];
            task.state = State::Ready;
            task.pc += 1;
            self.ready.push_back(id);
        }
    }
}
