//! A range of users is judged at both of its ends: two reports become one.

use super::{Objective, Origin, Report};

/// Joins the reports on the two ends. Every objective must hold at both; a gate is judged at the
/// upper end. Metrics carry `@low` and `@high`; all else is that of the upper end.
pub fn both_ends(low: Report, high: Report) -> Report {
    let verdict = low.verdict.and(high.verdict);
    let lower = low.objectives.into_iter().filter(|o| o.kind != Origin::Gate);
    let mut objectives: Vec<Objective> = lower.map(|o| at(o, "low")).collect();
    objectives.extend(high.objectives.into_iter().map(|o| at(o, "high")));
    let tagged = |pairs: Vec<(String, _)>, end: &str| -> Vec<(String, _)> {
        pairs.into_iter().map(|(name, figure)| (format!("{name}@{end}"), figure)).collect()
    };
    let mut metrics = tagged(low.metrics, "low");
    metrics.extend(tagged(high.metrics, "high"));
    let mut profile = high.profile;
    let both = low.profile.users.into_iter().zip(profile.users).flat_map(|(a, b)| {
        if a == b {
            vec![a]
        } else {
            vec![(format!("{}@low", a.0), a.1), (format!("{}@high", b.0), b.1)]
        }
    });
    profile.users = both.collect();
    let mut warnings = low.warnings;
    warnings.extend(high.warnings);
    let mut seen = std::collections::BTreeSet::new();
    warnings.retain(|warning| seen.insert(warning.clone()));
    let checks = low.checks.into_iter().chain(high.checks).collect();
    Report {
        profile,
        partial: low.partial || high.partial,
        verdict,
        objectives,
        metrics,
        checks,
        warnings,
        ..high
    }
}

fn at(objective: Objective, end: &str) -> Objective {
    Objective { name: format!("{}@{end}", objective.name), ..objective }
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::super::{Objective, Origin};
    use super::both_ends;
    use crate::verdict::Verdict;

    #[test]
    fn both_ends_must_hold_and_metrics_say_which_they_are_of() {
        let mut low = sample();
        low.verdict = Verdict::Holds;
        low.profile.users[0].1 = 10.0;
        let gate = Objective { kind: Origin::Gate, ..low.objectives[0].clone() };
        low.objectives.push(gate.clone());
        let mut high = sample();
        high.objectives.push(gate);
        let joined = both_ends(low, high);
        assert_eq!(joined.verdict, Verdict::Fails);
        let names: Vec<&str> = joined.metrics.iter().map(|m| m.0.as_str()).collect();
        assert_eq!(names[0], "api.latency.p95@low");
        assert!(names.contains(&"api.latency.p95@high"));
        assert_eq!(joined.profile.users[0], ("active@low".to_owned(), 10.0));
        let gates = joined.objectives.iter().filter(|o| o.kind == Origin::Gate);
        assert_eq!(gates.count(), 1, "a gate is judged at the upper end");
        assert_eq!(joined.warnings.len(), 1, "the same warning is said once");
    }
}
