//! How many users a phase bears: short runs with ever other numbers of users and the same random
//! numbers, between which the break is bracketed.

use super::judged::{evidence, growing};
use super::replicate::{RunOptions, Watch, run};
use crate::profile::Profile;
use crate::verdict::{Evidence, Money, Sense, Verdict, costs, judge};

/// Replications of each run.
const REPLICATIONS: u32 = 8;
/// A bracket this narrow is narrow enough.
const NARROW: f64 = 1.03;

/// What a short run with some number of users showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Users.
    pub users: f64,
    /// The first objective that breaks, by the order of the profile; the budget is none of them.
    pub broken: Option<String>,
    /// The bill of a month.
    pub cost: Money,
    /// Requests that it took.
    pub requests: u64,
}

/// Runs a profile for about `max_requests`. Objectives are judged by the points of their estimates.
pub fn probe(profile: &Profile, users: f64, max_requests: u64, watch: &dyn Watch) -> Probe {
    let (program, catalogue) = profile.lower();
    let options = RunOptions {
        seed: profile.run.seed,
        replications: Some(profile.run.replications.unwrap_or(REPLICATIONS)),
        max_requests,
        warmup_s: profile.run.warmup_s,
        duration_s: profile.run.duration_s,
        ..RunOptions::default()
    };
    let run = run(&program, &options, watch);
    let growing = growing(&program, &catalogue, &run);
    let costs = costs(profile, &catalogue, &run.replications, run.confidence);
    let evidence = Evidence {
        bias: 0.0,
        by_points: true,
        ..evidence(&program, &catalogue, &run, &growing, &costs)
    };
    let mut stated = profile.slo.iter().chain(&profile.asserts);
    let broken = stated
        .find(|judgement| {
            judge(&judgement.compiled, Sense::Objective, &evidence).verdict == Verdict::Fails
        })
        .map(|judgement| judgement.name.clone());
    Probe { users, broken, cost: costs.total, requests: run.requests }
}

/// Numbers of users between which something breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Bracket {
    /// It holds up to this; 0 when it held at no number that was tried.
    pub holds: f64,
    /// It breaks at this; `None` when it did not at any number that was tried.
    pub breaks: Option<f64>,
    /// What breaks there first.
    pub what: Option<String>,
}

/// Brackets the break between `least` and `most` users, beginning at `start`, in at most `probes`
/// runs: doubled or halved until it is enclosed, then halved on a logarithmic scale. It is taken to be
/// monotone: what bears N users bears fewer.
pub fn bracket(
    start: f64,
    (least, most): (f64, f64),
    probes: u32,
    mut broken: impl FnMut(f64) -> Option<String>,
) -> Bracket {
    let mut bracket = Bracket { holds: 0.0, breaks: None, what: None };
    let mut users = start.clamp(least, most).round().max(1.0);
    for _ in 0..probes {
        match broken(users) {
            Some(what) => (bracket.breaks, bracket.what) = (Some(users), Some(what)),
            None => bracket.holds = users,
        }
        let next = match (bracket.holds, bracket.breaks) {
            (holds, Some(breaks)) if holds > 0.0 => {
                if breaks / holds <= NARROW || breaks - holds <= 1.0 {
                    break;
                }
                (breaks * holds).sqrt()
            }
            (_, Some(breaks)) => (0.5 * breaks).max(least),
            (holds, None) => (2.0 * holds).min(most),
        };
        let next = next.round().max(1.0);
        if next == users || Some(next) == bracket.breaks || next == bracket.holds {
            break;
        }
        users = next;
    }
    bracket
}

/// The cost at a number of users: a straight line between the probes around it; `None` outside of
/// all probes, which stand in order of their users.
pub fn cost_at(probes: &[Probe], users: f64) -> Option<Money> {
    let next = probes.partition_point(|probe| probe.users < users);
    let after = probes.get(next)?;
    let Some(before) = next.checked_sub(1).map(|i| &probes[i]) else {
        return (after.users == users).then_some(after.cost);
    };
    let share = (users - before.users) / (after.users - before.users);
    before.cost.towards(after.cost, share)
}

/// The number of users at which the cost passes a budget, by the same lines: that below it and that
/// at which it is passed.
pub fn passes(probes: &[Probe], budget: rust_decimal::Decimal) -> Bracket {
    let over = probes.iter().position(|probe| probe.cost.value > budget);
    let what = Some("cost.budget".to_owned());
    let Some(over) = over else {
        let holds = probes.last().map_or(0.0, |probe| probe.users);
        return Bracket { holds, breaks: None, what: None };
    };
    let at = &probes[over];
    let Some(before) = over.checked_sub(1).map(|i| &probes[i]) else {
        return Bracket { holds: 0.0, breaks: Some(at.users), what };
    };
    let float = |x: rust_decimal::Decimal| x.to_string().parse::<f64>().unwrap_or(0.0);
    let (low, high) = (float(before.cost.value), float(at.cost.value));
    let share = (float(budget) - low) / (high - low);
    let users = (at.users - before.users).mul_add(share.clamp(0.0, 1.0), before.users);
    Bracket { holds: users.floor(), breaks: Some(users.floor() + 1.0), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(users: f64, cost: i64) -> Probe {
        Probe { users, broken: None, cost: Money::exact(cost.into()), requests: 0 }
    }

    #[test]
    fn a_break_is_enclosed_and_halved() {
        let mut tried = Vec::new();
        let found = bracket(100.0, (1.0, 10_000.0), 12, |users| {
            tried.push(users);
            (users >= 700.0).then(|| "latency".to_owned())
        });
        assert_eq!(&tried[..4], [100.0, 200.0, 400.0, 800.0]);
        let breaks = found.breaks.expect("it breaks");
        assert!(found.holds < 700.0 && breaks >= 700.0 && breaks / found.holds <= NARROW);
        assert_eq!(found.what.as_deref(), Some("latency"));
    }

    #[test]
    fn a_break_below_the_start_and_none_at_all() {
        let below = bracket(100.0, (1.0, 1000.0), 12, |n| (n >= 30.0).then(String::new));
        assert!(below.holds <= 29.0 && below.breaks == Some(30.0), "{below:?}");
        let never = bracket(100.0, (1.0, 300.0), 12, |_| None);
        assert_eq!((never.holds, never.breaks), (300.0, None));
        let always = bracket(4.0, (1.0, 300.0), 12, |_| Some(String::new()));
        assert_eq!((always.holds, always.breaks), (0.0, Some(1.0)));
    }

    #[test]
    fn money_lies_on_lines_between_the_probes() {
        let probes = [at(10.0, 100), at(50.0, 300), at(200.0, 600)];
        let value = |users| cost_at(&probes, users).map(|money| money.value);
        assert_eq!(value(30.0), Some(200.into()));
        assert_eq!((value(10.0), value(200.0)), (Some(100.into()), Some(600.into())));
        assert_eq!((value(9.0), value(201.0)), (None, None));
        // 450 of 300..600 is half of the way from 50 to 200 users.
        assert_eq!(passes(&probes, 450.into()).holds, 125.0);
        assert_eq!(passes(&probes, 450.into()).breaks, Some(126.0));
        assert_eq!(passes(&probes, 99.into()).breaks, Some(10.0));
        assert_eq!(passes(&probes, 600.into()).breaks, None);
    }
}
