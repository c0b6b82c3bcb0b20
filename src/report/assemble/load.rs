//! Rows about requests: traffic and endpoints, where time goes, failures.

use super::Measured;
use crate::program::{ClassId, Counter, Measure, Quantity};
use crate::report::{FailureRow, Figure, LatencyBin, TimeRow, TimeSpent, TrafficRow};
use crate::results::Attribution;
use crate::stats::{Statistic, Tally};

/// Share of the requests that counts as the slowest.
const SLOWEST: f64 = 0.05;

impl Measured<'_> {
    /// Each traffic, followed by its endpoints when it has several.
    pub(super) fn traffic(&self) -> Vec<TrafficRow> {
        let catalogue = self.catalogue;
        let mut rows = Vec::new();
        for (t, name) in catalogue.traffic.iter().enumerate() {
            let classes = self.classes(|class| usize::from(class.traffic) == t);
            if classes.is_empty() {
                continue;
            }
            rows.push(self.traffic_row(name, "traffic", &classes));
            if classes.len() > 1 {
                for class in classes {
                    let endpoint = usize::from(self.program.classes[class.index()].endpoint);
                    if let Some(name) = catalogue.endpoints.get(endpoint) {
                        rows.push(self.traffic_row(name, "endpoint", &[class]));
                    }
                }
            }
        }
        rows
    }

    fn classes(&self, wanted: impl Fn(&crate::program::Class) -> bool) -> Vec<ClassId> {
        let classes = self.program.classes.iter().enumerate();
        classes.filter(|(_, class)| wanted(class)).map(|(i, _)| ClassId(i as u16)).collect()
    }

    fn traffic_row(&self, name: &str, kind: &'static str, classes: &[ClassId]) -> TrafficRow {
        let of = |counter: fn(ClassId) -> Counter| classes.iter().copied().map(counter).collect();
        let figure = |measure: &Measure, statistic, quantity| -> Figure {
            self.estimated(measure, statistic, quantity)
        };
        let (ok, failed): (Vec<_>, Vec<_>) = (of(Counter::Ok), of(Counter::Failed));
        let ended = [ok.clone(), failed.clone()].concat();
        let latency = Measure::Latency { classes: classes.to_vec(), all: false };
        let quantile = |q| figure(&latency, Some(Statistic::Quantile(q)), Quantity::Duration);
        let p95 = quantile(0.95);
        // The shape of what grows is that of the run, not of the system.
        let latency_bins = if p95.grows() { Vec::new() } else { bins(&self.pooled(classes)) };
        TrafficRow {
            name: name.to_owned(),
            kind,
            offered: figure(&Measure::Rate(of(Counter::Arrivals)), None, Quantity::Rate),
            throughput: figure(&Measure::Rate(ok), None, Quantity::Rate),
            p50: quantile(0.5),
            p95,
            p99: quantile(0.99),
            error_rate: figure(&Measure::Share(failed, ended), None, Quantity::Ratio),
            latency_bins,
        }
    }

    /// Latencies of all replications.
    fn pooled(&self, classes: &[ClassId]) -> Tally {
        let mut pooled = Tally::default();
        for replication in self.replications() {
            for class in classes {
                pooled.merge(&replication.classes[class.index()].ok);
            }
        }
        pooled
    }

    /// Failures by traffic and kind, the most frequent first.
    pub(super) fn failures(&self) -> Vec<FailureRow> {
        let mut rows = Vec::new();
        for (t, traffic) in self.catalogue.traffic.iter().enumerate() {
            let classes = self.classes(|class| usize::from(class.traffic) == t);
            for (k, kind) in self.catalogue.kinds.iter().enumerate() {
                let count = |class: &ClassId| -> u64 {
                    let records = self.replications().iter().map(|r| &r.classes[class.index()]);
                    records.map(|record| record.failures.get(k).copied().unwrap_or(0)).sum()
                };
                let count: u64 = classes.iter().map(count).sum();
                if count > 0 {
                    let share = self.named(
                        &format!("{traffic}.failed.{kind}.share"),
                        None,
                        Quantity::Ratio,
                    );
                    rows.push(FailureRow {
                        traffic: traffic.clone(),
                        kind: kind.clone(),
                        count,
                        share,
                    });
                }
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows
    }

    /// Where the time of requests goes, from the sample that the engine keeps.
    pub(super) fn time(&self) -> Option<TimeSpent> {
        let names: Vec<&str> = self.catalogue.components.iter().map(|c| c.name.as_str()).collect();
        let mut sampled = Sampled::default();
        for replication in self.replications() {
            sampled.add(&replication.attribution, names.len());
        }
        sampled.spent(&names)
    }
}

/// Latency by octave, from the one that holds the fastest to the one that holds the slowest of the
/// middle 99.8 %.
fn bins(latency: &Tally) -> Vec<LatencyBin> {
    let (Some(first), Some(last)) = (latency.quantile(0.001), latency.quantile(0.999)) else {
        return Vec::new();
    };
    let total = latency.count as f64;
    let octave = |x: f64| (x.max(1e-6) / 1e-3).log2();
    let (from, to) = (octave(first).floor() as i32, octave(last).ceil() as i32);
    let up_to = |k: i32| 1e-3 * f64::from(k).exp2();
    let mut below = 0.0;
    (from + 1..=to.max(from + 1))
        .map(|k| {
            let so_far = latency.count_to(up_to(k));
            let share = (so_far - below) / total;
            below = so_far;
            LatencyBin { up_to_s: up_to(k), share }
        })
        .collect()
}

/// The attributions of all replications.
#[derive(Default)]
struct Sampled {
    requests: Vec<f64>,
    latency_s: Vec<f64>,
    /// Index `bin · components + component`.
    spent_s: Vec<(f64, f64)>,
}

impl Sampled {
    fn add(&mut self, attribution: &Attribution, components: usize) {
        self.requests.resize(Attribution::BINS, 0.0);
        self.latency_s.resize(Attribution::BINS, 0.0);
        self.spent_s.resize(Attribution::BINS * components, (0.0, 0.0));
        for (sum, n) in self.requests.iter_mut().zip(&attribution.requests) {
            *sum += *n as f64;
        }
        for (sum, x) in self.latency_s.iter_mut().zip(&attribution.latency_s) {
            *sum += x;
        }
        for (sum, x) in self.spent_s.iter_mut().zip(&attribution.spent_s) {
            *sum = (sum.0 + x.0, sum.1 + x.1);
        }
    }

    /// Means over all and over the slowest; `None` without a sample.
    fn spent(&self, names: &[&str]) -> Option<TimeSpent> {
        let total: f64 = self.requests.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let all = vec![1.0; self.requests.len()];
        let slowest = self.slowest(SLOWEST * total);
        let (everybody, slow) = (self.mean(&all, names.len()), self.mean(&slowest, names.len()));
        let mut components: Vec<TimeRow> = names
            .iter()
            .enumerate()
            .map(|(i, name)| row(Some(name), everybody.spent_s[i], slow.spent_s[i]))
            .filter(|row| {
                row.wait_s + row.service_s + row.slowest_wait_s + row.slowest_service_s > 0.0
            })
            .collect();
        components.sort_by(|a, b| (b.wait_s + b.service_s).total_cmp(&(a.wait_s + a.service_s)));
        let rest = |mean: &Means| {
            let known: f64 = mean.spent_s.iter().map(|(wait, service)| wait + service).sum();
            (mean.latency_s - known).max(0.0)
        };
        // What is less than a thousandth is rounding of the sums, not time.
        if rest(&everybody) > 1e-3 * everybody.latency_s || rest(&slow) > 1e-3 * slow.latency_s {
            components.push(row(None, (0.0, rest(&everybody)), (0.0, rest(&slow))));
        }
        Some(TimeSpent {
            requests: total as u64,
            mean_s: everybody.latency_s,
            slowest_mean_s: slow.latency_s,
            components,
        })
    }

    /// Share of each bin that belongs to the `n` slowest requests.
    fn slowest(&self, n: f64) -> Vec<f64> {
        let mut left = n;
        let mut shares = vec![0.0; self.requests.len()];
        for (share, requests) in shares.iter_mut().zip(&self.requests).rev() {
            if left > 0.0 && *requests > 0.0 {
                *share = (left / requests).min(1.0);
                left -= requests;
            }
        }
        shares
    }

    /// Means over the given shares of the bins.
    fn mean(&self, shares: &[f64], components: usize) -> Means {
        let weighted = |sums: &[f64]| -> f64 { sums.iter().zip(shares).map(|(x, s)| x * s).sum() };
        let requests = weighted(&self.requests).max(f64::MIN_POSITIVE);
        let mut spent_s = vec![(0.0, 0.0); components];
        for (bin, share) in shares.iter().enumerate() {
            for (c, sum) in spent_s.iter_mut().enumerate() {
                let (wait, service) = self.spent_s[bin * components + c];
                *sum = (sum.0 + wait * share / requests, sum.1 + service * share / requests);
            }
        }
        Means { latency_s: weighted(&self.latency_s) / requests, spent_s }
    }
}

struct Means {
    latency_s: f64,
    spent_s: Vec<(f64, f64)>,
}

fn row(component: Option<&str>, all: (f64, f64), slowest: (f64, f64)) -> TimeRow {
    TimeRow {
        component: component.map(str::to_owned),
        wait_s: all.0,
        service_s: all.1,
        slowest_wait_s: slowest.0,
        slowest_service_s: slowest.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_are_taken_from_the_top_with_a_part_of_the_last_bin() {
        let mut attribution = Attribution {
            requests: vec![0; Attribution::BINS],
            latency_s: vec![0.0; Attribution::BINS],
            spent_s: vec![(0.0, 0.0); Attribution::BINS],
        };
        // 90 requests of 10 ms and 10 of 1 s, all of it in the one component.
        for (n, latency_s) in [(90_u32, 0.01), (10, 1.0)] {
            let bin = Attribution::bin(latency_s);
            attribution.requests[bin] = u64::from(n);
            attribution.latency_s[bin] = f64::from(n) * latency_s;
            attribution.spent_s[bin] =
                (f64::from(n) * latency_s * 0.75, f64::from(n) * latency_s * 0.25);
        }
        let mut sampled = Sampled::default();
        sampled.add(&attribution, 1);
        let spent = sampled.spent(&["db"]).expect("a sample");
        assert!((spent.mean_s - 0.109).abs() < 1e-12);
        assert!((spent.slowest_mean_s - 1.0).abs() < 1e-12);
        assert_eq!(spent.components.len(), 1, "nothing passes elsewhere");
        assert!((spent.components[0].slowest_wait_s - 0.75).abs() < 1e-12);
    }

    #[test]
    fn bins_cover_the_distribution() {
        let mut tally = Tally::default();
        for i in 1..=1000 {
            tally.record(f64::from(i) * 1e-3);
        }
        let bins = bins(&tally);
        let sum: f64 = bins.iter().map(|b| b.share).sum();
        assert!((0.99..=1.0 + 1e-9).contains(&sum), "{sum}");
        assert!((bins.last().expect("not empty").up_to_s - 1.024).abs() < 1e-9);
    }
}
