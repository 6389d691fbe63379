//! Typing into the card fields at every speed: several keys in one frame, as scanners and scripts press them, to one
//! key a second. What stands in the fields and where the focus is does not depend on it.

use std::sync::LazyLock;

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::Harness;
use jiff::Timestamp;
use proptest::prelude::*;
use testcard::{
    domain::{
        call::api::Target,
        form::{defaults::FormDefaults, draft::Draft},
        rules::policies::AccountPolicies,
    },
    ui::{
        Action,
        form::{self, FormContext, FormState},
        input_order::InputOrder,
        theme,
    },
};

use crate::support::hands::{click, focus, focused, message, value};

const FIELDS: [&str; 4] = ["Card number", "Expiry", "CVC", "Name on card"];
/// Milliseconds from key to key: all in one frame, three in a frame, and so on.
const GAPS: [u64; 7] = [0, 5, 12, 30, 60, 150, 1000];
/// Those that differ most.
const FEW_GAPS: [u64; 3] = [0, 12, 60];
/// Milliseconds from frame to frame.
const FRAME: u64 = 16;

static DEFAULTS: LazyLock<FormDefaults> = LazyLock::new(FormDefaults::default);

struct Bench {
    form: FormState,
    context: FormContext<'static>,
    actions: Vec<Action>,
}

type Window = Harness<'static, Bench>;

fn window(moves_on: bool) -> Window {
    let context = FormContext {
        now: Timestamp::from_second(1_900_000_000).unwrap(),
        target: Target::Local,
        policies: AccountPolicies::default(),
        moves_on,
        is_blocked: false,
        quick: &[],
        defaults: &DEFAULTS,
    };
    let setup = |ctx: &egui::Context| {
        theme::install(ctx);
        InputOrder::install(ctx);
    };
    let mut window = Harness::builder()
        .with_size([360.0, 1900.0])
        .with_max_steps(48)
        .allow_missing_glyphs()
        .with_context_setup(setup)
        .build_ui_state(
            |ui, bench: &mut Bench| form::form_ui(ui, &mut bench.form, &bench.context, &mut bench.actions),
            Bench { form: FormState::default(), context, actions: Vec::new() },
        );
    window.input_mut().time = Some(0.0);
    focus(&mut window, FIELDS[0]);
    window
}

fn key(key: Key, modifiers: Modifiers, pressed: bool) -> Event {
    Event::Key { key, physical_key: Some(key), pressed, repeat: false, modifiers }
}

/// What the system tells of a key: `⇥` Tab, `⇤` Shift+Tab, `↵` Enter, `⌫` Backspace, `⌦` Delete, `←` `→` `⇱` `⇲`
/// arrows, Home and End, `⬚` select all, `↶` undo, `↷` and `⟳` redo, everything else what is typed.
fn stroke(sign: char) -> Vec<Event> {
    let (none, shift, command) = (Modifiers::NONE, Modifiers::SHIFT, Modifiers::COMMAND | Modifiers::CTRL);
    let (name, modifiers) = match sign {
        '⇥' => (Key::Tab, none),
        '⇤' => (Key::Tab, shift),
        '↵' => (Key::Enter, none),
        '⌫' => (Key::Backspace, none),
        '⌦' => (Key::Delete, none),
        '←' => (Key::ArrowLeft, none),
        '→' => (Key::ArrowRight, none),
        '⇱' => (Key::Home, none),
        '⇲' => (Key::End, none),
        '⬚' => (Key::A, command),
        '↶' => (Key::Z, command),
        '↷' => (Key::Y, command),
        '⟳' => (Key::Z, command | shift),
        typed => {
            let name = Key::from_name(&typed.to_string());
            let text = Event::Text(typed.to_string());
            let Some(name) = name else { return vec![text] };
            return vec![key(name, none, true), text, key(name, none, false)];
        }
    };
    let mut events = vec![key(name, modifiers, true), key(name, modifiers, false)];
    if modifiers.any() {
        events.insert(0, Event::ModifiersChanged(modifiers));
        events.push(Event::ModifiersChanged(none));
    }
    events
}

/// Types a line with this gap between its keys; `⟦4242⟧` is pasted. A gap of 0 has all of it in one frame.
fn type_at(window: &mut Window, line: &str, gap: u64) {
    let mut strokes = Vec::new();
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        strokes.push(match sign {
            '⟦' => vec![Event::Paste(signs.by_ref().take_while(|sign| *sign != '⟧').collect())],
            sign => stroke(sign),
        });
    }
    let start = window.input().time.unwrap();
    let at = |millis: u64| Some(start + millis as f64 / 1000.0);
    let mut frame = 0;
    for (nth, events) in strokes.into_iter().enumerate() {
        let pressed = nth as u64 * gap;
        if pressed >= frame + FRAME {
            // What was pressed so far is drawn, and the window is at rest until the next key.
            for _ in 0..2 {
                window.input_mut().time = at(frame + FRAME);
                window.step();
                frame += FRAME;
            }
            frame = frame.max(pressed);
        }
        window.input_mut().time = at(frame);
        window.input_mut().events.extend(events);
    }
    window.input_mut().time = at(frame + FRAME);
    window.run();
}

fn shown(window: &Window) -> [String; 4] {
    FIELDS.map(|name| value(window, name))
}

/// Types a line into the fields, with the focus on the number, and looks at what stands in them then.
#[track_caller]
fn check(moves_on: bool, line: &str, expected: [&str; 4], focus: &str) {
    check_at(&FEW_GAPS, moves_on, line, expected, focus);
}

#[track_caller]
fn check_at(gaps: &[u64], moves_on: bool, line: &str, expected: [&str; 4], focus: &str) {
    for &gap in gaps {
        let mut window = window(moves_on);
        type_at(&mut window, line, gap);
        assert_eq!(shown(&window), expected, "{line:?} at {gap} ms a key");
        assert_eq!(focused(&window).as_deref(), Some(focus), "the focus after {line:?} at {gap} ms a key");
    }
}

const VISA: &str = "4242 4242 4242 4242";

#[test]
fn a_card_is_typed_without_tab_at_every_speed() {
    let whole = [VISA, "12 / 34", "123", "Jenny"];
    check_at(&GAPS, true, "42424242424242421234123Jenny", whole, FIELDS[3]);
    for (line, expected) in [
        ("4242 4242 4242 4242 12/34 123Jenny", [VISA, "12 / 34", "123", "Jenny"]),
        ("4242-4242-4242-424212/2034123Jenny", [VISA, "12 / 2034", "123", "Jenny"]),
        ("42424242424242425341234", [VISA, "05 / 34", "123", "4"]),
        ("37828224631000512341234J", ["3782 822463 10005", "12 / 34", "1234", "J"]),
        ("3622720627166712341239", ["3622 720627 1667", "12 / 34", "123", "9"]),
        ("620550000000000000412341239", ["6205 5000 0000 0000 004", "12 / 34", "123", "9"]),
        ("555555555555444412341239", ["5555 5555 5555 4444", "12 / 34", "123", "9"]),
        // Not published, and right.
        ("411111111111111112341239", ["4111 1111 1111 1111", "12 / 34", "123", "9"]),
        ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢١٢٣٤١٢٣", [VISA, "12 / 34", "123", ""]),
        ("４２４２４２４２４２４２４２４２１２３４１２３", [VISA, "12 / 34", "123", ""]),
    ] {
        check(true, line, expected, FIELDS[3]);
    }
}

#[test]
fn one_tab_or_enter_after_the_focus_moved_on_does_nothing_more() {
    let card = [VISA, "12 / 34", "123", ""];
    for (gaps, line) in [
        (&GAPS[..], "4242424242424242⇥1234⇥123"),
        (&FEW_GAPS, "4242424242424242↵1234↵123"),
        (&FEW_GAPS, "4242424242424242⇥1234↵123⇥"),
    ] {
        check_at(gaps, true, line, card, FIELDS[3]);
    }
    // A second one does, and so does the first one behind something else that was typed.
    check(true, "4242424242424242⇥⇥", [VISA, "", "", ""], FIELDS[2]);
    check(true, "42424242424242421⇥", [VISA, "1", "", ""], FIELDS[2]);
    check(true, "4242424242424242⇤", [VISA, "", "", ""], FIELDS[0]);
    // Both ways, Tab marks what is in the field that it leads to.
    check(true, "4242⇥12⇤⌫", ["", "12 / ", "", ""], FIELDS[0]);
    check(true, "4242⇥12⇤⇥3", ["4242", "03 / ", "", ""], FIELDS[1]);
}

#[test]
fn tab_after_a_pause_goes_on() {
    for (seconds, expected) in [(1.4, FIELDS[1]), (1.6, FIELDS[2])] {
        let mut window = window(true);
        type_at(&mut window, "4242424242424242", 60);
        assert_eq!(focused(&window).as_deref(), Some(FIELDS[1]));
        let moved = window.input().time.unwrap();
        window.input_mut().time = Some(moved - 0.016 + seconds);
        type_at(&mut window, "⇥", 60);
        assert_eq!(focused(&window).as_deref(), Some(expected), "Tab after {seconds} s");
    }
}

#[test]
fn without_the_setting_tab_moves_and_what_is_too_much_is_said() {
    check(false, "4242424242424242⇥1234⇥123⇥Jenny", [VISA, "12 / 34", "123", "Jenny"], FIELDS[3]);
    for gap in FEW_GAPS {
        let mut window = window(false);
        type_at(&mut window, "424242424242424212", gap);
        assert_eq!(message(&window, FIELDS[0]), "✗ 2 digits too many", "{gap} ms a key");
        assert_eq!(focused(&window).as_deref(), Some(FIELDS[0]));
    }
}

#[test]
fn only_what_is_typed_behind_a_right_number_belongs_to_the_next_field() {
    let long = |window: &Window| (value(window, FIELDS[0]), message(window, FIELDS[0]));
    for gap in FEW_GAPS {
        // In the middle, over a mark, and behind a number that is not right: it stays, and it is said.
        for (line, number, words) in [
            ("⟦4242424242424242⟧←←1", "4242 4242 4242 4214 2", "✗ 1 digit too many"),
            ("⟦4242424242424242⟧⇱4", "4424 2424 2424 2424 2", "✗ 1 digit too many"),
            ("424242424242424155", "4242 4242 4242 4241 55", "✗ 2 digits too many"),
            ("⟦4242424242424242⟧⬚5", "5", ""),
        ] {
            let mut window = window(true);
            type_at(&mut window, line, gap);
            assert_eq!(long(&window), (number.to_owned(), words.to_owned()), "{line:?} at {gap} ms a key");
            assert_eq!(focused(&window).as_deref(), Some(FIELDS[0]), "{line:?} at {gap} ms a key");
        }
    }
    // What is pasted moves nothing, and a digit that is typed behind it does.
    check(true, "⟦4242424242424242⟧", [VISA, "", "", ""], FIELDS[0]);
    check(true, "⟦4242424242424242⟧1234", [VISA, "12 / 34", "", ""], FIELDS[2]);
    check(true, "⟦4242424242424242 12/34⟧⇥⇥9", [VISA, "12 / 34", "9", ""], FIELDS[2]);
    // A digit that was missing in the middle makes the number right, and leaves the caret where it is.
    check(true, "424242424242442←←2", [VISA, "", "", ""], FIELDS[0]);
    // One that is deleted does too.
    check(true, "⟦42424242424242421⟧⌫", [VISA, "", "", ""], FIELDS[0]);
}

#[test]
fn a_code_has_four_digits_while_no_brand_is_known() {
    check(true, "⇥⇥1234", ["", "", "1234", ""], FIELDS[2]);
    check(true, "⇥⇥123⇥J", ["", "", "123", "J"], FIELDS[3]);
    check(true, "4⇥⇥123J", ["4", "", "123", "J"], FIELDS[3]);
    check(true, "37⇥⇥1234J", ["37", "", "1234", "J"], FIELDS[3]);
    check(true, "⇥⇥1234⌫⌫⌫⌫⌫⌫4", ["4", "", "", ""], FIELDS[0]);
}

#[test]
fn backspace_goes_through_the_fields_and_over_the_slash() {
    check(true, "4242424242424242123⌫⌫⌫⌫", ["4242 4242 4242 4242", "", "", ""], FIELDS[0]);
    check(true, "4242424242424242123⌫⌫⌫⌫⌫⌫", ["4242 4242 4242 42", "", "", ""], FIELDS[0]);
    check(true, "4242424242424242123⌫⌫⌫⌫⌫2", [VISA, "", "", ""], FIELDS[1]);
    check(true, "424242424242424212341⌫⌫⌫4", [VISA, "12 / 34", "", ""], FIELDS[2]);
    check(true, "42424242424242421234123⌫⌫⌫⌫⌫⌫5", [VISA, "12 / 35", "", ""], FIELDS[2]);
    // An arrow right behind the move is the field's.
    check(true, "424242424242424⌫⇥6⇥⌫←3", ["4242 4242 4242 42", "06 / 3", "", ""], FIELDS[1]);
    check(true, "⇥12⇱⌦34", ["", "34 / 2", "", ""], FIELDS[1]);
}

#[test]
fn a_card_over_another_card_replaces_it() {
    for gap in FEW_GAPS {
        let mut window = window(true);
        type_at(&mut window, "⟦5555555555554444 11/33 999⟧", 0);
        type_at(&mut window, "⬚42424242424242421234123", gap);
        assert_eq!(shown(&window), [VISA, "12 / 34", "123", ""], "{gap} ms a key");
        type_at(&mut window, "⇤⇤⇤⬚4242424242424242534999", gap);
        assert_eq!(shown(&window), [VISA, "05 / 34", "999", ""], "{gap} ms a key");
    }
}

/// Lets as much time go by as the toolkit needs to take a text for one to go back to.
fn pause(window: &mut Window) {
    let now = window.input().time.unwrap();
    for step in 1..=3 {
        window.input_mut().time = Some(now + f64::from(step));
        window.run();
    }
}

/// What undo and redo leave in the field that has the focus.
#[track_caller]
fn check_nothing_comes_back(window: &mut Window, expected: [&str; 4]) {
    let before = focused(window);
    for keys in ["↶", "↶↶", "↷", "⟳", "↶↷"] {
        type_at(window, keys, 60);
        assert_eq!(shown(window), expected, "{keys}");
        assert_eq!(focused(window), before, "{keys}");
    }
}

#[test]
fn undo_takes_back_what_was_typed_and_moves_no_focus() {
    let mut window = window(true);
    type_at(&mut window, "4242424242", 60);
    pause(&mut window);
    type_at(&mut window, "42424", 60);
    pause(&mut window);
    type_at(&mut window, "2", 60);
    assert_eq!(focused(&window).as_deref(), Some(FIELDS[1]));
    type_at(&mut window, "⇤", 60);
    pause(&mut window);
    for (keys, number) in
        [("↶", "4242 4242 4242 424"), ("↶", "4242 4242 42"), ("↷", "4242 4242 4242 424"), ("⟳", "4242 4242 4242 4242")]
    {
        type_at(&mut window, keys, 60);
        assert_eq!(value(&window, FIELDS[0]), number, "{keys}");
        assert_eq!(focused(&window).as_deref(), Some(FIELDS[0]), "{keys}");
    }
}

#[test]
fn undo_brings_no_card_back_of_before_a_clearing() {
    for line in ["4242424242424242", "4242424242424242⬚⌫", "⟦4242424242424242 12/34 123⟧"] {
        let mut window = window(false);
        for part in [line, "⇥12⇥12⇥Jenny"] {
            type_at(&mut window, part, 60);
            pause(&mut window);
        }
        window.state_mut().form.clear();
        window.run();
        for _ in FIELDS {
            check_nothing_comes_back(&mut window, ["", "", "", ""]);
            type_at(&mut window, "⇥", 60);
        }
    }
}

#[test]
fn undo_does_not_mix_a_card_with_the_one_before() {
    let mut window = window(false);
    for part in ["5555555555554444", "⇥1133⇥999⇥Jenny⇤⇤⇤"] {
        type_at(&mut window, part, 60);
        pause(&mut window);
    }
    let draft = Draft { number: "4242424242424242".into(), expiry: "1234".to_owned(), ..Draft::default() };
    window.state_mut().form.take(draft);
    window.run();
    for _ in FIELDS {
        check_nothing_comes_back(&mut window, [VISA, "12 / 34", "", ""]);
        type_at(&mut window, "⇥", 60);
    }
}

#[test]
fn undo_brings_no_raw_parameter_back_of_before_a_clearing() {
    let mut window = window(false);
    type_at(&mut window, "4242", 60);
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    focus(&mut window, "card[number]");
    type_at(&mut window, "⇲42", 60);
    pause(&mut window);
    focus(&mut window, "Add a parameter");
    type_at(&mut window, "planted", 60);
    pause(&mut window);
    window.state_mut().form.clear();
    window.run();
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    focus(&mut window, "Add a parameter");
    type_at(&mut window, "↶", 60);
    assert_eq!(value(&window, "Add a parameter"), "");
    // What the empty form sends.
    focus(&mut window, "card[number]");
    type_at(&mut window, "↶", 60);
    assert_eq!(value(&window, "card[number]"), "4242424242424242");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However the keys are spread over frames, the same stands in the fields and the same field has the focus.
    #[test]
    fn no_speed_changes_what_is_typed(line in "[0-9/ ⇥⌫⌦←→⇱⇲⬚⇤]{0,30}", gap in 1_u64..40) {
        let typed = |gap| {
            let mut window = window(true);
            type_at(&mut window, "424242424242424", gap);
            type_at(&mut window, &line, gap);
            (shown(&window), focused(&window))
        };
        prop_assert_eq!(typed(0), typed(gap));
    }
}
