//! Files to one merged tree: `extends` in order, then the file, then `--set`.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::merge::{merge, pruned_root};
use super::parse::parse;
use super::set;
use super::{Fault, FaultKind, Faults, Files, Node, Place, Revision, Tree, Value};

/// Largest file, in bytes.
pub(crate) const MAX_BYTES: u64 = 4 << 20;
/// Longest chain of `extends`.
const MAX_CHAIN: usize = 16;
/// Most layers in all.
const MAX_LAYERS: usize = 200;

/// Where a profile comes from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Text that was read from standard input; `extends` starts from the current directory.
    Stdin(String),
    /// A text with a name for messages; `extends` starts from the current directory.
    Text {
        /// Name.
        name: String,
        /// Text.
        text: String,
    },
    /// A file as it was at a revision.
    Revision {
        /// The revision.
        revision: Revision,
        /// Path from the root of the repository.
        path: PathBuf,
    },
}

/// Reads a profile with all its layers; `sets` are the texts of `--set`.
///
/// Mistakes that do not prevent reading on (a key twice, an unknown path of `--set`) are in the
/// tree's faults, which are returned beside it too, so that those of the values are shown with them.
///
/// # Errors
/// A file cannot be read, or is no YAML; with all faults and the texts they stand in.
pub fn load(input: &Input, sets: &[String]) -> Result<(Tree, Faults), (Files, Faults)> {
    let mut loader = Loader::default();
    let root = loader.root(input).filter(|_| !loader.failed);
    let Some(mut root) = root else { return Err((loader.files, loader.faults)) };
    set::apply(&mut root, sets, &mut loader.files, &mut loader.faults);
    let tree = Tree { root, files: loader.files, faults: loader.faults.clone() };
    Ok((tree, loader.faults))
}

/// Reads files, and remembers them.
#[derive(Default)]
pub(super) struct Loader {
    pub(super) files: Files,
    pub(super) faults: Faults,
    /// What was read, by canonical path.
    known: HashMap<PathBuf, Option<Node>>,
    /// The chain of files that extend each other: canonical path and printed name.
    chain: Vec<(PathBuf, String)>,
    layers: usize,
    pub(super) failed: bool,
}

impl Loader {
    /// The top-level map with all its layers; `None` when there is none.
    pub(super) fn root(&mut self, input: &Input) -> Option<Node> {
        let root = match input {
            Input::Path(path) => self.file(path, Place::default()),
            Input::Stdin(text) => self.text("<stdin>", text.clone(), Path::new("")),
            Input::Text { name, text } => self.text(name, text.clone(), Path::new("")),
            Input::Revision { revision, path } => {
                self.files.read_at(revision.clone());
                self.file(path, Place::default())
            }
        };
        root.map(|root| without(pruned_root(root), &["extends"]))
    }

    /// A file with its layers. `asked` is where it is named.
    fn file(&mut self, path: &Path, asked: Place) -> Option<Node> {
        let identity = self.files.identity(path);
        let name = self.files.shown(path);
        if let Some(at) = self.chain.iter().position(|(known, _)| *known == identity) {
            let names = self.chain[at..].iter().map(|(_, name)| name.as_str());
            let chain: Vec<String> =
                names.chain([name.as_str()]).map(|n| format!("`{}`", self.short(n))).collect();
            let message = format!("a file extends itself: {}", chain.join(" → "));
            return self.fail(FaultKind::Cycle, asked, message);
        }
        self.layers += 1;
        if self.chain.len() >= MAX_CHAIN || self.layers > MAX_LAYERS {
            let message =
                format!("too many layers: at most {MAX_LAYERS} files, and chains of {MAX_CHAIN}");
            return self.fail(FaultKind::Range, asked, message);
        }
        let node = if let Some(known) = self.known.get(&identity) {
            known.clone()
        } else {
            let node = self.read(path, &name, asked);
            self.known.insert(identity.clone(), node.clone());
            node
        }?;
        self.chain.push((identity, name));
        let layered = self.layered(node, path.parent().unwrap_or(Path::new("")));
        self.chain.pop();
        Some(layered)
    }

    fn text(&mut self, name: &str, text: String, directory: &Path) -> Option<Node> {
        if text.len() as u64 > MAX_BYTES {
            let message = format!("`{name}` is larger than {} MiB", MAX_BYTES >> 20);
            return self.fail(FaultKind::File, Place::default(), message);
        }
        let node = self.parse(name, text, directory)?;
        Some(self.layered(node, directory))
    }

    /// Reads one file, without its layers.
    fn read(&mut self, path: &Path, name: &str, asked: Place) -> Option<Node> {
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let message = format!("cannot read `{name}`: {why}");
                let nearest = self.files.is_on_disk().then(|| nearest_file(path)).flatten();
                return self.fail_at(FaultKind::File, asked, message, nearest);
            }
        };
        let directory = path.parent().unwrap_or(Path::new(""));
        match String::from_utf8(bytes) {
            Ok(text) => self.parse(name, text, directory),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
                let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u32 + 1;
                let line = before.matches('\n').count() as u32 + 1;
                let file = self.files.add(name, text, directory);
                let place = Place { file, line, column, width: 1 };
                let message = "this is not UTF-8 text";
                self.faults.push(Fault::error(FaultKind::File, place, "", message));
                self.failed = true;
                None
            }
        }
    }

    fn parse(&mut self, name: &str, text: String, directory: &Path) -> Option<Node> {
        let text =
            if text.starts_with('\u{feff}') { text['\u{feff}'.len_utf8()..].into() } else { text };
        let text =
            if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text };
        let file = self.files.add(name, text.clone(), directory);
        let node = parse(&text, file, &mut self.faults);
        match &node {
            Some(Node { value: Value::Map(_), .. }) => {}
            Some(node) => {
                let message = format!("a profile is a map of keys, not {}", node.kind());
                let fault = Fault::error(FaultKind::Shape, node.place, "", message);
                self.faults.push(fault.expected("`capplan: 1` and further keys"));
                self.failed = true;
            }
            None => self.failed = true,
        }
        node
    }

    /// The layers that a map names under `extends`, and the map over them.
    fn layered(&mut self, node: Node, directory: &Path) -> Node {
        match self.layers(&node, directory) {
            Some(mut base) => {
                merge(&mut base, node, &mut Vec::new());
                base
            }
            None => node,
        }
    }

    /// The layers that a map names under `extends`, merged.
    pub(super) fn layers(&mut self, node: &Node, directory: &Path) -> Option<Node> {
        let extends = node.get("extends").cloned()?;
        let names = match &extends.value {
            Value::List(items) => items.clone(),
            _ => vec![extends],
        };
        let mut base: Option<Node> = None;
        for named in &names {
            let Some(text) = named.text().filter(|text| !text.trim().is_empty()) else {
                let message =
                    format!("`extends` names a file or a list of files, not {}", named.kind());
                let fault = Fault::error(FaultKind::Shape, named.place, "extends", message);
                self.faults.push(fault.expected("the name of a file, relative to this one"));
                self.failed = true;
                continue;
            };
            let Some(layer) = self.file(&plain_path(directory, text), named.place) else {
                continue;
            };
            match &mut base {
                Some(base) => merge(base, layer, &mut Vec::new()),
                None => base = Some(layer),
            }
        }
        base
    }

    fn fail<T>(&mut self, kind: FaultKind, place: Place, message: String) -> Option<T> {
        self.fail_at(kind, place, message, None)
    }

    fn fail_at<T>(
        &mut self,
        kind: FaultKind,
        place: Place,
        message: String,
        hint: Option<String>,
    ) -> Option<T> {
        let path = if place.line > 0 { "extends" } else { "" };
        self.faults.push(Fault { hint, ..Fault::error(kind, place, path, message) });
        self.failed = true;
        None
    }

    /// A name relative to the first file's directory, as people speak of it.
    fn short(&self, name: &str) -> String {
        let first = self.chain.first().map_or("", |(_, name)| name.as_str());
        let directory = Path::new(first).parent().unwrap_or(Path::new(""));
        Path::new(name).strip_prefix(directory).unwrap_or(Path::new(name)).display().to_string()
    }
}

/// A map without these keys.
pub(super) fn without(mut node: Node, keys: &[&str]) -> Node {
    if let Value::Map(entries) = &mut node.value {
        entries.retain(|entry| !keys.contains(&entry.key.as_str()));
    }
    node
}

/// The bytes of a file, or why there are none.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, String> {
    let why = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "no permission".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    };
    let file = File::open(path).map_err(why)?;
    let metadata = file.metadata().map_err(why)?;
    if metadata.is_dir() {
        return Err("it is a directory".to_owned());
    }
    let too_large = || format!("it is larger than {} MiB", MAX_BYTES >> 20);
    if metadata.len() > MAX_BYTES {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(why)?;
    if bytes.len() as u64 > MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
}

/// `directory/name` without `.` and with `..` taken out where a name stands before it.
pub(crate) fn plain_path(directory: &Path, name: &str) -> PathBuf {
    use std::path::Component;
    let mut plain = PathBuf::new();
    for part in directory.join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// `did you mean` another file of the same directory?
fn nearest_file(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .ok()?
        .take(1000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name != wanted && Path::new(name).extension().is_some_and(|e| e == "yaml"))
        .collect();
    names.sort();
    let nearest = super::nearest(wanted, names.iter().map(String::as_str))?;
    Some(format!("did you mean `{nearest}`?"))
}
