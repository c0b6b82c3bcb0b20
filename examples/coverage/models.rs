//! The systems whose intervals are measured, as profiles, and what is asked of each.

use super::truth::{self, Truth};

/// One system.
pub(crate) struct Model {
    /// Short name, for `--model` and the table.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) title: &'static str,
    /// Its profile.
    pub(crate) yaml: &'static str,
    /// The metric whose distribution is asked for, without its statistic.
    pub(crate) latency: &'static str,
    /// The share of requests that fail, where there are any.
    pub(crate) errors: Option<&'static str>,
    /// True values.
    pub(crate) truth: Truth,
}

impl Model {
    /// The quantities that are measured, in the order of [`Model::truths`].
    pub(crate) fn quantities(&self) -> Vec<String> {
        let latencies =
            ["mean", "p50", "p95", "p99"].iter().map(|word| format!("{}.{word}", self.latency));
        latencies.chain(self.errors.map(str::to_owned)).collect()
    }

    /// Their true values, with where they come from.
    pub(crate) fn truths(&self) -> Vec<truth::Value> {
        let latencies =
            [self.truth.mean, self.truth.p50, self.truth.p95, self.truth.p99].into_iter();
        latencies.chain(self.errors.and(self.truth.errors)).collect()
    }
}

/// A single station, arrivals by a Poisson process.
const MM1_90: &str = "\
capplan: 1
traffic: { api: { rate: 90/s, mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

const MM1_95: &str = "\
capplan: 1
traffic: { api: { rate: 95/s, mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

const MM4_90: &str = "\
capplan: 1
traffic: { api: { rate: 360/s, mix: visit } }
components: { q: { type: station, servers: 4 } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

const MH21: &str = "\
capplan: 1
traffic: { api: { rate: 80/s, mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: hyperexp(mean=10ms cv=2) } ] } }
";

const LOGNORMAL: &str = "\
capplan: 1
traffic: { api: { rate: 70/s, mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: lognormal(mean=10ms cv=1.5) } ] } }
";

/// A thread is held while its request waits for one of fewer connections.
const NESTED_POOL: &str = "\
capplan: 1
traffic: { api: { rate: 340/s, mix: visit } }
components:
  app: { type: service, runtime: thread, threads: 20, cores: 4 }
  db: { type: database, pool: { size: 8, timeout: 300s, scope: service } }
endpoints:
  visit:
    steps:
      - cpu: exp(5ms)
      - { query: db, time: exp(20ms) }
      - cpu: exp(2ms)
";

/// For 1 s of 5 s more arrives than can be served.
const MMPP: &str = "\
capplan: 1
traffic: { api: { rate: mmpp(4s=40/s 1s=140/s), mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

const MMCK: &str = "\
capplan: 1
traffic: { api: { rate: 360/s, mix: visit } }
components: { q: { type: station, servers: 4, queue: 16 } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

const ERLANG_A: &str = "\
capplan: 1
traffic: { api: { rate: 100/s, mix: visit } }
components: { q: { type: station, servers: 10, patience: exp(200ms) } }
endpoints: { visit: { steps: [ { serve: q, time: exp(100ms) } ] } }
";

const CLOSED: &str = "\
capplan: 1
traffic: { api: { clients: 40, think_time: exp(1s), mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(25ms) } ] } }
";

const SHARING: &str = "\
capplan: 1
traffic: { api: { rate: 80/s, mix: visit } }
components: { q: { type: station, discipline: processor_sharing } }
endpoints: { visit: { steps: [ { serve: q, time: exp(10ms) } ] } }
";

/// The second class waits for the first.
const PRIORITIES: &str = "\
capplan: 1
traffic: { api: { rate: 85/s, mix: { urgent: 40%, plain: 60% } } }
components: { q: { type: station, discipline: priority } }
endpoints:
  urgent: { priority: 1, steps: [ { serve: q, time: exp(10ms) } ] }
  plain: { priority: 5, steps: [ { serve: q, time: exp(10ms) } ] }
";

/// Nobody waits for anybody: every request and every failure is independent of the others.
const OUTSIDE: &str = "\
capplan: 1
traffic: { api: { rate: 100/s, mix: visit } }
components: { provider: { type: external, latency: exp(50ms), errors: 2% } }
endpoints: { visit: { steps: [ { call: provider } ] } }
";

/// All of them.
pub(crate) fn all() -> Vec<Model> {
    let model = |name, title, yaml, truth| Model {
        name,
        title,
        yaml,
        latency: "api.latency",
        errors: None,
        truth,
    };
    vec![
        model("mm1-90", "M/M/1 at 0.9", MM1_90, truth::delay(90.0, 0.01, 1)),
        model("mm1-95", "M/M/1 at 0.95", MM1_95, truth::delay(95.0, 0.01, 1)),
        model("mmc-90", "M/M/4 at 0.9", MM4_90, truth::delay(360.0, 0.01, 4)),
        model("hyperexp", "M/H2/1 at 0.8, cv 2", MH21, truth::hyperexponential(80.0, 0.01, 2.0)),
        model("lognormal", "M/G/1 at 0.7, lognormal cv 1.5", LOGNORMAL, truth::lognormal()),
        model("nested-pool", "threads that wait for a pool", NESTED_POOL, truth::nested_pool()),
        model("mmpp", "MMPP/M/1 at 0.6, bursts of 1.4", MMPP, truth::mmpp()),
        Model {
            errors: Some("api.error_rate"),
            ..model("mmck", "M/M/4/20 at 0.9", MMCK, truth::finite_room(360.0, 0.01, 4, 20))
        },
        Model {
            errors: Some("api.error_rate"),
            ..model("erlang-a", "M/M/10+M at 1.0", ERLANG_A, truth::erlang_a())
        },
        model("closed", "40 clients that think, one server", CLOSED, truth::closed(40, 1.0, 0.025)),
        model("sharing", "M/M/1-PS at 0.8", SHARING, truth::sharing()),
        Model {
            errors: Some("api.error_rate"),
            ..model("outside", "an API that fails 2 %", OUTSIDE, truth::outside(0.05, 0.02))
        },
        Model {
            latency: "plain.latency",
            ..model("priorities", "second of two classes at 0.85", PRIORITIES, truth::priorities())
        },
    ]
}
