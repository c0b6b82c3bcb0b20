//! What a program asks of each station, by arithmetic alone: the demands that every bound and every
//! utilization starts from.
//!
//! The program is read as a graph of operations in which nothing fails and nobody waits; a cache
//! misses with its stationary probability. So utilizations are exact where nothing fails, and units
//! that are held while their holder waits for something else are busy longer than said here.
//! Retries, timeouts and fallbacks are left out.

use std::collections::BTreeMap;

use super::caching::{Keys, node_hit_ratios};
use crate::program::{
    DrawId, Eviction, NodeId, Op, Pc, Program, SourceKind, StationKind, Supply, Target,
};

/// What one request of one source asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Work per request and station: unit·seconds of servers, core·seconds (or bytes) of a
    /// processor, passages of a rate limit. One entry per station, by `StationId`; what goes to a
    /// replicated row is spread evenly over its members.
    pub work: Vec<f64>,
    /// Mean time of a request when nothing waits, seconds (of parallel branches the longest mean).
    pub alone_s: f64,
}

/// The demand of a request that begins at operation `entry`. Operations that lie in a cycle other
/// than a counted loop are entered once (lowering writes none). O(operations · held units) time.
pub fn of_request(program: &Program, entry: Pc) -> Demand {
    Reading::new(program).demand(entry)
}

/// Offered load of the open sources over the size of each station: the utilization asked for, where
/// ρ ≥ 1 is overload. One entry per station; `None` for stations that no open source visits, that
/// have no limit, and for memories.
pub fn offered(program: &Program) -> Vec<Option<f64>> {
    let reading = Reading::new(program);
    let mut load = vec![0.0; program.stations.len()];
    for source in &program.sources {
        for (rate_per_s, entry) in open_entries(program, &source.kind) {
            for (load, work) in load.iter_mut().zip(reading.demand(entry).work) {
                *load += rate_per_s * work;
            }
        }
    }
    let share = |(load, station): (f64, &crate::program::Station)| {
        let size = size(&station.kind);
        (load > 0.0 && size.is_finite()).then(|| load / size)
    };
    load.into_iter().zip(&program.stations).map(share).collect()
}

/// Upper bound on the cycles per second of a closed source, by its own demands: no more than when
/// nobody waits, and no more than its busiest station can do. `None` for other sources.
///
/// ```text
/// X ≤ min( N / (Z + R₀), min over stations (size / work) )
/// ```
///
/// Source: Denning and Buzen (1978), Computing Surveys 10.
pub fn most_cycles_per_s(program: &Program, source: usize) -> Option<f64> {
    let SourceKind::Closed { clients, think, entry } = &program.sources[source].kind else {
        return None;
    };
    let think_s = think.map_or(0.0, |dist| program.dists[dist.index()].mean());
    let demand = of_request(program, *entry);
    let busiest = demand.work.iter().zip(&program.stations).map(|(work, s)| size(&s.kind) / work);
    Some(busiest.fold(f64::from(*clients) / (think_s + demand.alone_s), f64::min))
}

/// Work per second that a station can do; infinite without a limit, and for memories.
fn size(kind: &StationKind) -> f64 {
    match kind {
        StationKind::Tokens(tokens) if tokens.capacity != u32::MAX => f64::from(tokens.capacity),
        StationKind::Processor(processor) => processor.cores,
        StationKind::Crew(crew) => f64::from(crew.workers) * f64::from(crew.per_worker),
        StationKind::Bucket(bucket) => bucket.rate_per_s * bucket.clients.unwrap_or(1) as f64,
        _ => f64::INFINITY,
    }
}

/// Requests per second of a source whatever the system does, with where they begin.
fn open_entries(program: &Program, kind: &SourceKind) -> Vec<(f64, Pc)> {
    let mean = |dist: crate::program::DistId| program.dists[dist.index()].mean();
    match kind {
        SourceKind::Open { curve, batch, entry, .. } => {
            vec![(curve.mean_rate() * batch.map_or(1.0, mean), *entry)]
        }
        SourceKind::Closed { .. } => Vec::new(),
        SourceKind::Sessions(sessions) => {
            let active = match &sessions.supply {
                Supply::Constant(n) => f64::from(*n),
                Supply::Arrivals(curve) => curve.mean_rate() * sessions.length.map_or(0.0, mean),
            };
            let stream = |s: &crate::program::Stream| Some((active / mean(s.every), s.entry?));
            sessions.streams.iter().filter_map(stream).collect()
        }
    }
}

/// Where the graph goes on after an operation.
struct Edge {
    to: Pc,
    /// Expected passages per visit.
    share: f64,
    kind: EdgeKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EdgeKind {
    /// The same task goes on, what it holds is still held.
    Next,
    /// A parallel branch: its parent holds and waits.
    Branch,
    /// Beside the request.
    Spawned,
}

/// A visit of an operation, summed over all paths to it.
#[derive(Clone, Default)]
struct Visit {
    count: f64,
    /// By slot: what is held on the way here.
    held: BTreeMap<u8, Target>,
}

/// A program with what is looked up again and again.
struct Reading<'p> {
    program: &'p Program,
    /// By family.
    hit_ratios: Vec<f64>,
    /// By local: members of the row that it chooses from.
    rows: BTreeMap<u8, u32>,
}

impl<'p> Reading<'p> {
    fn new(program: &'p Program) -> Self {
        let mut rows = BTreeMap::new();
        for op in &program.ops {
            match op {
                Op::Route { group, into } => {
                    rows.insert(into.0, program.groups[group.index()].count);
                }
                Op::Accept { at, worker, .. } => {
                    let instances = at.by.and_then(|by| rows.get(&by.0).copied()).unwrap_or(1);
                    let workers = match &program.stations[at.base.index()].kind {
                        StationKind::Crew(crew) => crew.workers,
                        _ => 1,
                    };
                    rows.insert(worker.0, instances.saturating_mul(workers));
                }
                _ => {}
            }
        }
        Self { program, hit_ratios: hit_ratios(program), rows }
    }

    fn mean(&self, draw: DrawId) -> f64 {
        let draw = &self.program.draws[draw.index()];
        draw.factor * self.program.dists[draw.dist.index()].mean()
    }

    fn edges(&self, pc: Pc) -> Vec<Edge> {
        let program = self.program;
        let next = |to: Pc, share: f64| Edge { to, share, kind: EdgeKind::Next };
        match &program.ops[pc as usize] {
            Op::Jump(to) => vec![next(*to, 1.0)],
            Op::Chance { chance, otherwise } => {
                let share = program.chances[*chance as usize].0;
                vec![next(pc + 1, share), next(*otherwise, 1.0 - share)]
            }
            Op::Switch(switch) => {
                let mut below = 0.0;
                let arms = program.switches[*switch as usize].arms.iter();
                arms.map(|(up_to, to)| {
                    let share = up_to - below;
                    below = *up_to;
                    next(*to, share)
                })
                .collect()
            }
            Op::Lookup { family, miss, .. } => {
                let hit = self.hit_ratios[family.index()];
                vec![next(pc + 1, hit), next(*miss, 1.0 - hit)]
            }
            // The loop's end leads nowhere: what follows it is reached by the exit.
            Op::Repeat { times, exit, .. } => {
                vec![next(pc + 1, self.mean(*times)), next(*exit, 1.0)]
            }
            Op::Try(frame) => vec![next(program.frames[frame.index()].body, 1.0)],
            Op::Leave(frame) => vec![next(program.frames[frame.index()].after, 1.0)],
            Op::Fork(fork) => {
                let fork = &program.forks[*fork as usize];
                let branch = |to: &Pc| Edge { to: *to, share: 1.0, kind: EdgeKind::Branch };
                let mut edges: Vec<Edge> = fork.branches.iter().map(branch).collect();
                edges.push(next(fork.after, 1.0));
                edges
            }
            Op::Spawn { at } => {
                vec![Edge { to: *at, share: 1.0, kind: EdgeKind::Spawned }, next(pc + 1, 1.0)]
            }
            Op::Again { .. } | Op::Join | Op::Fail { .. } | Op::Done => Vec::new(),
            _ => vec![next(pc + 1, 1.0)],
        }
    }

    /// Operations that can be reached, each before all that follow it.
    fn order(&self, entry: Pc) -> Vec<Pc> {
        let mut seen = vec![false; self.program.ops.len()];
        let (mut after, mut stack) = (Vec::new(), vec![(entry, false)]);
        while let Some((pc, left)) = stack.pop() {
            if left {
                after.push(pc);
            } else if !std::mem::replace(&mut seen[pc as usize], true) {
                stack.push((pc, true));
                stack.extend(self.edges(pc).iter().map(|edge| (edge.to, false)));
            }
        }
        after.reverse();
        after
    }

    /// Time that an operation takes its task when nothing waits, seconds; `from` is the time from
    /// each operation on.
    fn own_s(&self, pc: Pc, from: &BTreeMap<Pc, f64>) -> f64 {
        match &self.program.ops[pc as usize] {
            Op::Serve { time, .. } | Op::Delay { time, .. } => self.mean(*time),
            Op::Process { at, work, .. } => match &self.program.stations[at.base.index()].kind {
                StationKind::Processor(p) => {
                    self.mean(*work) / p.job_cap.min(p.cores).min(p.group_cap)
                }
                _ => 0.0,
            },
            Op::Fork(_) => {
                let branches = self.edges(pc);
                let branches = branches.iter().filter(|edge| edge.kind == EdgeKind::Branch);
                branches.map(|edge| from.get(&edge.to).copied().unwrap_or(0.0)).fold(0.0, f64::max)
            }
            _ => 0.0,
        }
    }

    fn demand(&self, entry: Pc) -> Demand {
        let order = self.order(entry);
        let mut from: BTreeMap<Pc, f64> = BTreeMap::new();
        for &pc in order.iter().rev() {
            let later = self.edges(pc);
            let later = later.iter().filter(|edge| edge.kind == EdgeKind::Next);
            let later: f64 = later.map(|e| e.share * from.get(&e.to).copied().unwrap_or(0.0)).sum();
            let own = self.own_s(pc, &from);
            from.insert(pc, own + later);
        }
        let mut work = vec![0.0; self.program.stations.len()];
        let mut visits: BTreeMap<Pc, Visit> = BTreeMap::new();
        visits.entry(entry).or_default().count = 1.0;
        for pc in order {
            let Visit { count, mut held } = visits.get(&pc).cloned().unwrap_or_default();
            let op = &self.program.ops[pc as usize];
            match op {
                Op::Serve { at, time } => self.ask(&mut work, *at, count * self.mean(*time)),
                Op::Process { at, work: amount, .. } => {
                    self.ask(&mut work, *at, count * self.mean(*amount));
                }
                Op::Admit { at } => self.ask(&mut work, *at, count),
                Op::Seize { at, slot, .. } | Op::Accept { at, slot, .. } => {
                    held.insert(slot.0, *at);
                }
                Op::Release { slot } => {
                    held.remove(&slot.0);
                }
                _ => {}
            }
            let passes_s = count * self.own_s(pc, &from);
            for target in held.values() {
                self.ask(&mut work, *target, passes_s);
            }
            for edge in self.edges(pc) {
                let to = visits.entry(edge.to).or_default();
                to.count += count * edge.share;
                if edge.kind == EdgeKind::Next {
                    to.held.clone_from(&held);
                }
            }
        }
        Demand { work, alone_s: from.get(&entry).copied().unwrap_or(0.0) }
    }

    /// Spreads work over the row of stations that a target may be.
    fn ask(&self, work: &mut [f64], target: Target, amount: f64) {
        let row = target.by.and_then(|by| self.rows.get(&by.0).copied()).unwrap_or(1).max(1);
        let members = work.iter_mut().skip(target.base.index()).take(row as usize);
        for member in members {
            *member += amount / f64::from(row);
        }
    }
}

/// Stationary hit ratio of each family: stated, or by its life and the room of its node.
fn hit_ratios(program: &Program) -> Vec<f64> {
    let mut ratios: Vec<f64> = program.families.iter().map(|f| f.stated.unwrap_or(0.0)).collect();
    for (index, node) in program.nodes.iter().enumerate() {
        let on_node =
            |f: &crate::program::Family| f.node == NodeId(index as u16) && f.stated.is_none();
        let of = |f: &crate::program::Family| {
            let size = &program.draws[f.size.index()];
            Keys {
                population: f.population,
                zipf: f.zipf,
                requests_per_s: f.lookup_rate_per_s,
                ttl_s: f.ttl_ns.map_or(f64::INFINITY, |ns| ns as f64 * 1e-9),
                renewed: f.renew_on_access,
                bytes: size.factor * program.dists[size.dist.index()].mean(),
            }
        };
        let members: Vec<usize> =
            (0..program.families.len()).filter(|i| on_node(&program.families[*i])).collect();
        let keys: Vec<Keys> = members.iter().map(|i| of(&program.families[*i])).collect();
        let most_keys = node.max_keys as f64 * node.evict_at;
        let lru = node.eviction == Eviction::Lru;
        let hits = node_hit_ratios(&keys, most_keys, node.limit_bytes * node.evict_at, lru);
        for (family, hit) in members.into_iter().zip(hits) {
            ratios[family] = hit;
        }
    }
    ratios
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::{Curve, Distribution};
    use crate::program::{
        Builder, Class, ClassId, ComponentId, Fork, Scope, Source, Station, StationId, Tokens,
    };

    struct Writer {
        builder: Builder,
        scope: Scope,
    }

    impl Writer {
        fn new() -> Self {
            Self { builder: Builder::new(), scope: Scope::root("jobs") }
        }

        fn tokens(&mut self, capacity: u32) -> StationId {
            let kind = StationKind::Tokens(Tokens::fifo(capacity));
            self.builder.station(Station { kind, owner: ComponentId(0), instance: None })
        }

        fn op(&mut self, op: Op) -> Pc {
            let scope = self.scope;
            self.builder.op(&scope, op)
        }

        fn draw(&mut self, mean: f64) -> DrawId {
            self.builder.draw(Distribution::Exponential { mean }, self.scope.path, 1.0)
        }

        fn serve(&mut self, at: StationId, mean: f64) {
            let time = self.draw(mean);
            self.op(Op::Serve { at: Target::fixed(at), time });
        }

        fn delay(&mut self, mean: f64) {
            let time = self.draw(mean);
            self.op(Op::Delay { time, owner: ComponentId(0) });
        }

        fn finish(mut self, rate: f64, entry: Pc) -> Program {
            self.builder.source(Source {
                kind: SourceKind::Open {
                    curve: Curve::Constant(rate),
                    gaps: None,
                    batch: None,
                    entry,
                },
                site: 1,
            });
            self.builder.program().classes.push(Class { traffic: 0, endpoint: 0, priority: 0 });
            self.builder.finish()
        }
    }

    fn close(measured: f64, expected: f64) {
        assert!((measured - expected).abs() < 1e-12, "{measured} is not {expected}");
    }

    #[test]
    fn a_held_unit_is_busy_for_all_that_happens_inside() {
        let mut writer = Writer::new();
        let (worker, db) = (writer.tokens(8), writer.tokens(3));
        let entry = writer.op(Op::Class(ClassId(0)));
        let slot = writer.scope.slot();
        writer.op(Op::Seize { at: Target::fixed(worker), slot, once: false });
        writer.delay(0.3);
        writer.serve(db, 0.25);
        writer.op(Op::Release { slot });
        writer.delay(1.0);
        writer.op(Op::Done);
        let program = writer.finish(8.0, entry);
        let demand = of_request(&program, entry);
        close(demand.alone_s, 1.55);
        close(demand.work[0], 0.55);
        close(demand.work[1], 0.25);
        let offered = offered(&program);
        close(offered[0].expect("visited"), 0.55);
        close(offered[1].expect("visited"), 2.0 / 3.0);
    }

    #[test]
    fn chances_loops_and_branches_are_weighted() {
        let mut writer = Writer::new();
        let (a, b, c) = (writer.tokens(1), writer.tokens(1), writer.tokens(1));
        let entry = writer.op(Op::Class(ClassId(0)));
        // Twice: a for 1 s, and with 25 % b for 2 s.
        let times = writer.builder.draw(Distribution::Constant(2.0), 5, 1.0);
        let state = writer.scope.locals(2);
        let exit = writer.builder.label();
        let body = writer.op(Op::Repeat { times, state, exit: exit.pc() }) + 1;
        writer.serve(a, 1.0);
        let skip = writer.builder.label();
        let chance = writer.builder.chance(0.25, 9);
        writer.op(Op::Chance { chance, otherwise: skip.pc() });
        writer.serve(b, 2.0);
        writer.builder.place(skip);
        writer.op(Op::Again { state, body });
        writer.builder.place(exit);
        // Then c for 3 s beside b for 1 s.
        let needed = writer.scope.locals(1);
        let labels = [writer.builder.label(), writer.builder.label(), writer.builder.label()];
        let fork = writer.builder.fork(Fork {
            branches: vec![labels[0].pc(), labels[1].pc()],
            join: 2,
            cancel_losers: false,
            needed,
            after: labels[2].pc(),
            site: 3,
        });
        writer.op(Op::Fork(fork));
        writer.builder.place(labels[0]);
        writer.serve(c, 3.0);
        writer.op(Op::Join);
        writer.builder.place(labels[1]);
        writer.serve(b, 1.0);
        writer.op(Op::Join);
        writer.builder.place(labels[2]);
        writer.op(Op::Done);
        let program = writer.finish(0.1, entry);
        let demand = of_request(&program, entry);
        close(demand.work[0], 2.0);
        close(demand.work[1], 2.0);
        close(demand.work[2], 3.0);
        close(demand.alone_s, 2.0 + 1.0 + 3.0);
        close(offered(&program)[2].expect("visited"), 0.3);
    }
}
