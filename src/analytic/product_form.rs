//! Networks of product form: which rows of a program qualify, and what the whole then does.
//!
//! A row qualifies where its stationary law does not look at the order or the law of what it does
//! not need (Baskett, Chandy, Muntz, Palacios 1975): exponential service of one mean in order of
//! arrival, processor sharing, or a unit for everyone. Routes may be anything (Kelly 1979).

use super::closed::{self, Cycle};
use super::laws::is_exponential;
use super::network::{Access, Network, Use};
use super::solution::{Law, Obstacle};
use super::supply::Arrivals;
use crate::program::{Op, StationKind};

/// Closed networks.
pub(super) const MVA: Law = Law {
    name: "closed product-form network (exact MVA)",
    source: "Baskett et al. 1975; Reiser and Lavenberg 1980; Buzen 1973",
};
/// Closed and open together.
pub(super) const MIXED: Law = Law {
    name: "mixed product-form network (exact MVA)",
    source: "Baskett et al. 1975; Lazowska et al. 1984, ch. 7",
};
/// One station and people who think.
pub(super) const REPAIR: Law =
    Law { name: "M/M/c//N (machine repair)", source: "Scherr 1967; Lazowska et al. 1984, ch. 3" };

/// Probability of a full queue below which it counts as unlimited.
const NEVER: f64 = 1e-12;

/// Places to wait that may matter at this utilization; `None` where they never do.
pub(super) fn places(network: &Network<'_>, row: usize, rho: f64) -> Option<u32> {
    let places = match network.kind(row) {
        StationKind::Tokens(tokens) => tokens.places,
        StationKind::Crew(crew) => crew.backlog,
        _ => u32::MAX,
    };
    let is_open = network.of_row(row).all(|u| network.streams[u.stream].supply.rate_per_s() > 0.0);
    let most: f64 = network
        .of_row(row)
        .map(|u| match network.streams[u.stream].supply {
            Arrivals::Clients(n, _) => f64::from(n),
            _ => f64::INFINITY,
        })
        .sum();
    let never_by_count = most <= network.units(row) + f64::from(places);
    let never = is_open && rho < 1.0 && rho.powf(f64::from(places)) < NEVER;
    (places != u32::MAX && !never && !never_by_count).then_some(places)
}

/// Whether a row is of product form, given its utilization by open streams.
pub(super) fn qualifies(network: &Network<'_>, row: usize, rho: f64) -> bool {
    if network.idle[row] {
        return true;
    }
    if !network.obstacles_of(row).is_empty() || !network.splits(row) {
        return false;
    }
    let uses: Vec<&Use> = network.of_row(row).collect();
    match network.kind(row) {
        StationKind::Tokens(tokens) => {
            let plain = tokens.patience.is_none()
                && tokens.feeds.is_none()
                && !tokens.preemptive
                && tokens.is_constant()
                && network.faults_only_delay();
            let fair = !tokens.priority || network.has_one_priority(row);
            if network.units(row).is_infinite() {
                return plain;
            }
            plain && fair && places(network, row, rho).is_none() && is_exponential_row(&uses)
        }
        StationKind::Crew(crew) => {
            let fair = !crew.priority || network.has_one_priority(row);
            fair && places(network, row, rho).is_none() && is_exponential_row(&uses)
        }
        StationKind::Processor(p) => {
            (p.groups <= 1 || p.group_cap.is_infinite())
                && uses.iter().all(|u| u.access == Access::Share)
        }
        StationKind::Memory(memory) => memory.limit.is_infinite(),
        StationKind::Bucket(_) => false,
    }
}

fn is_exponential_row(uses: &[&Use]) -> bool {
    let Some(first) = uses.first() else { return false };
    let mean_s = first.service.mean_s;
    let same = |u: &&Use| {
        is_exponential(u.service.law.as_ref()) && (u.service.mean_s - mean_s).abs() < 1e-9 * mean_s
    };
    uses.iter().all(same)
}

impl Network<'_> {
    /// Whether all requests at a row have the same priority.
    pub(super) fn has_one_priority(&self, row: usize) -> bool {
        let mut levels =
            self.of_row(row).map(|u| u.class.map(|c| self.program.classes[c.index()].priority));
        let first = levels.next();
        levels.all(|level| Some(level) == first)
    }

    /// Why a stream leaves the world of product form, whatever its rows are: its requests may be cut
    /// short, come again, work on several things at once or after their answer.
    pub(super) fn disturbances(&self, stream: usize) -> Vec<Obstacle> {
        let program = self.program;
        let one = &self.streams[stream];
        let mut all = Vec::new();
        for (frame, _) in &one.walk.passes {
            let frame = &program.frames[frame.index()];
            if frame.timeout.is_some() {
                all.push(Obstacle::Timeout { source: one.source, owner: frame.owner });
            }
            if frame.breaker.is_some() || frame.budget.is_some() {
                all.push(Obstacle::Breaker { owner: frame.owner });
            }
            if frame.attempts > 1 || frame.fallback.is_some() {
                let inside =
                    |u: &&Use| u.stream == stream && (frame.body..frame.after).contains(&u.pc);
                let losing = self.uses.iter().filter(inside).find(|u| self.may_lose(u.row));
                all.extend(losing.map(|u| Obstacle::Loses { station: self.rows[u.row].base }));
            }
        }
        for pc in one.walk.visits.keys() {
            match &program.ops[*pc as usize] {
                Op::Lookup { family, .. } => {
                    let family = &program.families[family.index()];
                    if family.stated.is_none() {
                        all.push(Obstacle::Cache { owner: family.owner });
                    }
                }
                Op::Door(_) => all.push(Obstacle::Door { source: one.source }),
                Op::Gate { fault } => {
                    all.push(Obstacle::Breaks { owner: program.faults[fault.index()].owner });
                }
                _ => {}
            }
        }
        all
    }

    /// Whether a row may send arrivals away, or let them give up.
    pub(super) fn may_lose(&self, row: usize) -> bool {
        match self.kind(row) {
            StationKind::Tokens(tokens) => {
                !self.idle[row] && (tokens.places != u32::MAX || tokens.patience.is_some())
            }
            StationKind::Crew(crew) => crew.backlog != u32::MAX,
            StationKind::Bucket(bucket) => bucket.excess.is_some() || bucket.places != u32::MAX,
            StationKind::Memory(memory) => memory.limit.is_finite(),
            StationKind::Processor(_) => false,
        }
    }
}

/// Largest population for the convolution, whose constants stay in range so far.
const CONVOLUTION: u32 = 300;
/// Largest population for a chain of one station.
const REPAIR_MOST: u32 = 200_000;

/// One class of clients at stations of so many servers; `None` when there are too many.
pub(super) fn cycle(clients: u32, think_s: f64, stations: &[closed::Station]) -> Option<Cycle> {
    match stations {
        _ if clients == 0 => None,
        [one] if clients <= REPAIR_MOST => {
            Some(closed::machine_repair(clients, think_s, one.demand_s, one.servers))
        }
        _ if clients <= CONVOLUTION && !stations.is_empty() => {
            Some(closed::convolution(clients, think_s, stations))
        }
        [] => None,
        _ if stations.iter().all(|s| s.servers == 1) => {
            let demands: Vec<Vec<f64>> = stations.iter().map(|s| vec![s.demand_s]).collect();
            let values = closed::mean_values(&[clients], &[think_s], &demands)?;
            let x = values.throughput_per_s[0];
            Some(Cycle {
                throughput_per_s: x,
                response_s: f64::from(clients) / x - think_s,
                utilization: stations.iter().map(|s| x * s.demand_s).collect(),
                number: values.residence_s.iter().map(|r| x * r[0]).collect(),
            })
        }
        _ => None,
    }
}
