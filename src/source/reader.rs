//! Decodes nodes by field tables.

use super::{Entry, Fault, Faults, Node, Place, Table, Tree};
use crate::dist::{Curve, Distribution};

use crate::units::Price;
use rust_decimal::Decimal;

/// Which end of ranges of populations counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The lower one.
    Low,
    /// The upper one.
    #[default]
    High,
}

/// A pause before a repeat.
#[derive(Clone, Debug, PartialEq)]
pub enum Backoff {
    /// Drawn, seconds.
    Drawn(Distribution),
    /// Doubled each time.
    Doubling {
        /// Before the first repeat, seconds.
        first_s: f64,
        /// At most, seconds (infinite: no bound).
        max_s: f64,
        /// Half-width of the factor, in [0, 1]; `None` is full jitter, U(0, 1).
        jitter: Option<f64>,
    },
}

/// Decodes nodes; holds faults, parameters and populations.
#[derive(Debug)]
pub struct Reader {}

/// A map with its table.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    node: &'a Node,
}

macro_rules! stubs {
    ($($(#[$doc:meta])* $name:ident -> $out:ty;)*) => {
        impl Reader {$(
            $(#[$doc])*
            pub fn $name(&self, node: &Node, path: &str) -> Option<$out> { let _ = (node, path); None }
        )*}
        impl Fields<'_> {$(
            $(#[$doc])*
            pub fn $name(&self, key: &str) -> Option<$out> { let _ = key; None }
        )*}
    };
}
stubs! {
    /// Text of a scalar.
    text -> String;
    /// Count; `unlimited` is `u32::MAX`.
    count -> u32;
    /// Count beyond 32 bits; `unlimited` is `u64::MAX`.
    large_count -> u64;
    /// Count or its distribution.
    count_dist -> Distribution;
    /// Share in [0, 1].
    ratio -> f64;
    /// Percentage or factor.
    factor -> f64;
    /// Bare number.
    number -> f64;
    /// Seconds.
    seconds -> f64;
    /// Duration or its distribution, seconds.
    duration_dist -> Distribution;
    /// Bytes.
    bytes -> f64;
    /// Bytes or their distribution.
    bytes_dist -> Distribution;
    /// A duration (seconds) or bytes, or a distribution of one.
    amount -> Distribution;
    /// Bytes per second.
    bandwidth -> f64;
    /// Per second.
    rate -> f64;
    /// The count in a rate: 100 of `100/min`.
    rate_count -> f64;
    /// Rate over time.
    curve -> Curve;
    /// Zipf exponent; 0 is uniform.
    popularity -> f64;
    /// Pause before a repeat.
    backoff -> Backoff;
    /// Price.
    price -> Price;
    /// Money per month.
    money -> Decimal;
    /// `true` or `false`.
    bool -> bool;
    /// The shape of gaps between arrivals with mean 1; `None` of the inner option is Poisson.
    gaps -> Option<Distribution>;
}

impl Reader {
    /// A reader of a tree.
    pub fn new(tree: &Tree, end: End) -> Self {
        let _ = (tree, end);
        Self {}
    }
    /// Reports a fault.
    pub fn fault(&self, fault: Fault) {
        let _ = fault;
    }
    /// All faults so far.
    pub fn into_faults(self) -> Faults {
        Faults::new()
    }
    /// Populations in the order of the file.
    pub fn users(&self) -> Vec<(String, f64)> {
        Vec::new()
    }
    /// A map with its table: reports unknown and missing keys, and values of another shape.
    pub fn fields<'a>(&'a self, node: &'a Node, path: &str, table: &'static Table) -> Fields<'a> {
        let _ = (path, table);
        Fields { node }
    }
    /// One of these words.
    pub fn word(
        &self,
        node: &Node,
        path: &str,
        words: &'static [&'static str],
    ) -> Option<&'static str> {
        let _ = (node, path, words);
        None
    }
}

impl<'a> Fields<'a> {
    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }
    /// The value of a key; a parameter is replaced by its value.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key)
    }
    /// Where the map begins.
    pub fn here(&self) -> Place {
        self.node.place
    }
    /// Where the key stands; the map's place when it is absent.
    pub fn place(&self, key: &str) -> Place {
        self.node.entry(key).map_or(self.node.place, |e| e.place)
    }
    /// Where the value of the key stands; the map's place when it is absent.
    pub fn value_place(&self, key: &str) -> Place {
        self.node.get(key).map_or(self.node.place, |n| n.place)
    }
    /// Path of the map.
    pub fn path(&self) -> String {
        String::new()
    }
    /// Path of a key.
    pub fn path_of(&self, key: &str) -> String {
        key.to_owned()
    }
    /// Last part of the map's path.
    pub fn name(&self) -> String {
        String::new()
    }
    /// One of the words of the table.
    pub fn word(&self, key: &str) -> Option<&'static str> {
        let _ = key;
        None
    }
    /// A map with its table.
    pub fn table(&self, key: &str, table: &'static Table) -> Option<Fields<'a>> {
        let _ = (key, table);
        None
    }
    /// A map of names to maps.
    pub fn tables(&self, key: &str, table: &'static Table) -> Vec<(&'a Entry, Fields<'a>)> {
        let _ = (key, table);
        Vec::new()
    }
    /// A map of names.
    pub fn map(&self, key: &str) -> Vec<&'a Entry> {
        let _ = key;
        Vec::new()
    }
    /// A list.
    pub fn list(&self, key: &str) -> Vec<&'a Node> {
        let _ = key;
        Vec::new()
    }
    /// Texts of a value or a list of values, with their places.
    pub fn names(&self, key: &str) -> Vec<(String, Place)> {
        let _ = key;
        Vec::new()
    }
    /// One price or a list.
    pub fn prices(&self, key: &str) -> Vec<Price> {
        let _ = key;
        Vec::new()
    }
}
