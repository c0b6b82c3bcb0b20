//! Workers that restart take no work while they drain and boot; where that is a material share of the
//! time, a paired run without restarts shows what it costs.

use super::replicate::Run;
use crate::program::{Catalogue, ComponentId, Program, StationKind};

/// Share of the time that workers are away from which on it is material.
const MATERIAL: f64 = 0.01;

/// A service whose workers are away.
#[derive(Clone, Debug)]
pub(super) struct Restarts {
    pub(super) component: ComponentId,
    /// Its name.
    pub(super) name: String,
    /// Mean share of its workers that take no work.
    pub(super) away: f64,
}

/// The service whose workers are away most, of those that restart by count.
pub(super) fn restarts(program: &Program, catalogue: &Catalogue, run: &Run) -> Option<Restarts> {
    let mut sums: Vec<(f64, f64)> = vec![(0.0, 0.0); catalogue.components.len()];
    for (instance, spec) in program.instances.iter().enumerate() {
        let StationKind::Crew(crew) = &program.stations[spec.crew.index()].kind else { continue };
        if crew.recycle.is_none() {
            continue;
        }
        let Some(sum) = sums.get_mut(spec.owner.index()) else { continue };
        for replication in &run.replications {
            sum.0 += replication.instances[instance].available.integral;
            // Workers of an instance that is there, by the places they have.
            let places = replication.stations[spec.crew.index()].size.integral;
            sum.1 += places / f64::from(crew.per_worker);
        }
    }
    let away = |(up, all): (f64, f64)| if all > 0.0 { 1.0 - up / all } else { 0.0 };
    let worst = (0..sums.len()).reduce(|a, b| if away(sums[b]) > away(sums[a]) { b } else { a })?;
    (away(sums[worst]) > MATERIAL).then(|| Restarts {
        component: ComponentId(worst as u16),
        name: catalogue.components[worst].name.clone(),
        away: away(sums[worst]),
    })
}
