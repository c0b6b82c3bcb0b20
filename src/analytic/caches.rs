//! Hit ratios of a program's caches: exact where a request's key is all that counts, else by the
//! characteristic time.

use super::caching::{self, zipf};
use super::network::Network;
use super::reading::keys_of;
use super::solution::{Law, Status, Value, What};
use super::supply::Arrivals;
use crate::program::{Eviction, Family, FamilyId, Node, Op};

const STATED: Law = Law { name: "stated hit ratio", source: "the profile" };
const KING: Law = Law { name: "LRU (King)", source: "King 1971, IFIP Congress" };
const TTL: Law = Law {
    name: "time to live, Poisson requests",
    source: "Jung, Berger, Balakrishnan 2003, INFOCOM; Fofack et al. 2012",
};
const CHE: Law = Law {
    name: "characteristic time (Fagin, Che)",
    source: "Fagin 1977; Che, Tung, Wang 2002, IEEE JSAC 20",
};

/// Most keys whose orders are followed one by one.
const FEW_KEYS: u64 = 8;
/// Most keys that are summed one by one.
const MANY_KEYS: u64 = 20_000;

/// Hit ratio of each family; `None` when nobody looks it up.
pub(super) fn solve(network: &Network<'_>) -> Vec<Option<Value>> {
    let program = network.program;
    let mut all = Vec::new();
    for (number, family) in program.families.iter().enumerate() {
        let id = FamilyId(number as u16);
        let value = |value: f64, status, law| {
            Some(Value { what: What::HitRatio, class: None, value, status, law })
        };
        let looked_up = network.streams.iter().any(|stream| {
            let of = |pc: &u32| matches!(program.ops[*pc as usize], Op::Lookup { family, .. } if family == id);
            stream.walk.visits.keys().any(of)
        });
        all.push(match family.stated {
            _ if !looked_up => None,
            Some(ratio) => value(ratio, Status::Exact, STATED),
            None => match exact(network, id, family) {
                Some((ratio, law)) => value(ratio, Status::Exact, law),
                None => value(network.reading.hit_ratios[number], Status::Approximation, CHE),
            },
        });
    }
    all
}

/// An exact hit ratio: Poisson requests, each for one key, stored at once when it is missing.
fn exact(network: &Network<'_>, id: FamilyId, family: &Family) -> Option<(f64, Law)> {
    let program = network.program;
    let node = &program.nodes[family.node.index()];
    if !is_plain(network, id) || program.transient {
        return None;
    }
    let keys = keys_of(program, family);
    let others = program.families.iter().filter(|f| f.node == family.node && f.stated.is_none());
    let (mut entries, mut bytes) = (0.0, 0.0);
    for other in others.clone() {
        let all = keys_of(program, other);
        entries += all.population as f64;
        bytes += all.population as f64 * all.bytes;
    }
    let fits = entries <= node.max_keys as f64 * node.evict_at
        && bytes <= node.limit_bytes * node.evict_at;
    if fits && keys.ttl_s.is_finite() && keys.population <= MANY_KEYS {
        let popularity = zipf(keys.population as usize, keys.zipf);
        let hit = |rate: f64| {
            if keys.renewed {
                caching::renewed_ttl_hit_ratio(rate, keys.ttl_s)
            } else {
                caching::ttl_hit_ratio(rate, keys.ttl_s)
            }
        };
        return Some((caching::pooled(&popularity, keys.requests_per_s, hit), TTL));
    }
    if fits && keys.ttl_s.is_infinite() {
        return Some((1.0, TTL));
    }
    let alone = others.count() == 1 && node.eviction == Eviction::Lru && keys.ttl_s.is_infinite();
    if alone && keys.population <= FEW_KEYS {
        let popularity = zipf(keys.population as usize, keys.zipf);
        return Some((caching::lru_of_few(&popularity, room(node)?), KING));
    }
    None
}

/// Entries that a node holds, when only their number limits it.
fn room(node: &Node) -> Option<usize> {
    let room = (node.max_keys as f64 * node.evict_at).floor();
    (node.limit_bytes.is_infinite() && room >= 1.0).then_some(room as usize)
}

/// Whether every request looks the family up at most once, in a Poisson stream, and stores what it
/// misses in no time; nothing else touches the family.
fn is_plain(network: &Network<'_>, id: FamilyId) -> bool {
    let program = network.program;
    let mut plain = true;
    for stream in &network.streams {
        let mut look_ups = 0;
        for (pc, visit) in &stream.walk.visits {
            match &program.ops[*pc as usize] {
                Op::Lookup { family, .. } if *family == id => {
                    look_ups += 1;
                    let poisson = matches!(stream.supply, Arrivals::Poisson(_));
                    plain &= poisson && !visit.delayed && visit.count <= 1.0 + 1e-12;
                }
                Op::Fill { family, .. } if *family == id => plain &= !visit.delayed,
                Op::Put { family } | Op::Delete { family, .. } if *family == id => plain = false,
                _ => {}
            }
        }
        plain &= look_ups <= 1;
    }
    plain
}
