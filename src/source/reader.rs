//! Decodes nodes by field tables. Parameters, populations and uncertain values are resolved on the
//! way, so that what comes out is final; every fault is gathered, with its place.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use rust_decimal::Decimal;

use super::spelling::Piece;
use super::tree::join;
use super::value::Context;
use super::{
    Entry, Fault, FaultKind, Faults, Field, Files, Node, Place, Shape, Table, Tree, Value,
};
use crate::dist::{Curve, Distribution};
use crate::units::{Dimension, Price, Quantity};

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
pub struct Reader {
    faults: RefCell<Faults>,
    parameters: Vec<Entry>,
    used_parameters: RefCell<BTreeSet<String>>,
    users: Vec<(String, f64)>,
    used_users: RefCell<BTreeSet<String>>,
    files: Files,
}

/// A map with its table.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    reader: &'a Reader,
    node: &'a Node,
    path: String,
    table: &'static Table,
}

/// The most that a count can be without being `unlimited`.
const MOST: f64 = 4_294_967_294.0;

impl Reader {
    /// A reader of a tree; ranges of populations count at this end.
    pub fn new(tree: &Tree, end: End) -> Self {
        let parameters = match tree.root.get("parameters") {
            Some(node) => node.entries().to_vec(),
            None => Vec::new(),
        };
        let mut reader = Self {
            faults: RefCell::new(tree.faults.clone()),
            parameters,
            used_parameters: RefCell::default(),
            users: Vec::new(),
            used_users: RefCell::default(),
            files: tree.files.clone(),
        };
        if let Some(users) = tree.root.get("users") {
            reader.users = reader.populations(users, end);
        }
        reader
    }

    /// Reports a fault.
    pub fn fault(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// All faults so far.
    pub fn into_faults(self) -> Faults {
        self.faults.into_inner()
    }

    /// Populations in the order of the file.
    pub fn users(&self) -> Vec<(String, f64)> {
        self.users.clone()
    }

    /// Parameters that nothing refers to, and populations that nothing is multiplied by.
    pub fn unused(&self) -> (Vec<Entry>, Vec<String>) {
        let (parameters, users) = (self.used_parameters.borrow(), self.used_users.borrow());
        (
            self.parameters.iter().filter(|p| !parameters.contains(&p.key)).cloned().collect(),
            self.users.iter().map(|u| u.0.clone()).filter(|u| !users.contains(u)).collect(),
        )
    }

    pub(super) fn directory(&self, file: u16) -> &Path {
        self.files.directory(file)
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str, place: Place, path: &str) -> Option<&Node> {
        if let Some(entry) = self.parameters.iter().find(|p| p.key == name) {
            self.used_parameters.borrow_mut().insert(name.to_owned());
            return Some(&entry.node);
        }
        let names = self.parameters.iter().map(|p| p.key.as_str());
        let message = format!("there is no parameter `{name}`");
        self.fault(Fault::error(FaultKind::UnknownName, place, path, message).meant(name, names));
        None
    }

    /// The size of a population.
    pub(super) fn population(&self, name: &str, place: Place, path: &str) -> Option<f64> {
        if let Some(user) = self.users.iter().find(|u| u.0 == name) {
            self.used_users.borrow_mut().insert(name.to_owned());
            return Some(user.1);
        }
        let names = self.users.iter().map(|u| u.0.as_str());
        let message = format!("there is no population `{name}`");
        let fault = Fault::error(FaultKind::UnknownName, place, path, message).meant(name, names);
        self.fault(if self.users.is_empty() {
            fault.expected(format!("`users: {{ {name}: 1000 }}` at the top"))
        } else {
            fault
        });
        None
    }

    /// All populations; one may be a share of another.
    fn populations(&mut self, node: &Node, end: End) -> Vec<(String, f64)> {
        let Value::Map(entries) = &node.value else {
            if node.kind() != "nothing" {
                let message = format!("{} where a map of populations is expected", node.kind());
                let fault = Fault::error(FaultKind::Shape, node.place, "users", message);
                self.fault(fault.expected("`users: { active: 50_000 }`"));
            }
            return Vec::new();
        };
        for entry in entries.iter().filter(|entry| crate::units::is_unit(&entry.key)) {
            let message = format!("`{}` cannot be a population: it is a unit", entry.key);
            let path = join("users", &entry.key);
            self.fault(Fault::error(FaultKind::Name, entry.place, &path, message));
        }
        let mut sizes: Vec<(String, Option<f64>)> =
            entries.iter().map(|entry| (entry.key.clone(), None)).collect();
        // Each round resolves those whose base is known.
        let mut left: Vec<usize> = (0..entries.len()).collect();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|i| {
                let entry = &entries[*i];
                match base_of(&entry.node) {
                    Some(base) if entries.iter().any(|e| e.key == base) => {
                        let Some(of) = sizes.iter().find(|s| s.0 == base).and_then(|s| s.1) else {
                            return true;
                        };
                        self.users = vec![(base, of)];
                        sizes[*i].1 = Some(self.population_size(entry, end));
                        false
                    }
                    _ => {
                        self.users = Vec::new();
                        sizes[*i].1 = Some(self.population_size(entry, end));
                        false
                    }
                }
            });
            if left.len() == before {
                let ring: Vec<String> =
                    left.iter().map(|i| format!("`{}`", entries[*i].key)).collect();
                for i in &left {
                    let entry = &entries[*i];
                    let path = join("users", &entry.key);
                    let message = format!("populations refer to each other: {}", ring.join(", "));
                    self.fault(Fault::error(FaultKind::Cycle, entry.node.place, &path, message));
                }
                break;
            }
        }
        sizes.into_iter().map(|(name, size)| (name, size.unwrap_or(1.0))).collect()
    }

    fn population_size(&self, entry: &Entry, end: End) -> f64 {
        let path = join("users", &entry.key);
        let stand_in = 1.0;
        let Some(text) = self.text(&entry.node, &path) else { return stand_in };
        let context = Context::new(self, entry.node.place, &path);
        if let Some((low, high)) = text.split_once("..") {
            let count = |text: &str, offset: usize| {
                let place = entry.node.place.part(offset, text.chars().count());
                let context = Context::new(self, place, &path);
                context.spell(text).and_then(|piece| context.number(&piece, Dimension::Count))
            };
            let (from, to) = (count(low, 0), count(high, low.chars().count() + 2));
            let (Some(from), Some(to)) = (from, to) else { return stand_in };
            if to < from {
                let message = format!("`{text}` ends before it begins");
                let fault = Fault::error(FaultKind::Range, entry.node.place, &path, message);
                self.fault(fault.expected("the lower end first"));
                return stand_in;
            }
            return if end == End::Low { from } else { to };
        }
        context
            .spell(&text)
            .and_then(|piece| context.number(&piece, Dimension::Count))
            .unwrap_or(stand_in)
    }

    /// A map with its table: reports unknown and missing keys, and values of another shape.
    pub fn fields<'a>(&'a self, node: &'a Node, path: &str, table: &'static Table) -> Fields<'a> {
        let fields = Fields { reader: self, node, path: path.to_owned(), table };
        fields.check();
        fields
    }

    /// The node itself, or the value of the parameter that it names.
    fn resolved<'a>(&'a self, node: &'a Node, path: &str) -> Option<&'a Node> {
        let mut node = node;
        for _ in 0..16 {
            let Some(name) = node.text().and_then(|text| text.strip_prefix('=')) else {
                return Some(node);
            };
            node = self.parameter(name, node.place, path)?;
        }
        let message = "parameters refer to each other";
        self.fault(Fault::error(FaultKind::Cycle, node.place, path, message));
        None
    }

    /// Text of a scalar.
    pub fn text(&self, node: &Node, path: &str) -> Option<String> {
        let node = self.resolved(node, path)?;
        match &node.value {
            Value::Scalar { text, quoted } if *quoted || !text.is_empty() => Some(text.clone()),
            _ => {
                let message = format!("{} where a value is expected", node.kind());
                self.fault(Fault::error(FaultKind::Shape, node.place, path, message));
                None
            }
        }
    }

    /// Works on the grammar of a value.
    fn value<T>(
        &self,
        node: &Node,
        path: &str,
        work: impl Fn(&Context<'_>, &Piece) -> Option<T>,
    ) -> Option<T> {
        // A parameter is resolved by the context, which then stands at the parameter's own place.
        let text = match &node.value {
            Value::Scalar { text, .. } if text.starts_with('=') => text.clone(),
            _ => self.text(node, path)?,
        };
        let context = Context::new(self, node.place, path);
        let piece = context.spell(&text)?;
        work(&context, &piece)
    }

    fn number_of(&self, node: &Node, path: &str, dimension: Dimension) -> Option<f64> {
        self.value(node, path, |context, piece| context.number(piece, dimension))
    }

    fn dist_of(&self, node: &Node, path: &str, dimension: Dimension) -> Option<Distribution> {
        self.value(node, path, |context, piece| context.dist(piece, dimension, None))
    }

    fn is_unlimited(&self, node: &Node, path: &str) -> bool {
        node.text().is_some() && self.resolved(node, path).and_then(Node::text) == Some("unlimited")
    }

    /// Count; `unlimited` is `u32::MAX`.
    pub fn count(&self, node: &Node, path: &str) -> Option<u32> {
        if self.is_unlimited(node, path) {
            return Some(u32::MAX);
        }
        let count = self.number_of(node, path, Dimension::Count)?;
        if count > MOST {
            let text = node.text().unwrap_or("");
            let message = format!("`{text}` is too large: more than 4_294_967_294");
            self.fault(Fault::error(FaultKind::Range, node.place, path, message));
            return None;
        }
        Some(count as u32)
    }

    /// Count beyond 32 bits; `unlimited` is `u64::MAX`.
    pub fn large_count(&self, node: &Node, path: &str) -> Option<u64> {
        if self.is_unlimited(node, path) {
            return Some(u64::MAX);
        }
        self.number_of(node, path, Dimension::Count).map(|count| count as u64)
    }

    /// One of these words.
    pub fn word(
        &self,
        node: &Node,
        path: &str,
        words: &'static [&'static str],
    ) -> Option<&'static str> {
        let text = self.text(node, path)?;
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some(word);
        }
        let place = self.resolved(node, path).map_or(node.place, |n| n.place);
        let all: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let message = format!("`{text}` is not possible here");
        let fault = Fault::error(FaultKind::Word, place, path, message);
        self.fault(fault.meant(&text, words.iter().copied()).expected(listed(&all)));
        None
    }

    /// `true` or `false`.
    pub fn bool(&self, node: &Node, path: &str) -> Option<bool> {
        self.word(node, path, &["true", "false"]).map(|word| word == "true")
    }

    /// The count in a rate: 100 of `100/min`.
    pub fn rate_count(&self, node: &Node, path: &str) -> Option<f64> {
        let rate = self.rate(node, path)?;
        let text = self.resolved(node, path)?.text()?.to_owned();
        let per = Quantity::lex(&text).ok()?.per.first().map(|per| format!("1/{per}"))?;
        let unit = Quantity::lex(&per).ok()?.value(Dimension::Rate).ok()?.0;
        Some((rate / unit * 1e9).round() / 1e9)
    }

    /// A duration (seconds) or bytes, or a distribution of one.
    pub fn amount(&self, node: &Node, path: &str) -> Option<Distribution> {
        self.value(node, path, |context, piece| {
            let allowed = [Dimension::Duration, Dimension::Bytes];
            let dimension = context.dimension(piece, &allowed).unwrap_or(Dimension::Duration);
            context.dist(piece, dimension, None)
        })
    }

    /// Price.
    pub fn price(&self, node: &Node, path: &str) -> Option<Price> {
        self.value(node, path, |context, piece| context.price(piece, Dimension::Price))
    }

    /// Money per month.
    pub fn money(&self, node: &Node, path: &str) -> Option<Decimal> {
        self.value(node, path, |context, piece| context.price(piece, Dimension::Money))
            .map(|price| price.amount)
    }
}

macro_rules! decoders {
    ($($(#[$doc:meta])* $name:ident -> $out:ty = |$reader:ident, $node:ident, $path:ident| $body:expr;)*) => {
        impl Reader {$(
            $(#[$doc])*
            pub fn $name(&self, $node: &Node, $path: &str) -> Option<$out> {
                let $reader = self;
                $body
            }
        )*}
    };
}

decoders! {
    /// Count or its distribution.
    count_dist -> Distribution = |r, node, path| r.dist_of(node, path, Dimension::Count);
    /// Share in [0, 1].
    ratio -> f64 = |r, node, path| r.number_of(node, path, Dimension::Ratio);
    /// Percentage or factor.
    factor -> f64 = |r, node, path| r.number_of(node, path, Dimension::Factor);
    /// Bare number.
    number -> f64 = |r, node, path| r.number_of(node, path, Dimension::Number);
    /// Seconds.
    seconds -> f64 = |r, node, path| r.number_of(node, path, Dimension::Duration);
    /// Duration or its distribution, seconds.
    duration_dist -> Distribution = |r, node, path| r.dist_of(node, path, Dimension::Duration);
    /// Bytes.
    bytes -> f64 = |r, node, path| r.number_of(node, path, Dimension::Bytes);
    /// Bytes or their distribution.
    bytes_dist -> Distribution = |r, node, path| r.dist_of(node, path, Dimension::Bytes);
    /// Bytes per second.
    bandwidth -> f64 = |r, node, path| r.number_of(node, path, Dimension::Bandwidth);
    /// Per second.
    rate -> f64 = |r, node, path| r.number_of(node, path, Dimension::Rate);
    /// Rate over time.
    curve -> Curve = |r, node, path| r.value(node, path, |context, piece| context.curve(piece));
    /// Zipf exponent; 0 is uniform.
    popularity -> f64 = |r, node, path| r.value(node, path, |context, piece| context.popularity(piece));
    /// Pause before a repeat.
    backoff -> Backoff = |r, node, path| r.value(node, path, |context, piece| context.backoff(piece));
    /// The shape of gaps between arrivals with mean 1; `None` of the inner option is Poisson.
    gaps -> Option<Distribution> = |r, node, path| r.value(node, path, |context, piece| context.gaps(piece));
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident -> $out:ty;)*) => {
        impl Fields<'_> {$(
            $(#[$doc])*
            pub fn $name(&self, key: &str) -> Option<$out> {
                let node = self.written(key)?;
                self.reader.$name(node, &self.path_of(key))
            }
        )*}
    };
}

accessors! {
    /// Text of a scalar.
    text -> String;
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

impl<'a> Fields<'a> {
    /// Reports what the table does not allow.
    fn check(&self) {
        let Value::Map(entries) = &self.node.value else {
            // A key with nothing after it is a map without keys.
            if self.node.kind() != "nothing" {
                let message = format!("{} where a map is expected", self.node.kind());
                let keys: Vec<String> =
                    self.table.keys().take(6).map(|key| format!("`{key}`")).collect();
                let fault = Fault::error(FaultKind::Shape, self.node.place, &self.path, message);
                self.reader.fault(fault.expected(format!(
                    "a {} with keys such as {}",
                    self.table.name,
                    keys.join(", ")
                )));
                return;
            }
            self.check_required(self.node.place);
            return;
        };
        for entry in entries {
            let path = join(&self.path, &entry.key);
            match self.table.field(&entry.key) {
                None => {
                    let name = self.table.name;
                    let message = format!("`{}` is no key of a {name}", entry.key);
                    let fault = Fault::error(FaultKind::UnknownKey, entry.place, &path, message)
                        .meant(&entry.key, self.table.keys());
                    let fault = if fault.hint.is_none() {
                        let keys: Vec<String> =
                            self.table.keys().map(|key| format!("`{key}`")).collect();
                        fault.expected(listed(&keys))
                    } else {
                        fault
                    };
                    self.reader.fault(fault);
                }
                Some(Field { shape: Shape::NotYet(what), .. }) => {
                    let message = format!("`{}` is not supported yet: {what}", entry.key);
                    let fault = Fault::error(FaultKind::NotYet, entry.place, &path, message);
                    self.reader.fault(fault);
                }
                Some(field) if entry.node.kind() == "nothing" && needs_value(&field.shape) => {
                    let message = format!("`{}` has no value", entry.key);
                    let fault = Fault::error(FaultKind::Shape, entry.place, &path, message);
                    self.reader.fault(fault);
                }
                Some(_) => {}
            }
        }
        self.check_required(self.node.place);
    }

    fn check_required(&self, place: Place) {
        // A slip of the pen is reported where it stands, not as a missing key too.
        let slips: Vec<&str> = self
            .iter()
            .filter(|entry| self.table.field(&entry.key).is_none())
            .filter_map(|entry| super::nearest(&entry.key, self.table.keys()))
            .collect();
        for field in self.table.fields.iter().filter(|field| field.is_required()) {
            if !self.has(field.key) && !slips.contains(&field.key) {
                let message = format!("`{}` is missing", field.key);
                let fault = Fault::error(FaultKind::MissingKey, place, &self.path, message);
                self.reader.fault(fault.expected(format!("`{}`: {}", field.key, field.doc)));
            }
        }
    }

    /// The node of a key that holds a value: neither absent, nor empty (reported already), nor the
    /// word that stands for none.
    fn written(&self, key: &str) -> Option<&'a Node> {
        let node = self.node.get(key)?;
        if node.kind() == "nothing" || matches!(node.value, Value::Null) {
            return None;
        }
        let field = self.table.field(key)?;
        if matches!(field.shape, Shape::NotYet(_)) {
            return None;
        }
        if node.text().is_some_and(|text| field.is_none_word(text)) {
            return None;
        }
        Some(node)
    }

    /// The keys and values that stand in the map.
    pub fn iter(&self) -> impl Iterator<Item = &'a Entry> {
        self.node.entries().iter()
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.node.get(key).is_some()
    }

    /// The value of a key; a parameter is replaced by its value.
    pub fn node(&self, key: &str) -> Option<&'a Node> {
        self.reader.resolved(self.node.get(key)?, &self.path_of(key))
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
        self.path.clone()
    }

    /// Path of a key.
    pub fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Last part of the map's path.
    pub fn name(&self) -> String {
        self.path.rsplit('.').next().unwrap_or("").to_owned()
    }

    fn shape(&self, key: &str) -> Option<Shape> {
        self.table.field(key).map(|field| field.shape)
    }

    /// Refuses `unlimited` where the table does not allow it, and 0 where one is needed.
    fn bounded(&self, key: &str, is_unlimited: bool, is_zero: bool) -> Option<()> {
        let shape = self.shape(key)?;
        let (place, path) = (self.value_place(key), self.path_of(key));
        let can_be_unlimited =
            matches!(shape, Shape::CountOrUnlimited | Shape::PositiveOrUnlimited);
        if is_unlimited && !can_be_unlimited {
            let message = "`unlimited` is not possible here";
            let fault = Fault::error(FaultKind::Word, place, &path, message);
            self.reader.fault(fault.expected(Dimension::Count.described()));
            return None;
        }
        if is_zero && matches!(shape, Shape::Positive | Shape::PositiveOrUnlimited) {
            let text = self.node.get(key).and_then(Node::text).unwrap_or("0");
            let message = format!("`{text}`: at least 1 is needed");
            self.reader.fault(Fault::error(FaultKind::Range, place, &path, message));
            return None;
        }
        Some(())
    }

    /// Count; `unlimited` is `u32::MAX`.
    pub fn count(&self, key: &str) -> Option<u32> {
        let count = self.reader.count(self.written(key)?, &self.path_of(key))?;
        self.bounded(key, count == u32::MAX, count == 0)?;
        Some(count)
    }

    /// Count beyond 32 bits; `unlimited` is `u64::MAX`.
    pub fn large_count(&self, key: &str) -> Option<u64> {
        let count = self.reader.large_count(self.written(key)?, &self.path_of(key))?;
        self.bounded(key, count == u64::MAX, count == 0)?;
        Some(count)
    }

    /// One of the words of the table.
    pub fn word(&self, key: &str) -> Option<&'static str> {
        let node = self.written(key)?;
        let Some(Shape::Word(words)) = self.shape(key) else { return None };
        self.reader.word(node, &self.path_of(key), words)
    }

    /// A map with its table.
    pub fn table(&self, key: &str, table: &'static Table) -> Option<Fields<'a>> {
        let node = self.node.get(key)?;
        let field = self.table.field(key)?;
        if matches!(field.shape, Shape::NotYet(_)) || matches!(node.value, Value::Null) {
            return None;
        }
        if node.text().is_some_and(|text| field.is_none_word(text)) {
            return None;
        }
        let node = self.reader.resolved(node, &self.path_of(key))?;
        Some(self.reader.fields(node, &self.path_of(key), table))
    }

    /// A map of names to maps.
    pub fn tables(&self, key: &str, table: &'static Table) -> Vec<(&'a Entry, Fields<'a>)> {
        let path = self.path_of(key);
        self.map(key)
            .into_iter()
            .map(|entry| (entry, self.reader.fields(&entry.node, &join(&path, &entry.key), table)))
            .collect()
    }

    /// A map of names.
    pub fn map(&self, key: &str) -> Vec<&'a Entry> {
        let Some(node) = self.written(key) else { return Vec::new() };
        match &node.value {
            Value::Map(entries) => {
                entries.iter().filter(|e| !matches!(e.node.value, Value::Null)).collect()
            }
            _ => {
                let message = format!("{} where a map of names is expected", node.kind());
                let path = self.path_of(key);
                self.reader.fault(Fault::error(FaultKind::Shape, node.place, &path, message));
                Vec::new()
            }
        }
    }

    /// A list.
    pub fn list(&self, key: &str) -> Vec<&'a Node> {
        let Some(node) = self.written(key) else { return Vec::new() };
        match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => {
                let message = format!("{} where a list is expected", node.kind());
                let path = self.path_of(key);
                let fault = Fault::error(FaultKind::Shape, node.place, &path, message);
                self.reader.fault(fault.expected("`[ … ]`, or lines that begin with `-`"));
                Vec::new()
            }
        }
    }

    /// Texts of a value or a list of values, with their places.
    pub fn names(&self, key: &str) -> Vec<(String, Place)> {
        let Some(node) = self.written(key) else { return Vec::new() };
        let path = self.path_of(key);
        let items: Vec<&Node> = match &node.value {
            Value::List(items) => items.iter().collect(),
            _ => vec![node],
        };
        items
            .into_iter()
            .filter_map(|item| self.reader.text(item, &path).map(|text| (text, item.place)))
            .collect()
    }

    /// One price or a list.
    pub fn prices(&self, key: &str) -> Vec<Price> {
        let Some(node) = self.written(key) else { return Vec::new() };
        let path = self.path_of(key);
        match &node.value {
            Value::List(items) => {
                items.iter().filter_map(|item| self.reader.price(item, &path)).collect()
            }
            _ => self.reader.price(node, &path).into_iter().collect(),
        }
    }
}

/// Whether a key with nothing after it is a fault: maps may be empty.
const fn needs_value(shape: &Shape) -> bool {
    !matches!(shape, Shape::Table(_) | Shape::MapOf(_) | Shape::Any | Shape::OneOf(_))
}

/// The population that a population is a share of.
fn base_of(node: &Node) -> Option<String> {
    let quantity = Quantity::lex(node.text()?).ok()?;
    quantity.per.first().map(|per| (*per).to_owned())
}

/// `a`, `b` or `c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}
