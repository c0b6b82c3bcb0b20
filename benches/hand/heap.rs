//! An implicit 4-ary heap of 128-bit keys: (time, order of entry, what happens), least first.

/// A min-heap of packed keys.
#[derive(Default)]
pub(crate) struct Heap {
    keys: Vec<u128>,
}

/// A key of 64 bits of time, 32 of sequence and 32 of payload.
#[inline]
pub(crate) fn key(time: u64, sequence: u32, payload: u32) -> u128 {
    u128::from(time) << 64 | u128::from(sequence) << 32 | u128::from(payload)
}

/// Time of a key.
#[inline]
pub(crate) fn time(key: u128) -> u64 {
    (key >> 64) as u64
}

/// Payload of a key.
#[inline]
pub(crate) fn payload(key: u128) -> u32 {
    key as u32
}

impl Heap {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { keys: Vec::with_capacity(capacity) }
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The least key.
    #[inline]
    pub(crate) fn top(&self) -> Option<u128> {
        self.keys.first().copied()
    }

    #[inline]
    pub(crate) fn push(&mut self, key: u128) {
        let mut at = self.keys.len();
        self.keys.push(key);
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.keys[parent] <= key {
                break;
            }
            self.keys[at] = self.keys[parent];
            at = parent;
        }
        self.keys[at] = key;
    }

    /// Removes the least key.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<u128> {
        let last = self.keys.pop()?;
        match self.keys.first() {
            None => Some(last),
            Some(&least) => {
                self.sink(last);
                Some(least)
            }
        }
    }

    /// Replaces the least key by another: one pass instead of a pop and a push.
    #[inline]
    pub(crate) fn replace_top(&mut self, key: u128) {
        self.sink(key);
    }

    #[inline]
    fn sink(&mut self, key: u128) {
        let keys = self.keys.as_mut_slice();
        let mut at = 0;
        loop {
            let first = 4 * at + 1;
            let mut least = key;
            let mut child = at;
            if let Some(four) = keys.get(first..first + 4) {
                for (i, &k) in four.iter().enumerate() {
                    if k < least {
                        least = k;
                        child = first + i;
                    }
                }
            } else {
                for (i, &k) in keys.iter().enumerate().skip(first) {
                    if k < least {
                        least = k;
                        child = i;
                    }
                }
            }
            keys[at] = least;
            if child == at {
                return;
            }
            at = child;
        }
    }
}
