//! Judgements over measured data: estimates with intervals, and what is said of them. Runs nothing.

pub mod checks;
mod cost;
pub mod estimate;
mod measured;
mod money;

pub use checks::{Check, check};
pub use cost::{CostKind, CostLine, Costs, costs};
pub use estimate::{Estimate, estimate};
pub use money::Money;
