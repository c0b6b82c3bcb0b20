//! Servers that are not always there: that break, that must be set up, that go round several queues.

use super::single_server::{Moments, mean_wait_s};

/// One server of any law of service that breaks, also while idle, after exponential times, and resumes
/// after a repair of any law.
#[derive(Clone, Copy, Debug)]
pub struct Interrupted {
    /// Poisson arrivals, 1/s.
    pub arrivals_per_s: f64,
    /// Service when nothing breaks.
    pub service: Moments,
    /// Mean time up, seconds, above 0.
    pub up_s: f64,
    /// Time of a repair.
    pub repair: Moments,
}

impl Interrupted {
    /// Time from the beginning of a service to its end, repairs included.
    ///
    /// ```text
    /// E[C] = E[S]·(1 + η·E[D])
    /// E[C²] = E[S²]·(1 + η·E[D])² + E[S]·η·E[D²]          η = 1/up
    /// ```
    pub fn completion(&self) -> Moments {
        let stretch = 1.0 + self.repair.mean_s / self.up_s;
        Moments {
            mean_s: self.service.mean_s * stretch,
            square_s2: self.service.square_s2 * stretch * stretch
                + self.service.mean_s * self.repair.square_s2 / self.up_s,
        }
    }

    /// Mean number waiting and in service.
    ///
    /// ```text
    /// L = λ·E[C] + λ·W(M/G/1 of C) + λ·η·E[D²] / (2·(1 + η·E[D]))
    /// ```
    ///
    /// The last term is what has come by a random moment at which the server is free for the next busy
    /// period, or down since it was. `None` at λ·E\[C\] ≥ 1.
    ///
    /// Source: Avi-Itzhak and Naor, *Some queuing problems with the service station subject to
    /// breakdown* (1963), Oper. Res. 11; Fuhrmann and Cooper (1985), Oper. Res. 33, for the sum.
    pub fn mean_number(&self) -> Option<f64> {
        let (rate, completion) = (self.arrivals_per_s, self.completion());
        let wait_s = mean_wait_s(rate, completion)?;
        let idle = self.repair.square_s2 / (2.0 * (self.up_s + self.repair.mean_s));
        Some(rate * (completion.mean_s + wait_s + idle))
    }
}

/// Share of time that one server is being set up that goes off whenever it is idle; `None` at ρ ≥ 1.
///
/// ```text
/// (1 − ρ)·λ·E[D] / (1 + λ·E[D])
/// ```
pub fn setup_share(arrivals_per_s: f64, service_s: f64, setup_s: f64) -> Option<f64> {
    let (rho, d) = (arrivals_per_s * service_s, arrivals_per_s * setup_s);
    (rho < 1.0).then(|| (1.0 - rho) * d / (1.0 + d))
}

/// Mean wait of all at a server that goes round queues of these loads ρᵢ and stays at each until it is
/// empty, seconds; services have one mean, and there is a switch-over `way` before each queue.
///
/// ```text
/// Σ ρᵢ·Wᵢ / ρ = λ·E[S²]/(2·(1−ρ)) + E[R²]/(2·E[R]) + E[R]·(ρ² − Σρᵢ²)/(2·ρ·(1−ρ))
/// ```
///
/// R is the sum of the switch-overs of a round. `None` at ρ ≥ 1.
///
/// Source: Boxma and Groenendijk, *Pseudo-conservation laws in cyclic-service systems* (1987), Journal
/// of Applied Probability 24.
pub fn exhaustive_wait_s(
    loads: &[f64],
    arrivals_per_s: f64,
    service: Moments,
    way: Moments,
) -> Option<f64> {
    let plain_s = mean_wait_s(arrivals_per_s, service)?;
    let (n, rho) = (loads.len() as f64, loads.iter().sum::<f64>());
    let round_s = n * way.mean_s;
    let square = n * (way.square_s2 - way.mean_s * way.mean_s) + round_s * round_s;
    let apart = rho * rho - loads.iter().map(|load| load * load).sum::<f64>();
    Some(plain_s + square / (2.0 * round_s) + round_s * apart / (2.0 * rho * (1.0 - rho)))
}

/// A server that goes round `queues` alike, with a switch-over before each.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Number of queues, at least 1.
    pub queues: u32,
    /// Arrivals at each, 1/s.
    pub arrivals_per_s: f64,
    /// Mean service time, seconds.
    pub service_s: f64,
    /// E S², s².
    pub service_square: f64,
    /// Mean switch-over time, seconds, above 0.
    pub switchover_s: f64,
    /// Its variance, s².
    pub switchover_variance: f64,
}

impl Round {
    /// Mean wait when each visit serves at most one, seconds; `None` where that is too few.
    ///
    /// ```text
    /// E[W] = σ²/(2r) + (N·λ·E[S²] + r·(N + ρ) + N·λ·σ²) / (2·(1 − ρ − N·λ·r))
    /// ```
    ///
    /// Source: Takagi, *Analysis of Polling Systems* (1986), symmetric queues.
    pub fn limited_wait_s(&self) -> Option<f64> {
        let (n, rho) = (f64::from(self.queues), self.utilization());
        let all = n * self.arrivals_per_s;
        let work = all * self.service_square
            + self.switchover_s * (n + rho)
            + all * self.switchover_variance;
        let left = 1.0 - rho - all * self.switchover_s;
        (left > 0.0).then(|| self.way_s() + work / (2.0 * left))
    }

    fn utilization(&self) -> f64 {
        f64::from(self.queues) * self.arrivals_per_s * self.service_s
    }

    fn way_s(&self) -> f64 {
        self.switchover_variance / (2.0 * self.switchover_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: Option<f64>, exact: f64) {
        let value = value.expect("there is a steady state");
        assert!((value / exact - 1.0).abs() < 1e-9, "{value} {exact}");
    }

    #[test]
    fn one_server_is_set_up_as_often_as_it_is_wanted() {
        close(setup_share(0.5, 1.0, 3.0), 0.3);
        assert_eq!(setup_share(2.0, 1.0, 1.0), None);
    }

    #[test]
    fn breakdowns_agree_with_a_chain_solved_by_hand_and_with_none() {
        let queue = Interrupted {
            arrivals_per_s: 0.5,
            service: Moments::new(1.0, 1.0),
            up_s: 20.0,
            repair: Moments::new(10.0 / 3.0, 1.0),
        };
        // Two states by number: 69/35 in the system.
        close(queue.mean_number(), 69.0 / 35.0);
        let never = Interrupted { up_s: 1e15, service: Moments::new(1.0, 4.0), ..queue };
        close(never.mean_number(), 0.5 + 0.5 * mean_wait_s(0.5, never.service).expect("ρ < 1"));
        assert_eq!(Interrupted { arrivals_per_s: 0.86, ..queue }.mean_number(), None);
    }

    /// The sum over alike queues is Takagi's mean wait; a queue nobody uses only lengthens the round.
    #[test]
    fn the_pseudo_conservation_law_agrees_with_alike_queues() {
        let (service, way) = (Moments::new(1.0, 1.0), Moments::new(0.2, 1.0));
        close(exhaustive_wait_s(&[0.15; 4], 0.6, service, way), 2.45);
        let uneven = exhaustive_wait_s(&[0.6, 0.0], 0.6, service, way).expect("ρ < 1");
        // One queue with vacations of two switch-overs: W(M/G/1) + E[V²]/(2·E[V]).
        close(Some(uneven), 1.5 + (2.0 * 0.04 + 0.16) / 0.8);
    }

    #[test]
    fn polling_agrees_with_published_values_and_its_limits() {
        let round = Round {
            queues: 4,
            arrivals_per_s: 0.15,
            service_s: 1.0,
            service_square: 2.0,
            switchover_s: 0.2,
            switchover_variance: 0.04,
        };
        assert!(round.limited_wait_s() > Some(2.45));
        // Hardly any switch-over: an M/G/1 queue of all, under either rule.
        let quick = Round { switchover_s: 1e-12, switchover_variance: 0.0, ..round };
        let plain = 0.6 * 2.0 / (2.0 * 0.4);
        close(quick.limited_wait_s(), plain);
        let way = Moments::new(1e-12, 0.0);
        close(exhaustive_wait_s(&[0.15; 4], 0.6, Moments::new(1.0, 1.0), way), plain);
        assert_eq!(Round { arrivals_per_s: 0.22, ..round }.limited_wait_s(), None);
    }
}
