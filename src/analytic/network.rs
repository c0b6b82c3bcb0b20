//! A program as a queueing network: streams of requests, rows of like stations, and what each stream
//! asks of each row.
//!
//! This is the reading that every law's preconditions are checked on. Whatever a law could be
//! disturbed by is gathered as an [`Obstacle`] of the rows or of the whole.

use std::collections::BTreeSet;

use super::reading::{Choice, Reading, Visit, Walk, target_of};
use super::solution::Obstacle;
use super::supply::{Arrivals, supplies};
use crate::dist::Distribution;
use crate::program::{
    Accept, ClassId, Op, Pc, Policy, Program, SourceKind, StationId, StationKind, Target,
};

/// Requests that begin at one operation.
pub(super) struct Stream<'p> {
    /// The source.
    pub(super) source: usize,
    /// How they come.
    pub(super) supply: Arrivals<'p>,
    /// What they pass.
    pub(super) walk: Walk,
}

/// A row of like stations.
pub(super) struct Row {
    /// The first.
    pub(super) base: StationId,
    /// How a member is chosen.
    pub(super) choice: Choice,
}

/// How a station is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// A unit for the time of one service.
    Serve,
    /// Shared work.
    Share,
    /// A unit for all that happens until it is given back.
    Hold,
    /// A passage.
    Pass,
}

/// How long a unit is needed when its holder waits for nothing else.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Mean, seconds.
    pub(super) mean_s: f64,
    /// The law, where it is known.
    pub(super) law: Option<Distribution>,
    /// Its holder may wait for other rows meanwhile.
    pub(super) inner: Vec<usize>,
}

/// What one stream asks of one row at one operation.
pub(super) struct Use {
    /// Position of the stream.
    pub(super) stream: usize,
    /// Class of the requests.
    pub(super) class: Option<ClassId>,
    /// The operation.
    pub(super) pc: Pc,
    /// The row.
    pub(super) row: usize,
    /// Expected uses per request of the stream.
    pub(super) count: f64,
    /// How.
    pub(super) access: Access,
    /// For how long.
    pub(super) service: Service,
    /// Rows of which a unit is held meanwhile.
    pub(super) within: Vec<usize>,
}

/// The whole.
pub(super) struct Network<'p> {
    pub(super) program: &'p Program,
    pub(super) reading: Reading<'p>,
    pub(super) streams: Vec<Stream<'p>>,
    pub(super) rows: Vec<Row>,
    pub(super) uses: Vec<Use>,
    /// Per row: uses never wait there, as all of them hold a unit of something no larger.
    pub(super) idle: Vec<bool>,
}

impl<'p> Network<'p> {
    /// Reads a program.
    pub(super) fn new(program: &'p Program) -> Self {
        Self::at_load(program, 1.0)
    }

    /// Reads a program whose load is multiplied by `load`, which only its caches feel.
    pub(super) fn at_load(program: &'p Program, load: f64) -> Self {
        let reading = Reading::at_load(program, load);
        let rows: Vec<Row> = reading
            .rows()
            .into_iter()
            .map(|(base, choice)| Row { base: StationId(base), choice })
            .collect();
        let mut streams = Vec::new();
        for (source, entry, supply) in supplies(program) {
            streams.push(Stream { source, supply, walk: reading.walk(entry) });
        }
        let mut network = Self {
            program,
            reading,
            streams,
            idle: vec![false; rows.len()],
            rows,
            uses: Vec::new(),
        };
        for stream in 0..network.streams.len() {
            network.add_uses(stream);
        }
        network.find_idle();
        for number in 0..network.uses.len() {
            network.uses[number].service = network.service(&network.uses[number]);
        }
        network
    }

    /// The station that stands for a row.
    pub(super) fn kind(&self, row: usize) -> &'p StationKind {
        &self.program.stations[self.rows[row].base.index()].kind
    }

    /// Uses of a row.
    pub(super) fn of_row(&self, row: usize) -> impl Iterator<Item = &Use> {
        self.uses.iter().filter(move |u| u.row == row)
    }

    /// Uses per second of one member, of open streams.
    pub(super) fn rate_per_s(&self, u: &Use) -> f64 {
        let members = f64::from(self.rows[u.row].choice.members.max(1));
        self.streams[u.stream].supply.rate_per_s() * u.count / members
    }

    /// Arrivals per second at one member of a row, of open streams.
    pub(super) fn arrivals_per_s(&self, row: usize) -> f64 {
        self.of_row(row).map(|u| self.rate_per_s(u)).fold(0.0, std::ops::Add::add)
    }

    /// Offered load of the open streams over the size of a row: the utilization asked for, where ρ ≥ 1
    /// is overload.
    pub(super) fn asked(&self, row: usize) -> f64 {
        if let StationKind::Bucket(bucket) = self.kind(row) {
            return self.arrivals_per_s(row)
                / (bucket.rate_per_s * bucket.clients.unwrap_or(1) as f64);
        }
        let work = self.of_row(row).map(|u| self.rate_per_s(u) * u.service.mean_s);
        work.fold(0.0, std::ops::Add::add) / self.units(row)
    }

    /// Share of the time that a unit of a row is up; 1 where none breaks by itself.
    pub(super) fn availability(&self, row: usize) -> f64 {
        let fault = self.program.faults.iter().find(|f| f.station == Some(self.rows[row].base));
        fault.map_or(1.0, |fault| {
            let (up_s, down_s) = (self.reading.mean(fault.up), self.reading.mean(fault.down));
            up_s / (up_s + down_s)
        })
    }

    /// Whether whatever breaks only delays: what was under way goes on.
    pub(super) fn faults_only_delay(&self) -> bool {
        self.program.faults.iter().all(|fault| fault.station.is_some() && fault.resumes)
    }

    /// Which queue a use joins, of a server that goes round several.
    pub(super) fn queue_of(&self, u: &Use) -> usize {
        let StationKind::Tokens(tokens) = self.kind(u.row) else { return 0 };
        let endpoint = u.class.map(|class| self.program.classes[class.index()].endpoint);
        let queues = tokens.polling.iter().flat_map(|polling| &polling.queues);
        queues.into_iter().position(|queue| Some(*queue) == endpoint).unwrap_or(0)
    }

    fn add_uses(&mut self, stream: usize) {
        let walk = &self.streams[stream].walk;
        let mut found = Vec::new();
        for (pc, visit) in &walk.visits {
            let op = &self.program.ops[*pc as usize];
            let (access, at) = match op {
                Op::Serve { at, .. } => (Access::Serve, *at),
                Op::Process { at, .. } => (Access::Share, *at),
                Op::Seize { at, slot, once } => {
                    if *once && visit.held.contains_key(&slot.0) {
                        continue;
                    }
                    (Access::Hold, *at)
                }
                Op::Accept { at, .. } => (Access::Hold, *at),
                Op::Admit { at } => (Access::Pass, *at),
                _ => continue,
            };
            if visit.count <= 0.0 {
                continue;
            }
            let within: BTreeSet<usize> =
                visit.held.values().map(|held| self.reading.row(held.target)).collect();
            found.push(Use {
                stream,
                class: visit.class,
                pc: *pc,
                row: self.reading.row(at),
                count: visit.count,
                access,
                service: Service { mean_s: 0.0, law: None, inner: Vec::new() },
                within: within.into_iter().collect(),
            });
        }
        self.uses.extend(found);
    }

    /// Units of one member of a row; infinite without a limit.
    pub(super) fn units(&self, row: usize) -> f64 {
        match self.kind(row) {
            StationKind::Tokens(tokens) if tokens.capacity == u32::MAX => f64::INFINITY,
            StationKind::Tokens(tokens) => f64::from(tokens.capacity),
            StationKind::Processor(p) => p.cores / p.job_cap.min(p.cores).min(p.group_cap),
            StationKind::Crew(crew) => f64::from(crew.workers) * f64::from(crew.per_worker),
            StationKind::Bucket(_) | StationKind::Memory(_) => f64::INFINITY,
        }
    }

    /// Rows where nobody can wait: all their users hold a unit of another row that has no more
    /// units.
    fn find_idle(&mut self) {
        for row in 0..self.rows.len() {
            let is_plain = match self.kind(row) {
                StationKind::Tokens(tokens) => tokens.feeds.is_none() && tokens.is_constant(),
                StationKind::Processor(p) => p.groups <= 1 || p.group_cap.is_infinite(),
                _ => false,
            };
            if !is_plain {
                continue;
            }
            if self.units(row).is_infinite() {
                self.idle[row] = true;
                continue;
            }
            let members = self.rows[row].choice.members;
            let guarded = |guard: usize| {
                let others = self.rows[guard].choice.members;
                let same_owner = self.rows[guard].base != self.rows[row].base;
                same_owner
                    && (others == members || members == 1)
                    && self.units(row) * f64::from(members) >= self.units(guard) * f64::from(others)
            };
            let once = |u: &Use| {
                let visit = self.streams[u.stream].walk.visits.get(&u.pc);
                visit.is_some_and(|v| !v.forked && !v.spawned)
            };
            // The guard must be held as long as the unit itself is.
            let throughout = |u: &Use, guard: usize| {
                let visits = self.streams[u.stream].walk.visits.values();
                let mut holding = visits.filter(|v| v.held.values().any(|h| h.since == u.pc));
                let has = |v: &Visit| v.held.values().any(|h| self.reading.row(h.target) == guard);
                u.access != Access::Hold || holding.all(has)
            };
            let fits = |u: &Use| {
                let mut guards = u.within.iter();
                once(u) && guards.any(|guard| guarded(*guard) && throughout(u, *guard))
            };
            let idle = self.of_row(row).next().is_some() && self.of_row(row).all(fits);
            self.idle[row] = idle;
        }
    }

    /// How long a use needs its unit.
    fn service(&self, u: &Use) -> Service {
        let draw = |id: crate::program::DrawId, by: f64| {
            let draw = &self.program.draws[id.index()];
            let law = self.program.dists[draw.dist.index()].clone().scaled(draw.factor * by);
            Service { mean_s: law.mean(), law: Some(law), inner: Vec::new() }
        };
        match &self.program.ops[u.pc as usize] {
            Op::Serve { time, .. } => draw(*time, 1.0),
            Op::Process { work, .. } => match self.kind(u.row) {
                StationKind::Processor(p) => {
                    draw(*work, 1.0 / p.job_cap.min(p.cores).min(p.group_cap))
                }
                _ => draw(*work, 1.0),
            },
            Op::Seize { .. } | Op::Accept { .. } => self.held(u),
            _ => Service { mean_s: 0.0, law: None, inner: Vec::new() },
        }
    }

    /// What happens while a unit is held.
    fn held(&self, u: &Use) -> Service {
        let walk = &self.streams[u.stream].walk;
        let mut mean_s = 0.0;
        let mut inner = BTreeSet::new();
        let mut laws: Vec<(f64, Distribution)> = Vec::new();
        let mut known = true;
        for (pc, visit) in walk.visits.range(u.pc..) {
            if !visit.held.values().any(|held| held.since == u.pc) || visit.count <= 0.0 {
                continue;
            }
            known &= !visit.forked;
            let share = visit.count / u.count;
            mean_s += share * walk.own_s[pc];
            let op = &self.program.ops[*pc as usize];
            let (time, at) = match op {
                Op::Delay { time, .. } => (Some(*time), None),
                Op::Serve { time, at } => (Some(*time), Some(*at)),
                Op::Process { work, at, .. } => (Some(*work), Some(*at)),
                Op::Fork(fork) => {
                    known = false;
                    inner.extend(self.rows_of_branches(*fork));
                    (None, None)
                }
                // The pauses between attempts.
                Op::Try(_) if walk.own_s[pc] > 0.0 => {
                    known = false;
                    (None, None)
                }
                op => (None, target_of(op)),
            };
            if let Some(time) = time {
                let rate = at.map_or(1.0, |at| self.speed(at));
                let draw = &self.program.draws[time.index()];
                let law = &self.program.dists[draw.dist.index()];
                laws.push((share, law.clone().scaled(draw.factor / rate)));
            }
            if let Some(at) = at.filter(|at| !self.idle[self.reading.row(*at)]) {
                inner.insert(self.reading.row(at));
            }
        }
        laws.retain(|(_, law)| law.mean() > 0.0);
        let law = match laws.as_slice() {
            [] => Some(Distribution::Constant(0.0)),
            [(share, law)] if (share - 1.0).abs() < 1e-9 => Some(law.clone()),
            [(share, law)] if *share < 1.0 => Some(Distribution::Mix(vec![
                (1.0 - share, Distribution::Constant(0.0)),
                (1.0, law.clone()),
            ])),
            _ => None,
        };
        let law = law.filter(|_| known && inner.is_empty());
        Service { mean_s, law, inner: inner.into_iter().collect() }
    }

    /// Rows where the branches of a fork may wait, for whom its parent waits.
    fn rows_of_branches(&self, fork: u32) -> impl Iterator<Item = usize> {
        let branches = &self.program.forks[fork as usize].branches;
        let inside = branches.iter().flat_map(|entry| self.reading.order(*entry));
        let targets = inside.filter_map(|pc| target_of(&self.program.ops[pc as usize]));
        targets.map(|at| self.reading.row(at)).filter(|row| !self.idle[*row])
    }

    /// Work per second of one job alone.
    fn speed(&self, at: Target) -> f64 {
        match &self.program.stations[at.base.index()].kind {
            StationKind::Processor(p) => p.job_cap.min(p.cores).min(p.group_cap),
            _ => 1.0,
        }
    }

    /// Whatever in the whole program no law here knows.
    pub(super) fn obstacles(&self) -> Vec<Obstacle> {
        let program = self.program;
        let mut all = Vec::new();
        for stream in &self.streams {
            let source = stream.source;
            match (&stream.supply, &program.sources[source].kind) {
                (_, SourceKind::Open { curve, .. }) if curve.is_transient() => {
                    all.push(Obstacle::Varying { source });
                }
                (Arrivals::Other(_), _) => all.push(Obstacle::Clocks { source }),
                _ => {}
            }
            for (frame, _) in &stream.walk.passes {
                let frame = &program.frames[frame.index()];
                if frame.timeout.is_some() {
                    all.push(Obstacle::Timeout { source, owner: frame.owner });
                }
                if frame.breaker.is_some() {
                    all.push(Obstacle::Breaker { owner: frame.owner });
                }
            }
            for (pc, visit) in &stream.walk.visits {
                if visit.forked {
                    all.push(Obstacle::Parallel { source });
                }
                match program.ops[*pc as usize] {
                    Op::Door(_) => all.push(Obstacle::Door { source }),
                    Op::Gate { fault } => {
                        let owner = program.faults[fault.index()].owner;
                        all.push(Obstacle::Breaks { owner });
                    }
                    _ => {}
                }
            }
        }
        for family in &program.families {
            if family.stated.is_none() {
                all.push(Obstacle::Cache { owner: family.owner });
            }
        }
        for row in (0..self.rows.len()).filter(|row| !self.idle[*row]) {
            all.extend(self.obstacles_of(row));
        }
        let mut seen = Vec::new();
        all.retain(|obstacle| {
            let new = !seen.contains(obstacle);
            seen.push(*obstacle);
            new
        });
        all
    }

    /// What disturbs a row itself.
    pub(super) fn obstacles_of(&self, row: usize) -> Vec<Obstacle> {
        let station = self.rows[row].base;
        let mut all = Vec::new();
        match self.kind(row) {
            StationKind::Tokens(tokens) => {
                if tokens.overflow.is_some_and(|o| o.size < tokens.capacity || o.connect.is_some())
                {
                    all.push(Obstacle::Overflow { station });
                }
                if tokens.wake.is_some() {
                    all.push(Obstacle::Discipline { station });
                }
                if !tokens.is_constant() {
                    all.push(Obstacle::Absent { station });
                }
            }
            StationKind::Crew(crew) if crew.recycle.is_some() => {
                all.push(Obstacle::Recycle { station });
            }
            StationKind::Memory(memory) if memory.limit.is_finite() => {
                all.push(Obstacle::Memory { station });
            }
            _ => {}
        }
        if self.rows[row].choice.changes {
            all.push(Obstacle::Changing { station });
        }
        match self.rows[row].choice.policy {
            Some(Policy::LeastConnections | Policy::Choices(_))
                if self.rows[row].choice.members > 1 =>
            {
                all.push(Obstacle::Balancer { station });
            }
            _ => {}
        }
        if self.of_row(row).any(|u| !u.service.inner.is_empty()) {
            all.push(Obstacle::Holder { station });
        }
        all
    }

    /// Whether members of a row are chosen without looking at them, by requests that come as a
    /// Poisson process: each member then sees one.
    pub(super) fn splits(&self, row: usize) -> bool {
        let Choice { members, policy, sticky, changes } = self.rows[row].choice;
        let by_crew = policy.is_none() && self.hashed();
        !changes && (members <= 1 || (policy == Some(Policy::Random) && !sticky) || by_crew)
    }

    fn hashed(&self) -> bool {
        let mut crews = self.program.stations.iter().filter_map(|s| match s.kind {
            StationKind::Crew(crew) => Some(crew.accept),
            _ => None,
        });
        crews.all(|accept| matches!(accept, Accept::Hashed))
    }
}
