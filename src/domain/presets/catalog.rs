//! The built-in presets: every published test card, and requests that fail on purpose.
//!
//! A preset fills in the form and sets the expected outcome. The outcome's wording is generated here once, and
//! searched.

use std::{str::FromStr, sync::LazyLock};

use jiff::civil::{Date, date};

use super::{
    preset::{Preset, PresetKey, brand_of, code_of, consequence_of, outcome_of, outcome_of_card},
    search::SearchWords,
};
use crate::domain::{
    call::params::{PREFERRED_NETWORK, Params},
    card::{
        expiry::{CardExpiry, split_expiry},
        networks::CardNetwork,
        number::passing_cvc,
        test_cards::{self, BankCheck, StepOutcome, TestCard},
        typing::CardField,
    },
    form::{
        defaults::{FormDefaults, PLAIN_NUMBER},
        draft::Draft,
    },
    rules::{expectation::Expectation, policies::AccountPolicies},
};

/// The day for which the outcomes are worded. They do not depend on the day.
const SOME_DAY: Date = date(2030, 1, 15);

impl FromStr for PresetKey {
    type Err = ();

    /// Parses what `Display` writes. A built-in preset must exist; whether one of the user's own exists, only the
    /// library knows.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text.split_once(':').ok_or(())? {
            ("card", number) if test_cards::by_number(number).is_some() => Ok(Self::Card(number.to_owned())),
            ("made", name) if made(name).is_some() => Ok(Self::Made(name.to_owned())),
            ("own", id) => id.parse().map(Self::Own).map_err(drop),
            _ => Err(()),
        }
    }
}

impl Preset {
    fn of_card(card: &'static TestCard) -> Self {
        let steps = card.steps().map(StepOutcome::clone);
        let sent = fill_card(&Draft::default(), card, &FormDefaults::default(), SOME_DAY).to_request();
        let outcome = outcome_of_card(card, &Expectation::of_card(card, &sent));
        let known = [card.funding.as_str(), &card.country];
        let known: Vec<&str> = known.into_iter().filter(|word| !word.is_empty()).collect();
        let codes: Vec<&str> = steps[..3].iter().filter_map(code_of).collect();
        let primary = format!("{} {outcome} {}", card.description, codes.join(" "));
        Self {
            key: PresetKey::Card(card.number.clone()),
            name: card.description.clone(),
            about: format!("{} · {}", CardField::Number.show(&card.number), known.join(" · ")),
            brand: brand_of(card),
            consequence: consequence_of(&steps).or_else(|| card.what_follows().map(str::to_owned)),
            steps,
            checks: card.failing_checks(),
            grouped_number: CardField::Number.show(&card.number),
            number: card.number.clone(),
            words: SearchWords::new(&primary, card.search_text()),
            outcome,
        }
    }

    fn of_made(made: &MadePreset) -> Self {
        let today = SOME_DAY;
        let draft = made.fill(&Draft::default(), &FormDefaults::default(), today);
        let prediction = draft.predict(today, made.policies());
        let token = prediction.error().map_or(StepOutcome::Ok, |error| StepOutcome::Refused {
            code: error.label().to_owned(),
            decline_code: error.decline_code().unwrap_or_default().to_owned(),
            message: error.message.clone(),
            param: error.param.clone().unwrap_or_default(),
        });
        let expectation = Expectation::of_prediction(&prediction, &draft.to_request());
        let steps = match token {
            StepOutcome::Ok => [const { StepOutcome::Ok }; 4],
            refused => [refused, StepOutcome::NotReached, StepOutcome::NotReached, StepOutcome::NotReached],
        };
        let outcome = if made.outcome.is_empty() { outcome_of(&expectation) } else { made.outcome.to_owned() };
        let codes: Vec<&str> = steps.iter().filter_map(code_of).collect();
        Self {
            key: PresetKey::Made(made.id.to_owned()),
            name: made.name.to_owned(),
            about: made.about.to_owned(),
            brand: "",
            consequence: consequence_of(&steps),
            checks: None,
            grouped_number: String::new(),
            number: String::new(),
            words: SearchWords::new(&format!("{} {outcome} {}", made.name, codes.join(" ")), made.about),
            steps,
            outcome,
        }
    }
}

/// A request that fails on purpose or has an unusual outcome, which no test card causes by its number.
struct MadePreset {
    id: &'static str,
    name: &'static str,
    about: &'static str,
    /// The outcome, if the error code does not say it; else empty.
    outcome: &'static str,
    change: fn(&mut Draft, Date),
}

impl MadePreset {
    /// Fills in the form. Name and address stay, because they do not matter to the outcome.
    fn fill(&self, draft: &Draft, defaults: &FormDefaults, today: Date) -> Draft {
        let mut made = good_draft(draft, PLAIN_NUMBER, defaults, today);
        (self.change)(&mut made, today);
        made
    }

    /// The account policies under which the request fails.
    fn policies(&self) -> AccountPolicies {
        AccountPolicies { published_test_cards_only: self.id == "test_mode_live_card", ..AccountPolicies::default() }
    }
}

fn raw(draft: &mut Draft, change: impl FnOnce(&mut Params)) {
    let mut params = draft.params();
    change(&mut params);
    draft.raw = Some(params);
}

const MADE: [MadePreset; 17] = [
    MadePreset {
        id: "invalid_cvc",
        name: "CVC of two digits",
        about: "4242 with a security code that is too short",
        outcome: "",
        change: |draft, _| draft.cvc = "12".into(),
    },
    MadePreset {
        id: "incorrect_number",
        name: "Number that fails the Luhn check",
        about: "4242 4242 4242 4241: the last digit does not fit the others",
        outcome: "",
        change: |draft, _| draft.number = "4242424242424241".into(),
    },
    MadePreset {
        id: "incorrect_number_length",
        name: "Number that is a digit short",
        about: "4242 4242 4242 424",
        outcome: "",
        change: |draft, _| draft.number = "424242424242424".into(),
    },
    MadePreset {
        id: "invalid_number",
        name: "Number with a letter in it",
        about: "4242 4242 4242 424x: no number at all",
        outcome: "",
        change: |draft, _| draft.number = "424242424242424x".into(),
    },
    MadePreset {
        id: "invalid_expiry_month",
        name: "Expiry month 13",
        about: "4242 with a month that does not exist",
        outcome: "",
        change: |draft, today| draft.expiry = format!("13{:02}", CardExpiry::default_for(today).year % 100),
    },
    MadePreset {
        id: "invalid_expiry_year",
        name: "Expired last year",
        about: "4242 with a year that is over",
        outcome: "",
        change: |draft, today| draft.expiry = format!("12{}", today.year() - 1),
    },
    MadePreset {
        id: "invalid_expiry_year_far",
        name: "Expiry 60 years ahead",
        about: "4242 with a year that is more than 50 years away",
        outcome: "",
        change: |draft, today| draft.expiry = format!("12{}", today.year() + 60),
    },
    MadePreset {
        id: "missing_number",
        name: "Missing card number",
        about: "An expiry and a CVC without card[number]",
        outcome: "",
        change: |draft, _| draft.number = "".into(),
    },
    MadePreset {
        id: "missing_expiry",
        name: "Missing expiry",
        about: "4242 without card[exp_month] and card[exp_year]",
        outcome: "",
        change: |draft, _| draft.expiry.clear(),
    },
    MadePreset {
        id: "empty_number",
        name: "Empty card number",
        about: "card[number] is sent, with nothing in it",
        outcome: "",
        change: |draft, _| raw(draft, |params| params.set("card[number]", "")),
    },
    MadePreset {
        id: "empty_cvc",
        name: "Empty CVC",
        about: "card[cvc] is sent, with nothing in it",
        outcome: "",
        change: |draft, _| raw(draft, |params| params.set("card[cvc]", "")),
    },
    MadePreset {
        id: "unknown_parameter",
        name: "Unknown parameter",
        about: "4242 with card[holder], which the API does not know",
        outcome: "",
        change: |draft, _| raw(draft, |params| params.push("card[holder]", "Jenny Rosen")),
    },
    MadePreset {
        id: "card_and_customer",
        name: "Card and customer at once",
        about: "Either makes a token, both together do not",
        outcome: "",
        change: |draft, _| raw(draft, |params| params.push("customer", "cus_123")),
    },
    MadePreset {
        id: "unknown_network",
        name: "Unknown preferred network",
        about: "4242 that prefers amex, which is no value of card[networks][preferred]",
        outcome: "",
        change: |draft, _| raw(draft, |params| params.set(PREFERRED_NETWORK, "amex")),
    },
    MadePreset {
        id: "test_mode_live_card",
        name: "Live card in test mode",
        about: "4111 1111 1111 1111. The local minter refuses it with the policy of published cards only",
        outcome: "",
        change: |draft, _| draft.number = "4111111111111111".into(),
    },
    MadePreset {
        id: "invalid_preference",
        name: "Preferred network that the card lacks",
        about: "4242 that prefers Cartes Bancaires",
        outcome: "works, and stores invalid_preference",
        change: |draft, _| draft.preferred = Some(CardNetwork::CartesBancaires),
    },
    MadePreset {
        id: "no_cvc",
        name: "Without a CVC",
        about: "4242 with no card[cvc]",
        outcome: "works, and the CVC is not checked",
        change: |draft, _| draft.cvc = "".into(),
    },
];

fn made(id: &str) -> Option<&'static MadePreset> {
    MADE.iter().find(|made| made.id == id)
}

static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let cards = test_cards::all().iter().map(Preset::of_card);
    MADE.iter().map(Preset::of_made).chain(cards).collect()
});

/// The presets that most test plans start with.
pub const OFTEN: [&str; 8] = [
    "card:4242424242424242",
    "card:4000000000000002",
    "card:4000000000009995",
    "card:4000000000000069",
    "card:4000002760003184",
    "card:4000000000000101",
    "card:4000002500001001",
    "made:invalid_cvc",
];

/// Every built-in preset: the requests that fail on purpose, then the cards in the order of the table.
pub fn all() -> &'static [Preset] {
    &ALL
}

/// A draft for this number, with name, address and valid fields of `draft`. The other fields are filled in from the
/// defaults.
fn good_draft(draft: &Draft, number: &str, defaults: &FormDefaults, today: Date) -> Draft {
    let (month, year) = split_expiry(&draft.expiry);
    let expiry = if CardExpiry::read(&month, &year, today).is_ok() {
        draft.expiry.clone()
    } else {
        let CardExpiry { month, year } = defaults.expiry(today);
        format!("{month:02}{:02}", year % 100)
    };
    let code = draft.cvc.expose();
    let is_good = code.len() == passing_cvc(number).len() && code.bytes().all(|byte| byte.is_ascii_digit());
    Draft {
        number: number.into(),
        expiry,
        cvc: if is_good {
            draft.cvc.clone()
        } else if defaults.fills_cvc {
            passing_cvc(number).into()
        } else {
            "".into()
        },
        name: if draft.name.is_empty() { defaults.name.clone() } else { draft.name.clone() },
        address: draft.address.clone(),
        ..Draft::default()
    }
}

/// Fills in the form with a built-in preset, and returns what is then expected. Name and address stay. `None` if there
/// is no such preset.
pub fn fill(key: &PresetKey, draft: &Draft, defaults: &FormDefaults, today: Date) -> Option<(Draft, Expectation)> {
    match key {
        PresetKey::Card(number) => {
            let card = test_cards::by_number(number)?;
            let filled = fill_card(draft, card, defaults, today);
            let expects = Expectation::of_card(card, &filled.to_request());
            Some((filled, expects))
        }
        PresetKey::Made(id) => {
            let made = made(id)?;
            let filled = made.fill(draft, defaults, today);
            let expects = Expectation::of_prediction(&filled.predict(today, made.policies()), &filled.to_request());
            Some((filled, expects))
        }
        PresetKey::Own(_) => None,
    }
}

/// Fills in the form with a published test card and with the fields that its outcome depends on: a check fails only if
/// its field is sent.
fn fill_card(draft: &Draft, card: &TestCard, defaults: &FormDefaults, today: Date) -> Draft {
    let mut filled = good_draft(draft, &card.number, defaults, today);
    let needs_cvc = card.check(BankCheck::Cvc) != "pass" || card.at_charge.label() == "incorrect_cvc";
    if needs_cvc && filled.cvc.is_empty() {
        filled.cvc = card.brand.passing_cvc().into();
    }
    if card.check(BankCheck::Zip) != "pass" && filled.address.zip.is_empty() {
        "12345".clone_into(&mut filled.address.zip);
    }
    if card.check(BankCheck::Line1) != "pass" && filled.address.line1.is_empty() {
        "1 Test Street".clone_into(&mut filled.address.line1);
    }
    filled.preferred = draft.preferred.filter(|network| card.networks.contains(network));
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::presets::search::SearchQuery;

    #[track_caller]
    fn first(search: &str) -> &'static str {
        let search = SearchQuery::new(search);
        let mut found: Vec<_> = all().iter().filter_map(|preset| Some((preset.rank(&search)?, preset))).collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.first().map_or("nothing", |(_, preset)| &preset.name)
    }

    #[test]
    fn a_preset_is_found_by_what_should_happen() {
        for (search, name) in [
            ("insuf", "Insufficient funds decline"),
            ("insufficient_funds", "Insufficient funds decline"),
            ("declined at charge: insufficient funds", "Insufficient funds decline"),
            ("fails at token: invalid_cvc", "CVC of two digits"),
            ("invalid_expiry_month", "Expiry month 13"),
            ("CVC check fails", "CVC check fails (if a CVC is sent)"),
            ("co-branded CB/Visa", "Cartes Bancaires/Visa"),
            ("9995", "Insufficient funds decline"),
            ("4000 0000 0000 9995", "Insufficient funds decline"),
            ("tok_visa_chargeDeclinedInsufficientFunds", "Insufficient funds decline"),
            ("live card", "Live card in test mode"),
            ("postal code check fails", "Postal code check fails (if sent)"),
            ("lost", "Lost card decline"),
            ("nothing has this", "nothing"),
        ] {
            assert_eq!(first(search), name, "{search}");
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let keys = [PresetKey::Card(PLAIN_NUMBER.to_owned()), PresetKey::Made("no_cvc".to_owned()), PresetKey::Own(7)];
        for key in keys {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        for text in ["card:4111111111111111", "made:x", "own:x", "", "card"] {
            assert_eq!(text.parse::<PresetKey>(), Err(()), "{text}");
        }
    }
}
