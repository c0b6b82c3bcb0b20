//! `capplan phases` and `capplan forecast` from a file to their tables: a small plan whose costs,
//! breaks and months are known by arithmetic.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

/// One core serves each request for 10 ms: at N requests/s it is busy for N %. A month has 2 628 000 s.
const SYSTEM: &str = "capplan: 1
name: shop
traffic: { web: { rate: 1/s/active, mix: home } }
components:
  app: { type: service, cores: 1, price: $20/mo }
  sms: { type: external, latency: 1ms, usage_price: $0.00001/request }
endpoints: { home: { steps: [ { cpu: 10ms }, { call: sms } ] } }
slo: { busy: app.cpu.utilization < 80% }
run: { duration: 60s, warmup: 5s, replications: 8 }
";

const PLAN: &str = "capplan: 1
name: shop plan
phases:
  launch:
    extends: system.yaml
    users: { active: 10..40 }
    cost: { budget: $1500/mo }
    promises: { row: { infrastructure: $20/mo, api: $200/mo..$1100/mo, total: $220/mo..$1120/mo, per_user: $5.50/mo..$22/mo } }
    gate: { load: web.throughput > 35/s, team: manual(the team is there) }
  grow:
    extends: system.yaml
    users: { active: 100 }
    lead_time: 1mo
    components: { app: { instances: 2, price: $15/mo } }
growth: { active: linear(0mo=10 10mo=110) }
";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::write(folder.path().join("system.yaml"), SYSTEM).expect("it is writable");
        fs::write(folder.path().join("plan.yaml"), PLAN).expect("it is writable");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it is writable");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str], columns: &str) -> Output {
        let mut command = Command::cargo_bin("capplan").expect("it is built");
        command.current_dir(self.0.path()).env("COLUMNS", columns).args(arguments);
        command.output().expect("it runs")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--format", "json"]].concat(), "100");
        let stderr = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"))
    }
}

fn text(value: &Value) -> f64 {
    value.as_str().expect("money is a text").parse().expect("a number")
}

/// Within four standard errors of a count of Poisson arrivals over 8 runs of 60 s.
fn is_close(value: f64, per_s: f64, expected: f64) -> bool {
    let standard_error = expected / (per_s * 8.0 * 60.0).sqrt();
    (value - expected).abs() < 4.0 * standard_error
}

#[test]
fn a_plan_has_a_row_per_phase_with_both_ends_and_its_promises() {
    let place = Place::new();
    let table = place.json(&["phases", "plan.yaml"]);
    assert_eq!((&table["document"], &table["verdict"]), (&"phases".into(), &"fails".into()));
    let [launch, grow] = &table["phases"].as_array().expect("rows")[..] else { panic!("two") };
    assert_eq!(launch["low"]["users"], 10.0);
    assert_eq!(launch["high"]["users"], 40.0);
    // A promise is broken: that of the cost per user, see below.
    assert_eq!(
        (&launch["high"]["verdict"], &launch["verdict"]),
        (&"holds".into(), &"fails".into())
    );
    // 40 requests/s · 2 628 000 s · $0.00001 = $1051.20
    let api = text(&launch["high"]["cost"]["api"]["value"]);
    assert!(is_close(api, 40.0, 1051.2), "{api}");
    assert_eq!(launch["high"]["cost"]["infrastructure"]["value"], "20");
    assert_eq!(launch["high"]["cost"]["infrastructure"]["simulated"], false);
    let per_user = text(&launch["high"]["cost"]["per_user"]["value"]);
    assert!((per_user - (api + 20.0) / 40.0).abs() < 1e-6);
    // One more user is one request/s more: $26 280 for a thousand of them.
    let next = text(&launch["high"]["cost"]["next_1000_users"]["amount"]["value"]);
    assert!((next - 26_280.0).abs() < 0.35 * 26_280.0, "{next}");
    let headroom = &launch["headroom"];
    let (holds, breaks) = (headroom["holds"].as_f64(), headroom["breaks"].as_f64());
    // $20 and $26.28 a user: $1500 are spent at 56.3 users, before 80 % are busy at 80.
    assert!(holds.expect("a bracket") <= 57.5 && breaks.expect("a bracket") >= 55.0, "{headroom}");
    assert_eq!(headroom["objective"], "budget");
    // Two cores, 100 requests/s: half busy. The price of an instance is another one.
    assert_eq!(grow["high"]["cost"]["infrastructure"]["value"], "30");
    assert_eq!(grow["low"], Value::Null);
    assert_eq!(grow["change"]["since"], "launch");
    assert_eq!(grow["change"]["users"], 2.5);
    let promise = &launch["promises"][0];
    assert_eq!(promise["items"][0]["high_lies"], "within");
    assert_eq!(promise["items"][1]["low_lies"], "within");
    // 220/10 = 22 and 1120/40 = 28, not 5.50 (220/40) to 22.
    assert_eq!(promise["arithmetic"][0]["result"], "reproduced");
    assert_eq!(promise["arithmetic"][1]["result"], "contradicted");
    let gate = &launch["gate"];
    assert_eq!(
        (&gate["verdict"], &gate["checklist"][0]["name"]),
        (&"holds".into(), &"team".into())
    );
}

#[test]
fn the_promise_of_a_cost_per_user_is_broken_from_above() {
    let place = Place::new();
    let table = place.json(&["phases", "plan.yaml"]);
    let items = table["phases"][0]["promises"][0]["items"].as_array().expect("items").clone();
    let per_user = items.iter().find(|item| item["what"] == "per_user").expect("it is promised");
    // $28.28 per user at both ends.
    assert_eq!((&per_user["low_lies"], &per_user["verdict"]), (&"above".into(), &"fails".into()));
}

#[test]
fn a_set_is_of_one_phase_or_of_all() {
    let place = Place::new();
    let one = place.json(&["phases", "plan.yaml", "--set", "phases.grow.app.instances=4"]);
    let infrastructure = |table: &Value, i: usize| {
        table["phases"][i]["high"]["cost"]["infrastructure"]["value"].clone()
    };
    assert_eq!((infrastructure(&one, 0), infrastructure(&one, 1)), ("20".into(), "60".into()));
    let all = place.json(&["phases", "plan.yaml", "--set", "app.instances=4"]);
    assert_eq!((infrastructure(&all, 0), infrastructure(&all, 1)), ("80".into(), "60".into()));
}

#[test]
fn profiles_stand_side_by_side_in_one_table() {
    let place = Place::new();
    place.write("big.yaml", "capplan: 1\nname: big\nextends: system.yaml\nusers: { active: 60 }\n");
    place.write(
        "small.yaml",
        "capplan: 1\nname: small\nextends: system.yaml\nusers: { active: 5 }\n",
    );
    let table = place.json(&["compare", "small.yaml", "big.yaml"]);
    let names: Vec<&Value> =
        table["phases"].as_array().expect("rows").iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["small", "big"]);
    let several = place.json(&["phases", "small.yaml", "plan.yaml"]);
    assert_eq!(several.as_array().map(Vec::len), Some(2), "a plan is a table of its own");
}

#[test]
fn a_budget_that_is_passed_ends_with_1_and_names_it() {
    let place = Place::new();
    let arguments = ["phases", "plan.yaml", "--set", "phases.launch.promises=null"];
    assert_eq!(place.run(&arguments, "100").status.code(), Some(0));
    let passed = [&arguments[..], &["--set", "phases.launch.cost.budget=$100/mo"]].concat();
    let output = place.run(&passed, "100");
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("budget@high") && shown.contains("EXCEEDED"), "{shown}");
}

#[test]
fn the_same_plan_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    let one = place.run(&["phases", "plan.yaml", "--threads", "1"], "100");
    let two = place.run(&["phases", "plan.yaml", "--threads", "2"], "100");
    assert_eq!(one.stdout, two.stdout);
}

#[test]
fn tables_fit_80_and_120_columns() {
    let place = Place::new();
    for command in ["phases", "forecast"] {
        for columns in ["80", "120"] {
            let output = place.run(&[command, "plan.yaml"], columns);
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            let width: usize = columns.parse().expect("a number");
            for line in shown.lines() {
                assert!(line.chars().count() <= width, "{columns}: {line}");
            }
            insta::assert_snapshot!(format!("{command}_table_{columns}"), shown);
        }
    }
}

#[test]
fn every_format_of_a_table_and_a_forecast_can_be_written() {
    let place = Place::new();
    for command in ["phases", "forecast"] {
        for format in ["json", "markdown", "csv", "junit", "github"] {
            let output = place.run(&[command, "plan.yaml", "--format", format], "100");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert!(matches!(output.status.code(), Some(0 | 1)), "{command} {format}: {stderr}");
            // The digits of a result depend on the mathematics library in their last places: the
            // formats for machines, which print them all, are compared without them.
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let text = if matches!(format, "json" | "csv") { shortened(&text) } else { text };
            // The whole report of each phase is in the JSON document of the table: 300 kB.
            if (command, format) != ("phases", "json") {
                insta::assert_snapshot!(format!("{command}_{format}"), text);
            }
        }
    }
}

/// The text with at most six digits behind each decimal point.
fn shortened(text: &str) -> String {
    let mut behind = None;
    let kept = text.chars().filter(|c| {
        behind = match (c, behind) {
            ('.', _) => Some(0),
            (c, Some(n)) if c.is_ascii_digit() => Some(n + 1),
            _ => None,
        };
        behind.is_none_or(|n| n <= 6)
    });
    kept.collect()
}

/// Ten more users every month, from 10: 80 % of a core are 80 users, in month 7. The bracket is 3 %
/// wide; the utilization of a run of about 40 000 requests of constant work has a standard error of half a
/// per cent.
#[test]
fn a_forecast_finds_the_month_that_arithmetic_knows() {
    let place = Place::new();
    let forecast =
        place.json(&["forecast", "plan.yaml", "--set", "phases.launch.users.active=100"]);
    let launch = &forecast["phases"][0];
    assert_eq!(launch["breaks"]["what"], "busy");
    let month = launch["breaks"]["when"]["month"].as_f64().expect("it breaks");
    assert!((month - 7.0).abs() < 0.4, "{month}");
    // $1500 are passed at (1500 - 20) / 26.28 = 56.3 users, in month 4.6.
    let month = launch["over_budget"]["when"]["month"].as_f64().expect("it is passed");
    assert!((month - 4.63).abs() < 0.3, "{month}");
    // The next phase takes a month: it must begin one before the budget is passed.
    let start = launch["start_next"]["month"].as_f64().expect("it has a lead time");
    assert!((month - start - 1.0).abs() < 1e-6, "{start}");
    let months = forecast["months"].as_array().expect("months");
    assert_eq!(months.len(), 11, "to the last stated point");
    assert_eq!((&months[10]["users"], &months[0]["users"]), (&110.0.into(), &10.0.into()));
}

#[test]
fn an_uncertain_growth_gives_a_range_of_months_that_repeats() {
    let place = Place::new();
    let growth = "growth.active=linear(0mo=10 10mo=uncertain(110 60..160))";
    let arguments =
        ["forecast", "plan.yaml", "--set", growth, "--set", "phases.launch.users.active=100"];
    let forecast = place.json(&arguments);
    let when = &forecast["phases"][0]["breaks"]["when"];
    let (early, late) = (when["earliest"].as_f64(), when["latest"].as_f64());
    // 80 users at the fastest (150 more in 10 months) come in month 4.7.
    assert!(early.is_some_and(|month| (4.6..7.0).contains(&month)), "{when}");
    assert!(late.is_none_or(|month| month > 7.0), "{when}");
    assert_eq!(forecast, place.json(&arguments));
}

#[test]
fn growth_may_come_from_a_file() {
    let place = Place::new();
    place.write("users.csv", "month,users\n0,10\n4,20\n8mo,90\n");
    let set = "growth.active=trace(users.csv)";
    place.write("traced.yaml", &PLAN.replace("linear(0mo=10 10mo=110)", "trace(users.csv)"));
    let forecast = place.json(&["forecast", "traced.yaml"]);
    let months = forecast["months"].as_array().expect("months");
    assert_eq!(months.len(), 9, "{set}");
    assert_eq!((&months[6]["users"], &months[8]["users"]), (&55.0.into(), &90.0.into()));
}

#[test]
fn a_plan_without_growth_has_no_forecast() {
    let place = Place::new();
    place.write("still.yaml", "capplan: 1\nextends: system.yaml\nusers: { active: 60 }\n");
    let output = place.run(&["forecast", "still.yaml"], "100");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("growth"));
}
