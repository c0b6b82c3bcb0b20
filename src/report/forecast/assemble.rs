//! From what phases bear and how users grow to months.

use super::{Breaks, ForecastMonth, ForecastPhase, GrowthRow, Moment};
use crate::dist::Growth;
use crate::report::phases::Amount;
use crate::study::breakpoints::{Bracket, Probe, cost_at};
use crate::units::MONTH_S;

/// What a study found about a plan under growth.
#[derive(Clone, Debug)]
pub struct Course {
    /// Users over months.
    pub law: Growth,
    /// Draws of it, where it is uncertain.
    pub draws: Vec<Growth>,
    /// How far to look.
    pub months: u32,
    /// In the order of the plan.
    pub phases: Vec<PhaseCourse>,
    /// The growth of every population, as it is written.
    pub names: Vec<GrowthRow>,
}

/// What a study found about one phase.
#[derive(Clone, Debug)]
pub struct PhaseCourse {
    /// Its name.
    pub name: String,
    /// The users that the plan has it for.
    pub up_to: Option<f64>,
    /// Where its first objective breaks.
    pub breaks: Bracket,
    /// Where it passes its budget.
    pub over_budget: Option<Bracket>,
    /// From decision to service.
    pub lead_time_s: Option<(f64, f64)>,
    /// When the plan has it.
    pub planned_s: Option<(f64, f64)>,
    /// What was simulated, in order of the users.
    pub probes: Vec<Probe>,
}

/// Part of the draws that lies outside of a range, at each side.
const OUTSIDE: f64 = 0.05;

/// The rows of the phases and of the months.
pub fn rows(course: &Course) -> (Vec<ForecastPhase>, Vec<ForecastMonth>) {
    let last = course.phases.len().saturating_sub(1);
    let phases = course.phases.iter().enumerate().map(|(i, phase)| {
        let outgrown = match phase.up_to {
            Some(users) if i < last => course.moment(users, users),
            _ => Moment::default(),
        };
        let breaks = course.breaks(&phase.breaks);
        let over_budget = phase.over_budget.as_ref().map(|bracket| course.breaks(bracket));
        let moments = [Some(outgrown), Some(breaks.when), over_budget.as_ref().map(|b| b.when)];
        let next_needed = first(moments.into_iter().flatten());
        let next = course.phases.get(i + 1);
        let lead = next.and_then(|next| next.lead_time_s);
        ForecastPhase {
            name: phase.name.clone(),
            up_to_users: phase.up_to,
            outgrown,
            breaks,
            over_budget,
            next_needed,
            start_next: lead.map(|lead| next_needed.before(lead)),
            next_lead_time_s: lead,
            planned_s: phase.planned_s,
        }
    });
    (phases.collect(), (0..=course.months).map(|month| course.month(month)).collect())
}

impl Course {
    /// When there are so many users: it holds up to `holds` and is broken at `breaks`.
    fn moment(&self, holds: f64, breaks: f64) -> Moment {
        // Broken at the least number that was tried: the phase serves nobody below it.
        let holds = if holds > 0.0 { holds } else { breaks };
        let end = f64::from(self.months);
        let within = |month: Option<f64>| month.filter(|month| *month <= end);
        let middle = (holds.max(1.0) * breaks.max(1.0)).sqrt().min(breaks);
        let (early, late) = (self.reach(holds, OUTSIDE), self.reach(breaks, 1.0 - OUTSIDE));
        Moment {
            month: within(self.law.reaches(middle)),
            earliest: within(early),
            latest: within(late),
        }
    }

    /// The month at which there are so many users, with this part of the draws before it.
    fn reach(&self, users: f64, part: f64) -> Option<f64> {
        if self.draws.is_empty() {
            return self.law.reaches(users);
        }
        let reached = |law: &Growth| law.reaches(users).unwrap_or(f64::INFINITY);
        let month = quantile(self.draws.iter().map(reached).collect(), part);
        month.is_finite().then_some(month)
    }

    fn breaks(&self, bracket: &Bracket) -> Breaks {
        Breaks {
            what: bracket.what.clone(),
            holds_users: bracket.holds,
            breaks_users: bracket.breaks,
            when: bracket.breaks.map_or(Moment::default(), |at| self.moment(bracket.holds, at)),
        }
    }

    fn month(&self, month: u32) -> ForecastMonth {
        let at = f64::from(month);
        let users = self.law.at(at);
        let all = || self.draws.iter().map(|law| law.at(at)).collect::<Vec<f64>>();
        let (users_low, users_high) = if self.draws.is_empty() {
            (users, users)
        } else {
            (quantile(all(), OUTSIDE), quantile(all(), 1.0 - OUTSIDE))
        };
        let serves = |phase: &&PhaseCourse| phase.up_to.is_none_or(|up_to| users <= up_to);
        let phase = self.phases.iter().find(serves).or(self.phases.last());
        let Some(phase) = phase else {
            let (phase, state) = (String::new(), "holds");
            return ForecastMonth { month, users, users_low, users_high, phase, cost: None, state };
        };
        let whole = users.round().max(1.0);
        let cost = cost_at(&phase.probes, whole).map(|money| Amount {
            value: money.value.round_dp(2),
            low: money.low.round_dp(2),
            high: money.high.map(|high| high.round_dp(2)),
            simulated: !money.is_exact(),
        });
        let is_past = |bracket: &Bracket| bracket.breaks.is_some_and(|at| whole >= at);
        let over = phase.over_budget.as_ref().is_some_and(is_past);
        let state = match (is_past(&phase.breaks), over) {
            (true, true) => "both",
            (true, false) => "objective",
            (false, true) => "budget",
            (false, false) => "holds",
        };
        let phase = phase.name.clone();
        ForecastMonth { month, users, users_low, users_high, phase, cost, state }
    }
}

impl Moment {
    /// So much earlier: the latest start for a lead time is by its longest.
    fn before(self, (least_s, most_s): (f64, f64)) -> Self {
        let (least, most) = (least_s / MONTH_S, most_s / MONTH_S);
        Self {
            month: self.month.map(|month| month - most),
            earliest: self.earliest.map(|month| month - most),
            latest: self.latest.map(|month| month - least),
        }
    }
}

/// The first of several moments.
fn first(moments: impl Iterator<Item = Moment>) -> Moment {
    let sooner = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    moments.fold(Moment::default(), |a, b| Moment {
        month: sooner(a.month, b.month),
        earliest: sooner(a.earliest, b.earliest),
        latest: sooner(a.latest, b.latest),
    })
}

/// The value with this part of all values below it.
fn quantile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (part * (values.len().saturating_sub(1)) as f64).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Money;

    fn course() -> Course {
        let probe = |users: f64, cost: i64| Probe {
            users,
            broken: None,
            cost: Money::exact(cost.into()),
            requests: 0,
        };
        let bracket = |holds: f64, breaks: Option<f64>| Bracket { holds, breaks, what: None };
        let phase = |name: &str, up_to: f64, breaks, probes| PhaseCourse {
            name: name.to_owned(),
            up_to: Some(up_to),
            breaks,
            over_budget: None,
            lead_time_s: Some((MONTH_S, 2.0 * MONTH_S)),
            planned_s: None,
            probes,
        };
        let points = vec![(0.0, 100.0), (10.0, 1100.0)];
        Course {
            law: Growth::Points { points, is_linear: true },
            draws: vec![],
            months: 10,
            phases: vec![
                phase(
                    "one",
                    300.0,
                    bracket(200.0, Some(200.0)),
                    vec![probe(100.0, 10), probe(300.0, 30)],
                ),
                phase(
                    "two",
                    1000.0,
                    bracket(2000.0, None),
                    vec![probe(300.0, 50), probe(1100.0, 90)],
                ),
            ],
            names: vec![],
        }
    }

    /// 100 users more every month: 200 after one month, 300 after two.
    #[test]
    fn months_follow_from_growth_and_brackets() {
        let (phases, months) = rows(&course());
        assert_eq!(phases[0].breaks.when.month, Some(1.0));
        assert_eq!(phases[0].outgrown.month, Some(2.0));
        assert_eq!(phases[0].next_needed.month, Some(1.0));
        // Two months of lead time at most: a month ago at the latest.
        assert_eq!(phases[0].start_next.and_then(|start| start.month), Some(-1.0));
        assert_eq!(phases[1].breaks.when, Moment::default());
        assert_eq!(phases[1].start_next, None);
        let shown: Vec<(&str, &str)> =
            months[..4].iter().map(|m| (m.phase.as_str(), m.state)).collect();
        let expected =
            [("one", "holds"), ("one", "objective"), ("one", "objective"), ("two", "holds")];
        assert_eq!(shown, expected);
        let cost = |i: usize| months[i].cost.map(|cost| cost.value);
        assert_eq!(
            (cost(0), cost(1), cost(10)),
            (Some(10.into()), Some(20.into()), Some(90.into()))
        );
    }

    #[test]
    fn an_uncertain_growth_gives_a_range_of_months() {
        let mut course = course();
        // The number of month 10 is anything from 600 to 1600: 200 users come after 10/5 to 10/15.
        course.draws = (0..=100)
            .map(|i| {
                let points = vec![(0.0, 100.0), (10.0, 600.0 + 10.0 * f64::from(i))];
                Growth::Points { points, is_linear: true }
            })
            .collect();
        let (phases, months) = rows(&course);
        let when = phases[0].breaks.when;
        assert_eq!(when.month, Some(1.0));
        // 5 % and 95 % of 500..1500 more users are 550 and 1450.
        assert!((when.earliest.expect("within") - 10.0 / 14.5).abs() < 1e-9, "{when:?}");
        assert!((when.latest.expect("within") - 10.0 / 5.5).abs() < 1e-9, "{when:?}");
        assert_eq!((months[10].users_low, months[10].users_high), (650.0, 1550.0));
    }
}
