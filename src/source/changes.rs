//! What differs between two merged profiles: every leaf that was added, removed or changed.

use super::tree::join;
use super::{Node, Place, Value};

/// A leaf that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path: `components.db.pool.size`, `endpoints.list.steps[1].cpu`.
    pub path: String,
    /// What stood there; `None` when it is new.
    pub before: Option<String>,
    /// What stands there; `None` when it is gone.
    pub after: Option<String>,
    /// Where it stands now; the default where it stands no more.
    pub place: Place,
}

/// Every leaf that differs, in the order of the second tree, then what is gone. Comments, blanks,
/// quotation marks, the order of keys and the file a value comes from are no differences.
pub fn changes(base: &Node, head: &Node) -> Vec<Change> {
    let mut found = Vec::new();
    compare(base, head, "", &mut found);
    found
}

fn compare(base: &Node, head: &Node, path: &str, found: &mut Vec<Change>) {
    match (&base.value, &head.value) {
        (Value::Map(old), Value::Map(new)) => {
            for entry in new {
                let path = join(path, &entry.key);
                match base.get(&entry.key) {
                    Some(before) => compare(before, &entry.node, &path, found),
                    None => added(&entry.node, &path, found),
                }
            }
            for entry in old.iter().filter(|entry| head.get(&entry.key).is_none()) {
                removed(&entry.node, &join(path, &entry.key), found);
            }
        }
        (Value::List(old), Value::List(new)) => {
            for (i, node) in new.iter().enumerate() {
                let path = format!("{path}[{i}]");
                match old.get(i) {
                    Some(before) => compare(before, node, &path, found),
                    None => added(node, &path, found),
                }
            }
            for (i, node) in old.iter().enumerate().skip(new.len()) {
                removed(node, &format!("{path}[{i}]"), found);
            }
        }
        _ => {
            let (before, after) = (flow(base), flow(head));
            if before != after {
                let (path, place) = (path.to_owned(), head.place);
                found.push(Change { path, before: Some(before), after: Some(after), place });
            }
        }
    }
}

/// The entries of a map one by one, so that a new component is read key by key.
fn added(node: &Node, path: &str, found: &mut Vec<Change>) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                added(&entry.node, &join(path, &entry.key), found);
            }
        }
        _ => {
            let after = Some(flow(node));
            found.push(Change { path: path.to_owned(), before: None, after, place: node.place });
        }
    }
}

fn removed(node: &Node, path: &str, found: &mut Vec<Change>) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                removed(&entry.node, &join(path, &entry.key), found);
            }
        }
        _ => {
            let (before, place) = (Some(flow(node)), Place::default());
            found.push(Change { path: path.to_owned(), before, after: None, place });
        }
    }
}

/// A value in one line, as it would be written in flow style.
fn flow(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar { text, .. } => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|e| format!("{}: {}", e.key, flow(&e.node))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Input, load};
    use super::*;

    fn of(base: &str, head: &str) -> Vec<String> {
        let read = |text: &str| {
            let input = Input::Text { name: "a".to_owned(), text: text.to_owned() };
            load(&input, &[]).expect("it is YAML").0.root
        };
        let line = |c: Change| {
            let text = |x: Option<String>| x.unwrap_or_else(|| "-".to_owned());
            format!("{}:{}: {} -> {}", c.place.line, c.path, text(c.before), text(c.after))
        };
        changes(&read(base), &read(head)).into_iter().map(line).collect()
    }

    #[test]
    fn comments_blanks_quotes_and_order_are_no_change() {
        let base = "a: { x: 1, y: two words }\nb: [1, 2]\n";
        let head = "# said\nb:\n  - 1\n  - 2 # here\na:\n  y: \"two  words\"\n  x: 1\n";
        assert_eq!(of(base, head), Vec::<String>::new());
    }

    #[test]
    fn each_leaf_that_differs_is_said_with_its_path() {
        let base = "a: { x: 1, gone: { p: 1, q: 2 } }\nsteps: [ { cpu: 1ms }, { call: b } ]\n";
        let head = "a: { x: 2, new: { r: 3 } }\nsteps: [ { cpu: 2ms } ]\n";
        assert_eq!(
            of(base, head),
            [
                "1:a.x: 1 -> 2",
                "1:a.new.r: - -> 3",
                "0:a.gone.p: 1 -> -",
                "0:a.gone.q: 2 -> -",
                "2:steps[0].cpu: 1ms -> 2ms",
                "0:steps[1].call: b -> -",
            ]
        );
    }
}
