//! What a call costs, counted: besides the store in pieces of memory, each of which is taken, filled and given back; in the
//! store by what is asked of the ledger, each a statement of its database. How fast a call is, `benches/speed` measures.

use std::{collections::BTreeMap, sync::Arc};

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
    minter::{
        LaterEffect, Ledger, LedgerChange, LedgerError, MemoryLedger, MinterAccount, NewToken, ObjectKind, PageQuery,
        PreparedCall, RememberedAnswer, StoredObject,
        ledger::{AnswerKey, IdempotencyRecord},
    },
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

/// A ledger that counts what is asked of it, by the kind of object.
#[derive(Default)]
struct CountedLedger {
    ledger: MemoryLedger,
    asked: BTreeMap<String, usize>,
}

impl CountedLedger {
    fn count(&mut self, what: &str, kind: Option<ObjectKind>) {
        let kind = kind.map(|kind| format!(" {}", kind.as_str())).unwrap_or_default();
        *self.asked.entry(format!("{what}{kind}")).or_default() += 1;
    }
}

impl Ledger for CountedLedger {
    fn moment(&self, machine: Timestamp) -> Timestamp {
        self.ledger.moment(machine)
    }

    fn next_sequence(&mut self) -> Result<u64, LedgerError> {
        self.count("sequence", None);
        self.ledger.next_sequence()
    }

    fn token_number(&mut self) -> Option<u128> {
        self.ledger.token_number()
    }

    fn insert_token(&mut self, account: Option<&str>, token: &NewToken<'_>) -> Result<(), LedgerError> {
        // It is kept with its call, without a statement of its own.
        self.ledger.insert_token(account, token)
    }

    fn insert(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        self.count("insert", Some(object.kind));
        self.ledger.insert(account, object)
    }

    fn get(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<Option<StoredObject>, LedgerError> {
        self.count("get", Some(kind));
        self.ledger.get(account, kind, id)
    }

    fn update(&mut self, account: Option<&str>, object: &StoredObject) -> Result<(), LedgerError> {
        self.count("update", Some(object.kind));
        self.ledger.update(account, object)
    }

    fn remove(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        self.count("remove", Some(kind));
        self.ledger.remove(account, kind, id)
    }

    fn keep_for_events(&mut self, account: Option<&str>, kind: ObjectKind, id: &str) -> Result<(), LedgerError> {
        self.count("keep", Some(kind));
        self.ledger.keep_for_events(account, kind, id)
    }

    fn pending_webhooks(&mut self, account: Option<&str>, event: &StoredObject) -> Result<usize, LedgerError> {
        self.count("pending", None);
        self.ledger.pending_webhooks(account, event)
    }

    fn attempt(&mut self, change: &mut LedgerChange<'_>) -> Result<Option<LedgerError>, LedgerError> {
        Ok(change(self).err())
    }

    fn schedule(&mut self, effect: &LaterEffect) -> Result<(), LedgerError> {
        self.count("schedule", None);
        self.ledger.schedule(effect)
    }

    fn take_due(&mut self, until: i64) -> Result<Option<LaterEffect>, LedgerError> {
        // The store keeps in memory when something is due next.
        self.ledger.take_due(until)
    }

    fn page(&mut self, account: Option<&str>, query: &PageQuery<'_>) -> Result<Vec<StoredObject>, LedgerError> {
        self.count("page", Some(query.kind));
        self.ledger.page(account, query)
    }

    fn recall(&mut self, key: &AnswerKey) -> Result<Option<RememberedAnswer>, LedgerError> {
        self.ledger.recall(key)
    }

    fn remember(&mut self, record: &IdempotencyRecord, answer: &ApiResponse) -> Result<(), LedgerError> {
        self.ledger.remember(record, answer)
    }
}

/// What the calls ask of the ledger, one after the other: `2 get charge`.
fn asked(calls: &[(&str, &[(&str, &str)])]) -> Vec<String> {
    let (account, mut counted) = (Arc::new(MinterAccount::seeded(7)), CountedLedger::default());
    let now = Timestamp::from_second(1_683_071_568).unwrap();
    let mut last_id = String::new();
    for (path, params) in calls {
        let path = path.replace("{id}", &last_id);
        let params: Params = params.iter().copied().collect();
        let request = ApiRequest { method: HttpMethod::Post, path, params, headers: Vec::new() };
        counted.asked.clear();
        let prepared = PreparedCall::new(request, None, now, AccountPolicies::default(), Arc::clone(&account));
        let answer = prepared.answer(&mut counted).unwrap();
        assert_eq!(answer.http_status, 200, "{}", answer.text());
        answer.json().unwrap()["id"].as_str().unwrap().clone_into(&mut last_id);
    }
    counted.asked.iter().map(|(what, count)| format!("{count} {what}")).collect()
}

#[test]
fn a_charge_and_a_payment_ask_for_few_statements() {
    let money = [("amount", "2000"), ("currency", "usd")];
    let charge = [&money[..], &[("source", "tok_visa")]].concat();
    let intent = [&money[..], &[("payment_method_types[]", "card")]].concat();
    let at_once = [&intent[..], &[("payment_method", "pm_card_visa"), ("confirm", "true")]].concat();
    let confirmed: [(&str, &[(&str, &str)]); 2] =
        [("/v1/payment_intents", &intent), ("/v1/payment_intents/{id}/confirm", &[("payment_method", "pm_card_visa")])];
    let found = [asked(&[("/v1/charges", &charge)]), asked(&[("/v1/payment_intents", &at_once)]), asked(&confirmed)];
    let of_charge = "1 insert charge, 1 insert event, 1 sequence";
    // An event has its object as it was, so it gets a copy before the object goes on in the same call.
    let of_payment = "1 insert charge, 3 insert event, 1 insert payment_intent, 1 insert payment_method, \
                      1 keep payment_intent, 1 keep payment_method, 1 sequence, 1 update payment_intent, \
                      1 update payment_method";
    let of_confirmation = "1 get payment_intent, 1 insert charge, 2 insert event, 1 insert payment_method, \
                           1 keep payment_intent, 1 keep payment_method, 1 sequence, 1 update payment_intent, \
                           1 update payment_method";
    assert_eq!(found.map(|asked| asked.join(", ")), [of_charge, of_payment, of_confirmation]);
}
