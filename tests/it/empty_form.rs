//! What the empty form stands for, and what a form sends that is hardly filled in: everything that reads a form says
//! the same.

use std::fmt::Write as _;

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::domain::{
    form::{defaults::FormDefaults, draft::Draft},
    presets::library::PresetLibrary,
    rules::{expectation::Expectation, policies::AccountPolicies},
};

use crate::support::{
    hands::{click, focus, input, play, press, says, value},
    window::{Bench, Window, copied, ctrl, rows, wait, wait_for},
};

/// A form: what is typed into which field, and what all who read it should say.
struct Typed {
    fields: &'static [(&'static str, &'static str)],
    sends: &'static [(&'static str, &'static str)],
    caption: &'static str,
    expects: &'static str,
    comes: &'static str,
}

const PLAIN: [(&str, &str); 4] =
    [("card[number]", "4242424242424242"), ("card[exp_month]", "12"), ("card[exp_year]", "34"), ("card[cvc]", "123")];
const NOTHING: &str = "Send anyway · expect an error";
const MISSING: &str = "Send anyway · expect parameter_missing";

const FORMS: [Typed; 6] = [
    Typed {
        fields: &[],
        sends: &PLAIN,
        caption: "Create token",
        expects: "Expects token, attach and charge work",
        comes: "Token created",
    },
    Typed {
        fields: &[("Card number", "4242424242424242"), ("Expiry", "1234"), ("CVC", "123")],
        sends: &PLAIN,
        caption: "Create token",
        expects: "Expects token, attach and charge work",
        comes: "Token created",
    },
    partly(&[("Name on card", "Ann")], &[("card[name]", "Ann")]),
    partly(&[("Expiry", "1234")], &[("card[exp_month]", "12"), ("card[exp_year]", "34")]),
    partly(&[("CVC", "123")], &[("card[cvc]", "123")]),
    partly(&[("Name on card", " ")], &[("card[name]", " ")]),
];

const fn partly(
    fields: &'static [(&'static str, &'static str)],
    sends: &'static [(&'static str, &'static str)],
) -> Typed {
    Typed {
        fields,
        sends,
        caption: MISSING,
        expects: "Expects token fails with parameter_missing",
        comes: "Missing required param",
    }
}

fn open(form: FormDefaults, policies: AccountPolicies) -> Window {
    let mut bench = Bench { size: [1280.0, 1400.0], ..Bench::new() };
    (bench.settings.form, bench.settings.policies) = (form, policies);
    bench.settings.form.moves_on = false;
    bench.open()
}

fn caption(window: &Window) -> String {
    let names = window.query_all_by_role(Role::Button).filter_map(|node| node.accesskit_node().label());
    names.into_iter().find(|name| name.starts_with("Create token") || name.starts_with("Send anyway")).unwrap()
}

/// The rows of the raw view.
fn raw(window: &Window) -> Vec<(String, String)> {
    let inputs = window.query_all_by_role(Role::TextInput);
    let rows = inputs.filter_map(|node| {
        let name = node.accesskit_node().label()?;
        name.contains('[').then(|| (name, node.value().unwrap_or_default()))
    });
    rows.collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn all_who_read_a_form_read_the_same() {
    for typed in FORMS {
        let mut window = open(FormDefaults::default(), AccountPolicies::default());
        for (name, text) in typed.fields {
            focus_field(&mut window, name);
            play(&mut window, text);
        }
        let what = format!("{:?}", typed.fields);
        assert_eq!(caption(&window), typed.caption, "{what}");
        click(&mut window, Role::DisclosureTriangle, "Raw parameters");
        assert_eq!(raw(&window), owned(typed.sends), "{what}");

        click(&mut window, Role::Button, "Save the form as a preset…");
        assert!(says(&window, typed.expects), "{what}");
        assert_eq!(format!("Expects {}", value(&window, "Name")), typed.expects, "{what}");
        play(&mut window, "⬚My preset↵");
        wait_for(&mut window, "Saved as My preset");

        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the call", |window| window.query_by_role_and_label(Role::Tab, "Response").is_some());
        assert!(says(&window, typed.comes), "{what}");
        let curl = copied(&mut window, |window| press(window, Modifiers::COMMAND | Modifiers::SHIFT, Key::C)).concat();
        let sent = typed.sends.iter().fold(String::new(), |mut sent, (name, value)| {
            let _ = write!(sent, "{name}={value} ");
            sent
        });
        let said: String =
            curl.split('\'').filter(|part| part.starts_with("card[")).fold(String::new(), |all, part| all + part + " ");
        assert_eq!(said, sent, "{what}: {curl}");

        // The preset makes what the form made, and what it expects comes.
        ctrl(&mut window, Key::N);
        ctrl(&mut window, Key::K);
        play(&mut window, "my preset↵");
        wait(&mut window, "the second call", |window| rows(window).len() == 2);
        wait_for(&mut window, "As expected");
        assert!(!says(&window, "Differs"), "{what}");
    }
}

/// Puts the focus on a field of the form; the name of the field is no other's.
fn focus_field(window: &mut Window, name: &str) {
    focus(window, name);
    assert!(input(window, name).accesskit_node().is_focused());
}

#[test]
fn the_empty_form_follows_the_settings() {
    let form = FormDefaults {
        name: "Jenny Rosen".to_owned(),
        months_ahead: Some(2),
        fills_cvc: false,
        ..FormDefaults::default()
    };
    let mut window = open(form, AccountPolicies::default());
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    let sends = [
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "05"),
        ("card[exp_year]", "30"),
        ("card[name]", "Jenny Rosen"),
    ];
    assert_eq!(raw(&window), owned(&sends));
}

#[test]
fn the_empty_form_of_an_account_that_refuses_says_so() {
    let policies = AccountPolicies { raw_card_data: false, ..AccountPolicies::default() };
    let mut window = open(FormDefaults::default(), policies);
    assert!(caption(&window).starts_with("Send anyway"), "{}", caption(&window));
    assert!(says(&window, "Empty, so 4242 4242 4242 4242 is sent"));
    click(&mut window, Role::Button, "Save the form as a preset…");
    assert!(says(&window, "Expects token fails with"));
}

#[test]
fn a_parameter_of_the_empty_form_is_edited_by_hand() {
    let mut window = open(FormDefaults::default(), AccountPolicies::default());
    click(&mut window, Role::DisclosureTriangle, "Raw parameters");
    // A key that changes nothing leaves the form empty.
    focus_field(&mut window, "card[number]");
    window.key_press(Key::Home);
    window.run_ok();
    play(&mut window, "⌫");
    assert!(says(&window, "Empty: makes a token for"));
    focus_field(&mut window, "card[exp_month]");
    play(&mut window, "⬚13");
    assert_eq!(caption(&window), "Send anyway · expect invalid_expiry_month");
    // Emptied by hand, nothing stands for it.
    for (name, _) in PLAIN {
        click(&mut window, Role::Button, &format!("Drop {name}"));
    }
    assert_eq!(caption(&window), NOTHING);
    assert!(!says(&window, "Empty"));
    click(&mut window, Role::Button, "Back to the fields");
    assert_eq!(caption(&window), "Create token");
    assert_eq!(raw(&window), owned(&PLAIN));
}

/// Earlier programs expected an error of the empty form, and kept that with a preset.
#[test]
fn a_preset_of_nothing_that_expects_an_error_is_told_to_differ() {
    let mut library = PresetLibrary::default();
    library.save("Of nothing", &Draft::default(), Some(Expectation::refused("parameter_missing")), 0);
    let mut window = Bench { library, ..Bench::new() }.open();
    ctrl(&mut window, Key::K);
    play(&mut window, "of nothing↵");
    wait_for(&mut window, "Differs at token: expected parameter_missing, got ok");
}
