//! Where results go: standard output, or files that are written whole or not at all.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// Files that are complete on disk, and not yet at their place.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    staged: Vec<(NamedTempFile, PathBuf)>,
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a file of this name can be there at all.
///
/// # Errors
/// Why not: its folder does not exist, or it is a folder itself.
pub(super) fn check(path: &Path) -> anyhow::Result<()> {
    let folder = folder_of(path);
    let name = path.display();
    if path.is_dir() {
        anyhow::bail!("cannot write {name}: it is a directory");
    }
    if !folder.is_dir() {
        anyhow::bail!("cannot write {name}: there is no directory {}", folder.display());
    }
    Ok(())
}

impl Outputs {
    /// Writes a file beside its place.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn stage(&mut self, path: &Path, text: &str) -> anyhow::Result<()> {
        let folder = folder_of(path);
        let context = || format!("cannot write {}", path.display());
        let mut file = NamedTempFile::new_in(folder).with_context(context)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).with_context(context)?;
        readable_by_all(&file).with_context(context)?;
        self.staged.push((file, path.to_owned()));
        Ok(())
    }

    /// Puts all files in their place.
    ///
    /// # Errors
    /// One of them cannot be replaced; those before it are.
    pub(super) fn publish(self) -> anyhow::Result<()> {
        for (file, path) in self.staged {
            file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// A temporary file is for its owner only; a result is as readable as any new file.
#[cfg(unix)]
fn readable_by_all(file: &NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &NamedTempFile) -> std::io::Result<()> {
    Ok(())
}

/// Prints a result. A reader that closed the pipe has seen enough: that is no failure.
///
/// # Errors
/// Standard output cannot be written for another reason.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}
