//! Fixtures of the Stripe CLI (`stripe fixtures FILE`) as calls to be made one after the other: a step may take values from
//! the answers of earlier ones, `${customer:id}`, with a default for what is not there, `${customer:email|a@b.example}`.
//!
//! `${.env:NAME}` takes a variable of the environment, except where it holds what is always masked, such as a key or a
//! card's number: somebody else may have written the file. The file's own `env` is what it gives out at its end.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::flat_params::{FlatFault, LONGEST_TEXT, MOST_FLAT, flatten, plain_number};
use crate::domain::{
    call::{
        api::{ApiRequest, HttpMethod},
        params::Params,
    },
    mask,
};

/// The version of the format that is known.
const TEMPLATE_VERSION: i64 = 0;
/// The name of the environment, in a reference.
const ENV: &str = ".env";
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The headers that a step may have.
const HEADERS: [&str; 2] = ["Stripe-Account", "Stripe-Version"];

/// Reads a variable of the environment.
pub type ReadVariable = fn(&str) -> Option<String>;

/// A file of fixtures whose every step can be made, as far as that can be told beforehand.
#[derive(Clone, Debug)]
pub struct FixtureFile {
    steps: Vec<FixtureStep>,
    /// What the file gives out at its end: names, and texts that may refer to every step.
    env: Vec<(String, String)>,
    variable: ReadVariable,
}

/// One call of a file.
#[derive(Clone, Debug)]
pub struct FixtureStep {
    /// What others refer to it by; may be empty, and several may have it.
    name: String,
    /// Its name, or its place in the file.
    label: String,
    method: HttpMethod,
    path: String,
    params: Value,
    /// With the idempotency key, where the file has one.
    headers: Vec<(String, String)>,
    expected_error: Option<String>,
}

/// Why a file cannot be played, or not from this step on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixtureFault {
    #[error("{0}")]
    File(String),
    /// The step as the file calls it, the field, and what is wrong with it.
    #[error("step {step}, {field}: {why}")]
    Step { step: String, field: String, why: String },
}

/// What the steps so far were answered, by their names.
#[derive(Clone, Debug, Default)]
pub struct FixtureAnswers(HashMap<String, Value>);

impl FixtureAnswers {
    /// Keeps the answer of a step for those behind it, in place of one of the same name.
    pub fn keep(&mut self, step: &FixtureStep, answer: Value) {
        self.0.insert(step.name.clone(), answer);
    }
}

impl FixtureFile {
    /// Reads a file. References are checked too: each names an earlier step, or a variable that is there.
    ///
    /// # Errors
    /// What is wrong with the file, with the step and the field where one is.
    pub fn read(bytes: &[u8], variable: ReadVariable) -> Result<Self, FixtureFault> {
        let of_file = |why: String| FixtureFault::File(why);
        let text = str::from_utf8(bytes).map_err(|_| of_file("it is not UTF-8. Save it as UTF-8".to_owned()))?;
        let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| of_file(format!("it is not JSON: {error}")))?;
        let version = &document["_meta"]["template_version"];
        if !version.is_null() && version.as_i64() != Some(TEMPLATE_VERSION) {
            let why = format!("_meta.template_version is {version}, and {TEMPLATE_VERSION} is the one that is played");
            return Err(of_file(why));
        }
        let env = texts(&document["env"]).map_err(|name| match name {
            None => of_file("env is no object: write {\"NAME\": \"value\"}".to_owned()),
            Some(name) => of_file(format!("env.{name}: it is no text")),
        })?;
        let calls = document["fixtures"].as_array().filter(|calls| !calls.is_empty());
        let calls = calls.ok_or_else(|| of_file("it has no list `fixtures` with a call in it".to_owned()))?;
        let steps = calls.iter().enumerate().map(|(at, call)| FixtureStep::read(at, call));
        let file = Self { steps: steps.collect::<Result<_, _>>()?, env, variable };
        file.check()?;
        Ok(file)
    }

    pub fn steps(&self) -> &[FixtureStep] {
        &self.steps
    }

    /// The call of a step, with what it takes from the answers before it.
    ///
    /// # Errors
    /// A value that no answer has and that has no default, and a call that becomes too long by its values.
    pub fn request(&self, step: &FixtureStep, answers: &FixtureAnswers) -> Result<ApiRequest, FixtureFault> {
        step.filled(&|reference| self.value(reference, answers))
    }

    /// The lines of `env` after the last step: each name with its text.
    ///
    /// # Errors
    /// As of [`FixtureFile::request`].
    pub fn env(&self, answers: &FixtureAnswers) -> Result<Vec<(&str, String)>, FixtureFault> {
        self.filled_env(&|reference| self.value(reference, answers))
    }

    fn filled_env(&self, value: &ReferenceValue<'_>) -> Result<Vec<(&str, String)>, FixtureFault> {
        let line = |(name, text)| {
            let text = filled(text, value).map_err(|why| FixtureFault::File(format!("env.{name}: {why}")))?;
            Ok((name, text))
        };
        self.env.iter().map(|(name, text)| (name.as_str(), text.as_str())).map(line).collect()
    }

    fn value(&self, reference: &FixtureReference<'_>, answers: &FixtureAnswers) -> Result<String, String> {
        let FixtureReference { source, path, default } = *reference;
        if source == ENV {
            return self.variable(reference);
        }
        let found = answers.0.get(source).and_then(|answer| at_path(answer, path)).and_then(plain_text);
        found
            .or_else(|| default.map(str::to_owned))
            .ok_or_else(|| format!("the answer of {source} has no text at {path}. Write a default behind |"))
    }

    /// A variable of the environment, or the default of what is not there.
    fn variable(&self, reference: &FixtureReference<'_>) -> Result<String, String> {
        let name = reference.path;
        // What no variable can be called must not be asked for.
        let can_be = !name.contains(['=', '\0']);
        match Some(name).filter(|_| can_be).and_then(self.variable).filter(|value| !value.is_empty()) {
            Some(value) if mask::text(&value) != value => {
                Err(format!("the variable {name} holds a key or a card's number, which no file is given"))
            }
            Some(value) => Ok(value),
            None => reference
                .default
                .map(str::to_owned)
                .ok_or_else(|| format!("the environment has no variable {name}. Set it, or write a default behind |")),
        }
    }

    /// Checks each step against those before it.
    fn check(&self) -> Result<(), FixtureFault> {
        let mut names: HashSet<&str> = HashSet::new();
        for step in &self.steps {
            step.filled(&|reference| self.known(reference, &names))?;
            names.insert(&step.name);
        }
        self.filled_env(&|reference| self.known(reference, &names)).map(|_| ())
    }

    fn known(&self, reference: &FixtureReference<'_>, names: &HashSet<&str>) -> Result<String, String> {
        match reference.source {
            ENV => self.variable(reference),
            source if names.contains(source) => Ok(String::new()),
            source => Err(format!("there is no earlier step {source}")),
        }
    }
}

impl FixtureStep {
    fn read(at: usize, call: &Value) -> Result<Self, FixtureFault> {
        let name = call["name"].as_str().unwrap_or_default().to_owned();
        let label = if name.is_empty() { (at + 1).to_string() } else { name.clone() };
        let fault = |field: &str, why: String| fault_of(&label, field, why);
        let text = |field: &str| match &call[field] {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text.as_str()),
            _ => Err(fault(field, "it is no text".to_owned())),
        };
        text("name")?;
        let (path, method) = (text("path")?, text("method")?);
        if !path.starts_with('/') {
            return Err(fault("path", "it does not begin with /, as in /v1/customers".to_owned()));
        }
        let method = method.to_uppercase().parse();
        let method = method.map_err(|()| fault("method", "it is none of get, post, delete".to_owned()))?;
        let params = call["params"].clone();
        if !params.is_object() && !params.is_null() {
            return Err(fault("params", "it is no object: write {\"name\": \"value\"}".to_owned()));
        }
        for (field, what) in [("context", "another account"), ("api_base", "another address")] {
            if !text(field)?.is_empty() {
                return Err(fault(field, format!("{what} is not played. Leave it out")));
            }
        }
        let mut headers = texts(&call["headers"]).map_err(|name| match name {
            None => fault("headers", "it is no object: write {\"Stripe-Account\": \"acct_…\"}".to_owned()),
            Some(name) => fault(&format!("headers.{name}"), "it is no text".to_owned()),
        })?;
        for (name, _) in &mut headers {
            let known = HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| {
                let why = format!("only {} and {} are sent. Leave it out", HEADERS[0], HEADERS[1]);
                fault(&format!("headers.{name}"), why)
            })?;
            known.clone_into(name);
        }
        let key = text("idempotency_key")?;
        if !key.is_empty() {
            headers.push((IDEMPOTENCY_KEY.to_owned(), key.to_owned()));
        }
        let expected_error = Some(text("expected_error_type")?).filter(|kind| !kind.is_empty()).map(str::to_owned);
        Ok(Self { path: path.to_owned(), method, params, headers, expected_error, label, name })
    }

    /// The step as the file calls it: by its name, else by its place, from 1.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The type of the error that is expected, such as `card_error`; `None` where the call is to succeed.
    pub fn expected_error(&self) -> Option<&str> {
        self.expected_error.as_deref()
    }

    /// Its call with the value of each reference in its place. A header without a text is left out.
    fn filled(&self, value: &ReferenceValue<'_>) -> Result<ApiRequest, FixtureFault> {
        let fault = |field: &str, why: String| fault_of(&self.label, field, why);
        let path = filled(&self.path, value).map_err(|why| fault("path", why))?;
        let params = flatten(&self.params, &mut |_, text| filled(text, value)).map_err(|found| match found {
            FlatFault::TooLong => {
                fault("params", format!("they take more than {} MB together, which no call does", MOST_FLAT >> 20))
            }
            FlatFault::Text { name, why } => fault(&format!("params.{name}"), why),
        })?;
        let mut headers = Vec::new();
        for (name, text) in &self.headers {
            let field =
                || if name == IDEMPOTENCY_KEY { "idempotency_key".to_owned() } else { format!("headers.{name}") };
            let text = filled(text, value).map_err(|why| fault(&field(), why))?;
            if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return Err(fault(&field(), "it holds a character that no header takes".to_owned()));
            }
            if !text.is_empty() {
                headers.push((name.clone(), text));
            }
        }
        let params: Params = params.into_iter().collect();
        Ok(ApiRequest { method: self.method, path, params, headers })
    }
}

fn fault_of(step: &str, field: &str, why: String) -> FixtureFault {
    FixtureFault::Step { step: step.to_owned(), field: field.to_owned(), why }
}

/// The texts of a dictionary, none of a null; or the name of the first that is no text, no name where it is no dictionary.
fn texts(value: &Value) -> Result<Vec<(String, String)>, Option<&str>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(fields) => {
            let entries = fields.iter().map(|(name, value)| match value.as_str() {
                Some(text) => Ok((name.clone(), text.to_owned())),
                None => Err(Some(name.as_str())),
            });
            entries.collect()
        }
        _ => Err(None),
    }
}

/// `${source:path|default}`.
struct FixtureReference<'a> {
    source: &'a str,
    path: &'a str,
    default: Option<&'a str>,
}

/// What stands for a reference.
type ReferenceValue<'a> = dyn Fn(&FixtureReference<'_>) -> Result<String, String> + 'a;

/// A text with the value of each reference in its place.
fn filled(text: &str, value: &ReferenceValue<'_>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("${") {
        let (inner, after) = behind.split_once('}').ok_or("a ${ has no } behind it")?;
        let (place, default) = match inner.split_once('|') {
            Some((place, default)) => (place, Some(default)),
            None => (inner, None),
        };
        let parts = place.split_once(':').filter(|(source, path)| !source.is_empty() && !path.is_empty());
        let (source, path) = parts.ok_or("a reference is written ${step:field}, or ${step:field|default}")?;
        out.push_str(before);
        out.push_str(&value(&FixtureReference { source, path, default })?);
        bounded(&out)?;
        rest = after;
    }
    out.push_str(rest);
    bounded(&out)?;
    Ok(out)
}

fn bounded(text: &str) -> Result<(), String> {
    if text.len() <= LONGEST_TEXT {
        return Ok(());
    }
    Err(format!("it is longer than {} MB with its values, which no text of a call is", LONGEST_TEXT >> 20))
}

/// The value at `data.0.id`.
fn at_path<'a>(answer: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(answer, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        value => value.get(part),
    })
}

fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(plain_number(number)),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variable(name: &str) -> Option<String> {
        match name {
            "EMAIL" => Some("a@b.example".to_owned()),
            "EMPTY" => Some(String::new()),
            "STRIPE_SECRET_KEY" => Some(format!("sk_test_{}", "4eC39HqLyjWDarjtT1zd")),
            _ => None,
        }
    }

    fn file_with(fixtures: &Value, env: &Value) -> Result<FixtureFile, FixtureFault> {
        let document = json!({ "_meta": { "template_version": 0 }, "fixtures": fixtures, "env": env });
        FixtureFile::read(document.to_string().as_bytes(), variable)
    }

    fn file(fixtures: &Value) -> Result<FixtureFile, FixtureFault> {
        file_with(fixtures, &Value::Null)
    }

    fn call(name: &str, path: &str, params: &Value) -> Value {
        json!({ "name": name, "path": path, "method": "post", "params": params })
    }

    #[test]
    fn a_step_takes_values_of_answers_of_the_environment_and_of_defaults() {
        let params = json!({
            "customer": "${first:id}",
            "description": "for ${first:list.1.name}, ${first:amount} ${first:is_good}",
            "email": "${.env:EMAIL}",
            "name": "${first:name|Jenny Rosen}",
            "phone": "${.env:PHONE|}${.env:EMPTY|}",
        });
        let played = [call("first", "/v1/customers", &json!({})), call("next", "/v1/customers/${first:id}", &params)];
        let file = file(&played.into()).unwrap();
        let [first, next] = file.steps() else { panic!("two steps") };
        let mut answers = FixtureAnswers::default();
        let answer =
            json!({ "id": "cus_1", "list": [{}, { "name": "b" }], "amount": 5.0, "is_good": true, "name": null });
        answers.keep(first, answer);
        let request = file.request(next, &answers).unwrap();
        assert_eq!((request.method, &*request.path), (HttpMethod::Post, "/v1/customers/cus_1"));
        let expected = [
            ("customer", "cus_1"),
            ("description", "for b, 5 true"),
            ("email", "a@b.example"),
            ("name", "Jenny Rosen"),
            ("phone", ""),
        ];
        assert_eq!(request.params.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_step_and_field() {
        #[track_caller]
        fn check(fixtures: &Value, expected: &str) {
            assert_eq!(file(fixtures).unwrap_err().to_string(), expected);
        }
        let good = || call("good", "/v1/customers", &json!({}));
        check(&json!([]), "it has no list `fixtures` with a call in it");
        check(&json!([{}]), "step 1, path: it does not begin with /, as in /v1/customers");
        check(&json!([good(), { "name": 1 }]), "step 2, name: it is no text");
        check(&json!([call("a", "v1", &json!({}))]), "step a, path: it does not begin with /, as in /v1/customers");
        check(&json!([call("a", "/v1/x", &json!([]))]), "step a, params: it is no object: write {\"name\": \"value\"}");
        check(
            &json!([{ "name": "a", "path": "/v1/x", "method": "put" }]),
            "step a, method: it is none of get, post, delete",
        );
        check(&json!([{ "name": "a", "path": 1 }]), "step a, path: it is no text");
        check(
            &json!([call("a", "/v1/x", &json!({ "card": { "number": "${b:id}" } }))]),
            "step a, params.card[number]: there is no earlier step b",
        );
        check(&json!([call("a", "/v1/x/${a:id}", &json!({}))]), "step a, path: there is no earlier step a");
        check(&json!([call("a", "/v1/x/${a", &json!({}))]), "step a, path: a ${ has no } behind it");
        let form = "step a, params.b: a reference is written ${step:field}, or ${step:field|default}";
        check(&json!([call("a", "/v1/x", &json!({ "b": "${HOME}" }))]), form);
        let context = json!([{ "name": "a", "path": "/v1/x", "method": "get", "context": "acct_1" }]);
        check(&context, "step a, context: another account is not played. Leave it out");
        let with = |field: &str, value: Value| {
            let mut call = good();
            call[field] = value;
            json!([call])
        };
        let base = with("api_base", json!("https://files.stripe.com"));
        check(&base, "step good, api_base: another address is not played. Leave it out");
        let headers = with("headers", json!({ "stripe-version": "2024-06-20", "Authorization": "a" }));
        check(
            &headers,
            "step good, headers.Authorization: only Stripe-Account and Stripe-Version are sent. Leave it out",
        );
        check(&with("headers", json!({ "Stripe-Account": 1 })), "step good, headers.Stripe-Account: it is no text");
        let line = with("headers", json!({ "Stripe-Account": "a\nb" }));
        check(&line, "step good, headers.Stripe-Account: it holds a character that no header takes");
        check(&with("idempotency_key", json!("${b:id}")), "step good, idempotency_key: there is no earlier step b");
    }

    #[test]
    fn headers_and_the_idempotency_key_are_sent() {
        let mut next = call("next", "/v1/customers", &json!({}));
        next["headers"] = json!({ "stripe-account": "${first:id}", "Stripe-Version": "${.env:NONE|}" });
        next["idempotency_key"] = json!("for ${first:id}");
        let file = file(&json!([call("first", "/v1/accounts", &json!({})), next])).unwrap();
        let mut answers = FixtureAnswers::default();
        answers.keep(&file.steps()[0], json!({ "id": "acct_1" }));
        let headers = file.request(&file.steps()[1], &answers).unwrap().headers;
        let expected = [("Stripe-Account", "acct_1"), ("Idempotency-Key", "for acct_1")];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_the_environment_lacks_or_keeps_secret_is_told_beforehand() {
        let fault = |text: &str| {
            let fault = file(&json!([call("a", "/v1/x", &json!({ "b": text }))])).unwrap_err();
            fault.to_string().strip_prefix("step a, params.b: ").unwrap().to_owned()
        };
        let lacks = "the environment has no variable NONE. Set it, or write a default behind |";
        assert_eq!(fault("${.env:NONE}"), lacks);
        assert_eq!(fault("${.env:EMPTY}"), lacks.replace("NONE", "EMPTY"));
        let key = "the variable STRIPE_SECRET_KEY holds a key or a card's number, which no file is given";
        assert_eq!(fault("${.env:STRIPE_SECRET_KEY|none}"), key);
        assert!(fault("${.env:A=B}").starts_with("the environment has no variable A=B"));
    }

    #[test]
    fn the_newest_of_several_steps_of_a_name_counts_and_one_may_have_none() {
        let params = json!({ "a": "${twice:id}" });
        let next = json!({ "path": "/v1/x", "method": "post", "params": params });
        let file =
            file(&json!([call("twice", "/v1/x", &json!({})), call("twice", "/v1/x", &json!({})), next])).unwrap();
        let labels: Vec<&str> = file.steps().iter().map(FixtureStep::label).collect();
        assert_eq!(labels, ["twice", "twice", "3"]);
        let mut answers = FixtureAnswers::default();
        answers.keep(&file.steps()[0], json!({ "id": "one" }));
        answers.keep(&file.steps()[1], json!({ "id": "two" }));
        let request = file.request(&file.steps()[2], &answers).unwrap();
        assert_eq!(request.params.get("a"), Some("two"));
    }

    #[test]
    fn the_env_of_a_file_is_what_it_gives_out() {
        let steps = json!([call("first", "/v1/x", &json!({}))]);
        let file = file_with(&steps, &json!({ "ID": "${first:id}", "MAIL": "${.env:EMAIL}" })).unwrap();
        let mut answers = FixtureAnswers::default();
        let fault = file.env(&answers).unwrap_err().to_string();
        assert_eq!(fault, "env.ID: the answer of first has no text at id. Write a default behind |");
        answers.keep(&file.steps()[0], json!({ "id": "cus_1" }));
        let expected = vec![("ID", "cus_1".to_owned()), ("MAIL", "a@b.example".to_owned())];
        assert_eq!(file.env(&answers).unwrap(), expected);
        let fault = |env: &Value| file_with(&steps, env).unwrap_err().to_string();
        assert_eq!(fault(&json!({ "ID": "${none:id}" })), "env.ID: there is no earlier step none");
        assert_eq!(fault(&json!({ "ID": 1 })), "env.ID: it is no text");
    }

    #[test]
    fn a_value_that_no_answer_has_is_told() {
        let params = json!({ "a": "${first:list}" });
        let file = file(&json!([call("first", "/v1/x", &json!({})), call("next", "/v1/x", &params)])).unwrap();
        let mut answers = FixtureAnswers::default();
        answers.keep(&file.steps()[0], json!({ "list": [1] }));
        let fault = |answers: &FixtureAnswers| file.request(&file.steps()[1], answers).unwrap_err().to_string();
        let expected = "step next, params.a: the answer of first has no text at list. Write a default behind |";
        assert_eq!(fault(&answers), expected);
    }

    #[test]
    fn a_text_and_a_call_that_their_values_make_too_long_are_refused() {
        let fault = |params: &Value| {
            let file = file(&json!([call("first", "/v1/x", &json!({})), call("next", "/v1/x", params)])).unwrap();
            let mut answers = FixtureAnswers::default();
            answers.keep(&file.steps()[0], json!({ "long": "a".repeat(1 << 19) }));
            file.request(&file.steps()[1], &answers).unwrap_err().to_string()
        };
        let expected = "step next, params.a: it is longer than 1 MB with its values, which no text of a call is";
        assert_eq!(fault(&json!({ "a": "${first:long}".repeat(3) })), expected);
        let expected = "step next, params: they take more than 4 MB together, which no call does";
        assert_eq!(fault(&json!({ "a": vec!["${first:long}"; 8] })), expected);
    }

    #[test]
    fn what_is_no_file_of_fixtures_is_refused() {
        for (text, expected) in [
            ("", "it is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{\"_meta\":{\"template_version\":1}}", "_meta.template_version is 1, and 0 is the one that is played"),
            ("{\"fixtures\":[],\"env\":[]}", "env is no object: write {\"NAME\": \"value\"}"),
        ] {
            assert_eq!(FixtureFile::read(text.as_bytes(), variable).unwrap_err().to_string(), expected);
        }
        assert_eq!(FixtureFile::read(b"\xff", variable).unwrap_err().to_string(), "it is not UTF-8. Save it as UTF-8");
    }
}
