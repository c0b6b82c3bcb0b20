//! Our side of a call: policies, our own limits of concurrency and rate, and the circuit breaker.

use crate::dist::Distribution;
use crate::program::{Algorithm, Breaker, BreakerId, Bucket, Kind, Op, StationKind, Tokens};
use crate::source::{Fields, Shape, Table};

use super::common::field;
use super::decode::Decode;
use super::lower::{At, Lower, Own, Per, Row};
use super::metrics::Resource;
use super::policy::{self, Around, Policies};

/// The `client` block of a component.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Default policies of every call.
    pub(crate) policies: Policies,
    /// Calls at once; more wait.
    pub(crate) concurrency: Option<u32>,
    /// Calls per second; more wait.
    pub(crate) rate_per_s: Option<f64>,
    /// Most that wait; beyond: `client_queue_full`.
    pub(crate) queue: u32,
    /// What each of our limits is per.
    pub(crate) per: Per,
    /// Circuit breaker.
    pub(crate) breaker: Option<BreakerSpec>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            policies: Policies::default(),
            concurrency: None,
            rate_per_s: None,
            queue: u32::MAX,
            per: Per::Service,
            breaker: None,
        }
    }
}

/// A circuit breaker as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerSpec {
    /// Failures that open it.
    pub(crate) failures: u32,
    /// Within this many seconds, or in a row.
    pub(crate) within_s: Option<f64>,
    /// How long it stays open.
    pub(crate) open_s: f64,
    /// Calls let through when half open.
    pub(crate) probes: u32,
}

/// Our side of one component, for one client service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientRow {
    service: Option<usize>,
    concurrency: Option<Row>,
    rate: Option<Row>,
    breaker: Option<BreakerId>,
}

impl Lower<'_> {
    /// Builds our side of a component, once for each service that calls it.
    pub(crate) fn build_client(&mut self, own: &Own<'_>, client: &Client) {
        let system = self.system;
        let mut breakers = Vec::new();
        for &service in system.clients_of(own.index) {
            let concurrency = client.concurrency.map(|capacity| {
                let tokens = Tokens {
                    places: client.queue,
                    full_kind: Kind::ClientQueueFull.id(),
                    caller_side: true,
                    priority: system.has_priorities(),
                    ..Tokens::fifo(capacity)
                };
                self.row(own, client.per, service, &StationKind::Tokens(tokens))
            });
            let rate = client.rate_per_s.map(|rate_per_s| {
                let bucket = Bucket {
                    rate_per_s,
                    burst: rate_per_s.max(1.0),
                    algorithm: Algorithm::TokenBucket,
                    excess: None,
                    clients: None,
                    places: client.queue,
                    caller_side: true,
                };
                self.row(own, client.per, service, &StationKind::Bucket(bucket))
            });
            let breaker = client.breaker.map(|b| {
                self.builder.breaker(Breaker {
                    failures: b.failures,
                    within_ns: b.within_s.map(nanoseconds),
                    open_ns: nanoseconds(b.open_s),
                    probes: b.probes,
                    owner: own.id(),
                })
            });
            breakers.extend(breaker);
            self.clients[own.index].push(ClientRow { service, concurrency, rate, breaker });
        }
        let rows = self.clients[own.index].clone();
        let stations = |pick: fn(&ClientRow) -> Option<Row>| {
            rows.iter().filter_map(pick).flat_map(Row::stations).collect::<Vec<_>>()
        };
        let (concurrency, rate) = (stations(|r| r.concurrency), stations(|r| r.rate));
        if !concurrency.is_empty() {
            self.resource(
                own,
                Resource {
                    sized_by: Some(own.at("client.concurrency")),
                    unit: "call",
                    ..Resource::tokens("client", concurrency)
                },
            );
        } else if !rate.is_empty() {
            self.resource(
                own,
                Resource {
                    sized_by: Some(own.at("client.rate")),
                    unit: "call/s",
                    ..Resource::bucket("client", rate)
                },
            );
        }
        self.breaker_metrics(own, &breakers);
    }

    /// Writes a call to a component: the caller's policies and limits around `callee`, the response
    /// time as the caller sees it, and the usage that costs money.
    pub(crate) fn call(
        &mut self,
        at: &At,
        component: usize,
        step: &Policies,
        call: Call<'_>,
        callee: &mut dyn FnMut(&mut Self, &At),
    ) {
        let parts = self.parts;
        let client = &parts[component].common.client;
        let service = at.service();
        let rows = self.clients[component].iter();
        let row = rows.filter(|_| !call.outside).find(|r| r.service == service).copied();
        let policies = if call.outside { step.clone() } else { step.over(&client.policies) };
        let around = Around {
            breaker: row.and_then(|r| r.breaker),
            stops_work: call.stops_work,
            ..Around::step(Some(component))
        };
        self.framed(at, &policies, around, &mut |lower, at| {
            let mut at = at.clone();
            let mark = at.scope.locals(1);
            let id = crate::program::ComponentId(component as u16);
            lower.op(&at, Op::Enter { component: id, mark });
            if let Some(rate) = row.and_then(|r| r.rate) {
                lower.op(&at, Op::Admit { at: rate.target(at.worker) });
            }
            let ours = row.and_then(|r| r.concurrency).map(|r| r.target(at.worker));
            lower.holding(&at, ours, callee);
            let amount = call.amount.map(|d| lower.draw(&at, "amount", d, 1.0));
            lower.op(&at, Op::Exit { component: id, mark, amount });
        });
    }
}

/// Properties of one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Call<'a> {
    /// Seconds or bytes for the usage price.
    pub(crate) amount: Option<&'a Distribution>,
    /// Whether the other side stops when its caller gives up.
    pub(crate) stops_work: bool,
    /// Whether the caller is not one of ours but the client of a traffic source, which has policies
    /// of its own.
    pub(crate) outside: bool,
}

/// Seconds as whole nanoseconds.
pub(crate) fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// Keys of a client block.
pub(crate) static TABLE: Table = Table {
    name: "client",
    doc: "our side of every call",
    fields: &[
        policy::TIMEOUT,
        field("concurrency", Shape::Positive, "", "calls at once; more wait"),
        field("rate", Shape::Rate, "", "calls per time; more wait"),
        field("queue", Shape::CountOrUnlimited, "unlimited", "most that wait"),
        field("scope", Shape::Word(Per::WORDS), "service", "what our limits are per"),
        policy::RETRY,
        field("breaker", Shape::Table(&BREAKER), "", "circuit breaker"),
        policy::FALLBACK,
    ],
};

static BREAKER: Table = Table {
    name: "breaker",
    doc: "circuit breaker",
    fields: &[
        field("failures", Shape::Positive, "5", "failures that open it, in a row or within a time"),
        field("within", Shape::Duration, "", "time within which they are counted"),
        field("open", Shape::Duration, "60s", "how long it stays open"),
        field("probes", Shape::Positive, "1", "calls let through when half open"),
    ],
};

impl Client {
    /// Decodes the `client` block of a component, if there is one.
    pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Self {
        let Some(client) = fields.table("client", &TABLE) else { return Self::default() };
        let limit = |key| client.has(key).then(|| decode.at_least_one(&client, key, 1));
        Self {
            policies: Policies::decode(decode, &client),
            concurrency: limit("concurrency"),
            rate_per_s: client.rate("rate"),
            queue: client.count("queue").unwrap_or(u32::MAX),
            per: Per::of(client.word("scope").unwrap_or("service")),
            breaker: client.table("breaker", &BREAKER).map(|b| BreakerSpec {
                failures: decode.at_least_one(&b, "failures", 5),
                within_s: b.seconds("within"),
                open_s: b.seconds("open").unwrap_or(60.0),
                probes: decode.at_least_one(&b, "probes", 1),
            }),
        }
    }
}
