//! What flows where, by conservation alone: calls, look-ups, utilizations, requests that end and that are
//! inside. It asks nothing of laws of service or of arrivals, only that nothing is lost on the way and
//! that every queue has a steady state.

use super::network::Use;
use super::reading::Visit;
use super::solution::{Law, Obstacle, Solution, Status, Value, What};
use super::solve::Solver;
use super::supply::Arrivals;
use crate::program::{ClassId, ComponentId, FamilyId, Op, Pc, Program, StationKind};

const FLOW: Law = Law {
    name: "flow balance",
    source: "Jackson 1957, Operations Research 5; Denning and Buzen 1978, Computing Surveys 10",
};
const UTILIZATION: Law =
    Law { name: "utilization law", source: "Denning and Buzen 1978, Computing Surveys 10" };
const LITTLE: Law = Law { name: "Little's law", source: "Little 1961, Operations Research 9" };
const RENEWAL: Law =
    Law { name: "alternating renewals", source: "Cox 1962, Renewal Theory, ch. 7" };

/// Factor on the load at which holders must saturate, by their approximation, to be taken for stable.
const SAFE: f64 = 1.25;

fn exact(what: What, value: f64, law: Law) -> Value {
    Value { what, class: None, value, status: Status::Exact, law }
}

/// What breaks: the share of units that are up, and of the time at which none is.
///
/// ```text
/// A = E[up] / (E[up] + E[down])        all of n independent units down: (1 − A)ⁿ
/// ```
pub(super) fn faults(program: &Program) -> Vec<(Value, Value)> {
    let mean = |id: crate::program::DrawId| {
        let draw = &program.draws[id.index()];
        draw.factor * program.dists[draw.dist.index()].mean()
    };
    let of = |fault: &crate::program::Fault| {
        let (up_s, down_s) = (mean(fault.up), mean(fault.down));
        let down = down_s / (up_s + down_s);
        let none = down.powf(f64::from(fault.units(program)));
        (exact(What::Available, 1.0 - down, RENEWAL), exact(What::Down, none, RENEWAL))
    };
    program.faults.iter().map(of).collect()
}

/// Adds what flows to what laws say.
pub(super) fn balance(solver: &Solver<'_, '_>, solution: &mut Solution) {
    let network = solver.network;
    let program = network.program;
    let flows = Flows { solver, solution, sound: is_sound(solver, solution) };
    let sum = |wanted: &dyn Fn(&Op) -> bool| flows.per_s(wanted);
    let calls = (0..program.components).map(|component| {
        let id = ComponentId(component);
        sum(&|op| matches!(op, Op::Enter { component, .. } | Op::EnterTold { component, .. } if *component == id))
    });
    let calls: Vec<Option<f64>> = calls.collect();
    let lookups = (0..program.families.len()).map(|family| {
        let id = FamilyId(family as u16);
        sum(&|op| matches!(op, Op::Lookup { family, .. } if *family == id))
    });
    let lookups: Vec<Option<f64>> = lookups.collect();
    let busy: Vec<Option<f64>> =
        (0..network.rows.len()).map(|row| flows.utilization(row)).collect();
    let ends: Vec<Option<(f64, bool)>> =
        (0..program.classes.len()).map(|class| flows.ends(ClassId(class as u16))).collect();
    let flow = |rate: Option<f64>| rate.map(|rate| exact(What::Throughput, rate, FLOW));
    solution.calls = calls.into_iter().map(flow).collect();
    solution.lookups = lookups.into_iter().map(flow).collect();
    for (row, busy) in busy.into_iter().enumerate() {
        let base = network.rows[row].base;
        let own = solution.stations.iter_mut().find(|s| s.station == base);
        if let (Some(own), Some(busy)) = (own, busy)
            && own.values.iter().all(|v| v.what != What::Utilization)
        {
            own.values.push(exact(What::Utilization, busy, UTILIZATION));
        }
    }
    for (own, ends) in solution.classes.iter_mut().zip(ends) {
        let Some((rate, is_answered)) = ends else { continue };
        let response = |v: &&Value| v.what == What::Response && v.status == Status::Exact;
        let response = own.values.iter().find(response).copied();
        if own.values.iter().all(|v| v.what != What::Throughput) {
            own.values.push(exact(What::Throughput, rate, FLOW));
        }
        if let Some(response) = response.filter(|_| is_answered) {
            own.values.push(exact(What::InSystem, rate * response.value, LITTLE));
        }
    }
}

/// Whether everything that comes in goes out: nothing that the flow would have to know of, and every
/// queue that keeps what it gets has a steady state.
fn is_sound(solver: &Solver<'_, '_>, solution: &Solution) -> bool {
    let network = solver.network;
    let known = |obstacle: &Obstacle| {
        matches!(
            obstacle,
            Obstacle::Holder { .. }
                | Obstacle::Balancer { .. }
                | Obstacle::Parallel { .. }
                | Obstacle::Absent { .. }
                | Obstacle::Cache { .. }
                | Obstacle::Discipline { .. }
        )
    };
    let stable = |row: usize| {
        let base = network.rows[row].base;
        let Some(own) = solution.stations.iter().find(|s| s.station == base) else { return true };
        let constant = match network.kind(row) {
            StationKind::Tokens(tokens) => {
                tokens.is_constant() || solver.rows[row].answer.is_some()
            }
            _ => true,
        };
        let holds = network.of_row(row).any(|u| !u.service.inner.is_empty());
        let least = if holds { SAFE } else { 1.0 };
        let open = own.arrivals_per_s > 0.0;
        solver.loses(row)
            || constant
                && (!open || !own.units.is_finite() || own.saturation.is_some_and(|f| f > least))
    };
    let program = network.program;
    network.faults_only_delay()
        && program.forks.iter().all(|fork| !fork.cancel_losers)
        && network.obstacles().iter().all(known)
        && (0..network.rows.len()).all(stable)
}

struct Flows<'a, 'n, 'p> {
    solver: &'a Solver<'n, 'p>,
    solution: &'a Solution,
    sound: bool,
}

impl Flows<'_, '_, '_> {
    /// Whether a stream's visits come as often as is read: its rate is given, and its requests turn
    /// only by chances that are known.
    fn is_known(&self, stream: usize) -> bool {
        let network = self.solver.network;
        let one = &network.streams[stream];
        let is_given = match one.supply {
            Arrivals::Clients(..) | Arrivals::Other(_) => false,
            Arrivals::Poisson(rate) | Arrivals::Renewal(rate, _) | Arrivals::Batches(rate, _) => {
                rate > 0.0
            }
            Arrivals::Flipping(_) => true,
        };
        let only_caches = self.solver.disturbances[stream]
            .iter()
            .all(|obstacle| matches!(obstacle, Obstacle::Cache { .. }));
        let ops = &network.program.ops;
        let visited = |pc: &Pc| one.walk.visits.get(pc).is_some_and(|visit| visit.count > 0.0);
        let hits = |(pc, _): (&Pc, &Visit)| match ops[*pc as usize] {
            Op::Lookup { family, .. } => {
                let taken = network.reading.hit_ratios[family.index()];
                let known = self.solution.families.get(family.index()).copied().flatten();
                known.is_some_and(|v| v.status == Status::Exact && (v.value - taken).abs() < 1e-9)
            }
            _ => true,
        };
        // What fails in a round of a loop is read to first order only.
        let loops = (0..).zip(ops).filter_map(|(pc, op)| match op {
            Op::Again { body, .. } => Some((*body, pc)),
            _ => None,
        });
        let mut failing = loops.filter(|(body, end)| {
            (*body..*end).any(|pc| matches!(ops[pc as usize], Op::Fail { .. }) && visited(&pc))
        });
        self.sound
            && is_given
            && only_caches
            && failing.next().is_none()
            && one.walk.visits.iter().all(hits)
    }

    /// Whether nothing can have been lost before a visit.
    fn is_whole(&self, visit: &Visit) -> bool {
        let lossy = |row: &usize| self.solver.loses(*row) && !self.solver.network.idle[*row];
        let past = |row: &usize| visit.past.get(row / 64).is_some_and(|b| b >> (row % 64) & 1 == 1);
        !(0..self.solver.network.rows.len()).filter(past).any(|row| lossy(&row))
    }

    /// Passages per second of some operations; `None` where that is not known exactly, or none passes.
    fn per_s(&self, wanted: &dyn Fn(&Op) -> bool) -> Option<f64> {
        let network = self.solver.network;
        let mut sum = 0.0;
        for (number, stream) in network.streams.iter().enumerate() {
            for (pc, visit) in &stream.walk.visits {
                if !wanted(&network.program.ops[*pc as usize]) || visit.count <= 0.0 {
                    continue;
                }
                if !self.is_known(number) || !self.is_whole(visit) {
                    return None;
                }
                sum += stream.supply.rate_per_s() * visit.count;
            }
        }
        (sum > 0.0).then_some(sum)
    }

    /// Busy share of a row whose units are held for their service alone.
    fn utilization(&self, row: usize) -> Option<f64> {
        let network = self.solver.network;
        let counted = |u: &Use| {
            let visit = &network.streams[u.stream].walk.visits[&u.pc];
            self.is_known(u.stream) && self.is_whole(visit) && u.service.inner.is_empty()
        };
        let serves = match network.kind(row) {
            StationKind::Tokens(tokens) => tokens.wake.is_none() && tokens.overflow.is_none(),
            StationKind::Processor(_) | StationKind::Crew(_) => true,
            StationKind::Bucket(_) | StationKind::Memory(_) => false,
        };
        let all = network.of_row(row).all(counted) && network.of_row(row).next().is_some();
        let rho = self.solver.rows[row].rho;
        (serves && all && !self.solver.loses(row) && network.units(row).is_finite()).then_some(rho)
    }

    /// Requests of a class that end well, per second, where that is all of them, and whether nothing of
    /// them is left after the answer.
    fn ends(&self, class: ClassId) -> Option<(f64, bool)> {
        let network = self.solver.network;
        let (mut sum, mut answered) = (0.0, true);
        for (number, stream) in network.streams.iter().enumerate() {
            let own = |v: &&Visit| v.class == Some(class) && v.count > 0.0;
            let ops = &network.program.ops;
            let begins =
                |(pc, _): &(&Pc, &Visit)| matches!(ops[**pc as usize], Op::Class(c) if c == class);
            let Some((_, start)) = stream.walk.visits.iter().find(begins) else { continue };
            let mut visits = stream.walk.visits.iter().filter(|(_, v)| own(v));
            let fails = visits.clone().any(|(pc, _)| matches!(ops[*pc as usize], Op::Fail { .. }));
            let mut uses =
                network.uses.iter().filter(|u| u.stream == number && u.class == Some(class));
            let loses = uses.any(|u| !network.idle[u.row] && self.solver.loses(u.row));
            if fails || loses || !self.is_known(number) {
                return None;
            }
            sum += stream.supply.rate_per_s() * start.count;
            let after = visits.any(|(_, v)| v.replied || v.spawned);
            answered &= !after;
        }
        (sum > 0.0).then_some((sum, answered))
    }
}
