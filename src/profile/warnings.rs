//! What is probably not meant: too little of something by arithmetic, names that nobody uses.

use std::collections::BTreeSet;

use crate::components::Spec;
use crate::dist::Distribution;
use crate::program::{Op, Program, SourceKind, StationKind, Target};
use crate::source::{Fault, Faults, Node, Place, Reader};
use crate::units::Per;

use super::Profile;
use super::flow::Flow;
use super::lower::Lowered;
use super::model::{Model, Supply, Verb};

/// Parameters that nobody uses, and populations with which nothing scales.
pub(crate) fn unread(reader: &Reader, root: &Node) -> Vec<Fault> {
    let (parameters, populations) = reader.unused();
    let mut faults = Vec::new();
    for entry in parameters {
        let message = format!("nobody uses the parameter `{}`", entry.key);
        faults.push(Fault::warning(entry.place, &format!("parameters.{}", entry.key), message));
    }
    let users = root.get("users").map_or(&[][..], Node::entries);
    let populations: BTreeSet<String> = populations.into_iter().collect();
    for entry in users.iter().filter(|entry| populations.contains(&entry.key)) {
        let message = format!("nothing scales with the population `{}`", entry.key);
        faults.push(Fault::warning(entry.place, &format!("users.{}", entry.key), message));
    }
    faults
}

/// Adds all warnings.
pub(crate) fn warn(profile: &Profile, lowered: &Lowered, faults: &mut Faults) {
    let model = &profile.model;
    silent(model, faults);
    connections(model, faults);
    sessions(model, faults);
    timeouts(model, faults);
    amounts(model, faults);
    unused(model, faults);
    overloads(model, lowered, faults);
    restarts(model, lowered, faults);
}

/// A profile in which nobody asks for anything.
fn silent(model: &Model, faults: &mut Faults) {
    if model.traffic.is_empty() {
        let message =
            "there is no traffic: nothing is asked of the system, so no objective is tried";
        faults.push(
            Fault::warning(Place { line: 1, column: 1, ..Place::default() }, "traffic", message)
                .hint("add an entry under `traffic` with a `rate` and a `mix`"),
        );
    }
}

/// Pools of all clients together against the connections of the server.
fn connections(model: &Model, faults: &mut Faults) {
    for (i, part) in model.parts.iter().enumerate() {
        let Spec::Database(database) = &part.spec else { continue };
        let (Some(max), Some(_)) = (database.max_connections, &database.pool) else { continue };
        let mut wanted = 0_u64;
        for service in &model.clients[i] {
            wanted += model.pool_connections(i, *service);
        }
        if wanted > u64::from(max) {
            let message = format!(
                "the pools of all clients may open {wanted} connections to `{}`, which takes {max}",
                part.name
            );
            let path = format!("components.{}.max_connections", part.name);
            faults.push(Fault::warning(part.place, &path, message));
        }
    }
}

/// Sessions against the connections and the memory of the service they connect to.
fn sessions(model: &Model, faults: &mut Faults) {
    let mut open = vec![0.0; model.parts.len()];
    for traffic in &model.traffic {
        if let Supply::Sessions(sessions) = &traffic.supply
            && let Some(service) = sessions.connects_to
        {
            let constant = sessions.constant.map(|n| f64::from(model.scaled(n)));
            let mean = || {
                let rate = sessions.arrivals.as_ref().map_or(0.0, |c| c.mean_rate() * model.scale);
                rate * sessions.length.as_ref().map_or(0.0, Distribution::mean)
            };
            open[service] += constant.unwrap_or_else(mean);
        }
    }
    for (part, open) in model.parts.iter().zip(open) {
        let Spec::Service(service) = &part.spec else { continue };
        if open <= 0.0 {
            continue;
        }
        let places = service.places();
        if open > places {
            let message = format!(
                "{open:.0} sessions are open on average, `{}` has {places:.0} places",
                part.name
            );
            let path = format!("components.{}", part.name);
            faults.push(Fault::warning(part.place, &path, message));
        }
        if let Some((used, limit)) = service.memory_of(open)
            && used > limit
        {
            let message = format!(
                "{open:.0} open sessions alone fill the memory of `{}`: {:.0} of {:.0} MB per instance",
                part.name,
                used / 1e6,
                limit / 1e6
            );
            let path = format!("components.{}.memory.limit", part.name);
            faults.push(Fault::warning(part.place, &path, message));
        }
    }
}

/// An inner timeout that is longer than the outer one fires when nobody waits any more.
fn timeouts(model: &Model, faults: &mut Faults) {
    for traffic in &model.traffic {
        if let Some(Distribution::Constant(outer_s)) = traffic.policies.timeout {
            let mut inner = Inner { model, outer_s, outer: &traffic.name, seen: BTreeSet::new() };
            for (endpoint, _) in &traffic.mix {
                inner.endpoint(*endpoint, faults);
            }
        }
    }
}

/// The search for timeouts inside that of one traffic.
struct Inner<'a> {
    model: &'a Model,
    outer_s: f64,
    outer: &'a str,
    /// What was said of components and endpoints already.
    seen: BTreeSet<String>,
}

impl Inner<'_> {
    fn endpoint(&mut self, endpoint: usize, faults: &mut Faults) {
        let model = self.model;
        let endpoint = &model.endpoints[endpoint];
        if !self.seen.insert(format!("endpoints.{}", endpoint.name)) {
            return;
        }
        if let Some(service) = endpoint.service.map(|service| &model.parts[service]) {
            for (key, inner_s) in service.spec.request_limits() {
                self.component(&service.name, key, inner_s, service.place, faults);
            }
        }
        model.visit(endpoint.body, &mut |step| {
            let (callee, component) = match &step.verb {
                Verb::Component(action) => (None, Some(action.component())),
                Verb::Hold { component, .. } | Verb::Take(component) => (None, Some(*component)),
                Verb::Call(callee) => (Some(*callee), model.endpoints[*callee].service),
                _ => return,
            };
            let part = component.map(|component| &model.parts[component]);
            let of_client = part.and_then(|part| part.common.client.policies.timeout.as_ref());
            let own = step.policies.timeout.as_ref();
            if let Some(Distribution::Constant(inner_s)) = own.or(of_client)
                && *inner_s > self.outer_s
            {
                self.warn(step.place, "", "this step", *inner_s, faults);
            }
            if let Some((part, inner_s)) =
                part.and_then(|part| Some((part, part.spec.pool()?.patience_s()?)))
            {
                self.component(&part.name, "pool.timeout", inner_s, part.place, faults);
            }
            if let Some(callee) = callee {
                self.endpoint(callee, faults);
            }
        });
    }

    /// A timeout of a component, once.
    fn component(&mut self, name: &str, key: &str, inner_s: f64, at: Place, faults: &mut Faults) {
        let path = format!("components.{name}.{key}");
        if inner_s > self.outer_s && self.seen.insert(path.clone()) {
            self.warn(at, &path, &format!("`{name}.{key}`"), inner_s, faults);
        }
    }

    fn warn(&self, place: Place, path: &str, what: &str, inner_s: f64, faults: &mut Faults) {
        let message = format!(
            "the timeout of {what} ({inner_s} s) is longer than the one of `{}` around it ({} s): the caller has left before it fires",
            self.outer, self.outer_s
        );
        faults.push(Fault::warning(place, path, message));
    }
}

/// What is paid or transferred by the byte or the minute needs to know how much it is.
fn amounts(model: &Model, faults: &mut Faults) {
    let by_amount = |part: usize| {
        let prices = &model.parts[part].common.usage_prices;
        prices.iter().any(|price| !price.price.per.is_call() && price.price.per != Per::Connection)
    };
    for traffic in &model.traffic {
        for (endpoint, _) in &traffic.mix {
            let endpoint = &model.endpoints[*endpoint];
            for part in traffic.via.iter().copied().filter(|_| endpoint.response.is_none()) {
                let is_link = matches!(model.parts[part].spec, Spec::Link(_));
                if is_link || by_amount(part) {
                    let message = format!(
                        "`{}` passes `{}` without `response`: how many bytes its answer has",
                        endpoint.name, model.parts[part].name
                    );
                    let path = format!("endpoints.{}.response", endpoint.name);
                    faults.push(Fault::warning(endpoint.place, &path, message));
                }
            }
        }
    }
    for endpoint in &model.endpoints {
        model.visit(endpoint.body, &mut |step| {
            if let Verb::Component(action) = &step.verb
                && action.lacks_amount()
                && by_amount(action.component())
            {
                let name = &model.parts[action.component()].name;
                let message =
                    format!("`{name}` is paid by the amount, which this call does not say");
                let path = format!("endpoints.{}.steps", endpoint.name);
                faults.push(Fault::warning(step.place, &path, message));
            }
        });
    }
}

/// Components and endpoints that no traffic reaches.
fn unused(model: &Model, faults: &mut Faults) {
    let mut endpoints = vec![false; model.endpoints.len()];
    let mut parts = vec![false; model.parts.len()];
    for traffic in &model.traffic {
        traffic.via.iter().for_each(|component| parts[*component] = true);
        traffic.mix.iter().for_each(|(e, _)| reach(model, *e, &mut endpoints, &mut parts));
        if let Supply::Sessions(sessions) = &traffic.supply {
            sessions.connects_to.into_iter().for_each(|service| parts[service] = true);
            for (endpoint, _) in sessions.messages.iter().flat_map(|m| &m.mix) {
                reach(model, *endpoint, &mut endpoints, &mut parts);
            }
        }
    }
    for (endpoint, used) in model.endpoints.iter().zip(endpoints) {
        if !used {
            let message = format!("no traffic reaches the endpoint `{}`", endpoint.name);
            let path = format!("endpoints.{}", endpoint.name);
            faults.push(Fault::warning(endpoint.place, &path, message));
        }
    }
    for (part, used) in model.parts.iter().zip(parts) {
        if !used {
            let message = format!("nothing uses the component `{}`", part.name);
            let path = format!("components.{}", part.name);
            faults.push(Fault::warning(part.place, &path, message));
        }
    }
}

fn reach(model: &Model, endpoint: usize, endpoints: &mut [bool], parts: &mut [bool]) {
    if std::mem::replace(&mut endpoints[endpoint], true) {
        return;
    }
    if let Some(service) = model.endpoints[endpoint].service {
        parts[service] = true;
    }
    let mut calls = Vec::new();
    model.visit(model.endpoints[endpoint].body, &mut |step| match &step.verb {
        Verb::Component(action) => parts[action.component()] = true,
        Verb::Hold { component, .. } | Verb::Take(component) => parts[*component] = true,
        Verb::Call(callee) => calls.push(*callee),
        _ => {}
    });
    for callee in calls {
        reach(model, callee, endpoints, parts);
    }
}

/// Open load above what a resource can serve, when nothing fails.
fn overloads(model: &Model, lowered: &Lowered, faults: &mut Faults) {
    let program = &lowered.program;
    let is_open = |source: usize| !matches!(model.traffic[source].supply, Supply::Closed { .. });
    let flow = Flow::of_sources(program, &is_open);
    let mut demand = vec![0.0; program.stations.len()];
    for (op, rate) in program.ops.iter().zip(&flow.per_s) {
        let (at, each) = match op {
            Op::Serve { at, time } => (at, mean(program, *time)),
            Op::Process { at, work, .. } => (at, mean(program, *work)),
            Op::Admit { at } => (at, 1.0),
            _ => continue,
        };
        demand[at.base.index()] += rate * each;
    }
    for (i, view) in lowered.catalogue.resources.iter().enumerate() {
        // Loops are the cores as well as the workers of a service: one warning is enough.
        if lowered.catalogue.resources[..i].iter().any(|other| other.stations == view.stations) {
            continue;
        }
        let offered: f64 = view.stations.iter().map(|s| demand[s.index()]).sum();
        let stations = view.stations.iter().map(|s| &program.stations[s.index()].kind);
        let capacity: f64 = stations.map(capacity).sum();
        if offered > capacity {
            let part = &model.parts[view.component.index()];
            let message = format!(
                "offered load is above `{}`: {:.0} % of what it can serve",
                view.name,
                100.0 * offered / capacity
            );
            let path = view.sized_by.clone().unwrap_or_default();
            faults.push(Fault::warning(part.place, &path, message));
        }
    }
}

/// Workers that restart by count while sessions hold them: they take no request until the drain ends.
fn restarts(model: &Model, lowered: &Lowered, faults: &mut Faults) {
    let program = &lowered.program;
    let flow = Flow::of_sources(program, &|_| true);
    let held: Vec<usize> = program
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Sessions(sessions) => sessions.connects_to,
            _ => None,
        })
        .map(|group| program.groups[group.index()].owner.index())
        .collect();
    let mut seen = Vec::new();
    for station in &program.stations {
        let StationKind::Crew(crew) = &station.kind else { continue };
        let owner = station.owner.index();
        let Some(recycle) = crew.recycle.filter(|_| !seen.contains(&owner)) else { continue };
        seen.push(owner);
        let of_owner = |at: &Target| program.stations[at.base.index()].owner.index() == owner;
        let offered: f64 = program
            .ops
            .iter()
            .zip(&flow.per_s)
            .filter(|(op, _)| matches!(op, Op::Accept { at, .. } if of_owner(at)))
            .map(|(_, rate)| rate)
            .sum();
        let workers: u32 = program
            .stations
            .iter()
            .filter(|s| s.owner.index() == owner)
            .filter_map(|s| match &s.kind {
                StationKind::Crew(crew) => Some(crew.workers),
                _ => None,
            })
            .sum();
        let drain_s = if held.contains(&owner) { crew.drain_ns as f64 * 1e-9 } else { 0.0 };
        let away_s = drain_s + crew.boot.map_or(0.0, |boot| mean(program, boot));
        let up_s = mean(program, recycle) * f64::from(workers) / offered;
        let share = away_s / (up_s + away_s);
        if offered <= 0.0 || share < 0.05 {
            continue;
        }
        let part = &model.parts[owner];
        let why = if drain_s > 0.0 {
            "open sessions keep it draining, then it boots"
        } else {
            "it boots"
        };
        let message = format!(
            "at {offered:.0} requests/s each of {workers} workers restarts every {up_s:.0} s and then takes \
             none for {away_s:.0} s ({why}): it is away {:.0} % of the time",
            100.0 * share
        );
        let path = format!("components.{}.recycle", lowered.catalogue.components[owner].name);
        faults.push(
            Fault::warning(part.place, &path, message)
                .hint(format!("`--set {path}=never` shows the system without restarts")),
        );
    }
}

fn mean(program: &Program, draw: crate::program::DrawId) -> f64 {
    let draw = &program.draws[draw.index()];
    program.dists[draw.dist.index()].mean() * draw.factor
}

/// Work per second; infinite for what has no such limit.
fn capacity(kind: &StationKind) -> f64 {
    match kind {
        StationKind::Tokens(tokens) if tokens.capacity != u32::MAX => f64::from(tokens.capacity),
        StationKind::Processor(processor) => {
            processor.cores.min(f64::from(processor.groups) * processor.group_cap)
        }
        StationKind::Bucket(bucket) => {
            bucket.rate_per_s * bucket.clients.map_or(1.0, |clients| clients as f64)
        }
        _ => f64::INFINITY,
    }
}
