//! One of several equal servers with queues of their own, chosen by a balancer.

use super::super::case::{Count, Model};
use super::super::profile::{Draft, Step};
use super::series::{pace, system, traffic};
use super::sources::sources;
use super::{Form, Kind, Place, Setup, station};

pub(super) fn form(model: &Model, words: &str) -> Result<Form, String> {
    let stations = station::expanded(model);
    let [first, others @ ..] = stations.as_slice() else {
        return Err("model.stations: there are none".to_owned());
    };
    let allowed = ["capacity_in_system"];
    for station in &stations {
        station::only(station, &allowed, "a balancer")?;
    }
    let sources = sources(model)?;
    for source in &sources {
        let class = source.class.as_deref();
        let law = station::service(first, class)?.text("s")?;
        for station in others {
            if station::service(station, class)?.text("s")? != law
                || station.servers != first.servers
                || station.capacity_in_system != first.capacity_in_system
            {
                let name = &station.name;
                return Err(format!("stations.{name}: instances of a service are all alike"));
            }
        }
    }
    let Count::Is(servers) = first.servers else {
        return Err(format!("stations.{}.servers: unlimited behind a balancer", first.name));
    };
    let policy = policy(words, stations.len())?;
    let backlog = match first.capacity_in_system {
        Some(Count::Is(all)) => all.saturating_sub(servers),
        _ => 1_000_000,
    };
    let mut draft = Draft::default();
    draft.component(
        "app",
        "service",
        &[
            "runtime: process".to_owned(),
            format!("instances: {}", stations.len()),
            format!("workers: {servers}"),
            format!("cores: {servers}"),
            format!("backlog: {backlog}"),
            format!("balancer: {{ policy: {policy} }}"),
        ],
    );
    let classes = traffic(&mut draft, &sources, &["app".to_owned()], |source| {
        let law = station::service(first, source.class.as_deref())?.text("s")?;
        Ok(vec![Step::plain(format!("cpu: {law}"))])
    })?;
    let mut form = Form { classes, ..Form::default() };
    let whole = Place { resource: Some("app.workers".to_owned()), ..system("") };
    form.places.push((first.name.clone(), whole.clone()));
    form.places.push(("system".to_owned(), whole));
    let jobs_per_s = pace(&sources, &stations);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}

/// The policy, with its keys.
fn policy(words: &str, stations: usize) -> Result<String, String> {
    if words.contains("round robin") {
        return Ok("round_robin".to_owned());
    }
    let by_load = ["fewest", "fewer", "shortest", "jsq", "least"];
    if words.contains("random") && !by_load.iter().any(|word| words.contains(word)) {
        return Ok("random".to_owned());
    }
    let sampled =
        words.split("sample ").nth(1).and_then(|tail| tail.split(' ').next()?.parse().ok());
    Ok(match sampled {
        Some(1) => "random".to_owned(),
        Some(2) => "two_choices".to_owned(),
        Some(d) if d < stations => format!("two_choices, choices: {d}"),
        Some(d) if d > stations => {
            return Err(format!("model.routing: the best of {d} of {stations} stations"));
        }
        _ => "least_connections".to_owned(),
    })
}
