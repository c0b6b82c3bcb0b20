//! `--set path=value`: one more layer, from the command line.

use super::merge::{merge, pruned};
use super::parse::{MAX_DEPTH, parse};
use super::tree::join;
use super::{Entry, Fault, FaultKind, Faults, Files, Node, Place, Value, nearest};

/// Top-level keys of a profile.
const TOP: [&str; 24] = [
    "capplan",
    "name",
    "extends",
    "users",
    "parameters",
    "regions",
    "network",
    "cells",
    "traffic",
    "components",
    "endpoints",
    "slo",
    "alerts",
    "claims",
    "gate",
    "cost",
    "timeline",
    "run",
    "assumptions",
    "phases",
    "growth",
    "promises",
    "lead_time",
    "planned",
];
/// Those whose entries may be named without them: the names are unique among each other.
const NAMED: [&str; 4] = ["traffic", "components", "endpoints", "timeline"];
/// Those whose entries must exist already: a slip would create something that nobody uses.
const EXISTING: [&str; 6] =
    ["users", "parameters", "traffic", "components", "endpoints", "timeline"];

/// Applies the texts of `--set` in order.
pub(crate) fn apply(root: &mut Node, sets: &[String], files: &mut Files, faults: &mut Faults) {
    if sets.is_empty() {
        return;
    }
    let shown = |set: &String| set.replace(super::parse::is_invisible, " ");
    let sets: Vec<String> = sets.iter().map(shown).collect();
    let file = files.add("--set", sets.join("\n"), std::path::Path::new(""));
    for (line, set) in (1..).zip(&sets) {
        if let Err(fault) = apply_one(root, set, Place { file, line, column: 1, width: 1 }, faults)
        {
            faults.push(*fault);
        }
    }
}

fn apply_one(root: &mut Node, set: &str, at: Place, faults: &mut Faults) -> Result<(), Box<Fault>> {
    let fault = |kind, place, message: String| Fault::error(kind, place, "", message);
    let Some((path, text)) = set.split_once('=') else {
        let whole = at.part(0, set.chars().count());
        let fault = fault(FaultKind::Value, whole, format!("`{set}` has no `=`"));
        return Err(fault.expected("`path=value`, such as `db.pool.size=60`").into());
    };
    let width = path.chars().count();
    let (key_place, value_place) = (at.part(0, width), at.part(width + 1, text.chars().count()));
    let keys = full_path(root, path.trim(), key_place)?;
    let Some(value) = value(text, value_place, faults) else { return Ok(()) };
    let mut map = &mut root.value;
    let (last, parents) = keys.split_last().expect("a path has at least one part");
    for (depth, key) in parents.iter().enumerate() {
        let entries = entries_of(map, &keys[..depth], path, key_place)?;
        let position = entries.iter().position(|e| e.key == *key).unwrap_or_else(|| {
            let node = Node { place: key_place, value: Value::Map(Vec::new()) };
            entries.push(Entry { key: key.clone(), place: key_place, node });
            entries.len() - 1
        });
        map = &mut entries[position].node.value;
    }
    let entries = entries_of(map, parents, path, key_place)?;
    let position = entries.iter().position(|e| e.key == *last);
    match (position, &value.value) {
        (Some(i), Value::Null) => drop(entries.remove(i)),
        (None, Value::Null) => {}
        (Some(i), _) => {
            let kept = entries[i].node.place;
            let is_map = matches!(value.value, Value::Map(_));
            merge(&mut entries[i].node, value, &mut keys.clone());
            if is_map {
                entries[i].node.place = kept;
            }
        }
        (None, _) => {
            entries.push(Entry { key: last.clone(), place: key_place, node: pruned(value) });
        }
    }
    Ok(())
}

/// The entries of a map on the way; what is no map cannot be entered.
fn entries_of<'a>(
    value: &'a mut Value,
    keys: &[String],
    path: &str,
    place: Place,
) -> Result<&'a mut Vec<Entry>, Box<Fault>> {
    if let Value::Scalar { text, quoted: false } = value
        && text.is_empty()
    {
        *value = Value::Map(Vec::new());
    }
    match value {
        Value::Map(entries) => Ok(entries),
        Value::List(_) => {
            let list = keys.last().map_or("", String::as_str);
            let message = format!("`{list}` is a list; `{path}` cannot reach into it");
            let fault = Fault::error(FaultKind::Shape, place, &keys.join("."), message);
            Err(fault.hint("a list is replaced as a whole").into())
        }
        _ => {
            // In the words of the path as it was given.
            let given = path.trim().split('.').count();
            let (full, shown) = (keys.join("."), keys.len().min(given));
            let known = path.trim().split('.').take(shown).collect::<Vec<_>>().join(".");
            let known = if full.ends_with(&known) { known } else { short(&full) };
            let message = format!("`{known}` is a value; nothing is inside it");
            Err(Fault::error(FaultKind::Shape, place, &full, message).into())
        }
    }
}

/// A full path without its section.
fn short(full: &str) -> String {
    match full.split_once('.') {
        Some((section, rest)) if NAMED.contains(&section) => rest.to_owned(),
        _ => full.to_owned(),
    }
}

/// The parts of a path; a name of a traffic, component, endpoint or event stands for its full path.
fn full_path(root: &Node, path: &str, place: Place) -> Result<Vec<String>, Box<Fault>> {
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    let first = parts[0].as_str();
    let unknown = |message: String, wrong: &str, known: Vec<&str>| {
        let fault = Fault::error(FaultKind::UnknownName, place, "", message);
        Err(Box::new(match nearest(wrong, known.iter().copied()) {
            Some(name) => fault.hint(format!("did you mean `{}`?", path.replacen(wrong, name, 1))),
            None if known.is_empty() => fault,
            None => fault.expected(format!("one of {}", listed(&known))),
        }))
    };
    if parts.len() > MAX_DEPTH {
        let message = format!("a path has at most {MAX_DEPTH} parts");
        return Err(Fault::error(FaultKind::Range, place, "", message).into());
    }
    if parts.iter().any(String::is_empty) {
        let message = format!("`{path}` is no path");
        let fault = Fault::error(FaultKind::Value, place, "", message);
        return Err(fault.expected("names with dots between, such as `db.pool.size`").into());
    }
    if TOP.contains(&first) {
        if let Some(second) = parts.get(1).filter(|_| EXISTING.contains(&first)) {
            let known: Vec<&str> = root
                .get(first)
                .map_or(&[][..], Node::entries)
                .iter()
                .map(|e| e.key.as_str())
                .collect();
            if !known.contains(&second.as_str()) {
                return unknown(format!("`{first}` has no `{second}`"), second, known);
            }
        }
        return Ok(parts);
    }
    let sections: Vec<&str> = NAMED
        .into_iter()
        .filter(|section| root.get(section).is_some_and(|map| map.get(first).is_some()))
        .collect();
    match sections.as_slice() {
        [section] => Ok([vec![(*section).to_owned()], parts].concat()),
        [] => {
            let named = NAMED.iter().filter_map(|s| root.get(s)).flat_map(Node::entries);
            let known = named.map(|e| e.key.as_str()).chain(TOP).collect();
            unknown(format!("nothing is called `{first}`"), first, known)
        }
        several => {
            let message = format!("`{first}` is a name in {}", listed(several));
            let fault = Fault::error(FaultKind::Conflict, place, "", message);
            Err(fault.hint(format!("write `{}`", join(several[0], path))).into())
        }
    }
}

fn listed(names: &[&str]) -> String {
    let some: Vec<String> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
    some.join(", ") + if names.len() > 12 { ", …" } else { "" }
}

/// The value of a `--set`, with places in its line.
fn value(text: &str, place: Place, faults: &mut Faults) -> Option<Node> {
    if text.trim().is_empty() {
        let message = "a value is missing after the `=`";
        let fault = Fault::error(FaultKind::Value, place, "", message);
        faults.push(fault.hint("`null` removes a key"));
        return None;
    }
    let mut found = Faults::new();
    let node = parse(text, place.file, &mut found);
    let shift = |p: Place| Place { line: place.line, column: place.column + p.column - 1, ..p };
    for fault in found.iter() {
        faults.push(Fault { place: fault.place.map(shift), ..fault.clone() });
    }
    node.map(|node| shifted(node, &shift))
}

fn shifted(node: Node, shift: &dyn Fn(Place) -> Place) -> Node {
    let value = match node.value {
        Value::List(items) => Value::List(items.into_iter().map(|n| shifted(n, shift)).collect()),
        Value::Map(entries) => {
            let moved = entries.into_iter().map(|e| Entry {
                place: shift(e.place),
                node: shifted(e.node, shift),
                key: e.key,
            });
            Value::Map(moved.collect())
        }
        value => value,
    };
    Node { place: shift(node.place), value }
}
