//! A report made by hand, with something in every field: what renderers are tested with.

use super::{
    Alert, Assumption, Balance, Bottleneck, Check, Cost, CostLine, Diagnosis, Effect, FailureRow,
    Figure, Headroom, LatencyBin, Location, Money, Objective, Origin, Overload, Report,
    ResourceRow, RunLine, SCHEMA_VERSION, Subject, TimeRow, TimeSpent, TrafficRow,
};
use crate::program::Quantity;
use crate::verdict::{Estimate, Verdict};

fn about(value: f64, half_width: f64, quantity: Quantity) -> Figure {
    let (low, high) = (value - half_width, value + half_width);
    Figure(Estimate { value: Some(value), low, high, quantity, note: None })
}

fn objective(
    name: &str,
    kind: Origin,
    expression: &str,
    verdict: Verdict,
    measured: Figure,
) -> Objective {
    let (name, expression) = (name.to_owned(), expression.to_owned());
    let place = Some(Location { file: "profiles/mina/peak.yaml".to_owned(), line: 47, column: 12 });
    Objective {
        name,
        kind,
        expression,
        verdict,
        measured,
        reason: None,
        remedy: None,
        at_s: None,
        place,
    }
}

fn traffic(name: &str, kind: &'static str, rate: f64, p50: f64, p95: f64, p99: f64) -> TrafficRow {
    let seconds = |x: f64| about(x, x * 0.02, Quantity::Duration);
    TrafficRow {
        name: name.to_owned(),
        kind,
        offered: about(rate, rate * 0.004, Quantity::Rate),
        throughput: about(rate * 0.999, rate * 0.004, Quantity::Rate),
        p50: seconds(p50),
        p95: seconds(p95),
        p99: seconds(p99),
        error_rate: about(0.001_2, 0.000_3, Quantity::Ratio),
        latency_bins: [0.02, 0.11, 0.43, 0.31, 0.1, 0.03]
            .iter()
            .enumerate()
            .map(|(i, share)| LatencyBin { up_to_s: 0.016 * f64::from(1 << i), share: *share })
            .collect(),
    }
}

fn resource(
    name: &str,
    unit: &'static str,
    size: f64,
    busy: f64,
    wait_p95: f64,
    lost: u64,
) -> ResourceRow {
    ResourceRow {
        component: name.split('.').next().unwrap_or_default().to_owned(),
        kind: "service",
        resource: name.to_owned(),
        unit,
        size: Some(size),
        utilization: about(busy, busy * 0.01, Quantity::Ratio),
        queue: about(busy * 3.0, 0.2, Quantity::Count),
        wait_p95: about(wait_p95, wait_p95 * 0.03, Quantity::Duration),
        refused: lost,
        timeouts: 0,
    }
}

/// The report of a system that fails an objective for one clear reason.
pub(crate) fn sample() -> Report {
    let mut cost_claim = objective(
        "MINA-SCL-067",
        Origin::Claim,
        "cost.total within $150/mo..$450/mo",
        Verdict::Holds,
        about(304.25, 1.2, Quantity::Money),
    );
    cost_claim.reason = None;
    let mut errors = objective(
        "errors",
        Origin::Slo,
        "api.error_rate < 0.1%",
        Verdict::Undecided,
        about(0.001_2, 0.000_3, Quantity::Ratio),
    );
    errors.reason = Some("the interval straddles the limit".to_owned());
    errors.remedy = Some("--max-requests 6000000 would decide it".to_owned());
    let line = |name: &str, kind, basis: &str, cents| CostLine {
        name: name.to_owned(),
        kind,
        basis: basis.to_owned(),
        amount: Some(Money::new(cents, 2)),
        amount_low: Some(Money::new(cents, 2)),
        amount_high: Some(Money::new(cents, 2)),
    };
    let row = |component: Option<&str>, wait_s, service_s, slow_wait_s, slow_service_s| TimeRow {
        component: component.map(str::to_owned),
        wait_s,
        service_s,
        slowest_wait_s: slow_wait_s,
        slowest_service_s: slow_service_s,
    };
    Report {
        schema_version: SCHEMA_VERSION,
        capplan: "0.1.0".to_owned(),
        profile: Subject {
            name: "mina / peak".to_owned(),
            file: "profiles/mina/peak.yaml".to_owned(),
            users: vec![("active".to_owned(), 50_000.0)],
            set: vec!["db.pool.size=20".to_owned()],
            scale: 1.0,
        },
        run: RunLine {
            seed: 42,
            replications: 8,
            warmup_s: 31.5,
            horizon_s: 412.0,
            requests: 1_312_400,
            events: 9_822_113,
            rounds: 2,
            stopped: "decided",
            state: "steady",
            confidence: 0.95,
            verdict_confidence: 0.983,
            repeat: "capplan simulate profiles/mina/peak.yaml --set db.pool.size=20 --seed 42"
                .to_owned(),
        },
        partial: false,
        verdict: Verdict::Fails,
        objectives: vec![
            objective(
                "latency",
                Origin::Slo,
                "api.latency.p95 < 800ms",
                Verdict::Fails,
                about(1.214, 0.031, Quantity::Duration),
            ),
            errors,
            cost_claim,
        ],
        overloads: vec![Overload {
            component: "whisper".to_owned(),
            resource: "whisper.limit".to_owned(),
            grows: false,
            growth: about(0.0, 0.1, Quantity::Rate),
            offered_per_s: 1600.0,
            served_per_s: 8.33,
            lost_per_s: 1591.67,
            utilization: 1.0,
            sized_by: Some("components.whisper.rate_limit".to_owned()),
        }],
        bottlenecks: vec![
            Bottleneck {
                component: "db".to_owned(),
                resource: "db.pool".to_owned(),
                utilization: 0.943,
                wait_share: 0.71,
                waited_s: 0.12,
                headroom: Some(1.06),
                effect: Some(Effect {
                    set_to: None,
                    factor: 1.25,
                    metric: "api.latency.p95".to_owned(),
                    before: about(1.214, 0.031, Quantity::Duration),
                    after: about(0.412, 0.007, Quantity::Duration),
                    gain: Some(0.66),
                    is_significant: true,
                }),
                method: "paired",
                sized_by: Some("components.db.pool.size".to_owned()),
            },
            Bottleneck {
                component: "app".to_owned(),
                resource: "app.workers".to_owned(),
                utilization: 0.62,
                wait_share: 0.08,
                waited_s: 0.01,
                headroom: Some(1.6),
                effect: None,
                method: "observed",
                sized_by: Some("components.app.workers".to_owned()),
            },
        ],
        headroom: Some(Headroom {
            holds: 0.8,
            breaks: Some(0.83),
            objective: Some("latency".to_owned()),
            probes: 4,
        }),
        diagnosis: Diagnosis {
            method: "analytic screen, then paired runs with common random numbers",
            metrics: vec!["api.latency.p95".to_owned()],
            requests: 412_000,
        },
        time: Some(TimeSpent {
            requests: 65_536,
            mean_s: 0.281,
            slowest_mean_s: 1.512,
            components: vec![
                row(Some("db"), 0.141, 0.062, 1.22, 0.131),
                row(Some("app"), 0.012, 0.004, 0.031, 0.008),
                row(None, 0.0, 0.062, 0.0, 0.122),
            ],
        }),
        traffic: vec![
            traffic("api", "traffic", 400.2, 0.212, 1.214, 1.62),
            traffic("list_meetings", "endpoint", 140.1, 0.252, 1.311, 1.71),
            traffic("pages", "traffic", 200.1, 0.015, 0.021, 0.024),
        ],
        resources: vec![
            resource("db.pool", "connection", 120.0, 0.943, 0.412, 0),
            resource("app.cpu", "core", 4.0, 0.62, 0.012, 0),
            resource("whisper.limit", "call/s", 8.33, 1.0, 0.0, 655_213),
        ],
        failures: vec![FailureRow {
            traffic: "live".to_owned(),
            kind: "rate_limited".to_owned(),
            count: 655_213,
            share: about(0.994_8, 0.000_1, Quantity::Ratio),
        }],
        cost: Cost {
            lines: vec![
                line("app", "provisioned", "1 instance at $160/mo", 16_000),
                line("whisper", "usage", "240.4 min/h at $0.006/min", 12_625),
                line("betterstack", "other", "$29/mo", 2_900),
            ],
            total: Money::new(31_525, 2),
            total_low: Money::new(31_411, 2),
            total_high: Some(Money::new(31_640, 2)),
            per_user: Some(Money::new(63, 4)),
            per: Some("active".to_owned()),
            per_1000_requests: Some(Money::new(19, 4)),
            budget: Some(Money::new(30_000, 2)),
            load_share: 0.12,
            unpriced: vec!["edge".to_owned(), "sentry".to_owned()],
        },
        alerts: vec![Alert {
            name: "pool".to_owned(),
            state: "warning",
            expression: "db.pool.utilization > 80%".to_owned(),
            reason: None,
            at_s: None,
            measured: about(0.943, 0.009, Quantity::Ratio),
        }],
        metrics: vec![
            ("api.latency.p95".to_owned(), about(1.214, 0.031, Quantity::Duration)),
            ("cost.total".to_owned(), about(315.25, 1.14, Quantity::Money)),
        ],
        balance: Balance {
            inside_at_start: 120,
            arrivals: 1_212_400,
            completed: 557_100,
            failed: vec![("rate_limited".to_owned(), 655_213)],
            inside: 207,
        },
        checks: vec![Check {
            name: "balance of requests".to_owned(),
            ok: true,
            fatal: true,
            detail: "120 + 1212400 = 557100 + 655213 + 207".to_owned(),
            law: None,
            simulated: None,
            analytic: None,
            z: None,
        }],
        assumptions: vec![Assumption {
            name: "cpu_time".to_owned(),
            says: "the plan gives no CPU time. An empty request of Flask under a green worker was \
                   measured to take 1.1 to 1.5 ms of a 2.5 GHz core"
                .to_owned(),
            about: vec!["app".to_owned(), "list_meetings".to_owned()],
        }],
        defaults: vec![
            "components.db.cores: not stated, queries take no CPU of the server".to_owned(),
        ],
        limits: vec!["TLS handshakes are not modelled".to_owned()],
        warnings: vec![
            "db: pools of 4 workers open 480 connections, above max_connections 240".to_owned(),
        ],
        next_step:
            "Raise components.db.pool.size from 20 to 40: api.latency.p95 falls to 412 ms ± 7, \
                    under its limit of 800 ms."
                .to_owned(),
    }
}
