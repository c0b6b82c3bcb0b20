//! The layers stay one-way: a module imports only from layers below its own.

use std::fs;
use std::path::{Path, PathBuf};

/// From top to bottom; modules on one line do not know each other.
const LAYERS: [&[&str]; 12] = [
    &["cli"],
    &["report"],
    &["study"],
    &["verdict"],
    &["engine", "analytic"],
    &["profile"],
    &["components"],
    &["expr"],
    &["program", "results"],
    &["source"],
    &["dist", "rng", "stats"],
    &["units"],
];

/// Neighbours that may see each other, with the reason.
const NEIGHBOURS: [(&str, &str); 1] = [
    // A draw is a distribution sampled from a stream: one cannot be said without the other.
    ("dist", "rng"),
];

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("src/{module} has no place in the layers"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source tree is readable") {
        let path = entry.expect("the source tree is readable").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The code of a source file: without comments, and without its unit tests (which may draw random
/// numbers or solve a model whatever the layer).
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("sources are text");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Modules named after `crate::` in code.
fn imports(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .filter(|(at, _)| !code[..*at].ends_with('$'))
        .map(|(at, _)| {
            code[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn modules_import_only_from_below() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&src, &mut found);
    assert!(found.len() > 30, "the walk found only {} files", found.len());
    let mut faults = Vec::new();
    for path in found {
        let relative = path.strip_prefix(&src).expect("found below src");
        let first = relative.components().next().expect("a file has a name");
        let module = Path::new(first.as_os_str()).file_stem().expect("a name").to_string_lossy();
        if module == "lib" || module == "main" {
            continue;
        }
        let own = layer_of(&module);
        for import in imports(&code_of(&path)) {
            if import == module || NEIGHBOURS.contains(&(module.as_ref(), import.as_str())) {
                continue;
            }
            if layer_of(&import) <= own {
                faults.push(format!("{} uses {import}", relative.display()));
            }
        }
    }
    assert!(faults.is_empty(), "arrows that point up or sideways:\n{}", faults.join("\n"));
}

/// What is absent matters as much: the engine knows no YAML, no money, no threads; statistics have
/// never heard of a queue; only `report` and `cli` print; only `cli` and `source` read files.
#[test]
fn what_must_be_absent_is_absent() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let bans: [(&[&str], &[&str]); 5] = [
        (&["engine"], &["serde", "saphyr", "rust_decimal", "rayon", "std::thread", "Instant"]),
        (&["stats"], &["Station", "queue::", "Program"]),
        (
            &["program", "results", "engine", "analytic", "verdict", "study", "stats"],
            &["println!", "print!("],
        ),
        (
            &["program", "results", "engine", "analytic", "verdict", "expr"],
            &["std::fs", "File::open"],
        ),
        (&["analytic"], &["engine::", "World"]),
    ];
    let mut faults = Vec::new();
    for (modules, words) in bans {
        for module in modules {
            let mut found = Vec::new();
            let folder = src.join(module);
            if folder.is_dir() {
                files(&folder, &mut found);
            } else {
                found.push(folder.with_extension("rs"));
            }
            for path in found {
                let code = code_of(&path);
                for word in words {
                    if code.contains(word) {
                        faults.push(format!("{} has {word}", path.display()));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
