//! One station: servers with a queue, priorities, patience, processor sharing.

use capplan::analytic::single_server::{self, Moments};
use capplan::analytic::{Load, constant_service, erlang, impatience, infinite, priority, sharing};

use crate::run::{Run, compare, span};

const fn load(arrivals_per_s: f64, service_s: f64) -> Load {
    Load { arrivals_per_s, service_s }
}

/// One traffic `jobs` at one station `q`.
fn station(rate: &str, station: &str, time: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ rate: {rate}, mix: visit }} }}\n\
         components: {{ q: {{ type: station, {station} }} }}\n\
         endpoints: {{ visit: {{ steps: [ {{ serve: q, time: {time} }} ] }} }}\n"
    )
}

#[test]
fn one_exponential_server_agrees_with_m_m_1() {
    let run = Run::of(&station("80/s", "servers: 1", "exp(10ms)"), span(20.0, 1200.0));
    let queue = load(80.0, 0.01);
    run.agrees("q.utilization", 0.8, 0.0015);
    run.agrees("q.wait.mean", 0.04, 0.015);
    run.agrees("jobs.latency.mean", 0.05, 0.01);
    run.agrees("visit.latency.mean", 0.05, 0.01);
    run.agrees("q.response.mean", 0.05, 0.01);
    run.agrees("q.waited.share", 0.8, 0.0015);
    run.agrees("q.queue.length", 3.2, 0.015);
    run.agrees("jobs.in_flight", 4.0, 0.015);
    run.agrees("q.in_system", 4.0, 0.015);
    run.agrees("jobs.throughput", 80.0, 0.001);
    for quantile in [0.5, 0.95, 0.99] {
        let exact = erlang::response_quantile_s(queue, 1, quantile).expect("ρ < 1");
        let name = format!("jobs.latency.p{}", (quantile * 100.0).round());
        run.agrees(&name, exact, 0.025);
    }
}

#[test]
fn one_server_at_half_load_is_sharp() {
    let run = Run::of(&station("0.5/s", "servers: 1", "exp(1s)"), span(200.0, 120_000.0));
    run.agrees("q.wait.mean", 1.0, 0.008);
    run.agrees("q.wait.sd", 3_f64.sqrt(), 0.01);
    run.agrees("jobs.latency.p99", 100_f64.ln() * 2.0, 0.01);
}

#[test]
fn several_exponential_servers_agree_with_erlang_c() {
    for (rate, servers, measured_s) in [(1.6, 2, 36_000.0), (8.0, 10, 7500.0)] {
        let text = station(&format!("{rate}/s"), &format!("servers: {servers}"), "exp(1s)");
        let run = Run::of(&text, span(300.0, measured_s));
        let queue = load(rate, 1.0);
        let waits = erlang::wait_probability(rate, servers).expect("ρ < 1");
        run.agrees("q.waited.share", waits, 0.01);
        run.agrees("q.wait.mean", erlang::mean_wait_s(queue, servers).expect("ρ < 1"), 0.04);
        let p95 = erlang::response_quantile_s(queue, servers, 0.95).expect("ρ < 1");
        run.agrees("jobs.latency.p95", p95, 0.025);
        run.agrees("q.utilization", rate / f64::from(servers), 0.002);
    }
}

#[test]
fn constant_service_agrees_with_m_d_1_and_m_d_c() {
    let run = Run::of(&station("0.8/s", "servers: 1", "1s"), span(300.0, 60_000.0));
    run.agrees("q.wait.mean", 2.0, 0.015);
    let p99 = constant_service::wait_quantile_s(load(0.8, 1.0), 0.99).expect("ρ < 1");
    run.agrees("q.wait.p99", p99, 0.04);
    let run = Run::of(&station("3.2/s", "servers: 4", "1s"), span(300.0, 15_000.0));
    let exact = constant_service::mean_wait_s(load(3.2, 1.0), 4).expect("ρ < 1");
    run.agrees("q.wait.mean", exact, 0.02);
}

#[test]
fn any_service_agrees_with_pollaczek_khinchine() {
    for (time, scv) in [
        ("lognormal(mean=1s cv=1.5)", 2.25),
        ("hyperexp(mean=1s cv=2)", 4.0),
        ("erlang(mean=1s stages=4)", 0.25),
        ("uniform(0s..2s)", 1.0 / 3.0),
        ("gamma(mean=1s cv=0.7)", 0.49),
        ("mix(75% 0.5s 25% exp(2.5s))", (0.75 * 0.25 + 0.25 * 12.5) - 1.0),
    ] {
        let run = Run::of(&station("0.5/s", "servers: 1", time), span(200.0, 75_000.0));
        let exact = single_server::mean_wait_s(0.5, Moments::new(1.0, scv)).expect("ρ < 1");
        run.agrees("q.wait.mean", exact, 0.04);
        run.agrees("q.utilization", 0.5, 0.005);
    }
}

#[test]
fn the_highest_priority_goes_first_without_interrupting() {
    let run = Run::of(&two_classes("priority", "0.3/s", "0.4/s"), span(300.0, 60_000.0));
    let class =
        |arrivals_per_s| priority::Class { arrivals_per_s, service: Moments::new(1.0, 1.0) };
    let exact = priority::waits_s(&[class(0.3), class(0.4)]);
    run.agrees("a.latency.mean", 1.0 + exact[0].expect("σ < 1"), 0.005);
    run.agrees("b.latency.mean", 1.0 + exact[1].expect("σ < 1"), 0.015);
    run.agrees("q.waited.share", 0.7, 0.0025);
}

#[test]
fn a_preempted_job_resumes_where_it_stopped() {
    // Constant service for the lower class: repeating instead of resuming would show.
    let run = Run::of(
        &two_classes("preemptive_priority", "0.3/s", "0.4/s").replace("exp(1001ms)", "1s"),
        span(300.0, 60_000.0),
    );
    let exact = priority::preemptive_responses_s(&[
        priority::Class { arrivals_per_s: 0.3, service: Moments::new(1.0, 1.0) },
        priority::Class { arrivals_per_s: 0.4, service: Moments::new(1.0, 0.0) },
    ]);
    run.agrees("a.latency.mean", exact[0].expect("σ < 1"), 0.005);
    run.agrees("b.latency.mean", exact[1].expect("σ < 1"), 0.01);
    run.agrees("q.utilization", 0.7, 0.0025);
}

/// Two classes of mean 1 s (the second is written 1001 ms in exp to be told apart, and replaced).
fn two_classes(discipline: &str, first: &str, second: &str) -> String {
    let text = format!(
        "traffic: {{ a: {{ rate: {first}, mix: high }}, b: {{ rate: {second}, mix: low }} }}\n\
         components: {{ q: {{ type: station, servers: 1, discipline: {discipline} }} }}\n\
         endpoints:\n  \
           high: {{ priority: 1, steps: [ {{ serve: q, time: exp(1s) }} ] }}\n  \
           low: {{ priority: 2, steps: [ {{ serve: q, time: exp(1001ms) }} ] }}\n"
    );
    if discipline == "priority" { text.replace("1001ms", "1s") } else { text }
}

#[test]
fn a_finite_queue_agrees_with_m_m_c_k() {
    let run = Run::of(&station("4.8/s", "servers: 4, queue: 6", "exp(1s)"), span(50.0, 12_000.0));
    let exact = erlang::finite_room(load(4.8, 1.0), 4, 10);
    run.agrees("error_rate", exact.blocking, 0.008);
    run.agrees("jobs.failed.refused.share", exact.blocking, 0.008);
    run.agrees("q.refused.rate", 4.8 * exact.blocking, 0.008);
    run.agrees("jobs.throughput", exact.throughput_per_s, 0.0015);
    run.agrees("jobs.latency.mean", exact.response_s, 0.0025);
    run.agrees("q.in_system", exact.number, 0.002);
    run.agrees("q.utilization", exact.utilization, 0.0008);
}

#[test]
fn a_system_without_queue_loses_as_erlang_b_whatever_the_service() {
    for time in ["exp(1s)", "1s", "lognormal(mean=1s cv=2)"] {
        let run = Run::of(&station("8/s", "servers: 10, queue: 0", time), span(50.0, 6000.0));
        let exact = erlang::loss_probability(8.0, 10);
        run.agrees("error_rate", exact, 0.015);
        run.agrees("q.utilization", 0.8 * (1.0 - exact), 0.002);
    }
}

#[test]
fn an_exponential_patience_agrees_with_erlang_a() {
    let run =
        Run::of(&station("20/s", "servers: 20, patience: exp(2s)", "exp(1s)"), span(50.0, 3000.0));
    let exact = impatience::exponential_patience(load(20.0, 1.0), 20, 2.0);
    run.agrees("jobs.failed.wait_timeout.share", exact.abandons, 0.015);
    run.agrees("q.waited.share", exact.waits, 0.008);
    run.agrees("q.wait.mean", exact.wait_served_s, 0.015);
    run.agrees("q.wait_all.mean", exact.wait_all_s, 0.015);
}

#[test]
fn a_constant_patience_agrees_with_palm() {
    let run =
        Run::of(&station("220/s", "servers: 20, patience: 100ms", "exp(100ms)"), span(5.0, 300.0));
    let exact = impatience::constant_patience(load(220.0, 0.1), 20, 0.1);
    run.agrees("error_rate", exact.abandons, 0.015);
    run.agrees("q.waited.share", exact.waits, 0.002);
    run.agrees("q.wait.mean", exact.wait_served_s, 0.005);
    run.agrees("q.wait_all.mean", exact.wait_all_s, 0.005);
    run.agrees("q.utilization", exact.throughput_per_s * 0.1 / 20.0, 0.0004);
}

/// A pool's timeout is the same system: connections are servers, the timeout is the patience.
#[test]
fn a_pool_with_a_timeout_agrees_with_palm() {
    let text = "\
traffic: { jobs: { rate: 220/s, mix: visit } }
components: { db: { type: database, pool: { size: 20, timeout: 100ms, scope: service } } }
endpoints: { visit: { steps: [ { query: db, time: exp(100ms) } ] } }
";
    let run = Run::of(text, span(5.0, 300.0));
    let exact = impatience::constant_patience(load(220.0, 0.1), 20, 0.1);
    run.agrees("jobs.failed.pool_timeout.share", exact.abandons, 0.015);
    run.agrees("db.pool.wait.mean", exact.wait_served_s, 0.008);
    run.agrees("db.pool.utilization", exact.throughput_per_s * 0.1 / 20.0, 0.0005);
}

/// The connections of the server are all in use when those of its only pool are: as often as all servers of
/// M/M/4 are.
#[test]
fn a_database_is_full_when_its_pool_is() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit } }
components:
  db: { type: database, max_connections: 4, pool: { size: 2, overflow: 2, timeout: 1h, scope: service } }
endpoints: { visit: { steps: [ { query: db, time: exp(40ms) } ] } }
";
    let run = Run::of(text, span(20.0, 1200.0));
    let full = erlang::wait_probability(2.0, 4).expect("ρ < 1");
    run.agrees("db.pool.full", full, 0.004);
    run.agrees("db.connections.full", full, 0.004);
}

#[test]
fn processor_sharing_is_insensitive_to_the_service_law() {
    for time in ["exp(1s)", "hyperexp(mean=1s cv=2)", "1s"] {
        let text = station("0.6/s", "servers: 1, discipline: processor_sharing", time);
        let run = Run::of(&text, span(200.0, 60_000.0));
        run.agrees("jobs.latency.mean", 2.5, 0.015);
        run.agrees("q.utilization", 0.6, 0.005);
    }
}

#[test]
fn the_spread_of_shared_responses_agrees_with_coffman_muntz_trotter() {
    let text = station("0.5/s", "servers: 1, discipline: processor_sharing", "exp(1s)");
    let run = Run::of(&text, span(200.0, 90_000.0));
    let exact = sharing::response_variance_s2(load(0.5, 1.0)).expect("ρ < 1").sqrt();
    run.agrees("jobs.latency.sd", exact, 0.01);
}

#[test]
fn four_cores_are_shared_with_at_most_one_per_job() {
    for time in ["exp(1s)", "lognormal(mean=1s cv=2)"] {
        let text = station("3.2/s", "servers: 4, discipline: processor_sharing", time);
        let run = Run::of(&text, span(200.0, 15_000.0));
        let exact = sharing::mean_response_on_cores_s(load(3.2, 1.0), 4).expect("ρ < 1");
        run.agrees("jobs.latency.mean", exact, 0.02);
        run.agrees("q.utilization", 0.8, 0.004);
    }
}

/// Percentiles of four shared cores at ρ = 0.85: a tagged job in the absorbing Markov chain of the
/// number beside it, solved by uniformization (figures to eight digits).
#[test]
fn four_cores_have_the_percentiles_of_the_tagged_job() {
    let text = station("3.4/s", "servers: 4, discipline: processor_sharing", "exp(1s)");
    let run = Run::of(&text, span(300.0, 18_000.0));
    run.agrees("jobs.latency.mean", 2.148_860_369, 0.015);
    run.agrees("jobs.latency.p99", 13.987_498_59, 0.04);
}

#[test]
fn a_server_for_everyone_has_a_poisson_number_inside() {
    let text = station("50/s", "servers: unlimited", "lognormal(mean=2s cv=2)");
    let run = Run::of(&text, span(200.0, 600.0));
    run.agrees("jobs.in_flight", 100.0, 0.005);
    run.agrees("jobs.latency.mean", 2.0, 0.004);
    let variance = run.estimate_by(|replication| {
        let level = &replication.classes[0].in_flight;
        let mean = level.integral / replication.time_s;
        level.square / replication.time_s - mean * mean
    });
    compare("variance of the number inside", variance, 100.0, 0.04);
    assert_eq!(infinite::number_quantile(load(50.0, 2.0), 0.99), 124);
}
