//! What a cache holds in its steady state, so that a run may begin there.

use super::{CacheState, FOREVER, size_of};
use crate::engine::calendar::Time;
use crate::engine::world::nanoseconds;
use crate::program::{Family, FamilyId, Program};
use crate::rng::{Stream, combine};

impl CacheState {
    /// Fills the caches as in the steady state: a key of request rate λ is present with the
    /// probability that its last write is younger than its life (TTL), or its last use younger than
    /// the node's characteristic time (Che, Tung, Wang 2002).
    pub(super) fn warm(&mut self, program: &Program) {
        for node in 0..self.nodes.len() {
            let mut present: Vec<(f64, u32, usize, u32, Time)> = Vec::new();
            let characteristic = characteristic_time(program, node);
            for (index, family) in program.families.iter().enumerate() {
                if family.node.index() != node || family.stated.is_some() {
                    continue;
                }
                if family.lookup_rate_per_s <= 0.0 {
                    continue;
                }
                let total = popularity_total(family);
                let ttl = family.ttl_ns.map_or(f64::INFINITY, |t| t as f64 * 1e-9);
                for number in 0..family.population as u32 {
                    let rank = f64::from(number) + 1.0;
                    let rate = family.lookup_rate_per_s * rank.powf(-family.zipf) / total;
                    let mut stream =
                        Stream::new(combine(self.key, combine(family.site, u64::from(number))));
                    // Time since the last use of this key.
                    let idle = -(1.0 - stream.unit()).ln() / rate;
                    if idle > characteristic {
                        continue;
                    }
                    let (there, left) = if ttl.is_infinite() {
                        (true, f64::INFINITY)
                    } else if family.renew_on_access {
                        (idle < ttl, ttl - idle)
                    } else {
                        // Alternating renewal: a life of `ttl`, then a gap of mean 1/λ.
                        let at = stream.unit() * (ttl + 1.0 / rate);
                        (at < ttl, ttl - at)
                    };
                    if there {
                        let expires =
                            if left.is_infinite() { FOREVER } else { nanoseconds(left).max(1) };
                        present.push((idle, number, index, self.families[index].first, expires));
                    }
                }
            }
            // Least recently used first, so that the most recent ends at the front.
            present.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            for (_, number, family, _, expires) in &present {
                let id = FamilyId(*family as u16);
                if self.insert(program, id, *number, *expires, 0).is_err() {
                    break;
                }
            }
            for family in &mut self.families {
                let mut queue: Vec<_> = family.expiring.drain(..).collect();
                queue.sort_unstable();
                family.expiring = queue.into();
            }
            self.nodes[node].reset(0);
        }
    }
}

fn popularity_total(family: &Family) -> f64 {
    bins(family.population).map(|(rank, n)| n * rank.powf(-family.zipf)).sum()
}

/// Ranks in bins that widen geometrically: (representative rank, ranks in the bin).
fn bins(population: u64) -> impl Iterator<Item = (f64, f64)> {
    let mut low = 1_u64;
    std::iter::from_fn(move || {
        if low > population {
            return None;
        }
        let high = (low + (low / 64)).min(population);
        let bin = (0.5 * (low + high) as f64, (high - low + 1) as f64);
        low = high + 1;
        Some(bin)
    })
}

/// Che's characteristic time of a node, seconds: the age of use at which the expected content fills
/// it. Infinite when everything fits.
fn characteristic_time(program: &Program, node: usize) -> f64 {
    let limits = &program.nodes[node];
    let families: Vec<(&Family, f64, f64)> = program
        .families
        .iter()
        .filter(|f| f.node.index() == node && f.stated.is_none() && f.lookup_rate_per_s > 0.0)
        .map(|f| {
            let sizes: f64 =
                (0..32).map(|i| size_of(program, f, i % f.population as u32)).sum::<f64>() / 32.0;
            (f, popularity_total(f), sizes)
        })
        .collect();
    let content = |t: f64| {
        let (mut bytes, mut keys) = (0.0, 0.0);
        for (family, total, size) in &families {
            let ttl = family.ttl_ns.map_or(f64::INFINITY, |t| t as f64 * 1e-9);
            for (rank, n) in bins(family.population) {
                let rate = family.lookup_rate_per_s * rank.powf(-family.zipf) / total;
                let mut there = 1.0 - (-rate * t).exp();
                if ttl.is_finite() {
                    there *= if family.renew_on_access {
                        1.0 - (-rate * ttl).exp()
                    } else {
                        rate * ttl / (1.0 + rate * ttl)
                    };
                }
                keys += n * there;
                bytes += n * there * size;
            }
        }
        (bytes / (limits.limit_bytes * limits.evict_at))
            .max(keys / (limits.max_keys as f64 * limits.evict_at))
    };
    if families.is_empty() || content(1e12) <= 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0_f64, 1e12_f64);
    for _ in 0..200 {
        let middle = if low == 0.0 { high.sqrt().min(high * 0.5) } else { (low * high).sqrt() };
        if content(middle) < 1.0 {
            low = middle;
        } else {
            high = middle;
        }
        if high - low < 1e-6 * high || high < 1e-9 {
            break;
        }
    }
    high
}
