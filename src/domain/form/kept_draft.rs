//! The form as it may be stored: without card numbers and keys that must not be written to disk, and without security
//! codes.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::{BillingAddress, Draft};
use crate::domain::{
    call::params::Params,
    card::{networks::CardNetwork, number::passing_cvc},
    mask::{self, Kept},
    rules::expectation::Expectation,
    secret::SecretText,
};

/// A [`Draft`] without its secrets. What had to be left out is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeptDraft {
    /// The number of a published test card, or one too short for any card; else empty.
    number: String,
    expiry: String,
    /// Whether there was a security code. The code itself is not kept.
    has_cvc: bool,
    name: String,
    address: BillingAddress,
    currency: String,
    preferred: Option<CardNetwork>,
    customer: String,
    customer_card: String,
    raw: Option<Vec<KeptParam>>,
}

/// A raw parameter: its name, and its value, or `None` for a security code.
type KeptParam = (String, Option<String>);

impl KeptDraft {
    /// The draft without its secrets, and a phrase for each part that was left out.
    pub fn of(draft: &Draft) -> (Self, Vec<String>) {
        let mut left_out = Vec::new();
        let mut plain = |what: &str, text: &str| {
            if mask::is_whole(text) {
                return text.to_owned();
            }
            left_out.push(format!("the {what}, which holds a number or a key"));
            String::new()
        };
        let BillingAddress { line1, line2, city, state, zip, country } = &draft.address;
        let mut kept = Self {
            number: String::new(),
            expiry: plain("expiry", &draft.expiry),
            has_cvc: !draft.cvc.is_empty(),
            name: plain("name", &draft.name),
            address: BillingAddress {
                line1: plain("address", line1),
                line2: plain("address", line2),
                city: plain("city", city),
                state: plain("state", state),
                zip: plain("ZIP", zip),
                country: plain("country", country),
            },
            currency: plain("currency", &draft.currency),
            preferred: draft.preferred,
            customer: plain("customer", &draft.customer),
            customer_card: plain("customer's card", &draft.customer_card),
            raw: None,
        };
        let number = draft.number.expose();
        if mask::param("card[number]", number).1 == Kept::Whole {
            number.clone_into(&mut kept.number);
        } else {
            left_out.insert(0, "the card number, which is not a published test card".to_owned());
        }
        if kept.has_cvc && draft.raw.is_none() {
            left_out.push("the CVC".to_owned());
        }
        kept.raw = draft.raw.as_ref().map(|params| {
            let raw = kept_params(params, &mut left_out);
            kept.has_cvc = raw.iter().any(|(_, value)| value.is_none());
            raw
        });
        (kept, left_out)
    }

    /// Restores the draft. With `fills_cvc`, a security code that passes replaces one that was left out.
    pub fn to_draft(&self, fills_cvc: bool) -> Draft {
        let cvc = if self.has_cvc && fills_cvc { self.passing_cvc() } else { "" };
        let sent = |(name, value): &KeptParam| {
            let value = value.clone().or_else(|| (!cvc.is_empty()).then(|| cvc.to_owned()))?;
            Some((name.clone(), value))
        };
        let raw = self.raw.as_ref().map(|raw| raw.iter().filter_map(sent).collect());
        Draft {
            number: SecretText::new(self.number.as_str()),
            expiry: self.expiry.clone(),
            cvc: SecretText::new(if raw.is_some() { "" } else { cvc }),
            name: self.name.clone(),
            address: self.address.clone(),
            currency: self.currency.clone(),
            preferred: self.preferred,
            customer: self.customer.clone(),
            customer_card: self.customer_card.clone(),
            raw,
        }
    }

    /// Whether there was a security code.
    pub fn has_cvc(&self) -> bool {
        self.has_cvc
    }

    fn passing_cvc(&self) -> &'static str {
        let is_number = |(name, _): &&KeptParam| name == "card[number]";
        let raw_number = self.raw.iter().flatten().rev().find(is_number).and_then(|(_, value)| value.as_deref());
        passing_cvc(if self.raw.is_some() { raw_number.unwrap_or_default() } else { &self.number })
    }

    /// The stored form.
    pub fn to_json(&self) -> Value {
        let BillingAddress { line1, line2, city, state, zip, country } = &self.address;
        let file = DraftFile {
            number: self.number.clone(),
            expiry: self.expiry.clone(),
            has_cvc: self.has_cvc,
            name: self.name.clone(),
            address: [line1, line2, city, state, zip, country].map(String::clone),
            currency: self.currency.clone(),
            preferred: self.preferred.map(CardNetwork::as_str).unwrap_or_default().to_owned(),
            customer: self.customer.clone(),
            customer_card: self.customer_card.clone(),
            raw: self
                .raw
                .as_ref()
                .map(|raw| raw.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()),
            raw_codes: self
                .raw
                .iter()
                .flatten()
                .enumerate()
                .filter(|(_, (_, value))| value.is_none())
                .map(|(place, (name, _))| (place, name.clone()))
                .collect(),
        };
        serde_json::to_value(file).unwrap_or_else(|error| unreachable!("texts and numbers are JSON: {error}"))
    }

    /// Reads the result of [`Self::to_json`], or what a person wrote by hand: secrets in it are dropped here too.
    /// `None` for anything else.
    pub fn of_json(json: &Value) -> Option<Self> {
        let file = DraftFile::deserialize(json).ok()?;
        let [line1, line2, city, state, zip, country] = file.address;
        let draft = Draft {
            number: SecretText::new(file.number),
            expiry: file.expiry,
            cvc: SecretText::default(),
            name: file.name,
            address: BillingAddress { line1, line2, city, state, zip, country },
            currency: file.currency,
            preferred: file.preferred.parse().ok(),
            customer: file.customer,
            customer_card: file.customer_card,
            raw: None,
        };
        let raw = file.raw.map(|raw| {
            let mut kept: Vec<KeptParam> = raw.into_iter().filter_map(kept_param).collect();
            // Earlier programs stored no place of the security code, so it goes to the end.
            if file.has_cvc && file.raw_codes.is_empty() && kept.iter().all(|(_, value)| value.is_some()) {
                kept.push(("card[cvc]".to_owned(), None));
            }
            for (place, name) in file.raw_codes {
                if mask::is_whole(&name) && mask::hides_security_code(&name) {
                    kept.insert(place.min(kept.len()), (name, None));
                }
            }
            kept
        });
        Some(Self { has_cvc: file.has_cvc, raw, ..Self::of(&draft).0 })
    }
}

/// The form as it may be stored: its draft, and what is expected of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptForm {
    pub draft: KeptDraft,
    pub expects: Option<Expectation>,
}

/// The raw parameters without their secrets. Adds a phrase to `left_out` for each that lost something.
fn kept_params(params: &Params, left_out: &mut Vec<String>) -> Vec<KeptParam> {
    let mut all = Vec::new();
    for (name, value) in params.iter() {
        let kept = kept_param((name.to_owned(), value.to_owned()));
        if kept.as_ref().is_none_or(|(_, value)| value.is_none()) {
            left_out.push(format!("the parameter {}", mask::text(name)));
        }
        all.extend(kept);
    }
    all
}

/// A raw parameter as it may be stored, whether it comes from the form or from a file; `None` if it must be left out.
fn kept_param((name, value): (String, String)) -> Option<KeptParam> {
    if !mask::is_whole(&name) {
        return None;
    }
    match mask::param(&name, &value).1 {
        Kept::Whole => Some((name, Some(value))),
        Kept::Hidden if mask::hides_security_code(&name) => Some((name, None)),
        Kept::Hidden | Kept::Masked => None,
    }
}

impl fmt::Debug for KeptDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeptDraft").field(&self.to_draft(false)).finish()
    }
}

/// The stored form of a [`KeptDraft`]. It is a type of its own, so that a change of [`KeptDraft`] does not change the
/// file format by accident.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct DraftFile {
    #[serde(skip_serializing_if = "String::is_empty")]
    number: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    expiry: String,
    has_cvc: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// Line 1, line 2, city, state, ZIP, country.
    #[serde(skip_serializing_if = "is_empty")]
    address: [String; 6],
    #[serde(skip_serializing_if = "String::is_empty")]
    currency: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    preferred: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    customer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    customer_card: String,
    /// Name and value, without the security codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<Vec<(String, String)>>,
    /// The place of each security code among all raw parameters, from 0 on and in order, and its name. They are apart
    /// from `raw`, for earlier programs refuse a draft with anything but pairs of texts there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    raw_codes: Vec<(usize, String)>,
}

fn is_empty(address: &[String; 6]) -> bool {
    address.iter().all(String::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        Draft {
            number: "4000000000009995".into(),
            expiry: "1234".to_owned(),
            cvc: "987".into(),
            name: "Jenny Rosen".to_owned(),
            address: BillingAddress { zip: "12345".to_owned(), ..BillingAddress::default() },
            preferred: Some(CardNetwork::Visa),
            ..Draft::default()
        }
    }

    #[test]
    fn a_draft_comes_back_but_for_its_code() {
        let (kept, left_out) = KeptDraft::of(&draft());
        assert_eq!(left_out, ["the CVC"]);
        let again = KeptDraft::of_json(&kept.to_json()).unwrap();
        assert_eq!(again, kept);
        assert_eq!(again.to_draft(false), Draft { cvc: SecretText::default(), ..draft() });
        assert_eq!(again.to_draft(true), Draft { cvc: "123".into(), ..draft() });
    }

    #[test]
    fn what_may_not_be_written_is_left_out_and_named() {
        let number = "4539578763621486";
        let secret = Draft { number: number.into(), name: format!("Jenny {number}"), ..draft() };
        let raw = [("card[number]", number), ("card[cvc]", "987"), ("amount", "5"), (number, "x")];
        let raw = Draft { raw: Some(raw.into_iter().collect()), ..secret.clone() };
        for (draft, named) in [(secret, 3), (raw, 5)] {
            let (kept, left_out) = KeptDraft::of(&draft);
            assert_eq!(left_out.len(), named, "{left_out:?}");
            let json = kept.to_json().to_string();
            assert!(!json.contains("453957") && !json.contains("987"), "{json}");
            assert!(!left_out.join(" ").contains(number));
        }
    }

    #[test]
    fn raw_parameters_are_stored_as_earlier_programs_read_them() {
        let sent = [("card[cvc]", "987"), ("card[number]", "4242424242424242"), ("amount", "5")];
        let draft = Draft { raw: Some(sent.into_iter().collect()), ..Draft::default() };
        let json = KeptDraft::of(&draft).0.to_json();
        // An earlier program refuses a draft whose raw parameters are anything but pairs of texts, and puts the code
        // that passes to their end.
        let earlier = serde_json::json!([["card[number]", "4242424242424242"], ["amount", "5"]]);
        assert_eq!((&json["raw"], &json["has_cvc"]), (&earlier, &true.into()));
        let again = |json: &Value| KeptDraft::of_json(json).unwrap().to_draft(true).raw.unwrap();
        let names = |json: &Value| again(json).names().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(&json), ["card[cvc]", "card[number]", "amount"]);
        let of_earlier = serde_json::json!({ "has_cvc": true, "raw": earlier });
        assert_eq!(names(&of_earlier), ["card[number]", "amount", "card[cvc]"]);
        assert_eq!(again(&of_earlier).get("card[cvc]"), Some("123"));
    }

    #[test]
    fn a_secret_that_somebody_wrote_into_the_file_is_not_taken() {
        let json = serde_json::json!({ "number": "4539578763621486", "raw": [["card[cvc]", "987"]] });
        let draft = KeptDraft::of_json(&json).unwrap().to_draft(true);
        assert!(draft.number.is_empty() && draft.to_request().params.is_empty());
        assert_eq!(KeptDraft::of_json(&serde_json::json!([1])), None);
    }
}
