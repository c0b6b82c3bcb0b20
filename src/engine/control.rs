//! What acts on a running world by itself: its events, the values that it reads, and doors.

use super::calendar::{END_OF_TIME, Time};
use super::world::{World, event};
use crate::program::{AdmissionId, Counter, Gauge, Measure, StationId};
use crate::stats::{Statistic, Tally};

/// What happens at an event of a controller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// A member's boot or drain ends.
    Member { group: u16, member: u32, turn: u32 },
    /// A group has been empty for long.
    Idle { group: u16 },
    /// A controller looks at its window.
    Scale { scaling: u16 },
    /// A member is asked whether it lives.
    Check { group: u16, member: u32 },
    /// It has not answered in time.
    NoAnswer { group: u16, member: u32 },
}

/// Events under way.
#[derive(Debug, Default)]
pub(crate) struct Acts {
    all: Vec<Act>,
    free: Vec<u32>,
}

/// What a measure is made of, from the last reset on.
#[derive(Clone, Debug, Default)]
struct Sums {
    of: f64,
    per: f64,
    tally: Option<Tally>,
}

/// A measure, window by window. Resets of the statistics do not touch it.
#[derive(Debug)]
pub(crate) struct Meter<'p> {
    measure: &'p Measure,
    statistic: Statistic,
    /// Where the window (or what is left of it after a reset) began.
    base: Sums,
    began: Time,
    /// The part of the window before a reset.
    carried: Sums,
}

impl<'p> Meter<'p> {
    pub(crate) fn new(measure: &'p Measure, statistic: Statistic) -> Self {
        Self { measure, statistic, base: Sums::default(), began: 0, carried: Sums::default() }
    }
}

impl Sums {
    fn since(mut self, base: &Self, carried: &Self) -> Self {
        self.of += carried.of - base.of;
        self.per += carried.per - base.per;
        if let Some(tally) = &mut self.tally {
            base.tally.iter().for_each(|base| tally.subtract(base));
            carried.tally.iter().for_each(|before| tally.merge(before));
        }
        self
    }

    fn value(&self, measure: &Measure, statistic: Statistic, time_s: f64) -> Option<f64> {
        let over = |per: f64| (per > 0.0).then(|| self.of / per);
        match measure {
            Measure::Latency { .. } | Measure::Response(_) | Measure::Wait { .. } => {
                self.tally.as_ref().and_then(|tally| tally.statistic(statistic))
            }
            Measure::Count(_) => Some(self.of),
            Measure::Rate(_) | Measure::Usage(_) => over(time_s),
            // Those that were inside before may end in the window without having arrived in it.
            Measure::Share(..) => over(self.per).map(|share| share.min(1.0)),
            Measure::Level { per, .. } if per.is_empty() => over(time_s),
            Measure::Level { .. } => over(self.per),
            // Not kept per window: no controller reads them.
            Measure::Slowdown(_) | Measure::Part { .. } => None,
        }
    }
}

impl<'p> World<'p> {
    pub(crate) fn act_at(&mut self, time: Time, act: Act) {
        let acts = &mut self.acts;
        let index = if let Some(index) = acts.free.pop() {
            acts.all[index as usize] = act;
            index
        } else {
            acts.all.push(act);
            acts.all.len() as u32 - 1
        };
        self.calendar.push(time.min(END_OF_TIME), event::OTHER | event::CONTROL | index);
    }

    pub(crate) fn control_event(&mut self, index: u32) {
        self.acts.free.push(index);
        match self.acts.all[index as usize] {
            Act::Member { group, member, turn } => self.member_event(group, member, turn),
            Act::Idle { group } => self.idle_event(group),
            Act::Scale { scaling } => self.scale_event(scaling),
            Act::Check { group, member } => self.check_event(group, member),
            Act::NoAnswer { group, member } => self.no_answer(group, member),
        }
    }

    /// A window of a meter begins.
    pub(crate) fn begin_window(&self, meter: &mut Meter<'p>) {
        meter.base = self.sums(meter.measure);
        meter.began = self.now;
        meter.carried = Sums::default();
    }

    /// The value of a meter over its window of this length, which ends now.
    pub(crate) fn read_window(&self, meter: &Meter<'p>, length: Time) -> Option<f64> {
        let sums = self.sums(meter.measure).since(&meter.base, &meter.carried);
        sums.value(meter.measure, meter.statistic, length as f64 * 1e-9)
    }

    /// Before the statistics are reset: what the window has seen so far is kept.
    pub(crate) fn carry(&self, meter: &mut Meter<'p>) {
        meter.carried = self.sums(meter.measure).since(&meter.base, &meter.carried);
        meter.base = Sums::default();
    }

    fn sums(&self, measure: &Measure) -> Sums {
        let count = |of: &[Counter]| of.iter().map(|c| self.count_of(*c) as f64).sum();
        let area = |of: &[Gauge]| of.iter().map(|g| self.area_of(*g)).sum();
        let pooled = |all: &mut dyn Iterator<Item = &Tally>| {
            let mut sum = Tally::default();
            all.for_each(|tally| sum.merge(tally));
            Sums { tally: Some(sum), ..Sums::default() }
        };
        match measure {
            Measure::Latency { classes, all } => pooled(&mut classes.iter().flat_map(|class| {
                let record = &self.classes.records[class.index()];
                [Some(&record.ok), all.then_some(&record.failed)].into_iter().flatten()
            })),
            Measure::Response(id) => {
                pooled(&mut std::iter::once(&self.components[id.index()].response))
            }
            Measure::Wait { stations, all } => pooled(&mut stations.iter().flat_map(|id| {
                let stats = &self.places[id.index()].stats;
                [Some(&stats.wait), all.then_some(&stats.abandoned)].into_iter().flatten()
            })),
            Measure::Count(of) | Measure::Rate(of) => Sums { of: count(of), ..Sums::default() },
            Measure::Usage(id) => {
                Sums { of: self.components[id.index()].amount, ..Sums::default() }
            }
            Measure::Share(of, per) => Sums { of: count(of), per: count(per), tally: None },
            Measure::Level { of, per } => Sums { of: area(of), per: area(per), tally: None },
            Measure::Slowdown(_) | Measure::Part { .. } => Sums::default(),
        }
    }

    /// Whether a door refuses now.
    pub(crate) fn is_shut(&self, door: AdmissionId) -> bool {
        let spec = &self.program.admissions[door.index()];
        let values = |i: u32| Some(self.level_of(&spec.watched[i as usize]));
        spec.tests.iter().any(|test| test.watch().read(&values) == Some(true))
    }

    fn count_of(&self, counter: Counter) -> u64 {
        let class = |id: crate::program::ClassId| &self.classes.records[id.index()];
        let stats = |id: StationId| &self.places[id.index()].stats;
        let group = |id: crate::program::GroupId| self.group_record(id.index());
        match counter {
            Counter::Arrivals(id) => class(id).arrivals,
            Counter::Ok(id) => class(id).ok.count,
            Counter::Failed(id) => class(id).failed.count,
            Counter::FailedAs(id, kind) => class(id).failures[kind.index()],
            Counter::Attempts(id) => class(id).attempts,
            Counter::StationArrivals(id) => stats(id).arrivals,
            Counter::StationWaited(id) => stats(id).waited,
            Counter::StationRefused(id) => stats(id).refused,
            Counter::StationTimeouts(id) => stats(id).timeouts,
            Counter::StationServed(id) => stats(id).served,
            Counter::Calls(id) => self.components[id.index()].calls,
            Counter::CallsFailed(id) => self.components[id.index()].failures.iter().sum(),
            Counter::CallsFailedAs(id, kind) => self.components[id.index()].failures[kind.index()],
            Counter::Lookups(id) => self.families[id.index()].lookups,
            Counter::Hits(id) => self.families[id.index()].hits,
            Counter::Evictions(id) => self.cache.records(self.now)[id.index()].evictions,
            Counter::Breakdowns(id) => self.faults.records(self.now)[id.index()].count,
            Counter::MemoryKills(id) => self.instances[id.index()].memory_kills,
            Counter::Recycles(id) => self.instances[id.index()].recycles,
            Counter::SessionsStarted(id) => self.sessions.record(id.index(), self.now).started,
            Counter::SessionsDropped(id) => self.sessions.record(id.index(), self.now).dropped,
            Counter::SessionsRefused(id) => self.sessions.record(id.index(), self.now).refused,
            Counter::ScaledUp(id) => group(id).ups,
            Counter::ScaledDown(id) => group(id).downs,
        }
    }

    /// The integral of a level since the last reset, in its unit · seconds.
    fn area_of(&self, gauge: Gauge) -> f64 {
        let now = self.now;
        let place = |id: StationId| &self.places[id.index()];
        match gauge {
            Gauge::InFlight(id) => self.classes.in_flight(id.index(), now).integral,
            Gauge::Retrying(id) => self.classes.retrying[id.index()].record(now).integral,
            Gauge::Busy(id) => place(id).busy(now).integral,
            Gauge::Size(id) => {
                let spec = &self.program.stations[id.index()];
                self.size_over_time(spec.instance, spec.size()).integral
            }
            Gauge::Queue(id) => place(id).stats.queue.record(now).integral,
            Gauge::InSystem(id) => {
                place(id).busy(now).integral + place(id).stats.queue.record(now).integral
            }
            Gauge::Setup(id) => self.setup_level(id.0, now).integral,
            Gauge::UnitsUp(id) => self.faults.records(now)[id.index()].available.integral,
            Gauge::Broken(id) => self.faults.records(now)[id.index()].broken.integral,
            Gauge::Full(id) => place(id).stats.full_s(now),
            Gauge::CacheBytes(id) => self.cache.records(now)[id.index()].bytes.integral,
            Gauge::Keys(id) => self.cache.records(now)[id.index()].keys.integral,
            Gauge::Sessions(id) => self.sessions.record(id.index(), now).active.integral,
            Gauge::BreakerOpen(id) => self.breakers[id.index()].open_s(now),
            Gauge::Down(id) => {
                let since = self.down_since[id.index()];
                let open = since.map_or(0, |since| now - since.max(self.measured_from));
                self.instances[id.index()].down_s + open as f64 * 1e-9
            }
            Gauge::Available(id) => {
                self.available(self.program.instances[id.index()].crew, now).integral
            }
            Gauge::Provisioned { group, each } => {
                self.group_record(group.index()).provisioned.integral * each
            }
            Gauge::Constant(value) => value * (now - self.measured_from) as f64 * 1e-9,
        }
    }
}
