//! Estimators: tallies, quantiles, warm-up, intervals. Has never heard of a queue.

mod tally;

pub use tally::{Statistic, Tally};
