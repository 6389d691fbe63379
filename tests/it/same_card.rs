//! The same card on the other target, from the window: sent with one press, and the two answers compared.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::json;
use testcard::domain::call::api::Target;

use crate::support::{
    hands::{input, play, says},
    http::{Server, reply},
    program::Home,
    serving::Serving,
    window::{Bench, Window, ctrl, press_in_head, rows, type_card, wait, wait_for},
};

/// A window on the local minter, and what it calls for Stripe.
fn beside(url: &str) -> Bench {
    let mut bench = Bench::stripe(url);
    bench.settings.profiles.active_mut().target = Target::Local;
    bench
}

fn make(window: &mut Window) {
    type_card(window, "4000000000009995");
    ctrl(window, Key::Enter);
    wait(window, "the token", |window| rows(window).len() == 1 && rows(window)[0].starts_with("Unused"));
    wait_for(window, "fingerprint");
}

fn differences(window: &Window) -> Vec<String> {
    window.query_all_by_role(Role::ListBoxOption).filter_map(|row| row.accesskit_node().label()).collect()
}

#[test]
fn what_answers_alike_differs_in_ids_and_times_only() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let mut window = beside(&format!("http://{}", server.address)).open();
    make(&mut window);
    press_in_head(&mut window, "Same card on Stripe");
    wait_for(&mut window, "Same but for ids and times");
    assert_eq!(rows(&window).len(), 2, "both are in the history");
    assert!(rows(&window)[0].contains(" Stripe, "), "{:?}", rows(&window));
    assert!(differences(&window).is_empty());
    let sent = &server.requests()[0];
    assert_eq!(sent["path"], "/v1/tokens");
    // And back to the entry, whose place is the history.
    window.key_press(Key::Escape);
    window.run_ok();
    wait_for(&mut window, "fingerprint");
    // The second time by its key, the other way round.
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::T);
    wait(&mut window, "the third", |window| rows(window).len() == 3);
    assert!(rows(&window)[0].contains(" Local, "), "{:?}", rows(&window));
    wait_for(&mut window, "Same but for ids and times");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_otherwise_is_shown_place_by_place() {
    let declined = json!({ "error": { "type": "card_error", "code": "card_declined", "message": "No." } });
    let server = Server::start(vec![reply(402, declined.to_string())]).await;
    let mut window = beside(&server.url()).open();
    make(&mut window);
    press_in_head(&mut window, "Same card on Stripe");
    wait_for(&mut window, "differences that matter");
    assert_eq!(differences(&window)[0], "Changed HTTP status: 200, then 402");
    let sent = server.only();
    assert!(sent.body.contains("card%5Bnumber%5D=4000000000009995&"), "{}", sent.body);
    assert!(sent.body.ends_with("card%5Bcvc%5D=123"), "the code was not kept, and one that passes went: {}", sent.body);
}

#[test]
fn without_a_key_the_same_card_stays_where_it_is_and_the_remedy_is_said() {
    let mut window = Bench { key: None, ..beside("http://127.0.0.1:9") }.open();
    make(&mut window);
    press_in_head(&mut window, "Same card on Stripe");
    wait_for(&mut window, "There is no API key yet");
    assert_eq!(rows(&window).len(), 1);
    assert!(says(&window, "fingerprint"), "the entry is still there to see");
}

#[test]
fn a_number_that_was_not_kept_is_not_sent_and_the_window_says_what_to_do() {
    let mut window = beside("http://127.0.0.1:9").open();
    type_card(&mut window, "4111111111111111");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    wait_for(&mut window, "More");
    press_in_head(&mut window, "Same card on Stripe");
    wait_for(&mut window, "The number of this card was not kept, for it is not a published test card");
    assert_eq!(rows(&window).len(), 1);
}

#[test]
fn a_code_that_failed_is_not_sent_as_one_that_passes() {
    let mut window = beside("http://127.0.0.1:9").open();
    type_card(&mut window, "4242424242424242");
    input(&window, "CVC").focus();
    window.run_ok();
    play(&mut window, "⬚99");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    wait_for(&mut window, "Same card on Stripe");
    press_in_head(&mut window, "Same card on Stripe");
    wait_for(&mut window, "The security code that was refused was not kept");
    let said = window.get_by(|node| {
        node.role() == Role::Label && node.value().is_some_and(|text| text.ends_with("switch the target and create"))
    });
    assert!(said.rect().height() > 30.0, "what to do is on the screen too, on lines of its own: {:?}", said.rect());
    assert_eq!(rows(&window).len(), 1);
}

#[test]
fn an_entry_is_compared_with_the_one_selected_before_it() {
    let mut window = Bench::new().open();
    make(&mut window);
    ctrl(&mut window, Key::N);
    type_card(&mut window, "5555555555554444");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the second", |window| rows(window).len() == 2);
    wait_for(&mut window, "MasterCard");
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::D);
    wait_for(&mut window, "differences that matter");
    let found = differences(&window);
    assert!(found.contains(&"Changed /card/brand: \"Visa\", then \"MasterCard\"".to_owned()), "{found:?}");
    // A selection in the history leads back.
    window.query_all_by_role(Role::Row).next().unwrap().click();
    window.run_ok();
    wait_for(&mut window, "fingerprint");
}

#[test]
fn a_window_without_room_for_the_inspector_opens_it_for_a_comparison() {
    let mut window = Bench { size: [900.0, 600.0], ..Bench::new() }.open();
    for count in 1..=2 {
        type_card(&mut window, "4242424242424242");
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the token", |window| rows(window).len() == count);
        ctrl(&mut window, Key::N);
    }
    assert!(!says(&window, "Two answers"));
    window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::D);
    wait_for(&mut window, "Same but for ids and times");
}
