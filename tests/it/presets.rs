//! Presets and expectations against the minter: each preset does what it promises, and what comes otherwise is told.

use std::time::Instant;

use jiff::Timestamp;
use serde_json::json;
use testcard::{
    backend::{BackendTargets, CallOrigin, ServedCall},
    domain::{
        call::{
            api::{ApiRequest, ApiResponse},
            token_calls::TokenCall,
        },
        card::{
            expiry::utc_day,
            test_cards::{self, BankCheck},
        },
        form::{defaults::FormDefaults, draft::Draft},
        history::filter::HistoryFilter,
        presets::{catalog, preset::PresetKey},
        rules::{
            expectation::{Expectation, ExpectedResult, Judgement, LifeStep},
            policies::AccountPolicies,
        },
    },
    minter::{self, MemoryLedger, MinterAccount},
    store::{Store, StoreLocation},
};

fn now() -> Timestamp {
    Timestamp::from_second(1_900_000_000).unwrap()
}

/// A minter of its own, and what an entry that it made comes to.
struct Life {
    ledger: MemoryLedger,
    policies: AccountPolicies,
    expects: Expectation,
    judgement: Option<Judgement>,
}

impl Life {
    fn new(expects: Expectation, policies: AccountPolicies) -> Self {
        Self { ledger: MemoryLedger::default(), policies, expects, judgement: None }
    }

    fn call(&mut self, request: &ApiRequest) -> ApiResponse {
        let workspace = MinterAccount::seeded(1);
        let answer = minter::handle(&mut self.ledger, request, now(), self.policies, &workspace).unwrap();
        self.judgement = self.expects.judge(self.judgement.as_ref(), &request.masked(), &answer);
        answer
    }

    /// Makes a token of a draft.
    fn mint(&mut self, draft: &Draft) -> Option<String> {
        let answer = self.call(&draft.to_request().to_api("mint"));
        answer.with_token(|token| token.id().to_owned())
    }

    fn charge(&mut self, token: &str) -> ApiResponse {
        self.call(&charge_of(token, "2000"))
    }

    fn attach(&mut self, token: &str) -> ApiResponse {
        let workspace = MinterAccount::seeded(1);
        let customer =
            ApiRequest { method: testcard::domain::call::api::HttpMethod::Post, ..ApiRequest::get("/v1/customers") };
        let made = minter::handle(&mut self.ledger, &customer, now(), self.policies, &workspace).unwrap();
        let customer = made.json().unwrap()["id"].as_str().unwrap().to_owned();
        self.call(&TokenCall::Attach { token: token.to_owned(), customer: Some(customer) }.to_api("attach"))
    }

    fn pay(&mut self, token: &str) -> ApiResponse {
        self.call(&intent_of(token))
    }

    fn words(&self) -> String {
        self.judgement.as_ref().map_or_else(|| "nothing".to_owned(), Judgement::words)
    }
}

fn charge_of(token: &str, amount: &str) -> ApiRequest {
    let (amount, currency) = (amount.to_owned(), "usd".to_owned());
    TokenCall::Charge { token: token.to_owned(), amount, currency }.to_api("charge")
}

/// An intent of the token, confirmed at once, whose answer shows what the bank's checks came to.
fn intent_of(token: &str) -> ApiRequest {
    let (token, amount, currency) = (token.to_owned(), "2000".to_owned(), "usd".to_owned());
    let mut request = TokenCall::Intent { token, amount, currency }.to_api("intent");
    request.params.push("expand[0]", "payment_method");
    request
}

fn filled(key: &PresetKey) -> (Draft, Expectation) {
    catalog::fill(key, &Draft::default(), &FormDefaults::default(), utc_day(now())).unwrap()
}

fn key(text: &str) -> PresetKey {
    text.parse().unwrap()
}

/// What the account must be like for a preset.
fn policies_for(key: &PresetKey) -> AccountPolicies {
    let published_test_cards_only = *key == PresetKey::Made("test_mode_live_card".to_owned());
    AccountPolicies { published_test_cards_only, ..AccountPolicies::default() }
}

#[test]
fn every_preset_is_predicted_and_answered_as_it_promises() {
    assert!(catalog::all().len() > 310);
    for preset in catalog::all() {
        let (draft, expects) = filled(&preset.key);
        let policies = policies_for(&preset.key);
        let prediction = draft.predict(utc_day(now()), policies);
        assert!(expects.agrees_with(&prediction), "{}: {expects:?} is not {prediction:?}", preset.name);
        for use_up in [Life::charge, Life::attach, Life::pay] {
            let mut life = Life::new(expects.clone(), policies);
            let token = life.mint(&draft);
            assert_eq!(life.words(), "As expected at token", "{}", preset.name);
            assert_eq!(token.is_some(), expects.token == ExpectedResult::Works, "{}", preset.name);
            if let Some(token) = token {
                use_up(&mut life, &token);
                let judgement = life.judgement.clone().unwrap();
                assert!(judgement.is_as_expected(), "{}: {}", preset.name, life.words());
                assert_ne!(judgement.step, LifeStep::Token, "{}", preset.name);
            }
        }
    }
}

#[test]
fn an_intent_is_judged_as_far_as_a_card_answers_for_it() {
    let asks = key("card:4000002500003155");
    let (draft, expects) = filled(&asks);
    assert_eq!(expects.intent, ExpectedResult::Fails("requires_action".to_owned()));
    let life = || {
        let mut life = Life::new(expects.clone(), AccountPolicies::default());
        let token = life.mint(&draft).unwrap();
        (life, token)
    };
    let (mut waiting, token) = life();
    waiting.pay(&token);
    assert_eq!(waiting.words(), "As expected at intent");
    // The payer is not there, or nothing is confirmed yet: the card does something else then, and nothing is said of it.
    for change in [("off_session", "true"), ("confirm", "false"), ("error_on_requires_action", "true")] {
        let (mut other, token) = life();
        let mut request = intent_of(&token);
        request.params.set(change.0, change.1);
        other.call(&request);
        assert_eq!(other.words(), "As expected at token", "{change:?}");
    }
    let paid = Expectation { intent: ExpectedResult::Works, ..expects.clone() };
    let mut differing = Life::new(paid, AccountPolicies::default());
    let token = differing.mint(&draft).unwrap();
    differing.pay(&token);
    assert_eq!(differing.words(), "Differs at intent: expected ok, got requires_action");
    // A check that passes where it should fail.
    let (draft, expects) = filled(&key("card:4242424242424242"));
    let checked = Expectation { checks: vec![(BankCheck::Cvc, "fail".to_owned())], ..expects };
    assert_eq!(Expectation::of_json(&checked.to_json()).as_ref(), Some(&checked));
    let mut differing = Life::new(checked, AccountPolicies::default());
    let token = differing.mint(&draft).unwrap();
    differing.pay(&token);
    assert_eq!(differing.words(), "Differs at CVC check: expected fail, got pass");
}

#[test]
fn every_code_of_a_bad_request_has_a_preset() {
    for code in [
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_cvc",
        "incorrect_number",
        "invalid_number",
        "parameter_missing",
        "parameter_invalid_empty",
        "parameter_unknown",
        "parameters_exclusive",
        "test_mode_live_card",
    ] {
        let promise = format!("fails at token: {code}");
        let found =
            catalog::all().iter().find(|preset| preset.outcome == promise && !preset.name.contains("Incorrect"));
        let (_, expects) = filled(&found.unwrap_or_else(|| panic!("nothing {promise}")).key);
        assert_eq!(expects, Expectation::refused(code));
    }
}

#[test]
fn what_comes_otherwise_is_told_with_its_step() {
    let insufficient = key("card:4000000000009995");
    let (declined, expects) = filled(&insufficient);
    let works = filled(&key("card:4242424242424242")).0;

    // Another card than the one that was expected.
    let mut life = Life::new(expects.clone(), AccountPolicies::default());
    let token = life.mint(&works).unwrap();
    assert_eq!(life.words(), "As expected at token");
    // What is refused in validation says nothing about the card.
    life.call(&charge_of(&token, "1"));
    assert_eq!(life.words(), "As expected at token");
    life.charge(&token);
    assert_eq!(life.words(), "Differs at charge: expected insufficient_funds, got ok");
    // The first difference stays.
    life.charge(&token);
    assert_eq!(life.words(), "Differs at charge: expected insufficient_funds, got ok");

    let mut life = Life::new(expects.clone(), AccountPolicies::default());
    let token = life.mint(&works).unwrap();
    life.attach(&token);
    assert_eq!(life.words(), "Differs at attach: expected insufficient_funds, got ok");

    // An account that takes no numbers.
    let mut life = Life::new(expects, AccountPolicies { raw_card_data: false, ..AccountPolicies::default() });
    life.mint(&declined);
    assert_eq!(life.words(), "Differs at token: expected ok, got invalid_request_error");
    // Asked anew, it is judged anew.
    life.policies = AccountPolicies::default();
    let again = declined.to_request().to_api("again");
    life.call(&again);
    assert_eq!(life.words(), "As expected at token");
}

#[test]
fn a_check_is_judged_at_charge_and_attach() {
    let failing = filled(&key("card:4000000000000101"));
    let passing = filled(&key("card:4242424242424242")).0;
    for use_up in [Life::charge, Life::attach] {
        let mut life = Life::new(failing.1.clone(), AccountPolicies::default());
        let token = life.mint(&passing).unwrap();
        use_up(&mut life, &token);
        assert_eq!(life.words(), "Differs at CVC check: expected fail, got pass");
        // Without a code there is no check, and nothing to judge.
        let mut life = Life::new(failing.1.clone(), AccountPolicies::default());
        let token = life.mint(&Draft { cvc: "".into(), ..failing.0.clone() }).unwrap();
        use_up(&mut life, &token);
        assert!(life.judgement.unwrap().is_as_expected());
    }
    // A rule of the account makes a decline of it.
    let mut life = Life::new(failing.1, AccountPolicies { block_if_cvc_fails: true, ..AccountPolicies::default() });
    let token = life.mint(&failing.0).unwrap();
    life.charge(&token);
    assert_eq!(life.words(), "Differs at charge: expected ok, got incorrect_cvc");
}

#[test]
fn a_card_that_fails_by_its_code_works_without_one() {
    let card = test_cards::by_number("4000000000000127").unwrap();
    let (draft, with_code) = filled(&key("card:4000000000000127"));
    let without = Draft { cvc: "".into(), ..draft.clone() }.to_request();
    assert_eq!(with_code.charge, ExpectedResult::Fails("incorrect_cvc".to_owned()));
    assert_eq!(Expectation::of_card(card, &without).charge, ExpectedResult::Works);
}

#[tokio::test]
async fn an_entry_is_judged_when_it_is_made_and_again_when_any_client_charges_it() {
    let store = Store::open(&StoreLocation::Memory, now()).unwrap();
    let targets = BackendTargets::new(store.clone(), None);
    let backend = targets.local(AccountPolicies::default());
    let (_, expects) = filled(&key("card:4000000000009995"));
    let works = filled(&key("card:4242424242424242")).0.to_request().to_api("mint");
    let begun = backend.begin_expecting(works, Some(expects.clone()), now()).await.unwrap();
    let entry = backend.finish(&begun).await.unwrap().entry.unwrap();
    assert_eq!(entry.expects.as_deref(), Some(&expects));
    assert_eq!(entry.judgement.as_ref().unwrap().words(), "As expected at token");

    let served = ServedCall {
        request: charge_of(entry.token_id.as_deref().unwrap(), "2000"),
        origin: CallOrigin {
            started: now(),
            arrived: Instant::now(),
            world: None,
            is_publishable: false,
            server: "http://127.0.0.1:1".into(),
        },
        fault: None,
    };
    assert!(targets.serve(served, AccountPolicies::default()).await.is_success());
    let kept = store.reader().unwrap().rows(&[entry.id]).unwrap().remove(0);
    assert_eq!(kept.expects.as_deref(), Some(&expects));
    assert_eq!(
        kept.judgement.unwrap().words(),
        "Differs at charge: expected insufficient_funds, got ok",
        "whoever made the call"
    );
    // It is found by that word.
    let filter = HistoryFilter { search: "differs".to_owned(), ..HistoryFilter::default() };
    assert_eq!(store.reader().unwrap().matching(&filter, &[entry.id]).unwrap(), [true]);
}

#[test]
fn expectations_and_judgements_come_back_from_their_json() {
    for preset in catalog::all() {
        let (_, expects) = filled(&preset.key);
        assert_eq!(Expectation::of_json(&expects.to_json()), Some(expects), "{}", preset.name);
    }
    let (draft, expects) = filled(&key("card:4000000000000101"));
    assert_eq!(expects.checks, [(BankCheck::Cvc, "fail".to_owned())]);
    let mut life = Life::new(expects, AccountPolicies { block_if_cvc_fails: true, ..AccountPolicies::default() });
    let token = life.mint(&draft).unwrap();
    for judgement in [life.judgement.clone(), life.charge(&token).json().and(life.judgement.clone())] {
        let judgement = judgement.unwrap();
        assert_eq!(Judgement::of_json(&judgement.to_json()), Some(judgement));
    }
    for odd in [json!({}), json!({ "version": 2, "token": "ok", "step": "token" }), json!([]), json!("x")] {
        assert_eq!((Expectation::of_json(&odd), Judgement::of_json(&odd)), (None, None), "{odd}");
    }
}

#[test]
fn an_expectation_says_in_words_what_is_special() {
    for (text, words) in [
        ("card:4242424242424242", "token, attach and charge work"),
        ("card:4000000000009995", "charge declines with insufficient_funds"),
        ("card:4000000000000341", "attach works, charge declines with generic_decline"),
        ("card:4000002760003184", "charge declines with authentication_required, intent waits for its payer"),
        ("card:4000000000000101", "CVC check fails"),
        ("card:4000000000000010", "address line 1 check fails, postal code check fails"),
        ("card:4000000000000044", "address line 1 check is unavailable, postal code check is unavailable"),
        ("made:invalid_cvc", "token fails with invalid_cvc"),
        ("made:test_mode_live_card", "token fails with test_mode_live_card"),
    ] {
        assert_eq!(filled(&key(text)).1.words(), words, "{text}");
    }
}
