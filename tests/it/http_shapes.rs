//! What a request may look like on the wire, and what each shape gets: who is let in, how much is read, and what
//! becomes of the connection.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::Shutdown,
    sync::mpsc,
    thread,
};

use crate::support::{
    program::Home,
    serving::{CARD, Serving},
    wire::{self, Answer, Wire, form},
};

const KEY: &str = "Authorization: Bearer sk_test_shapes";

fn in_memory() -> Serving {
    Serving::start(&Home::new(), &["--memory"])
}

/// A request of these lines, and behind them a body whose length is announced.
fn shape(lines: &[&str], body: &[u8]) -> Vec<u8> {
    let mut bytes = lines.join("\r\n").into_bytes();
    if !body.is_empty() {
        bytes.extend_from_slice(format!("\r\nContent-Length: {}", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    bytes
}

/// A call of the API with this in its head and body.
fn post(path: &str, lines: &[&str], body: &[u8]) -> Vec<u8> {
    let first = format!("POST {path} HTTP/1.1");
    shape(&[&[&first, "Host: 127.0.0.1:12111"], lines].concat(), body)
}

fn card() -> String {
    form(&CARD)
}

/// Whether the server has closed this connection, all of its answers read.
fn is_closed(wire: &mut Wire) -> bool {
    match wire.0.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// What becomes of the connection behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next call is answered.
    Goes,
    /// It is closed, and the answer says so.
    Closes,
}
use Then::{Closes, Goes};

#[track_caller]
fn check(server: &Serving, name: &str, bytes: &[u8], status: u16, then: Then, words: &str) -> Answer {
    let mut wire = Wire::open(server.address).unwrap();
    // A refusal may come while the body is still being sent.
    let _ = wire.send(bytes);
    let answer = wire.answer().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(answer.status, status, "{name}: {}", answer.text());
    assert!(answer.text().contains(words), "{name}: {}", answer.text());
    let says_close = answer.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    assert_eq!(says_close, then == Closes, "{name}: {:?}", answer.headers);
    if then == Goes {
        let next = wire.ask(&wire::request("GET", "/v1/customers", &[], &[])).unwrap();
        assert_eq!(next.status, 200, "{name}: the next call on the connection: {}", next.text());
    } else {
        assert!(is_closed(&mut wire), "{name}");
    }
    answer
}

#[test]
fn each_shape_of_a_head_gets_its_answer_before_the_body_is_read() {
    let server = in_memory();
    let card = card();
    let body = card.as_bytes();
    let huge = vec![b'x'; 3 << 20];
    let get =
        |target: &str, lines: &[&str]| shape(&[&[format!("GET {target} HTTP/1.1").as_str(), KEY], lines].concat(), b"");
    for (name, bytes, status, then, words) in [
        ("as an SDK sends it", post("/v1/tokens", &[KEY], body), 200, Goes, "tok_"),
        (
            "as HTTP/1.0",
            shape(&["GET /v1/charges HTTP/1.0", "Host: localhost", "Connection: keep-alive", KEY], b""),
            200,
            Goes,
            "list",
        ),
        ("by its other names", get("/v1/charges", &["Host: LOCALHOST"]), 200, Goes, "list"),
        ("an absolute URI", get("http://127.0.0.1:1/v1/charges", &["Host: 127.0.0.1:1"]), 200, Goes, "list"),
        (
            "an absolute URI beside another Host",
            get("http://127.0.0.1:1/v1/charges", &["Host: evil.com"]),
            403,
            Closes,
            "127.0.0.1, localhost and [::1]",
        ),
        (
            "an absolute URI of another host",
            get("http://evil.com/v1/charges", &["Host: 127.0.0.1:1"]),
            403,
            Closes,
            "only",
        ),
        ("no Host", get("/v1/charges", &[]), 403, Closes, "only"),
        ("two Hosts", get("/v1/charges", &["Host: localhost", "Host: localhost"]), 403, Closes, "only"),
        ("a name that begins like ours", get("/v1/charges", &["Host: [::1].evil.com"]), 403, Closes, "only"),
        ("a name behind a user", get("/v1/charges", &["Host: 127.0.0.1:80@evil.com"]), 403, Closes, "only"),
        ("a dot at the end", get("/v1/charges", &["Host: 127.0.0.1."]), 403, Closes, "only"),
        ("an empty port", get("/v1/charges", &["Host: 127.0.0.1:"]), 403, Closes, "only"),
        (
            "a foreign Host with a large body",
            shape(&["POST /v1/tokens HTTP/1.1", "Host: evil.com", KEY], &huge),
            403,
            Closes,
            "only",
        ),
        (
            "a page of this machine that nobody named",
            post("/v1/tokens", &[KEY, "Origin: http://localhost:3000"], body),
            403,
            Closes,
            "--allow-origin http://localhost:3000",
        ),
        (
            "a page of the server's own origin",
            post("/v1/tokens", &[KEY, &format!("Origin: http://localhost:{}", server.address.port())], body),
            200,
            Goes,
            "tok_",
        ),
        (
            "a page of another origin",
            post("/v1/tokens", &[KEY, "Origin: https://evil.com"], body),
            403,
            Closes,
            "other origins",
        ),
        ("a page without an origin", post("/v1/tokens", &[KEY, "Origin: null"], body), 403, Closes, "did nothing"),
        (
            "a page on the server's own routes",
            get("/_testcard/requests", &["Host: localhost", "Origin: null"]),
            403,
            Closes,
            "other origins",
        ),
        (
            "another method on a route of ours",
            post("/_testcard/requests", &[KEY], body),
            404,
            Goes,
            "Unrecognized request URL",
        ),
        ("no key", post("/v1/customers", &[], b"name=Jenny"), 401, Closes, "did not provide an API key"),
        ("no key and no body", shape(&["GET /v1/charges HTTP/1.1", "Host: localhost"], b""), 401, Closes, "API key"),
        ("no key with a large body", post("/v1/customers", &[], &huge), 401, Closes, "API key"),
        (
            "a live key with a large body",
            post("/v1/tokens", &["Authorization: Bearer sk_live_shapesshapes1234"], &huge),
            401,
            Closes,
            "sk_live_************1234",
        ),
        ("a key that is no text", post("/v1/tokens", &["Authorization: Bearer \u{ff}"], body), 401, Closes, "API key"),
        (
            "a publishable key for more than tokens",
            post("/v1/customers", &["Authorization: Bearer pk_test_x"], &huge),
            403,
            Closes,
            "publishable",
        ),
        (
            "a method that nobody knows",
            shape(&["BREW /v1/tokens HTTP/1.1", "Host: localhost", KEY], &huge),
            404,
            Closes,
            "BREW",
        ),
        (
            "a path that is no text",
            post("/v1/tokens/%ff", &[KEY], b""),
            400,
            Closes,
            "Invalid UTF-8 characters found in URL path",
        ),
        (
            "an idempotency key that is no text",
            [
                &b"POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: \xff\r\n"[..],
                KEY.as_bytes(),
                b"\r\n\r\n",
            ]
            .concat(),
            400,
            Closes,
            "in header Idempotency-Key",
        ),
    ] {
        check(&server, name, &bytes, status, then, words);
    }
    assert_eq!(server.requests().iter().filter(|call| call["status"] == 200 && call["method"] == "POST").count(), 2);
}

#[test]
fn each_shape_of_a_body_gets_its_answer() {
    let server = in_memory();
    let long = vec![b'x'; (1 << 20) + 1];
    let many = "a=&".repeat(1001).into_bytes();
    let chunked = b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let utf8 = "Invalid UTF-8 characters found in POST body";
    for (name, bytes, status, then, words) in [
        ("in pieces", [&chunked[..], b"5\r\nname=\r\n5\r\nJenny\r\n0\r\n\r\n"].concat(), 200, Goes, "Jenny"),
        ("in pieces that break off", [&chunked[..], b"zz\r\n"].concat(), 400, Closes, "broken off"),
        ("empty pairs", post("/v1/customers", &[KEY], b"&&name=A&&"), 200, Goes, "\"A\""),
        (
            "letters of all kinds",
            post("/v1/customers", &[KEY], "name=J%C3%B6rg+\u{1f600}".as_bytes()),
            200,
            Goes,
            "J\u{f6}rg \u{1f600}",
        ),
        ("larger than allowed", post("/v1/customers", &[KEY], &long), 413, Closes, "larger than"),
        ("too many parameters", post("/v1/customers", &[KEY], &many), 400, Goes, "more than 1000 parameters"),
        ("no form", post("/v1/customers", &[KEY, "Content-Type: text/plain"], b"x"), 400, Goes, "content type"),
        ("bytes that are no text", post("/v1/customers", &[KEY], b"name=a\xff"), 400, Goes, utf8),
        ("such bytes encoded", post("/v1/customers", &[KEY], b"name=a%ffb"), 400, Goes, utf8),
        ("an overlong encoding", post("/v1/customers", &[KEY], b"name=%c0%af"), 400, Goes, utf8),
        ("half a pair of UTF-16", post("/v1/customers", &[KEY], b"name=%ed%a0%80"), 400, Goes, utf8),
        ("a name that is no text", post("/v1/customers", &[KEY], b"metadata%5b%fe%5d=x"), 400, Goes, utf8),
        (
            "a query that is no text",
            post("/v1/customers?name=%ff", &[KEY], b"name=a"),
            400,
            Goes,
            "found in query string",
        ),
        ("a percent sign alone", post("/v1/customers", &[KEY], b"name=100%"), 200, Goes, "100%"),
    ] {
        check(&server, name, &bytes, status, then, words);
    }
    let made = server.get("/v1/customers").json();
    assert_eq!(made["data"].as_array().unwrap().len(), 4, "what is refused does nothing: {made}");
    assert!(!made.to_string().contains('\u{fffd}'));
}

#[test]
fn a_key_among_the_parameters_makes_tokens_as_stripe_js_does_and_is_kept_nowhere() {
    let home = Home::new();
    let server = Serving::start(&home, &[]);
    let card = card();
    let with = |more: &str| format!("{card}{more}").into_bytes();
    let behind = format!("&description={}&key=pk_test_planted", "x".repeat(64 * 1024));
    let far = format!("&key=pk_test_planted&metadata%5Ba%5D={}", "x".repeat(70 * 1024));
    let (pk, secret) = ("&key=pk_test_plantedplanted", "&key=sk_test_plantedplanted");
    for (name, bytes, status, then, words) in [
        ("Stripe.js", post("/v1/tokens", &[], &with(pk)), 200, Goes, "tok_"),
        (
            "as a form of a page of this machine that nobody named",
            post("/v1/tokens", &["Origin: http://localhost"], &with(pk)),
            403,
            Closes,
            "origin",
        ),
        ("of a page elsewhere", post("/v1/tokens", &["Origin: http://evil.com"], &with(pk)), 403, Closes, "origin"),
        ("in the query", post("/v1/tokens?key=pk_test_planted", &[], card.as_bytes()), 200, Goes, "tok_"),
        ("a secret key", post("/v1/tokens", &[], &with(secret)), 200, Goes, "tok_"),
        ("a live key", post("/v1/tokens", &[], &with("&key=pk_live_plantedplanted")), 401, Closes, "pk_live_**"),
        ("no key", post("/v1/tokens", &[], card.as_bytes()), 401, Closes, "did not provide an API key"),
        ("an empty key", post("/v1/tokens", &[], &with("&key=")), 401, Closes, "did not provide an API key"),
        (
            "a header with another key",
            post("/v1/tokens", &["Authorization: Bearer x"], &with(pk)),
            401,
            Closes,
            "Invalid API Key",
        ),
        ("a key that comes too late", post("/v1/tokens", &[], &with(&behind)), 401, Closes, "did not provide"),
        ("a key that comes first", post("/v1/tokens", &[], &with(&far)), 400, Goes, "metadata"),
        (
            "where a secret key is needed",
            post("/v1/customers", &[], b"key=pk_test_plantedplanted"),
            401,
            Closes,
            "did not provide",
        ),
    ] {
        check(&server, name, &bytes, status, then, words);
    }
    for call in server.requests() {
        assert!(call["params"].get("key").is_none(), "{call}");
    }
    drop(server);
    for (path, bytes) in home.files() {
        assert!(!bytes.windows(7).any(|seven| seven == b"planted"), "{}", path.display());
    }
}

#[test]
fn of_a_body_that_nobody_wants_nothing_is_awaited() {
    let server = in_memory();
    let mut waiting = Vec::new();
    for (announced, status) in [("Content-Length: 999999", 401), ("Transfer-Encoding: chunked", 401)] {
        let mut wire = Wire::open(server.address).unwrap();
        wire.send(&shape(&["POST /v1/customers HTTP/1.1", "Host: localhost", announced], b"")).unwrap();
        assert_eq!(wire.answer().unwrap().status, status, "{announced}: before the body came");
        waiting.push(wire);
    }
    let mut wire = Wire::open(server.address).unwrap();
    wire.send(&shape(&["POST /v1/customers HTTP/1.1", "Host: localhost", KEY, "Content-Length: 9999999"], b""))
        .unwrap();
    assert_eq!(wire.answer().unwrap().status, 413, "before a byte of it came");
}

#[test]
fn the_call_after_a_refused_one_is_answered() {
    let server = in_memory();
    let large = vec![b'x'; 300 * 1024];
    for round in 0..20 {
        let mut wire = Wire::open(server.address).unwrap();
        for nth in 0..3 {
            let _ = wire.send(&post("/v1/customers", &["Authorization: Bearer sk_live_x"], &large));
            let refused = wire.answer().unwrap_or_else(|error| panic!("round {round}, call {nth}: {error}"));
            assert_eq!(refused.status, 401);
            if refused.header("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                wire = Wire::open(server.address).unwrap();
            }
            let next = wire.ask(&wire::request("POST", "/v1/customers", &[], &[])).unwrap();
            assert_eq!(next.status, 200, "round {round}, call {nth}: {}", next.text());
        }
    }
}

#[test]
fn bodies_in_flight_have_a_bound_together_and_the_others_are_told_when_to_come_back() {
    const CALLS: usize = 80;
    const BODY: usize = 1 << 20;
    // So many bodies of a megabyte, with their heads, fit into 64.
    const FIT: usize = 63;
    let server = in_memory();
    let (sender, answers) = mpsc::channel();
    let mut open = Vec::new();
    for nth in 0..CALLS {
        let mut wire = Wire::open(server.address).unwrap();
        let mut last = wire.0.try_clone().unwrap();
        let sender = sender.clone();
        let call = move || {
            // No form: it is refused once it is whole, and is not written down whole.
            let bytes = post("/v1/customers", &[KEY, "Content-Type: text/plain"], &vec![b'x'; BODY]);
            let _ = wire.send(&bytes[..bytes.len() - 1]);
            let _ = sender.send((nth, wire.answer()));
            let _ = wire.0.shutdown(Shutdown::Both);
        };
        thread::Builder::new().name(format!("call {nth}")).spawn(call).unwrap();
        open.push(move || last.write_all(b"x"));
    }
    let mut refused = vec![false; CALLS];
    for _ in 0..CALLS - FIT {
        let (nth, answer) = answers.recv().unwrap();
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.header("Retry-After")), (503, Some("1")), "{}", answer.text());
        refused[nth] = true;
    }
    // Every one that is left has its place: all of them come to their end.
    for (last, _) in open.iter_mut().zip(&refused).filter(|(_, refused)| !**refused) {
        let _ = last();
    }
    for _ in 0..FIT {
        let answer = answers.recv().unwrap().1.unwrap();
        assert!(matches!(answer.status, 400 | 503), "{}", answer.text());
    }
    assert_eq!(server.post("/v1/customers", &[]).status, 200, "what was held is free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_over_http_2_ends_its_stream_and_not_the_connection() {
    let server = in_memory();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let url = format!("http://{}/v1/customers", server.address);
    let large = "x".repeat(2 << 20);
    let calls = (0..40).map(|nth| {
        let key = if nth % 2 == 0 { "sk_test_x" } else { "sk_live_x" };
        let call = client.post(&url).bearer_auth(key);
        if nth % 4 < 2 { call.body(large.clone()).send() } else { call.form(&[("name", "Jenny")]).send() }
    });
    for (nth, answer) in futures_util::future::join_all(calls).await.into_iter().enumerate() {
        let expected = [413, 401, 200, 401][nth % 4];
        let answer = answer.unwrap_or_else(|error| panic!("{nth}: {error:?}"));
        assert_eq!(answer.status().as_u16(), expected, "{nth}");
        assert!(answer.headers().get("connection").is_none());
    }
    for (name, value) in [("host", "evil.com"), ("origin", "https://evil.com")] {
        let answer = client.get(&url).bearer_auth("sk_test_x").header(name, value).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 403, "{name}");
    }
}
