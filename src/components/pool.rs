//! A pool of connections at the callers' side, of a database or a cache.

use crate::dist::Distribution;
use crate::program::{Kind, Overflow, StationId, Tokens};
use crate::source::{Field, Fields, Shape, Table};

use super::client::nanoseconds;
use super::common::field;
use super::decode::{Decode, nonzero};
use super::lower::{Lower, Own, Per};

/// A pool as one service has it.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// Connections that stay open.
    pub(crate) size: u32,
    /// Further ones, opened on demand and closed on return.
    pub(crate) overflow: u32,
    /// How long a request waits for one; `None` is for ever.
    pub(crate) timeout: Option<Distribution>,
    /// Time to open one.
    pub(crate) connect: Option<Distribution>,
    /// Age at which one is opened anew, seconds.
    pub(crate) recycle_s: Option<f64>,
    /// What there is one pool for.
    pub(crate) per: Per,
    /// How long a connection is kept.
    pub(crate) hold: Hold,
}

/// How long a connection is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// For one statement.
    Query,
    /// From the first statement to the end of the request.
    Request,
}

impl Pool {
    /// How long a request waits for a connection, when that is constant, seconds.
    pub(crate) fn patience_s(&self) -> Option<f64> {
        match self.timeout {
            Some(Distribution::Constant(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// The station of one such pool in front of `server`.
    pub(crate) fn tokens(
        &self,
        lower: &mut Lower<'_>,
        own: &Own<'_>,
        server: Option<StationId>,
        priority: bool,
    ) -> Tokens {
        let connect = self.connect.as_ref().map(|d| lower.own_draw(own, "connect", d));
        let patience = self.timeout.as_ref().map(|d| lower.own_draw(own, "pool_timeout", d));
        let is_plain =
            self.overflow == 0 && connect.is_none() && self.recycle_s.is_none() && server.is_none();
        Tokens {
            patience,
            patience_kind: Kind::PoolTimeout.id(),
            priority,
            caller_side: true,
            overflow: (!is_plain).then(|| Overflow {
                size: self.size,
                connect,
                recycle_ns: self.recycle_s.map(nanoseconds),
                server,
            }),
            ..Tokens::fifo(self.size.saturating_add(self.overflow))
        }
    }
}

const SIZE: Field = field("size", Shape::Positive, "required", "connections that stay open");
const OVERFLOW: Field =
    field("overflow", Shape::Count, "0", "further ones, opened on demand and closed on return");
const TIMEOUT: Field =
    field("timeout", Shape::DurationDist, "30s", "how long a request waits: then `pool_timeout`");
const CONNECT: Field = field("connect", Shape::DurationDist, "0s", "time to open a connection");
const RECYCLE: Field = field("recycle", Shape::Duration, "never", "age at which it is opened anew");

/// Keys of a pool.
pub(crate) static TABLE: Table = Table {
    name: "pool",
    doc: "connections at the callers' side",
    fields: &[
        SIZE,
        OVERFLOW,
        TIMEOUT,
        CONNECT,
        RECYCLE,
        field("scope", Shape::Word(Per::WORDS), "worker", "what there is one pool for"),
        field(
            "hold",
            Shape::Word(&["query", "request"]),
            "query",
            "kept for a statement, or from the first one to the end of the request",
        ),
    ],
};

/// Keys of a service's own values over a pool.
pub(crate) static OVER: Table = Table {
    name: "pool",
    doc: "a service's own values over those of the pool",
    fields: &[
        field("size", Shape::Positive, "", "connections that stay open"),
        OVERFLOW,
        TIMEOUT,
        CONNECT,
        RECYCLE,
    ],
};

impl Pool {
    /// Decodes a pool.
    pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Self {
        let default = Distribution::Constant(30.0);
        if !fields.has("timeout") && !fields.path().contains(".pools.") {
            decode.note(format!("{}: 30 s", fields.path_of("timeout")));
        }
        Self {
            size: decode.at_least_one(fields, "size", 1),
            overflow: fields.count("overflow").unwrap_or(0),
            timeout: Some(fields.duration_dist("timeout").unwrap_or(default)),
            connect: nonzero(fields.duration_dist("connect")),
            recycle_s: fields.seconds("recycle"),
            per: Per::of(fields.word("scope").unwrap_or("worker")),
            hold: match fields.word("hold") {
                Some("request") => Hold::Request,
                _ => Hold::Query,
            },
        }
    }

    /// Connections that all copies of it may open together.
    pub(crate) fn connections(&self, (instances, workers): (u32, u32)) -> u64 {
        let copies = match self.per {
            Per::Worker => u64::from(instances) * u64::from(workers),
            Per::Instance => u64::from(instances),
            Per::Service => 1,
        };
        copies * (u64::from(self.size) + u64::from(self.overflow))
    }

    /// Whether a connection is kept to the end of the request.
    pub(crate) fn holds_for_request(&self) -> bool {
        self.hold == Hold::Request
    }
}
