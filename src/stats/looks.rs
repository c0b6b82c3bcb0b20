//! The price of looking more than once: one confidence level for each of several planned looks.
//!
//! Data that are judged after every round, and may stop the run, cover the truth less often than
//! each interval says (Armitage and others 1969). With the looks fixed beforehand the remedy is
//! one wider level for all of them, so that all intervals together hold at the level asked for:
//! Pocock, *Group sequential methods in the design and analysis of clinical trials*, Biometrika 64
//! (1977); as intervals: Jennison and Turnbull, *Interim analyses: the repeated confidence interval
//! approach*, J. R. Statist. Soc. B 51 (1989). The normal level found here is then used as a level of
//! Student's t (their "significance level approach").

use statrs::function::erf::erf;

use super::interval::normal_quantile;

/// Simpson points across the region of continuation.
const POINTS: usize = 81;

/// The level of each look such that intervals at all looks cover together with probability
/// `confidence` in (0, 1). `information` is the amount of data at each look, increasing.
///
/// ```text
/// Z₁ … Z_K standard normal, Cov(Z_i, Z_j) = √(I_i / I_j) for i ≤ j:  P(|Z_k| ≤ c for all k) = confidence
/// level = P(|Z| ≤ c)
/// ```
///
/// Solved by recursive numerical integration (Armitage et al. 1969) to about 10⁻⁶.
pub fn level_per_look(confidence: f64, information: &[f64]) -> f64 {
    if information.len() < 2 {
        return confidence;
    }
    let looks = information.len() as f64;
    // Between a single look and Bonferroni.
    let mut low = normal_quantile(0.5 + 0.5 * confidence);
    let mut high = normal_quantile(1.0 - 0.5 * (1.0 - confidence) / looks);
    while high - low > 1e-7 {
        let middle = 0.5 * (low + high);
        if covers_all(middle, information) < confidence { low = middle } else { high = middle }
    }
    erf(0.5 * (low + high) / std::f64::consts::SQRT_2)
}

/// Probability that no |Z| of all looks is above c.
fn covers_all(c: f64, information: &[f64]) -> f64 {
    let step = 2.0 * c / (POINTS - 1) as f64;
    let at: Vec<f64> = (0..POINTS).map(|i| (i as f64).mul_add(step, -c)).collect();
    let weight = |i: usize| match i {
        0 => step / 3.0,
        i if i == POINTS - 1 => step / 3.0,
        i if i % 2 == 1 => step * 4.0 / 3.0,
        _ => step * 2.0 / 3.0,
    };
    let mut density: Vec<f64> = at.iter().map(|&z| normal(z)).collect();
    for pair in information.windows(2) {
        let rho = (pair[0] / pair[1]).sqrt();
        let spread = (1.0 - rho * rho).sqrt();
        density = at
            .iter()
            .map(|&to| {
                let from = at.iter().zip(&density).enumerate();
                let sum: f64 =
                    from.map(|(i, (&z, &d))| weight(i) * d * normal((to - rho * z) / spread)).sum();
                sum / spread
            })
            .collect();
    }
    density.iter().enumerate().map(|(i, d)| weight(i) * d).sum()
}

fn normal(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pocock (1977), table 1; Jennison and Turnbull (2000), table 2.1, two-sided 0.05, equal groups.
    #[test]
    fn equal_groups_give_the_published_constants() {
        for (looks, constant) in [(1, 1.960), (2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413)] {
            let information: Vec<f64> = (1..=looks).map(f64::from).collect();
            let level = level_per_look(0.95, &information);
            let c = normal_quantile(0.5 + 0.5 * level);
            assert!((c - constant).abs() < 1e-3, "{looks}: {c}");
        }
    }

    /// Doubled data are less correlated than equal groups, so they cost more, but less than
    /// Bonferroni, which ignores the correlation.
    #[test]
    fn doubling_costs_more_than_equal_groups_and_less_than_bonferroni() {
        let doubling = level_per_look(0.95, &[1.0, 2.0, 4.0, 8.0]);
        let equal = level_per_look(0.95, &[1.0, 2.0, 3.0, 4.0]);
        assert!(doubling > equal && doubling < 1.0 - 0.05 / 4.0, "{doubling} {equal}");
    }
}
