//! `[ "$" ] number [ unit ] { "/" name }`: first its parts, then the number in the base unit of what is
//! expected.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::dimension::{self, MAX_BYTES, MAX_NUMBER, MAX_RATE, MAX_SECONDS, Scale};
use super::{Dimension, Per, Price};

/// What a price may be for.
const PRICED: [&str; 8] = ["mo", "h", "min", "GB", "request", "message", "job", "connection"];

/// What is wrong with a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which kind.
    pub kind: ProblemKind,
    /// In words, without a full stop.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
}

/// Kinds of problems with a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Missing, unknown or wrong unit.
    Unit,
    /// No such value.
    Value,
    /// Too large, too small, negative.
    Range,
}

impl Problem {
    fn new(kind: ProblemKind, message: String) -> Self {
        Self { kind, message, expected: None }
    }

    fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }
}

/// A quantity in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity<'a> {
    /// As it is written.
    pub text: &'a str,
    /// Whether a minus stands before it.
    pub negative: bool,
    /// Whether `$` stands before it.
    pub dollars: bool,
    /// Digits and point, without `_`.
    pub number: String,
    /// What follows the number, up to the first stroke.
    pub unit: &'a str,
    /// What follows each stroke.
    pub per: Vec<&'a str>,
}

impl<'a> Quantity<'a> {
    /// Whether a text is meant as a quantity: it begins like a number.
    pub fn begins(text: &str) -> bool {
        let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
        let rest = rest.strip_prefix(['$', '€', '£', '¥']).unwrap_or(rest);
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        rest.starts_with(|c: char| c.is_ascii_digit())
    }

    /// The parts of a quantity.
    ///
    /// # Errors
    /// It is no number, or a number that is written in another way (an exponent, a comma).
    pub fn lex(text: &'a str) -> Result<Self, Problem> {
        let value = |message: String| Problem::new(ProblemKind::Value, message);
        let rest = text.strip_prefix('-').unwrap_or(text);
        let negative = rest.len() < text.len();
        if rest.starts_with(['€', '£', '¥']) {
            let message = format!("`{text}`: prices are in dollars");
            let expected = format!("`$`, as in `{}`", rest.replacen(['€', '£', '¥'], "$", 1));
            return Err(Problem::new(ProblemKind::Unit, message).expected(expected));
        }
        let (dollars, rest) = match rest.strip_prefix('$') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        if rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            let message = format!("`{text}` begins with a point");
            return Err(value(message).expected(format!("`{}`", text.replacen('.', "0.", 1))));
        }
        if !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(value(format!("`{text}` is no number")));
        }
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '_' || c == '.'));
        let (digits, tail) = rest.split_at(end.unwrap_or(rest.len()));
        if tail.starts_with(',') && tail[1..].starts_with(|c: char| c.is_ascii_digit()) {
            let group = tail[1..].chars().take_while(char::is_ascii_digit).count() == 3;
            let mark = if group { "_" } else { "." };
            let message = format!("a comma inside of the number `{text}`");
            return Err(value(message).expected(format!("`{}`", text.replacen(',', mark, 1))));
        }
        let groups_are_fine = !digits.contains("__")
            && !digits.ends_with('_')
            && !digits.contains("_.")
            && !digits.contains("._");
        if !groups_are_fine {
            let message = format!("`{text}`: digits may be grouped by single `_` between digits");
            return Err(value(message).expected("digits such as `50_000`"));
        }
        if digits.ends_with('.') || digits.matches('.').count() > 1 {
            return Err(value(format!("`{text}` is no number")).expected("digits and one fraction"));
        }
        let after_e = tail.strip_prefix(['e', 'E']).map(|t| t.trim_start_matches(['+', '-']));
        if after_e.is_some_and(|t| t.starts_with(|c: char| c.is_ascii_digit())) {
            let message = format!("`{text}` has an exponent");
            return Err(value(message).expected("a number written out, such as `100_000`"));
        }
        let mut parts = tail.split('/');
        let unit = parts.next().unwrap_or("");
        if unit.contains(|c: char| c.is_whitespace()) {
            let joined: String = text.split_whitespace().collect();
            let message = format!("`{text}`: the unit stands right behind the number");
            return Err(value(message).expected(format!("`{joined}`")));
        }
        let number = digits.chars().filter(|c| *c != '_').collect();
        Ok(Self { text, negative, dollars, number, unit, per: parts.collect() })
    }

    /// What it is of, judged by its unit alone.
    pub fn dimension(&self) -> Option<Dimension> {
        let first = self.per.first().copied();
        let is_time = first.is_some_and(|per| dimension::duration(per).is_some());
        Some(match self.unit {
            "" if self.dollars && first == Some("mo") => Dimension::Money,
            _ if self.dollars => Dimension::Price,
            "" if is_time => Dimension::Rate,
            "" => Dimension::Count,
            "%" if is_time => Dimension::Growth,
            "%" => Dimension::Ratio,
            "x" => Dimension::Factor,
            unit if is_time && dimension::volume(unit).is_some() => Dimension::Bandwidth,
            unit if dimension::duration(unit).is_some() => Dimension::Duration,
            unit if dimension::size(unit).is_some() => Dimension::Bytes,
            _ => return None,
        })
    }

    /// The number in the base unit of `dimension` (of a count or a price: the bare number), and the
    /// name of the population that it is per.
    ///
    /// # Errors
    /// Its unit is another one, or it is out of range.
    pub fn value(&self, dimension: Dimension) -> Result<(f64, Option<&'a str>), Problem> {
        let (scale, used) = self.scale(dimension)?;
        let population = self.population(dimension, used)?;
        if self.negative {
            let message = format!("`{}` is negative", self.text);
            return Err(Problem::new(ProblemKind::Range, message).expected(dimension.described()));
        }
        let number = f64::from_str(&self.number).unwrap_or(f64::INFINITY);
        let value = number * scale.0 / scale.1;
        self.check_range(dimension, value)?;
        if dimension == Dimension::Count && population.is_none() && value.fract() != 0.0 {
            let message = format!("`{}` is not a whole number", self.text);
            return Err(Problem::new(ProblemKind::Value, message).expected(dimension.described()));
        }
        Ok((value, population))
    }

    /// A price, and the name of the population that it is per.
    ///
    /// # Errors
    /// As for [`Quantity::value`]; also more digits than a decimal number holds.
    pub fn price(&self, dimension: Dimension) -> Result<(Price, Option<&'a str>), Problem> {
        let (_, population) = self.value(dimension)?;
        let per = match self.per.first().copied() {
            Some("h") => Per::Hour,
            Some("min") => Per::Minute,
            Some("GB") => Per::Gigabyte,
            Some("request") => Per::Request,
            Some("message") => Per::Message,
            Some("job") => Per::Job,
            Some("connection") => Per::Connection,
            _ => Per::Month,
        };
        let Ok(amount) = Decimal::from_str_exact(&self.number) else {
            let message = format!("`{}` has more digits than can be counted with", self.text);
            return Err(Problem::new(ProblemKind::Range, message));
        };
        Ok((Price { amount, per }, population))
    }

    /// How the number becomes one in the base unit, and how many strokes belong to the unit.
    fn scale(&self, dimension: Dimension) -> Result<(Scale, usize), Problem> {
        let one = (1.0, 1.0);
        let per = self.per.first().copied();
        let money = matches!(dimension, Dimension::Price | Dimension::Money);
        if self.dollars != money {
            return Err(self.unit_problem(dimension));
        }
        let per_time = || per.and_then(dimension::duration);
        let found = match dimension {
            Dimension::Count => match self.unit {
                "" => Some((one, 0)),
                "%" if per.is_some() => Some(((1.0, 100.0), 0)),
                _ => None,
            },
            Dimension::Number => (self.unit.is_empty()).then_some((one, 0)),
            Dimension::Ratio => (self.unit == "%").then_some(((1.0, 100.0), 0)),
            Dimension::Factor => match self.unit {
                "%" => Some(((1.0, 100.0), 0)),
                "x" => Some((one, 0)),
                _ => None,
            },
            Dimension::Duration => dimension::duration(self.unit).map(|scale| (scale, 0)),
            Dimension::Bytes => dimension::size(self.unit).map(|scale| (scale, 0)),
            Dimension::Bandwidth => dimension::volume(self.unit)
                .zip(per_time())
                .map(|(bytes, time)| ((bytes.0 * time.1, bytes.1 * time.0), 1)),
            Dimension::Rate => {
                per_time().filter(|_| self.unit.is_empty()).map(|time| ((time.1, time.0), 1))
            }
            Dimension::Price => (self.unit.is_empty()
                && per.is_some_and(|per| PRICED.contains(&per)))
            .then_some((one, 1)),
            Dimension::Money => (self.unit.is_empty() && per == Some("mo")).then_some((one, 1)),
            Dimension::Growth => {
                (self.unit == "%" && per == Some("mo")).then_some(((1.0, 100.0), 1))
            }
        };
        found.ok_or_else(|| self.unit_problem(dimension))
    }

    fn population(&self, dimension: Dimension, used: usize) -> Result<Option<&'a str>, Problem> {
        let rest = &self.per[used..];
        let wrong = |message: String| Err(Problem::new(ProblemKind::Unit, message));
        match rest {
            [] => Ok(None),
            [name] if !name.is_empty() => {
                let multiplied = matches!(
                    dimension,
                    Dimension::Count
                        | Dimension::Rate
                        | Dimension::Bytes
                        | Dimension::Bandwidth
                        | Dimension::Price
                        | Dimension::Money
                );
                if dimension::duration(name).is_some() {
                    return Err(self.unit_problem(dimension));
                }
                if multiplied {
                    return Ok(Some(name));
                }
                let noun = dimension.noun();
                let message = format!("`{}`: {noun} is not multiplied by a population", self.text);
                wrong(message)
            }
            _ => wrong(format!("`{}` has a stroke too many", self.text))
                .map_err(|problem| problem.expected(dimension.described())),
        }
    }

    fn check_range(&self, dimension: Dimension, value: f64) -> Result<(), Problem> {
        let (most, limit) = match dimension {
            Dimension::Duration => (MAX_SECONDS, "120mo, the longest duration"),
            Dimension::Rate => (MAX_RATE, "1_000_000_000 events per second"),
            Dimension::Bytes | Dimension::Bandwidth => (MAX_BYTES, "1_000_000TB"),
            Dimension::Growth => (100.0, "10_000%/mo"),
            Dimension::Price | Dimension::Money => (1e12, "$1_000_000_000_000"),
            Dimension::Ratio => (1.0, "100%"),
            _ => (MAX_NUMBER, "1_000_000_000_000_000"),
        };
        if value <= most {
            return Ok(());
        }
        let message = if dimension == Dimension::Ratio {
            format!("`{}` is more than 100%", self.text)
        } else {
            format!("`{}` is too large: more than {limit}", self.shortened())
        };
        Err(Problem::new(ProblemKind::Range, message).expected(dimension.described()))
    }

    fn shortened(&self) -> String {
        let digits = self.text.chars().count();
        if digits <= 40 {
            return self.text.to_owned();
        }
        self.text.chars().take(30).chain("…".chars()).collect()
    }

    /// The unit is missing, unknown, or of something else.
    fn unit_problem(&self, dimension: Dimension) -> Problem {
        let text = self.shortened();
        let unit = |message: String| Problem::new(ProblemKind::Unit, message);
        if let Some((decimal, binary)) = self
            .ambiguous()
            .filter(|_| matches!(dimension, Dimension::Bytes | Dimension::Bandwidth))
        {
            let message = format!("`{text}` can be read in two ways");
            return unit(message).expected(format!("`{decimal}` (1000) or `{binary}` (1024)"));
        }
        let corrected = self.corrected(dimension);
        let is_bare = self.unit.is_empty() && self.per.is_empty();
        let message = match self.dimension() {
            Some(Dimension::Count) if is_bare => {
                format!("`{text}` has no unit; {} is expected", dimension.noun())
            }
            Some(Dimension::Price) if self.per.is_empty() => {
                format!("`{text}` does not say for what time or use")
            }
            Some(Dimension::Count) if !self.per.is_empty() => {
                format!("`/{}` is no unit; {} is expected", self.per[0], dimension.noun())
            }
            Some(other) if other != dimension => {
                format!("`{text}` is {}; {} is expected", other.noun(), dimension.noun())
            }
            Some(_) => format!("`{text}` is not {}", dimension.noun()),
            None => {
                let noun = dimension.noun();
                format!("`{}` is no unit of {}", self.unit, noun.trim_start_matches("a "))
            }
        };
        unit(message).expected(match corrected {
            Some(corrected) => format!("`{corrected}`, {}", dimension.described()),
            None => dimension.described().to_owned(),
        })
    }

    /// What it is per, as it is written.
    pub fn strokes(&self) -> String {
        self.per.iter().flat_map(|per| ["/", per]).collect()
    }

    /// `512M`: both readings.
    fn ambiguous(&self) -> Option<(String, String)> {
        let prefix = match self.unit {
            "k" | "K" => ("kB", "KiB"),
            "M" => ("MB", "MiB"),
            "G" => ("GB", "GiB"),
            "T" => ("TB", "TiB"),
            _ => return None,
        };
        let rest = self.strokes();
        let number = &self.number;
        Some((format!("{number}{}{rest}", prefix.0), format!("{number}{}{rest}", prefix.1)))
    }

    /// The same number with a unit that fits.
    fn corrected(&self, dimension: Dimension) -> Option<String> {
        if self.number.len() > 20 || self.negative {
            return None;
        }
        let number = &self.number;
        let known = dimension::meant(self.unit);
        let fits = |unit: &str| match dimension {
            Dimension::Duration => dimension::duration(unit).is_some(),
            Dimension::Bytes => dimension::size(unit).is_some(),
            Dimension::Bandwidth => unit.contains("bit/s"),
            _ => false,
        };
        if let Some(unit) = known.filter(|unit| fits(unit)) {
            return Some(format!("{number}{unit}{}", self.strokes()));
        }
        Some(match dimension {
            Dimension::Duration if self.unit.is_empty() => format!("{number}ms"),
            Dimension::Bytes if self.unit.is_empty() => format!("{number}MiB"),
            Dimension::Bandwidth if dimension::volume(self.unit).is_some() => {
                format!("{number}{}/s", self.unit)
            }
            Dimension::Bandwidth if self.unit.is_empty() => format!("{number}Mbit/s"),
            Dimension::Ratio if self.unit.is_empty() => {
                let share = f64::from_str(number).ok()?;
                let percent = if share <= 1.0 { share * 100.0 } else { share };
                format!("{}%", (percent * 1e6).round() / 1e6)
            }
            Dimension::Factor if self.unit.is_empty() => format!("{number}x"),
            Dimension::Rate if !self.dollars => format!("{number}/s"),
            Dimension::Price | Dimension::Money => format!("${number}/mo"),
            Dimension::Growth => format!("{number}%/mo"),
            Dimension::Count | Dimension::Number if self.per.is_empty() => number.clone(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dimension::{Bandwidth, Bytes, Count, Duration, Factor, Money, Number, Rate, Ratio};

    fn value(text: &str, dimension: Dimension) -> Result<(f64, Option<&str>), Problem> {
        Quantity::lex(text).and_then(|quantity| quantity.value(dimension))
    }

    #[test]
    fn quantities_become_numbers_in_base_units() {
        for (text, dimension, expected) in [
            ("4", Count, (4.0, None)),
            ("50_000", Count, (50_000.0, None)),
            ("010", Count, (10.0, None)),
            ("0.016/active", Count, (0.016, Some("active"))),
            ("10%/registered", Count, (0.1, Some("registered"))),
            ("70%", Ratio, (0.7, None)),
            ("0.1%", Ratio, (0.001, None)),
            ("100%", Ratio, (1.0, None)),
            ("3x", Factor, (3.0, None)),
            ("120%", Factor, (1.2, None)),
            ("0.9", Number, (0.9, None)),
            ("20us", Duration, (20e-6, None)),
            ("200ms", Duration, (0.2, None)),
            ("0.3ms", Duration, (0.0003, None)),
            ("2s", Duration, (2.0, None)),
            ("5m", Duration, (300.0, None)),
            ("5min", Duration, (300.0, None)),
            ("24h", Duration, (86_400.0, None)),
            ("30d", Duration, (2_592_000.0, None)),
            ("1mo", Duration, (2_628_000.0, None)),
            ("50kB", Bytes, (50_000.0, None)),
            ("2GiB", Bytes, (2_147_483_648.0, None)),
            ("2.5MB", Bytes, (2_500_000.0, None)),
            ("5MB/registered", Bytes, (5e6, Some("registered"))),
            ("100Mbit/s", Bandwidth, (12_500_000.0, None)),
            ("20MB/s", Bandwidth, (20e6, None)),
            ("400/s", Rate, (400.0, None)),
            ("600/min", Rate, (10.0, None)),
            ("36/h", Rate, (0.01, None)),
            ("0.008/s/active", Rate, (0.008, Some("active"))),
            ("0.3/h/active", Rate, (0.3 / 3600.0, Some("active"))),
            ("$450/mo", Money, (450.0, None)),
        ] {
            assert_eq!(value(text, dimension), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_price_keeps_every_digit() {
        for (text, amount, per) in [
            ("$20/mo", "20", Per::Month),
            ("$0.08/h", "0.08", Per::Hour),
            ("$0.006/min", "0.006", Per::Minute),
            ("$0.09/GB", "0.09", Per::Gigabyte),
            ("$0.0000004/request", "0.0000004", Per::Request),
            ("$15_000/mo", "15000", Per::Month),
        ] {
            let (price, population) =
                Quantity::lex(text).and_then(|q| q.price(Dimension::Price)).expect("a price");
            assert_eq!((price.amount.to_string().as_str(), price.per), (amount, per), "{text}");
            assert_eq!(population, None);
        }
    }

    #[test]
    fn what_is_no_quantity_says_what_would_be_one() {
        use ProblemKind::{Range, Unit, Value};
        for (text, dimension, kind, expected) in [
            ("5", Duration, Unit, "`5ms`"),
            ("5MB", Duration, Unit, "a duration"),
            ("5sec", Duration, Unit, "`5s`"),
            ("-5ms", Duration, Range, "a duration"),
            ("121mo", Duration, Range, "a duration"),
            ("nan", Duration, Value, ""),
            (".nan", Duration, Value, ""),
            ("inf", Rate, Value, ""),
            ("0,5ms", Duration, Value, "`0.5ms`"),
            (".5ms", Duration, Value, "`0.5ms`"),
            ("5 ms", Duration, Value, "`5ms`"),
            ("400", Rate, Unit, "`400/s`"),
            ("400rps", Rate, Unit, "`400/s`"),
            ("400/0s", Rate, Unit, "`400/s`"),
            ("400/fortnight", Rate, Unit, "`/s`"),
            ("99999999999/s", Rate, Range, "a rate"),
            ("1e300/s", Rate, Value, "written out"),
            ("512M", Bytes, Unit, "`512MB` (1000) or `512MiB` (1024)"),
            ("2G", Bytes, Unit, "`2GiB`"),
            ("2048", Bytes, Unit, "`2048MiB`"),
            ("100Mbps", Bandwidth, Unit, "`100Mbit/s`"),
            ("20MB", Bandwidth, Unit, "`20MB/s`"),
            ("4s", Count, Unit, "`4`"),
            ("2.5", Count, Value, "whole"),
            ("-4", Count, Range, "a count"),
            ("4__0", Count, Value, "`50_000`"),
            ("50,000", Count, Value, "`50_000`"),
            ("99999999999999999999", Count, Range, "a count"),
            ("5/s", Count, Unit, "a count"),
            ("0.7", Ratio, Unit, "`70%`"),
            ("180%", Ratio, Range, "100%"),
            ("$50", Dimension::Price, Unit, "`$50/mo`"),
            ("50/mo", Dimension::Price, Unit, "`$50/mo`"),
            ("€50/mo", Dimension::Price, Unit, "`$50/mo`"),
            ("$5/h", Money, Unit, "`$5/mo`"),
            ("2s/active", Duration, Unit, ""),
            ("1/s/active/x", Rate, Unit, "a rate"),
        ] {
            let problem = value(text, dimension).expect_err(text);
            assert_eq!(problem.kind, kind, "{text}: {problem:?}");
            let found = problem.expected.clone().unwrap_or_default();
            assert!(found.contains(expected), "{text}: {problem:?}");
        }
    }
}
