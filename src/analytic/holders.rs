//! Units that are held while their holders wait for something else: a worker that waits for a
//! connection. The whole then saturates earlier than any of its parts by themselves.

use std::collections::BTreeMap;

use super::closed::Station;
use super::product_form::cycle;
use super::solve::Solver;

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
    let population = network.units(row) * members;
    let rate = solver.rows[row].rate_per_s * members;
    let holders = network.of_row(row).any(|u| !u.service.inner.is_empty());
    if !holders || rate <= 0.0 || population > MOST {
        return None;
    }
    // Demands inside per use of this row, of the mix of all its users.
    let mut demands: BTreeMap<usize, f64> = BTreeMap::new();
    let mut total_s = 0.0;
    for holder in network.of_row(row) {
        let share = network.rate_per_s(holder) / solver.rows[row].rate_per_s;
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
    let full = cycle(population as u32, delay_s, &stations)?;
    Some(full.throughput_per_s / rate)
}
