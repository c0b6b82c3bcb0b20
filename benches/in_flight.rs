//! Cost of one request with 10² to 10⁶ requests in flight, each with a pending timer of its own.
//!
//! ```text
//! cargo bench --bench in_flight
//! ```
//!
//! M/G/∞: requests that only wait, for a uniform time of mean 1 s, at as many per second as shall be in
//! flight. `with_timeout` gives each a patience of 2 s besides, which never ends first.

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(clippy::disallowed_methods, reason = "benches measure wall time")]

mod hand;
mod models;

use std::time::{Duration, Instant};

use capplan::engine::World;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn in_flight(criterion: &mut Criterion) {
    for (name, timeout) in [("in_flight", ""), ("in_flight_with_timeout", ", timeout: 2s")] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        for inside in [100_u64, 10_000, 1_000_000] {
            let program = models::program(&models::waiting(inside, timeout));
            let mut world = World::new(&program, 1, 0);
            world.run_until(4.0);
            world.reset();
            group.bench_function(BenchmarkId::from_parameter(inside), |bencher| {
                bencher.iter_custom(|requests| {
                    let began = Instant::now();
                    world.run_requests(requests, f64::INFINITY);
                    began.elapsed()
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20);
    targets = in_flight
}
criterion_main!(benches);
