//! Text to tokens.

use super::ExprError;
use super::value::{self, Value};
use crate::program::Comparator;

/// One token with the place where it begins, in characters.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) offset: usize,
    pub(crate) width: usize,
}

/// What a token is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Open,
    Close,
    Star,
    /// `..`.
    To,
    Compare(Comparator),
    /// A metric or a word of the language.
    Word(String),
    Value(Value),
}

/// Cuts an expression into tokens.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, ExprError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let next = chars.get(at + 1).copied().unwrap_or('\0');
        let (kind, width) = match chars[at] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            '*' => (Kind::Star, 1),
            '.' if next == '.' => (Kind::To, 2),
            '<' if next == '=' => (Kind::Compare(Comparator::AtMost), 2),
            '<' if next != '>' => (Kind::Compare(Comparator::Less), 1),
            '>' if next == '=' => (Kind::Compare(Comparator::AtLeast), 2),
            '>' => (Kind::Compare(Comparator::Greater), 1),
            '=' if !matches!(next, '=' | '<' | '>') => (Kind::Compare(Comparator::Equal), 1),
            '≤' => (Kind::Compare(Comparator::AtMost), 1),
            '≥' => (Kind::Compare(Comparator::AtLeast), 1),
            c if c.is_ascii_digit() || starts_signed(c, next) => {
                let end = quantity_end(&chars, at);
                let text: String = chars[at..end].iter().collect();
                (Kind::Value(value::value(&text, at)?), end - at)
            }
            c if c.is_alphabetic() || c == '_' => {
                let end = word_end(&chars, at);
                (Kind::Word(chars[at..end].iter().collect()), end - at)
            }
            _ => return Err(stray(&chars, at)),
        };
        tokens.push(Token { kind, offset: at, width });
        at += width;
    }
    Ok(tokens)
}

const fn starts_signed(c: char, next: char) -> bool {
    match c {
        '$' => next.is_ascii_digit(),
        '+' | '-' => next.is_ascii_digit() || next == '$',
        _ => false,
    }
}

fn quantity_end(chars: &[char], start: usize) -> usize {
    let mut at = start;
    while let Some(&c) = chars.get(at) {
        let digit_follows = chars.get(at + 1).is_some_and(char::is_ascii_digit);
        let goes_on = match c {
            '+' | '-' | '$' => at < start + 2,
            '.' => digit_follows,
            '%' | '_' | '/' => true,
            c => c.is_alphanumeric(),
        };
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}

fn word_end(chars: &[char], start: usize) -> usize {
    let mut at = start;
    while let Some(&c) = chars.get(at) {
        let follows = chars.get(at + 1).is_some_and(|c| c.is_alphanumeric() || *c == '_');
        let goes_on = match c {
            '.' | '-' | '@' => follows,
            c => c.is_alphanumeric() || c == '_',
        };
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}

fn stray(chars: &[char], at: usize) -> ExprError {
    let next = chars.get(at + 1).copied().unwrap_or('\0');
    let two: String = [chars[at], next].iter().collect();
    let wrong = |sign: &str, hint: &str| {
        ExprError::new(at, sign.chars().count(), format!("`{sign}` is not a comparator"))
            .expected("`<`, `<=`, `>`, `>=` or `=`")
            .hint(hint)
    };
    match two.as_str() {
        "==" => wrong("==", "write `=`"),
        "=<" => wrong("=<", "write `<=`"),
        "=>" => wrong("=>", "write `>=`"),
        "!=" | "<>" => wrong(&two, "say what must hold: `=`, `<` or `>`"),
        "&&" => ExprError::new(at, 2, "unknown sign `&&`").hint("write `and`"),
        "||" => ExprError::new(at, 2, "unknown sign `||`").hint("write `or`"),
        _ => match chars[at] {
            '!' => ExprError::new(at, 1, "there is no negation").hint("turn the comparator round"),
            ',' => ExprError::new(at, 1, "unexpected `,`").hint("write `and` between conditions"),
            c @ ('+' | '-') => ExprError::new(at, 1, format!("unexpected `{c}`"))
                .hint(format!("a relative bound has no blank after its sign: `{c}10%`")),
            '/' => ExprError::new(at, 1, "unexpected `/`")
                .hint("a unit follows its number without a blank: `400/s`"),
            '%' => ExprError::new(at, 1, "unexpected `%`")
                .hint("a unit follows its number without a blank: `80%`"),
            '$' => ExprError::new(at, 1, "unexpected `$`").hint("money is written `$450/mo`"),
            '@' => ExprError::new(at, 1, "unexpected `@`")
                .hint("a part follows its metric without a blank: `web.latency.p95@eu`"),
            c => ExprError::new(at, 1, format!("unexpected `{c}`")),
        },
    }
}
