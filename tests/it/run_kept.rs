//! Kept runs in the window: compared with any other of the same list, made at the other target, renamed and deleted.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::domain::{call::api::Target, rules::policies::AccountPolicies};

use crate::support::{
    hands::{click, input, play, press, says},
    local_server::LocalServer,
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// Presses a button of the run, which may be in the menu at the end of their row.
#[track_caller]
fn press_button(window: &mut Window, name: &str) {
    if window.query_by_role_and_label(Role::Button, name).is_none() {
        click(window, Role::Button, "More");
    }
    click(window, Role::Button, name);
}

fn wait_for_end(window: &mut Window, words: &str) {
    wait_for(window, words);
    wait(window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
}

fn run_list(window: &mut Window, list: &str) {
    ctrl(window, Key::R);
    input(window, "List").focus();
    window.run_ok();
    play(window, &format!("⬚⟦{list}⟧"));
    click(window, Role::RadioButton, "Token");
    ctrl(window, Key::Enter);
}

fn runs(window: &Window) -> Vec<String> {
    window.query_all_by_role(Role::ListBoxOption).filter_map(|run| run.accesskit_node().label()).collect()
}

#[test]
fn a_run_is_made_at_the_other_target_and_compared_with_any_of_the_same_list() {
    let server = LocalServer::start();
    server.set_policies(AccountPolicies { raw_card_data: false, ..AccountPolicies::default() });
    let mut bench = Bench::stripe(&server.url());
    bench.settings.profiles.active_mut().target = Target::Local;
    let mut window = bench.open();
    run_list(&mut window, "card=4242424242424242,4000056655665556 cvc=good,none");
    wait_for_end(&mut window, "4 rows: 4 as expected");
    press_button(&mut window, "Run at Stripe");
    wait_for_end(&mut window, "4 rows: 0 as expected, 4 differ");
    // It is compared with the one that it was made from.
    wait_for(&mut window, "Against run 1 · 4");
    click(&mut window, Role::Tab, "Against run 1 · 4");
    wait_for(&mut window, "Since run 1 of");
    press_button(&mut window, "Run again");
    wait_for_end(&mut window, "run 3");
    wait_for(&mut window, "Since the run before");
    click(&mut window, Role::Tab, "Since the run before");
    wait_for(&mut window, "Since run 2 of");
    assert!(says(&window, "0 rows came to something else, 4 to the same"));
    click(&mut window, Role::ComboBox, "Compared with");
    let first = window.query_all_by_label_contains("Run 1 · matrix · Local").last().expect("the first run is offered");
    first.click();
    window.run_ok();
    wait_for(&mut window, "4 rows came to something else, 0 to the same");
    assert!(says(&window, "Against run 1 · 4"));
}

#[test]
fn a_run_is_renamed_and_deleted_and_its_entries_stay() {
    let mut window = Bench::new().open();
    run_list(&mut window, "card=4242424242424242 cvc=good,none");
    wait_for_end(&mut window, "2 rows: 2 as expected");
    press_button(&mut window, "Rename…");
    play(&mut window, "⬚Of 4539578763621486 Nightly↵");
    wait(&mut window, "the name", |window| runs(window)[0].starts_with("Run 1 of-453957******1486-nightly"));
    assert!(says(&window, "of-453957******1486-nightly · run 1"));
    press_button(&mut window, "Delete…");
    wait_for(&mut window, "Delete the run of-453957******1486-nightly?");
    // The careful answer has the focus.
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert!(!says(&window, "Delete the run") && runs(&window).len() == 1);
    press_button(&mut window, "Delete…");
    click(&mut window, Role::Button, "Delete it");
    wait(&mut window, "no run", |window| runs(window).is_empty());
    wait_for(&mut window, "No runs yet");
    press(&mut window, Modifiers::NONE, Key::Escape);
    wait(&mut window, "the entries", |window| rows(window).len() == 2);
}
