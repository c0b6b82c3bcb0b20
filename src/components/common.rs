//! Keys that all components have.

use crate::dist::Distribution;
use crate::source::{Field, Fields, Shape, Tariff};

use super::client::{self, Client};
use super::decode::{Decode, nonzero};
use super::failures::Failures;

/// What all components have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Common {
    /// Price per provisioned unit.
    pub(crate) price: Option<Tariff>,
    /// Prices per use.
    pub(crate) usage_prices: Vec<Tariff>,
    /// Time that passes per call.
    pub(crate) latency: Option<Distribution>,
    /// Random failures.
    pub(crate) failures: Option<Failures>,
    /// Our side of a call.
    pub(crate) client: Client,
}

/// A field of a table.
pub(crate) const fn field(
    key: &'static str,
    shape: Shape,
    default: &'static str,
    doc: &'static str,
) -> Field {
    Field { key, shape, default, doc }
}

pub(crate) const PRICE: Field =
    field("price", Shape::Price, "$0/mo", "price per provisioned unit and time");
pub(crate) const USAGE_PRICE: Field = field(
    "usage_price",
    Shape::OneOf(&[Shape::Price, Shape::ListOf(&Shape::Price)]),
    "",
    "price per request, message, job, GB, connection, minute or hour of use; one or a list",
);
pub(crate) const LATENCY: Field = field(
    "latency",
    Shape::DurationDist,
    "0s",
    "time that merely passes per call, while all that was taken for it is held",
);
pub(crate) const CLIENT: Field = field(
    "client",
    Shape::Table(&client::TABLE),
    "",
    "our side: timeout, limits, retry, breaker, fallback of every call",
);
pub(crate) const REGION: Field = field("region", Shape::NotYet("regions"), "", "where it is");
pub(crate) const REGIONS: Field =
    field("regions", Shape::NotYet("regions"), "", "where copies of it are");
pub(crate) const NO_FAILURES: Field = field(
    "failures",
    Shape::NotYet("random failures of this type of component"),
    "",
    "how often it breaks, for how long",
);

impl Common {
    /// Decodes them.
    pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Self {
        Self {
            price: fields.tariff("price"),
            usage_prices: fields.tariffs("usage_price"),
            latency: nonzero(fields.duration_dist("latency")),
            failures: Failures::decode(decode, fields),
            client: Client::decode(decode, fields),
        }
    }
}
