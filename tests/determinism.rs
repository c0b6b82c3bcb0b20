//! Same profile, same seed, same version: the same results, on any number of threads.

use capplan::engine::World;
use capplan::profile::{Options, Profile};
use capplan::program::Program;
use capplan::source::{self, Input};
use capplan::study::{self, RunOptions};

const PROFILE: &str = "\
capplan: 1
traffic:
  api: { rate: 80/s, mix: { read: 70%, save: 30% }, timeout: 400ms, retry: { attempts: 2, backoff: exp(50ms) } }
  people: { clients: 10, think_time: exp(500ms), mix: read }
components:
  app: { type: service, runtime: event_loop, workers: 2, cores: 2, instances: 2, balancer: { policy: two_choices } }
  db: { type: database, cores: 2, cpu_share: 50%, pool: { size: 3, overflow: 2, timeout: 100ms, hold: request } }
  redis: { type: cache, max_keys: 100, keys: { item: { population: 500, popularity: zipf(0.9), ttl: 3s } } }
  mail: { type: external, latency: lognormal(mean=50ms cv=1), errors: 2%, rate_limit: 30/s }
endpoints:
  read: { service: app, steps: [ { cpu: exp(4ms) }, { get: redis, key: item, miss: [ { query: db, time: exp(20ms) } ] }, { cpu: exp(2ms) } ] }
  save: { service: app, steps: [ { cpu: exp(4ms) }, { parallel: [ [ { write: db, time: exp(20ms) } ], [ { call: mail } ] ] } ] }
";

fn program() -> Program {
    let input = Input::Text { name: "determinism.yaml".into(), text: PROFILE.into() };
    match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile.lower().0,
        Err((files, faults)) => panic!("{}", source::render(&files, &faults, false)),
    }
}

fn replicate(program: &Program, seed: u64, replication: u64) -> String {
    let mut world = World::new(program, seed, replication);
    world.run_until(5.0);
    world.reset();
    world.run_until(35.0);
    format!("{:?}", world.results())
}

#[test]
fn the_same_seed_gives_the_same_replication() {
    let program = program();
    assert_eq!(replicate(&program, 42, 3), replicate(&program, 42, 3));
    // Also from a program that was compiled again.
    assert_eq!(replicate(&program, 42, 3), replicate(&self::program(), 42, 3));
}

#[test]
fn another_seed_or_replication_gives_another() {
    let program = program();
    let first = replicate(&program, 42, 0);
    assert_ne!(first, replicate(&program, 42, 1));
    assert_ne!(first, replicate(&program, 43, 0));
}

/// Looking in between must not change what happens.
#[test]
fn the_steps_in_which_time_advances_do_not_matter() {
    let program = program();
    let mut world = World::new(&program, 42, 0);
    for step in 1..=5 {
        world.run_until(f64::from(step));
        let _ = world.results();
    }
    world.reset();
    for step in 6..=35 {
        world.run_until(f64::from(step));
    }
    assert_eq!(format!("{:?}", world.results()), replicate(&program, 42, 0));
}

/// Replications run in parallel and are merged in order of their number.
#[test]
fn the_number_of_threads_changes_nothing() {
    let program = program();
    let options = RunOptions {
        seed: 42,
        replications: Some(6),
        max_requests: 60_000,
        ..RunOptions::default()
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| format!("{:?}", study::run(&program, &options, &())))
    };
    let alone = with(1);
    assert!(alone == with(2), "two threads differ from one");
    assert!(alone == with(8), "eight threads differ from one");
}
