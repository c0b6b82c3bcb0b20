//! The spelling of distributions: a call with arguments to the distribution.

use super::FaultKind;
use super::data::rows;
use super::spelling::{Argument, Kind, Piece};
use super::value::Context;
use crate::dist::Distribution;
use crate::dist::spec::{self, Adjustment, FORMS, Form, Parameter};
use crate::units::{Dimension, Quantity};

/// Distributions that are lists and have no named parameters of their own.
const LISTS: [(&str, &str); 2] =
    [("mix", "mix(90% exp(5ms) 10% exp(80ms))"), ("empirical", "empirical(file.csv)")];

/// Most values of a data file.
const MAX_VALUES: usize = 100_000;

impl Context<'_> {
    /// A distribution of a dimension. `mean` is what a law without one has (shapes of gaps).
    pub(super) fn dist(
        &self,
        piece: &Piece,
        dimension: Dimension,
        mean: Option<f64>,
    ) -> Option<Distribution> {
        self.resolved(piece, &|me, piece| match &piece.kind {
            Kind::Atom(text) if text.contains("..") && Quantity::begins(text) => {
                let message = format!("`{text}` is a range");
                me.wrong(piece, FaultKind::Value, &message, &format!("`uniform({text})`"))
            }
            Kind::Atom(text) if FORMS.iter().any(|form| form.name == text) => {
                let message = format!("`{text}` has no arguments");
                let example = FORMS.iter().find(|form| form.name == text).map(|form| form.example);
                me.wrong(piece, FaultKind::Value, &message, &format!("`{}`", example.unwrap_or("")))
            }
            Kind::Atom(_) => me.plain_number(piece, dimension).map(Distribution::Constant),
            Kind::Call(name, arguments) => {
                let law = Law { me, piece, arguments, dimension, mean };
                match name.as_str() {
                    "mix" => law.mix(),
                    "empirical" => law.empirical(),
                    name => match FORMS.iter().find(|form| form.name == name) {
                        Some(form) => law.form(form),
                        None => law.unknown(name),
                    },
                }
            }
        })
    }
}

/// A distribution that is written as a call.
struct Law<'a> {
    me: &'a Context<'a>,
    piece: &'a Piece,
    arguments: &'a [Argument],
    dimension: Dimension,
    mean: Option<f64>,
}

impl Law<'_> {
    fn unknown(&self, name: &str) -> Option<Distribution> {
        let names = || FORMS.iter().map(|form| form.name).chain(LISTS.iter().map(|list| list.0));
        let message = format!("there is no distribution `{name}`");
        let fault = self.me.fault(self.piece, FaultKind::Word, message).meant(name, names());
        let all: Vec<String> = names().map(|name| format!("`{name}`")).collect();
        self.me.reader.fault(fault.expected(format!("one of {}", all.join(", "))));
        None
    }

    /// A distribution by named parameters.
    fn form(&self, form: &Form) -> Option<Distribution> {
        let counts = matches!(self.dimension, Dimension::Count);
        if matches!(form.name, "geometric" | "poisson") && !counts {
            let message = format!("`{}` is a distribution of counts", form.name);
            let expected = self.dimension.described();
            return self.me.wrong(self.piece, FaultKind::Unit, &message, expected);
        }
        // The bounds of a Pareto distribution are its own parameters.
        let adjusts = |key: &str| form.name != "pareto" || !matches!(key, "min" | "max");
        let mut given: Vec<(&str, f64)> = Vec::new();
        let mut adjustment = Adjustment::default();
        for argument in self.arguments {
            let value = &argument.value;
            let key = self.key_of(form, argument, &given)?;
            match key {
                "range" => {
                    let (low, high) = self.me.range(value, self.inner())?;
                    given.extend([("low", low), ("high", high)]);
                }
                key if adjusts(key) && Adjustment::WORDS.contains(&key) => {
                    let number = self.me.number(value, self.inner())?;
                    adjustment.of(key)?.replace(number);
                }
                key => {
                    let parameter = form.parameters.iter().find(|(known, _)| *known == key)?;
                    let dimension = match parameter.1 {
                        Parameter::Quantity => self.inner(),
                        Parameter::Number => Dimension::Number,
                    };
                    given.push((parameter.0, self.me.number(value, dimension)?));
                }
            }
        }
        self.imply(form, &mut given);
        let built = spec::build(form.name, &given).and_then(|dist| adjustment.apply(dist));
        built.map_err(|problem| self.refuse(&problem, form.example)).ok()
    }

    /// The parameter that an argument gives: its key, or what stands there without one.
    fn key_of<'k>(
        &self,
        form: &Form,
        argument: &'k Argument,
        given: &[(&str, f64)],
    ) -> Option<&'k str> {
        let name = form.name;
        let wrong = |message: String| {
            let expected = format!("`{}`", form.example);
            self.me.wrong(&argument.whole(), FaultKind::Value, &message, &expected)
        };
        let keys = || {
            let own = form.parameters.iter().map(|(key, _)| *key).filter(|_| name != "uniform");
            let is_own = |word: &&str| form.parameters.iter().all(|(key, _)| key != word);
            own.chain(Adjustment::WORDS.into_iter().filter(is_own))
        };
        let key = match (argument.key.as_deref(), name) {
            (None, "exp") => "mean",
            (None, "uniform") => "range",
            (None, _) => return wrong(format!("`{name}` names its arguments")),
            (Some(key), _) if keys().any(|known| known == key) => key,
            (Some(key), _) => {
                let message = format!("`{name}` has no `{key}=`");
                let fault = self.me.fault(&argument.whole(), FaultKind::Value, message);
                let fault = fault.meant(key, keys()).expected(format!("`{}`", form.example));
                self.me.reader.fault(fault);
                return None;
            }
        };
        let before = self.arguments.iter().take_while(|known| !std::ptr::eq(*known, argument));
        let twice = before.filter(|known| known.key == argument.key).count() > 0
            || given.iter().any(|(known, _)| *known == key)
            || (key == "range" && !given.is_empty());
        if twice {
            return wrong(format!("`{key}` stands twice"));
        }
        Some(key)
    }

    /// The mean that a shape leaves open.
    fn imply(&self, form: &Form, given: &mut Vec<(&str, f64)>) {
        let Some(mean) = self.mean else { return };
        let open = |key: &str, given: &[(&str, f64)]| given.iter().all(|(known, _)| *known != key);
        if form.name == "pareto" && open("min", given) {
            given.push(("min", mean));
        }
        let has_mean = form.parameters.iter().any(|(key, _)| *key == "mean");
        if has_mean && open("mean", given) && (form.name != "lognormal" || given.len() == 1) {
            given.push(("mean", mean));
        }
    }

    /// Quantities inside of a distribution of counts may have a fraction: a mean of 1.5.
    fn inner(&self) -> Dimension {
        if self.dimension == Dimension::Count { Dimension::Number } else { self.dimension }
    }

    fn refuse(&self, problem: &spec::Problem, example: &str) {
        let named = problem.parameter.and_then(|parameter| {
            let known = |argument: &&Argument| match argument.key.as_deref() {
                Some(key) => key == parameter,
                None => matches!(parameter, "mean" | "low"),
            };
            self.arguments.iter().find(known).map(Argument::whole)
        });
        let piece = named.as_ref().unwrap_or(self.piece);
        let kind = if problem.incomplete { FaultKind::Value } else { FaultKind::Range };
        let expected = if problem.incomplete { format!("`{example}`") } else { String::new() };
        let _: Option<()> = self.me.wrong(piece, kind, &problem.message, &expected);
    }

    fn mix(&self) -> Option<Distribution> {
        let example = format!("`{}`", LISTS[0].1);
        let (bounds, values): (Vec<&Argument>, Vec<&Argument>) =
            self.arguments.iter().partition(|argument| argument.key.is_some());
        if values.is_empty() || values.len() % 2 != 0 {
            let message = "`mix` takes pairs of a share and a distribution";
            return self.me.wrong(self.piece, FaultKind::Value, message, &example);
        }
        let mut parts = Vec::new();
        for pair in values.chunks(2) {
            let weight = self.me.number(&pair[0].value, Dimension::Ratio)?;
            parts.push((weight, self.me.dist(&pair[1].value, self.dimension, self.mean)?));
        }
        let sum: f64 = parts.iter().map(|part| part.0).sum();
        if (sum - 1.0).abs() > 1e-5 {
            let message = format!("the shares sum to {}%, not to 100%", (sum * 1e8).round() / 1e6);
            return self.me.wrong(self.piece, FaultKind::Shares, &message, &example);
        }
        let mixed = spec::mix(parts);
        self.clipped(mixed, &bounds, &example)
    }

    fn empirical(&self) -> Option<Distribution> {
        let example = format!("`{}`", LISTS[1].1);
        let (bounds, files): (Vec<&Argument>, Vec<&Argument>) =
            self.arguments.iter().partition(|argument| argument.key.is_some());
        let [Argument { value: Piece { kind: Kind::Atom(name), .. }, .. }] = files.as_slice()
        else {
            let message = "`empirical` takes the name of one file";
            return self.me.wrong(self.piece, FaultKind::Value, message, &example);
        };
        let cells = [self.inner(), Dimension::Number];
        let rows = rows(self.me, self.piece, name, cells, MAX_VALUES)?;
        let values = rows.iter().map(|row| (row[0], row.get(1).copied().unwrap_or(1.0))).collect();
        self.clipped(spec::empirical(values), &bounds, &example)
    }

    fn clipped(
        &self,
        dist: Result<Distribution, spec::Problem>,
        bounds: &[&Argument],
        example: &str,
    ) -> Option<Distribution> {
        let mut adjustment = Adjustment::default();
        for argument in bounds {
            let value = self.me.number(&argument.value, self.inner())?;
            match adjustment.of(argument.key.as_deref().unwrap_or_default()) {
                Some(free) if free.is_none() => *free = Some(value),
                _ => {
                    let message =
                        "only `min=`, `max=`, `floor=`, `ceil=` and `plus=` can stand here, once";
                    return self.me.wrong(&argument.whole(), FaultKind::Value, message, example);
                }
            }
        }
        let built = dist.and_then(|dist| adjustment.apply(dist));
        built.map_err(|problem| self.refuse(&problem, example)).ok()
    }
}
