//! The dialog of an export: the format and the ending of the file go together, and columns are kept. And what the menu of
//! the history copies.

use std::{fs, path::Path};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable as _;
use serde_json::Value;
use tempfile::TempDir;
use testcard::{
    domain::settings::file_format::{EntryColumn, ExportForm, FileFormat},
    settings,
};

use crate::support::{
    hands::{click, click_at, click_row, input, play, says, value},
    window::{Bench, Window, copied, ctrl, make, wait, wait_for},
};

fn ends_in(window: &Window, ending: &str) -> bool {
    Path::new(&value(window, "File")).extension().is_some_and(|found| found == ending)
}

fn choose(window: &mut Window, format: &str) {
    let combo = window
        .get_by(|node| node.role() == Role::ComboBox && node.label().is_some_and(|label| label.contains("Format")))
        .rect()
        .center();
    click_at(window, combo, egui::PointerButton::Primary);
    click(window, Role::Button, format);
    window.run_ok();
}

#[test]
fn the_format_and_the_ending_of_the_file_go_together() {
    let folder = TempDir::new().unwrap();
    let mut window = Bench { export_folder: folder.path().to_owned(), ..Bench::new() }.open();
    make(&mut window, &["4242424242424242"]);
    ctrl(&mut window, Key::S);
    assert!(ends_in(&window, "json"));
    choose(&mut window, "HAR · calls for other tools");
    assert!(ends_in(&window, "har"));
    choose(&mut window, "Stripe CLI · fixtures that repeat the calls");
    assert!(ends_in(&window, "json"));
    input(&window, "File").focus();
    window.run_ok();
    play(&mut window, &format!("⬚{}", folder.path().join("tokens.ts").display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "1 entry exported to");
    let text = fs::read_to_string(folder.path().join("tokens.ts")).unwrap();
    assert!(text.contains("export const VISA_WORKS = \"tok_"), "{text}");

    // The form of the last export is offered next.
    ctrl(&mut window, Key::S);
    assert!(ends_in(&window, "ts"));
}

#[test]
fn the_columns_that_were_chosen_are_kept() {
    let folder = TempDir::new().unwrap();
    let settings_file = folder.path().join("settings/settings.json");
    let bench =
        Bench { export_folder: folder.path().to_owned(), settings_file: Some(settings_file.clone()), ..Bench::new() };
    let mut window = bench.open();
    make(&mut window, &["4242424242424242"]);
    ctrl(&mut window, Key::S);
    choose(&mut window, "CSV · a table");
    for column in EntryColumn::USUAL {
        click(&mut window, Role::CheckBox, column.label());
    }
    click(&mut window, Role::Button, "Export");
    assert!(says(&window, "Nothing was exported. The table has no column: choose one"));
    click(&mut window, Role::CheckBox, "Token");
    click(&mut window, Role::CheckBox, "HTTP status");
    let path = folder.path().join("a.csv");
    input(&window, "File").focus();
    window.run_ok();
    play(&mut window, &format!("⬚{}", path.display()));
    click(&mut window, Role::Button, "Export");
    wait_for(&mut window, "1 entry exported to");
    let table = fs::read_to_string(&path).unwrap();
    assert!(table.starts_with("token,http_status\r\ntok_") && table.ends_with(",200\r\n"), "{table}");
    let columns = vec![EntryColumn::Token, EntryColumn::HttpStatus];
    let kept = ExportForm { format: FileFormat::Csv, columns };
    wait(&mut window, "the settings", |_| settings::load(&settings_file).0.export == kept);
}

#[test]
fn the_menu_copies_one_entry_and_all_that_are_selected() {
    let mut window = Bench::new().open();
    make(&mut window, &["4242424242424242", "4000000000009995"]);
    let menu = |window: &mut Window, part: &str| {
        let place = window
            .get_by(|node| node.role() == Role::Row && node.label().is_some_and(|label| label.contains(part)))
            .rect()
            .center();
        click_at(window, place, egui::PointerButton::Secondary);
    };
    let copy = |window: &mut Window, item: &str, done: &str| {
        let texts = copied(window, |window| {
            click(window, Role::MenuItem, item);
            wait_for(window, done);
        });
        assert_eq!(texts.len(), 1, "{texts:?}");
        texts[0].clone()
    };
    menu(&mut window, "9995");
    let one: Value = serde_json::from_str(&copy(&mut window, "Copy as JSON", "JSON copied")).unwrap();
    assert_eq!(one["last4"], "9995");

    click_row(&mut window, "4242", Modifiers::COMMAND);
    menu(&mut window, "4242");
    let ids = copy(&mut window, "Copy the token ids", "Token ids copied");
    assert!(ids.lines().count() == 2 && ids.lines().all(|id| id.starts_with("tok_")), "{ids}");
    menu(&mut window, "4242");
    let table = copy(&mut window, "Copy as a Markdown table", "Markdown table copied");
    assert!(table.starts_with("| Token | Status |") && table.lines().count() == 4, "{table}");
    assert!(table.contains("| Unused | Visa 9995 |"), "{table}");
    menu(&mut window, "4242");
    let code = copy(&mut window, "Copy the calls as cURL", "cURL code copied");
    assert_eq!(code.matches("curl https://api.stripe.com/v1/tokens").count(), 2, "{code}");
}
