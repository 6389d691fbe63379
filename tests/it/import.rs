//! Imports: what was exported comes back to the byte, twice is once, and a file that is wrong leaves nothing behind.

use std::{
    fs,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::{Target, TransportError},
        history::{
            edit::EntryEdit,
            entry::{EntryStatus, EntryUid},
            filter::HistoryFilter,
            import_report::ImportReport,
        },
        settings::file_format::{ExportForm, FileFormat},
    },
    files::OwnFolders,
    formats,
    jobs::{
        export::{ExportFile, export},
        import::{ImportError, ImportProgress, import},
    },
    store::{CallSelection, Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::histories::{
    PLANTED_CODE, PLANTED_KEY, PLANTED_NUMBER, TOOK, check_holds_no_secret, creation, details, moment, open,
    plant_secrets, retrieval, sample_history, say, token, visa,
};

fn memory() -> Store {
    Store::open(&StoreLocation::Memory, moment(0)).unwrap()
}

/// A history of every kind of entry and of planted secrets; none is on its way.
fn full_history(store: &Store) {
    sample_history(store);
    plant_secrets(store);
    let pending = store.journal(visa(Target::Stripe)).wait().unwrap();
    let cut_off = TransportError::CutOff { host: "api.stripe.com".to_owned() };
    store.finish(pending.exchange, TOOK, Err(cut_off)).wait().unwrap();
    let seen = store.journal(retrieval(Target::Stripe, "tok_two")).wait().unwrap();
    store.finish(seen.exchange, TOOK, Ok(token("tok_two", "American Express", "0005", true))).wait().unwrap();
    let reader = store.reader().unwrap();
    let ids = reader.ids(&HistoryFilter::default()).unwrap();
    let [first, second, third] = [ids[0], ids[1], ids[2]];
    store.edit(EntryEdit::Note { id: first, note: "=1+1 \"é\"\n王".to_owned() }, moment(1)).wait().unwrap();
    let tag = EntryEdit::Tag { ids: vec![second], add: vec!["smoke".to_owned()], remove: Vec::new() };
    store.edit(tag, moment(1)).wait().unwrap();
    // A gap between the numbers.
    store.edit(EntryEdit::Delete { ids: vec![third] }, moment(1)).wait().unwrap();
    let on_their_way: Vec<_> =
        details(&reader).into_iter().filter(|detail| detail.entry.status == EntryStatus::Pending).collect();
    let ids = on_their_way.into_iter().map(|detail| detail.entry.id).collect();
    store.edit(EntryEdit::Delete { ids }, moment(1)).wait().unwrap();
}

fn save(store: &Store, format: FileFormat, path: &Path) -> Vec<u8> {
    let own = OwnFolders::default();
    let file = ExportFile { path, overwrite: true, own: &own };
    let (reader, form) = (store.reader().unwrap(), ExportForm::of(format));
    export(&reader, &HistoryFilter::default(), &form, file, &mut |_| {}, &CancellationToken::new()).unwrap();
    fs::read(path).unwrap()
}

fn load(store: &Store, path: &Path) -> Result<ImportReport, ImportError> {
    import(store, path, None, Arc::new(|_| ()), &CancellationToken::new())
}

/// A file of this name in a folder of its own.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn what_was_exported_and_imported_is_exported_again_to_the_byte() {
    let store = memory();
    full_history(&store);
    let folder = TempDir::new().unwrap();
    for format in [FileFormat::Json, FileFormat::Jsonl] {
        let path = folder.path().join(format!("first.{}", format.ending()));
        let first = save(&store, format, &path);
        let entries = details(&store.reader().unwrap()).len() as u64;
        assert!(entries > 8, "{entries}");
        let other = memory();
        assert_eq!(load(&other, &path), Ok(ImportReport { new: entries, known: 0, deleted: 0 }));
        let second = save(&other, format, &folder.path().join("second"));
        assert!(first == second, "{}\n\n{}", String::from_utf8_lossy(&first), String::from_utf8_lossy(&second));
        let (before, after) = (store.reader().unwrap().counts().unwrap(), other.reader().unwrap().counts().unwrap());
        assert_eq!(before, after);
    }
}

#[test]
fn the_calls_of_a_file_are_logged_in_the_order_of_their_entries() {
    let entries: Vec<Value> = (1..=30).rev().map(entry).collect();
    // What stands there twice is taken as it stands there first.
    let twice = entry(7).to_string().replace("\"note\":\"\"", "\"note\":\"again\"");
    let lines: String = entries.iter().map(Value::to_string).chain([twice]).map(|line| line + "\n").collect();
    let (_folder, path) = file("a.jsonl", lines);
    let store = memory();
    store.answer(visa(Target::Local), say(token("tok_here", "Visa", "4242", false))).wait().unwrap();
    assert_eq!(load(&store, &path), Ok(ImportReport { new: 30, known: 1, deleted: 0 }));
    let reader = store.reader().unwrap();
    let newest_first = details(&reader);
    assert!(newest_first.len() == 31 && newest_first.iter().all(|detail| detail.entry.note.is_empty()));
    let logged = reader.request_rows(&CallSelection::default(), None, 100).unwrap();
    let entries: Vec<_> = logged.into_iter().map(|call| call.entry.unwrap()).collect();
    assert_eq!(entries, newest_first.iter().map(|detail| detail.entry.id).collect::<Vec<_>>());
}

#[test]
fn a_second_import_changes_nothing_and_what_is_known_stays_as_it_is() {
    let store = memory();
    full_history(&store);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.json");
    save(&store, FileFormat::Json, &path);
    let entries = details(&store.reader().unwrap()).len() as u64;
    let other = memory();
    load(&other, &path).unwrap();
    let reader = other.reader().unwrap();
    let newest = reader.ids(&HistoryFilter::default()).unwrap()[0];
    other.edit(EntryEdit::Note { id: newest, note: "mine".to_owned() }, moment(2)).wait().unwrap();
    let (before, revision) = (details(&reader), reader.revision().unwrap());
    assert_eq!(load(&other, &path), Ok(ImportReport { new: 0, known: entries, deleted: 0 }));
    assert_eq!((details(&reader), reader.revision().unwrap()), (before, revision));
    assert_eq!(reader.detail(newest).unwrap().unwrap().entry.note, "mine");

    other.edit(EntryEdit::Delete { ids: vec![newest] }, moment(3)).wait().unwrap();
    assert_eq!(load(&other, &path), Ok(ImportReport { new: 0, known: entries, deleted: 1 }));
    assert!(reader.detail(newest).unwrap().is_none(), "what was deleted stays so");
    // Back in the history that it came from.
    assert_eq!(load(&store, &path), Ok(ImportReport { new: 0, known: entries, deleted: 0 }));
}

#[test]
fn entries_of_two_histories_stand_beside_each_other() {
    let (one, two) = (memory(), memory());
    let make = |store: &Store, name: &str, count: u32| {
        for n in 1..=count {
            let answer = token(&format!("tok_{name}{n}"), "Visa", "4242", false);
            store.answer(creation(Target::Local, &[]), say(answer)).wait().unwrap();
        }
    };
    make(&one, "one", 3);
    make(&two, "two", 5);
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two.jsonl");
    save(&two, FileFormat::Jsonl, &path);
    assert_eq!(load(&one, &path).unwrap().new, 5);
    let entries: Vec<(i64, String)> = details(&one.reader().unwrap())
        .into_iter()
        .map(|detail| (detail.entry.id.0, detail.entry.token_id.unwrap()))
        .collect();
    let kept = [("tok_two3", 8), ("tok_two2", 7), ("tok_two1", 6), ("tok_two5", 5), ("tok_two4", 4)];
    let own = [("tok_one3", 3), ("tok_one2", 2), ("tok_one1", 1)];
    let expected: Vec<(i64, String)> = kept.into_iter().chain(own).map(|(token, id)| (id, token.to_owned())).collect();
    assert_eq!(entries, expected);
    // What is made later comes after all of them, and an imported token is found.
    make(&one, "later", 1);
    let reader = one.reader().unwrap();
    assert_eq!(reader.by_token("tok_later1").unwrap().unwrap().0, 9);
    assert_eq!(reader.by_token("tok_two1").unwrap().unwrap().0, 6);
    assert_eq!(reader.counts().unwrap().all(), 9);
}

#[test]
fn joined_exports_and_numbers_that_no_history_has_come_in_after_what_is_here() {
    let with_uid = |id: i64, uid: u128| {
        let mut entry = entry(id);
        entry["uid"] = json!(EntryUid(uid).to_string());
        entry
    };
    for ids in [[2, 1, 2, 1], [1, 2, 3, 4], [9_007_199_254_740_992, 3, 2, 1]] {
        let store = memory();
        let entries: Vec<Value> = ids.iter().zip(1..).map(|(id, uid)| with_uid(*id, uid)).collect();
        let (_folder, path) = file("joined.json", document(&entries).to_string());
        assert_eq!(load(&store, &path).unwrap().new, 4, "{ids:?}");
        let listed = store.reader().unwrap().ids(&HistoryFilter::default()).unwrap();
        assert_eq!(listed.iter().map(|id| id.0).collect::<Vec<_>>(), [4, 3, 2, 1], "{ids:?}");
    }
}

#[test]
fn an_older_export_is_imported_as_new_once() {
    let store = memory();
    store.answer(visa(Target::Local), say(token("tok_1", "Visa", "4242", false))).wait().unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("old.json");
    let mut old: Value = serde_json::from_slice(&save(&store, FileFormat::Json, &path)).unwrap();
    old["entries"][0].as_object_mut().unwrap().remove("uid").unwrap();
    fs::write(&path, old.to_string()).unwrap();
    assert_eq!(load(&store, &path).unwrap(), ImportReport { new: 1, known: 0, deleted: 0 });
    assert_eq!(load(&store, &path).unwrap(), ImportReport { new: 0, known: 1, deleted: 0 });
}

#[test]
fn a_call_that_was_on_its_way_is_interrupted_here() {
    let store = memory();
    store.journal(visa(Target::Stripe)).wait().unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.jsonl");
    save(&store, FileFormat::Jsonl, &path);
    let other = memory();
    load(&other, &path).unwrap();
    let detail = details(&other.reader().unwrap()).remove(0);
    assert_eq!((detail.entry.status, &detail.outcome), (EntryStatus::Interrupted, &None));
    // It can be asked again, as any other.
    other.journal_again(detail.entry.id, moment(1)).wait().unwrap();
}

/// An entry as an export has it.
fn entry(id: i64) -> Value {
    json!({
        "id": id, "uid": EntryUid(id.unsigned_abs().into()).to_string(), "status": "unused", "target": "local", "token": format!("tok_{id}"),
        "brand": "Visa", "last4": "4242", "code": null, "used_by": null, "used_client": null, "note": "", "tags": [],
        "created": "2026-01-31T12:00:00.000Z", "took_micros": 1,
        "request": {
            "method": "POST", "path": "/v1/tokens",
            "params": [{"name": "card[number]", "value": "4242424242424242"}], "headers": [],
        },
        "response": {"status": 200, "headers": [], "body": {"id": format!("tok_{id}"), "object": "token"}},
        "timeline": [],
    })
}

fn document(entries: &[Value]) -> Value {
    json!({"format": "testcard", "version": 1, "entries": entries})
}

/// Two entries, of which the second is changed.
fn changed(path: &str, value: Value) -> String {
    let mut second = entry(2);
    *second.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    format!("{:#}\n", document(&[entry(1), second]))
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_place_and_leaves_nothing_behind() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let lines = |lines: &[String]| lines.join("\n");
    let good = entry(1).to_string();
    let of_secrets = |path: &str, value: Value| changed(path, value).into_bytes();
    let secret = "holds a card number that is no published test card's, a security code or a key";
    let cases: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("a.json", b"".to_vec(), vec!["line 1, column 1", "the file ends here"]),
        ("a.json", b"{}".to_vec(), vec!["line 1, column 2", "no export of Testcard"]),
        ("a.json", b"[1]".to_vec(), vec!["line 1", "expected an export of Testcard"]),
        ("a.json", b"{\"log\": {}}".to_vec(), vec!["no export of Testcard"]),
        ("a.json", b"{\n\"format\": \"other\"".to_vec(), vec!["line 2, column 17", "format is not \"testcard\""]),
        (
            "a.json",
            br#"{"format": "testcard", "version": 2, "entries": []}"#.to_vec(),
            vec!["newer Testcard", "Update"],
        ),
        (
            "a.json",
            br#"{"entries": [], "format": "testcard", "version": 1}"#.to_vec(),
            vec!["before format and version"],
        ),
        ("a.json", br#"{"format": "testcard", "version": 1, "entries": [}"#.to_vec(), vec!["line 1, column 50"]),
        ("a.json", b"{\"format\": \"test\xff\"}".to_vec(), vec!["line 1", "not UTF-8"]),
        ("a.json", b"\xff\xfe{\0}\0".to_vec(), vec!["line 1, column 1", "expected value"]),
        ("a.json", (document(&[entry(1)]).to_string() + " x").into_bytes(), vec!["trailing characters"]),
        ("a.json", changed("/status", json!("lost")).into_bytes(), vec!["line 7", "status is no word of an export"]),
        ("a.json", changed("/id", json!("2")).into_bytes(), vec!["invalid type, expected i64", "expected i64"]),
        ("a.json", changed("/id", json!(0)).into_bytes(), vec!["id is no number"]),
        ("a.json", changed("/id", json!(i64::MAX)).into_bytes(), vec!["id is no number"]),
        ("a.json", changed("/uid", json!("x")).into_bytes(), vec!["uid is not 32 letters from a to p"]),
        ("a.json", changed("/token", json!(null)).into_bytes(), vec!["token is missing, and the status is unused"]),
        ("a.json", changed("/created", json!("yesterday")).into_bytes(), vec!["created is no time"]),
        ("a.json", changed("/took_micros", json!(u64::MAX)).into_bytes(), vec!["took_micros is longer"]),
        ("a.json", changed("/took_micros", json!(-1)).into_bytes(), vec!["invalid value, expected u64"]),
        ("a.json", changed("/request/method", json!("GET")).into_bytes(), vec!["request.method is not POST"]),
        ("a.json", changed("/request/path", json!("v1")).into_bytes(), vec!["request.path is no path"]),
        ("a.json", changed("/timeline", json!({})).into_bytes(), vec!["invalid type, expected a sequence"]),
        ("a.json", changed("/tags", json!([[]])).into_bytes(), vec!["invalid type, expected a string"]),
        ("a.json", changed("/response/status", json!(65536)).into_bytes(), vec!["invalid value", "u16"]),
        ("a.jsonl", lines(&[good.clone(), "{".to_owned()]).into_bytes(), vec!["line 2", "the file ends here"]),
        (
            "a.jsonl",
            lines(&[good.clone(), String::new(), "{} x".to_owned()]).into_bytes(),
            vec!["line 3", "missing field"],
        ),
        ("a.jsonl", [good.as_bytes(), b"\n\"\xff\""].concat(), vec!["line 2"]),
        ("a.jsonl", lines(&[good.clone(), deep(1_000_000)]).into_bytes(), vec!["line 2"]),
        (
            "a.jsonl",
            lines(&[good.clone(), entry(2).to_string().replacen('{', "{\"version\": 9, ", 1)]).into_bytes(),
            vec!["line 2", "newer Testcard"],
        ),
        (
            "a.jsonl",
            lines(&[good.clone(), good.replacen('{', &format!("{{\"expected\": {}, ", deep(500)), 1)]).into_bytes(),
            vec!["line 2", "recursion limit"],
        ),
        ("a.json", of_secrets("/note", json!(format!("it was {PLANTED_NUMBER}"))), vec!["note", secret, "Take it out"]),
        ("a.json", of_secrets("/tags", json!([PLANTED_KEY])), vec!["tags", secret]),
        ("a.json", of_secrets("/token", json!(PLANTED_KEY)), vec!["token", secret]),
        ("a.json", of_secrets("/code", json!(PLANTED_NUMBER)), vec!["code", secret]),
        ("a.json", of_secrets("/request/params/0/value", json!(PLANTED_NUMBER)), vec!["request.params", secret]),
        (
            "a.json",
            of_secrets("/request/params/0", json!({"name": "card[cvc]", "value": PLANTED_CODE})),
            vec!["request.params", secret],
        ),
        (
            "a.json",
            of_secrets(
                "/request/headers",
                json!([{"name": "Authorization", "value": format!("Bearer {PLANTED_KEY}")}]),
            ),
            vec!["request.headers", secret],
        ),
        ("a.json", of_secrets("/request/path", json!(format!("/v1/{PLANTED_NUMBER}"))), vec!["request.path", secret]),
        ("a.json", of_secrets("/response/body/id", json!(PLANTED_NUMBER)), vec!["response.body", secret]),
        ("a.json", of_secrets("/response/body", json!({"cvc": PLANTED_CODE})), vec!["response.body", secret]),
        ("a.txt", b"{}".to_vec(), vec!["only what was exported as JSON or JSON Lines", "--format"]),
        ("a.csv", b"id\r\n1\r\n".to_vec(), vec!["only what was exported as JSON"]),
    ];
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    for (name, bytes, words) in cases {
        let (_folder, path) = file(name, &bytes);
        let error = load(&store, &path).unwrap_err().to_string();
        let shown: String = String::from_utf8_lossy(&bytes).chars().take(300).collect();
        assert!(error.contains(&path.display().to_string()), "{error}");
        for words in words {
            assert!(error.contains(words), "{words}: {error}\n{shown}");
        }
        check_holds_no_secret("what is told", error.as_bytes());
        assert_eq!(details(&store.reader().unwrap()), [], "{shown}");
    }
    assert!(matches!(load(&store, Path::new("none.json")), Err(ImportError::Unreadable { .. })));
    assert!(matches!(load(&store, folder.path()), Err(ImportError::UnknownFormat { .. })));
    drop(store);
    for item in fs::read_dir(folder.path()).unwrap() {
        let path = item.unwrap().path();
        if path.is_file() {
            check_holds_no_secret(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
    // The same file without the fault.
    let (_folder, path) = file("a.json", changed("/note", json!("fine")));
    assert_eq!(load(&memory(), &path).unwrap().new, 2);
}

#[test]
fn a_body_of_any_depth_comes_in_and_a_line_without_an_end_does_not() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let line = entry(1).to_string().replace("{\"id\":\"tok_1\",\"object\":\"token\"}", &deep);
    let (_folder, path) = file("a.jsonl", line);
    let store = memory();
    assert_eq!(load(&store, &path).unwrap().new, 1);

    let endless = || std::io::repeat(b'x').take(1 << 30);
    let mut none = |_| panic!("there is no entry");
    let begun = br#"{"format": "testcard", "version": 1, "entries": [{"note": ""#;
    let measured = allocation_counter::measure(|| {
        let error = formats::read_jsonl(BufReader::new(endless()), &mut none).unwrap_err().to_string();
        assert!(error.contains("line 1, column 1: an entry is longer than 64 MB"), "{error}");
        let error = formats::read_json(BufReader::new(begun.chain(endless())), &mut none).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("an entry is longer than 64 MB"), "{error}");
    });
    assert!(measured.bytes_max < 300 << 20, "{measured:?}");
}

/// Counts how often it is asked.
struct AskedFile<'a> {
    bytes: &'a [u8],
    asked: usize,
}

impl Read for AskedFile<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.asked += 1;
        self.bytes.read(bytes)
    }
}

#[test]
fn a_document_is_read_in_long_pieces_and_costs_no_more_memory_than_its_lines() {
    const ENTRIES: u64 = 2000;
    let entries: Vec<Value> = (1..=ENTRIES.cast_signed()).map(entry).collect();
    let json = format!("{:#}", document(&entries));
    let lines = entries.iter().map(Value::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let (mut of_json, mut of_lines) = (Vec::new(), Vec::new());
    let mut asked = AskedFile { bytes: json.as_bytes(), asked: 0 };
    let mut kept = |detail| {
        of_json.push(detail);
        Ok(())
    };
    formats::read_json(&mut asked, &mut kept).unwrap();
    assert!(asked.asked < json.len() / 10_000, "{} for {} bytes", asked.asked, json.len());
    let mut kept = |detail| {
        of_lines.push(detail);
        Ok(())
    };
    formats::read_jsonl(lines.as_bytes(), &mut kept).unwrap();
    assert_eq!((of_json.len() as u64, of_json == of_lines), (ENTRIES, true));

    let mut none = |_| Ok(());
    let json = allocation_counter::measure(|| formats::read_json(json.as_bytes(), &mut none).unwrap());
    let lines = allocation_counter::measure(|| formats::read_jsonl(lines.as_bytes(), &mut none).unwrap());
    let (json, lines) = (json.count_total / ENTRIES, lines.count_total / ENTRIES);
    assert!(json <= lines + 1 && lines <= 26, "an entry takes {json} pieces of memory, of a line {lines}");
}

#[test]
fn a_fault_is_told_with_its_place_wherever_a_piece_of_the_file_ends() {
    // Entries of a length that no piece of the file is a multiple of, with breaks of lines before and behind them.
    let mut entries: Vec<Value> = (1..=90).map(entry).collect();
    for entry in &mut entries {
        entry["note"] = json!("x".repeat(7000));
    }
    let good = format!("{:#}\n", document(&entries));
    assert!(good.len() > 600_000, "{}", good.len());
    let places: Vec<usize> =
        good.match_indices("\"took_micros\": 1,").map(|(at, _)| at + "\"took_micros\": ".len()).collect();
    for at in places.into_iter().step_by(5) {
        let wrong = format!("{}x{}", &good[..at], &good[at + 1..]);
        let fault = formats::read_json(wrong.as_bytes(), &mut |_| Ok(())).unwrap_err();
        let line_start = good[..at].rfind('\n').unwrap() + 1;
        let place = (good[..at].matches('\n').count() + 1, at - line_start + 1);
        assert_eq!(((fault.line, fault.column), &*fault.what), (place, "expected value"));
        let fault = formats::read_json(&good.as_bytes()[..at], &mut |_| Ok(())).unwrap_err();
        assert_eq!((fault.line, fault.column), (place.0, place.1 - 1));
        assert!(fault.what.starts_with("the file ends here"), "{fault}");
    }
}

#[test]
fn what_is_known_takes_little_memory() {
    const ENTRIES: u64 = 100_000;
    let mut known = memory().reader().unwrap().known_entries().unwrap();
    let mut report = ImportReport::default();
    let measured = allocation_counter::measure(|| {
        for uid in (0..ENTRIES).chain(0..ENTRIES) {
            known.meet(EntryUid(uid.into()), &mut report);
        }
    });
    assert_eq!(report, ImportReport { new: ENTRIES, known: ENTRIES, deleted: 0 });
    assert!(measured.bytes_max / ENTRIES < 40, "{} bytes an entry", measured.bytes_max / ENTRIES);
}

#[test]
fn calls_go_on_until_all_of_a_file_is_checked_and_it_comes_in_with_one_commit() {
    let folder = TempDir::new().unwrap();
    let (store, other) = (open(folder.path()), open(folder.path()));
    let entries: Vec<Value> = (1..=600).map(entry).collect();
    let (_folder, path) = file("a.json", document(&entries).to_string());
    let (seen, own) = (Arc::new(Mutex::new(Vec::new())), store.clone());
    let told = Arc::clone(&seen);
    let on_progress = move |at| {
        if let ImportProgress::Checked(_) = at {
            // Another process would wait for some seconds, and then fail.
            for store in [&other, &own] {
                store.answer(visa(Target::Local), say(token("tok_now", "Visa", "4242", false))).wait().unwrap();
            }
            let there = details(&other.reader().unwrap()).len();
            told.lock().unwrap().push((there, own.commits()));
        }
    };
    assert_eq!(import(&store, &path, None, Arc::new(on_progress), &CancellationToken::new()).unwrap().new, 600);
    assert_eq!(*seen.lock().unwrap(), [(2, 1), (4, 2)], "nothing of the file is there while it is checked");
    assert_eq!(store.commits(), 3);
    assert_eq!(details(&store.reader().unwrap()).len(), 604);
    let left = fs::read_dir(folder.path().join("run"))
        .unwrap()
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("import-"));
    assert_eq!(left.count(), 0, "its stage is gone");
}

#[test]
fn a_cancelled_import_leaves_nothing_behind() {
    let store = memory();
    let entries: Vec<Value> = (1..=600).map(entry).collect();
    let (_folder, path) = file("a.json", document(&entries).to_string());
    let all = [
        ImportProgress::Checked(256),
        ImportProgress::Checked(512),
        ImportProgress::Written { done: 256, total: 600 },
        ImportProgress::Written { done: 512, total: 600 },
    ];
    for stop_at in 0..all.len() {
        let cancelled = CancellationToken::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, kept) = (cancelled.clone(), Arc::clone(&seen));
        let on_progress = move |at| {
            kept.lock().unwrap().push(at);
            if at == all[stop_at] {
                stop.cancel();
            }
        };
        let done = import(&store, &path, None, Arc::new(on_progress), &cancelled);
        assert_eq!(done, Err(ImportError::Cancelled));
        assert_eq!(*seen.lock().unwrap(), all[..=stop_at]);
        assert_eq!(details(&store.reader().unwrap()), []);
    }
    assert_eq!(load(&store, &path).unwrap().new, 600);
}
