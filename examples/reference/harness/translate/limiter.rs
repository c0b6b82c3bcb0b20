//! Rate limits in front of nothing else.

use super::super::case::Model;
use super::super::law::number;
use super::super::probe::Probe;
use super::super::profile::Draft;
use super::series::{pace, system};
use super::sources::sources;
use super::{Class, Form, Kind, Place, Setup};

pub(super) fn form(model: &Model) -> Result<Form, String> {
    let Some(limiter) = &model.limiter else { return Ok(Form::default()) };
    let need = |value: Option<f64>, key: &str| {
        value.ok_or_else(|| format!("model.limiter: `{}` without `{key}`", limiter.kind))
    };
    let window = |algorithm: &str| {
        let (limit, window) = (need(limiter.limit, "limit")?, need(limiter.window, "window")?);
        Ok::<_, String>(vec![
            format!("rate: {}/s", number(limit / window)),
            format!("burst: {}", number(limit)),
            format!("algorithm: {algorithm}"),
        ])
    };
    let mut keys = match limiter.kind.as_str() {
        "token_bucket" => {
            let rate = need(limiter.rate, "rate")?;
            let burst = need(limiter.burst, "burst")?;
            vec![format!("rate: {}/s", number(rate)), format!("burst: {}", number(burst))]
        }
        "fixed_window" => window("fixed_window")?,
        "sliding_window" => window("sliding_window")?,
        other => return Err(format!("model.limiter.type: `{other}` is none of the language")),
    };
    keys.push(match limiter.on_empty.as_deref() {
        None | Some("reject") => "excess: reject".to_owned(),
        Some("wait" | "wait_fifo") => "excess: wait".to_owned(),
        Some(other) => return Err(format!("model.limiter.on_empty: `{other}`")),
    });
    let mut draft = Draft::default();
    draft.component("limit", "limiter", &keys);
    let sources = sources(model)?;
    let mut form = Form::default();
    for (i, source) in sources.iter().enumerate() {
        let traffic = if i == 0 { "jobs".to_owned() } else { format!("jobs_{}", i + 1) };
        let keys = format!("{{ {}, mix: visit, via: [limit] }}", source.keys);
        draft.traffic.push((traffic.clone(), keys));
        form.classes.push(Class {
            name: source.class.clone(),
            traffic,
            endpoint: "visit".to_owned(),
        });
    }
    draft.endpoint("visit", Vec::new());
    let whole = Place { resource: Some("limit".to_owned()), ..system("") };
    form.places.push(("limiter".to_owned(), whole.clone()));
    form.places.push(("system".to_owned(), whole));
    for name in ["p_reject", "p_block"] {
        form.special.push((name.to_owned(), Probe::is("failed.rate_limited.share")));
    }
    let jobs_per_s = pace(&sources, &[]);
    form.runs.push(Setup { what: "", draft, jobs_per_s, kind: Kind::Steady });
    Ok(form)
}
