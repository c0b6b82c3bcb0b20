//! The schema of a reference case (version 1), as typed structs.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use super::law::Law;
use super::shape::{Part, Shape};

/// A queueing model with the answers that theory gives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) schema: u32,
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) model_class: String,
    #[serde(default, rename = "tags")]
    _tags: Vec<String>,
    pub(crate) source: Source,
    pub(crate) model: Model,
    pub(crate) expect: Vec<Expect>,
    #[serde(default, rename = "verified")]
    _verified: serde::de::IgnoredAny,
}

/// A case of which only the questions could be read: its model has a field that is not known here.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Outline {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) model_class: String,
    pub(crate) expect: Vec<Expect>,
}

/// What the values rest on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    #[serde(rename = "ref")]
    pub(crate) reference: String,
    pub(crate) kind: String,
}

/// A quantity and its value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) name: String,
    pub(crate) at: String,
    #[serde(default)]
    pub(crate) job_class: Option<String>,
    pub(crate) value: f64,
    pub(crate) kind: String,
    /// How far the value itself may be off, as a share of it.
    #[serde(default)]
    pub(crate) ref_rel_error: f64,
    /// Largest relative error of a good simulator at ten million jobs.
    #[serde(default)]
    pub(crate) sim_rel_tol: Option<f64>,
    /// Relative standard error of a plain simulator at a million jobs.
    #[serde(default)]
    pub(crate) rel_se_1e6: Option<f64>,
    #[serde(default, rename = "why")]
    _why: Option<String>,
}

impl Expect {
    /// A value that is no number agrees with everything.
    ///
    /// # Errors
    /// Which of its numbers is none.
    pub(crate) fn check(&self) -> Result<(), String> {
        let own = [("value", Some(self.value)), ("ref_rel_error", Some(self.ref_rel_error))];
        let widths = [("sim_rel_tol", self.sim_rel_tol), ("rel_se_1e6", self.rel_se_1e6)];
        let wrong = own.into_iter().chain(widths).find_map(|(key, number)| {
            let number = number.filter(|x| !x.is_finite() || (key != "value" && *x < 0.0))?;
            Some((key, number))
        });
        match wrong {
            Some((key, number)) => Err(format!("expect: {}.{key}: {number} is none", self.name)),
            None => Ok(()),
        }
    }

    /// Whether a formula's approximation, not the truth about the model, stands here.
    pub(crate) fn is_context(&self) -> bool {
        matches!(self.kind.as_str(), "approximation" | "asymptotic")
    }
}

/// The model in queueing terms; time in seconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Model {
    pub(crate) description: String,
    pub(crate) arrivals: Option<Shape<Process>>,
    pub(crate) population: Option<Shape<Number>>,
    pub(crate) populations: Option<Shape<Number>>,
    pub(crate) think: Option<Shape<Law>>,
    pub(crate) stations: Vec<Station>,
    pub(crate) routing: Option<Routing>,
    pub(crate) phases: Vec<Law>,
    pub(crate) initial: Option<String>,
    pub(crate) limiter: Option<Limiter>,
    pub(crate) requests: Option<Requests>,
    pub(crate) cache: Option<Cache>,
}

/// How jobs arrive.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Process {
    pub(crate) job_class: Option<String>,
    #[serde(rename = "process")]
    pub(crate) kind: String,
    pub(crate) rate: Option<f64>,
    pub(crate) interarrival: Option<Law>,
    pub(crate) batch_rate: Option<f64>,
    pub(crate) batch_size: Option<Law>,
    pub(crate) job_rate: Option<f64>,
    pub(crate) rates: Vec<f64>,
    pub(crate) switch_rate_0_to_1: Option<f64>,
    pub(crate) switch_rate_1_to_0: Option<f64>,
    pub(crate) rate_formula: Option<String>,
    pub(crate) base: Option<f64>,
    pub(crate) amp: Option<f64>,
    pub(crate) period: Option<f64>,
    pub(crate) segments: Vec<Segment>,
    #[serde(rename = "note")]
    _note: Option<String>,
    pub(crate) priority: Option<u32>,
    /// Instead: the same process at each of several queues.
    pub(crate) per_queue: Option<Box<Process>>,
    pub(crate) queues: Option<u32>,
}

impl Part for Process {
    const KEYS: &'static [&'static str] = &[
        "job_class",
        "process",
        "rate",
        "interarrival",
        "batch_rate",
        "batch_size",
        "job_rate",
        "rates",
        "segments",
        "rate_formula",
        "base",
        "note",
        "priority",
        "per_queue",
        "queues",
    ];
}

/// A piece of a rate over time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Segment {
    pub(crate) until: f64,
    pub(crate) rate: f64,
}

/// A number, in a [`Shape`].
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Number(pub(crate) f64);

impl Part for Number {
    const KEYS: &'static [&'static str] = &[];
    fn of_number(x: f64) -> Option<Self> {
        Some(Self(x))
    }
}

/// A count, or `inf`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Count {
    Is(u32),
    Infinite,
}

impl Count {
    pub(crate) const fn finite(self) -> Option<u32> {
        match self {
            Self::Is(n) => Some(n),
            Self::Infinite => None,
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyCount;
        impl Visitor<'_> for AnyCount {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count or `inf`")
            }
            fn visit_u64<E: Error>(self, n: u64) -> Result<Count, E> {
                let out = || E::invalid_value(Unexpected::Unsigned(n), &self);
                u32::try_from(n).map(Count::Is).map_err(|_| out())
            }
            fn visit_i64<E: Error>(self, n: i64) -> Result<Count, E> {
                let n = u64::try_from(n);
                self.visit_u64(n.map_err(|_| E::custom("a count is not negative"))?)
            }
            fn visit_f64<E: Error>(self, x: f64) -> Result<Count, E> {
                match x {
                    _ if x == f64::INFINITY => Ok(Count::Infinite),
                    _ if x >= 0.0 && x.fract() == 0.0 => self.visit_u64(x as u64),
                    _ => Err(E::invalid_value(Unexpected::Float(x), &self)),
                }
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
                match text {
                    "inf" | "infinite" | "unlimited" => Ok(Count::Infinite),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(AnyCount)
    }
}

/// A place where jobs wait and are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Station {
    pub(crate) name: String,
    pub(crate) servers: Count,
    pub(crate) discipline: String,
    #[serde(default)]
    pub(crate) capacity_in_system: Option<Count>,
    #[serde(default)]
    pub(crate) service: Option<Shape<Law>>,
    #[serde(default)]
    pub(crate) visits_per_cycle: Option<f64>,
    #[serde(default)]
    pub(crate) visits_per_request: Option<f64>,
    #[serde(default)]
    pub(crate) patience: Option<Law>,
    #[serde(default)]
    pub(crate) setup: Option<Law>,
    #[serde(default)]
    pub(crate) idle_off: Option<Shape<Law>>,
    #[serde(default)]
    pub(crate) failures: Option<Failures>,
    #[serde(default)]
    pub(crate) retry: Option<Retry>,
    #[serde(default)]
    pub(crate) switchover: Option<Law>,
    #[serde(default)]
    pub(crate) work_after_reply: Option<Law>,
    #[serde(default)]
    pub(crate) buffer_before: Option<Count>,
    #[serde(default)]
    pub(crate) note: Option<String>,
}

/// A server that breaks down.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Failures {
    pub(crate) up: Law,
    pub(crate) down: Law,
    #[serde(default)]
    pub(crate) when: String,
    #[serde(default)]
    pub(crate) job: String,
}

/// What a refused job does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    pub(crate) backoff: Law,
    #[serde(default, rename = "probability_of_retry_after_a_refusal")]
    pub(crate) persistence: Option<f64>,
    #[serde(default)]
    pub(crate) max_attempts: Option<Count>,
}

/// Where jobs go: in words, or probabilities from station to station.
#[derive(Clone, Debug)]
pub(crate) enum Routing {
    Words(String),
    Matrix(Vec<(String, Vec<(String, f64)>)>),
}

impl<'de> Deserialize<'de> for Routing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyRouting;
        impl<'de> Visitor<'de> for AnyRouting {
            type Value = Routing;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or probabilities by station and station")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Routing, E> {
                Ok(Routing::Words(text.to_owned()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Routing, A::Error> {
                let mut rows = Vec::new();
                while let Some((from, Row(to))) = map.next_entry()? {
                    rows.push((from, to));
                }
                Ok(Routing::Matrix(rows))
            }
        }
        deserializer.deserialize_any(AnyRouting)
    }
}

/// Probabilities by station, in the order of the file.
struct Row(Vec<(String, f64)>);

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Shape::<Number>::deserialize(deserializer)? {
            Shape::Named(row) => Ok(Self(row.into_iter().map(|(to, p)| (to, p.0)).collect())),
            _ => Err(D::Error::custom("probabilities by station are expected")),
        }
    }
}

/// A rate limit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limiter {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) rate: Option<f64>,
    pub(crate) burst: Option<f64>,
    pub(crate) limit: Option<f64>,
    pub(crate) window: Option<f64>,
    pub(crate) on_empty: Option<String>,
    #[serde(rename = "tokens")]
    _tokens: Option<String>,
}

/// Requests for keys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Requests {
    #[serde(rename = "process")]
    pub(crate) kind: String,
    pub(crate) popularity: Option<String>,
    pub(crate) exponent: Option<f64>,
    pub(crate) items: Option<u64>,
    pub(crate) rate: Option<f64>,
    pub(crate) rates: Vec<f64>,
    pub(crate) probabilities: Vec<f64>,
}

/// A cache.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cache {
    pub(crate) policy: String,
    #[serde(default)]
    pub(crate) capacity_items: Option<Count>,
    #[serde(default)]
    pub(crate) item_size: Option<f64>,
    #[serde(default)]
    pub(crate) ttl: Option<f64>,
    #[serde(default)]
    pub(crate) ttl_law: Option<String>,
    #[serde(default)]
    pub(crate) rule: String,
}
