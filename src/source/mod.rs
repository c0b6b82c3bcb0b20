//! Text of a profile to a tree of nodes with places, and to typed values; faults and their rendering.
//!
//! Nothing here knows what a component is. Only this module and `cli` read files.

mod changes;
mod comma;
mod data;
mod fault;
mod fields;
mod growth;
mod law;
mod load;
mod merge;
mod merged;
mod nearest;
mod over_time;
mod parse;
mod plan;
mod populations;
mod reader;
mod render;
mod revision;
mod schema;
mod set;
mod spelling;
mod table;
mod tariff;
mod tree;
mod value;
mod words;

pub use changes::{Change, changes};
pub use fault::{Fault, FaultKind, Faults, Severity};
pub use fields::Fields;
pub use load::{Input, load};
pub use merged::merged;
pub use nearest::nearest;
pub use plan::{Layer, Plan, load_plan};
pub use reader::{Backoff, End, Reader, Uncertain};
pub use render::render;
pub use revision::Revision;
pub use schema::schema;
pub use table::{Field, Shape, Table};
pub use tree::{Entry, Files, Node, Place, Tree, Value};

pub use crate::units::{Per, Price, Tariff};

#[cfg(test)]
mod tests;
