//! What a judgement rests on, and where a backlog that grows spoils it.

use super::{Costs, Estimate, estimate_during};
use crate::expr::Need;
use crate::program::{
    Catalogue, ClassId, ComponentId, Gauge, Measure, Op, Pc, Program, StationId, StationKind,
    Target,
};
use crate::results::Replication;
use crate::stats::Statistic;

/// Note of a value that has no steady state.
pub const NO_STEADY_STATE: &str = "overloaded: no steady state";

/// A queue without a steady state.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// The stations: one, or a row of like ones.
    pub stations: Vec<StationId>,
    /// Growth of the queue, tasks per second.
    pub per_s: f64,
    /// Tasks that ask for it per second.
    pub offered_per_s: f64,
    /// Tasks served per second.
    pub served_per_s: f64,
}

/// What was measured, and how far it can be trusted.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The program that was run.
    pub program: &'a Program,
    /// Its names.
    pub catalogue: &'a Catalogue,
    /// What it measured.
    pub replications: &'a [Replication],
    /// Level of the intervals.
    pub confidence: f64,
    /// Queues that grow without bound (empty in a transient run, where values are those of the run).
    pub growing: &'a [Growth],
    /// Relative error that the start may have left in every value: 0 when settled, 1 when the value
    /// may be twice or half as large in the long run, infinite when nothing is known.
    pub bias: f64,
    /// Requests that were run, for advice on longer runs.
    pub requests: u64,
    /// What it costs.
    pub costs: &'a Costs,
    /// Judge by the points of the estimates, whatever their intervals: for runs that are too short
    /// for verdicts and ask only where something breaks.
    pub by_points: bool,
}

/// Growth of the number in flight, as a share of the arrivals, that is material.
const MATERIAL: f64 = 0.005;

impl<'a> Evidence<'a> {
    /// The same, or no value where it has no steady state.
    pub(crate) fn steady_value(&self, need: &Need) -> Estimate {
        match self.spoiled(&need.measure, need.statistic) {
            Some(_) => Estimate::unknown(None, need.quantity, NO_STEADY_STATE),
            None => self.value(need),
        }
    }

    /// The value of what a condition needs over the whole measured time.
    pub(crate) fn value(&self, need: &Need) -> Estimate {
        let Need { measure, statistic, during, quantity, .. } = need;
        let (replications, confidence) = (self.replications, self.confidence);
        self.sharp(estimate_during(
            measure,
            *statistic,
            *during,
            *quantity,
            replications,
            confidence,
        ))
    }

    /// The estimate, or its point.
    pub(crate) fn sharp(&self, estimate: Estimate) -> Estimate {
        match estimate.value {
            Some(value) if self.by_points => Estimate::exact(value, estimate.quantity),
            _ => estimate,
        }
    }

    /// Seconds per window.
    pub(crate) fn window_s(&self) -> f64 {
        self.program.window_ns as f64 * 1e-9
    }

    /// Measured seconds of a replication (the shortest, where they differ).
    pub(crate) fn horizon_s(&self) -> f64 {
        self.replications.iter().map(|r| r.time_s).fold(f64::INFINITY, f64::min)
    }

    /// The growing queue because of which a value has no steady state.
    pub(crate) fn spoiled(
        &self,
        measure: &Measure,
        statistic: Option<Statistic>,
    ) -> Option<&'a Growth> {
        let deep = |growth: &Growth, visits: u64| {
            // A quantile is out of reach of what fewer requests pass than lie beyond it.
            let Some(Statistic::Quantile(q)) = statistic else { return true };
            let asked: u64 = growth.stations.iter().map(|s| self.arrivals(*s)).sum();
            visits == 0 || asked as f64 / visits as f64 >= 1.0 - q
        };
        let measure = match measure {
            Measure::Part { of, .. } => of,
            whole => whole,
        };
        self.growing.iter().find(|growth| match measure {
            Measure::Wait { stations, .. } | Measure::Slowdown(stations) => {
                stations.iter().any(|station| growth.stations.contains(station))
            }
            Measure::Latency { classes, .. } => {
                let hit = |c: &&ClassId| self.piles_up(**c) && self.passes(**c, growth);
                let visits = classes.iter().map(|c| self.class_arrivals(*c)).sum();
                classes.iter().any(|c| hit(&c)) && deep(growth, visits)
            }
            Measure::Response(component) => {
                let calls = self.replications.iter().map(|r| r.components[component.index()].calls);
                self.waits_inside(*component, growth) && deep(growth, calls.sum())
            }
            Measure::Level { of, .. } => of.iter().any(|gauge| match gauge {
                Gauge::Queue(station) | Gauge::InSystem(station) => {
                    growth.stations.contains(station)
                }
                Gauge::InFlight(class) => self.piles_up(*class) && self.passes(*class, growth),
                _ => false,
            }),
            Measure::Count(_)
            | Measure::Rate(_)
            | Measure::Usage(_)
            | Measure::Share(..)
            | Measure::Part { .. } => false,
        })
    }

    /// The growing queue that hides requests from a share of failures: those inside never end.
    pub(crate) fn hides_failures(&self, classes: &[ClassId]) -> Option<&'a Growth> {
        let hides =
            |growth: &&Growth| classes.iter().any(|c| self.piles_up(*c) && self.passes(*c, growth));
        self.growing.iter().find(hides)
    }

    fn arrivals(&self, station: StationId) -> u64 {
        self.replications.iter().map(|r| r.stations[station.index()].arrivals).sum()
    }

    fn class_arrivals(&self, class: ClassId) -> u64 {
        self.replications.iter().map(|r| r.classes[class.index()].arrivals).sum()
    }

    /// Whether requests of a class pile up inside (a timeout of the caller may end them instead).
    fn piles_up(&self, class: ClassId) -> bool {
        let levels = self.replications.iter().map(|r| &r.classes[class.index()].in_flight);
        let grown: f64 = levels.map(|level| level.at_end - level.at_start).sum();
        grown > MATERIAL * self.class_arrivals(class).max(1) as f64
    }

    /// Whether requests of a class may stand in the growing queue.
    fn passes(&self, class: ClassId, growth: &Growth) -> bool {
        let starts = self.program.ops.iter().enumerate();
        let starts = starts.filter(|(_, op)| matches!(op, Op::Class(c) if *c == class));
        let starts = starts.map(|(pc, _)| pc as Pc + 1).collect();
        self.reaches(starts, |op| matches!(op, Op::Class(_) | Op::Done | Op::Reply), growth)
    }

    /// Whether calls of a component may stand in the growing queue, and nobody's patience ends them.
    fn waits_inside(&self, component: ComponentId, growth: &Growth) -> bool {
        let program = self.program;
        let patient =
            !program.frames.iter().any(|f| f.owner == Some(component) && f.timeout.is_some());
        let enters = |op: &Op| matches!(op, Op::Enter { component: c, .. } | Op::EnterTold { component: c, .. } if *c == component);
        let starts = program.ops.iter().enumerate().filter(|(_, op)| enters(op));
        let starts = starts.map(|(pc, _)| pc as Pc + 1).collect();
        let ends = |op: &Op| matches!(op, Op::Exit { component: c, .. } | Op::ExitTold { component: c, .. } if *c == component);
        patient && self.reaches(starts, |op| ends(op) || matches!(op, Op::Done), growth)
    }

    /// Whether an operation that waits at one of the stations can be reached before an end.
    fn reaches(&self, starts: Vec<Pc>, ends: impl Fn(&Op) -> bool, growth: &Growth) -> bool {
        let program = self.program;
        let mut seen = vec![false; program.ops.len()];
        let mut open = starts;
        while let Some(pc) = open.pop() {
            let Some(op) = program.ops.get(pc as usize) else { continue };
            if std::mem::replace(&mut seen[pc as usize], true) || ends(op) {
                continue;
            }
            if target_of(op).is_some_and(|at| self.is_at(at, growth)) {
                return true;
            }
            successors(program, pc, op, &mut open);
        }
        false
    }

    /// Whether a target is, or chooses among, the stations. The length of a row is not part of a
    /// program; its members share owner and kind with the first and follow it.
    fn is_at(&self, at: Target, growth: &Growth) -> bool {
        let station = |id: StationId| &self.program.stations[id.index()];
        let kind = |id: StationId| std::mem::discriminant::<StationKind>(&station(id).kind);
        growth.stations.iter().any(|id| match at.by {
            None => *id == at.base,
            Some(_) => {
                *id >= at.base
                    && station(*id).owner == station(at.base).owner
                    && kind(*id) == kind(at.base)
            }
        })
    }
}

/// The station at which an operation may wait.
const fn target_of(op: &Op) -> Option<Target> {
    match op {
        Op::Serve { at, .. }
        | Op::Process { at, .. }
        | Op::Seize { at, .. }
        | Op::Accept { at, .. }
        | Op::Admit { at } => Some(*at),
        _ => None,
    }
}

/// Where the request may go on; work that it merely spawns is not its own.
pub(super) fn successors(program: &Program, pc: Pc, op: &Op, open: &mut Vec<Pc>) {
    match op {
        Op::Jump(to) => open.push(*to),
        Op::Lookup { miss: to, .. }
        | Op::Chance { otherwise: to, .. }
        | Op::Repeat { exit: to, .. }
        | Op::Again { body: to, .. } => open.extend([pc + 1, *to]),
        Op::Switch(switch) => {
            open.extend(program.switches[*switch as usize].arms.iter().map(|arm| arm.1));
        }
        Op::Fork(fork) => {
            let fork = &program.forks[*fork as usize];
            open.extend(fork.branches.iter().copied());
            open.push(fork.after);
        }
        Op::Try(frame) => {
            let frame = &program.frames[frame.index()];
            open.extend([frame.body, frame.after]);
            open.extend(frame.fallback);
        }
        Op::Leave(frame) => open.push(program.frames[frame.index()].after),
        Op::Join | Op::Done | Op::Fail { .. } => {}
        _ => open.push(pc + 1),
    }
}
