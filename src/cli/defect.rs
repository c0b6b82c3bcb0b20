//! A panic is a defect of capplan, and says so, with what repeats it.

use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;
use super::terminal::complain;

/// Runs `command`; a panic in it, on any thread, is reported once and becomes [`Exit::Defect`].
pub fn guard(command: impl FnOnce() -> Exit + panic::UnwindSafe) -> Exit {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    panic::set_hook(Box::new(|info| {
        if !REPORTED.swap(true, Ordering::Relaxed) {
            complain(&format!("{info}"));
            complain(&notice());
        }
    }));
    panic::catch_unwind(command).unwrap_or(Exit::Defect)
}

/// What to say of a defect: how to repeat it.
pub(super) fn notice() -> String {
    format!(
        "this is a defect of capplan {}, not of your profile. It repeats with\n    {}\n\
         Please report it with that line and the profile.",
        env!("CARGO_PKG_VERSION"),
        command_line()
    )
}

/// The arguments as a shell would take them.
pub(super) fn command_line() -> String {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("capplan".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A word as a shell would take it: quoted where it has to be.
pub(super) fn quoted(word: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(harmless) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("profiles/mina/peak.yaml"), "profiles/mina/peak.yaml");
        assert_eq!(quoted("api.latency.p95 < 1s"), "'api.latency.p95 < 1s'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
