//! Which member of a group a request or a session is sent to.

use crate::engine::world::World;
use crate::program::{Local, Policy, Target};
use crate::rng::{Stream, combine};

impl World<'_> {
    /// A member of a group, by its policy; `None` when none is known to be alive.
    #[inline]
    pub(crate) fn choose(&mut self, group: u16, id: u32) -> Option<u32> {
        let spec = &self.program.groups[usize::from(group)];
        if spec.policy == Policy::RoundRobin && !spec.changes() {
            return Some(self.next_turn(group, spec.count));
        }
        let key = combine(self.tasks[id].key, u64::from(self.tasks[id].pc));
        self.choose_by(group, key)
    }

    pub(crate) fn choose_by(&mut self, group: u16, key: u64) -> Option<u32> {
        let spec = &self.program.groups[usize::from(group)];
        if spec.changes() {
            return self.choose_among(group, key);
        }
        Some(self.pick(group, key, spec.count, |i| i))
    }

    #[inline]
    fn next_turn(&mut self, group: u16, count: u32) -> u32 {
        let turn = &mut self.turns[usize::from(group)];
        let at = if *turn >= u64::from(count) { 0 } else { *turn };
        *turn = if at + 1 >= u64::from(count) { 0 } else { at + 1 };
        at as u32
    }

    /// One of `count` members by the group's policy; `member` says which of the group's they are.
    pub(crate) fn pick(
        &mut self,
        group: u16,
        key: u64,
        count: u32,
        member: impl Fn(u32) -> u32,
    ) -> u32 {
        if count <= 1 {
            return 0;
        }
        let spec = &self.program.groups[usize::from(group)];
        let mut stream = Stream::new(combine(key, 0x726f_7574_6500 + u64::from(group)));
        let mut load = |i: u32| self.load(spec.first.0 + member(i));
        match spec.policy {
            Policy::RoundRobin => self.next_turn(group, count),
            Policy::Random => stream.below(u64::from(count)) as u32,
            Policy::Choices(2) => {
                let a = stream.below(u64::from(count)) as u32;
                let b = (a + 1 + stream.below(u64::from(count) - 1) as u32) % count;
                let (la, lb) = (load(a), load(b));
                let a_wins = la < lb || (la == lb && stream.word() & 1 == 0);
                if a_wins { a } else { b }
            }
            Policy::Choices(n) if n < count => {
                let mut chosen = [u32::MAX; Policy::MOST_CHOICES as usize];
                for i in 0..n as usize {
                    let mut next = stream.below(u64::from(count)) as u32;
                    while chosen[..i].contains(&next) {
                        next = stream.below(u64::from(count)) as u32;
                    }
                    chosen[i] = next;
                }
                least(chosen.into_iter().take(n as usize), load, &mut stream)
            }
            Policy::LeastConnections | Policy::Choices(_) => least(0..count, load, &mut stream),
        }
    }

    /// Requests waiting and in service at an instance, and its sessions.
    fn load(&mut self, instance: u32) -> u32 {
        let crew = self.program.instances[instance as usize].crew.0;
        let crew = self.crew(crew);
        crew.occupied + crew.queue.len
    }

    /// The local's value as an index, for targets.
    #[inline]
    pub(crate) fn station_of(&self, id: u32, at: Target) -> u32 {
        match at.by {
            None => at.base.0,
            Some(Local(local)) => at.base.0 + self.tasks.local(id, local) as u32,
        }
    }
}

/// The member with the least load, ties at random.
fn least(
    members: impl Iterator<Item = u32>,
    mut load: impl FnMut(u32) -> u32,
    stream: &mut Stream,
) -> u32 {
    let (mut best, mut least, mut ties) = (0, u32::MAX, 0_u64);
    for i in members {
        let load = load(i);
        if load < least {
            (best, least, ties) = (i, load, 1);
        } else if load == least {
            ties += 1;
            if stream.below(ties) == 0 {
                best = i;
            }
        }
    }
    best
}
