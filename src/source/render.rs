//! Faults to text.

use super::{Faults, Files};

/// All faults as the user sees them, with excerpts; at most fifty.
pub fn render(files: &Files, faults: &Faults, color: bool) -> String {
    let _ = (files, faults, color);
    String::new()
}
