//! The grammar of values: `value = quantity | quantity..quantity | =name | word | call`.

use crate::units::Quantity;

/// A piece of a value, with where it stands in the value's text (in characters).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) offset: usize,
    pub(crate) width: usize,
    pub(crate) kind: Kind,
}

impl Piece {
    /// Whether it is a range of quantities (a file name may have dots too).
    pub(crate) fn is_range(&self) -> bool {
        matches!(&self.kind, Kind::Atom(text) if text.contains("..") && Quantity::begins(text))
    }
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A quantity, a word, a parameter or a file name.
    Atom(String),
    /// `name(arguments)`.
    Call(String, Vec<Argument>),
}

/// An argument of a call: `key=value` or `value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument {
    pub(crate) key: Option<String>,
    pub(crate) value: Piece,
}

impl Argument {
    /// The whole of it, from its key on.
    pub(crate) fn whole(&self) -> Piece {
        let key = self.key.as_ref().map_or(0, |key| key.chars().count() + 1);
        let offset = self.value.offset.saturating_sub(key);
        Piece { offset, width: self.value.width + key, kind: self.value.kind.clone() }
    }
}

/// A text that is no value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Misspelling {
    pub(crate) offset: usize,
    pub(crate) width: usize,
    pub(crate) message: String,
    pub(crate) expected: Option<String>,
}

const DEEPEST: usize = 8;
const MOST_ARGUMENTS: usize = 10_000;

/// Reads a whole text as one value.
pub(crate) fn read(text: &str) -> Result<Piece, Misspelling> {
    let chars: Vec<char> = text.chars().collect();
    let mut reader = Spelling { chars: &chars, at: 0 };
    reader.blanks();
    let piece = reader.value(0)?;
    reader.blanks();
    if reader.at < chars.len() {
        let rest: String = chars[reader.at..].iter().collect();
        let message = if rest.starts_with(')') {
            "a `)` without its `(`".to_owned()
        } else {
            format!("`{}` after the end of the value", shortened(&rest))
        };
        let mut misspelt = wrong(reader.at, chars.len() - reader.at, message);
        if let Kind::Atom(first) = &piece.kind {
            misspelt.expected = decimal_comma(first, &chars[piece.offset + piece.width..]);
        }
        return Err(misspelt);
    }
    Ok(piece)
}

/// `0,5ms` and `50,000` without their comma.
fn decimal_comma(first: &str, rest: &[char]) -> Option<String> {
    let rest: String = rest.iter().collect();
    let after = rest.strip_prefix(',')?;
    let digits = after.chars().take_while(char::is_ascii_digit).count();
    if digits == 0 || !first.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let between = if digits == 3 && after.len() == 3 { '_' } else { '.' };
    Some(format!("`{first}{between}{after}`, without a comma"))
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 30 {
        text.to_owned()
    } else {
        text.chars().take(29).chain("…".chars()).collect()
    }
}

fn wrong(offset: usize, width: usize, message: String) -> Misspelling {
    Misspelling { offset, width: width.max(1), message, expected: None }
}

struct Spelling<'a> {
    chars: &'a [char],
    at: usize,
}

impl Spelling<'_> {
    fn blanks(&mut self) {
        // In quotes and in block style a comma counts as a blank.
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace() || *c == ',') {
            self.at += 1;
        }
    }

    fn word(&mut self) -> String {
        let from = self.at;
        while self
            .chars
            .get(self.at)
            .is_some_and(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ','))
        {
            // `=` ends a key; at the beginning it marks a parameter.
            if self.chars[self.at] == '=' && self.at > from {
                break;
            }
            self.at += 1;
        }
        self.chars[from..self.at].iter().collect()
    }

    fn value(&mut self, depth: usize) -> Result<Piece, Misspelling> {
        let offset = self.at;
        if depth > DEEPEST {
            return Err(wrong(offset, 1, "parentheses are nested too deeply".to_owned()));
        }
        let word = self.word();
        if self.chars.get(self.at) == Some(&'(') && !word.starts_with('=') && !word.is_empty() {
            self.at += 1;
            let arguments = self.arguments(depth, offset)?;
            let width = self.at - offset;
            return Ok(Piece { offset, width, kind: Kind::Call(word, arguments) });
        }
        if word.is_empty() {
            return Err(wrong(offset, 1, "a value is missing".to_owned()));
        }
        Ok(Piece { offset, width: self.at - offset, kind: Kind::Atom(word) })
    }

    fn arguments(&mut self, depth: usize, call: usize) -> Result<Vec<Argument>, Misspelling> {
        let mut arguments = Vec::new();
        loop {
            self.blanks();
            match self.chars.get(self.at) {
                None => {
                    let text: String = self.chars[call..].iter().collect();
                    let width = self.chars.len() - call;
                    let mut misspelt =
                        wrong(call, width, format!("`{}` has no closing `)`", shortened(&text)));
                    misspelt.expected = Some(
                        "arguments that stand apart by blanks: inside `{ }` and `[ ]` a comma ends \
                         the value"
                            .to_owned(),
                    );
                    return Err(misspelt);
                }
                Some(')') => {
                    self.at += 1;
                    return Ok(arguments);
                }
                Some(_) if arguments.len() >= MOST_ARGUMENTS => {
                    return Err(wrong(self.at, 1, "too many arguments".to_owned()));
                }
                Some(_) => {}
            }
            let before = self.at;
            let word = self.word();
            let is_key = self.chars.get(self.at) == Some(&'=') && !word.is_empty();
            let key = if is_key {
                self.at += 1;
                Some(word)
            } else {
                self.at = before;
                None
            };
            arguments.push(Argument { key, value: self.value(depth + 1)? });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(piece: &Piece) -> String {
        match &piece.kind {
            Kind::Atom(text) => text.clone(),
            Kind::Call(name, arguments) => {
                let inner: Vec<String> = arguments
                    .iter()
                    .map(|a| match &a.key {
                        Some(key) => format!("{key}:{}", shown(&a.value)),
                        None => shown(&a.value),
                    })
                    .collect();
                format!("{name}[{}]", inner.join("|"))
            }
        }
    }

    #[test]
    fn values_are_read_in_all_spellings() {
        for (text, expected) in [
            ("4", "4"),
            ("=chunk", "=chunk"),
            ("10..50", "10..50"),
            ("lognormal(mean=20ms p95=60ms)", "lognormal[mean:20ms|p95:60ms]"),
            ("lognormal(mean=20ms, p95=60ms)", "lognormal[mean:20ms|p95:60ms]"),
            ("mix(90% exp(5ms) 10% exp(=slow))", "mix[90%|exp[5ms]|10%|exp[=slow]]"),
            ("steps(0s=100/s 10m=300/s)", "steps[0s:100/s|10m:300/s]"),
            ("exp(uncertain(3ms 1ms..6ms))", "exp[uncertain[3ms|1ms..6ms]]"),
        ] {
            assert_eq!(read(text).map(|p| shown(&p)).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn misspellings_say_where() {
        for (text, offset, message) in [
            ("exp(5ms", 0, "no closing"),
            ("exp(5ms))", 8, "without its"),
            ("5ms 6ms", 4, "after the end"),
            ("", 0, "missing"),
            ("exp(a=)", 6, "missing"),
        ] {
            let wrong = read(text).expect_err(text);
            assert_eq!(wrong.offset, offset, "{text}");
            assert!(wrong.message.contains(message), "{text}: {}", wrong.message);
        }
    }
}
