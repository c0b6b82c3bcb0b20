//! Birth–death chains solved numerically: the second method behind most formulas for Markovian
//! queues, and the only one for some of them.

/// Stationary distribution of the birth–death chain on 0..=n.
///
/// ```text
/// p(k+1) = p(k) · births[k] / deaths[k]        k = 0 … n−1,  Σ p = 1
/// ```
///
/// `births[k]` is the rate from k to k+1 and `deaths[k]` (> 0) the rate from k+1 to k; both have
/// n entries. Without entries the chain has one state. Weights are rescaled on the way, so neither
/// a long chain nor a steep one overflows; what underflows is below 10⁻²⁵⁰ of the largest.
///
/// Source: Gross, Shortle, Thompson, Harris, *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 2.
pub fn stationary(births: &[f64], deaths: &[f64]) -> Vec<f64> {
    let mut weights = vec![1.0];
    let mut last = 1.0;
    for (birth, death) in births.iter().zip(deaths) {
        last *= birth / death;
        if last > 1e250 {
            for weight in &mut weights {
                *weight /= last;
            }
            last = 1.0;
        }
        weights.push(last);
    }
    let total: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= total;
    }
    weights
}

/// Stationary distribution of a birth–death chain on 0, 1, 2, … whose weights fall in the end.
///
/// `birth(k)` is the rate from k to k+1, `death(k)` (> 0) that from k to k−1. The chain is cut
/// where, beyond state `at_least`, a weight is below 10⁻¹⁸ of the sum so far and falling at a ratio
/// below 1; after ten million states at the latest.
pub fn stationary_unbounded(
    birth: impl Fn(u32) -> f64,
    death: impl Fn(u32) -> f64,
    at_least: u32,
) -> Vec<f64> {
    let (mut births, mut deaths) = (Vec::new(), Vec::new());
    let (mut weight, mut sum) = (1.0_f64, 1.0_f64);
    for k in 0..10_000_000 {
        let (up, down) = (birth(k), death(k + 1));
        births.push(up);
        deaths.push(down);
        weight *= up / down;
        sum += weight;
        if sum > 1e250 {
            weight /= sum;
            sum = 1.0;
        }
        if k >= at_least && up < down && weight < 1e-18 * sum {
            break;
        }
    }
    stationary(&births, &deaths)
}

/// Mean of a distribution on 0, 1, 2, ….
pub fn mean(probabilities: &[f64]) -> f64 {
    probabilities.iter().enumerate().map(|(k, p)| k as f64 * p).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn a_single_server_has_a_geometric_number_inside() {
        let p = stationary_unbounded(|_| 0.8, |_| 1.0, 1);
        assert_close(p[0], 0.2, 1e-12);
        assert_close(p[7], 0.2 * 0.8_f64.powi(7), 1e-12);
        assert_close(mean(&p), 4.0, 1e-12);
    }

    #[test]
    fn a_steep_chain_does_not_overflow() {
        let p = stationary(&vec![1e9; 1000], &vec![1.0; 1000]);
        assert_close(p[1000], 1.0, 1e-8);
        assert!(p.iter().all(|p| p.is_finite()));
    }
}
