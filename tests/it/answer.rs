//! An answer in the inspector: its tree is searched, explained and walked by keys, also when it has ten megabytes.

use std::{sync::Arc, time::Duration};

use egui::{Event, Key, Modifiers, MouseWheelUnit, Role, TouchPhase, accesskit::Toggled, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use serde_json::{Value, json};
use testcard::{
    domain::{call::api::ApiResponse, history::entry::EntryId, json_document::JsonDocument, json_spans},
    model::Revision,
    ui::{
        Action,
        inspector::{
            answer::{AnswerState, ShownAnswer, answer_ui},
            shown_call::ShownCall,
            since::FieldNote,
        },
    },
};

use crate::as_it_came::{SPELLINGS, token_with_spellings};
use crate::support::{
    hands::{click, play, says},
    pane::pane,
    waiting::draw_until,
    window::{Bench, copied, ctrl, rows as history_rows, type_card, wait, wait_for},
};

struct View {
    state: AnswerState,
    revision: Revision,
    response: Arc<ApiResponse>,
    since: Arc<[FieldNote]>,
    actions: Vec<Action>,
}

type Pane = Harness<'static, View>;

fn answer(body: &Value) -> Pane {
    answer_of(body.to_string(), ("Request-Id", "req_1"))
}

fn answer_of(body: String, (name, value): (&str, &str)) -> Pane {
    let headers = vec![(name.to_owned(), value.to_owned())];
    let response = Arc::new(ApiResponse { http_status: 200, headers, body: body.into_bytes() });
    let (state, revision, since, actions) = (AnswerState::default(), Revision::default(), Arc::default(), Vec::new());
    let view = View { state, revision, response, since, actions };
    pane([340.0, 640.0], view, |ui, view: &mut View| {
        let View { state, revision, response, since, actions } = view;
        let (call, took) = (ShownCall::Entry(EntryId(1)), Some(Duration::from_millis(3)));
        let answer = ShownAnswer { call, revision: *revision, source: response.clone(), took, since };
        answer_ui(ui, state, &answer, |_| {}, actions);
    })
}

fn token() -> Value {
    json!({ "id": "tok_1", "object": "token", "created": 1_900_000_000,
        "card": { "id": "card_1", "object": "card", "brand": "Visa", "exp_month": 2, "exp_year": 2032, "last4": "4242",
            "networks": { "preferred": "visa" }, "metadata": { "order": "6735" } },
        "livemode": false, "used": false })
}

/// What the tree's rows say.
fn lines(pane: &Pane) -> Vec<String> {
    pane.query_all_by_role(Role::TreeItem).filter_map(|row| row.accesskit_node().label()).collect()
}

fn selected(pane: &Pane) -> Option<String> {
    let is_selected = |node: &egui_kittest::kittest::AccessKitNode<'_>| {
        node.role() == Role::TreeItem && node.toggled() == Some(Toggled::True)
    };
    pane.query_all_by(is_selected).next()?.accesskit_node().label()
}

fn search(pane: &mut Pane, words: &str) {
    pane.get_by_role(Role::SearchInput).focus();
    pane.run();
    play(pane, &format!("⬚⌫{words}"));
}

#[test]
fn an_answer_that_was_kept_cut_says_how_long_it_was() {
    let start = r#"{"object": "list", "data": ["#;
    let pane = answer_of(start.to_owned(), ("Testcard-Cut", "28 of 123456 bytes"));
    let note = pane.get_by_role_and_label(Role::Note, "Only the start of this answer was kept");
    assert!(note.accesskit_node().label().is_some());
    assert!(says(&pane, "It had 123,456 bytes, of which the history has 28"));
    assert!(!says(&answer(&token()), "Only the start"));
}

#[test]
fn an_answer_that_lies_where_another_lay_is_shown() {
    let mut pane = answer(&token());
    assert!(lines(&pane).contains(&"brand: Visa".to_owned()));
    let view = pane.state_mut();
    let (at, length) = (view.response.body.as_ptr(), view.response.body.len());
    let other = token().to_string().replace("Visa", "JCB ").into_bytes();
    Arc::get_mut(&mut view.response).unwrap().body.copy_from_slice(&other);
    view.revision = Revision(1);
    assert_eq!((at, length), (view.response.body.as_ptr(), view.response.body.len()), "the same memory");
    pane.run();
    assert!(lines(&pane).contains(&"brand: JCB ".to_owned()), "{:?}", lines(&pane));
}

#[test]
fn an_answer_that_is_loaded_again_stays_folded() {
    let mut pane = answer(&token());
    click(&mut pane, Role::Button, "Fold all");
    let folded = lines(&pane);
    pane.state_mut().revision = Revision(1);
    pane.run();
    assert_eq!(lines(&pane), folded);
}

#[test]
fn matches_are_counted_walked_and_unfolded() {
    let mut pane = answer(&token());
    click(&mut pane, Role::Button, "Fold all");
    assert!(!lines(&pane).iter().any(|line| line.starts_with("brand")));
    search(&mut pane, "VISA");
    assert!(says(&pane, "1 of 2"));
    assert_eq!(selected(&pane).as_deref(), Some("brand: Visa"));
    pane.key_press(Key::Enter);
    pane.run();
    assert!(says(&pane, "2 of 2"));
    assert_eq!(selected(&pane).as_deref(), Some("preferred: visa"));
    pane.key_press(Key::F3);
    pane.run();
    assert!(says(&pane, "1 of 2"), "after the last comes the first");
    pane.key_press_modifiers(Modifiers::SHIFT, Key::Enter);
    pane.run();
    assert!(says(&pane, "2 of 2"));
    click(&mut pane, Role::Button, "Previous match");
    assert!(says(&pane, "1 of 2"));
    search(&mut pane, "no such thing");
    assert!(says(&pane, "None"));
    pane.key_press(Key::Escape);
    pane.run();
    assert!(!says(&pane, "None"), "Escape ends the search");
    let focused = pane.get_by(|node| node.is_focused() && node.role() != Role::Window).accesskit_node().role();
    assert!(matches!(focused, Role::Tree | Role::TreeItem), "{focused:?}");
}

#[test]
fn the_selected_line_is_explained_below_the_tree_and_copied_from_there() {
    let mut pane = answer(&token());
    assert!(says(&pane, "Select a line to see what it means"));
    assert!(lines(&pane).contains(&"created: 1900000000, Mar 17, 17:46 UTC".to_owned()), "{:?}", lines(&pane));
    assert!(lines(&pane).contains(&"exp_year: 2032, good to 2032-02-29, UTC".to_owned()), "{:?}", lines(&pane));
    pane.get_by_role(Role::Tree).focus();
    pane.run();
    play(&mut pane, "↓↓");
    assert!(says(&pane, "What a charge or a customer takes as its source, once"));
    let row = pane.get_by(|node| node.role() == Role::TreeItem && node.toggled() == Some(Toggled::True));
    let description = row.accesskit_node().description();
    assert!(description.is_some_and(|words| words.starts_with("What a charge")), "a screen reader says it too");
    play(&mut pane, "↓↓");
    assert!(says(&pane, "When it was made, in Unix seconds · 2030-03-17 17:46:40 UTC · Local minter: recorded 20"));
    click(&mut pane, Role::Button, "Copy the line's path");
    click(&mut pane, Role::Button, "Copy the line's value");
    let copied = |text: &str, what: &str| Action::Copy { text: text.to_owned(), what: what.to_owned() };
    assert_eq!(pane.state().actions, [copied("/created", "Path"), copied("1900000000", "Value")]);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("answer.png");
    pane.render().unwrap().save(path).unwrap();
}

#[test]
fn amounts_have_their_money_beside_them() {
    let pane = answer(&json!({ "object": "charge", "amount": 2000, "amount_refunded": 50, "currency": "usd" }));
    let lines = lines(&pane);
    assert!(lines.contains(&"amount: 2000, $20.00 usd".to_owned()), "{lines:?}");
    assert!(lines.contains(&"amount_refunded: 50, $0.50 usd".to_owned()), "{lines:?}");
}

#[test]
fn ten_megabytes_are_read_and_searched_beside_the_window_and_draw_no_more_rows_than_fit() {
    let count = 90_000;
    let item =
        |nth: usize| json!({ "id": format!("tok_{nth:022}"), "card": { "last4": "4242", "brand": "Visa" }, "n": nth });
    let body = json!({ "object": "list", "data": (0..count).map(item).collect::<Value>() });
    assert!(body.to_string().len() > 7_000_000);
    let mut pane = answer(&body);
    assert!(says(&pane, "Reading") || !lines(&pane).is_empty(), "the frame did not wait for the tree");
    draw_until(&mut pane, "the tree", |pane| !lines(pane).is_empty());
    assert!(pane.state().state.rows_drawn() < 40);
    search(&mut pane, "tok_0000000000000000089999");
    draw_until(&mut pane, "the match", |pane| says(pane, "1 of 1"));
    assert_eq!(selected(&pane).as_deref(), Some("id: tok_0000000000000000089999"));
    assert!(pane.state().state.rows_drawn() < 40);
    // The smallest step of a touchpad counts here as it does at the top.
    let place = |pane: &Pane| {
        let row = pane.get_by_label("id: tok_0000000000000000089999");
        row.rect().top()
    };
    let before = place(&pane);
    pane.hover_at(pane.get_by_role(Role::Tree).rect().center());
    pane.run_ok();
    let delta = vec2(0.0, 1.0);
    let (unit, phase, modifiers) = (MouseWheelUnit::Point, TouchPhase::Move, Modifiers::NONE);
    pane.event(Event::MouseWheel { unit, delta, phase, modifiers, source: egui::MouseWheelSource::Trackpad });
    pane.run_steps(8);
    let moved = place(&pane) - before;
    assert!((0.5..=1.5).contains(&moved), "moved by {moved}");
    // Folded, it is a few rows; the end is one key away.
    click(&mut pane, Role::Button, "Fold all");
    pane.get_by_role(Role::Tree).focus();
    pane.run_ok();
    pane.key_press(Key::End);
    pane.run_ok();
    assert!(pane.state().state.rows_drawn() < 40);
}

#[test]
fn the_key_of_the_search_is_the_trees_while_it_has_the_focus() {
    let mut window = Bench::new().open();
    type_card(&mut window, "4242424242424242");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| history_rows(window).len() == 1);
    wait_for(&mut window, "fingerprint");
    window.get_by_role_and_label(Role::Tree, "Response").focus();
    window.run_ok();
    ctrl(&mut window, Key::F);
    assert!(window.get_by_role_and_label(Role::SearchInput, "Search the answer").is_focused());
    play(&mut window, "last4");
    assert!(says(&window, "1 of 2"), "last4 and dynamic_last4");
    // Elsewhere it is the history's.
    window.get_by_role_and_label(Role::Tab, "Response").focus();
    window.run_ok();
    ctrl(&mut window, Key::F);
    assert!(!window.get_by_role_and_label(Role::SearchInput, "Search the answer").is_focused());
}

#[test]
fn tabs_are_walked_by_arrows_and_every_fact_is_copied_by_a_press() {
    let mut window = Bench::new().open();
    type_card(&mut window, "4242424242424242");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| history_rows(window).len() == 1);
    wait_for(&mut window, "fingerprint");
    window.get_by_role_and_label(Role::Tab, "Response").focus();
    window.run_ok();
    window.key_press(Key::ArrowLeft);
    window.run_ok();
    assert!(window.get_by_role_and_label(Role::Tab, "Summary").is_focused());
    for fact in ["Status: Unused", "Source: Local", "HTTP status: 200", "Card: Visa •••• 4242"] {
        window.get_by_role_and_label(Role::Button, fact);
    }
    let request_id = window.get_by(|node| node.label().is_some_and(|label| label.starts_with("Request id: req_")));
    let id = request_id.accesskit_node().label().unwrap().trim_start_matches("Request id: ").to_owned();
    let texts = copied(&mut window, |window| {
        window.get_by(|node| node.label().is_some_and(|label| label.starts_with("Request id: req_"))).focus();
        window.run_ok();
        window.key_press(Key::Enter);
    });
    assert_eq!(texts, std::slice::from_ref(&id));
    window.get_by_role_and_label(Role::Tab, "Summary").focus();
    window.run_ok();
    window.key_press(Key::End);
    window.run_ok();
    assert!(window.get_by_role_and_label(Role::Tab, "Timeline").is_focused());
    let token = history_rows(&window)[0].clone();
    let token = token.split(' ').find(|word| word.starts_with("tok_")).unwrap();
    wait_for(&mut window, &format!("Token {token}: unused"));
}

/// Presses, moves and lets go, as a hand does.
fn drag(pane: &mut Pane, from: egui::Pos2, to: egui::Pos2) {
    pane.hover_at(from);
    pane.run_ok();
    pane.drag_at(from);
    pane.run_ok();
    pane.hover_at(from.lerp(to, 0.5));
    pane.run_ok();
    pane.hover_at(to);
    pane.run_ok();
    pane.drop_at(to);
    pane.run_ok();
}

/// Clicks within one frame: a frame of the harness is as long as two clicks may be apart.
fn click_at(pane: &mut Pane, at: egui::Pos2, times: usize) {
    pane.hover_at(at);
    // So that the click before is none of these.
    pane.run_steps(4);
    let click = [true, false].map(|pressed| {
        let (button, modifiers) = (egui::PointerButton::Primary, Modifiers::NONE);
        Event::PointerButton { pos: at, button, pressed, modifiers }
    });
    pane.input_mut().events.extend(std::iter::repeat_n(click, times).flatten());
    pane.run_ok();
}

/// Where a character of a row stands; `indent` is how deep the row lies.
fn sign(pane: &Pane, row: &str, indent: usize, nth: f32) -> egui::Pos2 {
    let rect = pane.get_by_role_and_label(Role::TreeItem, row).rect();
    let font = testcard::ui::theme::mono(testcard::ui::theme::MONO_SIZE);
    let advance = pane.ctx.fonts_mut(|fonts| fonts.glyph_width(&font, ' '));
    // The chevron's column is as wide as a level.
    let begin = tree_left(pane) + 2.0 * advance * indent as f32;
    egui::pos2(begin + nth * advance, rect.center().y)
}

fn tree_left(pane: &Pane) -> f32 {
    pane.get_by_role(Role::Tree).rect().left()
}

/// What Ctrl+C puts into the clipboard.
fn copy(pane: &mut Pane) -> String {
    pane.event(Event::Copy);
    pane.step();
    let texts: Vec<String> = pane
        .output()
        .platform_output
        .commands
        .iter()
        .filter_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    pane.run_ok();
    texts.concat()
}

#[test]
fn every_value_is_shown_copied_and_found_as_it_came() {
    let body = token_with_spellings();
    let mut pane = answer_of(body.clone(), ("Request-Id", "req_1"));
    pane.get_by_role(Role::Tree).focus();
    pane.run();
    pane.key_press_modifiers(Modifiers::COMMAND, Key::A);
    pane.run();
    assert_eq!(copy(&mut pane), json_spans::indented(&body).unwrap());
    assert_eq!(pane.state_mut().actions.pop(), Some(Action::TellCopied("Marked text".to_owned())));
    pane.key_press(Key::Escape);
    pane.run();
    for (nth, value) in SPELLINGS.iter().enumerate().filter(|(_, value)| !value.starts_with(['{', '['])) {
        search(&mut pane, &format!("\"v{nth}\": {value}"));
        assert!(says(&pane, "1 of 1"), "{value}");
        pane.get_by_role(Role::Tree).focus();
        pane.run();
        let copied = copy(&mut pane);
        let expected = JsonDocument::parse((*value).to_owned()).unwrap().root().copied();
        assert_eq!(copied, expected, "{value}");
    }
    search(&mut pane, "\"v3\"");
    assert!(lines(&pane).contains(&"v3: 1.10".to_owned()), "{:?}", lines(&pane));
}

#[test]
fn a_key_that_occurs_twice_is_shown_twice_and_said_to() {
    let mut pane = answer_of(r#"{"a":1,"a":{"b":2,"b":3}}"#.to_owned(), ("Request-Id", "req_1"));
    let expected = [
        "object of 2",
        "a: 1, 1 of 2 with this name",
        "a: object of 2, 2 of 2 with this name",
        "b: 2, 1 of 2 with this name",
        "b: 3, 2 of 2 with this name",
    ];
    let found: Vec<String> = lines(&pane).into_iter().filter(|line| !line.is_empty()).collect();
    assert_eq!(found[..5], expected);
    let at = sign(&pane, "b: 3, 2 of 2 with this name", 2, 6.5);
    click_at(&mut pane, at, 1);
    assert!(says(&pane, "This is number 2 of 2 members with the same name"));
    assert_eq!(copy(&mut pane), "3");
}

#[test]
fn what_is_not_so_any_more_is_said_beside_it_and_copied_nowhere() {
    let mut pane = answer(&token());
    let words = "now true, used by ch_1: POST /v1/charges, Mar 17, 17:46 UTC, req_2";
    pane.state_mut().since = Arc::from([FieldNote { pointer: "/used".to_owned(), words: words.to_owned() }]);
    pane.run();
    let row = format!("used: false, {words}");
    assert!(lines(&pane).contains(&row), "{:?}", lines(&pane));
    pane.get_by_role(Role::Tree).focus();
    pane.run();
    pane.key_press_modifiers(Modifiers::COMMAND, Key::A);
    pane.run();
    assert_eq!(copy(&mut pane), format!("{:#}", token()));
    search(&mut pane, "\"used\": true");
    assert!(says(&pane, "None"), "it is no JSON");
    search(&mut pane, "used by ch_1");
    assert!(says(&pane, "1 of 1"), "but it is seen");
    assert_eq!(selected(&pane), Some(row));
}

#[test]
fn text_is_marked_with_the_pointer_as_everywhere() {
    let mut pane = answer(&token());
    let id = |pane: &Pane, nth| sign(pane, "id: tok_1", 1, nth);
    // `"id": "tok_1",` from the t to behind the k.
    let (from, to) = (id(&pane, 7.0), id(&pane, 10.0));
    drag(&mut pane, from, to);
    assert_eq!(copy(&mut pane), "tok");
    drag(&mut pane, to, from);
    assert_eq!(copy(&mut pane), "tok", "backwards");
    let end = sign(&pane, "object: token", 1, 8.0);
    drag(&mut pane, from, end);
    assert_eq!(copy(&mut pane), "tok_1\",\n\"object\"");
    click_at(&mut pane, from, 2);
    assert_eq!(copy(&mut pane), "tok_1", "two clicks mark a word");
    click_at(&mut pane, from, 3);
    assert_eq!(copy(&mut pane), "\"id\": \"tok_1\",", "three clicks mark the line");
    click_at(&mut pane, from, 1);
    assert_eq!(copy(&mut pane), "tok_1", "one click marks nothing: the value of the line is copied");
    pane.event_modifiers(Event::PointerMoved(end), Modifiers::SHIFT);
    for pressed in [true, false] {
        let (pos, button, modifiers) = (end, egui::PointerButton::Primary, Modifiers::SHIFT);
        pane.event_modifiers(Event::PointerButton { pos, button, pressed, modifiers }, Modifiers::SHIFT);
    }
    pane.run_ok();
    assert_eq!(copy(&mut pane), "tok_1\",\n\"object\"", "a click with Shift marks on");
}
