//! A rate limit of ours in front of an endpoint.

use crate::program::{Algorithm, Bucket, Kind, Op, StationId, StationKind, Target};

use crate::source::{FaultKind, Fields, Shape, Table};

use super::Verbs;
use super::common::{CLIENT, LATENCY, NO_FAILURES, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::Decode;
use super::lower::{At, Lower, Own};
use super::metrics::Resource;

/// A limiter as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    rate_per_s: f64,
    burst: f64,
    algorithm: Algorithm,
    clients: Option<u64>,
    waits: bool,
}

/// The limiter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built(StationId);

impl Spec {
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let station = lower.station(
            own,
            StationKind::Bucket(Bucket {
                rate_per_s: self.rate_per_s,
                burst: self.burst,
                algorithm: self.algorithm,
                excess: (!self.waits).then_some(Kind::RateLimited.id()),
                clients: self.clients,
                places: u32::MAX,
                caller_side: false,
            }),
        );
        lower.resource(
            own,
            Resource { sized_by: Some(own.at("rate")), ..Resource::bucket("", vec![station]) },
        );
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built(station)
    }
}

/// Writes the way of a request through the limiter.
pub(crate) fn via(
    lower: &mut Lower<'_>,
    at: &At,
    own: usize,
    rest: &mut dyn FnMut(&mut Lower<'_>, &At),
) {
    let target = Target::fixed(lower.limiter(own).0);
    let policies = super::policy::Policies::default();
    let call = super::client::Call { outside: true, ..super::client::Call::default() };
    lower.call(at, own, &policies, call, &mut |lower, at| {
        let parts = lower.parts;
        lower.delay(at, "latency", parts[own].common.latency.as_ref(), own);
        lower.op(at, Op::Admit { at: target });
    });
    rest(lower, at);
}

/// Its word.
pub(crate) const WORD: &str = "limiter";

/// It owns no verb: traffic passes it by `via`.
pub(crate) const VERBS: Verbs = &[];

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "a rate limit of ours",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "limiter"),
        field("rate", Shape::Rate, "required", "requests per time"),
        field("burst", Shape::Positive, "(the count in `rate`)", "requests at once"),
        field(
            "algorithm",
            Shape::Word(&["token_bucket", "fixed_window", "sliding_window"]),
            "token_bucket",
            "how the limit comes back",
        ),
        field("per", Shape::Word(&["all", "client"]), "all", "one limit, or one per client"),
        field("clients", Shape::Positive, "", "how many clients"),
        field("excess", Shape::Word(&["reject", "wait"]), "reject", "what becomes of the rest"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        NO_FAILURES,
        CLIENT,
    ],
};

/// Decodes a limiter.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let per_client = fields.word("per") == Some("client");
    if fields.has("clients") && !per_client {
        let message = "`clients` belongs to `per: client`".to_owned();
        decode.conflict(fields, "clients", message);
    }
    if per_client && !fields.has("clients") {
        let message = "`per: client` needs `clients`: how many there are".to_owned();
        decode.fault(fields.here(), &fields.path(), FaultKind::MissingKey, message);
    }
    let rate_per_s = fields.rate("rate").unwrap_or(1.0);
    if rate_per_s <= 0.0 {
        decode.range(fields, "rate", "more than nothing");
    }
    let burst = fields.has("burst").then(|| f64::from(decode.at_least_one(fields, "burst", 1)));
    Spec {
        rate_per_s,
        burst: burst.or_else(|| fields.rate_count("rate")).unwrap_or(1.0).max(1.0),
        algorithm: match fields.word("algorithm") {
            Some("fixed_window") => Algorithm::FixedWindow,
            Some("sliding_window") => Algorithm::SlidingWindow,
            _ => Algorithm::TokenBucket,
        },
        clients: per_client.then(|| u64::from(decode.at_least_one(fields, "clients", 1))),
        waits: fields.word("excess") == Some("wait"),
    }
}
