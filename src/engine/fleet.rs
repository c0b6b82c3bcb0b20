//! Groups whose members come and go: off, booting, up or draining; and which of them get work.
//!
//! A member that is removed takes nothing new. Its requests end, its sessions go on; what is left
//! when its drain is over fails as `unavailable`, and its sessions are dropped. A group without
//! members starts one for the next request, which waits for it in that member's backlog.

use super::calendar::Time;
use super::control::Act;
use super::crew::Mode;
use super::level::Gauge;
use super::scaling::members_at_start;
use super::world::{Moving, World};
use crate::program::{Group, InstanceId, Kind, Program, StationKind};
use crate::results::{GroupRecord, Level};

/// What a member of a group is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Off,
    /// Starts, and takes work from this time on.
    Booting(Time),
    Up,
    /// Takes nothing new; it goes when it is empty, or at the end of its drain.
    Draining,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) standing: Standing,
    /// 1 while it is paid for.
    there: Gauge,
    /// Number of its present standing: events of an earlier one are stale.
    turn: u32,
    /// What the balancer believes.
    pub(crate) healthy: bool,
    /// Checks in a row that contradict it.
    pub(crate) against: u32,
}

/// The members of a group.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) members: Vec<Member>,
    /// Those that get work, by number.
    taking: Vec<u32>,
    provisioned: Gauge,
    ups: u64,
    downs: u64,
    /// When the whole group was last seen to become empty, and whether a timer runs for that.
    idle_since: Time,
    idle_armed: bool,
    /// Members are up at once: a warm start has not settled yet.
    pub(crate) is_instant: bool,
}

impl Fleet {
    /// The state of a group that changes.
    pub(crate) fn new(program: &Program, group: &Group) -> Option<Self> {
        if !group.changes() {
            return None;
        }
        let scaling = group.scaling.map(|s| &program.scalings[usize::from(s)]);
        let there = scaling.map_or(group.count, |s| members_at_start(program, s));
        let member = |i: u32| Member {
            standing: if i < there { Standing::Up } else { Standing::Off },
            there: Gauge::starting_at(if i < there { 1.0 } else { 0.0 }),
            turn: 0,
            healthy: true,
            against: 0,
        };
        Some(Self {
            members: (0..group.count).map(member).collect(),
            taking: (0..there).collect(),
            provisioned: Gauge::starting_at(f64::from(there)),
            ups: 0,
            downs: 0,
            idle_since: 0,
            idle_armed: false,
            is_instant: false,
        })
    }

    /// Members that are booting or up: what a controller counts.
    pub(crate) fn size(&self) -> u32 {
        let counts = |m: &&Member| matches!(m.standing, Standing::Booting(_) | Standing::Up);
        self.members.iter().filter(counts).count() as u32
    }

    /// Who gets work has changed.
    pub(crate) fn muster(&mut self) {
        let takes = |m: &Member| m.standing == Standing::Up && m.healthy;
        self.taking.clear();
        let all = self.members.iter().enumerate();
        self.taking.extend(all.filter(|(_, m)| takes(m)).map(|(i, _)| i as u32));
    }

    pub(crate) fn reset(&mut self, now: Time) {
        self.provisioned.reset(now);
        self.members.iter_mut().for_each(|member| member.there.reset(now));
        (self.ups, self.downs) = (0, 0);
    }

    pub(crate) fn record(&self, now: Time) -> GroupRecord {
        GroupRecord { provisioned: self.provisioned.record(now), ups: self.ups, downs: self.downs }
    }

    /// The first member that matches, or the last.
    fn find(&self, from_end: bool, of: impl Fn(Standing) -> bool) -> Option<u32> {
        let mut all = self.members.iter().map(|m| m.standing);
        let at = if from_end { all.rposition(of) } else { all.position(of) };
        at.map(|i| i as u32)
    }
}

impl World<'_> {
    pub(crate) fn fleet(&mut self, group: u16) -> &mut Fleet {
        self.fleets[usize::from(group)].as_mut().expect("the group changes")
    }

    /// Those that are not there at the start hold nothing, and groups that may empty look on.
    pub(crate) fn start_fleets(&mut self) {
        for group in 0..self.fleets.len() as u16 {
            let Some(fleet) = &self.fleets[usize::from(group)] else { continue };
            for member in 0..fleet.members.len() as u32 {
                if self.fleet(group).members[member as usize].standing == Standing::Off {
                    self.workers_mode(group, member, Mode::Off);
                    self.base_memory(group, member, -1.0);
                } else if self.mode_of(group) == Mode::Watched {
                    self.crew_watched(self.crew_of(group, member));
                }
            }
            self.empty_at(group);
        }
    }

    fn instance_of(&self, group: u16, member: u32) -> InstanceId {
        InstanceId(self.program.groups[usize::from(group)].first.0 + member)
    }

    pub(crate) fn crew_of(&self, group: u16, member: u32) -> u32 {
        self.program.instances[self.instance_of(group, member).index()].crew.0
    }

    /// How the workers of a member work that is up.
    fn mode_of(&self, group: u16) -> Mode {
        let scaling = self.program.groups[usize::from(group)].scaling;
        let idles =
            scaling.is_some_and(|s| self.program.scalings[usize::from(s)].idle_after_ns.is_some());
        if idles { Mode::Watched } else { Mode::Up }
    }

    /// The group and the number of an instance that belongs to a group that changes.
    pub(crate) fn member(&self, instance: InstanceId) -> Option<(u16, u32)> {
        let of = |g: &Group| g.first.0 <= instance.0 && instance.0 - g.first.0 < g.count;
        let group = self.program.groups.iter().position(of)?;
        self.fleets[group].as_ref()?;
        Some((group as u16, instance.0 - self.program.groups[group].first.0))
    }

    /// Whether an instance is there at all.
    pub(crate) fn is_off(&self, instance: InstanceId) -> bool {
        self.member(instance).is_some_and(|(group, member)| {
            let fleet = self.fleets[usize::from(group)].as_ref();
            fleet.is_some_and(|f| f.members[member as usize].standing == Standing::Off)
        })
    }

    /// Units that a station has over time, `size` of them while its instance is paid for.
    pub(crate) fn size_over_time(&self, instance: Option<InstanceId>, size: f64) -> Level {
        let constant = Level::constant(size, (self.now - self.measured_from) as f64 * 1e-9);
        let Some((group, member)) = instance.and_then(|i| self.member(i)) else { return constant };
        let Some(fleet) = &self.fleets[usize::from(group)] else { return constant };
        if !size.is_finite() {
            return constant;
        }
        fleet.members[member as usize].there.record(self.now).times(size)
    }

    /// A member of a group that changes, by its policy among those that get work. Without members,
    /// one is started.
    pub(crate) fn choose_among(&mut self, group: u16, key: u64) -> Option<u32> {
        let fleet = self.fleet(group);
        if fleet.taking.is_empty() {
            return self.choose_none(group);
        }
        let taking = std::mem::take(&mut fleet.taking);
        let at = self.pick(group, key, taking.len() as u32, |i| taking[i as usize]);
        let member = taking[at as usize];
        self.fleet(group).taking = taking;
        Some(member)
    }

    fn choose_none(&mut self, group: u16) -> Option<u32> {
        let scaled = self.program.groups[usize::from(group)].scaling.is_some();
        let fleet = self.fleet(group);
        if !scaled || fleet.find(false, |s| s == Standing::Up).is_some() {
            return None; // there are some, and none is healthy
        }
        if let Some(booting) = fleet.find(false, |s| matches!(s, Standing::Booting(_))) {
            return Some(booting);
        }
        self.add_members(group, 1);
        self.fleet(group).find(false, |s| matches!(s, Standing::Booting(_) | Standing::Up))
    }

    /// When a session that finds no member up should come again: when the first one is.
    pub(crate) fn cold_until(&self, group: u16) -> Option<Time> {
        let fleet = self.fleets[usize::from(group)].as_ref()?;
        if !fleet.taking.is_empty() {
            return None;
        }
        let times = fleet.members.iter().filter_map(|m| match m.standing {
            Standing::Booting(at) => Some(at),
            _ => None,
        });
        times.min()
    }

    /// Starts members, the ones that drain last of all (they go on as if nothing had been).
    pub(crate) fn add_members(&mut self, group: u16, n: u32) {
        let fleet = self.fleet(group);
        fleet.ups += 1;
        for _ in 0..n {
            let fleet = self.fleet(group);
            if let Some(member) = fleet.find(false, |s| s == Standing::Off) {
                self.boot_member(group, member);
            } else if let Some(member) = fleet.find(true, |s| s == Standing::Draining) {
                self.member_up(group, member);
            }
        }
    }

    /// Removes members: those that boot first, then the ones with the highest numbers.
    pub(crate) fn remove_members(&mut self, group: u16, n: u32) {
        self.fleet(group).downs += 1;
        for _ in 0..n {
            let fleet = self.fleet(group);
            if let Some(member) = fleet.find(true, |s| matches!(s, Standing::Booting(_))) {
                self.drain_member(group, member);
            } else if let Some(member) = fleet.find(true, |s| s == Standing::Up) {
                self.drain_member(group, member);
            }
        }
    }

    fn stand(&mut self, group: u16, member: u32, standing: Standing) -> u32 {
        let now = self.now;
        let fleet = self.fleet(group);
        let m = &mut fleet.members[member as usize];
        let (was, is) = (m.standing != Standing::Off, standing != Standing::Off);
        m.standing = standing;
        m.turn += 1;
        let turn = m.turn;
        if was != is {
            let by = if is { 1.0 } else { -1.0 };
            m.there.add(now, by);
            fleet.provisioned.add(now, by);
        }
        fleet.muster();
        turn
    }

    fn boot_member(&mut self, group: u16, member: u32) {
        let instance = self.instance_of(group, member);
        let spec = &self.program.instances[instance.index()];
        let m = &mut self.fleet(group).members[member as usize];
        (m.healthy, m.against) = (true, 0);
        let nth = (1 << 32) | u64::from(m.turn);
        let boot = self.boot_time(spec.boot, spec.crew.0, nth);
        self.base_memory(group, member, 1.0);
        if boot == 0 || self.fleet(group).is_instant {
            return self.member_up(group, member);
        }
        let ready = self.now + boot;
        self.workers_mode(group, member, Mode::Booting);
        let turn = self.stand(group, member, Standing::Booting(ready));
        self.act_at(ready, Act::Member { group, member, turn });
    }

    /// A member takes work from now on.
    fn member_up(&mut self, group: u16, member: u32) {
        self.workers_mode(group, member, self.mode_of(group));
        self.stand(group, member, Standing::Up);
        self.crew_dispatch(self.crew_of(group, member));
        self.empty_at(group);
    }

    fn drain_member(&mut self, group: u16, member: u32) {
        let turn = self.stand(group, member, Standing::Draining);
        let crew = self.crew_of(group, member);
        self.crew_watched(crew);
        if self.is_empty(crew) {
            return self.member_off(group, member);
        }
        let drain = self.program.groups[usize::from(group)].scaling;
        let drain = drain.map_or(0, |s| self.program.scalings[usize::from(s)].drain_ns);
        self.act_at(self.now + drain, Act::Member { group, member, turn });
    }

    /// The end of a boot or of a drain.
    pub(crate) fn member_event(&mut self, group: u16, member: u32, turn: u32) {
        let m = &self.fleet(group).members[member as usize];
        if m.turn != turn {
            return;
        }
        match m.standing {
            Standing::Booting(_) => self.member_up(group, member),
            Standing::Draining => {
                let crew = self.crew_of(group, member);
                self.end_inside(crew, None, Kind::Unavailable);
                self.drop_sessions(crew, None);
                self.member_off(group, member);
            }
            Standing::Off | Standing::Up => {}
        }
    }

    /// Whatever was inside is gone.
    pub(crate) fn member_off(&mut self, group: u16, member: u32) {
        if self.fleet(group).members[member as usize].standing == Standing::Off {
            return;
        }
        self.stand(group, member, Standing::Off);
        self.workers_mode(group, member, Mode::Off);
        self.base_memory(group, member, -1.0);
        let instance = self.instance_of(group, member);
        self.instance_up(instance);
        for station in 0..self.places.len() as u32 {
            let spec = &self.program.stations[station as usize];
            if spec.instance == Some(instance) && matches!(spec.kind, StationKind::Tokens(_)) {
                self.close_pool(station);
            }
        }
    }

    /// All workers of a member begin anew in this mode.
    fn workers_mode(&mut self, group: u16, member: u32, mode: Mode) {
        let crew = self.crew_of(group, member);
        self.restart_workers(crew, mode);
    }

    /// What the processes of a member use when nothing runs, added or taken away.
    fn base_memory(&mut self, group: u16, member: u32, sign: f64) {
        let instance = self.instance_of(group, member);
        let Some(memory) = self.program.instances[instance.index()].memory else { return };
        let StationKind::Memory(spec) = &self.program.stations[memory.index()].kind else { return };
        let now = self.now;
        if let Moving::Memory(level) = &mut self.places[memory.index()].moving {
            level.add(now, sign * spec.base);
        }
    }

    /// Nothing is left on the workers of an instance that somebody watches.
    pub(crate) fn instance_empty(&mut self, crew: u32) {
        let Some(instance) = self.program.stations[crew as usize].instance else { return };
        let Some((group, member)) = self.member(instance) else { return };
        if self.fleet(group).members[member as usize].standing == Standing::Draining {
            return self.member_off(group, member);
        }
        self.empty_at(group);
    }

    /// Whether no request and no session is at an instance.
    fn is_empty(&mut self, crew: u32) -> bool {
        let crew = self.crew(crew);
        crew.occupied == 0 && crew.queue.len == 0
    }

    fn is_idle(&mut self, group: u16) -> bool {
        let count = self.program.groups[usize::from(group)].count;
        (0..count).all(|member| {
            let crew = self.crew_of(group, member);
            self.is_empty(crew)
        })
    }

    /// If the whole group is empty now, and its controller lets it go, the time begins after which
    /// it does.
    fn empty_at(&mut self, group: u16) {
        let Some(scaling) = self.program.groups[usize::from(group)].scaling else { return };
        let idle_after = self.program.scalings[usize::from(scaling)].idle_after_ns;
        let Some(idle_after) = idle_after else { return };
        if !self.is_idle(group) {
            return;
        }
        let now = self.now;
        let fleet = self.fleet(group);
        fleet.idle_since = now;
        if !fleet.idle_armed {
            fleet.idle_armed = true;
            self.act_at(now.saturating_add(idle_after), Act::Idle { group });
        }
    }

    /// The time that a controller waits for an empty group is over, unless it was not empty all the
    /// while.
    pub(crate) fn idle_event(&mut self, group: u16) {
        let Some(scaling) = self.program.groups[usize::from(group)].scaling else { return };
        let idle_after = self.program.scalings[usize::from(scaling)].idle_after_ns;
        let is_idle = self.is_idle(group);
        let now = self.now;
        let fleet = self.fleet(group);
        fleet.idle_armed = false;
        if !is_idle {
            return;
        }
        let due = fleet.idle_since.saturating_add(idle_after.unwrap_or(Time::MAX));
        if now < due {
            fleet.idle_armed = true;
            return self.act_at(due, Act::Idle { group });
        }
        let up = |s: Standing| s == Standing::Up;
        if fleet.find(false, up).is_some() {
            fleet.downs += 1;
        }
        while let Some(member) = self.fleet(group).find(false, up) {
            self.member_off(group, member);
        }
    }

    /// An instance that died while it drained does not come back.
    pub(crate) fn gone_for_good(&mut self, instance: InstanceId) {
        let Some((group, member)) = self.member(instance) else { return };
        if self.fleet(group).members[member as usize].standing == Standing::Draining {
            self.member_off(group, member);
        }
    }
}
