//! Values: what is read, and what is refused with which words.

use rust_decimal::Decimal;

use super::super::{Backoff, End, Node, Reader, Uncertain};
use super::{reading, tree};
use crate::dist::{Curve, Distribution};

const USERS: &str = "users: { registered: 1_500, active: 10%/registered, few: 10..50, odd: 0.7/few }\n\
    parameters: { chunk: 500ms, slow: exp(=mean), mean: 80ms, many: 50, full: unlimited }\n";

/// The value of `v: TEXT`, and the faults.
fn value<T>(text: &str, read: impl Fn(&Reader, &Node) -> Option<T>) -> (Option<T>, String) {
    reading(&format!("{USERS}v: {text}\n"), |reader, tree| {
        tree.root.get("v").and_then(|node| read(reader, node))
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs()
}

#[test]
fn populations_multiply_what_is_per_user() {
    for (text, expected) in [
        ("7", 7),
        ("1/active", 150),
        ("0.016/active", 3),
        ("0.02/active", 3),
        ("10%/active", 15),
        ("1/few", 50),
        ("1/odd", 35),
        ("=many", 50),
        ("=full", u32::MAX),
        ("unlimited", u32::MAX),
        ("\"4\"", 4),
    ] {
        let (count, faults) = value(text, |reader, node| reader.count(node, "v"));
        assert_eq!((count, faults.as_str()), (Some(expected), ""), "{text}");
    }
    let (rate, _) = value("0.008/s/active", |reader, node| reader.rate(node, "v"));
    assert!(close(rate.unwrap_or(0.0), 1.2), "{rate:?}");
    let (count, _) = value("100/min", |reader, node| reader.rate_count(node, "v"));
    assert_eq!(count, Some(100.0));
    let (price, _) = value("$0.01/mo/active", |reader, node| {
        reader.tariff(node, "v").map(|tariff| tariff.price)
    });
    assert_eq!(price.map(|price| price.amount), Some(Decimal::new(150, 2)));
    let (bytes, _) = value("2MB/registered", |reader, node| reader.bytes(node, "v"));
    assert_eq!(bytes, Some(3e9));
}

#[test]
fn a_range_counts_at_the_end_that_was_asked_for() {
    let tree = tree(USERS);
    let low = Reader::new(&tree, End::Low);
    assert!(low.has_range());
    let users = low.users();
    let expected = [("registered", 1500.0), ("active", 150.0), ("few", 10.0), ("odd", 7.0)];
    assert_eq!(users, expected.map(|(name, size)| (name.to_owned(), size)).to_vec());
}

#[test]
fn distributions_are_read_in_every_spelling() {
    use Distribution as D;
    let clipped = |inner, low, high| D::Clipped { inner: Box::new(inner), low, high };
    for (text, expected) in [
        ("20ms", D::Constant(0.02)),
        ("=chunk", D::Constant(0.5)),
        ("=slow", D::Exponential { mean: 0.08 }),
        ("exp(20ms)", D::Exponential { mean: 0.02 }),
        ("exp(mean=20ms)", D::Exponential { mean: 0.02 }),
        ("exp(=chunk)", D::Exponential { mean: 0.5 }),
        ("exp(0s)", D::Constant(0.0)),
        ("exp(uncertain(3ms 1ms..6ms))", D::Exponential { mean: 0.003 }),
        ("uncertain(3ms 1ms..6ms)", D::Constant(0.003)),
        ("uniform(5s..30s)", D::Uniform { low: 5.0, high: 30.0 }),
        ("erlang(mean=2s stages=4)", D::Gamma { shape: 4.0, scale: 0.5 }),
        ("gamma(mean=2s cv=0.5)", D::Gamma { shape: 4.0, scale: 0.5 }),
        ("hyperexp(mean=2s cv=1)", D::Exponential { mean: 2.0 }),
        ("pareto(alpha=3 min=1s)", D::Pareto { alpha: 3.0, low: 1.0, high: f64::INFINITY }),
        ("pareto(alpha=1 min=1s max=9s)", D::Pareto { alpha: 1.0, low: 1.0, high: 9.0 }),
        ("exp(20ms max=1s)", clipped(D::Exponential { mean: 0.02 }, 0.0, 1.0)),
        ("exp(20ms min=5ms)", clipped(D::Exponential { mean: 0.02 }, 0.005, f64::INFINITY)),
        ("\"uniform(5s..30s, max=20s)\"", clipped(D::Uniform { low: 5.0, high: 30.0 }, 0.0, 20.0)),
        (
            "mix(90% exp(5ms) 10% =slow)",
            D::Mix(vec![
                (0.9, D::Exponential { mean: 0.005 }),
                (1.0, D::Exponential { mean: 0.08 }),
            ]),
        ),
    ] {
        let (dist, faults) = value(text, |reader, node| reader.duration_dist(node, "v"));
        assert_eq!((dist, faults.as_str()), (Some(expected), ""), "{text}");
    }
    for (text, expected) in [
        ("5", D::Constant(5.0)),
        ("2/odd", D::Constant(70.0)),
        ("geometric(mean=1.5)", D::Geometric { mean: 1.5 }),
        ("poisson(mean=3)", D::Poisson { mean: 3.0 }),
        ("uniform(5000..5500)", D::Uniform { low: 5000.0, high: 5500.0 }),
        ("exp(1.5)", D::Exponential { mean: 1.5 }),
    ] {
        let (dist, faults) = value(text, |reader, node| reader.count_dist(node, "v"));
        assert_eq!((dist, faults.as_str()), (Some(expected), ""), "{text}");
    }
    for (text, mean) in [("500ms", 0.5), ("exp(2MB)", 2e6), ("uniform(1s..3s)", 2.0)] {
        let (dist, _) = value(text, |reader, node| reader.amount(node, "v"));
        assert!(close(dist.map_or(0.0, |dist| dist.mean()), mean), "{text}");
    }
}

#[test]
fn shapes_of_gaps_have_mean_one() {
    for text in [
        "even",
        "erlang(stages=2)",
        "gamma(cv=2)",
        "lognormal(cv=3)",
        "weibull(cv=2)",
        "hyperexp(cv=4)",
        "pareto(alpha=3)",
        "mix(50% exp() 50% gamma(cv=2))",
        "uniform(1..3)",
    ] {
        let (gaps, faults) = value(text, |reader, node| reader.gaps(node, "v"));
        assert_eq!(faults, "", "{text}");
        assert!((gaps.map_or(0.0, |gaps| gaps.mean()) - 1.0).abs() < 1e-9, "{text}");
    }
    assert_eq!(value("poisson", |reader, node| reader.gaps(node, "v")).0, None);
}

#[test]
fn curves_are_read() {
    for (text, mean) in [
        ("120/min", 2.0),
        ("0.1/s/active", 15.0),
        ("steps(0s=100/s 10m=300/s)", 100.0),
        ("linear(0s=100/s 10m=300/s)", 200.0),
        ("sine(mean=100/s swing=50% period=24h peak_at=14h)", 100.0),
        ("mmpp(20s=3/s 10s=9/s)", 5.0),
        ("steps(0s=0.1/s/active 1h=1/s)", 15.0),
    ] {
        let (curve, faults) = value(text, |reader, node| reader.curve(node, "v"));
        assert_eq!(faults, "", "{text}");
        assert!(close(curve.map_or(0.0, |curve| curve.mean_rate()), mean), "{text}");
    }
}

#[test]
fn words_with_arguments_are_read() {
    let backoff = |text| value(text, |reader, node| reader.backoff(node, "v")).0;
    let doubling = |first_s, max_s, jitter| Some(Backoff::Doubling { first_s, max_s, jitter });
    assert_eq!(backoff("doubling(200ms max=5s jitter=50%)"), doubling(0.2, 5.0, Some(0.5)));
    assert_eq!(backoff("doubling(200ms jitter=full)"), doubling(0.2, f64::INFINITY, None));
    assert_eq!(backoff("doubling(1s)"), doubling(1.0, f64::INFINITY, Some(0.0)));
    assert_eq!(backoff("1s"), Some(Backoff::Drawn(Distribution::Constant(1.0))));
    let popularity = |text| value(text, |reader, node| reader.popularity(node, "v")).0;
    assert_eq!((popularity("uniform"), popularity("zipf(0.9)")), (Some(0.0), Some(0.9)));
}

#[test]
fn an_uncertain_value_is_drawn_from_its_range_once_per_world() {
    let tree = tree("v: exp(uncertain(30ms 10ms..80ms))\nw: uncertain(7 3..20)\n");
    let (v, w) = (tree.root.get("v"), tree.root.get("w"));
    let read = |reader: &Reader| {
        let mean = v.and_then(|v| reader.duration_dist(v, "v")).map_or(0.0, |dist| dist.mean());
        (mean, w.and_then(|w| reader.count(w, "w")).unwrap_or(0))
    };
    let best = Reader::new(&tree, End::High);
    assert_eq!(read(&best), (0.03, 7));
    let place = super::super::Place { file: 0, line: 1, column: 18, width: 4 };
    let expected = Uncertain { path: "v".to_owned(), place, best: 0.03, low: 0.01, high: 0.08 };
    assert_eq!(best.uncertain_values()[0], expected);
    let n = 4000_u32;
    let means: Vec<f64> = (0..n)
        .map(|world| {
            let read_twice =
                [0, 1].map(|_| read(&Reader::of_world(&tree, End::High, u64::from(world))));
            assert_eq!(read_twice[0], read_twice[1]);
            let (mean, count) = read_twice[0];
            assert!((0.01..=0.08).contains(&mean) && (3..=20).contains(&count), "{mean} {count}");
            mean
        })
        .collect();
    // Mean of the triangle (a + b + c)/3 and its variance (a² + b² + c² − ab − ac − bc)/18.
    let (low, mode, high) = (0.01_f64, 0.03_f64, 0.08_f64);
    let squares = low * low + mode * mode + high * high;
    let variance = (squares - low * mode - low * high - mode * high) / 18.0;
    let measured = means.iter().sum::<f64>() / f64::from(n);
    let error = 4.0 * (variance / f64::from(n)).sqrt();
    assert!((measured - (low + mode + high) / 3.0).abs() < error, "{measured}");
}

#[test]
fn files_of_numbers_are_read_beside_the_profile() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("the folder is writable");
    };
    file("values.csv", "seconds, weight\n0.1, 3\n0.5; 1   # rare\n\n");
    file("units.csv", "100ms\n500ms\n");
    file("trace.csv", "time,rate\n0s, 2/s\n10, 4\n");
    file("times.csv", "0.5\n1.5\n7\n");
    file("bad.csv", "1\nx\n");
    let text = "a: empirical(values.csv)\nb: empirical(units.csv max=200ms)\nc: trace(trace.csv)\n\
                d: trace(times.csv)\ne: empirical(bad.csv)\nf: trace(none.csv)\n";
    file("p.yaml", text);
    let (tree, _) = super::load(&super::Input::Path(folder.path().join("p.yaml")), &[])
        .unwrap_or_else(|(files, faults)| panic!("{}", super::render(&files, &faults, false)));
    let reader = Reader::new(&tree, End::High);
    let node = |key: &str| tree.root.get(key).expect("it is in the text");
    assert_eq!(
        reader.duration_dist(node("a"), "a"),
        Some(Distribution::Empirical(vec![(0.75, 0.1), (1.0, 0.5)]))
    );
    let clipped = reader.duration_dist(node("b"), "b").map_or(0.0, |dist| dist.mean());
    assert!(close(clipped, 0.15), "{clipped}");
    assert!(matches!(reader.curve(node("c"), "c"), Some(Curve::Pieces(p)) if p.len() == 2));
    assert!(matches!(reader.curve(node("d"), "d"), Some(Curve::Times(t)) if t.len() == 3));
    assert_eq!(reader.duration_dist(node("e"), "e"), None);
    assert!(reader.curve(node("f"), "f").is_none());
    let faults = reader.into_faults();
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`bad.csv`, line 2: this is not one or two numbers",
            "cannot read `none.csv`: there is no such file",
        ]
    );
}

#[test]
fn what_is_no_value_says_what_would_be_one() {
    for (text, message) in [
        ("exp", "3:4: v: `exp` has no arguments"),
        ("exp()", "3:4: v: `exp` needs `mean`"),
        ("exp(5ms 6ms)", "3:12: v: `mean` stands twice"),
        ("gamma(5ms cv=2)", "3:10: v: `gamma` names its arguments"),
        ("gamma(mean=5ms mean=6ms cv=2)", "3:19: v: `mean` stands twice"),
        ("gamma(mean=5ms cv=200)", "3:19: v: `cv` (standard deviation over mean) is from 0 to 100"),
        ("5s..30s", "3:4: v: `5s..30s` is a range"),
        ("geometric(mean=3)", "3:4: v: `geometric` is a distribution of counts"),
        ("exp(5MB)", "3:8: v: `5MB` is a number of bytes; a duration is expected"),
        ("exp(=man)", "3:8: v: there is no parameter `man`"),
        (
            "exp(=many)",
            "2:65: parameters.many: `50` has no unit; a duration is expected; it is used as `=many` in v (line 3)",
        ),
        ("exp(5ms))", "3:12: v: a `)` without its `(`"),
        ("\"exp(5MB)\"", "3:9: v: `5MB` is a number of bytes; a duration is expected"),
        ("\"exp(\\u0035MB)\"", "3:4: v: `5MB` is a number of bytes; a duration is expected"),
        ("uncertain(3ms)", "3:4: v: `uncertain` takes two arguments"),
        ("uncertain(3ms 1ms..6MB)", "3:23: v: `6MB` is a number of bytes; a duration is expected"),
        ("uncertain(9ms 1ms..6ms)", "3:14: v: the best value is outside of its range `1ms..6ms`"),
        ("mix(90% exp(5ms))", "3:4: v: the shares sum to 90%, not to 100%"),
        ("mix(90%)", "3:4: v: `mix` takes pairs of a share and a distribution"),
        ("[5ms]", "3:4: v: a list where a value is expected"),
        ("a(a(a(a(a(a(a(a(a(a(a(a(1))))))))))))", "3:22: v: parentheses are nested too deeply"),
    ] {
        let (dist, faults) = value(text, |reader, node| reader.duration_dist(node, "v"));
        assert_eq!(dist, None, "{text}");
        let first = faults.lines().next().unwrap_or("");
        assert!(
            first.strip_prefix("p.yaml:").unwrap_or("").starts_with(message),
            "{text}: {first}"
        );
    }
}
