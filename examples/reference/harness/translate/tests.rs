//! Models of the schema beyond the cases at hand: each has the profile that says it, or a reason that
//! names the field.

use capplan::profile::{Options, Profile};
use capplan::source::Input;

use super::super::case::Case;
use super::{Form, probe, translate};

/// A case of this model and routing class, with one question.
fn case(class: &str, model: &str, name: &str, at: &str) -> Case {
    let text = format!(
        "schema: 1\nid: x\nmodel_class: {class}\nsource: {{ ref: a book, kind: closed_form }}\n\
         model: {{ {model} }}\nexpect: [ {{ name: {name}, at: {at}, value: 1, kind: exact }} ]\n"
    );
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// The form of a model, whose profiles all load.
fn form(class: &str, model: &str) -> Result<Form, String> {
    let form = translate(&case(class, model, "mean_wait", "q"))?;
    for setup in &form.runs {
        let input = Input::Text { name: "x.yaml".to_owned(), text: setup.draft.text() };
        let loaded = Profile::load(&input, &Options::default());
        assert!(loaded.is_ok(), "{}\n{:?}", setup.draft.text(), loaded.err().map(|e| e.1));
    }
    Ok(form)
}

fn text(class: &str, model: &str) -> String {
    form(class, model).map_or_else(|why| panic!("{why}"), |form| form.runs[0].draft.text())
}

const QUEUE: &str =
    "{ name: q, servers: 1, discipline: fcfs, service: { dist: exponential, mean: 0.5 } }";

fn arriving(process: &str) -> String {
    text("G/M/1", &format!("arrivals: {{ {process} }}, stations: [ {QUEUE} ]"))
}

#[test]
fn every_process_has_its_traffic() {
    for (process, keys) in [
        ("process: poisson, rate: 1.5", "rate: 1.5/s, mix"),
        (
            "process: renewal, interarrival: { dist: deterministic, mean: 2 }",
            "rate: 0.5/s, arrivals: even",
        ),
        (
            "process: renewal, interarrival: { dist: hyperexponential2, mean: 2, scv: 4 }",
            "rate: 0.5/s, arrivals: hyperexp(mean=2 cv=2)",
        ),
        (
            "process: batch_poisson, batch_rate: 0.1, batch_size: { dist: geometric, mean: 4 }",
            "rate: 0.4/s, batch: geometric(mean=3)",
        ),
        (
            "process: batch_poisson, batch_rate: 0.1, \
             batch_size: { dist: discrete, values: [1, 9], probabilities: [0.75, 0.25] }",
            "rate: 0.3",
        ),
        (
            "process: mmpp2, rates: [0.2, 3], switch_rate_0_to_1: 0.1, switch_rate_1_to_0: 0.5",
            "rate: mmpp(10s=0.2/s 2s=3/s)",
        ),
        (
            "process: nonhomogeneous_poisson, base: 10, amp: 5, period: 60, \
             rate_formula: base + amp*cos(2*pi*t/period)",
            "rate: sine(mean=10/s swing=50% period=60s peak_at=0s)",
        ),
        (
            "process: piecewise_constant_poisson, \
             segments: [ { until: 5, rate: 1 }, { until: 9, rate: 0.25 } ]",
            "rate: steps(0s=1/s 5s=0.25/s)",
        ),
    ] {
        let text = arriving(process);
        assert!(text.contains(keys), "{process}:\n{text}");
    }
}

#[test]
fn every_law_of_service_can_be_written() {
    for (law, written) in [
        ("dist: deterministic, mean: 1", "time: 1s"),
        (
            "dist: lognormal, mu_log: 0, sigma_log: 1",
            "time: lognormal(mean=1.6487212707001282s cv=",
        ),
        ("dist: weibull, shape: 1, scale: 3", "time: weibull(mean=3"),
        ("dist: gamma, mean: 2, scv: 0.25", "time: gamma(mean=2s cv=0.5)"),
        ("dist: erlang, mean: 2, scv: 0.25", "time: erlang(mean=2s stages=4)"),
        ("dist: uniform, low: 1, high: 2", "time: uniform(1s..2s)"),
        (
            "dist: bounded_pareto, alpha: 1.5, low: 0.1, high: 9",
            "time: pareto(alpha=1.5 min=0.1s max=9s)",
        ),
        (
            "dist: hyperexponential2, p1: 0.25, mean1: 1, mean2: 2",
            "time: mix(25% exp(1s) 75% exp(2s))",
        ),
    ] {
        let model = format!(
            "arrivals: {{ process: poisson, rate: 0.1 }}, stations: [ {{ name: q, servers: 2, \
             discipline: fcfs, capacity_in_system: inf, service: {{ {law} }} }} ]"
        );
        let text = text("M/G/2", &model);
        assert!(text.contains(written), "{law}:\n{text}");
    }
}

#[test]
fn the_best_of_some_is_a_balancer_that_looks_at_so_many() {
    let model = |d: u32| {
        format!(
            "arrivals: {{ process: poisson, rate: 5 }}, stations: [ {{ name: pool, servers: 1, \
             discipline: fcfs, note: 10 identical stations, \
             service: {{ dist: exponential, mean: 1 }} }} ], \
             routing: 'sample {d} distinct stations uniformly, join the one with fewest jobs'"
        )
    };
    assert!(text("power of d choices", &model(2)).contains("policy: two_choices"));
    assert!(text("power of d choices", &model(10)).contains("policy: least_connections"));
    assert!(text("power of d choices", &model(3)).contains("policy: two_choices, choices: 3"));
    assert!(text("power of d choices", &model(1)).contains("policy: random"));
    let why = form("power of d choices", &model(11)).expect_err("of ten");
    assert!(why.starts_with("model.routing"), "{why}");
}

#[test]
fn a_feature_that_a_structure_would_drop_is_refused() {
    let model = "arrivals: { process: poisson, rate: 1 }, routing: each job forks to both, \
                 stations: [ { name: a, servers: 1, discipline: fcfs, \
                 patience: { dist: exponential, mean: 1 }, service: { dist: exponential, mean: 1 } } ]";
    let why = form("fork-join", model).expect_err("patience in a fork");
    assert!(why.contains("stations.a.patience"), "{why}");
}

#[test]
fn phases_that_do_not_nest_take_and_release() {
    let station = |name: &str| format!("{{ name: {name}, servers: 2, discipline: fcfs }}");
    let model = format!(
        "population: 5, think: {{ dist: exponential, mean: 1 }}, stations: [ {}, {} ], phases: \
         [ {{ needs: [alpha], dist: exponential, mean: 0.1 }}, \
           {{ needs: [alpha, beta], dist: exponential, mean: 0.1 }}, \
           {{ needs: [beta], dist: exponential, mean: 0.1 }} ]",
        station("alpha"),
        station("beta")
    );
    let text = text("nested resources", &model);
    let order = ["take: alpha", "take: beta", "release: alpha", "release: beta"];
    let places: Vec<usize> = order.iter().filter_map(|step| text.find(step)).collect();
    assert!(places.len() == 4 && places.is_sorted(), "{text}");
}

#[test]
fn classes_are_told_apart_by_their_endpoints() {
    let model = "populations: { a: 2, b: 3 }, think: { a: 1.0, b: 0.0 }, stations: [ \
                 { name: one, servers: 1, discipline: ps, service: [ \
                   { job_class: a, dist: exponential, mean: 1 }, \
                   { job_class: b, dist: exponential, mean: 2 } ] }, \
                 { name: two, servers: 1, discipline: ps, service: { dist: exponential, mean: 1 } } ]";
    let mut case = case("closed multiclass", model, "mean_sojourn", "one");
    case.expect[0].job_class = Some("b".to_owned());
    let form = translate(&case).expect("two classes");
    let found = probe(&form, &case.expect[0]).expect("measured");
    assert_eq!(found.metrics, ["one.response.mean@do_b"]);
    let text = form.runs[0].draft.text();
    assert!(
        text.contains("clients: 2, think_time: 1s") && text.contains("clients: 3, mix"),
        "{text}"
    );
}

#[test]
fn limiters_and_caches_of_each_type_load() {
    for limiter in [
        "type: token_bucket, rate: 2, burst: 4, on_empty: reject",
        "type: token_bucket, rate: 2, burst: 4, on_empty: wait_fifo",
        "type: fixed_window, limit: 7, window: 2, on_empty: reject",
        "type: sliding_window, limit: 7, window: 2, on_empty: reject",
    ] {
        let arrivals = "arrivals: { process: poisson, rate: 1 }";
        form("limiter", &format!("{arrivals}, limiter: {{ {limiter} }}")).expect(limiter);
    }
    let requests = "requests: { process: IRM, popularity: zipf, exponent: 1.1, items: 50 }";
    for cache in [
        "policy: lru, capacity_items: 5, item_size: 1",
        "policy: random, capacity_items: 5",
        "policy: fifo, capacity_items: 5",
        "policy: ttl, ttl: 3, ttl_law: constant, capacity_items: inf, rule: every request renews",
    ] {
        form("cache", &format!("{requests}, cache: {{ {cache} }}")).expect(cache);
    }
    let lfu = format!("{requests}, cache: {{ policy: lfu, capacity_items: 5 }}");
    assert!(form("cache", &lfu).expect_err("by frequency").contains("model.cache.policy"));
}
