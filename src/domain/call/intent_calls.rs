//! The calls by which a payment intent pays, and the program's own one by which its payer authenticates it, for tests
//! without a browser.

use super::{
    api::{ApiRequest, HttpMethod},
    params::Params,
};
use crate::domain::words::words;

/// `POST /v1/payment_intents`, confirmed at once. Its fields are sent unchecked, because testers send wrong values on
/// purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentCall {
    /// A token, which it uses up, or a payment method; a ready alias of either.
    pub payer: String,
    /// In the currency's smallest unit: 2000 is $20.00.
    pub amount: String,
    /// ISO 4217, in lower case.
    pub currency: String,
    /// The customer that the payment method belongs to.
    pub customer: Option<String>,
    /// `automatic`, or `manual` for a capture of its own; `None` leaves it to the API.
    pub capture: Option<String>,
    /// Whether the card's bank may authorize a part of the amount.
    pub takes_part: bool,
}

/// The parameter of an intent that says whether a part of its amount is enough, and its word for yes.
pub const PARTIAL_AUTHORIZATION: &str = "payment_method_options[card][request_partial_authorization]";
pub const IF_AVAILABLE: &str = "if_available";

impl PaymentCall {
    /// The request of this call with an idempotency key.
    pub fn to_api(&self, idempotency_key: &str) -> ApiRequest {
        let mut params = Params::new();
        let mut add = |name: &str, value: &str| params.push(name, value);
        add("amount", &self.amount);
        add("currency", &self.currency);
        add("confirm", "true");
        add("payment_method_types[0]", "card");
        if self.payer.starts_with("tok_") {
            add("payment_method_data[type]", "card");
            add("payment_method_data[card][token]", &self.payer);
        } else {
            add("payment_method", &self.payer);
        }
        if let Some(customer) = &self.customer {
            add("customer", customer);
        }
        if let Some(capture) = &self.capture {
            add("capture_method", capture);
        }
        if self.takes_part {
            add(PARTIAL_AUTHORIZATION, IF_AVAILABLE);
        }
        let headers = vec![("Idempotency-Key".to_owned(), idempotency_key.to_owned())];
        ApiRequest { method: HttpMethod::Post, path: "/v1/payment_intents".to_owned(), params, headers }
    }
}

/// How the authentication of an intent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationResult {
    Complete,
    Fail,
    Cancel,
}

words!(AuthenticationResult {
    Complete => "complete",
    Fail => "fail",
    Cancel => "cancel",
});

/// Where the call is sent that ends an authentication. It is none of Stripe's.
pub const AUTHENTICATE: &str = "/_testcard/authenticate";
/// Its parameter with the id of the intent.
pub const INTENT: &str = "intent";
/// Its parameter with the result, a word of [`AuthenticationResult`].
pub const RESULT: &str = "result";

/// The call that ends the authentication of an intent. Its parameters are checked by the minter.
pub fn authenticate(params: Params, headers: Vec<(String, String)>) -> ApiRequest {
    ApiRequest { method: HttpMethod::Post, path: AUTHENTICATE.to_owned(), params, headers }
}
