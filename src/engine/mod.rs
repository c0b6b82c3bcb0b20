//! Executes a program: discrete events, exact bookkeeping, nothing else.
//!
//! A [`World`] is one replication. It knows no YAML, no money, no threads and no wall clock; its
//! outcome is a function of (program, seed, replication) and of how far it was run.

mod breakdown;
mod breakers;
mod bucket;
mod cache;
mod calendar;
mod census;
mod control;
mod crew;
mod fault;
mod fleet;
mod health;
mod level;
mod observed;
mod policies;
mod polling;
mod processor;
mod record;
mod scaling;
mod sessions;
mod setup;
mod shares;
mod sources;
mod step;
mod task;
#[cfg(test)]
mod tests;
mod timers;
mod tokens;
mod windows;
mod world;

#[cfg(test)]
pub(crate) use fault::{Fault, plant};
pub use windows::Probe;
pub use world::World;
