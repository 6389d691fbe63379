//! The parameters of a call, read against those that it takes: each fault in Stripe's words.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::domain::{
    call::{api::ApiRequest, error::ApiError, params::Params},
    mask,
};

/// Which parameters a call takes. In a name, `[*]` stands for any key of a dictionary or list, `[*address]` for a field of
/// an address.
pub(super) struct Takes {
    pub(super) names: &'static [&'static str],
    /// What Stripe takes here and the minter does not play, with all that is below it: refused in words that say so.
    pub(super) not_modelled: &'static [&'static str],
}

/// How a parameter is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning<'a> {
    Known,
    Unknown,
    NotModelled(&'static str),
    /// A card dictionary, below the parameter that takes the id of a token.
    CardDetails(&'static str),
    /// A text where a dictionary is due.
    NotObject(&'a str),
    /// A text where a list is due.
    NotList(&'a str),
}

/// Parameters that take a list.
const LISTS: [&str; 2] = ["expand", "preferred_locales"];
/// The one that is a text or a dictionary.
const EITHER: &str = "created";

impl Takes {
    fn meaning<'a>(&self, name: &'a str, value: &str) -> Meaning<'a> {
        let is_below =
            |root: &str| name.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('['));
        let is_taken = |known: &str| self.names.contains(&known);
        let has_below =
            self.names.iter().any(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('[')));
        if has_below && LISTS.contains(&name) {
            return Meaning::NotList(name);
        }
        // An empty text unsets a dictionary that can be unset.
        if has_below && name != EITHER && !(value.is_empty() && is_taken(name)) {
            return Meaning::NotObject(name);
        }
        if self.names.iter().any(|known| fits(known, name)) {
            return Meaning::Known;
        }
        if let Some(known) = self.not_modelled.iter().find(|known| is_below(known)) {
            return Meaning::NotModelled(known);
        }
        let takes_token = [("source", "source"), ("card", "card"), ("card[token]", "card")];
        match takes_token.into_iter().find(|(taken, root)| is_taken(taken) && is_below(root)) {
            Some((taken, _)) => Meaning::CardDetails(taken),
            None => Meaning::Unknown,
        }
    }
}

/// Raw card details go through a token here: that way they are checked by one set of rules.
fn card_details_refused(param: &str) -> ApiError {
    let message = format!(
        "Testcard's local minter takes no card details in '{param}': make a token of them with POST /v1/tokens, and send \
         its id instead."
    );
    ApiError::request(None, Some(param), message)
}

/// The parameters of a call, all of them known.
pub(super) struct Fields<'a>(&'a Params);

/// What was sent for a field that can be taken back: an empty value unsets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    Absent,
    Unset,
    Set(T),
}

impl<T> Given<T> {
    /// The value, for a new object: what is unset was never set.
    pub(super) fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Unset => None,
        }
    }
}

impl<T: Into<Value>> Given<T> {
    /// Writes the value into a field of an object, null where it is unset; leaves the field where nothing was sent.
    pub(super) fn write(self, object: &mut Value, key: &str) {
        match self {
            Self::Absent => {}
            Self::Unset => object[key] = Value::Null,
            Self::Set(value) => object[key] = value.into(),
        }
    }
}

/// The longest text that a field takes where its own limit is not documented, in characters.
pub(super) const LONGEST_TEXT: usize = 5000;
/// The fields of an address, in the order of an answer.
pub(super) const ADDRESS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];
const METADATA_KEYS: usize = 50;
const METADATA_KEY_LENGTH: usize = 40;
const METADATA_VALUE_LENGTH: usize = 500;

impl<'a> Fields<'a> {
    /// # Errors
    /// The first parameter that is not known, all of them named; then the first that is meant but not taken.
    pub(super) fn of(request: &'a ApiRequest, takes: &Takes) -> Result<Self, ApiError> {
        let params = &request.params;
        let unknown = params.iter().filter(|(name, value)| takes.meaning(name, value) == Meaning::Unknown);
        ApiError::refuse_unknown(unknown.map(|(name, _)| name))?;
        let refusal = params.iter().find_map(|(name, value)| match takes.meaning(name, value) {
            Meaning::Known | Meaning::Unknown => None,
            Meaning::NotModelled(name) => {
                let message = format!("Testcard's local minter does not model '{name}' here.");
                Some(ApiError::request(None, Some(name), message))
            }
            Meaning::CardDetails(name) => Some(card_details_refused(name)),
            Meaning::NotObject(name) => Some(not_object(name)),
            Meaning::NotList(name) => Some(ApiError::request(None, Some(name), "Invalid array")),
        });
        refusal.map_or(Ok(Self(params)), Err)
    }

    /// The value as sent.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)
    }

    /// Whether the name itself, or something below it, was sent.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.names().any(|sent| root(sent) == name)
    }

    /// A text that cannot be empty, as sent: an id or another word that is looked up.
    pub(super) fn word(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.raw(name) {
            Some("") => Err(ApiError::empty(name)),
            Some(text) if text.chars().count() > LONGEST_TEXT => Err(too_long(name, LONGEST_TEXT)),
            other => Ok(other),
        }
    }

    /// Free text that an empty value unsets, of so many characters at most: as it may be kept, for what an object shows
    /// is what was kept of it.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<Given<String>, ApiError> {
        match self.raw(name) {
            None => Ok(Given::Absent),
            Some("") => Ok(Given::Unset),
            Some(text) if text.chars().count() > longest => Err(too_long(name, longest)),
            Some(text) => Ok(Given::Set(mask::param(name, text).0)),
        }
    }

    pub(super) fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.word(name)? else { return Ok(None) };
        let invalid = |message| ApiError::request(Some("parameter_invalid_integer"), Some(name), message);
        let value: i64 = text.parse().map_err(|_| invalid(format!("Invalid integer: {}", mask::text(text))))?;
        if value < *range.start() {
            Err(invalid(format!("This value must be greater than or equal to {}.", range.start())))
        } else if value > *range.end() {
            Err(invalid(format!("This value must be less than or equal to {}.", range.end())))
        } else {
            Ok(Some(value))
        }
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.word(name)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(other) => Err(ApiError::request(None, Some(name), format!("Invalid boolean: {}", mask::text(other)))),
        }
    }

    /// One of some words.
    pub(super) fn choice(&self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.word(name)? else { return Ok(None) };
        let found = words.iter().copied().find(|word| *word == text);
        let listed = || match words {
            [one] => (*one).to_owned(),
            [first @ .., last] => format!("one of {}, or {last}", first.join(", ")),
            [] => String::new(),
        };
        let refused = || ApiError::request(None, Some(name), format!("Invalid {name}: must be {}", listed()));
        found.map(Some).ok_or_else(refused)
    }

    /// `metadata[key]=value` on top of what an object has: an empty value takes its key away, an empty `metadata` all.
    pub(super) fn metadata(&self, object: &mut Value) -> Result<(), ApiError> {
        if !object["metadata"].is_object() || self.raw("metadata") == Some("") {
            object["metadata"] = Value::Object(Map::new());
        }
        let Some(known) = object["metadata"].as_object_mut() else { return Ok(()) };
        for (name, value) in self.0.iter() {
            let Some(key) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) else { continue };
            if key.is_empty() {
                return Err(not_object("metadata"));
            }
            if key.chars().count() > METADATA_KEY_LENGTH {
                let message = format!(
                    "Metadata keys can be at most {METADATA_KEY_LENGTH} characters long, and one of yours is longer."
                );
                return Err(ApiError::request(None, Some("metadata"), message));
            }
            if value.chars().count() > METADATA_VALUE_LENGTH {
                let message = format!("Metadata values can be at most {METADATA_VALUE_LENGTH} characters long.");
                return Err(ApiError::request(None, Some(name), message));
            }
            let key = mask::text(key);
            if value.is_empty() {
                known.shift_remove(&key);
            } else {
                known.insert(key, mask::param(name, value).0.into());
            }
        }
        if known.len() > METADATA_KEYS {
            let message = format!("You can have at most {METADATA_KEYS} metadata keys on an object.");
            return Err(ApiError::request(None, Some("metadata"), message));
        }
        Ok(())
    }

    /// An address, null where a field of it was not sent. Empty, it is unset.
    pub(super) fn address(&self, name: &str) -> Result<Given<Value>, ApiError> {
        if self.raw(name) == Some("") {
            return Ok(Given::Unset);
        }
        let mut object = Map::new();
        let mut is_sent = false;
        for key in ADDRESS {
            let text = self.text(&format!("{name}[{key}]"), LONGEST_TEXT)?;
            is_sent |= text != Given::Absent;
            object.insert(key.to_owned(), text.set().into());
        }
        Ok(if is_sent { Given::Set(Value::Object(object)) } else { Given::Absent })
    }

    /// The texts of a list as they may be kept, in the order sent.
    pub(super) fn texts(&self, name: &'a str) -> impl Iterator<Item = String> {
        self.elements(name).map(mask::text)
    }

    /// The elements of a list, in the order sent.
    pub(super) fn elements(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(sent, _)| root(sent) == name).map(|(_, value)| value)
    }

    /// What `expand[]` names, in the order sent.
    pub(super) fn expand(&self) -> impl Iterator<Item = &'a str> {
        self.elements("expand")
    }
}

fn not_object(name: &str) -> ApiError {
    ApiError::request(None, Some(name), "Invalid object")
}

fn too_long(name: &str, longest: usize) -> ApiError {
    let message = format!("Invalid string: {name} must be at most {longest} characters");
    ApiError::request(None, Some(name), message)
}

fn root(name: &str) -> &str {
    &name[..name.find('[').unwrap_or(name.len())]
}

/// Whether a name is meant by a pattern: `shipping[address][*address]` takes `shipping[address][city]`.
fn fits(pattern: &str, name: &str) -> bool {
    let mut expected = pattern.split('[');
    let mut parts = name.split('[');
    loop {
        match (expected.next(), parts.next()) {
            (None, None) => return true,
            (Some("*]"), Some(part)) if part.ends_with(']') => {}
            (Some("*address]"), Some(part)) if part.strip_suffix(']').is_some_and(|key| ADDRESS.contains(&key)) => {}
            (Some(expected), Some(part)) if expected == part => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_the_keys_of_its_dictionaries() {
        for (pattern, name, expected) in [
            ("amount", "amount", true),
            ("amount", "amounts", false),
            ("amount", "amount[x]", false),
            ("metadata[*]", "metadata[order]", true),
            ("metadata[*]", "metadata", false),
            ("metadata[*]", "metadata[a][b]", false),
            ("expand[*]", "expand[]", true),
            ("expand[*]", "expand[0]", true),
            ("shipping[address][*address]", "shipping[address][city]", true),
            ("shipping[address][*address]", "shipping[address][zip]", false),
            ("shipping[address][*address]", "shipping[name]", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_meant_but_not_taken_is_refused_in_words() {
        const TAKES: Takes = Takes {
            names: &[
                "source",
                "card",
                "expand[*]",
                "created",
                "created[gt]",
                "metadata",
                "metadata[*]",
                "settings[footer]",
            ],
            not_modelled: &["settings[fields]", "owner"],
        };
        const METHOD: Takes = Takes { names: &["card[token]"], not_modelled: &[] };
        for (takes, sent, expected) in [
            (&TAKES, "source=tok_1", Meaning::Known),
            (&TAKES, "source[number]=4", Meaning::CardDetails("source")),
            (&TAKES, "card[exp_month]=5", Meaning::CardDetails("card")),
            (&TAKES, "cards=5", Meaning::Unknown),
            (&TAKES, "expand=card", Meaning::NotList("expand")),
            (&TAKES, "expand[]=card", Meaning::Known),
            (&TAKES, "created=1", Meaning::Known),
            (&TAKES, "created[gt]=1", Meaning::Known),
            (&TAKES, "metadata=", Meaning::Known),
            (&TAKES, "metadata=x", Meaning::NotObject("metadata")),
            (&TAKES, "settings=", Meaning::NotObject("settings")),
            (&TAKES, "settings[fields][0][name]=x", Meaning::NotModelled("settings[fields]")),
            (&TAKES, "settings[fieldset]=x", Meaning::Unknown),
            (&TAKES, "owner[name]=x", Meaning::NotModelled("owner")),
            (&METHOD, "card[token]=tok_1", Meaning::Known),
            (&METHOD, "card[number]=4", Meaning::CardDetails("card[token]")),
            (&METHOD, "card=card_1", Meaning::NotObject("card")),
            (&METHOD, "source[number]=4", Meaning::Unknown),
        ] {
            let (name, value) = sent.split_once('=').unwrap();
            assert_eq!(takes.meaning(name, value), expected, "{sent}");
        }
    }
}
