//! One measured point: what was known before the load test, and, apart from it, what was measured.
//!
//! The file is cut at its top-level key `measured:` before anything is parsed, so that whatever reads
//! [`Known`] cannot reach an answer.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What a practitioner knows before the load test: configuration, workload, calibrated demands.
#[derive(Clone, Debug)]
pub(crate) struct Known(Value);

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

/// Every point of a folder, in the order of their files, with the noise that stands beside them.
///
/// # Errors
/// A file cannot be read or is no point.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Point>> {
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
    files.iter().map(|path| read(path)).collect()
}

fn read(path: &Path, noise: &Value) -> Result<Point> {
    let text = std::fs::read_to_string(path)?;
    let Some(cut) = text.find("\nmeasured:") else { bail!("no top-level `measured`") };
    let known: Value = serde_yaml::from_str(&text[..=cut])?;
    let measured: Value = serde_yaml::from_str(&text[cut + 1..])?;
    let word = |key: &str| known.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = word("id").context("no `id`")?;
    Ok(Point {
        group: word("experiment").context("no `experiment`")?,
        caveat: word("caveat"),
        noise: Noise(noise.get(&id).cloned().unwrap_or_default()),
        measured: Measured(measured.get("measured").cloned().unwrap_or_default()),
        // Of the rest nothing but these three is kept.
        known: Known(serde_json::json!({
            "config": known.get("config"),
            "workload": known.get("workload"),
            "measured_demands": known.get("measured_demands"),
        })),
        id,
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

impl Known {
    fn at(&self, path: &str) -> Option<&Value> {
        let value = self.0.pointer(path)?;
        (!value.is_null()).then_some(value)
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
        let all = self.at("/config/extra_args")?.as_array()?;
        let at = all.iter().position(|argument| argument.as_str() == Some(name))?;
        all.get(at + 1).and_then(number)
    }

    /// Names and numbers of a map by its JSON pointer: `field` of each of its entries.
    pub(crate) fn entries(&self, path: &str, field: &str) -> Vec<(String, f64)> {
        let map = self.at(path).and_then(Value::as_object);
        let one = |(name, entry): (&String, &Value)| Some((name.clone(), number(&entry[field])?));
        map.into_iter().flatten().filter_map(one).collect()
    }

    /// The stretches of load, in order.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        let all = self.at("/workload/phases").and_then(Value::as_array);
        let one = |phase: &Value| {
            let (duration_s, rate) = (number(&phase["duration_s"])?, number(&phase["rate_rps"])?);
            Some(Phase { duration_s, rate_per_s: rate })
        };
        all.into_iter().flatten().filter_map(one).collect()
    }

    /// The kinds of requests.
    ///
    /// # Errors
    /// A draw has a law that is not known.
    pub(crate) fn endpoints(&self) -> Result<Vec<Endpoint>> {
        let all = self.at("/workload/endpoints").and_then(Value::as_array);
        all.into_iter().flatten().map(endpoint).collect()
    }
}

fn endpoint(value: &Value) -> Result<Endpoint> {
    let path = value["path"].as_str().context("an endpoint without a path")?.to_owned();
    let share = number(&value["share"]).context("an endpoint without a share")?;
    let params = value["params"].as_object().into_iter().flatten();
    let params = params.map(|(letter, spec)| Ok((letter.clone(), law(spec)?)));
    Ok(Endpoint { path, share, params: params.collect::<Result<_>>()? })
}

fn law(spec: &Value) -> Result<Law> {
    let get = |key: &str| number(&spec[key]).with_context(|| format!("a draw without `{key}`"));
    Ok(match spec["dist"].as_str() {
        Some("exp") => Law::Exponential { mean_ms: get("mean_ms")? },
        Some("det") => Law::Constant { mean_ms: get("mean_ms")? },
        Some("logn") => Law::LogNormal { mean_ms: get("mean_ms")?, cv: get("cv")? },
        Some("zipf") => Law::Zipf { keys: get("n")? as u32, exponent: get("alpha")? },
        other => bail!("no such law of a draw: {other:?}"),
    })
}

impl Measured {
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
