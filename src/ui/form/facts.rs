//! What the form tells about a draft: the states of its fields, the card as drawn, what Stripe will answer.
//!
//! All of it is worked out once for each change of the draft, and read in each frame.

use jiff::civil::Date;

use crate::{
    domain::{
        call::error::ApiError,
        card::{
            brand::{Brand, BrandSoFar},
            digits::ascii_digits,
            expiry::split_expiry,
            networks::{CardNetwork, stored_preference},
            number::{CardNumber, brand_so_far},
            test_cards::{self, StepOutcome, TestCard},
            typing::CardField,
        },
        form::{
            defaults::PLAIN_NUMBER,
            draft::Draft,
            field_state::{
                FieldState, cvc_is_full, cvc_state, expiry_is_full, expiry_state, number_is_full, number_state,
            },
        },
        rules::{expectation::Expectation, policies::AccountPolicies, prediction::Prediction},
        secret::SecretText,
    },
    ui::widgets::{BrandMark, Tone, dotted_number},
};

/// What the facts of a draft depend on besides the draft: they are worked out anew when one of these changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FactsKey {
    /// The revision of the draft and of what is expected of it.
    pub(super) revision: u64,
    /// Which card fields lost the focus since they were changed last, by [`CardField`] as index.
    pub(super) left: [bool; 3],
    /// The day that an expiry is held against.
    pub(super) today: Date,
    pub(super) policies: AccountPolicies,
}

/// Everything that the form tells about a draft.
#[derive(Debug)]
pub(super) struct DraftFacts {
    /// Whether nothing was filled in at all.
    pub(super) is_blank: bool,
    /// What is expected of the draft, in words.
    pub(super) expects: Option<String>,
    /// How the prediction differs from what is expected.
    pub(super) contradiction: Option<String>,
    pub(super) face: FaceTexts,
    /// Number, expiry and security code, by [`CardField`] as index.
    fields: [CardFieldFacts; 3],
    /// How many digits the security code of this brand has; `None` while no brand is known.
    pub(super) cvc_digits: Option<usize>,
    pub(super) network: NetworkFacts,
    pub(super) outlook: DraftOutlook,
    /// The words on the button.
    pub(super) caption: String,
    /// Whether the call will be refused: the button is amber then.
    pub(super) is_refused: bool,
}

/// The state of one card field.
#[derive(Debug)]
pub(super) struct CardFieldFacts {
    state: FieldState,
    /// Whether it takes no more digits: what is typed at its end belongs to the next field.
    pub(super) is_full: bool,
    /// A quiet sentence under the field; empty without.
    pub(super) note: String,
    /// The brand that stands in the field; `None` while none is certain.
    pub(super) brand: Option<BrandMark>,
}

impl CardFieldFacts {
    /// The words and their tone under the field, where it lacks something.
    pub(super) fn message(&self) -> Option<(Tone, &str)> {
        match &self.state {
            FieldState::NotYet | FieldState::Right => None,
            FieldState::Advice(words) => Some((Tone::Warn, words)),
            FieldState::Wrong(words) => Some((Tone::Error, words)),
        }
    }
}

/// The texts on the drawn card.
#[derive(Debug)]
pub(super) struct FaceTexts {
    pub(super) brand: BrandMark,
    pub(super) outcome: String,
    /// "credit · US", as far as it is known of the card.
    pub(super) about: String,
    /// In groups, with a dot for each digit that is missing.
    pub(super) number: SecretText,
    pub(super) expires: String,
    pub(super) cvc_digits: usize,
}

/// The networks that a card can prefer.
#[derive(Debug)]
pub(super) struct NetworkFacts {
    /// Those of the number as typed.
    pub(super) available: Vec<CardNetwork>,
    /// What is offered, with its label; `None` lets Stripe choose.
    pub(super) options: Vec<(Option<CardNetwork>, &'static str)>,
    /// What Stripe will store of the preference, and whether the card has that network; `None` without a preference.
    pub(super) stored: Option<(String, bool)>,
}

impl NetworkFacts {
    pub(super) fn is_co_branded(&self) -> bool {
        self.available.len() > 1
    }
}

/// What will come of the draft, as the foot of the form says it.
#[derive(Debug)]
pub(super) enum DraftOutlook {
    Words(String),
    /// The steps of a published card.
    Steps(&'static TestCard),
}

impl DraftFacts {
    /// Reads a draft, for which `sent` is sent, and of which `expectation` is expected.
    pub(super) fn of(draft: &Draft, sent: &Draft, expectation: Option<&Expectation>, key: &FactsKey) -> Self {
        let prediction = sent.predict(key.today, key.policies);
        let digits = SecretText::new(ascii_digits(draft.number.expose()));
        let digits = digits.expose();
        let (brand, card) = (brand_so_far(digits), test_cards::by_number(digits));
        let is_blank = draft.is_empty();
        let mark = Some(brand_mark(brand, card)).filter(|mark| !digits.is_empty() && *mark != BrandMark::default());
        Self {
            is_blank,
            expects: expectation.map(Expectation::words),
            contradiction: expectation.filter(|expectation| !expectation.agrees_with(&prediction)).map(|_| {
                match &prediction {
                    Prediction::Refused(error) => format!("As it stands, the token fails with {}", error.label()),
                    _ => "As it stands, the form makes a token".to_owned(),
                }
            }),
            face: face(draft, digits, card),
            fields: card_fields(draft, card, mark, expectation.is_some(), key),
            cvc_digits: match brand {
                BrandSoFar::One(Brand::Unknown) | BrandSoFar::Open | BrandSoFar::Impossible => None,
                BrandSoFar::One(brand) => Some(brand.cvc_digits()),
            },
            network: network(draft.preferred, digits),
            caption: match &prediction {
                Prediction::Refused(error) => format!("Send anyway · expect {}", expected_word(error)),
                _ => "Create token".to_owned(),
            },
            is_refused: prediction.error().is_some(),
            outlook: outlook(is_blank, prediction),
        }
    }

    /// The facts of a card field.
    pub(super) fn field(&self, kind: CardField) -> &CardFieldFacts {
        &self.fields[kind as usize]
    }
}

fn card_fields(
    draft: &Draft,
    card: Option<&TestCard>,
    mark: Option<BrandMark>,
    is_expected: bool,
    key: &FactsKey,
) -> [CardFieldFacts; 3] {
    let number = draft.number.expose();
    let is_left = |kind: CardField| key.left[kind as usize];
    [CardField::Number, CardField::Expiry, CardField::Cvc].map(|kind| CardFieldFacts {
        state: match kind {
            CardField::Number => number_state(number, is_left(kind)),
            CardField::Expiry => expiry_state(&draft.expiry, key.today, is_left(kind)),
            CardField::Cvc => cvc_state(draft.cvc.expose(), number, is_left(kind)),
        },
        is_full: match kind {
            CardField::Number => number_is_full(number),
            CardField::Expiry => expiry_is_full(&draft.expiry, key.today),
            CardField::Cvc => cvc_is_full(draft.cvc.expose(), number),
        },
        // What is expected of the draft says it already.
        note: card.filter(|_| kind == CardField::Number && !is_expected).map(card_note).unwrap_or_default(),
        brand: mark.filter(|_| kind == CardField::Number),
    })
}

fn face(draft: &Draft, digits: &str, card: Option<&TestCard>) -> FaceTexts {
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let brand = if is_digits { brand_so_far(digits) } else { BrandSoFar::Open };
    let groups: &[usize] = match brand {
        BrandSoFar::One(Brand::AmericanExpress) => &[4, 6, 5],
        BrandSoFar::One(Brand::DinersClub) if digits.starts_with("36") || digits.len() == 14 => &[4, 6, 4],
        _ => &[4, 4, 4, 4],
    };
    let (month, year) = split_expiry(&draft.expiry);
    FaceTexts {
        brand: brand_mark(brand, card),
        outcome: card.map(|card| card.description.to_uppercase()).unwrap_or_default(),
        about: card.map(about).unwrap_or_default(),
        number: if is_digits { dotted_number(digits, groups).into() } else { draft.number.clone() },
        expires: if year.is_empty() { month } else { format!("{month}/{year}") },
        cvc_digits: draft.cvc.expose().chars().count().min(4),
    }
}

fn about(card: &TestCard) -> String {
    let known = [card.funding.as_str(), &card.country].into_iter().filter(|word| !word.is_empty());
    known.collect::<Vec<_>>().join(" · ")
}

fn brand_mark(brand: BrandSoFar, card: Option<&TestCard>) -> BrandMark {
    let is_cartes_bancaires = card.is_some_and(|card| card.networks.contains(&CardNetwork::CartesBancaires));
    match brand {
        _ if is_cartes_bancaires => BrandMark::CartesBancaires,
        BrandSoFar::One(brand) => BrandMark::from_stripe(brand.as_str()),
        BrandSoFar::Open | BrandSoFar::Impossible => BrandMark::default(),
    }
}

/// In one line what is special about a published card.
fn card_note(card: &TestCard) -> String {
    let step = |name: &str, outcome: &StepOutcome| match outcome {
        StepOutcome::Refused { .. } => Some(format!("{name} declines with {}", outcome.label())),
        StepOutcome::Later(what) => Some(format!("{name} {what}")),
        StepOutcome::Ok | StepOutcome::NotReached => None,
    };
    let what = step("charge", &card.at_charge).or_else(|| step("attach", &card.at_attach));
    match what {
        Some(what) => format!("Test card: {what}"),
        None => format!("Test card: {}", card.description),
    }
}

fn network(preferred: Option<CardNetwork>, digits: &str) -> NetworkFacts {
    let available = CardNumber::parse(digits).map(|number| number.networks()).unwrap_or_default();
    let is_co_branded = available.len() > 1;
    let is_offered =
        |network: &CardNetwork| !is_co_branded || available.contains(network) || preferred == Some(*network);
    // Three names must share the form's width; two have room for the whole name.
    let label = |network| match network {
        CardNetwork::CartesBancaires if !is_co_branded => "CB",
        network => network.label(),
    };
    let offered = CardNetwork::ALL.into_iter().filter(is_offered).map(|network| (Some(network), label(network)));
    let options = std::iter::once((None, "Automatic")).chain(offered).collect();
    let stored = preferred.map(|network| {
        let words = format!("Stripe will store {}", stored_preference(network, &available));
        (words, available.contains(&network))
    });
    NetworkFacts { available, options, stored }
}

/// What the button says will come: the code, or a word where Stripe gives none.
fn expected_word(error: &ApiError) -> &str {
    error.decline_code().or(error.code).unwrap_or("an error")
}

fn outlook(is_blank: bool, prediction: Prediction) -> DraftOutlook {
    let plain = || CardField::Number.show(PLAIN_NUMBER);
    DraftOutlook::Words(match prediction {
        Prediction::Token(_) if is_blank => format!("Empty: makes a token for {}", plain()),
        Prediction::Token(card) => match card.number.published() {
            Some(card) => return DraftOutlook::Steps(card),
            None => "Stripe will answer with a token".to_owned(),
        },
        Prediction::Clone { customer, .. } => format!("What comes depends on {customer} and its cards"),
        Prediction::Refused(error) => {
            let param = error.param.as_deref().filter(|param| !param.is_empty());
            let about = param.map(|param| format!(" · {param}")).unwrap_or_default();
            let who = if is_blank { format!("Empty, so {} is sent. ", plain()) } else { String::new() };
            format!("{who}HTTP {} {}{about}: {}", error.http_status, error.label(), error.message)
        }
    })
}
