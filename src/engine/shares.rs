//! Classes of requests told apart at a station, where somebody asks for `metric@endpoint`, and visits
//! compared with their own demand.
//!
//! A station where nobody asks never comes here: its fast paths do not know of shares.

use super::calendar::Time;
use super::level::Gauge;
use super::task::Task;
use super::world::{Moving, World};
use crate::program::{ClassId, NONE, Op, Program};
use crate::results::{CallShare, Level, StationRecord, StationShare};
use crate::stats::Tally;

/// What one class did at a station.
#[derive(Debug, Default)]
struct Share {
    station: u32,
    class: u16,
    record: StationRecord,
    busy: Gauge,
    queue: Gauge,
    /// Jobs per group of a shared processor.
    jobs: Vec<u32>,
}

/// All that is told apart.
#[derive(Debug)]
pub(crate) struct Shares {
    all: Vec<Share>,
    /// By station: the range of its shares.
    of: Vec<(u32, u32)>,
    calls: Vec<CallShare>,
    /// By station: whether slowdowns are asked for, and those seen.
    slowdowns: Vec<Option<Tally>>,
}

/// What happens to a task at a station.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note {
    /// It asks for a unit.
    Arrives,
    /// It begins to wait.
    Waits,
    /// It is sent away at once.
    Refused,
    /// It has a unit, after so long; it stood in the queue, or not.
    Served { waited: Time, queued: bool },
    /// It goes on after an interruption.
    Resumes,
    /// Its service is interrupted: back into the queue.
    Interrupted,
    /// It passes a rate limit, after so long; it stood in the queue, or not.
    Passed { waited: Time, queued: bool },
    /// It leaves the queue without a unit, after so long.
    Leaves { waited: Time, timed_out: bool },
    /// It gives its unit back.
    Ends,
    /// It got a unit that it cannot use.
    Undone,
}

impl Shares {
    pub(crate) fn new(program: &Program) -> Self {
        let mut wanted = program.asked.shares.clone();
        wanted.sort_unstable();
        let all: Vec<Share> = wanted
            .iter()
            .map(|(station, class)| Share {
                station: station.0,
                class: class.0,
                ..Share::default()
            })
            .collect();
        let range = |station: u32| {
            let first = all.partition_point(|share| share.station < station);
            let end = all.partition_point(|share| share.station <= station);
            (first as u32, end as u32)
        };
        let stations = program.stations.len() as u32;
        let calls = program.asked.calls.iter().map(|(component, class)| CallShare {
            component: component.0,
            class: class.0,
            calls: 0,
            response: Tally::default(),
        });
        let mut slowdowns = vec![None; program.stations.len()];
        for station in &program.asked.slowdowns {
            slowdowns[station.index()] = Some(Tally::default());
        }
        Self { of: (0..stations).map(range).collect(), calls: calls.collect(), slowdowns, all }
    }

    /// Whether anything is asked about a station.
    pub(crate) fn asks(&self, station: u32) -> bool {
        let (first, end) = self.of[station as usize];
        first < end || self.slowdowns[station as usize].is_some()
    }

    fn find(&self, station: u32, class: u16) -> Option<usize> {
        let (first, end) = self.of[station as usize];
        let found = self.all[first as usize..end as usize].iter().position(|s| s.class == class);
        found.map(|i| first as usize + i)
    }

    /// Busy units and waiting tasks of some classes at a station now.
    pub(crate) fn levels(&self, station: u32, classes: &[ClassId]) -> (f64, f64) {
        let found = classes.iter().filter_map(|class| self.find(station, class.0));
        found.fold((0.0, 0.0), |(busy, queue), i| {
            (busy + self.all[i].busy.value(), queue + self.all[i].queue.value())
        })
    }

    pub(crate) fn reset(&mut self, now: Time) {
        for share in &mut self.all {
            share.record = StationRecord::default();
            share.busy.reset(now);
            share.queue.reset(now);
        }
        for call in &mut self.calls {
            call.calls = 0;
            call.response.reset();
        }
        self.slowdowns.iter_mut().flatten().for_each(Tally::reset);
    }

    /// The slowdowns seen at a station.
    pub(crate) fn slowdown(&self, station: usize) -> Tally {
        self.slowdowns[station].clone().unwrap_or_default()
    }

    pub(crate) fn records(&self, now: Time) -> (Vec<StationShare>, Vec<CallShare>) {
        let shares = self.all.iter().map(|share| StationShare {
            station: share.station,
            class: share.class,
            record: StationRecord {
                busy: share.busy.record(now),
                queue: share.queue.record(now),
                size: Level::default(),
                ..share.record.clone()
            },
        });
        (shares.collect(), self.calls.clone())
    }
}

impl World<'_> {
    /// Notes what happens to a task at a station whose classes are told apart.
    #[inline]
    pub(crate) fn note(&mut self, station: u32, id: u32, what: Note) {
        let (first, end) = self.shares.of[station as usize];
        if first < end {
            self.note_share(station, id, what);
        }
    }

    #[inline(never)]
    fn note_share(&mut self, station: u32, id: u32, what: Note) {
        let now = self.now;
        let Some(index) = self.shares.find(station, self.tasks[id].class) else { return };
        let share = &mut self.shares.all[index];
        match what {
            Note::Arrives => share.record.arrivals += 1,
            Note::Waits => {
                share.record.waited += 1;
                share.queue.add(now, 1.0);
            }
            Note::Refused => share.record.refused += 1,
            Note::Served { waited, queued } => {
                share.record.served += 1;
                share.record.wait.record(waited.cast_signed() as f64 * 1e-9);
                if queued {
                    share.queue.add(now, -1.0);
                }
                share.busy.add(now, 1.0);
            }
            Note::Passed { waited, queued } => {
                share.record.served += 1;
                share.record.wait.record(waited.cast_signed() as f64 * 1e-9);
                if queued {
                    share.queue.add(now, -1.0);
                }
            }
            Note::Resumes => {
                share.queue.add(now, -1.0);
                share.busy.add(now, 1.0);
            }
            Note::Interrupted => {
                share.busy.add(now, -1.0);
                share.queue.add(now, 1.0);
            }
            Note::Leaves { waited, timed_out } => {
                share.queue.add(now, -1.0);
                share.record.abandoned.record(waited.cast_signed() as f64 * 1e-9);
                share.record.timeouts += u64::from(timed_out);
            }
            Note::Ends => share.busy.add(now, -1.0),
            Note::Undone => {
                share.record.served -= 1;
                share.record.refused += 1;
                share.busy.add(now, -1.0);
            }
        }
    }

    /// A task asks for a unit; its visit begins.
    pub(crate) fn note_arrival(&mut self, station: u32, id: u32) {
        self.tasks[id].clock = f64::from_bits(self.now);
        self.note(station, id, Note::Arrives);
    }

    /// A visit that began with [`World::note_arrival`] ends with its service.
    pub(crate) fn note_visit(&mut self, station: u32, id: u32) {
        let Task { clock, pc, class, .. } = self.tasks[id];
        // The program counter has moved on; the draw is a function of the task's key.
        if let Some(Op::Serve { time, .. }) = self.program.ops.get(pc as usize - 1) {
            let demand = self.draw_ns(id, *time);
            self.note_slowdown(station, class, self.now - clock.to_bits(), demand);
        }
    }

    /// A job came to a shared processor (`by` 1), or left it (−1).
    pub(crate) fn note_job(&mut self, station: u32, id: u32, group: usize, by: i32) {
        if !self.shares.asks(station) {
            return;
        }
        if let Some(index) = self.shares.find(station, self.tasks[id].class) {
            let jobs = &mut self.shares.all[index].jobs;
            if jobs.len() <= group {
                jobs.resize(group + 1, 0);
            }
            jobs[group] = jobs[group].saturating_add_signed(by);
            if by > 0 {
                self.shares.all[index].record.arrivals += 1;
            }
        }
    }

    /// A job of a shared processor is done, after `waited` of `total`.
    pub(crate) fn note_done(&mut self, station: u32, id: u32, waited: Time, total: Time) {
        let class = self.tasks[id].class;
        if let Some(index) = self.shares.find(station, class) {
            let record = &mut self.shares.all[index].record;
            record.served += 1;
            record.waited += u64::from(waited > 0);
            record.wait.record(waited.cast_signed() as f64 * 1e-9);
        }
        self.note_slowdown(station, class, total, total - waited);
    }

    /// The rates of a shared processor have changed: the classes' parts of them.
    pub(crate) fn note_rates(&mut self, station: u32) {
        let now = self.now;
        let (first, end) = self.shares.of[station as usize];
        let Moving::Processor(state) = &self.places[station as usize].moving else { return };
        for share in &mut self.shares.all[first as usize..end as usize] {
            let (mut jobs, mut rate) = (0.0, 0.0);
            for (group, n) in share.jobs.iter().enumerate() {
                jobs += f64::from(*n);
                rate += f64::from(*n) * state.speed(group);
            }
            share.busy.set(now, rate);
            share.queue.set(now, (jobs - rate).max(0.0));
        }
    }

    /// A visit took `response` of which its own demand is `demand`, ns.
    pub(crate) fn note_slowdown(&mut self, station: u32, class: u16, response: Time, demand: Time) {
        let Some(tally) = &mut self.shares.slowdowns[station as usize] else { return };
        if demand == 0 {
            return;
        }
        let slowdown = response as f64 / demand as f64;
        tally.record(slowdown);
        if class != NONE
            && let Some(index) = self.shares.find(station, class)
        {
            self.shares.all[index].record.slowdown.record(slowdown);
        }
    }

    /// A call of a component by a request whose class is told apart: it began, or took so long.
    pub(crate) fn note_call(&mut self, component: u16, id: u32, took_s: Option<f64>) {
        let class = self.tasks[id].class;
        let calls = &mut self.shares.calls;
        let Some(share) = calls.iter_mut().find(|c| (c.component, c.class) == (component, class))
        else {
            return;
        };
        match took_s {
            None => share.calls += 1,
            Some(seconds) => share.response.record(seconds),
        }
    }
}
