//! Tokens to an [`Expression`], by recursive descent over the grammar of the language.

use super::ast::{Bound, Clause, Comparison, Expression, MetricRef, Test};
use super::lex::{Kind, Token, lex};
use super::metric::metric;
use super::value::{self, Unit, Value};
use super::{ExprError, Mistake};

/// Reads an expression: `metric comparator bound [for duration]`, joined by `and`, `or` and
/// brackets (`and` binds tighter), or `manual(text)`.
///
/// # Errors
/// The first place where the text stops making sense, with what could stand there.
pub fn parse(text: &str) -> Result<Expression, ExprError> {
    let clause = if let Some(manual) = manual(text)? {
        Clause::Manual(manual)
    } else {
        let tokens = lex(text)?;
        let end = text.trim_end().chars().count();
        let mut parser = Parser { tokens: &tokens, at: 0, end, depth: 0 };
        if tokens.is_empty() {
            return Err(ExprError::new(0, 1, "the expression is empty")
                .expected("a metric and its bound, such as `error_rate < 0.1%`"));
        }
        let clause = parser.expression()?;
        parser.must_end()?;
        clause
    };
    Ok(Expression { text: text.trim().to_owned(), clause })
}

fn manual(text: &str) -> Result<Option<String>, ExprError> {
    let trimmed = text.trim();
    let Some(rest) = trimmed.strip_prefix("manual") else { return Ok(None) };
    let Some(rest) = rest.trim_start().strip_prefix('(') else { return Ok(None) };
    let offset = text.chars().take_while(|c| c.is_whitespace()).count();
    let width = trimmed.chars().count();
    match rest.strip_suffix(')') {
        Some(inner) if inner.trim().is_empty() => {
            Err(ExprError::new(offset, width, "`manual()` says nothing")
                .hint("say what somebody must decide: `manual(team agrees)`"))
        }
        Some(inner) => Ok(Some(inner.trim().to_owned())),
        None => Err(ExprError::new(offset, width, "`manual(…)` stands alone and ends with `)`")
            .hint("give a condition that can be measured a name of its own")),
    }
}

/// Words that are no metric.
const KEYWORDS: [&str; 5] = ["and", "or", "for", "during", "within"];

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    /// Characters of the text: where "the end" is.
    end: usize,
    /// Brackets that are open.
    depth: usize,
}

/// Deepest nesting of brackets: each takes a piece of the stack.
const MAX_DEPTH: usize = 64;

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Word(w), .. }) if w == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// The next token is not what must come.
    fn unexpected(&self, expected: &str) -> ExprError {
        let Some(token) = self.peek() else {
            return ExprError::new(self.end, 1, "the expression ends too early").expected(expected);
        };
        let shown = match &token.kind {
            Kind::Open => "(".to_owned(),
            Kind::Close => ")".to_owned(),
            Kind::Star => "*".to_owned(),
            Kind::To => "..".to_owned(),
            Kind::Compare(comparator) => comparator.sign().to_owned(),
            Kind::Word(word) => word.clone(),
            Kind::Value(value) => value.text.clone(),
        };
        ExprError::new(token.offset, token.width, format!("unexpected `{shown}`"))
            .expected(expected)
    }

    fn must_end(&self) -> Result<(), ExprError> {
        let Some(token) = self.peek() else { return Ok(()) };
        let error = self.unexpected("`and`, `or`, `for` or the end");
        Err(match &token.kind {
            Kind::Compare(_) => error.hint("for two bounds write `within 1s..2s`"),
            Kind::Close => error.hint("this bracket was never opened"),
            Kind::Word(word) if word.eq_ignore_ascii_case("and") => error.hint("write `and`"),
            Kind::Word(word) if word.eq_ignore_ascii_case("or") => error.hint("write `or`"),
            Kind::Word(word) if value::is_unit(word) => error.hint(self.joined(word)),
            _ => error,
        })
    }

    /// `800 ms`: the unit belongs to the number.
    fn joined(&self, unit: &str) -> String {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at].kind);
        match before {
            Some(Kind::Value(value)) => format!("without the blank: `{}{unit}`", value.text),
            _ => "a unit follows its number without a blank".to_owned(),
        }
    }

    fn expression(&mut self) -> Result<Clause, ExprError> {
        let mut parts = vec![self.conjunction()?];
        while self.take_word("or") {
            parts.push(self.conjunction()?);
        }
        Ok(one_or(parts, Clause::Any))
    }

    fn conjunction(&mut self) -> Result<Clause, ExprError> {
        let mut parts = vec![self.term()?];
        while self.take_word("and") {
            parts.push(self.term()?);
        }
        Ok(one_or(parts, Clause::All))
    }

    fn term(&mut self) -> Result<Clause, ExprError> {
        let clause = if let Some(open @ Token { kind: Kind::Open, .. }) = self.peek() {
            if self.depth >= MAX_DEPTH {
                let message = format!("brackets are nested deeper than {MAX_DEPTH} levels");
                return Err(ExprError::new(open.offset, open.width, message));
            }
            self.at += 1;
            self.depth += 1;
            let clause = self.expression()?;
            self.depth -= 1;
            match self.peek() {
                Some(Token { kind: Kind::Close, .. }) => self.at += 1,
                None => {
                    return Err(ExprError::new(
                        open.offset,
                        open.width,
                        "this `(` is never closed",
                    )
                    .expected("`)`"));
                }
                Some(_) => return Err(self.unexpected("`)`, `and` or `or`")),
            }
            clause
        } else if self.is_word("slo") {
            let offset = self.peek().map_or(0, |token| token.offset);
            self.at += 1;
            Clause::Slo { offset }
        } else {
            Clause::Comparison(Box::new(self.comparison()?))
        };
        if !self.is_word("for") {
            return Ok(clause);
        }
        self.at += 1;
        let span = self.duration()?;
        if self.is_word("for") {
            return Err(self.unexpected("`and`, `or` or the end").hint("one `for` is enough"));
        }
        Ok(Clause::Lasting { inner: Box::new(clause), span })
    }

    fn duration(&mut self) -> Result<Value, ExprError> {
        let value = self.value("a duration such as `5m`")?;
        if value.unit == Unit::Duration && value.base > 0.0 {
            return Ok(value);
        }
        let error = ExprError::new(
            value.offset,
            value.width(),
            format!("`{value}` is not a duration, or not longer than none"),
        )
        .is(Mistake::Unit)
        .expected("a duration such as `5m`");
        Err(if value.unit == Unit::Count && value.base > 0.0 {
            error.hint(format!("{value}s or {value}m?"))
        } else {
            error
        })
    }

    fn comparison(&mut self) -> Result<Comparison, ExprError> {
        if let Some(turned) = self.turned_round() {
            return Err(turned);
        }
        let metric = self.metric("a metric, such as `api.latency.p95`")?;
        let during = if self.take_word("during") {
            let (from, to) = self.range("a span of time such as `5m..10m`")?;
            for end in [&from, &to] {
                if end.unit != Unit::Duration || end.base < 0.0 {
                    return Err(ExprError::new(
                        end.offset,
                        end.width(),
                        format!("`{end}` is not a time"),
                    )
                    .is(Mistake::Unit)
                    .expected("a span of time such as `during 5m..10m`"));
                }
            }
            Some((from, to))
        } else {
            None
        };
        if self.take_word("within") {
            let (low, high) = self.range("a range such as `$150/mo..$450/mo`")?;
            return Ok(Comparison { metric, during, test: Test::Within(low, high) });
        }
        let Some(Token { kind: Kind::Compare(comparator), .. }) = self.peek() else {
            let error = self.unexpected("`<`, `<=`, `>`, `>=`, `=`, `within` or `during`");
            return Err(match self.peek().map(|token| &token.kind) {
                Some(Kind::Word(word)) if word == "in" || word == "between" => {
                    error.hint("write `within 1s..2s`")
                }
                Some(Kind::Word(word)) if word == "is" => error.hint("write `=`"),
                None => ExprError::new(
                    metric.offset,
                    metric.width,
                    format!("`{metric}` alone says nothing that could hold"),
                )
                .expected("a comparator and a bound"),
                _ => error,
            });
        };
        self.at += 1;
        let bound = self.bound()?;
        Ok(Comparison { metric, during, test: Test::Against(*comparator, bound) })
    }

    fn bound(&mut self) -> Result<Bound, ExprError> {
        const EXPECTED: &str = "a bound: `800ms`, `120% * cost.budget` or another metric";
        match self.peek().map(|token| &token.kind) {
            Some(Kind::Word(word)) if !KEYWORDS.contains(&word.as_str()) => {
                Ok(Bound::Metric(self.metric(EXPECTED)?))
            }
            Some(Kind::Value(value)) => {
                self.at += 1;
                let value = value.clone();
                if value.text.starts_with(['+', '-']) {
                    return Ok(Bound::Relative(value));
                }
                match self.peek().map(|token| &token.kind) {
                    Some(Kind::Star) => {
                        self.at += 1;
                        self.factor(value)
                    }
                    Some(Kind::To) => Err(self
                        .unexpected("`and`, `or`, `for` or the end")
                        .hint("a range follows `within`, without a comparator")),
                    _ => Ok(Bound::Value(value)),
                }
            }
            Some(Kind::Compare(_)) => {
                Err(self.unexpected(EXPECTED).hint("comparators are `<`, `<=`, `>`, `>=`, `=`"))
            }
            _ => Err(self.unexpected(EXPECTED)),
        }
    }

    fn factor(&mut self, value: Value) -> Result<Bound, ExprError> {
        if !matches!(value.unit, Unit::Ratio | Unit::Count) {
            return Err(ExprError::new(
                value.offset,
                value.width(),
                format!("`{value}` cannot multiply a metric"),
            )
            .is(Mistake::Unit)
            .expected("a ratio such as `120%` or `2x`"));
        }
        if value.unit == Unit::Count {
            return Err(ExprError::new(
                value.offset,
                value.width(),
                format!("`{value}` needs a unit to multiply a metric"),
            )
            .is(Mistake::Unit)
            .hint(format!("{value}x or {value}%?")));
        }
        Ok(Bound::Scaled(value, self.metric("a metric, such as `cost.budget`")?))
    }

    fn range(&mut self, expected: &str) -> Result<(Value, Value), ExprError> {
        let low = self.value(expected)?;
        let Some(Token { kind: Kind::To, .. }) = self.peek() else {
            return Err(self.unexpected(expected).hint("a range is written `low..high`"));
        };
        self.at += 1;
        let high = self.value(expected)?;
        let width = high.offset + high.width() - low.offset;
        if low.unit != high.unit {
            let error =
                ExprError::new(low.offset, width, "the ends differ in kind").is(Mistake::Unit);
            return Err(if low.unit == Unit::Count {
                error.hint("each end carries its unit: `150ms..450ms`")
            } else {
                error
            });
        }
        if low.exact > high.exact {
            return Err(ExprError::new(low.offset, width, "the range ends before it begins")
                .is(Mistake::Range)
                .hint(format!("{high}..{low}")));
        }
        Ok((low, high))
    }

    fn value(&mut self, expected: &str) -> Result<Value, ExprError> {
        match self.peek() {
            Some(Token { kind: Kind::Value(value), .. }) => {
                self.at += 1;
                Ok(value.clone())
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn metric(&mut self, expected: &str) -> Result<MetricRef, ExprError> {
        match self.peek() {
            Some(Token { kind: Kind::Word(word), offset, .. })
                if !KEYWORDS.contains(&word.as_str()) =>
            {
                self.at += 1;
                if word == "not" {
                    return Err(ExprError::new(*offset, 3, "there is no negation")
                        .hint("turn the comparator round"));
                }
                if word == "manual" {
                    return Err(ExprError::new(*offset, 6, "`manual(…)` stands alone")
                        .hint("give it a name of its own"));
                }
                Ok(metric(word, *offset))
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// `800ms > api.latency.p95`.
    fn turned_round(&self) -> Option<ExprError> {
        let [value, sign, metric, ..] = self.tokens.get(self.at..)? else { return None };
        match (&value.kind, &sign.kind, &metric.kind) {
            (Kind::Value(bound), Kind::Compare(comparator), Kind::Word(metric)) => Some(
                ExprError::new(value.offset, value.width, "the metric comes first")
                    .hint(format!("{metric} {} {bound}", comparator.mirrored().sign())),
            ),
            _ => None,
        }
    }
}

fn one_or(mut parts: Vec<Clause>, many: fn(Vec<Clause>) -> Clause) -> Clause {
    if parts.len() == 1 { parts.remove(0) } else { many(parts) }
}
