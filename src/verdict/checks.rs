//! What every run checks about itself: identities that hold on each sample path, whatever the model.
//!
//! Each side is measured by its own path through the engine, so a defect of the bookkeeping shows. A
//! violation is a defect of capplan, never of a profile.

use crate::results::{Level, Replication};

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

/// Checks all replications.
pub fn check(replications: &[Replication]) -> Vec<Check> {
    let mut balance = Check {
        name: "balance",
        law: "inside at start + arrivals = completed + failed + inside at end",
        comparisons: 0,
        worst: 0.0,
        violation: None,
    };
    let mut residence = Check {
        name: "residence",
        law: "time integral of the number in flight = sum of residence times",
        ..balance.clone()
    };
    let mut service = Check {
        name: "service",
        law: "time integral of the units in use = sum of service given",
        ..balance.clone()
    };
    for (number, replication) in replications.iter().enumerate() {
        balance.comparisons += 1;
        if !replication.balance.holds() {
            balance.worst = 1.0;
            balance
                .violation
                .get_or_insert_with(|| format!("replication {number}: {:?}", replication.balance));
        }
        for (class, record) in replication.classes.iter().enumerate() {
            let of = || format!("replication {number}, class {class}");
            residence.compare(&record.in_flight, record.residence_s, replication.time_s, of);
        }
        for (station, record) in replication.stations.iter().enumerate() {
            // A memory holds bytes and serves nothing; a rate limit gives none of its time.
            if record.given_s == 0.0 {
                continue;
            }
            let of = || format!("replication {number}, station {station}");
            service.compare(&record.busy, record.given_s, replication.time_s, of);
        }
    }
    vec![balance, residence, service]
}

impl Check {
    fn compare(&mut self, level: &Level, sum: f64, time_s: f64, of: impl Fn() -> String) {
        self.comparisons += 1;
        let scale = level.integral.abs().max(sum.abs()).max(1e-3 * time_s).max(1e-9);
        let difference = (level.integral - sum).abs() / scale;
        self.worst = self.worst.max(difference);
        if difference > TOLERANCE || difference.is_nan() {
            self.violation.get_or_insert_with(|| {
                format!("{}: {} against {} over {time_s} s", of(), level.integral, sum)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Balance, ClassRecord, StationRecord};

    fn sound() -> Replication {
        Replication {
            time_s: 100.0,
            classes: vec![ClassRecord {
                in_flight: Level { integral: 50.0, ..Level::default() },
                residence_s: 50.0,
                ..ClassRecord::default()
            }],
            stations: vec![StationRecord {
                busy: Level { integral: 20.0, ..Level::default() },
                given_s: 20.0,
                ..StationRecord::default()
            }],
            balance: Balance { arrivals: 3, completed: 2, inside: 1, ..Balance::default() },
            ..Replication::default()
        }
    }

    fn violated(replication: Replication) -> Vec<&'static str> {
        check(&[sound(), replication])
            .iter()
            .filter(|c| c.violation.is_some())
            .map(|c| c.name)
            .collect()
    }

    #[test]
    fn a_sound_run_violates_nothing() {
        assert!(violated(sound()).is_empty());
    }

    #[test]
    fn a_lost_request_is_seen() {
        let mut lost = sound();
        lost.balance.completed -= 1;
        assert_eq!(violated(lost), ["balance"]);
    }

    #[test]
    fn a_release_that_is_forgotten_is_seen() {
        let mut leak = sound();
        leak.classes[0].in_flight.integral *= 1.01;
        assert_eq!(violated(leak), ["residence"]);
    }

    #[test]
    fn a_service_that_is_stretched_is_seen() {
        let mut stretched = sound();
        stretched.stations[0].given_s *= 1.01;
        assert_eq!(violated(stretched), ["service"]);
    }
}
