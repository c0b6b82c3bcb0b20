//! Rows about the parts of the system: resources and overloads.

use super::Measured;
use crate::program::{Counter, Measure, Quantity, ResourceView, Station, StationKind};
use crate::report::{Figure, Overload, ResourceRow};
use crate::results::StationRecord;
use crate::stats::Statistic;
use crate::study::overload::overloads;
use crate::verdict::{Estimate, estimate};

impl Measured<'_> {
    /// Every resource, in the order of the profile.
    pub(super) fn resources(&self) -> Vec<ResourceRow> {
        self.catalogue.resources.iter().map(|resource| self.resource(resource)).collect()
    }

    fn resource(&self, resource: &ResourceView) -> ResourceRow {
        let owner = &self.catalogue.components[resource.component.index()];
        let name = |metric: &str| format!("{}.{metric}", resource.name);
        let sum = |of: fn(&StationRecord) -> u64| -> u64 {
            let stations = resource.stations.iter();
            let of_station = |id: &crate::program::StationId| -> u64 {
                self.replications().iter().map(|r| of(&r.stations[id.index()])).sum()
            };
            stations.map(of_station).sum()
        };
        let p95 = Some(Statistic::Quantile(0.95));
        let rate = self.rate(resource);
        let size = self.named(&name("size"), None, Quantity::Count).0.value.or(rate);
        ResourceRow {
            component: owner.name.clone(),
            kind: owner.kind,
            resource: resource.name.clone(),
            unit: resource.unit,
            size: size.filter(|x| x.is_finite()),
            utilization: match rate {
                Some(rate) => self.spent(resource, rate),
                None => self.named(&name("utilization"), None, Quantity::Ratio),
            },
            queue: self.named(&name("queue.length"), None, Quantity::Count),
            wait_p95: self.named(&name("wait"), p95, Quantity::Duration),
            refused: sum(|s| s.refused),
            timeouts: sum(|s| s.timeouts),
        }
    }

    /// What rate limits let through, per second; `None` of any other resource.
    fn rate(&self, resource: &ResourceView) -> Option<f64> {
        let stations = resource.stations.iter().map(|id| &self.program.stations[id.index()]);
        let rate = |station: &Station| match &station.kind {
            StationKind::Bucket(b) => Some(b.rate_per_s * b.clients.unwrap_or(1) as f64),
            _ => None,
        };
        stations.map(rate).sum::<Option<f64>>().filter(|rate| *rate > 0.0)
    }

    /// The share of a rate that is used.
    fn spent(&self, resource: &ResourceView, rate_per_s: f64) -> Figure {
        let served = resource.stations.iter().copied().map(Counter::StationServed).collect();
        let (replications, confidence) = (self.replications(), self.run.confidence);
        let of = estimate(&Measure::Rate(served), None, Quantity::Rate, replications, confidence);
        Figure(Estimate {
            value: of.value.map(|value| value / rate_per_s),
            low: of.low / rate_per_s,
            high: of.high / rate_per_s,
            quantity: Quantity::Ratio,
            note: of.note,
        })
    }

    /// Resources that are offered more than they serve.
    pub(super) fn overloads(&self) -> Vec<Overload> {
        let resources = &self.catalogue.resources;
        let rows: Vec<_> = resources.iter().map(|resource| resource.stations.clone()).collect();
        overloads(self.program, &rows, self.replications(), self.run.confidence)
            .into_iter()
            .map(|overload| {
                let resource = &resources[overload.row];
                Overload {
                    component: self.catalogue.components[resource.component.index()].name.clone(),
                    resource: resource.name.clone(),
                    grows: overload.grows,
                    growth: overload.growth_per_s.into(),
                    offered_per_s: overload.offered_per_s,
                    served_per_s: overload.served_per_s,
                    lost_per_s: overload.lost_per_s,
                    utilization: overload.utilization,
                    sized_by: resource.sized_by.clone(),
                }
            })
            .collect()
    }
}
