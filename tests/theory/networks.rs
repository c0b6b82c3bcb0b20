//! Several resources at once: held together, in parallel, in turn, retried, balanced.

use capplan::analytic::{Load, arrivals, asked, erlang, parallel};

use crate::chain::{expect, stationary};
use crate::run::{Run, compile, span};

const fn load(arrivals_per_s: f64, service_s: f64) -> Load {
    Load { arrivals_per_s, service_s }
}

/// Exact values of a worker that holds one of `connections` in the second phase of its request:
/// state (requests inside, of them in the second phase or waiting for it).
fn worker_and_connection(
    arrive: impl Fn(u32) -> f64,
    most: u32,
    workers: u32,
    connections: u32,
    (first_s, second_s): (f64, f64),
) -> Vec<((u32, u32), f64)> {
    stationary((0, 0), |&(inside, second)| {
        let first = inside.min(workers) - second;
        let mut moves = vec![];
        if inside < most {
            moves.push(((inside + 1, second), arrive(inside)));
        }
        if first > 0 {
            moves.push(((inside, second + 1), f64::from(first) / first_s));
        }
        if second > 0 {
            let rate = f64::from(second.min(connections)) / second_s;
            moves.push(((inside - 1, second - 1), rate));
        }
        moves
    })
}

const WORKER_HOLDS: &str = "\
components:
  app: { type: service, runtime: process, workers: 8 }
  db: { type: database, pool: { size: 3, scope: service } }
endpoints: { visit: { steps: [ { delay: exp(300ms) }, { query: db, time: exp(250ms) } ] } }
";

#[test]
fn open_requests_whose_worker_holds_a_connection_agree_with_the_chain() {
    let text = format!("traffic: {{ jobs: {{ rate: 8/s, mix: visit }} }}\n{WORKER_HOLDS}");
    let chain = worker_and_connection(|_| 8.0, 150, 8, 3, (0.3, 0.25));
    let wait_worker = expect(&chain, |&(inside, _)| f64::from(inside.saturating_sub(8))) / 8.0;
    let wait_db = expect(&chain, |&(_, second)| f64::from(second.saturating_sub(3))) / 8.0;
    assert!((wait_worker - 0.054_875_532_39).abs() < 1e-8, "{wait_worker}");
    assert!((wait_db - 0.070_739_735_94).abs() < 1e-8, "{wait_db}");
    let run = Run::of(&text, span(50.0, 7500.0));
    run.agrees("jobs.latency.mean", 0.55 + wait_worker + wait_db, 0.004);
    run.agrees("app.workers.wait.mean", wait_worker, 0.025);
    run.agrees("db.pool.wait.mean", wait_db, 0.008);
    run.agrees("app.workers.utilization", (0.55 + wait_db) * 8.0 / 8.0, 0.0025);
    run.agrees("db.pool.utilization", 2.0 / 3.0, 0.0025);
}

#[test]
fn people_whose_worker_holds_a_connection_agree_with_the_chain() {
    let text = format!(
        "traffic: {{ people: {{ clients: 30, think_time: exp(2s), mix: visit }} }}\n{WORKER_HOLDS}"
    );
    let chain = worker_and_connection(|n| f64::from(30 - n) / 2.0, 30, 8, 3, (0.3, 0.25));
    let throughput = expect(&chain, |&(_, second)| f64::from(second.min(3)) / 0.25);
    assert!((throughput - 10.504_033_72).abs() < 1e-7, "{throughput}");
    let run = Run::of(&text, span(50.0, 4500.0));
    run.agrees("people.throughput", throughput, 0.0008);
    run.agrees("people.latency.mean", 30.0 / throughput - 2.0, 0.004);
    run.agrees("app.workers.wait.mean", 0.180_206_019_8, 0.01);
    run.agrees("db.pool.wait.mean", 0.125_839_649_3, 0.005);
}

/// Threads, shared cores and a pool: twenty clients, state (thinking, waiting or before the first
/// burst, …) solved by hand-written chain: per request two bursts of 50 ms around 150 ms in the pool.
#[test]
fn three_tiers_agree_with_the_chain() {
    let text = "\
traffic: { people: { clients: 20, think_time: exp(2s), mix: visit } }
components:
  app: { type: service, runtime: thread, workers: 1, threads: 6, cores: 2 }
  db: { type: database, pool: { size: 2, scope: service } }
endpoints: { visit: { steps: [ { cpu: exp(50ms) }, { query: db, time: exp(150ms) }, { cpu: exp(50ms) } ] } }
";
    // (inside, in the first burst or at the pool or in the second burst: the last two).
    let chain = stationary((0_u32, 0_u32, 0_u32), |&(inside, pool, last)| {
        let first = inside.min(6) - pool - last;
        let running = f64::from(first + last);
        let speed = if running > 2.0 { 2.0 / running } else { 1.0 } / 0.05;
        let mut moves = vec![((inside + 1, pool, last), f64::from(20 - inside) / 2.0)];
        if first > 0 {
            moves.push(((inside, pool + 1, last), f64::from(first) * speed));
        }
        if pool > 0 {
            moves.push(((inside, pool - 1, last + 1), f64::from(pool.min(2)) / 0.15));
        }
        if last > 0 {
            moves.push(((inside - 1, pool, last - 1), f64::from(last) * speed));
        }
        moves
    });
    let throughput = expect(&chain, |&(_, pool, _)| f64::from(pool.min(2)) / 0.15);
    assert!((throughput - 8.540_680_185).abs() < 1e-7, "{throughput}");
    let run = Run::of(text, span(50.0, 6000.0));
    run.agrees("people.throughput", throughput, 0.0015);
    run.agrees("people.latency.mean", 0.341_733_862_8, 0.0025);
    run.agrees("app.cpu.utilization", 0.427_034_009_2, 0.002);
    run.agrees("app.threads.utilization", 0.471_052_286_8, 0.0025);
    run.agrees("db.pool.utilization", 0.640_551_013_9, 0.002);
    run.agrees("db.pool.wait.mean", 0.064_210_986_58, 0.008);
}

/// An event loop is one server around the cores: with a core for each loop it is M/M/1.
#[test]
fn one_event_loop_is_one_server() {
    let text = "\
traffic: { jobs: { rate: 70/s, mix: visit } }
components: { app: { type: service, runtime: event_loop, workers: 1, cores: 1 } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) } ] } }
";
    let run = Run::of(text, span(20.0, 1200.0));
    run.agrees("jobs.latency.mean", 0.01 / 0.3, 0.008);
    run.agrees("app.cpu.utilization", 0.7, 0.0015);
}

/// Waits leave the loop free: two slices of M/M/1 around a pause (Jackson with feedback).
#[test]
fn a_wait_leaves_the_event_loop_free() {
    let text = "\
traffic: { jobs: { rate: 30/s, mix: visit } }
components: { app: { type: service, runtime: event_loop, workers: 1, cores: 1 } }
endpoints: { visit: { steps: [ { cpu: exp(10ms) }, { delay: exp(100ms) }, { cpu: exp(10ms) } ] } }
";
    let run = Run::of(text, span(20.0, 2400.0));
    run.agrees("jobs.latency.mean", 0.1 + 2.0 * 0.01 / 0.4, 0.0015);
    run.agrees("app.cpu.utilization", 0.6, 0.0015);
}

#[test]
fn a_fork_of_two_agrees_with_flatto_and_hahn() {
    let text = "\
traffic: { jobs: { rate: 0.6/s, mix: visit } }
components: { a: { type: station, servers: 1 }, b: { type: station, servers: 1 } }
endpoints: { visit: { steps: [ { parallel: [ [ { serve: a, time: exp(1s) } ], [ { serve: b, time: exp(1s) } ] ] } ] } }
";
    let run = Run::of(text, span(200.0, 60_000.0));
    run.agrees(
        "jobs.latency.mean",
        parallel::fork_join_of_two_s(load(0.6, 1.0)).expect("ρ < 1"),
        0.008,
    );
    run.agrees("a.response.mean", 2.5, 0.008);
}

/// The first of two independent exponential answers: half the mean; the loser is cancelled.
#[test]
fn the_first_of_two_answers_takes_half_the_time() {
    let text = "\
traffic: { jobs: { rate: 5/s, mix: visit } }
components: { a: { type: station, servers: unlimited }, b: { type: station, servers: unlimited } }
endpoints: { visit: { steps: [ { parallel: [ [ { serve: a, time: exp(1s) } ], [ { serve: b, time: exp(1s) } ] ], join: 1, losers: cancel } ] } }
";
    let run = Run::of(text, span(20.0, 1800.0));
    run.agrees("jobs.latency.mean", 0.5, 0.004);
    run.agrees("a.busy", 2.5, 0.008);
    let finish = text.replace("cancel", "finish");
    let run = Run::of(&finish, span(20.0, 1800.0));
    run.agrees("jobs.latency.mean", 0.5, 0.004);
    run.agrees("a.busy", 5.0, 0.005);
}

#[test]
fn an_immediate_retry_agrees_with_takacs() {
    let text = "\
traffic: { jobs: { rate: 0.5/s, mix: visit } }
components: { q: { type: station, servers: 1 } }
endpoints: { visit: { steps: [ { try: [ { serve: q, time: exp(1s) }, { fail: error, share: 30% } ], retry: { attempts: unlimited, backoff: 0s, errors: any } } ] } }
";
    let run = Run::of(text, span(300.0, 75_000.0));
    run.agrees(
        "jobs.latency.mean",
        parallel::feedback_response_s(load(0.5, 1.0), 0.3).expect("ρ < 1"),
        0.01,
    );
    run.agrees("q.utilization", 0.5 / 0.7, 0.0025);
}

/// Falin and Templeton, *Retrial Queues* (1997): λ = 0.6, exponential back-off of mean 2 s: 2.7 in
/// orbit, hence a response of (2.7 + 0.6)/0.6.
#[test]
fn clients_that_come_back_agree_with_the_retrial_queue() {
    let text = "\
traffic: { jobs: { rate: 0.6/s, mix: visit, retry: { attempts: unlimited, backoff: exp(2s), errors: [refused] } } }
components: { q: { type: station, servers: 1, queue: 0 } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }
";
    let run = Run::of(text, span(300.0, 60_000.0));
    run.agrees("q.utilization", 0.6, 0.0025);
    run.agrees("jobs.latency.mean", 5.5, 0.008);
}

#[test]
fn two_choices_of_a_hundred_agree_with_the_simulated_reference() {
    let text = "\
traffic: { jobs: { rate: 90/s, mix: visit } }
components: { app: { type: service, runtime: process, instances: 100, workers: 1, cores: 1, balancer: { policy: two_choices } } }
endpoints: { visit: { steps: [ { cpu: exp(1s) } ] } }
";
    let run = Run::of(text, span(60.0, 450.0));
    // A hundred queues lie 1.2 % above the limit of many: 2.64623 by independent simulation.
    let limit = parallel::choices_limit_s(load(0.9, 1.0), 2).expect("ρ < 1");
    assert!((limit - 2.614).abs() < 1e-3);
    run.agrees("jobs.latency.mean", 2.646_23, 0.015);
}

#[test]
fn round_robin_over_four_agrees_with_erlang_arrivals() {
    let text = "\
traffic: { jobs: { rate: 3.2/s, mix: visit } }
components: { app: { type: service, runtime: process, instances: 4, workers: 1, cores: 1, balancer: { policy: round_robin } } }
endpoints: { visit: { steps: [ { cpu: exp(1s) } ] } }
";
    let run = Run::of(text, span(300.0, 18_000.0));
    let exact = arrivals::renewal(arrivals::erlang_transform(1.25, 4), 1.0).expect("ρ < 1");
    run.agrees("jobs.latency.mean", 1.0 + exact.wait_s, 0.01);
}

#[test]
fn random_splitting_is_as_many_single_queues() {
    let text = "\
traffic: { jobs: { rate: 2.4/s, mix: visit } }
components: { app: { type: service, runtime: process, instances: 4, workers: 1, cores: 1, balancer: { policy: random } } }
endpoints: { visit: { steps: [ { cpu: exp(1s) } ] } }
";
    let run = Run::of(text, span(300.0, 18_000.0));
    run.agrees("jobs.latency.mean", 2.5, 0.008);
}

/// Join the shorter of two queues, ties at random: a chain in the two lengths.
#[test]
fn least_connections_over_two_agree_with_the_chain() {
    let text = "\
traffic: { jobs: { rate: 1.6/s, mix: visit } }
components: { app: { type: service, runtime: process, instances: 2, workers: 1, cores: 1, balancer: { policy: least_connections } } }
endpoints: { visit: { steps: [ { cpu: exp(1s) } ] } }
";
    // (longer, shorter): the two are alike.
    let chain = stationary((0_u32, 0_u32), |&(long, short)| {
        let pair = |a: u32, b: u32| (a.max(b), a.min(b));
        let mut moves = vec![(pair(long, short + 1), if long < 150 { 1.6 } else { 0.0 })];
        if long > 0 {
            moves.push((pair(long - 1, short), 1.0));
        }
        if short > 0 {
            moves.push((pair(long, short - 1), 1.0));
        }
        moves
    });
    let response = expect(&chain, |&(long, short)| f64::from(long + short)) / 1.6;
    assert!((response - 2.955_736_618).abs() < 1e-6, "{response}");
    let run = Run::of(text, span(300.0, 36_000.0));
    run.agrees("jobs.latency.mean", response, 0.01);
}

/// Traffic equations and M/M/c per station (Jackson 1963): the web tier is visited before each
/// call and once at the end.
#[test]
fn an_open_network_agrees_with_jackson() {
    let text = "\
traffic: { jobs: { rate: 4/s, mix: visit } }
components: { web: { type: station, servers: 1 }, db: { type: station, servers: 3 }, redis: { type: station, servers: 1 } }
endpoints:
  visit:
    steps:
      - { repeat: geometric(mean=1.5), steps: [ { serve: web, time: exp(50ms) }, { choose: [ { share: 40%, steps: [ { serve: db, time: exp(333.333ms) } ] }, { share: 60%, steps: [ { serve: redis, time: exp(30ms) } ] } ] } ] }
      - { serve: web, time: exp(50ms) }
";
    let at = |rate: f64, service_s: f64, servers| {
        erlang::mean_wait_s(load(rate, service_s), servers).expect("ρ < 1") + service_s
    };
    let (web, db, redis) = (at(10.0, 0.05, 1), at(2.4, 1.0 / 3.0, 3), at(3.6, 0.03, 1));
    let run = Run::of(text, span(50.0, 12_000.0));
    run.agrees("web.response.mean", web, 0.004);
    run.agrees("db.response.mean", db, 0.0025);
    run.agrees("redis.response.mean", redis, 0.002);
    run.agrees("jobs.latency.mean", 2.5 * web + 0.6 * db + 0.9 * redis, 0.004);
}

/// Work after the reply: one client, 0.5 s to the answer, 1.5 s after it, thinks 2 s. Chain: think,
/// first phase, second phase with the client thinking or waiting.
#[test]
fn work_after_the_reply_delays_the_next_request() {
    let text = "\
traffic: { one: { clients: 1, think_time: exp(2s), mix: visit } }
components: { server: { type: station, servers: 1 } }
endpoints: { visit: { steps: [ { hold: server, steps: [ { delay: exp(500ms) }, reply, { delay: exp(1500ms) } ] } ] } }
";
    let chain = stationary(0_u8, |state| match state {
        0 => vec![(1, 0.5)],                 // idle, thinking
        1 => vec![(2, 2.0)],                 // first phase
        2 => vec![(0, 1.0 / 1.5), (3, 0.5)], // second phase, thinking
        _ => vec![(1, 1.0 / 1.5)],           // second phase, waiting
    });
    let throughput = expect(&chain, |state| if *state == 1 { 2.0 } else { 0.0 });
    assert!((throughput - 0.318_181_818_2).abs() < 1e-9);
    let run = Run::of(text, span(100.0, 30_000.0));
    run.agrees("one.throughput", throughput, 0.0025);
    run.agrees("server.utilization", 0.636_363_636_4, 0.0025);
    run.agrees("one.latency.mean", 1.142_857_142_9, 0.005);
}

/// Blocking after service in a saturated line of three without buffers: 22/39 of a server's speed
/// (Hunt 1956). A finished job keeps its station until the next is free.
#[test]
fn a_line_without_buffers_agrees_with_hunt() {
    let text = "\
traffic: { line: { clients: 12, mix: job } }
components: { a: { type: station }, b: { type: station }, c: { type: station } }
endpoints:
  job:
    steps:
      - take: a
      - delay: exp(1s)
      - take: b
      - release: a
      - delay: exp(1s)
      - take: c
      - release: b
      - delay: exp(1s)
      - release: c
";
    let run = Run::of(text, span(100.0, 24_000.0));
    run.agrees("line.throughput", 22.0 / 39.0, 0.002);
}

/// What the program asks of its stations, by arithmetic, is how busy they are: servers, cores and a
/// pool, behind chances, loops, branches and cache misses.
#[test]
fn utilizations_agree_with_the_demands_of_the_program() {
    let text = "\
traffic: { jobs: { rate: 20/s, mix: { one: 60%, two: 40% } } }
components:
  app: { type: service, runtime: thread, workers: 2, threads: 50, cores: 2, instances: 2, balancer: { policy: random } }
  db: { type: database, cores: 2, cpu_share: 40% }
  redis: { type: cache, operation: 1ms, keys: { item: { population: 200, popularity: zipf(0.8), ttl: 5s } } }
  q: { type: station, servers: 2 }
endpoints:
  one: { service: app, steps: [ { cpu: exp(20ms) }, { get: redis, key: item, miss: [ { query: db, time: exp(50ms) } ] }, { repeat: geometric(mean=0.5), steps: [ { serve: q, time: exp(40ms) } ] } ] }
  two: { service: app, steps: [ { cpu: exp(30ms) }, { parallel: [ [ { query: db, time: exp(20ms) } ], [ { serve: q, time: exp(30ms), share: 50% } ] ] } ] }
";
    let (program, catalogue) = compile(text);
    let offered = asked(&program);
    let run = Run::of(text, span(30.0, 1500.0));
    for resource in ["app.cpu", "db.cpu", "redis.operations", "q"] {
        let view = catalogue.resources.iter().find(|view| view.name == resource);
        let stations = &view.unwrap_or_else(|| panic!("no resource {resource}")).stations;
        let shares = stations.iter().map(|station| offered[station.index()].expect("visited"));
        let exact = shares.sum::<f64>() / stations.len() as f64;
        run.agrees(&format!("{resource}.utilization"), exact, 0.015);
    }
}
