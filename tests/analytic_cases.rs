//! The analytic solver against every reference case: whatever it calls exact agrees with the
//! reference to six digits, and it recognises most of what theory can say.

#![expect(dead_code, reason = "the harness runs cases too")]

#[path = "../examples/reference/harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use capplan::analytic::{Solution, solution::Status, solve};
use capplan::expr::Names;
use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Program};
use capplan::source::Input;
use capplan::study::theory::expected;
use harness::case::Expect;
use harness::measure::need;
use harness::translate::{Kind, Setup, probe, translate};
use harness::{Read, read};

/// Relative error of what is called exact, besides the reference's own.
const TOLERANCE: f64 = 1e-6;
/// Quantities that are recognised as exact: fewer would mean that a law has been lost.
const CLAIMED: usize = 250;

fn files() -> Vec<PathBuf> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let entries = std::fs::read_dir(dir).expect("the folder of cases");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// A profile of a case, solved.
struct Solved {
    program: Program,
    catalogue: Catalogue,
    solution: Solution,
}

impl Solved {
    fn new(setup: &Setup) -> Option<Self> {
        let input = Input::Text { name: "case.yaml".to_owned(), text: setup.draft.text() };
        let profile = Profile::load(&input, &Options::default()).ok()?;
        let (program, catalogue) = profile.lower();
        let solution = solve(&program);
        Some(Self { program, catalogue, solution })
    }

    /// The metric's value, when it is called exact.
    fn exact(&self, metric: &str) -> Option<f64> {
        let need = need(metric, &Names::of(&self.catalogue)).ok()?;
        if need.during.is_some() {
            return None;
        }
        let value = expected(&self.solution, &self.program, &need.measure, need.statistic)?;
        (value.status == Status::Exact).then_some(value.value)
    }
}

/// What is claimed of a case: (quantity, reference, value).
fn claims(path: &Path) -> Vec<(Expect, f64)> {
    let text = std::fs::read_to_string(path).expect("a case");
    let Ok(Read::Whole(case)) = read(&text) else { panic!("{}: not read", path.display()) };
    let Ok(form) = translate(&case) else { return Vec::new() };
    let solved: Vec<Option<Solved>> = form
        .runs
        .iter()
        .map(|setup| (setup.kind == Kind::Steady).then(|| Solved::new(setup)).flatten())
        .collect();
    let mut claims = Vec::new();
    for expect in case.expect.iter().filter(|expect| !expect.is_context()) {
        let Ok(probe) = probe(&form, expect) else { continue };
        let Some(Some(solved)) = solved.get(probe.run) else { continue };
        let values: Option<Vec<f64>> = probe.metrics.iter().map(|m| solved.exact(m)).collect();
        claims.extend(values.map(|values| (expect.clone(), probe.how.value(&values))));
    }
    claims
}

#[test]
fn what_is_called_exact_agrees_with_the_reference() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in files() {
        let claims = claims(&path);
        let case = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (expect, value) in claims {
            count += 1;
            // A simulated reference is not exact itself.
            let room = TOLERANCE + 4.0 * expect.ref_rel_error;
            let scale = expect.value.abs().max(1e-6);
            if (value - expect.value).abs() > room * scale {
                let Expect { name, at, value: reference, .. } = &expect;
                wrong.push(format!("{case} {name}@{at}: {value} is not {reference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= CLAIMED, "{count}");
}
