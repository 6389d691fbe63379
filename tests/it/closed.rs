//! Settings that cannot be read: no call leaves for anywhere, and each says which it is.

use std::fs;

use testcard::{
    domain::{
        call::api::TransportError,
        key::ApiKey,
        settings::{preferences::WindowSettings, profile::ProfileId},
    },
    settings,
    stripe::{CallLimits, StripeClient},
};

use crate::support::{
    hands::says,
    http::{Server, reply},
    program::{Home, finish},
    window::{Bench, ctrl, type_card, wait_for},
};

const KEY: &str = "sk_test_closed";

fn with_settings(text: &str) -> Home {
    let home = Home::new();
    let config = home.path().join("config");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("settings.json"), text).unwrap();
    home
}

/// What the file says, and the setting that the refusal names.
const BROKEN: [(&str, &str); 16] = [
    (r#"{"profiles": [{"id": 1, "base_url": "http://example.com"}]}"#, "profiles[0].base_url"),
    (r#"{"profiles": [{"id": 1, "base_url": "https//staging.example"}]}"#, "profiles[0].base_url"),
    (r#"{"profiles": [{"id": 1, "base_url": ""}]}"#, "profiles[0].base_url"),
    (r#"{"profiles": [{"id": 1, "base_url": null}]}"#, "profiles[0].base_url"),
    (r#"{"profiles": [{"id": 1, "proxy": "socks5://127.0.0.1:1"}]}"#, "profiles[0].proxy"),
    (r#"{"profiles": [{"id": 1, "proxy": 8080}]}"#, "profiles[0].proxy"),
    (r#"{"profiles": [{"id": 1, "stripe_account": ["acct_1"]}]}"#, "profiles[0].stripe_account"),
    (r#"{"profiles": [{"id": 1, "stripe_version": 2026}]}"#, "profiles[0].stripe_version"),
    (r#"{"profiles": [{"id": 1, "ca_certificate": {}}]}"#, "profiles[0].ca_certificate"),
    (r#"{"profile": 7, "profiles": [{"id": 1}, {"id": 2}]}"#, "profile"),
    (r#"{"profile": "two", "profiles": [{"id": 1}, {"id": 2}]}"#, "profile"),
    (r#"{"profiles": {"id": 1}}"#, "profiles[0].base_url"),
    (r#"{"stripe": {"base_url": 7}}"#, "profiles[0].base_url"),
    ("{\"profiles\": [", "profiles[0].base_url"),
    ("[]", "profiles[0].base_url"),
    ("\u{0}\u{1}", "profiles[0].base_url"),
];

#[test]
fn no_call_leaves_with_a_setting_that_cannot_be_read() {
    for (text, field) in BROKEN {
        let home = with_settings(text);
        let (loaded, warnings) = settings::load(&home.path().join("config").join("settings.json"));
        assert!(!warnings.is_empty(), "{text}");
        let error = StripeClient::new(loaded.stripe(), ApiKey::parse(KEY).unwrap(), CallLimits::default()).unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{text}: {error:?}");
        for command in [
            &["mint"][..],
            &["token", "tok_1"],
            &["charge", "tok_1"],
            &["attach", "tok_1"],
            &["mint", "--base-url", "https://nonexistent.invalid"],
        ] {
            // Another base URL takes the place of one that cannot be read, and of nothing else.
            if command.contains(&"--base-url") && text.contains(r#""base_url": "#) {
                continue;
            }
            let run = home.run_with_key(KEY, command.iter().copied().chain(["--target", "stripe"]));
            assert_eq!((run.exit, &*run.stdout), (2, ""), "{text} {command:?}: {run:?}");
            let told = if command.contains(&"--base-url") { "No call was made" } else { field };
            assert!(run.stderr.contains(told) && run.stderr.contains("is not valid"), "{text}: {run:?}");
        }
        assert!(!home.path().join("data").exists(), "{text}: nothing is made for a call that is not sent");
        assert_eq!(home.run(["mint"]).exit, 0, "{text}: the local minter goes on");
    }
}

#[test]
fn an_address_on_the_command_line_that_is_wrong_is_no_address() {
    let home = Home::new();
    for url in ["http://example.com", "api.stripe.com", "", "https://a:b@example.com"] {
        let run = home.run_with_key(KEY, ["mint", "--target", "stripe", "--base-url", url]);
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
        assert!(run.stderr.contains("--base-url"), "{run:?}");
    }
    let run = home.run_with_key(KEY, ["mint", "--target", "stripe", "--profile", "Nowhere"]);
    assert_eq!(run.exit, 2, "{run:?}");
    assert!(run.stderr.contains("no profile 'Nowhere'"), "{run:?}");
}

#[test]
fn a_proxy_of_the_environment_that_is_none_stops_the_call() {
    for (name, value) in [("HTTPS_PROXY", "::bad"), ("https_proxy", "socks5://127.0.0.1:1"), ("ALL_PROXY", "http://")] {
        let home = Home::new();
        let mut command = home.command(["mint", "--target", "stripe", "--base-url", "https://nonexistent.invalid"]);
        let run = finish(command.env("STRIPE_SECRET_KEY", KEY).env(name, value));
        assert_eq!((run.exit, &*run.stdout), (3, ""), "{run:?}");
        assert!(run.stderr.contains(name) && run.stderr.contains("is not the URL of a proxy"), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_this_machine_a_proxy_does_not_matter_and_another_address_takes_the_place_of_a_broken_one() {
    let server = Server::start(vec![reply(200, r#"{"id": "tok_9", "object": "token"}"#)]).await;
    let home = with_settings(r#"{"profiles": [{"id": 1, "base_url": "nonsense"}]}"#);
    let url = server.url();
    let mut command = home.command(["mint", "--target", "stripe", "--base-url", &url]);
    let run = finish(command.env("STRIPE_SECRET_KEY", KEY).env("HTTPS_PROXY", "::bad"));
    assert_eq!((run.exit, &*run.stdout), (0, "tok_9\n"), "{run:?}");
}

#[test]
fn what_cannot_be_read_stays_broken_until_a_person_corrects_it() {
    for (text, field) in BROKEN {
        let home = with_settings(text);
        let path = home.path().join("config").join("settings.json");
        let (mut loaded, _) = settings::load(&path);
        let known = loaded.profiles.clone();
        loaded.window = WindowSettings { zoom: 1.5, ..WindowSettings::default() };
        settings::save(&path, &known, &loaded).unwrap();
        let (again, _) = settings::load(&path);
        assert_eq!(again.window, loaded.window);
        assert!(again.stripe().fault().is_some_and(|fault| fault.place == field), "{text}: {:?}", again.stripe());
    }
    // A choice of a person ends it.
    let home = with_settings(r#"{"profile": 7, "profiles": [{"id": 1}, {"id": 2}]}"#);
    let (mut loaded, _) = settings::load(&home.path().join("config").join("settings.json"));
    loaded.profiles.activate(ProfileId(2));
    assert!(loaded.profiles.iter().all(|profile| profile.stripe.fault().is_none()));
}

#[test]
fn a_key_in_the_place_of_a_setting_is_neither_kept_by_a_save_nor_shown() {
    let home = with_settings(r#"{"profiles": [{"id": 1, "base_url": "sk_test_plantedplanted"}]}"#);
    let path = home.path().join("config").join("settings.json");
    let run = home.run_with_key(KEY, ["mint", "--target", "stripe"]);
    assert!(run.exit == 2 && !run.stderr.contains("planted"), "{run:?}");
    let (loaded, warnings) = settings::load(&path);
    assert!(!format!("{loaded:?}{warnings:?}").contains("planted"));
    settings::save(&path, &loaded.profiles.clone(), &loaded).unwrap();
    assert!(!fs::read_to_string(&path).unwrap().contains("planted"));
    assert!(settings::load(&path).0.stripe().fault().is_some());
}

#[test]
fn the_window_says_which_setting_keeps_calls_from_leaving() {
    let home = with_settings(r#"{"profiles": [{"id": 1, "target": "stripe", "base_url": "nonsense"}]}"#);
    let (settings, warnings) = settings::load(&home.path().join("config").join("settings.json"));
    let mut window = Bench { settings, warnings, key: Some(KEY), ..Bench::new() }.open();
    assert!(says(&window, "No calls leave: profiles[0].base_url"));
    type_card(&mut window, "4242424242424242");
    ctrl(&mut window, egui::Key::Enter);
    wait_for(&mut window, "the setting profiles[0].base_url is not valid");
    ctrl(&mut window, egui::Key::Comma);
    wait_for(&mut window, "This is not a URL");
}

/// A key, however malformed, wherever it is typed.
#[test]
fn what_may_be_a_key_is_never_printed() {
    let home = Home::new();
    for planted in [
        "sk_live_plantedplanted",
        "SK_TEST_plantedplanted",
        "pk_test_plantedplanted",
        "sk_test_planted planted",
        "sk-test-planted-planted",
        "whsec_plantedplanted",
        "planted",
        "planted\u{1b}[2J",
        "51HplantedAbc123",
        "sk_test_planted_\u{e9}",
    ] {
        let run = home.run(["serve", "--memory", "--key", planted]);
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{run:?}");
        assert!(run.stderr.contains("--key") && !run.stderr.contains("planted"), "{planted}: {}", run.stderr);
        let joined = format!("--key={planted}");
        let run = home.run(["-v", "serve", "--memory", &joined]);
        assert!(run.exit == 2 && !run.stderr.contains("planted"), "{planted}: {}", run.stderr);
    }
    for planted in ["sk_live_plantedplanted", "51HplantedAbc123", "whsec_planted", "Sk_Tset_planted"] {
        for args in [
            &["serve", planted][..],
            &[planted],
            &["serve", "--listen", planted],
            &["serve", "--seed", planted],
            &["serve", "--kye", planted],
            &["mint", "--count", planted],
            &["mint", "--now", planted],
            &["mint", "--target", planted],
            &["history", "--status", planted],
            &["mint", "--base-url", planted],
            &["serve", "--fault", planted],
        ] {
            let run = home.run(args.iter().copied());
            assert!(run.exit == 2 && !run.stderr.contains("planted"), "{args:?}: {}", run.stderr);
        }
        let run = home.run_with_key(planted, ["mint", "--target", "stripe"]);
        assert!(run.exit == 2 && !run.stderr.contains("planted"), "{}", run.stderr);
    }
    // What is no key is quoted, so that a person sees the mistake.
    let run = home.run(["mint", "--count", "many"]);
    assert!(run.stderr.contains("'many'"), "{}", run.stderr);
}

#[test]
fn a_settings_file_of_any_content_does_not_keep_the_program_from_starting() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"profiles\": [{}]}}", vec!["{}"; 50_000].join(","));
    for text in ["", "\u{feff}{}", "{\"profiles\": [{\"id\": 1e400}]}", &deep, &long, &"x".repeat(1 << 20)] {
        let home = with_settings(text);
        let run = home.run(["mint"]);
        assert_eq!(run.exit, 0, "{}: {}", &text[..text.len().min(40)], &run.stderr[..run.stderr.len().min(500)]);
        let run = home.run(["cards", "visa"]);
        assert_eq!(run.exit, 0);
    }
}
