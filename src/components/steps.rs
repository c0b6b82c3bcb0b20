//! Keys that steps have in common.

use crate::source::{Field, Shape};

use super::common::field;

/// Most workers of one service.
pub(crate) const MOST_COPIES: u64 = 100_000;

pub(crate) const SHARE: Field =
    field("share", Shape::Ratio, "100%", "it happens with this probability");
pub(crate) const BLOCKING: Field =
    field("blocking", Shape::Bool, "false", "holds the event loop while it waits");
