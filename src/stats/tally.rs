//! Count, moments and a log-linear histogram of durations.
//!
//! The histogram's bins are 2⁻⁷ of an octave wide (relative width below 0.8 %); a quantile
//! interpolates inside its bin, which leaves an error below 0.01 % on smooth laws. A quantile that
//! falls on an atom (many equal values) may be off by the bin's width, unless all values are equal.

/// What is asked of a distribution or a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Standard deviation.
    Sd,
    /// Largest value.
    Max,
    /// Smallest value (of levels).
    Min,
    /// Quantile in (0, 1).
    Quantile(f64),
}

/// Observations of a quantity ≥ 0: count, sum, sum of squares, maximum and a histogram.
///
/// Bins exist only for the octaves that were seen. At most 2³² − 1 observations fit into one bin.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Observations.
    pub count: u64,
    /// Of which exactly zero.
    pub zeros: u64,
    /// Σ x.
    pub sum: f64,
    /// Σ x².
    pub sum_squares: f64,
    /// Largest x.
    pub max: f64,
    /// Key of the first bin, at the beginning of an octave.
    first: u32,
    bins: Vec<u32>,
}

const SUB_BITS: u32 = 7;
const OCTAVE: u32 = 1 << SUB_BITS;
/// Smaller values share the first bin of 2⁻⁴⁰ (about 1 ps when the unit is a second).
const LEAST: u32 = (1023 - 40) << SUB_BITS;
/// Larger values share the last bin below 2⁶⁴.
const MOST: u32 = ((1023 + 64) << SUB_BITS) - 1;

/// Key of the bin of a positive number: exponent and leading bits of the mantissa.
#[inline]
const fn key(x: f64) -> u32 {
    (x.to_bits() >> (52 - SUB_BITS)) as u32
}

/// Lower edge of a bin.
const fn edge(key: u32) -> f64 {
    f64::from_bits((key as u64) << (52 - SUB_BITS))
}

impl Tally {
    /// Records one observation; what is not above zero counts as zero.
    #[inline]
    pub fn record(&mut self, x: f64) {
        self.count += 1;
        if x <= 0.0 {
            self.zeros += 1;
            return;
        }
        self.sum += x;
        self.sum_squares += x * x;
        if x > self.max {
            self.max = x;
        }
        let key = key(x);
        match self.bins.get_mut(key.wrapping_sub(self.first) as usize) {
            Some(bin) => *bin += 1,
            None => self.record_outside(key),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_outside(&mut self, key: u32) {
        let key = key.clamp(LEAST, MOST);
        self.cover(key, key);
        self.bins[(key - self.first) as usize] += 1;
    }

    /// Makes bins from `low` to `high`, whole octaves at a time, so that a steady state stops
    /// allocating early.
    fn cover(&mut self, low: u32, high: u32) {
        let (low, end) = (low / OCTAVE * OCTAVE, (high / OCTAVE + 1) * OCTAVE);
        if self.bins.is_empty() {
            self.first = low;
        } else if low < self.first {
            let more = (self.first - low) as usize;
            self.bins.splice(..0, std::iter::repeat_n(0, more));
            self.first = low;
        }
        let length = (end - self.first) as usize;
        if length > self.bins.len() {
            self.bins.resize(length, 0);
        }
    }

    /// Forgets all observations and keeps the memory.
    pub fn reset(&mut self) {
        let (first, mut bins) = (self.first, std::mem::take(&mut self.bins));
        bins.fill(0);
        *self = Self { first, bins, ..Self::default() };
    }

    /// Adds the observations of another tally, bin by bin.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.zeros += other.zeros;
        self.sum += other.sum;
        self.sum_squares += other.sum_squares;
        self.max = self.max.max(other.max);
        if !other.bins.is_empty() {
            self.cover(other.first, other.first + other.bins.len() as u32 - 1);
            let offset = (other.first - self.first) as usize;
            for (mine, theirs) in self.bins[offset..].iter_mut().zip(&other.bins) {
                *mine = mine.saturating_add(*theirs);
            }
        }
    }

    /// Takes away the observations of a tally that was merged into this one (for leave-one-out
    /// estimators). The maximum stays, as an upper bound.
    pub fn subtract(&mut self, other: &Self) {
        self.count = self.count.saturating_sub(other.count);
        self.zeros = self.zeros.saturating_sub(other.zeros);
        self.sum -= other.sum;
        self.sum_squares -= other.sum_squares;
        let offset = other.first.saturating_sub(self.first) as usize;
        for (mine, theirs) in self.bins.iter_mut().skip(offset).zip(&other.bins) {
            *mine = mine.saturating_sub(*theirs);
        }
    }

    /// Arithmetic mean; `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Standard deviation (of the observations as a population); `None` without observations.
    pub fn sd(&self) -> Option<f64> {
        (self.count > 0).then(|| deviation(self.count as f64, self.sum, self.sum_squares))
    }

    /// The value that a share `q` of the observations does not exceed, interpolated inside its bin;
    /// the maximum for `q` = 1. `None` without observations.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let wanted = q.clamp(0.0, 1.0) * self.count as f64;
        let mut below = self.zeros as f64;
        if wanted <= below {
            return Some(0.0);
        }
        if self.is_constant() || wanted >= self.count as f64 {
            return Some(self.max);
        }
        for (i, &n) in self.bins.iter().enumerate() {
            if n > 0 && below + f64::from(n) >= wanted {
                let (low, high) = self.edges(i);
                return Some(low + (high - low) * (wanted - below) / f64::from(n));
            }
            below += f64::from(n);
        }
        Some(self.max)
    }

    /// Number of observations at or below `x`, interpolated inside its bin (so not whole): the
    /// inverse of [`Tally::quantile`].
    pub fn count_to(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 0.0;
        }
        if x >= self.max {
            return self.count as f64;
        }
        let mut below = self.zeros as f64;
        if x <= 0.0 || self.bins.is_empty() || self.is_constant() {
            return below;
        }
        let key = key(x).clamp(LEAST, MOST);
        if key < self.first {
            return below;
        }
        let i = (key - self.first) as usize;
        if i >= self.bins.len() {
            return self.count as f64;
        }
        below += self.bins[..i].iter().map(|&n| f64::from(n)).sum::<f64>();
        let (low, high) = self.edges(i);
        below + f64::from(self.bins[i]) * ((x - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// Share of the observations above `x`; `None` without observations.
    pub fn fraction_above(&self, x: f64) -> Option<f64> {
        (self.count > 0).then(|| 1.0 - self.count_to(x) / self.count as f64)
    }

    /// A statistic of the observations; `None` without any.
    pub fn statistic(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Mean => self.mean(),
            Statistic::Sd => self.sd(),
            Statistic::Max => (self.count > 0).then_some(self.max),
            // The smallest observation is not kept.
            Statistic::Min => None,
            Statistic::Quantile(q) => self.quantile(q),
        }
    }

    /// Edges of a bin; the maximum closes its own bin.
    fn edges(&self, i: usize) -> (f64, f64) {
        let key = self.first + i as u32;
        let (low, high) = (edge(key), edge(key + 1));
        (low, if self.max > low && self.max < high { self.max } else { high })
    }

    /// Whether all observations that are not zero are equal, up to 3·10⁻⁶: then Σx²·n = (Σx)²
    /// (equality in Cauchy and Schwarz).
    fn is_constant(&self) -> bool {
        let n = (self.count - self.zeros) as f64;
        let square = self.sum * self.sum;
        self.sum_squares * n - square <= 1e-11 * square
    }
}

/// Standard deviation from a count and two sums; what is below the sums' own rounding is zero.
pub(super) fn deviation(n: f64, sum: f64, sum_squares: f64) -> f64 {
    let mean = sum / n;
    let variance = sum_squares / n - mean * mean;
    if variance <= 1e-13 * mean * mean { 0.0 } else { variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::rng::{Stream, combine};
    use proptest::prelude::*;

    fn tally(values: impl IntoIterator<Item = f64>) -> Tally {
        let mut tally = Tally::default();
        values.into_iter().for_each(|x| tally.record(x));
        tally
    }

    /// A quantile function.
    type Law = fn(f64) -> f64;

    /// The values at evenly spaced probabilities stand for infinitely many draws of the law.
    #[test]
    fn quantiles_of_smooth_laws_are_right_within_a_thousandth() {
        let n = 200_000;
        let at = |i: u32| (f64::from(i) + 0.5) / f64::from(n);
        let laws: [(&str, Law); 3] = [
            ("exponential", |p| -0.02 * (1.0 - p).ln()),
            ("uniform", |p| 0.3 + 0.4 * p),
            ("pareto", |p| (1.0 - p).powf(-1.0 / 2.5)),
        ];
        for (name, law) in laws {
            let tally = tally((0..n).map(|i| law(at(i))));
            for q in [0.05, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999] {
                let (measured, exact) = (tally.quantile(q).expect("data"), law(q));
                assert!((measured / exact - 1.0).abs() < 1e-3, "{name} {q}: {measured} {exact}");
                let above = tally.fraction_above(exact).expect("data");
                assert!((above - (1.0 - q)).abs() < 1e-3 * (1.0 - q).max(0.01), "{name} {q}");
            }
            assert_eq!(tally.quantile(1.0), Some(law(at(n - 1))));
        }
    }

    /// Standard error of the p99 of n exponentials: √(q/(1−q)/n) means, relative to ln(100) of them.
    #[test]
    fn a_sampled_p99_lies_within_its_sampling_error() {
        let n = 400_000_u32;
        let law = Distribution::Exponential { mean: 3.0 };
        let tally = tally((0..n).map(|i| law.sample(&mut Stream::new(combine(5, u64::from(i))))));
        let error = (99.0 / f64::from(n)).sqrt() / 100_f64.ln();
        let exact = 3.0 * 100_f64.ln();
        assert!((tally.quantile(0.99).expect("data") / exact - 1.0).abs() < 4.0 * error);
        assert!((tally.mean().expect("data") / 3.0 - 1.0).abs() < 4.0 / f64::from(n).sqrt());
        assert!((tally.sd().expect("data") / 3.0 - 1.0).abs() < 4.0 * (2.0 / f64::from(n)).sqrt());
    }

    #[test]
    fn zeros_are_exact() {
        let tally = tally((0..100).map(|i| if i < 60 { 0.0 } else { f64::from(i) }));
        assert_eq!(tally.quantile(0.5), Some(0.0));
        assert_eq!(tally.quantile(0.6), Some(0.0));
        assert!(tally.quantile(0.61).expect("data") > 59.0);
        assert_eq!(tally.fraction_above(0.0), Some(0.4));
        assert_eq!(tally.count_to(-1.0), 0.0);
    }

    #[test]
    fn equal_values_have_exact_quantiles() {
        let mut tally = tally((0..1000).map(|_| 0.005));
        assert_eq!(tally.quantile(0.5), Some(0.005));
        assert_eq!(tally.sd(), Some(0.0));
        assert_eq!(tally.fraction_above(0.0049), Some(1.0));
        assert_eq!(tally.fraction_above(0.005), Some(0.0));
        (0..1000).for_each(|_| tally.record(0.0));
        assert_eq!(tally.quantile(0.9), Some(0.005));
    }

    #[test]
    fn nothing_recorded_is_no_value() {
        let tally = Tally::default();
        assert_eq!(tally.mean(), None);
        assert_eq!(tally.quantile(0.5), None);
        assert_eq!(tally.fraction_above(1.0), None);
        assert_eq!(tally.statistic(Statistic::Max), None);
    }

    #[test]
    fn values_out_of_range_are_counted_at_its_ends() {
        let tally = tally([1e-300, 1e-20, 1e300, f64::INFINITY]);
        assert_eq!(tally.count, 4);
        assert_eq!(tally.quantile(1.0), Some(f64::INFINITY));
        assert!(tally.quantile(0.5).expect("data") < 1e-11);
    }

    #[test]
    fn reset_forgets_and_keeps_its_memory() {
        let mut tally = tally([0.001, 5.0, 0.0]);
        let capacity = tally.bins.capacity();
        tally.reset();
        assert_eq!((tally.count, tally.quantile(0.5)), (0, None));
        tally.record(0.5);
        assert_eq!(tally.quantile(0.5), Some(0.5));
        assert_eq!(tally.bins.capacity(), capacity);
    }

    /// Whole numbers, so that sums are exact and merging may be compared exactly.
    fn some() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(prop_oneof![Just(0), 1..100_u32, 1..1_000_000_u32], 0..40)
    }

    fn facts(tally: &Tally) -> (u64, u64, f64, f64, f64, Vec<Option<f64>>) {
        let quantiles = [0.1, 0.5, 0.9, 0.99, 1.0].map(|q| tally.quantile(q)).to_vec();
        (tally.count, tally.zeros, tally.sum, tally.sum_squares, tally.max, quantiles)
    }

    proptest! {
        #[test]
        fn merging_is_associative_and_equals_recording_everything(
            a in some(), b in some(), c in some()
        ) {
            let of = |values: &[u32]| tally(values.iter().map(|&x| f64::from(x)));
            let (mut left, mut right) = (of(&a), of(&b));
            left.merge(&of(&b));
            left.merge(&of(&c));
            right.merge(&of(&c));
            let mut whole = of(&a);
            whole.merge(&right);
            prop_assert_eq!(facts(&left), facts(&whole));
            prop_assert_eq!(facts(&left), facts(&of(&[a, b, c].concat())));
        }

        #[test]
        fn subtracting_undoes_merging(a in some(), b in some()) {
            let of = |values: &[u32]| tally(values.iter().map(|&x| f64::from(x)));
            let mut both = of(&a);
            both.merge(&of(&b));
            both.subtract(&of(&b));
            let alone = of(&a);
            prop_assert_eq!((both.count, both.zeros, both.sum), (alone.count, alone.zeros, alone.sum));
            if both.max == alone.max {
                prop_assert_eq!(facts(&both), facts(&alone));
            }
        }

        #[test]
        fn count_inverts_quantile(a in some(), q in 0.01..0.99_f64) {
            let all = tally(a.iter().map(|&x| f64::from(x)));
            if let Some(x) = all.quantile(q).filter(|&x| x > 0.0 && x < all.max) {
                prop_assert!((all.count_to(x) - q * all.count as f64).abs() < 1e-6 * all.count as f64);
            }
        }
    }
}
