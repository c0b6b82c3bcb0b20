//! What holds for every profile: the balance of requests, Little's law on the sample path and work
//! conservation, on profiles made at random from a fixed seed.

use capplan::engine::World;
use capplan::profile::{Options, Profile};
use capplan::program::StationKind;
use capplan::results::Replication;
use capplan::source::{self, Input};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A step as YAML in flow style. Leaves use every kind of waiting; inner ones every kind of policy.
fn step() -> impl Strategy<Value = String> {
    let time = prop_oneof![
        Just("exp(20ms)".to_owned()),
        Just("30ms".to_owned()),
        Just("lognormal(mean=10ms cv=2)".to_owned()),
    ];
    let leaf = prop_oneof![
        time.clone().prop_map(|t| format!("{{ cpu: {t} }}")),
        time.clone().prop_map(|t| format!("{{ delay: {t} }}")),
        time.clone().prop_map(|t| format!("{{ query: db, time: {t} }}")),
        time.clone().prop_map(|t| format!("{{ write: db, time: {t}, timeout: 40ms }}")),
        time.clone().prop_map(|t| format!("{{ serve: q, time: {t} }}")),
        time.clone().prop_map(|t| format!("{{ serve: shared, time: {t}, share: 40% }}")),
        time.clone().prop_map(|t| format!("{{ serve: ranked, time: {t} }}")),
        Just("{ call: api }".to_owned()),
        Just("{ call: api, timeout: 30ms, fallback: [ { delay: 5ms } ] }".to_owned()),
        time.prop_map(|t| format!(
            "{{ get: redis, key: item, miss: [ {{ query: db, time: {t} }} ] }}"
        )),
    ];
    // A lock is held around a single step: holding it again inside would wait for itself.
    let leaf = prop_oneof![
        9 => leaf.clone(),
        1 => leaf.prop_map(|step| format!("{{ hold: lock, steps: [ {step} ] }}")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner, 1..3).prop_map(|steps| steps.join(", "));
        prop_oneof![
            (list.clone(), list.clone()).prop_map(|(a, b)| format!("{{ parallel: [ [ {a} ], [ {b} ] ] }}")),
            (list.clone(), list.clone()).prop_map(|(a, b)| format!(
                "{{ parallel: [ [ {a} ], [ {b} ] ], join: 1, losers: cancel }}"
            )),
            (list.clone(), list.clone()).prop_map(|(a, b)| format!(
                "{{ parallel: [ [ {a} ], [ {b} ] ], join: 1 }}"
            )),
            (list.clone(), list.clone()).prop_map(|(a, b)| format!(
                "{{ choose: [ {{ share: 30%, steps: [ {a} ] }}, {{ share: 60%, steps: [ {b} ] }} ] }}"
            )),
            list.clone().prop_map(|a| format!("{{ repeat: 2, steps: [ {a} ] }}")),
            list.clone().prop_map(|a| format!("{{ repeat: geometric(mean=0.7), steps: [ {a} ] }}")),
            list.clone().prop_map(|a| format!("{{ spawn: [ {a} ] }}")),
            list.clone().prop_map(|a| format!(
                "{{ try: [ {a} ], timeout: 60ms, retry: {{ attempts: 3, backoff: exp(10ms), errors: any }} }}"
            )),
            list.clone().prop_map(|a| format!(
                "{{ try: [ {a}, {{ fail: bad, share: 20% }} ], fallback: [ {{ delay: 3ms }} ] }}"
            )),
        ]
    })
}

/// The service, in all runtimes, with and without limits of its own.
fn service() -> impl Strategy<Value = String> {
    let limit = prop_oneof![
        Just(""),
        Just(", timeout: 150ms"),
        Just(", backlog: 3"),
        Just(", timeout: 100ms, notices_disconnect: true"),
    ];
    let looping = prop_oneof![Just(", connections: 20"), Just(", connections: 2, backlog: 3")];
    let runtime = prop_oneof![
        looping.prop_map(|limit| format!("runtime: event_loop{limit}")),
        limit.clone().prop_map(|limit| format!("runtime: process{limit}")),
        limit.prop_map(|limit| format!("runtime: thread, threads: 3{limit}")),
    ];
    let memory = prop_oneof![
        3 => Just(""),
        1 => Just(", boot: 200ms, memory: { limit: 120MB, base: 20MB, per_request: 30MB }"),
        1 => Just(", memory: { limit: 120MB, base: 20MB, per_request: 30MB, when_full: refuse }"),
        1 => Just(", boot: 100ms, recycle: uniform(20..40), drain: 50ms"),
    ];
    (runtime, memory, 1..4_u32, 1..4_u32, 1..3_u32).prop_map(
        |(runtime, memory, workers, cores, instances)| {
            format!(
                "{{ type: service, {runtime}, workers: {workers}, cores: {cores}, \
                 instances: {instances}{memory} }}"
            )
        },
    )
}

/// The database: pools of every scope, held for a query or a request.
fn database() -> impl Strategy<Value = String> {
    let hold = prop_oneof![Just("query"), Just("request")];
    let scope = prop_oneof![Just("worker"), Just("instance"), Just("service")];
    let timeout = prop_oneof![Just("20ms"), Just("30s")];
    let cores = prop_oneof![Just(""), Just(", cores: 2, cpu_share: 50%")];
    (hold, scope, timeout, cores, 1..4_u32, 0..3_u32).prop_map(
        |(hold, scope, timeout, cores, size, overflow)| {
            format!(
                "{{ type: database{cores}, pool: {{ size: {size}, overflow: {overflow}, \
                 timeout: {timeout}, scope: {scope}, hold: {hold} }} }}"
            )
        },
    )
}

/// An external API with our own limits around it.
fn external() -> impl Strategy<Value = String> {
    let client = prop_oneof![
        Just(""),
        Just(", client: { concurrency: 2, queue: 3 }"),
        Just(
            ", client: { concurrency: 3, timeout: 40ms, retry: { attempts: 3, \
             backoff: doubling(10ms max=40ms jitter=full), budget: 20% } }"
        ),
        Just(", client: { rate: 20/s, breaker: { failures: 3, open: 300ms } }"),
        Just(", rate_limit: 15/s, client: { timeout: 15ms, fallback: [ { delay: 2ms } ] }"),
    ];
    client.prop_map(|client| {
        format!("{{ type: external, latency: exp(20ms), errors: 5%, concurrency: 8{client} }}")
    })
}

/// Components and endpoints; traffic is put before them.
fn system() -> impl Strategy<Value = String> {
    let steps = prop::collection::vec(step(), 1..4).prop_map(|steps| steps.join(", "));
    let second = prop::collection::vec(step(), 1..3).prop_map(|steps| steps.join(", "));
    let queue = prop_oneof![
        Just("servers: 2"),
        Just("servers: 1, queue: 2"),
        Just("servers: 2, patience: exp(30ms)"),
    ];
    (service(), database(), external(), steps, second, queue).prop_map(
        |(service, database, external, steps, second, queue)| {
            format!(
                "components:\n  app: {service}\n  db: {database}\n  api: {external}\n  \
                 q: {{ type: station, {queue} }}\n  \
                 lock: {{ type: station, servers: 2 }}\n  \
                 ranked: {{ type: station, servers: 1, discipline: preemptive_priority }}\n  \
                 shared: {{ type: station, servers: 2, discipline: processor_sharing }}\n  \
                 redis: {{ type: cache, max_keys: 20, keys: {{ item: {{ population: 50, \
                 popularity: zipf(0.8), ttl: 2s, fill: single_flight }} }} }}\n\
                 endpoints:\n  one: {{ service: app, priority: 1, steps: [ {steps} ] }}\n  \
                 two: {{ service: app, priority: 2, steps: [ {second} ] }}\n"
            )
        },
    )
}

/// What the client of a request puts up with.
fn patience() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just(", timeout: 120ms"),
        Just(", timeout: 100ms, retry: { attempts: 2, backoff: 20ms }"),
    ]
}

/// Open and closed traffic at once, and sessions beside them.
fn steady() -> impl Strategy<Value = String> {
    let sessions = prop_oneof![
        2 => Just(""),
        1 => Just(
            "  live: { sessions: 6, length: exp(3s), connects_to: app, reconnect: exp(100ms), \
             messages: { talk: { every: exp(400ms), mix: two } } }\n"
        ),
        1 => Just(
            "  live: { session_rate: 2/s, length: exp(2s), connects_to: app, cap: 8, \
             messages: { talk: { every: 500ms, mix: one } } }\n"
        ),
        1 => Just("  chat: { sessions: 5, think_time: exp(500ms), mix: two, length: exp(4s) }\n"),
    ];
    (10..60_u32, patience(), sessions, system()).prop_map(|(rate, patience, sessions, system)| {
        format!(
            "capplan: 1\ntraffic:\n  \
             opened: {{ rate: {rate}/s, mix: {{ one: 60%, two: 40% }}{patience} }}\n  \
             people: {{ clients: 5, think_time: exp(300ms), mix: two{patience} }}\n\
             {sessions}{system}"
        )
    })
}

/// Open traffic that ends after 20 s.
fn ending() -> impl Strategy<Value = String> {
    (20..60_u32, patience(), system()).prop_map(|(rate, patience, system)| {
        format!(
            "capplan: 1\ntraffic:\n  opened: {{ rate: steps(0s={rate}/s 20s=0/s), \
             mix: {{ one: 60%, two: 40% }}{patience} }}\n{system}"
        )
    })
}

/// The results, with the levels of memories (which are filled, not served) left out.
fn simulate(text: &str, warmup_s: f64, measured_s: f64) -> Replication {
    let input = Input::Text { name: "random.yaml".into(), text: text.into() };
    let program = match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile.lower().0,
        Err((files, faults)) => panic!("{}", source::render(&files, &faults, false)),
    };
    let mut world = World::new(&program, 7, 0);
    world.run_until(warmup_s);
    world.reset();
    world.run_until(warmup_s + measured_s);
    let mut results = world.results();
    for (record, station) in results.stations.iter_mut().zip(&program.stations) {
        if let StationKind::Memory(memory) = &station.kind {
            assert!(record.busy.max <= memory.limit && record.busy.at_end >= memory.base - 1e-3);
            record.given_s = record.busy.integral;
        }
    }
    results
}

/// Relative difference, of which only rounding may be left.
fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-6 * a.abs().max(b.abs()).max(1.0)
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let results = simulate(text, 5.0, 40.0);
    prop_assert!(results.balance.holds(), "{:?}", results.balance);
    prop_assert!(results.balance.arrivals > 300, "{:?}", results.balance);
    for (i, class) in results.classes.iter().enumerate() {
        let (residence, inside) = (class.residence_s, class.in_flight.integral);
        prop_assert!(
            !differs(residence, inside),
            "class {i}: residence {residence}, inside {inside}"
        );
    }
    for (i, station) in results.stations.iter().enumerate() {
        let (given, busy) = (station.given_s, station.busy.integral);
        prop_assert!(!differs(given, busy), "station {i}: given {given}, busy {busy}");
        prop_assert!(station.full_s <= results.time_s * (1.0 + 1e-9), "station {i}");
    }
    Ok(())
}

fn for_all(profiles: impl Strategy<Value = String>, check: fn(&str) -> Result<(), TestCaseError>) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config =
        Config { cases: 64, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    TestRunner::new_with_rng(config, rng)
        .run(&profiles, |text| check(&text))
        .expect("it holds for every random profile");
}

#[test]
fn balance_littles_law_and_work_conservation_hold_for_random_profiles() {
    for_all(steady(), check);
}

/// When nobody comes any more, all that was taken has been given back.
#[test]
fn nothing_is_left_behind() {
    for_all(ending(), |text| {
        // Locks and connections may wait for each other until a timeout of 30 s, again and again.
        let results = simulate(text, 0.0, 100_000.0);
        prop_assert!(results.balance.holds(), "{:?}", results.balance);
        prop_assert_eq!(results.balance.inside, 0);
        for (i, station) in results.stations.iter().enumerate() {
            prop_assert_eq!(station.queue.at_end, 0.0, "queue of station {}", i);
            let memory = station.busy.at_start;
            prop_assert!((station.busy.at_end - memory).abs() < 1e-6, "busy of station {i}");
        }
        Ok(())
    });
}

/// Overload is a result, not an error: the identities hold while the queue grows.
#[test]
fn the_identities_hold_in_overload() {
    check(
        "capplan: 1\n\
         traffic: { jobs: { rate: 50/s, mix: visit, timeout: 1s, retry: { attempts: 3 } } }\n\
         components: { app: { type: service, runtime: process, workers: 1, cores: 1 } }\n\
         endpoints: { visit: { steps: [ { cpu: exp(40ms) } ] } }\n",
    )
    .expect("overload keeps the identities");
}
