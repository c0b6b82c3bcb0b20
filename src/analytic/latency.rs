//! Latency of whole requests: what nobody can avoid, and the waits on the way.

use super::approximate;
use super::fork_join;
use super::solution::{ClassSolution, ClosedSolution, Law, Status, Value, What};
use super::solve::Solver;
use super::supply::Arrivals;
use crate::program::{ClassId, Op};

impl Solver<'_, '_> {
    /// Latency and throughput per class of requests.
    pub(super) fn classes(&self, closed: &[ClosedSolution]) -> Vec<ClassSolution> {
        let network = self.network;
        let mut all = Vec::new();
        for class in (0..network.program.classes.len()).map(|i| ClassId(i as u16)) {
            let begins = |op: &Op| matches!(op, Op::Class(c) if *c == class);
            let mut solution =
                ClassSolution { class, offered_per_s: 0.0, alone_s: 0.0, values: Vec::new() };
            for (number, stream) in network.streams.iter().enumerate() {
                let mut starts = stream.walk.visits.iter();
                let start = starts.find(|(pc, _)| begins(&network.program.ops[**pc as usize]));
                let Some((pc, visit)) = start else { continue };
                solution.offered_per_s += stream.supply.rate_per_s() * visit.count;
                solution.alone_s = stream.walk.to_reply[pc];
                solution.values = self.latency(number, class, visit.count, *pc);
                if solution.values.is_empty() {
                    let own = closed.iter().find(|c| c.source == stream.source);
                    let alone = visit.count > 1.0 - 1e-12;
                    solution.values =
                        own.filter(|_| alone).map_or(Vec::new(), |c| c.values.clone());
                }
            }
            all.push(solution);
        }
        all
    }

    /// Mean latency of a class: what nobody can avoid, and the waits on the way.
    fn latency(&self, stream: usize, class: ClassId, share: f64, start: u32) -> Vec<Value> {
        let network = self.network;
        let one = &network.streams[stream];
        if one.supply.rate_per_s() <= 0.0 || share <= 0.0 {
            return Vec::new();
        }
        if let Some(values) = fork_join::values(self, stream, class) {
            return values;
        }
        let visits = one.walk.visits.iter().filter(|(_, v)| v.class == Some(class));
        if visits.clone().any(|(_, v)| v.forked && !v.spawned) {
            return Vec::new();
        }
        let mut sum = one.walk.to_reply[&start];
        let mut status = Status::Exact;
        let mut laws: Vec<Law> = Vec::new();
        let mut lossless = true;
        let uses = network.uses.iter().filter(|u| u.stream == stream && u.class == Some(class));
        let mut seen = 0;
        let mut only = None;
        for u in uses {
            let visit = &one.walk.visits[&u.pc];
            if visit.spawned || visit.replied {
                continue;
            }
            lossless &= network.idle[u.row] || !self.loses(u.row);
            let Some((wait_s, how)) = self.wait_s(u) else { return Vec::new() };
            sum += u.count / share * wait_s;
            status = status.max(how);
            if !network.idle[u.row] {
                (seen, only) = (seen + 1, Some(u));
                let row = &self.rows[u.row];
                laws.extend(row.answer.as_ref().map(|a| a.law));
                laws.extend(row.values.first().map(|v| v.law));
            }
        }
        if !self.disturbances[stream].is_empty() {
            status = Status::Approximation;
        }
        let law = match (status, laws.as_slice()) {
            (Status::Approximation, _) if seen > 0 => approximate::LAW,
            (_, [law]) => *law,
            (Status::Exact, [law, rest @ ..]) if rest.iter().all(|other| other == law) => *law,
            (_, []) => SUM,
            _ if self.is_open_product_form() => NETWORK,
            _ => SUM,
        };
        let mut values = Vec::new();
        if lossless || status != Status::Exact {
            let mean = Value { what: What::Response, class: None, value: sum, status, law };
            values.push(mean);
        }
        // Of a request that does nothing else, latency is the response of its one station.
        let single = only.filter(|u| {
            let rest = one.walk.to_reply[&start] - u.service.mean_s;
            seen == 1 && (u.count / share - 1.0).abs() < 1e-12 && rest.abs() < 1e-12
        });
        if let (Some(u), Status::Exact) = (single, status)
            && u.class == Some(class)
            && let Some(answer) = &self.rows[u.row].answer
        {
            let whole = network.of_row(u.row).count() == 1;
            let alike = |what: &What| {
                matches!(what, What::ResponseDeviation | What::ResponseQuantile(_))
                    || *what == What::Response && !lossless
            };
            let own = |of: Option<ClassId>| of.is_none() && whole || of == Some(class);
            let same = answer.values.iter().filter(|v| {
                // Of one class the mean is known already.
                alike(&v.0) && own(v.1) && (v.1.is_none() || v.0 != What::Response)
            });
            values.extend(same.map(|v| Value {
                what: v.0,
                class: None,
                value: v.2,
                status: answer.status,
                law: answer.law,
            }));
        }
        values
    }

    /// Whether the whole is an open network of product form.
    fn is_open_product_form(&self) -> bool {
        self.rows.iter().all(|row| row.product_form)
            && self.network.streams.iter().all(|s| matches!(s.supply, Arrivals::Poisson(_)))
            && self.disturbances.iter().all(Vec::is_empty)
    }
}

/// Mean latency is a sum whatever its parts have to do with each other.
const SUM: Law = Law { name: "sum of exact means", source: "linearity of the mean" };
/// Open networks.
const NETWORK: Law = Law {
    name: "open product-form network (Jackson, BCMP)",
    source: "Jackson 1963; Baskett et al. 1975; Kelly 1979, Reversibility and Stochastic Networks",
};
