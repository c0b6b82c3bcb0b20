//! Exit codes: a contract with scripts and pipelines.

use std::process::ExitCode;

use crate::verdict::Verdict;

/// How a command ended; of several inputs the worst counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: no objective fails.
    Fine,
    /// 3: something is undecided, and `--strict` was given.
    Undecided,
    /// 1: an objective, claim or budget fails.
    Fails,
    /// 2: bad usage, profile or file.
    Usage,
    /// 130: interrupted; the result is partial.
    Interrupted,
    /// 70: an exact identity was violated, or a panic: a defect of capplan.
    Defect,
}

impl Exit {
    /// What a verdict means; `strict` does not forgive what is undecided.
    pub(super) const fn of(verdict: Verdict, strict: bool) -> Self {
        match verdict {
            Verdict::Fails => Self::Fails,
            Verdict::Undecided if strict => Self::Undecided,
            Verdict::Undecided | Verdict::Holds => Self::Fine,
        }
    }

    /// The number that the process returns.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Fails => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Defect => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
