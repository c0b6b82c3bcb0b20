//! The pipeline of this repository, end to end: the steps of the workflow file itself, run in a git
//! repository of their own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Two phases of one service; both hold, the second with little room: utilization 0.6.
const PLAN: &str = "\
capplan: 1
name: shop plan
run: { warmup: 20s, duration: 200s, replications: 4 }
traffic: { web: { rate: 0.01/s/active, mix: page } }
components:
  app: { type: service, runtime: process, workers: 1, cores: 1, price: $10/mo }
endpoints:
  page: { steps: [ { cpu: exp(20ms) } ] }
slo: { fast: web.latency.p95 < 250ms }
cost: { budget: $30/mo }
phases:
  launch: { users: { active: 500 } }
  grow:   { users: { active: 6000 }, components: { app: { workers: 2, cores: 2 } } }
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A repository whose `main` holds the plan, with the pipeline's files.
struct Repository {
    folder: TempDir,
    base: String,
}

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let repository = Self { folder, base: String::new() };
        fs::create_dir_all(repository.path("scenarios")).expect("it is writable");
        fs::create_dir_all(repository.path(".github")).expect("it is writable");
        let script = ".github/capacity.sh";
        fs::copy(root().join(script), repository.path(script)).expect("the script is there");
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.commit("scenarios/shop.yaml", PLAN);
        let base = repository.git(&["rev-parse", "HEAD"]).trim().to_owned();
        Self { base, ..repository }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.folder.path())
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.org"])
            .args(arguments)
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn commit(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("it is writable");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a change"]);
    }
}

/// What a pipeline did.
struct Ran {
    code: i32,
    log: String,
    summary: String,
}

/// Runs the jobs of the workflow file on the head of a repository, step by step, as the runner does.
fn workflow(repository: &Repository) -> Ran {
    let text = fs::read_to_string(root().join(".github/workflows/capacity.yml"));
    let workflow: Value =
        serde_yaml::from_str(&text.expect("the workflow is there")).expect("it is YAML");
    let job = &workflow["jobs"]["compare"];
    let known = [("github.event.pull_request.base.sha || github.event.before", &*repository.base)];
    let mut environment = environment(&[&workflow["env"], &job["env"]], &known);
    environment.insert("CAPPLAN".to_owned(), env!("CARGO_BIN_EXE_capplan").to_owned());
    steps(repository, job["steps"].as_array().expect("the job has steps"), &environment, &known)
}

/// Runs the steps of the composite action with its default inputs and a binary.
fn action(repository: &Repository) -> Ran {
    let text = fs::read_to_string(root().join("action.yml")).expect("the action is there");
    let action: Value = serde_yaml::from_str(&text).expect("it is YAML");
    let input = |name: &str| action["inputs"][name]["default"].as_str().expect("it has a default");
    let known = [
        ("inputs.base", &*repository.base),
        ("inputs.scenarios", input("scenarios")),
        ("inputs.fail-on", input("fail-on")),
        ("inputs.flags", input("flags")),
        ("inputs.capplan", env!("CARGO_BIN_EXE_capplan")),
    ];
    let mut environment = BTreeMap::new();
    environment.insert("GITHUB_ACTION_PATH".to_owned(), root().display().to_string());
    let steps_of = action["runs"]["steps"].as_array().expect("it has steps");
    steps(repository, steps_of, &environment, &known)
}

/// Values of `env` maps; expressions are looked up.
fn environment(maps: &[&Value], known: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, value) in maps.iter().filter_map(|map| map.as_object()).flatten() {
        let text = value.as_str().expect("values are texts");
        let value = match text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(expression) => {
                known
                    .iter()
                    .find(|(name, _)| *name == expression.trim())
                    .unwrap_or_else(|| panic!("this test does not know {expression}"))
                    .1
            }
            None => text,
        };
        all.insert(name.clone(), value.to_owned());
    }
    all
}

fn steps(
    repository: &Repository,
    steps: &[Value],
    environment: &BTreeMap<String, String>,
    known: &[(&str, &str)],
) -> Ran {
    let summary = repository.path(".git/summary.md");
    fs::write(&summary, "").expect("it is writable");
    let mut ran = Ran { code: 0, log: String::new(), summary: String::new() };
    for step in steps {
        let runs = match step["if"].as_str() {
            None => ran.code == 0,
            Some("always()") => true,
            Some("inputs.capplan == ''") => false,
            Some(other) => panic!("this test does not know the condition {other}"),
        };
        if !runs {
            continue;
        }
        if let Some(uses) = step["uses"].as_str() {
            match uses.split('@').next().expect("a split has a first part") {
                // The repository is there, with its history if that was asked for.
                "actions/checkout" => assert_eq!(step["with"]["fetch-depth"].to_string(), "0"),
                "actions/upload-artifact" => {
                    let path = step["with"]["path"].as_str().expect("it names a path");
                    let kept = fs::read_dir(repository.path(path)).expect("the folder is there");
                    assert!(kept.count() >= 4, "results in every format are kept");
                }
                other => panic!("this test does not know what {other} does"),
            }
            continue;
        }
        let script = step["run"].as_str().expect("a step uses or runs something");
        let output: Output = Command::new("bash")
            .current_dir(repository.folder.path())
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script])
            .envs(environment)
            .envs(self::environment(&[&step["env"]], known))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env_remove("COLUMNS")
            .output()
            .expect("bash is installed");
        ran.log.push_str(&String::from_utf8_lossy(&output.stdout));
        ran.log.push_str(&String::from_utf8_lossy(&output.stderr));
        if ran.code == 0 {
            ran.code = output.status.code().expect("it was not killed");
        }
    }
    ran.summary = fs::read_to_string(&summary).expect("it was written");
    ran
}

#[test]
fn a_comment_only_change_is_no_change() {
    let repository = Repository::new();
    repository.commit("scenarios/shop.yaml", &format!("# a remark\n{PLAN}# and another\n"));
    for ran in [workflow(&repository), action(&repository)] {
        assert_eq!(ran.code, 0, "{}", ran.log);
        assert!(ran.summary.contains("no change"), "{}", ran.summary);
        assert!(!ran.log.contains("::error"), "{}", ran.log);
    }
}

#[test]
fn a_phase_that_fails_its_objective_ends_with_1_and_is_named() {
    let repository = Repository::new();
    // 1.2 instead of 0.6 of two cores in the second phase; the first has room enough.
    repository.commit("scenarios/shop.yaml", &PLAN.replace("exp(20ms)", "exp(40ms)"));
    let ran = workflow(&repository);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.summary.starts_with("<!-- capplan:diff scenarios/shop.yaml -->"));
    for text in [&ran.summary, &ran.log] {
        assert!(text.contains("in phase grow"), "{text}");
        assert!(text.contains("newly fails"), "{text}");
    }
    assert!(!ran.summary.contains("in phase launch"), "{}", ran.summary);
    let line = 1 + PLAN.lines().position(|line| line.starts_with("slo:")).expect("it is there");
    let annotation = format!("::error file=scenarios/shop.yaml,line={line},");
    assert!(ran.log.contains(&annotation), "{}", ran.log);
    assert!(ran.summary.contains("exp(20ms)") && ran.summary.contains("exp(40ms)"));
}

#[test]
fn a_phase_that_exceeds_its_budget_ends_with_1_and_is_named() {
    let repository = Repository::new();
    let dearer = PLAN.replace("workers: 2, cores: 2", "workers: 2, cores: 2, price: $40/mo");
    repository.commit("scenarios/shop.yaml", &dearer);
    let ran = workflow(&repository);
    assert_eq!(ran.code, 1, "{}", ran.log);
    assert!(ran.summary.contains("budget") && ran.summary.contains("in phase grow"));
    assert!(ran.log.contains("$10.00/mo -> $40.00/mo"), "{}", ran.log);
}

#[test]
fn a_change_that_breaks_nothing_is_shown_and_ends_with_0() {
    let repository = Repository::new();
    repository.commit("scenarios/shop.yaml", &PLAN.replace("exp(20ms)", "exp(19ms)"));
    let ran = workflow(&repository);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.log.contains("CHANGED") && ran.log.contains("web.latency.p95"), "{}", ran.log);
}

#[test]
fn a_new_scenario_is_shown_as_it_is_and_one_that_cannot_be_read_ends_with_2() {
    let repository = Repository::new();
    repository.commit("scenarios/new.yaml", PLAN);
    let ran = workflow(&repository);
    assert_eq!(ran.code, 0, "{}", ran.log);
    assert!(ran.summary.contains("<!-- capplan:phases scenarios/new.yaml -->"));
    repository.commit("scenarios/shop.yaml", "capplan: 1\nnonsense: true\n");
    let ran = workflow(&repository);
    assert_eq!(ran.code, 2, "{}", ran.log);
    assert!(ran.log.contains("nonsense"), "{}", ran.log);
}
