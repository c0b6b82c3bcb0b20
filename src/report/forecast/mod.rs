//! Forecasts: the document, how it is assembled, and what each format takes from it.

mod assemble;
mod document;
mod formats;

pub use assemble::{Course, PhaseCourse, rows};
pub use document::{Breaks, Forecast, ForecastMonth, ForecastPhase, GrowthRow, Moment};
