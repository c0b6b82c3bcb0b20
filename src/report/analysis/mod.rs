//! The report of `analyze`: what queueing theory says of a profile, with laws, sources and limits.

mod document;
mod page;
mod words;

pub use document::{
    Analysis, AnalysisRow, CacheRow, ClientsRow, KneeRow, LatencyRow, LawRow, ValueRow,
};

use super::figure::{bare, unit_word};
use super::formats::{Case, Document};
use super::layout::Page;
use super::markdown::{Comment, Table, code, escaped};
use super::{Asked, Assumption, SCHEMA_VERSION, Subject, csv};
use crate::analytic::Solution;
use crate::analytic::solution::{ClassSolution, ClosedSolution, Law, StationSolution, Value, What};
use crate::profile::Profile;
use crate::program::{
    Catalogue, ClassId, Counter, FamilyId, Measure, Program, Quantity, StationId,
};

/// What an analysis of one profile found.
#[derive(Clone, Copy, Debug)]
pub struct Solved<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What it was lowered to.
    pub program: &'a Program,
    /// Names of that.
    pub catalogue: &'a Catalogue,
    /// What theory says.
    pub solution: &'a Solution,
    /// The population that the load follows, and its number where something saturates first.
    pub users: Option<(&'a str, f64)>,
}

impl Analysis {
    /// The document on what an analysis found.
    pub fn new(solved: &Solved<'_>, asked: &Asked) -> Self {
        let Solved { profile, solution, .. } = *solved;
        let knee = solved.knee();
        let resources: Vec<AnalysisRow> =
            solution.stations.iter().map(|s| solved.resource(s)).collect();
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let assumption = |a: &crate::profile::Assumption| Assumption {
            name: a.name.clone(),
            says: one_line(&a.says),
            about: a.about.clone(),
        };
        let mut analysis = Self {
            schema_version: SCHEMA_VERSION,
            capplan: env!("CARGO_PKG_VERSION").to_owned(),
            profile: Subject {
                name: profile.name.clone(),
                file: asked.file.clone(),
                users: profile.users.clone(),
                set: asked.sets.clone(),
                scale: asked.scale,
            },
            repeat: asked.repeat.clone(),
            headline: String::new(),
            knee,
            resources,
            traffic: solution.classes.iter().filter_map(|c| solved.latency(c)).collect(),
            clients: solution.closed.iter().map(|c| solved.clients(c)).collect(),
            caches: solved.caches(),
            laws: solved.laws(),
            cannot_say: solved.cannot_say(),
            assumptions: profile.assumptions.iter().map(assumption).collect(),
            defaults: profile.defaults_used.clone(),
            warnings: profile
                .warnings
                .iter()
                .map(|fault| match &fault.hint {
                    Some(hint) => format!("{}: {}; {hint}", fault.path, fault.message),
                    None => format!("{}: {}", fault.path, fault.message),
                })
                .collect(),
        };
        // What is full first stands first.
        let full = |row: &AnalysisRow| row.saturation.unwrap_or(f64::INFINITY);
        analysis.resources.sort_by(|a, b| full(a).total_cmp(&full(b)));
        analysis.headline = analysis.sentence();
        analysis
    }

    /// One sentence on the knee.
    fn sentence(&self) -> String {
        if let Some(knee) = &self.knee {
            let rate = page::per_second(knee.requests_per_s);
            let open = if self.clients.is_empty() { "" } else { " of open traffic" };
            let load = format!("{} this load", factor(knee.factor));
            let (at, or) = match (&knee.population, knee.users) {
                (Some(name), Some(n)) => (format!("{} {name} users", about(n)), load),
                _ => (load, String::new()),
            };
            let also = if or.is_empty() { rate } else { format!("{or}, {rate}") };
            return if knee.factor < 1.0 {
                format!("{} is overloaded: full at {at} ({also}{open})", knee.resource)
            } else {
                format!("{} saturates first, at {at} ({also}{open})", knee.resource)
            };
        }
        let mut populations = self.clients.iter();
        match populations.next() {
            Some(ClientsRow {
                bottleneck: Some(resource),
                saturation_clients: Some(n),
                throughput_high_per_s: Some(x),
                traffic,
                ..
            }) => format!(
                "{resource} saturates first, from about {} clients of {traffic}; at most {} in all",
                bare(*n, Quantity::Count),
                bare(*x, Quantity::Rate)
            ),
            _ => "nothing that has a limit is asked for".to_owned(),
        }
    }
}

/// A number of users, to three digits.
fn about(n: f64) -> String {
    let step = 10_f64.powf((n.max(1.0).log10().floor() - 2.0).max(0.0));
    bare((n / step).round() * step, Quantity::Count)
}

/// A factor on the load: `1.23 times`.
fn factor(x: f64) -> String {
    match x {
        x if x >= 100.0 => format!("{x:.0} times"),
        x if x >= 10.0 => format!("{x:.1} times"),
        x => format!("{x:.2} times"),
    }
}

impl Solved<'_> {
    fn at(&self, station: StationId) -> String {
        words::station(self.catalogue, self.program.stations[station.index()].owner, station)
    }

    fn knee(&self) -> Option<KneeRow> {
        let knee = self.solution.knee?;
        let view = self.catalogue.resources.iter().find(|r| r.stations.contains(&knee.station));
        Some(KneeRow {
            resource: self.at(knee.station),
            factor: knee.factor,
            requests_per_s: knee.requests_per_s,
            population: self.users.map(|u| u.0.to_owned()),
            users: self.users.map(|u| u.1),
            sized_by: view.and_then(|view| view.sized_by.clone()),
        })
    }

    fn value(&self, value: &Value) -> ValueRow {
        ValueRow {
            name: value.what.name(),
            of: value.class.map(|class| self.class(class).1),
            value: value.value,
            unit: unit_word(value.what.quantity()),
            status: value.status.word(),
            law: value.law.name,
        }
    }

    fn class(&self, class: ClassId) -> (String, String) {
        let class = self.program.classes[class.index()];
        let name =
            |names: &[String], i: u16| names.get(usize::from(i)).cloned().unwrap_or_default();
        (
            name(&self.catalogue.traffic, class.traffic),
            name(&self.catalogue.endpoints, class.endpoint),
        )
    }

    fn resource(&self, s: &StationSolution) -> AnalysisRow {
        let owner = self.program.stations[s.station.index()].owner;
        let component = self.catalogue.components.get(owner.index());
        let view = self.catalogue.resources.iter().find(|r| r.stations.contains(&s.station));
        let first = s.values.iter().max_by_key(|v| v.status);
        let because =
            s.obstacles.first().map(|o| words::obstacle(self.catalogue, &|s| self.at(s), o));
        AnalysisRow {
            component: words::component(self.catalogue, owner),
            kind: component.map_or("", |c| c.kind),
            resource: self.at(s.station),
            unit: view.map_or("unit", |view| view.unit),
            size: s.units.is_finite().then_some(s.units),
            arrivals_per_s: s.arrivals_per_s,
            service_s: s.service_s,
            offered: s.offered,
            utilization: s.units.is_finite().then_some(s.rho),
            saturation: s.saturation,
            status: first.map(|v| v.status.word()),
            law: first.map(|v| v.law.name),
            values: s.values.iter().map(|v| self.value(v)).collect(),
            because,
        }
    }

    fn latency(&self, c: &ClassSolution) -> Option<LatencyRow> {
        let (traffic, endpoint) = self.class(c.class);
        let is_open = c.offered_per_s > 0.0;
        (is_open || c.alone_s > 0.0 || !c.values.is_empty()).then(|| LatencyRow {
            traffic,
            endpoint,
            offered_per_s: is_open.then_some(c.offered_per_s),
            alone_s: c.alone_s,
            values: c.values.iter().map(|v| self.value(v)).collect(),
        })
    }

    fn clients(&self, c: &ClosedSolution) -> ClientsRow {
        let finite = |x: f64| x.is_finite().then_some(x);
        ClientsRow {
            traffic: self.catalogue.sources.get(c.source).cloned().unwrap_or_default(),
            clients: c.clients,
            think_s: c.think_s,
            demand_s: c.demand_s,
            saturation_clients: finite(c.saturation),
            bottleneck: c.bottleneck.map(|station| self.at(station)),
            throughput_low_per_s: c.throughput_per_s.low,
            throughput_high_per_s: finite(c.throughput_per_s.high),
            response_low_s: c.response_s.low,
            response_high_s: finite(c.response_s.high),
            bounds: c.law.name,
            values: c.values.iter().map(|v| self.value(v)).collect(),
        }
    }

    fn caches(&self) -> Vec<CacheRow> {
        let row = |(number, value): (usize, &Option<Value>)| {
            let value = (*value)?;
            Some(CacheRow {
                name: self.family(FamilyId(number as u16)),
                hit_ratio: value.value,
                status: value.status.word(),
                law: value.law.name,
            })
        };
        self.solution.families.iter().enumerate().filter_map(row).collect()
    }

    /// The metric of a family's hits, else its cache's name.
    fn family(&self, family: FamilyId) -> String {
        let own = |measure: &Measure| matches!(measure, Measure::Share(hits, _) if hits.as_slice() == [Counter::Hits(family)]);
        let named = self.catalogue.metrics.iter().filter(|m| own(&m.measure));
        let longest = named.max_by_key(|m| m.name.len());
        let owner = self.program.families[family.index()].owner;
        longest.map_or_else(|| words::component(self.catalogue, owner), |m| m.name.clone())
    }

    /// Laws in the order of their first use, with what they are used for.
    fn laws(&self) -> Vec<LawRow> {
        let solution = self.solution;
        let mut used: Vec<LawRow> = Vec::new();
        let mut add =
            |law: Law, name: String| match used.iter_mut().find(|row| row.name == law.name) {
                Some(row) if row.of.contains(&name) => {}
                Some(row) => row.of.push(name),
                None => used.push(LawRow { name: law.name, source: law.source, of: vec![name] }),
            };
        for s in &solution.stations {
            s.values.iter().for_each(|v| add(v.law, self.at(s.station)));
        }
        for c in &solution.closed {
            let name = self.catalogue.sources.get(c.source).cloned().unwrap_or_default();
            add(c.law, name.clone());
            c.values.iter().for_each(|v| add(v.law, name.clone()));
        }
        for c in &solution.classes {
            c.values.iter().for_each(|v| add(v.law, self.class(c.class).1));
        }
        for (number, value) in solution.families.iter().enumerate() {
            if let Some(value) = value {
                add(value.law, self.family(FamilyId(number as u16)));
            }
        }
        used
    }

    fn cannot_say(&self) -> Vec<String> {
        let at = |station| self.at(station);
        let whole = self.solution.obstacles.iter();
        let parts = self.solution.stations.iter().flat_map(|s| &s.obstacles);
        let mut all: Vec<String> = Vec::new();
        for obstacle in whole.chain(parts) {
            let sentence = words::obstacle(self.catalogue, &at, obstacle);
            if !all.contains(&sentence) {
                all.push(sentence);
            }
        }
        all
    }
}

impl Document for Analysis {
    const KIND: &'static str = "analyze";

    fn subject(&self) -> String {
        self.profile.file.clone()
    }

    fn page(&self, page: &mut Page) {
        page::analysis(page, self);
    }

    fn comment(&self, comment: &mut Comment) {
        comment.text(format!("### {}", escaped(&Document::headline(self))));
        let mut resources =
            Table::new(&["resource", "offered>", "size>", "utilization>", "saturated at>", "law"]);
        for row in &self.resources {
            resources.row([
                code(&row.resource),
                escaped(&page::offered(row)),
                escaped(&page::size(row)),
                row.utilization.map_or_else(String::new, |x| bare(x, Quantity::Ratio)),
                row.saturation.map_or_else(String::new, factor),
                row.law.map_or_else(String::new, escaped),
            ]);
        }
        comment.table(&resources);
        comment.folded_list("What this cannot say", self.cannot_say.iter().map(|s| escaped(s)));
        comment.folded_list("Warnings", self.warnings.iter().map(|w| escaped(w)));
        comment.text(format!("<sub>capplan {} · {}</sub>", self.capplan, code(&self.repeat)));
    }

    fn titles() -> &'static [&'static str] {
        &["profile", "kind", "name", "of", "quantity", "value", "unit", "status", "law"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut add = |kind: &str, name: &str, v: &ValueRow| {
            rows.push(vec![
                self.profile.file.clone(),
                kind.to_owned(),
                name.to_owned(),
                v.of.clone().unwrap_or_default(),
                v.name.clone(),
                csv::number(Some(v.value)),
                v.unit.to_owned(),
                v.status.to_owned(),
                v.law.to_owned(),
            ]);
        };
        let arithmetic = |name: &str, value: f64, unit: &'static str| ValueRow {
            name: name.to_owned(),
            of: None,
            value,
            unit,
            status: "exact",
            law: "arithmetic",
        };
        for row in &self.resources {
            add("resource", &row.resource, &arithmetic("offered", row.offered, "count"));
            if let Some(rho) = row.utilization {
                add("resource", &row.resource, &arithmetic("offered_share", rho, "ratio"));
            }
            row.values.iter().for_each(|v| add("resource", &row.resource, v));
        }
        for row in &self.traffic {
            let name = format!("{}/{}", row.traffic, row.endpoint);
            row.values.iter().for_each(|v| add("latency", &name, v));
        }
        for row in &self.clients {
            row.values.iter().for_each(|v| add("clients", &row.traffic, v));
        }
        for row in &self.caches {
            let value = ValueRow {
                name: What::HitRatio.name(),
                of: None,
                value: row.hit_ratio,
                unit: unit_word(What::HitRatio.quantity()),
                status: row.status,
                law: row.law,
            };
            add("cache", &row.name, &value);
        }
        rows
    }

    fn cases(&self) -> Vec<Case> {
        Vec::new()
    }

    fn headline(&self) -> String {
        format!("{}: {}", self.profile.name, self.headline)
    }
}

/// The words of a value that the table has a column for.
fn mean_wait(values: &[ValueRow]) -> Option<&ValueRow> {
    values.iter().find(|v| v.of.is_none() && v.name == What::Wait.name())
}

/// The mean latency among the values of a class.
fn mean_response(values: &[ValueRow]) -> Option<&ValueRow> {
    values.iter().find(|v| v.of.is_none() && v.name == What::Response.name())
}
