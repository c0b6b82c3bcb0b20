//! How long a run goes on: until what its profile's conditions need is known.

use crate::profile::Profile;
use crate::program::{Catalogue, Quantity};
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

fn p95(catalogue: &Catalogue, name: &str) -> Option<Target> {
    let measure = catalogue.metric(name)?.measure.clone();
    let statistic = Some(Statistic::Quantile(0.95));
    Some(Target { measure, statistic, quantity: Quantity::Duration, bound: None })
}
