//! YAML text to nodes with places, from parser events and without recursion.
//!
//! Deliberately not here: aliases, tags, merge keys and several documents. A profile has `parameters`
//! and `extends` for what they do, and both say where a value comes from.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::comma;
use super::tree::join;
use super::{Entry, Fault, FaultKind, Faults, Node, Place, Value};

/// Deepest nesting of maps and lists.
pub(crate) const MAX_DEPTH: usize = 64;
/// Most nodes of a file.
pub(crate) const MAX_NODES: usize = 200_000;

/// Words that YAML 1.1 reads as true or false, so that a name would change its meaning between tools.
const BOOLEAN_WORDS: [&str; 6] = ["on", "off", "yes", "no", "true", "false"];

/// Reads a text of file number `file`. Faults are added; `None` when it is no YAML at all.
pub(crate) fn parse(text: &str, file: u16, faults: &mut Faults) -> Option<Node> {
    let before = faults.len();
    check_characters(text, file, faults);
    if faults.len() > before {
        return None;
    }
    let mut builder = Builder::new(text, file, faults);
    builder.run();
    let (root, done) = (builder.root.take(), !builder.broken);
    if done && root.is_none() {
        let place = Place { file, line: 1, column: 1, width: 1 };
        let message = "the file is empty";
        faults.push(Fault::error(FaultKind::Syntax, place, "", message).expected("a profile"));
    }
    root.filter(|_| done)
}

/// Tabs that indent and characters that cannot be seen: faults before anything is parsed.
fn check_characters(text: &str, file: u16, faults: &mut Faults) {
    for (line, content) in (1..).zip(text.split('\n')) {
        let place = |column: usize| Place { file, line, column: column as u32 + 1, width: 1 };
        let indent =
            content.chars().take_while(|c| matches!(c, ' ' | '\t')).position(|c| c == '\t');
        let rest = content.trim_start_matches([' ', '\t']);
        if let Some(column) = indent.filter(|_| !rest.is_empty() && !rest.starts_with('#')) {
            let message = "a tab cannot indent";
            let fault = Fault::error(FaultKind::Syntax, place(column), "", message);
            faults.push(fault.hint("use blanks"));
        }
        if let Some((column, c)) = content.chars().enumerate().find(|(_, c)| is_invisible(*c)) {
            let message = format!("invisible control character U+{:04X}", u32::from(c));
            faults.push(Fault::error(FaultKind::Syntax, place(column), "", message));
        }
        if faults.len() > 100 {
            return;
        }
    }
}

/// Control characters, and those that change the order of what is shown.
pub(crate) fn is_invisible(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A list or map that is not closed yet.
struct Open {
    place: Place,
    flow: bool,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<(String, Place)> },
}

struct Builder<'t, 'f> {
    parser: Parser<'t, StrInput<'t>>,
    text: &'t str,
    file: u16,
    faults: &'f mut Faults,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    broken: bool,
    /// A known pair of character and byte offset, from which the next one is found.
    cursor: (usize, usize),
}

impl<'t, 'f> Builder<'t, 'f> {
    fn new(text: &'t str, file: u16, faults: &'f mut Faults) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            text,
            file,
            faults,
            open: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            broken: false,
            cursor: (0, 0),
        }
    }

    fn run(&mut self) {
        while !self.broken {
            match self.parser.next_event() {
                Some(Ok((Event::StreamEnd, _))) | None => return,
                Some(Ok((event, span))) => self.event(event, span),
                Some(Err(error)) => self.scan_error(&error),
            }
        }
    }

    fn event(&mut self, event: Event<'t>, span: Span) {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let place = Place { width: 3, ..self.place(span) };
                    self.fatal(place, "a file holds one document; this begins another one", "");
                }
            }
            Event::Alias(_) => {
                let place = self.place(span);
                self.fatal(
                    place,
                    NO_ALIASES,
                    "name the value under `parameters` and write `=name`",
                );
            }
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, Some(_))
            | Event::MappingStart(_, Some(_)) => {
                self.fatal(self.place_of(span.start), "tags (`!name`) are not supported", "");
            }
            Event::Scalar(text, style, _, _) => {
                let quoted = style != ScalarStyle::Plain;
                let place = self.scalar_place(span);
                self.scalar(text.into_owned(), quoted, place);
            }
            Event::SequenceStart(..) => self.begin(span, Content::List(Vec::new())),
            Event::MappingStart(..) => {
                self.begin(span, Content::Map { entries: Vec::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => {}
        }
    }

    fn scalar(&mut self, text: String, quoted: bool, place: Place) {
        if let Some(Open { content: Content::Map { key: key @ None, .. }, .. }) =
            self.open.last_mut()
        {
            if text.is_empty() {
                return self.fatal(place, "a name is missing before the colon", "");
            }
            *key = Some((text, place));
            return;
        }
        let value = match text.as_str() {
            "null" | "~" | "Null" | "NULL" if !quoted => Value::Null,
            _ => Value::Scalar { text, quoted },
        };
        self.add(Node { place, value });
    }

    fn begin(&mut self, span: Span, content: Content) {
        let place = self.place_of(span.start);
        if let Some(Open { content: Content::Map { key: None, .. }, .. }) = self.open.last() {
            return self.fatal(place, "a key must be a plain word, not a list or a map", "");
        }
        if self.open.len() >= MAX_DEPTH {
            return self.fatal(place, &too_deep(), "");
        }
        let byte = self.byte(span.start.index());
        let flow = self.text[byte..].starts_with(['{', '[']);
        self.open.push(Open { place, flow, content });
    }

    fn end(&mut self) {
        let Some(Open { place, flow, content }) = self.open.pop() else { return };
        let path = self.path();
        let value = match content {
            Content::List(mut items) => {
                if flow {
                    comma::mend_list(&mut items, &path, self.faults);
                }
                Value::List(items)
            }
            Content::Map { mut entries, .. } => {
                if flow {
                    comma::mend_map(&mut entries, &path, self.faults);
                }
                self.check_keys(&entries, &path);
                let mut seen = std::collections::HashSet::new();
                entries.retain(|entry| seen.insert(entry.key.clone()));
                Value::Map(entries)
            }
        };
        self.add(Node { place, value });
    }

    fn check_keys(&mut self, entries: &[Entry], path: &str) {
        let mut first = std::collections::HashMap::new();
        for Entry { key, place, .. } in entries {
            let here = || join(path, key);
            if let Some(line) = first.insert(key, place.line) {
                first.insert(key, line);
                let message = format!("`{key}` stands here a second time");
                let fault = Fault::error(FaultKind::DuplicateKey, *place, &here(), message);
                self.faults.push(fault.hint(format!("the first one is in line {line}")));
            }
            if key == "<<" {
                let message = "`<<` is not a key; merge keys are not supported";
                let fault = Fault::error(FaultKind::UnknownKey, *place, &here(), message);
                self.faults.push(fault.hint("`extends` puts a file over another one"));
            } else if BOOLEAN_WORDS.iter().any(|word| word.eq_ignore_ascii_case(key)) {
                let message =
                    format!("`{key}` cannot be a name: many tools read it as true or false");
                self.faults.push(Fault::error(FaultKind::Word, *place, &here(), message));
            }
        }
    }

    /// Path of what is open.
    fn path(&self) -> String {
        self.open.iter().fold(String::new(), |path, open| match &open.content {
            Content::List(items) => format!("{path}[{}]", items.len() + 1),
            Content::Map { key: Some((key, _)), .. } => join(&path, key),
            Content::Map { key: None, .. } => path,
        })
    }

    /// Adds a finished node to what is open.
    fn add(&mut self, mut node: Node) {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("more than {MAX_NODES} values in one file");
            return self.fatal(node.place, &message, "");
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key }) => {
                let Some((key, place)) = key.take() else { return };
                if matches!(&node.value, Value::Scalar { text, quoted: false } if text.is_empty()) {
                    node.place = place;
                }
                entries.push(Entry { key, place, node });
            }
        }
    }

    fn fatal(&mut self, place: Place, message: &str, hint: &str) {
        let fault = Fault::error(FaultKind::Syntax, place, &self.path(), message);
        self.faults.push(if hint.is_empty() { fault } else { fault.hint(hint) });
        self.broken = true;
    }

    /// Says in the words of a profile's writer what the parser did not understand.
    fn scan_error(&mut self, error: &ScanError) {
        let (place, info) = (self.place_of(*error.marker()), error.info());
        if info.contains("recursion limit") {
            return self.fatal(place, &too_deep(), "");
        }
        let flow = self.open.iter().rev().find(|open| open.flow).map(|open| open.place);
        if let Some(began) = flow.filter(|_| info.contains("flow") || info.contains("eof")) {
            let (kind, close) = self.bracket(began);
            let message =
                format!("the flow {kind} that begins in line {} is not closed", began.line);
            // At the end of the text there is nothing to look at but the beginning.
            let at_end = self.byte(error.marker().index()) >= self.text.trim_end().len();
            let place = if at_end { began } else { place };
            return self.fatal(place, &message, &format!("a `{close}` or a comma is missing"));
        }
        let (message, hint) = if info.contains("anchor") && !info.contains("scanning") {
            (NO_ALIASES, "name the value under `parameters` and write `=name`")
        } else if info.contains("mapping values are not allowed") {
            ("a colon and a blank inside of a value", "put the value into quotes")
        } else if info.contains("quote") {
            ("the quote that begins here is not closed", "")
        } else if info.contains("block mapping") || info.contains("block collection") {
            ("this indent fits no line above", "entries of one map begin in the same column")
        } else if info.contains("tab") {
            ("a tab cannot stand here", "use blanks")
        } else {
            (info, "")
        };
        self.fatal(place, message, hint);
    }

    fn bracket(&mut self, place: Place) -> (&'static str, char) {
        let line = self.text.split('\n').nth(place.line as usize - 1).unwrap_or("");
        match line.chars().nth(place.column as usize - 1) {
            Some('[') => ("list", ']'),
            _ => ("map", '}'),
        }
    }

    fn place_of(&self, marker: Marker) -> Place {
        let (line, column) = (marker.line() as u32, marker.col() as u32 + 1);
        Place { file: self.file, line, column, width: 1 }
    }

    fn place(&self, span: Span) -> Place {
        let width = if span.start.line() == span.end.line() { span.len() as u32 } else { 1 };
        Place { width: width.max(1), ..self.place_of(span.start) }
    }

    /// The place of a scalar: its first line, without what follows it.
    fn scalar_place(&mut self, span: Span) -> Place {
        let (from, to) = (self.byte(span.start.index()), self.byte(span.end.index()));
        let slice = self.text.get(from..to).unwrap_or("");
        let width = slice.lines().next().unwrap_or("").trim_end().chars().count() as u32;
        Place { width: width.max(1), ..self.place_of(span.start) }
    }

    /// Byte offset of a character offset; cheap near the last one asked for.
    fn byte(&mut self, index: usize) -> usize {
        let (mut at, mut byte) = self.cursor;
        while at < index {
            let Some(c) = self.text[byte..].chars().next() else { break };
            byte += c.len_utf8();
            at += 1;
        }
        while at > index {
            let Some(c) = self.text[..byte].chars().next_back() else { break };
            byte -= c.len_utf8();
            at -= 1;
        }
        self.cursor = (at, byte);
        byte
    }
}

const NO_ALIASES: &str = "aliases (`*name`) are not supported";

fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}
