//! The command line as scripts and pipelines see it: exit codes, streams, formats, files.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// Two web servers' worth of work on four workers: utilization 0.5.
const SHOP: &str = "\
capplan: 1
name: shop
users: { active: 1000 }
traffic:
  web: { rate: 0.1/s/active, mix: { page: 80%, order: 20% }, timeout: 10s }
components:
  app: { type: service, runtime: process, workers: 4, cores: 4, price: $10/mo }
  bank: { type: external, latency: 5ms, usage_price: $0.000001/request }
endpoints:
  page: { steps: [ { cpu: exp(20ms) } ] }
  order: { steps: [ { cpu: exp(20ms) }, { call: bank } ] }
slo: { fast: web.latency.p95 < 1s }
alerts: { busy: { warning: app.cpu.utilization > 40% } }
cost: { budget: $1000/mo }
assumptions: { cpu: { says: 20 ms of CPU per request, about: [page, order] } }
";

/// A directory with `shop.yaml` in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        fs::write(folder.path().join("shop.yaml"), SHOP).expect("it is writable");
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it is writable");
    }

    /// `capplan` in this directory, with a budget that keeps tests short.
    fn capplan(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_capplan"));
        command.current_dir(self.0.path()).args(arguments);
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(variable);
        }
        command
    }

    fn simulate(&self, arguments: &[&str]) -> Command {
        let mut command = self.capplan(&["simulate", "--max-requests", "40000"]);
        command.args(arguments);
        command
    }

    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.simulate(arguments).output().expect("it runs");
        String::from_utf8(output.stdout).expect("it is text")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.stdout(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// Names of the files in it.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("it is readable");
        let name = |e: std::io::Result<fs::DirEntry>| {
            e.expect("it is readable").file_name().to_string_lossy().into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }
}

#[test]
fn what_holds_ends_with_0_and_what_fails_with_1() {
    let place = Place::new();
    place.simulate(&["shop.yaml"]).assert().code(0);
    place.simulate(&["shop.yaml", "--assert", "web.latency.p95 < 1ms"]).assert().code(1);
    place.simulate(&["shop.yaml", "--set", "slo.fast=web.latency.p95 < 1ms"]).assert().code(1);
    place.simulate(&["shop.yaml", "--set", "cost.budget=$1/mo"]).assert().code(1);
}

#[test]
fn what_is_undecided_ends_with_0_unless_strict() {
    let place = Place::new();
    // Nothing in the profile can go down, so nothing exercised it.
    let undecided = ["shop.yaml", "--assert", "app.failed.out_of_memory.count = 0"];
    place.simulate(&undecided).assert().code(0);
    place.simulate(&[&undecided[..], &["--strict"]].concat()).assert().code(3);
}

#[test]
fn bad_usage_profiles_and_files_end_with_2_and_say_why_on_stderr() {
    let place = Place::new();
    place.write("bad.yaml", &SHOP.replace("exp(20ms)", "exp(20)"));
    place.write("plan.yaml", "capplan: 1\nphases: { one: { extends: shop.yaml } }\n");
    for (arguments, words) in [
        (vec!["simulate"], "required"),
        (vec!["simulate", "shop.yaml", "--no-such-flag"], "--no-such-flag"),
        (vec!["simulate", "shop.yaml", "--format", "html"], "not supported yet"),
        (vec!["simulate", "shop.yaml", "--export", "html=x.html"], "not supported yet"),
        (vec!["simulate", "shop.yaml", "--duration", "10"], "--duration"),
        (vec!["simulate", "shop.yaml", "--scale=-1"], "--scale"),
        (vec!["simulate", "shop.yaml", "--scale", "-1"], "above zero"),
        (vec!["simulate", "shop.yaml", "--seed", "-1"], "a whole number is expected"),
        (vec!["simulate", "shop.yaml", "--warmup", "-1s"], "--warmup"),
        (vec!["simulate", "shop.yaml", "--replications", "0"], "--replications"),
        (vec!["simulate", "shop.yaml", "--duration", "30000d"], "run.duration"),
        (vec!["simulate", "shop.yaml", "--warmup", "30000d"], "--max-requests"),
        (vec!["simulate", "missing.yaml"], "missing.yaml"),
        (vec!["simulate", "."], "capplan: .: not simulated"),
        (vec!["simulate", "bad.yaml"], "bad.yaml:10:"),
        (vec!["simulate", "shop.yaml", "--assert", "web.latency.p59x < 1s"], "--assert"),
        (vec!["simulate", "shop.yaml", "--set", "app.wrkers=3"], "workers"),
        (vec!["simulate", "shop.yaml", "-o", "no/such/folder/x.txt"], "no/such/folder/x.txt"),
        (vec!["validate", "bad.yaml"], "bad.yaml:10:"),
        (vec!["phases", "missing.yaml"], "missing.yaml"),
        (vec!["simulate", "plan.yaml"], "capplan phases"),
    ] {
        let output = place.capplan(&arguments).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
        let says = if arguments[0] == "validate" { "bad.yaml: 2 errors\n" } else { "" };
        assert_eq!(String::from_utf8_lossy(&output.stdout), says, "{arguments:?}");
    }
}

/// Minutes of simulation are not spent before it is known that their result has a place.
#[test]
fn files_that_cannot_be_written_are_refused_before_anything_runs() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).expect("it is writable");
    for (arguments, why) in [
        (["-o", "no/such/x.txt"].as_slice(), "no directory no/such"),
        (&["-o", "folder"], "it is a directory"),
        (&["-o", "x.json", "--export", "json=x.json"], "twice"),
    ] {
        for command in ["simulate", "phases", "analyze", "validate"] {
            let all = [&[command, "shop.yaml"], arguments].concat();
            let output = place.capplan(&all).output().expect("it runs");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{all:?}: {stderr}");
            assert!(stderr.contains(why), "{all:?}: {stderr}");
            assert!(output.stdout.is_empty(), "{all:?}");
        }
    }
    assert_eq!(place.files(), ["folder", "shop.yaml"]);
}

/// What every command over files shares: all faults first, what is valid runs, the worst decides.
#[test]
fn every_command_treats_its_files_alike() {
    let place = Place::new();
    let grows = "growth: { active: compound(1000 5%/mo) }\n";
    place.write("shop.yaml", &format!("{SHOP}{grows}"));
    place.write("bad.yaml", &SHOP.replace("exp(20ms)", "exp(20)"));
    for (command, undone) in [
        ("simulate", "not simulated"),
        ("phases", "not simulated"),
        ("forecast", "no forecast"),
        ("analyze", "not analysed"),
    ] {
        let mut all = place.capplan(&[command, "bad.yaml", "-", "shop.yaml", "-", "gone.yaml"]);
        let output = all.args(["-o", "x.txt"]).write_stdin([0xff, 0xfe]).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {stderr}");
        for said in [
            "bad.yaml:10:",
            &format!("capplan: bad.yaml: {undone}"),
            &format!("capplan: standard input: {undone}"),
            "not UTF-8",
            "it was read already",
            "there is no such file",
            &format!("capplan: gone.yaml: {undone}"),
            "no file is written",
        ] {
            assert!(stderr.contains(said), "{command}: `{said}` is not in\n{stderr}");
        }
        assert!(!place.path("x.txt").exists(), "{command}");
    }
    let mut none = place.capplan(&["forecast", "-"]);
    let output = none.write_stdin(SHOP).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("growth: it does not say how users grow; add `growth"), "{stderr}");
    assert!(stderr.contains("capplan: standard input: no forecast"), "{stderr}");
}

/// A fault is a row, a case and an annotation at its place.
#[test]
fn faults_come_in_every_format() {
    let place = Place::new();
    place.write("bad.yaml", &SHOP.replace("exp(20ms)", "exp(20)"));
    let run = |format: &str| {
        let mut command = place.capplan(&["validate", "bad.yaml", "shop.yaml", "--format", format]);
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{format}");
        String::from_utf8(output.stdout).expect("it is text")
    };
    assert!(run("github").contains("::error file=bad.yaml,line=10,col="), "{}", run("github"));
    assert!(run("github").contains("capplan validate%3A shop.yaml::valid"), "{}", run("github"));
    let junit = run("junit");
    assert!(junit.contains("failures=\"2\"") && junit.contains("line=\"10\""), "{junit}");
    assert!(run("markdown").contains("### ❌ bad.yaml: 2 errors"), "{}", run("markdown"));
    let csv = run("csv");
    assert!(csv.contains("\r\nbad.yaml,error,unit,bad.yaml,10,"), "{csv}");
}

#[test]
fn all_files_are_run_and_the_worst_decides() {
    let place = Place::new();
    place.write("slow.yaml", &SHOP.replace("p95 < 1s", "p95 < 1ms"));
    let both = place.json(&["shop.yaml", "slow.yaml"]);
    let verdicts: Vec<&Value> =
        both.as_array().expect("an array of several").iter().map(|d| &d["verdict"]).collect();
    assert_eq!(verdicts, ["holds", "fails"]);
    place.simulate(&["slow.yaml", "shop.yaml"]).assert().code(1);
    let output = place.simulate(&["missing.yaml", "shop.yaml"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("shop"), "the other one is shown");
    place.simulate(&["shop.yaml", "missing.yaml", "slow.yaml"]).assert().code(2);
    assert!(place.json(&["shop.yaml", "missing.yaml"]).is_array(), "of several inputs, an array");
}

#[test]
fn the_json_document_keeps_its_contract() {
    let place = Place::new();
    let d = place.json(&["shop.yaml", "--set", "users.active=900"]);
    assert_eq!(d["schema_version"], 1);
    assert_eq!(d["profile"]["name"], "shop");
    assert_eq!(d["profile"]["file"], "shop.yaml");
    assert_eq!(d["profile"]["set"][0], "users.active=900");
    assert_eq!(d["partial"], false);
    for key in ["seed", "replications", "requests", "events"] {
        assert!(d["run"][key].is_u64(), "run.{key}");
    }
    for key in ["warmup_s", "horizon_s", "confidence"] {
        assert!(d["run"][key].is_number(), "run.{key}");
    }
    let p95 = &d["metrics"]["web.latency.p95"];
    let of = |key: &str| p95[key].as_f64().expect("a number");
    assert!(of("low") <= of("value") && of("value") <= of("high"), "{p95}");
    assert_eq!(p95["unit"], "s");
    let objective = &d["objectives"][0];
    assert_eq!(objective["expression"], "web.latency.p95 < 1s");
    assert_eq!(objective["verdict"], "holds");
    assert_eq!(objective["value"], p95["value"]);
    let balance = &d["balance"];
    let n = |key: &str| balance[key].as_u64().expect("a count");
    let failed: u64 =
        balance["failed"].as_object().expect("kinds").values().filter_map(Value::as_u64).sum();
    assert_eq!(n("inside_at_start") + n("arrivals"), n("completed") + failed + n("inside"));
    assert!(d["checks"].as_array().expect("checks").iter().all(|check| check["ok"] == true));
    for key in ["bottlenecks", "overloads", "alerts", "warnings", "assumptions", "defaults"] {
        assert!(d[key].is_array(), "{key}");
    }
    assert_eq!(d["assumptions"][0]["about"][0], "page");
    assert_eq!(d["alerts"][0]["state"], "warning");
    assert_eq!(d["cost"]["lines"][0]["amount"], "10");
    assert!(d["cost"]["total"].is_string() && d["cost"]["per_user"].is_string());
    assert!(d["next_step"].is_string());
}

#[test]
fn the_same_input_gives_the_same_bytes_on_any_number_of_threads() {
    let place = Place::new();
    for format in ["table", "json"] {
        let of = |more: &[&str]| place.stdout(&[&["shop.yaml", "--format", format], more].concat());
        let once = of(&["--threads", "1"]);
        assert!(!once.is_empty());
        assert_eq!(once, of(&["--threads", "2"]), "{format}");
        assert_eq!(once, of(&[]), "{format}: run again");
    }
}

#[test]
fn another_seed_gives_other_numbers_within_the_intervals() {
    let place = Place::new();
    let p95 = |seed: &str| {
        place.json(&["shop.yaml", "--seed", seed])["metrics"]["web.latency.p95"].clone()
    };
    let (a, b) = (p95("1"), p95("2"));
    assert_ne!(a["value"], b["value"]);
    let of = |of: &Value, key: &str| of[key].as_f64().expect("a number");
    assert!(of(&a, "low") <= of(&b, "high") && of(&b, "low") <= of(&a, "high"), "{a} {b}");
}

#[test]
fn colours_are_for_terminals_and_those_who_ask() {
    let place = Place::new();
    let escapes = |arguments: &[&str], variable: Option<&str>| {
        let mut command = place.simulate(arguments);
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        command.output().expect("it runs").stdout.contains(&0x1b)
    };
    assert!(!escapes(&["shop.yaml"], None), "a pipe is no terminal");
    assert!(!escapes(&["shop.yaml"], Some("NO_COLOR")));
    assert!(escapes(&["shop.yaml", "--color", "always"], None));
    assert!(!escapes(&["shop.yaml", "--color", "never"], None));
    assert!(!escapes(&["shop.yaml", "--color", "always", "--format", "json"], None));
}

#[test]
fn a_dash_reads_standard_input() {
    let place = Place::new();
    let output = place.simulate(&["-"]).write_stdin(SHOP).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("standard input"));
    place.simulate(&["-"]).write_stdin("capplan: [").assert().code(2);
    place.simulate(&["-"]).write_stdin(b"\xff\xfe\x00".as_slice()).assert().code(2);
    place.capplan(&["validate", "-"]).write_stdin(SHOP).assert().code(0);
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let place = Place::new();
    let output = place
        .simulate(&["shop.yaml", "-o", "out.txt", "--export", "json=out.json"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty(), "the result is in the file");
    assert_eq!(place.files(), ["out.json", "out.txt", "shop.yaml"]);
    let json = fs::read_to_string(place.path("out.json")).expect("it was written");
    serde_json::from_str::<Value>(&json).expect("it is JSON");

    place.write("bad.yaml", "capplan: 1\nnonsense: 2\n");
    place.write("out.txt", "from before");
    place
        .simulate(&["shop.yaml", "bad.yaml", "-o", "out.txt", "--export", "json=b.json"])
        .assert()
        .code(2);
    assert_eq!(place.files(), ["bad.yaml", "out.json", "out.txt", "shop.yaml"]);
    let kept = fs::read_to_string(place.path("out.txt")).expect("it is still there");
    assert_eq!(kept, "from before");

    // One place cannot be written: none is.
    place
        .simulate(&["shop.yaml", "-o", "c.txt", "--export", "json=no/such/x.json"])
        .assert()
        .code(2);
    assert!(!Path::new(&place.path("c.txt")).exists());
}

#[test]
fn a_closed_pipe_is_quiet() {
    let place = Place::new();
    let mut child = Process::new(env!("CARGO_BIN_EXE_capplan"))
        .current_dir(place.0.path())
        .args(["simulate", "shop.yaml", "--max-requests", "20000", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    // The reader leaves after the first line, as `head -1` does.
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::with_capacity(16, stdout).read_line(&mut line).expect("it prints");
    let mut stderr = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut stderr).expect("it is text");
    let code = child.wait().expect("it ends").code();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn validate_shows_every_fault_and_runs_nothing() {
    let place = Place::new();
    place.capplan(&["validate", "shop.yaml"]).assert().code(0).stdout("shop.yaml: valid\n");
    place
        .write("bad.yaml", &SHOP.replace("exp(20ms)", "exp(20)").replace("page: 80%", "page: 70%"));
    let output = place
        .capplan(&["validate", "bad.yaml", "shop.yaml", "--format", "json"])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let documents: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&documents[0]["valid"], &documents[1]["valid"]), (&false.into(), &true.into()));
    let faults = documents[0]["faults"].as_array().expect("faults");
    assert!(faults.len() >= 3, "both times and the shares: {faults:?}");
    assert_eq!(faults[0]["line"], 5);
    let merged = place
        .capplan(&["validate", "--merged", "shop.yaml", "--set", "app.workers=8"])
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&merged.stdout).contains("workers: 8"));
}

#[test]
fn the_schema_and_the_completions_are_printed() {
    let place = Place::new();
    let output = place.capplan(&["schema"]).output().expect("it runs");
    let schema: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert!(schema["properties"]["components"].is_object());
    for shell in ["bash", "zsh", "fish"] {
        let output = place.capplan(&["completions", shell]).output().expect("it runs");
        assert!(String::from_utf8_lossy(&output.stdout).contains("capplan"), "{shell}");
    }
}

#[test]
fn the_line_that_repeats_it_repeats_it() {
    let place = Place::new();
    let d = place.json(&["shop.yaml", "--seed", "7", "--scale", "1.2", "--precision", "10%"]);
    let line = d["run"]["repeat"].as_str().expect("a line");
    assert_eq!(
        line,
        "capplan simulate shop.yaml --scale 1.2 --seed 7 --precision 10% --max-requests 40000"
    );
    let words: Vec<&str> = line.split(' ').skip(1).chain(["--format", "json"]).collect();
    let again = place.capplan(&words).output().expect("it runs").stdout;
    let again: Value = serde_json::from_slice(&again).expect("it is JSON");
    assert_eq!(d, again);
}

/// The first Ctrl-C ends a run with what it has.
#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_run_is_partial_and_ends_with_130() {
    let place = Place::new();
    let child = Process::new(env!("CARGO_BIN_EXE_capplan"))
        .current_dir(place.0.path())
        .args(["simulate", "shop.yaml", "--max-requests", "4000000000", "--precision", "0.001%"])
        .args(["--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    // The second bit of the mask of caught signals is that of an interrupt.
    let status = format!("/proc/{}/status", child.id());
    let listens = || {
        let status = fs::read_to_string(&status).expect("the child is there");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
        u64::from_str_radix(mask.trim(), 16).expect("hexadecimal") & 2 != 0
    };
    while !listens() {
        std::thread::yield_now();
    }
    let interrupted =
        Process::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(interrupted.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let d: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&d["partial"], &d["run"]["stopped"]), (&true.into(), &"interrupted".into()));
}
