//! Layers: `extends`, merging, `--set`, and the merged text.

use std::path::Path;

use super::super::{Input, Node, Tree, Value, load, merged, render};
use super::{shown, tree};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }
    folder
}

fn load_from(folder: &Path, name: &str, sets: &[&str]) -> Result<Tree, String> {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    match load(&Input::Path(folder.join(name)), &sets) {
        Ok((tree, faults)) if faults.is_empty() => Ok(tree),
        Ok((tree, faults)) => Err(render(&tree.files, &faults, false)),
        Err((files, faults)) => Err(render(&files, &faults, false)),
    }
}

/// A tree in one line, without places.
fn flat(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar { text, quoted: true } => format!("{text:?}"),
        Value::Scalar { text, quoted: false } => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(" ")),
        Value::Map(entries) => {
            let entries = entries.iter().map(|e| format!("{}:{}", e.key, flat(&e.node)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn later_layers_win_key_by_key() {
    let folder = folder(&[
        ("base/a.yaml", "name: a\nusers: { x: 1, y: 2 }\nlist: [1, 2]\ngone: { b: 1 }\n"),
        ("base/b.yaml", "name: b\nextends: c.yaml\nusers: { y: 3 }\n"),
        ("base/c.yaml", "name: c\nusers: { z: 4 }\nrun: { seed: 1 }\n"),
        (
            "top.yaml",
            "extends: [base/a.yaml, base/b.yaml]\nusers: { x: 9, n: { m: null, k: 1 } }\n\
                      list: [3]\ngone: null\nquoted: \"null\"\n",
        ),
    ]);
    let tree = load_from(folder.path(), "top.yaml", &[]).expect("all is well");
    assert_eq!(
        flat(&tree.root),
        "{name:b users:{x:9 y:3 z:4 n:{k:1}} list:[3] run:{seed:1} quoted:\"null\"}"
    );
}

#[test]
fn another_type_replaces_a_component_and_only_a_component() {
    let folder = folder(&[
        (
            "a.yaml",
            "components: { db: { type: database, cores: 4 }, app: { type: service, workers: 2 } }\n\
                    other: { db: { type: x, cores: 4 } }\n",
        ),
        (
            "b.yaml",
            "extends: a.yaml\ncomponents: { db: { type: station, servers: 1 }, app: { type: service, cores: 1 } }\n\
                    other: { db: { type: y } }\n",
        ),
    ]);
    let tree = load_from(folder.path(), "b.yaml", &[]).expect("all is well");
    assert_eq!(
        flat(&tree.root),
        "{components:{db:{type:station servers:1} app:{type:service workers:2 cores:1}} \
         other:{db:{type:y cores:4}}}"
    );
}

#[test]
fn a_layer_may_be_shared_and_a_ring_is_named() {
    let folder = folder(&[
        ("root.yaml", "a: 1\n"),
        ("left.yaml", "extends: root.yaml\nb: 1\n"),
        ("right.yaml", "extends: root.yaml\nc: 1\n"),
        ("both.yaml", "extends: [left.yaml, right.yaml]\n"),
        ("x.yaml", "extends: in/y.yaml\n"),
        ("in/y.yaml", "extends: ../x.yaml\n"),
        ("missing.yaml", "extends: rihgt.yaml\n"),
    ]);
    let tree = load_from(folder.path(), "both.yaml", &[]).expect("all is well");
    assert_eq!(flat(&tree.root), "{a:1 b:1 c:1}");
    let ring = load_from(folder.path(), "x.yaml", &[]).expect_err("a ring");
    assert!(
        ring.contains(
            "in/y.yaml:1:10: extends: a file extends itself: `x.yaml` → `in/y.yaml` → `x.yaml`"
        ),
        "{ring}"
    );
    let missing = load_from(folder.path(), "missing.yaml", &[]).expect_err("no such file");
    assert!(missing.contains("there is no such file; did you mean `right.yaml`?"), "{missing}");
}

/// A doubling chain of layers would be read 2¹⁵ times.
#[test]
fn layers_are_counted() {
    let names: Vec<String> = (0..15).map(|i| format!("{i}.yaml")).collect();
    let texts: Vec<String> =
        (0..15).map(|i| format!("extends: [{0}.yaml, {0}.yaml]\n", i + 1)).collect();
    let mut files: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    files.push(("15.yaml", "a: 1\n"));
    let folder = folder(&files);
    let faults = load_from(folder.path(), "0.yaml", &[]).expect_err("too many");
    assert!(faults.contains("too many layers: at most 200 files"), "{faults}");
}

const PROFILE: &str = "users: { active: 5 }\ntraffic: { api: { rate: 1/s } }\n\
    components:\n  db: { type: database, pool: { size: 5 } }\n  both: { type: service }\n\
    endpoints:\n  home:\n    steps: [ { cpu: 1ms } ]\n  both: {}\n";

#[test]
fn a_set_reaches_any_leaf_by_its_short_or_full_path() {
    let set = |sets: &[&str]| {
        let folder = folder(&[("p.yaml", PROFILE)]);
        load_from(folder.path(), "p.yaml", sets).map(|tree| flat(&tree.root))
    };
    let has = |sets: &[&str], part: &str| {
        let tree = set(sets).unwrap_or_else(|faults| panic!("{faults}"));
        assert!(tree.contains(part), "{sets:?}: {tree}");
    };
    has(&["db.pool.size=60"], "pool:{size:60}");
    has(&["components.db.pool.size=60"], "pool:{size:60}");
    has(&["db.pool.timeout=30s", "db.pool.size=7"], "pool:{size:7 timeout:30s}");
    has(&["db.pool={ size: 60, overflow: 2 }"], "pool:{size:60 overflow:2}");
    has(&["db.pool=null"], "db:{type:database}");
    has(&["db={ type: station }"], "db:{type:station}");
    has(&["users.active=10..50"], "active:10..50");
    has(&["home.steps=[ { cpu: =x } ]"], "steps:[{cpu:=x}]");
    has(&["run.seed=7"], "run:{seed:7}");
    has(&["slo.fast=api.latency.p95 < 1s"], "slo:{fast:api.latency.p95 < 1s}");
    has(&["api.mix={ home: 100% }"], "mix:{home:100%}");
}

#[test]
fn a_set_that_reaches_nothing_says_so() {
    for (set, message) in [
        ("dbb.pool.size=6", "nothing is called `dbb`; did you mean `db.pool.size`?"),
        ("db.pool.size", "`db.pool.size` has no `=`"),
        ("db.pool.size.x=6", "`db.pool.size` is a value; nothing is inside it"),
        ("home.steps.0=6", "`steps` is a list; `home.steps.0` cannot reach into it"),
        ("users.activ=6", "`users` has no `activ`; did you mean `users.active`?"),
        ("both.price=6", "`both` is a name in `components`, `endpoints`"),
        ("db..size=6", "`db..size` is no path"),
        ("=6", "`` is no path"),
        ("db.pool=", "a value is missing after the `=`; `null` removes a key"),
        ("db.pool={ size: 6", "the flow map that begins in line 1 is not closed"),
        ("db.pool={ size: 6, size: 7 }", "`size` stands here a second time"),
    ] {
        let faults = shown(PROFILE, &[set]);
        assert!(faults.starts_with("--set:1:") && faults.contains(message), "{set}: {faults}");
    }
    let long = format!("{}=1", vec!["a"; 100_000].join("."));
    assert!(shown(PROFILE, &[&long]).contains("a path has at most 64 parts"));
}

#[test]
fn the_merged_text_reads_as_the_same_tree() {
    let text = "name: peak / one\nempty: {}\nnone: []\nvoid: \"\"\nnull_text: \"null\"\n\
        odd: \"a: b # c\"\nmulti: \"a\\nb\\tc\\u001b\"\nsteps:\n  - { cpu: 1ms, list: [ [ 1, 2 ], { a: b } ] }\n  - x\n\
        deep: { a: { b: { c: 70% } } }\nrate: =list_query\nnumber: -5\nstar: \"*x\"\n";
    let first = tree(text);
    let written = merged(&first);
    assert!(written.contains("name: peak / one  # p.yaml:1\n"), "{written}");
    let second = tree(&written);
    let unquoted = |tree: &Tree| flat(&tree.root).replace('"', "");
    assert_eq!(unquoted(&first), unquoted(&second), "{written}");
}
