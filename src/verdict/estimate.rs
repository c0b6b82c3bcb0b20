//! A metric's value over the replications, with the interval it must come with.
//!
//! What a measure adds up (classes, stations, counters, levels) is pooled within each replication
//! first; the replications are then the independent sample that [`crate::stats`] draws intervals
//! from. Point estimates are ratios of sums and quantiles of pooled observations, never averages of
//! the replications' quantiles.

use std::borrow::{Borrow, Cow};

use super::measured::{calls, integral_of, level, shares, total, total_of};
use crate::program::{ClassId, Counter, During, Gauge, Measure, Quantity};
use crate::results::{Replication, StationRecord};
use crate::stats::{self, Interval, Spread, Statistic, Tally};

/// Nothing was observed that the metric could be computed from.
pub const NO_DATA: &str = "no data";
/// Something was observed, but too little for an interval that keeps its promise.
pub const TOO_FEW: &str = "too few data for an interval";
/// The results do not hold this statistic of this measure.
pub const NOT_MEASURED: &str = "not measured";
/// Each level's largest value is known, but not whether they came at the same time.
pub const AT_MOST: &str = "sum of the largest of each: an upper bound";
/// A minimum is a fact of the run too.
pub const LEAST_SEEN: &str = "smallest seen; a longer run sees smaller ones";
/// The run ends before what was asked for.
pub const NOT_REACHED: &str = "the run ends before that time";
/// A maximum is a fact of the run, not an estimate: a longer run sees a larger one.
pub const LARGEST_SEEN: &str = "largest seen; a longer run sees larger ones";

/// A value with its confidence interval, in the base unit of its quantity (seconds, 1/s, bytes, …).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Point estimate; `None` when there is no data.
    pub value: Option<f64>,
    /// Lower end of the interval; −∞ when none can be given.
    pub low: f64,
    /// Upper end; +∞ when none can be given.
    pub high: f64,
    /// What the value is.
    pub quantity: Quantity,
    /// Why there is no interval, when there is none.
    pub note: Option<&'static str>,
}

impl Estimate {
    /// An exact number: an interval of width zero.
    pub const fn exact(value: f64, quantity: Quantity) -> Self {
        Self { value: Some(value), low: value, high: value, quantity, note: None }
    }

    /// No interval: `value` may still be shown, but decides nothing.
    pub const fn unknown(value: Option<f64>, quantity: Quantity, note: &'static str) -> Self {
        Self { value, low: f64::NEG_INFINITY, high: f64::INFINITY, quantity, note: Some(note) }
    }

    /// Whether both ends of the interval are known.
    pub const fn has_interval(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }

    /// Half of the interval's width as a share of the value; infinite without an interval.
    pub fn relative_half_width(&self) -> f64 {
        match self.value {
            Some(_) if !self.has_interval() => f64::INFINITY,
            Some(_) if self.high == self.low => 0.0,
            Some(value) if value != 0.0 => 0.5 * (self.high - self.low) / value.abs(),
            _ => f64::INFINITY,
        }
    }
}

/// Fewest observations (of all replications) for the interval of a mean.
const LEAST_OBSERVATIONS: u64 = 10;

/// The value of `measure` (with the `statistic` a distribution needs; the mean when it is missing)
/// over independent replications, with an interval at `confidence` in (0, 1).
///
/// - Durations: of all observations pooled. Rates and levels: per simulated time.
/// - Counts: mean number per replication, with the interval of that mean (so `0` of nothing seen has
///   an upper end above zero).
/// - Shares of a part: score intervals, which stay inside [0, 1] and are never of width zero.
/// - Maxima: the largest seen, as an exact number with the note [`LARGEST_SEEN`].
///
/// Without data the value is `None` and the note [`NO_DATA`]; with too little of it (fewer than two
/// replications or ten observations, or where the interval of a quantile reaches beyond them all)
/// the interval is (−∞, ∞) and the note [`TOO_FEW`].
pub fn estimate<R: Borrow<Replication>>(
    measure: &Measure,
    statistic: Option<Statistic>,
    quantity: Quantity,
    replications: &[R],
    confidence: f64,
) -> Estimate {
    let replications: Vec<&Replication> = replications.iter().map(Borrow::borrow).collect();
    let over = Over { replications: &replications, quantity, confidence };
    let statistic = statistic.unwrap_or(Statistic::Mean);
    match measure {
        Measure::Latency { classes, all } => over.distribution(statistic, |r| {
            pooled(classes.iter().flat_map(|class| {
                let record = &r.classes[class.index()];
                [Some(&record.ok), all.then_some(&record.failed)].into_iter().flatten()
            }))
        }),
        Measure::Response(component) => over
            .distribution(statistic, |r| Cow::Borrowed(&r.components[component.index()].response)),
        Measure::Wait { stations, all } => over.distribution(statistic, |r| {
            let records = stations.iter().map(|station| &r.stations[station.index()]);
            pooled(records.flat_map(|record| waits(record, *all)))
        }),
        Measure::Slowdown(stations) => over.distribution(statistic, |r| {
            pooled(stations.iter().map(|station| &r.stations[station.index()].slowdown))
        }),
        Measure::Part { classes, of } => over.part(classes, of, statistic, measure),
        Measure::Count(counters) => over.events(|r| total(counters, r), |_| 1.0),
        Measure::Rate(counters) => over.events(|r| total(counters, r), |r| r.time_s),
        Measure::Usage(component) => {
            let pairs = over.pairs(|r| (r.components[component.index()].amount, r.time_s));
            over.interval(&pairs, stats::ratio)
        }
        Measure::Share(of, per) => over.share(of, per),
        Measure::Level { of, per } => over.level(of, per, statistic, measure),
    }
}

/// The same of a part of the measured time: of a span everything, of an instant the mean of a level
/// over the replications.
pub fn estimate_during<R: Borrow<Replication>>(
    measure: &Measure,
    statistic: Option<Statistic>,
    during: Option<During>,
    quantity: Quantity,
    replications: &[R],
    confidence: f64,
) -> Estimate {
    let Some(during) = during else {
        return estimate(measure, statistic, quantity, replications, confidence);
    };
    let During { from_ns, to_ns } = during;
    if during.is_instant() {
        let key = measure.key();
        let at = |r: &R| {
            let instants = &r.borrow().instants;
            let first = instants.partition_point(|i| i.at_ns < from_ns);
            let found = instants[first..].iter().find(|i| i.key == key && i.at_ns == from_ns);
            found.map(|i| (i.value, 1.0))
        };
        let pairs: Vec<(f64, f64)> = replications.iter().filter_map(at).collect();
        if pairs.is_empty() {
            return Estimate::unknown(None, quantity, NOT_REACHED);
        }
        let over = Over { replications: &[], quantity, confidence };
        // The share of replications in which something is so is a share like any other.
        let is_switch =
            quantity == Quantity::Ratio && pairs.iter().all(|pair| pair.0 == 0.0 || pair.0 == 1.0);
        return over.interval(&pairs, if is_switch { stats::share } else { stats::ratio });
    }
    let parts: Vec<&Replication> = replications
        .iter()
        .flat_map(|r| &r.borrow().parts)
        .filter(|part| (part.from_ns, part.to_ns) == (from_ns, to_ns))
        .map(|part| &part.measured)
        .collect();
    if parts.is_empty() {
        return Estimate::unknown(None, quantity, NOT_REACHED);
    }
    if statistic == Some(Statistic::Max) && measure.is_distribution() {
        return Estimate::unknown(None, quantity, NOT_MEASURED);
    }
    estimate(measure, statistic, quantity, &parts, confidence)
}

/// Waits of those served, and of those that gave up.
fn waits(record: &StationRecord, all: bool) -> impl Iterator<Item = &Tally> {
    [Some(&record.wait), all.then_some(&record.abandoned)].into_iter().flatten()
}

/// The replications, and what is made of them.
struct Over<'a> {
    replications: &'a [&'a Replication],
    quantity: Quantity,
    confidence: f64,
}

impl Over<'_> {
    fn pairs(&self, of: impl Fn(&Replication) -> (f64, f64)) -> Vec<(f64, f64)> {
        self.replications.iter().map(|r| of(r)).collect()
    }

    /// What requests of some classes add to a measure; `whole` is the measure with its classes.
    fn part(
        &self,
        classes: &[ClassId],
        of: &Measure,
        statistic: Statistic,
        whole: &Measure,
    ) -> Estimate {
        match of {
            Measure::Response(component) => self.distribution(statistic, |r| {
                pooled(calls(r, *component, classes).map(|call| call.1))
            }),
            Measure::Wait { stations, all } => self.distribution(statistic, |r| {
                let records = stations.iter().flat_map(|station| shares(r, *station, classes));
                pooled(records.flat_map(|record| waits(record, *all)))
            }),
            Measure::Slowdown(stations) => self.distribution(statistic, |r| {
                let records = stations.iter().flat_map(|station| shares(r, *station, classes));
                pooled(records.map(|record| &record.slowdown))
            }),
            Measure::Count(of) => self.events(|r| total_of(of, r, classes), |_| 1.0),
            Measure::Rate(of) => self.events(|r| total_of(of, r, classes), |r| r.time_s),
            Measure::Share(of, per) => {
                let part = |r: &Replication| {
                    let below = total_of(per, r, classes);
                    (total_of(of, r, classes).min(below), below)
                };
                self.interval(&self.pairs(part), stats::share)
            }
            Measure::Level { of, per } if statistic == Statistic::Mean => {
                let pairs = self.pairs(|r| {
                    let sum = of.iter().map(|&gauge| integral_of(gauge, r, classes)).sum();
                    (sum, base_of(per, r))
                });
                self.interval(&pairs, stats::ratio)
            }
            Measure::Level { .. } => self.spread(whole, statistic),
            Measure::Latency { .. } | Measure::Usage(_) | Measure::Part { .. } => {
                Estimate::unknown(None, self.quantity, NOT_MEASURED)
            }
        }
    }

    /// A statistic of how a level is spread over time, where that was asked for.
    fn spread(&self, measure: &Measure, statistic: Statistic) -> Estimate {
        let key = measure.key();
        let of = |r: &&'_ Replication| r.spreads.iter().position(|spread| spread.0 == key);
        let found: Vec<&Spread> =
            self.replications.iter().filter_map(|r| Some(&r.spreads[of(r)?].1)).collect();
        if found.is_empty() {
            return Estimate::unknown(None, self.quantity, NOT_MEASURED);
        }
        match statistic {
            Statistic::Mean => Estimate::unknown(None, self.quantity, NOT_MEASURED),
            Statistic::Max => {
                let largest = found.iter().filter_map(|spread| spread.max()).reduce(f64::max);
                self.seen(largest.unwrap_or(0.0), LARGEST_SEEN)
            }
            Statistic::Min => {
                let least = found.iter().filter_map(|spread| spread.min()).reduce(f64::min);
                self.seen(least.unwrap_or(0.0), LEAST_SEEN)
            }
            Statistic::Sd => {
                let moments: Vec<_> = found.iter().map(|spread| spread.moments()).collect();
                let interval = stats::deviation(&moments, self.confidence);
                self.given(pooled_spread(&found).sd(), interval)
            }
            Statistic::Quantile(q) => {
                let interval = stats::spread_quantile(&found, q, self.confidence);
                let value =
                    interval.map_or_else(|| pooled_spread(&found).quantile(q), |i| Some(i.value));
                self.given(value, interval)
            }
        }
    }

    /// The interval that `rule` finds for a ratio of sums.
    fn interval(
        &self,
        pairs: &[(f64, f64)],
        rule: impl Fn(&[(f64, f64)], f64) -> Option<Interval>,
    ) -> Estimate {
        let above: f64 = pairs.iter().map(|pair| pair.0).sum();
        let below: f64 = pairs.iter().map(|pair| pair.1).sum();
        if below <= 0.0 {
            return Estimate::unknown(None, self.quantity, NO_DATA);
        }
        self.given(Some(above / below), rule(pairs, self.confidence))
    }

    /// An estimate from an interval, or the bare value when there is none. Nothing that is measured
    /// can be negative.
    fn given(&self, value: Option<f64>, interval: Option<Interval>) -> Estimate {
        match interval {
            // An empty sum is −0.
            Some(Interval { value, low, high }) => Estimate {
                value: Some(value + 0.0),
                low: low.max(0.0) + 0.0,
                high: high + 0.0,
                quantity: self.quantity,
                note: None,
            },
            None => Estimate::unknown(value.map(|v| v + 0.0), self.quantity, TOO_FEW),
        }
    }

    fn distribution<'r>(
        &'r self,
        statistic: Statistic,
        of: impl Fn(&'r Replication) -> Cow<'r, Tally>,
    ) -> Estimate {
        let tallies: Vec<Cow<'r, Tally>> = self.replications.iter().map(|r| of(r)).collect();
        let tallies: Vec<&Tally> = tallies.iter().map(Cow::as_ref).collect();
        let count: u64 = tallies.iter().map(|tally| tally.count).sum();
        if count == 0 {
            return Estimate::unknown(None, self.quantity, NO_DATA);
        }
        let enough = count >= LEAST_OBSERVATIONS;
        match statistic {
            Statistic::Mean => {
                let pairs: Vec<_> = tallies.iter().map(|t| (t.sum, t.count as f64)).collect();
                self.interval(&pairs, |pairs, c| stats::ratio(pairs, c).filter(|_| enough))
            }
            Statistic::Sd => {
                let moments: Vec<_> =
                    tallies.iter().map(|t| (t.count as f64, t.sum, t.sum_squares)).collect();
                let interval = stats::deviation(&moments, self.confidence).filter(|_| enough);
                self.given(pooled(tallies.into_iter()).sd(), interval)
            }
            Statistic::Quantile(q) if q < 1.0 => {
                let interval = stats::pooled_quantile(&tallies, q, self.confidence);
                let value = interval.map_or_else(
                    || pooled(tallies.into_iter()).quantile(q),
                    |interval| Some(interval.value),
                );
                self.given(value, interval)
            }
            Statistic::Min => Estimate::unknown(None, self.quantity, NOT_MEASURED),
            Statistic::Max | Statistic::Quantile(_) => {
                self.seen(tallies.iter().map(|t| t.max).fold(0.0, f64::max), LARGEST_SEEN)
            }
        }
    }

    /// A fact of these runs rather than an estimate.
    const fn seen(&self, value: f64, note: &'static str) -> Estimate {
        Estimate { note: Some(note), ..Estimate::exact(value, self.quantity) }
    }

    fn events(
        &self,
        count: impl Fn(&Replication) -> f64,
        exposure: impl Fn(&Replication) -> f64,
    ) -> Estimate {
        let pairs = self.pairs(|r| (count(r), exposure(r)));
        self.interval(&pairs, stats::event_rate)
    }

    fn share(&self, of: &[Counter], per: &[Counter]) -> Estimate {
        let mut pairs = self.pairs(|r| (total(of, r), total(per, r)));
        let rule = if of.iter().any(|counter| matches!(counter, Counter::Attempts(_))) {
            stats::ratio
        } else {
            // Those that were inside at the start may end in the measured time without having
            // arrived in it: a part is never more than its whole.
            for pair in &mut pairs {
                pair.0 = pair.0.min(pair.1);
            }
            stats::share
        };
        self.interval(&pairs, rule)
    }

    fn level(
        &self,
        of: &[Gauge],
        per: &[Gauge],
        statistic: Statistic,
        measure: &Measure,
    ) -> Estimate {
        let base = |r: &Replication| base_of(per, r);
        if statistic != Statistic::Mean {
            let spread = self.spread(measure, statistic);
            if spread.value.is_some() {
                return spread;
            }
        }
        match statistic {
            Statistic::Mean => {
                let pairs = self
                    .pairs(|r| (of.iter().map(|&gauge| level(gauge, r).integral).sum(), base(r)));
                let mean = self.interval(&pairs, stats::ratio);
                let share = !per.is_empty() && mean.value.is_some_and(|value| value <= 1.0);
                let most = if share && mean.has_interval() { 1.0 } else { f64::INFINITY };
                Estimate { high: mean.high.min(most), ..mean }
            }
            Statistic::Max => {
                let largest = |r: &Replication| {
                    let sum: f64 = of.iter().map(|&gauge| level(gauge, r).max).sum();
                    let base = base(r);
                    if per.is_empty() {
                        sum
                    } else if base > 0.0 {
                        sum * r.time_s / base
                    } else {
                        0.0
                    }
                };
                let value = self.replications.iter().map(|r| largest(r)).fold(0.0, f64::max);
                let alone = matches!(of, [gauge] if !matches!(gauge, Gauge::InSystem(_)));
                self.seen(value, if alone { LARGEST_SEEN } else { AT_MOST })
            }
            Statistic::Sd => match (of, per) {
                ([gauge], []) if !matches!(gauge, Gauge::InSystem(_)) => {
                    let moments: Vec<_> = self
                        .replications
                        .iter()
                        .map(|r| (r.time_s, level(*gauge, r)))
                        .map(|(time, level)| (time, level.integral, level.square))
                        .collect();
                    let interval = stats::deviation(&moments, self.confidence);
                    self.given(interval.map(|i| i.value), interval)
                }
                _ => Estimate::unknown(None, self.quantity, NOT_MEASURED),
            },
            Statistic::Quantile(_) | Statistic::Min => {
                Estimate::unknown(None, self.quantity, NOT_MEASURED)
            }
        }
    }
}

/// What a level is a share of, integrated over time: time itself without any.
fn base_of(per: &[Gauge], r: &Replication) -> f64 {
    match per {
        [] => r.time_s,
        per => per.iter().map(|&gauge| level(gauge, r).integral).sum(),
    }
}

fn pooled_spread(spreads: &[&Spread]) -> Spread {
    let mut sum = Spread::default();
    for spread in spreads {
        sum.merge(spread);
    }
    sum
}

/// All tallies as one; a single one is not copied.
fn pooled<'t>(mut tallies: impl Iterator<Item = &'t Tally>) -> Cow<'t, Tally> {
    let Some(first) = tallies.next() else {
        return Cow::Owned(Tally::default());
    };
    tallies.fold(Cow::Borrowed(first), |mut sum, tally| {
        if tally.count > 0 {
            sum.to_mut().merge(tally);
        }
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{
        BreakerId, ClassId, ComponentId, FamilyId, InstanceId, KindId, NodeId, SourceId, StationId,
    };
    use crate::results::{
        ClassRecord, ComponentRecord, FamilyRecord, InstanceRecord, Level, NodeRecord,
        SessionRecord, StationRecord,
    };
    use Quantity::{Count, Duration, Rate, Ratio};

    fn tally(values: impl IntoIterator<Item = f64>) -> Tally {
        let mut tally = Tally::default();
        values.into_iter().for_each(|x| tally.record(x));
        tally
    }

    /// Eight replications of 100 s that differ a little: by `r` in 0..8.
    fn replications() -> Vec<Replication> {
        (0..8_u64)
            .map(|r| Replication {
                time_s: 100.0,
                classes: vec![
                    ClassRecord {
                        arrivals: 1000,
                        attempts: 1100 + r,
                        ok: tally((1..=990 + r).map(|i| i as f64 * 1e-3)),
                        failed: tally((0..10 - r).map(|_| 2.0)),
                        failures: vec![0, 10 - r],
                        in_flight: Level::constant(5.0 + r as f64, 100.0),
                        ..ClassRecord::default()
                    },
                    ClassRecord::default(),
                ],
                stations: vec![StationRecord {
                    arrivals: 1000,
                    waited: 300 + r,
                    served: 1000,
                    busy: Level::constant(3.0 + 0.1 * r as f64, 100.0),
                    size: Level::constant(4.0, 100.0),
                    queue: Level { integral: 200.0, square: 800.0, max: 7.0, ..Level::default() },
                    full_s: 25.0 + r as f64,
                    wait: tally((0..1000).map(|i| if i < 700 { 0.0 } else { 0.5 })),
                    abandoned: tally([3.0; 20]),
                    ..StationRecord::default()
                }],
                components: vec![ComponentRecord {
                    calls: 500,
                    response: tally((0..500).map(|i| 0.1 + 1e-4 * f64::from(i))),
                    failures: vec![1, 2],
                    amount: 1000.0 + r as f64,
                }],
                families: vec![FamilyRecord { lookups: 100, hits: 90 + r % 2 }],
                nodes: vec![NodeRecord {
                    evictions: 4,
                    keys: Level::constant(9.0, 100.0),
                    ..NodeRecord::default()
                }],
                instances: vec![InstanceRecord {
                    down_s: r as f64,
                    recycles: 2,
                    ..InstanceRecord::default()
                }],
                sessions: vec![SessionRecord {
                    started: 3,
                    active: Level::constant(50.0, 100.0),
                    ..SessionRecord::default()
                }],
                breakers_open_s: vec![10.0],
                ..Replication::default()
            })
            .collect()
    }

    fn value(measure: &Measure, statistic: Option<Statistic>, quantity: Quantity) -> Estimate {
        let estimate = estimate(measure, statistic, quantity, &replications(), 0.95);
        if let (Some(value), true) = (estimate.value, estimate.has_interval()) {
            assert!(estimate.low <= value && value <= estimate.high, "{estimate:?}");
        }
        estimate
    }

    fn close(measure: &Measure, statistic: Option<Statistic>, quantity: Quantity, expected: f64) {
        let estimate = value(measure, statistic, quantity);
        let value = estimate.value.expect("there is data");
        assert!((value / expected - 1.0).abs() < 2e-3, "{measure:?} {estimate:?} {expected}");
        assert_eq!(estimate.note, None, "{measure:?}");
    }

    const MEAN: Option<Statistic> = Some(Statistic::Mean);

    #[test]
    fn durations_are_pooled_over_classes_and_replications() {
        let latency = |all| Measure::Latency { classes: vec![ClassId(0), ClassId(1)], all };
        close(&latency(false), MEAN, Duration, 0.49727);
        // Of 8000 requests 52 failed at 2 s: the p95 of all is that of 0.95 · 8000 of the others.
        close(&latency(false), Some(Statistic::Quantile(0.95)), Duration, 0.9436);
        close(&latency(true), Some(Statistic::Quantile(0.95)), Duration, 0.9499);
        close(&latency(false), Some(Statistic::Sd), Duration, 0.2868);
        close(&Measure::Response(ComponentId(0)), MEAN, Duration, 0.12495);
        let wait = |all| Measure::Wait { stations: vec![StationId(0)], all };
        close(&wait(false), MEAN, Duration, 0.15);
        close(&wait(true), MEAN, Duration, (150.0 + 60.0) / 1020.0);
        assert_eq!(value(&wait(false), Some(Statistic::Quantile(0.5)), Duration).value, Some(0.0));
    }

    #[test]
    fn a_maximum_is_the_largest_seen() {
        let all = Measure::Latency { classes: vec![ClassId(0)], all: true };
        let max = value(&all, Some(Statistic::Max), Duration);
        assert_eq!(
            (max.value, max.low, max.high, max.note),
            (Some(2.0), 2.0, 2.0, Some(LARGEST_SEEN))
        );
    }

    #[test]
    fn counters_become_counts_rates_and_shares() {
        let failed = vec![Counter::Failed(ClassId(0))];
        close(&Measure::Count(failed.clone()), None, Count, 6.5);
        close(&Measure::Rate(failed.clone()), None, Rate, 0.065);
        close(&Measure::Rate(vec![Counter::FailedAs(ClassId(0), KindId(1))]), None, Rate, 0.065);
        let arrivals = vec![Counter::Arrivals(ClassId(0)), Counter::Arrivals(ClassId(1))];
        close(&Measure::Share(failed, arrivals.clone()), None, Ratio, 0.0065);
        close(&Measure::Share(vec![Counter::Attempts(ClassId(0))], arrivals), None, Ratio, 1.1035);
        let (hits, lookups) = (Counter::Hits(FamilyId(0)), Counter::Lookups(FamilyId(0)));
        close(&Measure::Share(vec![hits], vec![lookups]), None, Ratio, 0.905);
        for (counter, count) in [
            (Counter::StationArrivals(StationId(0)), 1000.0),
            (Counter::StationWaited(StationId(0)), 303.5),
            (Counter::StationServed(StationId(0)), 1000.0),
            (Counter::Calls(ComponentId(0)), 500.0),
            (Counter::CallsFailed(ComponentId(0)), 3.0),
            (Counter::CallsFailedAs(ComponentId(0), KindId(0)), 1.0),
            (Counter::Evictions(NodeId(0)), 4.0),
            (Counter::Recycles(InstanceId(0)), 2.0),
            (Counter::SessionsStarted(SourceId(0)), 3.0),
        ] {
            close(&Measure::Count(vec![counter]), None, Count, count);
        }
        close(&Measure::Usage(ComponentId(0)), None, Rate, 10.035);
    }

    #[test]
    fn what_never_happened_has_an_upper_end() {
        for counter in [
            Counter::MemoryKills(InstanceId(0)),
            Counter::StationRefused(StationId(0)),
            Counter::StationTimeouts(StationId(0)),
            Counter::SessionsDropped(SourceId(0)),
            Counter::SessionsRefused(SourceId(0)),
        ] {
            let count = value(&Measure::Count(vec![counter]), None, Count);
            assert_eq!((count.value, count.low), (Some(0.0), 0.0));
            assert!(count.high > 0.4 && count.high < 1.0, "{count:?}");
        }
        let ok =
            Measure::Share(vec![Counter::Failed(ClassId(1))], vec![Counter::Arrivals(ClassId(0))]);
        let share = value(&ok, None, Ratio);
        assert!(share.value == Some(0.0) && share.high > 4e-4 && share.high < 1e-3);
    }

    #[test]
    fn levels_are_means_over_time() {
        let level = |of, per| Measure::Level { of, per };
        let (station, busy) = (StationId(0), Gauge::Busy(StationId(0)));
        close(&level(vec![busy], vec![]), MEAN, Count, 3.35);
        close(&level(vec![busy], vec![Gauge::Size(station)]), None, Ratio, 3.35 / 4.0);
        close(&level(vec![busy], vec![Gauge::Constant(5.0)]), None, Ratio, 0.67);
        close(&level(vec![Gauge::Queue(station)], vec![]), None, Count, 2.0);
        close(&level(vec![Gauge::Queue(station)], vec![]), Some(Statistic::Sd), Count, 2.0);
        close(&level(vec![Gauge::InSystem(station)], vec![]), None, Count, 5.35);
        close(&level(vec![Gauge::Full(station)], vec![Gauge::Constant(1.0)]), None, Ratio, 0.285);
        close(&level(vec![Gauge::InFlight(ClassId(0))], vec![]), None, Count, 8.5);
        close(&level(vec![Gauge::Keys(NodeId(0))], vec![]), None, Count, 9.0);
        close(&level(vec![Gauge::Sessions(SourceId(0))], vec![]), None, Count, 50.0);
        close(&level(vec![Gauge::BreakerOpen(BreakerId(0))], vec![]), None, Ratio, 0.1);
        close(&level(vec![Gauge::Down(InstanceId(0))], vec![]), None, Ratio, 0.035);
        assert_eq!(
            value(&level(vec![Gauge::CacheBytes(NodeId(0))], vec![]), None, Count).value,
            Some(0.0)
        );
        let max = value(&level(vec![Gauge::Queue(station)], vec![]), Some(Statistic::Max), Count);
        assert_eq!((max.value, max.note), (Some(7.0), Some(LARGEST_SEEN)));
        let share = level(vec![busy], vec![Gauge::Size(station)]);
        assert_eq!(value(&share, Some(Statistic::Max), Ratio).value, Some(3.7 / 4.0));
        let sum = value(&level(vec![busy, busy], vec![]), Some(Statistic::Max), Count);
        assert_eq!((sum.value, sum.note), (Some(7.4), Some(AT_MOST)));
    }

    #[test]
    fn without_data_there_is_no_value_and_with_little_no_interval() {
        let none = Measure::Latency { classes: vec![ClassId(1)], all: true };
        assert_eq!(value(&none, MEAN, Duration).note, Some(NO_DATA));
        assert_eq!(value(&none, Some(Statistic::Quantile(0.9)), Duration).value, None);
        let nothing = Measure::Share(vec![], vec![Counter::Evictions(NodeId(0))]);
        assert_eq!(value(&nothing, None, Ratio).value, Some(0.0));
        assert_eq!(value(&Measure::Share(vec![], vec![]), None, Ratio).note, Some(NO_DATA));
        let latency = Measure::Latency { classes: vec![ClassId(0)], all: false };
        let p9999 = value(&latency, Some(Statistic::Quantile(0.9999)), Duration);
        assert_eq!(p9999.note, Some(TOO_FEW));
        assert!(p9999.value.is_some() && !p9999.has_interval());
        let one = estimate(&latency, MEAN, Duration, &replications()[..1], 0.95);
        assert_eq!(one.note, Some(TOO_FEW));
        let empty = value(&Measure::Rate(vec![]), None, Rate);
        assert!(empty.value.is_some_and(|zero| zero == 0.0 && zero.is_sign_positive()));
        let quantile = value(
            &Measure::Level { of: vec![], per: vec![] },
            Some(Statistic::Quantile(0.5)),
            Count,
        );
        assert_eq!(quantile.note, Some(NOT_MEASURED));
    }
}
