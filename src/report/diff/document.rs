//! What a comparison says, as plain data.
//!
//! The order of the fields is the order of the keys in the JSON document. As in [`Report`], keys are
//! added, never renamed or removed, unless the schema version goes up.
//!
//! [`Report`]: crate::report::Report

use serde::{Serialize, Serializer};

use crate::report::{Figure, Location};
use crate::verdict::Verdict;

/// Two results compared.
#[derive(Clone, Debug, Serialize)]
pub struct Diff {
    /// Version of this document's keys.
    pub schema_version: u32,
    /// Version of capplan that wrote it.
    pub capplan: String,
    /// `diff`: tells this document from others.
    pub document: &'static str,
    /// What was before.
    pub base: Side,
    /// What is now.
    pub head: Side,
    /// How they were compared.
    pub run: DiffRun,
    /// Whether anything changed beyond chance.
    pub is_changed: bool,
    /// One sentence.
    pub headline: String,
    /// `fails` when a condition of `--fail-on` is true, `undecided` when one may be.
    #[serde(serialize_with = "crate::report::json::word")]
    pub verdict: Verdict,
    /// What each condition of `--fail-on` is in each part.
    pub fail_on: Vec<FailedOn>,
    /// One entry per profile, or per end of a phase.
    pub parts: Vec<PartRow>,
    /// Leaves of the profile that differ; empty for results that were read from files.
    pub inputs: Vec<InputRow>,
    /// What holds for the whole comparison.
    pub notes: Vec<String>,
}

/// One side.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Its title.
    pub name: String,
    /// As it was named on the command line.
    pub file: String,
    /// The commit that a revision stands for.
    pub commit: Option<String>,
}

/// How two sides were compared.
#[derive(Clone, Debug, Serialize)]
pub struct DiffRun {
    /// `identical`, `paired` or `intervals`.
    pub method: &'static str,
    /// The same in a sentence.
    pub says: String,
    /// Probability that a comparison of equal sides shows any change.
    pub chance: f64,
    /// Figures that were compared.
    pub compared: usize,
    /// Seed of both sides; `None` for results that were read.
    pub seed: Option<u64>,
    /// Requests that were simulated for this comparison.
    pub requests: u64,
    /// The command that prints the same bytes.
    pub repeat: String,
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Not beyond chance.
    Same,
    /// It is different.
    Changed,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl Sign {
    /// `~ + -`, or `=`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Changed => "~",
            Self::Added => "+",
            Self::Removed => "-",
        }
    }
}

impl Serialize for Sign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

/// A condition of `--fail-on` in one part.
#[derive(Clone, Debug, Serialize)]
pub struct FailedOn {
    /// As it was written.
    pub expression: String,
    /// The phase; `None` for a single profile.
    pub phase: Option<String>,
    /// `low` or `high` where its users are a range.
    pub end: Option<&'static str>,
    /// `true`, `false` or `undecided`.
    pub is_true: &'static str,
    /// The figures that decide it.
    pub reason: String,
    /// Where the objective that newly fails is written.
    pub place: Option<Location>,
}

/// A profile, or one end of a phase, on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct PartRow {
    /// The phase; `None` for a single profile.
    pub phase: Option<String>,
    /// `low` or `high` where its users are a range.
    pub end: Option<&'static str>,
    /// `~ + -`, or `=` when nothing changed beyond chance.
    pub sign: Sign,
    /// The worst of what must hold, before: `holds`, `undecided`, `fails`.
    pub before: Option<&'static str>,
    /// And now.
    pub after: Option<&'static str>,
    /// Conditions.
    pub objectives: Vec<ObjectiveRow>,
    /// Figures that were compared.
    pub metrics: Vec<MetricRow>,
    /// The first bottleneck, where it changed.
    pub bottleneck: Option<Moved>,
    /// The headroom, where it changed.
    pub headroom: Option<MovedBracket>,
    /// The state of the run, where it changed.
    pub state: Option<Moved>,
    /// What grows without bound now: what waits there has no latency.
    pub overloads: Vec<String>,
}

impl PartRow {
    /// `grow@low`; `low end` of a profile whose users are a range; empty for any other profile.
    pub fn title(&self) -> String {
        title(self.phase.as_deref(), self.end)
    }
}

/// What a phase, one end of it, or one end of a profile is called.
pub(super) fn title(phase: Option<&str>, end: Option<&str>) -> String {
    match (phase, end) {
        (Some(phase), Some(end)) => format!("{phase}@{end}"),
        (Some(phase), None) => phase.to_owned(),
        (None, Some(end)) => format!("{end} end"),
        (None, None) => String::new(),
    }
}

/// A condition on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectiveRow {
    /// Name in the profile.
    pub name: String,
    /// `slo`, `claim`, `gate`, `assert`, `budget`, `promise`.
    pub kind: String,
    /// As it is written now (as it was, when it is gone).
    pub expression: String,
    /// As it was written, where that differs.
    pub expression_before: Option<String>,
    /// What was said of it.
    pub before: Option<&'static str>,
    /// What is said of it.
    pub after: Option<&'static str>,
    /// How it changed.
    pub sign: Sign,
    /// Whether it fails, and did not before.
    pub newly_fails: bool,
    /// Where it is written.
    pub place: Option<Location>,
}

/// A figure on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct MetricRow {
    /// Its name.
    pub name: String,
    /// Before.
    pub before: Option<Figure>,
    /// Now.
    pub after: Option<Figure>,
    /// The difference, with its interval at 99 %.
    pub change: Option<Figure>,
    /// The difference as a share of the value before (0.1: 10 % more).
    pub share: Option<f64>,
    /// How it changed.
    pub sign: Sign,
}

/// A word that changed.
#[derive(Clone, Debug, Serialize)]
pub struct Moved {
    #[expect(missing_docs, reason = "as its name says")]
    pub before: Option<String>,
    #[expect(missing_docs, reason = "as its name says")]
    pub after: Option<String>,
}

/// A headroom that changed: factors on the load of the part.
#[derive(Clone, Debug, Serialize)]
pub struct MovedBracket {
    /// Held up to.
    pub before_holds: Option<f64>,
    /// Broke at.
    pub before_breaks: Option<f64>,
    /// Holds up to.
    pub after_holds: Option<f64>,
    /// Breaks at.
    pub after_breaks: Option<f64>,
}

/// A leaf of the profile that differs.
#[derive(Clone, Debug, Serialize)]
pub struct InputRow {
    /// The phase; `None` where it is the same in all, or there is but one profile.
    pub phase: Option<String>,
    /// Its path in the merged profile.
    pub path: String,
    /// How it changed.
    pub sign: Sign,
    /// What stood there.
    pub before: Option<String>,
    /// What stands there.
    pub after: Option<String>,
    /// Where it stands now.
    pub place: Option<Location>,
}
