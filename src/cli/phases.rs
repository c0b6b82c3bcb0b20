//! `capplan phases`: the phases of a plan, or several profiles, side by side.

use clap::Args;

use super::batch::{self, Batch, Origin};
use super::options::{Conditions, Running, Showing};
use super::progress::Spectator;
use super::simulate::{self, Simulated, UNDONE, simulated};
use super::{Exit, interrupt};
use crate::profile::{Phase, Profile, Scenario};
use crate::report::phases::{self, EndFindings, PhaseRow, PhaseRun, PhaseTable, Plan};
use crate::report::{Report, SCHEMA_VERSION};
use crate::source::{Faults, Files};
use crate::study::{More, Watch, marginal};
use crate::verdict::{self, Money, Verdict};

/// Arguments of `phases`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Scenarios with phases, a table each; or profiles, one table for all; - reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    conditions: Conditions,
    #[command(flatten)]
    running: Running,
    #[command(flatten)]
    showing: Showing,
    /// End with code 3 when something is undecided
    #[arg(long)]
    strict: bool,
}

/// Requests for a whole table, unless others are allowed by `--max-requests`: some seconds.
const MAX_REQUESTS: u64 = 3_000_000;
/// Fewest for one end of one phase, headroom and bottlenecks included.
const LEAST_REQUESTS: u64 = 60_000;
/// Part of the share of an end that each of the paired runs for more users may spend.
const MARGINAL: u64 = 20;

/// One table to be: its title, its files, its phases.
struct Group {
    name: String,
    files: Vec<String>,
    phases: Vec<Phase>,
}

/// Runs every scenario; the worst of them decides the exit code.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    arguments.running.use_threads()?;
    let one = |origin: &Origin| Ok(Scenario::load(&origin.input, &arguments.conditions.options())?);
    let scenarios = Batch::read(&arguments.files, &arguments.showing, UNDONE, one)?;
    scenarios.grouped(groups).run(|group| {
        let table = table(arguments, group)?;
        let exit = judged(&table, arguments.strict);
        Ok((table, exit))
    })
}

/// Every scenario is a table of its own; all profiles together are one, where the first of them
/// stands.
fn groups(scenarios: Vec<(String, Scenario)>) -> Vec<(String, Group)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut side_by_side: Option<usize> = None;
    for (file, Scenario { name, is_plan, phases, .. }) in scenarios {
        if let Some(at) = side_by_side.filter(|_| !is_plan) {
            let group = &mut groups[at];
            group.name = format!("{} and {} more", group.phases[0].name, group.phases.len());
            group.files.push(file);
            group.phases.extend(phases);
        } else {
            side_by_side = side_by_side.or((!is_plan).then_some(groups.len()));
            groups.push(Group { name, files: vec![file], phases });
        }
    }
    groups.into_iter().map(|group| (group.files.join(" "), group)).collect()
}

/// Simulates every end of every phase.
fn table(arguments: &Arguments, group: &Group) -> Result<PhaseTable, (Files, Faults)> {
    let budget = arguments.running.max_requests.unwrap_or(MAX_REQUESTS);
    let ends: u64 = group.phases.iter().map(|phase| 1 + u64::from(phase.low.is_some())).sum();
    let share = (budget / ends.max(1)).max(LEAST_REQUESTS);
    // Finding bottlenecks and headroom spends a part of it besides.
    let of_run = share * simulate::DIAGNOSIS / (simulate::DIAGNOSIS + 1);
    let running = Running { max_requests: Some(of_run), ..arguments.running.clone() };
    let mut rows: Vec<PhaseRow> = Vec::new();
    let mut requests = 0;
    for phase in &group.phases {
        let spectator = Spectator::new(&phase.name, arguments.showing.quiet);
        let study = Study { arguments, running: &running, group, phase, share, watch: &spectator };
        let (row, spent) = study.row(rows.last())?;
        requests += spent;
        rows.push(row);
        spectator.finish();
        if interrupt::requested() {
            break;
        }
    }
    let seed = rows.first().map_or(0, |row| row.high.report.run.seed);
    let partial = rows.len() < group.phases.len() || rows.iter().any(is_partial);
    Ok(PhaseTable {
        schema_version: SCHEMA_VERSION,
        capplan: env!("CARGO_PKG_VERSION").to_owned(),
        document: "phases",
        scenario: Plan {
            name: group.name.clone(),
            files: group.files.clone(),
            set: arguments.conditions.changes.sets.clone(),
            scale: arguments.conditions.changes.scale,
        },
        run: PhaseRun { seed, max_requests: budget, requests, repeat: repeat(arguments, group) },
        partial,
        verdict: rows.iter().map(|row| row.verdict).fold(Verdict::Holds, Verdict::and),
        notes: notes(&rows, share),
        phases: rows,
    })
}

fn is_partial(row: &PhaseRow) -> bool {
    row.high.report.partial || row.low.as_ref().is_some_and(|low| low.report.partial)
}

/// How the table was made.
fn notes(rows: &[PhaseRow], share: u64) -> Vec<String> {
    let mut notes = vec![
        format!(
            "every end of every phase has an equal share of the budget ({share} requests; a profile \
             with a stated duration takes what that takes); headroom multiplies all stated \
             populations and brackets the first break in at most four short runs with common random \
             numbers"
        ),
        "infrastructure is all that is not paid to components of type external, API all that is; \
         totals are prices times units, never copied"
            .to_owned(),
    ];
    if let Some(marginal) = rows.iter().find_map(|row| row.high.cost.next_1000_users.as_ref()) {
        notes.push(format!("next 1000 users: {}", marginal.method));
    }
    notes
}

/// What is needed to study one phase.
struct Study<'a> {
    arguments: &'a Arguments,
    running: &'a Running,
    group: &'a Group,
    phase: &'a Phase,
    share: u64,
    watch: &'a dyn Watch,
}

impl Study<'_> {
    /// The row of the phase, and the requests that it took.
    fn row(&self, before: Option<&PhaseRow>) -> Result<(PhaseRow, u64), (Files, Faults)> {
        let phase = self.phase;
        let mut requests = 0;
        let mut low: Option<(Profile, Simulated)> = None;
        if let Some(profile) = &phase.low {
            let profile = self.running.over(profile.clone());
            let simulated = self.simulated(&profile, More::Load)?;
            requests += spent(&simulated.report);
            low = Some((profile, simulated));
        }
        let profile = self.running.over(phase.profile.clone());
        let stated = phase.stated_users();
        let scaled = |factor: f64| {
            let users: Vec<(String, f64)> =
                stated.iter().map(|(name, n)| (name.clone(), n * factor)).collect();
            Some(self.running.over(phase.with_users(&users)?))
        };
        let more = if moves_with_users(&profile) { More::Users(&scaled) } else { More::Load };
        let high = self.simulated(&profile, more)?;
        requests += spent(&high.report);
        let (next, runs) = self.next_users(&profile, &high);
        requests += runs;
        let low = low.as_ref().map(|(profile, simulated)| end(profile, simulated, None));
        let row = phases::row(&phase.name, low, end(&profile, &high, next), before);
        Ok((row, requests))
    }

    fn simulated(&self, profile: &Profile, more: More<'_>) -> Result<Simulated, (Files, Faults)> {
        let (files, repeat) = (self.group.files.join(" "), repeat(self.arguments, self.group));
        let asked = self.arguments.conditions.changes.asked(files, repeat);
        simulated(profile, self.running, &asked, more, self.watch)
    }

    /// What the next 1000 users cost, and the requests that it took to find out.
    fn next_users(&self, profile: &Profile, at: &Simulated) -> (NextUsers, u64) {
        let Some((per, users)) = profile.cost.per.clone().filter(|per| per.1 > 0.0) else {
            return (None, 0);
        };
        let step = (users / 10.0).ceil().min(1000.0);
        let factor = (users + step) / users;
        let stated = self.phase.stated_users();
        let more: Vec<(String, f64)> =
            stated.iter().map(|(name, n)| (name.clone(), n * factor)).collect();
        let Some(more) = self.phase.with_users(&more) else { return (None, 0) };
        let more = self.running.over(more);
        let step = more.cost.per.as_ref().map_or(step, |per| per.1 - users);
        if step <= 0.0 {
            return (None, 0);
        }
        if !at.costs.is_simulated() {
            let fixed = |of: &Profile| verdict::costs(of, &of.lower().1, &[], 0.0).total.value;
            let difference = fixed(&more).checked_sub(fixed(profile));
            let money = difference.and_then(|by| Money::exact(by).per_thousand(step));
            return (money.map(|money| (money, "no price depends on the load: exact")), 0);
        }
        if !moves_with_users(profile) || profile_is_idle(profile, &per) {
            return (None, 0);
        }
        let (money, spent) =
            marginal::difference(profile, &more, &at.run, self.share / MARGINAL, self.watch);
        let money = money.and_then(|money| money.per_thousand(step));
        (money.map(|money| (money, PAIRED)), spent)
    }
}

fn end<'a>(profile: &'a Profile, simulated: &'a Simulated, next: NextUsers) -> EndFindings<'a> {
    let (report, costs) = (simulated.report.clone(), &simulated.costs);
    EndFindings { profile, report, costs, next_1000_users: next }
}

/// An amount and how it was found.
type NextUsers = Option<(Money, &'static str)>;

const PAIRED: &str = "the difference of paired runs (common random numbers) at these users and at a \
                      tenth more (at most 1000 more), per 1000 users";

/// Whether some population multiplies something.
fn moves_with_users(profile: &Profile) -> bool {
    profile.users.iter().any(|(name, _)| !profile.idle_users.contains(name))
}

fn profile_is_idle(profile: &Profile, name: &str) -> bool {
    profile.idle_users.iter().any(|idle| idle == name)
}

/// Requests of a report, those of its diagnosis included.
fn spent(report: &Report) -> u64 {
    report.run.requests + report.diagnosis.requests
}

/// What a table means for the exit code.
fn judged(table: &PhaseTable, strict: bool) -> Exit {
    let reports = table.phases.iter().flat_map(|row| row.low.iter().chain([&row.high]));
    let worst = reports.map(|end| simulate::judged(&end.report, strict)).max();
    let worst = worst.unwrap_or(Exit::Fine);
    worst.max(if table.partial { Exit::Interrupted } else { Exit::of(table.verdict, strict) })
}

/// The command that prints the same bytes.
fn repeat(arguments: &Arguments, group: &Group) -> String {
    let Arguments { conditions, running, .. } = arguments;
    let flags = conditions.words().into_iter().chain(running.words());
    batch::repeat("phases", &group.files, flags)
}
