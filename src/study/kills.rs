//! Instances that die of a full memory: each death fails all that is inside, and what arrives while it
//! boots. No more of any other resource helps, and the mean of its memory looks harmless.

use crate::program::{Catalogue, Program};
use crate::verdict::brief_s;

use super::replicate::Run;

/// A service whose memory kills it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kills {
    /// Its name.
    pub service: String,
    /// Deaths of its instances in all replications together.
    pub count: u64,
    /// Mean time between two of them, in seconds.
    pub every_s: f64,
}

impl Kills {
    /// `a full memory kills app 92 times in these runs, every 5.2 s`.
    pub fn says(&self) -> String {
        let Self { service, count, every_s } = self;
        match count {
            1 => format!("a full memory kills {service} once in these runs"),
            n => format!(
                "a full memory kills {service} {n} times in these runs, every {}",
                brief_s(*every_s)
            ),
        }
    }
}

/// Services that their memory kills, the most frequent first.
pub fn kills(program: &Program, catalogue: &Catalogue, run: &Run) -> Vec<Kills> {
    let time_s: f64 = run.replications.iter().map(|replication| replication.time_s).sum();
    let mut counts = vec![0_u64; catalogue.components.len()];
    for (i, instance) in program.instances.iter().enumerate() {
        let of = run.replications.iter().map(|r| r.instances[i].memory_kills).sum::<u64>();
        if let Some(count) = counts.get_mut(instance.owner.index()) {
            *count += of;
        }
    }
    let named = counts.into_iter().zip(&catalogue.components).filter(|(count, _)| *count > 0);
    let mut all: Vec<Kills> = named
        .map(|(count, component)| Kills {
            service: component.name.clone(),
            count,
            every_s: time_s / count as f64,
        })
        .collect();
    all.sort_by_key(|kills| std::cmp::Reverse(kills.count));
    all
}
