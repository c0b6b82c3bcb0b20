//! `capplan analyze`: what it prints, on a terminal and for programs, and how it ends.

use assert_cmd::Command;
use serde_json::Value;

fn capplan(arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("capplan").expect("the binary is built");
    command.args(arguments).env("COLUMNS", "80").env("NO_COLOR", "1");
    command
}

fn printed(arguments: &[&str]) -> String {
    let output = capplan(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(&[arguments, &["--format", "json"]].concat())).expect("JSON")
}

const MM1: &str = "
capplan: 1
name: one server
traffic: { jobs: { rate: 0.8/s, mix: visit } }
components: { q: { type: station, servers: 1 } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }
";

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), text).expect("it can be written");
    file
}

#[test]
fn tables_of_all_tiers_fit_eighty_columns() {
    for tier in ["dev", "normal", "max", "peak"] {
        let text = printed(&["analyze", &format!("profiles/mina/{tier}.yaml")]);
        for line in text.lines().skip(1) {
            assert!(line.chars().count() <= 80, "{tier}: {line}");
        }
        assert!(text.contains("What this cannot say"), "{tier}");
    }
}

#[test]
fn a_textbook_queue_is_exact_with_its_law_and_source() {
    let file = file(MM1);
    let path = file.path().to_str().expect("a name");
    let document = json(&["analyze", path]);
    assert_eq!(document["knee"]["resource"], "q");
    assert_eq!(document["knee"]["factor"], 1.25);
    let row = &document["resources"][0];
    assert_eq!((&row["law"], &row["status"]), (&"M/M/1".into(), &"exact".into()));
    let value = |row: &Value, name: &str| {
        let values = row["values"].as_array().expect("values");
        values.iter().find(|v| v["name"] == name).map(|v| v["value"].clone())
    };
    assert_eq!(value(row, "wait.mean"), Some(4.0.into()));
    // −5·ln 0.05
    assert_eq!(value(&document["traffic"][0], "response.p95"), Some(14.978_661_4.into()));
    assert!(document["cannot_say"].as_array().expect("a list").is_empty());
    assert!(printed(&["analyze", path]).contains("Kleinrock"));
}

#[test]
fn an_overload_is_named_with_the_load_that_fits() {
    let file = file(MM1);
    let path = file.path().to_str().expect("a name");
    let text = printed(&["analyze", path, "--scale", "2"]);
    assert!(text.contains("q is overloaded: full at 0.62 times this load"), "{text}");
    assert!(text.contains("its queue grows without end"), "{text}");
}

#[test]
fn the_number_of_users_is_found_by_reading_the_profile_with_other_users() {
    let text =
        MM1.replace("name:", "users: { active: 100 }\nname:").replace("0.8/s", "0.008/s/active");
    let file = file(&text);
    let document = json(&["analyze", file.path().to_str().expect("a name")]);
    assert_eq!(document["knee"]["population"], "active");
    assert_eq!(document["knee"]["users"], 125.0);
}

const HELD: &str = "
capplan: 1
name: workers that wait for connections
traffic: { people: LOAD }
components:
  app: { type: service, runtime: process, workers: 8 }
  db: { type: database, pool: { size: 3, scope: service, timeout: 1h } }
endpoints: { visit: { steps: [ { delay: exp(0.3s) }, { query: db, time: exp(0.25s) } ] } }
";

/// The throughput with all eight workers busy, by the exact solution of the inner network (11.3662/s).
#[test]
fn workers_that_wait_for_connections_saturate_before_either_of_them_alone() {
    let file = file(&HELD.replace("LOAD", "{ rate: 8/s, mix: visit }"));
    let document = json(&["analyze", file.path().to_str().expect("a name")]);
    let rate = document["knee"]["requests_per_s"].as_f64().expect("a knee");
    assert_eq!(document["knee"]["resource"], "app.workers");
    assert!((rate - 11.366_2).abs() < 1e-3, "{rate}");
}

/// Thirty clients around eight workers and three connections: 10.504/s by the whole Markov chain. The
/// flow-equivalent server is an approximation, and says so.
#[test]
fn clients_of_workers_that_wait_are_approximated_within_some_per_cent() {
    let load = "{ clients: 30, think_time: exp(2s), mix: visit }";
    let file = file(&HELD.replace("LOAD", load).replace("timeout: 1h", "timeout: 1d"));
    let document = json(&["analyze", file.path().to_str().expect("a name")]);
    let values = document["clients"][0]["values"].as_array().expect("values");
    let throughput = values.iter().find(|v| v["name"] == "throughput").expect("a throughput");
    assert_eq!(throughput["status"], "approximation");
    let x = throughput["value"].as_f64().expect("a number");
    assert!((x - 10.504).abs() < 0.03 * 10.504, "{x}");
}

#[test]
fn a_profile_with_faults_ends_with_two() {
    let file = file("capplan: 1\ntraffic: { a: { rate: 1 } }\n");
    let path = file.path().to_str().expect("a name");
    let output = capplan(&["analyze", path]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

/// The worst distance of a right engine from a right law stays within chance, and is said.
#[test]
fn a_run_is_compared_with_theory() {
    let file = file(MM1);
    let path = file.path().to_str().expect("a name");
    let document = json(&["simulate", path, "--max-requests", "400000"]);
    let checks = document["checks"].as_array().expect("checks");
    let compared: Vec<&Value> = checks.iter().filter(|c| c["z"].is_number()).collect();
    let names: Vec<&str> = compared.iter().filter_map(|c| c["name"].as_str()).collect();
    for name in ["q.wait.mean", "q.utilization", "jobs.latency.mean", "q.in_system"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert!(compared.iter().all(|c| c["ok"] == true && c["fatal"] == false), "{compared:?}");
    let known = |c: &&Value| {
        ["M/M/1", "flow balance", "Little's law"].contains(&c["law"].as_str().unwrap_or(""))
    };
    assert!(compared.iter().all(known), "{compared:?}");
    assert!(compared.iter().any(|c| c["law"] == "flow balance"), "{compared:?}");
}

/// A law of refusals is compared with the failures that its station raises, and with no others.
#[test]
fn refusals_are_compared_under_their_own_name() {
    let text = "
capplan: 1
name: loss
traffic: { jobs: { rate: 8/s, mix: visit } }
components: { q: { type: station, servers: 10, queue: 0 } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }
";
    let file = file(text);
    let path = file.path().to_str().expect("a name");
    let document = json(&["simulate", path, "--max-requests", "200000"]);
    let checks = document["checks"].as_array().expect("checks");
    let compared: Vec<&Value> = checks.iter().filter(|c| c["z"].is_number()).collect();
    assert!(compared.iter().any(|c| c["name"] == "q.failed.refused.share"), "{compared:?}");
    assert!(compared.iter().all(|c| c["ok"] == true), "{compared:?}");
}

/// 4 look-ups/s of one key that lives 2 s: 8 of 9 hit, however full the cache is at the beginning.
#[test]
fn a_cache_that_starts_empty_has_the_same_hit_ratio() {
    let text = "
capplan: 1
name: one key
traffic: { web: { rate: 4/s, mix: page } }
components:
  store: { type: cache, keys: { item: { population: 1, ttl: 2s } } }
  db: { type: database, cores: 1, pool: { size: 1, scope: service } }
endpoints: { page: { steps: [ { get: store, key: item, miss: [ { query: db, time: 100ms } ] } ] } }
";
    for start in ["warm", "empty"] {
        let file = file(&format!("{text}run: {{ start: {start} }}\n"));
        let document = json(&["analyze", file.path().to_str().expect("a name")]);
        let ratio = document["caches"][0]["hit_ratio"].as_f64().unwrap_or(f64::NAN);
        assert!((ratio - 8.0 / 9.0).abs() < 1e-6, "{start}: {}", document["caches"]);
    }
}
