//! What can be written, what it means, and what is said of mistakes.

use super::*;
use crate::program::{
    Catalogue, ClassId, ComponentId, ComponentNames, Counter, Gauge, Measure, Metric, Program,
    Quantity, StationId,
};
use crate::stats::Statistic;

fn catalogue() -> Catalogue {
    let metric = |name: &str, measure: Measure, quantity: Quantity| Metric {
        name: name.to_owned(),
        measure,
        quantity,
    };
    let latency = |of: u16| Measure::Latency { classes: vec![ClassId(of)], all: false };
    let level = |gauge: Gauge| Measure::Level { of: vec![gauge], per: vec![] };
    let wait = Measure::Wait { stations: vec![StationId(0)], all: false };
    let class = ClassId(0);
    let failed = vec![Counter::Failed(class)];
    let errors = Measure::Share(failed.clone(), vec![Counter::Arrivals(class)]);
    let component = |name: &str, kind: &'static str| ComponentNames { name: name.to_owned(), kind };
    Catalogue {
        metrics: vec![
            metric("latency", latency(0), Quantity::Duration),
            metric("error_rate", errors.clone(), Quantity::Ratio),
            metric("api.latency", latency(0), Quantity::Duration),
            metric("api.offered", Measure::Rate(vec![Counter::Arrivals(class)]), Quantity::Rate),
            metric("api.error_rate", errors, Quantity::Ratio),
            metric("api.failed.count", Measure::Count(failed), Quantity::Count),
            metric("live.latency", latency(1), Quantity::Duration),
            metric("db.pool.utilization", level(Gauge::Busy(StationId(0))), Quantity::Ratio),
            metric("db.pool.wait", wait, Quantity::Duration),
            metric("db.pool.queue.length", level(Gauge::Queue(StationId(0))), Quantity::Count),
            metric("db.network.rate", Measure::Usage(ComponentId(0)), Quantity::Bandwidth),
            metric("app.memory.busy", level(Gauge::Busy(StationId(1))), Quantity::Bytes),
        ],
        components: vec![component("db", "database"), component("app", "service")],
        traffic: vec!["api".to_owned(), "live".to_owned()],
        endpoints: vec!["list".to_owned()],
        classes: vec![(ClassId(0), 0, 0)],
        ..Catalogue::default()
    }
}

fn compile(text: &str, purpose: Purpose) -> Result<Compiled, Vec<ExprError>> {
    let catalogue = catalogue();
    let other = ["monitoring".to_owned()];
    let events = ["failover".to_owned()];
    let names = Names { other_costs: &other, events: &events, ..Names::of(&catalogue) };
    let expression = parse(text).map_err(|error| vec![error])?;
    Compiled::new(&expression, &names, purpose)
}

fn objective(text: &str) -> Compiled {
    compile(text, Purpose::Objective).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

/// `offset+width: message | expected | hint` of the first mistake.
fn mistake(text: &str, purpose: Purpose) -> String {
    let errors = compile(text, purpose).expect_err(text);
    let ExprError { offset, width, message, expected, hint, .. } = errors[0].clone();
    let mut said = format!("{offset}+{width}: {message}");
    for more in [expected, hint].into_iter().flatten() {
        said = format!("{said} | {more}");
    }
    said
}

#[test]
fn the_canonical_spelling_is_a_fixed_point() {
    for (written, canonical) in [
        ("api.latency.p95<800ms", "api.latency.p95 < 800ms"),
        ("  error_rate  <=  0.1% ", "error_rate <= 0.1%"),
        ("a > 1 and b > 2 or c > 3", "a > 1 and b > 2 or c > 3"),
        ("(a > 1 and b > 2) or c > 3", "a > 1 and b > 2 or c > 3"),
        ("a > 1 and (b > 2 or c > 3)", "a > 1 and (b > 2 or c > 3)"),
        ("((a > 1))", "a > 1"),
        ("a > 1 for 5m", "a > 1 for 5m"),
        ("(a > 1 or b > 1) for 5m and c = 0", "(a > 1 or b > 1) for 5m and c = 0"),
        ("cost.total < 120% * cost.budget", "cost.total < 120% * cost.budget"),
        ("cost.total within $150/mo..$450/mo", "cost.total within $150/mo..$450/mo"),
        ("q.in_system during 15s..15s within 12..14", "q.in_system during 15s..15s within 12..14"),
        ("web.latency.p95@sa_east < 300ms", "web.latency.p95@sa_east < 300ms"),
        ("x.y@shard-3 ≥ 50_000", "x.y@shard-3 >= 50_000"),
        ("api.latency.p95 < +10%", "api.latency.p95 < +10%"),
        ("api.latency.p95 > -20ms", "api.latency.p95 > -20ms"),
        ("slo", "slo"),
        ("manual(user satisfaction above 4.0 of 5)", "manual(user satisfaction above 4.0 of 5)"),
    ] {
        let first = parse(written).unwrap_or_else(|e| panic!("{written}: {e:?}"));
        assert_eq!(first.to_string(), canonical);
        assert_eq!(parse(canonical).expect(canonical).to_string(), canonical);
        assert_eq!(first.text, written.trim());
    }
}

#[test]
fn quantities_are_read_exactly_in_their_base_unit() {
    for (text, unit, base) in [
        ("800ms", Unit::Duration, 0.8),
        ("20us", Unit::Duration, 20e-6),
        ("1.5h", Unit::Duration, 5400.0),
        ("5m", Unit::Duration, 300.0),
        ("14d", Unit::Duration, 1_209_600.0),
        ("1mo", Unit::Duration, 730.0 * 3600.0),
        ("0.1%", Unit::Ratio, 0.001),
        ("3x", Unit::Ratio, 3.0),
        ("50_000", Unit::Count, 50_000.0),
        ("50kB", Unit::Bytes, 50_000.0),
        ("2GiB", Unit::Bytes, 2_147_483_648.0),
        ("3PiB", Unit::Bytes, 3_377_699_720_527_872.0),
        ("100Mbit/s", Unit::Bandwidth, 12_500_000.0),
        ("20MB/s", Unit::Bandwidth, 20e6),
        ("400/s", Unit::Rate, 400.0),
        ("90/min", Unit::Rate, 1.5),
        ("$1.50/mo", Unit::PerMonth, 1.5),
        ("$2/h", Unit::PerMonth, 1460.0),
        ("$0.0000004/request", Unit::PerRequest, 4e-7),
    ] {
        let expression = parse(&format!("x < {text}")).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let Clause::Comparison(comparison) = &expression.clause else { panic!("{text}") };
        let Test::Against(_, Bound::Value(value)) = &comparison.test else { panic!("{text}") };
        assert_eq!((value.unit, value.base), (unit, base), "{text}");
    }
}

#[test]
fn a_statistic_is_p_and_the_digits_after_the_point() {
    for (name, statistic) in [
        ("p50", Some(Statistic::Quantile(0.5))),
        ("p95", Some(Statistic::Quantile(0.95))),
        ("p999", Some(Statistic::Quantile(0.999))),
        ("mean", Some(Statistic::Mean)),
        ("sd", Some(Statistic::Sd)),
        ("max", Some(Statistic::Max)),
        ("p5", None),
        ("p100", None),
        ("pool", None),
    ] {
        assert_eq!(metric::statistic(name), statistic, "{name}");
    }
}

#[test]
fn slips_of_syntax_are_shown_with_their_remedy() {
    for (text, said) in [
        ("", "0+1: the expression is empty | a metric and its bound, such as `error_rate < 0.1%`"),
        ("x == 3", "2+2: `==` is not a comparator | `<`, `<=`, `>`, `>=` or `=` | write `=`"),
        ("x => 3", "2+2: `=>` is not a comparator | `<`, `<=`, `>`, `>=` or `=` | write `>=`"),
        ("x < 3 && y < 4", "6+2: unknown sign `&&` | write `and`"),
        ("x < 3 AND y < 4", "6+3: unexpected `AND` | `and`, `or`, `for` or the end | write `and`"),
        (
            "x < 800 ms",
            "8+2: unexpected `ms` | `and`, `or`, `for` or the end | without the blank: `800ms`",
        ),
        (
            "x.p95 <",
            "7+1: the expression ends too early | a bound: `800ms`, `120% * cost.budget` or another metric",
        ),
        ("x.p95", "0+5: `x.p95` alone says nothing that could hold | a comparator and a bound"),
        ("800ms > x.p95", "0+5: the metric comes first | x.p95 < 800ms"),
        ("(x < 3", "0+1: this `(` is never closed | `)`"),
        (
            "x < 3)",
            "5+1: unexpected `)` | `and`, `or`, `for` or the end | this bracket was never opened",
        ),
        ("1s < x < 2s", "0+2: the metric comes first | x > 1s"),
        (
            "x > 1s < 2s",
            "7+1: unexpected `<` | `and`, `or`, `for` or the end | for two bounds write `within 1s..2s`",
        ),
        (
            "x within 3",
            "10+1: the expression ends too early | a range such as `$150/mo..$450/mo` | a range is written `low..high`",
        ),
        ("x within 5s..2s", "9+6: the range ends before it begins | 2s..5s"),
        (
            "x within 1..2s",
            "9+5: the ends differ in kind | each end carries its unit: `150ms..450ms`",
        ),
        (
            "x in 1s..2s",
            "2+2: unexpected `in` | `<`, `<=`, `>`, `>=`, `=`, `within` or `during` | write `within 1s..2s`",
        ),
        (
            "x < 3 for 5",
            "10+1: `5` is not a duration, or not longer than none | a duration such as `5m` | 5s or 5m?",
        ),
        (
            "x < 3 for 5m for 2m",
            "13+3: unexpected `for` | `and`, `or` or the end | one `for` is enough",
        ),
        ("x < 512M", "4+4: `512M` has no known unit | 512MB (decimal) or 512MiB (binary)?"),
        ("x < 5sec", "4+4: `5sec` has no known unit | did you mean `5s`?"),
        ("x < $450", "4+4: `$450`: money per what? | a cost is per month: `$450/mo`"),
        ("x < 5 * y", "4+1: `5` needs a unit to multiply a metric | 5x or 5%?"),
        ("not x < 3", "0+3: there is no negation | turn the comparator round"),
        ("x < 3, y < 4", "5+1: unexpected `,` | write `and` between conditions"),
        (
            "manual()",
            "0+8: `manual()` says nothing | say what somebody must decide: `manual(team agrees)`",
        ),
        (
            "x < 3 and manual(team agrees)",
            "10+6: `manual(…)` stands alone | give it a name of its own",
        ),
    ] {
        assert_eq!(mistake(text, Purpose::Objective), said, "{text}");
    }
}

#[test]
fn names_and_units_are_checked_against_the_catalogue() {
    for (text, said) in [
        ("api.latency.p95 < 800", "18+3: needs a unit: 800ms or 800s?"),
        ("api.offered > 400", "14+3: needs a unit: 400/s or 400/min?"),
        ("error_rate < 0.001", "13+5: needs a unit: 0.1% or 0.001%?"),
        ("error_rate < 5", "13+1: needs a unit: 5%?"),
        ("app.memory.busy < 512", "18+3: needs a unit: 512MB or 512MiB?"),
        ("cost.total < 450", "13+3: needs a unit: $450/mo?"),
        (
            "api.latency.p95 < 80%",
            "18+3: `api.latency.p95` is a duration, `80%` is a ratio | a duration such as `800ms`",
        ),
        (
            "cost.per_request < $1/mo",
            "19+5: `cost.per_request` is money per request, `$1/mo` is money per month | money per request such as `$0.0004/request`",
        ),
        (
            "p95 < 800ms",
            "0+3: `p95` of what? | which? latency.p95, api.latency.p95, live.latency.p95",
        ),
        (
            "api.latency < 800ms",
            "0+11: `api.latency` needs a statistic | which? api.latency.mean, api.latency.p95, api.latency.p99, api.latency.max",
        ),
        (
            "api.latncy.p95 < 800ms",
            "0+14: `api` has no metric `latncy.p95` | did you mean `api.latency.p95`?",
        ),
        (
            "dbb.pool.utilization < 80%",
            "0+20: no metric is called `dbb.pool.utilization` | did you mean `db.pool.utilization`?",
        ),
        (
            "db.pool.utilisation < 80%",
            "0+19: `db` has no metric `pool.utilisation` | did you mean `db.pool.utilization`?",
        ),
        ("api.latency.p100 < 1s", "0+16: `p100` is no quantile | write `max`"),
        (
            "api.latency.p5 < 1s",
            "0+14: `p5` is no quantile | the digits follow the point: p50 is 50 %, p95 is 95 %",
        ),
        (
            "zebra.latency.p95 < 1s",
            "0+17: no metric is called `zebra.latency.p95` | a metric of the whole, or of api, live, db, app, list",
        ),
        ("api.offered.p95 > 1/s", "0+15: `api.offered` has no statistics | write `api.offered`"),
        (
            "api < 3",
            "0+3: `api` alone is no metric | which? api.latency, api.offered, api.error_rate, api.failed.count",
        ),
        ("failover.recovery_time < 2m", "0+22: `failover.recovery_time` is not supported yet"),
        ("db.replicas.lag.p95 < 2s", "0+19: `db.replicas.lag.p95` is not supported yet"),
        (
            "api.latency.min < 1s",
            "0+15: the smallest `api.latency` is not kept | levels have a `.min`",
        ),
        (
            "api.latency.p95@sa_east < 1s",
            "0+23: `api.latency.p95@sa_east` is not supported yet | `@` takes the name of a traffic, or of an endpoint where requests begin",
        ),
        (
            "cost.dbb < $5/mo",
            "0+8: nothing has the cost `cost.dbb` | cost.total, .provisioned, .usage, .per_user, .per_request, .budget or a component | did you mean `cost.db`?",
        ),
        (
            "api.latency.p95 = 800ms",
            "0+15: `=` compares counts only | write `within low..high`, `<` or `>`",
        ),
        (
            "api.latency.p95 < db.pool.utilization",
            "18+19: `api.latency.p95` is a duration, `db.pool.utilization` a ratio | a duration or another metric of it",
        ),
        (
            "api.latency.p95 < +10%",
            "18+4: `+10%` is relative to a base: `diff` only | an absolute bound has no sign: `10%`",
        ),
        ("slo", "0+3: the bare word `slo` is for `diff` only | state a metric and its bound"),
        (
            "manual(x)",
            "0+9: only a claim or a gate can be `manual(…)` | state a metric and its bound",
        ),
        (
            "api.latency.p95 during 15s..15s < 3s",
            "23+8: an instant has no requests: only levels have a value then | levels can be asked for at an instant, all but maxima during a span: `5m..10m`",
        ),
        (
            "api.latency.max during 5m..10m < 3s",
            "23+7: the largest of a part of the time is not kept | levels can be asked for at an instant, all but maxima during a span: `5m..10m`",
        ),
    ] {
        assert_eq!(mistake(text, Purpose::Objective), said, "{text}");
    }
}

#[test]
fn every_mistake_of_names_is_shown_at_once() {
    let errors =
        compile("api.latency.p95 < 800 and nope.x > 3 or error_rate < 1s", Purpose::Objective)
            .expect_err("three mistakes");
    let kinds: Vec<Mistake> = errors.iter().map(|error| error.mistake).collect();
    assert_eq!(kinds, [Mistake::Unit, Mistake::Name, Mistake::Unit]);
}

#[test]
fn a_condition_says_what_must_be_measured_once() {
    let compiled = objective(
        "api.latency.p95 < 800ms and db.pool.utilization > 80% for 5m or api.latency.p95 > 2s for 1m",
    );
    let needs: Vec<_> = compiled.needs.iter().map(|n| (n.name.as_str(), n.windows)).collect();
    assert_eq!(needs, [("api.latency.p95", true), ("db.pool.utilization", true)]);
    assert_eq!(compiled.longest_s, 300.0);
    assert_eq!(compiled.needs[0].statistic, Some(Statistic::Quantile(0.95)));
    let bounds: Vec<_> = compiled.bounds().into_iter().map(|(n, b)| (n.name.clone(), b)).collect();
    let expected =
        [("api.latency.p95".to_owned(), Some(0.8)), ("db.pool.utilization".to_owned(), None)];
    assert_eq!(bounds, expected);
    let mut program = Program::default();
    track(&mut program, [&compiled, &compiled]);
    assert_eq!(program.tracked.len(), 2);
    assert_eq!(program.tracked[1].1, Statistic::Mean);
}

#[test]
fn statistics_and_parts_of_levels_are_found() {
    let max = objective("db.pool.utilization.max <= 100%");
    assert_eq!(max.needs[0].statistic, Some(Statistic::Max));
    let mean = objective("db.pool.utilization.mean <= 100%");
    assert_eq!(mean.needs[0].statistic, None);
    let part = objective("db.pool.wait.p95@list < 1s");
    assert_eq!(part.needs[0].name, "db.pool.wait.p95@list");
    let range = objective("api.offered within 10/s..20/s");
    assert_eq!(range.bounds().len(), 2);
}

#[test]
fn purposes_decide_what_may_be_said() {
    assert!(compile("manual(team agrees)", Purpose::Claim).is_ok());
    for relative in ["slo or api.latency.p95 < 1s", "api.latency.p95 < -20ms"] {
        assert!(parse(relative).is_ok_and(|e| e.is_relative()));
        let errors = compile(relative, Purpose::Objective).expect_err("only `diff` has a base");
        assert_eq!(errors[0].mistake, Mistake::Place);
    }
    assert!(compile("db.pool.utilization = 70%", Purpose::Target).is_ok());
    assert!(compile("cost.total > $3/mo", Purpose::Trigger).is_err());
    for cost in ["total", "provisioned", "usage", "per_user", "budget", "db", "monitoring"] {
        assert!(compile(&format!("cost.{cost} < $3/mo"), Purpose::Objective).is_ok(), "{cost}");
    }
    assert!(parse("slo").expect("parses").is_relative());
}

/// Whatever is written is read or refused with a place inside the text (or just behind it); what is
/// read is read again from its canonical spelling.
#[test]
fn any_text_is_read_or_refused_at_a_place() {
    const PIECES: [&str; 34] = [
        "api.latency.p95",
        "error_rate",
        "cost.total",
        "cost.budget",
        "<",
        "<=",
        ">",
        "=",
        "==",
        "within",
        "during",
        "for",
        "and",
        "or",
        "(",
        ")",
        "*",
        "..",
        "800ms",
        "5m",
        "$150/mo",
        "0.1%",
        "3",
        "+10%",
        "-20ms",
        "1e9",
        "slo",
        "manual(",
        "@eu",
        "µ",
        "999999999999999999999999999999",
        "99999999999999999999PiB",
        ".",
        "5..",
    ];
    let mut stream = crate::rng::Stream::new(7);
    let mut read = 0;
    for _ in 0..20_000 {
        let pieces = 1 + stream.below(9);
        let blank = if stream.below(4) == 0 { "" } else { " " };
        let text: Vec<&str> =
            (0..pieces).map(|_| PIECES[stream.below(PIECES.len() as u64) as usize]).collect();
        let text = text.join(blank);
        match parse(&text) {
            Ok(expression) => {
                read += 1;
                let canonical = expression.to_string();
                let again = parse(&canonical).unwrap_or_else(|e| panic!("{canonical}: {e:?}"));
                assert_eq!(again.to_string(), canonical);
                let _ = compile(&text, Purpose::Claim);
            }
            Err(error) => {
                let length = text.chars().count();
                assert!(error.offset <= length && error.width >= 1, "{text}: {error:?}");
            }
        }
    }
    assert!(read > 100, "only {read} made sense");
}

#[test]
fn a_million_brackets_are_refused_without_a_stack_overflow() {
    let error = parse(&"(".repeat(1_000_000)).expect_err("they are never closed");
    assert_eq!(
        (error.offset, error.message.as_str()),
        (64, "brackets are nested deeper than 64 levels")
    );
}
