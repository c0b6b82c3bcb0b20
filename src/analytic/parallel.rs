//! Several queues at once: fork and join, two choices, work that comes back.

use super::Load;

/// Mean response of a request that forks one task to each of two M/M/1 queues and waits for both,
/// seconds; `load` is that of one queue.
///
/// ```text
/// R = (12 − ρ)/8 · S/(1 − ρ)
/// ```
///
/// Exact for two. Returns `None` at ρ ≥ 1.
///
/// Source: Flatto and Hahn (1984), SIAM J. Applied Mathematics 44; Nelson and Tantawi (1988), IEEE
/// Transactions on Computers 37.
pub fn fork_join_of_two_s(load: Load) -> Option<f64> {
    let rho = load.offered();
    (rho < 1.0).then(|| (12.0 - rho) / 8.0 * load.service_s / (1.0 - rho))
}

/// Mean response where each arrival joins the shorter of `choices` queues drawn at random from
/// very many, seconds; `load` is that of one queue.
///
/// ```text
/// R = S·Σ_{i≥1} ρ^((d^i − d)/(d − 1))
/// ```
///
/// The limit of infinitely many queues: a hundred lie one to two per cent above it. One choice is
/// M/M/1. Returns `None` at ρ ≥ 1 or without a choice.
///
/// Source: Vvedenskaya, Dobrushin, Karpelevich (1996); Mitzenmacher, *The power of two choices*
/// (2001), IEEE TPDS 12.
pub fn choices_limit_s(load: Load, choices: u32) -> Option<f64> {
    let rho = load.offered();
    if rho >= 1.0 || choices == 0 {
        return None;
    }
    if choices == 1 {
        return Some(load.service_s / (1.0 - rho));
    }
    // Exponents 0, d, d + d², …: each is d·(previous + 1).
    let (mut exponent, mut sum) = (0.0_f64, 0.0);
    loop {
        let term = rho.powf(exponent);
        sum += term;
        if term < 1e-17 {
            return Some(sum * load.service_s);
        }
        exponent = f64::from(choices) * (exponent + 1.0);
    }
}

/// Mean time of a request at M/M/1 that must come back at once with probability `again` < 1, over
/// all its visits, seconds.
///
/// ```text
/// visits V = 1/(1 − p)        R = V·S / (1 − λ·V·S)
/// ```
///
/// `None` where λ·V·S ≥ 1.
///
/// Source: Takács (1963), Bell System Technical Journal 42; Jackson (1963).
pub fn feedback_response_s(load: Load, again: f64) -> Option<f64> {
    let demand_s = load.service_s / (1.0 - again);
    let rho = load.arrivals_per_s * demand_s;
    (rho < 1.0).then(|| demand_s / (1.0 - rho))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn known_values() {
        let load = |arrivals_per_s| Load { arrivals_per_s, service_s: 1.0 };
        assert_close(fork_join_of_two_s(load(0.8)).expect("ρ < 1"), 7.0, 1e-12);
        assert_close(choices_limit_s(load(0.9), 2).expect("ρ < 1"), 2.614_057_377, 1e-9);
        assert_close(choices_limit_s(load(0.95), 2).expect("ρ < 1"), 3.383_046_003, 1e-9);
        assert_close(choices_limit_s(load(0.9), 1).expect("ρ < 1"), 10.0, 1e-12);
        assert_close(feedback_response_s(load(0.5), 0.3).expect("ρ < 1"), 5.0, 1e-12);
        assert_eq!(feedback_response_s(load(0.5), 0.5), None);
    }
}
