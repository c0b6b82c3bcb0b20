//! A value's text to what is expected there: numbers, laws, curves, prices. Parameters and populations
//! are resolved here, so that what comes out is final.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use statrs::function::gamma::gamma;

use super::load::{plain_path, read_bytes};
use super::reader::{Backoff, Reader};
use super::spelling::{Argument, Kind, Piece, read};
use super::{Fault, FaultKind, Place};
use crate::dist::{Curve, Distribution, Piece as CurvePiece};
use crate::units::{Dimension, Price, ProblemKind, Quantity};

/// Standard normal quantiles of the percentiles that a law may be given by.
const Z95: f64 = 1.644_853_626_951_472_2;
const Z99: f64 = 2.326_347_874_040_840_8;

/// A value while it is worked out: its text, where it stands, and whom to tell.
#[derive(Clone, Copy)]
pub(super) struct Context<'r> {
    pub(super) reader: &'r Reader,
    pub(super) place: Place,
    pub(super) path: &'r str,
    /// Parameters that are being replaced, to find rings.
    depth: usize,
}

impl<'r> Context<'r> {
    pub(super) const fn new(reader: &'r Reader, place: Place, path: &'r str) -> Self {
        Self { reader, place, path, depth: 0 }
    }

    fn fault(&self, piece: &Piece, kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault::error(kind, self.at(piece), self.path, message)
    }

    fn at(&self, piece: &Piece) -> Place {
        // A value in several lines or with escapes does not stand where its characters are counted.
        self.place.part(piece.offset, piece.width)
    }

    fn wrong<T>(&self, piece: &Piece, kind: FaultKind, message: &str, expected: &str) -> Option<T> {
        let fault = self.fault(piece, kind, message);
        let fault = if expected.is_empty() { fault } else { fault.expected(expected) };
        self.reader.fault(fault);
        None
    }

    /// Reads the grammar of a text.
    pub(super) fn spell(&self, text: &str) -> Option<Piece> {
        match read(text) {
            Ok(piece) => Some(piece),
            Err(wrong) => {
                let kind =
                    if wrong.expected.is_some() { FaultKind::Comma } else { FaultKind::Value };
                let place = self.place.part(wrong.offset, wrong.width);
                let mut fault = Fault::error(kind, place, self.path, wrong.message);
                fault.expected = wrong.expected;
                self.reader.fault(fault);
                None
            }
        }
    }

    /// Replaces a parameter or `uncertain(…)` by its value and hands that on.
    fn resolved<T>(
        &self,
        piece: &Piece,
        work: &dyn Fn(&Context<'_>, &Piece) -> Option<T>,
    ) -> Option<T> {
        match &piece.kind {
            Kind::Atom(text) if text.starts_with('=') => {
                let name = &text[1..];
                let node = self.reader.parameter(name, self.at(piece), self.path)?;
                if self.depth > 16 {
                    let message = format!("`{text}` refers to itself");
                    return self.wrong(piece, FaultKind::Cycle, &message, "");
                }
                let Some(text) = node.text() else {
                    let message = format!("the parameter `{name}` is {}", node.kind());
                    return self.wrong(piece, FaultKind::Shape, &message, "a value");
                };
                let path = format!("parameters.{name}");
                let inner = Context {
                    reader: self.reader,
                    place: node.place,
                    path: &path,
                    depth: self.depth + 1,
                };
                let piece = inner.spell(text)?;
                inner.resolved(&piece, work)
            }
            Kind::Call(name, arguments) if name == "uncertain" => {
                let [best, range] = arguments.as_slice() else {
                    return self.wrong(
                        piece,
                        FaultKind::Value,
                        "`uncertain` takes the best value and its range",
                        "for example `uncertain(3ms 1ms..6ms)`",
                    );
                };
                if let Kind::Atom(range_text) = &range.value.kind
                    && !range_text.contains("..")
                {
                    return self.wrong(
                        &range.value,
                        FaultKind::Value,
                        &format!("`{range_text}` is no range"),
                        "for example `1ms..6ms`",
                    );
                }
                self.best_in_range(&best.value, &range.value)?;
                self.resolved(&best.value, work)
            }
            _ => work(self, piece),
        }
    }

    /// Refuses a best value outside the range it may be in.
    fn best_in_range(&self, best: &Piece, range: &Piece) -> Option<()> {
        let (Kind::Atom(value), Kind::Atom(text)) = (&best.kind, &range.kind) else {
            return Some(());
        };
        let number = |text: &str| {
            let quantity = Quantity::lex(text).ok()?;
            quantity.value(quantity.dimension().unwrap_or(Dimension::Number)).ok().map(|v| v.0)
        };
        let (low, high) = text.split_once("..")?;
        if let (Some(value), Some(low), Some(high)) = (number(value), number(low), number(high))
            && !(low..=high).contains(&value)
        {
            let message = format!("the best value is not in its range `{text}`");
            return self.wrong(best, FaultKind::Range, &message, "");
        }
        Some(())
    }

    /// A number of a dimension, in its base unit.
    pub(super) fn number(&self, piece: &Piece, dimension: Dimension) -> Option<f64> {
        self.resolved(piece, &|me, piece| me.plain_number(piece, dimension))
    }

    fn plain_number(&self, piece: &Piece, dimension: Dimension) -> Option<f64> {
        let Kind::Atom(text) = &piece.kind else {
            let Kind::Call(name, _) = &piece.kind else { return None };
            let message = format!("`{name}(…)` may vary; one value is expected");
            return self.wrong(piece, FaultKind::Value, &message, dimension.described());
        };
        match Quantity::lex(text).and_then(|quantity| quantity.value(dimension)) {
            Ok((value, None)) => Some(value),
            Ok((value, Some(population))) => {
                let of = self.reader.population(population, self.at(piece), self.path)?;
                let product = value * of;
                // Things that are counted are whole; an excess of rounding is none.
                Some(if dimension == Dimension::Count {
                    (product - 1e-9 * product.max(1.0)).ceil().max(0.0)
                } else {
                    product
                })
            }
            Err(problem) => {
                let kind = match problem.kind {
                    ProblemKind::Unit => FaultKind::Unit,
                    ProblemKind::Value => FaultKind::Value,
                    ProblemKind::Range => FaultKind::Range,
                };
                let mut fault = self.fault(piece, kind, problem.message);
                fault.expected = problem.expected;
                self.reader.fault(fault);
                None
            }
        }
    }

    /// A price.
    pub(super) fn price(&self, piece: &Piece, dimension: Dimension) -> Option<Price> {
        self.resolved(piece, &|me, piece| {
            me.plain_number(piece, dimension)?;
            let Kind::Atom(text) = &piece.kind else { return None };
            let (mut price, population) = Quantity::lex(text).ok()?.price(dimension).ok()?;
            if let Some(population) = population {
                let of = me.reader.population(population, me.at(piece), me.path)?;
                price.amount = price.amount.checked_mul(Decimal::from_f64(of)?)?;
            }
            Some(price)
        })
    }

    /// The dimension that a value is of by its first quantity, among those allowed.
    pub(super) fn dimension(&self, piece: &Piece, allowed: &[Dimension]) -> Option<Dimension> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(text) => Quantity::lex(text.split("..").next()?)
                .ok()?
                .dimension()
                .filter(|dimension| allowed.contains(dimension)),
            Kind::Call(_, arguments) => {
                arguments.iter().find_map(|argument| me.dimension(&argument.value, allowed))
            }
        })
    }

    /// A distribution of a dimension. `mean` is what a law without one has (shapes of gaps).
    pub(super) fn dist(
        &self,
        piece: &Piece,
        dimension: Dimension,
        mean: Option<f64>,
    ) -> Option<Distribution> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(_) => me.plain_number(piece, dimension).map(Distribution::Constant),
            Kind::Call(name, arguments) => {
                Law { me, piece, name, arguments, dimension, mean }.build()
            }
        })
    }

    /// A range `low..high` of a dimension.
    fn range(&self, piece: &Piece, dimension: Dimension) -> Option<(f64, f64)> {
        self.resolved(piece, &|me, piece| {
            let Kind::Atom(text) = &piece.kind else {
                return me.wrong(piece, FaultKind::Value, "a range is expected", "`low..high`");
            };
            let Some((low, high)) = text.split_once("..") else {
                let message = format!("`{text}` is no range");
                return me.wrong(piece, FaultKind::Value, &message, "`low..high`, as in `5s..30s`");
            };
            let width = low.chars().count();
            let part = |text: &str, offset: usize| Piece {
                offset: piece.offset + offset,
                width: text.chars().count(),
                kind: Kind::Atom(text.to_owned()),
            };
            let low = me.number(&part(low, 0), dimension)?;
            let high = me.number(&part(high, width + 2), dimension)?;
            if high < low {
                let message = format!("`{text}` ends before it begins");
                return me.wrong(piece, FaultKind::Range, &message, "the lower end first");
            }
            Some((low, high))
        })
    }

    /// A rate over time.
    pub(super) fn curve(&self, piece: &Piece) -> Option<Curve> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(_) => me.plain_number(piece, Dimension::Rate).map(Curve::Constant),
            Kind::Call(name, arguments) => me.curve_call(piece, name, arguments),
        })
    }

    fn curve_call(&self, piece: &Piece, name: &str, arguments: &[Argument]) -> Option<Curve> {
        match name {
            "steps" | "linear" => {
                let points = self.points(piece, arguments, "steps(0s=100/s 10m=300/s)")?;
                if points.windows(2).any(|w| w[1].0 <= w[0].0) {
                    let message = "the times do not rise";
                    return self.wrong(piece, FaultKind::Range, message, "times in order");
                }
                let slope = |i: usize| match points.get(i + 1) {
                    Some(next) if name == "linear" => {
                        (next.1 - points[i].1) / (next.0 - points[i].0)
                    }
                    _ => 0.0,
                };
                let piece_at = |i: usize| CurvePiece {
                    start_s: points[i].0,
                    rate: points[i].1,
                    slope: slope(i),
                };
                Some(Curve::Pieces((0..points.len()).map(piece_at).collect()))
            }
            "mmpp" => {
                let states = self.points(piece, arguments, "mmpp(20s=0.3/s 10s=1.4/s)")?;
                if states.len() < 2 || states.iter().any(|s| s.0 <= 0.0) {
                    return self.wrong(
                        piece,
                        FaultKind::Value,
                        "`mmpp` needs two or more states, each with a mean stay above 0s",
                        "`mmpp(20s=0.3/s 10s=1.4/s)`",
                    );
                }
                Some(Curve::Mmpp(states.iter().map(|s| (s.1, s.0)).collect()))
            }
            "sine" => {
                let law = Law {
                    me: self,
                    piece,
                    name,
                    arguments,
                    dimension: Dimension::Rate,
                    mean: None,
                };
                law.only(&["mean", "swing", "period", "peak_at"])?;
                let mean = self.number(law.argument("mean")?, Dimension::Rate)?;
                let swing = match law.find("swing") {
                    Some(swing) => self.number(swing, Dimension::Ratio)?,
                    None => 0.5,
                };
                let period_s = match law.find("period") {
                    Some(period) => self.number(period, Dimension::Duration)?,
                    None => 86_400.0,
                };
                let peak_s = match law.find("peak_at") {
                    Some(peak) => self.number(peak, Dimension::Duration)?,
                    None => 0.5 * period_s,
                };
                if period_s <= 0.0 {
                    return self.wrong(piece, FaultKind::Range, "the period is 0s", "a period");
                }
                Some(Curve::Sine { mean, swing, period_s, peak_s })
            }
            "trace" => self.trace(piece, arguments),
            _ => {
                let names = ["steps", "linear", "sine", "mmpp", "trace"];
                let message = format!("there is no rate curve `{name}`");
                let fault = self.fault(piece, FaultKind::Word, message).meant(name, names);
                self.reader.fault(fault.expected("`steps`, `linear`, `sine`, `mmpp` or `trace`"));
                None
            }
        }
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
                return self.wrong(
                    &argument.value,
                    FaultKind::Value,
                    message,
                    &format!("`{example}`"),
                );
            };
            let width = key.chars().count();
            let time = Piece {
                offset: argument.value.offset.saturating_sub(width + 1),
                width,
                kind: Kind::Atom(key.clone()),
            };
            let time = self.number(&time, Dimension::Duration)?;
            points.push((time, self.number(&argument.value, Dimension::Rate)?));
        }
        if points.is_empty() {
            return self.wrong(piece, FaultKind::Value, "no points", &format!("`{example}`"));
        }
        Some(points)
    }

    /// Rows of numbers of a file named in a value.
    fn rows(&self, piece: &Piece, arguments: &[Argument], most: usize) -> Option<Vec<Vec<f64>>> {
        let [Argument { key: None, value: Piece { kind: Kind::Atom(name), .. } }] = arguments
        else {
            return self.wrong(
                piece,
                FaultKind::Value,
                "one file is expected",
                "`trace(file.csv)`",
            );
        };
        let path = plain_path(self.reader.directory(self.place.file), name);
        let text = match read_bytes(&path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                let message = format!("`{name}` is not a text file");
                return self.wrong(piece, FaultKind::File, &message, "lines of numbers");
            }
            Err(why) => {
                let message = format!("`{name}` cannot be read: {why}");
                return self.wrong(piece, FaultKind::File, &message, "");
            }
        };
        let mut rows = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            let cells: Option<Vec<f64>> = line
                .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
                .filter(|cell| !cell.is_empty())
                .map(|cell| cell.parse().ok().filter(|x: &f64| x.is_finite() && *x >= 0.0))
                .collect();
            match cells {
                Some(cells) if (1..=2).contains(&cells.len()) => rows.push(cells),
                // A heading may stand in the first line.
                _ if rows.is_empty() && number == 0 => {}
                _ => {
                    let message = format!("`{name}`, line {}: no numbers", number + 1);
                    return self.wrong(
                        piece,
                        FaultKind::Value,
                        &message,
                        "one or two numbers a line",
                    );
                }
            }
            if rows.len() > most {
                let message = format!("`{name}` has more than {most} lines");
                return self.wrong(piece, FaultKind::Range, &message, "");
            }
        }
        if rows.is_empty() {
            let message = format!("`{name}` holds no numbers");
            return self.wrong(piece, FaultKind::Value, &message, "one or two numbers a line");
        }
        Some(rows)
    }

    fn trace(&self, piece: &Piece, arguments: &[Argument]) -> Option<Curve> {
        let rows = self.rows(piece, arguments, 1_000_000)?;
        if rows.windows(2).any(|w| w[1][0] < w[0][0]) {
            return self.wrong(piece, FaultKind::Range, "the times do not rise", "times in order");
        }
        if rows.iter().all(|row| row.len() == 1) {
            return Some(Curve::Times(rows.into_iter().map(|row| row[0]).collect()));
        }
        let piece_of = |row: &Vec<f64>| CurvePiece {
            start_s: row[0],
            rate: row.get(1).copied().unwrap_or(0.0),
            slope: 0.0,
        };
        Some(Curve::Pieces(rows.iter().map(piece_of).collect()))
    }

    /// `uniform` or `zipf(0.9)`.
    pub(super) fn popularity(&self, piece: &Piece) -> Option<f64> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(word) if word == "uniform" => Some(0.0),
            Kind::Call(name, arguments) if name == "zipf" && arguments.len() == 1 => {
                let exponent = me.number(&arguments[0].value, Dimension::Number)?;
                if exponent > 10.0 {
                    let message = "a zipf exponent is at most 10";
                    return me.wrong(piece, FaultKind::Range, message, "for example `zipf(0.9)`");
                }
                Some(exponent)
            }
            _ => me.wrong(
                piece,
                FaultKind::Value,
                "this is no popularity",
                "`uniform` or `zipf(0.9)`",
            ),
        })
    }

    /// A pause before a repeat.
    pub(super) fn backoff(&self, piece: &Piece) -> Option<Backoff> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Call(name, arguments) if name == "doubling" => {
                let law =
                    Law { me, piece, name, arguments, dimension: Dimension::Duration, mean: None };
                law.only(&["", "max", "jitter"])?;
                let first_s = me.number(law.argument("")?, Dimension::Duration)?;
                let max_s = match law.find("max") {
                    Some(max) => me.number(max, Dimension::Duration)?,
                    None => f64::INFINITY,
                };
                let jitter = match law.find("jitter") {
                    Some(Piece { kind: Kind::Atom(word), .. }) if word == "full" => None,
                    Some(jitter) => Some(me.number(jitter, Dimension::Ratio)?),
                    None => Some(0.0),
                };
                if max_s < first_s {
                    let message = "max is shorter than the first pause";
                    return me.wrong(piece, FaultKind::Range, message, "");
                }
                Some(Backoff::Doubling { first_s, max_s, jitter })
            }
            _ => me.dist(piece, Dimension::Duration, None).map(Backoff::Drawn),
        })
    }

    /// The shape of gaps between arrivals, with mean 1; inner `None` is Poisson.
    pub(super) fn gaps(&self, piece: &Piece) -> Option<Option<Distribution>> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(word) if word == "poisson" => Some(None),
            Kind::Atom(word) if word == "even" => Some(Some(Distribution::Constant(1.0))),
            Kind::Call(..) => {
                let dist = me.dist(piece, Dimension::Number, Some(1.0))?;
                let mean = dist.mean();
                if mean <= 0.0 {
                    let message = "gaps between arrivals need a mean above 0";
                    return me.wrong(piece, FaultKind::Range, message, "");
                }
                Some(Some(dist.scaled(1.0 / mean)))
            }
            Kind::Atom(word) => {
                let message = format!("`{word}` is no shape of arrivals");
                let fault = me
                    .fault(piece, FaultKind::Word, message)
                    .meant(word, ["poisson", "even"])
                    .expected("`poisson`, `even`, or a shape such as `erlang(stages=2)`");
                me.reader.fault(fault);
                None
            }
        })
    }
}

/// A law that is written as a call.
struct Law<'a, 'r> {
    me: &'a Context<'r>,
    piece: &'a Piece,
    name: &'a str,
    arguments: &'a [Argument],
    dimension: Dimension,
    mean: Option<f64>,
}

const LAWS: [&str; 12] = [
    "exp",
    "uniform",
    "lognormal",
    "gamma",
    "erlang",
    "weibull",
    "pareto",
    "hyperexp",
    "mix",
    "empirical",
    "geometric",
    "poisson",
];

impl Law<'_, '_> {
    fn find(&self, key: &str) -> Option<&Piece> {
        let wanted = (!key.is_empty()).then_some(key);
        self.arguments.iter().find(|a| a.key.as_deref() == wanted).map(|a| &a.value)
    }

    /// A required argument; `""` is the one without a key.
    fn argument(&self, key: &str) -> Option<&Piece> {
        if let Some(piece) = self.find(key) {
            return Some(piece);
        }
        let name = self.name;
        let message = if key.is_empty() {
            format!("`{name}` needs a value")
        } else {
            format!("`{name}` needs `{key}=`")
        };
        self.me.wrong(self.piece, FaultKind::Value, &message, &self.example())
    }

    fn example(&self) -> String {
        let example = match self.name {
            "exp" => "exp(20ms)",
            "uniform" => "uniform(5s..30s)",
            "lognormal" => "lognormal(mean=20ms p95=60ms), with two of mean, p50, p95, p99 and cv",
            "gamma" => "gamma(mean=20ms cv=0.5)",
            "erlang" => "erlang(mean=20ms stages=3)",
            "weibull" => "weibull(mean=20ms cv=0.5)",
            "pareto" => "pareto(alpha=1.5 min=1ms max=10s)",
            "hyperexp" => "hyperexp(mean=20ms cv=2)",
            "mix" => "mix(90% exp(5ms) 10% exp(80ms))",
            "empirical" => "empirical(file.csv)",
            "doubling" => "doubling(200ms max=5s jitter=50%)",
            "sine" => "sine(mean=100/s swing=50% period=24h peak_at=14h)",
            name => return format!("`{name}(mean=…)`"),
        };
        format!("`{example}`")
    }

    /// Refuses keys that the law does not have, and keys that stand twice.
    fn only(&self, keys: &[&str]) -> Option<()> {
        for (i, argument) in self.arguments.iter().enumerate() {
            let key = argument.key.as_deref().unwrap_or("");
            let name = self.name;
            if !keys.contains(&key) {
                let message = if key.is_empty() {
                    format!("`{name}` takes no value without a name")
                } else {
                    format!("`{name}` has no `{key}=`")
                };
                let fault = self
                    .me
                    .fault(&argument.whole(), FaultKind::Value, message)
                    .meant(key, keys.iter().copied())
                    .expected(self.example());
                self.me.reader.fault(fault);
                return None;
            }
            let twice = self.arguments[..i].iter().any(|a| a.key.as_deref().unwrap_or("") == key);
            if twice && name != "mix" {
                let message = if key.is_empty() {
                    format!("`{name}` has two values without a name")
                } else {
                    format!("`{key}=` stands twice")
                };
                return self.me.wrong(
                    &argument.whole(),
                    FaultKind::Value,
                    &message,
                    &self.example(),
                );
            }
        }
        Some(())
    }

    fn of(&self, key: &str) -> Option<f64> {
        self.me.number(self.argument(key)?, self.dimension)
    }

    fn plain(&self, key: &str) -> Option<f64> {
        self.me.number(self.argument(key)?, Dimension::Number)
    }

    /// The mean, given or implied.
    fn mean(&self) -> Option<f64> {
        match (self.find("mean"), self.mean) {
            (None, Some(mean)) => Some(mean),
            _ => self.positive("mean"),
        }
    }

    fn positive(&self, key: &str) -> Option<f64> {
        let value = self.of(key)?;
        if value > 0.0 {
            return Some(value);
        }
        let message = format!("{key} of 0: `{}` needs one above 0", self.name);
        self.me.wrong(self.argument(key)?, FaultKind::Range, &message, &self.example())
    }

    fn cv(&self) -> Option<f64> {
        let cv = self.plain("cv")?;
        if cv > 100.0 {
            let message = "a coefficient of variation is at most 100";
            return self.me.wrong(self.argument("cv")?, FaultKind::Range, message, "");
        }
        Some(cv)
    }

    fn refuse<T>(&self, message: &str) -> Option<T> {
        self.me.wrong(self.piece, FaultKind::Range, message, &self.example())
    }

    fn build(&self) -> Option<Distribution> {
        let dist = self.law()?;
        if self.name == "pareto" {
            return Some(dist);
        }
        let bound = |key: &str| match self.find(key) {
            Some(piece) => self.me.number(piece, self.dimension).map(Some),
            None => Some(None),
        };
        let (low, high) = (bound("min")?, bound("max")?);
        if low.is_none() && high.is_none() {
            return Some(dist);
        }
        let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(f64::INFINITY));
        if high < low {
            return self.refuse("max is less than min");
        }
        Some(Distribution::Clipped { inner: Box::new(dist), low, high })
    }

    fn law(&self) -> Option<Distribution> {
        match self.name {
            "exp" => {
                self.only(&["", "mean", "min", "max"])?;
                let key = if self.find("").is_some() { "" } else { "mean" };
                let mean = match (self.find(key), self.mean) {
                    (None, Some(mean)) => mean,
                    _ => {
                        // The value itself may be uncertain or a parameter.
                        self.me.number(self.argument(key)?, self.fractional())?
                    }
                };
                Some(Distribution::Exponential { mean })
            }
            "uniform" => {
                self.only(&["", "min", "max"])?;
                let (low, high) = self.me.range(self.argument("")?, self.dimension)?;
                Some(Distribution::Uniform { low, high })
            }
            "lognormal" => self.lognormal(),
            "gamma" => {
                self.only(&["mean", "cv", "min", "max"])?;
                let (mean, cv) = (self.mean()?, self.cv()?);
                if cv == 0.0 {
                    return Some(Distribution::Constant(mean));
                }
                let shape = 1.0 / (cv * cv);
                Some(Distribution::Gamma { shape, scale: mean / shape })
            }
            "erlang" => {
                self.only(&["mean", "stages", "min", "max"])?;
                let stages = self.me.number(self.argument("stages")?, Dimension::Count)?;
                if !(1.0..=1000.0).contains(&stages) {
                    return self.refuse("stages are from 1 to 1000");
                }
                Some(Distribution::erlang(self.mean()?, stages as u32))
            }
            "weibull" => {
                self.only(&["mean", "cv", "min", "max"])?;
                let (mean, cv) = (self.mean()?, self.cv()?);
                if !(0.02..=20.0).contains(&cv) {
                    return self.refuse("the cv of a weibull is from 0.02 to 20");
                }
                let shape = weibull_shape(cv);
                Some(Distribution::Weibull { shape, scale: mean / gamma(1.0 + 1.0 / shape) })
            }
            "pareto" => {
                self.only(&["alpha", "min", "max"])?;
                let alpha = self.plain("alpha")?;
                let low = self.positive("min")?;
                let high = match self.find("max") {
                    Some(max) => self.me.number(max, self.dimension)?,
                    None => f64::INFINITY,
                };
                if alpha <= 0.0 || alpha > 100.0 {
                    return self.refuse("alpha is above 0 and at most 100");
                }
                if high < low {
                    return self.refuse("max is less than min");
                }
                if alpha <= 1.0 && high.is_infinite() {
                    return self.refuse("a pareto of alpha up to 1 without max has no finite mean");
                }
                Some(Distribution::Pareto { alpha, low, high })
            }
            "hyperexp" => {
                self.only(&["mean", "cv", "min", "max"])?;
                let (mean, cv) = (self.mean()?, self.cv()?);
                if cv < 1.0 {
                    return self.refuse("the cv of a hyperexp is 1 or more");
                }
                Some(Distribution::hyperexponential(mean, cv))
            }
            "mix" => self.mix(),
            "empirical" => self.empirical(),
            "geometric" | "poisson" => {
                self.only(&["mean", "min", "max"])?;
                if self.dimension != Dimension::Count {
                    let message = format!("`{}` is a law of counts", self.name);
                    return self.me.wrong(
                        self.piece,
                        FaultKind::Unit,
                        &message,
                        self.dimension.described(),
                    );
                }
                let mean = self.plain("mean")?;
                if mean > 1e9 {
                    return self.refuse("the mean is too large");
                }
                Some(if self.name == "geometric" {
                    Distribution::Geometric { mean }
                } else {
                    Distribution::Poisson { mean }
                })
            }
            name => {
                let message = format!("there is no distribution `{name}`");
                let fault = self.me.fault(self.piece, FaultKind::Word, message).meant(name, LAWS);
                let all = LAWS.map(|law| format!("`{law}`")).join(", ");
                self.me.reader.fault(fault.expected(format!("one of {all}")));
                None
            }
        }
    }

    /// A mean of counts need not be whole.
    fn fractional(&self) -> Dimension {
        if self.dimension == Dimension::Count { Dimension::Number } else { self.dimension }
    }

    fn lognormal(&self) -> Option<Distribution> {
        self.only(&["mean", "p50", "p95", "p99", "cv", "min", "max"])?;
        let given: Vec<&str> = ["mean", "p50", "p95", "p99", "cv"]
            .into_iter()
            .filter(|key| self.find(key).is_some())
            .collect();
        let implied = self.mean.is_some() && given == ["cv"];
        if given.len() != 2 && !implied {
            return self.me.wrong(
                self.piece,
                FaultKind::Value,
                "`lognormal` needs two of mean, p50, p95, p99 and cv",
                &self.example(),
            );
        }
        let value = |key: &str| self.find(key).is_some().then(|| self.positive(key));
        let has = |key: &str| given.contains(&key);
        let cv = if has("cv") { Some(self.cv()?) } else { None };
        let sigma_of_cv = cv.map(|cv| (1.0 + cv * cv).ln().sqrt());
        // mu + z·sigma = ln(quantile); mean: mu + sigma²/2.
        let level = |key: &str| match key {
            "p95" => Z95,
            "p99" => Z99,
            _ => 0.0,
        };
        if let Some(sigma) = sigma_of_cv {
            let other = given.iter().copied().find(|key| *key != "cv").unwrap_or("mean");
            let x = match (self.find(other), self.mean) {
                (None, Some(mean)) => mean,
                _ => value(other)??,
            };
            let mu = if other == "mean" {
                x.ln() - 0.5 * sigma * sigma
            } else {
                x.ln() - level(other) * sigma
            };
            return Some(Distribution::LogNormal { mu, sigma });
        }
        let (a, b) = (value(given[0])??, value(given[1])??);
        if given[0] == "mean" {
            let (z, log) = (level(given[1]), (b / a).ln());
            // ln(q / mean) = z·σ − σ²/2, the smaller root (the larger is a law with an absurd tail).
            let root = z * z - 2.0 * log;
            let sigma = z - root.max(0.0).sqrt();
            if given[1] == "p50" {
                if b > a {
                    return self.refuse("the median of a lognormal is not above its mean");
                }
                let sigma = (-2.0 * log).max(0.0).sqrt();
                return Some(Distribution::LogNormal { mu: b.ln(), sigma });
            }
            if root < 0.0 {
                let most = (z * z / 2.0).exp();
                return self.refuse(&format!(
                    "no lognormal has its {} at {:.2} times its mean: at most {most:.2} times",
                    given[1],
                    b / a
                ));
            }
            if sigma < 0.0 {
                return self.refuse(&format!("the {} is not below the mean", given[1]));
            }
            return Some(Distribution::LogNormal { mu: a.ln() - 0.5 * sigma * sigma, sigma });
        }
        let (za, zb) = (level(given[0]), level(given[1]));
        if b < a {
            return self.refuse(&format!("the {} is not below the {}", given[1], given[0]));
        }
        let sigma = (b / a).ln() / (zb - za);
        Some(Distribution::LogNormal { mu: a.ln() - za * sigma, sigma })
    }

    fn mix(&self) -> Option<Distribution> {
        self.only(&["", "min", "max"])?;
        let values: Vec<&Piece> =
            self.arguments.iter().filter(|a| a.key.is_none()).map(|a| &a.value).collect();
        if values.is_empty() || values.len() % 2 != 0 {
            let message = "`mix` needs pairs of a share and a law";
            return self.me.wrong(self.piece, FaultKind::Value, message, &self.example());
        }
        let mut parts = Vec::new();
        let mut sum = 0.0;
        for pair in values.chunks(2) {
            sum += self.me.number(pair[0], Dimension::Ratio)?;
            parts.push((sum, self.me.dist(pair[1], self.dimension, self.mean)?));
        }
        if (sum - 1.0).abs() > 1e-5 {
            let message = format!("the shares sum to {}%, not 100%", (sum * 1e5).round() / 1e3);
            return self.me.wrong(self.piece, FaultKind::Shares, &message, &self.example());
        }
        if let Some(last) = parts.last_mut() {
            last.0 = 1.0;
        }
        Some(Distribution::Mix(parts))
    }

    fn empirical(&self) -> Option<Distribution> {
        let rows = self.me.rows(self.piece, self.arguments, 100_000)?;
        let total: f64 = rows.iter().map(|row| row.get(1).copied().unwrap_or(1.0)).sum();
        if total <= 0.0 {
            return self.refuse("the weights sum to 0");
        }
        let mut sum = 0.0;
        let mut values: Vec<(f64, f64)> = rows
            .iter()
            .map(|row| {
                sum += row.get(1).copied().unwrap_or(1.0) / total;
                (sum, row[0])
            })
            .collect();
        if let Some(last) = values.last_mut() {
            last.0 = 1.0;
        }
        Some(Distribution::Empirical(values))
    }
}

/// The shape of a Weibull law of this coefficient of variation, by bisection.
fn weibull_shape(cv: f64) -> f64 {
    let cv_of = |shape: f64| {
        let first = gamma(1.0 + 1.0 / shape);
        (gamma(1.0 + 2.0 / shape) / (first * first) - 1.0).max(0.0).sqrt()
    };
    let (mut low, mut high) = (0.15_f64, 100.0_f64);
    for _ in 0..100 {
        let middle = (low * high).sqrt();
        if cv_of(middle) > cv { low = middle } else { high = middle }
    }
    (low * high).sqrt()
}
