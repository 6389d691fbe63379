//! The two calls that use a token up: a charge, and the attach to a customer.

use serde_json::Value;

use super::{
    api::{ApiRequest, HttpMethod},
    params::Params,
};

/// A call that uses a token up. Its texts go out as they are: wrong ones are sent on purpose.
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
    /// `POST /v1/customers/:id/sources`; without a customer `POST /v1/customers`, which makes one.
    Attach { token: String, customer: Option<String> },
}

impl TokenCall {
    pub const DEFAULT_AMOUNT: &'static str = "2000";
    pub const DEFAULT_CURRENCY: &'static str = "usd";

    pub fn token(&self) -> &str {
        match self {
            Self::Charge { token, .. } | Self::Attach { token, .. } => token,
        }
    }

    /// What such a call makes, by the `object` of its answer.
    fn makes(&self) -> &'static [&'static str] {
        match self {
            Self::Charge { .. } => &["charge"],
            Self::Attach { customer: None, .. } => &["customer"],
            Self::Attach { customer: Some(_), .. } => &["card", "source"],
        }
    }

    /// Whether a body is what this call makes: an API that answers success with something else has not done it.
    pub fn is_made(&self, body: &Value) -> bool {
        made_by(body).is_some_and(|(object, _)| self.makes().contains(&object))
    }

    /// The call as it goes to a target, under an idempotency key of its own.
    pub fn to_api(&self, idempotency_key: &str) -> ApiRequest {
        let (path, params): (String, Params) = match self {
            Self::Charge { token, amount, currency } => {
                let params = [("amount", amount), ("currency", currency), ("source", token)];
                ("/v1/charges".to_owned(), params.into_iter().map(|(name, value)| (name, value.as_str())).collect())
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

/// The object that a successful answer tells of: what it is, and its id.
fn made_by(body: &Value) -> Option<(&str, &str)> {
    Some((body.get("object")?.as_str()?, body.get("id")?.as_str()?))
}
/// The one call that makes a card token, `POST /v1/tokens`, with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    pub params: Params,
}

impl TokenRequest {
    pub const PATH: &'static str = "/v1/tokens";

    pub fn new(params: Params) -> Self {
        Self { params }
    }

    /// The call as it goes to a target, under an idempotency key of its own.
    pub fn to_api(&self, idempotency_key: &str) -> ApiRequest {
        ApiRequest {
            method: HttpMethod::Post,
            path: Self::PATH.to_owned(),
            params: self.params.clone(),
            headers: vec![("Idempotency-Key".to_owned(), idempotency_key.to_owned())],
        }
    }
}
