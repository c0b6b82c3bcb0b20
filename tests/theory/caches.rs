//! Hit ratios: least recently used, time to live, stated.

use capplan::analytic::caching;

use crate::run::{Run, span};

fn look_up(rate: &str, cache: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ rate: {rate}, mix: visit }} }}\n\
         components: {{ c: {{ type: cache, {cache} }} }}\n\
         endpoints: {{ visit: {{ steps: [ {{ get: c, key: item }} ] }} }}\n"
    )
}

/// The characteristic time is an approximation; at two thousand keys the simulated ratio is known
/// to be 0.50494 (independent simulation, standard error 2·10⁻⁵), 0.03 % above it.
#[test]
fn two_thousand_zipf_keys_agree_with_the_characteristic_time() {
    let text = look_up(
        "100/s",
        "max_keys: 200, eviction: lru, keys: { item: { population: 2000, popularity: zipf(0.9) } }",
    );
    let run = Run::of(&text, span(100.0, 600.0));
    let exact = caching::lru_hit_ratio(&caching::zipf(2000, 0.9), 200.0);
    run.agrees("c.hit_ratio", exact, 0.0015);
}

/// King (1971): exact for six keys of Zipf 0.8 and room for three.
#[test]
fn six_keys_agree_with_the_exact_stack() {
    let text = look_up(
        "100/s",
        "max_keys: 3, eviction: lru, keys: { item: { population: 6, popularity: zipf(0.8) } }",
    );
    let run = Run::of(&text, span(10.0, 600.0));
    run.agrees("c.item.hit_ratio", 0.591_638_795_4, 0.001);
}

fn three_keys(life: &str) -> String {
    let key = |name: &str| format!("{name}: {{ population: 1, {life} }}");
    format!(
        "traffic: {{ jobs: {{ rate: 4.1/s, mix: {{ ask_a: 2.43902439%, ask_b: 24.3902439%, \
         ask_c: 73.17073171% }} }} }}\n\
         components: {{ c: {{ type: cache, keys: {{ {}, {}, {} }} }} }}\n\
         endpoints:\n  ask_a: {{ steps: [ {{ get: c, key: a }} ] }}\n  \
           ask_b: {{ steps: [ {{ get: c, key: b }} ] }}\n  \
           ask_c: {{ steps: [ {{ get: c, key: c }} ] }}\n",
        key("a"),
        key("b"),
        key("c")
    )
}

#[test]
fn a_life_from_the_write_agrees_with_renewal_theory() {
    let run = Run::of(&three_keys("ttl: 2s"), span(50.0, 15_000.0));
    let popularity = [0.1, 1.0, 3.0].map(|rate| rate / 4.1);
    let exact = caching::pooled(&popularity, 4.1, |rate| caching::ttl_hit_ratio(rate, 2.0));
    run.agrees("c.hit_ratio", exact, 0.0004);
    run.agrees("c.a.hit_ratio", caching::ttl_hit_ratio(0.1, 2.0), 0.02);
    run.agrees("c.b.hit_ratio", caching::ttl_hit_ratio(1.0, 2.0), 0.0015);
}

#[test]
fn a_life_renewed_by_every_access_agrees_with_renewal_theory() {
    let run = Run::of(&three_keys("ttl: 2s, renew: access"), span(50.0, 15_000.0));
    let popularity = [0.1, 1.0, 3.0].map(|rate| rate / 4.1);
    let exact = caching::pooled(&popularity, 4.1, |rate| caching::renewed_ttl_hit_ratio(rate, 2.0));
    run.agrees("c.hit_ratio", exact, 0.0004);
    run.agrees("c.a.hit_ratio", caching::renewed_ttl_hit_ratio(0.1, 2.0), 0.02);
}

#[test]
fn a_stated_hit_ratio_is_what_is_hit() {
    let text = look_up("100/s", "keys: { item: { population: 10, hit_ratio: 85% } }");
    let run = Run::of(&text, span(1.0, 300.0));
    run.agrees("c.hit_ratio", 0.85, 0.0008);
}

/// A warm start holds the most popular keys, so a long life costs no warm-up: the ratio is right
/// from the first request on.
#[test]
fn a_warm_cache_starts_at_its_steady_ratio() {
    let text =
        look_up("200/s", "keys: { item: { population: 5000, popularity: zipf(0.9), ttl: 600s } }");
    let run = Run::of(&text, span(0.0, 180.0));
    let popularity = caching::zipf(5000, 0.9);
    let exact = caching::pooled(&popularity, 200.0, |rate| caching::ttl_hit_ratio(rate, 600.0));
    let (measured, error) = run.estimate("c.hit_ratio");
    assert!((measured - exact).abs() < 0.02 * exact, "{measured} ± {error}, steady {exact}");
}
