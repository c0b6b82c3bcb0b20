//! The constants of the harness's profiles: what each is, where it comes from, and none from an answer.
//!
//! Everything else in a profile is a field of the point's `config`, `workload` or `measured_demands`.
//! `--ablate` shows the error when one of them is left out.

/// Something that a profile assumes, or takes from a calibration, beyond the drawn demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Constant {
    /// CPU and connection handling that come on top of what a request draws.
    Overhead,
    /// How long a connection is held longer than the statement sleeps.
    HoldOverhead,
    /// Waiting for a core that is shared with other applications.
    SharedCore,
    /// An idle event loop costs more CPU per request than a busy one.
    IdleLoop,
    /// Node's timers count whole milliseconds.
    NodeTimer,
    /// `pg_sleep` rounds up to whole milliseconds.
    PgSleep,
    /// A transaction is three round trips.
    Transaction,
    /// Start of a worker that replaces another.
    Boot,
    /// That start on a core that is shared with other applications.
    BootShared,
    /// Spread of CPU demands from one hour to the next.
    CpuSpread,
}

/// CPU waiting per request on a core shared with the other points of the batch, milliseconds: least and
/// most. README of the measurements, "Method": "adds about 0.5-2 ms of CPU waiting per request".
pub(crate) const SHARED_CORE_MS: (f64, f64) = (0.5, 2.0);

/// Part of the shared core that the others use, least and most. README of the measurements, "Method":
/// "core 1 then 30-70 % busy in total".
pub(crate) const OTHERS_BUSY: (f64, f64) = (0.3, 0.7);

/// How much more CPU a request costs an idle event loop than a busy one, as a share. README of the
/// measurements, "What is known of the noise": "an idle event loop costs up to a third more CPU per
/// request than a busy one (cold caches, one wake-up per event)".
pub(crate) const IDLE_LOOP: f64 = 1.0 / 3.0;

/// Resolution of timers, milliseconds. README of the measurements, "Method": "Node truncates timers to
/// whole milliseconds; `pg_sleep` rounds up to whole milliseconds". (A timer of Node waits 1 ms at
/// least: documentation of `setTimeout`.)
pub(crate) const TIMER_MS: f64 = 1.0;

/// Spread of CPU demands, as a share. README of the measurements, "What is known of the noise": "the
/// same CPU loop varies by about +-10 % in CPU time on this machine".
pub(crate) const CPU_SPREAD: f64 = 0.1;

/// From this utilization of the CPU on (or of the connections held meanwhile), demands at their upper end,
/// latencies are given as intervals. (A
/// demand known to 10 % gives at 85 % a waiting time known to a factor of four: u/(1−u) is 3.3 at 0.765
/// and 14 at 0.935.)
pub(crate) const UNCERTAIN_FROM: f64 = 0.7;

impl Constant {
    /// All, in the order in which they are listed.
    pub(crate) const ALL: [Self; 10] = [
        Self::Overhead,
        Self::HoldOverhead,
        Self::SharedCore,
        Self::IdleLoop,
        Self::NodeTimer,
        Self::PgSleep,
        Self::Transaction,
        Self::Boot,
        Self::BootShared,
        Self::CpuSpread,
    ];

    /// Its word, for `--ablate`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overhead => "overhead",
            Self::HoldOverhead => "hold_overhead",
            Self::SharedCore => "shared_core",
            Self::IdleLoop => "idle_loop",
            Self::NodeTimer => "node_timer",
            Self::PgSleep => "pg_sleep",
            Self::Transaction => "transaction",
            Self::Boot => "boot",
            Self::BootShared => "boot_shared",
            Self::CpuSpread => "cpu_spread",
        }
    }

    /// What it is, its value, and its source.
    pub(crate) const fn says(self) -> (&'static str, &'static str) {
        match self {
            Self::Overhead => (
                "framework CPU, connection handling and SQL layer on top of the drawn demand",
                "measured_demands: fixed_overhead_ms, hit_latency_ms and miss_overhead_ms (median), else \
                 cpu_ms_per_request_total less the drawn part; split over steps by \
                 gevent_cpu_ms_per_request_by_step, else half before the work and half after",
            ),
            Self::HoldOverhead => (
                "a pool connection is held longer than the statement sleeps",
                "measured_demands: db_hold_overhead_ms (median)",
            ),
            Self::SharedCore => (
                "0.5 to 2 ms of CPU waiting per request, where the core is shared with other applications",
                "README of the measurements, Method",
            ),
            Self::IdleLoop => (
                "an idle event loop costs a third more CPU per request than a busy one",
                "README of the measurements, what is known of the noise",
            ),
            Self::NodeTimer => (
                "timers of Node are truncated to whole milliseconds, 1 ms at least",
                "README of the measurements, Method; documentation of Node's setTimeout",
            ),
            Self::PgSleep => (
                "pg_sleep rounds up to whole milliseconds (where no calibrated overhead contains it)",
                "README of the measurements, Method",
            ),
            Self::Transaction => (
                "BEGIN, the statement and its end are a round trip each, on a connection that is held",
                "documentation of psycopg2 (transactions begin with the first statement) and of SQLAlchemy \
                 (reset on return)",
            ),
            Self::Boot => (
                "a recycled worker is replaced by one that imports the application first",
                "measured_demands: worker_boot.app_import_wall_s_idle_core",
            ),
            Self::BootShared => (
                "that import takes 1/(1 - u) times as long on a core that others use by u = 30 to 70 %",
                "README of the measurements, Method",
            ),
            Self::CpuSpread => (
                "CPU demands vary by 10 % when they are calibrated and by 10 % again under load (14 % in all), and may \
                 not fall with the load: where 70 % CPU may be reached, latencies are intervals between both",
                "README of the measurements, what is known of the noise",
            ),
        }
    }
}
