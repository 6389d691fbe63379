//! Read access to the token object in a response body.

use serde_json::Value;

/// A token object as Stripe returns it.
#[derive(Clone, Copy, Debug)]
pub struct TokenView<'a>(&'a Value);

impl<'a> TokenView<'a> {
    /// The token in a body; `None` if the body is not a token.
    pub fn of(body: &'a Value) -> Option<Self> {
        let is_token = body.get("object").and_then(Value::as_str) == Some("token");
        let has_id = body.get("id").and_then(Value::as_str).is_some_and(|id| !id.is_empty());
        (is_token && has_id).then_some(Self(body))
    }

    pub fn id(self) -> &'a str {
        self.0["id"].as_str().unwrap_or_default()
    }

    pub fn is_used(self) -> bool {
        self.0["used"].as_bool().unwrap_or(false)
    }

    /// In Unix seconds.
    pub fn created(self) -> Option<i64> {
        self.0["created"].as_i64()
    }

    fn card(self, key: &str) -> Option<&'a str> {
        self.0.get("card")?.get(key)?.as_str()
    }

    pub fn brand(self) -> Option<&'a str> {
        self.card("brand")
    }

    pub fn last4(self) -> Option<&'a str> {
        self.card("last4")
    }
}
