//! Layers: one tree over another.

use std::collections::HashMap;

use super::{Entry, Node, Value};

/// Puts `over` on `base`: maps merge key by key, `null` removes a key, anything else replaces. A
/// component whose `type` differs is replaced as a whole. `path` is where the two stand. Inside of a
/// phase of a plan `null` stays: it removes something of the layers that the phase extends.
pub(crate) fn merge(base: &mut Node, over: Node, path: &mut Vec<String>) {
    let is_component = match path.as_slice() {
        [first, _] => first == "components",
        [first, _, third, _] => first == PHASES && third == "components",
        _ => false,
    };
    let Node { place, value } = over;
    match (&mut base.value, value) {
        (Value::Map(old), Value::Map(new)) if !(is_component && changes_type(old, &new)) => {
            base.place = place;
            merge_entries(old, new, path);
        }
        (_, value) => *base = pruned_at(Node { place, value }, path),
    }
}

/// The key whose values are layers themselves.
const PHASES: &str = "phases";

fn is_in_phase(path: &[String]) -> bool {
    path.len() > 1 && path[0] == PHASES
}

/// What stands at `path`, without what is `null` there; a phase is kept as it is.
fn pruned_at(node: Node, path: &[String]) -> Node {
    match path.first() {
        Some(first) if first == PHASES => node,
        Some(_) => pruned(node),
        None => pruned_root(node),
    }
}

/// A top-level map without its `null`s, except those of its phases.
pub(crate) fn pruned_root(node: Node) -> Node {
    let Value::Map(entries) = node.value else { return pruned(node) };
    let kept = entries.into_iter().filter(|e| !matches!(e.node.value, Value::Null));
    let pruned = kept.map(|e| {
        let node = if e.key == PHASES { e.node } else { pruned(e.node) };
        Entry { node, ..e }
    });
    Node { value: Value::Map(pruned.collect()), ..node }
}

fn merge_entries(old: &mut Vec<Entry>, new: Vec<Entry>, path: &mut Vec<String>) {
    let known: HashMap<String, usize> =
        old.iter().enumerate().map(|(i, entry)| (entry.key.clone(), i)).collect();
    let keeps_null = is_in_phase(path);
    let mut slots: Vec<Option<Entry>> = std::mem::take(old).into_iter().map(Some).collect();
    for entry in new {
        match (known.get(&entry.key), &entry.node.value) {
            (Some(i), Value::Null) if !keeps_null => slots[*i] = None,
            (None, Value::Null) if !keeps_null => {}
            (None, _) => {
                path.push(entry.key.clone());
                slots.push(Some(Entry { node: pruned_at(entry.node, path), ..entry }));
                path.pop();
            }
            (Some(i), _) => {
                let Some(under) = &mut slots[*i] else { continue };
                under.place = entry.place;
                path.push(entry.key);
                merge(&mut under.node, entry.node, path);
                path.pop();
            }
        }
    }
    *old = slots.into_iter().flatten().collect();
}

fn changes_type(old: &[Entry], new: &[Entry]) -> bool {
    let type_of = |map: &[Entry]| {
        let entry = map.iter().find(|entry| entry.key == "type")?;
        entry.node.text().map(str::to_owned)
    };
    type_of(new).is_some_and(|word| type_of(old).is_some_and(|known| known != word))
}

/// Without entries that are `null`: there is nothing below for them to remove.
pub(crate) fn pruned(node: Node) -> Node {
    let value = match node.value {
        Value::Map(entries) => {
            let kept = entries.into_iter().filter(|e| !matches!(e.node.value, Value::Null));
            Value::Map(kept.map(|e| Entry { node: pruned(e.node), ..e }).collect())
        }
        Value::List(items) => Value::List(items.into_iter().map(pruned).collect()),
        value => value,
    };
    Node { value, ..node }
}
