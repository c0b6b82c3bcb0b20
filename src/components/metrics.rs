//! Names of what can be measured of a component and its resources.

use crate::program::{
    BreakerId, Counter, Gauge, Group, GroupId, KindId, Measure, Metric, Quantity, ResourceView,
    StationId,
};

use super::lower::{Lower, Own};

/// A row of like stations under one name.
#[derive(Clone, Debug)]
pub(crate) struct Resource<'a> {
    /// `pool`, `cpu`; empty when the component has one resource and leaves its name out.
    pub(crate) name: &'a str,
    /// All stations of the row.
    pub(crate) stations: Vec<StationId>,
    /// The path in the profile that sizes it.
    pub(crate) sized_by: Option<String>,
    /// What one unit is called.
    pub(crate) unit: &'static str,
    /// What the units are.
    pub(crate) quantity: Quantity,
    /// Whether it has units that are in use for a time.
    pub(crate) has_units: bool,
    /// Whether tasks wait for it.
    pub(crate) has_queue: bool,
    /// Whether the number of units is finite.
    pub(crate) is_limited: bool,
    /// Units in all, where they are not those of the stations.
    pub(crate) size: Option<Gauge>,
}

impl<'a> Resource<'a> {
    /// Units with a queue.
    pub(crate) const fn tokens(name: &'a str, stations: Vec<StationId>) -> Self {
        Self {
            name,
            stations,
            sized_by: None,
            unit: "server",
            quantity: Quantity::Count,
            has_units: true,
            has_queue: true,
            is_limited: true,
            size: None,
        }
    }

    /// Shared, without a queue: cores, links, memory.
    pub(crate) fn shared(name: &'a str, stations: Vec<StationId>) -> Self {
        Self { has_queue: false, unit: "core", ..Self::tokens(name, stations) }
    }

    /// A rate limit: nothing is in use.
    pub(crate) fn bucket(name: &'a str, stations: Vec<StationId>) -> Self {
        Self { has_units: false, unit: "request/s", ..Self::tokens(name, stations) }
    }
}

impl Lower<'_> {
    /// Registers a metric.
    pub(crate) fn metric(&mut self, name: String, quantity: Quantity, measure: Measure) {
        self.catalogue.metrics.push(Metric { name, measure, quantity });
    }

    /// Registers a resource and its metrics.
    pub(crate) fn resource(&mut self, own: &Own<'_>, r: Resource<'_>) {
        let prefix = if r.name.is_empty() {
            own.name.to_owned()
        } else {
            format!("{}.{}", own.name, r.name)
        };
        let name = |metric: &str| format!("{prefix}.{metric}");
        let gauges =
            |of: fn(StationId) -> Gauge| r.stations.iter().copied().map(of).collect::<Vec<_>>();
        let counters =
            |of: fn(StationId) -> Counter| r.stations.iter().copied().map(of).collect::<Vec<_>>();
        let level = |of: Vec<Gauge>| Measure::Level { of, per: Vec::new() };
        if r.has_units {
            let size = r.size.map_or_else(|| gauges(Gauge::Size), |size| vec![size]);
            self.metric(name("busy"), r.quantity, level(gauges(Gauge::Busy)));
            if r.is_limited {
                let share = Measure::Level { of: gauges(Gauge::Busy), per: size.clone() };
                self.metric(name("utilization"), Quantity::Ratio, share);
                self.metric(name("size"), r.quantity, level(size));
                let count = vec![self.number_of(&r.stations)];
                let full = Measure::Level { of: gauges(Gauge::Full), per: count };
                self.metric(name("full"), Quantity::Ratio, full);
            }
        }
        if r.has_queue {
            self.metric(name("queue.length"), Quantity::Count, level(gauges(Gauge::Queue)));
            for (metric, all) in [("wait", false), ("wait_all", true)] {
                let wait = Measure::Wait { stations: r.stations.clone(), all };
                self.metric(name(metric), Quantity::Duration, wait);
            }
            let arrived = counters(Counter::StationArrivals);
            let share = Measure::Share(counters(Counter::StationWaited), arrived);
            self.metric(name("waited.share"), Quantity::Ratio, share);
            for (metric, of) in [
                ("refused", Counter::StationRefused as fn(StationId) -> Counter),
                ("timeouts", Counter::StationTimeouts),
            ] {
                let all = counters(of);
                self.metric(
                    name(&format!("{metric}.count")),
                    Quantity::Count,
                    Measure::Count(all.clone()),
                );
                self.metric(name(&format!("{metric}.rate")), Quantity::Rate, Measure::Rate(all));
            }
        }
        self.catalogue.resources.push(ResourceView {
            name: prefix,
            component: own.id(),
            stations: r.stations,
            sized_by: r.sized_by,
            unit: r.unit,
        });
    }

    /// How many stations of a row there are: those of instances come and go with them.
    fn number_of(&mut self, stations: &[StationId]) -> Gauge {
        let all = stations.len() as f64;
        let program = self.builder.program();
        let instance = stations.first().and_then(|id| program.stations[id.index()].instance);
        let of = |g: &Group| {
            g.scaling.is_some() && instance.is_some_and(|i| i.0.wrapping_sub(g.first.0) < g.count)
        };
        match program.groups.iter().position(of) {
            Some(group) => Gauge::Provisioned {
                each: all / f64::from(program.groups[group].count),
                group: GroupId(group as u16),
            },
            None => Gauge::Constant(all),
        }
    }

    /// Registers what every component has: response, calls and failures.
    pub(crate) fn component_metrics(&mut self, own: &Own<'_>) {
        let (id, name) = (own.id(), own.name);
        self.metric(format!("{name}.response"), Quantity::Duration, Measure::Response(id));
        let calls = vec![Counter::Calls(id)];
        self.metric(format!("{name}.calls.rate"), Quantity::Rate, Measure::Rate(calls.clone()));
        self.metric(format!("{name}.calls.count"), Quantity::Count, Measure::Count(calls.clone()));
        self.failures(name, &[Counter::CallsFailed(id)], &calls, &|kind| {
            vec![Counter::CallsFailedAs(id, kind)]
        });
    }

    /// Registers `failed.…` of a component, a traffic source, an endpoint or the whole.
    pub(crate) fn failures(
        &mut self,
        name: &str,
        failed: &[Counter],
        offered: &[Counter],
        of: &dyn Fn(KindId) -> Vec<Counter>,
    ) {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
        self.metric(format!("{prefix}failed.rate"), Quantity::Rate, Measure::Rate(failed.to_vec()));
        self.metric(
            format!("{prefix}failed.count"),
            Quantity::Count,
            Measure::Count(failed.to_vec()),
        );
        for i in 0..self.catalogue.kinds.len() {
            let kind = self.catalogue.kinds[i].clone();
            let as_kind = of(KindId(i as u8));
            let name = |metric: &str| format!("{prefix}failed.{kind}.{metric}");
            self.metric(name("rate"), Quantity::Rate, Measure::Rate(as_kind.clone()));
            self.metric(name("count"), Quantity::Count, Measure::Count(as_kind.clone()));
            self.metric(name("share"), Quantity::Ratio, Measure::Share(as_kind, offered.to_vec()));
        }
    }

    /// Registers the share of time that breakers are open (the mean over them).
    pub(crate) fn breaker_metrics(&mut self, own: &Own<'_>, breakers: &[BreakerId]) {
        if breakers.is_empty() {
            return;
        }
        let of = breakers.iter().copied().map(Gauge::BreakerOpen).collect();
        let per = vec![Gauge::Constant(breakers.len() as f64)];
        let name = format!("{}.breaker.open_share", own.name);
        self.metric(name, Quantity::Ratio, Measure::Level { of, per });
    }
}
