//! What a YAML text is read into: nodes, each with the place where it stands.

use std::path::{Path, PathBuf};

use super::load::read_bytes;
use super::{Faults, Revision};

/// Where something stands in a file. Lines and columns count from 1, in characters; the default
/// (line 0) is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Files`].
    pub file: u16,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
    /// Characters on that line, at least 1.
    pub width: u32,
}

impl Place {
    /// The part that begins `offset` characters later and is `width` characters wide.
    #[must_use]
    pub fn part(self, offset: usize, width: usize) -> Self {
        let shorten = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            column: self.column.saturating_add(shorten(offset)),
            width: shorten(width).max(1),
            ..self
        }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where the value begins.
    pub place: Place,
    /// What stands there.
    pub value: Value,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The entries of a map; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// The entry of a key of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// What a message calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Scalar { text, quoted: false } if text.is_empty() => "nothing",
            Value::Scalar { .. } => "a value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// Kinds of values. Every scalar is the text that stands in the file.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null` or `~`: removes a key of an earlier layer. (A key with nothing after it is an empty,
    /// unquoted scalar instead, at the place of its key.)
    Null,
    /// Text.
    Scalar {
        /// As it stands, without quotes.
        text: String,
        /// Whether it stood in quotes (or is a block of text).
        quoted: bool,
    },
    /// Items in order.
    List(Vec<Node>),
    /// Entries in the order of first appearance; keys are unique.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Value.
    pub node: Node,
}

/// The texts that were read, for excerpts and for files named in them.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<File>,
    /// The revision that files are read at; `None` reads the disk.
    revision: Option<Revision>,
}

#[derive(Clone, Debug)]
struct File {
    name: String,
    text: String,
    directory: PathBuf,
}

impl Files {
    /// Adds a text; `directory` is what relative names in it start from. Returns its index.
    pub(crate) fn add(&mut self, name: &str, text: String, directory: &Path) -> u16 {
        self.files.push(File { name: name.to_owned(), text, directory: directory.to_owned() });
        (self.files.len() - 1) as u16
    }

    /// From now on files are those of a revision.
    pub(super) fn read_at(&mut self, revision: Revision) {
        self.revision = Some(revision);
    }

    /// Whether files are those of the disk.
    pub(super) const fn is_on_disk(&self) -> bool {
        self.revision.is_none()
    }

    /// The bytes of a file, or why there are none.
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        match &self.revision {
            Some(revision) => revision.read(path, super::load::MAX_BYTES),
            None => read_bytes(path),
        }
    }

    /// What tells a file from all others.
    pub(super) fn identity(&self, path: &Path) -> PathBuf {
        if self.is_on_disk() {
            path.canonicalize().unwrap_or_else(|_| path.to_owned())
        } else {
            path.to_owned()
        }
    }

    /// The name that messages print for a path.
    pub(super) fn shown(&self, path: &Path) -> String {
        match &self.revision {
            Some(revision) => format!("{}:{}", revision.name(), path.display()),
            None => path.display().to_string(),
        }
    }

    /// Number of files.
    pub const fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether nothing was read.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Printed name of a file; empty when there is no such file.
    pub fn name(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |f| &f.name)
    }

    /// Text of a file; empty when there is no such file.
    pub fn text(&self, file: u16) -> &str {
        self.files.get(usize::from(file)).map_or("", |f| &f.text)
    }

    /// Directory from which relative names in a file start.
    pub fn directory(&self, file: u16) -> &Path {
        self.files.get(usize::from(file)).map_or(Path::new(""), |f| &f.directory)
    }
}

/// A whole profile before it is typed: all layers merged.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The top-level map.
    pub root: Node,
    /// Texts.
    pub files: Files,
    /// What was wrong with the texts and did not prevent reading on: a [`Reader`](super::Reader)
    /// begins with them.
    pub faults: Faults,
}

impl Tree {
    /// The same with other numbers of users, whatever is written; a name that is no population is
    /// left out.
    #[must_use]
    pub fn with_users(mut self, users: &[(String, f64)]) -> Self {
        let Value::Map(root) = &mut self.root.value else { return self };
        let Some(entry) = root.iter_mut().find(|entry| entry.key == "users") else { return self };
        let Value::Map(populations) = &mut entry.node.value else { return self };
        for population in populations {
            if let Some((_, number)) = users.iter().find(|user| user.0 == population.key) {
                let text = format!("{:.0}", number.max(0.0));
                population.node.value = Value::Scalar { text, quoted: false };
            }
        }
        self
    }
}

/// The path of a key below a path.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
