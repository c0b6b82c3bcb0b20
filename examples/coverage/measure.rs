//! Runs of one model as `capplan simulate` makes them, and what their intervals hold.

use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Program};
use capplan::source::{self, Input};
use capplan::stats::Statistic;
use capplan::study::{self, Run, RunOptions, Steady, Stop, Target};
use capplan::verdict::{Estimate, estimate};
use rayon::prelude::*;

use super::models::Model;

/// A model ready to run.
pub(crate) struct Prepared {
    program: Program,
    options: RunOptions,
}

/// What one run says.
pub(crate) struct Outcome {
    /// One per quantity.
    pub(crate) estimates: Vec<Estimate>,
    /// Whether the run calls itself a steady state.
    pub(crate) steady: bool,
    pub(crate) requests: u64,
    pub(crate) rounds: u32,
    pub(crate) decided: bool,
}

impl Prepared {
    /// Reads and lowers the profile; every quantity is a target at the default precision.
    pub(crate) fn new(model: &Model, max_requests: Option<u64>) -> anyhow::Result<Self> {
        let (name, text) = (format!("{}.yaml", model.name), model.yaml.to_owned());
        let profile = Profile::load(&Input::Text { name, text }, &Options::default()).map_err(
            |(files, faults)| anyhow::anyhow!("{}", source::render(&files, &faults, false)),
        )?;
        let (program, catalogue) = profile.lower();
        let targets = model
            .quantities()
            .iter()
            .map(|name| target(&catalogue, name))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let default = RunOptions::default();
        let options = RunOptions {
            precision: profile.run.precision,
            max_requests: max_requests.unwrap_or(default.max_requests),
            targets,
            ..default
        };
        Ok(Self { program, options })
    }

    /// One run with this seed.
    pub(crate) fn run(&self, seed: u64) -> Outcome {
        let options = RunOptions { seed, ..self.options.clone() };
        let run = study::run(&self.program, &options, &());
        Outcome {
            estimates: self.estimates(&run),
            steady: run.steady == Steady::Yes,
            requests: run.requests,
            rounds: run.rounds,
            decided: run.stop == Stop::Decided,
        }
    }

    /// Runs with the seeds from `seed` on, in that order; `done` is called after each.
    pub(crate) fn runs(&self, seed: u64, n: u64, done: impl Fn() + Sync) -> Vec<Outcome> {
        (seed..seed + n)
            .into_par_iter()
            .map(|seed| {
                let outcome = self.run(seed);
                done();
                outcome
            })
            .collect()
    }

    /// The values of one very long run.
    pub(crate) fn long(&self, seed: u64, requests: u64) -> Vec<Estimate> {
        let options = RunOptions {
            seed,
            max_requests: requests,
            targets: Vec::new(),
            ..self.options.clone()
        };
        self.estimates(&study::run(&self.program, &options, &()))
    }

    fn estimates(&self, run: &Run) -> Vec<Estimate> {
        let of = |target: &Target| {
            let Target { measure, statistic, quantity, .. } = target;
            estimate(measure, *statistic, *quantity, &run.replications, run.confidence)
        };
        self.options.targets.iter().map(of).collect()
    }
}

/// The target of a name like `api.latency.p95`.
fn target(catalogue: &Catalogue, name: &str) -> anyhow::Result<Target> {
    let found = |name: &str, statistic| {
        catalogue.metric(name).map(|metric| Target {
            measure: metric.measure.clone(),
            statistic,
            during: None,
            quantity: metric.quantity,
            bound: None,
        })
    };
    let (stem, word) = name.rsplit_once('.').unwrap_or((name, ""));
    let statistic = match word {
        "mean" => Some(Statistic::Mean),
        "p50" => Some(Statistic::Quantile(0.5)),
        "p95" => Some(Statistic::Quantile(0.95)),
        "p99" => Some(Statistic::Quantile(0.99)),
        _ => None,
    };
    let target = if statistic.is_some() { found(stem, statistic) } else { found(name, None) };
    target.ok_or_else(|| anyhow::anyhow!("no metric {name}"))
}
