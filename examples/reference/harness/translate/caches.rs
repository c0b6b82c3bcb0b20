//! Requests for keys of a cache: independent references by popularity, or a Poisson stream per key.

use super::super::case::{Cache, Count, Model, Requests};
use super::super::law::{number, percent};
use super::super::probe::{How, Probe};
use super::super::profile::{Draft, Step};
use super::series::system;
use super::{Form, Kind, Setup};

/// Requests per second where the case has no clock.
const RATE_PER_S: f64 = 100.0;

pub(super) fn form(model: &Model) -> Result<Form, String> {
    let (Some(cache), Some(requests)) = (&model.cache, &model.requests) else {
        return Err("model.requests: missing beside `cache`".to_owned());
    };
    if cache.item_size.is_some_and(|size| size != 1.0) {
        return Err("model.cache.item_size: sizes other than 1".to_owned());
    }
    let life = life(cache)?;
    let mut draft = Draft::default();
    let keys = families(requests)?;
    let mut all: Vec<String> = Vec::new();
    for (name, popularity, _) in &keys {
        all.push(format!("{name}: {{ {popularity}{life} }}"));
    }
    let mut own = Vec::new();
    match (cache.policy.as_str(), cache.capacity_items) {
        ("ttl", None | Some(Count::Infinite)) => {}
        ("lru" | "fifo" | "random" | "ttl", Some(Count::Is(n))) => {
            let word = if cache.policy == "ttl" { "lru" } else { cache.policy.as_str() };
            own.extend([format!("max_keys: {n}"), format!("eviction: {word}")]);
        }
        (other, None | Some(Count::Infinite)) => {
            return Err(format!("model.cache.capacity_items: `{other}` without a limit"));
        }
        (other, _) => return Err(format!("model.cache.policy: `{other}` is none of the language")),
    }
    own.push(format!("keys: {{ {} }}", all.join(", ")));
    draft.component("c", "cache", &own);
    draft.component("origin", "external", &["latency: 0s".to_owned()]);
    let rate: f64 = keys.iter().map(|key| key.2).sum();
    let many = keys.len() > 1;
    let mut mix = Vec::new();
    for (name, _, share) in &keys {
        let endpoint = if many { format!("get_{name}") } else { "visit".to_owned() };
        let miss = "miss: [ { call: origin } ]";
        let step = Step::plain(format!("get: c, key: {name}, {miss}"));
        draft.endpoint(&endpoint, vec![step]);
        mix.push(if many { format!("{endpoint}: {}", percent(share / rate)) } else { endpoint });
    }
    let mix = if many { format!("{{ {} }}", mix.join(", ")) } else { mix.join("") };
    draft.traffic.push(("jobs".to_owned(), format!("{{ rate: {}/s, mix: {mix} }}", number(rate))));
    let mut form = Form::default();
    form.places.push(("cache".to_owned(), system("")));
    form.special = vec![
        ("hit_ratio".to_owned(), Probe::is("c.hit_ratio")),
        ("miss_ratio".to_owned(), Probe::of(How::Complement, &["c.hit_ratio".to_owned()])),
        ("miss_rate".to_owned(), Probe::is("origin.calls.rate")),
    ];
    for (i, (name, ..)) in keys.iter().enumerate() {
        let ratio = Probe::is(format!("c.{name}.hit_ratio"));
        form.special.push((format!("hit_ratio_key_{i}"), ratio));
    }
    form.runs.push(Setup { what: "", draft, jobs_per_s: rate, kind: Kind::Steady });
    Ok(form)
}

/// How long an entry lives.
fn life(cache: &Cache) -> Result<String, String> {
    let Some(ttl) = cache.ttl else { return Ok(String::new()) };
    if !matches!(cache.ttl_law.as_deref(), None | Some("constant" | "deterministic")) {
        return Err("model.cache.ttl_law: a time to live is a constant".to_owned());
    }
    let rule = cache.rule.to_lowercase();
    let renewed = rule.contains("every request") || rule.contains("hits renew");
    let renew = if renewed && !rule.contains("do not renew") { "access" } else { "write" };
    Ok(format!(", ttl: {}s, renew: {renew}", number(ttl)))
}

/// Families of keys: name, population with popularity, and look-ups per second.
fn families(requests: &Requests) -> Result<Vec<(String, String, f64)>, String> {
    let each = |rates: &[f64]| {
        let one =
            |(i, rate): (usize, &f64)| (format!("key_{i}"), "population: 1".to_owned(), *rate);
        rates.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let rate = requests.rate.unwrap_or(RATE_PER_S);
    match requests.kind.as_str() {
        "poisson per key" if !requests.rates.is_empty() => Ok(each(&requests.rates)),
        "IRM" | "poisson" if !requests.probabilities.is_empty() => {
            let rates: Vec<f64> = requests.probabilities.iter().map(|p| p * rate).collect();
            Ok(each(&rates))
        }
        "IRM" | "poisson" => {
            let items = requests.items.ok_or("model.requests: without `items`")?;
            let popularity = match (requests.popularity.as_deref(), requests.exponent) {
                (Some("zipf"), Some(a)) => format!("zipf({})", number(a)),
                (Some("uniform") | None, _) => "uniform".to_owned(),
                (Some(other), _) => return Err(format!("model.requests.popularity: `{other}`")),
            };
            let text = format!("population: {items}, popularity: {popularity}");
            Ok(vec![("item".to_owned(), text, rate)])
        }
        other => Err(format!("model.requests.process: `{other}` has no form")),
    }
}
