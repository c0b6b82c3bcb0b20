//! The analytic solver calls a law exact only where the program is that law's model: each profile that
//! fits is recognised, and each that nearly fits is not.

use capplan::analytic::solution::{Status, What};
use capplan::analytic::solve;
use capplan::profile::{Options, Profile};
use capplan::source::Input;

/// Names of the laws that speak exactly of waits and responses of any station.
fn laws(text: &str) -> Vec<&'static str> {
    let text = format!("capplan: 1\nname: fits\n{text}");
    let input = Input::Text { name: "fits.yaml".to_owned(), text: text.clone() };
    let profile = Profile::load(&input, &Options::default());
    let profile = profile.unwrap_or_else(|faults| panic!("{text}\n{faults:?}"));
    let solution = solve(&profile.lower().0);
    let timed = |what: What| {
        matches!(
            what,
            What::Wait | What::Response | What::WaitQuantile(_) | What::ResponseQuantile(_)
        )
    };
    let values = solution.stations.iter().flat_map(|s| &s.values);
    let values = values.filter(|v| v.status == Status::Exact && timed(v.what));
    let mut names: Vec<&str> = values.map(|v| v.law.name).collect();
    names.dedup();
    names
}

/// One station `q` before one stream.
fn station(arrivals: &str, keys: &str, time: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ {arrivals}, mix: visit }} }}
components: {{ q: {{ type: station, {keys} }} }}
endpoints: {{ visit: {{ steps: [ {{ serve: q, time: {time} }} ] }} }}
"
    )
}

#[track_caller]
fn is(text: &str, law: &str) {
    let found = laws(text);
    assert!(found.iter().any(|name| name.starts_with(law)), "{found:?} in\n{text}");
}

#[track_caller]
fn is_not(text: &str, law: &str) {
    let found = laws(text);
    assert!(!found.iter().any(|name| name.starts_with(law)), "{found:?} in\n{text}");
}

#[track_caller]
fn nothing(text: &str) {
    let found = laws(text);
    assert!(found.is_empty(), "{found:?} in\n{text}");
}

#[test]
fn setups() {
    let with = |rate: &str, keys: &str, time: &str| station(rate, keys, time);
    is(&with("rate: 0.5/s", "servers: 1, setup: exp(3s)", "exp(1s)"), "M/G/1 with setup");
    is(
        &with("rate: 0.5/s", "servers: 1, setup: 3s, idle_off: 0s", "uniform(0s..2s)"),
        "M/G/1 with",
    );
    is(&with("rate: 2/s", "servers: 4, setup: exp(3s)", "exp(1s)"), "M/M/k with setup");
    for (rate, keys, time) in [
        // It stays on for a while; a setup that is not exponential before several servers; services
        // that are not; arrivals in batches; a bounded queue; patience; no steady state.
        ("rate: 0.5/s", "servers: 1, setup: exp(3s), idle_off: 1s", "exp(1s)"),
        ("rate: 2/s", "servers: 4, setup: 3s", "exp(1s)"),
        ("rate: 2/s", "servers: 4, setup: exp(3s)", "uniform(0s..2s)"),
        ("rate: 0.5/s, batch: 2", "servers: 1, setup: exp(3s)", "exp(1s)"),
        ("rate: 0.5/s", "servers: 1, setup: exp(3s), queue: 5", "exp(1s)"),
        ("rate: 0.5/s", "servers: 1, setup: exp(3s), patience: exp(9s)", "exp(1s)"),
        ("rate: 1.5/s", "servers: 1, setup: exp(3s)", "exp(1s)"),
        ("clients: 3, think_time: exp(1s)", "servers: 1, setup: exp(3s)", "exp(1s)"),
    ] {
        nothing(&with(rate, keys, time));
    }
}

#[test]
fn breakdowns() {
    let keys = |servers: u32, up: &str, rest: &str| {
        format!("servers: {servers}, failures: {{ mtbf: {up}, mttr: exp(3s), {rest} }}")
    };
    let resumes = "each: server, work: resumes";
    is(&station("rate: 0.5/s", &keys(1, "exp(20s)", resumes), "exp(1s)"), "M/G/1 with breakdowns");
    is(&station("rate: 0.5/s", &keys(1, "exp(20s)", resumes), "1s"), "M/G/1 with breakdowns");
    is(&station("rate: 1/s", &keys(3, "exp(20s)", resumes), "exp(1s)"), "M/M/c with breakdowns");
    for (rate, servers, up, rest, time) in [
        // Times up with an age; work that is lost; several servers with constant services; too much
        // for the servers that are up.
        ("rate: 0.5/s", 1, "20s", resumes, "exp(1s)"),
        ("rate: 0.5/s", 1, "exp(20s)", "each: server, work: fails", "exp(1s)"),
        ("rate: 1/s", 3, "exp(20s)", resumes, "1s"),
        ("rate: 0.95/s", 1, "exp(20s)", resumes, "exp(1s)"),
        ("clients: 2, think_time: exp(1s)", 1, "exp(20s)", resumes, "exp(1s)"),
    ] {
        nothing(&station(rate, &keys(servers, up, rest), time));
    }
    let bounded = format!("{}, queue: 9", keys(1, "exp(20s)", resumes));
    nothing(&station("rate: 0.5/s", &bounded, "exp(1s)"));
}

#[test]
fn polling() {
    let round = |keys: &str, rates: [&str; 2], times: [&str; 2]| {
        format!(
            "traffic:
  first: {{ rate: {}, mix: a }}
  second: {{ rate: {}, mix: b }}
components: {{ q: {{ type: station, servers: 1, discipline: polling, switchover: exp(0.2s){keys} }} }}
endpoints:
  a: {{ steps: [ {{ serve: q, time: {} }} ] }}
  b: {{ steps: [ {{ serve: q, time: {} }} ] }}
",
            rates[0], rates[1], times[0], times[1]
        )
    };
    let (even, uneven) = (["0.2/s", "0.2/s"], ["0.1/s", "0.3/s"]);
    let exp = ["exp(1s)", "exp(1s)"];
    is(&round("", even, exp), "polling, exhaustive");
    is(&round("", uneven, exp), "polling, exhaustive");
    is(&round(", limited: 1", even, exp), "polling, one per visit");
    // The law of uneven means is of a weighted sum only; one per visit needs queues that are alike.
    nothing(&round("", even, ["exp(1s)", "exp(2s)"]));
    nothing(&round(", limited: 1", uneven, exp));
    nothing(&round(", limited: 1", even, ["exp(1s)", "1s"]));
    nothing(&round(", limited: 2", even, exp));
    nothing(&round("", ["0.6/s", "0.6/s"], exp));
}

#[test]
fn the_shorter_queue() {
    let service = |rate: &str, instances: u32, workers: u32, policy: &str, cpu: &str| {
        format!(
            "traffic: {{ jobs: {{ rate: {rate}, mix: visit }} }}
components: {{ app: {{ type: service, runtime: process, instances: {instances}, workers: {workers}, cores: {workers}, backlog: 1000000, balancer: {{ policy: {policy} }} }} }}
endpoints: {{ visit: {{ steps: [ {{ cpu: {cpu} }} ] }} }}
"
        )
    };
    let law = "shorter of two queues";
    is(&service("1.6/s", 2, 1, "least_connections", "exp(1s)"), law);
    for text in [
        service("2.4/s", 3, 1, "least_connections", "exp(1s)"),
        service("3.2/s", 2, 2, "least_connections", "exp(1s)"),
        service("1.6/s", 2, 1, "least_connections", "1s"),
        service("1.6/s", 2, 1, "random", "exp(1s)"),
        service("2.1/s", 2, 1, "least_connections", "exp(1s)"),
    ] {
        is_not(&text, law);
    }
}

#[test]
fn quantiles_of_services_in_phases_and_of_shared_cores() {
    let has = |text: &str, wanted: fn(What) -> bool| {
        let input = Input::Text {
            name: "fits.yaml".to_owned(),
            text: format!("capplan: 1\nname: fits\n{text}"),
        };
        let profile = Profile::load(&input, &Options::default()).expect("a profile");
        let solution = solve(&profile.lower().0);
        let mut values = solution.stations.iter().flat_map(|s| &s.values);
        values.any(|v| v.status == Status::Exact && wanted(v.what))
    };
    let waits = |what: What| matches!(what, What::WaitQuantile(_));
    let responses = |what: What| matches!(what, What::ResponseQuantile(_));
    let at = |time: &str| station("rate: 0.7/s", "servers: 1", time);
    assert!(has(&at("erlang(mean=1s stages=4)"), waits));
    assert!(has(&at("hyperexp(mean=1s cv=2)"), waits));
    // A law without phases has its moments only.
    assert!(!has(&at("uniform(0s..2s)"), waits));
    assert!(!has(&at("lognormal(mean=1s cv=2)"), waits));
    let cores =
        |time: &str| station("rate: 0.7/s", "servers: 1, discipline: processor_sharing", time);
    assert!(has(&cores("exp(1s)"), responses));
    assert!(!has(&cores("erlang(mean=1s stages=4)"), responses));
}

/// Mean latencies that are called exact.
fn latencies(text: &str) -> Vec<f64> {
    let text = format!("capplan: 1\nname: fits\n{text}");
    let input = Input::Text { name: "fits.yaml".to_owned(), text };
    let profile = Profile::load(&input, &Options::default()).expect("a profile");
    let solution = solve(&profile.lower().0);
    let values = solution.classes.iter().flat_map(|c| &c.values);
    let exact = values.filter(|v| v.what == What::Response && v.status == Status::Exact);
    exact.map(|v| v.value).collect()
}

/// Latency is more than wait and service where repairs come between, and the mean wait of several
/// queues is that of none of them.
#[test]
fn latencies_behind_breakdowns_and_polling() {
    let failures =
        "servers: 1, failures: { mtbf: exp(20s), mttr: exp(3s), each: server, work: resumes }";
    let found = latencies(&station("rate: 0.5/s", failures, "exp(1s)"));
    // E[C] = 1.15, E[C²] = 2·1.15² + 18/20; W = ½·E[C²]/(2·(1 − ½·1.15)) + 18/(2·23).
    let expected = 1.15 + 0.5 * (2.0 * 1.15 * 1.15 + 0.9) / (2.0 * (1.0 - 0.575)) + 18.0 / 46.0;
    assert_eq!(found.len(), 1);
    assert!((found[0] - expected).abs() < 1e-9, "{found:?} {expected}");
    let round = |rates: [&str; 2]| {
        format!(
            "traffic: {{ first: {{ rate: {}, mix: a }}, second: {{ rate: {}, mix: b }} }}
components: {{ q: {{ type: station, servers: 1, discipline: polling, switchover: exp(0.2s) }} }}
endpoints: {{ a: {{ steps: [ {{ serve: q, time: exp(1s) }} ] }}, b: {{ steps: [ {{ serve: q, time: exp(1s) }} ] }} }}
",
            rates[0], rates[1]
        )
    };
    assert_eq!(latencies(&round(["0.2/s", "0.2/s"])).len(), 2);
    assert!(latencies(&round(["0.1/s", "0.3/s"])).is_empty());
}

/// What a law knows of is not said to be left out.
#[test]
fn an_answer_leaves_no_excuse() {
    let excuses = |text: &str| {
        let text = format!("capplan: 1\nname: fits\n{text}");
        let input = Input::Text { name: "fits.yaml".to_owned(), text };
        let profile = Profile::load(&input, &Options::default()).expect("a profile");
        solve(&profile.lower().0).obstacles.len()
    };
    assert_eq!(excuses(&station("rate: 0.5/s", "servers: 1, setup: exp(3s)", "exp(1s)")), 0);
    let stays = "servers: 1, setup: exp(3s), idle_off: 1s";
    assert_eq!(excuses(&station("rate: 0.5/s", stays, "exp(1s)")), 1);
}

/// Flows are exact only where nothing is lost, refused or given up before.
#[test]
fn flows() {
    let throughput = |text: &str| {
        let input = Input::Text {
            name: "fits.yaml".to_owned(),
            text: format!("capplan: 1\nname: fits\n{text}"),
        };
        let profile = Profile::load(&input, &Options::default()).expect("a profile");
        let solution = solve(&profile.lower().0);
        let values = solution.classes.iter().flat_map(|c| &c.values);
        let found = values.filter(|v| v.what == What::Throughput && v.status == Status::Exact);
        found.map(|v| v.value).next()
    };
    let at = |keys: &str| station("rate: 0.7/s", keys, "lognormal(mean=1s cv=2)");
    assert_eq!(throughput(&at("servers: 1")), Some(0.7));
    assert_eq!(throughput(&at("servers: 1, queue: 3")), None);
    assert_eq!(throughput(&at("servers: 1, patience: exp(1s)")), None);
    assert_eq!(throughput(&station("rate: 1.7/s", "servers: 1", "lognormal(mean=1s cv=2)")), None);
    assert_eq!(throughput(&station("rate: 1/s", "servers: 1, queue: 9", "1s")), None);
    let fails = "traffic: { jobs: { rate: 1/s, mix: visit } }
components: { api: { type: external, latency: 10ms, errors: 5% } }
endpoints: { visit: { steps: [ { call: api } ] } }
";
    assert_eq!(throughput(fails), None);
}
