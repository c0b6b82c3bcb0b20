//! Objectives, alerts, claims, gates: conditions with their names and places.

use crate::components::{Decode, field};
use crate::expr::{Compiled, ExprError, Expression, Mistake, Names, Purpose, parse};
use crate::source::{Entry, Fault, FaultKind, Faults, Fields, Place, Shape, Table, Value};

/// A condition of a profile.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Its name in the profile.
    pub name: String,
    /// Where it stands.
    pub role: Role,
    /// As it is written.
    pub text: String,
    /// Where it is written.
    pub place: Place,
    /// What it says.
    pub expr: Expression,
    /// What must be measured for it, and how it is compared.
    pub compiled: Compiled,
}

/// Where a condition stands, which decides what it means when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `slo`: must hold.
    Objective,
    /// `claims`: what a plan says will be so.
    Claim,
    /// `gate`: says when the next phase may begin.
    Gate,
    /// `alerts`, first level: reported when it fires.
    Warning,
    /// `alerts`, second level: reported when it fires.
    Critical,
    /// `--assert`: must hold.
    Assertion,
}

/// A condition whose names are not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    name: String,
    role: Role,
    place: Place,
    /// Characters before the expression at that place (a quotation mark).
    quote: usize,
    path: String,
    expr: Expression,
}

/// Keys of an alert.
pub(crate) static ALERT: Table = Table {
    name: "alert",
    doc: "a condition in two levels",
    fields: &[
        field("warning", Shape::Expression, "", "the first level"),
        field("critical", Shape::Expression, "", "the second level"),
    ],
};

/// Decodes all conditions of a profile, and those of the command line.
pub(crate) fn all(decode: &Decode<'_>, root: &Fields<'_>, asserts: &[String]) -> Vec<Written> {
    let mut all = Vec::new();
    for (key, role) in [("slo", Role::Objective), ("claims", Role::Claim), ("gate", Role::Gate)] {
        for entry in root.map(key) {
            let path = format!("{key}.{}", entry.key);
            all.extend(condition(decode, entry, &entry.key, path, role));
        }
    }
    for (entry, alert) in root.tables("alerts", &ALERT) {
        let levels = [("warning", Role::Warning), ("critical", Role::Critical)];
        let slip = entry.node.entries().iter().any(|e| ALERT.field(&e.key).is_none());
        if levels.iter().all(|(key, _)| !alert.has(key)) && !slip {
            let message = "an alert has a `warning` or a `critical` level".to_owned();
            decode.fault(alert.here(), &alert.path(), FaultKind::MissingKey, message);
        }
        for (key, role) in levels {
            let level = entry.node.entry(key);
            let read = |level| condition(decode, level, &entry.key, alert.path_of(key), role);
            all.extend(level.and_then(read));
        }
    }
    for text in asserts {
        match parse(text) {
            Ok(expr) => all.push(Written {
                name: text.clone(),
                role: Role::Assertion,
                place: Place::default(),
                quote: 0,
                path: "--assert".to_owned(),
                expr,
            }),
            Err(error) => {
                decode.reader.fault(fault(&error, Place::default(), &format!("--assert {text}")));
            }
        }
    }
    all
}

fn condition(
    decode: &Decode<'_>,
    entry: &Entry,
    name: &str,
    path: String,
    role: Role,
) -> Option<Written> {
    let text = match &entry.node.value {
        Value::Scalar { text, .. } if !text.trim().is_empty() => text,
        _ => {
            let message = format!("expected an expression, found {}", entry.node.kind());
            decode.fault(entry.node.place, &path, FaultKind::Shape, message);
            return None;
        }
    };
    let quoted = matches!(&entry.node.value, Value::Scalar { quoted: true, .. });
    let (place, quote) = (entry.node.place, usize::from(quoted));
    match parse(text) {
        Ok(expr) => Some(Written { name: name.to_owned(), role, place, quote, path, expr }),
        Err(error) => {
            decode.reader.fault(fault(
                &error,
                place.part(quote + error.offset, error.width),
                &path,
            ));
            None
        }
    }
}

impl Written {
    /// Finds its names. `silent` are endpoints that no traffic requests by itself: they have no
    /// metrics of their own.
    pub(crate) fn compile(
        self,
        names: &Names<'_>,
        silent: &[&str],
        faults: &mut Faults,
    ) -> Option<Judgement> {
        let head = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        for metric in self.expr.metrics() {
            if silent.contains(&head(&metric.written).as_str()) {
                let place = self.place_of(metric.offset, metric.width);
                let message = format!(
                    "not supported yet: `{}`, a metric of an endpoint that traffic does not request",
                    metric.written
                );
                faults.push(Fault::error(FaultKind::NotYet, place, &self.path, message));
                return None;
            }
        }
        let purpose = match self.role {
            Role::Claim | Role::Gate => Purpose::Claim,
            _ => Purpose::Objective,
        };
        let compiled = Compiled::new(&self.expr, names, purpose);
        match compiled {
            Ok(compiled) => Some(Judgement {
                name: self.name,
                role: self.role,
                text: self.expr.text.clone(),
                place: self.place,
                expr: self.expr,
                compiled,
            }),
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

impl Written {
    fn place_of(&self, offset: usize, width: usize) -> Place {
        match self.role {
            Role::Assertion => self.place,
            _ => self.place.part(self.quote + offset, width),
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
