//! A plan of phases, or a profile by itself: whole profiles in order, and how their users grow.

use std::collections::BTreeSet;

use super::growth::{self, UserGrowth};
use super::{Options, Profile};
use crate::source::{Fault, Faults, Files, Input, Node, Place, Plan, Reader, Tree, load_plan};

/// A scenario without faults.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Printed title.
    pub name: String,
    /// Whether it has phases; else its only phase is the profile itself.
    pub is_plan: bool,
    /// In the order of the plan.
    pub phases: Vec<Phase>,
    /// How populations grow.
    pub growth: Vec<UserGrowth>,
    /// What is probably not meant, in the plan and its phases.
    pub warnings: Faults,
    /// Texts, for excerpts.
    pub files: Files,
    /// What the file says besides its phases.
    plan: Tree,
}

/// One phase: a profile that can be read again with other users.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name; a profile by itself has its title.
    pub name: String,
    /// The profile, with the ends of ranges that the scenario was read with.
    pub profile: Profile,
    /// Numbers of all populations at the lower end; `None` where no population is a range.
    pub low: Option<Profile>,
    tree: Tree,
    options: Options,
}

impl Scenario {
    /// Reads, types and checks a scenario and every phase of it, at both ends of ranges.
    ///
    /// # Errors
    /// All faults at once, with the texts they stand in.
    pub fn load(input: &Input, options: &Options) -> Result<Self, (Files, Faults)> {
        let Plan { tree: plan, phases: layers } = load_plan(input, &options.sets)?;
        let mut gathered = Gathered::default();
        let mut phases = Vec::new();
        let is_plan = layers.iter().any(|layer| layer.name.is_some());
        let title = name_of(&plan.root).map(str::to_owned);
        let mut populations: Vec<String> = Vec::new();
        for layer in layers {
            let users = layer.tree.root.get("users").map_or(&[][..], Node::entries);
            populations.extend(users.iter().map(|entry| entry.key.clone()));
            let at = |end| {
                let options = Options { end, ..options.clone() };
                Profile::of_tree(layer.tree.clone(), &options)
            };
            let high = match at(options.end) {
                Ok(profile) => profile,
                Err((_, faults)) => {
                    gathered.add(&faults);
                    continue;
                }
            };
            gathered.add(&high.warnings);
            let low = if high.has_range { at(crate::source::End::Low) } else { Ok(high.clone()) };
            let low = match low {
                Ok(low) => (low.users != high.users).then_some(low),
                Err((_, faults)) => {
                    gathered.add(&faults);
                    None
                }
            };
            let name = layer.name.clone().unwrap_or_else(|| high.name.clone());
            let titled = |profile: Profile| match (&layer.name, &title) {
                (Some(phase), Some(title)) => {
                    Profile { name: format!("{title} / {phase}"), ..profile }
                }
                _ => profile,
            };
            phases.push(Phase {
                name,
                profile: titled(high),
                low: low.map(titled),
                tree: layer.tree,
                options: options.clone(),
            });
        }
        let reader = Reader::new(&plan, options.end);
        let growth = growth::decode(&reader, &plan, &populations);
        gathered.add(&reader.into_faults());
        if gathered.faults.has_errors() {
            return Err((plan.files, gathered.faults));
        }
        let name = title.unwrap_or_else(|| match phases.as_slice() {
            [only] if !is_plan => only.name.clone(),
            _ => file_stem(plan.files.name(plan.root.place.file)),
        });
        let files = plan.files.clone();
        Ok(Self { name, is_plan, phases, growth, warnings: gathered.faults, files, plan })
    }

    /// The growth with every uncertain value drawn from its range: one draw per `world`.
    pub fn growth_of_world(&self, world: u64) -> Vec<UserGrowth> {
        let reader = Reader::of_world(&self.plan, crate::source::End::High, world);
        let names: Vec<String> = self.growth.iter().map(|g| g.population.clone()).collect();
        growth::decode(&reader, &self.plan, &names)
    }
}

impl Phase {
    /// What it says, all layers merged.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The same phase with other numbers of users; `None` where a profile with so many cannot be.
    pub fn with_users(&self, users: &[(String, f64)]) -> Option<Profile> {
        let options = Options { users: users.to_vec(), ..self.options.clone() };
        let profile = Profile::of_tree(self.tree.clone(), &options).ok()?;
        Some(Profile { name: self.profile.name.clone(), ..profile })
    }

    /// The populations that are stated as numbers (not as shares of others), at the upper end.
    pub fn stated_users(&self) -> Vec<(String, f64)> {
        let written = self.tree.root.get("users").map_or(&[][..], Node::entries);
        let is_share = |name: &str| {
            let entry = written.iter().find(|entry| entry.key == name);
            entry.and_then(|entry| entry.node.text()).is_some_and(|text| text.contains('/'))
        };
        let users = self.profile.users.iter();
        users.filter(|(name, _)| !is_share(name)).cloned().collect()
    }
}

fn name_of(root: &Node) -> Option<&str> {
    root.get("name").and_then(Node::text)
}

fn file_stem(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.trim_end_matches(".yaml").trim_end_matches(".yml").to_owned()
}

/// Faults, each once: what stands in the plan is read by every phase.
#[derive(Default)]
struct Gathered {
    faults: Faults,
    seen: BTreeSet<(Option<Place>, String)>,
}

impl Gathered {
    fn add(&mut self, faults: &Faults) {
        for fault in faults.iter() {
            if self.seen.insert((fault.place, fault.message.clone())) {
                let fault: &Fault = fault;
                self.faults.push(fault.clone());
            }
        }
    }
}
