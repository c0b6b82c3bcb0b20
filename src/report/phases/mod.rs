//! Tables of phases: the document, how it is assembled, and the table for a terminal.

mod assemble;
mod document;
mod formats;
mod table;

pub use assemble::{EndFindings, row};

pub use document::{
    Amount, Arithmetic, ChecklistItem, Gate, Marginal, PhaseChange, PhaseCost, PhaseEnd,
    PhaseHeadroom, PhaseRow, PhaseRun, PhaseTable, Plan, PromiseRow, PromisedItem, TopBottleneck,
};
pub(super) use table::{short, spread};
