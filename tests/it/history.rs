//! The history's pane: sorted, cut by days, selected, written on, deleted and brought back, refreshed, by hand and by
//! key.

use egui::{Event, Key, LayerId, Modifiers, Order, Role, pos2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        history::{
            edit::EntryEdit,
            entry::{EntryId, StatusCounts},
            filter::{HistoryFilter, SortOrder},
            listing::EntryListing,
        },
    },
    messages::WorkerUpdate,
    model::{StorageState, WindowModel},
    store::{FILE_NAME, NewCall, Store, StoreLocation},
    ui::{
        Action,
        history::{HistoryContext, HistoryState, RefreshStatus, history_ui},
        theme,
    },
};

use crate::support::{
    hands::{click, click_at, click_row, focused, input, message, play, press, says, value},
    histories::{creation, say, token},
    http::{Server, reply},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// The moment of the bench's clock.
const NOW: i64 = 1_900_000_000;
const DAY: i64 = 86_400;

/// A folder with these tokens of Visa cards, oldest first: their names, last digits, and days before now.
fn folder_of(target: Target, tokens: &[(&str, &str, i64)]) -> (TempDir, Bench) {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for (name, last4, days_ago) in tokens {
        let started = Timestamp::from_second(NOW - days_ago * DAY).unwrap();
        let call = NewCall { started, ..creation(target, &[]) };
        store.answer(call, say(token(name, "Visa", last4, false))).wait().unwrap();
    }
    let bench = Bench { folder: Some(folder.path().to_owned()), ..Bench::new() };
    (folder, bench)
}

fn open(folder: &TempDir) -> Store {
    Store::open(&StoreLocation::Folder(folder.path().to_owned()), Timestamp::from_second(NOW).unwrap()).unwrap()
}

const FOUR: [(&str, &str, i64); 4] =
    [("tok_a", "0002", 40), ("tok_b", "4444", 8), ("tok_c", "0001", 2), ("tok_d", "0003", 0)];

fn window_of_four() -> (TempDir, Window) {
    let (folder, bench) = folder_of(Target::Local, &FOUR);
    let mut window = bench.open();
    wait(&mut window, "the rows", |window| rows(window).len() == 4);
    (folder, window)
}

/// The tokens in the order of the rows, by their last letters.
fn shown(window: &Window) -> String {
    rows(window).iter().map(|row| row.split(' ').nth(1).unwrap_or_default().chars().last().unwrap_or('?')).collect()
}

/// Those of them that a screen reader calls selected.
fn selected(window: &Window) -> String {
    let rows = window.query_all_by_role(Role::Row).filter(|row| row.accesskit_node().is_selected() == Some(true));
    rows.filter_map(|row| row.accesskit_node().label()?.split(' ').nth(1)?.chars().last()).collect()
}

fn go_to_table(window: &mut Window) {
    ctrl(window, Key::Num2);
    assert_eq!(focused(window).as_deref(), Some("History"));
}

#[test]
fn a_press_on_a_title_sorts_and_another_turns_it_round() {
    let (_folder, mut window) = window_of_four();
    assert_eq!(shown(&window), "dcba", "newest first");
    for (name, expected) in [
        ("Sort by card, A to Z", "cadb"),
        ("Sort by card, Z to A", "bdac"),
        ("Sort by created, newest first", "dcba"),
        ("Sort by created, oldest first", "abcd"),
        ("Sort by token, A to Z", "abcd"),
        ("Sort by token, Z to A", "dcba"),
    ] {
        click(&mut window, Role::Button, name);
        wait(&mut window, name, |window| shown(window) == expected);
    }
    // The keyboard reaches it as well, and hears how the list stands.
    let title = window.get_by_role_and_label(Role::Button, "Sort by created, newest first");
    title.focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait(&mut window, "the order", |window| shown(window) == "dcba");
    let title = window.get_by_role_and_label(Role::Button, "Sort by created, oldest first");
    assert_eq!(title.accesskit_node().description().as_deref(), Some("Sorted newest first"));
}

#[test]
fn what_is_made_while_another_order_is_shown_takes_its_place() {
    let (folder, mut window) = window_of_four();
    click(&mut window, Role::Button, "Sort by card, A to Z");
    wait(&mut window, "the order", |window| shown(window) == "cadb");
    let other = open(&folder);
    let call = creation(Target::Local, &[]);
    other.answer(call, say(token("tok_e", "Visa", "0002", false))).wait().unwrap();
    wait(&mut window, "the new row", |window| shown(window) == "ceadb");
}

#[test]
fn days_are_chosen_from_a_list_or_typed() {
    let (_folder, mut window) = window_of_four();
    for (name, before, expected) in
        [("Today", "any time", "d"), ("Last 7 days", "today", "dc"), ("Last 30 days", "last 7 days", "dcb")]
    {
        click(&mut window, Role::Button, &format!("Created {before}"));
        click(&mut window, Role::Button, name);
        wait(&mut window, name, |window| shown(window) == expected);
    }
    // By keys alone: what opens is entered at the choice of now.
    window.get_by_role_and_label(Role::Button, "Created last 30 days").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(focused(&window).as_deref(), Some("Last 30 days"));
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    assert_eq!(focused(&window).as_deref(), Some("Custom days…"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    window.run_ok();
    assert!(!says(&window, "Custom days…"), "it is closed");
    wait(&mut window, "all", |window| shown(window) == "dcba");
    assert_eq!(focused(&window).as_deref(), Some("From"));
    // 40 days before 2030-03-17.
    play(&mut window, "2030-2-1");
    assert_eq!(message(&window, "From"), "✗ Write the day as YYYY-MM-DD");
    play(&mut window, "⬚2030-03-09⇥2030-03-08");
    assert_eq!(message(&window, "From"), "");
    assert_eq!(message(&window, "To"), "✗ This day is before the first");
    play(&mut window, "⬚2030-03-15");
    assert_eq!(message(&window, "To"), "");
    wait(&mut window, "the days", |window| shown(window) == "cb");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "any time", |window| shown(window) == "dcba");
}

#[test]
fn entries_are_selected_by_mouse() {
    let (_folder, mut window) = window_of_four();
    click_row(&mut window, "tok_d", Modifiers::NONE);
    assert_eq!(selected(&window), "d");
    click_row(&mut window, "tok_b", Modifiers::COMMAND);
    assert_eq!(selected(&window), "db");
    assert!(says(&window, "2 selected"));
    click_row(&mut window, "tok_d", Modifiers::SHIFT);
    assert_eq!(selected(&window), "dcb");
    click_row(&mut window, "tok_c", Modifiers::COMMAND);
    assert_eq!(selected(&window), "db");
    click_row(&mut window, "tok_a", Modifiers::NONE);
    assert_eq!(selected(&window), "a");
    assert!(!says(&window, "selected"));
}

#[test]
fn what_can_be_done_to_the_selected_stands_on_one_line_within_the_pane() {
    let names = ["Compare", "Tag…", "Run again…", "Refresh", "Export selected…", "Delete", "Select one entry only"];
    for width in [720.0, 900.0, 1100.0, 1280.0, 1600.0] {
        let mut window = Bench { size: [width, 800.0], ..Bench::new() }.open();
        for count in 1..=2 {
            ctrl(&mut window, Key::Enter);
            wait(&mut window, "the token", |window| rows(window).len() == count);
        }
        ctrl(&mut window, Key::Num2);
        ctrl(&mut window, Key::A);
        assert!(says(&window, "2 selected"));
        let table = window.get_by_role_and_label(Role::Table, "History").rect();
        let buttons = names.map(|name| window.get_by_role_and_label(Role::Button, name).rect());
        for (name, button) in names.into_iter().zip(buttons) {
            assert!(button.right() <= table.right() + 0.5, "{width}: {name} at {button:?} in {table:?}");
            assert!((button.center().y - buttons[0].center().y).abs() < 8.0, "{width}: {name} at {button:?}");
        }
    }
}

#[test]
fn what_can_be_done_to_the_selected_is_said_in_words_where_there_is_room() {
    let names = ["Compare", "Tag…", "Run again…", "Refresh", "Export selected…", "Delete"];
    for (width, most_icons) in [(720.0, 6), (900.0, 0), (1280.0, 0), (1600.0, 0)] {
        let mut window = Bench { size: [width, 800.0], ..Bench::new() }.open();
        for count in 1..=2 {
            ctrl(&mut window, Key::Enter);
            wait(&mut window, "the token", |window| rows(window).len() == count);
        }
        let table = |window: &Window| window.get_by_role_and_label(Role::Table, "History").rect();
        let before = table(&window);
        ctrl(&mut window, Key::Num2);
        ctrl(&mut window, Key::A);
        // Two lines of chips make way for one of buttons.
        let moves = before.top() - table(&window).top();
        assert!(moves == 0.0 || width < 900.0, "the table moves by {moves} at {width}");
        let is_icon = |name: &&str| window.get_by_role_and_label(Role::Button, name).rect().width() < 30.0;
        let icons = names.iter().filter(|name| is_icon(name)).count();
        assert!(icons <= most_icons, "{icons} icons without a word at {width}");
    }
}

#[test]
fn entries_are_selected_by_keys() {
    let (_folder, mut window) = window_of_four();
    go_to_table(&mut window);
    for (how, key, expected) in [
        (Modifiers::NONE, Key::ArrowDown, "d"),
        (Modifiers::SHIFT, Key::ArrowDown, "dc"),
        (Modifiers::SHIFT, Key::End, "dcba"),
        (Modifiers::SHIFT, Key::ArrowUp, "dcb"),
        (Modifiers::COMMAND, Key::ArrowDown, "dcb"),
        (Modifiers::COMMAND, Key::ArrowDown, "dcb"),
        (Modifiers::COMMAND, Key::Space, "dcba"),
        (Modifiers::NONE, Key::Escape, "a"),
        (Modifiers::COMMAND, Key::A, "dcba"),
        (Modifiers::NONE, Key::Home, "d"),
    ] {
        press(&mut window, how, key);
        assert_eq!(selected(&window), expected, "{how:?} {key:?}");
    }
    // A field keeps its keys.
    ctrl(&mut window, Key::F);
    play(&mut window, "tok⬚");
    assert_eq!(selected(&window), "d");
}

#[test]
fn what_is_deleted_comes_back_by_key_and_by_the_toast() {
    let (folder, mut window) = window_of_four();
    go_to_table(&mut window);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::SHIFT, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait_for(&mut window, "2 entries deleted");
    assert_eq!((shown(&window).as_str(), selected(&window).as_str()), ("ba", "b"), "the keys go on below");
    assert!(says(&window, "Unused 2"), "the counts follow");
    click(&mut window, Role::Button, "Undo");
    wait_for(&mut window, "2 entries restored");
    wait(&mut window, "both", |window| shown(window) == "dcba");
    go_to_table(&mut window);
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait(&mut window, "the first deletion", |window| shown(window) == "dca");
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait(&mut window, "the second deletion", |window| shown(window) == "dc");
    // The last comes back first.
    ctrl(&mut window, Key::Z);
    wait(&mut window, "the last", |window| shown(window) == "dca");
    ctrl(&mut window, Key::Z);
    wait(&mut window, "all", |window| shown(window) == "dcba");
    ctrl(&mut window, Key::Z);
    wait_for(&mut window, "Nothing was deleted that could come back");

    // In a text field the keys are those of the field.
    ctrl(&mut window, Key::F);
    play(&mut window, "x⌦⬚");
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait(&mut window, "the search", |window| value_of_search(window).is_empty());
    wait(&mut window, "all", |window| shown(window) == "dcba");
    drop(window);
    assert_eq!(open(&folder).reader().unwrap().counts().unwrap().all(), 4);
}

#[test]
fn what_was_deleted_comes_back_after_a_restart_and_in_another_window_the_last_first() {
    let (folder, mut window) = window_of_four();
    let bench = Bench { folder: Some(folder.path().to_owned()), ..Bench::new() };
    for (token, left) in [("tok_a", "dcb"), ("tok_b", "dc")] {
        click_row(&mut window, token, Modifiers::NONE);
        go_to_table(&mut window);
        press(&mut window, Modifiers::NONE, Key::Delete);
        wait(&mut window, token, |window| shown(window) == left);
    }
    wait_for(&mut window, "1 entry deleted. It can come back for an hour at least");
    drop(window);
    let mut here = bench.open();
    let mut there = bench.open();
    wait(&mut here, "the rows", |window| shown(window) == "dc");
    go_to_table(&mut here);
    ctrl(&mut here, Key::Z);
    wait_for(&mut here, "1 entry restored");
    wait(&mut here, "the last", |window| shown(window) == "dcb");
    go_to_table(&mut there);
    ctrl(&mut there, Key::Z);
    wait(&mut there, "the one before it", |window| shown(window) == "dcba");
    wait(&mut here, "the same here", |window| shown(window) == "dcba");
    ctrl(&mut here, Key::Z);
    wait_for(&mut here, "Nothing was deleted that could come back");
}

#[test]
fn an_empty_history_offers_what_was_deleted_last() {
    let (folder, mut window) = window_of_four();
    go_to_table(&mut window);
    ctrl(&mut window, Key::A);
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait_for(&mut window, "No tokens yet");
    drop(window);
    let mut window = Bench { folder: Some(folder.path().to_owned()), ..Bench::new() }.open();
    wait_for(&mut window, "Bring back 4 entries, just deleted");
    click(&mut window, Role::Button, "Bring back 4 entries, just deleted");
    wait(&mut window, "all of them", |window| shown(window) == "dcba");
    assert_eq!(focused(&window).as_deref(), Some("History"));
}

/// An undo right behind a deletion is about this one, however long it takes to write.
#[test]
fn a_deletion_and_its_undo_in_one_frame_are_done_in_their_order() {
    let (folder, mut window) = window_of_four();
    click_row(&mut window, "tok_a", Modifiers::NONE);
    go_to_table(&mut window);
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait(&mut window, "the first deletion", |window| shown(window) == "dcb");
    window.key_press(Key::Delete);
    window.step();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.step();
    wait_for(&mut window, "1 entry restored");
    wait(&mut window, "the second came back", |window| shown(window) == "dcb");
    drop(window);
    assert_eq!(open(&folder).reader().unwrap().last_deletion().unwrap().map(|last| last.entries), Some(1));
}

#[test]
fn a_status_is_never_cut() {
    for size in [[900.0, 600.0], [1280.0, 800.0], [1920.0, 1080.0]] {
        for zoom in [0.8, 1.0, 1.25, 1.5] {
            let folder = TempDir::new().unwrap();
            let store = open(&folder);
            store.journal(creation(Target::Stripe, &[])).wait().unwrap();
            drop(store);
            let mut bench = Bench { folder: Some(folder.path().to_owned()), size, ..Bench::new() };
            bench.settings.window.zoom = zoom;
            let mut window = bench.open();
            wait(&mut window, "the row", |window| rows(window).iter().any(|row| row.starts_with("Interrupted")));
            let title = window.get_by(|node| node.label().is_some_and(|label| label.starts_with("Sort by token")));
            let badge = window.get_all_by_role_and_label(Role::Label, "Interrupted").next().unwrap();
            assert!(
                badge.rect().right() <= title.rect().left(),
                "{size:?} {zoom}: {:?} {:?}",
                badge.rect(),
                title.rect()
            );
        }
    }
}

#[test]
fn what_was_deleted_before_a_deletion_failed_comes_back_too() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let made: Vec<_> = (0..501)
        .map(|nth| store.answer(creation(Target::Local, &[]), say(token(&format!("tok_{nth}"), "Visa", "4242", false))))
        .collect();
    for made in made {
        made.wait().unwrap();
    }
    // The second piece fails.
    let refuses = "CREATE TRIGGER refuses BEFORE UPDATE OF deleted_ms ON entries WHEN new.deleted_ms IS NOT NULL \
                   AND (SELECT count(*) FROM entries WHERE deleted_ms IS NOT NULL) >= 500 \
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    Connection::open(folder.path().join(FILE_NAME)).unwrap().execute_batch(refuses).unwrap();
    drop(store);
    let mut window = Bench { folder: Some(folder.path().to_owned()), ..Bench::new() }.open();
    wait_for(&mut window, "Unused 501");
    go_to_table(&mut window);
    ctrl(&mut window, Key::A);
    press(&mut window, Modifiers::NONE, Key::Delete);
    wait_for(&mut window, "Could not delete from the history");
    wait_for(&mut window, "500 entries deleted");
    wait_for(&mut window, "Unused 1");
    click(&mut window, Role::Button, "Undo");
    wait_for(&mut window, "500 entries restored");
    wait_for(&mut window, "Unused 501");
}

fn value_of_search(window: &Window) -> String {
    window.get_by_role_and_label(Role::SearchInput, "Search id, card, note, #tag").value().unwrap_or_default()
}

#[test]
fn a_note_and_tags_are_written_under_the_table_and_found_again() {
    let (folder, mut window) = window_of_four();
    go_to_table(&mut window);
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    press(&mut window, Modifiers::NONE, Key::F2);
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Note"));
    play(&mut window, "for the refund⇥Smoke nightly↵");
    wait_for(&mut window, "Note saved");
    wait(&mut window, "the mark", |window| rows(window)[0].ends_with("tags smoke nightly, note for the refund"));
    assert_eq!(focused(&window).as_deref(), Some("History"), "the focus is back");
    assert!(window.query_by_role_and_label(Role::TextInput, "Note").is_none());

    // Several at once.
    press(&mut window, Modifiers::SHIFT, Key::ArrowDown);
    click(&mut window, Role::Button, "Tag…");
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Add tags"));
    play(&mut window, "run7");
    input(&window, "Remove tags").focus();
    window.run_ok();
    play(&mut window, "nightly");
    click(&mut window, Role::Button, "Save");
    wait_for(&mut window, "Tags of 2 entries saved");
    wait(&mut window, "the tags", |window| rows(window)[1].ends_with("tags run7"));
    assert!(rows(&window)[0].contains("tags smoke run7, note"), "{:?}", rows(&window));

    ctrl(&mut window, Key::F);
    play(&mut window, "#smoke refund");
    wait(&mut window, "the search", |window| shown(window) == "d");
    // What is discarded is not kept.
    press(&mut window, Modifiers::NONE, Key::F2);
    window.run_ok();
    assert_eq!((value(&window, "Note").as_str(), value(&window, "Tags").as_str()), ("for the refund", "smoke run7"));
    input(&window, "Note").focus();
    window.run_ok();
    play(&mut window, "⬚⌫⎋");
    assert!(window.query_by_role_and_label(Role::TextInput, "Note").is_some(), "what was typed is asked about first");
    click(&mut window, Role::Button, "Discard");
    window.run_ok();
    assert!(window.query_by_role_and_label(Role::TextInput, "Note").is_none());
    drop(window);
    let reader = open(&folder).reader().unwrap();
    let kept = reader.page(&HistoryFilter::default(), 1).unwrap().remove(0);
    assert_eq!((kept.note.as_str(), kept.tags.join(" ").as_str()), ("for the refund", "smoke run7"));
}

#[test]
fn the_menu_of_a_row_offers_what_the_keys_do() {
    let (_folder, mut window) = window_of_four();
    let row = |window: &Window| {
        window
            .get_by(|node| node.role() == Role::Row && node.label().is_some_and(|l| l.contains("tok_b")))
            .rect()
            .center()
    };
    let menu = |window: &mut Window| {
        let place = row(window);
        click_at(window, place, egui::PointerButton::Secondary);
    };
    menu(&mut window);
    assert_eq!(selected(&window), "b");
    click(&mut window, Role::MenuItem, "Note and tags…");
    window.run_ok();
    assert!(says(&window, "Note and tags of tok_b"));
    click(&mut window, Role::Button, "Cancel");
    menu(&mut window);
    click(&mut window, Role::MenuItem, "Delete");
    wait(&mut window, "the rest", |window| shown(window) == "dca");
}

#[test]
fn the_selected_are_exported_alone() {
    let (folder, mut window) = window_of_four();
    click_row(&mut window, "tok_d", Modifiers::NONE);
    click_row(&mut window, "tok_a", Modifiers::COMMAND);
    click(&mut window, Role::Button, "Export selected…");
    assert!(says(&window, "The selected entries, newest first · 2"));
    let outside = TempDir::new().unwrap();
    let path = outside.path().join("two.json");
    input(&window, "File").focus();
    window.run_ok();
    play(&mut window, &format!("⬚{}", folder.path().join("two.json").display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "among Testcard's own files");
    assert!(!folder.path().join("two.json").exists());
    input(&window, "File").focus();
    window.run_ok();
    play(&mut window, &format!("⬚{}", path.display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "2 entries exported to");
    let text = std::fs::read_to_string(&path).unwrap();
    let place = |token: &str| text.find(&format!("\"token\": \"{token}\""));
    assert!(place("tok_d") < place("tok_a") && place("tok_b").is_none() && place("tok_d").is_some());
}

#[test]
fn what_another_program_does_is_seen_at_once() {
    let (folder, mut window) = window_of_four();
    click_row(&mut window, "tok_c", Modifiers::NONE);
    click_row(&mut window, "tok_b", Modifiers::COMMAND);
    let other = open(&folder);
    let id = other.reader().unwrap().by_token("tok_c").unwrap().unwrap();
    let now = Timestamp::from_second(NOW).unwrap();
    other.edit(EntryEdit::Delete { ids: vec![id] }, now).wait().unwrap();
    wait(&mut window, "the deletion", |window| shown(window) == "dba");
    assert_eq!(selected(&window), "b", "what is gone is not selected");
    other.edit(EntryEdit::Restore { ids: vec![id] }, now).wait().unwrap();
    other.edit(EntryEdit::Note { id, note: "from elsewhere".to_owned() }, now).wait().unwrap();
    wait(&mut window, "the note", |window| rows(window).iter().any(|row| row.ends_with("note from elsewhere")));
    assert_eq!(shown(&window), "dcba");
}

#[test]
fn a_comparison_with_what_another_program_deleted_ends_with_a_sentence() {
    let (folder, mut window) = window_of_four();
    click_row(&mut window, "tok_c", Modifiers::NONE);
    wait_for(&mut window, "id: tok_c");
    click_row(&mut window, "tok_b", Modifiers::NONE);
    wait_for(&mut window, "id: tok_b");
    let other = open(&folder);
    let id = other.reader().unwrap().by_token("tok_c").unwrap().unwrap();
    other.edit(EntryEdit::Delete { ids: vec![id] }, Timestamp::from_second(NOW).unwrap()).wait().unwrap();
    wait(&mut window, "the deletion", |window| shown(window) == "dba");
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::D);
    wait_for(&mut window, "One of the two entries is not in the history any more");
    assert!(!says(&window, "Loading the two entries"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_selected_are_asked_for_at_stripe_and_the_asking_can_be_stopped() {
    let used = |id: &str| format!(r#"{{"id": "{id}", "object": "token", "card": {{}}, "used": true}}"#);
    // The second call meets the rate limit for an hour.
    let server = Server::answering(move |nth, received| match nth {
        0 => reply(200, used(received.uri.rsplit('/').next().unwrap())),
        _ => reply(429, "{}").with("Retry-After", "3600"),
    })
    .await;
    let (_folder, bench) = folder_of(Target::Stripe, &FOUR);
    let mut window = Bench { folder: bench.folder.clone(), ..Bench::stripe(&server.url()) }.open();
    wait(&mut window, "the rows", |window| rows(window).len() == 4);
    click_row(&mut window, "tok_d", Modifiers::NONE);
    click_row(&mut window, "tok_b", Modifiers::SHIFT);
    click(&mut window, Role::Button, "Refresh");
    wait_for(&mut window, "Refreshing 1 of 3");
    wait(&mut window, "what was found", |window| rows(window).iter().any(|row| row.starts_with("Used tok_")));
    let refresh = window.get_by_role_and_label(Role::Button, "Refresh");
    assert!(refresh.accesskit_node().is_disabled(), "one at a time");
    click(&mut window, Role::Button, "Cancel");
    wait_for(&mut window, "Stopped after 1 of 3: 1 used, 0 still unused");
    assert!(!says(&window, "Refreshing"));
}

/// The pane alone, with so many entries, and what it asks for in each frame.
struct View {
    model: WindowModel,
    state: HistoryState,
    actions: Vec<Vec<Action>>,
    refreshing: Option<RefreshStatus>,
}

fn view(entries: i64) -> Harness<'static, View> {
    let mut model = WindowModel::default();
    let list = EntryListing::new((1..=entries).rev().map(EntryId).collect(), SortOrder::default());
    let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
    let made = store.answer(creation(Target::Local, &[]), say(token("tok_1", "Visa", "4242", false)));
    let row = made.wait().unwrap().entry.unwrap();
    let rows = (entries - 59..=entries)
        .map(|id| testcard::domain::history::entry::HistoryEntry { id: EntryId(id), ..row.clone() });
    let counts = StatusCounts { unused: entries.unsigned_abs(), ..StatusCounts::default() };
    model.apply(WorkerUpdate::History { generation: 1, list, rows: rows.collect(), counts, is_whole: true });
    let view = View { model, state: HistoryState::default(), actions: Vec::new(), refreshing: None };
    let mut view = Harness::builder().with_size([1200.0, 800.0]).build_ui_state(
        |ui, view: &mut View| {
            theme::install(ui.ctx());
            let storage = StorageState::Open(None);
            let context = HistoryContext {
                history: &view.model.history,
                storage: &storage,
                requests: 0,
                deletion: None,
                target: Target::Local,
                accounts: &[],
                refreshing: view.refreshing,
                now: Timestamp::from_second(NOW).unwrap(),
            };
            let mut actions = Vec::new();
            history_ui(ui, &mut view.state, &context, &mut actions);
            view.actions.push(actions);
        },
        view,
    );
    view.run();
    view
}

#[test]
fn a_frame_asks_for_nothing_but_rows_that_it_lacks_and_asks_once() {
    let mut view = view(1_000_000);
    let drawn = view.state().state.rows_drawn;
    assert!((5..40).contains(&drawn), "{drawn}");
    let asked = |view: &Harness<'_, View>| view.state().actions.iter().flatten().count();
    assert_eq!(asked(&view), 0, "{:?}", view.state().actions);
    view.key_press(Key::End);
    view.run();
    let loads = |action: &&Action| matches!(action, Action::LoadRows(_));
    let found: Vec<Action> = view.state().actions.iter().flatten().filter(loads).cloned().collect();
    let [Action::LoadRows(ids)] = &found[..] else { panic!("{found:?}") };
    assert!(ids.len() < 40 && ids.contains(&EntryId(1)), "{ids:?}");
    let before = asked(&view);
    for _ in 0..20 {
        view.step();
    }
    assert_eq!(asked(&view), before);
}

/// The row of this entry comes from the store.
fn row_comes(view: &mut Harness<'_, View>, id: EntryId) {
    let model = &mut view.state_mut().model;
    let newest = model.history.id_at(0).unwrap();
    let row = testcard::domain::history::entry::HistoryEntry { id, ..model.history.row(newest).unwrap().clone() };
    model.apply(WorkerUpdate::Rows(vec![row]));
    view.run();
}

#[test]
fn the_menu_of_a_row_that_is_read_first_opens_once_the_row_is_here() {
    let mut view = view(1_000_000);
    let items = |view: &Harness<'_, View>| view.query_all_by_role(Role::MenuItem).count();
    view.key_press(Key::End);
    view.run();
    view.key_press_modifiers(Modifiers::SHIFT, Key::F10);
    view.run();
    assert_eq!(items(&view), 0, "nothing is known of the row yet");
    row_comes(&mut view, EntryId(2));
    assert_eq!(items(&view), 0, "it is the menu of another row");
    row_comes(&mut view, EntryId(1));
    assert!(items(&view) > 5);
    view.key_press(Key::Escape);
    view.run();
    assert_eq!(items(&view), 0);
    // Who goes on meanwhile does not want it any more.
    for (key, id) in [(Key::Home, EntryId(1_000_000)), (Key::End, EntryId(1))] {
        view.key_press(key);
        view.run();
        assert_eq!(view.state().state.cursor(), Some(id));
    }
    let far = EntryId(500_000);
    view.state_mut().state.show(far);
    view.run();
    view.key_press(Key::Menu);
    view.run();
    view.key_press(Key::ArrowDown);
    view.run();
    row_comes(&mut view, far);
    row_comes(&mut view, EntryId(499_999));
    assert_eq!(items(&view), 0);
}

#[test]
fn all_of_a_million_entries_are_selected_and_deleted_as_one() {
    let mut view = view(1_000_000);
    view.key_press_modifiers(Modifiers::COMMAND, Key::A);
    view.run();
    assert_eq!(view.state().state.selected().len(), 1_000_000);
    view.get_by_label("1,000,000 selected");
    view.key_press(Key::Delete);
    view.run();
    let deletes =
        |action: &&Action| matches!(action, Action::Edit(EntryEdit::Delete { ids }) if ids.len() == 1_000_000);
    assert_eq!(view.state().actions.iter().flatten().filter(deletes).count(), 1);
}

/// A list that comes in parts, as one of a million does.
#[test]
fn what_is_selected_of_a_list_that_comes_in_parts_is_selected_of_the_whole() {
    let mut view = view(2);
    let part = |view: &mut Harness<'_, View>, first: i64, last: i64, is_whole| {
        let (generation, rows) = (2, Vec::new());
        let ids: Vec<EntryId> = (first..=last).rev().map(EntryId).collect();
        let update = if view.state().model.history.is_whole() {
            let (list, counts) = (EntryListing::new(ids, SortOrder::default()), StatusCounts::default());
            WorkerUpdate::History { generation, list, rows, counts, is_whole }
        } else {
            WorkerUpdate::MoreHistory { generation, ids, rows, is_whole }
        };
        view.state_mut().model.apply(update);
        view.run();
    };
    let selected = |view: &Harness<'_, View>| view.state().state.selected().iter().map(|id| id.0).collect::<Vec<_>>();
    view.state_mut().state.show(EntryId(2));
    part(&mut view, 11, 20, false);
    assert_eq!(selected(&view), [2], "it may yet come");
    view.key_press(Key::Delete);
    view.run();
    assert_eq!(selected(&view), [0; 0], "nobody sees it, so it is not deleted");
    view.key_press_modifiers(Modifiers::COMMAND, Key::A);
    view.run();
    assert_eq!(selected(&view), (11..=20).collect::<Vec<_>>());
    part(&mut view, 5, 10, false);
    assert_eq!(selected(&view), (11..=20).collect::<Vec<_>>());
    part(&mut view, 1, 4, true);
    assert_eq!(selected(&view), (1..=20).collect::<Vec<_>>());
    let deletes = |action: &&Action| matches!(action, Action::Edit(EntryEdit::Delete { .. }));
    assert_eq!(view.state().actions.iter().flatten().filter(deletes).count(), 0);
}

/// Whether a tooltip is shown.
fn has_tooltip(window: &Window) -> bool {
    let is_tooltip = |layer: &LayerId| layer.order == Order::Tooltip;
    window.ctx.memory(|memory| memory.areas().visible_layer_ids().iter().any(is_tooltip))
}

#[test]
fn a_tooltip_goes_when_a_dialog_opens_above_it() {
    let (_folder, bench) = folder_of(Target::Local, &FOUR);
    let mut window = bench.open();
    for (key, title) in [(Key::R, "Runs"), (Key::O, "Import"), (Key::S, "Export")] {
        wait(&mut window, "the rows", |window| rows(window).len() == 4);
        let created = window.get_by_role_and_label(Role::Label, "2 d ago").rect().center();
        // From a place without a tooltip, so that it is the row's own that comes.
        window.event(Event::PointerMoved(pos2(1.0, 1.0)));
        window.run_ok();
        window.event(Event::PointerMoved(created));
        wait(&mut window, "the tooltip", has_tooltip);
        ctrl(&mut window, key);
        wait(&mut window, title, |window| window.query_by_role_and_label(Role::Dialog, title).is_some());
        assert!(!has_tooltip(&window), "the pointer rests on the row still, and {title} is above it");
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    // So does that of any other control.
    let button = window.get_by_role_and_label(Role::Button, "Settings").rect().center();
    window.event(Event::PointerMoved(button));
    wait(&mut window, "the tooltip", has_tooltip);
    ctrl(&mut window, Key::S);
    wait(&mut window, "Export", |window| window.query_by_role_and_label(Role::Dialog, "Export").is_some());
    assert!(!has_tooltip(&window));
}
