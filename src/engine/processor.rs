//! Processor sharing in virtual time: each group's clock runs at the speed of one of its jobs, and a
//! job ends when its group's clock has advanced by its work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::calendar::Time;
use super::fault::Fault;
use super::task::{NOBODY, State, Tasks};
use super::world::{Moving, World, event};
use crate::program::{Processor, StationKind};

/// Marks the wake number of a job, so that it never equals an event's.
const JOB: u64 = 1 << 63;

#[derive(Debug)]
struct Group {
    /// Work done per job since the group was last empty.
    clock: f64,
    jobs: u32,
    /// (finish on the group's clock, job number, task) in one key: times ≥ 0 order as bits.
    heap: BinaryHeap<Reverse<u128>>,
    /// Work per second of each job.
    speed: f64,
    /// Σ of the clock at which each present job came.
    came: f64,
}

/// The moving part of a [`Processor`].
#[derive(Debug)]
pub(crate) struct ProcessorState {
    groups: Vec<Group>,
    jobs: u32,
    rate: f64,
    /// Most that one group gets, work per second.
    most: f64,
    /// Nanoseconds that a unit of work takes a job that is alone.
    alone_ns: f64,
    last: Time,
    next_job: u32,
    /// The event for the next completion, and its time.
    event: u64,
    due: Time,
    /// Somebody asks about single classes or slowdowns here.
    told: bool,
}

impl ProcessorState {
    pub(crate) fn new(spec: &Processor, told: bool) -> Self {
        let group =
            || Group { clock: 0.0, jobs: 0, heap: BinaryHeap::new(), speed: 0.0, came: 0.0 };
        Self {
            groups: (0..spec.groups.max(1)).map(|_| group()).collect(),
            jobs: 0,
            rate: 0.0,
            most: spec.group_cap.min(spec.cores),
            alone_ns: 1e9 / spec.job_cap.min(spec.cores).min(spec.group_cap),
            last: 0,
            next_job: 0,
            event: 0,
            due: 0,
            told,
        }
    }

    /// Work given so far to the jobs that are here at `now`.
    pub(crate) fn given_to_present(&self, now: Time) -> f64 {
        let seconds = (now - self.last) as f64 * 1e-9;
        let of = |g: &Group| f64::from(g.jobs) * (g.clock + seconds * g.speed) - g.came;
        self.groups.iter().filter(|g| g.jobs > 0).map(of).sum()
    }

    /// Work left of the jobs that are here at `now`, as they brought it.
    pub(crate) fn left(&self, now: Time, tasks: &Tasks, station: u32) -> f64 {
        let seconds = (now - self.last) as f64 * 1e-9;
        let of = |g: &Group| -> f64 {
            let clock = seconds.mul_add(g.speed, g.clock);
            let here = g.heap.iter().filter(|job| is_here(tasks, station, job.0));
            here.map(|job| f64::from_bits((job.0 >> 64) as u64) - clock).sum()
        };
        self.groups.iter().filter(|g| g.jobs > 0).map(of).sum()
    }

    /// Work per second of each job of a group.
    pub(crate) fn speed(&self, group: usize) -> f64 {
        self.groups[group].speed
    }

    /// Work done up to `now`.
    #[inline]
    fn advance(&mut self, now: Time) {
        let seconds = (now - self.last) as f64 * 1e-9;
        self.last = now;
        if seconds > 0.0 {
            for group in &mut self.groups {
                group.clock += seconds * group.speed;
            }
        }
    }

    /// Speeds after a change of jobs.
    #[inline]
    fn share(&mut self, spec: &Processor) {
        let demand = |jobs: u32| (f64::from(jobs) * spec.job_cap).min(spec.group_cap);
        if let [group] = self.groups.as_mut_slice() {
            if group.jobs == 0 {
                (group.clock, group.speed, group.came, self.rate) = (0.0, 0.0, 0.0, 0.0);
                group.heap.clear();
                return;
            }
            let jobs = f64::from(group.jobs);
            if jobs * spec.job_cap <= self.most {
                // Room for all: each runs as fast as it can.
                (self.rate, group.speed) = (jobs * spec.job_cap, spec.job_cap);
            } else {
                (self.rate, group.speed) = (self.most, self.most / jobs);
            }
            return;
        }
        let total: f64 =
            self.groups.iter().filter(|g| g.jobs > 0).map(|g| demand(g.jobs).min(spec.cores)).sum();
        let scale = if total > spec.cores { spec.cores / total } else { 1.0 };
        self.rate = total * scale;
        for group in &mut self.groups {
            if group.jobs == 0 {
                (group.clock, group.speed, group.came) = (0.0, 0.0, 0.0);
                group.heap.clear();
            } else {
                group.speed = demand(group.jobs).min(spec.cores) * scale / f64::from(group.jobs);
            }
        }
    }
}

/// Whether a key of a group's heap is that of a job still at work on this processor: its task's
/// record may have been used again, with the same job number on another processor.
fn is_here(tasks: &Tasks, station: u32, job: u128) -> bool {
    let task = &tasks[job as u32];
    task.state == State::Processing
        && task.station == station
        && task.wake == JOB | u64::from((job >> 32) as u32)
}

impl<'p> World<'p> {
    fn processor(&mut self, station: u32) -> (&mut ProcessorState, &'p Processor) {
        let StationKind::Processor(spec) = &self.program.stations[station as usize].kind else {
            unreachable!("lowering addresses a processor")
        };
        match &mut self.places[station as usize].moving {
            Moving::Processor(state) => (state, spec),
            _ => unreachable!("lowering addresses a processor"),
        }
    }

    /// A task brings `work` (core-seconds, bytes) to a processor.
    pub(crate) fn process(&mut self, station: u32, id: u32, work: f64, group: usize) {
        let now = self.now;
        let stretched = self.strikes(Fault::StretchesService);
        let (state, spec) = self.processor(station);
        state.advance(now);
        let index = if state.groups.len() == 1 { 0 } else { group % state.groups.len() };
        let number = state.next_job;
        state.next_job = state.next_job.wrapping_add(1);
        let group = &mut state.groups[index];
        let finish = group.clock + if stretched { 2.0 * work } else { work };
        let job =
            (u128::from(finish.to_bits()) << 64) | (u128::from(number) << 32) | u128::from(id);
        // One that ends later than another and slows nobody down leaves the next completion as it
        // is.
        let (before, is_next) = (group.speed, group.heap.peek().is_none_or(|next| job < next.0));
        group.heap.push(Reverse(job));
        group.jobs += 1;
        group.came += group.clock;
        let clock = group.clock;
        state.jobs += 1;
        state.share(spec);
        let (jobs, rate, alone_ns, told) = (state.jobs, state.rate, state.alone_ns, state.told);
        let stays = !is_next
            && state.event != 0
            && state.groups.len() == 1
            && state.groups[index].speed == before;
        let task = &mut self.tasks[id];
        task.state = State::Processing;
        task.station = station;
        task.clock = clock;
        task.since = now;
        task.wake = JOB | u64::from(number);
        // The work at full speed, to tell waiting from service at the end.
        task.remaining = ((work * alone_ns) as i64).cast_unsigned();
        let place = &mut self.places[station as usize];
        place.stats.arrivals += 1;
        place.stats.asked += work;
        if f64::from(jobs) * spec.job_cap > spec.cores {
            place.stats.waited += 1;
        }
        place.stats.note_rate(now, rate, jobs, rate >= spec.cores);
        if told {
            self.note_job(station, id, index, 1);
            self.note_rates(station);
        }
        if !stays {
            self.schedule_processor(station);
        }
    }

    /// Takes a job off its processor before it is done.
    pub(crate) fn leave_processor(&mut self, id: u32) {
        let station = self.tasks[id].station;
        let now = self.now;
        let index = self.job_group(id);
        let came = self.tasks[id].clock;
        let (state, spec) = self.processor(station);
        state.advance(now);
        let group = &mut state.groups[index];
        let given = group.clock - came;
        group.jobs -= 1;
        group.came -= came;
        state.jobs -= 1;
        let alone_ns = state.alone_ns;
        state.share(spec);
        let (jobs, rate, told) = (state.jobs, state.rate, state.told);
        let task = &mut self.tasks[id];
        let work = task.remaining as f64 / alone_ns;
        task.wake = 0;
        task.remaining = 0;
        task.state = State::Ready;
        let since = task.since;
        let place = &mut self.places[station as usize];
        place.stats.given.work += given;
        place.stats.asked -= (work - given).max(0.0);
        place.stats.note_rate(now, rate, jobs, rate >= spec.cores);
        let owner = place.owner;
        self.spend(id, owner, 0, now - since);
        if told {
            self.note_job(station, id, index, -1);
            self.note_rates(station);
        }
        self.schedule_processor(station);
    }

    /// The group of a job that is in service.
    fn job_group(&mut self, id: u32) -> usize {
        let task = self.tasks[id];
        let (state, _) = self.processor(task.station);
        if state.groups.len() == 1 {
            return 0;
        }
        let low = (u128::from(task.wake & !JOB) << 32) | u128::from(id);
        state
            .groups
            .iter()
            .position(|g| g.heap.iter().any(|job| job.0 & u128::from(u64::MAX) == low))
            .expect("a processing task is on its processor")
    }

    /// Schedules the next completion, when it is not scheduled already.
    fn schedule_processor(&mut self, station: u32) {
        // Jobs that were taken off leave their keys behind; drop those at the front.
        let tasks = &self.tasks;
        let place = &mut self.places[station as usize];
        let Moving::Processor(state) = &mut place.moving else {
            unreachable!("lowering addresses a processor")
        };
        let mut soonest = f64::INFINITY;
        for group in &mut state.groups {
            while let Some(Reverse(job)) = group.heap.peek() {
                if is_here(tasks, station, *job) {
                    let finish = f64::from_bits((*job >> 64) as u64);
                    let left = (finish - group.clock).max(0.0);
                    let wait = if group.speed == 1.0 { left } else { left / group.speed };
                    soonest = soonest.min(wait);
                    break;
                }
                group.heap.pop();
            }
        }
        if soonest == f64::INFINITY {
            state.event = 0;
            return;
        }
        let due = self.now + whole_up(soonest * 1e9);
        if state.event == 0 || due != state.due {
            state.due = due;
            state.event = self.calendar.push(due, event::PROCESSOR | station);
        }
    }

    pub(crate) fn processor_event(&mut self, station: u32, seq: u64) {
        let now = self.now;
        let (state, spec) = self.processor(station);
        if state.event != seq {
            return;
        }
        state.event = 0;
        state.advance(now);
        let mut done = NOBODY;
        let mut given = 0.0;
        for index in 0..self.processor(station).0.groups.len() {
            loop {
                let tasks = &self.tasks;
                let Moving::Processor(state) = &mut self.places[station as usize].moving else {
                    unreachable!("lowering addresses a processor")
                };
                let group = &mut state.groups[index];
                let Some(Reverse(job)) = group.heap.peek() else { break };
                let job = *job;
                if !is_here(tasks, station, job) {
                    group.heap.pop();
                    continue;
                }
                // Within a nanosecond of work the job is done: the event was rounded up to one.
                if f64::from_bits((job >> 64) as u64) > group.clock + group.speed * 1e-9 {
                    break;
                }
                group.heap.pop();
                let id = job as u32;
                let came = tasks[id].clock;
                group.jobs -= 1;
                group.came -= came;
                given += group.clock - came;
                state.jobs -= 1;
                if state.told {
                    self.note_job(station, id, index, -1);
                }
                // Chain the finished ones in order; they go on after the bookkeeping.
                self.tasks[id].wake = 0;
                self.tasks[id].state = State::Ready;
                self.tasks[id].next = NOBODY;
                if done == NOBODY {
                    done = id;
                    self.tasks[id].prev = id;
                } else {
                    let last = self.tasks[done].prev;
                    self.tasks[last].next = id;
                    self.tasks[done].prev = id;
                }
            }
        }
        let (state, _) = self.processor(station);
        state.share(spec);
        let (jobs, rate, told) = (state.jobs, state.rate, state.told);
        if told {
            self.note_rates(station);
        }
        let place = &mut self.places[station as usize];
        place.stats.given.work += given;
        place.stats.note_rate(now, rate, jobs, rate >= spec.cores);
        let owner = place.owner;
        self.schedule_processor(station);
        let is_one = done != NOBODY && self.tasks[done].next == NOBODY;
        while done != NOBODY {
            let id = done;
            let task = &mut self.tasks[id];
            done = task.next;
            task.next = NOBODY;
            task.prev = NOBODY;
            task.pc += 1;
            let total = now - task.since;
            let alone = task.remaining.min(total);
            task.remaining = 0;
            let place = &mut self.places[station as usize];
            place.stats.served += 1;
            // Rounding of events to nanoseconds is no wait.
            let waited = if total - alone <= 2 { 0 } else { total - alone };
            place.stats.wait.record(waited.cast_signed() as f64 * 1e-9);
            self.spend(id, owner, waited, alone);
            if told {
                self.note_done(station, id, waited, total);
            }
            if is_one {
                return self.step(id);
            }
            self.ready.push_back(id);
        }
    }
}

/// The least whole number at or above `x` ≥ 0, at most 10^18.
#[inline]
fn whole_up(x: f64) -> u64 {
    let whole = x as i64;
    let up = if (whole as f64) < x { whole + 1 } else { whole };
    up.min(1_000_000_000_000_000_000).cast_unsigned()
}
