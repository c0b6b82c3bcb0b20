//! Shows documents: on standard output and in files, in every format, whole or not at all.

use anyhow::Context;

use super::Exit;
use super::options::Showing;
use super::output::{self, Outputs};
use super::terminal::{self, complain};
use crate::report::{self, Document, Format, Look};

/// Prints the documents and writes the files that were asked for; files only when there is a
/// document for every one of the `inputs`.
///
/// # Errors
/// Something cannot be written.
pub(super) fn show<D: Document>(
    showing: &Showing,
    documents: &[D],
    inputs: usize,
    exit: Exit,
) -> anyhow::Result<()> {
    let text = |format: Format, color: bool| {
        let look = Look { width: terminal::width(), color, verbose: showing.verbose };
        report::render(documents, inputs, format, look)
    };
    if documents.len() == inputs {
        let mut files = Outputs::default();
        if let Some(path) = &showing.output {
            files.stage(path, &text(showing.format, false))?;
        }
        for export in &showing.exports {
            files.stage(&export.path, &text(export.format, false))?;
        }
        files.publish()?;
    } else if showing.output.is_some() || !showing.exports.is_empty() {
        let why =
            if exit == Exit::Interrupted { "interrupted" } else { "not every input is valid" };
        complain(&format!("{why}: no file is written"));
    }
    if showing.output.is_none() && !documents.is_empty() {
        output::print(&text(showing.format, showing.color.on_stdout()))
            .context("the result is lost")?;
    }
    Ok(())
}
