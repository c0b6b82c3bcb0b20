//! Studies: everything that runs the simulator, once or many times, and compares.

mod offered;
pub mod overload;
mod pilot;
pub mod replicate;
#[cfg(test)]
mod tests;
mod transient;
mod worlds;

pub use offered::offered_per_s;
pub use overload::Overload;
pub use replicate::{Progress, Run, RunOptions, Steady, Stop, Target, Watch, run};
