//! Objectives, alerts, claims, gates: conditions with their names and places.

use crate::components::{Decode, Written as Text, field};
use crate::expr::{Compiled, Expression, Names, Purpose};
use crate::source::{Fault, FaultKind, Faults, Fields, Place, Shape, Table};

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
    role: Role,
    text: Text,
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
            let text = Text::read(decode, entry, &entry.key, path);
            all.extend(text.map(|text| Written { role, text }));
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
            let read = |level| Text::read(decode, level, &entry.key, alert.path_of(key));
            all.extend(level.and_then(read).map(|text| Written { role, text }));
        }
    }
    for text in asserts {
        let text = Text::of_text(decode, text, "--assert");
        all.extend(text.map(|text| Written { role: Role::Assertion, text }));
    }
    all
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
        let text = self.text;
        let head = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        for metric in text.expr.metrics() {
            if silent.contains(&head(&metric.written).as_str()) {
                let place = text.place_of(metric.offset, metric.width);
                let message = format!(
                    "not supported yet: `{}`, a metric of an endpoint that traffic does not request",
                    metric.written
                );
                faults.push(Fault::error(FaultKind::NotYet, place, &text.path, message));
                return None;
            }
        }
        let purpose = match self.role {
            Role::Claim | Role::Gate => Purpose::Claim,
            _ => Purpose::Objective,
        };
        let compiled = text.compile(names, purpose, faults)?;
        Some(Judgement {
            role: self.role,
            text: text.expr.text.clone(),
            name: text.name,
            place: text.place,
            expr: text.expr,
            compiled,
        })
    }
}
