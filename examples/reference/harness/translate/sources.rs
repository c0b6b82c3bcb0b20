//! Arrivals and populations as traffic.

use super::super::case::{Model, Number, Process};
use super::super::law::{Law, number, percent};
use super::super::shape::Shape;
use super::Kind;

/// One class of jobs and how it comes.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Name in the case.
    pub(super) class: Option<String>,
    /// The station where it enters, when that is stated.
    pub(super) station: Option<String>,
    /// Keys of the traffic, without `mix`.
    pub(super) keys: String,
    /// Jobs per second of an open source.
    pub(super) rate: Option<f64>,
    /// Jobs of a closed one.
    pub(super) population: Option<f64>,
    /// Mean think time of a closed one, seconds.
    pub(super) think_s: f64,
    /// 1 goes first.
    pub(super) priority: Option<u32>,
    pub(super) kind: Kind,
}

/// All sources of a model, open ones first.
pub(super) fn sources(model: &Model) -> Result<Vec<Source>, String> {
    let mut all = Vec::new();
    match &model.arrivals {
        None => {}
        Some(Shape::Text(text)) => return Err(format!("model.arrivals: `{text}` is only words")),
        Some(Shape::One(process)) => open(process, None, &mut all)?,
        Some(Shape::List(processes)) => {
            for process in processes {
                open(process, None, &mut all)?;
            }
        }
        Some(Shape::Named(processes)) => {
            for (station, process) in processes {
                open(process, Some(station), &mut all)?;
            }
        }
    }
    for population in [&model.population, &model.populations].into_iter().flatten() {
        match population {
            Shape::One(n) => all.push(closed(model, None, *n)?),
            Shape::Named(classes) => {
                for (class, n) in classes {
                    all.push(closed(model, Some(class), *n)?);
                }
            }
            _ => return Err("model.population: neither a number nor numbers by class".to_owned()),
        }
    }
    if all.is_empty() {
        return Err("model: neither `arrivals` above a rate of 0 nor `population`".to_owned());
    }
    Ok(all)
}

fn open(process: &Process, station: Option<&str>, all: &mut Vec<Source>) -> Result<(), String> {
    if let Some(each) = &process.per_queue {
        for queue in 1..=process.queues.unwrap_or(1) {
            let mut one = Process::clone(each);
            one.job_class = Some(format!("queue_{queue}"));
            open(&one, station, all)?;
        }
        return Ok(());
    }
    let need = |value: Option<f64>, key: &str| match value {
        Some(x) if x.is_finite() && x >= 0.0 => Ok(x),
        Some(x) => Err(format!("model.arrivals.{key}: {x} is no rate")),
        None => Err(format!("model.arrivals: `{}` without `{key}`", process.kind)),
    };
    let mut kind = Kind::Steady;
    let (keys, rate) = match process.kind.as_str() {
        "poisson" => {
            let rate = need(process.rate, "rate")?;
            (format!("rate: {}/s", number(rate)), rate)
        }
        "renewal" | "deterministic" => {
            let law = match (&process.interarrival, process.rate) {
                (Some(law), _) => law.clone(),
                (None, Some(rate)) if process.kind == "deterministic" => Law::constant(1.0 / rate),
                _ => return Err("model.arrivals: `renewal` without `interarrival`".to_owned()),
            };
            let rate = 1.0 / law.mean()?;
            let shape = match law.dist.as_str() {
                "exponential" => "poisson".to_owned(),
                "deterministic" | "constant" => "even".to_owned(),
                _ => law.text("")?,
            };
            (format!("rate: {}/s, arrivals: {shape}", number(rate)), rate)
        }
        "batch_poisson" => batch(process)?,
        "mmpp2" => {
            let [slow, fast] = process.rates[..] else {
                return Err("model.arrivals.rates: an `mmpp2` has two".to_owned());
            };
            let leave0 = need(process.switch_rate_0_to_1, "switch_rate_0_to_1")?;
            let leave1 = need(process.switch_rate_1_to_0, "switch_rate_1_to_0")?;
            let state =
                |leave: f64, rate: f64| format!("{}s={}/s", number(1.0 / leave), number(rate));
            let mean = (slow * leave1 + fast * leave0) / (leave0 + leave1);
            (format!("rate: mmpp({} {})", state(leave0, slow), state(leave1, fast)), mean)
        }
        "nonhomogeneous_poisson" => {
            let (keys, rate, period_s) = sine(process)?;
            kind = Kind::Ensemble { warmup_s: period_s, duration_s: period_s };
            (keys, rate)
        }
        "piecewise_constant_poisson" => {
            let Some(last) = process.segments.last() else {
                return Err("model.arrivals.segments: there are none".to_owned());
            };
            let (mut pieces, mut from, mut jobs) = (Vec::new(), 0.0, 0.0);
            for segment in &process.segments {
                pieces.push(format!("{}s={}/s", number(from), number(segment.rate)));
                jobs += (segment.until - from) * segment.rate;
                from = segment.until;
            }
            kind = Kind::Ensemble { warmup_s: 0.0, duration_s: last.until };
            (format!("rate: steps({})", pieces.join(" ")), jobs / last.until)
        }
        other => return Err(format!("model.arrivals.process: `{other}` has no form")),
    };
    if rate > 0.0 {
        all.push(Source {
            class: process.job_class.clone(),
            station: station.map(str::to_owned),
            keys,
            rate: Some(rate),
            population: None,
            think_s: 0.0,
            priority: process.priority,
            kind,
        });
    }
    Ok(())
}

/// Batches. A geometric size from 1 is one from 0 of which the empty ones are not seen: batches are
/// then more frequent, and the rate of jobs the same.
fn batch(process: &Process) -> Result<(String, f64), String> {
    let Some(size) = &process.batch_size else {
        return Err("model.arrivals: `batch_poisson` without `batch_size`".to_owned());
    };
    let mean = size.mean()?;
    let rate = process.job_rate.or(process.batch_rate.map(|rate| rate * mean));
    let rate = rate.ok_or("model.arrivals: `batch_poisson` without `batch_rate`")?;
    let text = match size.dist.as_str() {
        "geometric" if mean > 1.0 => format!("geometric(mean={})", number(mean - 1.0)),
        "geometric" => "1".to_owned(),
        _ => size.text("")?,
    };
    Ok((format!("rate: {}/s, batch: {text}", number(rate)), rate))
}

/// A sine: its keys, mean rate and period.
fn sine(process: &Process) -> Result<(String, f64, f64), String> {
    let (Some(base), Some(amp), Some(period)) = (process.base, process.amp, process.period) else {
        return Err("model.arrivals: a rate over time without `base`, `amp` and `period`".into());
    };
    let formula: String = process.rate_formula.clone().unwrap_or_default().replace(' ', "");
    let peak = match formula.as_str() {
        "base+amp*sin(2*pi*t/period)" | "" => 0.25 * period,
        "base+amp*cos(2*pi*t/period)" => 0.0,
        "base-amp*cos(2*pi*t/period)" => 0.5 * period,
        "base-amp*sin(2*pi*t/period)" => 0.75 * period,
        other => return Err(format!("model.arrivals.rate_formula: `{other}` is no sine curve")),
    };
    let keys = format!(
        "rate: sine(mean={}/s swing={} period={}s peak_at={}s)",
        number(base),
        percent(amp / base),
        number(period),
        number(peak)
    );
    Ok((keys, base, period))
}

fn closed(model: &Model, class: Option<&str>, n: Number) -> Result<Source, String> {
    let law = match &model.think {
        None => None,
        Some(Shape::One(law)) => Some(law),
        Some(Shape::Named(laws)) => {
            laws.iter().find(|(name, _)| Some(name.as_str()) == class).map(|(_, law)| law)
        }
        Some(_) => return Err("model.think: neither a law nor laws by class".to_owned()),
    };
    let think_s = law.map_or(Ok(0.0), Law::mean)?;
    let think = match law {
        Some(law) if think_s > 0.0 => format!(", think_time: {}", law.text("s")?),
        _ => String::new(),
    };
    Ok(Source {
        class: class.map(str::to_owned),
        station: None,
        keys: format!("clients: {}{think}", number(n.0)),
        rate: None,
        population: Some(n.0),
        think_s,
        priority: None,
        kind: Kind::Steady,
    })
}
