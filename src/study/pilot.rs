//! The pilot phase: runs until the system has settled, which also measures the rate of requests.

use super::controllers::{at_rest, settle_s};
use super::offered::{offered_per_s, pushed_per_s, waiting_clients};
use super::overload::{overloads, single_stations};
use super::replicate::Stop;
use super::settled::{Observed, little_holds, series};
use super::worlds::Worlds;
use crate::engine::World;
use crate::program::Program;
use crate::results::Replication;
use crate::stats;

/// Share of the budget that the pilot begins with.
const SHARE: f64 = 1.0 / 16.0;
/// Share of the budget that it may grow to, by doubling.
const MOST: f64 = 0.5;
/// Most doublings when requests are fewer than expected.
const DOUBLINGS: u32 = 6;
/// Observations of the series in the pilot: a hundred batches of MSER-5.
const OBSERVATIONS: f64 = 500.0;
/// Events that use up the budget like one request: a budget of requests must not take minutes because
/// each of them makes hundreds of events.
const EVENTS_PER_REQUEST: f64 = 32.0;
/// Longest simulated time for finding out the rate of clients that do not think.
const LONGEST_PROBE_S: f64 = 1e6;
/// Confidence for naming an overload while still warming up.
const CONFIDENCE: f64 = 0.95;

/// Runs all worlds through a pilot and leaves them reset: everything before is warm-up.
///
/// The pilot has settled when MSER-5 cuts the averaged series in its first half and the requests that
/// ended explain the number inside (Little's law); else it is doubled, up to half of the budget, or
/// until a queue is seen to grow without bound.
///
/// # Errors
/// When the run was stopped; the worlds hold what they measured so far.
pub(super) fn pilot(
    program: &Program,
    seed: u64,
    budget: u64,
    worlds: &mut Worlds<'_>,
) -> Result<Observed, Stop> {
    let budget = budget as f64;
    let aim = budget * SHARE;
    let each = (aim / worlds.len()).max(1.0);
    let expected_per_s = expected_per_s(program, seed, each);
    // Controllers see windows, not requests: they are given the time that they need, if it can be paid.
    let affordable_s = MOST * budget / worlds.len() / expected_per_s;
    let mut end_s = (each / expected_per_s).max(settle_s(program).min(affordable_s));
    worlds.observe(end_s / OBSERVATIONS);
    let rows = single_stations(program);
    let mut expected = aim.max(expected_per_s * end_s * worlds.len());
    let mut used = 0.0;
    for doubled in 0.. {
        worlds.run_until(end_s, expected)?;
        let results = worlds.results();
        let rate_per_s = worked_per_s(&results);
        used += rate_per_s * results[0].time_s;
        let settled = used >= 0.5 * aim
            && stats::mser5(&series(&results)).is_some()
            && little_holds(&results)
            && at_rest(program, &results);
        // The first stretch began empty: its growth is no sign yet.
        let grows =
            doubled > 0 && overloads(program, &rows, &results, CONFIDENCE).iter().any(|o| o.grows);
        worlds.reset();
        if settled || grows || 2.0 * used > MOST * budget || doubled >= DOUBLINGS {
            return Ok(Observed { settled, rate_per_s });
        }
        end_s *= 2.0;
        expected = rate_per_s * 0.5 * end_s;
    }
    unreachable!("the number of doublings is bounded")
}

/// Requests per second and world to expect: what the sources offer, or, where clients wait for
/// answers, what a world of its own shows within some `requests` (and two for each client).
pub(super) fn expected_per_s(program: &Program, seed: u64, requests: f64) -> f64 {
    let offered = offered_per_s(program);
    let rate = match waiting_clients(program) {
        0 => offered,
        clients => {
            let requests = requests.max(2.0 * clients as f64);
            let limit_s =
                if offered.is_finite() { 16.0 * requests / offered } else { LONGEST_PROBE_S };
            let mut world = World::new(program, seed, 0);
            world.run_requests(requests as u64, limit_s);
            (world.requests() as f64 / world.now_s()).min(offered)
        }
    };
    let rate = rate.max(pushed_per_s(program) / EVENTS_PER_REQUEST);
    if rate.is_finite() && rate > 0.0 { rate } else { 1.0 }
}

/// Requests per second of all worlds together, or, where there is far more work behind a request
/// than usual (or beside them), the events that count as many.
fn worked_per_s(results: &[Replication]) -> f64 {
    let arrivals: u64 = results.iter().map(|r| r.balance.arrivals).sum();
    let events: u64 = results.iter().map(|r| r.events).sum();
    (arrivals as f64).max(events as f64 / EVENTS_PER_REQUEST) / results[0].time_s
}
