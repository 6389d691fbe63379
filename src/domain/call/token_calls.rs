//! The calls that create a token and that use it up.

use serde_json::Value;

use super::{
    api::{ApiRequest, HttpMethod},
    intent_calls::PaymentCall,
    params::Params,
};

/// A call that uses a token up. Its fields are sent unchecked, because testers send wrong values on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenCall {
    /// `POST /v1/charges`.
    Charge {
        token: String,
        /// In the currency's smallest unit: 2000 is $20.00.
        amount: String,
        /// ISO 4217, in lower case.
        currency: String,
    },
    /// `POST /v1/payment_intents`, confirmed at once.
    Intent {
        token: String,
        /// As of a charge.
        amount: String,
        currency: String,
    },
    /// `POST /v1/customers/:id/sources`, or `POST /v1/customers` to attach to a new customer.
    Attach { token: String, customer: Option<String> },
}

impl TokenCall {
    pub const DEFAULT_AMOUNT: &'static str = "2000";
    pub const DEFAULT_CURRENCY: &'static str = "usd";

    pub fn token(&self) -> &str {
        match self {
            Self::Charge { token, .. } | Self::Intent { token, .. } | Self::Attach { token, .. } => token,
        }
    }

    /// The values of `object` that a successful response to this call has.
    fn makes(&self) -> &'static [&'static str] {
        match self {
            Self::Charge { .. } => &["charge"],
            Self::Intent { .. } => &["payment_intent"],
            Self::Attach { customer: None, .. } => &["customer"],
            Self::Attach { customer: Some(_), .. } => &["card", "source"],
        }
    }

    /// Whether the body is an object that this call creates. An API that sends a success status with another body has
    /// not carried out the call.
    pub fn is_made(&self, body: &Value) -> bool {
        made_by(body).is_some_and(|(object, _)| self.makes().contains(&object))
    }

    /// The request of this call with an idempotency key.
    pub fn to_api(&self, idempotency_key: &str) -> ApiRequest {
        let (path, params): (String, Params) = match self {
            Self::Charge { token, amount, currency } => {
                let params = [("amount", amount), ("currency", currency), ("source", token)];
                ("/v1/charges".to_owned(), params.into_iter().map(|(name, value)| (name, value.as_str())).collect())
            }
            Self::Intent { token, amount, currency } => {
                let (payer, amount, currency) = (token.clone(), amount.clone(), currency.clone());
                let call = PaymentCall { payer, amount, currency, customer: None, capture: None, takes_part: false };
                return call.to_api(idempotency_key);
            }
            Self::Attach { token, customer: Some(customer) } => {
                (format!("/v1/customers/{customer}/sources"), [("source", token.as_str())].into_iter().collect())
            }
            Self::Attach { token, customer: None } => {
                ("/v1/customers".to_owned(), [("source", token.as_str())].into_iter().collect())
            }
        };
        let headers = vec![("Idempotency-Key".to_owned(), idempotency_key.to_owned())];
        ApiRequest { method: HttpMethod::Post, path, params, headers }
    }
}

/// The `object` and `id` of a successful response.
fn made_by(body: &Value) -> Option<(&str, &str)> {
    Some((body.get("object")?.as_str()?, body.get("id")?.as_str()?))
}
/// The call that creates a card token, `POST /v1/tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    pub params: Params,
}

impl TokenRequest {
    pub const PATH: &'static str = "/v1/tokens";

    pub fn new(params: Params) -> Self {
        Self { params }
    }

    /// The request of this call with an idempotency key.
    pub fn to_api(&self, idempotency_key: &str) -> ApiRequest {
        ApiRequest {
            method: HttpMethod::Post,
            path: Self::PATH.to_owned(),
            params: self.params.clone(),
            headers: vec![("Idempotency-Key".to_owned(), idempotency_key.to_owned())],
        }
    }
}
