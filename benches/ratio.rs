//! How fast is the engine compared with hand-written code, and both with SimPy?
//!
//! ```text
//! cargo bench --bench ratio                                # all models
//! cargo bench --bench ratio -- web_tier --pairs 21         # models whose name contains a text
//! ```
//!
//! The machine may be shared and its clock may drift, so only ratios count: the programs to compare
//! run one after the other, in turns, in this one process (SimPy as a child of it), and the median of
//! the ratios of neighbours is printed. Time is processor time where the system tells it (Linux), so
//! that what else runs does not count. SimPy is left out where `python3` does not import it.

#![allow(missing_docs, reason = "a program, not a library")]
#![allow(clippy::print_stdout, reason = "results go to standard output")]
#![allow(clippy::disallowed_methods, reason = "benches measure wall time")]

mod hand;
mod models;

use std::process::Command;
use std::time::Instant;

use capplan::engine::World;
use capplan::program::Program;
use capplan::stats::Tally;
use models::Model;

/// What the command line asks for.
struct Options {
    only: Option<String>,
    pairs: usize,
    requests: u64,
    peer_requests: u64,
}

impl Options {
    fn read() -> Self {
        let mut options =
            Self { only: None, pairs: 11, requests: 1_000_000, peer_requests: 30_000 };
        let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let value = arguments.next().and_then(|v| v.replace('_', "").parse().ok());
                value.expect("a whole number follows the option")
            };
            match argument.as_str() {
                "--pairs" => options.pairs = number() as usize,
                "--requests" => options.requests = number(),
                "--peer-requests" => options.peer_requests = number(),
                _ => options.only = Some(argument),
            }
        }
        options
    }
}

/// One program's answer about a model.
#[expect(clippy::struct_field_names, reason = "each has its unit in its name")]
#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    requests_per_s: f64,
    mean_s: f64,
    p95_s: f64,
    p99_s: f64,
}

fn main() {
    let options = Options::read();
    let mut all = vec![models::mm1(), models::mm8(), models::web_tier()];
    all.extend(models::variants());
    for model in &all {
        if options.only.as_ref().is_none_or(|only| model.name.contains(only.as_str())) {
            compare(model, &options);
        }
    }
}

fn compare(model: &Model, options: &Options) {
    let peer_works = model.peer.is_some_and(|peer| simpy(peer, 100, 0).is_some());
    let program = model.program();
    let mut engines = Vec::new();
    let mut hands = Vec::new();
    let mut peers = Vec::new();
    for pair in 0..options.pairs {
        let seed = pair as u64;
        engines.push(by_engine(&program, options.requests, seed));
        hands.push(by_hand(model, options.requests, seed));
        if peer_works {
            peers.extend(model.peer.and_then(|peer| simpy(peer, options.peer_requests, seed)));
        }
    }
    println!("{}", model.name);
    print("engine", &engines);
    print("hand", &hands);
    print_ratio("engine / hand", &engines, &hands);
    if !peers.is_empty() {
        print("simpy", &peers);
        print_ratio("engine / simpy", &engines, &peers);
        print_ratio("hand / simpy", &hands, &peers);
    }
}

/// Measures processor time of this thread, or wall time where that cannot be known.
struct Clock {
    began: Instant,
    processor_s: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self { processor_s: processor_s(), began: Instant::now() }
    }

    fn elapsed_s(&self) -> f64 {
        let wall_s = self.began.elapsed().as_secs_f64();
        processor_s().zip(self.processor_s).map_or(wall_s, |(now_s, began_s)| now_s - began_s)
    }
}

/// Time that this thread has run so far; giving way brings the system's account of it up to date.
fn processor_s() -> Option<f64> {
    std::thread::yield_now();
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = account.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds * 1e-9)
}

/// A whole replication: the world is made, runs, and gives its results.
fn by_engine(program: &Program, requests: u64, seed: u64) -> Answer {
    let clock = Clock::start();
    let mut world = World::new(program, seed, 0);
    world.run_requests(requests, f64::INFINITY);
    let results = world.results();
    let spent_s = clock.elapsed_s();
    assert!(results.balance.holds(), "every request is accounted for: {:?}", results.balance);
    answer(requests, spent_s, &results.classes[0].ok)
}

fn by_hand(model: &Model, requests: u64, seed: u64) -> Answer {
    let clock = Clock::start();
    let latencies = model.by_hand(requests, seed);
    let spent_s = clock.elapsed_s();
    answer(requests, spent_s, &latencies)
}

fn answer(requests: u64, spent_s: f64, latencies: &Tally) -> Answer {
    Answer {
        requests_per_s: requests as f64 / spent_s,
        mean_s: latencies.mean().unwrap_or(f64::NAN),
        p95_s: latencies.quantile(0.95).unwrap_or(f64::NAN),
        p99_s: latencies.quantile(0.99).unwrap_or(f64::NAN),
    }
}

/// Runs a script of `benches/peers`; `None` when that is not possible here.
fn simpy(script: &str, requests: u64, seed: u64) -> Option<Answer> {
    let path = format!("{}/benches/peers/{script}", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("python3")
        .args([path, "--requests".into(), requests.to_string(), "--seed".into(), seed.to_string()])
        .output()
        .ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let number = |key: &str| answer.get(key).and_then(serde_json::Value::as_f64);
    Some(Answer {
        requests_per_s: number("requests_per_cpu_s")?,
        mean_s: number("mean_s")?,
        p95_s: number("p95_s")?,
        p99_s: number("p99_s")?,
    })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    f64::midpoint(values[(n - 1) / 2], values[n / 2])
}

fn print(who: &str, answers: &[Answer]) {
    let of = |get: fn(&Answer) -> f64| median(answers.iter().map(get).collect());
    println!(
        "  {who:<14} {:>9.0} requests/s {:>8.1} ns each   mean {:.3} ms  p95 {:.3} ms  p99 {:.3} ms",
        of(|a| a.requests_per_s),
        1e9 / of(|a| a.requests_per_s),
        1e3 * of(|a| a.mean_s),
        1e3 * of(|a| a.p95_s),
        1e3 * of(|a| a.p99_s),
    );
}

/// Median, least and largest ratio of neighbours.
fn print_ratio(what: &str, ours: &[Answer], theirs: &[Answer]) {
    let ratios: Vec<f64> =
        ours.iter().zip(theirs).map(|(a, b)| a.requests_per_s / b.requests_per_s).collect();
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = ratios.iter().copied().fold(0.0, f64::max);
    println!("  {what:<14} {:.3}   ({least:.3} to {largest:.3})", median(ratios));
}
