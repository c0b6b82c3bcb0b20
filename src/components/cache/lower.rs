//! What a cache is lowered to: a node's memory and thread, families of keys, a pool per client.

use crate::dist::Distribution;
use crate::program::{
    Counter, Family, FamilyId, Gauge, Measure, Node, NodeId, Op, Quantity, StationId, StationKind,
    Target, Tokens, site,
};

use super::super::client::{Call, nanoseconds};
use super::super::cost::Basis;
use super::super::lower::{At, Lower, Own, Row};
use super::super::metrics::Resource;
use super::{Action, Policies, Spec, Verb};

/// The stations of a cache.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    /// The single thread of the node.
    thread: Option<StationId>,
    pools: Vec<(Option<usize>, Row)>,
    families: Vec<FamilyId>,
}

impl Spec {
    /// Builds the node, its families of keys and a pool per client service.
    pub(crate) fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
        lower.component_metrics(own);
        let system = lower.system;
        let priority = system.has_priorities();
        let node = lower.builder.node(Node {
            owner: own.id(),
            limit_bytes: self.limit.unwrap_or(f64::INFINITY),
            max_keys: self.max_keys.unwrap_or(u64::MAX),
            evict_at: self.evict_at,
            eviction: self.eviction,
        });
        let families = self.keys.iter().map(|keys| {
            let path = site(own.path, &keys.name);
            let size = lower.builder.draw(keys.size.clone(), site(path, "size"), 1.0);
            lower.builder.family(Family {
                owner: own.id(),
                node,
                population: keys.population,
                zipf: keys.zipf,
                size,
                ttl_ns: keys.ttl_s.map(nanoseconds),
                renew_on_access: keys.renew_on_access,
                single_flight: keys.single_flight,
                stated: keys.hit_ratio,
                site: path,
                lookup_rate_per_s: 0.0,
            })
        });
        let families: Vec<_> = families.collect();
        let thread = self
            .operation
            .as_ref()
            .map(|_| lower.station(own, StationKind::Tokens(Tokens::fifo(1))));
        let mut pools = Vec::new();
        for &service in system.clients_of(own.index) {
            if let Some(pool) = &self.pool {
                let parts = lower.parts;
                let pool = service
                    .map_or_else(|| pool.clone(), |s| parts[s].spec.pool_over(pool, own.index));
                let tokens = pool.tokens(lower, own, None, priority);
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
        if let Some(thread) = thread {
            let unit = "thread";
            lower.resource(own, Resource { unit, ..Resource::tokens("operations", vec![thread]) });
        }
        self.register(own, lower, node, &families);
        lower.price(own, "nodes", Basis::Provisioned { units: 1 });
        Built { thread, pools, families }
    }

    fn register(&self, own: &Own<'_>, lower: &mut Lower<'_>, node: NodeId, families: &[FamilyId]) {
        let name = |metric: &str| format!("{}.{metric}", own.name);
        let hits = |of: &[FamilyId]| {
            let hits = of.iter().copied().map(Counter::Hits).collect();
            Measure::Share(hits, of.iter().copied().map(Counter::Lookups).collect())
        };
        lower.metric(name("hit_ratio"), Quantity::Ratio, hits(families));
        for (keys, family) in self.keys.iter().zip(families) {
            let name = format!("{}.{}.hit_ratio", own.name, keys.name);
            lower.metric(name, Quantity::Ratio, hits(&[*family]));
        }
        let evictions = Measure::Rate(vec![Counter::Evictions(node)]);
        lower.metric(name("evictions.rate"), Quantity::Rate, evictions);
        let level = |of: Gauge, per: Vec<Gauge>| Measure::Level { of: vec![of], per };
        lower.metric(name("keys"), Quantity::Count, level(Gauge::Keys(node), Vec::new()));
        let bytes = Gauge::CacheBytes(node);
        lower.metric(name("memory.busy"), Quantity::Bytes, level(bytes, Vec::new()));
        if let Some(limit) = self.limit {
            let limit = Gauge::Constant(limit);
            lower.metric(name("memory.size"), Quantity::Bytes, level(limit, Vec::new()));
            lower.metric(name("memory.utilization"), Quantity::Ratio, level(bytes, vec![limit]));
        }
    }

    /// A connection of the pool, which a `hold` block or a `take` step takes.
    pub(crate) fn unit(lower: &Lower<'_>, at: &At, own: usize) -> Option<Target> {
        let built = lower.cache(own);
        let pool = built.pools.iter().find(|p| p.0 == at.service())?;
        Some(pool.1.target(at.worker))
    }
}

impl Action {
    /// Writes a `get`, `put` or `delete`.
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies) {
        let family = lower.cache(self.cache).families[self.family];
        match &self.verb {
            Verb::Get { miss } => {
                let mut at = at.clone();
                let key = at.scope.locals(1);
                self.access(lower, &at, policies, None);
                let (missed, end) = (lower.builder.label(), lower.builder.label());
                lower.op(&at, Op::Lookup { family, key, miss: missed.pc() });
                lower.op(&at, Op::Jump(end.pc()));
                lower.builder.place(missed);
                if let Some(block) = miss {
                    let system = lower.system;
                    system.block(lower, &at.step("miss"), *block);
                }
                self.access(lower, &at.step("fill"), policies, Some(Op::Fill { family, key }));
                lower.builder.place(end);
            }
            Verb::Put => self.access(lower, at, policies, Some(Op::Put { family })),
            Verb::Delete { whole } => {
                self.access(lower, at, policies, Some(Op::Delete { family, whole: *whole }));
            }
        }
    }

    /// A round trip to the node.
    fn access(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies, effect: Option<Op>) {
        let own = self.cache;
        lower.call(at, own, policies, Call::default(), &mut |lower, at| {
            let built = lower.cache(own).clone();
            let pool = built.pools.iter().find(|p| p.0 == at.service()).map(|p| p.1);
            let held = at.held(own, super::super::lower::Since::Block).is_some();
            let target = pool.filter(|_| !held).map(|p| p.target(at.worker));
            lower.holding(at, target, &mut |lower, at| {
                lower.boundary(at, Some(own), &mut |lower, at| {
                    let parts = lower.parts;
                    let operation: Option<&Distribution> = parts[own].spec.operation();
                    if let (Some(thread), Some(operation)) = (built.thread, operation) {
                        let time = lower.draw(at, "operation", operation, 1.0);
                        lower.op(at, Op::Serve { at: Target::fixed(thread), time });
                    }
                    lower.delay(at, "latency", parts[own].common.latency.as_ref(), own);
                    if let Some(effect) = effect {
                        lower.op(at, effect);
                    }
                });
            });
        });
    }
}
