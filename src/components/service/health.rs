//! `health_check`: how a balancer finds dead instances.

use crate::program::Health;
use crate::source::{Fields, Shape, Table};

use super::super::client::nanoseconds;
use super::super::common::field;
use super::super::decode::Decode;

pub(crate) static HEALTH: Table = Table {
    name: "health_check",
    doc: "how a balancer finds dead instances",
    fields: &[
        field("every", Shape::Duration, "10s", "time between two checks of an instance"),
        field("timeout", Shape::Duration, "2s", "how long a check waits for its answer"),
        field("down_after", Shape::Positive, "3", "failures in a row that take it out"),
        field("up_after", Shape::Positive, "2", "answers in a row that bring it back"),
    ],
};

/// Decodes them.
pub(crate) fn decode(decode: &Decode<'_>, balancer: &Fields<'_>) -> Option<Health> {
    let fields = balancer.table("health_check", &HEALTH)?;
    let every_s = fields.seconds("every").unwrap_or(10.0);
    if every_s <= 0.0 {
        decode.range(&fields, "every", "longer than 0s");
    }
    let timeout_s = fields.seconds("timeout").unwrap_or(2.0);
    if timeout_s > every_s {
        decode.range(&fields, "timeout", "at most `every`: checks of an instance do not overlap");
    }
    Some(Health {
        every_ns: nanoseconds(every_s).max(1),
        timeout_ns: nanoseconds(timeout_s),
        down_after: decode.at_least_one(&fields, "down_after", 3),
        up_after: decode.at_least_one(&fields, "up_after", 2),
    })
}
