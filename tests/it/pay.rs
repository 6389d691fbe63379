//! `testcard pay` and `authenticate`, and the server's own route for the latter.

use serde_json::json;

use crate::support::{program::Home, serving::Serving};

#[test]
fn a_token_an_alias_and_a_payment_method_pay() {
    let home = Home::new();
    let token = home.run(["mint"]).stdout.trim().to_owned();
    let paid = home.run(["pay", &token, "--amount", "1500", "--currency", "eur"]);
    assert!(paid.exit == 0 && paid.stdout.contains(" succeeded 1500 eur by ch_3"), "{paid:?}");
    let shown = home.run(["token", &token]);
    assert!(shown.stdout.contains(" used "), "{shown:?}");
    let held = home.run(["pay", "pm_card_visa", "--capture", "manual"]);
    assert!(held.exit == 0 && held.stdout.contains(" requires_capture 2000 usd"), "{held:?}");
    let declined = home.run(["pay", "pm_card_visa_chargeDeclinedInsufficientFunds"]);
    assert!(declined.exit == 1 && declined.stdout.contains("insufficient_funds"), "{declined:?}");
    let partial = "pm_card_debit_partialAuthorization";
    let whole = home.run(["pay", partial]);
    assert!(whole.exit == 1 && whole.stdout.contains("insufficient_funds"), "{whole:?}");
    let part = home.run(["pay", partial, "--partial"]);
    assert!(part.exit == 0 && part.stdout.contains(" succeeded 1400 usd by ch_3"), "{part:?}");
    let body = home.run(["pay", "pm_card_visa", "--format", "json"]);
    assert!(body.exit == 0 && body.stdout.contains("\"object\": \"payment_intent\""), "{body:?}");
}

#[test]
fn what_the_payer_does_is_told_at_once_or_later() {
    let home = Home::new();
    let card = "pm_card_threeDSecure2Required";
    let done = home.run(["pay", card, "--3ds", "complete"]);
    assert!(done.exit == 0 && done.stdout.contains(" succeeded 2000 usd"), "{done:?}");
    let failed = home.run(["pay", card, "--3ds", "fail"]);
    assert!(failed.exit == 1 && failed.stdout.contains("has failed authentication"), "{failed:?}");
    let waiting = home.run(["pay", card]);
    assert!(waiting.exit == 1 && waiting.stderr.contains("testcard authenticate pi_3"), "{waiting:?}");
    let intent = waiting.stdout.split(' ').next().unwrap();
    let done = home.run(["authenticate", intent, "--result", "complete"]);
    assert!(done.exit == 0 && done.stdout.contains(" succeeded 2000 usd"), "{done:?}");
    let again = home.run(["authenticate", intent, "--result", "complete"]);
    assert!(again.exit == 1 && again.stdout.contains("waits for no authentication"), "{again:?}");
    for _ in 0..2 {
        let done = home.run(["pay", card, "--3ds", "complete", "--idempotency-key", "order-7"]);
        assert!(done.exit == 0 && done.stdout.contains(" succeeded 2000 usd"), "{done:?}");
    }
    let wrong = home.run(["pay", card, "--3ds", "perhaps"]);
    assert!(wrong.exit == 2 && wrong.stderr.contains("complete, fail or cancel"), "{wrong:?}");
    let real = home.run_with_key("sk_test_pay", ["authenticate", "pi_1", "--result", "fail", "--target", "stripe"]);
    assert!(real.exit == 2 && real.stderr.contains("Only the local minter"), "{real:?}");
}

#[test]
fn the_server_is_told_with_its_control_token_alone() {
    let server = Serving::start(&Home::new(), &["--memory"]);
    let money = [("amount", "2000"), ("currency", "usd"), ("confirm", "true"), ("payment_method_types[]", "card")];
    let params = [&money[..], &[("payment_method", "pm_card_threeDSecure2Required")]].concat();
    let intent = server.post("/v1/payment_intents", &params).json()["id"].as_str().unwrap().to_owned();
    let told = [("intent", intent.as_str()), ("result", "complete")];
    let path = "/_testcard/authenticate";
    assert_eq!(server.post(path, &told).status, 401, "a key is no control token");
    for path in
        ["//_testcard/authenticate", "/_testcard//authenticate", "/%5Ftestcard/authenticate", "//_testcard/reset"]
    {
        let status = server.post(path, &told).status;
        assert!(matches!(status, 401 | 404), "{path}: {status}");
    }
    let kept = server.get(&format!("/v1/payment_intents/{intent}")).json();
    assert_eq!(kept["status"], "requires_action", "{kept}");
    let wrong = server.try_control("POST", path, &[("intent", "pi_nope"), ("result", "complete")]);
    assert_eq!((wrong.status, &wrong.json()["error"]["param"]), (404, &json!("intent")));
    assert_eq!(server.try_control("POST", path, &[("intent", intent.as_str()), ("colour", "red")]).status, 400);
    let paid = server.try_control("POST", path, &told);
    assert_eq!((paid.status, &paid.json()["status"]), (200, &json!("succeeded")), "{}", paid.text());
    let calls = server.requests();
    assert_eq!((&calls[0]["path"], &calls[0]["status"]), (&json!(path), &json!(200)), "it is written down");
}
