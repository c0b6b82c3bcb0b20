//! Stations in line with limited room between them: blocking after service.
//!
//! A job that was served keeps its server until it has a place at the next station. A place is a unit
//! of a station of its own, so that taking and giving back need not nest.

use super::super::case::{Count, Model, Station};
use super::super::probe::{How, Probe};
use super::super::profile::{Draft, Step};
use super::super::shape::Shape;
use super::series::{names, pace, system, traffic};
use super::sources::{Source, sources};
use super::{Form, Kind, Place, Setup, station};

pub(super) fn form(model: &Model, words: &str) -> Result<Form, String> {
    if !words.contains("blocking after service") {
        return Err("model.description: of blocking, only blocking after service".to_owned());
    }
    let stations = &model.stations;
    let names = names(stations);
    let rooms: Vec<Option<u32>> =
        stations.iter().enumerate().map(|(i, s)| room(i, s)).collect::<Result<_, String>>()?;
    let mut draft = Draft::default();
    let mut form = Form::default();
    for (i, (station, name)) in stations.iter().zip(&names).enumerate() {
        station::only(station, &["capacity_in_system", "buffer_before"], "blocking")?;
        let mut keys = vec![station::servers(station)];
        match (i, station.capacity_in_system, station.servers) {
            (0, Some(Count::Is(all)), Count::Is(servers)) if all >= servers => {
                keys.push(format!("queue: {}", all - servers));
            }
            _ => {}
        }
        draft.component(name, "station", &keys);
        // Only arrivals at the first station are refused; nobody calls a station that is taken.
        let failed = Some(String::new()).filter(|_| i == 0);
        let mut place = Place { response: None, calls: None, failed, ..station::place(name) };
        if let Some(places) = rooms[i] {
            let room = room_of(name);
            draft.component(&room, "station", &[format!("servers: {places}")]);
            place.inside = Some(format!("{room}.busy"));
            let before = i - 1;
            if stations[before].servers == Count::Is(1) {
                let blocked = format!("fraction_of_time_{}_blocked", stations[before].name);
                form.special.push((blocked, Probe::is(format!("{room}.queue.length"))));
            }
        }
        if let Some(inside) = &place.inside {
            let by_little = Probe::of(How::Over, &[inside.clone(), "throughput".to_owned()]);
            form.special.push((format!("mean_sojourn@{}", station.name), by_little));
        }
        form.places.push((station.name.clone(), place));
    }
    let sources = match &model.arrivals {
        Some(Shape::One(process)) if process.kind == "saturated" => {
            if rooms.iter().skip(1).any(Option::is_none) {
                let why = "a saturated line has limited room at each further station";
                return Err(format!("model.arrivals.process: {why}"));
            }
            vec![saturated(stations, &rooms)]
        }
        _ => sources(model)?,
    };
    form.classes = traffic(&mut draft, &sources, &names, |source| {
        let mut steps = Vec::new();
        for (i, (station, name)) in stations.iter().zip(&names).enumerate() {
            let law = station::service(station, source.class.as_deref())?.text("s")?;
            if rooms[i].is_some() {
                steps.push(Step::plain(format!("take: {}", room_of(name))));
            }
            if i > 0 {
                release(&mut steps, &names[i - 1], rooms[i - 1]);
            }
            steps.push(Step::plain(format!("take: {name}")));
            steps.push(Step::plain(format!("delay: {law}")));
        }
        if let (Some(last), Some(room)) = (names.last(), rooms.last()) {
            release(&mut steps, last, *room);
        }
        Ok(steps)
    })?;
    form.places.push(("system".to_owned(), system("")));
    let jobs_per_s = pace(&sources, stations);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}

fn room_of(name: &str) -> String {
    format!("room_{name}")
}

fn release(steps: &mut Vec<Step>, name: &str, room: Option<u32>) {
    steps.push(Step::plain(format!("release: {name}")));
    if room.is_some() {
        steps.push(Step::plain(format!("release: {}", room_of(name))));
    }
}

/// Places at a station, waiting and in service; `None` where there is no limit, or where it is the
/// first, whose limit is one of arrivals.
fn room(i: usize, station: &Station) -> Result<Option<u32>, String> {
    let Count::Is(servers) = station.servers else { return Ok(None) };
    let buffer = station.buffer_before.and_then(Count::finite).map(|n| n + servers);
    let all = buffer.or(station.capacity_in_system.and_then(Count::finite));
    match all {
        Some(all) if all < servers => {
            Err(format!("stations.{}.capacity_in_system: less than its servers", station.name))
        }
        _ => Ok(all.filter(|_| i > 0)),
    }
}

/// Jobs enough that one always waits for the first station: they come back at once.
fn saturated(stations: &[Station], rooms: &[Option<u32>]) -> Source {
    let servers = |s: &Station| s.servers.finite().unwrap_or(1);
    let inside = stations.iter().zip(rooms).map(|(s, room)| room.unwrap_or_else(|| servers(s)));
    let n = inside.sum::<u32>() + 2;
    Source {
        class: None,
        station: None,
        keys: format!("clients: {n}"),
        rate: None,
        population: Some(f64::from(n)),
        think_s: 0.0,
        priority: None,
        kind: Kind::Steady,
    }
}
