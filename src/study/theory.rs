//! Simulated against analytic: every metric that an exact law knows, with the distance between the
//! two in standard errors.
//!
//! Never fatal: a distance beyond what chance allows says that either the law's preconditions were
//! misread or the run is too short for what it says, and both are worth a look.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::replicate::Run;
use super::settled::Steady;
use crate::analytic::solution::{Status, Value, What};
use crate::analytic::{self, Solution};
use crate::program::{
    Catalogue, ClassId, ComponentId, Counter, FamilyId, FaultId, Gauge, Kind, Measure, Op, Program,
    Quantity, StationId, StationKind,
};
use crate::stats::{Statistic, student_t};
use crate::verdict::estimate;

/// A metric that was measured and that a law knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Full name of the metric, with its statistic.
    pub name: String,
    /// The law.
    pub law: &'static str,
    /// What it is.
    pub quantity: Quantity,
    /// Measured.
    pub simulated: f64,
    /// By the law.
    pub analytic: f64,
    /// Their difference in standard errors, as a standard normal has them (Student's t of few
    /// replications is translated by its probability).
    pub z: f64,
    /// Whether chance allows it, at a level that all comparisons share.
    pub likely: bool,
}

/// Probability that chance alone makes any of the comparisons of one run look unlikely.
const FALSE_ALARM: f64 = 1e-3;
/// Confidence of the interval from which the standard error is taken.
const CONFIDENCE: f64 = 0.95;
/// Fewer replications know too little of their own spread.
const FEWEST: usize = 5;

/// Compares all metrics that an exact law knows; nothing where the run is no steady state.
///
/// ```text
/// z = Φ⁻¹(T((x − law) / se))         |z| ≤ Φ⁻¹(1 − (1 − (1−α)^(1/n)) / 2) for n comparisons
/// ```
///
/// Source: Šidák (1967), Journal of the American Statistical Association 62.
pub fn compare(program: &Program, catalogue: &Catalogue, run: &Run) -> Vec<Comparison> {
    let replications = &run.replications;
    let steady = matches!(run.steady, Steady::Yes);
    if !steady || program.transient || replications.len() < FEWEST {
        return Vec::new();
    }
    let solution = analytic::solve(program);
    let freedom = replications.len() - 1;
    let mut all = Vec::new();
    for metric in &catalogue.metrics {
        let statistic = metric.measure.is_distribution().then_some(Statistic::Mean);
        let law = expected(&solution, program, &metric.measure, statistic);
        let Some(law) = law.filter(|value| value.status == Status::Exact) else { continue };
        let measured =
            estimate(&metric.measure, statistic, metric.quantity, replications, CONFIDENCE);
        let Some(simulated) = measured.value.filter(|_| measured.has_interval()) else { continue };
        let half_width = 0.5 * (measured.high - measured.low);
        let standard_error = half_width / student_t(CONFIDENCE, freedom);
        let difference = simulated - law.value;
        // What both sides say to all digits is no comparison.
        if difference.abs() <= 1e-12 * law.value.abs() || standard_error <= 0.0 {
            continue;
        }
        let name = match statistic {
            Some(_) => format!("{}.mean", metric.name),
            None => metric.name.clone(),
        };
        all.push(Comparison {
            name,
            law: law.law.name,
            quantity: metric.quantity,
            simulated,
            analytic: law.value,
            z: normal_of(difference / standard_error, freedom),
            likely: true,
        });
    }
    let n = all.len().max(1) as f64;
    let each = -((-FALSE_ALARM).ln_1p() / n).exp_m1();
    let limit = Normal::standard().inverse_cdf(1.0 - 0.5 * each);
    for comparison in &mut all {
        comparison.likely = comparison.z.abs() <= limit;
    }
    all
}

/// The standard normal value of the same probability as a value of Student's t.
fn normal_of(t: f64, freedom: usize) -> f64 {
    let Ok(student) = StudentsT::new(0.0, 1.0, freedom as f64) else { return t };
    // The lower tail keeps its digits.
    let p = student.cdf(-t.abs()).max(1e-300);
    let z = -Normal::standard().inverse_cdf(p);
    if t < 0.0 { -z } else { z }
}

/// What theory says of a metric; `None` where it says nothing.
pub fn expected(
    solution: &Solution,
    program: &Program,
    measure: &Measure,
    statistic: Option<Statistic>,
) -> Option<Value> {
    let known = Known { solution, program };
    let statistic = statistic.unwrap_or(Statistic::Mean);
    match measure {
        Measure::Part { classes, of } => match (classes.as_slice(), &**of) {
            ([class], Measure::Wait { stations, all: false }) => {
                known.row(stations, wait(statistic)?, Some(*class))
            }
            ([class], Measure::Response(component)) => {
                known.component(*component, response(statistic)?, Some(*class))
            }
            ([class], Measure::Level { of, per }) if per.is_empty() => {
                known.row(&stations(of, inside)?, What::InSystem, Some(*class))
            }
            _ => None,
        },
        Measure::Wait { stations, all } => {
            let what = if *all { Some(What::WaitAll) } else { wait(statistic) };
            let what = what.filter(|w| *w != What::WaitAll || statistic == Statistic::Mean)?;
            known.row(stations, what, None).or_else(|| {
                // Where nobody gives up, all are served.
                let lossless = *all && known.row(stations, What::GivesUp, None).is_none();
                known.row(stations, What::Wait, None).filter(|_| lossless)
            })
        }
        Measure::Response(component) => known.component(*component, response(statistic)?, None),
        Measure::Latency { classes, all: false } => known.class(classes, response(statistic)?),
        Measure::Slowdown(stations) if statistic == Statistic::Mean => known.slowdown(stations),
        Measure::Rate(counters) => known.rate(counters),
        Measure::Share(of, per) => known.share(of, per),
        Measure::Level { of, per } => known.level(of, per, statistic),
        _ => None,
    }
}

fn wait(statistic: Statistic) -> Option<What> {
    match statistic {
        Statistic::Mean => Some(What::Wait),
        Statistic::Sd => Some(What::WaitDeviation),
        Statistic::Quantile(q) => Some(What::WaitQuantile(q)),
        _ => None,
    }
}

fn response(statistic: Statistic) -> Option<What> {
    match statistic {
        Statistic::Mean => Some(What::Response),
        Statistic::Sd => Some(What::ResponseDeviation),
        Statistic::Quantile(q) => Some(What::ResponseQuantile(q)),
        _ => None,
    }
}

fn inside(gauge: &Gauge) -> Option<StationId> {
    if let Gauge::InSystem(station) = gauge { Some(*station) } else { None }
}

/// The stations of gauges that are all of one kind.
fn stations(gauges: &[Gauge], of: fn(&Gauge) -> Option<StationId>) -> Option<Vec<StationId>> {
    gauges.iter().map(of).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

struct Known<'a> {
    solution: &'a Solution,
    program: &'a Program,
}

impl Known<'_> {
    /// A value of the row of exactly these stations.
    fn row(&self, stations: &[StationId], what: What, class: Option<ClassId>) -> Option<Value> {
        let rows = self.solution.stations.iter();
        let mut rows = rows.filter(|s| {
            Some(&s.station) == stations.first() && s.members as usize == stations.len()
        });
        let row = rows.next()?;
        let found = |class: Option<ClassId>| {
            row.values.iter().find(|v| v.what == what && v.class == class).copied()
        };
        // Of a station that one class visits, all is of this class.
        let only = self.solution.classes.len() == 1;
        found(class).or_else(|| found(None).filter(|_| class.is_none() || only))
    }

    /// A value of the only row of a component.
    fn component(
        &self,
        component: ComponentId,
        what: What,
        class: Option<ClassId>,
    ) -> Option<Value> {
        let own = |s: &StationId| self.program.stations[s.index()].owner == component;
        let mut rows = self.solution.stations.iter().filter(|s| own(&s.station));
        let row = rows.next().filter(|_| rows.next().is_none())?;
        let all = self.program.stations.iter().filter(|s| s.owner == component).count();
        if all != row.members as usize {
            return None;
        }
        let stations: Vec<StationId> =
            (0..row.members).map(|i| StationId(row.station.0 + i)).collect();
        self.row(&stations, what, class)
    }

    /// A value of a class of requests, or of several that are all there are.
    fn class(&self, classes: &[ClassId], what: What) -> Option<Value> {
        let of = |class: &ClassId| {
            let solution = self.solution.classes.get(class.index())?;
            let value = solution.values.iter().find(|v| v.what == what).copied()?;
            Some((solution.offered_per_s, value))
        };
        let parts = classes.iter().map(of).collect::<Option<Vec<_>>>()?;
        let [first, rest @ ..] = parts.as_slice() else { return None };
        if rest.is_empty() {
            return Some(first.1);
        }
        // A mean over several classes is weighted by what each of them completes; where none is
        // lost, by what is offered.
        let lossless = self
            .solution
            .stations
            .iter()
            .all(|s| s.values.iter().all(|v| !matches!(v.what, What::Refused | What::GivesUp)));
        let total: f64 = parts.iter().map(|p| p.0).sum();
        let sum: f64 = parts.iter().map(|p| p.0 * p.1.value).sum();
        let status = parts.iter().map(|p| p.1.status).max()?;
        (lossless && what == What::Response && parts.iter().all(|p| p.0 > 0.0)).then(|| Value {
            value: sum / total,
            status,
            ..first.1
        })
    }

    /// Response over demand of shared work.
    fn slowdown(&self, stations: &[StationId]) -> Option<Value> {
        let response = self.row(stations, What::Response, None)?;
        let row = self.solution.stations.iter().find(|s| Some(&s.station) == stations.first())?;
        let shared = matches!(
            self.program.stations[row.station.index()].kind,
            crate::program::StationKind::Processor(_)
        );
        (shared && row.units <= 1.0)
            .then(|| Value { value: response.value / row.service_s, ..response })
    }

    /// Completions per second.
    fn rate(&self, counters: &[Counter]) -> Option<Value> {
        match counters {
            [Counter::Calls(component)] => {
                self.solution.calls.get(component.index()).copied().flatten()
            }
            [Counter::CallsFailed(component)] => self.failing(*component),
            _ if counters.iter().all(|c| matches!(c, Counter::Arrivals(_))) => {
                self.offered(counters)
            }
            [Counter::Ok(class)] => {
                let solution = self.solution.classes.get(class.index())?;
                let of = |v: &&Value| v.what == What::Throughput;
                solution.values.iter().find(of).copied().or_else(|| {
                    // All that the only station lets through.
                    let [only] = self.solution.stations.as_slice() else { return None };
                    let single = self.solution.classes.len() == 1;
                    only.values.iter().find(of).copied().filter(|_| single)
                })
            }
            _ => None,
        }
    }

    /// Requests per second of several classes.
    fn offered(&self, counters: &[Counter]) -> Option<Value> {
        let of = |counter: &Counter| {
            let Counter::Arrivals(class) = counter else { return None };
            let own = &self.solution.classes.get(class.index())?.values;
            own.iter().find(|v| v.what == What::Throughput).copied()
        };
        let all = counters.iter().map(of).collect::<Option<Vec<Value>>>()?;
        let (first, status) = (*all.first()?, all.iter().map(|v| v.status).max()?);
        let value = all.iter().map(|v| v.value).sum();
        Some(Value { value, status, ..first })
    }

    /// Calls of a component that fail per second: those that its only row sends away.
    fn failing(&self, component: ComponentId) -> Option<Value> {
        let calls = self.solution.calls.get(component.index()).copied().flatten()?;
        let fails = |op: &Op| matches!(op, Op::Fail { owner: Some(own), .. } if *own == component);
        if self.program.ops.iter().any(fails) {
            return None;
        }
        // Somebody is served there by a law that says who is not.
        let served = self.component(component, What::Utilization, None)?;
        let lost = [What::Refused, What::GivesUp].map(|what| self.component(component, what, None));
        let shares = lost.iter().flatten();
        let status = shares.clone().map(|v| v.status).fold(served.status, Status::max);
        let share: f64 = shares.map(|v| v.value).sum();
        Some(Value { value: calls.value * share, status, ..served })
    }

    /// Shares of arrivals.
    fn share(&self, of: &[Counter], per: &[Counter]) -> Option<Value> {
        let what = match of.first()? {
            Counter::StationWaited(_) => What::Waits,
            Counter::StationRefused(_) => What::Refused,
            Counter::StationTimeouts(_) => What::GivesUp,
            Counter::Hits(_) => return self.hits(of, per),
            Counter::CallsFailedAs(component, kind) if of.len() == 1 => {
                return self.failed(*component, *kind);
            }
            Counter::FailedAs(_, kind) if of.len() == 1 => {
                let [only] = self.solution.stations.as_slice() else { return None };
                let owner = self.program.stations[only.station.index()].owner;
                let single = self.solution.classes.len() == 1;
                return self.failed(owner, *kind).filter(|_| single);
            }
            _ => return None,
        };
        let station = |counter: &Counter| match counter {
            Counter::StationWaited(s)
            | Counter::StationRefused(s)
            | Counter::StationTimeouts(s)
            | Counter::StationArrivals(s)
            | Counter::StationServed(s) => Some(*s),
            _ => None,
        };
        let all_arrivals = per.iter().all(|c| matches!(c, Counter::StationArrivals(_)));
        let stations = of.iter().map(station).collect::<Option<Vec<_>>>()?;
        self.row(&stations, what, None).filter(|_| all_arrivals)
    }

    /// Share of look-ups that hit, over the families that are looked up.
    fn hits(&self, of: &[Counter], per: &[Counter]) -> Option<Value> {
        let family = |counter: &Counter| match counter {
            Counter::Hits(family) | Counter::Lookups(family) => Some(*family),
            _ => None,
        };
        let families = of.iter().map(family).collect::<Option<Vec<_>>>()?;
        if per.iter().map(family).collect::<Option<Vec<_>>>()? != families {
            return None;
        }
        let ratio = |f: &FamilyId| self.solution.families.get(f.index()).copied().flatten();
        let ratios = families.iter().map(ratio).collect::<Option<Vec<Value>>>()?;
        if let [only] = ratios.as_slice() {
            return Some(*only);
        }
        let rate = |f: &FamilyId| self.solution.lookups.get(f.index()).copied().flatten();
        let rates = families.iter().map(rate).collect::<Option<Vec<Value>>>()?;
        let total: f64 = rates.iter().map(|v| v.value).sum();
        let hits: f64 = rates.iter().zip(&ratios).map(|(rate, hit)| rate.value * hit.value).sum();
        let status = ratios.iter().chain(&rates).map(|v| v.status).max()?;
        Some(Value { value: hits / total, status, ..*ratios.first()? })
    }

    /// Share of a component's calls that end as this kind, raised by its only row.
    fn failed(&self, component: ComponentId, kind: crate::program::KindId) -> Option<Value> {
        let mut own = self.program.stations.iter().filter(|s| s.owner == component);
        let what = match &own.next()?.kind {
            StationKind::Tokens(t) if t.patience.is_some() && t.patience_kind == kind => {
                What::GivesUp
            }
            StationKind::Tokens(tokens) if tokens.full_kind == kind => What::Refused,
            StationKind::Bucket(bucket) if bucket.excess == Some(kind) => What::Refused,
            StationKind::Crew(_) if kind == Kind::Refused.id() => What::Refused,
            _ => return None,
        };
        self.component(component, what, None)
    }

    /// Means of levels.
    fn level(&self, of: &[Gauge], per: &[Gauge], statistic: Statistic) -> Option<Value> {
        let inside = stations(of, inside);
        let busy = stations(of, |g| if let Gauge::Busy(s) = g { Some(*s) } else { None });
        let queue = stations(of, |g| if let Gauge::Queue(s) = g { Some(*s) } else { None });
        let sizes = stations(per, |g| if let Gauge::Size(s) = g { Some(*s) } else { None });
        let mean = statistic == Statistic::Mean;
        if let ([gauge], true) = (of, mean)
            && let Some(value) = self.rare(*gauge, per)
        {
            return Some(value);
        }
        if let Some(classes) = in_flight(of).filter(|_| mean && per.is_empty()) {
            return self.inside(&classes);
        }
        match (inside, busy, queue, sizes, per.is_empty()) {
            (Some(rows), _, _, _, true) => {
                let what = match statistic {
                    Statistic::Mean => What::InSystem,
                    Statistic::Sd => What::InSystemDeviation,
                    Statistic::Quantile(q) => What::InSystemQuantile(q),
                    _ => return None,
                };
                self.row(&rows, what, None)
            }
            (_, Some(rows), _, Some(_), _) if mean => self.row(&rows, What::Utilization, None),
            (_, Some(rows), _, None, true) if mean => {
                let row =
                    self.solution.stations.iter().find(|s| Some(&s.station) == rows.first())?;
                let share = self.row(&rows, What::Utilization, None)?;
                let value = share.value * row.units;
                value.is_finite().then_some(Value { value, ..share })
            }
            (_, _, Some(rows), _, true) if mean => self.row(&rows, What::Queue, None),
            _ => None,
        }
    }

    /// Levels of what few stations have: servers being set up, units that break.
    fn rare(&self, of: Gauge, per: &[Gauge]) -> Option<Value> {
        let fault = |id: FaultId| self.solution.faults.get(id.index()).copied();
        match of {
            Gauge::Setup(station) if per.is_empty() => self.row(&[station], What::SettingUp, None),
            Gauge::UnitsUp(id) => fault(id).map(|values| values.0),
            Gauge::Broken(id) => fault(id).map(|values| values.1),
            _ => None,
        }
    }

    /// Mean number of requests of classes inside.
    fn inside(&self, classes: &[ClassId]) -> Option<Value> {
        let of = |class: &ClassId| {
            let own = &self.solution.classes.get(class.index())?.values;
            own.iter().find(|v| v.what == What::InSystem).copied()
        };
        let all = classes.iter().map(of).collect::<Option<Vec<Value>>>()?;
        let (first, status) = (*all.first()?, all.iter().map(|v| v.status).max()?);
        let value = all.iter().map(|v| v.value).sum();
        Some(Value { value, status, ..first })
    }
}

/// The classes of gauges that all count requests in flight.
fn in_flight(gauges: &[Gauge]) -> Option<Vec<ClassId>> {
    let class =
        |gauge: &Gauge| if let Gauge::InFlight(class) = gauge { Some(*class) } else { None };
    gauges.iter().map(class).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_replications_make_a_distance_smaller() {
        assert!((normal_of(2.131_449_5, 15) - 1.959_964).abs() < 1e-4);
        assert!((normal_of(-2.131_449_5, 15) + 1.959_964).abs() < 1e-4);
        assert!(normal_of(40.0, 15) > 7.0);
        assert_eq!(normal_of(0.0, 15), 0.0);
    }
}
