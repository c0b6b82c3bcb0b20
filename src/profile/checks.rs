//! What can only be checked when everything is decoded: cycles, holds, sizes, conditions.

use crate::components::{Basis, Block, CostItem, Spec};
use crate::expr::Names;
use crate::program::Measure;
use crate::source::{Fault, FaultKind, Faults, Place};

use super::Profile;
use super::controls::Controls;
use super::flow::Flow;
use super::judgement::{Judgement, Role, Written};
use super::lower::Lowered;
use super::model::{Model, Step, Supply, Verb};
use super::warnings;

/// Requests and messages per second above which no run would ever end.
const MOST_PER_S: f64 = 1e7;
/// Requests of a stated duration above which no run would ever end.
const MOST_REQUESTS: f64 = 1e12;

/// Checks a decoded profile as a whole, and completes it with what its lowering tells.
pub(crate) fn check(profile: &mut Profile, written: Vec<Written>, faults: &mut Faults) {
    let model = &profile.model;
    if !cycles(model, faults) {
        return;
    }
    for (i, endpoint) in model.endpoints.iter().enumerate() {
        let path = format!("endpoints.{}.steps", endpoint.name);
        workers(model, i, &path, faults);
        holds(model, endpoint.body, &mut Vec::new(), &path, faults);
        releases(model, endpoint.body, &path, faults);
    }
    replies(model, faults);
    let lowered = model.lower();
    let complete = !faults.iter().any(|fault| fault.kind == FaultKind::NotYet);
    if complete {
        loads(profile, &lowered, faults);
    }
    if lowered.too_large {
        let place = model.endpoints.first().map_or(Place::default(), |e| e.place);
        let message = "the profile grows too large when calls between endpoints are written out";
        faults.push(Fault::error(FaultKind::Range, place, "endpoints", message));
    }
    let stored = profile.cost.stored.iter().map(|row| &row.0);
    let others: Vec<String> =
        profile.cost.other.iter().map(|row| &row.0).chain(stored).cloned().collect();
    let names = Names {
        other_costs: &others,
        has_budget: profile.cost.budget.is_some(),
        has_users: profile.cost.per.is_some(),
        events: &profile.events,
        ..Names::of(&lowered.catalogue)
    };
    let controls = Controls::compile(&profile.model, &lowered.program, &names, faults);
    let endpoints = profile.model.endpoints.iter().map(|e| e.name.as_str());
    let silent: Vec<&str> =
        endpoints.filter(|e| lowered.catalogue.metric(&format!("{e}.offered")).is_none()).collect();
    let compiled = written.into_iter().filter_map(|w| w.compile(&names, &silent, faults));
    let judgements: Vec<Judgement> = compiled.collect();
    if !faults.has_errors() {
        warnings::warn(profile, &lowered, faults);
    }
    let Lowered { prices, notes, .. } = lowered;
    priced(&profile.model, &prices, faults);
    for judgement in judgements {
        match judgement.role {
            Role::Objective => profile.slo.push(judgement),
            Role::Claim => profile.claims.push(judgement),
            Role::Gate => profile.gate.push(judgement),
            Role::Warning | Role::Critical => profile.alerts.push(judgement),
            Role::Assertion => profile.asserts.push(judgement),
        }
    }
    profile.controls = controls;
    profile.prices = prices;
    profile.defaults_used.extend(notes);
}

/// Prices whose bill cannot be worked out from what is measured.
fn priced(model: &Model, prices: &[CostItem], faults: &mut Faults) {
    for item in prices {
        let part = model.parts.iter().find(|part| part.name == item.component);
        let place = part.map_or(Place::default(), |part| part.place);
        let path = format!("components.{}", item.component);
        match &item.basis {
            Basis::Simulated { least, .. } => {
                if let Some((units, _)) = item.price.reserved.filter(|(units, _)| units > least) {
                    let message = format!(
                        "{units} units are reserved, more than the {least} that always run: the \
                         bill of those that come and go cannot be told from their mean"
                    );
                    let fault = Fault::error(FaultKind::Range, place, &path, message);
                    faults.push(fault.expected("`autoscale.min` or fewer reserved units"));
                }
            }
            Basis::Usage { measure: Measure::Rate(counters) } if counters.is_empty() => {
                let message = "it holds no connections that could be paid for";
                let fault = Fault::error(FaultKind::Conflict, place, &path, message);
                faults.push(fault.expected("a price per connection belongs to a service"));
            }
            Basis::Usage { .. } | Basis::Provisioned { .. } => {}
        }
    }
}

/// Reports endpoints that call each other in a ring. Returns whether there is none.
fn cycles(model: &Model, faults: &mut Faults) -> bool {
    let mut done = vec![false; model.endpoints.len() + model.parts.len()];
    let mut sound = true;
    for start in 0..model.endpoints.len() {
        sound &= follow(model, start, &mut Vec::new(), &mut done, faults);
    }
    sound
}

/// Steps of an endpoint, or (counted after all endpoints) of the fallback that a component's `client`
/// block adds to calls.
fn steps_of(model: &Model, node: usize) -> (&str, Option<Block>) {
    match node.checked_sub(model.endpoints.len()) {
        None => (&model.endpoints[node].name, Some(model.endpoints[node].body)),
        Some(part) => (&model.parts[part].name, model.parts[part].common.client.policies.fallback),
    }
}

fn follow(
    model: &Model,
    node: usize,
    chain: &mut Vec<usize>,
    done: &mut [bool],
    faults: &mut Faults,
) -> bool {
    if done[node] {
        return true;
    }
    chain.push(node);
    let mut calls: Vec<(usize, Place)> = Vec::new();
    let mut note = |step: &Step| {
        if let Verb::Call(callee) = step.verb {
            calls.push((callee, step.target));
        }
        if let Some((part, _)) = model.client_fallback(step) {
            calls.push((model.endpoints.len() + part, step.target));
        }
    };
    let (name, body) = steps_of(model, node);
    if let Some(body) = body {
        model.visit_written(body, &mut note);
    }
    let mut sound = true;
    for (callee, place) in calls {
        if let Some(from) = chain.iter().position(|n| *n == callee) {
            let ring = chain[from..].iter().chain([&callee]);
            let ring: Vec<&str> = ring.map(|n| steps_of(model, *n).0).collect();
            let what = if callee < model.endpoints.len() { "endpoints" } else { "fallbacks" };
            let message = format!("{what} call each other in a ring: {}", ring.join(" -> "));
            let path = match node.checked_sub(model.endpoints.len()) {
                None => format!("endpoints.{name}.steps"),
                Some(_) => format!("components.{name}.client.fallback"),
            };
            faults.push(Fault::error(FaultKind::Cycle, place, &path, message));
            sound = false;
        } else {
            sound &= follow(model, callee, chain, done, faults);
        }
    }
    chain.pop();
    done[node] = true;
    sound
}

/// CPU work needs a service, and one that can do it.
fn workers(model: &Model, endpoint: usize, path: &str, faults: &mut Faults) {
    let service = model.endpoints[endpoint].service;
    let has_services = model.parts.iter().any(|p| matches!(p.spec, Spec::Service(_)));
    model.visit(model.endpoints[endpoint].body, &mut |step| {
        let (Verb::Cpu(_) | Verb::Exec(_)) = step.verb else { return };
        if service.is_none() && !has_services && model.complete {
            let message = "CPU work needs a service to run in, and there is none";
            faults.push(Fault::error(FaultKind::Conflict, step.place, path, message));
        }
        if matches!(step.verb, Verb::Exec(_))
            && let Some(Spec::Service(spec)) = service.map(|s| &model.parts[s].spec)
            && spec.has_interpreter_lock()
        {
            let message = "not supported yet: exec in a service with `worker_cores`";
            faults.push(Fault::error(FaultKind::NotYet, step.place, path, message));
        }
    });
}

/// A hold of a resource inside itself waits for itself.
fn holds(model: &Model, block: Block, held: &mut Vec<usize>, path: &str, faults: &mut Faults) {
    for step in &model.blocks[block.0 as usize] {
        let depth = held.len();
        let wanted = match &step.verb {
            Verb::Hold { component, .. } | Verb::Take(component) => Some(*component),
            Verb::Component(action) => {
                let component = action.component();
                matches!(model.parts[component].spec, Spec::Station(_)).then_some(component)
            }
            _ => None,
        };
        if let Some(component) = wanted.filter(|w| held.contains(w)) {
            let name = &model.parts[component].name;
            let message = format!("`{name}` is held here already: this waits for itself");
            faults.push(Fault::error(FaultKind::SelfDeadlock, step.target, path, message));
        }
        match &step.verb {
            Verb::Hold { component, .. } => {
                unholdable(model, *component, step, path, faults);
                held.push(*component);
            }
            Verb::Take(component) => unholdable(model, *component, step, path, faults),
            Verb::Call(callee) if !held.is_empty() => {
                holds(model, model.endpoints[*callee].body, held, path, faults);
            }
            _ => {}
        }
        if matches!(step.verb, Verb::Spawn(_)) {
            let none = &mut Vec::new();
            model
                .blocks_of(step)
                .into_iter()
                .for_each(|inner| holds(model, inner, none, path, faults));
        } else {
            model
                .blocks_of(step)
                .into_iter()
                .for_each(|inner| holds(model, inner, held, path, faults));
        }
        held.truncate(depth);
        if let Verb::Take(component) = step.verb {
            held.push(component);
        }
        if let Verb::Release(component) = step.verb {
            held.retain(|h| *h != component);
        }
    }
}

fn unholdable(model: &Model, component: usize, step: &Step, path: &str, faults: &mut Faults) {
    if let Some(why) = model.parts[component].spec.unholdable() {
        let message =
            format!("one server of `{}` cannot be held: {why}", model.parts[component].name);
        faults.push(Fault::error(FaultKind::Conflict, step.target, path, message));
    }
}

/// What is given back was taken somewhere in the same endpoint.
fn releases(model: &Model, body: Block, path: &str, faults: &mut Faults) {
    let mut taken = Vec::new();
    model.visit(body, &mut |step| {
        if let Verb::Take(component) = step.verb {
            taken.push(component);
        }
    });
    model.visit(body, &mut |step| {
        if let Verb::Release(component) = step.verb
            && !taken.contains(&component)
        {
            let name = &model.parts[component].name;
            let message = format!("no `take: {name}` stands before this release");
            faults.push(Fault::error(FaultKind::Conflict, step.target, path, message));
        }
    });
}

/// An early answer is for the client: of the endpoint it requested, not of one called by another.
fn replies(model: &Model, faults: &mut Faults) {
    let mut called = vec![false; model.endpoints.len()];
    for endpoint in &model.endpoints {
        model.visit(endpoint.body, &mut |step| {
            if let Verb::Call(callee) = step.verb {
                called[callee] = true;
            }
        });
    }
    for (endpoint, called) in model.endpoints.iter().zip(called) {
        let path = format!("endpoints.{}.steps", endpoint.name);
        reply_in(model, endpoint.body, called, false, &path, faults);
    }
}

fn reply_in(
    model: &Model,
    block: Block,
    called: bool,
    beside: bool,
    path: &str,
    faults: &mut Faults,
) {
    for step in &model.blocks[block.0 as usize] {
        if matches!(step.verb, Verb::Reply) && called {
            let message = "not supported yet: reply in an endpoint that others call";
            faults.push(Fault::error(FaultKind::NotYet, step.place, path, message));
        } else if matches!(step.verb, Verb::Reply) && beside {
            let message = "a branch cannot answer for the whole request";
            faults.push(Fault::error(FaultKind::Conflict, step.place, path, message));
        }
        let beside = beside || matches!(step.verb, Verb::Spawn(_) | Verb::Parallel { .. });
        for inner in model.blocks_of(step) {
            reply_in(model, inner, called, beside, path, faults);
        }
    }
}

/// Loads that no run could ever simulate.
fn loads(profile: &Profile, lowered: &Lowered, faults: &mut Faults) {
    let model = &profile.model;
    let mut total = 0.0;
    for (i, traffic) in model.traffic.iter().enumerate() {
        let flow = Flow::of_sources(&lowered.program, &|source| source == i);
        let closed = matches!(traffic.supply, Supply::Closed { .. });
        let rate = if closed { 0.0 } else { flow.offered };
        total += rate;
        let path = format!("traffic.{}", traffic.name);
        if rate > MOST_PER_S || (total > MOST_PER_S && rate > 0.0) {
            let message = format!("{rate:.3e} events per second are more than can be simulated");
            let fault = Fault::error(FaultKind::Range, traffic.load, &path, message);
            faults.push(fault.expected("at most 10_000_000/s in all"));
        } else if let Some(duration_s) = profile.run.duration_s
            && rate * duration_s > MOST_REQUESTS
        {
            let message = format!(
                "{:.3e} requests in `run.duration` are more than can be simulated",
                rate * duration_s
            );
            faults.push(Fault::error(FaultKind::Range, traffic.load, &path, message));
        }
    }
}
