//! True values: exact formulas where there are any, else one very long run.

use capplan::analytic::single_server::{self, Moments};
use capplan::analytic::{Load, birth_death, erlang, impatience, priority, sharing};

/// A true value and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    /// By formula.
    Exact(f64),
    /// By a run of [`LONG_REQUESTS`] requests with seed [`LONG_SEED`].
    Long(f64),
}

impl Value {
    pub(crate) const fn value(self) -> f64 {
        match self {
            Self::Exact(value) | Self::Long(value) => value,
        }
    }

    pub(crate) const fn source(self) -> &'static str {
        match self {
            Self::Exact(_) => "exact",
            Self::Long(_) => "long run",
        }
    }
}

/// Requests of a long run (`--truth` repeats them): forty times those of a default run, so that its own
/// error costs less than half a percent of coverage.
pub(crate) const LONG_REQUESTS: u64 = 60_000_000;
/// Seed of the long runs; the measured runs have others.
pub(crate) const LONG_SEED: u64 = 1;

/// Latency of a model, seconds, and its share of failures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth {
    pub(crate) mean: Value,
    pub(crate) p50: Value,
    pub(crate) p95: Value,
    pub(crate) p99: Value,
    pub(crate) errors: Option<Value>,
}

impl Truth {
    /// From a mean and the tail P(R > t).
    fn exact(mean: f64, tail: impl Fn(f64) -> f64) -> Self {
        let quantile = |q: f64| Value::Exact(invert(&tail, 1.0 - q, mean));
        Self {
            mean: Value::Exact(mean),
            p50: quantile(0.5),
            p95: quantile(0.95),
            p99: quantile(0.99),
            errors: None,
        }
    }

    /// With quantiles from a long run.
    const fn long(mean: Value, p50: f64, p95: f64, p99: f64) -> Self {
        let [p50, p95, p99] = [Value::Long(p50), Value::Long(p95), Value::Long(p99)];
        Self { mean, p50, p95, p99, errors: None }
    }
}

/// Where the tail falls to `p`, by bisection.
fn invert(tail: impl Fn(f64) -> f64, p: f64, scale: f64) -> f64 {
    let (mut low, mut high) = (0.0, scale);
    while tail(high) > p {
        high *= 2.0;
    }
    while high - low > 1e-12 * high {
        let middle = 0.5 * (low + high);
        if tail(middle) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// M/M/c.
pub(crate) fn delay(arrivals_per_s: f64, service_s: f64, servers: u32) -> Truth {
    let load = Load { arrivals_per_s, service_s };
    let stable = "utilization is below 1";
    let quantile = |q| Value::Exact(erlang::response_quantile_s(load, servers, q).expect(stable));
    let wait_s = erlang::mean_wait_s(load, servers).expect(stable);
    Truth {
        mean: Value::Exact(wait_s + service_s),
        p50: quantile(0.5),
        p95: quantile(0.95),
        p99: quantile(0.99),
        errors: None,
    }
}

/// M/H2/1 with balanced means. By the Pollaczek–Khinchine transform the response time is a mixture of
/// two exponentials:
///
/// ```text
/// R*(s) = (1−ρ)·s·B*(s) / (s − λ + λ·B*(s)),    B*(s) = Σ p_i·μ_i/(μ_i + s)
///       = (1−ρ)·N(s) / (s² + (μ₁+μ₂−λ)·s + μ₁μ₂·(1−ρ)),    N(s) = p₁μ₁(μ₂+s) + p₂μ₂(μ₁+s)
/// ```
pub(crate) fn hyperexponential(lambda: f64, mean_s: f64, cv: f64) -> Truth {
    let scv = cv * cv;
    let p1 = 0.5 * (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt());
    let (p2, rho) = (1.0 - p1, lambda * mean_s);
    let (m1, m2) = (2.0 * p1 / mean_s, 2.0 * p2 / mean_s);
    // Roots −a, −b of the denominator, a < b.
    let (sum, product) = (m1 + m2 - lambda, m1 * m2 * (1.0 - rho));
    let root = (0.25 * sum * sum - product).sqrt();
    let (a, b) = (0.5 * sum - root, 0.5 * sum + root);
    let numerator = |s: f64| (1.0 - rho) * (p1 * m1 * (m2 + s) + p2 * m2 * (m1 + s));
    // Residues over the rates: the weights of the two exponentials.
    let (at_a, at_b) = (numerator(-a) / (b - a) / a, numerator(-b) / (a - b) / b);
    Truth::exact(at_a / a + at_b / b, |t| at_a * (-a * t).exp() + at_b * (-b * t).exp())
}

/// P(Erlang of k stages of `rate` > t): fewer than k Poisson events until t.
fn erlang_tail(stages: u32, rate: f64, t: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 0..stages {
        sum += term;
        term *= rate * t / f64::from(k + 1);
    }
    sum * (-rate * t).exp()
}

/// P(Erlang(k, fast) + exp(slow) > t), fast > slow:
///
/// ```text
/// P(E > t) + ∫_0^t f_k(x)·e^{−s(t−x)} dx = P(E_k(f) > t) + (f/(f−s))^k · e^{−st} · P(E_k(f−s) ≤ t)
/// ```
fn staged_tail(stages: u32, fast: f64, slow: f64, t: f64) -> f64 {
    if stages == 0 {
        return (-slow * t).exp();
    }
    let both = (fast / (fast - slow)).powi(stages.cast_signed());
    erlang_tail(stages, fast, t)
        + both * (-slow * t).exp() * (1.0 - erlang_tail(stages, fast - slow, t))
}

/// M/M/c/K: who is let in while n are inside waits for n − c + 1 departures.
pub(crate) fn finite_room(lambda: f64, service_s: f64, servers: u32, room: u32) -> Truth {
    let load = Load { arrivals_per_s: lambda, service_s };
    let exact = erlang::finite_room(load, servers, room);
    let births = vec![load.offered(); room as usize];
    let deaths: Vec<f64> = (1..=room).map(|k| f64::from(k.min(servers))).collect();
    let p = birth_death::stationary(&births, &deaths);
    let (mu, let_in) = (1.0 / service_s, 1.0 - exact.blocking);
    let tail = |t: f64| {
        let of = |n: u32| {
            let stages = (n + 1).saturating_sub(servers);
            p[n as usize] / let_in * staged_tail(stages, f64::from(servers) * mu, mu, t)
        };
        (0..room).map(of).sum()
    };
    Truth { errors: Some(Value::Exact(exact.blocking)), ..Truth::exact(exact.response_s, tail) }
}

/// One exponential server and clients that think: an arrival sees the system of one client fewer
/// (Sevcik and Mitrani 1981; Lavenberg and Reiser 1980), and with n there its response is Erlang(n + 1).
pub(crate) fn closed(clients: u32, think_s: f64, service_s: f64) -> Truth {
    let others = clients - 1;
    let births: Vec<f64> = (0..others).map(|k| f64::from(others - k) / think_s).collect();
    let deaths = vec![1.0 / service_s; others as usize];
    let p = birth_death::stationary(&births, &deaths);
    let mean = (birth_death::mean(&p) + 1.0) * service_s;
    Truth::exact(mean, |t| {
        (0..).zip(&p).map(|(n, p)| p * erlang_tail(n + 1, 1.0 / service_s, t)).sum()
    })
}

/// M/G/1 at 0.7 with lognormal service of 10 ms, cv 1.5.
pub(crate) fn lognormal() -> Truth {
    let wait_s = single_server::mean_wait_s(70.0, Moments::new(0.01, 2.25));
    Truth::long(
        Value::Exact(wait_s.expect("0.7 is below 1") + 0.01),
        0.024_454_9,
        0.171_910_0,
        0.307_744_9,
    )
}

/// Threads that are held while a pool is waited for.
pub(crate) const fn nested_pool() -> Truth {
    Truth::long(Value::Long(0.037_752_1), 0.031_712_6, 0.088_312_7, 0.123_480_8)
}

/// MMPP/M/1.
pub(crate) const fn mmpp() -> Truth {
    Truth::long(Value::Long(0.301_390_1), 0.071_020_3, 1.262_213_2, 2.082_098_8)
}

/// M/M/10+M at an offered load of 10 erlangs, patience of two services.
pub(crate) fn erlang_a() -> Truth {
    let load = Load { arrivals_per_s: 100.0, service_s: 0.1 };
    let exact = impatience::exponential_patience(load, 10, 0.2);
    let mean = Value::Exact(exact.wait_served_s + load.service_s);
    Truth {
        errors: Some(Value::Exact(exact.abandons)),
        ..Truth::long(mean, 0.092_412_9, 0.323_834_1, 0.484_825_7)
    }
}

/// M/M/1-PS at 0.8.
pub(crate) fn sharing() -> Truth {
    let load = Load { arrivals_per_s: 80.0, service_s: 0.01 };
    let mean = sharing::mean_response_s(load).expect("0.8 is below 1");
    Truth::long(Value::Exact(mean), 0.023_518_6, 0.187_580_2, 0.369_619_0)
}

/// Exponential response times of those that do not fail, which is drawn by itself.
pub(crate) fn outside(mean_s: f64, fails: f64) -> Truth {
    Truth { errors: Some(Value::Exact(fails)), ..Truth::exact(mean_s, |t| (-t / mean_s).exp()) }
}

/// The second of two classes: 34/s and 51/s of exponential 10 ms.
pub(crate) fn priorities() -> Truth {
    let class =
        |arrivals_per_s| priority::Class { arrivals_per_s, service: Moments::new(0.01, 1.0) };
    let waits = priority::waits_s(&[class(34.0), class(51.0)]);
    Truth::long(
        Value::Exact(waits[1].expect("0.85 is below 1") + 0.01),
        0.059_161_9,
        0.311_735_5,
        0.491_924_2,
    )
}
