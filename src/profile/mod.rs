//! A profile: what a user wrote, typed and checked, ready to be lowered.
//!
//! Reading gathers every fault before it gives up; whoever holds a [`Profile`] need not check it
//! again, so lowering cannot fail.

mod checks;
mod controls;
mod decode;
mod flow;
mod growth;
mod judgement;
mod lower;
mod model;
mod promise;
mod requests;
mod scenario;
mod settings;
mod steps;
mod traffic;
mod warnings;

pub use crate::components::{Basis, CostItem};
pub use decode::reserved;
pub use growth::UserGrowth;
pub use judgement::{Judgement, Role};
pub use promise::Promise;
pub use scenario::{Phase, Scenario};
pub use settings::{Assumption, CostSpec, RunSpec, Start};

use crate::expr::track;
use crate::program::{Catalogue, Program};
use crate::source::{End, Fault, FaultKind, Faults, Files, Input, Reader, Table, Tree, load};

use controls::Controls;
use model::Model;

/// A profile without faults.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Printed title.
    pub name: String,
    /// Populations in the order of the file.
    pub users: Vec<(String, f64)>,
    /// `slo`: objectives that must hold.
    pub slo: Vec<Judgement>,
    /// `alerts`: both levels of each, in order.
    pub alerts: Vec<Judgement>,
    /// `claims`: what a plan says will be so.
    pub claims: Vec<Judgement>,
    /// `gate`: when the next phase may begin.
    pub gate: Vec<Judgement>,
    /// `--assert`: conditions of the command line.
    pub asserts: Vec<Judgement>,
    /// What money is counted for.
    pub cost: CostSpec,
    /// Prices of components, with what they multiply.
    pub prices: Vec<CostItem>,
    /// Rows of a plan's cost table.
    pub promises: Vec<Promise>,
    /// From decision to service, seconds: at least and at most.
    pub lead_time_s: Option<(f64, f64)>,
    /// When the plan has it, seconds from the plan's start.
    pub planned_s: Option<(f64, f64)>,
    /// Whether a population is a range, so that both ends differ.
    pub has_range: bool,
    /// Populations that nothing is multiplied by.
    pub idle_users: Vec<String>,
    /// How to run.
    pub run: RunSpec,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// Defaults and simplifications that were used and are not neutral, to be printed.
    pub defaults_used: Vec<String>,
    /// What is probably not meant.
    pub warnings: Faults,
    /// Texts, for excerpts.
    pub files: Files,
    /// Names of the timeline's events.
    pub(crate) events: Vec<String>,
    pub(crate) model: Model,
    /// What controllers read and do.
    pub(crate) controls: Controls,
}

/// How a profile is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Texts of `--set`.
    pub sets: Vec<String>,
    /// Texts of `--assert`.
    pub asserts: Vec<String>,
    /// All load is multiplied by this.
    pub scale: f64,
    /// Which end of ranges of populations.
    pub end: End,
    /// Numbers of populations that count instead of what is written.
    pub users: Vec<(String, f64)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sets: Vec::new(),
            asserts: Vec::new(),
            scale: 1.0,
            end: End::High,
            users: Vec::new(),
        }
    }
}

impl Profile {
    /// Reads, types and checks a profile.
    ///
    /// # Errors
    /// All faults at once, with the texts they stand in. A plan of phases is no single profile.
    pub fn load(input: &Input, options: &Options) -> Result<Self, (Files, Faults)> {
        let (tree, mut faults) = load(input, &options.sets)?;
        if let Some(phases) = tree.root.entry("phases") {
            let message = "`phases` makes this a plan of several profiles";
            let fault = Fault::error(FaultKind::Conflict, phases.place, "phases", message);
            faults.push(fault.hint("`capplan phases` simulates them side by side"));
            return Err((tree.files, faults));
        }
        Self::of_tree(tree, options)
    }

    /// Types and checks a profile whose layers are merged.
    pub(crate) fn of_tree(tree: Tree, options: &Options) -> Result<Self, (Files, Faults)> {
        let tree = tree.with_users(&options.users);
        let reader = Reader::new(&tree, options.end);
        let (decoded, written) = decode::profile(&reader, &tree, options);
        let unread = warnings::unread(&reader, &tree.root);
        let idle_users = reader.unused().1;
        let has_range = reader.has_range();
        let mut faults = reader.into_faults();
        let mut profile = Self { files: tree.files, has_range, idle_users, ..decoded };
        checks::check(&mut profile, written, &mut faults);
        if faults.has_errors() {
            return Err((profile.files, faults));
        }
        for fault in unread {
            faults.push(fault);
        }
        profile.warnings = faults.warnings();
        Ok(profile)
    }

    /// Lowers it: names become dense ids. Equal profiles give equal programs.
    pub fn lower(&self) -> (Program, Catalogue) {
        let mut lowered = self.model.lower();
        self.controls.install(&mut lowered.program);
        track(&mut lowered.program, self.judgements().map(|judgement| &judgement.compiled));
        (lowered.program, lowered.catalogue)
    }

    /// All conditions, in the order in which they are reported.
    pub fn judgements(&self) -> impl Iterator<Item = &Judgement> {
        let all = [&self.slo, &self.claims, &self.gate, &self.alerts, &self.asserts];
        all.into_iter().flatten()
    }

    /// The keys of a profile, for the JSON Schema.
    pub fn root_table() -> &'static Table {
        &decode::ROOT
    }

    /// The keys of every step, for the JSON Schema.
    pub fn step_tables() -> Vec<&'static Table> {
        steps::tables()
    }
}
