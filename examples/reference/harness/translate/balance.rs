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

fn policy(words: &str, stations: usize) -> Result<&'static str, String> {
    if words.contains("round robin") {
        return Ok("round_robin");
    }
    let sampled =
        words.split("sample ").nth(1).and_then(|tail| tail.split(' ').next()?.parse().ok());
    match sampled {
        Some(2) => Ok("two_choices"),
        Some(1) => Ok("random"),
        Some(d) if d == stations => Ok("least_connections"),
        Some(d) => {
            Err(format!("model.routing: the best of {d}: a balancer looks at two or at all"))
        }
        None => Ok("least_connections"),
    }
}
