//! Amounts of money with the interval that simulated usage gives them.

use std::iter::Sum;
use std::ops::Add;

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::Estimate;
use super::estimate::TOO_FEW;
use crate::program::Quantity;

/// Decimal places that are kept of what was measured: a ten-thousandth of a micro-dollar.
const PLACES: u32 = 10;

/// An amount in dollars, exact where it is stated, with an interval where it was simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// The amount.
    pub value: Decimal,
    /// Lower end of its interval; equal to `value` when it is exact.
    pub low: Decimal,
    /// Upper end; `None` when too little was seen to give one.
    pub high: Option<Decimal>,
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self::exact(Decimal::ZERO);

    /// Nothing that is known, and no upper end.
    pub(crate) const UNKNOWN: Self = Self { high: None, ..Self::ZERO };

    /// A stated amount.
    pub const fn exact(value: Decimal) -> Self {
        Self { value, low: value, high: Some(value) }
    }

    /// The bill for a measured quantity; `None` when there is no data. A bill that never falls when
    /// the quantity rises takes the ends of an interval to the ends of an interval.
    pub(crate) fn billed(
        quantity: &Estimate,
        bill: impl Fn(Decimal) -> Option<Decimal>,
    ) -> Option<Self> {
        let of = |x: f64| Some(bill(decimal(x.max(0.0))?)?.round_dp(PLACES).normalize());
        Some(Self {
            value: of(quantity.value?)?,
            low: if quantity.low.is_finite() { of(quantity.low)? } else { Decimal::ZERO },
            high: if quantity.high.is_finite() { Some(of(quantity.high)?) } else { None },
        })
    }

    /// A measured amount with its interval; `None` beyond what a decimal holds.
    pub fn between(value: f64, low: f64, high: f64) -> Option<Self> {
        let of = |x: f64| Some(decimal(x)?.round_dp(PLACES).normalize());
        Some(Self { value: of(value)?, low: of(low)?, high: Some(of(high)?) })
    }

    /// What `number` units cost, as what a thousand of them do; `None` for no units.
    pub fn per_thousand(self, number: f64) -> Option<Self> {
        self.over(number / 1000.0)
    }

    /// The amount so far on the way to another (0: here, 1: there); `None` beyond what decimals hold.
    pub fn towards(self, other: Self, share: f64) -> Option<Self> {
        let share = decimal(share)?;
        let on = |a: Decimal, b: Decimal| {
            let way = b.checked_sub(a)?.checked_mul(share)?;
            Some(a.checked_add(way)?.round_dp(PLACES).normalize())
        };
        let high = match (self.high, other.high) {
            (Some(a), Some(b)) => Some(on(a, b)?),
            _ => None,
        };
        Some(Self { value: on(self.value, other.value)?, low: on(self.low, other.low)?, high })
    }

    /// Whether it was stated, not simulated.
    pub fn is_exact(&self) -> bool {
        self.high == Some(self.low)
    }

    /// Divided by an exact number; `None` by zero.
    pub(crate) fn over(self, number: f64) -> Option<Self> {
        let number = decimal(number).filter(|n| !n.is_zero())?;
        let of = |x: Decimal| x.checked_div(number).map(|x| x.round_dp(PLACES).normalize());
        let high = match self.high {
            Some(high) => Some(of(high)?),
            None => None,
        };
        Some(Self { value: of(self.value)?, low: of(self.low)?, high })
    }

    /// Divided by a measured quantity: the interval takes the worst ends of both.
    pub(crate) fn over_measured(self, quantity: &Estimate) -> Option<Self> {
        let value = self.over(quantity.value?)?.value;
        let most = quantity.high.is_finite().then(|| self.over(quantity.high)).flatten();
        let least = (quantity.low > 0.0).then(|| self.over(quantity.low)).flatten();
        let low = most.map_or(Decimal::ZERO, |most| most.low);
        Some(Self { value, low, high: least.and_then(|least| least.high) })
    }

    /// As an estimate in dollars.
    pub fn estimate(&self) -> Estimate {
        let float = |x: Decimal| {
            x.to_string().parse::<f64>().expect("the digits of a decimal are a float's")
        };
        match self.high {
            Some(high) => Estimate {
                value: Some(float(self.value)),
                low: float(self.low),
                high: float(high),
                quantity: Quantity::Money,
                note: None,
            },
            None => Estimate {
                value: Some(float(self.value)),
                low: float(self.low),
                high: f64::INFINITY,
                quantity: Quantity::Money,
                note: Some(TOO_FEW),
            },
        }
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let high = match (self.high, other.high) {
            (Some(a), Some(b)) => Some(plus(a, b)),
            _ => None,
        };
        Self { value: plus(self.value, other.value), low: plus(self.low, other.low), high }
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A measured number as a decimal; `None` beyond 10²⁸, where nobody pays.
pub(crate) fn decimal(x: f64) -> Option<Decimal> {
    Decimal::from_f64(x)
}

fn plus(a: Decimal, b: Decimal) -> Decimal {
    a.checked_add(b).unwrap_or(Decimal::MAX)
}
