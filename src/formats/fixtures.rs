//! Fixtures of the Stripe CLI (`stripe fixtures FILE`) as calls to be made one after the other: a step may take values from
//! the answers of earlier ones, `${customer:id}`, with a default for what is not there, `${customer:email|a@b.example}`.
//!
//! `${.env:NAME}` takes a value from the file's own `env`. The environment of the process is not read: a file that somebody
//! else wrote could send what is in it, such as a key.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::flat_params::flatten;
use crate::domain::call::{
    api::{ApiRequest, HttpMethod},
    params::Params,
};

/// The version of the format that is known.
const TEMPLATE_VERSION: i64 = 0;
/// The name of what the file brings itself, in a reference.
const ENV: &str = ".env";

/// A file of fixtures whose every step can be made, as far as that can be told beforehand.
#[derive(Clone, Debug)]
pub struct FixtureFile {
    steps: Vec<FixtureStep>,
    env: Map<String, Value>,
}

/// One call of a file.
#[derive(Clone, Debug)]
pub struct FixtureStep {
    name: String,
    method: HttpMethod,
    path: String,
    params: Value,
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
    /// Keeps the answer of a step for those behind it.
    pub fn keep(&mut self, step: &FixtureStep, answer: Value) {
        self.0.insert(step.name.clone(), answer);
    }
}

impl FixtureFile {
    /// Reads a file. References are checked too: each names the file's own `env` or an earlier step.
    ///
    /// # Errors
    /// What is wrong with the file, with the step and the field where one is.
    pub fn read(bytes: &[u8]) -> Result<Self, FixtureFault> {
        let of_file = |why: String| FixtureFault::File(why);
        let text = str::from_utf8(bytes).map_err(|_| of_file("it is not UTF-8. Save it as UTF-8".to_owned()))?;
        let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| of_file(format!("it is not JSON: {error}")))?;
        let version = &document["_meta"]["template_version"];
        if !version.is_null() && version.as_i64() != Some(TEMPLATE_VERSION) {
            let why = format!("_meta.template_version is {version}, and {TEMPLATE_VERSION} is the one that is played");
            return Err(of_file(why));
        }
        let env = match &document["env"] {
            Value::Null => Map::new(),
            Value::Object(env) => env.clone(),
            _ => return Err(of_file("env is no object: write {\"NAME\": \"value\"}".to_owned())),
        };
        let calls = document["fixtures"].as_array().filter(|calls| !calls.is_empty());
        let calls = calls.ok_or_else(|| of_file("it has no list `fixtures` with a call in it".to_owned()))?;
        let mut file = Self { steps: Vec::new(), env };
        for (at, call) in calls.iter().enumerate() {
            let step = FixtureStep::read(at, call)?;
            file.check(&step)?;
            file.steps.push(step);
        }
        Ok(file)
    }

    pub fn steps(&self) -> &[FixtureStep] {
        &self.steps
    }

    /// The call of a step, with what it takes from the answers before it.
    ///
    /// # Errors
    /// A value that no answer has and that has no default.
    pub fn request(&self, step: &FixtureStep, answers: &FixtureAnswers) -> Result<ApiRequest, FixtureFault> {
        let value = |reference: &FixtureReference<'_>| {
            let found = match reference.source {
                ENV => self.env.get(reference.path).and_then(plain_text),
                step => answers.0.get(step).and_then(|answer| at_path(answer, reference.path)).and_then(plain_text),
            };
            found.or_else(|| reference.default.map(str::to_owned)).ok_or_else(|| match reference.source {
                ENV => format!("env has no {}. Add it, or write a default behind |", reference.path),
                step => format!("the answer of {step} has no text at {}. Write a default behind |", reference.path),
            })
        };
        let fill = |field: &str, text: &str| filled(text, &value).map_err(|why| step.fault(field, why));
        let path = fill("path", &step.path)?;
        let mut params = Vec::new();
        flatten("", &step.params, &mut params, &mut |name, text| fill(&format!("params.{name}"), text))?;
        let params: Params = params.into_iter().collect();
        Ok(ApiRequest { method: step.method, params, ..ApiRequest::get(path) })
    }

    /// Checks a step against those before it.
    fn check(&self, step: &FixtureStep) -> Result<(), FixtureFault> {
        let names: HashSet<&str> = self.steps.iter().map(|step| &*step.name).collect();
        if names.contains(&*step.name) {
            return Err(step.fault("name", "another step has it. Give each its own".to_owned()));
        }
        let known = |reference: &FixtureReference<'_>| {
            if reference.source == ENV || names.contains(reference.source) {
                return Ok(String::new());
            }
            Err(format!("there is no earlier step {}", reference.source))
        };
        let check = |field: &str, text: &str| filled(text, &known).map_err(|why| step.fault(field, why));
        check("path", &step.path)?;
        flatten("", &step.params, &mut Vec::new(), &mut |name, text| check(&format!("params.{name}"), text))
    }
}

impl FixtureStep {
    fn read(at: usize, call: &Value) -> Result<Self, FixtureFault> {
        let name = call["name"].as_str().unwrap_or_default().to_owned();
        let fault = |field: &str, why: String| {
            let step = if name.is_empty() { (at + 1).to_string() } else { name.clone() };
            FixtureFault::Step { step, field: field.to_owned(), why }
        };
        let text = |field: &str| match &call[field] {
            Value::Null => Ok(""),
            Value::String(text) => Ok(text.as_str()),
            _ => Err(fault(field, "it is no text".to_owned())),
        };
        if text("name")?.is_empty() || name == ENV {
            return Err(fault("name", "it needs one that other steps can refer to".to_owned()));
        }
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
        if !text("context")?.is_empty() {
            return Err(fault("context", "another account is not played. Leave it out".to_owned()));
        }
        let expected_error = Some(text("expected_error_type")?).filter(|kind| !kind.is_empty()).map(str::to_owned);
        Ok(Self { path: path.to_owned(), method, params, expected_error, name })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of the error that is expected, such as `card_error`; `None` where the call is to succeed.
    pub fn expected_error(&self) -> Option<&str> {
        self.expected_error.as_deref()
    }

    fn fault(&self, field: &str, why: String) -> FixtureFault {
        FixtureFault::Step { step: self.name.clone(), field: field.to_owned(), why }
    }
}

/// `${source:path|default}`.
struct FixtureReference<'a> {
    source: &'a str,
    path: &'a str,
    default: Option<&'a str>,
}

/// A text with the value of each reference in its place.
fn filled(text: &str, value: &dyn Fn(&FixtureReference<'_>) -> Result<String, String>) -> Result<String, String> {
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
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
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
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::String(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn file(fixtures: &Value) -> Result<FixtureFile, FixtureFault> {
        let document =
            json!({ "_meta": { "template_version": 0 }, "fixtures": fixtures, "env": { "EMAIL": "a@b.example" } });
        FixtureFile::read(document.to_string().as_bytes())
    }

    fn call(name: &str, path: &str, params: &Value) -> Value {
        json!({ "name": name, "path": path, "method": "post", "params": params })
    }

    #[test]
    fn a_step_takes_values_of_answers_of_the_file_and_of_defaults() {
        let params = json!({
            "customer": "${first:id}",
            "description": "for ${first:list.1.name}, ${first:amount} ${first:is_good}",
            "email": "${.env:EMAIL}",
            "name": "${first:name|Jenny Rosen}",
            "phone": "${.env:PHONE|}",
        });
        let played = [call("first", "/v1/customers", &json!({})), call("next", "/v1/customers/${first:id}", &params)];
        let file = file(&played.into()).unwrap();
        let [first, next] = file.steps() else { panic!("two steps") };
        let mut answers = FixtureAnswers::default();
        let answer =
            json!({ "id": "cus_1", "list": [{}, { "name": "b" }], "amount": 5, "is_good": true, "name": null });
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
        check(&json!([{}]), "step 1, name: it needs one that other steps can refer to");
        check(&json!([good(), good()]), "step good, name: another step has it. Give each its own");
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
    }

    #[test]
    fn a_value_that_no_answer_has_is_told() {
        let params = json!({ "a": "${first:list}", "b": "${.env:STRIPE_SECRET_KEY}" });
        let file = file(&json!([call("first", "/v1/x", &json!({})), call("next", "/v1/x", &params)])).unwrap();
        let mut answers = FixtureAnswers::default();
        answers.keep(&file.steps()[0], json!({ "list": [1] }));
        let fault = |answers: &FixtureAnswers| file.request(&file.steps()[1], answers).unwrap_err().to_string();
        let expected = "step next, params.a: the answer of first has no text at list. Write a default behind |";
        assert_eq!(fault(&answers), expected);
        answers.keep(&file.steps()[0], json!({ "list": 1 }));
        let expected = "step next, params.b: env has no STRIPE_SECRET_KEY. Add it, or write a default behind |";
        assert_eq!(fault(&answers), expected);
    }

    #[test]
    fn what_is_no_file_of_fixtures_is_refused() {
        for (text, expected) in [
            ("", "it is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{\"_meta\":{\"template_version\":1}}", "_meta.template_version is 1, and 0 is the one that is played"),
            ("{\"fixtures\":[],\"env\":[]}", "env is no object: write {\"NAME\": \"value\"}"),
        ] {
            assert_eq!(FixtureFile::read(text.as_bytes()).unwrap_err().to_string(), expected);
        }
        assert_eq!(FixtureFile::read(b"\xff").unwrap_err().to_string(), "it is not UTF-8. Save it as UTF-8");
    }
}
