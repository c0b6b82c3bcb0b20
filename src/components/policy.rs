//! Who gives up, who repeats: fallback ( retry ( breaker ( timeout ( body ) ) ) ).
//!
//! The nesting is fixed, so one frame of the program holds all policies of a step, of a `try`, of a
//! component's `client` block or of a traffic source.

use crate::dist::Distribution;
use crate::program::{
    Backoff, BreakerId, Budget, BudgetId, ComponentId, Frame, Kind, KindId, Op, Scope, Slot, site,
};
use crate::source::{Backoff as Pause, Field, Fields, Node, Place, Shape, Table};

use super::common::field;
use super::decode::Decode;
use super::lower::{At, Block, Lower};

/// Policies of one place; empty ones do nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policies {
    /// Patience for one attempt.
    pub(crate) timeout: Option<Distribution>,
    /// Repeats.
    pub(crate) retry: Option<Retry>,
    /// Steps that replace failed ones.
    pub(crate) fallback: Option<Block>,
}

/// Repeats of a failed attempt.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    /// Attempts, the first included; `u32::MAX` is unlimited.
    pub(crate) attempts: u32,
    /// Pause before each repeat.
    pub(crate) pause: Pause,
    /// Bit mask of the kinds that are repeated.
    pub(crate) errors: u64,
    /// Cap on repeats as a share of first attempts.
    pub(crate) budget: Option<f64>,
    /// Where it is written.
    pub(crate) place: Place,
}

impl Policies {
    /// Whether there is nothing to do.
    pub(crate) const fn is_empty(&self) -> bool {
        self.timeout.is_none() && self.retry.is_none() && self.fallback.is_none()
    }

    /// These, and what they leave open from `others`.
    pub(crate) fn over(&self, others: &Self) -> Self {
        Self {
            timeout: self.timeout.clone().or_else(|| others.timeout.clone()),
            retry: self.retry.clone().or_else(|| others.retry.clone()),
            fallback: self.fallback.or(others.fallback),
        }
    }
}

/// What a frame needs besides its policies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around {
    /// The failure that its timeout raises.
    pub(crate) timeout_kind: KindId,
    /// Whether a timeout stops the work at the other side.
    pub(crate) stops_work: bool,
    /// Under which component its timeouts are counted.
    pub(crate) owner: Option<usize>,
    /// Circuit breaker.
    pub(crate) breaker: Option<BreakerId>,
    /// The worker that a timeout ends, by the slot that holds it.
    pub(crate) kills: Option<Slot>,
}

impl Around {
    /// Of a step: `timeout`, the other side works on.
    pub(crate) const fn step(owner: Option<usize>) -> Self {
        Self {
            timeout_kind: Kind::Timeout.id(),
            stops_work: false,
            owner,
            breaker: None,
            kills: None,
        }
    }
}

impl Lower<'_> {
    /// Writes `body` with policies around it; with none of them, `body` alone.
    pub(crate) fn framed(
        &mut self,
        at: &At,
        policies: &Policies,
        around: Around,
        body: &mut dyn FnMut(&mut Self, &At),
    ) {
        if policies.is_empty() && around.breaker.is_none() {
            return body(self, at);
        }
        let mut scope = at.scope;
        let state = scope.locals(3);
        let outer = At { scope, ..at.clone() };
        let (begin, after) = (self.builder.label(), self.builder.label());
        let fallback = policies.fallback.map(|block| (block, self.builder.label()));
        let timeout = policies.timeout.as_ref().map(|d| self.draw(at, "timeout", d, 1.0));
        let backoff = self.backoff(at, policies.retry.as_ref());
        let retry = policies.retry.as_ref();
        let frame = Frame {
            parent: at.scope.frame,
            slot_base: Slot(scope.next),
            timeout,
            timeout_kind: around.timeout_kind,
            stops_work: around.stops_work,
            attempts: retry.map_or(1, |r| r.attempts),
            retry_on: retry.map_or(0, |r| r.errors),
            backoff,
            budget: retry.and_then(|r| self.budget(at, r)),
            breaker: around.breaker,
            fallback: fallback.map(|f| f.1.pc()),
            body: begin.pc(),
            after: after.pc(),
            state,
            site: site(at.scope.path, "attempt"),
            owner: around.owner.map(|o| ComponentId(o as u16)),
            kills: around.kills,
        };
        let frame = self.builder.frame(frame);
        self.op(&outer, Op::Try(frame));
        self.builder.place(begin);
        let in_timeout = scope.in_timeout || timeout.is_some();
        let inner = At { scope: Scope { frame: Some(frame), in_timeout, ..scope }, ..at.clone() };
        body(self, &inner);
        self.op(&inner, Op::Leave(frame));
        if let Some((block, label)) = fallback {
            self.builder.place(label);
            let system = self.system;
            system.block(self, &outer.step("fallback"), block);
            self.op(&outer, Op::Jump(after.pc()));
        }
        self.builder.place(after);
    }

    fn backoff(&mut self, at: &At, retry: Option<&Retry>) -> Backoff {
        match retry.map(|r| &r.pause) {
            None => Backoff::Doubling {
                first_s: 0.0,
                max_s: 0.0,
                jitter: Some(0.0),
                site: at.scope.path,
            },
            Some(Pause::Drawn(d)) => Backoff::Drawn(self.draw(at, "backoff", d, 1.0)),
            Some(Pause::Doubling { first_s, max_s, jitter }) => Backoff::Doubling {
                first_s: *first_s,
                max_s: *max_s,
                jitter: *jitter,
                site: site(at.scope.path, "backoff"),
            },
        }
    }

    fn budget(&mut self, at: &At, retry: &Retry) -> Option<BudgetId> {
        let share = retry.budget?;
        let key = (retry.place, at.service());
        if let Some(known) = self.budgets.iter().find(|b| b.0 == key) {
            return Some(known.1);
        }
        let id = self.builder.budget(Budget { share });
        self.budgets.push((key, id));
        Some(id)
    }
}

pub(crate) const TIMEOUT: Field =
    field("timeout", Shape::DurationDist, "", "patience for one attempt");
pub(crate) const RETRY: Field =
    field("retry", Shape::Table(&RETRY_TABLE), "", "repeats of a failed attempt");
pub(crate) const FALLBACK: Field =
    field("fallback", Shape::Steps, "", "steps that replace failed ones");

/// Keys of a retry.
pub(crate) static RETRY_TABLE: Table = Table {
    name: "retry",
    doc: "repeats of a failed attempt",
    fields: &[
        field("attempts", Shape::PositiveOrUnlimited, "3", "attempts, the first included"),
        field("backoff", Shape::Backoff, "0s", "pause before a repeat"),
        field(
            "errors",
            Shape::OneOf(&[Shape::Word(&["any"]), Shape::ListOf(&Shape::Name("failure"))]),
            "(client_timeout timeout unavailable rate_limited)",
            "failures that are repeated, or any",
        ),
        field("budget", Shape::Ratio, "", "cap on repeats as a share of first attempts"),
    ],
};

/// Failures that are repeated when nothing is said.
const DEFAULT_ERRORS: [Kind; 4] =
    [Kind::ClientTimeout, Kind::Timeout, Kind::Unavailable, Kind::RateLimited];

impl Policies {
    /// Decodes those of a step, a `try`, a client block or a traffic source.
    pub(crate) fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Self {
        let fallback = fields.node("fallback");
        Self {
            timeout: decode.positive(fields, "timeout"),
            retry: fields.table("retry", &RETRY_TABLE).map(|r| Retry::decode(decode, &r)),
            fallback: fallback
                .map(|node| decode.steps.block(decode, node, &fields.path_of("fallback"))),
        }
    }
}

impl Retry {
    fn decode(decode: &Decode<'_>, fields: &Fields<'_>) -> Self {
        Self {
            attempts: decode.at_least_one(fields, "attempts", 3),
            pause: fields.backoff("backoff").unwrap_or(Pause::Drawn(Distribution::Constant(0.0))),
            errors: errors(decode, fields),
            budget: decode.share(fields, "budget"),
            place: fields.here(),
        }
    }
}

fn errors(decode: &Decode<'_>, fields: &Fields<'_>) -> u64 {
    if !fields.has("errors") {
        return DEFAULT_ERRORS.iter().fold(0, |mask, kind| mask | 1 << kind.id().0);
    }
    if fields.node("errors").and_then(Node::text) == Some("any") {
        return u64::MAX;
    }
    let mut mask = 0;
    for (name, place) in fields.names("errors") {
        mask |= 1 << decode.wanted_kind(&name, place, &fields.path_of("errors")).0;
    }
    mask
}
