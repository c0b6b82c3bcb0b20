//! The same program with more load, or with more of one resource: what paired runs compare.
//!
//! Nothing else changes, and random draws are functions of the request and the step, so both runs
//! ask for the same work.

use crate::program::{
    Accept, ComponentId, DrawId, Op, Program, SourceKind, StationId, StationKind, Supply, Tokens,
};

/// The workers of a component never restart.
#[must_use]
pub(super) fn without_restarts(program: &Program, component: ComponentId) -> Program {
    let mut program = program.clone();
    for station in program.stations.iter_mut().filter(|s| s.owner == component) {
        if let StationKind::Crew(crew) = &mut station.kind {
            crew.recycle = None;
        }
    }
    program
}

/// All load times a factor: rates of arrivals, clients, sessions. Numbers of clients and sessions are
/// rounded, to one at least.
#[must_use]
pub fn with_load(program: &Program, factor: f64) -> Program {
    let mut program = program.clone();
    let number = |n: u32| (f64::from(n) * factor).round().clamp(1.0, f64::from(u32::MAX)) as u32;
    for source in &mut program.sources {
        match &mut source.kind {
            SourceKind::Open { curve, .. } => *curve = curve.clone().scaled(factor),
            SourceKind::Closed { clients, .. } => *clients = number(*clients),
            SourceKind::Sessions(sessions) => match &mut sessions.supply {
                Supply::Constant(n) => *n = number(*n),
                Supply::Arrivals(curve) => *curve = curve.clone().scaled(factor),
            },
        }
    }
    for family in &mut program.families {
        family.lookup_rate_per_s *= factor;
    }
    program
}

/// The stations of one resource with `factor` (above 1) times the capacity; everything else stays.
///
/// - Cores, bandwidth, memory and rate limits are multiplied.
/// - Units are multiplied and rounded up, by one at least. What has so few that one more would be too
///   much (the loop of a worker) serves faster by the factor instead, where service is all it does.
/// - Workers of processes get more workers, those of threads and event loops more threads or
///   connections each; cores that were just enough for all workers follow.
/// - What a limit on the number of units at the other side allows is not raised with them.
#[must_use]
pub fn with_capacity(program: &Program, stations: &[StationId], factor: f64) -> Program {
    let mut changed = program.clone();
    for id in stations {
        match &mut changed.stations[id.index()].kind {
            StationKind::Processor(processor) => processor.cores *= factor,
            StationKind::Memory(memory) => memory.limit *= factor,
            StationKind::Bucket(bucket) => {
                bucket.rate_per_s *= factor;
                bucket.burst *= factor;
            }
            StationKind::Tokens(tokens) => {
                if !is_faster_instead(program, tokens, *id, factor) {
                    more_tokens(tokens, factor);
                }
            }
            StationKind::Crew(crew) => {
                if matches!(crew.accept, Accept::Free) && crew.per_worker == 1 {
                    let before = crew.workers;
                    crew.workers = more(before, factor);
                    let (before, after) = (f64::from(before), f64::from(crew.workers));
                    follow(&mut changed, *id, before, after);
                } else {
                    crew.per_worker = more(crew.per_worker, factor);
                }
            }
        }
    }
    speed_up(&mut changed, program, stations, factor);
    changed
}

/// Units times a factor, by one more at least; unlimited stays so.
fn more(units: u32, factor: f64) -> u32 {
    if units == u32::MAX {
        return units;
    }
    let raised = (f64::from(units) * factor).ceil().min(f64::from(u32::MAX - 1)) as u32;
    raised.max(units.saturating_add(1))
}

fn more_tokens(tokens: &mut Tokens, factor: f64) {
    let before = tokens.capacity;
    tokens.capacity = more(before, factor);
    if let Some(overflow) = &mut tokens.overflow {
        // The units that stay open grow with the rest.
        let share = f64::from(overflow.size) / f64::from(before.max(1));
        overflow.size = (f64::from(tokens.capacity) * share).round() as u32;
    }
}

/// One or two units that only serve: a fraction of a unit more is a faster unit.
fn is_faster_instead(program: &Program, tokens: &Tokens, id: StationId, factor: f64) -> bool {
    let whole = f64::from(tokens.capacity) * (factor - 1.0) >= 1.0;
    let uses = |op: &&Op| match op {
        Op::Serve { at, .. } | Op::Seize { at, .. } => {
            covers(program, at.base, at.by.is_some(), id)
        }
        _ => false,
    };
    let mut users = program.ops.iter().filter(uses).peekable();
    !whole && users.peek().is_some() && users.all(|op| matches!(op, Op::Serve { .. }))
}

/// Whether a target is the station, or a row that has it: members share owner and kind with the
/// first, and follow it.
fn covers(program: &Program, base: StationId, is_row: bool, id: StationId) -> bool {
    let (first, station) = (&program.stations[base.index()], &program.stations[id.index()]);
    base == id
        || (is_row
            && id > base
            && first.owner == station.owner
            && std::mem::discriminant(&first.kind) == std::mem::discriminant(&station.kind))
}

/// Service at those stations that serve faster instead of having more units.
fn speed_up(changed: &mut Program, program: &Program, stations: &[StationId], factor: f64) {
    for i in 0..changed.ops.len() {
        let Op::Serve { at, time } = &changed.ops[i] else { continue };
        let faster = stations.iter().any(|id| {
            let StationKind::Tokens(tokens) = &program.stations[id.index()].kind else {
                return false;
            };
            covers(program, at.base, at.by.is_some(), *id)
                && is_faster_instead(program, tokens, *id, factor)
        });
        if faster {
            let mut draw = changed.draws[time.index()];
            draw.factor /= factor;
            changed.draws.push(draw);
            let at = *at;
            let time = DrawId(changed.draws.len() as u32 - 1);
            changed.ops[i] = Op::Serve { at, time };
        }
    }
}

/// Cores of an instance that were just enough for its workers stay so.
fn follow(program: &mut Program, crew: StationId, before: f64, after: f64) {
    let instance = program.stations[crew.index()].instance;
    for station in &mut program.stations {
        if let StationKind::Processor(processor) = &mut station.kind
            && station.instance.is_some()
            && station.instance == instance
            && processor.cores == before
        {
            processor.cores = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{
        Algorithm, Bucket, Curve, DistId, Draw, Processor, Source, Station, Target,
    };

    fn station(kind: StationKind) -> Station {
        Station { kind, owner: ComponentId(0), instance: None }
    }

    fn tokens(program: &Program, id: u32) -> u32 {
        match &program.stations[id as usize].kind {
            StationKind::Tokens(tokens) => tokens.capacity,
            _ => panic!("not tokens"),
        }
    }

    fn program() -> Program {
        let serve = |id| Op::Serve { at: Target::fixed(StationId(id)), time: DrawId(0) };
        let slot = crate::program::Slot(0);
        let seize = |id| Op::Seize { at: Target::fixed(StationId(id)), slot, once: false };
        Program {
            ops: vec![serve(0), seize(1), seize(2), serve(0)],
            draws: vec![Draw { dist: DistId(0), site: 7, factor: 1.0 }],
            stations: vec![
                station(StationKind::Tokens(Tokens::fifo(1))),
                station(StationKind::Tokens(Tokens::fifo(1))),
                station(StationKind::Tokens(Tokens::fifo(30))),
                station(StationKind::Processor(Processor {
                    cores: 4.0,
                    job_cap: 1.0,
                    group_cap: f64::INFINITY,
                    groups: 1,
                })),
                station(StationKind::Bucket(Bucket {
                    rate_per_s: 8.0,
                    burst: 16.0,
                    algorithm: Algorithm::TokenBucket,
                    excess: None,
                    clients: None,
                    places: u32::MAX,
                    caller_side: true,
                })),
                station(StationKind::Tokens(Tokens::fifo(u32::MAX))),
            ],
            ..Program::default()
        }
    }

    #[test]
    fn units_grow_by_a_quarter_or_by_one() {
        let all: Vec<_> = (0..6).map(StationId).collect();
        let more = with_capacity(&program(), &all, 1.25);
        assert_eq!(tokens(&more, 1), 2, "a semaphore of one cannot be faster");
        assert_eq!(tokens(&more, 2), 38);
        assert_eq!(tokens(&more, 5), u32::MAX);
        let StationKind::Processor(processor) = &more.stations[3].kind else { panic!() };
        assert_eq!(processor.cores, 5.0);
        let StationKind::Bucket(bucket) = &more.stations[4].kind else { panic!() };
        assert_eq!((bucket.rate_per_s, bucket.burst), (10.0, 20.0));
    }

    #[test]
    fn a_single_server_serves_faster_with_the_same_draws() {
        let more = with_capacity(&program(), &[StationId(0)], 1.25);
        assert_eq!(tokens(&more, 0), 1);
        for op in [0, 3] {
            let Op::Serve { time, .. } = more.ops[op] else { panic!() };
            let draw = more.draws[time.index()];
            assert_eq!((draw.factor, draw.site), (0.8, 7));
        }
        assert_eq!(tokens(&more, 2), 30, "nothing else changes");
    }

    #[test]
    fn all_sources_scale_together() {
        let source = |kind| Source { kind, site: 1 };
        let mut program = program();
        program.sources = vec![
            source(SourceKind::Open {
                curve: Curve::Constant(10.0),
                gaps: None,
                batch: None,
                entry: 0,
            }),
            source(SourceKind::Closed { clients: 3, think: None, entry: 0 }),
        ];
        let more = with_load(&program, 1.5);
        let SourceKind::Open { curve, .. } = &more.sources[0].kind else { panic!() };
        assert_eq!(curve.mean_rate(), 15.0);
        assert!(matches!(more.sources[1].kind, SourceKind::Closed { clients: 5, .. }));
    }
}
