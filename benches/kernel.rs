//! Cost of one request: the engine, driven by a profile, beside a hand-written loop of the same model.
//!
//! ```text
//! cargo bench --bench kernel
//! ```
//!
//! (a) M/M/1 at 0.8, (b) M/M/8 at 0.9, (c) the web tier, then variants of (c). An iteration is one
//! request from its arrival to its end. The engine keeps all its statistics and checks, and has every
//! timeout and cancellation that the profile asks for; the loops keep a histogram of latency. On a
//! shared machine prefer `cargo bench --bench ratio`, which compares neighbours in time.

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(clippy::disallowed_methods, reason = "benches measure wall time")]

mod hand;
mod models;

use std::hint::black_box;
use std::time::{Duration, Instant};

use capplan::engine::World;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use models::Model;

fn compare(criterion: &mut Criterion, model: &Model) {
    let mut group = criterion.benchmark_group(model.name);
    group.throughput(Throughput::Elements(1));
    group.bench_function("hand", |bencher| {
        bencher.iter_custom(|requests| {
            let began = Instant::now();
            black_box(model.by_hand(requests, 1));
            began.elapsed()
        });
    });
    let program = model.program();
    let mut world = World::new(&program, 1, 0);
    world.run_requests(100_000, f64::INFINITY);
    world.reset();
    group.bench_function("engine", |bencher| {
        bencher.iter_custom(|requests| {
            let began = Instant::now();
            world.run_requests(requests, f64::INFINITY);
            began.elapsed()
        });
    });
    group.finish();
}

fn kernel(criterion: &mut Criterion) {
    for model in
        [models::mm1(), models::mm8(), models::web_tier()].iter().chain(&models::variants())
    {
        compare(criterion, model);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20);
    targets = kernel
}
criterion_main!(benches);
