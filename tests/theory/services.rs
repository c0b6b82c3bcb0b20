//! Services: loops that share a core, an interpreter lock, priorities in the backlog, recycling,
//! memory, links.

use capplan::analytic::single_server::Moments;
use capplan::analytic::{closed, erlang, priority};

use crate::run::{Run, span};

/// Two loops on one core: at most two slices share it, the rest waits in order. For exponential
/// slices the number inside is still that of M/M/1.
#[test]
fn two_loops_on_one_core_are_as_fast_as_one() {
    let text = "\
traffic: { jobs: { rate: 70/s, mix: visit } }
components: { app: { type: service, runtime: event_loop, workers: 2, cores: 1 } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) } ] } }
";
    let run = Run::of(text, span(20.0, 600.0));
    run.agrees("jobs.latency.mean", 0.01 / 0.3, 0.015);
    run.agrees("app.cpu.utilization", 0.7, 0.004);
}

/// An interpreter lock lets ten threads use one of four cores: M/M/1 again, and a quarter busy.
#[test]
fn an_interpreter_lock_is_one_core() {
    let text = "\
traffic: { jobs: { rate: 70/s, mix: visit } }
components: { app: { type: service, runtime: thread, workers: 1, threads: 10, cores: 4, worker_cores: 1 } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) } ] } }
";
    let run = Run::of(text, span(20.0, 600.0));
    run.agrees("jobs.latency.mean", 0.01 / 0.3, 0.015);
    run.agrees("app.cpu.utilization", 0.7 / 4.0, 0.004);
}

/// Two workers with a lock each and one core between them: together never more than the core.
#[test]
fn locks_of_two_workers_share_the_core() {
    let text = "\
traffic: { jobs: { rate: 70/s, mix: visit } }
components: { app: { type: service, runtime: thread, workers: 2, threads: 200, cores: 1, worker_cores: 1 } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) } ] } }
";
    let run = Run::of(text, span(20.0, 600.0));
    run.agrees("jobs.latency.mean", 0.01 / 0.3, 0.015);
    run.agrees("app.cpu.utilization", 0.7, 0.004);
}

#[test]
fn the_backlog_of_a_worker_goes_by_priority() {
    let text = "\
traffic: { a: { rate: 3/s, mix: high }, b: { rate: 4/s, mix: low } }
components: { app: { type: service, runtime: process, workers: 1 } }
endpoints:
  high: { priority: 1, steps: [ { delay: exp(100ms) } ] }
  low: { priority: 2, steps: [ { delay: exp(100ms) } ] }
";
    let class =
        |arrivals_per_s| priority::Class { arrivals_per_s, service: Moments::new(0.1, 1.0) };
    let exact = priority::waits_s(&[class(3.0), class(4.0)]);
    let run = Run::of(text, span(30.0, 4000.0));
    run.agrees("a.latency.mean", 0.1 + exact[0].expect("σ < 1"), 0.008);
    run.agrees("b.latency.mean", 0.1 + exact[1].expect("σ < 1"), 0.02);
}

/// A worker that restarts after ten requests of 100 ms and boots for 500 ms serves ten per 1.5 s.
#[test]
fn a_recycled_worker_loses_its_boot_time() {
    let text = "\
traffic: { people: { clients: 5, mix: visit } }
components: { app: { type: service, runtime: process, workers: 1, recycle: 10, boot: 500ms } }
endpoints: { visit: { steps: [ { delay: exp(100ms) } ] } }
";
    let run = Run::of(text, span(30.0, 1500.0));
    run.agrees("people.throughput", 10.0 / 1.5, 0.004);
    run.agrees("app.recycles.rate", 1.0 / 1.5, 0.004);
}

/// Room for ten requests of 10 MB: what finds it full is refused, as by ten servers without a queue.
#[test]
fn a_memory_that_refuses_is_erlang_b() {
    let text = "\
traffic: { jobs: { rate: 80/s, mix: visit } }
components: { app: { type: service, runtime: event_loop, memory: { limit: 100MB, per_request: 10MB, when_full: refuse } } }
endpoints: { visit: { steps: [ { delay: exp(100ms) } ] } }
";
    let run = Run::of(text, span(5.0, 300.0));
    let exact = erlang::loss_probability(8.0, 10);
    run.agrees("jobs.failed.out_of_memory.share", exact, 0.02);
    run.agrees("app.memory.utilization", 0.8 * (1.0 - exact), 0.005);
}

/// A link is processor sharing in bytes, insensitive to their law.
#[test]
fn a_link_is_shared_equally() {
    for size in ["100kB", "hyperexp(mean=100kB cv=2)"] {
        let text = format!(
            "traffic: {{ jobs: {{ rate: 60/s, mix: visit }} }}\n\
             components: {{ net: {{ type: link, bandwidth: 10MB/s }} }}\n\
             endpoints: {{ visit: {{ steps: [ {{ transfer: net, size: {size} }} ] }} }}\n"
        );
        let run = Run::of(&text, span(10.0, 600.0));
        run.agrees("jobs.latency.mean", 0.01 / 0.4, 0.02);
        run.agrees("net.utilization", 0.6, 0.008);
    }
}

/// Threads beside clients: no more inside than threads, the others wait: M/M/4//40.
#[test]
fn threads_on_as_many_cores_are_machine_repair() {
    let text = "\
traffic: { people: { clients: 40, think_time: exp(1s), mix: visit } }
components: { app: { type: service, runtime: thread, workers: 1, threads: 4, cores: 4 } }
endpoints: { visit: { steps: [ { cpu: exp(100ms) } ] } }
";
    let exact = closed::machine_repair(40, 1.0, 0.1, 4);
    let run = Run::of(text, span(20.0, 400.0));
    run.agrees("people.throughput", exact.throughput_per_s, 0.004);
    run.agrees("people.latency.mean", exact.response_s, 0.015);
    run.agrees("app.threads.utilization", exact.utilization[0], 0.004);
}

/// An idle loop that pays 4 ms for waking up is M/G/1 with a set-up time D (Doshi 1986):
///
/// ```text
/// W = λE[S²] / 2(1−ρ) + (2E[D] + λE[D²]) / 2(1 + λE[D])      P(idle) = (1−ρ) / (1 + λE[D])
/// ```
#[test]
fn waking_an_idle_loop_is_a_set_up_time() {
    let text = "\
traffic: { jobs: { rate: 50/s, mix: visit } }
components: { app: { type: service, runtime: event_loop, workers: 1, cores: 1, wake: 4ms } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) } ] } }
";
    let (rate, service, wake) = (50.0, 0.01, 0.004);
    let rho = rate * service;
    let queue = rate * 2.0 * service * service / (2.0 * (1.0 - rho));
    let wakes = (2.0 * wake + rate * wake * wake) / (2.0 * (1.0 + rate * wake));
    let run = Run::of(text, span(20.0, 600.0));
    run.agrees("jobs.latency.mean", service + queue + wakes, 0.01);
    run.agrees("app.cpu.utilization", 1.0 - (1.0 - rho) / (1.0 + rate * wake), 0.004);
}

/// A slice that follows at once on another one of the same loop does not wake it again, and a loop
/// that is never idle pays nothing.
#[test]
fn a_busy_loop_is_not_woken() {
    let text = "\
traffic: { jobs: { clients: 2, mix: visit } }
components: { app: { type: service, runtime: event_loop, workers: 1, cores: 1, wake: 4ms } }
endpoints: { visit: { steps: [ { cpu: 6ms }, { cpu: 4ms } ] } }
";
    let run = Run::of(text, span(1.0, 10.0));
    let throughput = run.estimate("jobs.throughput").0;
    assert!((throughput - 100.0).abs() < 0.5, "{throughput}");
}
