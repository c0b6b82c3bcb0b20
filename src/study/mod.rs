//! Studies: everything that runs the simulator, once or many times, and compares.

mod offered;
pub mod overload;
mod pilot;
pub mod replicate;
mod settled;
#[cfg(test)]
mod tests;
mod transient;
mod worlds;

pub use offered::offered_per_s;
pub use overload::Overload;
pub use replicate::{Progress, Run, RunOptions, Stop, Target, Watch, run};
pub use settled::Steady;
