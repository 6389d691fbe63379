//! Stripe's error object: as our rules create it, and as a response contains it.

use std::collections::HashSet;

use serde_json::Value;

use crate::domain::{card::declines::DeclineAdvice, mask};

/// How many characters of each end of a value that is too long are repeated.
const ENDS_SHOWN: usize = 10;
/// Characters at each end that are masked before the ends are taken of them: longer than all that is masked as one, and
/// far shorter than a value of a megabyte.
const ENDS_MASKED: usize = 1000;

/// The `type` of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Api,
    Card,
    Idempotency,
    InvalidRequest,
}

impl ErrorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api_error",
            Self::Card => "card_error",
            Self::Idempotency => "idempotency_error",
            Self::InvalidRequest => "invalid_request_error",
        }
    }
}

/// An error response of Stripe: the form predicts it, and the minter sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    pub http_status: u16,
    pub kind: ErrorKind,
    pub code: Option<&'static str>,
    /// The parameter at fault. Card errors name the bare field (`number`), invalid requests the whole parameter
    /// (`card[number]`), and declines have an empty string.
    pub param: Option<String>,
    /// Never contains a value that may be a card number or a security code.
    pub message: String,
    /// The additional fields of a decline.
    pub decline: Option<Box<Decline>>,
    /// Whether the call was being carried out when it was refused, for what the objects are by then: a charge that is
    /// refunded already, a token that was used. Of such a refusal Stripe says that a repetition gives the same, and
    /// remembers it under the idempotency key; a refusal of a parameter leaves the key free.
    pub is_of_state: bool,
    /// The objects that the error shows whole, each under its attribute: `payment_intent`, `payment_method`,
    /// `setup_intent`. As they are today: the answer shows them as its version does.
    pub objects: Vec<(&'static str, Value)>,
}

/// The fields that only declines have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decline {
    /// The `decline_code`, such as `insufficient_funds`. Older versions have none where the error's code says it all.
    pub code: Option<&'static str>,
    /// The id of the failed charge.
    pub charge: Option<String>,
    /// What the network says besides.
    pub advice: DeclineAdvice,
}

impl ApiError {
    /// Status 402, type `card_error`, about one field of the card.
    pub fn card(code: &'static str, param: &str, message: &str) -> Self {
        Self {
            http_status: 402,
            kind: ErrorKind::Card,
            code: Some(code),
            param: Some(param.to_owned()),
            message: message.to_owned(),
            decline: None,
            is_of_state: false,
            objects: Vec::new(),
        }
    }

    /// Status 400, type `invalid_request_error`.
    pub fn request(code: Option<&'static str>, param: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            http_status: 400,
            kind: ErrorKind::InvalidRequest,
            code,
            param: param.map(str::to_owned),
            message: message.into(),
            decline: None,
            is_of_state: false,
            objects: Vec::new(),
        }
    }

    /// A required parameter is missing.
    pub fn missing(param: &str) -> Self {
        Self::request(Some("parameter_missing"), Some(param), format!("Missing required param: {param}."))
    }

    /// A parameter that cannot be unset is empty. Of `source` Stripe has words of its own, reported with the stray quote
    /// at the end (dj-stripe/dj-stripe#1837).
    pub fn empty(param: &str) -> Self {
        if param == "source" {
            let message = "Invalid source object: must be a dictionary or a non-empty string. See API docs at \
                           https://stripe.com/docs'";
            return Self::request(None, Some(param), message);
        }
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; \
             however '{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty \
             value."
        );
        Self::request(Some("parameter_invalid_empty"), Some(param), message)
    }

    /// A value has more characters than its parameter takes. Stripe repeats both ends of it, ten characters each
    /// (reported: polarsource/polar#5429); what may be a secret in it is masked.
    pub fn too_long(param: &str, value: &str, longest: usize) -> Self {
        let start = mask::param(param, first_chars(value, ENDS_MASKED)).0;
        let end = mask::param(param, last_chars(value, ENDS_MASKED)).0;
        let (start, end) = (first_chars(&start, ENDS_SHOWN), last_chars(&end, ENDS_SHOWN));
        Self::request(
            None,
            Some(param),
            format!("Invalid string: {start}...{end}; must be at most {longest} characters"),
        )
    }

    /// The object that a parameter names does not exist: status 400. For an object that the path names, Stripe sends
    /// 404.
    pub fn no_such(what: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {what}: '{}'", mask::text(id));
        Self::request(Some("resource_missing"), Some(param), message)
    }

    /// Refuses unknown parameters. Each is named once, in the order sent, and masked, because a name can contain a card
    /// number by mistake.
    ///
    /// # Errors
    /// If there is any name.
    pub fn refuse_unknown<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Self> {
        let mut seen = HashSet::new();
        let unknown: Vec<String> = names.filter(|name| seen.insert(*name)).map(mask::name).collect();
        let Some(first) = unknown.first() else { return Ok(()) };
        let plural = if unknown.len() > 1 { "parameters" } else { "parameter" };
        let message = format!("Received unknown {plural}: {}", unknown.join(", "));
        Err(Self::request(Some("parameter_unknown"), Some(first), message))
    }

    #[must_use]
    pub fn with_status(self, http_status: u16) -> Self {
        Self { http_status, ..self }
    }

    /// The same, as a refusal for what the objects are: see [`ApiError::is_of_state`].
    #[must_use]
    pub fn of_state(self) -> Self {
        Self { is_of_state: true, ..self }
    }

    /// The same, with an object that it shows.
    #[must_use]
    pub fn showing(mut self, attribute: &'static str, object: Value) -> Self {
        self.objects.push((attribute, object));
        self
    }

    /// Whether the call was carried out, to a decline or to a refusal for what the objects are.
    pub fn is_carried_out(&self) -> bool {
        self.http_status == 402 || self.is_of_state
    }

    /// Why the bank declined, if it did.
    pub fn decline_code(&self) -> Option<&'static str> {
        self.decline.as_ref()?.code
    }

    /// The code, or the type if the error has no code.
    pub fn label(&self) -> &str {
        self.code.unwrap_or(self.kind.as_str())
    }
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(end, _)| &text[..end])
}

fn last_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth_back(count - 1).map_or(text, |(start, _)| &text[start..])
}

/// Read access to the `error` object in a response body.
#[derive(Clone, Copy, Debug)]
pub struct ErrorView<'a>(&'a Value);

impl<'a> ErrorView<'a> {
    /// The error in a body; `None` if the body has none.
    pub fn of(body: &'a Value) -> Option<Self> {
        body.get("error").filter(|error| error.is_object()).map(Self)
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.0.get(key)?.as_str()
    }

    /// The error's `type`.
    pub fn kind(self) -> Option<&'a str> {
        self.text("type")
    }

    pub fn code(self) -> Option<&'a str> {
        self.text("code")
    }

    pub fn decline_code(self) -> Option<&'a str> {
        self.text("decline_code")
    }

    /// The parameter at fault; `None` if absent or empty.
    pub fn param(self) -> Option<&'a str> {
        self.text("param").filter(|param| !param.is_empty())
    }

    /// Whether the error is about the security code.
    pub fn is_about_cvc(self) -> bool {
        matches!(self.param(), Some("cvc" | "card[cvc]")) || self.code().is_some_and(|code| code.ends_with("_cvc"))
    }

    pub fn message(self) -> Option<&'a str> {
        self.text("message")
    }

    /// The most specific word for the error: the decline code, else the code, else the type.
    pub fn label(self) -> &'a str {
        self.decline_code().or(self.code()).or(self.kind()).unwrap_or("error")
    }
}
