//! The client of the real API against real servers on this machine: whole ones, slow ones, broken ones.

use std::{
    fmt::Write as _,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use testcard::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, HttpMethod, TransportError},
            params::Params,
            refusal::AccountRefusal,
            token_calls::TokenRequest,
        },
        key::{ApiKey, KeyError},
        settings::stripe::{BaseUrl, StripeSettings},
    },
    stripe::{CallLimits, StripeClient, new_idempotency_key},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::support::http::{Received, Reply, Server, reply};

const KEY: &str = "sk_test_51PlantedKeyPlantedKey";
const TOKEN: &str = r#"{"id": "tok_1", "object": "token"}"#;

// ---- a broken server: what it writes is written as it is, then it closes -------------------------------------------

struct Raw {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

enum Then {
    Close,
    Reset,
    Hang,
}

impl Raw {
    async fn start(bytes: &'static [u8], then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut hanging = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read_request(&mut stream).await.unwrap_or_default();
                let _ = sender.send(request);
                let _ = stream.write_all(bytes).await;
                match then {
                    Then::Close => drop(stream),
                    Then::Reset => {
                        let _ = stream.set_zero_linger();
                        drop(stream);
                    }
                    Then::Hang => hanging.push(stream),
                }
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn attempts(&mut self) -> usize {
        std::iter::from_fn(|| self.requests.try_recv().ok()).count()
    }
}

/// Head and body of a request; whatever came, if it does not read like one.
async fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let count = stream.read(&mut chunk).await?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            body.len() >= length.unwrap_or(0)
        });
        if count == 0 || is_whole || !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            return Ok(text);
        }
    }
}

// ---- the client under test -----------------------------------------------------------------------------------------

/// Short pauses, and far more time than any of these tests takes.
fn limits() -> CallLimits {
    CallLimits {
        total_timeout: Duration::from_mins(1),
        first_pause: Duration::from_millis(1),
        uses_system_proxy: false,
        ..CallLimits::default()
    }
}

fn settings(url: &str) -> StripeSettings {
    StripeSettings { base_url: BaseUrl::parse(url).unwrap(), ..StripeSettings::default() }
}

fn client_with(url: &str, limits: CallLimits) -> StripeClient {
    StripeClient::new(&settings(url), ApiKey::parse(KEY).unwrap(), limits).unwrap()
}

fn client(url: &str) -> StripeClient {
    client_with(url, limits())
}

fn post(params: &[(&str, &str)]) -> ApiRequest {
    ApiRequest {
        method: HttpMethod::Post,
        path: "/v1/tokens".to_owned(),
        params: params.iter().copied().collect(),
        headers: Vec::new(),
    }
}

fn visa() -> ApiRequest {
    post(&[("card[number]", "4242424242424242")])
}

async fn answer(replies: Vec<Reply>, request: &ApiRequest) -> (Result<ApiResponse, TransportError>, Vec<Received>) {
    let server = Server::start(replies).await;
    let outcome = client(&server.url()).send(request).await;
    (outcome, server.received())
}

// ---- what is sent --------------------------------------------------------------------------------------------------

#[tokio::test]
async fn parameters_are_sent_as_a_form_in_their_order_byte_for_byte() {
    for (params, body) in [
        (&[][..], ""),
        (
            &[("card[number]", "4242 4242"), ("card[cvc]", ""), ("card[name]", "J. O'Né & Co+=%"), ("a", "b\r\n")],
            "card%5Bnumber%5D=4242+4242&card%5Bcvc%5D=&card%5Bname%5D=J.+O%27N%C3%A9+%26+Co%2B%3D%25&a=b%0D%0A",
        ),
        (&[("b", "2"), ("a", "1"), ("b", "2"), ("", "x")], "b=2&a=1&b=2&=x"),
        (
            &[("card[networks][preferred]", "visa"), ("expand[]", "card")],
            "card%5Bnetworks%5D%5Bpreferred%5D=visa&expand%5B%5D=card",
        ),
    ] {
        let server = Server::start(vec![reply(200, TOKEN)]).await;
        client(&server.url()).send(&post(params)).await.unwrap();
        let received = server.only();
        assert_eq!((received.method.as_str(), received.uri.as_str()), ("POST", "/v1/tokens"));
        assert_eq!(received.body, body);
        assert_eq!(received.header("content-type"), "application/x-www-form-urlencoded");
        assert_eq!(received.header("content-length"), body.len().to_string());
    }
}

#[tokio::test]
async fn other_methods_carry_their_parameters_in_the_query() {
    for (method, word) in [(HttpMethod::Get, "GET"), (HttpMethod::Delete, "DELETE")] {
        let server = Server::start(vec![reply(200, TOKEN)]).await;
        let client = client(&server.url());
        let mut request = ApiRequest { method, ..ApiRequest::get("/v1/tokens/tok_1") };
        client.send(&request).await.unwrap();
        request.params = [("expand[]", "card"), ("expand[]", "a b")].into_iter().collect::<Params>();
        client.send(&request).await.unwrap();
        let received = server.received();
        assert_eq!(received[0].uri, "/v1/tokens/tok_1");
        assert_eq!(received[1].uri, "/v1/tokens/tok_1?expand%5B%5D=card&expand%5B%5D=a+b");
        for received in received {
            assert_eq!((received.method.as_str(), received.body.as_str()), (word, ""));
            assert!(received.headers.get("idempotency-key").is_none(), "only POST has a key");
            assert!(received.headers.get("content-type").is_none());
        }
    }
}

#[tokio::test]
async fn headers_name_the_key_the_program_and_what_the_settings_say() {
    let server = Server::start(vec![reply(200, TOKEN)]).await;
    let plain = client(&server.url());
    plain.send(&visa()).await.unwrap();
    let received = server.only();
    assert_eq!(received.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(received.header("user-agent"), concat!("Testcard/", env!("CARGO_PKG_VERSION")));
    assert!(received.headers.get("stripe-version").is_none() && received.headers.get("stripe-account").is_none());

    let settings = StripeSettings {
        version: "2026-08-26.dahlia".to_owned(),
        account: "acct_1".to_owned(),
        ..settings(&server.url())
    };
    let client = StripeClient::new(&settings, ApiKey::parse(KEY).unwrap(), limits()).unwrap();
    let mut request = visa();
    client.send(&request).await.unwrap();
    let received = server.only();
    assert_eq!((received.header("stripe-version"), received.header("stripe-account")), ("2026-08-26.dahlia", "acct_1"));

    for (name, value) in [
        ("Stripe-Version", "2020-08-27"),
        ("Idempotency-Key", "mine"),
        ("X-Own", "1"),
        ("X-Own", "2"),
        ("Authorization", "Bearer sk_live_x"),
        ("Host", "example.com"),
        ("Content-Length", "1"),
    ] {
        request.headers.push((name.to_owned(), value.to_owned()));
    }
    client.send(&request).await.unwrap();
    let received = server.only();
    assert_eq!(received.header("stripe-version"), "2020-08-27");
    assert_eq!(received.header("idempotency-key"), "mine");
    assert_eq!(received.headers.get_all("x-own").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(received.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(received.header("host"), server.address.to_string());
    assert_eq!(received.body, "card%5Bnumber%5D=4242424242424242");
}

#[tokio::test]
async fn every_post_has_an_idempotency_key_of_its_own() {
    let server = Server::start(vec![reply(200, TOKEN)]).await;
    let client = client(&server.url());
    for _ in 0..3 {
        client.send(&visa()).await.unwrap();
    }
    client.send(&TokenRequest::default().to_api("testcard-given")).await.unwrap();
    let mut keys: Vec<String> =
        server.received().iter().map(|received| received.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys.pop().unwrap(), "testcard-given");
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[test]
fn idempotency_keys_are_long_new_and_never_masked() {
    for _ in 0..100 {
        let (one, other) = (new_idempotency_key(), new_idempotency_key());
        assert_ne!(one, other);
        let random = one.strip_prefix("testcard-").unwrap();
        assert!(random.len() >= 24 && random.bytes().all(|byte| byte.is_ascii_alphabetic()), "{one}");
        let masked = TokenRequest::default().to_api(&one).masked();
        assert_eq!(masked.headers[0].1, one, "the journal must be able to ask again");
    }
}

#[tokio::test]
async fn a_path_cannot_leave_the_host_or_say_something_else_than_is_written_down() {
    let server = Server::start(vec![reply(200, TOKEN)]).await;
    let client = client(&server.url());
    for (path, expected) in [
        ("/v1/tokens/tok_1", Some("/v1/tokens/tok_1")),
        ("/v1/tokens/a?b=c#d", Some("/v1/tokens/a%3Fb=c%23d")),
        ("/v1/tokens/a b", Some("/v1/tokens/a%20b")),
        ("//example.com/v1/tokens", Some("//example.com/v1/tokens")),
        ("/v1/tokens/..", None),
        ("/v1/tokens/%2E./charges", None),
        ("/v1/./tokens", None),
        ("/v1\\tokens", None),
        ("@example.com/v1/tokens", None),
        (".example.com/", None),
        ("", None),
    ] {
        let outcome = client.send(&ApiRequest::get(path)).await;
        if let Some(uri) = expected {
            assert_eq!(server.only().uri, uri, "{path}");
        } else {
            assert!(matches!(outcome, Err(TransportError::NotSent { .. })), "{path}: {outcome:?}");
            assert!(server.received().is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_base_url_with_a_path_keeps_it() {
    let server = Server::start(vec![reply(200, TOKEN)]).await;
    client(&format!("{}/proxy/", server.url())).send(&visa()).await.unwrap();
    assert_eq!(server.only().uri, "/proxy/v1/tokens");
}

#[tokio::test]
async fn what_no_header_can_carry_is_not_sent() {
    let bad = StripeSettings { version: "2020\n".to_owned(), ..StripeSettings::default() };
    let error = StripeClient::new(&bad, ApiKey::parse(KEY).unwrap(), limits()).unwrap_err();
    assert!(matches!(&error, TransportError::NotSent { reason } if reason.contains("stripe-version")), "{error}");

    let server = Server::start(vec![reply(200, TOKEN)]).await;
    for (name, value) in [("Idempotency-Key", "a\nb"), ("Bad Name", "x")] {
        let mut request = visa();
        request.headers.push((name.to_owned(), value.to_owned()));
        let error = client(&server.url()).send(&request).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{error}");
        assert!(!error.may_have_happened());
    }
    assert!(server.received().is_empty());
}

#[test]
fn a_live_key_cannot_reach_a_client() {
    // `StripeClient::new` takes an `ApiKey`, and this is the one way to one.
    for text in ["sk_live_x", "rk_live_x", "pk_live_x"] {
        assert_eq!(ApiKey::parse(text), Err(KeyError::Live));
    }
}

// ---- what comes back -----------------------------------------------------------------------------------------------

#[tokio::test]
async fn an_answer_comes_back_untouched() {
    let body = "{\n  \"zzz\": 1.50,\n  \"id\": \"tok_\u{e9}\"\n}\n";
    let (outcome, _) = answer(
        vec![
            reply(200, body)
                .with("Request-Id", "req_1")
                .with("Stripe-Version", "v")
                .with("X-Two", "1")
                .with("X-Two", "2"),
        ],
        &visa(),
    )
    .await;
    let answer = outcome.unwrap();
    assert_eq!((answer.http_status, answer.body.as_slice()), (200, body.as_bytes()));
    assert_eq!((answer.request_id(), answer.header("stripe-version")), (Some("req_1"), Some("v")));
    let twice: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "x-two").map(|(_, value)| value.as_str()).collect();
    assert_eq!(twice, ["1", "2"]);
}

#[tokio::test]
async fn a_declined_card_is_an_answer() {
    let body = r#"{"error": {"code": "incorrect_number", "message": "Your card number is incorrect.", "param": "number", "type": "card_error"}}"#;
    let (outcome, received) = answer(vec![reply(402, body)], &visa()).await;
    let answer = outcome.unwrap();
    assert_eq!(answer.http_status, 402);
    assert_eq!(
        answer.error_sentence().unwrap(),
        "Your card number is incorrect. (incorrect_number, param number, HTTP 402)"
    );
    assert_eq!(received.len(), 1);
}

#[tokio::test]
async fn the_recorded_refusals_are_recognised_and_a_ready_token_is_offered() {
    let error = |message: &str| format!(r#"{{"error": {{"message": "{message}", "type": "invalid_request_error"}}}}"#);
    for (http_status, body, expected, alias) in [
        (
            402,
            error(
                "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test \
                 tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable \
                 testing raw card data APIs, see \
                 https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.",
            ),
            Some(AccountRefusal::RawCardData),
            Some("tok_visa"),
        ),
        (
            402,
            error(
                "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test \
                 tokens that map to the test card you are using, see https://stripe.com/docs/testing.",
            ),
            Some(AccountRefusal::RawCardData),
            Some("tok_visa"),
        ),
        (
            400,
            error(
                "This integration surface is unsupported for publishable key tokenization. To enable this \
                 functionality, please visit your settings.",
            ),
            Some(AccountRefusal::PublishableKey),
            Some("tok_visa"),
        ),
        (
            400,
            error(
                "Card Token usage on the Customers API and Charges API has reached end of life. In order to continue \
                 processing your payments, you will need to use the Payment Intents and Payment Methods API. Read \
                 more about what you should do here: \
                 https://docs.stripe.com/payments/payment-methods/integration-options. If you need to continue to use \
                 Card Tokens on the Customers and Charges API, enable this functionality in your API policies \
                 settings: https://dashboard.stripe.com/settings/developers/api-policies",
            ),
            Some(AccountRefusal::CardTokensEnded),
            None,
        ),
        (401, error("Invalid API Key provided: sk_test_****1234"), Some(AccountRefusal::BadKey), None),
        (400, error("Missing required param: card[exp_year]."), None, None),
        (200, TOKEN.to_owned(), None, None),
    ] {
        let (outcome, received) = answer(vec![reply(http_status, body)], &visa()).await;
        let answer = outcome.unwrap();
        let refusal = AccountRefusal::of(&answer);
        assert_eq!((answer.http_status, refusal), (http_status, expected));
        assert_eq!(refusal.and_then(|refusal| refusal.ready_alias("4242424242424242")), alias, "{refusal:?}");
        assert_eq!(received.len(), 1, "a refusal is final");
    }
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    const PACKED: [u8; 52] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0x56, 0xca, 0x4c, 0x51, 0xb2, 0x52, 0x50,
        0x2a, 0xc9, 0xcf, 0x8e, 0x4f, 0xaf, 0xca, 0x2c, 0x50, 0xd2, 0x51, 0x50, 0xca, 0x4f, 0xca, 0x4a, 0x4d, 0x2e,
        0x81, 0x8a, 0xa6, 0xe6, 0x29, 0xd5, 0x02, 0x00, 0xce, 0x09, 0x41, 0x7e, 0x25, 0x00, 0x00, 0x00,
    ];
    let (outcome, received) = answer(vec![reply(200, PACKED).with("Content-Encoding", "gzip")], &visa()).await;
    assert_eq!(outcome.unwrap().text(), r#"{"id": "tok_gzip", "object": "token"}"#);
    assert!(received[0].header("accept-encoding").contains("gzip"));

    let (outcome, _) = answer(vec![reply(200, &PACKED[..30]).with("Content-Encoding", "gzip")], &visa()).await;
    assert!(matches!(outcome, Err(TransportError::CutOff { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_key_stays() {
    let elsewhere = Server::start(vec![reply(200, TOKEN)]).await;
    for http_status in [301, 302, 303, 307, 308] {
        let server = Server::start(vec![reply(http_status, "").with("Location", elsewhere.url())]).await;
        let outcome = client(&server.url()).send(&visa()).await;
        assert!(
            matches!(&outcome, Err(TransportError::NotJson { http_status: told, .. }) if *told == http_status),
            "{outcome:?}"
        );
        assert_eq!(server.received().len(), 1);
    }
    assert!(elsewhere.received().is_empty());
}

#[tokio::test]
async fn what_is_not_json_is_told_with_its_status_and_the_start_of_its_text() {
    for (http_status, body, attempts) in [
        (200, "<html>hello</html>".to_owned(), 1),
        (404, "not found".to_owned(), 1),
        (200, String::new(), 1),
        (200, "x".repeat(200_000), 1),
        (502, "<html>bad gateway</html>".to_owned(), 3),
    ] {
        let (outcome, received) = answer(vec![reply(http_status, body.clone())], &visa()).await;
        let Err(TransportError::NotJson { host, http_status: told, text }) = outcome else { panic!("{outcome:?}") };
        assert!(host.starts_with("127.0.0.1:"), "{host}");
        assert_eq!((told, text.as_str()), (http_status, &body[..body.len().min(64 * 1024)]));
        assert_eq!(received.len(), attempts);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read_to_its_end() {
    let body = format!("\"{}\"", "x".repeat(98));
    for (max_body_bytes, is_taken) in [(100, true), (99, false)] {
        let server = Server::start(vec![reply(200, body.clone())]).await;
        let outcome = client_with(&server.url(), CallLimits { max_body_bytes, ..limits() }).send(&visa()).await;
        assert_eq!(outcome.is_ok(), is_taken);
        assert!(is_taken || matches!(outcome, Err(TransportError::TooLarge { limit_bytes: 99, .. })), "{outcome:?}");
        assert_eq!(server.received().len(), 1);
    }
    // Without a length, and without an end.
    let endless = Raw::start(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\"xxx\r\n4\r\nxxxx\r\n4\r\nxxxx\r\n",
        Then::Hang,
    )
    .await;
    let outcome = client_with(&endless.url(), CallLimits { max_body_bytes: 10, ..limits() }).send(&visa()).await;
    assert!(matches!(outcome, Err(TransportError::TooLarge { limit_bytes: 10, .. })), "{outcome:?}");
}

// ---- when it is sent again -----------------------------------------------------------------------------------------

#[tokio::test]
async fn it_is_sent_again_only_where_that_is_safe_and_under_the_same_key() {
    let ok = || reply(200, TOKEN);
    let error = |http_status| reply(http_status, r#"{"error": {"type": "api_error"}}"#);
    let retry = |http_status, word: &str| error(http_status).with("Stripe-Should-Retry", word);
    for (name, replies, http_status, attempts) in [
        ("two server errors", vec![error(500), error(500), ok()], 200, 3),
        ("three server errors", vec![error(500)], 500, 3),
        ("a conflict", vec![error(409), ok()], 200, 2),
        ("unavailable", vec![error(503), ok()], 200, 2),
        ("a server error that is final", vec![retry(500, "false"), ok()], 500, 1),
        ("a conflict that is final", vec![retry(409, "false"), ok()], 409, 1),
        ("too many, but try again", vec![retry(429, "true"), ok()], 200, 2),
        ("too many", vec![error(429), ok()], 429, 1),
        ("too many, with a time", vec![error(429).with("Retry-After", "0"), ok()], 429, 1),
        ("a bad request", vec![error(400), ok()], 400, 1),
        ("a decline", vec![error(402), ok()], 402, 1),
        ("a decline, but try again", vec![retry(402, "true"), ok()], 200, 2),
        ("a bad key", vec![error(401), ok()], 401, 1),
        ("unknown", vec![error(404), ok()], 404, 1),
    ] {
        let (outcome, received) = answer(replies, &visa()).await;
        assert_eq!((outcome.unwrap().http_status, received.len()), (http_status, attempts), "{name}");
        for again in &received {
            assert_eq!(again.header("idempotency-key"), received[0].header("idempotency-key"), "{name}");
            assert_eq!(again.body, received[0].body, "{name}");
        }
    }
}

#[tokio::test]
async fn a_get_is_sent_again_and_a_delete_is_not() {
    for (method, attempts) in [(HttpMethod::Get, 3), (HttpMethod::Delete, 1)] {
        let request = ApiRequest { method, ..ApiRequest::get("/v1/customers/cus_1") };
        let (_, received) = answer(vec![reply(500, "{}")], &request).await;
        assert_eq!(received.len(), attempts, "{method:?}");
        let mut closing = Raw::start(b"", Then::Close).await;
        let outcome = client(&closing.url()).send(&request).await;
        assert!(matches!(outcome, Err(TransportError::CutOff { .. })), "{outcome:?}");
        assert_eq!(closing.attempts(), attempts, "{method:?}");
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_the_time_limit() {
    let started = Instant::now();
    let (outcome, received) = answer(vec![reply(500, "{}").with("Retry-After", "1"), reply(200, TOKEN)], &visa()).await;
    assert_eq!((outcome.unwrap().http_status, received.len()), (200, 2));
    assert!(started.elapsed() >= Duration::from_secs(1));

    for secs in ["3600", "18446744073709551615"] {
        let (outcome, received) =
            answer(vec![reply(500, "{}").with("Retry-After", secs), reply(200, TOKEN)], &visa()).await;
        assert_eq!((outcome.unwrap().http_status, received.len()), (500, 1), "what came is told at once");
    }
}

#[tokio::test]
async fn without_retries_there_is_one_attempt() {
    let server = Server::start(vec![reply(500, "{}")]).await;
    let outcome = client_with(&server.url(), CallLimits { retries: 0, ..limits() }).send(&visa()).await;
    assert_eq!((outcome.unwrap().http_status, server.received().len()), (500, 1));
}

// ---- when nothing usable comes -------------------------------------------------------------------------------------

#[tokio::test]
async fn a_closed_port_is_refused() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = client(&format!("http://{address}")).send(&visa()).await.unwrap_err();
    assert_eq!(error, TransportError::Refused { host: address.to_string() });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_unknown() {
    let error = client("https://nonexistent.invalid").send(&visa()).await.unwrap_err();
    assert_eq!(error, TransportError::UnknownHost { host: "nonexistent.invalid".to_owned() });
}

#[tokio::test]
async fn a_server_without_tls_fails_the_secure_connection() {
    let server = Server::start(vec![reply(200, TOKEN)]).await;
    let error = client(&server.url().replace("http:", "https:")).send(&visa()).await.unwrap_err();
    assert_eq!(
        error,
        TransportError::Tls {
            host: server.address.to_string(),
            reason: "what answers there does not speak TLS".to_owned()
        }
    );
    assert!(server.received().is_empty());

    let closing = Raw::start(b"", Then::Close).await;
    let error = client(&closing.url().replace("http:", "https:")).send(&visa()).await.unwrap_err();
    assert!(matches!(error, TransportError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_silent_server_times_out_in_each_phase() {
    let small = CallLimits {
        connect_timeout: Duration::from_millis(50),
        total_timeout: Duration::from_millis(300),
        ..limits()
    };
    for bytes in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"] {
        let mut silent = Raw::start(bytes, Then::Hang).await;
        let error = client_with(&silent.url(), small.clone()).send(&visa()).await.unwrap_err();
        assert_eq!(error, TransportError::Timeout { host: silent.address.to_string(), limit_secs: 1 });
        assert!(error.may_have_happened());
        assert_eq!(silent.attempts(), 1);
    }
    // A handshake that never ends is a connection that never was.
    let silent = Raw::start(b"", Then::Hang).await;
    let error = client_with(&silent.url().replace("http:", "https:"), small).send(&visa()).await.unwrap_err();
    assert_eq!(error, TransportError::ConnectTimeout { host: silent.address.to_string(), limit_secs: 1 });
    assert!(!error.may_have_happened());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_cut_off_and_may_have_happened() {
    for (name, bytes, then) in [
        ("no answer", &b""[..], Then::Close),
        ("no answer, reset", b"", Then::Reset),
        ("half a head", b"HTTP/1.1 200 OK\r\nContent-", Then::Close),
        ("half a body", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"id\"", Then::Close),
        ("half a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"id\"", Then::Close),
    ] {
        let mut broken = Raw::start(bytes, then).await;
        let error = client(&broken.url()).send(&visa()).await.unwrap_err();
        assert_eq!(error, TransportError::CutOff { host: broken.address.to_string() }, "{name}");
        assert!(error.may_have_happened(), "{name}");
        assert_eq!(broken.attempts(), 3, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_told_so() {
    let ssh = Raw::start(b"SSH-2.0-OpenSSH_9.2\r\n", Then::Close).await;
    let error = client(&ssh.url()).send(&visa()).await.unwrap_err();
    assert!(matches!(&error, TransportError::Other { reason, .. } if reason.contains("not HTTP")), "{error:?}");
}

#[tokio::test]
async fn an_earlier_attempt_that_may_have_happened_is_not_forgotten() {
    // The first attempt is cut off, and then the server is gone.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let _ = read_request(&mut stream).await;
    });
    let error = client(&format!("http://{address}")).send(&visa()).await.unwrap_err();
    assert_eq!(error, TransportError::CutOff { host: address.to_string() });
}

// ---- what is told about it -----------------------------------------------------------------------------------------

/// Everything that was logged, through `tracing` in this thread and through `log` anywhere.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        let _ = io::Write::write(&mut self.clone(), line.as_bytes());
    }

    fn flush(&self) {}
}

impl Log {
    /// `log` has one logger for the whole process.
    fn of_process() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            log::set_boxed_logger(Box::new(log.clone())).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
            log
        })
        .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

#[tokio::test]
async fn no_secret_is_in_any_log_or_debug_output() {
    const NUMBER: &str = "4539578763621486";
    // No code that a card has, so that no port or pointer in another test's log is taken for it.
    const CVC: &str = "c9v7c3";
    let log = Log::of_process();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    // With one subscriber alone, a line that another test's thread reaches first is taken for one that nobody reads.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);

    let request = post(&[("card[number]", NUMBER), ("card[cvc]", CVC), (NUMBER, NUMBER)]);
    let echo = format!(r#"{{"error": {{"message": "{NUMBER} {CVC} {KEY}"}}}}"#);
    let server = Server::start(vec![
        reply(500, echo.clone()).with("Request-Id", NUMBER),
        reply(200, "<html>").with("X-Echo", KEY),
        reply(402, echo),
    ])
    .await;
    let raw = Raw::start(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", Then::Close).await;
    let mut shown = String::new();
    for url in [
        server.url(),
        server.url(),
        raw.url(),
        raw.url().replace("http:", "https:"),
        "https://nonexistent.invalid".to_owned(),
        "http://127.0.0.1:1".to_owned(),
    ] {
        let client = client(&url);
        let outcome = client.send(&request).await;
        let found = client.send(&ApiRequest::get(format!("/v1/tokens/{NUMBER}"))).await;
        let _ = write!(shown, "{client:?} {client:#?} {request:?} {outcome:?} {found:?} ");
        for error in [outcome.err(), found.err()].into_iter().flatten() {
            shown += &error.to_string();
        }
    }
    let logged = log.text();
    for target in ["testcard::stripe", "hyper_util::", "reqwest::"] {
        assert!(logged.contains(target), "nothing was caught from {target}");
    }
    assert!(logged.contains("453957******1486"), "the path is told, masked");
    assert!(shown.contains("Client(") && shown.contains("secret test key"), "{shown}");
    for (place, text) in [("a log", &logged), ("debug output", &shown)] {
        for secret in [NUMBER, &KEY["sk_test_".len()..]] {
            assert!(!text.contains(secret), "{place} holds {secret}: {}", around(text, secret));
        }
        // Ports and pointers are runs of digits too: the code counts where it stands alone.
        let stands_alone = text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == CVC);
        assert!(!stands_alone, "{place} holds the code: {}", around(text, CVC));
    }
}

/// The line of a text that holds a word.
fn around<'a>(text: &'a str, word: &str) -> &'a str {
    text.lines().find(|line| line.contains(word)).unwrap_or_default()
}
