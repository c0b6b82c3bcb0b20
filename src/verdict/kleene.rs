//! Three-valued verdicts and how they join (Kleene 1952, *Introduction to Metamathematics*, § 64).

use super::Estimate;
use crate::expr::Comparator;

/// What is said of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The whole interval is on the wrong side of the limit.
    Fails,
    /// The interval straddles the limit, or nothing can be said.
    Undecided,
    /// The whole interval is on the right side.
    Holds,
}

impl Verdict {
    /// The word that every report prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::Undecided => "undecided",
            Self::Holds => "holds",
        }
    }

    /// Both: the worse of the two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either: the better of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Of something that is known.
    pub(crate) const fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// A closed interval that holds a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Span {
    pub(crate) const fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }

    pub(crate) const fn of(estimate: &Estimate) -> Self {
        Self { low: estimate.low, high: estimate.high }
    }

    /// Times a factor that is not negative.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { low: self.low * factor, high: self.high * factor }
    }

    /// Wider on both sides by a factor 1 + `share`; a part of a whole also by that of its
    /// complement, so that 99.9 % does not become 50 %.
    pub(crate) fn wider(self, share: f64, is_part: bool) -> Self {
        let factor = 1.0 + share;
        let (low, high) = (self.low / factor, self.high * factor);
        if !is_part || self.high > 1.0 {
            return Self { low, high };
        }
        let complement = |x: f64, factor: f64| (1.0 - x).mul_add(-factor, 1.0);
        Self {
            low: low.max(complement(self.low, factor)),
            high: high.min(complement(self.high, 1.0 / factor)),
        }
    }
}

/// Whether every, no, or some pair of numbers from both intervals satisfies the comparator.
pub(crate) fn compare(value: Span, comparator: Comparator, limit: Span) -> Verdict {
    let below = |always: bool, never: bool| match (always, never) {
        (true, _) => Verdict::Holds,
        (_, true) => Verdict::Fails,
        _ => Verdict::Undecided,
    };
    match comparator {
        Comparator::Less => below(value.high < limit.low, value.low >= limit.high),
        Comparator::AtMost => below(value.high <= limit.low, value.low > limit.high),
        Comparator::Greater => below(value.low > limit.high, value.high <= limit.low),
        Comparator::AtLeast => below(value.low >= limit.high, value.high < limit.low),
        Comparator::Equal => {
            let same = value.low == value.high && limit.low == limit.high && value.low == limit.low;
            below(same, value.high < limit.low || value.low > limit.high)
        }
    }
}

/// Whether the interval lies inside a range, both ends included.
pub(crate) fn within(value: Span, low: f64, high: f64) -> Verdict {
    let above = compare(value, Comparator::AtLeast, Span::exact(low));
    above.and(compare(value, Comparator::AtMost, Span::exact(high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Verdict; 3] = [Verdict::Fails, Verdict::Undecided, Verdict::Holds];

    #[test]
    fn joins_follow_kleenes_tables() {
        use Verdict::{Fails, Holds, Undecided};
        let and = [[Fails, Fails, Fails], [Fails, Undecided, Undecided], [Fails, Undecided, Holds]];
        let or = [[Fails, Undecided, Holds], [Undecided, Undecided, Holds], [Holds, Holds, Holds]];
        for (i, a) in ALL.into_iter().enumerate() {
            for (j, b) in ALL.into_iter().enumerate() {
                assert_eq!(a.and(b), and[i][j], "{a:?} and {b:?}");
                assert_eq!(a.or(b), or[i][j], "{a:?} or {b:?}");
            }
        }
    }

    #[test]
    fn an_interval_decides_only_when_it_lies_on_one_side() {
        use Comparator::{AtLeast, AtMost, Equal, Greater, Less};
        use Verdict::{Fails, Holds, Undecided};
        let at = Span::exact;
        let span = |low, high| Span { low, high };
        for (value, comparator, limit, verdict) in [
            (span(1.0, 2.0), Less, at(3.0), Holds),
            (span(1.0, 2.0), Less, at(2.0), Undecided),
            (span(1.0, 2.0), AtMost, at(2.0), Holds),
            (span(1.0, 2.0), Less, at(1.5), Undecided),
            (span(1.0, 2.0), Less, at(1.0), Fails),
            (span(1.0, 2.0), AtMost, at(1.0), Undecided),
            (span(1.0, 2.0), AtMost, at(0.5), Fails),
            (span(1.0, 2.0), Greater, at(0.5), Holds),
            (span(1.0, 2.0), Greater, at(1.0), Undecided),
            (span(1.0, 2.0), AtLeast, at(1.0), Holds),
            (span(1.0, 2.0), Greater, at(2.0), Fails),
            (span(1.0, 2.0), AtLeast, at(2.0), Undecided),
            (span(1.0, 2.0), Less, span(1.5, 3.0), Undecided),
            (span(1.0, 2.0), Less, span(2.5, 3.0), Holds),
            (at(0.0), Equal, at(0.0), Holds),
            (span(0.0, 1.0), Equal, at(0.0), Undecided),
            (span(0.5, 1.0), Equal, at(0.0), Fails),
            (span(f64::NEG_INFINITY, f64::INFINITY), Less, at(3.0), Undecided),
        ] {
            assert_eq!(compare(value, comparator, limit), verdict, "{value:?} {comparator:?}");
        }
        let wide = span(0.99, 0.999).wider(1.0, true);
        assert!((wide.low - 0.98).abs() < 1e-12 && (wide.high - 0.9995).abs() < 1e-12);
        assert_eq!(span(2.0, 3.0).wider(1.0, false), span(1.0, 6.0));
        assert_eq!(within(span(1.0, 2.0), 1.0, 2.0), Holds);
        assert_eq!(within(span(1.0, 2.0), 1.5, 3.0), Undecided);
        assert_eq!(within(span(1.0, 2.0), 2.5, 3.0), Fails);
    }
}
