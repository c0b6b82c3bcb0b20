//! Components: what people name in a profile, one file each, with its form, its checks, its lowering
//! to stations and steps, its metrics and its price.
//!
//! The registry at the end of this file is closed: a new component is a file and one line there.

mod cache;
mod cdn;
mod client;
mod common;
mod cost;
mod database;
mod decode;
mod external;
mod failures;
mod limiter;
mod link;
mod lower;
mod metrics;
mod policy;
mod pool;
mod service;
mod station;
mod steps;
mod written;

pub use cost::{Basis, CostItem};

pub(crate) use client::Call;
pub(crate) use common::{Common, field};
pub(crate) use decode::{Decode, Names, Steps, nearest, nonzero, type_of};
pub(crate) use external::CALL;
pub(crate) use lower::{At, Block, Held, Lower, Own, Since, System, Uses};
pub(crate) use policy::{Around, FALLBACK, Policies, RETRY, TIMEOUT};
pub(crate) use service::{Entry, Rules};
pub(crate) use steps::{BLOCKING, SHARE};
pub(crate) use written::Written;

use crate::dist::Distribution;
use crate::program::{GroupId, Target};
use crate::source::{Fields, Place, Shape, Table};

use pool::Pool;

/// A component of a profile.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: String,
    /// Where it is written.
    pub(crate) place: Place,
    /// What is its own.
    pub(crate) spec: Spec,
    /// What all components have.
    pub(crate) common: Common,
}

/// A type of component.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its word.
    pub(crate) word: &'static str,
    /// Its keys; `None` for a type that the language has and this version does not.
    pub(crate) table: Option<&'static Table>,
    /// The steps that it owns.
    pub(crate) verbs: Verbs,
    decode: fn(&Decode<'_>, &Fields<'_>) -> Option<Spec>,
}

/// The steps that a type of component owns.
pub(crate) type Verbs = &'static [VerbOf];

/// A step that a type of component owns.
#[derive(Debug)]
pub(crate) struct VerbOf {
    /// Its word, the key that names the component.
    pub(crate) word: &'static str,
    /// Its keys.
    pub(crate) table: &'static Table,
    /// Decodes it; the component is known to be of this type.
    pub(crate) decode: fn(&Decode<'_>, &Fields<'_>, usize) -> Option<Action>,
}

impl Kind {
    /// Decodes a component of this type.
    pub(crate) fn decode(&self, decode: &Decode<'_>, fields: &Fields<'_>) -> Option<Spec> {
        (self.decode)(decode, fields)
    }
}

/// The type of this word.
pub(crate) fn kind_of(word: &str) -> Option<&'static Kind> {
    KINDS.iter().chain(NOT_YET).find(|kind| kind.word == word)
}

/// All types and what the language has but this version has not.
pub(crate) fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().chain(NOT_YET)
}

/// Types of the language that this version does not have.
static NOT_YET: &[Kind] = &[
    Kind { word: "queue", table: None, verbs: &[], decode: |_, _| None },
    Kind { word: "object_store", table: None, verbs: &[], decode: |_, _| None },
];

/// Builds the stations of all components, in the order of the registry: what others refer to
/// (services) comes first.
pub(crate) fn build(lower: &mut Lower<'_>) {
    let parts = lower.parts;
    for kind in KINDS {
        for (i, part) in parts.iter().enumerate() {
            if std::ptr::eq(part.spec.kind(), kind) {
                let own = lower.own(i);
                let built = part.spec.build(&own, lower);
                let station = match &built {
                    Built::Station(station) => Some(station.station()),
                    _ => None,
                };
                lower.built[i] = Some(built);
                lower.build_failures(&own, station);
                lower.build_client(&own, &part.common.client);
                lower.usage_prices(&own);
            }
        }
    }
}

/// Writes the way of a request through what stands in front of an endpoint, in order.
pub(crate) fn via(
    lower: &mut Lower<'_>,
    at: &At,
    passes: &[usize],
    rest: &mut dyn FnMut(&mut Lower<'_>, &At),
) {
    let Some((first, others)) = passes.split_first() else { return rest(lower, at) };
    let parts = lower.parts;
    let at = at.step(&parts[*first].name);
    let mut next = |lower: &mut Lower<'_>, at: &At| via(lower, at, others, rest);
    match parts[*first].spec {
        Spec::Cdn(_) => cdn::via(lower, &at, *first, &mut next),
        Spec::Limiter(_) => limiter::via(lower, &at, *first, &mut next),
        Spec::Link(_) => link::via(lower, &at, *first, &mut next),
        _ => next(lower, &at),
    }
}

/// What stands for a component that could not be read, so that the rest can be checked.
pub(crate) fn stand_in() -> Spec {
    Spec::Station(station::Spec::plain())
}

/// What a component may be, for the schema.
pub(crate) static COMPONENT: Shape = Shape::OneOf(SHAPES);

/// Types that traffic may pass by `via`.
pub(crate) const VIA: &[&str] = &["cdn", "limiter", "link"];

/// Types of which one unit can be held or taken.
pub(crate) const HELD: &[&str] = &["station", "database", "cache"];

impl Spec {
    /// (instances, workers of each) of a service; one of each for anything else.
    pub(crate) fn copies(&self) -> (u32, u32) {
        match self {
            Self::Service(service) => service.copies(),
            _ => (1, 1),
        }
    }

    /// The pool in front of it.
    pub(crate) fn pool(&self) -> Option<&Pool> {
        match self {
            Self::Database(database) => database.pool.as_ref(),
            Self::Cache(cache) => cache.pool.as_ref(),
            _ => None,
        }
    }

    /// What ends a request of this service (or one on its way to it) after a constant time, seconds.
    pub(crate) fn request_limits(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Service(service) => service.request_limits(),
            _ => Vec::new(),
        }
    }

    /// A pool as this service has it.
    pub(crate) fn pool_over(&self, pool: &Pool, component: usize) -> Pool {
        match self {
            Self::Service(service) => service.pool_over(pool, component),
            _ => pool.clone(),
        }
    }

    /// The station of which `hold` and `take` take one unit; `None` when there is no limit.
    pub(crate) fn unit(&self, lower: &Lower<'_>, at: &At, own: usize) -> Option<Target> {
        match self {
            Self::Database(_) => database::Spec::unit(lower, at, own),
            Self::Cache(_) => cache::Spec::unit(lower, at, own),
            Self::Station(spec) => spec.unit(lower, own),
            _ => None,
        }
    }

    /// Why one unit of it cannot be held.
    pub(crate) const fn unholdable(&self) -> Option<&'static str> {
        match self {
            Self::Station(station) => station.unholdable(),
            _ => None,
        }
    }

    fn cpu_share(&self) -> f64 {
        if let Self::Database(database) = self { database.cpu_share } else { 0.0 }
    }

    fn operation(&self) -> Option<&Distribution> {
        if let Self::Cache(cache) = self { cache.operation.as_ref() } else { None }
    }
}

impl Action {
    /// Lists of steps inside it.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        if let Self::Cache(action) = self { action.blocks() } else { Vec::new() }
    }

    /// Whether it does not say how much is used (seconds or bytes).
    pub(crate) const fn lacks_amount(&self) -> bool {
        match self {
            Self::External(action) => action.amount.is_none(),
            _ => false,
        }
    }

    /// The component it uses.
    pub(crate) const fn component(&self) -> usize {
        match self {
            Self::Database(action) => action.database,
            Self::Cache(action) => action.cache,
            Self::External(action) => action.external,
            Self::Station(action) => action.station,
            Self::Link(action) => action.link,
        }
    }

    /// Writes it.
    pub(crate) fn lower(&self, lower: &mut Lower<'_>, at: &At, policies: &Policies) {
        match self {
            Self::Database(action) => action.lower(lower, at, policies),
            Self::Cache(action) => action.lower(lower, at, policies),
            Self::External(action) => action.lower(lower, at, policies),
            Self::Station(action) => action.lower(lower, at, policies),
            Self::Link(action) => action.lower(lower, at, policies),
        }
    }
}

impl Lower<'_> {
    /// The group of a service's instances.
    pub(crate) fn group(&self, service: usize) -> GroupId {
        self.service_of(service).group
    }
}

/// A step that a component owns.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Database(database::Action),
    Cache(cache::Action),
    External(external::Action),
    Station(station::Action),
    Link(link::Action),
}

macro_rules! registry {
    ($($variant:ident $module:ident $built:ident;)*) => {
        /// A component as it is written.
        #[derive(Clone, Debug)]
        #[expect(clippy::large_enum_variant, reason = "a profile has a few, once")]
        pub(crate) enum Spec { $($variant($module::Spec),)* }

        /// What a component was lowered to.
        #[derive(Clone, Debug)]
        pub(crate) enum Built { $($variant($module::Built),)* }

        /// All types.
        static KINDS: &[Kind] = &[$(Kind {
            word: $module::WORD,
            table: Some(&$module::TABLE),
            verbs: $module::VERBS,
            decode: |decode, fields| Some(Spec::$variant($module::decode(decode, fields))),
        },)*];

        static SHAPES: &[Shape] = &[$(Shape::Table(&$module::TABLE),)*];

        impl Spec {
            /// Its type.
            pub(crate) fn kind(&self) -> &'static Kind {
                let word = match self { $(Self::$variant(_) => $module::WORD,)* };
                kind_of(word).expect("every type is registered")
            }

            fn build(&self, own: &Own<'_>, lower: &mut Lower<'_>) -> Built {
                match self { $(Self::$variant(spec) => Built::$variant(spec.build(own, lower)),)* }
            }
        }

        impl Lower<'_> {$(
            fn $built(&self, own: usize) -> &$module::Built {
                match self.built(own) {
                    Built::$variant(built) => built,
                    _ => unreachable!("the type was checked when the step was decoded"),
                }
            }
        )*}
    };
}

registry! {
    Service service service_of;
    Database database database;
    Cache cache cache;
    External external external;
    Station station station_of;
    Cdn cdn cdn;
    Limiter limiter limiter;
    Link link link;
}
