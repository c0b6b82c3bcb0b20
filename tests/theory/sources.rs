//! Arrivals that are not Poisson: batches, renewal, flipping rates, curves.

use capplan::analytic::Load;
use capplan::analytic::arrivals::{self, Flipping};

use crate::chain;
use crate::run::{Run, Span, compare, span};

fn queue(traffic: &str, station: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ {traffic}, mix: visit }} }}\n\
         components: {{ q: {{ type: station, {station} }} }}\n\
         endpoints: {{ visit: {{ steps: [ {{ serve: q, time: exp(1s) }} ] }} }}\n"
    )
}

#[test]
fn batches_agree_with_m_x_m_1() {
    let run = Run::of(&queue("rate: 0.6/s, batch: 4", "servers: 1"), span(300.0, 60_000.0));
    let load = Load { arrivals_per_s: 0.6, service_s: 1.0 };
    run.agrees(
        "jobs.latency.mean",
        arrivals::batch_response_s(load, 4.0, 16.0).expect("ρ < 1"),
        0.01,
    );
    run.agrees("jobs.offered", 0.6, 0.004);
}

/// The rate is that of requests, whatever the size of the batches.
#[test]
fn batches_of_random_size_keep_the_rate() {
    let text = queue("rate: 0.6/s, batch: poisson(mean=3)", "servers: unlimited");
    let run = Run::of(&text, span(50.0, 30_000.0));
    run.agrees("jobs.offered", 0.6, 0.005);
}

#[test]
fn erlang_gaps_agree_with_gi_m_1() {
    let text = queue("rate: 0.8/s, arrivals: erlang(stages=2)", "servers: 1");
    let run = Run::of(&text, span(300.0, 60_000.0));
    let exact = arrivals::renewal(arrivals::erlang_transform(1.25, 2), 1.0).expect("ρ < 1");
    run.agrees("q.wait.mean", exact.wait_s, 0.02);
    run.agrees("q.waited.share", exact.waits, 0.0025);
}

#[test]
fn even_gaps_agree_with_d_m_1() {
    let run = Run::of(&queue("rate: 0.8/s, arrivals: even", "servers: 1"), span(300.0, 60_000.0));
    let exact = arrivals::renewal(|s| (-1.25 * s).exp(), 1.0).expect("ρ < 1");
    run.agrees("q.wait.mean", exact.wait_s, 0.015);
    run.agrees("q.waited.share", exact.waits, 0.004);
}

#[test]
fn a_flipping_rate_agrees_with_mmpp_m_1() {
    let text = queue("rate: mmpp(10s=0.2/s 3333.3333ms=2/s)", "servers: 1");
    let run = Run::of(&text, span(500.0, 90_000.0));
    let source = Flipping { rates_per_s: [0.2, 2.0], stays_s: [10.0, 10.0 / 3.0] };
    run.agrees("jobs.offered", 0.65, 0.004);
    run.agrees(
        "jobs.latency.mean",
        arrivals::flipping_response_s(source, 1.0).expect("ρ < 1"),
        0.015,
    );
}

/// Kolmogorov's forward equations of M(t)/M/4/40 against the average over many replications at
/// fixed moments: 15.23472 inside at 15 s.
#[test]
fn a_launch_ramp_agrees_with_the_forward_equations() {
    let text = queue("rate: steps(0s=3/s 10s=6/s 20s=1/s)", "servers: 4, queue: 36")
        + "run: { start: empty }\n";
    let moves = |rate: f64| {
        move |n: &u32| {
            let mut moves = vec![(n + 1, if *n < 40 { rate } else { 0.0 })];
            if *n > 0 {
                moves.push((n - 1, f64::from((*n).min(4))));
            }
            moves
        }
    };
    let inside = |distribution: &[(u32, f64)]| chain::expect(distribution, |n| f64::from(*n));
    let at_5 = inside(&chain::after(0, 5.0, moves(3.0)));
    let ramp = chain::after(0, 10.0, moves(3.0));
    let from = |distribution: Vec<(u32, f64)>, time_s: f64, rate: f64| -> f64 {
        distribution
            .into_iter()
            .map(|(n, p)| p * inside(&chain::after(n, time_s, moves(rate))))
            .sum()
    };
    let at_15 = from(ramp, 5.0, 6.0);
    assert!((at_5 - 3.651_806_325).abs() < 1e-8, "{at_5}");
    assert!((at_15 - 15.234_723_31).abs() < 1e-7, "{at_15}");
    for (time_s, exact) in
        [(5.0, at_5), (15.0, at_15), (20.0, 24.919_991_42), (30.0, 3.173_325_044)]
    {
        let run = Run::of(&text, Span { warmup_s: 0.0, measured_s: time_s, replications: 4000 });
        let number = run.estimate_by(|replication| replication.classes[0].in_flight.at_end);
        compare(&format!("inside at {time_s} s"), number, exact, 0.05);
    }
}

/// Eick, Massey, Whitt (1993): with rate b + h·sin(ωt) and exponential stays of mean S the mean
/// number present is S·(b + h·(sin ωt − ωS·cos ωt) / (1 + (ωS)²)).
#[test]
fn a_day_of_sessions_agrees_with_the_infinite_server() {
    let text = "\
traffic: { jobs: { rate: sine(mean=100/s swing=60% period=24s peak_at=6s), mix: visit } }
components: { q: { type: station, servers: unlimited } }
endpoints: { visit: { steps: [ { serve: q, time: exp(1.5s) } ] } }
";
    let omega = std::f64::consts::TAU / 24.0;
    let lag = omega * 1.5;
    for phase_s in [0.0, 6.0, 12.0, 18.0] {
        let angle = omega * phase_s;
        let swing = 60.0 * (angle.sin() - lag * angle.cos()) / (1.0 + lag * lag);
        let exact = 1.5 * (100.0 + swing);
        let measured_s = 48.0 + phase_s;
        let run = Run::of(text, Span { warmup_s: 0.0, measured_s, replications: 150 });
        let number = run.estimate_by(|replication| replication.classes[0].in_flight.at_end);
        compare(&format!("present at phase {phase_s} s"), number, exact, 0.02);
    }
}

/// Sessions that arrive and stay are an infinite server of their own: Poisson of mean λ·length; each
/// sends by its clock.
#[test]
fn sessions_agree_with_the_infinite_server() {
    let text = "\
traffic: { live: { session_rate: 5/s, length: lognormal(mean=20s cv=1), messages: { talk: { every: exp(4s), mix: visit } } } }
components: { q: { type: station, servers: unlimited } }
endpoints: { visit: { steps: [ { serve: q, time: exp(100ms) } ] } }
";
    let run = Run::of(text, span(200.0, 600.0));
    run.agrees("live.sessions.active", 100.0, 0.015);
    run.agrees("live.sessions.started.rate", 5.0, 0.015);
    run.agrees("live.offered", 25.0, 0.015);
}

/// Sessions with a constant interval keep their phases: clocks, not a Poisson stream. Each
/// replication draws its phases once, hence many short ones.
#[test]
fn the_clocks_of_sessions_agree_with_roberts_and_virtamo() {
    let text = "\
traffic: { live: { sessions: 20, messages: { beat: { every: 1s, mix: visit } } } }
components: { q: { type: station, servers: 1 } }
endpoints: { visit: { steps: [ { serve: q, time: 45ms } ] } }
";
    let run = Run::of(text, Span { warmup_s: 5.0, measured_s: 4.0, replications: 3000 });
    let exact = arrivals::clocks_wait_s(20, 1.0, 0.045).expect("ρ < 1");
    compare("q.wait.mean", run.estimate("q.wait.mean"), exact, 0.025);
}
