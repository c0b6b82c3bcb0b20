//! What the terminal is: its width, its colours, and complaints on standard error.

use std::io::{IsTerminal, Write};

use anstream::ColorChoice;
use clap::ValueEnum;

/// Width where nothing says one: logs and files.
const WIDTH: usize = 100;
/// Narrower or wider than this nothing reads well.
const WIDTHS: std::ops::RangeInclusive<usize> = 60..=160;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Whether standard output gets colours.
    pub(super) fn on_stdout(self) -> bool {
        self.resolve(anstream::AutoStream::choice(&std::io::stdout()))
    }

    /// Whether standard error gets colours.
    pub(super) fn on_stderr(self) -> bool {
        self.resolve(anstream::AutoStream::choice(&std::io::stderr()))
    }

    fn resolve(self, auto: ColorChoice) -> bool {
        match self {
            Self::Auto => auto != ColorChoice::Never,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Columns to print for: `COLUMNS`, or the terminal's, or a hundred.
pub(super) fn width() -> usize {
    let stated = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let measured = || {
        let terminal = std::io::stdout().is_terminal().then(terminal_size::terminal_size)??;
        Some(usize::from(terminal.0.0))
    };
    stated.or_else(measured).unwrap_or(WIDTH).clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// Prints to standard error; that it may be closed is nobody's concern.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "capplan: {text}");
}

/// Prints to standard error as it is.
pub(super) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
