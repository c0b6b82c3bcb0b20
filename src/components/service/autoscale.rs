//! `autoscale`: how the number of instances follows the load.

use crate::expr::{Clause, Comparator, Test};
use crate::source::{FaultKind, Fields, Shape, Table};

use super::super::common::field;
use super::super::decode::Decode;
use super::super::written::Written;

/// A controller as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Autoscale {
    /// Fewest instances.
    pub(crate) min: u32,
    /// Most instances.
    pub(crate) max: u32,
    /// How it decides.
    pub(crate) rules: Rules,
    /// Instances that a rule adds or removes.
    pub(crate) step: u32,
    /// Seconds without a change after a change.
    pub(crate) cooldown_s: f64,
    /// Seconds of a window.
    pub(crate) interval_s: f64,
    /// Seconds without a request and without a session until all instances go.
    pub(crate) idle_after_s: Option<f64>,
}

/// How a controller decides.
#[derive(Clone, Debug)]
pub(crate) enum Rules {
    /// Nothing but `idle_after`.
    None,
    /// `METRIC = VALUE`.
    Target(Written),
    /// `up` and `down`.
    Steps { up: Vec<Written>, down: Vec<Written> },
}

pub(crate) static AUTOSCALE: Table = Table {
    name: "autoscale",
    doc: "changes the number of instances",
    fields: &[
        field("min", Shape::Count, "1", "fewest instances; 0 with `idle_after`"),
        field("max", Shape::Positive, "required", "most instances"),
        field(
            "target",
            Shape::Expression,
            "",
            "METRIC = VALUE: aims at metric x instances / value, rounded up",
        ),
        field("up", Shape::MapOf(&Shape::Expression), "", "any of them adds `step` instances"),
        field(
            "down",
            Shape::MapOf(&Shape::Expression),
            "",
            "all of them together remove `step`, unless one of `up` holds",
        ),
        field("step", Shape::Positive, "1", "instances that a rule adds or removes at once"),
        field("cooldown", Shape::Duration, "5m", "time without a change after a change"),
        field("interval", Shape::Duration, "15s", "windows over which metrics are read"),
        field(
            "idle_after",
            Shape::Duration,
            "",
            "with `min: 0`: without requests and sessions for so long, all instances go",
        ),
    ],
};

/// Decodes a controller.
pub(crate) fn decode(decode: &Decode<'_>, service: &Fields<'_>) -> Option<Autoscale> {
    let fields = service.table("autoscale", &AUTOSCALE)?;
    let max = decode.at_least_one(&fields, "max", 1);
    let mut min = fields.count("min").unwrap_or(1);
    if min > max && fields.has("max") {
        decode.range(&fields, "min", &format!("at most `max`, {max}"));
        min = max;
    }
    let idle_after_s = fields.seconds("idle_after");
    if min == 0 && !fields.has("idle_after") {
        let message = "`min: 0` needs `idle_after`: when does the last instance go?".to_owned();
        decode.conflict(&fields, "min", message);
    }
    if min > 0 && fields.has("idle_after") {
        let message = "`idle_after` lets the last instance go: it needs `min: 0`".to_owned();
        decode.conflict(&fields, "idle_after", message);
    }
    let interval_s = fields.seconds("interval").unwrap_or(15.0);
    if interval_s <= 0.0 {
        decode.range(&fields, "interval", "longer than 0s");
    }
    Some(Autoscale {
        min,
        max,
        rules: rules(decode, &fields),
        step: decode.at_least_one(&fields, "step", 1),
        cooldown_s: fields.seconds("cooldown").unwrap_or(300.0),
        interval_s: if interval_s > 0.0 { interval_s } else { 15.0 },
        idle_after_s,
    })
}

fn rules(decode: &Decode<'_>, fields: &Fields<'_>) -> Rules {
    let all = |key: &str| -> Vec<Written> {
        let path = |name: &str| format!("{}.{name}", fields.path_of(key));
        let entries = fields.map(key).into_iter();
        entries.filter_map(|e| Written::read(decode, e, &e.key, path(&e.key))).collect()
    };
    if !fields.has("target") {
        if !fields.has("up") && !fields.has("down") && !fields.has("idle_after") {
            let message = "what makes it change? `target`, `up` and `down`, or `idle_after`";
            let kind = FaultKind::MissingKey;
            decode.fault(fields.here(), &fields.path(), kind, message.to_owned());
        }
        if !fields.has("up") && !fields.has("down") {
            return Rules::None;
        }
        let what = "any rule of `up` adds instances, only all of `down` together remove them";
        decode.note(format!("{}: {what}", fields.path()));
        return Rules::Steps { up: all("up"), down: all("down") };
    }
    for key in ["up", "down", "step"] {
        if fields.has(key) {
            let message = format!("`{key}` does not go with `target`: one or the other");
            decode.conflict(fields, key, message);
        }
    }
    let target = fields
        .iter()
        .find(|entry| entry.key == "target")
        .and_then(|entry| Written::read(decode, entry, "target", fields.path_of("target")));
    let Some(target) = target else { return Rules::None };
    let is_target = matches!(
        &target.expr.clause,
        Clause::Comparison(c) if matches!(c.test, Test::Against(Comparator::Equal, _))
    );
    if !is_target {
        let width = target.expr.text.chars().count();
        decode.hint(
            target.place_of(0, width),
            &target.path,
            FaultKind::Expression,
            "a target is one metric and the value that each instance should have".to_owned(),
            Some("write `METRIC = VALUE`; conditions belong to `up` and `down`".to_owned()),
        );
        return Rules::None;
    }
    Rules::Target(target)
}
