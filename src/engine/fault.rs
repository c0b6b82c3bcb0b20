//! Defects planted on purpose, in tests only: the self-checks must see each of them.

/// A defect that strikes at every hundredth opportunity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A unit that is given back stays in use.
    LosesRelease,
    /// A service lasts twice as long as was drawn: services last 1 % longer.
    StretchesService,
    /// A failure is counted twice.
    CountsTwice,
    /// A request vanishes when it ends.
    LosesRequest,
    /// A wait that ended is not recorded.
    ForgetsWait,
    /// A session that ended is not counted.
    ForgetsSession,
    /// A key that was deleted is not counted.
    ForgetsDelete,
}

#[cfg(not(test))]
impl super::World<'_> {
    /// Nothing is planted.
    #[inline]
    #[expect(clippy::unused_self, reason = "tests have another one")]
    pub(crate) const fn strikes(&self, _: Fault) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) use planted::{Planted, plant};

#[cfg(test)]
mod planted {
    use std::cell::Cell;

    use super::Fault;
    use crate::engine::World;

    thread_local! {
        static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    }

    /// The fault of a world.
    #[derive(Debug)]
    pub(crate) struct Planted {
        fault: Option<Fault>,
        turn: Cell<u32>,
    }

    impl Planted {
        /// What is planted on this thread.
        pub(crate) fn here() -> Self {
            Self { fault: FAULT.get(), turn: Cell::new(0) }
        }
    }

    /// Worlds that are made on this thread from now on have the fault, or none.
    pub(crate) fn plant(fault: Option<Fault>) {
        FAULT.set(fault);
    }

    impl World<'_> {
        pub(crate) fn strikes(&self, fault: Fault) -> bool {
            if self.planted.fault != Some(fault) {
                return false;
            }
            self.planted.turn.set(self.planted.turn.get() + 1);
            self.planted.turn.get().is_multiple_of(100)
        }
    }
}
