//! Timeouts, repeats, fallbacks and races, where nothing queues or one server does.

use capplan::analytic::single_server::{self, Moments};

use crate::run::{Run, span};

/// Attempts of exponential length with mean m, patience τ and a pause b before each repeat, at most
/// k of them: P(timeout) = e^{−τ/m}, and each failed attempt costs τ + b.
struct Attempts {
    fails: f64,
    most: i32,
    ok_s: f64,
    cost_s: f64,
}

impl Attempts {
    fn new(mean_s: f64, patience_s: f64, pause_s: f64, most: i32) -> Self {
        let fails = (-patience_s / mean_s).exp();
        // E[L | L < τ] = m − τ·p/(1 − p).
        let ok_s = mean_s - patience_s * fails / (1.0 - fails);
        Self { fails, most, ok_s, cost_s: patience_s + pause_s }
    }

    fn error_rate(&self) -> f64 {
        self.fails.powi(self.most)
    }

    fn mean_attempts(&self) -> f64 {
        (1.0 - self.error_rate()) / (1.0 - self.fails)
    }

    fn latency_s(&self) -> f64 {
        let failed = |j: i32| f64::from(j) * self.fails.powi(j) * (1.0 - self.fails);
        let before: f64 = (0..self.most).map(failed).sum::<f64>() / (1.0 - self.error_rate());
        self.ok_s + before * self.cost_s
    }
}

#[test]
fn a_call_with_timeout_and_repeats_agrees_with_arithmetic() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit } }
components: { api: { type: external, latency: exp(100ms), client: { timeout: 80ms, retry: { attempts: 3, backoff: 20ms } } } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    let exact = Attempts::new(0.1, 0.08, 0.02, 3);
    let run = Run::of(text, span(5.0, 300.0));
    run.agrees("jobs.failed.timeout.share", exact.error_rate(), 0.01);
    run.agrees("jobs.latency.mean", exact.latency_s(), 0.0025);
    run.agrees("api.calls.rate", 50.0 * exact.mean_attempts(), 0.004);
}

#[test]
fn a_client_that_gives_up_and_comes_back_agrees_with_arithmetic() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit, timeout: 120ms, retry: { attempts: 2, backoff: exp(50ms) } } }
components: { q: { type: station, servers: unlimited } }
endpoints: { visit: { steps: [ { serve: q, time: exp(100ms) } ] } }
";
    let exact = Attempts::new(0.1, 0.12, 0.05, 2);
    let run = Run::of(text, span(5.0, 300.0));
    run.agrees("jobs.failed.client_timeout.share", exact.error_rate(), 0.008);
    run.agrees("jobs.latency.mean", exact.latency_s(), 0.0025);
    run.agrees("jobs.attempts.mean", exact.mean_attempts(), 0.0015);
    // Nobody tells the station that its client has left: it works to the end.
    run.agrees("q.busy", 50.0 * exact.mean_attempts() * 0.1, 0.005);
}

/// A call that the other side fails never began there: it costs no latency.
#[test]
fn a_fallback_replaces_what_failed() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit } }
components: { api: { type: external, latency: 10ms, errors: 20% } }
endpoints: { visit: { steps: [ { call: api, fallback: [ { delay: 100ms } ] } ] } }
";
    let run = Run::of(text, span(5.0, 300.0));
    run.agrees("jobs.latency.mean", 0.8 * 0.01 + 0.2 * 0.1, 0.004);
    run.agrees("api.failed.unavailable.share", 0.2, 0.005);
    run.agrees("jobs.throughput", 50.0, 0.0025);
}

/// The second of three exponential answers: 1/3 + 1/2 of their mean.
#[test]
fn two_of_three_answers_take_five_sixths_of_the_mean() {
    let text = "\
traffic: { jobs: { rate: 20/s, mix: visit } }
components: { a: { type: station, servers: unlimited } }
endpoints: { visit: { steps: [ { parallel: [ [ { serve: a, time: exp(1s) } ], [ { serve: a, time: exp(1s) } ], [ { serve: a, time: exp(1s) } ] ], join: 2 } ] } }
";
    let run = Run::of(text, span(20.0, 300.0));
    run.agrees("jobs.latency.mean", 5.0 / 6.0, 0.004);
    run.agrees("a.busy", 60.0, 0.008);
}

/// A worker whose request is ended after τ works min(S, τ): M/G/1 by Pollaczek and Khinchine with
/// E[min] = m·(1 − e^{−u}), E[min²] = 2m²·(1 − (1 + u)·e^{−u}), u = τ/m.
#[test]
fn a_server_timeout_cuts_the_service() {
    let text = "\
traffic: { jobs: { rate: 10/s, mix: visit } }
components: { app: { type: service, runtime: process, workers: 1, timeout: 150ms } }
endpoints: { visit: { steps: [ { delay: exp(100ms) } ] } }
";
    let (m, u): (f64, f64) = (0.1, 1.5);
    let mean_s = -m * (-u).exp_m1();
    let square_s2 = 2.0 * m * m * (1.0 - (1.0 + u) * (-u).exp());
    let exact = single_server::mean_wait_s(10.0, Moments { mean_s, square_s2 }).expect("ρ < 1");
    let run = Run::of(text, span(30.0, 1500.0));
    run.agrees("app.workers.wait.mean", exact, 0.015);
    run.agrees("jobs.failed.server_timeout.share", (-u).exp(), 0.005);
    run.agrees("app.workers.utilization", 10.0 * mean_s, 0.004);
}

/// A breaker that one failure opens for D: between two successes of a probe there are 1/p calls that
/// pass, then 1/(1−p) spells of λD refused calls with a probe each.
#[test]
fn a_breaker_refuses_what_renewal_theory_says() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit } }
components: { api: { type: external, errors: 20%, client: { breaker: { failures: 1, open: 100ms, probes: 1 } } } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    let (p, spell) = (0.2, 50.0 * 0.1);
    let refused = spell / (1.0 - p);
    let calls = 1.0 / p + refused + 1.0 / (1.0 - p);
    let run = Run::of(text, span(5.0, 1000.0));
    run.agrees("jobs.failed.breaker_open.share", refused / calls, 0.005);
    run.agrees("jobs.failed.unavailable.share", (1.0 + p / (1.0 - p)) / calls, 0.008);
    // Open for each spell, and then until the probe comes (1/λ).
    let open_s = (0.1 + 1.0 / 50.0) / (1.0 - p);
    run.agrees("api.breaker.open_share", open_s / (calls / 50.0), 0.008);
}

/// With half of all attempts failing, a budget of 20 % repeats four of ten failures.
#[test]
fn a_budget_caps_the_repeats() {
    let text = "\
traffic: { jobs: { rate: 100/s, mix: visit } }
components: { api: { type: external, latency: 1ms, errors: 50%, client: { retry: { attempts: 2, backoff: 10ms, budget: 20% } } } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    let run = Run::of(text, span(5.0, 500.0));
    run.agrees("api.calls.rate", 120.0, 0.0025);
    run.agrees("error_rate", 0.4, 0.005);
}
