//! A card on its way from a token to a charge or a customer: what it takes along, and what its bank says.

use std::borrow::Cow;

use jiff::{civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    call::{CallError, MinterCall},
    ledger::LedgerError,
    shape_rules::ShownAs,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::error::{ApiError, Decline},
    card::{
        authentication::LaterDecline,
        brand::Brand,
        declines::{self, DeclineAdvice},
        expiry::CardExpiry,
        number::CardNumber,
        test_cards::{self, BankCheck, StepOutcome, TestCard},
    },
    rules::prediction::{CardAddress, CardDetails},
};

/// A card that a call uses.
#[derive(Clone, Debug)]
pub(super) struct PaymentCard {
    /// The card object in its current shape.
    pub(super) body: Value,
    /// What the minter knows of the card besides: see [`state`].
    pub(super) state: Value,
    /// The token that is used up with it; `None` for a ready alias and for a customer's card.
    token: Option<StoredObject>,
}

/// What the ids of other kinds of sources begin with.
const OTHER_SOURCES: [(&str, &str); 3] = [("btok_", "bank accounts"), ("ba_", "bank accounts"), ("src_", "sources")];

/// What the ready aliases of payment methods begin with.
pub(super) const METHOD_ALIAS: &str = "pm_card_";

/// What a card's token and its copies carry along: the number of a published test card, else null; the ready alias that
/// it was made of, for some have an outcome of their own; whether the fields that a bank checks were sent. The security
/// code itself is gone by now.
pub(super) fn state(card: &CardDetails, alias: Option<&str>) -> Value {
    json!({
        "number": card.number.published().map(|published| &published.number),
        "alias": alias,
        "cvc_sent": card.has_cvc,
        "line1_sent": card.address.line1.is_some(),
        "zip_sent": card.address.zip.is_some(),
    })
}

/// A card that has just been read from a call or an alias.
#[derive(Clone, Copy)]
pub(super) struct NewCard<'a> {
    pub(super) id: &'a str,
    pub(super) fingerprint: &'a str,
    pub(super) details: &'a CardDetails,
}

/// What stands at a field of a new card.
pub(super) enum CardValue<'a> {
    Text(Cow<'a, str>),
    Null,
    Number(i64),
    /// The metadata of a new object.
    NoMetadata,
    Networks(Option<&'a str>),
}

impl<'a> NewCard<'a> {
    /// Fields and values of the card in its current shape, in the order of the API page.
    pub(super) fn fields(self) -> impl Iterator<Item = (&'static str, CardValue<'a>)> {
        use CardValue::{Networks, NoMetadata, Null, Number, Text};
        let Self { id, fingerprint, details } = self;
        let CardDetails { number, expiry, has_cvc, name, address, currency, preferred } = details;
        let check = |is_sent: bool| if is_sent { Text("unchecked".into()) } else { Null };
        let sent = |text: &'a Option<String>| text.as_deref().map_or(Null, |text| Text(text.into()));
        let with_currency = currency.as_ref().map(|currency| ("currency", Text(currency.as_str().into())));
        let first = [
            ("id", Text(id.into())),
            ("object", Text("card".into())),
            ("address_city", sent(&address.city)),
            ("address_country", sent(&address.country)),
            ("address_line1", sent(&address.line1)),
            ("address_line1_check", check(address.line1.is_some())),
            ("address_line2", sent(&address.line2)),
            ("address_state", sent(&address.state)),
            ("address_zip", sent(&address.zip)),
            ("address_zip_check", check(address.zip.is_some())),
            ("allow_redisplay", Text("unspecified".into())),
            ("brand", Text(number.brand().as_str().into())),
            ("country", Text(number.country().into())),
        ];
        let last = [
            ("cvc_check", check(*has_cvc)),
            ("dynamic_last4", Null),
            ("email", Null),
            ("exp_month", Number(expiry.month.into())),
            ("exp_year", Number(expiry.year.into())),
            ("fingerprint", Text(fingerprint.into())),
            ("funding", Text(number.funding().as_str().into())),
            ("last4", Text(number.last4().into())),
            ("metadata", NoMetadata),
            ("name", sent(name)),
            ("networks", Networks(*preferred)),
            ("phone", Null),
            ("regulated_status", Text("unregulated".into())),
            ("tokenization_method", Null),
            ("wallet", Null),
        ];
        first.into_iter().chain(with_currency).chain(last)
    }

    pub(super) fn object(self) -> Value {
        Value::Object(self.fields().map(|(name, value)| (name.to_owned(), value.into())).collect())
    }
}

impl From<CardValue<'_>> for Value {
    fn from(value: CardValue<'_>) -> Self {
        match value {
            CardValue::Text(text) => text.into_owned().into(),
            CardValue::Null => Self::Null,
            CardValue::Number(number) => number.into(),
            CardValue::NoMetadata => json!({}),
            CardValue::Networks(preferred) => json!({ "preferred": preferred }),
        }
    }
}

/// What a bank is asked about a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CardStep {
    Charge,
    /// A charge by an intent, whose holder authenticated it where that is needed.
    Payment,
    /// The same, of which a part is enough, for a card of which a part is authorized.
    PartOfPayment,
    Attach,
}

/// What the bank, or a rule of the account, says to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BankVerdict {
    Approved,
    /// The error names no charge yet: where there is one, the handler adds it.
    Declined {
        error: ApiError,
        /// Why Radar blocked the payment; `None` where the bank declined it.
        radar_block: Option<RadarBlock>,
    },
}

/// Why Radar blocks a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RadarBlock {
    /// Its risk is too high.
    Risk,
    /// The card is on the account's list of blocked ones.
    BlockList,
    /// A rule of the account that looks at the checks, for which the bank was asked.
    ChecksRule,
}

/// What a ready alias has of its own: some aliases of one card differ in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct AliasTraits {
    decline_code: Option<&'static str>,
    radar_block: Option<RadarBlock>,
}

impl AliasTraits {
    fn of(alias: &str) -> Self {
        let declined = |code| Self { decline_code: Some(code), ..Self::default() };
        let name = alias.strip_prefix("tok_").or(alias.strip_prefix(METHOD_ALIAS)).unwrap_or_default();
        match name {
            "visa_chargeCustomerFailLostCard" => declined("lost_card"),
            "visa_chargeCustomerFailStolenCard" => declined("stolen_card"),
            // Reported by a fake that compares itself with Stripe (stripe-stateful-mock).
            "chargeDeclinedFraudulent" | "visa_chargeDeclinedFraudulent" => {
                Self { radar_block: Some(RadarBlock::BlockList), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

impl PaymentCard {
    /// The card behind a token or a ready alias. Nothing is changed yet: see [`PaymentCard::spend`].
    ///
    /// # Errors
    /// A token that does not exist or was used; a card token where the account does not take them.
    pub(super) fn of_token(call: &mut MinterCall<'_>, id: &str, param: &str) -> Result<Self, CallError> {
        // Charges and customers name the token itself, payment methods a field of their card.
        if !call.policies.card_tokens_on_charges && !param.ends_with("[token]") {
            return Err(card_tokens_refused().into());
        }
        let published = test_cards::by_alias(id).filter(|_| id.starts_with("tok_"));
        if let Some(card) = published.and_then(|card| Self::of_alias(call, id, card)) {
            return Ok(card);
        }
        if let Some((_, kind)) = OTHER_SOURCES.iter().find(|(prefix, _)| id.starts_with(prefix)) {
            let message = format!("Testcard's local minter takes card tokens only: it does not model {kind}.");
            return Err(ApiError::request(None, Some(param), message).into());
        }
        let token = call.ledger.get(ObjectKind::Token, id)?.ok_or_else(|| ApiError::no_such("token", id, param))?;
        if token.body["used"] == json!(true) {
            let message = format!("You cannot use a Stripe token more than once: {id}.");
            return Err(ApiError::request(Some("token_already_used"), None, message).of_state().into());
        }
        Ok(Self { body: token.body["card"].clone(), state: token.state.clone(), token: Some(token) })
    }

    /// A fresh card of a ready alias. It counts as sent with a security code and with the part of the address that its
    /// row has a check for that does not pass, and is good until this month of the next year: undocumented by Stripe,
    /// our choice.
    pub(super) fn of_alias(call: &MinterCall<'_>, alias: &str, card: &'static TestCard) -> Option<Self> {
        let today: Date = TimeZone::UTC.to_datetime(call.now).date();
        let sent = |check, text: &str| (card.check(check) != "pass").then(|| text.to_owned());
        let details = CardDetails {
            number: CardNumber::parse(&card.number)?,
            expiry: CardExpiry { month: today.month(), year: today.year() + 1 },
            has_cvc: true,
            name: None,
            address: CardAddress {
                line1: sent(BankCheck::Line1, "1 Test Street"),
                zip: sent(BankCheck::Zip, "12345"),
                ..CardAddress::default()
            },
            currency: None,
            preferred: None,
        };
        Some(Self::of_details(call, &details, Some(alias)))
    }

    /// A fresh card of the details that a call sent.
    pub(super) fn of_details(call: &MinterCall<'_>, details: &CardDetails, alias: Option<&str>) -> Self {
        let (id, fingerprint) = (call.ids.card(call.now), call.workspace.fingerprint(&details.number));
        let body = NewCard { id: &id, fingerprint: &fingerprint, details }.object();
        Self { body, state: state(details, alias), token: None }
    }

    /// A customer's card as kept.
    pub(super) fn of_customer(card: StoredObject) -> Self {
        Self { body: card.body, state: card.state, token: None }
    }

    /// The card of a payment method, with the id of that.
    pub(super) fn of_method(method: &StoredObject) -> Self {
        let (body, card) = (&method.body, &method.body["card"]);
        let (billing, checks) = (&body["billing_details"], &card["checks"]);
        let brand = Brand::ALL.into_iter().find(|brand| card["brand"] == brand.code()).unwrap_or(Brand::Unknown);
        let body = json!({
            "id": body["id"],
            "object": "card",
            "address_city": billing["address"]["city"],
            "address_country": billing["address"]["country"],
            "address_line1": billing["address"]["line1"],
            "address_line1_check": checks["address_line1_check"],
            "address_line2": billing["address"]["line2"],
            "address_state": billing["address"]["state"],
            "address_zip": billing["address"]["postal_code"],
            "address_zip_check": checks["address_postal_code_check"],
            "brand": brand.as_str(),
            "country": card["country"],
            "customer": body["customer"],
            "cvc_check": checks["cvc_check"],
            "exp_month": card["exp_month"],
            "exp_year": card["exp_year"],
            "fingerprint": card["fingerprint"],
            "funding": card["funding"],
            "last4": card["last4"],
            "name": billing["name"],
            "networks": { "preferred": card["networks"]["preferred"] },
        });
        Self { body, state: method.state.clone(), token: None }
    }

    pub(super) fn published(&self) -> Option<&'static TestCard> {
        published(&self.state)
    }

    fn is_sent(&self, check: BankCheck) -> bool {
        is_sent(&self.state, check)
    }

    /// The result of a check once the bank has seen the card: null where nothing was sent.
    fn result(&self, check: BankCheck) -> Option<&'static str> {
        result_of(&self.state, check)
    }

    /// What the bank, or the account's own rules, say to a step.
    pub(super) fn verdict(&self, call: &MinterCall<'_>, step: CardStep) -> BankVerdict {
        if let Some(declined) = self.published().and_then(|card| self.listed_decline(call, card, step)) {
            return declined;
        }
        let blocks = |is_on: bool, check: BankCheck| is_on && self.result(check) == Some("fail");
        if blocks(call.policies.block_if_cvc_fails, BankCheck::Cvc) {
            return blocked(call, "incorrect_cvc", "cvc", "Your card's security code is incorrect.");
        }
        if blocks(call.policies.block_if_zip_fails, BankCheck::Zip) {
            return blocked(call, "incorrect_zip", "address_zip", INCORRECT_ZIP);
        }
        BankVerdict::Approved
    }

    /// The decline that the table of test cards lists for a step.
    fn listed_decline(&self, call: &MinterCall<'_>, card: &'static TestCard, step: CardStep) -> Option<BankVerdict> {
        let outcome = match step {
            CardStep::Charge | CardStep::Payment => &card.at_charge,
            CardStep::PartOfPayment => return None,
            CardStep::Attach => &card.at_attach,
        };
        let StepOutcome::Refused { code, decline_code, message, param } = outcome else { return None };
        if step == CardStep::Payment && code == AUTHENTICATION_REQUIRED {
            let error = declined_later(call, card.decline_after_authentication()?);
            return Some(BankVerdict::Declined { error, radar_block: None });
        }
        // 4000000000000127 fails by its security code, so only when one was sent.
        if code == "incorrect_cvc" && !self.is_sent(BankCheck::Cvc) {
            return None;
        }
        let listed = Some(decline_code.as_str()).filter(|listed| !listed.is_empty());
        let decline_code = self.alias_traits().decline_code.or(listed);
        let error = ApiError {
            // Recorded: an empty one where a card does not attach, none at a charge.
            param: (step == CardStep::Attach || !param.is_empty()).then(|| param.clone()),
            decline: Some(Box::new(decline_of(call, code, decline_code))),
            ..ApiError::card(code, param, message)
        };
        let is_blocked = decline_code == Some("fraudulent");
        let radar_block = is_blocked.then(|| self.alias_traits().radar_block.unwrap_or(RadarBlock::Risk));
        Some(BankVerdict::Declined { error, radar_block })
    }

    /// What a ready alias has of its own.
    fn alias_traits(&self) -> AliasTraits {
        self.state["alias"].as_str().map(AliasTraits::of).unwrap_or_default()
    }

    /// How risky a charge of this card is to Radar: the descriptions of the test cards say so.
    pub(super) fn risk_level(&self) -> &'static str {
        let description = self.published().map(|card| card.description.to_lowercase()).unwrap_or_default();
        if description.starts_with("highest risk") || description.contains("risk_level highest") {
            "highest"
        } else if description.contains("elevated risk") {
            "elevated"
        } else {
            "normal"
        }
    }

    /// The networks that the card runs on, in `payment_method.card.networks`.
    pub(super) fn networks(&self) -> Vec<&'static str> {
        let known = self.published().map(|card| &card.available_networks[..]).unwrap_or_default();
        if known.is_empty() { vec![self.brand_code()] } else { known.iter().map(String::as_str).collect() }
    }

    /// The word for the brand in `payment_method_details`.
    pub(super) fn brand_code(&self) -> &'static str {
        self.body["brand"].as_str().and_then(|word| word.parse().ok()).unwrap_or(Brand::Unknown).code()
    }

    /// Writes what charges and payment methods show alike of a card.
    pub(super) fn show_in(&self, shown: &mut Value) {
        shown["brand"] = self.brand_code().into();
        for (field, check) in [
            ("address_line1_check", "address_line1_check"),
            ("address_postal_code_check", "address_zip_check"),
            ("cvc_check", "cvc_check"),
        ] {
            shown["checks"][field] = self.body[check].clone();
        }
        for field in ["country", "exp_month", "exp_year", "fingerprint", "funding", "last4"] {
            shown[field] = self.body[field].clone();
        }
    }

    /// Name and address of a card, as charges and payment methods show them.
    pub(super) fn billing_details(&self) -> Value {
        let card = &self.body;
        json!({
            "address": {
                "city": card["address_city"],
                "country": card["address_country"],
                "line1": card["address_line1"],
                "line2": card["address_line2"],
                "postal_code": card["address_zip"],
                "state": card["address_state"],
            },
            "email": null,
            "name": card["name"],
            "phone": null,
            "tax_id": null,
        })
    }

    /// Uses the token up. From here on the call is carried out, to an object or a decline.
    pub(super) fn spend(&mut self, call: &mut MinterCall<'_>) -> Result<(), LedgerError> {
        if let Some(token) = &mut self.token {
            token.body["used"] = true.into();
            call.ledger.update(token)?;
        }
        Ok(())
    }

    /// Writes the results of the checks into the card, as it looks after a charge or an attach. The token keeps the
    /// ones that it had.
    pub(super) fn take_checks(&mut self, verdict: &BankVerdict) {
        let [cvc, line1, zip] = check_results(&self.state, verdict);
        self.body["cvc_check"] = cvc.into();
        self.body["address_line1_check"] = line1.into();
        self.body["address_zip_check"] = zip.into();
    }
}

/// The published test card of a card's [`state`].
pub(super) fn published(state: &Value) -> Option<&'static TestCard> {
    state["number"].as_str().and_then(test_cards::by_number)
}

fn is_sent(state: &Value, check: BankCheck) -> bool {
    let key = match check {
        BankCheck::Cvc => "cvc_sent",
        BankCheck::Line1 => "line1_sent",
        BankCheck::Zip => "zip_sent",
    };
    state[key] == json!(true)
}

fn result_of(state: &Value, check: BankCheck) -> Option<&'static str> {
    is_sent(state, check).then(|| published(state).map_or("pass", |card| card.check(check)))
}

/// The results of the checks of security code, address line and ZIP code after a verdict, by the card's [`state`]. Recorded:
/// what was sent is "unavailable" where Radar blocked the payment before the bank saw it.
pub(super) fn check_results(state: &Value, verdict: &BankVerdict) -> [Option<&'static str>; 3] {
    let is_unseen =
        matches!(verdict, BankVerdict::Declined { radar_block: Some(RadarBlock::Risk | RadarBlock::BlockList), .. });
    [BankCheck::Cvc, BankCheck::Line1, BankCheck::Zip].map(|check| {
        let result = result_of(state, check);
        if is_unseen { result.map(|_| "unavailable") } else { result }
    })
}

/// The code of a decline that an authentication would have prevented.
const AUTHENTICATION_REQUIRED: &str = "authentication_required";

/// A decline that the table of test cards does not list.
pub(super) fn declined_later(call: &MinterCall<'_>, later: LaterDecline) -> ApiError {
    let decline = decline_of(call, "card_declined", Some(later.decline_code));
    let error = ApiError { param: None, ..ApiError::card("card_declined", "", later.message) };
    ApiError { decline: Some(Box::new(decline)), ..error }
}

/// The decline of a payment whose holder would have had to authenticate it: recorded in 2023.
pub(super) fn authentication_required(call: &MinterCall<'_>) -> ApiError {
    let decline = decline_of(call, AUTHENTICATION_REQUIRED, Some(AUTHENTICATION_REQUIRED));
    let message = "Your card was declined. This transaction requires authentication.";
    let error = ApiError { param: None, ..ApiError::card(AUTHENTICATION_REQUIRED, "", message) };
    ApiError { decline: Some(Box::new(decline)), ..error }
}

/// The decline of a payment whose authentication ends in an error of the bank (docs.stripe.com/testing): the words are those
/// of a charge that ends so.
pub(super) fn processing_error(call: &MinterCall<'_>) -> ApiError {
    let message = "An error occurred while processing your card. Try again in a little bit.";
    let decline = decline_of(call, "processing_error", None);
    let error = ApiError { param: None, ..ApiError::card("processing_error", "", message) };
    ApiError { decline: Some(Box::new(decline)), ..error }
}

/// Recorded in 2023.
const INCORRECT_ZIP: &str = "Your card could not be authorized using the postal code provided. Please update the \
                             postal code, or contact your card issuer for further details.";

/// A rule of the account blocks the card. No network is heard, so it gives no advice.
fn blocked(call: &MinterCall<'_>, code: &'static str, param: &str, message: &str) -> BankVerdict {
    let decline = Decline { advice: DeclineAdvice::default(), ..decline_of(call, code, None) };
    let error = ApiError { decline: Some(Box::new(decline)), ..ApiError::card(code, param, message) };
    BankVerdict::Declined { error, radar_block: Some(RadarBlock::ChecksRule) }
}

/// What a decline says besides its code. Where no decline code is listed, the code stands for it in newer versions
/// (recorded at 2026-06-24.dahlia), and older ones have none (recorded at 2023-10-16).
fn decline_of(call: &MinterCall<'_>, code: &'static str, decline_code: Option<&'static str>) -> Decline {
    let gives_advice = ShownAs::of(call.version).gives_advice();
    let advice =
        if gives_advice { declines::advice_on(decline_code.unwrap_or(code)) } else { DeclineAdvice::default() };
    Decline { code: decline_code.or(call.shows_current_shape().then_some(code)), charge: None, advice }
}

fn card_tokens_refused() -> ApiError {
    let message = "Card Token usage on the Customers API and Charges API has reached end of life. In order to continue \
                   processing your payments, you will need to use the Payment Intents and Payment Methods API. Read \
                   more about what you should do here: \
                   https://docs.stripe.com/payments/payment-methods/integration-options. If you need to continue to \
                   use Card Tokens on the Customers and Charges API, enable this functionality in your API policies \
                   settings: https://dashboard.stripe.com/settings/developers/api-policies";
    ApiError::request(None, None, message)
}
