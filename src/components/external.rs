//! Somebody else's service: their latency, limits and errors; what we pay for.

use crate::dist::Distribution;
use crate::program::{
    Algorithm, Bucket, Counter, Kind, Measure, Op, Quantity, StationId, StationKind, Target, Tokens,
};

use crate::source::{Fields, Shape, Table};

use super::client::Call;
use super::common::{CLIENT, LATENCY, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::Decode;
use super::failures::FAILURES;
use super::lower::{At, Lower, Own};
use super::metrics::Resource;
use super::policy;
use super::policy::Policies;
use super::{VerbOf, Verbs, steps};

/// An external service as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    rate_limit_per_s: Option<f64>,
    burst: Option<f64>,
    concurrency: Option<u32>,
    /// Calls per month.
    quota: Option<f64>,
    errors: f64,
}

/// Their limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    limit: Option<StationId>,
    quota: Option<StationId>,
    concurrency: Option<StationId>,
}

/// `call: external`.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) external: usize,
    pub(crate) amount: Option<Distribution>,
}

/// Seconds of a month of 730 hours.
pub(crate) const MONTH_S: f64 = 730.0 * 3600.0;

impl Spec {
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let bucket = |rate_per_s: f64, burst: f64, algorithm, kind: Kind| {
            StationKind::Bucket(Bucket {
                rate_per_s,
                burst,
                algorithm,
                excess: Some(kind.id()),
                clients: None,
                places: 0,
                caller_side: false,
            })
        };
        let limit = self.rate_limit_per_s.map(|rate| {
            let burst = self.burst.unwrap_or_else(|| rate.max(1.0));
            let kind = bucket(rate, burst, Algorithm::TokenBucket, Kind::RateLimited);
            lower.station(own, kind)
        });
        let quota = self.quota.map(|quota| {
            let kind = bucket(quota / MONTH_S, quota, Algorithm::FixedWindow, Kind::QuotaExceeded);
            lower.station(own, kind)
        });
        let concurrency = self.concurrency.map(|capacity| {
            let full_kind = Kind::RateLimited.id();
            let tokens = Tokens { places: 0, full_kind, ..Tokens::fifo(capacity) };
            lower.station(own, StationKind::Tokens(tokens))
        });
        for (name, station) in [("limit", limit), ("quota", quota)] {
            if let Some(station) = station {
                let sized_by = Some(own.at(if name == "limit" { "rate_limit" } else { "quota" }));
                let resource = Resource::bucket(name, vec![station]);
                lower.resource(own, Resource { sized_by, ..resource });
            }
        }
        if let Some(station) = concurrency {
            let sized_by = Some(own.at("concurrency"));
            let resource = Resource::tokens("concurrency", vec![station]);
            lower.resource(own, Resource { sized_by, unit: "call", ..resource });
        }
        if let Some(station) = quota.or(limit).or(concurrency) {
            let accepted = Measure::Rate(vec![Counter::StationServed(station)]);
            lower.metric(format!("{}.accepted.rate", own.name), Quantity::Rate, accepted);
        } else {
            let all = Measure::Rate(vec![Counter::Calls(own.id())]);
            lower.metric(format!("{}.accepted.rate", own.name), Quantity::Rate, all);
        }
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built { limit, quota, concurrency }
    }
}

impl Action {
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies) {
        let own = self.external;
        let call = Call { amount: self.amount.as_ref(), ..Call::default() };
        lower.call(at, own, policies, call, &mut |lower, at| {
            lower.boundary(at, Some(own), &mut |lower, at| self.answer(lower, at));
        });
    }

    fn answer(&self, lower: &mut Lower<'_>, at: &At) {
        let own = self.external;
        let built = *lower.external(own);
        let parts = lower.parts;
        // What one limit refuses spends nothing of the next: first how many at once, then the rate, then
        // the quota.
        lower.holding(at, built.concurrency.map(Target::fixed), &mut |lower, at| {
            for station in [built.limit, built.quota].into_iter().flatten() {
                lower.op(at, Op::Admit { at: Target::fixed(station) });
            }
            let errors = match &parts[own].spec {
                super::Spec::External(spec) => spec.errors,
                _ => 0.0,
            };
            if errors > 0.0 {
                lower.chance(at, "errors", errors, &mut |lower, at| {
                    lower.fail(at, Kind::Unavailable, own);
                });
            }
            let latency = parts[own].common.latency.as_ref();
            lower.delay(at, "latency", latency, own);
        });
    }
}

/// Its word.
pub(crate) const WORD: &str = "external";

/// Its verbs.
pub(crate) const VERBS: Verbs = &[VerbOf {
    word: "call",
    table: &CALL,
    decode: |_, fields, external| {
        let amount = fields.amount("amount");
        Some(super::Action::External(Action { external, amount }))
    },
}];

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "somebody else's service",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "external"),
        field("rate_limit", Shape::Rate, "", "theirs; beyond: `rate_limited`"),
        field("burst", Shape::Positive, "(one second's worth)", "calls at once within their limit"),
        field("concurrency", Shape::Positive, "", "theirs; beyond: `rate_limited`"),
        field("quota", Shape::Rate, "", "calls per month; then `quota_exceeded`"),
        field("errors", Shape::Ratio, "0%", "share that fails as `unavailable`"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        FAILURES,
        CLIENT,
    ],
};

/// Keys of a call.
pub(crate) static CALL: Table = Table {
    name: "call",
    doc: "call an endpoint or an external service, and wait for the answer",
    fields: &[
        field("call", Shape::Name("endpoint or external"), "required", "what is called"),
        field(
            "amount",
            Shape::OneOf(&[Shape::DurationDist, Shape::BytesDist]),
            "",
            "time or bytes, for the usage price",
        ),
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

/// Decodes an external service.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let limit = |key| fields.has(key).then(|| decode.at_least_one(fields, key, 1));
    let rate_limit_per_s = fields.rate("rate_limit");
    if fields.has("burst") && !fields.has("rate_limit") {
        let message = "`burst` belongs to a `rate_limit`, which is missing".to_owned();
        decode.conflict(fields, "burst", message);
    }
    Spec {
        rate_limit_per_s,
        burst: limit("burst").map(f64::from),
        concurrency: limit("concurrency"),
        quota: fields.rate("quota").map(|per_s| (per_s * MONTH_S).round()),
        errors: decode.share(fields, "errors").unwrap_or(0.0),
    }
}
