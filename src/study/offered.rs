//! How many requests per second a program's sources would send, before anything has run.

use crate::program::{Program, SourceKind, Supply};

/// Requests per second over the long run, when no client has to wait: the mean rate of open sources,
/// sessions times their messages, clients over their think time. An upper bound for clients, who
/// also wait for answers; infinite when they do not think.
pub fn offered_per_s(program: &Program) -> f64 {
    let mean = |id: crate::program::DistId| program.dists[id.index()].mean();
    program
        .sources
        .iter()
        .map(|source| match &source.kind {
            SourceKind::Open { curve, batch, .. } => curve.mean_rate() * batch.map_or(1.0, mean),
            SourceKind::Closed { clients, think, .. } => {
                f64::from(*clients) / think.map_or(0.0, mean)
            }
            SourceKind::Sessions(sessions) => {
                let present = match &sessions.supply {
                    Supply::Constant(n) => f64::from(*n),
                    Supply::Arrivals(curve) => {
                        curve.mean_rate() * sessions.length.map_or(f64::INFINITY, mean)
                    }
                };
                let present = present.min(sessions.cap.map_or(f64::INFINITY, f64::from));
                let each: f64 = sessions
                    .streams
                    .iter()
                    .filter(|stream| stream.entry.is_some())
                    .map(|stream| 1.0 / mean(stream.every))
                    .chain(sessions.dialogue.map(|(think, _)| 1.0 / mean(think)))
                    .sum();
                if each > 0.0 { present * each } else { 0.0 }
            }
        })
        .sum()
}

/// Whether some client waits for its answer before it sends again, so that [`offered_per_s`] is
/// only an upper bound.
pub(super) fn waits_for_answers(program: &Program) -> bool {
    program.sources.iter().any(|source| match &source.kind {
        SourceKind::Open { .. } => false,
        SourceKind::Closed { .. } => true,
        SourceKind::Sessions(sessions) => sessions.dialogue.is_some(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::program::{Builder, Curve, Sessions, Source, Stream as Messages};

    fn rate(kind: impl FnOnce(&mut Builder) -> SourceKind) -> f64 {
        let mut builder = Builder::new();
        let kind = kind(&mut builder);
        builder.source(Source { kind, site: 1 });
        offered_per_s(&builder.finish())
    }

    fn sessions(supply: Supply) -> Sessions {
        Sessions {
            supply,
            length: None,
            connects_to: None,
            streams: Vec::new(),
            dialogue: None,
            cap: None,
            reconnect: None,
            place: None,
        }
    }

    #[test]
    fn each_kind_of_source_offers_its_rate() {
        let open = rate(|b| {
            let batch = Some(b.dist(Distribution::Constant(3.0)));
            SourceKind::Open { curve: Curve::Constant(5.0), gaps: None, batch, entry: 0 }
        });
        assert_eq!(open, 15.0);
        let closed = rate(|b| {
            let think = Some(b.dist(Distribution::Exponential { mean: 8.0 }));
            SourceKind::Closed { clients: 400, think, entry: 0 }
        });
        assert_eq!(closed, 50.0);
        assert!(rate(|_| SourceKind::Closed { clients: 1, think: None, entry: 0 }).is_infinite());
        let sent = rate(|b| {
            let every = b.dist(Distribution::Constant(0.5));
            let length = Some(b.dist(Distribution::Constant(60.0)));
            let message = |entry| Messages { every, constant_ns: None, entry, push: None, site: 1 };
            SourceKind::Sessions(Sessions {
                length,
                streams: vec![message(Some(0)), message(None)],
                ..sessions(Supply::Arrivals(Curve::Constant(2.0)))
            })
        });
        assert_eq!(sent, 240.0);
        assert_eq!(rate(|_| SourceKind::Sessions(sessions(Supply::Constant(7)))), 0.0);
    }
}
