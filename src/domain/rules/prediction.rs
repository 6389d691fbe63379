//! The rules of `POST /v1/tokens`. The form predicts Stripe's response with them, and the minter responds with them.
//!
//! Where Stripe does not document a check or its message, a comment says that it is our choice or our wording. Only the
//! first error is reported, in this order: unknown parameters, types and lengths, `expand`, combinations of parameters,
//! missing ones, empty ones, account policies, number, expiry, security code, currency, network, live numbers.

use jiff::civil::Date;

use super::policies::AccountPolicies;
use crate::domain::{
    call::{
        client_fields::is_client_field,
        error::{ApiError, Decline},
        params::{PREFERRED_NETWORK, Params},
    },
    card::{
        brand::Brand,
        currency::{ChargeCurrency, SUPPORTED},
        expiry::{CardExpiry, ExpiryFault},
        networks::stored_preference,
        number::CardNumber,
    },
    mask,
};

/// The text parameters of the `card` dictionary, in the order of the API reference.
pub const CARD_FIELDS: [&str; 12] = [
    "number",
    "exp_month",
    "exp_year",
    "cvc",
    "name",
    "address_line1",
    "address_line2",
    "address_city",
    "address_state",
    "address_zip",
    "address_country",
    "currency",
];
/// The parameters that a card dictionary must have, and that must not be empty.
const REQUIRED: [&str; 3] = ["card[number]", "card[exp_month]", "card[exp_year]"];
const CURRENCY: &str = "card[currency]";
/// The other kinds of tokens that this call creates. They are not cards, so they are not modelled.
const OTHER_KINDS: [&str; 5] = ["bank_account", "pii", "cvc_update", "account", "person"];
/// The longest value of a parameter, in characters.
const LONGEST_VALUE: usize = 5000;

/// The predicted outcome of a token request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// A token for this card.
    Token(Box<CardDetails>),
    /// A token for a customer's card. Its outcome depends on the objects that the account has.
    Clone {
        customer: String,
        /// The id of the card; `None` for the customer's default card.
        card: Option<String>,
    },
    /// An error.
    Refused(ApiError),
}

impl Prediction {
    pub fn error(&self) -> Option<&ApiError> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Token(_) | Self::Clone { .. } => None,
        }
    }
}

/// A card that passed every check, as the token will contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardDetails {
    pub number: CardNumber,
    pub expiry: CardExpiry,
    /// Whether a security code was sent. The code itself is not kept.
    pub has_cvc: bool,
    pub name: Option<String>,
    pub address: CardAddress,
    /// The currency that payouts to the card are to be in.
    pub currency: Option<ChargeCurrency>,
    /// `networks.preferred` as the card object stores it, if a preference was sent.
    pub preferred: Option<&'static str>,
}

/// The billing address as it was sent, masked. A field that was absent or empty is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardAddress {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub zip: Option<String>,
    pub country: Option<String>,
}

/// What Stripe's test mode responds to a token request with these parameters on `today`, a day in UTC.
///
/// The local minter responds exactly as predicted, except where the outcome depends on stored objects: then the
/// prediction is [`Prediction::Clone`].
pub fn predict(params: &Params, today: Date, policies: AccountPolicies) -> Prediction {
    let shape = check_names(params).and_then(|()| check_expand(params));
    let checked = shape.and_then(|()| check_kind(params)).and_then(|kind| match kind {
        TokenKind::Clone { customer, card } => Ok(Prediction::Clone { customer, card }),
        TokenKind::Card => check_card(params, today, policies).map(|card| Prediction::Token(Box::new(card))),
    });
    checked.unwrap_or_else(Prediction::Refused)
}

/// What the name of a parameter means to this call.
enum ParamShape<'a> {
    Known,
    Unknown,
    /// What a browser or device tells about itself: taken whatever its value.
    OfClient,
    /// A dictionary where a text is required, such as `card[number][x]`. Holds the name of the text parameter.
    NotText(String),
    /// A text where a dictionary or a list is required.
    NotObject(&'a str),
    OtherKind(&'static str),
}

fn meaning(name: &str) -> ParamShape<'_> {
    let (root, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    if let Some(kind) = OTHER_KINDS.into_iter().find(|kind| *kind == root) {
        return ParamShape::OtherKind(kind);
    }
    match (root, rest) {
        ("card", "" | "[networks][preferred]") | ("customer", "") => ParamShape::Known,
        ("customer", _) => ParamShape::NotText("customer".to_owned()),
        ("expand", "") | ("card", "[networks]") => ParamShape::NotObject(name),
        ("expand", index)
            if index[1..index.len() - usize::from(index.ends_with(']'))].bytes().all(|b| b.is_ascii_digit()) =>
        {
            ParamShape::Known
        }
        ("card", field) => {
            let inner = &field[1..field.find(']').unwrap_or(field.len())];
            match (CARD_FIELDS.contains(&inner), field.len() == inner.len() + 2 && field.ends_with(']')) {
                (true, true) => ParamShape::Known,
                (true, false) if field[1 + inner.len()..].starts_with("][") => {
                    ParamShape::NotText(format!("card[{inner}]"))
                }
                _ => ParamShape::Unknown,
            }
        }
        _ if is_client_field(name) => ParamShape::OfClient,
        _ => ParamShape::Unknown,
    }
}

/// What `expand[]` may name: the card, which a token always contains in full, and what Stripe expands elsewhere and a
/// card token does not have.
const EXPANDABLE: [&str; 4] = ["bank_account", "card", "card.account", "card.customer"];

/// Stripe refuses to expand everything else, without a code and without a param (a recorded response in a public issue).
fn check_expand(params: &Params) -> Result<(), ApiError> {
    match params.iter().find(|(name, value)| name.starts_with("expand[") && !EXPANDABLE.contains(value)) {
        Some((_, value)) => {
            Err(ApiError::request(None, None, format!("This property cannot be expanded ({}).", mask::text(value))))
        }
        None => Ok(()),
    }
}

/// Checks the parameters of `GET /v1/tokens/:id`, which accepts `expand[]` only.
///
/// # Errors
/// The response to the first invalid parameter.
pub fn check_retrieve(params: &Params) -> Result<(), ApiError> {
    let is_expand = |name: &str| name == "expand" || (name.starts_with("expand[") && is_known(name));
    ApiError::refuse_unknown(params.names().filter(|name| !is_expand(name)))?;
    check_names(params)?;
    check_expand(params)
}

fn is_known(name: &str) -> bool {
    matches!(meaning(name), ParamShape::Known)
}

fn check_names(params: &Params) -> Result<(), ApiError> {
    ApiError::refuse_unknown(params.names().filter(|name| matches!(meaning(name), ParamShape::Unknown)))?;
    for (name, value) in params.iter() {
        match meaning(name) {
            // Stripe repeats the value here. It may be a card number, so our response does not.
            ParamShape::NotText(param) => {
                return Err(ApiError::request(
                    None,
                    Some(&param),
                    format!("Invalid string: {param} was sent as a dictionary"),
                ));
            }
            // Clients write a list without elements as an empty text.
            ParamShape::NotObject("expand") if value.is_empty() => {}
            ParamShape::NotObject("expand") => return Err(ApiError::request(None, Some("expand"), "Invalid array")),
            ParamShape::NotObject(param) => return Err(ApiError::request(None, Some(param), "Invalid object")),
            ParamShape::Known if value.chars().count() > LONGEST_VALUE => {
                return Err(ApiError::too_long(name, value, LONGEST_VALUE));
            }
            ParamShape::Known | ParamShape::Unknown | ParamShape::OfClient | ParamShape::OtherKind(_) => {}
        }
    }
    Ok(())
}

enum TokenKind {
    Card,
    Clone { customer: String, card: Option<String> },
}

/// What the token is to be created from. Undocumented by Stripe: for parameters that exclude each other, our wording
/// follows Stripe's message about list cursors.
fn check_kind(params: &Params) -> Result<TokenKind, ApiError> {
    let dictionary = params.names().find(|name| name.starts_with("card["));
    let card_id = params.get("card");
    let customer = params.get("customer");
    let other = params.names().find_map(|name| match meaning(name) {
        ParamShape::OtherKind(kind) => Some(kind),
        _ => None,
    });
    let exclusive = |first: &str, second: &str| {
        let message = format!("You may only specify one of these parameters: {first}, {second}.");
        Err(ApiError::request(Some("parameters_exclusive"), Some(first), message))
    };
    match (dictionary, card_id, customer, other) {
        (None, None, None, None) => Err(ApiError::request(
            None,
            None,
            "You must supply either a card, customer, PII data, bank account, or account legal entity to create a token.",
        )),
        (Some(_), _, _, Some(other)) | (_, Some(_), _, Some(other)) => exclusive("card", other),
        (_, _, Some(_), Some(other)) => exclusive("customer", other),
        (None, None, None, Some(other)) => Err(ApiError::request(
            None,
            Some(other),
            format!("Testcard's local minter makes card tokens only: it does not model '{other}'."),
        )),
        (Some(_), Some(_), _, None) => Err(ApiError::request(
            None,
            Some("card"),
            "Invalid card object: must be a dictionary or a non-empty string.",
        )),
        (Some(_), None, None, None) => Ok(TokenKind::Card),
        // With a customer, "the card must be the ID of a card belonging to the customer" (API reference).
        (Some(dictionary), None, Some(_), None) => exclusive(dictionary, "customer"),
        (None, Some(""), ..) => Err(ApiError::empty("card")),
        (None, _, Some(""), None) => Err(ApiError::empty("customer")),
        (None, Some(_), None, None) => Err(ApiError::missing("customer")),
        (None, card, Some(customer), None) => {
            Ok(TokenKind::Clone { customer: customer.to_owned(), card: card.map(str::to_owned) })
        }
    }
}

/// The card of a `card` dictionary whose names have been checked: of a token, or of a payment method, whose dictionary has
/// neither a name nor an address.
///
/// # Errors
/// The first of the checks that it does not pass; a parameter is named as in a token request.
pub fn check_card(params: &Params, today: Date, policies: AccountPolicies) -> Result<CardDetails, ApiError> {
    if let Some(param) = REQUIRED.into_iter().find(|param| params.get(param).is_none()) {
        return Err(ApiError::missing(param));
    }
    let not_empty = REQUIRED.into_iter().chain(["card[cvc]", PREFERRED_NETWORK]);
    if let Some(param) = not_empty.into_iter().find(|param| params.get(param) == Some("")) {
        return Err(ApiError::empty(param));
    }
    if !policies.raw_card_data {
        return Err(raw_card_data_refused());
    }
    let required = |param| params.get(param).unwrap_or_default();
    let number = check_number(required("card[number]"), policies)?;
    let expiry =
        CardExpiry::read(required("card[exp_month]"), required("card[exp_year]"), today).map_err(expiry_error)?;
    let cvc = params.get("card[cvc]");
    if cvc.is_some_and(|cvc| !is_good_cvc(cvc, number.brand())) {
        return Err(ApiError::card("invalid_cvc", "cvc", "Your card's security code is invalid."));
    }
    let currency = params.get(CURRENCY).filter(|word| !word.is_empty());
    let currency = currency.map(|word| check_currency(word, CURRENCY)).transpose()?;
    let preferred = params.get(PREFERRED_NETWORK).map(|word| check_network(word, &number)).transpose()?;
    if policies.published_test_cards_only && number.published().is_none() {
        return Err(live_number_refused());
    }
    // The card object contains the masked values, so that no secret is stored.
    let field = |param: &str| params.kept(param).filter(|text| !text.is_empty());
    Ok(CardDetails {
        number,
        expiry,
        has_cvc: cvc.is_some(),
        name: field("card[name]"),
        address: CardAddress {
            line1: field("card[address_line1]"),
            line2: field("card[address_line2]"),
            city: field("card[address_city]"),
            state: field("card[address_state]"),
            zip: field("card[address_zip]"),
            country: field("card[address_country]"),
        },
        currency,
        preferred,
    })
}

/// Checks a currency, with the recorded words of a charge's. That a card's currency is refused with the same ones is
/// undocumented by Stripe: our choice.
///
/// # Errors
/// A currency that Stripe does not charge in.
pub fn check_currency(word: &str, param: &str) -> Result<ChargeCurrency, ApiError> {
    ChargeCurrency::parse(word).ok_or_else(|| {
        let message = format!(
            "Invalid currency: {}. Stripe currently supports these currencies: {}",
            mask::text(&word.to_lowercase()),
            SUPPORTED.join(", ")
        );
        ApiError::request(None, Some(param), message)
    })
}

/// Checks the card number. Spaces and dashes are removed unless the policy is strict. This is our choice: the API
/// reference asks for a number "without any separators".
fn check_number(text: &str, policies: AccountPolicies) -> Result<CardNumber, ApiError> {
    let digits: String = if policies.strict_number {
        text.to_owned()
    } else {
        text.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
    };
    // "-1" is not a number for Stripe, so it must not become "1" here.
    if digits.is_empty() || text.starts_with('-') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::card("invalid_number", "number", "The card number is not a valid credit card number."));
    }
    CardNumber::parse(&digits)
        .filter(|number| number.has_good_length() && number.passes_luhn())
        .ok_or_else(|| ApiError::card("incorrect_number", "number", "Your card number is incorrect."))
}

/// The error response for an invalid expiry.
pub fn expiry_error(fault: ExpiryFault) -> ApiError {
    if fault.is_month() {
        ApiError::card("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
    } else {
        ApiError::card("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
    }
}

fn is_good_cvc(cvc: &str, brand: Brand) -> bool {
    brand.accepts_cvc_digits(cvc.len()) && cvc.bytes().all(|byte| byte.is_ascii_digit())
}

fn check_network(word: &str, number: &CardNumber) -> Result<&'static str, ApiError> {
    word.parse().map(|network| stored_preference(network, &number.networks())).map_err(|()| {
        let message = format!("Invalid {PREFERRED_NETWORK}: must be one of cartes_bancaires, mastercard, or visa");
        ApiError::request(None, Some(PREFERRED_NETWORK), message)
    })
}

fn raw_card_data_refused() -> ApiError {
    let message = "Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test \
                   tokens that map to the test card you are using, see https://stripe.com/docs/testing. To enable \
                   testing raw card data APIs, see \
                   https://support.stripe.com/questions/enabling-access-to-raw-card-data-apis.";
    ApiError::request(None, None, message).with_status(402)
}

fn live_number_refused() -> ApiError {
    let message = "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list \
                   of valid test cards, visit: https://stripe.com/docs/testing.";
    let decline = Decline { code: Some("test_mode_live_card"), ..Decline::default() };
    ApiError { decline: Some(Box::new(decline)), ..ApiError::card("card_declined", "", message) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[track_caller]
    fn message(params: &[(&str, &str)]) -> String {
        let params = params.iter().copied().collect();
        let prediction = predict(&params, date(2030, 6, 15), AccountPolicies::default());
        prediction.error().expect("a refusal").message.clone()
    }

    #[test]
    fn each_unknown_parameter_is_named_once() {
        assert_eq!(message(&[("a", "1"), ("b", "2"), ("a", "3")]), "Received unknown parameters: a, b");
        assert_eq!(message(&[("a", "1"), ("a", "3")]), "Received unknown parameter: a");
        assert_eq!(message(&[("4539578763621486", "")]), "Received unknown parameter: 453957******1486");
    }

    #[test]
    fn the_card_alone_can_be_expanded() {
        assert_eq!(message(&[("expand[]", "card"), ("expand[]", "bank")]), "This property cannot be expanded (bank).");
        assert_eq!(message(&[("expand", "card")]), "Invalid array");
    }

    #[test]
    fn a_retrieval_takes_expansions_only() {
        let check = |params: &[(&str, &str)]| check_retrieve(&params.iter().copied().collect());
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[("expand[]", "card"), ("expand[1]", "card"), ("expand", "")]), Ok(()));
        assert_eq!(check(&[("expand", "card")]).unwrap_err().message, "Invalid array");
        for (name, message) in [
            ("card[number]", "Received unknown parameter: card[number]"),
            ("expand[x]", "Received unknown parameter: expand[x]"),
            ("expand[0]", "This property cannot be expanded ()."),
        ] {
            assert_eq!(check(&[(name, "")]).unwrap_err().message, message, "{name}");
        }
    }
}
