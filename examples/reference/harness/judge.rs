//! Whether a measured quantity agrees with its reference: unbiased and sharp.

use capplan::stats::student_t;

use super::case::Expect;
use super::measure::Measured;

/// What is said of a quantity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Pass,
    /// Why.
    Fail(String),
    /// A formula's approximation stands here: nothing for a simulator to hit.
    Context,
    /// Why it is not measured.
    Unsupported(String),
    /// The budget is too small for an interval of this quantity.
    TooFew,
}

impl Outcome {
    /// Its word in tables.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail(_) => "FAIL",
            Self::Context => "CONTEXT",
            Self::Unsupported(_) => "UNSUPPORTED",
            Self::TooFew => "TOO FEW",
        }
    }

    /// The reason, when there is one to tell.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Fail(why) | Self::Unsupported(why) => Some(why),
            _ => None,
        }
    }
}

/// Jobs of the standard budget.
pub(crate) const STANDARD_JOBS: f64 = 1e7;
/// Standard errors that an unbiased estimate may be off.
const LIMIT: f64 = 3.5;
/// Probability that a normal variable stays within them.
const WITHIN: f64 = 0.999_534_74;
/// Below it a value is compared in absolute terms.
const SMALL: f64 = 1e-6;
/// Rounding of the arithmetic, as a share of the value.
const ROUNDING: f64 = 1e-9;
/// Runs from which on their standard error is taken as known.
const MANY_RUNS: usize = 100;

/// Distance from the reference in standard errors.
pub(crate) fn z(expect: &Expect, measured: &Measured) -> Option<f64> {
    let (value, error) = (measured.value?, measured.error?);
    (error > 0.0).then(|| (value - expect.value) / error)
}

/// What the rules compare with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Jobs of the budget that was asked for: a case that is run longer is judged as by these.
    pub(crate) jobs: f64,
    /// The mean wait at the same place, where the quantity is a percentile of the wait.
    pub(crate) mean_wait: Option<f64>,
}

impl Rules {
    /// What a tolerance is a share of: the value; of a percentile of the wait that is nearly zero the
    /// mean wait, as one that is exactly zero is compared in absolute terms too. (How far such a
    /// percentile is off hangs on the probability of waiting at all, not on its own size. Where that
    /// probability is just the percentile's, the estimate of a zero is now and then above it.)
    fn scale(&self, v: f64) -> f64 {
        let nearly_zero = |mean: &f64| v.abs() < 0.1 * mean;
        self.mean_wait.filter(nearly_zero).unwrap_or(v.abs())
    }
}

/// Whether the standard error is larger than the reference says a plain simulator's is, by more than
/// 1.3 times: then the case needs more jobs.
///
/// With fewer than a hundred runs the standard error is itself uncertain: the factor grows by three
/// standard errors of a standard deviation.
pub(crate) fn too_wide(expect: &Expect, measured: &Measured, rules: Rules) -> Option<String> {
    let (error, plain) = (measured.error?, expect.rel_se_1e6?);
    let few = measured.runs < MANY_RUNS;
    let freedom = measured.runs.saturating_sub(1).max(1) as f64;
    let allowance = if few { 1.0 + 3.0 / (2.0 * freedom).sqrt() } else { 1.0 };
    let jobs = measured.jobs.min(rules.jobs);
    let most = 1.3 * allowance * plain * (1e6 / jobs).sqrt();
    let error = error / expect.value.abs().max(SMALL);
    let (percent, limit) = (100.0 * error, 100.0 * most);
    (error > most).then(|| format!("standard error {percent:.3}% is more than {limit:.3}%"))
}

/// Judges by the rules of the cases: |x − v| ≤ 3.5 SE + reference error, |x − v| ≤ tolerance +
/// reference error, SE ≤ 1.3 times that of a plain simulator.
///
/// The tolerance is widened by √(10⁷ / jobs) when there are fewer jobs. With fewer than a hundred
/// runs 3.5 becomes the quantile of Student's t with the same probability. A quantity for which
/// reports give no interval is judged at the standard budget only.
pub(crate) fn judge(expect: &Expect, measured: &Measured, rules: Rules) -> Outcome {
    let v = expect.value;
    let Some(value) = measured.value else { return Outcome::Fail("no data".to_owned()) };
    let off = (value - v).abs();
    if v.abs() < SMALL && (off <= SMALL || rules.mean_wait.is_none()) {
        return if off <= SMALL {
            Outcome::Pass
        } else {
            Outcome::Fail(format!("{value:.3e} is not within 1e-6 of {v}"))
        };
    }
    let Some(error) = measured.error else {
        let exact = off <= (expect.ref_rel_error + ROUNDING) * v.abs();
        return if exact { Outcome::Pass } else { Outcome::TooFew };
    };
    if measured.too_few && measured.jobs < 0.5 * STANDARD_JOBS {
        return Outcome::TooFew;
    }
    let few = measured.runs < MANY_RUNS;
    let freedom = measured.runs.saturating_sub(1).max(1);
    let limit = if few { student_t(WITHIN, freedom) } else { LIMIT };
    let reference = (expect.ref_rel_error + ROUNDING) * v.abs();
    if off > limit.mul_add(error, reference) {
        return Outcome::Fail(format!("biased: off by {:.1} standard errors", off / error));
    }
    if let Some(tolerance) = expect.sim_rel_tol {
        let tolerance = tolerance * (STANDARD_JOBS / measured.jobs).sqrt().max(1.0);
        if off > tolerance.mul_add(rules.scale(v), reference) {
            let (off, tolerance) = (100.0 * off / v.abs(), 100.0 * tolerance);
            return Outcome::Fail(format!(
                "not sharp: off by {off:.2}%, more than {tolerance:.2}%"
            ));
        }
    }
    match too_wide(expect, measured, rules) {
        Some(why) => Outcome::Fail(format!("not sharp: {why}")),
        None => Outcome::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(value: f64) -> Expect {
        let text = format!(
            "{{ name: mean_wait, at: q, value: {value}, kind: exact, ref_rel_error: 0.0, \
             sim_rel_tol: 0.01, rel_se_1e6: 0.01 }}"
        );
        serde_yaml::from_str(&text).expect("a quantity")
    }

    fn measured(value: f64, error: f64) -> Measured {
        let (value, error) = (Some(value), Some(error));
        Measured { value, error, interval: None, jobs: 1e7, runs: 100, too_few: false }
    }

    const RULES: Rules = Rules { jobs: 1e7, mean_wait: None };

    fn word(v: f64, value: f64, error: f64) -> &'static str {
        judge(&expect(v), &measured(value, error), RULES).word()
    }

    #[test]
    fn three_and_a_half_standard_errors_are_the_limit() {
        assert_eq!(word(2.0, 2.0069, 0.002), "PASS");
        assert_eq!(word(2.0, 2.0071, 0.002), "FAIL");
        assert_eq!(word(2.0, 1.9929, 0.002), "FAIL");
    }

    #[test]
    fn a_wide_interval_does_not_hide_a_large_error() {
        assert_eq!(word(2.0, 2.03, 0.02), "FAIL");
        assert_eq!(word(2.0, 2.0, 0.02), "FAIL");
    }

    #[test]
    fn nothing_is_compared_with_nothing_in_absolute_terms() {
        assert_eq!(word(0.0, 0.0, 0.0), "PASS");
        assert_eq!(word(0.0, 1e-5, 1.0), "FAIL");
    }

    #[test]
    fn fewer_runs_and_jobs_widen_the_limits() {
        let few = Measured { jobs: 1e5, runs: 20, ..measured(2.1, 0.03) };
        assert_eq!(judge(&expect(2.0), &few, RULES), Outcome::Pass);
        let biased = Measured { jobs: 1e5, runs: 20, ..measured(2.14, 0.03) };
        assert_eq!(judge(&expect(2.0), &biased, RULES).word(), "FAIL");
    }

    #[test]
    fn a_case_that_is_run_longer_is_as_sharp_as_the_budget_asks() {
        let longer = Measured { jobs: 4e7, ..measured(2.0, 0.008) };
        assert_eq!(judge(&expect(2.0), &longer, RULES), Outcome::Pass);
        assert!(too_wide(&expect(2.0), &measured(2.0, 0.02), RULES).is_some());
    }

    #[test]
    fn a_percentile_near_zero_is_compared_with_the_mean_wait() {
        let rules = Rules { mean_wait: Some(2.0), ..RULES };
        let near = |rules| judge(&expect(0.01), &measured(0.015, 0.004), rules).word();
        assert_eq!((near(RULES), word(2.0, 2.03, 0.02)), ("FAIL", "FAIL"));
        let mut plain = expect(0.01);
        plain.rel_se_1e6 = None;
        assert_eq!(judge(&plain, &measured(0.015, 0.004), rules), Outcome::Pass);
        assert_eq!(judge(&plain, &measured(0.015, 0.004), RULES).word(), "FAIL");
    }
}
