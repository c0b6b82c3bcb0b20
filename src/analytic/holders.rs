//! Units that are held while their holders wait for something else: a worker that waits for a
//! connection. The whole then saturates earlier than any of its parts by themselves.

use std::collections::BTreeMap;

use super::birth_death::stationary;
use super::closed::Station;
use super::network::Use;
use super::product_form::cycle;
use super::solution::Law;
use super::solve::Solver;
use super::supply::Arrivals;

/// Most holders that are followed one by one.
const MOST: f64 = 300.0;

/// Factor on the open load at which a row is saturated because its holders wait inside: the
/// throughput of what is inside with all units taken, as a closed network of so many.
///
/// ```text
/// X(W) of the inner stations with W jobs        factor = X(W) / arrivals
/// ```
///
/// Exact where the inner stations are of product form and belong to these holders alone; else an
/// estimate. `None` when nothing is waited for inside, or there are too many holders.
///
/// Source: Rolia and Sevcik, *The method of layers* (1995), IEEE TSE 21; Chandy, Herzog, Woo (1975).
pub(super) fn saturation(solver: &Solver<'_, '_>, row: usize) -> Option<f64> {
    let network = solver.network;
    let members = f64::from(network.rows[row].choice.members.max(1));
    let rate = solver.rows[row].rate_per_s * members;
    if rate <= 0.0 {
        return None;
    }
    let share = |u: &Use| network.rate_per_s(u) / solver.rows[row].rate_per_s;
    let inside = Inside::of(solver, row, &share)?;
    Some(inside.full()? / rate)
}

/// What is inside a holder, per use of it.
struct Inside {
    stations: Vec<Station>,
    delay_s: f64,
    population: u32,
}

impl Inside {
    /// Reads what the users of a row do while they hold it, each by its share; `None` when nothing is
    /// waited for inside, or there are too many holders.
    fn of(solver: &Solver<'_, '_>, row: usize, share: &dyn Fn(&Use) -> f64) -> Option<Self> {
        let network = solver.network;
        let members = f64::from(network.rows[row].choice.members.max(1));
        let population = network.units(row) * members;
        let holders = network.of_row(row).any(|u| !u.service.inner.is_empty());
        if !holders || population > MOST {
            return None;
        }
        let mut demands: BTreeMap<usize, f64> = BTreeMap::new();
        let mut total_s = 0.0;
        for holder in network.of_row(row) {
            let share = share(holder);
            total_s += share * holder.service.mean_s;
            for u in network.uses.iter().filter(|u| u.stream == holder.stream) {
                let visit = &network.streams[u.stream].walk.visits[&u.pc];
                let inside = visit.held.values().any(|held| held.since == holder.pc);
                // What is held inside counts by what it is held for.
                let queues = !network.idle[u.row] && network.units(u.row).is_finite();
                if inside && u.pc != holder.pc && queues && u.service.inner.is_empty() {
                    let demand_s = share * u.count / holder.count * u.service.mean_s;
                    *demands.entry(u.row).or_default() += demand_s;
                }
            }
        }
        let mut stations = Vec::new();
        for (inner, demand_s) in &demands {
            let copies = network.rows[*inner].choice.members.max(1);
            let servers = network.units(*inner).floor();
            if copies > 64 || !(1.0..1e6).contains(&servers) {
                return None;
            }
            for _ in 0..copies {
                let demand_s = demand_s / f64::from(copies);
                stations.push(Station { demand_s, servers: servers as u32 });
            }
        }
        let delay_s = (total_s - demands.values().sum::<f64>()).max(0.0);
        stations.retain(|station| station.demand_s > 0.0);
        Some(Self { stations, delay_s, population: population as u32 })
    }

    /// Completions per second with so many inside.
    fn throughput(&self, inside: u32) -> Option<f64> {
        Some(cycle(inside, self.delay_s, &self.stations)?.throughput_per_s)
    }

    fn full(&self) -> Option<f64> {
        self.throughput(self.population)
    }
}

/// Its name.
pub(super) const FLOW: Law = Law {
    name: "flow-equivalent server",
    source: "Chandy, Herzog, Woo 1975; Rolia and Sevcik 1995, IEEE TSE 21",
};

/// Most clients around holders.
const MOST_CLIENTS: u32 = 20_000;

/// Throughput of clients that all hold one row from start to end, and wait for others inside, 1/s:
/// what is inside stands for one server whose rate depends on how many it has.
///
/// ```text
/// births(n) = (N − n)/Z, deaths(n) = X(min(n, W))        X(m) of the inner stations with m jobs
/// ```
///
/// An approximation, since who waits outside does not wait inside: within some per cent.
pub(super) fn clients(solver: &Solver<'_, '_>, stream: usize) -> Option<f64> {
    let network = solver.network;
    let Arrivals::Clients(clients, think_s) = network.streams[stream].supply else { return None };
    let alone = network.streams.len() == 1 && solver.disturbances[stream].is_empty();
    let mut holders = network.uses.iter().filter(|u| !u.service.inner.is_empty());
    let holder = holders.next().filter(|_| holders.next().is_none())?;
    let members = network.rows[holder.row].choice.members;
    let whole = (holder.count - 1.0).abs() < 1e-12;
    if !alone || !whole || members > 1 || clients == 0 || clients > MOST_CLIENTS || think_s <= 0.0 {
        return None;
    }
    let walk = &network.streams[stream].walk;
    let answered = walk.to_end_s <= walk.to_reply_s + 1e-12;
    let all_inside = (walk.to_end_s - holder.service.mean_s).abs() < 1e-9 * walk.to_end_s;
    let branches = walk.visits.values().any(|v| v.forked || v.spawned);
    if !answered || !all_inside || branches {
        return None;
    }
    let inside = Inside::of(solver, holder.row, &|_| 1.0)?;
    let most = inside.population.min(clients);
    let rates = (1..=most).map(|n| inside.throughput(n)).collect::<Option<Vec<f64>>>()?;
    let deaths: Vec<f64> = (1..=clients).map(|n| rates[n.min(most) as usize - 1]).collect();
    let births: Vec<f64> = (0..clients).map(|n| f64::from(clients - n) / think_s).collect();
    let p = stationary(&births, &deaths);
    Some(p.iter().skip(1).zip(&deaths).map(|(p, rate)| p * rate).sum())
}
