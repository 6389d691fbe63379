//! The one door to the disk: nothing passes it that is not masked.
//!
//! [`mask`] knows what a card number and a key look like. A door knows one request besides: the security codes that it
//! sent, and its numbers as they were typed, so that an answer which repeats them does not give them away.

use serde_json::{Map, Value};

use crate::domain::{
    api::{ApiRequest, ApiResponse, Failure, MaskedRequest, TransportError},
    mask,
    secret::SecretText,
};

/// Headers that are credentials as a whole.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// A shorter code would be taken out of dates and lengths among the headers too.
const SHORTEST_CODE_IN_HEADER: usize = 3;

/// What one request makes secret in everything that is written about it.
#[derive(Debug, Default)]
pub(super) struct Door {
    codes: Vec<SecretText>,
    /// Numbers as sent, and what is written in their place.
    numbers: Vec<(SecretText, String)>,
}

impl Door {
    pub(super) fn of(request: &ApiRequest) -> Self {
        let mut door = Self::default();
        for (name, value) in request.params.iter().filter(|(_, value)| !value.is_empty()) {
            let masked = mask::param(name, value);
            if mask::is_security_code(name) || masked == mask::HIDDEN {
                door.codes.push(SecretText::new(value));
            } else if masked != value {
                for space in ["+", "%20"] {
                    if value.contains(' ') {
                        let encoded = value.replace(' ', space);
                        door.numbers.push((SecretText::new(encoded), masked.replace(' ', space)));
                    }
                }
                door.numbers.push((SecretText::new(value), masked));
            }
        }
        door
    }

    pub(super) fn request(&self, request: &ApiRequest) -> MaskedRequest {
        let masked = request.masked();
        MaskedRequest { headers: self.headers(&masked.headers), path: self.text(&masked.path), ..masked }
    }

    pub(super) fn response(&self, response: &ApiResponse) -> ApiResponse {
        ApiResponse {
            http_status: response.http_status,
            headers: self.headers(&response.headers),
            body: self.body(&response.body),
        }
    }

    pub(super) fn failure(&self, error: &TransportError) -> Failure {
        let failure = Failure::from(error);
        Failure {
            message: self.text(&self.without_codes(&failure.message)),
            text: failure.text.map(|text| self.text(&self.without_codes(&text))),
            ..failure
        }
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        headers
            .iter()
            .filter(|(name, _)| !CREDENTIALS.iter().any(|credential| name.eq_ignore_ascii_case(credential)))
            .map(|(name, value)| {
                let codes = self.codes.iter().filter(|code| code.expose().len() >= SHORTEST_CODE_IN_HEADER);
                (self.text(name), self.text(&without(value, codes)))
            })
            .collect()
    }

    /// The body's own bytes where nothing in them is secret; else its JSON written anew, its keys in their order.
    fn body(&self, bytes: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        if self.is_plain(&text) {
            return text.into_owned().into_bytes();
        }
        let Ok(body) = serde_json::from_str::<Value>(&text) else {
            return self.text(&self.without_codes(&text)).into_bytes();
        };
        let masked = self.value("", &body);
        // An escape may spell a digit, and a key that occurs twice may hide its first value from the reader.
        if masked == body && !text.contains("\\u") && self.text(&text) == text {
            return text.into_owned().into_bytes();
        }
        format!("{masked:#}").into_bytes()
    }

    /// An object of the minter as it is written.
    pub(super) fn json(&self, value: &Value) -> String {
        let text = value.to_string();
        if self.is_plain(&text) { text } else { self.value("", value).to_string() }
    }

    /// Whether nothing in some JSON needs to be masked: told fast and on the safe side, for nearly all JSON is so. There
    /// is no name after which a value is masked by its name, and no text that is masked wherever it stands.
    fn is_plain(&self, json: &str) -> bool {
        const NAMES: [&str; 6] = ["\\u", "message", "number", "cvv", "cvn", "security_code"];
        let lower = json.to_ascii_lowercase();
        NAMES.iter().all(|name| !lower.contains(name))
            && lower.match_indices("cvc").all(|(at, _)| lower[at..].starts_with("cvc_check"))
            && self.numbers.iter().all(|(number, _)| !json.contains(number.expose()))
            && mask::text(json) == json
    }

    /// A value of JSON below the key `name`.
    fn value(&self, name: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let written = number.to_string();
                let masked = self.field(name, &written);
                if masked == written { value.clone() } else { Value::String(masked) }
            }
            Value::String(text) => Value::String(self.field(name, text)),
            Value::Array(values) => values.iter().map(|value| self.value(name, value)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (self.text(name), self.value(name, value)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    fn field(&self, name: &str, text: &str) -> String {
        let message = (name == "message").then(|| self.without_codes(text));
        let text = message.as_deref().unwrap_or(text);
        // `cvc_check` says how the check of a code went.
        if name.contains("check") { self.text(text) } else { self.text(&mask::param(name, text)) }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (number, masked) in &self.numbers {
            text = text.replace(number.expose(), masked);
        }
        mask::text(&text)
    }

    fn without_codes(&self, text: &str) -> String {
        without(text, self.codes.iter())
    }
}

fn without<'a>(text: &str, codes: impl Iterator<Item = &'a SecretText>) -> String {
    codes.fold(text.to_owned(), |text, code| mask::without_word(&text, code.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door() -> Door {
        let mut request = ApiRequest::get("/");
        request.params =
            [("card[number]", "4111/1111/1111/1112"), ("card[cvc]", "987"), ("name", "4111 1111 1111 1112")]
                .into_iter()
                .collect();
        Door::of(&request)
    }

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let masked = String::from_utf8(door().body(body.as_bytes())).unwrap();
        let expected_body: Result<Value, _> = serde_json::from_str(expected);
        match (serde_json::from_str::<Value>(&masked), expected_body) {
            (Ok(masked), Ok(expected)) => assert_eq!(masked, expected, "{body}"),
            _ => assert_eq!(masked, expected, "{body}"),
        }
    }

    #[test]
    fn a_body_stays_json_and_gives_nothing_away() {
        check(r#"{"number":4111111111111112}"#, r#"{"number":"411111******1112"}"#);
        check(r#"{"a":"\u0034111111111111112"}"#, r#"{"a":"411111******1112"}"#);
        check(r#"{"a":"\u0034111111111111112","a":"x"}"#, r#"{"a":"x"}"#);
        check(r#"{"4111111111111112":1}"#, r#"{"411111******1112":1}"#);
        check(r#"{"a":"4111/1111/1111/1112"}"#, r#"{"a":"4111/11**/****/1112"}"#);
        check(r#"{"error":{"message":"code 987 of sk_test_1"}}"#, r#"{"error":{"message":"code ••• of sk_test_•••"}}"#);
        check(r#"{"card":{"cvc":"987","cvc_check":"pass"}}"#, r#"{"card":{"cvc":"•••","cvc_check":"pass"}}"#);
        check("<p>card[cvc]=987&n=4111+1111+1111+1112", "<p>card[cvc]=•••&n=4111+11**+****+1112");
    }

    #[test]
    fn a_body_without_secrets_keeps_its_bytes() {
        let body = "{\n  \"exp_month\": 12 , \"n\" : 1.50, \"number\": \"4242424242424242\"}\n";
        assert_eq!(door().body(body.as_bytes()), body.as_bytes());
    }
}
