//! The command palette over the whole window, with the keyboard: presets, actions, favourites, own presets, the draft.

use std::{fs, path::PathBuf};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;
use testcard::{
    domain::{form::kept_draft::KeptForm, presets::library::PresetLibrary, settings::preferences::ThemeChoice},
    settings,
};

use crate::support::{
    hands::{click, focused, input, play, says, value},
    window::{Bench, Window, copied, ctrl, rows, wait, wait_for},
};

const SEARCH: &str = "Search actions and test cards";

/// What the palette lists, the marked one with `▸`.
fn listed(window: &Window) -> Vec<String> {
    window
        .query_all_by_role(Role::ListBoxOption)
        .map(|option| {
            let node = option.accesskit_node();
            let mark = if node.is_selected() == Some(true) { "▸ " } else { "" };
            format!("{mark}{}", node.label().unwrap_or_default())
        })
        .collect()
}

fn marked(window: &Window) -> String {
    listed(window).into_iter().find_map(|line| line.strip_prefix("▸ ").map(str::to_owned)).unwrap_or_default()
}

/// Opens the palette and types.
fn search(window: &mut Window, words: &str) {
    ctrl(window, Key::K);
    assert_eq!(focused(window).as_deref(), Some(SEARCH));
    play(window, words);
}

fn is_open(window: &Window) -> bool {
    window.query_by_role_and_label(Role::TextInput, SEARCH).is_some()
}

/// A window with a settings folder of its own.
struct Kept {
    folder: TempDir,
}

impl Kept {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// A window over what is kept, as `main` opens it.
    fn open(&self) -> Window {
        let (library, warnings) = settings::presets::load(&self.file("presets.json"));
        let (form, _) = settings::draft::load(&self.file("draft.json"));
        Bench { settings_file: Some(self.file("settings.json")), library, form, warnings, ..Bench::new() }.open()
    }
}

#[test]
fn a_preset_that_was_added_by_hand_since_the_start_stays_in_the_file() {
    let kept = Kept::new();
    let mut window = kept.open();
    let by_hand = r#"{"presets": [{"id": 7, "name": "By hand", "draft": {"number": "4242424242424242"}}]}"#;
    fs::write(kept.file("presets.json"), by_hand).unwrap();
    search(&mut window, "insuf");
    play(&mut window, "↵");
    wait(&mut window, "the use", |_| kept.text("presets.json").contains("card:4000000000009995"));
    assert!(kept.text("presets.json").contains("By hand"), "{}", kept.text("presets.json"));
}

#[test]
fn typing_insuf_and_enter_makes_the_token_and_copies_its_id() {
    let mut window = Bench::new().open();
    search(&mut window, "insuf");
    assert!(marked(&window).starts_with("Insufficient funds decline: declined at charge"), "{:?}", listed(&window));
    assert!(says(&window, "Your card has insufficient funds."), "the rail has its message");
    let texts = copied(&mut window, |window| {
        play(window, "↵");
        wait_for(window, "Token created, id copied");
    });
    assert!(!is_open(&window));
    let made = rows(&window);
    assert_eq!(texts.len(), 1);
    assert!(made.len() == 1 && made[0].contains(&texts[0]) && made[0].contains("9995"), "{made:?} {texts:?}");
}

#[test]
fn another_key_fills_the_form_only_and_says_what_is_expected() {
    let mut window = Bench::new().open();
    search(&mut window, "invalid_cvc");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    assert!(!is_open(&window) && rows(&window).is_empty());
    assert_eq!((value(&window, "Card number").as_str(), value(&window, "CVC").as_str()), ("4242 4242 4242 4242", "12"));
    assert!(window.query_by_role_and_label(Role::Button, "Expects token fails with invalid_cvc").is_some());
    // With another code the form makes a token, which is not what was asked for.
    input(&window, "CVC").focus();
    window.run_ok();
    play(&mut window, "⬚123");
    assert!(says(&window, "As it stands, the form makes a token"));
    // With another number nothing is expected any more.
    ctrl(&mut window, Key::L);
    play(&mut window, "⌫");
    assert!(!says(&window, "Expects"));
    assert!(window.query_by_role_and_label(Role::Button, "What should happen?").is_some());
}

#[test]
fn an_expectation_can_be_dropped() {
    let mut window = Bench::new().open();
    search(&mut window, "lost card");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    assert!(says(&window, "Expects charge declines with lost_card"));
    click(&mut window, Role::Button, "Drop the expectation");
    assert!(!says(&window, "Expects"));
    assert_eq!(value(&window, "Card number"), "4000 0000 0000 9987", "the form stays");
}

#[test]
fn the_field_for_what_should_happen_opens_the_palette_on_outcomes() {
    let mut window = Bench::new().open();
    click(&mut window, Role::Button, "What should happen?");
    play(&mut window, "export");
    assert!(listed(&window).is_empty() && says(&window, "Nothing of this kind"));
    play(&mut window, "⬚co-branded CB/Visa");
    assert!(marked(&window).starts_with("Cartes Bancaires/Visa: works, co-branded CB/Visa"));
}

#[test]
fn actions_are_listed_with_their_keys_and_done_by_enter() {
    let mut window = Bench::new().open();
    search(&mut window, "export");
    assert_eq!(marked(&window).replace("Cmd", "Ctrl"), "Export… Ctrl+S");
    play(&mut window, "↵");
    assert!(!is_open(&window));
    assert!(window.query_by_role_and_label(Role::Dialog, "Export").is_some() || says(&window, "Export"));
    play(&mut window, "⎋");
    search(&mut window, "light theme");
    play(&mut window, "↵");
    assert!(!window.ctx.global_style().visuals.dark_mode);
    search(&mut window, "stripe api");
    play(&mut window, "↵");
    wait_for(&mut window, "No API key");
}

#[test]
fn the_mark_moves_by_keys_and_esc_leaves_everything_as_it_was() {
    let mut window = Bench::new().open();
    search(&mut window, "lost");
    let first = marked(&window);
    play(&mut window, "⬚decline↓");
    assert_ne!(marked(&window), first);
    window.key_press(Key::PageDown);
    window.run_ok();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Home);
    window.run_ok();
    assert_eq!(listed(&window).iter().position(|line| line.starts_with("▸ ")), Some(0));
    play(&mut window, "⎋");
    assert!(!is_open(&window) && value(&window, "Card number").is_empty());
}

#[test]
fn favourites_and_recents_come_first_and_are_kept() {
    let kept = Kept::new();
    let mut window = kept.open();
    search(&mut window, "lost card");
    ctrl(&mut window, Key::D);
    assert!(marked(&window).ends_with(", favourite"), "{}", marked(&window));
    play(&mut window, "⬚stolen card↵");
    wait_for(&mut window, "Token created");
    drop(window);

    let mut again = kept.open();
    ctrl(&mut again, Key::K);
    let all = listed(&again);
    assert!(all[0].starts_with("▸ Lost card decline") && all[1].starts_with("Stolen card decline"), "{all:?}");
    ctrl(&mut again, Key::D);
    assert!(listed(&again)[0].starts_with("▸ Stolen card decline"));
    play(&mut again, "⎋");
    // The empty form has them at hand.
    ctrl(&mut again, Key::N);
    click(&mut again, Role::Button, "Stolen card decline");
    assert_eq!(value(&again, "Card number"), "4000 0000 0000 9979");
}

#[test]
fn a_preset_does_not_expect_what_the_code_that_is_left_out_did() {
    let kept = Kept::new();
    let mut window = kept.open();
    search(&mut window, "invalid_cvc");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    click(&mut window, Role::Button, "Save the form as a preset…");
    assert!(says(&window, "Expects token, attach and charge work"));
    assert!(says(&window, "needs what is left out, and is not kept: token fails with invalid_cvc"));
    play(&mut window, "Short code↵");
    wait(&mut window, "the file", |_| kept.text("presets.json").contains("Short code"));
    let file: serde_json::Value = serde_json::from_str(&kept.text("presets.json")).unwrap();
    assert_eq!(file["presets"][0]["expects"]["token"], "ok");
}

#[test]
fn the_form_is_saved_as_a_preset_renamed_and_deleted() {
    let kept = Kept::new();
    let mut window = kept.open();
    search(&mut window, "generic decline");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    click(&mut window, Role::Button, "Save the form as a preset…");
    assert!(says(&window, "Expects charge declines with generic_decline"));
    assert!(says(&window, "Left out: the CVC"));
    play(&mut window, "Nightly run↵");
    wait_for(&mut window, "Saved as Nightly run");
    ctrl(&mut window, Key::N);

    search(&mut window, "nightly");
    assert!(
        marked(&window).starts_with("Nightly run: declined at charge"),
        "{:?} {}",
        listed(&window),
        kept.text("presets.json")
    );
    window.key_press(Key::F2);
    window.run_ok();
    assert_eq!(value(&window, "Name"), "Nightly run");
    play(&mut window, "Weekly run↵");
    drop(window);
    assert!(kept.text("presets.json").contains("Weekly run"));

    let mut again = kept.open();
    search(&mut again, "weekly↵");
    wait_for(&mut again, "Token created");
    assert_eq!(value(&again, "Card number"), "4000 0000 0000 0002");
    search(&mut again, "weekly");
    again.key_press(Key::F2);
    again.run_ok();
    click(&mut again, Role::Button, "Delete this preset");
    wait_for(&mut again, "The preset Weekly run was deleted");
    click(&mut again, Role::Button, "Undo");
    search(&mut again, "weekly");
    assert_eq!(listed(&again).len(), 1, "it came back");
    again.key_press(Key::F2);
    again.run_ok();
    click(&mut again, Role::Button, "Delete this preset");
    search(&mut again, "weekly");
    assert!(listed(&again).is_empty());
    drop(again);
    assert!(!kept.text("presets.json").contains("Weekly"));
}

#[test]
fn the_draft_comes_back_without_its_code_and_says_nothing_wrong() {
    let kept = Kept::new();
    let mut window = kept.open();
    ctrl(&mut window, Key::L);
    // A published number that is wrong, and a month that is.
    play(&mut window, "4242424242424241");
    input(&window, "Expiry").focus();
    window.run_ok();
    play(&mut window, "1330");
    input(&window, "CVC").focus();
    window.run_ok();
    play(&mut window, "987");
    assert!(says(&window, "Month must be 1–12"));
    // Once typing has paused.
    window.run_steps(8);
    wait(&mut window, "the draft", |_| kept.file("draft.json").exists());
    drop(window);
    assert!(!kept.text("draft.json").contains("987"));

    let mut again = kept.open();
    assert_eq!(value(&again, "Card number"), "4242 4242 4242 4241");
    assert_eq!((value(&again, "Expiry").as_str(), value(&again, "CVC").as_str()), ("13 / 30", ""));
    assert!(!says(&again, "Month must be 1–12") && !says(&again, "does not fit"), "nobody typed yet");
    input(&again, "CVC").focus();
    again.run_ok();
    play(&mut again, "1");
    assert!(says(&again, "Month must be 1–12"));
}

#[test]
fn what_was_typed_last_is_kept_when_the_window_closes() {
    let kept = Kept::new();
    let mut window = kept.open();
    search(&mut window, "insuf");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    drop(window);
    let mut again = kept.open();
    assert_eq!(value(&again, "Card number"), "4000 0000 0000 9995");
    assert!(says(&again, "Expects charge declines with insufficient_funds"));
    ctrl(&mut again, Key::N);
    drop(again);
    assert!(!kept.file("draft.json").exists(), "an empty form leaves no file");
}

#[test]
fn a_broken_file_of_presets_is_told_and_stops_nothing() {
    let kept = Kept::new();
    fs::write(kept.file("presets.json"), "{ not json").unwrap();
    let mut window = kept.open();
    wait_for(&mut window, "The presets file is not JSON");
    search(&mut window, "insuf↵");
    wait_for(&mut window, "Token created");
    drop(window);
    assert_eq!(kept.text("presets.json.bad"), "{ not json");
    assert!(kept.text("presets.json").contains("card:4000000000009995"));
}

#[test]
fn a_co_branded_number_says_what_each_preference_comes_to() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::L);
    play(&mut window, "4000002500001001");
    for words in [
        "Automatic: Stripe will store null",
        "Cartes Bancaires: Stripe will store cartes_bancaires",
        "Mastercard: Stripe will store invalid_preference",
        "Visa: Stripe will store visa",
    ] {
        assert!(says(&window, words), "{words}");
    }
    ctrl(&mut window, Key::N);
    ctrl(&mut window, Key::L);
    play(&mut window, "4242424242424242");
    assert!(!says(&window, "Stripe will store"));
}

#[test]
fn the_palette_does_what_the_theme_button_does() {
    let bench = Bench::new();
    assert_eq!(bench.settings.window.theme, ThemeChoice::Dark);
    assert_eq!((bench.library.clone(), bench.form.clone()), (PresetLibrary::default(), None::<KeptForm>));
    let mut window = bench.open();
    search(&mut window, "dark theme");
    assert!(listed(&window).iter().all(|line| !line.contains("Dark theme")), "it is dark already");
}

#[test]
fn what_comes_otherwise_is_said_in_the_row_the_inspector_and_a_toast() {
    let mut window = Bench::new().open();
    search(&mut window, "insuf↵");
    wait_for(&mut window, "Token created");
    assert!(rows(&window)[0].contains("as expected at token"), "{:?}", rows(&window));

    search(&mut window, "invalid_cvc");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    input(&window, "CVC").focus();
    window.run_ok();
    play(&mut window, "⬚123");
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "Differs at token: expected invalid_cvc, got ok");
    assert!(rows(&window)[0].contains("differs at token"), "{:?}", rows(&window));
    click(&mut window, Role::Tab, "Summary");
    wait_for(&mut window, "Expected: token fails with invalid_cvc");

    // A refusal that was meant is good news.
    search(&mut window, "invalid_expiry_month↵");
    wait_for(&mut window, "As expected: invalid_expiry_month");
}
