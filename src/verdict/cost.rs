//! What a profile costs per month: provisioned units, simulated usage, other rows.
//!
//! ```text
//! total = Σ price · units · 730 h  +  load_share · Σ usage price · measured rate · 730 h  +  Σ other
//! ```
//!
//! Stated prices and units stay exact decimals. Usage is simulated, so its lines carry an interval;
//! the ends of several lines are added as they are (they rest on the same requests, so they move
//! together). `load_share` is the part of a month that has the simulated load: it divides nothing
//! that is provisioned, except units that follow the load.

use rust_decimal::Decimal;

use super::money::{Money, decimal};
use super::{Estimate, estimate};
use crate::expr::CostMetric;
use crate::profile::{Basis, CostItem, CostSpec, Profile};
use crate::program::{Catalogue, Measure, Quantity};
use crate::results::Replication;
use crate::units::{MONTH_H, Per};

/// Which part of the bill a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostKind {
    /// Units that are there all the time.
    Provisioned,
    /// What the simulated load uses.
    Usage,
    /// A row of `cost.other`.
    Other,
}

impl CostKind {
    /// The word that reports print.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Provisioned => "provisioned",
            Self::Usage => "usage",
            Self::Other => "other",
        }
    }
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq)]
pub struct CostLine {
    /// The component, or the row of `cost.other`.
    pub name: String,
    /// Which part of the bill it is.
    pub kind: CostKind,
    /// How it comes about: `4 instances at $50/mo`, `simulated usage: 1.58M min/mo at $0.006/min`.
    pub basis: String,
    /// Per month; `None` for usage of which nothing was seen.
    pub amount: Option<Money>,
}

/// The bill of a month.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    /// One line per price, in the order of the profile.
    pub lines: Vec<CostLine>,
    /// Prices of provisioned units.
    pub provisioned: Money,
    /// Prices of simulated usage.
    pub usage: Money,
    /// Other rows.
    pub other: Money,
    /// The sum.
    pub total: Money,
    /// What is paid to components of type `external`, in every way.
    pub api: Money,
    /// The rest of the total.
    pub infrastructure: Money,
    /// The population that shares it, and its number.
    pub per: Option<(String, f64)>,
    /// The total over that number.
    pub per_user: Option<Money>,
    /// The total over the population `active`, where `per` is another one.
    pub per_active_user: Option<Money>,
    /// The total over the sessions that begin in a month.
    pub per_session: Option<Money>,
    /// The total over the requests completed in a month.
    pub per_request: Option<Money>,
    /// The total over thousands of requests completed in a month.
    pub per_1000_requests: Option<Money>,
    /// What the profile allows per month.
    pub budget: Option<Decimal>,
    /// Part of the month with this load.
    pub load_share: f64,
    /// Components without any price: they cost nothing here, whatever they cost in truth.
    pub unpriced: Vec<String>,
}

/// Adds up what a profile costs with what was measured.
pub fn costs(
    profile: &Profile,
    catalogue: &Catalogue,
    replications: &[Replication],
    confidence: f64,
) -> Costs {
    bill(&profile.prices, &profile.cost, catalogue, replications, confidence)
}

fn bill(
    prices: &[CostItem],
    spec: &CostSpec,
    catalogue: &Catalogue,
    replications: &[Replication],
    confidence: f64,
) -> Costs {
    let measured = |measure: &Measure, quantity: Quantity| {
        estimate(measure, None, quantity, replications, confidence)
    };
    let mut lines: Vec<CostLine> = prices
        .iter()
        .map(|item| match &item.basis {
            Basis::Provisioned { units } => provisioned(item, *units),
            Basis::Simulated { measure, least } => {
                let units = measured(measure, Quantity::Count);
                simulated(item, &units, f64::from(*least), spec.load_share)
            }
            Basis::Usage { measure } => {
                usage(item, &measured(measure, Quantity::Rate), spec.load_share)
            }
        })
        .collect();
    lines.extend(spec.other.iter().map(|(name, amount)| CostLine {
        name: name.clone(),
        kind: CostKind::Other,
        basis: "stated".to_owned(),
        amount: Some(Money::exact(*amount)),
    }));
    lines.extend(spec.stored.iter().map(|(name, bytes, tariff)| CostLine {
        name: name.clone(),
        kind: CostKind::Other,
        basis: format!("{} GB stored at {}", rounded(bytes / 1e9), tariff.described()),
        amount: Some(Money::exact(
            decimal(bytes / 1e9).and_then(|size| tariff.bill(size)).unwrap_or(Decimal::MAX),
        )),
    }));
    let sum = |kind: CostKind| -> Money {
        // Usage that could not be measured costs something: the sum then has no upper end.
        let amounts = lines.iter().filter(|line| line.kind == kind);
        amounts.map(|line| line.amount.unwrap_or(Money::UNKNOWN)).sum()
    };
    let (provisioned, usage) = (sum(CostKind::Provisioned), sum(CostKind::Usage));
    let other = sum(CostKind::Other);
    let total = provisioned + usage + other;
    let is_external = |line: &&CostLine| {
        let mut components = catalogue.components.iter();
        components.any(|component| component.name == line.name && component.kind == "external")
    };
    let paid = |external: bool| -> Money {
        let these = lines.iter().filter(|line| is_external(line) == external);
        these.map(|line| line.amount.unwrap_or(Money::UNKNOWN)).sum()
    };
    let started = catalogue.metrics.iter().filter(|m| m.name.ends_with(".sessions.started.rate"));
    let started: Vec<_> = started
        .filter_map(|metric| match &metric.measure {
            Measure::Rate(counters) => Some(counters.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let sessions = (!started.is_empty()).then(|| {
        scaled(measured(&Measure::Rate(started), Quantity::Rate), month_s() * spec.load_share)
    });
    let throughput = catalogue.metric("throughput").map(|metric| {
        scaled(measured(&metric.measure, Quantity::Rate), month_s() * spec.load_share)
    });
    let per_request = throughput.as_ref().and_then(|requests| total.over_measured(requests));
    let thousands = throughput.map(|requests| scaled(requests, 1e-3));
    let priced = |name: &str| prices.iter().any(|item| item.component == name);
    // Delays of steps are kept under a component of their own, which nobody pays for.
    let components = catalogue.components.iter().filter(|component| component.kind != "delay");
    let components = components.map(|component| &component.name);
    Costs {
        provisioned,
        usage,
        other,
        total,
        api: paid(true),
        infrastructure: paid(false),
        per_active_user: spec.active.and_then(|number| total.over(number)),
        per_session: sessions.and_then(|sessions| total.over_measured(&sessions)),
        per: spec.per.clone(),
        per_user: spec.per.as_ref().and_then(|(_, number)| total.over(*number)),
        per_request,
        per_1000_requests: thousands.and_then(|requests| total.over_measured(&requests)),
        budget: spec.budget,
        load_share: spec.load_share,
        unpriced: components.filter(|name| !priced(name)).cloned().collect(),
        lines,
    }
}

impl Costs {
    /// A metric of money as an estimate in dollars; without a value when it cannot be given.
    pub fn metric(&self, metric: &CostMetric) -> Estimate {
        let money = match metric {
            CostMetric::Total => Some(self.total),
            CostMetric::Provisioned => Some(self.provisioned),
            CostMetric::Usage => Some(self.usage),
            CostMetric::Row(name) => Some(self.row(name)),
            CostMetric::PerUser => self.per_user,
            CostMetric::PerRequest => self.per_request,
            CostMetric::Budget => self.budget.map(Money::exact),
        };
        money.map_or_else(
            || Estimate::unknown(None, Quantity::Money, super::estimate::NO_DATA),
            |money| money.estimate(),
        )
    }

    /// All lines of a component or row; `None` when there are none.
    pub fn named(&self, name: &str) -> Option<Money> {
        self.lines.iter().any(|line| line.name == name).then(|| self.row(name))
    }

    /// All lines of a component or row.
    fn row(&self, name: &str) -> Money {
        let lines = self.lines.iter().filter(|line| line.name == name);
        lines.map(|line| line.amount.unwrap_or(Money::UNKNOWN)).sum()
    }

    /// Whether any line rests on what was simulated: usage, or units that come and go.
    pub fn is_simulated(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.kind == CostKind::Usage || line.amount.is_none_or(|a| !a.is_exact()))
    }
}

fn month_s() -> f64 {
    f64::from(MONTH_H) * 3600.0
}

fn scaled(of: Estimate, by: f64) -> Estimate {
    Estimate { value: of.value.map(|value| value * by), low: of.low * by, high: of.high * by, ..of }
}

fn provisioned(item: &CostItem, units: u64) -> CostLine {
    let noun = match (units, item.item.strip_suffix('s')) {
        (1, Some(one)) => one,
        _ => item.item,
    };
    let amount = item.price.provisioned(Decimal::from(units)).unwrap_or(Decimal::MAX);
    CostLine {
        name: item.component.clone(),
        kind: CostKind::Provisioned,
        basis: format!("{units} {noun} at {}", item.price.described()),
        amount: Some(Money::exact(amount)),
    }
}

/// Paid for is the mean number of units over the simulated time, in the part of the month that has
/// this load; in the rest nothing is to do, and the fewest are there.
fn simulated(item: &CostItem, units: &Estimate, least: f64, load_share: f64) -> CostLine {
    let idle = (1.0 - load_share) * least;
    let loaded = scaled(*units, load_share);
    let paid = Estimate {
        value: loaded.value.map(|value| value + idle),
        low: loaded.low + idle,
        high: loaded.high + idle,
        ..loaded
    };
    let seen = units.value.map_or_else(|| "no".to_owned(), rounded);
    let at = item.price.described();
    let rest = if load_share < 1.0 {
        format!(", {} in the rest of the month", rounded(least))
    } else {
        String::new()
    };
    CostLine {
        name: item.component.clone(),
        kind: CostKind::Provisioned,
        basis: format!("{seen} {} on average (simulated){rest} at {at}", item.item),
        amount: Money::billed(&paid, |units| item.price.provisioned(units)),
    }
}

/// The measured rate per second is extended to a month, in the unit of the price.
fn usage(item: &CostItem, rate: &Estimate, load_share: f64) -> CostLine {
    let per = item.price.price.per;
    let per_unit = match per {
        Per::Request | Per::Message | Per::Job => 1.0,
        Per::Gigabyte => 1e9,
        Per::Minute => 60.0,
        Per::Hour => 3600.0,
        // A number of them, for a month.
        Per::Month | Per::Connection => month_s(),
    };
    let monthly = scaled(*rate, month_s() * load_share / per_unit);
    let seen = monthly.value.map_or_else(
        || "nothing was seen".to_owned(),
        |value| format!("{} {}/mo", rounded(value), unit_of(per)),
    );
    CostLine {
        name: item.component.clone(),
        kind: CostKind::Usage,
        basis: format!("simulated usage: {seen} at {}", item.price.described()),
        amount: Money::billed(&monthly, |units| item.price.bill(units)),
    }
}

const fn unit_of(per: Per) -> &'static str {
    match per {
        Per::Request => "requests",
        Per::Message => "messages",
        Per::Job => "jobs",
        Per::Connection => "connections",
        other => other.word(),
    }
}

/// Three significant digits with k, M or G.
fn rounded(x: f64) -> String {
    let (x, suffix) = match x {
        x if x >= 1e9 => (x / 1e9, "G"),
        x if x >= 1e6 => (x / 1e6, "M"),
        x if x >= 1e4 => (x / 1e3, "k"),
        x => (x, ""),
    };
    let digits = match x {
        x if x >= 100.0 => 0,
        x if x >= 10.0 => 1,
        x if x >= 1.0 => 2,
        _ => 3,
    };
    let short = decimal(x).map_or(Decimal::ZERO, |x| x.round_dp(digits).normalize());
    format!("{short}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{ClassId, ComponentId, ComponentNames, Counter, Gauge, Metric};
    use crate::results::{ClassRecord, ComponentRecord};
    use crate::units::{Price, Tariff};

    fn price(amount: &str, per: Per) -> Price {
        Price { amount: amount.parse().expect("a decimal"), per }
    }

    fn item(component: &str, item: &'static str, price: Price, basis: Basis) -> CostItem {
        CostItem { component: component.to_owned(), item, price: price.into(), basis }
    }

    fn spec() -> CostSpec {
        CostSpec {
            budget_place: crate::source::Place::default(),
            per: Some(("active".to_owned(), 200.0)),
            active: None,
            budget: Some(Decimal::from(450)),
            load_share: 1.0,
            other: vec![("monitoring".to_owned(), Decimal::from(50))],
            stored: vec![],
        }
    }

    fn catalogue() -> Catalogue {
        let component = |name: &str| ComponentNames { name: name.to_owned(), kind: "service" };
        Catalogue {
            metrics: vec![Metric {
                name: "throughput".to_owned(),
                measure: Measure::Rate(vec![Counter::Ok(ClassId(0))]),
                quantity: Quantity::Rate,
            }],
            components: vec![component("app"), component("whisper"), component("redis")],
            ..Catalogue::default()
        }
    }

    /// Two equal replications of 100 s: 10 requests/s ok, 3 calls/s of 2 s each.
    fn replications() -> Vec<Replication> {
        let mut class = ClassRecord { arrivals: 1000, ..ClassRecord::default() };
        for _ in 0..1000 {
            class.ok.record(0.1);
        }
        let component = ComponentRecord { calls: 300, amount: 600.0, ..Default::default() };
        let of = Replication {
            time_s: 100.0,
            classes: vec![class],
            components: vec![component],
            ..Replication::default()
        };
        vec![of.clone(), of]
    }

    fn money(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn a_month_is_730_hours_and_sums_are_exact() {
        let prices = [
            item("app", "instances", price("0.08", Per::Hour), Basis::Provisioned { units: 3 }),
            item("app", "balancer", price("20.10", Per::Month), Basis::Provisioned { units: 1 }),
        ];
        let costs = bill(&prices, &spec(), &catalogue(), &[], 0.95);
        assert_eq!(costs.lines[0].amount, Some(Money::exact(money("175.20"))));
        assert_eq!(costs.lines[0].basis, "3 instances at $0.08/h");
        assert_eq!(costs.lines[1].basis, "1 balancer at $20.10/mo");
        assert_eq!(costs.total, Money::exact(money("245.30")));
        assert_eq!(costs.per_user, Some(Money::exact(money("1.2265"))));
        assert_eq!(costs.unpriced, ["whisper", "redis"]);
        assert!(costs.total.is_exact() && !costs.is_simulated());
    }

    #[test]
    fn usage_is_extended_to_a_month_in_the_unit_of_its_price() {
        let calls = Measure::Rate(vec![Counter::Calls(ComponentId(0))]);
        let amount = Measure::Usage(ComponentId(0));
        for (per, measure, amount_per_month) in [
            (Per::Request, &calls, "7884000"), // 3/s · 2 628 000 s
            (Per::Minute, &amount, "262800"),  // 6 s/s · 2 628 000 s / 60
            (Per::Hour, &amount, "4380"),
            (Per::Gigabyte, &amount, "0.015768"),
        ] {
            let basis = Basis::Usage { measure: measure.clone() };
            let prices = [item("whisper", "usage", price("0.006", per), basis)];
            let costs = bill(&prices, &spec(), &catalogue(), &replications(), 0.95);
            let line = costs.lines[0].amount.expect("calls were seen");
            let exact = (money(amount_per_month) * money("0.006")).normalize();
            assert_eq!(line.value, exact, "{per:?}");
            assert!(line.low <= line.value && line.high.is_some_and(|high| high >= line.value));
            assert!(costs.lines[0].basis.starts_with("simulated usage: "));
        }
    }

    /// 3 instances under load, 1 otherwise: in a quarter of the month 3, else 1, at $20.
    #[test]
    fn instances_that_change_are_paid_for_as_simulated() {
        let measure = Measure::Level { of: vec![Gauge::Constant(3.0)], per: Vec::new() };
        let basis = Basis::Simulated { measure, least: 1 };
        let prices = [item("app", "instances", price("20", Per::Month), basis)];
        for (load_share, amount, says) in [
            (1.0, "60", "3 instances on average (simulated) at $20/mo"),
            (
                0.25,
                "30",
                "3 instances on average (simulated), 1 in the rest of the month at $20/mo",
            ),
        ] {
            let spec = CostSpec { load_share, ..spec() };
            let costs = bill(&prices, &spec, &catalogue(), &replications(), 0.95);
            assert_eq!(costs.provisioned.value, money(amount));
            assert_eq!(costs.lines[0].basis, says);
        }
    }

    #[test]
    fn the_load_share_scales_usage_only() {
        let calls = Measure::Rate(vec![Counter::Calls(ComponentId(0))]);
        let prices = [
            item("app", "instances", price("50", Per::Month), Basis::Provisioned { units: 2 }),
            item(
                "whisper",
                "usage",
                price("0.0001", Per::Request),
                Basis::Usage { measure: calls },
            ),
        ];
        let spec = CostSpec { load_share: 0.25, ..spec() };
        let costs = bill(&prices, &spec, &catalogue(), &replications(), 0.95);
        assert_eq!(costs.provisioned, Money::exact(money("100")));
        assert_eq!(costs.usage.value, money("197.1"));
        assert_eq!(costs.total.value, money("347.1"));
        assert_eq!(costs.lines[1].basis, "simulated usage: 1.97M requests/mo at $0.0001/request");
        // 10 requests/s in a quarter of the month: 6.57 million.
        let per_1000 = costs.per_1000_requests.expect("requests were seen");
        assert_eq!(per_1000.value.round_dp(6), money("0.052831"));
    }

    /// 3 calls/s are 7 884 000 a month: 1 000 000 free, 4 000 000 at 0.002, 2 884 000 at 0.001.
    #[test]
    fn tiers_bill_the_use_of_a_month_and_keep_its_interval() {
        let calls = Measure::Rate(vec![Counter::Calls(ComponentId(0))]);
        let tariff = Tariff {
            free: money("1000000"),
            steps: vec![(money("5000000"), money("0.001"))],
            ..price("0.002", Per::Request).into()
        };
        let mut tiered =
            item("whisper", "usage", price("0", Per::Request), Basis::Usage { measure: calls });
        tiered.price = tariff;
        let costs = bill(&[tiered], &spec(), &catalogue(), &replications(), 0.95);
        let line = costs.lines[0].amount.expect("calls were seen");
        assert_eq!(line.value, money("10884"));
        assert!(line.low < line.value && line.high.is_some_and(|high| high > line.value));
        let says = "simulated usage: 7.88M requests/mo at $0.002/request, first 1000000 free, $0.001 \
                    from 5000000";
        assert_eq!(costs.lines[0].basis, says);
    }

    #[test]
    fn what_is_stored_is_paid_per_gigabyte() {
        let stored = vec![("sound".to_owned(), 250e9, price("0.02", Per::Gigabyte).into())];
        let costs = bill(&[], &CostSpec { stored, ..spec() }, &catalogue(), &[], 0.95);
        assert_eq!(costs.named("sound"), Some(Money::exact(money("5.00"))));
        assert_eq!(costs.total.value, money("55.00"));
        assert_eq!(costs.lines[1].basis, "250 GB stored at $0.02/GB");
    }

    #[test]
    fn metrics_of_money_answer_as_estimates() {
        let costs = bill(&[], &spec(), &catalogue(), &[], 0.95);
        assert_eq!(costs.metric(&CostMetric::Total).value, Some(50.0));
        assert_eq!(costs.metric(&CostMetric::Row("monitoring".to_owned())).value, Some(50.0));
        assert_eq!(costs.metric(&CostMetric::Budget).value, Some(450.0));
        assert_eq!(costs.metric(&CostMetric::PerUser).value, Some(0.25));
        assert_eq!(costs.metric(&CostMetric::PerRequest).value, None);
        assert_eq!(costs.metric(&CostMetric::Usage).value, Some(0.0));
    }
}
