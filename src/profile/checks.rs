//! x
use super::Profile;
use crate::source::Faults;
pub(crate) fn check(_p: &mut Profile, _f: &mut Faults) {}
