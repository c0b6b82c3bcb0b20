//! The options that commands over profiles share.

use clap::Args;

use super::args::{self, Auto, Export};
use super::defect::quoted;
use super::terminal::Color;
use crate::profile::Profile;
use crate::report::Format;
use crate::source::Input;
use std::io::Read;
use std::path::PathBuf;

/// What changes the profile.
#[derive(Clone, Debug, Args)]
pub(super) struct Changes {
    /// Set one leaf: db.pool.size=60, users.active=5000, cost.budget=null (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) sets: Vec<String>,
    /// Multiply all load
    #[arg(long, value_name = "FACTOR", value_parser = args::factor, default_value = "1")]
    pub(super) scale: f64,
    /// A condition that must hold, besides those of the profile (repeatable)
    #[arg(long = "assert", value_name = "EXPR")]
    pub(super) asserts: Vec<String>,
}

impl Changes {
    /// The flags as a shell takes them, for the command that repeats a run.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut flag = |name: &str, value: &str| words.push(format!("--{name} {}", quoted(value)));
        self.sets.iter().for_each(|set| flag("set", set));
        if self.scale != 1.0 {
            flag("scale", &self.scale.to_string());
        }
        self.asserts.iter().for_each(|assert| flag("assert", assert));
        words
    }
}

/// How to run; what is not given is the profile's `run`, and by itself there.
#[derive(Clone, Debug, Args)]
pub(super) struct Running {
    /// Seed of all randomness [default: the profile's, 42]
    #[arg(long, value_name = "N", value_parser = args::count)]
    pub(super) seed: Option<u64>,
    /// Half-width of intervals to aim for [default: the profile's, 5%]
    #[arg(long, value_name = "PERCENT", value_parser = args::precision)]
    pub(super) precision: Option<f64>,
    /// The budget: most requests over all replications [default: 1.5 million]
    #[arg(long, value_name = "N", value_parser = args::budget)]
    pub(super) max_requests: Option<u64>,
    /// Independent replications: a number or auto
    #[arg(long, value_name = "N", value_parser = args::replications)]
    pub(super) replications: Option<Auto<u32>>,
    /// Measured time of each replication, as 10m
    #[arg(long, value_name = "TIME", value_parser = args::duration)]
    pub(super) duration: Option<f64>,
    /// Time removed at the beginning of each replication: a duration or auto
    #[arg(long, value_name = "TIME", value_parser = args::warmup)]
    pub(super) warmup: Option<Auto<f64>>,
    /// Threads [default: one per core]; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = args::positive)]
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
        given.map(|(name, value)| format!("--{name} {}", quoted(&value))).collect()
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

/// Where the result goes and what it looks like.
#[derive(Clone, Debug, Args)]
pub(super) struct Showing {
    /// Format of the result: table, json, markdown, csv, junit or github
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = args::format)]
    pub(super) format: Format,
    /// Write the result to a file instead of standard output, whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the result to a file in another format, besides (repeatable)
    #[arg(long = "export", value_name = "FORMAT=FILE")]
    pub(super) exports: Vec<Export>,
    /// No progress and no remarks on standard error, only errors
    #[arg(long, short, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Assumptions, limits of the model, checks and all resources in full
    #[arg(long, short)]
    pub(super) verbose: bool,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub(super) color: Color,
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
