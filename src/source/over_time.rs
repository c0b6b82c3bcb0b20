//! The spelling of rates over time, and of the gaps between arrivals.

use super::FaultKind;
use super::data::rows;
use super::spelling::{Argument, Kind, Piece};
use super::value::Context;
use crate::dist::{Curve, Distribution, Piece as CurvePiece};
use crate::units::Dimension;

const CURVES: [(&str, &str); 5] = [
    ("steps", "steps(0s=100/s 10m=300/s)"),
    ("linear", "linear(0s=100/s 10m=300/s)"),
    ("sine", "sine(mean=100/s swing=50% period=24h peak_at=14h)"),
    ("mmpp", "mmpp(20s=5/s 10s=50/s)"),
    ("trace", "trace(file.csv)"),
];

/// Most lines of a trace.
const MAX_LINES: usize = 1_000_000;

impl Context<'_> {
    /// A rate over time.
    pub(super) fn curve(&self, piece: &Piece) -> Option<Curve> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(_) => me.plain_number(piece, Dimension::Rate).map(Curve::Constant),
            Kind::Call(name, arguments) => {
                let Some((name, example)) = CURVES.iter().find(|curve| curve.0 == name) else {
                    let names = || CURVES.iter().map(|curve| curve.0);
                    let message = format!("there is no rate curve `{name}`");
                    let fault = me.fault(piece, FaultKind::Word, message).meant(name, names());
                    let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                    me.reader.fault(fault.expected(format!("one of {}", all.join(", "))));
                    return None;
                };
                let example = format!("`{example}`");
                match *name {
                    "mmpp" => me.mmpp(piece, arguments, &example),
                    "sine" => me.sine(piece, arguments, &example),
                    "trace" => me.trace(piece, arguments, &example),
                    name => me.pieces(piece, arguments, &example, name == "linear"),
                }
            }
        })
    }

    fn pieces(
        &self,
        piece: &Piece,
        arguments: &[Argument],
        example: &str,
        is_linear: bool,
    ) -> Option<Curve> {
        let points = self.points(piece, arguments, example)?;
        if let Some(i) = (1..points.len()).find(|i| points[*i].0 <= points[i - 1].0) {
            let (key, before) = (&arguments[i].key, &arguments[i - 1].key);
            let message = format!(
                "the times do not rise: `{}` after `{}`",
                key.as_deref().unwrap_or(""),
                before.as_deref().unwrap_or("")
            );
            return self.wrong(&arguments[i].whole(), FaultKind::Range, &message, "times in order");
        }
        let slope = |i: usize| match points.get(i + 1) {
            Some(next) if is_linear => (next.1 - points[i].1) / (next.0 - points[i].0),
            _ => 0.0,
        };
        let at = |(i, point): (usize, &(f64, f64))| CurvePiece {
            start_s: point.0,
            rate: point.1,
            slope: slope(i),
        };
        Some(Curve::Pieces(points.iter().enumerate().map(at).collect()))
    }

    fn mmpp(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Curve> {
        let states = self.points(piece, arguments, example)?;
        if let Some(i) = states.iter().position(|state| state.0 <= 0.0) {
            let message = "a mean stay is longer than 0s";
            return self.wrong(&arguments[i].whole(), FaultKind::Range, message, example);
        }
        if states.len() < 2 {
            let message = "`mmpp` has two states or more, each a mean stay and its rate";
            return self.wrong(piece, FaultKind::Value, message, example);
        }
        Some(Curve::Mmpp(states.into_iter().map(|(stay_s, rate)| (rate, stay_s)).collect()))
    }

    fn sine(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Curve> {
        let allowed = ["mean", "swing", "period", "peak_at"];
        self.named(arguments, &allowed, "sine", example)?;
        let find = |key: &str| {
            let found = arguments.iter().find(|argument| argument.key.as_deref() == Some(key));
            found.map(|argument| &argument.value)
        };
        let need = |key: &str| {
            find(key).or_else(|| {
                let message = format!("`sine` needs `{key}=`");
                self.wrong(piece, FaultKind::Value, &message, example)
            })
        };
        let mean = self.number(need("mean")?, Dimension::Rate)?;
        let swing = self.number(need("swing")?, Dimension::Ratio)?;
        let period = need("period")?;
        let period_s = self.number(period, Dimension::Duration)?;
        if period_s <= 0.0 {
            return self.wrong(period, FaultKind::Range, "the period is longer than 0s", example);
        }
        // Without a word about the peak a run begins in the trough.
        let peak_s = match find("peak_at") {
            Some(peak) => self.number(peak, Dimension::Duration)?,
            None => 0.5 * period_s,
        };
        Some(Curve::Sine { mean, swing, period_s, peak_s })
    }

    fn trace(&self, piece: &Piece, arguments: &[Argument], example: &str) -> Option<Curve> {
        let [Argument { key: None, value: Piece { kind: Kind::Atom(name), .. } }] = arguments
        else {
            let message = "`trace` takes the name of one file";
            return self.wrong(piece, FaultKind::Value, message, example);
        };
        let rows = rows(self, piece, name, [Dimension::Duration, Dimension::Rate], MAX_LINES)?;
        let bare = rows.iter().all(|row| row.len() == 1);
        if !bare && rows.iter().any(|row| row.len() == 1) {
            let message = format!("`{name}` has lines with and lines without a rate");
            return self.wrong(piece, FaultKind::Value, &message, "`time, rate`, or bare times");
        }
        if rows.windows(2).any(|w| w[1][0] < w[0][0] || (!bare && w[1][0] <= w[0][0])) {
            let message = format!("the times of `{name}` do not rise");
            return self.wrong(piece, FaultKind::Range, &message, "times in order");
        }
        if bare {
            return Some(Curve::Times(rows.into_iter().map(|row| row[0]).collect()));
        }
        let at = |row: &Vec<f64>| CurvePiece { start_s: row[0], rate: row[1], slope: 0.0 };
        Some(Curve::Pieces(rows.iter().map(at).collect()))
    }

    /// `time=rate` pairs.
    fn points(
        &self,
        piece: &Piece,
        arguments: &[Argument],
        example: &str,
    ) -> Option<Vec<(f64, f64)>> {
        let mut points = Vec::new();
        for argument in arguments {
            let Some(key) = &argument.key else {
                let message = "each point is a time and a rate";
                return self.wrong(&argument.value, FaultKind::Value, message, example);
            };
            let time = Piece {
                width: key.chars().count(),
                kind: Kind::Atom(key.clone()),
                ..argument.whole()
            };
            let time = self.number(&time, Dimension::Duration)?;
            points.push((time, self.number(&argument.value, Dimension::Rate)?));
        }
        if points.is_empty() {
            return self.wrong(piece, FaultKind::Value, "there are no points", example);
        }
        Some(points)
    }

    /// Refuses arguments without a key, with an unknown one, and keys that stand twice.
    pub(super) fn named(
        &self,
        arguments: &[Argument],
        allowed: &[&str],
        name: &str,
        example: &str,
    ) -> Option<()> {
        for (i, argument) in arguments.iter().enumerate() {
            let Some(key) = argument.key.as_deref() else {
                let message = format!("`{name}` names its arguments");
                return self.wrong(&argument.value, FaultKind::Value, &message, example);
            };
            if !allowed.contains(&key) {
                let message = format!("`{name}` has no `{key}=`");
                let fault = self.fault(&argument.whole(), FaultKind::Value, message);
                self.reader.fault(fault.meant(key, allowed.iter().copied()).expected(example));
                return None;
            }
            if arguments[..i].iter().any(|known| known.key == argument.key) {
                let message = format!("`{key}` stands twice");
                return self.wrong(&argument.whole(), FaultKind::Value, &message, example);
            }
        }
        Some(())
    }

    /// The shape of gaps between arrivals, with mean 1; `None` is Poisson (or faulty).
    pub(super) fn gaps(&self, piece: &Piece) -> Option<Distribution> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(word) if word == "poisson" => None,
            Kind::Atom(word) if word == "even" => Some(Distribution::Constant(1.0)),
            Kind::Call(..) => {
                let dist = me.dist(piece, Dimension::Number, Some(1.0))?;
                let mean = dist.mean();
                if mean <= 0.0 {
                    let message = "gaps between arrivals have a mean above 0";
                    return me.wrong(piece, FaultKind::Range, message, "");
                }
                Some(dist.scaled(1.0 / mean))
            }
            Kind::Atom(word) => {
                let message = format!("`{word}` is no shape of arrivals");
                let fault =
                    me.fault(piece, FaultKind::Word, message).meant(word, ["poisson", "even"]);
                let expected = "`poisson`, `even`, or a shape such as `erlang(stages=2)`";
                me.reader.fault(fault.expected(expected));
                None
            }
        })
    }
}
