//! What becomes of a token: found in calls, objects and events, and drawn as a picture that leads to each call.

use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use serde_json::Value;
use testcard::{
    backend::{Backend, BackendTargets},
    domain::{
        call::api::{ApiRequest, ApiResponse, HttpMethod},
        history::{
            entry::EntryId,
            token_life::{LifeRow, TokenLife},
        },
        rules::policies::AccountPolicies,
    },
    store::{Store, StoreLocation},
};
use tokio::runtime::Runtime;

use crate::support::{
    hands::{click, focused, press},
    histories::moment,
    loopback::{call, id_in, serving},
    receiver::Receiver,
    window::{Window, make, rows, wait, wait_for},
};

const ASKS: &str = "4000002760003184";
const GOOD: &str = "4242424242424242";

/// The local minter over a history in memory.
struct Minter {
    store: Store,
    backend: Backend,
    runtime: Runtime,
}

impl Minter {
    fn new() -> Self {
        let store = Store::open(&StoreLocation::Memory, moment(0)).unwrap();
        let backend = BackendTargets::new(store.clone(), Some(7)).local(AccountPolicies::default());
        Self { store, backend, runtime: Runtime::new().unwrap() }
    }

    fn post(&self, path: &str, params: &[(&str, &str)]) -> Value {
        let params = params.iter().copied().collect();
        let request = ApiRequest { method: HttpMethod::Post, params, ..ApiRequest::get(path) };
        let recorded = self.runtime.block_on(self.backend.send(&request, moment(1))).unwrap();
        recorded.exchange.outcome.as_ref().ok().and_then(ApiResponse::json).unwrap()
    }

    fn make(&self, path: &str, params: &[(&str, &str)]) -> String {
        let made = self.post(path, params);
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    fn token(&self, number: &str) -> String {
        let card =
            [("card[number]", number), ("card[exp_month]", "5"), ("card[exp_year]", "2037"), ("card[cvc]", "314")];
        self.make("/v1/tokens", &card)
    }

    fn life(&self) -> TokenLife {
        let reader = self.store.reader().unwrap();
        reader.life(EntryId(1)).unwrap().unwrap()
    }
}

/// The rows of a life: each object by its distance from the token, calls behind `-`, events behind `*`.
fn told(life: &TokenLife) -> Vec<String> {
    let depth = |mut node: usize| {
        let mut depth = 0;
        while let Some(parent) = life.nodes[node].parent {
            (node, depth) = (parent, depth + 1);
        }
        depth
    };
    let row = |row: &LifeRow| {
        let indent = "  ".repeat(depth(life.node_of(*row)));
        match row {
            LifeRow::Node(node) => {
                let node = &life.nodes[*node];
                let what = format!("{indent}{}: {}", node.object.label(), node.state.word);
                [&node.amount, &node.note].into_iter().flatten().fold(what, |what, more| format!("{what}, {more}"))
            }
            LifeRow::Step(step) => format!("{indent}- {}", life.steps[*step].words.words),
            LifeRow::Event(event) => format!("{indent}* {}", life.events[*event].event_type),
        }
    };
    life.rows.iter().map(row).collect()
}

const PAY: [(&str, &str); 4] =
    [("amount", "2000"), ("currency", "usd"), ("confirm", "true"), ("payment_method_types[0]", "card")];

#[test]
fn a_token_is_followed_to_its_refund_through_calls_objects_and_events() {
    let minter = Minter::new();
    let token = minter.token(ASKS);
    assert_eq!(told(&minter.life()), ["Token: unused"]);
    let method = minter.make("/v1/payment_methods", &[("type", "card"), ("card[token]", &token)]);
    let intent = minter.make("/v1/payment_intents", &[&PAY[..], &[("payment_method", &method)]].concat());
    let waiting = minter.life();
    assert_eq!(
        told(&waiting),
        [
            "Token: used",
            "  Payment method: ready",
            "    Payment intent: requires_action, $20.00 usd",
            "    * payment_intent.created",
            "    * payment_intent.requires_action",
        ]
    );
    assert!(waiting.nodes[2].requires_action() && waiting.is_here && waiting.is_whole);
    // Of others that happen between, nothing is told.
    minter.post("/v1/charges", &[("amount", "100"), ("currency", "usd"), ("source", "tok_visa")]);
    minter.post("/_testcard/authenticate", &[("intent", &intent), ("result", "complete")]);
    let charge = minter.life().nodes[3].id.clone();
    minter.make("/v1/refunds", &[("charge", &charge), ("amount", "500")]);
    assert_eq!(
        minter.post("/v1/refunds", &[("charge", &charge), ("amount", "9900")])["error"]["type"],
        "invalid_request_error"
    );
    let life = minter.life();
    assert_eq!(
        told(&life),
        [
            "Token: used",
            "  Payment method: ready",
            "    Payment intent: succeeded, $20.00 usd",
            "    * payment_intent.created",
            "    * payment_intent.requires_action",
            "    - Authentication completed: succeeded",
            "      Charge: partly refunded, $20.00 usd, $5.00 usd",
            "      * charge.succeeded",
            "        Refund: succeeded, $5.00 usd",
            "        * refund.created",
            "      * charge.refunded",
            "      - Refused (invalid_request_error)",
            "    * payment_intent.succeeded",
        ]
    );
    // Each leads to its call, and nobody asks for events.
    assert!(life.nodes.iter().all(|node| node.exchange.is_some()));
    assert!(life.events.iter().all(|event| event.exchange.is_some() && event.delivery().is_none()));
}

#[test]
fn a_charge_of_the_token_itself_and_what_failed_are_followed_too() {
    let minter = Minter::new();
    let token = minter.token("4000000000000259");
    let charge = [("amount", "2000"), ("currency", "usd"), ("source", &*token)];
    minter.make("/v1/charges", &charge);
    minter.post("/v1/charges", &charge);
    assert_eq!(
        told(&minter.life()),
        [
            "Token: used",
            "  Charge: disputed, $20.00 usd",
            "  * charge.succeeded",
            "    Dispute: needs_response, $20.00 usd, fraudulent",
            "    * charge.dispute.created",
            "    * charge.dispute.funds_withdrawn",
            "- Refused again (token_already_used)",
        ]
    );
    // No call answered with the dispute: its first event tells when it came and of which call.
    let life = minter.life();
    assert!(life.nodes.iter().all(|node| node.exchange.is_some() && node.when.is_some()), "{:?}", life.nodes);
    let minter = Minter::new();
    let token = minter.token("4000000000009995");
    let pay = [("payment_method_data[type]", "card"), ("payment_method_data[card][token]", &*token)];
    minter.post("/v1/payment_intents", &[&PAY[..], &pay].concat());
    let life = told(&minter.life());
    assert!(
        life.contains(&"    Payment intent: requires_payment_method, $20.00 usd, insufficient_funds".to_owned()),
        "{life:?}"
    );
    assert!(life.contains(&"      Charge: failed, $20.00 usd, insufficient_funds".to_owned()), "{life:?}");
}

#[test]
fn a_customers_card_is_followed_to_what_it_pays() {
    let minter = Minter::new();
    let token = minter.token(GOOD);
    let customer = minter.make("/v1/customers", &[("source", &token)]);
    minter.make("/v1/charges", &[("amount", "2000"), ("currency", "usd"), ("customer", &customer)]);
    let life = told(&minter.life());
    assert_eq!(life[..3], ["Token: used", &format!("  Card: attached, of {customer}"), "  * customer.source.created"]);
    assert!(life.contains(&"    Charge: succeeded, $20.00 usd".to_owned()), "{life:?}");
}

/// What the rows of the timeline say, as far as they are drawn.
fn picture(window: &Window) -> Vec<String> {
    let rows = window.query_all_by_role(Role::ListBoxOption);
    rows.filter_map(|row| row.accesskit_node().label()).collect()
}

fn has_row(window: &Window, start: &str) -> bool {
    picture(window).iter().any(|row| row.starts_with(start))
}

#[track_caller]
fn wait_for_row(window: &mut Window, start: &str) {
    wait(window, start, |window| has_row(window, start));
}

/// A window with a token of a card that asks for its payer, and an intent that waits for it, both seen in the timeline.
fn waiting_intent() -> (Window, u16, String) {
    let (mut window, port) = serving();
    make(&mut window, &[ASKS]);
    let token = rows(&window)[0].split(' ').nth(1).unwrap().to_owned();
    click(&mut window, Role::Tab, "Timeline");
    wait_for_row(&mut window, &format!("Token {token}: unused"));
    let form = format!(
        "amount=2000&currency=usd&confirm=true&payment_method_types[]=card&payment_method_data[type]=card&\
         payment_method_data[card][token]={token}"
    );
    let intent = id_in(&call(port, "POST", "/v1/payment_intents", &form), "pi_");
    wait_for_row(&mut window, &format!("Payment intent {intent}: requires_action, $20.00 usd"));
    (window, port, intent)
}

#[test]
fn the_payer_completes_an_intent_in_the_timeline_by_keyboard_and_every_row_opens_its_call() {
    let (mut window, _, intent) = waiting_intent();
    window.get_by_role_and_label(Role::ListBox, "Life of the token").focus();
    window.run_ok();
    // The token, the payment method, the intent, and what its payer can do.
    for _ in 0..4 {
        press(&mut window, Modifiers::NONE, Key::ArrowDown);
    }
    press(&mut window, Modifiers::NONE, Key::Enter);
    assert_eq!(focused(&window).as_deref(), Some("Complete"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait_for_row(&mut window, &format!("Payment intent {intent}: succeeded"));
    wait_for(&mut window, &format!("{intent}: succeeded"));
    wait(&mut window, "the charge", |window| {
        picture(window).iter().any(|row| row.starts_with("Charge ch_") && row.contains(": succeeded, $20.00 usd"))
    });
    assert!(has_row(&window, "Authentication completed: succeeded"));
    assert!(has_row(&window, "Event charge.succeeded: No endpoint asks for it"));
    assert!(window.query_by_role_and_label(Role::Button, "Complete").is_none(), "nothing waits any more");
    // A press on the charge shows the call that made it, in place of the picture, and leads back.
    let charge = picture(&window).into_iter().find(|row| row.starts_with("Charge ")).unwrap();
    click(&mut window, Role::ListBoxOption, &charge);
    wait_for(&mut window, "POST /_testcard/authenticate");
    assert_eq!(focused(&window).as_deref(), Some("Back to the timeline"));
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait_for_row(&mut window, &charge);
    assert_eq!(focused(&window), Some(charge), "the keys are where they were");
}

#[test]
fn a_payer_who_fails_leaves_an_intent_that_says_why() {
    let (mut window, _, intent) = waiting_intent();
    click(&mut window, Role::Button, "Fail");
    wait_for_row(
        &mut window,
        &format!("Payment intent {intent}: requires_payment_method, $20.00 usd, payment_intent_authentication_failure"),
    );
    assert!(!picture(&window).iter().any(|row| row.starts_with("Charge ")));
}

#[test]
fn an_event_shows_how_it_is_on_its_way_and_is_sent_again_from_the_timeline() {
    let receiver = Receiver::start();
    let (mut window, port) = serving();
    call(port, "POST", "/v1/webhook_endpoints", &format!("url={}&enabled_events[]=charge.succeeded", receiver.url));
    make(&mut window, &[GOOD]);
    let token = rows(&window)[0].split(' ').nth(1).unwrap().to_owned();
    click(&mut window, Role::Tab, "Timeline");
    call(port, "POST", "/v1/charges", &format!("amount=2000&currency=usd&source={token}"));
    wait_for_row(&mut window, "Event charge.succeeded: Taken");
    assert_eq!(receiver.next().event_type, "charge.succeeded");
    receiver.answer(500);
    // The row that the keys are at has its button.
    window.get_by_role_and_label(Role::ListBox, "Life of the token").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::End);
    click(&mut window, Role::Button, "Send charge.succeeded again");
    wait_for(&mut window, "Sent again to 1 endpoint");
    wait(&mut window, "why it is not taken", |window| {
        let why = |row: &String| {
            row.contains("Event charge.succeeded: Waits until ") && row.contains("1 attempt · HTTP 500 (")
        };
        picture(window).iter().any(why)
    });
    assert_eq!(receiver.next().event_type, "charge.succeeded");
    receiver.answer(200);
    // By the row's menu as well.
    window.get_by_role_and_label(Role::ListBox, "Life of the token").focus();
    window.run_ok();
    press(&mut window, Modifiers::NONE, Key::End);
    press(&mut window, Modifiers::SHIFT, Key::F10);
    wait(&mut window, "the menu", |window| window.query_by_role_and_label(Role::MenuItem, "Send again").is_some());
    click(&mut window, Role::MenuItem, "Send again");
    wait_for_row(&mut window, "Event charge.succeeded: Taken");
}

#[test]
fn of_a_token_with_very_many_later_calls_the_rows_in_view_are_drawn() {
    let minter = Minter::new();
    let token = minter.token(GOOD);
    let charge = [("amount", "2000"), ("currency", "usd"), ("source", &*token)];
    for _ in 0..300 {
        minter.post("/v1/charges", &charge);
    }
    let life = minter.life();
    assert_eq!(life.steps.len(), 299);
    assert!(life.is_whole);
    let (mut window, port) = serving();
    make(&mut window, &[GOOD]);
    let token = rows(&window)[0].split(' ').nth(1).unwrap().to_owned();
    let form = format!("amount=2000&currency=usd&source={token}");
    for _ in 0..120 {
        call(port, "POST", "/v1/charges", &form);
    }
    click(&mut window, Role::Tab, "Timeline");
    wait_for_row(&mut window, "Charge ch_");
    wait(&mut window, "all rows", |window| {
        let list = window.get_by_role_and_label(Role::ListBox, "Life of the token");
        list.accesskit_node().data().row_count() == Some(122)
    });
    let drawn = picture(&window).len();
    assert!((5..40).contains(&drawn), "{drawn} rows are drawn");
}
