//! Runs a translated profile as the measurement was made: the same warm-up and length, from an empty
//! system, many times; and reads off each run what the load generator reports.

use anyhow::{Result, anyhow, bail};
use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Program};
use capplan::results::Replication;
use capplan::source::{self, Input};
use capplan::stats::{Statistic, Tally};
use capplan::study::{self, RunOptions};
use capplan::verdict::estimate;

use crate::bind::Loads;
use crate::constants::{CPU_SPREAD, Constant, IDLE_LOOP, UNCERTAIN_FROM};
use crate::point::{Known, median};
use crate::translate::{Choice, Translated, translate};

/// How to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Seed of all draws.
    pub(crate) seed: u64,
    /// Runs of each point.
    pub(crate) runs: u32,
}

/// A figure over the simulated runs: the median, as the measurement's is over its repeats, and where nine
/// of ten single runs lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// Median of the runs' own figures.
    pub(crate) median: f64,
    /// Twentieth part below.
    pub(crate) low: f64,
    /// Twentieth part above.
    pub(crate) high: f64,
}

/// What is predicted for one point.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    /// What was run.
    pub(crate) translated: Translated,
    /// Mean of successful requests, milliseconds.
    pub(crate) mean: Spread,
    /// Median.
    pub(crate) p50: Spread,
    /// 95th percentile.
    pub(crate) p95: Spread,
    /// 99th percentile.
    pub(crate) p99: Spread,
    /// Failed requests, as a share of all.
    pub(crate) error_share: Spread,
    /// Look-ups that hit.
    pub(crate) hit_ratio: Option<Spread>,
    /// Utilization of the application's CPU.
    pub(crate) cpu: Spread,
    /// How much of each resource is used.
    pub(crate) loads: Loads,
    /// How a burst ends.
    pub(crate) burst: Option<Burst>,
    /// The latencies with CPU demands at either end of what is known of them, where the answer is
    /// uncertain.
    pub(crate) interval: Option<Interval>,
}

/// Latencies between which the answer lies, and why they are so far apart.
#[derive(Clone, Debug)]
pub(crate) struct Interval {
    /// Mean.
    pub(crate) mean: (f64, f64),
    /// Median.
    pub(crate) p50: (f64, f64),
    /// 95th percentile.
    pub(crate) p95: (f64, f64),
    /// 99th percentile.
    pub(crate) p99: (f64, f64),
    /// Why.
    pub(crate) why: String,
}

/// How a burst ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burst {
    /// Share of runs in which nothing fails in the last 20 s.
    pub(crate) recovered: f64,
    /// Seconds from the end of the burst to the last failure.
    pub(crate) recovery_s: f64,
}

/// Predicts a point from what is known of it.
///
/// # Errors
/// It cannot be translated, or its profile has faults (which are shown).
pub(crate) fn predict(
    id: &str,
    known: &Known,
    without: Option<Constant>,
    effort: Effort,
) -> Result<Prediction> {
    let at = |without, cpu: f64| run(id, known, Choice { without, cpu }, effort);
    let mut prediction = at(without, 1.0)?;
    let translated = &prediction.translated;
    let under = CPU_SPREAD.hypot(CPU_SPREAD);
    // Where database connections are held while the CPU is waited for, they bind before it does.
    let used = prediction.cpu.median.max(prediction.loads.of("pool").unwrap_or(0.0));
    let is_uncertain = translated.draws_cpu && used * (1.0 + under) >= UNCERTAIN_FROM;
    if is_uncertain && without != Some(Constant::CpuSpread) {
        let over = over(translated.calibrated_at, prediction.cpu.median);
        let (low, high) = (at(without, 1.0 - under)?, at(without, 1.0 + over)?);
        prediction.interval = Some(interval(&prediction, &low, &high, (under, over)));
    }
    Ok(prediction)
}

/// How much larger CPU demands may be than predicted, as a share. They vary by 10 % when they are
/// calibrated and by 10 % again when the load comes; the two know nothing of each other, so their squares
/// add (JCGM 100, *Guide to the expression of uncertainty in measurement*, 5.1.2). Besides, they may not
/// fall with the load: the third that an idle loop costs more is the most that was seen. That would hold
/// for every request, so it multiplies. Smaller than predicted they may be by the first two alone.
///
/// ```text
/// fall = (1 + (1−u₀)/3) / (1 + (1−u)/3) − 1     measured at utilization u₀, used at u
/// over = (1 + √(0.1² + 0.1²))·(1 + fall) − 1
/// ```
fn over(calibrated_at: Option<f64>, utilization: f64) -> f64 {
    let extra = |busy: f64| 1.0 + IDLE_LOOP * (1.0 - busy.clamp(0.0, 1.0));
    let fall = calibrated_at.map_or(0.0, |at| extra(at) / extra(utilization) - 1.0);
    (1.0 + CPU_SPREAD.hypot(CPU_SPREAD)) * (1.0 + fall.max(0.0)) - 1.0
}

/// From the lower demands up, and no wider than a factor of two around its centre: latency grows as
/// u/(1 − u), so of equally likely demands the most lie near the lower end. Behind a cliff it reaches up
/// to what is predicted.
fn interval(
    central: &Prediction,
    low: &Prediction,
    high: &Prediction,
    (under, over): (f64, f64),
) -> Interval {
    let between = |of: fn(&Prediction) -> Spread| {
        let (least, most) = (of(low).low, of(high).high);
        let least = least.max(of(central).median / WIDEST);
        (least, most.min(WIDEST * least))
    };
    let mut why = format!(
        "CPU demands are known to -{:.0}/+{:.0} %, may fall with the load, and waiting grows as u/(1 - u)",
        100.0 * under,
        100.0 * over
    );
    let pool = |of: &Prediction| of.loads.of("pool").unwrap_or(0.0);
    if pool(high) > 1.2 * pool(central) {
        why.push_str("; waiting for the CPU lengthens database holds");
    }
    if high.error_share.median > central.error_share.median + 0.001 {
        why.push_str(", up to a cliff where requests fail");
    }
    let (mean, p50) = (between(|p| p.mean), between(|p| p.p50));
    Interval { mean, p50, p95: between(|p| p.p95), p99: between(|p| p.p99), why }
}

/// Widest interval, upper end over lower: a factor of two either side of its centre.
const WIDEST: f64 = 4.0;

/// One profile, run and read.
fn run(id: &str, known: &Known, choice: Choice, effort: Effort) -> Result<Prediction> {
    let translated = translate(id, known, choice)?;
    let (program, catalogue, profile) = compile(id, &translated.yaml)?;
    let options = RunOptions {
        seed: effort.seed,
        replications: Some(effort.runs),
        max_requests: u64::MAX / 4,
        warmup_s: profile.run.warmup_s,
        duration_s: profile.run.duration_s,
        ..RunOptions::default()
    };
    let runs = study::run(&program, &options, &()).replications;
    let latency = |statistic: Statistic| {
        let of = |r: &Replication| ok(r).statistic(statistic).map(|s| 1e3 * s);
        spread(&runs, of).ok_or_else(|| anyhow!("no request ended well"))
    };
    let named = |name: &str, statistic: Statistic, r: &Replication| {
        let metric = catalogue.metric(name)?;
        let one = std::slice::from_ref(r);
        estimate(&metric.measure, Some(statistic), metric.quantity, one, 0.95).value
    };
    let level = |name: &str| spread(&runs, |r| named(name, Statistic::Mean, r));
    let median_of = |name: &str| level(name).map(|s| s.median);
    let rate = known.env("EXT_RATE");
    let limit = rate.zip(median_of("api.accepted.rate")).map(|(rate, accepted)| accepted / rate);
    let places = match known.word("/config/worker_class") {
        Some("sync") => Some("app.workers.utilization"),
        Some("gthread") => Some("app.threads.utilization"),
        _ => None,
    };
    let loads = Loads::default()
        .with("cpu", median_of("app.cpu.utilization"))
        .with("pool", median_of("pg.pool.utilization"))
        .with("their limit", limit);
    Ok(Prediction {
        mean: latency(Statistic::Mean)?,
        p50: latency(Statistic::Quantile(0.5))?,
        p95: latency(Statistic::Quantile(0.95))?,
        p99: latency(Statistic::Quantile(0.99))?,
        error_share: level("web.error_rate").ok_or_else(|| anyhow!("no error rate"))?,
        hit_ratio: level("redis.hit_ratio"),
        cpu: level("app.cpu.utilization").ok_or_else(|| anyhow!("no CPU"))?,
        loads: loads.with("workers", places.and_then(median_of)),
        burst: translated.burst_end_s.map(|end_s| burst(&runs, end_s - translated.warmup_s)),
        interval: None,
        translated,
    })
}

/// The program of a profile's text.
///
/// # Errors
/// Its faults, as users see them.
pub(crate) fn compile(id: &str, yaml: &str) -> Result<(Program, Catalogue, Profile)> {
    let input = Input::Text { name: format!("{id}.yaml"), text: yaml.to_owned() };
    match Profile::load(&input, &Options::default()) {
        Ok(profile) => {
            let (program, catalogue) = profile.lower();
            Ok((program, catalogue, profile))
        }
        Err((files, faults)) => bail!("{}", source::render(&files, &faults, false)),
    }
}

/// Latencies of everything that ended well.
fn ok(replication: &Replication) -> Tally {
    let mut all = Tally::default();
    replication.classes.iter().for_each(|class| all.merge(&class.ok));
    all
}

fn spread(runs: &[Replication], of: impl Fn(&Replication) -> Option<f64>) -> Option<Spread> {
    let mut values: Vec<f64> = runs.iter().filter_map(of).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let at = |share: f64| values[(share * last as f64).round() as usize];
    Some(Spread { low: at(0.05), high: at(0.95), median: median(values.clone())? })
}

/// When failures end after a burst that ends `end_s` after the warm-up. Windows of a second hold the
/// rate of failures.
fn burst(runs: &[Replication], end_s: f64) -> Burst {
    let last = |r: &Replication| {
        let rates = r.windows.first()?;
        Some((rates.iter().rposition(|rate| rate.is_some_and(|x| x > 0.0)), rates.len()))
    };
    let ends: Vec<(f64, bool)> = runs
        .iter()
        .filter_map(last)
        .map(|(at, length)| {
            let end = at.map_or(0.0, |at| at as f64 + 1.0);
            ((end - end_s).max(0.0), end <= length as f64 - 20.0)
        })
        .collect();
    let recovered = ends.iter().filter(|end| end.1).count() as f64 / ends.len().max(1) as f64;
    Burst { recovered, recovery_s: median(ends.iter().map(|end| end.0).collect()).unwrap_or(0.0) }
}
