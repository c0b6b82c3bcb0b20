//! What is read off a run: one metric, or a few lines of arithmetic over metrics.

/// How a quantity follows from metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    /// It is the metric.
    Is,
    /// 1 − x.
    Complement,
    /// x², a variance from a standard deviation.
    Square,
    /// x − y.
    Minus,
    /// x / y.
    Over,
    /// x·y / z.
    TimesOver,
    /// The largest value of a periodic level whose values at equally spaced phases are the metrics.
    Peak,
    /// When that largest value comes after `peak_s`, modulo `period_s`.
    Lag { peak_s: f64, period_s: f64 },
}

/// A quantity of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Probe {
    /// Metrics as a profile's conditions name them.
    pub(crate) metrics: Vec<String>,
    /// What is made of them.
    pub(crate) how: How,
    /// Which run of the case: 0 is the main one.
    pub(crate) run: usize,
}

impl Probe {
    /// The metric itself.
    pub(crate) fn is(metric: impl Into<String>) -> Self {
        Self::of(How::Is, &[metric.into()])
    }

    /// Made of several.
    pub(crate) fn of<const N: usize>(how: How, metrics: &[String; N]) -> Self {
        Self { metrics: metrics.to_vec(), how, run: 0 }
    }

    /// The same of another run.
    pub(crate) fn in_run(self, run: usize) -> Self {
        Self { run, ..self }
    }
}

impl How {
    /// The quantity from the values of the metrics.
    pub(crate) fn value(self, x: &[f64]) -> f64 {
        match (self, x) {
            (Self::Complement, [x]) => 1.0 - x,
            (Self::Square, [x]) => x * x,
            (Self::Minus, [x, y]) => x - y,
            (Self::Over, [x, y]) => x / y,
            (Self::TimesOver, [x, y, z]) => x * y / z,
            (Self::Peak, phases) => Harmonics::of(phases).peak().1,
            (Self::Lag { peak_s, period_s }, phases) => {
                (Harmonics::of(phases).peak().0 * period_s - peak_s).rem_euclid(period_s)
            }
            _ => x.first().copied().unwrap_or(f64::NAN),
        }
    }

    /// For conditions on a metric: the bounds of the metric where the quantity is within bounds.
    pub(crate) fn bounds(self, low: f64, high: f64) -> Option<(f64, f64)> {
        match self {
            Self::Is => Some((low, high)),
            Self::Complement => Some((1.0 - high, 1.0 - low)),
            Self::Square => Some((low.max(0.0).sqrt(), high.max(0.0).sqrt())),
            _ => None,
        }
    }
}

/// A periodic function through its values at equally spaced phases, smoothed to three harmonics.
struct Harmonics {
    mean: f64,
    /// Cosine and sine of each harmonic.
    waves: [(f64, f64); 3],
}

impl Harmonics {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let wave = |k: f64| {
            let angle = |i: usize| std::f64::consts::TAU * k * i as f64 / n;
            let sum = |f: fn(f64) -> f64| {
                let terms = values.iter().enumerate().map(|(i, v)| v * f(angle(i)));
                terms.sum::<f64>() * 2.0 / n
            };
            (sum(f64::cos), sum(f64::sin))
        };
        Self { mean: values.iter().sum::<f64>() / n, waves: [wave(1.0), wave(2.0), wave(3.0)] }
    }

    fn at(&self, phase: f64) -> f64 {
        let waves = (1..).zip(&self.waves);
        let terms = waves.map(|(k, (cos, sin))| {
            let angle = std::f64::consts::TAU * f64::from(k) * phase;
            cos * angle.cos() + sin * angle.sin()
        });
        self.mean + terms.sum::<f64>()
    }

    /// Phase in [0, 1) and value of the largest point.
    fn peak(&self) -> (f64, f64) {
        const STEPS: u32 = 100_000;
        let points = (0..STEPS).map(|i| f64::from(i) / f64::from(STEPS));
        points.map(|phase| (phase, self.at(phase))).fold((0.0, f64::NEG_INFINITY), |best, point| {
            if point.1 > best.1 { point } else { best }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_of_a_wave_is_found_between_the_phases() {
        let tau = std::f64::consts::TAU;
        let phases: Vec<f64> =
            (0..16).map(|i| 150.0 + 80.0 * (tau * (f64::from(i) / 16.0 - 0.309)).cos()).collect();
        assert!((How::Peak.value(&phases) - 230.0).abs() < 1e-6);
        let lag = How::Lag { peak_s: 6.0, period_s: 24.0 }.value(&phases);
        assert!((lag - (0.309 * 24.0 - 6.0)).abs() < 1e-3, "{lag}");
    }

    #[test]
    fn arithmetic_and_bounds_agree() {
        assert_eq!(How::Square.value(&[3.0]), 9.0);
        assert_eq!(How::Square.bounds(4.0, 9.0), Some((2.0, 3.0)));
        assert_eq!(How::Complement.bounds(0.9, 0.95), Some((1.0 - 0.95, 1.0 - 0.9)));
        assert_eq!(How::TimesOver.value(&[5.0, 4.0, 2.0]), 10.0);
        assert_eq!(How::Over.bounds(0.0, 1.0), None);
    }
}
