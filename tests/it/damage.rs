//! Damaged histories: what can be read is read, what cannot is named, and a history that is gone is never taken for
//! new.

use std::{collections::BTreeSet, fs, path::Path};

use testcard::{
    domain::history::{
        entry::{EntryDetail, EntryStatus},
        filter::{HistoryFilter, SortKey, SortOrder},
    },
    store::{CallSelection, FILE_NAME, HistoryDamage, HistoryReader, HistoryRevision, Store, StoreLocation},
};

use crate::support::{
    histories::{declined, details, moment, say, visa},
    patient::{ENTRIES, Patient, sound},
    program::Home,
    serving::Serving,
};

/// All that a reader gives of a folder, and what it could not read.
struct Reading {
    details: Vec<EntryDetail>,
    damage: HistoryDamage,
    /// How many entries a list has or names at least, in whatever order.
    fewest: usize,
}

impl Reading {
    #[track_caller]
    fn of(folder: &Path) -> Self {
        let reader = HistoryReader::look(folder, moment(0)).unwrap();
        let details = details(&reader);
        let damage = reader.damage();
        // Whatever else is asked, nothing stops at the damage.
        let mut fewest = usize::MAX;
        for key in SortKey::ALL {
            let filter = HistoryFilter { sort: SortOrder { key, is_descending: true }, ..HistoryFilter::default() };
            reader.damage();
            let ids = reader.ids(&filter).unwrap();
            fewest = fewest.min(ids.len() + reader.damage().entries.len());
            reader.rows(&ids).unwrap();
        }
        for status in EntryStatus::ALL {
            let filter = HistoryFilter { status: Some(status), search: "tok".to_owned(), ..HistoryFilter::default() };
            reader.ids(&filter).unwrap();
            reader.count(&filter).unwrap();
        }
        reader.counts().unwrap();
        reader.revision().unwrap();
        reader.changes_since(HistoryRevision::default()).unwrap();
        reader.by_token("tok_1").unwrap();
        reader.page(&HistoryFilter::default(), 10).unwrap();
        let requests = reader.request_rows(&CallSelection::default(), None, 10_000).unwrap();
        for row in requests.iter().step_by(50) {
            reader.exchange(row.id).unwrap();
        }
        reader.damage();
        Self { details, damage, fewest }
    }

    fn ids(&self) -> BTreeSet<i64> {
        self.details.iter().map(|detail| detail.entry.id.0).collect()
    }
}

/// Every entry is read as it was, or named.
#[track_caller]
fn check_read_or_named(reading: &Reading, what: &str) {
    let sound = Reading::of(sound());
    assert!(sound.damage.is_empty() && sound.details.len() == ENTRIES as usize);
    let named: BTreeSet<i64> = reading.damage.entries.iter().collect();
    assert!(reading.fewest >= reading.details.len(), "{what}: {} in a list", reading.fewest);
    let is_cut_off = reading.damage.tables.iter().any(|what| what.contains("cut off"));
    for detail in &sound.details {
        let id = detail.entry.id.0;
        match reading.details.iter().find(|read| read.entry.id.0 == id) {
            None => assert!(named.contains(&id), "{what}: entry {id} is neither read nor named"),
            Some(read) if read.is_damaged => {
                assert!(reading.damage.parts.contains(id), "{what}: entry {id} is read in part, and not named");
            }
            Some(read) if read.timeline.len() < detail.timeline.len() => {
                assert!(!reading.damage.exchanges.is_empty(), "{what}: a call of entry {id} is missing, and not named");
            }
            // Half a page is filled up with zeros, which nothing tells from what stood there.
            Some(read) => assert!(read == detail || is_cut_off, "{what}: {read:?} is not {detail:?}"),
        }
    }
}

#[test]
fn one_damaged_page_hides_no_more_than_what_stands_on_it() {
    let whole: BTreeSet<i64> = (1..=ENTRIES).collect();
    for (name, kind) in [
        ("entries", "leaf"),
        ("entries", "internal"),
        ("exchanges", "leaf"),
        ("exchanges", "internal"),
        ("exchanges_by_entry", "leaf"),
        ("exchanges_by_entry", "internal"),
        ("entries_by_revision", "leaf"),
        ("entries_by_status", "leaf"),
        ("entries_by_token", "leaf"),
        ("entries_by_token", "internal"),
        ("counts", "leaf"),
        ("counters", "leaf"),
        ("objects", "leaf"),
        ("sqlite_sequence", "leaf"),
    ] {
        let pages = Patient::new().pages(name, kind);
        assert!(!pages.is_empty(), "{name} has no {kind} page: the test needs a longer history");
        let (page, cells) = pages[pages.len() / 2];
        let patient = Patient::new();
        patient.zero_page(page);
        let reading = Reading::of(patient.folder());
        check_read_or_named(&reading, &format!("{name}, {kind}"));
        let lost = whole.difference(&reading.ids()).count();
        match (name, kind) {
            ("entries", "leaf") => assert_eq!(lost, cells, "{name}: no more and no less"),
            ("entries", _) => assert_eq!(reading.damage.entries.len(), lost),
            _ => assert_eq!(lost, 0, "{name}, {kind}"),
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_stops_nothing() {
    let pages = fs::metadata(sound().join(FILE_NAME)).unwrap().len() as usize / 4096;
    // The first page has the header and is another test's.
    for page in (2..=pages).step_by(pages / 10) {
        for (byte, bit) in [(0, 1), (3, 3), (5, 7), (9, 4), (2000, 6), (4090, 5)] {
            let patient = Patient::new();
            patient.change_page(page, |page| page[byte] ^= 1 << bit);
            // A page of the schema is needed for all: then the error says how to save what can be read.
            match HistoryReader::look(patient.folder(), moment(0)) {
                Ok(_) => drop(Reading::of(patient.folder())),
                Err(error) => assert!(error.to_string().contains("testcard salvage"), "{page} {byte}: {error}"),
            }
        }
    }
}

/// Gives calls of the seventh entry columns instead of a packed piece, and garbage in one of them.
fn unpacked(garbage: &str, which: &str) -> String {
    format!(
        "UPDATE exchanges SET packed = NULL, params = '[]', headers = '[]', answer_headers = '[]', answer_body = x'7b7d' \
         WHERE entry = 7 AND {which}; UPDATE exchanges SET {garbage} WHERE entry = 7 AND {which}"
    )
}

#[test]
fn garbage_in_a_column_is_named_and_hides_its_row_at_most() {
    for (sql, entries, parts, exchanges) in [
        ("UPDATE entries SET tags = 'no JSON' WHERE id = 7", 0, 1, 0),
        ("UPDATE entries SET status = 'odd' WHERE id IN (7, 8)", 0, 2, 0),
        ("UPDATE entries SET target = 'moon' WHERE id BETWEEN 100 AND 199", 100, 0, 0),
        ("UPDATE entries SET started_ms = 9223372036854775807 WHERE id = 7", 1, 0, 0),
        ("UPDATE exchanges SET packed = x'00' WHERE entry = 7 AND is_creation", 0, 1, 0),
        ("UPDATE exchanges SET packed = substr(packed, 1, 20) WHERE entry = 7 AND NOT is_creation", 0, 1, 0),
        ("UPDATE exchanges SET packed = x'' WHERE entry = 7", 0, 1, 0),
        // As older versions and calls to Stripe are kept.
        (&unpacked("params = '{'", "is_creation"), 0, 1, 0),
        (&unpacked("headers = '[1]'", "NOT is_creation"), 0, 1, 0),
        (&unpacked("answer_headers = ''", "TRUE"), 0, 1, 0),
        (&unpacked("answer_body = x'ff00fe'", "TRUE"), 0, 0, 0),
        ("UPDATE exchanges SET method = 'LOOK' WHERE entry = 7 AND is_creation", 0, 1, 1),
        ("DELETE FROM exchanges WHERE entry = 7 AND is_creation", 0, 1, 0),
        ("UPDATE entries SET note = CAST(x'ff' AS TEXT) WHERE id = 7", 0, 1, 0),
    ] {
        let patient = Patient::new();
        patient.execute(sql);
        let reading = Reading::of(patient.folder());
        let damage = &reading.damage;
        assert_eq!(
            (damage.entries.len(), damage.parts.len(), damage.exchanges.len()),
            (entries, parts, exchanges),
            "{sql}: {damage}"
        );
        assert_eq!(reading.details.len(), ENTRIES as usize - entries, "{sql}");
        if !damage.is_empty() {
            assert!(damage.to_string().contains("testcard salvage"), "{damage}");
        }
    }
}

#[test]
fn of_a_database_that_is_cut_off_the_rest_is_read() {
    let length = fs::metadata(sound().join(FILE_NAME)).unwrap().len();
    for keep in [length - 1, length - 4096, length / 2] {
        let patient = Patient::new();
        fs::File::options().write(true).open(patient.file()).unwrap().set_len(keep).unwrap();
        let before = fs::read(patient.file()).unwrap();
        let reading = Reading::of(patient.folder());
        check_read_or_named(&reading, &format!("{keep} bytes"));
        assert!(reading.details.len() > 20, "{keep} bytes: {}", reading.details.len());
        assert_eq!(fs::read(patient.file()).unwrap(), before, "what is damaged is left alone");
    }
}

/// A home with the history of a patient.
fn home_of(patient: &Patient) -> Home {
    let home = Home::new();
    let data = home.path().join("data");
    fs::create_dir_all(&data).unwrap();
    fs::copy(patient.file(), data.join(FILE_NAME)).unwrap();
    home
}

#[test]
fn every_command_that_reads_goes_on_names_what_it_could_not_read_and_ends_with_4() {
    let patient = Patient::new();
    patient.execute("UPDATE entries SET target = 'moon' WHERE id = 7; UPDATE entries SET tags = '' WHERE id = 9;");
    let home = home_of(&patient);
    let data = home.path().join("data");
    let file = data.join(FILE_NAME);
    let command = format!("testcard salvage {} --to {}-saved", file.display(), data.display());
    for (args, lines) in [
        (&["history", "--format", "table", "--limit", "1000"][..], Some(599)),
        (&["history", "--format", "jsonl", "--limit", "1000"], Some(599)),
        (&["history", "--format", "json", "--limit", "1000"], None),
        (&["export", "all.json"], Some(0)),
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 4, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("1 entry (7)") && run.stderr.contains(&command), "{args:?}: {}", run.stderr);
        if let Some(lines) = lines {
            assert_eq!(run.stdout.lines().count(), lines, "{args:?}");
        }
    }
    let exported = fs::read_to_string(home.beside("all.json")).unwrap();
    let exported: serde_json::Value = serde_json::from_str(&exported).unwrap();
    let entries = exported["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 599);
    let marked: Vec<&serde_json::Value> = entries.iter().filter(|entry| entry["damaged"] == true).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0]["id"], 9);
    let snippet = home.run(["snippet", "tok_11"]);
    assert_eq!((snippet.exit, snippet.stderr.as_str()), (0, ""), "nothing of it is damaged");
}

#[test]
fn the_request_log_goes_on_past_damage_and_says_so() {
    let patient = Patient::new();
    patient.execute("UPDATE exchanges SET packed = x'00' WHERE id = 1100");
    let home = home_of(&patient);
    let serving = Serving::start(&home, &[]);
    let log = serving.control("GET", "/_testcard/requests?limit=100");
    assert_eq!(log["data"].as_array().unwrap().len(), 100);
    assert_eq!(log["has_more"], true);
    assert!(log["damage"].as_str().unwrap().contains("1 call (1100)"), "{}", log["damage"]);
    assert!(serving.control("GET", "/_testcard/requests?after=1100").get("damage").is_none());
}

#[test]
fn a_server_that_cannot_read_the_newest_object_ends_with_words_and_no_panic() {
    let patient = Patient::new();
    for (page, _) in patient.pages("objects", "leaf") {
        patient.zero_page(page);
    }
    let home = home_of(&patient);
    let run = home.run(["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.contains("cannot send events") && run.stderr.contains("the history is damaged"), "{run:?}");
    assert!(!run.stderr.contains("panicked"), "{run:?}");
}

#[test]
fn the_beginning_of_a_page_is_no_new_history() {
    for bytes in [1, 15, 511] {
        let home = Home::new();
        let data = home.path().join("data");
        fs::create_dir_all(&data).unwrap();
        let file = data.join(FILE_NAME);
        fs::write(&file, &b"SQLite format 3\0".repeat(32)[..bytes]).unwrap();
        for args in [&["history"][..], &["mint"]] {
            let run = home.run(args.iter().copied());
            assert_eq!((run.exit, run.stdout.as_str()), (4, ""), "{bytes}: {run:?}");
            assert!(run.stderr.contains("is not a Testcard database"), "{run:?}");
        }
        assert_eq!(fs::read(&file).unwrap().len(), bytes, "nothing was touched");
    }
}

#[test]
fn a_history_that_is_gone_beside_its_log_is_not_taken_for_a_new_one() {
    for state in ["missing", "empty", "cut off", "a link to nothing"] {
        let home = Home::new();
        let data = home.path().join("data");
        let mut serving = Serving::start(&home, &[]);
        let tokens: Vec<String> = (0..5).map(|_| serving.token()).collect();
        serving.kill();
        let (file, wal) = (data.join(FILE_NAME), data.join(format!("{FILE_NAME}-wal")));
        let log = fs::read(&wal).unwrap();
        assert!(!log.is_empty());
        match state {
            "missing" => fs::remove_file(&file).unwrap(),
            "empty" => fs::write(&file, "").unwrap(),
            "cut off" => fs::write(&file, "S").unwrap(),
            _ => {
                fs::remove_file(&file).unwrap();
                std::os::unix::fs::symlink(data.join("elsewhere"), &file).unwrap();
            }
        }
        for args in [&["history"][..], &["export", "a.json"], &["token", &tokens[0]], &["mint"], &["serve"]] {
            let run = home.run(args.iter().copied());
            assert_eq!((run.exit, run.stdout.as_str()), (4, ""), "{state}, {args:?}: {run:?}");
            let file_is = format!("the file is {state}, but what was last written is still in");
            assert!(run.stderr.contains(&file_is) && run.stderr.contains("testcard salvage"), "{run:?}");
        }
        assert_eq!(fs::read(&wal).unwrap(), log, "{state}: nothing was touched");
        assert!(!data.join("elsewhere").exists());

        // Nothing was moved into the database yet: all of it is in the log.
        let saved = home.beside("saved");
        let run = home.run(["salvage", data.to_str().unwrap(), "--to", saved.join("data").to_str().unwrap()]);
        assert_eq!(run.exit, 4, "{run:?}");
        assert!(run.stderr.contains("the database file was gone"), "{run:?}");
        assert_eq!(fs::read(&wal).unwrap(), log, "{state}: nothing was touched");
        for token in &tokens {
            let found = home.command(["token", token]).env("TESTCARD_HOME", &saved).output().unwrap();
            assert!(found.status.success(), "{token} is not in what was saved");
        }
    }
}

#[test]
fn a_count_that_is_damaged_too_is_not_gone_through_to_its_last_number() {
    let patient = Patient::new();
    patient.execute("UPDATE sqlite_sequence SET seq = 9223372036854775800");
    let (last, _) = *patient.pages("entries", "leaf").last().unwrap();
    patient.zero_page(last);
    let reading = Reading::of(patient.folder());
    assert!(reading.details.len() > 500, "{}", reading.details.len());
    assert!(!reading.damage.is_empty());
}

#[test]
fn a_token_that_cannot_be_read_keeps_no_history_from_opening_when_its_entry_goes_for_good() {
    let patient = Patient::new();
    patient.execute(
        "UPDATE exchanges SET packed = x'00', token = 0 WHERE entry = 7 AND is_creation;
         UPDATE entries SET deleted_ms = 1 WHERE id IN (7, 8)",
    );
    let store = Store::open(&StoreLocation::Folder(patient.folder().to_owned()), moment(7200)).unwrap();
    assert_eq!(store.reader().unwrap().counts().unwrap().all(), ENTRIES.unsigned_abs() - 2);
    store
        .answer(visa(testcard::domain::call::api::Target::Local), say(declined("card_declined", "No.")))
        .wait()
        .unwrap();
}

/// A home with three runs, the first of so many rows.
fn home_with_runs(rows: usize) -> Home {
    let home = Home::new();
    for (name, rows) in [("first", rows), ("second", 1), ("third", 2)] {
        let list = format!("card[number],count\n4242424242424242,{rows}\n");
        fs::write(home.beside(&format!("{name}.csv")), list).unwrap();
        assert_eq!(home.run(["run", &format!("{name}.csv")]).exit, 0);
    }
    home
}

#[test]
fn a_damaged_run_or_row_stops_no_list_and_no_report() {
    let home = home_with_runs(4);
    let file = home.path().join("data").join(FILE_NAME);
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection
        .execute_batch(
            "UPDATE runs SET settings = '{' WHERE id = 2; UPDATE run_rows SET tags = 'x' WHERE run = 1 AND number = 2;",
        )
        .unwrap();
    drop(connection);
    let listed = home.run(["runs"]);
    let numbers: Vec<&str> = listed.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!((listed.exit, numbers), (4, vec!["3", "1"]), "{listed:?}");
    assert!(listed.stderr.contains("What could not be read: 1 run (2)"), "{listed:?}");
    assert_eq!(home.run(["runs", "--limit", "1"]).exit, 0, "what is not asked for is not missed");

    let shown = home.run(["runs", "1", "--all"]);
    let numbers: Vec<&str> = shown.stdout.lines().filter_map(|line| line.split("  ").next()).collect();
    assert_eq!((shown.exit, &numbers[..3]), (4, &["1", "3", "4"][..]), "{shown:?}");
    assert!(shown.stderr.contains("What could not be read: 1 row (2) of run 1"), "{shown:?}");
    for (format, name) in [("html", "r.html"), ("json", "r.json"), ("junit", "r.xml"), ("markdown", "r.md")] {
        let report = home.run(["runs", "1", "--report", format, name]);
        assert_eq!(report.exit, 4, "{report:?}");
        assert!(fs::metadata(home.beside(name)).unwrap().len() > 200, "{name}");
    }
    let json: serde_json::Value = serde_json::from_slice(&fs::read(home.beside("r.json")).unwrap()).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);
    let evidence = home.run(["evidence", "--run", "1", "--to", "e.md"]);
    assert!(evidence.exit == 4 && evidence.stderr.contains("1 row (2) of run 1"), "{evidence:?}");
    assert!(evidence.stderr.contains("Evidence of 3 rows written to e.md"), "{evidence:?}");
    let gone = home.run(["runs", "second"]);
    assert_eq!(gone.exit, 4);
    assert!(gone.stderr.contains("1 run (2)"), "{gone:?}");
    assert_eq!(home.run(["runs", "third", "--all"]).exit, 0, "a sound one is shown as ever");
    // What cannot be read can be deleted.
    for run in ["1", "2"] {
        assert_eq!(home.run(["runs", "delete", run]).exit, 0, "{run}");
    }
    let listed = home.run(["runs"]);
    assert!(
        listed.exit == 0 && listed.stdout.starts_with("3  third") && listed.stdout.lines().count() == 1,
        "{listed:?}"
    );
}

#[test]
fn a_damaged_page_of_rows_hides_what_stands_on_it_alone() {
    let home = home_with_runs(200);
    let folder = home.path().join("data");
    let file = folder.join(FILE_NAME);
    let (page, cells): (usize, usize) = rusqlite::Connection::open(&file)
        .unwrap()
        .query_row(
            "SELECT pageno, ncell FROM dbstat WHERE name = 'run_rows' AND pagetype = 'leaf' ORDER BY pageno LIMIT 1 OFFSET 2",
            [],
            |row| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as usize)),
        )
        .unwrap();
    let mut bytes = fs::read(&file).unwrap();
    bytes[(page - 1) * 4096..page * 4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let shown = home.run(["runs", "1", "--all"]);
    assert_eq!(shown.exit, 4, "{shown:?}");
    assert_eq!(shown.stdout.lines().count(), 200 - cells + 1, "and the sum in the last line");
    assert!(shown.stderr.contains("rows of runs"), "{shown:?}");
    assert_eq!(home.run(["runs", "1", "--report", "html", "r.html"]).exit, 4);
    assert!(fs::metadata(home.beside("r.html")).unwrap().len() > 1000);
    assert_eq!(home.run(["runs"]).stdout.lines().count(), 3);
}
