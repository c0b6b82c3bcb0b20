//! Keyed look-ups: expiry, eviction under a memory limit, single flight, warm start.

mod warm;

use std::collections::{HashMap, VecDeque};

use rand_distr::{Distribution as _, Zipf};

use super::calendar::Time;
use super::fault::Fault;
use super::level::Gauge;
use super::task::{NOBODY, State};
use super::world::World;
use crate::program::{Eviction, Family, FamilyId, Kind, KindId, Pc, Program};
use crate::results::NodeRecord;
use crate::rng::{Stream, combine};

/// A key that is absent.
const ABSENT: Time = 0;
/// Marks a slot that holds the fill of a key: family in bits 32 to 47, key in the lower ones.
pub(crate) const LEASE: u64 = 1 << 63;
/// A key that never expires.
const FOREVER: Time = Time::MAX;

/// Keys of one family.
#[derive(Debug)]
struct FamilyState {
    /// By key: when it expires; [`ABSENT`] when it is not there.
    expires: Vec<Time>,
    /// Keys in the order in which they may expire (looked at lazily).
    expiring: VecDeque<(Time, u32)>,
    /// By key: whether it stands in `expiring`.
    queued: Vec<bool>,
    /// First entry of this family in its node's table.
    first: u32,
    zipf: Option<Zipf<f64>>,
    /// Fills under way (single flight): key → (tasks that wait, in order).
    fills: HashMap<u32, Vec<u32>>,
    constant_size: Option<f64>,
}

#[derive(Debug)]
struct NodeState {
    bytes: Gauge,
    keys: Gauge,
    evictions: u64,
    fills: u64,
    expiries: u64,
    deletes: u64,
    bounded: bool,
    /// Entries in order of use, linked; index `entries` is the sentinel.
    links: Vec<(u32, u32)>,
    /// Whether a use moves a key to the front of that list.
    by_use: bool,
    /// Entries that are present, for random eviction.
    present: Vec<u32>,
    position: Vec<u32>,
    /// (first entry, family) in order.
    families: Vec<(u32, usize)>,
    entries: u32,
    draws: u64,
}

/// All caches of a world.
#[derive(Debug)]
pub(crate) struct CacheState {
    families: Vec<FamilyState>,
    nodes: Vec<NodeState>,
    key: u64,
}

fn size_of(program: &Program, family: &Family, number: u32) -> f64 {
    let draw = &program.draws[family.size.index()];
    let mut stream = Stream::at(combine(family.site, u64::from(number)), draw.site);
    draw.factor * program.dists[draw.dist.index()].sample(&mut stream)
}

impl CacheState {
    pub(crate) fn new(program: &Program, key: u64) -> Self {
        let mut nodes: Vec<NodeState> = program
            .nodes
            .iter()
            .map(|node| NodeState {
                bytes: Gauge::default(),
                keys: Gauge::default(),
                evictions: 0,
                fills: 0,
                expiries: 0,
                deletes: 0,
                bounded: node.limit_bytes.is_finite() || node.max_keys != u64::MAX,
                links: Vec::new(),
                by_use: false,
                present: Vec::new(),
                position: Vec::new(),
                families: Vec::new(),
                entries: 0,
                draws: 0,
            })
            .collect();
        let families = program
            .families
            .iter()
            .enumerate()
            .map(|(index, family)| {
                let node = &mut nodes[family.node.index()];
                let first = node.entries;
                let population = if family.stated.is_some() { 0 } else { family.population as u32 };
                node.families.push((first, index));
                node.entries += population;
                let draw = &program.draws[family.size.index()];
                FamilyState {
                    expires: vec![ABSENT; population as usize],
                    expiring: VecDeque::new(),
                    queued: vec![false; population as usize],
                    first,
                    zipf: (family.zipf > 0.0)
                        .then(|| Zipf::new(family.population as f64, family.zipf).ok())
                        .flatten(),
                    fills: HashMap::new(),
                    constant_size: match program.dists[draw.dist.index()] {
                        crate::dist::Distribution::Constant(size) => Some(size * draw.factor),
                        _ => None,
                    },
                }
            })
            .collect();
        for (node, spec) in nodes.iter_mut().zip(&program.nodes) {
            if !node.bounded {
                continue;
            }
            let n = node.entries;
            if spec.eviction == Eviction::Random {
                node.position = vec![NOBODY; n as usize];
            } else if matches!(spec.eviction, Eviction::Lru | Eviction::Fifo) {
                node.by_use = spec.eviction == Eviction::Lru;
                node.links = vec![(NOBODY, NOBODY); n as usize + 1];
                node.links[n as usize] = (n, n);
            }
        }
        let mut state = Self { families, nodes, key };
        if program.warm_start {
            state.warm(program);
        }
        state
    }

    fn node_of(program: &Program, family: FamilyId) -> usize {
        program.families[family.index()].node.index()
    }

    /// Removes what has expired from a node's families.
    fn purge(&mut self, program: &Program, node: usize, now: Time) {
        for i in 0..self.nodes[node].families.len() {
            let index = self.nodes[node].families[i].1;
            while let Some((at, number)) = self.families[index].expiring.front().copied() {
                if at > now {
                    break;
                }
                self.families[index].expiring.pop_front();
                let actual = self.families[index].expires[number as usize];
                if actual == ABSENT || actual == FOREVER {
                    self.families[index].queued[number as usize] = false;
                    continue;
                }
                if actual <= now {
                    self.families[index].queued[number as usize] = false;
                    self.remove(program, FamilyId(index as u16), number, now);
                    self.nodes[node].expiries += 1;
                } else {
                    self.families[index].expiring.push_back((actual, number));
                }
            }
        }
    }

    /// Removes a key; whether it was there.
    fn remove(&mut self, program: &Program, family: FamilyId, number: u32, now: Time) -> bool {
        let state = &mut self.families[family.index()];
        if state.expires[number as usize] == ABSENT {
            return false;
        }
        state.expires[number as usize] = ABSENT;
        let spec = &program.families[family.index()];
        let size = state.constant_size.unwrap_or_else(|| size_of(program, spec, number));
        let entry = state.first + number;
        let node = &mut self.nodes[spec.node.index()];
        node.bytes.add(now, -size);
        node.keys.add(now, -1.0);
        node.forget(entry);
        true
    }

    /// Stores a key. `Err` when the node is full and refuses.
    fn insert(
        &mut self,
        program: &Program,
        family: FamilyId,
        number: u32,
        expires: Time,
        now: Time,
    ) -> Result<(), KindId> {
        let spec = &program.families[family.index()];
        let node_id = spec.node.index();
        let limits = &program.nodes[node_id];
        let state = &mut self.families[family.index()];
        let entry = state.first + number;
        if state.expires[number as usize] == ABSENT {
            let size = state.constant_size.unwrap_or_else(|| size_of(program, spec, number));
            if self.nodes[node_id].bounded {
                let share = limits.evict_at;
                loop {
                    let node = &self.nodes[node_id];
                    let over = node.bytes.value() + size > limits.limit_bytes * share
                        || node.keys.value() + 1.0 > limits.max_keys as f64 * share;
                    if !over {
                        break;
                    }
                    if limits.eviction == Eviction::Refuse {
                        return Err(Kind::Full.id());
                    }
                    let Some(victim) = self.nodes[node_id].victim(self.key, limits.eviction) else {
                        // Larger than the whole memory: it is not kept.
                        return Ok(());
                    };
                    let owner = self.nodes[node_id].family_of(victim);
                    let number = victim - self.families[owner].first;
                    self.remove(program, FamilyId(owner as u16), number, now);
                    self.nodes[node_id].evictions += 1;
                }
            }
            let node = &mut self.nodes[node_id];
            node.bytes.add(now, size);
            node.keys.add(now, 1.0);
            node.fills += 1;
            node.remember(entry, limits.eviction);
        } else {
            self.nodes[node_id].touch(entry);
        }
        let state = &mut self.families[family.index()];
        state.expires[number as usize] = expires;
        if expires != FOREVER && !state.queued[number as usize] {
            state.queued[number as usize] = true;
            state.expiring.push_back((expires, number));
        }
        Ok(())
    }

    pub(crate) fn reset_records(&mut self, now: Time) {
        for node in &mut self.nodes {
            node.reset(now);
        }
    }

    /// Bytes and keys of a node now.
    pub(crate) fn levels(&self, node: usize) -> (f64, f64) {
        (self.nodes[node].bytes.value(), self.nodes[node].keys.value())
    }

    pub(crate) fn records(&self, now: Time) -> Vec<NodeRecord> {
        self.nodes
            .iter()
            .map(|node| NodeRecord {
                evictions: node.evictions,
                fills: node.fills,
                expiries: node.expiries,
                deletes: node.deletes,
                bytes: node.bytes.record(now),
                keys: node.keys.record(now),
            })
            .collect()
    }
}

impl NodeState {
    /// Forgets what was counted.
    fn reset(&mut self, now: Time) {
        (self.evictions, self.fills, self.expiries, self.deletes) = (0, 0, 0, 0);
        self.bytes.reset(now);
        self.keys.reset(now);
    }

    fn family_of(&self, entry: u32) -> usize {
        let at = self.families.partition_point(|f| f.0 <= entry) - 1;
        // Families with a stated ratio have no entries and share their neighbour's first.
        self.families[at].1
    }

    fn remember(&mut self, entry: u32, eviction: Eviction) {
        if !self.bounded {
            return;
        }
        match eviction {
            Eviction::Lru | Eviction::Fifo => self.link_front(entry),
            Eviction::Random => {
                self.position[entry as usize] = self.present.len() as u32;
                self.present.push(entry);
            }
            Eviction::Refuse => {}
        }
    }

    fn forget(&mut self, entry: u32) {
        if !self.links.is_empty() {
            let (prev, next) = self.links[entry as usize];
            self.links[prev as usize].1 = next;
            self.links[next as usize].0 = prev;
        } else if !self.position.is_empty() {
            let at = self.position[entry as usize];
            self.present.swap_remove(at as usize);
            if let Some(moved) = self.present.get(at as usize) {
                self.position[*moved as usize] = at;
            }
            self.position[entry as usize] = NOBODY;
        }
    }

    fn link_front(&mut self, entry: u32) {
        let sentinel = self.entries;
        let first = self.links[sentinel as usize].1;
        self.links[entry as usize] = (sentinel, first);
        self.links[first as usize].0 = entry;
        self.links[sentinel as usize].1 = entry;
    }

    #[inline]
    fn touch(&mut self, entry: u32) {
        if self.by_use {
            let (prev, next) = self.links[entry as usize];
            if prev == self.entries {
                return;
            }
            self.links[prev as usize].1 = next;
            self.links[next as usize].0 = prev;
            self.link_front(entry);
        }
    }

    fn victim(&mut self, key: u64, eviction: Eviction) -> Option<u32> {
        match eviction {
            Eviction::Lru | Eviction::Fifo => {
                Some(self.links[self.entries as usize].0).filter(|last| *last != self.entries)
            }
            Eviction::Random => {
                self.draws += 1;
                let n = self.present.len() as u64;
                let mut stream = Stream::new(combine(key, self.draws ^ 0x6576_6963_7400));
                (n > 0).then(|| self.present[stream.below(n) as usize])
            }
            Eviction::Refuse => None,
        }
    }
}

impl World<'_> {
    /// The request's key of a family: the same at every mention.
    pub(crate) fn key_of(&self, family: FamilyId, id: u32) -> u64 {
        let spec = &self.program.families[family.index()];
        let mut stream = Stream::new(combine(self.tasks[id].root, spec.site));
        match &self.cache.families[family.index()].zipf {
            Some(zipf) => (zipf.sample(&mut stream) as u64 - 1).min(spec.population - 1),
            None => stream.below(spec.population),
        }
    }

    /// A look-up. Returns whether the task goes on (its program counter says where).
    pub(crate) fn look_up(&mut self, family: FamilyId, id: u32, local: u8, miss: Pc) -> bool {
        let program = self.program;
        let spec = &program.families[family.index()];
        self.families[family.index()].lookups += 1;
        let pc = self.tasks[id].pc;
        if let Some(ratio) = spec.stated {
            let hit = Stream::at(self.tasks[id].key, spec.site ^ u64::from(pc)).unit() < ratio;
            self.families[family.index()].hits += u64::from(hit);
            self.tasks[id].pc = if hit { pc + 1 } else { miss };
            return true;
        }
        let number = self.key_of(family, id);
        self.tasks.set_local(id, local, number);
        let now = self.now;
        let node = CacheState::node_of(program, family);
        self.cache.purge(program, node, now);
        let state = &mut self.cache.families[family.index()];
        let expires = state.expires[number as usize];
        if expires > now {
            self.families[family.index()].hits += 1;
            if spec.renew_on_access
                && let Some(ttl) = spec.ttl_ns
            {
                state.expires[number as usize] = now + ttl;
            }
            let entry = state.first + number as u32;
            self.cache.nodes[node].touch(entry);
            self.tasks[id].pc = pc + 1;
            return true;
        }
        if spec.single_flight {
            if let Some(waiting) = state.fills.get_mut(&(number as u32)) {
                waiting.push(id);
                let task = &mut self.tasks[id];
                task.state = State::Filling;
                task.since = now;
                task.station = family.0.into();
                task.remaining = number;
                return false;
            }
            state.fills.insert(number as u32, Vec::new());
            // The leader holds a lease: if it fails before it fills, the others look again.
            self.hold(id, local, LEASE | u64::from(family.0) << 32 | number);
        }
        self.tasks[id].pc = miss;
        true
    }

    /// Stores a key that was found missing (or is put), and ends its single flight.
    pub(crate) fn fill(&mut self, family: FamilyId, number: u64) -> Result<(), KindId> {
        let program = self.program;
        let spec = &program.families[family.index()];
        if spec.stated.is_some() {
            return Ok(());
        }
        let now = self.now;
        self.cache.purge(program, spec.node.index(), now);
        let expires = spec.ttl_ns.map_or(FOREVER, |ttl| now + ttl);
        let stored = self.cache.insert(program, family, number as u32, expires, now);
        if spec.single_flight {
            self.end_flight(family, number as u32, true);
        }
        stored
    }

    /// The leader of a single flight gives up its lease.
    pub(crate) fn end_lease(&mut self, what: u64) {
        self.end_flight(FamilyId((what >> 32) as u16), what as u32, false);
    }

    /// Those who waited for a fill go on: with the value, or to look again when it failed.
    fn end_flight(&mut self, family: FamilyId, number: u32, filled: bool) {
        let Some(waiting) = self.cache.families[family.index()].fills.remove(&number) else {
            return;
        };
        let owner = self.program.families[family.index()].owner.0;
        for id in waiting {
            let task = &mut self.tasks[id];
            let waited = self.now - task.since;
            task.state = State::Ready;
            task.remaining = 0;
            if filled {
                task.pc += 1;
            }
            self.spend(id, owner, waited, 0);
            self.ready.push_back(id);
        }
    }

    /// A task stops waiting for another's fill.
    pub(crate) fn leave_fill(&mut self, id: u32) {
        let family = self.tasks[id].station as usize;
        let number = self.tasks[id].remaining as u32;
        self.tasks[id].remaining = 0;
        if let Some(waiting) = self.cache.families[family].fills.get_mut(&number) {
            waiting.retain(|other| *other != id);
        }
    }

    /// Removes the request's key, or the whole family.
    pub(crate) fn delete(&mut self, family: FamilyId, number: Option<u64>) {
        let program = self.program;
        if program.families[family.index()].stated.is_some() {
            return;
        }
        let now = self.now;
        let numbers = match number {
            Some(number) => number as u32..number as u32 + 1,
            None => 0..self.cache.families[family.index()].expires.len() as u32,
        };
        for number in numbers {
            let removed = self.cache.remove(program, family, number, now);
            let node = CacheState::node_of(program, family);
            let forgotten = removed && self.strikes(Fault::ForgetsDelete);
            self.cache.nodes[node].deletes += u64::from(removed && !forgotten);
        }
    }
}
