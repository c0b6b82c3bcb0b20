//! Whether two estimates differ, and whether several differences do at once.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::interval::student_t;

/// A difference with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// The difference.
    pub difference: f64,
    /// Its standard error; 0 when both sides are exact.
    pub error: f64,
    /// Degrees of freedom of that error, at least 1; infinite when both sides are exact.
    pub freedom: f64,
}

impl Contrast {
    /// From pairs (before, after) that share their random numbers: the standard error of the mean of
    /// their differences (paired t; Law, *Simulation Modeling and Analysis*, section 10.2.1). `None`
    /// with fewer than two pairs. The difference is that mean, which for a quantile need not be the
    /// difference of the pooled quantiles to the last digit.
    pub fn paired(pairs: &[(f64, f64)]) -> Option<Self> {
        let n = pairs.len() as f64;
        if pairs.len() < 2 {
            return None;
        }
        let mean = pairs.iter().map(|(before, after)| after - before).sum::<f64>() / n;
        let squares: f64 = pairs.iter().map(|(b, a)| (a - b - mean) * (a - b - mean)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        Some(Self { difference: mean, error, freedom: n - 1.0 })
    }

    /// From two independent estimates, each (value, standard error, degrees of freedom): errors add
    /// in squares, degrees of freedom after Welch and Satterthwaite (1946).
    pub fn independent(before: (f64, f64, f64), after: (f64, f64, f64)) -> Self {
        let (b, a) = (before.1 * before.1, after.1 * after.1);
        let sum = b + a;
        let freedom = sum * sum / (b * b / before.2.max(1.0) + a * a / after.2.max(1.0));
        let freedom = if sum > 0.0 { freedom.max(1.0) } else { f64::INFINITY };
        Self { difference: after.0 - before.0, error: sum.sqrt(), freedom }
    }

    /// Probability of a difference at least this large when there is none. Exact sides that differ
    /// have probability 0, those that do not 1.
    pub fn p_value(&self) -> f64 {
        let Self { difference, error, freedom } = *self;
        if difference == 0.0 {
            return 1.0;
        }
        if error <= 0.0 {
            return 0.0;
        }
        let t = (difference / error).abs();
        StudentsT::new(0.0, 1.0, freedom.min(1e6))
            .map_or(1.0, |law| (2.0 * law.sf(t)).clamp(0.0, 1.0))
    }

    /// The ends of the interval at a confidence in (0, 1).
    pub fn interval(&self, confidence: f64) -> (f64, f64) {
        let freedom = self.freedom.min(1e6) as usize;
        let half = if self.error > 0.0 { student_t(confidence, freedom) * self.error } else { 0.0 };
        (self.difference - half, self.difference + half)
    }
}

/// Which of several hypotheses are rejected when the probability of rejecting any true one is to be
/// at most `level`. Holm, *Scand. J. Statist.* 6 (1979): the smallest p-value is compared with
/// level/n, the next with level/(n−1), until one is not below. In the order given.
pub fn holm(p_values: &[f64], level: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut rejected = vec![false; p_values.len()];
    for (rank, i) in order.into_iter().enumerate() {
        if p_values[i] > level / (p_values.len() - rank) as f64 {
            break;
        }
        rejected[i] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_cancel_what_they_share() {
        // Means 1 apart with deviations of hundreds, and differences of 1 ± 0.1.
        let pairs: Vec<(f64, f64)> = (0..8)
            .map(|i| {
                let shared = f64::from(i) * 100.0;
                (shared, shared + if i % 2 == 0 { 1.1 } else { 0.9 })
            })
            .collect();
        let contrast = Contrast::paired(&pairs).expect("eight pairs");
        // s = 0.1·√(8/7), so the standard error is 0.1/√7.
        assert!((contrast.error - 0.1 / 7.0_f64.sqrt()).abs() < 1e-12);
        assert!(contrast.p_value() < 1e-6);
        let (low, high) = contrast.interval(0.95);
        assert!((high - low - 2.0 * 2.364_624 * contrast.error).abs() < 1e-4, "t of 7 degrees");
    }

    #[test]
    fn independent_estimates_follow_welch() {
        // Equal errors and degrees of freedom: errors times √2, twice the degrees of freedom.
        let contrast = Contrast::independent((10.0, 1.0, 15.0), (12.0, 1.0, 15.0));
        assert!((contrast.error - 2.0_f64.sqrt()).abs() < 1e-12);
        assert!((contrast.freedom - 30.0).abs() < 1e-9);
        // P(|T| > √2) with 30 degrees of freedom.
        assert!((contrast.p_value() - 0.167_6).abs() < 2e-3, "{}", contrast.p_value());
    }

    #[test]
    fn what_is_exact_differs_or_does_not() {
        let exact = |a, b| Contrast::independent((a, 0.0, 15.0), (b, 0.0, 15.0));
        assert_eq!((exact(1.0, 1.0).p_value(), exact(1.0, 2.0).p_value()), (1.0, 0.0));
        assert_eq!(exact(1.0, 2.0).interval(0.99), (1.0, 1.0));
    }

    /// The example of Holm's paper in spirit: 0.01 and 0.015 pass at level/4 and level/3.
    #[test]
    fn holm_steps_down_and_stops() {
        assert_eq!(holm(&[0.01, 0.04, 0.03, 0.005], 0.05), [true, false, false, true]);
        assert_eq!(holm(&[], 0.05), Vec::<bool>::new());
        assert_eq!(holm(&[0.02, 0.02], 0.05), [true, true]);
    }
}
