//! Ctrl-C: the first ends the run with a partial result, the second ends the process.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Exit;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Listens from now on.
pub(super) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        // Without a handler the process simply ends: nothing to report.
        let _ = ctrlc::set_handler(|| {
            if INTERRUPTED.swap(true, Ordering::Relaxed) {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        });
    });
}

/// Whether somebody wants it to end.
pub(super) fn requested() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
