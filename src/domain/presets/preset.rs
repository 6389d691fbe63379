//! A preset: what it sends, its expected outcome, and how well it matches a search.

use std::fmt::{self, Write as _};

use super::search::{PART_OF_A_WORD, SearchQuery, SearchWords};
use crate::domain::{
    card::{
        authentication::REQUIRES_ACTION,
        networks::CardNetwork,
        test_cards::{self, StepOutcome, TestCard},
        typing::CardField,
    },
    form::draft::Draft,
    rules::expectation::{Expectation, ExpectedResult},
};

/// Identifies a preset, also across restarts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PresetKey {
    /// A published test card, by its number.
    Card(String),
    /// A built-in request that fails on purpose, by its name.
    Made(String),
    /// One of the user's own presets.
    Own(u64),
}

impl fmt::Display for PresetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Card(number) => write!(f, "card:{number}"),
            Self::Made(name) => write!(f, "made:{name}"),
            Self::Own(id) => write!(f, "own:{id}"),
        }
    }
}

/// A preset as it is shown and searched.
#[derive(Clone, Debug)]
pub struct Preset {
    pub key: PresetKey,
    pub name: String,
    /// The expected outcome in words.
    pub outcome: String,
    /// For a card its number, grouped, and what is known of it; for others what is wrong with the request.
    pub about: String,
    /// In Stripe's spelling; empty if the preset is not about one card.
    pub brand: &'static str,
    /// The outcomes in the order token, attach, charge, intent.
    pub steps: [StepOutcome; 4],
    /// What comes of it as a sentence, for the moment before it is used; `None` where nothing is refused and nothing follows.
    pub consequence: Option<String>,
    /// The checks that do not pass.
    pub checks: Option<String>,
    /// The number of its published test card, grouped; empty without one.
    pub grouped_number: String,
    pub(super) number: String,
    pub(super) words: SearchWords,
}

impl Preset {
    /// A preset of the user's own, with what is expected of it and its tags as they are shown.
    pub fn of_own(id: u64, name: &str, draft: &Draft, expects: Option<&Expectation>, tags: &str) -> Self {
        let request = draft.to_request();
        let card = request.params.get("card[number]").and_then(test_cards::by_number);
        let outcome = expects.map_or_else(|| "nothing expected".to_owned(), outcome_of);
        let about = match (card, request.params.len()) {
            (Some(card), _) => format!("{} · {}", CardField::Number.show(&card.number), card.description),
            (None, 1) => "One parameter, and no published test card".to_owned(),
            (None, count) => format!("{count} parameters, and no published test card"),
        };
        let about = if tags.is_empty() { about } else { format!("{about} · {tags}") };
        let steps = match expects {
            Some(Expectation { token, attach, charge, intent, .. }) => {
                [token, attach, charge, intent].map(expected_step)
            }
            None => [const { StepOutcome::NotReached }; 4],
        };
        Self {
            key: PresetKey::Own(id),
            name: name.to_owned(),
            words: SearchWords::new(&format!("{name} {outcome} {tags}"), &about),
            outcome,
            about,
            brand: card.map_or("", brand_of),
            consequence: consequence_of(&steps),
            steps,
            checks: None,
            grouped_number: card.map(|card| CardField::Number.show(&card.number)).unwrap_or_default(),
            number: card.map(|card| card.number.clone()).unwrap_or_default(),
        }
    }

    /// How well the preset matches a search: by digits of its card number, else see [`SearchWords::rank`].
    pub fn rank(&self, search: &SearchQuery) -> Option<u32> {
        let digits = search.digits();
        if digits.len() >= 2 && !self.number.is_empty() {
            let by_number = if self.number == digits {
                Some(0)
            } else if self.number.starts_with(digits) || self.number.ends_with(digits) {
                Some(1)
            } else {
                self.number.contains(digits).then_some(PART_OF_A_WORD)
            };
            if by_number.is_some() {
                return by_number;
            }
        }
        self.words.rank(search)
    }
}

/// The brand whose mark is shown: Cartes Bancaires for its co-branded cards, else the card's brand.
pub(super) fn brand_of(card: &TestCard) -> &'static str {
    let is_cartes_bancaires = card.networks.contains(&CardNetwork::CartesBancaires);
    if is_cartes_bancaires { "Cartes Bancaires" } else { card.brand.as_str() }
}

/// What comes of it, step by step, as a sentence for the moment before it is used; `None` where nothing is refused.
pub(super) fn consequence_of(steps: &[StepOutcome; 4]) -> Option<String> {
    // What an intent comes to is what the charge does, or it waits.
    let [token, attach, charge, _] = steps;
    let refused = |step: &StepOutcome| match step {
        StepOutcome::Refused { message, .. } if message.is_empty() => Some(step.label().to_owned()),
        StepOutcome::Refused { message, .. } => Some(message.clone()),
        _ => None,
    };
    match (refused(token), refused(attach), refused(charge)) {
        (Some(reason), ..) => Some(format!("Makes no token: {reason}")),
        (None, Some(reason), None) => Some(format!("Makes a token. Attaching it is declined: {reason}")),
        (None, Some(reason), Some(_)) => Some(format!("Makes a token. To attach or charge it is declined: {reason}")),
        (None, None, Some(reason)) => Some(format!("Makes a token. The charge is declined: {reason}")),
        (None, None, None) => None,
    }
}

/// The error code of a step that fails.
pub(super) fn code_of(step: &StepOutcome) -> Option<&str> {
    matches!(step, StepOutcome::Refused { .. }).then(|| step.label())
}

/// "insufficient_funds" as "insufficient funds".
fn plain(code: &str) -> String {
    code.replace('_', " ")
}

pub(super) fn outcome_of_card(card: &TestCard, expects: &Expectation) -> String {
    let mut outcome = match &card.at_charge {
        StepOutcome::Later(what) => format!("charge {}", what.replace("ok,", "works,")),
        _ => outcome_of(expects),
    };
    if card.group == "co-badged" {
        let _ = write!(outcome, ", co-branded {}", card.description.replace("Cartes Bancaires", "CB"));
    }
    outcome
}

/// The expected outcome in the words that a person would search for.
pub(super) fn outcome_of(expects: &Expectation) -> String {
    let mut parts = Vec::new();
    match (&expects.token, &expects.attach, &expects.charge) {
        (ExpectedResult::Fails(code), ..) => parts.push(format!("fails at token: {code}")),
        (_, ExpectedResult::Works, ExpectedResult::Fails(code)) => {
            parts.push(format!("attaches, then declined at charge: {}", plain(code)));
        }
        (_, _, ExpectedResult::Fails(code)) => parts.push(format!("declined at charge: {}", plain(code))),
        (_, ExpectedResult::Fails(code), _) => parts.push(format!("declined at attach: {}", plain(code))),
        _ => {}
    }
    if matches!(&expects.intent, ExpectedResult::Fails(code) if code == REQUIRES_ACTION) {
        parts.insert(0, "3D Secure at intent".to_owned());
    }
    for (check, result) in &expects.checks {
        let verb = if result == "fail" { "fails" } else { "unavailable" };
        parts.push(format!("{} {verb}", check.label()));
    }
    if parts.is_empty() { "works".to_owned() } else { parts.join(", ") }
}

fn expected_step(expected: &ExpectedResult) -> StepOutcome {
    match expected {
        ExpectedResult::Open => StepOutcome::NotReached,
        ExpectedResult::Works => StepOutcome::Ok,
        ExpectedResult::Fails(code) if code == REQUIRES_ACTION => StepOutcome::Later(code.clone()),
        ExpectedResult::Fails(code) => {
            let (code, rest) = (code.clone(), String::new);
            StepOutcome::Refused { code, decline_code: rest(), message: rest(), param: rest() }
        }
    }
}
