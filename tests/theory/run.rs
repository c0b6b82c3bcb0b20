//! Runs a profile in independent replications and compares a metric with its exact value.

use capplan::engine::World;
use capplan::expr::{Names, Need};
use capplan::profile::{Options, Profile};
use capplan::program::{Catalogue, Program};
use capplan::results::Replication;
use capplan::source::{self, Input};
use capplan::verdict::{Estimate, check, estimate_during};

/// How long each replication runs, in simulated seconds, and how many there are.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) warmup_s: f64,
    pub(crate) measured_s: f64,
    pub(crate) replications: u64,
}

/// Forty replications: a right engine then misses four standard errors once in four thousand times.
pub(crate) const fn span(warmup_s: f64, measured_s: f64) -> Span {
    Span { warmup_s, measured_s, replications: 40 }
}

/// The profile's program and names; what is wrong with the text is printed.
pub(crate) fn compile(yaml: &str) -> (Program, Catalogue) {
    let input = Input::Text { name: "test.yaml".into(), text: format!("capplan: 1\n{yaml}") };
    match Profile::load(&input, &Options::default()) {
        Ok(profile) => profile.lower(),
        Err((files, faults)) => panic!("{}", source::render(&files, &faults, false)),
    }
}

/// A profile that was run.
pub(crate) struct Run {
    catalogue: Catalogue,
    pub(crate) replications: Vec<Replication>,
}

impl Run {
    /// Runs the text of a profile (without its first line) from seed 1.
    pub(crate) fn of(yaml: &str, span: Span) -> Self {
        Self::asking(yaml, &[], span)
    }

    /// The same; measures these metrics too, which are tracked only where somebody asks.
    pub(crate) fn asking(yaml: &str, metrics: &[&str], span: Span) -> Self {
        let (mut program, catalogue) = compile(yaml);
        for metric in metrics {
            need(&catalogue, metric).ask(&mut program);
        }
        let replications: Vec<Replication> = (0..span.replications)
            .map(|replication| {
                let mut world = World::new(&program, 1, replication);
                world.run_until(span.warmup_s);
                world.reset();
                world.run_until(span.warmup_s + span.measured_s);
                let results = world.results();
                assert!(results.balance.holds(), "{:?}", results.balance);
                results
            })
            .collect();
        for check in check(&replications) {
            assert_eq!(check.violation, None, "{}", check.name);
        }
        Self { catalogue, replications }
    }

    /// Mean and standard error of a metric over the replications.
    pub(crate) fn estimate(&self, metric: &str) -> (f64, f64) {
        self.estimate_by(|replication| {
            let of_one = self.reported(metric, std::slice::from_ref(replication));
            of_one.value.unwrap_or(f64::NAN)
        })
    }

    /// The metric as reports give it, with an interval that misses once in ten thousand runs.
    fn reported(&self, metric: &str, replications: &[Replication]) -> Estimate {
        let Need { measure, statistic, during, quantity, .. } = need(&self.catalogue, metric);
        estimate_during(&measure, statistic, during, quantity, replications, 0.9999)
    }

    /// Mean and standard error of anything that is read off a replication.
    pub(crate) fn estimate_by(&self, read: impl Fn(&Replication) -> f64) -> (f64, f64) {
        let values: Vec<f64> = self.replications.iter().map(read).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
        (mean, (squares / (n - 1.0) / n).sqrt())
    }

    /// Asserts that the metric lies within four standard errors of `exact`, that the interval in
    /// reports holds it, and that the standard error is at most `sharp` of it: a test that nothing
    /// could fail shows nothing.
    #[track_caller]
    pub(crate) fn agrees(&self, metric: &str, exact: f64, sharp: f64) {
        compare(metric, self.estimate(metric), exact, sharp);
        let reported = self.reported(metric, &self.replications);
        assert!(reported.low <= exact && exact <= reported.high, "{metric}: {exact} {reported:?}");
    }
}

/// A metric by its name, with ` during 5..10` (seconds) of a part of the measured time.
fn need(catalogue: &Catalogue, metric: &str) -> Need {
    let (name, during) = match metric.split_once(" during ") {
        None => (metric, None),
        Some((name, span)) => {
            let (from, to) = span.split_once("..").expect("two ends");
            let seconds = |text: &str| text.parse::<f64>().expect("seconds");
            (name, Some((seconds(from), seconds(to))))
        }
    };
    Need::of(name, during, &Names::of(catalogue)).unwrap_or_else(|e| panic!("{metric}: {e:?}"))
}

/// See [`Run::agrees`].
#[track_caller]
#[expect(clippy::print_stdout, reason = "a test that fails shows all its comparisons")]
pub(crate) fn compare(what: &str, (value, error): (f64, f64), exact: f64, sharp: f64) {
    let z = (value - exact) / error;
    println!("{what}: {value:.6} ± {error:.6}, exactly {exact:.6}, z {z:.2}");
    assert!(
        error <= sharp * exact.abs(),
        "{what}: standard error {error} is more than {sharp} of {exact}"
    );
    assert!(
        (value - exact).abs() <= 4.0 * error,
        "{what}: {value} ± {error} is not {exact} (z {z:.1})"
    );
}
