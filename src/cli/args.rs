//! Values of flags: each is read by the parser of the profile language, so that it means the same.

use std::path::PathBuf;
use std::str::FromStr;

use crate::expr::{Unit, value};
use crate::report::Format;

/// Reads the name of a format.
pub(super) fn format(text: &str) -> Result<Format, String> {
    match text {
        "table" => Ok(Format::Table),
        "json" => Ok(Format::Json),
        "markdown" => Ok(Format::Markdown),
        "csv" => Ok(Format::Csv),
        "junit" => Ok(Format::Junit),
        "github" => Ok(Format::Github),
        "html" => Err("not supported yet; table, json, markdown, csv, junit and github are".into()),
        _ => Err("the formats are table, json, markdown, csv, junit and github".to_owned()),
    }
}

/// `FORMAT=FILE`.
#[derive(Clone, Debug)]
pub(super) struct Export {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

impl FromStr for Export {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("write FORMAT=FILE, as json=out.json")?;
        if path.is_empty() {
            return Err("the name of the file is missing".to_owned());
        }
        Ok(Self { format: self::format(format)?, path: path.into() })
    }
}

/// A number that is found when it is not stated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Auto<T> {
    /// `auto`.
    Found,
    /// Stated.
    Is(T),
}

impl<T> Auto<T> {
    /// The stated number.
    pub(super) fn stated(self) -> Option<T> {
        match self {
            Self::Found => None,
            Self::Is(value) => Some(value),
        }
    }
}

fn quantity(text: &str, unit: Unit, wanted: &str) -> Result<f64, String> {
    match value(text, 0) {
        Ok(value) if value.unit == unit && value.base >= 0.0 => Ok(value.base),
        Ok(_) => Err(format!("{wanted} is expected")),
        Err(error) => Err(match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        }),
    }
}

/// A duration above zero, in seconds.
pub(super) fn duration(text: &str) -> Result<f64, String> {
    match quantity(text, Unit::Duration, "a duration such as 90s or 10m")? {
        0.0 => Err("a duration above zero is expected".to_owned()),
        seconds => Ok(seconds),
    }
}

/// `auto`, or a duration in seconds.
pub(super) fn warmup(text: &str) -> Result<Auto<f64>, String> {
    if text == "auto" {
        return Ok(Auto::Found);
    }
    quantity(text, Unit::Duration, "auto, or a duration such as 90s or 10m").map(Auto::Is)
}

/// `auto`, or a number of replications.
pub(super) fn replications(text: &str) -> Result<Auto<u32>, String> {
    if text == "auto" {
        return Ok(Auto::Found);
    }
    match count(text) {
        Ok(n @ 1..=10_000) => Ok(Auto::Is(n as u32)),
        _ => Err("auto, or a number from 1 to 10_000 is expected".to_owned()),
    }
}

/// A whole number; `_` may stand between digits, as in a profile.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let plain = digits.chars().all(|c| c.is_ascii_digit()) && !text.starts_with('_');
    if !plain || digits.is_empty() {
        return Err("a whole number is expected".to_owned());
    }
    digits.parse().map_err(|_| format!("at most {} is possible", u64::MAX))
}

/// A whole number from 1.
pub(super) fn positive(text: &str) -> Result<u64, String> {
    match count(text)? {
        0 => Err("a number above zero is expected".to_owned()),
        n => Ok(n),
    }
}

/// A number of requests that ends within somebody's life.
pub(super) fn budget(text: &str) -> Result<u64, String> {
    match positive(text)? {
        n @ ..=1_000_000_000_000 => Ok(n),
        _ => Err("at most 1_000_000_000_000 are possible".to_owned()),
    }
}

/// A ratio above 0 and below 1.
pub(super) fn precision(text: &str) -> Result<f64, String> {
    let share = quantity(text, Unit::Ratio, "a percentage such as 5%")?;
    if share > 0.0 && share < 1.0 { Ok(share) } else { Err("between 0% and 100%".to_owned()) }
}

/// A share as [`precision`] reads it.
pub(super) fn percent(share: f64) -> String {
    // Nine digits are more than anybody writes, and hide that 0.07 times 100 is not quite 7.
    format!("{}%", (share * 1e9).round() / 1e7)
}

/// A factor on a load: `1.5`, `1.5x` or `150%`.
pub(super) fn factor(text: &str) -> Result<f64, String> {
    let factor = match text.parse::<f64>() {
        Ok(number) => number,
        Err(_) if text.is_empty() => return Err("a factor such as 1.5 is expected".to_owned()),
        Err(_) => quantity(text, Unit::Ratio, "a factor such as 1.5")?,
    };
    match factor {
        // Beyond these nothing of the system that was described is left.
        1e-9..=1e9 => Ok(factor),
        _ if factor > 1e9 => Err("at most 1_000_000_000 is possible".to_owned()),
        _ => Err("a factor above zero, at least 0.000_000_001, is expected".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_the_values_of_the_language() {
        assert_eq!(duration("10m"), Ok(600.0));
        assert_eq!(warmup("auto"), Ok(Auto::Found));
        assert_eq!(warmup("0s"), Ok(Auto::Is(0.0)));
        assert_eq!(count("1_000_000"), Ok(1_000_000));
        assert_eq!(precision("5%"), Ok(0.05));
        assert_eq!((percent(0.07), percent(0.025)), ("7%".to_owned(), "2.5%".to_owned()));
        assert_eq!(factor("1.5"), Ok(1.5));
        assert_eq!(factor("150%"), Ok(1.5));
        assert_eq!(replications("8"), Ok(Auto::Is(8)));
        for wrong in ["10", "0s", "-5s", "5%", "", "1e3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["0", "-1", "nan", "inf", "x", "5s", "", "1e-300", "1e308"] {
            assert!(factor(wrong).is_err(), "{wrong}");
        }
        let large = count("99999999999999999999").expect_err("larger than any number here");
        assert!(large.contains("at most"), "{large}");
        assert!(budget("1_000_000_000_001").is_err() && budget("1").is_ok());
        assert!(replications("0").is_err() && count("-1").is_err() && precision("0%").is_err());
    }

    #[test]
    fn formats_of_later_work_say_so() {
        assert_eq!(format("json"), Ok(Format::Json));
        let html = format("html").expect_err("not there yet");
        assert!(html.contains("not supported yet"));
        let export: Export = "json=a=b.json".parse().expect("well formed");
        assert_eq!((export.format, export.path), (Format::Json, "a=b.json".into()));
        assert!("json".parse::<Export>().is_err());
    }
}
