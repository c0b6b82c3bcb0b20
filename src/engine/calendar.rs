//! The future-event list: a 4-ary heap of packed keys, fed by a coarse timing wheel.
//!
//! A key is (time, insertion number, payload) in one `u128`, so events at equal times leave in order
//! of entry. As long as few events are pending the heap alone is used. Beyond [`HEAP_SMALL`] the far
//! ones wait in the wheel (Varghese & Lauck 1987) and enter the heap when their bucket comes up, so
//! that a million pending timers cost no logarithm of a million.

/// Nanoseconds of simulated time. At most 2^60 (36 years).
pub(crate) type Time = u64;

/// The latest time that an event can have.
pub(crate) const END_OF_TIME: Time = (1 << 60) - 1;

const SEQ_BITS: u32 = 36;
const HEAP_SMALL: usize = 384;
/// Width of a bucket of the fine wheel: 2^17 ns, 0.13 ms; 4096 of them span 0.54 s.
const FINE_SHIFT: u32 = 17;
const FINE_BITS: u32 = 12;
/// A bucket of the coarse wheel is a turn of the fine one; 4096 of them span 37 minutes.
const COARSE_SHIFT: u32 = FINE_SHIFT + FINE_BITS;
const BUCKETS: usize = 1 << FINE_BITS;
const MASK: u64 = BUCKETS as u64 - 1;

/// An event that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) time: Time,
    pub(crate) seq: u64,
    pub(crate) payload: u32,
}

/// The future-event list.
#[derive(Debug)]
pub(crate) struct Calendar {
    heap: Vec<u128>,
    seq: u64,
    /// Every event in the wheel is at `horizon` or later; what is earlier is in the heap.
    horizon: Time,
    in_wheel: usize,
    fine: Wheel,
    coarse: Wheel,
    beyond: Vec<u128>,
}

#[derive(Debug, Default)]
struct Wheel {
    buckets: Vec<Vec<u128>>,
    occupied: Vec<u64>,
}

impl Wheel {
    fn insert(&mut self, bucket: usize, key: u128) {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, Vec::new);
            self.occupied.resize(BUCKETS / 64, 0);
        }
        self.buckets[bucket].push(key);
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
    }

    /// The first occupied bucket at `from` or after it (no wrap).
    fn next(&self, from: usize) -> Option<usize> {
        if self.buckets.is_empty() || from >= BUCKETS {
            return None;
        }
        let mut word = from / 64;
        let mut bits = self.occupied[word] & (u64::MAX << (from % 64));
        loop {
            if bits != 0 {
                return Some(word * 64 + bits.trailing_zeros() as usize);
            }
            word += 1;
            bits = *self.occupied.get(word)?;
        }
    }
}

#[inline]
const fn pack(time: Time, seq: u64, payload: u32) -> u128 {
    ((time as u128) << 68) | ((seq as u128) << 32) | payload as u128
}

#[inline]
const fn time_of(key: u128) -> Time {
    (key >> 68) as u64
}

impl Calendar {
    pub(crate) fn new() -> Self {
        Self {
            heap: Vec::with_capacity(HEAP_SMALL * 2),
            seq: 0,
            horizon: 0,
            in_wheel: 0,
            fine: Wheel::default(),
            coarse: Wheel::default(),
            beyond: Vec::new(),
        }
    }

    /// Adds an event and returns its insertion number (never 0).
    #[inline]
    pub(crate) fn push(&mut self, time: Time, payload: u32) -> u64 {
        self.seq += 1;
        debug_assert!(self.seq < 1 << SEQ_BITS);
        let key = pack(time.min(END_OF_TIME), self.seq, payload);
        if self.in_wheel == 0 && self.heap.len() < HEAP_SMALL {
            self.heap_push(key);
        } else {
            self.push_far(key);
        }
        self.seq
    }

    #[inline(never)]
    fn push_far(&mut self, key: u128) {
        if self.in_wheel == 0 {
            // The wheel begins to be used: everything before the next bucket's edge is the heap's.
            let now =
                self.heap.first().map_or_else(|| time_of(key), |k| time_of(*k)).min(time_of(key));
            self.horizon = ((now >> FINE_SHIFT) + 1) << FINE_SHIFT;
        }
        if time_of(key) < self.horizon { self.heap_push(key) } else { self.wheel_insert(key) }
    }

    fn wheel_insert(&mut self, key: u128) {
        let time = time_of(key);
        self.in_wheel += 1;
        // The fine wheel holds what lies in the same turn as the horizon, the coarse one what lies
        // in the same turn of its own.
        let base = self.horizon;
        if time >> COARSE_SHIFT == base >> COARSE_SHIFT {
            self.fine.insert(((time >> FINE_SHIFT) & MASK) as usize, key);
        } else if time >> (COARSE_SHIFT + FINE_BITS) == base >> (COARSE_SHIFT + FINE_BITS) {
            self.coarse.insert(((time >> COARSE_SHIFT) & MASK) as usize, key);
        } else {
            self.beyond.push(key);
        }
    }

    /// Removes the earliest event at `limit` or before it.
    #[inline]
    pub(crate) fn pop(&mut self, limit: Time) -> Option<Due> {
        if self.in_wheel > 0 && self.heap.first().is_none_or(|k| time_of(*k) >= self.horizon) {
            self.turn();
        }
        let key = *self.heap.first()?;
        if time_of(key) > limit {
            return None;
        }
        self.heap_pop();
        Some(Due {
            time: time_of(key),
            seq: (key >> 32) as u64 & ((1 << SEQ_BITS) - 1),
            payload: key as u32,
        })
    }

    /// Moves buckets into the heap until the heap's first event is before the horizon.
    #[inline(never)]
    fn turn(&mut self) {
        while self.in_wheel > 0 && self.heap.first().is_none_or(|k| time_of(*k) >= self.horizon) {
            let from = ((self.horizon >> FINE_SHIFT) & MASK) as usize;
            if let Some(bucket) = self.fine.next(from) {
                let turn_start = self.horizon >> COARSE_SHIFT << COARSE_SHIFT;
                let mut keys = std::mem::take(&mut self.fine.buckets[bucket]);
                self.fine.occupied[bucket / 64] &= !(1 << (bucket % 64));
                self.in_wheel -= keys.len();
                for key in keys.drain(..) {
                    self.heap_push(key);
                }
                self.fine.buckets[bucket] = keys;
                self.horizon = turn_start + ((bucket as u64 + 1) << FINE_SHIFT);
                if bucket + 1 == BUCKETS {
                    self.enter_turn();
                }
            } else {
                // The rest of this turn is empty: go to the next one.
                self.horizon = ((self.horizon >> COARSE_SHIFT) + 1) << COARSE_SHIFT;
                self.enter_turn();
            }
        }
    }

    /// The horizon has just reached a multiple of the coarse width: spread that coarse bucket over
    /// the fine wheel, skipping empty coarse buckets.
    fn enter_turn(&mut self) {
        loop {
            if self.horizon >> COARSE_SHIFT & MASK == 0 {
                // A new turn of the coarse wheel: what was beyond it may fit now.
                let beyond = std::mem::take(&mut self.beyond);
                self.in_wheel -= beyond.len();
                for key in beyond {
                    self.wheel_insert(key);
                }
            }
            let bucket = (self.horizon >> COARSE_SHIFT & MASK) as usize;
            if self.coarse.next(bucket) == Some(bucket) {
                let mut keys = std::mem::take(&mut self.coarse.buckets[bucket]);
                self.coarse.occupied[bucket / 64] &= !(1 << (bucket % 64));
                self.in_wheel -= keys.len();
                for key in keys.drain(..) {
                    self.wheel_insert(key);
                }
                self.coarse.buckets[bucket] = keys;
            }
            let fine_has_events = self.fine.next(0).is_some();
            if fine_has_events || self.in_wheel == 0 {
                return;
            }
            // Jump to the next occupied coarse bucket, or to the end of the coarse turn.
            self.horizon = match self.coarse.next(bucket + 1) {
                Some(next) => {
                    let turn =
                        self.horizon >> (COARSE_SHIFT + FINE_BITS) << (COARSE_SHIFT + FINE_BITS);
                    turn + ((next as u64) << COARSE_SHIFT)
                }
                None => {
                    ((self.horizon >> (COARSE_SHIFT + FINE_BITS)) + 1) << (COARSE_SHIFT + FINE_BITS)
                }
            };
        }
    }

    #[inline]
    fn heap_push(&mut self, key: u128) {
        let heap = &mut self.heap;
        heap.push(key);
        let mut i = heap.len() - 1;
        while i > 0 {
            let parent = (i - 1) / 4;
            if heap[parent] <= key {
                break;
            }
            heap[i] = heap[parent];
            i = parent;
        }
        heap[i] = key;
    }

    #[inline]
    fn heap_pop(&mut self) {
        let heap = &mut self.heap;
        let Some(key) = heap.pop() else { return };
        let n = heap.len();
        if n == 0 {
            return;
        }
        let mut i = 0;
        loop {
            let first = 4 * i + 1;
            if first + 4 <= n {
                let children = &heap[first..first + 4];
                let a = usize::from(children[1] < children[0]);
                let b = 2 + usize::from(children[3] < children[2]);
                let least = if children[b] < children[a] { b } else { a };
                let value = children[least];
                if value >= key {
                    break;
                }
                heap[i] = value;
                i = first + least;
            } else {
                let Some(least) = (first..n).min_by_key(|c| heap[*c]) else { break };
                if heap[least] >= key {
                    break;
                }
                heap[i] = heap[least];
                i = least;
            }
        }
        heap[i] = key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Pops agree with a sorted list under pushes of very different ranges, with few and with many
    /// pending events.
    #[test]
    fn events_leave_in_order_of_time_and_entry() {
        for (seed, pending) in [(1, 50), (2, 5_000), (3, 50_000)] {
            let mut stream = Stream::new(seed);
            let mut calendar = Calendar::new();
            let mut sorted = std::collections::BTreeSet::new();
            let mut now = 0;
            for step in 0..200_000_u32 {
                let full = sorted.len() >= pending;
                if !full && (sorted.is_empty() || stream.unit() < 0.6) {
                    let reach = 1_u64 << stream.below(46);
                    let time = now + stream.below(reach);
                    let seq = calendar.push(time, step);
                    sorted.insert((time, seq, step));
                } else {
                    let due = calendar.pop(END_OF_TIME).expect("an event is pending");
                    assert_eq!(Some((due.time, due.seq, due.payload)), sorted.pop_first());
                    now = due.time;
                }
            }
            while let Some(expected) = sorted.pop_first() {
                let due = calendar.pop(END_OF_TIME).expect("an event is pending");
                assert_eq!((due.time, due.seq, due.payload), expected);
            }
            assert_eq!(calendar.pop(END_OF_TIME), None);
        }
    }

    #[test]
    fn nothing_leaves_after_the_limit() {
        let mut calendar = Calendar::new();
        calendar.push(10, 1);
        assert_eq!(calendar.pop(9), None);
        assert_eq!(calendar.pop(10).map(|due| due.payload), Some(1));
    }
}
