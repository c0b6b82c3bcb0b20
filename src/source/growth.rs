//! The spelling of growth, and of ranges of money and time.

use rust_decimal::Decimal;

use super::FaultKind;
use super::data::rows_of_months;
use super::spelling::{Argument, Kind, Piece};
use super::value::Context;
use crate::dist::Growth;
use crate::units::{Dimension, MONTH_S};

const LAWS: [(&str, &str); 4] = [
    ("compound", "compound(50 50%/mo)"),
    ("linear", "linear(0mo=50 12mo=500)"),
    ("steps", "steps(0mo=50_000 12mo=150_000)"),
    ("trace", "trace(users.csv)"),
];

/// Most lines of a file of growth.
const MAX_LINES: usize = 10_000;

impl Context<'_> {
    /// A number of users over months.
    pub(super) fn growth(&self, piece: &Piece) -> Option<Growth> {
        self.resolved(piece, &|me, piece| {
            let examples: Vec<String> = LAWS.iter().map(|law| format!("`{}`", law.1)).collect();
            let Kind::Call(name, arguments) = &piece.kind else {
                let message = "a number of users over months is expected";
                return me.wrong(piece, FaultKind::Value, message, &examples.join(", "));
            };
            let Some((name, example)) = LAWS.iter().find(|law| law.0 == name) else {
                let message = format!("there is no growth `{name}`");
                let names = LAWS.iter().map(|law| law.0);
                let fault = me.fault(piece, FaultKind::Word, message).meant(name, names);
                me.reader.fault(fault.expected(examples.join(", ")));
                return None;
            };
            let example = format!("`{example}`");
            match *name {
                "compound" => me.compound(piece, arguments, &example),
                "trace" => me.users_trace(piece, arguments, &example),
                name => me.users_points(piece, arguments, &example, name == "linear"),
            }
        })
    }

    fn compound(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Growth> {
        let [Argument { key: None, value: first }, Argument { key: None, value: growth }] =
            arguments
        else {
            let message = "`compound` takes the first number and its growth";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        let first_users = self.number(first, Dimension::Count)?;
        if first_users <= 0.0 {
            let message = "nothing grows from 0";
            return self.wrong(first, FaultKind::Range, message, example);
        }
        let per_month = self.number(growth, Dimension::Growth)?;
        Some(Growth::Compound { first: first_users, per_month })
    }

    fn users_points(
        &self,
        piece: &Piece,
        arguments: &[Argument],
        example: &str,
        is_linear: bool,
    ) -> Option<Growth> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        for argument in arguments {
            let Some(key) = &argument.key else {
                let message = "each point is a time and a number of users";
                return self.wrong(&argument.value, FaultKind::Value, message, example);
            };
            let time = Piece {
                width: key.chars().count(),
                kind: Kind::Atom(key.clone()),
                ..argument.whole()
            };
            let month = self.number(&time, Dimension::Duration)? / MONTH_S;
            if points.last().is_some_and(|before| before.0 >= month) {
                let message = "the times do not rise";
                return self.wrong(&time, FaultKind::Range, message, example);
            }
            points.push((month, self.number(&argument.value, Dimension::Count)?));
        }
        if points.is_empty() {
            return self.wrong(piece, FaultKind::Value, "there are no points", example);
        }
        Some(Growth::Points { points, is_linear })
    }

    fn users_trace(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Growth> {
        let [Argument { key: None, value: Piece { kind: Kind::Atom(name), .. } }] = arguments
        else {
            let message = "`trace` takes the name of one file";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        let rows = rows_of_months(self, piece, name, MAX_LINES)?;
        if rows.iter().any(|row| row.len() != 2) {
            let message = format!("`{name}` has lines without a number of users");
            return self.wrong(piece, FaultKind::Value, &message, "`months, users` a line");
        }
        let points: Vec<(f64, f64)> = rows.iter().map(|row| (row[0], row[1])).collect();
        if points.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
            let message = format!("the months of `{name}` do not rise");
            return self.wrong(piece, FaultKind::Range, &message, "months in order");
        }
        Some(Growth::Points { points, is_linear: true })
    }

    /// One amount of money per month, or a range of it.
    pub(super) fn money_range(&self, piece: &Piece) -> Option<(Decimal, Decimal)> {
        self.resolved(piece, &|me, piece| {
            let amount = |piece: &Piece| Some(me.price(piece, Dimension::Money)?.amount);
            let Some((low, high)) = ends(piece) else { return amount(piece).map(|x| (x, x)) };
            let (from, to) = (amount(&low), amount(&high));
            let (from, to) = (from?, to?);
            me.in_order(piece, (from, to), from <= to)
        })
    }

    /// One number of a dimension, or a range of it.
    pub(super) fn number_range(&self, piece: &Piece, dimension: Dimension) -> Option<(f64, f64)> {
        self.resolved(piece, &|me, piece| {
            if piece.is_range() {
                return me.range(piece, dimension);
            }
            me.plain_number(piece, dimension).map(|x| (x, x))
        })
    }

    fn in_order<T>(&self, piece: &Piece, range: T, is_ordered: bool) -> Option<T> {
        if is_ordered {
            return Some(range);
        }
        let message = "the range ends before it begins";
        self.wrong(piece, FaultKind::Range, message, "the lower end first")
    }
}

/// Both ends of a range; `None` when it is none.
fn ends(piece: &Piece) -> Option<(Piece, Piece)> {
    let Kind::Atom(text) = &piece.kind else { return None };
    let (low, high) = text.split_once("..").filter(|_| piece.is_range())?;
    let end = |text: &str, offset: usize| Piece {
        offset: piece.offset + offset,
        width: text.chars().count(),
        kind: Kind::Atom(text.to_owned()),
    };
    Some((end(low, 0), end(high, low.chars().count() + 2)))
}
