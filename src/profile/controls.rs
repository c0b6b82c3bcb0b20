//! What the controllers of services read and do, once all names are known.

use crate::components::{Part, Rules, Spec, Written};
use crate::expr::{
    Clause, Compiled, Condition, Limit, Names, Need, Operand, Purpose, Question, Readings, Trial,
};
use crate::program::{Gauge, GroupId, Measure, Program, Reading, Rule, Test};
use crate::source::{Fault, FaultKind, Faults};
use crate::stats::Statistic;

use super::model::Model;

/// What a controller reads, by its positions.
type Series = Vec<(Measure, Statistic)>;

/// The controllers of all services.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controls {
    /// By component.
    scalings: Vec<(usize, Series, Rule)>,
    /// By component.
    doors: Vec<(usize, Vec<Measure>, Vec<Test>)>,
}

/// What is read by one controller, each once.
#[derive(Default)]
struct Watched(Series);

impl Watched {
    fn number(&mut self, need: &Need) -> u32 {
        let tracked = need.tracked();
        let known = self.0.iter().position(|t| *t == tracked);
        known.unwrap_or_else(|| {
            self.0.push(tracked);
            self.0.len() - 1
        }) as u32
    }
}

struct Reader<'a>(&'a mut Watched, &'a Compiled);

impl Readings for Reader<'_> {
    fn reading(&mut self, operand: &Operand) -> Reading {
        match operand {
            Operand::Measured(need) => Reading::Value(self.0.number(&self.1.needs[*need])),
            Operand::Cost(_) => Reading::Fixed(None), // refused where triggers are compiled
        }
    }
}

impl Controls {
    /// Finds the names that controllers use; `program` is what the model is lowered to.
    pub(crate) fn compile(
        model: &Model,
        program: &Program,
        names: &Names<'_>,
        faults: &mut Faults,
    ) -> Self {
        let mut controls = Self::default();
        for (component, part) in model.parts.iter().enumerate() {
            let Spec::Service(spec) = &part.spec else { continue };
            if let Some(autoscale) = &spec.autoscale {
                let mut watched = Watched::default();
                let group = |g: &crate::program::Group| g.owner.index() == component;
                let group = program.groups.iter().position(group).unwrap_or_default();
                let rule = match &autoscale.rules {
                    Rules::None => Some(Rule::Steps { up: Vec::new(), down: Vec::new() }),
                    Rules::Target(written) => {
                        target(part, written, names, GroupId(group as u16), &mut watched, faults)
                    }
                    Rules::Steps { up, down } => {
                        let own = Some(part.name.as_str());
                        let mut tests = |all: &[Written]| -> Vec<Test> {
                            let window_s = autoscale.interval_s;
                            all.iter()
                                .filter_map(|written| {
                                    let compiled =
                                        trigger(own, written, names, Purpose::Trigger, faults)?;
                                    compiled
                                        .condition
                                        .test(window_s, &mut Reader(&mut watched, &compiled))
                                })
                                .collect()
                        };
                        Some(Rule::Steps { up: tests(up), down: tests(down) })
                    }
                };
                controls.scalings.extend(rule.map(|rule| (component, watched.0, rule)));
            }
            let mut watched = Watched::default();
            let tests: Vec<Test> = spec
                .admission
                .iter()
                .filter_map(|written| {
                    let compiled = door(written, names, faults)?;
                    compiled.condition.test(1.0, &mut Reader(&mut watched, &compiled))
                })
                .collect();
            if !spec.admission.is_empty() {
                let measures = watched.0.into_iter().map(|(measure, _)| measure).collect();
                controls.doors.push((component, measures, tests));
            }
        }
        controls
    }

    /// Puts them into a program of the same model.
    pub(crate) fn install(&self, program: &mut Program) {
        for (component, watched, rule) in &self.scalings {
            let groups = &program.groups;
            let of = |s: &&mut crate::program::Scaling| {
                groups[s.group.index()].owner.index() == *component
            };
            if let Some(scaling) = program.scalings.iter_mut().find(of) {
                scaling.watched.clone_from(watched);
                scaling.rule = rule.clone();
            }
        }
        for (component, watched, tests) in &self.doors {
            let doors = &mut program.admissions;
            if let Some(door) = doors.iter_mut().find(|d| d.owner.index() == *component) {
                door.watched.clone_from(watched);
                door.tests.clone_from(tests);
            }
        }
    }
}

/// What each instance should have of a metric: it is read together with the number of instances.
fn target(
    part: &Part,
    written: &Written,
    names: &Names<'_>,
    group: GroupId,
    watched: &mut Watched,
    faults: &mut Faults,
) -> Option<Rule> {
    let compiled = trigger(Some(&part.name), written, names, Purpose::Target, faults)?;
    let Condition::Trial(Trial { operand: Operand::Measured(need), question, .. }) =
        &compiled.condition
    else {
        return None; // its form was checked where it was read
    };
    let value = match question {
        Question::Against(_, Limit::Value(value)) => *value,
        _ => 0.0,
    };
    if value <= 0.0 {
        let width = written.expr.text.chars().count();
        let message = "a target is a value above zero".to_owned();
        faults.push(Fault::error(
            FaultKind::Range,
            written.place_of(0, width),
            &written.path,
            message,
        ));
        return None;
    }
    watched.number(&compiled.needs[*need]);
    let of = vec![Gauge::Provisioned { group, each: 1.0 }];
    watched.0.push((Measure::Level { of, per: Vec::new() }, Statistic::Mean));
    Some(Rule::Target { value })
}

/// A condition on windows, of the metrics of `own` where that is given.
fn trigger(
    own: Option<&str>,
    written: &Written,
    names: &Names<'_>,
    purpose: Purpose,
    faults: &mut Faults,
) -> Option<Compiled> {
    let mut sound = true;
    let mut refuse = |offset: usize, width: usize, message: String, hint: String| {
        let place = written.place_of(offset, width);
        let fault = Fault::error(FaultKind::Expression, place, &written.path, message);
        faults.push(Fault { hint: Some(hint), ..fault });
        sound = false;
    };
    for metric in written.expr.metrics() {
        let head = metric.written.split('.').next().unwrap_or_default();
        let known = names.catalogue.metrics.iter().any(|m| m.name.split('.').next() == Some(head));
        if own.is_some_and(|own| head != own) && known {
            let message = format!("`{metric}` is not a metric of `{}`", own.unwrap_or_default());
            let hint = "a controller of instances reads metrics of its own service".to_owned();
            refuse(metric.offset, metric.width, message, hint);
        }
    }
    if let Some(offset) = during(&written.expr.clause) {
        let hint = "leave `during` out; `for` says how long it must last".to_owned();
        refuse(offset, 1, "a controller acts at any time of a run".to_owned(), hint);
    }
    if !sound {
        return None;
    }
    let compiled = written.compile(names, purpose, faults)?;
    for need in &compiled.needs {
        let is_level = matches!(need.measure, Measure::Level { .. });
        let is_whole = !matches!(need.measure, Measure::Part { .. } | Measure::Slowdown(_));
        let kept = match need.statistic {
            None | Some(Statistic::Mean) => true,
            Some(Statistic::Min | Statistic::Max) => false,
            Some(Statistic::Sd | Statistic::Quantile(_)) => !is_level,
        };
        if !kept || !is_whole {
            let width = written.expr.text.chars().count();
            let message = format!("`{}` has no value in a single window", need.name);
            let place = written.place_of(0, width);
            let fault = Fault::error(FaultKind::Expression, place, &written.path, message);
            let hint = "take the mean, or a percentile of a duration".to_owned();
            faults.push(Fault { hint: Some(hint), ..fault });
            return None;
        }
    }
    Some(compiled)
}

/// A condition on current values: levels, at the moment of an arrival.
fn door(written: &Written, names: &Names<'_>, faults: &mut Faults) -> Option<Compiled> {
    let compiled = trigger(None, written, names, Purpose::Trigger, faults)?;
    let mut refuse = |message: String| {
        let width = written.expr.text.chars().count();
        let place = written.place_of(0, width);
        let fault = Fault::error(FaultKind::Expression, place, &written.path, message);
        let hint = "levels have one: utilization, busy, queue.length, in_flight".to_owned();
        faults.push(Fault { hint: Some(hint), ..fault });
        None
    };
    let is_level = |need: &&Need| matches!(need.measure, Measure::Level { .. });
    if let Some(other) = compiled.needs.iter().find(|need| !is_level(need)) {
        return refuse(format!("`{}` has no current value", other.name));
    }
    if compiled.longest_s > 0.0 {
        return refuse("a door looks at the moment: `for` cannot be asked of it".to_owned());
    }
    Some(compiled)
}

/// Where a `during` stands.
fn during(clause: &Clause) -> Option<usize> {
    match clause {
        Clause::Any(parts) | Clause::All(parts) => parts.iter().find_map(during),
        Clause::Lasting { inner, .. } => during(inner),
        Clause::Comparison(c) => c.during.as_ref().map(|(from, _)| from.offset),
        Clause::Manual(_) | Clause::Slo { .. } => None,
    }
}
