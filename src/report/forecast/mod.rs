//! Forecasts: the document.

mod document;

pub use document::{Breaks, Forecast, ForecastMonth, ForecastPhase, GrowthRow, Moment};
