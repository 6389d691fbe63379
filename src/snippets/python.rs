//! The call for stripe-python.

use super::{
    call::{ParamFields, SnippetCall},
    literal::LiteralStyle,
    quote::{EscapeStyle, is_identifier, with_backslashes},
    sdk_call::{SdkAction, SdkCall},
    text::KEY,
};
use crate::domain::settings::stripe::BaseUrl;

const LITERAL: LiteralStyle =
    LiteralStyle { map: ["{", "}"], list: ["[", "]"], key: |name| format!("{}: ", text(name)), text };

/// What cannot be the name of an argument.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

fn text(text: &str) -> String {
    with_backslashes(text, '"', &[], EscapeStyle::Wide)
}

pub(super) fn code(call: &SnippetCall, base: Option<&BaseUrl>) -> String {
    let key = format!("os.environ[{}]", text(KEY));
    let head = "import os\nimport stripe\n";
    let base = base.map(|base| text(base.as_str()));
    let options = call.options("stripe_account", "stripe_version");
    if call.kind == SdkCall::Raw {
        let base = base.map(|base| format!(", base_addresses={{\"api\": {base}}}")).unwrap_or_default();
        let method = text(&call.method.as_str().to_lowercase());
        let mut arguments = vec![method, text(&call.path_and_query())];
        arguments.retain(|argument| !argument.is_empty());
        let fields = if call.has_body() { call.all_fields() } else { ParamFields::new() };
        let client = format!("client = stripe.StripeClient({key}{base})\n");
        return format!(
            "{head}{client}\nresponse = client.raw_request({})\n",
            self::arguments(&arguments, &fields, &options)
        );
    }
    let base = base.map(|base| format!("stripe.api_base = {base}\n")).unwrap_or_default();
    let (name, function, first) = match &call.kind {
        SdkCall::Method { resource, action, id } => {
            let method = if *action == SdkAction::Update { "modify" } else { action.word() };
            (resource.variable(*action), format!("{}.{method}", resource.class), id.as_ref())
        }
        SdkCall::CreateSource(id) => ("source", "Customer.create_source".to_owned(), Some(id)),
        SdkCall::Raw => unreachable!("written above"),
    };
    let first: Vec<String> = first.map(|id| text(id)).into_iter().collect();
    let arguments = arguments(&first, &call.all_fields(), &options);
    format!("{head}stripe.api_key = {key}\n{base}\n{name} = stripe.{function}({arguments})\n")
}

/// Arguments by place, and then those by name, a line each where there are any.
fn arguments(by_place: &[String], fields: &ParamFields, options: &[(&str, &str)]) -> String {
    if fields.is_empty() && options.is_empty() {
        return by_place.join(", ");
    }
    let mut lines: Vec<String> = by_place.iter().map(|argument| format!("  {argument},\n")).collect();
    let is_argument = |name: &str| is_identifier(name) && !KEYWORDS.contains(&name);
    for (name, node) in fields.iter().filter(|(name, _)| is_argument(name)) {
        lines.push(format!("  {name}={},\n", LITERAL.node(node, 1)));
    }
    lines.extend(options.iter().map(|(name, value)| format!("  {name}={},\n", text(value))));
    let others: ParamFields = fields.iter().filter(|(name, _)| !is_argument(name)).cloned().collect();
    if !others.is_empty() {
        lines.push(format!("  **{},\n", LITERAL.map(&others, 1)));
    }
    format!("\n{}", lines.concat())
}
