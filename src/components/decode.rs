//! What the decoding of a component or a step needs to know of the rest of the profile.

use std::cell::RefCell;

use crate::dist::Distribution;
use crate::program::{KindId, MAX_KINDS};
use crate::source::{Fault, FaultKind, Fields, Node, Place, Reader, Value};

use super::lower::Block;
use super::{Kind, kind_of};

/// Decodes lists of steps, which components contain but do not know.
pub(crate) trait Steps {
    /// Decodes a list of steps; faults go to the reader.
    fn block(&self, decode: &Decode<'_>, node: &Node, path: &str) -> Block;
}

/// Names of the profile, collected before anything is decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Components with their types (`None`: a type that does not exist).
    pub(crate) components: Vec<(String, Option<&'static Kind>)>,
    /// Families of keys of each component.
    pub(crate) families: Vec<Vec<String>>,
    /// Endpoints.
    pub(crate) endpoints: Vec<String>,
}

/// The state of decoding.
pub(crate) struct Decode<'r> {
    /// Where faults go.
    pub(crate) reader: &'r Reader,
    /// Names.
    pub(crate) names: &'r Names,
    /// Decoder of steps.
    pub(crate) steps: &'r dyn Steps,
    /// Names of the kinds of failure, the language's own first.
    pub(crate) kinds: RefCell<Vec<String>>,
    /// Kinds that `errors` of a retry refers to, checked when all are known.
    pub(crate) wanted_kinds: RefCell<Vec<(String, Place, String)>>,
    /// Defaults that were used and are not neutral.
    pub(crate) notes: RefCell<Vec<String>>,
    /// Names that something refers to.
    pub(crate) used: RefCell<std::collections::BTreeSet<String>>,
}

impl Decode<'_> {
    /// Reports a mistake.
    pub(crate) fn fault(&self, place: Place, path: &str, kind: FaultKind, message: String) {
        self.reader.fault(Fault::error(kind, place, path, message));
    }

    /// Reports a mistake with its remedy.
    pub(crate) fn hint(
        &self,
        place: Place,
        path: &str,
        kind: FaultKind,
        message: String,
        hint: Option<String>,
    ) {
        self.reader.fault(Fault { hint, ..Fault::error(kind, place, path, message) });
    }

    /// Notes a default that is not neutral.
    pub(crate) fn note(&self, note: String) {
        self.notes.borrow_mut().push(note);
    }

    /// The component of this name, if its type is one of `kinds`.
    pub(crate) fn component(&self, node: &Node, path: &str, kinds: &[&str]) -> Option<usize> {
        let name = self.reader.text(node, path)?;
        self.component_named(&name, node.place, path, kinds)
    }

    /// The component of this name, if its type is one of `kinds` (any when empty).
    pub(crate) fn component_named(
        &self,
        name: &str,
        place: Place,
        path: &str,
        kinds: &[&str],
    ) -> Option<usize> {
        let expected = if kinds.is_empty() { "component".to_owned() } else { kinds.join(" or ") };
        let Some(index) = self.names.components.iter().position(|c| c.0 == name) else {
            let known = self.names.components.iter().map(|c| c.0.as_str());
            let hint = nearest(name, known);
            let message = format!("no component is called `{name}`");
            self.hint(place, path, FaultKind::UnknownName, message, hint);
            return None;
        };
        self.used.borrow_mut().insert(name.to_owned());
        let kind = self.names.components[index].1?;
        if kinds.is_empty() || kinds.contains(&kind.word) {
            return Some(index);
        }
        let message = format!("`{name}` is a {}, not a {expected}", kind.word);
        let known = self.names.components.iter();
        let fitting = known.filter(|c| c.1.is_some_and(|k| kinds.contains(&k.word)));
        let hint = nearest(name, fitting.map(|c| c.0.as_str()));
        self.hint(place, path, FaultKind::UnknownName, message, hint);
        None
    }

    /// The endpoint of this name.
    pub(crate) fn endpoint(&self, name: &str, place: Place, path: &str) -> Option<usize> {
        let known = &self.names.endpoints;
        let found = known.iter().position(|e| e == name);
        if found.is_none() {
            let hint = nearest(name, known.iter().map(String::as_str));
            let message = format!("no endpoint is called `{name}`");
            self.hint(place, path, FaultKind::UnknownName, message, hint);
        } else {
            self.used.borrow_mut().insert(name.to_owned());
        }
        found
    }

    /// The id of a kind of failure, which a `fail` step may invent.
    pub(crate) fn kind(&self, name: &str, place: Place, path: &str) -> KindId {
        let mut kinds = self.kinds.borrow_mut();
        let known = kinds.iter().position(|k| k == name);
        let id = known.unwrap_or_else(|| {
            if kinds.len() < MAX_KINDS {
                kinds.push(name.to_owned());
            } else {
                let message = format!("more than {MAX_KINDS} kinds of failure");
                self.fault(place, path, FaultKind::Range, message);
            }
            kinds.len() - 1
        });
        KindId(id as u8)
    }

    /// The id of a kind of failure that is referred to; checked by [`Decode::check_kinds`].
    pub(crate) fn wanted_kind(&self, name: &str, place: Place, path: &str) -> KindId {
        let known = self.kinds.borrow().iter().position(|k| k == name);
        if let Some(id) = known {
            return KindId(id as u8);
        }
        self.wanted_kinds.borrow_mut().push((name.to_owned(), place, path.to_owned()));
        self.kind(name, place, path)
    }

    /// Reports kinds of failure that are referred to and that nothing raises. To be called when all
    /// steps are decoded; `raised` are those that `fail` steps raise.
    pub(crate) fn check_kinds(&self, raised: &[String]) {
        for (name, place, path) in self.wanted_kinds.borrow().iter() {
            if !raised.contains(name) {
                let own = crate::program::Kind::NAMES.into_iter();
                let hint = nearest(name, own.chain(raised.iter().map(String::as_str)));
                let message = format!("nothing fails as `{name}`");
                self.hint(*place, path, FaultKind::UnknownName, message, hint);
            }
        }
    }

    /// A count of at least one; `default` where none is written.
    pub(crate) fn at_least_one(&self, fields: &Fields<'_>, key: &str, default: u32) -> u32 {
        let Some(count) = fields.count(key) else { return default };
        if count == 0 {
            self.range(fields, key, "at least 1");
        }
        count.max(1)
    }

    /// Reports a value that is out of its range.
    pub(crate) fn range(&self, fields: &Fields<'_>, key: &str, range: &str) {
        let message = format!("`{key}` must be {range}");
        self.fault(fields.value_place(key), &fields.path_of(key), FaultKind::Range, message);
    }

    /// Reports a key that does not fit another one.
    pub(crate) fn conflict(&self, fields: &Fields<'_>, key: &str, message: String) {
        self.fault(fields.place(key), &fields.path_of(key), FaultKind::Conflict, message);
    }

    /// A ratio in [0, 1].
    pub(crate) fn share(&self, fields: &Fields<'_>, key: &str) -> Option<f64> {
        let ratio = fields.ratio(key)?;
        if ratio > 1.0 {
            self.range(fields, key, "at most 100%");
        }
        Some(ratio.min(1.0))
    }

    /// A distribution that is not always zero, else a fault.
    pub(crate) fn positive(&self, fields: &Fields<'_>, key: &str) -> Option<Distribution> {
        let dist = fields.duration_dist(key)?;
        if dist.mean() > 0.0 {
            return Some(dist);
        }
        self.range(fields, key, "longer than 0s");
        None
    }

    /// What the language has and this version does not.
    pub(crate) fn not_yet(&self, place: Place, path: &str, what: &str) {
        self.fault(place, path, FaultKind::NotYet, format!("not supported yet: {what}"));
    }
}

/// A distribution, unless it is always zero.
pub(crate) fn nonzero(dist: Option<Distribution>) -> Option<Distribution> {
    dist.filter(|d| *d != Distribution::Constant(0.0))
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    crate::source::nearest(name, known).map(|n| format!("did you mean `{n}`?"))
}

/// The type of a component as it is written, before anything is decoded.
pub(crate) fn type_of(node: &Node) -> Option<&'static Kind> {
    let Value::Map(entries) = &node.value else { return None };
    let entry = entries.iter().find(|e| e.key == "type")?;
    match &entry.node.value {
        Value::Scalar { text, .. } => kind_of(text),
        _ => None,
    }
}
