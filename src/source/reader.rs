//! Decodes single values. Parameters, populations and uncertain values are resolved on the way, so
//! that what comes out is final; every fault is gathered, with its place.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rust_decimal::Decimal;

use super::populations::Populations;
use super::spelling::Piece;
use super::value::Context;
use super::{Entry, Fault, FaultKind, Faults, Files, Node, Place, Shape, Tree, Value};
use crate::dist::{Curve, Distribution, Growth};
use crate::rng::{Stream, combine};
use crate::units::{Dimension, Quantity, Tariff};

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

/// A value of which only a range is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Uncertain {
    /// Path in the profile.
    pub path: String,
    /// Where its best value stands.
    pub place: Place,
    /// Best value, in the base unit.
    pub best: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Decodes nodes; holds faults, parameters and populations.
#[derive(Debug)]
pub struct Reader {
    faults: RefCell<Faults>,
    parameters: HashMap<String, Entry>,
    used_parameters: RefCell<BTreeSet<String>>,
    pub(super) populations: Populations,
    uncertain: RefCell<Vec<Uncertain>>,
    world: Option<u64>,
    files: Files,
}

/// Faults beyond this number get no hint of a nearest name.
const MAX_HINTED: usize = 200;
/// The most that a count can be without being `unlimited`.
const MAX_COUNT: f64 = 4_294_967_294.0;
/// Longest chain of parameters that refer to each other.
const MAX_CHAIN: usize = 16;

impl Reader {
    /// A reader of a tree; ranges of populations count at this end, uncertain values at their best.
    pub fn new(tree: &Tree, end: End) -> Self {
        Self::with(tree, end, None)
    }

    /// A reader that draws each uncertain value from its range: one draw per `world`, triangular with
    /// the best value as its mode.
    pub fn of_world(tree: &Tree, end: End, world: u64) -> Self {
        Self::with(tree, end, Some(world))
    }

    fn with(tree: &Tree, end: End, world: Option<u64>) -> Self {
        let users = tree.root.get("users");
        let parameters = tree.root.get("parameters").map_or(&[][..], Node::entries);
        let reader = Self {
            faults: RefCell::new(tree.faults.clone()),
            parameters: parameters.iter().map(|p| (p.key.clone(), p.clone())).collect(),
            used_parameters: RefCell::default(),
            populations: Populations::new(users, end),
            uncertain: RefCell::default(),
            world,
            files: tree.files.clone(),
        };
        if let Some(users) = users {
            reader.check_populations(users);
        }
        reader
    }

    /// Reports a fault.
    pub fn fault(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    /// With the nearest name, while there are few enough faults that somebody reads them all.
    pub(super) fn meant<'n>(
        &self,
        fault: Fault,
        wrong: &str,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Fault {
        if self.faults.borrow().len() > MAX_HINTED { fault } else { fault.meant(wrong, names) }
    }

    /// All faults so far.
    pub fn into_faults(self) -> Faults {
        self.faults.into_inner()
    }

    /// Populations in the order of the file.
    pub fn users(&self) -> Vec<(String, f64)> {
        self.populations.all()
    }

    /// Whether a population is a range, so that both ends differ.
    pub fn has_range(&self) -> bool {
        self.populations.has_range()
    }

    /// Uncertain values that were read so far, each once, by place.
    pub fn uncertain_values(&self) -> Vec<Uncertain> {
        let mut values = self.uncertain.borrow().clone();
        values.sort_by_key(|value| value.place);
        values.dedup_by_key(|value| value.place);
        values
    }

    /// Notes an uncertain value; its draw when this is not the world of best values.
    pub(super) fn uncertain(&self, value: Uncertain) -> Option<f64> {
        let drawn = self.world.map(|world| {
            let Place { file, line, column, .. } = value.place;
            let key = [u64::from(file), u64::from(line), u64::from(column)];
            let u = Stream::new(key.into_iter().fold(world, combine)).unit();
            triangular(value.low, value.best, value.high, u)
        });
        self.uncertain.borrow_mut().push(value);
        drawn
    }

    /// Parameters that nothing refers to, and populations that nothing is multiplied by.
    pub fn unused(&self) -> (Vec<Entry>, Vec<String>) {
        let used = self.used_parameters.borrow();
        let mut parameters: Vec<Entry> =
            self.parameters.values().filter(|p| !used.contains(&p.key)).cloned().collect();
        parameters.sort_by_key(|parameter| parameter.place);
        (parameters, self.populations.unused())
    }

    pub(super) fn directory(&self, file: u16) -> &Path {
        self.files.directory(file)
    }

    /// The bytes of a file that a value names, or why there are none.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.files.read(path)
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str, place: Place, path: &str) -> Option<&Node> {
        if let Some(entry) = self.parameters.get(name) {
            self.used_parameters.borrow_mut().insert(name.to_owned());
            return Some(&entry.node);
        }
        let message = format!("there is no parameter `{name}`");
        let fault = Fault::error(FaultKind::UnknownName, place, path, message);
        let mut names: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
        names.sort_unstable();
        self.fault(self.meant(fault, name, names));
        None
    }

    /// The node itself, or the value of the parameter that it names.
    pub(super) fn resolved<'a>(&'a self, node: &'a Node, path: &str) -> Option<&'a Node> {
        let (mut node, mut chain) = (node, Vec::new());
        while let Some(name) = node.text().and_then(|text| text.strip_prefix('=')) {
            let at = chain.iter().position(|known| *known == name);
            if at.is_some() || chain.len() >= MAX_CHAIN {
                let ring = ring(&chain[at.unwrap_or(0)..], name);
                let message = format!("parameters refer to each other: {ring}");
                self.fault(Fault::error(FaultKind::Cycle, node.place, path, message));
                return None;
            }
            chain.push(name);
            node = self.parameter(name, node.place, path)?;
        }
        Some(node)
    }

    /// Text of a scalar.
    pub fn text(&self, node: &Node, path: &str) -> Option<String> {
        let resolved = self.resolved(node, path)?;
        self.text_unresolved(resolved, path).map(str::to_owned)
    }

    /// Text of a scalar, which may name a parameter.
    pub(super) fn text_unresolved<'a>(&self, node: &'a Node, path: &str) -> Option<&'a str> {
        match &node.value {
            Value::Scalar { text, quoted } if *quoted || !text.is_empty() => Some(text),
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
        let text = self.text_unresolved(node, path)?;
        let context = Context::of(self, node, text, path);
        let piece = context.spell(text)?;
        work(&context, &piece)
    }

    fn number_of(&self, node: &Node, path: &str, dimension: Dimension) -> Option<f64> {
        self.value(node, path, |context, piece| context.number(piece, dimension))
    }

    fn dist_of(&self, node: &Node, path: &str, dimension: Dimension) -> Option<Distribution> {
        self.value(node, path, |context, piece| context.dist(piece, dimension, None))
    }

    fn is_unlimited(&self, node: &Node) -> bool {
        let mut node = Some(node);
        for _ in 0..=MAX_CHAIN {
            match node.and_then(Node::text) {
                Some("unlimited") => return true,
                Some(text) if text.starts_with('=') => {
                    node = self.parameters.get(&text[1..]).map(|parameter| &parameter.node);
                }
                _ => return false,
            }
        }
        false
    }

    /// Count; `unlimited` is `u32::MAX`.
    pub fn count(&self, node: &Node, path: &str) -> Option<u32> {
        if self.is_unlimited(node) {
            self.resolved(node, path);
            return Some(u32::MAX);
        }
        let count = self.number_of(node, path, Dimension::Count)?;
        if count > MAX_COUNT {
            let text = node.text().unwrap_or("");
            let message = format!("`{text}` is too large: more than 4_294_967_294");
            self.fault(Fault::error(FaultKind::Range, node.place, path, message));
            return None;
        }
        Some(count as u32)
    }

    /// Count beyond 32 bits; `unlimited` is `u64::MAX`.
    pub fn large_count(&self, node: &Node, path: &str) -> Option<u64> {
        if self.is_unlimited(node) {
            self.resolved(node, path);
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
        let message = format!("`{text}` is not possible here");
        let fault = Fault::error(FaultKind::Word, place, path, message);
        let expected = Shape::Word(words).described();
        self.fault(fault.meant(&text, words.iter().copied()).expected(expected));
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

    /// A price, with its tiers or what is reserved.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "its lifetime is too short")]
    pub fn tariff(&self, node: &Node, path: &str) -> Option<Tariff> {
        self.value(node, path, |context, piece| context.tariff(piece))
    }

    /// Money per month.
    pub fn money(&self, node: &Node, path: &str) -> Option<Decimal> {
        self.value(node, path, |context, piece| context.price(piece, Dimension::Money))
            .map(|price| price.amount)
    }
}

impl Reader {
    /// Money per month, or a range of it: both ends.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "its lifetime is too short")]
    pub fn money_range(&self, node: &Node, path: &str) -> Option<(Decimal, Decimal)> {
        self.value(node, path, |context, piece| context.money_range(piece))
    }

    /// A duration or a range of it, seconds: both ends.
    pub fn seconds_range(&self, node: &Node, path: &str) -> Option<(f64, f64)> {
        self.value(node, path, |context, piece| context.number_range(piece, Dimension::Duration))
    }

    /// A count or a range of it: both ends.
    pub fn count_range(&self, node: &Node, path: &str) -> Option<(f64, f64)> {
        self.value(node, path, |context, piece| context.number_range(piece, Dimension::Count))
    }

    /// Users over months.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "its lifetime is too short")]
    pub fn growth(&self, node: &Node, path: &str) -> Option<Growth> {
        self.value(node, path, |context, piece| context.growth(piece))
    }
}

macro_rules! decoders {
    ($($(#[$doc:meta])* $name:ident -> $out:ty = |$reader:ident, $node:ident, $path:ident| $body:expr;)*) => {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a method of one lifetime is no function of all"
        )]
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
    /// The shape of gaps between arrivals with mean 1; `None` is Poisson.
    gaps -> Distribution = |r, node, path| r.value(node, path, |context, piece| context.gaps(piece));
}

/// Names that refer to each other, up to the one that closes the ring.
pub(super) fn ring(chain: &[&str], last: &str) -> String {
    let names: Vec<String> = chain.iter().chain([&last]).map(|name| format!("`{name}`")).collect();
    names.join(" → ")
}

/// Inverse of the triangular distribution on [low, high] with this mode, at u in [0, 1).
fn triangular(low: f64, mode: f64, high: f64, u: f64) -> f64 {
    let width = high - low;
    if width <= 0.0 {
        return mode;
    }
    let turn = (mode - low) / width;
    let drawn = if u < turn {
        low + (u * width * (mode - low)).sqrt()
    } else {
        high - ((1.0 - u) * width * (high - mode)).sqrt()
    };
    drawn.clamp(low, high)
}
