//! A profile run as long as a case needs.

use capplan::expr::{Names, Need};
use capplan::profile::{Options, Profile};
use capplan::results::Replication;
use capplan::source::{Fault, Input, Severity};
use capplan::study::{self, RunOptions};
use capplan::verdict::check;

use super::judge::Outcome;
use super::measure::{Measured, measured, need, pooled, value};
use super::probe::Probe;
use super::translate::{Kind, Setup};

/// Jobs to run, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    /// Jobs per case, over all replications.
    pub(crate) jobs: f64,
    /// Seed of all draws.
    pub(crate) seed: u64,
}

/// Batches of an ensemble: the sample that its standard errors rest on.
const BATCHES: u32 = 32;
/// Batches where one replication alone has more jobs than a batch may have.
const FEW_BATCHES: u32 = 8;

impl Budget {
    /// Independent replications: enough that their own standard error is known to 7 % at full budget.
    pub(crate) fn replications(&self) -> u32 {
        (self.jobs / 100_000.0).clamp(20.0, 100.0) as u32
    }

    /// Batches of an ensemble, and replications of each.
    pub(crate) fn batches(&self, setup: &Setup, duration_s: f64) -> (u32, u32) {
        let all = self.jobs / (setup.jobs_per_s * duration_s);
        let batches = if all < f64::from(BATCHES) { FEW_BATCHES } else { BATCHES };
        (batches, (all / f64::from(batches)).clamp(1.0, 20_000.0).ceil() as u32)
    }

    /// Measured time of each replication of a steady run, seconds, to three digits.
    pub(crate) fn duration_s(&self, setup: &Setup) -> f64 {
        let exact = self.jobs / setup.jobs_per_s / f64::from(self.replications());
        let unit = 10_f64.powf(exact.log10().floor() - 2.0);
        let rounded = (exact / unit).round() * unit;
        if unit >= 1.0 { rounded.round() } else { (rounded * 1e6).round() * 1e-6 }
    }
}

/// Runs a setup and reads the probes off it, each or why not.
///
/// # Errors
/// The language or the program cannot run it: the first reason; or a run breaks its own identities.
pub(crate) fn run(
    setup: &Setup,
    budget: Budget,
    probes: &[&Probe],
) -> Result<Vec<Result<Measured, String>>, Outcome> {
    let input = Input::Text { name: "case.yaml".to_owned(), text: setup.draft.text() };
    let profile = Profile::load(&input, &Options::default())
        .map_err(|(_, faults)| {
            faults.iter().find(|fault| is_error(fault)).map_or_else(String::new, said)
        })
        .map_err(Outcome::Unsupported)?;
    let (mut program, catalogue) = profile.lower();
    let names = Names::of(&catalogue);
    let needs: Vec<Result<Vec<Need>, String>> = probes
        .iter()
        .map(|probe| probe.metrics.iter().map(|metric| need(metric, &names)).collect())
        .collect();
    needs.iter().flatten().flatten().for_each(|need| need.ask(&mut program));
    let options = |seed, replications, warmup_s, duration_s| RunOptions {
        seed,
        replications: Some(replications),
        max_requests: budget.jobs as u64,
        warmup_s,
        duration_s: Some(duration_s),
        ..RunOptions::default()
    };
    match setup.kind {
        Kind::Steady => {
            let duration_s = budget.duration_s(setup);
            let options = options(budget.seed, budget.replications(), None, duration_s);
            let run = study::run(&program, &options, &());
            sound(&run.replications)?;
            let read = |(probe, needs): (&&Probe, Result<Vec<Need>, String>)| {
                needs.map(|needs| measured(probe, &needs, &run.replications))
            };
            Ok(probes.iter().zip(needs).map(read).collect())
        }
        Kind::Ensemble { warmup_s, duration_s } => {
            let (batches, each) = budget.batches(setup, duration_s);
            let mut values: Vec<Vec<Vec<f64>>> = vec![Vec::new(); probes.len()];
            let mut jobs = 0.0;
            for batch in 0..batches {
                let seed = budget.seed + u64::from(batch);
                let options = options(seed, each, Some(warmup_s), duration_s);
                let run = study::run(&program, &options, &());
                sound(&run.replications)?;
                jobs += run.replications.iter().map(|r| r.balance.arrivals as f64).sum::<f64>();
                for (values, needs) in values.iter_mut().zip(&needs) {
                    let needs = needs.iter().flatten();
                    values.push(needs.map(|need| value(need, &run.replications)).collect());
                }
            }
            let read = |((probe, needs), values): ((&&Probe, Result<_, String>), Vec<Vec<f64>>)| {
                needs.map(|_| pooled(probe, &values, jobs))
            };
            Ok(probes.iter().zip(needs).zip(values).map(read).collect())
        }
    }
}

fn is_error(fault: &Fault) -> bool {
    fault.severity == Severity::Error
}

fn said(fault: &Fault) -> String {
    format!("{}: {}", fault.path, fault.message)
}

/// A run whose own identities are broken measures nothing.
fn sound(replications: &[Replication]) -> Result<(), Outcome> {
    let broken = check(replications).into_iter().find_map(|check| {
        Some(format!("an identity is violated: {}: {}", check.law, check.violation?))
    });
    broken.map_or(Ok(()), |why| Err(Outcome::Fail(why)))
}
