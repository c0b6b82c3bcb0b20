//! The JSON Schema in `docs/` is the one that the program derives from its field tables, and accepts
//! the shipped profiles' keys.

use std::path::Path;

use assert_cmd::Command;

fn derived() -> String {
    let output = Command::cargo_bin("capplan")
        .expect("the binary is built")
        .arg("schema")
        .output()
        .expect("the binary runs");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("JSON is UTF-8")
}

#[test]
fn the_checked_in_schema_is_the_derived_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/profile.schema.json");
    let kept = std::fs::read_to_string(path).expect("the schema is checked in");
    assert!(kept == derived(), "run `capplan schema > docs/profile.schema.json`");
}

#[test]
fn the_schema_names_every_top_level_key_of_the_shipped_profiles() {
    let schema: serde_json::Value = serde_json::from_str(&derived()).expect("JSON");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let properties = schema["properties"].as_object().expect("an object");
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/mina/base.yaml");
    let text = std::fs::read_to_string(base).expect("the profile is there");
    let mut seen = 0;
    for line in text.lines() {
        let Some((key, _)) = line.split_once(':') else { continue };
        if key.starts_with([' ', '#']) {
            continue;
        }
        assert!(properties.contains_key(key), "{key}");
        seen += 1;
    }
    assert!(seen > 8, "only {seen} keys were looked at");
}
