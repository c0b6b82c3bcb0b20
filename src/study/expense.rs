//! What a run of a stated length would take, before it begins.

use super::offered::offered_per_s;
use super::pilot::expected_per_s;
use super::replicate::{REPLICATIONS, RunOptions};
use super::transient::{FEWEST, natural_duration_s};
use crate::program::Program;

/// Requests of a run whose length somebody stated (by a duration, a warm-up, or a load that changes
/// with the clock), over all its replications: what the budget does not bound. About zero where no
/// length is stated.
pub fn stated_requests(program: &Program, options: &RunOptions) -> f64 {
    let stated_s = options.warmup_s.unwrap_or(0.0);
    if program.transient {
        let duration_s = options.duration_s.unwrap_or_else(|| natural_duration_s(program));
        let replications = f64::from(options.replications.unwrap_or(FEWEST));
        return offered_per_s(program) * (stated_s + duration_s) * replications;
    }
    let stated_s = stated_s + options.duration_s.unwrap_or(0.0);
    if stated_s == 0.0 {
        return 0.0;
    }
    let replications = f64::from(options.replications.unwrap_or(REPLICATIONS));
    expected_per_s(program, options.seed, 1000.0) * stated_s * replications
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Curve, Source, SourceKind};

    #[test]
    fn a_stated_length_is_paid_in_every_replication() {
        let kind =
            SourceKind::Open { curve: Curve::Constant(10.0), gaps: None, batch: None, entry: 0 };
        let program = Program { sources: vec![Source { kind, site: 1 }], ..Program::default() };
        let of = |warmup_s, duration_s| {
            let options = RunOptions { warmup_s, duration_s, ..RunOptions::default() };
            stated_requests(&program, &options)
        };
        assert_eq!(of(None, None), 0.0);
        assert_eq!(of(Some(1.0), Some(9.0)), 10.0 * 10.0 * f64::from(REPLICATIONS));
        let changing = Program { transient: true, ..program.clone() };
        let options = RunOptions { duration_s: Some(10.0), ..RunOptions::default() };
        assert_eq!(stated_requests(&changing, &options), 10.0 * 10.0 * f64::from(FEWEST));
    }
}
