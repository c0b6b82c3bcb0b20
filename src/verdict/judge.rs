//! What is said of a condition: holds, fails or undecided, with the value and the reason.
//!
//! A comparison is decided when the whole confidence interval lies on one side of its limit. Three
//! things are stronger than an interval: a queue that grows without bound (its waits pass any
//! limit), a start that may still show, and failures that nothing in the profile can cause.

use super::estimate::estimate_during;
use super::evidence::{Evidence, Growth, NO_STEADY_STATE};
use super::exercise::{classes_of, hardly_broke, hidden_kills, unexercised};
use super::kleene::{Span, Verdict, compare, within};
use super::lasting;
use super::measured::total;
use super::{Estimate, estimate};
use crate::expr::{Comparator, Compiled, Condition, Limit, Need, Operand, Question, Trial};
use crate::program::{Counter, Measure, Quantity, StationId};
use crate::stats::Statistic;

/// Fewest replications whose agreement decides by itself.
const LEAST_SIGNS: usize = 8;

/// What a condition is, which decides how `for` and what nothing exercises are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// Must hold; `C for D` fails when C is violated for D on end.
    Objective,
    /// Must hold; `C for D` holds when there is a D in which C held throughout.
    Claim,
    /// Is reported when it holds (fires); what nothing exercises is quiet.
    Alert,
}

/// One comparison, judged.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Canonical spelling of the comparison.
    pub text: String,
    /// The metric as written.
    pub metric: String,
    /// What is said of it.
    pub verdict: Verdict,
    /// Its value over the whole measured time (or `during`), without one where it has no steady state.
    pub value: Estimate,
    /// What it was compared with, where that is one number.
    pub limit: Option<f64>,
    /// Why, when the interval does not say it.
    pub reason: Option<String>,
    /// What may decide it.
    pub remedy: Option<String>,
    /// Nothing in the profile can disturb it, so running it tested nothing.
    pub is_untested: bool,
}

/// A condition, judged.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What is said of it.
    pub verdict: Verdict,
    /// Every comparison in the order written; empty for `manual(…)`.
    pub findings: Vec<Finding>,
    /// The comparison that decides.
    pub decisive: usize,
    /// Why, when the interval of the decisive comparison does not say it.
    pub reason: Option<String>,
    /// When a condition with `for` first came true, seconds from the start of the measured time
    /// (the median of the replications where it did). Of an objective: when its violation did.
    pub at_s: Option<f64>,
    /// `manual(…)`: listed, never counted as held.
    pub is_manual: bool,
}

impl Ruling {
    /// The comparison that decides; `None` for `manual(…)`.
    pub fn deciding(&self) -> Option<&Finding> {
        self.findings.get(self.decisive)
    }

    /// What may decide it, when it is undecided.
    pub fn remedy(&self) -> Option<&str> {
        let undecided = self.verdict == Verdict::Undecided;
        self.deciding().filter(|_| undecided).and_then(|finding| finding.remedy.as_deref())
    }
}

/// Judges one condition.
pub fn judge(condition: &Compiled, sense: Sense, evidence: &Evidence<'_>) -> Ruling {
    let mut bench = Bench { condition, sense, evidence, findings: Vec::new() };
    let outcome = bench.judge(&condition.condition);
    Ruling {
        verdict: outcome.verdict,
        findings: bench.findings,
        decisive: outcome.decisive,
        reason: outcome.reason,
        at_s: outcome.at_s,
        is_manual: matches!(condition.condition, Condition::Manual(_)),
    }
}

/// What is said of a part of a condition.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) decisive: usize,
    pub(super) reason: Option<String>,
    pub(super) at_s: Option<f64>,
}

/// Why a value is not judged by its interval.
pub(super) struct Spoiled {
    pub(super) verdict: Verdict,
    reason: String,
}

/// One condition before the judge.
pub(super) struct Bench<'a> {
    pub(super) condition: &'a Compiled,
    pub(super) sense: Sense,
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) findings: Vec<Finding>,
}

impl Bench<'_> {
    fn judge(&mut self, condition: &Condition) -> Outcome {
        match condition {
            Condition::All(parts) => self.join(parts, Verdict::and),
            Condition::Any(parts) => self.join(parts, Verdict::or),
            Condition::Trial(trial) => {
                let finding = self.trial(trial);
                let (verdict, reason) = (finding.verdict, finding.reason.clone());
                self.findings.push(finding);
                Outcome { verdict, decisive: self.findings.len() - 1, reason, at_s: None }
            }
            Condition::Lasting { inner, span_s } => self.lasting(inner, *span_s),
            Condition::Manual(text) => undecided(format!("to be decided by people: {text}")),
        }
    }

    /// The first part that has the joint verdict decides.
    fn join(&mut self, parts: &[Condition], join: fn(Verdict, Verdict) -> Verdict) -> Outcome {
        let outcomes: Vec<Outcome> = parts.iter().map(|part| self.judge(part)).collect();
        let verdicts = outcomes.iter().map(|outcome| outcome.verdict);
        let verdict = verdicts.reduce(join).expect("a junction has at least two parts");
        let decisive = outcomes.into_iter().find(|outcome| outcome.verdict == verdict);
        decisive.expect("a join is one of its parts")
    }

    fn lasting(&mut self, inner: &Condition, span_s: f64) -> Outcome {
        let first = self.findings.len();
        let whole = self.judge(inner);
        let mut outcome = lasting::judge(self, inner, span_s, &whole);
        if outcome.verdict == Verdict::Holds
            && let Some(finding) = self.findings[first..].iter().find(|f| f.is_untested)
        {
            outcome.verdict = Verdict::Undecided;
            outcome.reason.clone_from(&finding.reason);
        }
        for finding in &mut self.findings[first..] {
            finding.verdict = outcome.verdict;
            finding.reason.clone_from(&outcome.reason);
            finding.remedy = None;
        }
        Outcome { decisive: whole.decisive, ..outcome }
    }

    fn trial(&self, trial: &Trial) -> Finding {
        let value = self.value(&trial.operand);
        let (verdict, limit) = self.compare(trial, &value, 0.0);
        let mut finding = Finding {
            text: trial.text.clone(),
            metric: trial.metric.clone(),
            verdict,
            value,
            limit,
            reason: None,
            remedy: None,
            is_untested: false,
        };
        if let Some(spoiled) = self.spoiled(trial) {
            finding.value = Estimate::unknown(None, trial.quantity, NO_STEADY_STATE);
            finding.verdict = spoiled.verdict;
            finding.reason = Some(spoiled.reason);
            return finding;
        }
        self.qualify(trial, &mut finding);
        finding
    }

    /// What an interval alone does not know.
    fn qualify(&self, trial: &Trial, finding: &mut Finding) {
        let Operand::Measured(need) = &trial.operand else {
            self.advise(trial, finding);
            return;
        };
        let Evidence { program, replications, .. } = *self.evidence;
        let need = &self.condition.needs[*need];
        if finding.verdict != Verdict::Fails
            && self.sense != Sense::Alert
            && let Some(reason) = unexercised(program, &need.measure, replications)
        {
            finding.verdict = Verdict::Undecided;
            finding.reason = Some(reason.to_owned());
            finding.is_untested = true;
            finding.remedy = Some("state in the profile what can go wrong".to_owned());
            return;
        }
        if finding.verdict == Verdict::Holds
            && self.sense != Sense::Alert
            && let Some((component, seen)) = hardly_broke(program, &need.measure, replications)
        {
            let names = &self.evidence.catalogue.components;
            let name = names.get(component.index()).map_or("it", |c| c.name.as_str());
            finding.verdict = Verdict::Undecided;
            finding.reason =
                Some(format!("not exercised: `{name}` broke {seen} times in these runs"));
            finding.is_untested = true;
            finding.remedy = Some("a longer --duration, or a shorter mtbf, sees more".to_owned());
            return;
        }
        // "Below its limit" is no news of a memory that is emptied by killing whoever fills it.
        let is_quiet = match self.sense {
            Sense::Alert => Verdict::Fails,
            Sense::Objective | Sense::Claim => Verdict::Holds,
        };
        let is_mean = matches!(need.statistic, None | Some(Statistic::Mean));
        if finding.verdict == is_quiet
            && is_mean
            && trial.asks_for_more() == (self.sense == Sense::Alert)
            && let Some((component, kills)) = hidden_kills(program, &need.measure, replications)
        {
            let names = &self.evidence.catalogue.components;
            let name = names.get(component.index()).map_or("it", |c| c.name.as_str());
            finding.verdict = Verdict::Undecided;
            finding.reason = Some(format!(
                "the mean hides {kills} memory kills of `{name}` in these runs: after each it begins \
                 empty"
            ));
            finding.remedy = Some(format!("ask for {name}.memory.kills.count = 0 instead"));
            return;
        }
        if finding.verdict == Verdict::Undecided && self.none_seen(trial, &need.measure) {
            finding.verdict = Verdict::Holds;
            let runs = replications.len();
            let time_s = self.evidence.horizon_s();
            finding.reason = Some(format!("none seen in {runs} runs of {}", brief_s(time_s)));
            return;
        }
        if finding.verdict == Verdict::Undecided
            && finding.value.note == Some(estimate::TOO_FEW)
            && let Some(verdict) = self.by_signs(trial, need)
        {
            finding.verdict = verdict;
            let runs = replications.len();
            finding.reason = Some(format!("in each of {runs} runs, by more than a factor of two"));
            return;
        }
        let upper = !trial.asks_for_more();
        if finding.verdict == Verdict::Holds && upper {
            if need.statistic == Some(Statistic::Max) {
                finding.verdict = Verdict::Undecided;
                finding.reason = Some("largest seen; a longer run sees larger ones".to_owned());
                return;
            }
            if let Measure::Share(of, _) = &need.measure
                && let Some(growth) = self.evidence.hides_failures(&classes_of(of))
            {
                finding.verdict = Verdict::Undecided;
                let why = self.grows(growth);
                finding.reason =
                    Some(format!("{NO_STEADY_STATE}; {why}: what never ends cannot fail"));
                return;
            }
        }
        if finding.verdict != Verdict::Undecided && self.evidence.bias > 0.0 {
            let wider = self.compare(trial, &finding.value, self.evidence.bias).0;
            if wider != finding.verdict {
                finding.verdict = Verdict::Undecided;
                finding.reason = Some("not settled: the start may still show".to_owned());
                finding.remedy = Some(self.more_requests(4.0));
                return;
            }
        }
        self.advise(trial, finding);
    }

    /// The verdict that every single replication gives, by more than a factor of two, where there are
    /// too few data for an interval. With eight independent replications a sign test would err with
    /// probability 2⁻⁷; the factor leaves room for what a start or a short run still hides.
    fn by_signs(&self, trial: &Trial, need: &Need) -> Option<Verdict> {
        let replications = self.evidence.replications;
        if replications.len() < LEAST_SIGNS || matches!(need.statistic, Some(Statistic::Max)) {
            return None;
        }
        let verdicts = replications.iter().map(|replication| {
            let alone = std::slice::from_ref(replication);
            let Need { measure, statistic, during, quantity, .. } = need;
            let of = estimate_during(measure, *statistic, *during, *quantity, alone, 0.95);
            of.value.map_or(Verdict::Undecided, |value| {
                self.compare(trial, &Estimate::exact(value, need.quantity), 1.0).0
            })
        });
        let mut all = verdicts;
        let first = all.next()?;
        (first != Verdict::Undecided && all.all(|verdict| verdict == first)).then_some(first)
    }

    /// Reason and remedy of what its interval leaves undecided.
    fn advise(&self, trial: &Trial, finding: &mut Finding) {
        if finding.verdict != Verdict::Undecided {
            return;
        }
        if let Some(note) = finding.value.note {
            finding.reason = Some(note.to_owned());
            finding.remedy = finding.value.value.map(|_| self.more_requests(4.0));
            return;
        }
        let (Some(value), Some(limit)) = (finding.value.value, nearest_limit(trial, finding))
        else {
            return;
        };
        let half = 0.5 * (finding.value.high - finding.value.low);
        let distance = (value - limit).abs();
        // The half-width shrinks with the square root of the requests.
        let times = 1.2 * (half / distance).powi(2);
        finding.remedy = Some(if times <= 100.0 {
            self.more_requests(times.max(1.5))
        } else {
            "too close to its limit for any affordable run".to_owned()
        });
    }

    fn more_requests(&self, times: f64) -> String {
        let requests = self.evidence.requests.max(1) as f64 * times;
        let unit = 10f64.powf(requests.log10().floor() - 1.0).max(1.0);
        format!("--max-requests {}", (requests / unit).ceil() * unit)
    }

    /// Whether the condition asks that something counted never happens, and it did not.
    fn none_seen(&self, trial: &Trial, measure: &Measure) -> bool {
        let never = match trial.question {
            Question::Against(Comparator::Equal | Comparator::AtMost, Limit::Value(bound)) => {
                bound == 0.0
            }
            _ => false,
        };
        let replications = self.evidence.replications;
        let none = |of: &[Counter]| replications.iter().all(|r| total(of, r) == 0.0);
        never && matches!(measure, Measure::Count(of) if none(of))
    }

    pub(super) fn value(&self, operand: &Operand) -> Estimate {
        match operand {
            Operand::Measured(need) => self.evidence.value(&self.condition.needs[*need]),
            Operand::Cost(cost) => self.evidence.sharp(self.evidence.costs.metric(cost)),
        }
    }

    /// The verdict of the interval, wider by a share, and the limit where it is one number.
    fn compare(&self, trial: &Trial, value: &Estimate, wider: f64) -> (Verdict, Option<f64>) {
        if value.value.is_none() {
            return (Verdict::Undecided, fixed(trial));
        }
        let span = Span::of(value);
        let is_part = trial.quantity == Quantity::Ratio;
        let span = if wider > 0.0 { span.wider(wider, is_part) } else { span };
        match &trial.question {
            Question::Within(low, high) => (within(span, *low, *high), None),
            Question::Against(comparator, Limit::Value(bound)) => {
                (compare(span, *comparator, Span::exact(*bound)), Some(*bound))
            }
            Question::Against(comparator, Limit::Metric { factor, operand, .. }) => {
                let other = self.value(operand);
                let Some(point) = other.value else { return (Verdict::Undecided, None) };
                let limit = Span::of(&other).times(*factor);
                (compare(span, *comparator, limit), Some(point * factor))
            }
        }
    }

    /// What a queue that grows without bound makes of a comparison.
    pub(super) fn spoiled(&self, trial: &Trial) -> Option<Spoiled> {
        let growth_of = |operand: &Operand| match operand {
            Operand::Measured(need) => {
                let need = &self.condition.needs[*need];
                self.evidence.spoiled(&need.measure, need.statistic)
            }
            Operand::Cost(_) => None,
        };
        if let Some(growth) = growth_of(&trial.operand) {
            let reason = format!("grows without bound: {}", self.grows(growth));
            let verdict = Verdict::of(trial.asks_for_more());
            return Some(Spoiled { verdict, reason });
        }
        let Question::Against(_, Limit::Metric { operand, metric, .. }) = &trial.question else {
            return None;
        };
        let growth = growth_of(operand)?;
        let reason = format!("{metric} is {NO_STEADY_STATE}; {}", self.grows(growth));
        Some(Spoiled { verdict: Verdict::Undecided, reason })
    }

    /// `whisper.limit is offered 1600/s, serves 8.33/s`.
    fn grows(&self, growth: &Growth) -> String {
        let named = growth.stations.first().map_or_else(String::new, |s| self.name(*s));
        let (offered, served) = (growth.offered_per_s, growth.served_per_s);
        format!("{named} is offered {}/s, serves {}/s", brief(offered), brief(served))
    }

    fn name(&self, station: StationId) -> String {
        let catalogue = self.evidence.catalogue;
        let resource = catalogue.resources.iter().find(|r| r.stations.contains(&station));
        let owner = self.evidence.program.stations[station.index()].owner;
        match (resource, catalogue.components.get(owner.index())) {
            (Some(resource), _) => resource.name.clone(),
            (None, Some(component)) => component.name.clone(),
            (None, None) => "a station".to_owned(),
        }
    }
}

const fn fixed(trial: &Trial) -> Option<f64> {
    match trial.question {
        Question::Against(_, Limit::Value(bound)) => Some(bound),
        _ => None,
    }
}

/// The limit that the value is nearest to.
fn nearest_limit(trial: &Trial, finding: &Finding) -> Option<f64> {
    let value = finding.value.value?;
    match trial.question {
        Question::Within(low, high) if (value - low).abs() < (value - high).abs() => Some(low),
        Question::Within(_, high) => Some(high),
        Question::Against(..) => finding.limit,
    }
}

const fn undecided(reason: String) -> Outcome {
    Outcome { verdict: Verdict::Undecided, decisive: 0, reason: Some(reason), at_s: None }
}

/// Three significant digits.
pub(crate) fn brief(x: f64) -> String {
    if x <= 0.0 || !x.is_finite() {
        return if x == 0.0 { "0".to_owned() } else { format!("{x}") };
    }
    let digits = (2 - x.log10().floor() as i32).max(0) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// A span of time in a unit that suits it.
pub(crate) fn brief_s(seconds: f64) -> String {
    let mut units = [(2_628_000.0, "mo"), (86_400.0, "d"), (3600.0, "h"), (60.0, "m")].into_iter();
    let is_whole = |size: f64| seconds >= size && seconds % size == 0.0;
    if let Some((size, unit)) = units.find(|(size, _)| is_whole(*size)) {
        return format!("{}{unit}", seconds / size);
    }
    let (value, unit) = match seconds {
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 600.0 => (s, "s"),
        s if s < 36_000.0 => (s / 60.0, "m"),
        s if s < 3600.0 * 240.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    format!("{}{unit}", brief(value))
}
