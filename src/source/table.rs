//! Field tables: what keys a map may have. They drive the decoder and the JSON Schema.

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
