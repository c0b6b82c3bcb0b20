//! What is measured because somebody asks: levels at moments, their spread over time, and parts of
//! the measured time. State changes at events only, so looking after each event misses nothing.

use super::calendar::Time;
use super::world::{Moving, World, event};
use crate::program::{ClassId, During, Gauge, Measure, Program};
use crate::results::{Moment, Part, Replication};
use crate::stats::Spread;

/// A level that is looked at after every event.
#[derive(Debug)]
struct Watched {
    key: u64,
    value: f64,
    since: Time,
    spread: Spread,
}

/// What is kept of it.
#[derive(Debug)]
pub(crate) struct Observed {
    /// Whether any level is looked at after every event.
    pub(crate) watches: bool,
    levels: Vec<Watched>,
    /// Moments at which something is noted, from the beginning of the measured time, in order.
    marks: Vec<Time>,
    next: usize,
    /// The marks' events carry the number of the reset they belong to.
    epoch: u32,
    instants: Vec<Moment>,
    /// Per span that is asked for: what was measured when it began.
    begun: Vec<Option<Box<Replication>>>,
    parts: Vec<Part>,
}

impl Observed {
    pub(crate) fn new(program: &Program) -> Self {
        let asked = &program.asked;
        let levels = asked.levels.iter().map(|level| Watched {
            key: level.0,
            value: 0.0,
            since: 0,
            spread: Spread::default(),
        });
        let spans = asked.spans.iter().flat_map(|span| [span.from_ns, span.to_ns]);
        let mut marks: Vec<Time> = asked.instants.iter().map(|i| i.0).chain(spans).collect();
        marks.sort_unstable();
        marks.dedup();
        Self {
            watches: !asked.levels.is_empty(),
            levels: levels.collect(),
            marks,
            next: 0,
            epoch: 0,
            instants: Vec::new(),
            begun: asked.spans.iter().map(|_| None).collect(),
            parts: Vec::new(),
        }
    }
}

impl World<'_> {
    /// The measured time begins: moments are counted from now.
    pub(crate) fn begin_observed(&mut self) {
        let now = self.now;
        if self.observed.watches {
            for i in 0..self.observed.levels.len() {
                let value = self.level_of(&self.program.asked.levels[i].1);
                let level = &mut self.observed.levels[i];
                (level.value, level.since, level.spread) = (value, now, Spread::default());
            }
        }
        let observed = &mut self.observed;
        observed.instants.clear();
        observed.parts.clear();
        observed.begun.fill_with(|| None);
        observed.next = 0;
        observed.epoch = (observed.epoch + 1) & event::SUB_INDEX;
        self.next_mark();
    }

    fn next_mark(&mut self) {
        if let Some(mark) = self.observed.marks.get(self.observed.next) {
            let time = self.measured_from + mark;
            self.calendar.push(time, event::OTHER | event::MARK | self.observed.epoch);
        }
    }

    /// A moment at which something is noted.
    pub(crate) fn mark_event(&mut self, epoch: u32) {
        if epoch != self.observed.epoch {
            return;
        }
        let program = self.program;
        let mark = self.observed.marks[self.observed.next];
        let first = program.asked.instants.partition_point(|i| i.0 < mark);
        for (at_ns, key, measure) in &program.asked.instants[first..] {
            if *at_ns != mark {
                break;
            }
            let value = self.level_of(measure);
            self.observed.instants.push(Moment { key: *key, at_ns: *at_ns, value });
        }
        for (i, During { from_ns, to_ns }) in program.asked.spans.iter().enumerate() {
            if *to_ns == mark
                && let Some(begun) = self.observed.begun[i].take()
            {
                let measured = self.measured().since(&begun);
                let (from_ns, to_ns) = (*from_ns, *to_ns);
                self.observed.parts.push(Part { from_ns, to_ns, measured });
            }
            if *from_ns == mark {
                self.observed.begun[i] = Some(Box::new(self.measured()));
            }
        }
        self.observed.next += 1;
        self.next_mark();
    }

    /// Looks at the levels whose spread is kept.
    #[inline(never)]
    pub(crate) fn watch_levels(&mut self) {
        let now = self.now;
        for i in 0..self.observed.levels.len() {
            let value = self.level_of(&self.program.asked.levels[i].1);
            let level = &mut self.observed.levels[i];
            if value != level.value {
                level.spread.record(level.value, now - level.since);
                (level.value, level.since) = (value, now);
            }
        }
    }

    /// The spreads up to now.
    pub(crate) fn spreads(&self) -> Vec<(u64, Spread)> {
        let levels = self.observed.levels.iter();
        levels
            .map(|level| {
                let mut spread = level.spread.clone();
                spread.record(level.value, self.now - level.since);
                (level.key, spread)
            })
            .collect()
    }

    /// What was noted at moments and in parts of the time.
    pub(crate) fn noted(&self) -> (Vec<Moment>, Vec<Part>) {
        (self.observed.instants.clone(), self.observed.parts.clone())
    }

    /// A level now.
    pub(crate) fn level_of(&self, measure: &Measure) -> f64 {
        let (level, classes) = match measure {
            Measure::Part { classes, of } => (&**of, Some(classes.as_slice())),
            level => (level, None),
        };
        let Measure::Level { of, per } = level else { return 0.0 };
        let sum: f64 = of.iter().map(|gauge| self.gauge(*gauge, classes)).sum();
        if per.is_empty() {
            // A shared processor's jobs are counted in work: no jobs are split.
            let whole = sum.round();
            return if (sum - whole).abs() < 1e-9 { whole } else { sum };
        }
        let base: f64 = per.iter().map(|gauge| self.gauge(*gauge, None)).sum();
        if base > 0.0 { sum / base } else { 0.0 }
    }

    /// A level's value now; of some classes only, where they are told apart.
    fn gauge(&self, gauge: Gauge, classes: Option<&[ClassId]>) -> f64 {
        let station = |id: crate::program::StationId| match classes {
            None => {
                let place = &self.places[id.index()];
                let busy = match &place.moving {
                    Moving::Memory(level) => level.value(),
                    _ => place.stats.busy.value(),
                };
                (busy, place.stats.queue.value())
            }
            Some(classes) => self.shares.levels(id.0, classes),
        };
        match gauge {
            Gauge::InFlight(class) => self.classes.inside(class.index()),
            Gauge::Retrying(class) => self.classes.retrying[class.index()].value(),
            Gauge::Busy(id) => station(id).0,
            Gauge::Queue(id) => station(id).1,
            Gauge::InSystem(id) => {
                let (busy, queue) = station(id);
                busy + queue
            }
            Gauge::Setup(id) => self.setup_level(id.0, self.now).at_end,
            Gauge::UnitsUp(fault) => self.faults.levels(fault).0,
            Gauge::Broken(fault) => self.faults.levels(fault).1,
            Gauge::Size(id) => {
                let spec = &self.program.stations[id.index()];
                if spec.instance.is_some_and(|i| self.is_off(i)) { 0.0 } else { spec.size() }
            }
            Gauge::Full(id) => {
                f64::from(u8::from(self.places[id.index()].stats.full_since != Time::MAX))
            }
            Gauge::CacheBytes(node) => self.cache.levels(node.index()).0,
            Gauge::Keys(node) => self.cache.levels(node.index()).1,
            Gauge::Sessions(source) => self.sessions.active(source.index()),
            Gauge::BreakerOpen(breaker) => {
                f64::from(u8::from(self.breakers[breaker.index()].is_open()))
            }
            Gauge::Down(instance) => {
                f64::from(u8::from(self.down_since[instance.index()].is_some()))
            }
            Gauge::Available(id) => {
                self.available(self.program.instances[id.index()].crew, self.now).at_end
            }
            Gauge::Provisioned { group, each } => {
                each * self.group_record(group.index()).provisioned.at_end
            }
            Gauge::Constant(value) => value,
        }
    }
}
