//! Count, moments and a log-linear histogram of durations.

/// What is asked of a distribution or a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Standard deviation.
    Sd,
    /// Largest value.
    Max,
    /// Quantile in (0, 1).
    Quantile(f64),
}

/// Observations of a quantity ≥ 0: count, sum, sum of squares, maximum and a histogram whose bins
/// are 2⁻⁷ of an octave wide (relative width 0.8 %, quantiles interpolate inside).
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
    bins: Vec<u32>,
}

const SUB_BITS: u32 = 7;
/// The first bin begins at 2⁻⁴⁰ (about 1 ps when the unit is a second).
const FIRST: u64 = ((1023 - 40) as u64) << SUB_BITS;

impl Tally {
    /// Records one observation.
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
        let bin = ((x.to_bits() >> (52 - SUB_BITS)).saturating_sub(FIRST)) as usize;
        if bin >= self.bins.len() {
            self.grow(bin);
        }
        self.bins[bin] += 1;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, bin: usize) {
        // Whole octaves at a time, so that a steady state stops allocating early.
        let octave = 1 << SUB_BITS;
        self.bins.resize((bin / octave + 2) * octave, 0);
    }
}
