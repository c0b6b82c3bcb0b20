//! Stations of the schema as stations of a profile.

use super::super::case::{Count, Model, Station};
use super::super::law::Law;
use super::super::shape::Shape;
use super::Place;

/// The law of a station's service for a class of jobs.
pub(super) fn service<'a>(station: &'a Station, class: Option<&str>) -> Result<&'a Law, String> {
    let missing = || format!("stations.{}.service: none for this class", station.name);
    match &station.service {
        Some(Shape::One(law)) => Ok(law),
        Some(Shape::List(laws)) => {
            laws.iter().find(|law| law.job_class.as_deref() == class).ok_or_else(missing)
        }
        Some(Shape::Named(laws)) => {
            let of = laws.iter().find(|(name, _)| Some(name.as_str()) == class);
            of.map(|(_, law)| law).ok_or_else(missing)
        }
        Some(Shape::Text(words)) => {
            Err(format!("stations.{}.service: only words: `{words}`", station.name))
        }
        None => Err(missing()),
    }
}

/// Servers as profiles write them.
pub(super) fn servers(station: &Station) -> String {
    match station.servers {
        Count::Is(n) if station.discipline != "is" => format!("servers: {n}"),
        _ => "servers: unlimited".to_owned(),
    }
}

/// The keys of a station, all its features included.
pub(super) fn keys(station: &Station) -> Result<Vec<String>, String> {
    let wrong = |key: &str, why: String| Err(format!("stations.{}.{key}: {why}", station.name));
    let mut keys = vec![servers(station)];
    match (station.capacity_in_system.and_then(Count::finite), station.servers.finite()) {
        (Some(all), Some(servers)) if all >= servers => {
            keys.push(format!("queue: {}", all - servers));
        }
        (Some(all), _) => {
            return wrong("capacity_in_system", format!("{all} is less than its servers"));
        }
        (None, _) => {}
    }
    match station.discipline.as_str() {
        "fcfs" | "fifo" | "is" => {}
        "ps" => keys.push("discipline: processor_sharing".to_owned()),
        "priority_nonpreemptive" => keys.push("discipline: priority".to_owned()),
        "priority_preemptive_resume" => keys.push("discipline: preemptive_priority".to_owned()),
        "polling_exhaustive" => keys.push("discipline: polling".to_owned()),
        "polling_gated" => keys.push("discipline: polling, visit: gated".to_owned()),
        "polling_limited" | "polling_1_limited" | "polling_one_limited" => {
            keys.push("discipline: polling, limited: 1".to_owned());
        }
        other => return wrong("discipline", format!("`{other}` is none of the language")),
    }
    if let Some(law) = &station.patience {
        keys.push(format!("patience: {}", law.text("s")?));
    }
    if let Some(law) = &station.switchover {
        keys.push(format!("switchover: {}", law.text("s")?));
    }
    if let Some(law) = &station.setup {
        keys.push(format!("setup: {}", law.text("s")?));
        let off = match &station.idle_off {
            None => "0s".to_owned(),
            Some(Shape::Text(word)) if matches!(word.as_str(), "immediately" | "at once") => {
                "0s".to_owned()
            }
            Some(Shape::One(law)) => law.text("s")?,
            Some(_) => return wrong("idle_off", "only words".to_owned()),
        };
        keys.push(format!("idle_off: {off}"));
    }
    if let Some(failures) = &station.failures {
        let (when, job) = (failures.when.to_lowercase(), failures.job.to_lowercase());
        if when.contains("only") {
            return wrong("failures.when", format!("`{when}`: servers also fail while idle"));
        }
        let resumes = job.contains("resume") || service(station, None)?.is_exponential();
        let work = if job.contains("lost") { "fails" } else { "resumes" };
        if work == "resumes" && !resumes {
            return wrong("failures.job", format!("`{job}` is neither resumed nor lost"));
        }
        keys.push(format!(
            "failures: {{ mtbf: {}, mttr: {}, each: server, work: {work} }}",
            failures.up.text("s")?,
            failures.down.text("s")?
        ));
    }
    Ok(keys)
}

/// Refuses features of a station that a structure does not carry over: nothing is silently dropped.
pub(super) fn only(station: &Station, allowed: &[&str], structure: &str) -> Result<(), String> {
    let finite = station.capacity_in_system.and_then(Count::finite).is_some();
    let set = [
        ("capacity_in_system", finite),
        ("visits_per_cycle", station.visits_per_cycle.is_some()),
        ("visits_per_request", station.visits_per_request.is_some()),
        ("patience", station.patience.is_some()),
        ("setup", station.setup.is_some()),
        ("idle_off", station.idle_off.is_some()),
        ("failures", station.failures.is_some()),
        ("retry", station.retry.is_some()),
        ("switchover", station.switchover.is_some()),
        ("work_after_reply", station.work_after_reply.is_some()),
        ("buffer_before", station.buffer_before.and_then(Count::finite).is_some()),
        ("discipline", !matches!(station.discipline.as_str(), "fcfs" | "fifo")),
    ];
    match set.iter().find(|(key, set)| *set && !allowed.contains(key)) {
        Some((key, _)) => {
            Err(format!("stations.{}.{key}: not together with {structure}", station.name))
        }
        None => Ok(()),
    }
}

/// What stations of a profile measure.
pub(super) fn place(name: &str) -> Place {
    Place {
        response: Some(format!("{name}.response")),
        resource: Some(name.to_owned()),
        inside: Some(format!("{name}.in_system")),
        calls: Some(format!("{name}.calls.rate")),
        failed: Some(name.to_owned()),
        alone: false,
    }
}

/// Stations, each of several identical ones by itself: `b1..b8`, or a note that says how many.
pub(super) fn expanded(model: &Model) -> Vec<Station> {
    let mut all = Vec::new();
    for station in &model.stations {
        match range(&station.name) {
            Some((stem, from, to)) => {
                all.extend(
                    (from..=to).map(|i| Station { name: format!("{stem}{i}"), ..station.clone() }),
                );
            }
            None => {
                match identical(station) {
                    Some(n) if n > 1 => all.extend((1..=n).map(|i| Station {
                        name: format!("{}_{i}", station.name),
                        ..station.clone()
                    })),
                    _ => all.push(station.clone()),
                }
            }
        }
    }
    all
}

/// `b1..b8` in its parts.
fn range(name: &str) -> Option<(&str, u32, u32)> {
    let (from, to) = name.split_once("..")?;
    let stem = from.trim_end_matches(|c: char| c.is_ascii_digit());
    let to = to.strip_prefix(stem).unwrap_or(to);
    Some((stem, from[stem.len()..].parse().ok()?, to.parse().ok()?))
}

/// The number in `100 identical single-server stations`.
fn identical(station: &Station) -> Option<u32> {
    let note = station.note.as_deref()?;
    note.contains("identical").then(|| note.split_whitespace().next()?.parse().ok())?
}
