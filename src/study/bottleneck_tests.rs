//! Causes are found where they were put.

use super::*;
use crate::profile::{Options, Profile};
use crate::source::Input;
use crate::verdict::Verdict;

fn profile(text: &str) -> Profile {
    let input = Input::Text { name: "test.yaml".to_owned(), text: text.to_owned() };
    match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile,
        Err((files, faults)) => panic!("{}", crate::source::render(&files, &faults, false)),
    }
}

fn diagnosis(text: &str, max_requests: u64) -> Diagnosis {
    let profile = profile(text);
    let (program, catalogue) = profile.lower();
    let options = RunOptions { max_requests, targets: targets(&profile), ..RunOptions::default() };
    let run = run(&program, &options, &());
    let (verdicts, costs) = judge_run(&profile, &program, &catalogue, &run);
    let case = Case {
        profile: &profile,
        program: &program,
        catalogue: &catalogue,
        run: &run,
        verdicts: &verdicts,
        costs: &costs,
        seed: 42,
        max_requests,
        more: More::Load,
    };
    diagnose(&case, &())
}

/// Two queues in a row; the second is the slow one, the first the busy one with many servers.
fn two_queues(limit: &str) -> String {
    format!(
        "capplan: 1
traffic: {{ t: {{ rate: 85/s, mix: e }} }}
components:
  many: {{ type: station, servers: 40, price: $10/mo }}
  few: {{ type: station, servers: 1 }}
endpoints: {{ e: {{ steps: [ {{ serve: many, time: exp(420ms) }}, {{ serve: few, time: exp(10ms) }} ] }} }}
slo: {{ latency: few.wait.p95 < {limit} }}
"
    )
}

#[test]
fn the_cause_is_what_moves_the_objective_not_what_is_busiest() {
    let found = diagnosis(&two_queues("50ms"), 200_000);
    let first = &found.bottlenecks[0];
    assert_eq!(first.resource, "few");
    let many = found.bottlenecks.iter().find(|b| b.resource == "many").expect("it is listed");
    assert!(many.utilization > first.utilization);
    assert!(first.effect.as_ref().expect("tried").helps());
    assert!(!many.effect.as_ref().expect("tried").helps());
    assert!(found.next_step.starts_with("raise few.servers: a quarter more brings few.wait.p95"));
    assert!(found.requests <= 200_000, "{}", found.requests);
}

#[test]
fn an_overloaded_resource_is_named_with_what_it_is_offered() {
    let found = diagnosis(
        "capplan: 1
traffic: { t: { rate: 100/s, mix: e } }
components: { q: { type: station, servers: 2 } }
endpoints: { e: { steps: [ { serve: q, time: 50ms } ] } }
slo: { latency: t.latency.p95 < 1s }
",
        100_000,
    );
    let first = &found.bottlenecks[0];
    let (offered, served) = first.overload.expect("it is overloaded");
    assert!((offered - 100.0).abs() < 3.0 && (served - 40.0).abs() < 1.0);
    let effect = first.effect.as_ref().expect("tried");
    assert!(effect.helps() && effect.before.value.is_none() && effect.after.value.is_some());
    assert!(found.next_step.contains("q is overloaded: "), "{}", found.next_step);
    assert!(found.next_step.contains("/s offered, 40/s served"), "{}", found.next_step);
}

/// M/M/1: the 95th percentile of the response time is ln 20 / (μ − λ). With μ = 100/s it is 100 ms at
/// λ = 70.04/s, 1.40 times 50/s. The scaled runs are short and judged by their points.
#[test]
fn headroom_is_the_load_at_which_the_objective_breaks() {
    let found = diagnosis(
        "capplan: 1
traffic: { t: { rate: 50/s, mix: e } }
components: { q: { type: station, servers: 1 } }
endpoints: { e: { steps: [ { serve: q, time: exp(10ms) } ] } }
slo: { latency: t.latency.p95 < 100ms }
",
        800_000,
    );
    let headroom = found.headroom.expect("an objective and a limit");
    let breaks = headroom.breaks.expect("it breaks somewhere");
    assert!(headroom.holds < 1.40 * 1.06 && breaks > 1.40 * 0.94, "{headroom:?}");
    assert!(breaks / headroom.holds < 1.10, "{headroom:?}");
    assert_eq!(headroom.objective.as_deref(), Some("latency"));
    let knee = found.bottlenecks[0].headroom.expect("it is used");
    assert!((knee - 2.0).abs() < 1e-9, "{knee}");
}

/// Throughput only grows with the load, but from 100/s on the queue grows for ever, which is no state that
/// anything can be promised of. Where requests are refused instead there is a steady state, and only
/// the objective decides: two thirds are lost at three times what can be served, 6 times the load.
#[test]
fn headroom_ends_where_a_queue_must_grow() {
    let at = |station: &str, objective: &str, requests| {
        let text = format!(
            "capplan: 1
traffic: {{ t: {{ rate: 50/s, mix: e }} }}
components: {{ q: {{ type: station, {station} }} }}
endpoints: {{ e: {{ steps: [ {{ serve: q, time: exp(1s) }} ] }} }}
slo: {{ objective: {objective} }}
"
        );
        diagnosis(&text, requests).headroom.expect("a limit")
    };
    let grows = at("servers: 100", "t.throughput > 1/s", 100_000);
    let breaks = grows.breaks.expect("the queue grows");
    assert!(grows.holds <= 2.0 && breaks <= 2.5 && grows.objective.is_none(), "{grows:?}");
    let refuses = at("servers: 100, queue: 10", "t.error_rate < 66.7%", 400_000);
    let breaks = refuses.breaks.expect("more and more are refused");
    assert!(refuses.holds > 2.5 && (5.4..8.1).contains(&breaks), "{refuses:?}");
}

#[test]
fn where_nothing_binds_the_dearest_units_can_go() {
    let found = diagnosis(
        "capplan: 1
traffic: { t: { rate: 10/s, mix: e } }
components: { app: { type: service, runtime: thread, threads: 50, instances: 6, price: $40/mo } }
endpoints: { e: { steps: [ { cpu: exp(5ms) } ] } }
slo: { latency: t.latency.p95 < 1s }
",
        50_000,
    );
    assert_eq!(found.next_step, "nothing binds: cut app.instances (there are 6)");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| format!("{:?}", diagnosis(&two_queues("50ms"), 60_000)))
    };
    assert_eq!(on(1), on(3));
}

/// Two processes restart after 50 requests and boot for 3 s: a third of the time they are away, at
/// times both.
#[test]
fn restarts_are_found_by_a_run_without_them() {
    let found = diagnosis(
        "capplan: 1
traffic: { api: { rate: 12/s, mix: visit } }
components: { app: { type: service, runtime: process, workers: 2, recycle: 50, boot: 3s } }
endpoints: { visit: { steps: [ { delay: exp(50ms) } ] } }
slo: { latency: api.latency.p95 < 500ms }
",
        100_000,
    );
    let first = &found.bottlenecks[0];
    assert_eq!(first.resource, "app.restarts");
    // One restart per 50 of 12 requests/s, each for the last request and the boot, of two workers.
    let away = 12.0 / 50.0 * (0.05 + 3.0) / 2.0;
    assert!((first.utilization - away).abs() < 0.02, "{} {away}", first.utilization);
    let effect = first.effect.as_ref().expect("tried");
    assert!(effect.helps() && effect.after.value.is_some_and(|after| after < 0.5), "{effect:?}");
    let says = "let the workers of app restart less often (app.recycle)";
    assert!(found.next_step.starts_with(says), "{}", found.next_step);
}

/// Each session takes a tenth of the memory and twenty come: the instance dies, boots for 5 s, and so
/// on. No capacity helps, and the mean of the memory is far below its limit.
#[test]
fn a_crash_loop_is_named_and_no_quiet_alert_hides_it() {
    let text = "capplan: 1
traffic: { live: { session_rate: 2/s, length: exp(10s), connects_to: app, reconnect: exp(1s), messages: { tick: { every: exp(1s), mix: visit } } } }
components: { app: { type: service, runtime: event_loop, workers: 1, boot: 5s, memory: { limit: 100MB, per_connection: 10MB } } }
endpoints: { visit: { steps: [ { cpu: 1ms } ] } }
slo: { errors: visit.error_rate < 1% }
claims: { ROOM: app.memory.utilization <= 95% }
alerts: { full: { critical: app.memory.utilization > 95% } }
";
    let found = diagnosis(text, 50_000);
    let says = "a full memory kills app ";
    assert!(found.next_step.starts_with(says), "{}", found.next_step);
    assert!(found.next_step.contains("app.memory.limit"), "{}", found.next_step);
    let profile = profile(text);
    let (program, catalogue) = profile.lower();
    let options =
        RunOptions { max_requests: 50_000, targets: targets(&profile), ..RunOptions::default() };
    let run = run(&program, &options, &());
    let (verdicts, _) = judge_run(&profile, &program, &catalogue, &run);
    let claim = verdicts.conditions.iter().find(|c| c.name == "ROOM").expect("it is judged");
    for ruling in [&claim.ruling, &verdicts.alerts[0].ruling] {
        assert_eq!(ruling.verdict, Verdict::Undecided, "{ruling:?}");
        assert!(ruling.reason.as_ref().is_some_and(|r| r.contains("the mean hides")), "{ruling:?}");
    }
}

/// Every request costs a cent, 85 come in a second, and the budget is for a hundred: it breaks before
/// anything else does, at 100 / 85 times the load.
#[test]
fn headroom_ends_where_the_budget_does() {
    let text = "capplan: 1
traffic: { t: { rate: 85/s, mix: e } }
components: { api: { type: external, latency: exp(10ms), usage_price: $0.01/request } }
endpoints: { e: { steps: [ { call: api } ] } }
slo: { latency: t.latency.p95 < 1s }
cost: { budget: $2628000/mo }
";
    let headroom = diagnosis(text, 200_000).headroom.expect("something limits");
    let breaks = headroom.breaks.expect("the budget breaks");
    assert_eq!(headroom.objective.as_deref(), Some("budget"), "{headroom:?}");
    let limit = 100.0 / 85.0;
    assert!(headroom.holds < limit * 1.02 && breaks > limit * 0.98, "{headroom:?}");
}
