//! A value's text to the number that is expected there: parameters, populations and uncertain values
//! are resolved here, so that what comes out is final.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::reader::{Reader, Uncertain};
use super::spelling::{Argument, Kind, Piece, read};
use super::{Fault, FaultKind, Node, Place};
use crate::units::{Dimension, Price, Problem, ProblemKind, Quantity};

/// Longest chain of parameters that refer to each other.
const MAX_CHAIN: usize = 16;

/// A value while it is worked out: where it stands, and whom to tell.
#[derive(Clone, Copy)]
pub(super) struct Context<'r> {
    pub(super) reader: &'r Reader,
    pub(super) place: Place,
    pub(super) path: &'r str,
    /// Characters between the place and the text; `None` when the text does not stand in one line as
    /// it is read (quotes with escapes, folded lines), so that nothing in it has a place of its own.
    shift: Option<usize>,
    /// The parameter whose value this is.
    via: Option<&'r Via<'r>>,
}

/// A parameter that is being replaced by its value.
struct Via<'r> {
    name: &'r str,
    place: Place,
    path: &'r str,
    outer: Option<&'r Via<'r>>,
}

impl<'r> Context<'r> {
    /// At a node, which holds `text`.
    pub(super) fn of(reader: &'r Reader, node: &Node, text: &str, path: &'r str) -> Self {
        let (width, chars) = (node.place.width as usize, text.chars().count());
        let shift = [0, 1].into_iter().find(|shift| width == chars.max(1) + 2 * shift);
        Self { reader, place: node.place, path, shift, via: None }
    }

    pub(super) fn fault(
        &self,
        piece: &Piece,
        kind: FaultKind,
        message: impl Into<String>,
    ) -> Fault {
        Fault::error(kind, self.at(piece), self.path, message)
    }

    pub(super) fn at(&self, piece: &Piece) -> Place {
        self.shift.map_or(self.place, |shift| self.place.part(piece.offset + shift, piece.width))
    }

    /// Reports and gives up.
    pub(super) fn wrong<T>(
        &self,
        piece: &Piece,
        kind: FaultKind,
        message: &str,
        expected: &str,
    ) -> Option<T> {
        let fault = self.fault(piece, kind, message);
        let fault = if expected.is_empty() { fault } else { fault.expected(expected) };
        self.reader.fault(fault);
        None
    }

    /// Reads the grammar of a text.
    pub(super) fn spell(&self, text: &str) -> Option<Piece> {
        match read(text) {
            Ok(piece) => Some(piece),
            Err(wrong) => {
                let kind =
                    if wrong.expected.is_some() { FaultKind::Comma } else { FaultKind::Value };
                let piece = Piece {
                    offset: wrong.offset,
                    width: wrong.width,
                    kind: Kind::Atom(String::new()),
                };
                let expected = wrong.expected.unwrap_or_default();
                self.wrong(&piece, kind, &wrong.message, &expected)
            }
        }
    }

    /// Replaces a parameter or `uncertain(…)` by its value and hands that on.
    pub(super) fn resolved<T>(
        &self,
        piece: &Piece,
        work: &dyn Fn(&Context<'_>, &Piece) -> Option<T>,
    ) -> Option<T> {
        match &piece.kind {
            Kind::Atom(text) if text.starts_with('=') => self.parameter(piece, &text[1..], work),
            Kind::Call(name, arguments) if name == "uncertain" => {
                let value = self.uncertain(piece, arguments)?;
                self.resolved(&value, work)
            }
            _ => work(self, piece),
        }
    }

    fn parameter<T>(
        &self,
        piece: &Piece,
        name: &str,
        work: &dyn Fn(&Context<'_>, &Piece) -> Option<T>,
    ) -> Option<T> {
        let node = self.reader.parameter(name, self.at(piece), self.path)?;
        let chain: Vec<&str> =
            std::iter::successors(self.via, |via| via.outer).map(|via| via.name).collect();
        if let Some(at) = chain.iter().position(|known| *known == name) {
            let ring: Vec<&str> = chain[..=at].iter().rev().copied().collect();
            let message =
                format!("parameters refer to each other: {}", super::reader::ring(&ring, name));
            return self.wrong(piece, FaultKind::Cycle, &message, "");
        }
        if chain.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} parameters refer to each other in a row");
            return self.wrong(piece, FaultKind::Range, &message, "");
        }
        let Some(text) = node.text().filter(|text| !text.is_empty()) else {
            let message = format!("the parameter `{name}` is {}", node.kind());
            return self.wrong(piece, FaultKind::Shape, &message, "a value");
        };
        let path = format!("parameters.{name}");
        let via = Via { name, place: self.at(piece), path: self.path, outer: self.via };
        let inner = Context { via: Some(&via), ..Context::of(self.reader, node, text, &path) };
        let piece = inner.spell(text)?;
        inner.resolved(&piece, work)
    }

    /// The value that counts of `uncertain(best low..high)`.
    fn uncertain(&self, piece: &Piece, arguments: &[Argument]) -> Option<Piece> {
        let example = "the best value and its range, as in `uncertain(3ms 1ms..6ms)`";
        let [Argument { key: None, value: best }, Argument { key: None, value: range }] = arguments
        else {
            let message = "`uncertain` takes two arguments";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        let Kind::Atom(best_text) = &best.kind else {
            let message = "the best value of `uncertain` is a quantity";
            return self.wrong(best, FaultKind::Value, message, example);
        };
        let Kind::Atom(range_text) = &range.kind else {
            return self.wrong(range, FaultKind::Value, "this is no range", example);
        };
        if !range_text.contains("..") {
            let message = format!("`{range_text}` is no range");
            return self.wrong(range, FaultKind::Value, &message, example);
        }
        let quantity =
            Quantity::lex(best_text).map_err(|problem| self.problem(best, problem, None));
        let quantity = quantity.ok()?;
        // What has no known unit is reported where it is used.
        let Some(dimension) = quantity.dimension() else { return Some(best.clone()) };
        let number = quantity.value(dimension);
        let (number, _) = number.map_err(|problem| self.problem(best, problem, None)).ok()?;
        let (low, high) = self.ends(range, range_text, |text, piece| {
            let lexed = Quantity::lex(text).and_then(|quantity| quantity.value(dimension));
            lexed.map_err(|problem| self.problem(piece, problem, Some(dimension))).ok().map(|v| v.0)
        })?;
        if !(low..=high).contains(&number) {
            let message = format!("the best value is outside of its range `{range_text}`");
            return self.wrong(best, FaultKind::Range, &message, "");
        }
        let place = self.at(best);
        let draw = self.reader.uncertain(Uncertain {
            path: self.path.to_owned(),
            place,
            best: number,
            low,
            high,
        });
        // The drawn number in the unit that the best value is written in.
        let kind = match draw.filter(|_| number > 0.0) {
            Some(drawn) => {
                let written = quantity.number.parse::<f64>().unwrap_or(0.0) * drawn / number;
                let whole = dimension == Dimension::Count && quantity.per.is_empty();
                let written = if whole { written.round() } else { written };
                let per = quantity.strokes();
                let dollars = if quantity.dollars { "$" } else { "" };
                Kind::Atom(format!("{dollars}{written}{}{per}", quantity.unit))
            }
            None => best.kind.clone(),
        };
        Some(Piece { kind, ..*best })
    }

    /// A number of a dimension, in its base unit.
    pub(super) fn number(&self, piece: &Piece, dimension: Dimension) -> Option<f64> {
        self.resolved(piece, &|me, piece| me.plain_number(piece, dimension))
    }

    pub(super) fn plain_number(&self, piece: &Piece, dimension: Dimension) -> Option<f64> {
        let text = match &piece.kind {
            Kind::Atom(text) => text,
            Kind::Call(name, _) => {
                let message = format!("`{name}(…)` where a constant is expected");
                return self.wrong(piece, FaultKind::Value, &message, dimension.described());
            }
        };
        if text.contains("..") && Quantity::begins(text) {
            let message = format!("`{text}` is a range; one value is expected");
            return self.wrong(piece, FaultKind::Value, &message, dimension.described());
        }
        match Quantity::lex(text).and_then(|quantity| quantity.value(dimension)) {
            Ok((value, None)) => Some(value),
            Ok((value, Some(population))) => {
                let of = self.reader.population(population, self.at(piece), self.path)?;
                let product = value * of;
                // Things that are counted are whole; an excess of rounding is none.
                Some(if dimension == Dimension::Count {
                    (product - 1e-9 * product.max(1.0)).ceil().max(0.0)
                } else {
                    product
                })
            }
            Err(problem) => {
                self.problem(piece, problem, Some(dimension));
                None
            }
        }
    }

    /// Reports a quantity that is none.
    fn problem(&self, piece: &Piece, problem: Problem, dimension: Option<Dimension>) {
        let kind = match problem.kind {
            ProblemKind::Unit => FaultKind::Unit,
            ProblemKind::Value => FaultKind::Value,
            ProblemKind::Range => FaultKind::Range,
        };
        let fault = self.fault(piece, kind, problem.message);
        let described = dimension.map(|dimension| dimension.described().to_owned());
        let mut fault = Fault { expected: problem.expected.or(described), ..fault };
        // A parameter has the type of the place where it is used: say which.
        if kind == FaultKind::Unit
            && let Some(via) = std::iter::successors(self.via, |via| via.outer).last()
        {
            let (name, line) = (via.name, via.place.line);
            fault = fault.hint(format!("it is used as `={name}` in {} (line {line})", via.path));
        }
        self.reader.fault(fault);
    }

    /// A price.
    pub(super) fn price(&self, piece: &Piece, dimension: Dimension) -> Option<Price> {
        self.resolved(piece, &|me, piece| {
            me.plain_number(piece, dimension)?;
            let Kind::Atom(text) = &piece.kind else { return None };
            let priced = Quantity::lex(text).and_then(|quantity| quantity.price(dimension));
            let (mut price, population) = match priced {
                Ok(price) => price,
                Err(problem) => {
                    me.problem(piece, problem, Some(dimension));
                    return None;
                }
            };
            if let Some(population) = population {
                let of = me.reader.population(population, me.at(piece), me.path)?;
                let product = Decimal::from_f64(of).and_then(|of| price.amount.checked_mul(of));
                let Some(product) = product else {
                    return me.wrong(piece, FaultKind::Range, "the price is too large", "");
                };
                price.amount = product;
            }
            Some(price)
        })
    }

    /// The dimension that a value is of by its first quantity, among those allowed.
    pub(super) fn dimension(&self, piece: &Piece, allowed: &[Dimension]) -> Option<Dimension> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(text) => Quantity::lex(text.split("..").next()?)
                .ok()?
                .dimension()
                .filter(|dimension| allowed.contains(dimension)),
            Kind::Call(_, arguments) => {
                arguments.iter().find_map(|argument| me.dimension(&argument.value, allowed))
            }
        })
    }

    /// A range `low..high` of a dimension.
    pub(super) fn range(&self, piece: &Piece, dimension: Dimension) -> Option<(f64, f64)> {
        self.resolved(piece, &|me, piece| {
            let Kind::Atom(text) = &piece.kind else {
                return me.wrong(piece, FaultKind::Value, "a range is expected", "`low..high`");
            };
            me.ends(piece, text, |_, end| me.number(end, dimension))
        })
    }

    /// Both ends of a range, of which the lower one comes first.
    fn ends(
        &self,
        piece: &Piece,
        text: &str,
        number: impl Fn(&str, &Piece) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        let Some((low, high)) = text.split_once("..") else {
            let message = format!("`{text}` is no range");
            return self.wrong(piece, FaultKind::Value, &message, "`low..high`, as in `5s..30s`");
        };
        let end = |text: &str, offset: usize| {
            let kind = Kind::Atom(text.to_owned());
            let part = Piece { offset: piece.offset + offset, width: text.chars().count(), kind };
            number(text, &part)
        };
        let (from, to) = (end(low, 0), end(high, low.chars().count() + 2));
        let (from, to) = (from?, to?);
        if to < from {
            let message = format!("`{text}` ends before it begins");
            let expected = format!("the lower end first: `{high}..{low}`");
            return self.wrong(piece, FaultKind::Range, &message, &expected);
        }
        Some((from, to))
    }
}
