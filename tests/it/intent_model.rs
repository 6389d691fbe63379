//! Random calls at payment intents, their refunds and disputes, and a clock that goes on, against a simple model of what may
//! happen to the money.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::local::{Local, id};

/// A call at one of a few intents.
#[derive(Clone, Debug)]
enum Step {
    Create {
        amount: i64,
        is_held: bool,
        card: usize,
    },
    Confirm {
        nth: usize,
        card: usize,
    },
    Authenticate {
        nth: usize,
        is_complete: bool,
    },
    Capture {
        nth: usize,
        amount: Option<i64>,
    },
    Increment {
        nth: usize,
        amount: i64,
    },
    Cancel {
        nth: usize,
    },
    Update {
        nth: usize,
        amount: i64,
    },
    Refund {
        nth: usize,
        amount: Option<i64>,
    },
    /// Sends evidence; what is only staged changes nothing.
    Answer {
        nth: usize,
        evidence: usize,
        is_submitted: bool,
    },
    Accept {
        nth: usize,
    },
    Wait {
        secs: i64,
    },
}

const CARDS: [&str; 10] = [
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_threeDSecure2Required",
    "pm_card_mastercard",
    DISPUTED,
    ASKED_ABOUT,
    "pm_card_pendingRefund",
    FAILS_TO_REFUND,
    GIVES_PART,
    ADDS_PART,
];
const DISPUTED: &str = "pm_card_createDispute";
const ASKED_ABOUT: &str = "pm_card_createDisputeInquiry";
const FAILS_TO_REFUND: &str = "pm_card_refundFail";
const GIVES_PART: &str = "pm_card_debit_partialAuthorization";
const ADDS_PART: &str = "pm_card_debit_partialIncrement";

/// A part of the amount is enough, and the amount can be raised.
const OPTIONS: [(&str, &str); 2] = [
    ("payment_method_options[card][request_partial_authorization]", "if_available"),
    ("payment_method_options[card][request_incremental_authorization]", "if_available"),
];
const SMALLEST: i64 = 50;
const MOST_INCREMENTS: u32 = 10;

fn part_of(amount: i64) -> i64 {
    amount * 7 / 10
}

const WINNING: &str = "winning_evidence";
const LOSING: &str = "losing_evidence";
const ESCALATING: &str = "escalate_inquiry_evidence";
const EVIDENCE: [&str; 4] = [WINNING, LOSING, ESCALATING, "We sent it"];

const DAY: i64 = 24 * 60 * 60;
/// So long after it was asked for the bank decides, and a refund fails.
const SOON: i64 = 5;

fn step() -> impl Strategy<Value = Step> {
    let (nth, card, amount) = (0..4_usize, 0..CARDS.len(), 50..5000_i64);
    prop_oneof![
        (amount.clone(), any::<bool>(), card.clone()).prop_map(|(amount, is_held, card)| Step::Create {
            amount,
            is_held,
            card
        }),
        (nth.clone(), card).prop_map(|(nth, card)| Step::Confirm { nth, card }),
        (nth.clone(), any::<bool>()).prop_map(|(nth, is_complete)| Step::Authenticate { nth, is_complete }),
        (nth.clone(), proptest::option::of(amount.clone())).prop_map(|(nth, amount)| Step::Capture { nth, amount }),
        (nth.clone(), amount.clone()).prop_map(|(nth, amount)| Step::Increment { nth, amount }),
        nth.clone().prop_map(|nth| Step::Cancel { nth }),
        (nth.clone(), amount.clone()).prop_map(|(nth, amount)| Step::Update { nth, amount }),
        (nth.clone(), proptest::option::of(amount)).prop_map(|(nth, amount)| Step::Refund { nth, amount }),
        (nth.clone(), 0..EVIDENCE.len(), prop::bool::weighted(0.8))
            .prop_map(|(nth, evidence, is_submitted)| Step::Answer { nth, evidence, is_submitted }),
        nth.prop_map(|nth| Step::Accept { nth }),
        prop::sample::select(vec![1, SOON, DAY, 8 * DAY, 121 * DAY]).prop_map(|secs| Step::Wait { secs }),
    ]
}

/// What the model knows of an intent.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    amount: i64,
    is_held: bool,
    status: String,
    captured: i64,
    increments: u32,
    /// What pays, or is to.
    card: &'static str,
    /// When the card was charged, in Unix seconds.
    charged_at: i64,
    refunds: Vec<Refunded>,
    dispute: Option<Disputed>,
}

#[derive(Clone, Debug)]
struct Refunded {
    amount: i64,
    /// When it fails, if it is to.
    fails_at: Option<i64>,
}

#[derive(Clone, Debug)]
struct Disputed {
    status: &'static str,
    /// What was last submitted.
    evidence: &'static str,
    opened: i64,
    due_by: i64,
    /// When the bank looks at the evidence.
    decisions: Vec<i64>,
    /// What it took from the balance.
    taken: i64,
}

impl Disputed {
    fn is_closed(&self) -> bool {
        ["won", "lost", "warning_closed"].contains(&self.status)
    }

    fn is_inquiry(&self) -> bool {
        self.status.starts_with("warning")
    }

    fn close(&mut self) {
        self.status = if self.is_inquiry() { "warning_closed" } else { "lost" };
    }
}

/// The end of the eighth day after a moment.
fn due_by(now: i64) -> i64 {
    (now.div_euclid(DAY) + 9) * DAY - 1
}

impl Known {
    fn refunded(&self) -> i64 {
        self.refunds.iter().map(|refund| refund.amount).sum()
    }

    /// What is in the balance of it.
    fn balance(&self) -> i64 {
        self.captured - self.refunded() - self.dispute.as_ref().map_or(0, |dispute| dispute.taken)
    }

    /// The money is taken.
    fn take(&mut self, amount: i64, now: i64) {
        self.captured = amount;
        "succeeded".clone_into(&mut self.status);
        let is_inquiry = self.card == ASKED_ABOUT;
        self.dispute = (is_inquiry || self.card == DISPUTED).then(|| Disputed {
            status: if is_inquiry { "warning_needs_response" } else { "needs_response" },
            evidence: "",
            opened: now,
            due_by: due_by(now),
            decisions: Vec::new(),
            taken: if is_inquiry { 0 } else { amount },
        });
    }

    /// The card is charged.
    fn charge(&mut self, card: &'static str, now: i64) {
        (self.card, self.charged_at) = (card, now);
        if card == GIVES_PART {
            self.amount = part_of(self.amount);
        }
        if self.is_held {
            "requires_capture".clone_into(&mut self.status);
        } else {
            self.take(self.amount, now);
        }
    }

    /// When the next thing happens by itself.
    fn next(&self) -> Option<i64> {
        let refunds = self.refunds.iter().filter_map(|refund| refund.fails_at);
        let expiry = (self.status == "requires_capture").then_some(self.charged_at + 7 * DAY + 1);
        let dispute = self.dispute.iter().filter(|dispute| !dispute.is_closed()).flat_map(|dispute| {
            let end = match dispute.status {
                "needs_response" => Some(dispute.due_by + 1),
                "under_review" => None,
                _ => Some(dispute.opened + 120 * DAY),
            };
            dispute.decisions.iter().copied().chain(end)
        });
        refunds.chain(expiry).chain(dispute).min()
    }

    /// Lets happen what happens by itself until then.
    fn pass(&mut self, now: i64) {
        while let Some(moment) = self.next().filter(|moment| *moment <= now) {
            self.refunds.retain(|refund| refund.fails_at != Some(moment));
            if self.status == "requires_capture" && self.charged_at + 7 * DAY + 1 == moment {
                "canceled".clone_into(&mut self.status);
            }
            let is_refunded = self.refunded() == self.captured;
            let left = self.captured - self.refunded();
            let Some(dispute) = &mut self.dispute else { continue };
            for _ in 0..dispute.decisions.iter().filter(|due| **due == moment).count() {
                match (dispute.status, dispute.evidence) {
                    ("under_review", WINNING) => (dispute.status, dispute.taken) = ("won", 0),
                    ("warning_under_review", ESCALATING) if !is_refunded => {
                        (dispute.status, dispute.taken, dispute.due_by) = ("needs_response", left, due_by(moment));
                    }
                    ("under_review", LOSING) | ("warning_under_review", WINNING | LOSING | ESCALATING) => {
                        dispute.close();
                    }
                    _ => {}
                }
            }
            dispute.decisions.retain(|due| *due != moment);
            let is_over = match dispute.status {
                "needs_response" => dispute.due_by < moment,
                "warning_needs_response" | "warning_under_review" => dispute.opened + 120 * DAY <= moment,
                _ => false,
            };
            if is_over {
                dispute.close();
            }
        }
    }
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_default()
}

/// Takes a step, and gives the intent that it was about with what the model expects of it.
fn take(local: &mut Local, known: &mut Vec<Known>, step: &Step) {
    let text = |amount: i64| amount.to_string();
    if let Step::Wait { secs } = step {
        local.now += SignedDuration::from_secs(*secs);
        for model in known {
            model.pass(local.now.as_second());
        }
        return;
    }
    let now = local.now.as_second();
    if let Step::Create { amount, is_held, card } = step {
        let amount = text(*amount);
        let capture = if *is_held { "manual" } else { "automatic" };
        let sent = [
            ("amount", amount.as_str()),
            ("currency", "usd"),
            ("capture_method", capture),
            ("payment_method", CARDS[*card]),
        ];
        let intent = local.make("/v1/payment_intents", &[&sent[..], &OPTIONS].concat());
        assert_eq!(intent["status"], "requires_confirmation");
        let (amount, is_held) = (number(&intent["amount"]), *is_held);
        known.push(Known {
            id: id(&intent),
            amount,
            is_held,
            status: "requires_confirmation".to_owned(),
            captured: 0,
            increments: 0,
            card: CARDS[*card],
            charged_at: now,
            refunds: Vec::new(),
            dispute: None,
        });
        return;
    }
    let (Step::Confirm { nth, .. }
    | Step::Authenticate { nth, .. }
    | Step::Capture { nth, .. }
    | Step::Increment { nth, .. }
    | Step::Cancel { nth }
    | Step::Update { nth, .. }
    | Step::Refund { nth, .. }
    | Step::Answer { nth, .. }
    | Step::Accept { nth }) = step
    else {
        return;
    };
    let Some(model) = known.get_mut(*nth) else { return };
    let path = format!("/v1/payment_intents/{}", model.id);
    let is_open = ["requires_payment_method", "requires_confirmation", "requires_action"].contains(&&*model.status);
    match step {
        Step::Create { .. } | Step::Wait { .. } => {}
        Step::Confirm { card, .. } => {
            let (status, _) = local.post(&format!("{path}/confirm"), &[("payment_method", CARDS[*card])]);
            let is_declined = *card == 1 || (CARDS[*card] == GIVES_PART && part_of(model.amount) < SMALLEST);
            assert_eq!(
                status,
                if !is_open {
                    400
                } else if is_declined {
                    402
                } else {
                    200
                },
                "{model:?}"
            );
            if is_open {
                match *card {
                    _ if is_declined => "requires_payment_method".clone_into(&mut model.status),
                    2 => "requires_action".clone_into(&mut model.status),
                    card => model.charge(CARDS[card], now),
                }
            }
        }
        Step::Authenticate { is_complete, .. } => {
            let result = if *is_complete { "complete" } else { "fail" };
            let (status, _) = local.post("/_testcard/authenticate", &[("intent", &model.id), ("result", result)]);
            let waits = model.status == "requires_action";
            assert_eq!(status, if waits { 200 } else { 400 }, "{model:?}");
            match (waits, is_complete) {
                (true, true) => model.charge(CARDS[2], now),
                (true, false) => "requires_payment_method".clone_into(&mut model.status),
                (false, _) => {}
            }
        }
        Step::Capture { amount, .. } => {
            let sent = amount.map(text);
            let sent: Vec<(&str, &str)> = sent.iter().map(|amount| ("amount_to_capture", amount.as_str())).collect();
            let (status, _) = local.post(&format!("{path}/capture"), &sent);
            let is_possible = model.status == "requires_capture" && amount.is_none_or(|amount| amount <= model.amount);
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?} {step:?}");
            if is_possible {
                model.take(amount.unwrap_or(model.amount), now);
            }
        }
        Step::Increment { amount, .. } => {
            let (status, _) = local.post(&format!("{path}/increment_authorization"), &[("amount", &text(*amount))]);
            let is_possible =
                model.status == "requires_capture" && *amount > model.amount && model.increments < MOST_INCREMENTS;
            let added = match model.card {
                GIVES_PART => 0,
                ADDS_PART => part_of(*amount - model.amount),
                _ => *amount - model.amount,
            };
            let expected = match (is_possible, added) {
                (false, _) => 400,
                (true, 0) => 402,
                (true, _) => 200,
            };
            assert_eq!(status, expected, "{model:?} {step:?}");
            if is_possible {
                model.increments += 1;
                model.amount += added;
            }
        }
        Step::Cancel { .. } => {
            let (status, _) = local.post(&format!("{path}/cancel"), &[]);
            let is_possible = is_open || model.status == "requires_capture";
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?}");
            if is_possible {
                "canceled".clone_into(&mut model.status);
            }
        }
        Step::Update { amount, .. } => {
            let (status, body) = local.post(&path, &[("amount", &text(*amount))]);
            assert_eq!(status, if is_open { 200 } else { 400 }, "{model:?}");
            if is_open {
                model.amount = *amount;
                body["status"].as_str().unwrap().clone_into(&mut model.status);
                assert!(model.status != "requires_action", "a payer is asked anew: {body}");
            }
        }
        Step::Refund { amount, .. } => {
            let sent = amount.map(text);
            let mut params = vec![("payment_intent", model.id.as_str())];
            params.extend(sent.iter().map(|amount| ("amount", amount.as_str())));
            let (status, body) = local.post("/v1/refunds", &params);
            let left = model.captured - model.refunded();
            let is_charged_back = model.dispute.as_ref().is_some_and(|dispute| dispute.taken > 0);
            let is_possible = left > 0 && !is_charged_back && amount.is_none_or(|amount| amount <= left);
            assert_eq!(status, if is_possible { 200 } else { 400 }, "{model:?} {step:?} {body}");
            if is_possible {
                let fails_at = (model.card == FAILS_TO_REFUND).then_some(now + SOON);
                model.refunds.push(Refunded { amount: amount.unwrap_or(left), fails_at });
            }
        }
        Step::Answer { evidence, is_submitted, .. } => {
            let Some(dispute) = &mut model.dispute else { return };
            let evidence = EVIDENCE[*evidence];
            let path = format!("/v1/disputes/{}", dispute_of(local, &model.id));
            let submit = if *is_submitted { "true" } else { "false" };
            let (status, body) = local.post(&path, &[("evidence[uncategorized_text]", evidence), ("submit", submit)]);
            assert_eq!(status, if dispute.is_closed() { 400 } else { 200 }, "{dispute:?} {step:?} {body}");
            if *is_submitted && !dispute.is_closed() {
                dispute.status = if dispute.is_inquiry() { "warning_under_review" } else { "under_review" };
                dispute.evidence = evidence;
                if [WINNING, LOSING, ESCALATING].contains(&evidence) {
                    dispute.decisions.push(now + SOON);
                }
            }
        }
        Step::Accept { .. } => {
            let Some(dispute) = &mut model.dispute else { return };
            let path = format!("/v1/disputes/{}/close", dispute_of(local, &model.id));
            let (status, _) = local.post(&path, &[]);
            assert_eq!(status, if dispute.is_closed() { 400 } else { 200 }, "{dispute:?}");
            if !dispute.is_closed() {
                dispute.close();
            }
        }
    }
}

/// The id of the one dispute of an intent.
fn dispute_of(local: &mut Local, intent: &str) -> String {
    let page = local.get("/v1/disputes", &[("payment_intent", intent)]).1;
    let [dispute] = &page["data"].as_array().unwrap()[..] else { panic!("{page}") };
    id(dispute)
}

/// What the objects say of an intent is what the model says.
fn check(local: &mut Local, model: &Known) {
    let path = format!("/v1/payment_intents/{}", model.id);
    let (_, intent) = local.get(&path, &[("expand[]", "latest_charge")]);
    assert_eq!((&intent["status"], &intent["amount"]), (&json!(model.status), &json!(model.amount)), "{model:?}");
    let received = if model.status == "succeeded" { model.captured } else { 0 };
    let capturable = if model.status == "requires_capture" { model.amount } else { 0 };
    assert_eq!(
        (number(&intent["amount_received"]), number(&intent["amount_capturable"])),
        (received, capturable),
        "{model:?}"
    );
    let (_, charges) = local.get("/v1/charges", &[("payment_intent", &model.id), ("limit", "100")]);
    let charges = charges["data"].as_array().unwrap();
    let succeeded: Vec<&Value> = charges.iter().filter(|charge| charge["status"] == "succeeded").collect();
    let was_paid = ["succeeded", "requires_capture"].contains(&&*model.status);
    assert!(succeeded.len() <= 1 && (!was_paid || succeeded.len() == 1), "{model:?}: {charges:?}");
    for charge in succeeded {
        assert_eq!(number(&charge["amount"]), model.amount, "{model:?}");
        assert_eq!(number(&charge["amount_captured"]), model.captured, "{model:?}");
        let (_, refunds) = local.get("/v1/refunds", &[("charge", &id(charge)), ("limit", "100")]);
        let refunds = refunds["data"].as_array().unwrap().iter().filter(|refund| refund["status"] != "failed");
        let sum: i64 = refunds.map(|refund| number(&refund["amount"])).sum();
        assert_eq!(number(&charge["amount_refunded"]), sum, "{model:?}");
        let uncaptured = if charge["captured"] == true { model.amount - model.captured } else { sum };
        assert_eq!(sum - uncaptured, model.refunded(), "captured − refunded: {model:?}");
        assert_eq!(charge["disputed"] == true, model.dispute.is_some(), "{model:?}");
    }
    let page = local.get("/v1/disputes", &[("payment_intent", &model.id)]).1;
    let shown: Vec<&Value> = page["data"].as_array().unwrap().iter().map(|dispute| &dispute["status"]).collect();
    let known: Vec<Value> = model.dispute.iter().map(|dispute| json!(dispute.status)).collect();
    assert_eq!(shown, known.iter().collect::<Vec<_>>(), "{model:?}");
}

/// What all transactions did to the balance, without fees.
fn balance(local: &mut Local) -> i64 {
    let mut sum = 0;
    let mut last: Option<String> = None;
    loop {
        let mut params = vec![("limit", "100")];
        params.extend(last.as_deref().map(|last| ("starting_after", last)));
        let page = local.get("/v1/balance_transactions", &params).1;
        let data = page["data"].as_array().unwrap();
        sum += data.iter().map(|transaction| number(&transaction["amount"])).sum::<i64>();
        last = data.last().map(id);
        if page["has_more"] != true {
            return sum;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_intent_is_paid_twice_and_the_sums_hold(steps in proptest::collection::vec(step(), 1..60)) {
        let mut local = Local::new();
        let mut known = Vec::new();
        for step in &steps {
            take(&mut local, &mut known, step);
        }
        for model in &known {
            check(&mut local, model);
        }
        let expected: i64 = known.iter().map(Known::balance).sum();
        prop_assert_eq!(balance(&mut local), expected, "captured − refunded − disputed: {:?}", known);
    }
}
