//! Jobs that fork a task to each of several stations and join.

use super::super::case::Model;
use super::super::profile::{Draft, Step};
use super::series::{names, pace, system, traffic};
use super::sources::sources;
use super::{Form, Kind, Setup, station};

pub(super) fn form(model: &Model, words: &str) -> Result<Form, String> {
    let join = join(words)?;
    let stations = station::expanded(model);
    let names = names(&stations);
    let sources = sources(model)?;
    let mut draft = Draft::default();
    let mut form = Form::default();
    for (station, name) in stations.iter().zip(&names) {
        station::only(station, &["discipline", "failures", "setup"], "a fork")?;
        draft.component(name, "station", &station::keys(station)?);
        form.places.push((station.name.clone(), station::place(name)));
    }
    form.classes = traffic(&mut draft, &sources, &names, |source| {
        let mut branches = Vec::new();
        for (station, name) in stations.iter().zip(&names) {
            let law = station::service(station, source.class.as_deref())?.text("s")?;
            branches.push(vec![Step::plain(format!("serve: {name}, time: {law}"))]);
        }
        Ok(vec![Step::Parallel { branches, join }])
    })?;
    form.places.push(("system".to_owned(), system("")));
    let jobs_per_s = pace(&sources, &stations);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}

/// How many tasks must end: `None` is all.
fn join(words: &str) -> Result<Option<u32>, String> {
    let tail = words.rsplit("ends when").next().unwrap_or("").trim_start();
    let mut tail = tail.split_whitespace();
    match (tail.next(), words.contains("ends when")) {
        (_, false) | (Some("both" | "all" | "every"), _) => Ok(None),
        (Some("any" | "one"), _) => Ok(Some(1)),
        (Some("the"), _) if tail.next() == Some("first") => Ok(Some(1)),
        (Some(word), _) if word.parse::<u32>().is_ok() => Ok(word.parse().ok()),
        _ => Err("model.routing: it is not understood when a job ends".to_owned()),
    }
}
