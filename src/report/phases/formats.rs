//! A table of phases as a document: what each format takes from it.

use super::table::{
    changed, conditions, each, ends, headroom, plan, print, short, spread, tally, users,
};
use super::{Amount, PhaseTable};
use crate::report::csv::{figure, number};
use crate::report::formats::{Case, Document};
use crate::report::layout::Page;
use crate::report::markdown::simulate::sign;
use crate::report::markdown::{Comment, Table, code, escaped};
use crate::report::simulate::{case, cell, word};

impl Document for PhaseTable {
    const KIND: &'static str = "phases";

    fn subject(&self) -> String {
        self.scenario.files.join(" ")
    }

    fn page(&self, page: &mut Page) {
        print(page, self);
    }

    fn comment(&self, comment: &mut Comment) {
        comment.text(format!("### {}", escaped(&self.headline())));
        let mut table = Table::new(&[
            "phase",
            "users>",
            "",
            "p95>",
            "errors>",
            "bottleneck",
            "headroom",
            "infra>",
            "API>",
            "total>",
            "per user>",
            "change>",
        ]);
        for row in &self.phases {
            for (end, is_first) in ends(row) {
                let is_last = std::ptr::eq(end, &raw const row.high);
                let cost = &end.cost;
                let bottleneck = end.bottleneck.as_ref().map_or_else(String::new, |b| {
                    format!("{} {:.0} %", code(&b.resource), 100.0 * b.utilization)
                });
                let room = row.headroom.as_ref().filter(|_| is_last);
                let change = row.change.as_ref().filter(|_| is_last);
                table.row([
                    if is_first { escaped(&row.name) } else { String::new() },
                    users(end),
                    sign(end.verdict).to_owned(),
                    cell(&end.p95),
                    cell(&end.error_rate),
                    bottleneck,
                    escaped(&room.map_or_else(String::new, headroom)),
                    escaped(&short(&cost.infrastructure)),
                    escaped(&with_spread(&cost.api)),
                    escaped(&with_spread(&cost.total)),
                    escaped(&cost.per_user.map_or_else(|| "-".to_owned(), |a| each(&a))),
                    change.map_or_else(String::new, |c| escaped(&changed(c.total, c.total_share))),
                ]);
            }
        }
        comment.table(&table);
        promised(comment, self);
        judged(comment, self);
        gates(comment, self);
        comment.folded_list("How", self.notes.iter().map(|note| escaped(note)));
        comment.text(format!("<sub>capplan {} · {}</sub>", self.capplan, code(&self.run.repeat)));
    }

    fn titles() -> &'static [&'static str] {
        &["scenario", "phase", "end", "users", "name", "value", "unit", "low", "high", "verdict"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for phase in &self.phases {
            for (end, _) in ends(phase) {
                let tag = match (&phase.low, std::ptr::eq(end, &raw const phase.high)) {
                    (None, _) => "",
                    (_, true) => "high",
                    (_, false) => "low",
                };
                let mut row = |name: &str, figure: [String; 4], verdict: &str| {
                    let head = [
                        self.subject(),
                        phase.name.clone(),
                        tag.to_owned(),
                        number(end.users),
                        name.to_owned(),
                    ];
                    rows.push(head.into_iter().chain(figure).chain([verdict.to_owned()]).collect());
                };
                row("verdict", Default::default(), end.verdict.word());
                row("latency.p95", figure(&end.p95), "");
                row("latency.p99", figure(&end.p99), "");
                row("error_rate", figure(&end.error_rate), "");
                let cost = &end.cost;
                let amounts = [
                    ("cost.infrastructure", Some(cost.infrastructure)),
                    ("cost.api", Some(cost.api)),
                    ("cost.total", Some(cost.total)),
                    ("cost.per_user", cost.per_user),
                    ("cost.per_active_user", cost.per_active_user),
                    ("cost.per_session", cost.per_session),
                    ("cost.per_1000_requests", cost.per_1000_requests),
                    ("cost.next_1000_users", cost.next_1000_users.as_ref().map(|m| m.amount)),
                ];
                for (name, amount) in amounts {
                    if let Some(amount) = amount {
                        let [value, per_month, low, high] = money(&amount);
                        let one_off = name == "cost.per_1000_requests";
                        let unit = if one_off { "$".to_owned() } else { per_month };
                        row(name, [value, unit, low, high], "");
                    }
                }
                for o in &end.report.objectives {
                    row(
                        &format!("{} {}", o.kind.word(), o.name),
                        figure(&o.measured),
                        o.verdict.word(),
                    );
                }
            }
        }
        rows
    }

    fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for row in &self.phases {
            let suite = format!("{} / {}", self.scenario.name, row.name);
            cases.extend(conditions(row).iter().map(|condition| case(&suite, condition)));
            for promise in &row.promises {
                cases.extend(promise.items.iter().filter(|i| i.high.is_some()).map(|item| Case {
                    suite: suite.clone(),
                    name: format!("promise {}: {} {}", promise.id, item.what, plan(item)),
                    verdict: item.verdict,
                    message: format!(
                        "{}{}",
                        item.low.map_or_else(String::new, |low| format!(
                            "{} {} at the low end; ",
                            short(&low),
                            item.low_lies.unwrap_or_default()
                        )),
                        item.high.map_or_else(String::new, |high| format!(
                            "{} {} at the high end",
                            short(&high),
                            item.high_lies
                        ))
                    ),
                    place: None,
                }));
            }
        }
        cases
    }

    fn headline(&self) -> String {
        format!("{}: {}: {}", self.scenario.name, word(self.verdict), tally(self))
    }
}

fn with_spread(amount: &Amount) -> String {
    let spread = spread(amount);
    if spread.is_empty() { short(amount) } else { format!("{} {spread}", short(amount)) }
}

fn money(amount: &Amount) -> [String; 4] {
    let high = amount.high.map_or_else(String::new, |high| high.to_string());
    [amount.value.to_string(), "$/mo".to_owned(), amount.low.to_string(), high]
}

fn promised(comment: &mut Comment, table: &PhaseTable) {
    let mut rows = Table::new(&["phase", "promise", "", "plan>", "low end>", "high end>", ""]);
    let mut sums = Vec::new();
    for row in &table.phases {
        for promise in &row.promises {
            for item in &promise.items {
                let at = |amount: Option<Amount>, lies: &str| {
                    amount.map_or_else(String::new, |a| format!("{} {lies}", escaped(&short(&a))))
                };
                rows.row([
                    escaped(&row.name),
                    code(&promise.id),
                    escaped(&item.what),
                    escaped(&plan(item)),
                    at(item.low, item.low_lies.unwrap_or_default()),
                    at(item.high, item.high_lies),
                    if item.high.is_some() { sign(item.verdict).to_owned() } else { String::new() },
                ]);
            }
            sums.extend(promise.arithmetic.iter().map(|sum| {
                format!(
                    "{} {}: **{}**: {}",
                    code(&promise.id),
                    escaped(&sum.what),
                    sum.result,
                    escaped(&sum.says)
                )
            }));
        }
    }
    comment.folded_table("What the plan promised", &rows);
    comment.folded_list("The plan's own arithmetic", sums);
}

fn judged(comment: &mut Comment, table: &PhaseTable) {
    let mut rows = Table::new(&["phase", "", "condition", "says", "measured>"]);
    for row in &table.phases {
        for o in conditions(row) {
            rows.row([
                escaped(&row.name),
                sign(o.verdict).to_owned(),
                format!("{} {}", o.kind.word(), code(&o.name)),
                code(&o.expression),
                cell(&o.measured),
            ]);
        }
    }
    comment.folded_table("Objectives, claims and budgets", &rows);
}

fn gates(comment: &mut Comment, table: &PhaseTable) {
    let mut items = Vec::new();
    for row in &table.phases {
        let Some(gate) = &row.gate else { continue };
        for o in &gate.criteria {
            let (phase, measured) = (escaped(&row.name), cell(&o.measured));
            items.push(format!(
                "{phase}: {} {} ({measured})",
                sign(o.verdict),
                code(&o.expression)
            ));
        }
        for item in &gate.checklist {
            items.push(format!("{}: [ ] {}", escaped(&row.name), escaped(&item.says)));
        }
    }
    comment.folded_list("Gates to the next phase", items);
}
