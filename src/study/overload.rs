//! Names the stations that are offered more than they can serve, and how fast their backlog grows.
//!
//! A queue without a steady state is a finding, not an error. It is called one when it grows in
//! every replication alike (significant), fast enough to matter (material), and behind units that
//! are all but never idle; a queue that merely fills up after a start is none of these for long.

use crate::program::{Program, Quantity, Scaling, StationId, StationKind};
use crate::results::Replication;
use crate::stats;
use crate::verdict::Estimate;
use crate::verdict::estimate::TOO_FEW;

/// Stations (one, or a row of like ones) without a steady state, or with one only because they
/// lose part of what is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Position of the row in the rows asked for.
    pub row: usize,
    /// The stations of the row.
    pub stations: Vec<StationId>,
    /// Growth of the queue, tasks per second.
    pub growth_per_s: Estimate,
    /// Tasks that ask for it per second.
    pub offered_per_s: f64,
    /// Tasks served per second.
    pub served_per_s: f64,
    /// Tasks refused or timed out in its queue per second.
    pub lost_per_s: f64,
    /// Busy share of its units.
    pub utilization: f64,
    /// Whether the queue grows (else it is kept short by losing tasks).
    pub grows: bool,
}

/// Level of the test for growth: a false alarm in two thousand stations.
const CONFIDENCE: f64 = 0.999;
/// Growth or loss below this share of what is offered is not material.
const MATERIAL: f64 = 0.005;
/// Least utilization behind a queue that grows without bound.
const BUSY: f64 = 0.98;
/// Least utilization of a station that is saturated rather than unlucky.
const SATURATED: f64 = 0.995;

/// The overloaded ones among `rows` of like stations (a resource's, from the catalogue; or single
/// stations). `confidence` is that of the growth's interval. Empty rows are never overloaded.
pub fn overloads(
    program: &Program,
    rows: &[Vec<StationId>],
    replications: &[Replication],
    confidence: f64,
) -> Vec<Overload> {
    let judged = rows.iter().enumerate();
    judged.filter_map(|(row, of)| overload(program, row, of, replications, confidence)).collect()
}

/// Every station as a row of its own.
pub fn single_stations(program: &Program) -> Vec<Vec<StationId>> {
    (0..program.stations.len() as u32).map(|id| vec![StationId(id)]).collect()
}

fn overload(
    program: &Program,
    row: usize,
    stations: &[StationId],
    replications: &[Replication],
    confidence: f64,
) -> Option<Overload> {
    let time_s: f64 = replications.iter().map(|r| r.time_s).sum();
    if time_s <= 0.0 || stations.is_empty() {
        return None;
    }
    let sum = |of: &dyn Fn(&crate::results::StationRecord) -> f64| -> f64 {
        let each =
            |r: &Replication| stations.iter().map(|id| of(&r.stations[id.index()])).sum::<f64>();
        replications.iter().map(each).sum::<f64>() / time_s
    };
    let utilization = utilization(
        program,
        stations,
        (sum(&|s| s.busy.integral), sum(&|s| s.size.integral)),
        sum(&|s| s.served as f64),
    );
    if utilization < BUSY || is_followed(program, stations, replications) {
        return None;
    }
    let offered_per_s = sum(&|s| s.arrivals as f64);
    let lost_per_s = sum(&|s| (s.refused + s.timeouts) as f64);
    let rates: Vec<f64> = replications
        .iter()
        .filter(|r| r.time_s > 0.0)
        .map(|r| {
            let grown = |id: &StationId| {
                let queue = r.stations[id.index()].queue;
                queue.at_end - queue.at_start
            };
            stations.iter().map(grown).sum::<f64>() / r.time_s
        })
        .collect();
    let growth = rates.iter().sum::<f64>() / rates.len() as f64;
    // A single replication has no interval: compare with the spread of a queue that is exactly
    // critical, a random walk of two steps per arrival.
    let significant = match stats::mean(&rates, CONFIDENCE) {
        Some(interval) => interval.low > 0.0,
        None => growth * time_s > 4.0 * (2.0 * offered_per_s * time_s).sqrt(),
    };
    let grows = significant && growth > MATERIAL * offered_per_s;
    let loses = utilization >= SATURATED && lost_per_s > MATERIAL * offered_per_s;
    (grows || loses).then(|| Overload {
        row,
        stations: stations.to_vec(),
        growth_per_s: match stats::mean(&rates, confidence) {
            Some(i) => {
                Estimate { low: i.low, high: i.high, ..Estimate::exact(growth, Quantity::Rate) }
            }
            None => Estimate::unknown(Some(growth), Quantity::Rate, TOO_FEW),
        },
        offered_per_s,
        served_per_s: sum(&|s| s.served as f64),
        lost_per_s,
        utilization,
        grows,
    })
}

/// Busy share of the units of a row; of rate limits, the share of the rate that was spent. Memory
/// has no queue.
fn utilization(
    program: &Program,
    stations: &[StationId],
    (busy, size): (f64, f64),
    served_per_s: f64,
) -> f64 {
    let all = || stations.iter().map(|id| &program.stations[id.index()].kind);
    if size <= 0.0 || all().any(|kind| matches!(kind, StationKind::Memory(_))) {
        0.0
    } else if all().any(|kind| matches!(kind, StationKind::Bucket(_))) {
        served_per_s / size
    } else {
        busy / size
    }
}

/// Whether a controller is still adding members for them: a queue that it catches up with.
fn is_followed(program: &Program, stations: &[StationId], replications: &[Replication]) -> bool {
    let Some(instance) = stations.first().and_then(|id| program.stations[id.index()].instance)
    else {
        return false;
    };
    let of = |s: &&Scaling| {
        let group = &program.groups[s.group.index()];
        (group.first.0..group.first.0 + group.count).contains(&instance.0)
    };
    program.scalings.iter().find(of).is_some_and(|scaling| {
        let added = |r: &Replication| {
            let there = r.groups[scaling.group.index()].provisioned;
            there.at_end - there.at_start
        };
        replications.iter().map(added).sum::<f64>() > 0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Builder, ComponentId, Station, Tokens};
    use crate::results::{Level, StationRecord};

    fn program() -> Program {
        let mut builder = Builder::new();
        let kind = StationKind::Tokens(Tokens::fifo(2));
        builder.station(Station { kind, owner: ComponentId(0), instance: None });
        builder.finish()
    }

    /// Eight replications of 100 s with 1000 arrivals, about `grown` left over, `lost` lost.
    fn replications(busy: f64, grown: f64, lost: u64) -> Vec<Replication> {
        (0..8_u32)
            .map(|r| Replication {
                time_s: 100.0,
                stations: vec![StationRecord {
                    arrivals: 1000,
                    refused: lost,
                    served: 1000 - lost - grown as u64,
                    busy: Level::constant(busy, 100.0),
                    size: Level::constant(2.0, 100.0),
                    queue: Level {
                        at_start: 5.0,
                        at_end: 5.0 + grown + f64::from(r),
                        ..Level::default()
                    },
                    ..StationRecord::default()
                }],
                ..Replication::default()
            })
            .collect()
    }

    fn found(busy: f64, grown: f64, lost: u64) -> Option<Overload> {
        let program = program();
        let found =
            overloads(&program, &single_stations(&program), &replications(busy, grown, lost), 0.95);
        found.into_iter().next()
    }

    #[test]
    fn a_growing_queue_behind_busy_units_is_named_with_its_rate() {
        let overload = found(2.0, 96.5, 0).expect("overloaded");
        assert!(overload.grows);
        assert_eq!(overload.growth_per_s.value, Some(1.0));
        assert!(overload.growth_per_s.low > 0.9 && overload.growth_per_s.high < 1.1);
        assert_eq!((overload.offered_per_s, overload.utilization), (10.0, 1.0));
    }

    #[test]
    fn saturation_with_losses_is_named_too() {
        let overload = found(2.0, 0.0, 200).expect("overloaded");
        assert!(!overload.grows);
        assert_eq!((overload.lost_per_s, overload.served_per_s), (2.0, 8.0));
    }

    #[test]
    fn neither_idle_units_nor_small_growth_nor_few_losses_are_an_overload() {
        assert_eq!(found(1.9, 96.5, 200), None);
        assert_eq!(found(2.0, 0.0, 0), None);
        assert_eq!(found(2.0, 0.0, 3), None);
        assert_eq!(found(1.98, 0.0, 200), None);
    }
}
