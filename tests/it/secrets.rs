//! The search for planted secrets: a card number that is not published, security codes and a key, given to the program
//! in every place that takes text, and looked for in everything that it writes.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Read as _,
    path::Path,
};

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::json;
use testcard::{
    domain::{
        form::{
            draft::Draft,
            kept_draft::{KeptDraft, KeptForm},
        },
        presets::library::PresetLibrary,
        settings::{
            file_format::FileFormat, origin::PageOrigin, preferences::Settings, profile::ProfileList,
            proxy::ProxyChoice, stripe::BaseUrl,
        },
    },
    messages::JobRequest,
    settings,
    snippets::SnippetLanguage,
};

use crate::support::{
    hands::{click, input, message, play, press, says, value as value_of},
    http::{Reply, Server, reply},
    local_server::LocalServer,
    program::{Home, Run},
    serving::Serving,
    window::{Bench, Window, copied, ctrl, rows, wait, wait_for},
};

/// Passes the Luhn check, has a good length, and is no published test card.
const NUMBER: &str = "4539578763621486";
/// An American Express number of that kind.
const AMEX: &str = "371449635398456";
/// No four digits: those stand in times and numbers by chance. What hides a code looks at where it stands, not at it.
const CODE: &str = "86c42v13q";
const KEY: &str = "sk_test_51PlantedKeyThatNobodyMaySee";

/// What may be found nowhere: the digits in one piece or grouped, the code, the key but for its kind.
fn secrets() -> Vec<String> {
    let grouped = |separator: &str| {
        let groups: Vec<&str> = (0..4).map(|place| &NUMBER[place * 4..place * 4 + 4]).collect();
        groups.join(separator)
    };
    let wide: String = NUMBER.chars().map(|c| char::from_u32(c as u32 - '0' as u32 + 0xff10).unwrap()).collect();
    vec![
        NUMBER.to_owned(),
        grouped(" "),
        grouped("-"),
        grouped("%20"),
        grouped("+"),
        wide,
        AMEX.to_owned(),
        CODE.to_owned(),
        KEY["sk_test_".len()..].to_owned(),
    ]
}

/// The secret that stands in these bytes as UTF-8 or UTF-16.
fn found_in(bytes: &[u8]) -> Option<String> {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    secrets().into_iter().find(|secret| {
        let utf16 = |to_bytes: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
        holds(secret.as_bytes()) || holds(&utf16(u16::to_le_bytes)) || holds(&utf16(u16::to_be_bytes))
    })
}

#[track_caller]
fn check_clean(what: &str, bytes: &[u8]) {
    if let Some(secret) = found_in(bytes) {
        let text = String::from_utf8_lossy(bytes);
        let line = text.lines().find(|line| line.contains(&secret)).unwrap_or_default();
        panic!("{what} holds {secret}: {}", line.chars().take(400).collect::<String>());
    }
}

/// Says everything back that it got, in every place of an answer.
fn echo(request: &str) -> Vec<Reply> {
    let mut quoted = String::new();
    for c in request.chars() {
        match c {
            '"' | '\\' => write!(quoted, "\\{c}").unwrap(),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    // A code that the request did not have is any four digits.
    let code = if request.contains(CODE) { CODE } else { "none" };
    let plain = format!("{NUMBER} {code} {KEY} {AMEX}");
    let error = format!(
        r#"{{"error": {{"type": "card_error", "code": "incorrect_number", "message": "{plain} {quoted}", "param": "{NUMBER}"}}}}"#
    );
    let token = format!(
        r#"{{"id": "tok_{NUMBER}", "object": "token", "used": false, "card": {{"number": "{NUMBER}", "cvc": "{code}", "last4": "1486", "name": "{AMEX}", "brand": "Visa"}}, "{NUMBER}": 1}}"#
    );
    vec![
        reply(402, error.clone()).with("Request-Id", format!("req_{NUMBER}")).with("X-Echo", plain.clone()),
        reply(200, token).with("X-Key", KEY),
        reply(
            401,
            format!(
                r#"{{"error": {{"message": "Invalid API Key provided: {KEY}", "type": "invalid_request_error"}}}}"#
            ),
        ),
        reply(200, format!("<html>{plain}</html>")),
    ]
}

/// Arguments that put the secrets wherever text is taken.
fn runs<'a>(number: &'a str, named: &'a str, unknown: &'a str, unknown_name: &'a str) -> Vec<Vec<&'a str>> {
    let digits = ["--cvc", CODE, "--format", "json"];
    vec![
        [&["mint", number][..], &digits].concat(),
        [&["mint", AMEX][..], &digits].concat(),
        [&["mint", "--name", named, "--address-line1", named, "--address-line2", named][..], &digits].concat(),
        [&["mint", "--address-city", named, "--address-zip", named, "--address-country", named][..], &digits].concat(),
        [&["mint", "--currency", named, "--address-state", named, "--count", "2"][..], &digits].concat(),
        vec!["mint", "--param", unknown, "--no-cvc"],
        vec!["mint", "--param", unknown_name, "--no-cvc"],
        vec!["mint", "--param", "card[cvc][deep]=86c42v13q", "--param", "card[cvv]=86c42v13q"],
        vec!["token", number],
        vec!["history", "--format", "json"],
        vec!["history", "--format", "jsonl"],
        vec!["history"],
        vec!["history", "--search", "nothing"],
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_planted_secret_is_in_any_file_or_stream() {
    let server = Server::answering(|nth, got| {
        let replies = echo(&got.body);
        replies[nth % replies.len()].clone()
    })
    .await;
    let (url, home) = (server.url(), Home::new());
    let spaced = format!("{} {} {} {}", &NUMBER[..4], &NUMBER[4..8], &NUMBER[8..12], &NUMBER[12..]);
    let dashed = spaced.replace(' ', "-");
    let wide: String = NUMBER.chars().map(|c| char::from_u32(c as u32 - '0' as u32 + 0xff10).unwrap()).collect();
    let key_as_name = format!("Jenny {KEY} Rosen");
    let (unknown, unknown_name) = (format!("amount={NUMBER}"), format!("{NUMBER}={NUMBER}"));
    let mut all: Vec<Run> = Vec::new();
    for number in [NUMBER, &spaced, &dashed, &wide] {
        for named in [number, &key_as_name] {
            for args in runs(number, named, &unknown, &unknown_name) {
                all.push(home.run_with_key(KEY, args.iter().copied().chain(["-vv"])));
                if matches!(args[0], "mint" | "token") {
                    let stripe = ["--target", "stripe", "--base-url", &url, "-vv"];
                    all.push(home.run_with_key(KEY, args.iter().copied().chain(stripe)));
                }
            }
        }
    }
    // Nobody answers there, and the row stays.
    let dead = ["mint", NUMBER, "--cvc", CODE, "--target", "stripe", "--base-url", "http://127.0.0.1:1", "-vv"];
    all.push(home.run_with_key(KEY, dead));
    // A file of fixtures may have secrets in every place; what is wrong with one is told too.
    let card = serde_json::json!({ "card": { "number": NUMBER, "exp_month": 12, "exp_year": 2049, "cvc": CODE } });
    let step = |name: &str, path: String, params: &serde_json::Value| serde_json::json!({ "name": name, "path": path, "method": "post", "params": params, "expected_error_type": "" });
    let flows = [
        serde_json::json!([step(NUMBER, "/v1/tokens".to_owned(), &card), step("b", format!("/v1/{NUMBER}"), &card)]),
        serde_json::json!([step(
            KEY,
            "/v1/tokens".to_owned(),
            &serde_json::json!({ KEY: format!("${{{NUMBER}:id}}") })
        )]),
        serde_json::json!([step(
            "a",
            "/v1/tokens".to_owned(),
            &serde_json::json!({ "card": { "number": "${.env:KEY}", "cvc": CODE } })
        )]),
        serde_json::json!([step(AMEX, NUMBER.to_owned(), &card)]),
    ];
    for flow in flows {
        let file = home.beside("flow.json");
        let document = serde_json::json!({ "fixtures": flow, "env": { "KEY": KEY, NUMBER: AMEX } });
        std::fs::write(&file, document.to_string()).unwrap();
        all.push(home.run_with_key(KEY, ["fixtures", "play", file.to_str().unwrap(), "-vv"]));
    }
    let export = home.beside("export.json");
    all.push(home.run(["export", export.to_str().unwrap(), "-vv"]));
    let mut others = Vec::new();
    for format in FileFormat::ALL {
        let file = home.beside(&format!("all.{}", format.as_str()));
        let run = home.run(["export", file.to_str().unwrap(), "--format", format.as_str(), "-vv"]);
        assert_eq!(run.exit, 0, "{run:?}");
        all.push(run);
        others.push(file);
    }
    for name in ["case.md", "case.html"] {
        let file = home.beside(name);
        all.push(home.run(["evidence", "1", "2", "3", "--to", file.to_str().unwrap(), "-vv"]));
        others.push(file);
    }
    let copy = Home::new();
    let run = copy.run(["import", export.to_str().unwrap(), "-vv"]);
    assert_eq!(run.exit, 0, "what was masked is taken as it is: {run:?}");
    all.push(run);

    let calls = server.received();
    let sent: String = calls.iter().map(|call| call.body.as_str()).collect();
    assert!(sent.contains(NUMBER) && sent.contains(CODE), "the secrets were sent, so they could have been kept");
    assert!(calls.iter().any(|call| call.header("authorization").contains(KEY)));
    assert!(home.history().len() > 60, "the history has the calls");
    for run in &all {
        check_clean("stdout", run.stdout.as_bytes());
        check_clean("stderr", run.stderr.as_bytes());
    }
    assert!(all.iter().any(|run| run.stderr.contains("TRACE")), "the log was at its most talkative");
    for file in others.iter().chain([&export]) {
        check_clean(&file.display().to_string(), &std::fs::read(file).unwrap());
    }
    for (path, bytes) in copy.files() {
        check_clean(&format!("{} of the import", path.display()), &bytes);
    }
    let files = home.files();
    assert!(files.iter().any(|(path, bytes)| path.ends_with("data/testcard.sqlite3") && bytes.len() > 50_000));
    for (path, bytes) in files {
        check_clean(&path.display().to_string(), &bytes);
    }
}

/// A security code as it is, sent where no parameter is called so: too common to be looked for alone.
const PLAIN_CODE: &str = "7391";

#[test]
fn whose_world_is_meant_is_told_by_a_key_that_is_written_nowhere() {
    let home = Home::new();
    let log = home.beside("log");
    let mut command = home.command(["serve", "--isolate", "--listen", "127.0.0.1:0", "-vv"]);
    let server = Serving::of(command.stderr(std::fs::File::create(&log).unwrap()));
    let (bearer, control) = (format!("Bearer {KEY}"), format!("Bearer {}", server.control_token));
    let account = format!("acct_{NUMBER}");
    let named = [("Authorization", bearer.as_str()), ("Stripe-Account", account.as_str())];
    for headers in [&named[..1], &named, &[named[0], ("Stripe-Account", NUMBER)], &[named[0], ("Stripe-Account", KEY)]]
    {
        check_clean("an answer", &server.send("POST", "/v1/customers", &[], headers).body);
    }
    let own = [("account", KEY)];
    let page = format!("/_testcard/3ds/{NUMBER}/1-{NUMBER}");
    for path in [
        "/_testcard/reset",
        "/_testcard/clock",
        "/_testcard/faults",
        "/_testcard/requests",
        "/_testcard/authenticate",
        &page,
    ] {
        for method in ["GET", "POST"] {
            for more in [
                ("now", KEY),
                ("advance", NUMBER),
                ("rule", NUMBER),
                (NUMBER, KEY),
                ("account", NUMBER),
                ("limit", KEY),
                ("intent", NUMBER),
                ("result", KEY),
                ("connected", NUMBER),
            ] {
                for params in [&own[..], &[own[0], more], &[more]] {
                    let answer = server.send(method, path, params, &[("Authorization", control.as_str())]);
                    check_clean(&format!("{method} {path} {params:?}"), &answer.body);
                }
            }
        }
    }
    let calls = server.control("GET", &format!("/_testcard/requests?account={KEY}")).to_string();
    drop(server);
    for args in [["clock", "--account", KEY], ["reset", "--account", KEY], ["reset", "--account", NUMBER]] {
        let run = home.run(args.into_iter().chain(["-vv"]));
        check_clean(&format!("{args:?}"), format!("{}{}", run.stdout, run.stderr).as_bytes());
    }
    check_clean("the log", &std::fs::read(&log).unwrap());
    check_clean("the request log", calls.as_bytes());
    for (path, bytes) in home.files() {
        check_clean(&path.display().to_string(), &bytes);
    }
}

#[test]
fn the_server_writes_nothing_down_that_a_client_should_keep_to_itself() {
    let home = Home::new();
    let log = home.beside("log");
    let mut command = home.command(["serve", "--listen", "127.0.0.1:0", "-vv"]);
    let server = Serving::of(command.stderr(std::fs::File::create(&log).unwrap()));
    let bearer = format!("Bearer {KEY}");
    let json = format!(r#"{{"card":{{"number":"{NUMBER}","cvc":"{PLAIN_CODE}"}}}}"#);
    let headers = [("Authorization", bearer.as_str()), ("Idempotency-Key", NUMBER), ("User-Agent", NUMBER)];
    let card = [
        ("card[number]", NUMBER),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2049"),
        ("card[cvc]", CODE),
        ("card[name]", NUMBER),
    ];
    let of_page = [
        &card[..3],
        &[("guid", KEY), ("referrer", NUMBER), ("ip", NUMBER), ("client_attribution_metadata[cvc]", CODE)],
        &[("_stripe_account", NUMBER), ("_stripe_version", KEY), ("key", KEY)],
    ];
    let of_page = of_page.concat();
    let text = [("description", NUMBER), ("metadata[cvc]", CODE), ("metadata[note]", KEY)];
    let disputed = [("amount", "2000"), ("currency", "usd"), ("source", "tok_createDispute")];
    server.send("POST", "/v1/charges", &disputed, &headers[..1]);
    let disputes = server.send("GET", "/v1/disputes", &[], &headers[..1]).json();
    let dispute = format!("/v1/disputes/{}", disputes["data"][0]["id"].as_str().unwrap());
    let evidence = [
        ("evidence[uncategorized_text]", NUMBER),
        ("evidence[customer_communication]", KEY),
        ("evidence[billing_address]", json.as_str()),
        ("metadata[cvc]", CODE),
    ];
    let said = server.send("POST", &dispute, &evidence, &headers[..1]);
    assert_eq!(said.status, 200, "{}", said.text());
    check_clean("the answer to evidence", &said.body);
    for (path, params) in [
        ("/v1/tokens", &card[..]),
        ("/v1/tokens", &card[..3]),
        ("/v1/tokens", &of_page),
        ("/v1/customers", &text[..]),
        ("/v1/tokens", &[("card", json.as_str())]),
        ("/v1/tokens", &[(json.as_str(), "")]),
        (&format!("/v1/charges/{NUMBER}"), &text[..]),
        (&format!("/v1/tokens%3Fcard[cvc]={PLAIN_CODE}"), &[]),
    ] {
        server.send("POST", path, params, &headers);
        server.send("POST", path, params, &headers[..1]);
        for origin in [format!("http://{KEY}"), format!("http://shop.example:{NUMBER}"), NUMBER.to_owned()] {
            let page = server.send("POST", path, params, &[headers[0], ("Origin", &origin)]);
            check_clean("the refusal of a page", &page.body);
        }
    }
    let customers = server.send("GET", "/v1/customers", &[], &headers[..1]);
    let calls = server.control("GET", "/_testcard/requests").to_string();
    assert!(calls.contains("POST") && customers.status == 200, "{calls}");
    drop(server);
    let mut written = home.files();
    written.extend([("the log".into(), std::fs::read(&log).unwrap()), ("the request log".into(), calls.into_bytes())]);
    assert!(written.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("DEBUG")));
    for (path, bytes) in written {
        check_clean(&path.display().to_string(), &bytes);
        let text = String::from_utf8_lossy(&bytes);
        for form in [format!("\"{PLAIN_CODE}"), format!("={PLAIN_CODE}"), format!("\\\"{PLAIN_CODE}")] {
            assert!(!text.contains(&form), "{} holds {form}", path.display());
        }
    }
}

#[test]
fn the_code_of_a_call_holds_no_planted_secret_in_any_language() {
    let home = Home::new();
    let named = format!("Jenny {KEY} {NUMBER}");
    let unknown = format!("{NUMBER}={NUMBER}");
    for number in [NUMBER, AMEX] {
        let mint = ["mint", number, "--cvc", CODE, "--name", &named, "--param", &unknown];
        home.run_with_key(KEY, mint);
        for language in SnippetLanguage::ALL {
            for target in [&[][..], &["--local"]] {
                let code = home.run_with_key(KEY, [&["snippet", "--lang", language.as_str()], target].concat());
                assert!(
                    code.stdout.contains("STRIPE_SECRET_KEY") && code.stdout.contains("Jenny sk_test_"),
                    "{code:?}"
                );
                check_clean(language.as_str(), code.stdout.as_bytes());
                check_clean(language.as_str(), code.stderr.as_bytes());
            }
        }
    }
}

#[test]
fn no_setting_takes_a_secret_to_disk_or_prints_it() {
    let home = Home::new();
    let file = home.path().join("settings.json");
    let mut planted = Vec::new();
    for secret in [NUMBER, AMEX, KEY] {
        let texts: [fn(&mut Settings, String); 6] = [
            |settings, text| settings.profiles.active_mut().name = text,
            |settings, text| settings.profiles.active_mut().stripe.version = text,
            |settings, text| settings.profiles.active_mut().stripe.account = text,
            |settings, text| settings.profiles.active_mut().stripe.ca_file = text,
            |settings, text| settings.form.name = text,
            |settings, text| {
                let url = format!("https://proxy.example/{text}");
                settings.profiles.active_mut().stripe.base_url = BaseUrl::parse(&url).unwrap();
            },
        ];
        for plant in texts {
            let mut settings = Settings::default();
            plant(&mut settings, secret.to_owned());
            planted.push(settings);
        }
    }
    assert!(ProxyChoice::parse(&format!("http://user:{KEY}@proxy.example")).is_err());
    for origin in [format!("http://{KEY}"), format!("https://{NUMBER}.example"), format!("http://{KEY}@localhost")] {
        assert!(PageOrigin::parse(&origin).is_err(), "{origin}");
    }
    settings::save(&file, &ProfileList::default(), &Settings::default()).unwrap();
    for settings in &planted {
        check_clean("Debug", format!("{settings:?}").as_bytes());
        let request = JobRequest::SaveSettings { settings: Box::new(settings.clone()), keys: Vec::new() };
        check_clean("Debug", format!("{request:?}").as_bytes());
        let error = settings::save(&file, &ProfileList::default(), settings).unwrap_err();
        check_clean("the error", format!("{error} {error:?}").as_bytes());
    }
    let files = home.files();
    assert_eq!(files.len(), 1, "the file that is good");
    for (path, bytes) in files {
        check_clean(&path.display().to_string(), &bytes);
    }
}

#[test]
fn a_note_and_a_tag_keep_no_secret() {
    let home = Home::new();
    let token = home.run(["mint"]).stdout.trim().to_owned();
    let grouped: Vec<&str> = (0..4).map(|place| &NUMBER[place * 4..place * 4 + 4]).collect();
    let note = format!("{NUMBER} then cvc {PLAIN_CODE}, card[cvc]={PLAIN_CODE}, {AMEX}, {KEY}");
    let mut written = Vec::new();
    for args in [
        &["-vv", "note", &token, &note][..],
        &["-vv", "tag", &token, NUMBER, KEY, AMEX],
        &["-vv", "tag", &token, grouped[0], grouped[1], grouped[2], grouped[3]],
        &["-vv", "tag", &token, &grouped.join("-"), "cvc", PLAIN_CODE],
        &["history", "--format", "json"],
        &["history", "--tag", NUMBER],
    ] {
        let run = home.run(args.iter().copied());
        assert_eq!(run.exit, 0, "{run:?}");
        written.push((args.join(" "), (run.stdout + &run.stderr).into_bytes()));
    }
    let kept = &home.history()[0];
    assert!(kept["note"].as_str().unwrap().contains("453957******1486 then") && kept["tags"][0].is_string(), "{kept}");
    assert!(!format!("{}{}", kept["note"], kept["tags"]).contains(PLAIN_CODE), "{kept}");
    written.extend(home.files().into_iter().map(|(path, bytes)| (path.display().to_string(), bytes)));
    for (what, bytes) in written {
        check_clean(&what, &bytes);
    }
}

#[test]
fn the_search_finds_what_is_there() {
    for planted in secrets() {
        assert!(found_in(format!("before {planted} after").as_bytes()).is_some());
        let utf16: Vec<u8> = planted.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(found_in(&utf16).is_some());
    }
    assert_eq!(found_in(b"4539 57** **** 1486, sk_test_, 4242 4242 4242 4242"), None);
}

#[test]
fn presets_and_the_draft_hold_no_secret() {
    let home = Home::new();
    let named = format!("Jenny {NUMBER} {KEY}");
    let raw = [("card[number]", NUMBER), ("card[cvc]", CODE), ("card[name]", KEY), (AMEX, "x")];
    let plain = Draft { number: NUMBER.into(), cvc: CODE.into(), name: named.clone(), ..Draft::default() };
    let edited = Draft { raw: Some(raw.into_iter().collect()), ..plain.clone() };
    let mut library = PresetLibrary::default();
    for (nth, draft) in [&plain, &edited].into_iter().enumerate() {
        let key = library.save(&format!("{named} {nth}"), draft, None, 0);
        library.note_use(&key);
        let form = KeptForm { draft: KeptDraft::of(draft).0, expects: None };
        let file = home.beside("draft.json");
        settings::draft::save_or_remove(&file, &form).unwrap();
        check_clean("draft.json", &std::fs::read(file).unwrap_or_default());
    }
    let file = home.beside("presets.json");
    settings::presets::save(&file, &PresetLibrary::default(), &library).unwrap();
    let text = std::fs::read(file).unwrap();
    assert!(text.len() > 300, "both presets are there");
    check_clean("presets.json", &text);
}

#[test]
fn nothing_that_the_window_copies_or_keeps_holds_a_secret() {
    let home = Home::new();
    let bench = Bench {
        folder: Some(home.path().join("data")),
        settings_file: Some(home.path().join("config").join("settings.json")),
        layout_file: Some(home.path().join("config").join("window.json")),
        key: Some(KEY),
        ..Bench::new()
    };
    let mut window = bench.open();
    // Two, so that they can be compared: of the planted number and of another.
    for number in [NUMBER, "4242424242424242"] {
        ctrl(&mut window, Key::N);
        ctrl(&mut window, Key::L);
        play(&mut window, number);
        for (field, text) in [("Expiry", "1237"), ("CVC", CODE), ("Name on card", &format!("{NUMBER} {KEY}"))] {
            input(&window, field).focus();
            window.run_ok();
            play(&mut window, text);
        }
        let before = rows(&window).len();
        ctrl(&mut window, Key::Enter);
        wait(&mut window, "the row", |window| rows(window).len() > before);
    }
    let texts = copied(&mut window, |window| {
        ctrl(window, Key::Num2);
        for _ in 0..2 {
            play(window, "↓");
            ctrl(window, Key::I);
            window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
            window.run_ok();
            for (tab, button) in [("Response", "Copy the whole response"), ("Request", "Copy"), ("Code", "Copy")] {
                click(window, Role::Tab, tab);
                click(window, Role::Button, button);
            }
        }
        window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
        ctrl(window, Key::Num2);
        window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowUp);
        window.run_ok();
        window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::D);
        wait_for(window, "Copy as JSON Patch");
        click(window, Role::Button, "Copy as JSON Patch");
    });
    assert!(texts.len() >= 7, "{}", texts.len());
    assert!(texts.iter().any(|text| text.contains("curl")) && texts.iter().any(|text| text.starts_with('[')));
    for text in &texts {
        check_clean("the clipboard", text.as_bytes());
    }
    drop(window);
    let files = home.files();
    assert!(files.iter().any(|(path, _)| path.ends_with("data/testcard.sqlite3")), "{}", files.len());
    for (path, bytes) in files {
        check_clean(&path.display().to_string(), &bytes);
    }
}

/// Checks all that the window says of itself; what stands in a field was typed there.
#[track_caller]
fn check_says_none(what: &str, window: &Window) {
    let is_typed = |role: Role| matches!(role, Role::TextInput | Role::MultilineTextInput | Role::TextRun);
    for node in window.query_all_by(|node| !is_typed(node.role())) {
        let node = node.accesskit_node();
        for words in [node.label(), node.value(), node.description()].into_iter().flatten() {
            check_clean(what, words.as_bytes());
        }
    }
}

#[track_caller]
fn fill(window: &mut Window, field: &str, text: &str) {
    input(window, field).focus();
    window.run_ok();
    play(window, &format!("⬚⌫⟦{text}⟧"));
}

/// Has a file of this content looked into.
fn take_in(window: &mut Window, path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    ctrl(window, Key::O);
    fill(window, "File", path.to_str().unwrap());
    press(window, Modifiers::NONE, Key::Enter);
}

fn wait_for_run(window: &mut Window, words: &str) {
    wait_for(window, words);
    wait(window, "its end", |window| window.query_by_role_and_label(Role::Button, "Run again").is_some());
}

/// A window at a server that plays Stripe, with the planted key.
fn planted_window(home: &Home, server: &LocalServer) -> Window {
    fs::create_dir(home.beside("out")).unwrap();
    let bench = Bench {
        folder: Some(home.path().join("data")),
        settings_file: Some(home.path().join("config").join("settings.json")),
        layout_file: Some(home.path().join("config").join("window.json")),
        export_folder: home.beside("out"),
        key: Some(KEY),
        ..Bench::stripe(&server.url())
    };
    bench.open()
}

#[track_caller]
fn check_files(home: &Home) {
    let files = home.files();
    assert!(files.iter().any(|(path, _)| path.ends_with("data/testcard.sqlite3")), "{}", files.len());
    for (path, bytes) in files {
        check_clean(&path.display().to_string(), &bytes);
    }
}

#[test]
fn what_is_typed_into_the_dialogs_of_runs_and_evidence_is_kept_nowhere() {
    let (home, server) = (Home::new(), LocalServer::start());
    let mut window = planted_window(&home, &server);
    let named = format!("Nightly {NUMBER} {KEY}");
    ctrl(&mut window, Key::R);
    for list in [
        format!("card={NUMBER}"),
        format!("card={KEY}"),
        format!("card=visa cvc={CODE}"),
        format!("card=visa network={AMEX}"),
        format!("card=visa {NUMBER}={NUMBER}"),
        KEY.to_owned(),
    ] {
        fill(&mut window, "List", &list);
        assert!(message(&window, "List").starts_with('✗'), "{}", message(&window, "List"));
        check_clean("the message", message(&window, "List").as_bytes());
        check_says_none("the dialog", &window);
    }
    // What is searched for, and values that are added to the lists.
    fill(&mut window, "List", "card=4242424242424242");
    window.get_by_role_and_label(Role::SearchInput, "Search cards").focus();
    window.run_ok();
    play(&mut window, &format!("⟦{NUMBER} {KEY}⟧"));
    play(&mut window, "⬚⌫");
    for (field, value) in [("Another ZIP", NUMBER), ("Another amount", AMEX), ("Another amount", KEY)] {
        fill(&mut window, field, value);
        press(&mut window, Modifiers::NONE, Key::Enter);
        assert_eq!(value_of(&window, field), "", "it was added");
        check_says_none("the values of an axis", &window);
    }
    fill(&mut window, "List", &format!("card=4242424242424242 zip={NUMBER},{KEY} amount={NUMBER}"));
    fill(&mut window, "Name", &named);
    for rate in [NUMBER, KEY, CODE] {
        fill(&mut window, "Calls a second", rate);
        assert!(message(&window, "Calls a second").starts_with('✗'));
        check_says_none("the dialog", &window);
    }
    fill(&mut window, "Calls a second", "");
    wait_for(&mut window, "2 rows, 4 calls at most");
    check_says_none("the preview", &window);
    ctrl(&mut window, Key::Enter);
    wait_for_run(&mut window, "2 rows:");
    for tab in ["Outcomes", "Since the run before", "Heat map"] {
        click(&mut window, Role::Tab, tab);
        check_says_none(tab, &window);
    }
    if window.query_by_role_and_label(Role::Button, "Rename…").is_none() {
        click(&mut window, Role::Button, "More");
    }
    click(&mut window, Role::Button, "Rename…");
    fill(&mut window, "New name", &named);
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait_for(&mut window, "nightly-453957******1486");
    check_says_none("the renamed run", &window);

    // The file of a list, whose name is planted too.
    let rows = format!(
        "card[number],card[cvc],card[name],note,tags\n{NUMBER},{CODE},{named},{named},{KEY}\n{AMEX},{CODE},x,{AMEX},{AMEX}\n"
    );
    press(&mut window, Modifiers::NONE, Key::Escape);
    take_in(&mut window, &home.beside(&format!("{named}.csv")), &rows);
    wait_for(&mut window, "2 rows, 4 calls at most");
    fill(&mut window, "Name", "");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the run", |window| says(window, "nightly-453957******1486") && says(window, "run 2"));
    wait_for_run(&mut window, "2 rows:");
    check_says_none("the run of a file", &window);

    click(&mut window, Role::Button, "Evidence…");
    check_says_none("the dialog of evidence", &window);
    press(&mut window, Modifiers::NONE, Key::Escape);
    // A path is shown as it was typed.
    for (format, ending) in [("HTML page", "html"), ("Markdown", "md"), ("Zip with raw bodies", "zip")] {
        click(&mut window, Role::Button, "Evidence…");
        click(&mut window, Role::RadioButton, format);
        fill(&mut window, "File of the evidence", &format!("{KEY}.{ending}"));
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait(&mut window, "its end", |window| !says(window, "Write the evidence"));
    }
    for (nth, (format, ending)) in
        [("HTML page", "html"), ("JUnit XML", "xml"), ("JSON", "json"), ("Markdown", "md")].into_iter().enumerate()
    {
        click(&mut window, Role::Button, "Report…");
        click(&mut window, Role::RadioButton, format);
        fill(&mut window, "File of the report", &format!("{NUMBER} {nth}.{ending}"));
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait(&mut window, "its end", |window| !says(window, "Write the report"));
    }
    drop(window);
    let written: Vec<_> = fs::read_dir(home.beside("out")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(written.len(), 7, "four reports and three documents: {written:?}");
    for path in written {
        let what = path.extension().unwrap().to_string_lossy().into_owned();
        let Ok(mut zip) = zip::ZipArchive::new(File::open(&path).unwrap()) else {
            check_clean(&what, &fs::read(&path).unwrap());
            continue;
        };
        for place in 0..zip.len() {
            let mut bytes = Vec::new();
            let mut part = zip.by_index(place).unwrap();
            part.read_to_end(&mut bytes).unwrap();
            let name = part.name().unwrap();
            check_clean("the zip's names", name.as_bytes());
            check_clean(&name, &bytes);
        }
    }
    let sent = home.history();
    assert_eq!(sent.len(), 4, "the rows of both runs were sent");
    check_files(&home);
}

#[test]
fn what_is_handed_to_the_dialog_of_imports_is_kept_nowhere() {
    let (home, server) = (Home::new(), LocalServer::start());
    let mut window = planted_window(&home, &server);
    let named = format!("{NUMBER} {KEY}");
    let call = |path: &str| {
        format!(
            "curl 'https://api.stripe.com/v1/{path}' -u {KEY}: -H 'Stripe-Account: {NUMBER}' -d 'card[number]={NUMBER}' \
             -d 'card[cvc]={CODE}' -d 'card[name]={named}' -d '{AMEX}={AMEX}'"
        )
    };
    let field = |key: &str, value: &str| json!({"key": key, "value": value, "type": "text"});
    let item = |name: &str, path: &str, fields: serde_json::Value| {
        json!({"name": name, "request": {
            "auth": {"type": "basic", "basic": [{"key": "username", "value": KEY, "type": "string"}]},
            "method": "POST",
            "body": {"mode": "urlencoded", "urlencoded": fields},
            "url": format!("https://api.stripe.com/v1/{path}"),
        }})
    };
    let fields = json!([field("card[number]", NUMBER), field("card[cvc]", CODE), field("card[name]", &named)]);
    let collection = json!({
        "info": {"name": named, "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
        "item": [
            item(&named, "tokens", fields.clone()),
            item(&named, &format!("charges/{NUMBER}?card[cvc]={CODE}"), fields),
            item("Unset", "tokens", json!([field("card[number]", &format!("{{{{{NUMBER}}}}}"))])),
            item("Unset", "tokens", json!([field(AMEX, &format!("{{{{{KEY}}}}}"))])),
        ],
    });
    // An export whose entry was changed by hand to hold what may not be kept.
    let masked = home.beside("out").join("all.json");
    ctrl(&mut window, Key::N);
    ctrl(&mut window, Key::L);
    play(&mut window, "4242424242424242");
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    ctrl(&mut window, Key::S);
    play(&mut window, "⬚all.json↵");
    wait_for(&mut window, "exported to");
    let changed = fs::read_to_string(masked).unwrap().replace("4242424242424242", NUMBER);
    assert!(changed.contains(NUMBER));
    ctrl(&mut window, Key::N);

    for (name, content, words) in [
        ("changed.json", changed.as_str(), "nothing of it was kept"),
        ("text.txt", &format!("{named} cvc {CODE}"), "it is neither an export"),
        ("column.jsonl", &format!(r#"{{"card[number]": "4242424242424242", "{NUMBER}": "{CODE}"}}"#), "line 1, column"),
        ("step.csv", &format!("card[number],step\n{NUMBER},{KEY}\n"), "line 2, column step"),
        ("expect.csv", &format!("card[number],expect\n{NUMBER},{NUMBER}\n"), "line 2, column expect"),
        ("call.txt", &call(&format!("charges/{NUMBER}")), "No call in it makes a token"),
        ("collection.json", &collection.to_string(), "1 call makes a token"),
    ] {
        take_in(&mut window, &home.beside(name), content);
        wait_for(&mut window, words);
        check_says_none(name, &window);
        if name == "collection.json" {
            click(&mut window, Role::Button, "Keep it as a preset");
            wait_for(&mut window, "1 preset made");
            check_says_none(name, &window);
        } else {
            press(&mut window, Modifiers::NONE, Key::Escape);
        }
    }
    // A path is shown as it was typed, and kept nowhere.
    for path in [format!("{NUMBER}.json"), format!("{KEY}/{CODE}.har")] {
        ctrl(&mut window, Key::O);
        fill(&mut window, "File", &path);
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait_for(&mut window, "No such file");
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    for (text, words) in [
        (call(&format!("charges/{NUMBER}")), "makes no token"),
        (format!("{named} cvc {CODE}"), "it is neither an export"),
        (call("tokens"), "The call was put into the form"),
    ] {
        ctrl(&mut window, Key::O);
        window.get_by_role_and_label(Role::Button, "Paste a call").click();
        window.step();
        window.event(Event::Paste(text));
        wait_for(&mut window, words);
        if words.starts_with("The call") {
            break;
        }
        check_says_none("what was pasted", &window);
        press(&mut window, Modifiers::NONE, Key::Escape);
    }
    drop(window);
    let files = home.files();
    assert!(files.iter().any(|(path, _)| path.ends_with("config/presets.json")), "the preset was kept");
    check_files(&home);
}
