//! `users`: populations, which may be shares of one another.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use super::reader::Reader;
use super::tree::join;
use super::value::Context;
use super::{End, Entry, Fault, FaultKind, Node, Place, Value};
use crate::units::{self, Dimension};

/// Longest chain of populations that are shares of each other.
const MAX_CHAIN: usize = 16;

/// What is known of the populations. They are worked out when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Populations {
    entries: Vec<Entry>,
    /// Their positions by name.
    index: HashMap<String, usize>,
    end: End,
    sizes: RefCell<Vec<Size>>,
    /// Those that are being worked out, outermost first.
    open: RefCell<Vec<usize>>,
    used: RefCell<BTreeSet<String>>,
    has_range: RefCell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Size {
    Unknown,
    Known(f64),
    Faulty,
}

impl Populations {
    pub(super) fn new(users: Option<&Node>, end: End) -> Self {
        let entries = users.map_or(&[][..], Node::entries).to_vec();
        let sizes = RefCell::new(vec![Size::Unknown; entries.len()]);
        let index = entries.iter().enumerate().map(|(i, entry)| (entry.key.clone(), i)).collect();
        Self { entries, index, end, sizes, ..Self::default() }
    }

    /// In the order of the file; a faulty one counts as 1.
    pub(super) fn all(&self) -> Vec<(String, f64)> {
        let size = |i: usize| match self.sizes.borrow()[i] {
            Size::Known(size) => size,
            Size::Unknown | Size::Faulty => 1.0,
        };
        self.entries.iter().enumerate().map(|(i, entry)| (entry.key.clone(), size(i))).collect()
    }

    /// Those that nothing is multiplied by, and of which no other one is a share.
    pub(super) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let names = self.entries.iter().map(|entry| &entry.key);
        names.filter(|name| !used.contains(*name)).cloned().collect()
    }

    pub(super) fn has_range(&self) -> bool {
        *self.has_range.borrow()
    }
}

impl Reader {
    /// Works out all populations, so that their faults are found once.
    pub(super) fn check_populations(&self, users: &Node) {
        if !matches!(users.value, Value::Map(_)) {
            if users.kind() != "nothing" {
                let message = format!("{} where a map of populations is expected", users.kind());
                let fault = Fault::error(FaultKind::Shape, users.place, "users", message);
                self.fault(fault.expected("`users: { active: 50_000 }`"));
            }
            return;
        }
        for (i, entry) in self.populations.entries.iter().enumerate() {
            if units::is_unit(&entry.key) || entry.key == "request" {
                let message = format!("`{}` cannot be a population: it is a unit", entry.key);
                let path = join("users", &entry.key);
                self.fault(Fault::error(FaultKind::Name, entry.place, &path, message));
            }
            self.size(i, entry.place, &join("users", &entry.key));
        }
    }

    /// The size of a population.
    pub(super) fn population(&self, name: &str, place: Place, path: &str) -> Option<f64> {
        let entries = &self.populations.entries;
        let Some(i) = self.populations.index.get(name).copied() else {
            let message = format!("there is no population `{name}`");
            let fault = Fault::error(FaultKind::UnknownName, place, path, message);
            let fault = self.meant(fault, name, entries.iter().map(|entry| entry.key.as_str()));
            self.fault(if entries.is_empty() {
                fault.expected(format!("`users: {{ {name}: 1000 }}` at the top"))
            } else {
                fault
            });
            return None;
        };
        self.populations.used.borrow_mut().insert(name.to_owned());
        self.size(i, place, path)
    }

    /// The size of the i-th population, asked for at a place.
    fn size(&self, i: usize, place: Place, path: &str) -> Option<f64> {
        let populations = &self.populations;
        match populations.sizes.borrow()[i] {
            Size::Known(size) => return Some(size),
            Size::Faulty => return None,
            Size::Unknown => {}
        }
        let open = populations.open.borrow().clone();
        let names = |list: &[usize]| -> Vec<String> {
            list.iter().map(|i| format!("`{}`", populations.entries[*i].key)).collect()
        };
        let problem = if let Some(at) = open.iter().position(|known| *known == i) {
            let ring = names(&[&open[at..], &[i]].concat()).join(" → ");
            Some((FaultKind::Cycle, format!("populations refer to each other: {ring}")))
        } else if open.len() >= MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} populations are shares of each other");
            Some((FaultKind::Range, message))
        } else {
            None
        };
        if let Some((kind, message)) = problem {
            self.fault(Fault::error(kind, place, path, message));
            return None;
        }
        populations.open.borrow_mut().push(i);
        let size = self.worked_out(&populations.entries[i]);
        populations.open.borrow_mut().pop();
        populations.sizes.borrow_mut()[i] = size.map_or(Size::Faulty, Size::Known);
        size
    }

    fn worked_out(&self, entry: &Entry) -> Option<f64> {
        let path = join("users", &entry.key);
        let text = self.text_unresolved(&entry.node, &path)?;
        let context = Context::of(self, &entry.node, text, &path);
        let piece = context.spell(text)?;
        context.resolved(&piece, &|me, piece| {
            if !piece.is_range() {
                return me.plain_number(piece, Dimension::Count);
            }
            self.populations.has_range.replace(true);
            let (low, high) = me.range(piece, Dimension::Count)?;
            Some(if self.populations.end == End::Low { low } else { high })
        })
    }
}
