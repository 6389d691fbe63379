//! How the window looks: a few pictures of its parts, dark and light, drawn by software so that they are the same on
//! every machine. `UPDATE_SNAPSHOTS=true cargo test pictures::` accepts a new look.

use egui::{Key, Rect, Role, pos2};
use egui_kittest::{SnapshotOptions, SnapshotResults, kittest::Queryable as _, try_image_snapshot_options};
use image::{RgbaImage, imageops::crop_imm};
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use testcard::{
    domain::{call::api::Target, settings::preferences::ThemeChoice},
    store::{FILE_NAME, NewCall, Store, StoreLocation},
};

use crate::support::{
    hands::{focused, input, play},
    histories::{creation, say, token},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

const SIZE: [f32; 2] = [1280.0, 760.0];
const THEMES: [(ThemeChoice, &str); 2] = [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")];
/// The moment of the bench's clock.
const NOW: i64 = 1_900_000_000;

fn bench(theme: ThemeChoice) -> Bench {
    let mut bench = Bench { size: SIZE, ..Bench::new() };
    bench.settings.window.theme = theme;
    bench
}

/// Holds a part of the window against its picture.
fn compare(window: &mut Window, results: &mut SnapshotResults, part: Rect, name: &str) {
    window.run_ok();
    let whole = window.render().unwrap();
    let [left, top, right, bottom] = [part.left(), part.top(), part.right(), part.bottom()].map(|edge| edge as u32);
    let picture: RgbaImage = crop_imm(&whole, left, top, right - left, bottom - top).to_image();
    // Another processor may round a pixel of a glyph's edge otherwise; a change that can be seen has hundreds of them.
    let options = SnapshotOptions::new().output_path("tests/pictures").max_failed_pixels(40);
    results.add(try_image_snapshot_options(&picture, name, &options));
}

fn form_part() -> Rect {
    Rect::from_min_max(pos2(0.0, 45.0), pos2(320.0, 733.0))
}

/// The part between two names of splitters, above the status line: the folder that it names is another every time.
fn middle_part(window: &Window) -> Rect {
    let [form, inspector] = ["Width of the form", "Width of the inspector"]
        .map(|name| window.get_by_role_and_label(Role::Splitter, name).rect().center().x);
    Rect::from_min_max(pos2(form, 45.0), pos2(inspector, 500.0))
}

fn inspector_part(window: &Window) -> Rect {
    let left = window.get_by_role_and_label(Role::Splitter, "Width of the inspector").rect().center().x;
    Rect::from_min_max(pos2(left, 45.0), pos2(SIZE[0], 733.0))
}

/// A folder with tokens of every kind, with times that do not depend on the machine.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let place = StoreLocation::Folder(folder.path().to_owned());
    let store = Store::open(&place, Timestamp::from_second(NOW).unwrap()).unwrap();
    for ((name, brand, last4, is_used), nth) in [
        ("tok_1PictureOfATokenForDinersC", "Diners Club", "0004", false),
        ("tok_1PictureOfATokenForMasterC", "MasterCard", "4444", true),
        ("tok_1PictureOfATokenForAVisaNo", "Visa", "9995", false),
        ("tok_1PictureOfATokenForAVisaOk", "Visa", "4242", false),
    ]
    .into_iter()
    .zip(0..)
    {
        let started = Timestamp::from_second(NOW - 1000 * (4 - nth)).unwrap();
        let call = NewCall { started, ..creation(Target::Local, &[("card[number]", "4242424242424242")]) };
        store.answer(call, say(token(name, brand, last4, is_used))).wait().unwrap();
    }
    drop(store);
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    connection.execute_batch("UPDATE entries SET took_micros = 420; UPDATE exchanges SET took_micros = 420").unwrap();
    folder
}

#[test]
fn the_form_right_and_wrong() {
    let mut results = SnapshotResults::new();
    for (theme, word) in THEMES {
        let mut window = bench(theme).open_drawn();
        ctrl(&mut window, Key::L);
        play(&mut window, "4000000000009995");
        play(&mut window, "1236123Jenny Rosen");
        ctrl(&mut window, Key::Num2);
        compare(&mut window, &mut results, form_part(), &format!("form-right-{word}"));
        ctrl(&mut window, Key::N);
        play(&mut window, "4242424242424241");
        input(&window, "Expiry").focus();
        window.run_ok();
        play(&mut window, "1336");
        ctrl(&mut window, Key::Num2);
        compare(&mut window, &mut results, form_part(), &format!("form-wrong-{word}"));
    }
}

#[test]
fn the_history_the_inspector_and_a_diff() {
    let mut results = SnapshotResults::new();
    for (theme, word) in THEMES {
        let folder = folder();
        let mut window = Bench { folder: Some(folder.path().to_owned()), ..bench(theme) }.open_drawn();
        wait(&mut window, "the rows", |window| rows(window).len() == 4);
        ctrl(&mut window, Key::Num2);
        assert_eq!(focused(&window).as_deref(), Some("History"));
        play(&mut window, "↓");
        wait_for(&mut window, "object: token");
        let part = middle_part(&window);
        compare(&mut window, &mut results, part, &format!("history-{word}"));
        let part = inspector_part(&window);
        compare(&mut window, &mut results, part, &format!("inspector-{word}"));
        window.key_press_modifiers(egui::Modifiers::SHIFT, Key::ArrowDown);
        window.run_ok();
        window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, Key::D);
        wait_for(&mut window, "/card/last4");
        let part = inspector_part(&window);
        compare(&mut window, &mut results, part, &format!("diff-{word}"));
    }
}

#[test]
fn the_palette() {
    let mut results = SnapshotResults::new();
    for (theme, word) in THEMES {
        let mut window = bench(theme).open_drawn();
        ctrl(&mut window, Key::K);
        play(&mut window, "insuf");
        let dialog = Rect::from_min_max(pos2(240.0, 45.0), pos2(1040.0, 730.0));
        compare(&mut window, &mut results, dialog, &format!("palette-{word}"));
    }
}
