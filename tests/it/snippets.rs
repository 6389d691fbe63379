//! A call as code: golden files for every language in `tests/golden/snippets/` (rewritten with `UPDATE_GOLDEN=1`), and
//! the Code tab that shows it. That the code runs and means what was sent is tested by `tests/sdk/run`.

use egui::{Event, Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use testcard::{
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod, MaskedRequest},
        settings::stripe::BaseUrl,
    },
    snippets::{KeptCall, SnippetLanguage, highlight, snippet},
};

use crate::support::{
    golden::check_golden,
    hands::{click, focused, says},
    program::Home,
    window::{Bench, Window, copied, ctrl, press_in_head, rows, wait, wait_for},
};

/// A token with all that a form has.
const REPRESENTATIVE: &[(&str, &str)] = &[
    ("card[number]", "4000002500001001"),
    ("card[exp_month]", "5"),
    ("card[exp_year]", "2037"),
    ("card[cvc]", "314"),
    ("card[name]", "Jenny Rosen"),
    ("card[address_line1]", "1 Main Street"),
    ("card[address_city]", "Lyon"),
    ("card[address_zip]", "69001"),
    ("card[address_country]", "FR"),
    ("card[networks][preferred]", "cartes_bancaires"),
];

/// Values that end a literal, a comment or a line in one language or another, and names that no nesting can give.
const NASTY: &[(&str, &str)] = &[
    ("card[number]", "4242424242424242"),
    ("card[name]", r#"O'Brien "the\" \ $STRIPE_SECRET_KEY ${x} #{1 + 1} `id` $(id) %s """ '''"#),
    ("card[address_line1]", "1\n2\r3\t4\0 5\u{7f}"),
    ("card[address_line2]", "é 王 😀 \u{202e}\u{200b}\u{feff}\u{2028}\u{a0}"),
    ("card[address_city]", r"\u0022 \n \x41 \'"),
    ("card[address_state]", ""),
    ("card[address_zip]", "?> */ --> // # <!--"),
    ("card[networks][preferred]", "no'ne"),
    ("card[networks][other]", "@/etc/passwd"),
    ("card[class]", "a&b=c+d%41"),
    ("class", "x"),
    ("it's", "y"),
    ("card[", "z"),
    ("a]b[c]", "!"),
    ("__proto__", "p"),
    ("expand[]", "card"),
    ("metadata[0]", "zero"),
    ("metadata[a b\n][é]", "deep"),
    ("customer[x]", "1"),
    ("customer", "both"),
    ("twice", "1"),
    ("twice", "2"),
    ("a=b", "equal"),
];

fn call(method: HttpMethod, path: &str, params: &[(&str, &str)]) -> MaskedRequest {
    let params = params.iter().copied().collect();
    ApiRequest { method, path: path.to_owned(), params, headers: Vec::new() }.masked()
}

fn token(params: &[(&str, &str)]) -> MaskedRequest {
    call(HttpMethod::Post, "/v1/tokens", params)
}

fn local() -> BaseUrl {
    BaseUrl::parse("http://127.0.0.1:12111").unwrap()
}

#[test]
fn every_language_calls_stripe_and_the_local_server_as_in_the_golden_files() {
    for language in SnippetLanguage::ALL {
        let request = token(REPRESENTATIVE);
        check_golden(&format!("snippets/{}-stripe.txt", language.as_str()), &snippet(&request, language, None));
        check_golden(
            &format!("snippets/{}-local.txt", language.as_str()),
            &snippet(&request, language, Some(&local())),
        );
    }
}

#[test]
fn nasty_values_come_out_as_in_the_golden_files_and_on_lines_of_their_own() {
    for language in SnippetLanguage::ALL {
        let code = snippet(&token(NASTY), language, Some(&local()));
        let strange: Vec<char> = code
            .chars()
            .filter(|c| c.is_control() && !matches!(c, '\n' | '\t') || "\u{202e}\u{feff}".contains(*c))
            .collect();
        assert!(strange.is_empty(), "{language:?}: {strange:?}");
        check_golden(&format!("snippets/{}-nasty.txt", language.as_str()), &code);
    }
}

#[test]
fn other_calls_come_out_as_in_the_golden_files() {
    let calls = [
        ("clone", token(&[("card", "card_1"), ("customer", "cus_1")])),
        ("retrieve", call(HttpMethod::Get, "/v1/tokens/tok_1", &[])),
        ("charge", call(HttpMethod::Post, "/v1/charges", &[("amount", "2000"), ("source", "tok_1")])),
        ("attach", call(HttpMethod::Post, "/v1/customers/cus_1/sources", &[("source", "tok_1")])),
        ("list", call(HttpMethod::Get, "/v1/charges", &[("limit", "3"), ("created[gte]", "5 6")])),
        ("delete", call(HttpMethod::Delete, "/v1/customers/cus_1", &[])),
        ("odd", call(HttpMethod::Post, "/v1/odd path/'; rm -rf $HOME", &[("a", "b c")])),
    ];
    for language in SnippetLanguage::ALL {
        let said: Vec<String> = calls
            .iter()
            .map(|(name, request)| format!("== {name}\n{}", snippet(request, language, Some(&local()))))
            .collect();
        check_golden(&format!("snippets/{}-others.txt", language.as_str()), &said.join("\n"));
    }
}

/// The life of a payment, with what makes the SDKs' calls differ: whole numbers, truths, lists, choices, nested parameters
/// and values that no type of theirs holds.
#[test]
fn the_calls_of_a_payment_come_out_as_in_the_golden_files() {
    let post = |path: &str, params: &[(&str, &str)]| call(HttpMethod::Post, path, params);
    let get = |path: &str, params: &[(&str, &str)]| call(HttpMethod::Get, path, params);
    let intent = [
        ("amount", "2000"),
        ("currency", "usd"),
        ("confirm", "true"),
        ("capture_method", "manual"),
        ("payment_method_types[]", "card"),
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][token]", "tok_visa"),
        ("return_url", "https://shop.example/back"),
        ("metadata[order]", "67'35"),
        ("metadata[none]", ""),
        ("expand[]", "latest_charge"),
    ];
    let wrong = [("amount", "20.00"), ("confirm", "maybe"), ("capture_method", "later"), ("currency", "")];
    let setup =
        [("customer", "cus_1"), ("usage", "off_session"), ("confirm", "true"), ("payment_method", "pm_card_visa")];
    let card = [("type", "card"), ("card[number]", "4242424242424242"), ("card[exp_month]", "5"), ("card[cvc]", "314")];
    let calls = [
        ("intent", post("/v1/payment_intents", &intent)),
        ("intent, wrong values", post("/v1/payment_intents", &wrong)),
        ("intent, nothing", post("/v1/payment_intents", &[])),
        ("retrieve", get("/v1/payment_intents/pi_1", &[])),
        ("retrieve, expanded", get("/v1/payment_intents/pi_1", &[("expand[]", "customer")])),
        ("update", post("/v1/payment_intents/pi_1", &[("amount", "2500"), ("metadata[a]", "b")])),
        ("confirm", post("/v1/payment_intents/pi_1/confirm", &[("payment_method", "pm_card_visa")])),
        ("confirm, nothing", post("/v1/payment_intents/pi_1/confirm", &[])),
        ("capture", post("/v1/payment_intents/pi_1/capture", &[("amount_to_capture", "1500")])),
        ("cancel", post("/v1/payment_intents/pi_1/cancel", &[("cancellation_reason", "requested_by_customer")])),
        ("list", get("/v1/payment_intents", &[("limit", "3"), ("created[gte]", "5"), ("customer", "cus_1")])),
        ("list, before", get("/v1/payment_intents", &[("ending_before", "pi_9"), ("limit", "2")])),
        ("list, wrong limit", get("/v1/payment_intents", &[("starting_after", "pi_1"), ("limit", "many")])),
        ("list, nothing", get("/v1/payment_intents", &[])),
        ("search", get("/v1/payment_intents/search", &[("query", "amount>5"), ("limit", "3")])),
        ("setup", post("/v1/setup_intents", &setup)),
        ("method", post("/v1/payment_methods", &card)),
        ("attach", post("/v1/payment_methods/pm_1/attach", &[("customer", "cus_1")])),
        ("detach", post("/v1/payment_methods/pm_1/detach", &[])),
        ("refund", post("/v1/refunds", &[("payment_intent", "pi_1"), ("amount", "500"), ("reason", "duplicate")])),
        ("transaction", get("/v1/balance_transactions/txn_1", &[])),
        ("event", get("/v1/events/evt_1", &[])),
        ("events", get("/v1/events", &[("types[]", "charge.failed"), ("types[]", "charge.refunded")])),
        ("endpoint", post("/v1/webhook_endpoints", &[("url", "http://localhost"), ("enabled_events[]", "*")])),
        ("endpoint, gone", call(HttpMethod::Delete, "/v1/webhook_endpoints/we_1", &[])),
        ("increment", post("/v1/payment_intents/pi_1/increment_authorization", &[("amount", "1")])),
    ];
    for language in SnippetLanguage::ALL {
        let said: Vec<String> =
            calls.iter().map(|(name, request)| format!("== {name}\n{}", snippet(request, language, None))).collect();
        check_golden(&format!("snippets/{}-payments.txt", language.as_str()), &said.join("\n"));
    }
}

#[test]
fn account_and_version_of_a_call_come_out_as_in_the_golden_files() {
    let with = |request: MaskedRequest, headers: &[(&str, &str)]| MaskedRequest {
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..request
    };
    let account = [("Stripe-Account", "acct_1O'Brien")];
    let both = [account[0], ("Stripe-Version", "2023-08-16")];
    let visa = [("card[number]", "4242424242424242"), ("card[exp_year]", "2037")];
    let calls = [
        ("create", with(token(&visa), &account)),
        ("create, version", with(token(&visa), &both)),
        ("nothing", with(token(&[]), &account)),
        ("retrieve", with(call(HttpMethod::Get, "/v1/tokens/tok_1", &[]), &account)),
        ("retrieve, version", with(call(HttpMethod::Get, "/v1/tokens/tok_1", &[]), &both)),
        ("attach", with(call(HttpMethod::Post, "/v1/customers/cus_1/sources", &[("source", "tok_1")]), &both)),
        ("list", with(call(HttpMethod::Get, "/v1/charges", &[("limit", "3")]), &account)),
        ("delete", with(call(HttpMethod::Delete, "/v1/customers/cus_1", &[]), &both)),
        ("raw", with(call(HttpMethod::Post, "/v1/odd", &[("a", "b")]), &account)),
    ];
    for language in SnippetLanguage::ALL {
        let said: Vec<String> =
            calls.iter().map(|(name, request)| format!("== {name}\n{}", snippet(request, language, None))).collect();
        check_golden(&format!("snippets/{}-headers.txt", language.as_str()), &said.join("\n"));
    }
}

#[test]
fn no_depth_of_a_name_is_too_deep() {
    let deep = format!("a{}", "[b]".repeat(100_000));
    for language in SnippetLanguage::ALL {
        let code = snippet(&token(&[(&deep, "1"), ("a[b][c]", "2")]), language, None);
        assert!(code.contains(&deep), "{language:?}");
    }
}

#[test]
fn what_is_not_kept_is_said_before_the_code() {
    #[track_caller]
    fn check(params: &[(&str, &str)], expected: &[&str], stand_in: &str) {
        let code = snippet(&token(params), SnippetLanguage::Python, None);
        let notes: Vec<&str> = code.lines().filter_map(|line| line.strip_prefix("# ")).collect();
        assert_eq!(notes, expected);
        assert!(code.contains(stand_in), "{code}");
    }
    let masked = [
        "The card number is masked, because it is not a published test card.",
        "Put the whole number in its place, or that of a test card, before you run this.",
    ];
    let code = |code: &str| format!("The security code is not kept: {code} stands for it.");
    check(&[("card[number]", "4242424242424242")], &[], "4242424242424242");
    check(&[("card[number]", "4539578763621486")], &masked, r#""number": "453957******1486""#);
    check(&[("card[number]", "4242424242424242"), ("card[cvc]", "99")], &[&code("123")], r#""cvc": "123""#);
    check(&[("card[number]", "378282246310005"), ("card[cvc]", "99")], &[&code("1234")], r#""cvc": "1234""#);
    let american = [masked[0], masked[1], &code("1234")];
    check(&[("card[number]", "371449635398456"), ("card[cvc]", "99")], &american, r#""cvc": "1234""#);
    let name = ["card[name] is not kept whole: put in what belongs there before you run this."];
    check(&[("card[name]", "4539578763621486")], &name, "453957******1486");
    // What is hidden under another name is no security code, and what only looks masked was sent so.
    let encoded = "NDUzOTU3ODc2MzYyMTQ4Ng==";
    check(&[("card[number]", "4242424242424242"), ("card[name]", encoded)], &name, r#""name": "•••""#);
    check(&[("card[number]", "4242424242424242"), ("card[name]", "453957*1486")], &[], r#""name": "453957*1486""#);
    // A name could end the comment that tells of it.
    let nameless = ["A parameter is not kept whole: put in what belongs there before you run this."];
    check(&[("x\nimport os", "4539578763621486")], &nameless, "453957******1486");
}

#[test]
fn a_code_that_failed_is_said_to_be_another() {
    let request = token(&[("card[number]", "4242424242424242"), ("card[cvc]", "99")]);
    let body = br#"{"error": {"type": "card_error", "code": "invalid_cvc", "param": "cvc"}}"#.to_vec();
    let answer = ApiResponse { http_status: 402, headers: Vec::new(), body };
    for language in SnippetLanguage::ALL {
        let code = snippet(KeptCall { request: &request, answer: Some(&answer) }, language, None);
        assert!(code.contains("The security code that failed is not kept: 123 passes, and stands for it."), "{code}");
        assert!(code.lines().nth(1).unwrap().contains("Put a code that fails in its place"), "{code}");
    }
}

#[test]
fn the_words_of_a_line_are_told_apart_without_gaps() {
    use highlight::SyntaxKind::{Comment, Keyword, Number, Plain, Text};
    #[track_caller]
    fn check(language: SnippetLanguage, line: &str, expected: &[(&str, highlight::SyntaxKind)]) {
        let parts = highlight::parts(line, language);
        let found: Vec<_> = parts.iter().map(|(range, part)| (&line[range.clone()], *part)).collect();
        assert_eq!(found, expected);
        assert_eq!(parts.iter().map(|(range, _)| &line[range.clone()]).collect::<String>(), line);
    }
    check(SnippetLanguage::Python, "import os", &[("import", Keyword), (" os", Plain)]);
    check(
        SnippetLanguage::Python,
        r#"a="\"é\\" # x"#,
        &[("a=", Plain), (r#""\"é\\""#, Text), (" ", Plain), ("# x", Comment)],
    );
    check(SnippetLanguage::Node, "port: 12111,", &[("port: ", Plain), ("12111", Number), (",", Plain)]);
    check(SnippetLanguage::Node, "'a // b'; // c", &[("'a // b'", Text), ("; ", Plain), ("// c", Comment)]);
    check(SnippetLanguage::Curl, r"-d 'a\' \", &[("-d", Keyword), (" ", Plain), (r"'a\'", Text), (r" \", Plain)]);
    check(
        SnippetLanguage::Curl,
        r"-d $'a\'b'",
        &[("-d", Keyword), (" $", Plain), (r"$'a\'b'".trim_start_matches('$'), Text)],
    );
    check(SnippetLanguage::Java, r#""open"#, &[(r#""open"#, Text)]);
    check(SnippetLanguage::Go, "", &[]);
    for language in SnippetLanguage::ALL {
        for line in snippet(&token(NASTY), language, None).lines() {
            let parts = highlight::parts(line, language);
            assert_eq!(parts.iter().map(|(range, _)| &line[range.clone()]).collect::<String>(), line);
        }
    }
}

#[test]
fn the_command_prints_the_code_of_a_token_or_of_the_newest_call() {
    let home = Home::new();
    let run = |args: &[&str]| home.run(args.iter().copied());
    let none = run(&["snippet"]);
    assert_eq!((none.exit, none.stderr.contains("`testcard mint` makes one")), (2, true), "{none:?}");
    let minted = run(&["mint", "4242424242424242", "--name", "Jenny Rosen"]);
    let id = minted.stdout.trim();
    let curl = run(&["snippet", id]);
    assert!(curl.stdout.contains("curl https://api.stripe.com/v1/tokens \\\n"), "{curl:?}");
    assert!(curl.stdout.contains("'card[name]=Jenny Rosen'") && curl.exit == 0, "{curl:?}");
    let python = run(&["snippet", id, "--lang", "python", "--local"]);
    assert!(python.stdout.contains(r#"stripe.api_base = "http://127.0.0.1:12111""#), "{python:?}");
    let node = run(&["snippet", id, "--lang", "node", "--local", "http://127.0.0.1:8000"]);
    assert!(node.stdout.contains("port: 8000,"), "{node:?}");
    // Any call of the request log is found by what it is about.
    let paid = run(&["pay", "pm_card_visa"]);
    let intent = paid.stdout.split(' ').next().unwrap();
    let python = run(&["snippet", intent, "--lang", "python"]);
    assert!(
        python.exit == 0 && python.stdout.contains("stripe.PaymentIntent.create(\n  amount=\"2000\","),
        "{python:?}"
    );
    // What failed has no token.
    run(&["mint", "4242424242424241"]);
    assert!(run(&["snippet"]).stdout.contains("card[number]=4242424242424241"));
    for (args, words) in [
        (&["snippet", "tok_nobody"][..], "There is no call in the history that made tok_nobody"),
        (&["snippet", "--lang", "cobol"][..], "possible values: curl, cli, python"),
        (&["snippet", "--local", "http://example.com"][..], "Only https is safe"),
    ] {
        let run = run(args);
        assert_eq!((run.exit, run.stderr.contains(words)), (2, true), "{run:?}");
    }
}

// ---- in the window
// ---------------------------------------------------------------------------------------------------

/// A window with the code of a token in sight.
fn showing_code() -> Window {
    let mut window = Bench::new().open();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    wait_for(&mut window, "fingerprint");
    click(&mut window, Role::Tab, "Code");
    window
}

/// Chooses from the list of languages.
fn choose(window: &mut Window, language: &str) {
    click(window, Role::ComboBox, "Language");
    click(window, Role::Button, language);
}

#[test]
fn the_code_of_a_token_is_shown_in_the_language_chosen_and_copied_whole() {
    let mut window = showing_code();
    assert!(says(&window, "curl http://127.0.0.1:12111/v1/tokens"));
    assert!(says(&window, "Not running yet: it will listen on port 12111"));
    for language in SnippetLanguage::ALL {
        choose(&mut window, language.label());
        assert!(window.query_by_role_and_label(Role::Code, &format!("{} code", language.label())).is_some());
    }
    click(&mut window, Role::Button, "Switch on…");
    assert!(says(&window, "Serve the local minter"));
    window.key_press(Key::Escape);
    window.run_ok();
    choose(&mut window, "Ruby");
    assert!(says(&window, "Stripe.api_base = 'http://127.0.0.1:12111'"));
    click(&mut window, Role::RadioButton, "Stripe");
    assert!(!says(&window, "api_base") && !says(&window, "Not running yet"));
    let texts = copied(&mut window, |window| click(window, Role::Button, "Copy"));
    assert!(
        texts[0].contains("token = Stripe::Token.create({\n  card: {\n    number: '4242424242424242',"),
        "{texts:?}"
    );
    assert!(says(&window, "Ruby code copied"));
    // The choices outlive the selection.
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "another row", |window| rows(window).len() == 2);
    wait_for(&mut window, "Stripe::Token.create({");
    assert!(!says(&window, "api_base"));
}

#[test]
fn the_tab_key_goes_through_the_controls_to_the_code() {
    let mut window = showing_code();
    window.get_by_role_and_label(Role::Tab, "Code").focus();
    window.run_ok();
    let mut order = Vec::new();
    for _ in 0..6 {
        window.key_press(Key::Tab);
        window.run_ok();
        order.push(focused(&window).unwrap_or_default());
    }
    assert_eq!(order, ["Language", "Copy", "Stripe", "Local server", "Switch on…", "cURL code"]);
}

#[test]
fn focused_code_is_scrolled_and_copied_by_keys() {
    let mut window = showing_code();
    choose(&mut window, "Java");
    let code = window.get_by_role_and_label(Role::Code, "Java code");
    code.focus();
    window.run_ok();
    let left = |window: &Window| window.get_by_label_contains("The security code is not kept").rect().left();
    let before = left(&window);
    window.key_press(Key::ArrowRight);
    window.run_ok();
    assert!(left(&window) < before);
    window.key_press(Key::Home);
    window.run_ok();
    assert!((left(&window) - before).abs() < 0.5);
    let texts = copied(&mut window, |window| window.event(Event::Copy));
    assert!(texts[0].contains("TokenCreateParams.builder()"), "{texts:?}");
    let focused = window.get_by_role_and_label(Role::Code, "Java code");
    assert!(focused.is_focused(), "the arrows moved the code, not the focus");
}

#[test]
fn a_key_copies_the_call_as_curl_whatever_is_in_sight() {
    let mut window = showing_code();
    choose(&mut window, "Go");
    click(&mut window, Role::Tab, "Summary");
    let keys = |window: &mut Window| window.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    let texts = copied(&mut window, keys);
    assert!(texts[0].contains("curl http://127.0.0.1:12111/v1/tokens \\\n"), "{texts:?}");
    assert!(says(&window, "cURL code copied"));
}

#[test]
fn the_code_of_a_call_of_the_request_log_names_the_server_that_runs() {
    let mut bench = Bench::new();
    bench.settings.server.serves = true;
    bench.settings.server.port = 0;
    let mut window = bench.open();
    wait_for(&mut window, "Serving 127.0.0.1:");
    let serving = window.get_by_label_contains("Serving 127.0.0.1:").accesskit_node().label().unwrap();
    let address = serving.trim_start_matches("Serving ").to_owned();
    ctrl(&mut window, Key::Enter);
    wait(&mut window, "the row", |window| rows(window).len() == 1);
    press_in_head(&mut window, "Check");
    wait_for(&mut window, "The token is still unused");
    let tab = window.get_by(|node| node.role() == Role::Tab && node.label().is_some_and(|l| l.starts_with("Requests")));
    tab.click();
    window.run_ok();
    wait(&mut window, "both calls", |window| rows(window).len() == 2);
    let retrieved = rows(&window).iter().position(|row| row.starts_with("GET")).unwrap();
    window.query_all_by_role(Role::Row).nth(retrieved).unwrap().click();
    wait_for(&mut window, "fingerprint");
    click(&mut window, Role::Tab, "Code");
    assert!(says(&window, &format!("curl http://{address}/v1/tokens/tok_1")));
    assert!(!says(&window, "Not running yet"));
}
