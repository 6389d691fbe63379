//! Evidence in the window: of an entry, of a selection and of a run, in every format.

use std::fs;

use egui::{Key, Modifiers, PointerButton, Role};
use egui_kittest::kittest::Queryable as _;
use tempfile::TempDir;

use crate::support::{
    hands::{click, click_at, click_row, focused, input, play, press, says},
    window::{Bench, Window, ctrl, make, wait, wait_for},
};

fn menu(window: &mut Window, part: &str) {
    let row = window.get_by(|node| node.role() == Role::Row && node.label().is_some_and(|label| label.contains(part)));
    let place = row.rect().center();
    click_at(window, place, PointerButton::Secondary);
}

#[test]
fn evidence_is_written_of_an_entry_a_selection_and_a_run() {
    let folder = TempDir::new().unwrap();
    let mut window = Bench { export_folder: folder.path().to_owned(), ..Bench::new() }.open();
    make(&mut window, &["4242424242424242", "4000000000009995"]);
    menu(&mut window, "9995");
    click(&mut window, Role::MenuItem, "Evidence…");
    assert_eq!(focused(&window).as_deref(), Some("File of the evidence"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait_for(&mut window, "Evidence written to");
    let page = fs::read_to_string(folder.path().join("evidence-2.html")).unwrap();
    assert!(page.contains("<h2>Entry 2 ") && !page.contains("<h2>Entry 1 "), "{page}");

    click_row(&mut window, "4242", Modifiers::COMMAND);
    menu(&mut window, "4242");
    click(&mut window, Role::MenuItem, "Evidence of the selected…");
    click(&mut window, Role::RadioButton, "Markdown");
    click(&mut window, Role::Button, "Write the evidence");
    wait(&mut window, "the document", |_| folder.path().join("evidence.md").exists());
    let text = fs::read_to_string(folder.path().join("evidence.md")).unwrap();
    assert!(text.contains("## Entry 1 ") && text.contains("## Entry 2 "), "{text}");
    wait(&mut window, "its end", |window| !says(window, "Write the evidence"));

    ctrl(&mut window, Key::R);
    window.run_ok();
    input(&window, "List").focus();
    window.run_ok();
    ctrl(&mut window, Key::A);
    play(&mut window, "⬚⟦card=4242424242424242 cvc=good,none⟧");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 2 as expected");
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Evidence…").is_some());
    click(&mut window, Role::Button, "Evidence…");
    assert!(says(&window, "Run 1 matrix, every row of it"));
    click(&mut window, Role::RadioButton, "Zip with raw bodies");
    click(&mut window, Role::Button, "Write the evidence");
    let path = folder.path().join("evidence-run-1-matrix.zip");
    wait(&mut window, "the archive", |_| path.exists());
    assert!(zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap().len() > 5);
    wait(&mut window, "its end", |window| !says(window, "Write the evidence"));
    click(&mut window, Role::Button, "Evidence…");
    click(&mut window, Role::RadioButton, "Zip with raw bodies");
    click(&mut window, Role::Button, "Write the evidence");
    wait_for(&mut window, "Replace evidence-run-1-matrix.zip?");
    click(&mut window, Role::Button, "Keep it");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "the runs", |window| says(window, "2 rows: 2 as expected"));
}
