//! The pilot phase: runs until the system has settled, which also measures the rate of requests.

use super::offered::{offered_per_s, waits_for_answers};
use super::overload::{overloads, single_stations};
use super::replicate::Stop;
use super::settled::{Observed, little_holds, series};
use super::worlds::Worlds;
use crate::engine::World;
use crate::program::Program;
use crate::stats;

/// Share of the budget that the pilot begins with.
const SHARE: f64 = 1.0 / 16.0;
/// Share of the budget that it may grow to, by doubling.
const MOST: f64 = 0.5;
/// Most doublings when requests are fewer than expected.
const DOUBLINGS: u32 = 6;
/// Observations of the series in the pilot: a hundred batches of MSER-5.
const OBSERVATIONS: f64 = 500.0;
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
    let mut end_s = each / expected_per_s(program, seed, each);
    worlds.observe(end_s / OBSERVATIONS);
    let rows = single_stations(program);
    let mut expected = aim;
    for doubled in 0.. {
        worlds.run_until(end_s, expected)?;
        let requests = worlds.requests() as f64;
        let results = worlds.results();
        let settled = requests >= 0.5 * aim
            && stats::mser5(&series(&results)).is_some()
            && little_holds(&results);
        let arrivals: u64 = results.iter().map(|r| r.balance.arrivals).sum();
        let rate_per_s = arrivals as f64 / results[0].time_s;
        // The first stretch began empty: its growth is no sign yet.
        let grows =
            doubled > 0 && overloads(program, &rows, &results, CONFIDENCE).iter().any(|o| o.grows);
        worlds.reset();
        if settled || grows || 2.0 * requests > MOST * budget || doubled >= DOUBLINGS {
            return Ok(Observed { settled, rate_per_s });
        }
        end_s *= 2.0;
        expected = rate_per_s * 0.5 * end_s;
    }
    unreachable!("the number of doublings is bounded")
}

/// Requests per second and world to expect: what the sources offer, or, where clients wait for
/// answers, what a short run of a world of its own shows.
pub(super) fn expected_per_s(program: &Program, seed: u64, each: f64) -> f64 {
    let offered = offered_per_s(program);
    let rate = if waits_for_answers(program) || !offered.is_finite() {
        let mut world = World::new(program, seed, 0);
        world.run_requests(each as u64, each / offered.min(1e9) * 16.0);
        (world.requests() as f64 / world.now_s()).min(offered)
    } else {
        offered
    };
    if rate.is_finite() && rate > 0.0 { rate } else { 1.0 }
}
