//! `salvage`: what can be read of a damaged history goes to a new folder, and nothing else is touched.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        history::{
            edit::EntryEdit,
            entry::{EntryDetail, EntryId},
        },
    },
    store::{FILE_NAME, RowKind, SalvageError, SalvageReport, Store, StoreLocation, salvage},
};

use crate::support::{
    histories::{all_unpacked, check_holds_no_secret, details, mint, moment, open, plant_secrets, visa},
    patient::Patient,
    program::Home,
    serving::{CARD, Serving},
};

/// Every entry of a store in which nothing is damaged.
#[track_caller]
fn sound_details(store: &Store) -> Vec<EntryDetail> {
    let reader = store.reader().unwrap();
    let details = details(&reader);
    let damage = reader.damage();
    assert!(damage.is_empty(), "{damage}");
    details
}

/// Every file of a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|file| file.path().is_file());
    let mut files: Vec<_> =
        files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect();
    files.sort();
    files
}

/// Salvages a patient and opens what was saved: its history is sound, and the damaged one as it was.
#[track_caller]
fn saved(patient: &Patient, what: &str) -> (SalvageReport, Vec<EntryDetail>) {
    let before = files(patient.folder());
    let new = TempDir::new().unwrap();
    let target = new.path().join("a/saved");
    let report = salvage(patient.folder(), &target, moment(0)).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(files(patient.folder()) == before, "{what}: the damaged history was touched");
    assert_eq!(files(&target).len(), 1, "{what}: {:?}", fs::read_dir(&target).unwrap().collect::<Vec<_>>());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&target), mode(&report.file)), (0o700, 0o600), "{what}");
    let store = open(&target);
    let details = sound_details(&store);
    let counted = store.reader().unwrap().counts().unwrap();
    assert_eq!(counted.all(), details.len() as u64, "{what}: entries are counted anew");
    let next = store.answer(visa(Target::Local), mint("tok_next")).wait().unwrap().entry.unwrap();
    assert!(next.id > EntryId(600), "{what}: numbers go on where they were");
    (report, details)
}

#[test]
fn a_sound_history_is_saved_whole() {
    let patient = Patient::new();
    let store = open(patient.folder());
    store.edit(EntryEdit::Note { id: EntryId(5), note: "mine".to_owned() }, moment(0)).wait().unwrap();
    store.edit(EntryEdit::Delete { ids: vec![EntryId(6)] }, moment(0)).wait().unwrap();
    let (before, secret) = (sound_details(&store), store.workspace_secret());
    drop(store);
    let (report, after) = saved(&patient, "sound");
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(after, before);
    assert_eq!(
        report.saved,
        [
            (RowKind::Entry, 600),
            (RowKind::Call, 600 + 540),
            (RowKind::Object, 540),
            (RowKind::IdempotencyKey, 0),
            (RowKind::Run, 0),
            (RowKind::RunRow, 0)
        ]
    );
    let new = TempDir::new().unwrap();
    salvage(&patient.file(), new.path(), moment(0)).unwrap();
    assert_eq!(open(new.path()).workspace_secret(), secret, "a file can be named too, and the secret stays");
}

#[test]
fn one_damaged_page_costs_what_stands_on_it_and_lost_entries_are_made_anew_from_their_calls() {
    let whole = sound_details(&open(Patient::new().folder()));
    for (name, kind) in [
        ("entries", "leaf"),
        ("entries", "internal"),
        ("exchanges", "leaf"),
        ("exchanges", "internal"),
        ("objects", "leaf"),
        ("exchanges_by_entry", "internal"),
        ("entries_by_revision", "leaf"),
        ("counts", "leaf"),
        ("counters", "leaf"),
        ("worlds", "leaf"),
        ("meta", "leaf"),
        ("sqlite_sequence", "leaf"),
    ] {
        let pages = Patient::new().pages(name, kind);
        let (page, cells) = *pages.get(pages.len() / 2).unwrap_or_else(|| panic!("{name} has no {kind} page"));
        let patient = Patient::new();
        patient.zero_page(page);
        let (report, details) = saved(&patient, &format!("{name}, {kind}"));
        let made_anew = ["exchanges_by_entry", "entries_by_revision", "counts", "counters"];
        assert!(!report.is_whole() || made_anew.contains(&name));
        let lost: usize = report.lost.iter().map(|(_, numbers)| numbers.len()).sum();
        match (name, kind) {
            ("entries", _) => {
                assert_eq!(details.len(), 600, "all are there again");
                assert_eq!(report.remade.len(), if kind == "leaf" { cells } else { 600 });
                for (made, known) in details.iter().zip(&whole) {
                    let (made, known) = (&made.entry, &known.entry);
                    assert_eq!(
                        (made.id, &made.token_id, made.status, &made.last4, &made.code),
                        (known.id, &known.token_id, known.status, &known.last4, &known.code)
                    );
                }
            }
            ("exchanges" | "objects", "leaf") => assert_eq!(lost, cells, "{name}: {report:?}"),
            ("exchanges", _) => {
                assert_eq!(details.len(), 600, "entries stay without their calls");
                assert_eq!(lost, 600 + 540);
            }
            _ => assert_eq!((lost, &details), (0, &whole), "{name}"),
        }
        let remark = match name {
            "counters" => Some("how many numbers the table entries has given is lost"),
            "meta" => Some("the secret of the folder is lost"),
            "worlds" => Some("the minter's own count is lost and goes on at 73"),
            _ => None,
        };
        let remarks = match name {
            // Of entries, calls and objects.
            "counters" => 3,
            // Of runs.
            "sqlite_sequence" => 1,
            // What a reset made void is lost with them.
            "worlds" => 2,
            _ => usize::from(remark.is_some()),
        };
        assert_eq!(report.remarks.len(), remarks, "{name}: {:?}", report.remarks);
        assert!(remark.is_none_or(|words| report.remarks[0].starts_with(words)), "{:?}", report.remarks);
    }
}

#[test]
fn a_header_that_is_gone_is_made_anew() {
    let whole = sound_details(&open(Patient::new().folder()));
    let all = 0..100;
    for bytes in [all.clone(), 0..1, 16..18, 18..20, 20..21, 21..24, 28..32, 44..48, 56..60, 60..72] {
        let patient = Patient::new();
        patient.change_page(1, |page| page[bytes.clone()].fill(0xa5));
        let (_, details) = saved(&patient, &format!("{bytes:?}"));
        assert_eq!(details, whole, "{bytes:?}");
    }
}

#[test]
fn a_list_of_tables_that_is_gone_is_that_of_a_new_history() {
    let whole = sound_details(&open(Patient::new().folder()));
    let mut pages = Patient::new().pages("sqlite_schema", "leaf");
    pages.extend(Patient::new().pages("sqlite_schema", "internal"));
    assert!(pages.iter().any(|(page, _)| *page == 1) && pages.len() > 1);
    for (page, _) in pages {
        let patient = Patient::new();
        let header = if page == 1 { 100 } else { 0 };
        patient.change_page(page, |page| page[header..].fill(0));
        let (report, details) = saved(&patient, &format!("page {page}"));
        assert!(report.remarks.iter().any(|remark| remark.starts_with("the list of tables")), "{:?}", report.remarks);
        assert_eq!(details, whole, "page {page}");
        assert_eq!(report.saved[2], (RowKind::Object, 540));
    }
}

#[test]
fn of_a_file_that_is_cut_off_the_rest_is_saved() {
    let length = fs::metadata(Patient::new().file()).unwrap().len();
    for keep in [length - 4096, length * 3 / 4, length / 2] {
        let patient = Patient::new();
        fs::File::options().write(true).open(patient.file()).unwrap().set_len(keep).unwrap();
        let (report, details) = saved(&patient, &format!("{keep} bytes"));
        assert!(report.remarks.contains(&"the database file was cut off".to_owned()), "{:?}", report.remarks);
        assert!(details.len() > 100, "{keep} bytes: {}", details.len());
    }
}

#[test]
fn garbage_in_a_column_is_emptied_or_left_out() {
    let patient = Patient::new();
    patient.execute(
        "UPDATE entries SET tags = 'no JSON' WHERE id = 7;
         UPDATE entries SET target = 'moon' WHERE id = 8;
         UPDATE exchanges SET packed = x'00' WHERE entry = 9 AND is_creation;
         UPDATE exchanges SET method = 'LOOK' WHERE entry = 11 AND NOT is_creation;
         UPDATE objects SET body = '{' WHERE id = 'tok_12';
         INSERT INTO objects (kind, id, created, body, state, packed) VALUES ('charge', 'ch_1', 1, '', '{}', x'0200');",
    );
    let (report, details) = saved(&patient, "garbage");
    let ids: BTreeSet<i64> = details.iter().map(|detail| detail.entry.id.0).collect();
    assert_eq!(ids.len(), 600);
    assert_eq!(report.remade.iter().collect::<Vec<_>>(), [8], "its call says what it was");
    let told: Vec<String> =
        report.lost.iter().chain(&report.emptied).map(|(kind, numbers)| kind.number_of(numbers.len() as u64)).collect();
    assert_eq!(told, ["1 call", "2 objects of the minter", "1 entry", "1 call"]);
}

#[test]
fn what_was_answered_under_a_key_is_answered_again_after_a_salvage() {
    let home = Home::new();
    let data = home.path().join("data");
    let mut serving = Serving::start(&home, &[]);
    let key = [("Idempotency-Key", "order-7")];
    let first = serving.send("POST", "/v1/tokens", &CARD, &key);
    let token = first.json()["id"].as_str().unwrap().to_owned();
    let charged = serving.post("/v1/charges", &[("source", &token), ("amount", "2000"), ("currency", "usd")]);
    assert_eq!(charged.status, 200);
    serving.kill();
    let saved = home.beside("saved/data");
    let run = home.run(["salvage", data.to_str().unwrap(), "--to", saved.to_str().unwrap()]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stdout.contains("1 entry\n") && run.stdout.contains("1 remembered idempotency key\n"), "{run:?}");
    let mut command = home.command(["serve", "--listen", "127.0.0.1:0"]);
    let serving = Serving::of(command.env("TESTCARD_HOME", saved.parent().unwrap()));
    let again = serving.send("POST", "/v1/tokens", &CARD, &key);
    assert_eq!((again.body, again.headers.iter().any(|(name, _)| name == "idempotent-replayed")), (first.body, true));
    let twice = serving.post("/v1/charges", &[("source", &token), ("amount", "2000"), ("currency", "usd")]);
    assert_eq!(twice.status, 400, "a token that was used stays so");
    // What the bound of the request log counts is not saved: the calls are entered anew, the next ones first.
    let saved = Connection::open(saved.join(FILE_NAME)).unwrap();
    let entered = "SELECT old_last >= 2 AND old_last < (SELECT max(id) FROM exchanges) AND old_next > 1 FROM log_size";
    assert!(saved.query_row(entered, [], |row| row.get::<_, bool>(0)).unwrap());
}

#[test]
fn a_log_that_is_damaged_midway_is_not_written_over_and_what_follows_the_damage_is_saved() {
    let home = Home::new();
    let data = home.path().join("data");
    let mut serving = Serving::start(&home, &[]);
    let tokens: Vec<String> = (0..20).map(|_| serving.token()).collect();
    serving.kill();
    let wal = data.join(format!("{FILE_NAME}-wal"));
    let whole = fs::read(&wal).unwrap();
    let frames = (whole.len() - 32) / 4120;
    // Before the last commit, which cannot be told from one that was not finished.
    let late = frames - frames / 20 * 3 / 2;
    for (frame, byte) in [(frames / 2, 3000), (frames * 3 / 4, 20), (frames * 3 / 4, 2), (late, 4000), (1, 50)] {
        let mut log = whole.clone();
        log[32 + frame * 4120 + byte] ^= 4;
        fs::write(&wal, &log).unwrap();
        for args in [&["mint"][..], &["serve"], &["note", &tokens[0], "mine"]] {
            let run = home.run(args.iter().copied());
            assert_eq!(run.exit, 4, "{frame}, {args:?}: {run:?}");
            assert!(run.stderr.contains("its write-ahead log is damaged"), "{run:?}");
        }
        let read = home.run(["history", "--format", "jsonl"]);
        assert_eq!(read.exit, 4, "{frame}: {}", read.stderr);
        assert!(read.stderr.contains("of the write-ahead log, pages are damaged ("), "{}", read.stderr);
        let new = TempDir::new().unwrap();
        let report = salvage(&data, &new.path().join("new"), moment(0)).unwrap();
        assert!(report.remarks[0].starts_with("of the write-ahead log, pages are damaged ("), "{report:?}");
        let entries = report.saved[0].1;
        // One page may hold the last few of either table; what is lost in one is made anew from the other.
        assert!(entries >= 16, "{frame}, {byte}: {entries} of 20");
        assert!(read.stdout.lines().count() as u64 <= entries, "{}", read.stdout.lines().count());
        assert_eq!(fs::read(&wal).unwrap(), log, "{frame}: nothing was touched");
    }
}

#[test]
fn a_commit_that_was_never_finished_is_no_damage() {
    let home = Home::new();
    let data = home.path().join("data");
    let mut serving = Serving::start(&home, &[]);
    let tokens: Vec<String> = (0..3).map(|_| serving.token()).collect();
    serving.kill();
    let wal = data.join(format!("{FILE_NAME}-wal"));
    let whole = fs::read(&wal).unwrap();
    for cut in [whole.len() - 1, whole.len() - 4120, whole.len() - 2000] {
        fs::write(&wal, &whole[..cut]).unwrap();
        fs::remove_file(data.join(format!("{FILE_NAME}-shm"))).ok();
        let run = home.run(["history", "--format", "jsonl"]);
        assert_eq!((run.exit, run.stdout.lines().count()), (0, 2), "{cut}: {run:?}");
        assert!(run.stdout.contains(&tokens[1]));
    }
}

#[test]
fn a_target_that_is_not_new_and_apart_is_refused_and_nothing_is_made() {
    let patient = Patient::new();
    let elsewhere = TempDir::new().unwrap();
    let link = elsewhere.path().join("link");
    symlink(patient.folder(), &link).unwrap();
    let full = elsewhere.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("file"), "theirs").unwrap();
    let before = files(patient.folder());
    for (target, reason) in [
        (patient.folder().to_owned(), "it is not empty"),
        (patient.folder().join("below"), "not apart"),
        (link.join("below"), "not apart"),
        (patient.folder().join("x/../below"), "not apart"),
        (patient.folder().parent().unwrap().to_owned(), "it is not empty"),
        (full.clone(), "it is not empty"),
        (full.join("file"), "no folder"),
        (link.clone(), "it is not empty"),
    ] {
        match salvage(patient.folder(), &target, moment(0)) {
            Err(SalvageError::Target { reason: told, .. }) => assert!(told.contains(reason), "{target:?}: {told}"),
            other => panic!("{target:?}: {other:?}"),
        }
    }
    assert!(files(patient.folder()) == before && !patient.folder().join("below").exists());
    let nothing = salvage(elsewhere.path(), &elsewhere.path().join("new"), moment(0));
    assert!(matches!(nothing, Err(SalvageError::NoSource { .. })), "{nothing:?}");
    // Of a file that is no database nothing can be read: then nothing is made either.
    let noise = elsewhere.path().join("noise");
    fs::write(&noise, vec![0x5a; 40_000]).unwrap();
    let nothing = salvage(&noise, &elsewhere.path().join("new"), moment(0));
    assert!(matches!(nothing, Err(SalvageError::Target { .. })), "it lies in the folder of the file: {nothing:?}");
    let new = TempDir::new().unwrap();
    let nothing = salvage(&noise, &new.path().join("new"), moment(0));
    assert!(matches!(nothing, Err(SalvageError::Unreadable { .. })), "{nothing:?}");
    assert!(!new.path().join("new").exists());
}

#[test]
fn a_salvage_writes_no_secret_that_was_not_there() {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(0)).unwrap();
    plant_secrets(&store);
    drop(store);
    let new = TempDir::new().unwrap();
    salvage(folder.path(), new.path(), moment(0)).unwrap();
    for (name, bytes) in files(new.path()) {
        check_holds_no_secret(&name, &bytes);
    }
    for packed in all_unpacked(new.path()) {
        check_holds_no_secret("what is packed", &packed);
    }
}
