//! Files in, documents out: what every command over several files does, in one shape.
//!
//! All files are read first, so that every fault is said before minutes of simulation. What is valid
//! then runs, one document after another, until somebody interrupts. At the end everything that was
//! found is shown; files are written only when nothing is missing. The worst of all decides the exit
//! code.

use super::defect::quoted;
use super::options::{Showing, input};
use super::show::show;
use super::terminal::{Color, complain, note};
use super::{Exit, interrupt};
use crate::report::Document;
use crate::source::{self, Fault, FaultKind, Faults, Files, Input, Place};

/// A file as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// As people speak of it: `standard input` of `-`.
    pub(super) name: String,
    /// Its text, or where that stands.
    pub(super) input: Input,
}

/// What an argument is called: `standard input` of `-`.
pub(super) fn name_of(argument: &str) -> &str {
    if argument == "-" { STANDARD_INPUT } else { argument }
}

const STANDARD_INPUT: &str = "standard input";

/// Why a file gave no document.
pub(super) enum Refusal {
    /// Mistakes of its author.
    Faults(Box<(Files, Faults)>),
    /// The world.
    Failure(anyhow::Error),
}

impl From<(Files, Faults)> for Refusal {
    fn from(faulty: (Files, Faults)) -> Self {
        Self::Faults(Box::new(faulty))
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self::Failure(error)
    }
}

impl Refusal {
    /// A fault of a whole profile, without a place in it.
    pub(super) fn whole(kind: FaultKind, path: &str, message: String, hint: String) -> Self {
        let mut faults = Faults::new();
        faults.push(Fault::error(kind, Place::default(), path, message).hint(hint));
        (Files::default(), faults).into()
    }

    /// Says it, and what was not done therefore: `peak.yaml: not simulated`.
    pub(super) fn say(&self, name: &str, undone: &str, color: Color) {
        match self {
            Self::Faults(faulty) => {
                note(&source::render(&faulty.0, &faulty.1, color.on_stderr()));
                complain(&format!("{name}: {undone}"));
            }
            Self::Failure(error) => complain(&format!("{name}: {undone}: {error:#}")),
        }
    }
}

/// What was read of several files, and the worst that came of it so far.
pub(super) struct Batch<'a, T> {
    showing: &'a Showing,
    undone: &'static str,
    /// Each with the name that complaints use.
    read: Vec<(String, T)>,
    refused: usize,
}

impl<'a, T> Batch<'a, T> {
    /// Reads every file by `one`; `undone` says in a complaint what does not happen to a faulty one.
    ///
    /// # Errors
    /// The results could not be written anywhere.
    pub(super) fn read(
        files: &[String],
        showing: &'a Showing,
        undone: &'static str,
        mut one: impl FnMut(&Origin) -> Result<T, Refusal>,
    ) -> anyhow::Result<Self> {
        showing.to.check()?;
        interrupt::listen();
        let mut batch = Self { showing, undone, read: Vec::new(), refused: 0 };
        for (i, file) in files.iter().enumerate() {
            let name = name_of(file).to_owned();
            let origin = if file == "-" && files[..i].contains(file) {
                Err(anyhow::anyhow!("it was read already").into())
            } else {
                input(file).map_err(Refusal::from)
            };
            match origin.and_then(|input| one(&Origin { name: name.clone(), input })) {
                Ok(read) => batch.read.push((name, read)),
                Err(refusal) => batch.refuse(&name, &refusal),
            }
        }
        Ok(batch)
    }

    fn refuse(&mut self, name: &str, refusal: &Refusal) {
        refusal.say(name, self.undone, self.showing.to.color);
        self.refused += 1;
    }

    /// Several files may make one document.
    pub(super) fn grouped<U>(
        self,
        group: impl FnOnce(Vec<(String, T)>) -> Vec<(String, U)>,
    ) -> Batch<'a, U> {
        let Self { showing, undone, read, refused } = self;
        Batch { showing, undone, read: group(read), refused }
    }

    /// Makes a document of each, until interrupted; shows them; the worst decides.
    ///
    /// # Errors
    /// The results cannot be written.
    pub(super) fn run<D: Document>(
        mut self,
        mut one: impl FnMut(&T) -> Result<(D, Exit), Refusal>,
    ) -> anyhow::Result<Exit> {
        let inputs = self.read.len() + self.refused;
        let mut exit = if self.refused > 0 { Exit::Usage } else { Exit::Fine };
        let mut documents = Vec::new();
        for (name, read) in std::mem::take(&mut self.read) {
            match one(&read) {
                Ok((document, of_document)) => {
                    exit = exit.max(of_document);
                    documents.push(document);
                }
                Err(refusal) => {
                    self.refuse(&name, &refusal);
                    exit = exit.max(Exit::Usage);
                }
            }
            if interrupt::requested() {
                exit = exit.max(Exit::Interrupted);
                break;
            }
        }
        show(self.showing, &documents, inputs, exit)?;
        Ok(exit)
    }
}

/// The command that prints the same bytes: `flags` without those that change no result. A name as
/// [`name_of`] gives it may stand for its argument.
pub(super) fn repeat<S: AsRef<str>>(
    command: &str,
    files: &[S],
    flags: impl IntoIterator<Item = String>,
) -> String {
    let argument = |file: &S| match file.as_ref() {
        STANDARD_INPUT => "-".to_owned(),
        file => quoted(file),
    };
    let words = ["capplan".to_owned(), command.to_owned()].into_iter();
    words.chain(files.iter().map(argument)).chain(flags).collect::<Vec<_>>().join(" ")
}
