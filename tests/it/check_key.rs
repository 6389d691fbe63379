//! What the check of a key tells when no answer comes: each way of failing by its own words, within its time.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use jiff::civil::date;
use testcard::{
    domain::{
        key::{ApiKey, KeyKind},
        settings::{
            key_check::{KeyCheck, KeyCheckFinding, RawNumbers},
            proxy::ProxyChoice,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    jobs::check_key::{check, limits},
};

use crate::support::http::{Server, reply};

async fn checked(url: &str, proxy: &str, total_timeout: Duration) -> KeyCheck {
    let settings = StripeSettings {
        base_url: BaseUrl::parse(url).unwrap(),
        proxy: ProxyChoice::parse(proxy).unwrap(),
        ..StripeSettings::default()
    };
    let key = ApiKey::parse("rk_test_planted").unwrap();
    let limits = testcard::stripe::CallLimits { total_timeout, uses_system_proxy: false, ..limits() };
    check(settings, key, date(2030, 3, 17), limits).await
}

fn reason(check: &KeyCheck) -> &str {
    match &check.found {
        KeyCheckFinding::NotReached { message } => message,
        other => panic!("an answer: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_when_the_time_is_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let started = Instant::now();
    let check = checked(&url, "", Duration::from_millis(50)).await;
    assert!(reason(&check).contains("did not answer within 1 s"), "{check:?}");
    assert!(started.elapsed() < limits().total_timeout);
    assert_eq!((check.kind, check.host), (KeyKind::Restricted, silent.local_addr().unwrap().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_server_and_a_dead_proxy_are_told_apart() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let long = Duration::from_mins(1);
    let check = checked(&format!("http://{dead}"), "", long).await;
    assert!(reason(&check).contains("the connection was refused"), "{check:?}");
    let check = checked("https://api.example.test", &format!("http://{dead}"), long).await;
    assert!(reason(&check).contains("through the proxy"), "{check:?}");
    assert!(!format!("{check:?}").contains("planted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_api_is_asked_about_once() {
    let server = Server::start(vec![reply(503, r#"{"error": {"message": "Later."}}"#)]).await;
    let check = checked(&server.url(), "", Duration::from_mins(1)).await;
    assert_eq!(check.found, KeyCheckFinding::Unclear { http_status: 503, message: "Later.".to_owned() });
    let got = server.only();
    assert!(got.body.contains("card%5Bexp_year%5D=2034") && !got.header("idempotency-key").is_empty(), "{}", got.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_server_is_checked_as_stripe_is() {
    let home = crate::support::program::Home::new();
    for (policy, expected) in [
        ("raw_card_data=on", KeyCheckFinding::Accepted(RawNumbers::Accepted)),
        (
            "raw_card_data=off",
            KeyCheckFinding::Accepted(RawNumbers::Refused(
                testcard::domain::call::refusal::AccountRefusal::RawCardData,
            )),
        ),
    ] {
        let server = crate::support::serving::Serving::start(&home, &["--policy", policy]);
        let check = checked(&format!("http://{}", server.address), "", Duration::from_mins(1)).await;
        assert_eq!(check.found, expected);
    }
}
