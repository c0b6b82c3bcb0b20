//! Studies: everything that runs the simulator, once or many times, and compares.

pub mod overload;
pub mod replicate;

pub use overload::Overload;
pub use replicate::{Progress, Run, RunOptions, Steady, Stop, Target, Watch};
