//! What it costs per month.

use crate::program::Quantity;
use crate::report::Report;
use crate::report::figure::{bare, dollars};
use crate::report::layout::{Column, Grid, Page, Tone, toned};

/// Lines, total, shares per user and request, budget.
pub(super) fn print(page: &mut Page, report: &Report) {
    let cost = &report.cost;
    if cost.lines.is_empty() {
        return;
    }
    let remark = if cost.load_share == 1.0 {
        "per month of 730 h".to_owned()
    } else {
        let share = bare(cost.load_share, Quantity::Ratio);
        format!("per month of 730 h, of which {share} have this load")
    };
    page.heading("Cost", &remark);
    let columns =
        [Column::left(""), Column::left(""), Column::right(""), Column::left("").wrapping()];
    let mut grid = Grid::new(columns);
    for line in &cost.lines {
        grid.row([
            line.name.as_str().into(),
            toned(Tone::Faint, line.kind),
            line.amount.map_or_else(|| "-".to_owned(), dollars).into(),
            toned(Tone::Faint, line.basis.as_str()),
        ]);
    }
    let interval = match (cost.total_low, cost.total_high) {
        (low, Some(high)) if low != high => format!("{} .. {}", dollars(low), dollars(high)),
        _ => String::new(),
    };
    grid.row([
        toned(Tone::Strong, "total"),
        "".into(),
        toned(Tone::Strong, dollars(cost.total)),
        toned(Tone::Faint, interval),
    ]);
    if let Some(amount) = cost.per_user {
        let per = cost.per.as_deref().map_or(String::new(), |name| format!("users.{name}"));
        grid.row(["per user".into(), "".into(), dollars(amount).into(), toned(Tone::Faint, per)]);
    }
    if let Some(amount) = cost.per_1000_requests {
        grid.row(["per 1000 requests".into(), "".into(), dollars(amount).into(), "".into()]);
    }
    if let Some(budget) = cost.budget {
        let (tone, word) =
            if cost.total > budget { (Tone::Bad, "exceeded") } else { (Tone::Faint, "kept") };
        grid.row(["budget".into(), "".into(), dollars(budget).into(), toned(tone, word)]);
    }
    page.grid(&grid);
    if !cost.unpriced.is_empty() {
        let text = format!("without a price: {}", cost.unpriced.join(", "));
        page.paragraph(&toned(Tone::Faint, text), 2);
    }
}
