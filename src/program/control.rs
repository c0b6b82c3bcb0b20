//! What acts on a running system: the size of a group, the health of its members, a door.

use super::condition::Test;
use super::{ComponentId, Gauge, GroupId, Measure, Program};
use crate::stats::Statistic;

/// A controller that changes the number of a group's members.
///
/// Every `interval_ns` it reads the window that ended, and acts at most once per `cooldown_ns`.
#[derive(Clone, Debug)]
pub struct Scaling {
    /// The group.
    pub group: GroupId,
    /// Fewest members; with 0 the last one goes only by `idle_after_ns`.
    pub min: u32,
    /// Most members: as many as the group has.
    pub max: u32,
    /// Members at the start.
    pub start: u32,
    /// How long a removed member lets its work end.
    pub drain_ns: u64,
    /// Members that a rule adds or removes at once.
    pub step: u32,
    /// Time without any change after a change.
    pub cooldown_ns: u64,
    /// Length of the windows.
    pub interval_ns: u64,
    /// After so long without a request and without a session all members go.
    pub idle_after_ns: Option<u64>,
    /// What is read at the end of each window.
    pub watched: Vec<(Measure, Statistic)>,
    /// What follows from it.
    pub rule: Rule,
}

impl Scaling {
    /// Whether its target is a number of requests and sessions per member: what it asks for is then
    /// known from the sessions that there are.
    pub fn aims_at_connections(&self, program: &Program) -> bool {
        let group = &program.groups[self.group.index()];
        let members = group.first.0..group.first.0 + group.count;
        let busy = |i: u32| Gauge::Busy(program.instances[i as usize].crew);
        let is_target = matches!(self.rule, Rule::Target { .. });
        is_target
            && matches!(self.watched.first(), Some((Measure::Level { of, .. }, _))
                if of.iter().copied().eq(members.map(busy)))
    }

    /// Windows within which it settles when the load does not change and nothing holds it back: a
    /// target sees the load in one, that it was right in the next, and has two more; rules need one
    /// for each step, and as many as they must last before the first and after the last of them.
    pub fn settle_windows(&self) -> u32 {
        match &self.rule {
            Rule::Target { .. } => 4,
            Rule::Steps { up, down } => {
                let lasting = up.iter().chain(down).map(Test::longest).max();
                let steps = (self.max - self.min.min(self.max)).div_ceil(self.step.max(1));
                lasting.map_or(0, |lasting| lasting.saturating_mul(2).saturating_add(steps))
            }
        }
    }
}

/// How a controller decides.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Aims at ⌈reading 0 · members / value⌉ members, where both are of the same window.
    Target {
        /// What each member should have.
        value: f64,
    },
    /// Any of `up` adds a step; only all of `down` together remove one, and never while one of `up`
    /// holds.
    Steps {
        /// Rules that add.
        up: Vec<Test>,
        /// Rules that remove.
        down: Vec<Test>,
    },
}

/// How a balancer finds out which members answer.
#[derive(Clone, Copy, Debug)]
pub struct Health {
    /// Time between two checks of a member.
    pub every_ns: u64,
    /// How long a check waits for its answer.
    pub timeout_ns: u64,
    /// Failures in a row that take a member out.
    pub down_after: u32,
    /// Answers in a row that bring it back.
    pub up_after: u32,
}

/// A door that refuses requests while a condition holds of current values.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The service.
    pub owner: ComponentId,
    /// Levels that are read at each arrival.
    pub watched: Vec<Measure>,
    /// Refused while any of them holds.
    pub tests: Vec<Test>,
}
