//! `testcard explain`: a field by its name, and every field of a token of the history.

use serde_json::Value;

use crate::support::program::{Home, Run};

fn explain(what: &str) -> Run {
    Home::new().run(["explain", what])
}

#[track_caller]
fn json(run: &Run) -> Value {
    assert_eq!(run.exit, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[track_caller]
fn check(what: &str, exit: i32, parts: &[&str]) {
    let run = explain(what);
    let (said, silent) = if exit == 0 { (&run.stdout, &run.stderr) } else { (&run.stderr, &run.stdout) };
    assert_eq!(run.exit, exit, "{what}: {run:?}");
    assert!(silent.is_empty() && parts.iter().all(|part| said.contains(part)), "{what}: {run:?}");
}

#[test]
fn a_field_has_its_meaning_its_values_and_its_grade() {
    check(
        "charge.outcome.type",
        0,
        &["charge.outcome.type\n  authorized, manual_review", "values: authorized,", "recorded 20"],
    );
    check("outcome.type", 0, &["charge.outcome.type\n"]);
    check(
        "card.brand",
        0,
        &["The brand of the card", "values: American Express,", "card of a token", "card in a charge"],
    );
    check("token.card.brand", 0, &["card.brand\n", "recorded 2026-"]);
    check("customer.deleted", 0, &["Always true here: the customer is gone", "documented: "]);
}

#[test]
fn a_name_that_says_too_little_or_nothing_is_told_with_what_may_be_meant() {
    check("type", 2, &["Several fields are named 'type'", "token.type", "charge.outcome.type"]);
    check("card.brnd", 2, &["No answer of the minter has a field 'card.brnd'. Near to it: card.brand"]);
    check("zzzzzzzzzz", 2, &["Write the object and the field, such as card.brand"]);
    check("tok_none", 2, &["The history has no token tok_none. `testcard history` lists what there is"]);
    check("", 2, &["Write the object and the field"]);
}

#[test]
fn a_field_is_printed_as_json_once_for_each_holder() {
    let fields = json(&Home::new().run(["explain", "card.brand", "--json"]));
    let objects: Vec<&str> = fields.as_array().unwrap().iter().map(|field| field["object"].as_str().unwrap()).collect();
    assert_eq!(objects, ["card of a token", "card of a customer", "card in a charge"]);
    let first = &fields[0];
    assert_eq!(first["grade"]["grade"], "recorded");
    assert!(first["grade"]["month"].is_string() && first["values"].as_array().unwrap().len() > 5, "{first}");
}

#[test]
fn every_field_of_a_token_is_explained() {
    let home = Home::new();
    let token = home.run(["mint", "--name", "Jenny"]).stdout.trim().to_owned();
    let run = home.run(["explain", &token]);
    assert_eq!(run.exit, 0, "{run:?}");
    let brand = run.stdout.lines().find(|line| line.starts_with("card.brand ")).unwrap();
    assert!(brand.contains("\"Visa\"") && brand.contains("recorded ") && brand.contains("The brand"), "{brand}");
    let fields = json(&home.run(["explain", &token, "--json"]));
    let fields = fields.as_array().unwrap();
    let name = fields.iter().find(|field| field["pointer"] == "/card/name").unwrap();
    assert_eq!(name["value"], "Jenny");
    assert!(fields.iter().all(|field| field["grade"]["grade"].is_string() && field["meaning"].is_string()));
    let card = fields.iter().find(|field| field["pointer"] == "/card").unwrap();
    assert!(card.get("value").is_none(), "its fields follow");
}
