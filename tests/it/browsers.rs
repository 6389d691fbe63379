//! Pages in browsers: which may call the server, what a browser is told, and what Stripe.js sends.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{
    program::Home,
    serving::{CARD, Serving},
    wire::{self, Answer, Wire, form},
};

const NAMED: &str = "http://localhost:3000";
const ALSO_NAMED: &str = "https://shop.example";
const EXPOSED: &str = "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required, \
                       X-Stripe-Privileged-Session-Required";

/// A server that keeps nothing and takes calls from pages of two origins.
fn naming() -> Serving {
    Serving::start(&Home::new(), &["--memory", "--allow-origin", NAMED, "--allow-origin", ALSO_NAMED])
}

/// A request with these headers, and a body where the method has one.
fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[track_caller]
fn ask(server: &Serving, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    wire::call(server.address, &request(method, path, headers, body))
}

/// The headers of an answer that give a page a permission, in small letters and in order. An answer with one is said to
/// be for this page only.
fn cors(answer: &Answer) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> =
        answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    let varies = told.iter().filter(|(name, value)| name == "vary" && value == "Origin").count();
    told.retain(|(name, _)| name.starts_with("access-control"));
    assert!(told.is_empty() || varies == 1, "{:?}", answer.headers);
    told.sort();
    told
}

/// What an answer lets a page of another origin do: `Vary` stands on all of them, and permits nothing.
fn permissions(answer: &Answer) -> Vec<(String, String)> {
    cors(answer).into_iter().filter(|(name, _)| name != "vary").collect()
}

fn permission(origin: &str) -> Vec<(String, String)> {
    [("access-control-allow-origin", origin), ("access-control-expose-headers", EXPOSED)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// The calls that are written down, without the reading of them.
fn noted(server: &Serving) -> usize {
    server.requests().len()
}

const AUTHORIZED: (&str, &str) = ("Authorization", "Bearer sk_test_pages");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

// ---- who may call --------------------------------------------------------------------------------------------------

#[test]
fn every_method_route_origin_and_site_has_its_answer() {
    let server = naming();
    let own = format!("http://127.0.0.1:{}", server.address.port());
    let card = form(&CARD);
    let sites = [None, Some("none"), Some("same-origin"), Some("same-site"), Some("cross-site")];
    let foreign =
        ["null", "https://evil.example", "http://localhost", "http://localhost:3001", "http://127.0.0.1:3000", ""];
    let routes = [
        ("POST", "/v1/tokens", 200),
        ("GET", "/v1/charges", 200),
        ("DELETE", "/v1/customers/cus_none", 404),
        ("PUT", "/v1/tokens", 404),
        ("OPTIONS", "/v1/tokens", 404),
        ("GET", "/", 404),
    ];
    for (method, path, served) in routes {
        let body = if method == "POST" { card.as_str() } else { "" };
        for site in sites {
            let is_elsewhere = matches!(site, Some("same-site" | "cross-site"));
            let check = |origin: Option<&str>, expected: u16| {
                let mut headers = vec![AUTHORIZED];
                headers.extend(origin.map(|origin| ("Origin", origin)));
                headers.extend(site.map(|site| ("Sec-Fetch-Site", site)));
                let answer = ask(&server, method, path, &headers, body);
                let case = format!("{method} {path} {origin:?} {site:?}");
                assert_eq!(answer.status, expected, "{case}: {}", answer.text());
                let permitted = origin.filter(|origin| [NAMED, ALSO_NAMED].contains(origin)).map(permission);
                assert_eq!(cors(&answer), permitted.unwrap_or_default(), "{case}");
                if expected == 403 {
                    assert!(answer.text().contains("--allow-origin"), "{case}: {}", answer.text());
                }
            };
            check(Some(NAMED), served);
            check(Some(ALSO_NAMED), served);
            check(None, if is_elsewhere { 403 } else { served });
            check(Some(&own), if is_elsewhere { 403 } else { served });
            for origin in foreign {
                check(Some(origin), 403);
            }
        }
    }
}

#[test]
fn the_servers_own_routes_take_no_page() {
    let server = naming();
    let own = format!("http://localhost:{}", server.address.port());
    let control = format!("Bearer {}", server.control_token);
    let preflight = ("Access-Control-Request-Method", "POST");
    for (method, path) in [
        ("POST", "/_testcard/reset"),
        ("GET", "/_testcard/requests"),
        ("POST", "/_testcard/requests"),
        ("GET", "/_testcard/what-may-come"),
        ("GET", "/_testcard"),
        ("OPTIONS", "/_testcard/reset"),
    ] {
        for origin in [NAMED, ALSO_NAMED, &own, "null", "https://evil.example"] {
            let headers = [("Authorization", control.as_str()), ("Origin", origin), preflight];
            let answer = ask(&server, method, path, &headers, "");
            assert_eq!((answer.status, permissions(&answer)), (403, Vec::new()), "{method} {path} {origin}");
        }
        let headers = [("Authorization", control.as_str()), ("Sec-Fetch-Site", "cross-site")];
        assert_eq!(ask(&server, method, path, &headers, "").status, 403, "{method} {path}");
    }
    assert_eq!(server.control("POST", "/_testcard/reset")["reset"], true, "without a page it works");
}

#[test]
fn by_default_no_page_of_another_origin_may_call() {
    let server = Serving::start(&Home::new(), &["--memory"]);
    for origin in [NAMED, "http://localhost", "null"] {
        for headers in [&[("Origin", origin)][..], &[("Origin", origin), ("Access-Control-Request-Method", "POST")]] {
            let answer = ask(&server, "OPTIONS", "/v1/tokens", headers, "");
            assert_eq!((answer.status, permissions(&answer)), (403, Vec::new()), "{headers:?}");
        }
        let body = format!("{}&key=pk_test_pages", form(&CARD));
        let answer = ask(&server, "POST", "/v1/tokens", &[("Origin", origin), FORM], &body);
        assert_eq!((answer.status, permissions(&answer)), (403, Vec::new()), "{origin}");
    }
}

#[test]
fn a_page_is_refused_before_its_body_is_read() {
    let server = naming();
    for headers in [&[("Origin", "https://evil.example")][..], &[("Sec-Fetch-Site", "cross-site")]] {
        let mut wire = Wire::open(server.address).unwrap();
        let head = request("POST", "/v1/tokens", &[headers, &[FORM]].concat(), "");
        let head = String::from_utf8(head).unwrap().replace("Content-Length: 0", "Content-Length: 90000");
        wire.send(head.as_bytes()).unwrap();
        let answer = wire.answer().unwrap();
        assert_eq!((answer.status, answer.header("Connection")), (403, Some("close")), "{headers:?}");
    }
}

#[test]
fn what_is_no_origin_cannot_be_named() {
    for (origin, words) in [
        ("*", "name each page's own"),
        ("null", "cannot be named"),
        ("http://localhost:3000/", "ends after host and port"),
        ("http://localhost:3000/shop", "ends after host and port"),
        ("localhost:3000", "Write it as http://localhost:3000"),
        ("http://jenny:secret@localhost", "no user name"),
        ("file://", "Write it as"),
        ("", "Write it as http://localhost:3000"),
    ] {
        let run = Home::new().run(["serve", "--memory", "--listen", "127.0.0.1:0", "--allow-origin", origin]);
        assert_eq!((run.exit, &*run.stdout), (2, ""), "{origin}: {run:?}");
        assert!(run.stderr.contains(words), "{origin}: {run:?}");
    }
}

// ---- what a browser is told ----------------------------------------------------------------------------------------

#[test]
fn a_preflight_is_answered_without_a_key_and_is_no_call() {
    let server = naming();
    let before = noted(&server);
    for path in ["/v1/tokens", "/v1/customers", "/v1/charges/ch_1", "/nothing"] {
        for method in ["POST", "DELETE", "GET"] {
            let headers = [
                ("Origin", NAMED),
                ("Access-Control-Request-Method", method),
                ("Access-Control-Request-Headers", "authorization,idempotency-key,stripe-version"),
                ("Sec-Fetch-Site", "cross-site"),
            ];
            let mut wire = Wire::open(server.address).unwrap();
            let answer = wire.ask(&request("OPTIONS", path, &headers, "")).unwrap();
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}: {}", answer.text());
            let told = cors(&answer);
            let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
            let allow = |what| format!("access-control-allow-{what}");
            let (headers, methods, origin) = (allow("headers"), allow("methods"), allow("origin"));
            assert_eq!(names, [headers.as_str(), &methods, &origin, "access-control-max-age"], "{path}");
            assert_eq!(answer.header("Access-Control-Allow-Origin"), Some(NAMED));
            assert_eq!(answer.header("Access-Control-Max-Age"), Some("300"));
            let allowed = answer.header("Access-Control-Allow-Headers").unwrap();
            for header in ["Authorization", "Content-Type", "Idempotency-Key", "Stripe-Account", "Stripe-Version"] {
                assert!(allowed.split(", ").any(|name| name == header), "{header} in {allowed}");
            }
            let methods = answer.header("Access-Control-Allow-Methods").unwrap();
            assert!(methods.split(", ").any(|allowed| allowed == method), "{method} in {methods}");
            let next = wire.ask(&request("GET", "/v1/charges", &[AUTHORIZED], "")).unwrap();
            assert_eq!(next.status, 200, "the connection goes on");
        }
    }
    assert_eq!(noted(&server), before + 12, "only the calls between them");
    let refused = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    assert_eq!(ask(&server, "OPTIONS", "/v1/tokens", &refused, "").status, 403);
    assert_eq!(noted(&server), before + 12);
}

#[test]
fn only_a_named_page_may_reach_into_this_machine_from_another() {
    let server = naming();
    for (origin, asks, allowed) in [
        (NAMED, Some("true"), Some("true")),
        (NAMED, Some("false"), None),
        (NAMED, None, None),
        ("https://evil.example", Some("true"), None),
        ("null", Some("true"), None),
    ] {
        let mut headers = vec![("Origin", origin), ("Access-Control-Request-Method", "POST")];
        headers.extend(asks.map(|asks| ("Access-Control-Request-Private-Network", asks)));
        let answer = ask(&server, "OPTIONS", "/v1/tokens", &headers, "");
        assert_eq!(answer.header("Access-Control-Allow-Private-Network"), allowed, "{origin} {asks:?}");
        assert_eq!(answer.header("Access-Control-Allow-Credentials"), None);
    }
}

#[test]
fn a_page_may_read_the_errors_and_the_faults_too() {
    let args = ["--memory", "--allow-origin", NAMED, "--fault", "POST /v1/customers next 1: 429 retry-after 1"];
    let server = Serving::start(&Home::new(), &args);
    let long = format!("name={}", "x".repeat(1 << 20));
    let wrong = form(&CARD).replace("4242424242424242", "4242424242424241");
    let page = ("Origin", NAMED);
    for (method, path, headers, body, status) in [
        ("POST", "/v1/tokens", &[page, FORM][..], "card[number]=4242424242424242", 401),
        ("POST", "/v1/tokens", &[page, FORM, AUTHORIZED], &wrong, 402),
        ("POST", "/v1/tokens", &[page, FORM, AUTHORIZED], "", 400),
        ("GET", "/v1/nothing", &[page, AUTHORIZED], "", 404),
        ("POST", "/v1/customers", &[page, FORM, AUTHORIZED], "", 429),
        ("POST", "/v1/customers", &[page, FORM, AUTHORIZED], &long, 413),
        ("POST", "/v1/customers", &[page, FORM, ("Authorization", "Bearer pk_test_x")], "", 403),
    ] {
        let mut wire = Wire::open(server.address).unwrap();
        // A refusal may come while the body is still being sent.
        let _ = wire.send(&request(method, path, headers, body));
        let answer = wire.answer().unwrap();
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(cors(&answer), permission(NAMED), "{path} {}", answer.status);
    }
    let dns = b"POST /v1/tokens HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://localhost:3000\r\n\r\n";
    let answer = wire::call(server.address, dns);
    assert_eq!((answer.status, permissions(&answer)), (403, Vec::new()), "a name that was led here gets no permission");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_2_the_same_holds() {
    let server = naming();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v1/tokens", server.address);
    for (method, origin, site, status) in [
        (reqwest::Method::POST, Some(NAMED), None, 200),
        (reqwest::Method::POST, Some(NAMED), Some("cross-site"), 200),
        (reqwest::Method::POST, Some("https://evil.example"), None, 403),
        (reqwest::Method::POST, Some("null"), None, 403),
        (reqwest::Method::POST, None, Some("cross-site"), 403),
        (reqwest::Method::POST, None, None, 200),
        (reqwest::Method::OPTIONS, Some(NAMED), None, 204),
        (reqwest::Method::OPTIONS, Some("https://evil.example"), None, 403),
    ] {
        let mut call = client.request(method.clone(), &url).form(&CARD);
        call = if method == reqwest::Method::OPTIONS {
            call.header("Access-Control-Request-Method", "POST")
        } else {
            call.bearer_auth("pk_test_pages")
        };
        if let Some(origin) = origin {
            call = call.header("Origin", origin);
        }
        if let Some(site) = site {
            call = call.header("Sec-Fetch-Site", site);
        }
        let answer = call.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (status, reqwest::Version::HTTP_2), "{origin:?}");
        let allowed = answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        assert_eq!(allowed, origin.filter(|origin| *origin == NAMED), "{method} {origin:?}");
        assert!(answer.headers().get("access-control-allow-credentials").is_none());
    }
}

// ---- what Stripe.js sends ------------------------------------------------------------------------------------------

/// What Stripe.js and the mobile SDKs tell about a browser or device, beside the call itself.
const CLIENT: [(&str, &str); 17] = [
    ("guid", "5f4b7095-9d5d-4032-bc0c-511afd16336d4ec3ab"),
    ("muid", "NA"),
    ("sid", "a5043f11-4679-4b52-962c-8747f54af89016e011"),
    ("payment_user_agent", "stripe.js/2ee772a1e3; stripe-js-v3/2ee772a1e3; card-element"),
    ("time_on_page", "96327"),
    ("pasted_fields", "number"),
    ("referrer", "http://localhost:3000"),
    ("ip", "203.0.113.7"),
    ("user_agent", "Mozilla/5.0"),
    ("external_id", "shop-1"),
    ("device_id", "DNT"),
    ("radar_options[hcaptcha_token]", "P1_eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"),
    ("radar_options[android_verification_object][android_verification_token]", "x"),
    ("client_attribution_metadata[client_session_id]", "5947447b-74ec-42d1-aa64-f880939047c1"),
    ("client_attribution_metadata[merchant_integration_source]", "elements"),
    ("client_attribution_metadata[merchant_integration_version]", "2021"),
    ("client_attribution_metadata[merchant_integration_additional_elements][0]", "payment"),
];

/// As a page calls: the key among the parameters, and no header of its own.
#[track_caller]
fn of_page(server: &Serving, path: &str, params: &[(&str, &str)]) -> Answer {
    let body = form(&[params, &[("key", "pk_test_planted")]].concat());
    ask(server, "POST", path, &[("Origin", NAMED), ("Sec-Fetch-Site", "same-site"), FORM], &body)
}

/// An answer without what differs from call to call.
fn shape(answer: &Answer) -> Value {
    let mut body = answer.json();
    for place in ["", "/card"] {
        for name in ["id", "created"] {
            if let Some(field) = body.pointer_mut(&format!("{place}/{name}")) {
                *field = Value::Null;
            }
        }
    }
    body
}

#[test]
fn what_stripe_js_tells_of_the_browser_is_taken_and_shown_in_no_object() {
    let home = Home::new();
    let server = Serving::start(&home, &["--allow-origin", NAMED]);
    let plain = server.post("/v1/tokens", &CARD);
    let token = of_page(&server, "/v1/tokens", &[&CARD[..], &CLIENT].concat());
    assert_eq!((token.status, shape(&token)), (200, shape(&plain)), "{}", token.text());
    // A secret key may tell it too, such as a shop's server for its customer.
    let charge = |client: &[(&str, &str)]| {
        let params = [&[("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")], client].concat();
        server.post("/v1/charges", &params)
    };
    let charged = charge(&CLIENT);
    assert_eq!(charged.status, 200, "{}", charged.text());
    let method = of_page(
        &server,
        "/v1/payment_methods",
        &[&[("type", "card"), ("card[token]", plain.json()["id"].as_str().unwrap())], &CLIENT[..]].concat(),
    );
    assert_eq!((method.status, &method.json()["object"]), (200, &json!("payment_method")), "{}", method.text());
    for answer in [&token, &charged, &method] {
        for (_, value) in CLIENT.iter().filter(|(_, value)| value.len() > 8) {
            assert!(!answer.text().contains(value), "{value} in {}", answer.text());
        }
    }
    // They are part of the call, and the key is not.
    let kept = server.requests().into_iter().find(|call| call["object"] == token.json()["id"]).unwrap();
    for (name, value) in CLIENT {
        assert_eq!(kept["params"][name], value, "{name}: {kept}");
    }
    assert_eq!(kept["params"].get("key"), None);
    drop(server);
    for (path, bytes) in home.files() {
        assert!(!bytes.windows(7).any(|seven| seven == b"planted"), "{}", path.display());
    }
}

#[test]
fn what_is_like_it_and_is_not_it_is_refused_as_before() {
    let server = naming();
    for (path, name, words) in [
        ("/v1/tokens", "guids", "Received unknown parameter: guids"),
        ("/v1/tokens", "guid[x]", "Received unknown parameter: guid[x]"),
        ("/v1/tokens", "browser_ip", "Received unknown parameter: browser_ip"),
        ("/v1/tokens", "radar_options[session]", "Received unknown parameter: radar_options[session]"),
        ("/v1/customers", "guid", "Received unknown parameter: guid"),
        ("/v1/customers", "key", "Received unknown parameter: key"),
    ] {
        let params = if path == "/v1/tokens" { &CARD[..] } else { &[] };
        let answer = server.post(path, &[params, &[(name, "x")]].concat());
        assert_eq!((answer.status, answer.text().contains(words)), (400, true), "{name}: {}", answer.text());
    }
}

#[test]
fn what_stripe_js_tells_belongs_to_the_call_that_its_idempotency_key_stands_for() {
    let server = naming();
    let ask = |guid: &str, key: &str| {
        let params = [&CARD[..], &[("guid", guid), ("key", key)]].concat();
        let headers = [("Origin", NAMED), FORM, ("Idempotency-Key", "page-1")];
        ask(&server, "POST", "/v1/tokens", &headers, &form(&params))
    };
    let first = ask("one", "pk_test_one");
    let again = ask("one", "pk_test_one");
    assert_eq!((again.status, again.header("Idempotent-Replayed")), (200, Some("true")));
    assert_eq!(first.json()["id"], again.json()["id"]);
    let other = ask("two", "pk_test_one");
    assert_eq!((other.status, &other.json()["error"]["type"]), (400, &json!("idempotency_error")), "{}", other.text());
}

#[test]
fn account_and_version_in_the_body_are_those_of_the_call() {
    let server = naming();
    let more = [("_stripe_account", "acct_1PageAccount00000"), ("_stripe_version", "2020-08-27")];
    let of_body = of_page(&server, "/v1/tokens", &[&CARD[..], &more].concat());
    let headers = [("Stripe-Account", more[0].1), ("Stripe-Version", more[1].1)];
    let of_head = server.send("POST", "/v1/tokens", &CARD, &headers);
    assert_eq!((of_body.status, of_head.status), (200, 200), "{} {}", of_body.text(), of_head.text());
    assert_eq!(shape(&of_body), shape(&of_head));
    for name in ["Stripe-Account", "Stripe-Version"] {
        assert_eq!(of_body.header(name), of_head.header(name), "{name}");
    }
    let params = server.requests().into_iter().find(|call| call["object"] == of_body.json()["id"]).unwrap();
    assert!(params["params"].get("_stripe_account").is_none(), "{params}");
    let both = server.send("POST", "/v1/tokens", &[&CARD[..], &more].concat(), &[("Stripe-Version", "2019-10-08")]);
    assert_eq!((both.status, &both.json()["error"]["param"]), (400, &json!("_stripe_version")), "{}", both.text());
}

#[test]
fn an_account_in_the_body_that_cannot_be_one_is_refused_as_in_the_head() {
    let server = naming();
    let key = "Bearer pk_test_planted_page_wxyz";
    let headers = [FORM, ("Authorization", key)];
    let of_body =
        ask(&server, "POST", "/v1/tokens", &headers, &form(&[&CARD[..], &[("_stripe_account", "nope")]].concat()));
    let headers = [FORM, ("Authorization", key), ("Stripe-Account", "nope")];
    let of_head = ask(&server, "POST", "/v1/tokens", &headers, &form(&CARD));
    assert_eq!((of_body.status, of_body.text()), (403, of_head.text()));
    let message = of_body.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("'pk_test_") && message.contains("wxyz'") && !message.contains("planted"), "{message}");
}

#[test]
fn a_key_beside_the_header_is_let_in_or_refused_as_the_header_is() {
    let server = naming();
    for (header, param, status) in [
        ("Bearer pk_test_x", "pk_test_x", 200),
        ("Bearer sk_test_x", "pk_test_y", 200),
        ("Bearer pk_test_x", "pk_live_planted", 401),
        ("Bearer pk_test_x", "hello", 401),
        ("Bearer pk_live_x", "pk_test_x", 401),
    ] {
        let body = form(&[&CARD[..], &[("key", param)]].concat());
        let answer = ask(&server, "POST", "/v1/tokens", &[("Authorization", header), FORM], &body);
        assert_eq!(answer.status, status, "{header} {param}: {}", answer.text());
    }
    for call in server.requests() {
        assert!(call["params"].get("key").is_none(), "{call}");
    }
}

#[test]
fn a_publishable_key_makes_payment_methods_of_tokens_as_stripe_js_does() {
    let server = naming();
    let token = server.token();
    let params = [("type", "card"), ("card[token]", token.as_str()), ("billing_details[name]", "Jenny")];
    let made = of_page(&server, "/v1/payment_methods", &params);
    assert_eq!((made.status, &made.json()["billing_details"]["name"]), (200, &json!("Jenny")), "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/payment_methods/{id}");
    let read = ask(&server, "GET", &path, &[("Authorization", "Bearer pk_test_x")], "");
    assert_eq!(read.code(), "secret_key_required");
    assert_eq!(server.get(&path).status, 200);
}

#[test]
fn a_page_makes_tokens_in_the_world_of_its_key() {
    let server = Serving::start(&Home::new(), &["--memory", "--isolate", "--allow-origin", NAMED]);
    let token = |account: &str| {
        let key = format!("pk_test_5{account}ofapage");
        let body = form(&[&CARD[..], &[("key", &key)]].concat());
        let answer = ask(&server, "POST", "/v1/tokens", &[("Origin", NAMED), FORM], &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let accounts = ["1PageAccount0001", "1PageAccount0002"];
    for (made, account) in accounts.map(|account| (token(account), account)) {
        for backend in accounts {
            let key = format!("Bearer sk_test_5{backend}ofabackend");
            let answer = ask(&server, "GET", &format!("/v1/tokens/{made}"), &[("Authorization", &key)], "");
            assert_eq!(answer.status, if backend == account { 200 } else { 404 }, "{account} {backend}");
        }
    }
}
