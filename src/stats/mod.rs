//! Estimators: tallies, quantiles, warm-up, intervals. Has never heard of a queue.

mod contrast;
mod interval;
mod looks;
mod quantile;
mod spread;
mod tally;
mod warmup;

pub use contrast::{Contrast, holm};
pub use interval::{Interval, deviation, event_rate, jackknife, mean, ratio, share, student_t};
pub use looks::level_per_look;
pub use quantile::pooled_quantile;
pub use spread::{Spread, spread_quantile};
pub use tally::{Statistic, Tally};
pub use warmup::mser5;
