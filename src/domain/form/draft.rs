//! The content of the form. It always gives a request, however wrong, because testers send wrong requests on purpose.

use std::fmt;

use jiff::civil::Date;

use crate::domain::{
    call::{
        again::StandIn,
        api::MaskedRequest,
        params::{PREFERRED_NETWORK, Params},
        token_calls::TokenRequest,
    },
    card::{
        expiry::{CardExpiry, join_expiry, split_expiry},
        networks::CardNetwork,
        test_cards::TestCard,
    },
    rules::{
        policies::AccountPolicies,
        prediction::{Prediction, predict},
    },
    secret::SecretText,
};

/// The billing address as typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BillingAddress {
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub state: String,
    pub zip: String,
    pub country: String,
}

impl BillingAddress {
    /// Parameter name and value of each field, in the order of the form.
    fn fields(&self) -> [(&'static str, &str); 6] {
        [
            ("card[address_line1]", &self.line1),
            ("card[address_line2]", &self.line2),
            ("card[address_city]", &self.city),
            ("card[address_state]", &self.state),
            ("card[address_zip]", &self.zip),
            ("card[address_country]", &self.country),
        ]
    }

    pub fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, value)| value.is_empty())
    }
}

/// The content of the form. `Debug` shows the masked parameters only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Without separators.
    pub number: SecretText,
    /// Without separators if it is regular (`1230`, `122030`), else as typed.
    pub expiry: String,
    pub cvc: SecretText,
    pub name: String,
    pub address: BillingAddress,
    pub currency: String,
    pub preferred: Option<CardNetwork>,
    /// The id of a customer. If this or `customer_card` is set, the request is for a copy of a customer's card, and the
    /// other fields are not sent.
    pub customer: String,
    pub customer_card: String,
    /// The parameters as edited by hand. While they are set, the fields are ignored.
    pub raw: Option<Params>,
}

impl Draft {
    /// What Stripe will respond to this draft on `today`, a day in UTC.
    pub fn predict(&self, today: Date, policies: AccountPolicies) -> Prediction {
        predict(&self.to_request().params, today, policies)
    }

    /// Whether nothing was filled in, in the fields or by hand.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The request of this draft. Empty fields are not sent: to send an empty value, edit the parameters by hand.
    pub fn to_request(&self) -> TokenRequest {
        TokenRequest::new(self.raw.clone().unwrap_or_else(|| self.params()))
    }

    /// Whether the request is for a copy of a customer's card.
    pub fn is_clone(&self) -> bool {
        !self.customer.is_empty() || !self.customer_card.is_empty()
    }

    /// The parameters of the fields, even if `raw` is set.
    pub fn params(&self) -> Params {
        let mut params = Params::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                params.push(name, value);
            }
        };
        if self.is_clone() {
            add("card", &self.customer_card);
            add("customer", &self.customer);
            return params;
        }
        let (month, year) = split_expiry(&self.expiry);
        add("card[number]", self.number.expose());
        add("card[exp_month]", &month);
        add("card[exp_year]", &year);
        add("card[cvc]", self.cvc.expose());
        add("card[name]", &self.name);
        for (name, value) in self.address.fields() {
            add(name, value);
        }
        add("card[currency]", &self.currency);
        add(PREFERRED_NETWORK, self.preferred.map(CardNetwork::as_str).unwrap_or_default());
        params
    }

    /// Rebuilds the form from a recorded request. Values that were not kept whole become empty; the security code
    /// becomes one that passes. If a parameter has no field, all parameters go to `raw`.
    pub fn of_request(request: &MaskedRequest) -> Self {
        let again = |(name, stand_in)| match stand_in {
            StandIn::Same(value) => (name, value),
            StandIn::PassingCode(code) => (name, code),
            StandIn::Lost => (name, ""),
        };
        let params: Params = request.stand_ins().map(again).collect();
        let is_lost =
            |name: &str| request.stand_ins().any(|(lost, stand_in)| lost == name && stand_in == StandIn::Lost);
        Self::of_known_params(params, is_lost)
    }

    /// The form that sends these parameters. If one has no field, all of them go to `raw`.
    pub fn of_params(params: Params) -> Self {
        Self::of_known_params(params, |_| false)
    }

    /// A parameter that is lost needs no field.
    fn of_known_params(params: Params, is_lost: impl Fn(&str) -> bool) -> Self {
        let text = |name: &str| params.get(name).unwrap_or_default().to_owned();
        let draft = Self {
            number: text("card[number]").into(),
            expiry: join_expiry(&text("card[exp_month]"), &text("card[exp_year]")),
            cvc: text("card[cvc]").into(),
            name: text("card[name]"),
            address: BillingAddress {
                line1: text("card[address_line1]"),
                line2: text("card[address_line2]"),
                city: text("card[address_city]"),
                state: text("card[address_state]"),
                zip: text("card[address_zip]"),
                country: text("card[address_country]"),
            },
            currency: text("card[currency]"),
            preferred: text(PREFERRED_NETWORK).parse().ok(),
            customer: text("customer"),
            customer_card: text("card"),
            raw: None,
        };
        let said = draft.params();
        let is_said = |name: &str| is_lost(name) || said.names().any(|known| known == name);
        if params.names().all(is_said) { draft } else { Self { raw: Some(params), ..draft } }
    }

    /// Fills in a published test card: its number, and an expiry and a security code that pass if the form has none.
    pub fn take_test_card(&mut self, card: &TestCard, default_expiry: CardExpiry) {
        self.number = SecretText::new(card.number.as_str());
        if self.expiry.is_empty() {
            self.expiry = format!("{:02}{:02}", default_expiry.month, default_expiry.year % 100);
        }
        if self.cvc.expose().len() != card.brand.cvc_digits() {
            self.cvc = SecretText::new(card.brand.passing_cvc());
        }
        if self.preferred.is_some_and(|network| !card.networks.contains(&network)) {
            self.preferred = None;
        }
        self.customer.clear();
        self.customer_card.clear();
        self.raw = None;
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Draft").field(&self.to_request().params).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_fields_are_not_sent_and_the_order_is_that_of_the_form() {
        let draft = Draft {
            number: "4242424242424242".into(),
            expiry: "1230".to_owned(),
            name: "Jenny Rosen".to_owned(),
            preferred: Some(CardNetwork::Visa),
            ..Draft::default()
        };
        let request = draft.to_request();
        assert_eq!(
            request.params.names().collect::<Vec<_>>(),
            ["card[number]", "card[exp_month]", "card[exp_year]", "card[name]", "card[networks][preferred]"]
        );
    }

    #[test]
    fn a_customer_turns_the_call_into_its_other_form() {
        let draft = Draft {
            number: "4242424242424242".into(),
            customer: "cus_1".to_owned(),
            customer_card: "card_1".to_owned(),
            ..Draft::default()
        };
        assert_eq!(draft.to_request().params.iter().collect::<Vec<_>>(), [("card", "card_1"), ("customer", "cus_1")]);
    }

    #[test]
    fn a_kept_request_comes_back_as_a_draft() {
        let draft = Draft {
            number: "378282246310005".into(),
            expiry: "1230".to_owned(),
            cvc: "9876".into(),
            name: "Jenny Rosen".to_owned(),
            ..Draft::default()
        };
        let kept = draft.to_request().to_api("key").masked();
        assert_eq!(Draft::of_request(&kept), Draft { cvc: "1234".into(), ..draft });
        let odd =
            Draft { raw: Some([("card[number]", ""), ("amount", "5")].into_iter().collect()), ..Draft::default() };
        let kept = odd.to_request().to_api("key").masked();
        assert_eq!(Draft::of_request(&kept).to_request(), odd.to_request());
    }

    #[test]
    fn debug_shows_no_secret() {
        let draft = Draft { number: "4111111111111111".into(), cvc: "987".into(), ..Draft::default() };
        let shown = format!("{draft:?}");
        assert!(!shown.contains("411111111") && !shown.contains("987"), "{shown}");
    }

    #[test]
    fn an_expiry_is_split_where_a_reader_would() {
        for (text, month, year) in
            [("1230", "12", "30"), ("122030", "12", "2030"), ("1", "1", ""), ("xx/30", "xx", "30"), ("é", "é", "")]
        {
            assert_eq!(split_expiry(text), (month.to_owned(), year.to_owned()), "{text}");
        }
    }
}
