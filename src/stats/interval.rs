//! Confidence intervals over independent replications.
//!
//! The replications are the sample: whatever correlation there is inside one of them, they are
//! independent of each other. A ratio of sums gets a jackknife interval; shares and rates of rare
//! events get score intervals with an effective sample size, so that "never seen" is not "never".

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// A point estimate and a confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Point estimate.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    fn around(value: f64, half: f64) -> Self {
        Self { value, low: value - half, high: value + half }
    }

    /// The interval with its ends kept inside [low, high] (what the quantity can be at all).
    #[must_use]
    pub const fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high), ..self }
    }
}

/// Two-sided quantile of Student's t: P(|T| ≤ t) = `confidence`, with `freedom` ≥ 1 degrees.
pub fn student_t(confidence: f64, freedom: usize) -> f64 {
    let p = 0.5 + 0.5 * confidence.clamp(0.0, 1.0 - 1e-12);
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::INFINITY, |t| t.inverse_cdf(p))
}

/// Quantile of the standard normal distribution, `p` in (0, 1).
pub(super) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Student's t interval for the mean of independent values; `None` with fewer than two.
pub fn mean(values: &[f64], confidence: f64) -> Option<Interval> {
    let n = values.len() as f64;
    if values.len() < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    let half = student_t(confidence, values.len() - 1) * (squares / (n - 1.0) / n).sqrt();
    Some(Interval::around(mean, half))
}

/// Jackknife interval around `whole`, an estimate from all replications, from the estimates that
/// leave out one replication each; `None` with fewer than two.
///
/// ```text
/// se² = (R−1)/R · Σ (θ₍ᵣ₎ − mean θ₍·₎)²        t with R − 1 degrees of freedom
/// ```
///
/// Source: Miller, *The jackknife: a review*, Biometrika 61 (1974). The point estimate is not
/// corrected for bias, so that it stays a ratio of the printed sums.
pub fn jackknife(whole: f64, without: &[f64], confidence: f64) -> Option<Interval> {
    let n = without.len() as f64;
    if without.len() < 2 {
        return None;
    }
    let mean = without.iter().sum::<f64>() / n;
    let squares: f64 = without.iter().map(|x| (x - mean) * (x - mean)).sum();
    let half = student_t(confidence, without.len() - 1) * ((n - 1.0) / n * squares).sqrt();
    Some(Interval::around(whole, half))
}

/// Part of the skewness of the replications by which the longer side of an interval is longer. In queues
/// long waits come together: means and shares are skewed, and a sample that misses the rare long queue
/// has a small spread too, so symmetric intervals lie too low far more often than too high (5 % against
/// 2 % in M/M/1 at 0.95, 8 % against 1 % for the p99 at 0.97). Transformations that correct for skewness
/// (Johnson 1978; Hall 1992) balance the sides but cover no more with sixteen values. The sample's skewness is
/// mostly noise (standard deviation 0.5 with sixteen values) where there is none, so a larger part costs
/// too: over twelve systems (600 runs each, seeds from 50 000 on) symmetric intervals cover 91.1 to 96.5 %,
/// with 0.2 of the skewness 93.7 to 96.5 %, with 0.3 of it 94.2 to 97.2 %; to count only what exceeds its noise
/// was no better.
const SKEW: f64 = 0.2;

/// An interval of half-width `half`, longer on the side to which the replications are skewed.
/// `deviations` are theirs from the estimate.
///
/// ```text
/// γ = (Σ d³ / R) / (Σ d² / R)^{3/2}        above: half · (1 + 0.2·max(γ, 0))     below: with −γ
/// ```
pub(super) fn sides(half: f64, deviations: &[f64]) -> (f64, f64) {
    let n = deviations.len().max(1) as f64;
    let centre = deviations.iter().sum::<f64>() / n;
    let power = |k: i32| deviations.iter().map(|d| (d - centre).powi(k)).sum::<f64>() / n;
    let (squares, cubes) = (power(2), power(3));
    let skewness = if squares > 0.0 { cubes / squares.powf(1.5) } else { 0.0 };
    let longer = |skewness: f64| half * SKEW.mul_add(skewness.max(0.0), 1.0);
    (longer(-skewness), longer(skewness))
}

/// Σ `above` / Σ `below` over replications, each a pair (above, below), by jackknife, longer to the side
/// of the skewness. Replications with nothing below do not count. `None` with fewer than two that do.
pub fn ratio(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let used: Vec<_> = pairs.iter().filter(|pair| pair.1 > 0.0).collect();
    let above: f64 = used.iter().map(|pair| pair.0).sum();
    let below: f64 = used.iter().map(|pair| pair.1).sum();
    let without: Vec<f64> = used.iter().map(|p| (above - p.0) / (below - p.1)).collect();
    let whole = above / below;
    let interval = jackknife(whole, &without, confidence)?;
    let deviations: Vec<f64> = used.iter().map(|pair| pair.0 - whole * pair.1).collect();
    let (lower, upper) = sides(interval.high - whole, &deviations);
    Some(Interval { value: whole, low: whole - lower, high: whole + upper })
}

/// Standard deviation of values that each replication knows as (weight, Σ x, Σ x²) with their weight
/// (a number, or time for a level), pooled, by jackknife. `None` with fewer than two replications
/// of weight.
pub fn deviation(moments: &[(f64, f64, f64)], confidence: f64) -> Option<Interval> {
    let used: Vec<_> = moments.iter().filter(|m| m.0 > 0.0).collect();
    let sums = used.iter().fold((0.0, 0.0, 0.0), |s, m| (s.0 + m.0, s.1 + m.1, s.2 + m.2));
    let without: Vec<f64> = used
        .iter()
        .map(|m| super::tally::deviation(sums.0 - m.0, sums.1 - m.1, sums.2 - m.2))
        .collect();
    jackknife(super::tally::deviation(sums.0, sums.1, sums.2), &without, confidence)
}

/// With this many independent events the replications' own spread is known well enough. With fewer of them
/// it may by chance be far too small, and then the spread of independent events is the least that is
/// believed: without that the interval of a p99 with ten independent observations beyond covers 91 % where
/// they come in clusters of 1.5 (20 000 trials). Where events are independent indeed, and many, it would be
/// wrong to believe the replications only when they spread more: such intervals cover 97.8 %.
const ENOUGH: f64 = 50.0;

/// Half-width of an interval in units of the standard error of as many independent events: Student's t
/// times the root of the design effect, not less than the normal quantile where `events` are few.
///
/// ```text
/// half = max(t·√deff, z·min(1, 50/events))
/// ```
///
/// `effect` is the variance over `used` replications against that of independent events.
pub(super) fn widening(effect: f64, events: f64, confidence: f64, used: usize) -> f64 {
    let independent = normal_quantile(0.5 + 0.5 * confidence) * (ENOUGH / events).min(1.0);
    (student_t(confidence, used - 1) * effect.sqrt()).max(independent)
}

/// Share of `events` among `trials`, each replication a pair (events, trials) with events ≤ trials.
///
/// Wilson's score interval with the effective sample size n / deff, where the design effect deff is
/// the variance over replications against the binomial one, and Student's t in the normal quantile's place;
/// with fewer than fifty independent events deff is not believed to be below 1. With no event in n trials it
/// ends near t²/n, not at zero.
///
/// Source: Wilson, J. Am. Statist. Assoc. 22 (1927); effective size after Korn and Graubard, *Survey
/// Methodology* 24 (1998), compared by Franco et al., *J. Survey Statist. Methodol.* 7 (2019).
pub fn share(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let (p, n, spread, used) = clustered(pairs)?;
    let p = p.clamp(0.0, 1.0);
    let binomial = n * p * (1.0 - p);
    let effect = if binomial > 0.0 { spread / binomial } else { 1.0 };
    let events = n * p.min(1.0 - p) / effect.max(1.0);
    let t2 = widening(effect, events, confidence, used).powi(2);
    let centre = (p + t2 / (2.0 * n)) / (1.0 + t2 / n);
    let half = (t2 / n * (p * (1.0 - p) + t2 / (4.0 * n))).sqrt() / (1.0 + t2 / n);
    let interval = Interval { value: p, low: centre - half, high: centre + half }.within(0.0, 1.0);
    // Exact at the ends: rounding must not exclude what was seen.
    Some(Interval { low: interval.low.min(p), high: interval.high.max(p), ..interval })
}

/// Events per unit of exposure (time, or replications), each replication a pair (events, exposure).
///
/// Score interval of a Poisson count with the dispersion of the replications, the variance over them
/// against the count itself; with fewer than fifty independent events that is not believed to be below 1. With
/// no event in exposure T it ends at t²/T, not at zero.
///
/// Source: Rao's score interval, as in Barker, *A comparison of nine confidence intervals for a
/// Poisson parameter*, Am. Statist. 56 (2002); dispersion as quasi-Poisson (`McCullagh` and Nelder
/// 1989, section 6.2).
pub fn event_rate(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    let (rate, exposure, spread, used) = clustered(pairs)?;
    let count = rate * exposure;
    let effect = if count > 0.0 { spread / count } else { 1.0 };
    let t2 = widening(effect, count / effect.max(1.0), confidence, used).powi(2);
    let (centre, half) = (count + 0.5 * t2, (t2 * (count + 0.25 * t2)).sqrt());
    Some(Interval {
        value: rate,
        low: ((centre - half) / exposure).max(0.0),
        high: (centre + half) / exposure,
    })
}

/// Ratio of sums, sum below, variance of the sum above about the ratio (linearised, between
/// replications), and replications used; `None` with fewer than two.
pub(super) fn clustered(pairs: &[(f64, f64)]) -> Option<(f64, f64, f64, usize)> {
    let used: Vec<_> = pairs.iter().filter(|pair| pair.1 > 0.0).collect();
    if used.len() < 2 {
        return None;
    }
    let above: f64 = used.iter().map(|pair| pair.0).sum();
    let below: f64 = used.iter().map(|pair| pair.1).sum();
    let ratio = above / below;
    let squares: f64 = used.iter().map(|p| (p.0 - ratio * p.1).powi(2)).sum();
    let n = used.len() as f64;
    Some((ratio, below, squares * n / (n - 1.0), used.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::rng::{Stream, combine};

    /// Share of `trials` in which `covers` holds, which must lie within four standard errors of the
    /// nominal level, or above it by less than `generous`.
    fn assert_coverage(
        name: &str,
        level: f64,
        generous: f64,
        trials: u32,
        covers: impl Fn(u32) -> bool,
    ) {
        let hits = (0..trials).filter(|&i| covers(i)).count();
        let share = hits as f64 / f64::from(trials);
        let error = 4.0 * (level * (1.0 - level) / f64::from(trials)).sqrt();
        assert!(share > level - error && share < level + error + generous, "{name}: {share}");
    }

    fn exponential(key: u64) -> f64 {
        Distribution::Exponential { mean: 1.0 }.sample(&mut Stream::new(key))
    }

    #[test]
    fn student_t_has_its_tabulated_quantiles() {
        for (freedom, t) in [(1, 12.706), (3, 3.182), (15, 2.131), (120, 1.980)] {
            assert!((student_t(0.95, freedom) - t).abs() < 1e-3, "{freedom}");
        }
    }

    /// Means of AR(1) series with correlation 0.9 inside each replication.
    #[test]
    fn the_t_interval_covers_means_of_correlated_series() {
        assert_coverage("AR(1)", 0.95, 0.0, 2000, |trial| {
            let means: Vec<f64> = (0..16)
                .map(|r| {
                    let mut stream = Stream::new(combine(u64::from(trial), r));
                    let (mut x, mut sum) = (0.0, 0.0);
                    for i in 0..600 {
                        let e: f64 = (0..4).map(|_| stream.unit() - 0.5).sum();
                        x = 0.9 * x + e;
                        sum += if i >= 100 { x } else { 0.0 };
                    }
                    sum / 500.0
                })
                .collect();
            let interval = mean(&means, 0.95).expect("16 values");
            interval.low <= 0.0 && 0.0 <= interval.high
        });
    }

    /// Geometric numbers of exponentials per replication: numerator and denominator correlated.
    #[test]
    fn the_jackknife_covers_a_ratio_of_random_sums() {
        assert_coverage("ratio", 0.95, 0.0, 2000, |trial| {
            let pairs: Vec<(f64, f64)> = (0..16)
                .map(|r| {
                    let key = combine(combine(7, u64::from(trial)), r);
                    let n = 20 + Stream::new(key).below(60);
                    ((0..n).map(|i| exponential(combine(key, i))).sum(), n as f64)
                })
                .collect();
            let interval = ratio(&pairs, 0.95).expect("16 pairs");
            interval.low <= 1.0 && 1.0 <= interval.high
        });
    }

    #[test]
    fn a_share_is_covered_from_rare_to_frequent() {
        for (p, n, generous) in [(0.002, 300, 0.05), (0.05, 100, 0.02), (0.5, 50, 0.0)] {
            assert_coverage("share", 0.95, generous, 2000, |trial| {
                let pairs: Vec<(f64, f64)> = (0..16)
                    .map(|r| {
                        let mut stream = Stream::new(combine(combine(3, u64::from(trial)), r));
                        let k = (0..n).filter(|_| stream.unit() < p).count();
                        (k as f64, f64::from(n))
                    })
                    .collect();
                let interval = share(&pairs, 0.95).expect("16 pairs");
                interval.low <= p && p <= interval.high
            });
        }
    }

    /// Each replication has a probability of its own (a beta-like mix): binomial intervals would
    /// cover about half of the time.
    #[test]
    fn a_share_of_clustered_events_is_covered() {
        assert_coverage("clustered", 0.95, 0.02, 2000, |trial| {
            let pairs: Vec<(f64, f64)> = (0..16)
                .map(|r| {
                    let mut stream = Stream::new(combine(combine(4, u64::from(trial)), r));
                    let own = 0.1 + 0.2 * (stream.unit() - 0.5);
                    let k = (0..400).filter(|_| stream.unit() < own).count();
                    (k as f64, 400.0)
                })
                .collect();
            let interval = share(&pairs, 0.95).expect("16 pairs");
            interval.low <= 0.1 && 0.1 <= interval.high
        });
    }

    /// About 0.6, 5 and 240 events in all; the many are not covered more than they say.
    #[test]
    fn a_rate_of_events_is_covered_from_rare_to_frequent() {
        for (rate, generous) in [(0.04, 0.05), (0.3, 0.05), (15.0, 0.0)] {
            assert_coverage("rate", 0.95, generous, 2000, |trial| {
                let pairs: Vec<(f64, f64)> = (0..16)
                    .map(|r| {
                        let key = combine(combine(5, u64::from(trial)), r);
                        let (mut at, mut k) = (0.0, 0);
                        loop {
                            at += exponential(combine(key, k)) / rate;
                            if at > 1.0 {
                                break (k as f64, 1.0);
                            }
                            k += 1;
                        }
                    })
                    .collect();
                let interval = event_rate(&pairs, 0.95).expect("16 pairs");
                interval.low <= rate && rate <= interval.high
            });
        }
    }

    #[test]
    fn no_event_is_not_certainty() {
        let none = [(0.0, 1000.0); 16];
        let share = share(&none, 0.95).expect("16 pairs");
        assert_eq!((share.value, share.low), (0.0, 0.0));
        assert!(share.high > 2e-4 && share.high < 4e-4, "{share:?}");
        let all = super::share(&[(1000.0, 1000.0); 16], 0.95).expect("16 pairs");
        assert_eq!((all.value, all.high), (1.0, 1.0));
        assert!(all.low < 1.0 - 2e-4);
        let rate = event_rate(&none, 0.95).expect("16 pairs");
        assert_eq!((rate.value, rate.low), (0.0, 0.0));
        assert!(rate.high > 2e-4);
    }

    #[test]
    fn one_replication_has_no_interval() {
        assert_eq!(mean(&[1.0], 0.95), None);
        assert_eq!(ratio(&[(1.0, 2.0), (0.0, 0.0)], 0.95), None);
        assert_eq!(share(&[(1.0, 2.0)], 0.95), None);
    }
}
