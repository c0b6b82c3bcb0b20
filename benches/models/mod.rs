//! The models that the benches run: each once as a profile for the engine and once by hand, with the
//! same figures.

#![allow(
    dead_code,
    unused_imports,
    reason = "shared by several benches, each of which uses a part"
)]

use capplan::profile::{Options, Profile};
use capplan::program::Program;
use capplan::source::{self, Input};
use capplan::stats::Tally;

use super::hand::{self, WebTier};

/// A model in both forms.
pub(crate) struct Model {
    /// What it is called in results.
    pub(crate) name: &'static str,
    /// Its SimPy script in `benches/peers`, if it has one.
    pub(crate) peer: Option<&'static str>,
    /// The text of the profile.
    pub(crate) profile: String,
    by_hand: ByHand,
}

enum ByHand {
    Queue { servers: usize, rate_per_s: f64 },
    Web(WebTier),
}

impl Model {
    /// The lowered profile.
    pub(crate) fn program(&self) -> Program {
        program(&self.profile)
    }

    /// Simulates that many requests by the hand-written loop.
    pub(crate) fn by_hand(&self, requests: u64, seed: u64) -> Tally {
        match &self.by_hand {
            ByHand::Queue { servers: 1, rate_per_s } => {
                hand::mm1(*rate_per_s, SERVICE_S, requests, seed)
            }
            ByHand::Queue { servers, rate_per_s } => {
                hand::mmc(*servers, *rate_per_s, SERVICE_S, requests, seed)
            }
            ByHand::Web(tier) => tier.run(requests, seed),
        }
    }
}

/// Reads and lowers the text of a profile. A fault ends the bench with its message.
pub(crate) fn program(text: &str) -> Program {
    let input = Input::Text { name: "bench.yaml".into(), text: text.into() };

    match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile.lower().0,
        Err((files, faults)) => panic!("{text}\n{}", source::render(&files, &faults, false)),
    }
}

/// Requests that only wait, as many per second as shall be in flight.
pub(crate) fn waiting(inside: u64, options: &str) -> String {
    format!(
        "
capplan: 1
name: waiting
traffic: {{ api: {{ rate: {inside}/s, mix: wait{options} }} }}
endpoints: {{ wait: {{ steps: [ {{ delay: uniform(0.5s..1.5s) }} ] }} }}
"
    )
}

/// Mean service time of the plain queues.
const SERVICE_S: f64 = 0.001;

/// (a) M/M/1 at utilization 0.8.
pub(crate) fn mm1() -> Model {
    queue("mm1", 1, 0.8, Some("mm1.py"))
}

/// (b) M/M/8 at utilization 0.9.
pub(crate) fn mm8() -> Model {
    queue("mm8", 8, 0.9, None)
}

fn queue(
    name: &'static str,
    servers: usize,
    utilization: f64,
    peer: Option<&'static str>,
) -> Model {
    let rate_per_s = utilization * servers as f64 / SERVICE_S;
    let profile = format!(
        "
capplan: 1
name: {name}
traffic: {{ jobs: {{ rate: {rate_per_s}/s, mix: job }} }}
components: {{ desk: {{ type: station, servers: {servers} }} }}
endpoints: {{ job: {{ steps: [ {{ serve: desk, time: exp(1ms) }} ] }} }}
"
    );
    Model { name, peer, profile, by_hand: ByHand::Queue { servers, rate_per_s } }
}

/// (c) The web tier.
pub(crate) fn web_tier() -> Model {
    Model { peer: Some("web_tier.py"), ..web("web_tier", WebTier::default()) }
}

/// The web tier in other shapes and with other figures.
pub(crate) fn variants() -> Vec<Model> {
    let base = WebTier::default();
    vec![
        web("two_loops_at_80", WebTier { loops: 2, rate_per_s: 0.8 * 2.0 / 0.006, ..base }),
        web("pool_saturated", WebTier { pool: 3, patience_s: 0.2, ..base }),
        web("client_timeout", WebTier { client_timeout_s: Some(2.0), ..base }),
        web(
            "impatient_clients",
            WebTier {
                loops: 2,
                rate_per_s: 0.7 * 2.0 / 0.006,
                client_timeout_s: Some(0.2),
                ..base
            },
        ),
        web("hit_ratio_90", WebTier { query_share: 0.1, ..base }),
        web("database_at_80", WebTier { cores: 4, ..base }),
        web("sixteen_loops", WebTier { loops: 16, rate_per_s: 1600.0, cores: 64, ..base }),
    ]
}

/// A web tier as a profile.
fn web(name: &'static str, tier: WebTier) -> Model {
    let WebTier { rate_per_s, loops, pool, cores, .. } = tier;
    let milliseconds = |seconds: f64| 1e3 * seconds;
    let (first_ms, second_ms) =
        (milliseconds(tier.first_slice_s), milliseconds(tier.second_slice_s));
    let (patience_ms, redis_ms) = (milliseconds(tier.patience_s), milliseconds(tier.redis_s));
    let (query_ms, cv) = (milliseconds(tier.query_s.0), tier.query_s.1);
    let query_percent = 100.0 * tier.query_share;
    let redis_percent = 100.0 - query_percent;
    let client = tier.client_timeout_s.map_or_else(String::new, |timeout_s| {
        format!(", timeout: {}ms, retry: {{ attempts: 2 }}", milliseconds(timeout_s))
    });
    let profile = format!(
        "
capplan: 1
name: {name}
traffic: {{ api: {{ rate: {rate_per_s}/s, mix: page{client} }} }}
components:
  app:
    type: service
    runtime: event_loop
    instances: {loops}        # of one loop each, so that the balancer takes them by round robin
    workers: 1
    cores: 1
    accept: hashed            # a request queues at its loop at once
    connections: 1_000_000
  db: {{ type: database, cores: {cores}, pool: {{ size: {pool}, timeout: {patience_ms}ms, scope: service }} }}
endpoints:
  page:
    steps:
      - cpu: exp({first_ms}ms)
      - hold: db
        steps:
          - choose:
              - {{ share: {query_percent}%, steps: [ {{ query: db, time: lognormal(mean={query_ms}ms cv={cv}) }} ] }}
              - {{ share: {redis_percent}%, steps: [ {{ delay: {redis_ms}ms }} ] }}
      - cpu: exp({second_ms}ms)
"
    );
    Model { name, peer: None, profile, by_hand: ByHand::Web(tier) }
}
