//! One server, first come first served, any law of service: Pollaczek–Khinchine.

/// The first two moments of a service time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// `E[S]`, seconds.
    pub mean_s: f64,
    /// `E[S²]`, seconds².
    pub square_s2: f64,
}

impl Moments {
    /// From the mean in seconds and the squared coefficient of variation (variance / mean²), ≥ 0:
    /// 0 is a constant, 1 the exponential.
    pub fn new(mean_s: f64, scv: f64) -> Self {
        Self { mean_s, square_s2: mean_s * mean_s * (1.0 + scv) }
    }

    /// Mean remaining life of a service in progress at a random moment, `E[S²]` / `2E[S]`, seconds.
    pub fn residual_s(self) -> f64 {
        if self.mean_s > 0.0 { self.square_s2 / (2.0 * self.mean_s) } else { 0.0 }
    }
}

/// Mean time in queue of M/G/1, seconds.
///
/// ```text
/// W = λ·E[S²] / (2·(1 − ρ))        ρ = λ·E[S] < 1
/// ```
///
/// Holds for every order of service that looks at neither lengths nor leaves the server idle.
/// Returns `None` at ρ ≥ 1.
///
/// Source: Pollaczek (1930), Khinchine (1932); Kleinrock, *Queueing Systems I* (1975), ch. 5.
pub fn mean_wait_s(arrivals_per_s: f64, service: Moments) -> Option<f64> {
    let rho = arrivals_per_s * service.mean_s;
    (rho < 1.0).then(|| arrivals_per_s * service.square_s2 / (2.0 * (1.0 - rho)))
}

/// Mean time in queue of M/G/1 whose idle server must be set up first, seconds.
///
/// ```text
/// W = W(M/G/1) + (2·E[V] + λ·E[V²]) / (2·(1 + λ·E[V]))
/// ```
///
/// The server turns off whenever it empties; the next arrival starts a setup V, meanwhile arrivals
/// queue. Returns `None` at ρ ≥ 1.
///
/// Source: Welch, *On a generalized M/G/1 queuing process* (1964), Operations Research 12.
pub fn mean_wait_with_setup_s(
    arrivals_per_s: f64,
    service: Moments,
    setup: Moments,
) -> Option<f64> {
    let wait_s = mean_wait_s(arrivals_per_s, service)?;
    let numerator = 2.0 * setup.mean_s + arrivals_per_s * setup.square_s2;
    Some(wait_s + numerator / (2.0 * (1.0 + arrivals_per_s * setup.mean_s)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytic::{Load, assert_close, erlang};

    #[test]
    fn exponential_service_is_erlang_c_of_one_server() {
        for rho in [0.2, 0.8, 0.95] {
            let load = Load { arrivals_per_s: 10.0 * rho, service_s: 0.1 };
            assert_close(
                mean_wait_s(10.0 * rho, Moments::new(0.1, 1.0)).expect("ρ < 1"),
                erlang::mean_wait_s(load, 1).expect("ρ < 1"),
                1e-12,
            );
        }
    }

    #[test]
    fn known_values_of_lognormal_hyperexponential_and_erlang_service() {
        for (rho, scv, wait_s) in [
            (0.7, 4.0, 5.833_333_333),
            (0.8, 10.0, 22.0),
            (0.85, 0.25, 3.541_666_667),
            (0.8, 0.0, 2.0),
        ] {
            assert_close(mean_wait_s(rho, Moments::new(1.0, scv)).expect("ρ < 1"), wait_s, 1e-9);
        }
        assert_eq!(mean_wait_s(1.0, Moments::new(1.0, 1.0)), None);
    }

    /// λ = 0.5, S = 1 and an exponential setup of mean 3: response 5 (2 + 3 for exponential setup).
    #[test]
    fn a_setup_adds_its_exponential_mean() {
        let (service, setup) = (Moments::new(1.0, 1.0), Moments::new(3.0, 1.0));
        let wait_s = mean_wait_with_setup_s(0.5, service, setup).expect("ρ < 1");
        assert_close(wait_s + 1.0, 5.0, 1e-12);
    }
}
