//! The calls of a comparison: the life of every published test card, by its number and by its ready tokens.
//!
//! A number is made into a token, which is charged, and into another one, which is attached to a new customer; a ready
//! token is charged, attached, and made into a payment method. The customer is deleted again. One card is retrieved,
//! listed and refunded besides, and meets some errors, so that every kind of answer is compared. All of it happens in
//! test mode, where no money is.

use std::borrow::Cow;

use jiff::civil::Date;

use crate::domain::{
    call::{
        api::{ApiRequest, ApiResponse, HttpMethod},
        params::Params,
        token_calls::{TokenCall, TokenRequest},
    },
    card::{
        expiry::CardExpiry,
        number::passing_cvc,
        test_cards::{self, TestCard},
    },
    json_document::JsonView,
    words::words,
};

/// One card's calls, each of which follows from the answers before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParityCase {
    pub card: CaseCard,
    pub steps: &'static [ParityStep],
}

/// How the card of a case is named to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseCard {
    Number(&'static str),
    /// A ready token, such as `tok_visa`.
    Alias(&'static str),
}

impl CaseCard {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number(number) => number,
            Self::Alias(alias) => alias,
        }
    }
}

/// A call of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParityStep {
    Token,
    Charge,
    Attach,
    DeleteCustomer,
    PaymentMethod,
    RetrieveToken,
    ChargeAgain,
    RetrieveCharge,
    Refund,
    ListRefunds,
    AttachAnother,
    RetrieveCard,
    ListCards,
    RetrieveCustomer,
    DeleteCard,
    UnknownToken,
    MissingAmount,
    UnknownParam,
}

// As reports name the call.
words!(ParityStep {
    Token => "POST /v1/tokens",
    Charge => "POST /v1/charges",
    Attach => "POST /v1/customers",
    DeleteCustomer => "DELETE /v1/customers/:id",
    PaymentMethod => "POST /v1/payment_methods",
    RetrieveToken => "GET /v1/tokens/:id",
    ChargeAgain => "POST /v1/charges, token used",
    RetrieveCharge => "GET /v1/charges/:id",
    Refund => "POST /v1/refunds",
    ListRefunds => "GET /v1/charges/:id/refunds",
    AttachAnother => "POST /v1/customers/:id/sources",
    RetrieveCard => "GET /v1/customers/:id/sources/:id",
    ListCards => "GET /v1/customers/:id/sources",
    RetrieveCustomer => "GET /v1/customers/:id",
    DeleteCard => "DELETE /v1/customers/:id/sources/:id",
    UnknownToken => "GET /v1/tokens/:id, unknown",
    MissingAmount => "POST /v1/charges, no amount",
    UnknownParam => "POST /v1/tokens, unknown parameter",
});

/// What the account of the target takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenCards {
    /// Raw card numbers: off in every new account.
    pub numbers: bool,
    /// Card tokens in charges and customers: off in newer accounts.
    pub tokens_on_charges: bool,
}

const OF_NUMBER: &[ParityStep] =
    &[ParityStep::Token, ParityStep::Charge, ParityStep::Token, ParityStep::Attach, ParityStep::DeleteCustomer];
const OF_ALIAS: &[ParityStep] =
    &[ParityStep::Charge, ParityStep::Attach, ParityStep::DeleteCustomer, ParityStep::PaymentMethod];

/// The card whose life is told in full.
const PLAIN_CARD: &str = "4242424242424242";
const WHOLE_LIFE: &[ParityStep] = &[
    ParityStep::Token,
    ParityStep::RetrieveToken,
    ParityStep::Charge,
    ParityStep::ChargeAgain,
    ParityStep::RetrieveToken,
    ParityStep::RetrieveCharge,
    ParityStep::Refund,
    ParityStep::ListRefunds,
    ParityStep::RetrieveCharge,
    ParityStep::Token,
    ParityStep::Attach,
    ParityStep::Token,
    ParityStep::AttachAnother,
    ParityStep::RetrieveCard,
    ParityStep::ListCards,
    ParityStep::RetrieveCustomer,
    ParityStep::DeleteCard,
    ParityStep::DeleteCustomer,
    ParityStep::RetrieveCustomer,
    ParityStep::UnknownToken,
    ParityStep::MissingAmount,
    ParityStep::UnknownParam,
];

/// The cases of the cards that match all words, as far as the account takes them.
pub fn cases(words: &str, taken: TakenCards) -> Vec<ParityCase> {
    let (of_number, of_alias) = if taken.tokens_on_charges {
        (OF_NUMBER, OF_ALIAS)
    } else {
        (&[ParityStep::Token][..], &[ParityStep::PaymentMethod][..])
    };
    let mut cases = Vec::new();
    for card in test_cards::search(words) {
        if taken.numbers {
            let is_plain = taken.tokens_on_charges && card.number == PLAIN_CARD;
            let steps = if is_plain { WHOLE_LIFE } else { of_number };
            cases.push(ParityCase { card: CaseCard::Number(&card.number), steps });
        }
        cases.extend(own_aliases(card).map(|alias| ParityCase { card: CaseCard::Alias(alias), steps: of_alias }));
    }
    cases
}

/// How many cards that match all words no case is of, because the account takes no numbers and they have no ready token.
pub fn left_out(words: &str, taken: TakenCards) -> usize {
    test_cards::search(words).filter(|card| !taken.numbers && own_aliases(card).next().is_none()).count()
}

/// The ready tokens of a card; two cards can be listed with the same one, which is that of the first.
fn own_aliases(card: &'static TestCard) -> impl Iterator<Item = &'static str> {
    let is_own = |alias: &&String| test_cards::by_alias(alias).is_some_and(|known| known.number == card.number);
    card.token_aliases.iter().filter(move |alias| is_own(alias)).map(String::as_str)
}

/// What one side of a comparison has answered so far in a case.
#[derive(Clone, Debug, Default)]
pub struct CaseProgress {
    token: Option<String>,
    charge: Option<String>,
    customer: Option<String>,
    /// The card that was attached after the customer was made.
    source: Option<String>,
    /// Every id that was answered, in order.
    pub ids: Vec<String>,
}

impl CaseProgress {
    /// The request of a step; `None` where an earlier answer did not give what it needs.
    pub fn request(&self, card: CaseCard, step: ParityStep, today: Date, idempotency_key: &str) -> Option<ApiRequest> {
        let (method, path, params) = self.call(card, step, today)?;
        // A GET has none, and a DELETE is done once without one.
        let has_key = method == HttpMethod::Post;
        let headers = has_key.then(|| ("Idempotency-Key".to_owned(), idempotency_key.to_owned()));
        Some(ApiRequest { method, path, params, headers: headers.into_iter().collect() })
    }

    fn call(&self, card: CaseCard, step: ParityStep, today: Date) -> Option<(HttpMethod, String, Params)> {
        let source = match card {
            CaseCard::Number(_) => self.token.clone(),
            CaseCard::Alias(alias) => Some(alias.to_owned()),
        };
        let post = |path: &str, params: Params| Some((HttpMethod::Post, path.to_owned(), params));
        let get = |path: String| Some((HttpMethod::Get, path, Params::new()));
        let delete = |path: String| Some((HttpMethod::Delete, path, Params::new()));
        let of_charge = || Some(format!("/v1/charges/{}", self.charge.as_ref()?));
        let of_customer = || Some(format!("/v1/customers/{}", self.customer.as_ref()?));
        let of_source = || Some(format!("{}/sources/{}", of_customer()?, self.source.as_ref()?));
        match step {
            ParityStep::Token => match card {
                CaseCard::Number(number) => post(TokenRequest::PATH, whole_card(number, today)),
                CaseCard::Alias(_) => None,
            },
            ParityStep::UnknownParam => post(TokenRequest::PATH, params(&[("colour", "red")])),
            ParityStep::RetrieveToken => get(format!("{}/{}", TokenRequest::PATH, self.token.as_ref()?)),
            ParityStep::UnknownToken => get(format!("{}/tok_none", TokenRequest::PATH)),
            ParityStep::Charge | ParityStep::ChargeAgain => {
                let amount = [("amount", TokenCall::DEFAULT_AMOUNT), ("currency", TokenCall::DEFAULT_CURRENCY)];
                post("/v1/charges", params(&[amount[0], amount[1], ("source", &source?)]))
            }
            ParityStep::MissingAmount => post("/v1/charges", params(&[("currency", TokenCall::DEFAULT_CURRENCY)])),
            ParityStep::RetrieveCharge => get(of_charge()?),
            ParityStep::Refund => post("/v1/refunds", params(&[("charge", self.charge.as_ref()?), ("amount", "500")])),
            ParityStep::ListRefunds => get(format!("{}/refunds", of_charge()?)),
            // The card is what the call is made for, and a list of it comes with it.
            ParityStep::Attach => {
                let expand = [("expand[]", "default_source"), ("expand[]", "sources")];
                post("/v1/customers", params(&[("source", &source?), expand[0], expand[1]]))
            }
            ParityStep::AttachAnother => post(&format!("{}/sources", of_customer()?), params(&[("source", &source?)])),
            ParityStep::RetrieveCard => get(of_source()?),
            ParityStep::ListCards => get(format!("{}/sources", of_customer()?)),
            ParityStep::RetrieveCustomer => get(of_customer()?),
            ParityStep::DeleteCard => delete(of_source()?),
            ParityStep::DeleteCustomer => delete(of_customer()?),
            ParityStep::PaymentMethod => {
                post("/v1/payment_methods", params(&[("type", "card"), ("card[token]", &source?)]))
            }
        }
    }

    /// Takes from an answer what later steps need.
    pub fn take(&mut self, step: ParityStep, answer: &ApiResponse) {
        let Some(document) = answer.document() else { return };
        let fields = (0..document.node_count()).map(|node| document.view(node));
        let ids = fields.filter(|value| value.key().as_deref() == Some("id")).filter_map(JsonView::string);
        self.ids.extend(ids.map(Cow::into_owned));
        let made = document.root().get("id").and_then(JsonView::string).filter(|_| answer.is_success());
        let made = made.map(Cow::into_owned);
        match step {
            ParityStep::Token => self.token = made,
            ParityStep::Charge => self.charge = made,
            ParityStep::Attach => self.customer = made,
            ParityStep::AttachAnother => self.source = made,
            _ => {}
        }
    }
}

fn params(pairs: &[(&str, &str)]) -> Params {
    pairs.iter().copied().collect()
}

/// A card with all that a bank looks at, so that every check is compared.
fn whole_card(number: &str, today: Date) -> Params {
    let CardExpiry { month, year } = CardExpiry::default_for(today);
    let (month, year) = (month.to_string(), year.to_string());
    [
        ("card[number]", number),
        ("card[exp_month]", &month),
        ("card[exp_year]", &year),
        ("card[cvc]", passing_cvc(number)),
        ("card[name]", "Jenny Rosen"),
        ("card[address_line1]", "1 Main Street"),
        ("card[address_zip]", "94105"),
        ("card[address_country]", "US"),
    ]
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: TakenCards = TakenCards { numbers: true, tokens_on_charges: true };

    #[test]
    fn every_card_is_compared_by_its_number_and_every_ready_token_once() {
        let cases = cases("", ALL);
        let numbers = cases.iter().filter(|case| matches!(case.card, CaseCard::Number(_))).count();
        assert_eq!(numbers, test_cards::all().len());
        let mut aliases: Vec<&str> = cases
            .iter()
            .filter(|case| matches!(case.card, CaseCard::Alias(_)))
            .map(|case| case.card.as_str())
            .collect();
        assert!(aliases.len() > 50 && aliases.contains(&"tok_visa") && aliases.contains(&"tok_jcb"), "{aliases:?}");
        let count = aliases.len();
        aliases.sort_unstable();
        aliases.dedup();
        assert_eq!(aliases.len(), count);
        assert_eq!(left_out("", ALL), 0);
    }

    #[test]
    fn an_account_that_takes_less_is_asked_less() {
        let by_token = TakenCards { numbers: false, ..ALL };
        assert!(cases("", by_token).iter().all(|case| matches!(case.card, CaseCard::Alias(_))));
        let with_alias = test_cards::all().iter().filter(|card| own_aliases(card).next().is_some()).count();
        assert_eq!(left_out("", by_token), test_cards::all().len() - with_alias);
        let newest = TakenCards { numbers: false, tokens_on_charges: false };
        assert!(cases("", newest).iter().all(|case| case.steps == [ParityStep::PaymentMethod]));
        assert_eq!(
            cases("insufficient_funds 9995", ALL).first().map(|case| case.card.as_str()),
            Some("4000000000009995")
        );
    }

    #[test]
    fn a_step_follows_from_the_answers_before_it() {
        let card = CaseCard::Number("4242424242424242");
        let today = Date::constant(2026, 1, 1);
        let mut side = CaseProgress::default();
        assert!(side.request(card, ParityStep::Charge, today, "k").is_none());
        let answer = |http_status, body: &str| ApiResponse { http_status, headers: Vec::new(), body: body.into() };
        side.take(ParityStep::Token, &answer(200, r#"{"id": "tok_1", "card": {"id": "card_1"}}"#));
        assert_eq!(side.ids, ["tok_1", "card_1"]);
        let charge = side.request(card, ParityStep::Charge, today, "k").unwrap();
        assert_eq!(charge.params.get("source"), Some("tok_1"));
        side.take(ParityStep::Attach, &answer(402, r#"{"error": {}}"#));
        assert!(side.request(card, ParityStep::DeleteCustomer, today, "k").is_none());
        side.take(ParityStep::Attach, &answer(200, r#"{"id": "cus_1"}"#));
        let delete = side.request(card, ParityStep::DeleteCustomer, today, "k").unwrap();
        assert_eq!((delete.path.as_str(), delete.headers.len()), ("/v1/customers/cus_1", 0));
    }
}
