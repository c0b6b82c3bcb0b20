//! What is said of conditions over results written by hand.

use super::*;
use crate::expr::{Compiled, Names, Purpose, parse, track};
use crate::program::{
    Catalogue, ClassId, ComponentId, ComponentNames, Counter, DrawId, Gauge, Measure, Memory,
    Metric, Op, Program, Quantity, ResourceView, Station, StationId, StationKind, Target, Tokens,
};
use crate::results::{ClassRecord, Level, Moment, Part, Replication, StationRecord};
use crate::stats::Tally;

const API: ClassId = ClassId(0);
const OTHER: ClassId = ClassId(1);
const POOL: StationId = StationId(0);

fn catalogue() -> Catalogue {
    let metric = |name: &str, measure: Measure, quantity: Quantity| Metric {
        name: name.to_owned(),
        measure,
        quantity,
    };
    let latency = |class| Measure::Latency { classes: vec![class], all: false };
    let (ok, failed) = (vec![Counter::Ok(API)], vec![Counter::Failed(API)]);
    let arrivals = vec![Counter::Arrivals(API)];
    let level = |gauge| Measure::Level { of: vec![gauge], per: vec![] };
    let wait = Measure::Wait { stations: vec![POOL], all: false };
    Catalogue {
        metrics: vec![
            metric("api.latency", latency(API), Quantity::Duration),
            metric("other.latency", latency(OTHER), Quantity::Duration),
            metric("api.availability", Measure::Share(ok, arrivals.clone()), Quantity::Ratio),
            metric(
                "api.error_rate",
                Measure::Share(failed.clone(), arrivals.clone()),
                Quantity::Ratio,
            ),
            metric("api.failed.count", Measure::Count(failed), Quantity::Count),
            metric("api.offered", Measure::Rate(arrivals), Quantity::Rate),
            metric("db.pool.wait", wait, Quantity::Duration),
            metric("db.pool.queue.length", level(Gauge::Queue(POOL)), Quantity::Count),
            metric("db.pool.busy", level(Gauge::Busy(POOL)), Quantity::Count),
        ],
        resources: vec![ResourceView {
            name: "db.pool".to_owned(),
            component: ComponentId(0),
            stations: vec![POOL],
            sized_by: None,
            unit: "connection",
        }],
        components: vec![ComponentNames { name: "db".to_owned(), kind: "database" }],
        traffic: vec!["api".to_owned(), "other".to_owned()],
        ..Catalogue::default()
    }
}

/// The API waits for the pool, the other class passes by.
fn program() -> Program {
    let serve = Op::Serve { at: Target::fixed(POOL), time: DrawId(0) };
    Program {
        ops: vec![Op::Class(API), serve, Op::Done, Op::Class(OTHER), Op::Done],
        stations: vec![Station {
            kind: StationKind::Tokens(Tokens::fifo(1)),
            owner: ComponentId(0),
            instance: None,
        }],
        window_ns: 10_000_000_000,
        ..Program::default()
    }
}

/// 1000 requests of each class in 100 s, latencies from 1 ms to 1 s; `piled` of the API's stay inside.
fn replication(failed: u64, piled: f64) -> Replication {
    let mut ok = Tally::default();
    (1..=1000 - failed).for_each(|i| ok.record(i as f64 * 1e-3));
    let mut failures = Tally::default();
    (0..failed).for_each(|_| failures.record(0.01));
    let in_flight = Level { at_end: piled, ..Level::default() };
    let api = ClassRecord {
        arrivals: 1000,
        ok: ok.clone(),
        failed: failures,
        in_flight,
        ..ClassRecord::default()
    };
    let other = ClassRecord { arrivals: 1000, ok: ok.clone(), ..ClassRecord::default() };
    let level = |mean: f64, max: f64| Level { integral: 100.0 * mean, max, ..Level::default() };
    let station = StationRecord {
        arrivals: 1000,
        wait: ok,
        busy: level(0.5, 1.0),
        queue: level(2.0, 9.0),
        ..StationRecord::default()
    };
    Replication {
        time_s: 100.0,
        classes: vec![api, other],
        stations: vec![station],
        ..Replication::default()
    }
}

/// A case before the judge: what it knows can be changed before the question is asked.
struct Court {
    program: Program,
    replications: Vec<Replication>,
    growing: Vec<Growth>,
    bias: f64,
    /// Per replication, the windows of every tracked measure.
    windows: Vec<Vec<Option<f64>>>,
}

impl Court {
    fn new() -> Self {
        let replications = vec![replication(0, 0.0); 4];
        let (growing, windows) = (Vec::new(), Vec::new());
        Self { program: program(), replications, growing, bias: 0.0, windows }
    }

    fn overloaded() -> Self {
        let growth = Growth {
            stations: vec![POOL],
            per_s: 4.0,
            offered_per_s: 1600.0,
            served_per_s: 25.0 / 3.0,
        };
        Self { replications: vec![replication(0, 400.0); 4], growing: vec![growth], ..Self::new() }
    }

    fn ask(&self, text: &str, sense: Sense) -> Ruling {
        let catalogue = catalogue();
        let expression = parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let condition = Compiled::new(&expression, &Names::of(&catalogue), Purpose::Claim)
            .unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let mut program = self.program.clone();
        track(&mut program, [&condition]);
        let mut replications = self.replications.clone();
        for (replication, windows) in replications.iter_mut().zip(&self.windows) {
            replication.windows = vec![windows.clone(); program.tracked.len()];
        }
        let costs = Costs {
            lines: vec![],
            provisioned: Money::exact(100.into()),
            usage: Money::ZERO,
            other: Money::ZERO,
            total: Money::exact(100.into()),
            api: Money::ZERO,
            infrastructure: Money::exact(100.into()),
            per_active_user: None,
            per_session: None,
            per: None,
            per_user: None,
            per_request: None,
            per_1000_requests: None,
            budget: Some(90.into()),
            load_share: 1.0,
            unpriced: vec![],
        };
        let evidence = Evidence {
            program: &program,
            catalogue: &catalogue,
            replications: &replications,
            confidence: 0.95,
            growing: &self.growing,
            bias: self.bias,
            requests: 8000,
            costs: &costs,
            by_points: false,
        };
        judge(&condition, sense, &evidence)
    }

    fn said(&self, text: &str) -> (Verdict, String) {
        let ruling = self.ask(text, Sense::Objective);
        (ruling.verdict, ruling.reason.unwrap_or_default())
    }
}

fn holds(reason: &str) -> (Verdict, String) {
    (Verdict::Holds, reason.to_owned())
}

fn fails(reason: &str) -> (Verdict, String) {
    (Verdict::Fails, reason.to_owned())
}

fn undecided(reason: &str) -> (Verdict, String) {
    (Verdict::Undecided, reason.to_owned())
}

#[test]
fn an_interval_on_one_side_decides() {
    let court = Court::new();
    assert_eq!(court.said("api.latency.mean < 800ms"), holds(""));
    assert_eq!(court.said("api.latency.mean < 300ms"), fails(""));
    assert_eq!(court.said("api.latency.p95 within 900ms..1s"), holds(""));
    assert_eq!(court.said("db.pool.busy < 1 and api.offered > 9/s"), holds(""));
    assert_eq!(court.said("db.pool.busy > 1 or api.offered > 9/s"), holds(""));
    assert_eq!(court.said("db.pool.busy > 1 and api.offered > 9/s"), fails(""));
    assert_eq!(court.said("db.pool.queue.length > db.pool.busy"), holds(""));
    assert_eq!(court.said("db.pool.queue.length < 3x * db.pool.busy"), fails(""));
    assert_eq!(court.said("cost.total <= cost.budget"), fails(""));
    assert_eq!(court.said("cost.total < 120% * cost.budget"), holds(""));
}

#[test]
fn the_comparison_that_decides_is_shown() {
    let ruling = Court::new()
        .ask("db.pool.busy < 1 and api.latency.mean < 300ms and api.offered > 1/s", Sense::Claim);
    let finding = ruling.deciding().expect("it is judged");
    assert_eq!(finding.metric, "api.latency.mean");
    assert_eq!((finding.limit, ruling.findings.len()), (Some(0.3), 3));
}

#[test]
fn an_interval_astride_is_undecided_and_says_how_long_a_run_decides() {
    let mut court = Court::new();
    for (i, replication) in court.replications.iter_mut().enumerate() {
        replication.stations[0].busy.integral = 40.0 + 10.0 * i as f64;
    }
    let ruling = court.ask("db.pool.busy < 0.6", Sense::Objective);
    assert_eq!(ruling.verdict, Verdict::Undecided);
    let remedy = ruling.remedy().expect("a longer run decides");
    assert!(remedy.starts_with("--max-requests "), "{remedy}");
    let never = court.ask("db.pool.busy < 0.55", Sense::Objective);
    assert_eq!(never.remedy(), Some("too close to its limit for any affordable run"));
}

#[test]
fn what_grows_without_bound_passes_every_limit() {
    let court = Court::overloaded();
    let why = "grows without bound: db.pool is offered 1600/s, serves 8.33/s";
    assert_eq!(court.said("api.latency.p95 < 1h"), fails(why));
    assert_eq!(court.said("db.pool.wait.mean < 1h"), fails(why));
    assert_eq!(court.said("db.pool.queue.length > 1_000_000"), holds(why));
    assert_eq!(court.said("api.latency.p95 within 1ms..1h"), fails(why));
    let mut early = Court::overloaded();
    early.windows = vec![windows("0000"); 4];
    assert_eq!(early.said("api.latency.p95 < 1h for 10s"), fails(why));
    let ruling = court.ask("api.latency.p95 < 1h", Sense::Objective);
    let value = ruling.deciding().expect("it is judged").value;
    assert_eq!((value.value, value.note), (None, Some(NO_STEADY_STATE)));
    // The other class does not wait there; the busy share of the units is a fact.
    assert_eq!(court.said("other.latency.mean < 800ms"), holds(""));
    assert_eq!(court.said("db.pool.busy < 1"), holds(""));
}

#[test]
fn a_quantile_is_out_of_reach_of_rare_visits() {
    let mut court = Court::overloaded();
    for replication in &mut court.replications {
        replication.stations[0].arrivals = 8; // of 1000 requests: 0.8 %
    }
    assert_eq!(court.said("api.latency.p95 < 2s"), holds(""));
    assert_eq!(court.said("api.latency.p999 < 2s").0, Verdict::Fails);
    assert_eq!(court.said("api.latency.mean < 2s").0, Verdict::Fails);
}

#[test]
fn requests_that_never_end_do_not_count_as_good() {
    let mut court = Court::overloaded();
    court.program.ops.push(Op::Fail { kind: crate::program::Kind::Unavailable.id(), owner: None });
    let why = "overloaded: no steady state; db.pool is offered 1600/s, serves 8.33/s: what never ends cannot fail";
    assert_eq!(court.said("api.error_rate < 1%"), undecided(why));
}

#[test]
fn what_nothing_can_disturb_is_undecided() {
    let mut court = Court::new();
    let can_fail = "not exercised: nothing in this profile can fail so";
    assert_eq!(court.said("api.error_rate < 1%"), undecided(can_fail));
    assert_eq!(court.said("api.failed.count = 0"), undecided(can_fail));
    let goes_down = "not exercised: nothing in this profile goes down";
    assert_eq!(court.said("api.availability >= 99%"), undecided(goes_down));
    // An alert that nothing can raise is quiet.
    assert_eq!(court.ask("api.error_rate > 1%", Sense::Alert).verdict, Verdict::Fails);
    // A queue with an end can refuse, but that is no outage.
    court.program.stations[0].kind = StationKind::Tokens(Tokens { places: 5, ..Tokens::fifo(1) });
    assert_eq!(court.said("api.error_rate < 1%"), holds(""));
    assert_eq!(court.said("api.availability >= 99%"), undecided(goes_down));
    assert_eq!(court.said("api.failed.count = 0"), holds("none seen in 4 runs of 100s"));
    court.replications = vec![replication(100, 0.0); 4];
    assert_eq!(court.said("api.error_rate < 1%"), fails(""));
    assert_eq!(court.said("api.availability >= 99%"), fails(""));
    assert_eq!(court.said("api.failed.count = 0").0, Verdict::Fails);
}

#[test]
fn a_memory_without_limit_cannot_be_full() {
    let mut court = Court::new();
    let memory = |limit| Memory { limit, base: 0.0, refuse: false };
    let station = |limit| Station {
        kind: StationKind::Memory(memory(limit)),
        owner: ComponentId(0),
        instance: None,
    };
    court.program.stations.push(station(f64::INFINITY));
    assert_eq!(court.said("api.error_rate < 1%").0, Verdict::Undecided);
    court.program.stations.push(station(1e9));
    assert_eq!(court.said("api.error_rate < 1%").0, Verdict::Holds);
}

#[test]
fn without_data_nothing_is_said() {
    let mut court = Court::new();
    for replication in &mut court.replications {
        replication.classes[0].ok = Tally::default();
    }
    assert_eq!(court.said("api.latency.p95 < 1s"), undecided("no data"));
    // Kleene: what fails beside it fails all the same.
    assert_eq!(court.said("api.latency.p95 < 1s and db.pool.busy > 1"), fails(""));
    assert_eq!(court.said("api.latency.p95 < 1s or db.pool.busy > 1"), undecided("no data"));
}

#[test]
fn a_start_that_may_still_show_decides_nothing_near_a_limit() {
    let mut court = Court::new();
    court.bias = 0.1;
    assert_eq!(court.said("api.latency.mean < 800ms"), holds(""));
    let near = court.said("api.latency.mean < 550ms");
    assert_eq!(near, undecided("not settled: the start may still show"));
    court.bias = f64::INFINITY;
    assert_eq!(court.said("api.latency.mean < 800ms").0, Verdict::Undecided);
}

#[test]
fn the_largest_seen_is_no_promise() {
    let court = Court::new();
    assert_eq!(court.said("db.pool.queue.length.max < 5"), fails(""));
    let largest = "largest seen; a longer run sees larger ones";
    assert_eq!(court.said("db.pool.queue.length.max < 50"), undecided(largest));
    assert_eq!(court.said("db.pool.queue.length.max > 5"), holds(""));
}

#[test]
fn manual_conditions_are_listed() {
    let ruling = Court::new().ask("manual(team agrees)", Sense::Claim);
    assert!(ruling.is_manual && ruling.findings.is_empty());
    assert_eq!(ruling.verdict, Verdict::Undecided);
    assert_eq!(ruling.reason.as_deref(), Some("to be decided by people: team agrees"));
}

/// Windows of 10 s: true where the value is above 5.
fn windows(pattern: &str) -> Vec<Option<f64>> {
    pattern
        .chars()
        .map(|c| match c {
            '1' => Some(9.0),
            '0' => Some(1.0),
            _ => None,
        })
        .collect()
}

fn lasting(patterns: &[&str], span: &str, sense: Sense) -> (Verdict, Option<f64>, String) {
    let mut court = Court::new();
    court.windows = patterns.iter().map(|pattern| windows(pattern)).collect();
    court.replications.truncate(patterns.len());
    let ruling = court.ask(&format!("db.pool.queue.length > 5 for {span}"), sense);
    (ruling.verdict, ruling.at_s, ruling.reason.unwrap_or_default())
}

#[test]
fn a_condition_for_a_while_must_be_true_in_all_windows_of_it() {
    use Sense::{Alert, Claim, Objective};
    use Verdict::{Fails, Holds, Undecided};
    let said = |patterns: &[&str], span, sense| {
        let (verdict, at_s, _) = lasting(patterns, span, sense);
        (verdict, at_s)
    };
    // An alert fires at the first time when it was true in all windows of the span.
    assert_eq!(said(&["0110111", "0110111"], "30s", Alert), (Holds, Some(70.0)));
    assert_eq!(said(&["0110110", "0110110"], "30s", Alert), (Fails, None));
    // A span that is no multiple of the window takes all windows that it touches.
    assert_eq!(said(&["0110110"], "15s", Alert), (Holds, Some(30.0)));
    // A window without data is neither.
    assert_eq!(said(&["011-110", "011-110"], "30s", Alert), (Fails, None));
    assert_eq!(said(&["-------"], "30s", Alert), (Undecided, None));
    // Claims hold if there is such a time; objectives fail if they are violated for so long.
    assert_eq!(said(&["0111000"], "30s", Claim), (Holds, Some(40.0)));
    assert_eq!(said(&["0111000"], "30s", Objective), (Fails, Some(70.0)));
    assert_eq!(said(&["0111001"], "30s", Objective), (Holds, None));
    assert_eq!(said(&["000-000"], "40s", Objective), (Holds, None));
}

#[test]
fn runs_that_differ_leave_it_undecided() {
    let (verdict, at_s, reason) = lasting(&["0111", "1111", "0000"], "30s", Sense::Alert);
    assert_eq!((verdict, at_s), (Verdict::Undecided, Some(30.0)));
    assert_eq!(reason, "so for 30s on end in 2 of 3 runs");
}

#[test]
fn a_while_longer_than_the_run_asks_for_the_whole_run_and_says_so() {
    let note = "judged over the whole run of 40s, not 5m".to_owned();
    assert_eq!(lasting(&["1111"], "5m", Sense::Claim), (Verdict::Holds, Some(40.0), note.clone()));
    assert_eq!(lasting(&["1110"], "5m", Sense::Claim).0, Verdict::Fails);
    let (verdict, _, reason) = lasting(&["", ""], "5m", Sense::Claim);
    assert_eq!(verdict, Verdict::Fails);
    assert_eq!(reason, "judged over the whole run: it holds no whole window");
}

#[test]
fn a_while_and_an_instant_are_judged_by_what_was_measured_then() {
    let mut court = Court::new();
    let queue = Measure::Level { of: vec![Gauge::Queue(POOL)], per: Vec::new() };
    for (replication, level) in court.replications.iter_mut().zip([8.0, 9.0, 9.0, 10.0]) {
        let mut measured = replication.clone();
        measured.stations[POOL.index()].queue = Level::constant(level, measured.time_s);
        let (from_ns, to_ns) = (20_000_000_000, 40_000_000_000);
        replication.parts = vec![Part { from_ns, to_ns, measured }];
        let instant = Moment { key: queue.key(), at_ns: from_ns, value: level + 1.0 };
        replication.instants = vec![instant];
    }
    let value = |text| court.ask(text, Sense::Claim).deciding().expect("judged").value;
    let during = value("db.pool.queue.length during 20s..40s > 5");
    assert!((during.value.expect("four parts") - 9.0).abs() < 1e-12);
    assert!(during.low > 7.0 && during.high < 11.0);
    assert_eq!(value("db.pool.queue.length during 20s..20s > 5").value, Some(10.0));
    let outside = court.ask("db.pool.queue.length during 5m..6m > 5", Sense::Claim);
    assert_eq!(outside.reason.as_deref(), Some("the run ends before that time"));
    assert_eq!(outside.verdict, Verdict::Undecided);
}

#[test]
fn what_each_of_eight_runs_says_needs_no_interval() {
    // Three requests of 5 s in each run: far too few for an interval of a p95.
    let mut court = Court::new();
    court.replications = vec![replication(0, 0.0); 8];
    for replication in &mut court.replications {
        let mut ok = Tally::default();
        (0..3).for_each(|_| ok.record(5.0));
        replication.classes.iter_mut().for_each(|class| class.ok = ok.clone());
    }
    let reason = "in each of 8 runs, by more than a factor of two";
    assert_eq!(court.said("api.latency.p95 < 1s"), fails(reason));
    assert_eq!(court.said("api.latency.p95 < 20s"), holds(reason));
    // Within a factor of two of the limit nothing is decided, nor by fewer runs, nor when one differs.
    assert_eq!(court.said("api.latency.p95 < 4s").0, Verdict::Undecided);
    court.replications[0].classes.iter_mut().for_each(|class| class.ok = Tally::default());
    assert_eq!(court.said("api.latency.p95 < 1s").0, Verdict::Undecided);
    court.replications.truncate(7);
    assert_eq!(court.said("api.latency.p95 < 1s").0, Verdict::Undecided);
}
