//! Cost of the future-event list: one pop and one push with 10¹ to 10⁶ keys pending.
//!
//! ```text
//! cargo bench --bench calendar
//! ```
//!
//! The *hold* model (Jones 1986, "An empirical comparison of priority-queue and event-set
//! implementations"): take the next event, put it back a random time later. `far` adds timers that
//! never come due while the bench runs, as patience and idle limits do.

#![allow(missing_docs, reason = "a program, not a library")]

mod hand;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use capplan::rng::Stream;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hand::heap::{self, Heap};
use rand_distr::{Distribution as _, Exp1};

trait EventList: Default {
    const NAME: &'static str;
    fn push(&mut self, key: u128);
    fn pop(&mut self) -> Option<u128>;
}

#[derive(Default)]
struct Standard(BinaryHeap<Reverse<u128>>);

impl EventList for Standard {
    const NAME: &'static str = "std_binary_heap";
    fn push(&mut self, key: u128) {
        self.0.push(Reverse(key));
    }
    fn pop(&mut self) -> Option<u128> {
        self.0.pop().map(|Reverse(key)| key)
    }
}

impl EventList for Heap {
    const NAME: &'static str = "heap_of_four";
    fn push(&mut self, key: u128) {
        Heap::push(self, key);
    }
    fn pop(&mut self) -> Option<u128> {
        Heap::pop(self)
    }
}

/// A list at work.
struct Hold<L> {
    list: L,
    random: Stream,
    sequence: u32,
}

impl<L: EventList> Hold<L> {
    fn new(near: u32, far: u32) -> Self {
        let mut hold = Self { list: L::default(), random: Stream::new(1), sequence: 0 };
        for _ in 0..near {
            hold.schedule(0);
        }
        for _ in 0..far {
            hold.sequence += 1;
            let time_ns = u64::MAX / 2 + (hold.random.word() >> 30);
            hold.list.push(heap::key(time_ns, hold.sequence, 0));
        }
        for _ in 0..4 * (near + far) {
            hold.step();
        }
        hold
    }

    fn schedule(&mut self, now: u64) {
        self.sequence = self.sequence.wrapping_add(1);
        let ahead: f64 = Exp1.sample(&mut self.random);
        self.list.push(heap::key(now + (ahead * 1e9) as u64, self.sequence, 0));
    }

    fn step(&mut self) -> u64 {
        let now = self.list.pop().map_or(0, heap::time);
        self.schedule(now);
        now
    }
}

fn hold<L: EventList>(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("hold/{}", L::NAME));
    for near in [10, 100, 10_000, 1_000_000] {
        let mut hold = Hold::<L>::new(near, 0);
        group.bench_function(BenchmarkId::from_parameter(near), |b| {
            b.iter(|| black_box(hold.step()));
        });
    }
    let mut hold = Hold::<L>::new(10, 20_000);
    group.bench_function("10_and_20000_far", |b| b.iter(|| black_box(hold.step())));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500)).sample_size(20);
    targets = hold::<Standard>, hold::<Heap>
}
criterion_main!(benches);
