//! Text of any kind, wherever the window gets it from: neither what is painted nor what a screen reader gets holds a
//! character that acts, and what is sent is what was there.

use egui::{Event, Key, Role, accesskit::Node};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::domain::{
    foreign::acts,
    form::{
        draft::{BillingAddress, Draft},
        kept_draft::{KeptDraft, KeptForm},
    },
    presets::library::OwnPreset,
};

use crate::support::{
    hands::{click, focus, input, press, says, value},
    window::{Bench, Window, ctrl, rows, wait, wait_for},
};

/// One of each kind: NUL, C0, DEL, C1, what is no character, direction, invisible, tags. Each stands between letters.
const HOSTILE: &str = "a\0b\u{1}c\u{8}d\u{1b}[2Je\u{1f}f\u{7f}g\u{80}h\u{85}i\u{9b}j\u{9f}k\u{fffe}l\u{ffff}m\u{fdd0}\
                       n\u{10ffff}o\u{202e}p\u{2066}q\u{200f}r\u{200b}s\u{feff}t\u{ad}u\u{e0001}\u{e0041}v\u{2028}w";

/// Every text that a screen reader can ask for.
fn spoken(node: &Node) -> [Option<&str>; 5] {
    [node.label(), node.value(), node.description(), node.placeholder(), node.tooltip()]
}

#[track_caller]
fn check_spoken(window: &Window, screen: &str) {
    let mut count = 0;
    for node in window.query_all_by(|_| true) {
        let node = node.accesskit_node();
        for text in spoken(node.data()).into_iter().flatten() {
            let acting = text.chars().find(|c| acts(*c) && !matches!(c, '\n' | '\t'));
            assert_eq!(acting, None, "{screen}: {text}");
            count += 1;
        }
    }
    assert!(count > 20, "{screen}: {count} texts");
}

fn hostile_draft() -> Draft {
    let text = || HOSTILE.to_owned();
    Draft {
        name: text(),
        address: BillingAddress {
            line1: text(),
            line2: text(),
            city: text(),
            state: text(),
            zip: text(),
            country: text(),
        },
        currency: text(),
        customer: text(),
        ..Draft::default()
    }
}

#[test]
fn what_is_in_files_is_shown_and_spoken_harmlessly() {
    let mut bench = Bench::new();
    let (draft, _) = KeptDraft::of(&hostile_draft());
    bench.form = Some(KeptForm { draft: draft.clone(), expects: None });
    bench.library.own = vec![OwnPreset::new(7, HOSTILE, draft, None)];
    let profile = bench.settings.profiles.active_mut();
    profile.name = HOSTILE.to_owned();
    bench.settings.form.name = HOSTILE.to_owned();
    bench.warnings = vec![HOSTILE.to_owned()];
    let mut window = bench.open();
    assert_eq!(
        value(&window, "Name on card").matches('\u{25a1}').count(),
        HOSTILE.chars().filter(|c| acts(*c)).count()
    );
    check_spoken(&window, "the form");
    for section in ["Billing address", "Raw parameters"] {
        if window.query_by_role_and_label(Role::DisclosureTriangle, section).is_some() {
            click(&mut window, Role::DisclosureTriangle, section);
        }
        check_spoken(&window, section);
    }
    for (key, screen) in [(Key::K, "the palette"), (Key::Comma, "the settings"), (Key::Slash, "the keys")] {
        ctrl(&mut window, key);
        check_spoken(&window, screen);
        window.key_press(Key::Escape);
        window.run_ok();
    }
}

#[test]
fn what_is_sent_is_what_was_there() {
    let mut bench = Bench::new();
    let name = "J\0rg\u{202e}\u{200d}";
    let (draft, _) = KeptDraft::of(&Draft { name: name.to_owned(), ..Draft::default() });
    bench.form = Some(KeptForm { draft, expects: None });
    let mut window = bench.open();
    assert_eq!(value(&window, "Name on card"), "J\u{25a1}rg\u{25a1}\u{200d}");
    ctrl(&mut window, Key::L);
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the token", |window| rows(window).len() == 1 && !rows(window)[0].starts_with("Pending"));
    click(&mut window, Role::Tab, "Request");
    // As the request is written down, a NUL is the escape of one.
    wait_for(&mut window, "J\\u{0}rg\\u{202e}\u{200d}");
    check_spoken(&window, "the request");
}

#[test]
fn what_is_pasted_loses_its_control_characters_and_nothing_else() {
    let mut window = Bench::new().open();
    let field = "Name on card";
    focus(&mut window, field);
    window.event(Event::Paste(HOSTILE.to_owned()));
    window.run_ok();
    let kept: Vec<char> = value(&window, field).chars().filter(char::is_ascii_alphabetic).collect();
    assert_eq!(kept.into_iter().collect::<String>(), "abcdJefghijklmnopqrstuvw");
    check_spoken(&window, field);
}

#[test]
fn a_note_with_control_characters_is_written_shown_and_found() {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the token", |window| rows(window).len() == 1 && !rows(window)[0].starts_with("Pending"));
    press(&mut window, egui::Modifiers::NONE, Key::F2);
    for field in ["Note", "Tags"] {
        if window.query_by_role_and_label(Role::TextInput, field).is_some() {
            input(&window, field).focus();
            window.run_ok();
            window.event(Event::Paste(HOSTILE.to_owned()));
            window.run_ok();
            check_spoken(&window, field);
        }
    }
    window.key_press(Key::Enter);
    window.run_ok();
    wait(&mut window, "the note", |window| says(window, "abcd"));
    check_spoken(&window, "the row");
}

#[test]
fn a_paste_of_megabytes_is_cut_and_that_is_told() {
    let mut window = Bench::new().open();
    focus(&mut window, "Name on card");
    window.event(Event::Paste("\u{e4}".repeat(10 << 20)));
    window.run_ok();
    window.run_ok();
    assert!(says(&window, "100 000 characters were pasted"));
    let shown = value(&window, "Name on card");
    assert!(shown.chars().count() <= 20_001, "{}", shown.len());
}
