//! Judgements over measured data: estimates with intervals, and what is said of them. Runs nothing.

pub mod checks;
pub mod estimate;
mod measured;

pub use checks::{Check, check};
pub use estimate::{Estimate, estimate};
