//! Runs the commands of the blocks in `VALIDATION.md`, and compares or writes what they print.
//!
//! ```text
//! cargo run --release --example validation -- [--write] [--only TEXT]
//! ```
//!
//! Ends with 1 when a block differs from what its command prints.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it says which blocks are old")]

mod blocks;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, anyhow, ensure};
use blocks::{Block, blocks, replaced};
use clap::Parser;

/// Compares the generated blocks of a file with what their commands print.
#[derive(Parser)]
struct Arguments {
    /// The file
    #[arg(default_value = "VALIDATION.md")]
    file: PathBuf,
    /// Write the blocks instead
    #[arg(long)]
    write: bool,
    /// Only blocks whose command contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let file = &arguments.file;
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let found = blocks(&text).map_err(|why| anyhow!("{}: {why}", file.display()))?;
    let (mut bodies, mut old) = (Vec::new(), 0);
    for block in found {
        let wanted = arguments.only.as_ref().is_none_or(|only| block.command.contains(only));
        if !wanted {
            bodies.push(block.body);
            continue;
        }
        eprintln!("{}", block.command);
        let body = Block::body(&block.command, &printed(&block.command)?);
        if body != block.body {
            old += 1;
            println!("differs: {}", block.command);
        }
        bodies.push(body);
    }
    if arguments.write {
        std::fs::write(file, replaced(&text, &bodies))
            .with_context(|| file.display().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if old == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Standard output of a command, run without a shell. One that finds a difference ends with 1.
fn printed(command: &str) -> anyhow::Result<String> {
    let mut words = command.split_whitespace();
    let program = words.next().context("a block without a command")?;
    let output = Command::new(program).args(words).output().with_context(|| program.to_owned())?;
    let failed = !matches!(output.status.code(), Some(0 | 1));
    ensure!(!failed, "{command}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
