//! Allocations per request in steady state, and bytes per request in flight.
//!
//! ```text
//! cargo bench --bench memory
//! ```
//!
//! A counting allocator says how often the engine asks for memory while it runs in a steady state
//! (it must not), and how much it holds with a million requests in flight (at most 256 bytes each).

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(clippy::print_stdout, reason = "results go to standard output")]

mod hand;
mod models;

use std::alloc::System;

use capplan::engine::World;
use capplan::program::Program;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: u64 = 1_000_000;
const INSIDE: u64 = 1_000_000;

fn main() {
    println!("allocations in {REQUESTS} requests, after {REQUESTS} to warm up");
    for model in
        [models::mm1(), models::mm8(), models::web_tier()].iter().chain(&models::variants())
    {
        allocations(model.name, &model.program());
    }
    println!("memory held with {INSIDE} requests in flight");
    for (name, timeout) in [("waiting", ""), ("waiting_with_timeout", ", timeout: 2s")] {
        bytes(name, &models::program(&models::waiting(INSIDE, timeout)));
    }
}

fn allocations(name: &str, program: &Program) {
    let mut world = World::new(program, 1, 0);
    world.run_requests(REQUESTS, f64::INFINITY);
    world.reset();
    let region = Region::new(ALLOCATOR);
    world.run_requests(REQUESTS, f64::INFINITY);
    let change = region.change();
    println!("  {name:<20} {}", change.allocations + change.reallocations);
}

fn bytes(name: &str, program: &Program) {
    let region = Region::new(ALLOCATOR);
    let mut world = World::new(program, 1, 0);
    let empty = held(&region);
    world.run_until(4.0);
    let inside = world.inside();
    let each = (held(&region) - empty) as f64 / inside as f64;
    println!("  {name:<20} {each:.1} bytes each, {inside} in flight");
}

/// Bytes asked for and not given back since the region began.
fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated - change.bytes_deallocated
}
