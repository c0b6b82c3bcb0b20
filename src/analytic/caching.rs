//! Hit ratios of caches: least recently used by its characteristic time, and time to live.

/// Popularity of `population` keys by Zipf's law: the k-th has a probability in proportion to
/// k^−`exponent` (0 is uniform). Sums to 1; one entry per key, the most popular first.
pub fn zipf(population: usize, exponent: f64) -> Vec<f64> {
    let mut popularity: Vec<f64> =
        (1..=population).map(|rank| (rank as f64).powf(-exponent)).collect();
    let total: f64 = popularity.iter().sum();
    for p in &mut popularity {
        *p /= total;
    }
    popularity
}

/// Hit ratio of a cache that holds the `capacity` most recently used keys, by its characteristic
/// time T (in requests).
///
/// ```text
/// Σ_i (1 − e^{−p_i·T}) = C          hit = Σ_i p_i·(1 − e^{−p_i·T})
/// ```
///
/// `popularity` sums to 1 (independent references). 1 when all keys fit, 0 without room. An
/// approximation, exact in the limit of many keys; its error is below 0.1 % at some thousand keys
/// and 1 % at ten. O(keys) time, some fifty times.
///
/// Source: Fagin (1977), Journal of the ACM 24; Che, Tung, Wang, *Hierarchical web caching
/// systems* (2002), IEEE JSAC 20.
pub fn lru_hit_ratio(popularity: &[f64], capacity: f64) -> f64 {
    if capacity <= 0.0 {
        return 0.0;
    }
    if capacity >= popularity.len() as f64 {
        return 1.0;
    }
    let held = |t: f64| popularity.iter().map(|p| -(-p * t).exp_m1()).sum::<f64>() / capacity;
    let t = super::invert(held, 1.0, capacity);
    popularity.iter().map(|p| -p * (-p * t).exp_m1()).sum()
}

/// Hit ratio of a cache that holds the `room` most recently used of few keys, exactly.
///
/// ```text
/// P(the most recent keys are i₁, i₂, …) = Π p(i_k) / (1 − Σ_{j<k} p(i_j))
/// ```
///
/// `popularity` sums to 1 (independent references). The time grows with the orders of `room` keys:
/// for ten keys at most.
///
/// Source: King, *Analysis of demand paging algorithms* (1971), IFIP Congress.
pub fn lru_of_few(popularity: &[f64], room: usize) -> f64 {
    fn visit(p: &[f64], room: usize, used: &mut Vec<usize>, left: f64, weight: f64) -> f64 {
        if used.len() == room {
            return weight * used.iter().map(|&i| p[i]).sum::<f64>();
        }
        let mut sum = 0.0;
        for i in 0..p.len() {
            if !used.contains(&i) {
                used.push(i);
                sum += visit(p, room, used, left - p[i], weight * p[i] / left);
                used.pop();
            }
        }
        sum
    }
    if room >= popularity.len() {
        return 1.0;
    }
    visit(popularity, room, &mut Vec::new(), 1.0, 1.0)
}

/// Probability that a Poisson request for one key finds it, where an entry lives `ttl_s` from the
/// miss that stored it.
///
/// ```text
/// hit = λT / (1 + λT)
/// ```
///
/// Source: Jung, Berger, Balakrishnan, *Modeling TTL-based Internet caches* (2003), INFOCOM.
pub fn ttl_hit_ratio(requests_per_s: f64, ttl_s: f64) -> f64 {
    let mean = requests_per_s * ttl_s;
    if mean.is_finite() { mean / (1.0 + mean) } else { 1.0 }
}

/// Probability that a Poisson request for one key finds it, where every request renews its life of
/// `ttl_s`.
///
/// ```text
/// hit = 1 − e^{−λT}
/// ```
///
/// Source: Fofack, Nain, Neglia, Towsley, *Analysis of TTL-based cache networks* (2012),
/// VALUETOOLS.
pub fn renewed_ttl_hit_ratio(requests_per_s: f64, ttl_s: f64) -> f64 {
    -(-requests_per_s * ttl_s).exp_m1()
}

/// Hit ratio over all requests for keys of this popularity at `requests_per_s` in all, by the hit
/// probability `of` one key's request rate.
pub fn pooled(popularity: &[f64], requests_per_s: f64, of: impl Fn(f64) -> f64) -> f64 {
    popularity.iter().map(|p| p * of(p * requests_per_s)).sum()
}

/// The keys of one family in a cache node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Keys {
    /// Number of keys, at least 1.
    pub population: u64,
    /// Zipf exponent of their popularity; 0 is uniform.
    pub zipf: f64,
    /// Requests for any of them, 1/s.
    pub requests_per_s: f64,
    /// Time to live, seconds; infinite when they never expire.
    pub ttl_s: f64,
    /// Every request renews the life, not only the write.
    pub renewed: bool,
    /// Mean size of an entry, bytes.
    pub bytes: f64,
}

/// Hit ratios of families that share the room of one node; one entry per family.
///
/// ```text
/// Σ P(key present; T) = room        P = (1 − e^{−λT}) · P(not expired)        least recently used
///                                   P = λT/(1 + λT) · P(not expired)          random eviction
/// ```
///
/// T is the characteristic time of the whole node, infinite when everything fits; `most_keys` and
/// `most_bytes` are its limits, of which the tighter counts. Ranks are taken in bins a 64th wide, so
/// the cost does not grow with the population. An approximation where lives end and room is short
/// at the same time.
///
/// Source: as [`lru_hit_ratio`]; random eviction: Gelenbe (1973), Fricker, Robert, Roberts (2012).
pub fn node_hit_ratios(families: &[Keys], most_keys: f64, most_bytes: f64, lru: bool) -> Vec<f64> {
    let present = |keys: &Keys, rate: f64, t: f64| {
        if rate <= 0.0 {
            return 0.0;
        }
        let recent = if lru { -(-rate * t).exp_m1() } else { ttl_hit_ratio(rate, t) };
        let alive = if keys.renewed {
            renewed_ttl_hit_ratio(rate, keys.ttl_s)
        } else {
            ttl_hit_ratio(rate, keys.ttl_s)
        };
        recent * alive
    };
    // Per family: (request rate of one key, keys) in bins of rank.
    let bins: Vec<Vec<(f64, f64)>> = families.iter().map(rates).collect();
    let fill = |t: f64| {
        let (mut entries, mut bytes) = (0.0, 0.0);
        for (keys, bins) in families.iter().zip(&bins) {
            let n: f64 = bins.iter().map(|(rate, n)| n * present(keys, *rate, t)).sum();
            entries += n;
            bytes += n * keys.bytes;
        }
        (entries / most_keys).max(bytes / most_bytes)
    };
    let t = if fill(f64::INFINITY) <= 1.0 { f64::INFINITY } else { super::invert(fill, 1.0, 1e-3) };
    let hits = |(keys, bins): (&Keys, &Vec<(f64, f64)>)| {
        let hits: f64 = bins.iter().map(|(rate, n)| n * rate * present(keys, *rate, t)).sum();
        if keys.requests_per_s > 0.0 { hits / keys.requests_per_s } else { 0.0 }
    };
    families.iter().zip(&bins).map(hits).collect()
}

fn rates(keys: &Keys) -> Vec<(f64, f64)> {
    let mut bins = Vec::new();
    let mut low = 1_u64;
    while low <= keys.population {
        let high = (low + low / 64).min(keys.population);
        let rank = 0.5 * (low + high) as f64;
        bins.push((rank.powf(-keys.zipf), (high - low + 1) as f64));
        low = high + 1;
    }
    let total: f64 = bins.iter().map(|(weight, n)| weight * n).sum();
    bins.iter().map(|(weight, n)| (keys.requests_per_s * weight / total, *n)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn two_thousand_keys_of_zipf_at_a_tenth_of_the_room() {
        assert_close(lru_hit_ratio(&zipf(2000, 0.9), 200.0), 0.504_801_192_4, 1e-8);
        assert_eq!(lru_hit_ratio(&zipf(10, 0.9), 10.0), 1.0);
        assert_eq!(lru_hit_ratio(&zipf(10, 0.9), 0.0), 0.0);
    }

    #[test]
    fn the_characteristic_time_is_near_the_exact_law_of_six_keys() {
        let popularity = zipf(6, 0.8);
        assert_close(lru_of_few(&popularity, 3), 0.591_638_795_4, 1e-9);
        assert_close(lru_hit_ratio(&popularity, 3.0), lru_of_few(&popularity, 3), 0.03);
    }

    #[test]
    fn time_to_live_of_three_keys() {
        let rates = [0.1, 1.0, 3.0];
        let popularity = rates.map(|rate| rate / 4.1);
        let fixed = pooled(&popularity, 4.1, |rate| ttl_hit_ratio(rate, 2.0));
        assert_close(fixed, 0.793_844_367, 1e-8);
        let renewed = pooled(&popularity, 4.1, |rate| renewed_ttl_hit_ratio(rate, 2.0));
        assert_close(renewed, 0.945_208_630_5, 1e-8);
        assert_eq!(ttl_hit_ratio(1.0, f64::INFINITY), 1.0);
    }

    fn item(population: u64, ttl_s: f64) -> Keys {
        let zipf = if population == 1 { 0.0 } else { 0.9 };
        Keys { population, zipf, requests_per_s: 4.0, ttl_s, renewed: false, bytes: 100.0 }
    }

    #[test]
    fn a_node_of_one_family_is_the_plain_cache() {
        let keys = item(2000, f64::INFINITY);
        let plain = lru_hit_ratio(&zipf(2000, 0.9), 200.0);
        assert_close(node_hit_ratios(&[keys], 200.0, f64::INFINITY, true)[0], plain, 1e-3);
        // Bytes that hold two hundred keys are the same room.
        assert_close(node_hit_ratios(&[keys], 1e9, 20_000.0, true)[0], plain, 1e-3);
        let random = node_hit_ratios(&[keys], 200.0, f64::INFINITY, false)[0];
        assert!(random < plain && random > 0.8 * plain, "{random} {plain}");
    }

    #[test]
    fn with_room_for_all_only_the_life_counts() {
        let ratios = node_hit_ratios(&[item(1, 2.0), item(50, 10.0)], 1e6, 1e9, true);
        assert_close(ratios[0], 8.0 / 9.0, 1e-12);
        let exact = pooled(&zipf(50, 0.9), 4.0, |rate| ttl_hit_ratio(rate, 10.0));
        assert_close(ratios[1], exact, 1e-12);
    }

    #[test]
    fn families_share_the_room() {
        let two = [item(1000, f64::INFINITY), item(1000, f64::INFINITY)];
        let shared = node_hit_ratios(&two, 200.0, f64::INFINITY, true);
        let half = lru_hit_ratio(&zipf(1000, 0.9), 100.0);
        assert_close(shared[0], half, 2e-3);
        assert_close(shared[1], half, 2e-3);
    }
}
