//! Money is decimal, never a float.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::MONTH_H;

/// What a price is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// A month of 730 h.
    Month,
    /// An hour.
    Hour,
    /// A minute.
    Minute,
    /// 10⁹ bytes.
    Gigabyte,
    /// A request.
    Request,
    /// A message: a request by another name.
    Message,
    /// A job: a request by another name.
    Job,
    /// A connection that is open for a month.
    Connection,
}

impl Per {
    /// As it is written after the stroke.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Month => "mo",
            Self::Hour => "h",
            Self::Minute => "min",
            Self::Gigabyte => "GB",
            Self::Request => "request",
            Self::Message => "message",
            Self::Job => "job",
            Self::Connection => "connection",
        }
    }

    /// Whether it is paid for each call of a component.
    pub const fn is_call(self) -> bool {
        matches!(self, Self::Request | Self::Message | Self::Job)
    }
}

/// Money per something, in dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Dollars; at most 10¹² and not negative.
    pub amount: Decimal,
    /// What for.
    pub per: Per,
}

impl Price {
    /// Dollars per month of a price per time; `None` for a price per use.
    pub fn per_month(self) -> Option<Decimal> {
        let times = match self.per {
            Per::Month => 1,
            Per::Hour => MONTH_H,
            Per::Minute => MONTH_H * 60,
            _ => return None,
        };
        self.amount.checked_mul(Decimal::from(times))
    }
}

/// A price that may depend on how much is used, or on how much is reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The price of the first units beyond what is free.
    pub price: Price,
    /// Units per month that cost nothing.
    pub free: Decimal,
    /// From so many units per month on, each further one costs this; rising.
    pub steps: Vec<(Decimal, Decimal)>,
    /// Dollars per month that are paid at least.
    pub minimum: Decimal,
    /// Provisioned units that are paid in any case, and the price of each in the same time.
    pub reserved: Option<(u32, Decimal)>,
}

impl From<Price> for Tariff {
    fn from(price: Price) -> Self {
        let (free, minimum) = (Decimal::ZERO, Decimal::ZERO);
        Self { price, free, steps: Vec::new(), minimum, reserved: None }
    }
}

impl Tariff {
    /// The bill for so many units of use in a month; it never falls when units rise. `None` beyond
    /// what decimals hold.
    ///
    /// ```text
    /// max(minimum, Σ over tiers: units inside of the tier, less the free ones, × its price)
    /// ```
    pub fn bill(&self, units: Decimal) -> Option<Decimal> {
        let starts = std::iter::once((Decimal::ZERO, self.price.amount));
        let tiers: Vec<(Decimal, Decimal)> = starts.chain(self.steps.iter().copied()).collect();
        let mut sum = Decimal::ZERO;
        for (i, (from, amount)) in tiers.iter().enumerate() {
            let to = tiers.get(i + 1).map_or(units, |next| next.0.min(units));
            let paid = to.checked_sub((*from).max(self.free))?;
            if paid > Decimal::ZERO {
                sum = sum.checked_add(paid.checked_mul(*amount)?)?;
            }
        }
        Some(sum.max(self.minimum))
    }

    /// The bill of a month for provisioned units (of which at least the reserved ones are paid) that
    /// each cost `per_month` in full; `None` beyond what decimals hold.
    pub fn provisioned(&self, units: Decimal) -> Option<Decimal> {
        let full = self.price.per_month()?;
        let Some((reserved, amount)) = self.reserved else {
            return Some(units.checked_mul(full)?.max(self.minimum));
        };
        let reserved = Decimal::from(reserved);
        let each = Price { amount, ..self.price }.per_month()?;
        let more = (units - reserved).max(Decimal::ZERO).checked_mul(full)?;
        Some(reserved.checked_mul(each)?.checked_add(more)?.max(self.minimum))
    }

    /// As a bill says it: `$0.006/min, first 300 free, $0.004 from 10000, at least $5/mo`.
    pub fn described(&self) -> String {
        let per = self.price.per.word();
        let mut text = format!("${}/{per}", self.price.amount);
        if let Some((units, amount)) = self.reserved {
            text = format!("${amount}/{per} for {units} reserved, else {text}");
        }
        if !self.free.is_zero() {
            let _ = write!(text, ", first {} free", self.free.normalize());
        }
        for (from, amount) in &self.steps {
            let _ = write!(text, ", ${amount} from {}", from.normalize());
        }
        if !self.minimum.is_zero() {
            let _ = write!(text, ", at least ${}/mo", self.minimum.normalize());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn tariff(amount: &str, per: Per) -> Tariff {
        Tariff::from(Price { amount: d(amount), per })
    }

    /// 0.006 up to 10 000 minutes, 0.004 up to 100 000, 0.003 beyond; 300 are free.
    #[test]
    fn tiers_are_summed_and_the_first_units_are_free() {
        let tariff = Tariff {
            free: d("300"),
            steps: vec![(d("10000"), d("0.004")), (d("100000"), d("0.003"))],
            ..tariff("0.006", Per::Minute)
        };
        for (units, dollars) in [
            ("0", "0"),
            ("300", "0"),
            ("301", "0.006"),
            ("10000", "58.2"), // 9700 · 0.006
            ("10001", "58.204"),
            ("100000", "418.2"), // 58.2 + 90 000 · 0.004
            ("150000", "568.2"), // 418.2 + 50 000 · 0.003
        ] {
            assert_eq!(tariff.bill(d(units)).map(|x| x.normalize()), Some(d(dollars)), "{units}");
        }
    }

    #[test]
    fn free_units_may_reach_into_a_later_tier() {
        let tariff =
            Tariff { free: d("20"), steps: vec![(d("10"), d("2"))], ..tariff("5", Per::Request) };
        assert_eq!(tariff.bill(d("20")), Some(Decimal::ZERO));
        assert_eq!(tariff.bill(d("25")), Some(d("10")));
    }

    #[test]
    fn a_minimum_is_paid_in_any_case() {
        let tariff = Tariff { minimum: d("20"), ..tariff("0.5", Per::Gigabyte) };
        assert_eq!(tariff.bill(d("0")), Some(d("20")));
        assert_eq!(tariff.bill(d("40")), Some(d("20")));
        assert_eq!(tariff.bill(d("41")), Some(d("20.5")));
    }

    /// Three reserved at $28 are paid even when two run; the fourth costs $40.
    #[test]
    fn reserved_units_are_paid_whether_they_run_or_not() {
        let monthly = Tariff { reserved: Some((3, d("28"))), ..tariff("40", Per::Month) };
        assert_eq!(monthly.provisioned(d("2")), Some(d("84")));
        assert_eq!(monthly.provisioned(d("3.5")), Some(d("104")));
        let hourly = Tariff { reserved: Some((1, d("0.05"))), ..tariff("0.08", Per::Hour) };
        // 730 h · 0.05 + 730 h · 0.08
        assert_eq!(hourly.provisioned(d("2")), Some(d("94.90")));
        assert_eq!(tariff("40", Per::Month).provisioned(d("2.5")), Some(d("100.0")));
    }
}
