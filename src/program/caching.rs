//! Caches: families of keys and the memory they share.

use super::{ComponentId, DrawId, NodeId};

/// A family of cache keys.
#[derive(Clone, Debug)]
pub struct Family {
    /// The cache.
    pub owner: ComponentId,
    /// The node whose memory it shares.
    pub node: NodeId,
    /// Number of keys, at least 1.
    pub population: u64,
    /// Zipf exponent of popularity; 0 is uniform.
    pub zipf: f64,
    /// Bytes per entry, drawn once per key.
    pub size: DrawId,
    /// Time to live.
    pub ttl_ns: Option<u64>,
    /// The life starts anew at each access, not only at a write.
    pub renew_on_access: bool,
    /// Others that miss the same key wait for the first one's fill.
    pub single_flight: bool,
    /// A stated hit ratio replaces the mechanism.
    pub stated: Option<f64>,
    /// Hash of the family's name: the same key for every look-up of a request.
    pub site: u64,
    /// Expected look-ups, 1/s: a warm start holds the keys that this rate would have left there.
    pub lookup_rate_per_s: f64,
}

/// The memory of one cache node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The cache.
    pub owner: ComponentId,
    /// Bytes.
    pub limit_bytes: f64,
    /// Keys.
    pub max_keys: u64,
    /// Eviction begins at this share of the limit.
    pub evict_at: f64,
    /// What goes.
    pub eviction: Eviction,
}

/// What a full cache node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eviction {
    /// The least recently used key goes.
    Lru,
    /// The key that was stored first goes, however often it was used.
    Fifo,
    /// A random key goes.
    Random,
    /// The new key is refused: `full`.
    Refuse,
}
