//! What the analytic solver calls exact, of the quantities of a case.

use capplan::analytic::{Solution, solution::Status, solve};
use capplan::expr::Names;
use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Program};
use capplan::source::Input;
use capplan::study::theory::expected;

use super::Case;
use super::case::Expect;
use super::measure::need;
use super::translate::{Kind, Setup, probe, translate};

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

/// What is claimed of a case: the quantity with its reference, and the solver's value.
pub(crate) fn claims(case: &Case) -> Vec<(Expect, f64)> {
    let Ok(form) = translate(case) else { return Vec::new() };
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

/// Difference as a share of the reference, of 1e-6 at least.
pub(crate) fn difference(expect: &Expect, value: f64) -> f64 {
    (value - expect.value).abs() / expect.value.abs().max(1e-6)
}

/// The claims of all cases, as Markdown: a line per case.
pub(crate) fn document(cases: &[&Case]) -> String {
    let mut lines = vec![
        "| case | model class | quantities | called exact | largest difference |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    let (mut all, mut claimed) = (0, 0);
    for case in cases {
        let targets = case.expect.iter().filter(|expect| !expect.is_context()).count();
        let claims = claims(case);
        let worst = claims.iter().map(|(expect, value)| difference(expect, *value));
        let worst = match worst.fold(f64::NEG_INFINITY, f64::max) {
            worst if worst.is_finite() => format!("{worst:.1e}"),
            _ => "-".to_owned(),
        };
        let (id, class) = (&case.id, &case.model_class);
        lines.push(format!("| {id} | {class} | {targets} | {} | {worst} |", claims.len()));
        (all, claimed) = (all + targets, claimed + claims.len());
    }
    lines.push(String::new());
    lines.push(format!("{claimed} of {all} quantities are called exact."));
    lines.join("\n") + "\n"
}
