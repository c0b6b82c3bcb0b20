//! Runs of real worlds whose answers are known from theory.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::*;
use crate::dist::Distribution;
use crate::program::{
    Builder, Class, ClassId, ComponentId, Counter, Curve, Gauge, Measure, Op, Piece, Program,
    Quantity, Scope, Source, SourceKind, Station, StationId, StationKind, Target as At, Tokens,
};
use crate::stats::Statistic;
use crate::verdict::{Estimate, estimate};

/// Exponential service of mean 1 s at one station.
pub(super) fn queue(tokens: Tokens, curve: Curve) -> Program {
    let mut builder = Builder::new();
    let kind = StationKind::Tokens(tokens);
    let station = builder.station(Station { kind, owner: ComponentId(0), instance: None });
    let scope = Scope::root("jobs");
    let entry = builder.op(&scope, Op::Class(ClassId(0)));
    let service = Distribution::Exponential { mean: 1.0 };
    let time = builder.draw(service, scope.step("serve").path, 1.0);
    builder.op(&scope, Op::Serve { at: At::fixed(station), time });
    builder.op(&scope, Op::Done);
    builder.program().transient = curve.is_transient();
    let kind = SourceKind::Open { curve, gaps: None, batch: None, entry };
    builder.source(Source { kind, site: 77 });
    let program = builder.program();
    program.classes.push(Class { traffic: 0, endpoint: 0, priority: 0 });
    program.components = 1;
    program.kinds = 17;
    builder.finish()
}

pub(super) fn mm1(rho: f64) -> Program {
    queue(Tokens::fifo(1), Curve::Constant(rho))
}

pub(super) fn latency() -> Measure {
    Measure::Latency { classes: vec![ClassId(0)], all: false }
}

pub(super) fn p95(bound: Option<f64>) -> Target {
    let statistic = Some(Statistic::Quantile(0.95));
    Target { measure: latency(), statistic, during: None, quantity: Quantity::Duration, bound }
}

fn options(seed: u64, max_requests: u64) -> RunOptions {
    RunOptions { seed, max_requests, ..RunOptions::default() }
}

fn value(run: &Run, measure: &Measure, statistic: Statistic) -> Estimate {
    estimate(measure, Some(statistic), Quantity::Duration, &run.replications, run.confidence)
}

/// Response times of M/M/1 are exponential of mean 1/(1−ρ).
#[test]
fn intervals_cover_mm1() {
    let (mut all, mut missed) = (0, 0);
    for seed in 0..10 {
        for rho in [0.8, 0.9] {
            let run = run(&mm1(rho), &options(seed, 400_000), &());
            assert_eq!(run.steady, Steady::Yes);
            assert!(run.replications.iter().all(|r| r.balance.holds()));
            let mean = 1.0 / (1.0 - rho);
            let inside = Measure::Level { of: vec![Gauge::InSystem(StationId(0))], per: vec![] };
            let busy = Measure::Level {
                of: vec![Gauge::Busy(StationId(0))],
                per: vec![Gauge::Size(StationId(0))],
            };
            let throughput = Measure::Rate(vec![Counter::Ok(ClassId(0))]);
            for (measure, statistic, exact) in [
                (&latency(), Statistic::Mean, mean),
                (&latency(), Statistic::Sd, mean),
                (&latency(), Statistic::Quantile(0.5), mean * 2_f64.ln()),
                (&latency(), Statistic::Quantile(0.95), mean * 20_f64.ln()),
                (&inside, Statistic::Mean, rho * mean),
                (&busy, Statistic::Mean, rho),
                (&throughput, Statistic::Mean, rho),
            ] {
                let e = value(&run, measure, statistic);
                assert!(e.has_interval(), "{rho} {measure:?} {statistic:?} {e:?}");
                all += 1;
                missed += u32::from(e.low > exact || e.high < exact);
            }
        }
    }
    // The estimates of a run are dependent: as many as 20 independent ones, of which 5 % miss, and four
    // standard errors.
    assert!(f64::from(missed) <= (0.05 + 0.2) * f64::from(all), "{missed} of {all}");
}

#[test]
fn an_easy_question_ends_early_and_a_hard_one_uses_the_budget() {
    let decide = |bound| {
        let options =
            RunOptions { targets: vec![p95(Some(bound))], precision: 0.2, ..options(42, 400_000) };
        run(&mm1(0.8), &options, &())
    };
    // The exact p95 is 14.98 s.
    let (easy, hard) = (decide(40.0), decide(15.0));
    assert_eq!((easy.stop, easy.rounds), (Stop::Decided, 1));
    assert_eq!((hard.stop, hard.rounds), (Stop::Budget, 4));
    assert!(easy.requests < 100_000 && hard.requests > 350_000 && hard.requests < 450_000);
    assert_eq!(easy.confidence, hard.confidence);
}

#[test]
fn an_overloaded_queue_is_named_with_its_growth() {
    for rho in [1.05, 1.5] {
        let run = run(&mm1(rho), &options(1, 200_000), &());
        assert_eq!(run.stop, Stop::Backlog);
        assert!(matches!(run.steady, Steady::No { .. }));
        let overload = run.overloads.first().expect("the queue is named");
        assert_eq!((overload.stations[0], overload.grows), (StationId(0), true));
        let growth = overload.growth_per_s;
        assert!(growth.low < rho - 1.0 && rho - 1.0 < growth.high, "{growth:?}");
    }
}

/// At ρ = 0.99 the queue forgets its start in some 10⁵ services; a replication has less than that.
#[test]
fn a_system_too_slow_for_the_budget_is_not_called_steady() {
    for seed in 0..5 {
        let asked = RunOptions { targets: vec![p95(Some(5.0))], ..options(seed, 300_000) };
        let run = run(&mm1(0.99), &asked, &());
        assert!(run.steady != Steady::Yes, "{seed}: {:?}", run.steady);
        assert_eq!((run.stop, run.rounds), (Stop::Budget, 4));
    }
}

/// M/M/2/2 at offered load 4: Erlang B, 8/13 of the requests are lost.
#[test]
fn a_queue_that_loses_is_steady() {
    let tokens = Tokens { places: 0, ..Tokens::fifo(2) };
    let run = run(&queue(tokens, Curve::Constant(4.0)), &options(1, 200_000), &());
    assert_eq!(run.steady, Steady::Yes);
    let refused = Measure::Share(
        vec![Counter::StationRefused(StationId(0))],
        vec![Counter::StationArrivals(StationId(0))],
    );
    let lost = value(&run, &refused, Statistic::Mean);
    assert!(lost.low < 8.0 / 13.0 && 8.0 / 13.0 < lost.high, "{lost:?}");
    let refused = Tokens { places: 3, ..Tokens::fifo(2) };
    let run = super::run(&queue(refused, Curve::Constant(40.0)), &options(1, 100_000), &());
    assert!(run.overloads.iter().any(|o| !o.grows && o.lost_per_s > 37.0), "{:?}", run.overloads);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let program = mm1(0.9);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let options = RunOptions { targets: vec![p95(Some(30.0))], ..options(3, 100_000) };
        pool.install(|| format!("{:?}", run(&program, &options, &())))
    };
    assert_eq!(with(1), with(3));
}

/// Interrupts at the n-th look.
struct Impatient(AtomicU32);

impl Watch for Impatient {
    fn interrupted(&self) -> bool {
        self.0.fetch_sub(1, Ordering::Relaxed) <= 1
    }
}

#[test]
fn an_interrupted_run_is_partial_and_keeps_what_it_has() {
    for looks in [1, 3, 6] {
        let watch = Impatient(AtomicU32::new(looks));
        let run = run(&mm1(0.8), &options(1, 400_000), &watch);
        assert!(run.partial && run.stop == Stop::Interrupted);
        assert_eq!(run.replications.len(), 16);
        assert!(run.replications.iter().all(|r| r.time_s > 0.0));
    }
}

/// Looks on, and stops after so many looks.
struct Onlooker {
    looks: AtomicU32,
    last: AtomicU64,
    most: AtomicU64,
}

impl Watch for Onlooker {
    fn advanced(&self, progress: Progress) {
        let last = self.last.swap(progress.requests, Ordering::Relaxed);
        self.most.fetch_max(progress.requests - last, Ordering::Relaxed);
    }
    fn interrupted(&self) -> bool {
        self.looks.fetch_sub(1, Ordering::Relaxed) <= 1
    }
}

/// A tenth of a second or so of work lies between two looks: 16 worlds of 4000 requests each.
#[test]
fn an_interruption_is_noticed_soon_whatever_the_budget() {
    for budget in [2_000_000, 2_000_000_000] {
        let watch = Onlooker {
            looks: AtomicU32::new(12),
            last: AtomicU64::new(0),
            most: AtomicU64::new(0),
        };
        let run = run(&mm1(0.8), &options(1, budget), &watch);
        assert!(run.partial && run.stop == Stop::Interrupted);
        let most = watch.most.into_inner();
        assert!(most < 80_000, "{budget}: {most} requests between two looks");
    }
}

#[test]
fn what_is_asked_for_is_what_is_run() {
    let asked = RunOptions {
        warmup_s: Some(100.0),
        duration_s: Some(900.0),
        replications: Some(5),
        ..options(1, 10)
    };
    let run = run(&mm1(0.5), &asked, &());
    assert_eq!((run.replications.len(), run.rounds), (5, 1));
    assert_eq!((run.warmup_s, run.horizon_s), (100.0, 900.0));
    assert_eq!(run.confidence, 0.95);
}

/// A load of 0.5/s that stands at 2/s from 100 s to 200 s: a backlog of about 100 tasks then.
#[test]
fn a_changing_load_is_run_whole_and_from_the_start() {
    let pieces = [(0.0, 0.5), (100.0, 2.0), (200.0, 0.5)];
    let pieces = pieces.map(|(start_s, rate)| Piece { start_s, rate, slope: 0.0 }).to_vec();
    let program = queue(Tokens::fifo(1), Curve::Pieces(pieces));
    let run = run(&program, &options(1, 40_000), &());
    assert_eq!((run.warmup_s, run.horizon_s), (0.0, 300.0));
    assert_eq!(run.steady, Steady::Transient);
    assert!(run.replications.len() > 60, "{}", run.replications.len());
    let arrived = Measure::Count(vec![Counter::Arrivals(ClassId(0))]);
    let arrived = value(&run, &arrived, Statistic::Mean);
    assert!(arrived.low < 300.0 && 300.0 < arrived.high, "{arrived:?}");
    let few = RunOptions { replications: Some(4), ..options(1, 40_000) };
    assert_eq!(super::run(&program, &few, &()).replications.len(), 4);
}

/// Closed: 20 clients, no thought, one server of 1000/s: throughput is the server's rate.
#[test]
fn clients_that_wait_need_no_known_rate() {
    let mut program = mm1(1.0);
    program.dists[0] = Distribution::Exponential { mean: 1e-3 };
    program.sources[0].kind = SourceKind::Closed { clients: 20, think: None, entry: 0 };
    let run = run(&program, &options(1, 100_000), &());
    assert_eq!((run.steady.clone(), run.overloads.len()), (Steady::Yes, 0));
    assert!(run.requests > 80_000 && run.requests < 130_000, "{}", run.requests);
    let throughput = Measure::Rate(vec![Counter::Ok(ClassId(0))]);
    let x = value(&run, &throughput, Statistic::Mean);
    assert!(x.low < 1e3 && 1e3 < x.high, "{x:?}");
}

/// 300 clients that think for 1 s and wait for one server of 1/s: all are inside at once, and the
/// answer takes N/μ − Z = 299 s. Half of the first thousand answers come sooner.
#[test]
fn a_closed_system_is_warm_when_its_answers_are() {
    let mut program = mm1(1.0);
    program.dists.push(Distribution::Exponential { mean: 1.0 });
    let think = Some(crate::program::DistId(1));
    program.sources[0].kind = SourceKind::Closed { clients: 300, think, entry: 0 };
    let run = run(&program, &options(1, 300_000), &());
    assert_eq!(run.steady, Steady::Yes);
    assert!(run.requests > 200_000, "{}", run.requests);
    let mean = value(&run, &latency(), Statistic::Mean);
    assert!(mean.low < 299.0 && 299.0 < mean.high, "{mean:?}");
}

#[test]
fn a_program_without_sources_ends_with_nothing() {
    let mut program = mm1(0.5);
    program.sources.clear();
    let run = run(&program, &options(1, 1000), &());
    assert_eq!(run.requests, 0);
    assert_eq!(value(&run, &latency(), Statistic::Mean).value, None);
}
