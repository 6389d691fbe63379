//! Reads the parameters of a call and writes them into objects; what is wrong with one is told in Stripe's words.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::{
    accepted::{ADDRESS_FIELDS, AcceptedParams, ParamMeaning, WriteRule, WrittenParam},
    descriptors, metadata,
};
use crate::domain::{
    call::{api::ApiRequest, client_fields, error::ApiError, params::Params},
    mask,
};

/// The parameters of a call, of which each is one that the call takes.
pub(super) struct CallFields<'a> {
    params: &'a Params,
    accepted: &'static AcceptedParams,
}

/// What was sent for a field that can be unset again, which an empty value does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SentValue<T> {
    Absent,
    Unset,
    Set(T),
}

impl<T> SentValue<T> {
    /// The value for a new object, in which nothing was set before: unset and absent are the same.
    pub(super) fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Absent | Self::Unset => None,
        }
    }
}

impl<T: Into<Value>> SentValue<T> {
    /// The value for a field of an object: null where it is unset, `None` where nothing was sent.
    fn into_json(self) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Unset => Some(Value::Null),
            Self::Set(value) => Some(value.into()),
        }
    }

    /// Writes the value into a field of an object, null where it is unset; leaves the field where nothing was sent.
    pub(super) fn write(self, object: &mut Value, key: &str) {
        if let Some(value) = self.into_json() {
            object[key] = value;
        }
    }

    /// The same, into the field that a parameter's name leads to.
    pub(super) fn write_at(self, object: &mut Value, name: &str) {
        if let Some(value) = self.into_json() {
            *field_of(object, name) = value;
        }
    }
}

/// The longest text that a field takes where its own limit is not documented, in characters.
pub(super) const LONGEST_TEXT: usize = 5000;

impl<'a> CallFields<'a> {
    /// The parameters of a request, checked by name against those that the call takes.
    ///
    /// # Errors
    /// One error that names all unknown parameters; where there are none, the first parameter that is known and not
    /// taken.
    pub(super) fn of(request: &'a ApiRequest, accepted: &'static AcceptedParams) -> Result<Self, ApiError> {
        let params = &request.params;
        let (mut unknown, mut refused) = (Vec::new(), None);
        for (name, value) in params.iter() {
            match accepted.meaning(name, value) {
                ParamMeaning::Known => {}
                ParamMeaning::Unknown | ParamMeaning::NotModelled(_) if client_fields::is_taken(request, name) => {}
                ParamMeaning::Unknown => unknown.push(name),
                other => {
                    refused.get_or_insert(other);
                }
            }
        }
        ApiError::refuse_unknown(unknown.into_iter())?;
        let error = match refused {
            None | Some(ParamMeaning::Known | ParamMeaning::Unknown) => return Ok(Self { params, accepted }),
            Some(ParamMeaning::NotModelled(name)) => {
                let message = format!("Testcard's local minter does not model '{name}' here.");
                ApiError::request(None, Some(name), message)
            }
            Some(ParamMeaning::CardDetails(name)) => card_details_refused(name),
            Some(ParamMeaning::NotObject("metadata")) => metadata::not_pairs(),
            Some(ParamMeaning::NotObject(name)) => not_object(name),
            Some(ParamMeaning::NotList(name)) => ApiError::request(None, Some(name), "Invalid array"),
        };
        Err(error)
    }

    /// Writes all parameters into an object that have a rule for that ([`AcceptedParams::written`]), in their order.
    ///
    /// # Errors
    /// The first value that its rule refuses; what was written before stays written.
    pub(super) fn write_to(&self, object: &mut Value) -> Result<(), ApiError> {
        self.accepted.written.iter().flat_map(|params| params.iter()).try_for_each(|param| self.write(param, object))
    }

    fn write(&self, param: &WrittenParam, object: &mut Value) -> Result<(), ApiError> {
        let name = param.name;
        let value = match &param.rule {
            WriteRule::Text { longest } => self.text(name, *longest)?.into_json(),
            WriteRule::StatementDescriptor => self.statement_descriptor(name)?.into_json(),
            WriteRule::Integer { least, most } => self.integer(name, *least..=*most)?.map(Value::from),
            WriteRule::Word { when_empty, .. } if self.raw(name) == Some("") => Some((*when_empty).into()),
            WriteRule::Word { words, .. } => self.choice(name, words)?.map(Value::from),
            WriteRule::Texts if self.has(name) => Some(self.texts(name).filter(|text| !text.is_empty()).collect()),
            WriteRule::Address => self.address(name)?.into_json(),
            WriteRule::Shipping if self.has(name) => Some(self.shipping()?),
            WriteRule::Texts | WriteRule::Shipping => None,
            WriteRule::Metadata => return self.metadata(object),
        };
        if let Some(value) = value {
            *field_of(object, name) = value;
        }
        Ok(())
    }

    /// The value as sent.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.params.get(name)
    }

    /// Whether the name itself, or something below it, was sent.
    pub(super) fn has(&self, name: &str) -> bool {
        self.params.names().any(|sent| is_at(sent, name))
    }

    /// A text that cannot be empty, as sent: an id or another word that is looked up.
    pub(super) fn word(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        match self.raw(name) {
            Some("") => Err(ApiError::empty(name)),
            Some(text) if text.chars().count() > LONGEST_TEXT => Err(ApiError::too_long(name, text, LONGEST_TEXT)),
            other => Ok(other),
        }
    }

    /// Free text of `longest` characters at most, which an empty value unsets. It is masked here already, so that an
    /// object shows exactly what is kept of it.
    pub(super) fn text(&self, name: &str, longest: usize) -> Result<SentValue<String>, ApiError> {
        match self.raw(name) {
            None => Ok(SentValue::Absent),
            Some("") => Ok(SentValue::Unset),
            Some(text) if text.chars().count() > longest => Err(ApiError::too_long(name, text, longest)),
            Some(text) => Ok(SentValue::Set(mask::param(name, text).0)),
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
            Some("1") => Ok(Some(true)),
            Some("0") => Ok(Some(false)),
            // Stripe's SDK for .NET writes `True` and `False`.
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::request(None, Some(name), format!("Invalid boolean: {}", mask::text(other)))),
        }
    }

    /// A value that must be one of these words.
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

    fn statement_descriptor(&self, name: &str) -> Result<SentValue<String>, ApiError> {
        if let Some(text) = self.raw(name).filter(|text| !text.is_empty()) {
            descriptors::check(name, text)?;
        }
        self.text(name, LONGEST_TEXT)
    }

    /// `shipping` of a charge or a customer: an address and a name at least.
    fn shipping(&self) -> Result<Value, ApiError> {
        if self.raw("shipping") == Some("") {
            return Ok(Value::Null);
        }
        let text = |name: &str| Ok::<_, ApiError>(self.text(name, LONGEST_TEXT)?.set());
        let address = self.address("shipping[address]")?.set();
        let name = self.word("shipping[name]")?;
        Ok(json!({
            "address": address.ok_or_else(|| ApiError::missing("shipping[address]"))?,
            "carrier": text("shipping[carrier]")?,
            "name": name.map(mask::text).ok_or_else(|| ApiError::missing("shipping[name]"))?,
            "phone": text("shipping[phone]")?,
            "tracking_number": text("shipping[tracking_number]")?,
        }))
    }

    /// `metadata[key]=value` on top of what an object has: an empty value takes its key away, an empty `metadata` all.
    fn metadata(&self, object: &mut Value) -> Result<(), ApiError> {
        if !object["metadata"].is_object() || self.raw("metadata") == Some("") {
            object["metadata"] = Value::Object(Map::new());
        }
        let Some(known) = object["metadata"].as_object_mut() else { return Ok(()) };
        for (name, value) in self.params.iter() {
            let Some(key) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) else { continue };
            let kept = mask::param(name, value).0;
            metadata::check(key, value, &kept)?;
            let key = mask::text(key);
            if value.is_empty() {
                known.shift_remove(&key);
            } else {
                known.insert(key, kept.into());
            }
        }
        metadata::check_count(known.len())
    }

    /// An address, null where a field of it was not sent. Empty, it is unset.
    fn address(&self, name: &str) -> Result<SentValue<Value>, ApiError> {
        if self.raw(name) == Some("") {
            return Ok(SentValue::Unset);
        }
        let mut object = Map::new();
        let mut is_sent = false;
        for key in ADDRESS_FIELDS {
            let text = self.text(&format!("{name}[{key}]"), LONGEST_TEXT)?;
            is_sent |= text != SentValue::Absent;
            object.insert(key.to_owned(), text.set().into());
        }
        Ok(if is_sent { SentValue::Set(Value::Object(object)) } else { SentValue::Absent })
    }

    /// The texts of a list as they may be kept, in the order sent.
    fn texts(&self, name: &str) -> impl Iterator<Item = String> {
        self.elements(name).map(mask::text)
    }

    /// The elements of a list, in the order sent. The bare name stands for a list without any.
    pub(super) fn elements(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.params.iter().filter(move |(sent, _)| *sent != name && is_at(sent, name)).map(|(_, value)| value)
    }

    /// What `expand[]` names, in the order sent.
    pub(super) fn expand(&self) -> impl Iterator<Item = &'a str> {
        self.elements("expand")
    }
}

/// The refusal of raw card details where a token is due. Stripe takes them; here they must go through a token, so that
/// they are checked by one set of rules.
fn card_details_refused(param: &str) -> ApiError {
    let message = format!(
        "Testcard's local minter takes no card details in '{param}': make a token of them with POST /v1/tokens, and send \
         its id instead."
    );
    ApiError::request(None, Some(param), message)
}

/// An object of these fields, in their order. Unlike `json!`, it moves the values in and makes room for all of them once:
/// for the objects that are made with every call.
pub(super) fn object<const FIELDS: usize>(fields: [(&str, Value); FIELDS]) -> Value {
    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn not_object(name: &str) -> ApiError {
    ApiError::request(None, Some(name), "Invalid object")
}

/// Whether a parameter that was sent is the one of this name, or below it.
fn is_at(sent: &str, name: &str) -> bool {
    sent.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
}

/// The field of an object that a parameter's name leads to: of `invoice_settings[footer]`, `footer` in
/// `invoice_settings`.
fn field_of<'v>(object: &'v mut Value, name: &str) -> &'v mut Value {
    name.split('[').fold(object, |value, part| &mut value[part.trim_end_matches(']')])
}
