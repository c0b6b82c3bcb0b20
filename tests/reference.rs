//! Every reference case at reduced precision, by the harness of `examples/reference`.

#![expect(dead_code, reason = "the example writes profiles and tables too")]

#[path = "../examples/reference/harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use harness::judge::Outcome;
use harness::{Budget, Read, Row, check, read};
use rayon::prelude::*;

/// Jobs per case, a tenth of the standard budget: half a minute of one core in the dev profile.
const JOBS: f64 = 1_000_000.0;
/// Quantities that may have no form in the language: 2 %.
const UNSUPPORTED: f64 = 0.02;

/// Jobs per case of the further models: what is compared there is their form and their mean.
const FEWER_JOBS: f64 = 200_000.0;

fn cases(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    harness::files(&dir).expect("the folder of cases")
}

/// The rows of a case file.
fn rows(path: &PathBuf, jobs: f64) -> Vec<Row> {
    let text = std::fs::read_to_string(path).expect("a case");
    match read(&text) {
        Ok(Read::Whole(case)) => check(&case, Budget { jobs, seed: 1 }).0,
        Ok(Read::Questions(_, why)) | Err(why) => panic!("{}: {why}", path.display()),
    }
}

/// Models whose answers were computed for this test: none may fail, and each has a form.
#[test]
fn further_models_agree_with_their_answers() {
    let all: Vec<(PathBuf, Vec<Row>)> = cases("tests/reference_more")
        .into_par_iter()
        .map(|path| (path.clone(), rows(&path, FEWER_JOBS)))
        .collect();
    assert!(all.len() >= 18, "{}", all.len());
    for (path, rows) in &all {
        for row in rows {
            let fine = matches!(row.outcome, Outcome::Pass | Outcome::TooFew);
            let what = (path.file_stem(), row.quantity(), &row.outcome, &row.measured);
            assert!(fine, "{what:?}");
        }
    }
}

#[test]
fn every_case_agrees_with_its_reference() {
    let all: Vec<(PathBuf, Vec<Row>)> = cases("tests/reference")
        .into_par_iter()
        .map(|path| (path.clone(), rows(&path, JOBS)))
        .collect();
    let (mut failed, mut unsupported, mut quantities) = (Vec::new(), Vec::new(), 0);
    for (path, rows) in &all {
        let case = path.file_stem().unwrap_or_default().to_string_lossy();
        for row in rows {
            quantities += 1;
            let what =
                || format!("{case} {}: {:?} {:?}", row.quantity(), row.outcome, row.measured);
            match row.outcome {
                Outcome::Fail(_) => failed.push(what()),
                Outcome::Unsupported(_) => unsupported.push(what()),
                Outcome::Pass | Outcome::Context | Outcome::TooFew => {}
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let most = (f64::from(quantities) * UNSUPPORTED) as usize;
    assert!(unsupported.len() <= most, "{}", unsupported.join("\n"));
    assert!(quantities >= 412, "{quantities}");
}

/// The command in the header of a written profile gives the row, also where a case was run longer than
/// asked for because its error was too wide.
#[test]
fn a_written_profile_repeats_its_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut compared, mut longer) = (0, 0);
    for id in ["p02-mm1-rho80", "p34-central-server-bolch-8-3", "p53-fixed-window", "p58-polling"] {
        let path = cases("tests/reference").into_iter().find(|path| {
            let stem = path.file_stem().unwrap_or_default();
            stem.to_string_lossy().starts_with(id)
        });
        let text = std::fs::read_to_string(path.expect("a case")).expect("it is readable");
        let Ok(Read::Whole(case)) = read(&text) else { panic!("{id} is read") };
        let asked = Budget { jobs: 20_000.0, seed: 5 };
        let (rows, taken) = check(&case, asked);
        longer += u32::from(taken.jobs > asked.jobs);
        let form = harness::translate::translate(&case).expect("it has a form");
        for file in harness::written::written(&case, &form, taken) {
            std::fs::write(folder.path().join(&file.name), &file.text).expect("it is written");
            let command = file.text.lines().find_map(|line| line.strip_prefix("# capplan "));
            let output = assert_cmd::Command::cargo_bin("capplan")
                .expect("the binary is built")
                .current_dir(folder.path())
                .args(command.expect("its header has the command").split_whitespace())
                .args(["--format", "json"])
                .output()
                .expect("it runs");
            let result: serde_json::Value =
                serde_json::from_slice(&output.stdout).expect("a JSON document");
            for objective in result["objectives"].as_array().into_iter().flatten() {
                let name = objective["name"].as_str().expect("a claim has a name");
                let row =
                    name.rsplit('_').next().and_then(|at| rows.get(at.parse::<usize>().ok()?));
                let row = row.expect("its name ends with the number of the row");
                if row.expect.name.starts_with("var_") {
                    continue; // The claim is about the standard deviation.
                }
                let (said, found) = (objective["value"].as_f64(), row.measured.value);
                let (said, found) = (said.expect("a value"), found.expect("a value"));
                // The document has nine digits.
                let same = (said - found).abs() <= 1e-8 * found.abs();
                assert!(same, "{id} {name}: {said} {found}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 25 && longer >= 1, "{compared} {longer}");
}

#[test]
fn a_malformed_case_is_an_error_with_its_place() {
    for (text, said) in [
        ("id: x\nmodel: [", "line"),
        ("schema: 1\nid: [1]\n", "line 2"),
        (
            "schema: 1\nid: x\nmodel_class: y\nsource: { ref: z, kind: w }\nmodel: { description: z }\n\
             expect: [ { name: mean_wait, at: q, value: .nan, kind: exact } ]\n",
            "mean_wait.value: NaN",
        ),
        ("schema: 1\nid: x\nmodel_class: y\nsource: { ref: z, kind: w }\nexpect: []\n", "model"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn what_the_schema_does_not_know_is_unsupported_by_name() {
    let text = "\
schema: 1
id: x
model_class: M/M/1
source: { ref: z, kind: closed_form }
model:
  description: a queue whose server sings
  arrivals: { process: poisson, rate: 0.5 }
  stations:
  - { name: q, servers: 1, discipline: fcfs, sings: true, service: { dist: exponential, mean: 1.0 } }
expect:
- { name: mean_wait, at: q, value: 1.0, kind: exact }
";
    match read(text) {
        Ok(Read::Questions(outline, why)) => {
            assert_eq!(outline.expect.len(), 1);
            assert!(why.contains("sings"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}
