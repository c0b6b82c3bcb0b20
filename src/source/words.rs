//! The spelling of what has a word of its own: popularity of keys, pauses before repeats.

use super::FaultKind;
use super::reader::Backoff;
use super::spelling::{Argument, Kind, Piece};
use super::value::Context;
use crate::units::Dimension;

/// Steepest popularity. Beyond it all look-ups are of one key.
const MAX_EXPONENT: f64 = 10.0;

impl Context<'_> {
    /// `uniform` or `zipf(0.9)`: the exponent.
    pub(super) fn popularity(&self, piece: &Piece) -> Option<f64> {
        let expected = "`uniform`, or `zipf(0.9)` with its exponent";
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(word) if word == "uniform" => Some(0.0),
            Kind::Call(name, arguments) if name == "zipf" => {
                let [Argument { key: None, value }] = arguments.as_slice() else {
                    let message = "`zipf` takes one number";
                    return me.wrong(piece, FaultKind::Value, message, expected);
                };
                let exponent = me.number(value, Dimension::Number)?;
                if exponent > MAX_EXPONENT {
                    let message = format!("the exponent is at most {MAX_EXPONENT}");
                    return me.wrong(value, FaultKind::Range, &message, expected);
                }
                Some(exponent)
            }
            Kind::Atom(word) | Kind::Call(word, _) => {
                let message = format!("`{word}` is no popularity of keys");
                let fault = me.fault(piece, FaultKind::Word, message);
                me.reader.fault(fault.meant(word, ["uniform", "zipf"]).expected(expected));
                None
            }
        })
    }

    /// A pause before a repeat: a distribution, or `doubling(200ms max=5s jitter=50%)`.
    pub(super) fn backoff(&self, piece: &Piece) -> Option<Backoff> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Call(name, arguments) if name == "doubling" => me.doubling(piece, arguments),
            _ => me.dist(piece, Dimension::Duration, None).map(Backoff::Drawn),
        })
    }

    fn doubling(&self, piece: &Piece, arguments: &[Argument]) -> Option<Backoff> {
        let example = "`doubling(200ms max=5s jitter=50%)`";
        let Some((Argument { key: None, value: first }, options)) = arguments.split_first() else {
            let message = "`doubling` begins with its first pause";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        self.named(options, &["max", "jitter"], "doubling", example)?;
        let find = |key: &str| options.iter().find(|option| option.key.as_deref() == Some(key));
        let first_s = self.number(first, Dimension::Duration)?;
        let mut max_s = f64::INFINITY;
        if let Some(max) = find("max") {
            max_s = self.number(&max.value, Dimension::Duration)?;
            if max_s < first_s {
                let message = "`max` is shorter than the first pause";
                return self.wrong(&max.whole(), FaultKind::Range, message, example);
            }
        }
        let jitter = match find("jitter").map(|jitter| &jitter.value) {
            Some(Piece { kind: Kind::Atom(word), .. }) if word == "full" => None,
            Some(jitter) => Some(self.number(jitter, Dimension::Ratio)?),
            None => Some(0.0),
        };
        Some(Backoff::Doubling { first_s, max_s, jitter })
    }
}
