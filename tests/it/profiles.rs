//! Profiles and the settings dialog in the whole window: switched, edited, checked and taken, by role and name.

use std::{fs, net::TcpListener};

use egui::{Key, Modifiers, Role, accesskit::Toggled};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::Value;
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        settings::{
            preferences::{LogSettings, ThemeChoice, WindowSettings},
            profile::{Profile, ProfileColor, ProfileId, ProfileList},
            stripe::{BaseUrl, StripeSettings},
        },
    },
    settings,
};

use crate::support::{
    hands::{click, focus, focused, message, play, says, value},
    http::{Reply, Server, header_of, reply, silent_server},
    window::{Bench, Window, ctrl, press_in_head, rows, wait, wait_for},
};

const STAGING: ProfileId = ProfileId(1_800_000_000);
const KEY: &str = "sk_test_planted";

/// Two profiles: the local minter, and an API at this address.
fn two(url: &str) -> Bench {
    let mut bench = Bench::new();
    let staging = Profile {
        color: ProfileColor::Amber,
        target: Target::Stripe,
        stripe: StripeSettings { base_url: BaseUrl::parse(url).unwrap(), ..StripeSettings::default() },
        ..Profile::new(STAGING, "Staging")
    };
    let first = bench.settings.profiles.active().clone();
    bench.settings.profiles = ProfileList::of(vec![first, staging], ProfileId::FIRST);
    bench
}

fn open_settings(window: &mut Window) {
    ctrl(window, Key::Comma);
    wait_for(window, "Profiles and Stripe API");
}

/// Two profiles with an API and a key each, in the settings before they are saved.
fn open_with_two_apis(first: &Server, second: &Server) -> Window {
    let mut bench = two(&second.url());
    let profile = bench.settings.profiles.active_mut();
    profile.target = Target::Stripe;
    profile.stripe.base_url = BaseUrl::parse(&first.url()).unwrap();
    let mut window = bench.open();
    open_settings(&mut window);
    retype_key(&mut window, "sk_test_first");
    click(&mut window, Role::RadioButton, "Staging");
    retype_key(&mut window, "sk_test_second");
    window
}

fn page(window: &mut Window, name: &str) {
    click(window, Role::Tab, name);
}

#[track_caller]
fn retype(window: &mut Window, field: &str, text: &str) {
    focus(window, field);
    play(window, &format!("⬚⌫{text}"));
    assert_eq!(value(window, field), text);
}

#[track_caller]
fn save(window: &mut Window) {
    click(window, Role::Button, "Save");
    wait_for(window, "Settings saved");
    assert!(window.query_by_role_and_label(Role::Tab, "Window").is_none(), "the dialog is closed");
}

/// What the line at the foot of the dialog says, `""` without one.
fn foot(window: &Window) -> String {
    let mut told = window.query_all_by_role(Role::Status).filter_map(|node| node.accesskit_node().label());
    told.next().unwrap_or_default()
}

#[test]
fn the_profile_is_switched_at_the_top_and_every_key_leads_there() {
    let mut window = two("http://127.0.0.1:9").open();
    let switch = window.get_by_role_and_label(Role::Button, "Profile Default");
    assert_eq!(switch.accesskit_node().description().as_deref(), Some("Answered by Local minter"));
    switch.focus();
    window.run_ok();
    play(&mut window, "↵");
    assert_eq!(focused(&window).as_deref(), Some("Default"), "the menu has the focus, at the profile in use");
    let staging = window.get_by_role_and_label(Role::MenuItemRadio, "Staging");
    assert_eq!(staging.accesskit_node().description().as_deref(), Some("Stripe API · 127.0.0.1:9"));
    play(&mut window, "⇥↵");
    assert!(window.query_by_role(Role::MenuItemRadio).is_none(), "the menu is closed");
    assert_eq!(focused(&window).as_deref(), Some("Profile Staging"));
    wait_for(&mut window, "No API key");
    // The target of the profile came with it.
    let stripe = window.get_by_role_and_label(Role::RadioButton, "Stripe API");
    assert_eq!(stripe.accesskit_node().toggled(), Some(Toggled::True));
    // Nothing goes anywhere without a key.
    ctrl(&mut window, Key::Enter);
    wait_for(&mut window, "There is no API key yet");
    assert!(rows(&window).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_profile_is_called_with_its_own_key_at_its_own_place() {
    let token = r#"{"id": "tok_1", "object": "token", "used": false, "card": {"last4": "4242", "brand": "Visa"}}"#;
    let (first, second) = (Server::start(vec![reply(200, token)]).await, Server::start(vec![reply(200, token)]).await);
    let mut window = open_with_two_apis(&first, &second);
    retype(&mut window, "Stripe-Account", "acct_2");
    save(&mut window);
    wait_for(&mut window, "secret test key for this session");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the first call", |window| rows(window).len() == 1);
    let got = first.only();
    assert_eq!(got.header("authorization"), "Bearer sk_test_first");
    assert!(got.headers.get("stripe-account").is_none());

    click(&mut window, Role::Button, "Profile Default");
    click(&mut window, Role::MenuItemRadio, "Staging");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the second call", |window| rows(window).len() == 2);
    let got = second.only();
    assert_eq!((got.header("authorization"), got.header("stripe-account")), ("Bearer sk_test_second", "acct_2"));
    assert!(first.received().is_empty());

    // Code that makes the same call says so too.
    wait(&mut window, "the code", |window| window.query_by_role_and_label(Role::Tab, "Code").is_some());
    click(&mut window, Role::Tab, "Code");
    wait_for(&mut window, "-H 'Stripe-Account: acct_2'");
    assert!(says(&window, &format!("curl {}/v1/tokens", second.url())), "at the place of the profile");
}

#[test]
fn what_is_asked_again_goes_where_it_went_with_the_key_of_then() {
    let ((url, heads), (new_url, new_heads)) = (silent_server(), silent_server());
    let mut window = Bench { key: None, ..Bench::stripe(&url) }.open();
    open_settings(&mut window);
    retype_key(&mut window, "sk_test_first");
    save(&mut window);
    wait_for(&mut window, "secret test key for this session");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the call", |_| heads.lock().unwrap().len() == 1);
    wait(&mut window, "Cancel", |window| window.query_by_role_and_label(Role::Button, "Cancel").is_some());
    click(&mut window, Role::Button, "Cancel");
    wait(&mut window, "Ask again", |window| window.query_by_role_and_label(Role::Button, "Ask again").is_some());

    open_settings(&mut window);
    retype(&mut window, "Base URL", &new_url);
    retype_key(&mut window, "sk_test_second");
    save(&mut window);
    click(&mut window, Role::Button, "Ask again");
    wait(&mut window, "the second call", |_| heads.lock().unwrap().len() == 2);
    let keys: Vec<String> = heads.lock().unwrap().iter().map(|head| header_of(head, "authorization")).collect();
    assert_eq!(keys, ["bearer sk_test_first", "bearer sk_test_first"]);
    assert!(new_heads.lock().unwrap().is_empty());
}

/// Selects the row of a token and waits for its summary.
fn select(window: &mut Window, token: &str) {
    let row = rows(window).iter().position(|row| row.contains(token)).unwrap();
    window.query_all_by_role(Role::Row).nth(row).unwrap().click();
    window.run_ok();
    click(window, Role::Tab, "Summary");
    wait(window, token, |window| window.query_by_role_and_label(Role::Button, &format!("Token: {token}")).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_asked_for_where_it_was_made_whatever_profile_is_in_use() {
    let token = |id: &str| {
        let card = r#"{"last4": "4242", "brand": "Visa"}"#;
        format!(r#"{{"id": "{id}", "object": "token", "used": false, "card": {card}}}"#)
    };
    let first = Server::start(vec![reply(200, token("tok_first"))]).await;
    let second = Server::start(vec![reply(200, token("tok_second"))]).await;
    let mut window = open_with_two_apis(&first, &second);
    save(&mut window);
    wait_for(&mut window, "secret test key for this session");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the first row", |window| rows(window).len() == 1 && rows(window)[0].starts_with("Unused"));
    click(&mut window, Role::Button, "Profile Default");
    click(&mut window, Role::MenuItemRadio, "Staging");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the second row", |window| rows(window).len() == 2 && rows(window)[0].starts_with("Unused"));
    first.only();
    second.only();

    // All of them: those of the profile in use.
    click(&mut window, Role::Button, "Ask Stripe which unused tokens were used");
    wait_for(&mut window, "0 used, 1 still unused. 1 of another profile was left out");
    assert_eq!(second.only().uri, "/v1/tokens/tok_second");
    assert!(first.received().is_empty());

    // One of them: its own profile, with its key.
    select(&mut window, "tok_first");
    assert!(window.query_by_role_and_label(Role::Button, "Profile: Default").is_some());
    press_in_head(&mut window, "Check");
    wait_for(&mut window, "The token is still unused");
    let asked = first.only();
    assert_eq!((asked.uri.as_str(), asked.header("authorization")), ("/v1/tokens/tok_first", "Bearer sk_test_first"));
    click(&mut window, Role::Button, "Charge…");
    window.key_press(Key::Enter);
    window.run_ok();
    wait_for(&mut window, "The token was used by tok_first");
    let charged = first.only();
    assert_eq!((charged.uri.as_str(), charged.header("authorization")), ("/v1/charges", "Bearer sk_test_first"));
    assert!(second.received().is_empty());

    // Without its profile nobody is asked.
    open_settings(&mut window);
    click(&mut window, Role::RadioButton, "Default");
    click(&mut window, Role::Button, "Delete…");
    click(&mut window, Role::Button, "Delete");
    save(&mut window);
    assert!(window.query_by_role_and_label(Role::Button, "Profile: One that is gone").is_some());
    press_in_head(&mut window, "Check");
    wait_for(&mut window, "The profile that this token was made with is gone");
    assert!(first.received().is_empty() && second.received().is_empty());
}

/// The password field does not tell its value.
fn retype_key(window: &mut Window, key: &str) {
    focus_key(window);
    play(window, &format!("⬚⌫{key}"));
}

fn focus_key(window: &mut Window) {
    window.get_by_role_and_label(Role::PasswordInput, "Test key").focus();
    window.run_ok();
}

fn key_message(window: &Window) -> String {
    let node = window.get_by_role_and_label(Role::PasswordInput, "Test key");
    node.accesskit_node().description().unwrap_or_default()
}

#[test]
fn settings_of_every_page_are_taken_together() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let bench = Bench { settings_file: Some(file.clone()), ..two("https://api.stripe.com") };
    let mut window = bench.open();
    open_settings(&mut window);
    retype(&mut window, "Name", "This machine");
    click(&mut window, Role::RadioButton, "Teal");
    retype(&mut window, "Proxy", "http://proxy.example:3128");
    retype(&mut window, "Stripe-Version", "2026-08-26.dahlia");
    page(&mut window, "Local minter");
    click(&mut window, Role::CheckBox, "Accept raw card numbers");
    page(&mut window, "Form defaults");
    retype(&mut window, "Usual name on card", "Jenny Rosen");
    retype(&mut window, "Months until expiry", "3");
    click(&mut window, Role::CheckBox, "Fill in a CVC when a test card is taken");
    click(&mut window, Role::RadioButton, "Nothing");
    page(&mut window, "Window");
    click(&mut window, Role::RadioButton, "Light");
    click(&mut window, Role::RadioButton, "125%");
    page(&mut window, "Files");
    retype(&mut window, "Calls that are kept", "99");
    assert!(message(&window, "Calls that are kept").starts_with("✗ Write a number from 100"));
    retype(&mut window, "Calls that are kept", "20,000");
    retype(&mut window, "Megabytes of them", "50");
    save(&mut window);
    assert_eq!(window.ctx.theme(), egui::Theme::Light);
    wait(&mut window, "the size", |window| (window.ctx.zoom_factor() - 1.25).abs() < 0.01);

    // What was set is what the form does: in 2030, three months ahead.
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    assert!(says(&window, "raw card numbers") && value(&window, "Name on card") == "Jenny Rosen");
    assert_eq!((value(&window, "Expiry"), value(&window, "CVC")), ("06 / 30".to_owned(), String::new()));

    let (kept, warnings) = settings::load(&file);
    assert_eq!(warnings, Vec::<String>::new());
    let profile = kept.profiles.active();
    assert_eq!((profile.name.as_str(), profile.color), ("This machine", ProfileColor::Teal));
    assert_eq!(profile.stripe.proxy.as_str(), "http://proxy.example:3128");
    assert_eq!((kept.window.theme, kept.form.months_ahead), (ThemeChoice::Light, Some(3)));
    assert!(!kept.policies.raw_card_data && !kept.form.copies_id && (kept.window.zoom - 1.25).abs() < 0.01);
    assert_eq!(kept.profiles.iter().len(), 2);
    assert_eq!(kept.log, LogSettings { calls: 20_000, megabytes: 50 });
}

#[test]
fn the_focus_is_where_it_was_once_the_settings_are_saved() {
    let mut window = Bench::new().open();
    focus(&mut window, "Name on card");
    open_settings(&mut window);
    save(&mut window);
    assert_eq!(focused(&window).as_deref(), Some("Name on card"));
}

#[test]
fn a_zoom_that_the_keys_reach_is_saved_as_one_that_the_settings_take() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let mut window = Bench { settings_file: Some(file.clone()), ..two("https://api.stripe.com") }.open();
    for _ in 0..12 {
        ctrl(&mut window, Key::Minus);
    }
    let smallest = *WindowSettings::ZOOMS.start();
    wait(&mut window, "the zoom in the file", |_| (settings::load(&file).0.window.zoom - smallest).abs() < 0.01);
    assert_eq!(settings::load(&file).1, Vec::<String>::new());
}

#[test]
fn of_two_windows_the_last_save_wins_and_the_other_says_so() {
    const TOLD: &str = "The settings were changed outside of this window";
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let bench = Bench { settings_file: Some(file.clone()), ..two("https://api.stripe.com") };
    settings::save(&file, &ProfileList::default(), &bench.settings).unwrap();
    let (mut here, mut there) = (bench.open(), bench.open());
    open_settings(&mut there);
    click(&mut there, Role::RadioButton, "Staging");
    click(&mut there, Role::Button, "Delete…");
    click(&mut there, Role::Button, "Delete");
    page(&mut there, "Window");
    click(&mut there, Role::RadioButton, "Light");
    save(&mut there);
    wait_for(&mut here, TOLD);
    assert!(!says(&there, TOLD), "its own save is nothing to be told of");
    assert_eq!(here.ctx.theme(), egui::Theme::Dark, "what is in use stays");

    ctrl(&mut here, Key::Minus);
    wait_for(&mut here, "The profile Staging was deleted in another window");
    wait_for(&mut there, TOLD);
    let (kept, warnings) = settings::load(&file);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!((kept.window.theme, kept.window.zoom < 0.95), (ThemeChoice::Dark, true), "the last save wins");
    let names: Vec<&str> = kept.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["Default"], "what was deleted stays deleted");
}

#[test]
fn a_wrong_field_is_told_where_it_is_and_loses_nothing() {
    let mut window = two("https://api.stripe.com").open();
    open_settings(&mut window);
    retype(&mut window, "Base URL", "http://api.stripe.com");
    retype(&mut window, "Proxy", "http://me:secret@proxy.example");
    click(&mut window, Role::RadioButton, "Staging");
    retype(&mut window, "Name", "default");
    page(&mut window, "Form defaults");
    retype(&mut window, "Months until expiry", "many");
    assert!(message(&window, "Months until expiry").starts_with("✗ Write a number of months"));
    assert_eq!(foot(&window), "Base URL of Default is not right, and 3 more");

    // Save leads to the first fault, and nothing that was typed is gone.
    window.key_press_modifiers(Modifiers::COMMAND, Key::Enter);
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Base URL"));
    assert!(message(&window, "Base URL").starts_with("✗ Only https is safe"));
    assert!(message(&window, "Proxy").contains("HTTPS_PROXY"));
    assert_eq!(value(&window, "Proxy"), "http://me:secret@proxy.example");
    retype(&mut window, "Base URL", "https://api.stripe.com");
    retype(&mut window, "Proxy", "none");
    click(&mut window, Role::Button, "Save");
    assert_eq!(focused(&window).as_deref(), Some("Name"));
    assert!(message(&window, "Name").starts_with("✗ Another profile has this name"));
    retype(&mut window, "Name", "Staging 2");
    click(&mut window, Role::Button, "Save");
    assert_eq!(focused(&window).as_deref(), Some("Months until expiry"));
    retype(&mut window, "Months until expiry", "");
    save(&mut window);
    assert!(says(&window, "Profile Default"));
}

#[test]
fn a_key_in_a_wrong_field_is_refused_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let mut window = Bench { settings_file: Some(file.clone()), ..Bench::new() }.open();
    open_settings(&mut window);
    for field in ["Name", "Base URL", "Stripe-Version", "Stripe-Account", "Proxy", "Extra CA certificate"] {
        let before = value(&window, field);
        retype(&mut window, field, KEY);
        assert!(message(&window, field).contains("looks like a key"), "{field}: {}", message(&window, field));
        click(&mut window, Role::Button, "Save");
        assert_eq!(focused(&window).as_deref(), Some(field));
        assert!(!foot(&window).contains(KEY));
        retype(&mut window, field, &before);
    }
    assert!(!file.exists());
    // The right place takes it, and keeps it out of the file.
    retype_key(&mut window, "sk_live_planted");
    assert!(key_message(&window).contains("live key"));
    retype_key(&mut window, KEY);
    save(&mut window);
    wait(&mut window, "the file", |_| file.exists());
    assert!(!fs::read_to_string(&file).unwrap().contains("planted"));
}

#[test]
fn a_file_that_holds_no_certificate_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let pem = folder.path().join("authority.pem");
    fs::write(&pem, "hello").unwrap();
    let mut window = Bench::new().open();
    open_settings(&mut window);
    retype(&mut window, "Name", "Renamed");
    retype(&mut window, "Extra CA certificate", pem.to_str().unwrap());
    click(&mut window, Role::Button, "Save");
    let field = "Extra CA certificate";
    wait(&mut window, "the refusal", |window| message(window, field).starts_with("✗ The file holds no certificate"));
    assert_eq!(focused(&window).as_deref(), Some(field));
    assert!(says(&window, "Profile Default"), "nothing was changed");
    retype(&mut window, field, "");
    save(&mut window);
    assert!(says(&window, "Profile Renamed"));
}

#[test]
fn profiles_are_added_copied_and_deleted() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let mut window = Bench { settings_file: Some(file.clone()), ..two("https://api.stripe.com") }.open();
    open_settings(&mut window);
    click(&mut window, Role::RadioButton, "Staging");
    retype_key(&mut window, KEY);
    save(&mut window);
    open_settings(&mut window);
    click(&mut window, Role::Button, "Add");
    assert_eq!(focused(&window).as_deref(), Some("Name"));
    play(&mut window, "⬚CI");
    click(&mut window, Role::RadioButton, "Staging");
    click(&mut window, Role::Button, "Duplicate");
    assert_eq!(value(&window, "Name"), "Staging copy");
    assert!(key_message(&window).starts_with("No key yet"), "a copy has no key");

    click(&mut window, Role::RadioButton, "Staging");
    click(&mut window, Role::Button, "Delete…");
    assert!(says(&window, "Delete Staging?") && says(&window, "Its key is forgotten"));
    click(&mut window, Role::Button, "Keep");
    assert!(!says(&window, "Delete Staging?"));
    click(&mut window, Role::Button, "Delete…");
    click(&mut window, Role::Button, "Delete");
    assert!(window.query_by_role_and_label(Role::RadioButton, "Staging").is_none());
    save(&mut window);
    wait(&mut window, "the file", |_| settings::load(&file).0.profiles.iter().len() == 3);
    let names: Vec<String> = settings::load(&file).0.profiles.iter().map(|profile| profile.name.clone()).collect();
    assert_eq!(names, ["Default", "Staging copy", "CI"]);

    // The last one stays.
    open_settings(&mut window);
    for _ in 0..2 {
        click(&mut window, Role::Button, "Delete…");
        click(&mut window, Role::Button, "Delete");
    }
    assert!(window.get_by_role_and_label(Role::Button, "Delete…").accesskit_node().is_disabled());
}

#[test]
fn what_was_changed_is_not_lost_by_a_key_press() {
    let mut window = Bench::new().open();
    open_settings(&mut window);
    retype(&mut window, "Name", "Changed");
    window.key_press(Key::Escape);
    window.run_ok();
    assert_eq!(foot(&window), "Something was changed and not saved");
    click(&mut window, Role::Button, "Keep editing");
    assert_eq!((foot(&window).as_str(), value(&window, "Name").as_str()), ("", "Changed"));
    click(&mut window, Role::Button, "Discard changes");
    assert!(says(&window, "Profile Default") && !says(&window, "Form defaults"));
    // Without a change it just closes.
    open_settings(&mut window);
    window.key_press(Key::Escape);
    window.run_ok();
    assert!(!says(&window, "Form defaults"));
}

#[test]
fn every_setting_is_named_and_explained() {
    let mut window = two("https://api.stripe.com").open();
    open_settings(&mut window);
    for name in ["Profiles and Stripe API", "Local minter", "Form defaults", "Window"] {
        page(&mut window, name);
        let mut settings = 0;
        for node in window.query_all_by(|node| {
            matches!(node.role(), Role::TextInput | Role::PasswordInput | Role::CheckBox | Role::RadioGroup)
        }) {
            let node = node.accesskit_node();
            let label = node.label().unwrap_or_default();
            // The window behind the dialog, and the list of countries.
            if node.is_disabled() || label.is_empty() {
                continue;
            }
            settings += 1;
            if matches!(node.role(), Role::CheckBox | Role::PasswordInput) {
                assert!(node.description().is_some_and(|words| words.len() > 20), "{label} is not explained");
            }
        }
        assert!(settings >= 2, "{name}");
    }
}

// ---- Check key -----------------------------------------------------------------------------------------------------

fn api(url: &str) -> Bench {
    let mut bench = two(url);
    bench.settings.profiles.activate(STAGING);
    bench
}

/// Checks a key at this address, and waits for these words.
#[track_caller]
fn check(url: &str, key: &str, expected: &[&str]) -> Window {
    let mut window = api(url).open();
    open_settings(&mut window);
    retype_key(&mut window, key);
    // It spins while it waits.
    window.get_by_role_and_label(Role::Button, "Check key").click();
    window.step();
    for words in expected {
        wait_for(&mut window, words);
    }
    window
}

fn error(http_status: u16, message: &str) -> Reply {
    reply(http_status, format!(r#"{{"error": {{"type": "invalid_request_error", "message": "{message}"}}}}"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_checked_by_one_call_that_leaves_no_trace() {
    let server = Server::start(vec![reply(200, r#"{"id": "tok_1", "object": "token"}"#)]).await;
    let expected = ["It is a secret test key", "answered", "The key was accepted", "Raw card numbers are accepted"];
    let mut window = check(&server.url(), KEY, &expected);
    let got = server.only();
    assert_eq!((got.method.as_str(), got.uri.as_str()), ("POST", "/v1/tokens"));
    assert!(got.body.contains("4242424242424242") && got.header("authorization").ends_with(KEY));
    // Another key, another answer: what was found is not shown for it.
    focus_key(&mut window);
    play(&mut window, "x");
    assert!(!says(&window, "Raw card numbers are accepted"));
    click(&mut window, Role::Button, "Discard changes");
    assert!(rows(&window).is_empty() && says(&window, "Requests 0"), "neither an entry nor a call is written down");
    assert!(says(&window, "No API key"), "the key was not kept either");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_may_and_may_not_is_told() {
    let raw = "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest …";
    for (answer, key, expected) in [
        (error(401, "Invalid API Key provided."), KEY, &["The key was refused", "Invalid API Key provided."][..]),
        (error(402, raw), KEY, &["The key was accepted", "does not accept raw card numbers", "raw card data APIs"]),
        (
            error(400, "This integration surface is unsupported for publishable key tokenization."),
            "pk_test_planted",
            &["It is a publishable test key", "makes no tokens with a publishable key"],
        ),
        (
            error(403, "The provided key does not have the required permissions."),
            "rk_test_planted",
            &["It is a restricted test key", "The key was accepted", "The key may not make tokens"],
        ),
        (
            error(400, "Invalid Stripe API version"),
            KEY,
            &["HTTP 400, which says nothing", "Invalid Stripe API version"],
        ),
        (reply(200, "<html>"), KEY, &["gave no usable answer", "not JSON"]),
    ] {
        let server = Server::start(vec![answer]).await;
        check(&server.url(), key, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_numbers_are_refused_the_ready_token_is_offered() {
    let raw = "Sending credit card numbers directly to the Stripe API is generally unsafe.";
    let server = Server::start(vec![error(402, raw)]).await;
    let mut window = check(&server.url(), KEY, &["does not accept raw card numbers"]);
    click(&mut window, Role::Button, "Copy tok_visa");
    wait_for(&mut window, "tok_visa copied");
    click(&mut window, Role::Button, "Copy the link");
    wait_for(&mut window, "Link copied");
}

#[test]
fn a_place_that_cannot_be_reached_is_told_with_its_reason() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(&format!("http://127.0.0.1:{port}"), KEY, &["gave no usable answer", "the connection was refused"]);
    // Nothing there speaks TLS.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    std::thread::Builder::new()
        .name("plain".to_owned())
        .spawn(move || {
            for stream in plain.incoming() {
                let _ = std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 No TLS here\r\n\r\n");
            }
        })
        .unwrap();
    check(&url, KEY, &["gave no usable answer", "Could not open a secure connection"]);
}

#[test]
fn a_check_is_cancelled() {
    // Takes calls and answers none.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut window = check(&url, KEY, &["Asking 127.0.0.1"]);
    wait(&mut window, "the button", |window| {
        let cancel = window.query_by_role_and_label(Role::Button, "Cancel the check");
        cancel.is_some_and(|node| !node.accesskit_node().is_disabled())
    });
    window.get_by_role_and_label(Role::Button, "Cancel the check").click();
    window.step();
    wait_for(&mut window, "It was stopped before an answer came");
    assert!(window.query_by_role_and_label(Role::Button, "Check key").is_some());
}

#[test]
fn a_key_from_the_environment_is_said_to_be_used_for_every_profile() {
    let mut window = Bench { key: Some(KEY), ..two("https://api.stripe.com") }.open();
    open_settings(&mut window);
    for profile in ["Default", "Staging"] {
        click(&mut window, Role::RadioButton, profile);
        wait(&mut window, "the key", |window| key_message(window).contains("STRIPE_SECRET_KEY"));
        assert!(key_message(&window).contains("every profile"), "{}", key_message(&window));
        assert!(window.query_by_role_and_label(Role::Button, "Forget the key").is_none());
    }
}

#[test]
fn the_folders_are_shown_and_copied() {
    let mut bench = Bench::new();
    bench.places =
        vec![testcard::app::FilePlace { name: "Data folder", path: "/where/the/data/is".into(), note: "The history" }];
    let mut window = bench.open();
    open_settings(&mut window);
    page(&mut window, "Files");
    assert!(says(&window, "/where/the/data/is"));
    click(&mut window, Role::Button, "Copy the path of data folder");
    wait_for(&mut window, "Path copied");
}

#[test]
fn a_small_window_keeps_the_ways_out_in_view() {
    for size in [[900.0, 560.0], [3840.0, 2160.0]] {
        let mut window = Bench { size, ..api("https://api.stripe.com") }.open();
        open_settings(&mut window);
        for name in ["Save", "Close"] {
            let nodes = window.query_all_by_role_and_label(Role::Button, name);
            let lowest = nodes.map(|node| node.rect().bottom()).fold(0.0, f32::max);
            assert!(lowest > 100.0 && lowest < size[1], "{name} at {lowest} of {size:?}");
        }
    }
}

#[test]
fn what_gets_the_focus_comes_into_view() {
    let mut window = Bench { size: [900.0, 560.0], ..api("https://api.stripe.com") }.open();
    wait_for(&mut window, "No API key");
    click(&mut window, Role::Button, "No API key");
    let is_seen = |window: &Window| {
        let node = window.query_all_by(|node| node.is_focused() && node.role() != Role::Window).next().unwrap();
        let (rect, save) = (node.rect(), window.get_by_role_and_label(Role::Button, "Save").rect());
        rect.top() > 100.0 && rect.bottom() < save.top()
    };
    window.run_ok();
    assert_eq!(focused(&window).as_deref(), Some("Test key"));
    assert!(is_seen(&window));
    for field in ["Stripe-Version", "Stripe-Account", "Proxy", "Extra CA certificate"] {
        play(&mut window, "⇥");
        window.run_ok();
        assert_eq!(focused(&window).as_deref(), Some(field));
        assert!(is_seen(&window), "{field}");
    }
    for _ in 0..4 {
        window.key_press_modifiers(Modifiers::SHIFT, Key::Tab);
        window.run_ok();
    }
    assert!(focused(&window).as_deref() == Some("Test key") && is_seen(&window));
}

#[test]
fn the_settings_file_of_the_dialog_is_read_by_the_next_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let mut window = Bench { settings_file: Some(file.clone()), ..Bench::new() }.open();
    open_settings(&mut window);
    click(&mut window, Role::Button, "Add");
    play(&mut window, "⬚CI");
    save(&mut window);
    click(&mut window, Role::Button, "Profile Default");
    click(&mut window, Role::MenuItemRadio, "CI");
    wait(&mut window, "the file", |_| settings::load(&file).0.profiles.active().name == "CI");
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!((&kept["profiles"][1]["name"], &kept["profiles"][1]["id"]), (&"CI".into(), &kept["profile"]));
    let again = Bench { settings: settings::load(&file).0, ..Bench::new() }.open();
    assert!(says(&again, "Profile CI"));
}
