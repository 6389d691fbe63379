//! What the list of a new run is made of in the window: cards and values from lists, presets, entries of the history.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::domain::{
    form::draft::Draft,
    presets::{library::PresetLibrary, preset::PresetKey},
    rules::expectation::Expectation,
};

use crate::support::{
    hands::{click, focused, input, play, press, says, value},
    window::{Bench, Window, ctrl, make, rows, wait, wait_for},
};

/// Presses Tab until what is called so has the focus.
#[track_caller]
fn tab_to(window: &mut Window, name: &str) {
    for _ in 0..80 {
        if focused(window).as_deref() == Some(name) {
            return;
        }
        press(window, Modifiers::NONE, Key::Tab);
    }
    panic!("Tab does not lead to {name}, but to {:?}", focused(window));
}

fn is_chosen(window: &Window, chip: &str) -> bool {
    let chip = window.get_by_role_and_label(Role::Button, chip);
    chip.accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
}

#[test]
fn a_matrix_is_chosen_by_keyboard_and_written_as_a_text() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::R);
    assert_eq!(focused(&window).as_deref(), Some("Search cards"));
    wait_for(&mut window, "2 chosen");
    // The first of the list is chosen already; Enter goes on from one to the next.
    play(&mut window, "↓↵↵↵↵↵↵↵↵↵↵");
    wait_for(&mut window, "12 chosen");
    wait_for(&mut window, "72 rows, 144 calls at most");
    let list = value(&window, "List");
    assert!(list.starts_with("card=4242424242424242,4000000000009995,4000056655665556,"), "{list}");
    assert!(list.ends_with(" cvc=good,bad,none network=visa,none"), "{list}");
    // By a word, and taken away again.
    play(&mut window, "lost");
    wait_for(&mut window, "12 chosen · at Lost card decline");
    play(&mut window, "↵");
    wait_for(&mut window, "13 chosen");
    press(&mut window, Modifiers::NONE, Key::ArrowUp);
    assert!(says(&window, "13 chosen · at Lost card decline, chosen"));
    play(&mut window, "↵");
    wait_for(&mut window, "12 chosen");
    for (chip, words) in [("Bad CVC", "48 rows"), ("Mastercard", "72 rows"), ("ZIP 12345", "144 rows")] {
        let before = is_chosen(&window, chip);
        tab_to(&mut window, chip);
        press(&mut window, Modifiers::NONE, Key::Space);
        wait_for(&mut window, words);
        assert_eq!(is_chosen(&window, chip), !before, "{chip}");
    }
    tab_to(&mut window, "Another amount");
    // Nothing is added by Enter alone.
    play(&mut window, "↵777↵");
    wait_for(&mut window, "288 rows");
    assert!(is_chosen(&window, "Amount 777"));
    let list = value(&window, "List");
    assert!(list.ends_with(" cvc=good,none zip=none,12345 network=visa,none,mastercard amount=2000,777"), "{list}");
}

#[test]
fn a_value_may_have_the_signs_between_values() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::R);
    input(&window, "List").focus();
    window.run_ok();
    play(&mut window, "⬚⟦card=tok_visa zip=\"SW1A 1AA\"⟧");
    wait_for(&mut window, "1 chosen");
    assert!(is_chosen(&window, "ZIP SW1A 1AA") && !is_chosen(&window, "No ZIP"));
    tab_to(&mut window, "Another ZIP");
    play(&mut window, "⟦D02 \"AF30\", x⟧↵");
    wait_for(&mut window, "2 rows, 4 calls at most");
    assert!(is_chosen(&window, "ZIP D02 \"AF30\", x"));
    assert_eq!(
        value(&window, "List"),
        "card=4242424242424242 zip=\"SW1A 1AA\",\"D02 \"\"AF30\"\", x\"",
        "as the command line takes it"
    );
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 2 as expected");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "the rows", |window| rows(window).len() == 2);
}

#[test]
fn a_text_that_is_typed_is_shown_as_what_is_chosen_and_a_wrong_one_leaves_the_lists() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::R);
    input(&window, "List").focus();
    window.run_ok();
    play(&mut window, "⬚⟦card=amex cvc=none amount=7⟧");
    wait_for(&mut window, "2 chosen");
    assert!(is_chosen(&window, "No CVC") && !is_chosen(&window, "Good CVC") && is_chosen(&window, "Amount 7"));
    play(&mut window, "⬚⟦card=amex colour=red⟧");
    wait_for(&mut window, "The text is not a matrix yet");
    assert!(window.get_by_role_and_label(Role::Button, "No CVC").accesskit_node().is_disabled());
    play(&mut window, "⬚⌫");
    wait_for(&mut window, "0 chosen");
    click(&mut window, Role::Button, "Declines 9");
    click(&mut window, Role::Button, "Choose all shown");
    wait_for(&mut window, "9 rows, 18 calls at most");
    click(&mut window, Role::Button, "Choose none");
    wait_for(&mut window, "The matrix has no card");
    assert!(window.get_by_role_and_label(Role::Button, "Run 0 rows").accesskit_node().is_disabled());
}

fn library() -> PresetLibrary {
    let mut library = PresetLibrary::default();
    for (id, name, number, expected) in
        [(7, "Nightly lost", "4000000000009987", "lost_card"), (8, "Smoke", "4242424242424242", "")]
    {
        let draft = Draft { number: number.into(), expiry: "1240".to_owned(), cvc: "987".into(), ..Draft::default() };
        let mut expects = Expectation::default();
        if !expected.is_empty() {
            expects.charge = testcard::domain::rules::expectation::ExpectedResult::Fails(expected.to_owned());
        }
        assert_eq!(library.save(name, &draft, Some(expects), id), PresetKey::Own(id.unsigned_abs()));
    }
    library.tag(7, vec!["declines".to_owned()]);
    library
}

#[test]
fn presets_of_ones_own_are_run_mixed_with_built_in_ones() {
    let bench = Bench { library: library(), ..Bench::new() };
    let mut window = bench.open();
    ctrl(&mut window, Key::R);
    click(&mut window, Role::RadioButton, "Presets");
    assert!(window.get_by_role_and_label(Role::Button, "Run 0 rows").accesskit_node().is_disabled());
    click(&mut window, Role::Button, "#declines 1");
    click(&mut window, Role::Button, "Choose all shown");
    wait_for(&mut window, "1 row, 2 calls at most");
    click(&mut window, Role::Button, "Wrong on purpose 17");
    window.get_by_role_and_label(Role::SearchInput, "Search presets").focus();
    window.run_ok();
    play(&mut window, "invalid_cvc↵");
    wait_for(&mut window, "2 rows, 4 calls at most");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 2 as expected");
    wait(&mut window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
    click(&mut window, Role::Button, "Show entries");
    wait(&mut window, "the entries", |window| rows(window).len() == 2);
    assert!(
        rows(&window).iter().any(|row| row.contains("declines") && row.contains("Nightly lost")),
        "{:?}",
        rows(&window)
    );
}

#[test]
fn what_is_selected_is_made_again_and_what_is_not_kept_is_named() {
    let mut window = Bench::new().open();
    make(&mut window, &["4242424242424242", "4539578763621486", "4000000000009995"]);
    ctrl(&mut window, Key::Num2);
    press(&mut window, Modifiers::COMMAND, Key::A);
    wait_for(&mut window, "3 selected");
    click(&mut window, Role::Button, "Run again…");
    wait_for(&mut window, "2 of 3 entries are made again");
    wait_for(&mut window, "453957******1486: the number of its card was not kept");
    wait_for(&mut window, "2 rows, 4 calls at most");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "2 rows: 2 as expected");
    wait_for(&mut window, "again · run 1");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "the rows", |window| rows(window).len() == 5);
    // By the palette, of one entry alone.
    press(&mut window, Modifiers::NONE, Key::ArrowDown);
    ctrl(&mut window, Key::K);
    play(&mut window, "run the selected↵");
    // The one below the newest: its number was not kept.
    wait_for(&mut window, "0 of 1 entry are made again");
    assert!(window.get_by_role_and_label(Role::Button, "Run 0 rows").accesskit_node().is_disabled());
}
