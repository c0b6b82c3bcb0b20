//! Servers that are not always there: breakdowns, setup, polling.

use capplan::analytic::interruptions::{Interrupted, Round, exhaustive_wait_s, setup_share};
use capplan::analytic::single_server::{Moments, mean_wait_with_setup_s};

use crate::chain::{expect, stationary};
use crate::run::{Run, span};

fn station(rate: &str, station: &str, time: &str) -> String {
    format!(
        "traffic: {{ jobs: {{ rate: {rate}, mix: visit }} }}\n\
         components: {{ q: {{ type: station, {station} }} }}\n\
         endpoints: {{ visit: {{ steps: [ {{ serve: q, time: {time} }} ] }} }}\n"
    )
}

#[test]
fn a_server_that_breaks_and_resumes_agrees_with_white_and_christie() {
    let failures =
        "failures: { mtbf: exp(20s), mttr: exp(3333333.333us), each: server, work: resumes }";
    let run = Run::of(&station("0.5/s", failures, "exp(1s)"), span(300.0, 60_000.0));
    let queue = Interrupted {
        arrivals_per_s: 0.5,
        service: Moments::new(1.0, 1.0),
        up_s: 20.0,
        repair: Moments::new(10.0 / 3.0, 1.0),
    };
    let inside = queue.mean_number().expect("ρ < 1");
    run.agrees("q.in_system", inside, 0.015);
    run.agrees("q.response.mean", 2.0 * inside, 0.015);
    run.agrees("q.available", 6.0 / 7.0, 0.005);
    run.agrees("q.downtime", 1.0 / 7.0, 0.02);
    run.agrees("q.utilization", 0.5, 0.005);
    run.agrees("q.breakdowns.count", 60_000.0 * 6.0 / 7.0 / 20.0, 0.01);
}

#[test]
fn several_servers_break_each_by_itself() {
    // State: (jobs, servers up); two servers, repaired in parallel.
    let chain = stationary((0_u32, 2_u32), |&(jobs, up)| {
        let mut moves = vec![((jobs, up.saturating_sub(1)), f64::from(up) / 20.0)];
        if jobs < 80 {
            moves.push(((jobs + 1, up), 1.1));
        }
        if up < 2 {
            moves.push(((jobs, up + 1), f64::from(2 - up) / 4.0));
        }
        if jobs > 0 && up > 0 {
            moves.push(((jobs - 1, up), f64::from(jobs.min(up))));
        }
        moves
    });
    let failures =
        "servers: 2, failures: { mtbf: exp(20s), mttr: exp(4s), each: server, work: resumes }";
    let run = Run::of(&station("1.1/s", failures, "exp(1s)"), span(300.0, 30_000.0));
    run.agrees("q.in_system", expect(&chain, |&(jobs, _)| f64::from(jobs)), 0.02);
    run.agrees("q.downtime", 1.0 / 36.0, 0.03);
    run.agrees("q.available", 5.0 / 6.0, 0.005);
}

#[test]
fn work_that_a_breakdown_ends_fails() {
    // The server breaks while it serves with probability η/(η + μ); what waits goes on to wait.
    let chain = stationary((0_u32, true), |&(jobs, up)| {
        let mut moves = Vec::new();
        if jobs < 80 {
            moves.push(((jobs + 1, up), 0.5));
        }
        if up {
            moves.push(((jobs.saturating_sub(1), false), 0.1));
            if jobs > 0 {
                moves.push(((jobs - 1, true), 1.0));
            }
        } else {
            moves.push(((jobs, true), 0.5));
        }
        moves
    });
    let busy = expect(&chain, |&(jobs, up)| f64::from(u8::from(up && jobs > 0)));
    let failures = "failures: { mtbf: exp(10s), mttr: exp(2s), each: server }";
    let run = Run::of(&station("0.5/s", failures, "exp(1s)"), span(300.0, 20_000.0));
    run.agrees("q.in_system", expect(&chain, |&(jobs, _)| f64::from(jobs)), 0.02);
    run.agrees("q.utilization", busy, 0.01);
    run.agrees("jobs.failed.unavailable.rate", 0.1 * busy, 0.02);
}

#[test]
fn a_component_that_is_down_refuses_and_fails_what_is_inside() {
    let run = Run::of(
        "traffic: { jobs: { rate: 5/s, mix: visit } }\n\
         components: { far: { type: external, latency: exp(1s), failures: { mtbf: exp(9s), mttr: exp(1s) } } }\n\
         endpoints: { visit: { steps: [ { call: far } ] } }\n",
        span(100.0, 10_000.0),
    );
    // Down on arrival, or it breaks (1/9 per second) before the answer (1 per second).
    let lost = 0.1 + 0.9 * 0.1;
    run.agrees("far.downtime", 0.1, 0.02);
    run.agrees("far.failed.unavailable.share", lost, 0.02);
    run.agrees("error_rate", lost, 0.02);
    run.agrees("far.available", 0.9, 0.005);
}

#[test]
fn a_station_that_stops_as_a_whole_takes_nothing_and_goes_on_where_it_stopped() {
    let failures = "failures: { mtbf: exp(9s), mttr: exp(1s), work: resumes }";
    let run = Run::of(&station("0.5/s", failures, "exp(1s)"), span(200.0, 30_000.0));
    // Arrivals and service stop together: the number inside does not know of the clock.
    run.agrees("q.in_system", 1.0, 0.01);
    run.agrees("jobs.failed.unavailable.share", 0.1, 0.02);
    run.agrees("q.utilization", 0.45, 0.01);
}

#[test]
fn a_cold_start_agrees_with_welch() {
    let run = Run::of(
        &station("0.5/s", "setup: exp(3s), idle_off: 0s", "exp(1s)"),
        span(300.0, 40_000.0),
    );
    let response_s = |setup_scv: f64| {
        let (service, setup) = (Moments::new(1.0, 1.0), Moments::new(3.0, setup_scv));
        1.0 + mean_wait_with_setup_s(0.5, service, setup).expect("ρ < 1")
    };
    run.agrees("q.response.mean", response_s(1.0), 0.01);
    run.agrees("q.in_system", 2.5, 0.01);
    run.agrees("q.utilization", 0.5, 0.005);
    run.agrees("q.setup.busy", setup_share(0.5, 1.0, 3.0).expect("ρ < 1"), 0.005);
    let run = Run::of(&station("0.5/s", "setup: 3s", "exp(1s)"), span(300.0, 40_000.0));
    run.agrees("q.response.mean", response_s(0.0), 0.01);
}

#[test]
fn several_cold_servers_agree_with_the_chain() {
    // M/M/k/setup (Gandhi, Doroudi, Harchol-Balter and Scheller-Wolf 2013), k = 8: (busy, waiting);
    // min(waiting, off) servers are being set up. The values are those of the solved chain.
    let text = station("4/s", "servers: 8, setup: exp(10s)", "exp(1s)");
    let run = Run::of(&text, span(500.0, 8000.0));
    run.agrees("q.response.mean", 2.982_902_926, 0.01);
    run.agrees("q.setup.busy", 3.001_917_265, 0.01);
    run.agrees("q.busy", 4.0, 0.005);
}

#[test]
fn a_server_that_stays_on_for_a_while_starts_less_often() {
    // State: jobs, and whether the server is off, being set up or on; idle for exp(4 s), then off.
    let chain = stationary((0_u32, 0_u8), |&(jobs, mode)| {
        let mut moves = Vec::new();
        if jobs < 80 {
            moves.push(((jobs + 1, if mode == 0 { 1 } else { mode }), 0.5));
        }
        match mode {
            1 => moves.push(((jobs, 2), 1.0 / 3.0)),
            2 if jobs > 0 => moves.push(((jobs - 1, 2), 1.0)),
            2 => moves.push(((0, 0), 0.25)),
            _ => {}
        }
        moves
    });
    let run = Run::of(
        &station("0.5/s", "setup: exp(3s), idle_off: exp(4s)", "exp(1s)"),
        span(300.0, 30_000.0),
    );
    run.agrees("q.in_system", expect(&chain, |&(jobs, _)| f64::from(jobs)), 0.01);
    let setup = expect(&chain, |&(_, mode)| f64::from(u8::from(mode == 1)));
    run.agrees("q.setup.busy", setup, 0.02);
}

/// Four queues of one server, each with 0.15/s; `more` is written to the station.
fn round(more: &str) -> String {
    let names = ["a", "b", "c", "d"];
    let traffic = names.map(|n| format!("{n}_jobs: {{ rate: 0.15/s, mix: {n} }}")).join(", ");
    let steps =
        names.map(|n| format!("{n}: {{ steps: [ {{ serve: q, time: exp(1s) }} ] }}")).join(", ");
    format!(
        "traffic: {{ {traffic} }}\n\
         components: {{ q: {{ type: station, discipline: polling, switchover: exp(200ms){more} }} }}\n\
         endpoints: {{ {steps} }}\n"
    )
}

#[test]
fn a_server_that_goes_round_agrees_with_takagi() {
    let exact = Round {
        queues: 4,
        arrivals_per_s: 0.15,
        service_s: 1.0,
        service_square: 2.0,
        switchover_s: 0.2,
        switchover_variance: 0.04,
    };
    let run = Run::asking(&round(""), &["q.wait.mean@c"], span(300.0, 25_000.0));
    let (service, way) = (Moments::new(1.0, 1.0), Moments::new(0.2, 1.0));
    let wait = exhaustive_wait_s(&[0.15; 4], 0.6, service, way).expect("ρ < 1");
    run.agrees("q.wait.mean", wait, 0.015);
    run.agrees("q.wait.mean@c", wait, 0.02);
    run.agrees("q.utilization", 0.6, 0.005);
    let run = Run::of(&round(", limited: 1"), span(300.0, 25_000.0));
    run.agrees("q.wait.mean", exact.limited_wait_s().expect("there is a steady state"), 0.02);
}
