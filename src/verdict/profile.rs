//! Everything that a profile asks to be judged, judged.

use super::evidence::Evidence;
use super::judge::{Ruling, Sense, judge};
use super::kleene::Verdict;
use crate::expr::{Compiled, Names, Purpose, parse};
use crate::profile::{Judgement, Profile, Role};
use crate::program::Catalogue;
use crate::source::Place;

/// One condition of a profile, judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Its name in the profile.
    pub name: String,
    /// Where it stands.
    pub role: Role,
    /// As it is written.
    pub text: String,
    /// Where it is written.
    pub place: Place,
    /// What is said of it.
    pub ruling: Ruling,
}

/// How far an alert went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertState {
    /// No level fires.
    Quiet,
    /// No level is known to fire, but one may.
    Undecided,
    /// The first level fires.
    Warning,
    /// The second level fires.
    Critical,
}

impl AlertState {
    /// The word that reports print.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Undecided => "undecided",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// An alert with the level that tells most.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name in the profile.
    pub name: String,
    /// The worst level that fires.
    pub state: AlertState,
    /// The expression of that level (of a quiet alert: its first).
    pub text: String,
    /// What is said of that expression; it holds when the alert fires.
    pub ruling: Ruling,
}

/// What is said of a profile.
#[derive(Clone, Debug)]
pub struct Verdicts {
    /// Objectives, assertions, claims and gates, in the order of the profile.
    pub conditions: Vec<Judged>,
    /// `cost.total <= cost.budget`, when a budget is stated.
    pub budget: Option<Ruling>,
    /// Alerts.
    pub alerts: Vec<Alert>,
    /// The worst of all that must hold: objectives, assertions, claims and the budget. A gate that is
    /// not open is a state, and what people decide is not counted.
    pub overall: Verdict,
}

/// Judges every condition of a profile.
pub fn judge_profile(profile: &Profile, evidence: &Evidence<'_>) -> Verdicts {
    let groups = [&profile.slo, &profile.asserts, &profile.claims, &profile.gate];
    let judged = |judgement: &Judgement| Judged {
        name: judgement.name.clone(),
        role: judgement.role,
        text: judgement.text.clone(),
        place: judgement.place,
        ruling: judge(&judgement.compiled, sense(judgement.role), evidence),
    };
    let conditions: Vec<Judged> = groups.into_iter().flatten().map(judged).collect();
    let budget = judge_budget(profile, evidence);
    let must = conditions
        .iter()
        .filter(|judged| judged.role != Role::Gate && !judged.ruling.is_manual)
        .map(|judged| judged.ruling.verdict)
        .chain(budget.iter().map(|ruling| ruling.verdict));
    Verdicts {
        overall: must.fold(Verdict::Holds, Verdict::and),
        alerts: alerts(&profile.alerts, evidence),
        budget,
        conditions,
    }
}

/// What is said of `cost.total <= cost.budget`; `None` without a budget.
pub fn judge_budget(profile: &Profile, evidence: &Evidence<'_>) -> Option<Ruling> {
    profile.cost.budget.map(|_| judge(&budget(), Sense::Objective, evidence))
}

/// How a condition is read where it stands.
const fn sense(role: Role) -> Sense {
    match role {
        Role::Objective | Role::Assertion => Sense::Objective,
        Role::Claim | Role::Gate => Sense::Claim,
        Role::Warning | Role::Critical => Sense::Alert,
    }
}

fn budget() -> Compiled {
    let nothing = Catalogue::default();
    let expression = parse("cost.total <= cost.budget").expect("it is an expression");
    Compiled::new(&expression, &Names::of(&nothing), Purpose::Objective)
        .expect("money is known without a catalogue")
}

/// The levels of one alert stand side by side.
fn alerts(levels: &[Judgement], evidence: &Evidence<'_>) -> Vec<Alert> {
    levels
        .chunk_by(|a, b| a.name == b.name)
        .map(|levels| {
            let told = levels.iter().map(|level| {
                let ruling = judge(&level.compiled, Sense::Alert, evidence);
                let state = match (ruling.verdict, level.role) {
                    (Verdict::Fails, _) => AlertState::Quiet,
                    (Verdict::Undecided, _) => AlertState::Undecided,
                    (Verdict::Holds, Role::Critical) => AlertState::Critical,
                    (Verdict::Holds, _) => AlertState::Warning,
                };
                Alert { name: level.name.clone(), state, text: level.text.clone(), ruling }
            });
            let worst =
                told.reduce(|worst, next| if next.state > worst.state { next } else { worst });
            worst.expect("a chunk is not empty")
        })
        .collect()
}
