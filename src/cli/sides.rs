//! Both sides of a comparison as profiles: read, matched, and simulated in pairs.

use std::fmt::Write;

use super::Exit;
use super::batch::Refusal;
use super::goals;
use super::options::{Conditions, Running};
use super::simulate::{self, DIAGNOSIS, explained, judged};
use crate::expr::{Names, Need};
use crate::profile::{CostSpec, Judgement, Profile, Scenario};
use crate::program::{Catalogue, Program};
use crate::report::diff::{InputRow, Sign, facts_of, named, with_promises, with_samples};
use crate::report::phases::{self, EndFindings};
use crate::report::{Asked, Location, Report};
use crate::source::{self, Change, Files, Input, Place, Tree};
use crate::study::diff::{Facts, FailOn, Part};
use crate::study::{self, More, Run, RunOptions, Watch};
use crate::verdict::Costs;

/// Requests for a whole comparison, unless others are allowed by `--max-requests`: some seconds.
const MAX_REQUESTS: u64 = 3_000_000;
/// Fewest for one side of one part, headroom and bottlenecks included.
const LEAST_REQUESTS: u64 = 60_000;

/// A profile, or one end of a phase, ready to run.
struct Loaded {
    phase: Option<String>,
    end: Option<&'static str>,
    profile: Profile,
    program: Program,
    catalogue: Catalogue,
    file: String,
    /// What conditions of the command line ask for.
    also: Vec<Need>,
}

/// The merged tree of each phase, by its name.
type Trees = Vec<(Option<String>, Tree)>;

/// One side: its title, the merged tree of each phase, and what is to be simulated.
pub(super) struct LoadedSide {
    /// Whether it has phases.
    pub(super) is_plan: bool,
    name: String,
    trees: Trees,
    parts: Vec<Loaded>,
}

/// What is to be compared with what.
pub(super) struct Sides {
    /// Titles of both.
    pub(super) names: (String, String),
    trees: (Trees, Trees),
    parts: Vec<(Option<Loaded>, Option<Loaded>)>,
}

/// What simulating both sides found.
#[derive(Default)]
pub(super) struct Simulated {
    /// Facts of both sides.
    pub(super) parts: Vec<Part>,
    /// Requests that it took.
    pub(super) requests: u64,
    /// Seed of both sides.
    pub(super) seed: u64,
    /// Whether both sides mean the same, so that nothing differs.
    pub(super) is_same: bool,
    /// How it was done, in a sentence.
    pub(super) says: String,
    /// Whether a run violated an identity: a defect of capplan.
    pub(super) is_defect: bool,
}

/// What one run found.
#[derive(Clone)]
struct Found {
    facts: Facts,
    report: Report,
    costs: Costs,
}

/// The lower end of a phase, until its upper end is known: promises are judged on both.
#[derive(Default)]
struct Low<'a>(Option<(&'a Loaded, Found)>);

impl<'a> Low<'a> {
    /// The facts of a run, with the promises of its phase.
    fn whole(&mut self, loaded: Option<&'a Loaded>, found: Found) -> Facts {
        let loaded = loaded.expect("what was run was loaded");
        let facts = found.facts.clone();
        if loaded.end == Some("low") {
            self.0 = Some((loaded, found));
            return facts;
        }
        let low = self.0.take().filter(|(low, _)| low.phase == loaded.phase);
        if loaded.profile.promises.is_empty() {
            return facts;
        }
        let low_end = low.as_ref().map(|(low, found)| end(low, found));
        let row = phases::row("", low_end, end(loaded, &found), None);
        with_promises(facts, &row)
    }
}

fn end<'f>(loaded: &'f Loaded, found: &'f Found) -> EndFindings<'f> {
    let (report, costs) = (found.report.clone(), &found.costs);
    EndFindings { profile: &loaded.profile, report, costs, next_1000_users: None }
}

/// Reads one side; `file` is how people speak of it.
///
/// # Errors
/// Its faults.
pub(super) fn load(
    input: &Input,
    file: &str,
    (conditions, running): (&Conditions, &Running),
    fail_on: &[FailOn],
) -> Result<LoadedSide, Refusal> {
    let asked: Vec<String> = fail_on.iter().flat_map(FailOn::metrics).collect();
    let scenario = Scenario::load(input, &conditions.options())?;
    let (mut trees, mut parts) = (Vec::new(), Vec::new());
    for phase in scenario.phases {
        let name = scenario.is_plan.then(|| phase.name.clone());
        trees.push((name.clone(), phase.tree().clone()));
        let is_range = phase.low.is_some();
        let low = phase.low.map(|low| (low, Some("low")));
        let high = (phase.profile, is_range.then_some("high"));
        for (profile, end) in low.into_iter().chain([high]) {
            let profile = running.over(profile);
            let (mut program, catalogue) = profile.lower();
            // What is no metric here may be one of the other side, or of another phase.
            let names = Names::of(&catalogue);
            let also = asked.iter().filter_map(|metric| Need::of(metric, None, &names).ok());
            let also: Vec<Need> = also.collect();
            for need in &also {
                need.ask(&mut program);
            }
            let (phase, file) = (name.clone(), file.to_owned());
            parts.push(Loaded { phase, end, profile, program, catalogue, file, also });
        }
    }
    Ok(LoadedSide { is_plan: scenario.is_plan, name: scenario.name, trees, parts })
}

/// Parts with the same name belong together: in the order of the head, then what is gone.
pub(super) fn matched(base: LoadedSide, head: LoadedSide) -> Sides {
    let mut old: Vec<Option<Loaded>> = base.parts.into_iter().map(Some).collect();
    let mut parts: Vec<(Option<Loaded>, Option<Loaded>)> = Vec::new();
    for new in head.parts {
        let same = |old: &&mut Option<Loaded>| {
            old.as_ref().is_some_and(|old| old.phase == new.phase && old.end == new.end)
        };
        let before = old.iter_mut().find(same).and_then(Option::take);
        parts.push((before, Some(new)));
    }
    parts.extend(old.into_iter().flatten().map(|gone| (Some(gone), None)));
    Sides { names: (base.name, head.name), trees: (base.trees, head.trees), parts }
}

impl Sides {
    /// The parts with the names of their figures and no values.
    pub(super) fn skeleton(&self) -> Vec<Part> {
        let facts = |loaded: &Loaded| named(&loaded.profile, &loaded.catalogue, &loaded.also);
        let part = |(base, head): &(Option<Loaded>, Option<Loaded>)| Part {
            before: base.as_ref().map(facts),
            after: head.as_ref().map(facts),
            ..part_of(base.as_ref(), head.as_ref())
        };
        self.parts.iter().map(part).collect()
    }

    /// Simulates every part on both sides with the same random numbers. Where both sides mean the
    /// same everywhere, nothing is simulated unless it `must_run`.
    ///
    /// # Errors
    /// A stated length would take for ever.
    pub(super) fn simulate(
        &self,
        (running, scale): (&Running, f64),
        must_run: bool,
        watch: &dyn Watch,
    ) -> Result<Simulated, Refusal> {
        let first = self.parts.iter().find_map(|(base, head)| base.as_ref().or(head.as_ref()));
        let seed = first.map_or(0, |loaded| loaded.profile.run.seed);
        let is_same = self.parts.iter().all(|(base, head)| match (base, head) {
            (Some(base), Some(head)) => fingerprint(base) == fingerprint(head),
            _ => false,
        });
        if is_same && !must_run {
            let says = "Both sides mean the same system with the same conditions and prices: their \
                        results are the same, and nothing was simulated.";
            let (parts, says) = (Vec::new(), says.to_owned());
            return Ok(Simulated { parts, seed, is_same, says, ..Simulated::default() });
        }
        let mut simulated = Simulated { seed, ..Simulated::default() };
        let runs = 2 * self.parts.len().max(1) as u64;
        let budget = running.max_requests.unwrap_or(MAX_REQUESTS);
        let share = (budget / runs).max(LEAST_REQUESTS);
        let mut lows = (Low::default(), Low::default());
        for (base, head) in &self.parts {
            if watch.interrupted() {
                break;
            }
            let one = One { running, scale, seed, share, watch };
            let (before, after) = match (base, head) {
                (Some(base), Some(head)) => one.pair(base, head)?,
                (base, head) => {
                    let alone = |l: &Option<Loaded>| l.as_ref().map(|l| one.alone(l)).transpose();
                    (alone(base)?, alone(head)?)
                }
            };
            // What is the same on both sides was simulated once.
            let is_once = before.is_some()
                && base.as_ref().map(fingerprint) == head.as_ref().map(fingerprint);
            for found in before.iter().chain(after.iter().filter(|_| !is_once)) {
                simulated.requests += found.report.run.requests + found.report.diagnosis.requests;
                simulated.is_defect |= judged(&found.report, false) == Exit::Defect;
            }
            let part = part_of(base.as_ref(), head.as_ref());
            simulated.parts.push(Part {
                before: before.map(|found| lows.0.whole(base.as_ref(), found)),
                after: after.map(|found| lows.1.whole(head.as_ref(), found)),
                ..part
            });
        }
        simulated.says = format!(
            "Both sides were simulated with the same random numbers (seed {seed}, the same \
             replications, warm-up and length) and compared replication by replication (paired t)."
        );
        Ok(simulated)
    }

    /// Leaves that differ between the merged profiles; what differs in every phase is said once.
    pub(super) fn inputs(&self) -> Vec<InputRow> {
        let (base, head) = &self.trees;
        let mut rows: Vec<InputRow> = Vec::new();
        let mut common = 0;
        for (phase, tree) in head {
            let Some((_, old)) = base.iter().find(|(name, _)| name == phase) else { continue };
            common += 1;
            let changes = source::changes(&old.root, &tree.root);
            rows.extend(changes.into_iter().map(|c| input_row(phase.clone(), c, &tree.files)));
        }
        let same = |a: &InputRow, b: &InputRow| {
            (&a.path, &a.before, &a.after) == (&b.path, &b.before, &b.after)
        };
        let everywhere = |row: &InputRow| rows.iter().filter(|r| same(row, r)).count() == common;
        let everywhere: Vec<bool> = rows.iter().map(everywhere).collect();
        let mut shown: Vec<InputRow> = Vec::new();
        for (mut row, everywhere) in rows.into_iter().zip(everywhere) {
            if everywhere {
                row.phase = None;
            }
            if !everywhere || !shown.iter().any(|known| same(known, &row)) {
                shown.push(row);
            }
        }
        shown
    }

    /// What a reader must know of the comparison.
    pub(super) fn notes(&self) -> Vec<String> {
        let seeds = |l: &Loaded| l.profile.run.seed;
        let differ = self.parts.iter().any(|(base, head)| {
            base.as_ref().zip(head.as_ref()).is_some_and(|(b, h)| seeds(b) != seeds(h))
        });
        let says = "`run` of BASE was used for both sides where they differ.";
        if differ { vec![says.to_owned()] } else { Vec::new() }
    }
}

fn part_of(base: Option<&Loaded>, head: Option<&Loaded>) -> Part {
    let any = head.or(base).expect("a part has a side");
    Part { phase: any.phase.clone(), end: any.end, before: None, after: None }
}

fn input_row(phase: Option<String>, change: Change, files: &Files) -> InputRow {
    let file = files.name(change.place.file);
    let is_file = change.place.line > 0 && !file.starts_with("--");
    let place = is_file.then(|| Location {
        file: file.to_owned(),
        line: change.place.line,
        column: change.place.column,
    });
    InputRow {
        phase,
        sign: match (&change.before, &change.after) {
            (None, _) => Sign::Added,
            (_, None) => Sign::Removed,
            _ => Sign::Changed,
        },
        path: change.path,
        before: change.before,
        after: change.after,
        place,
    }
}

/// Everything that a result depends on, and nothing of where it is written.
fn fingerprint(loaded: &Loaded) -> String {
    let Loaded { profile, program, .. } = loaded;
    let cost = CostSpec { budget_place: Place::default(), ..profile.cost.clone() };
    let mut text = format!("{program:?}{:?}{:?}", profile.prices, profile.users);
    let _ = write!(text, "{cost:?}{:?}", profile.promises);
    let condition = |j: &Judgement| format!("{:?} {} {}\n", j.role, j.name, j.text);
    profile.judgements().for_each(|judgement| text.push_str(&condition(judgement)));
    text
}

/// How each part is run.
struct One<'a> {
    running: &'a Running,
    scale: f64,
    seed: u64,
    /// Requests for one side, those of its diagnosis included.
    share: u64,
    watch: &'a dyn Watch,
}

impl One<'_> {
    fn options(&self, loaded: &Loaded) -> Result<RunOptions, Refusal> {
        let run = &loaded.profile.run;
        let options = RunOptions {
            seed: self.seed,
            replications: run.replications,
            // Finding bottlenecks and headroom spends a part of it besides.
            max_requests: self.share * DIAGNOSIS / (DIAGNOSIS + 1),
            precision: run.precision,
            warmup_s: run.warmup_s,
            duration_s: run.duration_s,
            targets: Vec::new(),
        };
        goals::affordable(&loaded.profile, &loaded.program, &options, self.running)?;
        Ok(options)
    }

    fn pair(
        &self,
        base: &Loaded,
        head: &Loaded,
    ) -> Result<(Option<Found>, Option<Found>), Refusal> {
        let options = self.options(base)?;
        self.options(head)?;
        if fingerprint(base) == fingerprint(head) {
            let run = study::run(&base.program, &options, self.watch);
            let found = self.found(base, run, &options);
            return Ok((Some(found.clone()), Some(found)));
        }
        let pair = study::pair(&base.program, &head.program, &options, self.watch);
        let before = self.found(base, pair.base, &options);
        Ok((Some(before), Some(self.found(head, pair.head, &options))))
    }

    fn alone(&self, loaded: &Loaded) -> Result<Found, Refusal> {
        let options = self.options(loaded)?;
        let run = study::run(&loaded.program, &options, self.watch);
        Ok(self.found(loaded, run, &options))
    }

    fn found(&self, loaded: &Loaded, run: Run, options: &RunOptions) -> Found {
        let Loaded { profile, program, catalogue, file, also, .. } = loaded;
        let asked = Asked {
            file: file.clone(),
            sets: Vec::new(),
            scale: self.scale,
            repeat: String::new(),
            also: also.clone(),
        };
        let budget = options.max_requests / DIAGNOSIS;
        let these = (profile, program, catalogue);
        let simulation = explained(these, run, budget, &asked, More::Load, self.watch);
        let simulate::Simulated { report, costs, run } = simulation;
        let facts = with_samples(facts_of(&report), (profile, catalogue), also, &run);
        Found { facts, report, costs }
    }
}
