//! A plain queue for what has no name of its own: the queueing textbook, and locks.

use crate::dist::Distribution;
use crate::program::{
    ComponentId, Gauge, Measure, Op, Polling, Processor, Quantity, Setup, StationId, StationKind,
    Target, Tokens,
};

use crate::source::{Fields, Shape, Table};

use super::client::Call;
use super::common::{CLIENT, LATENCY, PRICE, REGION, REGIONS, USAGE_PRICE, field};
use super::cost::Basis;
use super::decode::{Decode, nonzero};
use super::failures::{FAILURES, Failures};
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
    /// Time to set up a server, and idle time after which it goes off.
    setup: Option<(Distribution, Option<Distribution>)>,
    switchover: Option<Distribution>,
    /// Tasks per visit of a server that polls.
    limited: Option<u32>,
    /// Whether a visit serves only those who were there when it began.
    gated: bool,
    /// Its servers may break.
    breaks: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Discipline {
    Fifo,
    Priority,
    PreemptivePriority,
    ProcessorSharing,
    Polling,
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
        Self {
            servers: 1,
            queue: u32::MAX,
            discipline: Discipline::Fifo,
            patience: None,
            setup: None,
            switchover: None,
            limited: None,
            gated: false,
            breaks: false,
        }
    }

    /// Why one server cannot be held.
    pub(crate) const fn unholdable(&self) -> Option<&'static str> {
        match self.discipline {
            Discipline::ProcessorSharing => Some("they are shared"),
            Discipline::PreemptivePriority => Some("a higher priority may take it away"),
            Discipline::Polling => Some("it goes round several queues"),
            _ if self.breaks => Some("a breakdown may take it away"),
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
                priority: matches!(
                    self.discipline,
                    Discipline::Priority | Discipline::PreemptivePriority
                ),
                preemptive: self.discipline == Discipline::PreemptivePriority,
                setup: self.setup.as_ref().map(|(time, idle_off)| Setup {
                    time: lower.own_draw(own, "setup", time),
                    idle_off: idle_off.as_ref().map(|d| lower.own_draw(own, "idle_off", d)),
                }),
                polling: self.switchover.as_ref().map(|switchover| Polling {
                    switchover: lower.own_draw(own, "switchover", switchover),
                    limited: self.limited,
                    gated: self.gated,
                    queues: Vec::new(),
                }),
                breaks: lower.parts[own.index]
                    .common
                    .failures
                    .as_ref()
                    .is_some_and(Failures::stops_servers),
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
        if self.setup.is_some() {
            let setup = Measure::Level { of: vec![Gauge::Setup(station)], per: Vec::new() };
            lower.metric(format!("{}.setup.busy", own.name), Quantity::Count, setup);
        }
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
        lower.join_polled_queue(target.base);
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

impl Built {
    /// The station itself.
    pub(crate) const fn station(self) -> StationId {
        self.0
    }
}

impl Lower<'_> {
    /// Where a server polls, the endpoint whose request is written has a queue of its own.
    fn join_polled_queue(&mut self, station: StationId) {
        let program = self.builder.program();
        let class = program.ops.iter().rev().find_map(|op| match op {
            Op::Class(class) => Some(*class),
            _ => None,
        });
        let Some(class) = class else { return };
        let endpoint = program.classes[class.index()].endpoint;
        if let StationKind::Tokens(tokens) = &mut program.stations[station.index()].kind
            && let Some(polling) = &mut tokens.polling
            && let Err(at) = polling.queues.binary_search(&endpoint)
        {
            polling.queues.insert(at, endpoint);
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
        field(
            "switchover",
            Shape::DurationDist,
            "",
            "of `polling`: time of the way to the next queue",
        ),
        field(
            "limited",
            Shape::Positive,
            "(until the queue is empty)",
            "of `polling`: most that a visit serves",
        ),
        field(
            "visit",
            Shape::Word(&["exhaustive", "gated"]),
            "exhaustive",
            "of `polling`: until the queue is empty, or who was there when it began",
        ),
        field("patience", Shape::DurationDist, "", "how long one waits: then `wait_timeout`"),
        field(
            "setup",
            Shape::DurationDist,
            "",
            "time of a cold start; servers are off until wanted",
        ),
        field("idle_off", Shape::DurationDist, "0s", "idle time until a server is off"),
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
        Some("polling") => Discipline::Polling,
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
    let servers = decode.at_least_one(fields, "servers", 1);
    let switchover = fields.duration_dist("switchover");
    if discipline == Discipline::Polling && nonzero(switchover.clone()).is_none() {
        let message = "polling needs a `switchover` above 0s: the way to the next queue";
        decode.conflict(fields, "discipline", message.to_owned());
    }
    conflicts(decode, fields, discipline, servers);
    let idle_off = nonzero(fields.duration_dist("idle_off"));
    Spec {
        servers,
        queue: fields.count("queue").unwrap_or(u32::MAX),
        discipline,
        patience: fields.duration_dist("patience"),
        setup: nonzero(fields.duration_dist("setup")).map(|time| (time, idle_off)),
        switchover: switchover.filter(|_| discipline == Discipline::Polling),
        limited: fields.has("limited").then(|| decode.at_least_one(fields, "limited", 1)),
        gated: fields.word("visit") == Some("gated"),
        breaks: fields.has("failures"),
    }
}

/// Keys of a station that do not go together.
fn conflicts(decode: &Decode<'_>, fields: &Fields<'_>, discipline: Discipline, servers: u32) {
    let wrong = |key: &str, message: &str| {
        if fields.has(key) {
            decode.conflict(fields, key, message.to_owned());
        }
    };
    match discipline {
        Discipline::Polling => {
            if servers != 1 {
                wrong("servers", "one server polls; more would each need a way of its own");
            }
            wrong("setup", "a server that polls is always there");
            wrong("failures", "a server that polls is always there");
        }
        Discipline::PreemptivePriority | Discipline::ProcessorSharing => {
            wrong("setup", "servers are set up for a queue with `fifo` or `priority` only");
        }
        Discipline::Fifo | Discipline::Priority => {}
    }
    if discipline != Discipline::Polling {
        wrong("switchover", "belongs to `discipline: polling`");
        wrong("limited", "belongs to `discipline: polling`");
        wrong("visit", "belongs to `discipline: polling`");
    }
    if !fields.has("setup") {
        wrong("idle_off", "belongs to a `setup`, which is missing: a server that is never off");
    }
}
