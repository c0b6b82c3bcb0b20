//! Profiles as text, and the programs they become.

use capplan::engine::World;
use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Measure, Op, Program, SourceKind, StationKind};
use capplan::source::{Input, render};

fn load(text: &str) -> Result<Profile, String> {
    let input = Input::Text { name: "test.yaml".to_owned(), text: text.to_owned() };
    Profile::load(&input, &Options::default())
        .map_err(|(files, faults)| render(&files, &faults, false))
}

fn lower(text: &str) -> (Program, Catalogue) {
    load(&format!("capplan: 1\n{text}")).unwrap_or_else(|faults| panic!("{faults}")).lower()
}

/// First words of the operations, such as `Class Enter Serve Exit Done`.
fn words(program: &Program) -> String {
    let word = |op: &Op| {
        let text = format!("{op:?}");
        text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
    };
    program.ops.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn faults(text: &str) -> String {
    match load(&format!("capplan: 1\n{text}")) {
        Ok(_) => String::new(),
        Err(faults) => faults,
    }
}

fn stations(program: &Program, wanted: fn(&StationKind) -> bool) -> usize {
    program.stations.iter().filter(|s| wanted(&s.kind)).count()
}

const MM1: &str = "
traffic: { jobs: { rate: 0.8/s, mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }
";

#[test]
fn a_station_is_one_queue() {
    let (program, catalogue) = lower(MM1);
    assert_eq!(words(&program), "Class Enter Serve Exit Done");
    assert_eq!(program.stations.len(), 1);
    assert!(catalogue.metric("q.wait").is_some_and(|m| m.measure.is_distribution()));
    assert!(catalogue.metric("jobs.latency").is_some());
    assert!(catalogue.metric("visit.throughput").is_some());
}

/// Mean response of M/M/1 at 0.8 is 5 s; a run of 200 000 jobs is within a few per cent.
#[test]
fn mm1_runs_end_to_end() {
    let (program, _) = lower(MM1);
    let mut world = World::new(&program, 42, 0);
    world.run_until(250_000.0);
    let results = world.results();
    let mean = results.classes[0].ok.sum / results.classes[0].ok.count as f64;
    assert!((mean - 5.0).abs() < 0.5, "{mean}");
    assert!(results.balance.holds());
}

#[test]
fn clients_are_a_closed_source() {
    let (program, _) = lower(
        "
traffic: { people: { clients: 20, think_time: exp(1s), mix: visit } }
components: { q: { type: station } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }
",
    );
    assert!(matches!(
        program.sources[0].kind,
        SourceKind::Closed { clients: 20, think: Some(_), .. }
    ));
}

#[test]
fn a_loop_with_a_core_of_its_own_is_one_server() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 10/s, mix: home } }
components: { app: { type: service, runtime: event_loop, workers: 2, cores: 2 } }
endpoints: { home: { steps: [ { cpu: exp(3ms) }, { delay: 10ms } ] } }
",
    );
    assert_eq!(words(&program), "Class Enter Accept Serve Delay Release Exit Done");
    assert_eq!(stations(&program, |s| matches!(s, StationKind::Processor(_))), 0);
}

#[test]
fn loops_that_share_cores_are_tokens_around_a_processor() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 10/s, mix: home } }
components: { app: { type: service, workers: 4, cores: 2, instances: 3 } }
endpoints: { home: { steps: [ { cpu: exp(3ms) } ] } }
",
    );
    assert_eq!(words(&program), "Class Enter Route Accept Seize Process Release Release Exit Done");
    assert_eq!(stations(&program, |s| matches!(s, StationKind::Tokens(_))), 12);
    assert_eq!(stations(&program, |s| matches!(s, StationKind::Processor(_))), 3);
}

#[test]
fn work_beside_the_loop_shares_its_cores() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 1/s, mix: home } }
components: { app: { type: service, cores: 4 } }
endpoints: { home: { steps: [ { exec: 1s }, { cpu: 1ms } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Enter Accept Process Seize Process Release Release Exit Done"
    );
}

#[test]
fn there_is_a_pool_per_worker_and_a_connection_is_held_to_the_end() {
    let (program, catalogue) = lower(
        "
traffic: { api: { rate: 10/s, mix: home } }
components:
  app: { type: service, instances: 2, workers: 3 }
  db: { type: database, cores: 4, cpu_share: 50%, max_connections: 500, pool: { size: 5, overflow: 10, hold: request } }
endpoints: { home: { steps: [ { query: db, time: 5ms }, { cpu: 1ms }, { query: db, time: 5ms } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Enter Route Accept Enter Seize Process Delay Exit Serve Enter Seize Process Delay Exit \
         Release Release Exit Done"
    );
    let pool = catalogue.resources.iter().find(|r| r.name == "db.pool").expect("it has a pool");
    assert_eq!(pool.stations.len(), 6);
    let once = program.ops.iter().filter(|op| matches!(op, Op::Seize { once: true, .. })).count();
    assert_eq!(once, 2);
}

#[test]
fn a_miss_runs_its_steps_and_stores() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 10/s, mix: home } }
components:
  app: { type: service }
  db: { type: database, pool: { size: 5 } }
  redis: { type: cache, latency: 1ms, keys: { item: { population: 100, size: 1kB, ttl: 60s } } }
endpoints: { home: { steps: [ { get: redis, key: item, miss: [ { query: db, time: 5ms } ] } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Enter Accept Enter Delay Exit Lookup Jump Enter Seize Delay Release Exit Enter Delay \
         Fill Exit Release Exit Done"
    );
    // TTL formula: h = λT / (1 + λT) at λ = 0.1/s per key, T = 60 s; the rate is of look-ups.
    assert!((program.families[0].lookup_rate_per_s - 10.0).abs() < 1e-9);
}

#[test]
fn our_limits_wait_and_theirs_refuse() {
    let (program, catalogue) = lower(
        "
traffic: { api: { rate: 10/s, mix: home } }
components:
  app: { type: service }
  ai:
    type: external
    latency: 800ms
    rate_limit: 500/min
    errors: 1%
    client: { concurrency: 10, timeout: 2s, retry: { attempts: 3, backoff: doubling(100ms) }, breaker: {}, fallback: [ { delay: 1ms } ] }
    usage_price: $0.01/request
endpoints: { home: { steps: [ { call: ai } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Enter Accept Try Enter Seize Admit Chance Fail Delay Return Release Exit Leave Delay \
         Jump Release Exit Done"
    );
    let frame = &program.frames[0];
    assert_eq!(frame.attempts, 3);
    assert!(frame.breaker.is_some() && frame.fallback.is_some() && frame.timeout.is_some());
    assert!(catalogue.metric("ai.breaker.open_share").is_some());
    assert!(catalogue.metric("ai.failed.rate_limited.share").is_some());
}

#[test]
fn messages_run_on_the_connection_of_their_session() {
    let (program, catalogue) = lower(
        "
traffic:
  live:
    sessions: 100
    length: exp(10m)
    connects_to: app
    messages: { say: { every: exp(5s), mix: say }, news: { every: 10s, push: 1kB } }
components: { app: { type: service, instances: 2, memory: { limit: 1GB, per_connection: 2MB } } }
endpoints: { say: { steps: [ { cpu: 1ms } ] } }
",
    );
    assert_eq!(words(&program), "Class Enter Serve Exit Done");
    let SourceKind::Sessions(sessions) = &program.sources[0].kind else { panic!("sessions") };
    assert_eq!(sessions.streams.len(), 2);
    assert_eq!(sessions.streams[1].constant_ns, Some(10_000_000_000));
    assert!(sessions.place.is_some() && sessions.streams[1].entry.is_none());
    assert!(catalogue.metric("live.sessions.active").is_some());
}

#[test]
fn a_client_that_gives_up_leaves_the_server_at_work() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 10/s, mix: home, timeout: 1s, retry: { attempts: 2 } } }
components: { app: { type: service, runtime: process, workers: 2, cores: 1 } }
endpoints: { home: { steps: [ { cpu: 1ms } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Try Enter Accept Process Release Return Exit Return Leave Done"
    );
    assert!(!program.frames[0].stops_work);
}

#[test]
fn a_hit_at_the_edge_ends_there() {
    let (program, catalogue) = lower(
        "
traffic: { pages: { rate: 10/s, mix: page, via: [edge, limit] } }
components:
  edge: { type: cdn, hit_ratio: 80%, latency: 15ms, usage_price: $0.08/GB }
  limit: { type: limiter, rate: 100/min }
  app: { type: service }
endpoints: { page: { response: 50kB, steps: [ { cpu: 4ms } ] } }
",
    );
    assert_eq!(
        words(&program),
        "Class Enter Lookup Delay Jump Enter Admit Exit Enter Accept Serve Release Exit Exit Done"
    );
    assert!(catalogue.metric("edge.offload").is_some());
    let StationKind::Bucket(bucket) = &program
        .stations
        .iter()
        .find_map(|s| match &s.kind {
            StationKind::Bucket(_) => Some(s.kind.clone()),
            _ => None,
        })
        .expect("there is a limiter")
    else {
        panic!("a bucket")
    };
    assert_eq!(bucket.burst, 100.0);
}

#[test]
fn several_endpoints_are_chosen_by_share() {
    let (program, _) = lower(
        "
traffic: { api: { rate: 10/s, mix: { one: 70%, two: 30% } } }
components: { q: { type: station, discipline: priority } }
endpoints:
  one: { priority: 1, steps: [ { serve: q, time: 1ms } ] }
  two: { steps: [ { repeat: 3, steps: [ { serve: q, time: 1ms } ] }, { choose: [ { share: 40%, steps: [ { delay: 1ms } ] } ] } ] }
",
    );
    assert!(words(&program).starts_with("Switch Class"));
    assert_eq!(program.priorities, 2);
    assert_eq!(program.classes[0].priority, 0);
    assert_eq!(program.classes[1].priority, 1);
}

#[test]
fn what_is_not_supported_says_so() {
    for (text, what) in [
        ("components: { jobs: { type: queue, jobs: {} } }", "queue"),
        ("timeline: { x: { at: 1s, down: db } }", "timeline"),
        ("cells: { count: 10 }", "cells"),
    ] {
        let faults = faults(text);
        assert!(faults.contains("not supported yet") && faults.contains(what), "{faults}");
    }
}

#[test]
fn metrics_of_objectives_are_checked() {
    let faults = faults(&format!("{MM1}slo: {{ fast: jobs.latncy.p95 < 3s }}\n"));
    assert!(faults.contains("jobs.latency.p95"), "{faults}");
}

#[test]
fn conditions_over_windows_are_tracked() {
    let (program, _) = lower(&format!("{MM1}slo: {{ fast: jobs.latency.p95 < 3s for 5m }}\n"));
    assert_eq!(program.tracked.len(), 1);
    assert!(matches!(program.tracked[0].0, Measure::Latency { .. }));
}

/// A hundred idle sessions of 1 MB over 50 MB that are always there; what was before the reset does
/// not count.
#[test]
fn idle_sessions_hold_their_memory() {
    let (program, catalogue) = lower(
        "
traffic: { live: { sessions: 100, connects_to: app, messages: { news: { every: 10s, push: 1kB } } } }
components: { app: { type: service, memory: { limit: 1GB, base: 50MB, per_connection: 1MB } } }
",
    );
    let memory = catalogue.resources.iter().find(|r| r.name == "app.memory").expect("it has one");
    let mut world = World::new(&program, 42, 0);
    world.run_until(100.0);
    world.reset();
    world.run_until(300.0);
    let results = world.results();
    let busy = &results.stations[memory.stations[0].index()].busy;
    assert!((busy.integral / results.time_s - 150e6).abs() < 1.0, "{}", busy.integral);
}

const FALLBACKS: &str = "
traffic: { api: { rate: 10/s, mix: home } }
components:
  first: { type: external, latency: 1s, client: { timeout: 2s, fallback: [ { call: second } ] } }
  second: { type: external, latency: 1s, client: { concurrency: 5, fallback: [ { call: third } ] } }
  third: { type: external, latency: 1s }
endpoints: { home: { steps: [ { call: first } ] } }
";

#[test]
fn fallbacks_of_clients_follow_each_other() {
    let (program, catalogue) = lower(FALLBACKS);
    assert_eq!(program.frames.len(), 2);
    assert!(catalogue.metric("second.client.utilization").is_some());
    let ring = FALLBACKS.replace(
        "third: { type: external, latency: 1s }",
        "third: { type: external, client: { fallback: [ { call: first } ] } }",
    );
    let faults = faults(&ring);
    assert!(faults.contains("in a ring: first -> second -> third -> first"), "{faults}");
}
