//! Distributions of the schema as the profile language writes them.

use capplan::dist::Distribution;
use serde::Deserialize;

use super::shape::Part;

/// Keys of a law.
pub(crate) const KEYS: &[&str] = &[
    "dist",
    "mean",
    "scv",
    "stages",
    "shape",
    "scale",
    "mu_log",
    "sigma_log",
    "p1",
    "mean1",
    "mean2",
    "balanced_means",
    "alpha",
    "low",
    "high",
    "size",
    "job_class",
    "value",
    "values",
    "probabilities",
    "means",
    "name",
    "needs",
];

/// A distribution by its native parameters, or mean and squared coefficient of variation; of one class
/// of jobs, or of one phase of a job with what it needs, where these are named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Law {
    pub(crate) job_class: Option<String>,
    #[serde(rename = "name")]
    _name: Option<String>,
    pub(crate) needs: Vec<String>,
    pub(crate) dist: String,
    pub(crate) mean: Option<f64>,
    scv: Option<f64>,
    stages: Option<f64>,
    shape: Option<f64>,
    scale: Option<f64>,
    mu_log: Option<f64>,
    sigma_log: Option<f64>,
    p1: Option<f64>,
    mean1: Option<f64>,
    mean2: Option<f64>,
    #[serde(rename = "balanced_means")]
    _balanced_means: Option<bool>,
    alpha: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    size: Option<f64>,
    value: Option<f64>,
    values: Vec<f64>,
    probabilities: Vec<f64>,
    means: Vec<f64>,
}

impl Part for Law {
    const KEYS: &'static [&'static str] = KEYS;
    fn of_number(x: f64) -> Option<Self> {
        Some(Self::constant(x))
    }
}

/// A number as profiles write it: digits and a fraction, never an exponent.
pub(crate) fn number(x: f64) -> String {
    format!("{x}")
}

/// A share as a percentage, to more digits than any case has.
pub(crate) fn percent(x: f64) -> String {
    let text = format!("{:.12}", x * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

impl Law {
    /// Always the same value.
    pub(crate) fn constant(value: f64) -> Self {
        Self { dist: "constant".to_owned(), mean: Some(value), ..Self::default() }
    }

    /// Its mean, however it is given.
    pub(crate) fn mean(&self) -> Result<f64, String> {
        let native = || match self.dist.as_str() {
            "lognormal" => Some(f64::exp(self.mu_log? + 0.5 * self.sigma_log?.powi(2))),
            "uniform" => Some(0.5 * (self.low? + self.high?)),
            "weibull" | "gamma" | "bounded_pareto" | "pareto" => Some(self.native()?.mean()),
            "hyperexponential2" => Some(self.p1? * self.mean1? + (1.0 - self.p1?) * self.mean2?),
            "hyperexponential" => Some(dot(&self.probabilities, &self.means)),
            "discrete" | "empirical" => Some(dot(&self.probabilities, &self.values)),
            _ => None,
        };
        let known = self.mean.or(self.size).or(self.value).or_else(native);
        known.ok_or_else(|| format!("a `{}` distribution without `mean`", self.dist))
    }

    /// Shapes that the simulator knows by the same parameters.
    fn native(&self) -> Option<Distribution> {
        Some(match self.dist.as_str() {
            "weibull" => Distribution::Weibull { shape: self.shape?, scale: self.scale? },
            "gamma" => Distribution::Gamma { shape: self.shape?, scale: self.scale? },
            "pareto" | "bounded_pareto" => Distribution::Pareto {
                alpha: self.alpha?,
                low: self.low?,
                high: self.high.unwrap_or(f64::INFINITY),
            },
            _ => return None,
        })
    }

    /// Standard deviation over mean, if it is given.
    pub(crate) fn cv(&self) -> Option<f64> {
        let native = || match self.dist.as_str() {
            "lognormal" => Some(self.sigma_log?.powi(2).exp_m1()),
            _ => Some(self.native()?.scv()),
        };
        self.scv.or_else(native).map(f64::sqrt)
    }

    /// As a profile writes it, each quantity followed by `unit` (`s` for times, nothing for counts).
    ///
    /// # Errors
    /// The language has no such law, or a parameter is missing: the reason, with the field's name.
    pub(crate) fn text(&self, unit: &str) -> Result<String, String> {
        let with = |x: f64| format!("{}{unit}", number(x));
        let need = |value: Option<f64>, key: &str| {
            value.ok_or_else(|| format!("a `{}` distribution without `{key}`", self.dist))
        };
        let mean_and_cv = |word: &str| {
            let (mean, cv) = (self.mean()?, need(self.cv(), "scv")?);
            Ok(format!("{word}(mean={} cv={})", with(mean), number(cv)))
        };
        match self.dist.as_str() {
            "exponential" => Ok(format!("exp({})", with(self.mean()?))),
            "deterministic" | "constant" => Ok(with(self.mean()?)),
            "erlang" => {
                let by_scv = self.scv.map(|scv| (1.0 / scv).round());
                let stages = need(self.stages.or(by_scv), "stages")?;
                Ok(format!("erlang(mean={} stages={stages})", with(self.mean()?)))
            }
            "lognormal" => mean_and_cv("lognormal"),
            "gamma" => mean_and_cv("gamma"),
            "weibull" => mean_and_cv("weibull"),
            "hyperexponential2" => match (self.p1, self.mean1, self.mean2) {
                (Some(p1), Some(mean1), Some(mean2)) => {
                    Ok(mixed(&[p1, 1.0 - p1], &[mean1, mean2], |m| format!("exp({})", with(m))))
                }
                _ => mean_and_cv("hyperexp"),
            },
            "hyperexponential" => {
                Ok(mixed(&self.probabilities, &self.means, |m| format!("exp({})", with(m))))
            }
            "uniform" => {
                let (low, high) = (need(self.low, "low")?, need(self.high, "high")?);
                Ok(format!("uniform({}..{})", with(low), with(high)))
            }
            "bounded_pareto" | "pareto" => {
                let (alpha, low) = (need(self.alpha, "alpha")?, need(self.low, "low")?);
                let most = self.high.map(|high| format!(" max={}", with(high)));
                let most = most.unwrap_or_default();
                Ok(format!("pareto(alpha={alpha} min={}{most})", with(low)))
            }
            "discrete" | "empirical" => Ok(mixed(&self.probabilities, &self.values, with)),
            "poisson" if unit.is_empty() => Ok(format!("poisson(mean={})", with(self.mean()?))),
            other => Err(format!("`dist: {other}` is no law of the profile language")),
        }
    }

    /// Whether it is exponential.
    pub(crate) fn is_exponential(&self) -> bool {
        self.dist == "exponential"
    }
}

fn dot(weights: &[f64], values: &[f64]) -> f64 {
    weights.iter().zip(values).map(|(w, x)| w * x).sum()
}

fn mixed(weights: &[f64], values: &[f64], write: impl Fn(f64) -> String) -> String {
    let parts = weights.iter().zip(values);
    let parts: Vec<String> = parts.map(|(w, x)| format!("{} {}", percent(*w), write(*x))).collect();
    format!("mix({})", parts.join(" "))
}
