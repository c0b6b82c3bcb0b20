//! Quantities: text with a unit to a number in the base unit, and money.
//!
//! Base units are the second, the byte, the pure number and the dollar. Nothing here knows YAML, names
//! of populations or places in files.

mod dimension;
mod money;
mod quantity;

pub use dimension::Dimension;
pub(crate) use dimension::{Scale, duration, is_unit, meant, size, volume};
pub use money::{Per, Price, Tariff};
pub use quantity::{Problem, ProblemKind, Quantity};

/// Hours of a month.
pub const MONTH_H: u32 = 730;

/// Seconds of a month.
pub const MONTH_S: f64 = MONTH_H as f64 * 3600.0;
