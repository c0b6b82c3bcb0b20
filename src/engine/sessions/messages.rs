//! What sessions send: streams by the clock or at random, and dialogues.

use super::{DIALOGUE, DIALOGUE_EVENT, Life, PHASE, PLACE, StreamState, TRY_AGAIN_NS};
use crate::engine::calendar::Time;
use crate::engine::task::NOBODY;
use crate::engine::world::{World, event, nanoseconds};
use crate::program::DistId;
use crate::rng::{Stream, combine};

const MESSAGE: u64 = 0x6d65_7373_6100;

impl World<'_> {
    /// The initial ring: phases uniform over the period, in order.
    pub(super) fn align_ring(&mut self, stream: usize) {
        let StreamState { source, index, .. } = self.sessions.streams[stream];
        let spec = &self.session_spec(source).streams[index];
        let Some(every) = spec.constant_ns else { return };
        let key = self.sources[source].key;
        let ring = &mut self.sessions.streams[stream].ring;
        for entry in ring.iter_mut() {
            let u = Stream::at(combine(key, entry.2), PHASE ^ spec.site).unit();
            entry.0 = (u * every as f64) as Time;
        }
        ring.make_contiguous().sort_unstable();
    }

    /// Schedules the next message of a stream.
    pub(super) fn arm_stream(&mut self, stream: usize) {
        let StreamState { source, index, event, .. } = self.sessions.streams[stream];
        if event != 0 {
            return;
        }
        let spec = &self.session_spec(source).streams[index];
        let time = if spec.constant_ns.is_some() {
            let Some(first) = self.sessions.streams[stream].ring.front() else { return };
            first.0
        } else {
            let mean = self.mean(spec.every);
            let active = self.supply(source).active.value();
            let key = combine(self.sources[source].key, spec.site);
            let state = &mut self.sessions.streams[stream];
            let mut random = Stream::at(combine(key, state.sent), MESSAGE);
            state.sent += 1;
            if active <= 0.0 {
                self.now + TRY_AGAIN_NS
            } else {
                let e: f64 = rand_distr::Distribution::sample(&rand_distr::Exp1, &mut random);
                self.now + nanoseconds(e * mean / active)
            }
        };
        let seq = self.calendar.push(time.max(self.now), event::STREAM | stream as u32);
        self.sessions.streams[stream].event = seq;
    }

    /// The next message of a stream is due.
    pub(crate) fn stream_event(&mut self, stream: usize, seq: u64) {
        if self.sessions.streams[stream].event != seq {
            return;
        }
        self.sessions.streams[stream].event = 0;
        let StreamState { source, index, sent, .. } = self.sessions.streams[stream];
        let spec = &self.session_spec(source).streams[index];
        if let Some(every) = spec.constant_ns {
            while let Some((time, id, ordinal)) =
                self.sessions.streams[stream].ring.front().copied()
            {
                if time > self.now {
                    break;
                }
                self.sessions.streams[stream].ring.pop_front();
                let session = self.sessions.all[id as usize];
                if session.state != Life::Open || session.ordinal != ordinal {
                    continue;
                }
                self.sessions.streams[stream].ring.push_back((time + every, id, ordinal));
                self.send(source, stream, u32::from(session.instance), session.worker);
            }
        } else if self.supply(source).active.value() > 0.0 {
            let key = combine(self.sources[source].key, combine(spec.site, sent));
            let mut random = Stream::at(key, PLACE);
            let (instance, worker) = if self.supply(source).own {
                let open = &self.supply(source).open;
                let id = open[random.below(open.len() as u64) as usize];
                let session = self.sessions.all[id as usize];
                (u32::from(session.instance), session.worker)
            } else {
                self.pick_counted(source, &mut random)
            };
            self.send(source, stream, instance, worker);
        }
        self.arm_stream(stream);
    }

    /// Sends one message of a stream from a session at this place.
    fn send(&mut self, source: usize, stream: usize, instance: u32, worker: u32) {
        let spec = self.session_spec(source);
        let index = self.sessions.streams[stream].index;
        if let Some(push) = spec.streams[index].push {
            let key = combine(self.sources[source].key, self.sessions.streams[stream].sent);
            let bytes = self.program.dists[push.index()].sample(&mut Stream::at(key, MESSAGE));
            self.sessions.streams[stream].sent += 1;
            self.supply(source).record.pushed_bytes += bytes;
        }
        if let Some(entry) = spec.streams[index].entry {
            self.message(source, entry, NOBODY, instance, worker);
        }
    }

    /// Starts a request of a session; it finds its place in the two locals.
    fn message(&mut self, source: usize, entry: u32, client: u32, instance: u32, worker: u32) {
        let ordinal = self.sources[source].ordinal;
        self.sources[source].ordinal += 1;
        let id = self.begin_request(source as u16, ordinal, entry, client);
        let spec = self.session_spec(source);
        if let Some((at_instance, at_worker)) = spec.place {
            let first = spec.connects_to.map_or(0, |group| {
                let group = &self.program.groups[group.index()];
                let crew = self.program.instances[(group.first.0 + instance) as usize].crew;
                self.crew_spec(crew.0).first_worker
            });
            self.tasks.set_local(id, at_instance.0, u64::from(instance));
            self.tasks.set_local(id, at_worker.0, u64::from(first + worker));
        }
        self.ready.push_back(id);
    }

    pub(super) fn session_think(&self, think: DistId, key: u64, cycle: u32) -> Time {
        let mut stream = Stream::at(combine(key, u64::from(cycle)), MESSAGE);
        nanoseconds(self.program.dists[think.index()].sample(&mut stream)).max(1)
    }

    /// A session of a dialogue sends its next request.
    pub(crate) fn dialogue_event(&mut self, id: u32) {
        let session = self.sessions.all[id as usize];
        if session.state != Life::Open {
            return;
        }
        let source = usize::from(session.source);
        let Some((_, entry)) = self.session_spec(source).dialogue else { return };
        self.message(source, entry, DIALOGUE | id, u32::from(session.instance), session.worker);
    }

    /// A session of a dialogue has its answer and thinks.
    pub(crate) fn dialogue_answered(&mut self, id: u32) {
        let session = &mut self.sessions.all[id as usize];
        if session.state != Life::Open {
            return;
        }
        session.cycle = session.cycle.wrapping_add(1);
        let (source, ordinal, cycle) =
            (usize::from(session.source), session.ordinal, session.cycle);
        let Some((think, _)) = self.session_spec(source).dialogue else { return };
        let key = combine(self.sources[source].key, ordinal);
        let pause = self.session_think(think, key, cycle);
        self.calendar.push(self.now + pause, event::CLIENT | DIALOGUE_EVENT | id);
    }
}
