//! A comparison made by hand, with something in every field: what renderers are tested with.

use super::document::{Diff, DiffRun, InputRow, Side, Sign};
use super::{Asked, facts_of};
use crate::report::Location;
use crate::report::sample;
use crate::study::diff::{Facts, FailOn, Part, compare};
use crate::verdict::Verdict;

fn facts() -> Facts {
    facts_of(&sample::sample())
}

/// The sample with another latency and another price.
fn changed(latency: f64, total: f64) -> Facts {
    let mut facts = facts();
    for fact in &mut facts.metrics {
        let value = match fact.name.as_str() {
            "api.latency.p95" => latency,
            "cost.total" | "cost.app" => total,
            _ => continue,
        };
        let e = &mut fact.estimate;
        (e.value, e.low, e.high) = (Some(value), value * 0.98, value * 1.02);
    }
    facts
}

/// A plan of three phases: one that newly fails, one that stays, one that is new.
pub(crate) fn sample() -> Diff {
    let part = |phase: &str, end, before, after| Part {
        phase: Some(phase.to_owned()),
        end,
        before,
        after,
    };
    let mut fine = changed(0.412, 250.0);
    fine.objectives[0].verdict = Verdict::Holds;
    fine.verdict = Some(Verdict::Holds);
    fine.bottleneck = Some("app.cpu".to_owned());
    fine.headroom = Some((1.4, Some(1.45)));
    let parts = [
        part("launch", None, Some(facts()), Some(facts())),
        part("grow", Some("high"), Some(fine), Some(facts())),
        part("world", None, None, Some(facts())),
    ];
    let read = |text: &str| FailOn::parse(text).expect("it is a condition");
    let fail_on = [read("slo"), read("cost.total > +10%"), read("api.error_rate > 0.1%")];
    let side = |file: &str, commit: Option<&str>| Side {
        name: "mina scaling plan".to_owned(),
        file: file.to_owned(),
        commit: commit.map(str::to_owned),
    };
    let place = Some(Location { file: "scenarios/mina.yaml".to_owned(), line: 14, column: 9 });
    let input = |path: &str, before: Option<&str>, after: Option<&str>, sign| InputRow {
        phase: Some("grow".to_owned()),
        path: path.to_owned(),
        sign,
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        place: place.clone(),
    };
    let asked = Asked {
        base: side("HEAD~1:scenarios/mina.yaml", Some("0123456789abcdef0123456789abcdef01234567")),
        head: side("scenarios/mina.yaml", None),
        run: DiffRun {
            method: "paired",
            says: "both sides were simulated with the same random numbers".to_owned(),
            chance: 0.01,
            compared: 0,
            seed: Some(42),
            requests: 800_000,
            repeat: "capplan diff HEAD~1:scenarios/mina.yaml scenarios/mina.yaml --fail-on slo"
                .to_owned(),
        },
        inputs: vec![
            input("components.db.pool.size", Some("30"), Some("20"), Sign::Changed),
            input("slo.errors", None, Some("api.error_rate < 0.1%"), Sign::Added),
            input("alerts.old.warning", Some("a|b > 1"), None, Sign::Removed),
        ],
        notes: Vec::new(),
    };
    Diff::new(asked, &parts, &compare(&parts), &fail_on)
}
