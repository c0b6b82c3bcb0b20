//! What a component costs: provisioned units and usage.

use crate::program::{Counter, Measure, Quantity};
use crate::units::{Per, Tariff};

use super::lower::{Lower, Own};

/// One price of one component, and what it multiplies.
#[derive(Clone, Debug)]
pub struct CostItem {
    /// Name of the component.
    pub component: String,
    /// What is paid for: `instances`, `nodes`, `balancer`, `usage`.
    pub item: &'static str,
    /// The price of one unit.
    pub price: Tariff,
    /// Units.
    pub basis: Basis,
}

/// What a price multiplies.
#[derive(Clone, Debug, PartialEq)]
pub enum Basis {
    /// A number of units that are there all the time; the price is per month or per hour.
    Provisioned {
        /// How many.
        units: u64,
    },
    /// A number of units that changes: what is paid for is its mean over time; the price is per month
    /// or per hour.
    Simulated {
        /// The level.
        measure: Measure,
        /// Units when there is no load.
        least: u32,
    },
    /// A measured rate: calls per second (`/request`, `/message`, `/job`), bytes per second (`/GB`), or
    /// seconds of use per second (`/min`, `/h`); or open connections (`/connection`). The price says
    /// which.
    Usage {
        /// The rate.
        measure: Measure,
    },
}

impl Lower<'_> {
    /// Notes the price of a component's provisioned units, if it has one.
    pub(crate) fn price(&mut self, own: &Own<'_>, item: &'static str, basis: Basis) {
        if let Some(price) = self.parts[own.index].common.price.clone() {
            self.price_of(own, item, price, basis);
        }
    }

    /// Notes a price of a component.
    pub(crate) fn price_of(
        &mut self,
        own: &Own<'_>,
        item: &'static str,
        price: Tariff,
        basis: Basis,
    ) {
        self.prices.push(CostItem { component: own.name.to_owned(), item, price, basis });
    }

    /// Notes the prices of a component's use: per call, or per amount of its calls.
    pub(crate) fn usage_prices(&mut self, own: &Own<'_>) {
        for price in &self.parts[own.index].common.usage_prices {
            let measure = match price.price.per {
                per if per.is_call() => Measure::Rate(vec![Counter::Calls(own.id())]),
                Per::Connection => {
                    let name = format!("{}.connections.busy", own.name);
                    let open = self.catalogue.metric(&name).map(|metric| metric.measure.clone());
                    open.unwrap_or(Measure::Rate(Vec::new()))
                }
                _ => Measure::Usage(own.id()),
            };
            self.price_of(own, "usage", price.clone(), Basis::Usage { measure });
        }
    }

    /// Registers the bytes per second that pass a component.
    pub(crate) fn network_metric(&mut self, own: &Own<'_>) {
        let name = format!("{}.network.rate", own.name);
        self.metric(name, Quantity::Bandwidth, Measure::Usage(own.id()));
    }
}
