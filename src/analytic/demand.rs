//! What a program asks of each station, by arithmetic alone: the demands that every bound and every
//! utilization starts from.
//!
//! The program is read as a graph of operations in which nobody waits; a cache misses with its
//! stationary probability, and what fails by a stated chance is repeated as its policy says. So
//! utilizations are exact where nothing is refused and nobody gives up, and units that are held
//! while their holder waits for something else are busy longer than said here. Timeouts, breakers
//! and what a full queue sends away are left out.

use super::reading::Reading;
use crate::program::{DistId, Pc, Program, SourceKind, StationKind, Stream, Supply};

/// What one request of one source asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Work per request and station: unit·seconds of servers, core·seconds (or bytes) of a
    /// processor, passages of a rate limit. One entry per station, by `StationId`; what goes to a
    /// replicated row is spread evenly over its members.
    pub work: Vec<f64>,
    /// Mean time of a request when nothing waits, seconds (of parallel branches the longest mean).
    pub alone_s: f64,
}

/// The demand of a request that begins at operation `entry`. Operations that lie in a cycle other
/// than a counted loop are entered once (lowering writes none). O(operations · held units) time.
pub fn of_request(program: &Program, entry: Pc) -> Demand {
    Reading::new(program).demand(entry)
}

/// Offered load of the open sources over the size of each station: the utilization asked for, where
/// ρ ≥ 1 is overload. One entry per station; `None` for stations that no open source visits, that
/// have no limit, and for memories.
pub fn offered(program: &Program) -> Vec<Option<f64>> {
    offered_at(program, &Reading::new(program), 1.0)
}

/// The same with all load multiplied by `load`, at which the program was read.
pub(super) fn offered_at(program: &Program, reading: &Reading<'_>, load: f64) -> Vec<Option<f64>> {
    let mut work_per_s = vec![0.0; program.stations.len()];
    for source in &program.sources {
        for (rate_per_s, entry) in open_entries(program, &source.kind) {
            for (sum, work) in work_per_s.iter_mut().zip(reading.demand(entry).work) {
                *sum += load * rate_per_s * work;
            }
        }
    }
    let share = |(work, station): (f64, &crate::program::Station)| {
        let size = size(&station.kind);
        (work > 0.0 && size.is_finite()).then(|| work / size)
    };
    work_per_s.into_iter().zip(&program.stations).map(share).collect()
}

/// Upper bound on the cycles per second of a closed source, by its own demands: no more than when
/// nobody waits, and no more than its busiest station can do. `None` for other sources.
///
/// ```text
/// X ≤ min( N / (Z + R₀), min over stations (size / work) )
/// ```
///
/// Source: Denning and Buzen (1978), Computing Surveys 10.
pub fn most_cycles_per_s(program: &Program, source: usize) -> Option<f64> {
    let SourceKind::Closed { clients, think, entry } = &program.sources[source].kind else {
        return None;
    };
    let think_s = think.map_or(0.0, |dist| program.dists[dist.index()].mean());
    let demand = of_request(program, *entry);
    let busiest = demand.work.iter().zip(&program.stations).map(|(work, s)| size(&s.kind) / work);
    Some(busiest.fold(f64::from(*clients) / (think_s + demand.alone_s), f64::min))
}

/// Work per second that a station can do; infinite without a limit, and for memories.
fn size(kind: &StationKind) -> f64 {
    match kind {
        StationKind::Tokens(tokens) if tokens.capacity != u32::MAX => f64::from(tokens.capacity),
        StationKind::Processor(processor) => processor.cores,
        StationKind::Crew(crew) => f64::from(crew.workers) * f64::from(crew.per_worker),
        StationKind::Bucket(bucket) => bucket.rate_per_s * bucket.clients.unwrap_or(1) as f64,
        _ => f64::INFINITY,
    }
}

/// Requests per second of a source whatever the system does, with where they begin.
fn open_entries(program: &Program, kind: &SourceKind) -> Vec<(f64, Pc)> {
    let mean = |dist: DistId| program.dists[dist.index()].mean();
    match kind {
        SourceKind::Open { curve, batch, entry, .. } => {
            vec![(curve.mean_rate() * batch.map_or(1.0, mean), *entry)]
        }
        SourceKind::Closed { .. } => Vec::new(),
        SourceKind::Sessions(sessions) => {
            let active = match &sessions.supply {
                Supply::Constant(n) => f64::from(*n),
                Supply::Arrivals(curve) => curve.mean_rate() * sessions.length.map_or(0.0, mean),
            };
            let stream = |s: &Stream| Some((active / mean(s.every), s.entry?));
            sessions.streams.iter().filter_map(stream).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::{Curve, Distribution};
    use crate::program::{
        Builder, Class, ClassId, ComponentId, DrawId, Fork, Op, Scope, Source, Station, StationId,
        Target, Tokens,
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
        let demand = of_request(&program, entry);
        close(demand.alone_s, 1.55);
        close(demand.work[0], 0.55);
        close(demand.work[1], 0.25);
        let offered = offered(&program);
        close(offered[0].expect("visited"), 0.55);
        close(offered[1].expect("visited"), 2.0 / 3.0);
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
        let needed = writer.scope.locals(1);
        let labels = [writer.builder.label(), writer.builder.label(), writer.builder.label()];
        let fork = writer.builder.fork(Fork {
            branches: vec![labels[0].pc(), labels[1].pc()],
            join: 2,
            cancel_losers: false,
            needed,
            after: labels[2].pc(),
            site: 3,
        });
        writer.op(Op::Fork(fork));
        writer.builder.place(labels[0]);
        writer.serve(c, 3.0);
        writer.op(Op::Join);
        writer.builder.place(labels[1]);
        writer.serve(b, 1.0);
        writer.op(Op::Join);
        writer.builder.place(labels[2]);
        writer.op(Op::Done);
        let program = writer.finish(0.1, entry);
        let demand = of_request(&program, entry);
        close(demand.work[0], 2.0);
        close(demand.work[1], 2.0);
        close(demand.work[2], 3.0);
        close(demand.alone_s, 2.0 + 1.0 + 3.0);
        close(offered(&program)[2].expect("visited"), 0.3);
    }
}
