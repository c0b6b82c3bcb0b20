//! Rate limits: token bucket that rejects or waits, fixed window.

use capplan::analytic::limiter;

use crate::run::{Run, span};

fn limited(rate: &str, limit: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ rate: {rate}, mix: visit, via: [limit] }} }}\n\
         components: {{ limit: {{ type: limiter, {limit} }} }}\n\
         endpoints: {{ visit: {{ steps: [ {{ delay: 1ms }} ] }} }}\n"
    )
}

#[test]
fn a_token_bucket_rejects_as_m_d_1_with_bounded_work() {
    for (rate, burst, measured_s) in [(0.9, 5, 75_000.0), (2.0, 3, 15_000.0)] {
        let text = limited(&format!("{rate}/s"), &format!("rate: 1/s, burst: {burst}"));
        let run = Run::of(&text, span(200.0, measured_s));
        let exact = limiter::bucket_rejects(rate, 1.0, burst);
        run.agrees("jobs.failed.rate_limited.share", exact, 0.01);
        run.agrees("jobs.throughput", rate * (1.0 - exact), 0.001);
    }
}

#[test]
fn a_token_bucket_that_waits_delays_as_the_excess_work_of_m_d_1() {
    let run =
        Run::of(&limited("0.8/s", "rate: 1/s, burst: 3, excess: wait"), span(300.0, 90_000.0));
    let exact = limiter::bucket_delay(0.8, 1.0, 3).expect("λ < r");
    run.agrees("jobs.latency.mean", 0.001 + exact.wait_s, 0.02);
    run.agrees("limit.wait.mean", exact.wait_s, 0.02);
    run.agrees("limit.waited.share", exact.waits, 0.008);
}

#[test]
fn a_fixed_window_rejects_what_exceeds_it() {
    let text = limited("10/s", "rate: 12/s, burst: 12, algorithm: fixed_window");
    let run = Run::of(&text, span(10.0, 6000.0));
    run.agrees("error_rate", limiter::window_rejects(10.0, 1.0, 12), 0.015);
}

/// A limit per client is as many buckets, each with its share of the requests.
#[test]
fn a_limit_per_client_is_a_bucket_for_each() {
    let text = limited("18/s", "rate: 1/s, burst: 5, per: client, clients: 20");
    let run = Run::of(&text, span(200.0, 3600.0));
    run.agrees("error_rate", limiter::bucket_rejects(0.9, 1.0, 5), 0.01);
}

/// The calls we allow ourselves wait at our side: concurrency is a station of so many servers.
#[test]
fn our_concurrency_waits_as_erlang_c() {
    let text = "\
traffic: { jobs: { rate: 16/s, mix: visit } }
components: { api: { type: external, latency: exp(100ms), client: { concurrency: 2 } } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    let run = Run::of(text, span(30.0, 3600.0));
    let load = capplan::analytic::Load { arrivals_per_s: 16.0, service_s: 0.1 };
    let exact = capplan::analytic::erlang::mean_wait_s(load, 2).expect("ρ < 1");
    run.agrees("api.client.wait.mean", exact, 0.02);
    run.agrees("jobs.latency.mean", exact + 0.1, 0.015);
}

/// The limit of the other side refuses what finds all its places taken: Erlang B.
#[test]
fn their_concurrency_refuses_as_erlang_b() {
    let text = "\
traffic: { jobs: { rate: 80/s, mix: visit } }
components: { api: { type: external, latency: exp(100ms), concurrency: 10 } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    let run = Run::of(text, span(10.0, 750.0));
    let exact = capplan::analytic::erlang::loss_probability(8.0, 10);
    run.agrees("jobs.failed.rate_limited.share", exact, 0.008);
}
