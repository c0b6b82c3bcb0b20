//! One measured point: what was known before the load test, and, apart from it, what was measured.
//!
//! The file is cut at its top-level key `measured:` before anything is parsed, so that whatever reads
//! [`Known`] cannot reach an answer. A file without that key has no answer, and can still be predicted.
//! What is read of the rest is noted, so that a field that nothing reads can be reported.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What a practitioner knows before the load test: configuration, workload, calibrated demands.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    value: Value,
    /// JSON pointers of what was asked for.
    read: Arc<Mutex<BTreeSet<String>>>,
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured(Value);

/// A point of the measurements.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// Its name; decides nothing.
    pub(crate) id: String,
    /// The series it belongs to (E1, E2, …): the rows are grouped by it.
    pub(crate) group: String,
    /// What needs care when it is scored.
    pub(crate) caveat: Option<String>,
    /// What is known.
    pub(crate) known: Known,
    /// The answer.
    pub(crate) measured: Measured,
    /// Noise of the measurement per metric, in percent.
    pub(crate) noise: Noise,
}

/// Noise of one point's measurement per metric, in percent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noise(Value);

/// A random quantity of a request, milliseconds or a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Law {
    /// Exponential.
    Exponential { mean_ms: f64 },
    /// Always the same.
    Constant { mean_ms: f64 },
    /// Log-normal.
    LogNormal { mean_ms: f64, cv: f64 },
    /// A key among so many, by rank to the power of minus the exponent.
    Zipf { keys: u32, exponent: f64 },
}

/// A stretch of constant load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Phase {
    /// How long, seconds.
    pub(crate) duration_s: f64,
    /// Requests per second.
    pub(crate) rate_per_s: f64,
}

/// One kind of requests.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    /// Path of the request, which is the program that runs.
    pub(crate) path: String,
    /// Share of the requests.
    pub(crate) share: f64,
    /// Draws by their letter.
    pub(crate) params: Vec<(String, Law)>,
}

impl Point {
    /// Whether a latency is to be scored: a caveat may name the only ones that are ("score p95, p99").
    pub(crate) fn scores(&self, figure: &str) -> bool {
        let named = self.caveat.as_deref().and_then(|caveat| caveat.split("score ").nth(1));
        named.is_none_or(|named| named.contains(figure))
    }
}

impl Endpoint {
    /// The draw of that letter.
    pub(crate) fn law(&self, letter: &str) -> Option<&Law> {
        self.params.iter().find(|(name, _)| name == letter).map(|(_, law)| law)
    }
}

/// Every point of a folder, or why it is none, in the order of their files, with the noise that stands
/// beside them.
///
/// # Errors
/// The folder cannot be read, or the noise beside the points.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Result<Point>>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let noise = match std::fs::read_to_string(folder.join("noise.json")) {
        Ok(text) => serde_json::from_str(&text).context("noise.json")?,
        Err(_) => Value::Null,
    };
    let read = |path: &Path| read(path, &noise).with_context(|| path.display().to_string());
    Ok(files.iter().map(|path| read(path)).collect())
}

fn read(path: &Path, noise: &Value) -> Result<Point> {
    let text = std::fs::read_to_string(path)?;
    let cut = if text.starts_with("measured:") {
        bail!("`measured` is the last key: it stands first here")
    } else {
        text.find("\nmeasured:").map_or(text.len(), |at| at + 1)
    };
    let known: Value = serde_yaml::from_str(&text[..cut])?;
    let measured: Value = match &text[cut..] {
        "" => Value::Null,
        answer => serde_yaml::from_str(answer)?,
    };
    let word = |key: &str| known.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = word("id").context("no `id`")?;
    Ok(Point {
        group: word("experiment").context("no `experiment`")?,
        caveat: word("caveat"),
        noise: Noise(noise.get(&id).cloned().unwrap_or_default()),
        measured: Measured(measured.get("measured").cloned().unwrap_or_default()),
        // Of the rest nothing but these three is kept.
        known: Known::new(serde_json::json!({
            "config": known.get("config"),
            "workload": known.get("workload"),
            "measured_demands": known.get("measured_demands"),
        })),
        id,
    })
}

fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.filter(|number| number.is_finite())
}

/// Keys that describe and say nothing about the system: names, notes, and the figures of the calibration
/// run that its medians stand for.
const DESCRIPTIONS: [&str; 6] = [
    "note",
    "meaning",
    "description",
    "client_latency_ms",
    "calibration_run",
    "gevent_cpu_ms_per_request_by_step",
];

impl Known {
    fn new(value: Value) -> Self {
        Self { value, read: Arc::default() }
    }

    fn note(&self, path: &str) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(path.to_owned());
    }

    fn at(&self, path: &str) -> Option<&Value> {
        self.note(path);
        let value = self.value.pointer(path)?;
        (!value.is_null()).then_some(value)
    }

    /// Fields that nothing has asked for so far, by their JSON pointers: what they say has no part in a
    /// prediction. Those that only describe are left out.
    pub(crate) fn unread(&self) -> Vec<String> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut left = Vec::new();
        unread("", &self.value, &read, &mut left);
        left
    }

    /// A number by its JSON pointer.
    pub(crate) fn number(&self, path: &str) -> Option<f64> {
        self.at(path).and_then(number)
    }

    /// A text by its JSON pointer.
    pub(crate) fn word(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Value::as_str)
    }

    /// Whether something is said to be so, by its JSON pointer.
    pub(crate) fn flagged(&self, path: &str) -> bool {
        self.at(path).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A variable of the application's environment, which is a number.
    pub(crate) fn env(&self, name: &str) -> Option<f64> {
        self.number(&format!("/config/app_env/{name}"))
    }

    /// The value after a flag of the server's command line.
    pub(crate) fn flag(&self, name: &str) -> Option<f64> {
        self.note(&format!("/config/extra_args/{name}"));
        let all = self.value.pointer("/config/extra_args")?.as_array()?;
        let mut words = all.iter().enumerate();
        words.find_map(|(i, argument)| match argument.as_str()?.strip_prefix(name)? {
            "" => all.get(i + 1).and_then(number),
            value => value.strip_prefix('=')?.parse().ok(),
        })
    }

    /// Names of the entries of a map by its JSON pointer.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let map = self.value.pointer(path).and_then(Value::as_object);
        map.into_iter().flatten().map(|entry| entry.0.clone()).collect()
    }

    /// Names and numbers of a map by its JSON pointer: `field` of each of its entries.
    pub(crate) fn entries(&self, path: &str, field: &str) -> Vec<(String, f64)> {
        let one =
            |name: String| Some((name.clone(), self.number(&format!("{path}/{name}/{field}"))?));
        self.names(path).into_iter().filter_map(one).collect()
    }

    /// The stretches of load, in order.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        let all = self.value.pointer("/workload/phases").and_then(Value::as_array);
        let one = |i: usize| {
            let at = |key: &str| self.number(&format!("/workload/phases/{i}/{key}"));
            let (duration_s, rate_per_s) = (at("duration_s")?, at("rate_rps")?);
            Some(Phase { duration_s, rate_per_s })
        };
        let count = all.map_or(0, Vec::len);
        let phases: Vec<Phase> = (0..count).filter_map(one).collect();
        // A stretch that is not understood must not be left out of the clock.
        if phases.len() == count { phases } else { Vec::new() }
    }

    /// The kinds of requests.
    ///
    /// # Errors
    /// A draw has a law that is not known.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint>> {
        let all = self.value.pointer("/workload/endpoints").and_then(Value::as_array);
        (0..all.map_or(0, Vec::len)).map(|i| self.endpoint(i)).collect()
    }

    fn endpoint(&self, i: usize) -> Result<Endpoint> {
        let at = |key: &str| format!("/workload/endpoints/{i}/{key}");
        let path = self.word(&at("path")).context("an endpoint without a path")?.to_owned();
        let share = self.number(&at("share")).context("an endpoint without a share")?;
        let drawn = |letter: String| {
            let spec = self.value.pointer(&at(&format!("params/{letter}")));
            Ok((letter, law(spec.unwrap_or(&Value::Null))?))
        };
        let params = self.names(&at("params")).into_iter().map(drawn).collect::<Result<_>>()?;
        Ok(Endpoint { path, share, params })
    }

    /// Notes that the draw of a letter has a part in what an endpoint does.
    pub(crate) fn draws(&self, path: &str, letter: &str) {
        let all = self.value.pointer("/workload/endpoints").and_then(Value::as_array);
        let same = |value: &Value| value["path"].as_str() == Some(path);
        for (i, _) in all.into_iter().flatten().enumerate().filter(|(_, value)| same(value)) {
            self.note(&format!("/workload/endpoints/{i}/params/{letter}"));
        }
    }
}

/// Leaves below `path` that are no part of what was read.
fn unread(path: &str, value: &Value, read: &BTreeSet<String>, left: &mut Vec<String>) {
    let name = path.rsplit('/').next().unwrap_or("");
    if read.contains(path) || DESCRIPTIONS.contains(&name) {
        return;
    }
    // Of one calibrated quantity one figure is enough.
    let below = format!("{path}/");
    let is_demand = path.starts_with("/measured_demands/");
    if is_demand && read.iter().any(|read| read.starts_with(&below)) {
        return;
    }
    match value {
        Value::Object(entries) => {
            entries
                .iter()
                .for_each(|(key, value)| unread(&format!("{path}/{key}"), value, read, left));
        }
        Value::Array(arguments) if path == "/config/extra_args" => {
            let flags = arguments.iter().filter_map(Value::as_str).filter(|a| a.starts_with('-'));
            let names = flags.map(|flag| flag.split('=').next().unwrap_or(flag));
            let paths = names.map(|flag| format!("{path}/{flag}"));
            left.extend(paths.filter(|path| !read.contains(path)));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(i, value)| unread(&format!("{path}/{i}"), value, read, left));
        }
        Value::Null => {}
        _ => left.push(path.to_owned()),
    }
}

fn law(spec: &Value) -> Result<Law> {
    let get = |key: &str| match number(&spec[key]) {
        Some(value) if value >= 0.0 => Ok(value),
        _ => bail!("a draw whose `{key}` is no number from 0"),
    };
    Ok(match spec["dist"].as_str() {
        Some("exp") => Law::Exponential { mean_ms: get("mean_ms")? },
        Some("det") => Law::Constant { mean_ms: get("mean_ms")? },
        Some("logn") => Law::LogNormal { mean_ms: get("mean_ms")?, cv: get("cv")? },
        Some("zipf") => Law::Zipf { keys: get("n")? as u32, exponent: get("alpha")? },
        other => bail!("no such law of a draw: {other:?}"),
    })
}

impl Measured {
    /// Whether there is an answer.
    pub(crate) fn is_some(&self) -> bool {
        self.0.get("summary_over_repeats").is_some()
    }

    /// A figure of the summary over the repeats: (median, least, largest).
    pub(crate) fn summary(&self, name: &str) -> Option<(f64, f64, f64)> {
        let entry = self.0.get("summary_over_repeats")?.get(name)?;
        Some((number(&entry["median"])?, number(&entry["min"])?, number(&entry["max"])?))
    }

    /// A number of every repeat that counts, by its JSON pointer.
    pub(crate) fn repeats(&self, path: &str) -> Vec<f64> {
        let all = self.0.get("repeats_detail").and_then(Value::as_array);
        let fine = |r: &&Value| r["disturbed"].as_array().is_none_or(Vec::is_empty);
        let (all, fine): (Vec<_>, Vec<_>) =
            (all.into_iter().flatten().collect(), all.into_iter().flatten().filter(fine).collect());
        let kept = if fine.is_empty() { all } else { fine };
        let read = |r: &&Value| {
            r.pointer(path)
                .and_then(|v| number(v).or_else(|| v.as_bool().map(|yes| f64::from(u8::from(yes)))))
        };
        kept.iter().filter_map(read).collect()
    }

    /// The median of [`Measured::repeats`].
    pub(crate) fn median(&self, path: &str) -> Option<f64> {
        median(self.repeats(path))
    }
}

impl Noise {
    /// Noise of a metric, as a share.
    pub(crate) fn of(&self, metric: &str) -> Option<f64> {
        self.0.get(metric).and_then(number).map(|percent| percent / 100.0)
    }
}

/// The middle of some values; `None` of none.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let middle = [values.get(n.checked_sub(1)? / 2)?, values.get(n / 2)?];
    Some(0.5 * (middle[0] + middle[1]))
}
