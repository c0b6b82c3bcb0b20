//! Progress of a run on standard error: only on a terminal, only when it takes over a second.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::interrupt;
use crate::study::{Progress, Watch};

/// Runs shorter than this show nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows how far a run is, and passes on the wish to end it.
#[derive(Debug)]
pub(super) struct Spectator {
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Spectator {
    /// Watches a run of the named profile; silent when `quiet` or away from a terminal.
    #[expect(clippy::disallowed_methods, reason = "the terminal lives on the wall clock")]
    pub(super) fn new(name: &str, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let bar = shown.then(|| {
            let style = ProgressStyle::with_template("{prefix} {wide_bar} {msg} {eta}")
                .expect("the template is well formed");
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            bar.with_style(style).with_prefix(name.to_owned())
        });
        Self { bar, since: Instant::now() }
    }

    /// Nothing is left of it on the terminal.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Spectator {
    fn advanced(&self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.since.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        }
        bar.set_length(progress.budget.max(progress.requests));
        bar.set_position(progress.requests);
        bar.set_message(match progress.round {
            0 => "warming up".to_owned(),
            round => format!("round {round}"),
        });
    }

    fn interrupted(&self) -> bool {
        interrupt::requested()
    }
}
