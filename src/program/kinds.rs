//! Kinds of failure.

use super::KindId;

/// The kinds of failure that the language names (LANGUAGE, section 7); a profile's own follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the word that reports print")]
pub enum Kind {
    ClientTimeout,
    RateLimited,
    Overloaded,
    Refused,
    GatewayTimeout,
    Unavailable,
    ServerTimeout,
    OutOfMemory,
    PoolTimeout,
    TooManyConnections,
    Timeout,
    QuotaExceeded,
    BreakerOpen,
    WaitTimeout,
    JobTimeout,
    Full,
    ClientQueueFull,
}

impl Kind {
    /// Names in the order of the variants, as profiles and reports write them.
    pub const NAMES: [&'static str; 17] = [
        "client_timeout",
        "rate_limited",
        "overloaded",
        "refused",
        "gateway_timeout",
        "unavailable",
        "server_timeout",
        "out_of_memory",
        "pool_timeout",
        "too_many_connections",
        "timeout",
        "quota_exceeded",
        "breaker_open",
        "wait_timeout",
        "job_timeout",
        "full",
        "client_queue_full",
    ];

    /// The dense id of this kind.
    pub const fn id(self) -> KindId {
        KindId(self as u8)
    }
}

/// Most kinds of failure in one program: they are bits of a 64-bit mask.
pub const MAX_KINDS: usize = 64;
