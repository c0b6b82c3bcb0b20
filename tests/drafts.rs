//! The profiles with which the language was designed: what they use is either lowered, or named as
//! not supported yet; nothing in them is unknown or ignored.

use std::fs;
use std::path::{Path, PathBuf};

use capplan::engine::World;
use capplan::profile::{Options, Profile, Scenario};
use capplan::source::{FaultKind, Input, Severity, render};

/// Drafts that use only what is supported.
const SUPPORTED: [&str; 9] = [
    "clip/m1.yaml",
    "maxb/phase0.yaml",
    "mina/base.yaml",
    "mina/dev.yaml",
    "mina/peak.yaml",
    "mina/phase3.yaml",
    "reality/e6_mina_30.yaml",
    "reference/cases.yaml",
    "scenarios/mina_phases.yaml",
];

fn drafts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the drafts are part of the repository") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            drafts(&path, found);
        } else {
            found.push(path);
        }
    }
    found.sort();
}

/// Lowers a profile and runs a few hundred requests; the requests must add up.
fn runs(name: &str, profile: &Profile) {
    let (program, _) = profile.lower();
    let mut world = World::new(&program, 1, 0);
    world.run_requests(500, 1e6);
    assert!(world.results().balance.holds(), "{name}");
}

fn check(name: &str, input: &Input, supported: bool) {
    match Scenario::load(input, &Options::default()) {
        Ok(scenario) if supported => {
            scenario.phases.iter().for_each(|phase| runs(name, &phase.profile));
        }
        Ok(_) => panic!("{name} is supported now"),
        Err((files, faults)) => {
            let shown = render(&files, &faults, false);
            assert!(!supported, "{shown}");
            let errors = faults.iter().filter(|fault| fault.severity == Severity::Error);
            for fault in errors {
                assert_eq!(fault.kind, FaultKind::NotYet, "{shown}");
            }
        }
    }
}

#[test]
fn every_draft_is_lowered_or_refused_as_not_supported_yet() {
    let root = Path::new("tests/drafts");
    let mut found = Vec::new();
    drafts(root, &mut found);
    for path in found {
        let name = path.strip_prefix(root).expect("found below it").display().to_string();
        if name != "reference/cases.yaml" {
            check(&name, &Input::Path(path), SUPPORTED.contains(&name.as_str()));
            continue;
        }
        let text = fs::read_to_string(&path).expect("it is text");
        for case in text.split("\n---\n") {
            let name = case.lines().find_map(|l| l.strip_prefix("name: ")).unwrap_or_default();
            let input = Input::Text { name: name.to_owned(), text: case.to_owned() };
            check(name, &input, true);
        }
    }
}
