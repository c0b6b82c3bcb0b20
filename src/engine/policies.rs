//! Failures and who repeats them: frames with timeout, retry and fallback; callers that
//! give up and leave the callee working; branches and abandoned work.

use super::calendar::Time;
use super::shares::Note;
use super::step::Losers;
use super::task::{NOBODY, State, Task};
use super::world::{World, nanoseconds};
use crate::program::{Backoff, FrameId, KindId, NONE, Op};
use crate::rng::{Stream, combine};

impl World<'_> {
    /// The innermost boundary at which a task stands now.
    pub(crate) fn boundary_at(&self, id: u32) -> u16 {
        let task = &self.tasks[id];
        if task.state == State::Backoff && task.frame != NONE {
            // Between attempts it stands at the frame itself, not in what the body opens.
            let frame = FrameId(task.frame);
            let mut b = self.program.boundary_of[self.program.frames[frame.index()].body as usize];
            while b != NONE && self.in_frame(self.program.boundaries[usize::from(b)].frame, frame) {
                b = self.program.boundaries[usize::from(b)].parent.map_or(NONE, |p| p.0);
            }
            return b;
        }
        self.program.boundary_of[task.pc as usize]
    }

    /// Whether `inner` is `outer` or nested in it.
    fn in_frame(&self, mut inner: Option<FrameId>, outer: FrameId) -> bool {
        while let Some(frame) = inner {
            if frame == outer {
                return true;
            }
            inner = self.program.frames[frame.index()].parent;
        }
        false
    }

    /// Whether `inner` is `outer` or nested in it.
    pub(crate) fn inside_boundary(&self, mut inner: u16, outer: u16) -> bool {
        while inner != NONE {
            if inner == outer {
                return true;
            }
            inner = self.program.boundaries[usize::from(inner)].parent.map_or(NONE, |b| b.0);
        }
        false
    }

    /// Enters a frame. Returns whether the task goes on.
    pub(crate) fn enter_frame(&mut self, id: u32, frame: FrameId) -> bool {
        let spec = &self.program.frames[frame.index()];
        let key = self.tasks[id].key;
        self.tasks.set_local(id, spec.state.0, 1);
        self.tasks.set_local(id, spec.state.0 + 1, key);
        self.tasks.set_local(id, spec.state.0 + 2, u64::from(NOBODY));
        self.tasks[id].frame = frame.0;
        if let Some(budget) = spec.budget {
            self.budgets[budget.index()].0 += 1;
        }
        self.begin_attempt(id)
    }

    /// Starts an attempt of the task's innermost frame. Returns whether the task goes on.
    pub(crate) fn begin_attempt(&mut self, id: u32) -> bool {
        let frame = FrameId(self.tasks[id].frame);
        let spec = &self.program.frames[frame.index()];
        self.tasks[id].pc = spec.body;
        if let Some(breaker) = spec.breaker
            && !self.breaker_lets_through(breaker)
        {
            let owner = self.program.breakers[breaker.index()].owner.0;
            return self.raise(id, crate::program::Kind::BreakerOpen.id(), owner);
        }
        if let Some(timeout) = spec.timeout {
            let timer = self.start_timer(id, timeout, frame.0);
            self.tasks.set_local(id, spec.state.0 + 2, u64::from(timer));
        }
        true
    }

    /// Leaves the innermost frame with success.
    pub(crate) fn leave_frame(&mut self, id: u32, frame: FrameId) {
        let spec = &self.program.frames[frame.index()];
        self.stop_timer(id, spec.state.0);
        if let Some(breaker) = spec.breaker {
            self.breaker_success(breaker);
        }
        let key = self.tasks.local(id, spec.state.0 + 1);
        let task = &mut self.tasks[id];
        task.key = key;
        task.frame = spec.parent.map_or(NONE, |f| f.0);
        task.pc = spec.after;
    }

    fn stop_timer(&mut self, id: u32, state: u8) {
        let timer = self.tasks.local(id, state + 2) as u32;
        if timer != NOBODY {
            self.timers.cancel(timer);
            self.tasks.set_local(id, state + 2, u64::from(NOBODY));
        }
    }

    /// Raises a failure at a task that waits for nothing. Returns whether the task goes on (its
    /// program counter then stands at a handler); else it has ended, or pauses before a repeat.
    pub(crate) fn raise(&mut self, id: u32, kind: KindId, owner: u16) -> bool {
        if owner != NONE {
            self.components[usize::from(owner)].failures[kind.index()] += 1;
        }
        loop {
            let frame = self.tasks[id].frame;
            let orphan = self.tasks[id].orphan;
            if orphan != NONE {
                let boundary = &self.program.boundaries[usize::from(orphan)];
                if boundary.frame.map_or(NONE, |f| f.0) == frame {
                    self.end_orphan(id);
                    return false;
                }
            }
            if frame == NONE {
                self.failed_outermost(id, kind);
                return false;
            }
            let spec = &self.program.frames[usize::from(frame)];
            self.release_from(id, spec.slot_base.0);
            self.stop_timer(id, spec.state.0);
            if let Some(breaker) = spec.breaker
                && kind != crate::program::Kind::BreakerOpen.id()
            {
                self.breaker_failure(breaker);
            }
            let attempts = self.tasks.local(id, spec.state.0);
            let saved = self.tasks.local(id, spec.state.0 + 1);
            let again = spec.retry_on & (1 << kind.0) != 0
                && attempts < u64::from(spec.attempts)
                && self.budget_allows(spec.budget);
            if again {
                self.tasks.set_local(id, spec.state.0, attempts + 1);
                self.tasks[id].key = combine(saved, spec.site ^ (attempts + 1));
                let client = self.is_clients(id, FrameId(frame));
                if let Some(class) = client {
                    self.classes.records[class].attempts += 1;
                }
                let mut pause = self.pause(id, spec.backoff, attempts);
                if pause == 0 && attempts.is_multiple_of(64) {
                    // Repeats without a pause against something that refuses at once must not stop
                    // the clock.
                    pause = 1_000;
                }
                self.tasks[id].pc = spec.body;
                if pause == 0 {
                    return self.begin_attempt(id);
                }
                if let Some(class) = client {
                    self.classes.retrying[class].add(self.now, 1.0);
                }
                self.sleep(id, State::Backoff, self.now + pause);
                return false;
            }
            let task = &mut self.tasks[id];
            task.key = saved;
            task.frame = spec.parent.map_or(NONE, |f| f.0);
            if let Some(fallback) = spec.fallback {
                task.pc = fallback;
                return true;
            }
        }
    }

    /// The class of a task when the frame is its client's own: attempts are then those of a request.
    fn is_clients(&self, id: u32, frame: FrameId) -> Option<usize> {
        let spec = &self.program.frames[frame.index()];
        let task = &self.tasks[id];
        let own = spec.parent.is_none() && spec.owner.is_none() && task.counts;
        (own && task.class != NONE).then_some(usize::from(task.class))
    }

    /// A task leaves its pause before the next attempt.
    pub(crate) fn end_pause(&mut self, id: u32) {
        let frame = self.tasks[id].frame;
        if frame != NONE
            && let Some(class) = self.is_clients(id, FrameId(frame))
        {
            self.classes.retrying[class].add(self.now, -1.0);
        }
    }

    fn pause(&self, id: u32, backoff: Backoff, failed: u64) -> Time {
        match backoff {
            Backoff::Drawn(draw) => self.draw_ns(id, draw),
            Backoff::Doubling { first_s, max_s, jitter, site } => {
                let plain =
                    (first_s * 2_f64.powi(failed.saturating_sub(1).min(60) as i32)).min(max_s);
                let u = Stream::at(self.tasks[id].key, site).unit();
                let factor = jitter.map_or(u, |j| 1.0 - j + 2.0 * j * u);
                nanoseconds(plain * factor)
            }
        }
    }

    fn budget_allows(&mut self, budget: Option<crate::program::BudgetId>) -> bool {
        let Some(budget) = budget else { return true };
        let share = self.program.budgets[budget.index()].share;
        let (first, repeats) = &mut self.budgets[budget.index()];
        let allowed = *repeats as f64 + 1.0 <= share * *first as f64 + 10.0;
        if allowed {
            *repeats += 1;
        }
        allowed
    }

    /// Nobody handles the failure: the request, the branch or the spawned work ends.
    fn failed_outermost(&mut self, id: u32, kind: KindId) {
        let parent = self.tasks[id].parent;
        if parent == NOBODY {
            self.ended(id, Some(kind.0));
            self.end_task(id);
            return;
        }
        self.detach_child(id);
        self.tasks[id].sample = NOBODY;
        self.end_task(id);
        let Op::Fork(fork) = self.program.ops[self.tasks[parent].pc as usize] else {
            unreachable!("a parent waits at its fork")
        };
        let spec = &self.program.forks[fork as usize];
        let needed = self.tasks.local(parent, spec.needed.0);
        let mut left = 0;
        let mut child = self.tasks[parent].child;
        while child != NOBODY {
            left += 1;
            child = self.tasks[child].sibling;
        }
        if left < needed {
            let losers = spec.losers();
            self.drop_children(parent, losers);
            self.tasks[parent].state = State::Ready;
            // Counted once, where it happened: no owner.
            if self.raise(parent, kind, NONE) {
                self.ready.push_back(parent);
            }
        }
    }

    /// Gives back what was taken in `base` or above, last first.
    pub(crate) fn release_from(&mut self, id: u32, base: u8) {
        loop {
            let inside = self.tasks[id].held >> base << base;
            if inside == 0 {
                return;
            }
            self.release(id, 63 - inside.leading_zeros() as u8);
        }
    }

    /// Leaves all frames inside `frame` without giving them a chance to handle anything.
    pub(crate) fn unwind_to(&mut self, id: u32, frame: u16, base: u8) {
        let saved = self.leave_frames(id, frame);
        if let Some(key) = saved {
            self.tasks[id].key = key;
        }
        self.release_from(id, base);
    }

    /// Cancels the timers of all frames inside `frame`; returns the key of the outermost one left.
    fn leave_frames(&mut self, id: u32, frame: u16) -> Option<u64> {
        let mut saved = None;
        while self.tasks[id].frame != frame && self.tasks[id].frame != NONE {
            let spec = &self.program.frames[usize::from(self.tasks[id].frame)];
            self.stop_timer(id, spec.state.0);
            saved = Some(self.tasks.local(id, spec.state.0 + 1));
            self.tasks[id].frame = spec.parent.map_or(NONE, |f| f.0);
        }
        saved
    }

    /// The patience of a frame's attempt ends.
    pub(crate) fn attempt_timed_out(&mut self, id: u32, frame: FrameId) {
        let spec = &self.program.frames[frame.index()];
        self.tasks.set_local(id, spec.state.0 + 2, u64::from(NOBODY));
        if let Some(slot) = spec.kills {
            self.doom_worker(id, slot);
        }
        let owner = spec.owner.map_or(NONE, |o| o.0);
        let outermost = if spec.stops_work { NONE } else { self.outermost_boundary(id, frame) };
        let caller = if outermost == NONE {
            self.interrupt(id);
            self.unwind_to(id, frame.0, spec.slot_base.0);
            id
        } else {
            self.split(id, outermost, frame)
        };
        if self.raise(caller, spec.timeout_kind, owner) {
            self.ready.push_back(caller);
        }
    }

    /// The outermost boundary inside `frame` at which the task stands.
    fn outermost_boundary(&self, id: u32, frame: FrameId) -> u16 {
        let mut outermost = NONE;
        let mut b = self.boundary_at(id);
        while b != NONE {
            let spec = &self.program.boundaries[usize::from(b)];
            if !self.in_frame(spec.frame, frame) {
                break;
            }
            outermost = b;
            b = spec.parent.map_or(NONE, |p| p.0);
        }
        outermost
    }

    /// The caller goes its own way: a new task takes the caller's part, the old one works on as an
    /// orphan of `boundary`. Returns the caller, unwound to `frame`.
    fn split(&mut self, id: u32, boundary: u16, frame: FrameId) -> u32 {
        let spec = &self.program.boundaries[usize::from(boundary)];
        let base = spec.slot_base.0;
        let below = (1_u64 << base) - 1;
        let old = self.tasks[id];
        let mut caller = Task { state: State::Ready, next: NOBODY, prev: NOBODY, ..old };
        caller.held = old.held & below;
        caller.timer = NOBODY;
        caller.wake = 0;
        caller.remaining = 0;
        caller.drawn = 0;
        caller.child = NOBODY;
        caller.frame = spec.frame.map_or(NONE, |f| f.0);
        let new = self.tasks.insert(caller);
        self.tasks.copy_locals(id, new);
        // The timers of the frames at the caller's side are the caller's.
        let mut at = caller.frame;
        while at != NONE {
            let frame = &self.program.frames[usize::from(at)];
            let timer = self.tasks.local(id, frame.state.0 + 2) as u32;
            self.timers.reassign(timer, new);
            at = frame.parent.map_or(NONE, |f| f.0);
        }
        if old.parent != NOBODY {
            self.replace_child(old.parent, id, new);
        }
        let orphan = &mut self.tasks[id];
        orphan.held &= !below;
        orphan.orphan = boundary;
        orphan.counts = false;
        orphan.client = NOBODY;
        orphan.parent = NOBODY;
        orphan.sibling = NOBODY;
        orphan.sample = NOBODY;
        // What the caller held in frames inside the one that gives up is given back.
        let slot_base = self.program.frames[frame.index()].slot_base.0;
        self.unwind_to(new, frame.0, slot_base);
        new
    }

    fn replace_child(&mut self, parent: u32, old: u32, new: u32) {
        if self.tasks[parent].child == old {
            self.tasks[parent].child = new;
            return;
        }
        let mut at = self.tasks[parent].child;
        while at != NOBODY {
            if self.tasks[at].sibling == old {
                self.tasks[at].sibling = new;
                return;
            }
            at = self.tasks[at].sibling;
        }
    }

    /// A branch is told to stop, with all it started.
    pub(crate) fn stop_branch(&mut self, id: u32) {
        if self.tasks[id].state == State::Joining {
            self.drop_children(id, Losers::Stop);
        }
        self.interrupt(id);
        self.leave_frames(id, NONE);
        self.end_task(id);
    }

    /// The parent of a branch went away: what runs at the other side of a call works on as an
    /// orphan, the rest stops. `fork_local` is the local that the fork's parent counts in; slots
    /// above it are the branch's own.
    pub(crate) fn abandon(&mut self, id: u32, fork_local: u8) {
        let mut outermost = NONE;
        let mut b = self.boundary_at(id);
        while b != NONE {
            let spec = &self.program.boundaries[usize::from(b)];
            if spec.slot_base.0 <= fork_local {
                break;
            }
            outermost = b;
            b = spec.parent.map_or(NONE, |p| p.0);
        }
        if outermost == NONE || self.tasks[id].orphan != NONE {
            self.stop_branch(id);
            return;
        }
        let spec = &self.program.boundaries[usize::from(outermost)];
        let base = spec.slot_base.0;
        let mut at = spec.frame.map_or(NONE, |f| f.0);
        while at != NONE {
            let frame = &self.program.frames[usize::from(at)];
            self.stop_timer(id, frame.state.0);
            at = frame.parent.map_or(NONE, |f| f.0);
        }
        self.tasks[id].orphan = outermost;
        self.tasks[id].counts = false;
        while self.tasks[id].held & ((1_u64 << base) - 1) != 0 {
            let slot = self.tasks[id].held.trailing_zeros() as u8;
            self.release(id, slot);
        }
    }

    /// Takes a task out of whatever it waits for; it is then ready and waits for nothing.
    pub(crate) fn interrupt(&mut self, id: u32) {
        let task = self.tasks[id];
        match task.state {
            State::Queued => self.leave_queue(id, false),
            State::Processing => self.leave_processor(id),
            State::Serving => {
                let place = &mut self.places[task.station as usize];
                let given = self.now - task.since;
                place.stats.given.end(self.now);
                // What is left of it is not given.
                place.stats.asked -= task.remaining.saturating_sub(given) as f64;
                let owner = place.owner;
                self.tasks[id].wake = 0;
                self.tasks[id].remaining = 0;
                self.tasks[id].state = State::Ready;
                self.spend(id, owner, 0, given);
                self.tokens_release(task.station, id);
            }
            State::Admitted => {
                let waited = self.now - task.since;
                let stats = &mut self.places[task.station as usize].stats;
                stats.queue.add(self.now, -1.0);
                stats.abandoned.record(waited as f64 * 1e-9);
                self.tasks[id].wake = 0;
                let waited = self.now - task.since;
                self.note(task.station, id, Note::Leaves { waited, timed_out: false });
            }
            State::Joining => self.drop_children(id, Losers::Abandon),
            State::Filling => self.leave_fill(id),
            State::Delay | State::Connecting => self.tasks[id].wake = 0,
            State::Backoff => {
                self.end_pause(id);
                self.tasks[id].wake = 0;
            }
            State::Ready | State::Free => {}
        }
        self.tasks[id].state = State::Ready;
    }

    /// After an early answer: the client's policies are over, the rest is nobody's request.
    pub(crate) fn after_reply(&mut self, id: u32) {
        let mut outermost = NONE;
        let mut b = self.program.boundary_of[self.tasks[id].pc as usize];
        while b != NONE {
            outermost = b;
            b = self.program.boundaries[usize::from(b)].parent.map_or(NONE, |p| p.0);
        }
        if outermost == NONE {
            return;
        }
        let spec = &self.program.boundaries[usize::from(outermost)];
        let mut at = spec.frame.map_or(NONE, |f| f.0);
        while at != NONE {
            let frame = &self.program.frames[usize::from(at)];
            self.stop_timer(id, frame.state.0);
            at = frame.parent.map_or(NONE, |f| f.0);
        }
        self.tasks[id].orphan = outermost;
    }

    /// An abandoned task has nothing left to do.
    pub(crate) fn end_orphan(&mut self, id: u32) {
        let orphan = self.tasks[id].orphan;
        let frame = self.program.boundaries[usize::from(orphan)].frame.map_or(NONE, |f| f.0);
        self.leave_frames(id, frame);
        self.tasks[id].frame = NONE;
        self.end_task(id);
    }

    /// Ends a task: gives everything back and frees its record.
    #[inline]
    pub(crate) fn end_task(&mut self, id: u32) {
        let task = &self.tasks[id];
        if task.frame != NONE || task.held != 0 || task.child != NOBODY {
            self.leave_frames(id, NONE);
            self.release_from(id, 0);
            self.drop_children(id, Losers::Finish);
        }
        self.tasks.remove(id);
    }
}
