//! Expected visits: how often each operation runs per second when nothing fails and nothing waits.
//!
//! Used for what has to be known before a run: the rates of look-ups from which caches start warm,
//! and warnings about offered load. Failures, retries and fallbacks are left out.

use std::collections::BTreeMap;

use crate::program::{Family, Op, Pc, Program, SourceKind, Supply};

/// Rate per second of every operation.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// By operation.
    pub(crate) per_s: Vec<f64>,
    /// Requests that enter.
    pub(crate) offered: f64,
}

/// Fills in the rate of look-ups of each family of keys.
pub(crate) fn rate_look_ups(program: &mut Program) {
    if program.families.is_empty() {
        return;
    }
    // Misses run further look-ups, so rates and hit ratios are found in turn; a few rounds are enough
    // for an estimate.
    for _ in 0..4 {
        let flow = Flow::of(program);
        let mut rates = vec![0.0; program.families.len()];
        for (op, rate) in program.ops.iter().zip(&flow.per_s) {
            if let Op::Lookup { family, .. } = op {
                rates[family.index()] += rate;
            }
        }
        for (family, rate) in program.families.iter_mut().zip(rates) {
            family.lookup_rate_per_s = rate;
        }
    }
}

/// Share of look-ups that find their key: stated, or by the time to live alone (memory enough).
///
/// ```text
/// write-renewed   h = λT / (1 + λT)        access-renewed   h = 1 − e^(−λT)      per key of rate λ
/// ```
fn hit_ratio(family: &Family) -> f64 {
    if let Some(stated) = family.stated {
        return stated;
    }
    let Some(ttl_ns) = family.ttl_ns else { return 1.0 };
    let life = family.lookup_rate_per_s * ttl_ns as f64 * 1e-9;
    if life <= 0.0 {
        return 0.0;
    }
    // Ranks in groups that grow by a tenth: the sum over millions of keys in a few hundred terms.
    let population = family.population.max(1) as f64;
    let (mut rank, mut groups, mut total) = (1.0_f64, Vec::new(), 0.0);
    while rank <= population {
        let end = (rank * 1.1).floor().max(rank + 1.0).min(population + 1.0);
        let weight = (0.5 * (rank + end - 1.0)).powf(-family.zipf);
        groups.push((end - rank, weight));
        total += (end - rank) * weight;
        rank = end;
    }
    let hits = groups.iter().map(|(keys, weight)| {
        let share = weight / total;
        let x = life * share;
        let hit = if family.renew_on_access { 1.0 - (-x).exp() } else { x / (1.0 + x) };
        keys * share * hit
    });
    hits.sum()
}

impl Flow {
    /// Follows the sources of a program. Operations only jump forward, but for the end of a loop.
    pub(crate) fn of(program: &Program) -> Self {
        Self::of_sources(program, &|_| true)
    }

    /// Follows some of the sources, by position.
    pub(crate) fn of_sources(program: &Program, wanted: &dyn Fn(usize) -> bool) -> Self {
        let mut flow = Self { per_s: vec![0.0; program.ops.len() + 1], offered: 0.0 };
        for (i, source) in program.sources.iter().enumerate() {
            if wanted(i) {
                flow.source(program, &source.kind);
            }
        }
        flow.offered = flow.per_s.iter().sum();
        let mut rounds: BTreeMap<Pc, f64> = BTreeMap::new();
        for (pc, op) in program.ops.iter().enumerate() {
            let rate = flow.per_s[pc];
            if rate <= 0.0 {
                continue;
            }
            let next = pc as Pc + 1;
            let mean = |draw: crate::program::DrawId| {
                let draw = &program.draws[draw.index()];
                program.dists[draw.dist.index()].mean() * draw.factor
            };
            match *op {
                Op::Jump(to) => flow.add(to, rate),
                Op::Switch(switch) => {
                    let mut low = 0.0;
                    for (high, to) in &program.switches[switch as usize].arms {
                        flow.add(*to, rate * (high - low));
                        low = *high;
                    }
                }
                Op::Chance { chance, otherwise } => {
                    let share = program.chances[chance as usize].0;
                    flow.add(next, rate * share);
                    flow.add(otherwise, rate * (1.0 - share));
                }
                Op::Lookup { family, miss, .. } => {
                    let hit = hit_ratio(&program.families[family.index()]);
                    flow.add(next, rate * hit);
                    flow.add(miss, rate * (1.0 - hit));
                }
                Op::Repeat { times, exit, .. } => {
                    let mean = mean(times);
                    rounds.insert(next, mean);
                    if mean > 0.0 {
                        flow.add(next, rate * mean);
                    } else {
                        flow.add(exit, rate);
                    }
                }
                Op::Again { body, .. } => {
                    flow.add(next, rate / rounds.get(&body).copied().unwrap_or(1.0));
                }
                Op::Try(frame) => flow.add(program.frames[frame.index()].body, rate),
                Op::Leave(frame) => flow.add(program.frames[frame.index()].after, rate),
                Op::Fork(fork) => {
                    let fork = &program.forks[fork as usize];
                    fork.branches.iter().for_each(|branch| flow.add(*branch, rate));
                    flow.add(fork.after, rate);
                }
                Op::Spawn { at } => {
                    flow.add(at, rate);
                    flow.add(next, rate);
                }
                Op::Join | Op::Fail { .. } | Op::Done => {}
                _ => flow.add(next, rate),
            }
        }
        flow
    }

    fn add(&mut self, pc: Pc, rate: f64) {
        self.per_s[pc as usize] += rate;
    }

    fn source(&mut self, program: &Program, kind: &SourceKind) {
        let mean = |dist: crate::program::DistId| program.dists[dist.index()].mean();
        match kind {
            SourceKind::Open { curve, batch, entry, .. } => {
                self.add(*entry, curve.mean_rate() * batch.map_or(1.0, mean));
            }
            SourceKind::Closed { clients, think, entry } => {
                // Nothing waits, and answers are taken as quick against thinking.
                let cycle = think.map_or(0.0, mean).max(0.05);
                self.add(*entry, f64::from(*clients) / cycle);
            }
            SourceKind::Sessions(sessions) => {
                let number = match &sessions.supply {
                    Supply::Constant(number) => f64::from(*number),
                    Supply::Arrivals(curve) => {
                        curve.mean_rate() * sessions.length.map_or(0.0, mean)
                    }
                };
                for stream in &sessions.streams {
                    if let Some(entry) = stream.entry {
                        self.add(entry, number / mean(stream.every).max(1e-9));
                    }
                }
                if let Some((think, entry)) = sessions.dialogue {
                    self.add(entry, number / mean(think).max(0.05));
                }
            }
        }
    }
}
