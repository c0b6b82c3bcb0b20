//! A content delivery network in front of everything: a hit is answered at the edge.

use crate::dist::Distribution;
use crate::program::{Counter, Eviction, Family, FamilyId, Measure, Node, Op, Quantity, site};

use crate::source::{Fields, Shape, Table};

use super::Verbs;
use super::client::Call;
use super::common::{CLIENT, LATENCY, NO_FAILURES, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::Decode;
use super::lower::{At, Lower, Own};
use super::policy::Policies;

/// A CDN as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    hit_ratio: f64,
}

/// Its keys: a family with a stated hit ratio.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built(FamilyId);

impl Spec {
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let node = lower.builder.node(Node {
            owner: own.id(),
            limit_bytes: f64::INFINITY,
            max_keys: u64::MAX,
            evict_at: 1.0,
            eviction: Eviction::Lru,
        });
        let path = site(own.path, "edge");
        let size = lower.builder.draw(Distribution::Constant(0.0), path, 1.0);
        let family = lower.builder.family(Family {
            owner: own.id(),
            node,
            population: 1,
            zipf: 0.0,
            size,
            ttl_ns: None,
            renew_on_access: false,
            single_flight: false,
            stated: Some(self.hit_ratio),
            site: path,
            lookup_rate_per_s: 0.0,
        });
        let offload = Measure::Share(vec![Counter::Hits(family)], vec![Counter::Lookups(family)]);
        lower.metric(format!("{}.offload", own.name), Quantity::Ratio, offload);
        lower.network_metric(own);
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built(family)
    }
}

/// Writes the way of a request through the CDN: a hit ends at the edge, a miss goes on to `origin`.
pub(crate) fn via(
    lower: &mut Lower<'_>,
    at: &At,
    own: usize,
    origin: &mut dyn FnMut(&mut Lower<'_>, &At),
) {
    let family = lower.cdn(own).0;
    let system = lower.system;
    let amount = system.response_bytes(at.endpoint);
    let call = Call { amount, outside: true, ..Call::default() };
    lower.call(at, own, &Policies::default(), call, &mut |lower, at| {
        let mut at = at.clone();
        let key = at.scope.locals(1);
        let (missed, end) = (lower.builder.label(), lower.builder.label());
        lower.op(&at, Op::Lookup { family, key, miss: missed.pc() });
        let parts = lower.parts;
        lower.delay(&at, "latency", parts[own].common.latency.as_ref(), own);
        lower.op(&at, Op::Jump(end.pc()));
        lower.builder.place(missed);
        origin(lower, &at);
        lower.builder.place(end);
    });
}

/// Its word.
pub(crate) const WORD: &str = "cdn";

/// It owns no verb: traffic passes it by `via`.
pub(crate) const VERBS: Verbs = &[];

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "answers part of the requests at the edge",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "cdn"),
        field("hit_ratio", Shape::Ratio, "required", "share that is answered at the edge"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        NO_FAILURES,
        CLIENT,
    ],
};

/// Decodes a CDN.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    Spec { hit_ratio: decode.share(fields, "hit_ratio").unwrap_or(0.0) }
}
