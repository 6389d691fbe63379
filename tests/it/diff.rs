//! Two calls beside each other: which places differ, which of them matter, and the patch from one to the other.

use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};
use testcard::{
    diff::{Change, Line, Part, Side, compare, patch},
    domain::{
        api::{ApiRequest, ApiResponse, Failure, MaskedRequest},
        draft::Draft,
    },
};

fn request(params: &[(&str, &str)]) -> MaskedRequest {
    let mut request = ApiRequest::get("/v1/tokens");
    request.params = params.iter().copied().collect();
    request.masked()
}

fn answer(http_status: u16, headers: &[(&str, &str)], body: &Value) -> Result<ApiResponse, Failure> {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Ok(ApiResponse { http_status, headers, body: body.to_string().into_bytes() })
}

/// The lines of two bodies.
fn lines(before: &Value, after: &Value) -> Vec<Line> {
    let request = Draft::default().to_request().to_api("key").masked();
    let (before, after) = (answer(200, &[], before), answer(200, &[], after));
    let side = |outcome| Side { request: &request, outcome: Some(outcome) };
    let mut lines = compare(side(&before), side(&after));
    lines.retain(|line| line.part == Part::Body);
    lines
}

/// A line in short: `+ /a: 1`, `− /a: 1`, `~ /a: 1 → 2`, with `(…)` around what is volatile.
fn short(line: &Line) -> String {
    let words = match &line.change {
        Change::Same(value) => format!("= {}: {value}", line.place),
        Change::Added(value) => format!("+ {}: {value}", line.place),
        Change::Removed(value) => format!("− {}: {value}", line.place),
        Change::Changed(before, after) => format!("~ {}: {before} → {after}", line.place),
    };
    if line.volatile.is_some() { format!("({words})") } else { words }
}

#[track_caller]
fn check(before: &Value, after: &Value, expected: &[&str]) {
    let differing: Vec<String> = lines(before, after).iter().filter(|line| line.differs()).map(short).collect();
    assert_eq!(differing, expected);
    assert_eq!(applied(before, &patch(before, after, true)), *after);
}

#[test]
fn every_place_that_differs_has_its_pointer_and_its_kind() {
    check(&json!({ "a": 1, "b": 2 }), &json!({ "b": 3, "c": null }), &["− /a: 1", "~ /b: 2 → 3", "+ /c: null"]);
    check(&json!({ "a/b": { "m~n": 1 } }), &json!({ "a/b": { "m~n": 2 } }), &["~ /a~1b/m~0n: 1 → 2"]);
    check(&json!({ "a": { "x": 1, "y": 2 } }), &json!({}), &["− /a/x: 1", "− /a/y: 2"]);
    check(&json!({ "a": null }), &json!({ "a": { "x": 1 } }), &["~ /a: null → {\"x\":1}"]);
    check(&json!({ "a": {} }), &json!({ "a": [] }), &["~ /a: {} → []"]);
    check(&json!({ "a": 1, "b": 2 }), &json!({ "b": 2, "a": 1 }), &[]);
    check(&json!("not an object"), &json!({ "a": 1 }), &["~ : \"not an object\" → {\"a\":1}"]);
}

#[test]
fn a_list_goes_by_index_and_by_id_where_its_objects_share_one() {
    check(&json!([1, 2, 3]), &json!([1, 4]), &["~ /1: 2 → 4", "− /2: 3"]);
    let item = |id: &str, paid: bool| json!({ "id": id, "paid": paid });
    check(
        &json!({ "data": [item("ch_a", true), item("ch_b", true)] }),
        &json!({ "data": [item("ch_new", true), item("ch_a", true), item("ch_b", false)] }),
        &["+ /data/0/id: \"ch_new\"", "+ /data/0/paid: true", "~ /data/2/paid: true → false"],
    );
    check(
        &json!([item("a", true), item("b", true), item("c", true)]),
        &json!([item("c", true)]),
        &["− /0/id: \"a\"", "− /0/paid: true", "− /1/id: \"b\"", "− /1/paid: true"],
    );
    // In another order: one went and one came.
    check(
        &json!([item("a", true), item("b", true)]),
        &json!([item("b", true), item("a", true)]),
        &["− /0/id: \"a\"", "− /0/paid: true", "+ /1/id: \"a\"", "+ /1/paid: true"],
    );
    check(
        &json!([item("a", true)]),
        &json!([item("a", true), item("a", true)]),
        &["+ /1/id: \"a\"", "+ /1/paid: true"],
    );
    // Without a common id: by index, and the ids differ as all ids do.
    check(
        &json!([item("a", true)]),
        &json!([item("b", false)]),
        &["(~ /0/id: \"a\" → \"b\")", "~ /0/paid: true → false"],
    );
}

#[test]
fn what_differs_in_every_call_is_set_apart() {
    let token = |id: &str, created: i64, brand: &str| {
        json!({ "id": format!("tok_{id}"), "created": created, "client_ip": null, "used": false,
            "card": { "id": format!("card_{id}"), "fingerprint": format!("fp{id}"), "brand": brand } })
    };
    check(
        &token("1Aaaaaaaaa", 1, "Visa"),
        &token("1Bbbbbbbbb", 2, "MasterCard"),
        &[
            "(~ /id: \"tok_1Aaaaaaaaa\" → \"tok_1Bbbbbbbbb\")",
            "(~ /created: 1 → 2)",
            "(~ /card/id: \"card_1Aaaaaaaaa\" → \"card_1Bbbbbbbbb\")",
            "(~ /card/fingerprint: \"fp1Aaaaaaaaa\" → \"fp1Bbbbbbbbb\")",
            "~ /card/brand: \"Visa\" → \"MasterCard\"",
        ],
    );
    check(
        &json!({ "client_ip": null }),
        &json!({ "client_ip": "127.0.0.1" }),
        &["(~ /client_ip: null → \"127.0.0.1\")"],
    );
    // An id within a text, and an id in a field that no rule names.
    check(
        &json!({ "message": "No such token: 'tok_1Aaaaaaaaa'", "charge": "ch_1Aaaaaaaaa" }),
        &json!({ "message": "No such token: 'tok_1Bbbbbbbbb'", "charge": "ch_1Bbbbbbbbb" }),
        &[
            "(~ /message: \"No such token: 'tok_1Aaaaaaaaa'\" → \"No such token: 'tok_1Bbbbbbbbb'\")",
            "(~ /charge: \"ch_1Aaaaaaaaa\" → \"ch_1Bbbbbbbbb\")",
        ],
    );
    // Whether there is one, and of which kind, matters.
    check(&json!({ "charge": null }), &json!({ "charge": "ch_1Bbbbbbbbb" }), &["~ /charge: null → \"ch_1Bbbbbbbbb\""]);
    check(
        &json!({ "source": "tok_1Aaaaaaaaa" }),
        &json!({ "source": "card_1Aaaaaaaaa" }),
        &["~ /source: \"tok_1Aaaaaaaaa\" → \"card_1Aaaaaaaaa\""],
    );
    check(&json!({ "id": "tok_1" }), &json!({}), &["− /id: \"tok_1\""]);
    check(
        &json!({ "code": "card_declined" }),
        &json!({ "code": "card_velocity_exceeded" }),
        &["~ /code: \"card_declined\" → \"card_velocity_exceeded\""],
    );
    check(&json!({ "exp_year": 2030 }), &json!({ "exp_year": 2031 }), &["~ /exp_year: 2030 → 2031"]);
}

#[test]
fn status_parameters_and_headers_are_compared_too() {
    let (old, new) = (request(&[("card[name]", "Jenny"), ("a", "1"), ("a", "2")]), request(&[("a", "1"), ("a", "3")]));
    let before = answer(200, &[("Date", "Mon"), ("Stripe-Version", "2020-08-27"), ("Server", "nginx")], &json!({}));
    let after = answer(402, &[("date", "Tue"), ("stripe-version", "2023-08-16")], &json!({}));
    let found = compare(Side { request: &old, outcome: Some(&before) }, Side { request: &new, outcome: Some(&after) });
    let found: Vec<String> = found.iter().filter(|line| line.differs()).map(short).collect();
    assert_eq!(
        found,
        [
            "~ HTTP status: 200 → 402",
            "− card[name]: \"Jenny\"",
            "~ a: \"2\" → \"3\"",
            "(~ date: \"Mon\" → \"Tue\")",
            "~ stripe-version: \"2020-08-27\" → \"2023-08-16\"",
            "(− server: \"nginx\")",
        ]
    );
}

#[test]
fn a_call_without_an_answer_differs_in_its_status_and_has_no_body() {
    let request = request(&[]);
    let before = answer(200, &[], &json!({ "id": "tok_1" }));
    let failure = Failure { kind: "timeout".to_owned(), message: String::new(), http_status: None, text: None };
    let after = Err(failure);
    let found =
        compare(Side { request: &request, outcome: Some(&before) }, Side { request: &request, outcome: Some(&after) });
    let found: Vec<String> = found.iter().map(short).collect();
    assert_eq!(found, ["~ HTTP status: 200 → \"no answer: timeout\"", "− /id: \"tok_1\""]);
}

/// The document after the steps of a patch, by RFC 6902.
fn applied(document: &Value, steps: &[Value]) -> Value {
    let mut document = document.clone();
    for step in steps {
        let path = step["path"].as_str().unwrap();
        let Some((parent, token)) = path.rsplit_once('/') else {
            assert_eq!(step["op"], "replace");
            document = step["value"].clone();
            continue;
        };
        let token = token.replace("~1", "/").replace("~0", "~");
        match (step["op"].as_str().unwrap(), document.pointer_mut(parent).unwrap()) {
            ("add", Value::Object(items)) => assert!(items.insert(token, step["value"].clone()).is_none()),
            ("add", Value::Array(items)) => items.insert(token.parse().unwrap(), step["value"].clone()),
            ("remove", Value::Object(items)) => assert!(items.shift_remove(&token).is_some()),
            ("remove", Value::Array(items)) => drop(items.remove(token.parse().unwrap())),
            ("replace", _) => *document.pointer_mut(path).unwrap() = step["value"].clone(),
            (op, parent) => panic!("{op} in {parent}"),
        }
    }
    document
}

/// Any document, with names and ids that meet often, and with signs that a pointer escapes.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_u8).prop_map(Value::from),
        "(tok_1Aaaaaaa[a-c]|[a-b]{0,2})".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let name = prop_oneof![Just("id"), Just("created"), Just("a/b"), Just("m~n"), Just(""), Just("c")];
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::vec((name, inner), 0..5).prop_map(|fields| {
                Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
            }),
            collection::vec("[a-d]", 0..5)
                .prop_map(|ids| { ids.into_iter().map(|id| json!({ "id": id, "n": 1 })).collect::<Value>() }),
        ]
    })
}

proptest! {
    #[test]
    fn a_patch_leads_from_the_one_document_to_the_other(before in document(), after in document()) {
        prop_assert_eq!(applied(&before, &patch(&before, &after, true)), after);
    }

    #[test]
    fn a_patch_of_what_matters_leaves_out_what_is_volatile_and_nothing_else(before in document(), after in document()) {
        let (all, some) = (patch(&before, &after, true), patch(&before, &after, false));
        let (kept, left_out): (Vec<_>, Vec<_>) = all.into_iter().partition(|step| some.contains(step));
        prop_assert_eq!(kept, some);
        let mut places: Vec<&str> = left_out.iter().map(|step| step["path"].as_str().unwrap()).collect();
        let lines = lines(&before, &after);
        let mut volatile: Vec<&str> =
            lines.iter().filter(|line| line.volatile.is_some()).map(|line| line.place.as_str()).collect();
        places.sort_unstable();
        volatile.sort_unstable();
        prop_assert_eq!(places, volatile);
    }

    #[test]
    fn equal_documents_differ_nowhere(document in document()) {
        prop_assert!(lines(&document, &document).iter().all(|line| !line.differs()));
        prop_assert!(patch(&document, &document, true).is_empty());
    }
}

#[test]
fn big_lists_are_compared_in_the_time_that_they_take_to_read() {
    // With any step that looks through the whole list for each item this would take hours.
    let list = |from: usize| (from..from + 200_000).map(|id| json!({ "id": format!("ch_{id}") })).collect::<Value>();
    let (before, after) = (list(0), list(100_000));
    let found = lines(&before, &after);
    assert_eq!(found.len(), 300_000);
    assert_eq!(found.iter().filter(|line| line.differs()).count(), 200_000);
    assert_eq!(patch(&before, &after, true).len(), 200_000);
}
