//! Studies: everything that runs the simulator, once or many times, and compares.

mod advice;
#[cfg(test)]
mod bottleneck_tests;
mod bottlenecks;
pub mod breakpoints;
mod controllers;
mod decision;
pub mod diff;
mod expense;
mod headroom;
mod judged;
mod kills;
pub mod marginal;
mod offered;
pub mod overload;
mod pairs;
mod pilot;
#[cfg(test)]
pub(crate) mod planted;
pub mod replicate;
mod restarts;
mod screen;
mod settled;
#[cfg(test)]
mod tests;
pub mod theory;
mod transient;
mod variants;
mod worlds;

pub use bottlenecks::{Bottleneck, Case, Diagnosis, Effect, Watched, diagnose};
pub use expense::stated_requests;
pub use headroom::{Headroom, More};
pub use judged::{evidence, growing, judge_run, targets};
pub use kills::{Kills, kills};
pub use offered::offered_per_s;
pub use overload::Overload;
pub use pairs::{Pair, pair};
pub use replicate::{Progress, Run, RunOptions, Stop, Target, Watch, run};
pub use settled::Steady;
pub use variants::{with_capacity, with_load};
