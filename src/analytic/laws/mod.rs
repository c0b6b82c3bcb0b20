//! Laws of a single station, one file each: when it applies, where it stands, and what it says.
//!
//! A law is a function from a [`Case`] to values, or to nothing where one of its preconditions does
//! not hold. [`apply`] asks them in turn; the first that applies speaks.

mod breakdown;
mod bucket;
mod constant;
mod erlang_c;
mod finite_room;
mod infinite;
mod loss;
mod modulated;
mod patience;
mod phases;
mod polling;
mod priority;
mod renewal;
mod setup;
mod shared;
mod shortest;
mod single;

use super::network::Service;
use super::solution::{Law, Status, Value, What};
use crate::dist::Distribution;
use crate::program::{Bucket, ClassId};

/// Requests of one class as a station sees them.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// The class.
    pub(super) class: Option<ClassId>,
    /// Level of priority, 0 goes first.
    pub(super) priority: u8,
    /// Arrivals per second.
    pub(super) rate_per_s: f64,
    /// Which queue of a server that goes round several.
    pub(super) queue: usize,
    /// How long a unit is needed.
    pub(super) service: Service,
}

/// How arrivals come to one member of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Feed<'a> {
    /// A Poisson process.
    Poisson,
    /// Every k-th of a Poisson process.
    Turns(u32),
    /// Independent gaps of this shape (mean 1).
    Renewal(&'a Distribution),
    /// Poisson batches of this size.
    Batches(&'a Distribution),
    /// A Poisson process whose rate moves through levels in turn, in proportion to these: (rate, mean
    /// stay in seconds).
    Flipping(&'a [(f64, f64)]),
    /// The shorter of two queues before a Poisson process for both.
    Shorter,
}

/// What a station does with its arrivals.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'a> {
    /// A queue before identical servers, in order of arrival or of priority.
    Queue {
        /// Places to wait; `None` is without limit.
        places: Option<u32>,
        /// How long one waits.
        patience: Option<&'a Distribution>,
        /// Priorities decide, and a higher one interrupts.
        order: Order,
    },
    /// Everybody at once.
    Shared,
    /// A rate limit.
    Limit(&'a Bucket),
    /// A queue without limit before servers that go off as soon as they are idle, and need this time
    /// before they serve again.
    SetUp {
        /// The time.
        time: &'a Distribution,
    },
    /// A queue without limit before servers that are up and down in turn, and resume their work.
    Breaks {
        /// Time up.
        up: &'a Distribution,
        /// Time down.
        down: &'a Distribution,
        /// Each by itself, else all of them together.
        each: bool,
    },
    /// One server that goes round so many queues without limit.
    Rounds {
        /// Time of the way to the next.
        switchover: &'a Distribution,
        /// Most per visit; `None` until it is empty.
        limited: Option<u32>,
        /// Queues.
        queues: usize,
    },
}

/// Who is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The first that came.
    Arrival,
    /// The highest priority.
    Priority,
    /// The same, and it interrupts.
    Preemptive,
}

/// One station with its arrivals.
#[derive(Clone, Debug)]
pub(super) struct Case<'a> {
    /// Units; infinite without a limit.
    pub(super) servers: f64,
    /// What it does.
    pub(super) shape: Shape<'a>,
    /// How arrivals come.
    pub(super) feed: Feed<'a>,
    /// What they ask for.
    pub(super) jobs: Vec<Job>,
}

impl Case<'_> {
    /// Arrivals per second.
    pub(super) fn rate_per_s(&self) -> f64 {
        self.jobs.iter().map(|job| job.rate_per_s).sum()
    }

    /// Mean service over all arrivals, seconds.
    pub(super) fn mean_s(&self) -> f64 {
        let load: f64 = self.jobs.iter().map(|job| job.rate_per_s * job.service.mean_s).sum();
        load / self.rate_per_s()
    }

    /// E\[Sⁿ\] of the service of a random arrival, n = 2 or 3; `None` where a law is not known.
    pub(super) fn moment(&self, n: i32) -> Option<f64> {
        let mut sum = 0.0;
        for job in &self.jobs {
            let law = job.service.law.as_ref()?;
            sum += job.rate_per_s * if n == 2 { law.second_moment() } else { third_moment(law)? };
        }
        Some(sum / self.rate_per_s())
    }

    /// The law of every service, when all have the same.
    pub(super) fn law(&self) -> Option<&Distribution> {
        let first = self.jobs.first()?.service.law.as_ref()?;
        let same = |job: &Job| job.service.law.as_ref() == Some(first);
        self.jobs.iter().all(same).then_some(first)
    }

    /// Mean of the service, when it is exponential of one mean for all.
    pub(super) fn exponential_s(&self) -> Option<f64> {
        let mean_s = self.jobs.first()?.service.mean_s;
        let same = |job: &Job| {
            is_exponential(job.service.law.as_ref())
                && (job.service.mean_s - mean_s).abs() < 1e-12 * mean_s
        };
        self.jobs.iter().all(same).then_some(mean_s)
    }

    /// Whole number of servers, when there is one.
    pub(super) fn whole_servers(&self) -> Option<u32> {
        let whole = self.servers.round();
        let fits = (1.0..1e6).contains(&whole) && (whole - self.servers).abs() < 1e-9;
        fits.then_some(whole as u32)
    }

    /// Whether it is a queue without limit, in order of arrival (or with a single priority).
    pub(super) fn is_plain_queue(&self) -> bool {
        let Shape::Queue { places: None, patience: None, order } = self.shape else { return false };
        order == Order::Arrival || self.has_one_priority()
    }

    /// Whether all arrivals have the same priority.
    pub(super) fn has_one_priority(&self) -> bool {
        self.jobs.iter().all(|job| job.priority == self.jobs[0].priority)
    }
}

/// Whether a law is exponential, in whatever form it was written.
pub(super) fn is_exponential(law: Option<&Distribution>) -> bool {
    match law {
        Some(Distribution::Exponential { .. }) => true,
        Some(Distribution::Gamma { shape, .. } | Distribution::Weibull { shape, .. }) => {
            *shape == 1.0
        }
        _ => false,
    }
}

/// E\[X³\], for the families that have a short one.
fn third_moment(law: &Distribution) -> Option<f64> {
    Some(match law {
        Distribution::Constant(x) => x.powi(3),
        Distribution::Exponential { mean } => 6.0 * mean.powi(3),
        Distribution::Uniform { low, high } => {
            (low.powi(3) + low * low * high + low * high * high + high.powi(3)) / 4.0
        }
        Distribution::LogNormal { mu, sigma } => (3.0 * mu + 4.5 * sigma * sigma).exp(),
        Distribution::Gamma { shape, scale } => {
            shape * (shape + 1.0) * (shape + 2.0) * scale.powi(3)
        }
        Distribution::Hyperexponential { p1, mean1, mean2 } => {
            6.0 * (p1 * mean1.powi(3) + (1.0 - p1) * mean2.powi(3))
        }
        Distribution::Mix(parts) => {
            let mut below = 0.0;
            let mut sum = 0.0;
            for (bound, part) in parts {
                sum += (bound - below) * third_moment(part)?;
                below = *bound;
            }
            sum
        }
        _ => return None,
    })
}

/// What a law says about a station.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// The law.
    pub(super) law: Law,
    /// How far to believe it.
    pub(super) status: Status,
    /// Its values.
    pub(super) values: Vec<(What, Option<ClassId>, f64)>,
}

impl Answer {
    fn exact(law: Law) -> Self {
        Self { law, status: Status::Exact, values: Vec::new() }
    }

    /// Adds a value over all requests.
    fn with(mut self, what: What, value: f64) -> Self {
        self.values.push((what, None, value));
        self
    }

    /// Adds a quantile at each of the usual levels.
    fn quantiles(self, what: fn(f64) -> What, of: impl Fn(f64) -> f64) -> Self {
        QUANTILES.iter().fold(self, |answer, q| answer.with(what(*q), of(*q)))
    }

    /// The values with their law.
    pub(super) fn into_values(self) -> Vec<Value> {
        let Self { law, status, values } = self;
        let value = |(what, class, value)| Value { what, class, value, status, law };
        let real = |v: &Value| v.value.is_finite();
        values.into_iter().map(value).filter(real).collect()
    }
}

/// Quantiles that are printed.
const QUANTILES: [f64; 5] = [0.5, 0.9, 0.95, 0.99, 0.999];

/// All laws, those of a more special case first.
const LAWS: [fn(&Case<'_>) -> Option<Answer>; 17] = [
    bucket::apply,
    setup::apply,
    breakdown::apply,
    polling::apply,
    shortest::apply,
    infinite::apply,
    shared::apply,
    loss::apply,
    finite_room::apply,
    patience::apply,
    priority::apply,
    erlang_c::apply,
    constant::apply,
    single::apply,
    renewal::apply,
    modulated::apply,
    phases::apply,
];

/// The first law that applies.
pub(super) fn apply(case: &Case<'_>) -> Option<Answer> {
    if case.jobs.is_empty() || case.rate_per_s() <= 0.0 {
        return None;
    }
    LAWS.iter().find_map(|law| law(case))
}
