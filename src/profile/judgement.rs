//! Objectives, alerts, claims, gates: conditions with their names and places.

use crate::components::{Decode, field};
use crate::source::{Entry, FaultKind, Fields, Place, Shape, Table};

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
    /// Path in the profile.
    pub path: String,
}

/// Where a condition stands, which decides what it means when it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `slo`: must hold.
    Objective,
    /// `alerts`, first level: reported when it fires.
    Warning,
    /// `alerts`, second level: reported when it fires.
    Critical,
    /// `claims`: what a plan says will be so.
    Claim,
    /// `gate`: says when the next phase may begin.
    Gate,
    /// `--assert`: must hold.
    Assertion,
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

/// Decodes a map of names to conditions.
pub(crate) fn conditions(
    decode: &Decode<'_>,
    root: &Fields<'_>,
    key: &str,
    role: Role,
) -> Vec<Judgement> {
    let mut all = Vec::new();
    for entry in root.map(key) {
        all.extend(condition(decode, entry, entry.key.clone(), &root.path_of(key), role));
    }
    all
}

/// Decodes the alerts.
pub(crate) fn alerts(decode: &Decode<'_>, root: &Fields<'_>) -> Vec<Judgement> {
    let mut all = Vec::new();
    for (entry, alert) in root.tables("alerts", &ALERT) {
        let levels = [("warning", Role::Warning), ("critical", Role::Critical)];
        if levels.iter().all(|(key, _)| !alert.has(key)) {
            let message = "an alert has a `warning` or a `critical` level".to_owned();
            decode.fault(alert.here(), &alert.path(), FaultKind::MissingKey, message);
        }
        for (key, role) in levels {
            let level = entry.node.entry(key);
            all.extend(level.and_then(|level| {
                condition(decode, level, entry.key.clone(), &alert.path(), role)
            }));
        }
    }
    all
}

fn condition(
    decode: &Decode<'_>,
    entry: &Entry,
    name: String,
    path: &str,
    role: Role,
) -> Option<Judgement> {
    let path = format!("{path}.{}", entry.key);
    let text = decode.reader.text(&entry.node, &path)?;
    Some(Judgement { name, role, text, place: entry.node.place, path })
}
