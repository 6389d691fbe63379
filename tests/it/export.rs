//! Exports: complete, repeatable, and harmless to what is there already.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::{ApiRequest, Target, TransportError},
        evidence::EvidenceSubject,
        history::{edit::EntryEdit, entry::EntryStatus, filter::HistoryFilter},
        rules::expectation::Expectation,
        settings::file_format::{EvidenceFormat, ExportForm},
    },
    files::OwnFolders,
    jobs::{
        evidence::save_evidence,
        export::{ExportError, ExportFile, ExportProgress, export},
        run_entries::{GatherError, gather},
    },
    store::{ExportedEntry, FILE_NAME, HistoryReader, NewCall, Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::histories::{
    check_holds_no_secret, creation, moment, open, plant_secrets, sample_history, say, token,
};

fn sample() -> (Store, HistoryReader) {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    sample_history(&store);
    let reader = store.reader().unwrap();
    (store, reader)
}

fn save(reader: &HistoryReader, filter: &HistoryFilter, path: &Path, overwrite: bool) -> Result<u64, ExportError> {
    let own = OwnFolders::default();
    let file = ExportFile { path, overwrite, own: &own };
    export(reader, filter, &ExportForm::default(), file, &mut |_| {}, &CancellationToken::new())
}

fn all() -> HistoryFilter {
    HistoryFilter::default()
}

/// The names in a folder: nothing may be left beside the target.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn everything_or_what_the_filter_shows_is_exported_newest_first() {
    let (_store, reader) = sample();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.json");
    for (filter, tokens) in [
        (all(), vec![json!(null), json!(null), json!(null), json!(null), json!("tok_two"), json!("tok_One")]),
        (HistoryFilter { target: Some(Target::Stripe), ..all() }, vec![json!(null), json!(null), json!("tok_two")]),
        (HistoryFilter { search: "tok_one".to_owned(), ..all() }, vec![json!("tok_One")]),
        (HistoryFilter { status: Some(EntryStatus::Unknown), ..all() }, vec![]),
    ] {
        let mut reports = Vec::new();
        let own = OwnFolders::default();
        let file = ExportFile { path: &path, overwrite: true, own: &own };
        let done = export(
            &reader,
            &filter,
            &ExportForm::default(),
            file,
            &mut |at| reports.push(at),
            &CancellationToken::new(),
        )
        .unwrap();
        let total = tokens.len() as u64;
        assert_eq!(done, total);
        assert_eq!(reports.first(), Some(&ExportProgress { done: 0, total }));
        assert_eq!(reports.last(), Some(&ExportProgress { done: total, total }));
        let text = fs::read_to_string(&path).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&file["format"], &file["version"]), (&json!("testcard"), &json!(1)));
        let exported: Vec<Value> =
            file["entries"].as_array().unwrap().iter().map(|entry| entry["token"].clone()).collect();
        assert_eq!(exported, tokens);
        assert_eq!(text, format!("{file:#}\n"), "written as one value is");
        save(&reader, &filter, &path, true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "the same history gives the same file");
    }
    assert_eq!(names(folder.path()), ["history.json"]);
}

#[test]
fn an_entry_is_exported_with_all_that_is_known_of_it() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let call =
        creation(Target::Stripe, &[("card[number]", "4242424242424242"), ("card[cvc]", "123"), ("a", ""), ("a", "2")]);
    let journaled = store.journal(call).wait().unwrap();
    let id = journaled.entry.unwrap().id;
    let took = std::time::Duration::from_micros(1234);
    store.finish(journaled.exchange, took, Ok(token("tok_1", "Visa", "4242", false))).wait().unwrap();
    let retrieve = NewCall {
        target: Target::Stripe,
        started: moment(60),
        request: ApiRequest::retrieve_token("tok_1"),
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    };
    let journaled = store.journal(retrieve).wait().unwrap();
    let not_json = TransportError::NotJson { host: "h".to_owned(), http_status: 502, text: "<p>".to_owned() };
    store.finish(journaled.exchange, took, Err(not_json)).wait().unwrap();
    store.edit(EntryEdit::Note { id, note: "as agreed".to_owned() }, moment(1)).wait().unwrap();
    store
        .edit(EntryEdit::Tag { ids: vec![id], add: vec!["smoke".to_owned()], remove: vec![] }, moment(1))
        .wait()
        .unwrap();
    let detail = store.reader().unwrap().detail(id).unwrap().unwrap();
    let exported = ExportedEntry::from(&detail).to_text().unwrap();
    let uid = detail.uid.unwrap().to_string();
    assert_eq!((uid.len(), uid.parse()), (32, Ok(detail.uid.unwrap())));
    let expected = json!({
        "id": 1,
        "uid": uid,
        "status": "unused",
        "target": "stripe",
        "token": "tok_1",
        "brand": "Visa",
        "last4": "4242",
        "code": null,
        "used_by": null,
        "used_client": null,
        "note": "as agreed",
        "tags": ["smoke"],
        "created": format!("{:.3}", moment(0)),
        "took_micros": 1234,
        "request": {
            "method": "POST",
            "path": "/v1/tokens",
            "params": [
                {"name": "card[number]", "value": "4242424242424242"},
                {"name": "card[cvc]", "value": "•••", "kept": "hidden"},
                {"name": "a", "value": ""},
                {"name": "a", "value": "2"},
            ],
            "headers": [{"name": "Idempotency-Key", "value": "key"}],
        },
        "response": {
            "status": 200,
            "headers": [{"name": "Request-Id", "value": "req_1"}],
            "body": {"id": "tok_1", "object": "token", "card": {"brand": "Visa", "last4": "4242"}, "used": false},
        },
        "timeline": [{
            "target": "stripe",
            "created": format!("{:.3}", moment(60)),
            "took_micros": 1234,
            "request": {"method": "GET", "path": "/v1/tokens/tok_1", "params": [], "headers": []},
            "failure": {
                "kind": "not_json",
                "message": "h answered HTTP 502 with something that is not JSON. Check that the base URL is an API that speaks Stripe's",
                "status": 502,
                "text": "<p>",
            },
        }],
    });
    assert_eq!(exported, format!("{expected:#}"), "the order of the keys too");
}

#[test]
fn what_was_expected_and_how_it_came_is_exported_where_something_was() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let exported = |expects: Option<Expectation>| {
        let call = NewCall { expects, ..creation(Target::Local, &[]) };
        let id = store.answer(call, say(token("tok_1", "Visa", "4242", false))).wait().unwrap().entry.unwrap().id;
        serde_json::to_value(ExportedEntry::from(&store.reader().unwrap().detail(id).unwrap().unwrap())).unwrap()
    };
    let differs = exported(Some(Expectation::refused("invalid_cvc")));
    assert_eq!(differs["expected"], json!({"version": 1, "token": "invalid_cvc"}));
    let difference = json!({"step": "token", "expected": "invalid_cvc", "got": "ok"});
    assert_eq!(differs["judgement"], json!({"version": 1, "step": "token", "difference": difference}));
    let plain = exported(None);
    assert!(plain.get("expected").is_none() && plain.get("judgement").is_none(), "{plain}");
}

#[test]
fn a_target_that_cannot_be_written_is_told_and_left_as_it_was() {
    let (_store, reader) = sample();
    let folder = TempDir::new().unwrap();
    let old = folder.path().join("old.json");
    fs::write(&old, "mine").unwrap();
    let read_only = folder.path().join("read-only.json");
    fs::write(&read_only, "mine").unwrap();
    let mut permissions = fs::metadata(&read_only).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).unwrap();
    let before = names(folder.path());

    let check = |path: &Path, overwrite: bool, says: &[&str]| {
        let error = save(&reader, &all(), path, overwrite).unwrap_err().to_string();
        for words in says {
            assert!(error.contains(words), "{error}");
        }
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert_eq!(names(folder.path()), before);
        for kept in [&old, &read_only] {
            assert_eq!(fs::read(kept).unwrap(), b"mine");
        }
    };
    check(&old, false, &["exists already. Choose another name"]);
    check(&read_only, true, &["cannot be written", "read-only"]);
    check(&folder.path().join("none/new.json"), false, &["there is no folder"]);
    check(&old.join("below.json"), false, &["cannot be written"]);
    check(folder.path(), true, &["is a folder"]);
    check(Path::new("/dev/null"), true, &["is a device, not an ordinary file"]);
    check(&folder.path().join("x".repeat(300)), true, &["cannot be written"]);

    assert_eq!(save(&reader, &all(), &old, true), Ok(6));
    assert_ne!(fs::read(&old).unwrap(), b"mine");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let (_store, reader) = sample();
    let folder = TempDir::new().unwrap();
    let (file, link) = (folder.path().join("file.json"), folder.path().join("link.json"));
    fs::write(&file, "mine").unwrap();
    std::os::unix::fs::symlink("file.json", &link).unwrap();
    save(&reader, &all(), &link, true).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&file).unwrap().starts_with("{\n"));
}

#[test]
fn a_cancelled_export_leaves_nothing_behind() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let replies: Vec<_> = (0..300)
        .map(|n| store.answer(creation(Target::Local, &[]), say(token(&format!("tok_{n}"), "Visa", "4242", false))))
        .collect();
    assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    let reader = store.reader().unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("history.json");
    fs::write(&path, "mine").unwrap();
    for stop_at in [0, 128, 256] {
        let cancelled = CancellationToken::new();
        let mut stop = |at: ExportProgress| {
            assert_eq!(at.total, 300);
            if at.done == stop_at {
                cancelled.cancel();
            }
        };
        let own = OwnFolders::default();
        let file = ExportFile { path: &path, overwrite: true, own: &own };
        assert_eq!(
            export(&reader, &all(), &ExportForm::default(), file, &mut stop, &cancelled),
            Err(ExportError::Cancelled)
        );
        assert_eq!(names(folder.path()), ["history.json"]);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}

/// How many entries are read at a time.
const PAGE: usize = 64;

/// Long work by its name: it is told where to stop and tells how far it is; whether it was stopped.
type Work<'a> = (&'a str, &'a dyn Fn(&CancellationToken, &mut dyn FnMut(u64)) -> bool);

#[test]
fn a_stop_is_heeded_within_a_page_however_many_entries_are_chosen() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let replies: Vec<_> = (0..1000)
        .map(|n| store.answer(creation(Target::Local, &[]), say(token(&format!("tok_{n}"), "Visa", "4242", false))))
        .collect();
    assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    drop(store);
    // Each entry that is read from now on is named for its note, which is no text.
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(connection.execute("UPDATE entries SET note = CAST(x'ff' AS TEXT)", []).unwrap(), 1000);
    drop(connection);
    let reader = HistoryReader::look(folder.path(), moment(0)).unwrap();
    let ids = reader.ids(&all()).unwrap();
    assert_eq!((ids.len(), reader.damage().parts.len()), (1000, 0));
    let own = OwnFolders::default();
    let path = folder.path().join("stopped");
    let file = ExportFile { path: &path, overwrite: true, own: &own };
    let selection = HistoryFilter { among: Some(ids.clone()), ..all() };
    let subject = EvidenceSubject::Entries(ids.clone());
    let works: [Work<'_>; 4] = [
        ("a list of the selection", &|stop, tell| {
            matches!(gather(&reader, &ids, &mut |done| tell(done), stop), Err(GatherError::Cancelled))
        }),
        ("an export of the selection", &|stop, tell| {
            let mut tell = |at: ExportProgress| tell(at.done);
            export(&reader, &selection, &ExportForm::default(), file, &mut tell, stop) == Err(ExportError::Cancelled)
        }),
        ("an export of all", &|stop, tell| {
            let mut tell = |at: ExportProgress| tell(at.done);
            export(&reader, &all(), &ExportForm::default(), file, &mut tell, stop) == Err(ExportError::Cancelled)
        }),
        ("evidence of the selection", &|stop, tell| {
            let mut tell = |at: ExportProgress| tell(at.done);
            let format = EvidenceFormat::Zip;
            save_evidence(&reader, &subject, format, moment(0), file, &mut tell, stop) == Err(ExportError::Cancelled)
        }),
    ];
    for (what, work) in works {
        for stop_at in [0, 128, 512] {
            let stop = CancellationToken::new();
            let mut done = 0;
            if stop_at == 0 {
                stop.cancel();
            }
            let mut tell = |now: u64| {
                done = now;
                if now >= stop_at {
                    stop.cancel();
                }
            };
            assert!(work(&stop, &mut tell), "{what} is cancelled");
            assert_eq!(done, stop_at, "{what}");
            let read = reader.damage().parts.len();
            assert!(
                read <= stop_at as usize + PAGE,
                "{what}: {read} entries were read, {stop_at} were done at the stop"
            );
        }
    }
    assert!(!path.exists());
}

#[test]
fn an_export_holds_no_number_no_code_and_no_key() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    plant_secrets(&store);
    let path = folder.path().join("history.json");
    assert_eq!(save(&store.reader().unwrap(), &all(), &path, false), Ok(5));
    let bytes = fs::read(&path).unwrap();
    check_holds_no_secret("the export", &bytes);
    assert!(String::from_utf8(bytes).unwrap().contains("453957******1486"));
}
