//! What is measured because somebody asks: levels at instants, their spread over time, parts of the
//! measured time, single classes at a station, visits against their own demand.

use crate::run::{Run, Span, span};

#[test]
fn the_number_at_infinitely_many_servers_is_poisson() {
    let metrics = ["q.in_system.sd", "q.in_system.p50", "q.in_system.p99", "q.busy.min"];
    let run = Run::asking(
        "traffic: { jobs: { rate: 50/s, mix: visit } }\n\
         components: { q: { type: station, servers: unlimited } }\n\
         endpoints: { visit: { steps: [ { serve: q, time: lognormal(mean=2s cv=2) } ] } }\n",
        &metrics,
        span(60.0, 400.0),
    );
    run.agrees("q.in_system", 100.0, 0.005);
    run.agrees("q.in_system.sd", 10.0, 0.02);
    // The quantiles of a Poisson law of mean 100 are 100 and 124.
    let (median, _) = run.estimate("q.in_system.p50");
    assert!((median - 100.0).abs() <= 1.0, "{median}");
    run.agrees("q.in_system.p99", 124.0, 0.01);
    let (least, _) = run.estimate("q.busy.min");
    assert!(least > 50.0 && least < 90.0, "{least}");
}

#[test]
fn the_spread_of_m_m_1_is_geometric() {
    let metrics = ["q.in_system.sd", "q.in_system.p90", "q.queue.length.p99"];
    let run = Run::asking(
        "traffic: { jobs: { rate: 0.5/s, mix: visit } }\n\
         components: { q: { type: station } }\n\
         endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }\n",
        &metrics,
        span(200.0, 20_000.0),
    );
    // P(N ≤ n) = 1 − 2^−(n+1): the variance is ρ/(1−ρ)² = 2, the 90 % quantile 3.
    run.agrees("q.in_system.sd", 2_f64.sqrt(), 0.02);
    for (metric, exact) in [("q.in_system.p90", 3.0), ("q.queue.length.p99", 5.0)] {
        let (value, _) = run.estimate(metric);
        assert!((value - exact).abs() < 0.5, "{metric} {value}");
    }
}

#[test]
fn a_launch_ramp_agrees_with_its_forward_equations_at_every_instant() {
    // Means and probabilities of the birth-death process M(t)/M/4/40, integrated numerically.
    let exact = [
        (5, 3.651_806_325, 0.431_773_041_3),
        (15, 15.234_723_31, 0.975_124_774_2),
        (20, 24.919_991_42, 0.995_647_134_6),
        (30, 3.173_325_044, 0.252_115_697_9),
    ];
    let asked: Vec<String> = exact
        .iter()
        .flat_map(|(t, ..)| {
            [format!("q.in_system during {t}..{t}"), format!("q.full during {t}..{t}")]
        })
        .collect();
    let names: Vec<&str> = asked.iter().map(String::as_str).collect();
    let run = Run::asking(
        "traffic: { jobs: { rate: steps(0s=3/s 10s=6/s 20s=1/s), mix: visit } }\n\
         components: { q: { type: station, servers: 4, queue: 36 } }\n\
         endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }\n\
         run: { start: empty }\n",
        &names,
        Span { warmup_s: 0.0, measured_s: 30.0, replications: 4000 },
    );
    for (t, inside, full) in exact {
        run.agrees(&format!("q.in_system during {t}..{t}"), inside, 0.03);
        run.agrees(&format!("q.full during {t}..{t}"), full, 0.03);
    }
}

#[test]
fn a_part_of_the_time_has_its_own_rates_and_quantiles() {
    let metrics = [
        "jobs.offered during 0..100",
        "jobs.offered during 100..300",
        "jobs.latency.p95 during 100..300",
        "q.in_system during 200..300",
        "q.in_system.p50 during 200..300",
    ];
    let run = Run::asking(
        "traffic: { jobs: { rate: steps(0s=3/s 100s=12/s), mix: visit } }\n\
         components: { q: { type: station, servers: unlimited } }\n\
         endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }\n",
        &metrics,
        Span { warmup_s: 0.0, measured_s: 300.0, replications: 60 },
    );
    run.agrees("jobs.offered during 0..100", 3.0, 0.01);
    run.agrees("jobs.offered during 100..300", 12.0, 0.005);
    run.agrees("jobs.latency.p95 during 100..300", 20_f64.ln(), 0.01);
    run.agrees("q.in_system during 200..300", 12.0, 0.01);
    let (median, _) = run.estimate("q.in_system.p50 during 200..300");
    assert!((median - 12.0).abs() <= 1.0, "{median}");
}

#[test]
fn classes_at_one_station_are_told_apart() {
    let metrics = [
        "q.wait.mean@high",
        "q.wait.mean@b",
        "q.waited.share@low",
        "q.in_system@low",
        "q.utilization@high",
        "q.response.mean@low",
        "q.calls.rate@low",
        "q.queue.length@high",
    ];
    let run = Run::asking(
        "traffic: { a: { rate: 0.3/s, mix: high }, b: { rate: 0.5/s, mix: low } }\n\
         components: { q: { type: station, discipline: priority } }\n\
         endpoints:\n  \
           high: { priority: 1, steps: [ { serve: q, time: exp(1s) } ] }\n  \
           low: { priority: 2, steps: [ { serve: q, time: exp(1s) } ] }\n",
        &metrics,
        span(300.0, 40_000.0),
    );
    // Cobham: W0 = 0.8, W1 = 0.8/0.7, W2 = 0.8/(0.7·0.2).
    run.agrees("q.wait.mean@high", 0.8 / 0.7, 0.01);
    run.agrees("q.wait.mean@b", 0.8 / 0.14, 0.02);
    run.agrees("q.waited.share@low", 0.8, 0.005);
    run.agrees("q.in_system@low", 0.5 * (1.0 + 0.8 / 0.14), 0.02);
    run.agrees("q.utilization@high", 0.3, 0.005);
    run.agrees("q.response.mean@low", 1.0 + 0.8 / 0.14, 0.02);
    run.agrees("q.calls.rate@low", 0.5, 0.005);
    run.agrees("q.queue.length@high", 0.3 * 0.8 / 0.7, 0.01);
    // All that belongs to classes adds up to the whole, in every replication.
    let parts = |r: &capplan::results::Replication| {
        let shares = &r.shares;
        let busy: f64 = shares.iter().map(|share| share.record.busy.integral).sum();
        let served: u64 = shares.iter().map(|share| share.record.served).sum();
        (busy, served)
    };
    for r in &run.replications {
        let (busy, served) = parts(r);
        let whole = &r.stations[0];
        assert!((busy - whole.busy.integral).abs() < 1e-6 * busy, "{busy}");
        assert_eq!(served, whole.served);
    }
}

#[test]
fn classes_of_a_shared_processor_are_told_apart_as_in_a_mixed_network() {
    let metrics = ["cpu.in_system@open", "cpu.in_system@closed", "disk.in_system@visit"];
    let run = Run::asking(
        "traffic:\n  \
           open: { rate: 1/s, mix: visit }\n  \
           closed: { clients: 3, think_time: exp(2s), mix: work }\n\
         components:\n  \
           cpu: { type: station, discipline: processor_sharing }\n  \
           disk: { type: station, discipline: processor_sharing }\n\
         endpoints:\n  \
           visit: { steps: [ { serve: cpu, time: exp(200ms) }, { serve: disk, time: exp(300ms) } ] }\n  \
           work: { steps: [ { serve: cpu, time: exp(300ms) }, { serve: disk, time: exp(200ms) } ] }\n",
        &metrics,
        span(100.0, 8000.0),
    );
    // Mixed network (Lazowska et al. 1984, ch. 8), by mean value analysis.
    run.agrees("cpu.in_system@open", 0.379_750_327_9, 0.01);
    run.agrees("cpu.in_system@closed", 0.519_001_311_5, 0.01);
    run.agrees("disk.in_system@visit", 0.587_547_408_2, 0.01);
}

#[test]
fn a_visit_is_compared_with_its_own_demand() {
    let text = |discipline: &str, time: &str| {
        format!(
            "traffic: {{ jobs: {{ rate: 0.7/s, mix: visit }} }}\n\
             components: {{ q: {{ type: station, discipline: {discipline} }} }}\n\
             endpoints: {{ visit: {{ steps: [ {{ serve: q, time: {time} }} ] }} }}\n"
        )
    };
    // Processor sharing slows every job down by 1/(1−ρ), whatever its size (Kleinrock 1976).
    let shared = text("processor_sharing", "hyperexp(mean=1s cv=2)");
    let run =
        Run::asking(&shared, &["q.slowdown.mean", "q.slowdown.mean@visit"], span(200.0, 20_000.0));
    run.agrees("q.slowdown.mean", 1.0 / 0.3, 0.015);
    run.agrees("q.slowdown.mean@visit", 1.0 / 0.3, 0.015);
    // First come, first served: 1 + E[W]·E[1/S], and E[1/S] of uniform(0.5 s, 1.5 s) is ln 3.
    let run = Run::asking(
        &text("fifo", "uniform(500ms..1500ms)"),
        &["q.slowdown.mean"],
        span(200.0, 20_000.0),
    );
    let wait = 0.7 * (1.0 + 1.0 / 12.0) / (2.0 * 0.3);
    run.agrees("q.slowdown.mean", 3_f64.ln().mul_add(wait, 1.0), 0.02);
}

#[test]
fn requests_between_two_attempts_are_counted() {
    // M/M/1 retrial queue: ρ(λ/θ + ρ)/(1−ρ) in orbit (Falin and Templeton 1997).
    let run = Run::of(
        "traffic: { jobs: { rate: 0.6/s, mix: visit, retry: { attempts: unlimited, backoff: exp(2s), errors: any } } }\n\
         components: { q: { type: station, servers: 1, queue: 0 } }\n\
         endpoints: { visit: { steps: [ { serve: q, time: exp(1s) } ] } }\n",
        span(200.0, 20_000.0),
    );
    run.agrees("jobs.retrying", 0.6 * (0.6 * 2.0 + 0.6) / 0.4, 0.03);
    run.agrees("q.full", 0.6, 0.005);
    run.agrees("q.busy", 0.6, 0.005);
    run.agrees("jobs.latency.mean", 5.5, 0.03);
}

#[test]
fn a_blocked_line_holds_its_job_until_the_next_place_is_free() {
    // Saturated line of three exponential stations without room between them (Hunt 1956): 22/39.
    let run = Run::of(
        "traffic: { jobs: { clients: 6, mix: line } }\n\
         components: { s1: { type: station }, s2: { type: station }, s3: { type: station } }\n\
         endpoints:\n  line:\n    steps:\n      \
           - { take: s1 }\n      - { delay: exp(1s) }\n      - { take: s2 }\n      - { release: s1 }\n      \
           - { delay: exp(1001ms) }\n      - { take: s3 }\n      - { release: s2 }\n      \
           - { delay: exp(1002ms) }\n      - { release: s3 }\n"
            .replace("1001ms", "1s")
            .replace("1002ms", "1s")
            .as_str(),
        span(100.0, 5000.0),
    );
    run.agrees("jobs.throughput", 22.0 / 39.0, 0.005);
    // Two stations of 6 and 3 places, blocking after service, loss at the entry (Markov chain).
    let run = Run::of(
        "traffic: { jobs: { rate: 0.8/s, mix: line } }\n\
         components: { s1: { type: station, queue: 5 }, room: { type: station, servers: 3 }, s2: { type: station } }\n\
         endpoints:\n  line:\n    steps:\n      \
           - { take: s1 }\n      - { delay: exp(1s) }\n      - { take: room }\n      - { release: s1 }\n      \
           - { serve: s2, time: exp(909.090909ms) }\n      - { release: room }\n",
        span(100.0, 10_000.0),
    );
    run.agrees("jobs.failed.refused.share", 0.098_903_856_87, 0.02);
    run.agrees("jobs.throughput", 0.720_876_914_5, 0.005);
    run.agrees("jobs.latency.mean", 5.432_206_165, 0.01);
    run.agrees("room.queue.length", 0.096_676_423_58, 0.03);
}
