//! What the words of a distribution mean: its parameters by name to the distribution itself.
//!
//! Parameters are numbers in the base unit of what is drawn; their spelling and units are read
//! elsewhere. Pairs that no distribution has are refused with the reason.

use statrs::function::gamma::ln_gamma;

use super::Distribution;

/// What a parameter of a distribution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// A quantity of what is drawn.
    Quantity,
    /// A pure number.
    Number,
}

/// The spelling of a distribution by named parameters.
#[derive(Debug)]
pub struct Form {
    /// Its word.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: &'static [(&'static str, Parameter)],
    /// An example, for messages.
    pub example: &'static str,
}

use Parameter::{Number, Quantity};

/// Distributions that are given by named parameters. (`exp` takes its mean without a name, `uniform`
/// a range; `mix` and `empirical` are lists.)
pub const FORMS: [Form; 10] = [
    Form { name: "exp", parameters: &[("mean", Quantity)], example: "exp(20ms)" },
    Form {
        name: "uniform",
        parameters: &[("low", Quantity), ("high", Quantity)],
        example: "uniform(5s..30s)",
    },
    Form {
        name: "lognormal",
        parameters: &[
            ("mean", Quantity),
            ("p50", Quantity),
            ("p95", Quantity),
            ("p99", Quantity),
            ("cv", Number),
        ],
        example: "lognormal(mean=20ms p95=60ms)",
    },
    Form {
        name: "gamma",
        parameters: &[("mean", Quantity), ("cv", Number)],
        example: "gamma(mean=20ms cv=0.5)",
    },
    Form {
        name: "erlang",
        parameters: &[("mean", Quantity), ("stages", Number)],
        example: "erlang(mean=20ms stages=3)",
    },
    Form {
        name: "weibull",
        parameters: &[("mean", Quantity), ("cv", Number)],
        example: "weibull(mean=20ms cv=2)",
    },
    Form {
        name: "pareto",
        parameters: &[("alpha", Number), ("min", Quantity), ("max", Quantity)],
        example: "pareto(alpha=1.5 min=1ms max=10s)",
    },
    Form {
        name: "hyperexp",
        parameters: &[("mean", Quantity), ("cv", Number)],
        example: "hyperexp(mean=20ms cv=3)",
    },
    Form { name: "geometric", parameters: &[("mean", Quantity)], example: "geometric(mean=3)" },
    Form { name: "poisson", parameters: &[("mean", Quantity)], example: "poisson(mean=3)" },
];

/// Largest coefficient of variation. Beyond it a mean is made of draws that no run ever sees.
const MAX_CV: f64 = 100.0;
/// Most stages of an Erlang distribution.
const MAX_STAGES: f64 = 1e6;
/// Quantiles of the standard normal distribution.
const Z: [(&str, f64); 3] =
    [("p50", 0.0), ("p95", 1.644_853_626_951_472_2), ("p99", 2.326_347_874_040_840_8)];

/// Why there is no such distribution.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// The parameter to look at; `None`: all of them together.
    pub parameter: Option<&'static str>,
    /// Whether something is missing or superfluous, rather than out of range.
    pub incomplete: bool,
    /// In words, without a full stop.
    pub message: String,
}

fn out_of_range<T>(
    parameter: Option<&'static str>,
    message: impl Into<String>,
) -> Result<T, Problem> {
    Err(Problem { parameter, incomplete: false, message: message.into() })
}

fn incomplete<T>(message: impl Into<String>) -> Result<T, Problem> {
    Err(Problem { parameter: None, incomplete: true, message: message.into() })
}

/// The distribution `name` with these parameters, each at most once and of the names of its
/// [`Form`].
///
/// # Errors
/// One is missing, or no such distribution exists.
pub fn build(name: &str, given: &[(&str, f64)]) -> Result<Distribution, Problem> {
    let find = |key: &str| given.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    let need =
        |key: &str| find(key).map_or_else(|| incomplete(format!("`{name}` needs `{key}`")), Ok);
    match name {
        "exp" => Ok(exponential(need("mean")?)),
        "uniform" => uniform(need("low")?, need("high")?),
        "lognormal" => lognormal(given),
        "gamma" => {
            let (mean, cv) = (need("mean")?, checked_cv(need("cv")?)?);
            Ok(constant_or(mean, cv, || Distribution::Gamma {
                shape: 1.0 / (cv * cv),
                scale: mean * cv * cv,
            }))
        }
        "erlang" => {
            let (mean, stages) = (need("mean")?, need("stages")?);
            if stages.fract() != 0.0 || !(1.0..=MAX_STAGES).contains(&stages) {
                let message = "`stages` is a whole number from 1 to 1_000_000";
                return out_of_range(Some("stages"), message);
            }
            Ok(constant_or(mean, 1.0, || Distribution::erlang(mean, stages as u32)))
        }
        "weibull" => {
            let (mean, cv) = (need("mean")?, checked_cv(need("cv")?)?);
            Ok(constant_or(mean, cv, || weibull(mean, cv)))
        }
        "pareto" => pareto(need("alpha")?, need("min")?, find("max")),
        "hyperexp" => {
            let (mean, cv) = (need("mean")?, checked_cv(need("cv")?)?);
            if cv < 1.0 {
                let message = "`cv` of a hyperexponential distribution is at least 1";
                return out_of_range(Some("cv"), message);
            }
            if cv == 1.0 {
                return Ok(exponential(mean));
            }
            Ok(constant_or(mean, cv, || Distribution::hyperexponential(mean, cv)))
        }
        "geometric" => Ok(Distribution::Geometric { mean: need("mean")? }),
        "poisson" => Ok(Distribution::Poisson { mean: need("mean")? }),
        _ => incomplete(format!("there is no distribution `{name}`")),
    }
}

/// One of several: weights in [0, 1] that sum to 1 within 10⁻⁵.
///
/// # Errors
/// There is none, or the weights sum to something else.
pub fn mix(parts: Vec<(f64, Distribution)>) -> Result<Distribution, Problem> {
    let total: f64 = parts.iter().map(|part| part.0).sum();
    if parts.is_empty() {
        return incomplete("`mix` needs weights and distributions");
    }
    if (total - 1.0).abs() > 1e-5 {
        let percent = (total * 1e8).round() / 1e6;
        return out_of_range(None, format!("the weights sum to {percent}%, not to 100%"));
    }
    Ok(Distribution::Mix(cumulative(parts, total)))
}

/// One of these values, each with its weight.
///
/// # Errors
/// There is none, or all weights are 0.
pub fn empirical(mut values: Vec<(f64, f64)>) -> Result<Distribution, Problem> {
    let total: f64 = values.iter().map(|value| value.1).sum();
    if values.is_empty() || total <= 0.0 || !total.is_finite() {
        return incomplete("no values, or no weight");
    }
    values.retain(|value| value.1 > 0.0);
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let swapped = values.into_iter().map(|(value, weight)| (weight, value)).collect();
    Ok(Distribution::Empirical(cumulative(swapped, total)))
}

/// A draw outside of the bounds becomes the bound.
///
/// # Errors
/// The lower one is above the upper one.
pub fn clip(
    inner: Distribution,
    low: Option<f64>,
    high: Option<f64>,
) -> Result<Distribution, Problem> {
    let (low, high) = match (low, high) {
        (None, None) => return Ok(inner),
        (low, high) => (low.unwrap_or(0.0), high.unwrap_or(f64::INFINITY)),
    };
    if low > high {
        return out_of_range(None, "`min` is above `max`");
    }
    Ok(Distribution::Clipped { inner: Box::new(inner), low, high })
}

/// What may be said of any law besides its own parameters, in this order: a draw is clipped, rounded to
/// whole steps, and a constant is added.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Adjustment {
    /// `min`: lower bound.
    pub low: Option<f64>,
    /// `max`: upper bound.
    pub high: Option<f64>,
    /// `floor`: rounded down to whole steps of this.
    pub floor: Option<f64>,
    /// `ceil`: rounded up to whole steps of this.
    pub ceil: Option<f64>,
    /// `plus`: added.
    pub plus: Option<f64>,
}

impl Adjustment {
    /// The words of the arguments.
    pub const WORDS: [&'static str; 5] = ["min", "max", "floor", "ceil", "plus"];

    /// The value of a word.
    pub fn of(&mut self, word: &str) -> Option<&mut Option<f64>> {
        match word {
            "min" => Some(&mut self.low),
            "max" => Some(&mut self.high),
            "floor" => Some(&mut self.floor),
            "ceil" => Some(&mut self.ceil),
            "plus" => Some(&mut self.plus),
            _ => None,
        }
    }

    /// The law with all of it.
    ///
    /// # Errors
    /// The bounds are crossed, a step is not above 0, or it is rounded both ways.
    pub fn apply(self, inner: Distribution) -> Result<Distribution, Problem> {
        let clipped = clip(inner, self.low, self.high)?;
        let rounded = match (self.floor, self.ceil) {
            (None, None) => clipped,
            (Some(_), Some(_)) => {
                return out_of_range(Some("ceil"), "rounded down and up: only one of them");
            }
            (floor, ceil) => {
                let step = floor.or(ceil).unwrap_or(0.0);
                if step <= 0.0 {
                    let word = if ceil.is_some() { "ceil" } else { "floor" };
                    return out_of_range(Some(word), format!("the step of `{word}` is above 0"));
                }
                Distribution::Rounded { inner: Box::new(clipped), step, up: ceil.is_some() }
            }
        };
        Ok(match self.plus {
            Some(by) if by > 0.0 => Distribution::Shifted { inner: Box::new(rounded), by },
            _ => rounded,
        })
    }
}

/// Weights to cumulative probabilities; the last is exactly 1.
fn cumulative<T>(parts: Vec<(f64, T)>, total: f64) -> Vec<(f64, T)> {
    let (mut sum, last) = (0.0, parts.len() - 1);
    let parts = parts.into_iter().enumerate();
    parts
        .map(|(i, (weight, item))| {
            sum += weight / total;
            (if i == last { 1.0 } else { sum.min(1.0) }, item)
        })
        .collect()
}

fn constant_or(mean: f64, cv: f64, build: impl FnOnce() -> Distribution) -> Distribution {
    if mean > 0.0 && cv > 0.0 { build() } else { Distribution::Constant(mean) }
}

fn checked_cv(cv: f64) -> Result<f64, Problem> {
    if (0.0..=MAX_CV).contains(&cv) {
        return Ok(cv);
    }
    out_of_range(Some("cv"), format!("`cv` (standard deviation over mean) is from 0 to {MAX_CV}"))
}

fn exponential(mean: f64) -> Distribution {
    constant_or(mean, 1.0, || Distribution::Exponential { mean })
}

fn uniform(low: f64, high: f64) -> Result<Distribution, Problem> {
    if low > high {
        return out_of_range(Some("low"), "the lower end is above the upper end");
    }
    Ok(constant_or(low, 0.0, || Distribution::Constant(low)))
        .map(|same| if low < high { Distribution::Uniform { low, high } } else { same })
}

/// Log-normal from two of mean, quantiles and cv. With z the quantile of the standard normal,
///
/// ```text
/// p_q = exp(μ + z·σ)      mean = exp(μ + σ²/2)      cv² = exp(σ²) − 1
/// mean and p_q:  ln(p_q / mean) = z·σ − σ²/2, of whose two roots the smaller σ is meant;
///                there is none when p_q / mean > exp(z²/2)
/// ```
fn lognormal(given: &[(&str, f64)]) -> Result<Distribution, Problem> {
    let [first, second] = given else {
        return incomplete("`lognormal` takes two of `mean`, `p50`, `p95`, `p99` and `cv`");
    };
    let find = |key: &str| given.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
    if let Some(cv) = find("cv") {
        checked_cv(cv)?;
    }
    if (first.0 == second.0) || (find("mean") == Some(0.0) && find("cv").is_some()) {
        return Ok(Distribution::Constant(0.0));
    }
    for key in ["mean", "p50", "p95", "p99"] {
        if find(key).is_some_and(|value| value <= 0.0) {
            let message = format!("`{key}` of a log-normal distribution is above 0");
            let known = Z.iter().map(|z| z.0).find(|known| *known == key);
            return out_of_range(known.or(Some("mean")), message);
        }
    }
    let quantiles: Vec<(&'static str, f64, f64)> =
        Z.iter().filter_map(|(name, z)| Some((*name, *z, find(name)?))).collect();
    let (mu, sigma) = match (find("mean"), find("cv"), quantiles.as_slice()) {
        (Some(mean), Some(cv), []) => {
            let sigma2 = (cv * cv).ln_1p();
            (mean.ln() - 0.5 * sigma2, sigma2.sqrt())
        }
        (None, Some(cv), [(_, z, quantile)]) => {
            let sigma = (cv * cv).ln_1p().sqrt();
            (quantile.ln() - z * sigma, sigma)
        }
        (Some(mean), None, [(name, z, quantile)]) => {
            let d = (quantile / mean).ln();
            let most = (0.5 * z * z).exp();
            if *z == 0.0 && d > 0.0 {
                return out_of_range(None, "`p50` of a log-normal distribution is below its mean");
            }
            if *z > 0.0 && !(0.0..=0.5 * z * z).contains(&d) {
                let message = format!(
                    "`{name}` is out of reach of the mean: a log-normal distribution has it between \
                     1 and {most:.2} times the mean, and here it is {:.2} times",
                    quantile / mean
                );
                return out_of_range(None, message);
            }
            let sigma = if *z == 0.0 { (-2.0 * d).sqrt() } else { z - (z * z - 2.0 * d).sqrt() };
            (mean.ln() - 0.5 * sigma * sigma, sigma)
        }
        (None, None, [(lower, z1, q1), (upper, z2, q2)]) => {
            if q2 < q1 {
                return out_of_range(None, format!("`{upper}` is below `{lower}`"));
            }
            let sigma = (q2 / q1).ln() / (z2 - z1);
            (q1.ln() - z1 * sigma, sigma)
        }
        _ => return incomplete("`lognormal` takes two of `mean`, `p50`, `p95`, `p99` and `cv`"),
    };
    // cv² = exp(σ²) − 1 must stay a number that can be reached by drawing.
    if (sigma * sigma).exp_m1().sqrt() > MAX_CV {
        let message = format!("so wide a log-normal distribution has a cv above {MAX_CV}");
        return out_of_range(None, message);
    }
    if sigma == 0.0 {
        return Ok(Distribution::Constant(mu.exp()));
    }
    Ok(Distribution::LogNormal { mu, sigma })
}

/// Weibull by mean and cv: the shape k solves Γ(1 + 2/k) / Γ(1 + 1/k)² = 1 + cv², which falls with k.
fn weibull(mean: f64, cv: f64) -> Distribution {
    let target = (cv * cv).ln_1p();
    let ratio = |ln_k: f64| {
        let k = ln_k.exp();
        ln_gamma(1.0 + 2.0 / k) - 2.0 * ln_gamma(1.0 + 1.0 / k)
    };
    // k from 0.05 (cv above 10⁵) to 10⁴ (cv near 10⁻⁴, below which it is constant for all purposes).
    let (mut low, mut high) = (0.05_f64.ln(), 1e4_f64.ln());
    if ratio(high) >= target {
        return Distribution::Constant(mean);
    }
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if ratio(middle) > target { low = middle } else { high = middle }
    }
    let shape = (0.5 * (low + high)).exp();
    Distribution::Weibull { shape, scale: mean / ln_gamma(1.0 + 1.0 / shape).exp() }
}

fn pareto(alpha: f64, low: f64, high: Option<f64>) -> Result<Distribution, Problem> {
    if !(alpha > 0.0 && alpha <= 1e3) {
        return out_of_range(Some("alpha"), "`alpha` is above 0 and at most 1000");
    }
    if low <= 0.0 {
        return out_of_range(Some("min"), "`min` of a Pareto distribution is above 0");
    }
    match high {
        Some(high) if high < low => out_of_range(None, "`min` is above `max`"),
        Some(high) if high == low => Ok(Distribution::Constant(low)),
        None if alpha <= 1.0 => {
            let message = "a Pareto distribution with `alpha` up to 1 has no finite mean; \
                           `max=` would give it one";
            out_of_range(None, message)
        }
        high => Ok(Distribution::Pareto { alpha, low, high: high.unwrap_or(f64::INFINITY) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantile_of(distribution: &Distribution, q: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1e9);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if distribution.cdf(middle) < q { low = middle } else { high = middle }
        }
        low
    }

    #[test]
    fn a_log_normal_has_the_two_figures_it_was_given() {
        let cases: [&[(&str, f64)]; 10] = [
            &[("mean", 0.02), ("p95", 0.06)],
            &[("mean", 0.02), ("p99", 0.06)],
            &[("mean", 0.02), ("p50", 0.015)],
            &[("mean", 0.02), ("cv", 2.0)],
            &[("p50", 0.015), ("p95", 0.06)],
            &[("p50", 0.015), ("p99", 0.2)],
            &[("p95", 0.06), ("p99", 0.2)],
            &[("p50", 0.015), ("cv", 1.5)],
            &[("p95", 0.06), ("cv", 1.5)],
            &[("p99", 0.06), ("cv", 0.3)],
        ];
        for given in cases {
            let distribution = build("lognormal", given).expect("possible pairs");
            for (key, value) in given {
                let found = match *key {
                    "mean" => distribution.mean(),
                    "cv" => distribution.scv().sqrt(),
                    "p50" => quantile_of(&distribution, 0.5),
                    "p95" => quantile_of(&distribution, 0.95),
                    _ => quantile_of(&distribution, 0.99),
                };
                assert!((found / value - 1.0).abs() < 1e-7, "{given:?}: {key} is {found}");
            }
        }
    }

    #[test]
    fn mean_and_cv_are_kept_by_every_family() {
        for (name, key, value, cv) in [
            ("gamma", "cv", 2.0, 2.0),
            ("gamma", "cv", 0.25, 0.25),
            ("weibull", "cv", 2.0, 2.0),
            ("weibull", "cv", 0.3, 0.3),
            ("weibull", "cv", 20.0, 20.0),
            ("hyperexp", "cv", 3.0, 3.0),
            ("erlang", "stages", 4.0, 0.5),
        ] {
            let distribution = build(name, &[("mean", 0.02), (key, value)]).expect("possible");
            assert!((distribution.mean() / 0.02 - 1.0).abs() < 1e-9, "{name}");
            assert!((distribution.scv().sqrt() / cv - 1.0).abs() < 1e-7, "{name} {cv}");
        }
        assert_eq!(build("gamma", &[("mean", 2.0), ("cv", 0.0)]), Ok(Distribution::Constant(2.0)));
        assert_eq!(
            build("hyperexp", &[("mean", 2.0), ("cv", 1.0)]),
            Ok(Distribution::Exponential { mean: 2.0 })
        );
    }

    #[test]
    fn impossible_parameters_are_refused_with_the_reason() {
        for (name, given, reason) in [
            ("lognormal", &[("mean", 0.02), ("p95", 0.2)][..], "3.87 times the mean"),
            ("lognormal", &[("mean", 0.02), ("p95", 0.01)], "out of reach"),
            ("lognormal", &[("mean", 0.02), ("p50", 0.03)], "below its mean"),
            ("lognormal", &[("p95", 0.2), ("p99", 0.1)], "`p99` is below `p95`"),
            ("lognormal", &[("mean", 0.02)], "two of"),
            ("lognormal", &[("mean", 0.02), ("p50", 0.01), ("cv", 1.0)], "two of"),
            ("lognormal", &[("p50", 1e-9), ("p95", 1e9)], "cv above"),
            ("gamma", &[("mean", 0.02), ("cv", -1.0)], "from 0 to 100"),
            ("gamma", &[("mean", 0.02)], "needs `cv`"),
            ("hyperexp", &[("mean", 0.02), ("cv", 0.5)], "at least 1"),
            ("erlang", &[("mean", 0.02), ("stages", 0.0)], "from 1"),
            ("erlang", &[("mean", 0.02), ("stages", 1.5)], "whole number"),
            ("pareto", &[("alpha", 1.0), ("min", 1.0)], "no finite mean"),
            ("pareto", &[("alpha", 2.0), ("min", 2.0), ("max", 1.0)], "above `max`"),
            ("uniform", &[("low", 2.0), ("high", 1.0)], "above the upper end"),
        ] {
            let problem = build(name, given).expect_err(name);
            assert!(problem.message.contains(reason), "{name} {given:?}: {}", problem.message);
        }
        let parts = vec![(0.9, Distribution::Constant(1.0)), (0.2, Distribution::Constant(2.0))];
        assert!(mix(parts).expect_err("110 %").message.contains("110%"));
    }
}
