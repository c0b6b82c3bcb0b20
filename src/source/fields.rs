//! Decodes maps by their field tables.

use rust_decimal::Decimal;

use super::reader::{Backoff, Reader};
use super::table::listed;
use super::tree::join;
use super::{Entry, Fault, FaultKind, Field, Node, Place, Shape, Table, Value};
use crate::dist::{Curve, Distribution};
use crate::units::Tariff;

/// A map with its table.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    reader: &'a Reader,
    node: &'a Node,
    path: String,
    table: &'static Table,
}

impl Reader {
    /// A map with its table: reports unknown and missing keys, and values of another shape.
    pub fn fields<'a>(&'a self, node: &'a Node, path: &str, table: &'static Table) -> Fields<'a> {
        let fields = Fields { reader: self, node, path: path.to_owned(), table };
        fields.check();
        fields
    }
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
    /// A price, with its tiers or what is reserved.
    tariff -> Tariff;
    /// Money per month.
    money -> Decimal;
    /// Money per month, or a range of it.
    money_range -> (Decimal, Decimal);
    /// Seconds, or a range.
    seconds_range -> (f64, f64);
    /// Whole numbers from and to.
    count_range -> (f64, f64);
    /// `true` or `false`.
    bool -> bool;
    /// The shape of gaps between arrivals with mean 1; `None` is Poisson.
    gaps -> Distribution;
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
                    let article = if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
                    let message = format!("`{}` is no key of {article} {name}", entry.key);
                    let fault = Fault::error(FaultKind::UnknownKey, entry.place, &path, message);
                    let fault = self.reader.meant(fault, &entry.key, self.table.keys());
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
                Some(field) => self.check_shape(entry, field, &path),
            }
        }
        self.check_required(self.node.place);
    }

    /// A value where the table has one; maps and lists are checked when they are read.
    fn check_shape(&self, entry: &Entry, field: &Field, path: &str) {
        let message = match (&entry.node.value, entry.node.kind()) {
            (_, "nothing") if field.shape.needs_value() => format!("`{}` has no value", entry.key),
            (Value::List(_) | Value::Map(_), kind) if field.shape.is_scalar() => {
                format!("{kind} where a value is expected")
            }
            _ => return,
        };
        let fault = Fault::error(FaultKind::Shape, entry.node.place, path, message);
        self.reader.fault(fault.expected(field.shape.described()));
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
        // A list or a map where a value is expected was reported by the check of the table.
        (node.text().is_some() || !field.shape.is_scalar()).then_some(node)
    }

    /// The same, where a list or a map may be a parameter.
    fn whole(&self, key: &str) -> Option<&'a Node> {
        self.reader.resolved(self.written(key)?, &self.path_of(key))
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
            self.reader.fault(fault.expected(shape.described()));
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
        let Some(node) = self.whole(key) else { return Vec::new() };
        let Value::Map(entries) = &node.value else {
            let message = format!("{} where a map of names is expected", node.kind());
            let path = self.path_of(key);
            self.reader.fault(Fault::error(FaultKind::Shape, node.place, &path, message));
            return Vec::new();
        };
        entries.iter().filter(|e| !matches!(e.node.value, Value::Null)).collect()
    }

    /// A list.
    pub fn list(&self, key: &str) -> Vec<&'a Node> {
        let Some(node) = self.whole(key) else { return Vec::new() };
        let Value::List(items) = &node.value else {
            let message = format!("{} where a list is expected", node.kind());
            let path = self.path_of(key);
            let fault = Fault::error(FaultKind::Shape, node.place, &path, message);
            self.reader.fault(fault.expected("`[ … ]`, or lines that begin with `-`"));
            return Vec::new();
        };
        items.iter().collect()
    }

    /// Texts of a value or a list of values, with their places.
    pub fn names(&self, key: &str) -> Vec<(String, Place)> {
        let Some(node) = self.whole(key) else { return Vec::new() };
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
    pub fn tariffs(&self, key: &str) -> Vec<Tariff> {
        let Some(node) = self.whole(key) else { return Vec::new() };
        let path = self.path_of(key);
        match &node.value {
            Value::List(items) => {
                items.iter().filter_map(|item| self.reader.tariff(item, &path)).collect()
            }
            _ => self.reader.tariff(node, &path).into_iter().collect(),
        }
    }
}
