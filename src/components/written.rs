//! A condition as it stands in a profile, before its names are known.

use crate::expr::{Compiled, ExprError, Expression, Mistake, Names, Purpose, parse};
use crate::source::{Entry, Fault, FaultKind, Faults, Place, Value};

use super::decode::Decode;

/// A condition and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Its name in the profile.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) place: Place,
    /// Characters before the expression at that place (a quotation mark); `None` where there are no
    /// columns (a text of the command line).
    quote: Option<usize>,
    /// Path of its key.
    pub(crate) path: String,
    /// What it says.
    pub(crate) expr: Expression,
}

impl Written {
    /// Reads the value of a key; faults go to the reader.
    pub(crate) fn read(
        decode: &Decode<'_>,
        entry: &Entry,
        name: &str,
        path: String,
    ) -> Option<Self> {
        let (text, quoted) = match &entry.node.value {
            Value::Scalar { text, quoted, .. } if !text.trim().is_empty() => (text, *quoted),
            _ => {
                let message = format!("expected an expression, found {}", entry.node.kind());
                decode.fault(entry.node.place, &path, FaultKind::Shape, message);
                return None;
            }
        };
        let (place, quote) = (entry.node.place, usize::from(quoted));
        match parse(text) {
            Ok(expr) => Some(Self { name: name.to_owned(), place, quote: Some(quote), path, expr }),
            Err(error) => {
                let place = place.part(quote + error.offset, error.width);
                decode.reader.fault(fault(&error, place, &path));
                None
            }
        }
    }

    /// Reads a text that stands in no file.
    pub(crate) fn of_text(decode: &Decode<'_>, text: &str, path: &str) -> Option<Self> {
        match parse(text) {
            Ok(expr) => Some(Self {
                name: text.to_owned(),
                place: Place::default(),
                quote: None,
                path: path.to_owned(),
                expr,
            }),
            Err(error) => {
                let path = format!("{path} {text}");
                decode.reader.fault(fault(&error, Place::default(), &path));
                None
            }
        }
    }

    /// The place of a part of it.
    pub(crate) fn place_of(&self, offset: usize, width: usize) -> Place {
        self.quote.map_or(self.place, |quote| self.place.part(quote + offset, width))
    }

    /// Finds its names.
    pub(crate) fn compile(
        &self,
        names: &Names<'_>,
        purpose: Purpose,
        faults: &mut Faults,
    ) -> Option<Compiled> {
        match Compiled::new(&self.expr, names, purpose) {
            Ok(compiled) => Some(compiled),
            Err(errors) => {
                for error in errors {
                    let place = self.place_of(error.offset, error.width);
                    faults.push(fault(&error, place, &self.path));
                }
                None
            }
        }
    }
}

fn fault(error: &ExprError, place: Place, path: &str) -> Fault {
    let mut fault = Fault::error(kind(error.mistake), place, path, error.message.clone());
    fault.expected.clone_from(&error.expected);
    fault.hint.clone_from(&error.hint);
    fault
}

const fn kind(mistake: Mistake) -> FaultKind {
    match mistake {
        Mistake::Syntax | Mistake::Place => FaultKind::Expression,
        Mistake::Name => FaultKind::UnknownName,
        Mistake::Unit => FaultKind::Unit,
        Mistake::Range => FaultKind::Range,
        Mistake::NotYet => FaultKind::NotYet,
    }
}
