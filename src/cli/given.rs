//! What one side of a comparison is: a result that was written before, or a profile to simulate.
//!
//! What a text says decides it, wherever it comes from: a file, a file at a revision, a pipe.

use std::io::Read;
use std::path::Path;

use super::options::input;
use crate::report::diff::{self, Results};
use crate::source::{Input, Revision};

/// One side as it was given.
pub(super) enum Given {
    /// A result that was read.
    Results(Results),
    /// A profile or scenario.
    Profile(Input),
}

/// Largest result, in bytes.
const MOST_BYTES: u64 = 64 << 20;

/// What an argument names, and the commit it is read at: a file of this name if there is one, else a
/// file at a revision.
///
/// # Errors
/// It cannot be read, or looks like a result and is none.
pub(super) fn given(argument: &str) -> anyhow::Result<(Given, Option<String>)> {
    let path = Path::new(argument);
    if argument == "-" {
        let input = input(argument)?;
        return match &input {
            Input::Stdin(text) if is_result(text) => Ok((results(argument, text)?, None)),
            _ => Ok((Given::Profile(input), None)),
        };
    }
    match argument.split_once(':') {
        Some((revision, file)) if !path.exists() && !file.is_empty() => {
            at_revision(argument, revision, file)
        }
        _ => Ok((on_disk(argument, path)?, None)),
    }
}

fn at_revision(
    argument: &str,
    revision: &str,
    file: &str,
) -> anyhow::Result<(Given, Option<String>)> {
    let wrong = |why: String| anyhow::anyhow!("{argument}: {why}");
    let revision = Revision::resolve(revision).map_err(wrong)?;
    let path = revision.path(file).map_err(wrong)?;
    let commit = Some(revision.commit().to_owned());
    // What cannot be read is a fault of a profile, which is said with its place.
    let bytes = revision.read(&path, MOST_BYTES).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    if is_json(Path::new(file)) && !bytes.is_empty() || is_result(&text) {
        return Ok((results(argument, &text)?, commit));
    }
    Ok((Given::Profile(Input::Revision { revision, path }), commit))
}

fn on_disk(argument: &str, path: &Path) -> anyhow::Result<Given> {
    let profile = || Given::Profile(Input::Path(path.to_owned()));
    let is_json = is_json(path);
    let Ok(metadata) = std::fs::metadata(path) else {
        anyhow::ensure!(!is_json, "cannot read {argument}: there is no such file");
        return Ok(profile());
    };
    if metadata.is_dir() {
        return Ok(profile());
    }
    let wrong = |error: std::io::Error| anyhow::anyhow!("cannot read {argument}: {error}");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(wrong)?;
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > MOST_BYTES {
        anyhow::bail!(
            "{argument}: larger than {} MiB: neither a result nor a profile",
            MOST_BYTES >> 20
        );
    }
    let text = String::from_utf8_lossy(&bytes);
    if is_json || is_result(&text) {
        return results(argument, &text);
    }
    // A pipe is read once; what it says has no directory.
    if metadata.is_file() {
        Ok(profile())
    } else {
        Ok(Given::Profile(Input::Text { name: argument.to_owned(), text: text.into_owned() }))
    }
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
}

/// Whether it is a document of capplan, whatever its file is called: a profile has no such key.
fn is_result(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with(['{', '[']) && start.contains("\"schema_version\"")
}

fn results(argument: &str, text: &str) -> anyhow::Result<Given> {
    let read = diff::read(text).map_err(|why| anyhow::anyhow!("{argument}: {why}"))?;
    Ok(Given::Results(read))
}
