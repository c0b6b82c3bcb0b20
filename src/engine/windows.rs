//! Values per window of time, for conditions with `for`.
//!
//! What a measure's value is belongs to the layer above; it is handed in as a function, and is asked
//! at the end of each window about what was measured in it.

use super::calendar::Time;
use super::world::{World, event};
use crate::program::{Measure, Program};
use crate::results::Replication;
use crate::stats::Statistic;

/// The value of a measure (with its statistic) in what was measured; `None` without data.
pub type Probe = fn(&Measure, Statistic, &Replication) -> Option<f64>;

/// The values so far.
#[derive(Debug)]
pub(crate) struct Windows {
    length: Time,
    probe: Option<Probe>,
    last: Option<Box<Replication>>,
    values: Vec<Vec<Option<f64>>>,
    /// The windows' events carry the number of the reset they belong to.
    epoch: u32,
}

impl Windows {
    pub(crate) fn new(program: &Program) -> Self {
        Self {
            length: program.window_ns,
            probe: None,
            last: None,
            values: vec![Vec::new(); program.tracked.len()],
            epoch: 0,
        }
    }

    pub(crate) fn values(&self) -> Vec<Vec<Option<f64>>> {
        self.values.clone()
    }
}

impl World<'_> {
    /// Keeps the value per window of every tracked measure of the program, from now on.
    pub fn track(&mut self, probe: Probe) {
        self.windows.probe = Some(probe);
        self.reset_windows();
    }

    /// Windows begin anew (with the measured time).
    pub(crate) fn reset_windows(&mut self) {
        let windows = &mut self.windows;
        if windows.probe.is_none() || windows.values.is_empty() || windows.length == 0 {
            return;
        }
        windows.values.iter_mut().for_each(Vec::clear);
        windows.epoch = (windows.epoch + 1) & event::INDEX;
        let (length, epoch) = (windows.length, windows.epoch);
        self.windows.last = Some(Box::new(self.measured()));
        self.calendar.push(self.now + length, event::WINDOW | epoch);
    }

    pub(crate) fn window_event(&mut self, epoch: u32) {
        if epoch != self.windows.epoch {
            return;
        }
        let (Some(probe), Some(last)) = (self.windows.probe, self.windows.last.take()) else {
            return;
        };
        let now = self.measured();
        let window = now.since(&last);
        for (values, (measure, statistic)) in
            self.windows.values.iter_mut().zip(&self.program.tracked)
        {
            values.push(probe(measure, *statistic, &window));
        }
        self.windows.last = Some(Box::new(now));
        self.calendar.push(self.now + self.windows.length, event::WINDOW | epoch);
    }
}
