//! A forecast as a document: what each format takes from it.

use super::{Breaks, Forecast, ForecastPhase, Moment};
use crate::program::Quantity;
use crate::report::csv::number;
use crate::report::figure::{about, bare};
use crate::report::formats::{Case, Document};
use crate::report::layout::{Column, Grid, Page, Tone, bar, toned};
use crate::report::markdown::{Comment, Table, code, escaped};
use crate::report::phases::{short, spread};

/// Columns of the plot of the cost.
const PLOT: usize = 20;

impl Document for Forecast {
    const KIND: &'static str = "forecast";

    fn subject(&self) -> String {
        self.scenario.files.join(" ")
    }

    fn page(&self, page: &mut Page) {
        let files = format!("({})", self.subject());
        page.line(&[toned(Tone::Strong, self.scenario.name.as_str()), toned(Tone::Faint, files)]);
        for growth in &self.growth {
            page.line(&[format!("users: {} = {}", growth.population, growth.law).into()]);
        }
        phases(page, self);
        months(page, self);
        page.heading("How", "");
        for note in &self.notes {
            page.paragraph(&toned(Tone::Faint, note.as_str()), 2);
        }
        let text = format!("seed {}, {} requests", self.run.seed, about(self.run.requests));
        page.paragraph(&toned(Tone::Faint, text), 2);
        page.paragraph(&toned(Tone::Faint, self.run.repeat.as_str()), 2);
    }

    fn comment(&self, comment: &mut Comment) {
        comment.text(format!("### {}", escaped(&self.headline())));
        let mut table = Table::new(&[
            "phase",
            "users to>",
            "outgrown",
            "first objective breaks",
            "budget passed",
            "next needed",
            "start next by",
        ]);
        for phase in &self.phases {
            table.row([
                escaped(&phase.name),
                users(phase),
                month(&phase.outgrown),
                escaped(&broken(&phase.breaks)),
                escaped(&phase.over_budget.as_ref().map_or_else(String::new, broken)),
                month(&phase.next_needed),
                phase.start_next.as_ref().map_or_else(String::new, month),
            ]);
        }
        comment.table(&table);
        let mut table = Table::new(&["month>", "users>", "phase", "cost>", ""]);
        for row in &self.months {
            let cost = row.cost.map_or_else(|| "-".to_owned(), |cost| short(&cost));
            table.row([
                row.month.to_string(),
                bare(row.users.round(), Quantity::Count),
                escaped(&row.phase),
                escaped(&cost),
                row.state.to_owned(),
            ]);
        }
        comment.folded_table("Cost by month", &table);
        comment.folded_list("How", self.notes.iter().map(|note| escaped(note)));
        comment.text(format!("<sub>capplan {} · {}</sub>", self.capplan, code(&self.run.repeat)));
    }

    fn titles() -> &'static [&'static str] {
        &["scenario", "month", "users", "users_low", "users_high", "phase", "cost", "state"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |month: &super::ForecastMonth| {
            vec![
                self.subject(),
                month.month.to_string(),
                number(Some(month.users)),
                number(Some(month.users_low)),
                number(Some(month.users_high)),
                month.phase.clone(),
                month.cost.map_or_else(String::new, |cost| cost.value.to_string()),
                month.state.to_owned(),
            ]
        };
        self.months.iter().map(row).collect()
    }

    fn cases(&self) -> Vec<Case> {
        // A forecast says when, and judges nothing.
        Vec::new()
    }

    fn headline(&self) -> String {
        let first = self.phases.iter().find(|phase| phase.breaks.when.month.is_some());
        let says = first.map_or_else(
            || "no objective breaks within the forecast".to_owned(),
            |phase| format!("{} breaks {}", phase.name, broken(&phase.breaks)),
        );
        format!("{}: {says}", self.scenario.name)
    }
}

fn phases(page: &mut Page, forecast: &Forecast) {
    page.heading("Phases", "months from the start of the plan; below zero is past");
    let columns = [
        Column::left("phase"),
        Column::right("users to"),
        Column::right("outgrown").from(100),
        Column::left("objective breaks").wrapping(),
        Column::left("budget passed"),
        Column::left("next needed").from(100),
        Column::left("start next"),
    ];
    let mut grid = Grid::new(columns);
    for phase in &forecast.phases {
        grid.row([
            toned(Tone::Strong, phase.name.as_str()),
            users(phase).into(),
            month(&phase.outgrown).into(),
            broken(&phase.breaks).into(),
            phase.over_budget.as_ref().map_or_else(String::new, broken_users).into(),
            month(&phase.next_needed).into(),
            phase.start_next.as_ref().map_or_else(|| "-".to_owned(), month).into(),
        ]);
        if let Some((from, to)) = phase.planned_s {
            let month = |seconds: f64| shown(seconds / crate::units::MONTH_S);
            let text = format!("└ the plan has it from month {} to {}", month(from), month(to));
            grid.note(toned(Tone::Faint, text));
        }
    }
    page.grid(&grid);
}

fn months(page: &mut Page, forecast: &Forecast) {
    page.heading("Cost by month", "per month of 730 h");
    let float = |amount: &crate::report::phases::Amount| {
        amount.value.to_string().parse::<f64>().unwrap_or(0.0)
    };
    let costs = forecast.months.iter().filter_map(|month| month.cost.as_ref());
    let most = costs.map(float).fold(0.0, f64::max);
    let columns = [
        Column::right("month"),
        Column::right("users"),
        Column::left(""),
        Column::left("phase"),
        Column::right("cost"),
        Column::left("").close(),
        Column::left(""),
        Column::left("").wrapping(),
    ];
    let mut grid = Grid::new(columns);
    for row in &forecast.months {
        let range = if row.users_low < row.users_high {
            let count = |users: f64| bare(users.round(), Quantity::Count);
            format!("{}..{}", count(row.users_low), count(row.users_high))
        } else {
            String::new()
        };
        let (tone, state) = match row.state {
            "objective" => (Tone::Bad, "objective BROKEN"),
            "budget" => (Tone::Bad, "over BUDGET"),
            "both" => (Tone::Bad, "objective BROKEN, over BUDGET"),
            _ => (Tone::Plain, ""),
        };
        let share = row.cost.as_ref().map_or(0.0, |cost| float(cost) / most.max(f64::MIN_POSITIVE));
        grid.row([
            row.month.to_string().into(),
            bare(row.users.round(), Quantity::Count).into(),
            toned(Tone::Faint, range),
            row.phase.as_str().into(),
            row.cost.as_ref().map_or_else(|| "-".to_owned(), short).into(),
            toned(Tone::Faint, row.cost.as_ref().map_or_else(String::new, spread)),
            bar(share, PLOT).into(),
            toned(tone, state),
        ]);
    }
    page.grid(&grid);
}

fn users(phase: &ForecastPhase) -> String {
    phase.up_to_users.map_or_else(|| "-".to_owned(), |users| bare(users, Quantity::Count))
}

fn shown(month: f64) -> String {
    let text = format!("{month:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// `4.2 (3.8..5)`; `-` when it is not within the forecast.
fn month(moment: &Moment) -> String {
    let Some(month) = moment.month else {
        return match moment.earliest {
            Some(earliest) => format!("perhaps from {}", shown(earliest)),
            None => "-".to_owned(),
        };
    };
    let (early, late) = (moment.earliest.map(shown), moment.latest.map(shown));
    let at = shown(month);
    match (early, late) {
        (Some(a), Some(b)) if a == at && b == at => at,
        (Some(a), Some(b)) => format!("{at} ({a}..{b})"),
        (Some(a), None) => format!("{at} ({a}..)"),
        _ => at,
    }
}

/// `latency in month 3.2 at 230..236 users`.
fn broken(breaks: &Breaks) -> String {
    let Some(users) = breaks.breaks_users else {
        let most = bare(breaks.holds_users, Quantity::Count);
        return format!("none up to {most} users");
    };
    let what = breaks.what.as_deref().unwrap_or("something");
    let at = if breaks.holds_users == 0.0 {
        format!("at {} users already", bare(users, Quantity::Count))
    } else {
        let count = |users: f64| bare(users, Quantity::Count);
        format!("at {}..{} users", count(breaks.holds_users), count(users))
    };
    match month(&breaks.when).as_str() {
        "-" => format!("{what} {at}"),
        month => format!("month {month}: {what} {at}"),
    }
}

/// `2.1 at 55`: month and users.
fn broken_users(breaks: &Breaks) -> String {
    let Some(users) = breaks.breaks_users else { return "kept".to_owned() };
    format!("{} at {}", month(&breaks.when), bare(users, Quantity::Count))
}
