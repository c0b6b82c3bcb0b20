//! The merged profile as YAML, each value with the file and line it comes from.

use std::fmt::Write;

use super::{Files, Node, Place, Tree, Value};

/// The merged profile as YAML, with a comment of where each value comes from.
pub fn merged(tree: &Tree) -> String {
    let mut out = String::new();
    write_node(&mut out, &tree.root, 0, &tree.files);
    out
}

fn write_node(out: &mut String, node: &Node, indent: usize, files: &Files) {
    match &node.value {
        Value::Map(entries) => {
            for (i, entry) in entries.iter().enumerate() {
                // The first entry of a map in a list stands behind the dash.
                let pad = if i == 0 && out.ends_with("- ") { 0 } else { indent };
                let _ = write!(out, "{:pad$}{}:", "", scalar(&entry.key, false));
                write_value(out, &entry.node, indent, files);
            }
        }
        Value::List(items) => {
            for (i, item) in items.iter().enumerate() {
                let pad = if i == 0 && out.ends_with("- ") { 0 } else { indent };
                let _ = write!(out, "{:pad$}- ", "");
                match &item.value {
                    Value::Map(entries) if !entries.is_empty() => {
                        write_node(out, item, indent + 2, files);
                    }
                    Value::List(items) if !items.is_empty() => {
                        write_node(out, item, indent + 2, files);
                    }
                    _ => write_leaf(out, item, files),
                }
            }
        }
        _ => write_leaf(out, node, files),
    }
}

fn write_value(out: &mut String, node: &Node, indent: usize, files: &Files) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            write_node(out, node, indent + 2, files);
        }
        Value::List(items) if !items.is_empty() => {
            out.push('\n');
            write_node(out, node, indent + 2, files);
        }
        _ => {
            out.push(' ');
            write_leaf(out, node, files);
        }
    }
}

fn write_leaf(out: &mut String, node: &Node, files: &Files) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Scalar { text, quoted } => out.push_str(&scalar(text, *quoted)),
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
    let _ = writeln!(out, "{}", origin(node.place, files));
}

fn origin(place: Place, files: &Files) -> String {
    if place.line == 0 {
        return String::new();
    }
    format!("  # {}:{}", files.name(place.file), place.line)
}

/// A scalar so that reading it gives the same text.
fn scalar(text: &str, quoted: bool) -> String {
    let plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with(|c: char| "-?:,[]{}#&*!|>'\"%@`".contains(c))
        && !text.chars().any(|c| c.is_control() || ",[]{}#".contains(c))
        && !text.contains(": ")
        && !text.ends_with(':')
        && !matches!(text, "null" | "~" | "Null" | "NULL" | "---" | "...");
    if !quoted && (plain || text.is_empty()) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || super::parse::is_invisible(c) => {
                let _ = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
