//! The table of rows, for a terminal of a hundred columns or as Markdown.

use std::fmt::Write;

use super::Row;
use super::judge::Outcome;

/// A case and its rows.
pub(crate) struct Checked {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) model_class: String,
    pub(crate) rows: Vec<Row>,
}

/// A number to six significant digits.
fn digits(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let before = x.abs().log10().floor();
    if (-5.0..7.0).contains(&before) {
        let after = (5.0 - before).max(0.0) as usize;
        format!("{x:.after$}")
    } else {
        format!("{x:.5e}")
    }
}

fn interval(row: &Row) -> String {
    let ends =
        row.measured.interval.map(|(low, high)| format!("{}..{}", digits(low), digits(high)));
    ends.unwrap_or_else(|| "-".to_owned())
}

fn z(row: &Row) -> String {
    row.z.map_or_else(|| "-".to_owned(), |z| format!("{z:+.2}"))
}

fn measured(row: &Row) -> String {
    row.measured.value.map_or_else(|| "-".to_owned(), digits)
}

/// The head of the plain table.
pub(crate) fn head() -> String {
    let columns = ("quantity@station/class", "expected", "measured", "95% interval", "z");
    let (quantity, expected, measured, interval, z) = columns;
    format!("{quantity:<40} {expected:>9} {measured:>9} {interval:>20} {z:>6}  verdict\n")
}

/// The lines of a case.
pub(crate) fn lines(checked: &Checked) -> String {
    let jobs = checked.rows.iter().map(|row| row.measured.jobs).fold(0.0, f64::max) / 1e6;
    let Checked { id, title, model_class, .. } = checked;
    let mut out = format!("{id}: {title} ({model_class}), {jobs:.2} M jobs\n");
    for row in &checked.rows {
        let (quantity, expected) = (row.quantity(), digits(row.expect.value));
        let _ = write!(
            out,
            "  {quantity:<38} {expected:>9} {:>9} {:>20} {:>6}  {}",
            measured(row),
            interval(row),
            z(row),
            row.outcome.word()
        );
        match row.outcome.reason() {
            Some(why) => _ = writeln!(out, "\n      {why}"),
            None => out.push('\n'),
        }
    }
    out
}

/// How many quantities came out how.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) all: usize,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) context: usize,
    pub(crate) unsupported: usize,
    pub(crate) too_few: usize,
}

impl Counts {
    /// Of these rows.
    pub(crate) fn of<'r>(rows: impl Iterator<Item = &'r Row>) -> Self {
        rows.fold(Self::default(), |mut counts, row| {
            counts.all += 1;
            *match row.outcome {
                Outcome::Pass => &mut counts.passed,
                Outcome::Fail(_) => &mut counts.failed,
                Outcome::Context => &mut counts.context,
                Outcome::Unsupported(_) => &mut counts.unsupported,
                Outcome::TooFew => &mut counts.too_few,
            } += 1;
            counts
        })
    }
}

/// Mean and root of the mean square of the z values.
fn spread(all: &[Checked]) -> (f64, f64) {
    let z: Vec<f64> = all.iter().flat_map(|c| &c.rows).filter_map(|row| row.z).collect();
    let n = z.len().max(1) as f64;
    (z.iter().sum::<f64>() / n, (z.iter().map(|z| z * z).sum::<f64>() / n).sqrt())
}

/// The last lines.
pub(crate) fn summary(all: &[Checked]) -> String {
    let counts = Counts::of(all.iter().flat_map(|c| &c.rows));
    let (mean, rms) = spread(all);
    let Counts { all: n, passed, failed, context, unsupported, too_few } = counts;
    let mut out = format!(
        "{} cases, {n} quantities: {passed} pass, {failed} FAIL, {context} context, \
         {unsupported} UNSUPPORTED",
        all.len()
    );
    if too_few > 0 {
        let _ = write!(out, ", {too_few} with too few data at this budget");
    }
    let _ = writeln!(out, "\nz: mean {mean:+.2}, root mean square {rms:.2}");
    out
}

/// The Markdown of `--markdown`: a line per class, with `--brief` no more, then every quantity.
pub(crate) fn document(all: &[Checked], brief: bool) -> String {
    let rows = if brief { String::new() } else { format!("{}\n", markdown(all)) };
    format!("{}\n{rows}{}", classes(all), summary(all))
}

/// One line per class of models.
fn classes(all: &[Checked]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for checked in all {
        if !names.contains(&checked.model_class.as_str()) {
            names.push(&checked.model_class);
        }
    }
    let mut out = String::from(
        "| model class | cases | quantities | pass | fail | unsupported | largest \\|z\\| | largest error |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for name in names {
        let cases: Vec<&Checked> = all.iter().filter(|c| c.model_class == name).collect();
        let rows = || cases.iter().flat_map(|c| &c.rows);
        let counts = Counts::of(rows());
        let worst = rows().filter_map(|row| row.z).fold(0.0, |a: f64, z| a.max(z.abs()));
        let error = rows().filter_map(error).fold(0.0, f64::max);
        let Counts { all: n, passed, failed, context, unsupported, .. } = counts;
        let _ = writeln!(
            out,
            "| {name} | {} | {} | {passed} | {failed} | {unsupported} | {worst:.2} | {:.2}% |",
            cases.len(),
            n - context,
            100.0 * error
        );
    }
    out
}

/// The error as a share of the reference.
fn error(row: &Row) -> Option<f64> {
    let value = row.measured.value?;
    (row.expect.value != 0.0).then(|| (value / row.expect.value - 1.0).abs())
}

/// All rows as Markdown.
fn markdown(all: &[Checked]) -> String {
    let mut out = String::from(
        "| case | quantity | expected | measured | 95 % interval | z | verdict |\n\
         | --- | --- | ---: | ---: | ---: | ---: | --- |\n",
    );
    for checked in all {
        for row in &checked.rows {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                checked.id,
                row.quantity(),
                digits(row.expect.value),
                measured(row),
                interval(row),
                z(row),
                row.outcome.word().to_lowercase()
            );
        }
    }
    out
}
