//! A quantity in an expression: an exact decimal number with its unit.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::{ExprError, Mistake};
use crate::program::Quantity;
use crate::units::{self, MONTH_H, Scale};

/// What a quantity's unit makes of it; each has one base unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A bare number.
    Count,
    /// `%` or `x`, as a share of one.
    Ratio,
    /// Seconds.
    Duration,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Bandwidth,
    /// Per second.
    Rate,
    /// Money per month of 730 h.
    PerMonth,
    /// Money per request.
    PerRequest,
}

impl Unit {
    /// The quantity it measures.
    pub const fn quantity(self) -> Quantity {
        match self {
            Self::Count => Quantity::Count,
            Self::Ratio => Quantity::Ratio,
            Self::Duration => Quantity::Duration,
            Self::Bytes => Quantity::Bytes,
            Self::Bandwidth => Quantity::Bandwidth,
            Self::Rate => Quantity::Rate,
            Self::PerMonth | Self::PerRequest => Quantity::Money,
        }
    }

    /// What a reader calls it.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Count => "a bare number",
            Self::Ratio => "a ratio",
            Self::Duration => "a duration",
            Self::Bytes => "a size in bytes",
            Self::Bandwidth => "a bandwidth",
            Self::Rate => "a rate",
            Self::PerMonth => "money per month",
            Self::PerRequest => "money per request",
        }
    }
}

/// A number with its unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// In the unit's base, exact.
    pub exact: Decimal,
    /// The same as a float, correctly rounded.
    pub base: f64,
    /// The unit.
    pub unit: Unit,
    /// As it was written.
    pub text: String,
    /// Where it begins in the expression.
    pub offset: usize,
}

impl Value {
    /// Characters it covers.
    pub fn width(&self) -> usize {
        self.text.chars().count()
    }

    /// The number without its unit, as written: for advice such as `800ms or 800s`.
    pub(crate) fn digits(&self) -> &str {
        let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
        let text = self.text.trim_start_matches(['+', '-', '$']);
        text.find(|c| !number(c)).map_or(text, |end| &text[..end])
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The float nearest to a decimal.
pub(crate) fn float(exact: Decimal) -> f64 {
    // The library's own conversion loses the last digit of some fractions.
    f64::from_str(&exact.to_string()).expect("a decimal's digits are a float's")
}

/// Whether a word is a unit of its own, so that a blank before it was a slip.
pub(crate) fn is_unit(word: &str) -> bool {
    let word = word.split('/').next().unwrap_or(word);
    word == "%" || word == "x" || units::is_unit(word)
}

/// A number in the base unit, exact; `None` when it is too large to be.
fn scaled(number: Decimal, (times, over): Scale) -> Option<Decimal> {
    let whole = |x: f64| Decimal::from_f64_retain(x).expect("a unit is a whole number of its base");
    number.checked_mul(whole(times))?.checked_div(whole(over))
}

/// Reads a quantity that begins at `offset` of its expression.
pub(crate) fn value(text: &str, offset: usize) -> Result<Value, ExprError> {
    let width = text.chars().count();
    let wrong = |message: String| ExprError::new(offset, width, message).is(Mistake::Unit);
    let negative = text.starts_with('-');
    let rest = text.trim_start_matches(['+', '-']);
    let (money, rest) = rest.strip_prefix('$').map_or((false, rest), |rest| (true, rest));
    let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '_' | '.')));
    let (digits, units) = rest.split_at(end.unwrap_or(rest.len()));
    let number = Decimal::from_str(&digits.replace('_', ""))
        .map_err(|_| wrong(format!("`{text}` is not a number that can be kept exactly")))?;
    let mut parts = units.split('/');
    let unit = parts.next().unwrap_or_default();
    let per: Vec<&str> = parts.collect();
    let too_large = || wrong(format!("`{text}` is too large"));
    let times = |factor: Decimal| number.checked_mul(factor).ok_or_else(too_large);
    let (exact, unit) = if money {
        match (unit, per.as_slice()) {
            ("", ["mo"]) => (number, Unit::PerMonth),
            ("", ["h"]) => (times(Decimal::from(MONTH_H))?, Unit::PerMonth),
            ("", ["request"]) => (number, Unit::PerRequest),
            ("", []) => {
                return Err(wrong(format!("`{text}`: money per what?"))
                    .hint(format!("a cost is per month: `${digits}/mo`")));
            }
            _ => {
                return Err(wrong(format!("`{text}` is not a cost that can be compared"))
                    .expected("money per month `$20/mo`, per hour or per request"));
            }
        }
    } else {
        let known = match (unit, per.as_slice()) {
            ("", []) => Some(((1.0, 1.0), Unit::Count)),
            ("%", []) => Some(((1.0, 100.0), Unit::Ratio)),
            ("x", []) => Some(((1.0, 1.0), Unit::Ratio)),
            ("", [per]) => units::duration(per).map(|(times, over)| ((over, times), Unit::Rate)),
            (unit, []) => units::duration(unit)
                .map(|scale| (scale, Unit::Duration))
                .or_else(|| units::size(unit).map(|scale| (scale, Unit::Bytes))),
            (unit, ["s"]) => units::volume(unit).map(|scale| (scale, Unit::Bandwidth)),
            _ => None,
        };
        let Some((scale, unit)) = known else {
            return Err(unknown_unit(text, digits, unit, &per, offset));
        };
        (scaled(number, scale).ok_or_else(too_large)?, unit)
    };
    let exact = if negative { -exact } else { exact };
    Ok(Value { exact, base: float(exact), unit, text: text.to_owned(), offset })
}

fn unknown_unit(text: &str, digits: &str, unit: &str, per: &[&str], offset: usize) -> ExprError {
    let width = text.chars().count();
    let message = format!("`{text}` has no known unit");
    let error = ExprError::new(offset, width, message).is(Mistake::Unit);
    match unit {
        "M" | "G" | "T" | "K" | "k" if per.is_empty() => {
            let letter = if unit == "K" { "k" } else { unit };
            let binary = unit.to_uppercase();
            error.hint(format!("{digits}{letter}B (decimal) or {digits}{binary}iB (binary)?"))
        }
        "rps" | "qps" | "req" if !digits.is_empty() => {
            error.hint(format!("a rate is `{digits}/s`"))
        }
        _ if units::meant(unit).is_some() && per.is_empty() => {
            let meant = units::meant(unit).expect("just asked");
            error.hint(format!("did you mean `{digits}{meant}`?"))
        }
        _ if !per.is_empty() && unit.is_empty() => {
            error.expected("a rate per time: `/s`, `/min`, `/h`, `/d` or `/mo`")
        }
        _ => error.expected("a unit: % x · us ms s m h d mo · kB MB GB KiB MiB GiB · /s · $…/mo"),
    }
}
