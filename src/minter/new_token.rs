//! A new token, and the answer that shows it as text.
//!
//! A token has some thirty fields, and nearly all of their text is the same in all tokens. So the answer of a version is
//! made once as every other one is, with a mark in the place of each value; from then on an answer is the text between the
//! marks, with the token's own values in their places.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{
    answers,
    cards::{self, CardValue, NewCard},
    fields,
    ids::RequestIds,
    shapes,
    stored_object::{ObjectKind, StoredObject},
};
use crate::domain::{call::version::ApiVersion, rules::prediction::CardDetails};

/// No card number has fewer digits.
const FEWEST_DIGITS: usize = 12;

/// A token of a card that a call sent.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    id: String,
    card_id: String,
    fingerprint: String,
    /// Unix seconds.
    created: i64,
    details: Cow<'a, CardDetails>,
}

impl<'a> NewToken<'a> {
    pub(super) fn of(details: &'a CardDetails, fingerprint: String, ids: &RequestIds<'_>, now: Timestamp) -> Self {
        Self {
            id: ids.token(now),
            card_id: ids.card(now),
            fingerprint,
            created: now.as_second(),
            details: Cow::Borrowed(details),
        }
    }

    /// The token on its own, to be kept.
    pub fn to_kept(&self) -> NewToken<'static> {
        NewToken { details: Cow::Owned(self.details.clone().into_owned()), ..self.clone() }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether nobody takes a part of its ids for a card number: an account's id may be digits alone. Where somebody may,
    /// the answer is masked as every other one is, for this token is shown by others too.
    pub fn has_plain_ids(&self) -> bool {
        let has_few_digits = |id: &&String| id.bytes().filter(u8::is_ascii_digit).count() < FEWEST_DIGITS;
        [&self.id, &self.card_id, &self.fingerprint].iter().all(has_few_digits)
    }

    pub fn brand(&self) -> &'static str {
        self.details.number.brand().as_str()
    }

    pub fn last4(&self) -> &str {
        self.details.number.last4()
    }

    /// See [`StoredObject::state`].
    pub fn state(&self) -> Value {
        cards::state(&self.details, None)
    }

    /// The token as any object is kept.
    pub fn object(&self) -> StoredObject {
        StoredObject {
            kind: ObjectKind::Token,
            id: self.id.clone(),
            parent: None,
            created: self.created,
            body: token_body(self.id.as_str().into(), self.created.into(), self.card().object()),
            state: self.state(),
        }
    }

    /// The body of the answer that shows it in a version. It holds the program's own words and what was masked when the
    /// card was read: with plain ids, there is nothing in it to redact.
    pub(super) fn shown(&self, version: ApiVersion<'_>) -> Vec<u8> {
        let template = TokenTemplate::of(version, self);
        let values: Vec<CardValue<'_>> = self.values().collect();
        let mut text = Vec::with_capacity(template.length);
        for (before, place) in &template.parts {
            text.extend_from_slice(before.as_bytes());
            push_scalar(&mut text, &values[*place]);
        }
        text.extend_from_slice(template.end.as_bytes());
        text
    }

    fn card(&self) -> NewCard<'_> {
        NewCard { id: &self.card_id, fingerprint: &self.fingerprint, details: &self.details }
    }

    /// The values that a template has marks for, in their order: those of the token, then those of its card.
    fn values(&self) -> impl Iterator<Item = CardValue<'_>> {
        let own = [CardValue::Text(self.id.as_str().into()), CardValue::Number(self.created)];
        own.into_iter().chain(self.card().fields().map(|(_, value)| value))
    }
}

/// A token of a card, keys in the order of the API page.
pub(super) fn token_body(id: Value, created: Value, card: Value) -> Value {
    fields::object([
        ("id", id),
        ("object", "token".into()),
        ("card", card),
        ("client_ip", "127.0.0.1".into()),
        ("created", created),
        ("livemode", false.into()),
        ("type", "card".into()),
        ("used", false.into()),
    ])
}

/// Writes what stands at a mark.
fn push_scalar(text: &mut Vec<u8>, value: &CardValue<'_>) {
    let written = match value {
        CardValue::Text(value) => serde_json::to_writer(text, value),
        CardValue::Networks(value) => serde_json::to_writer(text, value),
        CardValue::Number(value) => serde_json::to_writer(text, value),
        CardValue::Null | CardValue::NoMetadata => serde_json::to_writer(text, &()),
    };
    written.expect("a text or a number is JSON, and memory takes it");
}

/// The answer of a version that shows a new token, without the token's own values.
struct TokenTemplate {
    /// A text, and behind it the value of this place in [`NewToken::values`].
    parts: Vec<(String, usize)>,
    end: String,
    /// About how long an answer becomes.
    length: usize,
}

/// What the marks begin with. It is in no text of a token.
const MARK: char = '\u{1}';

/// More than any client has use for: versions that are not published yet are taken too, whatever their date.
const MOST_TEMPLATES: usize = 64;

/// Tokens whose answers differ in more than their values: a version leaves a preference out that says nothing, and a
/// currency that was not sent is left out in all.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct TemplateKind {
    version: Date,
    has_currency: bool,
    has_preference: bool,
}

impl TokenTemplate {
    fn of(version: ApiVersion<'_>, token: &NewToken<'_>) -> Arc<Self> {
        static MADE: LazyLock<RwLock<HashMap<TemplateKind, Arc<TokenTemplate>>>> = LazyLock::new(RwLock::default);
        let kind = TemplateKind {
            version: version.date(),
            has_currency: token.details.currency.is_some(),
            has_preference: token.details.preferred.is_some(),
        };
        if let Some(made) = MADE.read().unwrap_or_else(PoisonError::into_inner).get(&kind) {
            return Arc::clone(made);
        }
        let made = Arc::new(Self::make(version, token));
        let mut known = MADE.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_TEMPLATES {
            known.clear();
        }
        known.insert(kind, Arc::clone(&made));
        made
    }

    fn make(version: ApiVersion<'_>, token: &NewToken<'_>) -> Self {
        let mark = |place: usize| format!("{MARK}{place}");
        let card = token.card();
        let card = card.fields().zip(2..).map(|((name, value), place)| {
            let marked = match value {
                // The rules of a version look at it.
                CardValue::Text(_) if name == "object" => value.into(),
                CardValue::NoMetadata | CardValue::Networks(None) => value.into(),
                CardValue::Networks(Some(_)) => CardValue::Networks(Some(&mark(place))).into(),
                CardValue::Text(_) | CardValue::Null | CardValue::Number(_) => mark(place).into(),
            };
            (name.to_owned(), marked)
        });
        let marked = token_body(mark(0).into(), mark(1).into(), Value::Object(card.collect()));
        let text = answers::text(&shapes::shaped(version, None, marked));
        let text = String::from_utf8(text).expect("JSON is text");
        // As JSON writes a text that begins with the mark.
        let mut pieces = text.split("\"\\u0001");
        let mut before = pieces.next().unwrap_or_default();
        let mut parts = Vec::new();
        for piece in pieces {
            let (place, behind) = piece.split_once('"').expect("a mark ends with its text");
            parts.push((before.to_owned(), place.parse().expect("a mark is a number")));
            before = behind;
        }
        Self { parts, end: before.to_owned(), length: text.len() + 256 }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        domain::rules::{
            policies::AccountPolicies,
            prediction::{Prediction, predict},
        },
        minter::{token_of_answer, versions},
    };

    fn details(params: &[(&str, &str)]) -> CardDetails {
        let number = [("card[number]", "5555553753048194"), ("card[exp_month]", "2"), ("card[exp_year]", "2034")];
        let params = number.iter().chain(params).copied().collect();
        match predict(&params, date(2030, 1, 1), AccountPolicies::default()) {
            Prediction::Token(card) => *card,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_text_is_the_object_as_each_version_shows_it_and_tells_all_of_it() {
        let cards = [
            details(&[]),
            details(&[("card[cvc]", "123"), ("card[networks][preferred]", "visa")]),
            details(&[
                ("card[currency]", "eur"),
                ("card[name]", "Zoë \"\u{1}7\" \\u0001\n"),
                ("card[address_zip]", ""),
            ]),
            details(&[
                ("card[currency]", "usd"),
                ("card[networks][preferred]", "mastercard"),
                ("card[address_line1]", "1"),
                ("card[address_line2]", "2"),
                ("card[address_city]", "c"),
                ("card[address_state]", "s"),
                ("card[address_zip]", "z"),
                ("card[address_country]", "DE"),
            ]),
        ];
        for version in versions::published() {
            // Each template is used for another token than the one that it was made with.
            for nth in [1, 2] {
                for details in &cards {
                    let (id, card_id) = (format!("tok_{nth}"), format!("card_{nth}"));
                    let fingerprint = format!("f{nth}");
                    let details = Cow::Borrowed(details);
                    let token = NewToken { id, card_id, fingerprint, created: nth, details };
                    let shown = token.shown(version);
                    let object = token.object().body;
                    let by_rules = shapes::shaped(version, None, object.clone());
                    assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&answers::text(&by_rules)));
                    let told = token_of_answer(serde_json::from_slice(&shown).unwrap());
                    assert_eq!(told.to_string(), object.to_string(), "{version}");
                }
            }
        }
    }

    #[test]
    fn ids_of_many_digits_are_not_plain() {
        let details = details(&[]);
        for (id, is_plain) in [("tok_1UhFZ3S7P5TyW2nxG1kfq9a2", true), ("tok_1UhFZ30000012345090d4ibq", false)] {
            let (id, card_id, fingerprint) = (id.to_owned(), "card_1".to_owned(), "f".to_owned());
            let token = NewToken { id, card_id, fingerprint, created: 1, details: Cow::Borrowed(&details) };
            assert_eq!(token.has_plain_ids(), is_plain, "{}", token.id());
        }
    }
}
