//! The options that commands over profiles share.

use clap::Args;

use super::args::{self, Auto, Export};
use super::defect::quoted;
use super::output;
use super::terminal::Color;
use crate::profile::{Options, Profile};
use crate::report::{Asked, Format};
use crate::source::Input;
use std::io::Read;
use std::path::{Path, PathBuf};

/// What changes the profile.
#[derive(Clone, Debug, Args)]
pub(super) struct Changes {
    /// Set one leaf: db.pool.size=60, users.active=5000, cost.budget=null (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) sets: Vec<String>,
    /// Multiply all load
    #[arg(long, value_name = "FACTOR", value_parser = args::factor, default_value = "1", allow_hyphen_values = true)]
    pub(super) scale: f64,
}

impl Changes {
    /// How a profile is read with them.
    pub(super) fn options(&self) -> Options {
        Options { sets: self.sets.clone(), scale: self.scale, ..Options::default() }
    }

    /// What was asked of some files, for the reader of a report.
    pub(super) fn asked(&self, file: String, repeat: String) -> Asked {
        Asked { file, sets: self.sets.clone(), scale: self.scale, repeat, also: Vec::new() }
    }

    /// The flags as a shell takes them, for the command that repeats a run.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.sets.iter().map(|set| flag("set", set)).collect();
        if self.scale != 1.0 {
            words.push(flag("scale", &self.scale.to_string()));
        }
        words
    }
}

/// What changes the profile and what must hold of it besides.
#[derive(Clone, Debug, Args)]
pub(super) struct Conditions {
    #[command(flatten)]
    pub(super) changes: Changes,
    /// A condition that must hold, besides those of the profile (repeatable)
    #[arg(long = "assert", value_name = "EXPR")]
    pub(super) asserts: Vec<String>,
}

impl Conditions {
    /// How a profile is read with them.
    pub(super) fn options(&self) -> Options {
        Options { asserts: self.asserts.clone(), ..self.changes.options() }
    }

    /// The flags as a shell takes them, for the command that repeats a run.
    pub(super) fn words(&self) -> Vec<String> {
        let asserts = self.asserts.iter().map(|assert| flag("assert", assert));
        self.changes.words().into_iter().chain(asserts).collect()
    }
}

fn flag(name: &str, value: &str) -> String {
    format!("--{name} {}", quoted(value))
}

/// How to run; what is not given is the profile's `run`, and by itself there.
#[derive(Clone, Debug, Args)]
pub(super) struct Running {
    /// Seed of all randomness [default: the profile's, 42]
    #[arg(long, value_name = "N", value_parser = args::count, allow_hyphen_values = true)]
    pub(super) seed: Option<u64>,
    /// Half-width of intervals to aim for [default: the profile's, 5%]
    #[arg(long, value_name = "PERCENT", value_parser = args::precision, allow_hyphen_values = true)]
    pub(super) precision: Option<f64>,
    /// The budget: most requests over all replications [default: 1.5 million]
    #[arg(long, value_name = "N", value_parser = args::budget, allow_hyphen_values = true)]
    pub(super) max_requests: Option<u64>,
    /// Independent replications: a number or auto
    #[arg(long, value_name = "N", value_parser = args::replications, allow_hyphen_values = true)]
    pub(super) replications: Option<Auto<u32>>,
    /// Measured time of each replication, as 10m
    #[arg(long, value_name = "TIME", value_parser = args::duration, allow_hyphen_values = true)]
    pub(super) duration: Option<f64>,
    /// Time removed at the beginning of each replication: a duration or auto
    #[arg(long, value_name = "TIME", value_parser = args::warmup, allow_hyphen_values = true)]
    pub(super) warmup: Option<Auto<f64>>,
    /// Threads [default: one per core]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = args::positive, allow_hyphen_values = true)]
    pub(super) threads: Option<u64>,
}

impl Running {
    /// The profile with the flags that were given: they win over its `run`.
    pub(super) fn over(&self, mut profile: Profile) -> Profile {
        let run = &mut profile.run;
        run.seed = self.seed.unwrap_or(run.seed);
        run.precision = self.precision.unwrap_or(run.precision);
        run.duration_s = self.duration.or(run.duration_s);
        if let Some(replications) = self.replications {
            run.replications = replications.stated();
        }
        if let Some(warmup) = self.warmup {
            run.warmup_s = warmup.stated();
        }
        profile
    }

    /// The flags as a shell takes them; the number of threads changes no result and is left out.
    pub(super) fn words(&self) -> Vec<String> {
        let auto = |stated: Option<String>| stated.unwrap_or_else(|| "auto".to_owned());
        let seconds = |x: f64| format!("{x}s");
        let flags = [
            ("seed", self.seed.map(|n| n.to_string())),
            ("precision", self.precision.map(args::percent)),
            ("max-requests", self.max_requests.map(|n| n.to_string())),
            ("replications", self.replications.map(|n| auto(n.stated().map(|n| n.to_string())))),
            ("duration", self.duration.map(seconds)),
            ("warmup", self.warmup.map(|x| auto(x.stated().map(seconds)))),
        ];
        let given = flags.into_iter().filter_map(|(name, value)| Some((name, value?)));
        given.map(|(name, value)| flag(name, &value)).collect()
    }

    /// Uses the number of threads that was asked for; once per process.
    ///
    /// # Errors
    /// The threads cannot be had.
    pub(super) fn use_threads(&self) -> anyhow::Result<()> {
        if let Some(threads) = self.threads {
            let threads = usize::try_from(threads).unwrap_or(usize::MAX).min(MOST_THREADS);
            rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
        }
        Ok(())
    }
}

/// More threads than any machine has cores only cost memory.
const MOST_THREADS: usize = 1024;

/// Where the result goes and in which form.
#[derive(Clone, Debug, Args)]
pub(super) struct Destination {
    /// Format of the result: table, json, markdown, csv, junit or github
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = args::format)]
    pub(super) format: Format,
    /// Write the result to a file instead of standard output, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the result to a file in another format, besides (repeatable)
    #[arg(long = "export", value_name = "FORMAT=FILE")]
    pub(super) exports: Vec<Export>,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: Color,
}

impl Destination {
    /// The files that are to be written, with the format of each.
    pub(super) fn files(&self) -> Vec<(Format, &Path)> {
        let output = self.output.iter().map(|path| (self.format, path.as_path()));
        output.chain(self.exports.iter().map(|e| (e.format, e.path.as_path()))).collect()
    }

    /// Whether these files can be written at all, which is better known before a long run.
    ///
    /// # Errors
    /// A folder that does not exist, a name of a folder, or the same name twice.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let files = self.files();
        for (i, (_, path)) in files.iter().enumerate() {
            output::check(path)?;
            if files[..i].iter().any(|(_, other)| other == path) {
                anyhow::bail!("cannot write {} twice: name another file", path.display());
            }
        }
        Ok(())
    }
}

/// Where the result goes and what is in it.
#[derive(Clone, Debug, Args)]
pub(super) struct Showing {
    #[command(flatten)]
    pub(super) to: Destination,
    /// No progress and no remarks on standard error, only errors
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Assumptions, limits of the model, checks and all resources in full
    #[arg(long, short)]
    pub(super) verbose: bool,
}

/// The input that an argument names; `-` reads standard input.
///
/// # Errors
/// Standard input cannot be read, or is not text.
pub(super) fn input(file: &str) -> anyhow::Result<Input> {
    if file != "-" {
        return Ok(Input::Path(file.into()));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        anyhow::bail!("standard input: more than {} MB is no profile", MOST_BYTES / 1_000_000);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        anyhow::anyhow!("standard input is not UTF-8 text: {}", error.utf8_error())
    })?;
    Ok(Input::Stdin(text))
}

/// More is no profile.
const MOST_BYTES: u64 = 16_000_000;
