//! Fork and join of two: the one case of parallel branches with an exact mean.

use super::Load;
use super::laws::is_exponential;
use super::network::{Access, Use};
use super::parallel;
use super::solution::{Law, Status, Value, What};
use super::solve::Solver;
use crate::program::{ClassId, Op};

const LAW: Law = Law {
    name: "fork–join of two M/M/1",
    source: "Flatto and Hahn 1984; Nelson and Tantawi 1988, IEEE TC 37",
};

/// Latency of a class that does nothing but fork to two single exponential servers of the same load,
/// which nobody else uses, and wait for both.
pub(super) fn values(solver: &Solver<'_, '_>, stream: usize, class: ClassId) -> Option<Vec<Value>> {
    let network = solver.network;
    let walk = &network.streams[stream].walk;
    let whole = network.program.forks.len() == 1 && network.program.classes.len() == 1;
    let fork = &network.program.forks.first().filter(|_| whole)?;
    if fork.branches.len() != 2 || fork.join != 2 || fork.cancel_losers {
        return None;
    }
    let timed = |op: &Op| matches!(op, Op::Serve { .. } | Op::Delay { .. } | Op::Process { .. });
    let busy = walk
        .visits
        .iter()
        .filter(|(pc, v)| timed(&network.program.ops[**pc as usize]) && v.count > 0.0);
    let uses: Vec<&Use> = network.uses.iter().filter(|u| u.stream == stream).collect();
    let [a, b] = uses.as_slice() else { return None };
    let plain = |u: &Use| {
        let visit = &walk.visits[&u.pc];
        visit.forked
            && visit.class == Some(class)
            && !visit.delayed
            && (u.count - 1.0).abs() < 1e-12
            && u.access == Access::Serve
            && is_exponential(u.service.law.as_ref())
            && network.units(u.row) == 1.0
            && solver.rows[u.row].answer.as_ref().is_some_and(|a| a.status == Status::Exact)
            && network.of_row(u.row).count() == 1
    };
    let alike = (a.service.mean_s - b.service.mean_s).abs() < 1e-12 * a.service.mean_s;
    if busy.count() != 2 || a.row == b.row || !alike || !plain(a) || !plain(b) {
        return None;
    }
    let load = Load { arrivals_per_s: solver.rows[a.row].rate_per_s, service_s: a.service.mean_s };
    let value = parallel::fork_join_of_two_s(load)?;
    Some(vec![Value { what: What::Response, class: None, value, status: Status::Exact, law: LAW }])
}
