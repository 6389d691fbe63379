//! What a person does to the history: it is found, sorted, written on, deleted and restored, and the ledger stays.

use std::{cmp::Ordering, fs, time::Duration};

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::{
            api::{Target, TransportError},
            token_calls::TokenCall,
        },
        history::{
            edit::{EntryEdit, tags_in},
            entry::{EntryId, EntryStatus, HistoryEntry},
            filter::{HistoryFilter, SortKey, SortOrder},
            listing::EntryListing,
        },
        settings::{file_format::ExportForm, profile::ProfileId},
    },
    files::OwnFolders,
    jobs::{export, refresh},
    store::{FILE_NAME, NewCall, Store, StoreError, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    histories::{
        PLANTED_KEY, PLANTED_KEY_PART, PLANTED_MIDDLE, PLANTED_NUMBER, count, creation, declined, mint, moment, open,
        response, retrieval, say, token, visa,
    },
    program::Home,
};

fn memory() -> Store {
    Store::open(&StoreLocation::Memory, moment(0)).unwrap()
}

fn made(store: &Store, token: &str) -> EntryId {
    store.answer(visa(Target::Local), mint(token)).wait().unwrap().entry.unwrap().id
}

fn note(store: &Store, id: EntryId, note: &str) {
    store.edit(EntryEdit::Note { id, note: note.to_owned() }, moment(1)).wait().unwrap();
}

fn tag(store: &Store, ids: &[EntryId], add: &str, remove: &str) -> Result<u64, StoreError> {
    store.edit(EntryEdit::Tag { ids: ids.to_vec(), add: tags_in(add), remove: tags_in(remove) }, moment(1)).wait()
}

fn delete(store: &Store, ids: &[EntryId]) -> u64 {
    store.edit(EntryEdit::Delete { ids: ids.to_vec() }, moment(1)).wait().unwrap()
}

fn found(store: &Store, filter: &HistoryFilter) -> Vec<EntryId> {
    store.reader().unwrap().ids(filter).unwrap()
}

fn search(words: &str) -> HistoryFilter {
    HistoryFilter { search: words.to_owned(), ..HistoryFilter::default() }
}

#[test]
fn notes_and_tags_are_kept_and_found() {
    let store = memory();
    let ids = ["tok_1", "tok_2", "tok_3"].map(|token| made(&store, token));
    note(&store, ids[0], "Refund fails\nsince Tuesday");
    assert_eq!(tag(&store, &ids[..2], "Smoke #nightly", ""), Ok(2));
    assert_eq!(tag(&store, &ids[1..], "smokeless", "nightly"), Ok(2));
    let rows = store.reader().unwrap().rows(&ids).unwrap();
    let tags: Vec<String> = rows.iter().map(|row| row.tags.join(" ")).collect();
    assert_eq!(tags, ["smoke nightly", "smoke smokeless", "smokeless"]);
    assert_eq!(rows[0].note, "Refund fails\nsince Tuesday");
    let check = |filter: &HistoryFilter, expected: &[usize]| {
        let expected: Vec<EntryId> = expected.iter().map(|place| ids[*place]).collect();
        assert_eq!(found(&store, filter), expected, "{filter:?}");
    };
    check(&search("TUESDAY tok_1"), &[0]);
    check(&search("nightly"), &[0]);
    check(&search("smoke"), &[2, 1, 0]);
    check(&search("#smokeless"), &[2, 1]);
    let whole = |tag: &str| HistoryFilter { tag: Some(tag.to_owned()), ..HistoryFilter::default() };
    check(&whole("smoke"), &[1, 0]);
    check(&whole("smok"), &[]);
    note(&store, ids[0], "");
    check(&search("tuesday"), &[]);
}

#[test]
fn what_another_call_does_to_an_entry_leaves_note_and_tags_alone() {
    let store = memory();
    let id = made(&store, "tok_1");
    note(&store, id, "mine");
    tag(&store, &[id], "smoke", "").unwrap();
    let charge = TokenCall::Charge { token: "tok_1".to_owned(), amount: "1".to_owned(), currency: "usd".to_owned() };
    let mut request = charge.to_api("key");
    request.headers.push(("User-Agent".to_owned(), "Stripe/v1 PythonBindings/16.1.0".to_owned()));
    let call = NewCall {
        target: Target::Local,
        started: moment(2),
        request,
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    };
    store.answer(call, say(response(200, &serde_json::json!({"id": "ch_1"})))).wait().unwrap();
    let entry = store.reader().unwrap().rows(&[id]).unwrap().remove(0);
    assert_eq!(
        (entry.status, entry.note.as_str(), entry.tags.join(" ").as_str()),
        (EntryStatus::Used, "mine", "smoke")
    );
    assert_eq!(entry.used_by.as_deref(), Some("ch_1"));
    assert_eq!(entry.used_client.as_deref(), Some("stripe-python 16.1.0"));
    // A later call does not take over who used it.
    let retrieved = store.answer(retrieval(Target::Local, "tok_1"), say(token("tok_1", "Visa", "4242", true)));
    retrieved.wait().unwrap();
    let again = store.reader().unwrap().rows(&[id]).unwrap().remove(0);
    assert_eq!(again, entry);
}

#[test]
fn notes_and_tags_are_masked_at_the_door() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let id = made(&store, "tok_1");
    note(&store, id, &format!("it was {PLANTED_NUMBER} with {PLANTED_KEY}"));
    let grouped: Vec<&str> = (0..4).map(|place| &PLANTED_NUMBER[place * 4..place * 4 + 4]).collect();
    tag(&store, &[id], &format!("{PLANTED_NUMBER} {PLANTED_KEY}"), "").unwrap();
    tag(&store, &[id], &grouped.join(" "), "").unwrap();
    let rows = store.reader().unwrap().rows(&[id]).unwrap();
    assert!(rows[0].note.contains("453957******1486") && rows[0].tags.len() > 2, "{rows:?}");
    drop(store);
    for file in fs::read_dir(folder.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
        let text = String::from_utf8_lossy(&fs::read(file.path()).unwrap()).to_lowercase();
        for secret in [PLANTED_MIDDLE.to_owned(), PLANTED_KEY_PART.to_lowercase(), grouped[2].to_owned()] {
            assert!(!text.contains(&secret), "{} holds {secret}", file.path().display());
        }
    }
}

#[test]
fn a_deleted_entry_is_hidden_everywhere_until_it_is_restored() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let ids = ["tok_1", "tok_2"].map(|token| made(&store, token));
    let objects = count(folder.path(), "objects");
    assert_eq!(delete(&store, &ids[..1]), 1);
    let reader = store.reader().unwrap();
    let file = folder.path().join("out.json");
    let exported = || {
        let never = CancellationToken::new();
        let own = OwnFolders::default();
        let target = export::ExportFile { path: &file, overwrite: true, own: &own };
        export::export(&reader, &HistoryFilter::default(), &ExportForm::default(), target, &mut |_| {}, &never)
            .unwrap();
        let text: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        text["entries"].as_array().unwrap().iter().map(|entry| entry["token"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(&store, &HistoryFilter::default()), &ids[1..]);
    assert_eq!(found(&store, &search("tok_1")), []);
    assert_eq!(reader.counts().unwrap().unused, 1);
    assert_eq!(reader.count(&HistoryFilter::default()).unwrap(), 1);
    assert_eq!(reader.rows(&ids).unwrap().len(), 1);
    assert_eq!(reader.detail(ids[0]).unwrap(), None);
    assert_eq!(reader.by_token("tok_1").unwrap(), None);
    assert_eq!(reader.matching(&HistoryFilter::default(), &ids).unwrap(), [false, true]);
    assert_eq!(refresh::unused(&reader, Target::Local, ProfileId::FIRST).unwrap().tokens.len(), 1);
    assert_eq!(refresh::of_entries(&reader, Target::Local, ProfileId::FIRST, &ids).unwrap().tokens.len(), 1);
    assert_eq!(exported(), ["\"tok_2\""]);

    // The minter still has the token, and what happens to it is known when the entry comes back.
    assert_eq!(count(folder.path(), "objects"), objects);
    let used = store.answer(retrieval(Target::Local, "tok_1"), say(token("tok_1", "Visa", "4242", true)));
    used.wait().unwrap();
    assert_eq!(reader.counts().unwrap().all(), 1);
    let gone = tag(&store, &ids[..1], "late", "").unwrap_err();
    assert!(matches!(gone, StoreError::Gone { .. }), "{gone}");

    assert_eq!(store.edit(EntryEdit::Restore { ids: ids.to_vec() }, moment(2)).wait(), Ok(1));
    assert_eq!(found(&store, &HistoryFilter::default()), [ids[1], ids[0]]);
    let counts = reader.counts().unwrap();
    assert_eq!((counts.unused, counts.used), (1, 1));
    assert_eq!(exported(), ["\"tok_2\"", "\"tok_1\""]);
    drop(store);
    let store = open(folder.path());
    assert_eq!(found(&store, &HistoryFilter::default()).len(), 2, "a restored entry is not dropped");
}

#[test]
fn what_was_deleted_long_ago_is_dropped_but_for_what_the_minter_remembers() {
    let folder = TempDir::new().unwrap();
    let store = open(folder.path());
    let ids: Vec<EntryId> = (0..3).map(|n| made(&store, &format!("tok_{n}"))).collect();
    let objects = count(folder.path(), "objects");
    delete(&store, &ids[..2]);
    drop(store);
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection
        .execute(
            "INSERT INTO answers (exchange, key, created, whole_key, whole, masked) \
             SELECT id, 'key', 1000000000, x'', x'', x'' FROM exchanges WHERE entry = ?1",
            [ids[1].0],
        )
        .unwrap();
    drop(connection);
    // Within the time to think again.
    drop(Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(60)).unwrap());
    assert_eq!(count(folder.path(), "entries"), 3);
    let store = Store::open(&StoreLocation::Folder(folder.path().to_owned()), moment(2 * 3600)).unwrap();
    assert_eq!((count(folder.path(), "entries"), count(folder.path(), "exchanges")), (2, 2));
    assert_eq!((count(folder.path(), "answers"), count(folder.path(), "objects")), (1, objects));
    assert_eq!(store.reader().unwrap().counts().unwrap().all(), 1);
    let late = store.edit(EntryEdit::Restore { ids: ids[..1].to_vec() }, moment(0)).wait().unwrap_err();
    assert_eq!(late.to_string(), "Could not restore what was deleted: it is not in the history any more");
}

#[test]
fn a_history_of_version_two_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    for migration in
        [include_str!("../../src/store/migrations/1.sql"), include_str!("../../src/store/migrations/2.sql")]
    {
        connection.execute_batch(migration).unwrap();
    }
    connection
        .execute_batch(
            "PRAGMA application_id = 0x54435244; PRAGMA user_version = 2;
             INSERT INTO meta VALUES ('workspace_secret', zeroblob(32)), ('created', x'');
             UPDATE counters SET value = 7 WHERE name = 'revision';
             INSERT INTO entries (status, target, token_id, brand, last4, used_by, started_ms, took_micros, revision,
                 haystack) VALUES
                 ('used', 'local', 'tok_old', 'Visa', '4242', 'ch_old', 1000, 5, 6, 'tok_old\n4242\nvisa'),
                 ('failed', 'stripe', NULL, NULL, '0002', NULL, 2000, NULL, 7, '0002');
             INSERT INTO exchanges (entry, is_creation, target, started_ms, took_micros, method, path, params, headers,
                 http_status, answer_headers, answer_body)
                 SELECT id, 1, target, started_ms, 5, 'POST', '/v1/tokens', '[]', '[]', 200, '[]', x'7b7d' FROM entries;
             INSERT INTO objects (kind, id, created, body, state) VALUES ('token', 'tok_old', 1, '{}', '{}');",
        )
        .unwrap();
    drop(connection);
    let store = open(folder.path());
    assert_eq!(store.workspace_secret(), [0; 32]);
    let reader = store.reader().unwrap();
    let rows = reader.page(&HistoryFilter::default(), 9).unwrap();
    assert_eq!(rows.iter().map(|row| row.status).collect::<Vec<_>>(), [EntryStatus::Failed, EntryStatus::Used]);
    assert_eq!(rows[1].used_by.as_deref(), Some("ch_old"));
    assert!(rows.iter().all(|row| row.note.is_empty() && row.tags.is_empty() && row.used_client.is_none()));
    let counts = reader.counts().unwrap();
    assert_eq!((counts.used, counts.failed, counts.all()), (1, 1, 2));
    assert_eq!(reader.detail(rows[1].id).unwrap().unwrap().entry, rows[1]);
    assert_eq!(count(folder.path(), "objects"), 1);
    note(&store, rows[1].id, "kept");
    assert_eq!(found(&store, &search("kept ch_old")), [rows[1].id]);
    assert_eq!(delete(&store, &[rows[1].id]), 1);
    assert_eq!(reader.counts().unwrap().used, 0);
    let newest = made(&store, "tok_new");
    assert!(newest > rows[0].id);
}

/// An entry to be made.
#[derive(Clone, Debug)]
struct Spec {
    target: Target,
    brand: Option<&'static str>,
    last4: u32,
    outcome: u8,
    took_micros: u64,
    started_secs: i64,
    tag: Option<&'static str>,
    is_deleted: bool,
}

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let target = prop_oneof![Just(Target::Local), Just(Target::Stripe)];
    let brand = prop_oneof![Just(None), Just(Some("Visa")), Just(Some("American Express")), Just(Some("JCB"))];
    let tag = prop_oneof![Just(None), Just(Some("a")), Just(Some("ab"))];
    let spec = (target, brand, 0_u32..3, 0_u8..5, 0_u64..4, 0_i64..5, tag, prop::bool::weighted(0.2)).prop_map(
        |(target, brand, last4, outcome, took_micros, started_secs, tag, is_deleted)| Spec {
            target,
            brand,
            last4,
            outcome,
            took_micros,
            started_secs,
            tag,
            is_deleted,
        },
    );
    prop::collection::vec(spec, 0..24)
}

fn filters() -> impl Strategy<Value = HistoryFilter> {
    let status = prop::option::weighted(0.3, prop::sample::select(&EntryStatus::ALL[..]));
    let target = prop::option::weighted(0.3, prop_oneof![Just(Target::Local), Just(Target::Stripe)]);
    let search = prop_oneof![3 => Just(""), 1 => Just("visa"), 1 => Just("#a"), 1 => Just("0001 tok_")];
    let tag = prop::option::weighted(0.2, prop_oneof![Just("a"), Just("ab"), Just("c")]);
    let times = (prop::option::weighted(0.3, 0_i64..5), prop::option::weighted(0.3, 0_i64..5));
    let sort = (prop::sample::select(&SortKey::ALL[..]), any::<bool>());
    let among = prop::option::weighted(0.2, prop::collection::vec(1_i64..24, 0..12));
    (status, target, search, tag, times, sort, among).prop_map(
        |(status, target, search, tag, (since, until), (key, is_descending), among)| HistoryFilter {
            status,
            target,
            account: None,
            search: search.to_owned(),
            tag: tag.map(str::to_owned),
            since: since.map(moment),
            until: until.map(moment),
            among: among.map(|ids| ids.into_iter().map(EntryId).collect()),
            sort: SortOrder { key, is_descending },
        },
    )
}

fn make(store: &Store, nth: usize, spec: &Spec) -> EntryId {
    let journaled = store.journal(NewCall { started: moment(spec.started_secs), ..creation(spec.target, &[]) });
    let journaled = journaled.wait().unwrap();
    let id = journaled.entry.unwrap().id;
    let token = |used| {
        let last4 = format!("{:04}", spec.last4);
        match spec.brand {
            Some(brand) => token(&format!("tok_{}", nth % 7), brand, &last4, used),
            None => response(200, &serde_json::json!({"id": format!("tok_{nth}"), "object": "token", "used": used})),
        }
    };
    let outcome = match spec.outcome {
        0 => return id,
        1 => Ok(token(false)),
        2 => Ok(token(true)),
        3 => Ok(declined("card_declined", "No.")),
        _ => Err(TransportError::Cancelled),
    };
    store.finish(journaled.exchange, Duration::from_micros(spec.took_micros), outcome).wait().unwrap();
    if let Some(word) = spec.tag {
        tag(store, &[id], word, "").unwrap();
    }
    id
}

/// What the filter means, said once more in another language.
fn passes(filter: &HistoryFilter, entry: &HistoryEntry) -> bool {
    let mut words: Vec<String> = [&entry.token_id, &entry.brand, &entry.last4, &entry.code, &entry.used_by]
        .into_iter()
        .flatten()
        .map(|word| word.to_lowercase())
        .collect();
    words.extend([entry.status.as_str().to_owned(), entry.target.as_str().to_owned()]);
    words.extend(entry.tags.iter().map(|tag| format!("#{tag}")));
    filter.status.is_none_or(|status| status == entry.status)
        && filter.target.is_none_or(|target| target == entry.target)
        && filter.tag.as_ref().is_none_or(|tag| entry.tags.contains(tag))
        && filter.since.is_none_or(|since| since <= entry.started)
        && filter.until.is_none_or(|until| entry.started <= until)
        && filter.among.as_ref().is_none_or(|among| among.contains(&entry.id))
        && filter.search.split_whitespace().all(|sought| words.iter().any(|word| word.contains(sought)))
}

fn order(sort: SortOrder, a: &HistoryEntry, b: &HistoryEntry) -> Ordering {
    fn values<T: Ord>(a: Option<T>, b: Option<T>, is_descending: bool) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if is_descending => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    }
    let place = |entry: &HistoryEntry| EntryStatus::ALL.iter().position(|status| *status == entry.status);
    let falls = sort.is_descending;
    let by_key = match sort.key {
        SortKey::Created => values(Some(a.id), Some(b.id), falls),
        SortKey::Took => values(a.took, b.took, falls),
        SortKey::Status => values(place(a), place(b), falls),
        SortKey::Card => {
            values(a.brand.as_ref(), b.brand.as_ref(), falls).then(values(a.last4.as_ref(), b.last4.as_ref(), falls))
        }
        SortKey::Token => values(a.token_id.as_ref(), b.token_id.as_ref(), falls),
        SortKey::Source => values(Some(a.target.as_str()), Some(b.target.as_str()), falls),
        SortKey::UsedBy => values(a.used_by.as_ref(), b.used_by.as_ref(), falls),
        SortKey::Account => values(a.account.as_ref(), b.account.as_ref(), falls),
    };
    by_key.then(b.id.cmp(&a.id))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_filter_and_every_order_gives_what_it_means(specs in specs(), filters in prop::collection::vec(filters(), 8)) {
        let store = memory();
        let ids: Vec<EntryId> = specs.iter().enumerate().map(|(nth, spec)| make(&store, nth, spec)).collect();
        let reader = store.reader().unwrap();
        let mut known = reader.rows(&ids).unwrap();
        let deleted: Vec<EntryId> =
            specs.iter().zip(&ids).filter(|(spec, _)| spec.is_deleted).map(|(_, id)| *id).collect();
        if !deleted.is_empty() {
            prop_assert_eq!(delete(&store, &deleted), deleted.len() as u64);
        }
        known.retain(|entry| !deleted.contains(&entry.id));
        for filter in filters {
            let mut expected: Vec<&HistoryEntry> = known.iter().filter(|entry| passes(&filter, entry)).collect();
            expected.sort_by(|a, b| order(filter.sort, a, b));
            let expected: Vec<EntryId> = expected.into_iter().map(|entry| entry.id).collect();
            let found = reader.ids(&filter).unwrap();
            prop_assert_eq!(&found, &expected, "{:?}", filter);
            prop_assert_eq!(reader.count(&filter).unwrap(), expected.len() as u64);
            let matching = ids.iter().map(|id| expected.contains(id)).collect::<Vec<_>>();
            prop_assert_eq!(reader.matching(&filter, &ids).unwrap(), matching);
            let list = EntryListing::new(found, filter.sort);
            for (place, id) in expected.iter().enumerate() {
                prop_assert_eq!(list.place_of(*id), Some(place));
            }
        }
        for status in EntryStatus::ALL {
            let there = known.iter().filter(|entry| entry.status == status).count();
            prop_assert_eq!(reader.counts().unwrap().of(status), there as u64);
        }
    }
}

#[test]
fn a_request_without_a_user_agent_is_this_program() {
    let store = memory();
    let id = made(&store, "tok_1");
    let attach = TokenCall::Attach { token: "tok_1".to_owned(), customer: Some("cus_1".to_owned()) }.to_api("key");
    let call = NewCall {
        target: Target::Local,
        started: moment(2),
        request: attach,
        expects: None,
        profile: None,
        world: None,
        own_account: None,
    };
    store.answer(call, say(response(200, &serde_json::json!({"id": "card_1"})))).wait().unwrap();
    let entry = store.reader().unwrap().rows(&[id]).unwrap().remove(0);
    assert_eq!(entry.used_client.as_deref(), Some("Testcard"));
}

#[test]
fn the_command_line_writes_notes_and_tags_and_finds_by_them_and_by_days() {
    let home = Home::new();
    let mint = |now: &str, card: &str| home.run(["mint", card, "--now", now]).stdout.trim().to_owned();
    let old = mint("2030-01-31T23:59:59Z", "4242424242424242");
    let new = mint("2030-02-01T00:00:00Z", "378282246310005");
    let ids = format!("{old},{new}");
    for args in [
        &["note", &old, "for the\nrefund"][..],
        &["tag", &ids, "Smoke", "nightly"],
        &["tag", &new, "--remove", "nightly"],
        &["tag", "2", "#extra"],
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!((run.exit, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{args:?}");
    }
    let check = |args: &[&str], expected: &[&str]| {
        let run = home.run(["history"].into_iter().chain(args.iter().copied()));
        let tokens: Vec<&str> = run.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
        assert_eq!(tokens, expected, "{args:?}: {}", run.stderr);
    };
    check(&[], &[&new, &old]);
    check(&["--reverse"], &[&old, &new]);
    check(&["--sort", "card"], &[&new, &old]);
    check(&["--sort", "card", "--reverse"], &[&old, &new]);
    check(&["--since", "2030-02-01"], &[&new]);
    check(&["--until", "2030-01-31"], &[&old]);
    check(&["--since", "2030-01-31", "--until", "2030-01-31T23:59:58Z"], &[]);
    check(&["--tag", "nightly"], &[&old]);
    check(&["--tag", "SMOKE", "--search", "refund"], &[&old]);
    check(&["--tag", "smo"], &[]);
    let file = home.beside("tagged.json");
    home.run(["export", file.to_str().unwrap(), "--tag", "extra"]);
    let exported: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let entries = exported["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["token"]), (1, &Value::String(new.clone())));
    let shown = home.run(["history", "--format", "json", "--tag", "nightly"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&shown[0]["note"], &shown[0]["tags"][1]), (&"for the refund".into(), &"nightly".into()));
    for (args, says) in [
        (&["note", "tok_none", "x"][..], "The history has no entry tok_none"),
        (&["tag", &old], "No tag is named"),
        (&["history", "--since", "2030-02-30"], "There is no day 2030-02-30"),
        (&["history", "--sort", "size"], "created, took, status, card, token, source, used-by"),
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 2, "{run:?}");
        assert!(run.stderr.contains(says), "{run:?}");
    }
}
