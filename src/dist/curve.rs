//! Rates over time and their exact inversion (time change of a unit-rate process).

/// A rate over time, in 1/s.
#[derive(Clone, Debug)]
pub enum Curve {
    /// Always the same.
    Constant(f64),
    /// Linear pieces: from `start_s` the rate is `rate + slope · (t − start_s)` until the next piece;
    /// the last one goes on for ever with slope 0. Never negative.
    Pieces(Vec<Piece>),
    /// `mean · (1 + swing · cos(2π (t − peak_s) / period_s))`, `swing` in [0, 1].
    Sine {
        /// Mean rate.
        mean: f64,
        /// Amplitude as a share of the mean.
        swing: f64,
        /// Period in seconds.
        period_s: f64,
        /// A time of the maximum.
        peak_s: f64,
    },
    /// Markov-modulated: (rate, mean stay in seconds) visited in turn, exponential stays.
    Mmpp(Vec<(f64, f64)>),
    /// Bare arrival times in seconds, in order.
    Times(Vec<f64>),
}

/// A linear piece of a [`Curve`].
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Where it begins.
    pub start_s: f64,
    /// Rate there.
    pub rate: f64,
    /// Change per second.
    pub slope: f64,
}

impl Curve {
    /// Long-run mean rate (of pieces: the mean up to the last one's start, or its rate when it is
    /// the only one; of times: count over the last time).
    pub fn mean_rate(&self) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Sine { mean, .. } => *mean,
            Self::Mmpp(states) => {
                let total: f64 = states.iter().map(|s| s.1).sum();
                states.iter().map(|s| s.0 * s.1).sum::<f64>() / total
            }
            Self::Times(times) => {
                times.last().map_or(0.0, |end| times.len() as f64 / end.max(1e-9))
            }
            Self::Pieces(pieces) => {
                let (first, last) = (&pieces[0], &pieces[pieces.len() - 1]);
                let span = last.start_s - first.start_s;
                if span <= 0.0 {
                    return last.rate;
                }
                let area: f64 = pieces
                    .windows(2)
                    .map(|w| {
                        let d = w[1].start_s - w[0].start_s;
                        d * (w[0].rate + 0.5 * w[0].slope * d)
                    })
                    .sum();
                area / span
            }
        }
    }

    /// Whether the rate changes with the clock (an MMPP does not: it has a steady state).
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Pieces(_) | Self::Sine { .. } | Self::Times(_))
    }

    /// All rates multiplied.
    #[must_use]
    pub fn scaled(mut self, by: f64) -> Self {
        match &mut self {
            Self::Constant(rate) => *rate *= by,
            Self::Sine { mean, .. } => *mean *= by,
            Self::Mmpp(states) => states.iter_mut().for_each(|s| s.0 *= by),
            Self::Pieces(pieces) => pieces.iter_mut().for_each(|p| {
                p.rate *= by;
                p.slope *= by;
            }),
            Self::Times(times) => times.iter_mut().for_each(|t| *t /= by),
        }
        self
    }

    /// The time at which the integral of the rate since `from_s` reaches `amount`; `None` when it
    /// never does. For [`Curve::Mmpp`] and [`Curve::Times`] the caller keeps the state itself.
    pub fn advance(&self, from_s: f64, amount: f64) -> Option<f64> {
        match self {
            Self::Constant(rate) => (*rate > 0.0).then(|| from_s + amount / rate),
            Self::Sine { mean, swing, period_s, peak_s } => {
                if *mean <= 0.0 {
                    return None;
                }
                let w = std::f64::consts::TAU / period_s;
                let area = |t: f64| {
                    mean * ((t - from_s)
                        + swing / w * ((w * (t - peak_s)).sin() - (w * (from_s - peak_s)).sin()))
                };
                // The integral is monotone: bracket, then bisect to a nanosecond.
                let (mut low, mut high) = (from_s, from_s + amount / mean + 2.0 * swing / w);
                while area(high) < amount {
                    high += *period_s;
                }
                for _ in 0..80 {
                    let middle = 0.5 * (low + high);
                    if area(middle) < amount {
                        low = middle;
                    } else {
                        high = middle;
                    }
                    if high - low < 1e-9 {
                        break;
                    }
                }
                Some(high)
            }
            Self::Pieces(pieces) => advance_pieces(pieces, from_s, amount),
            Self::Mmpp(_) | Self::Times(_) => None,
        }
    }
}

fn advance_pieces(pieces: &[Piece], from_s: f64, amount: f64) -> Option<f64> {
    let mut left = amount;
    let mut at = from_s.max(pieces[0].start_s);
    let mut i = pieces.partition_point(|p| p.start_s <= at).saturating_sub(1);
    loop {
        let p = &pieces[i];
        let end = pieces.get(i + 1).map(|n| n.start_s);
        let rate = (p.rate + p.slope * (at - p.start_s)).max(0.0);
        let slope = if end.is_some() { p.slope } else { 0.0 };
        let area = end.map_or(f64::INFINITY, |e| {
            let d = e - at;
            d * (rate + 0.5 * slope * d).max(0.0)
        });
        if left <= area {
            // Solve rate·d + slope·d²/2 = left for the smaller positive root, in the stable form.
            let root = (rate * rate + 2.0 * slope * left).max(0.0).sqrt();
            let denominator = rate + root;
            return (denominator > 0.0).then(|| at + 2.0 * left / denominator);
        }
        left -= area;
        at = end?;
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_invert_their_own_integral() {
        // 1/s for 10 s, then rising from 1/s by 0.2/s² for 10 s, then 3/s.
        let curve = Curve::Pieces(vec![
            Piece { start_s: 0.0, rate: 1.0, slope: 0.0 },
            Piece { start_s: 10.0, rate: 1.0, slope: 0.2 },
            Piece { start_s: 20.0, rate: 3.0, slope: 0.0 },
        ]);
        assert_eq!(curve.advance(0.0, 5.0), Some(5.0));
        // 10 events in the first piece, ∫ = d + 0.1 d² = 7.5 at d = 5 in the second.
        assert!((curve.advance(0.0, 17.5).unwrap() - 15.0).abs() < 1e-12);
        assert!((curve.advance(0.0, 10.0 + 20.0 + 3.0).unwrap() - 21.0).abs() < 1e-12);
        assert!((curve.mean_rate() - 1.5).abs() < 1e-12);
    }

    #[test]
    fn a_sine_passes_its_mean_in_a_period() {
        let curve = Curve::Sine { mean: 2.0, swing: 0.5, period_s: 100.0, peak_s: 30.0 };
        assert!((curve.advance(0.0, 200.0).unwrap() - 100.0).abs() < 1e-6);
    }

    #[test]
    fn a_rate_that_falls_to_zero_never_arrives() {
        let curve = Curve::Pieces(vec![
            Piece { start_s: 0.0, rate: 1.0, slope: -0.1 },
            Piece { start_s: 10.0, rate: 0.0, slope: 0.0 },
        ]);
        assert_eq!(curve.advance(0.0, 6.0), None);
        assert!((curve.advance(0.0, 5.0).unwrap() - 10.0).abs() < 1e-6);
    }
}
