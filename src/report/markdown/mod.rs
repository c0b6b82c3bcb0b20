//! Markdown for a comment on a pull request: a headline, a table, and details that unfold.
//!
//! A hidden marker in the first line lets a later run find its comment and replace it. A comment on
//! GitHub holds 65 536 characters: what is too long loses lines of its details, the last ones first,
//! and says so; the headline is never cut.

pub(super) mod diff;
pub(super) mod simulate;

use super::formats::Document;

/// Characters that a comment on GitHub holds.
pub(super) const MOST: usize = 65_536;
/// Lines of a table that are no rows: titles and their rule.
const HEADING: usize = 2;

/// One comment on all documents.
pub(super) fn render<D: Document>(documents: &[D]) -> String {
    let subjects: Vec<String> = documents.iter().map(Document::subject).collect();
    let mut comment = Comment::new(D::KIND, &subjects.join(" "));
    for document in documents {
        document.comment(&mut comment);
    }
    comment.finish(MOST)
}

/// A piece of a comment.
#[derive(Debug)]
enum Block {
    /// Never cut.
    Text(String),
    /// Lines that may be cut from the end, the first `kept` never; folded under a summary or not.
    Lines { summary: Option<String>, lines: Vec<String>, kept: usize },
}

/// A comment under construction.
#[derive(Debug)]
pub(crate) struct Comment {
    blocks: Vec<Block>,
}

impl Comment {
    /// An empty comment with its marker.
    fn new(kind: &str, subject: &str) -> Self {
        // Two hyphens would end the marker.
        let subject = subject.replace("--", "- -").replace(['<', '>', '\n'], " ");
        let marker = format!("<!-- capplan:{kind} {} -->", subject.trim());
        Self { blocks: vec![Block::Text(marker)] }
    }

    /// A line that is never cut.
    pub(super) fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    /// A table in sight.
    pub(super) fn table(&mut self, table: &Table) {
        if !table.is_empty() {
            let lines = table.lines();
            self.blocks.push(Block::Lines { summary: None, lines, kept: HEADING });
        }
    }

    /// A table that unfolds.
    pub(super) fn folded_table(&mut self, summary: impl Into<String>, table: &Table) {
        if !table.is_empty() {
            let (summary, lines) = (Some(summary.into()), table.lines());
            self.blocks.push(Block::Lines { summary, lines, kept: HEADING });
        }
    }

    /// A list that unfolds.
    pub(super) fn folded_list(
        &mut self,
        summary: impl Into<String>,
        items: impl IntoIterator<Item = String>,
    ) {
        let lines: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
        if !lines.is_empty() {
            self.blocks.push(Block::Lines { summary: Some(summary.into()), lines, kept: 0 });
        }
    }

    /// The text, at most `most` characters unless what must not be cut is longer.
    fn finish(mut self, most: usize) -> String {
        let mut excess = self.length().saturating_sub(most);
        if excess > 0 {
            // The remark itself takes room.
            excess += CUT.chars().count() + 40;
            let mut left_out = 0_usize;
            for folded in [true, false] {
                for block in self.blocks.iter_mut().rev() {
                    let Block::Lines { summary, lines, kept } = block else { continue };
                    while excess > 0 && summary.is_some() == folded && lines.len() > *kept {
                        let line = lines.pop().expect("longer than what is kept");
                        excess = excess.saturating_sub(line.chars().count() + 1);
                        left_out += 1;
                    }
                }
            }
            self.blocks.retain(|block| match block {
                Block::Lines { lines, kept, .. } => lines.len() > *kept,
                Block::Text(_) => true,
            });
            self.blocks.push(Block::Text(format!("_{left_out} {CUT}_")));
        }
        let mut out = String::new();
        for (i, block) in self.blocks.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(&block.text());
        }
        out
    }

    fn length(&self) -> usize {
        self.blocks.iter().map(|block| block.text().chars().count() + 1).sum()
    }
}

/// What is said of lines that were cut.
const CUT: &str = "lines are left out: a comment holds 65 536 characters. Everything is in the JSON \
                   document.";

impl Block {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => format!("{text}\n"),
            Self::Lines { summary: None, lines, .. } => format!("{}\n", lines.join("\n")),
            // Markdown inside of HTML needs an empty line before it.
            Self::Lines { summary: Some(summary), lines, .. } => {
                let lines = lines.join("\n");
                format!(
                    "<details><summary>{}</summary>\n\n{lines}\n\n</details>\n",
                    in_html(summary)
                )
            }
        }
    }
}

/// A table; cells are Markdown.
#[derive(Debug, Default)]
pub(super) struct Table {
    titles: Vec<(&'static str, bool)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Titles; those that end in `>` stand over numbers, to the right.
    pub(super) fn new(titles: &[&'static str]) -> Self {
        let title = |title: &&'static str| match title.strip_suffix('>') {
            Some(title) => (title, true),
            None => (*title, false),
        };
        Self { titles: titles.iter().map(title).collect(), rows: Vec::new() }
    }

    /// One cell per title.
    pub(super) fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.titles.len(), "one cell per title");
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn lines(&self) -> Vec<String> {
        let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
        let titles = line(self.titles.iter().map(|t| t.0).collect());
        let rule = line(self.titles.iter().map(|t| if t.1 { "---:" } else { "---" }).collect());
        let rows = self.rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
        [titles, rule].into_iter().chain(rows).collect()
    }
}

/// Text as text: nothing in it is read as Markdown, as HTML, or as somebody's name.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            // A blank of no width: nobody is mentioned, no issue is linked.
            '@' | '#' => out.extend([c, '\u{200b}']),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Text inside of HTML, where no Markdown is read, except formulas between dollar signs.
fn in_html(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace(['\n', '\r'], " ").replace('@', "@\u{200b}").replace('$', "<span>$</span>")
}

/// Text in the type of a program, inside a table or not.
pub(super) fn code(text: &str) -> String {
    // A table is cut at bars before anything else is read, inside of code too.
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_a_profile_stay_texts() {
        assert_eq!(escaped("a|b <b> @me #1 *x*"), "a\\|b &lt;b&gt; @\u{200b}me #\u{200b}1 \\*x\\*");
        assert_eq!(code("a | b"), "`a \\| b`");
        assert_eq!(code("`x`"), "`` `x` ``");
        let marker = Comment::new("simulate", "a --> b").finish(MOST);
        assert_eq!(marker, "<!-- capplan:simulate a - -  b -->\n");
    }

    #[test]
    fn a_comment_that_is_too_long_loses_details_never_its_headline() {
        let mut comment = Comment::new("diff", "x");
        comment.text("**headline**");
        let mut table = Table::new(&["name", "n>"]);
        (0..2000).for_each(|i| table.row([format!("row {i}"), i.to_string()]));
        comment.table(&table);
        comment.folded_table("rows", &table);
        comment.folded_list("list", (0..9000).map(|i| format!("item {i}")));
        let text = comment.finish(MOST);
        assert!(text.chars().count() <= MOST, "{}", text.chars().count());
        assert!(text.chars().count() > MOST - 200, "no more is cut than must be");
        assert!(text.contains("**headline**") && text.contains("lines are left out"));
        assert!(text.contains("| row 1999 | 1999 |"), "what is in sight is cut last");
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }
}
