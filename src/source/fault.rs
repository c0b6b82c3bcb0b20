//! Faults of the user are data: gathered, placed, shown all at once.

use super::tree::Place;

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The profile cannot be used.
    Error,
    /// The profile can be used, and is probably not what was meant.
    Warning,
}

/// What is wrong, for tests and tools; the message says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// Not YAML, or a feature of YAML that profiles do not have.
    Syntax,
    /// A file cannot be read.
    File,
    /// A comma ended a value.
    Comma,
    /// The same key twice.
    DuplicateKey,
    /// A key that does not exist here.
    UnknownKey,
    /// A required key is missing.
    MissingKey,
    /// A list, map or value where another of them is expected.
    Shape,
    /// Missing, wrong or unknown unit.
    Unit,
    /// A value that cannot be read.
    Value,
    /// A value outside its range.
    Range,
    /// None of the words that are possible here.
    Word,
    /// A name that cannot be given.
    Name,
    /// A name that does not exist.
    UnknownName,
    /// Things that refer to each other.
    Cycle,
    /// Shares that do not sum to 100 %.
    Shares,
    /// Two things that do not go together.
    Conflict,
    /// The language has it, the program does not yet.
    NotYet,
    /// A hold of a resource inside itself.
    SelfDeadlock,
    /// A condition that cannot be read.
    Expression,
    /// Nothing is wrong; something is odd.
    Odd,
}

impl FaultKind {
    /// Its word in machine-readable output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::File => "file",
            Self::Comma => "comma",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownKey => "unknown_key",
            Self::MissingKey => "missing_key",
            Self::Shape => "shape",
            Self::Unit => "unit",
            Self::Value => "value",
            Self::Range => "range",
            Self::Word => "word",
            Self::Name => "name",
            Self::UnknownName => "unknown_name",
            Self::Cycle => "cycle",
            Self::Shares => "shares",
            Self::Conflict => "conflict",
            Self::NotYet => "not_yet",
            Self::SelfDeadlock => "self_deadlock",
            Self::Expression => "expression",
            Self::Odd => "odd",
        }
    }
}

/// One mistake in a profile, with the place the user must look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where; `None` when it is nowhere in a text (a missing file).
    pub place: Option<Place>,
    /// Path in the profile (`components.db.pool.size`); may be empty.
    pub path: String,
    /// What kind of mistake.
    pub kind: FaultKind,
    /// The mistake in words, without a full stop.
    pub message: String,
    /// What would have been right.
    pub expected: Option<String>,
    /// Nearest name or remedy, as a clause (`did you mean `db`?`).
    pub hint: Option<String>,
    /// How bad it is.
    pub severity: Severity,
}

impl Fault {
    /// An error.
    pub fn error(kind: FaultKind, place: Place, path: &str, message: impl Into<String>) -> Self {
        Self {
            place: (place.line > 0).then_some(place),
            path: path.to_owned(),
            kind,
            message: message.into(),
            expected: None,
            hint: None,
            severity: Severity::Error,
        }
    }

    /// A warning.
    pub fn warning(place: Place, path: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(FaultKind::Odd, place, path, message) }
    }

    /// With what would have been right.
    #[must_use]
    pub fn expected(self, expected: impl Into<String>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }

    /// With a remedy.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With `did you mean …?` when one of the names is near enough.
    #[must_use]
    pub fn meant<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        match super::nearest(wrong, names) {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None => self,
        }
    }
}

/// Faults beyond this number are not kept.
const MAX_FAULTS: usize = 10_000;

/// Faults as they are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault; the same message at the same place is kept once.
    pub fn push(&mut self, fault: Fault) {
        let same = |f: &Fault| f.place == fault.place && f.message == fault.message;
        if self.list.len() < MAX_FAULTS && !self.list.iter().rev().take(1000).any(same) {
            self.list.push(fault);
        }
    }

    /// Adds those of another list.
    pub fn append(&mut self, others: Self) {
        others.list.into_iter().for_each(|fault| self.push(fault));
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Number of faults.
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// The warnings alone.
    #[must_use]
    pub fn warnings(&self) -> Self {
        let list = self.list.iter().filter(|f| f.severity == Severity::Warning).cloned().collect();
        Self { list }
    }

    /// All, by file, line and column; errors before warnings at one place.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        let mut sorted: Vec<&Fault> = self.list.iter().collect();
        sorted.sort_by_key(|f| (f.place, f.severity));
        sorted.into_iter()
    }
}
