//! Quantities with their units, and money: text to numbers in base units and back to nothing.

mod money;

pub use money::{Per, Price};

/// Hours of a month.
pub const MONTH_H: u32 = 730;
