//! Draws in whole steps: a clock of finite resolution, a bill per started minute.

use super::Distribution;

/// Steps that are added up one by one; what lies beyond is smooth enough for a formula.
const STEPS: f64 = 4096.0;
/// A value this near to a whole number of steps is that number: 0.2 / 0.001 is 200.00000000000003.
const NEAR: f64 = 1e-12;

/// A value as a whole number of steps.
pub(super) fn rounded(x: f64, step: f64, up: bool) -> f64 {
    let steps = x / step;
    let near = NEAR * steps.max(1.0);
    step * if up { (steps - near).ceil().max(0.0) } else { (steps + near).floor() }
}

/// E[Yⁿ; Y ≤ a] of Y, X in whole steps of h, n = 0, 1 or 2.
///
/// ```text
/// up:    Y = k·h on (k−1)·h < X ≤ k·h        down:  Y = k·h on k·h ≤ X < (k+1)·h
/// E[Yⁿ; Y ≤ a] = Σ (k·h)ⁿ · P(Y = k·h) over k ≤ a/h
/// beyond 4096 steps: Y − X is uniform over a step and does not depend on X (Sheppard),
///                    E[(X ± h/2)ⁿ], and h²/12 more for n = 2
/// ```
pub(super) fn below(inner: &Distribution, step: f64, up: bool, n: i32, a: f64) -> f64 {
    let last = if a.is_finite() { (a / step + NEAR).floor() } else { f64::INFINITY };
    if n == 0 && last.is_infinite() {
        return 1.0;
    }
    // Draws that end at most at k steps.
    let to = |k: f64| {
        let edge = if up { k * (1.0 + NEAR) } else { (k + 1.0) * (1.0 - NEAR) };
        inner.cdf(edge * step)
    };
    if n == 0 {
        return to(last);
    }
    let (mut sum, mut before) = (0.0, to(0.0));
    let mut k = 0.0;
    while k < last.min(STEPS) && before < 1.0 {
        k += 1.0;
        let now = to(k);
        sum += (k * step).powi(n) * (now - before);
        before = now;
    }
    if k < last && before < 1.0 {
        let from = if up { k } else { k + 1.0 } * step;
        let beyond = |n: i32| {
            let end = if up { last } else { last + 1.0 } * step;
            let all = if end.is_finite() { inner.below(n, end) } else { inner.weight(n) };
            (all - inner.below(n, from)).max(0.0)
        };
        let half = if up { 0.5 * step } else { -0.5 * step };
        sum += match n {
            1 => beyond(1) + half * beyond(0),
            _ => {
                beyond(2) + 2.0 * half * beyond(1) + (half * half + step * step / 12.0) * beyond(0)
            }
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::Distribution as D;
    use super::*;

    fn of(inner: D, step: f64, up: bool) -> D {
        D::Rounded { inner: Box::new(inner), step, up }
    }

    /// An exponential in whole steps of h is geometric: E[⌈X⌉] = h/(1 − e^(−h/m)), one step less down.
    #[test]
    fn a_rounded_exponential_is_geometric() {
        for (mean, step) in [(0.01_f64, 0.001), (0.001, 0.01), (1.0, 0.001)] {
            let q = (-step / mean).exp();
            let exact = step / (1.0 - q);
            let (up, down) =
                (of(D::Exponential { mean }, step, true), of(D::Exponential { mean }, step, false));
            // Beyond the steps that are summed one by one the next term of Euler and Maclaurin,
            // h²/12 times the density, is left out.
            let room = 1e-9 + (step / mean) * (step / mean) / 12.0;
            assert!((up.mean() / exact - 1.0).abs() < room, "{mean} {step}");
            assert!((down.mean() - (exact - step)).abs() < room * exact, "{mean} {step}");
            // Second moment of a geometric count from 1: (1 + q)/(1 − q)².
            let second = step * step * (1.0 + q) / ((1.0 - q) * (1.0 - q));
            assert!((up.second_moment() / second - 1.0).abs() < room, "{mean} {step}");
        }
    }

    /// Fine steps change the mean by half a step, exactly as far as the law is smooth.
    #[test]
    fn fine_steps_add_or_take_half_a_step() {
        let law = D::lognormal(100.0, 1.0);
        for (up, sign) in [(true, 1.0), (false, -1.0)] {
            let rounded = of(law.clone(), 0.001, up);
            assert!((rounded.mean() - law.mean() - sign * 0.0005).abs() < 1e-6, "{up}");
        }
    }

    #[test]
    fn whole_steps_stay_what_they_are() {
        for up in [true, false] {
            assert!((rounded(0.2, 0.001, up) - 0.2).abs() < 1e-12, "{up}");
            assert_eq!(rounded(0.0, 0.001, up), 0.0);
            assert!((of(D::Constant(0.2), 0.001, up).mean() - 0.2).abs() < 1e-12, "{up}");
        }
        assert!((rounded(0.2001, 0.001, true) - 0.201).abs() < 1e-12);
        assert!((rounded(0.2009, 0.001, false) - 0.2).abs() < 1e-12);
    }
}
