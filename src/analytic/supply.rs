//! Where the requests of a program come from: streams, and how each of them comes.

use crate::dist::{Curve, Distribution};
use crate::program::{Pc, Program, Sessions, SourceKind, Supply};

/// Sessions present over the long run, as far as their cap lets them in; infinite when they come and
/// never end.
pub fn present(program: &Program, sessions: &Sessions) -> f64 {
    let present = match &sessions.supply {
        Supply::Constant(n) => f64::from(*n),
        Supply::Arrivals(curve) => {
            let length = sessions.length.map(|id| program.dists[id.index()].mean());
            curve.mean_rate() * length.unwrap_or(f64::INFINITY)
        }
    };
    present.min(sessions.cap.map_or(f64::INFINITY, f64::from))
}

/// How the requests of a stream come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrivals<'p> {
    /// Poisson, 1/s.
    Poisson(f64),
    /// Independent gaps of this shape (mean 1), 1/s.
    Renewal(f64, &'p Distribution),
    /// Poisson batches, requests per second, of this size.
    Batches(f64, &'p Distribution),
    /// A rate that flips between levels: (rate, mean stay).
    Flipping(&'p [(f64, f64)]),
    /// That many clients that think so long on average.
    Clients(u32, f64),
    /// At this mean rate, in no way that a law knows.
    Other(f64),
}

impl Arrivals<'_> {
    /// Requests per second whatever the system does; 0 of clients.
    pub(super) fn rate_per_s(self) -> f64 {
        match self {
            Self::Poisson(rate)
            | Self::Renewal(rate, _)
            | Self::Batches(rate, _)
            | Self::Other(rate) => rate,
            Self::Flipping(levels) => Curve::Mmpp(levels.to_vec()).mean_rate(),
            Self::Clients(..) => 0.0,
        }
    }
}

/// All streams of requests: (source, first operation, how they come).
pub(super) fn supplies(program: &Program) -> Vec<(usize, Pc, Arrivals<'_>)> {
    let dist = |id: crate::program::DistId| &program.dists[id.index()];
    let mut all = Vec::new();
    for (source, one) in program.sources.iter().enumerate() {
        match &one.kind {
            SourceKind::Open { curve, gaps, batch, entry } => {
                let batch = batch.map(dist).filter(|b| **b != Distribution::Constant(1.0));
                let gaps = gaps.map(dist);
                let supply = match (curve, gaps, batch) {
                    (Curve::Constant(rate), None, None) => Arrivals::Poisson(*rate),
                    (Curve::Constant(rate), Some(gaps), None) => Arrivals::Renewal(*rate, gaps),
                    (Curve::Constant(rate), None, Some(batch)) => {
                        Arrivals::Batches(*rate * batch.mean(), batch)
                    }
                    (Curve::Mmpp(levels), None, None) => Arrivals::Flipping(levels),
                    _ => Arrivals::Other(curve.mean_rate() * batch.map_or(1.0, Distribution::mean)),
                };
                all.push((source, *entry, supply));
            }
            SourceKind::Closed { clients, think, entry } => {
                let think_s = think.map_or(0.0, |id| dist(id).mean());
                all.push((source, *entry, Arrivals::Clients(*clients, think_s)));
            }
            SourceKind::Sessions(sessions) => {
                let active = present(program, sessions);
                for stream in &sessions.streams {
                    let every = dist(stream.every);
                    let rate = active / every.mean();
                    // Sessions that never end, each with exponential gaps, are a Poisson stream.
                    let poisson = sessions.length.is_none()
                        && matches!(every, Distribution::Exponential { .. })
                        && matches!(sessions.supply, Supply::Constant(_));
                    let supply =
                        if poisson { Arrivals::Poisson(rate) } else { Arrivals::Other(rate) };
                    all.extend(stream.entry.map(|entry| (source, entry, supply)));
                }
                if let Some((think, entry)) = sessions.dialogue {
                    let clients = active.ceil().min(f64::from(u32::MAX)) as u32;
                    all.push((source, entry, Arrivals::Clients(clients, dist(think).mean())));
                }
            }
        }
    }
    all
}
