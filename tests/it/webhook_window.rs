//! Webhooks in the dialog of the server: where events go, which endpoints there are, and the secrets they are signed with.

use std::{fmt::Write as _, fs, path::Path};

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;
use testcard::domain::mask::keyed_hash::hmac_sha256;

use crate::support::{
    hands::{click, input, message, play, press, says},
    loopback::{call, id_in, serving, serving_by},
    receiver::{ReceivedEvent, Receiver},
    window::{Bench, Window, wait, wait_for},
};

const CHARGE: &str = "amount=2000&currency=usd&source=tok_visa";
const FORWARD: &str = "Forward events to";
const ORIGINS: &str = "Endpoints may also be at";

fn open_server(window: &mut Window) {
    press(window, Modifiers::COMMAND | Modifiers::SHIFT, Key::S);
    assert!(says(window, "Loopback server"));
    click(window, Role::DisclosureTriangle, "Webhooks");
}

/// Types a text into a field of the dialog and presses Enter.
fn enter(window: &mut Window, field: &str, text: &str) {
    input(window, field).focus();
    window.run_ok();
    play(window, "⬚⌫");
    if !text.is_empty() {
        play(window, &format!("⟦{text}⟧"));
    }
    press(window, Modifiers::NONE, Key::Enter);
}

/// The secret that the dialog shows, once it does.
fn shown_secret(window: &mut Window) -> String {
    let is_secret = |label: &str| label.starts_with("whsec_") && !label.contains('•');
    let find = |window: &Window| {
        window
            .query_all_by_role(Role::Label)
            .filter_map(|node| node.value().or(node.accesskit_node().label()))
            .find(|text| is_secret(text))
    };
    wait(window, "the secret", |window| find(window).is_some());
    find(window).unwrap()
}

/// Whether an event is signed with a secret, as Stripe's SDKs find out.
fn is_signed_with(event: &ReceivedEvent, secret: &str) -> bool {
    let part = |name: &str| event.signature.split(',').find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
    let hash = hmac_sha256(secret.as_bytes(), &[part("t=").as_bytes(), b".", event.body.as_bytes()]);
    let hex = hash.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    part("v1=") == hex
}

/// The files below a folder that hold a text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes()) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn events_are_forwarded_to_a_url_that_is_typed_and_signed_with_the_secret_that_is_shown() {
    let (receiver, folder) = (Receiver::start(), TempDir::new().unwrap());
    let settings_file = folder.path().join("settings.json");
    let bench =
        Bench { folder: Some(folder.path().join("data")), settings_file: Some(settings_file.clone()), ..Bench::new() };
    let (mut window, port) = serving_by(bench);
    call(port, "POST", "/v1/charges", CHARGE);
    open_server(&mut window);
    for (wrong, reason) in [
        ("localhost:4242", "A webhook URL begins with http:// or https://"),
        ("http://me:secret@localhost/", "A webhook URL has no user name and no password"),
    ] {
        enter(&mut window, FORWARD, wrong);
        assert!(message(&window, FORWARD).contains(reason), "{}", message(&window, FORWARD));
    }
    enter(&mut window, FORWARD, &receiver.url);
    wait_for(&mut window, "forwarded · all events");
    wait_for(&mut window, "Gets its events");
    call(port, "POST", "/v1/charges", CHARGE);
    let event = receiver.next();
    assert_eq!(event.event_type, "charge.succeeded", "what came before is not sent");
    assert!(says(&window, "whsec_•••"));
    click(&mut window, Role::Button, "Show");
    let secret = shown_secret(&mut window);
    assert!(is_signed_with(&event, &secret));
    assert!(!is_signed_with(&event, "whsec_0"));
    click(&mut window, Role::Button, "Hide");
    assert!(says(&window, "whsec_•••"));
    // Kept for the next start, without the secret.
    wait(&mut window, "the settings", |_| {
        holding(folder.path(), &receiver.url).iter().any(|file| file.ends_with("settings.json"))
    });
    assert_eq!(holding(folder.path(), &secret), Vec::<String>::new());
    enter(&mut window, FORWARD, "");
    wait_for(&mut window, "No endpoint yet");
}

#[test]
fn an_endpoint_elsewhere_says_why_it_gets_nothing_until_its_origin_is_named() {
    let (mut window, port) = serving();
    let endpoint = id_in(
        &call(port, "POST", "/v1/webhook_endpoints", "url=https://hooks.example/in&enabled_events[]=charge.succeeded"),
        "we_",
    );
    open_server(&mut window);
    wait_for(&mut window, &format!("{endpoint} · charge.succeeded"));
    let section = window.get_by_role_and_label(Role::DisclosureTriangle, "Webhooks");
    assert_eq!(section.accesskit_node().data().description(), Some("1 endpoint, 1 gets nothing"));
    wait_for(&mut window, "Gets none: it is not on this machine. Add https://hooks.example to where endpoints may be");
    enter(&mut window, ORIGINS, "https://hooks.example/in");
    assert!(message(&window, ORIGINS).contains("An origin ends after host and port"), "{}", message(&window, ORIGINS));
    enter(&mut window, ORIGINS, "https://hooks.example");
    wait_for(&mut window, "Gets its events");
    call(port, "POST", &format!("/v1/webhook_endpoints/{endpoint}"), "disabled=true");
    wait_for(&mut window, "Gets none: it is disabled");
    click(&mut window, Role::CheckBox, "Serve the local minter");
    call_ends(&mut window);
}

#[test]
fn an_endpoint_says_what_it_has_not_taken_and_why_as_it_happens() {
    let receiver = Receiver::start();
    receiver.answer(503);
    let (mut window, port) = serving();
    call(port, "POST", "/v1/webhook_endpoints", &format!("url={}&enabled_events[]=charge.succeeded", receiver.url));
    open_server(&mut window);
    wait_for(&mut window, "Gets its events");
    call(port, "POST", "/v1/charges", CHARGE);
    wait(&mut window, "why it is not taken", |window| {
        window.query_by_label_contains("1 event waits · HTTP 503 (").is_some()
    });
}

/// Waits until the server is off.
fn call_ends(window: &mut Window) {
    wait(window, "the end", |window| window.query_by_label_contains("Serving 127.0.0.1:").is_none());
}
