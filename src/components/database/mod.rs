//! A database: a pool at the callers' side, connections and cores at the server's.

mod lower;

pub(crate) use lower::Built;

use crate::dist::Distribution;
use crate::source::{Fields, Shape, Table};

use super::common::{CLIENT, LATENCY, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::decode::Decode;
use super::failures::FAILURES;
use super::policy::{self, Policies};
use super::pool::{self, Pool};
use super::{VerbOf, Verbs, steps};

/// Its word.
pub(crate) const WORD: &str = "database";

/// Its verbs.
pub(crate) const VERBS: Verbs = &[
    VerbOf {
        word: "query",
        table: &QUERY,
        decode: |d, f, t| statement(d, f, t).map(super::Action::Database),
    },
    VerbOf {
        word: "write",
        table: &WRITE,
        decode: |d, f, t| statement(d, f, t).map(super::Action::Database),
    },
];

/// A database as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) pool: Option<Pool>,
    cores: Option<u32>,
    pub(crate) cpu_share: f64,
    pub(crate) max_connections: Option<u32>,
}

/// `query: database` or `write: database`.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) database: usize,
    time: Distribution,
}

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "a pool of connections, and a server",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "database"),
        field("pool", Shape::Table(&pool::TABLE), "(unlimited)", "connections of each client"),
        field("pooler", Shape::NotYet("a pooler in front of a database"), "", "shared connections"),
        field(
            "max_connections",
            Shape::PositiveOrUnlimited,
            "unlimited",
            "connections of the server",
        ),
        field(
            "cores",
            Shape::Positive,
            "",
            "cores that queries share; without them all time passes",
        ),
        field("cpu_share", Shape::Ratio, "100%", "part of a query's time that runs on the cores"),
        field("replicas", Shape::NotYet("replicas of a database"), "", "copies for reading"),
        field("shards", Shape::NotYet("shards of a database"), "", "parts by key"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        FAILURES,
        CLIENT,
    ],
};

macro_rules! statement {
    ($word:literal) => {
        Table {
            name: $word,
            doc: "one statement: wait for a connection, then time on the server",
            fields: &[
                field($word, Shape::Name("database"), "required", "the database"),
                field("time", Shape::DurationDist, "required", "time on the server"),
                field("shards", Shape::NotYet("shards of a database"), "", "one, by key, or all"),
                field("cells", Shape::NotYet("cells"), "", "goes to all cells"),
                field("fresh", Shape::NotYet("replicas of a database"), "", "to the primary"),
                steps::SHARE,
                steps::BLOCKING,
                policy::TIMEOUT,
                policy::RETRY,
                policy::FALLBACK,
            ],
        }
    };
}

static QUERY: Table = statement!("query");
static WRITE: Table = statement!("write");

/// Decodes a database.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let pool = fields.table("pool", &pool::TABLE).map(|p| Pool::decode(decode, &p));
    let cores = fields.has("cores").then(|| decode.at_least_one(fields, "cores", 1));
    let cpu_share = decode.share(fields, "cpu_share");
    if cores.is_none() && cpu_share.is_some_and(|share| share > 0.0) {
        let message = "`cpu_share` is a share of `cores`, which is missing".to_owned();
        decode.conflict(fields, "cpu_share", message);
    }
    let name = fields.name();
    if pool.is_none() {
        decode.note(format!("{name}: no pool, so connections are not limited"));
    }
    if cores.is_none() && cpu_share.is_none() {
        decode.note(format!("{name}: no cores, so all time of a query merely passes"));
    }
    let stated =
        fields.has("max_connections").then(|| decode.at_least_one(fields, "max_connections", 1));
    Spec {
        pool,
        cores,
        cpu_share: cpu_share.unwrap_or(1.0),
        max_connections: stated.filter(|max| *max != u32::MAX),
    }
}

fn statement(_: &Decode<'_>, fields: &Fields<'_>, database: usize) -> Option<Action> {
    Some(Action { database, time: fields.duration_dist("time")? })
}
