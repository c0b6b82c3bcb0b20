//! The solver: a program in, what queueing theory says about it out.
//!
//! Open streams are solved row by row: where the arrivals of a row are known exactly, the first law
//! whose preconditions hold speaks; else a named approximation. Clients are solved together with all
//! that they share a row with. What no law knows is said.

use super::approximate;
use super::caches;
use super::clients;
use super::flows;
use super::holders;
use super::knee;
use super::laws::{self, Answer};
use super::network::{Network, Use};
use super::product_form::{places, qualifies};
use super::solution::{Obstacle, Solution, StationSolution, Status, Value, What};
use crate::program::{Program, StationKind};

/// Solves what can be solved. Reads nothing but the program; its time grows with the operations and
/// the rows of stations, not with the load.
pub fn solve(program: &Program) -> Solution {
    let network = Network::new(program);
    let mut solver = Solver::new(&network);
    solver.answer_rows();
    let closed = clients::solve(&mut solver);
    let classes = solver.classes(&closed);
    let stations = (0..network.rows.len()).filter_map(|row| solver.station(row)).collect();
    let offered_per_s = network.streams.iter().map(|s| s.supply.rate_per_s()).sum();
    let mut solution = Solution {
        stations,
        classes,
        closed,
        families: caches::solve(&network),
        faults: flows::faults(program),
        lookups: Vec::new(),
        calls: Vec::new(),
        knee: None,
        offered_per_s,
        obstacles: network.obstacles(),
    };
    flows::balance(&solver, &mut solution);
    // What an exact law has taken into account stands in nobody's way.
    let answered = |station| {
        let row = network.rows.iter().position(|row| row.base == station);
        row.is_some_and(|row| solver.rows[row].answer.is_some())
    };
    solution.obstacles.retain(|obstacle| match obstacle {
        Obstacle::Absent { station } | Obstacle::Balancer { station } => !answered(*station),
        _ => true,
    });
    solution.knee = knee::knee(program, &solution);
    solution
}

/// What is known of one row.
#[derive(Clone, Debug, Default)]
pub(super) struct RowState {
    /// Arrivals per second at one member, of open streams.
    pub(super) rate_per_s: f64,
    /// Offered load over units of open streams.
    pub(super) rho: f64,
    /// Rows that its users may have visited before, itself included when they come again.
    pub(super) upstream: Vec<bool>,
    /// Whether it is of product form.
    pub(super) product_form: bool,
    /// An exact answer.
    pub(super) answer: Option<Answer>,
    /// An approximate mean wait, seconds.
    pub(super) about_s: Option<f64>,
    /// Values that came with the clients.
    pub(super) values: Vec<Value>,
    /// Why there is no exact answer.
    pub(super) obstacle: Option<Obstacle>,
}

/// The network with what was found about it so far.
pub(super) struct Solver<'n, 'p> {
    pub(super) network: &'n Network<'p>,
    pub(super) rows: Vec<RowState>,
    /// Per stream: what disturbs it.
    pub(super) disturbances: Vec<Vec<Obstacle>>,
}

impl<'n, 'p> Solver<'n, 'p> {
    fn new(network: &'n Network<'p>) -> Self {
        let count = network.rows.len();
        let mut rows =
            vec![RowState { upstream: vec![false; count], ..RowState::default() }; count];
        for (row, state) in rows.iter_mut().enumerate() {
            state.rate_per_s = network.arrivals_per_s(row);
            state.rho = network.asked(row);
            for u in network.of_row(row) {
                let visit = &network.streams[u.stream].walk.visits[&u.pc];
                for (before, seen) in state.upstream.iter_mut().enumerate() {
                    *seen |= visit.past[before / 64] >> (before % 64) & 1 == 1;
                }
            }
            state.product_form = qualifies(network, row, state.rho);
        }
        // What comes before what comes before comes before.
        for middle in 0..count {
            let beyond = rows[middle].upstream.clone();
            for row in &mut rows {
                if row.upstream[middle] {
                    row.upstream.iter_mut().zip(&beyond).for_each(|(to, from)| *to |= from);
                }
            }
        }
        let disturbances =
            (0..network.streams.len()).map(|stream| network.disturbances(stream)).collect();
        Self { network, rows, disturbances }
    }

    /// Exact answers where arrivals are known, approximate waits elsewhere.
    fn answer_rows(&mut self) {
        for row in 0..self.rows.len() {
            match self.case(row) {
                Ok(case) => {
                    self.rows[row].answer = laws::apply(&case);
                    if self.rows[row].answer.is_none() {
                        let station = self.network.rows[row].base;
                        let overloaded = self.rows[row].rho >= self.network.availability(row);
                        self.rows[row].obstacle = Some(if overloaded {
                            Obstacle::Overload { station }
                        } else {
                            Obstacle::Service { station }
                        });
                    }
                }
                Err(obstacle) => self.rows[row].obstacle = Some(obstacle),
            }
        }
        // A holder's time includes the waits of its inner rows, so those come first.
        let mut found = true;
        while found {
            found = false;
            for row in 0..self.rows.len() {
                let state = &self.rows[row];
                if state.answer.is_none() && state.about_s.is_none() && state.rate_per_s > 0.0 {
                    self.rows[row].about_s = self.approximate(row);
                    found |= self.rows[row].about_s.is_some();
                }
            }
        }
    }

    /// Whether a row really sends arrivals away at this load.
    pub(super) fn loses(&self, row: usize) -> bool {
        match self.network.kind(row) {
            StationKind::Tokens(tokens) => {
                tokens.patience.is_some() || places(self.network, row, self.rows[row].rho).is_some()
            }
            StationKind::Crew(_) => places(self.network, row, self.rows[row].rho).is_some(),
            _ => self.network.may_lose(row),
        }
    }

    /// Whether anybody can wait at a row.
    fn queues(&self, row: usize) -> bool {
        !self.network.idle[row] && !matches!(self.network.kind(row), StationKind::Bucket(_))
    }

    /// What is said of one row; `None` when nobody visits it.
    fn station(&self, row: usize) -> Option<StationSolution> {
        let network = self.network;
        let state = &self.rows[row];
        if matches!(network.kind(row), StationKind::Memory(_)) {
            return None;
        }
        let uses: Vec<&Use> = network.of_row(row).collect();
        let first = uses.first()?;
        let members = network.rows[row].choice.members.max(1);
        let n = f64::from(members);
        let units = match network.kind(row) {
            StationKind::Bucket(bucket) => bucket.rate_per_s * bucket.clients.unwrap_or(1) as f64,
            _ => network.units(row) * n,
        };
        let rate = state.rate_per_s * n;
        let service_s = if rate > 0.0 {
            uses.iter().map(|u| network.rate_per_s(u) * n * u.service.mean_s).sum::<f64>() / rate
        } else {
            first.service.mean_s
        };
        let available = network.availability(row);
        let saturation = (state.rho > 0.0 && units.is_finite()).then(|| available / state.rho);
        let held = holders::saturation(self, row);
        let saturation = match (saturation, held) {
            (Some(own), Some(held)) => Some(own.min(held)),
            (own, held) => own.or(held),
        };
        let mut values: Vec<Value> = Vec::new();
        if let Some(answer) = &state.answer {
            values = answer.clone().into_values();
        } else if let Some(wait_s) = state.about_s.filter(|_| self.queues(row)) {
            let (status, law) = (Status::Approximation, approximate::LAW);
            values.push(Value { what: What::Wait, class: None, value: wait_s, status, law });
        }
        values.extend(&state.values);
        for value in &mut values {
            if matches!(value.what, What::Throughput | What::InSystem | What::Queue) {
                value.value *= n;
            }
        }
        let of_one =
            |what: What| matches!(what, What::InSystemQuantile(_) | What::InSystemDeviation);
        values.retain(|v| members == 1 || !of_one(v.what));
        let mut obstacles = Vec::new();
        if state.answer.is_none() && state.values.is_empty() && !network.idle[row] {
            obstacles.extend(state.obstacle);
        }
        Some(StationSolution {
            station: network.rows[row].base,
            members,
            arrivals_per_s: rate,
            service_s,
            offered: if matches!(network.kind(row), StationKind::Bucket(_)) {
                rate
            } else {
                rate * service_s
            },
            units,
            rho: state.rho,
            saturation,
            values,
            obstacles,
        })
    }
}
