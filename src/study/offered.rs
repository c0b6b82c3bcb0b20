//! How many requests per second a program's sources would send, before anything has run.

use crate::analytic::supply::present;
use crate::program::{Program, SourceKind};

/// Requests per second over the long run, when no client has to wait: the mean rate of open sources,
/// sessions times their messages, clients over their think time. An upper bound for clients, who
/// also wait for answers; infinite when they do not think.
pub fn offered_per_s(program: &Program) -> f64 {
    let mean = |id: crate::program::DistId| program.dists[id.index()].mean();
    let offered = program.sources.iter().map(|source| match &source.kind {
        SourceKind::Open { curve, batch, .. } => curve.mean_rate() * batch.map_or(1.0, mean),
        SourceKind::Closed { clients, think, .. } => f64::from(*clients) / think.map_or(0.0, mean),
        SourceKind::Sessions(sessions) => {
            let messages = sessions.streams.iter().filter(|stream| stream.entry.is_some());
            let each: f64 = messages
                .map(|stream| 1.0 / mean(stream.every))
                .chain(sessions.dialogue.map(|(think, _)| 1.0 / mean(think)))
                .sum();
            if each > 0.0 { present(program, sessions) * each } else { 0.0 }
        }
    });
    offered.fold(0.0, std::ops::Add::add)
}

/// Messages per second that sessions are sent and that are no requests: work without an answer.
pub(super) fn pushed_per_s(program: &Program) -> f64 {
    let sessions = program.sources.iter().filter_map(|source| match &source.kind {
        SourceKind::Sessions(sessions) => Some(sessions),
        _ => None,
    });
    sessions
        .map(|sessions| {
            let pushes = sessions.streams.iter().filter(|stream| stream.entry.is_none());
            let each: f64 =
                pushes.map(|stream| 1.0 / program.dists[stream.every.index()].mean()).sum();
            if each > 0.0 { present(program, sessions) * each } else { 0.0 }
        })
        .sum()
}

/// Clients (and sessions in a dialogue) that wait for an answer before they send again. With any,
/// [`offered_per_s`] is only an upper bound.
pub(super) fn waiting_clients(program: &Program) -> u64 {
    let clients = program.sources.iter().map(|source| match &source.kind {
        SourceKind::Closed { clients, .. } => f64::from(*clients),
        SourceKind::Sessions(sessions) if sessions.dialogue.is_some() => {
            present(program, sessions).clamp(1.0, 1e9)
        }
        SourceKind::Open { .. } | SourceKind::Sessions(_) => 0.0,
    });
    clients.sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::program::{Builder, Curve, Sessions, Source, Stream as Messages, Supply};

    fn program(kind: impl FnOnce(&mut Builder) -> SourceKind) -> Program {
        let mut builder = Builder::new();
        let kind = kind(&mut builder);
        builder.source(Source { kind, site: 1 });
        builder.finish()
    }

    fn rate(kind: impl FnOnce(&mut Builder) -> SourceKind) -> f64 {
        offered_per_s(&program(kind))
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
        let talk = program(|b| {
            let every = b.dist(Distribution::Constant(0.5));
            let length = Some(b.dist(Distribution::Constant(60.0)));
            let message = |entry| Messages { every, constant_ns: None, entry, push: None, site: 1 };
            SourceKind::Sessions(Sessions {
                length,
                streams: vec![message(Some(0)), message(None)],
                ..sessions(Supply::Arrivals(Curve::Constant(2.0)))
            })
        });
        assert_eq!((offered_per_s(&talk), pushed_per_s(&talk)), (240.0, 240.0));
        assert_eq!(rate(|_| SourceKind::Sessions(sessions(Supply::Constant(7)))), 0.0);
    }
}
