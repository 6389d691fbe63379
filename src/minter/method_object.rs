//! The payment method as an object: how a call finds or makes one, and what its use leaves in it.

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    accepted::WrittenParam,
    auth,
    call::{CallError, MinterCall},
    cards::{self, BankVerdict, CardStep, METHOD_ALIAS, PaymentCard},
    fields::{CallFields, LONGEST_TEXT},
    ledger::LedgerError,
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{
        error::{ApiError, ErrorKind},
        event_type::EventType,
        params::Params,
    },
    card::test_cards::{self, TestCard},
    rules::prediction,
};

pub(super) const CARD: &str = "card";
/// Whether the holder may be offered it again.
pub(super) const REDISPLAY: [&str; 3] = ["always", "limited", UNSPECIFIED];
const UNSPECIFIED: &str = "unspecified";
/// `billing_details` of a payment method: whom payments come from. Each field by itself: what is not sent stays as it is.
pub(super) const BILLING_DETAILS: &[WrittenParam] = &[
    WrittenParam::text("billing_details[email]", LONGEST_TEXT),
    WrittenParam::text("billing_details[name]", LONGEST_TEXT),
    WrittenParam::text("billing_details[phone]", LONGEST_TEXT),
    WrittenParam::text("billing_details[tax_id]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][city]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][country]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][line1]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][line2]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][postal_code]", LONGEST_TEXT),
    WrittenParam::text("billing_details[address][state]", LONGEST_TEXT),
];
/// What a payment method can be made of, and how it may be shown.
pub(super) const CARD_DETAILS: &[&str] = &[
    "card[cvc]",
    "card[exp_month]",
    "card[exp_year]",
    "card[networks][preferred]",
    "card[number]",
    "card[token]",
    "type",
    "allow_redisplay",
];

/// A payment method in a call: kept already, or made by the call and kept when the call is carried out.
#[derive(Clone, Debug)]
pub(super) struct CallMethod {
    pub(super) object: StoredObject,
    /// What a new one is made of. A token in it is used up with it.
    made_of: Option<PaymentCard>,
}

impl CallMethod {
    /// One that is kept.
    pub(super) fn kept(object: StoredObject) -> Self {
        Self { object, made_of: None }
    }

    /// A new one of a card, with nothing kept of it yet.
    fn new(call: &MinterCall<'_>, card: PaymentCard, allow_redisplay: &str) -> Self {
        let body = body(call, &card, allow_redisplay);
        let id = shapes::text(&body, "id");
        let (kind, created) = (ObjectKind::PaymentMethod, call.now.as_second());
        let object = StoredObject { kind, id, parent: None, created, body, state: card.state.clone() };
        Self { object, made_of: Some(card) }
    }

    /// The one with this id; of a ready alias a new one at each use, and of a customer's card the card as a payment method.
    ///
    /// # Errors
    /// A ledger that cannot be read.
    pub(super) fn find(call: &mut MinterCall<'_>, id: &str) -> Result<Option<Self>, LedgerError> {
        let published = test_cards::by_alias(id).filter(|_| id.starts_with(METHOD_ALIAS));
        if let Some(card) = published.and_then(|card| PaymentCard::of_alias(call, id, card)) {
            return Ok(Some(Self::new(call, card, UNSPECIFIED)));
        }
        if let Some(found) = call.ledger.get(ObjectKind::PaymentMethod, id)? {
            return Ok(Some(Self::kept(found)));
        }
        let card = call.ledger.get(ObjectKind::Card, id)?;
        Ok(card.map(|card| Self::kept(of_customers_card(call, card))))
    }

    /// The one that the parameter `payment_method` names. Recorded, also for one of the platform's in a call for a connected
    /// account.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn named(call: &mut MinterCall<'_>, id: &str) -> Result<Self, CallError> {
        if let Some(found) = Self::find(call, id)? {
            return Ok(found);
        }
        let mut error = ApiError::no_such("PaymentMethod", id, "payment_method");
        if call.ledger.is_connected() && call.at_platform(|call| Self::find(call, id))?.is_some() {
            error.message.push_str(
                "; OAuth key or Stripe-Account header was used but API request was provided with a platform-owned \
                 payment method ID. Please ensure that the provided payment method matches the specified account.",
            );
        }
        Err(error.into())
    }

    /// A new one of the card dictionary of a call, whose names have been checked: at the call itself, or below
    /// `payment_method_data`.
    ///
    /// # Errors
    /// What is wrong with the card, a token that cannot be used, and card details with a publishable key where the account
    /// does not take them so.
    pub(super) fn of_details(
        call: &mut MinterCall<'_>,
        fields: &CallFields<'_>,
        place: MethodPlace,
    ) -> Result<Self, CallError> {
        let name = |field: &str| place.name(field);
        let (kind, redisplay) = (name("type"), name("allow_redisplay"));
        let kind = fields.word(&kind)?.ok_or_else(|| ApiError::missing(&kind))?;
        if kind != CARD {
            let message = "Testcard's local minter makes payment methods of type 'card' only.";
            return Err(ApiError::request(None, Some(&name("type")), message).into());
        }
        let redisplay = fields.choice(&redisplay, &REDISPLAY)?.unwrap_or(UNSPECIFIED);
        let token = name("card[token]");
        let card = match fields.word(&token)? {
            Some(id) => PaymentCard::of_token(call, id, &token)?,
            None => {
                let params = place.params(&call.request.params);
                if !params.names().any(|name| name.starts_with("card[")) {
                    return Err(ApiError::missing(&name(CARD)).into());
                }
                if call.is_publishable && !call.policies.publishable_keys {
                    return Err(auth::publishable_keys_refused().into());
                }
                let today = TimeZone::UTC.to_datetime(call.now).date();
                let details = prediction::check_card(&params, today, call.policies);
                PaymentCard::of_details(call, &details.map_err(|error| place.renamed(error))?, None)
            }
        };
        let mut method = Self::new(call, card, redisplay);
        place.write_billing(fields, &mut method.object.body)?;
        method.note_address();
        Ok(method)
    }

    /// The same card for a connected account, which the platform lends it.
    pub(super) fn copied(call: &MinterCall<'_>, original: &StoredObject) -> Self {
        let card = PaymentCard::of_method(original);
        let mut copy = Self::new(call, card, UNSPECIFIED);
        copy.object.body["card"] = original.body["card"].clone();
        copy.object.body["billing_details"] = original.body["billing_details"].clone();
        copy
    }

    /// What of the address was sent is checked when the card is used. A token tells it of its own card.
    pub(super) fn note_address(&mut self) {
        let address = self.object.body["billing_details"]["address"].clone();
        for (field, sent, check) in
            [("line1", "line1_sent", "address_line1_check"), ("postal_code", "zip_sent", "address_postal_code_check")]
        {
            let is_sent = !address[field].is_null();
            let place = &mut self.object.body["card"]["checks"][check];
            if is_sent != (self.object.state[sent] == json!(true)) {
                *place = is_sent.then_some("unchecked").into();
                self.object.state[sent] = is_sent.into();
            }
        }
    }

    /// Keeps a new one. From here on the call is carried out.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn keep(&mut self, call: &mut MinterCall<'_>) -> Result<(), LedgerError> {
        if let Some(mut card) = self.made_of.take() {
            card.spend(call)?;
            call.ledger.insert(&self.object)?;
        }
        Ok(())
    }

    /// Writes what has changed of one that is kept. A customer's card changes at its own calls only, and here in that it was
    /// set up.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn save(&self, call: &mut MinterCall<'_>) -> Result<(), LedgerError> {
        if self.object.kind == ObjectKind::PaymentMethod {
            return call.ledger.update(&self.object);
        }
        match call.ledger.get(self.object.kind, self.id())? {
            Some(mut card) if card.state[SET_UP] != self.object.state[SET_UP] => {
                card.state[SET_UP] = self.object.state[SET_UP].clone();
                call.ledger.update(&card)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.object.id
    }

    /// The customer that it belongs to.
    pub(super) fn customer(&self) -> Option<&str> {
        self.object.body["customer"].as_str()
    }

    pub(super) fn card(&self) -> PaymentCard {
        PaymentCard::of_method(&self.object)
    }

    /// The published test card that it is of.
    pub(super) fn published(&self) -> Option<&'static TestCard> {
        cards::published(&self.object.state)
    }

    /// Whether it was used once without a customer, or detached from one: it cannot be used again.
    pub(super) fn is_spent(&self) -> bool {
        self.object.state[SPENT] == json!(true)
    }

    /// Whether it was set up for payments without its holder.
    pub(super) fn is_set_up(&self) -> bool {
        self.object.state[SET_UP] == json!(true)
    }

    pub(super) fn note_set_up(&mut self) {
        self.object.state[SET_UP] = true.into();
    }

    /// After a payment without a customer it cannot be used again.
    pub(super) fn note_use(&mut self) {
        if self.customer().is_none() {
            self.object.state[SPENT] = true.into();
        }
    }

    /// Writes the results of the checks into it, as the bank gave them with its verdict.
    pub(super) fn take_checks(&mut self, verdict: &BankVerdict) {
        let [cvc, line1, zip] = cards::check_results(&self.object.state, verdict);
        let checks = &mut self.object.body["card"]["checks"];
        checks["address_line1_check"] = line1.into();
        checks["address_postal_code_check"] = zip.into();
        checks["cvc_check"] = cvc.into();
    }

    /// What the bank says to giving it to a customer, of which nothing is kept yet; `None` where it is the customer's.
    ///
    /// # Errors
    /// One that belongs to another customer or was used up, and a decline.
    pub(super) fn check_attach(
        &self,
        call: &mut MinterCall<'_>,
        customer: &str,
    ) -> Result<Option<BankVerdict>, CallError> {
        if self.customer() == Some(customer) {
            return Ok(None);
        }
        if self.customer().is_some() {
            let message = "The payment method you provided has already been attached to a customer.";
            return Err(ApiError::request(None, None, message).of_state().into());
        }
        if self.is_spent() {
            // Reported.
            let message = "This PaymentMethod was previously used without being attached to a Customer or was detached \
                           from a Customer, and may not be used again.";
            return Err(ApiError::request(None, None, message).of_state().into());
        }
        let verdict = self.card().verdict(call, CardStep::Attach);
        match verdict {
            BankVerdict::Declined { error, .. } => Err(error.into()),
            BankVerdict::Approved => Ok(Some(verdict)),
        }
    }

    /// Asks the bank and gives it to a customer. Nothing of it is kept where the bank declines.
    ///
    /// # Errors
    /// As [`Self::check_attach`].
    pub(super) fn attach(&mut self, call: &mut MinterCall<'_>, customer: &str) -> Result<(), CallError> {
        let Some(verdict) = self.check_attach(call, customer)? else { return Ok(()) };
        self.keep(call)?;
        self.take_checks(&verdict);
        self.give_to(call, customer)
    }

    /// Saves one that is to be used again: from now on it is the customer's, if there is one.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn keep_for(&mut self, call: &mut MinterCall<'_>, customer: Option<&str>) -> Result<(), CallError> {
        match customer {
            Some(customer) if self.customer().is_none() => self.give_to(call, customer),
            _ => Ok(self.save(call)?),
        }
    }

    fn give_to(&mut self, call: &mut MinterCall<'_>, customer: &str) -> Result<(), CallError> {
        self.object.body["customer"] = customer.into();
        self.object.parent = Some(customer.to_owned());
        self.save(call)?;
        Ok(call.happened(ATTACHED, &self.object)?)
    }

    /// Takes it from its customer, for good.
    pub(super) fn detach(&mut self) {
        self.object.body["customer"] = Value::Null;
        self.object.parent = None;
        self.object.state[SPENT] = true.into();
    }
}

const ATTACHED: EventType = EventType::named("payment_method.attached");
/// Fields of its state.
const SPENT: &str = "spent";
const SET_UP: &str = "set_up";

/// Where a call has the dictionary of a payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MethodPlace {
    /// The call is one.
    Call,
    /// Below `payment_method_data`.
    Data,
}

impl MethodPlace {
    /// The whole name of a field there.
    fn name(self, field: &str) -> String {
        match (self, field.split_once('[')) {
            (Self::Call, _) => field.to_owned(),
            (Self::Data, None) => format!("payment_method_data[{field}]"),
            (Self::Data, Some((root, rest))) => format!("payment_method_data[{root}][{rest}"),
        }
    }

    /// The card dictionary, with the names that it has in a token request.
    fn params(self, params: &Params) -> Params {
        match self {
            Self::Call => params.clone(),
            Self::Data => params
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix("payment_method_data[card]")?, value)))
                .map(|(rest, value)| (format!("card{rest}"), value))
                .collect(),
        }
    }

    /// An error about the card, with the names that the parameters have in this call.
    fn renamed(self, error: ApiError) -> ApiError {
        let param = error.param.clone().filter(|param| param.starts_with("card["));
        match param {
            Some(param) if self == Self::Data && error.kind == ErrorKind::InvalidRequest => {
                let whole = self.name(&param);
                ApiError { message: error.message.replace(&param, &whole), param: Some(whole), ..error }
            }
            _ => error,
        }
    }

    fn write_billing(self, fields: &CallFields<'_>, method: &mut Value) -> Result<(), ApiError> {
        BILLING_DETAILS.iter().try_for_each(|param| {
            fields.text(&self.name(param.name), LONGEST_TEXT)?.write_at(method, param.name);
            Ok(())
        })
    }
}

/// A customer's card as a payment method: it keeps its id.
fn of_customers_card(call: &MinterCall<'_>, card: StoredObject) -> StoredObject {
    let payer = PaymentCard::of_customer(card.clone());
    let mut body = body(call, &payer, UNSPECIFIED);
    body["id"] = card.id.clone().into();
    body["created"] = card.created.into();
    body["customer"] = card.body["customer"].clone();
    StoredObject { body, ..card }
}

/// What stands in every new payment method.
static BLANK: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "id": null,
        "object": "payment_method",
        "allow_redisplay": null,
        "billing_details": null,
        "card": {
            "brand": null,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": null },
            "country": null,
            "display_brand": null,
            "exp_month": null,
            "exp_year": null,
            "fingerprint": null,
            "funding": null,
            "generated_from": null,
            "last4": null,
            "networks": { "available": null, "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        },
        "created": null,
        "customer": null,
        "customer_account": null,
        "livemode": false,
        "metadata": {},
        "shared_payment_granted_token": null,
        "type": "card",
    })
});

fn body(call: &MinterCall<'_>, card: &PaymentCard, allow_redisplay: &str) -> Value {
    let mut method = BLANK.clone();
    method["id"] = call.ids.payment_method(call.now).into();
    method["allow_redisplay"] = allow_redisplay.into();
    method["billing_details"] = card.billing_details();
    method["created"] = call.now.as_second().into();
    let shown = &mut method["card"];
    card.show_in(shown);
    shown["display_brand"] = card.brand_code().into();
    shown["networks"]["available"] = card.networks().into();
    shown["networks"]["preferred"] = card.body["networks"]["preferred"].clone();
    method
}
