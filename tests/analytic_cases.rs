//! The analytic solver against every reference case: whatever it calls exact agrees with the
//! reference to six digits, and it recognises most of what theory can say.

#![expect(dead_code, reason = "the harness runs cases too")]

#[path = "../examples/reference/harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use capplan::analytic::solve;
use capplan::expr::Names;
use capplan::profile::{Options, Profile};
use capplan::source::Input;
use capplan::study::theory::expected;

use harness::case::Expect;
use harness::exact::{claims, difference};
use harness::{Read, read};

/// Relative error of what is called exact, besides the reference's own.
const TOLERANCE: f64 = 1e-6;
/// Quantities that are recognised as exact: fewer would mean that a law has been lost.
const CLAIMED: usize = 330;

fn cases() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    harness::files(&dir).expect("the folder of cases")
}

#[test]
fn what_is_called_exact_agrees_with_the_reference() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for path in cases() {
        let text = std::fs::read_to_string(&path).expect("a case");
        let Ok(Read::Whole(case)) = read(&text) else { panic!("{}: not read", path.display()) };
        for (expect, value) in claims(&case) {
            count += 1;
            // A simulated reference is not exact itself.
            if difference(&expect, value) > TOLERANCE + 4.0 * expect.ref_rel_error {
                let Expect { name, at, value: reference, .. } = &expect;
                wrong.push(format!("{} {name}@{at}: {value} is not {reference}", case.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= CLAIMED, "{count}");
}

/// What the solver says of layers (workers held while they wait for a connection) is an approximation:
/// the largest error of each quantity over the four cases, as docs/analysis.md states it.
#[test]
fn layers_are_as_far_off_as_the_documentation_says() {
    let mut worst: Vec<(String, f64, usize)> = Vec::new();
    for path in cases() {
        let text = std::fs::read_to_string(&path).expect("a case");
        let Ok(Read::Whole(case)) = read(&text) else { panic!("{}: not read", path.display()) };
        if !["p59", "p60", "p63", "p64"].iter().any(|id| case.id.starts_with(id)) {
            continue;
        }
        let form = harness::translate::translate(&case).expect("a form");
        let text = form.runs[0].draft.text();
        let input = Input::Text { name: "case.yaml".to_owned(), text };
        let profile = Profile::load(&input, &Options::default()).expect("a profile");
        let (program, catalogue) = profile.lower();
        let (solution, names) = (solve(&program), Names::of(&catalogue));
        for expect in case.expect.iter().filter(|expect| !expect.is_context()) {
            let Ok(probe) = harness::translate::probe(&form, expect) else { continue };
            if probe.run != 0 {
                continue;
            }
            let value = |metric: &String| {
                let need = harness::measure::need(metric, &names).ok()?;
                Some(expected(&solution, &program, &need.measure, need.statistic)?.value)
            };
            let values: Option<Vec<f64>> = probe.metrics.iter().map(value).collect();
            let Some(values) = values else { continue };
            let off = (probe.how.value(&values) / expect.value - 1.0).abs();
            match worst.iter_mut().find(|w| w.0 == expect.name) {
                Some(known) => (known.1, known.2) = (known.1.max(off), known.2 + 1),
                None => worst.push((expect.name.clone(), off, 1)),
            }
        }
    }
    for (name, most, count) in LAYERS {
        let found = worst.iter().find(|w| w.0 == name);
        let (_, off, cases) = found.unwrap_or_else(|| panic!("nothing is said of {name}"));
        assert!(*off <= most && *off > 0.5 * most, "{name}: off by {off}, not up to {most}");
        assert_eq!(*cases, count, "{name}");
    }
}

/// Quantity of layers, largest error, and how many of the cases have it.
const LAYERS: [(&str, f64, usize); 3] =
    [("throughput", 0.003, 3), ("mean_sojourn", 0.06, 4), ("mean_wait", 0.6, 2)];
