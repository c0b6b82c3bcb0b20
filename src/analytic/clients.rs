//! Clients that wait for their answers: bounds that always hold, and exact means where all that they
//! share a row with is of product form.

use super::birth_death::stationary;
use super::bounds::{self, Between};
use super::closed::{Station, mean_values};
use super::holders;
use super::network::Use;
use super::product_form::{MIXED, MVA, REPAIR, cycle};
use super::solution::{ClosedSolution, Law, Status, Value, What};
use super::solve::Solver;
use super::stages::Stages;
use super::supply::Arrivals;

const ASYMPTOTES: Law = Law {
    name: "asymptotic bounds",
    source: "Denning and Buzen 1978; Lazowska et al. 1984, ch. 5",
};
const BALANCED: Law = Law {
    name: "balanced job bounds",
    source: "Zahorjan, Sevcik, Eager, Galler 1982, Communications of the ACM 25",
};

/// Bounds and means of every population.
pub(super) fn solve(solver: &mut Solver<'_, '_>) -> Vec<ClosedSolution> {
    let mut all: Vec<ClosedSolution> =
        (0..solver.network.streams.len()).filter_map(|stream| bounded(solver, stream)).collect();
    let mut done: Vec<usize> = Vec::new();
    for stream in 0..solver.network.streams.len() {
        let is_closed =
            matches!(solver.network.streams[stream].supply, Arrivals::Clients(n, _) if n > 0);
        if !is_closed || done.contains(&stream) {
            continue;
        }
        let island = Island::around(solver, stream);
        done.extend(&island.streams);
        if island.is_product_form(solver) {
            island.solve(solver, &mut all);
        } else if let Some(throughput) = holders::clients(solver, stream) {
            let source = solver.network.streams[stream].source;
            if let Some(own) = all.iter_mut().find(|c| c.source == source) {
                let response_s = f64::from(own.clients) / throughput - own.think_s;
                let values = [(What::Throughput, throughput), (What::Response, response_s)];
                let (status, law) = (Status::Approximation, holders::FLOW);
                let value = |(what, value)| Value { what, class: None, value, status, law };
                own.values = values.into_iter().map(value).collect();
            }
        }
    }
    all
}

/// Bounds by demands alone.
fn bounded(solver: &Solver<'_, '_>, stream: usize) -> Option<ClosedSolution> {
    let network = solver.network;
    let one = &network.streams[stream];
    let Arrivals::Clients(clients, think_s) = one.supply else { return None };
    let mut largest_s = 0.0;
    let mut bottleneck = None;
    let (mut queueing, mut single) = (Vec::new(), true);
    for (row, state) in network.rows.iter().enumerate() {
        let uses = network.of_row(row).filter(|u| u.stream == stream);
        let demand_s: f64 = uses.map(|u| u.count * u.service.mean_s).sum();
        let units = network.units(row) * f64::from(state.choice.members.max(1));
        if demand_s <= 0.0 || units.is_infinite() || network.idle[row] {
            continue;
        }
        single &= units == 1.0;
        queueing.push(demand_s);
        if demand_s / units > largest_s {
            (largest_s, bottleneck) = (demand_s / units, Some(state.base));
        }
    }
    let demand_s = one.walk.to_end_s;
    let n = f64::from(clients);
    let delay_s = think_s + (demand_s - queueing.iter().sum::<f64>()).max(0.0);
    let fair = solver.disturbances[stream].is_empty();
    let alone = network.streams.len() == 1;
    let plain = fair
        && alone
        && (0..network.rows.len()).all(|row| solver.rows[row].product_form)
        && one.walk.to_end_s <= one.walk.to_reply_s + 1e-12;
    let (throughput, law) = if plain && single && !queueing.is_empty() && clients > 0 {
        (bounds::balanced_throughput_per_s(n, delay_s, &queueing), BALANCED)
    } else {
        let high = (n / (think_s + one.walk.to_reply_s)).min(1.0 / largest_s);
        let low = if plain && n > 0.0 { n / (n * demand_s + think_s) } else { 0.0 };
        (Between { low, high }, ASYMPTOTES)
    };
    let response = Between {
        low: one.walk.to_reply_s.max(n / throughput.high - think_s),
        high: if throughput.low > 0.0 { n / throughput.low - think_s } else { f64::INFINITY },
    };
    Some(ClosedSolution {
        source: one.source,
        clients,
        think_s,
        demand_s,
        saturation: if largest_s > 0.0 { (demand_s + think_s) / largest_s } else { f64::INFINITY },
        bottleneck,
        throughput_per_s: throughput,
        response_s: response,
        law,
        values: Vec::new(),
    })
}

/// Streams and rows that have to do with each other.
struct Island {
    streams: Vec<usize>,
    rows: Vec<usize>,
}

impl Island {
    fn around(solver: &Solver<'_, '_>, stream: usize) -> Self {
        let network = solver.network;
        let (mut streams, mut rows) = (vec![stream], Vec::new());
        loop {
            let before = (streams.len(), rows.len());
            for u in &network.uses {
                let known = (streams.contains(&u.stream), rows.contains(&u.row));
                match known {
                    (true, false) => rows.push(u.row),
                    (false, true) => streams.push(u.stream),
                    _ => {}
                }
            }
            if before == (streams.len(), rows.len()) {
                break;
            }
        }
        streams.sort_unstable();
        rows.sort_unstable();
        Self { streams, rows }
    }

    fn is_product_form(&self, solver: &Solver<'_, '_>) -> bool {
        let network = solver.network;
        let fair = |s: &usize| {
            let stream = &network.streams[*s];
            let supply = matches!(stream.supply, Arrivals::Poisson(_) | Arrivals::Clients(..));
            let straight = stream
                .walk
                .visits
                .values()
                .all(|v| !v.forked && !v.spawned && !v.joined || v.count <= 0.0);
            let answered = stream.walk.to_end_s <= stream.walk.to_reply_s + 1e-12;
            supply && straight && answered && solver.disturbances[*s].is_empty()
        };
        self.streams.iter().all(fair) && self.rows.iter().all(|r| solver.rows[*r].product_form)
    }

    fn solve(&self, solver: &mut Solver<'_, '_>, all: &mut [ClosedSolution]) {
        let network = solver.network;
        let queues: Vec<usize> = self
            .rows
            .iter()
            .copied()
            .filter(|r| !network.idle[*r] && network.units(*r).is_finite())
            .collect();
        // One station per member; (row, servers).
        let mut stations: Vec<(usize, u32)> = Vec::new();
        for &row in &queues {
            let servers = network.units(row);
            if servers.fract() != 0.0 || !(1.0..=1e6).contains(&servers) {
                return;
            }
            let members = network.rows[row].choice.members.max(1);
            if stations.len() + members as usize > 256 {
                return;
            }
            stations.extend((0..members).map(|_| (row, servers as u32)));
        }
        let closed: Vec<usize> = self
            .streams
            .iter()
            .copied()
            .filter(|s| matches!(network.streams[*s].supply, Arrivals::Clients(n, _) if n > 0))
            .collect();
        let open: Vec<usize> = self
            .streams
            .iter()
            .copied()
            .filter(|s| network.streams[*s].supply.rate_per_s() > 0.0)
            .collect();
        let several = stations.iter().any(|s| s.1 > 1);
        let rho: Vec<f64> = stations.iter().map(|s| solver.rows[s.0].rho).collect();
        if rho.iter().any(|rho| *rho >= 1.0) || (several && (closed.len() > 1 || !open.is_empty()))
        {
            return;
        }
        let demand = |stream: usize, row: usize| -> f64 {
            let members = f64::from(network.rows[row].choice.members.max(1));
            let uses = network.of_row(row).filter(|u| u.stream == stream);
            uses.map(|u| u.count * u.service.mean_s).sum::<f64>() / members
        };
        let (mut clients, mut think) = (Vec::new(), Vec::new());
        for stream in &closed {
            let Arrivals::Clients(n, think_s) = network.streams[*stream].supply else { return };
            let inside: f64 = stations.iter().map(|s| demand(*stream, s.0)).sum();
            clients.push(n);
            think.push((think_s + network.streams[*stream].walk.to_end_s - inside).max(0.0));
        }
        // Open load slows a single server down for everybody else.
        let slowed = |stream: usize, station: usize| {
            demand(stream, stations[station].0) / (1.0 - rho[station])
        };
        // Per station and class: mean time there over a cycle.
        let (throughput, residence) = if closed.len() == 1 {
            let list: Vec<Station> = (0..stations.len())
                .map(|i| Station { demand_s: slowed(closed[0], i), servers: stations[i].1 })
                .collect();
            let kept: Vec<usize> = (0..list.len()).filter(|i| list[*i].demand_s > 0.0).collect();
            let used: Vec<Station> = kept.iter().map(|i| list[*i]).collect();
            let Some(cycle) = cycle(clients[0], think[0], &used) else { return };
            let x = cycle.throughput_per_s;
            let mut residence = vec![vec![0.0]; stations.len()];
            for (place, number) in kept.iter().zip(&cycle.number) {
                residence[*place][0] = number / x;
            }
            (vec![x], residence)
        } else {
            let demands: Vec<Vec<f64>> = (0..stations.len())
                .map(|i| closed.iter().map(|s| slowed(*s, i)).collect())
                .collect();
            let Some(values) = mean_values(&clients, &think, &demands) else { return };
            (values.throughput_per_s, values.residence_s)
        };
        let law = match (open.is_empty(), closed.len(), stations.len()) {
            (false, _, _) => MIXED,
            (true, 1, 1) => REPAIR,
            _ => MVA,
        };
        let found = Found { closed: &closed, clients: &clients, throughput: &throughput, law };
        found.populations(network, &residence, &think, all);
        let number = |row: usize, class: usize| -> f64 {
            let at = stations.iter().zip(&residence).filter(|(s, _)| s.0 == row);
            at.map(|(_, r)| r[class] * throughput[class]).sum()
        };
        for &row in &queues {
            let values = found.row(solver, row, &open, &number);
            solver.rows[row].values = values;
            solver.rows[row].answer = None;
            solver.rows[row].about_s = None;
        }
        if let ([(row, servers)], true) = (stations.as_slice(), open.is_empty()) {
            let quantiles = found.quantiles(solver, *row, *servers, think[0]);
            solver.rows[*row].values.extend(&quantiles);
        }
    }
}

/// What was found of an island.
struct Found<'a> {
    closed: &'a [usize],
    clients: &'a [u32],
    throughput: &'a [f64],
    law: Law,
}

impl Found<'_> {
    fn value(&self, what: What, value: f64) -> Value {
        Value { what, class: None, value, status: Status::Exact, law: self.law }
    }

    /// Throughput and response of each population.
    fn populations(
        &self,
        network: &super::network::Network<'_>,
        residence: &[Vec<f64>],
        think: &[f64],
        all: &mut [ClosedSolution],
    ) {
        for (class, stream) in self.closed.iter().enumerate() {
            let stream = &network.streams[*stream];
            let Arrivals::Clients(_, think_s) = stream.supply else { continue };
            let delays_s = think[class] - think_s;
            let response_s = delays_s + residence.iter().map(|r| r[class]).sum::<f64>();
            let own = all
                .iter_mut()
                .find(|c| c.source == stream.source && c.clients == self.clients[class]);
            if let Some(own) = own {
                own.values = vec![
                    self.value(What::Throughput, self.throughput[class]),
                    self.value(What::Response, response_s),
                ];
            }
        }
    }

    /// Utilization, numbers and times of a row, per member.
    fn row(
        &self,
        solver: &Solver<'_, '_>,
        row: usize,
        open: &[usize],
        number: &dyn Fn(usize, usize) -> f64,
    ) -> Vec<Value> {
        let network = solver.network;
        let members = f64::from(network.rows[row].choice.members.max(1));
        let uses = |stream: usize| network.of_row(row).filter(move |u| u.stream == stream);
        let class_of = |stream: usize| {
            let mut classes = uses(stream).map(|u| u.class);
            let first = classes.next().flatten();
            first.filter(|_| classes.all(|c| c == first))
        };
        let visits = |stream: usize| uses(stream).map(|u: &Use| u.count).sum::<f64>();
        let work = |stream: usize| uses(stream).map(|u| u.count * u.service.mean_s).sum::<f64>();
        let mut values = Vec::new();
        let (mut busy, mut inside, mut rate) = (solver.rows[row].rho, 0.0, 0.0);
        let closed_inside: f64 = (0..self.closed.len()).map(|class| number(row, class)).sum();
        let mut served = 0.0;
        for (class, stream) in self.closed.iter().enumerate() {
            let (x, n, v) = (self.throughput[class], number(row, class), visits(*stream));
            busy += x * work(*stream) / members / network.units(row);
            inside += n;
            rate += x * v;
            served += x * work(*stream);
            if let (Some(id), true) = (class_of(*stream), v > 0.0) {
                let of = |value| Value { class: Some(id), ..value };
                values.push(of(self.value(What::InSystem, n / members)));
                values.push(of(self.value(What::Response, n / x / v)));
            }
        }
        for stream in open {
            let rate_of = network.streams[*stream].supply.rate_per_s();
            let d = work(*stream);
            let n = rate_of * d * (1.0 + closed_inside / members) / (1.0 - solver.rows[row].rho);
            inside += n;
            rate += rate_of * visits(*stream);
            served += rate_of * d;
            if let (Some(id), true) = (class_of(*stream), d > 0.0) {
                let of = |value| Value { class: Some(id), ..value };
                values.push(of(self.value(What::InSystem, n / members)));
                values.push(of(self.value(What::Response, n / rate_of / visits(*stream))));
            }
        }
        let mut all = vec![
            self.value(What::Utilization, busy),
            self.value(What::Throughput, rate / members),
            self.value(What::InSystem, inside / members),
        ];
        if rate > 0.0 {
            all.push(self.value(What::Response, inside / rate));
            let queues = uses_wait(network, row);
            if queues {
                all.push(self.value(What::Wait, (inside - served) / rate));
            }
        }
        all.extend(values);
        all
    }

    /// Quantiles of the only station: an arrival sees the system with one client less.
    fn quantiles(
        &self,
        solver: &Solver<'_, '_>,
        row: usize,
        servers: u32,
        think_s: f64,
    ) -> Vec<Value> {
        let network = solver.network;
        let uses: Vec<&Use> = network.of_row(row).collect();
        let others = self.clients[0] - 1;
        let ([one], true) = (uses.as_slice(), think_s > 0.0 && others > 0 && others < 20_000)
        else {
            return Vec::new();
        };
        if !uses_wait(network, row) {
            return Vec::new();
        }
        let service_s = one.service.mean_s;
        let births: Vec<f64> = (0..others).map(|k| f64::from(others - k) / think_s).collect();
        let deaths: Vec<f64> =
            (1..=others).map(|k| f64::from(k.min(servers)) / service_s).collect();
        // Visits of one cycle come one after another, so they see the same law.
        let cycle = 1.0 / one.count;
        let births: Vec<f64> = births.iter().map(|b| b / cycle).collect();
        let found = stationary(&births, &deaths);
        let wait = Stages::wait(&found, servers as usize, f64::from(servers) / service_s);
        let response = wait.with_service(servers as usize);
        let waits: f64 = found.iter().skip(servers as usize).sum();
        let mut values = vec![self.value(What::Waits, waits)];
        for q in [0.5, 0.95, 0.99] {
            values.push(self.value(What::WaitQuantile(q), wait.quantile_s(q)));
            values.push(self.value(What::ResponseQuantile(q), response.quantile_s(q)));
        }
        values
    }
}

/// Whether jobs wait for a unit of their own (and do not share).
fn uses_wait(network: &super::network::Network<'_>, row: usize) -> bool {
    network.of_row(row).all(|u| u.access != super::network::Access::Share)
}
