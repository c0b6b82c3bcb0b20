//! Closed workloads: a fixed population that thinks, asks, waits for its answer, and thinks again.

use super::birth_death::{mean, stationary};

/// A station of a closed network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Service demand D = V·S of one cycle, over all its visits, seconds.
    pub demand_s: f64,
    /// Identical servers, at least 1.
    pub servers: u32,
}

/// What a closed system does in steady state.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// Cycles completed per second.
    pub throughput_per_s: f64,
    /// Mean time of a cycle without the thinking, seconds.
    pub response_s: f64,
    /// Busy fraction of the servers; one entry per station.
    pub utilization: Vec<f64>,
    /// Mean number at the station, waiting and in service; one entry per station.
    pub number: Vec<f64>,
}

/// `clients` at one station of `servers` exponential servers (machine repair, M/M/c//N).
///
/// ```text
/// births(k) = (N − k)/Z, deaths(k) = min(k, c)/S        X = Σ p(k)·min(k, c)/S        R = N/X − Z
/// ```
///
/// `service_s` > 0; `think_s` may be 0 (then the servers are always busy or everyone is in service).
/// The law of the think time does not matter, only its mean. The response is 0 without clients.
///
/// Source: Scherr (1967); Lazowska et al., *Quantitative System Performance* (1984), ch. 3.
pub fn machine_repair(clients: u32, think_s: f64, service_s: f64, servers: u32) -> Cycle {
    let deaths: Vec<f64> = (1..=clients).map(|k| f64::from(k.min(servers)) / service_s).collect();
    let births: Vec<f64> = (0..clients).map(|k| f64::from(clients - k) / think_s).collect();
    let p = if think_s > 0.0 {
        stationary(&births, &deaths)
    } else {
        let mut p = vec![0.0; clients as usize];
        p.push(1.0);
        p
    };
    let served: f64 = p.iter().skip(1).zip(&deaths).map(|(p, rate)| p * rate).sum();
    Cycle {
        throughput_per_s: served,
        response_s: if clients == 0 { 0.0 } else { f64::from(clients) / served - think_s },
        utilization: vec![served * service_s / f64::from(servers)],
        number: vec![mean(&p)],
    }
}

/// Closed network of exponential first-come-first-served, or general processor-sharing, stations
/// and a delay, single class: Buzen's convolution.
///
/// ```text
/// F_i(n) = Π_{k=1..n} D_i / min(k, c_i)     F_0(n) = Z^n / n!       G = F_0 * F_1 * … * F_m
/// X(N) = G(N−1) / G(N)                      p_i(n) = F_i(n)·G_{−i}(N−n) / G(N)
/// ```
///
/// `clients` ≥ 1, `think_s` ≥ 0. O(m²·N²) time; demands are scaled by the largest ratio, so that the
/// constants stay in range for some hundreds of clients.
///
/// Source: Buzen, *Computational algorithms for closed queueing networks* (1973), Communications of
/// the ACM 16; Bolch et al., *Queueing Networks and Markov Chains*, 2nd ed. (2006), ch. 8.
pub fn convolution(clients: u32, think_s: f64, stations: &[Station]) -> Cycle {
    let n = clients as usize;
    let widest = |widest: f64, s: &Station| widest.max(s.demand_s / f64::from(s.servers));
    let scale = stations.iter().fold(think_s / f64::from(clients), widest);
    let factors = |demand_s: f64, servers: u32| {
        let mut factors = vec![1.0];
        for k in 1..=clients {
            factors.push(factors[k as usize - 1] * demand_s / scale / f64::from(k.min(servers)));
        }
        factors
    };
    let convolve = |a: &[f64], b: &[f64]| -> Vec<f64> {
        (0..=n).map(|total| (0..=total).map(|k| a[k] * b[total - k]).sum()).collect()
    };
    let thinking = factors(think_s, u32::MAX);
    let own: Vec<Vec<f64>> = stations.iter().map(|s| factors(s.demand_s, s.servers)).collect();
    let without = |left_out: usize| {
        let others = own.iter().enumerate().filter(|(i, _)| *i != left_out);
        others.fold(thinking.clone(), |all, (_, factors)| convolve(&all, factors))
    };
    let all = without(usize::MAX);
    let throughput_per_s = all[n - 1] / all[n] / scale;
    let number = (0..stations.len())
        .map(|i| {
            let rest = without(i);
            (1..=n).map(|k| k as f64 * own[i][k] * rest[n - k]).sum::<f64>() / all[n]
        })
        .collect();
    Cycle {
        throughput_per_s,
        response_s: f64::from(clients) / throughput_per_s - think_s,
        utilization: stations
            .iter()
            .map(|s| throughput_per_s * s.demand_s / f64::from(s.servers))
            .collect(),
        number,
    }
}

/// What several closed classes do together.
#[derive(Clone, Debug, PartialEq)]
pub struct Classes {
    /// Cycles per second; one entry per class.
    pub throughput_per_s: Vec<f64>,
    /// Mean time at a station over all its visits of a cycle, seconds; per station, one entry per
    /// class.
    pub residence_s: Vec<Vec<f64>>,
}

/// Most steps of the exact recursion: states times stations times classes.
const MOST_STEPS: usize = 4_000_000;

/// Closed network of single-server product-form stations and a delay, several classes: exact mean
/// value analysis over all smaller populations.
///
/// ```text
/// R(i,r | n) = D(i,r)·(1 + L(i | n − e_r))      X(r | n) = n_r / (Z_r + Σ_i R(i,r | n))
/// L(i | n) = Σ_r X(r | n)·R(i,r | n)
/// ```
///
/// `clients` and `think_s`: one entry per class; `demands_s`: per station, one entry per class. `None`
/// when there are more populations than can be walked in a fraction of a second.
///
/// Source: Reiser and Lavenberg, *Mean-value analysis of closed multichain queueing networks* (1980),
/// Journal of the ACM 27.
pub fn mean_values(clients: &[u32], think_s: &[f64], demands_s: &[Vec<f64>]) -> Option<Classes> {
    let (classes, stations) = (clients.len(), demands_s.len());
    let sizes: Vec<usize> = clients.iter().map(|n| *n as usize + 1).collect();
    let states = sizes.iter().try_fold(1_usize, |all, n| all.checked_mul(*n))?;
    if states.checked_mul(stations.max(1))?.checked_mul(classes)? > MOST_STEPS {
        return None;
    }
    // Population vectors in mixed radix, the first class fastest: all smaller ones come before.
    let strides: Vec<usize> = sizes
        .iter()
        .scan(1, |stride, n| {
            let own = *stride;
            *stride *= n;
            Some(own)
        })
        .collect();
    let mut inside = vec![0.0; states * stations];
    let mut result = Classes {
        throughput_per_s: vec![0.0; classes],
        residence_s: vec![vec![0.0; classes]; stations],
    };
    for state in 1..states {
        for class in 0..classes {
            let n = state / strides[class] % sizes[class];
            let mut total_s = think_s[class];
            for (station, demands) in demands_s.iter().enumerate() {
                let before = n
                    .checked_sub(1)
                    .map_or(0.0, |_| inside[(state - strides[class]) * stations + station]);
                let residence_s = demands[class] * (1.0 + before);
                result.residence_s[station][class] = residence_s;
                total_s += residence_s;
            }
            let throughput = if n > 0 { n as f64 / total_s } else { 0.0 };
            result.throughput_per_s[class] = throughput;
            for station in 0..stations {
                inside[state * stations + station] +=
                    throughput * result.residence_s[station][class];
            }
        }
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::assert_close;

    #[test]
    fn twenty_users_at_one_server_and_sixty_at_four() {
        let one = machine_repair(20, 10.0, 1.0, 1);
        assert_close(one.throughput_per_s, 0.998_130_950_1, 1e-9);
        assert_close(one.response_s, 10.037_450_99, 1e-9);
        assert_close(one.number[0], 10.018_690_5, 1e-8);
        let four = machine_repair(60, 5.0, 0.5, 4);
        assert_close(four.throughput_per_s, 7.988_308_596, 1e-9);
        assert_close(four.utilization[0], 0.998_538_574_5, 1e-9);
    }

    #[test]
    fn without_thinking_the_servers_are_full() {
        assert_close(machine_repair(5, 0.0, 2.0, 3).throughput_per_s, 1.5, 1e-12);
        assert_close(machine_repair(5, 0.0, 2.0, 3).response_s, 10.0 / 3.0, 1e-12);
        assert_close(machine_repair(2, 0.0, 2.0, 3).response_s, 2.0, 1e-12);
    }

    /// Bolch et al., example 8.3: a central server with three disks and six jobs.
    #[test]
    fn a_central_server_agrees_with_the_book() {
        let station = |demand_s| Station { demand_s, servers: 1 };
        let network = [station(0.02), station(0.08), station(0.08), station(0.06)];
        let cycle = convolution(6, 0.0, &network);
        assert_close(cycle.throughput_per_s, 9.919_836_337, 1e-9);
        assert_close(cycle.number[0], 0.243_615_258_9, 1e-9);
        assert_close(cycle.number[1], 2.261_037_791, 1e-9);
        assert_close(cycle.number[3], 1.234_309_158, 1e-9);
    }

    #[test]
    fn a_four_core_processor_with_a_database_and_thinking() {
        let network =
            [Station { demand_s: 0.4, servers: 4 }, Station { demand_s: 0.1, servers: 1 }];
        let cycle = convolution(12, 2.0, &network);
        assert_close(cycle.throughput_per_s, 4.650_624_041, 1e-9);
        assert_close(cycle.number[0], 1.917_095_569, 1e-9);
    }

    #[test]
    fn one_station_is_machine_repair() {
        let cycle = convolution(30, 5.0, &[Station { demand_s: 0.5, servers: 2 }]);
        let repair = machine_repair(30, 5.0, 0.5, 2);
        assert_close(cycle.throughput_per_s, repair.throughput_per_s, 1e-10);
        assert_close(cycle.number[0], repair.number[0], 1e-10);
    }

    /// Lazowska et al. (1984), p. 142: one customer of each of two classes.
    #[test]
    fn two_classes_agree_with_the_book() {
        let demands = [vec![1.0, 2.0], vec![3.0, 4.0]];
        let system = mean_values(&[1, 1], &[0.0, 0.0], &demands).expect("small");
        assert_close(system.throughput_per_s[0], 3.0 / 19.0, 1e-12);
        assert_close(system.throughput_per_s[1], 2.0 / 19.0, 1e-12);
        assert_close(system.residence_s[1][0], 5.0, 1e-12);
        assert_close(system.residence_s[0][1], 2.5, 1e-12);
        assert_eq!(mean_values(&[5000, 5000], &[0.0, 0.0], &demands), None);
    }

    #[test]
    fn one_class_is_the_convolution() {
        let demands = [0.05, 0.02, 0.08];
        let network = demands.map(|demand_s| Station { demand_s, servers: 1 });
        let by_values = mean_values(&[17], &[0.4], &demands.map(|d| vec![d])).expect("small");
        let exact = convolution(17, 0.4, &network);
        assert_close(by_values.throughput_per_s[0], exact.throughput_per_s, 1e-10);
    }
}
