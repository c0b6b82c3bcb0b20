//! What nothing in a program can disturb was not tested by running it.

use super::evidence::successors;
use super::measured::total;
use crate::program::{
    ClassId, ComponentId, Counter, Eviction, FaultId, Gauge, Kind, KindId, Measure, NONE, Op, Pc,
    Program, StationId, StationKind,
};
use crate::results::Replication;

/// Why a measure of failures says nothing: none was seen because none can happen. `None` when
/// something can, or did.
pub(crate) fn unexercised(
    program: &Program,
    measure: &Measure,
    replications: &[Replication],
) -> Option<&'static str> {
    let counters = match measure {
        Measure::Count(of) | Measure::Rate(of) | Measure::Share(of, _) => of.as_slice(),
        _ => return None,
    };
    let seen = |of: &[Counter]| replications.iter().map(|r| total(of, r)).sum::<f64>() > 0.0;
    if let Measure::Share(of, _) = measure
        && of.iter().any(|counter| matches!(counter, Counter::Ok(_)))
    {
        let failed: Vec<Counter> = classes_of(of).into_iter().map(Counter::Failed).collect();
        let can = seen(&failed) || can_go_down(program);
        return (!can).then_some("not exercised: nothing in this profile goes down");
    }
    let failures = !counters.is_empty() && counters.iter().all(|c| is_failure(*c));
    if !failures || seen(counters) || counters.iter().any(|c| can_happen(program, *c)) {
        return None;
    }
    Some(match counters[0] {
        Counter::MemoryKills(_) => "not exercised: no memory has a limit",
        Counter::SessionsDropped(_) | Counter::SessionsRefused(_) => {
            "not exercised: nothing in this profile ends a session"
        }
        _ => "not exercised: nothing in this profile can fail so",
    })
}

/// Kills by a full memory that a level of it hides in its mean (after each it begins empty): of which
/// component, how many.
pub(crate) fn hidden_kills(
    program: &Program,
    measure: &Measure,
    replications: &[Replication],
) -> Option<(ComponentId, u64)> {
    let Measure::Level { of, .. } = measure else { return None };
    let is_read = |memory: StationId| of.contains(&Gauge::Busy(memory));
    let mut killed: Option<(ComponentId, u64)> = None;
    for (i, instance) in program.instances.iter().enumerate() {
        let kills: u64 = replications.iter().map(|r| r.instances[i].memory_kills).sum();
        if kills > 0 && instance.memory.is_some_and(is_read) {
            killed = Some((instance.owner, kills + killed.map_or(0, |known| known.1)));
        }
    }
    killed
}

/// Fewest breakdowns that a run must have seen for what they disturb to be known.
const LEAST_BREAKDOWNS: u64 = 10;

/// Breakdowns that a measure depends on and that the run hardly saw: of which component, how many.
pub(crate) fn hardly_broke(
    program: &Program,
    measure: &Measure,
    replications: &[Replication],
) -> Option<(ComponentId, u64)> {
    let faults = program.faults.iter().enumerate();
    let mut seen = faults.map(|(i, fault)| {
        let count = replications.iter().filter_map(|r| r.faults.get(i)).map(|f| f.count).sum();
        (i, fault, count)
    });
    seen.find(|(i, fault, count)| {
        *count < LEAST_BREAKDOWNS && disturbs(program, FaultId(*i as u16), fault.owner, measure)
    })
    .map(|(_, fault, count)| (fault.owner, count))
}

/// Whether a breakdown of a component may change a measure: of requests that call it, or its own.
fn disturbs(program: &Program, id: FaultId, owner: ComponentId, measure: &Measure) -> bool {
    let station = |s: &StationId| program.stations[s.index()].owner == owner;
    let class = |class: &ClassId| calls(program, *class, owner);
    let counter = |counter: &Counter| match counter {
        Counter::Calls(c) | Counter::CallsFailed(c) | Counter::CallsFailedAs(c, _) => *c == owner,
        Counter::StationArrivals(s)
        | Counter::StationWaited(s)
        | Counter::StationRefused(s)
        | Counter::StationTimeouts(s)
        | Counter::StationServed(s) => station(s),
        Counter::Breakdowns(fault) => *fault == id,
        other => classes_of(&[*other]).iter().any(class),
    };
    match measure {
        Measure::Latency { classes, .. } => classes.iter().any(class),
        Measure::Part { classes, of } => {
            classes.iter().any(class) || disturbs(program, id, owner, of)
        }
        Measure::Response(c) | Measure::Usage(c) => *c == owner,
        Measure::Wait { stations, .. } | Measure::Slowdown(stations) => {
            stations.iter().any(station)
        }
        Measure::Count(of) | Measure::Rate(of) => of.iter().any(counter),
        Measure::Share(of, per) => of.iter().chain(per).any(counter),
        Measure::Level { of, .. } => of.iter().any(|gauge| match gauge {
            Gauge::InFlight(c) | Gauge::Retrying(c) => class(c),
            Gauge::Busy(s) | Gauge::Queue(s) | Gauge::InSystem(s) | Gauge::Full(s) => station(s),
            Gauge::UnitsUp(fault) | Gauge::Broken(fault) => *fault == id,
            _ => false,
        }),
    }
}

/// Whether requests of a class may call a component.
fn calls(program: &Program, class: ClassId, owner: ComponentId) -> bool {
    let mut open: Vec<Pc> = (0..program.ops.len())
        .filter(|pc| matches!(program.ops[*pc], Op::Class(c) if c == class))
        .map(|pc| pc as Pc + 1)
        .collect();
    let mut seen = vec![false; program.ops.len()];
    while let Some(pc) = open.pop() {
        let Some(op) = program.ops.get(pc as usize) else { continue };
        if std::mem::replace(&mut seen[pc as usize], true) {
            continue;
        }
        match op {
            Op::Enter { component, .. } | Op::EnterTold { component, .. }
                if *component == owner =>
            {
                return true;
            }
            Op::Class(_) | Op::Done => {}
            op => successors(program, pc, op, &mut open),
        }
    }
    false
}

/// Classes whose requests are counted.
pub(crate) fn classes_of(counters: &[Counter]) -> Vec<ClassId> {
    let class = |counter: &Counter| match counter {
        Counter::Arrivals(c)
        | Counter::Ok(c)
        | Counter::Failed(c)
        | Counter::FailedAs(c, _)
        | Counter::Attempts(c) => Some(*c),
        _ => None,
    };
    counters.iter().filter_map(class).collect()
}

const fn is_failure(counter: Counter) -> bool {
    matches!(
        counter,
        Counter::Failed(_)
            | Counter::FailedAs(..)
            | Counter::CallsFailed(_)
            | Counter::CallsFailedAs(..)
            | Counter::StationRefused(_)
            | Counter::StationTimeouts(_)
            | Counter::MemoryKills(_)
            | Counter::SessionsDropped(_)
            | Counter::SessionsRefused(_)
    )
}

fn can_happen(program: &Program, counter: Counter) -> bool {
    let any = |of: &dyn Fn(KindId) -> bool| kinds(program).into_iter().any(of);
    match counter {
        Counter::FailedAs(_, kind) | Counter::CallsFailedAs(_, kind) => any(&|k| k == kind),
        Counter::StationRefused(station) => can_refuse(program, station),
        Counter::StationTimeouts(station) => match &program.stations[station.index()].kind {
            StationKind::Tokens(tokens) => tokens.patience.is_some(),
            _ => false,
        },
        Counter::MemoryKills(instance) => {
            program.instances[instance.index()].memory.is_some_and(|m| is_limited(program, m))
        }
        _ => any(&|_| true),
    }
}

fn can_refuse(program: &Program, station: StationId) -> bool {
    match &program.stations[station.index()].kind {
        StationKind::Tokens(tokens) => tokens.places != u32::MAX,
        StationKind::Bucket(bucket) => bucket.excess.is_some() || bucket.places != u32::MAX,
        StationKind::Crew(crew) => crew.backlog != u32::MAX,
        StationKind::Memory(_) => is_limited(program, station),
        StationKind::Processor(_) => false,
    }
}

fn is_limited(program: &Program, station: StationId) -> bool {
    matches!(&program.stations[station.index()].kind, StationKind::Memory(m) if m.limit.is_finite())
}

/// Something other than a full queue or a lost patience makes calls fail: an error rate of the other
/// side, a quota, a death.
fn can_go_down(program: &Program) -> bool {
    let fails = program.ops.iter().any(|op| matches!(op, Op::Fail { .. }));
    let dies = program
        .instances
        .iter()
        .any(|instance| instance.memory.is_some_and(|memory| is_limited(program, memory)));
    fails || dies || !program.faults.is_empty() || !program.breakers.is_empty()
}

/// Every kind of failure that something in the program can raise.
fn kinds(program: &Program) -> Vec<KindId> {
    let mut all = Vec::new();
    for op in &program.ops {
        if let Op::Fail { kind, .. } = op {
            all.push(*kind);
        }
    }
    all.extend((!program.faults.is_empty()).then(|| Kind::Unavailable.id()));
    for frame in &program.frames {
        if frame.timeout.is_some() {
            all.push(frame.timeout_kind);
        }
        if frame.breaker.is_some_and(|breaker| breaker.0 != NONE) {
            all.push(Kind::BreakerOpen.id());
        }
    }
    for station in &program.stations {
        match &station.kind {
            StationKind::Tokens(tokens) => {
                all.extend((tokens.places != u32::MAX).then_some(tokens.full_kind));
                all.extend(tokens.patience.map(|_| tokens.patience_kind));
                let server = tokens.overflow.as_ref().and_then(|overflow| overflow.server);
                all.extend(server.map(|_| Kind::TooManyConnections.id()));
            }
            StationKind::Bucket(bucket) => {
                all.extend(bucket.excess);
                all.extend((bucket.places != u32::MAX).then(|| Kind::ClientQueueFull.id()));
            }
            StationKind::Crew(crew) => {
                all.extend((crew.backlog != u32::MAX).then(|| Kind::Refused.id()));
                all.extend(crew.recycle.map(|_| Kind::Unavailable.id()));
            }
            StationKind::Memory(memory) => {
                let limited = memory.limit.is_finite();
                all.extend(limited.then(|| Kind::OutOfMemory.id()));
                all.extend((limited && !memory.refuse).then(|| Kind::Unavailable.id()));
            }
            StationKind::Processor(_) => {}
        }
    }
    if program.groups.iter().any(crate::program::Group::changes) {
        all.push(Kind::Unavailable.id());
    }
    if !program.admissions.is_empty() {
        all.push(Kind::Overloaded.id());
    }
    for node in &program.nodes {
        all.extend((node.eviction == Eviction::Refuse).then(|| Kind::Full.id()));
    }
    all
}
