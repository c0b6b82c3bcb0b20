//! From what a study found to the document: names instead of ids, and sentences.

mod judged;
mod load;
mod parts;

use std::collections::BTreeSet;

use crate::expr::Need;
use crate::profile::Profile;
use crate::program::{Catalogue, Measure, Metric, Program, Quantity};
use crate::results::Replication;
use crate::stats::Statistic;
use crate::study::{self, Run, Steady, Stop};
use crate::verdict::{self, Costs, Estimate, Evidence, NO_STEADY_STATE, Verdicts, estimate};

use super::figure::{Figure, bare};
use super::{Assumption, Balance, Check, Report, RunLine, SCHEMA_VERSION, Subject};

/// What was asked, as the reader knows it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The file.
    pub file: String,
    /// Texts of `--set`.
    pub sets: Vec<String>,
    /// Factor on all load.
    pub scale: f64,
    /// The command that prints the same bytes.
    pub repeat: String,
    /// What somebody asks for besides the usual metrics.
    pub also: Vec<Need>,
}

/// What a study of one profile found.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What it was lowered to.
    pub program: &'a Program,
    /// Names of that.
    pub catalogue: &'a Catalogue,
    /// What was measured.
    pub run: &'a Run,
    /// What it costs.
    pub costs: &'a Costs,
    /// What is said of its conditions.
    pub verdicts: &'a Verdicts,
    /// What holds it back.
    pub diagnosis: &'a study::Diagnosis,
}

/// Note of a value whose interval cannot be trusted.
const UNCLEAR: &str = "moves too slowly for an interval: the start may still show";

/// What the model leaves out, whatever the profile says.
const LIMITS: [&str; 5] = [
    "names are resolved, TLS is negotiated and HTTP connections are opened in no time",
    "the memory, CPU and connections of what is not in the profile (other tenants, backups, \
     garbage collection, operating system) are not there",
    "event loops cost the same CPU per request when idle and when busy (a third more was measured \
     on idle ones)",
    "a cache evicts the exactly least recently used key, where Redis samples",
    "a month has 730 hours, and the simulated load lasts for its stated share of it",
];

impl Report {
    /// The document on what a study found.
    pub fn new(findings: &Findings<'_>, asked: &Asked) -> Self {
        let Findings { profile, program, catalogue, run, costs, verdicts, diagnosis } = *findings;
        let growing = study::growing(program, catalogue, run);
        let evidence = study::evidence(program, catalogue, run, &growing, costs);
        let measured = Measured { profile, program, catalogue, run, evidence: &evidence };
        let objectives = judged::objectives(profile, verdicts);
        let overloads = measured.overloads();
        let checks = measured.checks();
        let mut warnings = measured.warnings();
        warnings.extend(against_theory(&checks));
        let next_step = match checks.iter().find(|check| check.fatal && !check.ok) {
            Some(check) => {
                format!(
                    "do not use these numbers: capplan violated its own check of {}",
                    check.name
                )
            }
            None if run.partial => "repeat the run: this one was interrupted".to_owned(),
            None => diagnosis.next_step.clone(),
        };
        Self {
            schema_version: SCHEMA_VERSION,
            capplan: env!("CARGO_PKG_VERSION").to_owned(),
            profile: Subject {
                name: profile.name.clone(),
                file: asked.file.clone(),
                users: profile.users.clone(),
                set: asked.sets.clone(),
                scale: asked.scale,
            },
            run: measured.run_line(asked.repeat.clone()),
            partial: run.partial,
            verdict: verdicts.overall,
            objectives,
            overloads,
            bottlenecks: judged::bottlenecks(diagnosis),
            headroom: judged::headroom(diagnosis),
            diagnosis: judged::diagnosis(diagnosis),
            time: measured.time(),
            traffic: measured.traffic(),
            resources: measured.resources(),
            failures: measured.failures(),
            cost: judged::cost(costs),
            alerts: judged::alerts(verdicts),
            metrics: measured.metrics(&asked.also),
            balance: measured.balance(),
            checks,
            assumptions: measured.assumptions(),
            defaults: profile.defaults_used.clone(),
            limits: LIMITS.iter().map(|text| (*text).to_owned()).collect(),
            warnings,
            next_step,
        }
    }
}

/// One warning for all comparisons with theory: the worst of those that chance does not explain.
fn against_theory(checks: &[Check]) -> Option<String> {
    let compared = checks.iter().filter(|check| check.z.is_some());
    let distance = |check: &&Check| check.z.map_or(0.0, f64::abs);
    let unlikely = compared.clone().filter(|check| !check.ok);
    let worst = unlikely.max_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    Some(format!(
        "{} is not what theory says: {}, which chance alone does not explain among {} comparisons; a \
         longer --duration or --warmup tells whether the run was too short, else please report it",
        worst.name,
        worst.detail,
        compared.count()
    ))
}

/// A profile, what it was lowered to, and what was measured.
#[derive(Clone, Copy)]
struct Measured<'a> {
    profile: &'a Profile,
    program: &'a Program,
    catalogue: &'a Catalogue,
    run: &'a Run,
    evidence: &'a Evidence<'a>,
}

/// Statistics of a distribution that go into the JSON document, with their printed names.
const STATISTICS: [(&str, Option<Statistic>); 5] = [
    ("mean", Some(Statistic::Mean)),
    ("p50", Some(Statistic::Quantile(0.5))),
    ("p95", Some(Statistic::Quantile(0.95))),
    ("p99", Some(Statistic::Quantile(0.99))),
    ("max", Some(Statistic::Max)),
];

/// A metric as the document has it.
struct Named<'a> {
    name: String,
    measure: &'a Measure,
    statistic: Option<Statistic>,
    quantity: Quantity,
}

/// Every metric of the document, in the order of the catalogue: of distributions the usual
/// statistics; then what the conditions of the profile speak of, and what is asked for besides.
fn named<'a>(
    profile: &'a Profile,
    catalogue: &'a Catalogue,
    also: &'a [Need],
) -> impl Iterator<Item = Named<'a>> {
    let usual = catalogue.metrics.iter().flat_map(|Metric { name, measure, quantity }| {
        let statistics: &[_] = if measure.is_distribution() { &STATISTICS } else { &[("", None)] };
        statistics.iter().map(move |(word, statistic)| Named {
            name: if word.is_empty() { name.clone() } else { format!("{name}.{word}") },
            measure,
            statistic: *statistic,
            quantity: *quantity,
        })
    });
    let needs = profile.judgements().flat_map(|judgement| &judgement.compiled.needs);
    let asked = needs.chain(also).filter(|need| need.during.is_none()).map(|need| Named {
        name: need.name.clone(),
        measure: &need.measure,
        statistic: need.statistic,
        quantity: need.quantity,
    });
    let mut seen = BTreeSet::new();
    usual.chain(asked).filter(move |named| seen.insert(named.name.clone()))
}

/// The name of every metric, as the document has it.
pub(super) fn named_metrics(
    profile: &Profile,
    catalogue: &Catalogue,
    also: &[Need],
) -> Vec<(String, Quantity)> {
    named(profile, catalogue, also).map(|named| (named.name, named.quantity)).collect()
}

/// The value of every metric in some replications, by the names of the document.
pub(super) fn sampled(
    (profile, catalogue): (&Profile, &Catalogue),
    also: &[Need],
    replications: &[Replication],
) -> Vec<(String, f64)> {
    let value = |Named { name, measure, statistic, quantity }| {
        // The confidence does not reach the value.
        let estimate = estimate(measure, statistic, quantity, replications, 0.95);
        Some((name, estimate.value?))
    };
    named(profile, catalogue, also).filter_map(value).collect()
}

impl Measured<'_> {
    fn replications(&self) -> &[Replication] {
        &self.run.replications
    }

    /// The figure of a metric.
    fn figure(&self, metric: &Metric, statistic: Option<Statistic>) -> Figure {
        self.estimated(&metric.measure, statistic, metric.quantity)
    }

    /// The figure of a measure; no value of what waits in a queue that grows without bound.
    fn estimated(
        &self,
        measure: &Measure,
        statistic: Option<Statistic>,
        quantity: Quantity,
    ) -> Figure {
        if self.evidence.spoiled(measure, statistic).is_some() {
            return Estimate::unknown(None, quantity, NO_STEADY_STATE).into();
        }
        let (replications, confidence) = (self.replications(), self.run.confidence);
        self.trusted(estimate(measure, statistic, quantity, replications, confidence))
    }

    /// What is shown of an estimate: no interval where the start may still show in every value.
    fn trusted(&self, estimate: Estimate) -> Figure {
        match self.run.steady {
            Steady::Unclear { .. } if estimate.note.is_none() => {
                Estimate::unknown(estimate.value, estimate.quantity, UNCLEAR).into()
            }
            _ => estimate.into(),
        }
    }

    /// The figure of the metric of this name; no data where there is none.
    fn named(&self, name: &str, statistic: Option<Statistic>, quantity: Quantity) -> Figure {
        match self.catalogue.metric(name) {
            Some(metric) => self.figure(metric, statistic),
            None => Figure::nothing(quantity),
        }
    }

    /// Every metric that has a value, or would have one without overload.
    fn metrics(&self, also: &[Need]) -> Vec<(String, Figure)> {
        let figure = |Named { name, measure, statistic, quantity }| {
            (name, self.estimated(measure, statistic, quantity))
        };
        let all = named(self.profile, self.catalogue, also).map(figure);
        all.filter(|(_, figure)| figure.0.value.is_some() || figure.grows()).collect()
    }

    fn balance(&self) -> Balance {
        let mut sum = Balance::default();
        let mut failed = vec![0_u64; self.catalogue.kinds.len()];
        for balance in self.replications().iter().map(|r| &r.balance) {
            sum.inside_at_start += balance.inside_at_start;
            sum.arrivals += balance.arrivals;
            sum.completed += balance.completed;
            sum.inside += balance.inside;
            for (total, n) in failed.iter_mut().zip(&balance.failed) {
                *total += n;
            }
        }
        let kinds = self.catalogue.kinds.iter().cloned().zip(failed);
        sum.failed = kinds.filter(|(_, n)| *n > 0).collect();
        sum
    }

    fn checks(&self) -> Vec<Check> {
        let identities = verdict::check(self.replications()).into_iter().map(|check| Check {
            name: check.name.to_owned(),
            ok: check.violation.is_none(),
            fatal: true,
            detail: check.violation.unwrap_or_else(|| check.law.to_owned()),
            law: None,
            simulated: None,
            analytic: None,
            z: None,
        });
        let theory = study::theory::compare(self.program, self.catalogue, self.run);
        let compared = theory.into_iter().map(|c| {
            let value = |x: f64| bare(x, c.quantity);
            let (simulated, analytic) = (value(c.simulated), value(c.analytic));
            Check {
                detail: format!("{simulated} against {analytic} ({}), z {:.1}", c.law, c.z),
                name: c.name,
                ok: c.likely,
                fatal: false,
                law: Some(c.law.to_owned()),
                simulated: Some(c.simulated),
                analytic: Some(c.analytic),
                z: Some(c.z),
            }
        });
        identities.chain(compared).collect()
    }

    fn run_line(&self, repeat: String) -> RunLine {
        let run = self.run;
        RunLine {
            seed: self.profile.run.seed,
            replications: run.replications.len() as u32,
            warmup_s: run.warmup_s,
            horizon_s: run.horizon_s,
            requests: run.requests,
            events: run.events,
            rounds: run.rounds,
            stopped: match run.stop {
                Stop::Decided => "decided",
                Stop::Budget => "budget",
                Stop::Backlog => "backlog",
                Stop::Interrupted => "interrupted",
            },
            state: match run.steady {
                Steady::Yes => "steady",
                Steady::No { .. } if run.overloads.iter().any(|o| o.grows) => "growing",
                Steady::No { .. } => "unsettled",
                Steady::Unclear { .. } => "unclear",
                Steady::Transient => "transient",
            },
            confidence: run.confidence,
            verdict_confidence: run.verdict_confidence,
            repeat,
        }
    }

    fn assumptions(&self) -> Vec<Assumption> {
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.profile
            .assumptions
            .iter()
            .map(|a| Assumption {
                name: a.name.clone(),
                says: one_line(&a.says),
                about: a.about.clone(),
            })
            .collect()
    }

    /// What breaks so rarely that the run is expected to see fewer than ten breakdowns of it.
    fn rare_breakdowns(&self) -> Vec<String> {
        let mean_s = |id: crate::program::DrawId| {
            let draw = &self.program.draws[id.index()];
            self.program.dists[draw.dist.index()].mean() * draw.factor
        };
        let time_s: f64 = self.replications().iter().map(|r| r.time_s).sum();
        let faults = self.program.faults.iter().map(|fault| {
            let units = f64::from(fault.units(self.program));
            (fault.owner, time_s * units / (mean_s(fault.up) + mean_s(fault.down)).max(1e-9))
        });
        let rare = faults.filter(|(_, expected)| *expected < 10.0);
        rare.map(|(owner, expected)| {
            let name = &self.catalogue.components[owner.index()].name;
            format!(
                "{name} breaks about {} times in all runs together: too few to judge what they do, so \
                 objectives that they touch stay undecided; a longer --duration sees more",
                crate::verdict::brief(expected)
            )
        })
        .collect()
    }

    /// What looks wrong: the profile's warnings, and a run that is no steady state.
    fn warnings(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .profile
            .warnings
            .iter()
            .map(|fault| match &fault.hint {
                Some(hint) => format!("{}: {}; {hint}", fault.path, fault.message),
                None => format!("{}: {}", fault.path, fault.message),
            })
            .collect();
        all.extend(self.rare_breakdowns());
        all.extend(study::kills(self.program, self.catalogue, self.run).iter().map(|kills| {
            format!(
                "{}: requests inside fail as out_of_memory, those that come while it boots as \
                 unavailable, and its mean memory is low because it begins empty each time",
                kills.says()
            )
        }));
        match &self.run.steady {
            // A queue that grows is named by itself, and is the reason.
            Steady::No { .. } if self.run.overloads.iter().any(|overload| overload.grows) => {}
            Steady::No { inside_per_s } => all.push(format!(
                "the system did not settle: the number of requests inside still changes by {} in each \
                 replication; a longer --warmup or a larger --max-requests helps",
                Figure(*inside_per_s).with_interval()
            )),
            Steady::Unclear { independent } => all.push(format!(
                "the system moves so slowly that one replication holds only {independent:.1} \
                 independent views of it: the start may still show; a longer --duration or a larger \
                 --max-requests tells"
            )),
            Steady::Yes | Steady::Transient => {}
        }
        all
    }
}
