//! Traffic as it is written: open, closed, or sessions.

use crate::components::{Decode, Policies, RETRY, TIMEOUT, VIA, field, nonzero};
use crate::dist::{Curve, Distribution};
use crate::source::{Entry, FaultKind, Fields, Node, Shape, Table, Value};

use super::model::{Message, Mix, Sessions, Supply, Traffic};
use super::steps::percent;

/// Endpoints and their shares.
const MIX: Shape = Shape::OneOf(&[Shape::Name("endpoint"), Shape::MapOf(&Shape::Ratio)]);

/// Keys of a traffic source.
pub(crate) static TABLE: Table = Table {
    name: "traffic",
    doc: "a source of requests; exactly one of rate, clients, sessions, session_rate",
    fields: &[
        field("rate", Shape::Curve, "", "open: requests per time, whatever the system does"),
        field("clients", Shape::Count, "", "closed: clients that wait for their answer"),
        field("think_time", Shape::DurationDist, "0s", "pause of a client after its answer"),
        field("sessions", Shape::Count, "", "a constant number of open sessions"),
        field("session_rate", Shape::Curve, "", "sessions that arrive per time"),
        field("mix", MIX, "", "an endpoint, or endpoints with shares"),
        field("via", Shape::ListOf(&Shape::Name("component")), "", "what requests pass first"),
        field("arrivals", Shape::Any, "poisson", "shape of the gaps of an open source"),
        field("batch", Shape::CountDist, "1", "requests per arrival"),
        TIMEOUT,
        RETRY,
        field("length", Shape::DurationDist, "", "duration of a session"),
        field("connects_to", Shape::Name("service"), "", "where a session holds a connection"),
        field("messages", Shape::MapOf(&Shape::Table(&MESSAGE)), "", "streams of a session"),
        field("heartbeat", Shape::DurationDist, "", "interval that keeps a session alive"),
        field("cap", Shape::Count, "", "most sessions; beyond: `refused`"),
        field("idle_timeout", Shape::NotYet("idle_timeout of sessions"), "", "closes in silence"),
        field("reconnect", Shape::DurationDist, "never", "pause before a dropped one comes back"),
    ],
};

static MESSAGE: Table = Table {
    name: "messages",
    doc: "a stream of messages of each session",
    fields: &[
        field("every", Shape::DurationDist, "required", "gap between two"),
        field("mix", MIX, "", "what the system does with one"),
        field("push", Shape::BytesDist, "", "instead: bytes to the client"),
    ],
};

const SUPPLIES: [&str; 4] = ["rate", "clients", "sessions", "session_rate"];

/// Keys that only some sources have.
const ONLY: &[(&str, &[&str])] = &[
    ("arrivals", &["rate"]),
    ("batch", &["rate"]),
    ("think_time", &["clients", "sessions", "session_rate"]),
    ("length", &["sessions", "session_rate"]),
    ("connects_to", &["sessions", "session_rate"]),
    ("messages", &["sessions", "session_rate"]),
    ("heartbeat", &["sessions", "session_rate"]),
    ("cap", &["sessions", "session_rate"]),
    ("reconnect", &["sessions", "session_rate"]),
];

/// Decodes a traffic source.
pub(crate) fn decode(
    decode: &Decode<'_>,
    name: &str,
    entry: &Entry,
    fields: &Fields<'_>,
) -> Traffic {
    let stated: Vec<&str> = SUPPLIES.into_iter().filter(|key| fields.has(key)).collect();
    // A slip in a key is one mistake, not two.
    let slip = entry.node.entries().iter().any(|e| TABLE.field(&e.key).is_none());
    if stated.is_empty() && !slip {
        let message = "needs one of `rate`, `clients`, `sessions`, `session_rate`".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    if let [first, second, ..] = stated[..] {
        let message = format!("`{first}` and `{second}`: a source has one of them");
        decode.conflict(fields, second, message);
    }
    let kind = stated.first().copied().unwrap_or("rate");
    for (key, of) in ONLY {
        if fields.has(key) && !of.contains(&kind) && !stated.is_empty() {
            let of = of.join("` or `");
            decode.conflict(fields, key, format!("`{key}` goes with `{of}`, not with `{kind}`"));
        }
    }
    let is_session = kind.starts_with("session");
    let mix_wanted = if is_session { fields.has("think_time") } else { true };
    if mix_wanted && !fields.has("mix") && !slip {
        let message = "`mix` is missing: the endpoint that is requested".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    let supply = match kind {
        "clients" => Supply::Closed {
            clients: fields.count("clients").unwrap_or(1),
            think: nonzero(fields.duration_dist("think_time")),
        },
        "sessions" | "session_rate" => {
            Supply::Sessions(Box::new(sessions(decode, fields, kind, slip)))
        }
        _ => Supply::Open {
            curve: fields.curve("rate").unwrap_or(Curve::Constant(0.0)),
            gaps: fields.gaps("arrivals"),
            batch: batch(decode, fields),
        },
    };
    let policies = Policies {
        timeout: decode.positive(fields, "timeout"),
        ..Policies::decode(decode, fields)
    };
    Traffic {
        name: name.to_owned(),
        load: fields.value_place(kind),
        supply,
        mix: mix(decode, fields),
        via: via(decode, fields),
        policies,
    }
}

fn batch(decode: &Decode<'_>, fields: &Fields<'_>) -> Option<Distribution> {
    let batch = fields.count_dist("batch")?;
    if batch.mean() <= 0.0 {
        decode.range(fields, "batch", "more than nothing");
        return None;
    }
    (batch != Distribution::Constant(1.0)).then_some(batch)
}

fn via(decode: &Decode<'_>, fields: &Fields<'_>) -> Vec<usize> {
    let path = fields.path_of("via");
    let named = |(name, place): (String, _)| decode.component_named(&name, place, &path, VIA);
    fields.names("via").into_iter().filter_map(named).collect()
}

fn sessions(decode: &Decode<'_>, fields: &Fields<'_>, kind: &str, slip: bool) -> Sessions {
    if kind == "session_rate" && !fields.has("length") && !slip {
        let message = "`length` is missing: how long a session stays".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    let think = fields.duration_dist("think_time");
    if !fields.has("messages") && !fields.has("think_time") && !slip {
        let message = "`messages` is missing (or `think_time` and `mix`)".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    let service = fields.node("connects_to");
    let path = fields.path_of("connects_to");
    Sessions {
        constant: fields.count("sessions"),
        arrivals: fields.curve("session_rate"),
        length: decode.positive(fields, "length"),
        connects_to: service.and_then(|node| decode.component(node, &path, &["service"])),
        messages: messages(decode, fields),
        think,
        heartbeat: decode.positive(fields, "heartbeat"),
        cap: fields.count("cap"),
        reconnect: fields.duration_dist("reconnect"),
    }
}

fn messages(decode: &Decode<'_>, fields: &Fields<'_>) -> Vec<Message> {
    let mut all = Vec::new();
    for (entry, message) in fields.tables("messages", &MESSAGE) {
        if message.has("mix") == message.has("push") {
            let text = "a message has either `mix` or `push`".to_owned();
            if message.has("push") {
                decode.conflict(&message, "push", text);
            } else {
                decode.fault(message.here(), &message.path(), FaultKind::MissingKey, text);
            }
        }
        let every = decode.positive(&message, "every");
        all.push(Message {
            name: entry.key.clone(),
            every: every.unwrap_or(Distribution::Constant(1.0)),
            mix: mix(decode, &message),
            push: message.bytes_dist("push"),
        });
    }
    all
}

/// An endpoint, or endpoints with shares that sum to 100 %.
fn mix(decode: &Decode<'_>, fields: &Fields<'_>) -> Mix {
    let Some(node) = fields.node("mix") else { return Vec::new() };
    let path = fields.path_of("mix");
    match &node.value {
        Value::Scalar { .. } => {
            let name = decode.reader.text(node, &path);
            let endpoint = name.and_then(|name| decode.endpoint(&name, node.place, &path));
            endpoint.map(|e| (e, 1.0)).into_iter().collect()
        }
        Value::Map(entries) => shares(decode, node, entries, &path),
        _ => Vec::new(),
    }
}

fn shares(decode: &Decode<'_>, node: &Node, entries: &[Entry], path: &str) -> Mix {
    let mut mix = Vec::new();
    let (mut sum, mut complete) = (0.0, true);
    for entry in entries {
        let path = format!("{path}.{}", entry.key);
        let endpoint = decode.endpoint(&entry.key, entry.place, &path);
        match decode.reader.ratio(&entry.node, &path) {
            Some(share) => {
                sum += share;
                mix.extend(endpoint.map(|e| (e, share)));
            }
            None => complete = false,
        }
    }
    if complete && (sum - 1.0).abs() > 1e-5 {
        let message = format!("the shares sum to {}, not to 100%", percent(sum));
        decode.fault(node.place, path, FaultKind::Shares, message);
    }
    mix
}
