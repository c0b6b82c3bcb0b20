//! Circuit breakers: closed, open, and half open while probes are under way.

use std::collections::VecDeque;

use super::calendar::Time;
use super::world::World;
use crate::program::BreakerId;

/// State of a circuit breaker.
#[derive(Clone, Debug, Default)]
pub(crate) struct BreakerState {
    in_a_row: u32,
    recent: VecDeque<Time>,
    open_since: Option<Time>,
    /// Probes under way while half open.
    probes: u32,
    open_ns: f64,
    counted_from: Time,
}

impl BreakerState {
    pub(crate) fn reset(&mut self, now: Time) {
        self.open_ns = 0.0;
        self.counted_from = now;
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.open_since.is_some()
    }

    pub(crate) fn open_s(&self, now: Time) -> f64 {
        let open = self.open_since.map_or(0, |since| now - since.max(self.counted_from));
        (self.open_ns + open as f64) * 1e-9
    }
}

impl World<'_> {
    /// Whether a call may go on; a half-open breaker lets a few probes through.
    pub(super) fn breaker_lets_through(&mut self, breaker: BreakerId) -> bool {
        let spec = self.program.breakers[breaker.index()];
        let now = self.now;
        let state = &mut self.breakers[breaker.index()];
        match state.open_since {
            None => true,
            Some(since) if now < since + spec.open_ns => false,
            Some(_) if state.probes < spec.probes => {
                state.probes += 1;
                true
            }
            Some(_) => false,
        }
    }

    /// A call came back well.
    pub(super) fn breaker_success(&mut self, breaker: BreakerId) {
        let now = self.now;
        let state = &mut self.breakers[breaker.index()];
        state.in_a_row = 0;
        if let Some(since) = state.open_since
            && state.probes > 0
        {
            // A probe came back well: closed again.
            state.open_ns += (now - since.max(state.counted_from)) as f64;
            state.open_since = None;
            state.probes = 0;
            state.recent.clear();
        }
    }

    /// A call failed.
    pub(super) fn breaker_failure(&mut self, breaker: BreakerId) {
        let spec = self.program.breakers[breaker.index()];
        let now = self.now;
        let state = &mut self.breakers[breaker.index()];
        if let Some(since) = state.open_since {
            if state.probes > 0 {
                // A probe failed: open for another spell.
                state.open_ns += (now - since.max(state.counted_from)) as f64;
                state.open_since = Some(now);
                state.probes = 0;
            }
            return;
        }
        let opens = if let Some(within) = spec.within_ns {
            state.recent.push_back(now);
            while state.recent.front().is_some_and(|t| t + within < now) {
                state.recent.pop_front();
            }
            state.recent.len() as u32 >= spec.failures
        } else {
            state.in_a_row += 1;
            state.in_a_row >= spec.failures
        };
        if opens {
            state.open_since = Some(now);
            state.in_a_row = 0;
            state.recent.clear();
        }
    }
}
