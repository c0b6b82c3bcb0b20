//! A measured value on its way to the reader: units that suit its size, digits that suit its interval.
//!
//! A value is never written finer than its interval allows, nor finer than four digits.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::program::Quantity;
use crate::verdict::{Estimate, NO_STEADY_STATE};

/// An amount of money, in dollars; a string in JSON.
pub type Money = rust_decimal::Decimal;

/// A value with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure(pub Estimate);

impl From<Estimate> for Figure {
    fn from(estimate: Estimate) -> Self {
        Self(estimate)
    }
}

/// The word for a unit in JSON.
pub(super) const fn unit_word(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Duration => "s",
        Quantity::Rate => "1/s",
        Quantity::Ratio => "ratio",
        Quantity::Count => "count",
        Quantity::Bytes => "bytes",
        Quantity::Bandwidth => "bytes/s",
        Quantity::Money => "$/mo",
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Estimate { value, low, high, quantity, note } = self.0;
        let finite = |x: f64| x.is_finite().then_some(x);
        let mut out = serializer.serialize_struct("Figure", 5)?;
        if quantity == Quantity::Money {
            let text = |x: Option<f64>| x.and_then(finite).map(plain);
            out.serialize_field("value", &text(value))?;
            out.serialize_field("unit", unit_word(quantity))?;
            out.serialize_field("low", &text(Some(low)))?;
            out.serialize_field("high", &text(Some(high)))?;
        } else {
            out.serialize_field("value", &value.and_then(finite))?;
            out.serialize_field("unit", unit_word(quantity))?;
            out.serialize_field("low", &finite(low))?;
            out.serialize_field("high", &finite(high))?;
        }
        out.serialize_field("note", &note)?;
        out.end()
    }
}

/// A number as a decimal text, with at most six places (and no more than nine digits).
fn plain(x: f64) -> String {
    let places = (8 - magnitude(x)).clamp(0, 6) as usize;
    let text = format!("{x:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// The decimal exponent of the leading digit; 0 for zero.
fn magnitude(x: f64) -> i32 {
    if x == 0.0 || !x.is_finite() { 0 } else { x.abs().log10().floor() as i32 }
}

/// A unit and how many base units it is.
struct Scale {
    per_unit: f64,
    before: &'static str,
    after: &'static str,
}

const fn scale(per_unit: f64, after: &'static str) -> Scale {
    Scale { per_unit, before: "", after }
}

/// The unit in which a value of this size reads best.
fn scale_of(value: f64, quantity: Quantity) -> Scale {
    let x = value.abs();
    match quantity {
        Quantity::Duration => match x {
            0.0 => scale(1.0, " s"),
            _ if x < 0.999_5e-3 => scale(1e-6, " µs"),
            _ if x < 0.999_5 => scale(1e-3, " ms"),
            _ if x < 120.0 => scale(1.0, " s"),
            _ if x < 7_200.0 => scale(60.0, " min"),
            _ if x < 172_800.0 => scale(3_600.0, " h"),
            _ => scale(86_400.0, " d"),
        },
        Quantity::Rate => match x {
            0.0 => scale(1.0, "/s"),
            _ if x < 0.01 => scale(1.0 / 3_600.0, "/h"),
            _ if x < 1.0 => scale(1.0 / 60.0, "/min"),
            _ if x < 9_999.5 => scale(1.0, "/s"),
            _ if x < 999_950.0 => scale(1e3, "k/s"),
            _ => scale(1e6, "M/s"),
        },
        Quantity::Ratio => scale(0.01, " %"),
        Quantity::Count => match x {
            _ if x < 99_999.5 => scale(1.0, ""),
            _ if x < 999_950.0 => scale(1e3, "k"),
            _ if x < 999_950_000.0 => scale(1e6, "M"),
            _ => scale(1e9, "G"),
        },
        Quantity::Bytes => match x {
            _ if x < 999.5 => scale(1.0, " B"),
            _ if x < 999.5e3 => scale(1e3, " kB"),
            _ if x < 999.5e6 => scale(1e6, " MB"),
            _ if x < 999.5e9 => scale(1e9, " GB"),
            _ => scale(1e12, " TB"),
        },
        Quantity::Bandwidth => match x {
            _ if x < 999.5 => scale(1.0, " B/s"),
            _ if x < 999.5e3 => scale(1e3, " kB/s"),
            _ if x < 999.5e6 => scale(1e6, " MB/s"),
            _ => scale(1e9, " GB/s"),
        },
        Quantity::Money => Scale { per_unit: 1.0, before: "$", after: "/mo" },
    }
}

/// Digits after the point for a value of this size with this half-width of its interval (in the same
/// unit): the last digit is the interval's first, and there are two to four digits in all.
fn places(value: f64, half_width: f64) -> usize {
    let own = magnitude(value);
    let finest = 3 - own;
    let wanted = if half_width > 0.0 && half_width.is_finite() {
        // A half-width of 0.96 is rounded to 1 and counts as such.
        -magnitude(half_width * 1.05)
    } else {
        2 - own
    };
    wanted.min(finest).max(0) as usize
}

/// `x` with that many digits after the point, thousands apart; never a negative zero.
fn digits(x: f64, places: usize) -> String {
    let text = format!("{x:.places$}");
    let zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    let text = if zero { text.trim_start_matches('-') } else { &text };
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", grouped(whole)),
        None => grouped(text),
    }
}

/// Digits with a comma between thousands, from five digits on.
fn grouped(whole: &str) -> String {
    let (sign, number) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
    if number.len() < 5 {
        return whole.to_owned();
    }
    let mut out = String::from(sign);
    for (i, c) in number.chars().enumerate() {
        if i > 0 && (number.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A count, thousands apart.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// A number of requests or events in few characters: `812`, `64 k`, `1.5 M`.
pub(super) fn about(n: u64) -> String {
    let x = n as f64;
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{:.0} k", x / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} M", x / 1e6),
        _ => format!("{:.1} G", x / 1e9),
    }
}

/// Dollars with cents, or three digits below a cent.
pub(super) fn dollars(amount: Money) -> String {
    let x = f64::try_from(amount).unwrap_or(f64::NAN);
    let places = if x != 0.0 && x.abs() < 0.995 { (2 - magnitude(x)).clamp(2, 9) } else { 2 };
    let text = format!("{:.*}", places as usize, x.abs());
    let (whole, cents) = text.split_once('.').expect("two places at least");
    format!("{}${}.{cents}", if x < 0.0 { "-" } else { "" }, grouped(whole))
}

/// A number without an interval, in its best unit, three digits.
pub(super) fn bare(value: f64, quantity: Quantity) -> String {
    if quantity == Quantity::Money {
        return money(value, 0.0);
    }
    let unit = scale_of(value, quantity);
    let x = value / unit.per_unit;
    let text = digits(x, places(x, 0.0));
    format!("{}{}{}", unit.before, shortened(&text), unit.after)
}

/// `12.0` says no more than `12`.
fn shortened(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn money(value: f64, half_width: f64) -> String {
    let cents = if value != 0.0 && value.abs() < 0.995 { 2 - magnitude(value) } else { 2 };
    let places = if half_width > 0.5 { 0 } else { cents.clamp(0, 9) as usize };
    format!("${}/mo", digits(value, places))
}

impl Figure {
    /// Nothing was measured.
    pub const fn nothing(quantity: Quantity) -> Self {
        Self(Estimate::unknown(None, quantity, "no data"))
    }

    /// Whether there is no value because a queue grows without bound.
    pub fn grows(&self) -> bool {
        self.0.value.is_none() && self.0.note == Some(NO_STEADY_STATE)
    }

    /// The value, no finer than its interval allows; `-` without one, `grows` without bound.
    pub fn value(&self) -> String {
        let Some(value) = self.0.value.filter(|x| x.is_finite()) else {
            return if self.grows() { "grows" } else { "-" }.to_owned();
        };
        let half_width = self.half_width();
        if self.0.quantity == Quantity::Money {
            return money(value, half_width.unwrap_or(0.0));
        }
        match half_width.filter(|h| *h > 0.0 && value != 0.0) {
            None => bare(value, self.0.quantity),
            Some(half_width) => {
                let unit = scale_of(value, self.0.quantity);
                let (x, h) = (value / unit.per_unit, half_width / unit.per_unit);
                format!("{}{}", digits(x, places(x, h)), unit.after)
            }
        }
    }

    /// The interval beside the value: `± 2`, or `8..31` where it is lopsided or wider than the value;
    /// empty where there is none (exact, or no data).
    pub fn interval(&self) -> String {
        let (Some(value), Some(half_width)) = (self.0.value, self.half_width()) else {
            return String::new();
        };
        if half_width <= 0.0 || !value.is_finite() {
            return String::new();
        }
        let (low, high) = (self.0.low, self.0.high);
        let unit = scale_of(if value == 0.0 { high } else { value }, self.0.quantity);
        let per = unit.per_unit;
        let (below, above) = ((value - low).max(0.0), (high - value).max(0.0));
        if value == 0.0 {
            return format!("≤ {}", bare(high, self.0.quantity));
        }
        let places = places(value / per, half_width / per);
        let lopsided = below.max(above) > 1.7 * below.min(above);
        if lopsided || half_width > 0.5 * value.abs() {
            // The lower end is not rounded to nothing: it may be what decides.
            let low_places = places.max((-magnitude(low / per)).clamp(0, 3) as usize);
            return format!("{}..{}", digits(low / per, low_places), digits(high / per, places));
        }
        format!("± {}", digits(half_width / per, places))
    }

    /// Value and interval: `312 ms ± 2`, `1.2 s (0.9..2.1)`, `0 % (≤ 0.003 %)`.
    pub fn with_interval(&self) -> String {
        let interval = self.interval();
        match interval.chars().next() {
            None => self.value(),
            Some('±') => format!("{} {interval}", self.value()),
            Some(_) => format!("{} ({interval})", self.value()),
        }
    }

    /// Half of the interval's width; `None` without one.
    fn half_width(&self) -> Option<f64> {
        self.0.has_interval().then_some(0.5 * (self.0.high - self.0.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: f64, low: f64, high: f64, quantity: Quantity) -> Figure {
        Figure(Estimate { value: Some(value), low, high, quantity, note: None })
    }

    #[test]
    fn a_value_is_no_finer_than_its_interval() {
        let cases = [
            (0.312_4, 0.310_1, 0.314_7, Quantity::Duration, "312 ms ± 2"),
            (0.312_4, 0.312_3, 0.312_5, Quantity::Duration, "312.4 ms ± 0.1"),
            (1_621.3, 1_611.0, 1_631.6, Quantity::Rate, "1621/s ± 10"),
            (0.971_3, 0.967_0, 0.975_6, Quantity::Ratio, "97.1 % ± 0.4"),
            (0.0, 0.0, 3.1e-5, Quantity::Ratio, "0 % (≤ 0.0031 %)"),
            (1.2, 0.9, 2.1, Quantity::Duration, "1.2 s (0.9..2.1)"),
            (0.012, 0.004, 0.036, Quantity::Ratio, "1 % (0.4..4)"),
            (4.0, 4.0, 4.0, Quantity::Count, "4"),
            (25_300.0, 25_300.0, 25_300.0, Quantity::Count, "25,300"),
            (41.2e6, 40.8e6, 41.6e6, Quantity::Bytes, "41.2 MB ± 0.4"),
            (0.5, f64::NEG_INFINITY, f64::INFINITY, Quantity::Duration, "500 ms"),
        ];
        for (value, low, high, quantity, expected) in cases {
            assert_eq!(figure(value, low, high, quantity).with_interval(), expected);
        }
        assert_eq!(Figure::nothing(Quantity::Duration).with_interval(), "-");
    }

    #[test]
    fn money_has_cents_unless_they_are_unknown() {
        assert_eq!(figure(412.5, 412.5, 412.5, Quantity::Money).with_interval(), "$412.50/mo");
        assert_eq!(figure(412.5, 408.0, 417.0, Quantity::Money).with_interval(), "$412/mo ± 4");
        assert_eq!(dollars(Money::new(123_456_789, 2)), "$1,234,567.89");
        assert_eq!(dollars(Money::new(834, 5)), "$0.00834");
        assert_eq!(dollars(Money::ZERO), "$0.00");
    }

    #[test]
    fn money_is_a_string_in_json_and_seconds_are_numbers() {
        let json = |f: Figure| serde_json::to_string(&f).expect("plain data");
        assert_eq!(
            json(figure(412.5, 408.0, 417.0, Quantity::Money)),
            r#"{"value":"412.5","unit":"$/mo","low":"408","high":"417","note":null}"#
        );
        assert_eq!(
            json(figure(0.25, f64::NEG_INFINITY, f64::INFINITY, Quantity::Duration)),
            r#"{"value":0.25,"unit":"s","low":null,"high":null,"note":null}"#
        );
    }
}
