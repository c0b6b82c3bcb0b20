//! `capplan diff`: what is a change and what is chance, revisions of git, conditions, exit codes.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Utilization 0.5 of four workers.
const SHOP: &str = "\
capplan: 1
name: shop
users: { active: 1000 }
traffic:
  web: { rate: 0.1/s/active, mix: { page: 80%, order: 20% }, timeout: 10s }
components:
  app: { type: service, runtime: process, workers: 4, backlog: 2048, cores: 4, price: $10/mo }
  bank: { type: external, latency: 5ms, usage_price: $0.000001/request }
endpoints:
  page: { steps: [ { cpu: exp(20ms) } ] }
  order: { steps: [ { cpu: exp(20ms) }, { call: bank } ] }
slo: { fast: web.latency.p95 < 70ms }
cost: { budget: $1000/mo }
";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a temporary directory"));
        place.write("shop.yaml", SHOP);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it is writable");
    }

    fn capplan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capplan"));
        command.current_dir(self.0.path()).args(arguments).env_remove("COLUMNS");
        command
    }

    /// The result of a short simulation with a seed.
    fn result(&self, profile: &str, seed: usize) -> String {
        let name = format!("{profile}.{seed}.json");
        self.capplan(&["simulate", profile, "--seed", &seed.to_string(), "-q", "-o", &name])
            .args(["--max-requests", "12000", "--format", "json"])
            .output()
            .expect("it runs");
        name
    }

    fn diff(&self, arguments: &[&str]) -> Value {
        let mut command = self.capplan(&["diff", "--format", "json"]);
        let output = command.args(arguments).output().expect("it runs");
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn git(&self, arguments: &[&str]) {
        let output = std::process::Command::new("git")
            .current_dir(self.0.path())
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// At a level of 1 % for a whole comparison, twenty comparisons of equal profiles show a change with
/// probability 0.18 if the level is exact; the seeds are fixed.
#[test]
fn two_seeds_of_one_profile_do_not_differ() {
    let place = Place::new();
    for pair in 0..20 {
        let (a, b) = (place.result("shop.yaml", 2 * pair), place.result("shop.yaml", 2 * pair + 1));
        let diff = place.diff(&[&a, &b, "--fail-on", "slo"]);
        assert_eq!(diff["is_changed"], false, "pair {pair}: {}", diff["headline"]);
        assert!(diff["run"]["compared"].as_u64() >= Some(8), "{}", diff["run"]);
        assert_eq!(diff["verdict"], "holds");
    }
    let once = place.result("shop.yaml", 0);
    let diff = place.diff(&[&once, &once]);
    let metrics = diff["parts"][0]["metrics"].as_array().expect("figures");
    let changed = metrics.iter().filter(|m| m["change"]["value"].as_f64().unwrap_or(0.0) != 0.0);
    assert_eq!((changed.count(), diff["is_changed"].clone()), (0, Value::Bool(false)));
}

/// With common random numbers the p95 moves by at least the two percent that every service takes
/// longer, and what random numbers share cancels.
#[test]
fn two_percent_of_a_service_time_are_found() {
    let place = Place::new();
    place.write("slow.yaml", &SHOP.replace("exp(20ms)", "exp(20.4ms)"));
    let diff = place.diff(&["shop.yaml", "slow.yaml", "--max-requests", "60000"]);
    assert_eq!(diff["is_changed"], true, "{}", diff["headline"]);
    let metrics = diff["parts"][0]["metrics"].as_array().expect("figures");
    let p95 = metrics.iter().find(|m| m["name"] == "web.latency.p95").expect("it is compared");
    assert_eq!(p95["sign"], "~");
    assert!(p95["change"]["low"].as_f64() > Some(0.0), "{p95}");
    assert!((0.01..0.05).contains(&p95["share"].as_f64().expect("a share")), "{p95}");
    let offered = metrics.iter().filter(|m| m["name"] == "cost.app");
    assert!(offered.into_iter().all(|m| m["sign"] == "="), "a price that stays is no change");
    assert_eq!(diff["inputs"][0]["path"], "endpoints.page.steps[0].cpu");
    assert_eq!(diff["inputs"].as_array().map(Vec::len), Some(2));
}

/// A longer backlog that nobody ever fills is another program and the same story.
#[test]
fn what_touches_no_request_changes_no_figure() {
    let place = Place::new();
    place.write("longer.yaml", &SHOP.replace("backlog: 2048", "backlog: 2049"));
    let diff = place.diff(&["shop.yaml", "longer.yaml", "--max-requests", "60000"]);
    assert_eq!(diff["is_changed"], false, "{}", diff["headline"]);
    assert_eq!(diff["run"]["method"], "paired");
    for metric in diff["parts"][0]["metrics"].as_array().expect("figures") {
        assert_eq!(metric["before"], metric["after"], "{metric}");
    }
    assert_eq!(diff["inputs"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_comment_is_no_change_and_nothing_is_simulated() {
    let place = Place::new();
    place.write(
        "said.yaml",
        &format!("# said\n{}", SHOP.replace("name: shop", "name:  'shop' # x")),
    );
    let diff = place.diff(&["shop.yaml", "said.yaml", "--fail-on", "cost.total > +0%"]);
    assert_eq!((&diff["is_changed"], &diff["run"]["requests"]), (&false.into(), &0.into()));
    assert_eq!(diff["run"]["method"], "identical");
    assert_eq!(diff["inputs"].as_array().map(Vec::len), Some(0));
}

#[test]
fn conditions_are_relative_to_the_base_and_decide_the_exit_code() {
    let place = Place::new();
    let slower = SHOP.replace("exp(20ms)", "exp(30ms)").replace("price: $10/mo", "price: $20/mo");
    place.write("slow.yaml", &slower);
    let run = |conditions: &[&str]| {
        let mut command = place.capplan(&["diff", "shop.yaml", "slow.yaml", "-q"]);
        command.args(["--max-requests", "60000"]);
        for condition in conditions {
            command.args(["--fail-on", condition]);
        }
        let output = command.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code().expect("it ends"), text)
    };
    assert_eq!(run(&[]).0, 0, "without a condition a change is only shown");
    for condition in [
        "slo",
        "cost.app > +10%",
        "cost.app > +$5/mo",
        "web.latency.p95 > +10ms",
        "web.latency.p95 > 70ms",
        "web.error_rate > 50% or web.latency.p95 > +10%",
        "web.latency.p90 > +10%",
        "web.latency.p999 > +1ms",
    ] {
        let (code, text) = run(&[condition]);
        assert_eq!(code, 1, "{condition}: {text}");
        assert!(text.contains("fails on"), "{text}");
    }
    for condition in ["cost.app > +150%", "web.latency.p95 > +10s", "web.error_rate > 50%"] {
        assert_eq!(run(&[condition]).0, 0, "{condition}");
    }
    for (wrong, why) in [
        ("web.latncy.p95 > +1ms", "`web.latency.p95`?"),
        ("web.latency.p5 > +1ms", "`web.latency.p50`?"),
        ("web.latency.p95 > +1", "needs a unit"),
        ("web.latency.p95 > +10% for 5m", "windows of time"),
        ("web.latency.p95 >", "ends too early"),
    ] {
        let output =
            place.capplan(&["diff", "shop.yaml", "slow.yaml", "--fail-on", wrong]).output();
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(said.contains(why) && said.contains('^'), "{wrong}: {said}");
    }
    let simulate =
        place.capplan(&["simulate", "shop.yaml", "--assert", "cost.total > +10%"]).output();
    let simulate = simulate.expect("it runs");
    assert_eq!(simulate.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&simulate.stderr).contains("`diff` only"));
}

#[test]
fn results_that_do_not_belong_together_are_refused() {
    let place = Place::new();
    let result = place.result("shop.yaml", 1);
    let text = fs::read_to_string(place.path(&result)).expect("it was written");
    place.write("old.json", &text.replace("\"schema_version\": 1", "\"schema_version\": 0"));
    place.write("none.json", "{}");
    place.write("text.json", "no JSON");
    place.write(
        "phases.json",
        "{\"schema_version\": 1, \"document\": \"phases\", \
         \"scenario\": {\"name\": \"x\"}, \"phases\": []}",
    );
    for (head, why) in [
        ("old.json", "schema_version is 0"),
        ("none.json", "no schema_version"),
        ("text.json", "no JSON"),
        ("phases.json", "of `phases`"),
        ("shop.yaml", "two profiles"),
        ("missing.json", "missing.json"),
    ] {
        let output = place.capplan(&["diff", &result, head]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{head}: {said}");
        assert!(said.contains(why), "{head}: {said}");
    }
    place.write("plan.yaml", "capplan: 1\nphases: { a: { extends: shop.yaml } }\n");
    let output = place.capplan(&["diff", "shop.yaml", "plan.yaml"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("one side has phases"));
    let seeded = place.capplan(&["diff", &result, &result, "--seed", "3"]).output();
    assert_eq!(seeded.expect("it runs").status.code(), Some(2), "results are as they are");
}

#[test]
fn a_revision_is_read_with_all_its_layers_and_nothing_else() {
    let place = Place::new();
    place.git(&["init", "--quiet"]);
    place.write("tier.yaml", "extends: shop.yaml\nname: tier\nusers: { active: 900 }\n");
    place.git(&["add", "--all"]);
    place.git(&["commit", "--quiet", "--message", "first"]);
    // The layer below changes; the file itself does not.
    place.write("shop.yaml", &SHOP.replace("exp(20ms)", "exp(25ms)"));
    let diff = place.diff(&["HEAD:tier.yaml", "tier.yaml", "--max-requests", "60000"]);
    assert_eq!(diff["is_changed"], true, "{}", diff["headline"]);
    assert_eq!(diff["inputs"][0]["before"], "exp(20ms)");
    assert_eq!(diff["base"]["commit"].as_str().map(str::len), Some(40));
    fs::create_dir(place.path("inside")).expect("it is writable");
    let mut inside = place.capplan(&["diff", "HEAD:./../tier.yaml", "HEAD:tier.yaml"]);
    inside.current_dir(place.path("inside")).assert().code(0);
    for (wrong, why) in [
        ("nowhere:tier.yaml", "no revision `nowhere`"),
        ("HEAD:missing.yaml", "no such file at `HEAD`"),
        ("HEAD:../outside.yaml", "outside"),
        ("--output=x:tier.yaml", "--output"),
        ("-x:tier.yaml", "-x"),
        ("HEAD --help:tier.yaml", "no revision of git"),
    ] {
        let output = place.capplan(&["diff", "--", wrong, "tier.yaml"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {said}");
        assert!(said.contains(why), "{wrong}: {said}");
    }
    let mut alone = place.capplan(&["diff", "HEAD:tier.yaml", "tier.yaml"]);
    let output = alone.env("PATH", place.path("inside")).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("git is not installed"));
}

/// A result stands for itself wherever it is read from: at a revision, from a pipe, under any name.
#[test]
fn a_result_is_a_result_wherever_it_stands() {
    let place = Place::new();
    place.git(&["init", "--quiet"]);
    let result = place.result("shop.yaml", 1);
    fs::copy(place.path(&result), place.path("kept.out")).expect("it is writable");
    place.git(&["add", "--all"]);
    place.git(&["commit", "--quiet", "--message", "first"]);
    let head = place.result("shop.yaml", 2);
    for base in [format!("HEAD:{result}"), "HEAD:kept.out".to_owned(), "kept.out".to_owned()] {
        let diff = place.diff(&[&base, &head]);
        assert_eq!(diff["run"]["method"], "intervals", "{base}: {}", diff["headline"]);
        let is_revision = base.starts_with("HEAD");
        assert_eq!(diff["base"]["commit"].as_str().is_some(), is_revision, "{base}");
    }
    let text = fs::read(place.path(&result)).expect("it was written");
    place.capplan(&["diff", "-", &head]).write_stdin(text.clone()).assert().code(0);
    place.capplan(&["diff", "-", "-"]).write_stdin(text).assert().code(2);
    let mixed = place.capplan(&["diff", "HEAD:kept.out", "shop.yaml"]).output().expect("it runs");
    assert_eq!(mixed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&mixed.stderr).contains("HEAD:kept.out is a result"));
}

/// Results hold the quantiles that a condition of the profile speaks of, and name what they hold.
#[test]
fn quantiles_that_a_profile_states_are_in_its_result() {
    let place = Place::new();
    place.write("tail.yaml", &SHOP.replace("p95 < 70ms", "p999 < 9s"));
    let (a, b) = (place.result("tail.yaml", 1), place.result("tail.yaml", 2));
    let run = |condition: &str| {
        let mut command = place.capplan(&["diff", &a, &b, "--fail-on", condition]);
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run("web.latency.p999 > 9s").0, Some(0));
    let (code, said) = run("web.latency.p90 > +10%");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`web.latency.p95`") && said.contains("`web.latency.p999`"), "{said}");
}

/// Three times the load on servers that are half busy: more arrives than they can serve.
#[test]
fn overload_is_named_and_has_no_latency() {
    let place = Place::new();
    place.write(
        "over.yaml",
        &SHOP.replace("0.1/s/active", "0.3/s/active").replace(", timeout: 10s", ""),
    );
    let run = |base: &str, head: &str, more: &[&str]| {
        let mut command = place.capplan(&["diff", base, head, "-q", "--max-requests", "60000"]);
        let output = command.args(more).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for format in ["table", "markdown", "csv"] {
        let (_, text) = run("shop.yaml", "over.yaml", &["--format", format]);
        assert!(text.contains("app.workers: offered "), "{text}");
        let latencies = text.lines().filter(|line| line.contains("web.latency.p"));
        for line in latencies.filter(|line| !line.contains("slo") && !line.contains("< 70ms")) {
            let now = if format == "csv" { ",,,,,,true" } else { "grows" };
            assert!(line.contains(now), "{line}");
        }
    }
    for worse in ["web.latency.p95 > +10%", "web.latency.p90 > 1s", "slo"] {
        let (code, text) = run("shop.yaml", "over.yaml", &["--fail-on", worse]);
        assert_eq!(code, Some(1), "{worse}: {text}");
    }
    // Better is no failure, and between two without bound nobody knows.
    let (code, text) = run("over.yaml", "shop.yaml", &["--fail-on", "web.latency.p95 > +10%"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("grows -> "), "{text}");
    place.write(
        "dearer.yaml",
        &SHOP.replace("0.1/s/active", "0.4/s/active").replace(", timeout: 10s", ""),
    );
    let strict = ["--strict", "--fail-on", "web.latency.p95 > +10%"];
    assert_eq!(run("over.yaml", "dearer.yaml", &strict).0, Some(3));
}

#[test]
fn every_format_can_be_exported_at_once_or_none_is_written() {
    let place = Place::new();
    let result = place.result("shop.yaml", 1);
    let exports = ["json=d.json", "markdown=d.md", "csv=d.csv", "junit=d.xml", "github=d.txt"];
    let mut command = place.capplan(&["diff", &result, &result]);
    for export in &exports {
        command.args(["--export", export]);
    }
    command.assert().code(0);
    let read = |name: &str| fs::read_to_string(place.path(name)).expect("it was written");
    assert!(read("d.md").starts_with("<!-- capplan:diff "));
    assert!(read("d.csv").starts_with("phase,end,kind,name,"));
    assert!(read("d.xml").starts_with("<?xml"));
    assert!(read("d.txt").starts_with("::notice "));
    let mut command = place.capplan(&["diff", &result, &result]);
    command.args(["--export", "json=new.json", "--export", "csv=no/folder/d.csv"]);
    command.assert().code(2);
    assert!(!place.path("new.json").exists(), "whole or not at all");
}
