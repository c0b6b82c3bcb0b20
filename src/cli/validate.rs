//! `capplan validate`: every fault and warning of profiles, without running them.

use clap::Args;
use serde_json::{Value, json};

use super::options::{Changes, input};
use super::terminal::{Color, complain, note};
use super::{Exit, output};
use crate::profile::{Options, Scenario};
use crate::report::Format;
use crate::source::{self, Fault, Faults, Files, Severity};

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profiles; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    changes: Changes,
    /// Print each profile as its layers merged, with where each value comes from
    #[arg(long)]
    merged: bool,
    /// Format of the result: table or json
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with = "merged")]
    #[arg(value_parser = table_or_json)]
    format: Format,
    /// Print nothing about profiles without faults
    #[arg(long, short)]
    quiet: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    color: Color,
}

/// Faults are for people or for programs.
fn table_or_json(text: &str) -> Result<Format, String> {
    match text {
        "table" => Ok(Format::Table),
        "json" => Ok(Format::Json),
        _ => Err("the formats are table and json".to_owned()),
    }
}

/// Checks every file; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut exit = Exit::Fine;
    let mut documents = Vec::new();
    for file in &arguments.files {
        let (files, faults) = match check(arguments, file) {
            Ok(checked) => checked,
            Err(error) => {
                complain(&format!("{error:#}"));
                exit = exit.max(Exit::Usage);
                continue;
            }
        };
        if faults.has_errors() {
            exit = exit.max(Exit::Usage);
        }
        if arguments.format == Format::Json {
            documents.push(document(file, &files, &faults));
            continue;
        }
        note(&source::render(&files, &faults, arguments.color.on_stderr()));
        if !faults.has_errors() && !arguments.quiet && !arguments.merged {
            output::print(&format!("{}: valid{}\n", name(file), remark(&faults)))?;
        }
    }
    if arguments.format == Format::Json {
        let value =
            if arguments.files.len() == 1 { documents.pop() } else { Some(documents.into()) };
        let mut text = serde_json::to_string_pretty(&value)?;
        text.push('\n');
        output::print(&text)?;
    }
    Ok(exit)
}

/// All faults and warnings of one profile.
fn check(arguments: &Arguments, file: &str) -> anyhow::Result<(Files, Faults)> {
    let input = input(file)?;
    let Changes { sets, scale, asserts } = arguments.changes.clone();
    if arguments.merged {
        match source::load(&input, &sets) {
            Ok((tree, _)) => output::print(&source::merged(&tree))?,
            Err(faulty) => return Ok(faulty),
        }
    }
    let options = Options { sets, asserts, scale, ..Options::default() };
    Ok(match Scenario::load(&input, &options) {
        Ok(scenario) => (scenario.files, scenario.warnings),
        Err(faulty) => faulty,
    })
}

fn name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

fn remark(warnings: &Faults) -> String {
    match warnings.len() {
        0 => String::new(),
        1 => ", 1 warning".to_owned(),
        n => format!(", {n} warnings"),
    }
}

fn document(file: &str, files: &Files, faults: &Faults) -> Value {
    let faults: Vec<Value> = faults.iter().map(|fault| entry(files, fault)).collect();
    let valid = faults.iter().all(|f| f["severity"] != "error");
    json!({ "file": name(file), "valid": valid, "faults": faults })
}

fn entry(files: &Files, fault: &Fault) -> Value {
    let severity = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({
        "severity": severity,
        "kind": fault.kind.word(),
        "file": fault.place.map(|place| files.name(place.file)),
        "line": fault.place.map(|place| place.line),
        "column": fault.place.map(|place| place.column),
        "width": fault.place.map(|place| place.width),
        "path": fault.path,
        "message": fault.message,
        "expected": fault.expected,
        "hint": fault.hint,
    })
}
