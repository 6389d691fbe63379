//! What is handed to the window: a file that is dropped or named, a call that is pasted. What it is, its content says, and
//! nothing of it is taken in before a person has seen what it is.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use egui::{DroppedFile, Event, HoveredFile, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;
use testcard::settings;

use crate::support::{
    hands::{click, focused, input, play, press, says, value},
    histories::{PLANTED_NUMBER, check_holds_no_secret},
    window::{Bench, NUMBER, Window, ctrl, make, rows, wait, wait_for},
};

const CALLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/calls");

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        panic!("no frame reads a file")
    }
}

fn drop_files(window: &mut Window, paths: &[&Path]) {
    let files = paths.iter().map(|path| Arc::new(Dropped((*path).to_owned())) as _);
    window.input_mut().dropped_files.extend(files);
    window.run_ok();
}

/// Tokens of these cards as an export, and where it is.
fn exported(folder: &Path, name: &str, cards: &[&str]) -> PathBuf {
    let mut window = Bench { export_folder: folder.to_owned(), ..Bench::new() }.open();
    make(&mut window, cards);
    ctrl(&mut window, Key::S);
    play(&mut window, &format!("⬚{name}↵"));
    wait_for(&mut window, "exported to");
    folder.join(name)
}

fn buttons(window: &Window) -> Vec<String> {
    window.query_all_by_role(Role::Button).filter_map(|button| button.accesskit_node().label()).collect()
}

#[test]
fn an_export_that_is_dropped_is_told_of_and_then_imported() {
    let folder = TempDir::new().unwrap();
    for name in ["tokens.json", "tokens.jsonl"] {
        let path = exported(folder.path(), name, &["4242424242424242", "4000000000009995"]);
        // What it is called says nothing.
        let renamed = folder.path().join("backup of monday");
        fs::rename(path, &renamed).unwrap();
        let mut window = Bench::new().open();
        drop_files(&mut window, &[&renamed]);
        wait_for(&mut window, "2 entries, all of them new");
        assert_eq!(rows(&window).len(), 0, "nothing is taken in unasked");
        assert_eq!(focused(&window).as_deref(), Some("Import 2 entries"));
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait_for(&mut window, "2 entries imported from backup of monday");
        wait(&mut window, "the rows", |window| rows(window).len() == 2);
        assert!(!says(&window, "all of them new"), "the dialog is closed");

        drop_files(&mut window, &[&renamed]);
        wait_for(&mut window, "Nothing new: 2 entries known already");
        assert!(!buttons(&window).iter().any(|name| name.starts_with("Import 2")));
        press(&mut window, Modifiers::NONE, Key::Escape);
        assert_eq!(rows(&window).len(), 2);
        fs::remove_file(renamed).unwrap();
    }
}

#[test]
fn a_list_that_is_dropped_is_the_list_of_a_new_run() {
    let folder = TempDir::new().unwrap();
    let list = folder.path().join("nightly cards.csv");
    let rows_of = format!("card[number],card[cvc],expect\n4242424242424242,123,ok\n{PLANTED_NUMBER},123,ok\n");
    fs::write(&list, rows_of).unwrap();
    let mut window = Bench::new().open();
    drop_files(&mut window, &[&list]);
    wait_for(&mut window, "2 rows, 4 calls at most");
    assert!(says(&window, "nightly cards.csv"));
    ctrl(&mut window, Key::Enter);
    // The number is no test card's, and its code is not kept: both are sent from the list alone.
    wait_for(&mut window, "2 rows: 2 as expected");
    assert!(says(&window, "nightly-cards · run 1"));
}

#[test]
fn calls_of_other_tools_come_into_the_form_or_the_presets_and_the_rest_is_named() {
    let folder = TempDir::new().unwrap();
    let settings_file = folder.path().join("config/settings.json");
    let mut window = Bench { settings_file: Some(settings_file.clone()), ..Bench::new() }.open();
    ctrl(&mut window, Key::O);
    assert_eq!(focused(&window).as_deref(), Some("File"));
    play(&mut window, &format!("⟦{CALLS}/collection.json⟧↵"));
    wait_for(&mut window, "2 calls make a token");
    for words in ["Left, 3:", "Call 'Charge' (POST /v1/charges) makes no token", "which the collection does not set"] {
        assert!(says(&window, words), "{words}");
    }
    assert_eq!(focused(&window).as_deref(), Some("Calls that make a token"));
    play(&mut window, "↓↓↓↵");
    wait_for(&mut window, "The call was put into the form");
    assert!(says(&window, "Raw parameters"), "the second has a parameter without a field");
    drop_files(&mut window, &[&Path::new(CALLS).join("collection.json")]);
    wait_for(&mut window, "2 calls make a token");
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait(&mut window, "the number", |window| {
        window.query_by_role_and_label(Role::TextInput, NUMBER).and_then(|node| node.value()).as_deref()
            == Some("4000 0000 0000 0002")
    });

    for said in ["2 presets made", "0 presets made; 2 presets there already"] {
        drop_files(&mut window, &[&Path::new(CALLS).join("collection.json")]);
        wait_for(&mut window, "2 calls make a token");
        click(&mut window, Role::Button, "Keep all 2 as presets");
        wait_for(&mut window, said);
    }
    let presets_file = folder.path().join("config/presets.json");
    wait(&mut window, "the presets", |_| settings::presets::load(&presets_file).0.own.len() == 2);
    let names: Vec<String> = settings::presets::load(&presets_file).0.own.into_iter().map(|own| own.name).collect();
    assert_eq!(names, ["Declined card", "Raw form"]);
    check_holds_no_secret("the presets", &fs::read(presets_file).unwrap());
}

#[test]
fn a_call_that_is_pasted_fills_the_form() {
    let call =
        "curl https://api.stripe.com/v1/tokens -u sk_test_x: -d 'card[number]=4000000000000002' -d 'card[cvc]=123'";
    let mut window = Bench::new().open();
    // By itself, where it cannot be meant for the field.
    assert_eq!(focused(&window).as_deref(), Some(NUMBER));
    window.event(Event::Paste(call.to_owned()));
    wait_for(&mut window, "The call was put into the form");
    assert_eq!(value(&window, NUMBER).replace(' ', ""), "4000000000000002");

    // Anywhere, once it is asked for.
    ctrl(&mut window, Key::N);
    ctrl(&mut window, Key::K);
    play(&mut window, "paste a call");
    window.key_press(Key::Enter);
    window.step();
    window.event(Event::Paste(call.replace("0002", "9995")));
    wait(&mut window, "the number", |window| value(window, NUMBER).replace(' ', "") == "4000000000009995");

    // What is no call says so, and changes nothing.
    ctrl(&mut window, Key::K);
    play(&mut window, "paste a call");
    window.key_press(Key::Enter);
    window.step();
    window.event(Event::Paste("curl https://api.stripe.com/v1/charges -d amount=1".to_owned()));
    wait_for(&mut window, "The call (POST /v1/charges) makes no token");
    assert!(says(&window, "No call in it makes a token"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    ctrl(&mut window, Key::K);
    play(&mut window, "paste a call");
    window.key_press(Key::Enter);
    window.step();
    window.event(Event::Paste("Hello".to_owned()));
    wait_for(&mut window, "Could not take what was pasted in: it is neither an export");
    assert_eq!(value(&window, NUMBER).replace(' ', ""), "4000000000009995");
}

#[test]
fn a_file_that_is_nothing_of_all_that_is_refused_in_words() {
    let folder = TempDir::new().unwrap();
    let mut window = Bench { export_folder: folder.path().to_owned(), ..Bench::new() }.open();
    let cut = exported(folder.path(), "cut.json", &["4242424242424242"]);
    let text = fs::read_to_string(&cut).unwrap();
    fs::write(&cut, &text[..text.len() / 2]).unwrap();
    ctrl(&mut window, Key::O);
    for (name, content, words) in [
        ("letter.txt", "Dear all,\nplease find", "it is neither an export of Testcard, a list"),
        ("empty", "", "it is empty"),
        ("list.csv", "card[number],step\n4242424242424242,perhaps\n", "line 2, column step"),
        (
            "list.jsonl",
            "{\"card[number]\": \"4242424242424242\", \"colour\": 1}",
            "line 1, column colour: there is no such column",
        ),
        ("broken.har", "{\"log\": {\"entries\": [}", "line 1, column"),
        ("package.json", "{\"name\": \"x\", \"version\": \"1\"}", "it is neither an export"),
        ("cut.json", "", "nothing of it was kept: line"),
        ("nowhere.json", "", "No such file"),
    ] {
        if !content.is_empty() || name == "empty" {
            fs::write(folder.path().join(name), content).unwrap();
        }
        input(&window, "File").focus();
        window.run_ok();
        play(&mut window, &format!("⬚⟦{name}⟧↵"));
        wait_for(&mut window, words);
        assert_eq!(focused(&window).as_deref(), Some("File"), "{name}");
    }
    click(&mut window, Role::Button, "Look into it");
    wait_for(&mut window, "No such file");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(rows(&window).len(), 0);
}

#[test]
fn a_file_that_hangs_over_the_window_is_told_what_can_be_dropped() {
    let mut window = Bench::new().open();
    window.input_mut().hovered_files.push(HoveredFile::default());
    window.run_ok();
    assert!(says(&window, "Drop the file to take it in"));
    window.input_mut().hovered_files.clear();
    window.run_ok();
    assert!(!says(&window, "Drop the file"));
    ctrl(&mut window, Key::Comma);
    window.input_mut().hovered_files.push(HoveredFile::default());
    window.run_ok();
    assert!(says(&window, "Close it first, then drop the file"));
    window.input_mut().hovered_files.clear();
    drop_files(&mut window, &[Path::new("/nowhere/a.json")]);
    assert!(says(&window, "Nothing was taken in: a dialog is open"));
    press(&mut window, Modifiers::NONE, Key::Escape);
    drop_files(&mut window, &[Path::new("/nowhere/a.json"), Path::new("/nowhere/b.json")]);
    assert!(says(&window, "Nothing was taken in: several files were dropped"));
}
