//! The life of workers: how many requests they serve, drains, boots, and the death of all of an instance.

use super::{Mode, Worker, WorkerEvent};
use crate::engine::calendar::{END_OF_TIME, Time};
use crate::engine::world::{World, event, nanoseconds};
use crate::program::{DrawId, InstanceId, Kind, Slot, StationKind};
use crate::rng::{Stream, combine};

impl World<'_> {
    /// At the start every worker is somewhere in its life: what is left until its restart is
    /// uniform, so that they do not all restart together.
    pub(crate) fn hire_workers(&mut self) {
        for station in 0..self.places.len() as u32 {
            let StationKind::Crew(spec) = &self.program.stations[station as usize].kind else {
                continue;
            };
            for worker in 0..spec.workers {
                let life = self.worker_life(station, worker, 0);
                let warm = self.program.warm_start && life != u64::MAX;
                let key = combine(self.key, combine(u64::from(station), u64::from(worker)));
                let left = if warm { 1 + Stream::new(key).below(life.max(1)) } else { life };
                self.crew(station).workers[worker as usize].left = left;
            }
        }
    }

    /// Requests that a worker serves until it restarts; `u64::MAX` is without end.
    fn worker_life(&self, station: u32, worker: u32, start: u64) -> u64 {
        let Some(draw) = self.crew_spec(station).recycle else { return u64::MAX };
        let draw = self.program.draws[draw.index()];
        let key = combine(combine(self.key, combine(u64::from(station), u64::from(worker))), start);
        let life = self.program.dists[draw.dist.index()].sample(&mut Stream::at(key, draw.site));
        (life * draw.factor).max(1.0) as u64
    }

    /// A worker has served its last request before a restart.
    pub(super) fn retire(&mut self, station: u32, worker: u32) {
        if let Some(instance) = self.program.stations[station as usize].instance {
            self.instances[instance.index()].recycles += 1;
        }
        let deadline = self.now + self.crew_spec(station).drain_ns;
        let now = self.now;
        let crew = self.crew(station);
        crew.set_mode(now, worker, Mode::Draining);
        let start = crew.workers[worker as usize].starts;
        self.worker_at(deadline, WorkerEvent { station, worker, start });
    }

    fn worker_at(&mut self, time: Time, what: WorkerEvent) {
        let index = self.sessions.note_worker(what);
        self.calendar.push(time.min(END_OF_TIME), event::WORKER | index);
    }

    /// The end of a drain, or of a boot.
    pub(crate) fn worker_event(&mut self, index: usize) {
        let WorkerEvent { station, worker, start } = self.sessions.take_worker(index);
        let w = &self.crew(station).workers[worker as usize];
        if w.starts != start {
            return;
        }
        match w.mode {
            Mode::Draining => self.restart(station, worker),
            Mode::Booting => {
                let now = self.now;
                let crew = self.crew(station);
                crew.set_mode(now, worker, crew.working);
                if let Some(instance) = self.program.stations[station as usize].instance {
                    self.instance_up(instance);
                }
                self.crew_dispatch(station);
                self.worker_empty(station, worker);
            }
            Mode::Up | Mode::Watched | Mode::Off => {}
        }
    }

    /// A worker starts once more, in a mode and with a new number of requests until its restart; the
    /// number of its start.
    fn begin_life(&mut self, station: u32, worker: u32, mode: Mode) -> u64 {
        let start = self.crew(station).workers[worker as usize].starts + 1;
        let (now, left) = (self.now, self.worker_life(station, worker, start));
        let crew = self.crew(station);
        crew.set_mode(now, worker, mode);
        let w = &mut crew.workers[worker as usize];
        (w.starts, w.left) = (start, left);
        start
    }

    /// All workers of an instance begin anew in a mode: it starts, is there, or is not.
    pub(crate) fn restart_workers(&mut self, station: u32, mode: Mode) {
        for worker in 0..self.crew(station).workers.len() as u32 {
            self.begin_life(station, worker, mode);
        }
        if matches!(mode, Mode::Up | Mode::Watched) {
            self.crew(station).working = mode;
        }
    }

    /// Somebody wants to know when an instance is empty.
    pub(crate) fn crew_watched(&mut self, station: u32) {
        let crew = self.crew(station);
        crew.working = Mode::Watched;
        for worker in crew.workers.iter_mut().filter(|w| w.mode == Mode::Up) {
            worker.mode = Mode::Watched;
        }
    }

    /// Whether an instance answers a question.
    pub(crate) fn answers(&mut self, station: u32) -> bool {
        let instance = self.program.stations[station as usize].instance;
        let down = instance.is_some_and(|i| self.down_since[i.index()].is_some());
        !down && self.crew(station).workers.iter().any(Worker::works)
    }

    /// Ends what is left on a worker and boots it.
    pub(super) fn restart(&mut self, station: u32, worker: u32) {
        let start = self.begin_life(station, worker, Mode::Booting);
        let boot = self.crew_spec(station).boot;
        let time = self.now + self.boot_time(boot, station, start);
        self.worker_at(time, WorkerEvent { station, worker, start });
        self.end_inside(station, Some(worker), Kind::Unavailable);
        self.drop_sessions(station, Some(worker));
    }

    /// How long a start takes.
    pub(crate) fn boot_time(&self, boot: Option<DrawId>, station: u32, start: u64) -> Time {
        let Some(boot) = boot else { return 0 };
        let draw = self.program.draws[boot.index()];
        let key = combine(combine(self.key, u64::from(station) << 32), start);
        let seconds = self.program.dists[draw.dist.index()].sample(&mut Stream::at(key, draw.site));
        nanoseconds(seconds * draw.factor)
    }

    /// A request of a worker process took too long: the process dies with it, and starts anew when
    /// the request has left.
    pub(crate) fn doom_worker(&mut self, id: u32, slot: Slot) {
        if self.tasks[id].held & (1 << slot.0) == 0 {
            return;
        }
        let what = self.tasks.local(id, slot.0);
        let (now, worker) = (self.now, (what >> 32) as u32);
        let crew = self.crew(what as u32);
        if crew.workers[worker as usize].works() {
            crew.set_mode(now, worker, Mode::Draining);
        }
    }

    /// An instance dies with all inside, and boots.
    pub(crate) fn kill_instance(&mut self, instance: InstanceId, kind: Kind) {
        if self.down_since[instance.index()].is_some() {
            return;
        }
        self.down_since[instance.index()] = Some(self.now);
        let spec = &self.program.instances[instance.index()];
        let station = spec.crew.0;
        let starts =
            self.crew(station).workers.len() as u64 + self.instances[instance.index()].memory_kills;
        let boot = self.now + self.boot_time(spec.boot, station, starts).max(1);
        for worker in 0..self.crew(station).workers.len() as u32 {
            let start = self.begin_life(station, worker, Mode::Booting);
            self.worker_at(boot, WorkerEvent { station, worker, start });
        }
        self.end_inside(station, None, kind);
        self.drop_sessions(station, None);
        self.gone_for_good(instance);
    }

    /// An instance that was down is there again.
    pub(crate) fn instance_up(&mut self, instance: InstanceId) {
        if let Some(since) = self.down_since[instance.index()].take() {
            let from = since.max(self.measured_from);
            self.instances[instance.index()].down_s += (self.now - from) as f64 * 1e-9;
        }
    }
}
