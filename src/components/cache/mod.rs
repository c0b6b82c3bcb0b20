//! A cache: keys with a life, a memory that is full some day, a thread that serves them.

mod lower;

pub(crate) use super::policy::Policies;
pub(crate) use lower::Built;

use crate::dist::Distribution;
use crate::program::Eviction;
use crate::source::{FaultKind, Field, Fields, Shape, Table};

use super::common::{CLIENT, LATENCY, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::decode::{Decode, nearest, nonzero};
use super::failures::FAILURES;
use super::lower::Block;
use super::policy;
use super::pool::{self, Pool};
use super::{VerbOf, Verbs, steps};

/// Its word.
pub(crate) const WORD: &str = "cache";

/// Its verbs.
pub(crate) const VERBS: Verbs = &[
    VerbOf { word: "get", table: &GET, decode: |d, f, t| get(d, f, t).map(super::Action::Cache) },
    VerbOf { word: "put", table: &PUT, decode: |d, f, t| put(d, f, t).map(super::Action::Cache) },
    VerbOf {
        word: "delete",
        table: &DELETE,
        decode: |d, f, t| delete(d, f, t).map(super::Action::Cache),
    },
];

/// A cache as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) limit: Option<f64>,
    max_keys: Option<u64>,
    evict_at: f64,
    eviction: Eviction,
    pub(crate) operation: Option<Distribution>,
    pub(crate) pool: Option<Pool>,
    pub(crate) keys: Vec<Keys>,
}

/// A family of keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) name: String,
    population: u64,
    zipf: f64,
    size: Distribution,
    ttl_s: Option<f64>,
    renew_on_access: bool,
    single_flight: bool,
    hit_ratio: Option<f64>,
}

/// `get`, `put` or `delete`.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) cache: usize,
    family: usize,
    verb: Verb,
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Get { miss: Option<Block> },
    Put,
    Delete { whole: bool },
}

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "keys with a life in a limited memory",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "cache"),
        field("memory", Shape::Table(&MEMORY), "", "memory of a node"),
        field("max_keys", Shape::PositiveOrUnlimited, "unlimited", "keys of a node"),
        field("nodes", Shape::Positive, "1", "nodes of a cluster"),
        field("evict_at", Shape::Ratio, "100%", "share of the limit at which eviction begins"),
        field(
            "eviction",
            Shape::Word(&["lru", "fifo", "random", "refuse"]),
            "lru",
            "what goes when it is full",
        ),
        field("operation", Shape::DurationDist, "0s", "time on the single thread of a node"),
        field("pool", Shape::Table(&pool::TABLE), "(unlimited)", "connections of each client"),
        field("keys", Shape::MapOf(&Shape::Table(&KEYS)), "required", "families of keys"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        FAILURES,
        CLIENT,
    ],
};

static MEMORY: Table = Table {
    name: "memory",
    doc: "memory of a node",
    fields: &[field("limit", Shape::Bytes, "", "most there is")],
};

static KEYS: Table = Table {
    name: "keys",
    doc: "a family of keys",
    fields: &[
        field("population", Shape::Positive, "required", "number of keys"),
        field("popularity", Shape::Popularity, "uniform", "uniform or zipf(exponent)"),
        field("size", Shape::BytesDist, "", "bytes of an entry; required with a memory limit"),
        field("ttl", Shape::Duration, "never", "time to live"),
        field("renew", Shape::Word(&["write", "access"]), "write", "what begins a life anew"),
        field(
            "fill",
            Shape::Word(&["all", "single_flight"]),
            "all",
            "whether all that miss a key fetch it, or one for all",
        ),
        field("hit_ratio", Shape::Ratio, "", "stated: replaces the mechanism"),
    ],
};

const KEY: Field = field("key", Shape::Name("family of keys"), "required", "the family of keys");

static GET: Table = Table {
    name: "get",
    doc: "look up; on a miss run the steps, then store",
    fields: &[
        field("get", Shape::Name("cache"), "required", "the cache"),
        KEY,
        field("miss", Shape::Steps, "", "steps that fetch what was missed"),
        field("size", Shape::NotYet("object stores"), "", "bytes of an object"),
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

static PUT: Table = Table {
    name: "put",
    doc: "store the request's key",
    fields: &[
        field("put", Shape::Name("cache"), "required", "the cache"),
        KEY,
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

static DELETE: Table = Table {
    name: "delete",
    doc: "remove the request's key",
    fields: &[
        field("delete", Shape::Name("cache"), "required", "the cache"),
        KEY,
        field("whole", Shape::Bool, "false", "the whole family"),
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

/// Decodes a cache.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    if fields.count("nodes").is_some_and(|nodes| nodes > 1) {
        let what = "a cache of several nodes";
        decode.not_yet(fields.value_place("nodes"), &fields.path_of("nodes"), what);
    }
    let memory = fields.table("memory", &MEMORY);
    let limit = memory.as_ref().and_then(|m| m.bytes("limit"));
    if limit == Some(0.0) {
        decode.range(fields, "memory", "larger than nothing");
    }
    let keys = fields.tables("keys", &KEYS).into_iter().map(|(entry, keys)| {
        let hit_ratio = decode.share(&keys, "hit_ratio");
        if limit.is_some() && hit_ratio.is_none() && !keys.has("size") {
            let message = "`size` is required where memory is limited".to_owned();
            decode.fault(keys.here(), &keys.path(), FaultKind::MissingKey, message);
        }
        Keys {
            name: entry.key.clone(),
            population: keys.large_count("population").unwrap_or(1).max(1),
            zipf: keys.popularity("popularity").unwrap_or(0.0),
            size: keys.bytes_dist("size").unwrap_or(Distribution::Constant(0.0)),
            ttl_s: keys.seconds("ttl"),
            renew_on_access: keys.word("renew") == Some("access"),
            single_flight: keys.word("fill") == Some("single_flight"),
            hit_ratio,
        }
    });
    Spec {
        limit,
        max_keys: fields.large_count("max_keys").filter(|n| *n != u64::MAX),
        evict_at: decode.share(fields, "evict_at").unwrap_or(1.0),
        eviction: match fields.word("eviction") {
            Some("fifo") => Eviction::Fifo,
            Some("random") => Eviction::Random,
            Some("refuse") => Eviction::Refuse,
            _ => Eviction::Lru,
        },
        operation: nonzero(fields.duration_dist("operation")),
        pool: fields.table("pool", &pool::TABLE).map(|p| Pool::decode(decode, &p)),
        keys: keys.collect(),
    }
}

fn get(decode: &Decode<'_>, fields: &Fields<'_>, cache: usize) -> Option<Action> {
    let family = family(decode, fields, cache);
    let miss = fields.node("miss");
    let miss = miss.map(|node| decode.steps.block(decode, node, &fields.path_of("miss")));
    Some(Action { cache, family: family?, verb: Verb::Get { miss } })
}

fn put(decode: &Decode<'_>, fields: &Fields<'_>, cache: usize) -> Option<Action> {
    Some(Action { cache, family: family(decode, fields, cache)?, verb: Verb::Put })
}

fn delete(decode: &Decode<'_>, fields: &Fields<'_>, cache: usize) -> Option<Action> {
    let whole = fields.bool("whole").unwrap_or(false);
    Some(Action { cache, family: family(decode, fields, cache)?, verb: Verb::Delete { whole } })
}

fn family(decode: &Decode<'_>, fields: &Fields<'_>, cache: usize) -> Option<usize> {
    let wanted = fields.text("key")?;
    let families = &decode.names.families[cache];
    let found = families.iter().position(|f| *f == wanted);
    if found.is_none() {
        let hint = nearest(&wanted, families.iter().map(String::as_str));
        let name = &decode.names.components[cache].0;
        let message = format!("`{name}` has no keys called `{wanted}`");
        let (place, path) = (fields.value_place("key"), fields.path_of("key"));
        decode.hint(place, &path, FaultKind::UnknownName, message, hint);
    }
    found
}

impl Action {
    /// The steps of a miss.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        match self.verb {
            Verb::Get { miss } => miss.into_iter().collect(),
            _ => Vec::new(),
        }
    }
}
