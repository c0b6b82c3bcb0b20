//! A service: where endpoints run.

mod autoscale;
mod health;
mod lower;

use autoscale::Autoscale;
pub(crate) use autoscale::Rules;
pub(crate) use lower::{Built, Entry};

use crate::dist::Distribution;
use crate::program::{Health, Policy};
use crate::source::{Fields, Shape, Table, Tariff};

use super::common::{CLIENT, LATENCY, NO_FAILURES, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::decode::{Decode, nonzero};
use super::pool::{self, Pool};
use super::written::Written;
use super::{Verbs, steps};

/// Its word.
pub(crate) const WORD: &str = "service";

/// It owns no verb: `cpu`, `exec` and `call` are of the language.
pub(crate) const VERBS: Verbs = &[];

/// A service as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) runtime: Runtime,
    /// Copies, at the start where their number changes.
    instances: u32,
    pub(crate) workers: u32,
    /// What changes the number of copies.
    pub(crate) autoscale: Option<Autoscale>,
    /// Conditions under which requests are refused at the door.
    pub(crate) admission: Vec<Written>,
    cores: Option<u32>,
    backlog: u32,
    timeout: Option<Distribution>,
    pub(crate) notices_disconnect: bool,
    boot: Option<Distribution>,
    recycle: Option<Distribution>,
    /// CPU of waking an event loop that was idle.
    wake: Option<Distribution>,
    drain_s: f64,
    pub(crate) memory: Option<MemorySpec>,
    pools: Vec<(usize, Over)>,
    balancer: Balancer,
    pub(crate) heartbeat_cpu: Option<Distribution>,
}

/// How workers work.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runtime {
    /// One slice of CPU at a time per worker, many requests at once.
    EventLoop { connections: u32, accept: AcceptWord },
    /// A worker per request.
    Process,
    /// A thread per request.
    Thread { threads: u32, worker_cores: Option<u32> },
}

/// How an event loop finds its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptWord {
    /// A loop that runs nothing takes the next one.
    Idle,
    /// Bound at random on arrival.
    Hashed,
}

/// Memory of an instance.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MemorySpec {
    pub(crate) limit: Option<f64>,
    pub(crate) base: f64,
    pub(crate) per_worker: f64,
    pub(crate) per_connection: f64,
    pub(crate) per_request: f64,
    pub(crate) refuse: bool,
}

/// What stands in front of the instances.
#[derive(Clone, Debug)]
struct Balancer {
    policy: Policy,
    sticky: bool,
    timeout: Option<Distribution>,
    latency: Option<Distribution>,
    price: Option<Tariff>,
    health: Option<Health>,
}

/// A service's own values over those of a pool.
#[derive(Clone, Debug)]
struct Over(Pool, Vec<&'static str>);

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "where endpoints run",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "service"),
        field(
            "runtime",
            Shape::Word(&["event_loop", "process", "thread"]),
            "event_loop",
            "what a request holds and how its CPU work runs",
        ),
        field("instances", Shape::Positive, "1", "copies behind a balancer"),
        field("workers", Shape::Positive, "1", "processes of an instance"),
        field("cores", Shape::Positive, "(enough for all workers)", "cores of an instance, shared"),
        field(
            "connections",
            Shape::Positive,
            "1000",
            "event_loop: requests and sockets of a worker",
        ),
        field(
            "wake",
            Shape::DurationDist,
            "0s",
            "event_loop: CPU of waking a loop that was idle, before its next slice",
        ),
        field("threads", Shape::Positive, "1", "thread: threads of a worker"),
        field(
            "worker_cores",
            Shape::PositiveOrUnlimited,
            "unlimited",
            "thread: cores that one worker can use (1 with an interpreter lock)",
        ),
        field("backlog", Shape::CountOrUnlimited, "2048", "requests of an instance that may wait"),
        field(
            "accept",
            Shape::Word(&["idle", "hashed"]),
            "idle",
            "event_loop: an idle loop takes the next request, or each is bound at random",
        ),
        field("timeout", Shape::DurationDist, "", "process, thread: limit of a request"),
        field("notices_disconnect", Shape::Bool, "false", "stops when its caller gives up"),
        field("boot", Shape::DurationDist, "0s", "time of any start"),
        field("recycle", Shape::CountDist, "never", "requests until a worker restarts"),
        field("drain", Shape::Duration, "30s", "how long a worker that restarts may finish"),
        field("memory", Shape::Table(&MEMORY), "", "memory of an instance"),
        field(
            "admission",
            Shape::MapOf(&Shape::Expression),
            "",
            "refuses at the door as `overloaded` while one of them holds of current values",
        ),
        field("pools", Shape::MapOf(&Shape::Table(&pool::OVER)), "", "own values of pools"),
        field("balancer", Shape::Table(&BALANCER), "", "what chooses the instance"),
        field(
            "autoscale",
            Shape::Table(&autoscale::AUTOSCALE),
            "",
            "changes the number of instances",
        ),
        field("heartbeat_cpu", Shape::DurationDist, "0s", "CPU of one heartbeat of a session"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        NO_FAILURES,
        CLIENT,
    ],
};

static MEMORY: Table = Table {
    name: "memory",
    doc: "memory of an instance",
    fields: &[
        field("limit", Shape::Bytes, "", "most there is"),
        field("base", Shape::Bytes, "0B", "of an instance that does nothing"),
        field("per_worker", Shape::Bytes, "0B", "of each worker"),
        field("per_connection", Shape::Bytes, "0B", "of the connection of each session"),
        field("per_request", Shape::Bytes, "0B", "of each request inside"),
        field(
            "when_full",
            Shape::Word(&["kill", "refuse"]),
            "kill",
            "the instance dies and boots, or the request is refused",
        ),
    ],
};

static BALANCER: Table = Table {
    name: "balancer",
    doc: "what chooses the instance",
    fields: &[
        field(
            "policy",
            Shape::Word(&["round_robin", "least_connections", "random", "two_choices"]),
            "round_robin",
            "how an instance is chosen",
        ),
        field("choices", Shape::Positive, "2", "of `two_choices`: instances it looks at"),
        field("sticky", Shape::Bool, "false", "keeps a client where it was first sent"),
        field("timeout", Shape::DurationDist, "", "then `gateway_timeout`"),
        field("latency", Shape::DurationDist, "0s", "time a request takes through it"),
        field("price", Shape::Price, "$0/mo", "its price"),
        field("health_check", Shape::Table(&health::HEALTH), "", "finds dead instances"),
    ],
};

/// Decodes a service.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let runtime = runtime(decode, fields);
    let is_loop = matches!(runtime, Runtime::EventLoop { .. });
    let autoscale = autoscale::decode(decode, fields);
    let spec = Spec {
        runtime,
        instances: instances(decode, fields, autoscale.as_ref()),
        workers: decode.at_least_one(fields, "workers", 1),
        cores: fields.has("cores").then(|| decode.at_least_one(fields, "cores", 1)),
        backlog: fields.count("backlog").unwrap_or(2048),
        timeout: if is_loop { None } else { fields.duration_dist("timeout") },
        notices_disconnect: fields.bool("notices_disconnect").unwrap_or(false),
        boot: nonzero(fields.duration_dist("boot")),
        recycle: fields.count_dist("recycle"),
        wake: if is_loop { nonzero(fields.duration_dist("wake")) } else { None },
        drain_s: fields.seconds("drain").unwrap_or(30.0),
        memory: memory(fields),
        pools: pools(decode, fields),
        balancer: balancer(decode, fields),
        autoscale,
        admission: admission(decode, fields),
        heartbeat_cpu: nonzero(fields.duration_dist("heartbeat_cpu")),
    };
    let copies = u64::from(spec.copies().0) * u64::from(spec.workers);
    if copies > steps::MOST_COPIES {
        let most = steps::MOST_COPIES;
        decode.range(fields, "instances", &format!("fewer: more than {most} workers in all"));
        return Spec { instances: 1, workers: 1, autoscale: None, ..spec };
    }
    if is_loop && !fields.has("connections") {
        decode.note(format!("{}: 1000 connections per worker", fields.name()));
    }
    if spec.cores.is_none() {
        decode.note(format!("{}: cores enough for all workers ({})", fields.name(), spec.cores()));
    }
    spec
}

/// Copies at the start: between the bounds of what changes their number.
fn instances(decode: &Decode<'_>, fields: &Fields<'_>, autoscale: Option<&Autoscale>) -> u32 {
    let Some(autoscale) = autoscale else { return decode.at_least_one(fields, "instances", 1) };
    let (min, max) = (autoscale.min.max(1), autoscale.max);
    let start = decode.at_least_one(fields, "instances", min);
    if start < min || start > max {
        decode.range(fields, "instances", &format!("between `min` and `max`: {min}..{max}"));
    }
    start.clamp(min.min(max), max)
}

fn admission(decode: &Decode<'_>, fields: &Fields<'_>) -> Vec<Written> {
    let path = |name: &str| format!("{}.{name}", fields.path_of("admission"));
    let entries = fields.map("admission").into_iter();
    entries.filter_map(|e| Written::read(decode, e, &e.key, path(&e.key))).collect()
}

fn runtime(decode: &Decode<'_>, fields: &Fields<'_>) -> Runtime {
    let word = fields.word("runtime").unwrap_or("event_loop");
    for (key, of) in [
        ("connections", &["event_loop"][..]),
        ("accept", &["event_loop"]),
        ("wake", &["event_loop"]),
        ("threads", &["thread"]),
        ("worker_cores", &["thread"]),
        ("timeout", &["process", "thread"]),
    ] {
        if fields.has(key) && !of.contains(&word) {
            let of = of.join("` and `");
            let message = format!("`{key}` is a key of runtime `{of}`; this one is `{word}`");
            decode.conflict(fields, key, message);
        }
    }
    match word {
        "process" => Runtime::Process,
        "thread" => Runtime::Thread {
            threads: decode.at_least_one(fields, "threads", 1),
            worker_cores: fields.count("worker_cores").filter(|c| *c != u32::MAX),
        },
        _ => Runtime::EventLoop {
            connections: decode.at_least_one(fields, "connections", 1000),
            accept: match fields.word("accept") {
                Some("hashed") => AcceptWord::Hashed,
                _ => AcceptWord::Idle,
            },
        },
    }
}

fn memory(fields: &Fields<'_>) -> Option<MemorySpec> {
    let memory = fields.table("memory", &MEMORY)?;
    let bytes = |key| memory.bytes(key).unwrap_or(0.0);
    Some(MemorySpec {
        limit: memory.bytes("limit"),
        base: bytes("base"),
        per_worker: bytes("per_worker"),
        per_connection: bytes("per_connection"),
        per_request: bytes("per_request"),
        refuse: memory.word("when_full") == Some("refuse"),
    })
}

fn balancer(decode: &Decode<'_>, fields: &Fields<'_>) -> Balancer {
    let balancer = fields.table("balancer", &BALANCER);
    let b = balancer.as_ref();
    let choices = b.map_or(2, |b| choices(decode, b));
    Balancer {
        policy: match b.and_then(|b| b.word("policy")) {
            Some("least_connections") => Policy::LeastConnections,
            Some("random") => Policy::Random,
            Some("two_choices") => Policy::Choices(choices),
            _ => Policy::RoundRobin,
        },
        sticky: b.and_then(|b| b.bool("sticky")).unwrap_or(false),
        timeout: b.and_then(|b| b.duration_dist("timeout")),
        latency: nonzero(b.and_then(|b| b.duration_dist("latency"))),
        price: b.and_then(|b| b.tariff("price")),
        health: b.and_then(|b| health::decode(decode, b)),
    }
}

/// How many instances a balancer looks at that does not look at all.
fn choices(decode: &Decode<'_>, balancer: &Fields<'_>) -> u32 {
    let Some(choices) = balancer.count("choices") else { return 2 };
    if balancer.word("policy") != Some("two_choices") {
        let message = "belongs to `policy: two_choices`".to_owned();
        decode.conflict(balancer, "choices", message);
    }
    if !(2..=Policy::MOST_CHOICES).contains(&choices) {
        decode.range(balancer, "choices", &format!("from 2 to {}", Policy::MOST_CHOICES));
    }
    choices.clamp(2, Policy::MOST_CHOICES)
}

fn pools(decode: &Decode<'_>, fields: &Fields<'_>) -> Vec<(usize, Over)> {
    let mut all = Vec::new();
    for (entry, over) in fields.tables("pools", &pool::OVER) {
        let path = format!("{}.{}", fields.path_of("pools"), entry.key);
        let found = decode.component_named(&entry.key, entry.place, &path, &["database", "cache"]);
        let keys = ["size", "overflow", "timeout", "connect", "recycle"];
        let stated = keys.into_iter().filter(|key| over.has(key)).collect();
        if let Some(component) = found {
            all.push((component, Over(Pool::decode(decode, &over), stated)));
        }
    }
    all
}

impl Spec {
    /// Whether threads of a worker share cores of their own.
    pub(crate) const fn has_interpreter_lock(&self) -> bool {
        matches!(self.runtime, Runtime::Thread { worker_cores: Some(_), .. })
    }

    /// Constant limits of a request, seconds: at the balancer, and in the service itself.
    pub(crate) fn request_limits(&self) -> Vec<(&'static str, f64)> {
        let limits = [("balancer.timeout", &self.balancer.timeout), ("timeout", &self.timeout)];
        let constant = |(key, limit): (_, &Option<Distribution>)| match limit {
            Some(Distribution::Constant(seconds)) => Some((key, *seconds)),
            _ => None,
        };
        limits.into_iter().filter_map(constant).collect()
    }

    /// Requests and sessions that all workers take at once.
    pub(crate) fn places(&self) -> f64 {
        let (instances, workers) = self.copies();
        f64::from(instances) * f64::from(workers) * f64::from(self.per_worker())
    }

    /// Bytes of an instance with so many sessions on all of them, and the limit.
    pub(crate) fn memory_of(&self, sessions: f64) -> Option<(f64, f64)> {
        let memory = self.memory.as_ref()?;
        let workers = memory.per_worker * f64::from(self.workers);
        let each = sessions / f64::from(self.copies().0);
        Some((memory.base + workers + each * memory.per_connection, memory.limit?))
    }

    /// A pool with this service's own values over it.
    pub(crate) fn pool_over(&self, pool: &Pool, component: usize) -> Pool {
        let Some((_, over)) = self.pools.iter().find(|p| p.0 == component) else {
            return pool.clone();
        };
        let mut own = pool.clone();
        for key in &over.1 {
            match *key {
                "size" => own.size = over.0.size,
                "overflow" => own.overflow = over.0.overflow,
                "timeout" => own.timeout.clone_from(&over.0.timeout),
                "connect" => own.connect.clone_from(&over.0.connect),
                _ => own.recycle_s = over.0.recycle_s,
            }
        }
        own
    }
}
