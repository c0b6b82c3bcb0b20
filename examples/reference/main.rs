//! Runs the cases of a folder, whose answers are known, as profiles, and compares each quantity.
//!
//! ```text
//! cargo run --release --example reference -- tests/reference
//! ```
//!
//! Ends with 1 when a quantity fails, with 2 when a file cannot be read.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints a table, and how far it is"
)]

mod harness;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use harness::table::{self, Counts};
use harness::{Budget, Read, files, read};

/// Runs reference cases as profiles and compares every quantity.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "flags are independent of each other")]
struct Arguments {
    /// Folder of case files (`*.yaml`)
    dir: PathBuf,
    /// Jobs per case, over all replications
    #[arg(long, default_value_t = 10_000_000)]
    requests: u64,
    /// Only the cases whose id begins so
    #[arg(long)]
    only: Option<String>,
    /// Seed of all draws
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Threads (default: all cores); the result does not depend on it
    #[arg(long)]
    threads: Option<usize>,
    /// Write each case's profile into this folder
    #[arg(long, value_name = "DIR")]
    emit: Option<PathBuf>,
    /// Markdown: a line per class of models, then every quantity
    #[arg(long)]
    markdown: bool,
    /// With --markdown: only the line per class
    #[arg(long)]
    brief: bool,
    /// Simulate nothing: what the analytic solver calls exact (always as Markdown)
    #[arg(long)]
    exact: bool,
    /// Only list the cases and their quantities
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.clamp(1, 1024)).build_global()?;
    }
    if let Some(dir) = &arguments.emit {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    let mut broken = 0;
    let mut cases = Vec::new();
    let dir = &arguments.dir;
    let paths = files(dir).with_context(|| dir.display().to_string())?;
    anyhow::ensure!(!paths.is_empty(), "{}: no case file (*.yaml)", dir.display());
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        match read(&text) {
            Ok(case) => cases.push(case),
            Err(why) => {
                broken += 1;
                eprintln!("{}: {why}", path.display());
            }
        }
    }
    let wanted =
        |case: &Read| arguments.only.as_ref().is_none_or(|only| case.id().starts_with(only));
    cases.retain(wanted);
    anyhow::ensure!(!cases.is_empty() || broken > 0, "no case to run");
    if arguments.list {
        list(&cases);
        return Ok(if broken > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS });
    }
    if arguments.exact {
        let whole = cases.iter().filter_map(|case| match case {
            Read::Whole(case) => Some(&**case),
            Read::Questions(..) => None,
        });
        print!("{}", harness::exact::document(&whole.collect::<Vec<_>>()));
        return Ok(if broken > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS });
    }
    let budget = Budget { jobs: arguments.requests.max(1000) as f64, seed: arguments.seed };
    if !arguments.markdown {
        print!("{}", table::head());
    }
    let mut all = Vec::new();
    for (i, case) in cases.iter().enumerate() {
        eprintln!("[{}/{}] {}", i + 1, cases.len(), case.id());
        let (checked, taken) = case.checked(budget);
        // With the budget that the rows took: a case whose error is too wide is run longer.
        if let (Some(dir), Read::Whole(case)) = (&arguments.emit, case) {
            emit(dir, case, taken)?;
        }
        if !arguments.markdown {
            print!("{}", table::lines(&checked));
        }
        all.push(checked);
    }
    if arguments.markdown {
        print!("{}", table::document(&all, arguments.brief));
    } else {
        print!("{}", table::summary(&all));
    }
    let counts = Counts::of(all.iter().flat_map(|checked| &checked.rows));
    Ok(match (broken, counts.failed) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(1),
        _ => ExitCode::from(2),
    })
}

fn list(cases: &[Read]) {
    for case in cases {
        let (title, class, expect) = match case {
            Read::Whole(case) => (&case.title, &case.model_class, &case.expect),
            Read::Questions(outline, _) => (&outline.title, &outline.model_class, &outline.expect),
        };
        println!("{}: {title} ({class})", case.id());
        for expect in expect {
            println!("  {}@{} = {} ({})", expect.name, expect.at, expect.value, expect.kind);
        }
    }
}

/// Writes the profiles of a case that has a form.
fn emit(dir: &Path, case: &harness::Case, budget: Budget) -> anyhow::Result<()> {
    let Ok(form) = harness::translate::translate(case) else { return Ok(()) };
    for file in harness::written::written(case, &form, budget) {
        let path = dir.join(&file.name);
        std::fs::write(&path, file.text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
