//! Why theory is silent, in sentences with names.

use crate::analytic::solution::Obstacle;
use crate::program::{Catalogue, ComponentId, StationId};

/// The name that a station's row goes by: that of its resource, else of its component.
pub(super) fn station(catalogue: &Catalogue, owner: ComponentId, station: StationId) -> String {
    let view = catalogue.resources.iter().find(|r| r.stations.contains(&station));
    view.map_or_else(|| component(catalogue, owner), |view| view.name.clone())
}

/// The name of a component.
pub(super) fn component(catalogue: &Catalogue, id: ComponentId) -> String {
    catalogue.components.get(id.index()).map_or_else(|| "?".to_owned(), |c| c.name.clone())
}

/// One sentence on an obstacle; `at` names a station.
pub(super) fn obstacle(
    catalogue: &Catalogue,
    at: &dyn Fn(StationId) -> String,
    obstacle: &Obstacle,
) -> String {
    let source = |number: usize| catalogue.sources.get(number).map_or("?", String::as_str);
    let owner = |id: &Option<ComponentId>| {
        id.map_or_else(|| "the client".to_owned(), |id| component(catalogue, id))
    };
    match obstacle {
        Obstacle::Varying { source: s } => format!(
            "{}: its rate follows the clock; utilizations are of its mean, and peaks are not seen",
            source(*s)
        ),
        Obstacle::Clocks { source: s } => format!(
            "{}: many clocks or sessions that come and go, taken for a Poisson stream of their mean",
            source(*s)
        ),
        Obstacle::Timeout { source: s, owner: by } => format!(
            "{}: {} may give up (timeout); the work that is lost or repeated then is left out",
            source(*s),
            owner(by)
        ),
        Obstacle::Breaker { owner: by } => {
            format!(
                "{}: breakers and retry budgets follow what they saw; they are left out",
                owner(by)
            )
        }
        Obstacle::Parallel { source: s } => format!(
            "{}: steps side by side; what they and the steps after them see depends on each other",
            source(*s)
        ),
        Obstacle::Cache { owner: by } => format!(
            "{}: a miss depends on earlier requests; its hit ratio is a mean, its misses no Poisson stream",
            component(catalogue, *by)
        ),
        Obstacle::Overflow { station: s } => {
            format!("{}: connections that open on demand cost more than said here", at(*s))
        }
        Obstacle::Recycle { station: s } => {
            format!("{}: restarts of workers take capacity away for a while; left out", at(*s))
        }
        Obstacle::Memory { station: s } => {
            format!("{}: what happens when the memory is full is left out", at(*s))
        }
        Obstacle::Balancer { station: s } => format!(
            "{}: its balancer looks at the members; each is taken as if chosen at random",
            at(*s)
        ),
        Obstacle::Absent { station: s } => format!(
            "{}: its servers break, are set up first or go round queues; taken as always there",
            at(*s)
        ),
        Obstacle::Breaks { owner: by } => {
            format!("{}: it is down at times; taken as always up", component(catalogue, *by))
        }
        Obstacle::Changing { station: s } => format!(
            "{}: instances come and go; all numbers are of those that it begins with",
            at(*s)
        ),
        Obstacle::Door { source: s } => {
            format!("{}: a door refuses by what it reads; taken as always open", source(*s))
        }
        Obstacle::Holder { station: s } => format!(
            "{}: held while its holders wait for something else; such layers have no exact law",
            at(*s)
        ),
        Obstacle::Input { station: s } => {
            format!("{}: what comes from the queues before it is no Poisson stream", at(*s))
        }
        Obstacle::Service { station: s } => format!(
            "{}: no law here knows its arrivals and service times with that many servers",
            at(*s)
        ),
        Obstacle::Overload { station: s } => {
            format!("{}: asked for more than it can do; its queue grows without end", at(*s))
        }
        Obstacle::Loses { station: s } => {
            format!("{}: what it sends away comes again or goes elsewhere; left out", at(*s))
        }
        Obstacle::Discipline { station: s } => {
            format!("{}: no law here knows in which order, or how, it serves", at(*s))
        }
        Obstacle::Clients { source: s } => {
            format!("{}: too many clients for the exact recursion; bounds only", source(*s))
        }
    }
}
