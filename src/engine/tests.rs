//! The kernel alone, with programs written by hand.

use super::World;
use crate::dist::Distribution;
use crate::program::{
    Boundary, Builder, Class, ClassId, ComponentId, Curve, Fork, Op, Processor, Program, Scope,
    Slot, Source, SourceKind, Station, StationId, StationKind, Target, Tokens,
};

fn one_station(kind: StationKind, rate: f64, service: Distribution) -> Program {
    let mut builder = Builder::new();
    let station = builder.station(Station { kind, owner: ComponentId(0), instance: None });
    let scope = Scope::root("jobs");
    let entry = builder.op(&scope, Op::Class(ClassId(0)));
    let time = builder.draw(service, scope.step("serve").path, 1.0);
    let at = Target::fixed(station);
    match builder.program().stations[0].kind {
        StationKind::Processor(_) => {
            builder.op(&scope, Op::Process { at, work: time, group: None })
        }
        _ => builder.op(&scope, Op::Serve { at, time }),
    };
    builder.op(&scope, Op::Done);
    builder.source(Source {
        kind: SourceKind::Open { curve: Curve::Constant(rate), gaps: None, batch: None, entry },
        site: 77,
    });
    let program = builder.program();
    program.classes.push(Class { traffic: 0, endpoint: 0, priority: 0 });
    program.components = 1;
    program.kinds = 17;
    builder.finish()
}

/// Mean response over 20 replications with its standard error.
fn mean_response(program: &Program, warmup_s: f64, length_s: f64) -> (f64, f64) {
    let means: Vec<f64> = (0..20)
        .map(|replication| {
            let mut world = World::new(program, 1, replication);
            world.run_until(warmup_s);
            world.reset();
            world.run_until(warmup_s + length_s);
            let results = world.results();
            assert!(results.balance.holds(), "{:?}", results.balance);
            let class = &results.classes[0];
            let residence = class.residence_s;
            assert!((class.in_flight.integral - residence).abs() < 1e-6 * residence);
            let station = &results.stations[0];
            let differs = (station.given_s - station.busy.integral).abs();
            assert!(
                differs < 1e-9 * station.given_s,
                "{} {}",
                station.given_s,
                station.busy.integral
            );
            class.ok.mean().expect("requests ended")
        })
        .collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

#[test]
fn one_server_agrees_with_mm1() {
    let exp = Distribution::Exponential { mean: 1.0 };
    let program = one_station(StationKind::Tokens(Tokens::fifo(1)), 0.8, exp);
    let (mean, se) = mean_response(&program, 500.0, 20_000.0);
    assert!((mean - 5.0).abs() < 4.0 * se && se < 0.15, "{mean} ± {se}");
}

#[test]
fn eight_servers_agree_with_mmc() {
    let exp = Distribution::Exponential { mean: 1.0 };
    let program = one_station(StationKind::Tokens(Tokens::fifo(8)), 7.2, exp);
    let (mean, se) = mean_response(&program, 500.0, 5_000.0);
    // Erlang C with a = 7.2, c = 8: W = C / (c·μ − λ).
    let b = (1..=8).fold(1.0, |b, k| 7.2 * b / (f64::from(k) + 7.2 * b));
    let wait = b / (1.0 - 0.9 * (1.0 - b)) / 0.8;
    assert!((mean - 1.0 - wait).abs() < 4.0 * se && se < 0.1, "{mean} ± {se}, {wait}");
}

#[test]
fn a_shared_processor_is_insensitive() {
    let processor =
        crate::program::Processor { cores: 1.0, job_cap: 1.0, group_cap: f64::INFINITY, groups: 1 };
    let service = Distribution::hyperexponential(1.0, 2.0);
    let program = one_station(StationKind::Processor(processor), 0.7, service);
    let (mean, se) = mean_response(&program, 500.0, 20_000.0);
    assert!((mean - 1.0 / 0.3).abs() < 4.0 * se && se < 0.1, "{mean} ± {se}");
}

#[test]
fn a_snapshot_is_a_function_of_its_key() {
    let exp = Distribution::Exponential { mean: 1.0 };
    let program = one_station(StationKind::Tokens(Tokens::fifo(2)), 1.5, exp);
    let run = |seed| {
        let mut world = World::new(&program, seed, 3);
        world.run_until(1_000.0);
        format!("{:?}", world.results())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
    let _ = StationId(0);
}

/// A request goes to one of two processors at random and tries twice there at once; the first
/// answer wins and the other is cancelled, inside a boundary (it runs at the other side of a call).
fn hedged(cancel_losers: bool, rate: f64, cores: f64) -> Program {
    let mut builder = Builder::new();
    let kind = StationKind::Processor(Processor {
        cores,
        job_cap: 1.0,
        group_cap: f64::INFINITY,
        groups: 1,
    });
    let station = Station { kind, owner: ComponentId(0), instance: None };
    let stations = [builder.station(station.clone()), builder.station(station)];
    let mut scope = Scope::root("jobs");
    let entry = builder.op(&scope, Op::Class(ClassId(0)));
    let needed = scope.locals(1);
    let (sides, end) = ([builder.label(), builder.label()], builder.label());
    let arms = vec![(0.5, sides[0]), (1.0, sides[1])];
    let switch = builder.switch(3, arms);
    builder.op(&scope, Op::Switch(switch));
    for (side, station) in sides.into_iter().zip(stations) {
        builder.place(side);
        let branches = [builder.label(), builder.label()];
        let fork = Fork {
            branches: branches.iter().map(|label| label.pc()).collect(),
            join: 1,
            cancel_losers,
            needed,
            after: end.pc(),
            site: 5,
        };
        let fork = builder.fork(fork);
        builder.op(&scope, Op::Fork(fork));
        for branch in branches {
            builder.place(branch);
            let boundary = Boundary {
                parent: None,
                frame: None,
                slot_base: Slot(scope.next),
                owner: None,
                session: None,
            };
            let inside = Scope { boundary: Some(builder.boundary(boundary)), ..scope };
            let exp = Distribution::Exponential { mean: 1.0 };
            let work = builder.draw(exp, scope.step("work").path, 1.0);
            builder.op(&inside, Op::Process { at: Target::fixed(station), work, group: None });
            builder.op(&scope, Op::Join);
        }
    }
    builder.place(end);
    builder.op(&scope, Op::Done);
    builder.source(Source {
        kind: SourceKind::Open { curve: Curve::Constant(rate), gaps: None, batch: None, entry },
        site: 77,
    });
    let program = builder.program();
    program.classes.push(Class { traffic: 0, endpoint: 0, priority: 0 });
    program.components = 1;
    program.kinds = 17;
    builder.finish()
}

/// With cores for all, the first of two exponential answers takes half the time; the cancelled one
/// has worked as long, and one that finishes unobserved works its mean on its own.
#[test]
fn a_cancelled_branch_stops_working() {
    for (cancel, busy) in [(true, 5.0), (false, 10.0)] {
        let program = hedged(cancel, 5.0, f64::INFINITY);
        let mut world = World::new(&program, 1, 0);
        world.run_until(20.0);
        world.reset();
        world.run_until(10_020.0);
        let results = world.results();
        let mean = results.classes[0].ok.mean().expect("requests ended");
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let measured = results.stations.iter().map(|s| s.busy.integral).sum::<f64>() / 10_000.0;
        assert!((measured - busy).abs() < 0.03 * busy, "{measured}");
    }
}

/// Task records are used again, and each processor numbers its own jobs: the key of a cancelled job
/// must not be taken for one of the same number elsewhere.
#[test]
fn cancelled_jobs_leave_no_trace_on_a_processor() {
    let program = hedged(true, 1.6, 1.0);
    let mut world = World::new(&program, 1, 0);
    world.run_until(100.0);
    world.reset();
    world.run_until(50_000.0);
    let results = world.results();
    assert!(results.balance.holds(), "{:?}", results.balance);
    for station in &results.stations {
        let (given, busy) = (station.given_s, station.busy.integral);
        assert!((given - busy).abs() < 1e-9 * busy, "{given} {busy}");
        assert!(station.busy.max <= 1.0);
    }
}
