//! Every example in the reference of the language is a profile that loads, and every shipped
//! profile does.

use std::fs;

use capplan::profile::{Options, Scenario};
use capplan::source::{self, Input};

/// The YAML blocks of a document with their line numbers.
fn examples(document: &str) -> Vec<(usize, String)> {
    let mut examples = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.trim() == "```yaml" {
            let block: Vec<&str> = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != "```")
                .collect();
            examples.push((number + 2, block.join("\n") + "\n"));
        }
    }
    examples
}

fn check(name: &str, input: &Input) {
    if let Err((files, faults)) = Scenario::load(input, &Options::default()) {
        panic!("{name}:\n{}", source::render(&files, &faults, false));
    }
}

/// A block that begins with `capplan: 1` is a whole profile; each other one is a layer over the first.
#[test]
fn every_example_of_the_reference_loads() {
    let document = fs::read_to_string("docs/language.md").expect("it is part of the repository");
    let examples = examples(&document);
    assert!(examples.len() >= 10, "only {} examples", examples.len());
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    fs::write(folder.path().join("first.yaml"), &examples[0].1).expect("it can be written");
    for (line, text) in &examples {
        let name = format!("language.md, line {line}");
        let text = if text.starts_with("capplan: 1") {
            text.clone()
        } else {
            format!("capplan: 1\nextends: first.yaml\n{text}")
        };
        let path = folder.path().join("example.yaml");
        fs::write(&path, text).expect("it can be written");
        check(&name, &Input::Path(path));
    }
}

#[test]
fn every_shipped_profile_loads() {
    let folders = ["profiles/mina", "scenarios"];
    let listed = |folder: &str| fs::read_dir(folder).expect("it is part of the repository");
    let mut paths: Vec<_> = folders
        .into_iter()
        .flat_map(listed)
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 5);
    for path in paths {
        check(&path.display().to_string(), &Input::Path(path.clone()));
    }
}
