//! JSON Schema (draft 07) from the field tables.

use serde_json::{Map, Value, json};

use super::{Field, Shape, Table};

/// The JSON Schema (draft 07) of a file whose top-level map is `root`.
///
/// Every map may be given in part, since a file may be a layer over another; so nothing is required
/// by the schema that the merged profile requires.
pub fn schema(root: &'static Table) -> Value {
    let mut definitions = Map::new();
    let top = table(root, &mut definitions, 0);
    let mut all = Map::new();
    all.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    all.insert("title".into(), json!("capplan profile"));
    if let Value::Object(top) = top {
        all.extend(top);
    }
    if !definitions.is_empty() {
        all.insert("definitions".into(), Value::Object(definitions));
    }
    Value::Object(all)
}

const DEEPEST: usize = 24;

fn table(table: &'static Table, definitions: &mut Map<String, Value>, depth: usize) -> Value {
    let mut properties = Map::new();
    for field in table.fields {
        properties.insert(field.key.into(), property(field, definitions, depth));
    }
    json!({
        "type": ["object", "null"],
        "description": table.doc,
        "properties": properties,
        "additionalProperties": false,
    })
}

fn property(field: &'static Field, definitions: &mut Map<String, Value>, depth: usize) -> Value {
    let mut property = shape(&field.shape, definitions, depth + 1);
    if let Value::Object(map) = &mut property {
        let mut doc = field.doc.to_owned();
        match field.default {
            "" => {}
            "required" => doc.push_str(" (required)"),
            default => {
                doc.push_str(" (default: ");
                doc.push_str(default);
                doc.push(')');
            }
        }
        map.insert("description".into(), json!(doc));
    }
    property
}

/// A scalar: YAML may have read its text as a number or a truth value already.
fn scalar(what: &str) -> Value {
    json!({ "type": ["string", "number", "boolean", "null"], "title": what })
}

fn shape(of: &'static Shape, definitions: &mut Map<String, Value>, depth: usize) -> Value {
    if depth > DEEPEST {
        return json!({});
    }
    match of {
        Shape::Text => scalar("text"),
        Shape::Word(words) => {
            let mut words: Vec<Value> = words.iter().map(|word| json!(word)).collect();
            words.push(Value::Null);
            json!({ "anyOf": [
                { "enum": words },
                { "type": "string", "pattern": "^=" },
            ] })
        }
        Shape::Bool => json!({ "anyOf": [
            { "type": ["boolean", "null"] },
            { "type": "string", "pattern": "^=" },
        ] }),
        Shape::Count | Shape::Positive => scalar("count"),
        Shape::CountOrUnlimited | Shape::PositiveOrUnlimited => scalar("count or `unlimited`"),
        Shape::CountDist => scalar("count or a distribution of counts"),
        Shape::Ratio => scalar("ratio such as 70%"),
        Shape::Factor => scalar("factor such as 3x"),
        Shape::Number => scalar("number"),
        Shape::Duration => scalar("duration such as 200ms"),
        Shape::DurationDist => scalar("duration or a distribution such as exp(20ms)"),
        Shape::Bytes => scalar("bytes such as 2GiB"),
        Shape::BytesDist => scalar("bytes or a distribution of them"),
        Shape::Bandwidth => scalar("bandwidth such as 100Mbit/s"),
        Shape::Rate => scalar("rate such as 400/s"),
        Shape::Curve => scalar("rate, or a rate over time such as steps(0s=100/s 10m=300/s)"),
        Shape::Popularity => scalar("`uniform` or zipf(0.9)"),
        Shape::Backoff => scalar("duration, distribution or doubling(200ms max=5s jitter=50%)"),
        Shape::Price => json!({ "anyOf": [
            scalar("price such as $50/mo"),
            { "type": "array", "items": scalar("price such as $0.09/GB") },
        ] }),
        Shape::Money => scalar("money per month such as $450/mo"),
        Shape::MoneyRange => scalar("money per month, or a range such as $150/mo..$450/mo"),
        Shape::DurationRange => scalar("duration, or a range such as 1mo..2mo"),
        Shape::CountRange => scalar("count, or a range such as 10..50"),
        Shape::Growth => scalar("users over months such as compound(50 50%/mo)"),
        Shape::Profile => json!({ "$ref": "#" }),
        Shape::Name(of) => scalar(of),
        Shape::Expression => scalar("condition such as api.latency.p95 < 800ms"),
        Shape::Table(inner) => {
            let name = inner.name.replace(' ', "_");
            if !definitions.contains_key(&name) {
                definitions.insert(name.clone(), Value::Null);
                let written = table(inner, definitions, depth);
                definitions.insert(name.clone(), written);
            } else if definitions[&name]["description"] != json!(inner.doc)
                && !definitions[&name].is_null()
            {
                // Two tables share a word: the second stands where it is used.
                return table(inner, definitions, depth);
            }
            json!({ "allOf": [ { "$ref": format!("#/definitions/{name}") } ] })
        }
        Shape::MapOf(inner) => json!({
            "type": ["object", "null"],
            "additionalProperties": shape(inner, definitions, depth + 1),
        }),
        Shape::ListOf(inner) => json!({
            "type": ["array", "null"],
            "items": shape(inner, definitions, depth + 1),
        }),
        Shape::OneOf(shapes) => {
            let all: Vec<Value> =
                shapes.iter().map(|inner| shape(inner, definitions, depth + 1)).collect();
            json!({ "anyOf": all })
        }
        Shape::Steps => json!({
            "type": ["array", "null"],
            "items": { "type": ["object", "string"] },
        }),
        Shape::Any => json!({}),
        Shape::NotYet(what) => json!({ "not": {}, "title": format!("not supported yet: {what}") }),
    }
}
