//! Every field of an answer is explained in a sentence.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use testcard::domain::{
    call::field_help,
    json_document::{JsonDocument, JsonView},
};

/// Fails on a field of this body that has no sentence.
#[track_caller]
pub fn check_explained(body: &Value, about: &str) {
    let document = JsonDocument::parse(body.to_string()).unwrap();
    let fields = (0..document.node_count()).map(|node| document.view(node)).filter(|view| view.key().is_some());
    let mute: Vec<String> = fields.filter(|field| field_help::of(*field).is_none()).map(JsonView::pointer).collect();
    assert!(mute.is_empty(), "{about}: nothing explains {mute:?}");
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
    let document = JsonDocument::parse(json!({ "object": "token", "colour": "red" }).to_string()).unwrap();
    assert_eq!(field_help::of(document.root().get("colour").unwrap()), None);
}
