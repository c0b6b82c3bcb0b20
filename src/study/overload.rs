//! Names the stations that are offered more than they can serve, and how fast their backlog grows.

use crate::program::StationId;
use crate::verdict::Estimate;

/// Stations (one, or a row of like ones) without a steady state, or with one only because they
/// lose part of what is offered.
#[derive(Clone, Debug, PartialEq)]
pub struct Overload {
    /// Position of the row in the rows asked for.
    pub row: usize,
    /// The stations of the row.
    pub stations: Vec<StationId>,
    /// Growth of the queue, tasks per second.
    pub growth_per_s: Estimate,
    /// Tasks that ask for it per second.
    pub offered_per_s: f64,
    /// Tasks served per second.
    pub served_per_s: f64,
    /// Tasks refused or timed out in its queue per second.
    pub lost_per_s: f64,
    /// Busy share of its units.
    pub utilization: f64,
    /// Whether the queue grows (else it is kept short by losing tasks).
    pub grows: bool,
}
