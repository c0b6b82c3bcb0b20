//! A network link whose bandwidth is shared equally by what passes at the same time.

use crate::dist::Distribution;
use crate::program::{Op, Processor, Quantity, StationId, StationKind, Target};

use crate::source::{Fields, Shape, Table};

use super::client::Call;
use super::common::{CLIENT, LATENCY, NO_FAILURES, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::Decode;
use super::lower::{At, Lower, Own};
use super::metrics::Resource;
use super::policy;
use super::policy::Policies;
use super::{VerbOf, Verbs, steps};

/// A link as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    bytes_per_s: f64,
}

/// The link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built(StationId);

/// `transfer: link`.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) link: usize,
    size: Distribution,
}

impl Spec {
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let station = lower.station(
            own,
            StationKind::Processor(Processor {
                cores: self.bytes_per_s,
                job_cap: f64::INFINITY,
                group_cap: f64::INFINITY,
                groups: 1,
            }),
        );
        lower.resource(
            own,
            Resource {
                sized_by: Some(own.at("bandwidth")),
                unit: "byte/s",
                quantity: Quantity::Bandwidth,
                ..Resource::shared("", vec![station])
            },
        );
        lower.network_metric(own);
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built(station)
    }
}

impl Action {
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies) {
        transfer(lower, at, self.link, &self.size, policies, false);
    }
}

fn transfer(
    lower: &mut Lower<'_>,
    at: &At,
    own: usize,
    size: &Distribution,
    policies: &Policies,
    outside: bool,
) {
    let target = Target::fixed(lower.link(own).0);
    let call = Call { amount: Some(size), outside, ..Call::default() };
    lower.call(at, own, policies, call, &mut |lower, at| {
        let parts = lower.parts;
        lower.delay(at, "latency", parts[own].common.latency.as_ref(), own);
        // The same name as the amount of the call: what is billed is what was transferred.
        let work = lower.draw(at, "amount", size, 1.0);
        lower.op(at, Op::Process { at: target, work, group: None });
    });
}

/// Writes the way of a request through the link: its answer is what takes time.
pub(crate) fn via(
    lower: &mut Lower<'_>,
    at: &At,
    own: usize,
    rest: &mut dyn FnMut(&mut Lower<'_>, &At),
) {
    rest(lower, at);
    let system = lower.system;
    if let Some(size) = system.response_bytes(at.endpoint) {
        transfer(lower, at, own, size, &Policies::default(), true);
    }
}

/// Its word.
pub(crate) const WORD: &str = "link";

/// Its verbs.
pub(crate) const VERBS: Verbs = &[VerbOf {
    word: "transfer",
    table: &TRANSFER,
    decode: |_, fields, link| {
        let size = fields.bytes_dist("size")?;
        Some(super::Action::Link(Action { link, size }))
    },
}];

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "bandwidth that transfers share equally",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "link"),
        field("bandwidth", Shape::Bandwidth, "required", "bytes or bits per second"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        NO_FAILURES,
        CLIENT,
    ],
};

static TRANSFER: Table = Table {
    name: "transfer",
    doc: "through a link",
    fields: &[
        field("transfer", Shape::Name("link"), "required", "the link"),
        field("size", Shape::BytesDist, "required", "how much"),
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

/// Decodes a link.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let bytes_per_s = fields.bandwidth("bandwidth").unwrap_or(1.0);
    if bytes_per_s <= 0.0 {
        decode.range(fields, "bandwidth", "more than nothing");
    }
    Spec { bytes_per_s }
}
