//! Which resources may be the bottleneck, before anything is tried: by arithmetic and by what the run
//! measured.

use super::overload::overloads;
use super::replicate::Run;
use crate::analytic;
use crate::program::{Catalogue, Program, ResourceView, StationId, StationKind};

/// One resource as the run left it.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    /// Position in the catalogue's resources.
    pub(super) resource: usize,
    /// Busy share of its units (of a rate limit: passages over its rate).
    pub(super) utilization: f64,
    /// What the open sources ask of its busiest station over that station's size, by arithmetic;
    /// the measured utilization where arithmetic says nothing.
    pub(super) asked: f64,
    /// Seconds that tasks waited for it, per request that arrived. Of shared cores, which keep no
    /// queue: the delay of a shared processor, S·ρ/(1−ρ).
    pub(super) waited_s: f64,
    /// Its part of all that was waited, in 0..1.
    pub(super) wait_share: f64,
    /// Tasks that it sent away or that gave up on it, per request; 0 where that is rare.
    pub(super) lost: f64,
    /// Whether some gave up while they waited for it, for whatever reason.
    pub(super) is_left: bool,
    /// Offered and served per second, where that is more than it can serve: its queue grows, or it
    /// loses part of what is offered.
    pub(super) overload: Option<(f64, f64)>,
}

/// Least utilization, or share of the wait, of what is worth a try.
const WORTH: (f64, f64) = (0.3, 0.02);

/// Losses per request below which they are no reason to try anything.
const RARE: f64 = 1e-3;
/// Least part of what is offered that is lost, and least utilization, of what is too small rather than
/// unlucky.
const LOSING: f64 = 0.01;
const BUSY: f64 = 0.9;
/// At this load there is no steady state: 1, less the rounding of sums.
const SATURATED: f64 = 1.0 - 1e-9;

impl Suspect {
    /// Whether more of it could matter at all.
    pub(super) fn is_worth_a_try(&self) -> bool {
        let (utilization, share) = WORTH;
        self.overload.is_some()
            || self.lost > 0.0
            || self.utilization >= utilization
            || self.wait_share >= share
    }

    /// Whether its queue grows for ever: more is asked of it than it can serve, it is as good as always
    /// busy, and nobody leaves unserved.
    pub(super) fn must_grow(&self) -> bool {
        self.asked >= SATURATED && self.utilization > BUSY && self.lost == 0.0 && !self.is_left
    }

    /// How far beyond its capacity it is asked, 0 when it is not.
    pub(super) fn excess(&self) -> f64 {
        self.overload.map_or(0.0, |(offered, served)| offered / served.max(1e-9))
    }
}

/// Every resource with a size, the most suspicious first: overloaded ones by their excess, then those
/// that lose work, then by the wait for them.
pub(super) fn suspects(program: &Program, catalogue: &Catalogue, run: &Run) -> Vec<Suspect> {
    let requests: u64 =
        run.replications.iter().flat_map(|r| &r.classes).map(|class| class.arrivals).sum();
    let requests = requests.max(1) as f64;
    let offered = analytic::asked(program);
    let rows: Vec<_> = catalogue.resources.iter().map(|r| r.stations.clone()).collect();
    let overloads = overloads(program, &rows, &run.replications, run.confidence);
    let mut all: Vec<Suspect> = Vec::new();
    for (resource, view) in catalogue.resources.iter().enumerate() {
        let known = |s: &Suspect| catalogue.resources[s.resource].stations == view.stations;
        if all.iter().any(known) || !has_size(program, view) {
            continue;
        }
        let measured = Measured::of(program, run, &view.stations);
        let asked = view.stations.iter().filter_map(|s| offered[s.index()]);
        let asked = asked.reduce(f64::max).unwrap_or(measured.utilization);
        let overload = overloads.iter().find(|o| o.row == resource);
        let overload = overload.map(|o| (o.offered_per_s, o.served_per_s));
        all.push(Suspect {
            resource,
            utilization: measured.utilization,
            asked,
            waited_s: measured.waited_s / requests,
            wait_share: 0.0,
            is_left: measured.left > 0,
            lost: if measured.lost > RARE * requests { measured.lost / requests } else { 0.0 },
            overload: overload.or_else(|| measured.losing()),
        });
    }
    let waited: f64 = all.iter().map(|suspect| suspect.waited_s).sum();
    for suspect in &mut all {
        suspect.wait_share = if waited > 0.0 { suspect.waited_s / waited } else { 0.0 };
    }
    let rank = |s: &Suspect| [s.excess(), s.lost, s.waited_s, s.utilization];
    all.sort_by(|a, b| {
        let order = rank(b).into_iter().zip(rank(a)).map(|(b, a)| b.total_cmp(&a));
        order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    all
}

/// Whether a resource has units that can be in use. Memory does not queue: what it does to a run are
/// deaths and refusals, so it counts only when it is limited.
fn has_size(program: &Program, view: &ResourceView) -> bool {
    !view.stations.is_empty()
        && view.stations.iter().all(|s| program.stations[s.index()].size().is_finite())
}

/// Sums over the stations and replications of one resource.
struct Measured {
    time_s: f64,
    served: f64,
    utilization: f64,
    waited_s: f64,
    lost: f64,
    left: u64,
}

impl Measured {
    fn of(program: &Program, run: &Run, stations: &[StationId]) -> Self {
        let (mut busy, mut size, mut waited_s, mut lost, mut served) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut left = 0;
        for (id, replication) in
            stations.iter().flat_map(|id| run.replications.iter().map(move |r| (id, r)))
        {
            let record = &replication.stations[id.index()];
            let station = &program.stations[id.index()];
            lost += (record.refused + record.timeouts) as f64;
            served += record.served as f64;
            left += record.abandoned.count;
            waited_s += record.wait.sum + record.abandoned.sum;
            match station.kind {
                StationKind::Bucket(_) => busy += record.served as f64,
                _ => busy += record.busy.integral,
            }
            size += record.size.integral;
            if let StationKind::Processor(processor) = station.kind {
                let busy = record.busy.integral;
                let share = busy / (processor.cores * replication.time_s).max(1e-12);
                waited_s += busy * share / (1.0 - share).max(0.01);
            }
        }
        let utilization = if size > 0.0 { (busy / size).min(1.0) } else { 0.0 };
        let time_s = run.replications.iter().map(|r| r.time_s).sum();
        Self { time_s, served, utilization, waited_s, lost, left }
    }

    /// Offered and served per second, when a material part is lost at units that are all but always
    /// busy.
    fn losing(&self) -> Option<(f64, f64)> {
        let offered = self.served + self.lost;
        let losing = self.lost > LOSING * offered && self.utilization > BUSY;
        losing.then(|| (offered / self.time_s, self.served / self.time_s))
    }
}
