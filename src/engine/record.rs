//! What is measured while a world runs, and its snapshot as plain results.

use super::calendar::Time;
use super::census::Seen;
use super::fault::Fault;
use super::level::Gauge;
use super::task::{NOBODY, State};
use super::tokens::Beyond;
use super::world::{Moving, Place, World};
use crate::program::{NONE, Program};
use crate::results::{
    Attribution, Balance, ClassRecord, FamilyRecord, GroupRecord, InstanceRecord, Level,
    Replication, StationRecord,
};
use crate::stats::Tally;

/// Service given, summed over the tasks that got it: an account of its own beside the level of busy
/// units, which it must equal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    /// Services under way.
    open: i64,
    /// Σ (ends − begins), nanoseconds; what is open has only begun.
    sum_ns: i128,
    /// Work of ended services of a processor, in its own unit times seconds.
    pub(crate) work: f64,
}

impl Given {
    #[inline]
    pub(crate) fn begin(&mut self, now: Time) {
        self.open += 1;
        self.sum_ns -= i128::from(now);
    }

    #[inline]
    pub(crate) fn end(&mut self, now: Time) {
        self.open -= 1;
        self.sum_ns += i128::from(now);
    }

    fn reset(&mut self, now: Time) {
        self.sum_ns = -i128::from(self.open) * i128::from(now);
        self.work = 0.0;
    }

    fn record(&self, now: Time) -> f64 {
        let ns = self.sum_ns + i128::from(self.open) * i128::from(now);
        ns as f64 * 1e-9 + self.work
    }
}

/// Statistics of a station.
#[derive(Debug)]
pub(crate) struct Stats {
    pub(crate) arrivals: u64,
    pub(crate) waited: u64,
    pub(crate) refused: u64,
    pub(crate) timeouts: u64,
    pub(crate) served: u64,
    pub(crate) busy: Gauge,
    pub(crate) queue: Gauge,
    pub(crate) full_ns: f64,
    /// Since when all units are in use; [`Time::MAX`] when they are not.
    pub(crate) full_since: Time,
    pub(crate) wait: Tally,
    pub(crate) abandoned: Tally,
    pub(crate) given: Given,
    /// Σ of service as it was drawn, ns (of a processor: work).
    pub(crate) asked: f64,
    /// What those who waited when measurement began had waited before, ns.
    carried_ns: f64,
    /// Waits of interrupted services before they went on, which are no waits of their own, ns.
    pub(crate) resumed_ns: f64,
}

impl Stats {
    pub(crate) fn new(busy: f64) -> Self {
        Self {
            arrivals: 0,
            waited: 0,
            refused: 0,
            timeouts: 0,
            served: 0,
            busy: Gauge::starting_at(busy),
            queue: Gauge::default(),
            full_ns: 0.0,
            full_since: Time::MAX,
            wait: Tally::default(),
            abandoned: Tally::default(),
            given: Given::default(),
            asked: 0.0,
            carried_ns: 0.0,
            resumed_ns: 0.0,
        }
    }

    /// Not all units are in use any more.
    #[inline]
    pub(crate) fn leave_full(&mut self, now: Time) {
        if self.full_since != Time::MAX {
            self.full_ns += (now - self.full_since).cast_signed() as f64;
            self.full_since = Time::MAX;
        }
    }

    /// A processor's rate and number of jobs.
    #[inline]
    pub(crate) fn note_rate(&mut self, now: Time, rate: f64, jobs: u32, full: bool) {
        self.busy.set(now, rate);
        // Jobs beyond what is worked on: the waiting part of a shared processor.
        let waiting = (f64::from(jobs) - rate).max(0.0);
        if waiting != self.queue.value() {
            self.queue.set(now, waiting);
        }
        if full {
            if self.full_since == Time::MAX {
                self.full_since = now;
            }
        } else {
            self.leave_full(now);
        }
    }

    fn reset(&mut self, now: Time, seen: &Seen) {
        self.asked = seen.left;
        self.carried_ns = seen.waiting_ns;
        self.resumed_ns = 0.0;
        self.arrivals = 0;
        self.waited = 0;
        self.refused = 0;
        self.timeouts = 0;
        self.served = 0;
        self.busy.reset(now);
        self.queue.reset(now);
        self.full_ns = 0.0;
        if self.full_since != Time::MAX {
            self.full_since = now;
        }
        self.wait.reset();
        self.abandoned.reset();
        self.given.reset(now);
    }

    /// Seconds with all units in use.
    pub(crate) fn full_s(&self, now: Time) -> f64 {
        let open = if self.full_since == Time::MAX { 0 } else { now - self.full_since };
        (self.full_ns + open as f64) * 1e-9
    }

    pub(crate) fn record(&self, now: Time) -> StationRecord {
        StationRecord {
            arrivals: self.arrivals,
            waited: self.waited,
            refused: self.refused,
            timeouts: self.timeouts,
            served: self.served,
            busy: self.busy.record(now),
            size: Level::default(),
            queue: self.queue.record(now),
            full_s: self.full_s(now),
            wait: self.wait.clone(),
            abandoned: self.abandoned.clone(),
            slowdown: Tally::default(),
            setup: Level::default(),
            given_s: self.given.record(now),
            ..StationRecord::default()
        }
    }

    /// Σ of waits since the last reset, seconds, with what those wait who still do.
    fn waited_s(&self, seen: &Seen) -> f64 {
        let ns = self.resumed_ns - self.carried_ns + seen.waiting_ns;
        ns.mul_add(1e-9, self.wait.sum + self.abandoned.sum)
    }

    /// The accounts for the self-checks.
    fn audit(&self, place: &Place, seen: &Seen, record: &mut StationRecord) {
        let asked = self.asked - seen.left;
        match &place.moving {
            Moving::Memory(_) => {}
            Moving::Processor(_) => {
                record.asked_s = Some(asked);
                // An event is up to a nanosecond late, and ends what is done within one.
                record.rounding_s = 4e-9 * record.size.max * record.arrivals as f64;
            }
            Moving::Tokens(_) | Moving::Crew(_) => {
                record.waited_s = Some(self.waited_s(seen));
                record.held = Some(seen.units);
                record.asked_s = place.serves_only.then_some(asked * 1e-9);
            }
            Moving::Bucket(_) => record.waited_s = Some(self.waited_s(seen)),
        }
    }
}

/// Statistics of the classes of requests.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) records: Vec<ClassRecord>,
    in_flight: Vec<Gauge>,
    /// Requests that pause before their client's next attempt.
    pub(crate) retrying: Vec<Gauge>,
    /// Since the start of the world, for the warm-up series.
    pub(crate) ended: u64,
    pub(crate) latency_s: f64,
}

impl Classes {
    pub(crate) fn new(program: &Program) -> Self {
        let kinds = usize::from(program.kinds);
        let empty = || ClassRecord { failures: vec![0; kinds], ..ClassRecord::default() };
        Self {
            records: program.classes.iter().map(|_| empty()).collect(),
            in_flight: vec![Gauge::default(); program.classes.len()],
            retrying: vec![Gauge::default(); program.classes.len()],
            ended: 0,
            latency_s: 0.0,
        }
    }

    /// ∫ requests in flight dt since the last reset, request · seconds.
    pub(crate) fn inside_integral(&self, now: Time) -> f64 {
        self.in_flight.iter().map(|gauge| gauge.record(now).integral).sum()
    }

    /// Requests in flight now.
    pub(crate) fn inside(&self, class: usize) -> f64 {
        self.in_flight[class].value()
    }

    pub(crate) fn in_flight(&self, class: usize, now: Time) -> Level {
        self.in_flight[class].record(now)
    }
}

/// The sample of requests whose time is attributed to components.
#[derive(Debug)]
pub(crate) struct Samples {
    components: usize,
    /// (waited, served) nanoseconds, `components` per sample.
    spent: Vec<(f32, f32)>,
    free: Vec<u32>,
    attribution: Attribution,
}

impl Samples {
    pub(crate) fn new(components: usize) -> Self {
        Self { components, spent: Vec::new(), free: Vec::new(), attribution: empty(components) }
    }

    pub(crate) fn open(&mut self) -> u32 {
        if let Some(id) = self.free.pop() {
            let from = id as usize * self.components;
            self.spent[from..from + self.components].fill((0.0, 0.0));
            return id;
        }
        if self.components == 0 {
            return NOBODY;
        }
        let id = self.spent.len() / self.components;
        self.spent.resize(self.spent.len() + self.components, (0.0, 0.0));
        id as u32
    }

    fn close(&mut self, id: u32, latency_s: f64) {
        let bin = Attribution::bin(latency_s);
        self.attribution.requests[bin] += 1;
        self.attribution.latency_s[bin] += latency_s;
        let from = id as usize * self.components;
        for component in 0..self.components {
            let (waited, served) = self.spent[from + component];
            let sum = &mut self.attribution.spent_s[bin * self.components + component];
            sum.0 += f64::from(waited) * 1e-9;
            sum.1 += f64::from(served) * 1e-9;
        }
        self.free.push(id);
    }
}

fn empty(components: usize) -> Attribution {
    Attribution {
        requests: vec![0; Attribution::BINS],
        latency_s: vec![0.0; Attribution::BINS],
        spent_s: vec![(0.0, 0.0); Attribution::BINS * components],
    }
}

impl World<'_> {
    /// Attributes time of a sampled request to a component.
    #[inline]
    pub(crate) fn spend(&mut self, id: u32, owner: u16, waited: Time, served: Time) {
        let sample = self.tasks[id].sample;
        if sample != NOBODY {
            let at = sample as usize * self.samples.components + usize::from(owner);
            let spent = &mut self.samples.spent[at];
            spent.0 += waited as f32;
            spent.1 += served as f32;
        }
    }

    /// A request's class is known: it has arrived.
    #[inline]
    pub(crate) fn arrived(&mut self, id: u32, class: u16) {
        self.tasks[id].class = class;
        if !self.tasks[id].counts {
            return;
        }
        let record = &mut self.classes.records[usize::from(class)];
        record.arrivals += 1;
        record.attempts += 1;
        self.classes.in_flight[usize::from(class)].add(self.now, 1.0);
    }

    /// A request ends: ok, or by a kind of failure.
    pub(crate) fn ended(&mut self, id: u32, failure: Option<u8>) {
        let lost = self.strikes(Fault::LosesRequest);
        let task = &mut self.tasks[id];
        if !task.counts {
            return;
        }
        task.counts = false;
        if lost {
            return;
        }
        let (class, started, sample, client) = (task.class, task.started, task.sample, task.client);
        task.sample = NOBODY;
        task.client = NOBODY;
        let now = self.now;
        let latency_s = (now - started).cast_signed() as f64 * 1e-9;
        if class != NONE {
            let class = usize::from(class);
            let times = if self.strikes(Fault::CountsTwice) { 2 } else { 1 };
            let record = &mut self.classes.records[class];
            match failure {
                None => record.ok.record(latency_s),
                Some(kind) => {
                    record.failed.record(latency_s);
                    record.failures[usize::from(kind)] += times;
                }
            }
            let measured_ns = now - started.max(self.measured_from);
            record.residence_s += measured_ns.cast_signed() as f64 * 1e-9;
            self.classes.in_flight[class].add(now, -1.0);
        }
        self.classes.ended += 1;
        self.classes.latency_s += latency_s;
        if sample != NOBODY {
            self.samples.close(sample, latency_s);
        }
        if client != NOBODY {
            self.client_answered(client);
        }
    }

    /// Forgets all statistics and keeps the state: measurement begins now.
    pub fn reset(&mut self) {
        self.carry_windows();
        let now = self.now;
        self.measured_from = now;
        self.events = 0;
        let census = self.census();
        for (place, seen) in self.places.iter_mut().zip(&census.stations) {
            place.stats.reset(now, seen);
            match &mut place.moving {
                // What jobs under way were given before counts for the time before.
                Moving::Processor(state) => {
                    place.stats.given.work = -state.given_to_present(now);
                }
                Moving::Memory(level) => level.reset(now),
                Moving::Crew(crew) => crew.available.reset(now),
                Moving::Tokens(state) => {
                    if let Some(Beyond::Sets(sets)) = state.beyond.as_deref_mut() {
                        sets.level.reset(now);
                    }
                }
                Moving::Bucket(_) => {}
            }
        }
        // The warm-up series is cumulative, so its integral must not jump.
        self.batch.2 -= self.classes.inside_integral(now);
        let mut inside = 0;
        for (record, gauge) in self.classes.records.iter_mut().zip(&mut self.classes.in_flight) {
            inside += gauge.value() as u64;
            gauge.reset(now);
            record.arrivals = 0;
            record.attempts = 0;
            record.ok.reset();
            record.failed.reset();
            record.failures.fill(0);
            record.residence_s = 0.0;
        }
        self.inside_at_start = inside;
        self.classes.retrying.iter_mut().for_each(|gauge| gauge.reset(now));
        self.shares.reset(now);
        self.faults.reset(now);
        for component in &mut self.components {
            component.calls = 0;
            component.response.reset();
            component.failures.fill(0);
            component.amount = 0.0;
        }
        self.families.fill(FamilyRecord::default());
        self.instances.fill(InstanceRecord::default());
        self.cache.reset_records(now);
        self.sessions.reset_records(now);
        self.fleets.iter_mut().flatten().for_each(|fleet| fleet.reset(now));
        for breaker in &mut self.breakers {
            breaker.reset(now);
        }
        self.samples.attribution = empty(self.samples.components);
        self.reset_windows();
        self.begin_observed();
    }

    /// Workers of a crew that take work.
    pub(crate) fn available(&self, crew: crate::program::StationId, now: Time) -> Level {
        match &self.places[crew.index()].moving {
            Moving::Crew(crew) => crew.available.record(now),
            _ => Level::default(),
        }
    }

    pub(crate) fn group_record(&self, group: usize) -> GroupRecord {
        let measured_s = (self.now - self.measured_from) as f64 * 1e-9;
        match &self.fleets[group] {
            Some(fleet) => fleet.record(self.now),
            None => GroupRecord {
                provisioned: Level::constant(
                    f64::from(self.program.groups[group].count),
                    measured_s,
                ),
                ..GroupRecord::default()
            },
        }
    }

    /// Everything measured since the last [`World::reset`] (or the start).
    pub fn results(&mut self) -> Replication {
        let (instants, parts) = self.noted();
        let (windows, batches) = (self.windows.values(), self.batches.clone());
        Replication { windows, instants, parts, batches, ..self.measured() }
    }

    /// The same without what belongs to single moments and parts of the time.
    pub(crate) fn measured(&self) -> Replication {
        let now = self.now;
        let mut classes = self.classes.records.clone();
        for (class, record) in classes.iter_mut().enumerate() {
            record.in_flight = self.classes.in_flight(class, now);
            record.retrying = self.classes.retrying[class].record(now);
        }
        for task in &self.tasks.all {
            if task.state != State::Free && task.counts && task.class != NONE {
                classes[usize::from(task.class)].residence_s +=
                    (now - task.started.max(self.measured_from)) as f64 * 1e-9;
            }
        }
        let census = self.census();
        let mut balance = Balance {
            inside: census.inside,
            inside_at_start: self.inside_at_start,
            failed: vec![0; usize::from(self.program.kinds)],
            ..Balance::default()
        };
        for record in &classes {
            balance.arrivals += record.arrivals;
            balance.completed += record.ok.count;
            for (sum, n) in balance.failed.iter_mut().zip(&record.failures) {
                *sum += n;
            }
        }
        let stations = self
            .places
            .iter()
            .zip(&self.program.stations)
            .enumerate()
            .map(|(station, (place, spec))| {
                let mut record = place.stats.record(now);
                record.size = self.size_over_time(spec.instance, spec.size());
                match &place.moving {
                    Moving::Memory(level) => record.busy = level.record(now),
                    Moving::Tokens(_) => record.setup = self.setup_level(station as u32, now),
                    Moving::Processor(state) => record.given_s += state.given_to_present(now),
                    _ => {}
                }
                record.slowdown = self.shares.slowdown(station);
                place.stats.audit(place, &census.stations[station], &mut record);
                record
            })
            .collect();
        let (shares, calls) = self.shares.records(now);
        let mut instances = self.instances.clone();
        for (record, spec) in instances.iter_mut().zip(&self.program.instances) {
            record.available = self.available(spec.crew, now);
        }
        for (record, since) in instances.iter_mut().zip(&self.down_since) {
            if let Some(since) = since {
                record.down_s += (now - (*since).max(self.measured_from)) as f64 * 1e-9;
            }
        }
        Replication {
            time_s: (now - self.measured_from) as f64 * 1e-9,
            warmup_s: self.measured_from as f64 * 1e-9,
            events: self.events,
            classes,
            stations,
            components: self.components.clone(),
            families: self.families.clone(),
            nodes: self.cache.records(now),
            instances,
            groups: (0..self.fleets.len()).map(|group| self.group_record(group)).collect(),
            sessions: self.sessions.records(now),
            breakers_open_s: self.breakers.iter().map(|b| b.open_s(now)).collect(),
            attribution: self.samples.attribution.clone(),
            balance,
            spreads: self.spreads(),
            shares,
            calls,
            faults: self.faults.records(now),
            ..Replication::default()
        }
    }
}
