//! The store: what it acknowledges is on disk, whole or not at all, and never secret.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    ops::ControlFlow,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::{ApiResponse, HttpMethod, Target, TransportError},
        history::{
            edit::EntryEdit,
            entry::{EntryId, EntryStatus, HistoryEntry, StatusCounts},
            filter::HistoryFilter,
            request_log::ExchangeId,
        },
    },
    minter::{LedgerError, ObjectKind, StoredObject},
    store::{FILE_NAME, HistoryChanges, LocalAnswer, Store, StoreError, StoreLocation},
};

use crate::support::histories::{
    PLANTED_CODE, TOOK, all_unpacked, check_holds_no_secret, count, creation, declined, holds, mint, moment, open,
    plant_secrets, response, retrieval, sample_history, say, token, visa,
};

fn all() -> HistoryFilter {
    HistoryFilter::default()
}

fn entries(store: &Store) -> Vec<HistoryEntry> {
    store.reader().unwrap().page(&all(), 1000).unwrap()
}

fn statuses(store: &Store) -> Vec<EntryStatus> {
    entries(store).into_iter().map(|entry| entry.status).collect()
}

fn cancelled() -> Result<ApiResponse, TransportError> {
    Err(TransportError::Cancelled)
}

#[test]
fn a_restart_keeps_everything() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("a/b");
    let store = open(&folder);
    let secret = store.workspace_secret();
    let recorded = store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
    store.answer(visa(Target::Local), say(declined("card_declined", "No."))).wait().unwrap();
    let retrieved = store.answer(retrieval(Target::Local, "tok_1"), say(token("tok_1", "Visa", "4242", false)));
    assert_eq!(retrieved.wait().unwrap().entry, None);
    let before = entries(&store);
    let detail = store.reader().unwrap().detail(before[1].id).unwrap().unwrap();
    drop(store);
    assert_eq!(fs::read_dir(folder.join("run")).unwrap().count(), 0, "the run's lock is gone with the run");

    let store = open(&folder);
    let reader = store.reader().unwrap();
    assert_eq!(store.workspace_secret(), secret);
    assert_ne!(secret, [0; 32]);
    assert_eq!(entries(&store), before);
    assert_eq!(reader.detail(before[1].id).unwrap().unwrap(), detail);
    assert_eq!(recorded.entry.as_ref(), Some(&before[1]));
    assert_eq!(detail.outcome, Some(recorded.exchange.outcome));
    assert_eq!(detail.request, recorded.exchange.request);
    assert_eq!(detail.entry.took, Some(recorded.exchange.took));
    assert_eq!(detail.timeline.len(), 1);
    assert_eq!(reader.by_token("tok_1").unwrap(), Some(before[1].id));
    assert_eq!(reader.by_token("tok_2").unwrap(), None);
    assert_eq!(before[1].brand.as_deref(), Some("Visa"));
    assert_eq!((before[0].status, before[0].code.as_deref()), (EntryStatus::Failed, Some("card_declined")));

    // The ledger and its count go on where they were.
    let (sender, seen) = mpsc::channel();
    let look: LocalAnswer = Box::new(move |ledger| {
        sender.send((ledger.next_sequence()?, ledger.get(None, ObjectKind::Token, "tok_1")?)).unwrap();
        Ok(token("tok_1", "Visa", "4242", false))
    });
    store.answer(retrieval(Target::Local, "tok_1"), look).wait().unwrap();
    let (sequence, object) = seen.recv().unwrap();
    assert_eq!(sequence, 2);
    assert_eq!(object.unwrap().state, json!({"number": "4242424242424242"}));
}

#[cfg(unix)]
#[test]
fn folder_and_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let folder = folder.path().join("data");
    let store = open(&folder);
    store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["", "-wal", "-shm"] {
        assert_eq!(mode(&folder.join(format!("{FILE_NAME}{name}"))), 0o600, "{name}");
    }
}

#[test]
fn what_fails_writes_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
    let failing: LocalAnswer = Box::new(|ledger| {
        ledger.next_sequence()?;
        Err(LedgerError("out of order".to_owned()))
    });
    let clash_ignored: LocalAnswer = Box::new(|ledger| {
        let object = StoredObject {
            kind: ObjectKind::Token,
            parent: None,
            id: "tok_1".to_owned(),
            created: 1,
            body: json!({}),
            state: json!({}),
        };
        let _ = ledger.insert(None, &object);
        Ok(token("tok_1", "Visa", "4242", false))
    });
    for (answer, reason) in
        [(failing, "out of order"), (mint("tok_1"), "tok_1 exists already"), (clash_ignored, "tok_1 exists already")]
    {
        let told = store.answer(visa(Target::Local), answer).wait();
        assert_eq!(told, Err(StoreError::Ledger(LedgerError(reason.to_owned()))));
    }
    for (table, rows) in [("entries", 1), ("exchanges", 1), ("objects", 1)] {
        assert_eq!(count(folder.path(), table), rows, "{table}");
    }
    assert_eq!(store.reader().unwrap().counts().unwrap(), StatusCounts { unused: 1, ..StatusCounts::default() });
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let sequence: i64 =
        connection.query_row("SELECT sequence FROM worlds WHERE name = ''", [], |row| row.get(0)).unwrap();
    assert_eq!(sequence, 1, "the count goes back with the rest");
}

#[test]
fn a_minter_that_panics_harms_its_own_call_only() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let told = store.answer(visa(Target::Local), Box::new(|_| panic!("a fault, on purpose"))).wait();
    assert_eq!(told, Err(StoreError::Panicked { doing: "save the call" }));
    store.answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
    assert_eq!(statuses(&store), [EntryStatus::Unused]);
}

/// Holds the writer until the returned sender is used or dropped.
fn hold(store: &Store) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (reached, here) = mpsc::channel();
    let wait: LocalAnswer = Box::new(move |_| {
        reached.send(()).unwrap();
        let _ = held.recv();
        Err(LedgerError("held".to_owned()))
    });
    drop(store.answer(visa(Target::Local), wait));
    here.recv().unwrap();
    release
}

#[test]
fn what_waits_is_committed_together_in_its_order() {
    for place in [StoreLocation::Memory, StoreLocation::Folder(TempDir::new().unwrap().path().to_owned())] {
        let store = Store::open(&place, moment(0)).unwrap();
        let release = hold(&store);
        let before = store.commits();
        let replies: Vec<_> = (0..100).map(|n| store.answer(visa(Target::Local), mint(&format!("tok_{n}")))).collect();
        drop(release);
        let recorded: Vec<EntryId> = replies.into_iter().map(|reply| reply.wait().unwrap().entry.unwrap().id).collect();
        assert!(recorded.is_sorted());
        // One for the call that held the writer, one for all that waited.
        assert_eq!(store.commits() - before, 2);
        assert_eq!(store.reader().unwrap().ids(&all()).unwrap().len(), 100);
    }
}

#[test]
fn a_failed_call_leaves_its_group_alone() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let release = hold(&store);
    let first = store.answer(visa(Target::Local), mint("tok_1"));
    let clash = store.answer(visa(Target::Local), mint("tok_1"));
    let last = store.answer(visa(Target::Local), mint("tok_2"));
    drop(release);
    assert!(first.wait().is_ok());
    assert!(clash.wait().is_err());
    assert!(last.wait().is_ok());
    assert_eq!(entries(&store).len(), 2);
}

/// Lets `sql` meet the third of five calls in one group: none of them may be acknowledged.
#[track_caller]
fn check_group_fails(sql: &str) {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    Connection::open(folder.path().join(FILE_NAME)).unwrap().execute_batch(sql).unwrap();
    let release = hold(&store);
    let replies: Vec<_> = (0..5)
        .map(|n| {
            let target = if n == 2 { Target::Stripe } else { Target::Local };
            store.answer(visa(target), mint(&format!("tok_{n}")))
        })
        .collect();
    drop(release);
    for reply in replies {
        assert!(reply.wait().is_err(), "{sql}");
    }
    assert_eq!(entries(&store), []);
    assert_eq!(count(folder.path(), "objects"), 0);
    store.answer(visa(Target::Local), mint("tok_9")).wait().unwrap();
    assert_eq!(statuses(&store), [EntryStatus::Unused]);
}

#[test]
fn a_failed_commit_acknowledges_nothing() {
    check_group_fails(
        "CREATE TABLE broken (x REFERENCES entries (id) DEFERRABLE INITIALLY DEFERRED);
         CREATE TRIGGER breaks AFTER INSERT ON entries WHEN new.target = 'stripe' BEGIN
             INSERT INTO broken VALUES (-1);
         END;",
    );
}

#[test]
fn a_transaction_that_is_lost_midway_acknowledges_nothing() {
    check_group_fails(
        "CREATE TRIGGER breaks AFTER INSERT ON entries WHEN new.target = 'stripe' BEGIN
             SELECT RAISE(ROLLBACK, 'lost');
         END;",
    );
}

#[test]
fn closing_waits_for_what_was_submitted() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let release = hold(&store);
    let replies: Vec<_> = (0..600).map(|n| store.answer(visa(Target::Local), mint(&format!("tok_{n}")))).collect();
    drop(release);
    drop(store);
    assert!(replies.into_iter().all(|reply| reply.wait().is_ok()));
    assert_eq!(count(folder.path(), "entries"), 600);
}

#[test]
fn a_reply_can_be_awaited() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let release = hold(&store);
    let reply = store.answer(visa(Target::Local), mint("tok_1"));
    runtime.block_on(async {
        let awaited = async { reply.await.unwrap().entry.unwrap().token_id };
        let released = async { drop(release) };
        assert_eq!(tokio::join!(awaited, released).0.as_deref(), Some("tok_1"));
    });
}

#[test]
fn a_call_is_pending_until_its_outcome_is_known() {
    let body = || token("tok_1", "MasterCard", "4444", false);
    for (outcome, status, code) in [
        (Ok(body()), EntryStatus::Unused, None),
        (Ok(token("tok_1", "MasterCard", "4444", true)), EntryStatus::Used, None),
        (Ok(declined("incorrect_number", "No.")), EntryStatus::Failed, Some("incorrect_number")),
        (
            Ok(response(402, &json!({"error": {"code": "card_declined", "decline_code": "lost_card"}}))),
            EntryStatus::Failed,
            Some("lost_card"),
        ),
        (Ok(response(503, &json!({}))), EntryStatus::Failed, Some("http_503")),
        (Ok(response(200, &json!({"object": "list"}))), EntryStatus::Failed, Some("no_token")),
        (cancelled(), EntryStatus::Unknown, Some("cancelled")),
        (Err(TransportError::CutOff { host: "h".to_owned() }), EntryStatus::Unknown, Some("cut_off")),
        (Err(TransportError::Refused { host: "h".to_owned() }), EntryStatus::Failed, Some("connection_refused")),
        (
            Err(TransportError::NotJson { host: "h".to_owned(), http_status: 502, text: "<p>".to_owned() }),
            EntryStatus::Failed,
            Some("not_json"),
        ),
    ] {
        let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
        let journaled = store.journal(visa(Target::Stripe)).wait().unwrap();
        let pending = journaled.entry.unwrap();
        assert_eq!((pending.status, pending.took), (EntryStatus::Pending, None));
        assert_eq!((pending.brand.as_deref(), pending.last4.as_deref()), (Some("Visa"), Some("4242")));
        let reader = store.reader().unwrap();
        assert_eq!(reader.detail(pending.id).unwrap().unwrap().outcome, None);
        assert_eq!(reader.counts().unwrap(), StatusCounts { pending: 1, ..StatusCounts::default() });

        let recorded = store.finish(journaled.exchange, TOOK, outcome.clone()).wait().unwrap();
        let entry = recorded.entry.unwrap();
        assert_eq!((entry.id, entry.status, entry.code.as_deref()), (pending.id, status, code), "{outcome:?}");
        assert_eq!(entry.took, Some(TOOK));
        let got_token = matches!(status, EntryStatus::Unused | EntryStatus::Used);
        assert_eq!(entry.last4.as_deref(), Some(if got_token { "4444" } else { "4242" }));
        let detail = reader.detail(pending.id).unwrap().unwrap();
        assert_eq!((detail.entry, detail.outcome), (entry, Some(recorded.exchange.outcome)));
        let mut counts = StatusCounts::default();
        counts.set(status, 1);
        assert_eq!(reader.counts().unwrap(), counts);
    }
}

#[test]
fn an_unknown_call_can_be_asked_again_and_an_answer_is_final() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let reader = store.reader().unwrap();
    let journaled = store.journal(visa(Target::Stripe)).wait().unwrap();
    let id = journaled.entry.unwrap().id;
    assert_eq!(store.journal_again(id, moment(5)).wait(), Err(StoreError::NotOpen { status: EntryStatus::Pending }));
    store.finish(journaled.exchange, TOOK, cancelled()).wait().unwrap();

    let again = store.journal_again(id, moment(5)).wait().unwrap();
    let entry = again.entry.unwrap();
    assert_eq!(again.exchange, journaled.exchange);
    assert_eq!((entry.id, entry.status, entry.code, entry.took), (id, EntryStatus::Pending, None, None));
    assert_eq!(reader.detail(id).unwrap().unwrap().outcome, None);

    // Unknown once more, and then the answer comes late.
    store.finish(again.exchange, TOOK, cancelled()).wait().unwrap();
    let recorded = store.finish(again.exchange, TOOK, Ok(token("tok_1", "Visa", "4242", false))).wait().unwrap();
    assert_eq!(recorded.entry.unwrap().status, EntryStatus::Unused);
    assert_eq!(recorded.exchange.started, moment(5));
    assert_eq!(reader.by_token("tok_1").unwrap(), Some(id));

    assert_eq!(store.finish(again.exchange, TOOK, cancelled()).wait(), Err(StoreError::AnsweredAlready));
    assert_eq!(store.journal_again(id, moment(6)).wait(), Err(StoreError::NotOpen { status: EntryStatus::Unused }));
    assert_eq!(store.journal_again(EntryId(99), moment(6)).wait(), Err(StoreError::NoSuchEntry));
    assert_eq!(store.finish(ExchangeId(99), TOOK, cancelled()).wait(), Err(StoreError::NoSuchCall));
    assert_eq!(reader.ids(&all()).unwrap(), [id]);
}

#[test]
fn a_retrieval_belongs_to_the_timeline_of_its_token() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let reader = store.reader().unwrap();
    let id = store
        .answer(visa(Target::Stripe), say(token("tok_1", "Visa", "4242", false)))
        .wait()
        .unwrap()
        .entry
        .unwrap()
        .id;

    // Another target's token of the same id, and a token that was made elsewhere.
    for call in [retrieval(Target::Local, "tok_1"), retrieval(Target::Stripe, "tok_2")] {
        let recorded = store.answer(call, say(token("tok_1", "Visa", "4242", true))).wait().unwrap();
        assert_eq!(recorded.entry, None);
    }
    assert_eq!(reader.detail(id).unwrap().unwrap().timeline, []);

    for (answer, changed) in [
        (Ok(token("tok_1", "Visa", "4242", false)), None),
        (Err(TransportError::Cancelled), None),
        (Ok(response(404, &json!({"error": {"code": "resource_missing"}}))), None),
        (Ok(token("tok_1", "Visa", "4242", true)), Some(EntryStatus::Used)),
        (Ok(token("tok_1", "Visa", "4242", true)), None),
    ] {
        let journaled = store.journal(retrieval(Target::Stripe, "tok_1")).wait().unwrap();
        assert_eq!(journaled.entry, None);
        let recorded = store.finish(journaled.exchange, TOOK, answer).wait().unwrap();
        assert_eq!(recorded.entry.map(|entry| entry.status), changed);
    }
    let detail = reader.detail(id).unwrap().unwrap();
    assert_eq!(detail.entry.status, EntryStatus::Used);
    assert_eq!(detail.timeline.len(), 5);
    assert!(detail.timeline.iter().all(|exchange| exchange.request.method == HttpMethod::Get));
    assert_eq!(reader.counts().unwrap(), StatusCounts { used: 1, ..StatusCounts::default() });
}

#[test]
fn pending_calls_are_interrupted_only_when_their_run_is_dead() {
    let folder = TempDir::new().unwrap();
    let first = open(folder.path());
    let id = first.journal(visa(Target::Stripe)).wait().unwrap().entry.unwrap().id;
    let second = open(folder.path());
    assert_eq!(statuses(&second), [EntryStatus::Pending], "its run is alive");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let run: String = connection.query_row("SELECT run FROM entries", [], |row| row.get(0)).unwrap();
    drop(connection);
    let lock = folder.path().join(format!("run/{run}.lock"));
    assert!(lock.exists());
    drop(first);
    drop(second);

    // As a crash leaves it: the file is there, nobody holds it.
    fs::write(&lock, "").unwrap();
    let third = open(folder.path());
    assert!(!lock.exists());
    assert_eq!(statuses(&third), [EntryStatus::Interrupted]);
    let found = third.reader().unwrap().ids(&HistoryFilter { search: "interrupted".to_owned(), ..all() });
    assert_eq!(found.unwrap(), [id]);
    third.journal_again(id, moment(9)).wait().unwrap();
    drop(third);
    // As a run leaves it that ended in good order while a call was on its way.
    assert_eq!(statuses(&open(folder.path())), [EntryStatus::Interrupted]);
}

/// Not a test of its own: the process that `a_killed_process_loses_nothing` starts and kills.
#[test]
#[ignore = "is run by another test, as a process of its own"]
fn a_process_that_waits_to_be_killed() {
    let Some(folder) = std::env::var_os("TESTCARD_TEST_FOLDER") else { return };
    let store = open(Path::new(&folder));
    for n in 0..10 {
        store.answer(visa(Target::Local), mint(&format!("tok_{n}"))).wait().unwrap();
    }
    store.journal(visa(Target::Stripe)).wait().unwrap();
    println!("\nacknowledged");
    loop {
        thread::park();
    }
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::a_process_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .env("TESTCARD_TEST_FOLDER", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "acknowledged"));
    let store = open(folder.path());
    assert_eq!(statuses(&store)[0], EntryStatus::Pending, "the process is alive");
    drop(store);
    child.kill().unwrap();
    child.wait().unwrap();
    let store = open(folder.path());
    assert_eq!(
        store.reader().unwrap().counts().unwrap(),
        StatusCounts { unused: 10, interrupted: 1, ..StatusCounts::default() }
    );
    assert_eq!(fs::read_dir(folder.path().join("run")).unwrap().count(), 1, "its own lock only");
}

#[test]
fn two_stores_on_one_folder_take_turns() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    thread::scope(|scope| {
        for store in 0..4 {
            scope.spawn(move || {
                // Four openings of a new folder at once.
                let store_handle = open(folder);
                for n in 0..25 {
                    store_handle.answer(visa(Target::Local), mint(&format!("tok_{store}_{n}"))).wait().unwrap();
                }
            });
        }
    });
    assert_eq!(count(folder, "entries"), 100);
    let store = open(folder);
    let (sender, seen) = mpsc::channel();
    let next: LocalAnswer = Box::new(move |ledger| {
        sender.send(ledger.next_sequence()?).unwrap();
        Ok(response(200, &json!({})))
    });
    store.answer(retrieval(Target::Local, "tok_0_0"), next).wait().unwrap();
    assert_eq!(seen.recv().unwrap(), 101);
}

#[test]
fn a_reader_learns_what_another_process_wrote() {
    let folder = TempDir::new().unwrap();
    let (window, command_line) = (open(folder.path()), open(folder.path()));
    let reader = window.reader().unwrap();
    let (version, revision) = (reader.data_version().unwrap(), reader.revision().unwrap());
    assert_eq!(reader.data_version().unwrap(), version);
    let nothing = HistoryChanges { entries: vec![], deleted: vec![], revision };
    assert_eq!(reader.changes_since(revision).unwrap(), nothing);

    let made = command_line.answer(visa(Target::Stripe), say(token("tok_1", "Visa", "4242", false)));
    let made = made.wait().unwrap().entry.unwrap();
    assert_ne!(reader.data_version().unwrap(), version);
    let HistoryChanges { entries, revision, .. } = reader.changes_since(revision).unwrap();
    assert_eq!(entries, [made]);
    assert_eq!(revision, reader.revision().unwrap());

    command_line.answer(retrieval(Target::Stripe, "tok_1"), say(token("tok_1", "Visa", "4242", true))).wait().unwrap();
    let HistoryChanges { entries, revision, .. } = reader.changes_since(revision).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.status).collect::<Vec<_>>(), [EntryStatus::Used]);

    command_line.edit(EntryEdit::Delete { ids: vec![entries[0].id] }, moment(1)).wait().unwrap();
    let HistoryChanges { entries: changed, deleted, .. } = reader.changes_since(revision).unwrap();
    assert_eq!((changed, deleted), (vec![], vec![entries[0].id]));
}

#[track_caller]
fn check_refused(folder: &Path, says: &[&str]) {
    let error = Store::open(&StoreLocation::Folder(folder.to_owned()), moment(0)).unwrap_err().to_string();
    for words in says {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_told_in_plain_words() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    check_refused(&file, &["Could not create the data folder", "file", "TESTCARD_HOME"]);
    check_refused(&file.join("below"), &["Could not create the data folder", "below", "TESTCARD_HOME"]);
    assert_eq!(fs::read(&file).unwrap(), b"mine");

    let text = folder.path().join("text");
    fs::create_dir(&text).unwrap();
    fs::write(text.join(FILE_NAME), "no database at all, but text of some length").unwrap();
    check_refused(&text, &["not a Testcard database", FILE_NAME]);
    assert!(fs::read(text.join(FILE_NAME)).unwrap().starts_with(b"no database"));

    let foreign = folder.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    Connection::open(foreign.join(FILE_NAME)).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    check_refused(&foreign, &["not a Testcard database"]);

    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join(FILE_NAME)).unwrap();
    check_refused(&taken, &["it is a folder, not an ordinary file", FILE_NAME]);

    let unlockable = folder.path().join("unlockable");
    fs::create_dir(&unlockable).unwrap();
    fs::write(unlockable.join("run"), "").unwrap();
    check_refused(&unlockable, &["cannot be written", "unlockable"]);
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    open(folder.path()).answer(visa(Target::Local), mint("tok_1")).wait().unwrap();
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    check_refused(folder.path(), &["a newer Testcard wrote it", "version 99", "Update"]);
    assert_eq!(count(folder.path(), "entries"), 1);
}

#[test]
fn a_filter_tells_what_is_shown() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    let ids = sample_history(&store);
    let reader = store.reader().unwrap();
    let check = |status: Option<EntryStatus>, target: Option<Target>, search: &str, expected: &[usize]| {
        let filter = HistoryFilter { status, target, search: search.to_owned(), ..all() };
        let expected: Vec<EntryId> = expected.iter().rev().map(|place| ids[*place]).collect();
        assert_eq!(reader.ids(&filter).unwrap(), expected, "{filter:?}");
        let matching: Vec<bool> = ids.iter().map(|id| expected.contains(id)).collect();
        assert_eq!(reader.matching(&filter, &ids).unwrap(), matching, "{filter:?}");
        assert_eq!(reader.count(&filter).unwrap(), expected.len() as u64, "{filter:?}");
        let page: Vec<EntryId> = reader.page(&filter, 2).unwrap().iter().map(|entry| entry.id).collect();
        assert_eq!(page, expected[..expected.len().min(2)], "{filter:?}");
        let mut details = Vec::new();
        let each = |detail: testcard::domain::history::entry::EntryDetail| {
            details.push(detail.entry.id);
            ControlFlow::Continue(())
        };
        reader.for_each_detail(&filter, each).unwrap();
        assert_eq!(details, expected, "{filter:?}");
    };
    check(None, None, "", &[0, 1, 2, 3, 4, 5]);
    check(None, None, "  \n", &[0, 1, 2, 3, 4, 5]);
    check(Some(EntryStatus::Unused), None, "", &[0]);
    check(Some(EntryStatus::Used), None, "", &[1]);
    check(Some(EntryStatus::Failed), None, "", &[2, 3, 4]);
    check(Some(EntryStatus::Pending), None, "", &[5]);
    check(Some(EntryStatus::Unknown), None, "", &[]);
    check(None, Some(Target::Local), "", &[0, 2, 4]);
    check(Some(EntryStatus::Failed), Some(Target::Stripe), "", &[3]);
    check(Some(EntryStatus::Failed), Some(Target::Local), "visa", &[2]);
    check(None, None, "tok_one", &[0]);
    check(None, None, "TOK_", &[0, 1]);
    check(None, None, "4242", &[0]);
    check(None, None, "0005", &[1, 5]);
    check(None, None, "AMERICAN  express", &[1, 5]);
    check(None, None, "express american pending", &[5]);
    check(None, None, "declined", &[2]);
    check(None, None, "failed stripe", &[3]);
    check(None, None, "local", &[0, 2, 4]);
    check(None, None, "visa amex", &[]);
    // No word reaches over two of the fields.
    check(None, None, "4242visa", &[]);
    check(None, None, "%", &[3]);
    check(None, None, "_", &[0, 1, 2, 3, 4]);
    check(None, None, "100%_sure'", &[3]);
    check(None, None, "a%b", &[]);
    check(None, None, "'", &[3]);
    check(None, None, "' OR 1=1 --", &[]);
    check(None, None, "\"", &[]);
    check(None, None, "\\", &[]);
    // What nobody sees is not searched for.
    check(None, None, "\0", &[0, 1, 2, 3, 4, 5]);
    let many_words: Vec<String> = (0..2000).map(|n| format!("w{n}")).collect();
    check(None, None, &many_words.join(" "), &[]);
    check(None, None, &"visa ".repeat(2000), &[0, 2]);

    let backwards = [ids[3], EntryId(999), ids[0], ids[3]];
    let rows: Vec<EntryId> = reader.rows(&backwards).unwrap().iter().map(|entry| entry.id).collect();
    assert_eq!(rows, [ids[3], ids[0], ids[3]]);
    assert_eq!(reader.detail(EntryId(999)).unwrap(), None);
}

#[test]
fn brand_and_last_digits_come_from_the_number_that_was_typed() {
    let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
    for (typed, brand, last4) in [
        ("4242-4242-4242-4242", Some("Visa"), Some("4242")),
        ("３７８２８２２４６３１０００５", Some("American Express"), Some("0005")),
        ("9999 9999 9999", Some("Unknown"), Some("9999")),
        ("41234", None, Some("1234")),
        ("123", None, None),
        ("", None, None),
    ] {
        let call = creation(Target::Local, &[("card[number]", typed)]);
        let entry = store.answer(call, say(declined("incorrect_number", "No."))).wait().unwrap().entry.unwrap();
        assert_eq!((entry.brand.as_deref(), entry.last4.as_deref()), (brand, last4), "{typed}");
    }
}

#[test]
fn a_store_is_read_while_it_is_written() {
    let folder = TempDir::new().unwrap();
    for place in [StoreLocation::Memory, StoreLocation::Folder(folder.path().to_owned())] {
        let store = Store::open(&place, moment(0)).unwrap();
        let mut slow = 0;
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                for n in 0..300 {
                    store.answer(visa(Target::Local), mint(&format!("tok_{n}"))).wait().unwrap();
                }
            });
            for _ in 0..2 {
                let reader = store.reader().unwrap();
                scope.spawn(move || {
                    let mut seen = 0;
                    while seen < 300 {
                        let ids = reader.ids(&all()).unwrap();
                        assert!(ids.len() >= seen, "what was seen stays");
                        seen = ids.len();
                        assert!(reader.counts().unwrap().all() >= seen as u64);
                        assert_eq!(reader.rows(&ids).unwrap().len(), seen);
                    }
                });
            }
            writing.join().unwrap();
        });
        // Who goes through the history may write: no lock is held meanwhile.
        let each = |_| {
            slow += 1;
            store.answer(visa(Target::Local), mint(&format!("tok_late_{slow}"))).wait().unwrap();
            if slow < 100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        store.reader().unwrap().for_each_detail(&all(), each).unwrap();
        assert_eq!(store.reader().unwrap().counts().unwrap().all(), 400);
    }
}

/// The number of files looked through.
#[track_caller]
fn check_folder_holds_no_secret(folder: &Path) -> usize {
    let mut files = 0;
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files += check_folder_holds_no_secret(&path);
        } else {
            check_holds_no_secret(&path.display().to_string(), &fs::read(&path).unwrap());
            files += 1;
        }
        for packed in all_unpacked(folder) {
            check_holds_no_secret("what is packed", &packed);
        }
    }
    files
}

#[test]
fn no_file_holds_a_number_a_code_or_a_key() {
    assert!(holds(&[0, b'9', 0, b'8', 0, b'7', 0], PLANTED_CODE) && !holds(b"98 7", PLANTED_CODE));
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    plant_secrets(&store);
    assert_eq!(check_folder_holds_no_secret(folder.path()), 4, "database, wal, shm and lock");
    let database = fs::read(folder.path().join(format!("{FILE_NAME}-wal"))).unwrap();
    assert!(holds(&database, "453957******1486"), "the search looks where things are written");
    drop(store);
    check_folder_holds_no_secret(folder.path());
}

#[test]
fn a_long_history_is_read_whole() {
    const ENTRIES: usize = 10_000;
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let replies: Vec<_> = (0..ENTRIES).map(|n| store.answer(visa(Target::Local), mint(&format!("tok_{n}")))).collect();
    for reply in replies {
        reply.wait().unwrap();
    }
    assert!(store.commits() < ENTRIES as u64 / 10, "{} commits", store.commits());
    let reader = store.reader().unwrap();
    let ids = reader.ids(&all()).unwrap();
    assert_eq!(ids.len(), ENTRIES);
    assert!(ids.is_sorted_by(|newer, older| newer > older));
    assert_eq!(reader.counts().unwrap().all(), ENTRIES as u64);
    let mut seen = Vec::new();
    let each = |detail: testcard::domain::history::entry::EntryDetail| {
        // What is made meanwhile is not part of it.
        if seen.is_empty() {
            store.answer(visa(Target::Local), mint("tok_late")).wait().unwrap();
        }
        seen.push(detail.entry.id);
        ControlFlow::Continue(())
    };
    reader.for_each_detail(&all(), each).unwrap();
    assert_eq!(seen, ids);
}

#[test]
fn however_many_calls_fail_after_they_wrote_the_others_of_their_group_are_kept() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    // Holds the writer, so that all that follow come as one group.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let held: LocalAnswer = Box::new(move |_| {
        let _ = wait.lock().unwrap().recv();
        Ok(declined("card_declined", "No."))
    });
    let mut replies = vec![(true, store.answer(visa(Target::Local), held))];
    for nth in 0..30 {
        let fails = nth % 3 == 0;
        let made = mint(&format!("tok_{nth}"));
        let answer: LocalAnswer = Box::new(move |ledger| {
            let answer = made(ledger)?;
            if fails { Err(LedgerError("on purpose".to_owned())) } else { Ok(answer) }
        });
        replies.push((!fails, store.answer(visa(Target::Local), answer)));
    }
    drop(go);
    for (is_kept, reply) in replies {
        let outcome = reply.wait();
        assert_eq!(outcome.is_ok(), is_kept, "{outcome:?}");
    }
    assert_eq!((count(folder.path(), "entries"), count(folder.path(), "objects")), (21, 20));
    assert_eq!(store.reader().unwrap().counts().unwrap().all(), 21);
}
