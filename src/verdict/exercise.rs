//! What nothing in a program can disturb was not tested by running it.

use super::measured::total;
use crate::program::{
    ClassId, Counter, Eviction, Kind, KindId, Measure, NONE, Op, Program, StationId, StationKind,
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
    fails || dies || !program.breakers.is_empty()
}

/// Every kind of failure that something in the program can raise.
fn kinds(program: &Program) -> Vec<KindId> {
    let mut all = Vec::new();
    for op in &program.ops {
        if let Op::Fail { kind, .. } = op {
            all.push(*kind);
        }
    }
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
