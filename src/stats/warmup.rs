//! Where the warm-up of a series ends: MSER-5.

/// Observations averaged into one batch.
const BATCH: usize = 5;
/// Batches at the end that are never the beginning of the kept part: too few to judge by.
const LAST: usize = 5;

/// Number of observations to remove from the beginning of `series`, a multiple of five.
///
/// Averages of five consecutive observations are truncated where the kept part's standard error,
/// taken as if they were independent, is least:
///
/// ```text
/// MSER(d) = Σ_{j>d} (z_j − mean_{j>d})² / (n − d)²
/// ```
///
/// `None` when that is in the second half (the series is not long enough to tell, or has no steady
/// state) or when there are fewer than ten batches. A constant series is kept whole.
///
/// Sources: White, *An effective truncation heuristic for bias reduction in simulation output*,
/// Simulation 69 (1997); White, Cobb and Spratt, *A comparison of five steady-state truncation
/// heuristics for simulation*, WSC 2000; refused in the second half after Hoad, Robinson and Davies,
/// *Automating warm-up length estimation*, J. Oper. Res. Soc. 61 (2010).
pub fn mser5(series: &[f64]) -> Option<usize> {
    let batches: Vec<f64> =
        series.chunks_exact(BATCH).map(|b| b.iter().sum::<f64>() / BATCH as f64).collect();
    let n = batches.len();
    if n < 2 * LAST {
        return None;
    }
    // Welford's update from the end: mean and squares of the kept part for every truncation point.
    let (mut mean, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, n);
    for (kept, (d, &z)) in batches.iter().enumerate().rev().enumerate() {
        let kept = kept as f64 + 1.0;
        let off = z - mean;
        mean += off / kept;
        squares += off * (z - mean);
        let mser = squares / (kept * kept);
        // Equal ones: the earliest, which keeps most.
        if d + LAST <= n && mser <= best.0 {
            best = (mser, d);
        }
    }
    (best.1 * 2 <= n).then_some(best.1 * BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Stream, combine};

    /// A level of 10 with noise of sd 1 (autoregressive, 0.5), plus a bias.
    fn series(key: u64, n: usize, bias: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut stream = Stream::new(combine(21, key));
        let mut noise = 0.0;
        (0..n)
            .map(|i| {
                let e: f64 = (0..12).map(|_| stream.unit() - 0.5).sum();
                noise = 0.5 * noise + 0.75_f64.sqrt() * e;
                10.0 + noise + bias(i)
            })
            .collect()
    }

    #[test]
    fn a_step_is_cut_where_it_ends() {
        for key in 0..50 {
            let cut = mser5(&series(key, 1000, |i| if i < 150 { -8.0 } else { 0.0 }));
            let cut = cut.expect("a steady state");
            assert!((150..=250).contains(&cut), "{key}: {cut}");
        }
    }

    /// Bias 10·e^(−i/40): below a tenth of the noise's sd after 184 observations.
    #[test]
    fn an_exponential_approach_is_cut_when_it_sinks_into_the_noise() {
        for key in 0..50 {
            let cut = mser5(&series(key, 1500, |i| -10.0 * (-(i as f64) / 40.0).exp()));
            let cut = cut.expect("a steady state");
            assert!((70..=350).contains(&cut), "{key}: {cut}");
        }
    }

    #[test]
    fn a_steady_series_is_mostly_kept() {
        let kept =
            (0..50).filter(|&key| mser5(&series(key, 1000, |_| 0.0)).is_some_and(|d| d <= 200));
        assert!(kept.count() >= 45);
    }

    #[test]
    fn a_growing_series_has_no_steady_state() {
        for key in 0..50 {
            assert_eq!(mser5(&series(key, 1000, |i| i as f64 * 0.02)), None, "{key}");
        }
    }

    #[test]
    fn too_short_is_refused_and_constant_is_kept() {
        assert_eq!(mser5(&[1.0; 49]), None);
        assert_eq!(mser5(&[1.0; 500]), Some(0));
    }
}
