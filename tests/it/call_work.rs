//! What a call costs besides the store, counted in pieces of memory: each is taken, filled and given back. How fast a
//! call is, `benches/speed` measures.

use std::sync::Arc;

use allocation_counter::measure;
use jiff::Timestamp;
use testcard::{
    domain::{
        call::{
            api::{ApiRequest, ApiResponse, HttpMethod},
            params::Params,
            redaction::Redaction,
            token_calls::TokenRequest,
        },
        rules::policies::AccountPolicies,
    },
    minter::{MemoryLedger, MinterAccount, PreparedCall},
};

/// A minter in memory, after a few calls: what is made once for all calls is made.
struct Minter {
    account: Arc<MinterAccount>,
    ledger: MemoryLedger,
}

impl Minter {
    fn new() -> Self {
        let mut minter = Self { account: Arc::new(MinterAccount::seeded(7)), ledger: MemoryLedger::default() };
        for nth in 0..3 {
            minter.answer(&token(&format!("before-{nth}")));
        }
        minter
    }

    /// Takes a call from its parameters to the answer that is sent: masked, carried out, redacted.
    fn answer(&mut self, request: &ApiRequest) -> ApiResponse {
        let (redaction, _) = Redaction::with_request(request);
        let (now, account) = (Timestamp::from_second(1_683_071_568).unwrap(), Arc::clone(&self.account));
        let prepared = PreparedCall::new(request.clone(), None, now, AccountPolicies::default(), account);
        let answer = prepared.answer(&mut self.ledger).unwrap();
        let answer = redaction.local_answer(answer, request.makes_token());
        assert_eq!(answer.http_status, 200, "{}", answer.text());
        answer
    }

    /// How many pieces of memory a call takes.
    fn pieces(&mut self, request: &ApiRequest) -> u64 {
        measure(|| drop(self.answer(request))).count_total
    }
}

fn token(key: &str) -> ApiRequest {
    let params: Params = [
        ("card[number]", "4242424242424242"),
        ("card[exp_month]", "12"),
        ("card[exp_year]", "2026"),
        ("card[cvc]", "123"),
        ("card[name]", "Jenny Rosen"),
        ("card[address_line1]", "510 Townsend Street"),
        ("card[address_city]", "San Francisco"),
        ("card[address_country]", "US"),
    ]
    .into_iter()
    .collect();
    TokenRequest::new(params).to_api(key)
}

fn charge(nth: usize) -> ApiRequest {
    let params = [("amount", "2000"), ("currency", "usd"), ("source", "tok_visa")];
    let headers = vec![("Idempotency-Key".to_owned(), format!("charge-{nth}"))];
    let params = params.into_iter().collect();
    ApiRequest { method: HttpMethod::Post, path: "/v1/charges".to_owned(), params, headers }
}

#[track_caller]
fn check(what: &str, pieces: u64, most: u64) {
    assert!(pieces <= most, "{what} took {pieces} pieces of memory, {most} at most");
    assert!(pieces > most / 2, "{what} took {pieces}: the bound {most} is too far away to notice anything");
}

#[test]
fn a_token_takes_few_pieces_of_memory() {
    check("a token", Minter::new().pieces(&token("key")), 190);
}

#[test]
fn a_charge_takes_few_pieces_of_memory() {
    let mut minter = Minter::new();
    minter.answer(&charge(0));
    check("a charge", minter.pieces(&charge(1)), 680);
}

/// An intent that is made and confirmed is four objects with its payment method, charge and balance transaction.
#[test]
fn a_payment_takes_three_times_the_pieces_of_a_charge_at_most() {
    let mut minter = Minter::new();
    let payment = |nth: usize| {
        let params = [
            ("amount", "2000"),
            ("currency", "usd"),
            ("payment_method", "pm_card_visa"),
            ("payment_method_types[]", "card"),
            ("confirm", "true"),
        ];
        let headers = vec![("Idempotency-Key".to_owned(), format!("payment-{nth}"))];
        let params = params.into_iter().collect();
        ApiRequest { method: HttpMethod::Post, path: "/v1/payment_intents".to_owned(), params, headers }
    };
    minter.answer(&payment(0));
    check("a payment", minter.pieces(&payment(1)), 2040);
}

#[test]
fn a_list_takes_no_more_than_reading_its_objects_once() {
    let mut minter = Minter::new();
    for nth in 0..100 {
        minter.answer(&charge(nth));
    }
    let list =
        |limit: &str| ApiRequest { params: [("limit", limit)].into_iter().collect(), ..ApiRequest::get("/v1/charges") };
    let (one, hundred) = (minter.pieces(&list("1")), minter.pieces(&list("100")));
    check("a charge in a list", (hundred - one) / 99, 220);
}
