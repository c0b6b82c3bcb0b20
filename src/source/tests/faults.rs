//! Messages as they are shown, and what the field tables report.

use super::super::{
    Fault, FaultKind, Faults, Field, Files, Place, Reader, Shape, Table, render, schema,
};
use super::{reading, shown};

#[test]
fn a_fault_is_shown_with_its_line() {
    let dup = "name: a\nusers: { x: 1, x: 2 }\n";
    assert_eq!(
        shown(dup, &[]),
        "p.yaml:2:16: users.x: `x` stands here a second time; the first one is in line 2\n\
        \x20   2 | users: { x: 1, x: 2 }\n\
        \x20     |                ^\n"
    );
    let comma = "a: { cpu: lognormal(mean=20ms, p95=60ms), b: 1 }\n";
    assert_eq!(
        shown(comma, &[]),
        "p.yaml:1:11: a.cpu: inside `{ }` and `[ ]` a comma ends the value\n\
        \x20   1 | a: { cpu: lognormal(mean=20ms, p95=60ms), b: 1 }\n\
        \x20     |           ^^^^^^^^^^^^^^^^^^^\n\
        \x20  expected: arguments that stand apart by blanks: `lognormal(mean=20ms p95=60ms)`\n"
    );
    assert_eq!(
        shown("a:\n\tb: 1\n", &[]),
        "p.yaml:2:1: a tab cannot indent; use blanks\n\
        \x20   2 |     b: 1\n\
        \x20     | ^^^^\n"
    );
    assert_eq!(
        shown("users: { a: 5 }", &["users.b=6"]),
        "--set:1:1: `users` has no `b`\n\
        \x20   1 | users.b=6\n\
        \x20     | ^^^^^^^\n\
        \x20  expected: one of `a`\n"
    );
}

fn one(text: &str, column: u32, width: u32) -> (Files, Faults) {
    let mut files = Files::default();
    let file = files.add("p.yaml", text.to_owned(), std::path::Path::new(""));
    let place = Place { file, line: 1, column, width };
    let mut faults = Faults::new();
    faults.push(Fault::error(FaultKind::Value, place, "a.b", "wrong").expected("right"));
    (files, faults)
}

#[test]
fn wide_characters_and_tabs_keep_the_carets_in_place() {
    let (files, faults) = one("é: 日本\tx y", 6, 1);
    assert_eq!(
        render(&files, &faults, false),
        "p.yaml:1:6: a.b: wrong\n\
        \x20   1 | é: 日本    x y\n\
        \x20     |        ^^^^\n\
        \x20  expected: right\n"
    );
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let text = format!("{}wrong{}", "a".repeat(200), "b".repeat(1_000_000));
    let (files, faults) = one(&text, 201, 5);
    let shown = render(&files, &faults, false);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[1], format!("    1 | … {}wrong{} …", "a".repeat(33), "b".repeat(62)));
    assert_eq!(lines[2], format!("      | {}^^^^^", " ".repeat(35)));
    let (files, faults) = one(&text, 1, 1_000_000);
    assert!(render(&files, &faults, false).lines().all(|line| line.chars().count() < 120));
}

#[test]
fn colour_is_optional_and_the_terminal_obeys_nothing_else() {
    let (files, faults) = one("a: b", 4, 1);
    assert!(render(&files, &faults, true).contains("\u{1b}[1;31mwrong\u{1b}[0m"));
    let mut hostile = Faults::new();
    let message = "a name \u{1b}[2J\u{202e} and\nmore".to_owned() + &"x".repeat(10_000);
    hostile.push(Fault::error(FaultKind::Value, Place::default(), "", message));
    let shown = render(&Files::default(), &hostile, false);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']) && shown.len() < 1000, "{shown}");
}

#[test]
fn many_faults_are_counted_not_shown() {
    let text = "a: 1\n".repeat(500);
    let shown = shown(&text, &[]);
    assert_eq!(shown.matches("a second time").count(), 50);
    assert!(shown.ends_with("… and 449 more\n"), "{shown}");
}

static INNER: Table = Table {
    name: "pool",
    doc: "a pool",
    fields: &[
        Field { key: "size", shape: Shape::Positive, default: "required", doc: "how many" },
        Field { key: "recycle", shape: Shape::Duration, default: "never", doc: "age" },
    ],
};

static OUTER: Table = Table {
    name: "database",
    doc: "a database",
    fields: &[
        Field { key: "pool", shape: Shape::Table(&INNER), default: "", doc: "pool" },
        Field { key: "cores", shape: Shape::Count, default: "", doc: "cores" },
        Field { key: "hold", shape: Shape::Word(&["query", "request"]), default: "", doc: "how" },
        Field { key: "sticky", shape: Shape::Bool, default: "false", doc: "sticks" },
        Field { key: "shards", shape: Shape::NotYet("shards of a database"), default: "", doc: "" },
        Field { key: "via", shape: Shape::ListOf(&Shape::Name("component")), default: "", doc: "" },
    ],
};

fn decoded(text: &str) -> String {
    reading(text, |reader: &Reader, tree| {
        let fields = reader.fields(&tree.root, "db", &OUTER);
        if let Some(pool) = fields.table("pool", &INNER) {
            pool.count("size");
            pool.seconds("recycle");
        }
        fields.count("cores");
        fields.word("hold");
        fields.bool("sticky");
        fields.names("via");
        fields.list("via");
    })
    .1
}

#[test]
fn tables_find_all_mistakes_at_once() {
    let faults = decoded(
        "pool: { sise: 5, recycle: never }\ncores: [4]\nhold: querry\nsticky: yes\nshards: 4\n\
         vai: [x]\n",
    );
    let first_lines: Vec<&str> = faults.lines().filter(|line| line.starts_with("p.yaml")).collect();
    assert_eq!(
        first_lines,
        [
            "p.yaml:1:9: db.pool.sise: `sise` is no key of a pool; did you mean `size`?",
            "p.yaml:2:8: db.cores: a list where a value is expected",
            "p.yaml:3:7: db.hold: `querry` is not possible here; did you mean `query`?",
            "p.yaml:4:9: db.sticky: `yes` is not possible here",
            "p.yaml:5:1: db.shards: `shards` is not supported yet: shards of a database",
            "p.yaml:6:1: db.vai: `vai` is no key of a database; did you mean `via`?",
        ]
    );
}

#[test]
fn tables_name_what_is_missing_or_empty() {
    for (text, message) in [
        ("pool: {}", "p.yaml:1:7: db.pool: `size` is missing"),
        ("pool: { size: 0 }", "p.yaml:1:15: db.pool.size: `0`: at least 1 is needed"),
        ("pool: { size: unlimited }", "`unlimited` is not possible here"),
        ("pool: 5", "p.yaml:1:7: db.pool: a value where a map is expected"),
        ("cores:", "p.yaml:1:1: db.cores: `cores` has no value"),
        ("via: app", "p.yaml:1:6: db.via: a value where a list is expected"),
        ("pool: =size", "p.yaml:1:7: db.pool: there is no parameter `size`"),
    ] {
        let faults = decoded(text);
        assert!(faults.contains(message), "{text}: {faults}");
    }
    assert_eq!(decoded("pool: { size: 5 }\ncores: 0\nsticky: true\nvia: [a, b]"), "");
}

#[test]
fn the_schema_lists_the_keys_of_the_tables() {
    let schema = schema(&OUTER);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(schema["additionalProperties"], false);
    let inner = &schema["definitions"]["pool"]["properties"];
    assert!(inner.get("size").is_some() && inner.get("recycle").is_some(), "{schema}");
}
