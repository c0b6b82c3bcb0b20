//! Continuous-time Markov chains written as a function of their state and solved numerically:
//! exact values for models that have no formula.

use std::collections::BTreeMap;

/// Explores the chain from `start` and returns each reachable state with its index and its moves.
fn explore<S: Ord + Clone>(
    start: S,
    moves: impl Fn(&S) -> Vec<(S, f64)>,
) -> (Vec<S>, Vec<Vec<(usize, f64)>>) {
    let mut index = BTreeMap::from([(start.clone(), 0)]);
    let mut states = vec![start];
    let mut out = Vec::new();
    while out.len() < states.len() {
        let mut row = Vec::new();
        for (to, rate) in moves(&states[out.len()]) {
            if rate > 0.0 {
                let next = states.len();
                let id = *index.entry(to.clone()).or_insert(next);
                if id == next {
                    states.push(to);
                }
                row.push((id, rate));
            }
        }
        out.push(row);
    }
    (states, out)
}

/// Stationary distribution over the states reachable from `start`, by Gauss–Seidel sweeps until no
/// probability changes by 10⁻¹² of itself.
pub(crate) fn stationary<S: Ord + Clone>(
    start: S,
    moves: impl Fn(&S) -> Vec<(S, f64)>,
) -> Vec<(S, f64)> {
    let (states, out) = explore(start, moves);
    let mut into = vec![Vec::new(); states.len()];
    let mut leaving = vec![0.0; states.len()];
    for (from, row) in out.iter().enumerate() {
        for &(to, rate) in row.iter().filter(|(to, _)| *to != from) {
            into[to].push((from, rate));
            leaving[from] += rate;
        }
    }
    let mut p = vec![1.0 / states.len() as f64; states.len()];
    for _ in 0..200_000 {
        let mut change = 0.0_f64;
        for state in 0..p.len() {
            let flow: f64 = into[state].iter().map(|&(from, rate)| p[from] * rate).sum();
            let next = flow / leaving[state];
            if next > 1e-200 {
                change = change.max((next - p[state]).abs() / next);
            }
            p[state] = next;
        }
        let total: f64 = p.iter().sum();
        for p in &mut p {
            *p /= total;
        }
        if change < 1e-12 {
            break;
        }
    }
    states.into_iter().zip(p).collect()
}

/// Distribution `time_s` after the chain was in `start`, by uniformization.
pub(crate) fn after<S: Ord + Clone>(
    start: S,
    time_s: f64,
    moves: impl Fn(&S) -> Vec<(S, f64)>,
) -> Vec<(S, f64)> {
    let (states, out) = explore(start, moves);
    let mut p = vec![0.0; states.len()];
    p[0] = 1.0;
    advance(&mut p, &out, time_s);
    states.into_iter().zip(p).collect()
}

fn advance(p: &mut [f64], out: &[Vec<(usize, f64)>], time_s: f64) {
    let fastest =
        out.iter().map(|row| row.iter().map(|(_, rate)| rate).sum()).fold(0.0_f64, f64::max);
    let steps = fastest * time_s;
    let mut weight = (-steps).exp();
    assert!(weight > 0.0, "advance in shorter pieces");
    let mut power = p.to_vec();
    for p in p.iter_mut() {
        *p *= weight;
    }
    let mut k = 0.0;
    while k < steps || weight > 1e-18 {
        let mut next = power.clone();
        for (from, row) in out.iter().enumerate() {
            for &(to, rate) in row {
                let flow = power[from] * rate / fastest;
                next[to] += flow;
                next[from] -= flow;
            }
        }
        power = next;
        k += 1.0;
        weight *= steps / k;
        for (p, q) in p.iter_mut().zip(&power) {
            *p += weight * q;
        }
    }
}

/// Σ p·value over the states.
pub(crate) fn expect<S>(distribution: &[(S, f64)], value: impl Fn(&S) -> f64) -> f64 {
    distribution.iter().map(|(state, p)| p * value(state)).sum()
}

#[test]
fn a_birth_death_chain_agrees_with_its_product_form() {
    let moves = |n: &u32| {
        let mut moves = vec![(n + 1, if *n < 10 { 4.8 } else { 0.0 })];
        if *n > 0 {
            moves.push((n - 1, f64::from((*n).min(4))));
        }
        moves
    };
    let exact = capplan::analytic::erlang::finite_room(
        capplan::analytic::Load { arrivals_per_s: 4.8, service_s: 1.0 },
        4,
        10,
    );
    let number = expect(&stationary(0, moves), |n| f64::from(*n));
    assert!((number - exact.number).abs() < 1e-9, "{number}");
    let late = expect(&after(0, 40.0, moves), |n| f64::from(*n));
    assert!((late - exact.number).abs() < 1e-6, "{late}");
}
