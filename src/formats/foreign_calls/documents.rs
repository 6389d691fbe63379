//! The calls in documents of JSON: HAR 1.2, Postman Collection v2.0 and v2.1, fixtures of the Stripe CLI.

use std::collections::HashMap;

use serde_json::Value;

use super::found::{CallFault, form, path_of};
use crate::{
    domain::{call::params::Params, mask::Kept, presets::found_calls::FoundCalls},
    formats::flat_params::{FlatFault, LONGEST_TEXT, MOST_FLAT, flatten},
};

pub(super) fn read(document: &Value) -> Result<FoundCalls, CallFault> {
    let mut found = FoundCalls::default();
    if let Some(calls) = document["log"]["entries"].as_array() {
        for (at, call) in calls.iter().enumerate() {
            har_call(&mut found, at, &call["request"]);
        }
    } else if let (Some(_), Some(items)) = (document.get("info"), document["item"].as_array()) {
        let variables = variables(document);
        for item in items {
            postman_item(&mut found, &variables, item);
        }
    } else if document.get("requests").is_some() && document.get("id").is_some() {
        return Err(CallFault::OldPostman);
    } else if let Some(fixtures) = document["fixtures"].as_array() {
        for (at, fixture) in fixtures.iter().enumerate() {
            stripe_fixture(&mut found, at, fixture);
        }
    } else {
        return Err(CallFault::Unknown);
    }
    Ok(found)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn har_call(found: &mut FoundCalls, at: usize, request: &Value) {
    let what = format!("Call {}", at + 1);
    let data = &request["postData"];
    let mut lost = Vec::new();
    let params = match (text(data, "text"), data["params"].as_array()) {
        // A browser may give the parts of a form as they were encoded: the text is what was sent.
        ("", Some(params)) => Ok(params
            .iter()
            .filter(|param| {
                // Written by an export of this program: the value is not the one that was sent.
                let is_lost = Kept::of_mark(text(param, "comment")).is_some();
                if is_lost {
                    lost.push(text(param, "name").to_owned());
                }
                !is_lost
            })
            .map(|param| (text(param, "name"), text(param, "value")))
            .collect()),
        (body, _) => form_body(text(data, "mimeType"), body),
    };
    let before = found.calls.len();
    found.take(String::new(), &what, text(request, "method"), &path_of(text(request, "url")), params);
    if let Some(call) = found.calls.get_mut(before) {
        call.lost = lost;
    }
}

fn form_body(mime_type: &str, body: &str) -> Result<Params, String> {
    let is_form = mime_type.split(';').next().is_some_and(|kind| kind.trim() == "application/x-www-form-urlencoded");
    if is_form || body.is_empty() {
        return Ok(form(body));
    }
    Err(format!("has a body of {mime_type}, and Stripe takes a form"))
}

/// The variables that a collection brings itself.
fn variables(document: &Value) -> HashMap<&str, &str> {
    let variables = document["variable"].as_array().into_iter().flatten();
    variables.filter_map(|variable| Some((variable["key"].as_str()?, variable["value"].as_str()?))).collect()
}

/// A folder or a call. A document of JSON is not nested deeper than its parser goes.
fn postman_item(found: &mut FoundCalls, variables: &HashMap<&str, &str>, item: &Value) {
    if let Some(items) = item["item"].as_array() {
        for item in items {
            postman_item(found, variables, item);
        }
        return;
    }
    let name = text(item, "name").to_owned();
    let what = if name.is_empty() { "A call without a name".to_owned() } else { format!("Call '{name}'") };
    let request = &item["request"];
    // A request that is a text is the address of a GET.
    let address = [&request["url"]["raw"], &request["url"], request].into_iter().find_map(Value::as_str);
    let body = &request["body"];
    let params = match text(body, "mode") {
        "urlencoded" => body["urlencoded"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|param| param["disabled"] != true)
            .map(|param| Ok((filled(text(param, "key"), variables)?, filled(text(param, "value"), variables)?)))
            .collect(),
        "raw" => filled(text(body, "raw"), variables).map(|body| form(&body)),
        "" => Ok(Params::new()),
        mode => Err(format!("has a body of the kind {mode}, and Stripe takes a form")),
    };
    let method = request["method"].as_str().unwrap_or("GET");
    match filled_address(address.unwrap_or_default(), variables) {
        Ok(address) => found.take(name, &what, method, &path_of(&address), params),
        Err(why) => found.leave(&format!("{what} {why}")),
    }
}

/// An address whose host may be a variable that nobody knows.
fn filled_address(address: &str, variables: &HashMap<&str, &str>) -> Result<String, String> {
    match address.strip_prefix("{{").and_then(|rest| rest.split_once("}}")) {
        Some((_, path)) => filled(path, variables),
        None => filled(address, variables),
    }
}

/// A text with the collection's variables filled in.
fn filled(text: &str, variables: &HashMap<&str, &str>) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, after)) = behind.split_once("}}") else { break };
        let value = variables.get(name.trim()).ok_or_else(|| {
            format!("uses the variable {name}, which the collection does not set. Set it there, then import again")
        })?;
        out.push_str(before);
        out.push_str(value);
        if out.len() > LONGEST_TEXT {
            break;
        }
        rest = after;
    }
    out.push_str(rest);
    if out.len() > LONGEST_TEXT {
        return Err(format!("has a text of more than {} MB, which no call has", LONGEST_TEXT >> 20));
    }
    Ok(out)
}

fn stripe_fixture(found: &mut FoundCalls, at: usize, fixture: &Value) {
    let name = text(fixture, "name").to_owned();
    let what = if name.is_empty() { format!("Fixture {}", at + 1) } else { format!("Fixture '{name}'") };
    let mut fill = |name: &str, text: &str| {
        if text.contains("${") {
            Err(format!("takes {name} from another call or the environment. Put a value there, then import again"))
        } else {
            Ok(text.to_owned())
        }
    };
    let params = flatten(&fixture["params"], &mut fill).map_err(|fault| match fault {
        FlatFault::TooLong => {
            format!("has parameters of more than {} MB together, which no call has", MOST_FLAT >> 20)
        }
        FlatFault::Text { why, .. } => why,
    });
    let params = params.map(|params| params.into_iter().collect());
    found.take(name, &what, &text(fixture, "method").to_uppercase(), text(fixture, "path"), params);
}
