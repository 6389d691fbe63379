//! The form alone: what is typed, what then stands in the fields and below them, and what the form asks for.

use std::sync::LazyLock;

use egui::{Event, Role, accesskit::Toggled};
use egui_kittest::{
    Harness, HarnessBuilder,
    kittest::{NodeT as _, Queryable as _},
};
use jiff::Timestamp;
use proptest::prelude::*;
use testcard::{
    domain::{
        call::{api::Target, refusal::AccountRefusal, token_calls::TokenRequest},
        card::{expiry::utc_day, test_cards, typing::CardField},
        form::{defaults::FormDefaults, field_state::FormField},
        rules::policies::AccountPolicies,
    },
    ui::{
        Action,
        form::{self, FormComplaint, FormContext, FormState, field_id},
        shortcuts::Shortcut,
        theme,
    },
};

use crate::support::hands::{caret, click, focus, focused, input, message, play, value};

const NUMBER: &str = "Card number";
const EXPIRY: &str = "Expiry";
const CVC: &str = "CVC";
const NAME: &str = "Name on card";

/// A moment for every test; years are counted from it.
fn now() -> Timestamp {
    Timestamp::from_second(1_900_000_000).unwrap()
}

/// The two digits of a year so far ahead, and the sign that a pasted date would have.
fn yy(ahead: i16) -> String {
    format!("{:02}", (utc_day(now()).year() + ahead) % 100)
}

fn yyyy(ahead: i16) -> String {
    (utc_day(now()).year() + ahead).to_string()
}

static DEFAULTS: LazyLock<FormDefaults> = LazyLock::new(FormDefaults::default);

struct Bench {
    form: FormState,
    context: FormContext<'static>,
    actions: Vec<Action>,
}

impl Bench {
    fn params(&self) -> Vec<(String, String)> {
        let TokenRequest { params } = self.form.draft().to_request();
        params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

type Window = Harness<'static, Bench>;

fn window() -> Window {
    window_of(Harness::builder())
}

/// For text in scripts that the fonts of the tests do not have.
fn foreign_window() -> Window {
    window_of(Harness::builder().allow_missing_glyphs())
}

fn window_of(builder: HarnessBuilder<Bench>) -> Window {
    let context = FormContext {
        now: now(),
        target: Target::Local,
        policies: AccountPolicies::default(),
        moves_on: true,
        defaults: &DEFAULTS,
        is_blocked: false,
        quick: &[],
    };
    builder.with_size([360.0, 1900.0]).with_max_steps(48).with_context_setup(theme::install).build_ui_state(
        |ui, bench: &mut Bench| form::form_ui(ui, &mut bench.form, &bench.context, &mut bench.actions),
        Bench { form: FormState::default(), context, actions: Vec::new() },
    )
}

/// A form that leaves the focus where it is, with the focus in this field.
fn typed_into(name: &str, line: &str) -> Window {
    let is_foreign = line.chars().any(|c| c >= '\u{3000}');
    let mut window = if is_foreign { foreign_window() } else { window() };
    window.state_mut().context.moves_on = false;
    focus(&mut window, name);
    play(&mut window, line);
    window
}

fn field(name: &str) -> FormField {
    match name {
        NUMBER => FormField::Number,
        EXPIRY => FormField::Expiry,
        CVC => FormField::Cvc,
        _ => panic!("no card field {name}"),
    }
}

/// What the field shows, with the caret as `|`.
fn marked(window: &Window, name: &str) -> String {
    let shown = value(window, name);
    let place = caret(&window.ctx, field_id(field(name))).expect("a caret");
    shown.chars().take(place).chain("|".chars()).chain(shown.chars().skip(place)).collect()
}

/// The words on the form's one filled button.
fn button(window: &Window) -> String {
    let is_main = |name: &str| name.starts_with("Create token") || name.starts_with("Send anyway");
    let found = window.query_all_by_role(Role::Button).filter_map(|node| node.accesskit_node().label());
    let found: Vec<String> = found.filter(|name| is_main(name)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn brand(window: &Window) -> String {
    let face = window.get_by_role(Role::Image).accesskit_node().label().unwrap_or_default();
    face.split(" card").next().unwrap_or_default().to_owned()
}

#[track_caller]
fn check(name: &str, line: &str, shown: &str, below: &str) {
    let window = typed_into(name, line);
    assert_eq!((marked(&window, name).as_str(), message(&window, name).as_str()), (shown, below), "{line}");
}

#[test]
fn a_number_shows_groups_and_keeps_the_caret_with_its_digits() {
    const TEST: &str = "Test card: Visa";
    for (line, shown, below) in [
        ("4", "4|", ""),
        ("4242", "4242|", ""),
        ("42424", "4242 4|", ""),
        ("4242424242424242", "4242 4242 4242 4242|", TEST),
        // The separators that people type are no characters.
        ("4242-4242 4242.4242", "4242 4242 4242 4242|", TEST),
        // Other brands have other groups.
        ("378282246310005", "3782 822463 10005|", "Test card: American Express (also: 3DS not supported)"),
        ("37828", "3782 8|", ""),
        ("36227206271667", "3622 720627 1667|", "Test card: Diners Club (14-digit card)"),
        ("6205500000000000004", "6205 5000 0000 0000 004|", "Test card: UnionPay (19-digit card)"),
        // Pasted with spaces, dashes, wide digits, and what a text editor puts around it.
        ("⟦4242 4242 4242 4242⟧", "4242 4242 4242 4242|", TEST),
        ("⟦ 4242-4242-4242-4242\t⟧", "4242 4242 4242 4242|", TEST),
        ("⟦４２４２　４２４２　４２４２　４２４２⟧", "4242 4242 4242 4242|", TEST),
        ("4242⟦42424242⟧4242", "4242 4242 4242 4242|", TEST),
        // With what nobody sees: a zero-width space, a byte order mark, a soft hyphen, direction marks.
        ("⟦\u{feff}4242\u{200b}4242\u{ad}4242\u{202f}4242\u{200e}⟧", "4242 4242 4242 4242|", TEST),
        ("42\u{200b}42\u{2060}", "4242|", ""),
        // Backspace over a space takes the digit before it; Delete takes the one behind.
        ("42424⌫", "4242|", ""),
        ("42424⌫⌫", "424|", ""),
        ("42424242←←←←⌫", "424|4 242", ""),
        ("42424242←←←←←⌦", "4242| 242", ""),
        ("42424242←←←←⌦", "4242| 242", ""),
        // In the middle.
        ("42424242←←←←←←←1", "421|4 2424 2", ""),
        ("42424242←←←←1", "4242 1|424 2", ""),
        ("42424242←←←←⟦11⟧", "4242 11|42 42", ""),
        ("42424242←←←←←←←⌫", "4|424 242", ""),
        // Select all, and type or paste over it.
        ("4242⬚5", "5|", ""),
        ("4242424242424242⬚⟦5555555555554444⟧", "5555 5555 5555 4444|", "Test card: Mastercard"),
        ("4242424242424242⬚⟦4242424242424242⟧", "4242 4242 4242 4242|", TEST),
        ("4242424242424242⬚⌫", "|", ""),
        // A letter stays, is wrong at once, and takes the groups away.
        ("4242a", "4242a|", "✗ A card number has digits only"),
        ("42424x", "42424x|", "✗ A card number has digits only"),
        ("4242a⌫4", "4242 4|", ""),
        ("4é", "4é|", "✗ A card number has digits only"),
        // What no brand begins with, a bad last digit, and too many digits.
        ("9", "9|", "✗ No card brand starts with these digits"),
        ("4242424242424241", "4242 4242 4242 4241|", "✗ The last digit does not fit the others (Luhn check)"),
        ("42424242424242424", "4242 4242 4242 4242 4|", "✗ 1 digit too many"),
        ("424242424242424242", "4242 4242 4242 4242 42|", "✗ 2 digits too many"),
        // Never a real number.
        ("4242424242420000", "4242 4242 4242 0000|", "Not a published test card: never enter a real one"),
    ] {
        check(NUMBER, line, shown, below);
    }
}

#[test]
fn an_incomplete_field_turns_red_only_when_it_is_left() {
    for (name, line, left) in [
        (NUMBER, "4242", "✗ 12 digits missing"),
        (EXPIRY, "05", "✗ Month and year, as in 05 / 30"),
        (CVC, "12", "✗ 1 digit missing"),
    ] {
        let mut window = typed_into(name, line);
        assert_eq!(message(&window, name), "", "{name} while it is typed into");
        play(&mut window, "⇥");
        assert_eq!(message(&window, name), left, "{name} once it was left");
    }
}

#[test]
fn an_incomplete_number_that_is_typed_on_is_not_red_any_more() {
    let mut window = typed_into(NUMBER, "4242⇥");
    focus(&mut window, NUMBER);
    play(&mut window, "4");
    assert_eq!(message(&window, NUMBER), "");
    play(&mut window, "⇥");
    assert_eq!(message(&window, NUMBER), "✗ 11 digits missing");
}

#[test]
fn an_expiry_is_one_field() {
    let (soon, four) = (yy(3), yyyy(3));
    for (line, shown, below) in [
        ("5".to_owned(), "05 / |".to_owned(), ""),
        ("1".to_owned(), "1|".to_owned(), ""),
        ("12".to_owned(), "12 / |".to_owned(), ""),
        ("1/".to_owned(), "01 / |".to_owned(), ""),
        (format!("12{soon}"), format!("12 / {soon}|"), ""),
        (format!("5{soon}"), format!("05 / {soon}|"), ""),
        (format!("12/{soon}"), format!("12 / {soon}|"), ""),
        (format!("1/{four}"), format!("01 / {four}|"), ""),
        (format!("⟦12/{four}⟧"), format!("12 / {four}|"), ""),
        (format!("⟦1/{soon}⟧"), format!("01 / {soon}|"), ""),
        (format!("⟦{four}-12⟧"), format!("12 / {four}|"), ""),
        (format!("⟦１２／{soon}⟧"), format!("12 / {soon}|"), ""),
        // A slash, typed although it is there already.
        (format!("5/{soon}"), format!("05 / {soon}|"), ""),
        (format!("05/{soon}"), format!("05 / {soon}|"), ""),
        (format!("12-{soon}"), format!("12 / {soon}|"), ""),
        (format!("12 / {soon}"), format!("12 / {soon}|"), ""),
        // What is wrong stays as typed: it may be wanted.
        ("13".to_owned(), "13 / |".to_owned(), "✗ Month must be 1–12"),
        (format!("13{soon}"), format!("13 / {soon}|"), "✗ Month must be 1–12"),
        ("0".to_owned(), "0|".to_owned(), ""),
        (format!("00{soon}"), format!("00 / {soon}|"), "✗ Month must be 1–12"),
        (format!("12{}", yy(-1)), format!("12 / {}|", yy(-1)), "✗ This date has passed"),
        // This month is good to its last day, the one before is over.
        (format!("0{}{}", utc_day(now()).month(), yy(0)), format!("0{} / {}|", utc_day(now()).month(), yy(0)), ""),
        (
            format!("0{}{}", utc_day(now()).month() - 1, yy(0)),
            format!("0{} / {}|", utc_day(now()).month() - 1, yy(0)),
            "✗ This date has passed",
        ),
        // Backspace goes over the slash, and Delete before it.
        ("12⌫".to_owned(), "1|".to_owned(), ""),
        (format!("12{soon}⌫"), format!("12 / {}|", &soon[..1]), ""),
        (format!("12{soon}⌫⌫⌫"), "1|".to_owned(), ""),
        ("5⌫".to_owned(), "0|".to_owned(), ""),
        (format!("⬚⟦12{soon}⟧⬚⟦12{soon}⟧"), format!("12 / {soon}|"), ""),
        // Letters of any width.
        ("1x".to_owned(), "1x|".to_owned(), "✗ Month must be 1–12"),
        ("aéb".to_owned(), "aéb|".to_owned(), "✗ Month must be 1–12"),
    ] {
        check(EXPIRY, &line, &shown, below);
    }
}

#[test]
fn a_code_has_three_digits_or_four() {
    for (line, shown, below) in [
        ("123", "123|", ""),
        ("12", "12|", ""),
        ("12345", "12345|", "✗ 1 digit too many"),
        ("12a", "12a|", "✗ A CVC has digits only"),
        ("１２３", "123|", ""),
        ("⟦ 123 ⟧", "123|", ""),
        ("123←←⌫", "|23", ""),
        ("é", "é|", "✗ A CVC has digits only"),
    ] {
        check(CVC, line, shown, below);
    }
    // Nothing typed is advice, not a fault.
    let window = typed_into(CVC, "⇥");
    assert_eq!(message(&window, CVC), "No CVC: it will not be checked");
    // American Express prints four digits and takes three.
    let mut window = typed_into(NUMBER, "378282246310005");
    window.get_by_label("4 digits");
    focus(&mut window, CVC);
    play(&mut window, "123⇥");
    assert_eq!(message(&window, CVC), "American Express prints 4 digits; 3 are accepted");
    // Of other brands four are too many.
    let mut window = typed_into(NUMBER, "4242424242424242");
    window.get_by_label("3 digits");
    focus(&mut window, CVC);
    play(&mut window, "1234");
    assert_eq!(message(&window, CVC), "✗ 1 digit too many");
}

#[test]
fn a_brand_is_named_as_soon_as_only_one_is_possible() {
    for (line, expected) in [
        ("", "Brand not known"),
        ("4", "Visa"),
        ("3", "Brand not known"),
        ("34", "American Express"),
        ("37", "American Express"),
        ("36", "Diners Club"),
        ("5", "Brand not known"),
        ("51", "Mastercard"),
        ("2221", "Mastercard"),
        ("6", "Brand not known"),
        ("60", "Discover"),
        ("62", "Brand not known"),
        ("6205", "UnionPay"),
        ("352", "JCB"),
        ("3528", "JCB"),
        ("9", "Brand not known"),
        ("4x", "Brand not known"),
        ("4000002500001001", "Cartes Bancaires"),
    ] {
        let window = typed_into(NUMBER, line);
        assert_eq!(brand(&window), expected, "{line}");
    }
}

#[test]
fn a_pasted_card_fills_three_fields_and_moves_no_focus() {
    let yy = yy(3);
    let cases = [
        (format!("4242 4242 4242 4242 12/{yy} 123"), ["4242 4242 4242 4242", &format!("12 / {yy}"), "123"]),
        (format!("４２４２ 4242-4242-4242　1/{yy} 123"), ["4242 4242 4242 4242", &format!("01 / {yy}"), "123"]),
        (format!("378282246310005 12 / {yy} 1234"), ["3782 822463 10005", &format!("12 / {yy}"), "1234"]),
        (format!("4242424242424242 12/{yy}"), ["4242 4242 4242 4242", &format!("12 / {yy}"), ""]),
        // No card: it stays in the field it was pasted into, letters and all.
        ("é12/34".to_owned(), ["é12/34", "", ""]),
        (format!("4242　12/{yy}"), [&format!("4242 12/{yy}"), "", ""]),
    ]
    .map(|(pasted, fields)| (pasted, fields.map(str::to_owned)));
    for (pasted, fields) in cases {
        let mut window = foreign_window();
        focus(&mut window, NUMBER);
        play(&mut window, &format!("⟦{pasted}⟧"));
        let shown = [NUMBER, EXPIRY, CVC].map(|name| value(&window, name));
        let without_spaces = |text: &String| text.replace(' ', "");
        if fields[1].is_empty() {
            assert_eq!(shown.each_ref().map(without_spaces), fields.each_ref().map(without_spaces), "{pasted}");
        } else {
            assert_eq!(shown, fields, "{pasted}");
        }
        assert_eq!(focused(&window).as_deref(), Some(NUMBER), "{pasted}");
    }
}

#[test]
fn a_completed_field_hands_the_focus_on() {
    let yy = yy(3);
    let mut window = window();
    focus(&mut window, NUMBER);
    play(&mut window, &format!("424242424242424212{yy}123Jenny"));
    let shown = [NUMBER, EXPIRY, CVC, NAME].map(|name| value(&window, name));
    assert_eq!(shown, ["4242 4242 4242 4242", &format!("12 / {yy}"), "123", "Jenny"]);
    assert_eq!(focused(&window).as_deref(), Some(NAME));
    assert_eq!(button(&window), "Create token");
    for (number, next) in [
        ("378282246310005", EXPIRY),
        ("36227206271667", EXPIRY),
        ("6205500000000000004", EXPIRY),
        // Wrong numbers, and those that could still get longer, stay.
        ("4242424242424241", NUMBER),
        ("424242424242", NUMBER),
        // A paste never moves the focus.
        ("⟦4242424242424242⟧", NUMBER),
        ("424242424242⟦4242⟧", NUMBER),
    ] {
        let mut window = self::window();
        focus(&mut window, NUMBER);
        play(&mut window, number);
        assert_eq!(focused(&window).as_deref(), Some(next), "{number}");
    }
    for (expiry, next) in [
        (format!("12{yy}"), CVC),
        (format!("5{yy}"), CVC),
        ("13".to_owned() + &yy, EXPIRY),
        (format!("⟦12{yy}⟧"), EXPIRY),
        // "20" may become 20nn.
        ("1220".to_owned(), EXPIRY),
        (format!("12/{}", yyyy(3)), CVC),
    ] {
        let mut window = self::window();
        focus(&mut window, EXPIRY);
        play(&mut window, &expiry);
        assert_eq!(focused(&window).as_deref(), Some(next), "{expiry}");
    }
    // Four digits for American Express.
    let mut window = self::window();
    focus(&mut window, NUMBER);
    play(&mut window, &format!("37828224631000512{yy}123"));
    assert_eq!(focused(&window).as_deref(), Some(CVC));
    play(&mut window, "4");
    assert_eq!(focused(&window).as_deref(), Some(NAME));
}

#[test]
fn the_focus_stays_when_the_setting_is_off() {
    let window = typed_into(NUMBER, "4242424242424242");
    assert_eq!(focused(&window).as_deref(), Some(NUMBER));
    let window = typed_into(EXPIRY, &format!("12{}", yy(3)));
    assert_eq!(focused(&window).as_deref(), Some(EXPIRY));
    let window = typed_into(CVC, "123");
    assert_eq!(focused(&window).as_deref(), Some(CVC));
}

#[test]
fn backspace_in_an_empty_field_moves_back() {
    let mut window = window();
    focus(&mut window, NAME);
    for expected in [CVC, EXPIRY, NUMBER, NUMBER] {
        play(&mut window, "⌫");
        assert_eq!(focused(&window).as_deref(), Some(expected));
    }
    // The press that empties a field stays in it.
    focus(&mut window, CVC);
    play(&mut window, "1⌫");
    assert_eq!(focused(&window).as_deref(), Some(CVC));
    // The caret goes to the end of the field before, whose last digit the next press takes.
    focus(&mut window, NUMBER);
    play(&mut window, "4242");
    focus(&mut window, EXPIRY);
    play(&mut window, "⌫⌫");
    assert_eq!(marked(&window, NUMBER), "424|");
}

#[test]
fn tab_goes_through_the_fields_in_their_order() {
    let mut window = window();
    focus(&mut window, NUMBER);
    for expected in [EXPIRY, CVC, NAME] {
        play(&mut window, "⇥");
        assert_eq!(focused(&window).as_deref(), Some(expected));
    }
}

#[test]
fn the_button_says_what_will_come_and_never_stops_anyone() {
    let yy = yy(3);
    for (number, expiry, cvc, expected) in [
        ("", "", "", "Create token"),
        ("4242424242424242", &*format!("12{yy}"), "123", "Create token"),
        ("4242424242424242", &*format!("12{yy}"), "", "Create token"),
        ("4000000000000002", &*format!("12{yy}"), "123", "Create token"),
        ("4242424242424241", &*format!("12{yy}"), "123", "Send anyway · expect incorrect_number"),
        ("42", &*format!("12{yy}"), "123", "Send anyway · expect incorrect_number"),
        ("4242x", &*format!("12{yy}"), "123", "Send anyway · expect invalid_number"),
        ("4242424242424242", &*format!("13{yy}"), "123", "Send anyway · expect invalid_expiry_month"),
        ("4242424242424242", &*format!("12{}", self::yy(-1)), "123", "Send anyway · expect invalid_expiry_year"),
        ("4242424242424242", &*format!("12{yy}"), "12", "Send anyway · expect invalid_cvc"),
        ("4242424242424242", "", "123", "Send anyway · expect parameter_missing"),
        ("", &*format!("12{yy}"), "", "Send anyway · expect parameter_missing"),
    ] {
        let mut window = typed_into(NUMBER, number);
        focus(&mut window, EXPIRY);
        play(&mut window, expiry);
        focus(&mut window, CVC);
        play(&mut window, cvc);
        assert_eq!(button(&window), expected, "{number} {expiry} {cvc}");
        let name = button(&window);
        click(&mut window, Role::Button, &name);
        assert_eq!(window.state().actions, [Action::Do(Shortcut::Create)], "{number} {expiry} {cvc}");
    }
}

#[test]
fn a_published_card_shows_where_it_fails() {
    let mut window = typed_into(NUMBER, "4000000000009995");
    assert_eq!(message(&window, NUMBER), "Test card: charge declines with insufficient_funds");
    focus(&mut window, EXPIRY);
    play(&mut window, &format!("12{}", yy(3)));
    window.get_by_label("charge fails insufficient_funds");
    // What is wrong is told with its status, code, parameter and message.
    play(&mut window, &format!("⬚13{}", yy(3)));
    window.get_by_label_contains("HTTP 402 invalid_expiry_month · exp_month: Your card's expiration month");
}

#[test]
fn a_co_branded_card_offers_its_networks() {
    let names = |window: &Window| -> Vec<String> {
        window.query_all_by_role(Role::RadioButton).filter_map(|node| node.accesskit_node().label()).collect()
    };
    let mut window = typed_into(NUMBER, "4000002500001001");
    window.get_by_label("co-branded card");
    assert_eq!(names(&window), ["Automatic", "Cartes Bancaires", "Visa"]);
    click(&mut window, Role::RadioButton, "Cartes Bancaires");
    window.get_by_label("Stripe will store cartes_bancaires");
    let chosen = window.get_by_role_and_label(Role::RadioButton, "Cartes Bancaires").accesskit_node().toggled();
    assert_eq!(chosen, Some(Toggled::True));
    assert!(window.state().params().contains(&("card[networks][preferred]".to_owned(), "cartes_bancaires".to_owned())));
}

#[test]
fn a_network_that_does_not_fit_is_said_to_be_stored_as_invalid() {
    let mut window = typed_into(NUMBER, "4242424242424242");
    click(&mut window, Role::RadioButton, "Mastercard");
    window.get_by_label("Stripe will store invalid_preference");
    // The choice that fits is told as well.
    click(&mut window, Role::RadioButton, "Visa");
    window.get_by_label("Stripe will store visa");
    click(&mut window, Role::RadioButton, "Automatic");
    assert!(window.query_by_label_contains("Stripe will store").is_none());
}

#[test]
fn the_raw_parameters_are_exactly_what_is_sent() {
    let yy = yy(3);
    let mut window = typed_into(NUMBER, "4242424242424242");
    focus(&mut window, EXPIRY);
    play(&mut window, &format!("12{yy}"));
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    let shown =
        |window: &Window, name: &str| window.query_by_role_and_label(Role::TextInput, name).and_then(|n| n.value());
    for (name, sent) in window.state().params() {
        assert_eq!(shown(&window, &name).as_deref(), Some(sent.as_str()), "{name}");
    }
    assert_eq!(window.state().params().len(), 3);

    // Edited: byte for byte, separators and all.
    focus(&mut window, "card[number]");
    play(&mut window, "⬚4242 4242-4242 4242 ");
    assert_eq!(window.state().params()[0], ("card[number]".to_owned(), "4242 4242-4242 4242 ".to_owned()));
    window.get_by(|node| node.description().as_deref() == Some("edited by hand"));
    assert!(window.query_by_label(NUMBER).is_none(), "the fields are not what is sent");

    // Emptied is not dropped.
    focus(&mut window, "card[exp_month]");
    play(&mut window, "⬚⌫");
    assert_eq!(window.state().params()[1], ("card[exp_month]".to_owned(), String::new()));
    assert_eq!(button(&window), "Send anyway · expect parameter_invalid_empty");

    // Dropped.
    click(&mut window, Role::Button, "Drop card[exp_month]");
    assert_eq!(window.state().params().len(), 2);
    assert_eq!(button(&window), "Send anyway · expect parameter_missing");

    // Added: known ones, unknown ones, the same twice.
    focus(&mut window, "Add a parameter");
    play(&mut window, "card[exp_month]↵");
    focus(&mut window, "card[exp_month]");
    play(&mut window, "12");
    assert_eq!(window.state().params()[2], ("card[exp_month]".to_owned(), "12".to_owned()));
    assert_eq!(button(&window), "Create token");
    focus(&mut window, "Add a parameter");
    play(&mut window, "amount↵");
    assert_eq!(button(&window), "Send anyway · expect parameter_unknown");
    assert_eq!(value(&window, "Add a parameter"), "");

    // Given up again.
    click(&mut window, Role::Button, "Back to the fields");
    assert_eq!(value(&window, NUMBER), "4242 4242 4242 4242");
    assert_eq!(window.state().params().len(), 3);
    assert_eq!(button(&window), "Create token");
}

#[test]
fn a_customer_and_a_card_of_it_are_the_other_form_of_the_call() {
    let mut window = typed_into(NUMBER, "4242424242424242");
    click(&mut window, Role::DisclosureTriangle, "Existing customer card");
    focus(&mut window, "Customer");
    play(&mut window, "cus_123");
    assert_eq!(window.state().params(), [("customer".to_owned(), "cus_123".to_owned())]);
    focus(&mut window, "Card of this customer");
    play(&mut window, "card_456");
    let sent = [("card", "card_456"), ("customer", "cus_123")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(window.state().params(), sent);
    // The card's own fields stay as they are, and are out of the way.
    window.get_by_role_and_label(Role::Note, "The card fields are not sent");
    assert!(input(&window, NUMBER).accesskit_node().is_disabled());
    assert_eq!(value(&window, NUMBER), "4242 4242 4242 4242");
    assert_eq!(button(&window), "Create token");
    window.get_by_label("What comes depends on cus_123 and its cards");
    // A card without its customer is predicted to be refused.
    focus(&mut window, "Customer");
    play(&mut window, "⬚⌫");
    assert_eq!(button(&window), "Send anyway · expect parameter_missing");
}

#[test]
fn every_field_of_the_form_is_a_parameter() {
    let mut window = typed_into(NUMBER, "4242424242424242");
    focus(&mut window, EXPIRY);
    play(&mut window, &format!("12{}", yyyy(3)));
    focus(&mut window, CVC);
    play(&mut window, "123");
    click(&mut window, Role::DisclosureTriangle, "Billing address");
    click(&mut window, Role::DisclosureTriangle, "Account card currency");
    let texts = [
        (NAME, "card[name]", "Jenny Rosen"),
        ("Address line 1", "card[address_line1]", "510 Townsend St"),
        ("Address line 2", "card[address_line2]", "Floor 3"),
        ("City", "card[address_city]", "San Francisco"),
        ("State", "card[address_state]", "CA"),
        ("ZIP", "card[address_zip]", "94103"),
        ("Country", "card[address_country]", "US"),
        ("Currency", "card[currency]", "usd"),
    ];
    for (name, _, text) in texts {
        focus(&mut window, name);
        play(&mut window, text);
        play(&mut window, "⇥");
    }
    click(&mut window, Role::RadioButton, "Visa");
    let mut expected = vec![("card[number]", "4242424242424242".to_owned()), ("card[exp_month]", "12".to_owned())];
    expected.push(("card[exp_year]", yyyy(3)));
    expected.push(("card[cvc]", "123".to_owned()));
    expected.extend(texts.map(|(_, param, text)| (param, text.to_owned())));
    expected.push(("card[networks][preferred]", "visa".to_owned()));
    let expected: Vec<(String, String)> = expected.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    assert_eq!(window.state().params(), expected);
}

#[test]
fn countries_and_currencies_are_found_by_code_and_name() {
    let options = |window: &Window| -> Vec<String> {
        window.query_all_by_role(Role::ListBoxOption).filter_map(|node| node.accesskit_node().label()).collect()
    };
    for (section, name, words, option, code) in [
        ("Billing address", "Country", "germ", "DE Germany", "DE"),
        ("Billing address", "Country", "at", "AT Austria", "AT"),
        ("Account card currency", "Currency", "eur", "eur Euro", "eur"),
        ("Account card currency", "Currency", "swiss", "chf Swiss franc", "chf"),
    ] {
        // By keys …
        let mut window = window();
        click(&mut window, Role::DisclosureTriangle, section);
        focus(&mut window, name);
        play(&mut window, words);
        assert!(options(&window).iter().any(|label| label == option), "{words}: {:?}", options(&window));
        play(&mut window, "↵");
        assert_eq!(value(&window, name), code, "{words}");
        assert!(options(&window).is_empty(), "the list is closed");
        // … and by a click.
        play(&mut window, &format!("⬚{words}"));
        click(&mut window, Role::ListBoxOption, option);
        assert_eq!(value(&window, name), code, "{words} by a click");
    }
    // Nobody is stopped from sending a country that there is not.
    let mut window = window();
    click(&mut window, Role::DisclosureTriangle, "Billing address");
    focus(&mut window, "Country");
    play(&mut window, "Atlantis⇥");
    assert_eq!(window.state().params(), [("card[address_country]".to_owned(), "Atlantis".to_owned())]);
    focus(&mut window, "Country");
    play(&mut window, "⬚us⎋⇥");
    assert_eq!(value(&window, "Country"), "us");
}

/// The toolkit says of such a key that the text was changed.
#[test]
fn a_key_that_has_nothing_to_delete_changes_nothing() {
    for (field, name) in [
        (FormField::Name, NAME),
        (FormField::Country, "Country"),
        (FormField::Currency, "Currency"),
        (FormField::Customer, "Customer"),
    ] {
        let mut window = window();
        let complaint = FormComplaint { field: Some(field), is_answer: true, message: "No.".to_owned(), refusal: None };
        window.state_mut().form.complain(complaint);
        window.run();
        window.run();
        let revision = window.state().form.revision();
        play(&mut window, "⌦⌫");
        assert_eq!((message(&window, name).as_str(), window.state().form.revision()), ("✗ No.", revision), "{name}");
    }
    let mut window = typed_into(NUMBER, "4242424242424242");
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    focus(&mut window, "card[number]");
    play(&mut window, "⌦");
    assert!(window.query_by_label(NUMBER).is_some(), "nothing was edited by hand");
    assert!(window.state().form.draft().raw.is_none());
}

#[test]
fn a_complaint_stands_on_its_field_until_the_draft_changes() {
    let sections = [
        (FormField::Number, NUMBER),
        (FormField::Expiry, EXPIRY),
        (FormField::Cvc, CVC),
        (FormField::Name, NAME),
        (FormField::Line1, "Address line 1"),
        (FormField::Zip, "ZIP"),
        (FormField::Country, "Country"),
        (FormField::Currency, "Currency"),
        (FormField::Customer, "Customer"),
        (FormField::CustomerCard, "Card of this customer"),
    ];
    for (field, name) in sections {
        let mut window = window();
        let message = format!("Something is wrong with {name}");
        window.state_mut().form.complain(FormComplaint {
            field: Some(field),
            is_answer: true,
            message: message.clone(),
            refusal: None,
        });
        window.run();
        window.run();
        assert_eq!(focused(&window).as_deref(), Some(name));
        assert_eq!(self::message(&window, name), format!("✗ {message}"));
        play(&mut window, "1");
        assert_ne!(self::message(&window, name), format!("✗ {message}"), "gone with the first key");
    }
    // Without a field it stands above the button.
    let mut window = window();
    window.state_mut().form.complain(FormComplaint {
        field: None,
        is_answer: false,
        message: "No answer".to_owned(),
        refusal: None,
    });
    window.run();
    window.get_by_role_and_label(Role::Alert, "No answer");
}

#[test]
fn a_refusal_of_the_account_is_explained_and_the_ready_token_offered() {
    let refused = |alias: Option<&str>| FormComplaint {
        field: None,
        is_answer: true,
        message: "Sending credit card numbers directly to the Stripe API is generally unsafe.".to_owned(),
        refusal: Some((AccountRefusal::RawCardData, alias.map(str::to_owned))),
    };
    let mut window = typed_into(NUMBER, "4000000000009995");
    window.state_mut().context.target = Target::Stripe;
    let alias = test_cards::by_number("4000000000009995").unwrap().ready_alias().unwrap();
    window.state_mut().form.complain(refused(Some(alias)));
    window.run();
    window.get_by_role_and_label(Role::Alert, "This Stripe account does not accept raw card numbers");
    window.get_by_label_contains("Ask Stripe support to enable the raw card data APIs in test mode");
    click(&mut window, Role::Button, &format!("Copy {alias}"));
    assert_eq!(window.state().actions, [Action::Copy { text: alias.to_owned(), what: alias.to_owned() }]);
    window.state_mut().actions.clear();
    click(&mut window, Role::Button, "Make it locally");
    assert_eq!(window.state().actions, [Action::SetTarget(Target::Local)]);
    assert!(window.query_by_role(Role::Alert).is_none());
    // Where there is no ready token, none is offered.
    window.state_mut().form.complain(refused(None));
    window.run();
    assert!(window.query_by_label_contains("Copy").is_none());
    window.get_by_role_and_label(Role::Button, "Make it locally");
    // The minter on this machine refuses because it was told to.
    window.state_mut().context.target = Target::Local;
    window.run();
    window.state_mut().actions.clear();
    click(&mut window, Role::Button, "Settings of the minter…");
    assert_eq!(window.state().actions, [Action::Do(Shortcut::Settings)]);
}

#[test]
fn a_form_that_cannot_send_has_no_live_button() {
    let mut window = window();
    window.state_mut().context.is_blocked = true;
    window.run();
    assert!(window.get_by_role_and_label(Role::Button, "Create token").accesskit_node().is_disabled());
}

#[test]
fn several_keys_in_one_frame_are_all_taken() {
    for (name, kind, keys) in [
        (NUMBER, CardField::Number, "4242424242424242"),
        (EXPIRY, CardField::Expiry, "12"),
        (CVC, CardField::Cvc, "123"),
    ] {
        let mut window = typed_into(name, "");
        for key in keys.chars() {
            window.input_mut().events.push(Event::Text(key.to_string()));
        }
        window.run();
        assert_eq!(value(&window, name), kind.show(keys));
    }
}

// ---- whatever is typed
// -----------------------------------------------------------------------------------------------

/// One act at the keyboard, as a piece of a line.
fn act() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[0-9]",
        3 => Just("⌫".to_owned()),
        2 => Just("⌦".to_owned()),
        3 => Just("←".to_owned()),
        2 => Just("→".to_owned()),
        1 => "[-/ .xé４]",
        1 => "[0-9 -]{1,9}".prop_map(|pasted| format!("⟦{pasted}⟧")),
        1 => "[4a /-]{1,3}é12/3[0-9]".prop_map(|pasted| format!("⟦{pasted}⟧")),
    ]
}

/// How often each digit occurs.
fn tally(text: &str) -> [usize; 10] {
    let mut tally = [0; 10];
    for digit in text.chars().filter_map(|c| c.to_digit(10)) {
        tally[digit as usize] += 1;
    }
    tally
}

fn type_at_random(name: &str, acts: &[String]) -> Result<(), TestCaseError> {
    let mut window = foreign_window();
    window.state_mut().context.moves_on = false;
    focus(&mut window, name);
    let field = field(name);
    for act in acts {
        // Backspace in an empty field moves the focus back: go on in this one.
        window.state_mut().form.focus(field);
        let place = caret(&window.ctx, field_id(field)).unwrap_or_default();
        window.run();
        put_caret(&window, field, place);
        let before = value(&window, name);
        play(&mut window, act);
        let after = value(&window, name);
        let place = caret(&window.ctx, field_id(field)).unwrap_or_default();
        prop_assert!(place <= after.chars().count(), "{before:?} {act} {after:?}: caret at {place}");
        let typed = act.replace('４', "4");
        let (old, new, added) = (tally(&before), tally(&after), tally(&typed));
        let is_month = name == EXPIRY && after.starts_with('0');
        for digit in 0..10 {
            let due = old[digit] + added[digit];
            if act == "⌫" || act == "⌦" {
                continue;
            }
            let most = due + usize::from(digit == 0 && is_month);
            prop_assert!((due..=most).contains(&new[digit]), "{before:?} {act} {after:?}: lost or made a {digit}");
        }
        if act == "⌫" || act == "⌦" {
            let total = |tally: [usize; 10]| tally.iter().sum::<usize>();
            prop_assert!(total(new) <= total(old) && total(new) + 1 >= total(old), "{before:?} {act} {after:?}");
        }
    }
    Ok(())
}

/// Puts the caret back where it was before the focus was asked for.
fn put_caret(window: &Window, field: FormField, place: usize) {
    use egui::text::{CCursor, CCursorRange};
    let id = field_id(field);
    let mut state = egui::TextEdit::load_state(&window.ctx, id).unwrap_or_default();
    state.cursor.set_char_range(Some(CCursorRange::one(CCursor::new(place))));
    egui::TextEdit::store_state(&window.ctx, id, state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_digit_of_a_number_is_lost(acts in proptest::collection::vec(act(), 1..24)) {
        type_at_random(NUMBER, &acts)?;
    }

    #[test]
    fn no_digit_of_an_expiry_is_lost(acts in proptest::collection::vec(act(), 1..24)) {
        type_at_random(EXPIRY, &acts)?;
    }

    #[test]
    fn no_digit_of_a_code_is_lost(acts in proptest::collection::vec(act(), 1..24)) {
        type_at_random(CVC, &acts)?;
    }
}
