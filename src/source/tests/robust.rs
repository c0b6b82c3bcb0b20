//! Whatever stands in a file: a fault or a value, never a panic, in bounded time.

use proptest::prelude::*;

use super::super::{End, Input, Node, Reader, Value, load, merged, render};
use super::shown;

/// Reads every node as everything.
fn read_all(reader: &Reader, node: &Node) {
    let _ = (reader.text(node, "v"), reader.count(node, "v"), reader.large_count(node, "v"));
    let _ = (reader.count_dist(node, "v"), reader.ratio(node, "v"), reader.factor(node, "v"));
    let _ = (reader.number(node, "v"), reader.seconds(node, "v"), reader.duration_dist(node, "v"));
    let _ = (reader.bytes(node, "v"), reader.bytes_dist(node, "v"), reader.amount(node, "v"));
    let _ = (reader.bandwidth(node, "v"), reader.rate(node, "v"), reader.rate_count(node, "v"));
    let _ = (reader.curve(node, "v"), reader.popularity(node, "v"), reader.backoff(node, "v"));
    let _ = (reader.tariff(node, "v"), reader.money(node, "v"), reader.bool(node, "v"));
    let _ = reader.gaps(node, "v");
    node.items().iter().for_each(|item| read_all(reader, item));
    node.entries().iter().for_each(|entry| read_all(reader, &entry.node));
}

fn whole_way(text: &str, set: &str) {
    let input = Input::Text { name: "p.yaml".to_owned(), text: text.to_owned() };
    match load(&input, &[set.to_owned()]) {
        Ok((tree, _)) => {
            let reader = Reader::new(&tree, End::Low);
            read_all(&reader, &tree.root);
            let _ = merged(&tree);
            let _ = render(&tree.files, &reader.into_faults(), true);
        }
        Err((files, faults)) => {
            assert!(faults.has_errors());
            let _ = render(&files, &faults, false);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let file = tempfile::NamedTempFile::new().expect("a file for the test");
        std::fs::write(file.path(), &bytes).expect("writable");
        if let Err((files, faults)) = load(&Input::Path(file.path().to_owned()), &[]) {
            prop_assert!(faults.has_errors());
            let _ = render(&files, &faults, false);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z0-9:\\[\\]{}(),=#&*!|>'\"%@. \n\t_/$é-]{0,200}", set in ".{0,40}") {
        whole_way(&text, &set);
    }

    #[test]
    fn any_value_is_read_or_refused(
        value in "(exp|mix|uniform|lognormal|erlang|steps|sine|trace|zipf|uncertain|doubling|x)?\\(?[a-z0-9%$./=_ ()-]{0,60}\\)?",
    ) {
        let node = |text: &str| Node {
            place: super::super::Place { file: 0, line: 1, column: 4, width: 5 },
            value: Value::Scalar { text: text.to_owned(), quoted: false },
        };
        let tree = super::tree("users: { active: 5 }\nparameters: { a: =b, b: exp(=a), c: 5ms }\n");
        let reader = Reader::of_world(&tree, End::High, 7);
        read_all(&reader, &node(&value));
    }
}

#[test]
fn what_would_exhaust_the_stack_or_the_clock_is_refused() {
    let cases = [
        ("[".repeat(1_000_000), "nested deeper than 64 levels"),
        ("{a: ".repeat(100_000), "nested deeper than 64 levels"),
        ("- ".repeat(500_000), "nested deeper than 64 levels"),
        ("a: &x [1]\nb: *x\n".to_owned(), "aliases (`*name`) are not supported"),
        (format!("[{}]", "1, ".repeat(300_000)), "more than 200000 values in one file"),
        (format!("a: {}", "x".repeat(5 << 20)), "larger than 4 MiB"),
        (format!("a: {{ b: f({} }}", "x, ".repeat(100_000)), ""),
        ("a: b\u{7}".to_owned(), "invisible control character U+0007"),
        (String::new(), "the file is empty"),
        ("# nothing\n".to_owned(), "the file is empty"),
        ("? [a]\n: b\n".to_owned(), "a key must be a plain word"),
        ("a: 1\n---\nb: 1\n".to_owned(), "a file holds one document"),
        ("a: !!int 1\n".to_owned(), "tags (`!name`) are not supported"),
        ("yes: 1\n".to_owned(), "`yes` cannot be a name"),
        ("<<: { a: 1 }\n".to_owned(), "`<<` is not a key"),
    ];
    for (text, message) in cases {
        let shown = shown(&text, &[]);
        let begin: String = text.chars().take(20).collect();
        assert!(
            shown.contains(message),
            "{begin}: {}",
            shown.chars().take(300).collect::<String>()
        );
    }
}

/// Long chains of parameters and of populations end in a fault, not in the stack's end.
#[test]
fn long_chains_are_refused() {
    let many: Vec<String> = (0..5000).map(|i| format!("p{i}: =p{}", i + 1)).collect();
    let shares: Vec<String> = (0..5000).map(|i| format!("u{i}: 50%/u{}", i + 1)).collect();
    let (many, shares) = (many.join(", "), shares.join(", "));
    let text =
        format!("parameters: {{ {many}, p5000: 5ms }}\nusers: {{ {shares}, u5000: 10 }}\nv: =p0\n");
    let (value, faults) = super::reading(&text, |reader, tree| {
        tree.root.get("v").and_then(|node| reader.seconds(node, "v"))
    });
    assert_eq!(value, None);
    assert!(faults.contains("more than 16 populations"), "{faults}");
}
