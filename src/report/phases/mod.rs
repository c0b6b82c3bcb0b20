//! Tables of phases: the document, how it is assembled, and the table for a terminal.

mod assemble;
mod document;

pub use assemble::{EndFindings, row};

pub use document::{
    Amount, Arithmetic, ChecklistItem, Gate, Marginal, PhaseChange, PhaseCost, PhaseEnd,
    PhaseHeadroom, PhaseRow, PhaseRun, PhaseTable, Plan, PromiseRow, PromisedItem, TopBottleneck,
};
