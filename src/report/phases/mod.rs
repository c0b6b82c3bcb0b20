//! Tables of phases: the document.

mod document;

pub use document::{
    Amount, Arithmetic, ChecklistItem, Gate, Marginal, PhaseChange, PhaseCost, PhaseEnd,
    PhaseHeadroom, PhaseRow, PhaseRun, PhaseTable, Plan, PromiseRow, PromisedItem, TopBottleneck,
};
