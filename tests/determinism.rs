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

/// Instances that come and go by the load, checks, a door, workers that restart, sessions.
const SCALED: &str = "\
capplan: 1
traffic:
  api: { rate: mmpp(20s=5/s 20s=60/s), mix: visit }
  live: { sessions: 40, connects_to: app, reconnect: uniform(1s..2s), messages: { tick: { every: 2s, mix: visit } } }
components:
  app:
    type: service
    boot: exp(3s)
    recycle: uniform(200..300)
    drain: 2s
    balancer: { policy: two_choices, health_check: { every: 2s, timeout: 1s } }
    admission: { full: app.backlog.queue.length > 50 }
    autoscale:
      { max: 4, interval: 2s, cooldown: 4s, up: { busy: app.cpu.utilization > 60% }, down: { idle: app.cpu.utilization < 30% for 6s } }
endpoints: { visit: { steps: [ { cpu: exp(15ms) } ] } }
";

fn program() -> Program {
    compile(PROFILE)
}

fn compile(text: &str) -> Program {
    let input = Input::Text { name: "determinism.yaml".into(), text: text.into() };
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
    let (program, scaled) = (program(), compile(SCALED));
    let options = RunOptions {
        seed: 42,
        replications: Some(6),
        max_requests: 60_000,
        ..RunOptions::default()
    };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| [&program, &scaled].map(|p| format!("{:?}", study::run(p, &options, &()))))
    };
    let alone = with(1);
    assert!(alone == with(2), "two threads differ from one");
    assert!(alone == with(8), "eight threads differ from one");
}

/// When the statistics are reset changes nothing of what controllers do.
#[test]
fn measuring_does_not_touch_the_controllers() {
    let program = compile(SCALED);
    let course = |resets: &[f64]| {
        let mut world = World::new(&program, 42, 0);
        for at_s in resets {
            world.run_until(*at_s);
            world.reset();
        }
        world.run_until(300.0);
        let results = world.results();
        assert!(results.balance.holds());
        let (groups, classes) = (&results.groups[0], &results.classes);
        let inside: Vec<f64> = classes.iter().map(|class| class.in_flight.at_end).collect();
        (groups.provisioned.at_end, inside, world.requests(), groups.ups)
    };
    let (end, inside, requests, ups) = course(&[]);
    assert!(ups > 3, "the load changes enough: {ups}");
    for resets in [&[101.0][..], &[33.3, 34.9, 150.1]] {
        let (e, i, r, _) = course(resets);
        assert_eq!((e, i, r), (end, inside.clone(), requests));
    }
}
