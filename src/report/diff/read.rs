//! Facts from JSON results of `simulate` and `phases`, whoever wrote them.

use serde_json::Value;

use crate::program::Quantity;
use crate::report::figure::unit_word;
use crate::report::phases::PhaseRow;
use crate::report::{Report, SCHEMA_VERSION};
use crate::source::Place;
use crate::study::diff::{Fact, Facts, Stated};
use crate::verdict::estimate::{LARGEST_SEEN, TOO_FEW};
use crate::verdict::{Estimate, NO_STEADY_STATE, Verdict};

/// Which command wrote a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `simulate`.
    Simulate,
    /// `phases`.
    Phases,
}

impl Kind {
    /// The command.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Simulate => "simulate",
            Self::Phases => "phases",
        }
    }
}

/// A result with what it is about.
#[derive(Clone, Debug)]
pub struct Results {
    /// Which command wrote it.
    pub kind: Kind,
    /// Title of the profile or scenario.
    pub name: String,
    /// Phase, end and facts, in the order of the document.
    pub parts: Vec<(Option<String>, Option<&'static str>, Facts)>,
}

/// Reads a result: a document of `simulate` (or an array of them) or of `phases`.
///
/// # Errors
/// Why it is none.
pub fn read(text: &str) -> Result<Results, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    if let Value::Array(several) = &value {
        let parts: Result<Vec<_>, String> = several
            .iter()
            .map(|report| {
                known(report)?;
                Ok((Some(text_of(&report["profile"], "name")?), None, facts(report)?))
            })
            .collect();
        let (kind, name) = (Kind::Simulate, format!("{} profiles", several.len()));
        return Ok(Results { kind, name, parts: parts? });
    }
    known(&value)?;
    match value["document"].as_str() {
        None if value["profile"].is_object() => {
            let name = text_of(&value["profile"], "name")?;
            let parts = vec![(None, None, facts(&value)?)];
            Ok(Results { kind: Kind::Simulate, name, parts })
        }
        Some("phases") => {
            let name = text_of(&value["scenario"], "name")?;
            let mut parts = Vec::new();
            for row in list(&value["phases"]) {
                let phase = text_of(row, "name")?;
                let is_range = row["low"].is_object();
                for end in ["low", "high"].into_iter().filter(|end| row[end].is_object()) {
                    let mut facts = facts(&row[end]["report"])?;
                    if end == "high" {
                        facts.objectives.extend(promises(row));
                        facts.verdict = verdict(&row["verdict"]).or(facts.verdict);
                    }
                    parts.push((Some(phase.clone()), is_range.then_some(end), facts));
                }
            }
            Ok(Results { kind: Kind::Phases, name, parts })
        }
        Some(other) => Err(format!("it is a result of `{other}`, not of `simulate` or `phases`")),
        None => Err("it is no result of `simulate` or `phases`".to_owned()),
    }
}

/// The facts of a report that is at hand.
pub fn facts_of(report: &Report) -> Facts {
    let value = serde_json::to_value(report).expect("a report is plain data");
    facts(&value).expect("a report has the form of a report")
}

/// The facts with what the plan promised of the phase.
#[must_use]
pub fn with_promises(mut facts: Facts, row: &PhaseRow) -> Facts {
    facts.objectives.extend(row.promises.iter().map(|promise| kept(&promise.id, promise.verdict)));
    facts.verdict = facts.verdict.map(|verdict| verdict.and(row.verdict));
    facts
}

fn kept(id: &str, verdict: Verdict) -> Stated {
    Stated {
        name: id.to_owned(),
        kind: "promise".to_owned(),
        expression: "costs what the plan promised".to_owned(),
        verdict,
        place: None,
    }
}

fn known(value: &Value) -> Result<(), String> {
    match value["schema_version"].as_u64() {
        Some(version) if version == u64::from(SCHEMA_VERSION) => Ok(()),
        Some(version) => Err(format!(
            "its schema_version is {version}; this capplan reads {SCHEMA_VERSION}: write it again"
        )),
        None => Err("it has no schema_version: it is no result of capplan".to_owned()),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text_of(value: &Value, key: &str) -> Result<String, String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| format!("it has no `{key}`"))
}

fn verdict(value: &Value) -> Option<Verdict> {
    let all = [Verdict::Holds, Verdict::Undecided, Verdict::Fails];
    all.into_iter().find(|verdict| Some(verdict.word()) == value.as_str())
}

fn facts(report: &Value) -> Result<Facts, String> {
    let metrics = report["metrics"].as_object().ok_or("it has no `metrics`")?;
    let mut facts = Facts {
        verdict: verdict(&report["verdict"]),
        traffic: list(&report["traffic"])
            .filter(|row| row["kind"] == "traffic")
            .filter_map(|row| row["name"].as_str().map(str::to_owned))
            .collect(),
        metrics: metrics.iter().filter_map(|(name, value)| fact(name, estimate(value)?)).collect(),
        objectives: list(&report["objectives"]).filter_map(stated).collect(),
        bottleneck: report["bottlenecks"][0]["resource"].as_str().map(str::to_owned),
        headroom: report["headroom"]["holds"]
            .as_f64()
            .map(|holds| (holds, report["headroom"]["breaks"].as_f64())),
        state: report["run"]["state"].as_str().unwrap_or_default().to_owned(),
        overloads: list(&report["overloads"]).filter_map(overload).collect(),
        replications: report["run"]["replications"].as_u64().unwrap_or(0) as u32,
        confidence: report["run"]["confidence"].as_f64().unwrap_or(0.95),
    };
    // What helps nobody is no bottleneck: a ranking of suspects changes with the weather.
    if !report["bottlenecks"][0]["effect"]["is_significant"].as_bool().unwrap_or(false) {
        facts.bottleneck = None;
    }
    let money = money(&report["cost"], &facts.metrics);
    facts.metrics.extend(money);
    Ok(facts)
}

fn fact(name: &str, estimate: Estimate) -> Option<Fact> {
    if estimate.value.is_none() && estimate.note != Some(NO_STEADY_STATE) {
        return None;
    }
    Some(Fact { name: name.to_owned(), estimate, samples: Vec::new() })
}

/// A number, or a text of digits.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|x| x.is_finite())
}

fn estimate(value: &Value) -> Option<Estimate> {
    const ALL: [Quantity; 7] = [
        Quantity::Duration,
        Quantity::Rate,
        Quantity::Ratio,
        Quantity::Count,
        Quantity::Bytes,
        Quantity::Bandwidth,
        Quantity::Money,
    ];
    let quantity = ALL.into_iter().find(|q| value["unit"].as_str() == Some(unit_word(*q)))?;
    Some(Estimate {
        value: number(&value["value"]),
        low: number(&value["low"]).unwrap_or(f64::NEG_INFINITY),
        high: number(&value["high"]).unwrap_or(f64::INFINITY),
        quantity,
        // Besides overload only whether there is a note matters here.
        note: value["note"].as_str().map(|note| match note {
            NO_STEADY_STATE => NO_STEADY_STATE,
            TOO_FEW => TOO_FEW,
            _ => LARGEST_SEEN,
        }),
    })
}

/// Money as expressions name it; lines of one name are one amount.
fn money(cost: &Value, metrics: &[Fact]) -> Vec<Fact> {
    let of = |name: &str, value: &Value, low: &Value, high: &Value| {
        let value = number(value);
        let estimate = Estimate {
            value,
            low: number(low).or(value)?,
            high: number(high).unwrap_or(f64::INFINITY),
            quantity: Quantity::Money,
            note: None,
        };
        fact(name, estimate)
    };
    let mut facts: Vec<Fact> = Vec::new();
    facts.extend(of("cost.total", &cost["total"], &cost["total_low"], &cost["total_high"]));
    for (key, name) in [("per_user", "cost.per_user"), ("budget", "cost.budget")] {
        let value = &cost[key];
        facts.extend(of(name, value, value, value));
    }
    // A share of the total is as uncertain as the total.
    if let Some(per_user) = facts.iter().position(|f| f.name == "cost.per_user")
        && let (Some(total), Some(value)) =
            (facts[0].estimate.value, facts[per_user].estimate.value)
        && total > 0.0
    {
        let share = value / total;
        let whole = facts[0].estimate;
        let estimate = &mut facts[per_user].estimate;
        (estimate.low, estimate.high) = (whole.low * share, whole.high * share);
    }
    let throughput = spread_of_requests(metrics);
    if let Some(per_1000) = number(&cost["per_1000_requests"])
        && let Some((rate_low, rate_high)) = throughput
        && let Some(value) = facts[0].estimate.value.filter(|value| *value > 0.0)
    {
        // The total over the requests: the worst ends of both.
        let (whole, share) = (facts[0].estimate, per_1000 / 1000.0 / value);
        let (low, high) = (whole.low * share / rate_high, whole.high * share / rate_low);
        let estimate = Estimate { value: Some(value * share), low, high, ..whole };
        facts.extend(fact("cost.per_request", estimate));
    }
    for kind in ["provisioned", "usage"] {
        facts.push(Fact {
            name: format!("cost.{kind}"),
            estimate: Estimate::exact(0.0, Quantity::Money),
            samples: Vec::new(),
        });
    }
    for line in list(&cost["lines"]) {
        if let Some(kind) = line["kind"].as_str()
            && let Some(sum) = facts.iter_mut().find(|f| f.name == format!("cost.{kind}"))
            && let Some(more) = of("", &line["amount"], &line["amount_low"], &line["amount_high"])
        {
            add(&mut sum.estimate, &more.estimate);
        }
        let Some(name) = line["name"].as_str() else { continue };
        let name = format!("cost.{name}");
        let Some(line) = of(&name, &line["amount"], &line["amount_low"], &line["amount_high"])
        else {
            continue;
        };
        match facts.iter_mut().find(|f| f.name == name) {
            Some(same) => add(&mut same.estimate, &line.estimate),
            None => facts.push(line),
        }
    }
    facts
}

/// Ends of the interval of the throughput of everything, as factors on its value.
fn spread_of_requests(metrics: &[Fact]) -> Option<(f64, f64)> {
    let all = metrics.iter().find(|f| matches!(&*f.name, "throughput" | "throughput@high"))?;
    let Estimate { value: Some(value), low, high, .. } = all.estimate else { return None };
    (low > 0.0 && high.is_finite()).then_some((low / value, high / value))
}

fn add(sum: &mut Estimate, more: &Estimate) {
    sum.value = sum.value.zip(more.value).map(|(a, b)| a + b);
    sum.low += more.low;
    sum.high += more.high;
}

fn overload(row: &Value) -> Option<(String, f64, f64)> {
    let name = row["resource"].as_str().filter(|_| row["grows"] == true)?;
    Some((name.to_owned(), number(&row["offered_per_s"])?, number(&row["served_per_s"])?))
}

fn stated(row: &Value) -> Option<Stated> {
    let place = &row["place"];
    let position = |key: &str| place[key].as_u64().unwrap_or(0) as u32;
    let (line, column) = (position("line"), position("column"));
    Some(Stated {
        name: row["name"].as_str()?.to_owned(),
        kind: row["kind"].as_str()?.to_owned(),
        expression: row["expression"].as_str().unwrap_or_default().to_owned(),
        verdict: verdict(&row["verdict"])?,
        place: place["file"]
            .as_str()
            .map(|file| (file.to_owned(), Place { file: 0, line, column, width: 1 })),
    })
}

/// What the plan promised of a phase.
fn promises(row: &Value) -> impl Iterator<Item = Stated> + '_ {
    let promise = |p: &Value| Some(kept(p["id"].as_str()?, verdict(&p["verdict"])?));
    list(&row["promises"]).filter_map(promise)
}
