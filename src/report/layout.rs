//! Text in columns for a terminal of a given width: alignment, wrapping, tones.
//!
//! Colour is decoration: whatever it says, a word says too.

use unicode_width::UnicodeWidthStr;

/// How a text for a terminal is to look.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to use colours.
    pub color: bool,
    /// Whether to print what is otherwise left to the JSON document.
    pub verbose: bool,
}

/// What a piece of text is meant to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    #[default]
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
    Warn,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Warn => "33",
        }
    }
}

/// Text with a tone.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: Tone::Plain }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A text of this tone.
pub(super) fn toned(tone: Tone, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), tone }
}

/// One column of a grid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    title: &'static str,
    right: bool,
    wraps: bool,
    from: usize,
    gap: usize,
}

impl Column {
    /// Text, from the left.
    pub(super) const fn left(title: &'static str) -> Self {
        Self { title, right: false, wraps: false, from: 0, gap: GAP }
    }

    /// Numbers, to the right.
    pub(super) const fn right(title: &'static str) -> Self {
        Self { right: true, ..Self::left(title) }
    }

    /// Takes what the others leave, and wraps (one per grid).
    pub(super) const fn wrapping(self) -> Self {
        Self { wraps: true, ..self }
    }

    /// Belongs to the column before it: one blank between them.
    pub(super) const fn close(self) -> Self {
        Self { gap: 1, ..self }
    }

    /// Left out where the terminal is narrower.
    pub(super) const fn from(self, width: usize) -> Self {
        Self { from: width, ..self }
    }
}

/// A line of a grid.
#[derive(Clone, Debug)]
enum Line {
    Cells(Vec<Cell>),
    /// Spans the columns, indented.
    Note(Cell),
}

/// Rows in columns.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    columns: Vec<Column>,
    lines: Vec<Line>,
}

impl Grid {
    /// An empty grid.
    pub(super) fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), lines: Vec::new() }
    }

    /// Adds a row: one cell per column.
    pub(super) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.columns.len(), "one cell per column");
        self.lines.push(Line::Cells(cells));
    }

    /// Adds a remark to the row above.
    pub(super) fn note(&mut self, cell: Cell) {
        self.lines.push(Line::Note(cell));
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Blanks before every line below a heading.
pub(super) const INDENT: usize = 2;
/// Blanks between two columns.
const GAP: usize = 2;
/// A wrapping column is never narrower.
const NARROWEST: usize = 20;

/// A text under construction.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    out: String,
}

impl Page {
    pub(super) const fn new(look: Look) -> Self {
        Self { look, out: String::new() }
    }

    pub(super) const fn look(&self) -> Look {
        self.look
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// A line of cells, one blank apart.
    pub(super) fn line(&mut self, cells: &[Cell]) {
        let start = self.out.len();
        for (i, cell) in cells.iter().enumerate() {
            if i > 0 {
                self.out.push(' ');
            }
            self.paint(&cell.text, cell.tone);
        }
        self.end_line(start);
    }

    /// An empty line and a title.
    pub(super) fn heading(&mut self, title: &str, remark: &str) {
        self.out.push('\n');
        let start = self.out.len();
        self.paint(title, Tone::Strong);
        if !remark.is_empty() {
            let fits = title.width() + 2 + remark.width() <= self.look.width;
            self.out.push_str(if fits { "  " } else { "\n  " });
            self.paint(remark, Tone::Faint);
        }
        self.end_line(start);
    }

    /// Wrapped text, indented; later lines by `hanging` more.
    pub(super) fn paragraph(&mut self, cell: &Cell, hanging: usize) {
        let room = self.look.width.saturating_sub(INDENT + hanging).max(NARROWEST);
        for (i, line) in wrap(&cell.text, room).iter().enumerate() {
            let start = self.out.len();
            let indent = if i == 0 { INDENT } else { INDENT + hanging };
            self.out.push_str(&" ".repeat(indent));
            self.paint(line, cell.tone);
            self.end_line(start);
        }
    }

    /// A grid, with its titles unless all are empty.
    pub(super) fn grid(&mut self, grid: &Grid) {
        let shown: Vec<usize> =
            (0..grid.columns.len()).filter(|i| grid.columns[*i].from <= self.look.width).collect();
        let mut widths: Vec<usize> = shown.iter().map(|&i| grid.columns[i].title.width()).collect();
        for line in &grid.lines {
            if let Line::Cells(cells) = line {
                for (width, &i) in widths.iter_mut().zip(&shown) {
                    *width = (*width).max(cells[i].text.width());
                }
            }
        }
        if let Some(flexible) = shown.iter().position(|&i| grid.columns[i].wraps) {
            let others: usize = widths.iter().sum::<usize>() - widths[flexible];
            let gaps: usize =
                INDENT + shown[1..].iter().map(|&i| grid.columns[i].gap).sum::<usize>();
            let room = self.look.width.saturating_sub(others + gaps).max(NARROWEST);
            widths[flexible] = widths[flexible].min(room);
        }
        if shown.iter().any(|&i| !grid.columns[i].title.is_empty()) {
            let titles: Vec<Cell> =
                shown.iter().map(|&i| toned(Tone::Faint, grid.columns[i].title)).collect();
            self.row(grid, &shown, &widths, &titles.iter().collect::<Vec<_>>());
        }
        for line in &grid.lines {
            match line {
                Line::Cells(cells) => {
                    let cells: Vec<&Cell> = shown.iter().map(|&i| &cells[i]).collect();
                    self.row(grid, &shown, &widths, &cells);
                }
                Line::Note(cell) => {
                    let room = self.look.width.saturating_sub(3 * INDENT).max(NARROWEST);
                    for text in wrap(&cell.text, room) {
                        self.out.push_str(&" ".repeat(3 * INDENT));
                        self.paint(&text, cell.tone);
                        self.out.push('\n');
                    }
                }
            }
        }
    }

    fn row(&mut self, grid: &Grid, shown: &[usize], widths: &[usize], cells: &[&Cell]) {
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(shown)
            .zip(widths)
            .map(|((cell, &i), &width)| {
                if grid.columns[i].wraps {
                    wrap(&cell.text, width)
                } else {
                    vec![cell.text.clone()]
                }
            })
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        for k in 0..height {
            let start = self.out.len();
            self.out.push_str(&" ".repeat(INDENT));
            for (j, text) in wrapped.iter().enumerate() {
                if j > 0 {
                    self.out.push_str(&" ".repeat(grid.columns[shown[j]].gap));
                }
                let text = text.get(k).map_or("", String::as_str);
                let pad = " ".repeat(widths[j].saturating_sub(text.width()));
                let right = grid.columns[shown[j]].right;
                if right {
                    self.out.push_str(&pad);
                }
                self.paint(text, cells[j].tone);
                if !right {
                    self.out.push_str(&pad);
                }
            }
            self.end_line(start);
        }
    }

    fn paint(&mut self, text: &str, tone: Tone) {
        if self.look.color && tone != Tone::Plain && !text.is_empty() {
            self.out.push_str("\x1b[");
            self.out.push_str(tone.code());
            self.out.push('m');
            self.out.push_str(text);
            self.out.push_str("\x1b[0m");
        } else {
            self.out.push_str(text);
        }
    }

    /// Ends the line that began at `start`, without blanks at its end.
    fn end_line(&mut self, start: usize) {
        let kept = self.out[start..].trim_end_matches(' ').len();
        self.out.truncate(start + kept);
        self.out.push('\n');
    }
}

/// Words in lines of at most `width` columns (a longer word has a line of its own). A number keeps
/// its unit.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(number) if number.ends_with(|c: char| c.is_ascii_digit()) && is_unit(word) => {
                number.push(' ');
                number.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
}

/// Whether a word belongs to the number before it.
fn is_unit(word: &str) -> bool {
    const UNITS: [&str; 19] = [
        "%", "µs", "ms", "s", "min", "h", "d", "B", "kB", "MB", "GB", "TB", "B/s", "kB/s", "MB/s",
        "GB/s", "k", "M", "x",
    ];
    UNITS.contains(&word.trim_end_matches([',', ';', '.', ':', ')']))
}

/// A horizontal bar of `width` columns, filled for `share` of it (in 0..1), in eighths.
pub(super) fn bar(share: f64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let filled = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    format!("{}{}", "█".repeat(filled / 8), EIGHTHS[filled % 8])
}

/// A row of small columns, the highest for the largest share; a blank is exactly nothing.
pub(super) fn sparkline(shares: &[f64]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = shares.iter().copied().fold(0.0, f64::max);
    let column = |share: f64| {
        if share <= 0.0 || most <= 0.0 {
            ' '
        } else {
            LEVELS[((share / most * 8.0).ceil() as usize).clamp(1, 8) - 1]
        }
    };
    shares.iter().map(|&share| column(share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize) -> Page {
        Page::new(Look { width, color: false, verbose: false })
    }

    #[test]
    fn numbers_stand_to_the_right_and_lines_have_no_blanks_at_their_end() {
        let mut grid = Grid::new([Column::left("name"), Column::right("n"), Column::left("")]);
        grid.row(["a".into(), "1".into(), "".into()]);
        grid.row(["long".into(), "100".into(), "x".into()]);
        let mut page = page(80);
        page.grid(&grid);
        assert_eq!(page.finish(), "  name    n\n  a       1\n  long  100  x\n");
    }

    #[test]
    fn the_wrapping_column_gives_way_and_optional_ones_vanish() {
        let columns = [Column::left("").wrapping(), Column::right(""), Column::right("").from(100)];
        let mut grid = Grid::new(columns);
        grid.row(["one two three four five six".into(), "7".into(), "8".into()]);
        let mut page = page(27);
        page.grid(&grid);
        assert_eq!(page.finish(), "  one two three four      7\n  five six\n");
    }

    #[test]
    fn a_number_keeps_its_unit() {
        assert_eq!(wrap("it takes 312 ms, more", 12), ["it takes", "312 ms, more"]);
        assert_eq!(wrap("it takes 312 ms, more", 10), ["it takes", "312 ms,", "more"]);
    }

    #[test]
    fn bars_have_eighths() {
        assert_eq!(bar(0.5, 4), "██");
        assert_eq!(bar(1.0 / 32.0, 4), "▏");
        assert_eq!(sparkline(&[0.0, 0.1, 0.8]), " ▁█");
    }
}
