//! The names of quantities, and the metrics that measure them.

use super::super::case::Expect;
use super::super::law::number;
use super::super::probe::{How, Probe};
use super::{Class, Form, Kind, Place};

/// Phases at which a periodic level is looked at.
const PHASES: u32 = 16;

/// What is read off a run for a quantity.
pub(super) fn probe(form: &Form, expect: &Expect) -> Result<Probe, String> {
    let (name, at) = (expect.name.as_str(), expect.at.as_str());
    let local = format!("{name}@{at}");
    let special = form.special.iter().find(|(known, _)| known == name || *known == local);
    if let Some((_, probe)) = special.filter(|_| expect.job_class.is_none()) {
        return Ok(probe.clone());
    }
    let class = match &expect.job_class {
        None => None,
        Some(wanted) => {
            let found = form.classes.iter().find(|class| class.name.as_ref() == Some(wanted));
            Some(found.ok_or_else(|| format!("job_class: there is no class `{wanted}`"))?)
        }
    };
    let place = place(form, at, class)?;
    let unknown = || format!("name: `{name}` is not measured at `{at}`");
    let here = Here { form, place: &place, class };
    here.probe(name).ok_or_else(unknown)
}

/// The place that `at` means, as a class sees it.
fn place(form: &Form, at: &str, class: Option<&Class>) -> Result<Place, String> {
    if at == "system" {
        let prefix = class.map_or_else(String::new, |class| format!("{}.", class.traffic));
        let whole = form.places.iter().find(|place| place.0 == at).map(|place| place.1.clone());
        return Ok(match (whole, class) {
            (Some(whole), None) => whole,
            _ => super::series::system(&prefix),
        });
    }
    let named = form.places.iter().find(|place| place.0 == at);
    let only = form.places.iter().find(|place| place.0 != "system");
    let found = named.or(only.filter(|_| form.places.len() <= 2));
    let place = found.map(|place| place.1.clone());
    place.ok_or_else(|| format!("at: there is no station `{at}`"))
}

/// A place, a class, and what is measured of them.
struct Here<'a> {
    form: &'a Form,
    place: &'a Place,
    class: Option<&'a Class>,
}

impl Here<'_> {
    fn probe(&self, name: &str) -> Option<Probe> {
        let time = |rest: &str| statistic(rest);
        if let Some(statistic) = name.strip_prefix("sojourn_").and_then(time) {
            return self.sojourn(&statistic).map(Probe::is);
        }
        let waits = [name.strip_prefix("wait_"), name.strip_prefix("delay_")];
        if let Some(statistic) = waits.into_iter().flatten().next().and_then(time) {
            return self.resource(&format!("wait.{statistic}")).map(Probe::is);
        }
        if let Some(statistic) = name.strip_prefix("in_system_").and_then(time) {
            return Some(Probe::is(format!("{}.{statistic}", self.inside()?)));
        }
        if let Some((level, second)) = name.split_once("_at_t") {
            let second: f64 = second.parse().ok()?;
            return Some(self.level(level)?.instant(second));
        }
        if let Some((level, phase)) = name.split_once("_at_phase_") {
            let phase: f64 = phase.parse().ok()?;
            return Some(self.level(level)?.instant(phase * self.period_s()?));
        }
        let is = |metric: Option<String>| metric.map(Probe::is);
        match name {
            "mean_wait" | "mean_delay" | "mean_wait_served" => is(self.resource("wait.mean")),
            "mean_wait_all" | "mean_delay_all" => is(self.resource("wait_all.mean")),
            "sd_wait" => is(self.resource("wait.sd")),
            "var_wait" => Some(Probe::of(How::Square, &[self.resource("wait.sd")?])),
            "mean_sojourn" | "mean_response" | "mean_end_to_end" | "mean_cycle_response" => {
                is(self.sojourn("mean"))
            }
            "sd_sojourn" => is(self.sojourn("sd")),
            "var_sojourn" => Some(Probe::of(How::Square, &[self.sojourn("sd")?])),
            // Both in the ratio of sums: the sojourn that a second of demand costs.
            "mean_slowdown_sojourn_over_demand" => Some(Probe::of(
                How::TimesOver,
                &[self.sojourn("mean")?, self.place.calls.clone()?, self.resource("busy")?],
            )),
            "mean_in_system" | "mean_in_system_time_average" => is(self.inside()),
            "var_in_system" => Some(Probe::of(How::Square, &[format!("{}.sd", self.inside()?)])),
            "sd_in_system" => Some(Probe::is(format!("{}.sd", self.inside()?))),
            "peak_mean_in_system" => self.periodic(How::Peak),
            "lag_of_peak_after_arrival_peak" => {
                let (period_s, peak_s) = (self.period_s()?, self.arrival_peak_s()?);
                self.periodic(How::Lag { peak_s, period_s })
            }
            "mean_queue_length" => is(self.resource("queue.length")),
            "p_wait" | "p_delay" => is(self.resource("waited.share")),
            "p_block" | "p_loss" => self.failed("refused"),
            "p_reject" => self.failed("rate_limited"),
            "p_abandon" => self.failed("wait_timeout"),
            "p_give_up" => self.failed("gave_up"),
            "utilization" | "fraction_busy_serving" => is(self.resource("utilization")),
            "mean_busy_servers" | "mean_servers_on_busy" => is(self.resource("busy")),
            "fraction_in_setup" | "mean_servers_in_setup" => is(self.resource("setup.busy")),
            "p_all_busy" => is(self.resource("full")),
            "availability_per_server" => is(self.resource("available")),
            "p_all_servers_down" => is(self.resource("downtime")),
            "throughput" => self.throughput(),
            _ => None,
        }
    }

    /// `@endpoint` behind the metrics of a station, where a class is not all there is.
    fn of_class(&self) -> String {
        let shared = self.class.filter(|_| !self.place.alone);
        shared.map(|class| format!("@{}", class.endpoint)).unwrap_or_default()
    }

    /// A statistic of the sojourn.
    fn sojourn(&self, statistic: &str) -> Option<String> {
        let response = self.response()?;
        let is_whole = response.ends_with("latency");
        let of = if is_whole { String::new() } else { self.of_class() };
        Some(format!("{response}.{statistic}{of}"))
    }

    /// Prefix of the traffic or endpoint of the class, where a place is all of its route.
    fn own(&self) -> Option<&str> {
        self.class.filter(|_| self.place.alone).map(|class| class.traffic.as_str())
    }

    fn response(&self) -> Option<String> {
        match (self.own(), self.class) {
            (Some(own), _) => Some(format!("{own}.latency")),
            (None, None) => self.place.response.clone(),
            (None, Some(class)) => {
                let response = self.place.response.as_ref()?;
                if response.ends_with("latency") {
                    return Some(format!("{}.latency", class.traffic));
                }
                Some(response.clone())
            }
        }
    }

    fn inside(&self) -> Option<String> {
        match (self.own(), self.class) {
            (Some(own), _) => Some(format!("{own}.in_flight")),
            (None, Some(class)) => {
                Some(format!("{}@{}", self.place.inside.as_ref()?, class.endpoint))
            }
            (None, None) => self.place.inside.clone(),
        }
    }

    /// A metric of the resource; of one class, that of its endpoint.
    fn resource(&self, metric: &str) -> Option<String> {
        let resource = self.place.resource.as_ref()?;
        let of = self.class.map(|class| format!("@{}", class.endpoint)).unwrap_or_default();
        Some(format!("{resource}.{metric}{of}"))
    }

    fn failed(&self, kind: &str) -> Option<Probe> {
        let failed = self.own().or(self.place.failed.as_deref())?;
        let prefix = if failed.is_empty() { String::new() } else { format!("{failed}.") };
        Some(Probe::is(format!("{prefix}failed.{kind}.share")))
    }

    fn throughput(&self) -> Option<Probe> {
        let response = self.response()?;
        if let Some(prefix) = response.strip_suffix("latency") {
            return Some(Probe::is(format!("{prefix}throughput")));
        }
        if self.class.is_some() {
            return None;
        }
        let failed = format!("{}.failed.rate", self.place.failed.as_ref()?);
        Some(Probe::of(How::Minus, &[self.place.calls.clone()?, failed]))
    }

    /// A level by the name of its mean.
    fn level(&self, name: &str) -> Option<Level> {
        match name {
            "mean_in_system" => self.inside().map(Level),
            "p_all_busy" => self.resource("full").map(Level),
            "mean_queue_length" => self.resource("queue.length").map(Level),
            "mean_busy_servers" => self.resource("busy").map(Level),
            _ => None,
        }
    }

    fn period_s(&self) -> Option<f64> {
        match self.form.runs.first()?.kind {
            Kind::Ensemble { duration_s, .. } => Some(duration_s),
            Kind::Steady => None,
        }
    }

    /// When the rate of arrivals is highest, within a period.
    fn arrival_peak_s(&self) -> Option<f64> {
        let keys = &self.form.runs.first()?.draft.traffic.first()?.1;
        keys.split("peak_at=").nth(1)?.split('s').next()?.parse().ok()
    }

    fn periodic(&self, how: How) -> Option<Probe> {
        let (period_s, level) = (self.period_s()?, self.level("mean_in_system")?);
        let at = |i: u32| level.at(f64::from(i) / f64::from(PHASES) * period_s);
        Some(Probe { metrics: (0..PHASES).map(at).collect(), how, run: 0 })
    }
}

/// A metric that is a level over time.
struct Level(String);

impl Level {
    fn at(&self, second: f64) -> String {
        let second = number(second);
        format!("{} during {second}s..{second}s", self.0)
    }

    fn instant(&self, second: f64) -> Probe {
        Probe::is(self.at(second))
    }
}

/// `p95` of `p95`, and the mean, as metrics name them.
fn statistic(word: &str) -> Option<String> {
    let digits = word.strip_prefix('p')?;
    let fits = (2..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| word.to_owned())
}
