//! What payment intents and setup intents have in common: how one is found, who may see how much of it, with which payment
//! method it is confirmed, and what its caller has to do next.

use serde_json::{Map, Value, json};

use super::{
    answers,
    call::{CallError, MinterCall},
    fields::CallFields,
    ledger::LedgerError,
    lookup::customer_of_param,
    method_object::{CARD, CallMethod},
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{
    call::{
        error::{ApiError, ErrorKind},
        event_type::EventType,
    },
    card::{
        authentication::{AuthenticationDemand, AuthenticationStep, CardUse},
        test_cards::TestCard,
    },
    mask,
};

/// Which kind of intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IntentKind {
    Payment,
    Setup,
}

/// The statuses of intents.
pub(super) const REQUIRES_METHOD: &str = "requires_payment_method";
pub(super) const REQUIRES_CONFIRMATION: &str = "requires_confirmation";
pub(super) const REQUIRES_ACTION: &str = "requires_action";
pub(super) const REQUIRES_CAPTURE: &str = "requires_capture";
pub(super) const PROCESSING: &str = "processing";
pub(super) const SUCCEEDED: &str = "succeeded";
pub(super) const CANCELED: &str = "canceled";

impl IntentKind {
    pub(super) fn object(self) -> ObjectKind {
        match self {
            Self::Payment => ObjectKind::PaymentIntent,
            Self::Setup => ObjectKind::SetupIntent,
        }
    }

    /// The word in messages.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Payment => "PaymentIntent",
            Self::Setup => "SetupIntent",
        }
    }

    /// The field with what went wrong last.
    pub(super) fn last_error(self) -> &'static str {
        match self {
            Self::Payment => "last_payment_error",
            Self::Setup => "last_setup_error",
        }
    }

    fn code_of_state(self) -> &'static str {
        match self {
            Self::Payment => "payment_intent_unexpected_state",
            Self::Setup => "setup_intent_unexpected_state",
        }
    }

    /// Says that a new intent was kept, before it is confirmed.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn created(self, call: &mut MinterCall<'_>, intent: &StoredObject) -> Result<(), LedgerError> {
        let created = match self {
            Self::Payment => EventType::named("payment_intent.created"),
            Self::Setup => EventType::named("setup_intent.created"),
        };
        call.happened(created, intent)
    }

    /// Says what came of an intent that was confirmed, captured, authenticated or cancelled, which is kept by now.
    ///
    /// # Errors
    /// A ledger that cannot be written.
    pub(super) fn went_on(self, call: &mut MinterCall<'_>, intent: &StoredObject) -> Result<(), LedgerError> {
        let event = match (self, intent.body["status"].as_str().unwrap_or_default()) {
            (Self::Payment, SUCCEEDED) => EventType::named("payment_intent.succeeded"),
            (Self::Payment, REQUIRES_CAPTURE) => EventType::named("payment_intent.amount_capturable_updated"),
            (Self::Payment, REQUIRES_ACTION) => EventType::named("payment_intent.requires_action"),
            (Self::Payment, REQUIRES_METHOD) => EventType::named("payment_intent.payment_failed"),
            (Self::Payment, CANCELED) => EventType::named("payment_intent.canceled"),
            (Self::Setup, SUCCEEDED) => EventType::named("setup_intent.succeeded"),
            (Self::Setup, REQUIRES_ACTION) => EventType::named("setup_intent.requires_action"),
            (Self::Setup, REQUIRES_METHOD) => EventType::named("setup_intent.setup_failed"),
            (Self::Setup, CANCELED) => EventType::named("setup_intent.canceled"),
            // Ready to be confirmed once more: nothing happened that Stripe tells.
            _ => return Ok(()),
        };
        call.happened(event, intent)
    }

    /// The intent that a path names. Recorded, with the two spellings.
    pub(super) fn find(self, call: &mut MinterCall<'_>, id: &str) -> Result<StoredObject, CallError> {
        let what = match self {
            Self::Payment => "payment_intent",
            Self::Setup => "setupintent",
        };
        let found = call.ledger.get(self.object(), id)?;
        Ok(found.ok_or_else(|| ApiError::no_such(what, id, "intent").with_status(404))?)
    }

    /// A refusal for what the intent is by now. It shows the intent.
    pub(super) fn unexpected_state(self, intent: &Value, message: impl Into<String>) -> ApiError {
        let error = ApiError::request(Some(self.code_of_state()), None, message);
        error.of_state().showing(self.object().as_str(), intent.clone())
    }

    /// Checks the client secret that a call sends. With a publishable key it has to send one. Reported: the refusal of a
    /// wrong one (woocommerce-gateway-stripe#5300).
    ///
    /// # Errors
    /// A missing one and a wrong one.
    pub(super) fn check_secret(
        self,
        call: &MinterCall<'_>,
        fields: &CallFields<'_>,
        intent: &Value,
    ) -> Result<(), ApiError> {
        match fields.word(CLIENT_SECRET)? {
            None if call.is_publishable => Err(ApiError::missing(CLIENT_SECRET)),
            // A secret that may be taken for a number is kept masked.
            Some(sent) if intent[CLIENT_SECRET] != sent && intent[CLIENT_SECRET] != mask::text(sent).as_str() => {
                let word = self.word();
                let message =
                    format!("The client_secret provided does not match the client_secret associated with the {word}.");
                let code = (self == Self::Payment).then_some("payment_intent_invalid_parameter");
                Err(ApiError::request(code, Some(CLIENT_SECRET), message))
            }
            _ => Ok(()),
        }
    }

    /// The intent as the caller may see it: all of it with a secret key, what the payer's browser needs with a publishable
    /// one (docs.stripe.com/api/payment_intents/object and …/setup_intents/object name these fields).
    pub(super) fn seen(self, call: &MinterCall<'_>, mut intent: Value) -> Value {
        if call.is_publishable
            && let Some(fields) = intent.as_object_mut()
        {
            let public = match self {
                Self::Payment => PUBLIC_OF_PAYMENT,
                Self::Setup => PUBLIC_OF_SETUP,
            };
            fields.retain(|name, _| public.contains(&name.as_str()));
        }
        intent
    }

    /// Checks that the intent's customer may use a payment method. Recorded or reported.
    ///
    /// # Errors
    /// One of another customer, one that needs its customer, and one that was used up.
    pub(super) fn check_method(self, method: &CallMethod, customer: Option<&str>) -> Result<(), ApiError> {
        let id = method.id();
        let refused = |message: String| Err(ApiError::request(None, Some(METHOD), message).of_state());
        match (method.customer(), customer) {
            (Some(owner), None) if self == Self::Payment => refused(format!(
                "The `payment_method` parameter supplied {id} belongs to the Customer {owner}. Please include the \
                 Customer in the `customer` parameter on the PaymentIntent."
            )),
            (Some(owner), None) => refused(format!(
                "The payment method supplied ({id}) belongs to the Customer {owner}. Please include the Customer in the \
                 `customer` parameter on the SetupIntent."
            )),
            (Some(owner), Some(customer)) if owner != customer => refused(format!(
                "The PaymentMethod {id} does not belong to the Customer you supplied {customer}. Please use this \
                 PaymentMethod with the Customer that it belongs to instead."
            )),
            _ if method.is_spent() => {
                let message = "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
                               attachment, shared with a connected account without Customer attachment, or was detached \
                               from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must \
                               attach it to a Customer first.";
                Err(ApiError::request(None, None, message).of_state())
            }
            _ => Ok(()),
        }
    }

    /// Checks that an intent may use a payment method now: its customer was not deleted meanwhile, and
    /// [`Self::check_method`] lets it.
    ///
    /// # Errors
    /// As [`Self::check_method`], and a customer that is gone.
    pub(super) fn check_use(
        self,
        call: &mut MinterCall<'_>,
        intent: &Value,
        method: &CallMethod,
    ) -> Result<(), CallError> {
        let customer = intent["customer"].as_str();
        if let Some(customer) = customer {
            customer_of_param(call, customer)?;
        }
        Ok(self.check_method(method, customer)?)
    }

    /// The refusal to confirm an intent that has no payment method. Reported.
    pub(super) fn method_missing(self, intent: &Value) -> ApiError {
        let word = self.word();
        let way = match intent["customer"].as_str().filter(|_| self == Self::Payment) {
            Some(customer) => format!(
                "To confirm the PaymentIntent with {customer}, specify a payment method attached to this customer along \
                 with the customer ID."
            ),
            None => format!(
                "You can either update the {word} with a payment method and then confirm it again, or confirm it again \
                 directly with a payment method or ConfirmationToken."
            ),
        };
        let message = format!("You cannot confirm this {word} because it's missing a payment method. {way}");
        self.unexpected_state(intent, message)
    }

    /// The refusal of an intent that takes every payment method of the account, for some of them lead the payer away.
    /// Reported.
    ///
    /// # Errors
    /// For an intent that is confirmed without a way back.
    pub(super) fn check_way_back(self, intent: &Value, return_url: Option<&str>) -> Result<(), ApiError> {
        if intent[AUTOMATIC]["allow_redirects"] != "always" || return_url.is_some() {
            return Ok(());
        }
        let message = format!(
            "This {} is configured to accept payment methods enabled in your Dashboard. Because some of these payment \
             methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to \
             accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and \
             `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
            self.word()
        );
        Err(ApiError::request(None, None, message))
    }

    /// Writes what went wrong into the intent, which needs another payment method now; gives the error that shows both.
    /// There is no payment method to show where it is gone.
    pub(super) fn fail(self, intent: &mut Value, method: Option<&CallMethod>, error: ApiError) -> ApiError {
        let error = match method {
            Some(method) => error.showing(METHOD, method.object.body.clone()),
            None => error,
        };
        intent["status"] = REQUIRES_METHOD.into();
        intent[METHOD] = Value::Null;
        intent["next_action"] = Value::Null;
        intent[self.last_error()] = Value::Object(answers::attributes_of(&error, None));
        error.showing(self.object().as_str(), intent.clone())
    }

    /// What the bank wants to happen before the card is used.
    pub(super) fn authentication(
        self,
        intent: &Value,
        method: &CallMethod,
        is_off_session: bool,
    ) -> AuthenticationStep {
        let asked = intent["payment_method_options"][CARD]["request_three_d_secure"].as_str();
        let card_use = CardUse {
            is_off_session,
            is_requested: matches!(asked, Some("any" | "challenge")),
            is_set_up: method.is_set_up(),
            is_setup: self == Self::Setup,
        };
        method.published().map_or(AuthenticationDemand::Never, TestCard::authentication).step(card_use)
    }

    /// The refusal that an intent shows whose payer did not authenticate the card (docs.stripe.com/error-codes).
    pub(super) fn authentication_failed(self) -> ApiError {
        let (code, message) = match self {
            Self::Payment => (
                "payment_intent_authentication_failure",
                "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new \
                 PaymentMethod to attempt to fulfill this PaymentIntent again.",
            ),
            Self::Setup => (
                "setup_intent_authentication_failure",
                "The latest attempt to set up the payment method has failed because authentication failed.",
            ),
        };
        ApiError { kind: ErrorKind::InvalidRequest, ..ApiError::request(Some(code), None, message) }
    }
}

/// An error as the caller may see it: with the intents that it shows as [`IntentKind::seen`] leaves them, and their payers'
/// pages at the server that is asked.
pub(super) fn seen_in_error(call: &MinterCall<'_>, mut error: ApiError) -> ApiError {
    for (name, object) in &mut error.objects {
        let kind = [IntentKind::Payment, IntentKind::Setup].into_iter().find(|kind| kind.object().as_str() == *name);
        if let Some(kind) = kind {
            *object = kind.seen(call, object.take());
            if let (Some(pages), Some(intent)) = (call.payer_pages, object.as_object_mut()) {
                shapes::lead_here(pages, intent);
            }
        }
    }
    error
}

pub(super) const METHOD: &str = "payment_method";
pub(super) const CLIENT_SECRET: &str = "client_secret";
pub(super) const AUTOMATIC: &str = "automatic_payment_methods";

const PUBLIC_OF_PAYMENT: &[&str] = &[
    "id",
    "object",
    "amount",
    "amount_details",
    AUTOMATIC,
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    CLIENT_SECRET,
    "confirmation_method",
    "created",
    "currency",
    "description",
    "excluded_payment_method_types",
    "last_payment_error",
    "livemode",
    "next_action",
    METHOD,
    "payment_method_configuration_details",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
];
const PUBLIC_OF_SETUP: &[&str] = &[
    "id",
    "object",
    AUTOMATIC,
    "cancellation_reason",
    CLIENT_SECRET,
    "created",
    "description",
    "excluded_payment_method_types",
    "last_setup_error",
    "livemode",
    "next_action",
    METHOD,
    "payment_method_configuration_details",
    "payment_method_types",
    "status",
    "usage",
];

/// The intent of either kind with this id.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn of_either_kind(
    call: &mut MinterCall<'_>,
    id: &str,
) -> Result<Option<(IntentKind, StoredObject)>, LedgerError> {
    for kind in [IntentKind::Payment, IntentKind::Setup] {
        if let Some(intent) = call.ledger.get(kind.object(), id)? {
            return Ok(Some((kind, intent)));
        }
    }
    Ok(None)
}

/// The payment method that an intent has.
///
/// # Errors
/// A ledger that cannot be read.
pub(super) fn method_in(call: &mut MinterCall<'_>, intent: &Value) -> Result<Option<CallMethod>, LedgerError> {
    match intent[METHOD].as_str() {
        Some(id) => CallMethod::find(call, id),
        None => Ok(None),
    }
}

/// What an intent's own attempts are: the members of its state.
pub(super) fn new_state() -> Value {
    Value::Object(Map::from_iter([("charges".to_owned(), json!([]))]))
}
