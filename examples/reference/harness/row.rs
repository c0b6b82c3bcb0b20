//! A case run and judged: one row per quantity.

use super::case::{Case, Expect};
use super::judge::{Outcome, Rules, judge, too_wide, z};
use super::measure::Measured;
use super::probe::Probe;
use super::run::{Budget, run};
use super::translate::{Form, probe, translate};

/// A quantity of a case, and what the simulator says.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) expect: Expect,
    pub(crate) measured: Measured,
    pub(crate) z: Option<f64>,
    pub(crate) outcome: Outcome,
}

impl Row {
    /// A quantity that is not measured.
    pub(crate) fn unsupported(expect: Expect, why: &str) -> Self {
        let outcome = if expect.is_context() {
            Outcome::Context
        } else {
            Outcome::Unsupported(why.to_owned())
        };
        Self { expect, measured: Measured::default(), z: None, outcome }
    }

    /// `mean_wait @ q (c1)` in a column.
    pub(crate) fn quantity(&self) -> String {
        let class = self.expect.job_class.as_ref().map(|class| format!("/{class}"));
        format!("{}@{}{}", self.expect.name, self.expect.at, class.unwrap_or_default())
    }
}

/// Runs a case and judges each of its quantities; also the budget that this took.
pub(crate) fn check(case: &Case, budget: Budget) -> (Vec<Row>, Budget) {
    let form = match translate(case) {
        Ok(form) => form,
        Err(why) => {
            let rows = case.expect.iter().map(|e| Row::unsupported(e.clone(), &why));
            return (rows.collect(), budget);
        }
    };
    let probes: Vec<Result<Probe, String>> = case
        .expect
        .iter()
        .map(|expect| {
            if expect.is_context() {
                Err("an approximation".to_owned())
            } else {
                probe(&form, expect)
            }
        })
        .collect();
    let rules = |expect: &Expect| Rules { jobs: budget.jobs, mean_wait: mean_wait(case, expect) };
    let mut longer = budget;
    loop {
        let measured = measure(&form, &probes, longer);
        let wide = |(expect, found): (&Expect, &Result<Measured, Outcome>)| {
            found.as_ref().is_ok_and(|found| too_wide(expect, found, rules(expect)).is_some())
        };
        let is_wide = case.expect.iter().zip(&measured).any(wide);
        if is_wide && longer.jobs < MOST_LONGER * budget.jobs {
            longer.jobs *= 4.0;
            continue;
        }
        let row = |(expect, found): (&Expect, Result<Measured, Outcome>)| match found {
            Err(Outcome::Unsupported(why)) => Row::unsupported(expect.clone(), &why),
            Err(outcome) => Row { outcome, ..Row::unsupported(expect.clone(), "") },
            Ok(measured) => Row {
                z: z(expect, &measured),
                outcome: judge(expect, &measured, rules(expect)),
                expect: expect.clone(),
                measured,
            },
        };
        return (case.expect.iter().zip(measured).map(row).collect(), longer);
    }
}

/// A case whose standard error is wider than its reference says is run up to so many times as long,
/// four times as long at a step.
const MOST_LONGER: f64 = 16.0;

/// The reference's mean wait beside a percentile of the wait.
fn mean_wait(case: &Case, of: &Expect) -> Option<f64> {
    let same = |e: &&Expect| e.name == "mean_wait" && e.at == of.at && e.job_class == of.job_class;
    let mean = case.expect.iter().find(same).map(|e| e.value);
    mean.filter(|_| of.name.starts_with("wait_p"))
}

/// The values of probes, each by its own run, or what is said instead.
fn measure(
    form: &Form,
    probes: &[Result<Probe, String>],
    budget: Budget,
) -> Vec<Result<Measured, Outcome>> {
    let why = |probe: &Result<Probe, String>| probe.as_ref().err().cloned().unwrap_or_default();
    let mut all: Vec<Result<Measured, Outcome>> =
        probes.iter().map(|probe| Err(Outcome::Unsupported(why(probe)))).collect();
    for (i, setup) in form.runs.iter().enumerate() {
        let asked: Vec<(usize, &Probe)> = probes
            .iter()
            .enumerate()
            .filter_map(|(j, probe)| Some((j, probe.as_ref().ok()?)))
            .filter(|(_, probe)| probe.run == i)
            .collect();
        if asked.is_empty() {
            continue;
        }
        let of: Vec<&Probe> = asked.iter().map(|asked| asked.1).collect();
        match run(setup, budget, &of) {
            Ok(found) => {
                for ((j, _), found) in asked.iter().zip(found) {
                    all[*j] = found.map_err(Outcome::Unsupported);
                }
            }
            Err(outcome) => asked.iter().for_each(|(j, _)| all[*j] = Err(outcome.clone())),
        }
    }
    all
}
