//! Closed workloads: machine repair, networks of several stations, clients beside open traffic.

use capplan::analytic::closed::{self, Station};

use crate::run::{Run, span};

#[test]
fn clients_at_one_station_agree_with_machine_repair() {
    for (clients, think, servers, service, measured_s) in [
        (20, "exp(10s)", 1, "exp(1s)", 12_000.0),
        (60, "exp(5s)", 4, "exp(500ms)", 2400.0),
        (12, "10s", 1, "exp(1s)", 24_000.0),
    ] {
        let text = format!(
            "traffic: {{ people: {{ clients: {clients}, think_time: {think}, mix: visit }} }}\n\
             components: {{ q: {{ type: station, servers: {servers} }} }}\n\
             endpoints: {{ visit: {{ steps: [ {{ serve: q, time: {service} }} ] }} }}\n"
        );
        let (think_s, service_s) = if clients == 60 { (5.0, 0.5) } else { (10.0, 1.0) };
        let exact = closed::machine_repair(clients, think_s, service_s, servers);
        let run = Run::of(&text, span(200.0, measured_s));
        run.agrees("people.throughput", exact.throughput_per_s, 0.0025);
        run.agrees("people.latency.mean", exact.response_s, 0.01);
        run.agrees("q.utilization", exact.utilization[0], 0.001);
        run.agrees("people.in_flight", exact.number[0], 0.008);
    }
}

/// Bolch et al., *Queueing Networks and Markov Chains*, example 8.3: after each CPU visit one of
/// three disks, or back to the start.
#[test]
fn a_central_server_agrees_with_buzen() {
    let text = "\
traffic: { jobs: { clients: 6, mix: cycle } }
components:
  cpu: { type: station, servers: 1 }
  disk1: { type: station, servers: 1 }
  disk2: { type: station, servers: 1 }
  disk3: { type: station, servers: 1 }
endpoints:
  cycle:
    steps:
      - { serve: cpu, time: exp(20ms) }
      - choose:
          - { share: 40%, steps: [ { serve: disk1, time: exp(200ms) } ] }
          - { share: 20%, steps: [ { serve: disk2, time: exp(400ms) } ] }
          - { share: 10%, steps: [ { serve: disk3, time: exp(600ms) } ] }
";
    let network = [0.02, 0.08, 0.08, 0.06].map(|demand_s| Station { demand_s, servers: 1 });
    let exact = closed::convolution(6, 0.0, &network);
    let run = Run::of(text, span(20.0, 3000.0));
    run.agrees("jobs.throughput", exact.throughput_per_s, 0.004);
    run.agrees("jobs.latency.mean", exact.response_s, 0.004);
    for (station, number) in ["cpu", "disk1", "disk2", "disk3"].iter().zip(&exact.number) {
        run.agrees(&format!("{station}.in_system"), *number, 0.015);
    }
}

#[test]
fn four_cores_and_a_database_agree_with_buzen() {
    let text = "\
traffic: { people: { clients: 12, think_time: exp(2s), mix: visit } }
components:
  cpu: { type: station, servers: 4 }
  db: { type: station, servers: 1 }
endpoints: { visit: { steps: [ { serve: cpu, time: exp(400ms) }, { serve: db, time: exp(100ms) } ] } }
";
    let network = [Station { demand_s: 0.4, servers: 4 }, Station { demand_s: 0.1, servers: 1 }];
    let exact = closed::convolution(12, 2.0, &network);
    let run = Run::of(text, span(50.0, 4500.0));
    run.agrees("people.throughput", exact.throughput_per_s, 0.002);
    run.agrees("people.latency.mean", exact.response_s, 0.0025);
    run.agrees("db.utilization", exact.utilization[1], 0.0025);
}

/// Lazowska et al., *Quantitative System Performance* (1984), p. 142: one client of each class at
/// two shared processors.
#[test]
fn two_classes_of_clients_agree_with_multiclass_mva() {
    let text = "\
traffic:
  first: { clients: 1, mix: short }
  second: { clients: 1, mix: long }
components:
  cpu: { type: station, discipline: processor_sharing }
  disk: { type: station, discipline: processor_sharing }
endpoints:
  short: { steps: [ { serve: cpu, time: exp(1s) }, { serve: disk, time: exp(3s) } ] }
  long: { steps: [ { serve: cpu, time: exp(2s) }, { serve: disk, time: exp(4s) } ] }
";
    let run = Run::of(text, span(200.0, 45_000.0));
    run.agrees("first.throughput", 0.157_894_736_8, 0.005);
    run.agrees("first.latency.mean", 6.333_333_333, 0.004);
    run.agrees("second.throughput", 0.105_263_157_9, 0.004);
    run.agrees("second.latency.mean", 9.5, 0.004);
}

/// Open and closed traffic share two processors (BCMP; mixed-network mean value analysis).
#[test]
fn people_beside_background_traffic_agree_with_mixed_mva() {
    let text = "\
traffic:
  background: { rate: 1/s, mix: job }
  people: { clients: 3, think_time: exp(2s), mix: visit }
components:
  cpu: { type: station, discipline: processor_sharing }
  disk: { type: station, discipline: processor_sharing }
endpoints:
  job: { steps: [ { serve: cpu, time: exp(200ms) }, { serve: disk, time: exp(300ms) } ] }
  visit: { steps: [ { serve: cpu, time: exp(300ms) }, { serve: disk, time: exp(200ms) } ] }
";
    let run = Run::of(text, span(100.0, 18_000.0));
    run.agrees("people.throughput", 1.055_027_368, 0.002);
    run.agrees("people.latency.mean", 0.843_528_131, 0.004);
    run.agrees("background.latency.mean", 0.967_297_736, 0.004);
    run.agrees("cpu.utilization", 0.516_508_210_4, 0.002);
}
