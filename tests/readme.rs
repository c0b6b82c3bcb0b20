//! The README shows the true output: what stands under its first command is how the output begins.

use std::path::Path;

use assert_cmd::Command;

fn readme() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("the README is there")
}

/// The text of the first fenced block of this language.
fn block<'a>(readme: &'a str, language: &str) -> &'a str {
    let fence = format!("```{language}\n");
    let from = readme.find(&fence).expect("the block is there") + fence.len();
    let length = readme[from..].find("\n```").expect("the block ends");
    &readme[from..from + length]
}

#[test]
fn the_first_command_prints_what_the_readme_shows() {
    let readme = readme();
    let command = block(&readme, "console");
    let arguments: Vec<&str> = command
        .strip_prefix("$ cargo run --release --locked -- ")
        .expect("the first command runs capplan")
        .split_whitespace()
        .collect();
    let output = Command::cargo_bin("capplan")
        .expect("the binary is built")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .args(arguments)
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1), "the plan fails, and the README says so");
    let printed = String::from_utf8(output.stdout).expect("a report is UTF-8");
    let shown = block(&readme, "text");
    assert!(shown.lines().count() > 20, "the README shows the verdicts");
    let begins: Vec<&str> = printed.lines().take(shown.lines().count()).collect();
    assert_eq!(begins.join("\n"), shown, "the README no longer shows the true output");
}

#[test]
fn the_second_command_is_the_test_command() {
    assert!(readme().contains("\n$ cargo test --locked\n"));
}
