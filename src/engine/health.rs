//! Health checks of a balancer: until they find it, a dead member gets its share.
//!
//! A member answers while its instance is alive and one of its workers takes work. A check without
//! an answer fails when its patience is over.

use super::control::Act;
use super::fleet::Standing;
use super::world::World;
use crate::program::Health;
use crate::rng::{Stream, combine};

const PHASE: u64 = 0x6865_616c_7468;

impl World<'_> {
    /// Each member is checked at a time of its own.
    pub(crate) fn start_checks(&mut self) {
        for (group, spec) in self.program.groups.iter().enumerate() {
            let Some(health) = spec.health else { continue };
            for member in 0..spec.count {
                let key = combine(self.key, combine(group as u64, u64::from(member)));
                let phase = Stream::at(key, PHASE).below(health.every_ns.max(1));
                self.act_at(phase, Act::Check { group: group as u16, member });
            }
        }
    }

    fn health(&self, group: u16) -> Health {
        self.program.groups[usize::from(group)].health.expect("only checked groups have checks")
    }

    /// A member is asked.
    pub(crate) fn check_event(&mut self, group: u16, member: u32) {
        let health = self.health(group);
        self.act_at(self.now + health.every_ns, Act::Check { group, member });
        if self.fleet(group).members[member as usize].standing != Standing::Up {
            return; // not there yet, or on its way out
        }
        let crew = self.crew_of(group, member);
        if self.answers(crew) {
            self.note_check(group, member, true);
        } else {
            self.act_at(self.now + health.timeout_ns, Act::NoAnswer { group, member });
        }
    }

    pub(crate) fn no_answer(&mut self, group: u16, member: u32) {
        if self.fleet(group).members[member as usize].standing == Standing::Up {
            self.note_check(group, member, false);
        }
    }

    fn note_check(&mut self, group: u16, member: u32, answered: bool) {
        let health = self.health(group);
        let fleet = self.fleet(group);
        let m = &mut fleet.members[member as usize];
        if answered == m.healthy {
            m.against = 0;
            return;
        }
        m.against += 1;
        if m.against >= if answered { health.up_after } else { health.down_after } {
            m.healthy = answered;
            m.against = 0;
            fleet.muster();
        }
    }
}
