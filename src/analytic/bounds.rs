//! Bounds on closed workloads that need only the demands: no law of service, no order of queues.

/// A lower and an upper bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Between {
    /// Not less than this.
    pub low: f64,
    /// Not more than this.
    pub high: f64,
}

/// Asymptotic bounds on the throughput of a closed workload, 1/s.
///
/// ```text
/// N / (N·D + Z)  ≤  X(N)  ≤  min( N / (D + Z), 1 / max D_i )        D = Σ D_i
/// ```
///
/// `demands_s`: one entry per single-server queueing station, visits times service time
/// (for c servers pass a c-th of it for the upper bound). Holds for any law of service. Zero when nobody is there; the upper
/// bound is infinite when nothing is asked for.
///
/// Source: Denning and Buzen (1978), Computing Surveys 10; Lazowska et al., *Quantitative System
/// Performance* (1984), ch. 5.
pub fn throughput_per_s(clients: f64, think_s: f64, demands_s: &[f64]) -> Between {
    if clients <= 0.0 {
        return Between { low: 0.0, high: 0.0 };
    }
    let total: f64 = demands_s.iter().sum();
    let largest = demands_s.iter().copied().fold(0.0, f64::max);
    Between {
        low: clients / (clients * total + think_s),
        high: (clients / (total + think_s)).min(1.0 / largest),
    }
}

/// Asymptotic bounds on the response time of a closed workload, seconds; see [`throughput_per_s`].
///
/// ```text
/// max( D, N·max D_i − Z )  ≤  R(N)  ≤  N·D
/// ```
pub fn response_s(clients: f64, think_s: f64, demands_s: &[f64]) -> Between {
    let total: f64 = demands_s.iter().sum();
    let largest = demands_s.iter().copied().fold(0.0, f64::max);
    Between { low: total.max(clients * largest - think_s), high: clients.max(1.0) * total }
}

/// Balanced-job bounds on the throughput of a closed product-form network, 1/s; tighter than the
/// asymptotic ones.
///
/// ```text
/// N / (D + Z + (N−1)·Dmax / (1 + Z/(N·D)))  ≤  X  ≤  min(1/Dmax, N / (D + Z + (N−1)·Davg / (1 + Z/D)))
/// ```
///
/// `demands_s` as above, at least one of them positive; `clients` ≥ 1.
///
/// Source: Zahorjan, Sevcik, Eager, Galler, *Balanced job bound analysis of queueing networks*
/// (1982), Communications of the ACM 25.
pub fn balanced_throughput_per_s(clients: f64, think_s: f64, demands_s: &[f64]) -> Between {
    let total: f64 = demands_s.iter().sum();
    let largest = demands_s.iter().copied().fold(0.0, f64::max);
    let average = total / demands_s.len() as f64;
    let others = clients - 1.0;
    let low_wait = others * largest / (1.0 + think_s / (clients * total));
    let high_wait = others * average / (1.0 + think_s / total);
    Between {
        low: clients / (total + think_s + low_wait),
        high: (clients / (total + think_s + high_wait)).min(1.0 / largest),
    }
}

/// The population at which the asymptotes of a closed workload cross, (D + Z) / (largest demand): beyond it
/// some wait is certain.
///
/// Source: Kleinrock, *Certain analytic results for time-shared processors* (1968), IFIP.
pub fn saturation_clients(think_s: f64, demands_s: &[f64]) -> f64 {
    let largest = demands_s.iter().copied().fold(0.0, f64::max);
    (demands_s.iter().sum::<f64>() + think_s) / largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::closed::{Station, convolution};

    #[test]
    fn the_exact_solution_lies_between_and_the_balanced_bounds_are_tighter() {
        let demands = [0.05, 0.02, 0.08];
        let network = demands.map(|demand_s| Station { demand_s, servers: 1 });
        for think_s in [0.0, 0.5] {
            for clients in [1, 2, 5, 20, 80] {
                let exact = convolution(clients, think_s, &network);
                let n = f64::from(clients);
                let wide = throughput_per_s(n, think_s, &demands);
                let tight = balanced_throughput_per_s(n, think_s, &demands);
                let x = exact.throughput_per_s;
                assert!(wide.low <= x * (1.0 + 1e-9) && x <= wide.high * (1.0 + 1e-9), "{clients}");
                assert!(
                    tight.low <= x * (1.0 + 1e-9) && x <= tight.high * (1.0 + 1e-9),
                    "{clients}"
                );
                assert!(
                    wide.low <= tight.low * (1.0 + 1e-9) && tight.high <= wide.high * (1.0 + 1e-9)
                );
                let response = response_s(n, think_s, &demands);
                let r = exact.response_s;
                assert!(response.low <= r * (1.0 + 1e-9) && r <= response.high * (1.0 + 1e-9));
            }
        }
    }

    #[test]
    fn asymptotes_cross_at_the_saturation_point() {
        let n = saturation_clients(1.0, &[0.05, 0.02, 0.08]);
        assert!((n - 1.15 / 0.08).abs() < 1e-12);
    }
}
