//! Faults to text: where, what, an excerpt with the place marked, what was expected.

use std::fmt::Write;

use super::parse::is_invisible;
use super::{Fault, Faults, Files, Place, Severity};

/// Most faults that are shown.
const MAX_SHOWN: usize = 50;
/// Widest excerpt, in columns.
const MAX_WIDTH: usize = 100;
/// Widest message, in characters (names in it may be long).
const MAX_MESSAGE: usize = 500;

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const BOLD: &str = "\u{1b}[1m";
const BLUE: &str = "\u{1b}[34m";
const GREEN: &str = "\u{1b}[32m";
const RESET: &str = "\u{1b}[0m";

/// All faults as the user sees them, with excerpts; at most fifty, errors before warnings when there
/// are more. Every fault ends with a line break.
///
/// ```text
/// peak.yaml:12:16: endpoints.list.steps[1].query: no component is called `dbb`; did you mean `db`?
///    12 |     - query: dbb
///       |              ^^^
/// ```
pub fn render(files: &Files, faults: &Faults, color: bool) -> String {
    let paint = Paint { color };
    let mut shown: Vec<&Fault> = faults.iter().collect();
    let hidden = shown.len().saturating_sub(MAX_SHOWN);
    if hidden > 0 {
        shown.sort_by_key(|fault| fault.severity);
        shown.truncate(MAX_SHOWN);
    }
    let mut out = String::new();
    for fault in shown {
        write_fault(&mut out, files, fault, paint);
    }
    if hidden > 0 {
        let _ = writeln!(out, "… and {hidden} more");
    }
    out
}

#[derive(Clone, Copy)]
struct Paint {
    color: bool,
}

impl Paint {
    fn with(self, style: &str, text: &str) -> String {
        if self.color { format!("{style}{text}{RESET}") } else { text.to_owned() }
    }
}

fn write_fault(out: &mut String, files: &Files, fault: &Fault, paint: Paint) {
    let style = if fault.severity == Severity::Error { RED } else { YELLOW };
    if let Some(place) = fault.place {
        let name = clean(files.name(place.file));
        let at = format!("{name}:{}:{}: ", place.line, place.column);
        out.push_str(&paint.with(BOLD, &at));
    }
    if fault.severity == Severity::Warning {
        out.push_str(&paint.with(style, "warning: "));
    }
    if !fault.path.is_empty() {
        let _ = write!(out, "{}: ", cut(&clean(&fault.path), MAX_WIDTH));
    }
    out.push_str(&paint.with(style, &cut(&clean(&fault.message), MAX_MESSAGE)));
    if let Some(hint) = &fault.hint {
        let _ = write!(out, "; {}", paint.with(GREEN, &cut(&clean(hint), MAX_MESSAGE)));
    }
    out.push('\n');
    if let Some(place) = fault.place {
        write_excerpt(out, files, place, style, paint);
    }
    if let Some(expected) = &fault.expected {
        let expected = paint.with(GREEN, &cut(&clean(expected), MAX_MESSAGE));
        let _ = writeln!(out, "   expected: {expected}");
    }
}

fn write_excerpt(out: &mut String, files: &Files, place: Place, style: &str, paint: Paint) {
    let Some(line) = files.text(place.file).split('\n').nth(place.line as usize - 1) else {
        return;
    };
    if line.trim().is_empty() {
        return;
    }
    let excerpt = Excerpt::of(line, place);
    let number = place.line.to_string();
    let gutter = number.len().max(5);
    let bar = paint.with(BLUE, "|");
    let _ =
        writeln!(out, "{} {bar} {}", paint.with(BLUE, &format!("{number:>gutter$}")), excerpt.text);
    let carets = paint.with(style, &"^".repeat(excerpt.width));
    let _ = writeln!(out, "{:gutter$} {bar} {:2$}{carets}", "", "", excerpt.column);
}

/// A part of a line as it is printed, and the marked columns in it.
struct Excerpt {
    text: String,
    column: usize,
    width: usize,
}

impl Excerpt {
    fn of(line: &str, place: Place) -> Self {
        let (from, width) = (place.column as usize - 1, place.width as usize);
        // Columns on the screen where each character begins.
        let mut columns = 0;
        let mut begins: Vec<(usize, char)> = Vec::new();
        for c in line.trim_end().chars() {
            begins.push((columns, c));
            columns += screen_width(c);
        }
        let at = |i: usize| begins.get(i).map_or(columns, |b| b.0);
        let (start, end) = (at(from), at(from + width).max(at(from) + 1));
        if columns <= MAX_WIDTH {
            let text = begins.iter().map(|b| shown(b.1)).collect();
            return Self { text, column: start, width: end - start };
        }
        // Cut around the place: a third of the room before it.
        let first = start.saturating_sub(MAX_WIDTH / 3).min(columns.saturating_sub(MAX_WIDTH));
        let last = first + MAX_WIDTH;
        let part: Vec<&(usize, char)> =
            begins.iter().filter(|b| b.0 >= first && b.0 < last).collect();
        let begin = part.first().map_or(first, |b| b.0);
        let mut text: String = part.iter().map(|b| shown(b.1)).collect();
        let mut column = start.saturating_sub(begin);
        if begin > 0 {
            text.insert_str(0, "… ");
            column += 2;
        }
        if columns > last {
            text.push_str(" …");
        }
        Self { text, column, width: (end.min(last).max(start + 1)) - start }
    }
}

/// How a character is printed: a tab as blanks of its width, what cannot be seen as a sign for it.
fn shown(c: char) -> String {
    match c {
        '\t' => " ".repeat(screen_width('\t')),
        c if is_invisible(c) => '\u{fffd}'.to_string(),
        c => c.to_string(),
    }
}

/// Columns that a character takes: two for East Asian wide ones and most emoji, none for combining
/// marks. The ranges are those that a terminal agrees on, not the whole standard.
fn screen_width(c: char) -> usize {
    match u32::from(c) {
        0x09 => 4,
        0x0300..=0x036f | 0x200b..=0x200d | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Without characters that a terminal would obey.
fn clean(text: &str) -> String {
    let kept = text.chars().map(|c| if c == '\t' || c == '\n' { ' ' } else { c });
    kept.map(|c| if is_invisible(c) { '\u{fffd}' } else { c }).collect()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
