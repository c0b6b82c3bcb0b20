//! A case to the profiles that express it, and each of its quantities to what is read off a run.
//!
//! Which form of profile is written follows from the fields of the model; where the structure stands
//! only in words (of `routing`, `description` or `model_class`), from these words.

mod balance;
mod caches;
mod fork;
mod layered;
mod limiter;
mod line;
mod network;
mod quantities;
mod series;
mod sources;
mod station;
#[cfg(test)]
mod tests;

use super::case::{Case, Expect, Routing};
use super::probe::Probe;
use super::profile::Draft;

/// How a profile is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// In its steady state.
    Steady,
    /// From the start, many times; values are of instants of the clock.
    Ensemble {
        /// Let pass before the measured time, seconds.
        warmup_s: f64,
        /// Measured time, seconds.
        duration_s: f64,
    },
}

/// A profile to run.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// What it is for, where a case has several.
    pub(crate) what: &'static str,
    /// The profile.
    pub(crate) draft: Draft,
    /// Jobs per second, at most.
    pub(crate) jobs_per_s: f64,
    /// How it is run.
    pub(crate) kind: Kind,
}

/// Where the metrics of a part of the case are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// Distribution of the sojourn.
    response: Option<String>,
    /// Prefix of `wait`, `utilization`, `busy`, `waited.share`, `queue.length`, `refused`.
    resource: Option<String>,
    /// Number waiting and in service.
    inside: Option<String>,
    /// Jobs that come, per second.
    calls: Option<String>,
    /// Prefix of `failed`.
    failed: Option<String>,
    /// The whole route of a job is this place: its classes are the classes of requests.
    alone: bool,
}

/// A class of jobs and its names in the profile.
#[derive(Clone, Debug)]
pub(crate) struct Class {
    /// Its name in the case; `None` where there is one class.
    name: Option<String>,
    traffic: String,
    endpoint: String,
}

/// A case expressed as profiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    /// The profiles; the first is the main one.
    pub(crate) runs: Vec<Setup>,
    places: Vec<(String, Place)>,
    classes: Vec<Class>,
    /// Quantities of this structure alone.
    special: Vec<(String, Probe)>,
}

/// The profiles of a case.
///
/// # Errors
/// Why the language cannot say it: the reason, with the field's name.
pub(crate) fn translate(case: &Case) -> Result<Form, String> {
    let model = &case.model;
    if case.schema != 1 {
        return Err(format!("schema: {} is not known here", case.schema));
    }
    let structure = structure(case);
    let is = |parts: &[&str]| parts.iter().any(|part| structure.contains(part));
    let blocks = format!("{} {}", case.title, model.description).to_lowercase();
    let has = |of: fn(&super::case::Station) -> bool| model.stations.iter().any(of);
    let mut form = if model.limiter.is_some() {
        limiter::form(model)
    } else if model.cache.is_some() {
        caches::form(model)
    } else if !model.phases.is_empty() {
        layered::phases(model)
    } else if has(|s| s.service.as_ref().is_some_and(|s| s.text().is_some())) {
        layered::tiers(model)
    } else if let Some(Routing::Matrix(rows)) = &model.routing {
        network::form(model, rows)
    } else if is(&["fork"]) {
        fork::form(model, &structure)
    } else if is(&[
        "round robin",
        "fewest",
        "fewer jobs",
        "shortest",
        "power of",
        "jsq",
        "at random",
        "random splitting",
        "uniformly",
    ]) {
        balance::form(model, &structure)
    } else if is(&["blocking"]) || blocks.contains("blocking") || blocks.contains("blocked") {
        line::form(model, &format!("{structure} | {blocks}"))
    } else {
        series::form(model)
    }?;
    for setup in &mut form.runs {
        setup.draft.name.clone_from(&case.id);
    }
    Ok(form)
}

/// What is said about where jobs go, in lower case.
fn structure(case: &Case) -> String {
    let routing = match &case.model.routing {
        Some(Routing::Words(words)) => words.as_str(),
        _ => "",
    };
    format!("{} | {routing}", case.model_class).to_lowercase()
}

/// What is read off a run for a quantity of the case.
///
/// # Errors
/// Why nothing measures it.
pub(crate) fn probe(form: &Form, expect: &Expect) -> Result<Probe, String> {
    quantities::probe(form, expect)
}
