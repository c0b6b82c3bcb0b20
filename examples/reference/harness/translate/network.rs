//! Stations with probabilities from one to the next, also back: an open Jackson network.
//!
//! A profile's steps have loops and choices but no jumps. The route is a Markov chain; eliminating
//! its stations one by one turns it into a regular expression of visits (Brzozowski and `McCluskey`,
//! IEEE Trans. Electronic Computers 12, 1963): sequence, choice with probabilities, geometric repeat.

use super::super::case::Model;
use super::super::law::{number, percent};
use super::super::probe::{How, Probe};
use super::super::profile::{Draft, Step};
use super::series::{names, pace, traffic};
use super::sources::{Source, sources};
use super::{Form, Kind, Setup, station};

/// Probabilities from a station to others, by name.
type Row = (String, Vec<(String, f64)>);

/// A passage: its probability and what happens on the way, the visit at its end included.
#[derive(Clone, Debug)]
struct Way {
    chance: f64,
    steps: Vec<Step>,
}

/// Most steps of a route: beyond, its stations are too closely woven for a list of steps.
const MOST_STEPS: usize = 2000;

pub(super) fn form(model: &Model, rows: &[Row]) -> Result<Form, String> {
    let names = names(&model.stations);
    let index = |wanted: &str| {
        let found = model.stations.iter().position(|station| station.name == *wanted);
        found.ok_or_else(|| format!("model.routing: there is no station `{wanted}`"))
    };
    let mut draft = Draft::default();
    let mut form = Form::default();
    for (station, name) in model.stations.iter().zip(&names) {
        station::only(
            station,
            &["discipline", "patience", "failures", "setup"],
            "a routing matrix",
        )?;
        draft.component(name, "station", &station::keys(station)?);
        form.places.push((station.name.clone(), station::place(name)));
    }
    let mut sources = sources(model)?;
    let all: f64 = sources.iter().filter_map(|source| source.rate).sum();
    // Poisson arrivals at several stations are one stream whose jobs begin at a station by chance.
    let split =
        sources.iter().all(|source| source.keys.starts_with("rate: ") && source.class.is_none());
    let mut entries: Vec<(usize, f64)> = Vec::new();
    if sources.len() > 1 && split && sources.iter().all(|s| !s.keys.contains(',')) {
        for source in &sources {
            let station = source.station.as_deref().map_or(Ok(0), index)?;
            entries.push((station, source.rate.unwrap_or(0.0) / all));
        }
        sources.truncate(1);
        sources[0] = Source {
            keys: format!("rate: {}/s", number(all)),
            rate: Some(all),
            ..sources[0].clone()
        };
    }
    let mut matrix = vec![vec![0.0; names.len()]; names.len()];
    for (from, row) in rows {
        for (to, chance) in row {
            if matches!(to.as_str(), "leave" | "exit" | "out") {
                continue;
            }
            matrix[index(from)?][index(to)?] = *chance;
        }
    }
    let mut visits = 0.0;
    form.classes = traffic(&mut draft, &sources, &names, |source| {
        let own = source.station.as_deref().map_or(Ok(0), index)?;
        let entries = if entries.is_empty() { vec![(own, 1.0)] } else { entries.clone() };
        let mut serve = Vec::new();
        for (station, name) in model.stations.iter().zip(&names) {
            let law = station::service(station, source.class.as_deref())?.text("s")?;
            serve.push(Step::plain(format!("serve: {name}, time: {law}")));
        }
        visits += 1.0;
        route(&entries, &matrix, &serve)
    })?;
    if let [only] = model.stations.as_slice() {
        let rate = [format!("{}.calls.rate", names[0]), "offered".to_owned()];
        form.special.push(("mean_attempts".to_owned(), Probe::of(How::Over, &rate)));
        let _ = only;
    }
    let jobs_per_s = pace(&sources, &[]);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}

/// The steps of a route through stations with these probabilities.
fn route(
    entries: &[(usize, f64)],
    matrix: &[Vec<f64>],
    serve: &[Step],
) -> Result<Vec<Step>, String> {
    let n = serve.len();
    let (start, exit) = (n, n + 1);
    let mut ways: Vec<Vec<Option<Way>>> = vec![vec![None; n + 2]; n + 2];
    let visit = |chance: f64, to: usize| Way { chance, steps: vec![serve[to].clone()] };
    for (to, chance) in entries.iter().filter(|entry| entry.1 > 0.0) {
        ways[start][*to] = Some(visit(*chance, *to));
    }
    for (from, row) in matrix.iter().enumerate() {
        for (to, chance) in row.iter().enumerate().filter(|way| *way.1 > 0.0) {
            ways[from][to] = Some(visit(*chance, to));
        }
        let leaves = 1.0 - row.iter().sum::<f64>();
        if leaves < -1e-9 {
            return Err("model.routing: probabilities sum to more than 1".to_owned());
        }
        if leaves > 1e-12 {
            ways[from][exit] = Some(Way { chance: leaves, steps: Vec::new() });
        }
    }
    let mut left: Vec<usize> = (0..n).collect();
    while !left.is_empty() {
        let lines = |s: usize| {
            let inner: usize = ways.iter().filter(|row| row[s].is_some()).count();
            inner * ways[s].iter().flatten().count()
        };
        let least = (0..left.len()).min_by_key(|i| lines(left[*i])).unwrap_or(0);
        eliminate(&mut ways, left.remove(least))?;
    }
    match ways[start][exit].take() {
        Some(way) if (way.chance - 1.0).abs() < 1e-6 => Ok(way.steps),
        _ => Err("model.routing: some jobs never leave".to_owned()),
    }
}

/// Replaces a station by ways around it.
fn eliminate(ways: &mut [Vec<Option<Way>>], s: usize) -> Result<(), String> {
    let own = ways[s][s].take();
    let stays = own.as_ref().map_or(0.0, |way| way.chance);
    if stays >= 1.0 {
        return Err("model.routing: some jobs never leave".to_owned());
    }
    let rounds = own.map(|way| Step::Block {
        head: format!("repeat: geometric(mean={})", number(stays / (1.0 - stays))),
        key: "steps",
        steps: way.steps,
        tail: Vec::new(),
    });
    for from in (0..ways.len()).filter(|from| *from != s) {
        let Some(before) = ways[from][s].take() else { continue };
        for to in (0..ways.len()).filter(|to| *to != s) {
            let Some(after) = ways[s][to].clone() else { continue };
            let chance = before.chance * after.chance / (1.0 - stays);
            let mut steps = before.steps.clone();
            steps.extend(rounds.clone());
            steps.extend(after.steps);
            let way = match ways[from][to].take() {
                None => Way { chance, steps },
                Some(other) => {
                    let sum = chance + other.chance;
                    let arms = vec![
                        (percent(other.chance / sum), other.steps),
                        (percent(chance / sum), steps),
                    ];
                    Way { chance: sum, steps: vec![Step::Choose(arms)] }
                }
            };
            if size(&way.steps) > MOST_STEPS {
                return Err("model.routing: too closely woven for a list of steps".to_owned());
            }
            ways[from][to] = Some(way);
        }
    }
    ways[s].fill(None);
    Ok(())
}

fn size(steps: &[Step]) -> usize {
    let of = |step: &Step| match step {
        Step::Plain(_) => 1,
        Step::Block { steps, .. } => 1 + size(steps),
        Step::Parallel { branches, .. } => branches.iter().map(|b| size(b)).sum(),
        Step::Choose(arms) => arms.iter().map(|arm| size(&arm.1)).sum(),
    };
    steps.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::super::profile::flow;
    use super::*;

    fn serve(names: &[&str]) -> Vec<Step> {
        names.iter().map(|name| Step::plain(format!("serve: {name}"))).collect()
    }

    #[test]
    fn feedback_to_itself_is_a_geometric_repeat() {
        let steps = route(&[(0, 1.0)], &[vec![0.2]], &serve(&["q"])).expect("leaves");
        let text = "[ { serve: q }, { repeat: geometric(mean=0.25), steps: [ { serve: q } ] } ]";
        assert_eq!(flow(&steps), text);
    }

    /// Visits by the expression against visits by the traffic equations.
    #[test]
    fn elimination_keeps_the_visit_counts() {
        let matrix = vec![vec![0.0, 0.4, 0.5], vec![0.8, 0.0, 0.0], vec![0.3, 0.2, 0.0]];
        let steps = route(&[(0, 1.0)], &matrix, &serve(&["a", "b", "c"])).expect("leaves");
        let mut found = [0.0; 3];
        count(&steps, 1.0, &mut found);
        let mut visits = [1.0, 0.0, 0.0];
        for _ in 0..1000 {
            let next = |j: usize| (0..3).map(|i| visits[i] * matrix[i][j]).sum::<f64>();
            visits = [1.0 + next(0), next(1), next(2)];
        }
        for (found, visits) in found.iter().zip(visits) {
            assert!((found - visits).abs() < 1e-6, "{found} {visits}");
        }
    }

    fn count(steps: &[Step], weight: f64, found: &mut [f64; 3]) {
        for step in steps {
            match step {
                Step::Plain(text) => {
                    let i = ["a", "b", "c"].iter().position(|name| text.ends_with(name));
                    found[i.expect("a station")] += weight;
                }
                Step::Block { head, steps, .. } => {
                    let mean = head.trim_start_matches("repeat: geometric(mean=");
                    let mean: f64 = mean.trim_end_matches(')').parse().expect("a mean");
                    count(steps, weight * mean, found);
                }
                Step::Choose(arms) => {
                    for (share, steps) in arms {
                        let share: f64 = share.trim_end_matches('%').parse().expect("a share");
                        count(steps, weight * share / 100.0, found);
                    }
                }
                Step::Parallel { .. } => panic!("no branches here"),
            }
        }
    }
}
