//! Intervals for quantiles pooled over replications. Quantiles are never averaged.
//!
//! The share of observations up to the pooled quantile is a ratio of sums over replications, whose
//! error is well understood; the interval of that share is read back through the pooled distribution
//! (Woodruff, *Confidence intervals for medians and other position measures*, J. Am. Statist. Assoc.
//! 47, 1952; for clusters: Francisco and Fuller, Ann. Statist. 19, 1991). It is not symmetric, as
//! tails are not, and needs no density; leaving out one replication at a time, or the spread of the
//! replications' own quantiles (sectioning), covered less often in heavy tails where few
//! observations lie beyond the quantile: 89 % instead of 93 % with fifteen independent ones beyond the
//! p99 of M/M/1.
//!
//! What is beyond comes in clusters (long queues), so the share beyond is skewed: the interval is longer
//! to that side (as those of means), and stretched by 1/b for the b independent observations beyond, by
//! which the error of its coverage falls (Hall, *The Bootstrap and Edgeworth Expansion*, 1992, ch. 2).

use super::Tally;
use super::interval::{Interval, clustered, sides, widening};

/// The half-width is stretched by 1 + this over the number of independent observations beyond: with it
/// the p95 and p99 of M/M/1 are covered in 94.7 to 96.4 % of the intervals with 7 to 300 of them (2500
/// trials each).
const STRETCH: f64 = 1.0;
/// Fewest independent observations that must be expected beyond a quantile: with five, the largest
/// observation lies above the true quantile in 99.3 % of all runs, and closes an interval that has no
/// other end. Any stricter rule keeps the runs that underestimate their spread.
const LEAST_BEYOND: f64 = 5.0;

/// The quantile `q` in (0, 1) of the tallies taken together, with its interval.
///
/// ```text
/// se² = q·(1−q) / n        b = n·min(q, 1−q) / max(deff, 1)        half = t·√deff·se·(1 + 1/b)
/// ```
///
/// The design effect deff is the variance over replications against that of as many independent
/// observations; b is the number of independent observations expected beyond. Where that is small,
/// the half-width is at least that of independent observations.
///
/// `None` when fewer than two tallies hold anything, or when b is below five. Where the interval of the
/// share reaches beyond all observations, the largest of them is the upper end.
pub fn pooled_quantile(tallies: &[&Tally], q: f64, confidence: f64) -> Option<Interval> {
    let mut pooled = Tally::default();
    for tally in tallies {
        pooled.merge(tally);
    }
    let value = pooled.quantile(q)?;
    let pairs: Vec<(f64, f64)> =
        tallies.iter().map(|tally| (tally.count_to(value), tally.count as f64)).collect();
    let (_, n, spread, used) = clustered(&pairs)?;
    let effect = spread / (n * q * (1.0 - q));
    let beyond = n / effect.max(1.0) * q.min(1.0 - q);
    if beyond < LEAST_BEYOND {
        return None;
    }
    let stretch = 1.0 + STRETCH / beyond;
    let wide = widening(effect, beyond, confidence, used);
    let half = stretch * wide * (q * (1.0 - q) / n).sqrt();
    // Where the shares up to the quantile are skewed down, the true one may lie further up.
    let deviations: Vec<f64> = pairs.iter().map(|pair| q * pair.1 - pair.0).collect();
    let (lower, upper) = sides(half, &deviations);
    let low = pooled.quantile((q - lower).max(0.0))?;
    let high = pooled.quantile((q + upper).min(1.0))?;
    Some(Interval { value, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::rng::{Stream, combine};

    fn exponential(stream: &mut Stream) -> f64 {
        Distribution::Exponential { mean: 1.0 }.sample(stream)
    }

    /// Response times of M/M/1 with unit service (ρ = 0: the services alone), begun in steady state.
    fn responses(key: u64, rho: f64, n: u32) -> Tally {
        let (mut stream, mut tally) = (Stream::new(key), Tally::default());
        let mut wait =
            if stream.unit() < rho { exponential(&mut stream) / (1.0 - rho) } else { 0.0 };
        for _ in 0..n {
            let service = exponential(&mut stream);
            tally.record(wait + service);
            let gap = if rho > 0.0 { exponential(&mut stream) / rho } else { f64::INFINITY };
            wait = (wait + service - gap).max(0.0);
        }
        tally
    }

    /// Share of 95 % intervals that are given, and share of all that are given and wrong, for the
    /// quantile q of the response time: exponential of mean 1/(1−ρ).
    fn given_and_wrong(rho: f64, n: u32, q: f64, trials: u64) -> (f64, f64) {
        let exact = -(1.0 - q).ln() / (1.0 - rho);
        let (mut given, mut wrong) = (0.0, 0.0);
        for trial in 0..trials {
            let tallies: Vec<Tally> =
                (0..16).map(|r| responses(combine(combine(11, trial), r), rho, n)).collect();
            if let Some(i) = pooled_quantile(&tallies.iter().collect::<Vec<_>>(), q, 0.95) {
                given += 1.0;
                wrong += if i.low <= exact && exact <= i.high { 0.0 } else { 1.0 };
            }
        }
        (given / trials as f64, wrong / trials as f64)
    }

    /// Independent observations: the nominal 5 % within four standard errors, no less either.
    #[test]
    fn intervals_cover_quantiles_of_exponentials() {
        for q in [0.5, 0.95, 0.99] {
            let (given, wrong) = given_and_wrong(0.0, 1000, q, 2000);
            assert!(given > 0.999 && (wrong - 0.05).abs() < 0.0195, "{q}: {given} {wrong}");
        }
    }

    #[test]
    fn intervals_cover_quantiles_of_a_queue() {
        for q in [0.5, 0.95] {
            let (given, wrong) = given_and_wrong(0.8, 6000, q, 400);
            assert!(given > 0.99 && wrong < 0.05 + 0.044, "{q}: {given} {wrong}");
        }
    }

    /// 88 000 responses at ρ = 0.8: about fifteen independent ones beyond the p99, one and a half beyond
    /// the p999. Where an interval is given, it is right: at most 5 % and four standard errors miss.
    #[test]
    fn few_independent_exceedances_stretch_the_interval_until_there_is_none() {
        let (given, wrong) = given_and_wrong(0.8, 5500, 0.99, 400);
        assert!(given > 0.8 && wrong < (0.05 + 0.044) * given, "{given} {wrong}");
        let (given, _) = given_and_wrong(0.8, 5500, 0.999, 50);
        assert!(given < 0.1, "{given}");
    }

    #[test]
    fn a_quantile_among_the_zeros_is_certain() {
        let mut tally = Tally::default();
        (0..900).for_each(|_| tally.record(0.0));
        (0..100).for_each(|i| tally.record(1.0 + f64::from(i)));
        let interval = pooled_quantile(&[&tally, &tally.clone()], 0.5, 0.95).expect("data");
        assert_eq!((interval.value, interval.low, interval.high), (0.0, 0.0, 0.0));
    }
}
