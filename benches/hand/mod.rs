//! Hand-written simulators of three models: what a person would write who needs that one model fast.
//!
//! They are the yardstick of the engine, so they are good: integer nanoseconds, one word of state per
//! event, a 4-ary heap of packed keys, sequential wyrand with ziggurat tables, no allocation per
//! event. They keep a histogram of latency and nothing else: no utilization, no queue lengths, no
//! failures by kind, no check that requests balance.

// Each bench that includes this module uses some of it.
#![allow(
    dead_code,
    unused_imports,
    reason = "shared by several benches, each of which uses a part"
)]

pub(crate) mod heap;
mod queues;
mod web_tier;

pub(crate) use queues::{mm1, mmc};
pub(crate) use web_tier::WebTier;

use capplan::rng::Stream;
use rand_distr::{Distribution as _, Exp1, StandardNormal};

/// Nanoseconds of simulated time in a second.
const NS_PER_S: f64 = 1e9;

/// Random times drawn one after another from one generator.
struct Draws(Stream);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(Stream::new(capplan::rng::mix(seed)))
    }

    /// Exponential of this mean, whole nanoseconds.
    #[inline]
    fn exponential(&mut self, mean_ns: f64) -> u64 {
        let e: f64 = Exp1.sample(&mut self.0);
        (e * mean_ns) as u64
    }

    /// exp(normal(mu, sigma)) whole nanoseconds.
    #[inline]
    fn lognormal(&mut self, mu: f64, sigma: f64) -> u64 {
        let z: f64 = StandardNormal.sample(&mut self.0);
        (mu + sigma * z).exp() as u64
    }

    /// True with this probability.
    #[inline]
    fn chance(&mut self, p: f64) -> bool {
        self.0.unit() < p
    }
}
