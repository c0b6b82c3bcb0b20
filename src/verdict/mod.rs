//! Judgements over measured data: estimates with intervals, and what is said of them. Runs nothing.

pub mod estimate;

pub use estimate::{Estimate, estimate};
