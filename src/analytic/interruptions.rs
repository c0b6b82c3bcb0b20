//! Servers that are not always there: that break, that must be set up, that go round several queues.

/// Mean number in an M/M/1 queue whose server breaks, also while idle, and is repaired, after
/// exponential times; the interrupted job resumes.
///
/// ```text
/// A = θ/(η + θ)          share of time up; η = 1/up, θ = 1/down
/// L = λ·(1 + μ·η/(η + θ)²) / (μ·A − λ)
/// ```
///
/// Times in seconds. `None` at λ ≥ μ·A, where there is no steady state.
///
/// Source: White and Christie, *Queuing with preemptive priorities or with breakdown*, Oper. Res. 6
/// (1958); Mitrany and Avi-Itzhak, Oper. Res. 16 (1968) for one server.
pub fn mean_number_with_breakdowns(
    arrivals_per_s: f64,
    service_s: f64,
    up_s: f64,
    down_s: f64,
) -> Option<f64> {
    let (mu, breaks, repairs) = (1.0 / service_s, 1.0 / up_s, 1.0 / down_s);
    let capacity = mu * repairs / (breaks + repairs);
    let extra = mu * breaks / (breaks + repairs).powi(2);
    (arrivals_per_s < capacity)
        .then(|| arrivals_per_s * (1.0 + extra) / (capacity - arrivals_per_s))
}

/// Mean response time of an M/M/1 queue whose server goes off when idle and must be set up for the
/// first job, in seconds; `setup` is the mean and the second moment of the setup time D.
///
/// ```text
/// E[R] = 1/(μ − λ) + (2·E[D] + λ·E[D²]) / (2·(1 + λ·E[D]))
/// ```
///
/// `None` at ρ ≥ 1.
///
/// Source: Welch, *On a generalized M/G/1 queuing process in which the first customer of each busy
/// period receives exceptional service*, Oper. Res. 12 (1964).
pub fn response_with_setup_s(
    arrivals_per_s: f64,
    service_s: f64,
    setup: (f64, f64),
) -> Option<f64> {
    let rate = arrivals_per_s;
    let extra = (2.0 * setup.0 + rate * setup.1) / (2.0 * (1.0 + rate * setup.0));
    (rate * service_s < 1.0).then(|| 1.0 / (1.0 / service_s - rate) + extra)
}

/// Share of time that this server is being set up; `None` at ρ ≥ 1.
///
/// ```text
/// (1 − ρ)·λ·E[D] / (1 + λ·E[D])
/// ```
pub fn setup_share(arrivals_per_s: f64, service_s: f64, setup_s: f64) -> Option<f64> {
    let (rho, d) = (arrivals_per_s * service_s, arrivals_per_s * setup_s);
    (rho < 1.0).then(|| (1.0 - rho) * d / (1.0 + d))
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
    /// Mean wait when each visit lasts until the queue is empty, seconds; `None` at ρ ≥ 1.
    ///
    /// ```text
    /// E[W] = σ²/(2r) + (N·λ·E[S²] + r·(N − ρ)) / (2·(1 − ρ))
    /// ```
    ///
    /// Source: Takagi, *Analysis of Polling Systems* (1986), symmetric queues.
    pub fn exhaustive_wait_s(&self) -> Option<f64> {
        let (n, rho) = (f64::from(self.queues), self.utilization());
        let work = n * self.arrivals_per_s * self.service_square + self.switchover_s * (n - rho);
        (rho < 1.0).then(|| self.way_s() + work / (2.0 * (1.0 - rho)))
    }

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
    fn values_agree_with_chains_solved_by_hand_and_with_the_books() {
        // λ = 1/2, μ = 1, up 20, down 10/3: 69/35 in the system.
        close(mean_number_with_breakdowns(0.5, 1.0, 20.0, 10.0 / 3.0), 69.0 / 35.0);
        // Without breakdowns it is M/M/1.
        close(mean_number_with_breakdowns(0.5, 1.0, 1e12, 1.0), 1.0);
        assert_eq!(mean_number_with_breakdowns(0.9, 1.0, 20.0, 10.0 / 3.0), None);
        // An exponential setup of mean 3 adds its mean, whatever the load.
        close(response_with_setup_s(0.5, 1.0, (3.0, 18.0)), 5.0);
        close(response_with_setup_s(0.8, 1.0, (3.0, 18.0)), 8.0);
        close(setup_share(0.5, 1.0, 3.0), 0.3);
        assert_eq!(
            (response_with_setup_s(1.0, 1.0, (1.0, 1.0)), setup_share(2.0, 1.0, 1.0)),
            (None, None)
        );
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
        close(round.exhaustive_wait_s(), 2.45);
        assert!(round.limited_wait_s() > round.exhaustive_wait_s());
        // Hardly any switch-over: an M/G/1 queue of all, under either rule.
        let quick = Round { switchover_s: 1e-12, switchover_variance: 0.0, ..round };
        let plain = 0.6 * 2.0 / (2.0 * 0.4);
        close(quick.exhaustive_wait_s(), plain);
        close(quick.limited_wait_s(), plain);
        assert_eq!(Round { arrivals_per_s: 0.22, ..round }.limited_wait_s(), None);
    }
}
