//! What a profile says besides the system: how to run it, what it costs, what was assumed.

use rust_decimal::Decimal;

use crate::components::{Decode, Names, field, nearest};
use crate::source::{FaultKind, Fields, Per, Place, Shape, Table, Tariff};

/// How to run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpec {
    /// Measured time; `None` is by precision.
    pub duration_s: Option<f64>,
    /// Time removed before it; `None` is found by itself.
    pub warmup_s: Option<f64>,
    /// Half-width of intervals, as a share of the value.
    pub precision: f64,
    /// Independent runs; `None` is by precision.
    pub replications: Option<u32>,
    /// Seed.
    pub seed: u64,
    /// Window of `for` conditions.
    pub window_s: f64,
    /// State at the beginning.
    pub start: Start,
}

/// State at the beginning of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Caches hold their most popular keys, sessions their mean number, pools are open.
    Warm,
    /// Nothing is there.
    Empty,
}

/// Keys of `run`.
pub(crate) static RUN: Table = Table {
    name: "run",
    doc: "how to run; flags of the command line win",
    fields: &[
        field("duration", Shape::Duration, "auto", "measured time"),
        field("warmup", Shape::Duration, "auto", "time removed before it"),
        field("precision", Shape::Ratio, "5%", "half-width of intervals, as a share of the value"),
        field("replications", Shape::Positive, "auto", "independent runs"),
        field("seed", Shape::Count, "42", "seed of all randomness"),
        field("window", Shape::Duration, "15s", "window of `for` conditions"),
        field(
            "start",
            Shape::Word(&["warm", "empty"]),
            "warm",
            "caches filled, sessions there, pools open; or nothing",
        ),
    ],
};

impl RunSpec {
    /// Decodes it.
    pub(crate) fn decode(decode: &Decode<'_>, root: &Fields<'_>) -> Self {
        let run = root.table("run", &RUN);
        let run = run.as_ref();
        let window_s = run.and_then(|r| r.seconds("window")).unwrap_or(15.0);
        if window_s <= 0.0
            && let Some(run) = run
        {
            decode.range(run, "window", "longer than 0s");
        }
        let duration_s = run.and_then(|r| r.seconds("duration"));
        if duration_s == Some(0.0)
            && let Some(run) = run
        {
            decode.range(run, "duration", "longer than 0s");
        }
        let precision = run.and_then(|r| r.ratio("precision")).unwrap_or(0.05);
        if precision <= 0.0
            && let Some(run) = run
        {
            decode.range(run, "precision", "more than 0%");
        }
        Self {
            duration_s,
            warmup_s: run.and_then(|r| r.seconds("warmup")),
            precision,
            replications: run.and_then(|r| r.count("replications")),
            seed: run.and_then(|r| r.large_count("seed")).unwrap_or(42),
            window_s,
            start: match run.and_then(|r| r.word("start")) {
                Some("empty") => Start::Empty,
                _ => Start::Warm,
            },
        }
    }
}

/// What money is counted for.
#[derive(Clone, Debug, PartialEq)]
pub struct CostSpec {
    /// The population that `cost.per_user` divides by: its name and number.
    pub per: Option<(String, f64)>,
    /// The number of the population `active`, where `per` is another one.
    pub active: Option<f64>,
    /// Most per month.
    pub budget: Option<Decimal>,
    /// Where that is written.
    pub budget_place: Place,
    /// Part of the month with this load.
    pub load_share: f64,
    /// Other rows, per month.
    pub other: Vec<(String, Decimal)>,
    /// What is stored all month: name, bytes, price per GB and month.
    pub stored: Vec<(String, f64, Tariff)>,
}

/// Keys of `cost`.
pub(crate) static COST: Table = Table {
    name: "cost",
    doc: "what money is counted for",
    fields: &[
        field(
            "per",
            Shape::Name("population"),
            "(the only population, else active)",
            "who divides",
        ),
        field("budget", Shape::Money, "", "most per month"),
        field("load_share", Shape::Ratio, "100%", "part of the month with this load"),
        field("other", Shape::MapOf(&Shape::Money), "", "other rows, per month"),
        field(
            "stored",
            Shape::MapOf(&Shape::Table(&STORED)),
            "",
            "what is stored all month, paid per GB",
        ),
    ],
};

/// Keys of something stored.
static STORED: Table = Table {
    name: "stored",
    doc: "what is stored all month",
    fields: &[
        field("size", Shape::Bytes, "required", "how much, such as 50MB/active"),
        field("price", Shape::Price, "required", "per GB and month, such as $0.023/GB"),
    ],
};

impl CostSpec {
    /// Decodes it.
    pub(crate) fn decode(decode: &Decode<'_>, root: &Fields<'_>, users: &[(String, f64)]) -> Self {
        let cost = root.table("cost", &COST);
        let cost = cost.as_ref();
        let named = cost.filter(|c| c.has("per")).and_then(|c| c.text("per").map(|name| (c, name)));
        let find = |name: &str| users.iter().find(|u| u.0 == name).cloned();
        let per = match (named, users) {
            (Some((cost, name)), _) => {
                let found = find(&name);
                if found.is_none() {
                    let hint = nearest(&name, users.iter().map(|u| u.0.as_str()));
                    let message = format!("no population is called `{name}`");
                    let (place, path) = (cost.value_place("per"), cost.path_of("per"));
                    decode.hint(place, &path, FaultKind::UnknownName, message, hint);
                }
                found
            }
            (None, [only]) => Some(only.clone()),
            (None, _) => find("active"),
        };
        let other =
            cost.map_or_else(Vec::new, |c| c.map("other")).into_iter().filter_map(|entry| {
                let path = format!("cost.other.{}", entry.key);
                Some((entry.key.clone(), decode.reader.money(&entry.node, &path)?))
            });
        let is_active = per.as_ref().is_some_and(|per| per.0 == "active");
        let active = find("active").filter(|_| !is_active).map(|active| active.1);
        Self {
            per,
            active,
            budget: cost.and_then(|c| c.money("budget")),
            budget_place: cost.map_or_else(Place::default, |c| c.value_place("budget")),
            load_share: cost.and_then(|c| c.ratio("load_share")).unwrap_or(1.0),
            other: other.collect(),
            stored: cost.map_or_else(Vec::new, |cost| stored(decode, cost)),
        }
    }
}

/// What is stored; its price is per GB.
fn stored(decode: &Decode<'_>, cost: &Fields<'_>) -> Vec<(String, f64, Tariff)> {
    let mut all = Vec::new();
    for (entry, fields) in cost.tables("stored", &STORED) {
        let (Some(size), Some(price)) = (fields.bytes("size"), fields.tariff("price")) else {
            continue;
        };
        if price.price.per != Per::Gigabyte {
            decode.range(&fields, "price", "a price per GB, such as $0.023/GB");
        }
        all.push((entry.key.clone(), size, price));
    }
    all
}

/// Something that no document gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Name.
    pub name: String,
    /// What is assumed.
    pub says: String,
    /// Names or paths of what it is about.
    pub about: Vec<String>,
}

/// Keys of an assumption.
pub(crate) static ASSUMPTION: Table = Table {
    name: "assumption",
    doc: "what no document gives, and what hangs on it",
    fields: &[
        field("says", Shape::Text, "required", "what is assumed"),
        field(
            "about",
            Shape::ListOf(&Shape::Name("name or path")),
            "",
            "names or paths it is about",
        ),
    ],
};

/// Decodes the assumptions; `known` are the names of the profile that they may be about.
pub(crate) fn assumptions(
    decode: &Decode<'_>,
    root: &Fields<'_>,
    names: &Names,
    known: &[String],
) -> Vec<Assumption> {
    let mut all = Vec::new();
    for (entry, fields) in root.tables("assumptions", &ASSUMPTION) {
        let about = fields.names("about");
        for (name, place) in &about {
            let first = name.split('.').next().unwrap_or_default();
            let is_component = names.components.iter().any(|c| c.0 == first);
            if !is_component && !known.iter().any(|k| k == first) {
                let components = names.components.iter().map(|c| c.0.as_str());
                let hint = nearest(first, known.iter().map(String::as_str).chain(components));
                let message = format!("nothing is called `{first}`");
                let path = fields.path_of("about");
                decode.hint(*place, &path, FaultKind::UnknownName, message, hint);
            }
        }
        all.push(Assumption {
            name: entry.key.clone(),
            says: fields.text("says").unwrap_or_default(),
            about: about.into_iter().map(|a| a.0).collect(),
        });
    }
    all
}
