//! Numbers of a file that a value names, relative to the profile.

use super::FaultKind;
use super::load::plain_path;
use super::spelling::Piece;
use super::value::Context;
use crate::units::{Dimension, MONTH_S, Quantity};

/// One or two numbers of each line: separated by `,` `;` or blanks, each bare (in its base unit) or
/// with a unit; `#` begins a comment, and a first line without numbers is a heading.
pub(super) fn rows(
    me: &Context<'_>,
    piece: &Piece,
    name: &str,
    cells: [Dimension; 2],
    most: usize,
) -> Option<Vec<Vec<f64>>> {
    read_rows(me, piece, name, most, &|i, cell| number_of(cell, *cells.get(i)?))
}

/// Months (bare, or a duration) and a count in each line.
pub(super) fn rows_of_months(
    me: &Context<'_>,
    piece: &Piece,
    name: &str,
    most: usize,
) -> Option<Vec<Vec<f64>>> {
    read_rows(me, piece, name, most, &|i, cell| match i {
        0 if cell.parse::<f64>().is_ok() => number_of(cell, Dimension::Number),
        0 => number_of(cell, Dimension::Duration).map(|seconds| seconds / MONTH_S),
        1 => number_of(cell, Dimension::Number),
        _ => None,
    })
}

/// Lines of numbers, each read by its place in the line.
fn read_rows(
    me: &Context<'_>,
    piece: &Piece,
    name: &str,
    most: usize,
    value: &dyn Fn(usize, &str) -> Option<f64>,
) -> Option<Vec<Vec<f64>>> {
    let path = plain_path(me.reader.directory(me.place.file), name);
    let text = match me.reader.read(&path).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            let message = format!("`{name}` is not UTF-8 text");
            return me.wrong(piece, FaultKind::File, &message, "lines of numbers");
        }
        Err(why) => {
            let message = format!("cannot read `{name}`: {why}");
            return me.wrong(piece, FaultKind::File, &message, "");
        }
    };
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let numbers: Option<Vec<f64>> = line
            .split(|c: char| c == ',' || c == ';' || c.is_whitespace())
            .filter(|cell| !cell.is_empty())
            .enumerate()
            .map(|(i, cell)| value(i, cell))
            .collect();
        match numbers {
            Some(numbers) if !numbers.is_empty() => rows.push(numbers),
            // A heading may stand in the first line.
            _ if rows.is_empty() && !line.starts_with(|c: char| c.is_ascii_digit()) => {}
            _ => {
                let message = format!("`{name}`, line {number}: this is not one or two numbers");
                return me.wrong(
                    piece,
                    FaultKind::Value,
                    &message,
                    "numbers that are not negative",
                );
            }
        }
        if rows.len() > most {
            let message = format!("`{name}` has more than {most} lines");
            return me.wrong(piece, FaultKind::Range, &message, "");
        }
    }
    if rows.is_empty() {
        let message = format!("`{name}` holds no numbers");
        return me.wrong(piece, FaultKind::Value, &message, "one or two numbers a line");
    }
    Some(rows)
}

/// A bare number may have an exponent here: programs write such files.
fn number_of(cell: &str, dimension: Dimension) -> Option<f64> {
    if let Ok(number) = cell.parse::<f64>() {
        return Some(number).filter(|number| (0.0..1e15).contains(number));
    }
    let (number, population) = Quantity::lex(cell).ok()?.value(dimension).ok()?;
    population.is_none().then_some(number)
}
