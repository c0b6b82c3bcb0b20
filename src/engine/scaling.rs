//! Controllers of groups: at the end of each window they read it, and add or remove members.
//!
//! A controller does not wait for its members to boot before it looks again; what boots counts as a
//! member. After a change it rests for its cooldown. A warm start begins where it rests: until no
//! change is asked for, changes are made at once and as often as windows end.

use super::calendar::Time;
use super::control::{Act, Meter};
use super::world::World;
use crate::program::{DistId, Program, Rule, Scaling, SourceKind, Supply, Test, Watch};

/// The state of a controller.
#[derive(Debug)]
pub(crate) struct Scaler<'p> {
    spec: &'p Scaling,
    meters: Vec<Meter<'p>>,
    up: Vec<Watch<'p>>,
    down: Vec<Watch<'p>>,
    /// End of the time without changes.
    rests_until: Time,
    /// Of a warm start: windows without a change that are still to be seen; then it has settled.
    unsettled: u32,
    /// When it counts as settled in any case.
    settles_until: Time,
}

/// Members at the start. Of a warm start whose target is a number of connections: what it asks for
/// with all sessions there.
pub(crate) fn members_at_start(program: &Program, spec: &Scaling) -> u32 {
    let Rule::Target { value } = spec.rule else { return spec.start };
    if !program.warm_start || !spec.aims_at_connections(program) {
        return spec.start;
    }
    let mean = |dist: DistId| program.dists[dist.index()].mean();
    let sessions: f64 = program
        .sources
        .iter()
        .filter_map(|source| match &source.kind {
            SourceKind::Sessions(s) if s.connects_to == Some(spec.group) => Some(match &s.supply {
                Supply::Constant(n) => f64::from(*n),
                Supply::Arrivals(curve) => curve.mean_rate() * s.length.map_or(0.0, mean),
            }),
            _ => None,
        })
        .sum();
    if sessions <= 0.0 {
        return spec.start;
    }
    ((sessions / value - 1e-9).ceil() as u32).clamp(spec.min.max(1), spec.max)
}

impl<'p> Scaler<'p> {
    /// The controllers of a program at the start.
    pub(crate) fn all(program: &'p Program) -> Vec<Self> {
        fn watches(tests: &[Test]) -> Vec<Watch<'_>> {
            tests.iter().map(Test::watch).collect()
        }
        let scaler = |spec: &'p Scaling| {
            let (up, down) = match &spec.rule {
                Rule::Target { .. } => (Vec::new(), Vec::new()),
                Rule::Steps { up, down } => (watches(up), watches(down)),
            };
            let meters = spec.watched.iter().map(|(m, s)| Meter::new(m, *s)).collect();
            let tests = match &spec.rule {
                Rule::Target { .. } => 1,
                Rule::Steps { up, down } => {
                    up.iter().chain(down).map(Test::longest).max().unwrap_or(0)
                }
            };
            // A load that changes with the clock is followed as it is from the first moment on.
            let settles = program.warm_start && !program.transient;
            let unsettled = if settles { tests } else { 0 };
            let settles_until = u64::from(spec.settle_windows()).saturating_mul(spec.interval_ns);
            Self { spec, meters, up, down, rests_until: 0, unsettled, settles_until }
        };
        program.scalings.iter().map(scaler).collect()
    }

    /// Members that there should be, for so many that there are (at least one).
    fn wanted(&mut self, members: u32, values: &[Option<f64>]) -> u32 {
        let least = self.spec.min.max(1);
        let value = |i: u32| values.get(i as usize).copied().flatten();
        match &self.spec.rule {
            Rule::Target { value: aim } => {
                let (Some(each), Some(mean)) = (value(0), value(1)) else { return members };
                // The tolerance is that of 13 · 40 over 40 computed in doubles.
                let aim = (each * mean / aim - 1e-9).ceil();
                (aim.max(0.0) as u32).clamp(least, self.spec.max)
            }
            Rule::Steps { .. } => {
                // All rules are asked at every window, as each may remember some.
                let read = |watch: &mut Watch<'_>| watch.read(&value) == Some(true);
                let grows = self.up.iter_mut().filter_map(|w| read(w).then_some(())).count() > 0;
                let down = self.down.iter_mut().filter_map(|w| read(w).then_some(())).count();
                if grows {
                    members.saturating_add(self.spec.step).min(self.spec.max)
                } else if down > 0 && down == self.down.len() {
                    members.saturating_sub(self.spec.step).max(least)
                } else {
                    members
                }
            }
        }
    }
}

impl World<'_> {
    /// The first windows begin.
    pub(crate) fn start_scalers(&mut self) {
        let mut scalers = std::mem::take(&mut self.scalers);
        for (i, scaler) in scalers.iter_mut().enumerate() {
            scaler.meters.iter_mut().for_each(|meter| self.begin_window(meter));
            self.fleet(scaler.spec.group.0).is_instant = scaler.unsettled > 0;
            self.act_at(scaler.spec.interval_ns, Act::Scale { scaling: i as u16 });
        }
        self.scalers = scalers;
    }

    /// A window of a controller ends.
    pub(crate) fn scale_event(&mut self, scaling: u16) {
        let mut scalers = std::mem::take(&mut self.scalers);
        let scaler = &mut scalers[usize::from(scaling)];
        let (group, interval) = (scaler.spec.group.0, scaler.spec.interval_ns);
        let values: Vec<Option<f64>> =
            scaler.meters.iter().map(|meter| self.read_window(meter, interval)).collect();
        let members = self.fleet(group).size();
        // The last member goes, and the first one comes, without the controller's windows.
        let wanted = if members == 0 { 0 } else { scaler.wanted(members, &values) };
        if scaler.unsettled > 0 && (wanted == members || self.now >= scaler.settles_until) {
            let over = self.now >= scaler.settles_until;
            scaler.unsettled = if over { 0 } else { scaler.unsettled - 1 };
            self.fleet(group).is_instant = scaler.unsettled > 0;
        }
        if wanted != members && self.now >= scaler.rests_until {
            if scaler.unsettled == 0 {
                scaler.rests_until = self.now.saturating_add(scaler.spec.cooldown_ns);
            }
            if wanted > members {
                self.add_members(group, wanted - members);
            } else {
                self.remove_members(group, members - wanted);
            }
        }
        scaler.meters.iter_mut().for_each(|meter| self.begin_window(meter));
        self.act_at(self.now + interval, Act::Scale { scaling });
        self.scalers = scalers;
    }

    /// The statistics are about to be reset: windows under way keep what they have seen.
    pub(crate) fn carry_windows(&mut self) {
        let mut scalers = std::mem::take(&mut self.scalers);
        for meter in scalers.iter_mut().flat_map(|scaler| &mut scaler.meters) {
            self.carry(meter);
        }
        self.scalers = scalers;
    }
}
