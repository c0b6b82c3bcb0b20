//! Files as they were at a revision of a git repository, read through git itself.
//!
//! Arguments go to git as they are, never through a shell; a revision is resolved to its commit
//! first, so that nothing a user writes is read as an option or as another way of naming objects.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::load::plain_path;

/// A commit, by the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    name: String,
    commit: String,
}

impl Revision {
    /// The commit that a name stands for in the repository of the current directory.
    ///
    /// # Errors
    /// Why there is none, in words: no git, no repository, no such revision.
    pub fn resolve(name: &str) -> Result<Self, String> {
        let sensible = !name.is_empty()
            && !name.starts_with('-')
            && !name.chars().any(|c| c.is_control() || c.is_whitespace());
        if !sensible {
            return Err(format!("`{name}` is no revision of git"));
        }
        let asked = format!("{name}^{{commit}}");
        let found = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &asked], 1000)?;
        match found.ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
            Some(text) if text.trim().chars().all(|c| c.is_ascii_hexdigit()) => {
                Ok(Self { name: name.to_owned(), commit: text.trim().to_owned() })
            }
            _ => match git(&["rev-parse", "--git-dir"], 4096)? {
                Ok(_) => Err(format!("this repository has no revision `{name}`")),
                Err(why) => Err(why),
            },
        }
    }

    /// As it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The commit's full name.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// The path from the root of the repository of what a user named: as git reads it, from the root,
    /// or from the current directory with `./` or `../`.
    ///
    /// # Errors
    /// Git says why not.
    pub fn path(&self, written: &str) -> Result<PathBuf, String> {
        if !written.starts_with("./") && !written.starts_with("../") {
            return Ok(plain_path(Path::new(""), written));
        }
        let prefix = git(&["rev-parse", "--show-prefix"], 4096)??;
        let prefix = String::from_utf8_lossy(&prefix).trim_end().to_owned();
        Ok(plain_path(Path::new(&prefix), written))
    }

    /// The bytes of a file of at most `most` bytes, by its path from the root of the repository.
    ///
    /// # Errors
    /// Why there are none.
    pub fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, String> {
        let inside = path.is_relative() && !path.starts_with("..") && !path.as_os_str().is_empty();
        let Some(text) = path.to_str().filter(|_| inside) else {
            return Err("it is outside of the repository".to_owned());
        };
        let object = format!("{}:{text}", self.commit);
        // `cat-file` gives the bytes as they are; `show` would list a directory and convert texts.
        match git(&["cat-file", "blob", &object], most)? {
            Ok(bytes) if bytes.len() as u64 > most => {
                Err(format!("it is larger than {} MiB", most >> 20))
            }
            Ok(bytes) => Ok(bytes),
            Err(_) => Err(format!("there is no such file at `{}`", self.name)),
        }
    }
}

/// What git answers, at most one byte more than `most`: its output, or the last line of what it
/// complains of.
///
/// # Errors
/// Git cannot be run at all.
fn git(arguments: &[&str], most: u64) -> Result<Result<Vec<u8>, String>, String> {
    let mut child = Command::new("git")
        .args(["--no-pager", "--no-optional-locks"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                "git is not installed: without it no revision can be read".to_owned()
            }
            _ => format!("git cannot be run: {error}"),
        })?;
    let mut bytes = Vec::new();
    let read = child.stdout.take().map(|out| out.take(most + 1).read_to_end(&mut bytes));
    if bytes.len() as u64 > most {
        let _ = child.kill();
        let _ = child.wait();
        return Ok(Ok(bytes));
    }
    let ended = child.wait_with_output().map_err(|error| format!("git: {error}"))?;
    if let Some(Err(error)) = read {
        return Err(format!("git: {error}"));
    }
    if ended.status.success() {
        return Ok(Ok(bytes));
    }
    let complaint = String::from_utf8_lossy(&ended.stderr);
    let line = complaint.lines().last().unwrap_or("git failed").trim();
    Ok(Err(line.trim_start_matches("fatal: ").to_owned()))
}
