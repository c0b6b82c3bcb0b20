//! Layers: one tree over another.

use std::collections::HashMap;

use super::{Entry, Node, Value};

/// Puts `over` on `base`: maps merge key by key, `null` removes a key, anything else replaces. A
/// component whose `type` differs is replaced as a whole. `path` is where the two stand.
pub(crate) fn merge(base: &mut Node, over: Node, path: &mut Vec<String>) {
    let is_component = path.len() == 2 && path[0] == "components";
    let Node { place, value } = over;
    match (&mut base.value, value) {
        (Value::Map(old), Value::Map(new)) if !(is_component && changes_type(old, &new)) => {
            base.place = place;
            merge_entries(old, new, path);
        }
        (_, value) => *base = pruned(Node { place, value }),
    }
}

fn merge_entries(old: &mut Vec<Entry>, new: Vec<Entry>, path: &mut Vec<String>) {
    let known: HashMap<String, usize> =
        old.iter().enumerate().map(|(i, entry)| (entry.key.clone(), i)).collect();
    let mut slots: Vec<Option<Entry>> = std::mem::take(old).into_iter().map(Some).collect();
    for entry in new {
        match (known.get(&entry.key), &entry.node.value) {
            (Some(i), Value::Null) => slots[*i] = None,
            (None, Value::Null) => {}
            (None, _) => slots.push(Some(Entry { node: pruned(entry.node), ..entry })),
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
