//! The future-event list: keys leave in ascending order, whatever their number.
//!
//! A key has 128 bits: time, insertion number, payload, so events at equal times leave in order of
//! entry. Three tiers, each cheap for what it holds:
//!
//! - **front**: the next few keys in a short sorted array. A push below `limit` is an insertion there, a
//!   pop takes the last entry. Timers far ahead do not lengthen it, so near events do not feel them.
//! - **heap**: an implicit 4-ary heap of the keys after those.
//! - **far**: once the heap is large, keys at or after `horizon` are only thrown into buckets of time;
//!   a bucket is poured into the heap when its turn comes ([`Far`]). A push and a pop then touch a few
//!   cache lines instead of one per level of a heap that is larger than the cache.
//!
//! The order of keys is total, so the tiers cannot be told from a plain heap by what comes out.

/// Nanoseconds of simulated time. At most 2^60 (36 years).
pub(crate) type Time = u64;

/// The latest time that an event can have.
pub(crate) const END_OF_TIME: Time = (1 << 60) - 1;

/// Bits of the insertion number; 4 bits of it share the upper half of a key with the time.
const SEQ_BITS: u32 = 36;

/// Keys in the front. Insertion into a sorted array beats the heap up to about 50 keys; half of it is
/// filled at a time.
const FRONT: usize = 32;
/// Entries of the array below the first key. They are later than any key, so that a new key can be
/// compared with this many others whatever the number of keys.
const SLACK: usize = 4;
/// Size of the heap from which the far tier is used: beyond it a heap leaves the nearest cache.
const LARGE: usize = 2048;
/// Buckets of the far tier.
const BUCKETS: usize = 4096;
/// Keys per block of a bucket.
const BLOCK: usize = 15;
/// The end of a list of blocks.
const NONE: u32 = u32::MAX;

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
    seq: u64,
    /// From entry [`SLACK`] on `front_len` keys in descending order.
    front: [u128; FRONT + SLACK],
    front_len: usize,
    /// The front was filled since [`Calendar::take_refilled`] was last asked.
    refilled: bool,
    /// Positions of new keys of the front are below it, those of the other tiers at or above it. (A new
    /// key is later than every other of its position: it has the largest insertion number.)
    limit: u64,
    heap: Vec<u128>,
    /// Positions of the heap are below it, those of the far tier at or above it.
    horizon: u64,
    far: Far,
}

/// The upper half of a key: all of its time. What the far tier sorts by.
#[inline]
const fn position(key: u128) -> u64 {
    (key >> 64) as u64
}

impl Calendar {
    /// An empty list.
    pub(crate) fn new() -> Self {
        Self {
            seq: 0,
            front: [u128::MAX; FRONT + SLACK],
            front_len: 0,
            refilled: false,
            limit: u64::MAX,
            heap: Vec::with_capacity(2 * LARGE),
            horizon: u64::MAX,
            far: Far { beyond: NONE, free: NONE, ..Far::default() },
        }
    }

    /// Number of keys inside.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.front_len + self.heap.len() + self.far.len
    }

    /// Adds an event and returns its insertion number (never 0).
    #[inline]
    pub(crate) fn push(&mut self, time: Time, payload: u32) -> u64 {
        self.seq += 1;
        debug_assert!(self.seq < 1 << SEQ_BITS, "insertion numbers fit their bits");
        let time = time.min(END_OF_TIME);
        self.insert(
            u128::from(time) << (SEQ_BITS + 32) | u128::from(self.seq) << 32 | u128::from(payload),
        );
        self.seq
    }

    #[inline]
    fn insert(&mut self, key: u128) {
        let new = position(key);
        if new < self.limit && self.front_len < FRONT {
            let mut at = SLACK + self.front_len;
            self.front_len += 1;
            // With few keys the place is found by looking; with more it cannot be predicted, so the last
            // ones are moved without a branch.
            if at > SLACK + 2
                && let Ok(last) =
                    <&mut [u128; SLACK + 1]>::try_from(&mut self.front[at - SLACK..=at])
                && !shift_in(last, key)
            {
                return;
            } else if at > SLACK + 2 {
                at -= SLACK;
            }
            while position(self.front[at - 1]) <= new {
                self.front[at] = self.front[at - 1];
                at -= 1;
            }
            self.front[at] = key;
        } else {
            self.insert_later(key);
        }
    }

    /// Removes the earliest event at `limit` or before it.
    #[inline]
    pub(crate) fn pop(&mut self, limit: Time) -> Option<Due> {
        if self.front_len == 0 && !self.refill() {
            return None;
        }
        let key = self.front[self.front_len + SLACK - 1];
        let time = (key >> (SEQ_BITS + 32)) as Time;
        if time > limit {
            return None;
        }
        self.front_len -= 1;
        let seq = (key >> 32) as u64 & ((1 << SEQ_BITS) - 1);
        Some(Due { time, seq, payload: key as u32 })
    }

    /// Whether the front was filled since this was last asked.
    #[inline]
    pub(crate) fn take_refilled(&mut self) -> bool {
        std::mem::take(&mut self.refilled)
    }

    /// Payloads of the next events.
    pub(crate) fn upcoming(&self) -> impl Iterator<Item = u32> {
        self.front[SLACK..SLACK + self.front_len].iter().map(|key| *key as u32)
    }

    #[inline(never)]
    fn insert_later(&mut self, key: u128) {
        let new = position(key);
        if new < self.limit {
            // The front is full: its later half moves on.
            let half = FRONT / 2;
            self.limit = position(self.front[SLACK + half - 1]);
            for at in (0..half).rev() {
                self.place(self.front[SLACK + at]);
            }
            self.front.copy_within(SLACK + half.., SLACK);
            self.front_len = FRONT - half;
            if new < self.limit {
                return self.insert(key);
            }
        }
        self.place(key);
    }

    /// Puts a key that does not belong to the front into its tier.
    fn place(&mut self, key: u128) {
        if position(key) >= self.horizon {
            self.far.push(key);
        } else {
            heap_push(&mut self.heap, key);
            if self.heap.len() > LARGE && self.far.len == 0 {
                self.open_far();
            }
        }
    }

    /// Fills the empty front; `false` when nothing is left.
    #[inline(never)]
    fn refill(&mut self) -> bool {
        if self.heap.is_empty() && !self.pour() {
            self.limit = u64::MAX;
            return false;
        }
        self.refilled = true;
        self.front_len = (FRONT / 2).min(self.heap.len());
        for at in (0..self.front_len).rev() {
            self.front[SLACK + at] = heap_pop(&mut self.heap);
        }
        self.limit = match self.heap.first() {
            Some(&key) => position(key),
            None if self.far.len == 0 => u64::MAX,
            None => self.horizon,
        };
        true
    }

    /// Pours the next bucket that holds something into the empty heap; `false` when there is none.
    fn pour(&mut self) -> bool {
        let poured = self.far.take_bucket(&mut self.heap);
        self.horizon = if self.far.len == 0 { u64::MAX } else { self.far.next_start() };
        poured
    }

    /// Moves the whole heap to the far tier.
    #[inline(never)]
    fn open_far(&mut self) {
        for &key in &self.heap {
            self.far.push_beyond(key);
        }
        self.heap.clear();
        self.far.lay_out();
        self.horizon = self.far.start;
    }
}

/// Keys thrown into buckets of equal width from `start` on. What lies beyond the last bucket is kept in
/// no order until the buckets are used up; then a new window is laid out over it.
#[derive(Debug, Default)]
struct Far {
    /// Keys inside.
    len: usize,
    /// Time at which the first bucket begins.
    start: u64,
    /// The width of a bucket is 2^shift ns.
    shift: u32,
    /// The next bucket to take.
    next: usize,
    /// First block of each bucket; empty until the tier is first used.
    buckets: Vec<u32>,
    /// First block of what lies beyond.
    beyond: u32,
    blocks: Vec<Block>,
    /// First unused block.
    free: u32,
}

/// A few keys of one bucket.
#[derive(Clone, Copy, Debug)]
struct Block {
    keys: [u128; BLOCK],
    next: u32,
    len: u32,
}

impl Far {
    #[inline]
    fn push(&mut self, key: u128) {
        let bucket = (position(key) - self.start) >> self.shift;
        if bucket < BUCKETS as u64 {
            self.len += 1;
            self.buckets[bucket as usize] = self.append(self.buckets[bucket as usize], key);
        } else {
            self.push_beyond(key);
        }
    }

    #[inline]
    fn push_beyond(&mut self, key: u128) {
        self.len += 1;
        self.beyond = self.append(self.beyond, key);
    }

    /// Time at which the next bucket begins.
    const fn next_start(&self) -> u64 {
        self.start.saturating_add((self.next as u64) << self.shift)
    }

    /// Adds a key to a list of blocks and returns its new first block.
    #[inline]
    fn append(&mut self, list: u32, key: u128) -> u32 {
        if let Some(block) = self.blocks.get_mut(list as usize)
            && let Some(place) = block.keys.get_mut(block.len as usize)
        {
            *place = key;
            block.len += 1;
            return list;
        }
        if self.free == NONE {
            self.blocks.push(Block { keys: [0; BLOCK], next: NONE, len: 0 });
            self.free = self.blocks.len() as u32 - 1;
        }
        let id = self.free;
        let block = &mut self.blocks[id as usize];
        self.free = block.next;
        block.keys[0] = key;
        block.len = 1;
        block.next = list;
        id
    }

    /// Moves the next bucket that holds something into `heap`; `false` when there is none.
    fn take_bucket(&mut self, heap: &mut Vec<u128>) -> bool {
        if self.len == 0 {
            return false;
        }
        loop {
            if self.next == BUCKETS {
                self.lay_out();
            }
            let mut list = std::mem::replace(&mut self.buckets[self.next], NONE);
            self.next += 1;
            if list == NONE {
                continue;
            }
            while list != NONE {
                let block = self.release(&mut list);
                for &key in &block.keys[..block.len as usize] {
                    heap_push(heap, key);
                }
            }
            return true;
        }
    }

    /// Takes the first block off a list; its keys no longer count.
    fn release(&mut self, list: &mut u32) -> Block {
        let id = *list;
        let block = self.blocks[id as usize];
        self.blocks[id as usize].next = self.free;
        self.free = id;
        self.len -= block.len as usize;
        *list = block.next;
        block
    }

    /// A new window over the keys beyond, of which there is at least one.
    #[inline(never)]
    fn lay_out(&mut self) {
        self.buckets.resize(BUCKETS, NONE);
        let mut list = self.beyond;
        let (mut first, mut count) = (u64::MAX, 0.0);
        while let Some(block) = self.blocks.get(list as usize) {
            let keys = &block.keys[..block.len as usize];
            first = keys.iter().fold(first, |least, &key| least.min(position(key)));
            count += keys.len() as f64;
            list = block.next;
        }
        // The square of the mean root is little moved by a few timers that are very far.
        let mut roots = 0.0;
        list = self.beyond;
        while let Some(block) = self.blocks.get(list as usize) {
            let keys = &block.keys[..block.len as usize];
            roots += keys.iter().map(|&key| ((position(key) - first) as f64).sqrt()).sum::<f64>();
            list = block.next;
        }
        let typical_ns = (roots / count) * (roots / count);
        // Four times the typical distance, or buckets of about eight keys, whichever is wider.
        let width_ns = typical_ns * (4.0 / BUCKETS as f64).max(8.0 / count);
        self.shift = (width_ns as u64).clamp(1, 1 << 48).next_power_of_two().trailing_zeros();
        self.start = first;
        self.next = 0;
        list = std::mem::replace(&mut self.beyond, NONE);
        while list != NONE {
            let block = self.release(&mut list);
            for &key in &block.keys[..block.len as usize] {
                self.push(key);
            }
        }
    }
}

/// Puts the newest key in its place among the last of the front, whose first entry moves to the place
/// it leaves free. Returns whether all of them are earlier, so that the key must go further.
#[inline]
fn shift_in(last: &mut [u128; SLACK + 1], key: u128) -> bool {
    let new = position(key);
    let mut carried = key;
    let mut is_earlier = true;
    for at in (0..SLACK).rev() {
        let other = last[at];
        is_earlier = position(other) <= new;
        last[at + 1] = if is_earlier { other } else { carried };
        carried = if is_earlier { carried } else { other };
    }
    last[0] = carried;
    is_earlier
}

fn heap_push(keys: &mut Vec<u128>, key: u128) {
    let mut at = keys.len();
    keys.push(key);
    while at > 0 {
        let parent = (at - 1) / 4;
        if keys[parent] <= key {
            break;
        }
        keys[at] = keys[parent];
        at = parent;
    }
    keys[at] = key;
}

/// Removes the least key of a heap that is not empty.
fn heap_pop(keys: &mut Vec<u128>) -> u128 {
    let last = keys.pop().expect("the caller saw a key");
    let Some(&top) = keys.first() else { return last };
    let keys = keys.as_mut_slice();
    let mut at = 0;
    loop {
        let first = 4 * at + 1;
        let (mut least, mut child) = (last, at);
        if let Some(four) = keys.get(first..first + 4) {
            for (i, &key) in four.iter().enumerate() {
                if key < least {
                    (least, child) = (key, first + i);
                }
            }
        } else {
            for (i, &key) in keys.iter().enumerate().skip(first) {
                if key < least {
                    (least, child) = (key, i);
                }
            }
        }
        keys[at] = least;
        if child == at {
            return top;
        }
        at = child;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    /// Pops agree with a sorted list under pushes of very different ranges, with few and with many
    /// pending events, growing and shrinking through all tiers.
    #[test]
    fn events_leave_in_order_of_time_and_entry() {
        for (seed, pending) in [(1, 3), (2, 50), (3, 5_000), (4, 50_000)] {
            let mut stream = Stream::new(seed);
            let mut calendar = Calendar::new();
            let mut sorted = std::collections::BTreeSet::new();
            let mut now = 0;
            for step in 0..200_000_u32 {
                let grows = step / 50_000 != 2;
                let full = sorted.len() >= if grows { pending } else { pending / 8 };
                if sorted.is_empty() || stream.unit() < if full { 0.2 } else { 0.6 } {
                    let reach = 1_u64 << stream.below(46);
                    let time = now + stream.below(reach);
                    let seq = calendar.push(time, step);
                    sorted.insert((time, seq, step));
                } else {
                    let due = calendar.pop(END_OF_TIME).expect("an event is pending");
                    assert_eq!(Some((due.time, due.seq, due.payload)), sorted.pop_first());
                    now = due.time;
                }
                assert_eq!(calendar.len(), sorted.len());
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

    /// One timer at the end of time does not stretch the buckets of the others.
    #[test]
    fn a_timer_at_the_end_of_time_is_the_last_to_leave() {
        let mut calendar = Calendar::new();
        calendar.push(u64::MAX, 7);
        for time in (0..50_000).rev() {
            calendar.push(time * 1_000, 1);
        }
        for time in 0..50_000 {
            assert_eq!(calendar.pop(END_OF_TIME).map(|due| due.time), Some(time * 1_000));
        }
        assert_eq!(calendar.pop(END_OF_TIME).map(|due| due.payload), Some(7));
        assert_eq!(calendar.pop(END_OF_TIME), None);
    }
}
