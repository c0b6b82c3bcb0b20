//! One station, or several that a job visits one after another.

use super::super::case::{Count, Model, Retry, Routing, Station};
use super::super::law::{Law, number, percent};
use super::super::probe::{How, Probe};
use super::super::profile::{Draft, Endpoint, Step, name};
use super::super::shape::Shape;
use super::sources::{Source, sources};
use super::{Class, Form, Kind, Place, Setup, station};

/// Names that the stations of a model get.
pub(super) fn names(stations: &[Station]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for station in stations {
        names.push(name(&station.name, &names));
    }
    names
}

/// Most jobs per second: what sources offer, and what the slowest station of a closed model lets pass.
pub(super) fn pace(sources: &[Source], stations: &[Station]) -> f64 {
    let open: f64 = sources.iter().filter_map(|source| source.rate).sum();
    let closed = sources.iter().filter_map(|source| {
        let class = source.class.as_deref();
        let demands = stations.iter().filter_map(|station| {
            let visits = station.visits_per_cycle.or(station.visits_per_request).unwrap_or(1.0);
            let demand = visits * station::service(station, class).ok()?.mean().ok()?;
            Some((demand, station.servers.finite().filter(|_| station.discipline != "is")))
        });
        let (mut cycle, mut most) = (source.think_s, f64::INFINITY);
        for (demand, servers) in demands {
            cycle += demand;
            most = most.min(servers.map_or(f64::INFINITY, |c| f64::from(c) / demand));
        }
        Some((source.population? / cycle).min(most))
    });
    let rate = open + closed.sum::<f64>();
    if rate.is_finite() && rate > 0.0 { rate } else { 1.0 }
}

/// Traffic for every source, each with an endpoint of its own.
pub(super) fn traffic(
    draft: &mut Draft,
    sources: &[Source],
    taken: &[String],
    mut steps: impl FnMut(&Source) -> Result<Vec<Step>, String>,
) -> Result<Vec<Class>, String> {
    let mut classes: Vec<Class> = Vec::new();
    let mut taken = taken.to_vec();
    let alone = sources.len() == 1;
    for (i, source) in sources.iter().enumerate() {
        let (traffic, endpoint) = match &source.class {
            None if alone => ("jobs".to_owned(), "visit".to_owned()),
            Some(class) => (name(class, &taken), name(&format!("do_{class}"), &taken)),
            None => (format!("jobs_{}", i + 1), format!("visit_{}", i + 1)),
        };
        taken.extend([traffic.clone(), endpoint.clone()]);
        draft.traffic.push((traffic.clone(), format!("{{ {}, mix: {endpoint} }}", source.keys)));
        draft.endpoints.push(Endpoint {
            name: endpoint.clone(),
            priority: None,
            steps: steps(source)?,
        });
        classes.push(Class { name: source.class.clone(), traffic, endpoint });
    }
    Ok(classes)
}

/// A model whose jobs visit every station in turn.
pub(super) fn form(model: &Model) -> Result<Form, String> {
    if let Some(Routing::Words(words)) = &model.routing {
        let known = ["each station once", "every cycle visits", "each cycle visits", "->"];
        if !known.iter().any(|known| words.contains(known)) {
            return Err(format!("model.routing: `{words}` is not understood"));
        }
    }
    let full = |s: &&Station| s.capacity_in_system.and_then(Count::finite).is_some();
    if let Some(station) = model.stations.iter().skip(1).find(full) {
        let what = "what a job does that finds no room";
        return Err(format!("stations.{}.capacity_in_system: {what}", station.name));
    }
    let sources = sources(model)?;
    let names = names(&model.stations);
    let mut draft = Draft::default();
    let mut form = Form::default();
    for (station, name) in model.stations.iter().zip(&names) {
        let has_orbit = station.retry.is_some();
        if station.buffer_before.and_then(Count::finite).is_some() {
            return Err(format!("stations.{}.buffer_before: of no line of stations", station.name));
        }
        draft.component(name, "station", &station::keys(station)?);
        let mut place = station::place(name);
        place.alone = model.stations.len() == 1;
        if has_orbit {
            place.response = Some("latency".to_owned());
            orbit(&mut draft, &mut form);
        }
        form.places.push((station.name.clone(), place));
    }
    let stations: Vec<(&Station, &String)> = model.stations.iter().zip(&names).collect();
    form.classes = traffic(&mut draft, &sources, &names, |source| {
        let mut steps = Vec::new();
        for (station, name) in &stations {
            steps.extend(visits(station, name, source.class.as_deref())?);
        }
        Ok(steps)
    })?;
    if model.stations.iter().any(|station| station.discipline.starts_with("priority")) {
        let ranks =
            sources.iter().enumerate().map(|(i, s)| s.priority.map_or(i + 1, |p| p as usize));
        let ranks: Vec<usize> = ranks.collect();
        let first = ranks.iter().copied().min().unwrap_or(1);
        for (endpoint, rank) in draft.endpoints.iter_mut().zip(ranks) {
            endpoint.priority = Some(rank - first + 1);
        }
    }
    let kinds = sources.iter().map(|source| source.kind);
    let mut kind = kinds.reduce(longer).unwrap_or(Kind::Steady);
    if let Kind::Ensemble { warmup_s, duration_s } = &mut kind
        && *warmup_s > 0.0
    {
        let memory_s = model.stations.iter().map(memory_s).fold(0.0, f64::max);
        *warmup_s = (memory_s / *duration_s).ceil().max(1.0) * *duration_s;
    }
    if matches!(kind, Kind::Ensemble { .. })
        && let Some(initial) = &model.initial
        && !initial.contains("empty")
    {
        return Err(format!("model.initial: `{initial}`: a profile begins empty"));
    }
    let jobs_per_s = pace(&sources, &model.stations);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind });
    Ok(form)
}

/// After so many mean services, times the spread of the law, nothing is left of an empty start.
const FORGOTTEN: f64 = 20.0;

/// How long a station remembers how it began, seconds.
fn memory_s(station: &Station) -> f64 {
    let of = |law: &Law| Some(law.mean().ok()? * law.cv().map_or(1.0, |cv| cv * cv).max(1.0));
    let laws: Vec<&Law> = match &station.service {
        Some(Shape::One(law)) => vec![law],
        Some(Shape::List(laws)) => laws.iter().collect(),
        Some(Shape::Named(laws)) => laws.iter().map(|(_, law)| law).collect(),
        _ => Vec::new(),
    };
    FORGOTTEN * laws.into_iter().filter_map(of).fold(0.0, f64::max)
}

fn longer(a: Kind, b: Kind) -> Kind {
    match (a, b) {
        (Kind::Ensemble { duration_s: x, .. }, Kind::Ensemble { duration_s: y, .. }) if y > x => b,
        (Kind::Steady, _) => b,
        _ => a,
    }
}

/// The visits of a job to a station.
fn visits(station: &Station, name: &str, class: Option<&str>) -> Result<Vec<Step>, String> {
    let law = station::service(station, class)?.text("s")?;
    let serve = format!("serve: {name}, time: {law}");
    if let Some(retry) = &station.retry {
        return retried(serve, retry);
    }
    if let Some(after) = &station.work_after_reply {
        let steps = vec![
            Step::plain(format!("delay: {law}")),
            Step::plain("reply"),
            Step::plain(format!("delay: {}", after.text("s")?)),
        ];
        let head = format!("hold: {name}");
        return Ok(vec![Step::Block { head, key: "steps", steps, tail: Vec::new() }]);
    }
    let times = station.visits_per_cycle.or(station.visits_per_request).unwrap_or(1.0);
    Ok(match times {
        x if x <= 0.0 => Vec::new(),
        1.0 => vec![Step::plain(serve)],
        x if x < 1.0 => vec![Step::plain(format!("{serve}, share: {}", percent(x)))],
        x => {
            let times =
                if x.fract() == 0.0 { number(x) } else { format!("geometric(mean={})", number(x)) };
            let head = format!("repeat: {times}");
            vec![Step::Block { head, key: "steps", steps: vec![Step::plain(serve)], tail: vec![] }]
        }
    })
}

/// A refused job goes to the orbit and comes back, until it is served or gives up.
///
/// The first attempt stands before the loop of repeats, so that each is counted by itself.
fn retried(serve: String, retry: &Retry) -> Result<Vec<Step>, String> {
    let backoff = retry.backoff.text("s")?;
    let attempts = match retry.max_attempts {
        None | Some(Count::Infinite) => "unlimited".to_owned(),
        Some(Count::Is(0 | 1)) => return Ok(vec![Step::Plain(serve)]),
        Some(Count::Is(n)) => (n - 1).to_string(),
    };
    let give_up = match retry.persistence {
        Some(p) if p < 1.0 => {
            Some(Step::plain(format!("fail: gave_up, share: {}", percent(1.0 - p))))
        }
        _ => None,
    };
    // A refusal inside the loop: gives up with its probability, or goes round again.
    let again = match &give_up {
        None => vec![Step::Plain(serve.clone())],
        Some(give_up) => vec![Step::Block {
            head: String::new(),
            key: "try",
            steps: vec![Step::Plain(serve.clone())],
            tail: vec![format!(
                "fallback: {}",
                super::super::profile::flow(&[give_up.clone(), Step::plain("fail: again")])
            )],
        }],
    };
    let on = if give_up.is_some() { "again" } else { "refused" };
    let mut round = vec![Step::plain(format!("serve: orbit, time: {backoff}"))];
    round.extend(again);
    let tail = vec![format!("retry: {{ attempts: {attempts}, backoff: 0s, errors: [{on}] }}")];
    let repeats = Step::Block { head: String::new(), key: "try", steps: round, tail };
    let mut fallback = vec![Step::plain("call: first_refusal")];
    fallback.extend(give_up);
    fallback.push(repeats);
    let tail = vec![format!("fallback: {}", super::super::profile::flow(&fallback))];
    let steps = vec![Step::Plain(serve)];
    Ok(vec![Step::Block { head: String::new(), key: "try", steps, tail }])
}

/// Where refused jobs wait for their next attempt, and what counts first refusals.
fn orbit(draft: &mut Draft, form: &mut Form) {
    draft.component("orbit", "station", &["servers: unlimited".to_owned()]);
    draft.component("first_refusal", "external", &["latency: 0s".to_owned()]);
    let first = ["first_refusal.calls.rate".to_owned(), "offered".to_owned()];
    form.special.extend([
        ("mean_in_orbit".to_owned(), Probe::is("orbit.in_system")),
        ("p_block_first_attempt".to_owned(), Probe::of(How::Over, &first)),
        // By its persistence or after its last attempt: nothing else fails here.
        ("p_give_up".to_owned(), Probe::is("error_rate")),
        ("throughput".to_owned(), Probe::is("throughput")),
    ]);
}

/// The whole route of jobs.
pub(super) fn system(prefix: &str) -> Place {
    let name = |metric: &str| format!("{prefix}{metric}");
    Place {
        response: Some(name("latency")),
        resource: None,
        inside: Some(name("in_flight")),
        calls: Some(name("offered")),
        failed: Some(prefix.trim_end_matches('.').to_owned()),
        alone: true,
    }
}
