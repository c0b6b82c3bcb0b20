//! Judgements over measured data: estimates with intervals, and what is said of them. Runs nothing.

pub mod checks;
mod cost;
pub mod estimate;
mod evidence;
mod exercise;
mod judge;
mod kleene;
mod lasting;
mod measured;
mod money;
mod profile;
mod promise;
#[cfg(test)]
mod tests;

pub use checks::{Check, check};
pub use cost::{CostKind, CostLine, Costs, costs};
pub use estimate::{Estimate, estimate, estimate_during};
pub use evidence::{Evidence, Growth, NO_STEADY_STATE};
pub use judge::{Finding, Ruling, Sense, judge};
pub(crate) use judge::{brief, brief_s};
pub use kleene::Verdict;
pub(crate) use kleene::{Span, compare, within};
pub use money::Money;
pub use profile::{Alert, AlertState, Judged, Verdicts, judge_budget, judge_profile};
pub use promise::{Fit, Lies, Sum, sums};
