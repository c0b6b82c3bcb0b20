//! What a service is lowered to: crews, loops, cores, memory; and what its steps are.

use crate::dist::Distribution;
use crate::program::{
    Accept, Admission, AdmissionId, ComponentId, Counter, Crew, DrawId, Gauge, Group, GroupId,
    Instance, InstanceId, Kind, Local, Measure, Memory, Op, Processor, Quantity, Rule, Scaling,
    Slot, Station, StationId, StationKind, Target, Tokens,
};

use super::super::client::nanoseconds;
use super::super::cost::Basis;
use super::super::lower::{At, Lower, Own, Per, Row, Worker};
use super::super::metrics::Resource;
use super::super::policy::{Around, Policies};
use super::{AcceptWord, Runtime, Spec};

/// The stations of a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Built {
    /// Instance 0.
    pub(crate) first_instance: InstanceId,
    /// The group of its instances.
    pub(crate) group: GroupId,
    crews: Row,
    loops: Option<Row>,
    /// Cores, when CPU work queues for them or shares them.
    cores: Option<Row>,
    /// Cores as plain servers: more than workers, so nothing ever waits.
    servers: Option<Row>,
    memory: Option<Row>,
    /// An interpreter lock: the processor has a group per worker.
    grouped: bool,
    /// What may refuse requests.
    admission: Option<AdmissionId>,
}

impl Spec {
    /// Units of CPU of one instance: stated, or enough for all workers.
    pub(crate) fn cores(&self) -> u32 {
        self.cores.unwrap_or_else(|| match self.runtime {
            Runtime::Thread { threads, worker_cores } => {
                self.workers.saturating_mul(worker_cores.unwrap_or(threads).min(threads))
            }
            _ => self.workers,
        })
    }

    /// (instances, workers of each): as many as there can be.
    pub(crate) fn copies(&self) -> (u32, u32) {
        let most = self.autoscale.as_ref().map_or(self.instances, |autoscale| autoscale.max);
        (most, self.workers)
    }

    pub(super) fn per_worker(&self) -> u32 {
        match self.runtime {
            Runtime::EventLoop { connections, .. } => connections,
            Runtime::Process => 1,
            Runtime::Thread { threads, .. } => threads,
        }
    }

    /// Builds the stations of all instances.
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        let uses = lower.system.uses(own.index);
        let priority = lower.system.has_priorities();
        let (instances, workers) = self.copies();
        let cores = self.cores();
        let fits = workers <= cores && !uses.exec;
        let is_loop = matches!(self.runtime, Runtime::EventLoop { .. });
        let (has_processor, has_servers) = match self.runtime {
            Runtime::EventLoop { .. } => (!fits, false),
            Runtime::Process => (!fits || uses.concurrent, fits && !uses.concurrent),
            Runtime::Thread { .. } => (true, false),
        };
        let boot = self.boot.as_ref().map(|d| lower.own_draw(own, "boot", d));
        let recycle = self.recycle.as_ref().map(|d| lower.own_draw(own, "recycle", d));
        let wake = self.wake.as_ref().map(|d| lower.own_draw(own, "wake", d));
        let first_station = lower.builder.program().stations.len() as u32;
        let first_loop = first_station + instances;
        let first_instance = InstanceId(lower.builder.program().instances.len() as u32);
        for i in 0..instances {
            let accept = match self.runtime {
                Runtime::EventLoop { accept: AcceptWord::Idle, .. } => {
                    Accept::Idle { loops: StationId(first_loop + i * workers) }
                }
                Runtime::EventLoop { accept: AcceptWord::Hashed, .. } => Accept::Hashed,
                _ => Accept::Free,
            };
            let crew = Crew {
                workers,
                first_worker: i * workers,
                per_worker: self.per_worker(),
                backlog: self.backlog,
                accept,
                recycle,
                drain_ns: nanoseconds(self.drain_s),
                boot,
                priority,
            };
            part(own, lower, first_instance, i, StationKind::Crew(crew));
        }
        let row = |base: u32, per: Per| Row {
            base: StationId(base),
            count: if per == Per::Worker { instances * workers } else { instances },
            per,
        };
        let crews = row(first_station, Per::Instance);
        let feeds = matches!(self.runtime, Runtime::EventLoop { accept: AcceptWord::Idle, .. });
        let loops = is_loop.then(|| row(first_loop, Per::Worker));
        if is_loop {
            for w in 0..instances * workers {
                let crew = StationId(first_station + w / workers);
                let tokens = Tokens {
                    feeds: feeds.then_some((crew, w % workers)),
                    wake,
                    priority,
                    ..Tokens::fifo(1)
                };
                part(own, lower, first_instance, w / workers, StationKind::Tokens(tokens));
            }
        }
        let grouped = matches!(self.runtime, Runtime::Thread { worker_cores: Some(_), .. });
        let processor = has_processor.then(|| {
            let base = lower.builder.program().stations.len() as u32;
            let (group_cap, groups) = match self.runtime {
                Runtime::Thread { worker_cores: Some(cap), .. } => (f64::from(cap), workers),
                _ => (f64::INFINITY, 1),
            };
            let cores = Processor { cores: f64::from(cores), job_cap: 1.0, group_cap, groups };
            for i in 0..instances {
                part(own, lower, first_instance, i, StationKind::Processor(cores));
            }
            row(base, Per::Instance)
        });
        let servers = has_servers.then(|| {
            let base = lower.builder.program().stations.len() as u32;
            for i in 0..instances {
                let tokens = Tokens::fifo(cores);
                part(own, lower, first_instance, i, StationKind::Tokens(tokens));
            }
            row(base, Per::Instance)
        });
        let memory = self.memory.as_ref().map(|m| {
            let base = lower.builder.program().stations.len() as u32;
            let memory = Memory {
                limit: m.limit.unwrap_or(f64::INFINITY),
                base: m.base + m.per_worker * f64::from(workers),
                refuse: m.refuse,
            };
            for i in 0..instances {
                part(own, lower, first_instance, i, StationKind::Memory(memory));
            }
            row(base, Per::Instance)
        });
        for i in 0..instances {
            lower.builder.instance(Instance {
                owner: own.id(),
                crew: StationId(crews.base.0 + i),
                memory: memory.map(|m| StationId(m.base.0 + i)),
                session_bytes: self.memory.as_ref().map_or(0.0, |m| m.per_connection),
                boot,
            });
        }
        let (scaling, admission) = self.controllers(own, lower);
        let group = lower.builder.group(Group {
            owner: own.id(),
            first: first_instance,
            count: instances,
            policy: self.balancer.policy,
            sticky: self.balancer.sticky,
            scaling,
            health: self.balancer.health,
            admission,
        });
        let built = Built {
            first_instance,
            group,
            crews,
            loops,
            cores: processor,
            servers,
            memory,
            grouped,
            admission,
        };
        self.register(own, lower, &built);
        built
    }

    /// What acts on the instances. What it reads and what follows from that is known when all names
    /// are, and is put there then.
    fn controllers(
        &self,
        own: &Own<'_>,
        lower: &mut Lower<'_>,
    ) -> (Option<u16>, Option<AdmissionId>) {
        let scaling = self.autoscale.as_ref().map(|autoscale| {
            let program = lower.builder.program();
            let group = GroupId(program.groups.len() as u16);
            program.scalings.push(Scaling {
                group,
                min: autoscale.min,
                max: autoscale.max,
                start: self.instances,
                drain_ns: nanoseconds(self.drain_s),
                step: autoscale.step,
                cooldown_ns: nanoseconds(autoscale.cooldown_s),
                interval_ns: nanoseconds(autoscale.interval_s),
                idle_after_ns: autoscale.idle_after_s.map(nanoseconds),
                watched: Vec::new(),
                rule: Rule::Steps { up: Vec::new(), down: Vec::new() },
            });
            program.scalings.len() as u16 - 1
        });
        let door = Admission { owner: own.id(), watched: Vec::new(), tests: Vec::new() };
        let admission = (!self.admission.is_empty()).then(|| lower.builder.admission(door));
        (scaling, admission)
    }

    fn register(&self, own: &Own<'_>, lower: &mut Lower<'_>, built: &Built) {
        lower.component_metrics(own);
        let instances = |each: f64| match &self.autoscale {
            Some(_) => Gauge::Provisioned { group: built.group, each },
            None => Gauge::Constant(each * f64::from(self.instances)),
        };
        let cpu = built.cores.or(built.servers);
        let cpu_stations = cpu.or(built.loops).expect("a service has cores or loops").stations();
        lower.resource(
            own,
            Resource {
                sized_by: Some(own.at(if cpu.is_none() { "workers" } else { "cores" })),
                size: Some(instances(f64::from(self.cores()))),
                has_queue: false,
                ..Resource::shared("cpu", cpu_stations)
            },
        );
        let crews = built.crews.stations();
        let backlog = match self.runtime {
            Runtime::EventLoop { .. } => {
                if let Some(loops) = built.loops {
                    lower.resource(
                        own,
                        Resource {
                            sized_by: Some(own.at("workers")),
                            unit: "worker",
                            ..Resource::tokens("workers", loops.stations())
                        },
                    );
                }
                ("connections", "connection", "connections")
            }
            Runtime::Process => ("workers", "worker", "workers"),
            Runtime::Thread { .. } => ("threads", "thread", "threads"),
        };
        lower.resource(
            own,
            Resource {
                sized_by: Some(own.at(backlog.2)),
                unit: backlog.1,
                ..Resource::tokens(backlog.0, crews.clone())
            },
        );
        let queue = crews.iter().copied().map(Gauge::Queue).collect::<Vec<_>>();
        let name = |metric: &str| format!("{}.{metric}", own.name);
        let level = |of: Vec<Gauge>, per: Vec<Gauge>| Measure::Level { of, per };
        lower.metric(name("backlog.queue.length"), Quantity::Count, level(queue, Vec::new()));
        for (metric, all) in [("backlog.wait", false), ("backlog.wait_all", true)] {
            let wait = Measure::Wait { stations: crews.clone(), all };
            lower.metric(name(metric), Quantity::Duration, wait);
        }
        let refused: Vec<_> = crews.iter().copied().map(Counter::StationRefused).collect();
        lower.metric(name("backlog.refused.rate"), Quantity::Rate, Measure::Rate(refused.clone()));
        lower.metric(name("backlog.refused.count"), Quantity::Count, Measure::Count(refused));
        let count = instances(1.0);
        lower.metric(name("instances"), Quantity::Count, level(vec![count], Vec::new()));
        lower.metric(name("instances.size"), Quantity::Count, level(vec![count], Vec::new()));
        let busy: Vec<_> = crews.iter().copied().map(Gauge::Busy).collect();
        lower.metric(name("connections.per_instance"), Quantity::Count, level(busy, vec![count]));
        if self.autoscale.is_some() {
            for (metric, of) in
                [("up", Counter::ScaledUp as fn(GroupId) -> Counter), ("down", Counter::ScaledDown)]
            {
                let scaled = Measure::Count(vec![of(built.group)]);
                lower.metric(name(&format!("scalings.{metric}.count")), Quantity::Count, scaled);
            }
        }
        let ids = (0..self.copies().0).map(|i| InstanceId(built.first_instance.0 + i));
        let available = ids.clone().map(Gauge::Available).collect();
        let workers = vec![instances(f64::from(self.workers))];
        lower.metric(name("workers.available"), Quantity::Ratio, level(available, workers));
        let down = ids.clone().map(Gauge::Down).collect();
        lower.metric(name("downtime"), Quantity::Ratio, level(down, vec![count]));
        let recycles = ids.clone().map(Counter::Recycles).collect::<Vec<_>>();
        lower.metric(name("recycles.rate"), Quantity::Rate, Measure::Rate(recycles.clone()));
        lower.metric(name("recycles.count"), Quantity::Count, Measure::Count(recycles));
        if let Some(memory) = built.memory {
            let limited = self.memory.as_ref().is_some_and(|m| m.limit.is_some());
            lower.resource(
                own,
                Resource {
                    sized_by: Some(own.at("memory.limit")),
                    unit: "byte",
                    quantity: Quantity::Bytes,
                    is_limited: limited,
                    ..Resource::shared("memory", memory.stations())
                },
            );
            let kills: Vec<_> = ids.map(Counter::MemoryKills).collect();
            lower.metric(name("memory.kills.rate"), Quantity::Rate, Measure::Rate(kills.clone()));
            lower.metric(name("memory.kills.count"), Quantity::Count, Measure::Count(kills));
        }
        let basis = match &self.autoscale {
            Some(autoscale) => {
                Basis::Simulated { measure: level(vec![count], Vec::new()), least: autoscale.min }
            }
            None => Basis::Provisioned { units: u64::from(self.instances) },
        };
        lower.price(own, "instances", basis);
        if let Some(price) = &self.balancer.price {
            lower.price_of(own, "balancer", price.clone(), Basis::Provisioned { units: 1 });
        }
    }

    /// Writes a request to this service: through the balancer to a worker, then `body`, then back.
    /// A message of a session is at its worker already (`session`).
    pub(crate) fn enter(
        &self,
        lower: &mut Lower<'_>,
        at: &At,
        entry: Entry<'_>,
        body: &mut dyn FnMut(&mut Lower<'_>, &At),
    ) {
        let policies = Policies { timeout: self.balancer.timeout.clone(), ..Policies::default() };
        let around = Around {
            timeout_kind: Kind::GatewayTimeout.id(),
            stops_work: self.notices_disconnect,
            ..Around::step(Some(entry.service))
        };
        let through_balancer = entry.session.is_none();
        let none = Policies::default();
        let balanced = if through_balancer { &policies } else { &none };
        lower.framed(at, balanced, around, &mut |lower, at| {
            if through_balancer {
                lower.delay(at, "balancer", self.balancer.latency.as_ref(), entry.service);
            }
            lower.boundary(at, Some(entry.service), &mut |lower, at| {
                self.serve(lower, at, &entry, body);
            });
        });
    }

    fn serve(
        &self,
        lower: &mut Lower<'_>,
        at: &At,
        entry: &Entry<'_>,
        body: &mut dyn FnMut(&mut Lower<'_>, &At),
    ) {
        let super::super::Built::Service(built) = *lower.built(entry.service) else {
            unreachable!("the index is a service's")
        };
        let mut at = at.clone();
        let (instances, workers) = self.copies();
        let place = entry.session.unwrap_or_else(|| {
            let instance = at.scope.locals(1);
            (instance, at.scope.locals(1))
        });
        let worker = Worker {
            service: entry.service,
            instance: (instances > 1).then_some(place.0),
            number: (instances * workers > 1).then_some(place.1),
            loop_held: false,
        };
        at.worker = Some(worker);
        at.held.clear();
        let mut slots: Vec<Slot> = Vec::new();
        if let (Some((instance, number)), Some(boundary)) = (entry.session, at.scope.boundary) {
            lower.builder.program().boundaries[boundary.index()].session =
                Some((built.group, instance, number));
        }
        if entry.session.is_none() {
            if let Some(door) = built.admission {
                lower.op(&at, Op::Door(door));
            }
            if instances > 1 || self.changes() {
                lower.op(&at, Op::Route { group: built.group, into: place.0 });
            }
            let slot = at.scope.slot();
            let crew = built.crews.target(at.worker);
            lower.op(&at, Op::Accept { at: crew, worker: place.1, slot });
            slots.push(slot);
        }
        for (name, bytes) in self.request_memory(entry) {
            let bytes = lower.draw(&at, name, &bytes, 1.0);
            slots.extend(allocate(lower, &mut at, built.memory, bytes));
        }
        let parts = lower.parts;
        lower.delay(&at, "latency", parts[entry.service].common.latency.as_ref(), entry.service);
        let policies = Policies { timeout: self.timeout.clone(), ..Policies::default() };
        let around = Around {
            timeout_kind: Kind::ServerTimeout.id(),
            stops_work: true,
            kills: slots.first().copied().filter(|_| self.dies_by_timeout(entry)),
            ..Around::step(Some(entry.service))
        };
        lower.framed(&at, &policies, around, body);
        for slot in slots.into_iter().rev() {
            lower.op(&at, Op::Release { slot });
        }
    }

    /// Whether not all instances take requests at all times.
    const fn changes(&self) -> bool {
        self.autoscale.is_some() || self.balancer.health.is_some()
    }

    /// Whether a request that takes too long takes its worker with it.
    const fn dies_by_timeout(&self, entry: &Entry<'_>) -> bool {
        matches!(self.runtime, Runtime::Process) && entry.session.is_none()
    }

    /// What a request holds in memory: of its own, and of the endpoint. (A session holds
    /// `per_connection` as long as it is open.)
    fn request_memory(&self, entry: &Entry<'_>) -> Vec<(&'static str, Distribution)> {
        let Some(memory) = &self.memory else { return Vec::new() };
        let fixed = memory.per_request;
        let mut all = Vec::new();
        match entry.memory {
            Some(Distribution::Constant(bytes)) => {
                all.push(("memory", Distribution::Constant(bytes + fixed)));
            }
            other => {
                if fixed > 0.0 {
                    all.push(("request_memory", Distribution::Constant(fixed)));
                }
                all.extend(other.map(|d| ("memory", d.clone())));
            }
        }
        all
    }
}

/// A request as it comes to a service.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The service.
    pub(crate) service: usize,
    /// Locals with the instance and the worker of the session it belongs to.
    pub(crate) session: Option<(Local, Local)>,
    /// Bytes that the endpoint holds from start to end.
    pub(crate) memory: Option<&'a Distribution>,
}

fn part(own: &Own<'_>, lower: &mut Lower<'_>, first: InstanceId, i: u32, kind: StationKind) {
    let instance = Some(InstanceId(first.0 + i));
    lower.builder.station(Station { kind, owner: own.id(), instance });
}

fn allocate(
    lower: &mut Lower<'_>,
    at: &mut At,
    memory: Option<Row>,
    bytes: DrawId,
) -> Option<Slot> {
    let memory = memory?;
    let slot = at.scope.slot();
    at.scope.locals(1); // the amount
    lower.op(at, Op::Allocate { at: memory.target(at.worker), bytes, slot });
    Some(slot)
}

impl Lower<'_> {
    fn service(&self, worker: Worker) -> Built {
        match *self.built(worker.service) {
            super::super::Built::Service(built) => built,
            _ => unreachable!("a worker belongs to a service"),
        }
    }

    /// Work of the worker itself.
    pub(crate) fn cpu(&mut self, at: &At, time: &Distribution) {
        let Some(worker) = at.worker else { return };
        let built = self.service(worker);
        let work = self.draw(at, "cpu", time, 1.0);
        let shared = |lower: &mut Self, at: &At| {
            if let Some(cores) = built.cores {
                let group = built.grouped.then_some(worker.number).flatten();
                lower.op(at, Op::Process { at: cores.target(at.worker), work, group });
            }
        };
        match (built.loops, built.servers, built.cores) {
            (Some(loops), _, None) if !worker.loop_held => {
                self.op(at, Op::Serve { at: loops.target(at.worker), time: work });
            }
            (Some(loops), _, Some(_)) if !worker.loop_held => {
                self.holding(at, Some(loops.target(at.worker)), &mut |lower, at| shared(lower, at));
            }
            (Some(_), _, None) => {
                let owner = ComponentId(worker.service as u16);
                self.op(at, Op::Delay { time: work, owner });
            }
            (None, Some(servers), _) => {
                self.op(at, Op::Serve { at: servers.target(at.worker), time: work });
            }
            _ => shared(self, at),
        }
    }

    /// Work beside the worker, on the same cores.
    pub(crate) fn exec(&mut self, at: &At, time: &Distribution) {
        let Some(worker) = at.worker else { return };
        let built = self.service(worker);
        let work = self.draw(at, "exec", time, 1.0);
        if let Some(cores) = built.cores {
            self.op(at, Op::Process { at: cores.target(at.worker), work, group: None });
        }
    }

    /// Bytes held while `steps` run.
    pub(crate) fn with_memory(
        &mut self,
        at: &At,
        bytes: Option<&Distribution>,
        steps: &mut dyn FnMut(&mut Self, &At),
    ) {
        let memory = at.worker.and_then(|w| self.service(w).memory);
        let (Some(bytes), Some(_)) = (bytes, memory) else { return steps(self, at) };
        let mut inner = at.clone();
        let bytes = self.draw(at, "memory", bytes, 1.0);
        let slot = allocate(self, &mut inner, memory, bytes);
        steps(self, &inner);
        if let Some(slot) = slot {
            self.op(&inner, Op::Release { slot });
        }
    }

    /// Holds the event loop while a driver that is not green waits. Other runtimes hold their worker
    /// anyway.
    pub(crate) fn blocking(&mut self, at: &At, steps: &mut dyn FnMut(&mut Self, &At)) {
        let loops = at.worker.filter(|w| !w.loop_held).and_then(|w| self.service(w).loops);
        let Some(loops) = loops else { return steps(self, at) };
        let target: Target = loops.target(at.worker);
        self.holding(at, Some(target), &mut |lower, at| {
            let worker = at.worker.map(|w| Worker { loop_held: true, ..w });
            steps(lower, &At { worker, ..at.clone() });
        });
    }
}
