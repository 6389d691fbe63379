//! How much of a payment intent's amount is authorized: a part of it, where the intent asks for partial authorization, and
//! more of it later, by an increment (docs.stripe.com/payments/partial-authorization and
//! docs.stripe.com/payments/incremental-authorization). Stripe lets an account have both on request; the account here has
//! them.

use serde_json::{Value, json};

use super::{
    amounts,
    call::{CallError, MinterCall},
    cards::{self, PaymentCard},
    charges, descriptors, expand,
    fields::CallFields,
    intent_params::{REQUEST_INCREMENTAL, REQUEST_PARTIAL, REQUEST_WORDS},
    intents::{IntentKind, REQUIRES_CAPTURE},
    method_object::CARD,
    payment_intent_params as params, payment_intents, shapes,
    stored_object::StoredObject,
};
use crate::domain::{
    call::{
        error::{ApiError, Decline},
        intent_calls::IF_AVAILABLE,
    },
    card::{
        authorization::IncrementVerdict,
        currency::{ChargeCurrency, LARGEST_CHARGE},
        test_cards,
    },
};

const KIND: IntentKind = IntentKind::Payment;

/// The brands that take part in partial authorization.
const PARTIAL_BRANDS: [&str; 4] = ["amex", "discover", "mastercard", "visa"];
/// The brands whose authorizations any seller may raise. Discover's are up to the seller's trade, and the account here has
/// none.
const INCREMENTAL_BRANDS: [&str; 3] = ["amex", "mastercard", "visa"];
/// So many increments of an intent are attempted, declined ones included.
const MOST_INCREMENTS: u64 = 10;
/// An increment may add as much, 500 US dollars in cents, or make six times of what was authorized.
const LARGEST_INCREMENT: i64 = 50_000;
const LARGEST_FACTOR: i64 = 6;
/// The member of an intent's state with the number of its increments.
const INCREMENTS: &str = "increments";

/// What an intent asks for besides a charge.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedAuthorization {
    is_partial: bool,
    is_incremental: bool,
}

impl AskedAuthorization {
    pub(super) fn of(intent: &Value) -> Self {
        let asks = |option: &str| intent["payment_method_options"][CARD][option] == IF_AVAILABLE;
        Self { is_partial: asks(REQUEST_PARTIAL), is_incremental: asks(REQUEST_INCREMENTAL) }
    }

    /// The part of an amount that the card's bank authorizes; `None` where it authorizes all or nothing, and where the part
    /// is less than the currency's smallest charge.
    pub(super) fn part_at_first(self, card: &PaymentCard, amount: i64, currency: &str) -> Option<i64> {
        let part = card.published().filter(|_| self.is_partial)?.part_of(amount)?;
        ChargeCurrency::parse(currency).filter(|currency| part >= currency.smallest_charge()).map(|_| part)
    }

    /// Writes into a new charge what came of it. Nothing is written where nothing was asked for: so it is in recorded
    /// charges. Where it was, Stripe's examples have these fields; that a declined charge has them too is our choice.
    pub(super) fn show(self, charge: &mut Value, card: &PaymentCard, asked: i64, is_held: bool, is_approved: bool) {
        let Self { is_partial, is_incremental } = self;
        if !is_partial && !is_incremental {
            return;
        }
        let brand = card.brand_code();
        let status = if !is_approved && is_partial && PARTIAL_BRANDS.contains(&brand) {
            "declined"
        } else {
            self.status(brand, charge["amount"] == asked)
        };
        show_partial(charge, asked, status);
        if is_incremental && is_held && is_approved && INCREMENTAL_BRANDS.contains(&brand) {
            charge["payment_method_details"][CARD][INCREMENTAL]["status"] = AVAILABLE.into();
        }
    }

    fn status(self, brand: &str, is_full: bool) -> &'static str {
        match (self.is_partial && PARTIAL_BRANDS.contains(&brand), is_full) {
            (false, _) => "not_requested",
            (true, true) => "fully_authorized",
            (true, false) => "partially_authorized",
        }
    }
}

/// The member of a charge's card that says whether the amount can be raised, and its word where it can.
const INCREMENTAL: &str = "incremental_authorization";
const AVAILABLE: &str = "available";

fn show_partial(charge: &mut Value, asked: i64, status: &str) {
    let card = &mut charge["payment_method_details"][CARD];
    shapes::add(card, "amount_requested", asked.into());
    shapes::add(card, "partial_authorization", json!({ "status": status }));
}

/// `POST /v1/payment_intents/:id/increment_authorization`: a higher amount is held. A decline leaves intent and charge as
/// they were, but counts.
pub(super) fn increment(call: &mut MinterCall<'_>, ids: &[&str]) -> Result<Value, CallError> {
    let fields = CallFields::of(call.request, &params::INCREMENT)?;
    expand::check(&fields, KIND.object().as_str())?;
    let asked = fields.integer("amount", 1..=i64::MAX)?.ok_or_else(|| ApiError::missing("amount"))?;
    let partial = fields.choice(params::OPTION_PARTIAL, REQUEST_WORDS)?;
    let mut intent = KIND.find(call, ids[0])?;
    let mut charge = check_held(call, &intent)?;
    let held = intent.body["amount"].as_i64().unwrap_or_default();
    let attempts = intent.state[INCREMENTS].as_u64().unwrap_or_default();
    check_increment(&intent.body, held, asked, attempts)?;
    let before = intent.clone();
    fields.write_to(&mut intent.body)?;
    // Kept for the increments to come, as what the intent was confirmed with is.
    if let Some(word) = partial {
        shapes::add(&mut intent.body["payment_method_options"][CARD], REQUEST_PARTIAL, word.into());
    }
    let authorization = AskedAuthorization::of(&intent.body);
    let card = charge.state["number"].as_str().and_then(test_cards::by_number);
    let verdict =
        card.map_or(IncrementVerdict::Held(asked), |card| card.on_increment(held, asked, authorization.is_partial));
    let count = Value::from(attempts + 1);
    let authorized = match verdict {
        IncrementVerdict::Held(authorized) => authorized,
        IncrementVerdict::Declined(decline) => {
            let mut unchanged = before;
            unchanged.state[INCREMENTS] = count;
            call.ledger.update(&unchanged)?;
            let error = cards::declined_later(call, decline);
            let decline = error.decline.map(|decline| Box::new(Decline { charge: Some(charge.id), ..*decline }));
            return Err(ApiError { decline, ..error }.showing(KIND.object().as_str(), unchanged.body).into());
        }
    };
    let held_charge = charge.body.clone();
    if fields.raw("statement_descriptor").is_some() {
        charge.body["statement_descriptor"] = intent.body["statement_descriptor"].clone();
        descriptors::write_calculated(&mut charge.body);
    }
    charge.body["amount"] = authorized.into();
    let details = &mut charge.body["payment_method_details"][CARD];
    details["amount_authorized"] = authorized.into();
    details["overcapture"]["maximum_amount_capturable"] = authorized.into();
    let brand = shapes::text(details, "brand");
    show_partial(&mut charge.body, asked, authorization.status(&brand, authorized == asked));
    call.ledger.update(&charge)?;
    call.changed(charges::UPDATED, &held_charge, &charge)?;
    intent.body["amount"] = authorized.into();
    intent.body["amount_capturable"] = authorized.into();
    intent.state[INCREMENTS] = count;
    call.ledger.update(&intent)?;
    KIND.went_on(call, &intent)?;
    expand::apply(call, &fields, intent.body)
}

/// The charge that holds the money of an intent whose amount can be raised. Reported: an intent that did not ask for it is
/// refused without a code. Undocumented by Stripe: our wordings.
fn check_held(call: &mut MinterCall<'_>, intent: &StoredObject) -> Result<StoredObject, CallError> {
    let status = shapes::text(&intent.body, "status");
    if status != REQUIRES_CAPTURE {
        let message = format!(
            "The authorization of this PaymentIntent could not be incremented because it has a status of {status}. Only a \
             PaymentIntent with one of the following statuses may be incremented: {REQUIRES_CAPTURE}."
        );
        return Err(KIND.unexpected_state(&intent.body, message).into());
    }
    let charge = payment_intents::latest_charge(call, &intent.body)?;
    if charge.body["payment_method_details"][CARD][INCREMENTAL]["status"] != AVAILABLE {
        let message = format!(
            "The authorization of this PaymentIntent cannot be incremented. Confirm it with \
             payment_method_options[card][{REQUEST_INCREMENTAL}]={IF_AVAILABLE}, and look whether \
             payment_method_details.card.{INCREMENTAL}.status of its charge is '{AVAILABLE}'."
        );
        return Err(ApiError::request(None, None, message).of_state().into());
    }
    Ok(charge)
}

/// Refuses an amount that is not higher, or too much higher, and one attempt too many. The rules are documented.
/// Undocumented by Stripe: our wordings, and the codes. What 500 dollars are in another currency is not known here.
fn check_increment(intent: &Value, held: i64, asked: i64, attempts: u64) -> Result<(), ApiError> {
    let refused = |code, message: String| Err(ApiError::request(Some(code), Some("amount"), message).of_state());
    let currency = shapes::text(intent, "currency");
    if let Some(currency) = ChargeCurrency::parse(&currency).filter(|_| asked > LARGEST_CHARGE) {
        return Err(amounts::too_large(currency));
    }
    if asked <= held {
        let message = format!("The amount ({asked}) must be greater than the amount that is authorized ({held}).");
        return refused("amount_too_small", message);
    }
    let largest = (held + LARGEST_INCREMENT).max(held * LARGEST_FACTOR);
    if currency == "usd" && asked > largest {
        let message = format!("The amount ({asked}) is too much of an increment: it can be {largest} at most.");
        return refused("amount_too_large", message);
    }
    if attempts >= MOST_INCREMENTS {
        let message =
            format!("This PaymentIntent was incremented {MOST_INCREMENTS} times, which is the most there can be.");
        return Err(KIND.unexpected_state(intent, message));
    }
    Ok(())
}
