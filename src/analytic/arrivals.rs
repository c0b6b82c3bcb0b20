//! One exponential server and arrivals that are not Poisson: renewal, batches, a rate that flips.

use statrs::function::gamma::ln_gamma;

use super::Load;

/// What a queue with renewal arrivals and exponential service does, first come first served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renewal {
    /// Fraction of arrivals that wait, σ.
    pub waits: f64,
    /// Mean time in queue, seconds.
    pub wait_s: f64,
}

/// GI/M/1 by the root of its transform.
///
/// ```text
/// σ = A*(μ·(1 − σ)), 0 < σ < 1        P(wait) = σ        W = S·σ / (1 − σ)
/// ```
///
/// `transform` is A*(s) = E[e^{−s·gap}] of the gaps between arrivals, s in 1/s; the response is
/// exponential of mean S/(1 − σ). Returns `None` where there is no root below 1 (ρ ≥ 1).
///
/// Source: Kleinrock, *Queueing Systems I* (1975), ch. 6.
pub fn renewal(transform: impl Fn(f64) -> f64, service_s: f64) -> Option<Renewal> {
    // A*(μ(1−σ)) is convex in σ and 1 at σ = 1: iteration from 0 climbs to the smallest root.
    let mut sigma = 0.0;
    for _ in 0..10_000_000 {
        let next = transform((1.0 - sigma) / service_s);
        let step = next - sigma;
        sigma = next;
        if step < 1e-15 {
            break;
        }
    }
    (sigma < 1.0 - 1e-6)
        .then(|| Renewal { waits: sigma, wait_s: service_s * sigma / (1.0 - sigma) })
}

/// E[e^{−s·gap}] of Erlang gaps of this mean in seconds and `stages` ≥ 1; many stages approach a
/// constant gap.
pub fn erlang_transform(mean_s: f64, stages: u32) -> impl Fn(f64) -> f64 {
    move |s| (-(s * mean_s / f64::from(stages)).ln_1p() * f64::from(stages)).exp()
}

/// Mean response of M^X/M/1, where Poisson batches bring several at once, seconds.
///
/// ```text
/// L = ρ·(1 + E[X²]/E[X]) / (2·(1 − ρ))        R = L / λ
/// ```
///
/// `load` counts single arrivals; `size` is `E[X]` and `square` `E[X²]` of the batch. `None` at ρ ≥ 1.
///
/// Source: Gross et al., *Fundamentals of Queueing Theory*, 4th ed. (2008), ch. 3.
pub fn batch_response_s(load: Load, size: f64, square: f64) -> Option<f64> {
    let rho = load.offered();
    (rho < 1.0).then(|| load.service_s * (1.0 + square / size) / (2.0 * (1.0 - rho)))
}

/// Panels of Simpson's rule on each service.
const PANELS: u32 = 32;

/// Mean wait behind the other clocks, where `clocks` senders each send once per `period_s`, at
/// phases that were drawn once and for all, to one server of constant `service_s` (N·D/D/1),
/// seconds, over all phases.
///
/// ```text
/// n = N − 1 others, T = period/service:
/// P(W > x) = Σ_{x<k≤n} C(n,k)·((k−x)/T)^k·(1−(k−x)/T)^(n−k)·(T−n+x)/(T−k+x)       W in services
/// ```
///
/// Clocks are gentler than a Poisson stream of the same rate, which they approach as N grows.
/// Integrated by Simpson's rule on each service; O(N²) time. Zero for fewer than two clocks; `None`
/// where N·service ≥ period.
///
/// Source: Roberts and Virtamo, *The superposition of periodic cell arrival streams in an ATM
/// multiplexer* (1991), IEEE Transactions on Communications 39.
pub fn clocks_wait_s(clocks: u32, period_s: f64, service_s: f64) -> Option<f64> {
    let (n, t) = (f64::from(clocks) - 1.0, period_s / service_s);
    if f64::from(clocks) >= t {
        return None;
    }
    let tail = |x: f64| {
        let mut sum = 0.0;
        let mut k = x.floor() + 1.0;
        while k <= n {
            let share = (k - x) / t;
            let ways = ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
            let log = ways + k * share.ln() + (n - k) * (-share).ln_1p();
            sum += log.exp() * (t - n + x) / (t - k + x);
            k += 1.0;
        }
        sum
    };
    // P(W > x) jumps nowhere but bends at whole services: Simpson's rule between them.
    let mut mean = 0.0;
    for service in 0..clocks.saturating_sub(1) {
        let at =
            |i: u32| tail(f64::from(service) + f64::from(i) / f64::from(PANELS) * (1.0 - 1e-12));
        let inner: f64 =
            (1..PANELS).map(|i| if i % 2 == 1 { 4.0 * at(i) } else { 2.0 * at(i) }).sum();
        let part = (at(0) + inner + at(PANELS)) / (3.0 * f64::from(PANELS));
        mean += part;
        if part < 1e-14 * mean {
            break;
        }
    }
    Some(mean * service_s)
}

/// A Poisson process whose rate flips between two levels after exponential stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flipping {
    /// Arrival rate in each level, 1/s.
    pub rates_per_s: [f64; 2],
    /// Mean stay in each level, seconds.
    pub stays_s: [f64; 2],
}

impl Flipping {
    /// Mean arrival rate, 1/s.
    pub fn mean_per_s(self) -> f64 {
        let [first, second] = self.stays_s;
        (self.rates_per_s[0] * first + self.rates_per_s[1] * second) / (first + second)
    }
}

/// Mean response of MMPP/M/1 with two levels, seconds.
///
/// ```text
/// λ(l)·p(n, l) + q(l)·p(n+1, l) …      solved level by level with Neuts' rate matrix:
/// R = A0·(μI + D − A0…)⁻¹ iterated,  π(n+1) = π(n)·R,   L = π(1)·(I − R)⁻²·1
/// ```
///
/// `None` at ρ ≥ 1. The rate matrix is iterated to 10⁻¹⁵.
///
/// Source: Neuts, *Matrix-Geometric Solutions in Stochastic Models* (1981), ch. 1; Fischer and
/// Meier-Hellstern, *The MMPP cookbook* (1993), Performance Evaluation 18.
pub fn flipping_response_s(arrivals: Flipping, service_s: f64) -> Option<f64> {
    let mu = 1.0 / service_s;
    if arrivals.mean_per_s() >= mu {
        return None;
    }
    let (lambda, q) = (arrivals.rates_per_s, arrivals.stays_s.map(|stay| 1.0 / stay));
    // R solves A0 + R·A1 + R²·A2 = 0 with A0 = diag λ, A2 = μ·I and A1 the rest; iterate
    // R ← (A0 + R²·A2)·(−A1)⁻¹ from 0, which climbs to the least solution.
    let out = [lambda[0] + q[0] + mu, lambda[1] + q[1] + mu];
    let inverse = invert2([[out[0], -q[0]], [-q[1], out[1]]]);
    let mut r = [[0.0; 2]; 2];
    for _ in 0..1_000_000 {
        let square = multiply(r, r);
        let source = [
            [lambda[0] + mu * square[0][0], mu * square[0][1]],
            [mu * square[1][0], lambda[1] + mu * square[1][1]],
        ];
        let next = multiply(source, inverse);
        let change = (next[0][0] - r[0][0]).abs().max((next[1][1] - r[1][1]).abs());
        r = next;
        if change < 1e-16 {
            break;
        }
    }
    // Level 0: π0·(A1 + μI + R·A2) = 0 and π0·(I − R)⁻¹·1 = 1.
    let cut = invert2([[1.0 - r[0][0], -r[0][1]], [-r[1][0], 1.0 - r[1][1]]]);
    let boundary_01 = q[0] + mu * r[0][1];
    let boundary_11 = -(lambda[1] + q[1]) + mu * r[1][1];
    let ratio = -boundary_01 / boundary_11;
    let raw = [1.0, ratio];
    let sums = |row: [f64; 2], m: [[f64; 2]; 2]| {
        [row[0] * m[0][0] + row[1] * m[1][0], row[0] * m[0][1] + row[1] * m[1][1]]
    };
    let norm: f64 = sums(raw, cut).iter().sum();
    let number: f64 = sums(raw, multiply(r, multiply(cut, cut))).iter().sum::<f64>() / norm;
    Some(number / arrivals.mean_per_s())
}

fn multiply(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let cell = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [[cell(0, 0), cell(0, 1)], [cell(1, 0), cell(1, 1)]]
}

fn invert2(m: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let det = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    [[m[1][1] / det, -m[0][1] / det], [-m[1][0] / det, m[0][0] / det]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn one_stage_is_poisson_and_many_are_even() {
        let poisson = renewal(erlang_transform(1.25, 1), 1.0).expect("ρ < 1");
        assert_close(poisson.waits, 0.8, 1e-9);
        assert_close(poisson.wait_s, 4.0, 1e-9);
        let even = renewal(|s| (-1.25 * s).exp(), 1.0).expect("ρ < 1");
        assert_close(even.waits, 0.628_629_796_5, 1e-9);
        assert_close(even.wait_s, 1.692_730_84, 1e-8);
        assert_eq!(renewal(erlang_transform(1.0, 2), 1.0), None);
    }

    #[test]
    fn two_stages_at_ninety_percent_and_round_robin_over_four() {
        let two = renewal(erlang_transform(1.0 / 0.9, 2), 1.0).expect("ρ < 1");
        assert_close(two.wait_s, 6.588_283_629, 1e-8);
        let four = renewal(erlang_transform(1.25, 4), 1.0).expect("ρ < 1");
        assert_close(four.waits, 0.693_944_721_8, 1e-9);
        assert_close(four.wait_s, 2.267_383_61, 1e-8);
    }

    #[test]
    fn batches_of_five_at_eighty_percent() {
        let load = Load { arrivals_per_s: 0.8, service_s: 1.0 };
        assert_close(batch_response_s(load, 5.0, 25.0).expect("ρ < 1"), 15.0, 1e-12);
        assert_close(batch_response_s(load, 1.0, 1.0).expect("ρ < 1"), 5.0, 1e-12);
    }

    #[test]
    fn clocks_wait_for_each_other_and_many_are_poisson() {
        // Two clocks: one waits when the other came less than a service before, half of it.
        assert_close(clocks_wait_s(2, 10.0, 1.0).expect("ρ < 1"), 0.05, 1e-9);
        assert_close(clocks_wait_s(1, 10.0, 1.0).expect("ρ < 1"), 0.0, 1e-9);
        // M/D/1 at one half: W = 0.5 services.
        assert_close(clocks_wait_s(1000, 2000.0, 1.0).expect("ρ < 1"), 0.5, 0.01);
        let few = clocks_wait_s(20, 22.0, 1.0).expect("ρ < 1");
        assert!(few < 0.6 * 20.0 / 22.0 / (2.0 * (1.0 - 20.0 / 22.0)), "{few}");
        assert_eq!(clocks_wait_s(10, 10.0, 1.0), None);
    }

    #[test]
    fn a_flipping_rate_agrees_with_the_known_value_and_with_poisson() {
        let bursty = Flipping { rates_per_s: [0.2, 2.0], stays_s: [10.0, 1.0 / 0.3] };
        assert_close(flipping_response_s(bursty, 1.0).expect("ρ < 1"), 8.292_377_528, 1e-7);
        let level = Flipping { rates_per_s: [0.8, 0.8], stays_s: [10.0, 3.0] };
        assert_close(flipping_response_s(level, 1.0).expect("ρ < 1"), 5.0, 1e-7);
    }
}
