//! How the populations of a plan grow.

use crate::dist::Growth;
use crate::source::{Fault, FaultKind, Node, Reader, Tree, Value, nearest};

/// The growth of one population.
#[derive(Clone, Debug, PartialEq)]
pub struct UserGrowth {
    /// Its name.
    pub population: String,
    /// As it is written.
    pub text: String,
    /// Users over months.
    pub law: Growth,
    /// Whether something in it is uncertain.
    pub is_uncertain: bool,
}

/// Decodes `growth`; `populations` are those that can grow.
pub(crate) fn decode(reader: &Reader, tree: &Tree, populations: &[String]) -> Vec<UserGrowth> {
    let Some(node) = tree.root.get("growth") else { return Vec::new() };
    if !matches!(node.value, Value::Map(_)) && node.kind() != "nothing" {
        let message = format!("{} where a map of populations is expected", node.kind());
        let fault = Fault::error(FaultKind::Shape, node.place, "growth", message);
        reader.fault(fault.expected("`growth: { active: compound(50 50%/mo) }`"));
        return Vec::new();
    }
    let mut all = Vec::new();
    for entry in node.entries() {
        let path = format!("growth.{}", entry.key);
        if !populations.contains(&entry.key) {
            let message = format!("no population is called `{}`", entry.key);
            let fault = Fault::error(FaultKind::UnknownName, entry.place, &path, message);
            let hint = nearest(&entry.key, populations.iter().map(String::as_str));
            reader.fault(match hint {
                Some(hint) => fault.hint(format!("did you mean `{hint}`?")),
                None => fault,
            });
        }
        let before = reader.uncertain_values().len();
        let Some(law) = reader.growth(&entry.node, &path) else { continue };
        all.push(UserGrowth {
            population: entry.key.clone(),
            text: written(&entry.node),
            law,
            is_uncertain: reader.uncertain_values().len() > before,
        });
    }
    all
}

fn written(node: &Node) -> String {
    node.text().unwrap_or_default().to_owned()
}
