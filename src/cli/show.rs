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
    let to = &showing.to;
    let files = to.files();
    if documents.len() == inputs {
        let mut outputs = Outputs::default();
        for (format, path) in files {
            outputs.stage(path, &text(format, false))?;
        }
        outputs.publish()?;
    } else if !files.is_empty() {
        let why =
            if exit == Exit::Interrupted { "interrupted" } else { "not every input is valid" };
        complain(&format!("{why}: no file is written"));
    }
    if to.output.is_none() && !documents.is_empty() {
        output::print(&text(to.format, to.color.on_stdout())).context("the result is lost")?;
    }
    Ok(())
}
