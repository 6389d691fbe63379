//! The call for stripe-node.

use url::Url;

use super::{
    call::SnippetCall,
    literal::LiteralStyle,
    quote::{EscapeStyle, is_identifier, with_backslashes},
    sdk_call::{SdkAction, SdkCall, camel_case},
    text::KEY,
};
use crate::domain::settings::stripe::BaseUrl;

const LITERAL: LiteralStyle = LiteralStyle { map: ["{", "}"], list: ["[", "]"], key, text };

fn text(text: &str) -> String {
    with_backslashes(text, '\'', &[], EscapeStyle::Braces)
}

fn key(name: &str) -> String {
    match name {
        // As a plain key it would set the prototype.
        "__proto__" => "['__proto__']: ".to_owned(),
        _ if is_identifier(name) => format!("{name}: "),
        _ => format!("{}: ", text(name)),
    }
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let client =
        format!("const stripe = require('stripe')(process.env.{KEY}{});\n", base.map(options).unwrap_or_default());
    let fields = call.all_fields();
    let params = LITERAL.map(&fields, 0);
    let and_params = if fields.is_empty() { String::new() } else { format!(", {params}") };
    let options = call.option_fields("stripeAccount", "apiVersion");
    let and_options = if options.is_empty() { String::new() } else { format!(", {}", LITERAL.map(&options, 0)) };
    let (name, called) = match &call.kind {
        SdkCall::Method { resource, action, id } => {
            let method = if *action == SdkAction::Delete { "del".to_owned() } else { camel_case(action.word()) };
            let arguments = match id {
                Some(id) => format!("{}{and_params}", text(id)),
                None => params,
            };
            let called = format!("{}.{method}({arguments}{and_options})", camel_case(resource.plural));
            (camel_case(resource.variable(*action)), called)
        }
        SdkCall::CreateSource(id) => {
            ("source".to_owned(), format!("customers.createSource({}{and_params}{and_options})", text(id)))
        }
        SdkCall::Raw => {
            let and_params = match () {
                () if !call.has_body() && options.is_empty() => String::new(),
                () if !call.has_body() => ", null".to_owned(),
                () if fields.is_empty() && !options.is_empty() => format!(", {params}"),
                () => and_params,
            };
            let method = text(call.method.as_str());
            (
                "response".to_owned(),
                format!("rawRequest({method}, {}{and_params}{and_options})", text(&call.path_and_query())),
            )
        }
    };
    format!("{client}\nconst {name} = await stripe.{called};\n")
}

/// The options for another address, which stripe-node takes as protocol, host and port.
fn options(base: &BaseUrl) -> String {
    let Ok(url) = Url::parse(base.as_str()) else { return String::new() };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    format!(", {{\n  protocol: {},\n  host: {},\n  port: {port},\n}}", text(url.scheme()), text(host))
}
