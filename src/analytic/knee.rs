//! Where the open load saturates something first, and how much it asks of each station.
//!
//! Nobody waits in this arithmetic; a cache misses with its stationary probability, and what fails by a
//! stated chance is repeated as its policy says. Units that are held while their holder waits for
//! something else are busy longer than said here. Timeouts, breakers and what a full queue sends away
//! are left out.

use super::network::Network;
use super::solution::{Knee, Solution, StationSolution};
use crate::program::{Program, StationId};

/// Where the open load saturates something first. What a cache answers grows with the load, so with
/// caches the factor is searched for.
pub(super) fn knee(program: &Program, solution: &Solution) -> Option<Knee> {
    let first = |stations: &[StationSolution]| {
        let open = stations.iter().filter_map(|s| Some((s.saturation?, s.station)));
        open.min_by(|a, b| a.0.total_cmp(&b.0))
    };
    let (mut factor, mut station) = first(&solution.stations)?;
    let cached = program.families.iter().any(|f| f.stated.is_none());
    if cached && factor.is_finite() {
        // Between two loads the work changes little: a few steps of regula falsi on ρ(f) = 1.
        let at = |load: f64| busiest(program, load);
        let (mut low, mut high) = (factor.min(1.0), factor.max(1.0));
        for _ in 0..30 {
            if at(high).0 >= 1.0 {
                break;
            }
            high *= 1.5;
        }
        for _ in 0..30 {
            if high - low < 1e-4 * high {
                break;
            }
            let middle = 0.5 * (low + high);
            if at(middle).0 < 1.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        let (rho, row) = at(high);
        if rho >= 1.0 {
            (factor, station) = (high, row);
        }
        // A row whose holders wait may saturate before its arithmetic does.
        if let Some((earlier, row)) = first(&solution.stations).filter(|f| f.0 < factor) {
            let held = solution.stations.iter().find(|s| s.station == row);
            if held.is_some_and(|s| s.saturation.is_some_and(|f| f < 0.999 / s.rho)) {
                (factor, station) = (earlier, row);
            }
        }
    }
    Some(Knee { station, factor, requests_per_s: factor * solution.offered_per_s })
}

/// Largest utilization asked for at a load, and where.
fn busiest(program: &Program, load: f64) -> (f64, StationId) {
    let network = Network::at_load(program, load);
    let mut most = (0.0, StationId(0));
    for (row, like) in network.rows.iter().enumerate() {
        let rho = load * network.asked(row);
        if rho > most.0 {
            most = (rho, like.base);
        }
    }
    most
}

/// The utilization that the open streams ask of each station, as [`StationSolution::rho`] has it: one
/// entry per station, `None` for those that none of them visits, without a limit, and for memories.
pub fn asked(program: &Program) -> Vec<Option<f64>> {
    let network = Network::new(program);
    let mut asked = vec![None; program.stations.len()];
    for (row, like) in network.rows.iter().enumerate() {
        let rho = network.asked(row);
        let members = asked.iter_mut().skip(like.base.index());
        for member in members.take(like.choice.members.max(1) as usize) {
            *member = (rho > 0.0).then_some(rho);
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::solution::Status;
    use crate::dist::{Curve, Distribution};
    use crate::program::{
        Builder, Class, ClassId, ComponentId, DrawId, Fork, Op, Pc, Scope, Source, SourceKind,
        Station, StationKind, Target, Tokens,
    };

    struct Writer {
        builder: Builder,
        scope: Scope,
    }

    impl Writer {
        fn new() -> Self {
            Self { builder: Builder::new(), scope: Scope::root("jobs") }
        }

        fn tokens(&mut self, capacity: u32) -> StationId {
            let kind = StationKind::Tokens(Tokens::fifo(capacity));
            self.builder.station(Station { kind, owner: ComponentId(0), instance: None })
        }

        fn op(&mut self, op: Op) -> Pc {
            let scope = self.scope;
            self.builder.op(&scope, op)
        }

        fn draw(&mut self, mean: f64) -> DrawId {
            self.builder.draw(Distribution::Exponential { mean }, self.scope.path, 1.0)
        }

        fn serve(&mut self, at: StationId, mean: f64) {
            let time = self.draw(mean);
            self.op(Op::Serve { at: Target::fixed(at), time });
        }

        /// Two branches at once, each a service of a mean time in seconds; all wait for both.
        fn both(&mut self, one: (StationId, f64), other: (StationId, f64)) {
            let needed = self.scope.locals(1);
            let [first, second, after] = [(); 3].map(|()| self.builder.label());
            let fork = self.builder.fork(Fork {
                branches: vec![first.pc(), second.pc()],
                join: 2,
                cancel_losers: false,
                needed,
                after: after.pc(),
                site: 3,
            });
            self.op(Op::Fork(fork));
            for (label, (at, mean)) in [(first, one), (second, other)] {
                self.builder.place(label);
                self.serve(at, mean);
                self.op(Op::Join);
            }
            self.builder.place(after);
        }

        fn delay(&mut self, mean: f64) {
            let time = self.draw(mean);
            self.op(Op::Delay { time, owner: ComponentId(0) });
        }

        fn finish(mut self, rate: f64, entry: Pc) -> Program {
            self.builder.source(Source {
                kind: SourceKind::Open {
                    curve: Curve::Constant(rate),
                    gaps: None,
                    batch: None,
                    entry,
                },
                site: 1,
            });
            self.builder.program().classes.push(Class { traffic: 0, endpoint: 0, priority: 0 });
            self.builder.finish()
        }
    }

    fn alone_s(program: &Program) -> f64 {
        Network::new(program).streams[0].walk.to_end_s
    }

    fn close(measured: f64, expected: f64) {
        assert!((measured - expected).abs() < 1e-12, "{measured} is not {expected}");
    }

    #[test]
    fn a_held_unit_is_busy_for_all_that_happens_inside() {
        let mut writer = Writer::new();
        let (worker, db) = (writer.tokens(8), writer.tokens(3));
        let entry = writer.op(Op::Class(ClassId(0)));
        let slot = writer.scope.slot();
        writer.op(Op::Seize { at: Target::fixed(worker), slot, once: false });
        writer.delay(0.3);
        writer.serve(db, 0.25);
        writer.op(Op::Release { slot });
        writer.delay(1.0);
        writer.op(Op::Done);
        let program = writer.finish(8.0, entry);
        close(alone_s(&program), 1.55);
        let asked = asked(&program);
        close(asked[0].expect("visited"), 0.55);
        close(asked[1].expect("visited"), 2.0 / 3.0);
    }

    #[test]
    fn chances_loops_and_branches_are_weighted() {
        let mut writer = Writer::new();
        let (a, b, c) = (writer.tokens(1), writer.tokens(1), writer.tokens(1));
        let entry = writer.op(Op::Class(ClassId(0)));
        // Twice: a for 1 s, and with 25 % b for 2 s.
        let times = writer.builder.draw(Distribution::Constant(2.0), 5, 1.0);
        let state = writer.scope.locals(2);
        let exit = writer.builder.label();
        let body = writer.op(Op::Repeat { times, state, exit: exit.pc() }) + 1;
        writer.serve(a, 1.0);
        let skip = writer.builder.label();
        let chance = writer.builder.chance(0.25, 9);
        writer.op(Op::Chance { chance, otherwise: skip.pc() });
        writer.serve(b, 2.0);
        writer.builder.place(skip);
        writer.op(Op::Again { state, body });
        writer.builder.place(exit);
        // Then c for 3 s beside b for 1 s.
        writer.both((c, 3.0), (b, 1.0));
        writer.op(Op::Done);
        let program = writer.finish(0.1, entry);
        close(alone_s(&program), 2.0 + 1.0 + 3.0);
        for (asked, work_s) in asked(&program).into_iter().zip([2.0, 2.0, 3.0]) {
            close(asked.expect("visited"), 0.1 * work_s);
        }
    }

    /// A worker that waits for two branches of 3 s and 1 s is held for the longer one, and its time is
    /// not of a law that is known.
    #[test]
    fn a_unit_is_held_while_branches_run() {
        let mut writer = Writer::new();
        let (worker, a, b) = (writer.tokens(4), writer.tokens(9), writer.tokens(9));
        let entry = writer.op(Op::Class(ClassId(0)));
        let slot = writer.scope.slot();
        writer.op(Op::Seize { at: Target::fixed(worker), slot, once: false });
        writer.both((a, 3.0), (b, 1.0));
        writer.op(Op::Release { slot });
        writer.op(Op::Done);
        let program = writer.finish(0.5, entry);
        close(asked(&program)[0].expect("visited"), 0.5 * 3.0 / 4.0);
        let network = Network::new(&program);
        let holder = network.of_row(0).next().expect("the worker is used");
        assert!(holder.service.law.is_none());
        assert_eq!(holder.service.inner, [1, 2]);
        assert!(
            super::super::solve(&program).stations[0]
                .values
                .iter()
                .all(|v| v.status != Status::Exact)
        );
    }
}
