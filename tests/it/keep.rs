//! Retention: which entries go, what they take with them, what the minter still knows, and the disk space of it all.

use std::{fs, path::Path, thread, time::Duration};

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        history::{
            edit::EntryEdit,
            entry::EntryId,
            filter::HistoryFilter,
            removal::{RemovalOrder, RemovalPreview, RemovalReport},
        },
        run::{
            record::{NewRun, RunId, RunState},
            row::RunStep,
        },
        settings::{
            preferences::LogSettings,
            profile::ProfileId,
            retention::{RetentionBound, RetentionRule, RetentionScope},
        },
    },
    jobs::keep::{self, KeepProgress, KeepReport},
    store::{FILE_NAME, HistoryReader, NewCall, Store, StoreError},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    histories::{creation, moment, open, retrieval, say, token, visa},
    program::Home,
    serving::{CARD, Serving},
};

fn order(rules: &[(RetentionScope, RetentionBound)]) -> RemovalOrder {
    let rules = rules.iter().map(|&(scope, bound)| RetentionRule { scope, bound }).collect();
    RemovalOrder { rules, takes_marked: false }
}

fn last(count: u64) -> RemovalOrder {
    order(&[(RetentionScope::Everything, RetentionBound::Last(count))])
}

fn kept(store: &Store, order: &RemovalOrder, compacts: bool, now: Timestamp) -> Result<KeepReport, StoreError> {
    keep::keep(store, order, compacts, now, &mut |_| {}, &CancellationToken::new())
}

fn ids(reader: &HistoryReader) -> Vec<EntryId> {
    let mut ids = reader.ids(&HistoryFilter::default()).unwrap();
    ids.reverse();
    ids
}

fn made(store: &Store, call: NewCall) -> EntryId {
    let answer = token("tok_other", "Visa", "4242", false);
    store.answer(call, say(answer)).wait().unwrap().entry.unwrap().id
}

/// A run, with these entries as its rows.
fn run_of(store: &Store, folder: &Path, entries: &[EntryId], state: RunState) -> RunId {
    let run = NewRun {
        name: format!("run {}", state.as_str()),
        uid: "uidofthisrun".to_owned(),
        list_hash: String::new(),
        target: Target::Local,
        profile: None,
        base_url: None,
        created: moment(0),
        last_step: RunStep::Token,
        source: String::new(),
        rate: None,
        rows: entries.len() as u64,
    };
    let id = store.begin_run(run).wait().unwrap();
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    for (number, entry) in (1_i64..).zip(entries) {
        connection
            .execute(
                "INSERT INTO run_rows (run, number, card, variant, source, last_step, amount, currency, expects, \
                 is_predicted, note, tags, entry) VALUES (?1, ?2, '', '', '{}', 'token', '', '', '{}', 1, '', '[]', ?3)",
                (id.0, number, entry.0),
            )
            .unwrap();
    }
    connection.execute("UPDATE runs SET state = ?2 WHERE id = ?1", (id.0, state.as_str())).unwrap();
    id
}

#[test]
fn of_a_thousand_entries_of_every_kind_those_go_that_nobody_marked() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open(folder);
    let hundred = |call: &dyn Fn() -> NewCall| -> Vec<EntryId> { (0..100).map(|_| made(&store, call())).collect() };
    let local = || visa(Target::Local);
    let plain = hundred(&local);
    let stripe = hundred(&|| visa(Target::Stripe));
    let failed = hundred(&|| creation(Target::Local, &[]));
    let looked_at = hundred(&local);
    let (noted, tagged) = (hundred(&local), hundred(&local));
    let (of_run, of_open_run) = (hundred(&local), hundred(&local));
    let deleted = hundred(&local);
    let pending: Vec<EntryId> =
        (0..100).map(|_| store.journal(visa(Target::Stripe)).wait().unwrap().entry.unwrap().id).collect();
    for id in &noted {
        store.edit(EntryEdit::Note { id: *id, note: "mine".to_owned() }, moment(1)).wait().unwrap();
    }
    store
        .edit(EntryEdit::Tag { ids: tagged.clone(), add: vec!["nightly".to_owned()], remove: Vec::new() }, moment(1))
        .wait()
        .unwrap();
    store.edit(EntryEdit::Delete { ids: deleted.clone() }, moment(1)).wait().unwrap();
    run_of(&store, folder, &of_run, RunState::Finished);
    run_of(&store, folder, &of_open_run, RunState::Stopped);
    let connection = Connection::open(folder.join(FILE_NAME)).unwrap();
    // A later call about each of their tokens.
    for id in &looked_at {
        let call = store.answer(retrieval(Target::Local, "tok_none"), say(token("tok_none", "Visa", "4242", false)));
        call.wait().unwrap();
        let about = "UPDATE exchanges SET entry = ?1 WHERE id = (SELECT max(id) FROM exchanges)";
        connection.execute(about, [id.0]).unwrap();
    }
    let reader = store.reader().unwrap();
    assert_eq!(ids(&reader).len(), 900);

    let (plan, preview) = keep::preview(&reader, &last(0), moment(2)).unwrap();
    let expected = RemovalPreview {
        entries: 400,
        oldest: Some(moment(0)),
        newest: Some(moment(0)),
        calls: 500,
        answers_kept: 0,
        bytes: preview.bytes,
        marked: 300,
        under_way: 200,
    };
    assert_eq!(preview, expected);
    assert!(preview.bytes > 400 * 100, "{preview:?}");
    assert_eq!(reader.entries_to_remove(&plan, EntryId(0), 1000).unwrap().len(), 400);
    assert_eq!(ids(&reader).len(), 900, "a preview changes nothing");

    let before = store.commits();
    let report = kept(&store, &last(0), false, moment(2)).unwrap();
    assert_eq!(report.removed, RemovalReport { entries: 400, calls: 500, answers_kept: 0 });
    assert!(!report.is_stopped);
    // 128 in one commit, and one that empties the log.
    assert_eq!(store.commits() - before, 5);
    let left: Vec<EntryId> =
        [&noted, &tagged, &of_run, &of_open_run, &pending].into_iter().flatten().copied().collect();
    let mut expected = left.clone();
    expected.sort_unstable();
    assert_eq!(ids(&reader), expected);
    let gone: Vec<EntryId> = [&plain, &stripe, &failed, &looked_at].into_iter().flatten().copied().collect();
    assert_eq!(reader.rows(&gone).unwrap(), []);
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("SELECT count(*) FROM exchanges"), 600, "one for each entry that is left");
    assert_eq!(number("SELECT count(*) FROM log_calls"), 0);
    assert_eq!(reader.counts().unwrap().all(), 500);
    assert_eq!(reader.log_counts().unwrap().all, 500);
    assert_eq!(number("SELECT count(*) FROM entries WHERE deleted_ms IS NOT NULL"), 100, "they can still be restored");
    assert_eq!(store.edit(EntryEdit::Restore { ids: deleted }, moment(3)).wait(), Ok(100));

    // Whoever asks for it loses what is marked, and never what is on its way.
    let report = kept(&store, &RemovalOrder { takes_marked: true, ..last(0) }, false, moment(4)).unwrap();
    assert_eq!(report.removed.entries, 400, "with the restored ones");
    let mut expected: Vec<EntryId> = [of_open_run, pending].concat();
    expected.sort_unstable();
    assert_eq!(ids(&reader), expected);
    assert_eq!(number("SELECT count(*) FROM run_rows"), 200, "runs keep their rows and verdicts");
}

#[test]
fn the_rule_of_the_smaller_part_counts() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let day = |days: i64| moment(86_400 * days);
    let made_at = |target: Target, profile: Option<i64>, days: i64| {
        let call = visa(target);
        made(&store, NewCall { profile: profile.map(ProfileId), started: day(days), ..call })
    };
    let local: Vec<EntryId> = (0..10).map(|days| made_at(Target::Local, None, days)).collect();
    let unknown: Vec<EntryId> = (0..10).map(|days| made_at(Target::Stripe, None, days)).collect();
    let first: Vec<EntryId> = (0..10).map(|days| made_at(Target::Stripe, Some(1), days)).collect();
    let second: Vec<EntryId> = (0..10).map(|days| made_at(Target::Stripe, Some(2), days)).collect();
    let rules = [
        (RetentionScope::Everything, RetentionBound::Last(3)),
        (RetentionScope::Target(Target::Stripe), RetentionBound::Days(2)),
        (RetentionScope::Profile(ProfileId(2)), RetentionBound::Last(5)),
    ];
    let now = day(9) + Duration::from_mins(1);
    kept(&store, &order(&rules), false, now).unwrap();
    let expected = [&local[7..], &unknown[8..], &first[8..], &second[5..]].concat();
    assert_eq!(ids(&store.reader().unwrap()), expected);
    assert_eq!(kept(&store, &order(&rules), false, now).unwrap().removed, RemovalReport::default());
    assert_eq!(kept(&store, &order(&[]), false, now).unwrap().removed, RemovalReport::default(), "no rule keeps all");
    let local_alone = order(&[(RetentionScope::Target(Target::Local), RetentionBound::Last(0))]);
    assert_eq!(kept(&store, &local_alone, false, now).unwrap().removed.entries, 3);
}

#[test]
fn what_is_made_or_marked_between_the_plan_and_the_removal_stays() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let before: Vec<EntryId> = (0..3).map(|_| made(&store, visa(Target::Local))).collect();
    let reader = store.reader().unwrap();
    let (plan, preview) = keep::preview(&reader, &last(0), moment(1)).unwrap();
    assert_eq!(preview.entries, 3);
    store.edit(EntryEdit::Note { id: before[1], note: "mine".to_owned() }, moment(1)).wait().unwrap();
    let after = made(&store, visa(Target::Local));
    let asked = vec![before[0], before[1], before[2], after];
    let removed = store.remove_entries(asked, plan, moment(1)).wait().unwrap();
    assert_eq!(removed.entries, 2);
    assert_eq!(ids(&reader), [before[1], after]);
}

#[test]
fn a_cancelled_removal_keeps_what_is_left_and_goes_on_the_next_time() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    for _ in 0..300 {
        made(&store, visa(Target::Local));
    }
    let cancelled = CancellationToken::new();
    let mut told = Vec::new();
    let mut on_progress = |progress| {
        told.push(progress);
        cancelled.cancel();
    };
    let report = keep::keep(&store, &last(10), true, moment(1), &mut on_progress, &cancelled).unwrap();
    assert_eq!((report.removed.entries, report.is_stopped), (128, true));
    assert_eq!(told, [KeepProgress::Removed { done: 128, total: 290 }]);
    let report = kept(&store, &last(10), false, moment(1)).unwrap();
    assert_eq!((report.removed.entries, report.is_stopped), (162, false));
}

#[test]
fn nothing_of_what_went_is_in_a_file() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let store = open(folder);
    for _ in 0..40 {
        made(&store, creation(Target::Stripe, &[("card[name]", "plantedname"), ("card[number]", "4242424242424242")]));
    }
    kept(&store, &last(0), true, moment(1)).unwrap();
    for file in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).filter(|path| path.is_file()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"plantedname"), "{}", file.display());
    }
}

/// Text that cannot be compressed to much less, the same each time.
struct Letters(u32);

impl Letters {
    fn take(&mut self, count: usize) -> String {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + (self.0 >> 24) as u8 % 26)
        };
        (0..count).map(|_| next()).collect()
    }
}

#[test]
fn the_disk_gets_its_space_back_once_as_a_whole_and_then_in_pieces() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let mut letters = Letters(1);
    let mut fill = || {
        for _ in 0..200 {
            made(&store, creation(Target::Stripe, &[("card[name]", &letters.take(9000))]));
        }
    };
    fill();
    let file = folder.path().join(FILE_NAME);
    let size = || fs::metadata(&file).unwrap().len();
    let mut told = Vec::new();
    let mut keep_none = || {
        told.clear();
        let mut tell = |progress| told.push(progress);
        let report = keep::keep(&store, &last(0), true, moment(1), &mut tell, &CancellationToken::new()).unwrap();
        let (before, after) = report.space.unwrap();
        (before, after, told.clone())
    };
    let (before, after, steps) = keep_none();
    assert!(before.bytes > 1_000_000 && after.bytes < before.bytes / 5 && after.free == 0, "{before:?} {after:?}");
    assert!(!before.gives_back && after.gives_back);
    assert!(steps.contains(&KeepProgress::Rewriting), "{steps:?}");
    assert_eq!(size(), after.bytes);

    fill();
    let commits = store.commits();
    let (before, after, steps) = keep_none();
    assert!(before.bytes > 1_000_000 && after.bytes < before.bytes / 5 && after.free == 0, "{before:?} {after:?}");
    let pieces: Vec<u64> = steps
        .iter()
        .filter_map(|step| match step {
            KeepProgress::GivenBack { done, .. } => Some(*done),
            KeepProgress::Rewriting => panic!("it was written anew again"),
            KeepProgress::Removed { .. } => None,
        })
        .collect();
    assert!(pieces.len() > 1 && pieces.is_sorted(), "{pieces:?}");
    // Two of entries, one that empties the log, one for each piece, one at the end.
    assert_eq!(store.commits() - commits, 2 + 1 + pieces.len() as u64 + 1);
    assert_eq!(size(), after.bytes);
    let check: String =
        Connection::open(&file).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn a_file_is_not_written_anew_while_another_process_has_it_open() {
    let home = Home::new();
    assert_eq!(home.run(["mint", "--count", "200"]).exit, 0);
    let server = Serving::start(&home, &[]);
    let run = home.run(["keep", "--last", "1", "--compact"]);
    assert_eq!(run.exit, 4, "{run:?}");
    assert!(run.stderr.contains("another Testcard has the history open"), "{run:?}");
    assert_eq!(home.history().len(), 1, "the entries went all the same");
    drop(server);
    let run = home.run(["keep", "--compact"]);
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(run.stdout.starts_with("0 entries went, with 0 calls\nthe file takes "), "{run:?}");
}

fn post(server: &Serving, key: &str) -> Value {
    let answer = server.send("POST", "/v1/tokens", &CARD, &[("Idempotency-Key", key)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn the_minter_of_another_process_forgets_no_token_and_no_key() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let (first, second) = (post(&server, "key-1"), post(&server, "key-2"));
    let tokens: Vec<Value> = (3..200).map(|nth| post(&server, &format!("key-{nth}"))).collect();
    let id = |token: &Value| token["id"].as_str().unwrap().to_owned();
    let charge = |token: &str| server.post("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("source", token)]);
    assert_eq!(charge(&id(&second)).status, 200);
    let declined = [("card[number]", "4242424242424241"), ("card[exp_month]", "12"), ("card[exp_year]", "2049")];
    let refused = |server: &Serving| {
        let answer = server.send("POST", "/v1/tokens", &declined, &[("Idempotency-Key", "refused")]);
        (answer.status, answer.text())
    };
    let before = refused(&server);
    assert_eq!(before.0, 402, "{before:?}");

    // Another process removes everything, while calls go on.
    thread::scope(|scope| {
        let calls = scope.spawn(|| {
            for _ in 0..50 {
                server.token();
            }
        });
        let run = home.run(["keep", "--last", "0"]);
        assert_eq!(run.exit, 0, "{run:?}");
        assert!(run.stderr.contains("kept for the minter"), "{run:?}");
        calls.join().unwrap();
    });
    assert_eq!(home.run(["keep", "--last", "0"]).exit, 0);
    assert_eq!(home.history().len(), 0);

    assert_eq!(server.get(&format!("/v1/tokens/{}", id(&first))).json(), first, "as it was answered");
    assert_eq!(post(&server, "key-1"), first, "its key still stands for it");
    assert_eq!(refused(&server), before, "as the one of a refusal does");
    assert_eq!(post(&server, "key-2"), second, "as it was answered, when it was not used yet");
    let used: Vec<bool> = home.history().iter().map(|entry| entry["status"] == "used").collect();
    assert_eq!(used, [true, false, false], "an entry that is there again says what became of the token since");
    assert_eq!(charge(&id(&tokens[5])).status, 200);
    for used in [id(&second), id(&tokens[5])] {
        assert_eq!(charge(&used).code(), "token_already_used", "{used}");
    }
    assert_eq!(home.run(["token", &id(&tokens[7])]).exit, 0, "also to a third process");
    let logged = server.requests();
    let creations = logged.iter().filter(|call| call["path"] == "/v1/tokens" && call["method"] == "POST").count();
    assert_eq!(creations, 3, "the three that were made again: what went is in no log, {logged:?}");

    // A reset makes the tokens void, and the next time they go.
    assert_eq!(home.run(["reset"]).exit, 0);
    assert_eq!(home.run(["keep", "--last", "0"]).exit, 0);
    let kept = "SELECT count(*) FROM exchanges WHERE for_minter IS NOT NULL";
    let connection = Connection::open(home.path().join("data").join(FILE_NAME)).unwrap();
    assert_eq!(connection.query_row(kept, [], |row| row.get::<_, i64>(0)), Ok(0));
    assert_eq!(server.get(&format!("/v1/tokens/{}", id(&first))).status, 404);
}

#[test]
fn what_is_kept_for_the_minter_has_nothing_of_the_request() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let params = [CARD.as_slice(), &[("metadata[order]", "plantedorder")]].concat();
    let headers = [("User-Agent", "plantedagent/1"), ("Idempotency-Key", "one")];
    let answer = server.send("POST", "/v1/tokens", &params, &headers);
    let planted = |files: &[(std::path::PathBuf, Vec<u8>)], word: &str| {
        files.iter().any(|(_, bytes)| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    assert!(planted(&home.files(), "plantedagent"), "{}", answer.text());
    assert_eq!(home.run(["keep", "--last", "0"]).exit, 0);
    drop(server);
    assert_eq!(home.run(["mint"]).exit, 0);
    for word in ["plantedagent", "plantedorder"] {
        assert!(!planted(&home.files(), word), "{word}");
    }
}

#[test]
fn the_command_says_what_would_go_and_keeps_what_is_marked() {
    let home = Home::new();
    assert_eq!(home.run(["mint", "--count", "20"]).exit, 0);
    home.run(["tag", "3", "nightly"]);
    home.run(["note", "4", "mine"]);
    fs::write(home.beside("cards.csv"), "card[number],step\n4242424242424242,token\n").unwrap();
    assert_eq!(home.run(["run", "cards.csv"]).exit, 0);
    assert_eq!(home.run(["mint", "--count", "5"]).exit, 0);
    let dry = home.run(["keep", "--last", "5", "--dry-run"]);
    assert_eq!(dry.exit, 0, "{dry:?}");
    let lines: Vec<&str> = dry.stdout.lines().collect();
    assert!(lines[0].starts_with("18 entries would go, made from 20"), "{dry:?}");
    assert!(lines[1].starts_with("with 0 calls; at least ") && lines[1].ends_with(" become free"), "{dry:?}");
    assert_eq!(lines[2], "18 answers are kept for the minter, without the request");
    assert_eq!(lines[3], "3 entries stay for a note, a tag or a run: --include-kept takes them too");
    assert_eq!(home.history().len(), 26, "nothing was changed");

    let run = home.run(["keep", "--last", "5"]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, "18 entries went, with 0 calls\n"), "{run:?}");
    assert_eq!(home.history().len(), 8);
    let run = home.run(["keep", "--last", "5", "--target", "stripe", "--include-kept"]);
    assert_eq!(run.stdout, "0 entries went, with 0 calls\n");
    let run = home.run(["keep", "--last", "5", "--include-kept"]);
    assert_eq!(run.stdout, "3 entries went, with 0 calls\n");
    assert_eq!(home.run(["runs", "1", "--all"]).exit, 0, "a run is shown without the entry of its row");

    // Without an option the rules of the settings hold.
    let none = home.run(["keep"]);
    assert_eq!(none.exit, 2);
    assert!(none.stderr.contains("add --last N or --days N"), "{none:?}");
    let settings = home.run(["paths"]).stdout;
    let settings = settings.lines().find_map(|line| line.strip_prefix("settings  ")).unwrap();
    fs::create_dir_all(Path::new(settings).parent().unwrap()).unwrap();
    let rules = json!({"version": 2, "retention": {"rules": [{"target": "local", "last": 2}]}});
    fs::write(settings, rules.to_string()).unwrap();
    assert_eq!(home.run(["keep"]).stdout, "3 entries went, with 0 calls\n");
    for (args, says) in [
        (&["keep", "--last", "1", "--days", "1"][..], "cannot be used with"),
        (&["keep", "--target", "local"], "--last <N>"),
        (&["keep", "--days", "0"], "0 is not in 1..="),
        (&["keep", "--last", "1", "--profile", "none"], "There is no profile 'none'"),
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
    assert_eq!(home.history().len(), 2);
}

#[test]
fn a_removal_that_is_killed_has_removed_whole_entries_and_no_token() {
    let home = Home::new();
    for _ in 0..4 {
        assert_eq!(home.run(["mint", "--count", "500"]).exit, 0);
    }
    let connection = Connection::open(home.path().join("data").join(FILE_NAME)).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let mut left = number("SELECT count(*) FROM entries");
    assert_eq!(left, 2000);
    let mut kills = 0;
    while left > 400 {
        let mut child = home.command(["keep", "--last", "100"]).spawn().unwrap();
        while number("SELECT count(*) FROM entries") > left - 100 && child.try_wait().unwrap().is_none() {
            thread::yield_now();
        }
        kills += i64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        left = number("SELECT count(*) FROM entries");
        let tokens = "SELECT count(*) FROM exchanges WHERE token IS NOT NULL";
        assert_eq!(number(tokens), 2000, "no token is lost");
        assert_eq!(number(&format!("{tokens} AND entry IS NOT NULL")), left, "each has its call");
        assert_eq!(number(&format!("{tokens} AND for_minter = 1")), 2000 - left);
    }
    assert!(kills > 0, "it was done before it was killed");
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    assert_eq!(home.run(["keep", "--last", "100"]).exit, 0);
    assert_eq!(number("SELECT count(*) FROM entries"), 100);
}

#[test]
fn a_compacted_history_is_salvaged_without_its_list_of_tables() {
    let home = Home::new();
    assert_eq!(home.run(["mint", "--count", "300"]).exit, 0);
    assert_eq!(home.run(["keep", "--last", "40", "--compact"]).exit, 0);
    assert_eq!(home.run(["mint", "--count", "5"]).exit, 0);
    let file = home.path().join("data").join(FILE_NAME);
    let mut bytes = fs::read(&file).unwrap();
    bytes[100..4096].fill(0);
    fs::write(&file, bytes).unwrap();
    let saved = home.beside("saved");
    let run = home.run(["salvage", file.to_str().unwrap(), "--to", saved.to_str().unwrap()]);
    assert!(run.stdout.contains("45 entries\n") && run.stdout.contains("305 calls\n"), "{run:?}");
}

#[test]
fn the_first_compaction_is_cancelled_and_leaves_the_file_as_it_was() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    // Enough rows for SQLite to ask several times whether it is to go on.
    for _ in 0..6 {
        let answers: Vec<_> = (0..1000)
            .map(|_| store.answer(visa(Target::Local), say(token("tok_other", "Visa", "4242", false))))
            .collect();
        for answer in answers {
            answer.wait().unwrap();
        }
    }
    let cancelled = CancellationToken::new();
    let mut on_progress = |progress| {
        if progress == KeepProgress::Rewriting {
            cancelled.cancel();
        }
    };
    let report = keep::keep(&store, &last(4500), true, moment(1), &mut on_progress, &cancelled).unwrap();
    let (before, after) = report.space.unwrap();
    assert!(report.is_stopped && report.removed.entries == 1500, "{report:?}");
    assert!(!after.gives_back && after.bytes == before.bytes && after.free > 0, "{before:?} {after:?}");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!((check.as_str(), ids(&store.reader().unwrap()).len()), ("ok", 4500));
    drop(connection);
    let (before, after) = kept(&store, &last(4500), true, moment(1)).unwrap().space.unwrap();
    assert!(after.gives_back && after.free == 0 && after.bytes < before.bytes, "{before:?} {after:?}");
}

#[test]
fn entries_go_in_the_same_commit_in_which_the_log_is_shortened() {
    const CALLS: u64 = 100;
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    store.bound_log(LogSettings { calls: CALLS, megabytes: 500 });
    let kept_entry = made(&store, visa(Target::Local));
    let look = || store.answer(retrieval(Target::Local, "tok_other"), say(token("tok_other", "Visa", "4242", false)));
    let connection = || Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let number = |sql: &str| connection().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let mut was_shared = false;
    // Which of them share a commit is up to the writer, so it is tried until some do.
    for _ in 0..50 {
        let before: Vec<EntryId> = (0..40).map(|_| made(&store, visa(Target::Local))).collect();
        let (plan, _) = keep::preview(&store.reader().unwrap(), &last(0), moment(1)).unwrap();
        let commits = store.commits();
        let (mut looks, mut removals) = (Vec::new(), Vec::new());
        for ids in before.chunks(2) {
            looks.extend((0..15).map(|_| look()));
            removals.push(store.remove_entries(ids.to_vec(), plan.clone(), moment(1)));
        }
        looks.extend((0..15).map(|_| look()));
        // Were each of the twenty removals alone in its commit, there would be one before and behind each, too.
        let if_all_are_alone = 2 * removals.len() as u64 + 1;
        let removed: u64 = removals.into_iter().map(|removal| removal.wait().unwrap().entries).sum();
        for look in looks {
            look.wait().unwrap();
        }
        assert_eq!(removed, 40);
        was_shared |= store.commits() - commits < if_all_are_alone;
        assert!(number("SELECT count(*) FROM log_calls") <= CALLS.cast_signed());
        let lost = "SELECT count(*) FROM log_calls WHERE exchange NOT IN (SELECT id FROM exchanges)";
        assert_eq!(number(lost), 0, "the log has no call that went");
        let orphans =
            "SELECT count(*) FROM exchanges WHERE entry IS NOT NULL AND entry NOT IN (SELECT id FROM entries)";
        assert_eq!(number(orphans), 0, "no call is left of an entry that went");
        if was_shared {
            break;
        }
    }
    assert!(was_shared, "no commit had both");
    assert_eq!(ids(&store.reader().unwrap()), [kept_entry]);
}
