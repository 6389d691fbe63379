//! Two calls beside each other: which places differ, which of them matter, and the patch from one to the other.

use std::sync::Arc;

use egui::{Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use jiff::Timestamp;
use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};
use testcard::{
    diff::{ComparedCall, DiffLine, DiffPart, ValueChange, compare},
    domain::{
        call::api::{ApiRequest, ApiResponse, CallFailure, MaskedRequest, Target},
        form::draft::Draft,
        history::entry::{EntryDetail, EntryId, EntryStatus, HistoryEntry},
        json_document::JsonDocument,
    },
    messages::ComparedEntries,
    model::{LoadedValue, Revision},
    ui::{
        Action,
        inspector::diff::{DiffState, diff_ui},
    },
};

use crate::support::{
    hands::{click, says},
    pane::pane,
    waiting::draw_until,
};

type Outcome = Result<ApiResponse, CallFailure>;

fn request(params: &[(&str, &str)]) -> MaskedRequest {
    let mut request = ApiRequest::get("/v1/tokens");
    request.params = params.iter().copied().collect();
    request.masked()
}

fn answer(http_status: u16, headers: &[(&str, &str)], body: &Value) -> ApiResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ApiResponse { http_status, headers, body: body.to_string().into_bytes() }
}

/// The lines of two bodies.
fn lines(before: &Value, after: &Value) -> Vec<DiffLine> {
    let request = Draft::default().to_request().to_api("key").masked();
    let (before, after): (Outcome, Outcome) = (Ok(answer(200, &[], before)), Ok(answer(200, &[], after)));
    let side = |outcome| ComparedCall { request: &request, outcome: Some(outcome) };
    let mut lines = compare(side(&before), side(&after));
    lines.retain(|line| line.part == DiffPart::Body);
    lines
}

/// A line in short: `+ /a: 1`, `− /a: 1`, `~ /a: 1 → 2`, with `(…)` around what is volatile.
fn short(line: &DiffLine) -> String {
    let words = match &line.change {
        ValueChange::Same(value) => format!("= {}: {value}", line.place),
        ValueChange::Added(value) => format!("+ {}: {value}", line.place),
        ValueChange::Removed(value) => format!("− {}: {value}", line.place),
        ValueChange::Changed(before, after) => format!("~ {}: {before} → {after}", line.place),
    };
    if line.volatile.is_some() { format!("({words})") } else { words }
}

#[track_caller]
fn check(before: &Value, after: &Value, expected: &[&str]) {
    let differing: Vec<String> = lines(before, after).iter().filter(|line| line.differs()).map(short).collect();
    assert_eq!(differing, expected);
    assert_eq!(applied(before, &patch(before, after, true)), *after);
}

/// The steps that lead from one document to the other.
fn patch(before: &Value, after: &Value, with_volatile: bool) -> Vec<Value> {
    let document = |value: &Value| JsonDocument::parse(value.to_string()).unwrap();
    let steps = testcard::diff::patch(&document(before), &document(after), with_volatile);
    steps.iter().map(|step| serde_json::from_str(step).unwrap()).collect()
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
    let before = Ok(answer(200, &[("Date", "Mon"), ("Stripe-Version", "2020-08-27"), ("Server", "nginx")], &json!({})));
    let after = Ok(answer(402, &[("date", "Tue"), ("stripe-version", "2023-08-16")], &json!({})));
    let found = compare(
        ComparedCall { request: &old, outcome: Some(&before) },
        ComparedCall { request: &new, outcome: Some(&after) },
    );
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
    let before = Ok(answer(200, &[], &json!({ "id": "tok_1" })));
    let failure = CallFailure { kind: "timeout".to_owned(), message: String::new(), http_status: None, text: None };
    let after = Err(failure);
    let found = compare(
        ComparedCall { request: &request, outcome: Some(&before) },
        ComparedCall { request: &request, outcome: Some(&after) },
    );
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

/// The view of two entries in a pane.
struct View {
    state: DiffState,
    compared: Option<LoadedValue<ComparedEntries>>,
    actions: Vec<Action>,
    is_open: bool,
}

fn detail(id: i64, target: Target, body: &Value) -> EntryDetail {
    let entry = HistoryEntry {
        id: EntryId(id),
        status: if body["error"].is_null() { EntryStatus::Unused } else { EntryStatus::Failed },
        target,
        token_id: body["id"].as_str().map(str::to_owned),
        brand: Some("Visa".to_owned()),
        last4: Some("4242".to_owned()),
        code: body["error"]["code"].as_str().map(str::to_owned),
        used_by: None,
        used_client: None,
        account: None,
        note: String::new(),
        tags: Vec::new(),
        expects: None,
        profile: None,
        judgement: None,
        started: Timestamp::from_second(1_900_000_000 + id).unwrap(),
        took: None,
    };
    let request = request(&[("card[number]", "4242424242424242"), ("card[exp_month]", "12")]);
    let headers = [("Request-Id", "req_1Aaaaaaaaa"), ("Stripe-Version", "2023-08-16")];
    let http_status = if body["error"].is_null() { 200 } else { 402 };
    EntryDetail {
        entry,
        uid: None,
        request,
        outcome: Some(Ok(answer(http_status, &headers, body))),
        replaced: Vec::new(),
        timeline: Vec::new(),
        is_damaged: false,
    }
}

fn token(id: &str, created: i64, brand: &str) -> Value {
    json!({ "id": format!("tok_{id}"), "object": "token", "created": created, "client_ip": null, "used": false,
        "livemode": false, "type": "card",
        "card": { "id": format!("card_{id}"), "object": "card", "fingerprint": format!("fp{id}"), "brand": brand,
            "country": "US", "cvc_check": "unchecked", "exp_month": 12, "exp_year": 2034, "last4": "4242",
            "networks": { "preferred": null } } })
}

fn view(width: f32, before: &Value, after: &Value) -> Harness<'static, View> {
    let pair = Arc::new((detail(1, Target::Local, before), detail(2, Target::Stripe, after)));
    view_of(width, Some(ComparedEntries { ids: (EntryId(1), EntryId(2)), pair: Ok(pair) }))
}

/// The comparison of entries 1 and 2, with what was loaded for it so far.
fn view_of(width: f32, compared: Option<ComparedEntries>) -> Harness<'static, View> {
    let compared = compared.map(|compared| LoadedValue::new(Revision(1), Box::new(compared)));
    let mut state = DiffState::default();
    state.open(EntryId(1), EntryId(2));
    let view = View { state, compared, actions: Vec::new(), is_open: true };
    pane([width, 640.0], view, |ui, view: &mut View| {
        view.is_open &= diff_ui(ui, &mut view.state, view.compared.as_ref(), &mut view.actions);
    })
}

/// What the rows of the list say.
fn rows(harness: &Harness<'_, View>) -> Vec<String> {
    harness.query_all_by_role(Role::ListBoxOption).filter_map(|row| row.accesskit_node().label()).collect()
}

/// Draws the view into the target folder, for people to look at.
fn save(harness: &mut Harness<'_, View>, name: &str) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("diff-{name}.png"));
    harness.render().unwrap().save(path).unwrap();
}

#[test]
fn the_view_says_how_many_differences_matter_and_shows_the_others_when_asked() {
    for width in [280.0, 700.0] {
        let (before, after) = (token("1Aaaaaaaaa", 1, "Visa"), token("1Bbbbbbbbb", 2, "MasterCard"));
        let mut view = view(width, &before, &after);
        assert!(says(&view, "1 difference that matters · 4 volatile"));
        assert_eq!(rows(&view), ["Changed /card/brand: \"Visa\", then \"MasterCard\""]);
        click(&mut view, Role::Button, "Only what matters");
        let all = rows(&view);
        assert!(all.iter().any(|row| row.starts_with("Equal HTTP status: 200")), "{all:?}");
        let id =
            "Changed /id: \"tok_1Aaaaaaaaa\", then \"tok_1Bbbbbbbbb\", volatile: Every object gets an id of its own";
        assert!(all.iter().any(|row| row == id), "{all:?}");
        click(&mut view, Role::Button, "Headers");
        view.key_press(Key::F7);
        view.run();
        assert!(says(&view, "1 of 1"));
        save(&mut view, &format!("{width}"));
    }
}

#[test]
fn a_comparison_with_an_entry_that_went_away_ends_with_a_sentence() {
    let loading = "Loading the two entries";
    let mut view = view_of(330.0, None);
    assert!(says(&view, loading));
    let gone = |first, second| {
        let pair = Err("One of the two entries is not in the history any more".to_owned());
        ComparedEntries { ids: (EntryId(first), EntryId(second)), pair }
    };
    let load = |view: &mut Harness<'_, View>, revision, compared| {
        view.state_mut().compared = Some(LoadedValue::new(Revision(revision), Box::new(compared)));
        view.run();
    };
    load(&mut view, 1, gone(1, 3));
    assert!(says(&view, loading), "that was another comparison");
    load(&mut view, 2, gone(1, 2));
    assert!(!says(&view, loading));
    let note = view.get_by_role_and_label(Role::Alert, "The two cannot be compared");
    assert!(note.accesskit_node().label().is_some());
    assert!(says(&view, "One of the two entries is not in the history any more"));
    click(&mut view, Role::Button, "Close the comparison");
    assert!(!view.state().is_open);
}

#[test]
fn two_calls_that_are_alike_but_for_ids_and_times_are_said_to_be_so() {
    let (before, after) = (token("1Aaaaaaaaa", 1, "Visa"), token("1Bbbbbbbbb", 2, "Visa"));
    let view = view(330.0, &before, &after);
    assert!(says(&view, "Same but for ids and times"));
    assert!(rows(&view).is_empty());
    let view = self::view(330.0, &before, &before);
    assert!(says(&view, "Same in everything"));
}

#[test]
fn the_view_is_walked_copied_swapped_and_closed_by_keys_and_buttons() {
    let declined = json!({ "error": { "type": "card_error", "code": "incorrect_number", "param": "number" } });
    let mut view = view(700.0, &token("1Aaaaaaaaa", 1, "Visa"), &declined);
    assert!(says(&view, "differences that matter · 0 volatile"));
    let marked = |view: &Harness<'_, View>| {
        let row = view
            .query_all_by(|node| node.role() == Role::ListBoxOption && node.toggled() == Some(Toggled::True))
            .next();
        row.and_then(|row| row.accesskit_node().label())
    };
    view.key_press(Key::F7);
    view.run();
    assert_eq!(marked(&view).as_deref(), Some("Changed HTTP status: 200, then 402"));
    view.key_press_modifiers(Modifiers::SHIFT, Key::F7);
    view.run();
    assert_eq!(marked(&view).as_deref(), Some("Added /error/param: \"number\""));
    click(&mut view, Role::Button, "Next difference");
    assert_eq!(marked(&view).as_deref(), Some("Changed HTTP status: 200, then 402"));
    view.get_by_role(Role::ListBox).focus();
    view.run();
    view.key_press(Key::ArrowDown);
    view.run();
    assert_eq!(marked(&view).as_deref(), Some("Removed /id: \"tok_1Aaaaaaaaa\""));

    click(&mut view, Role::Button, "Copy as JSON Patch");
    click(&mut view, Role::Button, "Swap sides");
    let actions = std::mem::take(&mut view.state_mut().actions);
    let [Action::Copy { text, what }, swapped] = &actions[..] else { panic!("{actions:?}") };
    let steps: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!((what.as_str(), applied(&token("1Aaaaaaaaa", 1, "Visa"), &steps)), ("JSON Patch", declined));
    assert_eq!(*swapped, Action::Diff(EntryId(2), EntryId(1)));
    view.key_press(Key::Escape);
    view.run();
    assert!(!view.state().is_open);
}

#[test]
fn a_big_comparison_is_made_beside_the_window_and_draws_no_more_lines_than_fit() {
    let list = |brand: &str| (0..20_000).map(|nth| json!({ "n": nth, "brand": brand })).collect::<Value>();
    let mut view = view(700.0, &json!({ "data": list("Visa") }), &json!({ "data": list("JCB") }));
    draw_until(&mut view, "the comparison", |view| says(view, "20,000 differences that matter"));
    view.run_ok();
    assert!(view.state().state.lines_drawn() < 40);
    view.get_by_role(Role::ListBox).focus();
    view.run();
    view.key_press(Key::End);
    view.run();
    assert!(rows(&view).last().unwrap().starts_with("Changed /data/19999/brand"), "{:?}", rows(&view));
    assert!(view.state().state.lines_drawn() < 40);
}

/// What differs between two bodies that are given as they came.
#[track_caller]
fn check_texts(before: &str, after: &str, expected: &[&str]) {
    let request = Draft::default().to_request().to_api("key").masked();
    let answer = |body: &str| ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() };
    let (before, after): (Outcome, Outcome) = (Ok(answer(before)), Ok(answer(after)));
    let side = |outcome| ComparedCall { request: &request, outcome: Some(outcome) };
    let found = compare(side(&before), side(&after));
    let differing = found.iter().filter(|line| line.part == DiffPart::Body && line.differs());
    let words = |line: &DiffLine| {
        let nth = if line.nth > 1 { format!(" #{}", line.nth) } else { String::new() };
        let spelling = if line.change.is_only_spelling() { " =" } else { "" };
        short(line) + &nth + spelling
    };
    assert_eq!(differing.map(words).collect::<Vec<_>>(), expected);
}

#[test]
fn numbers_are_compared_as_they_came_and_the_same_value_is_said_to_be_so() {
    check_texts(r#"{"a":1.10,"b":1.1}"#, r#"{"a":1.1,"b":1.1}"#, &["~ /a: 1.10 → 1.1 ="]);
    check_texts("[1e5]", "[100000]", &["~ /0: 1e5 → 100000 ="]);
    check_texts(
        "[9223372036854775807123]",
        "[9223372036854775807124]",
        &["~ /0: 9223372036854775807123 → 9223372036854775807124"],
    );
    check_texts("[0.30000000000000004]", "[0.3]", &["~ /0: 0.30000000000000004 → 0.3"]);
    check_texts("[\"\\u00e9\"]", "[\"\u{e9}\"]", &["~ /0: \"\\u00e9\" → \"\u{e9}\" ="]);
    check_texts("[1.10 , -0]", "[ 1.10,-0 ]", &[]);
}

#[test]
fn a_key_that_occurs_twice_is_compared_with_its_like() {
    check_texts(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#, &["~ /a: 2 → 3 #2"]);
    check_texts(r#"{"a":1}"#, r#"{"a":1,"a":1}"#, &["+ /a: 1 #2"]);
    check_texts(r#"{"x":{"a":1,"a":{"b":1}}}"#, r#"{"x":{"a":1,"a":{"b":1.0}}}"#, &["~ /x/a/b: 1 → 1.0 #2 ="]);
}

#[test]
fn what_is_nested_too_deep_for_a_walk_is_compared_as_one_value() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(20_000), "]".repeat(20_000));
    let (before, after) = (deep("1"), deep("2"));
    let place = "/0".repeat(128);
    let rest = |whole: &str| whole[128..whole.len() - 128].to_owned();
    let change = format!("~ {place}: {} → {}", rest(&before), rest(&after));
    check_texts(&before, &before, &[]);
    check_texts(&before, &after, &[&change]);
    let document = |text: &str| JsonDocument::parse(text.to_owned()).unwrap();
    let steps = testcard::diff::patch(&document(&before), &document(&after), true);
    assert_eq!(steps, [format!("{{\"op\":\"replace\",\"path\":\"{place}\",\"value\":{}}}", rest(&after))]);
}

#[test]
fn a_patch_has_its_values_as_they_came_and_replaces_an_object_whose_keys_occur_twice() {
    let patch = |before: &str, after: &str| {
        let document = |text: &str| JsonDocument::parse(text.to_owned()).unwrap();
        testcard::diff::patch(&document(before), &document(after), true)
    };
    assert_eq!(patch(r#"{"a":1}"#, r#"{"a":1.10}"#), [r#"{"op":"replace","path":"/a","value":1.10}"#]);
    assert_eq!(patch("{}", r#"{"n": {"b":1e400}}"#), [r#"{"op":"add","path":"/n","value":{"b":1e400}}"#]);
    let twins = r#"{"a":1,"a":2}"#;
    assert_eq!(patch(r#"{"a":1}"#, twins), [format!(r#"{{"op":"replace","path":"","value":{twins}}}"#)]);
    assert!(patch(twins, r#"{ "a": 1, "a": 2 }"#).is_empty());
}

#[test]
fn the_view_says_which_of_two_keys_differs_and_that_two_spellings_are_one_value() {
    let mut view = view(700.0, &json!({}), &json!({}));
    let pair = ["{\"a\":1,\"a\":1.10}", "{\"a\":1,\"a\":1.1}"].map(|body| {
        let mut detail = detail(1, Target::Local, &json!({}));
        detail.outcome = Some(Ok(ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() }));
        detail
    });
    let [before, after] = pair;
    let compared = ComparedEntries { ids: (EntryId(1), EntryId(2)), pair: Ok(Arc::new((before, after))) };
    view.state_mut().compared = Some(LoadedValue::new(Revision(2), Box::new(compared)));
    view.run();
    let row = "Changed /a (2nd of this name): 1.10, then 1.1, the same value, written differently";
    assert_eq!(rows(&view), [row]);
    view.key_press(Key::F7);
    view.run();
    assert!(says(&view, "the same value, written differently"));
}
