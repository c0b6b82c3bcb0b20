//! The solver: a program in, what queueing theory says about it out.
//!
//! Open streams are solved row by row: where the arrivals of a row are known exactly, the first law
//! whose preconditions hold speaks; else a named approximation. Clients are solved together with all
//! that they share a row with. What no law knows is said.

use super::caches;
use super::clients;
use super::fork_join;
use super::holders;
use super::knee;
use super::laws::{self, Answer, Case, Feed, Job, Order, Shape};
use super::network::{Access, Network, Use};
use super::product_form::{places, qualifies};
use super::solution::{
    ClassSolution, Law, Obstacle, Solution, StationSolution, Status, Value, What,
};
use super::supply::Arrivals;
use super::{Load, approximate};
use crate::dist::Distribution;
use crate::program::{Accept, ClassId, Policy, Program, StationKind};

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
        knee: None,
        offered_per_s,
        obstacles: network.obstacles(),
    };
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
                        let overloaded = self.rows[row].rho >= 1.0;
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

    /// A row as its laws see it.
    fn case(&self, row: usize) -> Result<Case<'n>, Obstacle> {
        let network = self.network;
        let feed = self.feed(row)?;
        if let Some(obstacle) = network.obstacles_of(row).into_iter().next() {
            return Err(obstacle);
        }
        let station = network.rows[row].base;
        let places = places(network, row, self.rows[row].rho);
        let (mut servers, mut split) = (network.units(row), 1.0);
        let shape = match network.kind(row) {
            // Where something breaks, its callers' flows are not those of the profile.
            _ if !network.program.faults.is_empty() => {
                return Err(Obstacle::Discipline { station });
            }
            StationKind::Tokens(tokens)
                if tokens.feeds.is_some() || tokens.wake.is_some() || !tokens.is_constant() =>
            {
                return Err(Obstacle::Discipline { station });
            }
            StationKind::Tokens(tokens) => {
                let patience = tokens.patience.map(|id| &network.program.draws[id.index()]);
                let order = match (tokens.preemptive, tokens.priority) {
                    (true, _) => Order::Preemptive,
                    (_, true) => Order::Priority,
                    _ => Order::Arrival,
                };
                let patience = patience.map(|draw| &network.program.dists[draw.dist.index()]);
                Shape::Queue { places, patience, order }
            }
            StationKind::Crew(crew) => {
                let order = if crew.priority { Order::Priority } else { Order::Arrival };
                if matches!(crew.accept, Accept::Hashed) && crew.workers > 1 {
                    if places.is_some() {
                        return Err(Obstacle::Discipline { station });
                    }
                    // Bound at random: each worker is a queue of its own.
                    (servers, split) = (f64::from(crew.per_worker), f64::from(crew.workers));
                }
                Shape::Queue { places, patience: None, order }
            }
            StationKind::Processor(p) if p.groups > 1 && p.group_cap.is_finite() => {
                return Err(Obstacle::Discipline { station });
            }
            StationKind::Processor(_) => Shape::Shared,
            StationKind::Bucket(bucket) => Shape::Limit(bucket),
            StationKind::Memory(_) => return Err(Obstacle::Memory { station }),
        };
        let job = |u: &Use| Job {
            class: u.class,
            priority: u.class.map_or(0, |c| network.program.classes[c.index()].priority),
            rate_per_s: network.rate_per_s(u) / split,
            service: u.service.clone(),
        };
        let jobs = network.of_row(row).filter(|u| network.rate_per_s(u) > 0.0).map(job).collect();
        Ok(Case { servers, shape, feed, jobs })
    }

    /// How arrivals come to one member of a row, when that is known exactly.
    fn feed(&self, row: usize) -> Result<Feed<'n>, Obstacle> {
        let network = self.network;
        let station = network.rows[row].base;
        let uses: Vec<&Use> = network.of_row(row).collect();
        let unknown = Obstacle::Input { station };
        let visit = |u: &Use| &network.streams[u.stream].walk.visits[&u.pc];
        for u in &uses {
            if let Some(obstacle) = self.disturbances[u.stream].first() {
                return Err(*obstacle);
            }
            let alone = uses.iter().filter(|other| other.stream == u.stream).count() == 1;
            let seen = visit(u);
            if seen.joined || ((seen.forked || seen.spawned) && !alone) {
                return Err(Obstacle::Parallel { source: network.streams[u.stream].source });
            }
        }
        let mut streams: Vec<usize> = uses.iter().map(|u| u.stream).collect();
        streams.dedup();
        let poisson = |s: &usize| matches!(network.streams[*s].supply, Arrivals::Poisson(_));
        if streams.is_empty() {
            return Err(unknown);
        }
        if streams.iter().all(poisson) {
            let state = &self.rows[row];
            if state.upstream[row] && !state.product_form {
                return Err(unknown);
            }
            let clean = |before: usize| {
                self.rows[before].product_form
                    && network
                        .of_row(before)
                        .all(|u| poisson(&u.stream) && self.disturbances[u.stream].is_empty())
            };
            let mut before = (0..self.rows.len()).filter(|b| *b != row && state.upstream[*b]);
            if !before.all(clean) {
                return Err(unknown);
            }
            let choice = network.rows[row].choice;
            let is_crew = matches!(network.kind(row), StationKind::Crew(_));
            return match choice.policy {
                _ if network.splits(row) => Ok(Feed::Poisson),
                Some(Policy::RoundRobin) if is_crew && !choice.sticky => {
                    Ok(Feed::Turns(choice.members))
                }
                _ => Err(Obstacle::Balancer { station }),
            };
        }
        let [stream] = streams.as_slice() else { return Err(unknown) };
        let fresh = uses.iter().all(|u| !visit(u).delayed);
        let upstream = (0..self.rows.len()).any(|b| self.rows[row].upstream[b] && !network.idle[b]);
        if !fresh || upstream || network.rows[row].choice.members > 1 {
            return Err(unknown);
        }
        let every = uses.len() == 1 && (uses[0].count - 1.0).abs() < 1e-12;
        match network.streams[*stream].supply {
            Arrivals::Renewal(_, gaps) if every => Ok(Feed::Renewal(gaps)),
            Arrivals::Batches(_, size) if every => Ok(Feed::Batches(size)),
            Arrivals::Flipping(levels) => Ok(Feed::Flipping(levels)),
            _ => Err(match network.streams[*stream].supply {
                Arrivals::Other(_) => Obstacle::Clocks { source: network.streams[*stream].source },
                _ => unknown,
            }),
        }
    }

    /// Mean wait of a row by two moments, seconds; `None` when that overloads it.
    fn approximate(&self, row: usize) -> Option<f64> {
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
            own.filter(|_| u.class.is_some())
                .or_else(|| find(What::Wait, None))
                .or_else(|| find(What::Refused, None).map(|_| 0.0))?
        };
        Some((wait_s, answer.status))
    }

    /// Latency and throughput per class of requests.
    fn classes(&self, closed: &[super::solution::ClosedSolution]) -> Vec<ClassSolution> {
        let network = self.network;
        let mut all = Vec::new();
        for class in (0..network.program.classes.len()).map(|i| ClassId(i as u16)) {
            let begins =
                |op: &crate::program::Op| matches!(op, crate::program::Op::Class(c) if *c == class);
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
                laws.extend(self.rows[u.row].answer.as_ref().map(|a| a.law));
            }
        }
        if !self.disturbances[stream].is_empty() {
            status = Status::Approximation;
        }
        let law = match (status, laws.as_slice()) {
            (Status::Approximation, _) if seen > 0 => approximate::LAW,
            (_, [law]) => *law,
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
            let same = answer.values.iter().filter(|v| alike(&v.0) && v.1.is_none() && whole);
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

    /// Whether a row really sends arrivals away at this load.
    fn loses(&self, row: usize) -> bool {
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

    /// Whether the whole is an open network of product form.
    fn is_open_product_form(&self) -> bool {
        self.rows.iter().all(|row| row.product_form)
            && self.network.streams.iter().all(|s| matches!(s.supply, Arrivals::Poisson(_)))
            && self.disturbances.iter().all(Vec::is_empty)
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
        let saturation = (state.rho > 0.0 && units.is_finite()).then(|| 1.0 / state.rho);
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

/// Mean latency is a sum whatever its parts have to do with each other.
const SUM: Law = Law { name: "sum of exact means", source: "linearity of the mean" };
/// Open networks.
const NETWORK: Law = Law {
    name: "open product-form network (Jackson, BCMP)",
    source: "Jackson 1963; Baskett et al. 1975; Kelly 1979, Reversibility and Stochastic Networks",
};

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
