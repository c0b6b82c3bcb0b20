//! How long the users of a row wait: as its law says, else by two moments.

use super::network::{Access, Use};
use super::solution::{Status, Value, What};
use super::solve::Solver;
use super::supply::Arrivals;
use super::{Load, approximate};
use crate::dist::Distribution;
use crate::program::{ClassId, StationKind};

impl Solver<'_, '_> {
    /// Mean wait of a row by two moments, seconds; `None` when that overloads it.
    pub(super) fn approximate(&self, row: usize) -> Option<f64> {
        let network = self.network;
        match network.kind(row) {
            // Who exceeds a limit that refuses does not wait for it.
            StationKind::Bucket(bucket) => return bucket.excess.map(|_| 0.0),
            StationKind::Memory(_) => return None,
            _ => {}
        }
        if network.idle[row] || network.units(row).is_infinite() {
            return Some(0.0);
        }
        let (mut servers, mut crowd) = (network.units(row), 1.0);
        match network.kind(row) {
            StationKind::Tokens(tokens) if !tokens.is_constant() => return None,
            StationKind::Tokens(tokens) => {
                // The loops of one instance take from one queue.
                if let Some((crew, _)) = tokens.feeds
                    && let StationKind::Crew(crew) = network.program.stations[crew.index()].kind
                {
                    (servers, crowd) = (f64::from(crew.workers), f64::from(crew.workers));
                }
            }
            _ => {}
        }
        let servers = servers.floor();
        if !(1.0..1e6).contains(&servers) {
            return None;
        }
        let (mut rate, mut work, mut square, mut gaps) = (0.0, 0.0, 0.0, 0.0);
        for u in network.of_row(row) {
            let own = network.rate_per_s(u) * crowd;
            let service_s = u.service.mean_s + self.inner_wait_s(u)?;
            let scv = u.service.law.as_ref().map_or(1.0, Distribution::scv);
            rate += own;
            work += own * service_s;
            square += own * service_s * service_s * (1.0 + scv);
            gaps += own * variability(network.streams[u.stream].supply);
        }
        let load = Load { arrivals_per_s: rate, service_s: work / rate };
        let service_scv = square / rate / (load.service_s * load.service_s) - 1.0;
        let wait_s = approximate::wait_s(load, servers as u32, gaps / rate, service_scv.max(0.0))?;
        // What is below the clock of a simulation is no wait.
        Some(if wait_s < 1e-9 { 0.0 } else { wait_s })
    }

    /// Mean wait at inner rows per use of a holder, seconds.
    pub(super) fn inner_wait_s(&self, holder: &Use) -> Option<f64> {
        let network = self.network;
        let mut sum = 0.0;
        for u in network.uses.iter().filter(|u| u.stream == holder.stream) {
            let visit = &network.streams[u.stream].walk.visits[&u.pc];
            if u.pc != holder.pc && visit.held.values().any(|held| held.since == holder.pc) {
                sum += u.count / holder.count * self.wait_s(u)?.0;
            }
        }
        Some(sum)
    }

    /// Mean time that a use waits (of shared work: what it takes beyond its own), seconds.
    pub(super) fn wait_s(&self, u: &Use) -> Option<(f64, Status)> {
        let network = self.network;
        let state = &self.rows[u.row];
        if network.idle[u.row] || network.units(u.row).is_infinite() && u.access != Access::Pass {
            return Some((0.0, Status::Exact));
        }
        // What is known of all uses of a class at a row holds for their sum.
        let with_clients = |v: &&Value| v.what == What::Response && v.class == u.class;
        if let Some(value) = state.values.iter().find(with_clients) {
            let alike = |other: &&Use| other.stream == u.stream && other.class == u.class;
            let uses = || network.of_row(u.row).filter(alike);
            let visits: f64 = uses().map(|u| u.count).sum();
            let served_s: f64 = uses().map(|u| u.count * u.service.mean_s).sum();
            return Some((value.value - served_s / visits, value.status));
        }
        let Some(answer) = &state.answer else {
            return state.about_s.map(|wait_s| (wait_s, Status::Approximation));
        };
        let find = |what: What, class: Option<ClassId>| {
            answer.values.iter().find(|v| v.0 == what && v.1 == class).map(|v| v.2)
        };
        let wait_s = if u.access == Access::Share {
            let inside = find(What::InSystem, None)?;
            u.service.mean_s * (inside / (state.rho * network.units(u.row)) - 1.0)
        } else {
            let own = find(What::Wait, u.class)
                .or_else(|| find(What::Response, u.class).map(|r| r - u.service.mean_s));
            // Where a server goes round, the mean of all is not that of one queue.
            let goes_round = matches!(
                network.kind(u.row),
                StationKind::Tokens(tokens) if tokens.polling.is_some()
            );
            own.filter(|_| u.class.is_some())
                .or_else(|| find(What::Wait, None).filter(|_| !goes_round))
                .or_else(|| find(What::Refused, None).map(|_| 0.0))?
        };
        Some((wait_s, answer.status))
    }
}

/// Asymptotic squared coefficient of variation of the gaps of a stream.
fn variability(supply: Arrivals<'_>) -> f64 {
    match supply {
        Arrivals::Renewal(_, gaps) => gaps.scv(),
        Arrivals::Batches(_, size) => size.second_moment() / size.mean(),
        Arrivals::Flipping([(a, stay_a), (b, stay_b)]) => {
            // Limit of the index of dispersion of an MMPP of two levels (Fischer, Meier-Hellstern 1993).
            let total = stay_a + stay_b;
            let mean = (a * stay_a + b * stay_b) / total;
            let pull = (a - b) * (a - b) * stay_a * stay_a * stay_b * stay_b / total.powi(3);
            1.0 + 2.0 * pull / mean
        }
        _ => 1.0,
    }
}
