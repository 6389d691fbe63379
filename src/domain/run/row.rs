//! A row of a run: what is sent, how far it goes, and what is expected of it.

use jiff::civil::Date;

use crate::domain::{
    call::{
        api::ApiRequest,
        intent_calls::{IF_AVAILABLE, PARTIAL_AUTHORIZATION},
        params::Params,
        token_calls::{TokenCall, TokenRequest},
    },
    card::{
        currency::ChargeCurrency,
        expiry::CardExpiry,
        number::passing_cvc,
        test_cards::{self, TestCard},
        typing::CardField,
    },
    form::{defaults::FormDefaults, draft::Draft},
    mask,
    presets::{catalog, library::OwnPreset, preset::PresetKey},
    rules::{
        expectation::{Expectation, ExpectedResult, LifeStep},
        policies::AccountPolicies,
        prediction::predict,
    },
    words::words,
};

/// A call of a row. Every row makes a token; it may go on and use it up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunStep {
    #[default]
    Token,
    Attach,
    Charge,
    /// A payment intent, confirmed with the token.
    Intent,
    /// The same, where the card's bank may authorize a part of the amount.
    PartialIntent,
}

words!(RunStep {
    Token => "token",
    Attach => "attach",
    Charge => "charge",
    Intent => "intent",
    PartialIntent => "partial_intent",
});

impl RunStep {
    /// The same step as expectations name it.
    pub fn life_step(self) -> LifeStep {
        match self {
            Self::Token => LifeStep::Token,
            Self::Attach => LifeStep::Attach,
            Self::Charge => LifeStep::Charge,
            Self::Intent | Self::PartialIntent => LifeStep::Intent,
        }
    }

    /// The calls of a row that goes this far, in their order.
    pub fn path(self) -> &'static [Self] {
        match self {
            Self::Token => &[Self::Token],
            Self::Attach => &[Self::Token, Self::Attach],
            Self::Charge => &[Self::Token, Self::Charge],
            Self::Intent => &[Self::Token, Self::Intent],
            Self::PartialIntent => &[Self::Token, Self::PartialIntent],
        }
    }
}

/// The security code of a row. It is known by what it does, so that no code has to be kept with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CvcVariant {
    /// One that passes for the card.
    Good,
    /// One that is too short for any card.
    Bad,
    /// No code is sent.
    None,
    /// The one that stands among the parameters of the row, if any does.
    Given,
}

words!(CvcVariant {
    Good => "good",
    Bad => "bad",
    None => "none",
    Given => "given",
});

/// The code of [`CvcVariant::Bad`].
const TOO_SHORT: &str = "12";

/// What a row sends to make its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowSource {
    /// A built-in preset, as it is on the day of the run.
    Preset(PresetKey),
    Params(RowParams),
}

/// The parameters of a row, and what is added to them on the day of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowParams {
    pub params: Params,
    /// Whether an expiry date some years ahead is added.
    pub adds_expiry: bool,
    pub cvc: CvcVariant,
}

/// A row of a list. It is the same on every day: see [`RunRow::on`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    pub source: RowSource,
    /// What is varied beside the card, as one text: the column of the heat map. Masked.
    pub variant: String,
    pub last_step: RunStep,
    /// Of the charge or intent, in the currency's smallest unit; sent unchecked.
    pub amount: String,
    /// ISO 4217; sent unchecked.
    pub currency: String,
    /// What the list says should come of it; without, what the rules predict.
    pub expects: Option<Expectation>,
    pub note: String,
    pub tags: Vec<String>,
}

/// A row with its first request, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    pub request: TokenRequest,
    pub expects: Expectation,
}

impl RunRow {
    /// A row that goes as far as making the token, with the usual amount.
    pub fn new(source: RowSource) -> Self {
        Self {
            source,
            variant: String::new(),
            last_step: RunStep::Token,
            amount: TokenCall::DEFAULT_AMOUNT.to_owned(),
            currency: TokenCall::DEFAULT_CURRENCY.to_owned(),
            expects: None,
            note: String::new(),
            tags: Vec::new(),
        }
    }

    /// A row of a published test card with the usual expiry.
    pub fn of_card(card: &TestCard, cvc: CvcVariant) -> Self {
        let params = [("card[number]", card.number.as_str())].into_iter().collect();
        Self::new(RowSource::Params(RowParams { params, adds_expiry: true, cvc }))
    }

    /// A row of one of the user's own presets, with its tags; its name becomes the note. The security code is not kept with
    /// the preset: one that passes is sent in its place.
    pub fn of_own(own: &OwnPreset) -> Self {
        const CODE: &str = "card[cvc]";
        let mut params = own.draft.to_draft(true).to_request().params;
        let mut cvc = CvcVariant::Given;
        // Under any other name than the usual one the code is sent where the preset has it.
        let usual = |name: &str| name == CODE || !mask::hides_security_code(name);
        if own.draft.has_cvc() && params.names().all(usual) {
            params.remove(CODE);
            cvc = CvcVariant::Good;
        }
        Self {
            expects: own.expects.clone(),
            note: own.name.clone(),
            tags: own.tags.clone(),
            ..Self::new(RowSource::Params(RowParams { params, adds_expiry: false, cvc }))
        }
    }

    /// The card as reports name it, masked: the row of the heat map.
    pub fn card(&self) -> String {
        match &self.source {
            RowSource::Preset(key) => {
                let preset = catalog::all().iter().find(|preset| preset.key == *key);
                preset.map_or_else(String::new, |preset| match preset.grouped_number.as_str() {
                    "" => preset.name.clone(),
                    number => format!("{number} {}", preset.name),
                })
            }
            RowSource::Params(RowParams { params, .. }) => card_of(params),
        }
    }

    /// The request and the expectation of the row on a day in UTC: that of the run, also when the run is resumed later,
    /// for a repeated call has to be the same.
    pub fn on(&self, day: Date) -> PlannedRow {
        let (request, predicted) = match &self.source {
            RowSource::Preset(key) => {
                let filled = catalog::fill(key, &Draft::default(), &FormDefaults::default(), day);
                let (draft, expects) = filled.unwrap_or_default();
                (draft.to_request(), Some(expects))
            }
            RowSource::Params(params) => (params.request(day), None),
        };
        let expects = self.expects.clone().or(predicted).unwrap_or_else(|| {
            let prediction = predict(&request.params, day, AccountPolicies::default());
            let expects = Expectation::of_prediction(&prediction, &request);
            if self.last_step == RunStep::PartialIntent { self.in_part(&request, expects) } else { expects }
        });
        PlannedRow { request, expects }
    }

    /// The same expectation, of an intent that takes a part of its amount.
    fn in_part(&self, request: &TokenRequest, expects: Expectation) -> Expectation {
        let card = request.params.get("card[number]").and_then(test_cards::by_number);
        let part = self.amount.parse().ok().and_then(|amount| card?.part_of(amount));
        let is_enough =
            |part| ChargeCurrency::parse(&self.currency).is_some_and(|currency| part >= currency.smallest_charge());
        if part.is_some_and(is_enough) { Expectation { intent: ExpectedResult::Works, ..expects } } else { expects }
    }

    /// The call of a step with the token that the row made. `None` for the step that makes the token.
    pub fn token_call(&self, step: RunStep, token: &str, idempotency_key: &str) -> Option<ApiRequest> {
        let (token, amount, currency) = (token.to_owned(), self.amount.clone(), self.currency.clone());
        let call = match step {
            RunStep::Token => return None,
            RunStep::Attach => TokenCall::Attach { token, customer: None },
            RunStep::Charge => TokenCall::Charge { token, amount, currency },
            RunStep::Intent | RunStep::PartialIntent => TokenCall::Intent { token, amount, currency },
        };
        let mut request = call.to_api(idempotency_key);
        if step == RunStep::PartialIntent {
            request.params.push(PARTIAL_AUTHORIZATION, IF_AVAILABLE);
        }
        if step.life_step() == LifeStep::Intent {
            // The bank's checks are told there.
            request.params.push("expand[0]", "payment_method");
        }
        Some(request)
    }
}

/// The card of a call as reports and lists name it, masked.
pub fn card_of(params: &Params) -> String {
    match params.get("card[number]") {
        Some(number) => match test_cards::by_number(number) {
            Some(card) => format!("{} {}", CardField::Number.show(&card.number), card.description),
            None => mask::param("card[number]", number).0,
        },
        None => "no card number".to_owned(),
    }
}

impl RowParams {
    fn request(&self, day: Date) -> TokenRequest {
        let mut params = self.params.clone();
        if self.adds_expiry {
            let CardExpiry { month, year } = CardExpiry::default_for(day);
            params.push("card[exp_month]", month.to_string());
            params.push("card[exp_year]", year.to_string());
        }
        match self.cvc {
            CvcVariant::Good => {
                let code = passing_cvc(params.get("card[number]").unwrap_or_default());
                params.push("card[cvc]", code);
            }
            CvcVariant::Bad => params.push("card[cvc]", TOO_SHORT),
            CvcVariant::None | CvcVariant::Given => {}
        }
        TokenRequest::new(params)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::form::kept_draft::KeptDraft;

    const DAY: Date = date(2030, 1, 15);

    fn card(number: &str, cvc: CvcVariant) -> RunRow {
        RunRow::of_card(test_cards::by_number(number).unwrap(), cvc)
    }

    #[test]
    fn a_row_says_what_is_sent_and_what_is_expected() {
        for (number, cvc, sent, expected) in [
            ("4242424242424242", CvcVariant::Good, Some("123"), "token, attach and charge work"),
            ("378282246310005", CvcVariant::Good, Some("1234"), "token, attach and charge work"),
            ("4242424242424242", CvcVariant::Bad, Some("12"), "token fails with invalid_cvc"),
            ("4242424242424242", CvcVariant::None, None, "token, attach and charge work"),
            ("4000000000000127", CvcVariant::None, None, "CVC check fails"),
            ("4000000000009995", CvcVariant::Good, Some("123"), "charge declines with insufficient_funds"),
        ] {
            let planned = card(number, cvc).on(DAY);
            assert_eq!(planned.request.params.get("card[cvc]"), sent, "{number}");
            assert_eq!(planned.expects.words(), expected, "{number}");
            assert_eq!(planned.request.params.get("card[exp_year]"), Some("2034"));
        }
    }

    #[test]
    fn a_preset_is_filled_in_as_of_the_day_of_the_run() {
        let row = RunRow::new(RowSource::Preset("made:invalid_expiry_year".parse().unwrap()));
        assert_eq!(row.on(DAY).request.params.get("card[exp_year]"), Some("2029"));
        assert_eq!(row.on(DAY).expects.words(), "token fails with invalid_expiry_year");
        assert_eq!(row.card(), "Expired last year");
    }

    #[test]
    fn a_preset_of_the_user_is_a_row_with_its_tags_and_a_code_that_passes() {
        let draft = Draft { number: "378282246310005".into(), expiry: "1234".to_owned(), ..Draft::default() };
        for (cvc, sent) in [("9876", Some("1234")), ("", None)] {
            let kept = KeptDraft::of(&Draft { cvc: cvc.into(), ..draft.clone() }).0;
            let own = OwnPreset::new(1, "Nightly", kept, Some(Expectation::refused("lost_card")));
            let row = RunRow::of_own(&own.tagged(vec!["smoke".to_owned()]));
            assert_eq!(row.on(DAY).request.params.get("card[cvc]"), sent);
            assert_eq!(row.on(DAY).expects.words(), "token fails with lost_card");
            assert_eq!((&*row.note, &*row.tags[0]), ("Nightly", "smoke"));
        }
    }

    #[test]
    fn a_card_that_is_not_published_is_named_by_ten_digits_at_most() {
        let params = [("card[number]", "4539578763621486")].into_iter().collect();
        let row = RunRow::new(RowSource::Params(RowParams { params, adds_expiry: true, cvc: CvcVariant::Good }));
        assert_eq!(row.card(), "453957******1486");
        assert_eq!(card("4242424242424242", CvcVariant::Good).card(), "4242 4242 4242 4242 Visa");
    }
}
