//! How a level is spread over time: weights (nanoseconds) per value, in the bins of a [`Tally`].
//!
//! A bin keeps the mean of the values in it, so that what is whole or lies on a few values is exact;
//! elsewhere a quantile is off by at most the bin's width, 0.8 %.
//!
//! [`Tally`]: super::Tally

use std::collections::BTreeMap;

use super::interval::{Interval, ratio, student_t};

/// Bits of the mantissa that tell bins apart.
const SUB_BITS: u32 = 7;

/// One bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bin {
    /// Time spent in it, ns.
    weight: u64,
    /// Σ weight · (value − a value of the bin): small, so that differences stay exact.
    offset: f64,
    /// The first value that was seen.
    value: f64,
}

/// Time spent at each value of a level ≥ 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    bins: BTreeMap<u32, Bin>,
    /// ns.
    weight: u64,
    square: f64,
    sum: f64,
}

fn key(x: f64) -> u32 {
    if x > 0.0 { (x.to_bits() >> (52 - SUB_BITS)) as u32 } else { 0 }
}

impl Spread {
    /// The level was at `x` for `weight` nanoseconds.
    pub fn record(&mut self, x: f64, weight: u64) {
        if weight == 0 {
            return;
        }
        let x = x.max(0.0);
        let bin = self.bins.entry(key(x)).or_insert(Bin { value: x, ..Bin::default() });
        bin.weight += weight;
        bin.offset += weight as f64 * (x - bin.value);
        self.weight += weight;
        self.sum += weight as f64 * x;
        self.square += weight as f64 * x * x;
    }

    /// Nanoseconds in all.
    pub const fn weight(&self) -> u64 {
        self.weight
    }

    /// (weight, Σ weight · x, Σ weight · x²).
    pub const fn moments(&self) -> (f64, f64, f64) {
        (self.weight as f64, self.sum, self.square)
    }

    /// Adds another spread.
    pub fn merge(&mut self, other: &Self) {
        for (key, theirs) in &other.bins {
            let mine =
                self.bins.entry(*key).or_insert(Bin { value: theirs.value, ..Bin::default() });
            mine.weight += theirs.weight;
            mine.offset += theirs.offset + theirs.weight as f64 * (theirs.value - mine.value);
        }
        self.weight += other.weight;
        self.sum += other.sum;
        self.square += other.square;
    }

    /// Takes away an earlier state of this spread.
    pub fn subtract(&mut self, earlier: &Self) {
        for (key, theirs) in &earlier.bins {
            if let Some(mine) = self.bins.get_mut(key) {
                mine.weight = mine.weight.saturating_sub(theirs.weight);
                mine.offset -= theirs.offset;
            }
        }
        self.bins.retain(|_, bin| bin.weight > 0);
        self.weight = self.weight.saturating_sub(earlier.weight);
        self.sum -= earlier.sum;
        self.square -= earlier.square;
    }

    fn values(&self) -> impl DoubleEndedIterator<Item = (f64, u64)> + '_ {
        self.bins.values().map(|bin| (bin.value + bin.offset / bin.weight as f64, bin.weight))
    }

    /// Standard deviation over time; `None` without time.
    pub fn sd(&self) -> Option<f64> {
        (self.weight > 0)
            .then(|| super::tally::deviation(self.weight as f64, self.sum, self.square))
    }

    /// Smallest value; `None` without time.
    pub fn min(&self) -> Option<f64> {
        self.values().next().map(|v| v.0)
    }

    /// Largest value; `None` without time.
    pub fn max(&self) -> Option<f64> {
        self.values().next_back().map(|v| v.0)
    }

    /// The least value at or below which the level was for a share `q` of the time.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let wanted = q.clamp(0.0, 1.0) * self.weight as f64;
        let mut below = 0.0;
        for (value, weight) in self.values() {
            below += weight as f64;
            // A rounding error of the share is no time.
            if below >= wanted * (1.0 - 1e-12) {
                return Some(value);
            }
        }
        self.max()
    }

    /// Nanoseconds at or below the bin of `x`.
    fn time_to(&self, x: f64) -> f64 {
        self.bins.range(..=key(x)).map(|(_, bin)| bin.weight as f64).sum()
    }
}

/// Quantile of a level over independent replications, pooled, with the interval of values whose
/// share of time at or below them cannot be told from `q`. `None` with fewer than two replications.
///
/// Source: Woodruff, *Confidence intervals for medians and other position measures*, J. Am. Statist.
/// Assoc. 47 (1952), with the share's interval by jackknife over replications.
pub fn spread_quantile(spreads: &[&Spread], q: f64, confidence: f64) -> Option<Interval> {
    let used: Vec<&&Spread> = spreads.iter().filter(|s| s.weight > 0).collect();
    if used.len() < 2 {
        return None;
    }
    let mut pooled = Spread::default();
    for spread in &used {
        pooled.merge(spread);
    }
    let value = pooled.quantile(q)?;
    let pairs: Vec<_> = used.iter().map(|s| (s.time_to(value), s.weight as f64)).collect();
    let at = ratio(&pairs, confidence)?;
    let half = 0.5 * (at.high - at.low);
    // Fewer than a few independent visits beyond the quantile make the share's normal theory fail.
    let t = student_t(confidence, used.len() - 1);
    if half > 0.0 && (1.0 - q).min(q) < 0.5 * half / t.max(1.0) {
        return None;
    }
    let low = pooled.quantile((q - half).max(0.0))?;
    let high = if q + half >= 1.0 { return None } else { pooled.quantile(q + half)? };
    Some(Interval { value, low: low.min(value), high: high.max(value) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_values_are_exact_and_parts_add_up() {
        let mut spread = Spread::default();
        for (value, weight) in [(0.0, 40), (1.0, 30), (2.0, 20), (7.0, 10)] {
            spread.record(value, weight);
        }
        assert_eq!(spread.quantile(0.4), Some(0.0));
        assert_eq!(spread.quantile(0.41), Some(1.0));
        assert_eq!(spread.quantile(0.95), Some(7.0));
        assert_eq!((spread.min(), spread.max()), (Some(0.0), Some(7.0)));
        let earlier = spread.clone();
        spread.record(3.0, 50);
        let mut later = spread.clone();
        later.subtract(&earlier);
        assert_eq!((later.min(), later.max(), later.weight()), (Some(3.0), Some(3.0), 50));
        let mut sum = earlier;
        sum.merge(&later);
        assert_eq!(sum.quantile(0.9), spread.quantile(0.9));
        assert_eq!(sum.weight(), 150);
        assert_eq!(Spread::default().quantile(0.5), None);
    }

    #[test]
    fn a_quantile_has_the_interval_of_its_share() {
        // Sixteen replications at 0, 1 or 2 for about a third of the time each.
        let spreads: Vec<Spread> = (0..16_u64)
            .map(|r| {
                let mut spread = Spread::default();
                for value in 0..3 {
                    spread.record(value as f64, 1000 + (r * 7 + value * 3) % 5);
                }
                spread
            })
            .collect();
        let all: Vec<&Spread> = spreads.iter().collect();
        let middle = spread_quantile(&all, 0.5, 0.95).expect("there are enough");
        assert_eq!((middle.low, middle.value, middle.high), (1.0, 1.0, 1.0));
        let edge = spread_quantile(&all, 1.0 / 3.0, 0.95).expect("there are enough");
        assert!(edge.low == 0.0 && edge.high == 1.0, "{edge:?}");
        assert_eq!(spread_quantile(&all[..1], 0.5, 0.95), None);
    }
}
