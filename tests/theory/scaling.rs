//! Instances that come and go: controllers by hand-computed traces, scale to zero by renewal theory,
//! health checks, doors, and workers that die.

use capplan::engine::World;
use capplan::results::Replication;
use capplan::study::{self, RunOptions, Steady};

use crate::run::{Run, Span, compile, span};

/// What one replication measured in its first `end_s` seconds.
fn trace(yaml: &str, end_s: f64) -> Replication {
    let (program, _) = compile(yaml);
    let mut world = World::new(&program, 1, 0);
    world.run_until(end_s);
    let results = world.results();
    assert!(results.balance.holds(), "{:?}", results.balance);
    results
}

/// 500 sessions at 40 each are 13 instances: after one window and one boot.
#[test]
fn a_target_reaches_the_number_that_arithmetic_says() {
    let text = |start: &str| {
        format!(
            "\
traffic:
  live: {{ sessions: 500, connects_to: app, messages: {{ tick: {{ every: exp(5s), mix: tick }} }} }}
components:
  app:
    type: service
    instances: 3
    boot: 45s
    balancer: {{ policy: least_connections }}
    autoscale: {{ min: 3, max: 15, target: app.connections.per_instance = 40, cooldown: 300s }}
endpoints: {{ tick: {{ steps: [ {{ cpu: 0.1ms }} ] }} }}
run: {{ start: {start} }}
"
        )
    };
    let of = |start: &str, end_s: f64| trace(&text(start), end_s).groups[0];
    assert_eq!(of("empty", 14.0).provisioned.at_end, 3.0);
    // They are paid for from the moment they boot.
    let cold = of("empty", 1000.0);
    assert_eq!((cold.provisioned.at_end, cold.ups, cold.downs), (13.0, 1, 0));
    assert!((cold.provisioned.integral - (3.0 * 15.0 + 13.0 * 985.0)).abs() < 1e-6);
    // A warm start begins there.
    let warm = of("warm", 100.0);
    assert!((warm.provisioned.integral - 1300.0).abs() < 1e-6);
    assert_eq!((warm.ups, warm.downs), (0, 0));
}

/// Evenly 5/s, then 16/s, then 1/s at 100 ms of CPU each; windows of 10 s, a cooldown of 30 s.
///
/// Utilization is 50 %, then 100 %: the second instance comes at 70 s, and with the backlog of 60
/// requests (which the first works off at 2/s until 100 s) they are 90 % busy until the cooldown ends:
/// the third comes at 100 s. From 120 s on it is 3 %: one goes at 130 s and one at 160 s.
#[test]
fn rules_add_and_remove_by_a_trace_computed_by_hand() {
    let text = "\
traffic: { api: { rate: steps(0s=5/s 60s=16/s 120s=1/s), arrivals: even, mix: visit } }
components:
  app:
    type: service
    price: $10/mo
    autoscale:
      { max: 3, interval: 10s, cooldown: 30s, up: { busy: app.cpu.utilization > 80% }, down: { idle: app.cpu.utilization < 30% } }
endpoints: { visit: { steps: [ { cpu: 100ms } ] } }
run: { start: empty }
";
    let expected = [
        (65.0, 1.0),
        (75.0, 2.0),
        (95.0, 2.0),
        (105.0, 3.0),
        (125.0, 3.0),
        (135.0, 2.0),
        (155.0, 2.0),
        (165.0, 1.0),
        (200.0, 1.0),
    ];
    for (at_s, instances) in expected {
        assert_eq!(trace(text, at_s).groups[0].provisioned.at_end, instances, "at {at_s} s");
    }
    let all = trace(text, 200.0);
    assert_eq!((all.groups[0].ups, all.groups[0].downs), (2, 2));
    // A request that is inside when its instance goes keeps it for at most its 100 ms.
    let paid_for = 70.0 + 2.0 * 30.0 + 3.0 * 30.0 + 2.0 * 30.0 + 40.0;
    let integral = all.groups[0].provisioned.integral;
    assert!((paid_for..paid_for + 0.2).contains(&integral), "{integral}");
    assert_eq!(all.balance.failed.iter().sum::<u64>(), 0, "nothing is lost");
}

/// Any rule adds; only all rules together remove, and none while one adds.
#[test]
fn one_rule_that_disagrees_keeps_an_instance() {
    let text = |up: &str, down: &str| {
        format!(
            "\
traffic: {{ api: {{ rate: 1/s, arrivals: even, mix: visit }} }}
components:
  app: {{ type: service, instances: 2, autoscale: {{ max: 3, interval: 10s, cooldown: 0s, up: {{ {up} }}, down: {{ {down} }} }} }}
endpoints: {{ visit: {{ steps: [ {{ cpu: 100ms }} ] }} }}
run: {{ start: empty }}
"
        )
    };
    let busy = |limit: &str| format!("busy: app.cpu.utilization > {limit}");
    let quiet = "quiet: app.calls.rate < 10/s";
    let idle = |limit: &str| format!("idle: app.cpu.utilization < {limit}");
    for (up, down, instances) in [
        (busy("50%"), format!("{quiet}, {}", idle("50%")), 1.0),
        (busy("50%"), format!("{quiet}, {}", idle("1%")), 2.0),
        (format!("{}, many: app.calls.rate > 0.1/s", busy("50%")), quiet.to_owned(), 3.0),
        // 25 s in windows of 10 s are three windows.
        (busy("50%"), format!("{quiet} for 25s"), 2.0),
    ] {
        let at_end = trace(&text(&up, &down), 25.0).groups[0].provisioned.at_end;
        assert_eq!(at_end, instances, "{up} | {down}");
    }
    let lasting = text(&busy("50%"), &format!("{quiet} for 25s"));
    assert_eq!(trace(&lasting, 31.0).groups[0].provisioned.at_end, 1.0);
}

/// One server that goes after an idle time T and boots for B when the next request comes: M/M/1 with
/// a setup at the beginning of a share p = e^(−λT) of its busy periods (Welch 1964, exceptional first
/// service; Gandhi, Harchol-Balter, Adan 2010 for the setup).
///
/// ```text
/// E[R] = s/(1−ρ) + (2·p·B + λ·p·B²) / (2·(1 + λ·p·B))
/// off  = (p/λ) / ((p·B + s)/(1−ρ) + 1/λ)
/// ```
#[test]
fn scale_to_zero_agrees_with_renewal_theory() {
    let text = "\
traffic: { api: { rate: 0.1/s, mix: visit } }
components:
  app: { type: service, boot: 5s, autoscale: { min: 0, max: 1, idle_after: 10s } }
endpoints: { visit: { steps: [ { cpu: exp(1s) } ] } }
";
    let (rate, service_s, idle_s, boot_s) = (0.1_f64, 1.0, 10.0, 5.0);
    let rho = rate * service_s;
    let p = (-rate * idle_s).exp();
    let extra = (2.0 * p * boot_s + rate * p * boot_s * boot_s) / (2.0 * (1.0 + rate * p * boot_s));
    let off = (p / rate) / ((p * boot_s + service_s) / (1.0 - rho) + 1.0 / rate);
    let run = Run::of(text, span(200.0, 40_000.0));
    run.agrees("api.latency.mean", service_s / (1.0 - rho) + extra, 0.005);
    run.agrees("app.instances", 1.0 - off, 0.005);
    assert_eq!(run.estimate("api.failed.rate").0, 0.0);
}

/// A session keeps its instance alive; without any, the instance goes, and the next one waits.
#[test]
fn sessions_keep_an_instance_alive() {
    let text = |sessions: &str| {
        format!(
            "\
traffic:
  live: {{ {sessions}, connects_to: app, messages: {{ tick: {{ every: exp(100s), mix: tick }} }} }}
components: {{ app: {{ type: service, boot: 5s, autoscale: {{ min: 0, max: 1, idle_after: 10s }} }} }}
endpoints: {{ tick: {{ steps: [ {{ cpu: 1ms }} ] }} }}
"
        )
    };
    let stays = trace(&text("sessions: 1"), 1000.0);
    assert!((stays.groups[0].provisioned.integral - 1000.0).abs() < 1e-6);
    assert_eq!(stays.groups[0].downs, 0);
    // M/G/∞ with sessions of exactly 20 s: it is off in the part of the gaps beyond 10 s.
    let (rate, length_s, idle_s, boot_s) = (0.01_f64, 20.0, 10.0, 5.0);
    let run = Run::of(
        &text("session_rate: 0.01/s, length: 20s"),
        Span { replications: 40, ..span(1000.0, 100_000.0) },
    );
    // Sessions that come during a boot connect at its end, as the first one does; a busy period of
    // M/D/∞ that begins with k at once has the length of one with one: (e^(λD) − 1)/λ.
    let p = (-rate * idle_s).exp();
    let busy_s = ((rate * length_s).exp() - 1.0) / rate;
    let off = (p / rate) / (p * boot_s + busy_s + 1.0 / rate);
    run.agrees("app.instances", 1.0 - off, 0.01);
    assert_eq!(run.estimate("live.sessions.refused.rate").0, 0.0);
}

/// Requests of 8 s at two instances, one of which goes at 10 s: from then on it gets nothing, what is
/// in it ends, and it is paid for until the last one has.
#[test]
fn a_draining_instance_gets_nothing_new_and_loses_nothing() {
    let text = "\
traffic: { api: { rate: 2/s, arrivals: even, mix: visit } }
components:
  app: { type: service, instances: 2, drain: 30s, autoscale: { max: 2, interval: 10s, cooldown: 5m, down: { idle: app.cpu.utilization < 30% } } }
endpoints: { visit: { steps: [ { delay: 8s } ] } }
run: { start: empty }
";
    let (before, after) = (trace(text, 10.1), trace(text, 60.0));
    let arrivals = |r: &Replication, crew: usize| r.stations[crew].arrivals;
    assert_eq!(arrivals(&before, 1), arrivals(&after, 1));
    assert!(arrivals(&after, 0) > 100);
    assert_eq!(after.balance.failed.iter().sum::<u64>(), 0);
    // The last request came to it in the second before 10 s.
    let group = after.groups[0].provisioned;
    assert!((2.0 * 10.0 + 50.0 + 7.0..=2.0 * 10.0 + 50.0 + 8.0).contains(&group.integral));
    // With a drain of 3 s, what came to it in the 5 s before 10 s − 5 s is cut off.
    let short = trace(&text.replace("drain: 30s", "drain: 3s"), 60.0);
    let failed: u64 = short.balance.failed.iter().sum();
    assert!((4..=6).contains(&failed), "{failed}");
    assert!((short.groups[0].provisioned.integral - (2.0 * 13.0 + 47.0)).abs() < 1e-6);
}

/// Ten sessions on two instances, of which one goes at 10 s and drops its five at 15 s.
#[test]
fn sessions_drop_after_the_drain_and_come_back() {
    let text = "\
traffic:
  live: { sessions: 10, connects_to: app, reconnect: 1s, messages: { tick: { every: 500ms, mix: tick } } }
components:
  app:
    type: service
    instances: 2
    drain: 5s
    balancer: { policy: least_connections }
    autoscale: { max: 2, interval: 10s, down: { idle: app.cpu.utilization < 30% } }
endpoints: { tick: { steps: [ { cpu: 1ms } ] } }
run: { start: empty }
";
    let at = |end_s: f64| {
        let r = trace(text, end_s);
        (r.groups[0].provisioned.at_end, r.sessions[0].dropped, r.sessions[0].active.at_end)
    };
    assert_eq!(at(14.9), (2.0, 0, 10.0));
    assert_eq!(at(15.1), (1.0, 5, 5.0));
    assert_eq!(at(16.1), (1.0, 5, 10.0));
}

/// An instance dies every 50 s by a request that does not fit, and boots for 40 s. Of 10 requests/s
/// every other one goes to it until the balancer knows.
#[test]
fn a_dead_instance_gets_its_share_until_a_check_fails() {
    let text = |check: &str| {
        format!(
            "\
traffic:
  api:  {{ rate: 10/s, arrivals: even, mix: visit }}
  bomb: {{ rate: 0.02/s, arrivals: even, mix: large }}
components:
  app: {{ type: service, instances: 2, boot: 40s, memory: {{ limit: 100MB }}, balancer: {{ policy: round_robin{check} }} }}
endpoints:
  visit: {{ steps: [ {{ cpu: 1ms }} ] }}
  large: {{ memory: 200MB, steps: [ {{ cpu: 1ms }} ] }}
"
        )
    };
    // One traffic's bomb falls somewhere in the first 50 s; the boot is over within 95 s.
    let failed = |check: &str| {
        let r = trace(&text(check), 95.0);
        let kills: u64 = r.instances.iter().map(|i| i.memory_kills).sum();
        (r.classes[0].failed.count, kills)
    };
    let (unchecked, kills) = failed("");
    assert_eq!(kills, 1 + u64::from(unchecked > 210));
    assert!(unchecked >= 195, "{unchecked}");
    // The first check without an answer begins within 1 s, the second 1 s later and fails 0.5 s after.
    let (checked, kills) =
        failed(", health_check: { every: 1s, timeout: 500ms, down_after: 2, up_after: 2 }");
    let each = checked as f64 / kills as f64;
    assert!((7.0..=13.0).contains(&each), "{checked} of {kills}");
}

/// Refused while four wait for one worker: M/M/1/5, which turns away (1−ρ)·ρ⁵/(1−ρ⁶).
#[test]
fn a_door_that_looks_at_the_backlog_is_a_finite_queue() {
    let text = "\
traffic: { api: { rate: 8/s, mix: visit } }
components:
  app: { type: service, runtime: process, admission: { full: app.backlog.queue.length >= 4 } }
endpoints: { visit: { steps: [ { delay: exp(100ms) } ] } }
";
    let rho = 0.8_f64;
    let blocked = (1.0 - rho) * rho.powi(5) / (1.0 - rho.powi(6));
    let run = Run::of(text, span(30.0, 4000.0));
    run.agrees("api.failed.overloaded.share", blocked, 0.01);
}

/// A process that a timeout of 1 s kills boots for 10 s: one request every 11 s.
#[test]
fn a_worker_that_a_timeout_killed_boots() {
    let text = "\
traffic: { people: { clients: 2, mix: visit } }
components: { app: { type: service, runtime: process, timeout: 1s, boot: 10s } }
endpoints: { visit: { steps: [ { delay: 5s } ] } }
";
    let results = trace(text, 1100.5);
    assert_eq!(results.classes[0].failed.count, 100);
    assert_eq!(results.instances[0].recycles, 0, "that is no restart by count");
}

/// Messages of 5 s on the connections of a worker that restarts after its drain of 1 s: those in
/// flight then fail, and nothing else does.
#[test]
fn messages_end_with_their_worker() {
    let text = "\
traffic:
  live: { sessions: 10, connects_to: app, reconnect: 1s, messages: { slow: { every: 10s, mix: slow } } }
  api: { rate: 0.01/s, arrivals: even, mix: visit }
components: { app: { type: service, recycle: 1, drain: 1s, boot: 1s } }
endpoints: { slow: { steps: [ { delay: 5s } ] }, visit: { steps: [ { cpu: 1ms } ] } }
run: { start: empty }
";
    // At most one request comes within 150 s, and at any time half of the sessions have a message
    // under way: their phases are uniform.
    let results = trace(text, 150.0);
    let restarts: u64 = results.instances[0].recycles;
    let failed = results.classes.iter().map(|c| c.failed.count).sum::<u64>();
    assert_eq!(results.sessions[0].dropped, 10 * restarts);
    assert!(restarts >= 1 && failed >= 2 * restarts && failed <= 8 * restarts, "{failed}");
}

/// Two erlangs at 60 % each are four instances. What begins with one, behind a queue that grows, is
/// a steady state in the end and no overload.
#[test]
fn a_system_that_catches_up_is_not_called_overloaded() {
    let text = |start: &str| {
        format!(
            "\
traffic: {{ api: {{ rate: 50/s, mix: visit }} }}
components:
  app: {{ type: service, boot: 3s, autoscale: {{ max: 8, interval: 5s, cooldown: 10s, target: app.cpu.utilization = 60% }} }}
endpoints: {{ visit: {{ steps: [ {{ cpu: exp(40ms) }} ] }} }}
run: {{ start: {start} }}
"
        )
    };
    for start in ["warm", "empty"] {
        let (program, _) = compile(&text(start));
        let options = RunOptions { max_requests: 600_000, ..RunOptions::default() };
        let run = study::run(&program, &options, &());
        assert_eq!((&run.steady, run.overloads.len()), (&Steady::Yes, 0), "{start}");
        let instances: f64 =
            run.replications.iter().map(|r| r.groups[0].provisioned.integral / r.time_s).sum();
        let instances = instances / run.replications.len() as f64;
        // A window of 5 s sees 2 ± 0.13 erlangs: at times five are asked for, never fewer than three.
        assert!((3.5..5.0).contains(&instances), "{start}: {instances}");
    }
}
