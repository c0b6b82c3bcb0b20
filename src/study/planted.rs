//! Planted defects: each makes the right self-check fire, and without one none does.

use crate::engine::{Fault, World, plant};
use crate::profile::{Options, Profile};
use crate::source::{self, Input};
use crate::verdict::check;

/// Something of everything that the checks look at.
pub(crate) const EVERYTHING: &str = "\
capplan: 1
users: { active: 100 }
traffic:
  api: { rate: 0.8/s/active, mix: visit, timeout: 500ms }
  live: { session_rate: 5/s, length: exp(10s), connects_to: app, messages: { chat: { every: exp(5s), mix: hello } } }
  held: { sessions: 30, length: exp(8s), connects_to: app, messages: { news: { every: 5s, push: 1kB } } }
components:
  app: { type: service, runtime: thread, threads: 500, cores: 4 }
  db: { type: database, pool: { size: 2, overflow: 1, timeout: 100ms, scope: service } }
  q: { type: station, queue: 3 }
  slow: { type: limiter, rate: 100/s, burst: 2, excess: wait }
  memo: { type: cache, memory: { limit: 1MB }, keys: { things: { population: 1000, size: 10kB, ttl: 20s } } }
endpoints:
  visit:
    service: app
    steps:
      - cpu: exp(2ms)
      - { get: memo, key: things, miss: [ { query: db, time: exp(20ms) } ] }
      - { serve: q, time: exp(10ms) }
      - { delete: memo, key: things, share: 10% }
  hello: { service: app, steps: [ { cpu: 1ms } ] }
";

/// Names of the checks that are violated in the measured time of one world, begun `warm` seconds before.
fn violated(fault: Option<Fault>, warm: f64) -> Vec<&'static str> {
    let input = Input::Text { name: "everything.yaml".into(), text: EVERYTHING.into() };
    let profile = match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile,
        Err((files, faults)) => panic!("{}", source::render(&files, &faults, false)),
    };
    let (program, _) = profile.lower();
    plant(fault);
    let mut world = World::new(&program, 1, 0);
    plant(None);
    if warm > 0.0 {
        world.run_until(warm);
        world.reset();
    }
    world.run_until(warm + 60.0);
    let checks = check(&[world.results()]);
    let found: Vec<_> = checks.iter().map(|check| check.name).collect();
    let all = ["balance", "residence", "waiting", "service", "work", "units", "sessions", "keys"];
    assert_eq!(found, all, "everything is looked at");
    checks.iter().filter(|check| check.violation.is_some()).map(|check| check.name).collect()
}

#[test]
fn a_sound_engine_violates_nothing() {
    for warm in [0.0, 0.7, 30.0] {
        assert!(violated(None, warm).is_empty(), "{warm}: {:?}", violated(None, warm));
    }
}

/// One of a hundred: each is seen by the check that is there for it.
#[test]
fn each_planted_defect_is_seen() {
    for (fault, check) in [
        (Fault::LosesRelease, "units"),
        (Fault::LosesRelease, "service"),
        (Fault::StretchesService, "work"),
        (Fault::CountsTwice, "balance"),
        (Fault::LosesRequest, "balance"),
        (Fault::LosesRequest, "residence"),
        (Fault::ForgetsWait, "waiting"),
        (Fault::ForgetsSession, "sessions"),
        (Fault::ForgetsDelete, "keys"),
    ] {
        for warm in [0.0, 20.0] {
            let fired = violated(Some(fault), warm);
            assert!(fired.contains(&check), "{fault:?} after {warm} s: {fired:?}");
        }
    }
}

/// What only counts wrongly disturbs no other account.
#[test]
fn a_defect_of_counting_is_seen_by_its_check_alone() {
    for (fault, check) in [
        (Fault::CountsTwice, "balance"),
        (Fault::ForgetsWait, "waiting"),
        (Fault::ForgetsSession, "sessions"),
        (Fault::ForgetsDelete, "keys"),
    ] {
        assert_eq!(violated(Some(fault), 20.0), [check], "{fault:?}");
    }
}
