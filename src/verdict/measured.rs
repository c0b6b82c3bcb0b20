//! Counters and levels of a replication by their names in the catalogue.

use crate::program::{ClassId, ComponentId, Counter, Gauge, KindId, StationId};
use crate::results::{Level, Replication, StationRecord};
use crate::stats::Tally;

/// Sum of counters in one replication.
pub(super) fn total(counters: &[Counter], replication: &Replication) -> f64 {
    counters.iter().map(|&counter| count(counter, replication) as f64).sum()
}

/// A counter's value in one replication.
fn count(counter: Counter, r: &Replication) -> u64 {
    let kind = |failures: &[u64], kind: KindId| failures.get(kind.index()).copied().unwrap_or(0);
    match counter {
        Counter::Arrivals(class) => r.classes[class.index()].arrivals,
        Counter::Ok(class) => r.classes[class.index()].ok.count,
        Counter::Failed(class) => r.classes[class.index()].failed.count,
        Counter::FailedAs(class, k) => kind(&r.classes[class.index()].failures, k),
        Counter::Attempts(class) => r.classes[class.index()].attempts,
        Counter::StationArrivals(station) => r.stations[station.index()].arrivals,
        Counter::StationWaited(station) => r.stations[station.index()].waited,
        Counter::StationRefused(station) => r.stations[station.index()].refused,
        Counter::StationTimeouts(station) => r.stations[station.index()].timeouts,
        Counter::StationServed(station) => r.stations[station.index()].served,
        Counter::Calls(component) => r.components[component.index()].calls,
        Counter::CallsFailed(component) => r.components[component.index()].failures.iter().sum(),
        Counter::CallsFailedAs(component, k) => kind(&r.components[component.index()].failures, k),
        Counter::Lookups(family) => r.families[family.index()].lookups,
        Counter::Hits(family) => r.families[family.index()].hits,
        Counter::Evictions(node) => r.nodes[node.index()].evictions,
        Counter::Breakdowns(fault) => r.faults[fault.index()].count,
        Counter::MemoryKills(instance) => r.instances[instance.index()].memory_kills,
        Counter::Recycles(instance) => r.instances[instance.index()].recycles,
        Counter::SessionsStarted(source) => r.sessions[source.index()].started,
        Counter::SessionsDropped(source) => r.sessions[source.index()].dropped,
        Counter::SessionsRefused(source) => r.sessions[source.index()].refused,
        Counter::ScaledUp(group) => r.groups[group.index()].ups,
        Counter::ScaledDown(group) => r.groups[group.index()].downs,
    }
}

/// A level's record in one replication.
pub(super) fn level(gauge: Gauge, r: &Replication) -> Level {
    // A level that is 0 or 1: its square is itself.
    let switch = |on_s: f64| Level {
        integral: on_s,
        square: on_s,
        max: if on_s > 0.0 { 1.0 } else { 0.0 },
        ..Level::default()
    };
    let station = |id: StationId| &r.stations[id.index()];
    match gauge {
        Gauge::InFlight(class) => r.classes[class.index()].in_flight,
        Gauge::Retrying(class) => r.classes[class.index()].retrying,
        Gauge::Busy(id) => station(id).busy,
        Gauge::Size(id) => station(id).size,
        Gauge::Queue(id) => station(id).queue,
        Gauge::InSystem(id) => {
            let (busy, queue) = (station(id).busy, station(id).queue);
            Level {
                integral: busy.integral + queue.integral,
                square: f64::NAN,
                max: busy.max + queue.max,
                at_start: busy.at_start + queue.at_start,
                at_end: busy.at_end + queue.at_end,
            }
        }
        Gauge::Setup(id) => station(id).setup,
        Gauge::UnitsUp(fault) => r.faults[fault.index()].available,
        Gauge::Broken(fault) => r.faults[fault.index()].broken,
        Gauge::Full(id) => switch(station(id).full_s),
        Gauge::CacheBytes(node) => r.nodes[node.index()].bytes,
        Gauge::Keys(node) => r.nodes[node.index()].keys,
        Gauge::Sessions(source) => r.sessions[source.index()].active,
        Gauge::BreakerOpen(breaker) => switch(r.breakers_open_s[breaker.index()]),
        Gauge::Down(instance) => switch(r.instances[instance.index()].down_s),
        Gauge::Available(instance) => r.instances[instance.index()].available,
        Gauge::Provisioned { group, each } => r.groups[group.index()].provisioned.times(each),
        Gauge::Constant(value) => Level::constant(value, r.time_s),
    }
}

/// What some classes did at a station, where they are told apart.
pub(super) fn shares<'r>(
    r: &'r Replication,
    station: StationId,
    classes: &'r [ClassId],
) -> impl Iterator<Item = &'r StationRecord> {
    let own = move |share: &&crate::results::StationShare| {
        share.station == station.0 && classes.contains(&ClassId(share.class))
    };
    r.shares.iter().filter(own).map(|share| &share.record)
}

/// Calls of a component by some classes: how many, and their response times.
pub(super) fn calls<'r>(
    r: &'r Replication,
    component: ComponentId,
    classes: &'r [ClassId],
) -> impl Iterator<Item = (u64, &'r Tally)> {
    let own = move |share: &&crate::results::CallShare| {
        share.component == component.0 && classes.contains(&ClassId(share.class))
    };
    r.calls.iter().filter(own).map(|share| (share.calls, &share.response))
}

/// Sum of counters of some classes in one replication.
pub(super) fn total_of(counters: &[Counter], r: &Replication, classes: &[ClassId]) -> f64 {
    let count = |counter: &Counter| {
        let at = |station: StationId, of: fn(&StationRecord) -> u64| -> u64 {
            shares(r, station, classes).map(of).sum()
        };
        match *counter {
            Counter::StationArrivals(s) => at(s, |record| record.arrivals),
            Counter::StationWaited(s) => at(s, |record| record.waited),
            Counter::StationRefused(s) => at(s, |record| record.refused),
            Counter::StationTimeouts(s) => at(s, |record| record.timeouts),
            Counter::StationServed(s) => at(s, |record| record.served),
            Counter::Calls(component) => calls(r, component, classes).map(|call| call.0).sum(),
            _ => 0,
        }
    };
    counters.iter().map(count).sum::<u64>() as f64
}

/// A level's integral that is due to some classes.
pub(super) fn integral_of(gauge: Gauge, r: &Replication, classes: &[ClassId]) -> f64 {
    let at = |station: StationId, of: fn(&StationRecord) -> f64| -> f64 {
        shares(r, station, classes).map(of).sum()
    };
    match gauge {
        Gauge::Busy(s) => at(s, |record| record.busy.integral),
        Gauge::Queue(s) => at(s, |record| record.queue.integral),
        Gauge::InSystem(s) => at(s, |record| record.busy.integral + record.queue.integral),
        _ => 0.0,
    }
}
