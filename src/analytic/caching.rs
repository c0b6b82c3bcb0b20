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

    /// King (1971): the stack of recent keys has probability Π p / (1 − what is above).
    fn king(popularity: &[f64], room: usize) -> f64 {
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
        visit(popularity, room, &mut Vec::new(), 1.0, 1.0)
    }

    #[test]
    fn the_characteristic_time_is_near_the_exact_law_of_six_keys() {
        let popularity = zipf(6, 0.8);
        assert_close(king(&popularity, 3), 0.591_638_795_4, 1e-9);
        assert_close(lru_hit_ratio(&popularity, 3.0), king(&popularity, 3), 0.03);
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
}
