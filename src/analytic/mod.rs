//! Queueing theory: exact formulas, series and bounds for models small enough to have them.
//!
//! Nothing here simulates and nothing here knows a profile: the functions map a few numbers to a
//! number, [`solve()`] reads the numbers off a program and recognises which of the laws hold
//! for a program as it is. The simulator is tested against them, and neither the engine nor this
//! module uses the other.
//!
//! Where a queue has no steady state (utilization ≥ 1) functions return `None`. What is no law but an
//! approximation says so in its [`solution::Status`], and no test of the simulator rests on it.

mod approximate;
pub mod arrivals;
pub mod birth_death;
pub mod bounds;
mod caches;
pub mod caching;
mod cases;
mod clients;
pub mod closed;
pub mod constant_service;
pub mod erlang;
mod flows;
mod fork_join;
mod holders;
pub mod impatience;
pub mod infinite;
pub mod interruptions;
mod knee;
mod latency;
mod laws;
mod levels;
pub mod limiter;
mod network;
pub mod parallel;
pub mod priority;
mod product_form;
mod reading;
pub mod sharing;
pub mod single_server;
pub mod solution;
mod solve;
pub mod stages;
pub mod supply;
mod waits;

pub use knee::asked;
pub use solution::Solution;
pub use solve::solve;

/// Poisson arrivals and the mean work each brings. Both are finite and not negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Arrival rate λ, 1/s.
    pub arrivals_per_s: f64,
    /// Mean service time S, seconds.
    pub service_s: f64,
}

impl Load {
    /// Offered load a = λ·S, in erlangs.
    pub fn offered(self) -> f64 {
        self.arrivals_per_s * self.service_s
    }

    /// Utilization ρ = a / c of `servers` identical servers; ρ ≥ 1 is overload.
    pub fn utilization(self, servers: u32) -> f64 {
        self.offered() / f64::from(servers)
    }
}

/// Smallest x ≥ 0 with `cdf(x) ≥ quantile`, for a continuous increasing `cdf`, by bisection to a
/// relative width of 10⁻¹². `scale` > 0 is where the search begins.
fn invert(cdf: impl Fn(f64) -> f64, quantile: f64, scale: f64) -> f64 {
    if cdf(0.0) >= quantile {
        return 0.0;
    }
    let mut high = scale;
    while cdf(high) < quantile && high < scale * 1e12 {
        high *= 2.0;
    }
    let mut low = 0.0;
    // Halvings to that width from any scale; a jump at 0 would be halved for ever.
    for _ in 0..1100 {
        if high - low <= 1e-12 * high {
            break;
        }
        let middle = 0.5 * (low + high);
        if cdf(middle) < quantile {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Asserts two numbers alike to a relative error, in the tests of this module.
#[cfg(test)]
#[track_caller]
fn assert_close(measured: f64, expected: f64, relative: f64) {
    let error = (measured - expected).abs();
    assert!(error <= relative * expected.abs().max(1e-300), "{measured} is not {expected}");
}
