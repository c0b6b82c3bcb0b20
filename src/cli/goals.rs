//! How long a run goes on: until what its profile's conditions need is known.

use super::options::Running;
use crate::profile::Profile;
use crate::program::{Catalogue, Program, Quantity};
use crate::source::{Fault, FaultKind, Faults, Files, Place};
use crate::stats::Statistic;
use crate::study::{self, RunOptions, Target};

/// Until everything that must hold is decided; without conditions, until the p95 of every traffic is
/// known. At most so many requests.
pub(super) fn options(
    profile: &Profile,
    catalogue: &Catalogue,
    max_requests: Option<u64>,
) -> RunOptions {
    let mut targets = study::targets(profile);
    if targets.is_empty() {
        let latencies = catalogue.traffic.iter().map(|name| format!("{name}.latency"));
        targets = latencies.filter_map(|name| p95(catalogue, &name)).collect();
    }
    let run = &profile.run;
    let default = RunOptions::default();
    RunOptions {
        seed: run.seed,
        replications: run.replications,
        max_requests: max_requests.unwrap_or(default.max_requests),
        precision: run.precision,
        warmup_s: run.warmup_s,
        duration_s: run.duration_s,
        targets,
    }
}

/// Most requests of a run of stated length, unless more are allowed by `--max-requests`: some minutes
/// on a few cores.
const MOST_REQUESTS: u64 = 1_000_000_000;

/// Refuses a stated length (a duration, a warm-up, a load that changes with the clock) that would take
/// for ever: it binds before the budget of requests does.
///
/// # Errors
/// The fault, with what would fit.
pub(super) fn affordable(
    profile: &Profile,
    program: &Program,
    options: &RunOptions,
    running: &Running,
) -> Result<(), (Files, Faults)> {
    let requests = study::stated_requests(program, options);
    let allowed = running.max_requests.unwrap_or(MOST_REQUESTS).max(MOST_REQUESTS);
    if requests <= allowed as f64 {
        return Ok(());
    }
    let message = format!(
        "a run of the stated length would take about {requests:.0e} requests, more than {allowed:.0e}"
    );
    let remedy = "state a shorter duration or warmup (auto finds them), fewer replications, or allow it \
                  by --max-requests";
    let mut faults = Faults::new();
    faults.push(
        Fault::error(FaultKind::Range, Place::default(), "run.duration", message).hint(remedy),
    );
    Err((profile.files.clone(), faults))
}

fn p95(catalogue: &Catalogue, name: &str) -> Option<Target> {
    let measure = catalogue.metric(name)?.measure.clone();
    let statistic = Some(Statistic::Quantile(0.95));
    Some(Target { measure, statistic, during: None, quantity: Quantity::Duration, bound: None })
}
