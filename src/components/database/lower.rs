//! What a database is lowered to: pools at the callers' side, connections and cores at the server's.

use crate::program::{ComponentId, Kind, Op, Processor, StationId, StationKind, Target, Tokens};

use super::super::client::Call;
use super::super::cost::Basis;
use super::super::lower::{At, Lower, Own, Row, Since};
use super::super::metrics::Resource;
use super::super::pool::Pool;
use super::{Action, Spec};

/// The stations of a database.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    server: Option<StationId>,
    cores: Option<StationId>,
    pools: Vec<(Option<usize>, Row)>,
}

impl Built {
    fn pool(&self, service: Option<usize>) -> Option<Row> {
        self.pools.iter().find(|p| p.0 == service).map(|p| p.1)
    }
}

impl Spec {
    /// The pool as one service has it.
    pub(crate) fn pool_of(
        &self,
        lower: &Lower<'_>,
        own: usize,
        service: Option<usize>,
    ) -> Option<Pool> {
        let pool = self.pool.as_ref()?;
        Some(service.map_or_else(|| pool.clone(), |s| lower.parts[s].spec.pool_over(pool, own)))
    }

    /// Builds the server and a pool per client service.
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let system = lower.system;
        let priority = system.has_priorities();
        let server = self.max_connections.map(|capacity| {
            let tokens = Tokens {
                places: 0,
                full_kind: Kind::TooManyConnections.id(),
                ..Tokens::fifo(capacity)
            };
            lower.station(own, StationKind::Tokens(tokens))
        });
        let cores = self.cores.filter(|_| self.cpu_share > 0.0).map(|cores| {
            let cores = Processor {
                cores: f64::from(cores),
                job_cap: 1.0,
                group_cap: f64::INFINITY,
                groups: 1,
            };
            lower.station(own, StationKind::Processor(cores))
        });
        let mut pools = Vec::new();
        for &service in system.clients_of(own.index) {
            if let Some(pool) = self.pool_of(lower, own.index, service) {
                let tokens = pool.tokens(lower, own, server, priority);
                pools.push((
                    service,
                    lower.row(own, pool.per, service, &StationKind::Tokens(tokens)),
                ));
            }
        }
        let stations: Vec<_> = pools.iter().flat_map(|p| p.1.stations()).collect();
        if !stations.is_empty() {
            lower.resource(
                own,
                Resource {
                    sized_by: Some(own.at("pool.size")),
                    unit: "connection",
                    ..Resource::tokens("pool", stations)
                },
            );
        }
        if let Some(server) = server {
            lower.resource(
                own,
                Resource {
                    sized_by: Some(own.at("max_connections")),
                    unit: "connection",
                    ..Resource::tokens("connections", vec![server])
                },
            );
        }
        if let Some(cores) = cores {
            let sized_by = Some(own.at("cores"));
            lower.resource(own, Resource { sized_by, ..Resource::shared("cpu", vec![cores]) });
        }
        lower.price(own, "instances", Basis::Provisioned { units: 1 });
        Built { server, cores, pools }
    }

    /// The connections that a `hold` block or a `take` step takes one of.
    pub(crate) fn unit(lower: &Lower<'_>, at: &At, own: usize) -> Option<Target> {
        let built = lower.database(own);
        let pool = built.pool(at.service()).map(|pool| pool.target(at.worker));
        pool.or(built.server.map(Target::fixed))
    }
}

impl Action {
    /// Writes one statement.
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &super::Policies) {
        let own = self.database;
        lower.call(at, own, policies, Call::default(), &mut |lower, at| {
            let built = lower.database(own).clone();
            let pool = built.pool(at.service());
            if at.held(own, Since::Block).is_some() {
                return self.run(lower, at, &built, None);
            }
            let once = at.held(own, Since::FirstUse).or_else(|| at.held(own, Since::Take));
            match (pool, once) {
                (Some(pool), Some(slot)) => {
                    lower.op(at, Op::Seize { at: pool.target(at.worker), slot, once: true });
                    self.run(lower, at, &built, None);
                }
                (Some(pool), None) => {
                    lower.holding(at, Some(pool.target(at.worker)), &mut |lower, at| {
                        self.run(lower, at, &built, None);
                    });
                }
                (None, _) => self.run(lower, at, &built, built.server),
            }
        });
    }

    fn run(&self, lower: &mut Lower<'_>, at: &At, built: &Built, server: Option<StationId>) {
        let own = self.database;
        let owner = ComponentId(own as u16);
        lower.boundary(at, Some(own), &mut |lower, at| {
            lower.holding(at, server.map(Target::fixed), &mut |lower, at| {
                let parts = lower.parts;
                lower.delay(at, "latency", parts[own].common.latency.as_ref(), own);
                let share = built.cores.map_or(0.0, |_| lower.parts[own].spec.cpu_share());
                if let (Some(cores), true) = (built.cores, share > 0.0) {
                    let work = lower.draw(at, "time", &self.time, share);
                    lower.op(at, Op::Process { at: Target::fixed(cores), work, group: None });
                }
                if share < 1.0 {
                    let time = lower.draw(at, "time", &self.time, 1.0 - share);
                    lower.op(at, Op::Delay { time, owner });
                }
            });
        });
    }
}
