//! The thin binary: parse, call, print the error chain, choose the exit code.

use std::process::ExitCode;

use capplan::cli::{self, Exit};

fn main() -> ExitCode {
    let exit = cli::guard(|| {
        cli::run().unwrap_or_else(|error| {
            cli::complain(&format!("{error:#}"));
            Exit::Usage
        })
    });
    exit.into()
}
