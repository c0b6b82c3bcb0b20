//! The difference of one figure between two results, with its standard error.

use super::{Fact, Facts};
use crate::stats::{Contrast, student_t};

/// `after − factor · before`. `None` when one of them has no value, or no interval to judge it by.
pub(super) fn contrast(
    before: (&Facts, &Fact),
    after: (&Facts, &Fact),
    factor: f64,
) -> Option<Contrast> {
    let (b, a) = (&before.1.estimate, &after.1.estimate);
    let (Some(old), Some(new)) = (b.value, a.value) else { return None };
    let difference = factor.mul_add(-old, new);
    let samples = before.1.samples.iter().zip(&after.1.samples);
    let pairs: Vec<(f64, f64)> = samples
        .map(|(b, a)| (factor * b, *a))
        .filter(|(b, a)| b.is_finite() && a.is_finite())
        .collect();
    if pairs.len() >= 2 && before.1.samples.len() == after.1.samples.len() {
        return Contrast::paired(&pairs);
    }
    // What is only the largest seen is no estimate: nobody knows how far it may be off.
    if b.note.is_some() || a.note.is_some() || !b.has_interval() || !a.has_interval() {
        return None;
    }
    // Of lopsided intervals the sides that face each other count (Zou and Donner, *Statistics in
    // Medicine* 27 (2008): the intervals of two estimates give that of their difference).
    let rises = difference >= 0.0;
    let (b_half, a_half) = if rises {
        (factor.abs() * (b.high - old), new - a.low)
    } else {
        (factor.abs() * (old - b.low), a.high - new)
    };
    let side = |value: f64, half: f64, facts: &Facts| {
        let freedom = f64::from(facts.replications.saturating_sub(1)).max(1.0);
        let t = student_t(facts.confidence, freedom as usize);
        (value, half.max(0.0) / t, freedom)
    };
    Some(Contrast::independent(side(factor * old, b_half, before.0), side(new, a_half, after.0)))
}
