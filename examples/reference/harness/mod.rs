//! The reference harness: cases with known answers, run as profiles and compared.
//!
//! Used by the example that prints the table and by the test that runs it in CI.

pub(crate) mod case;
pub(crate) mod exact;
pub(crate) mod judge;
mod law;
pub(crate) mod measure;
mod probe;
mod profile;
pub(crate) mod row;
mod run;
mod shape;
pub(crate) mod table;
pub(crate) mod translate;
pub(crate) mod written;

use std::path::{Path, PathBuf};

pub(crate) use case::Case;
pub(crate) use row::{Row, check};
pub(crate) use run::Budget;

/// The case files of a folder, or of its folder `cases`, by name.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let inner = dir.join("cases");
    let dir = if inner.is_dir() { &inner } else { dir };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A case as far as it could be read.
#[derive(Clone, Debug)]
pub(crate) enum Read {
    /// All of it.
    Whole(Box<Case>),
    /// Its questions; the model has something that is not known here.
    Questions(Box<case::Outline>, String),
}

impl Read {
    /// Name of the case.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Whole(case) => &case.id,
            Self::Questions(outline, _) => &outline.id,
        }
    }

    /// All quantities, run and judged; each unsupported where the model could not be read. Also the
    /// budget that this took.
    pub(crate) fn checked(&self, budget: Budget) -> (table::Checked, Budget) {
        match self {
            Self::Whole(case) => {
                let (rows, taken) = check(case, budget);
                let checked = table::Checked {
                    id: case.id.clone(),
                    title: case.title.clone(),
                    model_class: case.model_class.clone(),
                    rows,
                };
                (checked, taken)
            }
            Self::Questions(outline, why) => {
                let checked = table::Checked {
                    id: outline.id.clone(),
                    title: outline.title.clone(),
                    model_class: outline.model_class.clone(),
                    rows: outline.expect.iter().map(|e| Row::unsupported(e.clone(), why)).collect(),
                };
                (checked, budget)
            }
        }
    }
}

/// Reads the text of a case.
///
/// # Errors
/// What is wrong with it, with its place.
pub(crate) fn read(text: &str) -> Result<Read, String> {
    match serde_yaml::from_str::<Case>(text) {
        Ok(case) => {
            case.expect.iter().try_for_each(case::Expect::check)?;
            Ok(Read::Whole(Box::new(case)))
        }
        Err(error) => {
            let said = error.without_snippet().to_string();
            let unknown = said.contains("unknown field") || said.contains("unknown variant");
            match serde_yaml::from_str(text) {
                Ok(outline) if unknown => Ok(Read::Questions(Box::new(outline), said)),
                _ => Err(error.to_string()),
            }
        }
    }
}
