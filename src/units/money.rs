//! Money is decimal, never a float.

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
        }
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
            Per::Gigabyte | Per::Request => return None,
        };
        self.amount.checked_mul(Decimal::from(times))
    }
}
