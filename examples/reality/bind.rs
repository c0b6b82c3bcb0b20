//! Which resource binds: the one that is used most, by the same rule for what was measured and for what
//! is predicted.

use crate::point::{Endpoint, Known, Law, Measured};

/// Below this utilization nothing binds: hardly anybody waits.
const IDLE: f64 = 0.4;
/// Two resources within this share of each other bind together.
const TIE: f64 = 0.85;

/// Utilization of each resource of the stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads(Vec<(&'static str, f64)>);

impl Loads {
    /// Adds a resource whose utilization is known.
    pub(crate) fn with(mut self, name: &'static str, utilization: Option<f64>) -> Self {
        self.0.extend(utilization.map(|utilization| (name, utilization)));
        self
    }

    /// Utilization of a resource.
    pub(crate) fn of(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, used)| *used)
    }

    /// The resource that is used most, with its utilization; "nothing" when all are nearly idle.
    pub(crate) fn most(&self) -> (&'static str, f64) {
        let most = self.0.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
        most.filter(|most| most.1 >= IDLE).unwrap_or(("nothing", 0.0))
    }

    /// Whether `name` binds: it is used most, or next to it.
    pub(crate) fn binds(&self, name: &str) -> bool {
        let (most, utilization) = self.most();
        most == name
            || self
                .0
                .iter()
                .any(|(other, used)| *other == name && *used >= TIE * utilization && *used >= IDLE)
    }
}

/// What the measurement says.
///
/// ```text
/// workers: goodput · time in the server / workers       pool: statements per second · hold / size
/// their limit: answers per second / rate                 cpu: seconds of CPU per second
/// ```
pub(crate) fn measured(known: &Known, measured: &Measured) -> Loads {
    let goodput = measured.summary("goodput_rps").map_or(0.0, |s| s.0);
    let config = |key: &str| known.number(&format!("/config/{key}"));
    let places = match known.word("/config/worker_class") {
        Some("sync") => config("workers"),
        Some("gthread") => config("workers").zip(config("threads")).map(|(w, t)| w * t),
        _ => None,
    };
    let wall = measured.median("/server_wall_ok_ms/mean");
    let workers = places.zip(wall).map(|(places, wall)| goodput * wall * 1e-3 / places);
    let hit = measured.summary("cache_hit_ratio").map_or(0.0, |s| s.0);
    let endpoints = known.endpoints().unwrap_or_default();
    let statements: f64 = endpoints.iter().map(|e| e.share * statements(e, hit)).sum();
    let hold = measured.median("/db_hold_ok_ms/mean");
    let hold = hold.or_else(|| measured.median("/cache/latency_miss_ms/mean"));
    let size = known.env("POOL_SIZE").map(|size| size + known.env("MAX_OVERFLOW").unwrap_or(0.0));
    let pool = size.zip(hold).map(|(size, hold)| goodput * statements * hold * 1e-3 / size);
    let answers = measured.median("/external_api/goodput_rps");
    let limit = known.env("EXT_RATE").zip(answers).map(|(rate, answers)| answers / rate);
    Loads::default()
        .with("workers", workers)
        .with("cpu", measured.summary("cpu_app_core_seconds_per_s").map(|s| s.0))
        .with("pool", pool)
        .with("their limit", limit)
}

/// Statements of a request.
fn statements(endpoint: &Endpoint, hit: f64) -> f64 {
    match endpoint.path.as_str() {
        "/cache" => 1.0 - hit,
        "/db" => 1.0,
        "/ext" => endpoint.law("s").map_or(0.0, |_: &Law| 1.0),
        _ => 0.0,
    }
}
