//! Every field of an answer is explained in a sentence.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use testcard::domain::call::field_help;

/// Fails on a field of this body that has no sentence.
#[track_caller]
pub fn check_explained(body: &Value, about: &str) {
    let mut pointers = Vec::new();
    collect(body, "", &mut pointers);
    let mute: Vec<&String> = pointers.iter().filter(|pointer| field_help::of(body, pointer).is_none()).collect();
    assert!(mute.is_empty(), "{about}: nothing explains {mute:?}");
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                found.push(format!("{pointer}/{name}"));
                collect(item, &format!("{pointer}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn schema(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn every_field_that_the_specification_knows_is_explained() {
    for kind in ["token", "card", "charge", "customer"] {
        let properties = schema(kind)["schema"]["properties"].as_object().unwrap().clone();
        assert!(properties.len() > 5, "{kind}");
        let mut body: Map<String, Value> = properties.keys().map(|name| (name.clone(), Value::Null)).collect();
        body.insert("object".to_owned(), json!(kind));
        check_explained(&Value::Object(body), kind);
    }
    let errors = schema("api_errors")["schema"]["properties"].as_object().unwrap().clone();
    let body: Map<String, Value> = errors.keys().map(|name| (name.clone(), Value::Null)).collect();
    check_explained(&json!({ "error": body }), "error");
    check_explained(&schema("refund-recorded")["fixture"], "refund");
}

#[test]
fn a_field_that_nobody_knows_has_no_sentence() {
    assert_eq!(field_help::of(&json!({ "object": "token", "colour": "red" }), "/colour"), None);
    assert_eq!(field_help::of(&json!({ "object": "token" }), "/used"), None, "it is not there");
}
