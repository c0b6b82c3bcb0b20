//! The analytic solver against every reference case: whatever it calls exact agrees with the
//! reference to six digits, and it recognises most of what theory can say.

#![expect(dead_code, reason = "the harness runs cases too")]

#[path = "../examples/reference/harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

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
