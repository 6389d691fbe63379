//! What was answered is what is shown, copied and written: every number in its spelling, every key that occurs twice.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;
use testcard::{
    domain::{call::api::ApiResponse, json_document::JsonDocument, json_spans},
    ui::widgets::JsonLines,
};

use crate::support::{
    http::{Server, reply},
    program::Home,
};

/// Values that a parser of numbers and maps gives back as others.
pub const SPELLINGS: &[&str] = &[
    "9223372036854775807123",
    "-1449639299451211264",
    "18446744073709551616",
    "1.10",
    "1e5",
    "1E+05",
    "1.0",
    "-0",
    "-0.0",
    "0.30000000000000004",
    "0.1e-7",
    "1e400",
    "123456789012345678901234567890.123",
    r#""\u00e9""#,
    r#""a\/b""#,
    r#""\ud800""#,
    r#""\ud83d\ude00""#,
    r#"{"a":1,"a":2,"a":{"b":1.10,"b":1.1}}"#,
    r#"[{"x":1,"x":1},{"":0,"":-0}]"#,
    r#"{"a.b":1,"q\"":2,"":3,"z":4,"A":5}"#,
];

/// A token in which each of the spellings is a value.
pub fn token_with_spellings() -> String {
    let values: Vec<String> = SPELLINGS.iter().enumerate().map(|(nth, value)| format!("\"v{nth}\":{value}")).collect();
    format!(
        r#"{{"id":"tok_1","object":"token","used":false,"card":{{"brand":"Visa","last4":"4242"}},"long":{},{}}}"#,
        "7".repeat(4300),
        values.join(",")
    )
}

/// A text without white space, for the strings here have none.
fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_and_its_files_have_every_value_as_it_came() {
    let body = token_with_spellings();
    // As a server that indents writes it.
    let sent = json_spans::indented(&body).unwrap();
    let server = Server::start(vec![reply(200, sent.clone()); 4]).await;
    let (home, url) = (Home::new(), server.url());
    let run = |args: &[&str]| {
        let target = ["--target", "stripe", "--base-url", &url];
        let run = home.run_with_key("sk_test_1", args.iter().copied().chain(target));
        assert_eq!(run.exit, 0, "{run:?}");
        run.stdout
    };
    assert_eq!(run(&["mint", "--format", "json"]), format!("{sent}\n"));
    assert_eq!(run(&["mint", "--format", "jsonl"]), format!("{body}\n"), "in one line");
    assert_eq!(run(&["mint", "--format", "json", "--count", "1"]), format!("{sent}\n"));
    assert_eq!(run(&["token", "tok_1", "--format", "json"]), format!("{sent}\n"));

    let within = format!("\"body\":{body}");
    let lines = home.run(["history", "--format", "jsonl"]).stdout;
    assert_eq!(lines.lines().filter(|line| line.contains(&within)).count(), 3);
    let array = home.run(["history", "--format", "json"]).stdout;
    assert_eq!(bare(&array).matches(&within).count(), 4, "three creations and a look");
    assert_eq!(json_spans::indented(&array).unwrap(), array.trim_end(), "indented as one value");
    let file = home.beside("history.json");
    assert_eq!(home.run(["export", file.to_str().unwrap()]).exit, 0);
    let file = fs::read_to_string(file).unwrap();
    assert_eq!(bare(&file).matches(&within).count(), 4);
    assert_eq!(json_spans::indented(&file).unwrap(), file.trim_end());
    assert!(file.contains("        \"v3\": 1.10,\n"), "indented at its depth");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_known_whatever_numbers_come_with_it() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    for odd in ["1e400", r#""\ud800""#, &deep, &"9".repeat(4300)] {
        let body = format!(r#"{{"id":"tok_1","object":"token","used":false,"odd":{odd}}}"#);
        let server = Server::start(vec![reply(200, body)]).await;
        let run = Home::new().run_with_key("sk_test_1", ["mint", "--target", "stripe", "--base-url", &server.url()]);
        assert_eq!((run.exit, run.stdout.as_str()), (0, "tok_1\n"), "{run:?}");
    }
}

#[test]
fn an_amount_is_told_as_it_came() {
    let body = r#"{"object":"charge","id":"ch_1","amount":2e3}"#;
    let response = ApiResponse { http_status: 200, headers: Vec::new(), body: body.into() };
    assert_eq!(response.document().unwrap().root().get("amount").unwrap().text(), "2e3");
    assert_eq!(response.json_line(), body);
}

/// Any JSON, its numbers and strings in any spelling, its keys meeting often.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        r#""([a-zé"&&[^"]]|\\u[0-9a-f]{4}|\\[/nt"])*""#,
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[]".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let member = ("[ab\\.]{0,1}", inner.clone()).prop_map(|(key, value)| format!("\"{key}\" : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 1..5).prop_map(|items| format!("[{}]", items.join(" ,\n"))),
            prop::collection::vec(member, 1..5).prop_map(|items| format!("{{{}}}", items.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_shown_and_copied_is_what_came_but_for_white_space(body in json()) {
        let mut lines = JsonLines::new(JsonDocument::of_body(body.as_bytes()));
        let shown: String = (0..lines.row_count()).map(|row| lines.row(row).text()).collect();
        let compact = json_spans::compact(&body).unwrap();
        prop_assert_eq!(json_spans::compact(&shown).unwrap(), &*compact);
        lines.mark_all();
        prop_assert_eq!(json_spans::compact(&lines.marked_text().unwrap()).unwrap(), &*compact);
        lines.collapse_all();
        prop_assert_eq!(json_spans::compact(&lines.marked_text().unwrap()).unwrap(), &*compact);
    }

    #[test]
    fn the_rules_read_every_json(body in json()) {
        let value: Value = JsonDocument::parse(body.clone()).unwrap().to_value();
        if let Ok(read) = serde_json::from_str::<Value>(&body) {
            prop_assert_eq!(value, read);
        }
    }
}
