//! Replications side by side: advanced in slices on all cores, observed and collected in order.

use rayon::prelude::*;

use super::replicate::{Progress, Stop, Watch};
use crate::engine::World;
use crate::program::{Measure, Program, Quantity};
use crate::results::Replication;
use crate::stats::Statistic;
use crate::verdict::estimate;

/// Tasks in all worlds together at which a run ends: beyond, a growing backlog is only memory.
pub(super) const MOST_INSIDE: u64 = 3_000_000;
/// Requests per world between two looks at the watch and the backlog.
const SLICE: f64 = 4000.0;

/// One replication at time 0; it keeps values per window where conditions ask for them.
pub(super) fn world(program: &Program, seed: u64, replication: u32) -> World<'_> {
    let mut world = World::new(program, seed, u64::from(replication));
    if !program.tracked.is_empty() {
        world.track(in_window);
    }
    world
}

/// The value of a measure in one window.
fn in_window(measure: &Measure, statistic: Statistic, window: &Replication) -> Option<f64> {
    // Neither the quantity nor the confidence reaches the value.
    estimate(measure, Some(statistic), Quantity::Count, std::slice::from_ref(window), 0.95).value
}

/// Independent worlds of one program at the same simulated time.
pub(super) struct Worlds<'p> {
    all: Vec<World<'p>>,
    watch: &'p dyn Watch,
    budget: u64,
    now_s: f64,
    pub(super) round: u32,
}

impl<'p> Worlds<'p> {
    /// `n` worlds at time 0.
    pub(super) fn new(
        program: &'p Program,
        seed: u64,
        n: u32,
        budget: u64,
        watch: &'p dyn Watch,
    ) -> Self {
        let new = |replication| world(program, seed, replication);
        let all = (0..n).into_par_iter().map(new).collect();
        Self { all, watch, budget, now_s: 0.0, round: 0 }
    }

    pub(super) fn len(&self) -> f64 {
        self.all.len() as f64
    }

    pub(super) const fn now_s(&self) -> f64 {
        self.now_s
    }

    pub(super) fn requests(&self) -> u64 {
        self.all.iter().map(World::requests).sum()
    }

    /// Advances all worlds to `time_s` in slices of equal length, about `expected` requests in all.
    /// Between slices all worlds stand at the same time, so that where a run ends does not depend
    /// on the number of threads.
    pub(super) fn run_until(&mut self, time_s: f64, expected: f64) -> Result<(), Stop> {
        let slices = (expected / self.len() / SLICE).clamp(1.0, 100_000.0).ceil();
        let from_s = self.now_s;
        for slice in 1..=slices as u32 {
            let part = f64::from(slice) / slices;
            let to_s = if part < 1.0 { (time_s - from_s).mul_add(part, from_s) } else { time_s };
            self.all.par_iter_mut().for_each(|world| world.run_until(to_s));
            self.now_s = to_s;
            self.watch.advanced(Progress {
                requests: self.requests(),
                budget: self.budget,
                round: self.round,
            });
            if self.watch.interrupted() {
                return Err(Stop::Interrupted);
            }
            if self.all.iter().map(World::inside).sum::<u64>() > MOST_INSIDE {
                return Err(Stop::Backlog);
            }
        }
        Ok(())
    }

    /// Measurement begins now.
    pub(super) fn reset(&mut self) {
        self.all.par_iter_mut().for_each(World::reset);
    }

    /// Observes the warm-up series from now on.
    pub(super) fn observe(&mut self, width_s: f64) {
        self.all.iter_mut().for_each(|world| world.observe_batches(width_s));
    }

    /// What each world measured since the last reset, in order.
    pub(super) fn results(&mut self) -> Vec<Replication> {
        self.all.par_iter_mut().map(World::results).collect()
    }
}
