//! A profile as a program: components first, then the code of every source of requests.

use crate::components::{Around, At, Lower, Spec, build, via};
use crate::dist::{Curve, Distribution};
use crate::program::{
    Catalogue, Class, ClassId, ComponentNames, Counter, Gauge, Kind, Label, Local, Measure, Pc,
    Program, Quantity, Scope, Source, SourceId, SourceKind, Stream, Supply as Sessions_, site,
};

use super::flow;
use super::model::{Mix, Model, Sessions, Supply, Traffic};

/// A lowered model.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// The program.
    pub(crate) program: Program,
    /// Its names.
    pub(crate) catalogue: Catalogue,
    /// What costs money.
    pub(crate) prices: Vec<crate::components::CostItem>,
    /// Simplifications and defaults that were used and are not neutral.
    pub(crate) notes: Vec<String>,
    /// Whether it grew beyond what a program may be.
    pub(crate) too_large: bool,
}

impl Model {
    /// Lowers everything; equal models give equal programs.
    pub(crate) fn lower(&self) -> Lowered {
        let mut lower = Lower::new(self, &self.parts);
        lower.catalogue.kinds.clone_from(&self.kinds);
        self.names(&mut lower);
        build(&mut lower);
        for (i, traffic) in self.traffic.iter().enumerate() {
            self.source(&mut lower, i, traffic);
        }
        self.totals(&mut lower);
        let program = lower.builder.program();
        program.components = lower.catalogue.components.len() as u16;
        program.kinds = self.kinds.len() as u8;
        program.priorities = self.priorities().len().max(1) as u8;
        program.window_ns = (self.window_s * 1e9) as u64;
        program.warm_start = self.warm_start;
        program.transient = self.traffic.iter().any(|t| match &t.supply {
            Supply::Open { curve, .. } => curve.is_transient(),
            Supply::Sessions(s) => s.arrivals.as_ref().is_some_and(Curve::is_transient),
            Supply::Closed { .. } => false,
        });
        let too_large = lower.builder.too_large();
        let Lower { builder, catalogue, prices, notes, .. } = lower;
        let mut program = builder.finish();
        flow::rate_look_ups(&mut program);
        Lowered { program, catalogue, prices, notes, too_large }
    }

    /// The component that time without a service is accounted to.
    pub(crate) fn nobody(&self) -> usize {
        self.parts.len()
    }

    fn names(&self, lower: &mut Lower<'_>) {
        let names = &mut lower.catalogue;
        for part in &self.parts {
            let kind = part.spec.kind().word;
            names.components.push(ComponentNames { name: part.name.clone(), kind });
        }
        if self.endpoints.iter().any(|e| e.service.is_none()) {
            names.components.push(ComponentNames { name: "delays".to_owned(), kind: "delay" });
        }
        names.traffic.extend(self.traffic.iter().map(|t| t.name.clone()));
        names.sources.extend(self.traffic.iter().map(|t| t.name.clone()));
        names.endpoints.extend(self.endpoints.iter().map(|e| e.name.clone()));
    }

    fn source(&self, lower: &mut Lower<'_>, index: usize, traffic: &Traffic) {
        let kind = match &traffic.supply {
            Supply::Open { curve, gaps, batch } => {
                let entry = self.entry(lower, index, &traffic.name, &traffic.mix, None);
                let mean = batch.as_ref().map_or(1.0, Distribution::mean);
                SourceKind::Open {
                    curve: curve.clone().scaled(self.scale / mean),
                    gaps: gaps.clone().map(|d| lower.builder.dist(d)),
                    batch: batch.clone().map(|d| lower.builder.dist(d)),
                    entry,
                }
            }
            Supply::Closed { clients, think } => {
                let entry = self.entry(lower, index, &traffic.name, &traffic.mix, None);
                let think = think.clone().map(|d| lower.builder.dist(d));
                SourceKind::Closed { clients: self.scaled(*clients), think, entry }
            }
            Supply::Sessions(sessions) => self.sessions(lower, index, traffic, sessions),
        };
        lower.builder.source(Source { kind, site: site(0, &traffic.name) });
    }

    /// A count of clients or sessions under the scale of the run, rounded up.
    pub(crate) fn scaled(&self, count: u32) -> u32 {
        let scaled = f64::from(count) * self.scale;
        (scaled - scaled * 1e-12).ceil().min(f64::from(u32::MAX)) as u32
    }

    fn sessions(
        &self,
        lower: &mut Lower<'_>,
        index: usize,
        traffic: &Traffic,
        s: &Sessions,
    ) -> SourceKind {
        let place = s.connects_to.map(|_| (Local(0), Local(1)));
        let session = s.connects_to.zip(place);
        let mut streams = Vec::new();
        for message in &s.messages {
            let name = format!("{}.{}", traffic.name, message.name);
            let entry = (!message.mix.is_empty())
                .then(|| self.entry(lower, index, &name, &message.mix, session));
            streams.push(Stream {
                every: lower.builder.dist(message.every.clone()),
                constant_ns: constant_ns(&message.every),
                entry,
                push: message.push.clone().map(|d| lower.builder.dist(d)),
                site: site(0, &name),
            });
        }
        streams.extend(self.heartbeat(lower, index, traffic, s, session));
        let dialogue = s.think.as_ref().map(|think| {
            let entry = self.entry(lower, index, &traffic.name, &traffic.mix, session);
            (lower.builder.dist(think.clone()), entry)
        });
        let supply = match (&s.constant, &s.arrivals) {
            (Some(count), _) => Sessions_::Constant(self.scaled(*count)),
            (None, Some(curve)) => Sessions_::Arrivals(curve.clone().scaled(self.scale)),
            (None, None) => Sessions_::Constant(0),
        };
        SourceKind::Sessions(crate::program::Sessions {
            supply,
            length: s.length.clone().map(|d| lower.builder.dist(d)),
            connects_to: s.connects_to.map(|service| lower.group(service)),
            streams,
            dialogue,
            cap: s.cap,
            reconnect: s.reconnect.clone().map(|d| lower.builder.dist(d)),
            place,
        })
    }

    /// Heartbeats are a stream of their own when they cost CPU; else they are silent.
    fn heartbeat(
        &self,
        lower: &mut Lower<'_>,
        index: usize,
        traffic: &Traffic,
        s: &Sessions,
        session: Option<(usize, (Local, Local))>,
    ) -> Option<Stream> {
        let every = s.heartbeat.as_ref()?;
        let (service, place) = session?;
        let Spec::Service(spec) = &self.parts[service].spec else { return None };
        let cpu = spec.heartbeat_cpu.as_ref().filter(|d| d.mean() > 0.0)?;
        let name = format!("{}.heartbeat", traffic.name);
        let endpoint = lower.catalogue.endpoints.len() as u16;
        lower.catalogue.endpoints.push(name.clone());
        let entry = lower.builder.here();
        let at = root(&name, true);
        let level = self.priorities().len().saturating_sub(1) as u8;
        let class = class(lower, Class { traffic: index as u16, endpoint, priority: level });
        lower.op(&at, crate::program::Op::Class(class));
        let e = crate::components::Entry { service, session: Some(place), memory: None };
        spec.enter(lower, &at, e, &mut |lower, at| lower.cpu(at, cpu));
        lower.op(&at, crate::program::Op::Done);
        Some(Stream {
            every: lower.builder.dist(every.clone()),
            constant_ns: constant_ns(every),
            entry: Some(entry),
            push: None,
            site: site(0, &name),
        })
    }

    /// Writes the code of one request of a mix; returns where it begins.
    fn entry(
        &self,
        lower: &mut Lower<'_>,
        index: usize,
        name: &str,
        mix: &Mix,
        session: Option<(usize, (Local, Local))>,
    ) -> Pc {
        let entry = lower.builder.here();
        let at = root(name, session.is_some());
        let labels: Vec<Label> = mix.iter().map(|_| lower.builder.label()).collect();
        if mix.len() > 1 {
            let mut sum = 0.0;
            let mut arms: Vec<(f64, Label)> = mix
                .iter()
                .zip(&labels)
                .map(|((_, share), label)| {
                    sum += share;
                    (sum, *label)
                })
                .collect();
            if let Some(last) = arms.last_mut() {
                last.0 = 1.0;
            }
            let switch = lower.builder.switch(site(at.scope.path, "mix"), arms);
            lower.op(&at, crate::program::Op::Switch(switch));
        }
        for ((endpoint, _), label) in mix.iter().zip(labels) {
            lower.builder.place(label);
            self.arm(lower, index, &at, *endpoint, session);
        }
        entry
    }

    fn arm(
        &self,
        lower: &mut Lower<'_>,
        index: usize,
        at: &At,
        endpoint: usize,
        session: Option<(usize, (Local, Local))>,
    ) {
        let target = &self.endpoints[endpoint];
        let traffic = &self.traffic[index];
        let level = self.priorities().binary_search(&target.priority).unwrap_or(0) as u8;
        let wanted = Class { traffic: index as u16, endpoint: endpoint as u16, priority: level };
        let class = class(lower, wanted);
        lower.op(at, crate::program::Op::Class(class));
        let at = At { endpoint, ..at.step(&target.name) };
        let stops_work = target.service.is_some_and(|s| match &self.parts[s].spec {
            Spec::Service(spec) => spec.notices_disconnect,
            _ => false,
        });
        let around =
            Around { timeout_kind: Kind::ClientTimeout.id(), stops_work, ..Around::step(None) };
        // A message runs on the connection of its session only at the service it connects to.
        let place = session.filter(|s| target.service == Some(s.0)).map(|s| s.1);
        let mut inner = |lower: &mut Lower<'_>, at: &At| {
            via(lower, at, &traffic.via, &mut |lower, at| {
                self.request(lower, at, endpoint, place, None);
            });
        };
        if traffic.policies.is_empty() {
            inner(lower, &at);
        } else {
            lower.framed(&at, &traffic.policies, around, &mut |lower, at| {
                lower.boundary(at, target.service, &mut inner);
            });
        }
        lower.op(&at, crate::program::Op::Done);
    }

    /// Registers the metrics of the whole, of traffic, of endpoints and of sessions.
    fn totals(&self, lower: &mut Lower<'_>) {
        let classes = lower.builder.program().classes.clone();
        let named = |(i, c): (usize, &Class)| {
            (ClassId(i as u16), usize::from(c.traffic), usize::from(c.endpoint))
        };
        lower.catalogue.classes = classes.iter().enumerate().map(named).collect();
        let pick = |wanted: &dyn Fn(&Class) -> bool| -> Vec<ClassId> {
            let ids = (0..classes.len()).map(|i| ClassId(i as u16));
            ids.zip(&classes).filter(|c| wanted(c.1)).map(|c| c.0).collect()
        };
        let is_request = |c: &Class| usize::from(c.endpoint) < self.endpoints.len();
        requests(lower, "", &pick(&is_request));
        for (i, traffic) in self.traffic.iter().enumerate() {
            let of = pick(&|c| is_request(c) && usize::from(c.traffic) == i);
            requests(lower, &traffic.name, &of);
            if matches!(traffic.supply, Supply::Sessions(_)) {
                session_metrics(lower, &traffic.name, SourceId(i as u16));
            }
        }
        for (i, endpoint) in self.endpoints.iter().enumerate() {
            let of = pick(&|c| usize::from(c.endpoint) == i);
            if !of.is_empty() {
                requests(lower, &endpoint.name, &of);
            }
        }
    }
}

fn root(name: &str, in_session: bool) -> At {
    let mut scope = Scope::root(name);
    if in_session {
        scope.locals(2); // the instance and the worker of the session
    }
    At { scope, worker: None, held: Vec::new(), endpoint: 0 }
}

fn class(lower: &mut Lower<'_>, class: Class) -> ClassId {
    let classes = &mut lower.builder.program().classes;
    let same = |c: &Class| c.traffic == class.traffic && c.endpoint == class.endpoint;
    let known = classes.iter().position(same).unwrap_or_else(|| {
        classes.push(class);
        classes.len() - 1
    });
    ClassId(known as u16)
}

fn constant_ns(every: &Distribution) -> Option<u64> {
    match every {
        Distribution::Constant(seconds) => Some((seconds * 1e9).round() as u64),
        _ => None,
    }
}

fn requests(lower: &mut Lower<'_>, name: &str, classes: &[ClassId]) {
    let full = |metric: &str| {
        if name.is_empty() { metric.to_owned() } else { format!("{name}.{metric}") }
    };
    let of =
        |counter: fn(ClassId) -> Counter| classes.iter().copied().map(counter).collect::<Vec<_>>();
    let (ok, failed, arrivals) = (of(Counter::Ok), of(Counter::Failed), of(Counter::Arrivals));
    let ended = [ok.clone(), failed.clone()].concat();
    for (metric, all) in [("latency", false), ("latency_all", true)] {
        let latency = Measure::Latency { classes: classes.to_vec(), all };
        lower.metric(full(metric), Quantity::Duration, latency);
    }
    lower.metric(full("offered"), Quantity::Rate, Measure::Rate(arrivals.clone()));
    lower.metric(full("throughput"), Quantity::Rate, Measure::Rate(ok.clone()));
    let errors = Measure::Share(failed.clone(), ended.clone());
    lower.metric(full("error_rate"), Quantity::Ratio, errors);
    let available = Measure::Share(ok, ended.clone());
    lower.metric(full("availability"), Quantity::Ratio, available);
    let inside = classes.iter().copied().map(Gauge::InFlight).collect();
    let inside = Measure::Level { of: inside, per: Vec::new() };
    lower.metric(full("in_flight"), Quantity::Count, inside);
    let pausing = classes.iter().copied().map(Gauge::Retrying).collect();
    let pausing = Measure::Level { of: pausing, per: Vec::new() };
    lower.metric(full("retrying"), Quantity::Count, pausing);
    let attempts = Measure::Share(of(Counter::Attempts), arrivals);
    lower.metric(full("attempts.mean"), Quantity::Count, attempts);
    lower.failures(name, &failed, &ended, &|kind| {
        classes.iter().map(|class| Counter::FailedAs(*class, kind)).collect()
    });
}

fn session_metrics(lower: &mut Lower<'_>, name: &str, source: SourceId) {
    let active = Measure::Level { of: vec![Gauge::Sessions(source)], per: Vec::new() };
    lower.metric(format!("{name}.sessions.active"), Quantity::Count, active);
    for (metric, counter) in [
        ("started", Counter::SessionsStarted(source)),
        ("dropped", Counter::SessionsDropped(source)),
        ("refused", Counter::SessionsRefused(source)),
    ] {
        let name = format!("{name}.sessions.{metric}");
        lower.metric(format!("{name}.rate"), Quantity::Rate, Measure::Rate(vec![counter]));
        lower.metric(format!("{name}.count"), Quantity::Count, Measure::Count(vec![counter]));
    }
}
