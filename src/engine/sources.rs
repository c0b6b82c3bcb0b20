//! Open and closed sources: when requests arrive.

use super::calendar::{END_OF_TIME, Time};
use super::task::NOBODY;
use super::world::{World, event, nanoseconds};
use crate::program::{Curve, SourceKind};
use crate::rng::{Stream, combine};

/// Streams of a source's own randomness, apart from its requests'.
const GAP: u64 = 0x6761_7000;
const BATCH: u64 = 0x6261_7463_6800;
const STAY: u64 = 0x7374_6179_0000;
const THINK: u64 = 0x7468_696e_6b00;

/// The moving part of a source.
#[derive(Debug)]
pub(crate) struct SourceState {
    pub(crate) key: u64,
    /// Arrival events so far, and requests so far.
    arrivals: u64,
    pub(crate) ordinal: u64,
    /// Exact time of the last arrival event, seconds.
    at_s: f64,
    /// The gap after the next arrival event, drawn one event ahead so that nothing waits for it: a
    /// span in seconds at a constant rate, else at unit rate.
    gap: f64,
    /// Of a Poisson source of single requests at a constant rate: the mean gap in seconds, and the
    /// first operation of a request.
    plain: Option<(f64, u32)>,
    /// MMPP: present state, when it ends, and how often it changed.
    phase: usize,
    phase_ends_s: f64,
    phases: u64,
    /// First client of a closed source in the world's list.
    first_client: u32,
}

impl World<'_> {
    pub(crate) fn start_sources(&mut self) {
        let program = self.program;
        for (index, source) in program.sources.iter().enumerate() {
            let key = combine(self.key, source.site);
            let mut state = SourceState {
                key,
                arrivals: 0,
                ordinal: 0,
                at_s: 0.0,
                gap: 0.0,
                plain: match &source.kind {
                    SourceKind::Open {
                        curve: Curve::Constant(rate),
                        gaps: None,
                        batch: None,
                        entry,
                    } if *rate > 0.0 => Some((1.0 / rate, *entry)),
                    _ => None,
                },
                phase: 0,
                phase_ends_s: 0.0,
                phases: 0,
                first_client: self.clients.len() as u32,
            };
            match &source.kind {
                SourceKind::Open { curve, gaps, .. } => {
                    if let Curve::Mmpp(states) = curve {
                        // The phase at time 0 is that of the steady state.
                        let total: f64 = states.iter().map(|s| s.1).sum();
                        let mut u = Stream::at(key, STAY).unit() * total;
                        state.phase = states
                            .iter()
                            .position(|s| {
                                u -= s.1;
                                u < 0.0
                            })
                            .unwrap_or(0);
                        state.phase_ends_s = stay(key, 0, states[state.phase].1);
                    }
                    let constant = gaps.is_some_and(|g| is_constant(&program.dists[g.index()]));
                    self.sources.push(state);
                    self.draw_gap(index, 0);
                    if constant && program.warm_start {
                        // Even arrivals begin at a random phase of their period.
                        let u = Stream::at(key, GAP ^ u64::MAX).unit();
                        self.next_arrival(index, Some(u));
                    } else {
                        self.next_arrival(index, None);
                    }
                }
                SourceKind::Closed { clients, .. } => {
                    self.sources.push(state);
                    for client in 0..*clients {
                        let id = self.clients.len() as u32;
                        self.clients.push(0);
                        let pause = self.think_ns(index, client, u64::MAX);
                        self.calendar.push(pause, event::CLIENT | id);
                    }
                }
                SourceKind::Sessions(_) => {
                    self.sources.push(state);
                    self.start_sessions(index);
                }
            }
        }
    }

    /// Schedules the next arrival event of an open source; `first` replaces the drawn gap.
    fn next_arrival(&mut self, index: usize, first: Option<f64>) {
        let SourceKind::Open { curve, .. } = &self.program.sources[index].kind else {
            unreachable!("only open sources have arrivals")
        };
        let state = &mut self.sources[index];
        let gap = match (first, curve) {
            (None, _) => state.gap,
            (Some(first), Curve::Constant(rate)) => first / rate,
            (Some(first), _) => first,
        };
        let next = match curve {
            Curve::Constant(rate) => (*rate > 0.0).then_some(state.at_s + gap),
            Curve::Times(times) => times.get(state.arrivals as usize).copied(),
            Curve::Mmpp(states) => {
                // Unit-rate gap spent at the rates of the phases that pass.
                let mut left = gap;
                let mut at = state.at_s;
                loop {
                    let rate = states[state.phase].0;
                    let room = (state.phase_ends_s - at).max(0.0) * rate;
                    if left <= room && rate > 0.0 {
                        break Some(at + left / rate);
                    }
                    left -= room;
                    at = at.max(state.phase_ends_s);
                    state.phase = (state.phase + 1) % states.len();
                    state.phases += 1;
                    state.phase_ends_s = at + stay(state.key, state.phases, states[state.phase].1);
                    if at > 1e9 {
                        break None;
                    }
                }
            }
            other => other.advance(state.at_s, gap),
        };
        if let Some(at) = next.filter(|at| *at < END_OF_TIME as f64 * 0.5e-9) {
            state.at_s = at;
            let time = nanoseconds(at).max(self.now);
            self.calendar.push(time, event::SOURCE | index as u32);
        }
        self.draw_gap(index, self.sources[index].arrivals + 1);
    }

    /// Draws the gap that follows the `number`-th arrival event.
    fn draw_gap(&mut self, index: usize, number: u64) {
        let SourceKind::Open { curve, gaps, .. } = &self.program.sources[index].kind else {
            unreachable!("only open sources have arrivals")
        };
        let state = &mut self.sources[index];
        let mut stream = Stream::at(combine(state.key, number), GAP);
        let gap = match gaps {
            None => rand_distr::Distribution::<f64>::sample(&rand_distr::Exp1, &mut stream),
            Some(dist) => self.program.dists[dist.index()].sample(&mut stream),
        };
        state.gap = if let Curve::Constant(rate) = curve { gap / rate } else { gap };
    }

    pub(crate) fn source_event(&mut self, index: usize) {
        let state = &mut self.sources[index];
        let Some((mean_gap_s, entry)) = state.plain else { return self.arrivals(index) };
        let ordinal = state.ordinal;
        state.ordinal += 1;
        state.arrivals += 1;
        state.at_s += state.gap;
        let at = state.at_s;
        let mut stream = Stream::at(combine(state.key, state.arrivals + 1), GAP);
        let gap: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut stream);
        state.gap = gap * mean_gap_s;
        if at < END_OF_TIME as f64 * 0.5e-9 {
            let time = nanoseconds(at).max(self.now);
            self.calendar.push(time, event::SOURCE | index as u32);
        }
        let id = self.begin_request(index as u16, ordinal, entry, NOBODY);
        self.step(id);
    }

    /// An arrival event of any open source.
    #[inline(never)]
    fn arrivals(&mut self, index: usize) {
        let SourceKind::Open { batch, entry, .. } = &self.program.sources[index].kind else {
            unreachable!("only open sources have arrivals")
        };
        let state = &mut self.sources[index];
        state.arrivals += 1;
        let n = match batch {
            None => 1,
            Some(dist) => {
                let mut stream = Stream::at(combine(state.key, state.arrivals), BATCH);
                self.program.dists[dist.index()].sample(&mut stream).round().max(0.0) as u64
            }
        };
        self.next_arrival(index, None);
        for _ in 0..n {
            let ordinal = self.sources[index].ordinal;
            self.sources[index].ordinal += 1;
            let id = self.begin_request(index as u16, ordinal, *entry, NOBODY);
            if n == 1 {
                return self.step(id);
            }
            self.ready.push_back(id);
        }
    }

    /// A client's pause before its cycle `cycle`.
    fn think_ns(&self, index: usize, client: u32, cycle: u64) -> Time {
        let SourceKind::Closed { think, .. } = &self.program.sources[index].kind else {
            unreachable!("only closed sources have clients")
        };
        let Some(think) = think else { return 0 };
        let key = combine(combine(self.sources[index].key, u64::from(client)), cycle);
        nanoseconds(self.program.dists[think.index()].sample(&mut Stream::at(key, THINK)))
    }

    fn source_of_client(&self, client: u32) -> usize {
        self.sources
            .iter()
            .enumerate()
            .filter(|(i, _)| matches!(self.program.sources[*i].kind, SourceKind::Closed { .. }))
            .take_while(|(_, s)| s.first_client <= client)
            .map(|(i, _)| i)
            .last()
            .expect("a client belongs to a closed source")
    }

    /// A client has thought and sends its next request.
    pub(crate) fn client_event(&mut self, client: u32) {
        if client & super::sessions::DIALOGUE_EVENT != 0 {
            return self.dialogue_event(client & !super::sessions::DIALOGUE_EVENT);
        }
        let index = self.source_of_client(client);
        let SourceKind::Closed { entry, .. } = self.program.sources[index].kind else {
            unreachable!("only closed sources have clients")
        };
        let number = client - self.sources[index].first_client;
        let cycle = u64::from(self.clients[client as usize]);
        let ordinal = combine(u64::from(number) << 32, cycle);
        let id = self.begin_request(index as u16, ordinal, entry, client);
        self.ready.push_back(id);
    }

    /// A client (or a session's dialogue) has its answer, good or bad.
    pub(crate) fn client_answered(&mut self, client: u32) {
        if client & super::sessions::DIALOGUE != 0 {
            return self.dialogue_answered(client & !super::sessions::DIALOGUE);
        }
        let index = self.source_of_client(client);
        let number = client - self.sources[index].first_client;
        self.clients[client as usize] = self.clients[client as usize].wrapping_add(1);
        let cycle = u64::from(self.clients[client as usize]);
        // A client that neither thinks nor waits must not stop the clock.
        let pause = self.think_ns(index, number, cycle).max(1);
        self.calendar.push(self.now + pause, event::CLIENT | client);
    }
}

fn stay(key: u64, phase: u64, mean_s: f64) -> f64 {
    let mut stream = Stream::at(combine(key, phase), STAY);
    let e: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut stream);
    mean_s * e
}

fn is_constant(dist: &crate::dist::Distribution) -> bool {
    matches!(dist, crate::dist::Distribution::Constant(_))
}
