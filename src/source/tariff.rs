//! The spelling of prices that depend on how much is used or reserved.
//!
//! ```text
//! tiers($0.006/min free=300 10_000=$0.004/min min=$5/mo)
//! reserved($40/mo units=3 at=$28/mo)
//! ```

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::FaultKind;
use super::spelling::{Argument, Kind, Piece};
use super::value::Context;
use crate::units::{Dimension, Per, Tariff};

const TIERS: &str = "`tiers($0.006/min free=300 10_000=$0.004/min min=$5/mo)`";
const RESERVED: &str = "`reserved($40/mo units=3 at=$28/mo)`";

impl Context<'_> {
    /// A price, with its tiers or what is reserved.
    pub(super) fn tariff(&self, piece: &Piece) -> Option<Tariff> {
        self.resolved(piece, &|me, piece| {
            let Kind::Call(name, arguments) = &piece.kind else {
                return me.price(piece, Dimension::Price).map(Tariff::from);
            };
            match name.as_str() {
                "tiers" => me.tiers(piece, arguments),
                "reserved" => me.reserved(piece, arguments),
                _ => {
                    let message = format!("there is no price `{name}`");
                    let fault = me.fault(piece, FaultKind::Word, message);
                    let fault = fault.meant(name, ["tiers", "reserved"]);
                    me.reader.fault(fault.expected(format!("{TIERS}, {RESERVED}")));
                    None
                }
            }
        })
    }

    /// The price that stands first, without a name.
    fn base(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Tariff> {
        let Some(Argument { key: None, value }) = arguments.first() else {
            let message = "the price of one unit stands first";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        self.price(value, Dimension::Price).map(Tariff::from)
    }

    fn tiers(&self, piece: &Piece, arguments: &[Argument]) -> Option<Tariff> {
        let mut tariff = self.base(piece, arguments, TIERS)?;
        if matches!(tariff.price.per, Per::Month) {
            let message = "what is paid per month has no tiers of use";
            return self.wrong(&arguments[0].value, FaultKind::Conflict, message, TIERS);
        }
        for argument in &arguments[1..] {
            let whole = argument.whole();
            match argument.key.as_deref() {
                Some("free") => {
                    tariff.free = self.decimal(&argument.value, Dimension::Count)?;
                }
                Some("min") => {
                    tariff.minimum = self.price(&argument.value, Dimension::Money)?.amount;
                }
                Some(key) if key.starts_with(|c: char| c.is_ascii_digit()) => {
                    let width = key.chars().count();
                    let from = Piece { width, kind: Kind::Atom(key.to_owned()), ..whole.clone() };
                    let from = self.decimal(&from, Dimension::Number)?;
                    let price = self.price(&argument.value, Dimension::Price)?;
                    if price.per != tariff.price.per {
                        let message = format!(
                            "the first price is per {}, this one per {}",
                            tariff.price.per.word(),
                            price.per.word()
                        );
                        return self.wrong(&argument.value, FaultKind::Conflict, &message, TIERS);
                    }
                    if tariff.steps.last().is_some_and(|before| before.0 >= from) {
                        let message = "the tiers do not rise";
                        return self.wrong(&whole, FaultKind::Range, message, TIERS);
                    }
                    tariff.steps.push((from, price.amount));
                }
                _ => return self.wrong(&whole, FaultKind::Value, "this is no tier", TIERS),
            }
        }
        Some(tariff)
    }

    fn reserved(&self, piece: &Piece, arguments: &[Argument]) -> Option<Tariff> {
        let mut tariff = self.base(piece, arguments, RESERVED)?;
        self.named(&arguments[1..], &["units", "at"], "reserved", RESERVED)?;
        let find = |key: &str| {
            let found = arguments.iter().find(|argument| argument.key.as_deref() == Some(key));
            found.map(|argument| &argument.value)
        };
        let (Some(units), Some(at)) = (find("units"), find("at")) else {
            let message = "`reserved` needs `units=` and `at=`";
            return self.wrong(piece, FaultKind::Value, message, RESERVED);
        };
        let number = self.number(units, Dimension::Count)?;
        let price = self.price(at, Dimension::Price)?;
        if price.per != tariff.price.per || price.per_month().is_none() {
            let message = "both prices are for the same time";
            return self.wrong(at, FaultKind::Conflict, message, RESERVED);
        }
        if number > f64::from(u32::MAX) {
            return self.wrong(units, FaultKind::Range, "so many are never reserved", RESERVED);
        }
        tariff.reserved = Some((number as u32, price.amount));
        Some(tariff)
    }

    fn decimal(&self, piece: &Piece, dimension: Dimension) -> Option<Decimal> {
        Decimal::from_f64(self.number(piece, dimension)?)
    }
}
