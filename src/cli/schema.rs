//! `capplan schema`: the JSON Schema of profiles, from the tables that read them.

use std::path::PathBuf;

use clap::Args;

use super::{Exit, output};
use crate::profile::Profile;
use crate::source;

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write it to a file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints the schema.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let schema = source::schema(Profile::root_table());
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    match &arguments.output {
        None => output::print(&text)?,
        Some(path) => {
            let mut files = output::Outputs::default();
            files.stage(path, &text)?;
            files.publish()?;
        }
    }
    Ok(Exit::Fine)
}
