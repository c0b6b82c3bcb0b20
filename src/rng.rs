//! Randomness as a function: a draw depends on its key and on nothing else.
//!
//! A key is mixed from (seed, replication, source, ordinal, step, visit, branch, attempt). Each draw
//! seeds a tiny generator (wyrand: one 64×64→128 multiplication per word) from its key, which may
//! then reject as often as a ziggurat likes. Common random numbers between two designs, and
//! independence of the number of threads, follow by construction.

use std::convert::Infallible;

use rand::TryRng;

/// Finaliser of `SplitMix64` (Steele, Lea, Flood 2014): a bijection that avalanches.
#[inline]
pub const fn mix(key: u64) -> u64 {
    let z = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Mixes a further part into a key.
#[inline]
pub const fn combine(key: u64, part: u64) -> u64 {
    mix(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part.wrapping_add(0x2545_f491_4f6c_dd1d))
}

/// A tiny generator (wyrand, Wang Yi 2019), seeded anew for each draw.
#[derive(Clone, Debug)]
pub struct Stream(u64);

impl Stream {
    /// The generator of a key.
    #[inline]
    pub const fn new(key: u64) -> Self {
        Self(key)
    }

    /// The generator of a draw: `site` within the request of `key`.
    #[inline]
    pub const fn at(key: u64, site: u64) -> Self {
        Self(key ^ site)
    }

    /// The next 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        (wide >> 64) as u64 ^ wide as u64
    }

    /// Uniform on [0, 1), 53 bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.word() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform on 0..n (Lemire's multiplication; the bias below 2⁻⁴⁰ for n < 2²⁴ is left).
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(n)) >> 64) as u64
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Consecutive keys must give independent draws: mean and lag-1 correlation of 10^5 first words
    /// within four standard errors (1/√12n and 1/√n).
    #[test]
    fn first_words_of_neighbouring_keys_are_independent() {
        let n = 100_000_u32;
        let draws: Vec<f64> =
            (0..n).map(|i| Stream::at(combine(42, u64::from(i)), 7).unit() - 0.5).collect();
        let n = f64::from(n);
        let mean = draws.iter().sum::<f64>() / n;
        assert!(mean.abs() < 4.0 / (12.0 * n).sqrt(), "{mean}");
        let lag: f64 = draws.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n * 12.0;
        assert!(lag.abs() < 4.0 / n.sqrt(), "{lag}");
    }

    /// The same request at two sites: the pair must be uncorrelated.
    #[test]
    fn two_sites_of_one_request_are_independent() {
        let n = 100_000_u32;
        let sum: f64 = (0..n)
            .map(|i| {
                let key = combine(1, u64::from(i));
                let (a, b) = (mix(11), mix(12));
                (Stream::at(key, a).unit() - 0.5) * (Stream::at(key, b).unit() - 0.5)
            })
            .sum();
        let correlation = sum / f64::from(n) * 12.0;
        assert!(correlation.abs() < 4.0 / f64::from(n).sqrt(), "{correlation}");
    }
}
