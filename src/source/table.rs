//! Field tables: what keys a map may have. They drive the decoder and the JSON Schema.

use crate::units::Dimension;

/// The keys of one kind of map.
#[derive(Debug)]
pub struct Table {
    /// What a message calls it (`pool`, `service`).
    pub name: &'static str,
    /// One sentence for the schema.
    pub doc: &'static str,
    /// Keys.
    pub fields: &'static [Field],
}

impl Table {
    /// The field of a key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().map(|field| field.key)
    }
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Key.
    pub key: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// `""`: none. `"required"`: a map without it is faulty. Anything else is printed in the schema and
    /// applied by whoever decodes the map; as `none`, `never` or `auto` it is also a word that may be
    /// written, and accessors of [`Fields`](super::Fields) then return `None`.
    pub default: &'static str,
    /// One sentence for the schema.
    pub doc: &'static str,
}

impl Field {
    /// Whether it must be there.
    pub fn is_required(&self) -> bool {
        self.default == "required"
    }

    /// Whether this word stands for the absence of a value.
    pub fn is_none_word(&self, text: &str) -> bool {
        matches!(text, "none" | "never" | "auto") && self.default == text
    }
}

/// What may stand at a key. Scalars may also be a parameter, `=name`.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number, from 0.
    Count,
    /// A whole number, from 1.
    Positive,
    /// A whole number from 0, or `unlimited`.
    CountOrUnlimited,
    /// A whole number from 1, or `unlimited`.
    PositiveOrUnlimited,
    /// A distribution of counts.
    CountDist,
    /// A percentage from 0 to 100 %.
    Ratio,
    /// A percentage or a factor `3x`, from 0.
    Factor,
    /// A bare number from 0 (a coefficient).
    Number,
    /// A constant duration.
    Duration,
    /// A distribution of durations.
    DurationDist,
    /// A constant number of bytes.
    Bytes,
    /// A distribution of bytes.
    BytesDist,
    /// Bytes per time.
    Bandwidth,
    /// A constant rate.
    Rate,
    /// A rate, constant or over time.
    Curve,
    /// `uniform` or `zipf(0.9)`.
    Popularity,
    /// A distribution of durations or `doubling(200ms max=5s jitter=50%)`.
    Backoff,
    /// Money per time or use.
    Price,
    /// Money per month.
    Money,
    /// Money per month, or a range of it.
    MoneyRange,
    /// A constant duration, or a range.
    DurationRange,
    /// A whole number, or a range.
    CountRange,
    /// Users over months.
    Growth,
    /// A whole profile again.
    Profile,
    /// The name of something of that kind (`component`).
    Name(&'static str),
    /// A condition.
    Expression,
    /// A map with these keys.
    Table(&'static Table),
    /// A map of names.
    MapOf(&'static Shape),
    /// A list.
    ListOf(&'static Shape),
    /// Any of these.
    OneOf(&'static [Shape]),
    /// A list of steps.
    Steps,
    /// Anything; its own code decodes it.
    Any,
    /// Exists in the language and is refused for now; with what it is.
    NotYet(&'static str),
}

impl Shape {
    /// Whether a single value stands there, never a list or a map.
    pub(crate) const fn is_scalar(&self) -> bool {
        !matches!(
            self,
            Self::Table(_)
                | Self::MapOf(_)
                | Self::ListOf(_)
                | Self::OneOf(_)
                | Self::Steps
                | Self::Any
                | Self::NotYet(_)
                | Self::Profile
                | Self::Price
        )
    }

    /// Whether a key with nothing after it is a fault: maps may be empty.
    pub(crate) const fn needs_value(&self) -> bool {
        !matches!(
            self,
            Self::Table(_) | Self::MapOf(_) | Self::Any | Self::OneOf(_) | Self::Profile
        )
    }

    /// What may be written, for the `expected` line.
    pub(crate) fn described(&self) -> String {
        let or_unlimited =
            |dimension: Dimension| format!("{}, or `unlimited`", dimension.described());
        let or_dist = |dimension: Dimension, example: &str| {
            format!("{}, or a distribution such as `{example}`", dimension.described())
        };
        match self {
            Self::Text => "a text".to_owned(),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                listed(&words)
            }
            Self::Bool => "`true` or `false`".to_owned(),
            Self::Count => Dimension::Count.described().to_owned(),
            Self::Positive => format!("{}, at least 1", Dimension::Count.described()),
            Self::CountOrUnlimited | Self::PositiveOrUnlimited => or_unlimited(Dimension::Count),
            Self::CountDist => or_dist(Dimension::Count, "uniform(5000..5500)"),
            Self::Ratio => Dimension::Ratio.described().to_owned(),
            Self::Factor => Dimension::Factor.described().to_owned(),
            Self::Number => Dimension::Number.described().to_owned(),
            Self::Duration => Dimension::Duration.described().to_owned(),
            Self::DurationDist => or_dist(Dimension::Duration, "exp(20ms)"),
            Self::Bytes => Dimension::Bytes.described().to_owned(),
            Self::BytesDist => or_dist(Dimension::Bytes, "exp(20kB)"),
            Self::Bandwidth => Dimension::Bandwidth.described().to_owned(),
            Self::Rate => Dimension::Rate.described().to_owned(),
            Self::Curve => {
                format!(
                    "{}, or one over time such as `steps(0s=100/s 10m=300/s)`",
                    Dimension::Rate.described()
                )
            }
            Self::Popularity => "`uniform` or `zipf(0.9)`".to_owned(),
            Self::Backoff => {
                "a duration, a distribution, or `doubling(200ms max=5s jitter=50%)`".to_owned()
            }
            Self::Price => Dimension::Price.described().to_owned(),
            Self::Money => Dimension::Money.described().to_owned(),
            Self::MoneyRange => {
                format!("{}, or a range such as `$150/mo..$450/mo`", Dimension::Money.described())
            }
            Self::DurationRange => {
                format!("{}, or a range such as `1mo..2mo`", Dimension::Duration.described())
            }
            Self::CountRange => {
                format!("{}, or a range such as `10..50`", Dimension::Count.described())
            }
            Self::Growth => "users over months such as `compound(50 50%/mo)`".to_owned(),
            Self::Profile => "a map: a profile".to_owned(),
            Self::Name(what) => format!("the name of a {what}"),
            Self::Expression => "an expression such as `api.latency.p95 < 800ms`".to_owned(),
            Self::Table(table) => format!("a map: {}", table.doc),
            Self::MapOf(_) => "a map of names".to_owned(),
            Self::ListOf(_) => "a list".to_owned(),
            Self::OneOf(shapes) => {
                let all: Vec<String> = shapes.iter().map(Self::described).collect();
                all.join("; or ")
            }
            Self::Steps => "a list of steps".to_owned(),
            Self::Any | Self::NotYet(_) => "a value".to_owned(),
        }
    }
}

/// `a`, `b` or `c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}
