//! Random sequences of calls against a simple model of the rules: the ledger in memory and the one in SQLite give the
//! model's answers, and the same bytes.

use std::time::Instant;

use jiff::Timestamp;
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use testcard::{
    backend::{BackendTargets, CallOrigin, ServedCall},
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod},
        rules::policies::AccountPolicies,
    },
    minter::{self, MemoryLedger, MinterAccount},
    store::{Store, StoreLocation},
};
use tokio::runtime::Runtime;

use crate::support::local::id;

/// What is done; an index picks one of what there is so far.
#[derive(Clone, Debug)]
enum Step {
    Mint(Kind),
    Charge { token: Index, amount: i64, is_captured: bool },
    ChargeCustomer { customer: Index, amount: i64 },
    Customer { token: Option<Index> },
    Attach { customer: Index, token: Index },
    Refund { charge: Index, amount: Option<i64> },
    Capture { charge: Index, amount: Option<i64> },
    DeleteCard { customer: Index, card: Index },
    DeleteCustomer { customer: Index },
    Replay { call: Index },
}

/// How a card behaves at attach and at charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Declined at both.
    Declined,
    /// Attaches, and is declined at each charge.
    DeclinedLater,
}

impl Kind {
    fn number(self) -> &'static str {
        match self {
            Self::Good => "4242424242424242",
            Self::Declined => "4000000000000002",
            Self::DeclinedLater => "4000000000000341",
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = any::<Index>;
    let amount = || prop_oneof![3 => 50..300_i64, 1 => Just(300_i64)];
    let step = prop_oneof![
        4 => prop_oneof![3 => Just(Kind::Good), 1 => Just(Kind::Declined), 1 => Just(Kind::DeclinedLater)]
            .prop_map(Step::Mint),
        4 => (index(), amount(), any::<bool>())
            .prop_map(|(token, amount, is_captured)| Step::Charge { token, amount, is_captured }),
        2 => (index(), amount()).prop_map(|(customer, amount)| Step::ChargeCustomer { customer, amount }),
        2 => proptest::option::of(index()).prop_map(|token| Step::Customer { token }),
        3 => (index(), index()).prop_map(|(customer, token)| Step::Attach { customer, token }),
        3 => (index(), proptest::option::of(1..200_i64)).prop_map(|(charge, amount)| Step::Refund { charge, amount }),
        2 => (index(), proptest::option::of(1..300_i64)).prop_map(|(charge, amount)| Step::Capture { charge, amount }),
        2 => (index(), index()).prop_map(|(customer, card)| Step::DeleteCard { customer, card }),
        1 => index().prop_map(|customer| Step::DeleteCustomer { customer }),
        2 => index().prop_map(|call| Step::Replay { call }),
    ];
    proptest::collection::vec(step, 1..40)
}

// ---- the model -----------------------------------------------------------------------------------------------------

struct Token {
    id: String,
    card: String,
    kind: Kind,
    is_used: bool,
}

struct Charge {
    id: String,
    amount: i64,
    captured: i64,
    refunded: i64,
    is_captured: bool,
    is_refunded: bool,
    is_ok: bool,
}

struct Customer {
    id: String,
    cards: Vec<(String, Kind)>,
    default: Option<String>,
    is_deleted: bool,
}

#[derive(Default)]
struct Model {
    tokens: Vec<Token>,
    charges: Vec<Charge>,
    customers: Vec<Customer>,
    /// The calls that were carried out, with the bodies of their answers.
    calls: Vec<(ApiRequest, String)>,
}

/// An answer in short: its status and the code of its error, the empty one where there is none.
type Short = (u16, &'static str);

const OK: Short = (200, "");
const DECLINED: Short = (402, "card_declined");
const ALREADY_USED: Short = (400, "token_already_used");

impl Model {
    /// What attaching a token comes to; it is used up unless it was before.
    fn attach(&mut self, token: usize) -> Short {
        let token = &mut self.tokens[token];
        if std::mem::replace(&mut token.is_used, true) {
            return ALREADY_USED;
        }
        if token.kind == Kind::Declined { DECLINED } else { OK }
    }

    fn charge(&mut self, amount: i64, is_captured: bool, kind: Kind, body: &Value) -> Short {
        let is_ok = kind == Kind::Good;
        let id = if is_ok { &body["id"] } else { &body["error"]["charge"] };
        self.charges.push(Charge {
            id: id.as_str().unwrap_or_default().to_owned(),
            amount,
            captured: if is_ok && is_captured { amount } else { 0 },
            refunded: 0,
            is_captured: is_ok && is_captured,
            is_refunded: false,
            is_ok,
        });
        if is_ok { OK } else { DECLINED }
    }

    fn refund(&mut self, charge: usize, amount: Option<i64>) -> Short {
        let charge = &mut self.charges[charge];
        let left = charge.amount - charge.refunded;
        let amount = amount.unwrap_or(left);
        match () {
            () if !charge.is_ok => (400, ""),
            () if left == 0 => (400, "charge_already_refunded"),
            () if amount > left || (!charge.is_captured && amount < left) => (400, ""),
            () => {
                charge.refunded += amount;
                charge.is_refunded = charge.refunded == charge.amount;
                OK
            }
        }
    }

    fn capture(&mut self, charge: usize, amount: Option<i64>) -> Short {
        let charge = &mut self.charges[charge];
        let amount = amount.unwrap_or(charge.amount);
        match () {
            () if charge.is_captured => (400, "charge_already_captured"),
            () if !charge.is_ok => (400, ""),
            () if charge.is_refunded => (400, "charge_already_refunded"),
            () if amount > charge.amount => (400, ""),
            () if amount < 50 => (400, "amount_too_small"),
            () => {
                (charge.is_captured, charge.captured, charge.refunded) = (true, amount, charge.amount - amount);
                OK
            }
        }
    }

    /// Compares every object with what the answers show of it.
    fn check_objects(&self, send: &mut dyn FnMut(ApiRequest) -> ApiResponse) {
        let mut get = |path: String| {
            let answer = send(ApiRequest::get(path));
            (answer.http_status, answer.json().unwrap())
        };
        for token in &self.tokens {
            let (status, body) = get(format!("/v1/tokens/{}", token.id));
            assert_eq!((status, &body["used"]), (200, &json!(token.is_used)), "{}", token.id);
        }
        for charge in &self.charges {
            let body = get(format!("/v1/charges/{}", charge.id)).1;
            let shown = ["amount", "amount_captured", "amount_refunded", "captured", "refunded", "status", "paid"];
            let status = if charge.is_ok { "succeeded" } else { "failed" };
            let expected = json!([
                charge.amount,
                charge.captured,
                charge.refunded,
                charge.is_captured,
                charge.is_refunded,
                status,
                charge.is_ok
            ]);
            assert_eq!(shown.map(|name| body[name].clone()).into_iter().collect::<Value>(), expected, "{body:#}");
        }
        for customer in &self.customers {
            let (status, body) = get(format!("/v1/customers/{}", customer.id));
            assert_eq!((status, body["deleted"] == true), (200, customer.is_deleted));
            if !customer.is_deleted {
                assert_eq!(body["default_source"], json!(customer.default), "{body:#}");
                let page = get(format!("/v1/customers/{}/sources", customer.id)).1;
                let cards: Vec<String> = page["data"].as_array().unwrap().iter().map(id).collect();
                let expected: Vec<String> =
                    customer.cards.iter().rev().map(|(card, _)| card.clone()).take(10).collect();
                assert_eq!(cards, expected, "newest first");
            }
        }
    }
}

fn picked(index: Index, length: usize) -> Option<usize> {
    (length > 0).then(|| index.index(length))
}

/// A POST with a key of its own.
fn post(nth: usize, path: &str, params: Vec<(&str, String)>) -> ApiRequest {
    let headers = vec![("Idempotency-Key".to_owned(), format!("key-{nth}"))];
    ApiRequest { method: HttpMethod::Post, params: params.into_iter().collect(), headers, ..ApiRequest::get(path) }
}

/// Does the steps, and checks each answer against the model.
fn run(steps: &[Step], send: &mut dyn FnMut(ApiRequest) -> ApiResponse) {
    let mut model = Model::default();
    for (nth, step) in steps.iter().enumerate() {
        // Without the object that it is about, a step is left out.
        let _ = take(&mut model, nth, step, send);
    }
    model.check_objects(send);
}

fn take(model: &mut Model, nth: usize, step: &Step, send: &mut dyn FnMut(ApiRequest) -> ApiResponse) -> Option<()> {
    let mut call = |model: &mut Model, request: ApiRequest| {
        let answer = send(request.clone());
        if request.method == HttpMethod::Post && [200, 402].contains(&answer.http_status) {
            model.calls.push((request, answer.text()));
        }
        (answer.http_status, answer.json().unwrap())
    };
    let money = |amount: i64| vec![("amount", amount.to_string()), ("currency", "usd".to_owned())];
    let (body, answered, expected) = match step {
        Step::Mint(kind) => {
            let params = vec![
                ("card[number]", kind.number().to_owned()),
                ("card[exp_month]", "5".to_owned()),
                ("card[exp_year]", "2035".to_owned()),
            ];
            let (status, body) = call(model, post(nth, "/v1/tokens", params));
            model.tokens.push(Token { id: id(&body), card: id(&body["card"]), kind: *kind, is_used: false });
            (body, status, OK)
        }
        Step::Charge { token, amount, is_captured } => {
            let token = picked(*token, model.tokens.len())?;
            let source = ("source", model.tokens[token].id.clone());
            let capture = ("capture", is_captured.to_string());
            let (status, body) =
                call(model, post(nth, "/v1/charges", [money(*amount), vec![source, capture]].concat()));
            let token = &mut model.tokens[token];
            let (was_used, kind) = (std::mem::replace(&mut token.is_used, true), token.kind);
            let expected = if was_used { ALREADY_USED } else { model.charge(*amount, *is_captured, kind, &body) };
            (body, status, expected)
        }
        Step::ChargeCustomer { customer, amount } => {
            let customer = picked(*customer, model.customers.len())?;
            let payer = ("customer", model.customers[customer].id.clone());
            let (status, body) = call(model, post(nth, "/v1/charges", [money(*amount), vec![payer]].concat()));
            let Customer { cards, default, is_deleted, .. } = &model.customers[customer];
            let card = cards.iter().find(|(card, _)| Some(card) == default.as_ref()).map(|(_, kind)| *kind);
            let expected = match card {
                _ if *is_deleted => (400, "resource_missing"),
                None => (402, "missing"),
                Some(kind) => model.charge(*amount, true, kind, &body),
            };
            (body, status, expected)
        }
        Step::Customer { token } => {
            let token = token.as_ref().and_then(|token| picked(*token, model.tokens.len()));
            let source = token.map(|token| ("source", model.tokens[token].id.clone()));
            let (status, body) = call(model, post(nth, "/v1/customers", source.into_iter().collect()));
            let expected = token.map_or(OK, |token| model.attach(token));
            if expected == OK {
                let card = token.map(|token| (model.tokens[token].card.clone(), model.tokens[token].kind));
                let default = card.as_ref().map(|(card, _)| card.clone());
                let cards = card.into_iter().collect();
                model.customers.push(Customer { id: id(&body), cards, default, is_deleted: false });
            }
            (body, status, expected)
        }
        Step::Attach { customer, token } => {
            let customer = picked(*customer, model.customers.len())?;
            let token = picked(*token, model.tokens.len())?;
            let path = format!("/v1/customers/{}/sources", model.customers[customer].id);
            let source = vec![("source", model.tokens[token].id.clone())];
            let (status, body) = call(model, post(nth, &path, source));
            let is_deleted = model.customers[customer].is_deleted;
            let expected = if is_deleted { (404, "resource_missing") } else { model.attach(token) };
            if expected == OK {
                let card = model.tokens[token].card.clone();
                assert_eq!(body["id"], card, "a card keeps its token's id for it");
                let customer = &mut model.customers[customer];
                customer.default.get_or_insert(card.clone());
                customer.cards.push((card, model.tokens[token].kind));
            }
            (body, status, expected)
        }
        Step::Refund { charge, amount } => {
            let charge = picked(*charge, model.charges.len())?;
            let named = ("charge", model.charges[charge].id.clone());
            let amount_param = amount.map(|amount| ("amount", amount.to_string()));
            let params = [named].into_iter().chain(amount_param).collect();
            let (status, body) = call(model, post(nth, "/v1/refunds", params));
            (body, status, model.refund(charge, *amount))
        }
        Step::Capture { charge, amount } => {
            let charge = picked(*charge, model.charges.len())?;
            let path = format!("/v1/charges/{}/capture", model.charges[charge].id);
            let params = amount.map(|amount| ("amount", amount.to_string())).into_iter().collect();
            let (status, body) = call(model, post(nth, &path, params));
            (body, status, model.capture(charge, *amount))
        }
        Step::DeleteCard { customer, card } => {
            let customer = picked(*customer, model.customers.len())?;
            let card = picked(*card, model.customers[customer].cards.len())?;
            let known = &mut model.customers[customer];
            let path = format!("/v1/customers/{}/sources/{}", known.id, known.cards[card].0);
            let mut expected = (404, "resource_missing");
            if !known.is_deleted {
                let (gone, _) = known.cards.remove(card);
                if known.default.as_ref() == Some(&gone) {
                    known.default = known.cards.last().map(|(card, _)| card.clone());
                }
                expected = OK;
            }
            let (status, body) = call(model, ApiRequest { method: HttpMethod::Delete, ..ApiRequest::get(path) });
            (body, status, expected)
        }
        Step::DeleteCustomer { customer } => {
            let customer = picked(*customer, model.customers.len())?;
            let known = &mut model.customers[customer];
            let expected = if known.is_deleted { (404, "resource_missing") } else { OK };
            known.is_deleted = true;
            let path = format!("/v1/customers/{}", known.id);
            let (status, body) = call(model, ApiRequest { method: HttpMethod::Delete, ..ApiRequest::get(path) });
            (body, status, expected)
        }
        Step::Replay { call } => {
            let (request, first) = &model.calls[picked(*call, model.calls.len())?];
            let again = send(request.clone());
            assert_eq!(again.header("Idempotent-Replayed"), Some("true"), "{request:?}");
            assert_eq!(&again.text(), first);
            return Some(());
        }
    };
    let code = body["error"]["code"].as_str().unwrap_or_default();
    assert_eq!((answered, code), expected, "{step:?}: {body:#}");
    Some(())
}

// ---- who answers ---------------------------------------------------------------------------------------------------

fn now() -> Timestamp {
    Timestamp::from_second(1_893_456_000).unwrap()
}

fn memory() -> impl FnMut(ApiRequest) -> ApiResponse {
    let (mut ledger, workspace) = (MemoryLedger::default(), MinterAccount::seeded(7));
    move |request| minter::handle(&mut ledger, &request, now(), AccountPolicies::default(), &workspace).unwrap()
}

fn sqlite(runtime: &Runtime) -> impl FnMut(ApiRequest) -> ApiResponse {
    let targets = BackendTargets::new(Store::open(&StoreLocation::Memory, now()).unwrap(), Some(7));
    move |request| {
        let origin = CallOrigin {
            started: now(),
            arrived: Instant::now(),
            world: None,
            is_publishable: false,
            server: "http://127.0.0.1:1".into(),
        };
        let call = ServedCall { request, origin, fault: None };
        runtime.block_on(targets.serve(call, AccountPolicies::default()))
    }
}

/// The answers that `send` gives, written down.
fn recorded(steps: &[Step], mut send: impl FnMut(ApiRequest) -> ApiResponse) -> Vec<ApiResponse> {
    let mut answers = Vec::new();
    run(steps, &mut |request| {
        let answer = send(request);
        answers.push(answer.clone());
        answer
    });
    answers
}

#[test]
fn whatever_is_called_both_ledgers_answer_by_the_rules_and_alike() {
    let runtime = Runtime::new().unwrap();
    let config = ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in steps())| {
        let (memory, sqlite) = (recorded(&steps, memory()), recorded(&steps, sqlite(&runtime)));
        for (memory, sqlite) in memory.iter().zip(&sqlite) {
            prop_assert_eq!((memory, memory.text()), (sqlite, sqlite.text()));
        }
        prop_assert_eq!(memory.len(), sqlite.len());
    });
}

#[test]
fn the_model_notices_an_answer_that_breaks_a_rule() {
    let steps = [
        Step::Mint(Kind::Good),
        Step::Charge { token: any_index(), amount: 100, is_captured: true },
        Step::Charge { token: any_index(), amount: 100, is_captured: true },
    ];
    run(&steps, &mut memory());
    // A stand-in that lets a token be used twice: each charge goes to a fresh ledger, with the token unused in it.
    let caught = std::panic::catch_unwind(|| {
        let mut minted = None;
        run(&steps, &mut move |request| {
            let mut fresh = memory();
            if request.path == "/v1/tokens" {
                minted = Some(request.clone());
            } else {
                fresh(minted.clone().unwrap());
            }
            fresh(request)
        });
    });
    assert!(caught.is_err());
}

/// Of one thing, each index picks that one.
fn any_index() -> Index {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    any::<Index>().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}
