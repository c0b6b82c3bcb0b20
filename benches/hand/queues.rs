//! M/M/1 and M/M/c by hand.

use std::collections::VecDeque;

use capplan::stats::Tally;

use super::heap::{Heap, key, payload, time};
use super::{Draws, NS_PER_S};

/// M/M/1, first come first served: response times of `requests` requests.
///
/// One server needs no event list: the next event is the earlier of the next arrival and the end of
/// the service under way.
pub(crate) fn mm1(rate_per_s: f64, service_s: f64, requests: u64, seed: u64) -> Tally {
    let mut draws = Draws::new(seed);
    let mut responses = Tally::default();
    let (gap_ns, service_ns) = (NS_PER_S / rate_per_s, NS_PER_S * service_s);
    let mut queue: VecDeque<u64> = VecDeque::with_capacity(1024); // arrival times, the served one first
    let mut next_arrival = draws.exponential(gap_ns);
    let mut service_end = u64::MAX;
    let mut left = requests;
    while left > 0 || service_end != u64::MAX {
        if next_arrival < service_end {
            let now = next_arrival;
            if queue.is_empty() {
                service_end = now + draws.exponential(service_ns);
            }
            queue.push_back(now);
            left -= 1;
            next_arrival = if left > 0 { now + draws.exponential(gap_ns) } else { u64::MAX };
        } else {
            let now = service_end;
            let arrived = queue.pop_front().expect("the one in service is in the queue");
            responses.record((now - arrived) as f64 / NS_PER_S);
            service_end =
                if queue.is_empty() { u64::MAX } else { now + draws.exponential(service_ns) };
        }
    }
    responses
}

/// M/M/c, one queue, first come first served: response times of `requests` requests.
pub(crate) fn mmc(
    servers: usize,
    rate_per_s: f64,
    service_s: f64,
    requests: u64,
    seed: u64,
) -> Tally {
    let mut draws = Draws::new(seed);
    let mut responses = Tally::default();
    let (gap_ns, service_ns) = (NS_PER_S / rate_per_s, NS_PER_S * service_s);
    let mut waiting: VecDeque<u64> = VecDeque::with_capacity(1024); // arrival times
    let mut served = vec![0_u64; servers]; // arrival time of whom each server serves
    let mut idle: Vec<u32> = (0..servers as u32).collect();
    let mut ends = Heap::with_capacity(servers); // ends of service, by server
    let mut sequence = 0_u32;
    let mut next_arrival = draws.exponential(gap_ns);
    let mut left = requests;
    loop {
        let end = ends.top().map_or(u64::MAX, time);
        if next_arrival < end {
            let now = next_arrival;
            match idle.pop() {
                Some(server) => {
                    served[server as usize] = now;
                    sequence = sequence.wrapping_add(1);
                    ends.push(key(now + draws.exponential(service_ns), sequence, server));
                }
                None => waiting.push_back(now),
            }
            left -= 1;
            next_arrival = if left > 0 { now + draws.exponential(gap_ns) } else { u64::MAX };
        } else {
            let Some(top) = ends.top() else { return responses };
            let (now, server) = (end, payload(top));
            responses.record((now - served[server as usize]) as f64 / NS_PER_S);
            if let Some(arrived) = waiting.pop_front() {
                served[server as usize] = arrived;
                sequence = sequence.wrapping_add(1);
                ends.replace_top(key(now + draws.exponential(service_ns), sequence, server));
            } else {
                ends.pop();
                idle.push(server);
            }
        }
    }
}
