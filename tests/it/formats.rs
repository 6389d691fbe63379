//! What the history can be saved as: each format as its readers know it, without secrets, and with the memory of one entry.

use std::{io, ops::ControlFlow};

use csv::ReaderBuilder;
use serde_json::{Value, json};
use testcard::{
    domain::{
        call::api::{Target, TransportError},
        history::{edit::EntryEdit, entry::EntryDetail, filter::HistoryFilter},
        rules::expectation::{Expectation, ExpectedResult},
        settings::file_format::{EntryColumn, ExportForm, FileFormat},
    },
    formats::writer,
    store::{NewCall, Store, StoreLocation},
};

use crate::support::histories::{
    PLANTED_NUMBER, TOOK, check_holds_no_secret, creation, declined, details, moment, plant_secrets, retrieval,
    sample_history, say, token, visa,
};

fn memory() -> Store {
    Store::open(&StoreLocation::Memory, moment(0)).unwrap()
}

fn written(form: &ExportForm, details: &[EntryDetail]) -> String {
    let mut out = Vec::new();
    let mut writer = writer(form);
    writer.begin(&mut out).unwrap();
    for detail in details {
        writer.entry(&mut out, detail).unwrap();
    }
    writer.end(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn of(format: FileFormat, store: &Store) -> String {
    written(&ExportForm::of(format), &details(&store.reader().unwrap()))
}

/// Two Visa cards that decline with the same code and one that works, one without a name, a refused one, and one that
/// somebody else answered with an id that is none.
fn outcomes() -> Store {
    let store = memory();
    let make = |number: &str, expects: Option<Expectation>, answer| {
        let call = creation(Target::Local, &[("card[number]", number), ("card[cvc]", "123")]);
        store.answer(NewCall { expects, ..call }, say(answer)).wait().unwrap();
    };
    let declines = Expectation {
        token: ExpectedResult::Works,
        charge: ExpectedResult::Fails("insufficient_funds".to_owned()),
        ..Expectation::default()
    };
    make("4242424242424242", None, token("tok_a1", "Visa", "4242", false));
    make("4000000000009995", Some(declines.clone()), token("tok_b2", "Visa", "9995", true));
    make("4000000000009995", Some(declines), token("tok_c3", "Visa", "9995", false));
    make("", None, token("tok_d4", "王 \"*/", "x\n#", false));
    make("12", None, declined("incorrect_number", "No."));
    make("", None, token("tok_\"; rm -rf /", "Visa", "4242", false));
    store
}

#[test]
fn a_line_of_json_lines_is_an_entry_of_the_document() {
    let store = memory();
    sample_history(&store);
    let document: Value = serde_json::from_str(&of(FileFormat::Json, &store)).unwrap();
    let lines = of(FileFormat::Jsonl, &store);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["entries"], Value::Array(lines));
    let uids: Vec<&str> =
        document["entries"].as_array().unwrap().iter().map(|entry| entry["uid"].as_str().unwrap()).collect();
    assert!(uids.iter().all(|uid| uid.len() == 32) && uids[0] != uids[1], "{uids:?}");
}

#[test]
fn a_table_has_the_columns_that_were_chosen_and_no_formulas() {
    let store = outcomes();
    let newest = details(&store.reader().unwrap())[0].entry.id;
    store.edit(EntryEdit::Note { id: newest, note: "=HYPERLINK(\"x\"),\n1".to_owned() }, moment(1)).wait().unwrap();
    let columns = vec![EntryColumn::Note, EntryColumn::Token, EntryColumn::Code, EntryColumn::RequestId];
    let table = written(&ExportForm { format: FileFormat::Csv, columns }, &details(&store.reader().unwrap()));
    assert!(table.starts_with("note,token,code,request_id\r\n\"'=HYPERLINK(\"\"x\"\"),\n1\","), "{table}");
    let mut reader = ReaderBuilder::new().from_reader(table.as_bytes());
    let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), 6);
    assert_eq!(rows[1], ["", "", "incorrect_number", "req_1"]);

    let all = ExportForm { format: FileFormat::Csv, columns: EntryColumn::ALL.to_vec() };
    let table = written(&all, &details(&store.reader().unwrap()));
    let mut reader = ReaderBuilder::new().from_reader(table.as_bytes());
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), EntryColumn::ALL.map(EntryColumn::as_str));
    let oldest = reader.records().last().unwrap().unwrap();
    let cell = |column: EntryColumn| oldest.get(EntryColumn::ALL.iter().position(|each| *each == column).unwrap());
    assert_eq!(cell(EntryColumn::Created), Some("2001-09-09T01:46:40.000Z"));
    assert_eq!(cell(EntryColumn::Number), Some("4242424242424242"));
    assert_eq!(cell(EntryColumn::HttpStatus), Some("200"));
    assert_eq!(cell(EntryColumn::Target), Some("local"));
}

#[test]
fn a_har_file_is_as_its_specification_has_it() {
    let schema: Value = serde_json::from_str(include_str!("../schemas/har-1.2.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let store = memory();
    let empty: Value = serde_json::from_str(&of(FileFormat::Har, &store)).unwrap();
    assert!(schema.is_valid(&empty));
    sample_history(&store);
    plant_secrets(&store);
    let seen = store.journal(retrieval(Target::Stripe, "tok_two")).wait().unwrap();
    let not_json = TransportError::NotJson { host: "h".to_owned(), http_status: 502, text: "<p>".to_owned() };
    store.finish(seen.exchange, TOOK, Err(not_json)).wait().unwrap();
    let har: Value = serde_json::from_str(&of(FileFormat::Har, &store)).unwrap();
    let faults: Vec<String> =
        schema.iter_errors(&har).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let calls = har["log"]["entries"].as_array().unwrap();
    let entries = details(&store.reader().unwrap());
    assert_eq!(calls.len(), entries.iter().map(|entry| 1 + entry.timeline.len()).sum::<usize>());
    let first =
        calls.iter().find(|call| call["response"]["content"]["text"].as_str().unwrap_or("").contains("tok_One"));
    let request = &first.unwrap()["request"];
    assert_eq!(request["url"], "http://127.0.0.1:12111/v1/tokens");
    assert_eq!(request["postData"]["params"], json!([{"name": "card[number]", "value": "4242424242424242"}]));
    let failed = calls.iter().find(|call| call["request"]["url"].as_str().unwrap().ends_with("/tok_two")).unwrap();
    assert_eq!(failed["request"]["url"], "https://api.stripe.com/v1/tokens/tok_two");
    assert_eq!(failed["response"]["content"]["text"], "<p>");
    assert!(failed["response"]["comment"].as_str().unwrap().contains("is not JSON"));
    assert_eq!(failed["time"], 1.5);
}

#[test]
fn constants_are_named_by_their_outcome() {
    let store = outcomes();
    for (format, wanted) in [
        (
            FileFormat::Env,
            vec![
                "TESTCARD_VISA_WORKS=tok_a1\n",
                "# Card ending in 9995, made by the local minter on 2001-09-09, used\nTESTCARD_VISA_INSUFFICIENT_FUNDS__2=tok_b2\n",
                "TESTCARD_VISA_INSUFFICIENT_FUNDS=tok_c3\n",
                "# Made by the local minter on 2001-09-09, unused\nTESTCARD_MADE=tok_d4\n",
                "\n# 2 entries without a token were left out.\n",
            ],
        ),
        (FileFormat::Pytest, vec!["import pytest\n", "def visa_works() -> str:\n    return VISA_WORKS\n"]),
        (FileFormat::TypeScript, vec!["export const VISA_INSUFFICIENT_FUNDS__2 = \"tok_b2\";\n"]),
        (FileFormat::Java, vec!["final class TestcardTokens {", "    static final String MADE = \"tok_d4\";\n", "}\n"]),
        (FileFormat::Go, vec!["package testcards\n", "const VisaInsufficientFunds_2 = \"tok_b2\"\n"]),
    ] {
        let text = of(format, &store);
        for wanted in wanted {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert!(!text.contains("rm -rf") && !text.contains("王"), "{text}");
    }
}

#[test]
fn fixtures_of_the_stripe_cli_make_the_calls_again() {
    let store = outcomes();
    let text = of(FileFormat::StripeCli, &store);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text, format!("{document:#}\n"), "written as one value is");
    assert_eq!(document["_meta"]["template_version"], 0);
    let fixtures = document["fixtures"].as_array().unwrap();
    assert_eq!(fixtures.len(), 6);
    let names: std::collections::HashSet<&str> =
        fixtures.iter().map(|fixture| fixture["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 6, "each has a name of its own");
    assert_eq!(
        fixtures[1],
        json!({
            "name": "incorrect_number", "expected_error_type": "card_error", "path": "/v1/tokens",
            "method": "post", "params": {"card": {"number": "12", "cvc": "123"}},
        })
    );
    assert_eq!(
        of(FileFormat::StripeCli, &memory()),
        "{\n  \"_meta\": {\n    \"template_version\": 0\n  },\n  \"fixtures\": []\n}\n"
    );
}

#[test]
fn no_format_holds_a_number_a_code_or_a_key() {
    let store = memory();
    plant_secrets(&store);
    for format in FileFormat::ALL {
        let all = ExportForm { format, columns: EntryColumn::ALL.to_vec() };
        let text = written(&all, &details(&store.reader().unwrap()));
        check_holds_no_secret(format.as_str(), text.as_bytes());
        assert!(!text.contains(PLANTED_NUMBER));
    }
}

#[test]
fn the_memory_of_a_format_does_not_grow_with_the_entries() {
    let store = memory();
    for _ in 0..3 {
        store.answer(visa(Target::Local), say(token("tok_1", "Visa", "4242", false))).wait().unwrap();
    }
    let details = details(&store.reader().unwrap());
    for format in FileFormat::ALL {
        let mut writer = writer(&ExportForm::of(format));
        let mut write = |entries: usize| {
            for detail in details.iter().cycle().take(entries) {
                writer.entry(&mut io::sink(), detail).unwrap();
            }
        };
        // What is made once, such as the table of test cards, is made.
        write(10);
        let measured = allocation_counter::measure(|| write(5000));
        assert_eq!(measured.bytes_current, 0, "{}: {measured:?}", format.as_str());
        assert!(measured.bytes_max < 100_000, "{}: {measured:?}", format.as_str());
    }
}

#[test]
fn to_read_and_write_an_entry_takes_few_pieces_of_memory() {
    const ENTRIES: u64 = 640;
    let store = memory();
    let replies: Vec<_> = (0..ENTRIES)
        .map(|n| store.answer(visa(Target::Local), say(token(&format!("tok_{n}"), "Visa", "4242", false))))
        .collect();
    assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    let reader = store.reader().unwrap();
    let read = || {
        reader
            .for_each_detail(&HistoryFilter::default(), |detail| {
                assert!(detail.outcome.is_some());
                ControlFlow::Continue(())
            })
            .unwrap();
    };
    // The statements are made.
    read();
    let read = allocation_counter::measure(read).count_total / ENTRIES;
    assert!(read <= 32, "to read an entry takes {read}");

    let detail = details(&reader).remove(0);
    for format in [FileFormat::Json, FileFormat::Jsonl] {
        let mut writer = writer(&ExportForm::of(format));
        let mut write = || writer.entry(&mut io::sink(), &detail).unwrap();
        write();
        let written = allocation_counter::measure(write).count_total;
        assert!(written <= 16, "to write one as {} takes {written}", format.as_str());
    }
}
