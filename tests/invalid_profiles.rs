//! Every mistake in a profile is one placed message, and all mistakes are shown at once.
//!
//! Each file under `tests/invalid_profiles/` begins with its expectation, written by hand from the
//! rules of the language, one line per fault in the order of their places:
//!
//! ```text
//! # expect: LINE:COLUMN kind, hint
//! # expect: FILE:LINE:COLUMN kind, hint      the place is in another file, or in a --set
//! # expect: nowhere kind, hint               the file itself cannot be read
//! # set: db.pool.size=0                      given as --set
//! ```
//!
//! `tests/odd_profiles/` holds profiles that load, with a warning. A word of the hint in backticks
//! must stand in the message. What the message looks like is in the
//! snapshot beside the file. Files that nobody should commit (100 MB, a million brackets) are made
//! here when the test runs.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use capplan::profile::{Options, Scenario};
use capplan::source::{self, Fault, Faults, Files, Input, Severity};

const INVALID: &str = "tests/invalid_profiles";
const ODD: &str = "tests/odd_profiles";

/// One expected fault.
#[derive(Debug)]
struct Expectation {
    place: String,
    kind: String,
    hint: String,
}

/// A file with what it expects.
struct Case {
    path: PathBuf,
    name: String,
    sets: Vec<String>,
    expected: Vec<Expectation>,
}

/// All cases of a folder, in order of their names.
fn cases(folder: &str) -> Vec<Case> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let head = if path.is_dir() { path.join(".keep") } else { path.clone() };
    let bytes = fs::read(head).expect("it can be read");
    let text = String::from_utf8_lossy(&bytes);
    let comments = |key: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| line.starts_with('#'));
        lines.filter_map(|line| line.strip_prefix(key)).map(|rest| rest.trim().to_owned()).collect()
    };
    let expected = comments("# expect:").iter().map(|line| expectation(line, &path)).collect();
    let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
    Case { path, name, sets: comments("# set:"), expected }
}

fn expectation(line: &str, path: &Path) -> Expectation {
    let (place, rest) = line.split_once(' ').expect("a place and a kind");
    let (kind, hint) = rest.split_once(", ").unwrap_or((rest, ""));
    let place = if place.matches(':').count() == 1 {
        format!("{}:{place}", path.display())
    } else if place.starts_with("--set") || place == "nowhere" {
        place.to_owned()
    } else {
        format!("{INVALID}/{place}")
    };
    Expectation { place, kind: kind.to_owned(), hint: hint.to_owned() }
}

/// The errors of a profile that must not load.
fn faults(input: &Input, sets: &[String]) -> Option<(Files, Faults)> {
    let options = Options { sets: sets.to_vec(), ..Options::default() };
    Scenario::load(input, &options).err()
}

/// Where a fault is, as expectations write it.
fn place(files: &Files, fault: &Fault) -> String {
    match fault.place {
        Some(place) => format!("{}:{}:{}", files.name(place.file), place.line, place.column),
        None => "nowhere".to_owned(),
    }
}

/// What is wrong with these faults of a case; empty when they are as expected.
fn difference(case: &Case, files: &Files, faults: &Faults, severity: Severity) -> String {
    let found: Vec<&Fault> = faults.iter().filter(|fault| fault.severity == severity).collect();
    let places: Vec<(String, &str)> =
        found.iter().map(|fault| (place(files, fault), fault.kind.word())).collect();
    let expected: Vec<(String, &str)> =
        case.expected.iter().map(|e| (e.place.clone(), e.kind.as_str())).collect();
    if places != expected {
        let shown = source::render(files, faults, false);
        return format!(
            "\n{}:\n  expected {expected:?}\n  found    {places:?}\n{shown}",
            case.name
        );
    }
    let mut wrong = String::new();
    for (fault, expectation) in found.iter().zip(&case.expected) {
        let said = format!(
            "{} {} {}",
            fault.message,
            fault.expected.as_deref().unwrap_or_default(),
            fault.hint.as_deref().unwrap_or_default()
        );
        for word in expectation.hint.split('`').skip(1).step_by(2) {
            if !said.contains(word) {
                let _ = writeln!(wrong, "\n{}: does not say `{word}`: {said}", case.name);
            }
        }
    }
    wrong
}

#[test]
fn each_mistake_is_found_at_the_place_that_was_written_down_by_hand() {
    let mut wrong = String::new();
    let cases = cases(INVALID);
    assert!(cases.len() >= 70, "only {} files", cases.len());
    for case in &cases {
        let found = match faults(&Input::Path(case.path.clone()), &case.sets) {
            Some((files, faults)) => difference(case, &files, &faults, Severity::Error),
            None => format!("\n{}: is taken for valid\n", case.name),
        };
        wrong.push_str(&found);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_oddity_is_a_warning_at_its_place() {
    let mut wrong = String::new();
    for case in &cases(ODD) {
        let options = Options { sets: case.sets.clone(), ..Options::default() };
        let found = match Scenario::load(&Input::Path(case.path.clone()), &options) {
            Ok(scenario) => {
                difference(case, &scenario.files, &scenario.warnings, Severity::Warning)
            }
            Err((files, faults)) => {
                format!("\n{}:\n{}", case.name, source::render(&files, &faults, false))
            }
        };
        wrong.push_str(&found);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_message_is_as_it_was() {
    insta::with_settings!({
        snapshot_path => "invalid_profiles",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for case in cases(INVALID) {
            if let Some((files, faults)) = faults(&Input::Path(case.path), &case.sets) {
                insta::assert_snapshot!(case.name, source::render(&files, &faults, false));
            }
        }
    });
}

/// Runs `work` on a thread of its own and gives up after two minutes: a guard against a hang, far
/// above what any of them takes.
fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(work());
    });
    receiver.recv_timeout(Duration::from_secs(120)).expect("it ends within two minutes")
}

/// Loads a text and returns the rendered faults.
fn rendered(text: String) -> String {
    bounded(move || {
        let input = Input::Text { name: "hostile.yaml".to_owned(), text };
        let (files, faults) = faults(&input, &[]).expect("it must not load");
        source::render(&files, &faults, false)
    })
}

#[test]
fn a_million_brackets_are_refused_without_a_stack_overflow() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")] {
        let text = format!("{}{}", open.repeat(1_000_000), close.repeat(1_000_000));
        let said = rendered(text);
        assert!(said.len() < 10_000, "{} characters for {open}", said.len());
    }
    let mut text = String::from("capplan: 1\n");
    for depth in 0..2_000 {
        let _ = writeln!(text, "{}a:", " ".repeat(depth));
    }
    assert!(rendered(text).contains("deep"));
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let line = "# a comment of sixty-four characters, line after line after line\n";
    let path = folder.path().join("huge.yaml");
    fs::write(&path, line.repeat(100_000_000 / line.len())).expect("space for it");
    let said = bounded(move || {
        let (files, faults) = faults(&Input::Path(path), &[]).expect("it must not load");
        source::render(&files, &faults, false)
    });
    assert!(said.contains("MiB"), "{said}");
    assert!(said.len() < 10_000);
}

#[test]
fn an_empty_file_and_one_of_zeros_are_refused() {
    assert!(rendered(String::new()).contains("empty"));
    assert!(!rendered("\0".repeat(4096)).is_empty());
}

#[test]
fn a_hundred_thousand_mistakes_stay_readable() {
    let mut text = String::from("capplan: 1\n");
    for number in 0..100_000 {
        let _ = writeln!(text, "unknown_{number}: 1");
    }
    assert!(rendered(text).len() < 1_000_000);
}

#[test]
fn one_line_of_ten_megabytes_does_not_flood_the_terminal() {
    let text = format!("capplan: 1\nname: {}\ntraffic: 7\n", "x".repeat(4_000_000));
    assert!(rendered(text).len() < 100_000);
    let text = format!("capplan: 1\ntraffic: {{ api: {{ rate: {}/s }} }}\n", "9".repeat(4_000_000));
    assert!(rendered(text).len() < 100_000);
}
