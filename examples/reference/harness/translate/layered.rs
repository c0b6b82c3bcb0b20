//! Jobs that hold one thing while they wait for another: workers that hold a connection.

use super::super::case::{Count, Model, Routing, Station};
use super::super::law::Law;
use super::super::probe::Probe;
use super::super::profile::{Draft, Step};
use super::series::{names, pace, system, traffic};
use super::sources::{Source, sources};
use super::{Form, Kind, Place, Setup, station};

/// Phases, each with what it needs: the first need is held all along.
pub(super) fn phases(model: &Model) -> Result<Form, String> {
    let names = names(&model.stations);
    let sources = sources(model)?;
    let mut needs: Vec<Vec<usize>> = Vec::new();
    for phase in &model.phases {
        let of = |need: &String| named(&model.stations, need, "phases.needs");
        needs.push(phase.needs.iter().map(of).collect::<Result<_, String>>()?);
    }
    for station in &model.stations {
        station::only(station, &[], "phases")?;
    }
    let worker = needs.first().and_then(|first| first.first()).copied();
    let nested =
        worker.filter(|worker| needs.iter().all(|need| need.contains(worker) && need.len() <= 2));
    let mut form = Form::default();
    let mut draft = Draft::default();
    let steps = if let Some(worker) = nested {
        nested_components(model, &names, worker, &mut draft, &mut form)?;
        nested_steps(model, &names, worker, &needs)?
    } else {
        for (station, name) in model.stations.iter().zip(&names) {
            draft.component(name, "station", &[station::servers(station)]);
            form.places.push((station.name.clone(), station::place(name)));
        }
        taken_steps(model, &names, &needs)?
    };
    form.places.push(("system".to_owned(), system("")));
    form.classes = traffic(&mut draft, &sources, &names, |_| Ok(steps.clone()))?;
    let jobs_per_s = pace(&sources, &[]);
    let demand: f64 = model.phases.iter().map(Law::mean).sum::<Result<f64, String>>()?;
    let servers = |i: usize| f64::from(model.stations[i].servers.finite().unwrap_or(u32::MAX));
    // No more than the workers let pass, were there nothing else to wait for.
    let most = worker.map_or(f64::INFINITY, |worker| servers(worker) / demand);
    let main = Setup { what: "", draft, jobs_per_s: jobs_per_s.min(most), kind: Kind::Steady };
    if let Some(worker) = nested {
        let clients = 2 * model.stations[worker].servers.finite().unwrap_or(1);
        form.runs = vec![main.clone(), saturated(main, clients, most)];
        form.special.push(("capacity_limit".to_owned(), Probe::is("throughput").in_run(1)));
    } else {
        form.runs = vec![main];
    }
    Ok(form)
}

/// The same system with always a job that waits for a worker: what it can do at most.
fn saturated(main: Setup, clients: u32, most: f64) -> Setup {
    let mut setup = Setup { what: "saturated", jobs_per_s: most, ..main };
    for (_, keys) in &mut setup.draft.traffic {
        let mix = keys.split(", mix: ").nth(1).unwrap_or("visit }").to_owned();
        *keys = format!("{{ clients: {clients}, mix: {mix}");
    }
    setup
}

fn nested_components(
    model: &Model,
    names: &[String],
    worker: usize,
    draft: &mut Draft,
    form: &mut Form,
) -> Result<(), String> {
    for (i, (station, name)) in model.stations.iter().zip(names).enumerate() {
        let Count::Is(servers) = station.servers else {
            return Err(format!(
                "stations.{}.servers: unlimited, yet needed by phases",
                station.name
            ));
        };
        let place = if i == worker {
            let keys = ["runtime: process".into(), format!("workers: {servers}"), BACKLOG.into()];
            draft.component(name, "service", &keys);
            Place { resource: Some(format!("{name}.workers")), ..system("") }
        } else {
            pool(draft, name, servers)
        };
        form.places.push((station.name.clone(), place));
    }
    Ok(())
}

/// Waiting room that no case fills.
const BACKLOG: &str = "backlog: 1_000_000";

/// A database whose connections are what jobs wait for.
fn pool(draft: &mut Draft, name: &str, size: u32) -> Place {
    // Longer than anybody waits in a case without a time limit.
    let pool = format!("pool: {{ size: {size}, timeout: 30d, scope: service }}");
    draft.component(name, "database", &[pool]);
    Place {
        response: Some(format!("{name}.response")),
        resource: Some(format!("{name}.pool")),
        inside: None,
        calls: Some(format!("{name}.calls.rate")),
        failed: Some(name.to_owned()),
        alone: false,
    }
}

/// Neighbouring phases that need the same connection keep it.
fn nested_steps(
    model: &Model,
    names: &[String],
    worker: usize,
    needs: &[Vec<usize>],
) -> Result<Vec<Step>, String> {
    let other = |i: usize| needs[i].iter().copied().find(|need| *need != worker);
    let (mut steps, mut i) = (Vec::new(), 0);
    while i < needs.len() {
        let same = (i..needs.len()).take_while(|j| other(*j) == other(i)).count();
        let law = |j: usize| model.phases[j].text("s");
        match other(i) {
            None => {
                for j in i..i + same {
                    steps.push(Step::plain(format!("delay: {}", law(j)?)));
                }
            }
            Some(db) if same == 1 => {
                steps.push(Step::plain(format!("query: {}, time: {}", names[db], law(i)?)));
            }
            Some(db) => {
                let inner = (i..i + same).map(|j| Ok(Step::plain(format!("delay: {}", law(j)?))));
                let inner = inner.collect::<Result<Vec<_>, String>>()?;
                let head = format!("hold: {}", names[db]);
                steps.push(Step::Block { head, key: "steps", steps: inner, tail: vec![] });
            }
        }
        i += same;
    }
    Ok(steps)
}

/// Anything else: taken when first needed, given back when no longer.
fn taken_steps(model: &Model, names: &[String], needs: &[Vec<usize>]) -> Result<Vec<Step>, String> {
    let (mut steps, mut held): (Vec<Step>, Vec<usize>) = (Vec::new(), Vec::new());
    for (phase, need) in model.phases.iter().zip(needs) {
        for gone in held.iter().filter(|h| !need.contains(h)) {
            steps.push(Step::plain(format!("release: {}", names[*gone])));
        }
        for new in need.iter().filter(|n| !held.contains(n)) {
            steps.push(Step::plain(format!("take: {}", names[*new])));
        }
        held.clone_from(need);
        steps.push(Step::plain(format!("delay: {}", phase.text("s")?)));
    }
    steps.extend(held.iter().map(|held| Step::plain(format!("release: {}", names[*held]))));
    Ok(steps)
}

/// The station that a word of the case means.
fn named(stations: &[Station], word: &str, field: &str) -> Result<usize, String> {
    let word = word.to_lowercase();
    let means = |station: &Station| {
        let name = station.name.to_lowercase();
        word.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| {
            part.len() > 1 && (name.starts_with(part) || part.starts_with(name.as_str()))
        })
    };
    let found = stations.iter().position(means);
    found.ok_or_else(|| format!("model.{field}: `{word}` is no station"))
}

/// Workers held from start to end of a job, which visits shared cores and connections.
pub(super) fn tiers(model: &Model) -> Result<Form, String> {
    let names = names(&model.stations);
    let sources = sources(model)?;
    let is_held = |s: &Station| s.service.as_ref().is_some_and(|s| s.text().is_some());
    let workers: Vec<usize> = (0..names.len()).filter(|i| is_held(&model.stations[*i])).collect();
    let [worker] = workers[..] else {
        return Err("stations.service: more than one is held from start to end".to_owned());
    };
    let held = model.stations[worker].service.as_ref().and_then(|s| s.text()).unwrap_or("");
    if !held.contains("from start to end") {
        return Err(format!(
            "stations.{}.service: only words: `{held}`",
            model.stations[worker].name
        ));
    }
    let shared: Vec<usize> =
        (0..names.len()).filter(|i| model.stations[*i].discipline == "ps").collect();
    if shared.len() > 1 {
        return Err("stations.discipline: a service has one set of cores".to_owned());
    }
    let mut form = Form::default();
    let mut draft = Draft::default();
    for (i, (station, name)) in model.stations.iter().zip(&names).enumerate() {
        station::only(station, &["visits_per_request", "discipline"], "workers held all along")?;
        let Count::Is(servers) = station.servers else {
            return Err(format!("stations.{}.servers: unlimited below workers", station.name));
        };
        let place = if i == worker {
            let mut keys = vec!["runtime: thread".to_owned(), "workers: 1".to_owned()];
            keys.push(format!("threads: {servers}"));
            if let Some(Count::Is(cores)) = shared.first().map(|i| model.stations[*i].servers) {
                keys.push(format!("cores: {cores}"));
            }
            keys.push(BACKLOG.to_owned());
            draft.component(name, "service", &keys);
            Place { resource: Some(format!("{name}.threads")), ..system("") }
        } else if shared.contains(&i) {
            let resource = Some(format!("{}.cpu", names[worker]));
            Place { resource, ..Place::default() }
        } else {
            pool(&mut draft, name, servers)
        };
        form.places.push((station.name.clone(), place));
    }
    form.places.push(("system".to_owned(), system("")));
    let route = route(model, worker)?;
    form.classes = traffic(&mut draft, &sources, &names, |source| {
        let step = |i: &usize| tier_step(&model.stations[*i], &names[*i], source);
        route.iter().map(step).collect()
    })?;
    let below: Vec<Station> = model
        .stations
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != worker)
        .map(|s| s.1.clone())
        .collect();
    let jobs_per_s = pace(&sources, &below);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}

fn tier_step(station: &Station, name: &str, source: &Source) -> Result<Step, String> {
    let law = station::service(station, source.class.as_deref())?.text("s")?;
    Ok(Step::plain(match station.discipline.as_str() {
        "ps" => format!("cpu: {law}"),
        _ => format!("query: {name}, time: {law}"),
    }))
}

/// Stations below the workers in the order of a job: as the routing says, else each as often as it is
/// visited.
fn route(model: &Model, worker: usize) -> Result<Vec<usize>, String> {
    if let Some(Routing::Words(words)) = &model.routing {
        let stops = words.split("->").map(|stop| stop.trim().to_lowercase());
        let mut route = Vec::new();
        for stop in stops {
            let passes = ["take", "release", "think", "leave", "done", "reply"];
            if passes.iter().any(|word| stop.starts_with(word)) {
                continue;
            }
            route.push(named(&model.stations, &stop, "routing")?);
        }
        return Ok(route);
    }
    let mut route = Vec::new();
    for (i, station) in model.stations.iter().enumerate().filter(|(i, _)| *i != worker) {
        let visits = station.visits_per_request.unwrap_or(1.0);
        if visits.fract() != 0.0 {
            let name = &station.name;
            return Err(format!("stations.{name}.visits_per_request: {visits} without a routing"));
        }
        route.extend(std::iter::repeat_n(i, visits as usize));
    }
    Ok(route)
}
