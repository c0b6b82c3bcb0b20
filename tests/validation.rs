//! The tables of `VALIDATION.md` are what their commands print: the fastest of them is generated anew.

#![expect(dead_code, reason = "the examples do more with the same modules")]

#[path = "../examples/validation/blocks.rs"]
mod blocks;
#[path = "../examples/reference/harness/mod.rs"]
mod harness;

use std::path::{Path, PathBuf};

use harness::{Budget, Read, read, table};

/// The option of a command.
fn option<'c>(command: &'c str, name: &str) -> Option<&'c str> {
    let mut words = command.split_whitespace().skip_while(|word| *word != name);
    words.nth(1)
}

#[test]
fn the_fast_table_is_what_its_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("VALIDATION.md")).expect("VALIDATION.md");
    let all = blocks::blocks(&text).expect("blocks that end");
    let fast = |block: &&blocks::Block| {
        block.command.contains("--example reference") && option(&block.command, "--only").is_some()
    };
    let block = all.iter().find(fast).expect("a block of a few cases");
    let only = option(&block.command, "--only").expect("found by it");
    let jobs = option(&block.command, "--requests").expect("a reduced budget");
    let budget = Budget { jobs: jobs.parse().expect("a number"), seed: 42 };
    let mut cases = cases();
    cases.retain(|case| case.id().starts_with(only));
    assert!(!cases.is_empty(), "no case begins with {only}");
    let checked: Vec<table::Checked> = cases.iter().map(|case| case.checked(budget).0).collect();
    let printed = table::document(&checked, false);
    assert_eq!(block.body, blocks::Block::body(&block.command, &printed));
}

#[test]
fn the_table_of_exact_laws_is_what_its_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("VALIDATION.md")).expect("VALIDATION.md");
    let all = blocks::blocks(&text).expect("blocks that end");
    let block = all.iter().find(|block| block.command.contains("--exact")).expect("its block");
    let cases = cases();
    let whole = cases.iter().filter_map(|case| match case {
        Read::Whole(case) => Some(&**case),
        Read::Questions(..) => None,
    });
    let printed = harness::exact::document(&whole.collect::<Vec<_>>());
    assert_eq!(block.body, blocks::Block::body(&block.command, &printed));
}

/// The reference cases, by name.
fn cases() -> Vec<Read> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let files = harness::files(&folder).expect("the cases");
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("a case");
    files.iter().map(|path| read(&text(path)).expect("a whole case")).collect()
}
