//! What every run checks about itself: identities that hold on each sample path, whatever the model.
//!
//! Each side is measured by its own path through the engine, so a defect of the bookkeeping shows. A
//! violation is a defect of capplan, never of a profile.

use std::fmt::Display;

use crate::results::{Level, NodeRecord, Replication, SessionRecord, StationRecord};

/// An exact identity, over all replications.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What is compared.
    pub name: &'static str,
    /// The identity in words.
    pub law: &'static str,
    /// Comparisons made (replications times records).
    pub comparisons: u64,
    /// Largest relative difference of the two sides.
    pub worst: f64,
    /// The first violation, with what repeats it.
    pub violation: Option<String>,
}

/// Relative difference that sums of 10^9 roundings to whole nanoseconds and doubles may show.
const TOLERANCE: f64 = 1e-6;

/// Checks all replications. A check that compares nothing (no sessions, no cache) is left out.
pub fn check(replications: &[Replication]) -> Vec<Check> {
    let [
        mut balance,
        mut residence,
        mut waiting,
        mut service,
        mut work,
        mut units,
        mut sessions,
        mut keys,
    ] = [
        Check::new("balance", "inside at start + arrivals = completed + failed + inside at end"),
        Check::new("residence", "time integral of the number in flight = sum of residence times"),
        Check::new(
            "waiting",
            "time integral of each queue = sum of waits, of those that still wait too",
        ),
        Check::new("service", "time integral of the units in use = sum of service given"),
        Check::new("work", "time integral of the units in use = sum of service as it was drawn"),
        Check::new("units", "units taken and not given back = units that somebody holds"),
        Check::new("sessions", "open at start + started = ended + dropped + open at end"),
        Check::new("keys", "kept at start + filled = evicted + expired + deleted + kept at end"),
    ];
    for (number, replication) in replications.iter().enumerate() {
        let time_s = replication.time_s;
        let of = |what: &str, index: usize| format!("replication {number}, {what} {index}");
        balance.balance(number, replication);
        for (class, record) in replication.classes.iter().enumerate() {
            let of = || of("class", class);
            residence.level(&record.in_flight, record.residence_s, 0.0, time_s, of);
        }
        for (station, record) in replication.stations.iter().enumerate() {
            let of = || of("station", station);
            let StationRecord { busy, queue, .. } = record;
            // A memory holds bytes and serves nothing; a rate limit gives none of its time.
            if record.held.is_some() || record.asked_s.is_some() {
                service.level(busy, record.given_s, 0.0, time_s, of);
            }
            if let Some(waited_s) = record.waited_s {
                waiting.level(queue, waited_s, 0.0, time_s, of);
            }
            if let Some(asked_s) = record.asked_s {
                work.level(busy, asked_s, record.rounding_s, time_s, of);
            }
            if let Some(held) = record.held {
                units.counts(busy.at_end, held as f64, of);
            }
        }
        for (source, record) in replication.sessions.iter().enumerate() {
            let SessionRecord { started, ended, dropped, active, .. } = *record;
            if started + ended + dropped > 0 {
                let (came, went) = (active.at_start + started as f64, (ended + dropped) as f64);
                sessions.counts(came, went + active.at_end, || of("source", source));
            }
        }
        for (node, record) in replication.nodes.iter().enumerate() {
            let NodeRecord { fills, evictions, expiries, deletes, keys: kept, .. } = *record;
            let went = (evictions + expiries + deletes) as f64;
            keys.counts(kept.at_start + fills as f64, went + kept.at_end, || of("node", node));
        }
    }
    let mut all = vec![balance, residence, waiting, service, work, units, sessions, keys];
    all.retain(|check| check.comparisons > 0);
    all
}

impl Check {
    const fn new(name: &'static str, law: &'static str) -> Self {
        Self { name, law, comparisons: 0, worst: 0.0, violation: None }
    }

    fn balance(&mut self, number: usize, replication: &Replication) {
        self.comparisons += 1;
        if !replication.balance.holds() {
            self.worst = 1.0;
            self.violation
                .get_or_insert_with(|| format!("replication {number}: {:?}", replication.balance));
        }
    }

    /// A level's integral against a sum, which may be off by `rounding`.
    fn level<D: Display>(
        &mut self,
        level: &Level,
        sum: f64,
        rounding: f64,
        time_s: f64,
        of: impl Fn() -> D,
    ) {
        let scale = level.integral.abs().max(sum.abs()).max(1e-3 * time_s).max(1e-9);
        let beyond = ((level.integral - sum).abs() - rounding).max(0.0);
        let difference = if sum.is_nan() { f64::NAN } else { beyond / scale };
        self.note(difference, || {
            format!("{}: {} against {sum} over {time_s} s", of(), level.integral)
        });
    }

    /// Two whole numbers.
    fn counts<D: Display>(&mut self, one: f64, other: f64, of: impl Fn() -> D) {
        let difference = if one == other { 0.0 } else { (one - other).abs() / one.max(other) };
        self.note(difference, || format!("{}: {one} against {other}", of()));
    }

    fn note(&mut self, difference: f64, violation: impl Fn() -> String) {
        self.comparisons += 1;
        self.worst = self.worst.max(difference);
        if difference > TOLERANCE || difference.is_nan() {
            self.violation.get_or_insert_with(violation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Balance, ClassRecord};

    fn sound() -> Replication {
        Replication {
            time_s: 100.0,
            classes: vec![ClassRecord {
                in_flight: Level { integral: 50.0, ..Level::default() },
                residence_s: 50.0,
                ..ClassRecord::default()
            }],
            stations: vec![StationRecord {
                busy: Level { integral: 20.0, at_end: 1.0, ..Level::default() },
                queue: Level { integral: 3.0, ..Level::default() },
                given_s: 20.0,
                waited_s: Some(3.0),
                asked_s: Some(20.01),
                rounding_s: 0.02,
                held: Some(1),
                ..StationRecord::default()
            }],
            sessions: vec![SessionRecord {
                started: 3,
                ended: 2,
                dropped: 1,
                active: Level::constant(5.0, 100.0),
                ..SessionRecord::default()
            }],
            nodes: vec![NodeRecord {
                fills: 9,
                evictions: 4,
                expiries: 3,
                deletes: 1,
                keys: Level { at_start: 7.0, at_end: 8.0, ..Level::default() },
                ..NodeRecord::default()
            }],
            balance: Balance { arrivals: 3, completed: 2, inside: 1, ..Balance::default() },
            ..Replication::default()
        }
    }

    fn violated(spoil: impl Fn(&mut Replication)) -> Vec<&'static str> {
        let mut spoiled = sound();
        spoil(&mut spoiled);
        check(&[sound(), spoiled])
            .iter()
            .filter(|c| c.violation.is_some())
            .map(|c| c.name)
            .collect()
    }

    #[test]
    fn a_sound_run_violates_nothing() {
        assert!(violated(|_| {}).is_empty());
        assert!(check(&[sound()]).iter().all(|check| check.comparisons == 1));
    }

    #[test]
    fn each_identity_sees_its_own_violation() {
        assert_eq!(violated(|r| r.balance.completed -= 1), ["balance"]);
        assert_eq!(violated(|r| r.classes[0].in_flight.integral *= 1.01), ["residence"]);
        assert_eq!(violated(|r| r.stations[0].waited_s = Some(2.99)), ["waiting"]);
        assert_eq!(violated(|r| r.stations[0].given_s *= 1.01), ["service"]);
        assert_eq!(violated(|r| r.stations[0].asked_s = Some(20.2)), ["work"]);
        assert_eq!(violated(|r| r.stations[0].held = Some(2)), ["units"]);
        assert_eq!(violated(|r| r.sessions[0].ended = 1), ["sessions"]);
        assert_eq!(violated(|r| r.nodes[0].expiries = 4), ["keys"]);
    }

    #[test]
    fn what_is_not_there_is_not_checked() {
        let names: Vec<_> = check(&[Replication::default()]).iter().map(|c| c.name).collect();
        assert_eq!(names, ["balance"]);
    }
}
