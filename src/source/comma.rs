//! In `{ time: lognormal(mean=20ms, p95=60ms) }` YAML ends the value at the comma. This finds such
//! pieces, says how to write the value, and puts them together again so that reading can go on.

use super::tree::join;
use super::{Entry, Fault, FaultKind, Faults, Node, Value};

/// Most pieces that one value is put together from.
const MAX_PIECES: usize = 32;

/// Mends the entries of the flow map at `path`.
pub(crate) fn mend_map(entries: &mut Vec<Entry>, path: &str, faults: &mut Faults) {
    if !entries.iter().any(|entry| is_nothing(&entry.node)) {
        return;
    }
    let mut mended: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut rest = std::mem::take(entries).into_iter().peekable();
    while let Some(mut entry) = rest.next() {
        let mut pieces = 1;
        while let Some(text) = plain(&entry.node).filter(|t| pieces < MAX_PIECES && unclosed(t)) {
            let Some(next) = rest.next_if(|next| is_nothing(&next.node)) else { break };
            let joined = format!("{text} {}", next.key);
            set(&mut entry.node, joined);
            pieces += 1;
        }
        if pieces > 1 {
            report(&entry.node, &join(path, &entry.key), faults);
        }
        if let Some(text) = plain(&entry.node).filter(|t| t.ends_with(|c: char| c.is_ascii_digit()))
            && let Some(next) = rest
                .next_if(|n| is_nothing(&n.node) && n.key.starts_with(|c: char| c.is_ascii_digit()))
        {
            let is_group = next.key.len() == 3 && next.key.bytes().all(|b| b.is_ascii_digit());
            let joined = format!("{text}{}{}", if is_group { '_' } else { '.' }, next.key);
            let message = "a comma ends the value";
            let fault =
                Fault::error(FaultKind::Syntax, next.place, &join(path, &entry.key), message);
            faults.push(fault.expected(format!("`{joined}`, without a comma")));
            set(&mut entry.node, joined);
        }
        mended.push(entry);
    }
    *entries = mended;
}

/// Mends the items of the flow list at `path`.
pub(crate) fn mend_list(items: &mut Vec<Node>, path: &str, faults: &mut Faults) {
    if !items.iter().filter_map(plain).any(unclosed) {
        return;
    }
    let mut mended: Vec<Node> = Vec::with_capacity(items.len());
    let mut rest = std::mem::take(items).into_iter().peekable();
    while let Some(mut item) = rest.next() {
        let mut pieces = 1;
        while let Some(text) = plain(&item).filter(|t| pieces < MAX_PIECES && unclosed(t)) {
            let Some(next) = rest.next_if(|next| plain(next).is_some()) else { break };
            let joined = format!("{text} {}", plain(&next).unwrap_or(""));
            set(&mut item, joined);
            pieces += 1;
        }
        if pieces > 1 {
            report(&item, path, faults);
        }
        mended.push(item);
    }
    *items = mended;
}

fn report(node: &Node, path: &str, faults: &mut Faults) {
    // Otherwise the value itself is reported, for its unclosed parenthesis.
    if let Some(text) = plain(node).filter(|text| !unclosed(text)) {
        let message = "inside `{ }` and `[ ]` a comma ends the value";
        let fault = Fault::error(FaultKind::Comma, node.place, path, message);
        faults.push(fault.expected(format!("arguments that stand apart by blanks: `{text}`")));
    }
}

fn set(node: &mut Node, joined: String) {
    node.value = Value::Scalar { text: joined, quoted: false };
}

fn plain(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, quoted: false } => Some(text),
        _ => None,
    }
}

fn is_nothing(node: &Node) -> bool {
    plain(node) == Some("")
}

/// More `(` than `)`.
fn unclosed(text: &str) -> bool {
    text.matches('(').count() > text.matches(')').count()
}
