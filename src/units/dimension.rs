//! What a quantity is of, and the units of each.

use super::MONTH_S;

/// What a quantity is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// A whole number of things: bare.
    Count,
    /// A share from 0 to 100 %: `70%`.
    Ratio,
    /// A factor: `3x` or `120%`.
    Factor,
    /// A bare number that may have a fraction.
    Number,
    /// A time, in seconds.
    Duration,
    /// Bytes.
    Bytes,
    /// Bytes per second.
    Bandwidth,
    /// Events per second.
    Rate,
    /// Dollars per time or use.
    Price,
    /// Dollars per month.
    Money,
    /// A share more every month: `50%/mo`.
    Growth,
}

/// How a number in some unit becomes one in the base unit: times, then divided by. Two numbers,
/// since `0.3 / 1000` is the nearest double to 0.0003 and `0.3 * 0.001` need not be.
pub(crate) type Scale = (f64, f64);

/// Longest duration, 120 months: as nanoseconds it keeps far from the end of 64 bits, even when an
/// exponential of that mean is drawn thirty times as long.
pub(crate) const MAX_SECONDS: f64 = 120.0 * MONTH_S;
/// Highest rate per second: above it events would share a nanosecond.
pub(crate) const MAX_RATE: f64 = 1e9;
/// Largest pure number.
pub(crate) const MAX_NUMBER: f64 = 1e15;
/// Most bytes.
pub(crate) const MAX_BYTES: f64 = 1e18;

const DURATIONS: [(&str, Scale); 10] = [
    ("ns", (1.0, 1e9)),
    ("us", (1.0, 1e6)),
    ("µs", (1.0, 1e6)),
    ("ms", (1.0, 1e3)),
    ("s", (1.0, 1.0)),
    ("m", (60.0, 1.0)),
    ("min", (60.0, 1.0)),
    ("h", (3600.0, 1.0)),
    ("d", (86_400.0, 1.0)),
    ("mo", (MONTH_S, 1.0)),
];

const SIZES: [(&str, Scale); 12] = [
    ("B", (1.0, 1.0)),
    ("kB", (1e3, 1.0)),
    ("MB", (1e6, 1.0)),
    ("GB", (1e9, 1.0)),
    ("TB", (1e12, 1.0)),
    ("PB", (1e15, 1.0)),
    ("kiB", (1024.0, 1.0)),
    ("KiB", (1024.0, 1.0)),
    ("MiB", (1_048_576.0, 1.0)),
    ("GiB", (1_073_741_824.0, 1.0)),
    ("TiB", (1_099_511_627_776.0, 1.0)),
    ("PiB", (1_125_899_906_842_624.0, 1.0)),
];

const BITS: [(&str, Scale); 4] =
    [("bit", (1.0, 8.0)), ("kbit", (1e3, 8.0)), ("Mbit", (1e6, 8.0)), ("Gbit", (1e9, 8.0))];

fn find(table: &[(&str, Scale)], unit: &str) -> Option<Scale> {
    table.iter().find(|known| known.0 == unit).map(|known| known.1)
}

/// A unit of time.
pub(crate) fn duration(unit: &str) -> Option<Scale> {
    find(&DURATIONS, unit)
}

/// A unit of bytes.
pub(crate) fn size(unit: &str) -> Option<Scale> {
    find(&SIZES, unit)
}

/// A unit of bytes or bits, in bytes.
pub(crate) fn volume(unit: &str) -> Option<Scale> {
    size(unit).or_else(|| find(&BITS, unit))
}

/// Whether a word is a unit.
pub(crate) fn is_unit(word: &str) -> bool {
    duration(word).or_else(|| volume(word)).is_some()
}

/// The unit that people probably mean by a word that is none.
pub(crate) fn meant(unit: &str) -> Option<&'static str> {
    Some(match unit.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => "s",
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "usec" | "usecs" | "micros" | "microsecond" | "microseconds" => "us",
        "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "mon" | "month" | "months" => "mo",
        "kb" => "kB",
        "mb" => "MB",
        "gb" => "GB",
        "tb" => "TB",
        "kib" => "KiB",
        "mib" => "MiB",
        "gib" => "GiB",
        "tib" => "TiB",
        "mbps" | "mbits" | "mb/s" => "Mbit/s",
        "gbps" | "gbits" => "Gbit/s",
        "kbps" | "kbits" => "kbit/s",
        _ => return None,
    })
}

impl Dimension {
    /// With its article: `a duration`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Count => "a count",
            Self::Ratio => "a ratio",
            Self::Factor => "a factor",
            Self::Number => "a number",
            Self::Duration => "a duration",
            Self::Bytes => "a number of bytes",
            Self::Bandwidth => "a bandwidth",
            Self::Rate => "a rate",
            Self::Price => "a price",
            Self::Money => "a sum of money per month",
            Self::Growth => "a growth",
        }
    }

    /// What may be written, for the `expected` line.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Count => "a count: a whole number such as `4` or `50_000`",
            Self::Ratio => "a ratio from 0% to 100%, such as `70%`",
            Self::Factor => "a factor such as `3x` or `120%`",
            Self::Number => "a number without a unit, such as `0.9`",
            Self::Duration => "a duration such as `5ms` (`us`, `ms`, `s`, `min`, `h`, `d`, `mo`)",
            Self::Bytes => "bytes such as `50kB` (1000) or `2GiB` (1024)",
            Self::Bandwidth => "a bandwidth such as `100Mbit/s` or `20MB/s`",
            Self::Rate => "a rate such as `400/s` (`/s`, `/min`, `/h`, `/d`, `/mo`)",
            Self::Price => {
                "a price such as `$50/mo` (`/mo`, `/h`, `/min`, `/GB`, `/request`, `/message`, `/job` or \
                 `/connection`)"
            }
            Self::Money => "a sum of money per month such as `$450/mo`",
            Self::Growth => "a growth per month such as `50%/mo`",
        }
    }
}
