//! A program read as a graph of operations: how often a request passes each of them, what it holds
//! there, and what it has been through by then.

use std::collections::BTreeMap;

use super::caching::{Keys, node_hit_ratios};
use crate::program::{
    Backoff, ClassId, DrawId, Eviction, Family, Frame, FrameId, NodeId, Op, Pc, Policy, Program,
    StationKind, Target,
};

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

/// Something that is held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Holding {
    /// What.
    pub(super) target: Target,
    /// The operation that took it.
    pub(super) since: Pc,
}

/// A visit of an operation, summed over all paths to it.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that may have been")]
pub(super) struct Visit {
    /// Expected passages per request.
    pub(super) count: f64,
    /// By slot: what is held on the way here.
    pub(super) held: BTreeMap<u8, Holding>,
    /// The class of the request, once it is decided.
    pub(super) class: Option<ClassId>,
    /// Rows of stations that may have been visited before, as bits by row.
    pub(super) past: Vec<u64>,
    /// Whether time may have passed since the request arrived.
    pub(super) delayed: bool,
    /// In a parallel branch.
    pub(super) forked: bool,
    /// After a join of branches.
    pub(super) joined: bool,
    /// Beside a request.
    pub(super) spawned: bool,
    /// After the answer.
    pub(super) replied: bool,
}

/// What becomes of a frame's attempts, by the chances that are stated inside.
struct Attempts {
    /// Expected attempts per entry.
    passes: f64,
    /// Probability of giving up in the end.
    gives_up: f64,
    /// Mean pause per entry, seconds.
    pause_s: f64,
}

/// Probabilities of a failure that leaves the innermost frame, by kind.
type Failures = BTreeMap<u8, f64>;

/// How a member of a row of stations is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// Members.
    pub(super) members: u32,
    /// By a balancer; `None`: a worker by its crew.
    pub(super) policy: Option<Policy>,
    /// A client keeps its member.
    pub(super) sticky: bool,
    /// Members come and go.
    pub(super) changes: bool,
}

/// A program with what is looked up again and again.
pub(super) struct Reading<'p> {
    pub(super) program: &'p Program,
    /// By family.
    pub(super) hit_ratios: Vec<f64>,
    /// By local: the choice among the members of a row that it stores.
    choices: BTreeMap<u8, Choice>,
    /// By the first station of a row, its dense number.
    rows: BTreeMap<u32, usize>,
}

impl<'p> Reading<'p> {
    /// Reads a program whose load is multiplied by `load`, which only its caches feel.
    pub(super) fn at_load(program: &'p Program, load: f64) -> Self {
        let (mut choices, mut rows) = (BTreeMap::new(), BTreeMap::new());
        for op in &program.ops {
            match op {
                Op::Route { group, into } => {
                    let group = &program.groups[group.index()];
                    let policy = Some(group.policy);
                    let (members, sticky, changes) = (group.count, group.sticky, group.changes());
                    let choice = Choice { members, policy, sticky, changes };
                    choices.insert(into.0, choice);
                }
                Op::Accept { at, worker, .. } => {
                    let instances = at.by.and_then(|by| choices.get(&by.0));
                    let changes = instances.is_some_and(|choice: &Choice| choice.changes);
                    let instances = instances.map_or(1, |choice: &Choice| choice.members);
                    let workers = match &program.stations[at.base.index()].kind {
                        StationKind::Crew(crew) => crew.workers,
                        _ => 1,
                    };
                    let members = instances.saturating_mul(workers);
                    choices
                        .insert(worker.0, Choice { members, policy: None, sticky: false, changes });
                }
                _ => {}
            }
            if let Some(target) = target_of(op) {
                let next = rows.len();
                rows.entry(target.base.0).or_insert(next);
            }
        }
        Self { program, hit_ratios: hit_ratios(program, load), choices, rows }
    }

    /// Rows of stations in the order of their numbers: (first station, choice).
    pub(super) fn rows(&self) -> Vec<(u32, Choice)> {
        let alone = Choice { members: 1, policy: None, sticky: false, changes: false };
        let mut rows = vec![(0, alone); self.rows.len()];
        for (base, number) in &self.rows {
            rows[*number].0 = *base;
        }
        for target in self.program.ops.iter().filter_map(target_of) {
            let choice = target.by.and_then(|by| self.choices.get(&by.0));
            if let (Some(number), Some(choice)) = (self.rows.get(&target.base.0), choice) {
                rows[*number].1 = *choice;
            }
        }
        rows
    }

    /// The dense number of a target's row.
    pub(super) fn row(&self, target: Target) -> usize {
        self.rows[&target.base.0]
    }

    pub(super) fn mean(&self, draw: DrawId) -> f64 {
        let draw = &self.program.draws[draw.index()];
        draw.factor * self.program.dists[draw.dist.index()].mean()
    }

    fn edges(&self, pc: Pc, attempts: &BTreeMap<u16, Attempts>) -> Vec<Edge> {
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
            Op::Try(id) => {
                let frame = &program.frames[id.index()];
                let known = attempts.get(&id.0);
                let passes = known.map_or(1.0, |attempts| attempts.passes);
                let mut edges = vec![next(frame.body, passes)];
                let gives_up = known.map_or(0.0, |attempts| attempts.gives_up);
                edges.extend(frame.fallback.map(|to| next(to, gives_up)));
                edges
            }
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
    pub(super) fn order(&self, entry: Pc) -> Vec<Pc> {
        let none = BTreeMap::new();
        let mut seen = vec![false; self.program.ops.len()];
        let (mut after, mut stack) = (Vec::new(), vec![(entry, false)]);
        while let Some((pc, left)) = stack.pop() {
            if left {
                after.push(pc);
            } else if !std::mem::replace(&mut seen[pc as usize], true) {
                stack.push((pc, true));
                stack.extend(self.edges(pc, &none).iter().map(|edge| (edge.to, false)));
            }
        }
        after.reverse();
        after
    }

    /// What becomes of the attempts of every frame that is entered, by the chances stated in the
    /// program.
    fn attempts(&self, order: &[Pc]) -> BTreeMap<u16, Attempts> {
        let mut attempts: BTreeMap<u16, Attempts> = BTreeMap::new();
        let mut fails: BTreeMap<Pc, Failures> = BTreeMap::new();
        let none = Failures::new();
        for &pc in order.iter().rev() {
            let of = |pc: Pc| fails.get(&pc).unwrap_or(&none);
            let mut sum = Failures::new();
            match &self.program.ops[pc as usize] {
                Op::Fail { kind, .. } => {
                    sum.insert(kind.0, 1.0);
                }
                Op::Leave(_) => {}
                Op::Try(id) => {
                    let frame = &self.program.frames[id.index()];
                    let (tries, unhandled) = self.tries(frame, of(frame.body));
                    add(&mut sum, of(frame.after), 1.0 - tries.gives_up);
                    match frame.fallback {
                        Some(fallback) => add(&mut sum, of(fallback), tries.gives_up),
                        None => add(&mut sum, &unhandled, 1.0),
                    }
                    attempts.insert(id.0, tries);
                }
                _ => {
                    for edge in self.edges(pc, &attempts) {
                        if edge.kind == EdgeKind::Next {
                            // A loop fails when any of its rounds does; to first order their sum.
                            add(&mut sum, of(edge.to), edge.share);
                        }
                    }
                }
            }
            if !sum.is_empty() {
                fails.insert(pc, sum);
            }
        }
        attempts
    }

    /// Attempts of a frame whose body fails so.
    fn tries(&self, frame: &Frame, failures: &Failures) -> (Attempts, Failures) {
        let again = |kind: u8| frame.retry_on >> u32::from(kind).min(63) & 1 == 1;
        let retried: f64 = failures.iter().filter(|f| again(*f.0)).map(|f| f.1).sum();
        let retried = retried.clamp(0.0, 1.0);
        let last = if frame.attempts == u32::MAX {
            f64::from(retried >= 1.0)
        } else {
            retried.powf(f64::from(frame.attempts))
        };
        let passes = if retried < 1.0 {
            (1.0 - last) / (1.0 - retried)
        } else {
            f64::from(frame.attempts.min(1_000_000))
        };
        let mut pause_s = 0.0;
        let (mut chance, mut k) = (retried, 1_u32);
        while chance > 1e-12 && k < frame.attempts.min(1000) {
            pause_s += chance * self.pause_s(frame.backoff, k);
            chance *= retried;
            k += 1;
        }
        let mut unhandled = Failures::new();
        for (kind, p) in failures {
            let repeated = again(*kind) && retried > 0.0;
            let share = if repeated { last * p / retried } else { p * passes };
            unhandled.insert(*kind, share);
        }
        let gives_up = unhandled.values().sum::<f64>().min(1.0);
        (Attempts { passes, gives_up, pause_s }, unhandled)
    }

    /// Mean pause before the k-th repeat, seconds.
    fn pause_s(&self, backoff: Backoff, k: u32) -> f64 {
        match backoff {
            Backoff::Drawn(draw) => self.mean(draw),
            Backoff::Doubling { first_s, max_s, jitter, .. } => {
                let pause = (first_s * 2_f64.powf(f64::from(k) - 1.0)).min(max_s);
                if jitter.is_some() { pause } else { 0.5 * pause }
            }
        }
    }

    /// Time that an operation takes its task when nothing waits, seconds; `from` is the time from
    /// each operation on.
    fn own_s(&self, pc: Pc, from: &BTreeMap<Pc, f64>, attempts: &BTreeMap<u16, Attempts>) -> f64 {
        match &self.program.ops[pc as usize] {
            Op::Serve { time, .. } | Op::Delay { time, .. } => self.mean(*time),
            Op::Process { at, work, .. } => match &self.program.stations[at.base.index()].kind {
                StationKind::Processor(p) => {
                    self.mean(*work) / p.job_cap.min(p.cores).min(p.group_cap)
                }
                _ => 0.0,
            },
            Op::Try(frame) => attempts.get(&frame.0).map_or(0.0, |attempts| attempts.pause_s),
            Op::Fork(_) => {
                let branches = self.edges(pc, attempts);
                let branches = branches.iter().filter(|edge| edge.kind == EdgeKind::Branch);
                branches.map(|edge| from.get(&edge.to).copied().unwrap_or(0.0)).fold(0.0, f64::max)
            }
            _ => 0.0,
        }
    }

    /// Every operation that a request beginning at `entry` may pass.
    pub(super) fn walk(&self, entry: Pc) -> Walk {
        let order = self.order(entry);
        let attempts = self.attempts(&order);
        let mut from: BTreeMap<Pc, f64> = BTreeMap::new();
        let mut to_reply: BTreeMap<Pc, f64> = BTreeMap::new();
        let mut own_s: BTreeMap<Pc, f64> = BTreeMap::new();
        for &pc in order.iter().rev() {
            let edges = self.edges(pc, &attempts);
            let later = |from: &BTreeMap<Pc, f64>| -> f64 {
                let next = edges.iter().filter(|edge| edge.kind == EdgeKind::Next);
                next.map(|e| e.share * from.get(&e.to).copied().unwrap_or(0.0)).sum()
            };
            let own = self.own_s(pc, &from, &attempts);
            let all = own + later(&from);
            let answer = match self.program.ops[pc as usize] {
                Op::Reply => 0.0,
                _ => self.own_s(pc, &to_reply, &attempts) + later(&to_reply),
            };
            own_s.insert(pc, own);
            from.insert(pc, all);
            to_reply.insert(pc, answer);
        }
        let mut visits: BTreeMap<Pc, Visit> = BTreeMap::new();
        let start = visits.entry(entry).or_default();
        start.count = 1.0;
        start.past = vec![0; self.rows.len().div_ceil(64)];
        for &pc in &order {
            let mut visit = visits.get(&pc).cloned().unwrap_or_default();
            let count = visit.count;
            let op = &self.program.ops[pc as usize];
            match op {
                Op::Class(class) => visit.class = Some(*class),
                Op::Seize { at, slot, .. } | Op::Accept { at, slot, .. } => {
                    visit.held.entry(slot.0).or_insert(Holding { target: *at, since: pc });
                }
                Op::Release { slot } => {
                    visit.held.remove(&slot.0);
                }
                Op::Reply => visit.replied = true,
                _ => {}
            }
            let before = visit.delayed;
            visit.delayed |= own_s[&pc] > 0.0;
            if let (Some(target), false) = (target_of(op), visit.past.is_empty()) {
                let row = self.row(target);
                visit.past[row / 64] |= 1 << (row % 64);
            }
            for edge in self.edges(pc, &attempts) {
                let to = visits.entry(edge.to).or_default();
                to.count += count * edge.share;
                to.class = visit.class;
                // Branches begin at once, however long their parent then waits for them.
                to.delayed |= if edge.kind == EdgeKind::Next { visit.delayed } else { before };
                to.forked |= visit.forked || edge.kind == EdgeKind::Branch;
                let joins = matches!(op, Op::Fork(_)) && edge.kind == EdgeKind::Next;
                to.joined |= visit.joined || joins;
                to.spawned |= visit.spawned || edge.kind == EdgeKind::Spawned;
                to.replied |= visit.replied;
                if to.past.is_empty() {
                    to.past.clone_from(&visit.past);
                } else {
                    to.past.iter_mut().zip(&visit.past).for_each(|(to, from)| *to |= from);
                }
                if edge.kind == EdgeKind::Next {
                    to.held.clone_from(&visit.held);
                }
            }
        }
        self.come_back(&mut visits, &attempts);
        let [to_end_s, to_reply_s] =
            [from, to_reply.clone()].map(|map| map.get(&entry).copied().unwrap_or(0.0));
        let passes = attempts.iter().map(|(frame, a)| (FrameId(*frame), a.passes)).collect();
        Walk { visits, own_s, to_reply, to_end_s, to_reply_s, passes }
    }

    /// What stands in a loop comes after all of the loop too.
    fn come_back(&self, visits: &mut BTreeMap<Pc, Visit>, attempts: &BTreeMap<u16, Attempts>) {
        let mut loops: Vec<(Pc, Pc)> = Vec::new();
        for (pc, op) in (0..).zip(&self.program.ops) {
            match op {
                Op::Again { body, .. } => loops.push((*body, pc)),
                Op::Leave(frame) if attempts.get(&frame.0).is_some_and(|a| a.passes > 1.0) => {
                    loops.push((self.program.frames[frame.index()].body, pc));
                }
                _ => {}
            }
        }
        for (first, last) in loops {
            let mut inside: Vec<u64> = Vec::new();
            for (pc, _) in visits.range(first..=last) {
                if let Some(target) = target_of(&self.program.ops[*pc as usize]) {
                    let row = self.row(target);
                    inside.resize(inside.len().max(row / 64 + 1), 0);
                    inside[row / 64] |= 1 << (row % 64);
                }
            }
            for (_, visit) in visits.range_mut(first..=last) {
                visit.past.iter_mut().zip(&inside).for_each(|(past, inside)| *past |= inside);
            }
        }
    }
}

/// All that a request may pass, by operation.
pub(super) struct Walk {
    /// The visits of each.
    pub(super) visits: BTreeMap<Pc, Visit>,
    /// Mean time that each operation takes its task when nothing waits, seconds (of parallel branches
    /// the longest mean).
    pub(super) own_s: BTreeMap<Pc, f64>,
    /// Mean time from each operation to the answer when nothing waits, seconds.
    pub(super) to_reply: BTreeMap<Pc, f64>,
    /// Mean time to the end when nothing waits, seconds.
    pub(super) to_end_s: f64,
    /// Mean time to the answer when nothing waits, seconds.
    pub(super) to_reply_s: f64,
    /// Frames that are entered, with their expected attempts.
    pub(super) passes: Vec<(FrameId, f64)>,
}

/// The station that an operation asks for.
pub(super) fn target_of(op: &Op) -> Option<Target> {
    match op {
        Op::Serve { at, .. }
        | Op::Process { at, .. }
        | Op::Seize { at, .. }
        | Op::Accept { at, .. }
        | Op::Allocate { at, .. }
        | Op::Admit { at } => Some(*at),
        _ => None,
    }
}

fn add(sum: &mut Failures, more: &Failures, share: f64) {
    for (kind, p) in more {
        if p * share > 0.0 {
            let total = sum.entry(*kind).or_default();
            *total = (*total + p * share).min(1.0);
        }
    }
}

/// Stationary hit ratio of each family: stated, or by its life and the room of its node.
fn hit_ratios(program: &Program, load: f64) -> Vec<f64> {
    let mut ratios: Vec<f64> = program.families.iter().map(|f| f.stated.unwrap_or(0.0)).collect();
    for (index, node) in program.nodes.iter().enumerate() {
        let on_node = |f: &Family| f.node == NodeId(index as u16) && f.stated.is_none();
        let of =
            |f: &Family| Keys { requests_per_s: f.lookup_rate_per_s * load, ..keys_of(program, f) };
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

/// A family of keys as the formulas of caches take it.
pub(super) fn keys_of(program: &Program, family: &Family) -> Keys {
    let size = &program.draws[family.size.index()];
    Keys {
        population: family.population,
        zipf: family.zipf,
        requests_per_s: family.lookup_rate_per_s,
        ttl_s: family.ttl_ns.map_or(f64::INFINITY, |ns| ns as f64 * 1e-9),
        renewed: family.renew_on_access,
        bytes: size.factor * program.dists[size.dist.index()].mean(),
    }
}
