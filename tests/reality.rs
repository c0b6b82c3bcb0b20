//! Measurements of a real web stack stay predicted: the harness of `examples/reality` at reduced precision.
//!
//! `tests/reality/` holds the points and the README that describes how they were measured; the full table
//! is `cargo run --release --example reality -- tests/reality`.

#![allow(dead_code, reason = "the harness uses the rest")]

#[path = "../examples/reality/bind.rs"]
mod bind;
#[path = "../examples/reality/constants.rs"]
mod constants;
#[path = "../examples/reality/point.rs"]
mod point;
#[path = "../examples/reality/predict.rs"]
mod predict;
#[path = "../examples/reality/score.rs"]
mod score;
#[path = "../examples/reality/table.rs"]
mod table;
#[path = "../examples/reality/translate.rs"]
mod translate;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use point::{Point, median};
use predict::{Effort, predict};
use score::Row;
use translate::{Choice, translate};

const FOLDER: &str = "tests/reality";
/// The median of so many runs has 1.25/√24 of a single run's standard error.
const EFFORT: Effort = Effort { seed: 7, runs: 24 };
/// Latencies may lie so much farther from the measurement than 10 % or its noise (5 to 95 %, so 1.645
/// standard errors): four standard errors of the median of the simulated runs.
const MARGIN: f64 = 4.0 * 1.25 / 4.9 / 1.645;

fn points() -> Vec<Point> {
    let points = point::read_all(Path::new(FOLDER)).expect("the folder is readable");
    let points: Vec<Point> =
        points.into_iter().map(|point| point.expect("it is readable")).collect();
    assert!(points.len() >= 23, "{}", points.len());
    points
}

/// All comparisons, made once for all tests.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(compared)
}

fn compared() -> Vec<Row> {
    let rows = |point: &Point| {
        let prediction = predict(&point.id, &point.known, None, EFFORT).expect("it is translated");
        score::rows(point, &prediction)
    };
    points().iter().flat_map(rows).collect()
}

/// The bounds that VALIDATION.md states, with the margin of fewer runs: the p95 of every point whose
/// demands are known within the larger of 10 % and the noise, their median error below 5 %; of those
/// that draw CPU nine of ten; every qualitative verdict right.
#[test]
fn predictions_stay_within_their_bounds() {
    let rows = rows();
    let mut wrong = String::new();
    let p95s = |known: bool| {
        let of =
            move |row: &&Row| row.figure == "p95" && score::has_known_demands(&row.group) == known;
        rows.iter().filter(of)
    };
    for known in [true, false] {
        let errors: Vec<f64> = p95s(known).filter_map(|row| row.error).map(f64::abs).collect();
        let middle = median(errors).expect("there are such points");
        if middle > 0.05 {
            let _ = writeln!(wrong, "median error of the p95, demands known {known}: {middle}");
        }
    }
    for row in p95s(true) {
        let (error, noise) = (row.error.unwrap_or(0.0).abs(), row.noise.unwrap_or(0.0));
        if error > noise.max(score::WITHIN) + MARGIN * noise {
            let _ = writeln!(wrong, "{} {}: {error} noise {noise}", row.id, row.figure);
        }
    }
    let drawn: Vec<bool> = p95s(false).map(|row| row.within).collect();
    if drawn.iter().filter(|within| !**within).count() * 10 > drawn.len() + 9 {
        let _ = writeln!(wrong, "p95 of points that draw CPU: {drawn:?}");
    }
    let words = ["what binds", "recovers", "hit ratio"];
    for row in rows.iter().filter(|row| words.contains(&row.figure) && !row.within) {
        let _ =
            writeln!(wrong, "{} {}: {} not {}", row.id, row.figure, row.predicted, row.measured);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A prediction cannot know the answer: with another answer in the file the profile is the same.
#[test]
fn a_profile_does_not_depend_on_what_was_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(FOLDER).expect("the folder is there") {
        let path = entry.expect("it is readable").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("it is readable");
            let cut = text.find("\nmeasured:").expect("it has an answer");
            let name = path.file_name().expect("a file has a name");
            let text = format!("{}\nmeasured: {{ repeats: 0 }}\n", &text[..cut]);
            std::fs::write(folder.path().join(name), text).expect("it is writable");
        }
    }
    let blind = point::read_all(folder.path()).expect("the folder is readable");
    let blind: Vec<Point> = blind.into_iter().map(|point| point.expect("still a point")).collect();
    let yaml = |point: &Point| {
        translate(&point.id, &point.known, Choice::default()).expect("it is translated").yaml
    };
    for (point, blind) in points().iter().zip(&blind) {
        assert_eq!(yaml(point), yaml(blind), "{}", point.id);
    }
}

/// The name decides nothing: the same fields under another name give the same profile but for its title.
#[test]
fn a_profile_does_not_depend_on_the_name() {
    for point in points() {
        let yaml = |id: &str| {
            translate(id, &point.known, Choice::default()).expect("it is translated").yaml
        };
        assert_eq!(yaml("other"), yaml(&point.id).replacen(&point.id, "other", 1));
    }
}

/// Leaving a constant out changes the profiles of the points that use it, and no others.
#[test]
fn each_constant_is_used_and_can_be_left_out() {
    for constant in constants::Constant::ALL {
        if constant == constants::Constant::CpuSpread {
            continue; // It changes the interval only.
        }
        let mut used = 0;
        for point in points() {
            let whole = translate(&point.id, &point.known, Choice::default()).expect("translated");
            let choice = Choice { without: Some(constant), ..Choice::default() };
            let without = translate(&point.id, &point.known, choice).expect("translated");
            let uses = whole.uses(constant);
            used += u32::from(uses);
            // What is assumed is listed at the end; before it the system itself must differ.
            let system = |yaml: &str| yaml.split("\nassumptions:").next().map(str::to_owned);
            let differs = system(&whole.yaml) != system(&without.yaml);
            assert_eq!(uses, differs, "{} {constant:?}", point.id);
        }
        assert!(used > 0, "{constant:?}");
    }
}

/// VALIDATION.md holds what the harness prints: the constants to the letter, and of every comparison the
/// measured side; the predicted side is compared by `predictions_stay_within_their_bounds`.
#[test]
fn the_published_tables_are_those_of_the_harness() {
    let published = std::fs::read_to_string("VALIDATION.md").expect("it is part of the repository");
    for line in table::constants(true).lines() {
        assert!(published.contains(line), "regenerate the tables: {line}");
    }
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
    };
    let published: Vec<Vec<String>> =
        published.lines().map(cells).filter(|cells| cells.len() == 7).collect();
    for row in table::rows(rows(), true).lines().skip(2).map(cells) {
        let same = |known: &&Vec<String>| known[0] == row[0] && known[1] == row[1];
        let known = published.iter().find(same).unwrap_or_else(|| panic!("missing: {row:?}"));
        assert_eq!((&known[2], &known[5]), (&row[2], &row[5]), "{row:?}");
    }
}

/// Without an answer a point is predicted all the same, and a field that has no part in the prediction is
/// named; a file that is no point does not keep the others from being read.
#[test]
fn a_point_without_an_answer_is_predicted_and_says_what_it_ignores() {
    let text = std::fs::read_to_string(Path::new(FOLDER).join("e1_c4_exp_50.yaml"));
    let text = text.expect("it is readable");
    let known = &text[..text.find("\nmeasured:").expect("it has an answer")];
    let known = known.replace("app_cores: 1", "app_cores: 1\n  accept_mutex: true");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.yaml"), known).expect("it is writable");
    std::fs::write(folder.path().join("b.yaml"), "id: [").expect("it is writable");
    let read = point::read_all(folder.path()).expect("the folder is readable");
    let [Ok(point), Err(_)] = &read[..] else { panic!("one point and one fault: {read:?}") };
    let prediction = predict(&point.id, &point.known, None, EFFORT).expect("it is translated");
    assert_eq!(prediction.translated.ignored, ["/config/accept_mutex"]);
    let rows = score::rows(point, &prediction);
    let p95 = rows.iter().find(|row| row.figure == "p95").expect("a row");
    assert!(p95.measured == "-" && p95.error.is_none() && p95.predicted.ends_with("ms"), "{p95:?}");
}

/// Where the answer is uncertain its interval is no wider than a factor of two around its centre, and
/// holds what is predicted.
#[test]
fn intervals_are_no_wider_than_a_factor_of_two_around_their_centre() {
    let mut seen = 0;
    for point in points() {
        let of = predict(&point.id, &point.known, None, EFFORT).expect("it is translated");
        let Some(interval) = &of.interval else { continue };
        let pairs = [
            (interval.mean, of.mean),
            (interval.p50, of.p50),
            (interval.p95, of.p95),
            (interval.p99, of.p99),
        ];
        for ((low, high), predicted) in pairs {
            let holds = (low..=high).contains(&predicted.median);
            assert!(high <= 4.0 * low && holds, "{}: {low} {predicted:?} {high}", point.id);
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}
