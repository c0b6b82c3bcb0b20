//! A plan of phases: one whole tree per phase, each a layer over a profile.
//!
//! ```text
//! phase = its `extends`  ⊕  the plan's own other keys  ⊕  the phase  ⊕  --set
//! ```

use super::load::{Loader, without};
use super::merge::{merge, pruned_root};
use super::{
    Entry, Fault, FaultKind, Faults, Files, Input, Node, Place, Tree, Value, nearest, set,
};

/// A phase of a plan before it is typed.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name; `None` when the file is a profile by itself.
    pub name: Option<String>,
    /// Where it is named.
    pub place: Place,
    /// The profile.
    pub tree: Tree,
}

/// A scenario before it is typed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the file says besides its phases.
    pub tree: Tree,
    /// Its phases in order; the file itself when it has none.
    pub phases: Vec<Layer>,
}

/// Keys of a plan that no phase takes over.
const OWN: [&str; 3] = ["phases", "growth", "name"];

/// Reads a scenario with all its layers; `sets` are the texts of `--set`. A path that begins with
/// `phases.NAME.` is of one phase, `growth.…` and `name` of the plan, any other of every phase.
///
/// # Errors
/// A file cannot be read, or is no YAML; with all faults and the texts they stand in.
pub fn load_plan(input: &Input, sets: &[String]) -> Result<Plan, (Files, Faults)> {
    let mut loader = Loader::default();
    let root = loader.root(input).filter(|_| !loader.failed);
    let Some(mut root) = root else { return Err((loader.files, loader.faults)) };
    let Some(phases) = root.get("phases").cloned() else {
        set::apply(&mut root, sets, &mut loader.files, &mut loader.faults);
        let tree = Tree { root, files: loader.files, faults: loader.faults };
        let phase = Layer { name: None, place: tree.root.place, tree: tree.clone() };
        return Ok(Plan { tree, phases: vec![phase] });
    };
    let Value::Map(entries) = phases.value else {
        let message = format!("{} where a map of phases is expected", phases.kind());
        let fault = Fault::error(FaultKind::Shape, phases.place, "phases", message);
        loader.faults.push(fault.expected("`phases: { launch: { extends: … }, grow: { … } }`"));
        return Err((loader.files, loader.faults));
    };
    let entries: Vec<Entry> =
        entries.into_iter().filter(|e| !matches!(e.node.value, Value::Null)).collect();
    if entries.is_empty() {
        let message = "there are no phases";
        loader.faults.push(Fault::error(FaultKind::Shape, phases.place, "phases", message));
        return Err((loader.files, loader.faults));
    }
    let sets = Sets::of(sets, &entries, &mut loader);
    let plan = without(root, &["phases"]);
    let own = without(plan.clone(), &OWN);
    let roots: Vec<Node> =
        entries.iter().map(|entry| phase(&mut loader, entry, &own, &sets)).collect();
    if loader.failed {
        return Err((loader.files, loader.faults));
    }
    let mut plan = plan;
    set::apply(&mut plan, &sets.plan, &mut loader.files, &mut loader.faults);
    let (files, faults) = (loader.files, loader.faults);
    let tree = |root| Tree { root, files: files.clone(), faults: faults.clone() };
    let layer = |(entry, root): (Entry, Node)| Layer {
        name: Some(entry.key),
        place: entry.place,
        tree: tree(root),
    };
    let phases = entries.into_iter().zip(roots).map(layer).collect();
    Ok(Plan { tree: tree(plan), phases })
}

/// One phase with everything that it is a layer over.
fn phase(loader: &mut Loader, entry: &Entry, own: &Node, sets: &Sets) -> Node {
    if !matches!(entry.node.value, Value::Map(_)) && entry.node.kind() != "nothing" {
        let message = format!("{} where a phase is expected", entry.node.kind());
        let path = format!("phases.{}", entry.key);
        let fault = Fault::error(FaultKind::Shape, entry.node.place, &path, message);
        loader.faults.push(fault.expected("a map: `extends`, and what is different"));
        loader.failed = true;
        return entry.node.clone();
    }
    if entry.node.get("phases").is_some() || entry.node.get("growth").is_some() {
        let message = "a phase has no phases and no growth of its own";
        let path = format!("phases.{}", entry.key);
        loader.faults.push(Fault::error(FaultKind::Conflict, entry.place, &path, message));
        loader.failed = true;
    }
    let directory =
        entry.node.get("extends").map_or(entry.place.file, |extends| extends.place.file);
    let directory = loader.files.directory(directory).to_owned();
    let mut root = match loader.layers(&entry.node, &directory) {
        Some(base) => {
            if let Some(phases) = base.get("phases") {
                let message = "a phase is a layer over a profile, not over a plan of phases";
                let path = format!("phases.{}.extends", entry.key);
                let fault = Fault::error(FaultKind::Conflict, phases.place, &path, message);
                loader.faults.push(fault.hint("extend the profile that the plan's phase extends"));
                loader.failed = true;
            }
            let mut base = without(pruned_root(base), &["phases", "growth"]);
            merge(&mut base, own.clone(), &mut Vec::new());
            base
        }
        None => own.clone(),
    };
    let place = root.place;
    if matches!(entry.node.value, Value::Map(_)) {
        merge(&mut root, without(entry.node.clone(), &["extends"]), &mut Vec::new());
    }
    root = without(root, &["extends"]);
    root.place = place;
    let mine = sets.of_phase(&entry.key);
    set::apply(&mut root, &mine, &mut loader.files, &mut loader.faults);
    root
}

/// The texts of `--set`, by what they change.
struct Sets {
    plan: Vec<String>,
    /// With the phase that they are of; without one they are of all.
    phases: Vec<(Option<String>, String)>,
}

impl Sets {
    fn of(sets: &[String], entries: &[Entry], loader: &mut Loader) -> Self {
        let mut sorted = Self { plan: Vec::new(), phases: Vec::new() };
        for set in sets {
            let path = set.split('=').next().unwrap_or_default().trim();
            let mut parts = path.splitn(3, '.');
            match (parts.next(), parts.next(), parts.next()) {
                (Some("growth" | "name"), ..) => sorted.plan.push(set.clone()),
                (Some("phases"), Some(name), Some(_)) => {
                    if entries.iter().any(|entry| entry.key == name) {
                        let rest = set.trim_start()["phases.".len() + name.len()..].to_owned();
                        let rest = rest.trim_start_matches('.').to_owned();
                        sorted.phases.push((Some(name.to_owned()), rest));
                    } else {
                        unknown(set, name, entries, loader);
                    }
                }
                _ => sorted.phases.push((None, set.clone())),
            }
        }
        sorted
    }

    fn of_phase(&self, name: &str) -> Vec<String> {
        let mine = self.phases.iter().filter(|(of, _)| of.as_deref().is_none_or(|of| of == name));
        mine.map(|(_, text)| text.clone()).collect()
    }
}

/// An override of a phase that there is not.
fn unknown(set: &str, name: &str, entries: &[Entry], loader: &mut Loader) {
    let file = loader.files.add("--set", set.to_owned(), std::path::Path::new(""));
    let width = u32::try_from(name.chars().count()).unwrap_or(u32::MAX).max(1);
    let column = u32::try_from("phases.".len() + 1).unwrap_or(1);
    let place = Place { file, line: 1, column, width };
    let message = format!("no phase is called `{name}`");
    let fault = Fault::error(FaultKind::UnknownName, place, "phases", message);
    let names: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let hint = nearest(name, names.iter().copied()).map(|n| format!("did you mean `{n}`?"));
    loader.faults.push(match hint {
        Some(hint) => fault.hint(hint),
        None => fault.expected(names.join(", ")),
    });
    loader.failed = true;
}
