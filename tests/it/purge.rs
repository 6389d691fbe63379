//! What was taken away for good is in no file any more.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        history::{edit::EntryEdit, entry::EntryId, filter::HistoryFilter},
    },
    minter::{Ledger, ObjectKind, StoredObject},
    store::{FILE_NAME, Store, StoreLocation},
};

use crate::support::histories::{creation, moment, open, retrieval, token};

/// Longer than what fits into a page, so that some of it lies on pages of its own.
fn long(word: &str) -> String {
    word.repeat(9000 / word.len())
}

/// An entry of the real API: the minter keeps no object of it.
fn made(store: &Store, nth: usize, name: &str) -> EntryId {
    let journaled = store.journal(creation(Target::Stripe, &[("card[name]", name)])).wait().unwrap();
    let id = journaled.entry.unwrap().id;
    let answer = token(&format!("tok_{nth}"), "Visa", "4242", false);
    store.finish(journaled.exchange, Duration::ZERO, Ok(answer)).wait().unwrap();
    id
}

fn write_on(store: &Store, id: EntryId, note: &str, add: &[&str], remove: &[&str]) {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    store.edit(EntryEdit::Note { id, note: note.to_owned() }, moment(1)).wait().unwrap();
    store.edit(EntryEdit::Tag { ids: vec![id], add: words(add), remove: words(remove) }, moment(1)).wait().unwrap();
}

/// The files of a folder that have a text in them, whatever the case. Not looked at is the middle of a page that no row
/// takes: when SQLite moves rows to another page, a piece of one may stay there, whatever `secure_delete` says, until the
/// page is written anew.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let holds = |path: &Path| {
        let mut bytes = fs::read(path).unwrap().to_ascii_lowercase();
        if path.ends_with(FILE_NAME) {
            bytes.chunks_mut(4096).skip(1).for_each(blank_middle);
        }
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let paths = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    let held = paths.filter(|path| path.is_file() && holds(path));
    held.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// Empties what lies between the list of a page's rows and the rows, in a leaf of a table or an index.
fn blank_middle(page: &mut [u8]) {
    if matches!(page[0], 10 | 13) {
        let number = |place: usize| usize::from(u16::from_be_bytes([page[place], page[place + 1]]));
        let (list_end, rows) = (8 + 2 * number(3), number(5));
        if list_end < rows && rows <= page.len() {
            page[list_end..rows].fill(0);
        }
    }
}

#[test]
fn removed_notes_tags_and_entries_are_in_no_file() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open(folder);
    let ids: Vec<EntryId> = (0..120).map(|nth| made(&store, nth, &long("plantedname"))).collect();
    for (nth, id) in ids.iter().enumerate() {
        // Short and long ones side by side: they move within pages and between them.
        let note = if nth % 2 == 0 { "plantednote".to_owned() } else { long("plantednote") };
        write_on(&store, *id, &note, &["plantedtag", "kept"], &[]);
    }
    drop(store);
    for planted in ["plantednote", "plantedtag", "plantedname"] {
        assert_eq!(holding(folder, planted), ["testcard.sqlite3"], "{planted} was written");
    }

    let store = open(folder);
    let reader = store.reader().unwrap();
    for id in &ids {
        write_on(&store, *id, "", &[], &["plantedtag"]);
    }
    for planted in ["plantednote", "plantedtag"] {
        assert_eq!(holding(folder, planted), Vec::<String>::new(), "{planted}, while the history is open");
    }
    assert_eq!(
        reader.ids(&HistoryFilter { search: "kept".to_owned(), ..HistoryFilter::default() }).unwrap().len(),
        120
    );
    store.edit(EntryEdit::Delete { ids: ids.clone() }, moment(2)).wait().unwrap();
    drop((reader, store));
    assert_eq!(holding(folder, "plantedname"), ["testcard.sqlite3"], "a deleted entry can be restored for an hour");

    let later: Timestamp = moment(2) + Duration::from_hours(2);
    let store = Store::open(&StoreLocation::Folder(folder.to_owned()), later).unwrap();
    assert_eq!(holding(folder, "plantedname"), Vec::<String>::new());
    drop(store);
    for planted in ["plantednote", "plantedtag", "plantedname"] {
        assert_eq!(holding(folder, planted), Vec::<String>::new(), "{planted}, after the history is closed");
    }
}

#[test]
fn a_reset_writes_a_few_pages_and_not_every_object_over() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open(folder);
    for nth in 0..300 {
        let object = StoredObject {
            kind: ObjectKind::Customer,
            parent: None,
            id: format!("cus_{nth}"),
            created: 1,
            body: json!({ "description": "x".repeat(3000) }),
            state: json!({}),
        };
        let answer = Box::new(move |ledger: &mut dyn Ledger| {
            ledger.insert(None, &object)?;
            Ok(token("tok_1", "Visa", "4242", false))
        });
        store.answer(retrieval(Target::Local, "tok_1"), answer).wait().unwrap();
    }
    let wal = folder.join("testcard.sqlite3-wal");
    let connection = rusqlite::Connection::open(folder.join(FILE_NAME)).unwrap();
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    assert_eq!(fs::metadata(&wal).unwrap().len(), 0);
    assert_eq!(store.reset().wait(), Ok(300));
    let written = fs::metadata(&wal).unwrap().len();
    assert!(written < 50 * 4096, "{written} bytes for 300 objects of a page each");
    // Afterwards what is deleted is written over again.
    let id = made(&store, 1, "a name");
    write_on(&store, id, "plantednote", &[], &[]);
    write_on(&store, id, "", &[], &["none"]);
    assert_eq!(holding(folder, "plantednote"), Vec::<String>::new());
}

#[test]
fn a_reader_that_is_under_way_is_not_waited_for_and_the_close_makes_up_for_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open(folder);
    let id = made(&store, 0, "a name");
    write_on(&store, id, "plantednote", &[], &[]);
    let reader = store.reader().unwrap();
    let mut seen = 0;
    reader
        .for_each_detail(&HistoryFilter::default(), |_| {
            seen += 1;
            // Acknowledged, though the history is being read as it was before.
            write_on(&store, id, "", &[], &["none"]);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, 1);
    drop((reader, store));
    assert_eq!(holding(folder, "plantednote"), Vec::<String>::new());
}
