//! The phases for a terminal: what each bears, what it costs, what was promised, what opens the next.

use super::{
    Amount, Gate, PhaseEnd, PhaseHeadroom, PhaseRow, PhaseTable, PromiseRow, PromisedItem,
};
use crate::program::Quantity;
use crate::report::figure::{about, bare, dollars};
use crate::report::layout::{Cell, Column, Grid, Page, Tone, toned};
use crate::report::table::verdict_cell;
use crate::report::{Figure, Money, Objective};
use crate::verdict::{Estimate, Verdict};

/// Prints the whole table.
pub(super) fn print(page: &mut Page, table: &PhaseTable) {
    let (word, tone) = match table.verdict {
        Verdict::Holds => ("HOLDS", Tone::Good),
        Verdict::Undecided => ("UNDECIDED", Tone::Warn),
        Verdict::Fails => ("FAILS", Tone::Bad),
    };
    let about = format!("({})", subject(table));
    page.line(&[toned(Tone::Strong, table.scenario.name.as_str()), toned(Tone::Faint, about)]);
    page.line(&[toned(tone, word), tally(table).into()]);
    if table.partial {
        let text = "PARTIAL: interrupted; what follows rests on less data than was asked for";
        page.line(&[toned(Tone::Bad, text)]);
    }
    load(page, table);
    cost(page, table);
    promises(page, table);
    failures(page, table);
    gates(page, table);
    notes(page, table);
}

fn subject(table: &PhaseTable) -> String {
    let scenario = &table.scenario;
    let mut parts = scenario.files.clone();
    parts.extend((scenario.scale != 1.0).then(|| format!("load times {}", scenario.scale)));
    parts.extend(scenario.set.iter().cloned());
    parts.join("; ")
}

/// `1 of 3 phases fails, 1 undecided`.
pub(super) fn tally(table: &PhaseTable) -> String {
    let count = |verdict| table.phases.iter().filter(|row| row.verdict == verdict).count();
    let (n, fails, undecided) =
        (table.phases.len(), count(Verdict::Fails), count(Verdict::Undecided));
    let noun = if n == 1 { "phase" } else { "phases" };
    match (fails, undecided) {
        (0, 0) if n == 1 => "the phase holds".to_owned(),
        (0, 0) => format!("all of {n} {noun} hold"),
        (0, u) => format!("{u} of {n} {noun} undecided, none fails"),
        (f, u) => {
            let verb = if f == 1 { "fails" } else { "fail" };
            let rest = if u == 0 { String::new() } else { format!(", {u} undecided") };
            format!("{f} of {n} {noun} {verb}{rest}")
        }
    }
}

/// Both ends of a phase, the lower one first; the name stands at the first.
pub(super) fn ends(row: &PhaseRow) -> impl Iterator<Item = (&PhaseEnd, bool)> {
    let low = row.low.iter().map(|end| (end, true));
    low.chain(std::iter::once((&row.high, row.low.is_none())))
}

pub(super) fn users(end: &PhaseEnd) -> String {
    end.users.map_or_else(|| "-".to_owned(), |users| bare(users, Quantity::Count))
}

fn load(page: &mut Page, table: &PhaseTable) {
    page.heading("Load", "");
    let columns = [
        Column::left("phase"),
        Column::right("users"),
        Column::left("verdict"),
        Column::right("p95"),
        Column::left("").close().from(100),
        Column::right("p99").from(90),
        Column::right("errors"),
        Column::left("bottleneck"),
        Column::right("").close().from(90),
        Column::left("headroom"),
    ];
    let mut grid = Grid::new(columns);
    for row in &table.phases {
        for (end, is_first) in ends(row) {
            let is_last = std::ptr::eq(end, &raw const row.high);
            let (resource, busy) = end.bottleneck.as_ref().map_or_else(
                || ("-".to_owned(), String::new()),
                |b| (b.resource.clone(), bare(b.utilization, Quantity::Ratio)),
            );
            let room = row.headroom.as_ref().filter(|_| is_last);
            grid.row([
                if is_first { toned(Tone::Strong, row.name.as_str()) } else { "".into() },
                users(end).into(),
                verdict_cell(end.verdict),
                end.p95.value().into(),
                toned(Tone::Faint, end.p95.interval()),
                end.p99.value().into(),
                end.error_rate.value().into(),
                resource.into(),
                busy.into(),
                room.map_or_else(String::new, headroom).into(),
            ]);
        }
    }
    page.grid(&grid);
    let mut of: Vec<&str> = table.phases.iter().filter_map(|row| row.high.of.as_deref()).collect();
    of.dedup();
    let whose = if of.is_empty() {
        "no traffic asks anything of these systems".to_owned()
    } else {
        format!("latency and errors of {}", of.join(", "))
    };
    let text = format!("{whose}; headroom: users until the first objective breaks");
    page.paragraph(&toned(Tone::Faint, text), 2);
}

/// `61..64 latency`: the bracket in users, and what breaks there.
pub(super) fn headroom(headroom: &PhaseHeadroom) -> String {
    let number = |users: Option<f64>, factor: f64| match users {
        Some(users) => bare(users, Quantity::Count),
        None => format!("{}x", bare(factor, Quantity::Count)),
    };
    let holds = number(headroom.holds, round(headroom.factor_holds));
    let what = headroom.objective.as_deref().unwrap_or("by arithmetic");
    match headroom.factor_breaks {
        None => format!("over {holds}"),
        Some(factor) => {
            let breaks = number(headroom.breaks, round(factor));
            if headroom.factor_holds == 0.0 {
                format!("under {breaks} {what}")
            } else {
                format!("{holds}..{breaks} {what}")
            }
        }
    }
}

fn round(x: f64) -> f64 {
    (x * 100.0).round() / 100.0
}

fn cost(page: &mut Page, table: &PhaseTable) {
    page.heading("Cost", "per month of 730 h; ± is the interval of simulated usage");
    let columns = [
        Column::left("phase"),
        Column::right("users"),
        Column::right("infra"),
        Column::right("API"),
        Column::left("").close().from(100),
        Column::right("total"),
        Column::left("").close().from(90),
        Column::right("per user"),
        Column::right("next 1000").from(110),
        Column::right("change"),
        Column::left("").close().from(100),
        Column::left("budget"),
        Column::right("").close().from(90),
    ];
    let mut grid = Grid::new(columns);
    for row in &table.phases {
        for (end, is_first) in ends(row) {
            let is_last = std::ptr::eq(end, &raw const row.high);
            let cost = &end.cost;
            let change = row.change.as_ref().filter(|_| is_last);
            grid.row([
                if is_first { toned(Tone::Strong, row.name.as_str()) } else { "".into() },
                users(end).into(),
                short(&cost.infrastructure).into(),
                short(&cost.api).into(),
                toned(Tone::Faint, spread(&cost.api)),
                toned(Tone::Strong, short(&cost.total)),
                toned(Tone::Faint, spread(&cost.total)),
                cost.per_user.map_or_else(|| "-".to_owned(), |a| each(&a)).into(),
                cost.next_1000_users.as_ref().map_or_else(String::new, |m| next(&m.amount)).into(),
                change.map_or_else(String::new, |c| changed(c.total, None)).into(),
                toned(Tone::Faint, change.map_or_else(String::new, |c| percent(c.total_share))),
                budget(cost.budget, &cost.total),
                toned(Tone::Faint, cost.budget.map_or_else(String::new, whole)),
            ]);
        }
    }
    page.grid(&grid);
    let mut unpriced: Vec<&str> = Vec::new();
    for row in &table.phases {
        unpriced.extend(row.high.cost.unpriced.iter().map(String::as_str));
    }
    unpriced.sort_unstable();
    unpriced.dedup();
    if !unpriced.is_empty() {
        let text = format!("without a price, so not in any sum: {}", unpriced.join(", "));
        page.paragraph(&toned(Tone::Faint, text), 2);
    }
}

/// `kept`, or by how much it is exceeded.
fn budget(budget: Option<Money>, total: &Amount) -> Cell {
    let Some(budget) = budget else { return "".into() };
    let (tone, word) = match (total.low > budget, total.high.is_some_and(|high| high <= budget)) {
        (true, _) => (Tone::Bad, "EXCEEDED"),
        (_, true) => (Tone::Good, "kept"),
        _ => (Tone::Warn, "undecided"),
    };
    toned(tone, word)
}

/// Dollars, without cents where they say nothing.
pub(super) fn whole(amount: Money) -> String {
    let text = dollars(amount);
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

fn estimate(amount: &Amount) -> Figure {
    let float = |x: Money| x.to_string().parse::<f64>().unwrap_or(f64::NAN);
    let high = amount.high.map_or(f64::INFINITY, float);
    let (value, low) = (Some(float(amount.value)), float(amount.low));
    Figure(Estimate { value, low, high, quantity: Quantity::Money, note: None })
}

/// An amount, no finer than its interval allows.
pub(in crate::report) fn short(amount: &Amount) -> String {
    if !amount.simulated {
        return whole(amount.value);
    }
    estimate(amount).value().trim_end_matches("/mo").to_owned()
}

/// What more users cost; nothing is said of a difference that may be chance.
fn next(amount: &Amount) -> String {
    let is_chance = amount.low < Money::ZERO && amount.high.is_none_or(|high| high > Money::ZERO);
    if is_chance { "unclear".to_owned() } else { short(amount) }
}

/// An amount per user.
pub(super) fn each(amount: &Amount) -> String {
    dollars(amount.value)
}

/// Its interval; empty where it is exact.
pub(in crate::report) fn spread(amount: &Amount) -> String {
    if amount.simulated { estimate(amount).interval() } else { String::new() }
}

/// `+$12 (+10 %)`.
pub(super) fn changed(by: Money, share: Option<f64>) -> String {
    let sign = if by.is_sign_negative() { "-" } else { "+" };
    let amount = format!("{sign}{}", whole(by.abs().round_dp(0)));
    match share {
        Some(_) => format!("{amount} {}", percent(share)),
        None => amount,
    }
}

/// `(+10 %)`; empty without a share.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("({:+.0} %)", 100.0 * share))
}

fn promises(page: &mut Page, table: &PhaseTable) {
    if table.phases.iter().all(|row| row.promises.is_empty()) {
        return;
    }
    page.heading("What the plan promised", "beside what is simulated");
    let columns = [
        Column::left("phase"),
        Column::left(""),
        Column::right("plan"),
        Column::right("low end"),
        Column::left("").close(),
        Column::right("high end"),
        Column::left("").close(),
        Column::left("").wrapping(),
    ];
    let mut grid = Grid::new(columns);
    for row in &table.phases {
        for promise in &row.promises {
            one_promise(&mut grid, row, promise);
        }
    }
    page.grid(&grid);
}

fn one_promise(grid: &mut Grid, row: &PhaseRow, promise: &PromiseRow) {
    for (i, item) in promise.items.iter().enumerate() {
        let at = |amount: &Option<Amount>| match amount {
            Some(amount) if item.what == "per_user" => each(amount),
            Some(amount) => short(amount),
            None => String::new(),
        };
        grid.row([
            if i == 0 { toned(Tone::Strong, row.name.as_str()) } else { "".into() },
            item.what.as_str().into(),
            plan(item).into(),
            at(&item.low).into(),
            lies(item.low_lies.unwrap_or_default()),
            at(&item.high).into(),
            lies(item.high_lies),
            toned(Tone::Faint, if i == 0 { promise.id.as_str() } else { "" }),
        ]);
    }
    for sum in &promise.arithmetic {
        let tone = match sum.result {
            "contradicted" => Tone::Bad,
            "partly" => Tone::Warn,
            _ => Tone::Faint,
        };
        let word = if sum.result == "contradicted" { "CONTRADICTED" } else { sum.result };
        grid.note(toned(
            tone,
            format!("└ plan's own arithmetic, {}: {word}: {}", sum.what, sum.says),
        ));
    }
}

/// The promised range.
pub(super) fn plan(item: &PromisedItem) -> String {
    if item.plan_low == item.plan_high {
        whole(item.plan_low)
    } else {
        format!("{}..{}", whole(item.plan_low), whole(item.plan_high).trim_start_matches('$'))
    }
}

fn lies(word: &str) -> Cell {
    let tone = match word {
        "above" => Tone::Bad,
        "undecided" => Tone::Warn,
        "unknown" => return toned(Tone::Faint, "not in the profile"),
        _ => Tone::Good,
    };
    toned(tone, if word == "above" { "ABOVE" } else { word })
}

/// Every condition that does not hold, and every claim.
fn failures(page: &mut Page, table: &PhaseTable) {
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::right(""),
        Column::left("").close(),
    ];
    let mut grid = Grid::new(columns);
    let mut held = 0;
    for row in &table.phases {
        let mut phase = row.name.as_str();
        for condition in conditions(row) {
            if is_manual(&condition) {
                continue;
            }
            if condition.verdict == Verdict::Holds && !page.look().verbose {
                held += 1;
                continue;
            }
            grid.row([
                toned(Tone::Strong, std::mem::take(&mut phase)),
                verdict_cell(condition.verdict),
                condition.name.as_str().into(),
                condition.expression.as_str().into(),
                condition.measured.value().into(),
                toned(Tone::Faint, condition.measured.interval()),
            ]);
            if let Some(reason) = condition.reason.as_deref() {
                grid.note(toned(Tone::Faint, format!("└ {reason}")));
            }
        }
    }
    for row in &table.phases {
        let mut phase = row.name.as_str();
        for claim in row.high.report.objectives.iter().filter(|o| is_claim(o) && is_manual(o)) {
            let says = claim.expression.trim_start_matches("manual(").trim_end_matches(')');
            grid.row([
                toned(Tone::Strong, std::mem::take(&mut phase)),
                "[ ]".into(),
                claim.name.as_str().into(),
                says.into(),
                "".into(),
                "".into(),
            ]);
        }
    }
    let remark = match held {
        0 => String::new(),
        n => format!("{n} more hold (-v shows them)"),
    };
    if grid.is_empty() {
        page.heading("Objectives and claims", "all hold (-v shows them)");
    } else {
        page.heading("Objectives and claims", &remark);
        page.grid(&grid);
    }
}

fn is_claim(objective: &Objective) -> bool {
    objective.kind == crate::report::Origin::Claim
}

/// Whether people decide it.
fn is_manual(objective: &Objective) -> bool {
    objective.expression.starts_with("manual(")
}

/// Objectives, assertions, claims and budgets of both ends, named by their end where there are two.
pub(super) fn conditions(row: &PhaseRow) -> Vec<Objective> {
    use crate::report::Origin;
    let both = row.low.is_some();
    let mut all = Vec::new();
    for (end, _) in ends(row) {
        let tag = if std::ptr::eq(end, &raw const row.high) { "high" } else { "low" };
        let these = end.report.objectives.iter().filter(|o| o.kind != Origin::Gate);
        all.extend(these.map(|o| Objective {
            name: if both { format!("{}@{tag}", o.name) } else { o.name.clone() },
            ..o.clone()
        }));
    }
    all
}

fn gates(page: &mut Page, table: &PhaseTable) {
    let gates: Vec<(&PhaseRow, &Gate)> =
        table.phases.iter().filter_map(|row| Some((row, row.gate.as_ref()?))).collect();
    if gates.is_empty() {
        return;
    }
    page.heading("Gates to the next phase", "judged at the upper end; a state, not a failure");
    let columns = [
        Column::left(""),
        Column::left(""),
        Column::left(""),
        Column::left("").wrapping(),
        Column::right(""),
        Column::left("").close(),
    ];
    let mut grid = Grid::new(columns);
    for (row, gate) in gates {
        let mut phase = row.name.as_str();
        for criterion in &gate.criteria {
            let (tone, word) = match criterion.verdict {
                Verdict::Holds => (Tone::Good, "met"),
                Verdict::Undecided => (Tone::Warn, "undecided"),
                Verdict::Fails => (Tone::Warn, "not met"),
            };
            grid.row([
                toned(Tone::Strong, std::mem::take(&mut phase)),
                toned(tone, word),
                criterion.name.as_str().into(),
                criterion.expression.as_str().into(),
                criterion.measured.value().into(),
                toned(Tone::Faint, criterion.measured.interval()),
            ]);
            if let Some(reason) = criterion.reason.as_deref() {
                grid.note(toned(Tone::Faint, format!("└ {reason}")));
            }
        }
        for item in &gate.checklist {
            grid.row([
                toned(Tone::Strong, std::mem::take(&mut phase)),
                "[ ]".into(),
                item.name.as_str().into(),
                item.says.as_str().into(),
                "".into(),
                "".into(),
            ]);
        }
    }
    page.grid(&grid);
}

fn notes(page: &mut Page, table: &PhaseTable) {
    page.heading("How", "");
    for note in &table.notes {
        page.paragraph(&toned(Tone::Faint, note.as_str()), 2);
    }
    let run = &table.run;
    let text = format!("seed {}, {} requests in all", run.seed, about(run.requests));
    page.paragraph(&toned(Tone::Faint, text), 2);
    page.paragraph(&toned(Tone::Faint, run.repeat.as_str()), 2);
}
