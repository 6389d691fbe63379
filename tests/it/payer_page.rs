//! The page of a running server on which the payer of an intent authenticates a payment.

use std::{net::SocketAddr, thread};

use jiff::Timestamp;
use serde_json::{Value, json};
use testcard::{
    backend::BackendTargets,
    domain::{
        call::api::{ApiRequest, HttpMethod},
        rules::policies::AccountPolicies,
    },
    store::{Store, StoreLocation},
};
use tokio::runtime::Runtime;
use url::Url;

use crate::support::{
    program::Home,
    serving::Serving,
    wire::{self, Answer},
};

const SHOP: &str = "https://shop.example/done?order=7#thanks";
const CARD: &str = "pm_card_threeDSecure2Required";
const PAYMENT: [(&str, &str); 5] = [
    ("amount", "2000"),
    ("currency", "usd"),
    ("payment_method_types[]", "card"),
    ("confirm", "true"),
    ("return_url", SHOP),
];

fn in_memory(args: &[&str]) -> Serving {
    Serving::start(&Home::new(), &[&["--memory"], args].concat())
}

/// What is asked of the page of an intent: the server and the path with its query.
struct Page {
    address: SocketAddr,
    path: String,
}

impl Page {
    /// The page that an intent leads to.
    #[track_caller]
    fn of(intent: &Value) -> Self {
        assert_eq!(intent["status"], "requires_action", "{intent}");
        let url = Url::parse(intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap()).unwrap();
        let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap()).parse().unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Self { address, path: format!("{}{query}", url.path()) }
    }

    fn at(&self, path: &str) -> Self {
        Self { address: self.address, path: path.to_owned() }
    }

    fn send(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let named = headers.iter().any(|(name, _)| *name == "Host");
        let host = if named { "" } else { "Host: 127.0.0.1\r\n" };
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let (path, length) = (&self.path, body.len());
        let request = format!("{method} {path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\n\r\n{body}");
        wire::call(self.address, request.as_bytes())
    }

    fn open(&self) -> Answer {
        self.send("GET", &[], "")
    }

    fn press(&self, result: &str) -> Answer {
        self.send("POST", &[], &format!("result={result}"))
    }

    /// Presses from a page, as a browser tells of it.
    fn press_from(&self, headers: &[(&str, &str)]) -> Answer {
        self.send("POST", headers, "result=complete")
    }
}

fn paying(server: &Serving, method: &str, more: &[(&str, &str)]) -> Value {
    let sent = [&PAYMENT[..], &[("payment_method", method)], more].concat();
    server.post("/v1/payment_intents", &sent).json()
}

#[track_caller]
fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

fn charges(server: &Serving) -> usize {
    server.get("/v1/charges").json()["data"].as_array().unwrap().len()
}

#[test]
fn a_payer_completes_fails_or_cancels_and_is_led_back_to_the_shop() {
    let server = in_memory(&[]);
    for (card, result, status, told) in [
        (CARD, "complete", "succeeded", "succeeded"),
        (CARD, "fail", "requires_payment_method", "failed"),
        (CARD, "cancel", "requires_payment_method", "failed"),
        ("pm_card_threeDSecureRequiredChargeDeclined", "complete", "requires_payment_method", "failed"),
    ] {
        let intent = paying(&server, card, &[]);
        assert_eq!(intent["next_action"]["redirect_to_url"]["return_url"], SHOP);
        let page = Page::of(&intent);
        assert_eq!(page.address, server.address);
        let opened = page.open();
        let last4 = opened.text().split("Visa •••• ").nth(1).unwrap()[..4].to_owned();
        assert!(last4.bytes().all(|byte| byte.is_ascii_digit()), "{}", opened.text());
        for words in ["$20.00 USD", id(&intent), "the common one", "shop.example", "Complete", "Fail", "Cancel"] {
            assert!(opened.text().contains(words), "{words}: {}", opened.text());
        }
        let pressed = page.press(result);
        let (id, secret) = (id(&intent), intent["client_secret"].as_str().unwrap());
        let expected = format!(
            "https://shop.example/done?order=7&payment_intent={id}&payment_intent_client_secret={secret}\
             &redirect_status={told}&source_type=card#thanks"
        );
        assert_eq!((pressed.status, pressed.header("Location")), (303, Some(&*expected)), "{}", pressed.text());
        assert_eq!(server.get(&format!("/v1/payment_intents/{id}")).json()["status"], status, "{card} {result}");
    }
    let setup = [("payment_method", CARD), PAYMENT[2], PAYMENT[3], ("return_url", "shop-app://done")];
    let setup = server.post("/v1/setup_intents", &setup).json();
    let page = Page::of(&setup);
    assert!(page.open().text().contains("Save a card, pay nothing"), "{}", page.open().text());
    let (id, secret) = (id(&setup), setup["client_secret"].as_str().unwrap());
    let expected = format!(
        "shop-app://done?setup_intent={id}&setup_intent_client_secret={secret}&redirect_status=succeeded&source_type=card"
    );
    assert_eq!(page.press("complete").header("Location"), Some(&*expected));
    let events = server.get("/v1/events?limit=1").json();
    assert_eq!(events["data"][0]["type"], "setup_intent.succeeded", "events come of it as of any call");
}

#[test]
fn an_intent_that_was_confirmed_without_a_server_leads_to_the_one_that_is_asked_for_it() {
    let home = Home::new();
    let now = Timestamp::from_second(1_900_000_000).unwrap();
    let store = Store::open(&StoreLocation::Folder(home.path().join("data")), now).unwrap();
    let params = PAYMENT.into_iter().chain([("payment_method", CARD)]).collect();
    let request = ApiRequest { method: HttpMethod::Post, params, ..ApiRequest::get("/v1/payment_intents") };
    let local = BackendTargets::new(store, None).local(AccountPolicies::default());
    let recorded = Runtime::new().unwrap().block_on(local.send(&request, now)).unwrap();
    let made = recorded.exchange.outcome.unwrap().json().unwrap();
    let url = made["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://authentication.testcard.invalid/"), "nobody serves a page: {url}");
    drop(local);
    let server = Serving::start(&home, &[]);
    let path = format!("/v1/payment_intents/{}", id(&made));
    let page = Page::of(&server.get(&path).json());
    assert_eq!((page.address, page.open().status), (server.address, 200));
    assert_eq!(page.press("complete").status, 303);
    assert_eq!(server.get(&path).json()["status"], "succeeded");
}

#[test]
fn a_page_loads_nothing_and_is_kept_nowhere() {
    let server = in_memory(&["--allow-origin", "http://localhost:3000"]);
    let page = Page::of(&paying(&server, CARD, &[]));
    let opened = page.open();
    assert_eq!(opened.status, 200);
    for (name, value) in [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
    ] {
        assert_eq!(opened.header(name), Some(value), "{name}");
    }
    let policy = opened.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let ends = "form-action 'self' http: https:; frame-ancestors http://localhost:3000 https://shop.example";
    assert!(policy.ends_with(ends), "{policy}");
    assert!(!opened.text().contains("<script"));
    let pressed = page.press("complete");
    let told = (pressed.header("Cache-Control"), pressed.header("Referrer-Policy"));
    assert_eq!(told, (Some("no-store"), Some("no-referrer")));
    let over = page.open();
    assert_eq!((over.status, over.header("Cache-Control")), (410, Some("no-store")));
    assert!(over.header("Content-Security-Policy").unwrap().contains("form-action 'none'"));
}

#[test]
fn a_page_is_good_for_one_press() {
    let server = in_memory(&[]);
    let intent = paying(&server, CARD, &[]);
    let page = Page::of(&intent);
    let back = page.press("complete");
    // Of a double click, the browser takes the second answer.
    let twice = page.press("complete");
    assert_eq!((twice.status, twice.header("Location")), (303, back.header("Location")), "{}", twice.text());
    for again in [page.press("fail"), page.press("cancel"), page.open()] {
        assert_eq!((again.status, again.header("Location")), (410, None));
        assert!(again.text().contains("it ended with &#39;complete&#39;"), "{}", again.text());
        // Who comes back gets to the shop all the same.
        let link = back.header("Location").unwrap().replace('&', "&amp;");
        assert!(again.text().contains(&format!("<a href=\"{link}\">")), "{link}: {}", again.text());
    }
    assert_eq!(charges(&server), 1);
    // Two tabs, and more: they press at once.
    let page = Page::of(&paying(&server, CARD, &[]));
    let told: Vec<Answer> = thread::scope(|scope| {
        let tabs: Vec<_> = (0..8).map(|_| scope.spawn(|| page.press("complete"))).collect();
        tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
    });
    assert!(told.iter().all(|answer| (answer.status, answer.header("Location")) == (303, told[0].header("Location"))));
    assert_eq!(charges(&server), 2);
}

/// Where the link of a page that is over leads: the word after `redirect_status=`.
#[track_caller]
fn told_by_link(page: &Page) -> String {
    let over = page.open();
    assert_eq!(over.status, 410, "{}", over.text());
    let told = over.text().split("redirect_status=").nth(1).map(|rest| rest.split('&').next().unwrap().to_owned());
    told.unwrap_or_else(|| panic!("no link: {}", over.text()))
}

#[test]
fn a_shop_is_told_of_success_only_where_there_was_one() {
    let server = in_memory(&[]);
    let waiting = |more: &[(&str, &str)]| {
        let intent = paying(&server, CARD, more);
        (Page::of(&intent), format!("/v1/payment_intents/{}", id(&intent)))
    };
    let visa = [("payment_method", "pm_card_visa")];
    // Another amount while the payer looks at the page.
    let (page, path) = waiting(&[]);
    server.post(&path, &[("amount", "3000")]);
    assert_eq!(told_by_link(&page), "failed");
    // Another card after the payer failed, and when it has paid.
    let (page, path) = waiting(&[]);
    page.press("fail");
    assert_eq!(server.post(&path, &visa).json()["status"], "requires_confirmation");
    assert_eq!(told_by_link(&page), "failed");
    let paid = server.post(&format!("{path}/confirm"), &[("return_url", SHOP)]);
    assert_eq!((paid.json()["status"].as_str(), &*told_by_link(&page)), (Some("succeeded"), "failed"));
    // Another card after the bank declined what the payer authenticated.
    let intent = paying(&server, "pm_card_threeDSecureRequiredChargeDeclined", &[]);
    let (page, path) = (Page::of(&intent), format!("/v1/payment_intents/{}", id(&intent)));
    page.press("complete");
    server.post(&path, &visa);
    assert_eq!(told_by_link(&page), "failed");
    // Who confirms every step has an authentication that went well, until the payment is another one.
    let (page, path) = waiting(&[("confirmation_method", "manual")]);
    assert!(page.press("complete").header("Location").unwrap().contains("redirect_status=succeeded"));
    assert_eq!(server.get(&path).json()["status"], "requires_confirmation");
    assert_eq!(told_by_link(&page), "succeeded");
    server.post(&path, &[("amount", "3000")]);
    assert_eq!(told_by_link(&page), "failed");
    // What is held of a card is given back.
    let (page, path) = waiting(&[("capture_method", "manual")]);
    page.press("complete");
    assert_eq!(told_by_link(&page), "succeeded");
    server.post(&format!("{path}/cancel"), &[]);
    assert_eq!(told_by_link(&page), "failed");
    assert!(page.press("complete").header("Location").unwrap().contains("redirect_status=failed"));
}

#[test]
fn an_address_that_cannot_be_kept_whole_is_refused() {
    let server = in_memory(&[]);
    for (path, rest) in [("/v1/payment_intents", &PAYMENT[..4]), ("/v1/setup_intents", &PAYMENT[2..4])] {
        for url in ["https://shop.example/done?order=4539578763621486", "shop://4539578763621486", "https://x/?cvc=123"]
        {
            let refused = server.post(path, &[rest, &[("payment_method", CARD), ("return_url", url)]].concat());
            let error = &refused.json()["error"];
            assert_eq!((refused.status, error["param"].as_str()), (400, Some("return_url")), "{url}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(message.contains("could not lead the payer back there: send an address without it"), "{message}");
            assert!(!refused.text().contains("4539578763621486"));
        }
    }
    // Neither a published number nor an order number is a secret.
    for url in ["https://shop.example/done?order=1234567890123456", "https://shop.example/4242424242424242"] {
        let page = Page::of(&paying(&server, CARD, &[("return_url", url)]));
        assert!(page.press("complete").header("Location").unwrap().starts_with(url));
    }
}

#[test]
fn a_page_that_is_over_or_never_was_says_why() {
    let server = in_memory(&[]);
    let check = |page: &Page, status: u16, why: &str| {
        for answer in [page.open(), page.press("complete")] {
            assert_eq!((answer.status, answer.header("Location")), (status, None), "{}", page.path);
            assert!(answer.text().contains(why), "{why}: {}", answer.text());
        }
    };
    let intent = paying(&server, CARD, &[]);
    let (page, path) = (Page::of(&intent), format!("/v1/payment_intents/{}", id(&intent)));
    // What somebody would try.
    let (start, proof) = page.path.split_once("/1-").unwrap();
    let other: String = proof.chars().rev().collect();
    for guess in [format!("{start}/1-{other}"), format!("{start}/2-{proof}"), format!("{start}/01-{proof}")] {
        check(&page.at(&guess), 404, "There is no such page");
    }
    check(&page.at(&format!("{start}/1-{proof}x")), 404, "the next_action of an intent has the address");
    check(&page.at(&format!("/_testcard/3ds/pi_nope/1-{proof}")), 404, "There is no such page");
    check(&page.at(&format!("{}?account=acct_1", page.path)), 404, "All accounts are in one world here");
    check(&page.at(&format!("{}?connected=acct_1", page.path)), 404, "There is no such page");
    check(&page.at(&format!("{}?connected=x", page.path)), 404, "copy the whole address");
    check(&page.at(&format!("{}?next=/", page.path)), 400, "unknown parameter");
    // Confirmed with another card: the page is another one.
    let again = server.post(&format!("{path}/confirm"), &[("payment_method", CARD), ("return_url", SHOP)]).json();
    let newer = Page::of(&again);
    assert_ne!(newer.path, page.path);
    check(&page, 410, "the intent was confirmed again since");
    assert_eq!(newer.open().status, 200);
    server.post(&path, &[("amount", "3000")]);
    check(&newer, 410, "the intent has a status of requires_confirmation");
    server.post(&format!("{path}/cancel"), &[]);
    check(&newer, 410, "the intent has a status of canceled");
    // Authenticated by a test suite meanwhile.
    let intent = paying(&server, CARD, &[]);
    let authorization = format!("Bearer {}", server.control_token);
    let told = [("intent", id(&intent)), ("result", "fail")];
    let done = server.send("POST", "/_testcard/authenticate", &told, &[("Authorization", &authorization)]);
    assert_eq!(done.json()["status"], "requires_payment_method");
    check(&Page::of(&intent), 410, "it ended with &#39;fail&#39;");
    let page = Page::of(&paying(&server, CARD, &[]));
    server.control("POST", "/_testcard/reset");
    check(&page, 404, "or the world was reset");
    assert_eq!(charges(&server), 0, "none of all these did anything");
}

#[test]
fn a_press_says_which_button_it_was() {
    let server = in_memory(&[]);
    let page = Page::of(&paying(&server, CARD, &[]));
    for (body, headers, status) in [
        ("", &[][..], 400),
        ("result=perhaps", &[], 400),
        ("result=complete&intent=pi_1", &[], 400),
        ("{\"result\":\"complete\"}", &[("Content-Type", "application/json")], 400),
        (&format!("result=complete{}", "x".repeat(2000)), &[], 413),
    ] {
        let answer = page.send("POST", headers, body);
        assert_eq!((answer.status, answer.header("Location")), (status, None), "{body}: {}", answer.text());
    }
    assert_eq!(page.open().status, 200, "it still waits");
    // A key and the control token are for other routes.
    assert_eq!(page.send("DELETE", &[("Authorization", "Bearer sk_test_x")], "").status, 404);
}

#[test]
fn a_page_is_opened_from_anywhere_and_pressed_on_itself() {
    let server = in_memory(&["--allow-origin", "http://localhost:3000"]);
    let page = Page::of(&paying(&server, CARD, &[]));
    let own = format!("http://127.0.0.1:{}", server.address.port());
    let navigates = ("Sec-Fetch-Mode", "navigate");
    for site in ["none", "same-origin", "same-site", "cross-site"] {
        assert_eq!(page.send("GET", &[navigates, ("Sec-Fetch-Site", site)], "").status, 200, "{site}");
    }
    // A page that loads it, as a picture or to read it.
    for headers in [
        &[("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Site", "cross-site")][..],
        &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null"), navigates],
        &[("Host", "evil.example"), navigates],
    ] {
        assert_eq!(page.send("GET", headers, "").status, 403, "{headers:?}");
    }
    for headers in [
        &[("Origin", "https://shop.example"), navigates][..],
        &[("Origin", "http://localhost:3000"), navigates],
        &[("Origin", "null"), navigates],
        &[("Origin", &own), ("Sec-Fetch-Site", "cross-site"), navigates],
        &[("Origin", &own), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "cross-site"), navigates],
        &[("Host", "evil.example")],
    ] {
        let answer = page.press_from(headers);
        assert_eq!((answer.status, answer.header("Location")), (403, None), "{headers:?}");
        let permission = answer.headers.iter().find(|(name, _)| name.to_lowercase().starts_with("access-control"));
        assert_eq!(permission, None);
    }
    assert_eq!(charges(&server), 0);
    let pressed = page.press_from(&[("Origin", &own), ("Sec-Fetch-Site", "same-origin"), navigates]);
    assert_eq!(pressed.status, 303, "{}", pressed.text());
}

#[test]
fn a_page_outlives_its_server_and_a_repeated_call_gets_the_first_answer() {
    let home = Home::new();
    let (intent, first) = {
        let server = Serving::start(&home, &[]);
        let key = [("Idempotency-Key", "pay-once")];
        let sent = [&PAYMENT[..], &[("payment_method", CARD)]].concat();
        (server.send("POST", "/v1/payment_intents", &sent, &key), server.address)
    };
    let server = Serving::start(&home, &[]);
    let sent = [&PAYMENT[..], &[("payment_method", CARD)]].concat();
    let again = server.send("POST", "/v1/payment_intents", &sent, &[("Idempotency-Key", "pay-once")]);
    assert_eq!(again.text(), intent.text(), "an answer that is given again is the first one, whatever the port");
    let page = Page::of(&intent.json());
    assert_eq!(page.address, first);
    // Whoever asks for the intent is led to the server that runs.
    let path = format!("/v1/payment_intents/{}", id(&intent.json()));
    let refused = server.post(&format!("{path}/capture"), &[]).json();
    let events = server.get("/v1/events?type=payment_intent.requires_action").json();
    let old = server.send("GET", &path, &[], &[("Stripe-Version", "2019-02-19")]).json();
    for shown in [
        server.get(&path).json(),
        old,
        server.get("/v1/payment_intents").json()["data"][0].clone(),
        server.post(&path, &[("description", "Shoes")]).json(),
        events["data"][0]["data"]["object"].clone(),
        refused["error"]["payment_intent"].clone(),
    ] {
        let now = Page::of(&shown);
        assert_eq!((now.address, &now.path), (server.address, &page.path), "{shown}");
    }
    assert_eq!(Page::of(&server.get(&path).json()).press("complete").status, 303);
}

#[test]
fn a_page_is_of_one_world_and_one_account() {
    let server = in_memory(&["--isolate"]);
    let of = |key: &str, more: &[(&str, &str)]| {
        let authorization = format!("Bearer {key}");
        let headers = [&[("Authorization", &*authorization)][..], more].concat();
        let sent = [&PAYMENT[..], &[("payment_method", CARD)]].concat();
        Page::of(&server.send("POST", "/v1/payment_intents", &sent, &headers).json())
    };
    let page = of("sk_test_shard7", &[]);
    let (path, account) = page.path.split_once("?account=").unwrap();
    assert!(page.open().text().contains(account) && page.open().text().contains("of this account"));
    assert_eq!(page.at(path).open().status, 404, "whose world it is has to be said");
    // An address that was not made here makes no world, and is no call in one.
    let guessed = page.at(&format!("{path}?account=acct_1"));
    assert_eq!((guessed.open().status, guessed.press("complete").status), (404, 404));
    assert_eq!(server.control("GET", "/_testcard/requests?account=acct_1")["data"], json!([]));
    assert_eq!(page.press("complete").status, 303);
    let connected = of("sk_test_shard7", &[("Stripe-Account", "acct_1032D82eZvKYlo2C")]);
    let query = format!("?account={account}&connected=acct_1032D82eZvKYlo2C");
    assert!(connected.path.ends_with(&query), "{}", connected.path);
    assert!(connected.open().text().contains("acct_1032D82eZvKYlo2C"));
    assert_eq!(connected.at(&connected.path.replace("&connected", "&x")).open().status, 400);
    assert_eq!(connected.press("complete").status, 303);
}

#[test]
fn a_seed_makes_the_same_page_on_every_run() {
    let path = || {
        let server = in_memory(&["--seed", "7", "--now", "1893456000"]);
        Page::of(&paying(&server, CARD, &[])).path
    };
    assert_eq!(path(), path());
    let other = Page::of(&paying(&in_memory(&["--seed", "8", "--now", "1893456000"]), CARD, &[])).path;
    assert_ne!(path().split("/1-").nth(1), other.split("/1-").nth(1));
}

#[test]
fn a_call_without_a_server_leads_nowhere_and_an_sdk_is_led_by_itself() {
    let home = Home::new();
    let run = home.run(["pay", CARD, "--format", "json"]);
    assert!(run.stderr.contains("testcard authenticate pi_"), "{run:?}");
    let server = in_memory(&[]);
    let by_sdk = paying(&server, CARD, &[("use_stripe_sdk", "true")]);
    assert_eq!(by_sdk["next_action"]["type"], "use_stripe_sdk");
    assert_eq!(by_sdk["next_action"]["redirect_to_url"], json!(null));
    for url in ["javascript:alert(1)//://x", "data:text/html,://x", "file:///etc/passwd", "java\nscript://%0aalert(1)"]
    {
        let sent = [&PAYMENT[..4], &[("payment_method", CARD), ("return_url", url)]].concat();
        let refused = server.post("/v1/payment_intents", &sent);
        assert_eq!((refused.status, refused.code()), (400, "url_invalid".to_owned()), "{url}");
    }
}
