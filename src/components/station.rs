//! A plain queue for what has no name of its own: the queueing textbook, and locks.

use crate::dist::Distribution;
use crate::program::{
    ComponentId, Gauge, Measure, Op, Processor, Quantity, StationId, StationKind, Target, Tokens,
};

use crate::source::{Fields, Shape, Table};

use super::client::Call;
use super::common::{CLIENT, FAILURES, LATENCY, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::Decode;
use super::lower::{At, Lower, Own};
use super::metrics::Resource;
use super::policy;
use super::policy::Policies;
use super::{VerbOf, Verbs, steps};

/// A station as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    servers: u32,
    queue: u32,
    discipline: Discipline,
    patience: Option<Distribution>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Discipline {
    Fifo,
    Priority,
    PreemptivePriority,
    ProcessorSharing,
}

/// The station.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built(StationId);

/// `serve: station`.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    pub(crate) station: usize,
    time: Distribution,
}

impl Spec {
    /// One server, first come first served.
    pub(crate) const fn plain() -> Self {
        Self { servers: 1, queue: u32::MAX, discipline: Discipline::Fifo, patience: None }
    }

    /// Why one server cannot be held.
    pub(crate) const fn unholdable(&self) -> Option<&'static str> {
        match self.discipline {
            Discipline::ProcessorSharing => Some("they are shared"),
            Discipline::PreemptivePriority => Some("a higher priority may take it away"),
            _ => None,
        }
    }

    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let shared = self.discipline == Discipline::ProcessorSharing;
        let kind = if shared {
            StationKind::Processor(Processor {
                cores: f64::from(self.servers),
                job_cap: 1.0,
                group_cap: f64::INFINITY,
                groups: 1,
            })
        } else {
            StationKind::Tokens(Tokens {
                places: self.queue,
                patience: self.patience.as_ref().map(|d| lower.own_draw(own, "patience", d)),
                priority: self.discipline != Discipline::Fifo,
                preemptive: self.discipline == Discipline::PreemptivePriority,
                ..Tokens::fifo(self.servers)
            })
        };
        let station = lower.station(own, kind);
        lower.resource(
            own,
            Resource {
                sized_by: Some(own.at("servers")),
                unit: "server",
                has_queue: !shared,
                is_limited: self.servers != u32::MAX,
                ..Resource::tokens("", vec![station])
            },
        );
        let inside = Measure::Level { of: vec![Gauge::InSystem(station)], per: Vec::new() };
        lower.metric(format!("{}.in_system", own.name), Quantity::Count, inside);
        let slowdown = Measure::Slowdown(vec![station]);
        lower.metric(format!("{}.slowdown", own.name), Quantity::Count, slowdown);
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built(station)
    }

    /// The server that a `hold` block or a `take` step takes.
    pub(crate) fn unit(&self, lower: &Lower<'_>, own: usize) -> Option<Target> {
        (self.discipline != Discipline::ProcessorSharing)
            .then(|| Target::fixed(lower.station_of(own).0))
    }
}

impl Action {
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies) {
        let own = self.station;
        let target = Target::fixed(lower.station_of(own).0);
        lower.call(at, own, policies, Call::default(), &mut |lower, at| {
            lower.boundary(at, Some(own), &mut |lower, at| self.serve(lower, at, target));
        });
    }

    fn serve(&self, lower: &mut Lower<'_>, at: &At, target: Target) {
        let own = self.station;
        let parts = lower.parts;
        let latency = parts[own].common.latency.as_ref();
        let time = lower.draw(at, "time", &self.time, 1.0);
        let shared = matches!(&parts[own].spec, super::Spec::Station(s)
            if s.discipline == Discipline::ProcessorSharing);
        if at.held(own, super::lower::Since::Block).is_some() {
            lower.op(at, Op::Delay { time, owner: ComponentId(own as u16) });
        } else if shared {
            lower.op(at, Op::Process { at: target, work: time, group: None });
            lower.delay(at, "latency", latency, own);
        } else if latency.is_none() {
            lower.op(at, Op::Serve { at: target, time });
        } else {
            lower.holding(at, Some(target), &mut |lower, at| {
                lower.delay(at, "latency", latency, own);
                lower.op(at, Op::Delay { time, owner: ComponentId(own as u16) });
            });
        }
    }
}

/// Its word.
pub(crate) const WORD: &str = "station";

/// Its verbs.
pub(crate) const VERBS: Verbs = &[VerbOf {
    word: "serve",
    table: &SERVE,
    decode: |_, fields, station| {
        let time = fields.duration_dist("time")?;
        Some(super::Action::Station(Action { station, time }))
    },
}];

/// Its keys.
pub(crate) static TABLE: Table = Table {
    name: WORD,
    doc: "a plain queue with servers",
    fields: &[
        field("type", Shape::Word(&[WORD]), "required", "station"),
        field("servers", Shape::PositiveOrUnlimited, "1", "servers"),
        field("queue", Shape::CountOrUnlimited, "unlimited", "places to wait; beyond: `refused`"),
        field(
            "discipline",
            Shape::Word(&[
                "fifo",
                "priority",
                "preemptive_priority",
                "processor_sharing",
                "polling",
            ]),
            "fifo",
            "who is served next",
        ),
        field("switchover", Shape::NotYet("polling"), "", "time between two queues"),
        field("patience", Shape::DurationDist, "", "how long one waits: then `wait_timeout`"),
        field("setup", Shape::NotYet("setup of servers"), "", "time of a cold start"),
        field("idle_off", Shape::NotYet("setup of servers"), "", "idle time until it is off"),
        PRICE,
        USAGE_PRICE,
        LATENCY,
        REGION,
        REGIONS,
        FAILURES,
        CLIENT,
    ],
};

static SERVE: Table = Table {
    name: "serve",
    doc: "queue at a station, be served",
    fields: &[
        field("serve", Shape::Name("station"), "required", "the station"),
        field("time", Shape::DurationDist, "required", "time of service"),
        steps::SHARE,
        steps::BLOCKING,
        policy::TIMEOUT,
        policy::RETRY,
        policy::FALLBACK,
    ],
};

/// Decodes a station.
pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Spec {
    let discipline = match fields.word("discipline") {
        Some("priority") => Discipline::Priority,
        Some("preemptive_priority") => Discipline::PreemptivePriority,
        Some("processor_sharing") => Discipline::ProcessorSharing,
        Some("polling") => {
            let (place, path) = (fields.value_place("discipline"), fields.path_of("discipline"));
            decode.not_yet(place, &path, "polling");
            Discipline::Fifo
        }
        _ => Discipline::Fifo,
    };
    if discipline == Discipline::ProcessorSharing {
        for key in ["queue", "patience"] {
            if fields.has(key) {
                let message =
                    format!("nobody waits under processor_sharing, so `{key}` has no meaning");
                decode.conflict(fields, key, message);
            }
        }
    }
    Spec {
        servers: decode.at_least_one(fields, "servers", 1),
        queue: fields.count("queue").unwrap_or(u32::MAX),
        discipline,
        patience: fields.duration_dist("patience"),
    }
}
