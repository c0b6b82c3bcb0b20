//! What really differs between two results, and what only looks so.
//!
//! Two results of one profile with the same seed do not differ at all. Runs that share their random
//! numbers are compared replication by replication (paired t); results that were read from files by
//! combining their intervals. Many figures are compared at once, so the level is that of all
//! together (Holm). Nothing here runs anything.

mod compare;
mod condition;
mod contrast;

pub use compare::{
    Bracket, CHANCE, Comparison, MetricChange, ObjectiveChange, PartChange, compare,
};
pub use condition::{FailOn, Outcome};

use crate::source::Place;
use crate::verdict::{Estimate, NO_STEADY_STATE, Verdict};

/// What is known of one profile, or of one end of one phase.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The worst of what must hold; `None` when it is not known.
    pub verdict: Option<Verdict>,
    /// Names of its traffic.
    pub traffic: Vec<String>,
    /// Everything measured, and money as `cost.total`, `cost.db`, ….
    pub metrics: Vec<Fact>,
    /// What must hold.
    pub objectives: Vec<Stated>,
    /// The resource whose capacity helps most.
    pub bottleneck: Option<String>,
    /// Load that it bears, as factors: holds up to the first, breaks at the second.
    pub headroom: Option<(f64, Option<f64>)>,
    /// `steady`, `growing`, …
    pub state: String,
    /// What is offered more than it serves, so that its queue grows: resource, and rates per second.
    pub overloads: Vec<(String, f64, f64)>,
    /// Independent replications that the intervals rest on.
    pub replications: u32,
    /// Level of the intervals.
    pub confidence: f64,
}

/// A figure and its name.
#[derive(Clone, Debug)]
pub struct Fact {
    /// As an expression names it: `api.latency.p95`.
    pub name: String,
    /// Its value with its interval.
    pub estimate: Estimate,
    /// Its value in each replication, in order, where a run is at hand; NaN where one has none.
    pub samples: Vec<f64>,
}

/// A condition and what is said of it.
#[derive(Clone, Debug)]
pub struct Stated {
    /// Name in the profile.
    pub name: String,
    /// `slo`, `claim`, `gate`, `assert`, `budget`, `promise`.
    pub kind: String,
    /// As it was written.
    pub expression: String,
    /// What is said of it.
    pub verdict: Verdict,
    /// File, line and column; `None` for one of the command line.
    pub place: Option<(String, Place)>,
}

impl Fact {
    /// Whether it has no value because a queue grows without bound.
    pub fn grows(&self) -> bool {
        self.estimate.value.is_none() && self.estimate.note == Some(NO_STEADY_STATE)
    }
}

impl Facts {
    /// The fact of this name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.metrics.iter().find(|fact| fact.name == name)
    }
}

/// Two results that belong together: a profile, or one end of a phase.
#[derive(Clone, Debug)]
pub struct Part {
    /// The phase; `None` for a single profile.
    pub phase: Option<String>,
    /// `low` or `high` where its users are a range.
    pub end: Option<&'static str>,
    /// What was known; `None` when it is new.
    pub before: Option<Facts>,
    /// What is known; `None` when it is gone.
    pub after: Option<Facts>,
}
